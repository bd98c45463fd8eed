"""Checks of the claims TR: six trends of integration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
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
    computes,
    rows,
    verdict_of,
    years_of,
)
from servio.explain.book._comparing import minus
from servio.explain.book._findings import (
    Sign,
    What,
    a_year,
    about,
    by_country,
    by_words,
    countries_only,
    differences,
    each,
    last_year,
    mean_of,
    middle_half,
    rank_correlations,
    slope_of,
    trends,
)
from servio.explain.book.modes import mode_shares

if TYPE_CHECKING:
    import pandas as pd

MARKET_2012 = 975.0
"""World market of service outsourcing in 2012 as document 000 gives it, billion USD."""
EXPECTED_2020 = (1650.0, 1800.0)
GROWTH = (0.30, 0.40)
SPAN = 2020 - 2012

SERVICE_COST = 0.70
OF_SERVICES = (0.60, 0.70)
OF_GDP = 0.43

STAGES = ("primary", "before", "fabrication", "support", "after")
SERVICE_STAGES = ("before", "support", "after")
CHAIN = "manufacturing"

Filters = Mapping[str, Any]

# -- TR-1: services in manufacturing, manufacturing in services ------------------------------------

COST: tuple[tuple[What, str, Filters], ...] = (
    (
        What("services in inputs bought", "share of services in inputs of manufacturing"),
        "service_input_share",
        {"grouping": "services", "by": CHAIN, "origin": "total", "total": False},
    ),
    (
        What("services in all inputs of the chain", "share of services in inputs of the chain"),
        "service_input_share",
        {"grouping": "services", "by": CHAIN, "origin": "total", "total": True},
    ),
    (
        What(
            "services value added in final manufactures, of national tables only at home",
            "share of services in their value",
        ),
        "service_content",
        {"grouping": "services", "by": CHAIN, "origin": "total", "weights": "final_demand"},
    ),
)


@check("TR-1a")
def service_cost(evidence: Evidence) -> Answer:
    """Whether services are about 70 % of what manufacturing costs, under three definitions."""
    judge = about(SERVICE_COST, SERVICE_COST)
    made: list[Finding] = []
    for what, found in each(evidence, COST):
        for source, part in by_source(countries_only(found)):
            last = last_year(part)
            values = dict(zip(last["country"], last["value"], strict=True))
            made.append(middle_half(values, what, years_of(last), source, judge))
            made += by_country(values, what, years_of(last), source, judge)
    highest = max(f.estimate for f in made if not f.main)
    said = by_words(
        made,
        lambda f: f"{f.definition},",
        lambda f: f"{f.estimate:.1%} ({f.lower:.1%} to {f.upper:.1%}; {f.source} {f.years})",
    )
    return (
        f"Median country and middle half: {said}. The highest of any country is {highest:.1%}; "
        "services that manufacturers make themselves are not in it."
    ), made


DEFINITIONS = [*producer_service_definitions(), "ps_fractional", "ps_threshold50"]


@check("TR-1b")
def producer_services_in_rich_economies(evidence: Evidence) -> Answer:
    """Whether producer services are 60-70 % of services and 43 % of GDP where income is high."""
    rich = _richer_half(evidence)
    every: dict[str, Any] = {"grouping": DEFINITIONS} if computes(evidence) else {}
    found = rows(evidence, "producer_service_share", of=["services", "gdp"], **every)
    made: list[Finding] = []
    for source, part in by_source(found[found["group"] == "producer_services"]):
        last = last_year(part)
        last = last[last["country"].isin(rich.get(source, ()))]
        for (of, grouping), group in last.groupby(["of", "grouping"], sort=True):
            thing = "services" if of == "services" else "GDP"
            what = What(f"{grouping}, of {thing}", f"share of producer services in {thing}")
            judge = about(*OF_SERVICES) if of == "services" else about(OF_GDP, OF_GDP)
            values = dict(zip(group["country"], group["value"], strict=True))
            made.append(middle_half(values, what, years_of(group), source, judge))
            made += by_country(values, what, years_of(group), source, judge)
    if not made:
        raise Missing("producer_service_share of a producer-service definition in these sources")
    return " ".join(_range_over_definitions(made, *of) for of in _WHOLES), made


_WHOLES = (("services", "60 to 70 %"), ("GDP", "43 %"))


def _richer_half(evidence: Evidence) -> dict[str, set[str]]:
    """Countries above the median of value added per person, last year, of each source."""
    level = rows(evidence, "account", of=["value_added", "EMP"], by="economy")
    rich = {}
    for source, part in by_source(countries_only(level)):
        wide = last_year(part).set_index(["country", "of"])["value"].unstack()
        if {"value_added", "EMP"} <= set(wide):
            person = (wide["value_added"] / wide["EMP"]).dropna()
            rich[source] = set(person[person > person.median()].index)
    if not any(rich.values()):
        raise Missing('value added and persons: measure account, of = ["value_added", "EMP"], '
                      'by = "economy", with accounts')  # fmt: skip
    return rich


def _range_over_definitions(made: list[Finding], whole: str, claimed: str) -> str:
    found = [f for f in made if f.main and f.definition.endswith(f"of {whole}")]
    if not found:
        return ""
    fits = sum(f.verdict == "supported" for f in found)
    low, high = min(f.estimate for f in found), max(f.estimate for f in found)
    return (
        f"Of {whole} producer services are {low:.1%} to {high:.1%} in the median country of "
        f"the richer half, depending on the definition; {fits} of {len(found)} definitions fit "
        f"{claimed}."
    )


@check("TR-1c")
def shares_of_stages(evidence: Evidence) -> Answer:
    """Whether fabrication loses and services before and after it gain, in final manufactures."""
    filters = {"grouping": "chain_stage", "by": CHAIN, "weights": "final_demand"}
    shares = _shares(rows(evidence, "value_content", **filters), "part")
    made: list[Finding] = []
    for stage in STAGES:
        what = What("value added in final manufactures by stage", f"share of {stage}")
        sign: Sign = "negative" if stage == "fabrication" else "positive"
        part = shares[shares["part"] == stage]
        made += trends(part, what, sign, main=stage in ("before", "fabrication", "after"))
    said = "; ".join(
        f"{words} {', '.join(a_year(f) for f in made if f.main and f'of {stage},' in f.statistic)}"
        for stage, words in (
            ("fabrication", "fabrication"),
            ("before", "services before it"),
            ("after", "services after it"),
        )
    )
    return minus(f"Shares of final manufactures, mean over countries: {said}."), made


def _shares(found: pd.DataFrame, column: str) -> pd.DataFrame:
    """Rows of the five stages as shares of their sum, by country and year."""
    found = found[found[column].isin(STAGES)].copy()
    if found.empty:
        raise Missing('values by stage: grouping = "chain_stage"')
    found["value"] /= found.groupby(["source", "country", "year"])["value"].transform("sum")
    return found


INTO_SERVICES: tuple[tuple[What, str, Filters], ...] = (
    (
        What("manufactures per output of services", "manufactured inputs of services"),
        "service_input_coefficient",
        {"grouping": "manufacturing", "by": "services", "origin": "total", "total": False},
    ),
    (
        What("manufactures in inputs of services", "share of manufactures in them"),
        "service_input_share",
        {"grouping": "manufacturing", "by": "services", "origin": "total", "total": False},
    ),
    (
        What("cosine of input structures", "likeness of manufacturing and services", "cosine"),
        "structural_similarity",
        {"grouping": "services", "by": CHAIN, "origin": "total", "side": "inputs",
         "kind": "cosine"},
    ),
    (
        What("manufactures in the output of services by supply tables",
             "manufactures that services make"),
        "secondary_output",
        {"grouping": CHAIN, "makers": "services", "by": "makers"},
    ),
)  # fmt: skip


SOLD: tuple[tuple[What, str, Filters], ...] = (
    (
        What("output of industries, satellites beside the table", "share of services in it"),
        "secondary_service_share",
        {"grouping": "services", "secondary": "secondary", "by": CHAIN},
    ),
    (
        What("output of industries by supply tables", "share of services in it"),
        "secondary_output",
        {"grouping": "services", "makers": CHAIN, "by": "makers"},
    ),
)


@check("TR-1d")
def services_sold(evidence: Evidence) -> Answer:
    """Whether services are over half of what manufacturing sells: of establishments, not firms."""
    made: list[Finding] = []
    for what, found in each(evidence, SOLD):
        for source, part in by_source(countries_only(found)):
            middle = part.groupby("year", as_index=False)["value"].median()
            count = part["country"].nunique()
            over = f"median of {count} countries" if count > 1 else str(part["country"].iloc[0])
            made += _over_half(middle, What(what.definition, f"{what.thing}, {over}"), source)
            last = last_year(part)
            values = dict(zip(last["country"], last["value"], strict=True))
            made += by_country(values, what, years_of(last), source, _above_half)
    said = by_words(made, lambda f: f"{f.definition}, {f.statistic.rpartition(', ')[2]},", _in_year)
    return (
        f"Services in the output of manufacturing: {said}. These are establishments: a firm's "
        "banks, dealers and head offices are in other industries, multinationals are not seen."
    ), made


def _in_year(f: Finding) -> str:
    return f"{f.estimate:.1%} in {f.years} ({f.lower:.1%} to {f.upper:.1%} over years; {f.source})"


@check("TR-1e")
def manufacturing_in_services(evidence: Evidence) -> Answer:
    """Whether services use more manufactures, and both grow alike."""
    made: list[Finding] = []
    for what, found in each(evidence, INTO_SERVICES):
        made += trends(found, what, "positive")
    said = by_words(made, lambda f: f"{f.definition},", a_year)
    return minus(f"Mean over countries: {said}."), made


@check("TR-1f")
def margins_of_chains(evidence: Evidence) -> Answer:
    """Whether chains that mix goods and services keep more than pure ones."""
    filters = {"of": "value_added", "form": "own", "grouping": "services"}
    found = rows(evidence, "chain_margin", **filters)
    made: list[Finding] = []
    for pure in ("goods", "services"):
        what = What("value added of the final producer over output, chains by services content",
                    f"margin of mixed less {pure} chains")  # fmt: skip
        made += differences(found, "part", "mixed", pure, what)
    made += _capital_margins(evidence)
    if not made:
        raise Missing("chain_margin of three countries with mixed and pure chains")
    said = by_words(
        made,
        lambda f: f"{f.statistic.split(',')[0]}, {f.definition.split(',')[0]},",
        lambda f: (
            f"{100 * f.estimate:+.1f} points ({100 * (f.lower or 0):+.1f} to "
            f"{100 * (f.upper or 0):+.1f}; {f.source})"
        ),
    )
    return minus(f"Mean over countries: {said}."), made


def _capital_margins(evidence: Evidence) -> Iterator[Finding]:
    """The same with capital compensation over output, where the study has accounts."""
    try:
        levels = rows(evidence, "account", of=["CAP", "GO"], by="industry")
        content = rows(evidence, "service_content", grouping="services", by="industry",
                       origin="total", weights="final_demand")  # fmt: skip
    except Missing:
        return
    keys = ["source", "country", "year", "industry"]
    wide = levels.set_index([*keys, "of"])["value"].unstack().dropna()
    if not {"CAP", "GO"} <= set(wide):
        return
    wide = wide.join(content.set_index(keys)["value"].rename("content"), how="inner")
    kinds = np.array(["goods", "mixed", "services"])
    wide["part"] = kinds[np.digitize(wide["content"], [0.3, 0.7])]
    sums = wide.groupby(["source", "country", "year", "part"])[["CAP", "GO"]].sum()
    margin = (sums["CAP"] / sums["GO"]).rename("value").reset_index()
    for pure in ("goods", "services"):
        what = What("capital compensation over output, industries by services content of products",
                    f"margin of mixed less {pure} chains")  # fmt: skip
        yield from differences(margin, "part", "mixed", pure, what)


# -- TR-2: outsourcing -----------------------------------------------------------------------------


@check("TR-2", alone=True)
def outsourcing_market(evidence: Evidence | None) -> Answer:
    """Whether 975 bn in 2012, 30-40 % growth a year and 1.65-1.8 trn in 2020 fit together."""
    implied = [(end / MARKET_2012) ** (1 / SPAN) - 1 for end in EXPECTED_2020]
    reached = [MARKET_2012 * (1 + rate) ** SPAN for rate in GROWTH]
    growth = Finding(
        "world", "2012-2020", "the document's own figures", "growth that 2012 and 2020 imply",
        sum(implied) / 2, implied[0], implied[1], "share a year", "contradicted",
        interval="range of the document's figures", main=True,
    )  # fmt: skip
    market = Finding(
        "world", "2020", "the document's own figures", "market that 30 to 40 % a year would give",
        sum(reached) / 2, reached[0], reached[1], "billion USD", "contradicted",
        interval="range of the document's figures", main=True,
    )  # fmt: skip
    text = (
        f"975 bn USD growing 30 to 40 % a year from 2012 would be {reached[0] / 1000:.2f} to "
        f"{reached[1] / 1000:.2f} trn in 2020; 1.65 to 1.8 trn mean {implied[0]:.1%} to "
        f"{implied[1]:.1%} a year. The figures contradict each other."
    )
    trend = [] if evidence is None else _outsourcing_trends(evidence)
    means = [replace(f, main=True) for f in trend if f.scope == "all"]
    said = by_words(means, lambda f: f"{f.definition},", a_year)
    modes = [] if evidence is None else _modes(evidence)
    told = "; ".join(f"{f.statistic.partition(':')[0]} {f.estimate:.1%} ({f.source})"
                     for f in modes if f.scope == "all" and ":" in f.statistic)  # fmt: skip
    text += f" Services in inputs of manufacturing: {said}." if said else ""
    text += f" Pairs of industry and service: {told}." if told else ""
    return minus(text), (growth, market, *trend, *modes)


def _modes(evidence: Evidence) -> list[Finding]:
    """Shares of the alternative mode, which is outsourcing, and of merging, as detail."""
    try:
        return [replace(finding, main=False) for finding in mode_shares(evidence)]
    except Missing:
        return []


BOUGHT: tuple[tuple[What, str, Filters], ...] = (
    (
        What("bought at home", "domestic services in inputs of manufacturing"),
        "outsourcing",
        {"grouping": "services", "by": CHAIN, "origin": "domestic"},
    ),
    (
        What("bought abroad", "imported services in inputs of manufacturing"),
        "outsourcing",
        {"grouping": "services", "by": CHAIN, "origin": "imported"},
    ),
    (
        What("offshoring of services", "imported services in inputs of manufacturing"),
        "offshoring",
        {"form": "services", "by": CHAIN, "part": "true"},
    ),
)


def _outsourcing_trends(evidence: Evidence) -> list[Finding]:
    """Slopes of outsourcing as detail: the arithmetic of the market decides."""
    made: list[Finding] = []
    try:
        for what, found in each(evidence, BOUGHT):
            made += trends(found, what, "positive", main=False)
    except Missing:
        return made
    return made


# -- TR-4: the chain as profit model ---------------------------------------------------------------


@check("TR-4")
def income_of_stages(evidence: Evidence) -> Answer:
    """Whether service stages earn over half of the income of manufacturing chains, and more."""
    filters = {"chain": CHAIN, "producer": "", "of": "value_added", "form": "total",
               "by": "chain_stage"}  # fmt: skip
    income = rows(evidence, "chain_income", **filters)
    made: list[Finding] = []
    for source, part in by_source(income):
        shares = _service_income(part.assign(country="all"))
        made += _over_half(shares, What(INCOME, SERVICES), source)
        made += slope_of(shares, What(INCOME, f"slope of {SERVICES}"), "positive", source,
                         main=True)  # fmt: skip
        own = _service_income(last_year(countries_only(part)))
        values = dict(zip(own["country"], own["value"], strict=True))
        what = What(INCOME, f"{SERVICES}, of what the country earns")
        made += by_country(values, what, years_of(own), source, _above_half)
        made += _owners(last_year(part), source)
    said = "; ".join(_in_year(f) if f.unit == "share" else a_year(f) for f in made if f.main)
    return minus(f"Service stages earn of the income of manufacturing chains: {said}."), made


INCOME = "value added in manufacturing chains, services before, around and after fabrication"
SERVICES = "share of service stages"


def _service_income(income: pd.DataFrame) -> pd.DataFrame:
    """Share of the service stages in all income, by country and year.

    A stage without an industry anywhere is none; a country and year that lacks one leaves.
    """
    sums = income.groupby(["country", "year", "industry"])["value"].sum().unstack().dropna()
    of_services = [stage for stage in SERVICE_STAGES if stage in sums.columns]
    every = [stage for stage in STAGES if stage in sums.columns]
    share = sums[of_services].sum(axis=1) / sums[every].sum(axis=1)
    return share.rename("value").reset_index()


def _over_half(shares: pd.DataFrame, what: What, source: str) -> list[Finding]:
    values = shares.sort_values("year")["value"]
    low, high = float(values.min()), float(values.max())
    return [
        Finding("all", str(shares["year"].max()), what.definition, what.thing,
                float(values.iloc[-1]), low, high, "share", _above_half(low, high),
                interval="range over years", main=True, source=source)
    ]  # fmt: skip


def _above_half(low: float, high: float) -> Word:
    return verdict_of(low - 0.5, high - 0.5)


def _owners(income: pd.DataFrame, source: str) -> Iterator[Finding]:
    """Which countries earn what the service stages earn: says nothing for or against."""
    stages = income[income["industry"].isin(SERVICE_STAGES)]
    earned = stages.groupby("country")["value"].sum()
    for country, value in (earned / earned.sum()).sort_values(ascending=False).items():
        yield Finding(str(country), years_of(income), INCOME, "part of the income of services",
                      float(value), None, None, "share", "not testable", source=source)  # fmt: skip


# -- TR-5: IT as carrier ---------------------------------------------------------------------------

_IT: tuple[tuple[What, str, Filters], ...] = (
    (
        What("IT services in inputs bought", "share of IT services in inputs of manufacturing"),
        "service_input_share",
        {"grouping": "kiet", "group": "it", "by": CHAIN, "origin": "total", "total": False},
    ),
    (
        What("ICT services in inputs bought", "share of ICT services in inputs of manufacturing"),
        "service_input_share",
        {"grouping": "ict", "group": "ict_services", "by": CHAIN, "origin": "total",
         "total": False},
    ),
)  # fmt: skip


@check("TR-5")
def it_as_carrier(evidence: Evidence) -> Answer:
    """Whether IT inputs rise, and other services rise where they do."""
    made: list[Finding] = []
    for what, found in each(evidence, _IT):
        made += trends(found, what, "positive")
    together = _carried(evidence)
    said = by_words(made, lambda f: f"{f.definition},", a_year)
    text = f"Mean over countries: {said}."
    for f in together:
        if f.main:
            text += (
                f" Over industries of a country, changes of IT services and of "
                f"all other services have a rank correlation of {f.estimate:+.2f} ({f.lower:+.2f} "
                f"to {f.upper:+.2f}; {f.source} {f.years})."
            )
    return minus(text), [*made, *together]


def _carried(evidence: Evidence) -> list[Finding]:
    """Rank correlation of changes of IT and of other services over industries, by country."""
    filters = {"by": "industry", "origin": "total", "total": False}
    it = rows(evidence, "service_input_share", grouping="kiet", group="it", **filters)
    every = rows(evidence, "service_input_share", grouping="services", **filters)
    keys = ["source", "country", "industry", "year"]
    both = it.set_index(keys)["value"].to_frame("it")
    both = both.join(every.set_index(keys)["value"].rename("all"), how="inner").reset_index()
    both["other"] = both["all"] - both["it"]
    what = What("shares of inputs bought, last less first year",
                "rank correlation of changes of IT and other services", "correlation")  # fmt: skip
    made: list[Finding] = []
    for source, part in by_source(countries_only(both)):
        series = part.set_index(["country", "industry", "year"])[["it", "other"]]
        first, last = (series.xs(at(part["year"]), level="year") for at in (min, max))
        change = (last - first).dropna()
        made += mean_of(
            rank_correlations(change.reset_index(), "it", "other"), what, years_of(part), source
        )
    return made
