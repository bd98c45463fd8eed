"""How errors of cells reach a result when the matrix is balanced again, to first order."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, Mask, Positions, matrix

__all__ = ["balanced_variance"]


def balanced_variance(cells: ArrayLike, errors: ArrayLike, U: ArrayLike, W: ArrayLike) -> Array:
    r"""Variance of results whose derivative by the cells is :math:`u w'`, after balancing.

    Cells :math:`m_{ij}` have independent relative errors; RAS or GRAS then restores the totals of
    rows and columns, to first order :math:`dm_{ij} = m_{ij} \varepsilon_{ij} + |m_{ij}| (\rho_i +
    \sigma_j)`. Carried over to the derivative, a result f with
    :math:`\partial f / \partial m_{ij} = u_i w_j` has

    .. math:: \mathrm{var} f = \sum_{ij} e_{ij}^2 m_{ij}^2 (u_i w_j - \lambda_i - \mu_j)^2,

    where :math:`\lambda, \mu` make the sums of :math:`|m_{ij}| (u_i w_j - \lambda_i - \mu_j)`
    over each row and each column zero.

    Parameters
    ----------
    cells : (r, c) array
        Flows that meet their totals (currency).
    errors : (r, c) array
        Relative standard errors of the cells.
    U : (r, k) array
        Row factors of the derivatives, one column a result.
    W : (c, k) array
        Column factors.

    Returns
    -------
    (k,) array
        Variances, in the squared unit of the results.

    Raises
    ------
    InputError
        Shapes do not agree, or a number is not finite.

    Notes
    -----
    Identity: results that are totals of rows or columns have variance zero. The cost is a few
    products of the table with k columns and one solution of a system of c columns.

    References
    ----------
    The expansion of RAS about the balanced table is that of weighted least squares, Stone, R.,
    Champernowne, D. G. and Meade, J. E. (1942), Review of Economic Studies 9, 111-125 [not
    re-read]; the adjoint form is ours.

    Examples
    --------
    >>> cells = [[1.0, 1.0], [1.0, 1.0]]
    >>> errors = [[0.1, 0.1], [0.1, 0.1]]
    >>> balanced_variance(cells, errors, [[1, 1], [0, 0]], [[1, 1], [0, 1]]).round(6) + 0.0
    array([0.0025, 0.    ])
    """
    m = matrix("cells", cells)
    e = matrix("errors", errors, *m.shape)
    u = matrix("U", U, m.shape[0])
    w = matrix("W", W, m.shape[1], u.shape[1])
    size = np.abs(m)
    rows, columns = _adjustments(size, u * (size @ w), w * (size.T @ u))
    squares = (e * m) ** 2
    # sum of squares * (u w - rows - columns)^2, expanded so that no result needs a matrix
    crossed = squares @ w
    variance = (
        np.einsum("ik,ik->k", u * u, squares @ (w * w))
        + squares.sum(axis=1) @ (rows * rows)
        + squares.sum(axis=0) @ (columns * columns)
        - 2 * np.einsum("ik,ik->k", u * rows, crossed)
        - 2 * np.einsum("ik,ik->k", u, squares @ (w * columns))
        + 2 * np.einsum("ik,ik->k", rows, squares @ columns)
    )
    found: Array = np.maximum(variance, 0.0)
    return found


def _adjustments(size: Array, row_sums: Array, column_sums: Array) -> tuple[Array, Array]:
    """Solve for what to take off rows and columns so that their weighted sums vanish.

    One column of each connected part of the matrix takes nothing off: only sums of the two matter.
    """
    weight = size.sum(axis=1)
    share = np.divide(size.T, weight, out=np.zeros(size.T.shape), where=weight > 0)
    kept = _free_columns(size)
    system = np.diag(size.sum(axis=0)) - share @ size
    right = column_sums - share @ row_sums
    columns = np.zeros_like(column_sums)
    columns[kept] = np.linalg.solve(system[np.ix_(kept, kept)], right[kept])
    rest = row_sums - size @ columns
    rows = np.divide(rest, weight[:, None], out=np.zeros_like(rest), where=weight[:, None] > 0)
    return rows, columns


def _free_columns(size: Array) -> Positions:
    """Columns with cells, without the first of each connected part."""
    links = size > 0
    free: Mask = np.any(links, axis=0)
    unseen = free.copy()
    while unseen.any():
        part = np.zeros_like(free)
        part[np.flatnonzero(unseen)[0]] = True
        free &= ~part
        while (grown := _linked(links, part)).sum() > part.sum():
            part = grown
        unseen &= ~part
    return np.flatnonzero(free)


def _linked(links: Mask, columns: Mask) -> Mask:
    """Columns that share a row with some."""
    rows = links[:, columns].any(axis=1)
    found: Mask = np.any(links[rows], axis=0)
    return found
