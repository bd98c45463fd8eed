"""Shares of functions (R&D, management, marketing, fabrication) in value added, as satellites."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from servio.errors import FormatError, LabelError, ValueFault
from servio.sources._csv import Sheet, read_sheet
from servio.sources._matrix import NumberFormat
from servio.table import IOTable, Satellite

__all__ = ["with_functions"]

HEADER = ("country", "industry", "function", "share")
WHOLE = 1e-6


def with_functions(table: IOTable, path: str | Path) -> IOTable:
    r"""Add what part of each industry's value added each function earns.

    Parameters
    ----------
    table : IOTable
    path : path
        Delimited text with the columns country, industry, function and share, in any order of
        rows: one for each industry with output and function. A share is that of the function in
        the income of the industry's workers, say from occupations and wages.

    Returns
    -------
    IOTable
        With a satellite (n,) for each function, ``functions: fabrication``, for
        `servio.measure.functional_specialisation`.

    Raises
    ------
    FormatError
        Other columns.
    LabelError
        A country and industry that is not in the table, twice in the file, or missing from it.
    ValueFault
        Something that is no number from 0 to 1, or shares of an industry that do not add up to 1
        within a millionth; what rounding left is divided in proportion.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from servio import read
    >>> from servio.measure import functional_specialisation
    >>> world = read("model:countries=2", year=2010)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "functions.csv"
    >>> lines = ["country,industry,function,share"]
    >>> for country, code in zip(world.axis.countries, world.axis.codes):
    ...     research = 0.3 if country == "M01" else 0.1
    ...     lines += [f"{country},{code},research,{research}",
    ...               f"{country},{code},fabrication,{1 - research}"]
    >>> _ = path.write_text("\n".join(lines))
    >>> found = functional_specialisation(with_functions(world, path), form="share")
    >>> round(found.value(country="M01", part="research"), 3)
    0.3
    """
    sheet = read_sheet(Path(path))
    header = [cell.strip().lower() for cell in sheet.header]
    if sorted(header) != sorted(HEADER):
        raise FormatError(
            f"{sheet.place}, row 1",
            found=", ".join(header),
            expected=", ".join(HEADER),
            remedy="Name the columns so, in any order.",
        )
    shares = _shares(table, sheet, [header.index(name) for name in HEADER])
    found = np.array(list(shares.values()))
    _check_whole(table, sheet.place, found)
    whole = np.where(table.live, found.sum(axis=0), 1.0)
    added = {
        f"functions: {name}": Satellite(values, "share")
        for name, values in zip(shares, np.where(table.live, found / whole, 0.0), strict=True)
    }
    info = table.info.step(f"shares of functions added from {sheet.place}")
    return replace(table, satellites={**table.satellites, **added}, info=info, trusted=False)


def _shares(table: IOTable, sheet: Sheet, order: list[int]) -> dict[str, np.ndarray]:
    """Shares (n,) by function; NaN where the file has none."""
    places = {pair: i for i, pair in
              enumerate(zip(table.axis.countries, table.axis.codes, strict=True))}  # fmt: skip
    found: dict[str, np.ndarray] = {}
    for row, cells in enumerate(sheet, start=2):
        country, industry, function, text = (cells[i].strip() for i in order)
        place = f"{sheet.place}, row {row} ({country} {industry} {function})"
        value = NumberFormat().number(text, lambda place=place: place)  # type: ignore[misc]
        if not 0 <= value <= 1:
            raise ValueFault(place, found=text, expected="a share from 0 to 1",
                             remedy="Correct it; percent are to be divided by 100.")  # fmt: skip
        at = places.get((country, industry))
        values = found.setdefault(function, np.full(len(table), np.nan))
        if at is None or not np.isnan(values[at]):
            raise LabelError(
                place,
                found="the same row twice" if at is not None else "no such industry",
                expected=f"each industry of {table.info.name} once, such as "
                f"{' '.join(next(iter(places)))}",
                remedy="Correct the row.",
            )
        values[at] = value
    return found


def _check_whole(table: IOTable, place: str, shares: np.ndarray) -> None:
    """Every industry with output has all functions, and they add up to 1."""
    if not len(shares):
        raise FormatError(place, found="no rows", expected="one row a country, industry, function",
                          remedy="Complete the file.")  # fmt: skip
    sums = shares.sum(axis=0)
    missing, wrong = table.live & np.isnan(sums), table.live & (np.abs(sums - 1) > WHOLE)
    if missing.any():
        raise LabelError(
            f"{place}, {table.axis.labels[int(np.argmax(missing))]}",
            found=f"no share of {int(missing.sum())} industries",
            expected="a row for each industry with output and each function",
            remedy="Complete the file; 0 is a share, nothing is not.",
        )
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueFault(
            f"{place}, {table.axis.labels[at]}",
            found=f"shares that add up to {sums[at]:.7g}",
            expected="1",
            remedy=f"Correct the shares of {int(wrong.sum())} industries.",
        )
