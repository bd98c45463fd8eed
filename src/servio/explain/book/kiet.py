"""Checks of the claims K18 and K13: what KIET found in 2018 and in 2013."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from servio.explain._estimate import Estimate
from servio.explain.book._book import (
    Answer,
    Evidence,
    Finding,
    Missing,
    by_source,
    check,
    rows,
    verdict_of,
    years_of,
)
from servio.explain.book._comparing import (
    all_years,
    decided_by,
    each_source,
    gap_of,
    latest,
    low_place,
    minus,
    need_countries,
    series_of,
)
from servio.explain.book._findings import (
    What,
    a_year,
    countries_only,
    differences,
    slope_of,
    trends,
)
from servio.explain.book._models import (
    PRODUCER_SERVICES,
    WAYS,
    WORDS,
    Sizes,
    caution,
    coefficient,
    model,
    present,
    told,
)

if TYPE_CHECKING:
    import pandas as pd

KOREA = "KOR"
BOTH = ("KOR", "TWN")
TOTAL = {"origin": "total"}
SHARE: tuple[str, dict[str, Any]] = ("service_input_share", {**TOTAL, "total": False})
MUTUAL: tuple[str, dict[str, Any]] = ("convergence_rate", {**TOTAL, "mutual": "geometric"})
DIRECT: tuple[str, dict[str, Any]] = ("service_input_coefficient", {**TOTAL, "total": False})
COMPLETE: tuple[str, dict[str, Any]] = ("service_input_coefficient", {**TOTAL, "total": True})
CONVERGENCE = {WORDS["conv"]: SHARE, WORDS["mutual"]: MUTUAL, WORDS["coef"]: DIRECT}
DEFINITIONS = {
    "ps_fractional": "by the part sold to producers",
    "ps_browning_singelmann1975": "Browning and Singelmann 1975",
    "ps_daniels1985": "Daniels 1985",
    "kibs": "knowledge-intensive business services",
}
"""Four definitions of producer services: by use, two lists of activities, by knowledge."""
OECD_2013 = (
    "AUS", "AUT", "BEL", "CAN", "CHE", "CHL", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA",
    "GBR", "GRC", "HUN", "IRL", "ISL", "ISR", "ITA", "JPN", "KOR", "LUX", "MEX", "NLD", "NOR",
    "NZL", "POL", "PRT", "SVK", "SVN", "SWE", "TUR", "USA",
)  # fmt: skip
"""Members of the OECD when the document of 2013 was written."""


def _of_manufacturing(
    evidence: Evidence, way: tuple[str, Mapping[str, Any]], grouping: str, by: str = "manufacturing"
) -> pd.DataFrame:
    measure, options = way
    return countries_only(rows(evidence, measure, grouping=grouping, by=by, **options))


# -- K18-0: can it be measured ---------------------------------------------------------------------


@check("K18-0")
def definitions_agree(evidence: Evidence) -> Answer:
    """Whether countries keep their places from one definition of convergence to another."""
    four = CONVERGENCE | {"services per unit of output, along the chain": COMPLETE}
    frames = {name: _of_manufacturing(evidence, way, "services") for name, way in four.items()}
    findings = list(_rank_correlations(frames, "all services", main=True))
    for grouping, words in DEFINITIONS.items():
        some = {name: _if_there(evidence, way, grouping) for name, way in CONVERGENCE.items()}
        findings += _rank_correlations(_found(some), f"producer services {words}")
    for name, way in CONVERGENCE.items():
        lists = {words: _if_there(evidence, way, one) for one, words in DEFINITIONS.items()}
        findings += _rank_correlations(_found(lists), f"producer services, {name}")
    newest = latest(findings)
    main = [f for f in newest if f.main]
    low, high = min(main, key=_value), max(main, key=_value)
    rest = [f.estimate for f in newest if not f.main]
    text = (
        f"Places of countries under {len(four)} definitions of convergence with all services "
        f"correlate by {low.estimate:.2f} ({low.definition}) to {high.estimate:.2f} "
        f"({high.definition})"
    )
    if rest:
        text += f"; with producer services by {min(rest):.2f} to {max(rest):.2f}"
    return minus(f"{text}. {main[0].source} {main[0].years}."), findings


def _if_there(
    evidence: Evidence, way: tuple[str, Mapping[str, Any]], grouping: str
) -> pd.DataFrame | None:
    try:
        return _of_manufacturing(evidence, way, grouping)
    except Missing:
        return None


def _found(frames: Mapping[str, pd.DataFrame | None]) -> dict[str, pd.DataFrame]:
    return {name: frame for name, frame in frames.items() if frame is not None}


def _rank_correlations(
    frames: Mapping[str, pd.DataFrame], services: str, *, main: bool = False
) -> Iterator[Finding]:
    """Spearman's correlation over countries of each pair of definitions, mean over years.

    The interval is Fisher's with the variance of Fieller, Hartley and Pearson (1957), of one
    year's countries: years repeat each other.
    """
    for one, other in combinations(frames, 2):
        keys = ["source", "year", "country"]
        joined = frames[one].merge(frames[other], on=keys, suffixes=("", "_other"))
        for source, part in by_source(joined):
            yearly = [
                float(scipy.stats.spearmanr(p["value"], p["value_other"]).statistic)
                for _, p in part.groupby("year")
                if p["country"].nunique() > 3
            ]
            if not yearly:
                raise Missing("tables of four countries")
            n = int(part["country"].nunique())
            value, lower, upper = _fisher(float(np.mean(yearly)), n)
            yield Finding(
                "all", years_of(part), f"{one} against {other}",
                f"rank correlation over {n} countries, {services}", value, lower, upper,
                "correlation", verdict_of(lower, upper), main=main, source=source,
                interval="95 % Fisher interval",
            )  # fmt: skip


def _fisher(r: float, n: int) -> tuple[float, float, float]:
    half = float(scipy.stats.norm.ppf(0.975)) * float(np.sqrt(1.06 / (n - 3)))
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    return r, float(np.tanh(z - half)), float(np.tanh(z + half))


def _value(finding: Finding) -> float:
    return finding.estimate


# -- K18-1: did it strengthen ----------------------------------------------------------------------


@check("K18-1")
def strengthened(evidence: Evidence) -> Answer:
    """Whether convergence with IT and business services rises, and where Korea stands."""
    frames = {n: _of_manufacturing(evidence, way, "kiet") for n, way in CONVERGENCE.items()}
    findings: list[Finding] = []
    for name, found in frames.items():
        for group, words in (("it", "IT services"), ("business", "business services")):
            of_group = found[found["group"] == group]
            what = What(name, f"convergence of manufacturing with {words}")
            findings += trends(of_group, what, "positive")
        findings += _korea_since_2010(found[found["group"] == "business"], name)
    findings += _rising_under_definitions(evidence)
    return _strengthened_text(findings), findings


def _korea_since_2010(found: pd.DataFrame, name: str) -> list[Finding]:
    need_countries(found, [KOREA])
    what = What(name, "convergence of manufacturing with business services")
    made: list[Finding] = []
    for source, part in by_source(found):
        korea = series_of(part, KOREA)
        if 2010 not in korea.index or korea.index[-1] == 2010:
            continue
        later = part[part["year"] >= 2010]
        made.append(low_place(later, KOREA, 0.5, what, source))
        since = replace(what, thing=f"slope of {what.thing} since 2010")
        own = later[later["country"] == KOREA]
        made += slope_of(own, since, "negative", source, main=True)
        made += [_since(korea, year, what, source) for year in korea.index[korea.index > 2010]]
    if not made:
        raise Missing("tables of KOR in 2010 and in a later year")
    return made


def _since(korea: pd.Series, year: int, what: What, source: str) -> Finding:
    """What moved, as detail: two values have no interval."""
    change = float(korea[year] - korea[2010])
    return Finding(
        KOREA, f"2010-{year}", what.definition, f"change of {what.thing} since 2010", change, None,
        None, what.unit, "not testable", source=source,
    )  # fmt: skip


def _rising_under_definitions(evidence: Evidence) -> list[Finding]:
    """Slopes with four definitions of producer services, as detail."""
    made: list[Finding] = []
    for grouping, words in DEFINITIONS.items():
        for name, way in CONVERGENCE.items():
            found = _if_there(evidence, way, grouping)
            if found is not None:
                what = What(name, f"convergence of manufacturing with producer services {words}")
                some = trends(found, what, "positive", main=False)
                made += [f for f in some if f.scope in ("all", KOREA)]
    return made


def _strengthened_text(findings: Sequence[Finding]) -> str:
    first = [f for f in latest(findings) if f.definition == WORDS["conv"]]
    lines = []
    for words in ("IT services", "business services"):
        thing = f"slope of convergence of manufacturing with {words}"
        mean = next(f for f in first if f.main and f.statistic.startswith(thing))
        each_one = [f for f in first if f.statistic == thing]
        rising = sum(f.estimate > 0 for f in each_one)
        lines.append(
            f"with {words} {a_year(mean)}, rising in {rising} of {len(each_one)} countries"
        )
    place = next(f for f in first if f.statistic.startswith("place"))
    change = [f for f in first if f.statistic.startswith("change")][-1]
    slope = [f for f in first if f.main and f.scope == KOREA and f.statistic.endswith("since 2010")]
    since = "".join(f", slope {a_year(one)}" for one in slope)
    return minus(
        f"Share of inputs: {'; '.join(lines)}. Korea's with business services is "
        f"{_th(place.estimate)} {place.unit} and moved by {100 * change.estimate:+.2f} points in "
        f"{change.years}{since}."
    )


def _th(place: float) -> str:
    number = round(place)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 // 10 != 1 else "th"
    return f"{number}{ending}"


# -- K18-2: what it does to value added ------------------------------------------------------------

GROUPS = ("it", "business", "rd", "finance", "logistics", "telecom", "trade")
MAIN = {"conv": "main", "mutual": "both ways", "coef": "per unit of output"}


@check("K18-2")
def raises_value_added(evidence: Evidence) -> Answer:
    """Whether convergence goes with more value added a year later, with IT services most."""
    sizes = Sizes(evidence)
    services = {way: model(evidence, f"services{end}") for way, end in WAYS.items()}
    mains = {way: model(evidence, name) for way, name in MAIN.items()}
    raised = [
        coefficient(
            sizes, one, {f"{way}_services_lag": 1}, way, "effect of all services", main=True
        )
        for way, one in services.items()
    ]
    most = [_it_less_largest(sizes, one, way) for way, one in mains.items()]
    findings = [*raised, *most, *_groups(sizes, mains), *_producer_services(evidence, sizes),
                *_traps(evidence, sizes), *_by_country(evidence, sizes)]  # fmt: skip
    text = (
        f"1 sd more of services in inputs within an industry goes with {told(raised[0])} log "
        f"points × 100 of value added a year later; both ways {told(raised[1])}, per unit of "
        f"output {told(raised[2])}. The {most[0].statistic}: {told(most[0])}; both ways "
        f"{told(most[1])}, per unit of output {told(most[2])}."
        f"{caution(findings)}"
    )
    return text, findings


def _it_less_largest(sizes: Sizes, one: Estimate, way: str) -> Finding:
    terms = {group: f"{way}_{group}_lag" for group in GROUPS if group != "it"}
    others = {g: one.coefficients[one.position(t)] * sizes.of(t) for g, t in terms.items()}
    largest = max(others, key=lambda group: others[group])
    return coefficient(
        sizes, one, {f"{way}_it_lag": 1, f"{way}_{largest}_lag": -1}, way,
        f"effect of IT services less that of {largest}, the largest of the others", main=True,
    )  # fmt: skip


def _groups(sizes: Sizes, mains: Mapping[str, Estimate]) -> Iterator[Finding]:
    for way, one in mains.items():
        for group in GROUPS:
            yield coefficient(sizes, one, {f"{way}_{group}_lag": 1}, way, f"effect of {group}")


def _producer_services(evidence: Evidence, sizes: Sizes) -> Iterator[Finding]:
    for way in WAYS:
        for one in present(evidence, [f"{way} {name}" for name in PRODUCER_SERVICES]):
            term = f"{way}_{one.name.removeprefix(f'{way} ')}_lag"
            yield coefficient(sizes, one, {term: 1}, way, "effect of producer services")


def _traps(evidence: Evidence, sizes: Sizes) -> Iterator[Finding]:
    """IT and business services in every other model of the same form."""
    for name, one in evidence.estimates().items():
        for group in ("it", "business"):
            terms = {f"conv_{g}_lag" for g in GROUPS}
            if name != "main" and terms <= set(one.terms):
                yield coefficient(
                    sizes, one, {f"conv_{group}_lag": 1}, "conv", f"effect of {group}"
                )


def _by_country(evidence: Evidence, sizes: Sizes) -> Iterator[Finding]:
    """A slope for each country, where the study has them."""
    for group in ("it", "business"):
        for one in present(evidence, [f"{group} by country"]):
            for term in one.terms:
                if term.startswith("country::"):
                    country = term.split(":")[2]
                    yield coefficient(
                        sizes, one, {term: 1}, "conv", f"effect of {group}", scope=country
                    )


# -- K18-3: for whom -------------------------------------------------------------------------------


@check("K18-3")
def by_type_of_economy(evidence: Evidence) -> Answer:
    """Whether high technology gains more where services weigh, low technology where they do not."""
    sizes = Sizes(evidence)
    models = {way: model(evidence, f"services by type{end}") for way, end in WAYS.items()}
    findings: list[Finding] = []
    for way, one in models.items():
        findings += _by_type(sizes, one, way, "services", main=True)
    for way, end in WAYS.items():
        for group in ("it", "business"):
            for one in present(evidence, [f"{group} by type{end}"]):
                findings += _by_type(sizes, one, way, group)
        for name in PRODUCER_SERVICES:
            for one in present(evidence, [f"{way} {name} by type"]):
                findings += _by_type(sizes, one, way, name)
    gap, low = findings[:2]
    rest = [f.verdict for f in findings if not f.main]
    text = (
        f"All services, share of inputs, log points × 100 of value added for 1 sd: in "
        f"service-oriented economies the effect on high technology less that on low is "
        f"{told(gap)}, in manufacturing-oriented ones the effect on low technology is {told(low)}. "
        f"{_tally(rest)}{caution(findings)}"
    )
    return text, findings


def _by_type(
    sizes: Sizes, one: Estimate, way: str, services: str, *, main: bool = False
) -> list[Finding]:
    def term(technology: str, economy: str) -> str:
        return f"technology:economy::{technology}:{economy}:{way}_{services}_lag"

    gap = {term("high", "service_oriented"): 1.0, term("low", "service_oriented"): -1.0}
    return [
        coefficient(sizes, one, gap, way, f"effect of {services} on high less low technology",
                    scope="service-oriented economies", main=main),
        coefficient(sizes, one, {term("low", "manufacturing_oriented"): 1.0}, way,
                    f"effect of {services} on low technology",
                    scope="manufacturing-oriented economies", main=main),
    ]  # fmt: skip


def _tally(verdicts: Sequence[str]) -> str:
    if not verdicts:
        return ""
    counts = [f"{verdicts.count(one)} {one}" for one in ("supported", "contradicted", "open")]
    return f"Of {len(verdicts)} numbers under other definitions: {', '.join(counts)}."


# -- K18-4: economies like Korea and Taiwan --------------------------------------------------------

CENTRED = "manufacturing-centred with lower income"


@check("K18-4")
def economies_like_korea(evidence: Evidence) -> Answer:
    """Whether IT services help economies like Korea and Taiwan, above all in high technology."""
    sizes = Sizes(evidence)
    models = {way: model(evidence, f"{CENTRED}{end}") for way, end in WAYS.items()}
    findings: list[Finding] = []
    for way, centred in models.items():
        findings += _high_and_low(sizes, centred, way, "it", main=True)
        for name in PRODUCER_SERVICES:
            for one in present(evidence, [f"{way} {name}, {CENTRED}"]):
                findings += _high_and_low(sizes, one, way, name)
    for one in present(evidence, ["korea and taiwan", "manufacturing-centred"]):
        findings += _high_and_low(sizes, one, "conv", "it")
    named = list(_named_countries(evidence, sizes))
    high, gap = (f for f in findings[:3] if f.main)
    text = (
        f"In manufacturing-oriented economies with lower income 1 sd of IT services in inputs "
        f"within an industry goes with {told(high)} log points × 100 of value added in high "
        f"technology; less low technology: {told(gap)}.{caution(findings)} "
    )
    few = [f for f in named if f.statistic.endswith(("high technology", "low technology"))]
    if few:
        some = (f"{f.scope}, {f.statistic.rpartition(' on ')[2]} {told(f)}" for f in few)
        text += f"On few industries each: {'; '.join(some)}."
    return text.strip(), [*findings, *named]


def _high_and_low(
    sizes: Sizes, one: Estimate, way: str, services: str, *, main: bool = False
) -> list[Finding]:
    low, more = f"{way}_{services}_lag", f"{way}_{services}_lag:technology_high"
    scope = one.name.partition(", ")[2] if one.name.startswith(way) else one.name.partition(",")[0]
    effect = f"effect of {services} on"
    return [
        coefficient(
            sizes, one, weights, way, f"{effect} {words} technology", scope=scope, main=decides
        )
        for weights, words, decides in (
            ({low: 1, more: 1}, "high", main),
            ({more: 1}, "high less low", main),
            ({low: 1}, "low", False),
        )
    ]


def _named_countries(evidence: Evidence, sizes: Sizes) -> Iterator[Finding]:
    for one in present(evidence, ["korea and taiwan, each"]):
        for country in BOTH:
            for technology in ("high", "low"):
                term = f"country:technology::{country}:{technology}:conv_it_lag"
                words = f"effect of it on {technology} technology"
                if term in one.terms:
                    yield coefficient(sizes, one, {term: 1}, "conv", words, scope=country)
    for one in present(evidence, ["it by country"]):
        for country in BOTH:
            term = f"country::{country}:conv_it_lag"
            if term in one.terms:
                words = "effect of it on all industries"
                yield coefficient(sizes, one, {term: 1}, "conv", words, scope=country)


# -- K13-1: does production take in more services --------------------------------------------------


@check("K13-1")
def manufacturing_slower(evidence: Evidence) -> Answer:
    """Whether the whole economy takes in more services and manufacturing only slowly."""
    findings: list[Finding] = []
    for words, way in {"direct": DIRECT, "along the chain": COMPLETE}.items():
        economy = _of_manufacturing(evidence, way, "services", "economy")
        factory = _of_manufacturing(evidence, way, "services")
        name = f"services per unit of output, {words}"
        for thing, found in {
            "services in the whole economy": economy,
            "services in manufacturing": factory,
            "services in the whole economy less in manufacturing": _less(economy, factory),
        }.items():
            findings += decided_by(trends(found, What(name, thing, "ratio"), "positive"), KOREA)
    scope = next(f.scope for f in findings if f.main)
    words = f"{_named(scope)}, services per unit of output, direct"
    return minus(f"{words}. {each_source(findings, _slower)}."), findings


def _slower(main: Sequence[Finding]) -> str:
    economy, factory, gap = (_slope(finding) for finding in main[:3])
    return f"whole economy {economy}, manufacturing {factory}, difference {gap}"


def _slope(finding: Finding) -> str:
    return a_year(finding).partition(";")[0] + ")"


def _less(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    keys = ["source", "country", "year"]
    joined = one.merge(other, on=keys, suffixes=("", "_other"))
    return joined.assign(value=joined["value"] - joined["value_other"])[[*keys, "value"]]


def _named(scope: str) -> str:
    return "Mean over countries" if scope == "all" else scope


# -- K13-2: Korea against others -------------------------------------------------------------------


@check("K13-2")
def low_against_others(evidence: Evidence) -> Answer:
    """Whether Korea's manufacturing is in the lowest quarter and below Mexico and China."""
    ways = {
        "services per unit of output, direct": DIRECT,
        "services per unit of output, along the chain": COMPLETE,
        "share of services in inputs": SHARE,
    }
    findings: list[Finding] = []
    for name, way in ways.items():
        found = _of_manufacturing(evidence, way, "services")
        need_countries(found, [KOREA, "MEX", "CHN"])
        for source, part in by_source(found):
            findings += _against_others(part, name, source)
    return minus(
        f"Services per unit of output of Korea's manufacturing, direct. "
        f"{each_source(findings, _low_or_not)}."
    ), findings


def _low_or_not(main: Sequence[Finding]) -> str:
    quarter, oecd, mexico, china = main[:4]
    return (
        f"{_th(quarter.estimate)} {quarter.unit} and {_th(oecd.estimate)} {oecd.unit} of the OECD "
        f"in the last year, {100 * mexico.estimate:+.1f} points against Mexico and "
        f"{100 * china.estimate:+.1f} against China on average"
    )


def _against_others(part: pd.DataFrame, name: str, source: str) -> list[Finding]:
    what = What(name, "services in manufacturing")
    gaps = [
        all_years(gap_of(part, KOREA, other), KOREA,
                  replace(what, thing=f"{what.thing}, less that of {other}"), "negative", source)
        for other in ("MEX", "CHN")
    ]  # fmt: skip
    return [*_places(part, 0.25, what, source), *gaps]


def _places(part: pd.DataFrame, lowest: float, what: What, source: str) -> list[Finding]:
    """Korea among all countries and among the members of the OECD."""
    members = part[part["country"].isin(OECD_2013)]
    oecd = replace(what, thing=f"{what.thing} among members of the OECD in 2013")
    return [
        low_place(part, KOREA, lowest, what, source),
        low_place(members, KOREA, lowest, oecd, source),
    ]


# -- K13-3: does manufacturing set services going --------------------------------------------------


@check("K13-3")
def weak_linkage(evidence: Evidence) -> Answer:
    """Whether what Korea's manufacturing induces in services is in the lower half of countries."""
    findings: list[Finding] = []
    for words, measure in {
        "output of services": "production_inducement",
        "income of services": "value_added_inducement",
    }.items():
        what = What("domestic flows", f"{words} for a unit of demand for manufactures", "ratio")
        findings += _linkage(evidence, what, measure)
    back = What("domestic flows", "what comes back to manufacturing by way of services", "ratio")
    loop = _linkage(evidence, back, "inducement_pair", part="feedback", industry="manufacturing")
    findings += [replace(f, main=False) for f in loop]
    newest = latest(findings)
    values = [f for f in newest if f.scope == KOREA and f.unit == "ratio"]
    places = [f for f in newest if f.statistic.startswith("place") and "OECD" not in f.statistic]
    told_all = "; ".join(
        f"{value.statistic} {value.estimate:.3f}, {_th(place.estimate)} {place.unit}"
        for value, place in zip(values, places, strict=True)
    )
    return f"Korea in {places[0].years[-4:]}: {told_all}.", findings


def _linkage(evidence: Evidence, what: What, measure: str, **more: str) -> list[Finding]:
    """Korea's places, and its level beside that of the median country."""
    found = countries_only(
        rows(evidence, measure, grouping="services", by="manufacturing", origin="domestic",
             weights="output", **more)
    )  # fmt: skip
    need_countries(found, [KOREA])
    made: list[Finding] = []
    for source, part in by_source(found):
        made += [*_places(part, 0.5, what, source), *_in_years(part, what, source)]
    return made


def _in_years(part: pd.DataFrame, what: What, source: str) -> list[Finding]:
    """Korea and the median country: level in the last year, range over years."""
    medians = part.groupby("year")["value"].median()
    made = [
        all_years(values, scope, what, "positive", source, main=False)
        for scope, values in ((KOREA, series_of(part, KOREA)), ("median country", medians))
    ]
    last = (series_of(part, KOREA).iloc[-1], medians.iloc[-1])
    return [replace(f, estimate=float(v)) for f, v in zip(made, last, strict=True)]


# -- K13-4: technology, and the decline of coefficients --------------------------------------------


@check("K13-4")
def technology_and_decline(evidence: Evidence) -> Answer:
    """Whether high technology uses more producer services, and their coefficient declines."""
    findings: list[Finding] = []
    for grouping, words in DEFINITIONS.items():
        name = f"producer services {words}"
        findings += _by_technology(evidence, grouping, What(name, "share of inputs, high less low"))
        found = _of_manufacturing(evidence, DIRECT, grouping)
        slope = What(name, "producer services per unit of output of manufacturing", "ratio")
        findings += decided_by(trends(found, slope, "negative"), KOREA)
        findings += _within(evidence, grouping, name)
    scope = next(f.scope for f in findings if f.main)
    words = f"{_named(scope)}, four definitions of producer services"
    return minus(f"{words}. {each_source(findings, _higher_but_falling)}."), findings


def _higher_but_falling(main: Sequence[Finding]) -> str:
    level, slope, within = (
        [f for f in main if f.unit == unit] for unit in ("share", "ratio a year", "ratio")
    )
    return (
        f"share of inputs {_range(level)} points higher in high than in medium-low technology, "
        f"coefficient {_range(slope, 3)} points a year, at a fixed mix of industries since the "
        f"base year {_range(within)} points"
    )


def _by_technology(evidence: Evidence, grouping: str, what: What) -> list[Finding]:
    """High less low class of technology: mean over countries, and over years in Korea."""
    measure, options = SHARE
    found = rows(evidence, measure, grouping=grouping, by="technology", **options)
    made = differences(found, "industry", "high", "medium_low", what)
    for source, part in by_source(found):
        korea = part[part["country"] == KOREA]
        wide = korea.pivot(index="year", columns="industry", values="value")
        if {"high", "medium_low"} <= set(wide.columns):
            gap = (wide["high"] - wide["medium_low"]).dropna()
            made = [f for f in made if f.scope != KOREA or f.source != source]
            made.append(all_years(gap, KOREA, what, "positive", source))
    return decided_by(made, KOREA)


def _within(evidence: Evidence, grouping: str, name: str) -> list[Finding]:
    """Change of the coefficient since the base year at a fixed mix of industries."""
    found = countries_only(
        rows(evidence, "service_input_change", of="coefficient", grouping=grouping, part="within",
             by="manufacturing", **TOTAL)
    )  # fmt: skip
    made: list[Finding] = []
    for source, part in by_source(found):
        last = part[part["year"] == part["year"].max()]
        for row in last.itertuples():
            made.append(
                Finding(
                    row.country, f"base year to {row.year}", name,
                    "change of the coefficient at a fixed mix of industries", float(row.value),
                    None, None, "ratio", verdict_of(row.value, row.value, "negative"),
                    source=source,
                )
            )  # fmt: skip
    return decided_by(made, KOREA)


def _range(findings: Sequence[Finding], digits: int = 2) -> str:
    values = [100 * f.estimate for f in findings]
    if not values:
        return "unknown"
    return f"{min(values):+.{digits}f} to {max(values):+.{digits}f}"


# -- K13-5: finance --------------------------------------------------------------------------------


@check("K13-5")
def finance(evidence: Evidence) -> Answer:
    """Whether convergence with finance goes with more value added a year later."""
    sizes = Sizes(evidence)
    models = {name: model(evidence, name) for name in MAIN.values()}
    found = [
        coefficient(sizes, models[name], {f"{way}_finance_lag": 1}, way, "effect of finance",
                    main=True)
        for way, name in MAIN.items()
    ]  # fmt: skip
    text = (
        f"1 sd more of finance in inputs within an industry goes with {told(found[0])} log points "
        f"× 100 of value added a year later; both ways {told(found[1])}, per unit of output "
        f"{told(found[2])}. What better finance or certification would change takes a scenario."
        f"{caution(found)}"
    )
    return text, found
