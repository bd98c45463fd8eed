"""The smile: value added per output against distance from final use, with the test of a U."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from servio import algebra
from servio.measure.smile import LEVEL, verdict
from servio.report import _charts
from servio.report._blocks import Block, Figure, Key, Section, Table
from servio.report._detail import NO_FOCUS
from servio.report._notes import small_print
from servio.report.view import Slab, Variant, View
from servio.report.words import UNDEFINED, country, industry_kinds, industry_titles, money, number

__all__ = ["DRAWN", "KINDS", "bubbles", "fitted", "named", "smile"]

DRAWN, NAMES, LARGE = 80, 34, 0.15
SHARE = 1e-12
NEEDS = (
    "smile_curve with form=distance, rate and share, or smile_test with form=curvature and "
    "form=p_value, or upstreamness, primary_input_ratio and "
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
    one = view.variants("smile_curve", form="distance")
    if not curve and not one and (bend is None or level is None):
        return Section(title, absent=NEEDS)
    if view.focus is None and not one:
        return Section(title, absent=NO_FOCUS)
    blocks: list[Block] = [figure for variant in one for figure in _chain(view, variant)]
    if view.focus and place is not None and rate is not None and size is not None:
        blocks += _curve(view, place, rate, size)
    if view.focus and bend is not None and level is not None:
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
    frame["kind"] = industry_kinds(codes)
    frame["title"] = industry_titles(codes)
    test = algebra.lind_mehlum(frame["distance"], np.log(frame["rate"]), frame["value_added"])
    caption = (
        f"{view.focus_name} in {year}, {len(frame)} industries: {verdict(test, 'stages')}. "
        f"Most value added: {_largest(frame, slabs[2].unit)}."
    )
    yield Figure(
        f"Value added per output by distance from final use: {view.focus_name}, {year or ''}",
        caption,
        small_print(view, rate, slabs[1].unit, [year])
        + " Across: upstreamness, in stages. Areas: value added (footprint, form=production). The "
        "line is ln rate = a + b d + c d², weighted with value added; the smallest points are "
        "enlarged; test of Lind and Mehlum (2010).",
        f"Bubble chart of {len(frame)} industries. {caption}",
        _chart(frame, test),
        frame.assign(fitted=fitted(test, frame["distance"].to_numpy()), year=year)
        .rename_axis("industry").reset_index(),
        [Key("dot", name, colour) for name, colour in KINDS] + [Key("dash", "fitted", _charts.INK)],
    )  # fmt: skip


def _largest(frame: pd.DataFrame, unit: str) -> str:
    top = frame.sort_values("value_added", ascending=False, kind="stable").iloc[:3]
    return ", ".join(
        f"{row.title} ({money(row.value_added, unit)}, {number(row.rate, 'share')} of its output)"
        for row in top.itertuples()
    )


def fitted(test: algebra.UShape, at: Any) -> Any:
    """The curve of a test at some distances."""
    return np.exp(test.intercept + test.linear * at + test.quadratic * at**2)


def _chart(frame: pd.DataFrame, test: algebra.UShape) -> dict[str, Any]:
    data = _charts.Data()
    chart = bubbles(frame, test, data, x_title="stages to final use (final use on the right)",
                     size=(_charts.WIDTH - 75, 380))  # fmt: skip
    return _charts.finish(chart, data)


def bubbles(
    frame: pd.DataFrame, test: algebra.UShape | None, data: _charts.Data, *, x_title: str,
    size: tuple[int, int], title: str = "", ends: tuple[float, float] | None = None,
    top: float = 0.0,
) -> Any:  # fmt: skip
    """Earners by distance (falling), rate and value added (area), with the fitted line.

    The largest have their name, small ones beside the point.
    """
    width, height = size
    low, high = ends or (float(frame["distance"].min()), float(frame["distance"].max()))
    room = 0.08 * (high - low)
    x = alt.X(
        "x:Q", title=x_title,
        scale=alt.Scale(domain=[high + room, low - room], nice=False, zero=False),
        axis=alt.Axis(tickCount=6, grid=False),
    )  # fmt: skip
    top = top or min(1.05, 1.12 * float(frame["rate"].max()))
    y = alt.Y("y:Q", title="value added per unit of output",
              scale=alt.Scale(domain=[0, top], nice=False),
              axis=alt.Axis(format="~%", tickCount=6))  # fmt: skip
    grid = np.linspace(low, high, 60) if test is not None else np.empty(0)
    curve = fitted(test, grid) if test is not None else grid
    line = [{"x": float(a), "y": float(b)} for a, b in zip(grid, curve, strict=True)
            if b <= top]  # fmt: skip
    colours = dict(KINDS)
    rows = [
        {"x": float(r.distance), "y": float(r.rate), "size": float(r.value_added),
         "colour": colours[str(r.kind)], "code": str(code)}
        for code, r in frame.sort_values("value_added", ascending=False, kind="stable")
        .iterrows()
    ]  # fmt: skip
    texts = named(rows[:NAMES], (high + room, low - room), top, size)
    large = LARGE * float(frame["value_added"].max())
    points = alt.Chart(data(rows)).encode(x=x, y=y, color=alt.Color("colour:N", scale=None))
    area = alt.Size("size:Q", legend=None, scale=alt.Scale(range=[14, 1300], domainMin=0))

    def text(rows: list[dict[str, Any]], **how: Any) -> Any:
        mark = alt.Chart(data(rows)).mark_text(fontSize=8.5, color=_charts.INK, **how)
        return mark.encode(x=x, y=y, text="code:N")

    chart = alt.layer(
        points.mark_point(filled=True, opacity=0.55, stroke="#ffffff").encode(size=area),
        alt.Chart(data(line)).mark_line(color=_charts.INK, strokeDash=_charts.DASH)
        .encode(x=x, y=y),
        text([row for row in texts if row["size"] >= large]),
        text([row for row in texts if row["size"] < large], align="left", dx=4),
    )  # fmt: skip
    return chart.properties(width=width, height=height, **({"title": title} if title else {}))


def _chain(view: View, variant: Variant) -> Iterator[Figure]:
    """All earners of one chain in the first and the last year."""
    options = {k: v for k, v in variant.options.items() if k != "form"}
    forms = {form: view.pick("smile_curve", None, form=form, **options)
             for form in ("distance", "rate", "share")}  # fmt: skip
    if not all(forms.values()):
        return
    years = view.slab(variant).years
    chosen = sorted({view.base if view.base in years else years[0], years[-1]})
    frames = {year: _earners(view, options, year) for year in chosen}
    frames = {y: f for y, f in frames.items() if len(f) > 3 and f["distance"].nunique() > 2}
    if not frames:
        return
    tests = {y: algebra.lind_mehlum(f["distance"], np.log(f["rate"]), f["value_added"])
             for y, f in frames.items()}  # fmt: skip
    what = _chain_words(options)
    caption = f"{what}. " + " ".join(
        f"{year or 'One table'}: {verdict(tests[year], 'links')}; most earned by "
        f"{_first(frame)}." for year, frame in frames.items()
    )  # fmt: skip
    caption += f" Drawn are the {DRAWN} largest earners a year; the fit has all."
    drawn = {year: frame.nlargest(DRAWN, "value_added") for year, frame in frames.items()}
    every, data = pd.concat(drawn.values()), _charts.Data()
    top = min(1.05, 1.12 * float(every["rate"].max()))
    ends = float(every["distance"].min()), float(every["distance"].max())
    wide = (_charts.WIDTH - 75 - 50 * (len(frames) - 1)) // len(frames)
    panels = [
        bubbles(frame, tests[year], data, x_title="links to the end of the chain",
                 size=(wide, 320), title=str(year or ""), ends=ends, top=top)
        for year, frame in drawn.items()
    ]  # fmt: skip
    slabs = view.slab(variant)
    yield Figure(
        f"Smile curve of one chain: {what}",
        caption,
        small_print(view, variant, slabs.unit, list(frames))
        + " Across: links to the end of the chain, its end on the right. Areas: share of what all "
        "earn, the smallest enlarged. The line is ln rate = a + b d + c d², weighted with the "
        "shares; test of Lind and Mehlum (2010).",
        f"{len(panels)} bubble charts. {caption}",
        _charts.finish(alt.hconcat(*panels, spacing=30), data),
        pd.concat([
            f.assign(fitted=fitted(tests[y], f["distance"].to_numpy()), year=y)
            .rename_axis("label").reset_index() for y, f in drawn.items()
        ]),
        [Key("dot", name, colour) for name, colour in KINDS] + [Key("dash", "fitted", _charts.INK)],
    )  # fmt: skip


def _chain_words(options: Mapping[str, str]) -> str:
    """Which products the chain ends in."""
    place, _, code = options["chain"].rpartition("_")
    if place:
        name = industry_titles([code])[0].replace("  ", " ")
        return f"{name} of {country(place)}"
    where = f" of {country(options['producer'])}" if options["producer"] else ""
    return f"{options['chain']}{where}"


def _earners(view: View, options: Mapping[str, str], year: int) -> pd.DataFrame:
    """Who earns in a chain, in every country and region: distance, rate and share."""
    rows = view.results.store.results("smile_curve", source=view.source, **options)
    rows = rows[rows["year"].fillna(0) == year]
    frame = rows.pivot(index=["country", "industry"], columns="form", values="value")
    frame = frame.rename(columns={"share": "value_added"})
    frame = frame[(frame["rate"] > 0) & (frame["value_added"] > SHARE)].dropna()
    codes = [str(code) for code in frame.index.get_level_values("industry")]
    frame["kind"] = industry_kinds(codes)
    frame["title"] = industry_titles(codes)
    frame.index = pd.Index([f"{c} {i}".strip() for c, i in frame.index])
    return frame


def _first(frame: pd.DataFrame) -> str:
    top = frame.nlargest(3, "value_added")
    return ", ".join(f"{label} ({number(v, 'share')})"
                     for label, v in top["value_added"].items())  # fmt: skip


def named(
    rows: Sequence[Mapping[str, Any]], ends: tuple[float, float], top: float,
    size: tuple[int, int], above: str = "y",
) -> list[dict[str, Any]]:  # fmt: skip
    """Points whose name covers no name of a larger one; largest first.

    `above` is the column with heights over the lower end of the axis.
    """
    taken: list[tuple[float, float]] = []
    found = []
    for row in rows:
        x = (row["x"] - ends[0]) / (ends[1] - ends[0]) * size[0]
        y = row[above] / top * size[1]
        wide = 5.5 * len(row["code"]) + 7
        if all(abs(x - a) > wide or abs(y - b) > 10 for a, b in taken):
            taken.append((x, y))
            found.append(dict(row))
    return found


def _tests(view: View, bend: Variant, level: Variant) -> Iterator[Table]:
    """The test chain by chain: final products of the focus country's manufacturing."""
    slabs = view.slab(bend), view.slab(level)
    year = max(slabs[0].years)
    frame = pd.DataFrame({"curvature": _own(slabs[0], view.focus, year),
                          "p_value": _own(slabs[1], view.focus, year)})  # fmt: skip
    if "manufacturing" in industry_kinds([str(code) for code in frame.index]):
        frame = frame[[k == "manufacturing" for k in industry_kinds([str(c) for c in frame.index])]]
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
