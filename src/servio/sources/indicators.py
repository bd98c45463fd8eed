"""Indicators by country and year, or by whatever names a row, from delimited text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from servio.errors import FormatError, ValueFault
from servio.sources._csv import Sheet, read_sheet
from servio.sources._matrix import NumberFormat, clean_labels, hint

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_indicators"]


def read_indicators(
    path: str | Path, *, keys: Sequence[str] = ("country", "year"), encoding: str = ""
) -> pd.DataFrame:
    r"""A frame of indicators, such as `servio.explain.coupling_coordination` takes.

    Parameters
    ----------
    path : path
        Delimited text: one row an observation, a header, the columns of `keys`, and numbers in all
        others. Nothing in a cell is a missing value.
    keys : sequence of str
        Columns that name a row. One of whole numbers alone, such as years, becomes numbers.
    encoding : str
        Of the text, such as ``cp949``; without it UTF-8, or what a byte order mark says.

    Returns
    -------
    DataFrame
        The keys, then the indicators as float64, rows in the order of the file; NaN is missing.

    Raises
    ------
    FormatError
        No such file or column, rows of unequal length, or a key without a label.
    LabelError
        A column twice.
    ValueFault
        Something that is no finite number; the message names file, row and column.

    Notes
    -----
    Identity: what is written is what is read; nothing is filled, scaled or left out.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cities.csv"
    >>> _ = path.write_text("city,year,income,waste\nA,2020,3,10\nA,2021,5,\n")
    >>> read_indicators(path, keys=["city", "year"])
      city  year  income  waste
    0    A  2020     3.0   10.0
    1    A  2021     5.0    NaN
    """
    import pandas as pd

    sheet = read_sheet(Path(path), encoding=encoding)
    header, _ = clean_labels(sheet.header, f"{sheet.place}, row 1", lambda j: f"column {j + 1}")
    for key in keys:
        if key not in header:
            raise FormatError(f"{sheet.place}, row 1", found=f"no column {key!r}",
                              expected=", ".join(header),
                              remedy=hint(key, header, 'Name those that name a row: keys=["..."].'),
                              )  # fmt: skip
    rows = [_row(sheet, header, tuple(keys), i, cells) for i, cells in enumerate(sheet, start=2)]
    frame = pd.DataFrame(rows, columns=list(header))
    for key in keys:
        if len(frame) and frame[key].str.fullmatch(r"-?(?:0|[1-9][0-9]{0,14})").all():
            frame[key] = frame[key].astype("int64")
    others = [name for name in header if name not in keys]
    return frame[[*keys, *others]].astype(dict.fromkeys(others, "float64"))


def _row(
    sheet: Sheet, header: Sequence[str], keys: Sequence[str], row: int, cells: Sequence[str]
) -> list[str | float]:
    texts = [cell.strip() for cell in cells]
    named = " ".join(texts[header.index(key)] for key in keys)

    def read(name: str, text: str) -> str | float:
        place = f"{sheet.place}, row {row} ({named}), column {name!r}"
        if name not in keys:
            return _number(text, place) if text else float("nan")
        if not text:
            raise FormatError(place, found="no label", expected=f"a {name} in every row",
                              remedy="Fill it in.")  # fmt: skip
        return text

    return [read(name, text) for name, text in zip(header, texts, strict=True)]


def _number(text: str, place: str) -> float:
    try:
        return NumberFormat().number(text, lambda: place)
    except ValueFault as error:
        raise ValueFault(place, found=error.found, expected=f"{error.expected}, or nothing if it "
                         "is missing", remedy=error.remedy) from None  # fmt: skip
