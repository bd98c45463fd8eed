"""Checks of INT-1 to INT-4: modern manufacturing, definitions, modes, make or buy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from servio.classify import producer_service_definitions
from servio.explain.book._book import (
    Answer,
    Evidence,
    Finding,
    Missing,
    Word,
    by_source,
    check,
    rows,
    years_of,
)
from servio.explain.book._comparing import latest, minus
from servio.explain.book._findings import (
    What,
    a_year,
    by_words,
    countries_only,
    each,
    last_year,
    mean_of,
    rank_correlations,
    trends,
)

if TYPE_CHECKING:
    import pandas as pd

FLOWS = {"origin": "total"}
SHARE = {"origin": "total", "total": False}
LEAST_DEFINITIONS = 4
CHANCE = 0.025
"""Share of series without a slope whose 95 % interval lies above zero; either mode needs one."""


# -- INT-1: modern manufacturing -------------------------------------------------------------------


JOINED = ("technology", "value_added", "energy", "emissions")
"""Criteria that the document names; clean production shows where tables have emissions."""
BESIDE = ("knowledge", "research", "chain")
WORDS = {"value_added": "value added over output", "energy": "little energy",
         "emissions": "little emissions", "knowledge": "knowledge-intensive services",
         "research": "R&D", "chain": "length of the chain"}  # fmt: skip


@check("INT-1")
def criteria_of_modern_manufacturing(evidence: Evidence) -> Answer:
    """Whether industries that are modern by one criterion are so by the others."""
    found = rows(evidence, "modern_manufacturing", form="component", weights="equal")
    findings: list[Finding] = []
    for source, part in by_source(countries_only(found)):
        last = last_year(part)
        wide = last.set_index(["country", "industry", "part"])["value"].unstack().reset_index()
        for one, other, main in _pairs(set(last["part"])):
            both = wide.dropna(subset=[one, other])
            thing = f"{WORDS.get(one, one)} and {WORDS.get(other, other)}"
            what = What("criteria of modern manufacturing, industries ranked in each country",
                        f"rank correlation of {thing}", "correlation")  # fmt: skip
            findings += mean_of(rank_correlations(both, one, other), what, years_of(last), source,
                                main=main)  # fmt: skip
    decided = [f for f in findings if f.main]
    if not decided:
        raise Missing("three countries with five manufacturing industries and two criteria")
    said = by_words(
        latest(decided),
        lambda f: f.statistic.removeprefix("rank correlation of ").partition(",")[0],
        lambda f: f"{f.estimate:+.2f} ({f.lower:+.2f} to {f.upper:+.2f}; {f.source} {f.years})",
    )
    return minus(f"Rank correlations over industries, mean over countries: {said}."), findings


def _pairs(there: set[str]) -> Iterator[tuple[str, str, bool]]:
    """Pairs of criteria that there are; those the document names decide."""
    named = [name for name in JOINED if name in there]
    yield from ((one, other, True) for one, other in combinations(named, 2))
    beside = [name for name in BESIDE if name in there]
    yield from ((one, other, False) for one in named for other in beside)


# -- INT-2: definitions of producer services -------------------------------------------------------


@check("INT-2")
def definitions_matter(evidence: Evidence) -> Answer:
    """Whether the answer moves more with the definition than from country to country."""
    findings: list[Finding] = []
    for what, measure, filters in (
        (What("share of inputs of manufacturing", "producer services in inputs"),
         "service_input_share", {**SHARE, "by": "manufacturing"}),
        (What("share of value added of services", "producer services among services"),
         "producer_service_share", {"of": "services"}),
    ):  # fmt: skip
        found = _under_all(evidence, measure, filters)
        for source, part in by_source(found):
            findings += _spreads(part, what, source)
    ratio, *levels = (f for f in latest(findings) if f.definition == findings[0].definition)
    values = [f.estimate for f in levels]
    return minus(
        f"{ratio.definition[:1].upper()}{ratio.definition[1:]}: the middle half of {len(values)} "
        f"definitions is {ratio.estimate:.1f} times as wide as the middle half of countries "
        f"({ratio.lower:.1f} to {ratio.upper:.1f} over the years); median countries range from "
        f"{min(values):.1%} to {max(values):.1%}."
    ), findings


def _under_all(evidence: Evidence, measure: str, filters: Mapping[str, Any]) -> pd.DataFrame:
    """Rows under every named definition that the study has."""
    try:
        lists = list(producer_service_definitions())
        return countries_only(rows(evidence, measure, grouping=lists, **filters))
    except Missing:
        wanted = "".join(f" {key} = {json.dumps(value)}" for key, value in filters.items())
        raise Missing(f'measure {measure} with grouping = "@producer_services"{wanted}') from None


def _spreads(part: pd.DataFrame, what: What, source: str) -> list[Finding]:
    """Width of the middle half of definitions over that of countries, each year, and the levels."""
    wide = part.set_index(["year", "country", "grouping"])["value"].unstack("grouping").dropna()
    if wide.shape[1] < LEAST_DEFINITIONS:
        raise Missing(f"{LEAST_DEFINITIONS} definitions of producer services (@producer_services)")
    yearly = [_ratio(one) for _, one in wide.groupby("year")]
    low, high = min(yearly), max(yearly)
    verdict: Word = "supported" if low > 1 else "contradicted" if high < 1 else "open"
    years = years_of(part)
    spread = Finding(
        "all", years, what.definition,
        f"{what.thing}: middle half of definitions over middle half of countries",
        float(np.mean(yearly)), low, high, "ratio of widths", verdict,
        interval="range over years", main=True, source=source,
    )  # fmt: skip
    last = wide.xs(wide.index.get_level_values("year").max(), level="year")
    levels = [
        Finding(
            "all", years[-4:], what.definition, f"{what.thing} under {name}, median of countries",
            float(values.median()), float(values.quantile(0.25)), float(values.quantile(0.75)),
            what.unit, verdict, interval="middle half of countries", source=source,
        )
        for name, values in last.items()
    ]  # fmt: skip
    return [spread, *levels]


def _ratio(one: pd.DataFrame) -> float:
    """Middle half of definitions (their median countries) over that of countries (median one)."""
    over_definitions = _middle_half(one.median(axis=0).to_numpy())
    over_countries = float(np.median([_middle_half(one[name].to_numpy()) for name in one]))
    if over_countries == 0:
        raise Missing("countries that differ")
    return over_definitions / over_countries


def _middle_half(values: np.ndarray) -> float:
    low, high = np.percentile(values, [25, 75])
    return float(high - low)


# -- INT-3: two modes ------------------------------------------------------------------------------


@check("INT-3")
def two_modes(evidence: Evidence) -> Answer:
    """Whether both modes rule more pairs of industry and service than chance would give."""
    found = mode_shares(evidence)
    if not any(f.main for f in found):
        raise Missing("[modes] of three countries")
    told = "; ".join(
        f"{f.statistic.partition(':')[0]} {f.estimate:.1%} ({f.lower:.1%} to {f.upper:.1%})"
        for f in latest(found) if f.main
    )  # fmt: skip
    both = "; ".join(f"{f.estimate:.0%} ({f.source})" for f in found if f.statistic == BOTH)
    hidden = (
        " Nothing is known of secondary output, in which merging would show first."
        if _blind(evidence.modes())
        else ""
    )
    return (
        f"Pairs of industry and service, mean over countries: {told}; chance alone gives "
        f"{CHANCE:.1%} at most. Countries with both modes: {both}.{hidden}"
    ), found


def _blind(kept: pd.DataFrame | None) -> bool:
    return kept is not None and bool(kept["missing"].str.contains("secondary").all())


def mode_shares(evidence: Evidence) -> list[Finding]:
    """Share of pairs in each of the two modes, mean over countries, against chance."""
    kept = evidence.modes()
    if kept is None or kept.empty:
        raise Missing("[modes], and the measures it rests on (examples/interaction.toml)")
    whole = countries_only(kept[kept["period"] == "whole"])
    findings: list[Finding] = []
    for source, part in by_source(whole):
        count = part.groupby(["country", "mode"]).size().unstack(fill_value=0)
        count = count.reindex(columns=["alternative", "merging"], fill_value=0)
        share = count.div(part.groupby("country").size(), axis=0)
        years = f"{part['first'].min()}-{part['last'].max()}"
        known = not _blind(part)
        for mode, column in share.items():
            what = What(RULE, f"{mode} mode: share of pairs of industry and service")
            findings += [
                replace(f, verdict=_against_chance(f, known or mode == "alternative"))
                for f in mean_of(dict(column), what, years, source)
            ]
        if len(share) >= 3:
            both = float((count > 0).all(axis=1).mean())
            findings.append(
                Finding("all", years, RULE, BOTH, both, None, None,
                        "share of countries", "not testable", source=source)
            )  # fmt: skip
    return findings


RULE = "modes of industry and service over the whole period"
BOTH = "countries with pairs of both modes"


def _against_chance(share: Finding, known: bool) -> Word:
    """Supported above what chance gives at most; below it contradicted, if evidence is complete."""
    if share.lower is None or share.upper is None:
        return "not testable"
    low, high = share.lower, share.upper
    if low > CHANCE:
        return "supported"
    return "contradicted" if high < CHANCE and known else "open"


# -- INT-4: make or buy ----------------------------------------------------------------------------


@check("INT-4")
def delegated_more(evidence: Evidence) -> Answer:
    """Whether manufacturing buys more of its inputs as services, at home or abroad."""
    groups = (("services", "services", ""), ("kiet", "business services", "business"))
    main = [
        (What("services among inputs but energy", f"{words} bought, all"), "outsourcing",
         {"grouping": grouping, "by": "manufacturing", "origin": "total"} | _group(group))
        for grouping, words, group in groups
    ]  # fmt: skip
    parts = [
        (What("services among inputs but energy", f"{words} bought, {origin}"), "outsourcing",
         {"grouping": grouping, "by": "manufacturing", "origin": origin} | _group(group))
        for grouping, words, group in groups for origin in ("domestic", "imported")
    ]  # fmt: skip
    rows(evidence, "outsourcing", **main[0][2])
    findings = [f for what, found in each(evidence, main) for f in trends(found, what, "positive")]
    findings += _parts(evidence, parts)
    told = [
        f"{f.statistic.removeprefix('slope of ').rpartition(', mean')[0]} {a_year(f)}"
        for f in latest(findings)
        if f.scope == "all"
    ]
    return minus(f"Services among inputs of manufacturing: {'; '.join(told)}."), findings


def _group(group: str) -> dict[str, str]:
    return {"group": group} if group else {}


def _parts(evidence: Evidence, wanted: Sequence[tuple[What, str, dict[str, str]]]) -> list[Finding]:
    """Domestic and imported services, as detail, where the study has them."""
    made: list[Finding] = []
    for what, measure, filters in wanted:
        try:
            found = rows(evidence, measure, **filters)
        except Missing:
            continue
        made += trends(found, what, "positive", main=False)
    return made
