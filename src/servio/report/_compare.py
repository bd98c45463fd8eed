"""Countries against each other: ranks now and then, and trends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from servio.report import _charts, picks
from servio.report._blocks import Block, Figure, Key, Section
from servio.report._notes import lines, small_print, wide_frame
from servio.report.view import Panel, View
from servio.report.words import country, number, rank_words

__all__ = ["line_keys", "panel_rows", "ranks", "trend_words", "trends"]

COLOURS = (_charts.ACCENT, _charts.PARTNER, "#5b2a86", "#00695c")
MOST_PANELS = 84
_SHORT = {"ratio": "services per unit of output", "share": "services in intermediate inputs"}


def ranks(view: View) -> Section:
    """Rank charts of the input coefficient and the input share of manufacturing."""
    found = [p for p in (picks.coefficient(view), picks.input_share(view)) if p is not None]
    title = "Countries ranked"
    if not found:
        return Section(title, absent="service_input_coefficient or service_input_share with "
                                     "grouping=services, by=manufacturing")  # fmt: skip
    if len(view.codes) < 2:
        return Section(title, absent="a second country")
    intro = (
        "Services used by manufacturing as a whole. The first chart relates them to output, the "
        "second to all inputs bought; the two part where much value is added or imports are dear."
    )
    return Section(title, intro, [_rank(view, panel) for panel in found])


def _rank(view: View, panel: Panel) -> Figure:
    year = panel.latest
    base = view.base if view.base in panel.years and view.base != year else None
    values = panel.column(year).sort_values(ascending=False, kind="stable")
    gone = [code for code in panel.frame.index if code not in values.index]
    rows = [
        {
            "name": f"{panel.rank(code, year)}  {country(code)}",
            "latest": value,
            "base": panel.value(code, base),
            "shown": number(value, panel.unit),
            "marked": code in view.marked,
        }
        for code, value in values.items()
    ]
    median = panel.median(year) if len(values) > 2 else math.nan
    title = f"{panel.variant.spec.title}: manufacturing, {year or 'all tables'}"
    data = pd.DataFrame({
        "country": values.index, "name": [country(c) for c in values.index],
        "rank": [panel.rank(c, year) for c in values.index],
        f"value_{year}": values.to_numpy(),
    })  # fmt: skip
    keys = [Key("dot", str(year or "latest"), "#777777")]
    if base is not None:
        data[f"value_{base}"] = [panel.value(c, base) for c in values.index]
        keys.append(Key("ring", str(base), "#777777"))
    if not math.isnan(median):
        keys.append(Key("dash", f"median {number(median, panel.unit)}", _charts.MEDIAN))
    keys += [Key("dot", country(code), _charts.ACCENT) for code in view.marked]
    caption = (
        f"{country(str(values.index[0]))} is highest, {country(str(values.index[-1]))} lowest."
    )
    if view.focus in values.index:
        place = rank_words(panel.rank(view.focus, year) or 1, len(values))
        caption = f"{view.focus_name} is {place} countries. {caption}"
    if gone:
        caption += f" Undefined in {year}: {', '.join(map(country, gone))}."
    chart = _charts.dumbbell(
        rows, unit=panel.unit, title=_axis_title(panel), median=median, has_base=base is not None
    )
    alt = f"Ranked dot chart of {len(values)} countries. {caption}"
    note = small_print(view, panel.variant, panel.unit, (base, year))
    return Figure(title, caption, note, alt, chart, data, keys)


def _axis_title(panel: Panel) -> str:
    return _SHORT.get(panel.unit, panel.unit)


def trends(view: View) -> Section:
    """Lines over years: all countries, the median and the marked ones; then one panel each."""
    title = "Trends"
    found = [p for p in (picks.coefficient(view), picks.input_share(view)) if p is not None]
    if not found:
        return Section(title, absent="service_input_coefficient or service_input_share with "
                                     "grouping=services, by=manufacturing")  # fmt: skip
    if len(view.years) < 2:
        return Section(title, absent="a second year")
    blocks: list[Block] = [_trend(view, panel) for panel in found]
    if len(view.codes) > 2:
        blocks.append(_country_panels(view, found[0]))
    return Section(title, "Manufacturing as a whole, year by year.", blocks)


def _trend(view: View, panel: Panel) -> Figure:
    others, median, focus = panel_rows(view, panel)
    chart = _charts.trend(others, median, focus, unit=panel.unit, title=_axis_title(panel))
    caption = trend_words(view, panel)
    return Figure(
        f"{panel.variant.spec.title}: manufacturing over time",
        caption,
        small_print(view, panel.variant, panel.unit, panel.years),
        f"Line chart of {len(panel.frame)} countries over {len(panel.years)} years. {caption}",
        chart,
        wide_frame({"manufacturing": panel}, "industry"),
        line_keys(view, panel),
    )


def trend_words(view: View, panel: Panel) -> str:
    """From where to where the focus country and the median go."""
    first, last = panel.years[0], panel.years[-1]
    parts = []
    for who, start, end in (
        (view.focus_name, panel.value(view.focus, first), panel.value(view.focus, last)),
        ("the median country", panel.median(first), panel.median(last)),
    ):
        if who and not math.isnan(start + end) and (who == view.focus_name or len(view.codes) > 2):
            a, b = number(start, panel.unit), number(end, panel.unit)
            verb = "stays at" if a == b else f"goes from {a} to"
            parts.append(f"{who} {verb} {b}")
    text = " and ".join(parts)
    return f"From {first} to {last} {text}." if text else f"All countries from {first} to {last}."


def panel_rows(
    view: View, panel: Panel
) -> tuple[list[dict[str, object]], list[dict[str, object]], list[dict[str, object]]]:
    """Rows of a line chart: other countries, their median with all, the marked countries."""
    marked = [code for code in view.shown if code in panel.codes]
    others = lines(panel.frame, [code for code in panel.frame.index if code not in marked])
    medians = panel.medians()
    median = [{"code": "median", "year": int(y), "value": float(v)} for y, v in medians.items()]
    colours = {code: COLOURS[place % len(COLOURS)] for place, code in enumerate(marked)}
    focus = [
        row | {"label": row["code"], "colour": colours[str(row["code"])]}
        for row in lines(panel.frame, marked)
    ]
    return others, median if len(panel.frame) > 2 else [], focus


def line_keys(view: View, panel: Panel, *, all_marked: bool = True) -> Sequence[Key]:
    """Key of a line chart."""
    return list(_line_keys(view, panel, all_marked))


def _line_keys(view: View, panel: Panel, all_marked: bool) -> Iterator[Key]:
    marked = [code for code in view.shown if code in panel.codes]
    for place, code in enumerate(marked if all_marked else marked[:1]):
        yield Key("line", country(code), COLOURS[place % len(COLOURS)])
    if len(panel.frame) > len(marked):
        yield Key("thin", "other countries", _charts.GREY)
    if len(panel.frame) > 2:
        yield Key("dash", f"median of {len(panel.frame)} countries", _charts.MEDIAN)


def _country_panels(view: View, panel: Panel) -> Figure:
    year = panel.latest
    order = panel.frame[year].sort_values(ascending=False, kind="stable", na_position="last").index
    shown = [str(code) for code in order[:MOST_PANELS]]
    focus = panel.frame.loc[view.focus] if view.focus in panel.frame.index else None
    rows = [
        row
        | {
            "name": country(str(row["code"])),
            "focus": None if focus is None else focus[row["year"]],
        }
        for row in lines(panel.frame, shown)
    ]
    chart = _charts.country_panels(rows, [country(code) for code in shown], unit=panel.unit)
    caption = f"Countries by their value in {year}, highest first; one scale for all."
    keys = [Key("line", "the country", _charts.INK)]
    if focus is not None:
        caption += f" The thin line in every panel is {view.focus_name}."
        keys.append(Key("thin", view.focus_name, _charts.ACCENT))
    if len(order) > len(shown):
        caption += f" The first {len(shown)} of {len(order)}; the data hold all."
    return Figure(
        f"{panel.variant.spec.title}: manufacturing, country by country",
        caption,
        small_print(view, panel.variant, panel.unit, panel.years),
        f"{len(shown)} small line charts, one a country. {caption}",
        chart,
        wide_frame({"manufacturing": panel}, "industry"),
        keys,
    )
