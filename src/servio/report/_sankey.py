"""Flows between columns of boxes: the origin of exports, a chain. Widths are to scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from servio.report import _charts

__all__ = ["Box", "Node", "Ribbon", "sankey", "stages"]

NAMES = 262
BOX = 13
SLOT = 15.0
GAP = 4.0
TOP = 22.0
STEPS = 24
LINE, SPACE = 11.0, 3.0
USES = 122
"""Room for the names of the last column."""
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
class Box:
    """A box of `stages`: `column` counts from the left."""

    key: str
    column: int
    label: str
    value: float
    colour: str


@dataclass(frozen=True)
class Ribbon:
    """A flow from a box to one in the next column."""

    source: str
    target: str
    value: float


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
        rows += _ribbon(node.key, (start.x + BOX, start.top), (end.x, arrive), wide, node.colour)
    return rows


def _ribbon(
    key: str, start: tuple[float, float], end: tuple[float, float], wide: float, colour: str
) -> Iterator[dict[str, object]]:
    """Points of a ribbon from one upper corner to another."""
    for step in range(STEPS + 1):
        t = step / STEPS
        upper = start[1] + (end[1] - start[1]) * t * t * (3 - 2 * t)
        x = start[0] + (end[0] - start[0]) * t
        yield {"key": key, "x": round(x, 2), "y": round(upper, 2), "y2": round(upper + wide, 2),
               "colour": colour}  # fmt: skip


def _box(node: Node | Box, place: _Place) -> dict[str, object]:
    return {"x": place.x, "x2": place.x + BOX, "y": place.top, "y2": place.top + place.height,
            "colour": node.colour}  # fmt: skip


def _label(node: Node, place: _Place) -> dict[str, object]:
    """Beside the box; above all ribbons in the last column."""
    y = TOP / 2 if node.column == 2 else place.middle
    return {"x": place.x, "y": y, "label": node.label}


def stages(
    boxes: Sequence[Box], ribbons: Sequence[Ribbon], *, height: float = 400.0
) -> dict[str, Any]:
    """Boxes in columns with ribbons to the next; one scale for all heights.

    Boxes of a column stand in the order given, and ribbons in that of the boxes they join.
    """
    count = 1 + max(box.column for box in boxes)
    columns = [[box for box in boxes if box.column == c] for c in range(count)]
    scale = height / max(sum(box.value for box in column) for column in columns)
    step = (_charts.WIDTH - USES - BOX) / max(1, count - 1)
    places = _stacked(columns, scale, step)
    tall = max(place.top + place.height for place in places.values()) + LINE
    data = _charts.Data()
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, _charts.WIDTH], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[tall, 0], nice=False))
    colour = alt.Color("colour:N", scale=None)
    drawn = alt.Chart(data(_joining(boxes, ribbons, places, scale))).mark_area(opacity=0.32)
    rects = alt.Chart(data([_box(box, places[box.key]) for box in boxes])).mark_rect()
    layers = [
        drawn.encode(x=x, y=y, y2="y2:Q", detail="key:N", color=colour),
        rects.encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=colour),
    ]
    for last in (False, True):
        text = alt.Chart(data([
            {"x": places[b.key].x, "y": places[b.key].middle, "label": b.label}
            for b in boxes if (b.column == count - 1) == last
        ])).encode(x=x, y=y, text="label:N")  # fmt: skip
        for stroke, halo in (("#ffffff", 0.85), ("transparent", 0.0)):
            layers.append(text.mark_text(
                align="left", dx=BOX + 3, fontSize=8.5, baseline="middle", color=_charts.INK,
                limit=USES if last else step - BOX - 6, stroke=stroke, strokeWidth=2.2,
                strokeOpacity=halo,
            ))  # fmt: skip
    size = {"width": _charts.WIDTH, "height": tall}
    return _charts.finish(alt.layer(*layers).properties(**size), data)


def _stacked(columns: Sequence[Sequence[Box]], scale: float, step: float) -> dict[str, _Place]:
    """Boxes one under the other, each with room for its name; columns have one middle."""

    def room(box: Box) -> float:
        return max(box.value * scale, LINE) + SPACE

    tall = max(sum(map(room, column)) for column in columns)
    found = {}
    for number, column in enumerate(columns):
        y = (tall - sum(map(room, column))) / 2
        for box in column:
            own = box.value * scale
            found[box.key] = _Place(number * step, y + (room(box) - own) / 2, own)
            y += room(box)
    return found


def _joining(
    boxes: Sequence[Box], ribbons: Sequence[Ribbon], places: Mapping[str, _Place], scale: float
) -> list[dict[str, object]]:
    """Every ribbon from below those of boxes above it, at both ends."""
    colours = {box.key: box.colour for box in boxes}
    left: dict[str, float] = {}
    right: dict[str, float] = {}
    arrive = {}
    for r in sorted(ribbons, key=lambda r: places[r.source].top):
        arrive[r.source, r.target] = places[r.target].top + right.get(r.target, 0.0)
        right[r.target] = right.get(r.target, 0.0) + r.value * scale
    rows: list[dict[str, object]] = []
    for number, r in enumerate(sorted(ribbons, key=lambda r: places[r.target].top)):
        start = places[r.source].top + left.get(r.source, 0.0)
        left[r.source] = left.get(r.source, 0.0) + r.value * scale
        ends = (places[r.source].x + BOX, start), (places[r.target].x, arrive[r.source, r.target])
        rows += _ribbon(f"{number:03d}", *ends, r.value * scale, colours[r.source])
    return rows
