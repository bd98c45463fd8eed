from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from servio.errors import InputError, LabelError, NumericalError, ValueFault
from servio.simulate import game, replicator

payoffs = arrays(np.float64, (2, 2), elements=st.integers(-5, 5).map(float))


def test_published_paths(shared: Path) -> None:
    check = json.loads((shared / "checks" / "23_replicator_asymmetric.json").read_text())
    given, expected = check["inputs"], check["expected"]
    t = np.linspace(0, 10, 1000)
    one = game(given["A"], given["B"])
    end = one.trajectory(given["x0"], given["y0"], t).states[-1]
    np.testing.assert_allclose(end[:2], expected["x_at_10"], atol=1e-5)
    # The published share is 6 % off: an integrator's tolerance (tight value by log-odds).
    assert abs(end[2] / expected["y1_at_10"] - 1) < 0.07
    alt = one.trajectory(given["alt"]["x0"], given["alt"]["y0"], t).states[-1]
    np.testing.assert_allclose(alt[:2], expected["alt"]["x_at_10"], atol=1e-5)
    symmetric = given["symmetric"]
    states = replicator(symmetric["A"], symmetric["y0"], t).states
    for place, name in ((0, "first"), (1, "second"), (2, "third"), (-1, "last")):
        np.testing.assert_allclose(states[place], expected["symmetric"][name], atol=1e-6)


def test_a_dominant_strategy_follows_the_logistic_curve() -> None:
    t = np.linspace(0, 30, 31)
    path = game([[2, 2], [1, 1]], [[1, 4], [1, 4]]).trajectory([0.01, 0.99], [0.6, 0.4], t)
    odds = np.exp(t) * 0.01 / 0.99
    np.testing.assert_allclose(path.states[:, 0], odds / (1 + odds), rtol=1e-10)
    np.testing.assert_allclose(path.states[:, 2], 1 / (1 + 0.4 / 0.6 * np.exp(3 * t)), rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(payoffs, payoffs, st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_shares_add_up_and_the_integral_stays(
    A: np.ndarray, B: np.ndarray, x: float, y: float
) -> None:
    path = game(A, B).trajectory([x, 1 - x], [y, 1 - y], np.linspace(0, 5, 6))
    np.testing.assert_allclose(path.states[:, :2].sum(axis=1), 1, atol=1e-14)
    np.testing.assert_allclose(path.states[:, 2:].sum(axis=1), 1, atol=1e-14)
    assert (path.states >= 0).all()
    assert path.conserved["integral of motion"] < 1e-9


@settings(max_examples=40, deadline=None)
@example(np.array([[0.0, 1.0], [0.0, 3.0]]), np.array([[0.0, 0.0], [1.0, 3.0]]))
@given(payoffs, payoffs)
def test_ess_are_the_strict_equilibria_and_no_mixed_point_is_one(
    A: np.ndarray, B: np.ndarray
) -> None:
    found = game(A, B)
    strict = {
        (i, j) for i in range(2) for j in range(2)
        if A[i, j] > A[1 - i, j] and B[i, j] > B[i, 1 - j]
    }  # fmt: skip
    assert {(int(a) - 1, int(b) - 1) for a, b in found.stable()} == strict
    for point in found.rest_points():
        if point.interior:
            assert point.kind in ("saddle", "centre")
            gain, other = A @ point.second, point.first @ B
            assert gain[0] == pytest.approx(gain[1], abs=1e-10)
            assert other[0] == pytest.approx(other[1], abs=1e-10)


def test_matching_pennies_is_a_centre_and_coordination_a_saddle() -> None:
    pennies = np.array([[1, -1], [-1, 1]])
    inner = game(pennies, -pennies).rest_points()[-1]
    assert (inner.kind, inner.first.tolist()) == ("centre", [0.5, 0.5])
    np.testing.assert_allclose(inner.eigenvalues, [1j, -1j], atol=1e-12)
    inner = game(pennies, pennies).rest_points()[-1]
    np.testing.assert_allclose(inner.eigenvalues, [1, -1], atol=1e-12)
    assert inner.kind == "saddle"


def test_eigenvalues_of_a_corner_are_payoff_differences() -> None:
    A, B = (
        np.array([[5.0, 1, 0], [2, 2, 2], [4, 0, 9]]),
        np.array([[7.0, 2, 3], [1, 4, 1], [0, 0, 6]]),
    )
    corner = game(A, B).rest_points()[0]
    assert (corner.first[0], corner.second[0]) == (1, 1)
    expected = sorted([2 - 5, 4 - 5, 2 - 7, 3 - 7], reverse=True)
    np.testing.assert_allclose(corner.eigenvalues.real, expected, atol=1e-12)


def test_outsourcing_is_stable_where_the_conditions_hold() -> None:
    # Outsourcing pays if theta S + C_s > t, honesty if m F + Dp + R + (1 - theta) I > g.
    def stable(g: float) -> list[tuple[str, str]]:
        theta, S, saving, t, fine, deposit, reputation, gain, loss = 0.5, 4, 2, 1, 1, 1, 0.5, 2, 3
        A = [[theta * S + saving - t, saving - t - loss], [0, 0]]
        B = [[(1 - theta) * gain + reputation, g - fine - deposit], [0, 0]]
        return game(A, B, strategies=(("outsource", "own"), ("honest", "opportunist"))).stable()

    assert stable(3.4) == [("outsource", "honest")]
    assert stable(3.6) == []


def test_an_unplayed_strategy_stays_unplayed_and_zero() -> None:
    path = replicator([[0, 5, 0], [1, 0, 0], [9, 9, 9]], [0.5, 0.5, 0.0], [0, 1, 100])
    assert path.states[:, 2].tolist() == [0, 0, 0]
    assert path.states[-1, 0] == pytest.approx(5 / 6, rel=1e-9)


def test_adding_to_columns_of_payoffs_changes_nothing() -> None:
    A, B = np.array([[3.0, 0], [1, 2]]), np.array([[1.0, 2], [4, 0]])
    t = np.linspace(0, 8, 9)
    plain = game(A, B).trajectory([0.3, 0.7], [0.6, 0.4], t).states
    moved = (
        game(A + np.array([10, -7]), B + np.array([[5], [2]]))
        .trajectory([0.3, 0.7], [0.6, 0.4], t)
        .states
    )
    np.testing.assert_allclose(moved, plain, atol=1e-9)


def test_points_outside_the_simplex_are_refused() -> None:
    one = game([[1, 2], [3, 4]], [[1, 2], [3, 4]], players=("maker", "provider"))
    for bad in ([0.5, 0.6], [-0.1, 1.1], [50, 50], [np.nan, 1.0], [1.0]):
        with pytest.raises(ValueFault, match="shares of provider"):
            one.trajectory([0.5, 0.5], bad, [0, 1])
    with pytest.raises(ValueFault, match="add up to 1"):
        replicator([[1, 2], [3, 4]], [0.2, 0.2], [0, 1])


def test_games_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        game([[1, 2]], [[1, 2]])
    with pytest.raises(ValueFault, match="payoff"):
        game([[1, np.inf], [1, 2]], [[1, 2], [1, 2]])
    with pytest.raises(LabelError, match="different names"):
        game([[1, 2], [1, 2]], [[1, 2], [1, 2]], strategies=(("a", "a"), ("b", "c")))
    with pytest.raises(InputError, match="square"):
        replicator([[1, 2, 3], [1, 2, 3]], [0.5, 0.5], [0, 1])


def test_payoffs_that_are_text_are_named() -> None:
    with pytest.raises(ValueFault, match=r"payoffs.*'a'"):
        game([["a", 1], [1, 2]], [[1, 2], [3, 4]])  # type: ignore[list-item]


def test_payoffs_too_large_to_follow_are_named_with_their_strategy() -> None:
    huge = [[1e300, 1], [4, 4]]
    with pytest.raises(NumericalError, match="game, payoffs: provider: cheap at t = "):
        game([[6, 1], [4, 4]], [[5, 1e300], [0, 0]], players=("maker", "provider"),
             strategies=(["buy", "own"], ["fair", "cheap"])).trajectory(
                 [0.5, 0.5], [0.9, 0.1], range(9))  # fmt: skip
    with pytest.raises(NumericalError, match="replicator, payoffs: own at t = "):
        replicator(huge, [0.9, 0.1], range(9), strategies=("buy", "own"))
    with pytest.raises(NumericalError, match="payoffs: c at t = "):
        replicator([[0, 0, 0], [0, 1, 2], [0, 3, 1e300]], [0.0, 0.6, 0.4], range(9),
                   strategies=("a", "b", "c"))  # fmt: skip
