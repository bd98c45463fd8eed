"""Hubs of the network of input coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from servio.algebra._check import Array, Mask, Positions, square
from servio.errors import NumericalError, UsageError

__all__ = ["betweenness", "influence_vector", "pagerank"]

TOLERANCE = 1e-15
ROUNDS = 10_000
SOURCES = 256
"""Searches run at once, so that memory stays at a few (256, n) arrays."""


def influence_vector(A: ArrayLike, alpha: float) -> Array:
    r"""How far a shock to each industry reaches total output through its users.

    :math:`\nu = (\alpha / n) (I - (1 - \alpha) W)^{-1} \iota`, with W the input coefficients over
    their column sums: every industry weighs the same in final demand and pays the share alpha to
    primary factors.

    Parameters
    ----------
    A : (n, n) array
        Input coefficients, none negative.
    alpha : float
        Share of primary inputs, between 0 and 1.

    Returns
    -------
    (n,) array
        Shares that sum to 1 where every industry buys inputs.

    Raises
    ------
    InputError
        `A` is not square.
    UsageError
        A coefficient is negative, or alpha is not between 0 and 1.

    Notes
    -----
    Identity: ``nu == alpha / n + (1 - alpha) * W @ nu``.

    References
    ----------
    Acemoglu, D., Carvalho, V. M., Ozdaglar, A. and Tahbaz-Salehi, A. (2012), The network origins
    of aggregate fluctuations, Econometrica 80, 1977-2016 (not re-read).

    Examples
    --------
    >>> influence_vector([[0.0, 0.3], [0.0, 0.1]], alpha=0.5).round(4)
    array([0.3571, 0.2857])
    """
    W, _ = _shares(A)
    return _fixed_point(W, _inside("alpha", alpha), np.zeros(len(W), dtype=np.bool_))


def pagerank(A: ArrayLike, damping: float = 0.85) -> Array:
    r"""Where a walk from users to their suppliers spends its time.

    :math:`r = (1 - d) / n + d (W r + \iota \sum_{j \in D} r_j / n)` with W the input coefficients
    over their column sums and D the industries that buy nothing, from which the walk goes anywhere.

    Parameters
    ----------
    A : (n, n) array
        Input coefficients, none negative.
    damping : float
        Chance d to go on to a supplier, between 0 and 1.

    Returns
    -------
    (n,) array
        Shares that sum to 1.

    Raises
    ------
    InputError
        `A` is not square.
    UsageError
        A coefficient is negative, or the damping is not between 0 and 1.

    Notes
    -----
    Identity: the fixed point of the equation above; the sum is 1.

    References
    ----------
    Brin, S. and Page, L. (1998), The anatomy of a large-scale hypertextual web search engine,
    Computer Networks 30, 107-117.

    Examples
    --------
    >>> pagerank([[0.0, 0.3], [0.0, 0.1]]).round(4)
    array([0.5876, 0.4124])
    """
    W, nothing = _shares(A)
    return _fixed_point(W, 1.0 - _inside("damping", damping), nothing)


def betweenness(A: ArrayLike, threshold: float = 0.01) -> Array:
    r"""How many shortest supply chains between others run through each industry.

    A link goes from i to j where :math:`a_{ij}` exceeds the threshold; a chain is short if it has
    few links, whatever their size. :math:`\sum_{s,t} \sigma_{st}(i) / \sigma_{st}` over
    (n - 1)(n - 2), with :math:`\sigma_{st}` the shortest chains from s to t.

    Parameters
    ----------
    A : (n, n) array
        Input coefficients.
    threshold : float
        Coefficient above which there is a link.

    Returns
    -------
    (n,) array
        Share of the pairs of other industries, between 0 and 1; 0 for fewer than three.

    Raises
    ------
    InputError
        `A` is not square.

    Notes
    -----
    Identity: summed over industries and times (n - 1)(n - 2), the links inside the shortest
    chains: their lengths less one. The threshold decides what is a hub: compare several.

    References
    ----------
    Freeman, L. C. (1977), Sociometry 40, 35-41; Brandes, U. (2001), A faster algorithm for
    betweenness centrality, Journal of Mathematical Sociology 25, 163-177: all searches go one
    link on together, as products with a sparse matrix.

    Examples
    --------
    >>> betweenness([[0, 0.5, 0], [0, 0, 0.5], [0, 0, 0]])
    array([0. , 0.5, 0. ])
    """
    coefficients = square("A", A)
    n = len(coefficients)
    linked = coefficients > threshold
    np.fill_diagonal(linked, False)
    links = csr_array(linked.astype(np.float64))
    through = np.zeros(n)
    for first in range(0, n, SOURCES):
        through += _dependency(links, np.arange(first, min(first + SOURCES, n)))
    return through / max((n - 1) * (n - 2), 1)


def _dependency(links: csr_array, sources: Positions) -> Array:
    """Sum over the sources of Brandes' dependency on each industry, (n,)."""
    n, own = links.shape[0], np.arange(len(sources))
    chains = np.zeros((len(sources), n))
    chains[own, sources] = 1.0
    wave, layers = chains > 0, []
    reached = wave.copy()
    while wave.any():
        layers.append(wave)
        onward = np.where(wave, chains, 0.0) @ links
        wave = (onward > 0) & ~reached
        reached |= wave
        chains[wave] = onward[wave]
    depends = np.zeros_like(chains)
    back = links.T.tocsr()
    for wave, before in zip(layers[:0:-1], layers[-2::-1], strict=True):
        passed = np.divide(1.0 + depends, chains, out=np.zeros_like(chains), where=wave)
        depends += np.where(before, chains * (passed @ back), 0.0)
    depends[own, sources] = 0.0
    total: Array = depends.sum(axis=0)
    return total


def _shares(A: ArrayLike) -> tuple[Array, Mask]:
    """Columns of A over their sums, and the columns that are empty."""
    coefficients = square("A", A)
    if coefficients.min() < 0:
        raise UsageError(
            "A",
            found=f"the coefficient {coefficients.min():.3g}",
            expected="none below zero",
            remedy="Set negative flows to zero, or use another measure.",
        )
    sums = coefficients.sum(axis=0)
    W = np.divide(coefficients, sums, out=np.zeros_like(coefficients), where=sums > 0)
    return W, sums == 0


def _fixed_point(W: Array, start: float, spread: Mask) -> Array:
    """The vector r with ``r = start / n + (1 - start) (W r + what `spread` hands to all)``."""
    n = len(W)
    ranks = np.full(n, 1.0 / n)
    for _ in range(ROUNDS):
        later = start / n + (1.0 - start) * (W @ ranks + ranks[spread].sum() / n)
        if np.abs(later - ranks).sum() <= TOLERANCE * n:
            return np.asarray(later, dtype=np.float64)
        ranks = later
    raise NumericalError(
        "ranks",
        found=f"no convergence in {ROUNDS} rounds",
        expected="a share of primary inputs well above zero",
        remedy="Take a larger alpha or a smaller damping.",
    )


def _inside(place: str, share: float) -> float:
    if not 0.0 < share < 1.0:
        raise UsageError(
            place, found=f"{share:g}", expected="a share between 0 and 1", remedy="Give a share."
        )
    return share
