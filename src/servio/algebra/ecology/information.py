"""Ascendency: size and order of a network, by the information in its flows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servio.algebra._check import Array
from servio.algebra.ecology.structure import FlowNetwork

__all__ = ["FlowOrganisation", "flow_organisation"]


@dataclass(frozen=True)
class FlowOrganisation:
    """Order and freedom of a network's flows; the usual abbreviations in brackets.

    Attributes
    ----------
    diversity, mutual_information, residual : float
        Diversity of flows [H], average mutual information [AMI] and their difference [Hr], bits.
    capacity, ascendency, overhead : float
        The same times the throughput [CAP, ASC, OH], in the unit of the flows times bits.
    order : float
        Ascendency over capacity [ASC.CAP], between 0 and 1.
    robustness : float
        ``-order ln(order)``, at most 1/e, reached at an order of 1/e.
    link_density : float
        Effective links per node ``2^(residual / 2)`` [ELD].
    trophic_depth : float
        Effective number of roles ``2^mutual_information`` [TD].
    ascendency_parts, overhead_parts, capacity_parts : tuple of float
        Of boundary inputs, flows between nodes, exports and respiration, adding up to the whole.
    """

    diversity: float
    mutual_information: float
    residual: float
    capacity: float
    ascendency: float
    overhead: float
    order: float
    robustness: float
    link_density: float
    trophic_depth: float
    ascendency_parts: tuple[float, float, float, float]
    overhead_parts: tuple[float, float, float, float]
    capacity_parts: tuple[float, float, float, float]


def flow_organisation(network: FlowNetwork) -> FlowOrganisation:
    r"""How ordered the flows of a network are, how much freedom is left, how robust that is.

    Over all flows of the network extended by where inputs come from, exports go and respiration
    goes, with :math:`F_{..}` their sum:
    :math:`AMI = \sum f_{ij} / F_{..} \log_2 (f_{ij} F_{..} / (F_{i.} F_{.j}))`,
    :math:`H = - \sum f_{ij} / F_{..} \log_2 (f_{ij} / F_{..})`, :math:`A = AMI \cdot F_{..}`,
    :math:`C = H \cdot F_{..}`, :math:`R = - (A / C) \ln (A / C)`.

    Parameters
    ----------
    network : FlowNetwork

    Returns
    -------
    FlowOrganisation

    Notes
    -----
    Identities: ascendency and overhead add up to capacity; two flows in a chain have as much order
    as diversity. What counts as export and what as respiration moves AMI, not H. A network with a
    single flow has no diversity: order and robustness are nan.

    References
    ----------
    Ulanowicz, R. E. (2004), Computational Biology and Chemistry 28, 321-339; Ulanowicz, R. E. and
    Norden, J. S. (1990), International Journal of Systems Science 21, 429-437; Ulanowicz, R. E.,
    Holt, R. D. and Barfield, M. (2014), Ecology Letters 17, 127-136 (link density, depth);
    Ulanowicz, R. E., Goerner, S. J., Lietaer, B. and Gomez, R. (2009), Ecological Complexity 6,
    27-36 (robustness). Published: Cone Spring, A 56725.49, C 135864.7, R 0.3646722.

    Examples
    --------
    >>> from servio.algebra.ecology import flow_network
    >>> found = flow_organisation(flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 4]))
    >>> round(found.mutual_information, 4), round(found.order, 4), round(found.robustness, 4)
    (0.9053, 0.4199, 0.3644)
    """
    n = len(network.z)
    flows = np.zeros((n + 1, n + 2))
    flows[:n, :n], flows[n, :n] = network.F, network.z
    flows[:n, n], flows[:n, n + 1] = network.e, network.r
    total = float(flows.sum())
    expected = flows.sum(axis=1, keepdims=True) * flows.sum(axis=0, keepdims=True) / total
    order = _weighted_log(flows, expected)
    diversity = -_weighted_log(flows, np.full_like(flows, total))
    A, C = float(order.sum()), float(diversity.sum())
    share = A / C if C > 0 else float("nan")
    return FlowOrganisation(
        diversity=C / total,
        mutual_information=A / total,
        residual=(C - A) / total,
        capacity=C,
        ascendency=A,
        overhead=C - A,
        order=share,
        robustness=-share * float(np.log(share)) if share > 0 else share,
        link_density=float(2.0 ** ((C - A) / total / 2.0)),
        trophic_depth=float(2.0 ** (A / total)),
        ascendency_parts=_parts(order),
        overhead_parts=_parts(diversity - order),
        capacity_parts=_parts(diversity),
    )


def _weighted_log(flows: Array, scale: Array) -> Array:
    """``f log2(f / s)``, zero where there is no flow."""
    some = flows > 0
    found = np.zeros_like(flows)
    found[some] = flows[some] * np.log2(flows[some] / scale[some])
    return found


def _parts(cells: Array) -> tuple[float, float, float, float]:
    """Sums over boundary inputs, flows between nodes, exports and respiration."""
    n = len(cells) - 1
    sums = cells[n, :n].sum(), cells[:n, :n].sum(), cells[:n, n].sum(), cells[:n, n + 1].sum()
    return (float(sums[0]), float(sums[1]), float(sums[2]), float(sums[3]))
