"""Checks of the claims INT-5 to INT-9: links, functions, communities, feedback, hierarchy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from servio.classify import grouping, identify
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
from servio.explain.book._comparing import above_chance, minus
from servio.explain.book._findings import (
    What,
    by_country,
    by_words,
    countries_only,
    differences,
    last_year,
    mean_of,
    middle_half,
    rank_correlations,
    trends,
)
from servio.explain.causality import granger, panel_var

if TYPE_CHECKING:
    import pandas as pd

MANUFACTURING = "manufacturing"

# -- INT-5: strategic links ------------------------------------------------------------------------

TENTH = 0.1
FEWEST_LINKS = 20
"""Links below which a tenth of them is less than two."""


@check("INT-5")
def few_strategic_links(evidence: Evidence) -> Answer:
    """Whether a tenth of the links from services to manufacturing holds most of their strength."""
    filters = {"form": "strength", "grouping": "kiet", "origin": "balance"}
    links = rows(evidence, "strategic_links", **filters)
    what = What("links of service groups to industries: loss of value added times concentration",
                "share of the strongest tenth of links in the strength of all")  # fmt: skip
    made: list[Finding] = []
    for source, part in by_source(countries_only(links)):
        last = last_year(part)
        groups = {str(c): g["value"].to_numpy() for c, g in last.groupby("country")}
        shares = {c: top_share(v) for c, v in groups.items() if len(v) >= FEWEST_LINKS}
        if shares:
            made.append(middle_half(shares, what, years_of(last), source, _most))
            made += by_country(shares, what, years_of(last), source, _most)
    if not made:
        raise Missing(f'{FEWEST_LINKS} strategic_links a country, grouping = "kiet"')
    said = "; ".join(
        f"{f.estimate:.0%} in the median country ({f.lower:.0%} to {f.upper:.0%} in the middle "
        f"half; {f.source} {f.years})"
        for f in made
        if f.main
    )
    inputs = list(_five_inputs(evidence))
    return f"The strongest tenth of links holds {said}.{_weakest(inputs)}", [*made, *inputs]


def top_share(strength: np.ndarray[Any, Any]) -> float:
    """Share of the largest tenth, rounded up to whole links, in the sum."""
    count = int(np.ceil(TENTH * len(strength)))
    return float(np.sort(strength)[::-1][:count].sum() / strength.sum())


def _most(low: float, high: float) -> Word:
    return verdict_of(low - 0.5, high - 0.5)


def _five_inputs(evidence: Evidence) -> Iterator[Finding]:
    """Shares of Porter's five inputs, as detail: where all are above zero there are five."""
    filters = {"grouping": "porter", "of": "value_added", "by": MANUFACTURING,
               "weights": "final_demand"}  # fmt: skip
    try:
        profile = rows(evidence, "service_profile", **filters)
    except Missing:
        return
    for source, part in by_source(countries_only(profile)):
        last = last_year(part)
        for name, group in last.groupby("group", sort=True):
            values = dict(zip(group["country"], group["value"], strict=True))
            what = What(f"services value added in final manufactures, {name}", "share of the input")
            yield middle_half(values, what, years_of(last), source, verdict_of, main=False)


def _weakest(inputs: list[Finding]) -> str:
    if not inputs:
        return ""
    least = min(inputs, key=lambda f: f.estimate)
    name = least.definition.rsplit(", ", 1)[-1].replace("_", " ")
    return f" The smallest of Porter's inputs is {name} with {least.estimate:.1%} ({least.source})."


# -- INT-6: knowledge, value, differentiation ------------------------------------------------------


@check("INT-6")
def functions_of_services(evidence: Evidence) -> Answer:
    """Channel of knowledge, and major source of value; differentiation is not in the data."""
    made = [*_channel(evidence), *_source_of_value(evidence), *_goes_with_value(evidence)]
    if not made:
        raise Missing("three countries with these measures")
    said = by_words(
        made,
        lambda f: f"{f.definition}, {f.statistic.split(', mean')[0]}:",
        lambda f: f"{f.estimate:+.3f} ({f.lower:+.3f} to {f.upper:+.3f}; {f.source})",
    )
    return minus(f"Mean over countries: {said}."), made


def _channel(evidence: Evidence) -> list[Finding]:
    filters = {"grouping": "kibs", "by": "technology", "origin": "total", "total": False}
    found = rows(evidence, "service_input_share", **filters)
    what = What("knowledge-intensive business services in inputs bought",
                "share in high less medium-low technology")  # fmt: skip
    return differences(found, "industry", "high", "medium_low", what)


def _source_of_value(evidence: Evidence) -> list[Finding]:
    filters = {"grouping": "sectors", "by": MANUFACTURING, "weights": "final_demand"}
    found = rows(evidence, "value_content", **filters)
    what = What(
        "value added in final manufactures", "share of services less share of manufacturing"
    )
    return differences(found, "part", "services", MANUFACTURING, what)


def _goes_with_value(evidence: Evidence) -> list[Finding]:
    """Rank correlation of service share and value added per output over industries, by country."""
    filters = {"grouping": "services", "by": "industry", "origin": "total", "total": False}
    share = rows(evidence, "service_input_share", **filters)
    level = rows(evidence, "account", of=["value_added", "output"], by="industry")
    keys = ["source", "country", "year", "industry"]
    wide = level.set_index([*keys, "of"])["value"].unstack().dropna()
    if not {"value_added", "output"} <= set(wide):
        raise Missing('measure account, of = ["value_added", "output"], by = "industry"')
    wide = wide[wide["output"] > 0]
    wide["rate"] = wide["value_added"] / wide["output"]
    wide = wide.join(share.set_index(keys)["value"].rename("share"), how="inner")
    what = What("services in inputs bought; value added over output",
                "rank correlation over industries", "correlation")  # fmt: skip
    made: list[Finding] = []
    for source, part in by_source(countries_only(wide.reset_index())):
        last = last_year(part)
        made += mean_of(rank_correlations(last, "share", "rate"), what, years_of(last), source)
    return made


# -- INT-7: communities ----------------------------------------------------------------------------


@check("INT-7")
def services_as_adhesive(evidence: Evidence) -> Answer:
    """Whether communities gain by each other, and most is lost without services."""
    made = [*_feeding(evidence), *_held_together(evidence), *_lost_for_size(evidence)]
    said = by_words(
        made,
        lambda f: f"{f.definition}, {f.statistic.split(', m')[0]}",
        lambda f: f"{f.estimate:+.3f} ({f.lower:+.3f} to {f.upper:+.3f}; {f.source})",
    )
    return minus(f"{said[:1].upper()}{said[1:]}."), made


def _ends(finding: Finding) -> tuple[float, float]:
    """Of its interval; the number itself where it has none."""
    if finding.lower is None or finding.upper is None:
        return finding.estimate, finding.estimate
    return finding.lower, finding.upper


MUTUALISM = 4.0
"""Code of `utility_relation` for a pair in which both gain."""


def _feeding(evidence: Evidence) -> list[Finding]:
    """Part of the pairs of communities in which both gain over all flows, last year."""
    found = rows(evidence, "utility_relation", form="relation", by=COMMUNITIES, origin="balance",
                 detail=["group", "industry"])  # fmt: skip
    home = (found["partner"] == "") | (found["partner"] == found["country"])
    found = found[home & (found["industry"] < found["group"])]
    made: list[Finding] = []
    for detail, words in (("group", "of communities"), ("industry", "of industries, added up")):
        for source, part in by_source(countries_only(found[found["detail"] == detail])):
            last = last_year(part)
            shares = (last["value"] == MUTUALISM).groupby(last["country"]).mean()
            what = What(f"utility over all flows {words}", "part of pairs in which both gain")
            made += [
                replace(f, verdict=_most(*_ends(f)))
                for f in mean_of(dict(shares), what, years_of(last), source)
            ]
    if not made:
        raise Missing("three countries with utility_relation by communities")
    return made


def _held_together(evidence: Evidence) -> list[Finding]:
    """What others lose without services less what they lose without the other communities."""
    made: list[Finding] = []
    for form, words, unit in (
        ("throughflow", "throughflow that others lose without the community", "share"),
        ("leverage", "the same for a unit that passes it", "ratio"),
    ):
        filters = {"form": form, "by": COMMUNITIES, "origin": "balance"}
        try:
            found = rows(evidence, "adhesion", **filters)
        except Missing:
            if form == "throughflow":
                raise
            continue
        for other in ("industry", "agriculture"):
            what = What(words, f"services less {other}", unit)
            made += differences(found, "industry", "services", other, what)
    return made


COMMUNITIES = "communities"


def _lost_for_size(evidence: Evidence) -> list[Finding]:
    """The same by extraction over the own share of value added, where the study has it."""
    try:
        found = _loss_over_share(evidence)
    except Missing:
        return []
    made: list[Finding] = []
    for other in ("industry", "agriculture"):
        what = What("loss of value added without the community over its own share",
                    f"services less {other}", "ratio")  # fmt: skip
        made += differences(found, "industry", "services", other, what)
    return [*made, *_ratios(found)]


def _loss_over_share(evidence: Evidence) -> pd.DataFrame:
    filters = {"variant": "full", "of": "value_added", "by": "communities", "scope": "own",
               "origin": "balance", "grouping": "services"}  # fmt: skip
    loss = rows(evidence, "extraction_loss", **filters)
    level = rows(evidence, "account", of="value_added", by="communities")
    whole = rows(evidence, "account", of="value_added", by="economy")
    keys = ["source", "country", "year"]
    level = level.set_index([*keys, "industry"])["value"]
    share = level / whole.set_index(keys)["value"]
    ratio = (loss.set_index([*keys, "industry"])["value"] / share).dropna().rename("value")
    return ratio[np.isfinite(ratio)].reset_index()


def _ratios(found: pd.DataFrame) -> Iterator[Finding]:
    """Loss over own share of each community, as detail: says nothing for or against."""
    for source, part in by_source(countries_only(found)):
        last = last_year(part)
        for name, group in last.groupby("industry", sort=True):
            what = What("loss of value added without the community over its own share",
                        f"{name} in {source}", "ratio")  # fmt: skip
            values = dict(zip(group["country"], group["value"], strict=True))
            yield middle_half(values, what, years_of(last), source, lambda *_: "not testable",
                              main=False)  # fmt: skip


# -- INT-8: two ways -------------------------------------------------------------------------------

_SIDES = (("services", "manufacturing"), ("manufacturing", "services"))


@check("INT-8")
def feedback(evidence: Evidence) -> Answer:
    """Whether growth of each of manufacturing and services goes before growth of the other."""
    made = list(_mutualism(evidence))
    try:
        made += _predictions(evidence)
    except Missing as gap:
        if not any(f.main for f in made):
            raise Missing(f"{gap}, nor [symbiosis] that is identified anywhere") from None
    said = by_words(
        made,
        lambda f: f"{f.statistic}:",
        lambda f: (
            f"{f.estimate:+.3f} ({f.lower:+.3f} to {f.upper:+.3f}; {f.definition.split(':')[0]}, "
            f"{f.source} {f.years})"
        ),
    )
    text = f"{said}. What comes before need not be the cause."
    return minus(text[:1].upper() + text[1:]), made


def _predictions(evidence: Evidence) -> list[Finding]:
    made: list[Finding] = []
    for source, part in by_source(countries_only(_volumes(evidence))):
        growth = _growth(part)
        if growth["country"].nunique() >= 8 and growth["year"].nunique() >= 8:
            made += _within(growth, source)
            made += _vector(growth, source)
    if not made:
        raise Missing("growth of eight countries over eight years")
    return made


CHANCE = 0.025
"""Share of intervals that lie above zero by chance; mutualism needs two."""


NOT_IDENTIFIED = "not identified"
UNSETTLED = "undetermined|open"
"""Kinds of which one sign is not known: lack of power is no evidence against."""


def _mutualism(evidence: Evidence) -> Iterator[Finding]:
    """Share of countries whose two sectors feed each other's growth, against chance."""
    kept = evidence.symbiosis()
    if kept is None:
        return
    pairs = kept[
        [set(pair) == set(_SIDES[0]) for pair in zip(kept["first"], kept["second"], strict=True)]
    ]
    for source, part in by_source(countries_only(pairs)):
        years = f"{part['year_first'].min()}-{part['year_last'].max()}"
        definition = "symbiosis: Lotka-Volterra of value added of manufacturing and services"
        known = part.loc[part["kind"] != NOT_IDENTIFIED, "kind"]
        if len(known):
            thing = "countries in which each feeds the other's growth"
            what = What(definition, f"{thing}, of {len(known)} of {len(part)} identified")
            mutual = int((known == "mutualism").sum())
            one = above_chance(mutual, len(known), what, CHANCE, years, source)
            doubtful = one.verdict == "contradicted" and known.str.contains(UNSETTLED).any()
            yield replace(one, verdict="open") if doubtful else one
        for kind, count in part["kind"].value_counts().items():
            yield Finding(
                "all", years, definition, f"countries with {kind}", count / len(part), None, None,
                "share of countries", "not testable", source=source,
            )  # fmt: skip


def _volumes(evidence: Evidence) -> pd.DataFrame:
    """Value added of manufacturing and services at prices of the base year, by country."""
    levels = rows(evidence, "account", of=["SEA_VA", "VA_PI"], by="industry")
    keys = ["source", "country", "year", "industry"]
    wide = levels.set_index([*keys, "of"])["value"].unstack()
    if not {"SEA_VA", "VA_PI"} <= set(wide):
        raise Missing('accounts, with measure account of = ["SEA_VA", "VA_PI"], by = "industry"')
    # an industry that a country does not have has neither value added nor a price
    wide = wide[wide["SEA_VA"] != 0].reset_index()
    wide["value"] = wide["SEA_VA"] / wide["VA_PI"].where(wide["VA_PI"] > 0) * 100
    wide["sector"] = wide["industry"].map(_sectors(sorted(wide["industry"].unique())))
    wide = wide[wide["sector"].isin(["manufacturing", "services"])]
    # one price missing, the sector's volume is not known: NaN, which growth then leaves out
    keys = ["source", "country", "year", "sector"]
    volumes = wide.groupby(keys)["value"].agg(lambda values: values.sum(skipna=False))
    return volumes.reset_index()


def _sectors(codes: list[str]) -> dict[str, str]:
    """Sector that each industry wholly belongs to."""
    known = identify(codes)
    if known is None:
        raise Missing(
            f"accounts of all industries: those it has ({codes[0]} to {codes[-1]}) fit no one "
            "classification, as where measure account has only"
        )
    sectors = grouping("sectors")
    weights = sectors.weights(known, codes, allow_empty=True)
    found = {
        code: sectors.groups[int(column.argmax())]
        for code, column in zip(codes, weights.T, strict=True)
        if column.max() == 1
    }
    for side in _SIDES[0]:
        if side not in found.values():
            raise Missing(f"accounts of {side}: measure account without only")
    return found


def _growth(levels: pd.DataFrame) -> pd.DataFrame:
    """Log levels of both sectors by country and year, where both are above zero."""
    wide = levels.set_index(["country", "year", "sector"])["value"].unstack()
    wide = wide.reindex(columns=["manufacturing", "services"]).dropna()
    frame: pd.DataFrame = np.log(wide[(wide > 0).all(axis=1)]).rename_axis(columns=None)
    return frame.reset_index().astype({"country": object})


def _within(growth: pd.DataFrame, source: str) -> Iterator[Finding]:
    """Granger's regression with effects of country and year, and his test country by country."""
    for cause, effect in _SIDES:
        found = granger(growth, f"d({cause})", f"d({effect})", panel="country", time="year")
        words = "fixed effects: value added at constant prices, countries and years"
        yield _prediction(found.pooled, found.cause, words, cause, effect, growth, source)
        for name, test in found.tests.items():
            if name == "z_bar_tilde":
                verdict: Word = "supported" if test.p_value < 0.05 else "open"
                yield Finding(
                    "all", years_of(growth), "Dumitrescu and Hurlin: some countries, either sign",
                    f"p of growth of {cause} for that of {effect}", test.p_value, None, None,
                    "probability", verdict, source=source,
                )  # fmt: skip


def _vector(growth: pd.DataFrame, source: str) -> Iterator[Finding]:
    """The same by a vector autoregression in forward deviations, without the bias of lags."""
    names = [f"d({side})" for side in _SIDES[0]]
    found = panel_var(growth, names, draws=2, horizon=1, panel="country", time="year")
    words = "vector autoregression: value added at constant prices, forward deviations"
    for cause, effect in _SIDES:
        one = found.equations[f"d({effect})"]
        yield _prediction(one, f"d({cause})", words, cause, effect, growth, source)


def _prediction(
    one: Estimate, name: str, words: str, cause: str, effect: str, growth: pd.DataFrame, source: str
) -> Finding:
    """The coefficient of the other's growth a year before."""
    at = one.position(f"lag({name}, 1)")
    low, high = (float(end[at]) for end in one.interval())
    return Finding(
        "all", years_of(growth), words, f"growth of {effect} on that of {cause} a year before",
        float(one.coefficients[at]), low, high, "elasticity", verdict_of(low, high),
        interval="95 % t interval", main=True, source=source,
    )  # fmt: skip


# -- INT-9: hierarchy ------------------------------------------------------------------------------


@check("INT-9")
def hierarchy_rises(evidence: Evidence) -> Answer:
    """Whether the mean level of services in manufacturing chains rises."""
    found = rows(evidence, "service_hierarchy", of="value_added", by=MANUFACTURING,
                 weights="final_demand")  # fmt: skip
    what = What("services value added in final manufactures, level 1 low to 3 high",
                "mean level of services", "level")  # fmt: skip
    made = trends(found, what, "positive")
    said = "; ".join(
        f"{f.estimate:+.4f} levels a year ({f.lower:+.4f} to {f.upper:+.4f}; {f.source} {f.years})"
        for f in made
        if f.main
    )
    return minus(f"Change of the mean level of services, mean over countries: {said}."), made
