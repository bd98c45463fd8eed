"""Decompositions: terms sum to the change, signs turn with time, causes land where they are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servio import algebra
from servio.errors import InputError


def pairs(tables):
    """Two tables of the same size and a partition of their rows into three groups."""
    by_size: dict[int, list] = {}
    for table in tables:
        by_size.setdefault(table.n, []).append(table)
    for size, group in by_size.items():
        rows = np.random.default_rng(size).dirichlet(np.ones(3), size).T
        for start, end in pairwise(group):
            yield start, end, rows


def test_terms_sum_to_the_change_of_output(tables):
    for start, end, rows in pairs(tables):
        parts = algebra.structural_decomposition(start.leontief, start.y, end.leontief, end.y, rows)
        scale = max(np.abs(start.x).max(), np.abs(end.x).max())
        assert_allclose(parts.change / scale, (end.x - start.x) / scale, atol=1e-12)
        total = parts.coefficients.sum(axis=0) + parts.demand
        assert_allclose(total / scale, parts.change / scale, atol=1e-12)


def test_it_is_the_average_of_the_two_polar_forms(tables):
    for start, end, _ in pairs(tables[:60]):
        parts = algebra.structural_decomposition(start.leontief, start.y, end.leontief, end.y)
        L0, L1 = start.leontief.inverse, end.leontief.inverse
        first = (L1 - L0) @ end.y, L0 @ (end.y - start.y)
        second = (L1 - L0) @ start.y, L1 @ (end.y - start.y)
        scale = max(np.abs(start.x).max(), np.abs(end.x).max())
        for part, one, other in zip((parts.coefficients[0], parts.demand), first, second,
                                    strict=True):  # fmt: skip
            assert_allclose(part / scale, (one + other) / 2 / scale, atol=1e-11)


def test_exchanging_start_and_end_changes_signs(tables):
    for start, end, rows in pairs(tables[:60]):
        there = algebra.structural_decomposition(start.leontief, start.y, end.leontief, end.y, rows)
        back = algebra.structural_decomposition(end.leontief, end.y, start.leontief, start.y, rows)
        scale = max(np.abs(start.x).max(), np.abs(end.x).max())
        assert_allclose(there.coefficients / scale, -back.coefficients / scale, atol=1e-12)


def test_a_change_in_one_group_of_rows_stays_in_its_group(tables):
    table = next(table for table in tables if table.n > 6 and table.live.all())
    A = table.A.copy()
    A[:2] *= 0.9
    rows = np.zeros((2, table.n))
    rows[0, :2] = rows[1, 2:] = 1
    parts = algebra.structural_decomposition(
        table.leontief, table.y, algebra.Leontief(A), table.y, rows
    )
    assert np.abs(parts.coefficients[0]).max() > 0
    assert not parts.coefficients[1].any()
    assert not parts.demand.any()


def test_no_change_has_no_terms(tables):
    table = tables[7]
    parts = algebra.structural_decomposition(table.leontief, table.y, table.leontief, table.y)
    assert not parts.change.any()
    assert not parts.coefficients.any()


def test_groups_must_share_out_every_row():
    leontief = algebra.Leontief([[0.1, 0.2], [0.3, 0.1]])
    with pytest.raises(InputError, match="column 1"):
        algebra.structural_decomposition(leontief, [1, 1], leontief, [1, 2], [[1, 0]])


def test_tables_of_different_size_raise():
    with pytest.raises(InputError, match="one classification"):
        algebra.structural_decomposition(
            algebra.Leontief([[0.1]]), [1], algebra.Leontief(np.eye(2) / 9), [1, 1]
        )


@pytest.mark.parametrize("seed", range(20))
def test_shift_share_is_exact(seed):
    c0, w0, c1, w1 = np.random.default_rng(seed).normal(size=(4, 9))
    parts = algebra.shift_share(c0, w0, c1, w1)
    assert_allclose(parts.within.sum() + parts.between.sum(), parts.change, atol=1e-12)
    assert_allclose(parts.change, c1 @ w1 - c0 @ w0, atol=1e-12)
    back = algebra.shift_share(c1, w1, c0, w0)
    assert_allclose(back.within, -parts.within, atol=1e-12)
    assert not algebra.shift_share(c0, w0, c0, w1).within.any()
    assert not algebra.shift_share(c0, w0, c1, w0).between.any()
