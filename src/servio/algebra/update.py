"""Answers for a table with a few changed columns, from the factorised table that is there."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, matrix, positions, solve_small, stack
from servio.algebra.leontief import Leontief

__all__ = ["updated_solve"]


def updated_solve(
    leontief: Leontief, columns: ArrayLike, new_columns: ArrayLike, y: ArrayLike
) -> Array:
    r"""Output for final demand y after the input recipes of k industries have changed.

    With :math:`D` the change of the columns C,
    :math:`x^* = L y + L D (I - E_C' L D)^{-1} E_C' L y` (Woodbury).

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A of the unchanged table.
    columns : (k,) integer array
        Positions of the changed industries.
    new_columns : (n, k) array
        Their new input coefficients.
    y : (n,) or (n, m) array
        Final demand (currency).

    Returns
    -------
    array of the shape of `y`
        Output (same currency).

    Raises
    ------
    InputError
        Shapes do not agree, a position is wrong, or a number is not finite.
    NumericalError
        The changed table has no solution.

    Notes
    -----
    Identity: equal to the solution of the changed table; no change gives ``L y``.

    References
    ----------
    Hager, W. W. (1989), Updating the inverse of a matrix, SIAM Review 31, 221-239.

    Examples
    --------
    >>> leontief = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> updated_solve(leontief, [1], [[0.0], [0.05]], [350, 1700]).round(1)
    array([ 411.8, 1876.2])
    """
    at = positions("columns", columns, leontief.size)
    new = matrix("new_columns", new_columns, leontief.size, at.size)
    before = leontief.solve(stack("y", y, leontief.size))
    spread = leontief.solve(new - leontief.inputs[:, at].matrix)
    system = np.eye(at.size) - spread[at]
    return before + spread @ solve_small("changed columns", system, before[at])
