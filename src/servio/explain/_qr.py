"""Least squares by Householder QR of an equilibrated design, with iterative refinement.

Columns are scaled by powers of two, which rounds nothing. Refinement solves the augmented system
for the residuals and the coefficients together, with residuals of both equations computed in
twice the working precision by error-free products and sums, so that it is the same on every
machine.

References
----------
Björck, Å. (1967), Iterative refinement of linear least squares solutions I, BIT 7, 257–278.
Dekker, T. J. (1971), A floating-point technique for extending the available precision,
Numerische Mathematik 18, 224–242.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LeastSquares", "condition_number", "dependence", "least_squares"]

Array = npt.NDArray[np.float64]

ROUNDS = 12
WELL_CONDITIONED = 100.0
"""Below this condition number a QR solution has all the digits the data give."""


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """Minimiser of |y − X b|.

    Parameters
    ----------
    coefficients : array (k,)
    residuals : array (n,)
    bread : array (k, k)
        Inverse of X'X.
    basis : array (n, k)
        Orthonormal basis of the columns; the sums of squares of its rows are the leverages.
    condition : float
        Ratio of the largest to the smallest singular value of X with columns of unit length.
    """

    coefficients: Array
    residuals: Array
    bread: Array
    basis: Array
    condition: float


def least_squares(X: Array, y: Array) -> LeastSquares:
    """The coefficients b that minimise |y − X b|, for X of full column rank.

    Parameters
    ----------
    X : array (n, k)
        n ≥ k; see `dependence` for a check of its rank.
    y : array (n,)

    Returns
    -------
    LeastSquares

    Examples
    --------
    >>> X = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 4.0]])
    >>> least_squares(X, np.array([1.0, 2.0, 4.0])).coefficients.round(12) + 0.0
    array([0., 1.])
    """
    scale = np.exp2(np.rint(np.log2(np.linalg.norm(X, axis=0))))
    A = X / scale
    Q, R = np.linalg.qr(A)
    R_inverse = np.linalg.inv(R)
    b = R_inverse @ (Q.T @ y)
    r = y - A @ b
    condition = _condition_of_triangle(R)
    if condition > WELL_CONDITIONED:
        b, r = _refine(A, y, Q, R, b, r)
    bread = R_inverse @ R_inverse.T / np.outer(scale, scale)
    return LeastSquares(b / scale, r, bread, Q, condition)


def condition_number(X: Array) -> float:
    """Ratio of the extreme singular values of X with columns scaled to unit length.

    That is at most √k times the smallest condition number any scaling of columns can give (van
    der Sluis 1969): what is left is nearness to collinearity, not a choice of units.
    """
    return _condition_of_triangle(np.linalg.qr(X)[1])


def dependence(X: Array, tolerance: Array) -> tuple[int, Array] | None:
    """The first column that is a combination of those before it, and the combination.

    Parameters
    ----------
    X : array (n, k)
        No column is zero.
    tolerance : array (k,)
        A column depends on those before it where at most this share of its length is left.

    Returns
    -------
    tuple of int and array, or None
        Position j and coefficients (j,) with X[:, j] = X[:, :j] @ coefficients.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 3.0], [0.0, 0.0, 0.0]])
    >>> at, weights = dependence(X, np.full(3, 1e-12))
    >>> at, weights.tolist()
    (2, [2.0, 3.0])
    """
    lengths = np.linalg.norm(X, axis=0)
    if X.shape[1] > X.shape[0]:
        X, lengths = X[:, : X.shape[0] + 1], lengths[: X.shape[0] + 1]
    R = np.linalg.qr(X / lengths)[1]
    for j in range(R.shape[1]):
        left = np.linalg.norm(R[j:, j])
        if left <= tolerance[j]:
            weights = np.linalg.solve(R[:j, :j], R[:j, j]) if j else np.zeros(0)
            return j, weights * lengths[j] / lengths[:j]
    return None


def _condition_of_triangle(R: Array) -> float:
    singular = np.linalg.svd(R / np.linalg.norm(R, axis=0), compute_uv=False)
    return float(singular[0] / singular[-1]) if singular[-1] > 0 else math.inf


def _refine(A: Array, y: Array, Q: Array, R: Array, b: Array, r: Array) -> tuple[Array, Array]:
    """Corrections of residuals and coefficients until they no longer get smaller."""
    last = math.inf
    for _ in range(ROUNDS):
        f = _residual(A, y, b, r)
        g = -_products(A, r)
        c = np.linalg.solve(R.T, g)
        d = Q.T @ f
        step = np.linalg.solve(R, d - c)
        size = float(np.linalg.norm(step))
        if not size < last / 2:
            break
        b = b + step
        r = r + Q @ c + (f - Q @ d)
        last = size
    return b, r


def _residual(A: Array, y: Array, b: Array, r: Array) -> Array:
    """Outcome less r and A b, in twice the working precision, rounded once."""
    high, low = _sum(y, -r)
    for j in range(A.shape[1]):
        product, error = _product(A[:, j], np.full_like(y, -b[j]))
        high, carried = _sum(high, product)
        low = low + (carried + error)
    return np.asarray(high + low, dtype=np.float64)


def _products(A: Array, r: Array) -> Array:
    """A'r, each sum exact before it is rounded."""
    found = np.empty(A.shape[1])
    for j in range(A.shape[1]):
        product, error = _product(A[:, j], r)
        found[j] = math.fsum(np.concatenate([product, error]).tolist())
    return found


def _sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Rounded sum and its error (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _product(a: Array, b: Array) -> tuple[Array, Array]:
    """Rounded product and its error (Dekker, Veltkamp)."""
    product = a * b
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def _halves(a: Array) -> tuple[Array, Array]:
    spread = 134217729.0 * a
    high = spread - (spread - a)
    return high, a - high
