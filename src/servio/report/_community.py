"""The community that sectors are: who feeds whom, who gains by whom, who holds it together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from servio.report import _charts
from servio.report._blocks import Block, Figure, Section
from servio.report._detail import NO_FOCUS
from servio.report._notes import small_print
from servio.report._succession import (
    GROUPINGS,
    adhesive,
    aggregation,
    convention,
    countries,
    indicators,
    over_years,
    trophic_levels,
)
from servio.report.view import Slab, Variant, View
from servio.report.words import number

__all__ = ["community"]

THIN, WIDE, RADIUS = 0.02, 9.0, 150.0
RELATIONS = {4: "mutualism", 2: "exploits", -2: "is exploited", -4: "competition", 0: "none",
             3: "(+, 0)", 1: "(0, +)", -1: "(0, −)", -3: "(−, 0)"}  # fmt: skip


def community(view: View) -> Section:
    """Who feeds whom, who gains by whom, who holds it together, and how that moved."""
    title = "The economy as a community"
    prefer = {"by": "broad", "detail": "group", "origin": "domestic"}
    fed = view.pick("nutrition", prefer, form="direct", by=GROUPINGS)
    relation = view.pick("utility_relation", prefer, form="relation", by=GROUPINGS)
    if fed is None and relation is None:
        return Section(title, absent="nutrition with form=direct, utility_relation with "
                       "form=relation, each by=broad or communities")  # fmt: skip
    if view.focus is None:
        return Section(title, absent=NO_FOCUS)
    blocks: list[Block] = [*convention(view)]
    said = len(blocks)
    if fed is not None:
        blocks += _network(view, fed)
    if relation is not None:
        blocks += _relations(view, relation)
    for make in (aggregation, adhesive, trophic_levels, over_years, countries, indicators):
        blocks += make(view)
    intro = (
        "A table of flows read as an ecosystem: sectors are communities that feed on each other "
        "and on what comes from outside (value added, imports)."
    )
    if len(blocks) == said:
        return Section(title, absent="a defined value of the focus country")
    return Section(title, intro, blocks)


def _pairs(slab: Slab, code: str | None) -> tuple[int, pd.DataFrame]:
    """Values of the last year in which a country has any: nodes by the nodes they are set to.

    Of a network of several countries those between its own nodes.
    """
    if code not in slab.codes:
        return 0, pd.DataFrame()
    home = [k for k, (_, partner, _, _) in enumerate(slab.labels) if partner in ("", code)]
    own = slab.values[home, slab.codes.index(code)]
    there = np.flatnonzero(~np.isnan(own).all(axis=0))
    if not len(there):
        return 0, pd.DataFrame()
    labels = [slab.labels[k] for k in home]
    index = pd.MultiIndex.from_tuples([(label[0], label[2]) for label in labels])
    nodes = list(dict.fromkeys(index.get_level_values(0)))
    wide = pd.Series(own[:, there[-1]], index=index).unstack()
    return slab.years[there[-1]], wide.reindex(index=nodes, columns=nodes)


def _abroad(slab: Slab) -> str:
    """What to say where nodes of other countries are in the network."""
    if set(slab.names("partner")) <= {""}:
        return ""
    return " Links with nodes of other countries are in the network but not shown."


def _network(view: View, variant: Variant) -> Iterator[Figure]:
    slab = view.slab(variant)
    year, shares = _pairs(slab, view.focus)
    if shares.empty:
        return
    by = variant.options["by"]
    size = view.pick("throughflow", by=by, origin=variant.options["origin"])
    through = _of(view, size, year).reindex(shares.index) if size else pd.Series(dtype=np.float64)
    names = {str(node): str(node).replace("_", " ") for node in shares.index}
    pairs = [
        (str(taker), str(giver), float(shares.loc[taker, giver]))
        for taker in shares.index
        for giver in shares.columns
    ]
    across = [one for one in pairs if one[0] != one[1] and not math.isnan(one[2])]
    top = sorted(across, key=lambda one: -one[2])[:2]
    strongest = "; ".join(
        f"{names[taker]} has {number(share, 'share')} of its intake from {names[giver]}"
        for taker, giver, share in top
    )
    caption = f"{view.focus_name} in {year}: {strongest}."
    data = pd.DataFrame(pairs, columns=["taker", "giver", "share_of_intake"])
    data["throughflow_of_taker"] = data["taker"].map(through) if len(through) else math.nan
    yield Figure(
        f"Who feeds whom: {view.focus_name}, {year or ''}", caption,
        small_print(view, variant, slab.unit, [year])
        + f" An arrow runs from who gives to who takes; its width and number are the share of the "
        f"taker's intake; below {THIN:.0%} it is left out (all are in the data). In brackets: what "
        "a node takes from itself. Areas of nodes: throughflow. A published table has no sampling "
        "error that is known; shares depend on how industries are grouped." + _abroad(slab),
        f"Network of {len(names)} nodes. {caption}", _drawn(pairs, names, through),
        data.assign(country=view.focus, year=year),
    )  # fmt: skip


def _of(view: View, variant: Variant, year: int) -> pd.Series:
    """Values of the focus country in a year, by the first label."""
    slab = view.slab(variant)
    if view.focus not in slab.codes or year not in slab.years:
        return pd.Series(dtype=np.float64)
    values = slab.values[:, slab.codes.index(view.focus), slab.years.index(year)]
    return pd.Series(values, index=[label[0] for label in slab.labels])


def _drawn(
    pairs: Sequence[tuple[str, str, float]], names: Mapping[str, str], through: pd.Series
) -> dict[str, Any]:
    """Nodes on a circle and bent arrows between them."""
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(names)) / len(names)
    spots = dict(zip(names, RADIUS * np.column_stack([np.cos(angles), np.sin(angles)]),
                     strict=True))  # fmt: skip
    most = max((share for taker, giver, share in pairs if taker != giver), default=1.0)
    largest = float(through.max()) if len(through) else math.nan
    nodes, lines, heads, labels = [], [], [], []
    for node, (x, y) in spots.items():
        area = through[node] / largest if largest > 0 else 0.5
        own = next((s for taker, giver, s in pairs if taker == giver == node), math.nan)
        outward = 34 if y >= 0 else -34
        text = f"{names[node]} ({own:.0%})" if not math.isnan(own) else names[node]
        nodes.append({"x": x, "y": y, "size": 120 + 1400 * area, "ly": y + outward, "text": text})
    for taker, giver, share in pairs:
        if taker == giver or math.isnan(share) or share < THIN:
            continue
        curve = _bent(spots[giver], spots[taker])
        key, width = f"{giver} {taker}", 0.8 + WIDE * share / most
        lines += [{"x": x, "y": y, "key": key, "step": k, "width": width}
                  for k, (x, y) in enumerate(curve)]  # fmt: skip
        dx, dy = curve[-1] - curve[-3]
        heads.append({"x": curve[-1][0], "y": curve[-1][1], "size": 50 + 16 * width,
                      "angle": math.degrees(math.atan2(dx, dy))})  # fmt: skip
        at = curve[int(0.62 * len(curve))]
        labels.append({"x": at[0], "y": at[1], "text": f"{share:.0%}"})
    data = _charts.Data()
    reach = RADIUS + 62
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-1.5 * reach, 1.5 * reach], nice=False))
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    y = alt.Y("y:Q", axis=None, scale=scale)
    arrows = alt.Chart(data(lines)).mark_line(color=_charts.PARTNER, opacity=0.55)
    tips = alt.Chart(data(heads)).mark_point(shape="triangle", filled=True, opacity=0.95)
    circles = alt.Chart(data(nodes)).mark_circle(color="#d8dde3", stroke=_charts.INK, opacity=1)
    drawn = alt.layer(
        arrows.encode(x=x, y=y, detail="key:N", order="step:Q",
                      strokeWidth=alt.StrokeWidth("width:Q", scale=None)),
        circles.encode(x=x, y=y, size=alt.Size("size:Q", scale=None)),
        tips.encode(x=x, y=y, angle=alt.Angle("angle:Q", scale=None),
                    size=alt.Size("size:Q", scale=None), color=alt.value(_charts.PARTNER)),
        alt.Chart(data(labels)).mark_text(fontSize=10, fontWeight="bold", stroke="#ffffff",
                                          strokeWidth=3).encode(x=x, y=y, text="text:N"),
        alt.Chart(data(labels)).mark_text(fontSize=10, fontWeight="bold").encode(
            x=x, y=y, text="text:N"),
        alt.Chart(data(nodes)).mark_text(fontSize=11, fontWeight="bold").encode(
            x=x, y=alt.Y("ly:Q", axis=None, scale=scale), text="text:N"),
    ).properties(width=1.5 * 420, height=420)  # fmt: skip
    return _charts.finish(drawn, data)


def _bent(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Points of a curve from node to node, bent to the left, clear of both."""
    along = end - start
    middle = (start + end) / 2 + 0.16 * np.array([-along[1], along[0]])
    t = np.linspace(0, 1, 41)[:, None]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
    clear = 24.0
    far = [p for p in curve if min(np.hypot(*(p - start)), np.hypot(*(p - end))) > clear]
    return np.array(far)


def _relations(view: View, variant: Variant) -> Iterator[Figure]:
    slab = view.slab(variant)
    year, codes = _pairs(slab, view.focus)
    if codes.empty:
        return
    names = [str(node).replace("_", " ") for node in codes.index]
    rows, records = [], []
    for node, name in zip(codes.index, names, strict=True):
        for other, title in zip(codes.columns, names, strict=True):
            code = float(codes.loc[node, other])
            word = "undefined" if math.isnan(code) else RELATIONS[round(code)]
            rows.append({"industry": name, "group": title.replace(" ", "\n", 1), "value": code,
                         "shown": word})  # fmt: skip
            records.append((node, other, code, word))
    counts = pd.Series([r[3] for r in records if r[0] < r[1]]).replace("is exploited", "exploits")
    kinds = ", ".join(f"{n} {'exploitation' if k == 'exploits' else k}"
                      for k, n in counts.value_counts().items())  # fmt: skip
    caption = f"{view.focus_name} in {year}, pairs of different nodes: {kinds}.{_divergence(view)}"
    yield Figure(
        f"Who gains by whom, all indirect flows counted: {view.focus_name}, {year or ''}",
        caption,
        small_print(view, variant, "relation, by the signs of both utilities", [year])
        + " Read along a row: what the node is to the others. Exploits: it gains, the other loses."
        + _abroad(slab),
        f"Matrix of {len(names)} nodes. {caption}",
        _charts.heat(rows, names, [n.replace(" ", "\n", 1) for n in names], change=True),
        pd.DataFrame(records, columns=["node", "other", "code", "relation"])
        .assign(country=view.focus, year=year),
    )  # fmt: skip


def _divergence(view: View) -> str:
    """Whether sums over paths converge."""
    notes = view.results.store.notes()
    if not notes["text"].str.contains("series of utilities diverges").any():
        return ""
    return " In some tables the sum over paths diverges; there the inverse is shown."
