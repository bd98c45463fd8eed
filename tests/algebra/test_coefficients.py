"""Coefficients and linkages at the edges: zero output, impossible flows, wrong shapes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servio import algebra
from servio.errors import InputError, NumericalError, ValueFault


def test_public_names_are_sorted_and_there():
    assert algebra.__all__ == sorted(algebra.__all__)
    assert all(hasattr(algebra, name) for name in algebra.__all__)


def test_columns_and_rows_without_output_are_exactly_zero():
    Z, x = [[1.0, 0.0], [0.0, 0.0]], [2.0, 0.0]
    assert np.array_equal(algebra.input_coefficients(Z, x), [[0.5, 0], [0, 0]])
    assert np.array_equal(algebra.allocation_coefficients(Z, x), [[0.5, 0], [0, 0]])
    assert np.array_equal(algebra.value_coefficients([[1.0, 0.0]], x), [[0.5, 0]])


def test_imported_product_without_domestic_output_has_input_coefficients():
    A = algebra.input_coefficients([[1.0, 0.0], [0.5, 0.0]], [2.0, 0.0])
    assert np.array_equal(A, [[0.5, 0], [0.25, 0]])


def test_rounding_noise_without_output_is_no_flow():
    A = algebra.input_coefficients([[1.0, 1e-18], [0.0, 0.0]], [2.0, 0.0])
    assert not A[:, 1].any()


@pytest.mark.parametrize(
    ("kernel", "flows"),
    [
        (algebra.input_coefficients, [[1.0, 0.1], [0.0, 0.0]]),
        (algebra.allocation_coefficients, [[1.0, 0.0], [0.1, 0.0]]),
        (algebra.value_coefficients, [[1.0, 0.1]]),
    ],
)
def test_flows_without_output_raise(kernel, flows):
    with pytest.raises(ValueFault, match=r"position 1 .*without output"):
        kernel(flows, [2.0, 0.0])


def test_output_too_small_to_divide_by_raises():
    with pytest.raises(ValueFault, match=r"x\[1\]"):
        algebra.input_coefficients([[1.0, 1.0], [1.0, 1.0]], [1.0, 1e-320])


@pytest.mark.parametrize(
    "request_",
    [
        lambda: algebra.input_coefficients([[1.0, 2.0]], [1.0]),
        lambda: algebra.input_coefficients([[np.nan]], [1.0]),
        lambda: algebra.input_coefficients([["ten"]], [1.0]),
        lambda: algebra.allocation_coefficients([[1.0], [2.0]], [1.0]),
        lambda: algebra.value_coefficients([1.0], [1.0]),
        lambda: algebra.live_industries([np.inf]),
        lambda: algebra.ghosh_inverse([[1.0]], [1.0, 2.0]),
        lambda: algebra.ghosh_solve(algebra.Leontief([[0.1]]), [1.0], [1.0, 2.0]),
        lambda: algebra.value_multiplier(algebra.Leontief([[0.1]]), [1.0, 2.0]),
        lambda: algebra.power_of_dispersion([[1.0]], [1]),
        lambda: algebra.power_of_dispersion([[1.0]], [False]),
        lambda: algebra.aggregate_vector([1.0, 2.0], [[1.0]]),
        lambda: algebra.aggregate_matrix([[1.0, 2.0]], [[1.0]], [[1.0]]),
        lambda: algebra.shift_share([1.0], [1.0], [1.0], [1.0, 2.0]),
    ],
)
def test_what_does_not_fit_raises_one_short_message(request_):
    with pytest.raises(InputError) as caught:
        request_()
    assert len(str(caught.value)) < 300
    assert caught.value.place
    assert caught.value.remedy


def test_dispersion_counts_live_industries_alone():
    inner = np.array([[1.25, 0.33], [0.26, 1.12]])
    wide = np.eye(3)
    wide[np.ix_([0, 2], [0, 2])] = inner
    live = np.array([True, False, True])
    for index in (
        algebra.power_of_dispersion,
        algebra.sensitivity_of_dispersion,
        algebra.variation_backward,
        algebra.variation_forward,
    ):
        result = index(wide, live)
        assert np.isnan(result[1])
        assert_allclose(result[live], index(inner), rtol=1e-14)


def test_dispersion_by_hand():
    # column sums 3, 1; row sums 1.5, 2.5; mean over all four cells 1
    L = [[1.0, 0.5], [2.0, 0.5]]
    assert_allclose(algebra.power_of_dispersion(L), [1.5, 0.5], rtol=1e-14)
    assert_allclose(algebra.sensitivity_of_dispersion(L), [0.75, 1.25], rtol=1e-14)


def test_aggregation_by_hand():
    Z = [[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]
    rows, columns = [[1, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 0.5]]
    assert_allclose(algebra.aggregate_matrix(Z, rows, columns), [[5, 11.5], [7, 12.5]])
    assert_allclose(algebra.aggregate_vector(Z, rows), [[5, 7, 9], [7, 8, 9]])


def test_primary_input_without_output_stays_where_it_is():
    leontief = algebra.Leontief([[0.5, 0.0], [0.0, 0.0]], [True, False])
    assert_allclose(algebra.ghosh_solve(leontief, [2.0, 0.0], [1.0, 3.0]), [2.0, 3.0])


def test_rasmussen_indices_average_to_one(tables):
    for table in tables:
        L, live = table.leontief.inverse, table.live
        assert_allclose(algebra.power_of_dispersion(L, live)[live].mean(), 1, rtol=1e-12)
        assert_allclose(algebra.sensitivity_of_dispersion(L, live)[live].mean(), 1, rtol=1e-12)


def test_variation_by_hand():
    # column (1, 0, 2): mean 1, deviations 0, -1, 1, sum of squares 2 over n - 1 = 2
    L = np.array([[1.0, 0, 0], [0, 1.0, 0], [2.0, 0, 1.0]])
    assert_allclose(algebra.variation_backward(L)[0], 1.0, rtol=1e-14)
    assert_allclose(algebra.variation_forward(L.T)[0], 1.0, rtol=1e-14)


def test_one_industry_has_no_variation():
    assert np.isnan(algebra.variation_backward([[1.25]])).all()
    assert algebra.power_of_dispersion([[1.25]])[0] == 1.0


def test_multiplier_without_direct_effect_is_undefined():
    assert np.isnan(algebra.multiplier_ratio([0.2], [0.0])[0])


def test_households_that_spend_more_than_comes_in_have_no_multiplier():
    leontief = algebra.Leontief([[0.5]])
    with pytest.raises(NumericalError, match="households"):
        algebra.type_two_inverse(leontief, [0.5], [1.0])
