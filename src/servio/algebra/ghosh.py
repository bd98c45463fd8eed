"""Ghosh model by scaling the Leontief inverse: no second factorisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, square, vector
from servio.algebra.leontief import Leontief

__all__ = ["ghosh_inverse", "ghosh_row_sums", "ghosh_solve"]


def ghosh_inverse(L: ArrayLike, x: ArrayLike) -> Array:
    r"""Output enabled downstream by a unit of primary input of each industry.

    :math:`G = (I - B)^{-1} = \hat{x}^{-1} L \hat{x}`, so :math:`g_{ij} = l_{ij} x_j / x_i`.

    Parameters
    ----------
    L : (n, n) array
        Leontief inverse (dimensionless).
    x : (n,) array
        Gross output (currency).

    Returns
    -------
    (n, n) array
        Dimensionless. Row and column of an industry without output are those of the identity;
        its coefficients are undefined.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    Notes
    -----
    Identity: value added (all primary inputs) times G gives output, ``va @ G == x``.
    The value-chain literature writes B for L.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 12.1.

    Examples
    --------
    >>> ghosh_inverse([[1.25412541, 0.330033], [0.2640264, 1.12211221]], [1000, 2000]).round(4)
    array([[1.2541, 0.6601],
           [0.132 , 1.1221]])
    """
    inverse = square("L", L)
    output = vector("x", x, inverse.shape[0])
    live = output != 0
    ghosh = np.zeros_like(inverse)
    np.divide(inverse * output, output[:, None], out=ghosh, where=live[:, None])
    ghosh[~live, ~live] = 1
    return ghosh


def ghosh_row_sums(leontief: Leontief, x: ArrayLike) -> Array:
    r"""Row sums of the Ghosh inverse by one solve: total forward linkage, or upstreamness.

    :math:`G \iota = \hat{x}^{-1} L x`.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    x : (n,) array
        Gross output (currency).

    Returns
    -------
    (n,) array
        Dimensionless; 1 (undefined) for an industry without output.

    Raises
    ------
    InputError
        `x` does not fit or has a number that is not finite.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 12.2.

    Examples
    --------
    >>> ghosh_row_sums(Leontief([[0.15, 0.25], [0.2, 0.05]]), [1000, 2000]).round(4)
    array([1.9142, 1.2541])
    """
    output = vector("x", x, leontief.size)
    return _over(leontief.solve(output), output, fill=1.0)


def ghosh_solve(leontief: Leontief, x: ArrayLike, v: ArrayLike) -> Array:
    r"""Output enabled by given primary inputs: :math:`v' G` by one transposed solve.

    :math:`v' G = (\hat{x}^{-1} v)' L \hat{x}`.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    x : (n,) array
        Gross output (currency).
    v : (n,) array
        Primary inputs (same currency).

    Returns
    -------
    (n,) array
        Output (same currency).

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    Notes
    -----
    Identity: the recorded primary inputs give the recorded output.

    References
    ----------
    Ghosh, A. (1958), Input-output approach in an allocation system, Economica 25, 58-64.

    Examples
    --------
    >>> leontief = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> ghosh_solve(leontief, [1000, 2000], [650, 1400]).round(6)
    array([1000., 2000.])
    """
    output = vector("x", x, leontief.size)
    primary = vector("v", v, leontief.size)
    enabled = leontief.solve_transposed(_over(primary, output, fill=0.0)) * output
    return np.where(output != 0, enabled, primary)


def _over(value: Array, output: Array, fill: float) -> Array:
    result = np.full_like(output, fill)
    return np.divide(value, output, out=result, where=output != 0)
