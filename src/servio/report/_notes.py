"""The small print that goes with every number, and frames to download."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from servio.report.view import Panel, Variant, View
from servio.report.words import country, span

__all__ = ["about", "lines", "member_words", "small_print", "unit_words", "wide_frame"]

_UNITS = {
    "share": "share, shown in percent",
    "ratio": "ratio, money per unit of money",
}


def unit_words(unit: str) -> str:
    """A unit for readers."""
    return _UNITS.get(unit, unit)


def about(variant: Variant) -> str:
    """A measure and its options in words, with its name in servio."""
    words = f": {variant.words}" if variant.words else ""
    return f"{variant.spec.title} ({variant.name}){words}"


def small_print(view: View, variant: Variant, unit: str, years: Iterable[int | None]) -> str:
    """Measure, definition, unit, source and years in one line."""
    when = span([year for year in years if year])
    return (
        f"Measure: {about(variant)}. Unit: {unit_words(unit)}. "
        f"Source: {view.title}, {when}; own calculation."
    )


def member_words(view: View) -> str:
    """How many countries and years the source gives."""
    number = len(view.codes)
    places = country(view.codes[0]) if number == 1 else f"{number} countries"
    return f"{places}, {span(view.years)}"


def lines(frame: pd.DataFrame, codes: Sequence[str]) -> list[dict[str, object]]:
    """Rows code, year, value of some countries, undefined values kept as gaps."""
    return [
        {"code": code, "year": int(year), "value": float(value)}
        for code in codes
        for year, value in frame.loc[code].items()
    ]


def wide_frame(panels: Mapping[str, Panel], name: str = "group") -> pd.DataFrame:
    """Panels under one another, one column a year: what is drawn."""
    pieces = []
    for label, panel in panels.items():
        piece = panel.frame.rename(columns=lambda year: str(year or "value")).reset_index()
        piece.insert(0, name, label)
        piece.insert(2, "unit", panel.unit)
        pieces.append(piece)
    return pd.concat(pieces, ignore_index=True)
