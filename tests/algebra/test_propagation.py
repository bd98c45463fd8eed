"""Variance after balancing, to first order, against the definition cell by cell."""

from __future__ import annotations

import numpy as np
import pytest

from servio.algebra import balanced_variance, gras
from servio.errors import InputError

STEP = 1e-5


def signed(seed: int) -> np.ndarray:
    """A matrix in two unconnected parts, with negative cells, zeros, an empty row and column."""
    rng = np.random.default_rng(seed)
    m = np.zeros((8, 7))
    m[:4, :3] = rng.uniform(1, 9, (4, 3))
    m[4:7, 3:6] = rng.uniform(1, 9, (3, 3))
    m[0, 1], m[5, 4], m[2, 0] = -2.0, -1.0, 0.0
    return m


def by_cells(m: np.ndarray, e: np.ndarray, U: np.ndarray, W: np.ndarray) -> np.ndarray:
    """Sum over the cells of squared effects, each cell moved by itself and balanced again."""
    rows, columns = m.sum(axis=1), m.sum(axis=0)
    total = np.zeros(U.shape[1])
    for i, j in np.argwhere(m):
        ends = []
        for step in (STEP, -STEP):
            moved = m.copy()
            moved[i, j] *= 1 + step
            balanced = gras(moved, rows, columns, tolerance=1e-14).matrix
            ends.append(np.einsum("ik,ij,jk->k", U, balanced, W))
        total += ((ends[0] - ends[1]) / (2 * STEP) * e[i, j]) ** 2
    return total


@pytest.mark.parametrize("seed", range(3))
def test_equal_to_moving_each_cell_and_balancing(seed: int) -> None:
    rng = np.random.default_rng(seed + 100)
    m = signed(seed)
    e = rng.uniform(0, 0.3, m.shape)
    U, W = rng.normal(size=(8, 4)), rng.normal(size=(7, 4))
    np.testing.assert_allclose(balanced_variance(m, e, U, W), by_cells(m, e, U, W), rtol=1e-6)


def test_totals_have_no_variance() -> None:
    m = signed(0)
    U, W = np.eye(8), np.ones((7, 8))
    U[:, 4], W[:, 4] = 1.0, np.eye(7)[0]
    free = ((0.1 * m) ** 2 @ W**2).max()
    assert balanced_variance(m, np.full(m.shape, 0.1), U, W).max() < 1e-12 * free


def test_shapes_are_checked() -> None:
    with pytest.raises(InputError):
        balanced_variance(np.ones((2, 2)), np.ones((2, 3)), np.ones((2, 1)), np.ones((2, 1)))
