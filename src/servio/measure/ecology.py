"""The economy as an ecological community: how much flows, cycles, and feeds whom."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio.algebra import ecology
from servio.measure._contract import measure
from servio.measure._ecosystem import (
    Community,
    Reach,
    ecosystem,
    of_network,
    of_nodes,
    of_pairs,
)
from servio.measure._result import Array, Result
from servio.table import IOTable

__all__ = ["cycling", "flow_indicators", "nutrition", "system_throughput", "throughflow"]

Links = Literal["direct", "total"]


@measure(
    title="Throughflow",
    question="How much flows through each community?",
    unit="money",
    low=0.0,
    formula="T_j = sum_i f_ij + z_j",
    identity="what enters a node leaves it, up to the published imbalance",
    source="Fath & Patten (1999); methods E1",
)
def throughflow(table: IOTable, *, by: str = "industry", origin: Reach = "balance") -> Result:
    """What enters each node of the flow network: purchases from the others and from outside.

    ``T_j = sum_i f_ij + z_j`` with f the flows that balance the table's rows and z primary inputs
    and imports. It is output, where nothing is negative and no final demand is met by imports.

    Parameters
    ----------
    table : IOTable
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once, such as
        ``communities`` or ``broad``.
    origin : {'balance', 'domestic'}
        One network of the flows that balance the table's rows; or, of a world table, one a
        country, whose trade crosses its boundary.

    Returns
    -------
    Measure
        In the table's money, one row a node.

    Raises
    ------
    LabelError
        The grouping leaves industries out or counts them twice.
    InputError
        Domestic flows of a table that does not tell imports apart.

    Notes
    -----
    Negative flows (stocks drawn down, subsidies) count as flows the other way, with a note.
    Nothing is balanced: what the table leaves open is noted. Identity: ``z N = T``, the residual.

    Source: Fath, B. D. & Patten, B. C. (1999), Ecosystems 2, 167-179.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [2, 0]], Y=[6, 4], codes=("A", "B"))
    >>> throughflow(table).values.tolist()
    [12.0, 6.0]
    """
    return of_nodes(ecosystem(table, by, origin), lambda one: one.network.T)


@measure(
    title="Cycled share of throughflow",
    question="What part of its throughflow has passed a community before?",
    unit="share",
    low=0.0,
    high=1.0,
    formula="(n_ii - 1) / n_ii, N = (I - G)^-1, g_ij = f_ij / T_i",
    identity="weighted with throughflow, the Finn cycling index of flow_indicators",
    source="Finn (1976); methods E1",
)
def cycling(table: IOTable, *, by: str = "industry", origin: Reach = "balance") -> Result:
    """Part of a node's throughflow that comes round again, to itself or by way of others.

    ``(n_ii - 1) / n_ii``: what has been in the node before.

    Parameters
    ----------
    table : IOTable
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.

    Returns
    -------
    Measure
        Share, one row a node.

    Raises
    ------
    LabelError
        The grouping leaves industries out or counts them twice.
    InputError
        Domestic flows of a table that does not tell imports apart.
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Flows inside a node count as cycling, so that coarse groups cycle more than their industries.
    Identity: see `flow_indicators`; the residual is that of ``z N = T``.

    Source: Finn, J. T. (1976), Journal of Theoretical Biology 56, 363-380.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [2, 0]], Y=[6, 4], codes=("A", "B"))
    >>> cycling(table).values.round(4).tolist()
    [0.1667, 0.1667]
    """
    system = ecosystem(table, by, origin)
    return of_nodes(system, lambda one: ecology.node_cycling(one.network))


@measure(
    title="Nutrition of communities",
    question="What part of its intake does a community have from another?",
    unit="share",
    low=0.0,
    high=1.0,
    formula="direct f_ij / T_j; total T_i n_ij / (n_ii T_j)",
    identity="direct shares and that of boundary inputs add up to 1",
    source="Szyrmer & Ulanowicz (1987); document 001, section 3.3",
)
def nutrition(
    table: IOTable,
    *,
    form: Links = "direct",
    by: str = "industry",
    origin: Reach = "balance",
) -> Result:
    """Part of the intake of one node (``industry``) that comes from another (``group``).

    direct: bought from it, ``f_ij / T_j``. total: has passed it on any way,
    ``T_i n_ij / (n_ii T_j)``, the total dependency coefficient; of a node on itself the part it
    has had before.

    Parameters
    ----------
    table : IOTable
    form : {'direct', 'total'}
        Over one link or over all.
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.

    Returns
    -------
    Measure
        Share of the intake of ``industry``, one row a pair.

    Raises
    ------
    LabelError
        The grouping leaves industries out or counts them twice.
    InputError
        Domestic flows of a table that does not tell imports apart.
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    What direct shares leave to 1 are boundary inputs: value added, taxes and imports. Total
    shares overlap and do not add up. Identity: total shares are what the node would lose if the
    other were taken out, see `adhesion`.

    Source: Szyrmer, J. & Ulanowicz, R. E. (1987), Ecological Modelling 35, 123-136.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [2, 0]], Y=[6, 4], codes=("A", "B"))
    >>> nutrition(table).value(industry="B", group="A")
    1.0
    >>> nutrition(table, form="total").value(industry="A", group="B").__round__(4)
    0.1667
    """

    def shares(one: Community) -> Array:
        net = one.network
        found: Array = (net.F / net.T if form == "direct" else ecology.dependencies(net)).T
        return found

    return of_pairs(table, ecosystem(table, by, origin), shares)


@measure(
    title="Size of the flow network",
    question="How much flows through the whole community, and how much of it again?",
    unit="money",
    low=0.0,
    formula="boundary sum z; throughflow sum T; throughput all flows; first_passage; cycled "
    "sum_i T_i (n_ii - 1) / n_ii",
    identity="boundary + first_passage + cycled = throughflow",
    source="Finn (1976); Fath & Patten (1999); methods E1",
)
def system_throughput(table: IOTable, *, by: str = "industry", origin: Reach = "balance") -> Result:
    """Size of a flow network by part: boundary, throughflow, throughput, first_passage, cycled.

    boundary: what enters from outside. throughflow (TST): what passes all nodes together.
    throughput (TSTp): all flows and boundary flows together. first_passage: what reaches a node
    from inside for the first time; cycled: what has been there before.

    Parameters
    ----------
    table : IOTable
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.

    Returns
    -------
    Measure
        In the table's money, one row a network and part.

    Raises
    ------
    LabelError
        The grouping leaves industries out or counts them twice.
    InputError
        Domestic flows of a table that does not tell imports apart.
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Identity: boundary, first passage and cycled flow add up to throughflow. Cycled flow depends on
    how finely industries are split.

    Source: Finn (1976), Journal of Theoretical Biology 56; Fath & Patten (1999), Ecosystems 2.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [2, 0]], Y=[6, 4], codes=("A", "B"))
    >>> system_throughput(table).value(part="throughput")
    28.0
    """
    names = ("boundary", "throughflow", "throughput", "first_passage", "cycled")

    def size(one: Community) -> dict[str, float]:
        found = ecology.flow_statistics(one.network)
        return {name: max(getattr(found, name), 0.0) for name in names}

    return of_network(ecosystem(table, by, origin), size, reason="no throughflow")


@measure(
    title="Indicators of flow",
    question="Over how many links does flow run, how much of it cycles, how much is indirect?",
    unit="ratio",
    low=0.0,
    formula="path_length sum T / sum z; cycling TSTc / TST, TSTc = sum_i T_i (n_ii - 1) / n_ii, "
    "TST = sum T; cycling_throughput TSTc / TSTp; indirect_ratio z'(N - I - G)1 / z'G1; "
    "homogenisation CV(G) / CV(N); amplification #(n_ij > 1, i != j)",
    identity="boundary_share + direct_share + indirect_share = 1",
    source="Finn (1976); Borrett & Freeze (2011); Cone Spring and oyster reef as published",
)
def flow_indicators(table: IOTable, *, by: str = "industry", origin: Reach = "balance") -> Result:
    """Indicators of a flow network as a whole, by part.

    path_length (APL, also called aggradation), cycling (Finn's index as he wrote it, cycled flow
    over throughflow), cycling_throughput (the same over all flows, those across the boundary
    counted, as some programs have it), boundary_share, direct_share, indirect_share (BFI, DFI,
    IFI), indirect_ratio (ID) and, nodes weighing alike, indirect_ratio_input and _output;
    homogenisation_input and _output (HMG), amplification_input and _output (AMP, a number of
    pairs).

    Parameters
    ----------
    table : IOTable
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.

    Returns
    -------
    Measure
        Ratios, one row a network and part.

    Raises
    ------
    LabelError
        The grouping leaves industries out or counts them twice.
    InputError
        Domestic flows of a table that does not tell imports apart.
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Identity: boundary, direct and indirect shares add up to 1. Path length and the shares do depend
    on how finely industries are split: compare several `by`.

    Source: Finn (1976), Journal of Theoretical Biology 56; Borrett, S. R. & Freeze, M. A. (2011),
    Ecological Modelling 222, 2393-2403.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [2, 0]], Y=[6, 4], codes=("A", "B"))
    >>> flow_indicators(table).value(part="indirect_ratio").__round__(4)
    0.6
    """
    names = ("path_length", "cycling", "cycling_throughput", "boundary_share", "direct_share",
             "indirect_share", "indirect_ratio", "indirect_ratio_input", "indirect_ratio_output",
             "homogenisation_input", "homogenisation_output", "amplification_input",
             "amplification_output")  # fmt: skip

    def indicators(one: Community) -> dict[str, float]:
        found = ecology.flow_statistics(one.network)
        shown = {name: float(getattr(found, name)) for name in names}
        return {k: v if np.isnan(v) else max(v, 0.0) for k, v in shown.items()}

    system = ecosystem(table, by, origin)
    return of_network(system, indicators, reason="no flow between nodes")
