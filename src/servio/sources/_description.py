"""The TOML description of a table of one's own: which keys there are, and what they hold."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from servio import classify
from servio.errors import FormatError, InputError, LabelError, UnitError, UsageError
from servio.sources._guard import Kind, inside, read_bytes, regular_file, require_kind
from servio.sources._layout import BETWEEN, Layout
from servio.sources._matrix import NumberFormat

__all__ = ["FILE_KEYS", "KINDS", "NAME", "TABLE_KEYS", "Block", "Description", "File", "locate",
           "read_description"]  # fmt: skip

NAME = "table.toml"
MAX_BYTES = 2**20
FILE_KEYS = ("Z", "Y", "V", "x", "imports", "imports_final")
KINDS = ("industry-by-industry", "product-by-product")
FLOWS = ("domestic", "total", "world")
_INFO_KEYS = ("title", "edition", "currency", "unit", "kind", "prices", "valuation", "licence",
              "country", "source", "classification", "flows")  # fmt: skip
_READING_KEYS = ("encoding", "separator", "decimal", "thousands", "country_separator")
_LINE = (int, "a number of lines, such as 3")
_LABELS = (list, 'a list of labels, such as ["first", "...", "last"]')
_LAYOUT_TYPES: dict[str, tuple[Any, str]] = {
    "skip_rows": _LINE,
    "last_row": _LINE,
    "label_column": ((int, str), "the number of a column, or its label"),
}
_FILE_TYPES: dict[str, tuple[Any, str]] = {
    "file": (str, "a text in quotes"),
    **_LAYOUT_TYPES,
    "rows": _LABELS,
    "columns": _LABELS,
    "row": (str, "a label in quotes"),
    "column": (str, "a label in quotes"),
}
_TYPES: dict[str, tuple[Any, str]] = {
    **dict.fromkeys((*_INFO_KEYS, *_READING_KEYS), (str, "a text in quotes")),
    **dict.fromkeys(FILE_KEYS, ((str, dict), 'a file, such as "z.csv" or {file = "z.csv", ...}')),
    **_LAYOUT_TYPES,
    "file": (str, "a text in quotes"),
    "industries": ((list, int), "a list of labels, or how many there are"),
    "demand": _LABELS,
    "primary": _LABELS,
    "output": ((str, dict), 'a label, {row = "label"} or {column = "label"}'),
    "ignore": _LABELS,
    "primary_rest": (str, "a role, such as value_added"),
    "year": (int, "a year, such as 2014"),
    "years": (list, "a list of years, such as [2010, 2011]"),
    "balance_limit": (float, "a share, such as 0.01"),
    "align": (bool, "true or false"),
    "transposed": (bool, "true or false"),
    "missing": (dict, 'a table, such as {":" = "zero"}'),
}
_LOWEST = {"skip_rows": 0, "last_row": 1, "label_column": 1, "industries": 1}
TABLE_KEYS = tuple(_TYPES)
_SECTIONS = ("table", "files", "demand_roles", "primary_roles", "groups", "satellites")


class File(NamedTuple):
    """A file and which part of it is read; without a name the one that holds the whole table."""

    name: str
    layout: Layout = Layout()

    @property
    def named(self) -> frozenset[str]:
        """Labels that the description itself names."""
        return frozenset((*(self.layout.rows or ()), *(self.layout.columns or ())))


class Satellite(NamedTuple):
    """File and unit of a satellite."""

    file: File
    unit: str


class Block(NamedTuple):
    """One sheet with the whole table, and which labels are what."""

    file: File
    industries: tuple[str, ...] | int
    demand: tuple[str, ...]
    primary: tuple[str, ...]
    output: str
    output_side: str


@dataclass(frozen=True)
class Description:
    """What a description says, checked key by key; no table file has been opened yet.

    Parameters
    ----------
    path : Path
        The description; the files it names lie in its folder.
    files : mapping of str to File
        By key of `FILE_KEYS`; names have ``{year}`` where they differ by year.
    block : Block or None
        The sheet with the whole table, instead of Z, Y, V and x.
    ignore : tuple of str
        Labels of rows and columns that are no part of the table.
    years : tuple of int or None
        One table a year; ``(None,)`` where no year is named.
    """

    path: Path
    text: str
    files: Mapping[str, File]
    years: tuple[int | None, ...]
    info: Mapping[str, str]
    numbers: NumberFormat
    encoding: str = ""
    separator: str = ""
    block: Block | None = None
    ignore: tuple[str, ...] = ()
    primary_rest: str = ""
    country_separator: str = ""
    align: bool = False
    transposed: bool = False
    balance_limit: float | None = None
    demand_roles: Mapping[str, str] = field(default_factory=dict)
    primary_roles: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    satellites: Mapping[str, Satellite] = field(default_factory=dict)

    def place(self, key: str) -> str:
        """Where a key stands, for messages."""
        return _place(self.path, self.text, key)

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Key and name of every file it names."""
        block = [] if self.block is None else [("file", self.block.file.name)]
        parts = [(key, s.file.name) for key, s in self.satellites.items() if s.file.name]
        return (*block, *((key, file.name) for key, file in self.files.items()), *parts)

    def file(self, key: str, name: str, year: int | None) -> tuple[Path, str]:
        """Path and sheet behind a file name of the description."""
        name = name.replace("{year}", "" if year is None else str(year))
        book = re.fullmatch(r"(.+\.xls[xm])(?:#(.*))?", name, re.IGNORECASE)
        bare, sheet = (book[1], book[2] or "") if book else (name, "")
        return regular_file(inside(self.path.parent, bare, self.place(key))), sheet


def locate(path: Path) -> Path:
    """The description a path means: the file itself, or the one of a folder."""
    if path.is_dir():
        return regular_file(path / NAME)
    return regular_file(path)


def read_description(path: Path) -> Description:
    """The checked description at `path`; every fault names the key and its line."""
    path = locate(path)
    if path.suffix.lower() != ".toml":
        raise FormatError(
            str(path),
            found="a file without a description",
            expected="a TOML file that says what the table is and names its files",
            remedy='Write table.toml with Z = "z.csv" and Y or x; see docs/generic-tables.md.',
        )
    require_kind(path, Kind.TEXT)
    text, data = _toml(path)
    table = _table(path, text, data)
    return Description(
        path,
        text,
        files=_files(path, text, table),
        block=_block(path, text, table),
        ignore=_chosen(path, text, "ignore", table["ignore"]) if "ignore" in table else (),
        primary_rest=table.get("primary_rest", ""),
        years=_years(path, text, table),
        info={k: table[k] for k in _INFO_KEYS if k in table},
        numbers=_numbers(path, text, table),
        encoding=table.get("encoding", ""),
        separator=table.get("separator", ""),
        country_separator=table.get("country_separator", ""),
        align=table.get("align", False),
        transposed=_transposed(path, text, table),
        balance_limit=table.get("balance_limit"),
        demand_roles=_roles(path, text, data, "demand_roles"),
        primary_roles=_roles(path, text, data, "primary_roles"),
        groups=_groups(path, text, data.get("groups", {})),
        satellites=_satellites(path, text, data.get("satellites", {}), "file" in table),
    )


def _toml(path: Path) -> tuple[str, dict[str, Any]]:
    data = read_bytes(path, MAX_BYTES)
    try:
        text = data.decode("utf-8-sig")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise FormatError(f"{path}, line {row}", found="bytes that are not UTF-8",
                          expected="UTF-8", remedy="Save the file as UTF-8.") from None  # fmt: skip
    except tomllib.TOMLDecodeError as error:
        found = str(error)
        at = re.search(r"\(at (line \d+, column \d+|end of document)\)", found)
        where = at[1] if at else "line 1"
        raise FormatError(
            f"{path}, {where}",
            found=found.replace(at[0], "").strip() if at else found,
            expected='TOML, such as Z = "z.csv"',
            remedy="Correct the line: texts stand in quotes, years do not.",
        ) from None
    except RecursionError:
        raise FormatError(str(path), found="lists or tables nested too deep",
                          expected="the keys of docs/generic-tables.md",
                          remedy="Write plain keys and sections.") from None  # fmt: skip


def _table(path: Path, text: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a table, whether they stand at the top, in [table] or, for files, in [files]."""
    table: dict[str, Any] = {}
    for section in ("", "table", "files"):
        part = data if not section else data.get(section, {})
        if not isinstance(part, dict):
            raise _wrong_type(path, text, section, part, f"a section [{section}]")
        known = FILE_KEYS if section == "files" else TABLE_KEYS
        for key, value in part.items():
            if not section and key in _SECTIONS:
                continue
            names = known if section else (*known, *_SECTIONS)
            if key not in names:
                raise _unknown_key(path, text, key, names)
            if key in table:
                raise FormatError(_place(path, text, key), found=f"{key} twice",
                                  expected="every key once", remedy="Remove one.")  # fmt: skip
            table[key] = _typed(path, text, key, value, *_TYPES[key])
    return table


def _typed(path: Path, text: str, key: str, value: Any, kind: Any, meant: str) -> Any:
    wrong = isinstance(value, bool) and kind is not bool
    low = isinstance(value, int) and value < _LOWEST.get(key, value)
    if wrong or low or not isinstance(value, kind):
        raise _wrong_type(path, text, key, value, meant)
    return value


def _files(path: Path, text: str, table: Mapping[str, Any]) -> dict[str, File]:
    common = _layout(path, text, table)
    files = {key: _file(path, text, key, table[key], common) for key in FILE_KEYS if key in table}
    if "file" in table:
        both = [key for key in ("Z", "Y", "V", "x") if key in files]
        if both:
            raise FormatError(_place(path, text, both[0]), found=f"{both[0]} beside file",
                              expected="file with the whole table, or Z, Y, V and x",
                              remedy="Remove one of them.")  # fmt: skip
        return files
    if "Z" not in files:
        raise FormatError(str(path), found="no key Z", expected='Z = "z.csv", the square of flows, '
                          'or file = "table.csv" with the whole table',
                          remedy="Name the file with the intermediate flows.")  # fmt: skip
    if not {"Y", "x", "V"} & set(files):
        raise FormatError(
            str(path),
            found="Z alone",
            expected="Z with final demand Y, output x or primary inputs V",
            remedy='Add a file, such as x = "x.csv"; the rest follows from the balance.',
        )
    return files


def _transposed(path: Path, text: str, table: Mapping[str, Any]) -> bool:
    beside = next((key for key in ("file", "imports") if key in table), None)
    if table.get("transposed") and beside:
        raise UsageError(_place(path, text, "transposed"), found=f"transposed beside {beside}",
                         expected="flows in a file of their own, and no imports by product",
                         remedy="Remove one of the two keys.")  # fmt: skip
    return bool(table.get("transposed", False))


def _layout(path: Path, text: str, keys: Mapping[str, Any], common: Layout = Layout()) -> Layout:  # noqa: B008 - frozen
    """What keys say of a sheet; `common` holds what they leave open."""
    sides: dict[str, Any] = {}
    for side, one in (("rows", "row"), ("columns", "column")):
        if side in keys and one in keys:
            raise UsageError(_place(path, text, side), found=f"{one} and {side}",
                             expected="one of them", remedy="Remove one.")  # fmt: skip
        listed = keys.get(side, [keys[one]] if one in keys else None)
        if listed is not None:
            sides[side] = _chosen(path, text, side, listed)
    label_column = keys.get("label_column", common.label_column)
    if isinstance(label_column, str):
        label_column = classify.normalise(label_column)
    skip, last = (keys.get(k, getattr(common, k)) for k in ("skip_rows", "last_row"))
    return Layout(skip, last, label_column, **sides)


def _file(path: Path, text: str, key: str, value: Any, common: Layout) -> File:
    if isinstance(value, str):
        return File(value, common)
    for inner, part in value.items():
        if inner not in _FILE_TYPES:
            raise _unknown_key(path, text, inner, _FILE_TYPES)
        _typed(path, text, inner, part, *_FILE_TYPES[inner])
    if "file" not in value:
        raise _wrong_type(path, text, key, value, _TYPES["Z"][1])
    return File(value["file"], _layout(path, text, value, common))


def _block(path: Path, text: str, table: Mapping[str, Any]) -> Block | None:
    keys = ("industries", "demand", "primary", "output")
    if "file" not in table:
        alone = next((key for key in keys if key in table), None)
        if alone:
            raise FormatError(_place(path, text, alone), found=f"{alone} without file",
                              expected='file = "table.csv", the sheet with the whole table',
                              remedy="Name it, or remove the key.")  # fmt: skip
        return None
    industries = table.get("industries")
    if industries is None or not set(keys[1:]) & set(table):
        raise FormatError(
            _place(path, text, "file"),
            found="file without " + ("industries" if industries is None else "demand or output"),
            expected='industries = ["first", "...", "last"] and one of demand, primary, output',
            remedy="Say which labels are what; see docs/generic-tables.md.",
        )
    if not isinstance(industries, int):
        industries = _chosen(path, text, "industries", industries)
    output = table.get("output", "")
    side = ""
    if isinstance(output, dict):
        if len(output) != 1 or not {"row", "column"} >= set(output):
            raise _wrong_type(path, text, "output", output, _TYPES["output"][1])
        ((side, output),) = output.items()
        output = _typed(path, text, "output", output, str, _TYPES["output"][1])
    demand, primary = (
        _chosen(path, text, key, table[key]) if key in table else () for key in keys[1:3]
    )
    return Block(File(table["file"], _layout(path, text, _only(table, _LAYOUT_TYPES))),
                 industries, demand, primary, classify.normalise(output), side)  # fmt: skip


def _only(table: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: table[key] for key in keys if key in table}


def _chosen(path: Path, text: str, key: str, value: list[Any]) -> tuple[str, ...]:
    """Labels of a list; `BETWEEN` must stand between two of them."""
    ends = [n for n, label in enumerate(value) if label == BETWEEN]
    if not value or any(
        n in (0, len(value) - 1) or BETWEEN in (value[n - 1], value[n + 1]) for n in ends
    ):
        raise _wrong_type(path, text, key, value, _LABELS[1])
    for label in value:
        if not isinstance(label, str):
            raise _wrong_type(path, text, key, label, "labels in quotes")
    return tuple(label if label == BETWEEN else classify.normalise(label) for label in value)


def _years(path: Path, text: str, table: Mapping[str, Any]) -> tuple[int | None, ...]:
    names = [table.get(key, "") for key in ("file", *FILE_KEYS)]
    wild = any("{year}" in (n if isinstance(n, str) else n.get("file", "")) for n in names)
    if "years" in table and "year" in table:
        raise UsageError(_place(path, text, "years"), found="year and years",
                         expected="one of them", remedy="Remove one.")  # fmt: skip
    years = table.get("years", [table["year"]] if "year" in table else [])
    for year in years:
        if not isinstance(year, int) or isinstance(year, bool) or not 1000 <= year <= 2999:
            raise UnitError(_place(path, text, "years" if "years" in table else "year"),
                            found=repr(year), expected="years, such as 2014",
                            remedy="Correct the year.")  # fmt: skip
    doubled = [year for i, year in enumerate(years) if year in years[:i]]
    if doubled:
        raise UnitError(_place(path, text, "years"), found=f"{doubled[0]} twice",
                        expected="every year once", remedy="Remove one.")  # fmt: skip
    if ("years" in table and not wild) or (wild and not years):
        raise FormatError(
            _place(path, text, "years") if years else str(path),
            found="years, but no {year} in a file name" if years else "{year}, but no year",
            expected='both, such as Z = "z_{year}.csv" and years = [2010, 2011]',
            remedy="Add what is missing.",
        )
    return tuple(years) or (None,)


def _numbers(path: Path, text: str, table: Mapping[str, Any]) -> NumberFormat:
    try:
        return NumberFormat.declared(
            table.get("decimal", "."), table.get("thousands", ""), table.get("missing")
        )
    except UsageError as error:
        key = next(k for k in ("missing", "thousands", "decimal") if k in table)
        raise UsageError(f"{_place(path, text, key)}, {error.place}", found=error.found,
                         expected=error.expected, remedy=error.remedy) from None  # fmt: skip


def _roles(path: Path, text: str, data: Mapping[str, Any], section: str) -> dict[str, str]:
    roles = _section(path, text, data.get(section, {}), section)
    for label, role in roles.items():
        if not isinstance(role, str):
            raise _wrong_type(path, text, label, role, "the name of a role")
    return {classify.normalise(label): role for label, role in roles.items()}


def _groups(path: Path, text: str, data: object) -> dict[str, dict[str, tuple[str, ...]]]:
    """Groupings by name: a list is a grouping of one group, a section holds several groups."""
    groupings: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, value in _section(path, text, data, "groups").items():
        groups = value if isinstance(value, dict) else {name: value}
        groupings[name] = {g: _labels(path, text, g, labels) for g, labels in groups.items()}
        if not groups:
            raise LabelError(_place(path, text, name), found="no group in it",
                             expected="at least one group", remedy="Add one.")  # fmt: skip
    return groupings


def _labels(path: Path, text: str, name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        raise _wrong_type(path, text, name, value, 'a list of labels, such as ["a", "b"]')
    if not value:
        raise LabelError(f"{_place(path, text, name)}, group {name!r}", found="no label",
                         expected="at least one label of the table",
                         remedy="List the labels of the group, or remove it.")  # fmt: skip
    return tuple(classify.normalise(label) for label in value)


def _satellites(path: Path, text: str, data: object, whole: bool) -> dict[str, Satellite]:
    satellites = {}
    for name, value in _section(path, text, data, "satellites").items():
        meant = '"file.csv" or {file = "...", unit = "..."}'
        if whole:
            meant += ', or {row = "label"} of the whole table'
        parts = {"file": value} if isinstance(value, str) else value
        own = whole and isinstance(parts, dict) and set(parts) <= {"row", "rows", "unit"}
        if not isinstance(parts, dict) or (not own and "file" not in parts):
            raise _wrong_type(path, text, name, value, meant)
        unit = _typed(path, text, "unit", parts.get("unit", "units"), str, "a text in quotes")
        parts = {key: part for key, part in parts.items() if key != "unit"}
        if own and not parts:
            raise _wrong_type(path, text, name, value, meant)
        file = _file(path, text, name, {"file": "", **parts}, Layout())
        satellites[name] = Satellite(file, unit)
    return satellites


def _section(path: Path, text: str, value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(path, text, name, value, f"a section [{name}]")
    return value


def _place(path: Path, text: str, key: str) -> str:
    quoted = re.escape(key)
    line = re.search(
        rf"""^[ \t]*(?:\[+[^\]\n]*?)?["']?{quoted}["']?[ \t]*(?:=|\]|\.)""", text, re.MULTILINE
    )
    at = f", line {text.count(chr(10), 0, line.start()) + 1}" if line else ""
    return f"{path}{at}, {key}"


def _unknown_key(path: Path, text: str, key: str, known: Iterable[str]) -> InputError:
    near = classify.nearest(key, known)
    return UsageError(
        _place(path, text, key),
        found=f"unknown key {key!r}",
        expected="a key of docs/generic-tables.md",
        remedy=f"Did you mean {' or '.join(near)}?" if near else "Correct or remove it.",
    )


def _wrong_type(path: Path, text: str, key: str, value: object, meant: str) -> InputError:
    return FormatError(_place(path, text, key), found=f"{type(value).__name__} {value!r}"[:80],
                       expected=meant, remedy="Correct the value.")  # fmt: skip
