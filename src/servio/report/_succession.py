"""A community in figures: what holds it together, its levels, how it moved, other countries."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from servio.report import _charts
from servio.report._blocks import Figure, Key, Table, Text
from servio.report._compare import line_keys, panel_rows
from servio.report._notes import about, small_print, wide_frame
from servio.report.view import Panel, Slab, Variant, View
from servio.report.words import UNDEFINED, count_words, country, number, rank_words, span

__all__ = ["GROUPINGS", "adhesive", "aggregation", "convention", "countries", "indicators",
           "over_years", "trophic_levels"]  # fmt: skip

GROUPINGS = ("broad", "communities")
CONVENTIONS = {
    "consumption": "what households, non-profit bodies and government use up is respired; "
    "investment, changes in inventories and exports leave as exports",
    "absorption": "what households, non-profit bodies and government use up, investment and "
    "changes in inventories are respired; only exports leave as exports",
    "export": "nothing is respired; all final demand leaves as exports",
}
DEFINITIONS = {
    "cycling": "part of all throughflow that comes round again (Finn)",
    "path_length": "nodes that flow passes on average",
    "indirect_ratio": "indirect over direct flow",
    "homogenisation_input": "variation of direct over that of integral flows; above 1 if paths "
    "even flows out",
    "robustness": "\N{MINUS SIGN}a ln a, a being ascendency over capacity; at most 1/e = 0.368, "
    "at a = 1/e",
    "order": "ascendency over capacity",
    "mutualism": "positive over negative utilities",
    "synergism": "sum of positive over sum of negative utilities",
}
ASIDE = ("path length", "adhesive per unit")
"""Columns that are in the data of the table of countries only: a page has no room for all."""
HOLDS = (
    ("lost without it, share of the others' throughflow",
     "The adhesive, without which the others lose most", "share", "adhesion", "throughflow"),
    ("lost for each unit that passes it",
     "For each unit that passes it", "ratio", "adhesion", "leverage"),
    ("keystone index",
     "The keystone, with most impact for its size", "index", "keystoneness", "index"),
)  # fmt: skip
RELATED = "pairs with another relation than in the first year"
UNITS = {
    "share": "share, shown in percent",
    "ratio": "throughflow of the others per unit of its own",
    "index": "none",
}
PARTS = {
    "cycling": "flow_indicators",
    "path_length": "flow_indicators",
    "robustness": "ascendency",
    "mutualism": "synergism",
}


def choose(view: View, name: str, **required: str | Sequence[str]) -> Variant | None:
    """The variant in which the focus country is a network of its own, of the finest grouping."""
    own = view.results.audits
    alone = view.focus in set(own.loc[own["source"] == view.source, "country"])
    reach = ("balance", "domestic") if alone else ("domestic",)
    wishes = {"by": "broad", "convention": "consumption", "detail": "group"}
    given: dict[str, str | Sequence[str]] = {"by": GROUPINGS, "origin": reach, **required}
    return view.pick(name, wishes, **given)


def part_of(view: View, name: str, part: str, **required: str | Sequence[str]) -> Panel | None:
    """Countries by years of one part of whole networks."""
    variant = choose(view, name, **required)
    if variant is None:
        return None
    return next((p for label, p in view.panels(variant) if label["part"] == part), None)


def _last(view: View, values: np.ndarray, slab: Slab) -> int | None:
    """The last year in which the focus country has a value."""
    if view.focus not in slab.codes:
        return None
    own = values[:, slab.codes.index(view.focus)]
    there = np.flatnonzero(~np.isnan(own).all(axis=0))
    return slab.years[there[-1]] if len(there) else None


def _plain(name: str) -> str:
    return name.replace("_", " ")


# -- convention and aggregation --------------------------------------------------------------------


def convention(view: View) -> Iterator[Text]:
    """What counts as respired, where a measure of the study asks for it."""
    used = dict.fromkeys(v.options["convention"] for v in view.variants()
                         if "convention" in v.options)  # fmt: skip
    known = [f"convention={name}: {CONVENTIONS[name]}" for name in used if name in CONVENTIONS]
    if known:
        yield Text(
            f"{'; or '.join(known)}. Value added, taxes and imported inputs enter from outside; "
            "nothing is balanced. Order, robustness, keystone index and what levels pass on "
            "depend on the convention; cycling, path length, adhesion and relations do not.",
            "Convention of respiration and export:",
        )


def aggregation(view: View) -> Iterator[Table]:
    """How many relations are others if utilities are added up from industries."""
    rows, frames = [], []
    for by in GROUPINGS:
        pair = [view.pick("utility_relation", {"origin": "domestic"}, form="relation", by=by,
                          detail=detail) for detail in ("group", "industry")]  # fmt: skip
        if pair[0] is None or pair[1] is None:
            continue
        coarse, fine = (view.slab(one) for one in pair if one is not None)
        frame = _compared(coarse, fine)
        year = frame.loc[frame["country"] == view.focus, "year"].max() if len(frame) else None
        own = frame[(frame["country"] == view.focus) & (frame["year"] == year)]
        if own.empty:
            continue
        now = frame[frame["year"] == year]
        other = own[own["differs"]]
        names = "; ".join(f"{_plain(r.node)} and {_plain(r.other)}" for r in other.itertuples())
        rows.append([by, _part(own), names or "none", _part(now), _part(frame)])
        frames.append(now.assign(by=by))
    if not rows:
        return
    yield Table(
        "Do relations hang on how industries are grouped?",
        "Pairs of communities whose relation differs between two ways to the same question: "
        "utilities of the groups, and utilities of industries added up to groups (utility_relation "
        "with detail=group and detail=industry). A pair counts where both are defined. "
        f"Source: {view.title}; own calculation.",
        ["Nodes", f"{view.focus_name}, {year}", "Which pairs differ", f"All countries, {year}",
         "All countries and years"],
        rows, [False, True, False, True, True], pd.concat(frames, ignore_index=True),
    )  # fmt: skip


def _part(frame: pd.DataFrame) -> str:
    return f"{int(frame['differs'].sum()):,} of {len(frame):,}"


def _compared(coarse: Slab, fine: Slab) -> pd.DataFrame:
    """Both codes of each pair of different nodes, once, where both are defined."""
    a, b = (_codes_of(slab) for slab in (coarse, fine))
    frame = pd.concat({"code_groups": a, "code_industries": b}, axis=1, join="inner").dropna()
    found = frame.reset_index()
    return found.assign(differs=found["code_groups"] != found["code_industries"])


def _codes_of(slab: Slab) -> pd.Series:
    """Relation codes inside a country by node, other node, country and year, each pair once."""
    found = {
        (node, other, code, year): slab.values[k, c, y]
        for k, (node, partner, other, _) in enumerate(slab.labels) if node < other
        for c, code in enumerate(slab.codes) if partner in ("", code)
        for y, year in enumerate(slab.years)
    }  # fmt: skip
    names = ["node", "other", "country", "year"]
    index = pd.MultiIndex.from_tuples(list(found), names=names)
    return pd.Series(list(found.values()), index=index, dtype=np.float64)


# -- adhesive and keystone -------------------------------------------------------------------------


def adhesive(view: View) -> Iterator[Figure]:
    """Which community the others lose most by, for its size too, and which is the keystone."""
    found = [(one, title, lead, unit, slab)
             for title, lead, unit, name, form in HOLDS
             if (one := choose(view, name, form=form)) is not None
             and (slab := view.slab(one)).labels]  # fmt: skip
    year = _last(view, found[0][-1].values, found[0][-1]) if found else None
    if year is None:
        return
    order = found[0][-1].names("industry")
    panels = [(title, _form(unit), list(_strip_rows(view, slab, year, unit, "industry")))
              for _, title, _, unit, slab in found]  # fmt: skip
    words = [_leaders(view, slab, year, unit, lead) for _, _, lead, unit, slab in found]
    caption = f"{view.focus_name} in {year}. {' '.join(words)}"
    yield Figure(
        f"What holds the community together: {view.focus_name}, {year or ''}", caption,
        _measures(view, [(one, UNITS[unit]) for one, _, _, unit, _ in found], [year])
        + " What the others lose: a node and its boundary input are taken out, the others keep "
        "theirs. A large node holds much by size alone: compare the second panel. Keystone index: "
        "log10 of the impact on the others times (1 \N{MINUS SIGN} own share in throughflow), for "
        "ranking only.",
        f"Strips of {len(order)} nodes in {len(panels)} panels. {caption}",
        strips(panels, [_plain(name) for name in order]),
        pd.concat([_long(slab, year, one.name, one.text) for one, _, _, _, slab in found],
                  ignore_index=True),
        strip_keys(view, found[0][-1]),
    )  # fmt: skip


def _form(unit: str) -> str:
    return "~%" if unit == "share" else "~g"


def _measures(view: View, units: Sequence[tuple[Variant, str]], years: Sequence[int]) -> str:
    """Measures, options and units, with their source once."""
    words = ". ".join(f"{about(one)}; unit: {unit}" for one, unit in units)
    return f"Measures: {words}. Source: {view.title}, {span(list(years))}; own calculation."


def _leaders(view: View, slab: Slab, year: int, unit: str, lead: str) -> str:
    """Which node leads in the focus country, for how long, and in how many countries."""
    frame = _nodes(slab, year)
    own = frame.loc[str(view.focus)].dropna().sort_values(ascending=False, kind="stable")
    if own.empty:
        return ""
    ranked = [f"{_plain(str(node))} ({number(value, unit)})" for node, value in own.items()]
    text = f"{lead}: {', then '.join(ranked[:2])}"
    tops = [top for y in slab.years if (top := _leading(slab, y).get(str(view.focus)))]
    if len(tops) > 1:
        text += f"; it was the first in {tops.count(str(own.index[0]))} of {len(tops)} years"
    everywhere = _leading(slab, year).value_counts()
    if everywhere.sum() > 1:
        counts = [f"{_plain(str(name))} in {n}" for name, n in everywhere.items()]
        text += f". In {int(everywhere.sum())} countries: {', '.join(counts)}"
    return f"{text}."


def _leading(slab: Slab, year: int) -> pd.Series:
    """The node with the largest value, by country."""
    return _nodes(slab, year).dropna(how="all").idxmax(axis=1)


def _nodes(slab: Slab, year: int) -> pd.DataFrame:
    """Countries by nodes."""
    values = slab.values[:, :, slab.years.index(year)].T
    return pd.DataFrame(values, index=list(slab.codes), columns=[k[0] for k in slab.labels])


def _strip_rows(
    view: View, slab: Slab, year: int, unit: str, column: str
) -> Iterator[dict[str, Any]]:
    """Every country's value, the median and the focus country's, by label."""
    place = {"industry": 0, "part": 3}[column]
    for number_, label in enumerate(slab.labels):
        panel = slab.panel(number_)
        name = _plain(label[place])
        values = panel.column(year)
        for code, value in values.items():
            if code != view.focus:
                yield {"name": name, "kind": "other", "value": float(value), "shown": ""}
        if len(values) > 2:
            yield {"name": name, "kind": "median", "value": float(values.median()), "shown": ""}
        if view.focus in values.index:
            own = float(values[view.focus])
            yield {"name": name, "kind": "focus", "value": own, "shown": number(own, unit)}


def strip_keys(view: View, slab: Slab) -> list[Key]:
    """Key of strips."""
    keys = [Key("dot", view.focus_name, _charts.ACCENT)]
    if len(slab.codes) > 1:
        keys.append(Key("thin", "other countries", _charts.GREY))
    if len(slab.codes) > 2:
        keys.append(Key("line", "median", _charts.MEDIAN))
    return keys


def strips(
    panels: Sequence[tuple[str, str, Sequence[Mapping[str, Any]]]], order: Sequence[str]
) -> dict[str, Any]:
    """Labels one under the other, panel beside panel: countries, their median, the focus.

    Panels are title, number format and rows with name, kind (``other``, ``median``, ``focus``),
    value and shown.
    """
    data = _charts.Data()
    width = (530 - 26 * (len(panels) - 1)) // len(panels)
    charts = []
    for k, (title, form, rows) in enumerate(panels):
        names = alt.Axis(title=None, ticks=False, domain=False, labelPadding=6, labels=k == 0)
        y = alt.Y("name:N", sort=list(order), scale=alt.Scale(domain=list(order)), axis=names)
        x = alt.X("value:Q", title=None, axis=alt.Axis(format=form, tickCount=4))

        def of(kind: str, rows: Any = rows, x: Any = x, y: Any = y) -> Any:
            own = [row for row in rows if row["kind"] == kind]
            return alt.Chart(data(own)).encode(x=x, y=y)

        focus = of("focus")
        charts.append(
            alt.layer(
                of("other").mark_tick(color="#b5b5b5", thickness=1, size=13),
                of("median").mark_tick(color=_charts.MEDIAN, thickness=2.4, size=19),
                focus.mark_point(filled=True, size=64, color=_charts.ACCENT, opacity=1),
                focus.mark_text(
                    dy=-12, fontSize=9.5, fontWeight="bold", color=_charts.ACCENT
                ).encode(text="shown:N"),
            ).properties(
                width=width,
                height=38 * len(order),
                title=alt.TitleParams(_charts._lines(title, width), fontSize=10, offset=8),
            )
        )
    return _charts.finish(alt.hconcat(*charts, spacing=26), data)


def _long(slab: Slab, year: int, measure: str, options: str) -> pd.DataFrame:
    """One row a country and label of a year."""
    return pd.DataFrame([
        {"measure": measure, "options": options, "country": code, "node": label[0],
         "part": label[3], "year": year, "value": slab.values[k, c, slab.years.index(year)]}
        for k, label in enumerate(slab.labels)
        for c, code in enumerate(slab.codes)
    ])  # fmt: skip


# -- levels ----------------------------------------------------------------------------------------


def trophic_levels(view: View) -> Iterator[Figure]:
    """How far from the boundary flow is, and what each level passes on."""
    asked = (
        ("share of all throughflow at the level", choose(view, "trophic_structure", form="share")),
        ("share of the level's flow that is passed on",
         choose(view, "trophic_structure", form="efficiency")),
    )  # fmt: skip
    found = [(title, one) for title, one in asked if one is not None]
    if not found:
        return
    slabs = [view.slab(one) for _, one in found]
    year = _last(view, slabs[0].values, slabs[0])
    if year is None:
        return
    levels = slabs[0].names("part")
    panels = [(title, "~%", list(_strip_rows(view, slab, year, "share", "part")))
              for (title, _), slab in zip(found, slabs, strict=True)]  # fmt: skip
    caption = f"{view.focus_name} in {year}. "
    for (title, _), slab in zip(found, slabs, strict=True):
        own = [slab.panel(k).value(view.focus, year) for k in range(2)]
        middle = [slab.panel(k).median(year) for k in range(2)]
        compared = len(slab.panel(0).column(year)) > 2
        caption += f"{title[:1].upper()}{title[1:]}: " + ", ".join(
            f"{levels[k]} {number(own[k], 'share')}"
            + (f" (median {number(middle[k], 'share')})" if compared else "")
            for k in range(2)
        ) + ". "  # fmt: skip
    yield Figure(
        f"Trophic levels: {view.focus_name}, {year or ''}", caption.rstrip(),
        _measures(view, [(one, UNITS["share"]) for _, one in found], [year])
        + " Level 1 is flow that has just entered, level 2 what was passed on once, and so on; "
        "flow that comes round counts again at a higher level. Passed on: to nodes, its own "
        "included, or as exports; the rest is respired.",
        f"Strips of {len(levels)} levels in {len(panels)} panels. {caption.rstrip()}",
        strips(panels, levels),
        pd.concat([_long(slab, year, one.name, one.text)
                   for (_, one), slab in zip(found, slabs, strict=True)], ignore_index=True),
        strip_keys(view, slabs[0]),
    )  # fmt: skip


# -- succession ------------------------------------------------------------------------------------


def over_years(view: View) -> Iterator[Figure]:
    """How size, cycling, order and relations of the community moved."""
    panels = {k: v for k, v in _moved(view).items() if len(_own_years(view, v)) > 1}
    if not panels:
        return
    words, drawn = [], []
    for title, panel in panels.items():
        years = _own_years(view, panel)
        a, b = (panel.value(view.focus, y) for y in (years[0], years[-1]))
        moved = f"{number(a, panel.unit)} to {number(b, panel.unit)}"
        words.append(f"{title} {moved}{_up(panel, years)}")
        if title == RELATED:
            words[-1] += _which(view, years)
        others, median, focus = panel_rows(view, panel)
        drawn.append({"title": title, "unit": panel.unit, "others": others, "median": median,
                      "focus": focus, "zero": False})  # fmt: skip
    whole = sorted({y for p in panels.values() for y in _own_years(view, p)})
    caption = f"{view.focus_name}, {span(whole)}: {'; '.join(words)}.{_steps(view)}"
    one = next(iter(panels.values()))
    variants = dict.fromkeys((p.variant.name, p.variant.text) for p in panels.values())
    yield Figure(
        f"Succession of the community: {view.focus_name}, {span(whole)}", caption,
        "Measures: " + "; ".join(f"{name} ({text})" for name, text in variants)
        + ". Throughflow: output, or what enters a node, over that of the first year, in current "
        "money, so that prices and exchange rates are in it. "
        + _defined(panels)
        + " Unit: ratio; relations: share of the pairs of nodes. Each panel has a scale of its "
        f"own that does not start at zero. Source: {view.title}, {span(whole)}; own calculation.",
        f"{len(panels)} small line charts. {caption}",
        _charts.group_panels(drawn, columns=3),
        wide_frame(panels, "indicator"), line_keys(view, one, all_marked=False),
    )  # fmt: skip


def _title(part: str) -> str:
    return {"cycling": "Finn cycling index", "mutualism": "mutualism ratio"}.get(part, _plain(part))


def _defined(shown: Collection[str]) -> str:
    """Definitions of what is shown."""
    return " ".join(
        f"{_title(part)[:1].upper()}{_title(part)[1:]}: {DEFINITIONS[part]}."
        for part in PARTS if _title(part) in shown
    )  # fmt: skip


def _own_years(view: View, panel: Panel) -> list[int]:
    if view.focus not in panel.frame.index:
        return []
    return [int(y) for y in panel.frame.columns[panel.frame.loc[view.focus].notna()]]


def _up(panel: Panel, years: Sequence[int]) -> str:
    """In how many countries it rose."""
    both = (panel.frame[years[-1]] - panel.frame[years[0]]).dropna()
    return f" (rose in {int((both > 0).sum())} of {len(both)} countries)" if len(both) > 1 else ""


def _moved(view: View) -> dict[str, Panel]:
    """The panels: throughflow, parts of networks, and relations that are no longer the same."""
    found: dict[str, Panel] = {}
    size = part_of(view, "system_throughput", "throughflow")
    if size is not None:
        found["throughflow (first year = 1)"] = _against_first(size)
    for part, measure in PARTS.items():
        panel = part_of(view, measure, part)
        if panel is not None:
            found[_title(part)] = replace(panel, unit="ratio")
    relation = choose(view, "utility_relation", form="relation", detail="group")
    if relation is not None:
        found[RELATED] = _other_relations(view.slab(relation))
    return found


def _against_first(panel: Panel) -> Panel:
    first = panel.values[:, :1]
    against = np.where(first > 0, first, math.nan)
    return replace(panel, values=panel.values / against, unit="ratio")


def _other_relations(slab: Slab) -> Panel:
    """Share of pairs whose relation is another than in the first year, of those defined in both."""
    kept = [k for k, (node, _, other, _) in enumerate(slab.labels) if node < other]
    codes = slab.values[kept]
    first = codes[:, :, :1]
    known = ~np.isnan(codes) & ~np.isnan(first)
    changed = ((codes != first) & known).sum(axis=0)
    count = known.sum(axis=0)
    share = np.divide(changed, count, out=np.full(count.shape, math.nan), where=count > 0)
    return Panel(slab.variant, "share", slab.codes, slab.years, share)


def _which(view: View, years: Sequence[int]) -> str:
    """The pairs of the focus country whose relation is another in the last year."""
    relation = choose(view, "utility_relation", form="relation", detail="group")
    assert relation is not None
    codes = _codes_of(view.slab(relation)).xs(view.focus, level="country").unstack("year")
    both = codes[[years[0], years[-1]]].dropna()
    other = both[both[years[0]] != both[years[-1]]]
    pairs = [f"{_plain(node)} and {_plain(to)}" for node, to in other.index]
    return f": {', '.join(pairs)}" if pairs else ""


def _steps(view: View) -> str:
    """Growth and development of the focus country since the base year."""
    parts = {name: part_of(view, "succession", name, form="development")
             for name in ("ascendency", "growth", "development")}  # fmt: skip
    turnover = part_of(view, "succession", "turnover", form="turnover")
    text = ""
    if all(panel is not None and panel.latest for panel in parts.values()):
        known = {name: panel for name, panel in parts.items() if panel is not None}
        year = known["ascendency"].latest
        values = {name: number(panel.value(view.focus, year), "ratio")
                  for name, panel in known.items()}  # fmt: skip
        if UNDEFINED not in values.values():
            text += (
                f" From {view.base} to {year} ascendency changes by {values['ascendency']} in "
                f"logarithms: {values['growth']} growth of throughput, {values['development']} "
                "development of order (succession)."
            )
    if turnover is not None and not math.isnan(turnover.value(view.focus, turnover.latest)):
        share = number(turnover.value(view.focus, turnover.latest), "share")
        text += f" {share} of throughflow is with other nodes than in {view.base}."
    return text


# -- countries -------------------------------------------------------------------------------------


def countries(view: View) -> Iterator[Figure | Table]:
    """All countries by how much of their flow cycles, and side by side in a table."""
    panel = part_of(view, "flow_indicators", "cycling")
    if panel is None or len(panel.column(panel.latest)) < 2:
        return
    year = panel.latest
    base = view.base if view.base in panel.years and view.base != year else None
    values = panel.column(year).sort_values(ascending=False, kind="stable")
    rows = [
        {"name": f"{panel.rank(str(code), year)}  {country(str(code))}", "latest": value,
         "base": panel.value(str(code), base), "shown": number(value, "ratio"),
         "marked": code in view.shown}
        for code, value in values.items()
    ]  # fmt: skip
    columns = _side_by_side(view, panel, year)
    keys = [Key("dot", str(year or "latest"), "#777777")]
    keys += [Key("ring", str(base), "#777777")] if base is not None else []
    median = panel.median(year) if len(values) > 2 else math.nan
    keys += [] if math.isnan(median) else [
        Key("dash", f"median {number(median, 'ratio')}", _charts.MEDIAN)]  # fmt: skip
    keys += [Key("dot", country(code), _charts.ACCENT) for code in view.shown]
    caption = (f"{country(str(values.index[0]))} is highest, {country(str(values.index[-1]))} "
               f"lowest.{_places(view, columns)}")  # fmt: skip
    yield Figure(
        f"Finn cycling index of {count_words(len(values), 'country', 'countries')}, {year or ''}",
        caption,
        small_print(view, panel.variant, "ratio of cycled to all throughflow", (base, year))
        + f" Cycling: {DEFINITIONS['cycling']}. Flow inside a node counts as cycling, so that "
        "values compare between countries, not between groupings.",
        f"Ranked dot chart of {len(values)} countries. {caption}",
        _charts.dumbbell(rows, unit="ratio", title="Finn cycling index", median=median,
                         has_base=base is not None),
        columns.reset_index(), keys,
    )  # fmt: skip
    shown = columns.drop(columns=["rank", *(c for c in ASIDE if c in columns)])
    known = {_title(part) for part in PARTS}
    yield Table(
        f"Communities of {count_words(len(values), 'country', 'countries')}, {year or ''}",
        "Adhesive: the community without which the others lose most throughflow; keystone: the "
        f"highest keystone index. The data have {' and '.join(ASIDE)} too. "
        + _defined(shown)
        + f" Nodes: {panel.variant.options['by']}. Source: {view.title}; own calculation.",
        ["Country", *(name[:1].upper() + name[1:] for name in shown.columns)],
        [[country(str(code)), *(_cell(v) for v in row)]
         for code, row in zip(shown.index, shown.to_numpy(), strict=True)],
        [False, *(name in known for name in shown.columns)], columns.reset_index(), folded=True,
    )  # fmt: skip


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else number(float(value), "ratio")


def _side_by_side(view: View, panel: Panel, year: int | None) -> pd.DataFrame:
    """Countries by indicators of a year, and who leads in adhesion and keystone index."""
    found = {"rank": {code: panel.rank(code, year) for code in panel.column(year).index}}
    frame = pd.DataFrame(found).rename_axis("country").sort_values("rank", kind="stable")
    for part, measure in PARTS.items():
        one = part_of(view, measure, part)
        if one is not None:
            frame[_title(part)] = one.column(year).reindex(frame.index)
    leaders = (
        ("adhesive", "adhesion", "throughflow"),
        ("adhesive per unit", "adhesion", "leverage"),
        ("keystone", "keystoneness", "index"),
    )
    for title, measure, form in leaders:
        variant = choose(view, measure, form=form)
        if variant is None or year not in view.slab(variant).years:
            continue
        top = _leading(view.slab(variant), int(year or 0))
        frame[title] = top.map(_plain).reindex(frame.index).fillna(UNDEFINED).astype(object)
    return frame


def _places(view: View, columns: pd.DataFrame) -> str:
    """Ranks of the focus country."""
    if view.focus not in columns.index:
        return ""
    words = []
    for part in PARTS:
        name = _title(part)
        if name in columns and not math.isnan(columns.loc[view.focus, name]):
            values = columns[name].dropna()
            own = float(values[view.focus])
            place = rank_words(int((values > own).sum()) + 1, len(values))
            words.append(f"{name} {number(own, 'ratio')} ({place})")
    return f" {view.focus_name}: {'; '.join(words)}." if words else ""


# -- indicators by grouping ------------------------------------------------------------------------


def indicators(view: View) -> Iterator[Table]:
    """The focus country's network, first and last year, for each grouping side by side."""
    cells: dict[str, dict[str, tuple[float, float]]] = {}
    years: list[int] = []
    frames = []
    for name in ("flow_indicators", "ascendency", "synergism"):
        for by in GROUPINGS:
            variant = choose(view, name, by=by)
            for label, panel in view.panels(variant) if variant is not None else ():
                own = _own_years(view, panel)
                part = label["part"]
                if not own or part not in DEFINITIONS:
                    continue
                first, last = own[0], own[-1]
                years += [first, last]
                pair = panel.value(view.focus, first), panel.value(view.focus, last)
                cells.setdefault(part, {})[by] = pair
                frames.append((part, by, first, last, *pair, panel.median(last)))
    if not cells:
        return
    used = [by for by in GROUPINGS if any(by in row for row in cells.values())]
    first, last = min(years), max(years)
    nothing = (math.nan, math.nan)
    yield Table(
        f"Indicators by grouping: {view.focus_name}, {span([first, last])}",
        "The same network of industries, grouped more or less finely: the finer, the less flow is "
        "inside a node, where it counts as cycling. "
        + " ".join(f"{_plain(part).capitalize()}: {DEFINITIONS[part]}." for part in cells)
        + " The data have the median of countries too. "
        f"Source: {view.title}; own calculation (flow_indicators, ascendency, synergism).",
        ["Indicator", *(f"{by}, {y}" for by in used for y in (first, last))],
        [[_plain(part), *(number(v, "ratio") if by in row else "–"
                          for by in used for v in row.get(by, nothing))]
         for part, row in cells.items()],
        [False] + [True] * (2 * len(used)),
        pd.DataFrame(frames, columns=["part", "by", "first_year", "last_year", "first", "last",
                                      "median"]),
        folded=True,
    )  # fmt: skip
