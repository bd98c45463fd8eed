"""`servio place`: an offer among business models, on the command line."""

from __future__ import annotations

import json

import pytest

from commands import Run, refused
from servio.explain import business

PUMPS = (
    "We install our pumps in the customer's plant, remain the owner and run them. The plant pays "
    "for each cubic metre pumped; sensors send data to our engineers."
)


def test_the_lines_have_levels_evidence_cases_needs_and_risks(run: Run) -> None:
    outcome = run("place", PUMPS)
    assert outcome.code == 0 and outcome.err == ""
    lines = outcome.out.splitlines()
    names = [dimension.id for dimension in business.typology().dimension]
    assert [line.split()[0] for line in lines[:7]] == [*names, "orientation"]
    assert "pays for each +" in lines[4] and lines[4].split()[1] == "pay_per_unit"
    for title in ("Nearest cases", "Required capabilities", "Risks", "Literature", "Notes"):
        assert title in lines
    assert "Sigma Air Utility" in outcome.out and "[source not re-read]" in outcome.out
    assert "[read 2026-11]" in outcome.out


def test_json_is_the_record_of_the_placing(run: Run) -> None:
    asked = ("--answer", "contact=high", "--answer", "stage=use", "--answer", "pays_for=unit")
    found = json.loads(run("place", *asked, "--format", "json").out)
    placing = business.place(answers={"contact": "high", "stage": "use", "pays_for": "unit"})
    assert found == json.loads(json.dumps(placing.record()))
    assert {one["verified"] for one in found["nearest"]} <= {True, False}


def test_words_need_no_quotes(run: Run) -> None:
    assert (
        run("place", "copiers", "paid", "per", "page").out
        == run("place", "copiers paid per page").out
    )


def test_nothing_known_is_undecided_and_says_what_is_missing(run: Run) -> None:
    outcome = run("place", "정수기를 빌려주고 달마다 요금을 받는다.")
    assert outcome.code == 0 and outcome.out.count("undecided") == 7
    for said in ("only language covered", "Answers that would decide: people", "no word, cue"):
        assert said in outcome.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("found nothing", "a description or answers")),
        ((" ",), ("found nothing",)),
        (("pump\x07",), ("U+0007",)),
        (("x" * 20001,), ("20001 characters", "at most 20000")),
        (("--answer", "stage"), ("--answer", "NAME=ANSWER")),
        (("--answer", "stage=use", "--answer", "stage=end"), ("--answer stage", "twice")),
        (("--answer", "stages=use"), ("'stages'", "Did you mean 'stage'")),
        (("--answer", "stage=used"), ("answers, stage", "'use'")),
        (("--answer", "stage="), ("answers, stage",)),
        (("--answer", "contact=low", "--answer", "people=yes"), ("contact = low", "people = yes")),
        (("pumps", "--format", "csv"), ("--format", "--help")),
    ],
)
def test_what_cannot_be_placed_is_one_line(
    run: Run, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    outcome = run("place", *arguments)
    if "--format" in arguments:
        assert outcome.code == 2 and outcome.err.count("\n") == 1
        assert all(word in outcome.err for word in words)
    else:
        refused(outcome, *words)


def test_list_models_has_questions_and_sources(run: Run) -> None:
    out = run("list", "models").out
    for question in business.typology().question:
        assert f"asked: {question.id} (" in out
    assert out.count("[source not re-read]") == sum(not c.verified for c in business.cases())
