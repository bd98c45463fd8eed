"""What is odd in the values of a table just read: noted with the table, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from servio.algebra.ecology.structure import UNSTEADY, steady_transposed, unsteady_node
from servio.errors import InputError, ValueFault
from servio.table import IOTable, Note, column_gap, is_network, row_gap

__all__ = [
    "NEGATIVE_LIMIT",
    "NOTED_GAP",
    "checked",
    "heavy_inputs",
    "imbalance",
    "missing",
    "negative_demand",
    "negative_flows",
    "negative_value_added",
    "refuse_dead_flows",
    "refuse_derived_outflow",
    "refuse_empty",
    "refuse_imbalance",
    "refuse_negative_output",
    "refuse_unsteady",
    "zero_output",
]

NEGATIVE_LIMIT = 0.05
"""Largest share of negative flows in the sum of all flows, in absolute value."""
NOTED_GAP = 1e-6
"""Smallest gap between an industry's output and its sales or costs that is noted, relative."""
_NAMED = 5
_ROWS = 256

Array = npt.NDArray[np.float64]


def checked(table: IOTable, *, published: bool = False) -> IOTable:
    """The table with a note for everything odd in its values; a `ServioError` if it is no use.

    Parameters
    ----------
    table : IOTable
        As read.
    published : bool
        The table is a statistical office's: flows of an industry without output are noted, as
        nobody here can correct them; in a table of one's own they are refused.
    """
    refuse_empty(table)
    refuse_negative_output(table)
    if not published:
        refuse_dead_flows(table)
    notes = (
        *negative_flows(table),
        *negative_demand(table),
        *negative_value_added(table),
        *heavy_inputs(table),
        *zero_output(table),
        *imbalance(table),
    )
    return replace(table, info=table.info.with_notes(*notes)) if notes else table


def refuse_empty(table: IOTable) -> None:
    """Refuse a table without industries, or without any flow."""
    if len(table) == 0 or not (table.Z.any() or table.Y.any() or table.x.any()):
        raise ValueFault(table.info.name, found="no industries" if len(table) == 0 else
                         "nothing but zeros", expected="a table with flows",
                         remedy="Check that the right file was read.")  # fmt: skip
    if len(table) > 1 and not (table.Z.any() or (table.Zm is not None and table.Zm.any())):
        raise ValueFault(f"{table.info.name} Z", found="nothing but zeros",
                         expected="flows between industries",
                         remedy="Check that the right file was read.")  # fmt: skip


def refuse_negative_output(table: IOTable) -> None:
    """Refuse gross output below zero."""
    for i in np.flatnonzero(table.x < 0):
        raise ValueFault(
            f"{table.info.name} output of {table.axis.labels[i]}",
            found=f"{table.x[i]:g}",
            expected="zero or more",
            remedy="Correct the output, or the flows and final demand it is derived from.",
        )


def refuse_dead_flows(table: IOTable) -> None:
    """Refuse flows of an industry without output: its coefficients would be infinite."""
    for i in np.flatnonzero(~table.live & (_used(table) > 0)):
        raise ValueFault(
            f"{table.info.name}, {table.axis.labels[i]}",
            found=f"output 0, yet flows of {_used(table)[i]:g}",
            expected="output where there are flows",
            remedy="Give its output, or set its flows to zero.",
        )


def negative_flows(table: IOTable) -> Iterator[Note]:
    """Negative intermediate flows: noted with count and share; refused above `NEGATIVE_LIMIT`."""
    for name in ("Z", "Zm"):
        flows = getattr(table, name)
        if flows is None or flows.min(initial=0.0) >= 0:
            continue
        share = -flows[flows < 0].sum() / _sizes(flows).sum()
        i, j = np.unravel_index(int(flows.argmin()), flows.shape)
        worst = f"{table.axis.labels[i]} to {table.axis.labels[j]}: {flows[i, j]:g}"
        count = int((flows < 0).sum())
        if share > NEGATIVE_LIMIT:
            raise ValueFault(
                f"{table.info.name} {name}",
                found=f"{count} negative flows, {share:.1%} of all, largest {worst}",
                expected=f"at most {NEGATIVE_LIMIT:.0%} of flows negative",
                remedy="Check the signs, and that flows, imports and labels belong together.",
            )
        yield Note("negative-flows", f"{name} has {count} negative flows, {share:.2g} of the sum "
                   f"of all; largest {worst}")  # fmt: skip


def negative_demand(table: IOTable) -> Iterator[Note]:
    """Negative final demand: cells (normal for inventories) and industries in total."""
    columns = [i for i, role in enumerate(table.demand_roles) if role != "imports"]
    demand = table.Y if len(columns) == table.Y.shape[1] else table.Y[:, columns]
    cells = int((demand < 0).sum())
    if cells:
        yield Note("negative-demand-cells", f"{cells} negative cells of final demand, as changes "
                   "in inventories may be")  # fmt: skip
    if table.Y.shape[1]:
        low = np.flatnonzero(demand.sum(axis=1) < 0)
        if low.size:
            yield Note("negative-final-demand", "final demand is negative in total for "
                       + _named(table, low))  # fmt: skip


def negative_value_added(table: IOTable) -> Iterator[Note]:
    """Industries whose value added is below zero."""
    low = np.flatnonzero((table.value_added < 0) & table.live)
    if low.size:
        yield Note("negative-value-added", f"value added is negative for {_named(table, low)}")


def refuse_unsteady(table: IOTable, place: str, transposed: bool) -> None:
    """Refuse a flow network where what enters a node is not what leaves it."""
    sales, costs = table.x - row_gap(table), table.x - column_gap(table)
    off = unsteady_node(costs, sales)
    if off is None:
        return
    key = "Remove transposed = true" if transposed else "Set transposed = true"
    giving, taking = ("rows", "columns") if transposed else ("columns", "rows")
    raise InputError(
        f"{place}, flow network, {table.axis.labels[off]}",
        found=f"{costs[off]:.6g} that enter and {sales[off]:.6g} that leave",
        expected=f"a steady state: a gap of at most {UNSTEADY:.0%} of the node",
        remedy=f"{key}: the flows add up if {giving} give to {taking}."
        if steady_transposed(table.Z, costs, sales) else
        "Correct it, or add what is missing, such as respiration; balance_limit = 0.5 keeps a gap.",
    )  # fmt: skip


def refuse_derived_outflow(table: IOTable, place: str, transposed: bool) -> None:
    """Refuse boundary inputs of a flow network that follow from the balance and are negative."""
    z = table.V.sum(axis=0)
    low = np.flatnonzero(z < -UNSTEADY * table.x)
    if low.size:
        i = int(low[0])
        key = "remove transposed = true" if transposed else "set transposed = true"
        raise InputError(
            f"{place}, flow network, {table.axis.labels[i]}",
            found=f"{table.Z[:, i].sum():.6g} from other nodes, more than the {table.x[i]:.6g} "
            "that leave",
            expected="boundary inputs V, or outputs from which they follow",
            remedy=f"Complete the outputs in Y; or {key} if the flows are the other way round.",
        )


def heavy_inputs(table: IOTable) -> Iterator[Note]:
    """Industries that use up at least their output in intermediate inputs; nodes may."""
    if is_network(table.demand_roles):
        return
    inputs = table.Z.sum(axis=0) + (0.0 if table.Zm is None else table.Zm.sum(axis=0))
    heavy = np.flatnonzero(table.live & (inputs >= table.x))
    if heavy.size:
        yield Note("inputs-exceed-output", "intermediate inputs reach output for "
                   + _named(table, heavy))  # fmt: skip


def zero_output(table: IOTable) -> Iterator[Note]:
    """Industries without output: their coefficients are undefined."""
    dead = ~table.live
    if dead.any():
        yield Note("zero-output", f"no output, so undefined results, for "
                   f"{_named(table, np.flatnonzero(dead))}")  # fmt: skip
    odd = np.flatnonzero(dead & (_used(table) > 0))
    if odd.size:
        yield Note("zero-output-flows", f"flows without output for {_named(table, odd)}")


def imbalance(table: IOTable) -> Iterator[Note]:
    """Sales or costs that do not add up to output: the data's own gap, never repaired."""
    for code, gap, what in (
        ("row-imbalance", row_gap(table), "sales"),
        ("column-imbalance", column_gap(table), "costs"),
    ):
        size = np.abs(gap)
        largest = float(np.abs(table.x).max(initial=0.0))
        if not size.any() or size.max() <= NOTED_GAP * largest:
            continue
        i = int(size.argmax())
        yield Note(code, f"{what} {missing(gap[i])} up to {size[i]:.4g} ({table.axis.labels[i]}, "
                   f"{size[i] / largest:.1e} of the largest output)")  # fmt: skip


def refuse_imbalance(table: IOTable, limit: float) -> None:
    """Refuse a table whose largest gap exceeds `limit`, as a share of the largest output."""
    for gap, what in ((row_gap(table), "sales"), (column_gap(table), "costs")):
        size = np.abs(gap) / max(float(np.abs(table.x).max(initial=0.0)), np.finfo(float).tiny)
        i = int(size.argmax())
        if size[i] > limit:
            raise InputError(
                f"{table.info.name}, {table.axis.labels[i]}",
                found=f"{what} that {missing(gap[i])} {abs(gap[i]):.4g}",
                expected=f"a gap of at most {limit:g} of the largest output",
                remedy="Correct the table, or leave the limit out.",
            )


def missing(gap: float) -> str:
    """How sales or costs go with output, in words, by the sign of what is left of output."""
    return "miss output by" if gap > 0 else "exceed output by"


def _used(table: IOTable) -> Array:
    """Flows that need output, in absolute value: inputs bought, and sales unless imported ones."""
    bought = _sizes(table.Z)
    return bought if table.info.flows == "total" else bought + _sizes(table.Z.T)


def _sizes(flows: Array) -> Array:
    """Column sums of absolute values, without a second array as large as a world's."""
    blocks = (flows[i : i + _ROWS] for i in range(0, len(flows), _ROWS))
    found: Array = sum((np.abs(block).sum(axis=0) for block in blocks), np.zeros(flows.shape[1]))
    return found


def _named(table: IOTable, positions: Iterable[int]) -> str:
    names = [table.axis.labels[i] for i in positions]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
