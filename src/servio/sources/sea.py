"""WIOD 2016 release: Socio-Economic Accounts (employment, capital, income shares by industry)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from servio import classify
from servio.errors import FormatError, LabelError, UnitError, ValueFault
from servio.sources import _guard
from servio.sources._registry import Source
from servio.table import IOTable, Note, Satellite

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ACCOUNTS_OF",
    "SOURCE",
    "SocioEconomicAccounts",
    "extract",
    "read_sea",
    "with_satellites",
]

Array = npt.NDArray[np.float64]

SOURCE = Source(
    name="sea",
    title="World Input-Output Database, 2016 release: Socio-Economic Accounts of 43 countries",
    publisher="Groningen Growth and Development Centre, University of Groningen",
    editions=("November 2016",),
    years="2000-2014",
    licence="CC BY 4.0",
    address="https://www.rug.nl/ggdc/valuechain/wiod/wiod-2016-release",
    citation="Timmer, Dietzenbacher, Los, Stehrer and de Vries (2015), Review of International "
    "Economics 23:575-605; doi:10.34894/PJ2M1C",
    how_to_get="Download WIOD_SEA_Nov16.xlsx from dataverse.nl, file 199095.",
    files=r"WIOD_SEA_\w+\.xlsx|wiod2016_sea\.parquet",
)

CLASSIFICATION = "isic4_wiod56"
ACCOUNTS_OF = "wiod2016"
"""Source of the tables that the accounts go with."""
ACCOUNTS_PREFIX = "SEA_"
"""Before the name of a satellite that would bear the name of a primary input: ``SEA_VA``."""
_MONEY = "million national currency"
_INDEX = "2010 = 100"
UNITS = {
    "GO": _MONEY, "II": _MONEY, "VA": _MONEY,
    "EMP": "thousand persons", "EMPE": "thousand persons", "H_EMPE": "million hours",
    "COMP": _MONEY, "LAB": _MONEY, "CAP": _MONEY, "K": _MONEY,
    "GO_PI": _INDEX, "II_PI": _INDEX, "VA_PI": _INDEX,
    "GO_QI": _INDEX, "II_QI": _INDEX, "VA_QI": _INDEX,
}  # fmt: skip
YEARS = tuple(range(2000, 2015))
_HEADER = ("country", "variable", "description", "code", *map(str, YEARS))


@dataclass(frozen=True, eq=False)
class SocioEconomicAccounts:
    """Values by variable, country, industry and year; missing ones are NaN and stay so.

    Parameters
    ----------
    variables, countries, codes : tuple of str
    years : tuple of int
    values : array (variables, countries, codes, years)
        In the unit of each variable.
    units : mapping of str to str
    input_sha256 : str
        Hash of the file.
    """

    variables: tuple[str, ...]
    countries: tuple[str, ...]
    codes: tuple[str, ...]
    years: tuple[int, ...]
    values: Array
    units: Mapping[str, str]
    input_sha256: str = ""

    def of(self, variable: str, country: str, year: int) -> Array:
        """Values of one variable for the industries of one country and year, shape (codes,)."""
        place = {"variable": (variable, self.variables), "country": (country, self.countries),
                 "year": (year, self.years)}  # fmt: skip
        for what, (asked, known) in place.items():
            if asked not in known:
                raise LabelError(
                    f"accounts, {what}",
                    found=repr(asked),
                    expected=f"one of {', '.join(map(str, known))}",
                    remedy="Choose one of them.",
                )
        v, c, t = (known.index(asked) for asked, known in place.values())
        values: Array = self.values[v, c, :, t]
        return values

    def to_frame(self) -> pd.DataFrame:
        """One row a country, industry and year; one column a variable."""
        import pandas as pd

        index = pd.MultiIndex.from_product(
            [self.countries, self.codes, self.years], names=["country", "code", "year"]
        )
        columns = dict(zip(self.variables, self.values, strict=True))
        return pd.DataFrame({k: v.ravel() for k, v in columns.items()}, index=index).reset_index()


def read_sea(path: str | os.PathLike[str], *, cache: bool = True) -> SocioEconomicAccounts:
    """Read the Socio-Economic Accounts of WIOD 2016.

    Parameters
    ----------
    path : path
        ``WIOD_SEA_Nov16.xlsx`` (sheet DATA), or the same as Parquet, one row a country, industry
        and year.
    cache : bool
        As in `scan`.

    Returns
    -------
    SocioEconomicAccounts

    Raises
    ------
    FormatError, LabelError, ValueFault
        A label or a cell is not as published. A blank cell is a missing value, not an error.
    """
    from servio.sources import _cache

    file = _guard.regular_file(os.fspath(path))
    [[accounts]] = _cache.load([(file, SOURCE.name)], _accounts, cache=cache)
    return accounts


def _accounts(header: dict[str, Any], flat: Array, sha: str) -> SocioEconomicAccounts:
    shape = tuple(len(header[name]) for name in ("variables", "countries", "codes", "years"))
    return SocioEconomicAccounts(
        tuple(header["variables"]),
        tuple(header["countries"]),
        tuple(header["codes"]),
        tuple(header["years"]),
        flat.reshape(shape),
        {name: UNITS[name] for name in header["variables"]},
        sha,
    )


def with_satellites(
    table: IOTable,
    accounts: SocioEconomicAccounts,
    variables: Sequence[str] = ("EMP", "EMPE", "H_EMPE", "K", "LAB", "COMP", "CAP"),
) -> IOTable:
    """Add employment, hours, capital and factor income to a WIOD 2016 national table.

    Amounts of money stay in national currency at current prices, as published, whatever the
    table's currency: the unit of each satellite says so.

    Parameters
    ----------
    table : IOTable
        A national table of the source ``wiod2016``.
    accounts : SocioEconomicAccounts
    variables : sequence of str
        Names of the rows to add.

    Returns
    -------
    IOTable
        With a satellite (n,) for each variable, ``SEA_VA`` where the table has a primary input
        ``VA``. A variable with a missing value for this country and year is left out and noted.

    Raises
    ------
    UnitError
        The table is of another source.
    LabelError
        Country, year, variable or industries are not in the accounts.
    """
    info = table.info
    if info.source != ACCOUNTS_OF or info.year is None:
        raise UnitError(
            f"{info.name} satellites",
            found=f"a table of the source {info.source!r}",
            expected=f"a national table of {ACCOUNTS_OF}",
            remedy="Use the accounts with the tables of the same release.",
        )
    order = [accounts.codes.index(code) for code in table.axis.codes if code in accounts.codes]
    if len(order) != len(table):
        raise LabelError(
            f"{info.name} satellites",
            found=f"{len(order)} of {len(table)} industries in the accounts",
            expected="every industry",
            remedy="Add satellites before aggregating the table.",
        )
    rows, notes = dict(table.satellites), []
    for name in variables:
        values = accounts.of(name, info.country, info.year)[order]
        if np.isfinite(values).all():
            own = f"{ACCOUNTS_PREFIX}{name}" if name in table.primary else name
            rows[own] = Satellite(values, accounts.units[name])
        else:
            missing = int((~np.isfinite(values)).sum())
            text = f"{name} is missing for {missing} of {len(values)} industries: left out"
            notes.append(Note("missing-satellite", text))
    info = info.step("satellites of the Socio-Economic Accounts added").with_notes(*notes)
    return replace(table, satellites=rows, info=info, trusted=False)


# -- in the child ----------------------------------------------------------------------------------


def extract(path: Path) -> list[tuple[dict[str, Any], Array]]:
    """Header and flat array of the accounts, in the order variable, country, code, year."""
    kind = _guard.require_kind(path, _guard.Kind.XLSX, _guard.Kind.PARQUET)
    records = _from_parquet(path) if kind is _guard.Kind.PARQUET else _from_workbook(path)
    variables, countries, codes, values = records
    header = {"variables": variables, "countries": countries, "codes": codes, "years": list(YEARS)}
    return [(header, values.ravel())]


Records = tuple[list[str], list[str], list[str], Array]


def _from_parquet(path: Path) -> Records:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise FormatError(
            str(path),
            found=f"a damaged Parquet file ({error})",
            expected="a whole file",
            remedy="Get the file again.",
        ) from error
    variables = [name for name in UNITS if name in table.column_names]
    missing = [n for n in ("country", "code", "year", *UNITS) if n not in table.column_names]
    if missing:
        raise LabelError(f"{path}, columns", found=f"no column {missing[0]!r}",
                         expected=f"country, code, year, {', '.join(UNITS)}",
                         remedy="Use the file as it was made.")  # fmt: skip
    keys = list(
        zip(*(map(str, table.column(c).to_pylist()) for c in ("country", "code", "year")),
            strict=True)
    )  # fmt: skip
    countries, codes = _in_order(k[0] for k in keys), _in_order(k[1] for k in keys)
    _check_codes(path, codes)
    wanted = [(c, k, str(y)) for c in countries for k in codes for y in YEARS]
    _check_keys(path, keys, wanted)
    columns = [_column(path, name, table.column(name), keys) for name in variables]
    shape = (len(variables), len(countries), len(codes), len(YEARS))
    return variables, countries, codes, np.stack(columns).reshape(shape)


def _column(path: Path, name: str, column: Any, keys: Sequence[tuple[str, ...]]) -> Array:
    import pyarrow as pa

    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise ValueFault(f"{path}, column {name}", found=f"values of type {column.type}",
                         expected="numbers", remedy="Use the file as it was made.")  # fmt: skip
    values: Array = column.to_numpy().astype(np.float64)
    endless = np.flatnonzero(np.isinf(values))
    if len(endless):
        place = f"{path}, column {name}, {' '.join(keys[endless[0]])}"
        raise ValueFault(place, found="an infinite number", expected="a finite number or none",
                         remedy="Get the file again.")  # fmt: skip
    return values


def _from_workbook(path: Path) -> Records:
    from servio.sources import _workbook

    sheet = _workbook.Sheet(path, _workbook.open_book(path), "DATA")
    sheet.expect_across(0, 0, _HEADER)
    rows = range(1, len(sheet.rows))
    keys = list(zip(*(sheet.down(column, rows) for column in (1, 0, 3)), strict=True))
    variables, countries, codes = (_in_order(key[i] for key in keys) for i in range(3))
    _check_codes(path, codes)
    unknown = [name for name in variables if name not in UNITS]
    if unknown or set(variables) != set(UNITS):
        raise LabelError(
            f"{path}, sheet 'DATA', column B",
            found=f"variables {', '.join(unknown or variables)}",
            expected=", ".join(UNITS),
            remedy="Use the file as published.",
        )
    where = {key: i for i, key in enumerate(keys)}
    wanted = [(v, c, k) for v in UNITS for c in countries for k in codes]
    _check_keys(path, sorted(keys), sorted(wanted))
    blank = [["nan" if cell == "" else cell for cell in row[4 : len(_HEADER)]]
             for row in sheet.rows[1:]]  # fmt: skip
    for i, row in enumerate(blank):
        for j, cell in enumerate(row):
            if cell != "nan" and type(cell) not in (float, int):
                raise ValueFault(sheet.place(1 + i, 4 + j), found=repr(cell),
                                 expected="a number or a blank",
                                 remedy="Use the file as published.")  # fmt: skip
    values = np.array(blank, dtype=np.float64)[[where[key] for key in wanted]]
    shape = (len(UNITS), len(countries), len(codes), len(YEARS))
    return list(UNITS), countries, codes, values.reshape(shape)


def _in_order(names: Any) -> list[str]:
    return list(dict.fromkeys(names))


def _check_codes(path: Path, codes: Sequence[str]) -> None:
    known = classify.classification(CLASSIFICATION).codes
    wrong = [code for code in codes if code not in known] or [c for c in known if c not in codes]
    if wrong:
        raise LabelError(
            f"{path}, industry codes",
            found=f"{wrong[0]!r} {'unknown' if wrong[0] not in known else 'missing'}",
            expected=f"the {len(known)} codes of {CLASSIFICATION}",
            remedy="Use the file as published.",
        )


def _check_keys(
    path: Path, found: Sequence[tuple[str, ...]], wanted: Sequence[tuple[str, ...]]
) -> None:
    """Every combination once, in order."""
    if list(found) == list(wanted):
        return
    pairs = zip((*found, ("the end",)), (*wanted, ("the end",)), strict=False)
    here, there = next((a, b) for a, b in pairs if a != b)
    raise LabelError(
        f"{path}, {len(found)} rows",
        found=" ".join(here),
        expected=f"{' '.join(there)} ({len(wanted)} rows in all)",
        remedy="Get the whole file again; no row may be doubled, moved or missing.",
    )
