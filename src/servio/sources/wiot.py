"""WIOD 2016 release: world input-output tables, one workbook a year, 2000-2014."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from servio import classify
from servio.errors import FormatError, InputError
from servio.sources import _workbook, _world, _xlsb, wiod2016
from servio.sources._matrix import Array
from servio.sources._registry import Source
from servio.table import Axis, Bundle, Note, TableInfo

__all__ = ["SOURCE", "extract", "parse", "sniff"]

SOURCE = Source(
    name="wiot",
    title="World Input-Output Database, 2016 release: world tables of 43 countries and the rest",
    publisher=wiod2016.SOURCE.publisher,
    editions=wiod2016.SOURCE.editions,
    years=wiod2016.SOURCE.years,
    licence=wiod2016.SOURCE.licence,
    address=wiod2016.SOURCE.address,
    citation=wiod2016.SOURCE.citation,
    how_to_get="Download the world tables (WIOT, Excel) from dataverse.nl, file 199104, and unpack "
    "the workbooks into one folder.",
    files=r"WIOT\d{4}_Nov16_ROW\.xls[bx]",
)

CLASSIFICATION = wiod2016.CLASSIFICATION
DEMAND = {name: role for name, role in wiod2016.DEMAND.items() if role != "exports"}
PRIMARY = wiod2016.PRIMARY
COUNTRIES = len(wiod2016.COUNTRIES) + 1
REST = "ROW"
TOTALS = ("GO", "TOT")

_TOP = 2
_LEFT = 4
_FIRST = _TOP + 4


def sniff(path: Path) -> bool:
    """Whether the file is a workbook with one sheet, named by a year."""
    names = _workbook.binary_sheet_years(path) or _workbook.sheet_names(path)
    return len(names) == 1 and re.fullmatch(r"20\d\d", names[0]) is not None


def parse(path: Path) -> list[Bundle]:
    """The world table of one year.

    Parameters
    ----------
    path : Path
        ``WIOT2014_Nov16_ROW.xlsb`` as published, or the same saved as ``.xlsx``.

    Returns
    -------
    list of Bundle
        Z (1, n, n), Y (1, n, 5 a country), V (1, 6, n), Vy (1, 6, 5 a country), x (1, n) in million
        USD at current basic prices; n = 44 regions x 56 industries. x is the published last row
        (GO); what rows and columns miss is noted and stays where it is.

    Raises
    ------
    ServioError
        Anything is not exactly as published; the message names the cell.
    """
    return [Bundle.unpack(*part) for part in extract(path)]


def extract(path: Path) -> list[_world.Part]:
    """The same as header and flat array, without a second copy of the numbers."""
    book = _workbook.open_book(path, binary=True)
    name = next((n for n in book.sheet_names if re.fullmatch(r"20\d\d", n)), "YEAR")
    rows = _workbook.rows(path, book, name)
    sheet = _workbook.Labels(path, name, [], 0)
    for row in rows:
        _take(sheet, row, len(row[1]))
        if row[0] >= _FIRST - 1:
            break
    year = _year(path, name)
    axis, demand = _columns(sheet)
    filled, fault = _filled(sheet, rows, len(axis), len(demand))
    _check_rows(sheet, axis, demand)
    if fault is not None:
        raise sheet.no_number(*fault)
    n, x = len(axis), filled.below[-1, : len(axis)]
    if len(axis.country_names) >= COUNTRIES and REST in axis.country_names:
        value_added = filled.below[1 + list(PRIMARY).index("VA"), :n]
        _world.refuse_scale(str(path), value_added, year)
    rows_of_v = _world.Primary(
        tuple(PRIMARY), tuple(PRIMARY.values()), tuple(range(1, len(PRIMARY) + 1))
    )
    roles = tuple(DEMAND[code] for code in demand.codes)
    info = _info(year, _notes(axis, filled))
    return [_world.packed(filled, x, axis, demand, roles, rows_of_v, info)]


def _take(sheet: _workbook.Labels, row: _xlsb.Row, width: int) -> None:
    """Keep the first cells of a row, as far as `width`; rows left out before it are blank."""
    number, values, others = row
    sheet.rows.extend([] for _ in range(number - len(sheet.rows)))
    sheet.rows.append([others.get(j, "" if np.isnan(values[j]) else values[j].item())
                       for j in range(min(width, len(values)))])  # fmt: skip
    sheet.width = max(sheet.width, len(values))


def _filled(
    sheet: _workbook.Labels, rows: Iterator[_xlsb.Row], n: int, m: int
) -> tuple[_world.Filled, tuple[int, int, object] | None]:
    """Numbers in place, and the first cell that holds none; labels go to the sheet."""
    p = len(PRIMARY)
    flat = np.zeros(n * (n + m) + p * (n + m) + n)
    Z, Y = flat[: n * n].reshape(n, n), flat[n * n : n * (n + m)].reshape(n, m)
    below, total, whole = np.zeros((p + 2, n + m)), np.zeros(n), np.zeros(n)
    fault = None
    for row in rows:
        _take(sheet, row, _LEFT)
        i = row[0] - _FIRST
        if i >= n + p + 2:
            continue
        numbers, wrong = _numbers(row, n + m + (i < n))
        fault = fault or wrong
        if i < n:
            Z[i], Y[i], total[i] = numbers[:n], numbers[n:-1], numbers[-1]
            whole[i] = numbers[:-1].sum()
        else:
            below[i - n] = numbers
    return _world.Filled(flat, Z, Y, below, total, whole), fault


def _numbers(row: _xlsb.Row, count: int) -> tuple[Array, tuple[int, int, object] | None]:
    """Numbers of a row from the first column after the labels, and the first cell that is none."""
    number, values, others = row
    found = np.full(count, np.nan)
    there = values[_LEFT : _LEFT + count]
    found[: len(there)] = there
    wrong = np.flatnonzero(~np.isfinite(found))
    if not len(wrong):
        return found, None
    column = _LEFT + int(wrong[0])
    return np.zeros(count), (number, column, others.get(column, ""))


def _year(path: Path, sheet: str) -> int:
    """Year of the sheet's name; the file's name must agree where it states one."""
    claimed = re.match(r"WIOT(\d{4})_", path.name)
    if claimed and claimed.group(1) != sheet:
        raise InputError(
            f"{path}, sheet {sheet!r}",
            found=f"the year {sheet} in a file named {claimed.group(0)}…",
            expected="the year of the file's name",
            remedy="Rename the file, or get it again.",
        )
    first, last = wiod2016.YEARS[0], wiod2016.YEARS[-1]
    if not first <= int(sheet) <= last:
        raise InputError(
            f"{path}, sheet {sheet!r}",
            found=f"the year {sheet}",
            expected=f"a year of the 2016 release, {first} to {last}",
            remedy="Name the source if this is another table.",
        )
    return int(sheet)


def _columns(sheet: _workbook.Labels) -> tuple[Axis, Axis]:
    """Axes of the flows and of final demand."""
    known = classify.classification(CLASSIFICATION)
    codes = sheet.across(_TOP, range(_LEFT, sheet.width))
    countries = sheet.across(_TOP + 2, range(_LEFT, sheet.width))
    n = next((i for i, code in enumerate(codes) if code not in known.codes), len(codes))
    if n == 0:
        raise FormatError(
            sheet.place(_TOP, _LEFT),
            found=repr(sheet.text(_TOP, _LEFT)),
            expected=f"the industry {known.codes[0]!r}, the first of the 2016 release",
            remedy="Use the file as published, or name its source if it is another one.",
        )
    names = tuple(dict.fromkeys(countries[:n]))
    axis = Axis.world(names, known.codes, known.titles)
    demand = Axis.world(names, tuple(DEMAND))
    sheet.expect_across(_TOP, _LEFT, (*axis.codes, *demand.codes))
    sheet.expect_across(_TOP + 2, _LEFT, (*axis.countries, *demand.countries))
    right = _LEFT + len(axis) + len(demand)
    header = [sheet.text(row, right) for row in range(_TOP, _FIRST)]
    if not set(header) & set(TOTALS):
        sheet.expect_across(_TOP, right, TOTALS[:1])
    return axis, demand


def _check_rows(sheet: _workbook.Labels, axis: Axis, demand: Axis) -> None:
    """Rows must be the columns, with those below the flows; nothing more."""
    sheet.expect_down(0, _FIRST, (*axis.codes, "II_fob", *PRIMARY, "GO"))
    sheet.expect_down(2, _FIRST, axis.countries)
    stop, right = _FIRST + len(axis) + len(PRIMARY) + 2, _LEFT + len(axis) + len(demand)
    if len(sheet.rows) != stop or sheet.width != right + 1:
        raise FormatError(
            f"{sheet.path}, sheet {sheet.name!r}",
            found=f"{len(sheet.rows)} rows and {sheet.width} columns",
            expected=f"{stop} rows and {right + 1} columns for {len(axis.country_names)} regions",
            remedy="Use the file as published.",
        )


def _notes(axis: Axis, filled: _world.Filled) -> tuple[Note, ...]:
    n = len(axis)
    names, x = "intermediate inputs (II_fob) and the sum of the column", filled.below[-1, :n]
    return (
        *_world.gap_note(axis, names, filled.below[0, :n], filled.Z.sum(axis=0)),
        *_world.gap_note(axis, "output in the last row (GO) and column", x, filled.total),
        *_world.coverage(axis.country_names, (COUNTRIES,), REST),
    )


def _info(year: int, notes: tuple[Note, ...]) -> TableInfo:
    return TableInfo(
        SOURCE.name,
        year,
        "WORLD",
        "world",
        title=f"World input-output table, {year}",
        edition=SOURCE.editions[0],
        currency="USD",
        unit="million",
        prices="current",
        valuation="basic",
        kind="industry-by-industry",
        classification=CLASSIFICATION,
        licence=SOURCE.licence,
        notes=notes,
    )
