"""Checks of INT-1 to INT-4: modern manufacturing, definitions, modes, make or buy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
from servio.explain.book._comparing import above_chance, latest, minus
from servio.explain.book._findings import (
    What,
    a_year,
    countries_only,
    differences,
    each,
    trends,
)

if TYPE_CHECKING:
    import pandas as pd

FLOWS = {"origin": "total"}
SHARE = {"origin": "total", "total": False}
LEAST_DEFINITIONS = 4
CHANCE = 0.025
"""Share of series without a slope whose 95 % interval lies above zero."""


# -- INT-1: modern manufacturing -------------------------------------------------------------------


@check("INT-1")
def modern_manufacturing(evidence: Evidence) -> Answer:
    """Whether high technology comes with high value added, knowledge and little energy."""
    by = {"by": "technology"} | SHARE
    kibs = rows(evidence, "service_input_share", grouping="kibs", **by)
    energy = rows(evidence, "service_input_coefficient", grouping="energy", **by)
    saved = energy.assign(value=-energy["value"])
    findings: list[Finding] = []
    for found, definition, thing in (
        (_value_added_rate(evidence), "value added over output", "value added"),
        (kibs, "share of kibs in inputs", "knowledge-intensive services"),
        (saved, "inputs from energy industries over output, sign turned", "energy saved"),
    ):
        for less in ("medium_low", "medium", "medium_high"):
            what = What(definition, f"{thing}, high less {less.replace('_', '-')} technology")
            main = less == "medium_low"
            findings += differences(found, "industry", "high", less, what, main=main)
    decided = [f for f in findings if f.main]
    if not decided:
        raise Missing("three countries with industries of high and of medium-low technology")
    told = [
        f"{f.statistic.partition(',')[0]} {100 * f.estimate:+.1f} points" for f in latest(decided)
    ]
    text = f"High less medium-low technology, mean over countries: {'; '.join(told)}."
    return minus(text), findings


def _value_added_rate(evidence: Evidence) -> pd.DataFrame:
    keys = ["source", "country", "year", "industry"]
    earned = rows(evidence, "account", of="value_added", by="technology")
    made = rows(evidence, "account", of="output", by="technology")
    both = earned.merge(made, on=keys, suffixes=("", "_output"))
    both = both[both["value_output"] > 0]
    return both.assign(value=both["value"] / both["value_output"])


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
    """Whether outsourcing rises, and industries grow alike, in more countries than by chance."""
    bought = rows(evidence, "outsourcing", grouping="services", by="manufacturing", **FLOWS)
    alike = rows(evidence, "structural_similarity", grouping="services", by="manufacturing",
                 side="inputs", kind="cosine", **FLOWS)  # fmt: skip
    detail = {
        "alternative mode": trends(bought, What("services among inputs but energy", "outsourcing"),
                                   "positive", main=False),
        "merging mode": trends(alike, What("cosine of input structures",
                                           "likeness of manufacturing and services", "ratio"),
                               "positive", main=False),
    }  # fmt: skip
    findings = [f for mode, some in detail.items() for f in _coexist(mode, some)]
    newest = {f.statistic.partition(":")[0]: f for f in latest(findings)}
    text = "; ".join(
        f"{mode}: rises in {f.estimate:.0%} of countries ({f.lower:.0%} to {f.upper:.0%})"
        for mode, f in newest.items()
    )
    text = f"By slopes whose 95 % interval lies above zero, {text}; chance alone gives 2.5 %."
    return text, [*findings, *detail["alternative mode"], *detail["merging mode"]]


def _coexist(mode: str, detail: Sequence[Finding]) -> list[Finding]:
    """Share of countries whose slope lies above zero, for each source."""
    made: list[Finding] = []
    for source in dict.fromkeys(f.source for f in detail):
        countries = [f for f in detail if f.source == source and f.scope != "all"]
        if countries:
            rising = sum(f.verdict == "supported" for f in countries)
            first = countries[0]
            what = What(first.definition, f"{mode}: countries in which it rises")
            made.append(above_chance(rising, len(countries), what, CHANCE, first.years, source))
    return made


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
