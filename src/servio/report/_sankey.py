"""Flows between columns of boxes: where the value of exports comes from. Widths are to scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from servio.report import _charts

__all__ = ["Node", "sankey"]

NAMES = 262
BOX = 13
SLOT = 15.0
GAP = 4.0
TOP = 22.0
STEPS = 24
SIDES: tuple[tuple[Literal["left", "right"], int], ...] = (
    ("right", -6), ("left", BOX + 6), ("right", BOX)
)  # fmt: skip


@dataclass(frozen=True)
class Node:
    """A box: where it stands, what it says, how much goes through it.

    Parameters
    ----------
    key : str
    column : int
        0, 1 or 2 from the left.
    label : str
    value : float
        Positive.
    colour : str
    target : str
        Box that all of it flows to; "" in the last column.
    """

    key: str
    column: int
    label: str
    value: float
    colour: str
    target: str = ""


@dataclass(frozen=True)
class _Place:
    x: float
    top: float
    height: float

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def sankey(nodes: Sequence[Node], *, height: float = 430.0) -> dict[str, Any]:
    """Boxes in three columns with ribbons to their targets; one scale for all heights.

    Boxes of a column stand in the order given, as do ribbons that arrive at one box.
    """
    columns = [[n for n in nodes if n.column == c] for c in range(3)]
    scale = height / max(sum(n.value for n in column) for column in columns)
    places = _places(columns, scale)
    tall = max(p.top + p.height for p in places.values()) + 4
    data = _charts.Data()
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, _charts.WIDTH], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[tall, 0], nice=False))
    colour = alt.Color("colour:N", scale=None)
    ribbons = alt.Chart(data(_ribbons(nodes, places, scale))).mark_area(opacity=0.38)
    boxes = alt.Chart(data([_box(n, places[n.key]) for n in nodes])).mark_rect()
    layers = [
        ribbons.encode(x=x, y=y, y2="y2:Q", detail="key:N", color=colour),
        boxes.encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=colour),
    ]
    for column, (align, dx) in enumerate(SIDES):
        rows = [_label(n, places[n.key]) for n in columns[column]]
        text = alt.Chart(data(rows)).mark_text(
            align=align, dx=dx, fontSize=10.5, baseline="middle",
            fontWeight="bold" if column else "normal", color=_charts.INK,
        )  # fmt: skip
        layers.append(text.encode(x=x, y=y, text="label:N"))
    size = {"width": _charts.WIDTH, "height": tall}
    return _charts.finish(alt.layer(*layers).properties(**size), data)


def _places(columns: Sequence[Sequence[Node]], scale: float) -> dict[str, _Place]:
    """Boxes one under the other, each with room for its label; columns end at one height."""
    first = [max(n.value * scale, SLOT) + GAP for n in columns[0]]
    tall = sum(first)
    at = (NAMES, (NAMES + _charts.WIDTH) / 2 - 30, _charts.WIDTH - BOX)
    found = {}
    for column, x in zip(columns, at, strict=True):
        least = SLOT if column is columns[0] else 0.0
        used = sum(max(n.value * scale, least) for n in column)
        gap = (tall - used) / max(1, len(column))
        y = TOP + gap / 2
        for node in column:
            own = node.value * scale
            slot = max(own, least)
            found[node.key] = _Place(x, y + (slot - own) / 2, own)
            y += slot + gap
    return found


def _ribbons(
    nodes: Sequence[Node], places: Mapping[str, _Place], scale: float
) -> list[dict[str, object]]:
    """Upper and lower edges of every ribbon, from the right of its box to its target's left."""
    filled: dict[str, float] = {}
    rows: list[dict[str, object]] = []
    for node in nodes:
        if not node.target:
            continue
        start, end = places[node.key], places[node.target]
        wide = node.value * scale
        arrive = end.top + filled.get(node.target, 0.0)
        filled[node.target] = filled.get(node.target, 0.0) + wide
        for step in range(STEPS + 1):
            t = step / STEPS
            smooth = t * t * (3 - 2 * t)
            upper = start.top + (arrive - start.top) * smooth
            x = start.x + BOX + (end.x - start.x - BOX) * t
            rows.append({"key": node.key, "x": round(x, 2), "y": round(upper, 2),
                         "y2": round(upper + wide, 2), "colour": node.colour})  # fmt: skip
    return rows


def _box(node: Node, place: _Place) -> dict[str, object]:
    return {"x": place.x, "x2": place.x + BOX, "y": place.top, "y2": place.top + place.height,
            "colour": node.colour}  # fmt: skip


def _label(node: Node, place: _Place) -> dict[str, object]:
    """Beside the box; above all ribbons in the last column."""
    y = TOP / 2 if node.column == 2 else place.middle
    return {"x": place.x, "y": y, "label": node.label}
