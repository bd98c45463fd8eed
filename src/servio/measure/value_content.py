"""Whose value added is in a product: services content of final products and of exports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from servio import algebra
from servio.errors import InputError, UsageError
from servio.measure._chains import (
    embodied,
    exports,
    final_demand,
    living,
    other_primary,
    relative_gap,
    value_added_rows,
    weighted,
)
from servio.measure._contract import measure
from servio.measure._result import Array, Result, ratio
from servio.measure.inducement import Weights
from servio.table import IOTable, Note, Origin

__all__ = ["service_content", "service_content_of_exports", "value_content"]

OTHER = "other industries"


@measure(
    title="Services value added in final products",
    title_with="Value added in final products: {grouping}",
    question="What part of the value of a final product is value added of services?",
    unit="share",
    formula="t_j = sum_{i in S} v_i l_ij",
    identity="t (I - A) = v_S; with other industries, imports and taxes it adds up to 1",
    source="Los, Timmer & de Vries (2015); OECD TiVA indicators; methods A4",
    needs=("services", "value_added"),
)
def service_content(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Origin = "total",
    weights: Weights = "final_demand",
    by: str = "industry",
) -> Result:
    """Share of a final product's value that is value added of service groups.

    ``t_j = sum_{i in S} v_i l_ij``, over every stage of the product's chain, with ``v_i`` value
    added per unit of output.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Grouping whose groups S earn the value added. All services against KIBS or a producer
        service definition move the level a lot.
    origin : {'total', 'domestic', 'imported'}
        Where the value added is earned: anywhere the table can see; in the product's own
        country; abroad. A national table sees value added at home only.
    weights : {'final_demand', 'output'}
        How the products of a group are weighted; final demand without changes in inventories.
    by : str
        ``industry``, ``economy`` or a grouping of the industries whose products are meant.

    Returns
    -------
    Measure
        Share of the product's value, one row an industry and group; below 0 or above 1 only
        where value added is negative.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The table has no value added, or ``origin="imported"`` on a national table.

    Notes
    -----
    Identity: `value_content` shows all parts of the value, which add up to 1; the residual is
    the error of ``t (I - A) = v_S``. World tables use the inverse of all flows, the ``B`` of the
    value-chain literature. National tables use domestic flows: services in imported inputs are
    part of imports and not seen. Where imports are inside the flows they count as made at home.
    It does not see services that manufacturers produce for themselves.

    Source: Los, Timmer & de Vries (2015), Journal of Regional Science 55; OECD TiVA, guide to
    indicators.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> service_content(table).values.round(4).tolist()
    [0.1848, 0.7855]
    """
    groups, S = table.weights(grouping)
    per_unit, residual = _content(table, value_added_rows(table, S), origin)
    result = weighted(
        table,
        per_unit,
        table.x if weights == "output" else final_demand(table),
        by=by,
        groups=groups,
        reason="no output" if weights == "output" else "no final demand",
        residual=residual,
        notes=_reach(table),
    )
    return replace(result, computed=_computed(table, origin))


@measure(
    title="Services value added in exports",
    title_with="Value added in exports: {grouping}",
    question="What part of the value of an industry's exports is value added of services?",
    unit="share",
    formula="sum_{i in S} v_i (L e)_i / (1'e)",
    identity="t (I - A) = v_S; domestic and imported add up to total",
    source="OECD TiVA (EXGR_SERV_DVA, EXGR_SERV_FVA); methods A4 and G8",
    needs=("services", "value_added", "exports"),
)
def service_content_of_exports(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Origin = "total",
    by: str = "industry",
) -> Result:
    """Share of gross exports that is value added of service groups.

    ``sum_{i in S} v_i (L e)_i / (1'e)`` with e the gross exports of an industry or group, sold to
    producers and to final users abroad.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Grouping whose groups S earn the value added.
    origin : {'total', 'domestic', 'imported'}
        Where the value added is earned: anywhere the table can see; in the exporting country;
        abroad. A national table sees value added at home only.
    by : str
        ``industry``, ``economy`` or a grouping of the exporting industries, summed over exports.

    Returns
    -------
    Measure
        Share of gross exports, one row an industry and group; below 0 or above 1 only where
        value added is negative.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The table has no exports or no value added, or ``origin="imported"`` on a national table.

    Notes
    -----
    Identity: as `service_content`; over all industries of a world table the shares add up to 1,
    less taxes and margins, which `export_origin` shows.
    Gross exports count value added again that comes home and leaves once more, as TiVA does. The
    set of services moves the level by some points: compare groupings.

    Source: OECD TiVA indicators EXGR_SERV_DVA and EXGR_SERV_FVA; Koopman, Wang & Wei (2014),
    American Economic Review 104, for the country totals.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            Y=[[50, 300], [1600, 100]], groups=groups,
    ...                            demand_roles=("household", "exports"))
    >>> service_content_of_exports(table, by="economy").values.round(4).tolist()
    [0.335]
    """
    groups, S = table.weights(grouping)
    sold = living(table, exports(table))
    per_unit, residual = _content(table, value_added_rows(table, S), origin)
    result = ratio(
        table,
        per_unit * sold,
        sold,
        by=by,
        groups=groups,
        reason="no exports",
        residual=residual,
        notes=_reach(table),
    )
    return replace(result, computed=_computed(table, origin))


@measure(
    title="Where the value of a final product comes from",
    question="Which industries, imports and taxes make up the value of a final product?",
    unit="share",
    formula="r_k L with r_k = v of a group, imports, taxes and discrepancy per unit of output",
    identity="the parts add up to 1",
    source="Miller & Blair (2009), section 2.6 (v'L = 1'); methods A4",
    needs=("sectors", "value_added"),
)
def value_content(
    table: IOTable,
    *,
    grouping: str = "sectors",
    weights: Weights = "final_demand",
    by: str = "industry",
) -> Result:
    """The whole value of a final product by who earns it; the parts add up to 1.

    Every row of primary inputs r is followed through the chain, ``r_k L``: value added of each
    group, of the other industries, imported inputs, taxes and margins, and the discrepancy of the
    published table.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Groups of industries that share none.
    weights : {'final_demand', 'output'}
        How the products of a group are weighted; final demand without changes in inventories.
    by : str
        ``industry``, ``economy`` or a grouping of the industries whose products are meant.

    Returns
    -------
    Measure
        Share of the product's value, one row an industry and ``part``.

    Raises
    ------
    UsageError
        The groups overlap.
    LabelError
        The table's classification does not know the grouping.
    InputError
        The table has no value added.

    Notes
    -----
    Identity: the parts add up to 1; the residual says how exactly. Parts that a table does not
    tell apart are left out: a world table has no imports, all value added being seen where it is
    earned. The discrepancy is the published imbalance of costs, shown and not spread.

    Source: Miller & Blair (2009), Input-Output Analysis, 2nd ed., section 2.6.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> sectors = Grouping.custom("sectors", {"goods": ("C",), "services": ("G",)})
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups={"sectors": sectors})
    >>> value_content(table).value(industry="C", part="services").__round__(4)
    0.1848
    """
    names, rows = _all_primary(table, grouping)
    per_unit, residual = _content(table, rows, "total")
    live = table.live
    whole = relative_gap(per_unit.sum(axis=0)[live], np.ones(int(live.sum())))
    result = weighted(
        table,
        per_unit,
        table.x if weights == "output" else final_demand(table),
        by=by,
        groups=names,
        reason="no output" if weights == "output" else "no final demand",
        residual=max(residual, whole),
        notes=_reach(table),
    )
    columns = dict(result.columns)
    columns["part"] = columns.pop("group")
    return replace(result, columns=columns)


def _content(table: IOTable, rows: Array, origin: Origin) -> tuple[Array, float]:
    """Value per unit of output ``rows`` (k, n), summed over the chains a table can follow."""
    if table.axis.is_world:
        return _traced(table, rows, origin)
    if origin == "imported":
        raise InputError(
            f"{table.info.name} origin",
            found="origin=imported on a national table, which shows no value added abroad",
            expected="a world table, or origin=total",
            remedy="Use a world table, or `value_content` for the part of imports.",
        )
    inside: Origin = "total" if table.info.flows == "total" and origin == "total" else "domestic"
    return embodied(table, rows, inside)


def _traced(table: IOTable, rows: Array, origin: Origin) -> tuple[Array, float]:
    """Value added anywhere, in the product's own country or in other countries, (k, n)."""
    if origin == "total":
        return embodied(table, rows, "total")
    country = table.axis.country_index
    earner = np.arange(len(table.axis.country_names))[:, None] == country[None, :]
    split = (earner[:, None, :] * rows[None, :, :]).reshape(-1, len(table))
    found, gap = embodied(table, split, "total")
    by_earner = found.reshape(len(earner), len(rows), len(table))
    at_home: Array = by_earner[country, :, np.arange(len(table))].T
    if origin == "domestic":
        return at_home, gap
    abroad: Array = by_earner.sum(axis=0) - at_home
    return abroad, gap


def _all_primary(table: IOTable, grouping: str) -> tuple[tuple[str, ...], Array]:
    """Names and rows (k, n) of everything a unit of output pays besides its intermediate flows."""
    names, S = table.weights(grouping)
    covered = S.sum(axis=0)
    if (covered > 1.0 + 1e-12).any():
        raise UsageError(
            f"grouping {grouping}",
            found=f"{table.axis.labels[int(covered.argmax())]} in several groups",
            expected="groups that share no industry",
            remedy="Use a partition such as sectors or kiet.",
        )
    rest = 1.0 - covered
    if (rest > 1e-12).any():
        names, S = (*names, OTHER), np.vstack([S, rest])
    other = other_primary(table)
    coefficients = algebra.value_coefficients(np.array(list(other.values())), table.x)
    return (*names, *other), np.vstack([value_added_rows(table, S), coefficients])


def _computed(table: IOTable, origin: Origin) -> dict[str, str | None]:
    """A national table shows value added at home only, whatever was asked for."""
    seen_all = table.axis.is_world or table.info.flows == "total"
    return {} if seen_all or origin != "total" else {"origin": "domestic"}


def _reach(table: IOTable) -> tuple[Note, ...]:
    if table.axis.is_world:
        return ()
    if table.info.flows == "total":
        return (Note("imports-as-home", "imports are inside the flows and count as made at home"),)
    return (Note("imports-not-traced", "services inside imported inputs are not traced"),)
