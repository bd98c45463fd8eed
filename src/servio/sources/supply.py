"""Supply (make) tables: the workbook of the US Bureau of Economic Analysis, and one's own CSV."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np

from servio import classify
from servio.classify import Grouping
from servio.errors import FormatError, UsageError
from servio.sources import _guard, _workbook
from servio.sources._csv import read_matrix
from servio.sources._matrix import NumberFormat
from servio.sources._registry import Source
from servio.table import Axis, Note, SupplyTable, TableInfo, file_sha256

__all__ = ["SOURCE", "extract", "read_bea_make", "read_supply"]

Array = np.ndarray
SOURCE = Source(
    name="supply",
    title="Make tables of the United States, summary level, before redefinitions",
    publisher="U.S. Bureau of Economic Analysis",
    editions=("2021",),
    years="1997-2020",
    licence="US federal government work (public domain)",
    address="https://www.bea.gov/industry/input-output-accounts-data",
    citation="U.S. Bureau of Economic Analysis, Input-Output Accounts, The Make of Commodities by "
    "Industries, Before Redefinitions, summary",
    how_to_get="Download the make tables before redefinitions; servio.sources.read_bea_make "
    "reads the workbook, read_supply a CSV of any other.",
    files=r"IOMake_Before_Redefinitions_PRO_\d{4}-\d{4}_Summary\.xlsx",
)

TITLE = "The Make of Commodities by Industries, Before Redefinitions"
MONEY = "(Millions of dollars)"
NOT_SHOWN = "..."
HEADER, FIRST = 5, 7
ROUNDING = 0.5
PRODUCTS_ONLY = 2


def read_bea_make(
    path: str | Path, *, years: Collection[int] = (), cache: bool = True
) -> tuple[SupplyTable, ...]:
    """Make tables of the United States, one a sheet of the published workbook.

    Parameters
    ----------
    path : path
        ``IOMake_Before_Redefinitions_PRO_1997-2020_Summary.xlsx`` or a later edition of this
        summary workbook with sheets named by year.
    years : collection of int, optional
        The years wanted; all by default.
    cache : bool
        As in `scan`.

    Returns
    -------
    tuple of SupplyTable
        By year: 73 products by 71 industries, million USD, producers' prices, with the groupings
        ``manufacturing``, ``services``, ``sectors`` and ``service_kinds``.

    Raises
    ------
    FormatError
        Another file, no sheet of a year asked for, or sums that differ from the published totals
        by more than rounding.
    LabelError
        Labels other than the published ones.
    ValueFault
        A cell that is neither a number nor ``...``, the mark of values of zero.

    Notes
    -----
    Identity: rows and columns add up to the published totals within half a million a cell.
    ``...`` is zero: the sheets say that values of zero are not shown. Cells may be negative;
    results say so.

    Source: U.S. Bureau of Economic Analysis, Concepts and Methods of the U.S. Input-Output Accounts
    (2009), ch. 4 (not re-read).

    Examples
    --------
    >>> from servio.sources import read_bea_make
    >>> read_bea_make("IOMake_Summary.xlsx", years=[2020])  # doctest: +SKIP
    (<SupplyTable bea USA 2020: 73 products x 71 industries, million USD>,)
    """
    from servio.sources import _cache

    file = _guard.regular_file(path)
    [tables] = _cache.load([(file, SOURCE.name)], _table, cache=cache)
    found = {table.info.year: table for table in tables}
    absent = sorted(set(years) - set(found))
    if absent:
        raise FormatError(
            str(file),
            found=f"no sheet {absent[0]}",
            expected=f"one of {tables[0].info.year} to {tables[-1].info.year}",
            remedy="Ask for other years, or use a later edition.",
        )
    return tuple(found[year] for year in sorted(years)) if years else tuple(tables)


def _table(header: Mapping[str, Any], flat: Array, sha: str) -> SupplyTable:
    """One year from output by industry and product, and the published output at the end."""
    known = _bea()
    codes, titles = ([row[i] for row in known["codes"]] for i in (0, 1))
    industries = codes[:-PRODUCTS_ONLY]
    made = flat[: -len(industries)].reshape(len(industries), len(codes))
    text = f"{NOT_SHOWN} read as zero, as the publisher says"
    info = TableInfo(
        "bea", header["year"], "USA", title=known["title"], currency="USD", unit="million",
        prices="current", valuation="producer", kind="supply", input_sha256=sha,
        licence=known["licence"], notes=(Note("not-shown", text),),
    )  # fmt: skip
    return SupplyTable(
        made.T, Axis.national("USA", codes, titles),
        Axis.national("USA", industries, titles[:-PRODUCTS_ONLY]), info,
        flat[-len(industries) :], _groups(codes), _groups(industries),
    )  # fmt: skip


# -- in the child ----------------------------------------------------------------------------------


def extract(path: Path) -> list[tuple[dict[str, Any], Array]]:
    """Header and flat array of each year, as `_table` takes them."""
    book = _workbook.open_book(path)
    years = sorted(name for name in book.sheet_names if re.fullmatch(r"(19|20)\d\d", name))
    if not years:
        raise FormatError(
            str(path),
            found=f"sheets {', '.join(map(repr, book.sheet_names[:6]))}",
            expected="sheets named by year",
            remedy="Use the summary workbook of make tables, as published.",
        )
    return [({"year": int(year)}, _cells(_workbook.Sheet(path, book, year), year))
            for year in years]  # fmt: skip


def _cells(sheet: _workbook.Sheet, year: str) -> Array:
    codes = [code for code, _, _ in _bea()["codes"]]
    industries = codes[:-PRODUCTS_ONLY]
    _check_heading(sheet, year)
    sheet.expect_across(HEADER, 2, codes)
    sheet.expect_down(0, FIRST, industries)
    last, end = FIRST + len(industries), 2 + len(codes)
    sheet.expect_down(1, last, ["Total Commodity Output"])
    sheet.expect_across(HEADER + 1, end, ["Total Industry Output"])
    made = np.array([[_number(sheet, i, j) for j in range(2, end)] for i in range(FIRST, last)])
    by_industry = np.array([_number(sheet, i, end) for i in range(FIRST, last)])
    by_product = np.array([_number(sheet, last, j) for j in range(2, end)])
    _check_totals(sheet, made.sum(axis=1), by_industry, len(codes), industries)
    _check_totals(sheet, made.sum(axis=0), by_product, len(industries), codes)
    return np.concatenate([made.ravel(), by_industry])


@cache
def _bea() -> dict[str, Any]:
    file = resources.files("servio.sources") / "data" / "bea_summary.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _groups(codes: Sequence[str]) -> dict[str, Grouping]:
    known = _bea()
    kinds: dict[str, list[str]] = {}
    for code, _, kind in known["codes"]:
        if code in codes:
            kinds.setdefault(kind, []).append(code)
    kinds.pop("not a sector", None)
    apart = {kind: kinds[kind] for kind in known["services"]}
    services = [code for kind in apart.values() for code in kind]
    goods = {kind: own for kind, own in kinds.items() if kind not in apart}
    members = {
        "services": {"services": services},
        "manufacturing": {"manufacturing": kinds["manufacturing"]},
        "sectors": {**goods, "services": services},
        "service_kinds": apart,
    }
    return {name: Grouping.custom(name, groups) for name, groups in members.items()}


def _check_heading(sheet: _workbook.Sheet, year: str) -> None:
    found = [sheet.text(row, 0) for row in (0, 1, 3)]
    if not found[0].startswith(TITLE) or found[1:] != [MONEY, year]:
        raise FormatError(
            sheet.place(0, 0),
            found=" / ".join(found)[:120],
            expected=f"{TITLE} / {MONEY} / {year}",
            remedy="Use the workbook of make tables before redefinitions, as published.",
        )


def _number(sheet: _workbook.Sheet, row: int, column: int) -> float:
    line = sheet.rows[row] if row < len(sheet.rows) else []
    value = line[column] if column < len(line) else ""
    if value == NOT_SHOWN:
        return 0.0
    if type(value) not in (float, int) or not np.isfinite(value):
        raise sheet.no_number(row, column, value)
    return float(value)


def _check_totals(
    sheet: _workbook.Sheet, sums: Array, totals: Array, cells: int, labels: Sequence[str]
) -> None:
    gap = np.abs(sums - totals)
    at = int(gap.argmax())
    if gap[at] > ROUNDING * (cells + 1):
        raise FormatError(
            f"{sheet.path}, sheet {sheet.name!r}, total of {labels[at]}",
            found=f"{totals[at]:.10g}, where the cells add up to {sums[at]:.10g}",
            expected=f"their sum within rounding, {ROUNDING * (cells + 1):g}",
            remedy="Get the file again from its publisher.",
        )


def read_supply(
    path: str | Path,
    *,
    year: int,
    country: str = "",
    rows: Literal["products", "industries"] = "products",
    classification: str | None = None,
    product_groups: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
    industry_groups: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
    currency: str = "",
    unit: str = "",
    zeros: Collection[str] = (),
) -> SupplyTable:
    r"""One supply table from delimited text: labels in the first row and the first column.

    Parameters
    ----------
    path : path
    year : int
    country : str
    rows : {'products', 'industries'}
        What the rows are; the columns are the other.
    classification : str, optional
        A classification whose codes both products and industries bear, as CPA products bear those
        of NACE: its groupings then work on both sides.
    product_groups, industry_groups : mapping, optional
        Without a classification: grouping -> group -> labels, on either side, such as
        ``{"services": {"services": ["S1", "S2"]}}``.
    currency, unit : str
        Such as ``EUR`` and ``million``.
    zeros : collection of str
        Marks that stand for zero, such as ``:``; any other text is refused.

    Returns
    -------
    SupplyTable

    Raises
    ------
    FormatError, LabelError, ValueFault
        A cell, label or row that can't be read exactly; the message names it.
    UsageError
        ``rows`` is neither, or both a classification and groups are given.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from servio.measure import secondary_output
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "supply.csv"
    >>> _ = path.write_text("product,C28,J62\nC28,95,1\nJ62,5,40\n")
    >>> groups = {"services": {"services": ["J62"]}, "manufacturing": {"manufacturing": ["C28"]}}
    >>> table = read_supply(path, year=2020, product_groups=groups, industry_groups=groups)
    >>> secondary_output(table).value(industry="C28")
    0.05
    """
    if rows not in ("products", "industries"):
        raise UsageError("read_supply rows", found=repr(rows), expected="products or industries",
                         remedy="Choose one of them.")  # fmt: skip
    if classification and (product_groups or industry_groups):
        raise UsageError(
            "read_supply groups",
            found="groups besides a classification",
            expected="one of the two",
            remedy="Leave one out: the classification brings its groupings.",
        )
    file = Path(path)
    matrix = read_matrix(file, NumberFormat(zeros=frozenset(zeros)))
    made = matrix.values if rows == "products" else matrix.values.T
    products, industries = (
        (matrix.rows, matrix.columns) if rows == "products" else (matrix.columns, matrix.rows)
    )
    if classification:
        known = classify.classification(classification)
        products, industries = (known.resolve(labels) for labels in (products, industries))
    info = TableInfo(
        "supply", year, country, currency=currency, unit=unit, kind="supply",
        classification=classification, input_sha256=file_sha256(file), notes=matrix.notes,
    )  # fmt: skip
    return SupplyTable(
        made, Axis.national(country, products), Axis.national(country, industries), info, None,
        _custom(product_groups), _custom(industry_groups),
    )  # fmt: skip


def _custom(groups: Mapping[str, Mapping[str, Sequence[str]]] | None) -> dict[str, Grouping]:
    return {name: Grouping.custom(name, members) for name, members in (groups or {}).items()}
