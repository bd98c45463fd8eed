"""Balancing: the table nearest to a known one that meets given row and column totals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, Mask, describe, matrix, vector
from servio.errors import InputError, NumericalError

__all__ = ["Balanced", "gras", "ras"]


@dataclass(frozen=True, slots=True)
class Balanced:
    """A balanced matrix and how it was reached.

    Attributes
    ----------
    matrix : (n, m) array
        The balanced matrix (unit of the totals).
    r : (n,) array
        Row multipliers; 0 for a row set to zero, 1 for a row that was empty.
    s : (m,) array
        Column multipliers, likewise. Only the products of `r` and `s` are unique.
    iterations : int
        Passes over rows and columns.
    residual : float
        Sum of absolute misses of the row totals over the sum of absolute totals.
    """

    matrix: Array
    r: Array
    s: Array
    iterations: int
    residual: float


def ras(
    matrix: ArrayLike,
    row_totals: ArrayLike,
    column_totals: ArrayLike,
    *,
    tolerance: float = 1e-12,
    max_iterations: int = 1000,
) -> Balanced:
    r"""Biproportional update of a non-negative matrix: :math:`z^*_{ij} = r_i z_{ij} s_j`.

    Parameters
    ----------
    matrix : (n, m) array
        Non-negative flows to start from. To update coefficients, pass ``A * x``.
    row_totals : (n,) array
        Totals to meet.
    column_totals : (m,) array
        Totals to meet; same sum.
    tolerance : float
        Largest residual accepted, relative to the totals.
    max_iterations : int
        Passes before giving up.

    Returns
    -------
    Balanced
        Matrix, multipliers, iterations and residual. Zero cells stay zero.

    Raises
    ------
    InputError
        Negative cells, totals that no scaling can meet, or shapes that do not agree.
    NumericalError
        Not converged; its message has iterations and residual.

    Notes
    -----
    Identity: the result meets both margins; a matrix that meets them already is unchanged.

    References
    ----------
    Stone, R. (1961), Input-Output and National Accounts, OEEC. Miller and Blair (2009),
    section 7.4.

    Examples
    --------
    >>> ras([[1, 1], [1, 1]], [3, 1], [2, 2]).matrix
    array([[1.5, 1.5],
           [0.5, 0.5]])
    """
    start = _matrix(matrix)
    if (start < 0).any():
        row, column = np.argwhere(start < 0)[0]
        raise InputError(
            f"matrix[{row}, {column}]",
            found=f"{start[row, column]:.6g}",
            expected="no negative cell",
            remedy="Use gras, which keeps signs.",
        )
    return gras(
        start, row_totals, column_totals, tolerance=tolerance, max_iterations=max_iterations
    )


def gras(
    matrix: ArrayLike,
    row_totals: ArrayLike,
    column_totals: ArrayLike,
    *,
    tolerance: float = 1e-12,
    max_iterations: int = 1000,
) -> Balanced:
    r"""Generalised RAS: biproportional update of a matrix with negative cells, signs kept.

    With :math:`P` the positive and :math:`N` the absolute negative cells,
    :math:`z^*_{ij} = r_i p_{ij} s_j - n_{ij} / (r_i s_j)`, where in turn
    :math:`r_i = \frac{u_i + \sqrt{u_i^2 + 4 p_i n_i}}{2 p_i}`,
    :math:`p_i = \sum_j p_{ij} s_j`, :math:`n_i = \sum_j n_{ij} / s_j`, and
    :math:`r_i = -n_i / u_i` for a row without positive cells; columns likewise.

    Parameters
    ----------
    matrix : (n, m) array
        Flows to start from.
    row_totals : (n,) array
        Totals to meet; may be negative.
    column_totals : (m,) array
        Totals to meet; same sum.
    tolerance : float
        Largest residual accepted, relative to the totals.
    max_iterations : int
        Passes before giving up.

    Returns
    -------
    Balanced
        Matrix, multipliers, iterations and residual. Zero cells stay zero.

    Raises
    ------
    InputError
        Totals that no scaling can meet (sums differ; a row without cells of the sign of its
        total), or shapes that do not agree.
    NumericalError
        Not converged; its message has iterations and residual.

    Notes
    -----
    Identity: margins met, signs kept, equal to RAS when no cell is negative.

    References
    ----------
    Junius, T. and Oosterhaven, J. (2003), Economic Systems Research 15, 87-96.
    Lenzen, M., Wood, R. and Gallego, B. (2007), Economic Systems Research 19, 461-465.
    Temurshoev, U., Miller, R. E. and Bouwmeester, M. C. (2013), Economic Systems Research 25,
    361-367.

    Examples
    --------
    >>> gras([[4, -1], [1, 2]], [4, 4], [6, 2]).matrix.round(4)
    array([[ 4.7576, -0.7576],
           [ 1.2424,  2.7576]])
    """
    start = _matrix(matrix)
    rows = vector("row_totals", row_totals, start.shape[0])
    columns = vector("column_totals", column_totals, start.shape[1])
    scale = float(np.abs(rows).sum()) or float(np.abs(start).sum()) or 1.0
    _refuse_sums_apart(rows, columns, tolerance * scale)
    emptied_rows = _emptied("row", start, rows)
    emptied_columns = _emptied("column", start.T, columns)
    kept = np.where(emptied_rows[:, None] | emptied_columns, 0.0, start)
    r, s, iterations, residual = _iterate(kept, rows, columns, scale, tolerance, max_iterations)
    balanced = _scaled(kept, r, s)
    r[emptied_rows] = 0
    s[emptied_columns] = 0
    return Balanced(balanced, r, s, iterations, residual)


def _iterate(
    start: Array, rows: Array, columns: Array, scale: float, tolerance: float, limit: int
) -> tuple[Array, Array, int, float]:
    positive, negative = np.maximum(start, 0), np.maximum(-start, 0)
    r, s = np.ones_like(rows), np.ones_like(columns)
    residual = np.inf
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for iteration in range(limit + 1):
            p, n = positive @ s, negative @ (1 / s)
            residual = float(np.abs(r * p - n / r - rows).sum()) / scale
            if iteration and (residual <= tolerance or not np.isfinite(residual)):
                break
            r = _multiplier(rows, p, n)
            s = _multiplier(columns, r @ positive, (1 / r) @ negative)
    if not residual <= tolerance:
        raise NumericalError(
            "balancing",
            found=f"residual {residual:.2e} after {iteration} iterations",
            expected=f"at most {tolerance:.0e}",
            remedy="Check that the zero cells allow these totals, or allow more iterations.",
        )
    return r, s, iteration, residual


def _multiplier(totals: Array, p: Array, n: Array) -> Array:
    """Give the positive root of p r - n / r = total, in the form that does not cancel."""
    root = np.sqrt(totals**2 + 4 * p * n)
    upper, lower = totals + root, root - totals
    multiplier = np.ones_like(totals)
    np.divide(upper, 2 * p, out=multiplier, where=(totals >= 0) & (p > 0))
    np.divide(2 * n, lower, out=multiplier, where=(totals < 0) & (lower > 0))
    return multiplier


def _scaled(start: Array, r: Array, s: Array) -> Array:
    factor = np.outer(r, s)
    return np.where(start > 0, start * factor, start / factor)


def _matrix(value: ArrayLike) -> Array:
    return matrix("matrix", value)


def _refuse_sums_apart(rows: Array, columns: Array, allowed: float) -> None:
    gap = float(rows.sum() - columns.sum())
    if abs(gap) > allowed:
        raise InputError(
            "totals",
            found=f"row totals sum to {rows.sum():.10g}, column totals to {columns.sum():.10g}",
            expected="the same sum",
            remedy="Make the totals agree before balancing.",
        )


def _emptied(side: str, start: Array, totals: Array) -> Mask:
    """Rows whose total of zero leaves no choice but zero cells; impossible totals raise."""
    has_positive, has_negative = (start > 0).any(axis=1), (start < 0).any(axis=1)
    impossible = ((totals > 0) & ~has_positive) | ((totals < 0) & ~has_negative)
    if impossible.any():
        at = np.flatnonzero(impossible)
        raise InputError(
            f"{side} at {describe(at)}",
            found=f"total {totals[at[0]]:.6g} without a cell of that sign",
            expected="a cell that can be scaled to the total",
            remedy="Put a starting value there or correct the total.",
        )
    return np.equal(totals, 0) & (has_positive ^ has_negative)
