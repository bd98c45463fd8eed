"""How far a product is from final use and from primary inputs, in stages."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import LinearOperator, gmres

from servio.algebra._check import Array, solve_small, vector
from servio.algebra.leontief import Leontief

__all__ = ["downstreamness", "upstreamness"]

DIRECT = 300
"""Systems up to this size are solved anew; larger ones by iterations on the factorised I - A."""
TOLERANCE = 1e-14
ROUNDS = 6


def upstreamness(leontief: Leontief, x: ArrayLike, scale: ArrayLike | None = None) -> Array:
    r"""Average number of stages between an industry's output and final use, at least one.

    :math:`U = (I - B^*)^{-1} \iota` with :math:`b^*_{ij} = s_i z_ij / x_i`. The scale s is one,
    or :math:`x_i / (x_i - n_i)` for the net-inventory correction, so that
    :math:`b^*_{ij} = z_{ij} / (x_i - n_i)`.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    x : (n,) array
        Gross output (currency).
    scale : (n,) array, optional
        Factor on each row of flows; one when absent.

    Returns
    -------
    (n,) array
        Stages; 1 (undefined) for an industry without output.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.
    NumericalError
        The corrected flows have no solution.

    Notes
    -----
    Identity: ``U == 1 + B* @ U``. With ``scale`` absent, the row sums of the Ghosh inverse.

    References
    ----------
    Antras, P., Chor, D., Fally, T. and Hillberry, R. (2012), Measuring the upstreamness of
    production and trade flows, American Economic Review 102(3), 412-416.

    Examples
    --------
    >>> leontief = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> upstreamness(leontief, [1000, 2000]).round(4)
    array([1.9142, 1.2541])
    """
    output = vector("x", x, leontief.size)
    # x-hat commutes with the scale: (I - SB) u = 1 is (I - SA)(x-hat u) = x
    passed = _solve_scaled(leontief, output, _scale(scale, leontief.size), transposed=False)
    return np.divide(passed, output, out=np.ones_like(output), where=output != 0)


def downstreamness(leontief: Leontief, scale: ArrayLike | None = None) -> Array:
    r"""Average number of stages between primary inputs and an industry's output, at least one.

    :math:`D' = \iota' (I - \hat{s} A)^{-1}`.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    scale : (n,) array, optional
        Factor on each row of flows, as in `upstreamness`; one when absent.

    Returns
    -------
    (n,) array
        Stages; 1 (undefined) for an industry without output.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.
    NumericalError
        The corrected flows have no solution.

    Notes
    -----
    Identity: ``D == 1 + D @ (s[:, None] * A)``. With ``scale`` absent, the output multiplier.

    References
    ----------
    Antras, P. and Chor, D. (2018), On the measurement of upstreamness and downstreamness in
    global value chains, in World Trade Evolution, Routledge. Fally, T. (2012), Production
    staging: measurement and facts.

    Examples
    --------
    >>> downstreamness(Leontief([[0.15, 0.25], [0.2, 0.05]])).round(4)
    array([1.5182, 1.4521])
    """
    ones = np.ones(leontief.size)
    return _solve_scaled(leontief, ones, _scale(scale, leontief.size), transposed=True)


def _scale(scale: ArrayLike | None, size: int) -> Array:
    return np.ones(size) if scale is None else vector("scale", scale, size)


def _solve_scaled(leontief: Leontief, right: Array, scale: Array, *, transposed: bool) -> Array:
    """Solution of (I - S A) w = right, or of the transposed system."""
    solve = leontief.solve_transposed if transposed else leontief.solve
    if (scale == 1).all():
        return solve(right)
    if leontief.size > DIRECT:
        found = _refined(leontief, right, scale, solve, transposed=transposed)
        if found is not None:
            return found
    system = np.eye(leontief.size) - scale[:, None] * leontief.A
    return solve_small("I - S A", system.T if transposed else system, right)


def _refined(
    leontief: Leontief,
    right: Array,
    scale: Array,
    solve: Callable[[Array], Array],
    *,
    transposed: bool,
) -> Array | None:
    """The solution by iterations that the factorised I - A conditions, if they get there."""
    A = leontief.inputs

    def apply(w: Array) -> Array:
        return w - (scale * w) @ A if transposed else w - scale * (A @ w)

    system = LinearOperator((right.size, right.size), matvec=lambda w: solve(apply(w)))
    found = solve(right)
    goal = TOLERANCE * float(np.abs(right).max(initial=0.0))
    last = np.inf
    for _ in range(ROUNDS):
        gap = right - apply(found)
        size = float(np.abs(gap).max())
        if size <= goal or (size >= last / 2 and size <= 100 * goal):
            return found
        last = size
        step, failed = gmres(system, solve(gap), rtol=1e-8, restart=60, maxiter=1)
        if failed:
            return None
        found = found + step
    return None
