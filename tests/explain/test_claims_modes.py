"""Claims INT-1 to INT-4 on results made by hand, whose answers are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from explain.claim_frames import COUNTRIES, Made, line, main, record, series

LISTS = ("ps_coffey2000", "ps_daniels1985", "ps_hktdc", "ps_greenfield1966")
SHARE = {"origin": "total", "total": False}


def number(country: str) -> int:
    return COUNTRIES.index(country)


# -- INT-1 -----------------------------------------------------------------------------------------


def classes(value_added: float, knowledge: float, energy: float) -> Made:
    """What high technology has more than medium-low, about that in every country."""
    parts = []
    for industry, more in (("high", 1.0), ("medium_low", 0.0)):
        by = {"by": "technology", "industry": industry}

        def at(start: float, gap: float, more: float = more) -> Any:
            return lambda c, _: start + more * (gap + 1e-3 * (-1) ** number(c))

        parts += [
            series("account", at(30.0, 100 * value_added), of="value_added", **by),
            series("account", lambda c, _: 100.0, of="output", **by),
            series("service_input_share", at(0.3, knowledge), grouping="kibs", **SHARE, **by),
            series("service_input_coefficient", at(0.3, energy), grouping="energy", **SHARE, **by),
        ]
    return Made(*parts)


@pytest.mark.parametrize(
    ("gaps", "verdict"),
    [
        ((0.1, 0.1, -0.1), "supported"),
        ((-0.1, -0.1, 0.1), "contradicted"),
        ((0.1, 0.1, 0.1), "mixed"),
    ],
)
def test_high_technology_is_modern(gaps: tuple[float, float, float], verdict: str) -> None:
    found = record(classes(*gaps), "INT-1")
    assert found.verdict == verdict
    earned, known, saved = main(found)
    expected = [gaps[0], gaps[1], -gaps[2]]
    assert [earned.estimate, known.estimate, saved.estimate] == pytest.approx(expected, abs=1e-9)


def test_one_class_of_technology_shows_nothing() -> None:
    evidence = classes(0.1, 0.1, -0.1)
    kept = evidence._rows[evidence._rows["industry"] == "high"]
    found = record(Made(kept.to_dict("records")), "INT-1")
    assert found.verdict == "not testable" and "medium-low" in found.missing


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


def modes(outsourcing: int, merging: int) -> Made:
    """How many of eight countries have a rising slope; that of the others falls."""

    def rising(count: int) -> Any:
        return lambda c, y: line(0.2, 0.01 if number(c) < count else -0.01)(c, y)

    by = {"grouping": "services", "by": "manufacturing", "origin": "total"}
    return Made(
        series("outsourcing", rising(outsourcing), **by),
        series("structural_similarity", rising(merging), side="inputs", kind="cosine", **by),
    )


@pytest.mark.parametrize(
    ("outsourcing", "merging", "verdict"),
    [(4, 3, "supported"), (0, 0, "contradicted"), (8, 0, "mixed"), (4, 1, "mixed")],
)
def test_two_modes(outsourcing: int, merging: int, verdict: str) -> None:
    found = record(modes(outsourcing, merging), "INT-3")
    assert found.verdict == verdict
    assert [f.estimate for f in main(found)] == [outsourcing / 8, merging / 8]


def test_the_interval_of_a_share_is_clopper_and_pearson() -> None:
    """4 of 8: 0.157 to 0.843 (tables of binomial limits)."""
    first = main(record(modes(4, 3), "INT-3"))[0]
    assert (first.lower, first.upper) == pytest.approx((0.157, 0.843), abs=5e-4)


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
