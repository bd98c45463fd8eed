"""Utility analysis: who gains from whom when all indirect flows are counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import LinearOperator, eigsh

from servio.algebra._check import Array, square
from servio.algebra.ecology.structure import FlowNetwork

__all__ = ["Utility", "relation_codes", "utility_analysis"]

SIGN_NOISE = 5e-11
"""Utilities up to this size have no sign: published relations round to ten digits."""
AT_ONE = 1e-12
"""A radius this close to 1 is 1."""
DENSE_LIMIT = 400


@dataclass(frozen=True, eq=False)
class Utility:
    """Direct and integral utilities of a network; see `utility_analysis`.

    Attributes
    ----------
    D, U : (n, n) arrays
        Direct and integral utility of column j for row i, without dimension.
    Y : (n, n) array
        Integral utility in the unit of the flows, ``T_i u_ij``.
    radius : float
        Spectral radius of D.
    converges : bool
        Whether the series I + D + D^2 + ... has a sum, ``radius < 1``.
    synergism : float
        Positive over absolute negative utilities in Y; nan if none is negative.
    mutualism : float
        Number of positive over number of negative signs in U, the diagonal counted; nan likewise.
    changed : float
        Share of pairs, each node with itself among them, whose relation in U is another than in D.
    """

    D: Array
    U: Array
    Y: Array
    radius: float
    converges: bool
    synergism: float
    mutualism: float
    changed: float


def utility_analysis(network: FlowNetwork) -> Utility:
    r"""Who gains and who loses by whom, directly and over all indirect flows.

    :math:`d_{ij} = (f_{ji} - f_{ij}) / T_i` with :math:`f_{ij}` from i to j: what i nets from j;
    :math:`U = (I - D)^{-1}`; :math:`Y = \operatorname{diag}(T) U`.

    Parameters
    ----------
    network : FlowNetwork

    Returns
    -------
    Utility
        Rows are those who gain or lose, columns by whom.

    Notes
    -----
    U is the sum of :math:`D^k` only where the spectral radius of D is below 1. The inverse always
    exists (D is antisymmetric up to a positive scale), so U is given either way and `converges`
    says which it is. Of the transposed D, who gives being the one who gains, Y is the transpose:
    synergism, mutualism and `changed` are the same, and exploitation turns around.

    Identity: ``U - D @ U == I``; for two nodes with d and -d' the determinant is 1 + d d'.

    References
    ----------
    Patten, B. C. (1991), in Higashi and Burns (eds.), Theoretical Studies of Ecosystems; Fath, B.
    D. and Patten, B. C. (1998), Ecological Modelling 107, 127-143. Published: oyster reef,
    synergism 4.915298, mutualism 2.272727.

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> found = utility_analysis(flow_network([[0, 6], [0, 0]], z=[10, 0], r=[4, 6]))
    >>> found.U.round(4)
    array([[ 0.625, -0.375],
           [ 0.625,  0.625]])
    >>> round(found.radius, 4), round(found.synergism, 4)
    (0.7746, 3.6667)
    """
    net = network.F.T - network.F
    T = network.T
    D = net / T[:, None]
    U = np.asarray(np.linalg.inv(np.eye(len(T)) - D), dtype=np.float64)
    Y = T[:, None] * U
    radius = _radius(net, T)
    signs = _signs(U)
    below = float(-Y[Y < 0].sum())
    negative = int((signs < 0).sum())
    upper = np.triu_indices(len(T))
    other = relation_codes(U)[upper] != relation_codes(D)[upper]
    return Utility(
        D=D,
        U=U,
        Y=Y,
        radius=radius,
        converges=radius < 1.0 - AT_ONE,
        synergism=float(Y[Y > 0].sum()) / below if negative else float("nan"),
        mutualism=int((signs > 0).sum()) / negative if negative else float("nan"),
        changed=float(other.mean()),
    )


def relation_codes(utilities: ArrayLike) -> Array:
    r"""The relation of each pair by the signs of its two utilities.

    :math:`3 \operatorname{sign} u_{ij} + \operatorname{sign} u_{ji}`: 4 mutualism (+, +), 2 i
    exploits j (+, -), -2 i is exploited (-, +), -4 competition (-, -), 0 neutralism, 3 and 1 one
    gains and the other is not touched (commensalism), -3 and -1 one loses and the other is not
    touched (amensalism).

    Parameters
    ----------
    utilities : (n, n) array
        Row i who gains or loses, column j by whom.

    Returns
    -------
    (n, n) array
        Codes of i's relation with j.

    Raises
    ------
    InputError
        Not square.

    Notes
    -----
    Identity: the code of (j, i) follows from that of (i, j) by exchanging the signs. Numbers up to
    5e-11 have no sign, as published relations round utilities to ten digits.

    References
    ----------
    Fath, B. D. and Patten, B. C. (1998), Ecological Modelling 107, 127-143; the codes are ours.

    Examples
    --------
    >>> relation_codes([[0.6, -0.4], [0.6, 0.6]])
    array([[ 4., -2.],
           [ 2.,  4.]])
    """
    signs = _signs(square("utilities", utilities))
    codes: Array = 3.0 * signs + signs.T
    return codes


def _signs(values: Array) -> Array:
    found: Array = np.where(np.abs(values) <= SIGN_NOISE, 0.0, np.sign(values))
    return found


def _radius(net: Array, T: Array) -> float:
    """Spectral radius of ``diag(T)^-1 K``, K antisymmetric, from the similar antisymmetric matrix.

    Its largest modulus is its 2-norm, and its square is minus a symmetric matrix.
    """
    root = np.sqrt(T)
    S = net / root[:, None] / root[None, :]
    if len(T) <= DENSE_LIMIT:
        return float(np.linalg.norm(S, 2))
    squared = LinearOperator(S.shape, matvec=lambda v: -(S @ (S @ v)), dtype=np.float64)
    largest = eigsh(squared, k=1, v0=root / np.linalg.norm(root), return_eigenvectors=False)
    return float(np.sqrt(max(float(largest[0]), 0.0)))
