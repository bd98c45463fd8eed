"""Sums of industries by groups, with weights for industries that belong to several."""

from __future__ import annotations

from numpy.typing import ArrayLike

from servio.algebra._check import Array, matrix, stack

__all__ = ["aggregate_matrix", "aggregate_vector"]


def aggregate_matrix(Z: ArrayLike, rows: ArrayLike, columns: ArrayLike) -> Array:
    r"""Flows between groups of sellers and groups of buyers: :math:`R Z C'`.

    Parameters
    ----------
    Z : (n, m) array
        Flows (currency). Flows add up; coefficients do not: aggregate first, divide then.
    rows : (g, n) array
        Weight of each seller in each group of sellers.
    columns : (h, m) array
        Weight of each buyer in each group of buyers.

    Returns
    -------
    (g, h) array
        Flows between groups (same currency).

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    Notes
    -----
    Identity: if the weights of every industry sum to one, so do totals before and after.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 4.9.

    Examples
    --------
    >>> aggregate_matrix([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 1, 0], [0, 0, 1]], [[1, 1, 1]])
    array([[21.],
           [24.]])
    """
    flows = matrix("Z", Z)
    by_row = matrix("rows", rows, columns=flows.shape[0])
    by_column = matrix("columns", columns, columns=flows.shape[1])
    return by_row @ flows @ by_column.T


def aggregate_vector(values: ArrayLike, weights: ArrayLike) -> Array:
    r"""Sum of a vector by groups: :math:`W v`.

    Parameters
    ----------
    values : (n,) or (n, k) array
        Output, final demand or another quantity that adds up.
    weights : (g, n) array
        Weight of each industry in each group.

    Returns
    -------
    (g,) or (g, k) array
        Group sums (unit of `values`).

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 4.9.

    Examples
    --------
    >>> aggregate_vector([1, 2, 3], [[1, 1, 0], [0, 0, 1]])
    array([3., 3.])
    """
    groups = matrix("weights", weights)
    return groups @ stack("values", values, groups.shape[1])
