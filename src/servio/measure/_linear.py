"""Standard errors of measures to first order: their exact derivatives by the cells of a table.

Every value here is linear in the cells, a ratio of such, or of the form s L w; its derivative by
the flow from i to j is then u_i w_j: with L the inverse, d(s L w) = (s L) dA (L w).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from servio import algebra, classify
from servio.errors import UsageError
from servio.measure._chains import chains, embodied, living
from servio.measure._contract import MeasureSpec, given_options
from servio.measure._origin import balanced
from servio.measure._result import Array, Measure, members
from servio.table import IOTable, Origin
from servio.table.noise import Noise, cell_errors, cells

__all__ = ["standard_errors"]


class _Derivative(NamedTuple):
    """Derivatives by flows from i to j, as products of a row and a column factor.

    Parameters
    ----------
    home, abroad : array (rows, groups, n)
        Factors of home products (all of a world table) and of imported ones.
    users : array (n, rows)
        Factors of the using industries.
    """

    home: Array
    abroad: Array
    users: Array


def standard_errors(
    spec: MeasureSpec,
    table: IOTable,
    published: Measure,
    noise: Noise,
    options: Mapping[str, Any],
) -> Array:
    """Standard error of each value of a measure to first order; NaN where undefined."""
    given = given_options(spec.name, spec.options, options)
    if spec.name not in _DERIVATIVES:
        raise _refuse(spec.name, "a measure without derivatives", f"one of {', '.join(KNOWN)}")
    if noise.output:
        raise _refuse(spec.name, "noise of output totals", "totals as published")
    for key in ("grouping", "by"):
        if key in given and _follows_use(table, given[key]):
            raise _refuse(f"{spec.name} {key}", f"{given[key]}, whose members follow from flows",
                          "a grouping of fixed members")  # fmt: skip
    derivative = _DERIVATIVES[spec.name](table, published, given)
    U, W = _factors(table, derivative)
    variance = algebra.balanced_variance(cells(table), cell_errors(table, noise), U, W)
    return np.where(np.isnan(published.values), np.nan, np.sqrt(variance))


def _factors(table: IOTable, derivative: _Derivative) -> tuple[Array, Array]:
    """Derivatives in the layout of `servio.table.noise.cells`, one column a value."""
    home, abroad, users = derivative
    rows, groups, n = home.shape
    parts = [home] if table.Zm is None else [home, abroad]
    parts.append(np.zeros((rows, groups, len(table.primary))))
    U = np.concatenate(parts, axis=2).reshape(rows * groups, -1).T
    W = np.zeros((n + len(table.demand), rows * groups))
    W[:n] = np.repeat(users, groups, axis=1)
    return U, W


def _coefficient(table: IOTable, published: Measure, given: Mapping[str, Any]) -> _Derivative:
    _, S = table.weights(given["grouping"])
    if given["total"]:
        return _along_chain(table, S, given["origin"], given["by"])
    home, abroad = _from(table, S, given["origin"], given["by"])
    return _Derivative(home, abroad, _per(table, table.x, given["by"]))


def _share(table: IOTable, published: Measure, given: Mapping[str, Any]) -> _Derivative:
    _, S = table.weights(given["grouping"])
    by, origin = given["by"], given["origin"]
    q = np.nan_to_num(published.values.reshape(-1, len(S)))[:, :, None]
    if not given["total"]:
        home, abroad = _from(table, S, origin, by)
        bought = living(table, table.flows("total").sum(axis=0))
        return _Derivative(home - q, abroad - q, _per(table, bought, by))
    if origin != "total":
        raise _refuse(
            "service_input_share total=true", f"origin={origin}", "origin=total, or total=false"
        )
    kinds = np.vstack([S, np.ones(len(table))])
    chain, _ = embodied(table, kinds, origin)
    chain = chain - q * chain[-1]
    inputs = living(table, (embodied(table, kinds[-1:], origin)[0][0] - 1.0) * table.x)
    users = _needed(table, _per(table, inputs, by) * table.x[:, None], origin)
    factor = chain[:, :-1]
    return _Derivative(factor, factor, users)


def _inducement(table: IOTable, published: Measure, given: Mapping[str, Any]) -> _Derivative:
    if given["weights"] != "output" and given["by"] != "industry":
        raise _refuse("production_inducement weights", given["weights"], "weights=output")
    _, S = table.weights(given["grouping"])
    return _along_chain(table, S, given["origin"], given["by"])


def _multiplier(table: IOTable, published: Measure, given: Mapping[str, Any]) -> _Derivative:
    one = np.ones((1, len(table)))
    return _along_chain(table, one, balanced(table, given["origin"]), given["by"])


_DERIVATIVES: dict[str, Callable[[IOTable, Measure, Mapping[str, Any]], _Derivative]] = {
    "output_multiplier": _multiplier,
    "production_inducement": _inducement,
    "service_input_coefficient": _coefficient,
    "service_input_share": _share,
}
KNOWN = tuple(_DERIVATIVES)


def _along_chain(table: IOTable, S: Array, origin: Origin, by: str) -> _Derivative:
    """Means of S L over the industries of each row, weighted with output."""
    if origin == "imported":
        raise _refuse("chain", "origin=imported", "origin total or domestic")
    chain, _ = embodied(table, S, origin)
    home, abroad = _from(table, chain, origin, by)
    users = _needed(table, _per(table, table.x, by) * table.x[:, None], origin)
    return _Derivative(home, abroad, users)


def _needed(table: IOTable, demand: Array, origin: Origin) -> Array:
    """Give L w over output, shape (n, rows): what the chain adds to the flow of each user."""
    needed = np.zeros_like(demand)
    for chain in chains(table, origin):
        needed[chain.at] = chain.leontief.solve(demand[chain.at])
    live = table.live[:, None]
    return np.divide(needed, table.x[:, None], out=np.zeros_like(needed), where=live)


def _per(table: IOTable, whole: Array, by: str) -> Array:
    """Members of each row over the row's sum of `whole`, shape (n, rows); 0 where it is zero."""
    _, collect = members(table, by)
    total = whole @ collect
    found: Array = np.divide(collect, total, out=np.zeros_like(collect), where=total != 0)
    return found


def _from(table: IOTable, factor: Array, origin: Origin, by: str) -> tuple[Array, Array]:
    """Row factors (g, n) of the flows of one origin for each row, at home and from abroad."""
    columns, collect = members(table, by)
    rows = np.broadcast_to(factor, (collect.shape[1], *factor.shape))
    if table.axis.is_world and origin != "total":
        place = [table.axis.country_names.index(c) for c in columns["country"].decode()]
        inside = np.array(place)[:, None] == table.axis.country_index[None, :]
        kept = inside if origin == "domestic" else ~inside
        return rows * kept[:, None, :], np.zeros(rows.shape)
    nothing = np.zeros(rows.shape)
    return (nothing if origin == "imported" else rows,
            nothing if origin == "domestic" else rows)  # fmt: skip


def _follows_use(table: IOTable, grouping: str | classify.Grouping) -> bool:
    if not isinstance(grouping, str):
        return grouping.rule is not None
    if grouping in ("industry", "economy"):
        return False
    known = table.groups.get(grouping) or classify.grouping(grouping)
    return known.rule is not None


def _refuse(place: str, found: str, expected: str) -> UsageError:
    return UsageError(
        f"method=linear, {place}", found=found, expected=expected, remedy="Use method=monte_carlo."
    )
