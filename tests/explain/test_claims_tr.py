"""Checks of the claims TR on made results whose answer is known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from explain.claim_frames import COUNTRIES, YEARS, Made, line, main, record, ruled, series

SHARE = {"grouping": "services", "by": "manufacturing", "origin": "total", "total": False}
STAGES = ("primary", "before", "fabrication", "support", "after")


def flat(value: float) -> Any:
    return lambda country, year: value + 0.01 * (ord(country[0]) - ord("D"))


def ladder(low: float, high: float) -> Any:
    """Values that rise from the first to the last country."""
    step = (high - low) / (len(COUNTRIES) - 1)
    return lambda country, year: low + step * COUNTRIES.index(country)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(ladder(0.6, 0.8), "supported"), (ladder(0.2, 0.4), "contradicted")],
)
def test_service_cost_of_70_percent(value: Any, verdict: str) -> None:
    found = record(Made(series("service_input_share", value, **SHARE)), "TR-1a")
    assert found.verdict == verdict
    (one,) = main(found)
    assert one.years == "2009"
    assert one.estimate == pytest.approx(0.7 if verdict == "supported" else 0.3)
    assert one.lower == pytest.approx(one.estimate - 0.05)
    assert len(found.findings) == 1 + len(COUNTRIES)


def test_service_cost_differs_between_definitions() -> None:
    content = {"grouping": "services", "by": "manufacturing", "origin": "total",
               "weights": "final_demand"}  # fmt: skip
    found = record(
        Made(
            series("service_input_share", ladder(0.2, 0.4), **SHARE),
            series("service_content", ladder(0.6, 0.8), **content),
        ),
        "TR-1a",
    )
    assert found.verdict == "mixed"
    assert "service_input_share" not in found.text
    json.dumps(found.record(), allow_nan=False)


def economies(rich: str = "EFGH") -> list[dict[str, Any]]:
    """Value added and persons: those of `rich` earn twice as much a person."""
    earned = series("account", lambda c, y: 200.0 if c[0] in rich else 100.0, of="value_added",
                    by="economy", industry="economy")  # fmt: skip
    return [*earned, *series("account", lambda c, y: 1.0 + 0.001 * (ord(c[0]) - 65), of="EMP",
                             by="economy", industry="economy")]  # fmt: skip


def producer(grouping: str, services: float, gdp: float) -> list[dict[str, Any]]:
    """Shares of the rich; the poor have none of it."""

    def of(share: float) -> Any:
        return lambda c, y: share if c[0] in "EFGH" else 0.0

    labels = {"grouping": grouping, "group": "producer_services", "industry": "economy"}
    return [
        *series("producer_service_share", of(services), of="services", **labels),
        *series("producer_service_share", of(gdp), of="gdp", **labels),
    ]


@pytest.mark.parametrize(
    ("services", "gdp", "verdict"),
    [(0.65, 0.43, "supported"), (0.4, 0.25, "contradicted"), (0.65, 0.25, "mixed")],
)
def test_producer_services_of_the_richer_half(services: float, gdp: float, verdict: str) -> None:
    found = record(Made(economies(), producer("ps_one", services, gdp)), "TR-1b")
    assert found.verdict == verdict
    assert {f.scope for f in found.findings} == {"all", "EEE", "FFF", "GGG", "HHH"}


def test_producer_services_depend_on_the_definition() -> None:
    made = Made(economies(), producer("ps_one", 0.65, 0.43), producer("ps_two", 0.3, 0.2))
    found = record(made, "TR-1b")
    assert found.verdict == "mixed"
    assert "1 of 2 definitions fit 60 to 70 %" in found.text


def test_producer_services_need_persons_to_know_who_is_rich() -> None:
    found = record(Made(producer("ps_one", 0.65, 0.43)), "TR-1b")
    assert (found.verdict, "EMP" in found.missing) == ("not testable", True)


def stages(measure: str, column: str, slopes: dict[str, float], **labels: Any) -> Any:
    """Five stages of which each has its own slope; imports that have to stay out."""
    parts = [
        row
        for stage in STAGES
        for row in series(measure, line(1.0, slopes.get(stage, 0.0)), **{column: stage}, **labels)
    ]
    return [*parts, *series(measure, line(1.0, 0.5), **{column: "imports"}, **labels)]


CONTENT = {"grouping": "chain_stage", "by": "manufacturing", "weights": "final_demand",
           "industry": "manufacturing"}  # fmt: skip


@pytest.mark.parametrize(
    ("slopes", "verdict"),
    [
        ({"fabrication": -0.05, "before": 0.02, "after": 0.03}, "supported"),
        ({"fabrication": 0.05, "before": -0.02, "after": -0.03}, "contradicted"),
        ({"fabrication": -0.05, "before": 0.08, "after": -0.03}, "mixed"),
    ],
)
def test_shares_of_stages(slopes: dict[str, float], verdict: str) -> None:
    found = record(Made(stages("value_content", "part", slopes, **CONTENT)), "TR-1c")
    assert found.verdict == verdict
    fabrication = next(f for f in main(found) if "fabrication" in f.statistic)
    assert fabrication.estimate == pytest.approx(slopes["fabrication"] / 5, rel=0.02)
    assert fabrication.lower < fabrication.estimate < fabrication.upper  # type: ignore[operator]


def test_a_country_that_appears_later_does_not_move_the_mean() -> None:
    late = series("service_input_share", lambda c, y: 0.9, countries=["LATE"],
                  years=range(2006, 2010), grouping="manufacturing", by="services",
                  origin="total", total=False)  # fmt: skip
    steady = series("service_input_share", line(0.2, -0.01), grouping="manufacturing",
                    by="services", origin="total", total=False)  # fmt: skip
    found = record(Made(steady, late), "TR-1e")
    (mean,) = main(found)
    assert (found.verdict, mean.statistic.endswith("mean over 8 countries")) == (
        "contradicted", True,
    )  # fmt: skip
    assert mean.estimate == pytest.approx(-0.01, rel=0.02)
    assert any(f.scope == "LATE" for f in found.findings)


def test_the_rest_of_the_world_is_no_country() -> None:
    labels = {"grouping": "manufacturing", "by": "services", "origin": "total", "total": False}
    rest = series("service_input_share", lambda c, y: 5.0 * y, countries=["RoW"], **labels)
    up = series("service_input_share", line(0.2, 0.01), **labels)
    found = record(Made(up, rest), "TR-1e")
    assert main(found)[0].estimate == pytest.approx(0.01, rel=0.02)
    assert "RoW" not in {f.scope for f in found.findings}


@pytest.mark.parametrize(
    ("mixed", "verdict"), [(0.7, "supported"), (0.2, "contradicted"), (0.5, "mixed")]
)
def test_margins_of_mixed_chains(mixed: float, verdict: str) -> None:
    labels = {"of": "value_added", "form": "own", "grouping": "services", "industry": "economy"}
    made = []
    for part, value in (("goods", 0.4), ("mixed", mixed), ("services", 0.6)):
        steady = lambda c, y, v=value: v  # noqa: E731
        made += series("chain_margin", flat(value) if part == "mixed" else steady, part=part,
                       **labels)  # fmt: skip
    found = record(Made(made), "TR-1f")
    assert found.verdict == verdict
    goods = next(f for f in main(found) if "less goods" in f.statistic)
    assert goods.estimate == pytest.approx(mixed - 0.4 + 0.005)
    # countries lie 0.01 apart: standard deviation of eight sqrt(6) / 100, t of 7 degrees 2.364624
    half = 2.364624 * 6**0.5 / 100 / 8**0.5
    assert (goods.lower, goods.upper) == pytest.approx(
        (goods.estimate - half, goods.estimate + half), abs=1e-7
    )


def test_capital_margins_take_chains_by_services_content() -> None:
    margin = series("chain_margin", flat(0.5), part="mixed", of="value_added", form="own",
                    grouping="services")  # fmt: skip
    industries = {"C1": (0.1, 0.1), "C2": (0.5, 0.4), "S1": (0.9, 0.2)}
    rows = []
    for code, (content, capital) in industries.items():
        keys = {"by": "industry", "industry": code}
        rows += series("account", flat(capital), of="CAP", **keys)
        rows += series("account", lambda c, y: 1.0, of="GO", **keys)
        rows += series("service_content", lambda c, y, v=content: v, grouping="services",
                       origin="total", weights="final_demand", **keys)  # fmt: skip
    found = record(Made(margin, rows), "TR-1f")
    gaps = {f.statistic.split(",")[0]: f.estimate for f in main(found)}
    assert gaps["margin of mixed less goods chains"] == pytest.approx(0.3)
    assert gaps["margin of mixed less services chains"] == pytest.approx(0.2)


def test_trends_of_outsourcing_are_detail_of_the_market() -> None:
    bought = series("outsourcing", line(0.1, 0.01), grouping="services", by="manufacturing",
                    origin="domestic")  # fmt: skip
    found = record(Made(bought), "TR-2")
    assert found.verdict == "contradicted"
    assert len(main(found)) == 2
    assert "bought at home, +1.0" in found.text
    trend = next(f for f in found.findings if f.scope == "all")
    assert (trend.verdict, trend.main) == ("supported", False)


INCOME = {"chain": "manufacturing", "producer": "", "of": "value_added", "form": "total",
          "by": "chain_stage"}  # fmt: skip


def income(services: float, slope: float) -> Any:
    """Service stages earn `services` per year of three units others earn."""
    levels = {"primary": 1.0, "fabrication": 2.0, "before": 0.1, "support": services, "after": 0.1}
    return [
        row
        for stage, value in levels.items()
        for row in series("chain_income", line(value, slope if stage == "support" else 0.0),
                          industry=stage, **INCOME)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("services", "slope", "verdict"),
    [(6.0, 0.5, "supported"), (1.5, -0.05, "contradicted"), (0.5, 0.05, "mixed")],
)
def test_income_of_service_stages(services: float, slope: float, verdict: str) -> None:
    found = record(Made(income(services, slope)), "TR-4")
    level = next(f for f in main(found) if f.interval == "range over years")
    last = services + slope * 9
    assert found.verdict == verdict
    assert level.estimate == pytest.approx((last + 0.2) / (last + 3.2), rel=1e-6)


def test_owners_of_service_income_say_nothing_for_or_against() -> None:
    found = record(Made(income(6.0, 0.5)), "TR-4")
    parts = [f for f in found.findings if f.statistic == "part of the income of services"]
    assert sum(f.estimate for f in parts) == pytest.approx(1)
    assert {f.verdict for f in parts} == {"not testable"}


def it_inputs(together: float, slope: float) -> Any:
    """IT in manufacturing on a line; over industries, others change with it or against it."""
    labels = {"by": "industry", "origin": "total", "total": False}
    rows = series("service_input_share", line(0.05, slope), grouping="kiet", group="it",
                  by="manufacturing", origin="total", total=False)  # fmt: skip
    for place in range(6):

        def it(c: str, y: int, place: int = place) -> float:
            return 0.01 + 0.001 * place * (y - YEARS[0])

        def every(c: str, y: int, place: int = place) -> float:
            bump = 1e-3 * (COUNTRIES.index(c) == place)
            return 0.2 + (1 + together) * it(c, y, place) + bump * (y - YEARS[0])

        rows += series("service_input_share", it, grouping="kiet", group="it",
                       industry=f"C{place}", **labels)  # fmt: skip
        rows += series("service_input_share", every, grouping="services", group="services",
                       industry=f"C{place}", **labels)  # fmt: skip
    return rows


@pytest.mark.parametrize(
    ("together", "slope", "verdict"),
    [(1.0, 0.002, "supported"), (-1.0, -0.002, "contradicted"), (1.0, -0.002, "mixed")],
)
def test_it_as_carrier(together: float, slope: float, verdict: str) -> None:
    found = record(Made(it_inputs(together, slope)), "TR-5")
    assert found.verdict == verdict
    correlation = next(f for f in main(found) if f.unit == "correlation")
    assert correlation.estimate * together > 0.8


def sold(share: float, measure: str = "secondary_output", slope: float = 0.0) -> Any:
    """Services in the output of manufacturing, of one country with a supply table each year."""
    options = {"makers": "manufacturing", "by": "makers"}
    if measure == "secondary_service_share":
        options = {"secondary": "secondary", "by": "manufacturing"}
    return series(measure, line(share, slope), countries=["AAA"], grouping="services",
                  industry="manufacturing", **options)  # fmt: skip


@pytest.mark.parametrize("measure", ["secondary_output", "secondary_service_share"])
@pytest.mark.parametrize(
    ("share", "slope", "verdict"),
    [(0.7, 0.0, "supported"), (0.05, 0.0, "contradicted"), (0.46, 0.01, "mixed")],
)
def test_services_sold_by_manufacturers(
    measure: str, share: float, slope: float, verdict: str
) -> None:
    found = record(Made(sold(share, measure, slope)), "TR-1d")
    assert found.verdict == verdict
    (one,) = main(found)
    assert one.estimate == pytest.approx(share + 9 * slope, abs=2e-3)
    assert one.lower == pytest.approx(share, abs=2e-3)
    assert "AAA" in one.statistic and "establishments" in found.text


def test_services_sold_need_a_measure_that_studies_have() -> None:
    assert "measure secondary_service_share" in record(Made(), "TR-1d").missing


def test_manufactures_that_services_make_count_where_there_are_supply_tables() -> None:
    mirror = series("secondary_output", line(0.1, -0.01), countries=["AAA"],
                    grouping="manufacturing", makers="services", by="makers",
                    industry="services")  # fmt: skip
    found = record(Made(mirror), "TR-1e")
    assert found.verdict == "contradicted"
    assert main(found)[0].estimate == pytest.approx(-0.01, abs=1e-3)


def test_modes_are_detail_of_outsourcing() -> None:
    found = record(ruled(20, 10), "TR-2")
    assert found.verdict == "contradicted" and len(main(found)) == 2
    assert "alternative mode 20.5%" in found.text


@pytest.mark.parametrize("claim", ["TR-1c", "TR-1e", "TR-5"])
def test_too_few_years_are_named(claim: str) -> None:
    rows = [
        *stages("value_content", "part", {}, **CONTENT),
        *it_inputs(1.0, 0.0),
        *series("structural_similarity", line(0.5, 0.0), grouping="services", kind="cosine",
                by="manufacturing", origin="total", side="inputs"),
    ]  # fmt: skip
    found = record(Made([row for row in rows if row["year"] < 2003]), claim)
    assert found.verdict == "not testable"
    assert "4 years" in found.missing
