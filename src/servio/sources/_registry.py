"""The sources servio reads: one module each, found by name or by a file's content."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from servio.classify.labels import suggestion
from servio.errors import FormatError, UsageError
from servio.sources import _guard
from servio.table import Bundle

__all__ = [
    "MODEL",
    "READERS",
    "Reader",
    "Source",
    "reader",
    "recognise",
    "source",
    "sources",
    "unrecognised",
]

READERS = ("wiod2016", "wiod2013", "wiot", "icio", "figaro", "oecd", "icio_split", "generic")
MODEL = "model"
ACCOUNTS = "sea"
SUPPLY = "supply"


@dataclass(frozen=True)
class Source:
    """What a reader of a database knows about it besides its format.

    Parameters
    ----------
    name : str
        Name of the module in `servio.sources`, and of the source everywhere.
    version : int
        Version of the reader: raised when it reads the same file otherwise, so that cached tables
        of the older reader are read again.
    files : str
        Regular expression for the names of the published files; "" where users name them.
    alone : bool
        One file holds the whole table. Tables that lie in several files are not cached.
    """

    name: str
    title: str
    publisher: str
    editions: tuple[str, ...]
    years: str
    licence: str
    address: str
    citation: str
    how_to_get: str
    version: int = 1
    files: str = ""
    alone: bool = True


class Reader(Protocol):
    """What the module of a source offers."""

    SOURCE: Source

    def sniff(self, path: Path) -> bool:
        """Whether the content looks like this source's; cheap and never raises for other files."""

    def parse(self, path: Path) -> list[Bundle]:
        """The tables of a file; raises a `ServioError` for anything it can't read exactly."""


def reader(name: str) -> Reader:
    """The module of a source, by name."""
    known = (*READERS, MODEL)
    if name not in known:
        raise UsageError(
            "source",
            found=repr(name),
            expected="one of " + ", ".join(known),
            remedy=suggestion(name, known, "Choose one of them, or leave it out."),
        )
    return cast(Reader, importlib.import_module(f"servio.sources.{name}"))


def source(name: str) -> Source:
    """The record of a source, by the name of its module."""
    record: Source = importlib.import_module(f"servio.sources.{name}").SOURCE
    return record


def sources() -> tuple[Source, ...]:
    """Every source servio reads, with publisher, licence, address and how to get it.

    Returns
    -------
    tuple of Source

    Examples
    --------
    >>> [s.name for s in sources()][:2]
    ['wiod2016', 'wiod2013']
    """
    return tuple(source(name) for name in (*READERS, ACCOUNTS, SUPPLY, MODEL))


def recognise(path: Path, only: str | None = None) -> str | None:
    """Name of the source a file is of, by its content, or else by its published name; or None."""
    names = READERS if only is None else (only,)
    for name in names:
        if _looks_right(name, path):
            return name
    for name in names:
        pattern = source(name).files
        if pattern and re.fullmatch(pattern, path.name):
            return name
    return None


def _looks_right(name: str, path: Path) -> bool:
    try:
        return reader(name).sniff(path)
    except FormatError:
        return False


def unrecognised(path: Path) -> FormatError:
    """The error for a file that no reader knows."""
    kind = _guard.sniff_kind(path)
    packed = kind in (_guard.Kind.COMPRESSED, _guard.Kind.ZIP)
    described = "Name its source, or say in a table.toml what it is: see docs/generic-tables.md."
    if kind in (_guard.Kind.NUMPY, _guard.Kind.NPZ):
        return FormatError(str(path), found=kind, expected="a file that says what it holds",
                           remedy=_guard.ARRAYS)  # fmt: skip
    return FormatError(
        str(path),
        found=f"{kind}, of no source servio reads",
        expected="a table of " + ", ".join(READERS),
        remedy="Unpack it first, then give the table inside." if packed else described,
    )
