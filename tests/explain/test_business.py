"""Business models: data that hold together, placings that can be checked by hand, accuracy."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from msgspec import structs

from servio.errors import FormatError, UsageError
from servio.explain import business
from servio.explain.book.cases import answer
from servio.explain.business import _accuracy, _data, _model, _place, _words
from servio.explain.business._base import base, orientations

CASES = business.cases()
ORIENTATIONS = {
    "product-oriented": {"product_related", "advice"},
    "use-oriented": {"lease", "sharing", "pooling"},
    "result-oriented": {"outsourcing", "pay_per_unit", "functional_result"},
}

PUMPS = (
    "We install our pumps in the customer's plant, remain the owner and run them. The plant pays "
    "for each cubic metre pumped. Sensors send data to our engineers, who come for maintenance on "
    "site before a breakdown; contracts run for years and are agreed with each customer."
)

CASE = """
[[case]]
id = "{id}"
firm = "A"
product = "B"
industry = "{industry}"
description = "{description}"
contact = "{contact}"
technology = "low"
stage = "use"
combination = "{combination}"
pss = "lease"
iot = "no"
source = {{ publisher = "{publisher}", title = "T", url = "{url}" }}
"""
GOOD = {
    "id": "a-b", "industry": "28", "description": "word " * 60, "contact": "low",
    "combination": "bundled", "publisher": "P", "url": "",
}  # fmt: skip


# -- typology and cases ----------------------------------------------------------------------------


def test_there_are_enough_cases_over_industries_types_and_levels() -> None:
    assert len(CASES) >= 40
    assert sum(case.iot == "yes" for case in CASES) >= 15
    assert len({case.industry for case in CASES}) >= 10
    for dimension in business.typology().dimension:
        seen = Counter(case.level(dimension.id) for case in CASES)
        assert set(seen) == set(dimension.levels), dimension.id
        assert min(seen.values()) >= 2


def test_the_eight_types_stand_in_three_groups() -> None:
    types = business.typology().get("pss").level
    grouped = {name: {t.id for t in types if t.group == name} for name in ORIENTATIONS}
    assert grouped == ORIENTATIONS
    assert all(t.capabilities and t.risks for t in types)
    names, member = orientations()
    assert set(names) == set(ORIENTATIONS)
    np.testing.assert_array_equal(member.sum(axis=1), np.ones(8))


def test_every_work_of_the_literature_is_cited() -> None:
    levels = [level for d in business.typology().dimension for level in d.level]
    said = " ".join(line for level in levels for line in (*level.capabilities, *level.risks))
    assert [name for name in business.typology().literature if f"({name})" not in said] == []


def test_descriptions_do_not_name_levels_of_the_type() -> None:
    """Names with an underscore are labels of ours and belong in no text."""
    ours = {level for d in business.typology().dimension for level in d.levels if "_" in level}
    assert [case.id for case in CASES for level in ours if level in case.description] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "A B"}, "small letters"),
        ({"industry": "99X"}, "ISIC"),
        ({"description": "too short"}, "2 words"),
        ({"contact": "medium"}, "low, high"),
        ({"combination": "connected"}, "without iot"),
        ({"publisher": " "}, "publisher"),
        ({"url": "ftp://x"}, "http"),
    ],
)
def test_a_wrong_case_is_refused_by_name(change: dict[str, str], message: str) -> None:
    assert _data.read_cases(CASE.format(**GOOD), "mine.toml")[0].id == "a-b"
    with pytest.raises(FormatError, match=message) as fault:
        _data.read_cases(CASE.format(**(GOOD | change)), "mine.toml")
    assert "mine.toml: " in str(fault.value) and len(str(fault.value)) < 300


@pytest.mark.parametrize(
    "text", ["case = 1", "[[case]]\nid = 'a'", "[[case]", "[[case]]\nodd = 1", "[other]\na = 1"]
)
def test_a_file_that_holds_no_cases_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"mine\.toml"):
        _data.read_cases(text, "mine.toml")


def test_a_typology_whose_rules_leave_gaps_or_clash_is_refused() -> None:
    text = (_data._ROOT / "typology.toml").read_text(encoding="utf-8")
    gap = text.replace('level = "high"\nwhen = { tailored = "yes" }',
                       'level = "high"\nwhen = { tailored = "yes", people = "yes" }')  # fmt: skip
    clash = text.replace('level = "low"\nwhen = { people = "no", tailored = "no" }',
                         'level = "low"\nwhen = { people = "no" }')  # fmt: skip
    uncited = text.replace("(Tukker 2015).", "(Nobody 1999).")
    for wrong, message in ((gap, "0 levels"), (clash, "2 levels"), (uncited, "no known source")):
        assert wrong != text
        with pytest.raises(FormatError, match=message):
            _data.read_typology(wrong, "typology.toml")


# -- answers ---------------------------------------------------------------------------------------


def test_every_full_form_gives_a_level_on_every_dimension() -> None:
    questions = business.typology().question
    for chosen in list(product(*(q.answers for q in questions)))[::97]:
        answers = dict(zip((q.id for q in questions), chosen, strict=True))
        placing = business.place(answers=answers)
        assert all(label.basis == "answers" for label in placing.labels)
        assert placing.orientation in ORIENTATIONS
        assert (placing.level("combination"), placing.level("iot")) != ("connected", "no")


def test_answers_give_the_levels_of_their_rules() -> None:
    form = {"people": "no", "tailored": "no", "knowledge": "trade", "works_at": "use",
            "parties": "two", "data": "helps", "price": "together", "pays_for": "unit"}  # fmt: skip
    placing = business.place(answers=form)
    levels = [label.level for label in placing.labels]
    assert levels == ["low", "medium", "use", "bundled", "pay_per_unit", "yes"]
    assert placing.orientation == "result-oriented"
    first = placing.nearest[0]
    assert (first.labels, first.text, first.similarity) == (1.0, None, 1.0)
    assert first.case == "bundles-washing"


def test_what_answers_leave_open_is_named() -> None:
    placing = business.place(answers={"people": "no"})
    assert placing.level("contact") is None
    assert placing.labels[0].reason == "not enough evidence: answer tailored"
    assert placing.nearest == () and placing.capabilities == ()
    assert any("Without a type" in note for note in placing.notes)


def test_answers_come_before_the_text() -> None:
    placing = business.place(PUMPS, {"pays_for": "period"})
    assert placing.level("pss") == "lease" and placing.orientation == "use-oriented"
    assert placing.labels[4].basis == "answers" and placing.labels[0].basis == "text"


# -- texts -----------------------------------------------------------------------------------------


def test_a_text_is_placed_and_its_words_are_shown() -> None:
    placing = business.place(PUMPS)
    levels = [label.level for label in placing.labels]
    assert levels[0] == "high" and levels[3:] == ["bundled", "pay_per_unit", "yes"]
    for label in placing.labels:
        assert sum(label.probabilities.values()) == pytest.approx(1, abs=1e-12)
        terms = [spoke.term for spoke in label.evidence]
        assert terms and len(terms) <= _place.TERMS
    type_terms = {spoke.term: spoke.kind for spoke in placing.labels[4].evidence}
    assert type_terms["pays for each"] == "cue" and type_terms["pay"] == "word"
    assert {"kaeser-sigma-air-utility", "atlas-copco-airplan"} & {n.case for n in placing.nearest}
    assert any("Grubic 2014" in line for line in placing.capabilities)
    assert set(placing.literature) >= {"Grubic 2014", "Hypko, Tilebein & Gleich 2010"}
    json.dumps(placing.record(), allow_nan=False)


def test_probabilities_are_prior_words_and_cues_by_hand() -> None:
    """Two levels, one word; a = 0.5, b = 2: log odds = log(3/1) + 0.5 log(4/1) - 2."""
    reader = _model.Reader(np.log([0.75, 0.25]), np.log([[2.0, 0.5]]), 0.5, 2.0)
    (row,) = reader.probabilities(np.ones((1, 1)), np.array([[0.0, 1.0]]))
    odds = 3 * 2 * np.exp(-2)
    np.testing.assert_allclose(row, [odds / (1 + odds), 1 / (1 + odds)], rtol=1e-14)


def test_ratios_shrink_to_the_share_of_all_by_hand() -> None:
    """3 texts of 4 have the word, 2 of 2 in the first level: theta = (2 + 2 p) / (2 + 2)."""
    present = np.array([[1.0, 1], [1, 0], [1, 0], [0, 0]])
    log_prior, ratios = _model._bayes(present, np.array([0, 0, 1, 1]), 2)
    p = 3.5 / 5
    np.testing.assert_allclose(ratios[0], np.log([(2 + 2 * p) / 4 / p, (1 + 2 * p) / 4 / p]))
    np.testing.assert_array_equal(ratios[1], [0, 0])
    np.testing.assert_allclose(log_prior, np.log([0.5, 0.5]))


def test_cosine_by_hand_and_of_a_text_with_itself() -> None:
    many = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    rare, common = np.log(3 / 2) + 1, 1.0
    expected = common**2 / (rare**2 + common**2)
    found = _words.cosine(many[0], many)
    np.testing.assert_allclose(found, [1.0, expected], rtol=1e-14)
    np.testing.assert_array_equal(_words.cosine(np.zeros(3), many), [0, 0])
    itself = business.place(CASES[0].description).nearest[0]
    assert itself.case == CASES[0].id and itself.text == pytest.approx(1)


def test_cues_are_whole_words_unless_open() -> None:
    text = _words.words("Carpets in cars, remanufactured: pay-per-use.")
    assert _words.cues_in(text, ["car", "carp", "carp*", "remanufactur*", "pay per"]) == (
        "car", "carp*", "remanufactur*", "pay per",
    )  # fmt: skip


def test_every_cue_can_be_met() -> None:
    for dimension in business.typology().dimension:
        for level in dimension.level:
            for cue in level.cues:
                assert _words.cues_in(_words.words(cue.replace("*", "xy")), [cue]) == (cue,)


@pytest.mark.parametrize(
    "text", ["Hello there.", "정수기를 빌려주고 달마다 요금을 받는다.", "?!", "x" * 500]
)
def test_too_little_evidence_is_said(text: str) -> None:
    placing = business.place(text)
    assert {label.level for label in placing.labels} == {None}
    assert placing.orientation is None and placing.nearest == () and placing.risks == ()
    assert all("not enough evidence: only" in label.reason for label in placing.labels)


def test_two_levels_about_as_probable_are_not_told_apart() -> None:
    assert not _model.is_clear(np.array([0.3, 0.36, 0.34]))
    assert _model.is_clear(np.array([0.3, 0.2, 0.5]))
    open_labels = [
        label
        for case in CASES
        for label in business.place(case.description[: len(case.description) // 3]).labels
        if label.probabilities and label.level is None
    ]
    assert open_labels
    for label in open_labels:
        first, second = sorted(label.probabilities.values())[:-3:-1]
        assert first - second < _model.MARGIN and label.reason.startswith("not enough evidence")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "a description or answers"),
        ((" \n", {}), "a description or answers"),
        (("x" * (_place.LIMIT + 1),), "at most 20000"),
        (("", {"pay_for": "unit"}), "pays_for"),
        (("", {"pays_for": "units"}), "Did you mean 'unit'"),
        (({"pays_for": "unit"},), "answers="),
    ],
)
def test_what_cannot_be_placed_is_refused_in_a_line(
    arguments: tuple[object, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as fault:
        business.place(*arguments)  # type: ignore[arg-type]
    assert len(str(fault.value)) < 300


def test_placing_is_the_same_each_time() -> None:
    assert business.place(PUMPS).record() == business.place(PUMPS).record()


# -- accuracy --------------------------------------------------------------------------------------


def test_cases_left_out_are_placed_better_than_by_the_most_common_level() -> None:
    found = {one.dimension: one for one in business.accuracy()}
    assert list(found) == [*_data.DIMENSIONS, "orientation"]
    for one in found.values():
        assert one.cases == len(CASES) and one.held_back_cases == len(CASES) // 3
        assert one.lower > one.baseline
        assert one.held_back > one.held_back_baseline
        assert one.words_only > one.baseline
        assert abs(one.confidence - one.leave_one_out) < 0.12
        assert one.answered > 0.8
    assert found["pss"].leave_one_out >= 0.7
    assert found["pss"].leave_one_out <= found["orientation"].leave_one_out


def test_what_is_left_out_is_not_looked_at() -> None:
    found, out = base(), np.arange(len(CASES)) < 7
    turned = np.where(out, 4 - found.labels["stage"], found.labels["stage"])
    other = replace(found, labels=found.labels | {"stage": turned})
    one, same = (_accuracy._read(some, "stage", out) for some in (found, other))
    np.testing.assert_array_equal(one, same)


def test_labels_that_mean_nothing_cannot_be_read() -> None:
    """The same fitting on shuffled labels does no better than the most common level."""
    texts, cues = base().present, np.zeros((len(CASES), 2))
    labels = np.random.default_rng(1).permutation(base().labels["iot"])
    right = []
    for row in range(len(CASES)):
        rest = np.arange(len(CASES)) != row
        reader = _model.fit(texts[rest], cues[rest], labels[rest])
        (read,) = reader.probabilities(texts[[row]], cues[[row]])
        right.append(read.argmax() == labels[row])
    assert np.mean(right) < 0.65


# -- the claim -------------------------------------------------------------------------------------


def test_the_claim_counts_dated_cases_and_gives_no_verdict() -> None:
    (case,) = _data.read_cases(CASE.format(**GOOD), "mine.toml")
    made = [(1999, "no"), (2001, "yes"), (2009, "no"), (2010, "yes"), (None, "yes")]
    changed = [structs.replace(case, started=year, iot=iot) for year, iot in made]
    text, findings = answer(changed)
    assert [f.estimate for f in findings] == [pytest.approx(1 / 3), 1.0]
    assert {f.verdict for f in findings} == {"not testable"}
    assert text.startswith("Of 5 cases 4 have a known start.") and "no test" in text
