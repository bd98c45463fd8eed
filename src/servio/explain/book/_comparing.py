"""Findings about one country among others, about all years, and about shares of countries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import scipy

from servio.explain.book._book import Finding, Missing, Word, verdict_of, years_of
from servio.explain.book._findings import Sign, What

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "above_chance",
    "all_years",
    "decided_by",
    "each_source",
    "gap_of",
    "latest",
    "low_place",
    "minus",
    "need_countries",
    "series_of",
]

YEARS = "range over years"
SHARE = "95 % Clopper-Pearson interval"


def series_of(found: pd.DataFrame, country: str) -> pd.Series:
    """Values of a country by year, rising."""
    one: pd.Series = found[found["country"] == country].set_index("year")["value"].sort_index()
    return one


def gap_of(found: pd.DataFrame, country: str, other: str) -> pd.Series:
    """What a country has more than another, by year."""
    gap: pd.Series = (series_of(found, country) - series_of(found, other)).dropna()
    return gap


def all_years(
    values: pd.Series, scope: str, what: What, expected: Sign, source: str, *, main: bool = True
) -> Finding:
    """Mean over years, judged by all of them: mixed where their signs differ."""
    low, high = float(values.min()), float(values.max())
    return Finding(
        scope, _years(values), what.definition, what.thing, float(values.mean()), low, high,
        what.unit, verdict_of(low, high, expected), interval=YEARS, main=main, source=source,
    )  # fmt: skip


def low_place(
    found: pd.DataFrame, country: str, part: float, what: What, source: str, *, main: bool = True
) -> Finding:
    """Place from the top in the last year; supported if in the lowest part in every year.

    In the lowest part (0.5: the lower half) is a place beyond ``(1 - part) n`` of n countries.
    """
    wide = found.pivot(index="year", columns="country", values="value")
    wide = wide[wide[country].notna()]
    counts = wide.count(axis=1)
    places = wide.rank(axis=1, ascending=False)[country]
    low = places > (1 - part) * counts
    verdict: Word = "supported" if low.all() else "open" if low.any() else "contradicted"
    return Finding(
        country, _years(places), what.definition, f"place of {what.thing} from the top, last year",
        float(places.iloc[-1]), float(places.min()), float(places.max()),
        f"of {counts.iloc[-1]} countries", verdict, interval=YEARS, main=main, source=source,
    )  # fmt: skip


def above_chance(count: int, n: int, what: What, chance: float, years: str, source: str) -> Finding:
    """A share of countries against the one that chance alone would give."""
    found = scipy.stats.binomtest(count, n).proportion_ci(0.95)
    share = count / n
    low: Word = "contradicted" if found.high < chance else "open"
    return Finding(
        "all", years, what.definition, what.thing, share, float(found.low), float(found.high),
        "share of countries", "supported" if found.low > chance else low, interval=SHARE,
        main=True, source=source,
    )  # fmt: skip


def decided_by(findings: Iterable[Finding], country: str) -> list[Finding]:
    """Findings of a country decide where there are any; else those that did."""
    made = list(findings)
    if not any(f.scope == country for f in made):
        return made
    return [replace(f, main=f.scope == country) for f in made]


def need_countries(found: pd.DataFrame, codes: Sequence[str]) -> None:
    """Raise `Missing` where a country has no rows."""
    lacking = [code for code in codes if code not in set(found["country"])]
    if lacking:
        raise Missing(f"tables of {' and '.join(lacking)}")


def latest(findings: Sequence[Finding]) -> list[Finding]:
    """Findings of the source whose years end last, to be told first."""
    newest = max(findings, key=_last).source
    return [finding for finding in findings if finding.source == newest]


def each_source(findings: Sequence[Finding], tell: Callable[[Sequence[Finding]], str]) -> str:
    """What the main findings of each source say, the latest first, with its name and years."""
    main = sorted((f for f in findings if f.main), key=_last, reverse=True)
    parts: dict[str, list[Finding]] = {}
    for finding in main:
        parts.setdefault(finding.source, []).append(finding)
    return "; ".join(f"{name} {some[0].years}: {tell(some)}" for name, some in parts.items())


def _last(finding: Finding) -> str:
    return finding.years[-4:]


def minus(text: str) -> str:
    """A true minus sign before numbers; spans of years keep their hyphen."""
    return re.sub(r"(?<!\w)-(?=\d)", "\N{MINUS SIGN}", text)


def _years(values: pd.Series) -> str:
    return years_of(values.index.to_frame(name="year"))
