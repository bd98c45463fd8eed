"""Empty rows, blocks, spectral radius and similarity."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servio import algebra
from servio.algebra import structure
from servio.errors import InputError


def test_empty_rows_and_columns(tables):
    for table in tables:
        assert np.array_equal(algebra.zero_rows(table.A), (table.A == 0).all(axis=1))
        assert np.array_equal(algebra.zero_columns(table.A), (table.A == 0).all(axis=0))


def test_components_are_mutual_reach(tables):
    for table in tables:
        reach = np.linalg.matrix_power((np.eye(table.n) + (table.A != 0)) > 0, 1).astype(float)
        for _ in range(6):
            reach = ((reach @ reach) > 0).astype(float)
        labels = algebra.components(table.A)
        assert np.array_equal((reach * reach.T) > 0, labels[:, None] == labels)
        assert labels[0] == 0
        assert np.unique(labels).size == labels.max() + 1


def test_closed_blocks_need_inputs_from_inside_alone():
    A = np.array([[0.5, 0.5, 0.0, 0.2], [0.5, 0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0.3]])
    assert [block.tolist() for block in algebra.closed_blocks(A)] == [[0, 1], [2]]
    A[3, 1] = 0.1
    A[1, 1] = 0.4
    assert [block.tolist() for block in algebra.closed_blocks(A)] == [[2]]


def test_a_block_is_closed_by_what_it_buys_not_by_what_it_sells():
    closed = np.array([[0.2, 0.7], [0.8, 0.3]])
    assert len(algebra.closed_blocks(closed)) == 1
    assert algebra.closed_blocks(closed.T) == []


def test_spectral_radius_is_the_largest_modulus(tables):
    for table in tables:
        expected = np.abs(np.linalg.eigvals(table.A)).max()
        assert_allclose(algebra.spectral_radius(table.A), expected, atol=1e-6)


def test_spectral_radius_of_a_triangular_table_is_exact():
    A = np.triu(np.full((9, 9), 0.4))
    np.fill_diagonal(A, 0.3)
    assert algebra.spectral_radius(A) == 0.3


def test_large_blocks_give_the_same_radius(monkeypatch):
    rng = np.random.default_rng(5)
    A = rng.random((80, 80)) / 100
    ring = np.roll(np.eye(12), 1, axis=0) * 0.7
    exact = [algebra.spectral_radius(A), algebra.spectral_radius(ring)]
    monkeypatch.setattr(structure, "DENSE_LIMIT", 1)
    assert_allclose([algebra.spectral_radius(A), algebra.spectral_radius(ring)], exact, rtol=1e-9)


def test_similarity_of_equal_and_of_disjoint_columns():
    a = np.array([[1.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    for similarity in (algebra.cosine_similarity, algebra.half_l1_similarity):
        result = similarity(a, a * 7)
        assert_allclose(result[:2, :2], np.eye(2), atol=1e-15)
        assert np.isnan(result[2]).all()
        assert np.isnan(result[:, 2]).all()


def test_similarity_by_hand():
    a, b = [[3.0], [1.0]], [[1.0, 0.0], [1.0, 5.0]]
    cosines = [[4 / np.sqrt(20), 1 / np.sqrt(10)]]
    assert_allclose(algebra.cosine_similarity(a, b), cosines, rtol=1e-14)
    assert_allclose(algebra.half_l1_similarity(a, b), [[0.75, 0.25]], rtol=1e-14)


def test_similarities_stay_between_zero_and_one(tables):
    for table in tables:
        for similarity in (algebra.cosine_similarity, algebra.half_l1_similarity):
            values = similarity(table.A, table.A)
            known = values[~np.isnan(values)]
            assert ((known > -1e-12) & (known < 1 + 1e-12)).all()
            assert_allclose(values, values.T, atol=1e-12)


def test_similarity_of_different_lengths_raises():
    with pytest.raises(InputError, match="2 by any"):
        algebra.cosine_similarity([[1.0], [2.0]], [[1.0]])
