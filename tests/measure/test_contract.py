"""The shared contract, put to every registered measure on three kinds of table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import servio.measure
from measure import contract
from servio.errors import InputError
from servio.measure import MEASURES
from servio.study._rows import LABELS

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(MEASURES)


def _param(name: str, options: dict[str, Any], case: str) -> Any:
    text = " ".join([case, name, *(f"{key}={value}" for key, value in options.items())])
    return pytest.param(name, options, case, id=text)


ASKED = [(name, options, case) for name, options in contract.questions() for case in contract.CASES]
REFUSED = [_param(*question) for question in ASKED if contract.refused(*question)]
ANSWERED = [_param(*question) for question in ASKED if not contract.refused(*question)]
BY_INDUSTRY = [question for question in ANSWERED if question.values[0] not in contract.ONLY_GROUPS]

answered = pytest.mark.parametrize(("name", "options", "case"), ANSWERED)
on_each = pytest.mark.parametrize(
    ("name", "case"),
    [(name, case) for case in contract.CASES for name in NAMES
     if not contract.refused(name, {}, case)],
)  # fmt: skip
each = pytest.mark.parametrize("name", NAMES)


@answered
def test_permuting_industries_permutes_the_answer(name, options, case):
    contract.check_permutation(MEASURES[name], contract.case(case), **options)


@answered
def test_currency_scales_money_and_leaves_shares(name, options, case):
    contract.check_scale(MEASURES[name], contract.case(case), **options)


@answered
def test_values_in_range_gaps_listed_identity_held(name, options, case):
    contract.check_values(MEASURES[name], contract.case(case), **options)


@pytest.mark.parametrize(("name", "options", "case"), BY_INDUSTRY)
def test_an_industry_without_output_is_undefined(name, options, case):
    contract.check_dead(MEASURES[name], contract.case(case), **options)


@pytest.mark.parametrize(("name", "options", "case"), REFUSED)
def test_a_question_the_table_can_not_answer_is_refused(name, options, case):
    with pytest.raises(InputError):
        contract.ask(MEASURES[name], contract.case(case), **options)


@on_each
def test_input_is_not_touched(name, case):
    contract.check_untouched(MEASURES[name], contract.fresh(case))


@on_each
def test_same_answer_with_one_and_two_threads(name, case):
    contract.check_threads(MEASURES[name], case)


@each
def test_documented(name):
    contract.check_documented(MEASURES[name])


@pytest.mark.parametrize(
    ("case", "most"),
    [
        ("toy", 2),  # total and domestic
        ("national", 2),
        ("world", 1 + 3),  # total, and a block for each country
    ],
)
def test_factorised_once_a_table_and_origin(case, most):
    on = contract.fresh(case)
    assert contract.factorisations(on) <= most
    assert contract.factorisations(on) == 0


def test_every_measure_is_exported_and_described():
    exported = [name for name in servio.measure.__all__ if name in MEASURES]
    assert exported == NAMES
    page = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in page] == []


def test_no_option_has_the_name_of_a_label():
    """Results keep labels and options as columns side by side."""
    assert not {option for spec in MEASURES.values() for option in spec.options} & set(LABELS)


def test_deviations_name_measures_that_exist():
    assert set(contract.ONLY_GROUPS) <= set(MEASURES)
    for name, option in contract.REFUSED:
        key, _, value = option.partition("=")
        assert value in MEASURES[name].options[key].choices
