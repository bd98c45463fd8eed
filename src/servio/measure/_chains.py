"""Supply chains as solves: what a unit of final demand needs at every earlier stage."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.errors import InputError, LabelError, NumericalError, UsageError
from servio.measure._result import Array, Result, ratio
from servio.table import DEMAND_ROLES, IOTable, Note, Origin, column_gap

__all__ = [
    "GAP",
    "IMPORTS",
    "TAXES",
    "Chain",
    "chain_demand",
    "chains",
    "embodied",
    "equation_gap",
    "exports",
    "final_demand",
    "living",
    "other_primary",
    "relative_gap",
    "require_value_added",
    "value_added_rows",
    "weighted",
]

IMPORTS, TAXES, GAP = "imports", "taxes and margins", "discrepancy"
TAX_ROLES = ("taxes", "margins", "adjustment")


@dataclass(frozen=True, eq=False)
class Chain:
    """Industries that supply each other and no one else, with their factorised ``I - A``.

    Parameters
    ----------
    at : integer array (k,)
        Positions of the industries in the table.
    leontief : Leontief
        Of these industries, in this order.
    """

    at: npt.NDArray[np.intp]
    leontief: algebra.Leontief


def chains(table: IOTable, origin: Origin) -> tuple[Chain, ...]:
    """The chains of one origin: the whole table, or each country of a world table by itself.

    Domestic coefficients of a world table are blocks on the diagonal, so that small systems take
    the place of a large one.
    """
    if origin == "domestic" and table.axis.is_world:
        return table.once(("chains", origin), lambda: _by_country(table))
    return (Chain(np.arange(len(table)), table.leontief(origin)),)


def _by_country(table: IOTable) -> tuple[Chain, ...]:
    return tuple(_of_country(table, country) for country in table.axis.country_names)


def _of_country(table: IOTable, country: str) -> Chain:
    at = table.axis.positions(country)
    A = algebra.input_coefficients(table.Z[np.ix_(at, at)], table.x[at])
    try:
        return Chain(at, algebra.Leontief(A, table.live[at]))
    except NumericalError as error:
        raise NumericalError(
            f"{table.info.name} {country} domestic inputs, {error.place}",
            found=error.found,
            expected=error.expected,
            remedy=error.remedy,
        ) from None


def embodied(table: IOTable, rows: Array, origin: Origin) -> tuple[Array, float]:
    """``R L``: amounts per unit of output, summed over the chain of a unit of final demand.

    Parameters
    ----------
    table : IOTable
    rows : array (k, n)
        Amounts per unit of output of each industry, one row a kind.
    origin : {'total', 'domestic', 'imported'}
        Flows the chain follows; `imported` is what `total` adds to `domestic`: chains that cross
        a border at least once.

    Returns
    -------
    array (k, n)
        Per unit of final demand of each industry.
    float
        Largest relative error of ``(R L)(I - A) = R``, checked as in `equation_gap`.
    """
    if origin == "imported":
        table.flows(origin)
        everywhere, first = embodied(table, rows, "total")
        at_home, second = embodied(table, rows, "domestic")
        return everywhere - at_home, max(first, second)
    whole = np.empty_like(rows)
    gap = 0.0
    for chain in chains(table, origin):
        own = rows[:, chain.at]
        found = algebra.value_multiplier(chain.leontief, own)
        whole[:, chain.at] = found
        gap = max(gap, equation_gap(chain.leontief, found, own))
    return whole, gap


def equation_gap(leontief: algebra.Leontief, found: Array, rows: Array) -> float:
    """Relative error of ``found (I - A) = rows``; of combinations (`probes`) of more than four."""
    combine = algebra.probes(len(rows)).T
    found = combine @ found
    return relative_gap(found - found @ leontief.inputs, combine @ rows)


def relative_gap(left: Array, right: Array) -> float:
    """Largest absolute difference over the largest magnitude on either side."""
    scale = max(np.abs(left).max(initial=0.0), np.abs(right).max(initial=0.0))
    return float(np.abs(left - right).max(initial=0.0) / scale) if scale > 0 else 0.0


def value_added_rows(table: IOTable, weights: Array) -> Array:
    """Value added per unit of output of each group's industries, zero elsewhere, shape (g, n)."""
    require_value_added(table)
    coefficients = algebra.value_coefficients(table.value_added[None, :], table.x)
    rows: Array = weights * coefficients
    return rows


def require_value_added(table: IOTable) -> None:
    """A table without a row of value added can't say who earns."""
    if "value_added" not in table.primary_roles:
        raise InputError(
            f"{table.info.name} primary inputs",
            found=f"rows with the roles {sorted(set(table.primary_roles))}",
            expected="a row of value added",
            remedy="Give the table its value added, or let it be derived from the balance.",
        )


def other_primary(table: IOTable) -> dict[str, Array]:
    """Flows (n,) that are neither intermediate flows nor value added, where the table has them.

    What is value added: rows of that role, at basic prices. Taxes less subsidies on products,
    margins and adjustments are nobody's, and what costs leave open is a discrepancy.
    """
    roles = np.array(table.primary_roles)
    found = {}
    if table.Zm is not None or "imports" in roles:
        found[IMPORTS] = table.primary_inputs - table.V[roles != "imports"].sum(axis=0)
    if np.isin(roles, TAX_ROLES).any():
        found[TAXES] = table.V[np.isin(roles, TAX_ROLES)].sum(axis=0)
    found[GAP] = living(table, column_gap(table))
    return found


def final_demand(table: IOTable) -> Array:
    """Final demand for home products without changes in inventories, shape (n,)."""
    roles = [role for role in DEMAND_ROLES if role not in ("imports", "inventory")]
    return table.demand_with(*roles, origin="domestic")


def chain_demand(table: IOTable, chain: str, producer: str) -> Array:
    """Final demand (n,) for the products of a chain."""
    labels = table.axis.labels
    if chain in labels:
        inside = np.zeros(len(table))
        inside[labels.index(chain)] = 1.0
    else:
        inside = _products(table, chain)
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


def _products(table: IOTable, chain: str) -> Array:
    """Weight of each industry (n,) in a grouping, all its groups together."""
    try:
        weights: Array = table.weights(chain)[1].sum(axis=0)
    except UsageError:
        near = get_close_matches(chain, table.axis.labels, n=1) or table.axis.labels[:1]
        raise LabelError(
            f"{table.info.name} chain {chain!r}",
            found="neither a product nor a grouping",
            expected=f"a product such as {near[0]}, or a grouping such as manufacturing",
            remedy="Give the label as the table writes it.",
        ) from None
    return weights


def exports(table: IOTable) -> Array:
    """Gross exports of each industry, to producers and to final users, shape (n,)."""
    if not table.axis.is_world:
        if "exports" not in table.demand_roles:
            raise InputError(
                f"{table.info.name} final demand",
                found="no column of exports",
                expected="a table whose exports stand apart",
                remedy="Name the column's role `exports`, or use service_content.",
            )
        return table.demand_with("exports", origin="domestic")
    seller = np.array(table.axis.countries)[:, None]
    abroad = seller != np.array(table.demand.countries)[None, :]
    sold: Array = table.flows("imported").sum(axis=1) + np.where(abroad, table.Y, 0.0).sum(axis=1)
    return sold


def living(table: IOTable, flows: Array) -> Array:
    """Flows of industries with output, zero for others; the last axis is the industries'."""
    kept: Array = np.where(table.live, flows, 0.0)
    return kept


def weighted(
    table: IOTable,
    per_unit: Array,
    weight: Array,
    *,
    by: str,
    groups: tuple[str, ...] | None,
    reason: str,
    residual: float = 0.0,
    notes: tuple[Note, ...] = (),
) -> Result:
    """Amounts per unit by industry, or their means over groups of industries with a weight.

    By industry the weight does not matter: only industries without output are undefined. Groups
    are undefined, for `reason`, where the weights of their industries add up to nothing.
    """
    if by == "industry":
        weight, reason = table.x, "zero output"
    live = living(table, weight)
    return ratio(
        table,
        per_unit * live,
        live,
        by=by,
        groups=groups,
        reason=reason,
        residual=residual,
        notes=notes,
    )
