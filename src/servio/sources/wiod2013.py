"""WIOD 2013 release: world input-output tables, one file a year, 1995-2011."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from servio import classify
from servio.errors import FormatError, InputError, LabelError, ValueFault
from servio.sources import _guard, _workbook
from servio.sources._registry import Source
from servio.table import Axis, Bundle, Note, TableInfo

__all__ = ["SOURCE", "parse", "sniff"]

Array = npt.NDArray[np.float64]

SOURCE = Source(
    name="wiod2013",
    title="World Input-Output Database, 2013 release: world tables of 40 countries and the rest",
    publisher="Groningen Growth and Development Centre, University of Groningen",
    editions=("2013 release",),
    years="1995-2011",
    licence="not stated for the 2013 release (the 2016 release is CC BY 4.0)",
    address="https://www.rug.nl/ggdc/valuechain/wiod/wiod-2013-release",
    citation="Timmer, Dietzenbacher, Los, Stehrer and de Vries (2015), An illustrated user guide "
    "to the World Input-Output Database, Review of International Economics 23:575-605",
    how_to_get="Download the world tables (WIOT) of the 2013 release from its publisher into one "
    "folder; tables kept as wiot_YEAR.parquet are read as well.",
    files=r"wiot_\d{4}\.parquet|wiot\d{2}_row_\w+\.xlsx",
)

CLASSIFICATION = "isic3_wiod35"
DEMAND = {
    "c37": "household",
    "c38": "npish",
    "c39": "government",
    "c41": "investment",
    "c42": "inventory",
}
COUNTRIES = (
    "AUS", "AUT", "BEL", "BGR", "BRA", "CAN", "CHN", "CYP", "CZE", "DEU", "DNK",
    "ESP", "EST", "FIN", "FRA", "GBR", "GRC", "HUN", "IDN", "IND", "IRL", "ITA",
    "JPN", "KOR", "LTU", "LUX", "LVA", "MEX", "MLT", "NLD", "POL", "PRT", "ROM",
    "RUS", "SVK", "SVN", "SWE", "TUR", "TWN", "USA", "RoW",
)  # fmt: skip
PRIMARY = {
    "r99": ("taxes less subsidies on products", "taxes"),
    "r61": ("Cif/ fob adjustments on exports", "adjustment"),
    "r62": ("Direct purchases abroad by residents", "adjustment"),
    "r63": ("Purchases on the domestic territory by non-residents", "adjustment"),
    "r64": ("Value added at basic prices", "value_added"),
    "": ("International Transport Margins", "margins"),
}
VALUE_ADDED = "value added, taxes and margins"
ROUNDING = 0.5

_TABLE_ROWS = 6
_TABLE_COLUMNS = 4


def sniff(path: Path) -> bool:
    """Whether the file is a world table of this release, as a workbook or as Parquet."""
    if _guard.sniff_kind(path) is _guard.Kind.PARQUET:
        return re.fullmatch(r"wiot_\d{4}\.parquet", path.name) is not None
    return _sheet(_workbook.sheet_names(path)) is not None


def parse(path: Path) -> list[Bundle]:
    """One world table from the published workbook or from its Parquet form.

    Parameters
    ----------
    path : Path
        ``wiot09_row_sep12.xlsx`` as published, or ``wiot_2009.parquet``.

    Returns
    -------
    list of Bundle
        One table: Z (n, n), Y (n, 5 a country), V (p, n), x (n,) in million USD at current basic
        prices; n = 41 regions x 35 industries.

    Raises
    ------
    FormatError, LabelError, ValueFault, InputError
        Anything is not exactly as published; the message names the cell.

    Notes
    -----
    The Parquet form is rounded to whole millions and has no rows below the flows: output is
    recomputed as ``x = Z 1 + Y 1`` and the one primary row is ``x' - 1'Z``, which holds taxes and
    transport margins besides value added. Source: `SOURCE`.
    """
    if _guard.sniff_kind(path) is _guard.Kind.PARQUET:
        return [_from_parquet(path)]
    return [_from_workbook(path)]


# -- Parquet ---------------------------------------------------------------------------------------


def _from_parquet(path: Path) -> Bundle:
    named = re.fullmatch(r"wiot_(\d{4})\.parquet", path.name)
    if named is None:
        raise FormatError(str(path), found="a name without the year", expected="wiot_YEAR.parquet",
                          remedy="Rename the file: its content names no year.")  # fmt: skip
    codes = classify.classification(CLASSIFICATION).codes
    axis = _axis(COUNTRIES, codes)
    demand = Axis.world(COUNTRIES, tuple(DEMAND))
    data = _columns(path, axis.labels, (*axis.labels, *demand.labels, "output"))
    n = len(axis)
    Z, Y, published = data[:, :n], data[:, n:-1], data[:, -1]
    x = data[:, :-1].sum(axis=1)
    gap = np.abs(published - x)
    notes = [
        Note(
            "published-output",
            f"the published output differs from the sum of its row by up to {gap.max():.0f} "
            f"({axis.labels[int(gap.argmax())]}): the numbers are rounded to millions",
        ),
        *_idle(axis, Z, Y, x),
    ]
    steps = (
        "output recomputed from the rows: x = Z 1 + Y 1",
        "value added, taxes and margins derived: x' - 1'Z",
    )
    return Bundle(
        axis,
        demand,
        tuple(DEMAND.values()) * len(COUNTRIES),
        (VALUE_ADDED,),
        ("value_added",),
        (_info(int(named.group(1)), tuple(notes), steps),),
        {"Z": Z[None], "Y": Y[None], "V": (x - Z.sum(axis=0))[None, None], "x": x[None]},
    )


def _columns(path: Path, rows: Sequence[str], columns: Sequence[str]) -> Array:
    """The numbers of a Parquet file whose rows and columns carry exactly these labels."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            _same_labels(f"{path}, columns", file.schema_arrow.names, ("row", *columns))
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise FormatError(
            str(path),
            found=f"a damaged Parquet file ({error})",
            expected="a whole file",
            remedy="Get the file again.",
        ) from error
    labels = [str(label) for label in table.column("row").to_pylist()]
    _same_labels(f"{path}, column row", labels, rows)
    data = np.empty((len(rows), len(columns)))
    for j, name in enumerate(columns):
        data[:, j] = _numbers(path, name, table.column(name), rows)
    return data


def _numbers(path: Path, name: str, column: Any, rows: Sequence[str]) -> Array:
    import pyarrow as pa

    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise ValueFault(f"{path}, column {name}", found=f"values of type {column.type}",
                         expected="numbers", remedy="Use the file as it was made.")  # fmt: skip
    values: Array = column.to_numpy().astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise ValueFault(
            f"{path}, row {rows[bad[0]]}, column {name}",
            found="no number" if np.isnan(values[bad[0]]) else "an infinite number",
            expected="a finite number",
            remedy="Get the file again.",
        )
    return values


def _same_labels(place: str, found: Sequence[str], wanted: Sequence[str]) -> None:
    if list(found) == list(wanted):
        return
    if len(found) != len(wanted):
        raise FormatError(
            place,
            found=f"{len(found)} labels, the last {found[-1] if found else 'none'!r}",
            expected=f"{len(wanted)}, the last {wanted[-1]!r}",
            remedy="Get the whole file again.",
        )
    i = next(i for i, label in enumerate(wanted) if found[i] != label)
    raise LabelError(
        f"{place}, position {i + 1}",
        found=repr(found[i]),
        expected=f"the label {wanted[i]!r}",
        remedy="Use the file as published, with no row or column moved or renamed.",
    )


# -- workbook --------------------------------------------------------------------------------------


def _from_workbook(path: Path) -> Bundle:
    book = _workbook.open_book(path)
    name = _sheet(book.sheet_names) or "WIOT_YEAR"
    sheet = _workbook.Sheet(path, book, name)
    year = _year(path, name)
    _expect_unit(sheet)
    axis, demand = _labels(sheet)
    n, m, left = len(axis), len(demand), _TABLE_COLUMNS
    inner = sheet.numbers(range(_TABLE_ROWS, _TABLE_ROWS + n), range(left, left + n + m + 1))
    Z, Y, x = inner[:, :n], inner[:, n:-1], inner[:, -1]
    below = range(_TABLE_ROWS + n, _TABLE_ROWS + n + len(PRIMARY) + 2)
    totals = sheet.numbers(below, range(left, left + n))
    arrays = {"Z": Z[None], "Y": Y[None], "V": totals[None, 1:-1], "x": x[None]}
    final = range(left + n, left + n + m)
    if any(sheet.text(row, column) for row in below for column in final):
        arrays["Vy"] = sheet.numbers(below, final)[None, 1:-1]
    pairs = {
        "intermediate inputs (r60) and the sum of the column": (totals[0], Z.sum(axis=0)),
        "output in the last row (r69) and in the last column": (totals[-1], x),
        "output and the sum of its row": (x, inner[:, :-1].sum(axis=1)),
    }
    notes = (*_differing(axis, pairs), *_partial(axis), *_idle(axis, Z, Y, x))
    return Bundle(
        axis,
        demand,
        tuple(DEMAND[code] for code in demand.codes),
        tuple(title for title, _ in PRIMARY.values()),
        tuple(role for _, role in PRIMARY.values()),
        (_info(year, notes, ()),),
        arrays,
    )


def _sheet(names: Sequence[str]) -> str | None:
    return next((name for name in names if re.fullmatch(r"WIOT_(19|20)\d\d", name)), None)


def _year(path: Path, sheet: str) -> int:
    year = int(sheet.rpartition("_")[2])
    claimed = re.match(r"wiot(\d\d)_", path.name)
    if claimed and int(claimed.group(1)) != year % 100:
        raise InputError(
            f"{path}, sheet {sheet!r}",
            found=f"the year {year} in a file named {claimed.group(0)}…",
            expected="the year of the file's name",
            remedy="Rename the file, or get it again.",
        )
    return year


def _expect_unit(sheet: _workbook.Sheet) -> None:
    if sheet.text(3, 0) != "(millions of US$)":
        raise FormatError(
            sheet.place(3, 0),
            found=repr(sheet.text(3, 0)),
            expected="'(millions of US$)'",
            remedy="Use the table at current prices as published.",
        )


def _labels(sheet: _workbook.Sheet) -> tuple[Axis, Axis]:
    """Axes of the flows and of final demand; rows and columns must agree exactly."""
    countries = sheet.across(4, range(_TABLE_COLUMNS, sheet.width))
    codes = sheet.across(5, range(_TABLE_COLUMNS, sheet.width))
    known = classify.classification(CLASSIFICATION).codes
    n = next((i for i, code in enumerate(codes) if code not in known), len(codes))
    names = tuple(dict.fromkeys(countries[:n]))
    axis = _axis(names, [c for c in known if c in codes[:n]])
    demand = Axis.world(names, tuple(DEMAND))
    left, right = _TABLE_COLUMNS, _TABLE_COLUMNS + n + len(demand)
    sheet.expect_across(4, left, (*axis.countries, *demand.countries))
    sheet.expect_across(5, left, (*axis.codes, *demand.codes))
    sheet.expect_down(2, _TABLE_ROWS, axis.countries)
    sheet.expect_down(3, _TABLE_ROWS, axis.codes)
    sheet.expect_across(3, right, ("Total output",))
    sheet.expect_down(3, _TABLE_ROWS + n, ("r60", *PRIMARY, "r69"))
    titles = [title for title, _ in PRIMARY.values()]
    sheet.expect_down(1, _TABLE_ROWS + n + 1, titles)
    stop = _TABLE_ROWS + n + len(PRIMARY) + 2
    if len(sheet.rows) != stop or sheet.width != right + 1:
        raise FormatError(
            f"{sheet.path}, sheet {sheet.name!r}",
            found=f"{len(sheet.rows)} rows and {sheet.width} columns",
            expected=f"{stop} rows and {right + 1} columns for {n} industries",
            remedy="Use the file as published.",
        )
    return axis, demand


# -- both ------------------------------------------------------------------------------------------


def _axis(countries: Sequence[str], codes: Sequence[str]) -> Axis:
    known = classify.classification(CLASSIFICATION)
    titles = dict(zip(known.codes, known.titles, strict=True))
    return Axis.world(countries, codes, [titles[code] for code in codes])


def _differing(axis: Axis, pairs: dict[str, tuple[Array, Array]]) -> list[Note]:
    notes = []
    for text, (published, summed) in pairs.items():
        gap = np.abs(published - summed)
        worst = int(gap.argmax())
        if gap[worst] > ROUNDING:
            text = f"{text} differ by up to {gap[worst]:.3g} ({axis.labels[worst]})"
            notes.append(Note("published-sums", text))
    return notes


def _partial(axis: Axis) -> list[Note]:
    known = classify.classification(CLASSIFICATION).codes
    there = (len(axis.country_names), len(axis.code_names))
    if there == (len(COUNTRIES), len(known)):
        return []
    text = f"{there[0]} of {len(COUNTRIES)} regions and {there[1]} of {len(known)} industries"
    return [Note("part-of-the-world", text)]


def _idle(axis: Axis, Z: Array, Y: Array, x: Array) -> list[Note]:
    """Industries that sell or use something but whose output is zero or, by rounding, below."""
    flows = np.abs(Z).sum(axis=0) + np.abs(Z).sum(axis=1) + np.abs(Y).sum(axis=1)
    idle = np.flatnonzero((x <= 0) & (flows > 0))
    if not len(idle):
        return []
    names = ", ".join(f"{axis.labels[i]} ({x[i]:g})" for i in idle)
    return [Note("flows-without-output", f"no positive output, yet flows, in {names}")]


def _info(year: int, notes: tuple[Note, ...], steps: tuple[str, ...]) -> TableInfo:
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
        steps=steps,
        derived=("x", "V") if steps else (),
        notes=notes,
    )
