"""Coefficients: flows per unit of output, by column (input) and by row (allocation)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, Mask, describe, matrix, vector
from servio.errors import ValueFault

__all__ = [
    "allocation_coefficients",
    "input_coefficients",
    "live_industries",
    "value_coefficients",
]

ROUNDING = 1e-3
"""Flows of a zero-output industry up to this share of the largest output are the rounding of
published tables (WIOD 2013 in whole millions has such cells); larger ones are a fault."""


def live_industries(x: ArrayLike) -> Mask:
    """Which industries have output, so that their coefficients are defined.

    Parameters
    ----------
    x : (n,) array
        Gross output (currency).

    Returns
    -------
    (n,) boolean array
        ``x != 0``.

    Raises
    ------
    ValueFault
        An output is missing or infinite.

    Examples
    --------
    >>> live_industries([1000.0, 0.0, 2000.0])
    array([ True, False,  True])
    """
    return np.not_equal(vector("x", x), 0)


def input_coefficients(Z: ArrayLike, x: ArrayLike) -> Array:
    r"""Input coefficients: what an industry buys from each other per unit of its output.

    :math:`A = Z \hat{x}^{-1}`, that is :math:`a_{ij} = z_{ij} / x_j`.

    Parameters
    ----------
    Z : (m, n) array
        Intermediate flows (currency), sellers in rows, buyers in columns.
    x : (n,) array
        Gross output of the buyers (same currency).

    Returns
    -------
    (m, n) array
        Dimensionless. The column of an industry without output is exactly zero; its
        coefficients are undefined and `live_industries` says so.

    Raises
    ------
    InputError
        Shapes do not agree.
    ValueFault
        A number is not finite, or an industry without output buys inputs.

    Notes
    -----
    Identity: ``A @ x == Z.sum(axis=1)``. A coefficient in current prices moves with relative
    prices as well as with technology.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 2.2.

    Examples
    --------
    >>> input_coefficients([[150, 500], [200, 100]], [1000, 2000])
    array([[0.15, 0.25],
           [0.2 , 0.05]])
    """
    output = vector("x", x)
    return _per_output(matrix("Z", Z, columns=output.size), output, "column")


def allocation_coefficients(Z: ArrayLike, x: ArrayLike) -> Array:
    r"""Allocation coefficients: the share of an industry's output sold to each other one.

    :math:`B = \hat{x}^{-1} Z`, that is :math:`b_{ij} = z_{ij} / x_i`.

    Parameters
    ----------
    Z : (n, m) array
        Intermediate flows (currency), sellers in rows, buyers in columns.
    x : (n,) array
        Gross output of the sellers (same currency).

    Returns
    -------
    (n, m) array
        Dimensionless; the row of an industry without output is exactly zero (undefined).

    Raises
    ------
    InputError
        Shapes do not agree.
    ValueFault
        A number is not finite, or an industry without output sells (imports counted in `Z`
        do that: their shares of domestic output are undefined).

    Notes
    -----
    Identity: ``x @ B == Z.sum(axis=0)``. The value-chain literature writes B for the Leontief
    inverse; here that is L.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 12.1.

    Examples
    --------
    >>> allocation_coefficients([[150, 500], [200, 100]], [1000, 2000])
    array([[0.15, 0.5 ],
           [0.1 , 0.05]])
    """
    output = vector("x", x)
    return _per_output(matrix("Z", Z, rows=output.size).T, output, "row").T


def value_coefficients(V: ArrayLike, x: ArrayLike) -> Array:
    r"""Value added, labour, energy or another satellite row per unit of output.

    :math:`v = V \hat{x}^{-1}`.

    Parameters
    ----------
    V : (p, n) array
        Rows to divide (currency, persons, ...).
    x : (n,) array
        Gross output (currency).

    Returns
    -------
    (p, n) array
        Unit of `V` per unit of output; zero (undefined) where there is no output.

    Raises
    ------
    InputError
        Shapes do not agree.
    ValueFault
        A number is not finite, or an industry without output has a value.

    Notes
    -----
    Identity: where the value-added block is complete, ``A.sum(axis=0) + v.sum(axis=0) == 1``
    on live industries.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 2.6.

    Examples
    --------
    >>> value_coefficients([[650, 1400]], [1000, 2000])
    array([[0.65, 0.7 ]])
    """
    output = vector("x", x)
    return _per_output(matrix("V", V, columns=output.size), output, "column", "V")


def _per_output(flows: Array, x: Array, side: str, place: str = "Z") -> Array:
    """Columns of `flows` over `x`."""
    live = x != 0
    refuse_flows_without_output(flows, x, live, side, place)
    coefficients = np.zeros_like(flows)
    with np.errstate(over="ignore"):
        np.divide(flows, x, out=coefficients, where=live)
    if not np.isfinite(coefficients).all():
        worst = int(np.argwhere(~np.isfinite(coefficients))[0, 1])
        raise ValueFault(
            f"x[{worst}]",
            found=f"{x[worst]:.3g}",
            expected="an output that its flows can be divided by",
            remedy="Set the output to zero with its flows, or correct it.",
        )
    return coefficients


def refuse_flows_without_output(flows: Array, x: Array, live: Mask, side: str, place: str) -> None:
    """Raise where an industry without output has more than rounding."""
    noise = ROUNDING * np.abs(x).max(initial=0.0)
    dead = np.flatnonzero(~live)
    faulty = dead[(np.abs(flows[:, dead]) > noise).any(axis=0)]
    if faulty.size:
        raise ValueFault(
            f"{place}, {side} at {describe(faulty)}",
            found="flows of an industry without output",
            expected="zero flows where output is zero",
            remedy="Give the industry its output or move the flows into the discrepancy.",
        )
