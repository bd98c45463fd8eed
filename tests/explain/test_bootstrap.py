"""Wild cluster bootstrap: against loops, its size, its interval, and what it refuses."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from servio import explain
from servio.errors import LabelError, UsageError, ValueFault
from servio.explain._wild import draw_chunks

pytest.importorskip("pyfixest", reason="the extra econ is not installed")


def world(clusters: int = 8, rows: int = 10, seed: int = 0, effect: float = 0.0) -> pd.DataFrame:
    """A term and errors that are alike inside clusters."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"country": np.repeat(np.arange(clusters), rows), "year": np.tile(range(rows), clusters)}
    )
    n = len(frame)
    frame["x"] = rng.standard_normal(clusters)[frame["country"]] + rng.standard_normal(n) / 2
    frame["z"] = rng.standard_normal(n)
    errors = rng.standard_normal(clusters)[frame["country"]] + rng.standard_normal(n)
    frame["y"] = effect * frame["x"] + errors
    frame["w"] = rng.uniform(0.5, 2, n)
    return frame


def by_loops(
    frame: pd.DataFrame, c: float, V: npt.NDArray[np.float64], *, restricted: bool = True
) -> float:
    """Share of |t*| that reach |t|: outcomes made and regressed again, one draw at a time."""
    roots = np.sqrt(frame["w"].to_numpy())
    years = pd.get_dummies(frame["year"]).to_numpy(float)
    X = np.column_stack([frame["x"], frame["z"], years]) * roots[:, None]
    y = frame["y"].to_numpy() * roots
    codes = frame["country"].to_numpy()
    if restricted:
        b = np.r_[c, np.linalg.lstsq(X[:, 1:], y - c * X[:, 0], rcond=None)[0]]
    else:
        b = np.linalg.lstsq(X, y, rcond=None)[0]
    fitted, left = X @ b, y - X @ b
    bread = np.linalg.inv(X.T @ X)

    def t(outcome: npt.NDArray[np.float64], null: float) -> float:
        found = bread @ X.T @ outcome
        e = outcome - X @ found
        scores = np.array([X[codes == g].T @ e[codes == g] for g in range(codes.max() + 1)])
        return float((found[0] - null) / np.sqrt((bread @ scores.T @ scores @ bread)[0, 0]))

    observed = abs(t(y, c))
    drawn = [abs(t(fitted + v[codes] * left, b[0])) for v in V]
    return float(np.mean(np.array(drawn) >= observed * (1 - 1e-9)))


@pytest.mark.parametrize("restricted", [True, False])
def test_p_is_that_of_outcomes_drawn_one_by_one(restricted: bool) -> None:
    frame = world(effect=0.3)
    found = explain.wild_bootstrap(
        "y ~ x + z | year", frame, "x", cluster="country", kind="rademacher",
        impose_null=restricted, weights="w",
    )  # fmt: skip
    (V,) = draw_chunks("rademacher", 8, 256, 0)
    assert found.draws == 256
    assert found.p == by_loops(frame, 0.0, V, restricted=restricted)


def test_t_is_that_of_the_regression_and_the_cluster_may_hold_the_fixed_effects() -> None:
    frame = world(effect=0.3)
    frame["unit"] = frame["country"] * 2 + frame["year"] % 2
    fit = explain.estimate("y ~ x + z | unit + year", frame, vcov={"cluster": "country"})
    found = explain.wild_bootstrap(
        "y ~ x + z | unit + year", frame, "x", cluster="country", draws=999
    )
    np.testing.assert_allclose(found.t, fit.t_values[0], rtol=1e-10)
    np.testing.assert_allclose(found.std_error, fit.std_errors[0], rtol=1e-10)
    assert found.n == 80 and found.clusters == 8


def test_the_ends_of_the_interval_are_where_the_test_begins_to_reject() -> None:
    frame = world(effect=0.3)
    found = explain.wild_bootstrap(
        "y ~ x + z | year", frame, "x", cluster="country", kind="rademacher", weights="w"
    )
    (V,) = draw_chunks("rademacher", 8, 256, 0)
    for end, side in ((found.lower, -1), (found.upper, 1)):
        step = side * 1e-5 * found.std_error
        assert by_loops(frame, end + step, V) <= 0.05 < by_loops(frame, end - step, V)


def test_a_test_of_five_percent_rejects_so_often_with_eight_clusters() -> None:
    plain = wild = 0
    for seed in range(200):
        frame = world(seed=seed)
        fit = explain.estimate("y ~ x", frame, vcov={"cluster": "country"})
        plain += fit.p_values[1] <= 0.05
        found = explain.wild_bootstrap(
            "y ~ x", frame, "x", cluster="country", kind="rademacher", draws=256
        )
        wild += found.p <= 0.05
    assert plain / 200 > 0.09
    assert 0.015 < wild / 200 < 0.085


def test_it_is_repeatable_and_seeds_differ() -> None:
    frame = world(effect=0.3)
    found = [
        explain.wild_bootstrap("y ~ x", frame, "x", cluster="country", draws=999, seed=seed)
        for seed in (1, 1, 2)
    ]
    assert found[0] == found[1] != found[2]
    assert found[0].p == pytest.approx(found[2].p, abs=0.05)
    assert found[0].to_frame().loc[0, "clusters"] == 8


def test_weights_of_clusters_have_mean_zero_and_variance_one() -> None:
    V = np.concatenate(list(draw_chunks("webb", 5, 40_000, 0)))
    assert V.shape == (40_000, 5)
    np.testing.assert_allclose(V.mean(0), 0, atol=0.02)
    np.testing.assert_allclose((V**2).mean(0), 1, atol=0.02)
    signs = np.concatenate(list(draw_chunks("rademacher", 11, 9999, 0)))
    assert len(np.unique(signs, axis=0)) == 2**11


def test_few_clusters_and_a_term_of_one_cluster_are_named() -> None:
    few = explain.wild_bootstrap(
        "y ~ x", world(clusters=4), "x", cluster="country", kind="rademacher"
    )
    assert any("no p value below 0.125" in note for note in few.notes)
    assert few.p >= 0.125
    assert np.isinf([few.lower, few.upper]).all() and any("unbounded" in n for n in few.notes)
    frame = world().assign(one=lambda f: (f["country"] == 0) * (1.0 + f["year"]))
    alone = explain.wild_bootstrap("y ~ one", frame, "one", cluster="country", draws=999)
    assert any("one country holds" in note for note in alone.notes)


def test_faults_are_named() -> None:
    frame = world().assign(const=1, copy=lambda f: 2 * f["x"])
    with pytest.raises(LabelError, match="nope"):
        explain.wild_bootstrap("y ~ x", frame, "nope", cluster="country")
    with pytest.raises(UsageError, match="one cluster"):
        explain.wild_bootstrap("y ~ x", frame, "x", cluster="const")
    with pytest.raises(UsageError, match="instruments"):
        explain.wild_bootstrap("y ~ 1 | year | x ~ z", frame, "x", cluster="country")
    with pytest.raises(UsageError, match="webb"):
        explain.wild_bootstrap("y ~ x", frame, "x", cluster="country", kind="normal")
    with pytest.raises(UsageError, match="99 to"):
        explain.wild_bootstrap("y ~ x", frame, "x", cluster="country", draws=5)
    with pytest.raises(ValueFault, match="perfect fit"):
        explain.wild_bootstrap("copy ~ x", frame, "x", cluster="country")


@pytest.mark.parametrize("restricted", [True, False])
def test_a_second_implementation_agrees(restricted: bool) -> None:
    second = pytest.importorskip(
        "wildboottest.wildboottest", reason="no second implementation of the wild bootstrap"
    )
    frame = world(effect=0.3)
    X = np.column_stack([np.ones(80), frame["x"], frame["z"]])
    other = second.WildboottestCL(
        X=X, Y=frame["y"].to_numpy(), cluster=frame["country"].to_numpy(),
        R=np.array([0.0, 1.0, 0.0]), B=9999, seed=1, parallel=False,
    )  # fmt: skip
    other.get_scores(bootstrap_type="11", impose_null=restricted, adj=True, cluster_adj=True)
    other.get_weights(weights_type="rademacher")
    for step in (other.get_numer, other.get_denom, other.get_tboot, other.get_vcov):
        step()
    other.get_tstat()
    found = explain.wild_bootstrap(
        "y ~ x + z", frame, "x", cluster="country", kind="rademacher", impose_null=restricted
    )
    np.testing.assert_allclose(abs(float(other.t_stat)), abs(found.t), rtol=1e-10)
    drawn = np.sort(np.abs(np.asarray(other.t_boot).ravel()))
    ours = np.mean(drawn >= abs(found.t) * (1 - 1e-9))
    np.testing.assert_allclose(ours, found.p, atol=1e-12)
