"""Study files: TOML that says which tables to read and what to measure. No code in it."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from servio.errors import FormatError, InputError, ServioError, UsageError
from servio.study import _interact, _make_or_buy
from servio.study._grid import Call, Complaint, expand
from servio.study._interact import ModesEntry, SymbiosisEntry
from servio.study._make_or_buy import MakeOrBuyEntry
from servio.study._model import EstimateEntry, checked_estimates, checked_panel
from servio.study._place import HELP, Place

if TYPE_CHECKING:
    from servio.explain._recipe import PanelRecipe

__all__ = ["StudyFile", "Tables", "demo", "load", "observatory", "parse"]

MAX_BYTES = 1 << 20
MAX_CALLS = 10_000
DEMO = "demo.toml"
OBSERVATORY = "observatory.toml"
ESTIMATES = "estimates.toml"


class Tables(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ``[[tables]]`` entry: which tables of which files.

    Parameters
    ----------
    path : str
        File or folder, relative to the study file's folder; or ``model``, ``model:seed=3``.
    source : str, optional
        Name of the source; recognised by content if left out.
    years : tuple of int, optional
        All if left out.
    countries : tuple of str, optional
        All if left out.
    accounts : str, optional
        File of the Socio-Economic Accounts, relative to the study file's folder, whose rows
        become satellites of the tables.
    """

    path: str
    source: str | None = None
    years: tuple[int, ...] | None = None
    countries: tuple[str, ...] | None = None
    accounts: str | None = None


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    focus: tuple[str, ...] = ()
    base_year: int | None = None
    description: str = ""


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    study: _Head
    tables: tuple[Tables, ...]
    measures: tuple[dict[str, Any], ...]
    panel: dict[str, Any] | None = None
    estimates: tuple[EstimateEntry, ...] = ()
    modes: ModesEntry | None = None
    symbiosis: SymbiosisEntry | None = None
    make_or_buy: MakeOrBuyEntry | None = None


@dataclass(frozen=True)
class StudyFile:
    """A checked study file.

    Parameters
    ----------
    title, description : str
    focus : tuple of str
        Codes of the countries the report marks.
    base_year : int or None
        Year that later years are compared with.
    tables : tuple of Tables
    calls : tuple of Call
        Every measure with every combination of options, each once.
    text : str
        The file as it was written.
    place : str
        Name of the file, for messages.
    folder : Path
        Folder that the paths in the file start from.
    panel : PanelRecipe or None
        What the panel of the study is made of.
    estimates : tuple of EstimateEntry
        Models to estimate on the panel.
    modes : ModesEntry or None
    symbiosis : SymbiosisEntry or None
        What is found out about how sectors interact.
    make_or_buy : MakeOrBuyEntry or None
        When firms leave services to others.
    """

    title: str
    description: str
    focus: tuple[str, ...]
    base_year: int | None
    tables: tuple[Tables, ...]
    calls: tuple[Call, ...]
    text: str
    place: str
    folder: Path
    panel: PanelRecipe | None = None
    estimates: tuple[EstimateEntry, ...] = ()
    modes: ModesEntry | None = None
    symbiosis: SymbiosisEntry | None = None
    make_or_buy: MakeOrBuyEntry | None = None


def load(path: str | Path) -> StudyFile:
    """Read and check a study file.

    Parameters
    ----------
    path : path
        A TOML file; see `docs/study-files.md`.

    Returns
    -------
    StudyFile

    Raises
    ------
    InputError
        The file is missing, is not TOML, or a key, measure, option or grouping in it is unknown.
        The message names file, line and key.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "own.toml"
    >>> _ = path.write_text('''
    ... [study]
    ... title = "Services in manufacturing"
    ... [[tables]]
    ... path = "model"
    ... [[measures]]
    ... name = "service_input_share"
    ... grouping = ["services", "kibs"]
    ... by = ["manufacturing", "industry"]
    ... ''')
    >>> len(load(path).calls)
    4
    """
    path = Path(path)
    return parse(_read(path), str(path), path.parent)


def demo() -> StudyFile:
    """The default study: the main job on the synthetic model world."""
    return parse(_own(DEMO), DEMO, Path())


def observatory(*, estimates: bool = True) -> StudyFile:
    """The default study with something for every page of the observatory.

    Parameters
    ----------
    estimates : bool
        With a panel and estimates, which need the extra ``econ`` to run.

    Returns
    -------
    StudyFile

    Examples
    --------
    >>> [entry.name for entry in observatory().estimates]
    ['main', 'all services', 'by technology']
    """
    names = (DEMO, OBSERVATORY, ESTIMATES) if estimates else (DEMO, OBSERVATORY)
    return parse("\n".join(map(_own, names)), OBSERVATORY, Path())


def _own(name: str) -> str:
    return (resources.files("servio.study") / "data" / name).read_text(encoding="utf-8")


def parse(text: str, place: str, folder: Path) -> StudyFile:
    """The study that a text describes; `place` names the text in messages."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormatError(place, found=str(error), expected="TOML", remedy=HELP) from None
    where = Place(text, place)
    try:
        content = msgspec.convert(raw, _Content)
    except msgspec.ValidationError as error:
        raise _schema_error(str(error), where) from None
    own = any(_is_generic(tables) for tables in content.tables)
    calls: dict[tuple[Any, ...], Call] = {}
    for index, entry in enumerate(content.measures):
        complain = where.complain(f"measures[{index}]")
        for call in expand(entry, complain, own_groupings=own):
            if call.spec.compares and content.study.base_year is None:
                complain("name", f"{call.name}, which compares years", "study.base_year", ())
            _add(calls, call, complain)
    _refuse_nothing(content, place)
    measured = tuple(calls.values())
    panel = content.panel
    recipe = None if panel is None else checked_panel(panel, measured, where, own_groupings=own)
    estimates = checked_estimates(content.estimates, recipe, where, own_groupings=own)
    _interact.check(content.modes, content.symbiosis, measured, where)
    _make_or_buy.check(content.make_or_buy, measured, where)
    head = content.study
    return StudyFile(head.title, head.description, head.focus, head.base_year, content.tables,
                     measured, text, place, folder, recipe, estimates, content.modes,
                     content.symbiosis, content.make_or_buy)  # fmt: skip


def _is_generic(tables: Tables) -> bool:
    """Whether tables may bring groupings of their own."""
    return tables.source == "generic" or tables.path.endswith(".toml")


def _read(path: Path) -> str:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            kind = (
                "a folder" if path.is_dir() else f"{status.st_size} bytes, not a plain small file"
            )
            raise InputError(str(path), found=kind, expected="a study file (TOML)",
                             remedy="Give the file's path.")  # fmt: skip
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise InputError(
            str(path), found="no such file", expected="a study file", remedy=_near_file(path)
        ) from None
    except UnicodeDecodeError as error:
        raise FormatError(
            str(path), found=f"byte {error.object[error.start]:#x} at {error.start}",
            expected="UTF-8 text", remedy="Save the file as UTF-8.",
        ) from None  # fmt: skip
    except OSError as error:
        raise InputError(
            str(path), found=error.strerror or str(error), expected="a file that can be read",
            remedy="Check its name and rights.",
        ) from None  # fmt: skip


def _near_file(path: Path) -> str:
    names = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
    near = get_close_matches(path.name, names, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else "Check the path."


def _refuse_nothing(content: _Content, place: str) -> None:
    for key, entries in (("tables", content.tables), ("measures", content.measures)):
        if not entries:
            expected = f"one [[{key}]] at least"
            raise UsageError(f"{place}, {key}", found="no entry", expected=expected, remedy=HELP)


def _add(calls: dict[tuple[Any, ...], Call], call: Call, complain: Complaint) -> None:
    same = calls.setdefault((call.name, call.options), call)
    if same.only != call.only:
        complain("only", f"{call.text} twice, for other industries", "each measure once", ())
    if same.source != call.source:
        complain("source", f"{call.text} twice, for other tables", "each measure once", ())
    if len(calls) > MAX_CALLS:
        complain("name", f"over {MAX_CALLS} combinations of options", "a smaller grid", ())


# -- messages --------------------------------------------------------------------------------------

_KNOWN: Mapping[str, tuple[str, ...]] = {
    "": tuple(_Content.__struct_fields__),
    "study": tuple(_Head.__struct_fields__),
    "tables": tuple(Tables.__struct_fields__),
    "estimates": tuple(EstimateEntry.__struct_fields__),
    "modes": tuple(ModesEntry.__struct_fields__),
    "symbiosis": tuple(SymbiosisEntry.__struct_fields__),
    "make_or_buy": tuple(MakeOrBuyEntry.__struct_fields__),
}


def _schema_error(message: str, place: Place) -> ServioError:
    """The converter's message, as ours: with line, key path and nearest known key."""
    what, _, where = message.partition(" - at ")
    path = where.strip("`").removeprefix("$").removeprefix(".").removeprefix("key in ")
    unknown = re.search(r"unknown field `(.*)`", what)
    missing = re.search(r"missing required field `(.*)`", what)
    if unknown:
        known = _KNOWN[path.partition("[")[0]]
        return place.error(path, unknown[1], "an unknown key", "a known key", known)
    if missing:
        return place.error(path, missing[1], "nothing", "this key", ())
    expected, _, found = what.removeprefix("Expected ").partition(", got ")
    owner, _, key = path.rpartition(".") if "." in path else ("", "", path)
    found = found.replace("`", "") or "a value out of range"
    return place.error(owner, key, found, expected.replace("`", ""), ())
