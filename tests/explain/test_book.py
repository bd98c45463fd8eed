"""The book of claims: data, checks and verdicts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from servio import explain
from servio.errors import UsageError
from servio.explain.book import _book
from servio.explain.book._book import ClaimRecord, Finding, Missing, Word, verdict_of

CLAIMS = [claim.id for claim in explain.claims()]


class Nothing:
    """A study without any result."""

    synthetic = False

    def results(self, measure: str | None = None, **filters: object) -> object:
        raise UsageError("results measure", found=repr(measure), expected="nothing", remedy="")

    def estimates(self) -> dict[str, explain.Estimate]:
        return {}

    def panel(self) -> explain.Panel:
        raise Missing("panel")

    def modes(self) -> None:
        return None

    def symbiosis(self) -> None:
        return None


def test_every_claim_is_there_once_and_complete() -> None:
    assert len(CLAIMS) == len(set(CLAIMS))
    for claim in explain.claims():
        wanting = [name for name in claim.__struct_fields__ if not getattr(claim, name).strip()]
        assert wanting == [], claim.id


def test_every_check_belongs_to_a_claim() -> None:
    assert set(_book._CHECKS) <= set(CLAIMS)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_study_without_results_gives_no_verdict_but_says_what_to_add(name: str) -> None:
    (record,) = explain.evaluate(Nothing(), only=[name])  # type: ignore[arg-type]
    if name in _book._ALONE:
        assert record.findings
    else:
        assert record.verdict == "not testable"
        assert record.text.strip()
    json.dumps(record.record(), allow_nan=False)


def test_the_market_figures_of_the_six_trends_contradict_each_other() -> None:
    (record,) = explain.evaluate(only=["TR-2"])
    growth, market = record.findings
    assert record.verdict == "contradicted"
    np.testing.assert_allclose([growth.lower, growth.upper], [0.06797, 0.07965], atol=5e-6)
    np.testing.assert_allclose([market.lower, market.upper], [7953.3, 14388.9], atol=0.1)


def test_an_unknown_claim_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="TR-2"):
        explain.evaluate(only=["TR-22"])


@pytest.mark.parametrize(
    ("lower", "upper", "expected", "verdict"),
    [
        (0.1, 0.2, "positive", "supported"),
        (-0.2, -0.1, "positive", "contradicted"),
        (-0.1, 0.1, "positive", "open"),
        (-0.2, -0.1, "negative", "supported"),
        (0.1, 0.2, "negative", "contradicted"),
    ],
)
def test_verdict_of_an_interval(lower: float, upper: float, expected: str, verdict: str) -> None:
    assert verdict_of(lower, upper, expected) == verdict  # type: ignore[arg-type]


def test_main_findings_decide_and_differ_to_mixed() -> None:
    def finding(verdict: str, main: bool = True) -> Finding:
        return Finding("all", "2000", "", "", 1.0, None, None, "", verdict, main=main)  # type: ignore[arg-type]

    yes, no = finding("supported"), finding("contradicted")
    assert _book._overall([yes, finding("contradicted", main=False)]) == "supported"
    assert _book._overall([yes, no]) == "mixed"
    assert _book._overall([]) == "not testable"


def test_nothing_decided_is_mixed_and_said_to_be_undecided() -> None:
    def found(*verdicts: Word) -> ClaimRecord:
        made = tuple(Finding("all", "2000", "", "", 1.0, None, None, "", v, main=True)
                     for v in verdicts)  # fmt: skip
        return ClaimRecord(explain.claims()[0], _book._overall(made), "", made)

    open_ones, one_for = found("open", "open"), found("open", "supported")
    assert (open_ones.verdict, open_ones.undecided) == ("mixed", True)
    assert (one_for.verdict, one_for.undecided) == ("mixed", False)
    assert open_ones.record()["undecided"] is True
    assert explain.book.frame([open_ones])["undecided"].all()


def test_a_claim_about_the_documents_figures_is_run_again_without_a_study() -> None:
    (record,) = explain.evaluate(only=["TR-2"])
    assert record.record()["rerun"] == "servio claims --only TR-2"
    assert not record.study
