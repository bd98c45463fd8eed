"""Who gains from whom: utilities, impacts, keystones, and who holds the community together."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from servio.algebra import ecology
from servio.errors import LabelError
from servio.measure._contract import measure
from servio.measure._ecosystem import (
    Community,
    Convention,
    Ecosystem,
    Reach,
    ecosystem,
    of_network,
    of_nodes,
    of_pairs,
)
from servio.measure._result import Array, Result
from servio.table import IOTable, Note

__all__ = ["adhesion", "keystoneness", "mixed_trophic_impact", "synergism", "utility_relation"]

Of = Literal["integral", "direct", "relation"]
Detail = Literal["group", "industry"]
Key = Literal["index", "impact"]
Lost = Literal["throughflow", "cycling", "leverage"]


@measure(
    title="Utility of communities for each other",
    question="Does a community gain or lose by another when indirect flows count, and which is "
    "their relation?",
    unit="ratio",
    formula="direct d_ij = (f_ji - f_ij) / T_i; integral U = (I - D)^-1; relation 3 sign u_ij + "
    "sign u_ji: 4 mutualism, 2 exploits, -2 is exploited, -4 competition, 0 neutralism",
    identity="U - D U = I",
    source="Patten (1991); Fath & Patten (1998); methods E2",
)
def utility_relation(
    table: IOTable,
    *,
    form: Of = "integral",
    detail: Detail = "group",
    by: str = "industry",
    origin: Reach = "balance",
) -> Result:
    """What one node (``industry``) gains by another (``group``), and the relation of the two.

    direct: what it nets from the other over its throughflow, ``(f_ji - f_ij) / T_i``. integral: the
    same over all indirect flows, ``U = (I - D)^-1``. relation: a code of the two signs, 4 mutualism
    (+, +), 2 it exploits the other (+, -), -2 it is exploited (-, +), -4 competition (-, -),
    0 neutralism; 3, 1, -1, -3 where one of the two is not touched.

    Parameters
    ----------
    table : IOTable
    form : {'integral', 'direct', 'relation'}
        Utility over all paths or over one link; or the code of the relation over all paths.
    detail : {'group', 'industry'}
        Flows are added up to groups before, or utilities of industries in money after. Where the
        two disagree the relation depends on aggregation.
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.

    Returns
    -------
    Measure
        Per unit of throughflow of ``industry``, one row a pair, each node with itself among them.

    Raises
    ------
    LabelError
        The grouping leaves industries out or counts them twice.
    InputError
        Domestic flows of a table that does not tell imports apart.

    Notes
    -----
    Flows of money's worth: who delivers more than it gets loses, whatever it is paid, since
    payments run the other way. Where the spectral radius of D is at least 1, the sum over paths
    diverges: the inverse is given and a note says so. Identity: ``U - D U = I``.

    Source: Patten, B. C. (1991), in Higashi & Burns; Fath, B. D. & Patten, B. C. (1998), Ecological
    Modelling 107, 127-143. Some packages print giver and taker exchanged.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [0, 0]], Y=[4, 6], codes=("A", "B"))
    >>> utility_relation(table).value(industry="B", group="A")
    0.625
    >>> utility_relation(table, form="relation").value(industry="B", group="A")
    2.0
    """
    system = ecosystem(table, by, origin)
    fine = ecosystem(table, "industry", origin) if detail == "industry" else system

    def utilities(one: Community) -> Array:
        found = one.utility.D if form == "direct" else one.utility.U
        if detail == "industry":
            found = _added_up(one, system, fine, form)
        return ecology.relation_codes(found) if form == "relation" else found

    notes = () if form == "direct" else _divergence(fine)
    return of_pairs(table, system, utilities, notes)


def _added_up(one: Community, system: Ecosystem, fine: Ecosystem, form: Of) -> Array:
    """Utilities of industries in money, added up to the nodes, over their throughflow."""
    inside = next(each for each in fine.communities if each.country == one.country)
    utility = inside.utility
    S = system.collect[np.ix_(inside.at, one.at)]
    money = inside.network.T[:, None] * utility.D if form == "direct" else utility.Y
    found: Array = S.T @ money @ S / one.network.T[:, None]
    return found


def _divergence(system: Ecosystem) -> tuple[Note, ...]:
    wide = [one for one in system.communities if not one.utility.converges]
    if not wide:
        return ()
    largest = max(one.utility.radius for one in wide)
    where = ", ".join(one.country for one in wide[:5]) if len(system.communities) > 1 else ""
    text = f"spectral radius of D {largest:.4g}, at least 1: the series of utilities diverges"
    return (Note("utility-diverges", f"{text}, the inverse is given {where}".strip()),)


@measure(
    title="Synergism and mutualism",
    question="Does the community as a whole gain more than it loses?",
    unit="ratio",
    low=0.0,
    formula="synergism sum(Y > 0) / abs(sum(Y < 0)), Y = diag(T) U; mutualism #(U > 0) / #(U < 0); "
    "radius rho(D); changed share of pairs whose relation in U is not that in D",
    identity="the same for D and its transpose, who gives being the one who gains",
    source="Fath & Patten (1998); oyster reef 4.915298 and 2.272727, as published",
)
def synergism(table: IOTable, *, by: str = "industry", origin: Reach = "balance") -> Result:
    """Benefits over costs in the network, by part: synergism, mutualism, radius, changed.

    synergism: gains over losses in money. mutualism: number of gains over number of losses, the
    diagonal counted. radius: spectral radius of D; from 1 on the sum over paths diverges. changed:
    share of pairs, each node with itself among them, whose relation is not the direct one.

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
        Ratios, one row a network and part; undefined where nobody loses.

    Raises
    ------
    LabelError
        The grouping leaves industries out or counts them twice.
    InputError
        Domestic flows of a table that does not tell imports apart.

    Notes
    -----
    Each node gains by itself, so that values above 1 are the rule: compare with other networks of
    the same nodes, not with 1. Depends on aggregation. Identity: equal for the transposed D.

    Source: Fath, B. D. & Patten, B. C. (1998), Ecological Modelling 107, 127-143.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [0, 0]], Y=[4, 6], codes=("A", "B"))
    >>> synergism(table).value(part="mutualism")
    3.0
    """
    system = ecosystem(table, by, origin)

    def parts(one: Community) -> dict[str, float]:
        found = one.utility
        return {"synergism": found.synergism, "mutualism": found.mutualism,
                "radius": found.radius, "changed": found.changed}  # fmt: skip

    return of_network(system, parts, reason="no negative utility", notes=_divergence(system))


@measure(
    title="Mixed trophic impact",
    question="What would an increase of one community mean for another?",
    unit="ratio",
    formula="M = (I - Q)^-1 - I, q_ij = f_ij / T_j - f_ji / P_j, P_j = sum_k f_jk + e_j",
    identity="M = Q + Q M",
    source="Ulanowicz & Puccia (1990); oyster reef as published; methods E5",
)
def mixed_trophic_impact(
    table: IOTable,
    *,
    by: str = "industry",
    origin: Reach = "balance",
    convention: Convention = "consumption",
    detritus: str = "",
) -> Result:
    """Impact of one node (``industry``) on another (``group``), directly and through all others.

    Directly, as a supplier the part it has in the other's inputs, less, as a user, the part it
    takes of what the other gives to others: ``q_ij = f_ij / T_j - f_ji / P_j``. All in all
    ``M = (I - Q)^-1 - I``.

    Parameters
    ----------
    table : IOTable
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.
    convention : {'consumption', 'absorption', 'export'}
        What of final demand is respired, so no production for others, as in `ascendency`.
    detritus : str
        Nodes that are dead matter, comma separated: they take nothing away from those that feed
        them. None, by default: no industry is.

    Returns
    -------
    Measure
        Without dimension, one row a pair; each node with itself among them.

    Raises
    ------
    LabelError
        The grouping leaves industries out or counts them twice; no node has a name of `detritus`.
    InputError
        Domestic flows of a table that does not tell imports apart.
    NumericalError
        I - Q has no inverse.

    Notes
    -----
    All nodes but detritus take actively: users compete for what a supplier gives. That is the
    reading of an economy short of supply; demand that pulls its suppliers is in
    `backward_linkage`. Identity: ``M = Q + Q M``.

    Source: Ulanowicz, R. E. & Puccia, C. J. (1990), Coenoses 5, 7-16.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [0, 0]], Y=[4, 6], codes=("A", "B"),
    ...                            demand_roles=("household",))
    >>> mixed_trophic_impact(table).value(industry="A", group="B")
    0.5
    """
    system = ecosystem(table, by, origin, convention)
    alive = _alive(system, detritus)
    return of_pairs(table, system, lambda one: ecology.mixed_impacts(one.network, alive[one.at]).M)


def _alive(system: Ecosystem, detritus: str) -> npt.NDArray[np.bool_]:
    """Which nodes (rows,) take actively: all but those named."""
    nodes = system.columns["industry"]
    dead = [detritus] if detritus in nodes.names else [name.strip() for name in detritus.split(",")]
    for name in dead if detritus.strip() else ():
        if name not in nodes.names:
            raise LabelError(
                "mixed_trophic_impact detritus",
                found=f"no node {name!r}",
                expected="nodes such as " + ", ".join(nodes.names[:8]),
                remedy="Name nodes of the network, comma separated.",
            )
    found: npt.NDArray[np.bool_] = ~np.isin(nodes.names, dead)[nodes.index]
    return found


@measure(
    title="Keystone communities",
    question="Which community has more impact on the others than its size says?",
    unit="index",
    formula="index log10(eps_i (1 - p_i)), eps_i = sqrt(sum_{j != i} m_ij^2), p_i = T_i / sum T",
    identity="the impact is the root of the sum of squared mixed impacts on the others",
    source="Libralato, Christensen & Pauly (2006); methods E5",
)
def keystoneness(
    table: IOTable,
    *,
    form: Key = "index",
    by: str = "industry",
    origin: Reach = "balance",
    convention: Convention = "consumption",
) -> Result:
    """Overall impact of a node on the others, and the same discounted by its size.

    index: ``log10(eps_i (1 - p_i))``, p the share in throughflow, where ecology has biomass.
    impact: ``eps_i = sqrt(sum_{j != i} m_ij^2)`` of the mixed trophic impacts.

    Parameters
    ----------
    table : IOTable
    form : {'index', 'impact'}
        Keystone index, or overall impact.
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.
    convention : {'consumption', 'absorption', 'export'}
        What of final demand is respired, as in `ascendency`.

    Returns
    -------
    Measure
        Without dimension, one row a node; the largest is the keystone.

    Raises
    ------
    LabelError
        The grouping leaves industries out or counts them twice.
    InputError
        Domestic flows of a table that does not tell imports apart.
    NumericalError
        The mixed impacts have no solution.

    Notes
    -----
    For the ranking, not the level. Throughflow in place of biomass is our choice; base 10 our
    reading of the paper's log. Identity: see `mixed_trophic_impact`.

    Source: Libralato, S., Christensen, V. & Pauly, D. (2006), Ecological Modelling 195, 153-171.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [0, 0]], Y=[4, 6], codes=("A", "B"),
    ...                            demand_roles=("household",))
    >>> keystoneness(table).values.round(4).tolist()
    [-0.727, -0.5051]
    """
    system = ecosystem(table, by, origin, convention)

    def keys(one: Community) -> Array:
        M = ecology.mixed_impacts(one.network).M
        T = one.network.T
        index, impact = ecology.keystone_index(M, T / T.sum())
        return index if form == "index" else impact

    return of_nodes(system, keys, reason="no impact on others")


@measure(
    title="Adhesion of communities",
    question="Who holds the community together: what do the others lose without it?",
    unit="ratio",
    formula="throughflow sum_{j != i} T_i n_ij / n_ii over sum_{j != i} T_j; cycling 1 - cycled "
    "flow without i / with; leverage sum_{j != i} n_ij / n_ii",
    identity="equal to the statistics of the network solved again without the node",
    source="hypothetical extraction on the flow network; Szyrmer & Ulanowicz (1987); document 001, "
    "section 3.3",
)
def adhesion(
    table: IOTable,
    *,
    form: Lost = "throughflow",
    by: str = "industry",
    origin: Reach = "balance",
) -> Result:
    """What a network loses when a node is taken out, tested one by one.

    throughflow: share of the others' throughflow that has passed the node. cycling: share of the
    cycled flow that goes with it. leverage: throughflow of others for each unit that passes the
    node, which does not grow with its size.

    Parameters
    ----------
    table : IOTable
    form : {'throughflow', 'cycling', 'leverage'}
        What is lost.
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.

    Returns
    -------
    Measure
        Share (throughflow, cycling) or ratio (leverage), one row a node taken out.

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
    The node goes with its boundary input; the others keep theirs and the shares in which they pass
    on what they have: supply-driven, like `extraction_loss` with ``variant=forward``. The loss of
    what the node buys is `extraction_loss`. Large nodes hold much together by size alone: compare
    leverage. Identity: equal to the network solved again without the node.

    Source: Dietzenbacher & Lahr (2013), Economic Systems Research 25 (extraction); Szyrmer &
    Ulanowicz (1987), Ecological Modelling 35 (dependency).

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [2, 0]], Y=[6, 4], codes=("A", "B"))
    >>> adhesion(table).values.round(4).tolist()
    [1.0, 0.1667]
    >>> adhesion(table, form="leverage").values.round(4).tolist()
    [0.5, 0.3333]
    """

    def loss(one: Community) -> Array:
        T = one.network.T
        lost, left = ecology.removal(one.network)
        if form == "leverage":
            return lost / T
        if form == "throughflow":
            return _over(lost, T.sum() - T)
        whole = np.full(len(T), float(T @ ecology.node_cycling(one.network)))
        return _over(whole - left, whole)

    system = ecosystem(table, by, origin)
    none = "nothing cycles" if form == "cycling" else "no other community"
    return of_nodes(system, loss, reason=none)


def _over(top: Array, bottom: Array) -> Array:
    found = np.full(len(top), np.nan)
    np.divide(top, bottom, out=found, where=bottom > 0)
    return found
