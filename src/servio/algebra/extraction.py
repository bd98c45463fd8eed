"""Hypothetical extraction in closed form: what output is lost without an industry or a link.

Every result is a loss, output before minus output after, with final demand (or, in the
forward variant, primary inputs) of the industries that stay unchanged. Losses of different
extractions do not add up. Whether lost inputs are replaced by imports is not modelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import (
    NEARLY_SINGULAR,
    Array,
    Positions,
    describe,
    positions,
    solve_small,
    vector,
)
from servio.algebra.leontief import Leontief
from servio.errors import NumericalError, UsageError

__all__ = [
    "block_extraction_loss",
    "block_extraction_losses",
    "block_set_extraction_losses",
    "extraction_losses",
    "extraction_totals",
    "set_extraction_loss",
]

Variant = Literal["full", "backward", "forward"]


def extraction_losses(leontief: Leontief, x: ArrayLike, variant: Variant = "full") -> Array:
    r"""Output lost by every industry when each single industry is taken out, all at once.

    ======== =================================== ===========================================
    variant  what goes                           loss of i when k is taken out
    ======== =================================== ===========================================
    full     row, column and final demand of k   :math:`l_{ik} x_k / l_{kk}`
    backward column k of A: k buys nothing       :math:`(l_{ik} - \delta_{ik}) x_k / l_{kk}`
    forward  row k of B (Ghosh): k sells nothing :math:`(l_{ki} x_i - \delta_{ik} x_k) / l_{kk}`
    ======== =================================== ===========================================

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    x : (n,) array
        Gross output (currency), ``x == leontief.solve(y)``.
    variant : {'full', 'backward', 'forward'}
        What is taken out.

    Returns
    -------
    (n, n) array
        Loss of the row industry when the column industry is taken out (same currency); column
        sums are total losses. Columns of industries without output are zero (undefined).

    Raises
    ------
    InputError
        `x` does not fit, or the variant is unknown.

    Notes
    -----
    Identity: equal to output recomputed with the reduced matrix.

    References
    ----------
    Miller, R. E. and Lahr, M. L. (2001), A taxonomy of extractions, in Regional Science
    Perspectives in Economic Analysis, Elsevier. Miller and Blair (2009), section 12.2.6.

    Examples
    --------
    >>> leontief = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> extraction_losses(leontief, [1000, 2000]).round(1)
    array([[1000. ,  588.2],
           [ 210.5, 2000. ]])
    >>> extraction_losses(leontief, [1000, 2000], "backward").round(1)
    array([[202.6, 588.2],
           [210.5, 217.6]])
    """
    output = vector("x", x, leontief.size)
    _known(variant)
    inverse = leontief.inverse
    own = inverse.diagonal()
    losses = inverse.T * output[:, None] if variant == "forward" else inverse * output
    if variant != "full":
        losses[np.diag_indices_from(losses)] -= output
    return np.where(output != 0, losses / own, 0.0)


def extraction_totals(leontief: Leontief, x: ArrayLike, variant: Variant = "full") -> Array:
    r"""Total output lost when each single industry is taken out, all at once.

    Column sums of `extraction_losses` without its matrix: full :math:`m_k x_k / l_{kk}` with the
    output multiplier m, backward :math:`(m_k - 1) x_k / l_{kk}`, forward
    :math:`((L x)_k - x_k) / l_{kk}`.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    x : (n,) array
        Gross output (currency), ``x == leontief.solve(y)``.
    variant : {'full', 'backward', 'forward'}
        What is taken out, as in `extraction_losses`.

    Returns
    -------
    (n,) array
        Loss of all industries together (same currency); zero (undefined) without output.

    Raises
    ------
    InputError
        `x` does not fit, or the variant is unknown.

    Notes
    -----
    Identity: equal to the column sums of `extraction_losses`.

    References
    ----------
    As `extraction_losses`.

    Examples
    --------
    >>> extraction_totals(Leontief([[0.15, 0.25], [0.2, 0.05]]), [1000, 2000]).round(1)
    array([1210.5, 2588.2])
    """
    output = vector("x", x, leontief.size)
    _known(variant)
    own = leontief.inverse.diagonal()
    if variant == "forward":
        lost = leontief.solve(output) - output
    else:
        multiplier = leontief.solve_transposed(np.ones(leontief.size))
        lost = (multiplier - (variant == "backward")) * output
    return np.where(output != 0, lost / own, 0.0)


def set_extraction_loss(
    leontief: Leontief, x: ArrayLike, members: ArrayLike, variant: Variant = "full"
) -> Array:
    r"""Output lost by every industry when a set S of industries is taken out together.

    full :math:`L_{.S} L_{SS}^{-1} x_S`; backward :math:`(L_{.S} - E_S) L_{SS}^{-1} x_S`;
    forward :math:`\iota' L_{SS}^{-1} (L_{S.} \hat{x} - \hat{x}_S E_S')`
    (Sherman-Morrison-Woodbury; no second factorisation). Variants as in `extraction_losses`.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    x : (n,) array
        Gross output (currency), ``x == leontief.solve(y)``.
    members : (s,) integer array
        Positions of the industries in S; none gives a loss of zero.
    variant : {'full', 'backward', 'forward'}
        What is taken out.

    Returns
    -------
    (n,) array
        Loss by industry (same currency).

    Raises
    ------
    InputError
        `x` does not fit, a position is wrong, or the variant is unknown.
    NumericalError
        The small system of S is singular.

    Notes
    -----
    Identity: equal to output recomputed with the reduced matrix; one member gives the column
    of `extraction_losses`.

    References
    ----------
    Dietzenbacher, E. and Lahr, M. L. (2013), Expanding extractions, Economic Systems Research
    25, 341-360.

    Examples
    --------
    >>> leontief = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> set_extraction_loss(leontief, [1000, 2000], [0]).round(1)
    array([1000. ,  210.5])
    """
    output = vector("x", x, leontief.size)
    _known(variant)
    members_at = positions("members", members, leontief.size)
    at = members_at[output[members_at] != 0]
    if variant == "forward":
        return _forward_set_loss(leontief, output, at)
    columns = leontief.columns(at)
    weights = solve_small("extracted industries", columns[at], output[at])
    loss = columns @ weights
    if variant == "backward":
        loss[at] -= weights
    return loss


def block_extraction_loss(
    leontief: Leontief, x: ArrayLike, suppliers: ArrayLike, users: ArrayLike
) -> Array:
    r"""Output lost when the suppliers S sell nothing more to the users M, all else kept.

    :math:`A_{SM} = 0`; loss :math:`= L_{.S} (I + A_{SM} L_{MS})^{-1} A_{SM} x_M`.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    x : (n,) array
        Gross output (currency), ``x == leontief.solve(y)``.
    suppliers, users : integer arrays
        Positions of S and M; they may overlap.

    Returns
    -------
    (n,) array
        Loss by industry (same currency).

    Raises
    ------
    InputError
        `x` does not fit or a position is wrong.
    NumericalError
        The small system of S is singular.

    Notes
    -----
    Identity: equal to output recomputed with the reduced matrix.

    References
    ----------
    Dietzenbacher, E. and Lahr, M. L. (2013), Expanding extractions, Economic Systems Research
    25, 341-360.

    Examples
    --------
    >>> leontief = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> block_extraction_loss(leontief, [1000, 2000], [0], [1]).round(1)
    array([588.2, 123.8])
    """
    return block_set_extraction_losses(leontief, x, suppliers, [users])[:, 0]


def block_set_extraction_losses(
    leontief: Leontief, x: ArrayLike, suppliers: ArrayLike, users: Sequence[ArrayLike]
) -> Array:
    r"""Output lost when the suppliers S sell nothing more to each of several sets of users.

    Each set is taken out by itself, as in `block_extraction_loss`; the columns of S are solved
    for once.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    x : (n,) array
        Gross output (currency), ``x == leontief.solve(y)``.
    suppliers : (s,) integer array
        Positions of S.
    users : sequence of k integer arrays
        Positions of each set of users; sets may overlap, with S too.

    Returns
    -------
    (n, k) array
        Loss of the row industry when S sell nothing more to the set (same currency).

    Raises
    ------
    InputError
        `x` does not fit or a position is wrong.
    NumericalError
        The small system of S is singular.

    Notes
    -----
    Identity: equal to output recomputed with the reduced matrix.

    References
    ----------
    Dietzenbacher, E. and Lahr, M. L. (2013), Expanding extractions, Economic Systems Research
    25, 341-360.

    Examples
    --------
    >>> leontief = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> block_set_extraction_losses(leontief, [1000, 2000], [0], [[0], [1]]).round(1)
    array([[158.3, 588.2],
           [ 33.3, 123.8]])
    """
    output = vector("x", x, leontief.size)
    sold = positions("suppliers", suppliers, leontief.size)
    columns = leontief.columns(sold)
    weights = np.zeros((sold.size, len(users)))
    for place, members in enumerate(users):
        bought = positions("users", members, leontief.size)
        link = leontief.A[np.ix_(sold, bought)]
        system = np.eye(sold.size) + link @ columns[bought]
        weights[:, place] = solve_small("extracted block", system, link @ output[bought])
    return columns @ weights


def block_extraction_losses(leontief: Leontief, x: ArrayLike, suppliers: ArrayLike) -> Array:
    r"""Output lost when the suppliers S sell nothing more to one industry, each all at once.

    With :math:`P_{.k}` the column k of A, zero but for the rows S, the loss of i when S no longer
    sell to k is :math:`(L P)_{ik} x_k / (1 + (L P)_{kk})` (Sherman-Morrison).

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    x : (n,) array
        Gross output (currency), ``x == leontief.solve(y)``.
    suppliers : (s,) integer array
        Positions of S.

    Returns
    -------
    (n, n) array
        Loss of the row industry when S sell nothing more to the column industry (same currency).

    Raises
    ------
    InputError
        `x` does not fit or a position is wrong.
    NumericalError
        The table without a link has no solution.

    Notes
    -----
    Identity: column k equals `block_extraction_loss` with k as the only user.

    References
    ----------
    Dietzenbacher, E. and Lahr, M. L. (2013), Expanding extractions, Economic Systems Research
    25, 341-360.

    Examples
    --------
    >>> leontief = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> block_extraction_losses(leontief, [1000, 2000], [0]).round(1)
    array([[158.3, 588.2],
           [ 33.3, 123.8]])
    """
    output = vector("x", x, leontief.size)
    links = np.zeros_like(leontief.A)
    sold = positions("suppliers", suppliers, leontief.size)
    links[sold] = leontief.A[sold]
    needed = leontief.solve(links)
    own = 1 + needed.diagonal()
    faulty = np.flatnonzero(np.abs(own) <= NEARLY_SINGULAR * np.abs(needed).max(initial=1.0))
    if faulty.size:
        raise NumericalError(
            f"extracted block, users at {describe(faulty)}",
            found="a singular system",
            expected="industries that do not use up their whole own output",
            remedy="Choose other suppliers or correct the coefficients.",
        )
    return needed * output / own


def _forward_set_loss(leontief: Leontief, output: Array, at: Positions) -> Array:
    rows = leontief.rows(at)
    weights = solve_small("extracted industries", rows[:, at].T, np.ones(at.size))
    loss = (weights @ rows) * output
    loss[at] -= weights * output[at]
    return loss


def _known(variant: str) -> None:
    if variant not in get_args(Variant):
        raise UsageError(
            "variant",
            found=repr(variant),
            expected=" or ".join(get_args(Variant)),
            remedy="Choose one of these.",
        )
