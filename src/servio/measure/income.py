"""Who earns along a chain: income by country, industry and stage, margins, functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.errors import LabelError, UsageError
from servio.measure._chains import chains, embodied, exports, final_demand, living, relative_gap
from servio.measure._contract import measure
from servio.measure._factor import factor, is_money
from servio.measure._origin import balanced
from servio.measure._result import Array, Result, Undefined, members
from servio.measure._spread import parts
from servio.measure.value_content import _content
from servio.table import IOTable

if TYPE_CHECKING:
    import pandas

__all__ = [
    "Specialisation",
    "chain_income",
    "chain_margin",
    "functional_specialisation",
]

Form = Literal["total", "stage"]
Margin = Literal["own", "chain"]
STAGES = ("final stage", "stage 1", "stage 2", "stage 3 or more")
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
    demand = _demand(table, chain, producer)
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


def _demand(table: IOTable, chain: str, producer: str) -> Array:
    """Final demand (n,) for the products of a chain."""
    labels = table.axis.labels
    if chain in labels:
        inside = np.zeros(len(table))
        inside[labels.index(chain)] = 1.0
    else:
        inside = table.weights(chain)[1].sum(axis=0)
    if producer:
        here = np.zeros(len(table))
        here[table.axis.positions(producer)] = 1.0
        inside = inside * here
    if not inside.any():
        raise LabelError(
            f"chain {chain!r} of {producer!r}",
            found="no such product",
            expected="products of that country",
            remedy="Leave out one of the two.",
        )
    return living(table, inside * final_demand(table))


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


@dataclass(frozen=True, eq=False)
class Specialisation:
    """Functions that countries earn their exports with.

    Parameters
    ----------
    countries, functions : tuple of str
    income : array (countries, functions)
        Domestic value added in exports by function, in the table's money.
    index : array (countries, functions)
        Share of the function in the country's income over its share in that of all countries;
        NaN where a country or a function earns nothing.
    unit, source : str
    """

    countries: tuple[str, ...]
    functions: tuple[str, ...]
    income: Array
    index: Array
    unit: str
    source: str

    def to_frame(self) -> pandas.DataFrame:
        """One row a country and function."""
        import pandas

        k = len(self.functions)
        return pandas.DataFrame({
            "country": np.repeat(self.countries, k),
            "function": np.tile(self.functions, len(self.countries)),
            "income": self.income.ravel(),
            "index": self.index.ravel(),
        })  # fmt: skip


def functional_specialisation(
    table: IOTable, functions: Sequence[str], shares: npt.ArrayLike
) -> Specialisation:
    """Specialisation of countries in functions: R&D, management, marketing, fabrication.

    ``f_c^k = sum_j phi_cj^k v_cj (L_cc e_c)_j``, the domestic value added in c's exports that
    workers of function k earn, and
    ``FS_c^k = (f_c^k / sum_k f_c^k) / (sum_c f_c^k / sum_c sum_k f_c^k)``.

    Parameters
    ----------
    table : IOTable
        World table.
    functions : sequence of str
        Names of the k functions.
    shares : array (k, n)
        Part of each industry's value added that each function earns; the parts of an industry
        with output add up to 1.

    Returns
    -------
    Specialisation
        Not a measure: the shares are not part of the table.

    Raises
    ------
    UsageError
        A national table, or shares that do not fit or do not add up to 1.

    Notes
    -----
    Identity: over functions, income adds up to domestic value added in exports; weighted with the
    countries' income, FS averages to 1 for each function. It needs occupations by industry, which
    no input-output table has; labour shares stand for the whole value added where capital income
    can't be given to a function. No published figure can be checked with the tables at hand.

    Source: Timmer, Miroudot & de Vries (2019), Functional specialisation in trade, Journal of
    Economic Geography 19, 1-30 (not re-read).

    Examples
    --------
    >>> from servio.table import Axis, TableInfo
    >>> table = IOTable.from_flows([[1, 2], [2, 1]], Y=[[7, 1], [0, 6]], codes=(),
    ...     axis=Axis.world(("AAA", "BBB"), ("C",)), demand=Axis(("AAA", "BBB"), ("HH", "HH")),
    ...     info=TableInfo("two", flows="world"))
    >>> found = functional_specialisation(table, ("R&D", "fabrication"), [[.5, .2], [.5, .8]])
    >>> found.index.round(3).tolist()
    [[1.3, 0.812], [0.52, 1.3]]
    """
    phi = np.asarray(shares, dtype=np.float64)
    whole = phi.sum(axis=0) if phi.shape == (len(functions), len(table)) else np.zeros(len(table))
    if not table.axis.is_world or not np.allclose(whole[table.live], 1.0, atol=1e-9):
        raise UsageError(
            "functional_specialisation shares",
            found=f"shape {phi.shape} for {len(functions)} functions and {len(table)} industries, "
            f"sums {whole.min():.4g} to {whole.max():.4g}",
            expected="a world table and shares that add up to 1 over functions",
            remedy="Give one row a function and one column an industry of the table.",
        )
    sold, v = living(table, exports(table)), _per_output(table, "value_added")
    countries = table.axis.country_names
    income = np.zeros((len(countries), len(functions)))
    for place, chain in enumerate(chains(table, "domestic")):
        earned = v[chain.at] * chain.leontief.solve(sold[chain.at])
        income[place] = phi[:, chain.at] @ earned
    own, every = income.sum(axis=1, keepdims=True), income.sum(axis=0)
    share = np.divide(income, own, out=np.full(income.shape, np.nan), where=own != 0)
    index = np.divide(share * income.sum(), every, out=np.full(income.shape, np.nan),
                      where=every != 0)  # fmt: skip
    return Specialisation(
        countries, tuple(functions), income, index, table.info.money or "currency", table.info.name
    )
