"""Checks of the claims INT-5 to INT-9 on made results whose answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from explain.claim_frames import COUNTRIES, Made, line, main, record, series
from servio.explain.book.inter import top_share

CODES = tuple(f"C{place}" for place in range(10, 20))


def links(strongest: float) -> list[dict[str, Any]]:
    """Forty links a country, of which the first four are stronger than the others."""
    labels = {"form": "strength", "grouping": "kiet", "origin": "balance"}
    return [
        row
        for group in ("business", "finance", "logistics", "trade")
        for code in CODES
        for row in series("strategic_links", lambda c, y, v=strongest if code == "C10" else 1.0: v,
                          group=group, industry=code, **labels)
    ]  # fmt: skip


@pytest.mark.parametrize(("strongest", "verdict"), [(20.0, "supported"), (2.0, "contradicted")])
def test_few_links_hold_most(strongest: float, verdict: str) -> None:
    found = record(Made(links(strongest)), "INT-5")
    assert found.verdict == verdict
    (one,) = main(found)
    assert one.estimate == pytest.approx(4 * strongest / (4 * strongest + 36))


def test_few_links_mixed_where_countries_differ() -> None:
    half = [row for row in links(20.0) if row["country"] < "E"]
    rest = [row for row in links(2.0) if row["country"] >= "E"]
    assert record(Made(half, rest), "INT-5").verdict == "mixed"


def test_a_tenth_of_few_links_is_no_tenth() -> None:
    few = [row for row in links(20.0) if row["group"] == "trade"]
    found = record(Made(few), "INT-5")
    assert (found.verdict, "20 strategic_links" in found.missing) == ("not testable", True)


def test_top_share_rounds_up_to_whole_links() -> None:
    assert top_share(np.array([5.0, *[0.5] * 10])) == pytest.approx(5.5 / 10)


def test_porters_inputs_are_detail() -> None:
    labels = {"grouping": "porter", "of": "value_added", "by": "manufacturing",
              "weights": "final_demand"}  # fmt: skip
    profile = [
        *series("service_profile", lambda c, y: 0.9, group="distribution", **labels),
        *series("service_profile", lambda c, y: 0.1, group="what_to_make", **labels),
    ]
    found = record(Made(links(20.0), profile), "INT-5")
    assert len(main(found)) == 1
    assert "what to make with 10.0%" in found.text


def functions(high: float, services: float, together: float) -> list[dict[str, Any]]:
    """KIBS in high technology, services in value, and a rank correlation of both signs."""
    rows = []
    for label, share in (("high", high), ("medium_low", 0.1)):
        rows += series("service_input_share", line(share, 0.0), grouping="kibs", by="technology",
                       origin="total", total=False, industry=label)  # fmt: skip
    for part, share in (("services", services), ("manufacturing", 0.4), ("imports", 0.9)):
        wobbly, steady = line(share, 0.0), lambda c, y, v=share: v
        rows += series("value_content", wobbly if part == "services" else steady, part=part,
                       grouping="sectors", by="manufacturing", weights="final_demand")  # fmt: skip
    for place, code in enumerate(CODES):
        rate = 0.3 + together * 0.01 * place

        def swapped(c: str, y: int, place: int = place) -> float:
            return 0.1 + 0.01 * (place if place > 1 or c < "E" else 1 - place)

        rows += series("service_input_share", swapped, grouping="services", by="industry",
                       origin="total", total=False, industry=code)  # fmt: skip
        rows += series("account", lambda c, y: 50.0, of="output", by="industry", industry=code)
        rows += series("account", lambda c, y, v=50 * rate: v, of="value_added", by="industry",
                       industry=code)  # fmt: skip
    return rows


@pytest.mark.parametrize(
    ("high", "services", "together", "verdict"),
    [
        (0.2, 0.6, 1.0, "supported"),
        (0.05, 0.2, -1.0, "contradicted"),
        (0.2, 0.2, 1.0, "mixed"),
    ],
)
def test_functions_of_services(high: float, services: float, together: float, verdict: str) -> None:
    found = record(Made(functions(high, services, together)), "INT-6")
    assert found.verdict == verdict
    channel, value, correlation = main(found)
    assert channel.estimate == pytest.approx(high - 0.1)
    assert value.estimate == pytest.approx(services - 0.4, abs=1e-3)
    assert correlation.estimate * together > 0.9


def communities(services: float, industry: float, agriculture: float) -> list[dict[str, Any]]:
    """Losses without each community, whose shares of value added are .6, .3 and .1."""
    rows = series("account", lambda c, y: 10.0, of="value_added", by="economy", industry="economy")
    for name, share, loss in (
        ("services", 6.0, services),
        ("industry", 3.0, industry),
        ("agriculture", 1.0, agriculture),
    ):
        rows += series("account", lambda c, y, v=share: v, of="value_added", by="communities",
                       industry=name)  # fmt: skip
        wobbly, steady = line(loss, 0.0), lambda c, y, v=loss: v
        rows += series("extraction_loss", wobbly if name == "services" else steady, industry=name,
                       variant="full", of="value_added", by="communities", scope="own",
                       origin="balance", grouping="services")  # fmt: skip
    return rows


def ecology(
    relation: float, held: tuple[float, float, float], *, leverage: float | None = None
) -> list[dict[str, Any]]:
    """Codes of all pairs of communities, what others lose without each, and for a unit of it."""
    names = ("agriculture", "industry", "services")
    rows = []
    for one in names:
        for other in names:
            code = 4.0 if one == other else relation
            for partner, value in (("", code), ("ZZZ", 4.0)):
                rows += [
                    row | {"partner": partner}
                    for detail in ("group", "industry")
                    for row in series("utility_relation", lambda c, y, v=value: v, form="relation",
                                      detail=detail, by="communities", origin="balance",
                                      industry=one, group=other)
                ]  # fmt: skip
    for name, loss in zip(names, held, strict=True):
        keys = {"by": "communities", "origin": "balance", "industry": name}
        wobbly = line(loss, 0.0) if name == "services" else lambda c, y, v=loss: v
        rows += series("adhesion", wobbly, form="throughflow", **keys)
        if leverage is not None:
            more = leverage if name == "services" else 0.0
            rows += series("adhesion", line(0.5 + more, 0.0), form="leverage", **keys)
    return rows


@pytest.mark.parametrize(
    ("relation", "held", "verdict"),
    [
        (4.0, (0.1, 0.2, 0.4), "supported"),
        (2.0, (0.1, 0.5, 0.05), "contradicted"),
        (2.0, (0.1, 0.2, 0.4), "mixed"),
        (4.0, (0.1, 0.5, 0.4), "mixed"),
    ],
)
def test_services_as_adhesive(
    relation: float, held: tuple[float, float, float], verdict: str
) -> None:
    found = record(Made(ecology(relation, held)), "INT-7")
    assert found.verdict == verdict
    by_group, by_industry, industry, agriculture = main(found)
    assert by_group.estimate == by_industry.estimate == float(relation == 4.0)
    assert industry.estimate == pytest.approx(held[2] - held[1])
    assert agriculture.estimate == pytest.approx(held[2] - held[0])


def test_losses_for_a_unit_and_for_the_own_share_count_where_they_are() -> None:
    rows = ecology(4.0, (0.1, 0.2, 0.4), leverage=-0.2)
    found = record(Made(rows, communities(0.9, 0.36, 0.12)), "INT-7")
    assert found.verdict == "mixed"
    *_, unit, _, industry, agriculture = main(found)
    assert unit.estimate == pytest.approx(-0.2) and unit.verdict == "contradicted"
    assert industry.estimate == pytest.approx(0.9 / 0.6 - 0.36 / 0.3)
    assert agriculture.estimate == pytest.approx(0.9 / 0.6 - 0.12 / 0.1)


@pytest.mark.parametrize("lacking", ["utility_relation", "adhesion"])
def test_communities_need_both_measures(lacking: str) -> None:
    rows = [r for r in ecology(4.0, (0.1, 0.2, 0.4)) if r["measure"] != lacking]
    found = record(Made(rows), "INT-7")
    assert found.verdict == "not testable" and lacking in found.missing


def kinds(
    mutual: int,
    of: int = 40,
    pair: tuple[str, str] = ("manufacturing", "services"),
    other: str = "competition",
) -> Any:
    """A country each, of which some are mutualists."""
    return pd.DataFrame([
        {"source": "made", "country": f"A{place:03d}", "first": pair[0], "second": pair[1],
         "kind": "mutualism" if place < mutual else other, "year_first": 2000,
         "year_last": 2014}
        for place in range(of)
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("mutual", "of", "word"),
    [(20, 40, "supported"), (0, 40, "open"), (1, 40, "open"), (0, 200, "contradicted")],
)
def test_mutualism_against_chance(mutual: int, of: int, word: str) -> None:
    found = record(Made(symbiosis=kinds(mutual, of)), "INT-8")
    (one,) = main(found)
    assert (one.verdict, one.estimate) == (word, mutual / of)
    assert one.interval == "95 % Clopper-Pearson interval"


def test_what_is_not_identified_or_not_settled_is_no_evidence_against() -> None:
    for other in ("undetermined", "services gain; manufacturing open"):
        (one,) = main(record(Made(symbiosis=kinds(0, 200, other=other)), "INT-8"))
        assert one.verdict == "open"
    known = kinds(3, 5)
    lost = kinds(0, 200, other="not identified").assign(country="Z")
    found = record(Made(symbiosis=pd.concat([known, lost])), "INT-8")
    (one,) = main(found)
    assert (one.estimate, one.verdict) == (3 / 5, "supported")
    assert "5 of 205 identified" in one.statistic
    found = record(Made(symbiosis=lost), "INT-8")
    assert found.verdict == "not testable" and "[symbiosis]" in found.missing


def test_the_interval_of_a_share_is_clopper_and_pearson() -> None:
    """4 of 8: 0.157 to 0.843 (tables of binomial limits)."""
    (one,) = main(record(Made(symbiosis=kinds(4, 8)), "INT-8"))
    assert (one.lower, one.upper) == pytest.approx((0.157, 0.843), abs=5e-4)


def test_symbiosis_of_other_sectors_says_nothing() -> None:
    found = record(Made(symbiosis=kinds(20, pair=("agriculture", "services"))), "INT-8")
    assert found.verdict == "not testable" and "[symbiosis]" in found.missing


def test_symbiosis_beside_prediction() -> None:
    found = record(Made(growing(0.4, 0.4), symbiosis=kinds(20)), "INT-8")
    assert (found.verdict, len(main(found))) == ("supported", 5)


WIOD = ("C10-C12", "C31_C32", "C26", "G46", "R_S", "K64")


def growing(forth: float, back: float, *, seed: int = 1) -> list[dict[str, Any]]:
    """Volumes whose growth follows that of the other a year before; prices that double."""
    rng = np.random.default_rng(seed)
    countries = [f"A{place:02d}" for place in range(40)]
    years = range(2000, 2016)
    shocks = rng.normal(0, 0.02, (len(countries), len(years), 2))
    growth = np.zeros_like(shocks)
    for t in range(1, len(years)):
        goods, services = growth[:, t - 1, 0], growth[:, t - 1, 1]
        growth[:, t, 0] = 0.1 * goods + forth * services + shocks[:, t, 0]
        growth[:, t, 1] = 0.1 * services + back * goods + shocks[:, t, 1]
    volumes = np.exp(growth.cumsum(axis=1))
    rows = []
    for code in WIOD:
        side = 0 if code.startswith("C") else 1

        def volume(c: str, y: int, side: int = side) -> float:
            return float(volumes[countries.index(c), y - 2000, side])

        def price(c: str, y: int) -> float:
            return float(100 * 2.0 ** ((y - 2000) * (1 + countries.index(c) % 3)))

        keys = {"by": "industry", "industry": code, "countries": countries, "years": years}
        rows += series("account", lambda c, y, v=volume: v(c, y) * price(c, y) / 100, of="SEA_VA",
                       **keys)  # fmt: skip
        rows += series("account", price, of="VA_PI", **keys)
    return rows


@pytest.mark.parametrize(
    ("forth", "back", "verdict"),
    [(0.4, 0.4, "supported"), (-0.4, -0.4, "contradicted"), (0.4, 0.0, "mixed")],
)
def test_feedback_of_growth(forth: float, back: float, verdict: str) -> None:
    found = record(Made(growing(forth, back)), "INT-8")
    assert found.verdict == verdict
    assert len(main(found)) == 4
    for one in main(found):
        planted = forth if one.statistic.startswith("growth of manufacturing") else back
        assert one.lower < planted < one.upper  # type: ignore[operator]


def test_accounts_of_manufacturing_alone_are_named_as_the_reason() -> None:
    """Codes of manufacturing fit more than one classification."""
    rows = [r | {"industry": f"C{r['industry'].lstrip('C')}"} for r in growing(0.4, 0.4)
            if r["industry"] in ("C10-C12", "C31_C32", "C26")]  # fmt: skip
    found = record(Made(rows), "INT-8")
    assert found.verdict == "not testable"
    assert "accounts of" in found.missing and "only" in found.missing


def changed(rows: list[dict[str, Any]], of: str, years: range) -> list[dict[str, Any]]:
    """A row of accounts of one industry of one country at zero."""
    return [
        row | {"value": 0.0}
        if (row["country"], row["industry"], row["of"]) == ("A00", "C26", of)
        and row["year"] in years
        else row
        for row in rows
    ]


def test_an_industry_that_a_country_does_not_have_is_no_gap() -> None:
    rows = growing(0.4, 0.4)
    none = changed(changed(rows, "SEA_VA", range(2000, 2016)), "VA_PI", range(2000, 2016))
    assert feedback_values(none) == pytest.approx(feedback_values(rows))


def test_value_added_without_a_price_leaves_the_year_out() -> None:
    rows = growing(0.4, 0.4)
    gap = changed(rows, "VA_PI", range(2005, 2006))
    left_out = [row for row in rows if (row["country"], row["year"]) != ("A00", 2005)]
    assert feedback_values(gap) == pytest.approx(feedback_values(left_out))
    assert feedback_values(gap) != pytest.approx(feedback_values(rows))


def feedback_values(rows: list[dict[str, Any]]) -> list[float]:
    return [f.estimate for f in main(record(Made(rows), "INT-8"))]


@pytest.mark.parametrize(("slope", "verdict"), [(0.01, "supported"), (-0.01, "contradicted")])
def test_hierarchy(slope: float, verdict: str) -> None:
    level = series("service_hierarchy", line(1.5, slope), of="value_added", by="manufacturing",
                   weights="final_demand")  # fmt: skip
    found = record(Made(level), "INT-9")
    assert found.verdict == verdict
    assert main(found)[0].unit == "level a year"
    assert len(found.findings) == 1 + len(COUNTRIES)
