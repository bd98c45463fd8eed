"""Check of K18-5, on the case base of business models."""

from __future__ import annotations

from collections.abc import Sequence

from servio.explain.book._book import Answer, Evidence, Finding, check
from servio.explain.business import Case
from servio.explain.business import cases as business_cases

SINCE = 2010
"""Splits the cases with a known start about evenly."""


@check("K18-5", alone=True)
def business_models(_: Evidence) -> Answer:
    """Share of cases that use the internet of things, by start: shown, but no test."""
    return answer(business_cases())


def answer(found: Sequence[Case]) -> Answer:
    """What cases with a known year of start show."""
    dated = [case for case in found if case.started is not None]
    before = [case for case in dated if (case.started or 0) < SINCE]
    after = [case for case in dated if (case.started or 0) >= SINCE]
    findings = [
        _share(part, years)
        for part, years in ((before, f"before {SINCE}"), (after, f"{SINCE} and later"))
        if part
    ]
    told = "; ".join(f"begun {f.years}: {f.estimate:.0%} of {_size(f)}" for f in findings)
    text = (
        f"Of {len(found)} cases {len(dated)} have a known start. With the internet of things are, "
        f"{told}. Cases were chosen because they are known, old ones because they lasted: no "
        "sample, so this is no test. Results of firms are not in the case base."
    )
    return text, findings


def _share(part: Sequence[Case], years: str) -> Finding:
    share = sum(case.iot == "yes" for case in part) / len(part)
    return Finding(
        f"{len(part)} cases", years, "case base of business models",
        "share of cases that use the internet of things", share, None, None, "share",
        "not testable", source="case base",
    )  # fmt: skip


def _size(finding: Finding) -> str:
    return finding.scope.removesuffix(" cases")
