"""Charts as Vega-Lite: rows in, specification out. Colour never is the only sign."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

__all__ = [
    "ACCENT",
    "GREY",
    "INK",
    "MEDIAN",
    "PARTNER",
    "SHADES",
    "Data",
    "bars",
    "classes",
    "columns",
    "country_panels",
    "decades",
    "definition_band",
    "definition_strip",
    "dumbbell",
    "finish",
    "group_panels",
    "heat",
    "rank_spans",
    "scatter",
    "split",
    "trend",
]

ACCENT = "#b3420a"
PARTNER = "#1f5f99"
INK = "#222222"
MEDIAN = "#444444"
GREY = "#c3c3c3"
SHADES = ("#08306b", "#2171b5", "#5aa5d6", "#8a8a8a", "#444444")
WIDTH = 660
FONT = "Arial, Helvetica, Liberation Sans, sans-serif"
DASH = [4, 3]
NAME = 46
LEAST_LABEL = 0.045

Row = Mapping[str, Any]
Spec = dict[str, Any]


class Data(dict[str, list[dict[str, Any]]]):
    """Rows of a chart by name, kept apart from its layers, which would copy them each time."""

    def __call__(self, rows: Sequence[Row]) -> alt.NamedData:
        name = f"rows{len(self)}"
        self[name] = [{k: _plain(v) for k, v in row.items()} for row in rows]
        return alt.NamedData(name=name)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool)):
        return value
    number = float(value)
    return None if math.isnan(number) else int(number) if number.is_integer() else number


def _clipped(rows: Sequence[Row], key: str, most: int) -> list[dict[str, Any]]:
    """Rows with long names cut, unless that would make two names one."""
    short = {row[key]: _cut(row[key], most) for row in rows}
    if len(set(short.values())) < len(short):
        return [dict(row) for row in rows]
    return [{**row, key: short[row[key]]} for row in rows]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def finish(chart: Any, data: Data) -> Spec:
    """A chart in the style of all others, with its rows."""
    styled = (
        chart.configure(
            font=FONT,
            background="#ffffff",
            aria=False,
            padding={"left": 2, "right": 4, "top": 4, "bottom": 2},
        )
        .configure_axis(
            labelFontSize=10,
            titleFontSize=10.5,
            titleFontWeight="normal",
            labelColor=INK,
            titleColor=INK,
            domainColor="#888888",
            tickColor="#888888",
            gridColor="#ececec",
            titlePadding=6,
            labelLimit=0,
        )
        .configure_view(stroke=None)
        .configure_header(
            labelFontSize=10,
            labelFontWeight="bold",
            labelColor=INK,
            labelPadding=3,
            titleFontSize=10,
        )
        .configure_title(fontSize=11, anchor="start", color=INK, fontWeight="bold", offset=6)
    )
    found: Spec = styled.to_dict(validate=False)  # half of the time; tests validate
    return {**found, "datasets": dict(data)}


def _form(unit: str) -> str:
    return "~%" if unit == "share" else "~g"


def _marked(labels: Sequence[str], then: Any, other: Any) -> Any:
    """An axis property that differs for some labels."""
    return {
        "condition": {
            "test": f"indexof({json.dumps(list(labels))}, datum.value) >= 0",
            "value": then,
        },
        "value": other,
    }


def _names(order: Sequence[str], marked: Sequence[str], **more: Any) -> alt.Y:
    axis = alt.Axis(
        title=None,
        ticks=False,
        domain=False,
        grid=False,
        labelPadding=6,
        labelColor=_marked(marked, ACCENT, INK),
        labelFontWeight=_marked(marked, "bold", "normal"),
    )
    return alt.Y("name:N", sort=list(order), axis=axis, **more)


def _colour(focus: str = ACCENT, other: str = GREY) -> Any:
    return alt.condition("datum.marked", alt.value(focus), alt.value(other))


def _line(data: alt.NamedData, **mark: Any) -> Any:
    return alt.Chart(data).mark_line(**mark)


def _year_axis(years: Sequence[int], width: int) -> alt.X:
    room = max(2, width // 45)
    step = max(1, math.ceil((max(years) - min(years)) / room))
    ticks = list(range(max(years), min(years) - 1, -step))[::-1]
    if len(ticks) > 1 and 0 < ticks[0] - min(years) <= step // 2:
        ticks = ticks[1:]
    ticks = sorted({min(years), *ticks})
    return alt.X(
        "year:Q",
        scale=alt.Scale(domain=[min(years), max(years)], nice=False, zero=False),
        axis=alt.Axis(title=None, values=ticks, format="d", grid=False, labelFlush=True),
    )


def dumbbell(rows: Sequence[Row], *, unit: str, title: str, median: float, has_base: bool) -> Spec:
    """Countries by latest value (filled dot) with the base year's (ring); largest on top.

    Rows have name, latest, base, shown (the latest value as text) and marked.
    """
    data = Data()
    rows = _clipped(rows, "name", NAME)
    order = [row["name"] for row in rows]
    marked = [row["name"] for row in rows if row["marked"]]
    y = _names(order, marked)
    height = max(60, 15 * len(rows))
    base = alt.Chart(data(rows)).encode(y=y)
    x = alt.X("latest:Q", title=title, axis=alt.Axis(format=_form(unit), tickCount=7))
    layers = []
    if has_base:
        layers.append(
            base.mark_rule(strokeWidth=1.6).encode(
                x=alt.X("base:Q", title=title, axis=alt.Axis(format=_form(unit))),
                x2="latest:Q",
                color=_colour(other="#b5b5b5"),
            )
        )
        layers.append(
            base.mark_point(size=34, filled=False, fill="#ffffff", strokeWidth=1.4, opacity=1)
            .encode(x=x, color=_colour(other="#777777"))
            .encode(x=alt.X("base:Q"))
        )
    layers.append(
        base.mark_point(size=44, filled=True, opacity=1).encode(x=x, color=_colour(other="#777777"))
    )
    layers.append(
        base.mark_text(align="right", fontSize=10).encode(
            text="shown:N", x=alt.value(WIDTH - 120), color=_colour(other=INK)
        )
    )
    if not math.isnan(median):
        line = alt.Chart(data([{"median": median}])).mark_rule(strokeDash=DASH, color=MEDIAN)
        layers.insert(0, line.encode(x=alt.X("median:Q", title=title)))
    return finish(alt.layer(*layers).properties(width=WIDTH - 165, height=height), data)


def trend(
    others: Sequence[Row],
    median: Sequence[Row],
    focus: Sequence[Row],
    *,
    unit: str,
    title: str,
    zero: bool = True,
    width: int = WIDTH - 90,
    height: int = 260,
) -> Spec:
    """Lines over years: all countries thin, their median dashed, marked ones thick with a name.

    The value axis starts at nought with `zero`. Rows have year, value, code; those of `focus` also
    label.
    """
    data = Data()
    years = sorted({row["year"] for row in (*others, *focus, *median)})
    x = _year_axis(years, width)
    axis, scale = alt.Axis(format=_form(unit), tickCount=6), alt.Scale(zero=zero)
    y = alt.Y("value:Q", title=title, axis=axis, scale=scale)
    layers = [_line(data(others), color=GREY, strokeWidth=0.8).encode(x=x, y=y, detail="code:N")]
    if median:
        layers.append(
            _line(data(median), color=MEDIAN, strokeWidth=1.4, strokeDash=DASH).encode(x=x, y=y)
        )
    layers.append(
        _line(data(focus), strokeWidth=2.4).encode(
            x=x, y=y, detail="code:N", color=alt.Color("colour:N", scale=None)
        )
    )
    ends = _spread([_last(focus, code) for code in dict.fromkeys(r["code"] for r in focus)])
    if median:
        ends.append({**median[-1], "label": "median", "colour": MEDIAN})
    tags = alt.Chart(data(ends)).mark_text(align="left", dx=6, fontSize=10, fontWeight="bold")
    layers.append(tags.encode(x=x, y=y, text="label:N", color=alt.Color("colour:N", scale=None)))
    return finish(alt.layer(*layers).properties(width=width, height=height), data)


def _last(rows: Sequence[Row], code: str) -> dict[str, Any]:
    own = [row for row in rows if row["code"] == code and not math.isnan(row["value"])]
    return dict(own[-1]) if own else {}


def _spread(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row]


def _panel_layers(
    data: Data,
    others: Sequence[Row],
    median: Sequence[Row],
    focus: Sequence[Row],
    *,
    unit: str,
    width: int,
    height: int,
    title: Sequence[str],
    zero: bool,
) -> Any:
    years = sorted({row["year"] for row in (*others, *focus)})
    x = _year_axis(years, width)
    y = alt.Y(
        "value:Q",
        title=None,
        axis=alt.Axis(format=_form(unit), tickCount=4),
        scale=alt.Scale(nice=False, zero=zero),
    )
    layers = [
        _line(data(others), color=GREY, strokeWidth=0.6).encode(x=x, y=y, detail="code:N"),
        _line(data(median), color=MEDIAN, strokeWidth=1.2, strokeDash=DASH).encode(x=x, y=y),
        _line(data(focus), color=ACCENT, strokeWidth=2.2).encode(x=x, y=y, detail="code:N"),
    ]
    return alt.layer(*layers).properties(
        width=width,
        height=height,
        title=alt.TitleParams(title, frame="group", fontSize=10, offset=7),
    )


def group_panels(panels: Sequence[Mapping[str, Any]], *, columns: int = 4) -> Spec:
    """Small multiples, one a group, each with its own scale.

    Panels have title, unit and the rows others, median and focus; `zero` says whether the scale
    starts there.
    """
    data = Data()
    columns = min(columns, len(panels))
    width = min(300, (WIDTH + 6 - 40 * columns) // columns)
    charts = [
        _panel_layers(
            data,
            p["others"],
            p["median"],
            p["focus"],
            unit=p["unit"],
            width=width,
            height=105,
            title=_lines(p["title"], width),
            zero=p.get("zero", p["unit"] != "stages"),
        )
        for p in panels
    ]
    tall = 34 + 13 * max(len(_lines(p["title"], width)) for p in panels)
    gaps = {"row": tall, "column": 40}
    grid = alt.concat(columns=columns, bounds="flush", spacing=gaps)
    spec = finish(grid.resolve_scale(y="independent"), data)
    return {**spec, "concat": [_bare(chart) for chart in charts]}


def _bare(chart: Any) -> Spec:
    """A chart as part of another; joining charts by objects would copy each many times."""
    found: Spec = chart.to_dict(validate=False)
    return {key: value for key, value in found.items() if key not in ("$schema", "config")}


def country_panels(rows: Sequence[Row], order: Sequence[str], *, unit: str) -> Spec:
    """Small multiples, one a country, all on one scale; the focus country thin in each.

    Rows have name, year, value and focus.
    """
    data = Data()
    columns = min(6, len(order))
    years = sorted({row["year"] for row in rows})
    x = alt.X(
        "year:Q",
        scale=alt.Scale(domain=[years[0], years[-1]], nice=False, zero=False),
        axis=alt.Axis(
            title=None,
            values=[years[0], years[-1]],
            format="d",
            grid=False,
            labelFlush=True,
            labelFontSize=8,
        ),
    )
    y = alt.Axis(format=_form(unit), tickCount=3, labelFontSize=8, title=None)
    table = data(rows)
    own = _line(table, color=INK, strokeWidth=1.5).encode(x=x, y=alt.Y("value:Q", axis=y))
    layers = [own]
    if any(row["focus"] is not None for row in rows):
        thin = _line(table, color=ACCENT, strokeWidth=1.1)
        layers.insert(0, thin.encode(x=x, y=alt.Y("focus:Q", axis=y)))
    facet = alt.Facet(
        "name:N",
        sort=list(order),
        title=None,
        header=alt.Header(labelFontSize=8.5, labelLimit=104, labelAnchor="start", labelPadding=2),
    )
    panels = alt.layer(*layers).properties(width=88, height=46)
    return finish(panels.facet(facet, columns=columns, spacing={"row": 8, "column": 14}), data)


def heat(
    rows: Sequence[Row], industries: Sequence[str], groups: Sequence[str], *, change: bool
) -> Spec:
    """Industries by groups, each cell with its value; blue to orange through white for a change.

    Rows have industry, group, value and shown.
    """
    data = Data()
    cut = _clipped([{"industry": name} for name in industries], "industry", NAME)
    short = {name: row["industry"] for name, row in zip(industries, cut, strict=True)}
    rows = [{**row, "industry": short[row["industry"]]} for row in rows]
    values = [abs(row["value"]) for row in rows if not math.isnan(row["value"])]
    most = max(values, default=0.0) or 1.0
    lines = max(len(group.split("\n")) for group in groups)
    scale = (
        alt.Scale(domain=[-most, 0, most], range=["#b35806", "#f7f7f7", "#2166ac"])
        if change
        else alt.Scale(
            domain=[0, most], range=["#f7fbff", "#9ecae1", "#2171b5", "#08306b"], interpolate="rgb"
        )
    )
    step = 62 if len(groups) <= 8 else max(26, 500 // len(groups))
    tall = max(11, min(19, 820 // max(1, len(industries))))
    x = alt.X(
        "group:N",
        sort=list(groups),
        axis=alt.Axis(
            orient="top",
            title=None,
            labelAngle=0,
            domain=False,
            ticks=False,
            labelPadding=5 + 11 * (lines - 1),
            labelExpr="split(datum.label, '\\n')",
            labelFontSize=9.5,
        ),
    )
    y = alt.Y(
        "industry:N",
        sort=list(short.values()),
        axis=alt.Axis(title=None, domain=False, ticks=False, labelFontSize=9.5),
    )
    base = alt.Chart(data(rows)).encode(x=x, y=y)
    cells = base.mark_rect(stroke="#ffffff").encode(
        color=alt.Color("value:Q", scale=scale, legend=None)
    )
    gaps = alt.Chart(data([row for row in rows if math.isnan(row["value"])])).encode(x=x, y=y)
    gaps = gaps.mark_rect(stroke="#ffffff", color="#e6e6e6")
    limit = 0.62 * most
    dark = f"isValid(datum.value) && abs(datum.value) > {limit!r}"
    text = base.mark_text(fontSize=9).encode(
        text="shown:N", color=alt.condition(dark, alt.value("#ffffff"), alt.value(INK))
    )
    size = {"width": step * len(groups), "height": tall * len(industries)}
    return finish(alt.layer(cells, gaps, text).properties(**size), data)


def classes(
    now: Sequence[Row], time: Sequence[Row], order: Sequence[str], *, unit: str, title: str
) -> Spec:
    """Classes of industries: the focus country among all others now, and its lines over years.

    Rows of `now` have name, value, kind (``other``, ``median``, ``focus``) and shown; rows of
    `time` have year, name, value.
    """
    data = Data()
    colours = alt.Scale(
        domain=list(order), range=[SHADES[i % len(SHADES)] for i in range(len(order))]
    )
    y = alt.Y(
        "name:N",
        sort=list(order),
        axis=alt.Axis(title=None, ticks=False, domain=False, labelPadding=6),
    )
    x = alt.X("value:Q", title=title, axis=alt.Axis(format=_form(unit), tickCount=4))

    def of(kind: str) -> Any:
        return alt.Chart(data([row for row in now if row["kind"] == kind])).encode(x=x, y=y)

    left = alt.layer(
        of("other").mark_tick(color="#b5b5b5", thickness=1, size=13),
        of("median").mark_tick(color=MEDIAN, thickness=2.4, size=19),
        of("focus").mark_point(filled=True, size=70, color=ACCENT, opacity=1),
        of("focus")
        .mark_text(dy=-12, fontSize=9.5, fontWeight="bold", color=ACCENT)
        .encode(text="shown:N"),
    ).properties(width=240, height=38 * len(order))
    if len({row["year"] for row in time}) < 2:
        return finish(left, data)
    years = sorted({row["year"] for row in time})
    at = _year_axis(years, 210)
    value = alt.Y("value:Q", title=None, axis=alt.Axis(format=_form(unit), tickCount=5))
    colour = alt.Color("name:N", scale=colours, legend=None)
    lines = _line(data(time), strokeWidth=2).encode(x=at, y=value, color=colour, detail="name:N")
    ends = _apart([_last_named(time, name) for name in order], time, 38 * len(order))
    tags = alt.Chart(data(ends)).mark_text(align="left", dx=5, fontSize=9, fontWeight="bold")
    tags = tags.encode(x=at, y=alt.Y("place:Q"), text="tag:N", color=colour)
    right = alt.layer(lines, tags).properties(width=210, height=38 * len(order))
    return finish(alt.hconcat(left, right, spacing=26), data)


def _last_named(rows: Sequence[Row], name: str) -> dict[str, Any]:
    own = [row for row in rows if row["name"] == name and not math.isnan(row["value"])]
    return dict(own[-1]) if own else {}


def _apart(
    ends: Sequence[dict[str, Any]], rows: Sequence[Row], height: int, gap: int = 11
) -> list[dict[str, Any]]:
    """Labels at line ends pushed apart so that none covers another, on an axis from zero."""
    found = sorted((e for e in ends if e), key=lambda e: e["value"])
    top = max((row["value"] for row in rows if not math.isnan(row["value"])), default=1.0)
    least = 1.15 * gap * top / max(1, height)
    place = -math.inf
    for end in found:
        place = max(end["value"], place + least)
        end["place"] = place
    return found


def definition_strip(rows: Sequence[Row], order: Sequence[str], *, unit: str, title: str) -> Spec:
    """Definitions one under the other: every country, their median, the focus country."""
    data = Data()
    y = alt.Y(
        "name:N",
        sort=list(order),
        axis=alt.Axis(title=None, ticks=False, domain=False, labelPadding=6, grid=True),
    )
    x = alt.X("value:Q", title=title, axis=alt.Axis(format=_form(unit)))

    def of(kind: str) -> Any:
        return alt.Chart(data([row for row in rows if row["kind"] == kind])).encode(x=x, y=y)

    chart = alt.layer(
        of("other").mark_tick(color="#b5b5b5", thickness=1, size=12),
        of("median").mark_tick(color=MEDIAN, thickness=2.4, size=17),
        of("focus").mark_point(filled=True, size=64, color=ACCENT, opacity=1),
        of("focus")
        .mark_text(fontSize=10, color=ACCENT, fontWeight="bold", align="right")
        .encode(text="shown:N", x=alt.value(WIDTH - 205)),
    )
    return finish(chart.properties(width=WIDTH - 250, height=24 * len(order)), data)


def definition_band(band: Sequence[Row], lines: Sequence[Row], *, unit: str, title: str) -> Spec:
    """The range over definitions by year as a band, each definition a thin line in it.

    Rows of `band` have year, low, high; rows of `lines` have year, value, name and tag.
    """
    data = Data()
    years = sorted({row["year"] for row in band})
    width = WIDTH - 225
    x = _year_axis(years, width)
    y = alt.Y("value:Q", title=title, axis=alt.Axis(format=_form(unit)), scale=alt.Scale(zero=True))
    area = alt.Chart(data(band)).mark_area(color=ACCENT, opacity=0.14)
    area = area.encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q")
    thin = _line(data(lines), color=ACCENT, strokeWidth=1.2).encode(x=x, y=y, detail="name:N")
    names = list(dict.fromkeys(row["name"] for row in lines))
    ends = _apart([_last_named(lines, name) for name in names], lines, 260)
    tags = alt.Chart(data(ends)).mark_text(align="left", dx=6, fontSize=9, color=INK)
    tags = tags.encode(x=x, y=alt.Y("place:Q"), text="tag:N")
    return finish(alt.layer(area, thin, tags).properties(width=width, height=260), data)


def rank_spans(rows: Sequence[Row], spans: Sequence[Row], count: int, title: str) -> Spec:
    """Best and worst rank of each country over definitions, and the rank under each.

    Rows have name, rank, marked; spans have name, best, worst, shown, marked; best median on top.
    """
    data = Data()
    order = [row["name"] for row in spans]
    y = _names(order, [row["name"] for row in spans if row["marked"]])
    x = alt.X(
        "rank:Q",
        title=title,
        axis=alt.Axis(format="d", tickMinStep=1),
        scale=alt.Scale(domain=[0.5, count + 0.5], nice=False),
    )
    rule = alt.Chart(data(spans)).mark_rule(strokeWidth=5, opacity=0.55)
    rule = rule.encode(y=y, x=alt.X("best:Q", title=title), x2="worst:Q", color=_colour())
    dots = alt.Chart(data(rows)).mark_point(filled=True, size=12, opacity=1)
    dots = dots.encode(y=y, x=x, color=_colour(other="#666666"))
    text = alt.Chart(data(spans)).mark_text(align="right", fontSize=9.5)
    text = text.encode(y=y, text="shown:N", x=alt.value(WIDTH - 120), color=_colour(other=INK))
    return finish(
        alt.layer(rule, dots, text).properties(width=WIDTH - 165, height=max(60, 13 * len(order))),
        data,
    )


def scatter(rows: Sequence[Row], *, x_title: str, y_title: str) -> Spec:
    """Countries by two values, each with its code; the diagonal is where both are equal.

    Rows have code, x, y, marked.
    """
    data = Data()
    width, height = WIDTH - 75, 380
    most = max((max(row["x"], row["y"]) for row in rows), default=1.0)
    rows = _labelled(rows, width, height)
    x = alt.X("x:Q", title=x_title, axis=alt.Axis(tickCount=6))
    y = alt.Y("y:Q", title=y_title, axis=alt.Axis(tickCount=6))
    base = alt.Chart(data(rows)).encode(x=x, y=y)
    equal = [{"x": 0.0, "y": 0.0}, {"x": most, "y": most}]
    return finish(
        alt.layer(
            _line(data(equal), color="#999999", strokeDash=DASH, strokeWidth=1).encode(x=x, y=y),
            base.mark_point(filled=True, opacity=1).encode(
                color=_colour(other="#8f8f8f"),
                size=alt.condition("datum.marked", alt.value(90), alt.value(26)),
            ),
            *(
                base.mark_text(align=side, dx=6 if side == "left" else -6, fontSize=8.5).encode(
                    text=f"{side}:N", color=_colour(other="#555555")
                )
                for side in ("left", "right")
            ),
        ).properties(width=width, height=height),
        data,
    )


def _labelled(rows: Sequence[Row], width: int, height: int) -> list[dict[str, Any]]:
    """Codes to the right (``left`` aligned) or left of points, where none covers another."""
    wide = max((row["x"] for row in rows), default=1.0) or 1.0
    tall = max((row["y"] for row in rows), default=1.0) or 1.0
    at = [(row["x"] / wide * width, row["y"] / tall * height) for row in rows]
    boxes = [(x - 3, y - 3, x + 3, y + 3) for x, y in at]
    found = [{**row, "left": "", "right": ""} for row in rows]
    for i in sorted(range(len(rows)), key=lambda i: not rows[i]["marked"]):
        x, y = at[i]
        for side, start in (("left", x + 5), ("right", x - 28)):
            box = (start, y - 5, start + 23, y + 5)
            if not any(_overlap(box, other) for k, other in enumerate(boxes) if k != i):
                found[i][side] = rows[i]["code"]
                boxes.append(box)
                break
    return found


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _lines(title: str, width: int) -> list[str]:
    """A title broken into lines that fit a width in pixels."""
    found = [""]
    for word in title.split():
        if found[-1] and 5.6 * (len(found[-1]) + len(word) + 1) > width:
            found.append("")
        found[-1] = f"{found[-1]} {word}".strip()
    return found


def bars(rows: Sequence[Row], order: Sequence[str], parts: Sequence[str], *, title: str) -> Spec:
    """Stacked bars: one a name, cut into parts. Rows have name, part, value and place."""
    data = Data()
    colours = [SHADES[i % len(SHADES)] for i in range(len(parts))]
    chart = (
        alt.Chart(data(rows))
        .mark_bar(stroke="#ffffff", strokeWidth=0.6)
        .encode(
            y=alt.Y(
                "name:N",
                sort=list(order),
                axis=alt.Axis(title=None, ticks=False, domain=False, labelPadding=6),
            ),
            x=alt.X("value:Q", title=title, stack="zero"),
            color=alt.Color(
                "part:N", scale=alt.Scale(domain=list(parts), range=colours), legend=None
            ),
            order="place:Q",
        )
    )
    return finish(chart.properties(width=WIDTH - 255, height=26 * len(order)), data)


def columns(
    rows: Sequence[Row], parts: Sequence[str], colours: Sequence[str], *, title: str
) -> Spec:
    """Columns of shares, one a year, cut into parts, the first at the bottom.

    Rows have year, part, value, place and shown, the value as text.
    """
    data = Data()
    years = sorted({row["year"] for row in rows})
    width = min(WIDTH - 75, 90 * len(years))
    wide = width / max(1, len(years)) >= 30
    at, rows = dict.fromkeys(years, 0.0), sorted(rows, key=lambda row: row["place"])
    placed = []
    for row in rows:
        low = at[row["year"]]
        at[row["year"]] = low + row["value"]
        text = row["shown"] if wide and row["value"] >= LEAST_LABEL else ""
        placed.append({**row, "low": low, "high": at[row["year"]],
                       "middle": low + row["value"] / 2, "text": text})  # fmt: skip
    shades = alt.Scale(domain=list(parts), range=list(colours))
    x = alt.X("year:O", axis=alt.Axis(title=None, labelAngle=0, ticks=False, labelPadding=4))
    y = alt.Y("low:Q", title=title, scale=alt.Scale(nice=False),
              axis=alt.Axis(format="~%", tickCount=5))  # fmt: skip
    base = alt.Chart(data(placed)).encode(x=x)
    bars = base.mark_bar(stroke="#ffffff", strokeWidth=0.25).encode(
        y=y,
        y2="high:Q",
        color=alt.Color("part:N", scale=shades, legend=None),
    )
    text = base.mark_text(fontSize=8.5, color="#ffffff", baseline="middle").encode(
        y=alt.Y("middle:Q", title=title), text="text:N"
    )
    return finish(alt.layer(bars, text).properties(width=width, height=230), data)


def split(
    rows: Sequence[Row], order: Sequence[str], marked: Sequence[str], *, unit: str, title: str
) -> Spec:
    """Bars for two parts of a change, from zero outwards, and a dot for their sum.

    Rows have name, part (``within``, ``between``), value and total.
    """
    data = Data()
    form = "+~%" if unit == "share" else "+~g"
    y = _names(order, marked)
    x = alt.X("value:Q", title=title, stack="zero", axis=alt.Axis(format=form, tickCount=7))
    colours = alt.Scale(domain=["within", "between"], range=[PARTNER, "#e0a458"])
    base = alt.Chart(data(rows))
    zero = alt.Chart(data([{"value": 0.0}])).mark_rule(color="#666666").encode(x="value:Q")
    bar = base.mark_bar(size=9).encode(
        y=y, x=x, color=alt.Color("part:N", scale=colours, legend=None)
    )
    dot = (
        base.transform_filter("datum.part == 'within'")
        .mark_point(filled=True, size=30, color=INK, opacity=1)
        .encode(y=y, x=alt.X("total:Q", title=title))
    )
    return finish(
        alt.layer(bar, zero, dot).properties(width=WIDTH - 165, height=max(60, 14 * len(order))),
        data,
    )


def decades(rows: Sequence[Row], order: Sequence[str], *, title: str) -> Spec:
    """Counts by power of ten, two kinds side by side. Rows have decade, kind, count."""
    data = Data()
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    few = min(4, max(row["count"] for row in rows))
    charts = [
        alt.Chart(data([r for r in rows if r["kind"] == kind]), title=kind)
        .mark_bar(color=colour)
        .encode(
            x=alt.X(
                "decade:N",
                sort=list(order),
                axis=alt.Axis(title=title, labelAngle=0, labelFontSize=8.5, labelOverlap=True),
                scale=alt.Scale(domain=list(order)),
            ),
            y=alt.Y("count:Q", title="tables", axis=alt.Axis(tickCount=few, format="d")),
        )
        .properties(width=275, height=130)
        for kind, colour in zip(kinds, (ACCENT, PARTNER), strict=False)
    ]
    return finish(alt.hconcat(*charts, spacing=30), data)
