"""Findings from the models of a study, under three definitions of convergence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from servio.explain._estimate import Estimate
from servio.explain.book._book import Evidence, Finding, Missing, verdict_of
from servio.explain.book._comparing import minus
from servio.explain.book._findings import Sign

__all__ = ["PRODUCER_SERVICES", "WAYS", "coefficient", "model", "present", "told"]

WAYS = {"conv": "", "mutual": ", both ways", "coef": ", per unit of output"}
"""Definitions of convergence: the columns' first word, and the end of the models' names."""

WORDS = {
    "conv": "share of services in inputs",
    "mutual": "both ways",
    "coef": "services per unit of output",
}
PRODUCER_SERVICES = ("fractional", "browning", "daniels", "kibs")
UNIT = "% of value added for 1 point of convergence"
INTERVAL = "95 % t interval"


def model(evidence: Evidence, name: str) -> Estimate:
    """An estimate of the study by name."""
    found = evidence.estimates()
    if name not in found:
        raise Missing(f"estimate {name!r} ([panel] and [[estimates]] as in examples/kiet2018.toml)")
    return found[name]


def present(evidence: Evidence, names: Sequence[str]) -> Iterator[Estimate]:
    """Those of the estimates that the study has."""
    found = evidence.estimates()
    yield from (found[name] for name in names if name in found)


def coefficient(
    estimate: Estimate, weights: Mapping[str, float], way: str, statistic: str, *,
    scope: str = "all", expected: Sign = "positive", main: bool = False,
) -> Finding:  # fmt: skip
    """A weighted sum of coefficients with its t interval, against zero."""
    value, _, lower, upper = estimate.combination(weights)
    return Finding(
        scope, estimate.sample, f"{WORDS[way]}; model {estimate.name!r}", statistic, value, lower,
        upper, UNIT, verdict_of(lower, upper, expected), interval=INTERVAL, main=main,
    )  # fmt: skip


def told(finding: Finding) -> str:
    """Number and interval in words."""
    return minus(f"{finding.estimate:.2f} ({finding.lower:.2f} to {finding.upper:.2f})")
