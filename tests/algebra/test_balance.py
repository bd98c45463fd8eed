"""RAS and GRAS: margins met, structure kept, impossible totals refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servio import algebra
from servio.errors import InputError, NumericalError


def case(seed, negative):
    """A start and a target of the same zero and sign pattern; the target's totals are feasible."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(3, 12, 2)
    pattern = rng.random((n, m)) < 0.8
    pattern[0], pattern[:, 0] = True, True
    sign = np.where(rng.random((n, m)) < negative, -1.0, 1.0)
    start, target = (pattern * sign * rng.lognormal(0, 1, (n, m)) for _ in range(2))
    return start, target.sum(axis=1), target.sum(axis=0)


@pytest.mark.parametrize("seed", range(30))
def test_ras_meets_margins_and_is_the_textbook_iteration(seed):
    start, rows, columns = case(seed, 0)
    result = algebra.ras(start, rows, columns)
    assert_allclose(result.matrix.sum(axis=1), rows, rtol=1e-9)
    assert_allclose(result.matrix.sum(axis=0), columns, rtol=1e-9)
    assert_allclose(result.matrix, result.r[:, None] * start * result.s, rtol=1e-12)
    assert result.residual <= 1e-12
    textbook = start
    for _ in range(result.iterations):
        textbook = textbook * (rows / textbook.sum(axis=1))[:, None]
        textbook = textbook * (columns / textbook.sum(axis=0))
    assert_allclose(result.matrix, textbook, rtol=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_gras_without_negative_cells_is_ras(seed):
    start, rows, columns = case(seed, 0)
    assert_allclose(
        algebra.gras(start, rows, columns).matrix, algebra.ras(start, rows, columns).matrix
    )


@pytest.mark.parametrize("seed", range(30))
def test_gras_meets_margins_keeps_signs_and_is_biproportional(seed):
    start, rows, columns = case(seed, 0.15)
    assert (start < 0).any()
    result = algebra.gras(start, rows, columns, max_iterations=5000)
    assert_allclose(result.matrix.sum(axis=1), rows, atol=1e-10 * np.abs(rows).sum())
    assert_allclose(result.matrix.sum(axis=0), columns, atol=1e-10 * np.abs(rows).sum())
    assert np.array_equal(np.sign(result.matrix), np.sign(start))
    used = start != 0
    change = np.log(result.matrix[used] / start[used]) * np.sign(start[used])
    assert_allclose(change, np.log(np.outer(result.r, result.s))[used], atol=1e-9)


def test_gras_two_by_two_by_hand():
    # z11 = 4q, z12 = -1/(rs), ...: with one free cell z12 = -t the margins give
    # z11 = 4 + t, z21 = 2 - t, z22 = 2 + t; biproportionality fixes t:
    # (z11 / 4) (z22 / 2) = (1 / t) (z21 / 1), that is (4 + t) (2 + t) t = 8 (2 - t)
    root = np.roots([1, 6, 16, -16])
    t = float(root[np.abs(root.imag) < 1e-12].real[0])
    result = algebra.gras([[4, -1], [1, 2]], [4, 4], [6, 2])
    assert_allclose(result.matrix, [[4 + t, -t], [2 - t, 2 + t]], rtol=1e-10)


@pytest.mark.parametrize("balance", [algebra.ras, algebra.gras])
def test_a_balanced_matrix_stays_as_it_is(balance):
    start = np.array([[1.0, 2.0, 0.0], [3.0, 4.0, 5.0]])
    result = balance(start, start.sum(axis=1), start.sum(axis=0))
    assert_allclose(result.matrix, start, rtol=1e-14)


def test_row_of_negative_cells_alone():
    result = algebra.gras([[-1, -3], [5, 6]], [-8, 12], [1, 3])
    assert_allclose(result.matrix.sum(axis=1), [-8, 12])
    assert_allclose(result.matrix.sum(axis=0), [1, 3])


def test_zero_totals_empty_the_row_and_empty_rows_are_left():
    result = algebra.ras([[1, 2], [3, 4], [0, 0]], [0, 6, 0], [2, 4])
    assert_allclose(result.matrix, [[0, 0], [2, 4], [0, 0]])
    assert np.array_equal(result.r == 0, [True, False, False])
    negative = algebra.gras([[-1, -2], [3, 4]], [0, 6], [2, 4])
    assert_allclose(negative.matrix, [[0, 0], [2, 4]])


@pytest.mark.parametrize(
    ("matrix", "rows", "columns", "says"),
    [
        ([[1, 1], [1, 1]], [3, 1], [2, 3], "same sum"),
        ([[0, 0], [1, 1]], [3, 1], [2, 2], "row at position 0"),
        ([[1, 0], [1, 0]], [3, 1], [2, 2], "column at position 1"),
        ([[1, 1], [1, 1]], [-3, 7], [2, 2], "without a cell of that sign"),
        ([[-1, 1], [1, 1]], [3, 1], [2, 2], "Use gras"),
        ([[1, 1], [1, 1]], [3, 1, 0], [2, 2], "length 2"),
        ([[1, np.nan], [1, 1]], [3, 1], [2, 2], "finite"),
    ],
)
def test_impossible_requests_raise(matrix, rows, columns, says):
    with pytest.raises(InputError, match=says) as caught:
        algebra.ras(matrix, rows, columns)
    assert len(str(caught.value)) < 300


def test_zero_pattern_that_forbids_the_totals_does_not_converge():
    with pytest.raises(NumericalError, match=r"residual .* after \d+ iterations"):
        algebra.ras([[1, 0], [1, 1]], [3, 1], [1, 3])


def test_too_few_iterations_raise():
    start, rows, columns = case(3, 0)
    with pytest.raises(NumericalError, match="after 1 iterations"):
        algebra.ras(start, rows, columns, max_iterations=1)
