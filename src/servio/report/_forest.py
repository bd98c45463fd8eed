"""Estimates with their intervals: a point, a line, and where zero is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from servio.report import _charts

__all__ = ["Forest", "forest"]

NAME, TEXT, ROW, ROOM = 5.2, 4.9, 15, 74


@dataclass(frozen=True)
class Forest:
    """One panel; rows have name, value, lower, upper, text, marked and clear.

    A clear row has a filled point, a marked one the accent colour.
    """

    title: str
    rows: Sequence[Mapping[str, Any]]


def forest(panels: Sequence[Forest], *, axis: str, columns: int = 1, shared: bool = True) -> Any:
    """Panels of intervals beside and below each other; `shared` gives them one scale.

    ``text`` stands to the right of a panel; leave it empty for none.
    """
    data = _charts.Data()
    columns = min(columns, len(panels))
    names = NAME * max(len(row["name"]) for panel in panels for row in panel.rows) + 16
    texts = TEXT * max(len(row["text"]) for panel in panels for row in panel.rows) + 10
    around = names + texts
    width = max(110, int((_charts.WIDTH - columns * around) / columns))
    ends = _ends(panels) if shared else None
    charts = [_panel(panel, data, width, axis, ends, names) for panel in panels]
    if len(charts) == 1:
        return _charts.finish(charts[0], data)
    grid = alt.concat(columns=columns, bounds="flush",
                      spacing={"row": ROOM, "column": around})  # fmt: skip
    spec = _charts.finish(grid.resolve_scale(x="independent", y="independent"), data)
    return {**spec, "concat": [_bare(chart) for chart in charts]}


def _bare(chart: Any) -> dict[str, Any]:
    found = chart.to_dict(validate=False)
    return {key: value for key, value in found.items() if key not in ("$schema", "config")}


def _colours(row: Mapping[str, Any]) -> dict[str, str]:
    colour = _charts.ACCENT if row["marked"] else _charts.INK
    return {"colour": colour, "fill": colour if row["clear"] else "#ffffff"}


def _ends(panels: Sequence[Forest]) -> list[float]:
    rows = [row for panel in panels for row in panel.rows]
    return [min(0.0, *(row["lower"] for row in rows)), max(0.0, *(row["upper"] for row in rows))]


def _panel(
    panel: Forest, data: _charts.Data, width: int, axis: str, ends: list[float] | None, names: float
) -> Any:
    rows = [{**row, **_colours(row)} for row in panel.rows]
    order = [row["name"] for row in rows]
    marked = [row["name"] for row in rows if row["marked"]]
    test = f"indexof({marked!r}, datum.value) >= 0"
    y = alt.Y("name:N", sort=order, axis=alt.Axis(
        title=None, ticks=False, domain=False, grid=False, labelPadding=6,
        labelColor={"condition": {"test": test, "value": _charts.ACCENT}, "value": _charts.INK},
        labelFontWeight={"condition": {"test": test, "value": "bold"}, "value": "normal"},
    ))  # fmt: skip
    scale = alt.Scale(domain=ends, nice=False) if ends else alt.Scale(nice=True)
    ticks = alt.Axis(format=".4~f", tickCount=max(3, width // 60))

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=axis, scale=scale, axis=ticks)

    base = alt.Chart(data(rows)).encode(y=y)
    colour = alt.Color("colour:N", scale=None)
    filled = alt.Fill("fill:N", scale=None)
    zero = alt.Chart(data([{"zero": 0}])).mark_rule(color=_charts.MEDIAN, strokeDash=_charts.DASH)
    layers = [
        zero.encode(x=x("zero")),
        base.mark_rule(strokeWidth=1.5).encode(x=x("lower"), x2="upper:Q", color=colour),
        base.mark_point(size=38, opacity=1, filled=False, strokeWidth=1.4)
        .encode(x=x("value"), color=colour, fill=filled),
    ]  # fmt: skip
    if any(row["text"] for row in rows):
        layers.append(
            base.mark_text(align="left", fontSize=9.5, color=_charts.INK)
            .encode(text="text:N", x=alt.value(width + 8))
        )  # fmt: skip
    chart = alt.layer(*layers).properties(width=width, height=ROW * len(rows))
    if not panel.title:
        return chart
    title = alt.TitleParams(panel.title, frame="group", anchor="start", fontSize=10.5, offset=6,
                             dx=16 - names)  # fmt: skip
    return chart.properties(title=title)
