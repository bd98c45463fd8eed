"""Paths against exhaustive search, lengths against power series, fields against new inverses."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from servio import algebra
from servio.errors import NumericalError, UsageError


def rounds(A, power=1, most=3000):
    """sum_k k^power A^k, term by term."""
    total, term = np.zeros_like(A), np.eye(len(A))
    for k in range(1, most):
        term = term @ A
        total += k**power * term
    return total


def test_lengths_are_means_over_rounds(tables):
    for table in (table for table in tables[:80] if table.n <= 12):
        amounts, expected = rounds(table.A, 0), rounds(table.A, 1)
        found = algebra.average_propagation_length(table.leontief)
        reached = amounts > 1e-12
        expected_length = expected[reached] / amounts[reached]
        np.testing.assert_allclose(found[reached], expected_length, rtol=1e-8)
        assert np.isnan(found[amounts == 0]).all()
        S = np.random.default_rng(table.n).random((2, table.n))
        g, h = algebra.propagation_length(table.leontief, S)
        np.testing.assert_allclose(h, S @ amounts, rtol=1e-8, atol=1e-11)
        np.testing.assert_allclose(g, S @ expected, rtol=1e-8, atol=1e-11)


def test_a_chain_of_two_has_length_one():
    # Dietzenbacher, Romero & Bosma (2005): the property of the smallest chain.
    found = algebra.average_propagation_length(algebra.Leontief([[0, 0.7], [0, 0]]))
    assert found[0, 1] == 1.0 and np.isnan(found[[0, 1, 1], [0, 0, 1]]).all()


def all_paths(A, v, y, longest):
    """Every path of up to `longest` links with its value."""
    n, found = len(A), {}
    for length in range(longest + 1):
        for nodes in product(range(n), repeat=length + 1):
            value = y[nodes[0]]
            for user, supplier in pairwise(nodes):
                value *= A[supplier, user]
            found[nodes] = value * v[nodes[-1]]
    return found


@pytest.mark.parametrize("seed", range(6))
def test_paths_of_an_exhaustive_search(seed):
    rng = np.random.default_rng(seed)
    A = rng.random((4, 4)) * 0.28 * (rng.random((4, 4)) < 0.8)
    v, y = rng.uniform(0.1, 1, 4), rng.random(4) * (rng.random(4) < 0.6)
    y[seed % 4] = 1.0
    if seed == 5:
        v[1], A[2, 0] = -0.4, -0.1
    every = all_paths(A, v, y, 6)
    best = sorted(every.values(), key=abs, reverse=True)
    found = algebra.structural_paths(algebra.Leontief(A), v, y, 25)
    assert max(len(nodes) for nodes in found.nodes) < 7
    assert np.abs(found.values) == pytest.approx(np.abs(best[:25]), rel=1e-12)
    for nodes, value in zip(found.nodes, found.values, strict=True):
        assert value == pytest.approx(every[nodes], rel=1e-12)
    total = v @ np.linalg.inv(np.eye(4) - A) @ y
    assert found.total == pytest.approx(total, rel=1e-12)
    assert found.residual == pytest.approx(total - sum(best[:25]), rel=1e-9)
    assert found.largest_missing == pytest.approx(abs(best[25]), rel=1e-12)


def test_all_paths_of_a_finite_chain_leave_nothing():
    found = algebra.structural_paths(algebra.Leontief([[0, 0.5], [0, 0]]), [0.4, 0.5], [0, 2], 9)
    assert found.nodes == ((1,), (1, 0))
    assert found.values == pytest.approx([1.0, 0.4])
    assert found.residual == pytest.approx(0.0) and found.largest_missing == 0.0


def test_small_paths_are_left_out():
    leontief = algebra.Leontief([[0.15, 0.25], [0.2, 0.05]])
    found = algebra.structural_paths(leontief, [0.65, 0.7], [1, 0], 100, least=0.05)
    assert len(found.nodes) == 3 and found.largest_missing < 0.05
    with pytest.raises(UsageError, match="count"):
        algebra.structural_paths(leontief, [0.65, 0.7], [1, 0], 0)


def test_paths_that_never_fade_are_refused():
    leontief = algebra.Leontief([[-1.5, 0.0], [0.0, 0.1]])
    with pytest.raises(NumericalError, match="circle"):
        algebra.structural_paths(leontief, [1.0, 1.0], [1.0, 0.0])


def test_field_of_influence_is_the_change_of_the_inverse(tables):
    for table in (table for table in tables[:80] if 2 <= table.n <= 10):
        live = np.flatnonzero(table.live)
        i, j = live[0], live[-1]
        L = table.leontief.inverse
        changed = table.A.copy()
        changed[i, j] += 0.01
        new = np.linalg.inv(np.eye(table.n) - changed)
        if 0.01 * L[j, i] >= 1:
            continue
        found = algebra.field_of_influence(table.leontief, i, j, 0.01)
        np.testing.assert_allclose(found, new - L, rtol=1e-8, atol=1e-11)
        direct = algebra.field_of_influence(table.leontief, i, j)
        suppliers, users = algebra.influence_norms(table.leontief)
        assert suppliers[i] * users[j] == pytest.approx(np.sqrt((direct**2).sum()))


def test_a_change_without_an_inverse_is_refused():
    leontief = algebra.Leontief([[0.15, 0.25], [0.2, 0.05]])
    limit = 1 / leontief.inverse[1, 0]
    with pytest.raises(NumericalError, match="use up"):
        algebra.field_of_influence(leontief, 0, 1, limit)


def test_layers_grow_to_all_output_and_the_rest_is_known() -> None:
    rng = np.random.default_rng(5)
    A = rng.uniform(0.0, 0.1, (8, 8))
    y = rng.uniform(0.0, 9.0, 8)
    whole = algebra.Leontief(A).solve(y)
    for count in (1, 2, 7):
        rest = np.linalg.matrix_power(A, count) @ whole
        found = algebra.production_layers(A, y, count)
        np.testing.assert_allclose(found + rest, whole, rtol=1e-12)
    with pytest.raises(UsageError, match="1 or more"):
        algebra.production_layers(A, y, 0)
