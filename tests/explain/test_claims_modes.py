"""Claims INT-1 to INT-4 on results made by hand, whose answers are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from explain.claim_frames import COUNTRIES, Made, line, main, record, ruled, series

LISTS = ("ps_coffey2000", "ps_daniels1985", "ps_hktdc", "ps_greenfield1966")
SHARE = {"origin": "total", "total": False}


def number(country: str) -> int:
    return COUNTRIES.index(country)


# -- INT-1 -----------------------------------------------------------------------------------------


CRITERIA = ("technology", "value_added", "energy")
INDUSTRIES = tuple(f"C{place}" for place in range(20, 28))


def criteria(*signs: int, years: Any = (2009, 2010)) -> Made:
    """Ranks of eight industries by each criterion: rising, or falling where the sign is -1.

    In the year before the last all ranks rise: it does not count.
    """
    parts = []
    for name, sign in zip((*CRITERIA, "knowledge"), signs, strict=True):
        for place, code in enumerate(INDUSTRIES):

            def rank(c: str, y: int, place: int = place, sign: int = sign) -> float:
                # one country swaps two industries, so that the mean has an interval
                swapped = {2: 3, 3: 2}.get(place, place) if c == "AAA" else place
                rising = 1 if y < max(years) else sign
                return (swapped + 0.5) / 8 if rising > 0 else 1 - (place + 0.5) / 8

            parts.append(series("modern_manufacturing", rank, years=years, form="component",
                                weights="equal", industry=code, part=name))  # fmt: skip
    return Made(*parts)


@pytest.mark.parametrize(
    ("signs", "verdict"),
    [((1, 1, 1, -1), "supported"), ((1, -1, 1, 1), "mixed"), ((-1, 1, 1, 1), "mixed")],
)
def test_criteria_of_modern_manufacturing(signs: tuple[int, ...], verdict: str) -> None:
    found = record(criteria(*signs), "INT-1")
    assert found.verdict == verdict
    assert [f.estimate > 0 for f in main(found)] == [
        signs[0] == signs[1], signs[0] == signs[2], signs[1] == signs[2]
    ]  # fmt: skip
    assert {f.years for f in main(found)} == {"2010"}


def test_a_correlation_of_criteria_is_that_of_ranks_and_knowledge_is_detail() -> None:
    """Two neighbours of eight swapped: 1 - 6 * 2 / (8 * 63) = 0.976; seven countries have 1."""
    found = record(criteria(1, -1, 1, 1), "INT-1")
    both = next(f for f in main(found) if "value added" in f.statistic)
    assert both.estimate == pytest.approx(-(7 + 1 - 12 / 504) / 8)
    detail = [f for f in found.findings if not f.main and f.scope == "all"]
    assert len(detail) == 3 and all("knowledge" in f.statistic for f in detail)


def test_one_criterion_shows_nothing() -> None:
    kept = [row for row in criteria(1, 1, 1, 1)._rows.to_dict("records")
            if row["part"] == "technology"]  # fmt: skip
    found = record(Made(kept), "INT-1")
    assert found.verdict == "not testable" and "two criteria" in found.missing


# -- INT-2 -----------------------------------------------------------------------------------------


def definitions(over_definitions: float, over_countries: float, lists: Any = LISTS) -> Made:
    """Levels 0, 1, 2, 3 steps over definitions and 0 to 7 over countries."""
    parts = []
    for step, grouping in enumerate(lists):

        def value(country: str, year: int, step: int = step) -> float:
            return 0.1 + over_definitions * step + over_countries * number(country)

        parts += [
            series("service_input_share", value, grouping=grouping, by="manufacturing", **SHARE),
            series("producer_service_share", value, grouping=grouping, of="services"),
        ]
    return Made(*parts)


@pytest.mark.parametrize(
    ("over_definitions", "over_countries", "verdict"),
    [(0.1, 0.01, "supported"), (0.01, 0.1, "contradicted")],
)
def test_definitions_against_countries(
    over_definitions: float, over_countries: float, verdict: str
) -> None:
    """Quartiles of 0..3 lie 1.5 steps apart, those of 0..7 3.5 steps."""
    found = record(definitions(over_definitions, over_countries), "INT-2")
    assert found.verdict == verdict
    ratio = 1.5 * over_definitions / (3.5 * over_countries)
    assert [f.estimate for f in main(found)] == pytest.approx([ratio, ratio])
    assert len(found.findings) == 2 * (1 + len(LISTS))


def test_one_odd_country_does_not_move_the_spread() -> None:
    found = definitions(0.01, 0.001)
    odd = (found._rows["country"] == COUNTRIES[-1]) & (found._rows["grouping"] == LISTS[0])
    found._rows.loc[odd, "value"] = 0.9
    first = main(record(found, "INT-2"))[0]
    assert first.estimate == pytest.approx(1.5 * 0.01 / (3.5 * 0.001), rel=0.15)


def test_a_study_without_definitions_says_what_to_add_in_one_word() -> None:
    found = record(Made(), "INT-2")
    assert 'service_input_share with grouping = "@producer_services"' in found.missing


def test_a_few_definitions_are_no_spread() -> None:
    found = record(definitions(0.1, 0.01, LISTS[:3]), "INT-2")
    assert found.verdict == "not testable" and "4 definitions" in found.missing


# -- INT-3 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alternative", "merging", "missing", "verdict", "words"),
    [
        (20, 10, "", "supported", ["supported", "supported"]),
        (20, 0, "", "mixed", ["supported", "contradicted"]),
        (20, 0, "own_account,secondary", "mixed", ["supported", "open"]),
        (0, 0, "", "contradicted", ["contradicted", "contradicted"]),
        (1, 20, "", "mixed", ["contradicted", "supported"]),
        (2, 20, "", "mixed", ["open", "supported"]),
    ],
)
def test_two_modes(
    alternative: int, merging: int, missing: str, verdict: str, words: list[str]
) -> None:
    found = record(ruled(alternative, merging, missing), "INT-3")
    assert found.verdict == verdict
    assert [f.verdict for f in main(found)] == words
    shares = [(count + 0.5 * (count > 0)) / 100 for count in (alternative, merging)]
    assert [f.estimate for f in main(found)] == pytest.approx(shares)
    both = next(f for f in found.findings if f.statistic == "countries with pairs of both modes")
    assert both.estimate == float(alternative > 0 and merging > 0)
    assert ("secondary output" in found.text) == bool(missing)


def test_without_modes_the_claim_says_what_to_add() -> None:
    assert "[modes]" in record(Made(), "INT-3").missing
    two = ruled(20, 10)._modes
    assert two is not None
    found = record(Made(modes=two[two["country"] < "CCC"]), "INT-3")
    assert (found.verdict, "three countries" in found.missing) == ("not testable", True)


# -- INT-4 -----------------------------------------------------------------------------------------


def bought(all_services: float, business: float, *, parts: bool = True) -> Made:
    """Slopes of what is bought in all, and half of it from abroad where parts are wanted."""
    by = {"by": "manufacturing"}
    made = []
    for origin, share in (("total", 1.0), ("domestic", 0.5), ("imported", 0.5)):
        if origin == "total" or parts:
            made += [
                series("outsourcing", line(0.2, share * all_services), grouping="services",
                       origin=origin, **by),
                series("outsourcing", line(0.1, share * business), grouping="kiet",
                       group="business", origin=origin, **by),
            ]  # fmt: skip
    return Made(*made)


@pytest.mark.parametrize(
    ("all_services", "business", "verdict"),
    [(0.01, 0.01, "supported"), (-0.01, -0.01, "contradicted"), (-0.01, 0.01, "mixed")],
)
def test_delegating_rises(all_services: float, business: float, verdict: str) -> None:
    found = record(bought(all_services, business), "INT-4")
    assert found.verdict == verdict
    assert [f.estimate for f in main(found)] == pytest.approx([all_services, business])
    detail = [f.estimate for f in found.findings if f.scope == "all" and not f.main]
    assert detail == pytest.approx(np.repeat([all_services, business], 2) / 2)


def test_what_comes_from_where_is_not_needed() -> None:
    assert record(bought(0.01, 0.01, parts=False), "INT-4").verdict == "supported"
