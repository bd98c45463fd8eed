"""Findings from values by country and year: slopes, middle halves, means over countries."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy

from servio.explain.book._book import (
    Evidence,
    Finding,
    Missing,
    Word,
    by_source,
    rows,
    verdict_of,
    years_of,
)
from servio.explain.trends import LEAST, slopes

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LINE",
    "QUARTILES",
    "SPREAD",
    "Sign",
    "What",
    "a_year",
    "about",
    "by_country",
    "by_words",
    "countries_only",
    "differences",
    "each",
    "last_year",
    "mean_of",
    "middle_half",
    "rank_correlations",
    "slope_of",
    "trends",
]

Sign = Literal["positive", "negative"]

LINE = "95 % t interval of the slope"
QUARTILES = "middle half of countries"
SPREAD = "95 % t interval over countries"
REST = ("ROW", "RoW")
"""The rest of the world is a part of world tables, and no country."""


@dataclass(frozen=True)
class What:
    """What a number is: its definition, the thing itself, its unit."""

    definition: str
    thing: str
    unit: str = "share"


def countries_only(found: pd.DataFrame) -> pd.DataFrame:
    """Rows of countries, without the rest of the world."""
    return found[~found["country"].isin(REST)]


def last_year(found: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last year."""
    return found[found["year"] == found["year"].max()]


def each(
    evidence: Evidence, wanted: Sequence[tuple[What, str, Mapping[str, Any]]]
) -> Iterator[tuple[What, pd.DataFrame]]:
    """Rows of those measures that the study has; raises `Missing` of the first if it has none."""
    gaps: list[Missing] = []
    for what, measure, filters in wanted:
        try:
            yield what, rows(evidence, measure, **filters)
        except Missing as gap:
            gaps.append(gap)
    if len(gaps) == len(wanted):
        raise gaps[0]


def by_words(
    findings: Iterable[Finding], words: Callable[[Finding], str], said: Callable[[Finding], str]
) -> str:
    """The findings that decide, those of the same words side by side."""
    groups: dict[str, list[str]] = {}
    for finding in findings:
        if finding.main:
            groups.setdefault(words(finding), []).append(said(finding))
    return "; ".join(f"{name} {', '.join(parts)}" for name, parts in groups.items())


# -- over years ------------------------------------------------------------------------------------


def trends(found: pd.DataFrame, what: What, expected: Sign, *, main: bool = True) -> list[Finding]:
    """Slope of the mean over countries, and of each country, for each source.

    The mean is that of the countries with a value in every year: a country that comes or goes
    would move it. Raises `Missing` where no source has four years.
    """
    made: list[Finding] = []
    for source, part in by_source(countries_only(found)):
        whole = _in_every_year(part)
        if whole["year"].nunique() < LEAST:
            continue
        mean = whole.groupby("year", as_index=False)["value"].mean().assign(country="all")
        count = whole["country"].nunique()
        thing = f"slope of {what.thing}"
        over = f"{thing}, mean over {count} countries" if count > 1 else thing
        made += slope_of(mean, _as(what, over), expected, source, main=main)
        made += slope_of(part, _as(what, thing), expected, source) if count > 1 else []
    if not made:
        raise Missing(f"{what.thing} in {LEAST} years at least")
    return made


def slope_of(
    found: pd.DataFrame, what: What, expected: Sign, source: str, *, main: bool = False
) -> list[Finding]:
    """Slope of each series by the column country; none for series of fewer than four years."""
    return [
        Finding(
            row.country, f"{row.first}-{row.last}", what.definition, what.thing, row.slope,
            row.lower, row.upper, f"{what.unit} a year",
            verdict_of(row.lower, row.upper, expected), interval=LINE, main=main, source=source,
        )
        for row in slopes(found).itertuples()
        if math.isfinite(row.slope)
    ]  # fmt: skip


def a_year(finding: Finding) -> str:
    """A slope of shares in words: points a year with their interval."""
    low, high = finding.lower or 0.0, finding.upper or 0.0
    return (
        f"{100 * finding.estimate:+.3f} points a year ({100 * low:+.3f} to {100 * high:+.3f}; "
        f"{finding.source} {finding.years})"
    )


def _in_every_year(found: pd.DataFrame) -> pd.DataFrame:
    years = found.groupby("country")["year"].nunique()
    return found[found["country"].isin(years[years == found["year"].nunique()].index)]


def _as(what: What, thing: str) -> What:
    return What(what.definition, thing, what.unit)


# -- over countries --------------------------------------------------------------------------------


def middle_half(
    values: Mapping[str, float], what: What, years: str, source: str,
    judge: Callable[[float, float], Word], *, main: bool = True,
) -> Finding:  # fmt: skip
    """Median of countries with their quartiles, judged by these."""
    low, middle, high = np.percentile(list(values.values()), [25, 50, 75])
    return Finding(
        "all", years, what.definition, f"{what.thing}, median of {len(values)} countries",
        float(middle), float(low), float(high), what.unit, judge(low, high),
        interval=QUARTILES, main=main, source=source,
    )  # fmt: skip


def about(low: float, high: float) -> Callable[[float, float], Word]:
    """Supported where an interval touches low to high, contradicted where it lies outside."""

    def judge(lower: float, upper: float) -> Word:
        return "supported" if lower <= high and upper >= low else "contradicted"

    return judge


def by_country(
    values: Mapping[str, float], what: What, years: str, source: str,
    judge: Callable[[float, float], Word],
) -> list[Finding]:  # fmt: skip
    """The value of each country, as detail."""
    return [
        Finding(country, years, what.definition, what.thing, float(value), None, None, what.unit,
                judge(value, value), source=source)
        for country, value in sorted(values.items())
    ]  # fmt: skip


def mean_of(
    values: Mapping[str, float], what: What, years: str, source: str, *,
    expected: Sign = "positive", main: bool = True,
) -> list[Finding]:  # fmt: skip
    """Mean over countries with its t interval, against zero; countries as detail.

    Empty for fewer than three countries. What the interval does not see: that errors of
    countries move together.
    """
    numbers = np.array(list(values.values()), dtype=np.float64)
    if len(numbers) < 3:
        return []
    mean, error = float(numbers.mean()), float(numbers.std(ddof=1) / np.sqrt(len(numbers)))
    half = float(scipy.stats.t.ppf(0.975, len(numbers) - 1)) * error
    verdict = verdict_of(mean - half, mean + half, expected)
    over = Finding(
        "all", years, what.definition, f"{what.thing}, mean over {len(numbers)} countries",
        mean, mean - half, mean + half, what.unit, verdict, interval=SPREAD, main=main,
        source=source,
    )  # fmt: skip

    def judge(value: float, _: float) -> Word:
        return verdict_of(value, value, expected)

    return [over, *by_country(values, what, years, source, judge)]


def differences(
    found: pd.DataFrame, column: str, more: str, less: str, what: What, *, main: bool = True
) -> list[Finding]:
    """What one level of a column has more than another: by country, mean over its years.

    Paired within country and year; for each source with three countries at least.
    """
    made: list[Finding] = []
    for source, part in by_source(countries_only(found)):
        wide = part.set_index(["country", "year", column])["value"].unstack()
        if more not in wide or less not in wide:
            continue
        gap = (wide[more] - wide[less]).dropna().groupby("country").mean()
        made += mean_of(dict(gap), what, years_of(part), source, main=main)
    return made


def rank_correlations(frame: pd.DataFrame, one: str, other: str) -> dict[str, float]:
    """Spearman correlation of two columns over the rows of each country, five at least."""
    found = {}
    for country, part in frame.groupby("country", sort=True):
        if len(part) >= 5 and part[one].nunique() > 1 and part[other].nunique() > 1:
            found[str(country)] = float(part[one].corr(part[other], method="spearman"))
    return found
