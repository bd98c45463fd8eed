"""Which steps a study takes, and the hash that says whether a step was taken before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from itertools import groupby
from pathlib import Path
from typing import Any

from servio import sources
from servio.errors import InputError, LabelError, UnitError
from servio.sources import Dataset, Entry
from servio.study import _explain
from servio.study._file import StudyFile, Tables
from servio.study._grid import Call
from servio.table import Note

__all__ = ["Input", "Plan", "Step", "outlook", "plan", "versions"]

CODE = 2
"""Version of what this package writes; raise it when the same input gives other parts."""
TABLES_PER_STEP = 16
WORLD = "WORLD"


@dataclass(frozen=True)
class Input:
    """One table to measure.

    Parameters
    ----------
    entry : Entry
        File, country, year and position.
    source : str
    sha256 : str
        Hash of the file it is in; "" for the model world, which the file's name describes.
    accounts, accounts_sha256 : str
        File and hash of the accounts whose rows become its satellites; "" without.
    """

    entry: Entry
    source: str
    sha256: str
    accounts: str = ""
    accounts_sha256: str = ""


@dataclass(frozen=True)
class Step:
    """Tables that are measured together, and the table they are compared with.

    Parameters
    ----------
    key : str
        Hash of inputs, measures with options, and versions.
    label : str
    inputs : tuple of Input
    base : Input or None
    """

    key: str
    label: str
    inputs: tuple[Input, ...]
    base: Input | None


@dataclass(frozen=True)
class Plan:
    """The steps of a study, in the order their rows are stored."""

    key: str
    steps: tuple[Step, ...]
    calls: tuple[Call, ...]
    base_year: int | None
    notes: tuple[Note, ...]
    ignored: tuple[str, ...]


def plan(study: StudyFile) -> Plan:
    """The steps of a study; finds the tables, and reads those that are not in the cache.

    National tables of one country go together, up to 16 years; world tables go one by one.

    Parameters
    ----------
    study : StudyFile

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        A file can't be read exactly, a year or country asked for is not there, or one table is
        asked for twice.
    """
    steps: list[Step] = []
    notes: list[Note] = []
    ignored: list[str] = []
    for number, tables in enumerate(study.tables, start=1):
        dataset = sources.scan(_address(study, tables), source=tables.source)
        try:
            chosen = dataset.select(tables.years, tables.countries)
        except LabelError as error:
            raise LabelError(
                f"{study.place}, tables[{number}], {error.place}",
                found=error.found, expected=error.expected, remedy=error.remedy,
            ) from None  # fmt: skip
        accounts = _accounts(study, number, tables, dataset, chosen)
        steps += _steps(study, dataset, chosen, accounts)
        notes += dataset.notes
        ignored += dataset.ignored
    _refuse_double(study, steps)
    key = _hash([step.key for step in steps])
    return Plan(key, tuple(steps), study.calls, study.base_year, tuple(notes), tuple(ignored))


def outlook(study: StudyFile) -> str:
    """Hash of everything a study depends on as far as it shows without opening a file.

    Files count with name, size and time of change. Equal to the outlook of a finished run, there
    is nothing to do.
    """
    seen = [
        [_plain(tables), *map(_seen, (_address(study, tables), *_accounts_address(study, tables)))]
        for tables in study.tables
    ]
    return _hash([_common(study), seen, _explain.versions(study)])


def versions() -> dict[str, str]:
    """Versions of servio and of the libraries its numbers come from."""
    named = {name: _version(name) for name in ("servio", "numpy", "scipy", "pyarrow")}
    return {**named, "study code": str(CODE), "classification data": _classification_data()}


def _plain(tables: Tables) -> dict[str, Any]:
    """A ``[[tables]]`` entry as plain data."""
    return {name: getattr(tables, name) for name in tables.__struct_fields__}


def _address(study: StudyFile, tables: Tables) -> str:
    is_model = tables.path.partition(":")[0] == "model" or tables.source == "model"
    return tables.path if is_model else str(study.folder / tables.path)


def _accounts_address(study: StudyFile, tables: Tables) -> list[str]:
    """The path of the accounts, if there are any."""
    return [] if tables.accounts is None else [str(study.folder / tables.accounts)]


def _accounts(
    study: StudyFile, number: int, tables: Tables, dataset: Dataset, chosen: Sequence[Entry]
) -> tuple[str, str]:
    """Path and hash of the accounts, which know every country and year; empty without any."""
    for path in _accounts_address(study, tables):
        place = f"{study.place}, tables[{number}].accounts"
        if dataset.source != sources.ACCOUNTS_OF:
            raise UnitError(
                place, found=f"accounts for tables of {dataset.source}",
                expected=f"tables of {sources.ACCOUNTS_OF}, the same release",
                remedy="Leave `accounts` out, or use the tables they were made for.",
            )  # fmt: skip
        accounts = sources.read_sea(path)
        for entry in chosen:
            if entry.country not in accounts.countries or entry.year not in accounts.years:
                raise LabelError(
                    place, found=f"no accounts of {entry.country} {entry.year}",
                    expected="every country and year of the tables",
                    remedy="Narrow countries or years of the tables.",
                )  # fmt: skip
        return path, accounts.input_sha256
    return "", ""


def _steps(
    study: StudyFile, dataset: Dataset, chosen: Sequence[Entry], accounts: tuple[str, str]
) -> Iterator[Step]:
    known = {(e.country, e.year): e for e in dataset.entries}
    hashes: dict[tuple[str, int | None], str] = {}

    def as_input(entry: Entry) -> Input:
        each = dataset.source == "generic"  # a year of a described table may have files of its own
        key = (entry.file, entry.year if each else None)
        if key not in hashes:
            hashes[key] = dataset.table(entry).info.input_sha256
        return Input(entry, dataset.source, hashes[key], *accounts)

    compares = any(call.spec.compares for call in study.calls)
    for country, series in groupby(chosen, key=lambda e: e.country):
        entry = known.get((country, study.base_year)) if compares else None
        base = None if entry is None else as_input(entry)
        for chunk in _chunks(list(series), 1 if country == WORLD else TABLES_PER_STEP):
            inputs = tuple(as_input(e) for e in chunk)
            identity = [_common(study), [_identity(i) for i in inputs], base and _identity(base)]
            yield Step(_hash(identity), _label(inputs), inputs, base)


def _chunks(entries: list[Entry], size: int) -> Iterator[list[Entry]]:
    return (entries[i : i + size] for i in range(0, len(entries), size))


def _label(inputs: Sequence[Input]) -> str:
    years = [i.entry.year for i in inputs if i.entry.year is not None]
    span = "" if not years else str(years[0]) if len(years) == 1 else f"{years[0]}-{years[-1]}"
    return " ".join(part for part in (inputs[0].source, inputs[0].entry.country, span) if part)


def _identity(one: Input) -> list[Any]:
    """What makes a table this table, wherever its file lies."""
    entry = one.entry
    name = "" if one.sha256 else entry.file
    table = [one.source, one.sha256, name, entry.country, entry.year, entry.position]
    return [*table, one.accounts_sha256] if one.accounts else table


def _common(study: StudyFile) -> list[Any]:
    readers = {s.name: s.version for s in sources.sources()}
    calls = [[call.name, call.options, call.only, call.source] for call in study.calls]
    known = versions()
    return [CODE, known["servio"], known["classification data"], readers, calls, study.base_year]


def _refuse_double(study: StudyFile, steps: Sequence[Step]) -> None:
    seen: set[tuple[str, str, int | None]] = set()
    for one in (i for step in steps for i in step.inputs):
        key = one.source, one.entry.country, one.entry.year
        if key in seen:
            raise InputError(
                f"{study.place}, tables",
                found=f"{one.source} {one.entry.country} {one.entry.year} twice",
                expected="every table once",
                remedy="Narrow years or countries of one of the [[tables]] entries.",
            )
        seen.add(key)


def _seen(address: str) -> list[Any]:
    """Names, sizes and times of the files at an address; a description counts with its folder."""
    path = Path(address)
    is_description = path.suffix == ".toml" and path.is_file()
    files = (
        path.parent.rglob("*") if is_description else path.iterdir() if path.is_dir() else [path]
    )
    found: list[Any] = [address]
    for file in sorted(files):
        if file.is_file():
            status = file.stat()
            found.append([str(file), status.st_size, status.st_mtime_ns, status.st_ctime_ns])
    return found


@cache
def _classification_data() -> str:
    digest = hashlib.sha256()
    for file in _walk(resources.files("servio.classify") / "data"):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _walk(folder: Traversable) -> Iterator[Traversable]:
    for item in sorted(folder.iterdir(), key=lambda i: i.name):
        if item.is_dir():
            yield from _walk(item)
        elif item.name.endswith(".toml"):
            yield item


@cache
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
