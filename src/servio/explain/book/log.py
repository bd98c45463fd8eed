"""Checks of the claims LOG: linkage of manufacturing and logistics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from servio.explain._estimate import Estimate
from servio.explain.book._book import (
    Answer,
    Evidence,
    Finding,
    Missing,
    Word,
    by_source,
    check,
    rows,
    verdict_of,
    years_of,
)
from servio.explain.book._findings import What, about, by_words, countries_only, each
from servio.explain.book._models import WAYS, Sizes, caution, coefficient, model, told

if TYPE_CHECKING:
    import pandas as pd

CHINA = "CHN"
SHARE = 0.10
"""Logistics in value added, as document 004 gives it for Liaoning in 2019."""
GAP = 0.05
"""How much more manufacturing has, in the same sentence."""
YEARS = "range over years"
Judge = Callable[[float, float], Word]

# -- LOG-1: level ----------------------------------------------------------------------------------


@check("LOG-1")
def level_of_logistics(evidence: Evidence) -> Answer:
    """Whether logistics has some 10 % of China's value added, 5 points less than manufacturing."""
    whole = _china(evidence, "economy", "economy")
    logistics = _china(evidence, "kiet", "logistics") / whole
    manufacturing = _china(evidence, "manufacturing", "manufacturing") / whole
    made: list[Finding] = []
    for source, share in logistics.groupby(level="source"):
        made.append(_over_years(share, "share of logistics in value added", source,
                                about(SHARE, SHARE)))  # fmt: skip
    for source, gap in (manufacturing - logistics).dropna().groupby(level="source"):
        made.append(_over_years(gap, "share of manufacturing less that of logistics", source,
                                about(GAP, GAP)))  # fmt: skip
    made += _throughout(evidence)
    said = by_words(
        made,
        lambda f: f.statistic,
        lambda f: (
            f"{f.estimate:.1%} in {f.years[-4:]} ({f.lower:.1%} to {f.upper:.1%} over years; "
            f"{f.source})"
        ),
    )
    return f"China: {said}. The document's figures are for Liaoning in 2019.", made


def _china(evidence: Evidence, by: str, label: str) -> pd.Series:
    """Value added of a part of China's economy by source and year."""
    found = rows(evidence, "account", of="value_added", by=by, country=CHINA, industry=label)
    series: pd.Series = found.set_index(["source", "year"])["value"]
    return series


def _over_years(values: pd.Series, thing: str, source: object, judge: Judge) -> Finding:
    years = values.index.get_level_values("year")
    span = f"{years.min()}-{years.max()}" if years.min() < years.max() else str(years.max())
    low, high = float(values.min()), float(values.max())
    return Finding(
        CHINA, span, "current prices", thing, float(values.sort_index().iloc[-1]), low, high,
        "share", judge(low, high), interval=YEARS, main=True, source=str(source),
    )  # fmt: skip


def _throughout(evidence: Evidence) -> list[Finding]:
    """Part of China's industries whose inputs hold some logistics: most of them."""
    filters = {"grouping": "kiet", "group": "logistics", "by": "industry", "origin": "total"}
    try:
        found = rows(evidence, "service_input_share", total=False, country=CHINA, **filters)
    except Missing:
        return []
    made = []
    for source, part in by_source(found):
        users = part.assign(value=part["value"] > 0).groupby("year")["value"].mean()
        low, high = float(users.min()), float(users.max())
        made.append(
            Finding(CHINA, years_of(part), "logistics in inputs bought",
                    "part of industries that buy logistics", float(users.iloc[-1]), low, high,
                    "share", verdict_of(low - 0.5, high - 0.5), interval=YEARS, main=True,
                    source=source)
        )  # fmt: skip
    return made


# -- LOG-2: outsourcing ----------------------------------------------------------------------------

BOUGHT = (
    (
        What("logistics in inputs bought", "rank of China"),
        "service_input_share",
        {"grouping": "kiet", "group": "logistics", "by": "manufacturing", "origin": "total",
         "total": False},
    ),
    (
        What("logistics per unit of output", "rank of China"),
        "service_input_coefficient",
        {"grouping": "kiet", "group": "logistics", "by": "manufacturing", "origin": "total",
         "total": False},
    ),
)  # fmt: skip


@check("LOG-2")
def little_outsourcing(evidence: Evidence) -> Answer:
    """Whether manufacturers in China buy less logistics than those of most countries."""
    made: list[Finding] = []
    for what, found in each(evidence, BOUGHT):
        for source, part in by_source(countries_only(found)):
            made += _ranks(part, what, source)
    if not made:
        raise Missing("service_input_share of logistics for CHN and nine other countries")
    made += _in_house(evidence)
    said = by_words(
        made,
        lambda f: f"{f.definition},",
        _place_or_share,
    )
    return f"China, 1 the most: {said}.", made


def _place_or_share(f: Finding) -> str:
    if f.unit == "share":
        return (
            f"{f.estimate:.1%} in {f.years[-4:]} ({f.lower:.1%} to {f.upper:.1%} over years; "
            f"{f.source})"
        )
    return (
        f"place {f.estimate:.0f} {f.statistic.removeprefix('rank of China ')} in "
        f"{f.years[-4:]} ({f.lower:.0f} to {f.upper:.0f} over years; {f.source})"
    )


def _below_half(low: float, high: float) -> Word:
    return verdict_of(low - 0.5, high - 0.5, "negative")


def _in_house(evidence: Evidence) -> list[Finding]:
    """Whether manufacturers buy less than half of the logistics they use; own account is needed."""
    filters = {"grouping": "kiet", "group": "logistics", "by": "manufacturing", "origin": "total"}
    try:
        found = rows(evidence, "purchased_service_share", in_house="own_account", country=CHINA,
                     **filters)  # fmt: skip
    except Missing:
        return []
    made = []
    for source, part in by_source(found):
        share = part.set_index(["source", "year"])["value"]
        one = _over_years(share, "logistics bought", source, _below_half)
        made.append(replace(one, definition="logistics bought over bought and own account"))
    return made


def _ranks(found: pd.DataFrame, what: What, source: str) -> list[Finding]:
    """Place of China among all countries, 1 for the most, against the middle of all."""
    wide = found.set_index(["year", "country"])["value"].unstack().dropna(axis=1)
    if CHINA not in wide or wide.shape[1] < 10:
        return []
    count = wide.shape[1]
    ranks = wide.rank(axis=1, ascending=False, method="min")[CHINA]
    middle = (count + 1) / 2
    low, high = float(ranks.min()), float(ranks.max())
    share = wide[CHINA]
    return [
        Finding(CHINA, years_of(found), what.definition, f"{what.thing} among {count} countries",
                float(ranks.iloc[-1]), low, high, "place",
                verdict_of(low - middle, high - middle), interval=YEARS, main=True,
                source=source),
        Finding(CHINA, years_of(found), what.definition, "value", float(share.iloc[-1]),
                float(share.min()), float(share.max()), "share", "not testable",
                interval=YEARS, source=source),
    ]  # fmt: skip


# -- LOG-7: value added ----------------------------------------------------------------------------

MAINS = {"main": "conv", "both ways": "mutual", "per unit of output": "coef"}
"""Models that decide, one for each definition of convergence: name and the columns' first word."""
TERM = re.compile(r"(lag\()?\w+_logistics(_lag|\))?")
"""Convergence with logistics by itself, of the year before or the same; not in a product."""


@check("LOG-7")
def linkage_and_value(evidence: Evidence) -> Answer:
    """Whether industries earn more a year after more logistics in their inputs."""
    sizes = Sizes(evidence)
    models = {name: model(evidence, name) for name in MAINS}
    mains = [
        coefficient(sizes, models[name], {f"{way}_logistics_lag": 1}, way, EFFECT, main=True)
        for name, way in MAINS.items()
    ]
    others = [f for name, one in evidence.estimates().items() for f in _others(sizes, name, one)]
    same = sum(other.verdict == mains[0].verdict for other in others)
    text = (
        f"1 sd more of logistics in inputs within an industry goes with {told(mains[0])} log "
        f"points × 100 of value added a year later; both ways {told(mains[1])}, per unit of output "
        f"{told(mains[2])}; {same} of {len(others)} other models have the verdict of the first. "
        f"Costs are not in it.{caution(mains)}"
    )
    return text, [*mains, *others]


EFFECT = "effect of logistics"


def _others(sizes: Sizes, name: str, one: Estimate) -> Iterator[Finding]:
    """The coefficient of logistics by itself in the other models, as detail."""
    for term in filter(TERM.fullmatch, () if name in MAINS else one.terms):
        way = next((way for way in WAYS if way in term), "conv")
        yield coefficient(sizes, one, {term: 1}, way, f"{EFFECT}, {term}")
