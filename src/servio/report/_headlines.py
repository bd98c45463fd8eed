"""Headline numbers: one sentence each, made from the study's results."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from servio.classify import producer_service_definitions
from servio.report import picks
from servio.report._blocks import Block, Headline, Section, Table
from servio.report._notes import small_print
from servio.report.view import Panel, View
from servio.report.words import (
    UNDEFINED,
    country,
    difference,
    group_title,
    grouping_title,
    number,
    rank_words,
)

__all__ = ["headlines"]


def headlines(view: View) -> Section:
    """The numbers a reader takes away, and the same for every marked country."""
    if view.focus is None:
        blocks: list[Block] = [
            _extremes(view, what, panel) for what, panel in picks.indicators(view)
        ]
        intro = "No country to look at closely (focus) is in this source; these are the extremes."
    else:
        blocks = [_headline(view, what, panel) for what, panel in picks.indicators(view)]
        blocks += _definitions(view)
        blocks += _fastest(view)
        intro = ""
    table = _table(view)
    if table is not None:
        blocks.append(table)
    absent = "" if blocks else "a measure of manufacturing's use of services"
    return Section("Headline numbers", intro, blocks, absent)


def _headline(view: View, what: str, panel: Panel) -> Headline:
    year, focus = panel.latest, view.focus
    value = panel.value(focus, year)
    shown = number(value, panel.unit)
    sentence = what.format(place=view.focus_name, value=shown, when=_when(year))
    rank = panel.rank(focus, year)
    if rank is not None and panel.count(year) > 1:
        sentence += f": {rank_words(rank, panel.count(year))} countries"
    values = {"value": value, "rank": float(rank or math.nan)}
    base = panel.value(focus, view.base)
    more = []
    if view.base is not None and view.base != year:
        change = panel.change(focus, view.base)
        more.append(f"{view.base}: {number(base, panel.unit)} "
                    f"(change {difference(change, panel.unit)})")  # fmt: skip
        values |= {"base": base, "change": change}
    if panel.count(year) > 2:
        more.append(f"median of the {panel.count(year)} countries: "
                    f"{number(panel.median(year), panel.unit)}")  # fmt: skip
        values["median"] = panel.median(year)
    note = small_print(view, panel.variant, panel.unit, (year,))
    return Headline(shown, f"{sentence}.", _sentences(more), note, values)


def _extremes(view: View, what: str, panel: Panel) -> Headline:
    year = panel.latest
    values = panel.column(year).sort_values(kind="stable")
    low, high = str(values.index[0]), str(values.index[-1])
    shown = f"{number(values.iloc[0], panel.unit)} to {number(values.iloc[-1], panel.unit)}"
    said = what.format(place=f"{len(values)} countries", value=shown, when=_when(year))
    sentence = f"{said}: least in {country(low)}, most in {country(high)}."
    more = f"Median of the {len(values)} countries: {number(panel.median(year), panel.unit)}."
    note = small_print(view, panel.variant, panel.unit, (year,))
    return Headline(shown, sentence, more, note,
                    {"low": float(values.iloc[0]), "high": float(values.iloc[-1])})  # fmt: skip


def _when(year: int | None) -> str:
    return f" in {year}" if year else ""


def _sentences(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _definitions(view: View) -> Iterator[Headline]:
    """Range of producer services' share over their definitions."""
    names = producer_service_definitions()
    for of, whole in (("gdp", "GDP"), ("services", "the value added of services")):
        variants = picks.definitions_of(view, names, "producer_service_share", of=of)
        if len(variants) < 2:
            continue
        panels = {v.options["grouping"]: view.panel(v) for v in variants}
        year = max((p.latest or 0 for p in panels.values()), default=0)
        values = pd.Series({n: p.value(view.focus, year) for n, p in panels.items()}).dropna()
        if values.empty:
            continue
        low, high = values.idxmin(), values.idxmax()
        unit = panels[low].unit
        shown = f"{number(values[low], unit)} to {number(values[high], unit)}"
        yield Headline(
            shown,
            f"Producer services were {shown} of {whole} in {view.focus_name}{_when(year)}, "
            f"depending on who defines them.",
            f"Least: {_author(low)}; most: {_author(high)}; {len(values)} definitions.",
            small_print(view, panels[low].variant, unit, (year,)).replace(
                grouping_title(low), f"{len(values)} definitions of producer services"
            ),
            {"low": float(values[low]), "high": float(values[high])},
        )
        return


def _author(name: str) -> str:
    return grouping_title(name).partition(": ")[2] or grouping_title(name)


def _fastest(view: View) -> Iterator[Headline]:
    """The service group that gained most since the base year."""
    variant = picks.grouped(view, by="manufacturing")
    if variant is None or view.base is None:
        return
    grouping = variant.options["grouping"]
    panels = {label["group"]: panel for label, panel in view.panels(variant)}
    changes = pd.Series({g: p.change(view.focus, view.base) for g, p in panels.items()}).dropna()
    if changes.empty:
        return
    best, worst = str(changes.idxmax()), str(changes.idxmin())
    panel = panels[best]
    if panel.latest == view.base:
        return
    shown = difference(changes[best], panel.unit)
    risen = "rose most" if changes[best] > 0 else "fell least"
    yield Headline(
        shown,
        f"{group_title(grouping, best)} {risen} among the service groups in the inputs of "
        f"manufacturing in {view.focus_name} from {view.base} to {panel.latest}: from "
        f"{number(panel.value(view.focus, view.base), panel.unit)} to "
        f"{number(panel.value(view.focus, panel.latest), panel.unit)}.",
        f"{'Fell most' if changes[worst] < 0 else 'Rose least'}: {group_title(grouping, worst)} "
        f"({difference(changes[worst], panel.unit)}); {len(changes)} groups.",
        small_print(view, variant, panel.unit, (view.base, panel.latest)),
        {"change": float(changes[best]), "least": float(changes[worst])},
    )


def _table(view: View) -> Table | None:
    """The indicators of all marked countries beside the median."""
    if len(view.marked) < 2 or not picks.indicators(view):
        return None
    rows, data = [], []
    for _, panel in picks.indicators(view):
        year = panel.latest
        for code in view.marked:
            value, rank = panel.value(code, year), panel.rank(code, year)
            change = panel.change(code, view.base)
            rows.append([
                panel.variant.spec.title, country(code), number(value, panel.unit),
                UNDEFINED if rank is None else f"{rank} of {panel.count(year)}",
                difference(change, panel.unit), number(panel.median(year), panel.unit),
            ])  # fmt: skip
            data.append(
                (
                    panel.variant.name,
                    panel.variant.text,
                    code,
                    year,
                    value,
                    rank,
                    panel.count(year),
                    view.base,
                    change,
                    panel.median(year),
                    panel.unit,
                )
            )
    columns = ["measure", "definition", "country", "year", "value", "rank", "countries",
               "base_year", "change", "median", "unit"]  # fmt: skip
    return Table(
        "The marked countries side by side",
        f"Latest year of each measure; change since {view.base or 'no other year'}. "
        f"Source: {view.title}; own calculation.",
        ["Indicator", "Country", "Latest", "Rank from the top", "Change", "Median"],
        rows, [False, False, True, True, True, True], pd.DataFrame(data, columns=columns),
    )  # fmt: skip
