"""Pages on parts of a whole over the years: exports taken apart, offshoring, levels, links."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from servio.report import _charts
from servio.report._blocks import Block, Figure, Key, Section
from servio.report._chains import small_multiples
from servio.report._compare import line_keys, panel_rows, trend_words
from servio.report._detail import NO_FOCUS
from servio.report._notes import small_print, wide_frame
from servio.report.view import Panel, Slab, Variant, View
from servio.report.words import UNDEFINED, group_title, industry_kinds, industry_titles, number

__all__ = ["accounts", "levels", "links", "offshore"]

TOP = 12
NOTHING = 1e-9
_ACCOUNTS = {
    "VAX": ("domestic, ends abroad", _charts.ACCENT),
    "REF": ("domestic, comes back", "#7a2d07"),
    "DDC": ("domestic, counted again", "#e0a458"),
    "FVA": ("foreign", _charts.PARTNER),
    "FDC": ("foreign, counted again", "#8ab4d8"),
    "TAXES": ("taxes and margins", _charts.GREY),
    "IMPORTS": ("from outside the table", "#a8a8a8"),
    "DISCREPANCY": ("domestic, sold to nobody", "#7f7f7f"),
    "COST_GAP": ("costs left open", "#5f5f5f"),
}
_OFFSHORE = {
    "broad": "Broad: all inputs from abroad",
    "narrow": "Narrow: from the same industry abroad",
    "materials": "Materials from abroad",
    "services": "Services from abroad",
}


def accounts(view: View) -> Section:
    """Gross exports of the focus country cut into domestic, foreign and double counted value."""
    title = "Exports taken apart"
    variant = view.pick(
        "export_decomposition", {"by": "manufacturing", "perimeter": "exporter"},
        method="borin_mancini_source", perimeter=("exporter", "world"),
        by=("manufacturing", "economy"), blocs="",
    )  # fmt: skip
    if variant is None:
        return Section(title, absent="export_decomposition with method=borin_mancini_source, "
                                     "by=manufacturing")  # fmt: skip
    if view.focus is None:
        return Section(title, absent=NO_FOCUS)
    panels = {k["part"]: p for k, p in view.panels(variant)}
    whole = panels["EXGR"].frame
    shares = {p: (panels[p].frame / whole).to_numpy() for p in _ACCOUNTS if p in panels}
    present = [p for p, s in shares.items() if np.nanmax(np.abs(s), initial=0.0) > NOTHING]
    codes, years = panels["EXGR"].codes, panels["EXGR"].all_years
    kept = {_ACCOUNTS[p][0]: Panel(variant, "share", codes, years, shares[p]) for p in present}
    what = "manufactured exports" if variant.options["by"] == "manufacturing" else "exports"
    shades = [_ACCOUNTS[part][1] for part in present]
    figure = _columns(view, kept, f"Value added in {what} of {view.focus_name}",
                      "share of gross exports", "account", shades)  # fmt: skip
    intro = ("Gross exports are somebody's value added, counted each time it crosses the border: "
             "what is domestic, what is foreign, and what is counted again.")  # fmt: skip
    return Section(title, intro, [figure])


def _columns(
    view: View,
    panels: Mapping[str, Panel],
    title: str,
    axis: str,
    what: str,
    shades: Sequence[str] = _charts.SHADES,
) -> Figure:
    """Parts of a whole of the focus country, a column a year."""
    one = next(iter(panels.values()))
    known = [y for y in one.all_years
             if not any(math.isnan(p.value(view.focus, y)) for p in panels.values())]  # fmt: skip
    rows = [
        {"year": year, "part": part, "value": panel.value(view.focus, year), "place": place,
         "shown": f"{100 * panel.value(view.focus, year):.0f}"}
        for place, (part, panel) in enumerate(panels.items())
        for year in known
    ]  # fmt: skip
    colours = [shades[i % len(shades)] for i in range(len(panels))]
    first, last = (min(known), max(known)) if known else (None, None)
    said = "; ".join(
        f"{part[:1].lower()}{part[1:]} {_from_to(panel, view.focus, first, last)}"
        for part, panel in panels.items()
    )
    caption = f"{view.focus_name}: {said}." if known else f"{UNDEFINED} in all years."
    if gone := [str(y) for y in one.all_years if y not in known]:
        caption += f" Undefined in {', '.join(gone)}."
    return Figure(
        f"{title}, {first or ''}" + (f"\N{EN DASH}{last}" if first != last else ""),
        caption,
        small_print(view, one.variant, one.unit, known),
        f"Stacked columns of {len(panels)} parts, one a year. {caption}",
        _charts.columns(rows, list(panels), colours, title=axis),
        wide_frame(panels, what),
        [Key("cell", part, colour) for part, colour in zip(panels, colours, strict=True)],
    )  # fmt: skip


def _from_to(panel: Panel, code: str | None, first: int | None, last: int | None) -> str:
    start, end = (number(panel.value(code, year), panel.unit) for year in (first, last))
    return end if start == end else f"{start} to {end}"


def offshore(view: View) -> Section:
    """Inputs of manufacturing from abroad, broad and narrow, over the years."""
    title = "Offshoring"
    panels = {
        words: panel
        for form, words in _OFFSHORE.items()
        if (variant := view.pick("offshoring", form=form, by="manufacturing")) is not None
        for label, panel in view.panels(variant)
        if label["part"] in ("true", "")
    }
    if not panels:
        return Section(title, absent="offshoring with form=broad and form=narrow, by=manufacturing")
    if view.focus is None or len(view.years) < 2:
        return Section(title, absent=NO_FOCUS if view.focus is None else "a second year")
    figure = small_multiples(
        view, panels, "Inputs of manufacturing from abroad over time", "form",
        "Shares of inputs without energy, from import flows of the table.",
    )  # fmt: skip
    return Section(title, "What part of its inputs manufacturing buys abroad.", [figure])


def levels(view: View) -> Section:
    """Services of manufacturing chains by level and by Porter's inputs, and their mean level."""
    title = "Level of the services in chains"
    blocks: list[Block] = []
    titles = {"chain_level": "Services in manufacturing chains by level",
              "porter": "Services in manufacturing chains by what they are for"}  # fmt: skip
    found = {
        grouping: variant
        for grouping in titles
        if (variant := view.pick("service_profile", {"of": "value_added"}, grouping=grouping,
                                 by="manufacturing")) is not None
    }  # fmt: skip
    mean = view.pick("service_hierarchy", {"of": "value_added"}, by="manufacturing")
    if not found and mean is None:
        return Section(title, absent="service_profile with grouping=chain_level and porter, or "
                                     "service_hierarchy, by=manufacturing")  # fmt: skip
    if view.focus is None:
        return Section(title, absent=NO_FOCUS)
    for grouping, variant in found.items():
        panels = {group_title(grouping, k["group"]): p for k, p in view.panels(variant)}
        axis = "share of these services"
        blocks.append(_columns(view, panels, f"{titles[grouping]}: {view.focus_name}", axis,
                               "group"))  # fmt: skip
    if mean is not None and len(view.years) > 1:
        blocks.append(_mean_level(view, view.panel(mean)))
    intro = ("Which services a chain uses: high (research, design, strategy), middle (information, "
             "law, accounting) or low (trade, logistics, advertising), and for which of "
             "Porter's inputs.")  # fmt: skip
    return Section(title, intro if blocks else "", blocks, "" if blocks else "a second year")


def _mean_level(view: View, panel: Panel) -> Figure:
    others, median, focus = panel_rows(view, panel)
    caption = f"{trend_words(view, panel)} 3: all services high, 1: all low."
    chart = _charts.trend(others, median, focus, unit=panel.unit, title="mean level, 1 to 3",
                          zero=False)  # fmt: skip
    return Figure(
        "Mean level of the services in manufacturing chains over time",
        caption,
        small_print(view, panel.variant, panel.unit, panel.years),
        f"Line chart of {len(panel.frame)} countries over {len(panel.years)} years. {caption}",
        chart,
        wide_frame({"manufacturing": panel}, "industry"),
        line_keys(view, panel),
    )


def links(view: View) -> Section:
    """Links of services that carry value: the strategic ones and the strongest single paths."""
    title = "Links from services to industries"
    strategic = view.pick("strategic_links", form="strength", grouping="services")
    path = view.pick("structural_paths", {"grouping": "services", "producer": view.focus or ""},
                     producer=(view.focus or "", ""))  # fmt: skip
    if strategic is None and path is None:
        return Section(title, absent="strategic_links, or structural_paths with the producer to "
                                     "look at closely")  # fmt: skip
    if view.focus is None:
        return Section(title, absent=NO_FOCUS)
    blocks: list[Block] = []
    for variant, make in ((path, _paths), (strategic, _strategic)):
        if variant is not None:
            blocks += make(view, variant)
    return Section(title, "Where services reach industries, and what hangs on it.", blocks,
                   "" if blocks else f"a defined value of {view.focus_name}")  # fmt: skip


def _column(slab: Slab, code: str | None, year: int | None, label: str) -> pd.Series:
    """Values of one country and year by a column of labels."""
    from_here = slab.codes.index(code) if code in slab.codes else None
    if from_here is None or year not in slab.years:
        return pd.Series(dtype=np.float64)
    names = [dict(zip(("industry", "partner", "group", "part"), one, strict=True))[label]
             for one in slab.labels]  # fmt: skip
    return pd.Series(slab.values[:, from_here, slab.years.index(year)], index=names).dropna()


def _ranked(
    view: View, variant: Variant, now: pd.Series, base: pd.Series, names: list[str], title: str,
    axis: str, caption: str, marked: Sequence[str] = (),
) -> Figure:  # fmt: skip
    """The largest values now, with those of the base year; manufacturing marked."""
    slab, year = view.slab(variant), max(view.slab(variant).years)
    has_base = bool(len(base)) and view.base != year
    data = pd.DataFrame({"label": now.index, "name": names, str(year or "value"): now.to_numpy()})
    if has_base:
        data[str(view.base)] = base.reindex(now.index).to_numpy()
    rows = [
        {"name": name, "latest": value, "base": float(base.get(label, math.nan)),
         "shown": _small(value), "marked": label in marked}
        for (label, value), name in zip(now.items(), names, strict=True)
    ]  # fmt: skip
    keys = [Key("dot", str(year or "latest"), "#777777")]
    keys += [Key("ring", str(view.base), "#777777")] if has_base else []
    keys += [Key("dot", "manufacturing", _charts.ACCENT)] if marked else []
    return Figure(
        f"{title}, {year or ''}", caption,
        small_print(view, variant, slab.unit, [view.base if has_base else None, year]),
        f"Ranked dot chart of {len(now)} links. {caption}",
        _charts.dumbbell(rows, unit="share", title=axis, median=math.nan, has_base=has_base),
        data.assign(country=view.focus, unit=slab.unit), keys,
    )  # fmt: skip


def _small(value: float) -> str:
    """A share in percent with digits enough to tell small ones apart."""
    return f"{100 * value:.1f}%" if value >= 0.01 else f"{100 * value:.2g}%"


def _paths(view: View, variant: Variant) -> Iterator[Figure]:
    slab = view.slab(variant)
    year = max(slab.years)
    now, base = (_column(slab, view.focus, y, "part") for y in (year, view.base))
    others = [label for label in now.index if " > " not in label]
    rest = float(now.get("all other paths", math.nan))
    now = now.drop(index=others).sort_values(ascending=False, kind="stable").iloc[:TOP]
    if now.empty:
        return
    codes = list(dict.fromkeys(label.partition("_")[2] or label for text in now.index
                               for label in text.split(" > ")))  # fmt: skip
    chain = variant.options["chain"]
    caption = (
        f"Shares of all that services earn from final products ({chain}) of {view.focus_name} in "
        f"{year or 'the table'}. All other paths carry {number(rest, 'share')}; none of them is "
        "stronger than the last one here."
    )
    if codes != (named := industry_titles(codes)):
        caption += f" {'; '.join(name.replace('  ', ' ') for name in named)}."
    yield _ranked(view, variant, now, base, [_arrow(text) for text in now.index],
                   f"Strongest paths from services to final products of {view.focus_name}",
                   "share of what services earn", caption)  # fmt: skip


def _arrow(text: str) -> str:
    return text.replace("_", " ").replace(" > ", " \N{RIGHTWARDS ARROW} ")


def _strategic(view: View, variant: Variant) -> Iterator[Figure]:
    slab = view.slab(variant)
    year = max(slab.years)
    now, base = (_column(slab, view.focus, y, "industry") for y in (year, view.base))
    codes = [str(code) for code in now.index]
    names = dict(zip(codes, industry_titles(codes), strict=True))
    made = [
        c for c, kind in zip(codes, industry_kinds(codes), strict=True) if kind == "manufacturing"
    ]
    now = now.sort_values(ascending=False, kind="stable").iloc[:TOP]
    if now.empty:
        return
    caption = (
        f"Value added of all industries of the table that would go if services sold nothing more "
        f"to an industry of {view.focus_name}, times the concentration of their suppliers, in "
        f"{year or 'the table'}: the {len(now)} largest. First: {names[now.index[0]].strip()}."
    )
    yield _ranked(view, variant, now, base, [names[code] for code in now.index],
                   f"Strategic links from services to industries of {view.focus_name}",
                   "loss times concentration", caption, made)  # fmt: skip
