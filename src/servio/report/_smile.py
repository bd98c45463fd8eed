"""The smile: value added per output against distance from final use, with the test of a U."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from servio import algebra, classify
from servio.report import _charts
from servio.report._blocks import Block, Figure, Key, Section, Table
from servio.report._detail import NO_FOCUS, industry_titles
from servio.report._notes import small_print
from servio.report._view import Slab, Variant, View
from servio.report._words import UNDEFINED, money, number

__all__ = ["smile"]

LEVEL = 0.05
NEEDS = (
    "smile_test with form=curvature and form=p_value, or upstreamness, primary_input_ratio and "
    "footprint with form=production, each by=industry"
)
KINDS = (("manufacturing", _charts.ACCENT), ("services", _charts.PARTNER), ("other", "#8a8a8a"))


def smile(view: View) -> Section:
    """Industries of the focus country along the chain, and the test chain by chain."""
    title = "Smile curve"
    place = view.pick("upstreamness", by="industry")
    rate = view.pick("primary_input_ratio", by="industry")
    size = view.pick("footprint", by="industry", form="production", of="value_added")
    bend = view.pick("smile_test", form="curvature")
    level = view.pick("smile_test", form="p_value")
    curve = place is not None and rate is not None and size is not None
    if not curve and (bend is None or level is None):
        return Section(title, absent=NEEDS)
    if view.focus is None:
        return Section(title, absent=NO_FOCUS)
    blocks: list[Block] = []
    if place is not None and rate is not None and size is not None:
        blocks += _curve(view, place, rate, size)
    if bend is not None and level is not None:
        blocks += _tests(view, bend, level)
    intro = (
        "A smile: much value added per unit of output far from final use (research, design, parts) "
        "and near it (sales, services), little in between."
    )
    return Section(title, intro if blocks else "", blocks,
                   "" if blocks else "a defined value of the focus country")  # fmt: skip


def _own(slab: Slab, code: str | None, year: int) -> pd.Series:
    """Values of one country and year by industry."""
    if code not in slab.codes or year not in slab.years:
        return pd.Series(dtype=np.float64)
    values = slab.values[:, slab.codes.index(code), slab.years.index(year)]
    return pd.Series(values, index=[label[0] for label in slab.labels])


def _curve(view: View, place: Variant, rate: Variant, size: Variant) -> Iterator[Figure]:
    slabs = [view.slab(v) for v in (place, rate, size)]
    year = max(slabs[0].years)
    names = ("distance", "rate", "value_added")
    columns = {n: _own(s, view.focus, year) for n, s in zip(names, slabs, strict=True)}
    frame = pd.DataFrame(columns).loc[lambda f: (f["rate"] > 0) & (f["value_added"] > 0)].dropna()
    if len(frame) < 5 or frame["distance"].nunique() < 3:
        return
    codes = [str(code) for code in frame.index]
    frame["kind"] = _kinds(codes)
    frame["title"] = industry_titles(codes)
    test = algebra.lind_mehlum(frame["distance"], np.log(frame["rate"]), frame["value_added"])
    caption = (
        f"{view.focus_name} in {year}, {len(frame)} industries: {_verdict(test)} "
        f"Most value added: {_largest(frame, slabs[2].unit)}."
    )
    yield Figure(
        f"Value added per output by distance from final use: {view.focus_name}, {year or ''}",
        caption,
        small_print(view, rate, slabs[1].unit, [year])
        + " Across: upstreamness, in stages. Areas: value added (footprint, form=production). The "
        "line is ln rate = a + b d + c d², weighted with value added; test of Lind and Mehlum "
        "(2010).",
        f"Bubble chart of {len(frame)} industries. {caption}",
        _chart(frame, test),
        frame.assign(fitted=_fitted(test, frame["distance"].to_numpy()), year=year)
        .rename_axis("industry").reset_index(),
        [Key("dot", name, colour) for name, colour in KINDS] + [Key("dash", "fitted", _charts.INK)],
    )  # fmt: skip


def _kinds(codes: Sequence[str]) -> list[str]:
    known = classify.identify(list(codes))
    found = ["other"] * len(codes)
    if known is not None:
        for kind in ("manufacturing", "services"):
            inside = classify.grouping(kind).weights(known, list(codes)).sum(axis=0) > 0
            found = [kind if yes else old for yes, old in zip(inside, found, strict=True)]
    return found


def _verdict(test: algebra.UShape) -> str:
    """What the test says, in words."""
    level = "below 0.001" if test.p_value < 0.001 else f"{test.p_value:.3f}"
    if test.p_value < LEVEL:
        return f"a smile, lowest at {test.vertex:.2f} stages (U test: p {level})."
    if test.quadratic > 0:
        return f"the curve bends upward, but it is no smile at the 5 % level (U test: p {level})."
    return f"no smile, the curve does not bend upward (U test: p {level})."


def _largest(frame: pd.DataFrame, unit: str) -> str:
    top = frame.sort_values("value_added", ascending=False, kind="stable").iloc[:3]
    return ", ".join(
        f"{row.title} ({money(row.value_added, unit)}, {number(row.rate, 'share')} of its output)"
        for row in top.itertuples()
    )


def _fitted(test: algebra.UShape, at: Any) -> Any:
    return np.exp(test.intercept + test.linear * at + test.quadratic * at**2)


def _chart(frame: pd.DataFrame, test: algebra.UShape) -> dict[str, Any]:
    data = _charts.Data()
    width, height = _charts.WIDTH - 75, 380
    low, high = float(frame["distance"].min()), float(frame["distance"].max())
    room = 0.08 * (high - low)
    x = alt.X(
        "x:Q", title="stages to final use (final use on the right)",
        scale=alt.Scale(domain=[high + room, low - room], nice=False, zero=False),
        axis=alt.Axis(tickCount=6, grid=False),
    )  # fmt: skip
    top = min(1.05, 1.12 * float(frame["rate"].max()))
    y = alt.Y("y:Q", title="value added per unit of output",
              scale=alt.Scale(domain=[0, top], nice=False),
              axis=alt.Axis(format="~%", tickCount=6))  # fmt: skip
    grid = np.linspace(low, high, 60)
    line = [{"x": float(a), "y": float(b)} for a, b in zip(grid, _fitted(test, grid), strict=True)
            if b <= top]  # fmt: skip
    colours = dict(KINDS)
    rows = [
        {"x": float(r.distance), "y": float(r.rate), "size": float(r.value_added),
         "colour": colours[str(r.kind)], "code": str(code)}
        for code, r in frame.sort_values("value_added", ascending=False, kind="stable").iterrows()
    ]  # fmt: skip
    rows = _named(rows, (high + room, low - room), top, (width, height))
    points = alt.Chart(data(rows)).encode(x=x, y=y, color=alt.Color("colour:N", scale=None))
    area = alt.Size("size:Q", legend=None, scale=alt.Scale(range=[0, 1300], domainMin=0))
    chart = alt.layer(
        points.mark_point(filled=True, opacity=0.55, stroke="#ffffff").encode(size=area),
        alt.Chart(data(line)).mark_line(color=_charts.INK, strokeDash=_charts.DASH)
        .encode(x=x, y=y),
        alt.Chart(data(rows)).mark_text(fontSize=8.5, color=_charts.INK)
        .encode(x=x, y=y, text="name:N"),
    )  # fmt: skip
    return _charts.finish(chart.properties(width=width, height=height), data)


def _named(
    rows: Sequence[Mapping[str, Any]], ends: tuple[float, float], top: float,
    size: tuple[int, int],
) -> list[dict[str, Any]]:  # fmt: skip
    """Codes on the points, largest first, where none covers another."""
    taken: list[tuple[float, float]] = []
    found = []
    for row in rows:
        x = (row["x"] - ends[0]) / (ends[1] - ends[0]) * size[0]
        y = row["y"] / top * size[1]
        free = all(abs(x - a) > 24 or abs(y - b) > 10 for a, b in taken)
        if free:
            taken.append((x, y))
        found.append({**row, "name": row["code"] if free else ""})
    return found


def _tests(view: View, bend: Variant, level: Variant) -> Iterator[Table]:
    """The test chain by chain: final products of the focus country's manufacturing."""
    slabs = view.slab(bend), view.slab(level)
    year = max(slabs[0].years)
    frame = pd.DataFrame({"curvature": _own(slabs[0], view.focus, year),
                          "p_value": _own(slabs[1], view.focus, year)})  # fmt: skip
    if "manufacturing" in _kinds([str(code) for code in frame.index]):
        frame = frame[[k == "manufacturing" for k in _kinds([str(c) for c in frame.index])]]
    if frame.empty:
        return
    titles = industry_titles([str(code) for code in frame.index])
    verdicts = [_chain_verdict(r.curvature, r.p_value) for r in frame.itertuples()]
    rows = [
        [title, _signed(r.curvature), _level(r.p_value), verdict]
        for title, verdict, r in zip(titles, verdicts, frame.itertuples(), strict=True)
    ]
    smiles = sum(v == "smile" for v in verdicts)
    data = frame.assign(verdict=verdicts, title=titles, country=view.focus, year=year)
    yield Table(
        f"Chains of manufactures of {view.focus_name}, {year or ''}: {smiles} of {len(rows)} smile",
        small_print(view, bend, slabs[0].unit, [year])
        + " Curvature of the log rate per link squared, over all earners of the chain in all "
        "countries; p of the test of Lind and Mehlum, a smile below 0.05. Earners of one chain are "
        "not independent of each other.",
        ["Final product", "Curvature", "p of the U test", "Verdict"],
        rows, [False, True, True, False], data.rename_axis("product").reset_index(),
    )  # fmt: skip


def _chain_verdict(curvature: float, p_value: float) -> str:
    if np.isnan(curvature) or np.isnan(p_value):
        return UNDEFINED
    if p_value < LEVEL:
        return "smile"
    return "bends upward, no smile" if curvature > 0 else "no smile"


def _signed(value: float) -> str:
    return UNDEFINED if np.isnan(value) else f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def _level(value: float) -> str:
    if np.isnan(value):
        return UNDEFINED
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
