"""Composite indices: entropy weights, coupling co-ordination, grey relation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, matrix, vector
from servio.errors import UsageError, ValueFault

__all__ = [
    "CouplingDegree",
    "EntropyWeights",
    "GreyRelation",
    "coupling_degree",
    "entropy_weights",
    "grey_relation_grades",
    "range_normalised",
]

ROUNDING = 1e-12
ROUNDING = 1e-14
"""Difference over the largest number, up to which series are the same."""
LEVELS = (0.05, 0.3, 0.6, 1.0)
MISUSES = {
    "missing_exponent": "n^n prod U / (sum U)^n lacks the root 1/n: it is C to the power n",
    "half_span": "[prod U / (sum U)^2]^(1/2) ends at 0.5: the factor n is missing",
}
"""Formulas in circulation that are refused (Wang, Kong, Ren and Zhi 2021)."""


# -- normalisation and weights ---------------------------------------------------------------------


def range_normalised(
    values: ArrayLike,
    direction: ArrayLike,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    epsilon: float = 0.0,
) -> Array:
    """Indicators brought to a common range, 1 best: ``epsilon + (1 - 2 epsilon) z``.

    z is ``(x - low) / (high - low)``, one minus that where less is better.

    Parameters
    ----------
    values : (n, m) array
        Observations by indicator.
    direction : (m,) array
        1 or ``"+"`` where more is better, -1 or ``"-"`` where less is.
    low, high : (m,) arrays, optional
        Ends of the range; by default the least and the largest of `values`.
    epsilon : float
        From 0 to below 0.5.

    Returns
    -------
    (n, m) array
        nan throughout where an indicator's range is 0. Beyond the range values lie outside 0 to 1.

    Raises
    ------
    InputError
        Shapes do not agree, or a number is not finite.
    UsageError
        A direction or epsilon is none.

    Notes
    -----
    Identity: with epsilon 0 an indicator and its negative with the other direction are the same.

    Examples
    --------
    >>> range_normalised([[3.0], [5.0], [7.0]], [-1]).ravel().tolist()
    [1.0, 0.5, 0.0]
    """
    x = matrix("values", values)
    sign = _signs(direction, x.shape[1])
    if not 0 <= epsilon < 0.5:
        raise UsageError("normalisation", found=f"epsilon {epsilon:g}",
                         expected="epsilon from 0 to below 0.5",
                         remedy="Leave it out for the whole range from 0 to 1.")  # fmt: skip
    least = x.min(axis=0) if low is None else vector("low", low, x.shape[1])
    most = x.max(axis=0) if high is None else vector("high", high, x.shape[1])
    spread = np.where(most > least, most - least, np.nan)
    z = (x - least) / spread
    return np.asarray(epsilon + (1 - 2 * epsilon) * np.where(sign > 0, z, 1 - z))


def _signs(direction: ArrayLike, m: int) -> Array:
    """1 where more is better, -1 where less is, (m,)."""
    given = np.asarray(direction, dtype=object)
    vector("direction", np.zeros(given.shape), m)
    known = {"+": 1.0, "-": -1.0, 1: 1.0, -1: -1.0}
    bad = [one for one in given if one not in known]
    if bad:
        raise UsageError("direction", found=f"directions {given.tolist()}",
                         expected='1 or "+", -1 or "-" for each indicator',
                         remedy="Say for each indicator whether more is better.")  # fmt: skip
    return np.array([known[one] for one in given])


@dataclass(frozen=True)
class EntropyWeights:
    """Weights of indicators by how much they tell observations apart.

    Parameters
    ----------
    weights : (m,) array
        Sum 1; nan for indicators that are undefined.
    entropy : (m,) array
        e, from 0 (one observation has all) to 1 (all alike).
    """

    weights: Array
    entropy: Array


def entropy_weights(normalised: ArrayLike) -> EntropyWeights:
    """Entropy weights of normalised indicators.

    ``p_ij = z_ij / sum_i z_ij``, ``e_j = -sum_i p_ij ln p_ij / ln n``, ``w_j = (1 - e_j) / sum``.

    Parameters
    ----------
    normalised : (n, m) array
        From `range_normalised`: 0 or more. An indicator of nan (constant) has no weight.

    Returns
    -------
    EntropyWeights

    Raises
    ------
    InputError
        Not a matrix of two observations at least.
    ValueFault
        A negative number, or an indicator that is partly missing.

    Notes
    -----
    Identity: all z equal gives an entropy of 1. Epsilon of the normalisation moves the weights;
    store it with them.

    References
    ----------
    Shannon (1948); as used for weights, Zeleny (1982), Multiple Criteria Decision Making (not
    re-read). Checked on a published example.

    Examples
    --------
    >>> z = range_normalised([[3, 10], [5, 20], [2, 15], [7, 25]], [1, -1], epsilon=0.002)
    >>> entropy_weights(z).weights.round(6).tolist()
    [0.545262, 0.454738]
    """
    z = np.asarray(normalised, dtype=np.float64)
    gone = np.isnan(z).all(axis=0) if z.ndim == 2 and z.size else np.zeros(0, dtype=np.bool_)
    z = matrix("normalised", np.where(gone, 0.0, z) if gone.size else z)
    if len(z) < 2 or (z < 0).any():
        raise ValueFault("entropy weights", found=f"{len(z)} observations from {z.min():.3g}",
                         expected="two at least, none negative",
                         remedy="Normalise the indicators first.")  # fmt: skip
    total = z.sum(axis=0)
    p = z / np.where(total > 0, total, 1.0)
    entropy = -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=0) / np.log(len(z))
    entropy = np.where(total > 0, entropy, np.nan)
    told = 1 - entropy
    whole = float(np.nansum(told))
    weights = told / whole if whole > ROUNDING else np.full(len(told), np.nan)
    return EntropyWeights(weights, entropy)


# -- coupling co-ordination ------------------------------------------------------------------------


@dataclass(frozen=True)
class CouplingDegree:
    """Coupling, level and co-ordination of systems.

    Parameters
    ----------
    coupling : (k,) array
        C, from 0 to 1: are the systems alike in level? nan where undefined.
    level : (k,) array
        T, weighted mean of the systems.
    coordination : (k,) array
        D = sqrt(C T).
    """

    coupling: Array
    level: Array
    coordination: Array


def coupling_degree(
    systems: ArrayLike,
    weights: ArrayLike | None = None,
    variant: str | Callable[[Array], Array] = "standard",
) -> CouplingDegree:
    r"""Coupling co-ordination degree of two or more systems.

    Do systems develop together and on a high level? :math:`D = \sqrt{C T}` with
    :math:`T = \sum a_i U_i` and C by one of the formulas in use:

    * ``standard``: :math:`C = n (\prod U_i)^{1/n} / \sum U_i`. Bunches near 1.
    * ``wang``: :math:`C = \sqrt{\bigl[1 - \sum_{i>j} |U_i - U_j| / (n (n - 1) / 2)\bigr]
      (\prod U_i / \max U)^{1/(n - 1)}}`, the product over all but the largest.
    * ``fan``: :math:`C = 1 - 2 s`, s the population standard deviation of U.

    Parameters
    ----------
    systems : (k, n) array
        U, level of each system within 0 to 1.
    weights : (n,) array, optional
        a, positive with sum 1; equal when absent.
    variant : str or callable
        Name, or a function of (k, n) arrays to (k,) arrays. Formulas that do not span 0 to 1 are
        refused.

    Returns
    -------
    CouplingDegree
        C and D are nan where C is 0/0: all systems 0 (standard and wang).

    Raises
    ------
    InputError
        Shapes do not agree, or a number is not finite.
    ValueFault
        A level outside 0 to 1, or weights that are no weights.
    UsageError
        Unknown variant, or a formula that is a known misuse: the root is missing, or C does not
        reach 1 where all systems are equal, or leaves 0 to 1.

    Notes
    -----
    Identity: equal levels give C = 1 and D = sqrt(T). Variants differ by as much as results do:
    never compare D of different ones, nor D of samples normalised apart.

    References
    ----------
    Variants and misuses: Wang, Kong, Ren and Zhi (2021), J. of Natural Resources 36:793-810; Fan
    et al. (2024), as in the R package coupling (neither re-read; values checked).

    Examples
    --------
    >>> found = coupling_degree([[0.8, 0.2], [0.5, 0.5], [0.0, 0.0]])
    >>> found.coupling.tolist(), found.coordination.round(4).tolist()
    ([0.8, 1.0, nan], [0.6325, 0.7071, nan])
    """
    U = matrix("systems", systems)
    n = U.shape[1]
    if n < 2 or not len(U):
        raise ValueFault("coupling", found=f"{len(U)} rows of {n} systems",
                         expected="two or more systems, one column each",
                         remedy="Give U with rows of observations.")  # fmt: skip
    for i, j in np.argwhere((U < 0) | (U > 1)):
        raise ValueFault(f"systems[{i}, {j}]", found=f"a level of {U[i, j]:.6g}",
                         expected="levels from 0 to 1",
                         remedy="Normalise the indicators over the whole sample.")  # fmt: skip
    a = np.full(n, 1 / n) if weights is None else vector("weights", weights, n)
    if not (a > 0).all() or abs(a.sum() - 1) > 1e-9:
        raise ValueFault("coupling, weights", found=str(a.tolist()),
                         expected="positive numbers that add up to 1",
                         remedy="Divide them by their sum.")  # fmt: skip
    formula = _formula(variant, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        C = np.asarray(formula(U), dtype=np.float64)
    T = U @ a
    return CouplingDegree(C, T, np.sqrt(C * T))


def _standard(U: Array) -> Array:
    n = U.shape[1]
    return np.asarray(U.prod(axis=1) ** (1 / n) / U.mean(axis=1))


def _wang(U: Array) -> Array:
    n = U.shape[1]
    ordered = np.sort(U, axis=1)
    rank = 2 * np.arange(n) - n + 1
    apart = (ordered * rank).sum(axis=1) / (n * (n - 1) / 2)
    relative = (ordered[:, :-1] / ordered[:, -1:]).prod(axis=1) ** (1 / (n - 1))
    return np.asarray(np.sqrt((1 - apart) * relative))


def _fan(U: Array) -> Array:
    return np.asarray(1 - 2 * U.std(axis=1))


FORMULAS: dict[str, Callable[[Array], Array]] = {
    "standard": _standard,
    "wang": _wang,
    "fan": _fan,
}


def _formula(variant: str | Callable[[Array], Array], n: int) -> Callable[[Array], Array]:
    if isinstance(variant, str):
        if variant not in FORMULAS:
            raise UsageError(
                "coupling, variant", found=MISUSES.get(variant, repr(variant)),
                expected=", ".join(FORMULAS), remedy="Choose one of them.",
            )  # fmt: skip
        return FORMULAS[variant]
    equal = np.repeat(np.array(LEVELS)[:, None], n, axis=1)
    corners = np.array([[1.0] + [0.0] * (n - 1)])
    mixed = np.random.default_rng(0).random((50, n))
    with np.errstate(all="ignore"):
        at_equal, at_corner, inside = (variant(U) for U in (equal, corners, mixed))
        bare = mixed.prod(axis=1) / mixed.mean(axis=1) ** n
    if np.allclose(inside, bare, rtol=1e-9):
        _refuse(MISUSES["missing_exponent"])
    if not np.allclose(at_equal, 1.0, atol=1e-9):
        _refuse(f"C of {float(np.ravel(at_equal)[0]):.4g} where all systems are at "
                f"{LEVELS[0]:g}: it does not span 0 to 1")  # fmt: skip
    values = np.concatenate([np.ravel(at_corner), np.ravel(inside)])
    if not ((values >= -1e-9) & (values <= 1 + 1e-9)).all() or values.min() > 0.5:
        _refuse(f"C from {values.min():.4g} to {values.max():.4g}: it does not span 0 to 1")
    return variant


def _refuse(why: str) -> None:
    raise UsageError("coupling, variant", found=why,
                     expected="C from 0 to 1, 1 where systems are equal, with the root 1/n",
                     remedy=f"Use one of {', '.join(FORMULAS)}.")  # fmt: skip


# -- grey relation ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class GreyRelation:
    """How closely series follow a reference.

    Parameters
    ----------
    coefficients : (m, k) array
        xi of each series at each point, 1 where it is nearest.
    grades : (m,) array
        Their means. Only the order of grades means something.
    """

    coefficients: Array
    grades: Array


def grey_relation_grades(reference: ArrayLike, series: ArrayLike, rho: float = 0.5) -> GreyRelation:
    r"""Grey relational grades of series with a reference.

    Which series moves most like the reference?
    :math:`\xi_{ik} = (\min + \rho \max) / (|x_{0k} - x_{ik}| + \rho \max)`, least and largest
    difference over all series and points; the grade is its mean over points.

    Parameters
    ----------
    reference : (k,) array
        Normalised.
    series : (m, k) array
        Normalised in the same way.
    rho : float
        Above 0, at most 1. A smaller one tells grades further apart.

    Returns
    -------
    GreyRelation
        Coefficients of 1 throughout if every series is the reference itself, up to rounding.

    Raises
    ------
    InputError
        Shapes do not agree, or a number is not finite.
    UsageError
        rho is out of range.

    Notes
    -----
    Identity: the series with the least difference everywhere has a grade of 1; so has, as its
    limit, the reference itself where all differences are 0 and the formula is 0/0. Grades change
    with the set of series: compare within one set only.

    References
    ----------
    Deng (1982), Systems & Control Letters 1:288-294 (not re-read); a published example is checked.

    Examples
    --------
    >>> found = grey_relation_grades([0.9, 0.8, 0.7], [[0.9, 0.7, 0.8], [0.7, 0.8, 0.9]])
    >>> found.grades.round(6).tolist()
    [0.666667, 0.555556]
    """
    x0 = vector("reference", reference)
    x = matrix("series", series, columns=len(x0))
    if not 0 < rho <= 1 or not x.size:
        raise UsageError("grey relation", found=f"rho {rho:g}, {len(x)} series",
                         expected="rho above 0, at most 1, and a series",
                         remedy="Take 0.5, as is usual.")  # fmt: skip
    apart = np.abs(x - x0)
    most = float(apart.max())
    if most <= ROUNDING * max(np.abs(x).max(), np.abs(x0).max()):
        alike = np.ones(x.shape)
        return GreyRelation(alike, alike.mean(axis=1))
    xi = (apart.min() + rho * most) / (apart + rho * most)
    return GreyRelation(xi, xi.mean(axis=1))
