"""WIOD 2016 release: world input-output tables, one workbook a year, 2000-2014."""

from __future__ import annotations

import re
from pathlib import Path

from servio import classify
from servio.errors import FormatError, InputError
from servio.sources import _workbook, _world, wiod2016
from servio.sources._checks import checked
from servio.sources._matrix import Array
from servio.sources._registry import Source
from servio.table import Axis, Bundle, IOTable, Note, TableInfo

__all__ = ["SOURCE", "parse", "sniff"]

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
    book = _workbook.open_book(path, binary=True)
    name = next((n for n in book.sheet_names if re.fullmatch(r"20\d\d", n)), "YEAR")
    sheet = _workbook.Sheet(path, book, name)
    year = _year(path, name)
    axis, demand = _labels(sheet)
    n, m, p = len(axis), len(demand), len(PRIMARY)
    inner = sheet.numbers(range(_FIRST, _FIRST + n), range(_LEFT, _LEFT + n + m + 1))
    below = sheet.numbers(range(_FIRST + n, _FIRST + n + p + 2), range(_LEFT, _LEFT + n + m))
    x, primary = below[-1, :n], below[1:-1]
    if len(axis.country_names) >= COUNTRIES and REST in axis.country_names:
        _world.refuse_scale(str(path), primary[list(PRIMARY).index("VA"), :n], year)
    table = IOTable(
        inner[:, :n],
        inner[:, n:-1],
        primary[:, :n],
        x,
        axis,
        demand,
        tuple(DEMAND[code] for code in demand.codes),
        tuple(PRIMARY),
        tuple(PRIMARY.values()),
        _info(year, _notes(axis, inner, below, x)),
        Vy=primary[:, n:],
    )
    return [Bundle.of(checked(table, published=True))]


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


def _labels(sheet: _workbook.Sheet) -> tuple[Axis, Axis]:
    """Axes of the flows and of final demand; rows and columns must agree exactly."""
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
    sheet.expect_down(0, _FIRST, (*axis.codes, "II_fob", *PRIMARY, "GO"))
    sheet.expect_down(2, _FIRST, axis.countries)
    stop, right = _FIRST + len(axis) + len(PRIMARY) + 2, _LEFT + len(axis) + len(demand)
    header = [sheet.text(row, right) for row in range(_TOP, _FIRST)]
    if not set(header) & set(TOTALS):
        sheet.expect_across(_TOP, right, TOTALS[:1])
    if len(sheet.rows) != stop or sheet.width != right + 1:
        raise FormatError(
            f"{sheet.path}, sheet {sheet.name!r}",
            found=f"{len(sheet.rows)} rows and {sheet.width} columns",
            expected=f"{stop} rows and {right + 1} columns for {len(names)} regions",
            remedy="Use the file as published.",
        )
    return axis, demand


def _notes(axis: Axis, inner: Array, below: Array, x: Array) -> tuple[Note, ...]:
    n = len(axis)
    names = "intermediate inputs (II_fob) and the sum of the column"
    return (
        *_world.gap_note(axis, names, below[0, :n], inner[:, :n].sum(axis=0)),
        *_world.gap_note(axis, "output in the last row (GO) and column", x, inner[:, -1]),
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
