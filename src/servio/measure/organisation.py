"""Order of the ecological community: ascendency, trophic levels, and succession over the years."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

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
)
from servio.measure._result import Array, Result, row_names
from servio.table import IOTable

__all__ = ["ascendency", "development_capacity", "flow_information", "succession",
           "trophic_structure"]  # fmt: skip

Level = Literal["share", "efficiency"]
Step = Literal["development", "turnover"]
SIDES = ("input", "internal", "export", "respiration")
ALONE = "a single flow has no order"


@measure(
    title="Ascendency over capacity, and robustness",
    question="How ordered are the flows, how much freedom is left, and how robust is that?",
    unit="ratio",
    formula="order A/C; overhead 1 - A/C; robustness -(A/C) ln(A/C); link_density 2^(Hr / 2); "
    "trophic_depth 2^AMI",
    identity="order + overhead = 1 = the four parts of order and of overhead together",
    source="Ulanowicz (2004); Ulanowicz et al. (2009, 2014); Cone Spring as published",
)
def ascendency(
    table: IOTable,
    *,
    by: str = "industry",
    origin: Reach = "balance",
    convention: Convention = "consumption",
) -> Result:
    """Order and freedom of the flows of a network and across its boundary, by part.

    order (A/C), overhead, robustness; link_density, trophic_depth (effective links a node and
    effective roles); and order_ and overhead_ of input, internal, export and respiration flows, as
    shares of capacity. A and C themselves are in `development_capacity`, bits in
    `flow_information`.

    Parameters
    ----------
    table : IOTable
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.
    convention : {'consumption', 'absorption', 'export'}
        What of final demand is respired: consumption of households, non-profit bodies and
        government; these and investment and inventories; nothing. The rest is export.

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
    Logarithms to base 2, of robustness natural: at most 1/e, at an order of 1/e. Identity: order
    and overhead add up to 1. Both move with `convention`; order of one kind of flow may be
    negative.

    Source: Ulanowicz, R. E. (2004), Computational Biology and Chemistry 28; Ulanowicz et al.
    (2009), Ecological Complexity 6 (robustness), and (2014), Ecology Letters 17 (link density).

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [2, 0]], Y=[6, 4], codes=("A", "B"),
    ...                            demand_roles=("household",))
    >>> ascendency(table).value(part="order").__round__(4)
    0.4199
    """

    def order(one: Community) -> dict[str, float]:
        found = ecology.flow_organisation(one.network)
        whole = found.capacity or float("nan")
        shown = {
            "order": found.order,
            "overhead": found.overhead / whole,
            "robustness": found.robustness,
            "link_density": found.link_density,
            "trophic_depth": found.trophic_depth,
        }
        shown |= _by_side("order", found.ascendency_parts, whole)
        return shown | _by_side("overhead", found.overhead_parts, whole)

    return of_network(ecosystem(table, by, origin, convention), order, reason=ALONE)


@measure(
    title="Development capacity, ascendency and overhead",
    question="How much flow is there, weighted with its order and with its freedom?",
    unit="money x bits",
    formula="capacity C = H F; ascendency A = AMI F; overhead C - A; F all flows together",
    identity="ascendency + overhead = capacity, each the sum of its four parts",
    source="Ulanowicz (2004); Ulanowicz & Norden (1990); Cone Spring as published",
)
def development_capacity(
    table: IOTable,
    *,
    by: str = "industry",
    origin: Reach = "balance",
    convention: Convention = "consumption",
) -> Result:
    """Capacity, ascendency and overhead of a network, whole and by kind of flow.

    capacity (C), ascendency (A), overhead (C - A); and capacity_, ascendency_ and overhead_ of
    input, internal, export and respiration flows. Overhead of internal flows is what the literature
    calls redundancy. Shares of C are in `ascendency`.

    Parameters
    ----------
    table : IOTable
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.
    convention : {'consumption', 'absorption', 'export'}
        What of final demand is respired, as in `ascendency`.

    Returns
    -------
    Measure
        In the unit of the flows times bits, one row a network and part.

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
    Size and order in one: compare networks by `ascendency`, these only with themselves over time,
    and not in current prices. Identity: what holds for `flow_information`, times the throughput of
    `system_throughput`.

    Source: Ulanowicz, R. E. (2004), Computational Biology and Chemistry 28; Ulanowicz, R. E. &
    Norden, J. S. (1990), International Journal of Systems Science 21.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [2, 0]], Y=[6, 4], codes=("A", "B"),
    ...                            demand_roles=("household",))
    >>> development_capacity(table).value(part="ascendency").__round__(4)
    25.3476
    """

    def sizes(one: Community) -> dict[str, float]:
        found = ecology.flow_organisation(one.network)
        shown = {"capacity": found.capacity, "ascendency": found.ascendency,
                 "overhead": found.overhead}  # fmt: skip
        for name in tuple(shown):
            shown |= _by_side(name, getattr(found, f"{name}_parts"), 1.0)
        return shown

    result = of_network(ecosystem(table, by, origin, convention), sizes, reason=ALONE)
    return replace(result, unit=f"{table.info.money or 'currency'} x bits")


@measure(
    title="Information in the flows",
    question="How diverse are the flows, and how much do they tell of where they go?",
    unit="bits",
    low=0.0,
    formula="diversity H -sum f/F log2(f/F); mutual_information AMI sum f/F log2(f F / (F_i. "
    "F_.j)); residual_diversity H - AMI",
    identity="mutual_information + residual_diversity = diversity",
    source="Ulanowicz (2004); Cone Spring as published",
)
def flow_information(
    table: IOTable,
    *,
    by: str = "industry",
    origin: Reach = "balance",
    convention: Convention = "consumption",
) -> Result:
    """Diversity of flows and the information they share, by part.

    diversity (H); mutual_information (AMI), what who gives tells of who takes; residual_diversity
    (Hr or Hc), what it leaves open.

    Parameters
    ----------
    table : IOTable
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.
    convention : {'consumption', 'absorption', 'export'}
        What of final demand is respired, as in `ascendency`.

    Returns
    -------
    Measure
        Bits, one row a network and part.

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
    Over all flows, across the boundary too; logarithms to base 2. Identity: mutual information and
    residual diversity add up to diversity.

    Source: Ulanowicz, R. E. (2004), Computational Biology and Chemistry 28, 321-339.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [2, 0]], Y=[6, 4], codes=("A", "B"),
    ...                            demand_roles=("household",))
    >>> flow_information(table).values.round(4).tolist()
    [2.156, 0.9053, 1.2507]
    """

    def bits(one: Community) -> dict[str, float]:
        found = ecology.flow_organisation(one.network)
        shown = {"diversity": found.diversity, "mutual_information": found.mutual_information,
                 "residual_diversity": found.residual}  # fmt: skip
        return {name: max(value, 0.0) for name, value in shown.items()}

    return of_network(ecosystem(table, by, origin, convention), bits, reason=ALONE)


def _by_side(name: str, cells: tuple[float, ...], whole: float) -> dict[str, float]:
    return {f"{name}_{side}": cell / whole for side, cell in zip(SIDES, cells, strict=True)}


@measure(
    title="Trophic structure",
    question="How much of the flow is how many links away from the boundary?",
    unit="share",
    low=0.0,
    high=1.0,
    formula="share t_k 1 / sum T, t_1 = z, t_k = t_{k-1} G; efficiency what level k passes on or "
    "exports over t_k 1",
    identity="the shares of all levels add up to 1",
    source="Lindeman (1942); Ulanowicz & Kemp (1979); methods E5",
)
def trophic_structure(
    table: IOTable,
    *,
    form: Level = "share",
    levels: int = 6,
    by: str = "industry",
    origin: Reach = "balance",
    convention: Convention = "consumption",
) -> Result:
    """Throughflow by level, 1 being flow that has just entered, and what each level passes on.

    share: the part of all throughflow at level k. efficiency: the part of a level's flow that goes
    to others or is exported. The last level holds all above.

    Parameters
    ----------
    table : IOTable
    form : {'share', 'efficiency'}
        How much is there, or how much of it is passed on.
    levels : int
        Number of levels, at least 2.
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.
    convention : {'consumption', 'absorption', 'export'}
        What of final demand is respired, as in `ascendency`.

    Returns
    -------
    Measure
        Share, one row a network and level.

    Raises
    ------
    UsageError
        Fewer than two levels.
    LabelError
        The grouping leaves industries out or counts them twice.
    InputError
        Domestic flows of a table that does not tell imports apart.
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Cycles are kept, so that flow that comes round counts at a higher level; money has no detritus.
    The mean level of an industry is its distance from primary inputs: `downstreamness`. Identity:
    shares add up to 1.

    Source: Lindeman, R. L. (1942), Ecology 23; Ulanowicz, R. E. & Kemp, W. M. (1979), American
    Naturalist 114.

    Examples
    --------
    >>> table = IOTable.from_flows([[0, 6], [2, 0]], Y=[6, 4], codes=("A", "B"))
    >>> trophic_structure(table, levels=3).values.round(4).tolist()
    [0.5556, 0.2778, 0.1667]
    """
    names = [f"level {k + 1}" for k in range(levels)]
    names[-1:] = [f"level {levels} and above"]

    def spread(one: Community) -> dict[str, float]:
        spine = ecology.trophic_spine(one.network, levels)
        found = spine.efficiency if form == "efficiency" else spine.intake / one.network.T.sum()
        return dict(zip(names, found.tolist(), strict=True))

    return of_network(ecosystem(table, by, origin, convention), spread, reason="an empty level")


@measure(
    title="Succession",
    question="Has the community grown, become more ordered, or changed its members?",
    unit="ratio",
    formula="growth ln(F1/F0); development ln(AMI1/AMI0); ascendency ln(A1/A0); turnover "
    "sum_i abs(p_i1 - p_i0) / 2",
    identity="ascendency = growth + development",
    source="Ulanowicz (1986, 2004); document 001, section 3.3; turnover as Bray & Curtis (1957)",
)
def succession(
    table: IOTable,
    *,
    base: IOTable,
    form: Step = "development",
    by: str = "industry",
    origin: Reach = "balance",
    convention: Convention = "consumption",
) -> Result:
    """Change of a flow network from an earlier table to this one, by part.

    development: how much of the growth of ascendency is growth of throughput and how much
    development of order, as logarithmic changes. turnover: which part of throughflow has changed
    hands between nodes.

    Parameters
    ----------
    table : IOTable
    base : IOTable
        The same economy earlier, in the same currency.
    form : {'development', 'turnover'}
        Growth and development, or change of the members' shares.
    by : str
        Nodes: ``industry``, ``economy``, or a grouping that holds each industry once.
    origin : {'balance', 'domestic'}
        One network, or, of a world table, one a country.
    convention : {'consumption', 'absorption', 'export'}
        What of final demand is respired, as in `ascendency`.

    Returns
    -------
    Measure
        Logarithmic changes or a share, one row a network and part.

    Raises
    ------
    LabelError
        The two tables have other nodes; or the grouping does not hold each industry once.
    InputError
        Domestic flows of a table that does not tell imports apart.
    NumericalError
        Some flows never leave the network.

    Notes
    -----
    Growth in current prices contains inflation: nothing is deflated; development and turnover are
    free of it where prices rise alike. Identity: growth and development add up to ascendency.

    Source: Ulanowicz, R. E. (1986), Growth and Development; Bray, J. R. & Curtis, J. T. (1957),
    Ecological Monographs 27 (their dissimilarity of shares).

    Examples
    --------
    >>> codes, roles = ("A", "B"), ("household",)
    >>> old = IOTable.from_flows([[0, 6], [2, 0]], Y=[6, 4], codes=codes, demand_roles=roles)
    >>> new = IOTable.from_flows([[0, 12], [4, 0]], Y=[12, 8], codes=codes, demand_roles=roles)
    >>> succession(new, base=old).values.round(4).tolist()
    [0.6931, 0.6931, 0.0]
    """
    now, before = (ecosystem(t, by, origin, convention) for t in (table, base))
    earlier = _matched(now, before, table, base)

    def steps(one: Community) -> dict[str, float]:
        old = earlier[one.country]
        if form == "turnover":
            size = len(now.columns["industry"])
            shares = [_shares(each, size) for each in (one, old)]
            return {"turnover": float(np.abs(shares[0] - shares[1]).sum() / 2)}
        found = [ecology.flow_organisation(each.network) for each in (one, old)]
        growth, order = (
            float(np.log(getattr(found[0], name) / getattr(found[1], name)))
            if getattr(found[1], name) > 0 else float("nan")
            for name in ("ascendency", "mutual_information")
        )  # fmt: skip
        return {"ascendency": growth, "growth": growth - order, "development": order}

    result = of_network(now, steps, reason="no order at one of the two times")
    idle = {"convention": None} if form == "turnover" else {}
    return replace(result, computed=idle)


def _matched(
    now: Ecosystem, before: Ecosystem, table: IOTable, base: IOTable
) -> dict[str, Community]:
    """The networks of the base by country, their nodes being those of the table."""
    found = {one.country: one for one in before.communities}
    missing = [one.country for one in now.communities if one.country not in found]
    if missing or row_names(now.columns) != row_names(before.columns):
        raise LabelError(
            f"succession from {base.info.name} to {table.info.name}",
            found="other countries or nodes" + (f": no {missing[0]} before" if missing else ""),
            expected="the same in both tables",
            remedy="Aggregate both alike, for example with by=communities.",
        )
    return found


def _shares(one: Community, size: int) -> Array:
    """Share of each node in throughflow, zero for those without."""
    found = np.zeros(size)
    found[one.at] = one.network.T / one.network.T.sum()
    return found
