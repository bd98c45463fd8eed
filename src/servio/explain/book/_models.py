"""Findings from the models of a study, under three definitions of convergence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import scipy

from servio.errors import ServioError
from servio.explain._checks import FEW_EFFECTIVE
from servio.explain._estimate import Estimate
from servio.explain._panel import Panel
from servio.explain.book._book import Evidence, Finding, Missing, Word, verdict_of
from servio.explain.book._comparing import minus
from servio.explain.book._findings import Sign

__all__ = [
    "PRODUCER_SERVICES",
    "WAYS",
    "Sizes",
    "caution",
    "coefficient",
    "model",
    "present",
    "told",
]

WAYS = {"conv": "", "mutual": ", both ways", "coef": ", per unit of output"}
"""Definitions of convergence: the columns' first word, and the end of the models' names."""

WORDS = {
    "conv": "share of services in inputs",
    "mutual": "both ways",
    "coef": "services per unit of output",
}
PRODUCER_SERVICES = ("fractional", "browning", "daniels", "kibs")
UNIT = "log points × 100 of value added (about %) for 1 sd within entities"
INTERVAL = "95 % t interval"
FEW = "few effective clusters"
PERCENT = 100.0
LEVEL = 0.95


class Sizes:
    """What is usual in the panel: standard deviations of columns inside entities over time."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._found: dict[str, float] = {}

    def of(self, term: str) -> float:
        """Of the column that a term is made of, without its lag, over all rows of the panel."""
        if term not in self._found:
            self._found[term] = self._panel.sd_within(self._column(term))
        return self._found[term]

    @cached_property
    def _panel(self) -> Panel:
        try:
            return self._evidence.panel()
        except ServioError:
            raise Missing("panel that says how far convergence moves ([panel])") from None

    def _column(self, term: str) -> str:
        """First word of a term, levels left out, that is a column of the panel."""
        known = self._panel.frame.columns
        for word in re.findall(r"\w+", term.rpartition("::")[2]):
            if (base := word.removesuffix("_lag")) in known:
                return str(base)
        raise Missing(f"column of the panel for the term {term!r}")


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
    sizes: Sizes, estimate: Estimate, weights: Mapping[str, float], way: str, statistic: str, *,
    scope: str = "all", expected: Sign = "positive", main: bool = False,
) -> Finding:  # fmt: skip
    """A weighted sum of coefficients, each for 1 sd of its column, with its t interval."""
    scaled = {term: PERCENT * sizes.of(term) * weight for term, weight in weights.items()}
    value, error, _, _ = estimate.combination(scaled)
    df, words = _freedom(estimate, weights)
    points = dict.fromkeys(f"{PERCENT * sizes.of(term):.3g}" for term in weights)
    definition = f"{WORDS[way]}; model {estimate.name!r}; 1 sd = {', '.join(points)} points"
    if df < 1:
        lower = upper = None
        verdict: Word = "open"
        definition, words = f"{definition}; no interval: {words}", ""
    else:
        half = float(scipy.stats.t.ppf((1 + LEVEL) / 2, df)) * error
        lower, upper = value - half, value + half
        verdict, words = (
            verdict_of(lower, upper, expected),
            ", ".join(filter(None, [INTERVAL, words])),
        )
    return Finding(
        scope, estimate.sample, definition, statistic, value, lower, upper, UNIT, verdict,
        interval=words, main=main,
    )  # fmt: skip


def _freedom(estimate: Estimate, terms: Iterable[str]) -> tuple[float, str]:
    """Degrees of freedom, fewer where one of the terms rests on few clusters, and words about it.

    Effective clusters less one, those of the term that rests on the fewest: the coverage of
    this interval is in `docs/explain.md`.
    """
    number = effective(estimate, terms)
    if number is not None and number < FEW_EFFECTIVE:
        df = min(estimate.df, number - 1)
        return df, f"{FEW}: {number:.2g}"
    if number is None and "cluster" in estimate.vcov:
        return estimate.df, "effective clusters not known"
    return estimate.df, ""


def effective(estimate: Estimate, terms: Iterable[str]) -> float | None:
    """The fewest clusters of one size that one of the terms rests on, where they are known."""
    known = [estimate.effective[term] for term in terms if term in estimate.effective]
    return min(known) if known else estimate.statistics.get("effective_clusters")


def caution(findings: Iterable[Finding]) -> str:
    """How many of the intervals that decide rest on few clusters."""
    main = [finding for finding in findings if finding.main]
    few = sum(FEW in finding.interval for finding in main)
    return f" {few} of {len(main)} intervals rest on {FEW} and allow for it." if few else ""


def told(finding: Finding) -> str:
    """Number and interval in words."""
    if finding.lower is None:
        return minus(f"{finding.estimate:.2f} (no interval)")
    return minus(f"{finding.estimate:.2f} ({finding.lower:.2f} to {finding.upper:.2f})")
