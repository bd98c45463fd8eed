"""Impacts, keystones and levels: what a change of one node does to the others, and who is where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, mask, square, vector
from servio.algebra.ecology.structure import FlowNetwork, inverse
from servio.errors import UsageError

__all__ = ["MixedImpacts", "TrophicSpine", "keystone_index", "mixed_impacts",
           "trophic_positions", "trophic_spine"]  # fmt: skip


@dataclass(frozen=True, eq=False)
class MixedImpacts:
    """Direct and mixed impacts; see `mixed_impacts`.

    Attributes
    ----------
    Q, M : (n, n) arrays
        Direct and mixed impact of row i on column j, without dimension.
    """

    Q: Array
    M: Array


def mixed_impacts(network: FlowNetwork, living: ArrayLike | None = None) -> MixedImpacts:
    r"""What an increase of i would mean for j: more to take for its users, more taken from others.

    :math:`q_{ij} = f_{ij} / T_j - f_{ji} / P_j` with :math:`P_j = \sum_k f_{jk} + e_j` what j
    gives to others (its net production); :math:`M = (I - Q)^{-1} - I`.

    Parameters
    ----------
    network : FlowNetwork
    living : (n,) array of bool, optional
        Nodes that take actively. Others, such as detritus, take nothing away from those that
        feed them. All, by default.

    Returns
    -------
    MixedImpacts

    Raises
    ------
    InputError
        `living` is no mask of the nodes.
    NumericalError
        I - Q has no inverse.

    Notes
    -----
    Identity: ``M == Q + Q @ M``. Works on direction and relative size; no forecast. Which outputs
    are respiration matters: they are no production for others.

    References
    ----------
    Ulanowicz, R. E. and Puccia, C. J. (1990), Coenoses 5, 7-16. Published: oyster reef, in the
    reference pages of enaR.

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> mixed_impacts(flow_network([[0, 6], [0, 0]], z=[10, 0], r=[4, 6])).M
    array([[-0.5,  0.5],
           [-0.5, -0.5]])
    """
    alive = mask("living", living, len(network.T))
    given = network.F.sum(axis=1) + network.e
    shares = np.divide(
        network.F, given[:, None], out=np.zeros_like(network.F), where=given[:, None] > 0
    )
    Q = network.F / network.T - np.where(alive, shares, 0.0).T
    return MixedImpacts(
        Q, inverse("I - Q", Q, "impacts that reinforce themselves") - np.eye(len(Q))
    )


def keystone_index(M: ArrayLike, share: ArrayLike) -> tuple[Array, Array]:
    r"""Who has more impact on the others than its size says.

    :math:`KS_i = \log_{10} (\varepsilon_i (1 - p_i))`,
    :math:`\varepsilon_i = \sqrt{\sum_{j \ne i} m_{ij}^2}`.

    Parameters
    ----------
    M : (n, n) array
        Mixed impacts of row on column.
    share : (n,) array
        Share p of each node in the whole: of biomass in ecology; an economy has throughflow.

    Returns
    -------
    index : (n,) array
        KS; nan for a node without impact or that is the whole.
    impact : (n,) array
        Overall impact.

    Raises
    ------
    InputError
        Shapes do not agree.
    UsageError
        A share is not between 0 and 1.

    Notes
    -----
    Identity: two nodes with the same overall impact differ by the smaller one's larger 1 - p. The
    paper writes log; its base 10 is our reading and only scales the index.

    References
    ----------
    Libralato, S., Christensen, V. and Pauly, D. (2006), Ecological Modelling 195, 153-171.

    Examples
    --------
    >>> index, impact = keystone_index([[-0.5, 0.5], [-0.5, -0.5]], [0.625, 0.375])
    >>> index.round(4), impact
    (array([-0.727 , -0.5051]), array([0.5, 0.5]))
    """
    impacts = square("M", M).copy()
    size = vector("share", share, len(impacts))
    if size.min() < 0 or size.max() > 1:
        raise UsageError("share", found=f"{size.min():g} to {size.max():g}",
                         expected="shares between 0 and 1",
                         remedy="Divide by the sum of all nodes.")  # fmt: skip
    np.fill_diagonal(impacts, 0.0)
    overall: Array = np.sqrt((impacts**2).sum(axis=1))
    product = overall * (1.0 - size)
    index = np.full(len(size), np.nan)
    np.log10(product, out=index, where=product > 0)
    return index, overall


def trophic_positions(network: FlowNetwork) -> Array:
    r"""At which level each node feeds: 1 on boundary inputs only, one more than what it feeds on.

    :math:`\tau_j = 1 + \sum_i (f_{ij} / T_j) \tau_i`.

    Parameters
    ----------
    network : FlowNetwork

    Returns
    -------
    (n,) array
        Levels of at least 1.

    Raises
    ------
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Identity: the mean level over which `trophic_spine` spreads the node's throughflow. On an
    input-output table it is the distance from primary inputs (downstreamness).

    References
    ----------
    Levine, S. (1980), Journal of Theoretical Biology 83, 195-207; Lindeman, R. L. (1942), Ecology
    23, 399-418.

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> trophic_positions(flow_network([[0, 6], [0, 0]], z=[10, 2], r=[4, 8]))
    array([1.  , 1.75])
    """
    T = network.T
    levels: Array = (T @ network.N) / T
    return levels


@dataclass(frozen=True, eq=False)
class TrophicSpine:
    """Throughflow by integer level; see `trophic_spine`.

    Attributes
    ----------
    flows : (k, n) array
        Throughflow of each node at levels 1 ... k - 1 and, last, at k and above.
    intake, exports, respiration, passed : (k,) arrays
        Of each level: what enters it, what leaves the network from it, what it gives to others.
    efficiency : (k,) array
        What it gives to others or exports, over its intake; nan for an empty level.
    """

    flows: Array
    intake: Array
    exports: Array
    respiration: Array
    passed: Array
    efficiency: Array


def trophic_spine(network: FlowNetwork, levels: int = 6) -> TrophicSpine:
    r"""The network as a chain of levels by the number of links from the boundary.

    :math:`t_1 = z`, :math:`t_k = t_{k-1} G`; exports and respiration leave each level in the
    proportions of the nodes in it.

    Parameters
    ----------
    network : FlowNetwork
    levels : int
        Number k of levels; the last holds all above, at least 2.

    Returns
    -------
    TrophicSpine

    Raises
    ------
    UsageError
        Fewer than two levels.
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Cycles are kept: flow that comes round counts at a higher level, where packages for food webs
    take cycles among the living out first and put detritus on level one. Identity: levels add up to
    T for each node; intake less exports, respiration and what is passed on is the imbalance.

    References
    ----------
    Lindeman, R. L. (1942), Ecology 23, 399-418; Ulanowicz, R. E. and Kemp, W. M. (1979), American
    Naturalist 114, 871-883.

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> spine = trophic_spine(flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 4]), levels=3)
    >>> spine.intake, spine.efficiency.round(4)
    (array([10.,  5.,  3.]), array([0.5   , 0.3333, 0.4444]))
    """
    if levels < 2:
        raise UsageError("levels", found=str(levels), expected="at least 2",
                         remedy="Give the number of levels.")  # fmt: skip
    T = network.T
    flows = np.zeros((levels, len(T)))
    flows[0] = network.z
    for level in range(1, levels - 1):
        flows[level] = flows[level - 1] @ network.G
    flows[-1] = flows[-2] @ network.G @ network.N
    intake = flows.sum(axis=1)
    exports, respiration = flows @ (network.e / T), flows @ (network.r / T)
    passed = flows @ network.G.sum(axis=1)
    efficiency = np.full(levels, np.nan)
    np.divide(passed + exports, intake, out=efficiency, where=intake > 0)
    return TrophicSpine(flows, intake, exports, respiration, passed, efficiency)
