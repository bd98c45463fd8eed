"""Throughflow analysis: how much flows, cycles, and passes through whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, square, vector
from servio.algebra.ecology.structure import FlowNetwork

__all__ = [
    "FlowStatistics",
    "direct_flows",
    "flow_statistics",
    "integral_flows",
    "node_cycling",
]


@dataclass(frozen=True)
class FlowStatistics:
    """Statistics of a flow network as a whole; the usual abbreviations in brackets.

    Attributes
    ----------
    boundary : float
        Boundary inputs [Boundary, mode 0], in the unit of the flows.
    throughflow : float
        Total system throughflow [TST].
    throughput : float
        Total system throughput, all flows and boundary flows [TSTp].
    path_length : float
        Average path length or aggradation, throughflow over boundary inputs [APL].
    cycling : float
        Share of throughflow that has been in its node before [FCI].
    cycling_throughput : float
        The same flow as a share of throughput: Finn's index of programs that divide by all flows.
    boundary_share, direct_share, indirect_share : float
        Shares of throughflow that come from outside, over one link and over more [BFI, DFI, IFI].
    indirect_ratio : float
        Indirect over direct flow [ID.F]; nan without direct flow.
    indirect_ratio_input, indirect_ratio_output : float
        The same with every node weighing alike, input-oriented and output-oriented
        [ID.F.I, ID.F.O].
    homogenisation_input, homogenisation_output : float
        Coefficient of variation of direct over that of integral flows [HMG.I, HMG.O].
    amplification_input, amplification_output : int
        Pairs of different nodes whose integral flow exceeds 1 [AMP.I, AMP.O].
    first_passage, cycled : float
        Flow that reaches a node from inside for the first time [mode 1] and again [mode 2].
    """

    boundary: float
    throughflow: float
    throughput: float
    path_length: float
    cycling: float
    cycling_throughput: float
    boundary_share: float
    direct_share: float
    indirect_share: float
    indirect_ratio: float
    indirect_ratio_input: float
    indirect_ratio_output: float
    homogenisation_input: float
    homogenisation_output: float
    amplification_input: int
    amplification_output: int
    first_passage: float
    cycled: float


def direct_flows(shares: ArrayLike, throughflow: ArrayLike) -> Array:
    r"""Flows of which shares of intake are known.

    :math:`f_{ij} = s_{ij} T_j`, s being the part of the intake of j that comes from i.

    Parameters
    ----------
    shares : (n, n) array
        Row i who gives, column j who takes.
    throughflow : (n,) array
        T, in any unit.

    Returns
    -------
    (n, n) array
        F, in the unit of T.

    Raises
    ------
    InputError
        Not square, or of another size than the throughflow.

    Notes
    -----
    Identity: over the throughflow of who takes they are the shares.

    References
    ----------
    Fath, B. D. and Patten, B. C. (1999), Ecosystems 2, 167-179.

    Examples
    --------
    >>> direct_flows([[0, 1.0], [0.5, 0]], [12.0, 6.0])
    array([[0., 6.],
           [6., 0.]])
    """
    s = square("shares of intake", shares)
    T = vector("throughflow", throughflow, len(s))
    return np.asarray(s * T)


def integral_flows(network: FlowNetwork) -> tuple[Array, Array]:
    r"""Flow intensities over paths of all lengths, output-oriented and input-oriented.

    :math:`N = (I - G)^{-1}`, :math:`g_{ij} = f_{ij} / T_i`, and :math:`N' = (I - G')^{-1}`,
    :math:`g'_{ij} = f_{ij} / T_j`; the second from the first, :math:`n'_{ij} = T_i n_{ij} / T_j`.

    Parameters
    ----------
    network : FlowNetwork

    Returns
    -------
    N : (n, n) array
        Throughflow of j for a unit of boundary input to i.
    N_input : (n, n) array
        Throughflow of i for a unit of output from j across the boundary.

    Raises
    ------
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Identity: ``z @ N == T`` always; ``N_input @ (e + r) == T`` in a steady state.

    References
    ----------
    Fath, B. D. and Patten, B. C. (1999), Ecosystems 2, 167-179.

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> net = flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 4])
    >>> integral_flows(net)[0].round(4)
    array([[1.2, 0.6],
           [0.4, 1.2]])
    """
    return network.N, network.N * network.T[:, None] / network.T[None, :]


def node_cycling(network: FlowNetwork) -> Array:
    r"""Share of each node's throughflow that has passed the node before.

    :math:`(n_{ii} - 1) / n_{ii}`.

    Parameters
    ----------
    network : FlowNetwork

    Returns
    -------
    (n,) array
        Shares, 0 for a node on no cycle.

    Raises
    ------
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Identity: weighted with throughflow, the Finn cycling index. In a ring of two nodes it is the
    product of the two coefficients.

    References
    ----------
    Finn, J. T. (1976), Journal of Theoretical Biology 56, 363-380.

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> node_cycling(flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 4])).round(4)
    array([0.1667, 0.1667])
    """
    again = np.diag(network.N)
    return np.maximum((again - 1.0) / again, 0.0)


def flow_statistics(network: FlowNetwork) -> FlowStatistics:
    r"""How much flows through a network, over how many links, and how much of it again.

    :math:`TST = \sum_i T_i`; :math:`APL = TST / \sum_i z_i`;
    :math:`FCI = \sum_i T_i (n_{ii} - 1) / n_{ii} / TST`;
    :math:`ID = z'(N - I - G) \iota / z' G \iota`.

    Parameters
    ----------
    network : FlowNetwork

    Returns
    -------
    FlowStatistics
        ``dataclasses.asdict`` makes it a dictionary.

    Raises
    ------
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Identities: boundary, direct and indirect shares add up to 1; ``boundary + first_passage +
    cycled == throughflow``. Output-oriented throughout; in a steady state the input-oriented ratio
    of indirect to direct flow is the same.

    References
    ----------
    Finn, J. T. (1976), Journal of Theoretical Biology 56, 363-380; Borrett, S. R. and Freeze, M. A.
    (2011), Ecological Modelling 222, 2393-2403; Fath, B. D. and Patten, B. C. (1999), Ecosystems
    2, 167-179. Published figures: Cone Spring and an oyster reef (reference pages of enaR).

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> found = flow_statistics(flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 4]))
    >>> round(found.cycling, 4), found.path_length, round(found.indirect_ratio, 4)
    (0.1667, 1.8, 0.6)
    """
    T, z, G, N = network.T, network.z, network.G, network.N
    _, Np = integral_flows(network)
    Gp = network.F / T
    total, boundary = float(T.sum()), float(z.sum())
    one = np.eye(len(T))
    direct, indirect = float((z @ G).sum()), float((z @ (N - one - G)).sum())
    cycled = float(T @ node_cycling(network))
    throughput = total + float(network.e.sum() + network.r.sum())
    return FlowStatistics(
        boundary=boundary,
        throughflow=total,
        throughput=throughput,
        path_length=total / boundary,
        cycling=cycled / total,
        cycling_throughput=cycled / throughput,
        boundary_share=boundary / total,
        direct_share=direct / total,
        indirect_share=indirect / total,
        indirect_ratio=_ratio(indirect, direct),
        indirect_ratio_input=_ratio(float((Np - one - Gp).sum()), float(Gp.sum())),
        indirect_ratio_output=_ratio(float((N - one - G).sum()), float(G.sum())),
        homogenisation_input=_ratio(_variation(Gp), _variation(Np)),
        homogenisation_output=_ratio(_variation(G), _variation(N)),
        amplification_input=int((Np[one == 0] > 1).sum()),
        amplification_output=int((N[one == 0] > 1).sum()),
        first_passage=total - boundary - cycled,
        cycled=cycled,
    )


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom else float("nan")


def _variation(values: Array) -> float:
    mean = float(values.mean())
    return float(values.std()) / mean if mean else float("nan")
