"""Claims of KIET on results made by hand: supported, contradicted, mixed where known to be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from explain.claim_frames import Made, record
from explain.claim_frames import main as decided
from explain.claim_frames import series as rows
from servio.explain import Estimate
from servio.explain.book._comparing import low_place
from servio.explain.book._findings import What
from servio.explain.book._models import WAYS

YEARS = range(2008, 2016)
COUNTRIES = ("AUT", "CHN", "DEU", "JPN", "KOR", "MEX", "NLD", "POL", "SWE", "TUR")
N = len(YEARS)
WOBBLE = 1e-4 * np.array([1, -1, -1, 1, -1, 1, 1, -1])
"""Noise without slope or curvature, so that intervals are there and small."""
SHARE = {"by": "manufacturing", "origin": "total", "total": "false"}
MUTUAL = {"by": "manufacturing", "origin": "total", "mutual": "geometric"}
COMPLETE = {**SHARE, "total": "true"}
Values = Mapping[str, Sequence[float]]
Rows = list[dict[str, Any]]
GROUPS = ("it", "business", "rd", "finance", "logistics", "telecom", "trade")


def series(measure: str, values: Values, *, years: range = YEARS, **labels: Any) -> Rows:
    """Rows of a measure: a list of values, of which those of `years`, for each country."""
    labels = {"industry": "manufacturing"} | labels
    return rows(measure, lambda country, year: values[country][(year - YEARS[0]) % N],
                countries=values, years=years, **labels)  # fmt: skip


def estimate(name: str, terms: Mapping[str, float], error: float = 0.1) -> Estimate:
    """An estimate with these coefficients, independent and of one standard error."""
    return Estimate(
        name, "y ~ x", "by hand", tuple(terms), np.array(list(terms.values()), dtype=np.float64),
        error**2 * np.eye(len(terms)), "iid", np.inf, 100, sample="100 rows",
    )  # fmt: skip


def models(estimates: Iterable[Estimate]) -> Made:
    """Evidence of estimates alone."""
    return Made(estimates={one.name: one for one in estimates})


def lines(
    levels: Mapping[str, float], slopes: Mapping[str, float] | float
) -> dict[str, list[float]]:
    """A straight line with a wobble for each country."""
    t = np.arange(N)
    slope = slopes if isinstance(slopes, Mapping) else dict.fromkeys(levels, slopes)
    return {c: list(level + slope.get(c, 0.0) * t + WOBBLE) for c, level in levels.items()}


def three_ways(values: Values, **labels: Any) -> list[Rows]:
    """The same values under all three definitions of convergence."""
    return [
        series("service_input_share", values, **labels, **SHARE),
        series("convergence_rate", values, **labels, **MUTUAL),
        series("service_input_coefficient", values, **labels, **SHARE),
    ]


def spread(step: float = 0.01, start: float = 0.1) -> dict[str, float]:
    """Levels that rise from country to country."""
    return {country: start + step * i for i, country in enumerate(COUNTRIES)}


# -- K18-0 -----------------------------------------------------------------------------------------


def four(complete: Values) -> Made:
    rest = three_ways(lines(spread(), 0.0), grouping="services")
    last = series("service_input_coefficient", complete, grouping="services", **COMPLETE)
    return Made(*rest, last)


def test_definitions_that_rank_alike_agree() -> None:
    found = record(four(lines(spread(0.02), 0.0)), "K18-0")
    assert found.verdict == "supported"
    main = decided(found)
    assert len(main) == 6
    assert [f.estimate for f in main] == pytest.approx([1.0] * 6)


def test_a_definition_that_ranks_the_other_way_round_is_found() -> None:
    found = record(four(lines(spread(-0.005, 0.5), 0.0)), "K18-0")
    assert found.verdict == "mixed"
    assert sorted(f.estimate for f in found.findings) == pytest.approx([-1, -1, -1, 1, 1, 1])
    assert "−1.00" in found.text


def test_the_interval_of_a_rank_correlation_is_that_of_its_formula() -> None:
    """r = 0.5 over 28 countries: atanh 0.5493 -+ 1.96 sqrt(1.06 / 25) = 0.1457 to 0.9529."""
    from servio.explain.book.kiet import _fisher

    _, lower, upper = _fisher(0.5, 28)
    assert (lower, upper) == pytest.approx((np.tanh(0.54931 - 0.40359), np.tanh(0.54931 + 0.40359)),
                                           abs=1e-4)  # fmt: skip


# -- K18-1 -----------------------------------------------------------------------------------------


def strengthened(slope: float, korea: float, fall: float, years: range = YEARS) -> Made:
    """Everyone moves by `slope` a year; Korea has a level and a slope of its own."""
    levels = spread() | {"KOR": korea}
    slopes = dict.fromkeys(levels, slope) | {"KOR": fall}
    parts = three_ways(lines(levels, slope), grouping="kiet", group="it", years=years)
    parts += three_ways(lines(levels, slopes), grouping="kiet", group="business", years=years)
    return Made(*parts)


def test_a_rise_everywhere_but_in_a_low_and_falling_korea_supports_the_claim() -> None:
    found = record(strengthened(0.002, korea=0.05, fall=-0.001), "K18-1")
    assert found.verdict == "supported"
    assert "10th of 10 countries" in found.text and "10 of 10" in found.text


def test_a_fall_everywhere_but_in_a_high_and_rising_korea_contradicts_it() -> None:
    assert record(strengthened(-0.002, korea=0.5, fall=0.001), "K18-1").verdict == "contradicted"


def test_a_korea_that_rises_contradicts_only_its_part() -> None:
    found = record(strengthened(0.002, korea=0.05, fall=0.001), "K18-1")
    assert found.verdict == "mixed"
    against = {f.statistic for f in found.findings if f.main and f.verdict == "contradicted"}
    assert against == {"slope of convergence of manufacturing with business services since 2010"}


def test_a_korea_that_wobbles_does_not_decide_its_part() -> None:
    """Below 2010 in the last year, but by no more than it moves from year to year."""
    evidence = strengthened(0.002, korea=0.05, fall=0.0)
    found = record(evidence, "K18-1")
    slope = {f.verdict for f in decided(found) if f.statistic.endswith("since 2010")}
    change = {f.verdict for f in found.findings if f.statistic.startswith("change")}
    assert (slope, change) == ({"open"}, {"not testable"})


def test_without_2010_the_claim_says_what_is_missing() -> None:
    evidence = strengthened(0.002, korea=0.05, fall=-0.001, years=range(2011, 2016))
    found = record(evidence, "K18-1")
    assert found.verdict == "not testable" and "2010" in found.missing


def test_places_before_2010_do_not_count() -> None:
    """Korea first is at the top, from 2010 on at the bottom."""
    levels = spread(0.0, 0.1) | {"KOR": 0.05}
    values = lines(levels, 0.002)
    values["KOR"][:2] = [0.5, 0.5]
    rest = lines(levels, 0.002)
    parts = three_ways(rest, grouping="kiet", group="it")
    parts += three_ways(values, grouping="kiet", group="business")
    found = record(Made(*parts), "K18-1")
    assert {f.verdict for f in decided(found) if "place" in f.statistic} == {"supported"}


@pytest.mark.parametrize(
    ("place", "part", "verdict"),
    [(5, 0.5, "contradicted"), (6, 0.5, "supported"), (7, 0.25, "contradicted"),
     (8, 0.25, "supported")],
)  # fmt: skip
def test_the_lower_half_of_ten_begins_at_the_sixth_place(
    place: int, part: float, verdict: str
) -> None:
    others = [c for c in COUNTRIES if c != "KOR"]
    levels = {country: 1.0 - 0.1 * i for i, country in enumerate(others)}
    values = lines(levels | {"KOR": 1.05 - 0.1 * (place - 1)}, 0.0)
    frame = Made(series("m", values)).results("m")
    found = low_place(frame, "KOR", part, What("", ""), "made")
    assert (found.estimate, found.lower, found.upper) == (place, place, place)
    assert (found.verdict, found.unit) == (verdict, "of 10 countries")


# -- K18-2 to K18-4 and K13-5: models --------------------------------------------------------------


def by_way(name: str, make: Callable[[str], Mapping[str, float]]) -> list[Estimate]:
    """One estimate for each definition of convergence, with the names of the study."""
    return [estimate(f"{name}{end}", make(way)) for way, end in WAYS.items()]


def mains(effects: Mapping[str, float]) -> list[Estimate]:
    names = {"conv": "main", "mutual": "both ways", "coef": "per unit of output"}
    return [
        estimate(name, {f"{way}_{g}_lag": effects.get(g, 0.0) for g in GROUPS})
        for way, name in names.items()
    ]


@pytest.mark.parametrize(
    ("services", "it", "trade", "verdict"),
    [
        (1.0, 2.0, 0.5, "supported"),
        (-1.0, 0.5, 2.0, "contradicted"),
        (1.0, 0.5, 2.0, "mixed"),
        (0.1, 2.0, 0.5, "mixed"),
    ],
)
def test_effects_on_value_added(services: float, it: float, trade: float, verdict: str) -> None:
    made = by_way("services", lambda way: {f"{way}_services_lag": services})
    made += mains({"it": it, "trade": trade})
    found = record(models(made), "K18-2")
    assert found.verdict == verdict
    gap = next(f for f in found.findings if "largest" in f.statistic)
    assert gap.estimate == pytest.approx(it - trade) and "trade" in gap.statistic
    assert gap.upper - gap.estimate == pytest.approx(1.959964 * np.sqrt(0.02))  # type: ignore[operator]


def test_other_models_and_countries_are_detail() -> None:
    made = by_way("services", lambda way: {f"{way}_services_lag": 1.0}) + mains({"it": 1.0})
    made.append(estimate("weighted", {f"conv_{g}_lag": -9.0 for g in GROUPS}))
    made.append(estimate("conv kibs", {"conv_kibs_lag": -8.0}))
    made.append(estimate("it by country", {"country::KOR:conv_it_lag": -7.0}))
    found = record(models(made), "K18-2")
    detail = {
        (f.scope, round(f.estimate, 9)) for f in found.findings if not f.main and f.estimate < 0
    }
    assert detail == {("all", -9.0), ("all", -8.0), ("KOR", -7.0)}
    assert found.verdict == "supported"


def types(way: str, services: str, gap: float, low: float) -> dict[str, float]:
    term = "technology:economy::{}:{}:" + f"{way}_{services}_lag"
    return {
        term.format("high", "service_oriented"): 5.0 + gap,
        term.format("low", "service_oriented"): 5.0,
        term.format("low", "manufacturing_oriented"): low,
    }


@pytest.mark.parametrize(
    ("gap", "low", "verdict"),
    [(1.0, 1.0, "supported"), (-1.0, -1.0, "contradicted"), (1.0, 0.1, "mixed")],
)
def test_effects_by_technology_and_economy(gap: float, low: float, verdict: str) -> None:
    made = by_way("services by type", lambda way: types(way, "services", gap, low))
    made.append(estimate("conv kibs by type", types("conv", "kibs", 2.0, 2.0)))
    found = record(models(made), "K18-3")
    assert found.verdict == verdict
    main = [f.estimate for f in found.findings if f.main]
    assert main == pytest.approx([gap, low] * 3)
    assert "Of 2 numbers under other definitions: 2 supported" in found.text


@pytest.mark.parametrize(
    ("low", "more", "verdict"),
    [(0.0, 1.0, "supported"), (0.0, -1.0, "contradicted"), (3.0, -1.0, "mixed")],
)
def test_effects_in_economies_like_korea(low: float, more: float, verdict: str) -> None:
    name = "manufacturing-centred with lower income"
    made = by_way(name, lambda w: {f"{w}_it_lag": low, f"{w}_it_lag:technology_high": more})
    each = {f"country:technology::{c}:high:conv_it_lag": 4.0 for c in ("KOR", "TWN")}
    made.append(estimate("korea and taiwan, each", each))
    found = record(models(made), "K18-4")
    assert found.verdict == verdict
    high, gap = decided(found)[:2]
    assert (high.estimate, gap.estimate) == pytest.approx((low + more, more))
    assert {f.scope for f in found.findings if round(f.estimate, 9) == 4.0} == {"KOR", "TWN"}
    assert "KOR, high technology 4.00" in found.text


@pytest.mark.parametrize(("effect", "verdict"), [(1.0, "supported"), (-1.0, "contradicted")])
def test_finance(effect: float, verdict: str) -> None:
    assert record(models(mains({"finance": effect})), "K13-5").verdict == verdict


def test_an_effect_is_that_of_one_standard_deviation_inside_entities() -> None:
    """2 per unit of a share that moves by 0.24 points: 0.48 log points × 100."""
    made = {one.name: one for one in mains({"finance": 2.0})}
    found = record(Made(estimates=made, sd=0.0024), "K13-5")
    assert [f.estimate for f in decided(found)] == pytest.approx([0.48] * 3)
    assert decided(found)[0].upper == pytest.approx(0.48 + 0.24 * 1.959964 * 0.1)
    assert "1 sd = 0.24 points" in decided(found)[0].definition
    assert "sd within entities" in decided(found)[0].unit


def rest_on(clusters: float, one: Estimate) -> Estimate:
    """The estimate with clustered errors that rest on so many clusters of one size."""
    return replace(one, df=799.0, vcov="clustered", statistics={"effective_clusters": clusters})


@pytest.mark.parametrize(
    ("clusters", "quantile"),
    [(5.0, 2.776445), (19.0, 2.100922), (20.0, 1.962939), (200.0, 1.962939)],
)
def test_few_effective_clusters_widen_the_interval(clusters: float, quantile: float) -> None:
    """Quantiles of t with 4, 18 and 799 degrees of freedom."""
    made = [rest_on(clusters, one) for one in mains({"finance": 0.25})]
    found = record(models(made), "K13-5")
    one = decided(found)[0]
    assert one.upper - one.estimate == pytest.approx(0.1 * quantile, rel=1e-6)  # type: ignore[operator]
    assert found.verdict == ("mixed" if clusters == 5 else "supported")
    assert ("few effective clusters: 5" in one.interval) == (clusters == 5)
    assert ("rest on few effective clusters" in found.text) == (clusters < 20)


def test_the_clusters_are_those_of_the_term_itself() -> None:
    """Finance rests on many clusters, another term of the same model on few."""
    made = [
        replace(rest_on(5.0, one), effective={"conv_finance_lag": 59.0, "mutual_finance_lag": 59.0,
                                              "coef_finance_lag": 59.0})
        for one in mains({"finance": 0.25})
    ]  # fmt: skip
    found = record(models(made), "K13-5")
    assert found.verdict == "supported"
    assert "few" not in decided(found)[0].interval and "few" not in found.text


def test_one_effective_cluster_gives_no_interval() -> None:
    found = record(models([rest_on(1.2, one) for one in mains({"finance": 9.0})]), "K13-5")
    assert {(f.lower, f.upper, f.interval, f.verdict) for f in found.findings} == {
        (None, None, "", "open")
    }
    assert found.undecided and "no interval" in found.text


def test_clusters_that_are_not_known_are_said_to_be() -> None:
    made = [replace(one, vcov="clustered by country") for one in mains({"finance": 1.0})]
    found = record(models(made), "K13-5")
    assert {f.interval for f in found.findings} == {"95 % t interval, effective clusters not known"}


# -- K13 -------------------------------------------------------------------------------------------


def production(economy: float, factory: float, **labels: Any) -> list[Rows]:
    levels = dict.fromkeys(("KOR", "JPN"), 0.2)
    return [
        series("service_input_coefficient", lines(levels, {"KOR": slope}), grouping="services",
               by=by, origin="total", total=total, **labels)
        for by, slope in (("economy", economy), ("manufacturing", factory))
        for total in ("false", "true")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("economy", "factory", "verdict"),
    [(0.004, 0.001, "supported"), (-0.004, -0.001, "contradicted"), (0.001, 0.004, "mixed")],
)
def test_whole_economy_against_manufacturing(economy: float, factory: float, verdict: str) -> None:
    found = record(Made(*production(economy, factory)), "K13-1")
    assert found.verdict == verdict
    main = decided(found)
    assert {f.scope for f in main} == {"KOR"}
    assert [f.estimate for f in main[:3]] == pytest.approx([economy, factory, economy - factory])


def against(korea: float, mexico: float, china: float) -> Made:
    values = lines(spread() | {"KOR": korea, "MEX": mexico, "CHN": china}, 0.0)
    parts = [
        series("service_input_share", values, grouping="services", **SHARE),
        series("service_input_coefficient", values, grouping="services", **SHARE),
        series("service_input_coefficient", values, grouping="services", **COMPLETE),
    ]
    return Made(*parts)


@pytest.mark.parametrize(
    ("korea", "mexico", "china", "verdict"),
    [(0.05, 0.1, 0.1, "supported"), (0.5, 0.1, 0.1, "contradicted"), (0.05, 0.1, 0.04, "mixed")],
)
def test_korea_against_others(korea: float, mexico: float, china: float, verdict: str) -> None:
    found = record(against(korea, mexico, china), "K13-2")
    assert found.verdict == verdict
    _, oecd, gap, _ = decided(found)[:4]
    assert oecd.unit == "of 9 countries"
    assert gap.estimate == pytest.approx(korea - mexico)


@pytest.mark.parametrize(("korea", "verdict"), [(0.05, "supported"), (0.5, "contradicted")])
def test_linkage_of_korea(korea: float, verdict: str) -> None:
    values = lines(spread() | {"KOR": korea}, 0.0)
    loop = lines(spread() | {"KOR": 0.5}, 0.0)
    labels = {"grouping": "services", "by": "manufacturing", "origin": "domestic",
              "weights": "output"}  # fmt: skip
    found = record(
        Made(
            series("production_inducement", values, **labels),
            series("value_added_inducement", values, **labels),
            series("inducement_pair", loop, **labels, part="feedback"),
        ),
        "K13-3",
    )
    assert found.verdict == verdict
    back = [f for f in found.findings if "comes back" in f.statistic and "place" in f.statistic]
    assert [(f.estimate, f.main) for f in back] == [(1.0, False), (1.0, False)]


LISTS = ("ps_fractional", "ps_browning_singelmann1975", "ps_daniels1985", "kibs")


def technology(gap: float, slope: float, within: float) -> Made:
    levels = dict.fromkeys(("AUT", "DEU", "KOR"), 0.1)
    parts = []
    for grouping in LISTS:
        for industry, more in (("high", gap), ("medium_low", 0.0)):
            values = lines({c: level + more for c, level in levels.items()}, 0.0)
            labels = {"grouping": grouping, **SHARE, "by": "technology", "industry": industry}
            parts.append(series("service_input_share", values, **labels))
        parts.append(
            series("service_input_coefficient", lines(levels, slope), grouping=grouping, **SHARE)
        )
        moved = {c: [within] * N for c in levels}
        parts.append(
            series("service_input_change", moved, grouping=grouping, by="manufacturing",
                   of="coefficient", origin="total", part="within")
        )  # fmt: skip
    return Made(*parts)


@pytest.mark.parametrize(
    ("gap", "slope", "within", "verdict"),
    [
        (0.05, -0.001, -0.01, "supported"),
        (-0.05, 0.001, 0.01, "contradicted"),
        (0.05, 0.001, -0.01, "mixed"),
    ],
)
def test_technology_and_decline(gap: float, slope: float, within: float, verdict: str) -> None:
    found = record(technology(gap, slope, within), "K13-4")
    assert found.verdict == verdict
    main = decided(found)
    assert {f.scope for f in main} == {"KOR"} and len(main) == 12
    assert [f.estimate for f in main[:3]] == pytest.approx([gap, slope, within])
    (mean,) = {f.estimate for f in found.findings if f.scope == "all" and "high" in f.statistic}
    assert mean == pytest.approx(gap)


def test_numbers_of_two_sources_stay_apart() -> None:
    older = production(-0.004, -0.001, years=range(1992, 2000), source="older")
    found = record(Made(*production(0.004, 0.001), *older), "K13-1")
    assert found.verdict == "mixed"
    economy = [f for f in decided(found) if f.statistic == "slope of services in the whole economy"]
    assert {f.source: round(f.estimate, 9) for f in economy} == {"made": 0.004, "older": -0.004}
    latest, before = found.text.index("made 2008-2015: whole"), found.text.index("older 1992-1999")
    assert latest < before
