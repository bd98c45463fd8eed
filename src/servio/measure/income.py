"""Who earns along a chain: income by country, industry and stage, margins, functions."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from servio import algebra
from servio.errors import InputError, UsageError
from servio.measure._chains import (
    chain_demand,
    chains,
    embodied,
    exports,
    final_demand,
    living,
    relative_gap,
)
from servio.measure._contract import measure
from servio.measure._factor import factor, is_money
from servio.measure._origin import balanced
from servio.measure._result import Array, Result, Undefined, members
from servio.measure._spread import parts
from servio.measure.value_content import _content
from servio.table import IOTable

__all__ = [
    "chain_income",
    "chain_margin",
    "functional_specialisation",
]

Form = Literal["total", "stage"]
Margin = Literal["own", "chain"]
Index = Literal["index", "share"]
STAGES = ("final stage", "stage 1", "stage 2", "stage 3 or more")
WHOLE = 1e-9
KINDS = ("goods", "mixed", "services")


@measure(
    title="Income along a chain",
    question="Who earns, in which country, industry and stage, from the final products of a chain?",
    unit="money",
    formula="v_i (L y)_i; by stage v_i y_i, v_i (A y)_i, v_i (A^2 y)_i, rest",
    identity="stages add up to the total; over all earners of a world table income is final demand",
    source="Timmer, Erumban, Los, Stehrer & de Vries (2014); methods D2",
    needs=("value_added",),
)
def chain_income(
    table: IOTable,
    *,
    chain: str = "manufacturing",
    producer: str = "",
    of: str = "value_added",
    form: Form = "total",
    by: str = "industry",
) -> Result:
    """Income (or employment) that final demand for a chain's products gives to each industry.

    ``v_i (L y)_i`` with y final demand for the products of the chain, wherever it is. By stage:
    the final stage ``v_i y_i``, suppliers to it ``v_i (A y)_i``, their suppliers ``v_i (A^2 y)_i``,
    and all earlier ones.

    Parameters
    ----------
    table : IOTable
    chain : str
        Final products of the chain: a grouping, all its groups together, or the label of one
        product, such as ``DEU_c15``.
    producer : str
        Country in which the final stage lies; all when empty.
    of : str
        ``value_added``, a primary input, or a satellite of the table.
    form : {'total', 'stage'}
        In one amount, or by stage in parts that add up.
    by : str
        Earners: ``industry``, ``economy`` or a grouping, added up in each country.

    Returns
    -------
    Measure
        The table's money (or the satellite's unit), one row an earner and, by stage, part.

    Raises
    ------
    LabelError
        No such product, grouping, country, or nothing of the name `of`.

    Notes
    -----
    Identity: over all earners of a world table, value added adds up to final demand (taxes and
    the published discrepancy apart); chains of products that share none add up, each income being
    counted once. The residual is the error of ``L y``. A national table follows domestic chains;
    its exports are final products, and what suppliers abroad earn is not seen. Changes in
    inventories are no final demand here. Stages are rounds of the table, not places.

    Source: Timmer, Erumban, Los, Stehrer & de Vries (2014), Slicing up global value chains,
    Journal of Economic Perspectives 28(2) (not re-read).

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("C",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> chain_income(table).values.round(1).tolist()
    [285.3, 64.7]
    """
    amounts = factor(table, of)
    per_unit = algebra.value_coefficients(living(table, amounts)[None, :], table.x)[0]
    demand = chain_demand(table, chain, producer)
    rounds, gap = _rounds(table, demand, form)
    earned = np.where(table.live, per_unit * rounds, np.nan)
    unit = None if is_money(table, of) else table.satellites[of].unit
    if by != "industry":
        earned = np.nan_to_num(earned) @ members(table, by)[1]
    names = STAGES if form == "stage" else ("total",)
    result = parts(table, earned, names, by=by, residual=gap, unit=unit)
    return result if form == "stage" else _without_part(result)


def _without_part(result: Result) -> Result:
    columns = {name: column for name, column in result.columns.items() if name != "part"}
    gone = tuple(Undefined(u.label.removesuffix(" total"), u.reason) for u in result.undefined)
    return replace(result, columns=columns, undefined=gone)


def _rounds(table: IOTable, demand: Array, form: Form) -> tuple[Array, float]:
    """Output needed (k, n), in all or by stage, and the error of the whole."""
    found = np.zeros((len(STAGES) if form == "stage" else 1, len(table)))
    gap = 0.0
    for chain in chains(table, balanced(table, "balance")):
        y, A = demand[chain.at], chain.leontief.A
        whole = chain.leontief.solve(y)
        gap = max(gap, relative_gap(whole - A @ whole, y))
        if form == "total":
            found[0, chain.at] = whole
            continue
        first = A @ y
        second = A @ first
        found[:, chain.at] = y, first, second, whole - y - first - second
    return found, gap


@measure(
    title="Margins by kind of chain",
    question="Do chains that mix goods and services have wider margins than pure ones?",
    unit="share",
    formula="own: mean of f_j / x_j; chain: mean of f'L e_j; over chains j by share of services",
    identity="weighted with their final demand, the kinds average to the whole economy",
    source="methods D2; services content as Los, Timmer & de Vries (2015)",
    needs=("services", "value_added"),
)
def chain_margin(
    table: IOTable,
    *,
    of: str = "value_added",
    form: Margin = "own",
    grouping: str = "services",
    least: float = 0.3,
    most: float = 0.7,
) -> Result:
    """Margin of final products by how far their chains mix goods and services.

    A chain is of goods, mixed or of services by the share of services in the value added of its
    final product: below `least`, between, above `most`. Margins are averages weighted with final
    demand: what the final producer keeps, ``f_j / x_j``, or what all earn, ``f'L e_j``.

    Parameters
    ----------
    table : IOTable
    of : str
        What counts as margin: ``value_added``, or a primary input such as operating surplus.
    form : {'own', 'chain'}
        Margin of the final producer, or of its whole chain.
    grouping : str
        Services, all groups together.
    least, most : float
        Shares of services at which a chain is mixed and no longer mixed.

    Returns
    -------
    Measure
        Share of the final product's value, one row a country and part: ``goods``, ``mixed``,
        ``services``, ``all``.

    Raises
    ------
    LabelError
        No such grouping, or nothing of the name `of`.
    InputError
        The table has no value added.
    UsageError
        `of` is not money, or the limits are not in order.

    Notes
    -----
    Identity: kinds weighted with their final demand average to ``all``, the residual. Undefined
    for a kind that a country has no chain of. Along a whole world chain value added is everything,
    so ``form="chain"`` says something only of a part of it, such as operating surplus. The own
    margin and the services bought are related by construction: a bought service lowers the value
    added of its buyer. No published figure is known to us.

    Source: the limits of 30 and 70 % are those of methods D2; Los, Timmer & de Vries (2015),
    Journal of Regional Science 55, for the content.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> chain_margin(table).values.round(3).tolist()
    [0.65, nan, 0.7, 0.691]
    """
    if not is_money(table, of) or not 0 <= least <= most <= 1:
        raise UsageError(
            "chain_margin",
            found=f"of={of}, least={least:g}, most={most:g}",
            expected="value added or a primary input, and 0 <= least <= most <= 1",
            remedy="Correct the option.",
        )
    S = table.weights(grouping)[1].sum(axis=0, keepdims=True)
    share = _content(table, S * _per_output(table, "value_added"), "total")[0][0]
    margin = _per_output(table, of)
    if form == "chain":
        margin = embodied(table, margin[None, :], balanced(table, "balance"))[0][0]
    kind = np.where(share < least, 0, np.where(share > most, 2, 1))
    demand = living(table, final_demand(table))
    inside = (kind[None, :] == np.arange(3)[:, None]) * demand
    inside = np.vstack([inside, demand])
    _, collect = members(table, "economy")
    size, kept = inside @ collect, (inside * margin) @ collect
    gap = relative_gap(kept[:3].sum(axis=0), kept[3])
    values = np.divide(kept, size, out=np.full(size.shape, np.nan), where=size != 0)
    return parts(table, values, (*KINDS, "all"), by="economy", reason="no such chain", residual=gap)


def _per_output(table: IOTable, of: str) -> Array:
    amounts = living(table, factor(table, of))
    found: Array = algebra.value_coefficients(amounts[None, :], table.x)[0]
    return found


@measure(
    title="Functional specialisation",
    question="In which functions (R&D, management, marketing, fabrication) do a country's exports "
    "specialise?",
    unit="ratio",
    formula="f_c^k = sum_j phi_cj^k v_cj (L_cc e_c)_j; index (f_c^k / sum_k f_c^k) / (sum_c f_c^k "
    "/ sum_c sum_k f_c^k)",
    identity="shares add up to 1 over functions; weighted with income the index averages to 1",
    source="Timmer, Miroudot & de Vries (2019); methods D3",
    needs=("world", "value_added", "functions"),
)
def functional_specialisation(
    table: IOTable, *, form: Index = "index", functions: str = "functions"
) -> Result:
    """Functions that the domestic value added in a country's exports is earned with.

    ``f_c^k = sum_j phi_cj^k v_cj (L_cc e_c)_j``: what workers of function k earn of the domestic
    value added in c's exports. share is ``f_c^k / sum_k f_c^k``; index divides it by the same
    share of all countries together: above 1 the country is specialised in the function.

    Parameters
    ----------
    table : IOTable
        World table with the shares phi as satellites: `servio.sources.with_functions` adds them
        from a file of country, industry, function and share.
    form : {'index', 'share'}
        Against all countries, or of the country's own income.
    functions : str
        Name before the colon of the satellites, as in ``functions: fabrication``.

    Returns
    -------
    Measure
        Ratio (index) or share; one row a country and part, the function.

    Raises
    ------
    InputError
        A national table; no satellites of that name; shares that are negative or do not add up
        to 1 over functions in an industry with output.

    Notes
    -----
    Identity: shares add up to 1; weighted with the countries' income the index averages to 1 for
    each function, the residual. It needs the income of occupations by industry, which no
    input-output table has; labour shares stand for the whole value added where capital income
    can't be given to a function. No published figure can be checked with the tables at hand.

    Source: Timmer, Miroudot & de Vries (2019), Functional specialisation in trade, Journal of
    Economic Geography 19, 1-30 (not re-read).

    Examples
    --------
    >>> from servio.table import Axis, Satellite, TableInfo
    >>> phi = {"functions: R&D": Satellite([.5, .2], "share"),
    ...        "functions: fabrication": Satellite([.5, .8], "share")}
    >>> table = IOTable.from_flows([[1, 2], [2, 1]], Y=[[7, 1], [0, 6]], codes=(),
    ...     axis=Axis.world(("AAA", "BBB"), ("C",)), demand=Axis(("AAA", "BBB"), ("HH", "HH")),
    ...     info=TableInfo("two", flows="world"), satellites=phi)
    >>> functional_specialisation(table).values.round(3).tolist()
    [1.3, 0.812, 0.52, 1.3]
    """
    names, phi = _functions(table, functions)
    sold, v = living(table, exports(table)), _per_output(table, "value_added")
    income = np.zeros((len(table.axis.country_names), len(names)))
    gap = 0.0
    for place, chain in enumerate(chains(table, "domestic")):
        made = chain.leontief.solve(sold[chain.at])
        gap = max(gap, relative_gap(made - chain.leontief.A @ made, sold[chain.at]))
        income[place] = phi[:, chain.at] @ (v[chain.at] * made)
    own, every = income.sum(axis=1, keepdims=True), income.sum(axis=0)
    share = np.divide(income, own, out=np.full(income.shape, np.nan), where=own != 0)
    index = np.divide(share * income.sum(), every, out=np.full(income.shape, np.nan),
                      where=every != 0)  # fmt: skip
    return parts(
        table, (index if form == "index" else share).T, names, by="economy", residual=gap,
        reason="no exports, or nobody earns with this function",
        unit="share" if form == "share" else None,
    )  # fmt: skip


def _functions(table: IOTable, name: str) -> tuple[tuple[str, ...], Array]:
    """Names of the k functions and their shares (k, n) of each industry's value added."""
    place, start = f"{table.info.name} functions", f"{name}: "
    found = {key.removeprefix(start): s.values for key, s in table.satellites.items()
             if key.startswith(start)}  # fmt: skip
    if not table.axis.is_world or not found:
        raise InputError(
            place,
            found=f"no satellites {start}..." if table.axis.is_world else "a national table",
            expected="a world table with, for each function, its share of the value added of each "
            "industry",
            remedy="servio.sources.with_functions(table, file) adds them from a file with the "
            "columns country, industry, function, share; see docs/value-chains.md.",
        )
    phi = np.array(list(found.values()), dtype=np.float64)
    wrong = table.live & ((np.abs(phi.sum(axis=0) - 1) > WHOLE) | (phi < 0).any(axis=0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(
            f"{place}, {table.axis.labels[at]}",
            found=f"shares {', '.join(f'{s:.4g}' for s in phi[:, at])}, sum {phi[:, at].sum():.6g}",
            expected="shares from 0 to 1 that add up to 1",
            remedy=f"Correct the shares of {int(wrong.sum())} industries.",
        )
    return tuple(found), phi
