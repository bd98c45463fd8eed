"""One country from inside: its service groups, industries and technology classes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from servio import classify
from servio.report import _charts, picks
from servio.report._blocks import Block, Figure, Key, Section, Table
from servio.report._compare import line_keys, panel_rows
from servio.report._notes import lines, small_print, wide_frame
from servio.report.view import Panel, Variant, View
from servio.report.words import (
    UNDEFINED,
    country,
    difference,
    group_title,
    industry_titles,
    number,
    span,
)

__all__ = ["group_figure", "heat_maps", "service_groups", "technology"]

NO_FOCUS = "a country to look at closely (focus in the study file) that is in this source"


def service_groups(view: View) -> Section:
    """Trend of every service group in manufacturing, with ranks."""
    title = "Service groups in manufacturing"
    variant = picks.grouped(view, by="manufacturing")
    if variant is None:
        return Section(title, absent="convergence_rate or service_input_share with a grouping of "
                                     "several service groups, by=manufacturing")  # fmt: skip
    if view.focus is None:
        return Section(title, absent=NO_FOCUS)
    blocks: list[Block] = []
    if len(view.years) > 1:
        blocks.append(group_figure(view, variant))
    blocks.append(_group_table(view, variant))
    ict = view.pick("service_input_coefficient", {"origin": "total", "total": "false"},
                    grouping="ict", by="manufacturing")  # fmt: skip
    if ict is not None and len(view.years) > 1:
        blocks.append(group_figure(view, ict, "ICT goods and services per unit of output"))
    return Section(title, "Which services manufacturing draws on, and which of them it draws on "
                          "more than it used to.", blocks)  # fmt: skip


def _by_group(view: View, variant: Variant) -> dict[str, Panel]:
    return {label["group"]: panel for label, panel in view.panels(variant)}


def group_figure(view: View, variant: Variant, title: str = "") -> Figure:
    """Small multiples: one panel a service group, the focus country among all others."""
    grouping = variant.options["grouping"]
    found = _by_group(view, variant)
    panels = []
    for group, panel in found.items():
        others, median, focus = panel_rows(view, panel)
        own = [row for row in focus if row["code"] == view.focus]
        rest = [row for row in focus if row["code"] != view.focus]
        panels.append(
            {
                "title": group_title(grouping, group),
                "unit": panel.unit,
                "median": median,
                "focus": own,
                "others": others + rest,
            }
        )
    one = next(iter(found.values()))
    up = [group_title(grouping, g) for g, p in found.items() if p.change(view.focus, view.base) > 0]
    caption = (
        f"{view.focus_name} since {view.base}: {len(up)} of {len(found)} groups rose"
        f"{' (' + ', '.join(up) + ')' if up else ''}. Every panel has a scale of its own."
    )
    return Figure(
        title or f"{variant.spec.title}: groups in manufacturing",
        caption,
        small_print(view, variant, one.unit, one.years),
        f"{len(found)} small line charts, one a service group. {caption}",
        _charts.group_panels(panels),
        wide_frame(found),
        line_keys(view, one, all_marked=False),
    )


def _group_table(view: View, variant: Variant) -> Table:
    grouping = variant.options["grouping"]
    rows, data = [], []
    one = None
    for group, panel in _by_group(view, variant).items():
        one = panel
        year, focus = panel.latest, view.focus
        value, base = panel.value(focus, year), panel.value(focus, view.base)
        own = panel.frame.loc[focus].dropna() if focus in panel.frame.index else pd.Series()
        peak = int(own.idxmax()) if len(own) else None
        rank = panel.rank(focus, year)
        rows.append([
            group_title(grouping, group), number(base, panel.unit), number(value, panel.unit),
            difference(value - base, panel.unit), "–" if peak is None else str(peak),
            UNDEFINED if rank is None else f"{rank} of {panel.count(year)}",
            number(panel.median(year), panel.unit),
        ])  # fmt: skip
        data.append((group, view.focus, view.base, base, year, value, value - base, peak, rank,
                     panel.count(year), panel.median(year), panel.unit))  # fmt: skip
    columns = ["group", "country", "base_year", "base", "year", "value", "change", "peak_year",
               "rank", "countries", "median", "unit"]  # fmt: skip
    latest = one.latest if one is not None else None
    return Table(
        f"Service groups in manufacturing: {view.focus_name}",
        small_print(view, variant, one.unit if one else "", (view.base, latest)),
        ["Service group", str(view.base or "base"), str(latest or "latest"), "Change",
         "Peak year", "Rank from the top", "Median"],
        rows, [False] + [True] * 6, pd.DataFrame(data, columns=columns),
    )  # fmt: skip


def heat_maps(view: View) -> Section:
    """Industry by service group: latest year, and change since the base year."""
    title = "Industries by service groups"
    variant = picks.finest(view)
    if variant is None:
        return Section(title, absent="convergence_rate or service_input_share with a grouping of "
                                     "several service groups, by=industry")  # fmt: skip
    if view.focus is None:
        return Section(title, absent=NO_FOCUS)
    slab = view.slab(variant)
    years = [y for y in slab.years if slab.grid(view.focus, y).notna().any(axis=None)]
    if not years:
        return Section(title, absent=f"a defined value of {view.focus_name}")
    year, unit = max(years), slab.unit
    frame = _manufacturing_rows(slab.grid(view.focus, year), variant)
    blocks: list[Block] = [_heat(view, variant, frame, unit, (year,))]
    if view.base is not None and view.base != year:
        base = slab.grid(view.focus, view.base).reindex_like(frame)
        blocks.append(_heat(view, variant, frame - base, unit, (view.base, year)))
    return Section(title, f"{view.focus_name}: which industries use which services.", blocks)


def _manufacturing_rows(frame: pd.DataFrame, variant: Variant) -> pd.DataFrame:
    """The industries that are manufacturing, where the classification is known."""
    codes = [str(code) for code in frame.index]
    if variant.only:
        return frame
    known = classify.identify(codes)
    if known is None:
        return frame
    inside = classify.grouping("manufacturing").weights(known, codes).sum(axis=0) > 0
    return frame[inside]


def _heat(
    view: View, variant: Variant, frame: pd.DataFrame, unit: str, years: tuple[int, ...]
) -> Figure:
    change = len(years) == 2
    grouping = variant.options["grouping"]
    titles = [group_title(grouping, str(g)) for g in frame.columns]
    groups = [_wrap(title) for title in titles]
    industries = industry_titles([str(code) for code in frame.index])
    form = difference if change else number
    rows = [
        {"industry": industry, "group": group, "value": float(value),
         "shown": _cell(form(float(value), unit))}
        for industry, line in zip(industries, frame.to_numpy(), strict=True)
        for group, value in zip(groups, line, strict=True)
    ]  # fmt: skip
    what = f"change {span(list(years))}" if change else str(years[0] or "")
    data = frame.copy()
    data.columns = [str(g) for g in frame.columns]
    data.insert(0, "title", [t.split("  ", 1)[-1] for t in industries])
    data = data.reset_index(names="industry")
    caption = _heat_words(frame, industries, titles, unit, change)
    gone = int(np.isnan(frame.to_numpy(dtype=float)).sum())
    if gone:
        caption += f" {gone} cells are undefined (grey, marked n/a)."
    if unit == "share":
        caption += " Cells in " + ("percentage points." if change else "percent.")
    return Figure(
        f"{variant.spec.title}: industries of {view.focus_name}, {what}",
        caption,
        small_print(view, variant, unit, years),
        f"Heat map of {len(industries)} industries by {len(groups)} service groups. {caption}",
        _charts.heat(rows, industries, groups, change=change),
        data,
        [Key("cell", "fall", "#b35806"), Key("cell", "rise", "#2166ac")] if change
        else [Key("cell", "little", "#deebf7"), Key("cell", "much", "#08306b")],
    )  # fmt: skip


def _cell(text: str) -> str:
    if text == UNDEFINED:
        return "n/a"
    return text.removesuffix(" points").removesuffix("%")


def _wrap(title: str, width: int = 11, most: int = 3) -> str:
    lines_: list[str] = [""]
    for word in title.replace(",", "").split():
        if lines_[-1] and len(lines_[-1]) + len(word) + 1 > width:
            lines_.append("")
        lines_[-1] = f"{lines_[-1]} {word}".strip()
    kept = [line if len(line) <= width + 1 else f"{line[:width]}." for line in lines_[:most]]
    return "\n".join(line.removesuffix(" and") for line in kept)


def _heat_words(
    frame: pd.DataFrame, industries: list[str], titles: list[str], unit: str, change: bool
) -> str:
    values = frame.to_numpy(dtype=float)
    if np.isnan(values).all():
        return "No value is defined."
    i, j = np.unravel_index(int(np.nanargmax(values)), values.shape)
    form = difference if change else number
    first = "Largest rise" if change else "Largest"
    text = f"{first}: {titles[j]} in {industries[i]} ({form(float(values[i, j]), unit)})."
    if change:
        i, j = np.unravel_index(int(np.nanargmin(values)), values.shape)
        text += (
            f" Largest fall: {titles[j]} in {industries[i]} ({form(float(values[i, j]), unit)})."
        )
    return text


def technology(view: View) -> Section:
    """Manufacturing by technology class."""
    title = "Technology classes of manufacturing"
    names = ("service_input_share", "service_input_coefficient")
    found = [v for v in (picks.technology(view, name) for name in names) if v is not None]
    if not found:
        return Section(title, absent="service_input_share or service_input_coefficient with "
                                     "grouping=services, by=technology")  # fmt: skip
    if view.focus is None:
        return Section(title, absent=NO_FOCUS)
    intro = "Classes by R&D intensity: do industries of higher technology use more services?"
    return Section(title, intro, [_technology(view, variant) for variant in found])


def _technology(view: View, variant: Variant) -> Figure:
    grouping = variant.options["by"]
    found = {label["industry"]: panel for label, panel in view.panels(variant)}
    names = {c: group_title(grouping, c).removesuffix(" R&D intensity") for c in found}
    year = max((p.latest or 0 for p in found.values()), default=0)
    now, time = [], []
    for code, panel in found.items():
        name, unit = names[code], panel.unit
        for other, value in panel.column(year).items():
            kind = "focus" if other == view.focus else "other"
            now.append({"name": name, "value": value, "kind": kind, "shown": number(value, unit)})
        if panel.count(year) > 2:
            now.append({"name": name, "value": panel.median(year), "kind": "median", "shown": ""})
        if view.focus in panel.frame.index:
            time += [
                row | {"name": name, "tag": name} for row in lines(panel.frame, view.shown[:1])
            ]
    one = next(iter(found.values()))
    values = {names[c]: p.value(view.focus, year) for c, p in found.items()}
    caption = f"{view.focus_name} in {year or 'its table'}: " + ", ".join(
        f"{name} {number(value, one.unit)}" for name, value in values.items()
    )
    changes = {
        n: p.change(view.focus, view.base) for n, p in zip(values, found.values(), strict=True)
    }
    if view.base is not None and not all(math.isnan(c) for c in changes.values()):
        caption += f". Since {view.base}: " + ", ".join(
            f"{name} {difference(change, one.unit)}" for name, change in changes.items()
        )
    keys = [Key("dot", country(view.focus or ""), _charts.ACCENT)]
    if len(view.codes) > 1:
        keys.append(Key("tick", "other countries", "#b5b5b5"))
    if len(view.codes) > 2:
        keys.append(Key("tick", "median", _charts.MEDIAN))
    right = " Right: the country's classes over the years." if len(view.years) > 1 else ""
    return Figure(
        f"{variant.spec.title}: technology classes",
        f"{caption}.{right}",
        small_print(view, variant, one.unit, one.years),
        f"Dots by technology class among all countries, and lines over years. {caption}.",
        _charts.classes(now, time, list(names.values()), unit=one.unit, title=f"{year or ''}"),
        wide_frame(found, "class"),
        keys,
    )
