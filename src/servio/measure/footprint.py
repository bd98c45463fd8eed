"""Whose final demand stands behind what producers use, earn or emit."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.errors import InputError
from servio.measure._chains import embodied, relative_gap
from servio.measure._contract import MONEY, measure
from servio.measure._factor import factor, is_money
from servio.measure._origin import balanced
from servio.measure._result import Array, Column, Result, Undefined
from servio.table import DEMAND_ROLES, IOTable, Note, Origin

__all__ = ["footprint"]

Form = Literal["consumption", "production", "imports", "exports"]
Mask = npt.NDArray[np.bool_]
HOME = tuple(role for role in DEMAND_ROLES if role not in ("imports", "exports"))


@measure(
    title="Footprint",
    question="How much value added, work or pollution stands behind a country's final demand?",
    unit=MONEY,
    formula="consumption s' L diag(y_c); production s_i x_i; imports: the part of other countries; "
    "exports: production for other countries",
    identity="production = consumption - imports + exports + the table's discrepancy, by country",
    source="Miller & Blair (2009), ch. 10; Kitzes (2013), Resources 2; Peters (2008)",
)
def footprint(
    table: IOTable,
    *,
    of: str = "value_added",
    form: Form = "consumption",
    by: str = "industry",
) -> Result:
    """A factor by who consumes the final product, or by who produces.

    With s the factor per unit of output and ``y_c`` the final demand of country c: consumption
    ``s' L diag(y_c)``, by the product that c buys, wherever it was made, over its whole chain;
    production ``s_i x_i``, by industry; imports, the part of the consumption footprint of c that
    arises in other countries; exports, the part of the production of c that final demand of other
    countries causes, by industry of c.

    Parameters
    ----------
    table : IOTable
    of : str
        ``value_added``, the name of a primary input, or of a satellite: employment, energy,
        emissions ...
    form : {'consumption', 'production', 'imports', 'exports'}
        Which of the four.
    by : str
        ``industry`` (a product for consumption and imports), ``economy`` or a grouping, summed.

    Returns
    -------
    Measure
        Amounts in the unit of the satellite, or in money; one row a country and industry or
        product.

    Raises
    ------
    LabelError
        No row of the table has the name `of`, or its classification does not know the grouping.
    InputError
        ``form="imports"`` on a national table, or ``exports`` where they don't stand apart.

    Notes
    -----
    Identity: a country's production is its consumption less imports plus exports plus what the
    published discrepancy of sales carries. The residual is the error of the solved equations.
    It follows the flows that balance the table's rows. Final demand is all of it: households,
    government, investment and inventories. What final users emit themselves is not in it.

    A national table sees what arises at home: its consumption footprint is that of home products
    in home final demand (exports apart if their column is named so), a note says that imports are
    not in it. Where imports are inside the flows they count as if made at home.

    Source: Kitzes (2013), Resources 2:489-503, for the two-sector case; Miller & Blair (2009),
    Input-Output Analysis, 2nd ed., ch. 10; Peters (2008), Ecological Economics 65, for production
    and consumption accounts (not re-read).

    Examples
    --------
    >>> import numpy as np
    >>> from servio.table import Satellite
    >>> table = IOTable.from_flows([[8, 5], [4, 2]], x=[16, 12], codes=("1", "2"),
    ...                            satellites={"CO2": Satellite(np.array([8.0, 4.0]), "t")})
    >>> footprint(table, of="CO2").values.round(6).tolist()
    [4.8, 7.2]
    >>> footprint(table, of="CO2", form="production").values.tolist()
    [8.0, 4.0]
    """
    amounts = factor(table, of)
    per_output = algebra.value_coefficients(amounts[None], table.x)
    if form == "production":
        cells, residual = _where_made(table, amounts), 0.0
    elif form == "exports":
        cells, residual = _for_others(table, per_output[0])
    else:
        cells, residual = _behind_demand(table, per_output, form)
    made = form in ("production", "exports")
    notes = _limits(table) if form == "consumption" else ()
    result = _summed(table, cells, by, made, residual, notes)
    return result if is_money(table, of) else replace(result, unit=table.satellites[of].unit)


def _where_made(table: IOTable, amounts: Array) -> Array:
    """Amounts of each industry (n,) in the column of its own country, (n, c)."""
    return np.where(_own(table), amounts[:, None], 0.0)


def _for_others(table: IOTable, per_output: Array) -> tuple[Array, float]:
    """Amounts (n, c) in country c's industries for other countries' final demand."""
    leontief = table.leontief(balanced(table, "balance"))
    demand = _demand(table, "exports")
    output = leontief.solve(demand)
    combine = algebra.probes(demand.shape[1])
    checked = output @ combine
    gap = relative_gap(checked - leontief.inputs @ checked, demand @ combine)
    abroad = np.where(_own(table), 0.0, output) if table.axis.is_world else output
    return _where_made(table, per_output * abroad.sum(axis=1)), gap


def _behind_demand(table: IOTable, per_output: Array, form: Form) -> tuple[Array, float]:
    """Amounts (n, c) behind each product in the final demand of each country c."""
    origin, demand = balanced(table, "balance"), _demand(table, form)
    if form == "consumption":
        content, gap = embodied(table, per_output, origin)
        return content[0][:, None] * demand, gap
    own = _own(table)
    content, gap = embodied(table, np.vstack([per_output, own.T * per_output]), origin)
    foreign = content[0][:, None] - content[1:].T
    return foreign * demand, gap


def _demand(table: IOTable, form: Form) -> Array:
    """Final demand of each country for each product, (n, c)."""
    if table.axis.is_world:
        buyer = np.array(table.demand.countries)[:, None] == np.array(table.axis.country_names)
        return table.once("demand by country", lambda: table.Y @ buyer.astype(np.float64))
    if form == "imports" or (form == "exports" and "exports" not in table.demand_roles):
        raise InputError(
            f"{table.info.name} form={form}",
            found="a national table" if form == "imports" else "no column of exports",
            expected="a world table" if form == "imports" else "a table whose exports stand apart",
            remedy="Use form=consumption for what it shows, or another table.",
        )
    roles = ("exports",) if form == "exports" else HOME
    return table.demand_with(*roles, origin=_reach(table))[:, None]


def _reach(table: IOTable) -> Origin:
    return "domestic" if balanced(table, "balance") == "domestic" else "total"


def _own(table: IOTable) -> Mask:
    """Whether an industry is in a country, (n, c)."""
    same: Mask = table.axis.country_index[:, None] == np.arange(len(table.axis.country_names))
    return same


def _summed(
    table: IOTable, cells: Array, by: str, made: bool, residual: float, notes: tuple[Note, ...]
) -> Result:
    """Cells (n, c) by country and product or group; `made`: of the country's own industries."""
    names, members = _members(table, by)
    countries = table.axis.country_names
    own = _own(table) if made else np.ones(cells.shape, dtype=bool)
    there = (members @ own > 0).T
    alive = (members @ (own & table.live[:, None]) > 0).T
    country, name = np.nonzero(there)
    values = np.where(alive, (members @ cells).T, np.nan)[there]
    gone = tuple(
        Undefined(f"{countries[c]}_{names[k]}" if countries[c] else names[k], "zero output")
        for c, k in zip(country, name, strict=True)
        if not alive[c, k]
    )
    columns = {"country": Column(countries, country), "industry": Column(names, name)}
    return Result(columns, values, gone, residual, notes)


def _members(table: IOTable, by: str) -> tuple[tuple[str, ...], Array]:
    """Names and memberships (k, n) of products whatever their country, or of groups."""
    if by == "economy":
        return ("economy",), np.ones((1, len(table)))
    if by != "industry":
        return table.weights(by)
    names = table.axis.code_names
    same = np.array(names)[:, None] == np.array(table.axis.codes)
    return names, same.astype(np.float64)


def _limits(table: IOTable) -> tuple[Note, ...]:
    if table.axis.is_world:
        return ()
    inside = table.info.flows == "total"
    imports = (
        Note("imports-as-home", "imports are inside the flows and count as made at home")
        if inside
        else Note("imports-not-traced", "what imports embody abroad is not in a national table")
    )
    if "exports" in table.demand_roles:
        return (imports,)
    text = "exports, if there are any, count as home final demand: no column stands apart"
    return (imports, Note("exports-inside", text))
