"""Unit roots and cointegration: size and power, second implementations, faults."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from servio.errors import LabelError, UsageError, ValueFault
from servio.explain import PanelTest, cointegration, unit_root
from servio.explain._series import longest_run
from servio.explain.unit_roots import (
    _combined,
    _deterministic,
    _dickey_fuller,
    _engle_granger,
    _kpss,
    _long_run,
    _walks,
)

KEYS = {"panel": "unit", "time": "year"}
FIRST_FIVE = ("fisher", "choi_z", "choi_l", "choi_pm", "ips")


def framed(**columns: np.ndarray) -> pd.DataFrame:
    """Columns from arrays (units, times)."""
    units, times = next(iter(columns.values())).shape
    return pd.DataFrame(
        {"unit": np.repeat(np.arange(units), times), "year": np.tile(np.arange(times), units)}
        | {name: values.ravel() for name, values in columns.items()}
    )


def series(seed: int, carried: float, *, units: int = 20, times: int = 20) -> np.ndarray:
    """Each value is `carried` times the one before and noise, about a level of the unit."""
    rng = np.random.default_rng(seed)
    y = np.zeros((units, times + 40))
    noise = rng.normal(size=y.shape)
    for t in range(1, times + 40):
        y[:, t] = carried * y[:, t - 1] + noise[:, t]
    return y[:, 40:] + 10 * rng.normal(size=(units, 1))


def rejections(found: list[PanelTest]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in found:
        counts.update(name for name, test in one.tests.items() if test.p_value < 0.05)
    return counts


# -- size and power


@pytest.mark.parametrize("trend", [False, True])
def test_random_walks_are_rejected_at_the_level_and_stationary_series_are_found(
    trend: bool,
) -> None:
    walks = rejections(
        [unit_root(framed(y=series(s, 1.0)), "y", trend=trend, **KEYS) for s in range(120)]
    )
    still = rejections(
        [unit_root(framed(y=series(s, 0.3)), "y", trend=trend, **KEYS) for s in range(20)]
    )
    for name in FIRST_FIVE:
        assert walks[name] <= 14
        assert still[name] >= 18
    assert walks["hadri"] >= 110


def test_hadri_holds_its_level_on_independent_values() -> None:
    still = [unit_root(framed(y=series(s, 0.0, times=40)), "y", **KEYS) for s in range(120)]
    assert rejections(still)["hadri"] <= 14


def test_a_trend_needs_a_trend() -> None:
    y = series(1, 0.2, times=30) + 0.5 * np.arange(30)
    assert unit_root(framed(y=y), "y", **KEYS).tests["ips"].p_value > 0.5
    assert unit_root(framed(y=y), "y", trend=True, **KEYS).tests["ips"].p_value < 1e-6


def test_cointegrated_series_are_found_and_others_are_not() -> None:
    apart, together = [], []
    for seed in range(100):
        x, other = series(seed, 1.0), series(seed + 500, 1.0)
        apart.append(cointegration(framed(x=x, y=other), "y", "x", **KEYS))
        if seed < 20:
            noise = series(seed + 900, 0.3)
            together.append(cointegration(framed(x=x, y=2 * x + noise), "y", ["x"], **KEYS))
    for name in ("kao", "fisher", "choi_z"):
        assert rejections(apart)[name] <= 12
        assert rejections(together)[name] >= 19


def test_common_shocks_are_noted_and_demeaning_takes_them_out() -> None:
    rng = np.random.default_rng(3)
    common = np.cumsum(rng.normal(size=30))
    y = series(4, 0.2, times=30) + 3 * common
    plain = unit_root(framed(y=y), "y", **KEYS)
    assert any("Pesaran's CD" in note for note in plain.notes)
    apart = unit_root(framed(y=y), "y", demean=True, **KEYS)
    assert apart.tests["ips"].p_value < 1e-6 < plain.tests["ips"].p_value
    assert not unit_root(framed(y=series(5, 1.0, times=30)), "y", **KEYS).notes


# -- second implementations


@pytest.mark.parametrize(("trend", "regression"), [(False, "c"), (True, "ct")])
def test_single_units_as_statsmodels(trend: bool, regression: str) -> None:
    tools = pytest.importorskip("statsmodels.tsa.stattools", reason="needs the extra econ")
    y, x = series(7, 0.9, times=24)[:2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        for lags in (0, 1, 3):
            D = _deterministic(24 - lags - 1, trend)
            expected = tools.adfuller(y, maxlag=lags, regression=regression, autolag=None)[0]
            assert _dickey_fuller(y[None], lags, D)[0] == pytest.approx(expected, rel=1e-9)
            expected = tools.coint(y, x, trend=regression, maxlag=lags, autolag=None)[0]
            both = np.column_stack([y, x])[None]
            assert _engle_granger(both, lags, trend)[0] == pytest.approx(expected, rel=1e-9)
        for q in (0, 2):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = tools.kpss(y, regression=regression, nlags=q)[0]
            assert _kpss(y, q, trend=trend) == pytest.approx(expected, rel=1e-9)


def test_p_values_of_long_series_are_mackinnons() -> None:
    values = pytest.importorskip("statsmodels.tsa.adfvalues", reason="needs the extra econ")
    for regressors, trend, regression in ((0, False, "c"), (0, True, "ct"), (1, False, "c")):
        walks = _walks(150, 0, regressors, trend)
        for share in (0.01, 0.05, 0.1, 0.5):
            t = float(np.quantile(walks, share))
            p = values.mackinnonp(t, regression=regression, N=1 + regressors)
            assert p == pytest.approx(share, rel=0.25)


def test_moments_are_those_of_the_published_table() -> None:
    """Im, Pesaran and Shin (2003), table 3, as R's plm gives it: T, lags, mean and variance."""
    table = {
        False: [(10, 1, -1.488, 1.255), (15, 0, -1.514, 0.923), (15, 1, -1.503, 1.011),
                (20, 2, -1.428, 0.969), (30, 1, -1.519, 0.831)],
        True: [(10, 1, -2.173, 1.453), (15, 1, -2.169, 0.975), (25, 2, -2.074, 0.796)],
    }  # fmt: skip
    for trend, rows in table.items():
        for T, lags, mean, variance in rows:
            walks = _walks(T + lags + 1, lags, 0, trend)
            assert walks.mean() == pytest.approx(mean, abs=0.02)
            assert walks.var() == pytest.approx(variance, abs=0.03)


PLM = """
suppressMessages(library(plm)); options(digits=15); data(Grunfeld)
write.csv(Grunfeld, "FILE", row.names=FALSE)
go <- function(test, ...) purtest(inv ~ FORM, Grunfeld, index="firm", test=test, lags=1,
  p.approx="MacKinnon1994", dfcor=TRUE, ...)
ips <- go("ips"); z <- sapply(c("madwu", "invnormal", "logit", "Pm"),
  function(test) go(test)$statistic$statistic)
h <- purtest(inv ~ FORM, Grunfeld, index="firm", test="hadri")$statistic$statistic
cat(sapply(ips$idres, function(r) r$trho), sapply(go("madwu")$idres, function(r) r$p.trho), z, h,
    ips$statistic$statistic)
"""


@pytest.mark.parametrize("trend", [False, True])
def test_plm_gives_the_same(trend: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("needs Rscript with plm")
    path = tmp_path_factory.mktemp("plm") / "grunfeld.csv"
    code = PLM.replace("FILE", str(path)).replace("FORM", "trend" if trend else "1")
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("needs R's plm")
    expected = np.array([float(text) for text in done.stdout.split()])
    frame = pd.read_csv(path)
    found = unit_root(frame, "inv", trend=trend, bandwidth=0, panel="firm", time="year")
    assert found.units["statistic"].to_numpy() == pytest.approx(expected[:10], rel=1e-8)
    combined = _combined(expected[10:20], "")
    # With a trend one p value is below 1e-4, where ours end.
    assert trend or [one.statistic for one in combined.values()] == pytest.approx(
        expected[20:24], rel=1e-8
    )
    # Hadri in plm divides by variances of residuals with T, as here with a bandwidth of 0.
    assert found.tests["hadri"].statistic == pytest.approx(expected[24], rel=1e-8)
    # The table is interpolated there and simulated here.
    assert found.tests["ips"].statistic == pytest.approx(expected[25], abs=0.1)


# -- arithmetic


def test_combinations_of_even_p_values() -> None:
    found = _combined(np.full(4, 0.5), "")
    assert found["fisher"].statistic == pytest.approx(8 * np.log(2))
    assert found["fisher"].p_value == pytest.approx(stats.chi2.sf(8 * np.log(2), 8))
    assert found["choi_z"].statistic == pytest.approx(0, abs=1e-12)
    assert found["choi_l"].statistic == pytest.approx(0, abs=1e-12)
    assert found["choi_pm"].statistic == pytest.approx(4 * (np.log(2) - 1) / 2)
    one = _combined(np.array([0.0, 1.0]), "")
    assert all(np.isfinite(test.statistic) for test in one.values())


def test_combinations_have_their_distributions_where_p_values_are_even() -> None:
    rng = np.random.default_rng(1)
    draws = [_combined(rng.uniform(size=8), "") for _ in range(4000)]
    for name in ("fisher", "choi_z", "choi_l"):
        p = np.array([one[name].p_value for one in draws])
        assert stats.kstest(p, "uniform").pvalue > 0.001
    assert np.std([one["choi_pm"].statistic for one in draws]) == pytest.approx(1, abs=0.05)


def test_long_run_variance_by_hand() -> None:
    e = np.array([[1.0], [-1.0], [2.0], [0.0]])
    # 6/4 + 2 (1 - 1/2)(-1 - 2 + 0)/4
    assert _long_run(e, 1)[0, 0] == pytest.approx(0.75)


def test_invariance_to_level_scale_and_order_of_rows() -> None:
    frame = framed(y=series(11, 0.8))
    found = unit_root(frame, "y", **KEYS)
    moved = unit_root(frame.assign(y=5 - 3 * frame["y"]), "y", **KEYS)
    mixed = unit_root(frame.sample(frac=1, random_state=2), "y", **KEYS)
    for name, test in found.tests.items():
        assert moved.tests[name].statistic == pytest.approx(test.statistic, rel=1e-8)
        assert mixed.tests[name].statistic == pytest.approx(test.statistic, rel=1e-12)
    assert list(found.to_frame()["test"]) == [*FIRST_FIVE, "hadri"]


def test_a_gap_cuts_a_series() -> None:
    assert longest_run(np.array([np.nan, 1, 2, np.nan, 3, 4])) == slice(1, 3)
    assert longest_run(np.array([np.nan])) == slice(0, 0)
    frame = framed(y=series(12, 0.5))
    gone = frame[~((frame["unit"] == 3) & (frame["year"] == 6))]
    found = unit_root(gone, "y", **KEYS).units.set_index("unit")
    assert found.loc["3", ["first", "n"]].tolist() == [7, 13]
    short = frame[(frame["unit"] != 3) | (frame["year"] < 9)]
    assert unit_root(short, "y", **KEYS).dropped == {"fewer than 10 values in a row": 1}


# -- faults


def test_faults_are_named() -> None:
    frame = framed(y=series(13, 0.5), x=series(14, 1.0))
    with pytest.raises(UsageError, match="lags"):
        unit_root(frame, "y", lags=-1, **KEYS)
    with pytest.raises(UsageError, match="bandwidth"):
        unit_root(frame, "y", bandwidth=-1, **KEYS)
    with pytest.raises(UsageError, match="without entity or time"):
        unit_root(frame, "y")
    with pytest.raises(LabelError, match="'z'"):
        unit_root(frame, "z", **KEYS)
    with pytest.raises(ValueFault, match="20 with fewer than 10 values"):
        unit_root(frame[frame["year"] < 9], "y", **KEYS)
    with pytest.raises(ValueFault, match="do not vary"):
        unit_root(frame.assign(y=frame["unit"]), "y", **KEYS)
    with pytest.raises(UsageError, match="y on y"):
        cointegration(frame, "y", "y", **KEYS)
    with pytest.raises(ValueFault, match="w, a combination of the other"):
        cointegration(frame.assign(w=frame["x"] * 2 + 1), "y", ["x", "w"], **KEYS)
    short = unit_root(frame, "y", **KEYS)
    assert any(note.startswith("short series (20 to 20") for note in short.notes)
