"""Where the fitted equations of two sectors lead, with bands, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from servio.report import _charts
from servio.report._blocks import Figure, Key
from servio.report.view import View
from servio.report.words import count_words, country, money, span

__all__ = ["projections"]

PANELS, LARGEST = 6, 3
"""Countries shown at most, and how many of the largest with a band join the marked ones."""
HIGH = 3.0
"""Times the largest observation at which paths and bands are cut in the chart."""


def projections(view: View, found: pd.DataFrame) -> Iterator[Figure]:
    """Data, fit and projection of the marked countries and the largest with a band.

    Parameters
    ----------
    view : View
    found : DataFrame
        Rows of ``symbiosis.parquet`` of the source.
    """
    paths = view.results.store.projections()
    if paths is None:
        return
    paths = paths[(paths["source"] == view.source) & paths["country"].isin(found["country"])]
    if paths.empty:
        return
    shown = _shown(view, paths)
    own = pd.concat([paths[paths["country"] == code] for code in shown], ignore_index=True)
    first, last = int(own["year"].min()), int(own["year"].max())
    kinds = found.set_index("country")["kind"]
    caption = " ".join(_told(code, own[own["country"] == code], str(kinds[code])) for code in shown)
    banded = paths.loc[paths["intervals"] != "", "country"].nunique()
    intro = (
        f"{count_words(banded, 'country', 'countries')} of {paths['country'].nunique()} have a "
        "band. "
    )
    yield Figure(
        f"Where the fitted equations lead: {', '.join(country(code) for code in shown)}",
        intro + caption,
        _small_print(view, own, first),
        f"Panels of countries and sectors over {first} to {last}. {intro}{caption}",
        _panels(own),
        own.drop(columns="source"),
        [Key("ring", "observed", _charts.INK), Key("line", "fitted", _charts.INK),
         Key("dash", "projected", _charts.ACCENT),
         Key("band", "band of an observation", _charts.ACCENT)],
    )  # fmt: skip


def _shown(view: View, paths: pd.DataFrame) -> list[str]:
    """Marked countries first, then the largest with a band."""
    there = set(paths["country"])
    marked = [code for code in view.shown if code in there][:PANELS]
    known = paths[(paths["intervals"] != "") & ~paths["projected"]]
    size = known[known["year"] == known["year"].max()].groupby("country")["observed"].sum()
    largest = size.sort_values(ascending=False, kind="stable").index
    more = [str(code) for code in largest if code not in marked][:LARGEST]
    return [*marked, *more][:PANELS] or sorted(there)[:1]


def _told(code: str, own: pd.DataFrame, kind: str) -> str:
    """One sentence a country: where it ends and how sure, or why it does not."""
    name = country(code)
    note = str(own["note"].iloc[0])
    if not own["projected"].any():
        return f"{name}: no projection, {note.split('; ')[-1]}."
    last = own[own["year"] == own["year"].max()]
    ends = []
    for row in last.to_dict(orient="records"):
        end = f"{row['sector']} {money(float(row['value']), str(row['unit']))}"
        if np.isfinite([row["observed_lower"], row["observed_upper"]]).all():
            low, high = (money(float(row[f"observed_{k}"]), str(row["unit"])).split(" ", 1)
                         for k in ("lower", "upper"))  # fmt: skip
            start = low[0] if low[1] == high[1] else " ".join(low)
            end += f" ({start} to {' '.join(high)})"
        ends.append(end)
    words = f"{name} in {int(last['year'].iloc[0])}: {', '.join(ends)}"
    if note:
        words += f"; {note}"
    elif not np.isfinite(last["observed_upper"]).all():
        words += "; the band has no upper end"
    return f"{words}. Kind of symbiosis: {kind}."


def _small_print(view: View, own: pd.DataFrame, first: int) -> str:
    seen = own[~own["projected"]]
    level = float(own["level"].iloc[0])
    drawn = own.loc[own["intervals"] != "", "intervals"]
    how = f"{level:.0%} band: {drawn.iloc[0]}, and the error of one year. " if len(drawn) else ""
    years = span([first, int(seen["year"].max())])
    return (
        f"{how}It rests on the equations (Lotka-Volterra) fitted to {years} holding on unchanged: "
        "no crisis, no change of prices, exchange rates or parameters is in it, and a kind that is "
        "not identified is not made surer by a band. Lines and bands are cut at "
        f"{HIGH:g} times the largest observation. Unit: {own['unit'].iloc[0]}. "
        f"Source: {view.title}, {years}; own calculation."
    )


def _panels(own: pd.DataFrame) -> dict[str, Any]:
    """One panel a country and sector, each on its own scale."""
    rows = _rows(own)
    data = _charts.Data()
    years = [min(row["year"] for row in rows), max(row["year"] for row in rows)]
    x = alt.X(
        "year:Q",
        scale=alt.Scale(domain=years, nice=False, zero=False),
        axis=alt.Axis(title=None, format="d", tickCount=5, grid=False),
    )
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=True),
              axis=alt.Axis(format="~s", tickCount=4))  # fmt: skip
    table = alt.Chart(data(rows))
    layers = [
        table.mark_area(color=_charts.ACCENT, opacity=0.16).encode(
            x=x, y=alt.Y("low:Q", title=None), y2="high:Q"
        ),
        table.mark_line(color=_charts.INK, strokeWidth=1.6).encode(
            x=x, y=alt.Y("fitted:Q", title=None)
        ),
        table.mark_line(color=_charts.ACCENT, strokeWidth=1.8, strokeDash=_charts.DASH).encode(
            x=x, y=alt.Y("ahead:Q", title=None)
        ),
        table.mark_point(color=_charts.INK, size=18, strokeWidth=1.2).encode(x=x, y=y),
    ]
    order = list(dict.fromkeys(row["panel"] for row in rows))
    facet = alt.Facet("panel:N", sort=order, title=None,
                      header=alt.Header(labelAnchor="start", labelLimit=300))  # fmt: skip
    panels = alt.layer(*layers).properties(width=280, height=110)
    gaps = {"row": 40, "column": 48}
    grid = panels.facet(facet, columns=2, spacing=gaps, bounds="flush")
    return _charts.finish(grid.resolve_scale(y="independent"), data)


def _rows(own: pd.DataFrame) -> list[dict[str, Any]]:
    """What is drawn: the projection begins where the fit ends; gaps where nothing is known."""
    rows = []
    for (code, sector), part in own.groupby(["country", "sector"], sort=False):
        top = HIGH * float(part["observed"].max())
        last = int(part.loc[~part["projected"], "year"].max())
        for row in part.to_dict(orient="records"):
            year = int(row["year"])
            path = min(float(row["value"]), top)
            rows.append({
                "panel": f"{country(str(code))}: {sector}", "year": year,
                "value": float(row["observed"]),
                "fitted": path if year <= last else np.nan,
                "ahead": path if year >= last else np.nan,
                "low": min(float(row["observed_lower"]), top),
                "high": min(float(row["observed_upper"]), top),
            })  # fmt: skip
    return rows
