"""Exact decompositions of change between two tables or two sets of weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, matrix, vector
from servio.algebra.leontief import Leontief
from servio.errors import InputError

__all__ = ["ShiftShare", "StructuralDecomposition", "shift_share", "structural_decomposition"]


@dataclass(frozen=True, slots=True)
class StructuralDecomposition:
    """Change of output by cause; ``coefficients.sum(axis=0) + demand == change``.

    Attributes
    ----------
    change : (n,) array
        Output at the end minus output at the start (currency).
    coefficients : (g, n) array
        Part due to changed input coefficients in the rows of each group.
    demand : (n,) array
        Part due to changed final demand.
    """

    change: Array
    coefficients: Array
    demand: Array


@dataclass(frozen=True, slots=True)
class ShiftShare:
    """Change of a weighted sum by cause; ``within.sum() + between.sum() == change``.

    Attributes
    ----------
    change : float
        Weighted sum at the end minus the one at the start.
    within : (n,) array
        Part due to changed values at average weights.
    between : (n,) array
        Part due to changed weights at average values.
    """

    change: float
    within: Array
    between: Array


def structural_decomposition(
    start: Leontief,
    y0: ArrayLike,
    end: Leontief,
    y1: ArrayLike,
    row_groups: ArrayLike | None = None,
) -> StructuralDecomposition:
    r"""How much of the change of output is due to input recipes and how much to demand.

    :math:`\Delta x = \tfrac12 (L_1 \Delta A L_0 + L_0 \Delta A L_1) \tfrac{y_0 + y_1}{2}
    + \tfrac{L_0 + L_1}{2} \Delta y`, the average of the two polar forms, with
    :math:`\Delta A` split by groups of its rows (say services and goods).

    Parameters
    ----------
    start, end : Leontief
        Factorised I - A at the start and at the end.
    y0, y1 : (n,) array
        Final demand at the start and at the end (one currency and price basis).
    row_groups : (g, n) array, optional
        Weight of each input (row of A) in each group; the weights of an input sum to 1.
        One group of all inputs when absent.

    Returns
    -------
    StructuralDecomposition
        Terms by industry (same currency).

    Raises
    ------
    InputError
        Sizes do not agree, or the weights of an input do not sum to 1.

    Notes
    -----
    Identity: the terms sum exactly to the change; exchanging start and end changes all signs.
    In current prices, price changes count as changed recipes: use constant prices.

    References
    ----------
    Dietzenbacher, E. and Los, B. (1998), Structural decomposition techniques: sense and
    sensitivity, Economic Systems Research 10, 307-324.

    Examples
    --------
    >>> start = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> end = Leontief([[0.15, 0.20], [0.2, 0.10]])
    >>> parts = structural_decomposition(start, [350, 1700], end, [400, 1800])
    >>> parts.coefficients.round(1), parts.demand.round(1)
    (array([[-99.6,  92.5]]), array([ 92.7, 128.2]))
    """
    if end.size != start.size:
        raise InputError(
            "end",
            found=f"{end.size} industries",
            expected=f"{start.size} as at the start",
            remedy="Bring both tables to one classification.",
        )
    first, last = vector("y0", y0, start.size), vector("y1", y1, start.size)
    groups = _partition(row_groups, start.size)
    delta = end.A - start.A
    middle = (first + last) / 2
    forward = end.solve((groups * (delta @ start.solve(middle))).T)
    backward = start.solve((groups * (delta @ end.solve(middle))).T)
    shift = last - first
    return StructuralDecomposition(
        change=end.solve(last) - start.solve(first),
        coefficients=(forward + backward).T / 2,
        demand=(start.solve(shift) + end.solve(shift)) / 2,
    )


def shift_share(c0: ArrayLike, w0: ArrayLike, c1: ArrayLike, w1: ArrayLike) -> ShiftShare:
    r"""Change of a weighted sum, split into changed values and changed weights.

    :math:`\Delta \sum_i c_i w_i = \sum_i \Delta c_i \frac{w_{0i} + w_{1i}}{2} +
    \sum_i \frac{c_{0i} + c_{1i}}{2} \Delta w_i`: within and between, no residual term.

    Parameters
    ----------
    c0, c1 : (n,) array
        Values (shares, coefficients) at the start and at the end.
    w0, w1 : (n,) array
        Weights at the start and at the end.

    Returns
    -------
    ShiftShare
        Terms by item (unit of value times weight).

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    Notes
    -----
    Identity: the terms sum exactly to the change; exchanging start and end changes all signs.

    References
    ----------
    Average of the two polar forms for two factors, as in Dietzenbacher and Los (1998).

    Examples
    --------
    >>> parts = shift_share([0.1, 0.3], [0.5, 0.5], [0.2, 0.3], [0.4, 0.6])
    >>> round(parts.change, 4), parts.within.round(4), parts.between.round(4)
    (0.06, array([0.045, 0.   ]), array([-0.015,  0.03 ]))
    """
    values0 = vector("c0", c0)
    values1, weights0, weights1 = (
        vector(name, array, values0.size) for name, array in (("c1", c1), ("w0", w0), ("w1", w1))
    )
    return ShiftShare(
        change=float(values1 @ weights1 - values0 @ weights0),
        within=(values1 - values0) * (weights0 + weights1) / 2,
        between=(values0 + values1) / 2 * (weights1 - weights0),
    )


def _partition(row_groups: ArrayLike | None, size: int) -> Array:
    if row_groups is None:
        return np.ones((1, size))
    groups = matrix("row_groups", row_groups, columns=size)
    sums = groups.sum(axis=0)
    wrong = np.flatnonzero(np.abs(sums - 1) > 1e-12)
    if wrong.size:
        raise InputError(
            f"row_groups, column {wrong[0]}",
            found=f"weights that sum to {sums[wrong[0]]:.6g}",
            expected="1, so that the terms sum to the change",
            remedy="Add a group for the rest, or share the input out.",
        )
    return groups
