"""Slopes, ranks and breaks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servio import explain
from servio.errors import InputError, UsageError, ValueFault


def series(values: np.ndarray, country: str = "KOR", start: int = 2000) -> pd.DataFrame:
    years = range(start, start + len(values))
    return pd.DataFrame({"country": country, "year": years, "value": values})


def test_the_slope_is_that_of_least_squares_and_its_error_that_of_the_loops() -> None:
    rng = np.random.default_rng(1)
    t = np.arange(15.0)
    y = 0.2 + 0.01 * t + 0.02 * np.cumsum(rng.standard_normal(15))
    found = explain.slopes(series(y)).iloc[0]
    slope, level = np.polyfit(t, y, 1)
    e = y - level - slope * t
    r = sum(e[i] * e[i - 1] for i in range(1, 15)) / sum(v * v for v in e)
    r = r + (2 + 4 * r) / 15
    assert 0 < r < 0.95
    w = (t - 7) / sum((t - 7) ** 2)
    hat = [[1 / 15 + w[i] * (t[j] - 7) for j in range(15)] for i in range(15)]
    trace = sum((float(i == j) - hat[i][j]) * r ** abs(i - j) for i in range(15) for j in range(15))
    spread = sum(w[i] * w[j] * r ** abs(i - j) for i in range(15) for j in range(15))
    np.testing.assert_allclose(found["slope"], slope, rtol=1e-10)
    np.testing.assert_allclose(found["std_error"], (e @ e / trace * spread) ** 0.5, rtol=1e-10)


@pytest.mark.parametrize(("r", "low", "high"), [(0.0, 0.92, 0.99), (0.5, 0.82, 0.94)])
def test_intervals_of_slopes_hold_the_planted_one(r: float, low: float, high: float) -> None:
    rng = np.random.default_rng(0)
    t = np.arange(15.0)
    many = []
    for i in range(400):
        e = rng.standard_normal(15)
        e[0] /= (1 - r**2) ** 0.5
        for k in range(1, 15):
            e[k] += r * e[k - 1]
        many.append(series(0.3 * t + e, f"C{i:03}"))
    found = explain.slopes(pd.concat(many))
    held = ((found["lower"] <= 0.3) & (found["upper"] >= 0.3)).mean()
    assert low < held < high


def test_theil_and_sen_are_not_moved_by_one_year() -> None:
    y = 0.1 * np.arange(15.0)
    y[7] += 50
    assert explain.slopes(series(y), method="theil_sen")["slope"].iloc[0] == pytest.approx(0.1)


def test_a_gap_counts_by_the_year_and_short_series_have_no_slope() -> None:
    line = series(np.arange(8.0)).query("year not in (2002, 2003)")
    short = series(np.arange(3.0), "USA")
    found = explain.slopes(pd.concat([line, short])).set_index("country")
    assert found.loc["KOR", "slope"] == pytest.approx(1.0)
    assert np.isnan(found.loc["USA", "slope"])
    assert found.loc["USA", "n"] == 3


def test_two_values_of_one_year_and_unknown_columns_are_named() -> None:
    twice = pd.concat([series(np.arange(5.0)), series(np.arange(5.0))])
    with pytest.raises(InputError, match="KOR in 2000"):
        explain.slopes(twice)
    with pytest.raises(UsageError, match="no column 'nation'"):
        explain.slopes(series(np.arange(5.0)), by="nation")


def test_ranks_that_lie_apart_are_certain_and_neighbours_are_not() -> None:
    rng = np.random.default_rng(3)
    level = {"A": 10.0, "B": 1.0, "C": 1.02}
    data = pd.concat([series(v + 0.3 * rng.standard_normal(15), name) for name, v in level.items()])
    found = explain.rank_changes(data).set_index("country")
    assert tuple(found.loc["A", ["change", "lower", "upper"]]) == (0, 0, 0)
    assert found.loc["B", "lower"] < found.loc["B", "upper"]
    assert sorted(found["rank_last"]) == [1, 2, 3]


def test_ranks_need_the_same_span() -> None:
    data = pd.concat([series(np.arange(6.0), "A"), series(np.arange(5.0), "B")])
    with pytest.raises(InputError, match="spans of time"):
        explain.rank_changes(data)


def test_breaks_are_found_where_planted_and_seldom_elsewhere() -> None:
    rng = np.random.default_rng(5)
    t = np.arange(20.0)
    bent = np.where(t < 9, 0.1 * t, 2 - 0.1 * t) + 0.05 * rng.standard_normal(20)
    found = explain.breaks(series(bent)).iloc[0]
    assert (found["year"], found["slope_before"] > 0, found["slope_after"] < 0) == (
        2009,
        True,
        True,
    )
    assert found["p"] <= 0.005
    many = [series(0.1 * t + rng.standard_normal(20), f"C{i:03}") for i in range(200)]
    p = explain.breaks(pd.concat(many), draws=199)["p"]
    assert 0.01 < (p <= 0.05).mean() < 0.12


def test_results_are_the_same_every_time() -> None:
    rng = np.random.default_rng(6)
    data = pd.concat([series(rng.standard_normal(15), name) for name in "ABCD"])
    for function in (explain.breaks, explain.rank_changes):
        pd.testing.assert_frame_equal(function(data), function(data))


@pytest.mark.parametrize("call", [explain.slopes, explain.breaks, explain.rank_changes])
def test_an_infinite_value_is_named(call: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    data = series(np.array([1.0, 2.0, np.inf, 4.0, 5.0]))
    with pytest.raises(ValueFault, match="trend of value, KOR, 2002: found inf; expected a finite"):
        call(data)
    with pytest.raises(ValueFault, match=r"trend of value.*'x'"):
        call(series(np.array([1, 2, "x", 4, 5], dtype=object)))
