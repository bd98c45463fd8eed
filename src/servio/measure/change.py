"""What changed between two years, and by how much each cause changed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.classify import Grouping
from servio.errors import UnitError, UsageError
from servio.measure._chains import chains, relative_gap
from servio.measure._contract import MONEY, measure
from servio.measure._origin import Flows, balanced
from servio.measure._result import Array, Column, Result, Undefined, members, row_names
from servio.table import IOTable, Note, Origin, row_gap

__all__ = ["output_change", "service_input_change"]

Positions = npt.NDArray[np.intp]
SHIFT_PARTS = ("change", "within", "between")
SAME = ("classification", "currency", "unit", "prices", "valuation", "kind", "flows")


@measure(
    title="Change of service inputs",
    question="Do industries use more service, or have those that use much grown?",
    unit="ratio",
    formula="d sum_j c_j w_j = sum_j dc_j mean(w_j) + sum_j mean(c_j) dw_j",
    identity="within and between add up to the change",
    source="Dietzenbacher & Los (1998), for two factors",
    needs=("services",),
)
def service_input_change(
    table: IOTable,
    *,
    base: IOTable,
    of: Literal["coefficient", "share"] = "coefficient",
    grouping: str | Grouping = "services",
    origin: Origin = "total",
    by: str = "industry",
) -> Result:
    """Change since `base` of the service inputs of a group, split into recipes and mix.

    ``d sum_j c_j w_j = sum_j dc_j mean(w_j) + sum_j mean(c_j) dw_j`` with c the service input of
    industry j and w its weight in the group: within, what industries changed in their recipes;
    between, what comes from service-intensive industries gaining or losing weight.

    Parameters
    ----------
    table : IOTable
        The later year.
    base : IOTable
        The earlier one, of the same labels, units and kind of table.
    of : {'coefficient', 'share'}
        Service inputs per unit of output, weighted with output, as `service_input_coefficient`;
        or their share of intermediate inputs, weighted with these, as `service_input_share`.
    grouping : str or Grouping
        Grouping whose groups are the inputs.
    origin : {'total', 'domestic', 'imported'}
        Inputs that count.
    by : str
        The groups of using industries: ``economy``, or a grouping such as ``manufacturing``. By
        ``industry`` there is no mix and everything is within.

    Returns
    -------
    Measure
        Difference of ratios, one row a group, service group and ``part``: ``change``, ``within``,
        ``between``.

    Raises
    ------
    UnitError
        The tables differ in classification, currency, unit, price basis, valuation or kind.
    LabelError
        The tables differ in labels, or don't know a grouping.
    InputError
        The origin asked for is not in a table.

    Notes
    -----
    Identity: within and between add up to the change; the residual is the error. In current
    prices a fall of goods prices against service prices raises coefficients without any change
    of quantities: a note says so. An industry that has output in one of the years only counts
    with its one recipe, as mix; groups without output in one of them are undefined.

    Source: the mean of the two polar forms, Dietzenbacher & Los (1998), Economic Systems Research
    10, for two factors.

    Examples
    --------
    >>> services = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> base = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                           groups=services)
    >>> table = IOTable.from_flows([[150, 500], [300, 100]], x=[1000, 1000], codes=("C", "G"),
    ...                            groups=services)
    >>> change = service_input_change(table, base=base, by="economy")
    >>> [round(change.value(part=part), 4) for part in ("change", "within", "between")]
    [0.1, 0.0708, 0.0292]
    """
    base = _comparable(table, base)
    groups, S = table.weights(grouping)
    columns, collect = members(table, by)
    late, early = (_inputs(t, S, of, origin) for t in (table, base))
    values = np.full((collect.shape[1], len(groups), len(SHIFT_PARTS)), np.nan)
    for row, weights in enumerate(collect.T):
        at = np.flatnonzero((weights > 0) & ((late[1] != 0) | (early[1] != 0)))
        first, last = early[1][at] * weights[at], late[1][at] * weights[at]
        if first.sum() == 0 or last.sum() == 0:
            continue
        c0, c1 = _ratios(early, late, at)
        for group in range(len(groups)):
            split = algebra.shift_share(
                c0[group], first / first.sum(), c1[group], last / last.sum()
            )
            values[row, group] = split.change, split.within.sum(), split.between.sum()
    residual = relative_gap(
        np.nan_to_num(values[..., 1] + values[..., 2]), np.nan_to_num(values[..., 0])
    )
    nothing = "zero output" if of == "coefficient" else "no intermediate inputs"
    return _by_part(columns, groups, SHIFT_PARTS, values, f"{nothing} in a year", residual,
                    _price_note(table))  # fmt: skip


@measure(
    title="Change of output by cause",
    question="How much of the growth of output comes from service recipes, how much from demand?",
    unit=MONEY,
    formula="dx = 1/2 (L1 dA L0 + L0 dA L1) mean(y) + mean(L) dy, dA by rows",
    identity="the parts add up to the change",
    source="Dietzenbacher & Los (1998); Miller & Blair (2009), ch. 13; methods G3",
    needs=("services",),
)
def output_change(
    table: IOTable,
    *,
    base: IOTable,
    grouping: str | Grouping = "services",
    origin: Flows = "balance",
    by: str = "industry",
) -> Result:
    """Change of output since `base`, split into service recipes, other recipes and final demand.

    ``dx = 1/2 (L1 dA L0 + L0 dA L1) (y0 + y1)/2 + (L0 + L1)/2 dy``, the mean of the two polar
    forms, with dA split by its rows into the inputs of each group and the other inputs.

    Parameters
    ----------
    table : IOTable
        The later year.
    base : IOTable
        The earlier one, of the same labels, units and kind of table.
    grouping : str or Grouping
        Groups of inputs that share no industry.
    origin : {'balance', 'total', 'domestic'}
        Flows the model follows: those that balance the table's rows (domestic of a national
        table that sets imports apart, else all); all, as if imports were made at home, with
        imported inputs taken off final demand; domestic. On a world table ``domestic`` counts
        deliveries to producers abroad as final demand.
    by : str
        ``industry``, ``economy`` or a grouping of industries whose output changed, summed.

    Returns
    -------
    Measure
        In money, one row an industry or group and ``part``: ``change``; one a group of inputs,
        such as ``services coefficients``; ``other coefficients``; ``final demand``;
        ``discrepancy``, the part of the published tables' own imbalance.

    Raises
    ------
    UnitError
        The tables differ in classification, currency, unit, price basis, valuation or kind.
    LabelError
        The tables differ in labels, or don't know a grouping.
    UsageError
        The groups overlap.
    InputError
        The origin asked for is not in a table.

    Notes
    -----
    Identity: the parts add up exactly to the change of published output; the residual is the
    error. The change is in the tables' prices: at current prices inflation counts as final
    demand and relative prices as recipes; a note says so. Use constant prices for volumes.
    An industry without output in both years is undefined.

    Source: Dietzenbacher & Los (1998), Economic Systems Research 10:307-324; Miller & Blair
    (2009), Input-Output Analysis, 2nd ed., ch. 13.

    Examples
    --------
    >>> services = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> base = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                           groups=services)
    >>> table = IOTable.from_flows([[165, 500], [300, 100]], x=[1100, 2000], codes=("C", "G"),
    ...                            groups=services)
    >>> change = output_change(table, base=base, by="economy")
    >>> for part in ("change", "services coefficients", "final demand"):
    ...     print(part, round(change.value(part=part), 2))
    change 100.0
    services coefficients 112.19
    final demand -12.19
    """
    base = _comparable(table, base)
    followed = balanced(table, origin)
    names, rows = _input_groups(table, grouping)
    parts = (*(f"{name} coefficients" for name in names), "final demand", "discrepancy")
    found = np.zeros((len(parts), len(table)))
    for late, early in zip(chains(table, followed), chains(base, followed), strict=True):
        at = late.at
        (y1, d1), (y0, d0) = (_final(t, followed) for t in (table, base))
        split = algebra.structural_decomposition(
            early.leontief, y0[at] + d0[at], late.leontief, y1[at] + d1[at], rows[:, at]
        )
        gap = (d1 - d0)[at]
        own = (early.leontief.solve(gap) + late.leontief.solve(gap)) / 2.0
        found[:, at] = [*split.coefficients, split.demand - own, own]
    change = table.x - base.x
    residual = relative_gap(found.sum(axis=0), change)
    columns, collect = members(table, by)
    values = np.vstack([change, found]) @ collect
    values[:, (table.live | base.live) @ collect == 0] = np.nan
    return _by_part(columns, None, ("change", *parts), values.T[:, None, :],
                    "zero output in both years", residual, _price_note(table))  # fmt: skip


def _inputs(
    table: IOTable, S: Array, of: Literal["coefficient", "share"], origin: Origin
) -> tuple[Array, Array]:
    """Service inputs (g, n) and what they are measured by (n,), zero where there is no output."""
    bought = table.flows("total").sum(axis=0)
    measured = table.x if of == "coefficient" else bought
    return S @ table.flows(origin), np.where(table.live, measured, 0.0)


def _ratios(
    early: tuple[Array, Array], late: tuple[Array, Array], at: Positions
) -> tuple[Array, Array]:
    """Service inputs per unit in both years, (g, k) each; the other year's where there is none."""
    pair = []
    for flows, whole in (early, late):
        empty = np.full((len(flows), len(at)), np.nan)
        pair.append(np.divide(flows[:, at], whole[at], out=empty, where=whole[at] != 0))
    first, last = pair
    return np.where(np.isnan(first), last, first), np.where(np.isnan(last), first, last)


def _final(table: IOTable, origin: Origin) -> tuple[Array, Array]:
    """What is sold outside the flows, (n,), and the published discrepancy of sales, (n,)."""
    gap = row_gap(table)
    return table.x - table.flows(origin).sum(axis=1) - gap, gap


def _input_groups(table: IOTable, grouping: str | Grouping) -> tuple[tuple[str, ...], Array]:
    """Names and rows (g, n) of groups of inputs that add up to 1 with the other inputs."""
    names, S = table.weights(grouping)
    rest = 1.0 - S.sum(axis=0)
    if (rest < -1e-12).any():
        raise UsageError(
            f"output_change grouping {getattr(grouping, 'name', grouping)}",
            found=f"{table.axis.labels[int(rest.argmin())]} in several groups",
            expected="groups that share no industry",
            remedy="Use a grouping such as services or kiet.",
        )
    if (rest > 1e-12).any():
        return (*names, "other"), np.vstack([S, rest])
    return names, S


def _comparable(table: IOTable, base: IOTable) -> IOTable:
    """The base with its industries in the table's order, if the two can be compared at all."""
    for name in SAME:
        here, there = getattr(table.info, name), getattr(base.info, name)
        if here != there:
            raise UnitError(
                f"{table.info.name} against {base.info.name}, {name}",
                found=f"{here!r} and {there!r}",
                expected="the same in both years",
                remedy="Compare tables of one source and edition, or convert one of them.",
            )
    if base.axis.labels == table.axis.labels:
        return base
    return base.permuted(base.axis.order_of(table.axis.labels, f"{base.info.name} as base"))


def _price_note(table: IOTable) -> tuple[Note, ...]:
    if table.info.prices == "constant":
        return ()
    basis = f"{table.info.prices} prices" if table.info.prices else "prices that are not stated"
    return (Note("prices", f"in {basis}: changes of relative prices count as changes"),)


def _by_part(
    columns: Mapping[str, Column],
    groups: tuple[str, ...] | None,
    parts: tuple[str, ...],
    values: Array,
    reason: str,
    residual: float,
    notes: tuple[Note, ...],
) -> Result:
    """Values (rows, groups, parts) as rows of country, industry, group if any, and part."""
    k, g, p = values.shape
    spread = {n: Column(c.names, np.repeat(c.index, g * p)) for n, c in columns.items()}
    if groups is not None:
        spread["group"] = Column(groups, np.tile(np.repeat(np.arange(g), p), k))
    spread["part"] = Column(parts, np.tile(np.arange(p), k * g))
    names = row_names(columns)
    gone = np.flatnonzero(np.isnan(values).any(axis=(1, 2)))
    listed = tuple(Undefined(names[row], reason) for row in gone)
    return Result(spread, values.ravel(), listed, residual, notes)
