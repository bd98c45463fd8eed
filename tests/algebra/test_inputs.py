from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servio import algebra
from servio.algebra import Coefficients
from servio.errors import InputError, ServioError, ValueFault


@pytest.fixture
def flows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    Z = rng.random((12, 12)) * rng.integers(0, 2, (12, 12))
    x = Z.sum(axis=1) + 10 * rng.random(12)
    Z[:, 3], x[3] = 0.0, 0.0
    return Z, x


def test_matrix_is_that_of_input_coefficients_to_the_last_digit(flows):
    Z, x = flows
    A = algebra.input_coefficients(Z, x)
    found = Coefficients(Z, x)
    assert_array_equal(found.matrix, A)
    assert not found.matrix.flags.writeable
    assert_array_equal(found.system(), np.eye(12) - A)
    assert_allclose(found.sums, A.sum(axis=0), rtol=1e-15)
    assert_array_equal(found.lowest, A.min(axis=0))
    assert_array_equal(found.largest, np.abs(A).max(axis=0))


def test_products_with_all_and_with_parts(flows):
    Z, x = flows
    A, found = algebra.input_coefficients(Z, x), Coefficients(Z, x)
    u = np.random.default_rng(6).random((12, 3))
    assert_allclose(found @ u, A @ u, rtol=1e-14)
    assert_allclose(found @ u[:, 0], A @ u[:, 0], rtol=1e-14)
    assert_allclose(u.T @ found, u.T @ A, rtol=1e-14)
    part, order = slice(2, 7), np.random.default_rng(7).permutation(12)
    assert_allclose(found[:, part] @ u[part], A[:, part] @ u[part], rtol=1e-14)
    assert_allclose(u[part].T @ found[part, :], u[part].T @ A[part], rtol=1e-14)
    assert_array_equal(found[order, order].matrix, A[np.ix_(order, order)])
    assert_array_equal(found[:, order[:4]].matrix, A[:, order[:4]])


@pytest.mark.parametrize("scale", [1e-250, 1.0, 1e250])
def test_outputs_of_any_size_give_the_same_products(scale):
    Z, x = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([8.0, 9.0])
    u = np.array([1e60, 2e60])
    expected = (Z / x) @ u
    assert_allclose(Coefficients(Z * scale, x * scale) @ u, expected, rtol=1e-14)
    mixed = np.array([1.0, scale])
    assert_allclose(Coefficients(Z * mixed, x * mixed) @ u, expected, rtol=1e-14)


def test_negative_flows_and_outputs_count_with_their_magnitude():
    Z, x = np.array([[2.0, -1.0], [-1.0, 3.0]]), np.array([-8.0, 9.0])
    A, found = Z / x, Coefficients(Z, x)
    assert_allclose(found.sizes, np.abs(A).sum(axis=0), rtol=1e-15)
    assert_array_equal(found.lowest, A.min(axis=0))


def test_a_factor_of_flows_answers_as_that_of_a_matrix(flows):
    Z, x = flows
    live = x != 0
    one = algebra.Leontief(Coefficients(Z, x), live)
    other = algebra.Leontief(algebra.input_coefficients(Z, x), live)
    assert_array_equal(one.inverse, other.inverse)
    assert one.condition == other.condition


@pytest.mark.parametrize(
    ("Z", "x", "error"),
    [
        ([[1.0, np.nan], [0.0, 1.0]], [2.0, 2.0], ValueFault),
        ([[1.0, np.inf], [0.0, 1.0]], [2.0, 2.0], ValueFault),
        ([[1.0, 1.0], [0.0, 1.0]], [2.0, 0.0], ValueFault),
        ([[1.0, 1.0], [0.0, 1.0]], [2.0, 1e-310], ValueFault),
        ([[1.0, 1.0]], [2.0, 2.0], InputError),
        ([["a", 1.0], [0.0, 1.0]], [2.0, 2.0], ServioError),
    ],
)
def test_faults_are_refused(Z, x, error):
    with pytest.raises(error):
        Coefficients(Z, x)


def test_arrays_of_the_caller_are_copied_unless_read_only():
    Z = np.array([[1.0, 2.0], [0.0, 1.0]])
    found = Coefficients(Z, [4.0, 4.0])
    Z[0, 0] = 3.0
    assert found.matrix[0, 0] == 0.25


def test_probes_are_the_same_each_time_and_see_a_single_wrong_column():
    weights = algebra.probes(200)
    assert_array_equal(weights, algebra.probes(200))
    assert_array_equal(algebra.probes(3), np.eye(3))
    wrong = np.zeros((50, 200))
    wrong[7, 31] = 1e-6
    assert np.abs(wrong @ weights).max() > 1e-7
