"""What passes through whom: environs, dependencies, and what is lost without a node."""

from __future__ import annotations

import numpy as np

from servio.algebra._check import Array, positions
from servio.algebra.ecology.flow import integral_flows, node_cycling
from servio.algebra.ecology.structure import FlowNetwork

__all__ = ["contributions", "dependencies", "input_environ", "output_environ", "removal"]


def output_environ(network: FlowNetwork, node: int) -> Array:
    """Where a unit that enters at one node goes: flows (n, n) in its output environ.

    ``n_ki g_ij`` for boundary input to k: the flow from i to j that one unit of it sets going.

    Parameters
    ----------
    network : FlowNetwork
    node : int
        Position k of the node.

    Returns
    -------
    (n, n) array
        Flows per unit of boundary input.

    Raises
    ------
    InputError
        No such node.
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Identity: environs times ``z``, summed over nodes, are F.

    References
    ----------
    Patten, B. C. (1978), Ohio Journal of Science 78, 206-222; Fath and Patten (1999).

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> output_environ(flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 4]), 0).round(4)
    array([[0. , 0.6],
           [0.2, 0. ]])
    """
    at = positions("node", [node], len(network.T))[0]
    found: Array = network.N[at][:, None] * network.G
    return found


def input_environ(network: FlowNetwork, node: int) -> Array:
    """Where a unit that leaves at one node has come from: flows (n, n) in its input environ.

    ``g'_ij n'_jk`` for output of k: the flow from i to j that one unit of it needed.

    Parameters
    ----------
    network : FlowNetwork
    node : int
        Position k of the node.

    Returns
    -------
    (n, n) array
        Flows per unit of output across the boundary.

    Raises
    ------
    InputError
        No such node.
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Identity: in a steady state environs times ``e + r``, summed over nodes, are F.

    References
    ----------
    Patten, B. C. (1978), Ohio Journal of Science 78, 206-222; Fath and Patten (1999).

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> input_environ(flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 4]), 1).round(4)
    array([[0. , 1.2],
           [0.2, 0. ]])
    """
    at = positions("node", [node], len(network.T))[0]
    _, Np = integral_flows(network)
    found: Array = (network.F / network.T) * Np[:, at][None, :]
    return found


def dependencies(network: FlowNetwork) -> Array:
    r"""What part of the intake of j has passed through i, directly or not.

    :math:`T_i n_{ij} / (n_{ii} T_j)`; on the diagonal the part that j has had before.

    Parameters
    ----------
    network : FlowNetwork

    Returns
    -------
    (n, n) array
        Shares; row i on whom, column j who depends.

    Raises
    ------
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Identity: the throughflow that j loses when i is taken out (`removal`), over its throughflow.

    References
    ----------
    Szyrmer, J. and Ulanowicz, R. E. (1987), Ecological Modelling 35, 123-136: total dependency
    coefficients.

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> dependencies(flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 4])).round(4)
    array([[0.1667, 1.    ],
           [0.1667, 0.1667]])
    """
    N, T = network.N, network.T
    found = T[:, None] * N / (np.diag(N)[:, None] * T[None, :])
    np.fill_diagonal(found, node_cycling(network))
    return found


def contributions(network: FlowNetwork) -> Array:
    r"""What part of the throughflow of i goes on to j, directly or not.

    :math:`n_{ij} / n_{jj}`; on the diagonal the part that comes back to i.

    Parameters
    ----------
    network : FlowNetwork

    Returns
    -------
    (n, n) array
        Shares; row i who gives, column j who gets.

    Raises
    ------
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Identity: at most 1, and 1 for a node all of whose flow goes through j.

    References
    ----------
    Szyrmer, J. and Ulanowicz, R. E. (1987), Ecological Modelling 35, 123-136: total contribution
    coefficients.

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> contributions(flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 4])).round(4)
    array([[0.1667, 0.5   ],
           [0.3333, 0.1667]])
    """
    found = network.N / np.diag(network.N)[None, :]
    np.fill_diagonal(found, node_cycling(network))
    return found


def removal(network: FlowNetwork) -> tuple[Array, Array]:
    r"""What the others lose when a node is taken out with its boundary input.

    Flow of the others that has passed it, :math:`\sum_{j \ne i} T_i n_{ij} / n_{ii}`, and the
    cycled flow that is left, from :math:`n_{kk} - n_{ki} n_{ik} / n_{ii}`.

    Parameters
    ----------
    network : FlowNetwork

    Returns
    -------
    lost : (n,) array
        Throughflow that the other nodes lose without node i, in the unit of the flows.
    cycled : (n,) array
        Cycled flow of the network that is left.

    Raises
    ------
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Boundary inputs of the others and the shares in which they pass flow on stay as they are; what
    they gave to the node leaves the network. Identity: equal to the statistics of the network
    without the node.

    References
    ----------
    Rank-one update of an inverse, as in hypothetical extraction: Dietzenbacher, E. and Lahr, M. L.
    (2013), Economic Systems Research 25, 341-360.

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> lost, cycled = removal(flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 4]))
    >>> lost.round(4), cycled.round(4)
    (array([6., 2.]), array([0., 0.]))
    """
    N, T = network.N, network.T
    again = np.diag(N)
    passed = T[:, None] * N / again[:, None]
    left = T[None, :] - passed
    others = again[None, :] - N.T * N / again[:, None]
    np.fill_diagonal(others, 1.0)
    kept = left * (1.0 - 1.0 / np.maximum(others, 1.0))
    np.fill_diagonal(kept, 0.0)
    return passed.sum(axis=1) - T, kept.sum(axis=1)
