"""Corrections for many tests: against statsmodels, their order, and how often they err."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from servio import explain
from servio.errors import LabelError, UsageError, ValueFault

CLOSED = {"holm": "holm", "bh": "fdr_bh", "bonferroni": "bonferroni"}


def p_values(seed: int, count: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    drawn = rng.uniform(size=count) ** 3
    drawn[: count // 3] = np.round(drawn[: count // 3], 1)
    return {f"h{j}": float(p) for j, p in enumerate(drawn)}


@pytest.mark.parametrize("method", CLOSED)
@pytest.mark.parametrize("seed", range(5))
def test_closed_forms_are_those_of_statsmodels(method: str, seed: int) -> None:
    multitest = pytest.importorskip(
        "statsmodels.stats.multitest", reason="the extra econ is not installed"
    )
    tests = p_values(seed, 9)
    found = explain.adjust(tests, method=method)
    other = multitest.multipletests(list(tests.values()), method=CLOSED[method])[1]
    np.testing.assert_allclose(found["adjusted"], other, rtol=1e-13)
    assert found["hypothesis"].tolist() == list(tests)


@pytest.mark.parametrize("method", CLOSED)
@pytest.mark.parametrize("seed", range(20))
def test_adjusted_values_are_never_below_and_keep_the_order(method: str, seed: int) -> None:
    found = explain.adjust(p_values(seed, 12), method=method).sort_values("p", kind="stable")
    assert (found["adjusted"] >= found["p"]).all() and (found["adjusted"] <= 1).all()
    assert (np.diff(found["adjusted"]) >= 0).all()
    assert explain.adjust({"only": 0.04}, method=method)["adjusted"].tolist() == [0.04]


def world(
    seed: int, outcomes: int = 5, clusters: int = 12, common: float = 0.0, effect: float = 0.0
) -> tuple[pd.DataFrame, list[explain.Estimate]]:
    """Outcomes with errors that are alike inside clusters, and across outcomes by `common`."""
    rng = np.random.default_rng(seed)
    c = np.repeat(np.arange(clusters), 5)
    frame = pd.DataFrame({"country": c})
    frame["x"] = rng.standard_normal(clusters)[c] + rng.standard_normal(len(c))
    shared = rng.standard_normal(clusters)[c] + rng.standard_normal(len(c))
    fits = []
    for j in range(outcomes):
        own = rng.standard_normal(clusters)[c] + rng.standard_normal(len(c))
        frame[f"y{j}"] = effect * frame["x"] + np.sqrt(common) * shared + np.sqrt(1 - common) * own
        fits.append(explain.estimate(f"y{j} ~ x", frame, vcov={"cluster": "country"}, name=f"m{j}"))
    return frame, fits


def test_stepwise_values_are_those_of_the_loops() -> None:
    frame, fits = world(1, outcomes=3, effect=0.4)
    frame = frame.query("country < 8")
    fits = [explain.estimate(f.formula, frame, vcov=f_vcov(), name=f.name) for f in fits]
    found = explain.adjust(
        fits, "x", method="romano_wolf", data=frame, cluster="country", kind="rademacher"
    )
    observed = [abs(fit.t_values[1]) for fit in fits]
    draws = np.array([[1.0 if k >> g & 1 else -1.0 for g in range(8)] for k in range(256)])
    codes = frame["country"].to_numpy()
    X = np.column_stack([np.ones(len(frame)), frame["x"]])
    bread = np.linalg.inv(X.T @ X)
    drawn = np.empty((256, 3))
    for j in range(3):
        y = frame[f"y{j}"].to_numpy()
        for k, v in enumerate(draws):
            outcome = y.mean() + v[codes] * (y - y.mean())
            b = bread @ X.T @ outcome
            e = outcome - X @ b
            scores = np.array([X[codes == g].T @ e[codes == g] for g in range(8)])
            V = bread @ scores.T @ scores @ bread * (39 / 38) * (8 / 7)
            drawn[k, j] = abs(b[1]) / math.sqrt(V[1, 1])
    left, last, wanted = [0, 1, 2], 0.0, {}
    while left:
        best = max(left, key=lambda j: observed[j])
        share = np.mean(drawn[:, left].max(axis=1) >= observed[best] * (1 - 1e-9))
        last = max(last, float(share))
        wanted[best] = last
        left.remove(best)
    np.testing.assert_allclose(found["adjusted"], [wanted[j] for j in range(3)], atol=1e-12)
    assert (found["adjusted"] >= found["p"]).all()


def f_vcov() -> dict[str, str]:
    return {"cluster": "country"}


def test_one_hypothesis_has_the_p_value_of_the_bootstrap() -> None:
    frame, fits = world(2, effect=0.3)
    found = explain.adjust(
        fits[0], "x", method="romano_wolf", data=frame, cluster="country", draws=999
    )
    alone = explain.wild_bootstrap("y0 ~ x", frame, "x", cluster="country", draws=999)
    assert found["p"].tolist() == found["adjusted"].tolist() == [alone.p]


def test_any_false_rejection_is_as_rare_as_said() -> None:
    raw = adjusted = 0
    for seed in range(150):
        frame, fits = world(seed)
        found = explain.adjust(
            fits, "x", method="romano_wolf", data=frame, cluster="country", draws=199, seed=seed
        )
        raw += (found["p"] <= 0.05).any()
        adjusted += (found["adjusted"] <= 0.05).any()
    assert raw / 150 > 0.12
    assert adjusted / 150 < 0.10


def test_tests_that_move_together_cost_less_than_holm() -> None:
    frame, fits = world(3, common=0.98, effect=0.6)
    found = explain.adjust(fits, "x", method="romano_wolf", data=frame, cluster="country")
    holm = explain.adjust(dict(zip(found["name"], found["p"], strict=True)))
    assert found["adjusted"].max() < holm["adjusted"].max()


def test_samples_may_differ_and_share_the_draws_of_clusters() -> None:
    frame, fits = world(4, outcomes=2, effect=0.3)
    part = frame.assign(y1=frame["y1"].where(frame["country"] != 3))
    fits[1] = explain.estimate("y1 ~ x", part, vcov={"cluster": "country"}, name="m1")
    found = explain.adjust(
        fits, method="romano_wolf", data=part, cluster="country", draws=999, seed=5
    )
    again = explain.adjust(
        fits, method="romano_wolf", data=part, cluster="country", draws=999, seed=5
    )
    pd.testing.assert_frame_equal(found, again)
    assert found["term"].tolist() == ["x", "x"]


def test_faults_are_named() -> None:
    frame, fits = world(5, outcomes=2)
    with pytest.raises(UsageError, match="romano_wolf"):
        explain.adjust({"a": 0.1}, method="sidak")
    with pytest.raises(ValueFault, match="p value of nan"):
        explain.adjust({"a": 0.1, "b": float("nan")})
    with pytest.raises(UsageError, match="no hypothesis"):
        explain.adjust({})
    with pytest.raises(UsageError, match="p values"):
        explain.adjust({"a": 0.1}, method="romano_wolf")
    with pytest.raises(UsageError, match="two estimates named m0"):
        explain.adjust([fits[0], fits[0]])
    with pytest.raises(LabelError, match="z"):
        explain.adjust(fits, "z")
    with pytest.raises(UsageError, match="no cluster"):
        explain.adjust(fits, method="romano_wolf", data=frame)
    with pytest.raises(ValueFault, match="do not give back"):
        explain.adjust(
            fits, method="romano_wolf", data=frame, cluster="country", where="country > 2"
        )
