"""Similarity of structures: whether two industries buy (or sell) alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, matrix

__all__ = ["cosine_similarity", "half_l1_similarity"]


def cosine_similarity(a: ArrayLike, b: ArrayLike) -> Array:
    r"""Cosine between every column of one matrix and every column of another.

    :math:`\frac{a_{.j}' b_{.k}}{\lVert a_{.j} \rVert\, \lVert b_{.k} \rVert}`.

    Parameters
    ----------
    a : (n, p) array
        Structures in columns (flows or coefficients: scale does not matter).
    b : (n, q) array
        Structures in columns.

    Returns
    -------
    (p, q) array
        Dimensionless, 0 to 1 for non-negative structures; nan (undefined) for a zero column.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    Examples
    --------
    >>> cosine_similarity([[1, 0], [1, 0]], [[2, 1], [2, 0]]).round(4)
    array([[1.    , 0.7071],
           [   nan,    nan]])
    """
    left = matrix("a", a)
    return _unit(left).T @ _unit(matrix("b", b, rows=left.shape[0]))


def half_l1_similarity(a: ArrayLike, b: ArrayLike) -> Array:
    r"""Overlap of input shares: one minus half the sum of absolute differences.

    :math:`1 - \frac12 \sum_i \left| \frac{a_{ij}}{\sum_h a_{hj}} -
    \frac{b_{ik}}{\sum_h b_{hk}} \right|`.

    Parameters
    ----------
    a : (n, p) array
        Structures in columns (flows or coefficients: scale does not matter).
    b : (n, q) array
        Structures in columns.

    Returns
    -------
    (p, q) array
        Dimensionless, 0 (nothing in common) to 1 (same shares) for non-negative structures;
        nan (undefined) for a column whose sum is not positive.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    References
    ----------
    Krugman, P. (1991), Geography and Trade, MIT Press, uses the sum itself as an index of
    regional specialisation.

    Examples
    --------
    >>> half_l1_similarity([[1], [1]], [[2, 1], [2, 0]])
    array([[1. , 0.5]])
    """
    left = matrix("a", a)
    first, second = _shares(left), _shares(matrix("b", b, rows=left.shape[0]))
    overlap = np.empty((first.shape[1], second.shape[1]))
    for j, column in enumerate(first.T):
        overlap[j] = 1 - np.abs(column[:, None] - second).sum(axis=0) / 2
    return overlap


def _unit(columns: Array) -> Array:
    scaled = _divided(columns, np.abs(columns).max(axis=0, initial=0.0))
    return _divided(scaled, np.linalg.norm(scaled, axis=0))


def _shares(columns: Array) -> Array:
    return _divided(columns, columns.sum(axis=0))


def _divided(columns: Array, scale: Array) -> Array:
    return np.divide(columns, scale, out=np.full_like(columns, np.nan), where=scale > 0)
