"""Change since the base year: new recipes or another mix of industries."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from servio.report import _charts
from servio.report._blocks import Figure, Key, Section
from servio.report._notes import small_print
from servio.report.view import Panel, Variant, View
from servio.report.words import country, difference, group_title

__all__ = ["changes"]

PARTS = ("change", "within", "between")
_WHAT = {"coefficient": "services per unit of output", "share": "services in inputs"}


def changes(view: View) -> Section:
    """Change of service inputs of manufacturing, within industries and between them."""
    title = "Change since the base year"
    blocks = list(_figures(view))
    if not blocks:
        return Section(title, absent="service_input_change with by=manufacturing, and a base_year")
    intro = (
        "Within: industries changed their recipes. Between: industries that use much service "
        "gained or lost weight in manufacturing."
    )
    return Section(title, intro, blocks)


def _figures(view: View) -> Iterator[Figure]:
    for of in _WHAT:
        variant = view.pick("service_input_change", {"origin": "total"}, of=of,
                            grouping="services", by="manufacturing")  # fmt: skip
        if variant is not None and len(view.codes) > 1:
            yield _by_country(view, variant, of)
        several = [v for v in view.variants("service_input_change", of=of, by="manufacturing")
                   if len(view.labels(v, "group")) > 1]  # fmt: skip
        if several and view.focus is not None:
            yield _by_group(view, several[0], of)


def _by_country(view: View, variant: Variant, of: str) -> Figure:
    panels = {label["part"]: panel for label, panel in view.panels(variant)}
    year = panels["change"].latest
    frame = pd.DataFrame({part: panels[part].column(year) for part in PARTS})
    frame = frame.sort_values("change", ascending=False, kind="stable")
    names = {code: country(str(code)) for code in frame.index}
    unit = _unit(of)
    caption = (
        f"Service inputs rose in {int((frame['change'] > 0).sum())} of {len(frame)} countries."
    )
    if view.focus in frame.index:
        own = frame.loc[view.focus]
        caption = f"{view.focus_name}: {_words(own, unit)}. {caption}"
    title = f"Change of {_WHAT[of]} of manufacturing, {view.base} to {year}"
    return _figure(view, variant, panels["change"], title, caption, frame, names, unit,
                   [names[c] for c in frame.index if c in view.marked])  # fmt: skip


def _by_group(view: View, variant: Variant, of: str) -> Figure:
    grouping = variant.options["grouping"]
    panels = {(k["group"], k["part"]): p for k, p in view.panels(variant)}
    one = next(iter(panels.values()))
    year = one.latest
    groups = list(dict.fromkeys(group for group, _ in panels))
    frame = pd.DataFrame(
        {part: {g: panels[g, part].value(view.focus, year) for g in groups} for part in PARTS}
    ).sort_values("change", ascending=False, kind="stable")
    names = {g: group_title(grouping, str(g)) for g in frame.index}
    unit = _unit(of)
    best = str(frame.index[0])
    caption = f"{view.focus_name}: most for {names[best]}, {_words(frame.loc[best], unit)}."
    title = f"Change of {_WHAT[of]} of manufacturing by service group, {view.base} to {year}"
    return _figure(view, variant, one, title, caption, frame, names, unit, [])


def _unit(of: str) -> str:
    return "share" if of == "share" else "ratio"


def _words(own: pd.Series, unit: str) -> str:
    change, within, between = (difference(float(own[part]), unit) for part in PARTS)
    return f"{change}, of which {within} within industries and {between} between them"


def _figure(
    view: View, variant: Variant, panel: Panel, title: str, caption: str, frame: pd.DataFrame,
    names: dict[object, str], unit: str, marked: list[str],
) -> Figure:  # fmt: skip
    rows = [
        {"name": names[label], "part": part, "value": float(frame.loc[label, part]),
         "total": float(frame.loc[label, "change"])}
        for label in frame.index
        for part in PARTS[1:]
    ]  # fmt: skip
    return Figure(
        title,
        caption,
        small_print(view, variant, unit, (view.base, panel.latest)),
        f"Bars of two parts of a change for {len(frame)} rows. {caption}",
        _charts.split(rows, list(names.values()), marked, unit=unit,
                      title=f"change since {view.base}"),
        frame.rename_axis("label").reset_index(),
        [Key("cell", "within industries", _charts.PARTNER),
         Key("cell", "between industries", "#e0a458"), Key("dot", "change", _charts.INK)],
    )  # fmt: skip
