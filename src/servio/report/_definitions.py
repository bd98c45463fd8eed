"""How much hangs on the definition of producer services."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from servio.classify import producer_service_definitions
from servio.report import _charts, picks
from servio.report._blocks import Block, Figure, Key, Section
from servio.report._notes import lines, small_print, wide_frame
from servio.report.view import Panel, Variant, View
from servio.report.words import country, grouping_title, number

__all__ = ["definitions"]


def definitions(view: View) -> Section:
    """Every definition of producer services side by side: levels, trends and ranks."""
    title = "Definitions of producer services"
    found = list(_found(view))
    if not found:
        return Section(title, absent="producer_service_share or service_input_share under several "
                                     "definitions (grouping = \"@producer_services\")")  # fmt: skip
    blocks: list[Block] = []
    for variants in found:
        panels = {v.options["grouping"]: view.panel(v) for v in variants}
        blocks += _figures(view, variants[0], panels)
    intro = (
        "Authors disagree on what a producer service is. Every result below is computed under "
        "each definition; the methods appendix says what each one means."
    )
    return Section(title, intro, blocks)


def _found(view: View) -> Iterator[list[Variant]]:
    """Sets of variants to compare: the share of GDP or of services, and manufacturing's inputs."""
    names = producer_service_definitions()
    wholes = (
        picks.definitions_of(view, names, "producer_service_share", of=of)
        for of in ("gdp", "services", "services_output", "output")
    )
    for variants in [w for w in wholes if len(w) > 1][:2]:
        yield variants
    for name in ("service_input_share", "convergence_rate", "service_input_coefficient"):
        variants = picks.definitions_of(view, names, name, by="manufacturing")
        if len(variants) > 1:
            yield variants
            return


def _figures(view: View, variant: Variant, panels: dict[str, Panel]) -> Iterator[Figure]:
    year = max((p.latest or 0 for p in panels.values()), default=0)
    what = _what(variant)
    yield _strip(view, variant, panels, year, what)
    years = sorted({y for p in panels.values() for y in p.years})
    if view.focus is not None and len(years) > 1:
        yield _band(view, variant, panels, years, what)
    if len(view.codes) > 2 and variant.name == "service_input_share":
        yield _ranks(view, variant, panels, year, what)


def _what(variant: Variant) -> str:
    whole = {"gdp": "of GDP", "services": "of the value added of services",
             "services_output": "of the output of services", "output": "of output"}  # fmt: skip
    if variant.name == "producer_service_share":
        return f"Producer services, share {whole[variant.options['of']]}"
    return "Producer services in manufacturing"


def _short(name: str) -> str:
    return grouping_title(name).removeprefix("Producer services: ")


def _print(view: View, variant: Variant, unit: str, years: list[int], count: int) -> str:
    text = small_print(view, variant, unit, years)
    own = grouping_title(variant.options["grouping"])
    return text.replace(own, f"each of {count} definitions of producer services")


def _strip(view: View, variant: Variant, panels: dict[str, Panel], year: int, what: str) -> Figure:
    key = {
        n: p.value(view.focus, year) if view.focus else p.median(year) for n, p in panels.items()
    }
    order = sorted(panels, key=lambda n: (math.isnan(key[n]), -key[n] if key[n] == key[n] else 0))
    unit = next(iter(panels.values())).unit
    rows = []
    for name in order:
        panel = panels[name]
        for code, value in panel.column(year).items():
            rows.append({"name": _short(name), "value": value, "shown": number(value, unit),
                         "kind": "focus" if code == view.focus else "other"})  # fmt: skip
        if panel.count(year) > 2:
            rows.append({"name": _short(name), "value": panel.median(year), "kind": "median",
                         "shown": ""})  # fmt: skip
    who = view.focus_name or "the median country"
    defined = [name for name in order if not math.isnan(key[name])]
    caption = f"No definition gives a value for {who}."
    if defined:
        top, low = defined[0], defined[-1]
        caption = (
            f"In {year or 'the table'} {who} has {number(key[low], unit)} as defined by "
            f"{_short(low)} and {number(key[top], unit)} as defined by {_short(top)}."
        )
    keys = [Key("dot", view.focus_name, _charts.ACCENT)] if view.focus else []
    if len(view.codes) > 1:
        keys.append(Key("tick", "other countries", "#b5b5b5"))
    if len(view.codes) > 2:
        keys.append(Key("tick", "median", _charts.MEDIAN))
    return Figure(
        f"{what}: every definition",
        caption,
        _print(view, variant, unit, [year], len(panels)),
        f"Dot chart with one line for each of {len(panels)} definitions. {caption}",
        _charts.definition_strip(
            rows, [_short(n) for n in order], unit=unit, title=f"{year or ''}"
        ),
        _frame(panels),
        keys,
    )


def _frame(panels: dict[str, Panel]) -> pd.DataFrame:
    return wide_frame(panels, "grouping")


def _band(
    view: View, variant: Variant, panels: dict[str, Panel], years: list[int], what: str
) -> Figure:
    unit = next(iter(panels.values())).unit
    frame = pd.DataFrame({n: p.frame.loc[view.focus] for n, p in panels.items()
                          if view.focus in p.frame.index}).reindex(years)  # fmt: skip
    low, high = frame.min(axis=1), frame.max(axis=1)
    band = [{"year": y, "low": low[y], "high": high[y]} for y in years]
    thin = [
        row | {"name": name, "tag": _short(name)}
        for name in frame.columns
        for row in lines(frame[[name]].T, [name])
    ]
    first, last = years[0], years[-1]
    caption = (
        f"The band runs from {number(low[first], unit)} to {number(high[first], unit)} in {first} "
        f"and from {number(low[last], unit)} to {number(high[last], unit)} in {last}; "
        f"{_directions(frame, first, last)}."
    )
    return Figure(
        f"{what}: {view.focus_name}, range over definitions",
        caption,
        _print(view, variant, unit, years, len(panels)),
        f"Band over years with one line for each definition. {caption}",
        _charts.definition_band(band, thin, unit=unit, title="share" if unit == "share" else unit),
        frame.rename_axis("year").reset_index(),
        [Key("band", "range over definitions", _charts.ACCENT),
         Key("thin", "one definition", _charts.ACCENT)],
    )  # fmt: skip


def _directions(frame: pd.DataFrame, first: int, last: int) -> str:
    change = (frame.loc[last] - frame.loc[first]).dropna()
    up = int((change > 0).sum())
    if up in (0, len(change)):
        return f"under every definition it {'rises' if up else 'does not rise'}"
    return f"it rises under {up} of {len(change)} definitions, so the trend hangs on the definition"


def _ranks(view: View, variant: Variant, panels: dict[str, Panel], year: int, what: str) -> Figure:
    wide = picks.ranks(pd.DataFrame({n: p.column(year) for n, p in panels.items()}))
    order = wide.median(axis=1).sort_values(kind="stable").index
    spans = [
        {"name": country(str(code)), "best": wide.loc[code].min(), "worst": wide.loc[code].max(),
         "shown": f"{wide.loc[code].min():.0f}–{wide.loc[code].max():.0f}",
         "marked": code in view.marked}
        for code in order
    ]  # fmt: skip
    rows = [
        {"name": country(str(code)), "rank": rank, "marked": code in view.marked}
        for code in order
        for rank in wide.loc[code].dropna().unique()
    ]
    width = wide.max(axis=1) - wide.min(axis=1)
    caption = (
        f"Half of the countries move by {width.median():.0f} places or more when the definition "
        f"changes; {country(str(width.idxmax()))} moves most, by {width.max():.0f}."
    )
    if view.focus in wide.index:
        own = wide.loc[view.focus]
        caption = (
            f"{view.focus_name} is between rank {own.min():.0f} and rank {own.max():.0f} of "
            f"{len(wide)}. {caption}"
        )
    return Figure(
        f"{what}: ranks under every definition, {year or ''}",
        caption,
        _print(view, variant, "rank from the top", [year], len(panels)),
        f"Range of ranks for each of {len(wide)} countries. {caption}",
        _charts.rank_spans(rows, spans, len(wide), "rank (1 is highest)"),
        wide.rename_axis("country").reset_index(),
        [Key("span", "best to worst rank", _charts.GREY), Key("dot", "rank under a definition",
                                                              "#666666")],
    )  # fmt: skip
