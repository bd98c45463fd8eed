"""Along which links a chain runs, how long it is and which link matters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from servio import algebra
from servio.measure._chains import Chain, chain_demand, chains, living, relative_gap
from servio.measure._contract import measure
from servio.measure._factor import factor
from servio.measure._origin import Flows, balanced
from servio.measure._result import Column, Result, Undefined
from servio.measure._spread import parts, shares
from servio.table import IOTable, Note

__all__ = [
    "average_propagation_length",
    "field_of_influence",
    "structural_paths",
]

Row = tuple[tuple[str, str, str, str], float]
OTHERS = "all other paths"


@measure(
    title="Average propagation length",
    question="Over how many links do services reach the production of an industry?",
    unit="links",
    formula="[S L (L - I)]_j / [S (L - I)]_j",
    identity="amounts h = S (L - I) solve h (I - A) = S A; lengths g solve g (I - A) = h",
    source="Dietzenbacher, Romero & Bosma (2005); methods D5",
    needs=("services",),
)
def average_propagation_length(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Flows = "balance",
    by: str = "industry",
) -> Result:
    """Links between the services of a group and the industry in whose chain they are used.

    ``[S L (L - I)]_j / [S (L - I)]_j``: the mean of k over ``S A^k``, weighted with the amounts
    that arrive in round k. 1 where all are bought directly; long where services come embodied in
    inputs of inputs.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Groups S of supplying industries; any grouping.
    origin : {'balance', 'total', 'domestic'}
        Flows the chain follows: those that balance the table's rows; all; domestic.
    by : str
        ``industry``, ``economy`` or a grouping of users; weighted with the complete inputs of
        their output.

    Returns
    -------
    Measure
        Links, at least 1 where no flow is negative; one row an industry and group.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: the residual is the error of both systems solved. It says how far, not how much; the
    amounts are `service_input_coefficient` with ``total=True``. Rounds through one industry again
    count as links. The full matrix is `servio.algebra.average_propagation_length`. No published
    example with numbers is known to us; a chain of two industries gives 1.

    Source: Dietzenbacher, Romero & Bosma (2005), Estudios de Economía Aplicada 23 (not re-read).

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> average_propagation_length(table).values.round(4).tolist()
    [1.3762, 1.8357]
    """
    groups, S = table.weights(grouping)
    rounds, amounts = np.zeros(S.shape), np.zeros(S.shape)
    gap = 0.0
    for chain in chains(table, balanced(table, origin)):
        own = np.ascontiguousarray(S[:, chain.at])
        g, h = algebra.propagation_length(chain.leontief, own)
        A = chain.leontief.A
        gap = max(gap, relative_gap(h - h @ A, own @ A), relative_gap(g - g @ A, h))
        rounds[:, chain.at], amounts[:, chain.at] = g, h
    return shares(
        table,
        living(table, rounds * table.x),
        living(table, amounts * table.x),
        groups,
        by=by,
        reason="nothing of this group in the chain",
        residual=gap,
    )


@measure(
    title="Field of influence",
    question="Which links between services and industries change the whole table most?",
    unit="ratio",
    low=0.0,
    formula="mean_{i in S} |l_.i| |l_j.| over its mean over all pairs",
    identity="1 on average over all pairs of industries",
    source="Sonis & Hewings (1992); methods D5",
    needs=("services",),
)
def field_of_influence(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Flows = "balance",
) -> Result:
    """Weight of a link from services to an industry in the structure of the economy.

    A small change of ``a_ij`` changes the Leontief inverse by the field ``F(i, j) = l_.i l_j.``
    per unit. Shown is the mean of its (Frobenius) size over the services i of a group, relative to
    that of all pairs of industries: above 1 the link is more influential than the average.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Groups S of supplying industries; any grouping.
    origin : {'balance', 'total', 'domestic'}
        Flows of the model: those that balance the table's rows; all; domestic.

    Returns
    -------
    Measure
        Ratio, one row a using industry and group.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: 1 on average over all pairs with output; the residual is the error of L. It takes
    every coefficient to change by the same amount, however small it is itself; the change of one
    coefficient in full is `servio.algebra.field_of_influence`. With domestic flows of a world
    table each country is an economy of its own. No published example with numbers is known to us.

    Source: Sonis & Hewings (1992), Economic Systems Research 4 (not re-read).

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> field_of_influence(table).values.round(4).tolist()
    [1.0104, 0.8982]
    """
    groups, S = table.weights(grouping)
    found = np.full(S.shape, np.nan)
    gap = 0.0
    for chain in chains(table, balanced(table, origin)):
        live = table.live[chain.at]
        if not live.any():
            continue
        leontief = chain.leontief
        suppliers, users = algebra.influence_norms(leontief)
        inside = S[:, chain.at] * live
        count = inside.sum(axis=1, keepdims=True)
        mean = np.divide(inside @ suppliers[:, None], count, out=np.full(count.shape, np.nan),
                         where=count > 0)  # fmt: skip
        ratio = users / (suppliers[live].mean() * users[live].mean())
        found[:, chain.at] = np.where(live, mean * ratio, np.nan)
        ones = np.ones(len(live))
        gap = max(gap, relative_gap((ones - ones @ leontief.A) @ leontief.inverse, ones))
    return parts(table, found, groups, kind="group",
                 reason="zero output, or no service of this group", residual=gap)  # fmt: skip


@measure(
    title="Structural paths",
    question="Along which single paths does the income of services come from the final products "
    "of an industry?",
    unit="share",
    formula="v_i a_i. ... a_kj y_j over sum_{i in S} v_i (L y)_i",
    identity="paths and all other paths add up to 1",
    source="Defourny & Thorbecke (1984); methods D5",
    needs=("services", "value_added"),
)
def structural_paths(
    table: IOTable,
    *,
    chain: str = "manufacturing",
    producer: str = "",
    grouping: str = "services",
    of: str = "value_added",
    origin: Flows = "balance",
    count: int = 10,
) -> Result:
    """The strongest supply paths from a group of earners into the final products of a country.

    The path i, ..., k, j carries ``v_i a_i. ... a_kj y_j``; all paths of the earners S together
    are ``sum_{i in S} v_i (L y)_i``, of which each is a share. The path of one industry alone is
    its own work on its final product.

    Parameters
    ----------
    table : IOTable
    chain : str
        Final products y at the end of the paths: a grouping, all its groups together, or the
        label of one product, such as ``KOR_c15``.
    producer : str
        Country in which the final stage lies; each by itself when empty.
    grouping : str
        Earners S at the beginning of the paths, all groups together; ``sectors`` for everybody.
    of : str
        What they earn: ``value_added``, a primary input, or a satellite of the table.
    origin : {'balance', 'total', 'domestic'}
        Flows the paths follow.
    count : int
        Paths to list for each country, at most.

    Returns
    -------
    Measure
        Share of all that the earners get from the products; one row a path in ``part``, the way
        goods flow, with the final product in country and industry and the earner's country in
        partner; a last row for all other paths together.

    Raises
    ------
    LabelError
        No such product, grouping or country, or nothing of the name `of`.
    InputError
        The origin asked for is not in the table.
    UsageError
        `count` is not positive.
    NumericalError
        A circle of industries uses up its own output.

    Notes
    -----
    Identity: paths and the rest add up to 1; the residual is the error of ``L y``. The order is
    exact: an exhaustive search finds the same paths, and no path left out is stronger than the
    last one listed (the note says how strong at most). Nothing is counted twice, each path being a
    term of the series. No published example with numbers is known to us.

    Source: Defourny & Thorbecke (1984), Economic Journal 94 (not re-read).

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> found = structural_paths(table, chain="C", count=2)
    >>> found.columns["part"].decode(), found.values.round(4).tolist()
    (['G > C', 'G > C > C', 'all other paths'], [0.7575, 0.1136, 0.1289])
    """
    amounts = living(table, table.weights(grouping)[1].sum(axis=0) * factor(table, of))
    per_unit = algebra.value_coefficients(amounts[None, :], table.x)[0]
    demand, systems = chain_demand(table, chain, producer), chains(table, balanced(table, origin))
    found: list[Row] = []
    gone, gap, most, end = [], 0.0, 0.0, _code(table, chain)
    for place, country in enumerate(table.axis.country_names):
        here = np.where(table.axis.country_index == place, demand, 0.0)
        if (producer and country != producer) or (chain in table.axis.labels and not here.any()):
            continue
        system = next((s for s in systems if here[s.at].any()), systems[0])
        paths = algebra.structural_paths(
            system.leontief, per_unit[system.at], here[system.at], count
        )
        made = system.leontief.solve(here[system.at])
        gap = max(gap, relative_gap(made - system.leontief.A @ made, here[system.at]))
        if paths.total == 0.0:
            gone.append(Undefined(f"{country} {OTHERS}", "nothing earned in this chain"))
            found.append(((country, end, "", OTHERS), np.nan))
            continue
        most = max(most, abs(paths.largest_missing / paths.total))
        found += _listed(table, paths, system)
        found.append(((country, end, "", OTHERS), paths.residual / paths.total))
    names = ("country", "industry", "partner", "part")
    labels = zip(*(text for text, _ in found), strict=True)
    columns = {name: Column.of(texts) for name, texts in zip(names, labels, strict=True)}
    note = Note("paths-left-out", f"no path that is left out carries more than {most:.2g}")
    values = np.array([value for _, value in found], dtype=np.float64)
    return Result(columns, values, tuple(gone), gap, (note,))


def _listed(table: IOTable, paths: algebra.Paths, system: Chain) -> Iterator[Row]:
    """Country and code of the final product, country of the earner, path and share."""
    axis = table.axis
    for nodes, value in zip(paths.nodes, paths.values, strict=True):
        at = system.at[list(nodes)]
        text = " > ".join(axis.labels[i] for i in reversed(at))
        first, last = axis.country_index[at[0]], axis.country_index[at[-1]]
        names = axis.country_names
        yield (names[first], axis.codes[at[0]], names[last], text), float(value / paths.total)


def _code(table: IOTable, chain: str) -> str:
    labels = table.axis.labels
    return table.axis.codes[labels.index(chain)] if chain in labels else chain
