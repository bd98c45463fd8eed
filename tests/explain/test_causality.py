"""Granger's tests and panel VARs: size, power, known dynamics, second implementations, faults."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from servio.errors import UsageError, ValueFault
from servio.explain import granger, panel_var
from servio.explain.causality import (
    _companion,
    _dumitrescu_hurlin,
    _lagged_rows,
    _responses,
    _transformed,
)

pytest.importorskip("pyfixest", reason="fixed effects need the extra econ")

KEYS = {"panel": "unit", "time": "year"}
A = np.array([[0.5, 0.0], [0.4, 0.3]])


def made(seed: int, matrix: np.ndarray = A, *, units: int = 40, times: int = 15) -> pd.DataFrame:
    """x and y with y_t = matrix y_(t-1) + effect + noise; noise of y goes with that of x."""
    rng = np.random.default_rng(seed)
    values = np.zeros((units, times + 30, 2))
    effect = rng.normal(size=(units, 2))
    noise = rng.normal(size=values.shape) @ np.array([[1.0, 0.5], [0.0, 1.0]])
    for t in range(1, times + 30):
        values[:, t] = values[:, t - 1] @ matrix.T + effect + noise[:, t]
    values = values[:, 30:]
    return pd.DataFrame(
        {"unit": np.repeat(np.arange(units), times), "year": np.tile(np.arange(times), units),
         "x": values[:, :, 0].ravel(), "y": values[:, :, 1].ravel()}
    )  # fmt: skip


# -- Granger


def test_both_directions_at_the_level_and_with_power() -> None:
    counts = {name: [0, 0] for name in ("z_bar", "z_bar_tilde", "within")}
    for seed in range(100):
        found = granger(made(seed), "x", "y", both=True, **KEYS)
        assert found.reverse is not None
        for name, count in counts.items():
            count[0] += int(found.tests[name].p_value < 0.05)
            count[1] += int(found.reverse.tests[name].p_value < 0.05)
    assert min(count[0] for count in counts.values()) >= 99
    assert counts["z_bar_tilde"][1] <= 12
    # With 14 rows the form for long series rejects too often: the reason for the other one.
    assert counts["z_bar"][1] > counts["z_bar_tilde"][1]
    # The bias of Nickell reaches the lags of y, whose noise goes with that of x.
    assert counts["within"][1] <= 40


def test_opposite_effects_are_seen_by_units_not_on_average() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 40, 25))
    y[:, 1:] += np.where(np.arange(40) % 2, 0.6, -0.6)[:, None] * x[:, :-1]
    frame = pd.DataFrame({"unit": np.repeat(np.arange(40), 25), "year": np.tile(range(25), 40),
                          "x": x.ravel(), "y": y.ravel()})  # fmt: skip
    tests = granger(frame, "x", "y", **KEYS).tests
    assert tests["z_bar_tilde"].p_value < 1e-10
    assert tests["within"].p_value > 0.01


PLM = """
suppressMessages(library(plm)); options(digits=15); data(Grunfeld)
write.csv(Grunfeld, "FILE", row.names=FALSE)
for (o in 1:2) for (test in c("Zbar", "Ztilde"))
  cat(pgrangertest(inv ~ value, Grunfeld, order=o, test=test)$statistic, "")
"""


def test_plm_gives_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("needs Rscript with plm")
    path = tmp_path_factory.mktemp("plm") / "grunfeld.csv"
    code = PLM.replace("FILE", str(path))
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("needs R's plm")
    expected = [float(text) for text in done.stdout.split()]
    frame = pd.read_csv(path)
    found = []
    for lags in (1, 2):
        tests = granger(frame, "value", "inv", lags=lags, panel="firm", time="year").tests
        found += [tests["z_bar"].statistic, tests["z_bar_tilde"].statistic]
    assert found == pytest.approx(expected, rel=1e-8)


def test_moments_of_the_wald_statistic_are_those_of_f() -> None:
    """W / K is F with K and t - 2K - 1 degrees of freedom, where errors are normal."""
    K, t = 2, 20.0
    walds = np.array([3.0, 1.0])
    found = _dumitrescu_hurlin(walds, np.array([t, t]), K, "")["z_bar_tilde"].statistic
    mean, variance = stats.f.stats(K, t - 2 * K - 1, moments="mv")
    assert found == pytest.approx(np.sqrt(2) * (2 - K * mean) / (K * np.sqrt(variance)))


def test_short_units_are_left_out_and_counted() -> None:
    frame = made(3)
    short = frame[(frame["unit"] > 4) | (frame["year"] < 8)]
    found = granger(short, "x", "y", **KEYS)
    assert found.dropped == {"at most 7 rows after lags": 5}
    assert len(found.units) == 35
    none = granger(frame[frame["year"] < 8], "x", "y", **KEYS)
    assert list(none.tests) == ["within"]
    assert any("left out" in note for note in none.notes)
    flat = frame.assign(x=frame["x"].where(frame["unit"] > 1, 1.0))
    assert granger(flat, "x", "y", **KEYS).dropped == {
        "columns that do not vary or determine each other": 2
    }


def test_expressions_and_gaps() -> None:
    frame = made(4).assign(z=lambda f: np.exp(f["x"]))
    found = granger(frame, "log(z)", "y", lags=2, **KEYS)
    same = granger(frame, "x", "y", lags=2, **KEYS)
    assert found.tests["within"].statistic == pytest.approx(same.tests["within"].statistic)
    assert found.tests["z_bar"].statistic == pytest.approx(same.tests["z_bar"].statistic)
    gone = frame[frame["year"] != 7]
    assert granger(gone, "x", "y", **KEYS).units["n"].unique().tolist() == [12]
    assert granger(gone, "x", "y", **KEYS).pooled.n == 40 * 12


# -- panel VAR


def coefficients(frame: pd.DataFrame, effects: str) -> np.ndarray:
    found = panel_var(frame, ["x", "y"], effects=effects, draws=1, horizon=0, **KEYS)
    return np.array([one.coefficients for one in found.equations.values()])


def test_forward_deviations_have_no_bias_and_within_has() -> None:
    frames = [made(seed, units=150, times=8) for seed in range(40)]
    forward = np.mean([coefficients(one, "helmert") for one in frames], axis=0)
    within = np.mean([coefficients(one, "within") for one in frames], axis=0)
    assert np.abs(forward - A).max() < 0.03
    # Seven rows: -(1 + 0.5)/6, to first order.
    assert within[0, 0] - 0.5 == pytest.approx(-0.25, abs=0.06)


def test_intervals_hold_the_truth_at_their_level() -> None:
    inside = np.zeros((2, 2))
    for seed in range(100):
        found = panel_var(made(seed, units=80), ["x", "y"], draws=1, horizon=0, **KEYS)
        for i, one in enumerate(found.equations.values()):
            lower, upper = one.interval()
            inside[i] += (lower < A[i]) & (A[i] < upper)
    assert inside.min() >= 87


def test_two_stage_least_squares_gives_the_same() -> None:
    iv = pytest.importorskip("linearmodels.iv", reason="needs the extra econ")
    frame = made(5)
    found = panel_var(frame, ["x", "y"], time_effects=False, draws=1, lags=2, **KEYS)
    grid = np.stack([frame[name].to_numpy().reshape(40, 15) for name in ("x", "y")], axis=2)
    rows = _transformed(*_lagged_rows(grid, 2), "helmert")
    for j, name in enumerate(("x", "y")):
        other = iv.IV2SLS(rows.outcomes[:, j], None, rows.regressors, rows.instruments).fit(
            cov_type="clustered", clusters=rows.codes
        )
        assert found.equations[name].coefficients == pytest.approx(
            other.params.to_numpy(), rel=1e-9
        )
        errors = other.std_errors.to_numpy() * np.sqrt(40 / 39)
        assert found.equations[name].std_errors == pytest.approx(errors, rel=1e-9)


def test_forward_deviations_keep_lengths_and_lose_levels() -> None:
    rng = np.random.default_rng(6)
    codes = np.repeat([0, 1, 2], [5, 1, 4])
    Y, X = rng.normal(size=(2, 10, 1)) + 100 * codes[:, None]
    rows = _transformed(Y, X, codes, "helmert")
    assert rows.codes.tolist() == [0] * 4 + [1] * 3
    first = np.sqrt(4 / 5) * (Y[0] - Y[1:5].mean())
    assert rows.outcomes[0] == pytest.approx(first, rel=1e-12)
    # An orthonormal transformation of deviations: their sum of squares stays.
    for unit, at in ((0, slice(0, 5)), (1, slice(6, 10))):
        expected = ((Y[at] - Y[at].mean()) ** 2).sum()
        assert (rows.outcomes[rows.codes == unit] ** 2).sum() == pytest.approx(expected, rel=1e-10)
    assert rows.instruments[:4] == pytest.approx(X[:4])


def test_responses_are_powers_of_the_matrix() -> None:
    V = np.array([[4.0, 1.0], [1.0, 2.0]])
    P = np.linalg.cholesky(V)
    found = _responses(A.T, V, 3)
    assert found[0] == pytest.approx(P)
    assert found[3] == pytest.approx(np.linalg.matrix_power(A, 3) @ P)
    second = np.array([[0.1, 0.0], [0.2, -0.1]])
    B = np.vstack([A.T, second.T])
    assert _responses(B, V, 2)[2] == pytest.approx((A @ A + second) @ P)
    assert np.abs(np.linalg.eigvals(_companion(A.T, 2))).max() == pytest.approx(0.5)


def test_bands_hold_the_true_response() -> None:
    truth = A @ np.array([[1.0, 0.0], [0.5, 1.0]])
    inside = 0
    for seed in range(40):
        found = panel_var(made(seed, units=80), ["x", "y"], draws=150, horizon=1, **KEYS)
        row = found.responses.query("horizon == 1 and shock == 'x' and response == 'y'").iloc[0]
        inside += int(row["lower"] < truth[1, 0] < row["upper"])
    assert inside >= 33


def test_a_seed_repeats_the_bands() -> None:
    one, two, other = (
        panel_var(made(7), ["x", "y"], draws=20, seed=seed, **KEYS).responses for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, two)
    assert (one["estimate"] == other["estimate"]).all()
    assert (one["lower"] != other["lower"]).any()
    assert (one["lower"] <= one["upper"]).all()


def test_what_is_not_stable_is_said() -> None:
    growing = made(8, np.array([[1.05, 0.0], [0.2, 0.5]]), units=200, times=10)
    found = panel_var(growing, ["x", "y"], draws=5, time_effects=False, **KEYS)
    assert not found.stable
    assert any("not stable" in note for note in found.notes)
    steady = panel_var(made(8), ["x", "y"], draws=5, effects="within", **KEYS)
    assert steady.stable
    assert any(note.startswith("Nickell bias") for note in steady.notes)
    assert list(steady.to_frame()["equation"]) == ["x", "x", "y", "y"]


# -- faults


def test_faults_are_named() -> None:
    frame = made(9)
    with pytest.raises(UsageError, match="granger, lags"):
        granger(frame, "x", "y", lags=0, **KEYS)
    with pytest.raises(UsageError, match="x as cause and effect"):
        granger(frame, "x", "x", **KEYS)
    with pytest.raises(UsageError, match="without entity or time"):
        granger(frame, "x", "y")
    with pytest.raises(ValueFault, match="constant within each unit"):
        granger(frame.assign(z=frame["unit"]), "z", "y", **KEYS)
    with pytest.raises(UsageError, match="two or more"):
        panel_var(frame, ["x"], **KEYS)
    with pytest.raises(UsageError, match="panel_var, effects"):
        panel_var(frame, ["x", "y"], effects="none", **KEYS)
    with pytest.raises(UsageError, match="panel_var, draws"):
        panel_var(frame, ["x", "y"], draws=0, **KEYS)
    with pytest.raises(UsageError, match="panel_var, level"):
        panel_var(frame, ["x", "y"], level=95, **KEYS)
    with pytest.raises(ValueFault, match="constant or a combination"):
        panel_var(frame.assign(z=frame["unit"]), ["x", "z"], **KEYS)
    with pytest.raises(ValueFault, match="constant or a combination"):
        panel_var(frame.assign(z=2 * frame["x"]), ["x", "z"], **KEYS)
    with pytest.raises(ValueFault, match="0 rows of 0 units"):
        panel_var(frame[frame["year"] < 2], ["x", "y"], lags=3, **KEYS)
