"""Multipliers and linkages: how strongly an industry pulls on, and feeds, all others."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, Mask, mask, matrix, square, stack, vector
from servio.algebra.leontief import Leontief
from servio.errors import InputError, NumericalError

__all__ = [
    "direct_backward",
    "direct_forward",
    "forward_ghosh",
    "multiplier_ratio",
    "output_multiplier",
    "power_of_dispersion",
    "sensitivity_of_dispersion",
    "type_two_inverse",
    "value_multiplier",
    "variation_backward",
    "variation_forward",
]


def output_multiplier(leontief: Leontief) -> Array:
    r"""Output of all industries needed for one unit of final demand of each.

    :math:`\iota' L`, the column sums of the Leontief inverse (total backward linkage).

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.

    Returns
    -------
    (n,) array
        Output per unit of final demand, at least 1 where `A` is non-negative.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 6.2.1.

    Examples
    --------
    >>> output_multiplier(Leontief([[0.15, 0.25], [0.2, 0.05]])).round(4)
    array([1.5182, 1.4521])
    """
    return leontief.solve_transposed(np.ones(leontief.size))


def value_multiplier(leontief: Leontief, v: ArrayLike) -> Array:
    r"""Value added, income, jobs or emissions in a unit of final demand of each industry.

    :math:`v' L`, simple (type I) effects.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    v : (n,) or (p, n) array
        Coefficients per unit of output, one row per kind.

    Returns
    -------
    array of the shape of `v`
        Unit of `v` per unit of final demand.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    Notes
    -----
    Identity: with the whole value-added block, ``v' L`` is 1 on live industries.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 6.2.2.

    Examples
    --------
    >>> value_multiplier(Leontief([[0.15, 0.25], [0.2, 0.05]]), [0.3, 0.25]).round(4)
    array([0.4422, 0.3795])
    """
    return leontief.solve_transposed(stack("v", np.transpose(v), leontief.size)).T


def multiplier_ratio(multiplier: ArrayLike, direct: ArrayLike) -> Array:
    r"""Type I multiplier: total effect per unit of direct effect, :math:`(v' L)_j / v_j`.

    Parameters
    ----------
    multiplier : (n,) array
        Total effects, as `value_multiplier` gives them.
    direct : (n,) array
        Direct coefficients (same unit).

    Returns
    -------
    (n,) array
        Dimensionless; nan (undefined) where the direct coefficient is zero.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 6.2.2.

    Examples
    --------
    >>> multiplier_ratio([0.263, 0.2], [0.1068, 0.0]).round(2)
    array([2.46,  nan])
    """
    below = vector("direct", direct)
    above = vector("multiplier", multiplier, below.size)
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below != 0)


def type_two_inverse(leontief: Leontief, income: ArrayLike, consumption: ArrayLike) -> Array:
    r"""Leontief inverse closed for households, so that income is spent again.

    :math:`\bar L = (I - \bar A)^{-1}`, :math:`\bar A = \begin{pmatrix} A & c \\ h' & 0
    \end{pmatrix}`, computed by bordering the factorised I - A:
    with :math:`s = 1 - h' L c` its blocks are :math:`L + L c\, h' L / s`, :math:`L c / s`,
    :math:`h' L / s` and :math:`1 / s`.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    income : (n,) array
        h: household income per unit of output.
    consumption : (n,) array
        c: spending on each industry per unit of household income.

    Returns
    -------
    (n + 1, n + 1) array
        Household row and column last.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.
    NumericalError
        Households spend at least what the spending brings back: the rounds never die out.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 2.5.

    Examples
    --------
    >>> leontief = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> type_two_inverse(leontief, [0.3, 0.25], [0.1, 0.4]).round(3)
    array([[1.396, 0.452, 0.32 ],
           [0.525, 1.346, 0.591],
           [0.55 , 0.472, 1.244]])
    """
    spent = leontief.solve(vector("consumption", consumption, leontief.size))
    earned = leontief.solve_transposed(vector("income", income, leontief.size))
    kept = 1 - float(vector("income", income) @ spent)
    if kept <= np.finfo(float).eps:
        raise NumericalError(
            "households",
            found=f"{1 - kept:.6g} of income coming back as income per round of spending",
            expected="less than 1",
            remedy="Check income and consumption coefficients.",
        )
    inner = leontief.inverse + np.outer(spent, earned) / kept
    return np.block([[inner, spent[:, None] / kept], [earned / kept, np.ones((1, 1)) / kept]])


def direct_backward(A: ArrayLike) -> Array:
    r"""Direct backward linkage: inputs per unit of output, :math:`\iota' A`.

    Parameters
    ----------
    A : (m, n) array
        Input coefficients.

    Returns
    -------
    (n,) array
        Dimensionless.

    Raises
    ------
    InputError
        `A` is no matrix or has a number that is not finite.

    References
    ----------
    Chenery, H. B. and Watanabe, T. (1958), Econometrica 26, 487-521.

    Examples
    --------
    >>> direct_backward([[0.15, 0.25], [0.2, 0.05]])
    array([0.35, 0.3 ])
    """
    return np.asarray(matrix("A", A).sum(axis=0))


def direct_forward(B: ArrayLike) -> Array:
    r"""Direct forward linkage: row sums of allocation coefficients, :math:`B \iota`.

    Row sums of input coefficients are also in use (Schuschny 2005); pass `A` to get them.

    Parameters
    ----------
    B : (n, m) array
        Allocation coefficients (the share of output sold to industries).

    Returns
    -------
    (n,) array
        Dimensionless.

    Raises
    ------
    InputError
        `B` is no matrix or has a number that is not finite.

    References
    ----------
    Chenery, H. B. and Watanabe, T. (1958), Econometrica 26, 487-521.

    Examples
    --------
    >>> direct_forward([[0.15, 0.5], [0.1, 0.05]])
    array([0.65, 0.15])
    """
    return np.asarray(matrix("B", B).sum(axis=1))


def power_of_dispersion(L: ArrayLike, live: ArrayLike | None = None) -> Array:
    r"""Rasmussen's power of dispersion: backward linkage relative to the average.

    :math:`U_j = \frac{\frac1n \sum_i l_{ij}}{\frac1{n^2} \sum_{ij} l_{ij}}`.

    Parameters
    ----------
    L : (n, n) array
        Leontief inverse.
    live : (n,) boolean array, optional
        Industries with output; means are taken over them.

    Returns
    -------
    (n,) array
        Dimensionless, 1 on average; nan (undefined) for industries without output.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    References
    ----------
    Rasmussen, P. N. (1956), Studies in Inter-Sectoral Relations, North-Holland.

    Examples
    --------
    >>> power_of_dispersion([[1.2541, 0.33], [0.264, 1.1221]]).round(3)
    array([1.022, 0.978])
    """
    inverse, alive = _inverse_on(L, live)
    return _relative(inverse.sum(axis=0), alive)


def sensitivity_of_dispersion(L: ArrayLike, live: ArrayLike | None = None) -> Array:
    r"""Rasmussen's sensitivity of dispersion: forward linkage relative to the average.

    :math:`U_i = \frac{\frac1n \sum_j l_{ij}}{\frac1{n^2} \sum_{ij} l_{ij}}`. It answers a unit
    of final demand everywhere, which no economy has; `forward_ghosh` is preferred for supply.

    Parameters
    ----------
    L : (n, n) array
        Leontief inverse.
    live : (n,) boolean array, optional
        Industries with output; means are taken over them.

    Returns
    -------
    (n,) array
        Dimensionless, 1 on average; nan (undefined) for industries without output.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    References
    ----------
    Rasmussen, P. N. (1956), Studies in Inter-Sectoral Relations, North-Holland.

    Examples
    --------
    >>> sensitivity_of_dispersion([[1.2541, 0.33], [0.264, 1.1221]]).round(4)
    array([1.0667, 0.9333])
    """
    inverse, alive = _inverse_on(L, live)
    return _relative(inverse.sum(axis=1), alive)


def variation_backward(L: ArrayLike, live: ArrayLike | None = None) -> Array:
    r"""How unevenly an industry's pull falls on others: coefficient of variation by column.

    :math:`V_j = \frac{\sqrt{\frac1{n-1} \sum_i (l_{ij} - \bar l_{.j})^2}}{\bar l_{.j}}`.

    Parameters
    ----------
    L : (n, n) array
        Leontief inverse.
    live : (n,) boolean array, optional
        Industries with output; means are taken over them.

    Returns
    -------
    (n,) array
        Dimensionless; nan (undefined) for industries without output, or with fewer than two.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    References
    ----------
    Rasmussen, P. N. (1956), Studies in Inter-Sectoral Relations, North-Holland.

    Examples
    --------
    >>> variation_backward([[1.2541, 0.33], [0.264, 1.1221]]).round(4)
    array([0.9223, 0.7714])
    """
    inverse, alive = _inverse_on(L, live)
    return _variation(inverse, alive)


def variation_forward(L: ArrayLike, live: ArrayLike | None = None) -> Array:
    r"""How unevenly an industry feeds others: coefficient of variation by row.

    :math:`V_i = \frac{\sqrt{\frac1{n-1} \sum_j (l_{ij} - \bar l_{i.})^2}}{\bar l_{i.}}`.

    Parameters
    ----------
    L : (n, n) array
        Leontief inverse.
    live : (n,) boolean array, optional
        Industries with output; means are taken over them.

    Returns
    -------
    (n,) array
        Dimensionless; nan (undefined) for industries without output, or with fewer than two.

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.

    References
    ----------
    Rasmussen, P. N. (1956), Studies in Inter-Sectoral Relations, North-Holland.

    Examples
    --------
    >>> variation_forward([[1.2541, 0.33], [0.264, 1.1221]]).round(4)
    array([0.825 , 0.8755])
    """
    inverse, alive = _inverse_on(L, live)
    return _variation(inverse.T, alive)


def forward_ghosh(G: ArrayLike) -> Array:
    r"""Total forward linkage: row sums of the Ghosh inverse, :math:`G \iota`.

    Parameters
    ----------
    G : (n, n) array
        Ghosh inverse.

    Returns
    -------
    (n,) array
        Dimensionless. `ghosh_row_sums` gives the same without the inverse.

    Raises
    ------
    InputError
        `G` is not square or has a number that is not finite.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 12.2.

    Examples
    --------
    >>> forward_ghosh([[1.2541, 0.6601], [0.132, 1.1221]]).round(4)
    array([1.9142, 1.2541])
    """
    return np.asarray(square("G", G).sum(axis=1))


def _inverse_on(L: ArrayLike, live: ArrayLike | None) -> tuple[Array, Mask]:
    inverse = square("L", L)
    alive = mask("live", live, inverse.shape[0])
    if not alive.any():
        raise InputError(
            "live",
            found="no industry with output",
            expected="at least one",
            remedy="Check the output vector.",
        )
    return inverse[np.ix_(alive, alive)], alive


def _spread(values: Array, alive: Mask) -> Array:
    full = np.full(alive.size, np.nan)
    full[alive] = values
    return full


def _relative(sums: Array, alive: Mask) -> Array:
    return _spread(sums / sums.mean(), alive)


def _variation(inverse: Array, alive: Mask) -> Array:
    if inverse.shape[0] < 2:
        return np.full(alive.size, np.nan)
    return _spread(inverse.std(axis=0, ddof=1) / inverse.mean(axis=0), alive)
