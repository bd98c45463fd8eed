"""Closed forms of extraction and updates against reduced matrices solved by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servio import algebra
from servio.errors import InputError, NumericalError


def members_of(table, seed):
    rng = np.random.default_rng(seed)
    return rng.permutation(table.n)[: rng.integers(0, table.n + 1)]


def reduced_loss(table, members, variant):
    """Output before minus output of the table with rows or columns deleted, solved anew."""
    A, B, y, va = table.A.copy(), table.B.copy(), table.y.copy(), table.va
    eye = np.eye(table.n)
    if variant == "forward":
        B[members] = 0
        return table.x - np.linalg.solve((eye - B).T, va)
    A[:, members] = 0
    if variant == "full":
        A[members] = 0
        y[members] = 0
    return table.x - np.linalg.solve(eye - A, y)


def close(left, right, table):
    assert_allclose(left, right, rtol=0, atol=1e-12 * max(np.abs(table.x).max(), 1e-300) * table.n)


@pytest.mark.parametrize("variant", ["full", "backward", "forward"])
def test_every_single_industry(tables, variant):
    for table in tables:
        losses = algebra.extraction_losses(table.leontief, table.x, variant)
        for k in range(table.n):
            close(losses[:, k], reduced_loss(table, [k], variant), table)


@pytest.mark.parametrize("variant", ["full", "backward", "forward"])
def test_sets(tables, variant):
    for seed, table in enumerate(tables):
        members = members_of(table, seed)
        loss = algebra.set_extraction_loss(table.leontief, table.x, members, variant)
        close(loss, reduced_loss(table, members, variant), table)


@pytest.mark.parametrize("variant", ["full", "backward", "forward"])
def test_set_of_one_is_the_single_extraction_and_of_none_is_nothing(tables, variant):
    table = next(table for table in tables if table.n > 10)
    losses = algebra.extraction_losses(table.leontief, table.x, variant)
    one = algebra.set_extraction_loss(table.leontief, table.x, [3], variant)
    assert_allclose(one, losses[:, 3], rtol=1e-10, atol=1e-12)
    assert not algebra.set_extraction_loss(table.leontief, table.x, [], variant).any()


def test_extraction_of_everything_in_full_loses_everything(tables):
    for table in tables:
        loss = algebra.set_extraction_loss(table.leontief, table.x, np.arange(table.n))
        close(loss, table.x, table)


def test_blocks(tables):
    for seed, table in enumerate(tables):
        suppliers, users = members_of(table, seed), members_of(table, seed + 1000)
        A = table.A.copy()
        A[np.ix_(suppliers, users)] = 0
        loss = algebra.block_extraction_loss(table.leontief, table.x, suppliers, users)
        close(loss, table.x - np.linalg.solve(np.eye(table.n) - A, table.y), table)


def test_blocks_of_several_sets_of_users_are_those_of_each(tables):
    for seed, table in enumerate(tables[:60]):
        sold = members_of(table, seed)
        sets = [members_of(table, seed + k) for k in (1, 2, 3)]
        found = algebra.block_set_extraction_losses(table.leontief, table.x, sold, sets)
        for place, users in enumerate(sets):
            A = table.A.copy()
            A[np.ix_(sold, users)] = 0
            again = table.x - np.linalg.solve(np.eye(table.n) - A, table.y)
            close(found[:, place], again, table)


def test_blocks_of_one_user_all_at_once(tables):
    for seed, table in enumerate(tables):
        suppliers = members_of(table, seed)
        losses = algebra.block_extraction_losses(table.leontief, table.x, suppliers)
        for k in range(table.n):
            A = table.A.copy()
            A[suppliers, k] = 0
            close(losses[:, k], table.x - np.linalg.solve(np.eye(table.n) - A, table.y), table)


def test_blocks_of_one_user_without_solution():
    leontief = algebra.Leontief([[0.0, -1.0], [1.0, 1.0]])
    with pytest.raises(NumericalError, match="position 1"):
        algebra.block_extraction_losses(leontief, [1.0, 1.0], [0])


def test_block_with_all_suppliers_is_the_backward_extraction(tables):
    for seed, table in enumerate(tables):
        users = members_of(table, seed)
        everyone = np.arange(table.n)
        block = algebra.block_extraction_loss(table.leontief, table.x, everyone, users)
        close(block, algebra.set_extraction_loss(table.leontief, table.x, users, "backward"), table)


def test_dead_industry_has_no_loss_of_its_own():
    A = np.array([[0.15, 0.0, 0.25], [0.1, 0.0, 0.3], [0.2, 0.0, 0.05]])
    leontief = algebra.Leontief(A, [True, False, True])
    for variant in ("full", "backward", "forward"):
        losses = algebra.extraction_losses(leontief, [1000, 0, 2000], variant)
        assert not losses[:, 1].any()
        several = algebra.set_extraction_loss(leontief, [1000, 0, 2000], [0, 1], variant)
        assert_allclose(several, losses[:, 0], rtol=1e-12)


def test_unknown_variant_raises():
    leontief = algebra.Leontief([[0.1]])
    with pytest.raises(InputError, match="full or backward or forward"):
        algebra.extraction_losses(leontief, [1.0], "total")


@pytest.mark.parametrize("members", [[2], [-1], [0, 0], [0.5], [True, False], [[0]]])
def test_bad_positions_raise(members):
    leontief = algebra.Leontief([[0.1, 0.2], [0.3, 0.1]])
    with pytest.raises(InputError, match="position"):
        algebra.set_extraction_loss(leontief, [1.0, 1.0], members)


def test_update_is_the_changed_table_solved_anew(tables):
    for seed, table in enumerate(tables):
        at = members_of(table, seed)
        new = np.random.default_rng(seed).random((table.n, at.size)) * 0.5 / table.n
        A = table.A.copy()
        A[:, at] = new
        y = np.column_stack([table.y, np.ones(table.n)])
        expected = np.linalg.solve(np.eye(table.n) - A, y)
        answer = algebra.updated_solve(table.leontief, at, new, y)
        assert_allclose(answer, expected, rtol=0, atol=1e-12 * np.abs(expected).max() * table.n)
        single = algebra.updated_solve(table.leontief, at, new, y[:, 0])
        assert_allclose(single, answer[:, 0], rtol=0, atol=1e-12 * np.abs(expected).max())


def test_update_to_a_closed_table_has_no_answer():
    leontief = algebra.Leontief([[0.5, 0.5], [0.5, 0.1]])
    with pytest.raises(NumericalError, match="singular"):
        algebra.updated_solve(leontief, [1], [[0.5], [0.5]], [1.0, 1.0])


@pytest.mark.parametrize("variant", ["full", "backward", "forward"])
def test_totals_are_the_sums_of_the_losses(variant: str) -> None:
    rng = np.random.default_rng(7)
    A = rng.uniform(0.0, 0.05, (15, 15))
    A[:, 4] = 0.0
    x = rng.uniform(1.0, 9.0, 15)
    x[4] = 0.0
    leontief = algebra.Leontief(A, x != 0)
    found = algebra.extraction_totals(leontief, x, variant)
    expected = algebra.extraction_losses(leontief, x, variant).sum(axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
