"""What a report is made of: sections with figures, tables and headline numbers."""

from __future__ import annotations

import base64
import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from servio.report.words import safe_label

__all__ = [
    "Block",
    "Figure",
    "Headline",
    "Key",
    "Section",
    "Table",
    "Text",
    "csv_bytes",
    "data_uri",
]


@dataclass(frozen=True)
class Key:
    """An entry of the key above a chart: a mark (``dot``, ``ring``, ``line`` ...) and its meaning.

    Parameters
    ----------
    mark : str
        Name of a style in the page's style sheet.
    text : str
    colour : str
    """

    mark: str
    text: str
    colour: str


@dataclass(frozen=True)
class Figure:
    """A chart with what a reader needs to trust it.

    Parameters
    ----------
    title, caption : str
        What it is; what is seen.
    note : str
        Measure, unit, source and years.
    alt : str
        The chart in words, for those who don't see it.
    chart : dict
        Vega-Lite.
    data : DataFrame
        What is drawn, for download.
    keys : sequence of Key
    """

    title: str
    caption: str
    note: str
    alt: str
    chart: dict[str, Any]
    data: pd.DataFrame
    keys: Sequence[Key] = ()


@dataclass(frozen=True)
class Table:
    """A table to read, and the same with all digits to download.

    Parameters
    ----------
    title, note : str
    head : sequence of str
    rows : sequence of sequences of str
        Cells as shown; a column is set right if its `numeric` entry is true.
    numeric : sequence of bool
    data : DataFrame
    folded : bool
        Shown only when opened.
    kind : str
        Name of a style of its own; "" for none.
    latex : str
        The same as LaTeX, to download; "" if there is none.
    """

    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[bool]
    data: pd.DataFrame
    folded: bool = False
    kind: str = ""
    latex: str = ""


@dataclass(frozen=True)
class Text:
    """A paragraph, with the words it begins with."""

    text: str
    title: str = ""


@dataclass(frozen=True)
class Headline:
    """One number that stands for a finding.

    Parameters
    ----------
    number : str
        As shown large.
    sentence, more : str
        What it says; what it compares with.
    note : str
        Measure, definition, unit, source and year.
    values : mapping
        The numbers in the sentences with all digits.
    """

    number: str
    sentence: str
    more: str
    note: str
    values: dict[str, float] = field(default_factory=dict)


Block = Figure | Table | Text | Headline


@dataclass(frozen=True)
class Section:
    """A section, or what it would need if it is not part of the study.

    Parameters
    ----------
    title, intro : str
    blocks : sequence
    absent : str
        What the study lacks for it; "" if nothing.
    """

    title: str
    intro: str = ""
    blocks: Sequence[Block] = ()
    absent: str = ""


def csv_bytes(data: pd.DataFrame) -> bytes:
    """Data as CSV, labels harmless to spreadsheets, undefined values as empty cells."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([safe_label(str(name)) for name in data.columns])
    for row in data.itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return safe_label(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def data_uri(content: bytes, kind: str) -> str:
    """Content as an address that needs no network."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
