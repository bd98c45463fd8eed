"""Random effects and Hausman: published numbers, a second implementation, identities, faults."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servio.errors import UsageError, ValueFault
from servio.explain import Estimate, estimate, hausman, mundlak, random_effects
from servio.explain.variance_components import _components


def made(
    seed: int, *, entities: int = 60, periods: int = 6, tied: float = 0.0, gaps: bool = False
) -> pd.DataFrame:
    """y = 1 + x - 0.5 z + effect + noise; `tied` is how much x goes with the effect."""
    rng = np.random.default_rng(seed)
    firm = np.repeat(np.arange(entities), periods)
    effect = 2 * rng.normal(size=entities)[firm]
    frame = pd.DataFrame({"firm": firm, "year": np.tile(np.arange(periods), entities)})
    frame["x"] = rng.normal(size=len(firm)) + tied * effect
    frame["z"] = rng.normal(size=entities)[firm]
    frame["y"] = 1 + frame["x"] - 0.5 * frame["z"] + effect + rng.normal(size=len(firm))
    return frame[rng.random(len(firm)) > 0.25] if gaps else frame


# -- published numbers


@pytest.fixture
def published(shared: Path) -> dict[str, dict[str, list[float]]]:
    text = (shared / "checks" / "27_panel_grunfeld_produc.json").read_text()
    expected: dict[str, dict[str, list[float]]] = json.loads(text)["expected"]
    return expected


def holds(found: Estimate, expected: dict[str, list[float]], names: dict[str, str]) -> None:
    for label, term in names.items():
        at = found.position(term)
        pair = expected[label] if isinstance(expected[label], list) else [expected[label]]
        values = [found.coefficients[at], found.std_errors[at]][: len(pair)]
        # Printed to seven or eight decimals, or to seven digits.
        assert values == pytest.approx(pair, rel=1e-6, abs=6e-9)


def test_grunfeld_to_the_printed_digits(
    shared: Path, published: dict[str, dict[str, list[float]]]
) -> None:
    grunfeld = pd.read_csv(shared / "checks" / "data" / "plm_grunfeld.csv")
    random = random_effects("inv ~ value + capital", grunfeld, panel="firm", time="year")
    expected = published["grunfeld_random"]
    names = {"intercept": "(Intercept)", "value": "value", "capital": "capital"}
    holds(random, expected, names)
    assert random.statistics["theta"] == pytest.approx(expected["theta"], abs=5e-6)
    for name in ("sigma2_idios", "sigma2_indiv"):
        assert random.statistics[name] == pytest.approx(expected[name], rel=2e-7)
    pytest.importorskip("pyfixest", reason="fixed effects need the extra econ")
    fixed = estimate("inv ~ value + capital | firm", grunfeld, vcov="iid")
    holds(fixed, published["grunfeld_within"], {"value": "value", "capital": "capital"})
    both = estimate("inv ~ value + capital | firm + year", grunfeld, vcov="iid")
    holds(both, published["grunfeld_twoways"], {"value": "value", "capital": "capital"})
    test = hausman(fixed, random)
    assert test.statistic == pytest.approx(published["hausman"]["chisq"], abs=5e-6)
    assert test.df == (published["hausman"]["df"],)
    assert test.p_value == pytest.approx(published["hausman"]["p"], abs=5e-6)


def test_produc_to_the_printed_digits(
    shared: Path, published: dict[str, dict[str, list[float]]]
) -> None:
    produc = pd.read_csv(shared / "checks" / "data" / "plm_produc.csv")
    formula = "log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp"
    random = random_effects(formula, produc, panel="state", time="year")
    names = {f"log_{x}": f"log({x})" for x in ("pcap", "pc", "emp")} | {"unemp": "unemp"}
    holds(random, published["produc_random"], names | {"intercept": "(Intercept)"})
    pytest.importorskip("pyfixest", reason="fixed effects need the extra econ")
    fixed = estimate(f"{formula} | state", produc, vcov="iid")
    holds(fixed, published["produc_within"], names)


# -- a second implementation


@pytest.mark.parametrize("gaps", [False, True])
def test_linearmodels_gives_the_same(gaps: bool) -> None:
    panel = pytest.importorskip("linearmodels.panel", reason="needs the extra econ")
    frame = made(1, gaps=gaps)
    found = random_effects("y ~ x + z", frame, panel="firm", time="year")
    indexed = frame.set_index(["firm", "year"]).assign(const=1.0)
    other = panel.RandomEffects(indexed["y"], indexed[["const", "x", "z"]]).fit(small_sample=True)
    parts = other.variance_decomposition
    assert found.coefficients == pytest.approx(other.params.to_numpy(), rel=1e-9)
    # Its degrees of freedom within count z, which does not vary there: errors differ by a hair.
    assert found.std_errors == pytest.approx(other.std_errors.to_numpy(), rel=1e-9)
    assert found.statistics["sigma2_indiv"] == pytest.approx(parts["Effects"], rel=1e-9)


# -- identities


def test_between_zero_and_one_lie_least_squares_and_within() -> None:
    pytest.importorskip("pyfixest", reason="fixed effects need the extra econ")
    frame = made(2)
    effect = np.random.default_rng(3).normal(size=60)[frame["firm"]]
    huge = frame.assign(y=frame["y"] + 1e5 * effect)
    random = random_effects("y ~ x", huge, panel="firm", time="year")
    within = estimate("y ~ x | firm", huge, vcov="iid")
    assert random.combination({"x": 1})[0] == pytest.approx(within.coefficients[0], abs=1e-4)
    rng = np.random.default_rng(4)
    none = frame.assign(y=frame["x"] + rng.normal(size=len(frame)))
    none["y"] -= none.groupby("firm")["y"].transform("mean") - none.groupby("firm")["x"].transform(
        "mean"
    )
    pooled = random_effects("y ~ x", none, panel="firm", time="year")
    assert pooled.statistics["theta"] == 0
    assert any("below zero" in note for note in pooled.notes)
    assert pooled.coefficients == pytest.approx(estimate("y ~ x", none).coefficients, rel=1e-10)


def test_indicators_of_years_leave_the_regression_of_means_alone() -> None:
    linear = pytest.importorskip("linearmodels.panel", reason="needs the extra econ")
    frame = made(1)
    found = random_effects("y ~ x + z + i(year)", frame, panel="firm", time="year")
    years = pd.get_dummies(frame["year"], prefix="year:", drop_first=True, dtype=float)
    columns = frame.assign(const=1.0)[["firm", "year", "const", "x", "z"]].join(years)
    other = linear.RandomEffects(
        frame.set_index(["firm", "year"])["y"], columns.set_index(["firm", "year"])
    ).fit()
    assert found.coefficients == pytest.approx(other.params.to_numpy(), rel=1e-9)
    assert found.statistics["theta"] == pytest.approx(float(other.theta.iloc[0, 0]), rel=1e-9)
    # Means of gone rows tell years apart: then they stay.
    few = random_effects("y ~ x + z + i(year)", made(1, gaps=True), panel="firm", time="year")
    assert few.statistics["sigma2_indiv"] > 0
    centred = frame.assign(x=frame["x"] - frame.groupby("firm")["x"].transform("mean"))
    assert np.isfinite(random_effects("y ~ x + z", centred, panel="firm", time="year").coefficients
                       ).all()  # fmt: skip


def test_variances_are_unbiased_in_unbalanced_panels() -> None:
    found = []
    for seed in range(150):
        frame = made(seed, entities=25, gaps=True)
        ids = np.unique(frame["firm"], return_inverse=True)[1]
        X = np.column_stack([np.ones(len(frame)), frame[["x", "z"]]])
        parts = _components("test", X, frame["y"].to_numpy(), ids)
        found.append((parts.idiosyncratic, parts.individual))
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(len(found))
    assert np.abs(mean - [1, 4]) == pytest.approx([0, 0], abs=3 * error.max())
    assert (np.abs(mean - [1, 4]) < 3 * error).all()


def test_intervals_hold_the_truth_at_their_level() -> None:
    inside = 0
    for seed in range(200):
        found = random_effects("y ~ x + z", made(seed, entities=30), panel="firm", time="year")
        lower, upper = found.interval()
        inside += int(lower[1] < 1 < upper[1])
    assert 181 <= inside <= 198


def test_tests_find_effects_that_go_with_a_regressor_and_no_others() -> None:
    pytest.importorskip("pyfixest", reason="fixed effects need the extra econ")
    rejected = {"hausman": [0, 0], "mundlak": [0, 0]}
    for seed in range(100):
        for at, tied in enumerate((0.0, 0.3)):
            frame = made(seed, tied=tied)
            random = random_effects("y ~ x", frame, panel="firm", time="year")
            fixed = estimate("y ~ x | firm", frame, vcov="iid")
            rejected["hausman"][at] += hausman(fixed, random).p_value < 0.05
            rejected["mundlak"][at] += mundlak("y ~ x", frame, panel="firm").p_value < 0.05
    # Hausman's own form rejects too often where theta is large; its docstring says so.
    assert rejected["hausman"][0] <= 20
    assert rejected["mundlak"][0] <= 11
    assert min(power for _, power in rejected.values()) >= 95


def test_mundlak_is_within_in_a_balanced_panel_and_hausman_with_one_variance() -> None:
    """With one regressor both tests compare within with between: the same t but for s2."""
    pytest.importorskip("pyfixest", reason="fixed effects need the extra econ")
    frame = made(8, tied=0.3)
    random = random_effects("y ~ x", frame, panel="firm", time="year")
    fixed = estimate("y ~ x | firm", frame, vcov="iid")
    classic = hausman(fixed, random)
    assert "error variance of random effects" in classic.notes[-1]
    means = frame.assign(m=frame.groupby("firm")["x"].transform("mean"))
    auxiliary = random_effects("y ~ x + m", means, panel="firm", time="year")
    assert auxiliary.coefficients[1] == pytest.approx(fixed.coefficients[0], rel=1e-10)
    # The regression on the same transformed rows: Wald times s2, before and after adding means.
    theta = random.statistics["theta"]
    by = frame.groupby("firm")
    x, y = (frame[c] - theta * by[c].transform("mean") for c in ("x", "y"))
    plain = np.column_stack([np.full(len(x), 1 - theta), x])
    rss = [np.linalg.lstsq(X, y, rcond=None)[1][0]
           for X in (plain, np.column_stack([plain, means["m"]]))]  # fmt: skip
    expected = (rss[0] - rss[1]) / (rss[0] / (len(frame) - 2))
    assert classic.statistic == pytest.approx(expected, rel=1e-9)


def test_indicators_of_years_and_age_beside_year() -> None:
    """More parameters than entities, which share the years; age and year are alike within."""
    frame = made(6, entities=5, periods=8)
    found = random_effects("y ~ x + i(year)", frame, panel="firm", time="year")
    assert found.statistics["sigma2_idios"] > 0
    older = made(7).assign(age=lambda f: f["year"] + f["firm"] % 9)
    both = random_effects("y ~ x + age + year", older, panel="firm", time="year")
    alone = random_effects("y ~ x + year", older, panel="firm", time="year")
    assert both.statistics["sigma2_idios"] == pytest.approx(
        alone.statistics["sigma2_idios"], rel=1e-9
    )


# -- faults


def test_a_difference_that_is_no_covariance_is_said() -> None:
    def made_up(method: str, variance: float) -> Estimate:
        return Estimate("e", "y ~ x", method, ("x",), np.array([1.0]), np.array([[variance]]),
                        "iid", df=10.0, n=20, statistics={"sigma": 1.0})  # fmt: skip

    found = hausman(made_up("within (firm)", 0.04), made_up("random effects", 0.05))
    assert np.isnan(found.statistic)
    assert np.isnan(found.p_value)
    assert "not positive definite" in found.notes[0]


def test_faults_are_named() -> None:
    pytest.importorskip("pyfixest", reason="fixed effects need the extra econ")
    frame = made(5)
    with pytest.raises(UsageError, match="fixed effects or instruments"):
        random_effects("y ~ x | firm", frame, panel="firm")
    with pytest.raises(UsageError, match="an intercept"):
        random_effects("y ~ x - 1", frame, panel="firm")
    with pytest.raises(UsageError, match="no entity"):
        random_effects("y ~ x", frame)
    with pytest.raises(UsageError, match="HC3"):
        random_effects("y ~ x", frame, panel="firm", vcov="HC3")
    with pytest.raises(ValueFault, match="w = 2 × x"):
        random_effects("y ~ x + w", frame.assign(w=2 * frame["x"]), panel="firm")
    with pytest.raises(ValueFault, match="3 entities for 3 parameters"):
        random_effects("y ~ x + z", frame[frame["firm"] < 3], panel="firm")
    with pytest.raises(ValueFault, match="perfect fit"):
        random_effects("y ~ x", frame.assign(y=3 * frame["x"] + frame["firm"]), panel="firm")
    with pytest.raises(UsageError, match="varies within and between"):
        mundlak("y ~ z", frame, panel="firm")
    random = random_effects("y ~ x", frame, panel="firm")
    fixed = estimate("y ~ x | firm", frame, vcov="iid")
    with pytest.raises(UsageError, match="in this order"):
        hausman(random, fixed)
    with pytest.raises(UsageError, match="efficient"):
        hausman(estimate("y ~ x | firm", frame), random)
    with pytest.raises(UsageError, match="300 and 360 rows"):
        hausman(estimate("y ~ x | firm", frame, vcov="iid", where="year > 0"), random)
