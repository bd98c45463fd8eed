"""Manufacturing and services in both directions."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from servio.report import _charts, picks
from servio.report._blocks import Block, Figure, Key, Section
from servio.report._compare import line_keys, panel_rows
from servio.report._detail import group_figure
from servio.report._notes import small_print, wide_frame
from servio.report.view import Panel, View
from servio.report.words import country, number

__all__ = ["linkage"]

FORWARD = "manufacturing → services"
BACK = "services → manufacturing"
_PARTS = {
    "own": "in the group itself",
    "feedback": "comes back through the partner",
    "partner": "in the partner group",
    "rest": "elsewhere",
}


def linkage(view: View) -> Section:
    """Inducement both ways, what comes back, and mutual convergence."""
    title = "Manufacturing and services: both directions"
    blocks: list[Block] = [*_both_ways(view), *_returns(view), *_mutual(view)]
    if not blocks:
        return Section(title, absent="production_inducement in both directions "
                       "(grouping=services, by=manufacturing and the reverse), inducement_pair or "
                       "convergence_rate with mutual=geometric")  # fmt: skip
    intro = "How much each side sets going in the other, and how far both depend on each other."
    return Section(title, intro, blocks)


def _both_ways(view: View) -> Iterator[Figure]:
    forward = picks.inducement(view, "services", "manufacturing")
    back = picks.inducement(view, "manufacturing", "services")
    if forward is None or back is None:
        return
    if len(view.codes) > 2:
        yield _scatter(view, forward, back)
    if view.focus is not None and len(forward.years) > 1:
        yield _paths(view, {FORWARD: forward, BACK: back})


def _scatter(view: View, forward: Panel, back: Panel) -> Figure:
    year = forward.latest
    both = pd.DataFrame({"x": forward.column(year), "y": back.column(year)}).dropna()
    rows = [
        {"code": str(code), "x": float(x), "y": float(y), "marked": code in view.marked}
        for code, x, y in both.itertuples()
    ]
    above = int((both["y"] > both["x"]).sum())
    caption = (
        f"In {above} of {len(both)} countries services set more manufacturing going than the "
        f"reverse (above the dashed line). Codes that would cover others are left out."
    )
    if view.focus in both.index:
        x, y = both.loc[view.focus]
        caption = (
            f"{view.focus_name}: a unit of demand for manufactures induces {x:.3f} of services, a "
            f"unit of demand for services {y:.3f} of manufactures. {caption}"
        )
    return Figure(
        f"Production induced in both directions, {year or ''}",
        caption,
        small_print(view, forward.variant, forward.unit, [year]) + " The other direction has the "
        "groups exchanged.",
        f"Scatter of {len(both)} countries. {caption}",
        _charts.scatter(
            rows,
            x_title="services induced by a unit of demand for manufactures",
            y_title="manufactures induced by a unit of demand for services",
        ),
        both.rename(columns={"x": FORWARD, "y": BACK}).rename_axis("country").reset_index(),
        [Key("dot", country(code), _charts.ACCENT) for code in view.marked]
        + [Key("dash", "equal in both directions", "#999999")],
    )


def _paths(view: View, panels: dict[str, Panel]) -> Figure:
    drawn = []
    words = []
    for name, panel in panels.items():
        others, median, focus = panel_rows(view, panel)
        drawn.append(
            {
                "title": name,
                "unit": panel.unit,
                "median": median,
                "focus": [r for r in focus if r["code"] == view.focus],
                "others": others + [r for r in focus if r["code"] != view.focus],
            }
        )
        first, last = (number(panel.value(view.focus, y), panel.unit)
                       for y in (panel.years[0], panel.years[-1]))  # fmt: skip
        words.append(f"{name} {first} to {last}")
    one = next(iter(panels.values()))
    caption = f"{view.focus_name} from {one.years[0]} to {one.years[-1]}: {'; '.join(words)}."
    return Figure(
        "Production induced in both directions over time",
        caption,
        small_print(view, one.variant, one.unit, one.years) + " The other direction has the groups "
        "exchanged.",
        f"Two line charts. {caption}",
        _charts.group_panels(drawn, columns=2),
        wide_frame(panels, "direction"),
        line_keys(view, one, all_marked=False),
    )


def _returns(view: View) -> Iterator[Figure]:
    variant = view.pick("inducement_pair", {"origin": "domestic", "weights": "output"})
    if variant is None or view.focus is None:
        return
    panels = {(k["industry"], k["part"]): p for k, p in view.panels(variant)}
    one = next(iter(panels.values()))
    year = one.latest
    rows, data, order = [], [], []
    for industry in dict.fromkeys(industry for industry, _ in panels):
        whole: list[tuple[str, str | None, int]]
        whole = [(view.focus_name, view.focus, y) for y in dict.fromkeys((view.base, year)) if y]
        if len(view.codes) > 2 and year:
            whole.append(("median of countries", None, year))
        for who, code, when in whole:
            name = f"{industry}: {who}, {when}"
            order.append(name)
            for place, part in enumerate(_PARTS):
                panel = panels[industry, part]
                value = panel.median(when) if code is None else panel.value(code, when)
                rows.append({"name": name, "part": _PARTS[part], "value": value, "place": place})
                data.append((industry, who, when, part, value, panel.unit))
    first = order[0].partition(":")[0]
    feedback = panels[first, "feedback"].value(view.focus, year)
    partner = panels[first, "partner"].value(view.focus, year)
    caption = (
        f"Of a unit of demand for {first} in {view.focus_name}, {partner:.3f} is produced by the "
        f"partner and {feedback:.3f} comes back to {first} through it in {year}. Medians are taken "
        "part by part."
    )
    colours = [_charts.SHADES[i % len(_charts.SHADES)] for i in range(len(_PARTS))]
    yield Figure(
        "What a unit of final demand sets going, and what comes back",
        caption,
        small_print(view, variant, one.unit, (view.base, year)),
        f"Stacked bars. {caption}",
        _charts.bars(rows, order, list(_PARTS.values()), title="output per unit of final demand"),
        pd.DataFrame(data, columns=["demand_for", "country", "year", "part", "value", "unit"]),
        [Key("cell", text, colour) for text, colour in zip(_PARTS.values(), colours, strict=True)],
    )


def _mutual(view: View) -> Iterator[Figure]:
    variant = picks.grouped(view, "convergence_rate", by="manufacturing", mutual="geometric")
    if variant is None or view.focus is None or len(view.years) < 2:
        return
    if any(not math.isnan(p.value(view.focus, p.latest)) for _, p in view.panels(variant)):
        yield group_figure(view, variant, "Mutual convergence of manufacturing with service groups")
