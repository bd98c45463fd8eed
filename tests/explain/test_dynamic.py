"""Difference GMM: published numbers, R, known panels, the bias it is for, faults."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servio.errors import LabelError, UsageError, ValueFault
from servio.explain import dynamic_panel
from servio.explain._design import build_design
from servio.explain._formula import parse_formula
from servio.explain._series import read_series
from servio.explain.dynamic import _difference, _instrument_lags, _one_step, _two_step


def made(
    seed: int, *, lag: float = 0.5, slope: float = 1.0, entities: int = 150, periods: int = 7,
    feedback: float = 0.0,
) -> pd.DataFrame:  # fmt: skip
    """y = lag y(-1) + slope x + effect + noise; with feedback, noise moves the next x."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(size=entities)
    burn = 20
    y, x = np.zeros((2, entities, periods + burn))
    noise = rng.normal(size=y.shape)
    for t in range(1, periods + burn):
        x[:, t] = (
            0.5 * x[:, t - 1] + 0.3 * effect + feedback * noise[:, t - 1]
            + rng.normal(size=entities)
        )  # fmt: skip
        y[:, t] = lag * y[:, t - 1] + slope * x[:, t] + effect + noise[:, t]
    return pd.DataFrame({
        "firm": np.repeat(np.arange(entities), periods),
        "year": np.tile(np.arange(2000, 2000 + periods), entities),
        "y": y[:, burn:].ravel(), "x": x[:, burn:].ravel(),
    })  # fmt: skip


KEYS = {"panel": "firm", "time": "year"}


# -- published numbers and R


@pytest.fixture(scope="module")
def employment(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Firms of Arellano and Bond, from R's plm: they are not kept here (GPL)."""
    if shutil.which("Rscript") is None:
        pytest.skip("needs Rscript with plm for the data of Arellano and Bond")
    path: Path = tmp_path_factory.mktemp("plm") / "employment.csv"
    code = f'data(EmplUK, package="plm"); write.csv(EmplUK, "{path}", row.names=FALSE)'
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("needs R's plm for the data of Arellano and Bond")
    return pd.read_csv(path)


LONG = (
    "log(emp) ~ lag(log(emp)) + lag(log(emp), 2) + log(wage) + lag(log(wage)) + log(capital) "
    "+ lag(log(capital)) + lag(log(capital), 2) + log(output) + lag(log(output)) "
    "+ lag(log(output), 2) | year"
)
SHORT = (
    "log(emp) ~ lag(log(emp)) + lag(log(emp), 2) + log(wage) + lag(log(wage)) + log(capital) "
    "+ log(output) + lag(log(output)) | year"
)


def test_arellano_and_bond_table_4(employment: pd.DataFrame) -> None:
    """Columns a1 and a2: three decimals in the article."""
    one = dynamic_panel(LONG, employment, steps=1, **KEYS)
    assert one.n == 611
    assert one.statistics["instruments"] == 41
    assert one.coefficients[:4].round(3).tolist() == [0.686, -0.085, -0.608, 0.393]
    assert one.std_errors[:4].round(3).tolist() == [0.145, 0.056, 0.178, 0.168]
    assert round(one.statistics["sargan"], 1) == 65.8
    two = dynamic_panel(LONG, employment, **KEYS)
    assert two.coefficients[:4].round(3).tolist() == [0.629, -0.065, -0.526, 0.311]
    assert round(two.statistics["hansen_j"], 1) == 31.4
    # Windmeijer (2005), table on these data: 0.193 in place of 0.090.
    assert round(two.std_errors[0], 3) == 0.193


def test_limited_lags_and_a_predetermined_regressor_as_plm(employment: pd.DataFrame) -> None:
    """Benchmark of pydynpd, computed there with plm::pgmm."""
    found = dynamic_panel(
        "log(emp) ~ lag(log(emp)) + lag(log(emp), 2) + log(wage) + log(capital)",
        employment,
        instruments={"log(emp)": (2, 4), "log(wage)": (1, 3)},
        **KEYS,
    )
    assert (found.n, found.statistics["instruments"]) == (611, 36)
    assert found.coefficients == pytest.approx([0.170062, -0.011338, -0.951058, 0.463722], abs=6e-7)
    assert found.std_errors == pytest.approx([0.104665, 0.037720, 0.127730, 0.071833], abs=6e-7)
    assert found.statistics["hansen_j"] == pytest.approx(47.85967, abs=2e-5)


PLM = """
suppressMessages(library(plm)); options(digits=15); data(EmplUK)
z <- pgmm(log(emp) ~ lag(log(emp), 1:2) + lag(log(wage), 0:1) + log(capital) +
  lag(log(output), 0:1) | lag(log(emp), 2:99), data=EmplUK, effect="twoways", model="MODEL",
  collapse=COLLAPSE)
s <- summary(z, time.dummies=FALSE)
cat(s$coefficients[1:7, 1], s$coefficients[1:7, 2], s$m1$statistic, s$m2$statistic,
    s$sargan$statistic)
"""


@pytest.mark.parametrize("collapse", [False, True])
@pytest.mark.parametrize("steps", [1, 2])
def test_plm_gives_the_same(employment: pd.DataFrame, steps: int, collapse: bool) -> None:
    code = PLM.replace("MODEL", ["onestep", "twosteps"][steps - 1])
    code = code.replace("COLLAPSE", str(collapse).upper())
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, check=True)
    expected = [float(text) for text in done.stdout.split()]
    found = dynamic_panel(SHORT, employment, steps=steps, collapse=collapse, **KEYS)
    assert found.coefficients == pytest.approx(expected[:7], rel=1e-8)
    assert found.std_errors == pytest.approx(expected[7:14], rel=1e-8)
    assert found.statistics["ar1"] == pytest.approx(expected[14], rel=1e-8)
    assert found.statistics["ar2"] == pytest.approx(expected[15], rel=1e-8)
    if steps == 2:
        assert found.statistics["hansen_j"] == pytest.approx(expected[16], rel=1e-8)


# -- known panels


def test_fixed_effects_are_biased_as_nickell_says_and_gmm_is_not() -> None:
    gmm, within, pooled, inside = [], [], [], 0
    for seed in range(60):
        found = dynamic_panel("y ~ lag(y)", made(seed, slope=0.0), **KEYS)
        gmm.append(found.coefficients[0])
        within.append(found.statistics["lag_within"])
        pooled.append(found.statistics["lag_pooled"])
        lower, upper = found.interval()
        inside += int(lower[0] < 0.5 < upper[0])
    # Six rows an entity: -(1 + 0.5)/(6 - 1), to first order; simulations give about -0.27.
    assert np.mean(within) - 0.5 == pytest.approx(-0.30, abs=0.04)
    assert np.mean(pooled) > 0.7
    assert abs(np.mean(gmm) - 0.5) < 0.04
    assert inside >= 53


def test_feedback_needs_instruments_for_the_regressor() -> None:
    known, ignored = [], []
    for seed in range(40):
        frame = made(seed, feedback=0.8)
        known.append(
            dynamic_panel("y ~ lag(y) + x", frame, instruments={"x": (1, None)}, **KEYS)
            .coefficients
        )  # fmt: skip
        ignored.append(dynamic_panel("y ~ lag(y) + x", frame, **KEYS).coefficients)
    assert np.mean(known, axis=0) == pytest.approx([0.5, 1.0], abs=0.05)
    assert abs(np.mean(ignored, axis=0) - [0.5, 1.0]).max() > 0.1


def test_the_tests_hold_their_level_and_find_serial_correlation() -> None:
    rejected = {"hansen_j": [0, 0], "ar2": [0, 0]}
    for seed in range(60):
        frame = made(seed)
        rng = np.random.default_rng(900 + seed)
        carried = frame.copy()
        noise = rng.normal(size=(150, 8)) * 1.5
        # A moving average in levels makes the second lag an invalid instrument.
        carried["y"] += (noise[:, 1:] + 0.9 * noise[:, :-1]).ravel()
        for at, data in enumerate((frame, carried)):
            statistics = dynamic_panel("y ~ lag(y) + x", data, **KEYS).statistics
            for name, counts in rejected.items():
                counts[at] += int(statistics[f"{name}_p"] < 0.05)
    assert max(sizes[0] for sizes in rejected.values()) <= 8
    assert rejected["ar2"][1] >= 40


def test_errors_of_two_steps_match_the_spread_of_estimates() -> None:
    found = [dynamic_panel("y ~ lag(y) + x", made(s, entities=60), **KEYS) for s in range(120)]
    spread = np.std([one.coefficients for one in found], axis=0)
    told = np.mean([one.std_errors for one in found], axis=0)
    assert told == pytest.approx(spread, rel=0.2)


def test_serial_correlation_of_order_two_is_standard_normal() -> None:
    found = [
        dynamic_panel("y ~ lag(y)", made(s, lag=0.8, slope=0.0, periods=5), **KEYS).statistics
        for s in range(300)
    ]
    m = np.array([one["ar2"] for one in found])
    assert np.std(m) == pytest.approx(1, abs=0.12)


# -- identities


def rows_of(frame: pd.DataFrame, formula: str, **lags: tuple[int, int | None]) -> tuple:
    parsed = parse_formula(formula)
    series = read_series("test", frame, "firm", "year")
    design = build_design(formula.split("|")[0], frame, panel="firm", time="year")
    levels = _instrument_lags(parsed, lags or None)
    rows = _difference(design, series, parsed, levels, collapse=False)
    return rows, np.column_stack([rows.regressors, rows.periods])


def test_exactly_identified_steps_agree_and_solve_the_moments() -> None:
    frame = made(3, periods=3)
    rows, X = rows_of(frame, "y ~ lag(y) + x")
    assert rows.instruments.shape[1] == X.shape[1] == 2
    first = _one_step(rows, X)
    second = _two_step(rows, X, first)
    assert second.coefficients == pytest.approx(first.coefficients, rel=1e-10)
    assert rows.instruments.T @ first.residuals == pytest.approx(np.zeros(2), abs=1e-8)
    assert any("can't be tested" in n for n in dynamic_panel("y ~ lag(y) + x", frame, **KEYS).notes)


def test_instruments_by_hand() -> None:
    frame = pd.DataFrame({"firm": [1] * 5, "year": range(5), "y": [1.0, 2.0, 4.0, 7.0, 11.0]})
    frame = pd.concat([frame, frame.assign(firm=2, y=[3.0, 1.0, 4.0, 1.0, 5.0])])
    rows, _ = rows_of(frame.reset_index(drop=True), "y ~ lag(y)")
    expected = [
        [1, 0, 0, 0, 0, 0], [0, 2, 0, 1, 0, 0], [0, 0, 4, 0, 2, 1],
        [3, 0, 0, 0, 0, 0], [0, 1, 0, 3, 0, 0], [0, 0, 4, 0, 1, 3],
    ]  # fmt: skip
    assert sorted(rows.instruments.T.tolist()) == sorted(np.array(expected, float).T.tolist())
    assert rows.outcome.tolist() == [2.0, 3.0, 4.0, 3.0, -3.0, 4.0]


def test_a_gap_is_a_gap_and_order_of_rows_does_not_matter() -> None:
    frame = made(5)
    gone = frame[~((frame["firm"] < 40) & (frame["year"] == 2003))]
    found = dynamic_panel("y ~ lag(y) + x | year", gone, **KEYS)
    # Rows 2003 and 2004 are lost with lags, and 2005 with the difference: of 2002-2006 two stay.
    assert found.n == 110 * 5 + 40 * 2
    shuffled = gone.sample(frac=1, random_state=1)
    again = dynamic_panel("y ~ lag(y) + x | year", shuffled, **KEYS)
    assert again.coefficients == pytest.approx(found.coefficients, rel=1e-9)
    shifted = gone.assign(x=gone["x"] + 10 * gone["firm"])
    moved = dynamic_panel("y ~ lag(y) + x | firm + year", shifted, **KEYS)
    assert moved.coefficients == pytest.approx(found.coefficients, rel=1e-8)


# -- warnings and faults


def test_warnings_are_always_there() -> None:
    notes = dynamic_panel("y ~ lag(y) + x", made(1), **KEYS).notes
    assert any(note.startswith("Nickell bias") for note in notes)
    assert any("16 instruments for 150 entities" in note for note in notes)
    many = dynamic_panel("y ~ lag(y) + x", made(1, entities=12), **KEYS).notes
    assert any("too many" in note for note in many)
    few = dynamic_panel("y ~ lag(y) + x", made(1, entities=12), collapse=True, **KEYS)
    assert few.statistics["instruments"] == 6
    random_walk = dynamic_panel("y ~ lag(y)", made(2, lag=0.97, slope=0.0, entities=600), **KEYS)
    assert any("random walk" in n or "outside" in n for n in random_walk.notes)


def test_faults_are_named() -> None:
    frame = made(1, entities=30)
    with pytest.raises(UsageError, match="no lag of the outcome"):
        dynamic_panel("y ~ x + lag(x)", frame, **KEYS)
    with pytest.raises(UsageError, match="without entity or time"):
        dynamic_panel("y ~ lag(y)", frame)
    with pytest.raises(UsageError, match="differenced away"):
        dynamic_panel("y ~ lag(y) | x", frame, **KEYS)
    with pytest.raises(UsageError, match="instruments of y"):
        dynamic_panel("y ~ lag(y)", frame, instruments={"y": (1, None)}, **KEYS)
    with pytest.raises(UsageError, match="1 or 2"):
        dynamic_panel("y ~ lag(y)", frame, steps=3, **KEYS)
    with pytest.raises(UsageError, match="i\\(\\) of an instrumented"):
        dynamic_panel("y ~ lag(y) + i(year, x)", frame, instruments={"x": (1, 2)}, **KEYS)
    with pytest.raises(ValueFault, match="w = 2 × x"):
        dynamic_panel("y ~ lag(y) + x + w", frame.assign(w=2 * frame["x"] + 1), **KEYS)
    with pytest.raises(ValueFault, match="z, zero in every row"):
        dynamic_panel("y ~ lag(y) + z", frame.assign(z=frame["firm"]), **KEYS)
    with pytest.raises(ValueFault, match="no two rows"):
        dynamic_panel("y ~ lag(y)", frame[frame["year"] < 2002], **KEYS)
    with pytest.raises(LabelError, match="0 twice in 2000"):
        dynamic_panel("y ~ lag(y)", pd.concat([frame, frame.iloc[:1]]), **KEYS)
    with pytest.raises(UsageError, match="instruments for 2"):
        dynamic_panel("y ~ lag(y) + lag(y, 2)", frame[frame["year"] < 2004], **KEYS,
                      instruments={"y": (2, 2)})  # fmt: skip
