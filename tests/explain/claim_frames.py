"""Hand-made evidence for the checks of claims: results as a finished study gives them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from servio import explain
from servio.errors import UsageError

CONVERGENCE = ("conv_", "mutual_", "coef_")
COLUMNS = ("source", "year", "country", "industry", "partner", "group", "part", "measure")
YEARS = range(2000, 2010)
COUNTRIES = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH")


class Made:
    """Evidence of rows; filters as in a store: text, lists, true and false as text."""

    synthetic = False

    def __init__(
        self,
        *parts: Iterable[dict[str, Any]],
        estimates: Mapping[str, explain.Estimate] = {},
        sd: float = 0.01,
        modes: pd.DataFrame | None = None,
        symbiosis: pd.DataFrame | None = None,
    ) -> None:
        made = pd.DataFrame([row for part in parts for row in part])
        self._rows = made if made.empty else made.fillna(dict.fromkeys(set(made) - {"value"}, ""))
        self._estimates = dict(estimates)
        self._sd = sd
        self._modes, self._symbiosis = modes, symbiosis

    def results(self, measure: str | None = None, **filters: Any) -> pd.DataFrame:
        if self._rows.empty or measure not in set(self._rows["measure"]):
            raise UsageError("results measure", found=repr(measure), expected="others", remedy="")
        found = self._rows[self._rows["measure"] == measure]
        for key, value in filters.items():
            if key not in found:
                raise UsageError("results column", found=key, expected="others", remedy="")
            wanted = value if isinstance(value, list) else [value]
            found = found[found[key].isin([_cell(one) for one in wanted])]
        return found

    def estimates(self) -> dict[str, explain.Estimate]:
        return self._estimates

    def modes(self) -> pd.DataFrame | None:
        return self._modes

    def symbiosis(self) -> pd.DataFrame | None:
        return self._symbiosis

    def panel(self) -> explain.Panel:
        """Columns of all terms, each with the standard deviation inside entities that was given.

        With 0.01 an effect for one of it, in log points × 100, is the coefficient itself.
        """
        if not self._estimates:
            raise UsageError("panel", found="none", expected="one", remedy="")
        terms = [term for one in self._estimates.values() for term in one.terms]
        words = {w for t in terms for w in re.findall(r"\w+", t.rpartition("::")[2])}
        columns = {word.removesuffix("_lag") for word in words if word.startswith(CONVERGENCE)}
        step = self._sd * math.sqrt(3 / 4)
        frame = pd.DataFrame({
            "country": ["AAA", "AAA", "BBB", "BBB"], "year": [1, 2, 1, 2],
            **{name: [0.1 - step, 0.1 + step, 0.3 - step, 0.3 + step] for name in columns},
        })  # fmt: skip
        none = frame.iloc[:0, :2].assign(reason="")
        return explain.Panel(frame, ("country",), "year", {}, none)


def series(
    measure: str,
    value: Callable[[str, int], float],
    *,
    countries: Iterable[str] = COUNTRIES,
    years: Iterable[int] = YEARS,
    source: str = "made",
    **labels: Any,
) -> list[dict[str, Any]]:
    """A row a country and year, with the value that a function of both gives."""
    blank = dict.fromkeys(COLUMNS, "")
    labels = {key: _cell(one) for key, one in labels.items()}
    return [
        blank
        | {"measure": measure, "source": source, "country": c, "year": y, "value": value(c, y)}
        | labels
        for c in countries
        for y in years
    ]


def line(start: float, slope: float) -> Callable[[str, int], float]:
    """A straight line with a little noise that differs between countries and averages to it."""

    def value(country: str, year: int) -> float:
        wobble = 1e-3 * (-1) ** (year + COUNTRIES.index(country)) if country in COUNTRIES else 0.0
        return start + slope * (year - YEARS[0]) + wobble

    return value


def record(evidence: Made, claim: str) -> explain.ClaimRecord:
    """The record of one claim."""
    (found,) = explain.evaluate(evidence, only=[claim])
    return found


def main(found: explain.ClaimRecord) -> list[explain.Finding]:
    """The findings that decide."""
    return [finding for finding in found.findings if finding.main]


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def ruled(alternative: int, merging: int, missing: str = "") -> Made:
    """How many of a hundred pairs are in either mode; one more in every other country."""
    made = []
    for country in COUNTRIES:
        more = COUNTRIES.index(country) % 2
        found = ["alternative"] * (alternative and alternative + more)
        found += ["merging"] * (merging and merging + more)
        found += ["receding"] * (100 - len(found))
        made += [
            {"source": "made", "country": country, "industry": "C20", "group": f"g{place}",
             "mode": mode, "missing": missing, "first": 2000, "last": 2014, "period": "whole"}
            for place, mode in enumerate(found)
        ]  # fmt: skip
    window = [row | {"period": "window", "mode": "merging"} for row in made]
    return Made(modes=pd.DataFrame(made + window))
