"""Business models: data that hold together, placings that can be checked by hand, accuracy."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from servio.errors import FormatError, UsageError
from servio.explain import business
from servio.explain.book.cases import answer
from servio.explain.business import _accuracy, _data, _model, _place, _words
from servio.explain.business._base import base, orientations

ROOT = Path(__file__).resolve().parents[2]
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
source = {{ publisher = "{publisher}", title = "T", url = "{url}", verified = "{verified}" }}
"""
GOOD = {
    "id": "a-b", "industry": "28", "description": "word " * 60, "contact": "low",
    "combination": "bundled", "publisher": "P", "url": "", "verified": "",
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
        ({"verified": "2026-11"}, "verified without url"),
        ({"url": "https://x", "verified": "2026-13"}, "a month such as"),
    ],
)
def test_a_wrong_case_is_refused_by_name(change: dict[str, str], message: str) -> None:
    assert _data.read_cases(CASE.format(**GOOD), "mine.toml")[0].id == "a-b"
    with pytest.raises(FormatError, match=message) as fault:
        _data.read_cases(CASE.format(**(GOOD | change)), "mine.toml")
    assert "mine.toml: " in str(fault.value) and len(str(fault.value)) < 300


def test_a_source_says_whether_it_was_read() -> None:
    (unread,) = _data.read_cases(CASE.format(**GOOD), "mine.toml")
    read = CASE.format(**(GOOD | {"url": "https://a.b", "verified": "2026-11"}))
    (case,) = _data.read_cases(read, "mine.toml")
    assert (unread.verified, unread.source.cited) == (False, "P: T [source not re-read]")
    assert (case.verified, case.source.cited) == (True, "P: T, https://a.b [read 2026-11]")
    counted = sum(one.verified for one in CASES)
    page = (ROOT / "docs" / "business-models.md").read_text(encoding="utf-8")
    assert f"{counted} of the {len(CASES)} cases" in page


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
    """people = no: every low case and one of the three ways to high agree: 1 to 1/3."""
    placing = business.place(answers={"people": "no"})
    contact = placing.labels[0]
    assert contact.level is None and contact.missing == ("tailored",)
    assert contact.probabilities == {"low": pytest.approx(0.75), "high": pytest.approx(0.25)}
    assert contact.reason == "not enough evidence: low or high; answer tailored"
    assert placing.labels[1].reason == "not enough evidence: answer knowledge"
    assert [one.similarity for one in placing.nearest] == [pytest.approx(0.75)] * 3
    low = {case.id for case in CASES if case.contact == "low"}
    assert {one.case for one in placing.nearest} <= low
    assert any(note.startswith(f"{len(low)} cases are equally near") for note in placing.notes)
    assert placing.capabilities == ()
    assert any("Without a type" in note for note in placing.notes)


def test_a_level_may_be_given_outright() -> None:
    placing = business.place(answers={"contact": "high", "stage": "end"})
    assert [label.level for label in placing.labels] == ["high", None, "end", None, None, None]
    assert [spoke.term for spoke in placing.labels[0].evidence] == ["contact = high"]
    assert placing.nearest[0].similarity == 1 or placing.nearest[0].labels == 0.5
    assert any("Tukker 2015" in line for line in placing.risks)


def test_one_answer_that_settles_several_levels_settles_them() -> None:
    placing = business.place(answers={"parties": "many"})
    assert placing.level("combination") == "platform"
    carried = business.place(answers={"data": "carries"})
    assert carried.level("iot") == "yes" and carried.level("combination") is None
    found = carried.labels[3].probabilities
    assert found == {"add_on": 0, "bundled": 0, "connected": 0.75, "platform": 0.25}


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"contact": "low", "people": "yes"}, "contact = low and people = yes"),
        ({"combination": "add_on", "price": "together"}, "hold together"),
        ({"iot": "no", "data": "carries"}, "iot = no and data = carries"),
        ({"combination": "connected", "iot": "no"}, "made of data"),
    ],
)
def test_answers_that_exclude_each_other_are_refused(answers: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        business.place(PUMPS, answers)


def test_a_text_that_says_otherwise_is_named() -> None:
    placing = business.place(PUMPS, {"pays_for": "period"})
    (note,) = [note for note in placing.notes if note.startswith("pss:")]
    assert "the answers say lease, the text speaks for pay_per_unit (pays for each" in note


def test_partial_answers_bear_on_the_text() -> None:
    """data = carries leaves connected and platform, whatever the text speaks for."""
    alone = business.place(PUMPS).labels[3]
    both = business.place(PUMPS, {"data": "carries"}).labels[3]
    assert alone.level == "bundled" and both.level != "bundled"
    weight = {"add_on": 0.0, "bundled": 0.0, "connected": 0.75, "platform": 0.25}
    raw = {level: alone.probabilities[level] * weight[level] for level in weight}
    for level, p in both.probabilities.items():
        assert p == pytest.approx(raw[level] / sum(raw.values()), abs=1e-12)


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
    assert all(label.missing for label in placing.labels)
    assert "Undecided: contact, technology, stage" in " ".join(placing.notes)
    assert "none: no word, cue or answer speaks" in business.as_table(placing)


SHORT = [
    "pump rental", "carsharing", "We rent pumps.", "smart lock subscription",
    "copiers paid per page", "predictive maintenance for wind turbines",
    "I want to sell coffee machines with capsules", "electric scooters by the minute in a city",
    "we fix elevators", "robots as a service", "a platform for 3D printers and designers",
    "Chemical supplier paid by cleaned part rather than by litre of solvent",
    "A start-up leases solar panels to households for a monthly fee and keeps them in repair.",
    "We take back old phones, refurbish them and resell them with a warranty.",
    "A shipyard guarantees 98% availability of ferries and is fined for breakdowns",
    "Garbage trucks that weigh each bin; the town pays by the kilogram",
    "Our firm makes milking robots. Farmers buy the robot and pay a yearly fee for software that "
    "watches the cows' health and sends an alert.",
    "We are a Korean maker of air purifiers. Customers rent for 36 months and a visitor changes "
    "filters.",
    "We rent 정수기 to households for a monthly fee", "tyres, by the kilometre",
]  # fmt: skip


@pytest.mark.parametrize("text", SHORT)
def test_whatever_speaks_has_nearest_cases(text: str) -> None:
    placing = business.place(text)
    assert placing.nearest and all(one.similarity > 0 for one in placing.nearest)
    for label in placing.labels:
        assert (label.level is None) == bool(label.reason) == bool(label.missing)
    assert business.as_table(placing).isascii() or "정" not in business.as_table(placing)


@pytest.mark.parametrize(
    ("text", "case"),
    [
        ("carsharing", "bmw-drivenow"),
        ("copiers paid per page", "xerox-914"),
        ("coffee capsules", "nespresso-club"),
        ("tyres, by the kilometre", "michelin-fleet-solutions"),
    ],
)
def test_two_words_find_their_like(text: str, case: str) -> None:
    assert business.place(text).nearest[0].case == case


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("정수기를 빌려주고 달마다 요금을 받는다.", True),
        ("スマートフォンの定期購入", True),
        ("Wir vermieten Baumaschinen an Handwerker, die eine monatliche Gebühr zahlen.", True),
        ("Nous louons des machines à laver aux ménages qui paient chaque lavage.", True),
        *((text, False) for text in SHORT),
    ],
)
def test_other_languages_are_said_not_to_be_covered(text: str, foreign: bool) -> None:
    notes = business.place(text).notes
    assert any("the only language covered" in note for note in notes) == foreign


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
        assert first - second < _model.MARGIN or first < _model.LEAST
        assert label.reason.startswith("not enough evidence")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("We lease medical scanners to hospitals for a fixed monthly amount, maintenance included.",
         "lease"),
        ("We lease forklifts to warehouses for a monthly lease and we do the maintenance.",
         "lease"),
        ("Our company leases forklifts to warehouses; the customer pays a monthly lease and we do "
         "the maintenance.", "lease"),
        ("Customers lease the printer from us for a monthly rate and we repair it.", "lease"),
        ("The dealer leases tractors to farms over four years with repairs covered by the rate.",
         "lease"),
        ("We rent out power tools to tradespeople by the day from our depots; we own and service "
         "the tools and many customers use the same drill one after another.", "sharing"),
        ("A garden machinery shop hires out mowers per day; the next customer picks it up in the "
         "evening.", "sharing"),
        ("A furniture maker sells sofas and offers a paid repair and cleaning visit every two "
         "years.", "product_related"),
    ],
)  # fmt: skip
def test_plain_leases_rentals_and_sales_are_told_apart(text: str, level: str) -> None:
    assert business.place(text).level("pss") == level


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("Our chemical firm manages the whole solvent supply inside the customer's factory, "
         "including ordering, storage and disposal, for a fee per painted car body.",
         "outsourcing or product_related"),
        ("A lighting company guarantees a certain brightness in the office for fifteen years, "
         "keeps the lamps and charges a monthly fee for light.", "lease or functional_result"),
    ],
)  # fmt: skip
def test_a_type_less_probable_than_all_others_is_not_named(text: str, nearest: str) -> None:
    assert not _model.is_clear(np.array([0.49, 0.14, 0.13, 0.12, 0.12]))
    label = business.place(text).labels[4]
    assert label.level is None and max(label.probabilities.values()) < 0.5
    assert nearest in label.reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "a description or answers"),
        ((" \n", {}), "a description or answers"),
        (("x" * (_place.LIMIT + 1),), "at most 20000"),
        (("", {"pay_for": "unit"}), "pays_for"),
        (("", {"pays_for": "units"}), "Did you mean 'unit'"),
        (({"pays_for": "unit"},), "answers="),
        ((b"pumps",), "bytes"),
        ((None,), "NoneType"),
        (("pumps\x00",), "U\\+0000 at character 6"),
        (("\x1b[31mpumps",), "U\\+001B"),
        (("\udc80pumps",), "U\\+DC80"),
        (("", ["unit"]), "found list"),
        (("", "unit"), "found str"),
        (("", {1: "unit"}), "found 1"),
        (("", {"pays_for": ["unit"]}), "one of upkeep"),
        (("", {"pays_for": None}), "found None"),
        (("", {"x" * 5000: "unit"}), "one of people"),
        (("", {"people": "n\x1bo"}), "one of yes, no"),
    ],
)
def test_what_cannot_be_placed_is_refused_in_a_line(
    arguments: tuple[object, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as fault:
        business.place(*arguments)  # type: ignore[arg-type]
    assert len(str(fault.value)) < 300 and str(fault.value).isprintable()


def test_the_longest_text_is_read() -> None:
    assert business.place(("rent pump " * 2000)[: _place.LIMIT]).nearest


@pytest.mark.parametrize(
    ("row", "known", "cues", "named"),
    [
        ([0.9, 0.1], 7, [0, 0], False),
        ([0.9, 0.1], 7, [0, 1], False),
        ([0.9, 0.1], 7, [1, 0], True),
        ([0.65, 0.35], 7, [1, 0], False),
        ([0.65, 0.35], 8, [0, 0], True),
    ],
)
def test_a_short_text_names_a_level_only_by_a_cue(
    row: list[float], known: int, cues: list[float], named: bool
) -> None:
    assert _model.names_level(np.array(row), known, np.array(cues)) == named


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
        assert one.answered > 0.75
        assert one.sentences_right is None or one.sentences_right > one.baseline + 0.15
        assert one.dimension == "orientation" or one.sentences_named > 20
    assert found["pss"].leave_one_out >= 0.7
    assert found["pss"].leave_one_out <= found["orientation"].leave_one_out


def test_the_documentation_shows_the_accuracy() -> None:
    page = (ROOT / "docs" / "business-models.md").read_text(encoding="utf-8")
    titles = {"pss": "type", "iot": "internet of things"}
    for one in business.accuracy():
        shares = [f"{100 * share:.0f} %" for share in (
            one.baseline, one.leave_one_out, one.words_only, one.answered, one.right_when_answered,
            one.confidence, one.held_back, one.held_back_baseline,
        )]  # fmt: skip
        base, left, wordy, answered, right, sure, held, held_base = shares
        alone = "" if one.sentences_right is None else (
            f"{one.sentences_named}: {100 * one.sentences_right:.0f} %"
        )  # fmt: skip
        row = (
            f"| {titles.get(one.dimension, one.dimension)} | {one.levels} | {base} | {left} "
            f"({100 * one.lower:.0f} to {100 * one.upper:.0f}) | {wordy} | {answered}: {right} | "
            f"{sure} | {held} ({held_base}) | {alone} |"
        )
        assert row in page, row


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
