"""WIOD 2016 release: national input-output tables, one workbook a country, 2000-2014."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from servio import classify
from servio.errors import FormatError, ValueFault
from servio.sources import _workbook
from servio.sources._registry import Source
from servio.table import Axis, Bundle, Note, TableInfo

__all__ = ["SOURCE", "parse", "sniff"]

Array = npt.NDArray[np.float64]

SOURCE = Source(
    name="wiod2016",
    title="World Input-Output Database, 2016 release: national tables of 43 countries",
    publisher="Groningen Growth and Development Centre, University of Groningen",
    editions=("November 2016",),
    years="2000-2014",
    licence="CC BY 4.0",
    address="https://www.rug.nl/ggdc/valuechain/wiod/wiod-2016-release",
    citation="Timmer, Dietzenbacher, Los, Stehrer and de Vries (2015), An illustrated user guide "
    "to the World Input-Output Database, Review of International Economics 23:575-605; "
    "doi:10.34894/PJ2M1C",
    how_to_get="Download the national input-output tables (NIOT) from dataverse.nl, file 199099, "
    "and unpack the workbooks into one folder.",
    files=r"[A-Z]{3}_NIOT_nov16\.xlsx",
)

SHEET = "National IO-tables"
CLASSIFICATION = "isic4_wiod56"
YEARS = tuple(range(2000, 2015))
DEMAND = {
    "CONS_h": "household",
    "CONS_np": "npish",
    "CONS_g": "government",
    "GFCF": "investment",
    "INVEN": "inventory",
    "EXP": "exports",
}
PRIMARY = {
    "TXSP": "taxes",
    "EXP_adj": "adjustment",
    "PURR": "adjustment",
    "PURNR": "adjustment",
    "VA": "value_added",
    "IntTTM": "margins",
}
TOTALS = ("II_fob", *PRIMARY, "GO")
COUNTRIES = {
    "AUS": "Australia", "AUT": "Austria", "BEL": "Belgium", "BGR": "Bulgaria", "BRA": "Brazil",
    "CAN": "Canada", "CHE": "Switzerland", "CHN": "China", "CYP": "Cyprus",
    "CZE": "Czech Republic", "DEU": "Germany", "DNK": "Denmark", "ESP": "Spain",
    "EST": "Estonia", "FIN": "Finland", "FRA": "France", "GBR": "United Kingdom",
    "GRC": "Greece", "HRV": "Croatia", "HUN": "Hungary", "IDN": "Indonesia", "IND": "India",
    "IRL": "Ireland", "ITA": "Italy", "JPN": "Japan", "KOR": "Korea", "LTU": "Lithuania",
    "LUX": "Luxembourg", "LVA": "Latvia", "MEX": "Mexico", "MLT": "Malta", "NLD": "Netherlands",
    "NOR": "Norway", "POL": "Poland", "PRT": "Portugal", "ROU": "Romania", "RUS": "Russia",
    "SVK": "Slovak Republic", "SVN": "Slovenia", "SWE": "Sweden", "TUR": "Turkey",
    "TWN": "Taiwan", "USA": "United States",
}  # fmt: skip
ROUNDING = 0.5

_HEADER_ROWS = 2
_LABELS = ("Year", "Code", "Description", "Origin")


def sniff(path: Path) -> bool:
    """Whether the file is a workbook with the sheet of the national tables."""
    return SHEET in _workbook.sheet_names(path)


def parse(path: Path) -> list[Bundle]:
    """Fifteen national tables with domestic and imported flows from one workbook.

    Parameters
    ----------
    path : Path
        A workbook as published, such as ``KOR_NIOT_nov16.xlsx``.

    Returns
    -------
    list of Bundle
        One bundle: Z, Zm (15, 56, 56), Y, Ym (15, 56, 6), V (15, 6, 56), Vy (15, 6, 6), x (15, 56)
        in million USD at current basic prices.

    Raises
    ------
    FormatError, ValueFault
        Anything is not exactly as published; the message names the cell.

    Notes
    -----
    The rows II_fob and GO repeat sums of other cells: they are compared, a difference over half
    the unit is noted, and nothing is changed. Source: `SOURCE`.
    """
    book = _workbook.open_book(path)
    sheet = _workbook.Sheet(path, book, SHEET)
    country = _country(path, _workbook.Sheet(path, book, "Notes"))
    codes = classify.classification(CLASSIFICATION).codes
    _check_labels(sheet, codes)
    n, m, height = len(codes), len(DEMAND), 2 * len(codes) + len(TOTALS)
    width = len(_LABELS) + n + m + 1
    rows = range(_HEADER_ROWS, _HEADER_ROWS + height * len(YEARS))
    data = sheet.numbers(rows, range(len(_LABELS), width)).reshape(len(YEARS), height, n + m + 1)
    _check_empty(sheet, data, n, height)
    first = 2 * n + 1
    primary = data[:, first : first + len(PRIMARY)]
    return [
        Bundle(
            Axis.national(country, codes, classify.classification(CLASSIFICATION).titles),
            Axis.national(country, DEMAND, sheet.across(1, range(len(_LABELS) + n, width - 1))),
            tuple(DEMAND.values()),
            tuple(PRIMARY),
            tuple(PRIMARY.values()),
            tuple(_info(country, y, _notes(data[t], n)) for t, y in enumerate(YEARS)),
            {
                "Z": data[:, :n, :n],
                "Y": data[:, :n, n:-1],
                "V": primary[:, :, :n],
                "x": data[:, :n, -1],
                "Zm": data[:, n : 2 * n, :n],
                "Ym": data[:, n : 2 * n, n:-1],
                "Vy": primary[:, :, n:-1],
            },
        )
    ]


def _country(path: Path, notes: _workbook.Sheet) -> str:
    """Country the workbook names; the file's name must agree where it starts with a country."""
    named = notes.text(0, 1)
    country = next((code for code, name in COUNTRIES.items() if name == named), None)
    if notes.text(0, 0) != "Country" or country is None:
        raise FormatError(
            notes.place(0, 1),
            found=repr(named),
            expected="the name of one of the 43 countries",
            remedy="Use the workbook as published.",
        )
    claimed = re.match(r"([A-Z]{3})_NIOT", path.name)
    if claimed and claimed.group(1) != country:
        raise FormatError(
            notes.place(0, 1),
            found=f"{named} ({country}) in a file named {claimed.group(1)}",
            expected="the country of the file's name",
            remedy="Rename the file, or get it again.",
        )
    return country


def _check_labels(sheet: _workbook.Sheet, codes: tuple[str, ...]) -> None:
    header = (*_LABELS, *codes, *DEMAND, "GO")
    sheet.expect_across(0, 0, header)
    if sheet.width != len(header):
        extra = sheet.text(0, len(header))
        raise FormatError(
            sheet.place(0, len(header)),
            found=f"another column ({extra!r}), {sheet.width} in all",
            expected=f"{len(header)} columns",
            remedy="Use the file as published.",
        )
    wanted = [
        (str(year), code, origin)
        for year in YEARS
        for origin, block in (("Domestic", codes), ("Imports", codes), ("TOT", TOTALS))
        for code in block
    ]
    stop = _HEADER_ROWS + len(wanted)
    if len(sheet.rows) != stop:
        last = " ".join(sheet.text(len(sheet.rows) - 1, column) for column in (0, 1, 3))
        raise FormatError(
            f"{sheet.path}, sheet {sheet.name!r}",
            found=f"{len(sheet.rows)} rows, the last {last!r}",
            expected=f"{stop} rows: 2 of header, {stop - 2} for {YEARS[0]}-{YEARS[-1]}",
            remedy="Get the file again from its publisher.",
        )
    for part, column in enumerate((0, 1, 3)):
        sheet.expect_down(column, _HEADER_ROWS, [row[part] for row in wanted])


def _check_empty(sheet: _workbook.Sheet, data: Array, n: int, height: int) -> None:
    """Cells that the published tables leave at zero are not kept: they must be zero."""
    unused = np.zeros(data.shape[1:], dtype=bool)
    unused[n:, -1] = True
    unused[-1, n:] = True
    full = np.argwhere((data != 0.0) & unused)
    if len(full):
        t, i, j = (int(k) for k in full[0])
        raise ValueFault(
            sheet.place(_HEADER_ROWS + t * height + i, len(_LABELS) + j),
            found=f"{data[t, i, j]}",
            expected="0, as in every published table",
            remedy="Use the file as published.",
        )


def _notes(year: Array, n: int) -> tuple[Note, ...]:
    """Differences between the published sums (II_fob, GO) and what they are sums of."""
    inputs, rows = year[: 2 * n], len(year)
    pairs = {
        "intermediate inputs (II_fob) and the sum of the column": (
            year[2 * n, : n + len(DEMAND) - 1],
            inputs[:, : n + len(DEMAND) - 1].sum(axis=0),
        ),
        "output in the last row and in the last column": (year[rows - 1, :n], year[:n, -1]),
    }
    names = (*classify.classification(CLASSIFICATION).codes, *DEMAND)
    notes = []
    for text, (published, summed) in pairs.items():
        gap = np.abs(published - summed)
        worst = int(gap.argmax())
        if gap[worst] > ROUNDING:
            notes.append(
                Note("published-sums", f"{text} differ by up to {gap[worst]:.3g} ({names[worst]})")
            )
    return tuple(notes)


def _info(country: str, year: int, notes: tuple[Note, ...]) -> TableInfo:
    return TableInfo(
        SOURCE.name,
        year,
        country,
        "domestic",
        title=f"National input-output table, {COUNTRIES[country]}, {year}",
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
