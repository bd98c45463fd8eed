"""Where industries stand between primary inputs and final use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.measure._chains import exports, relative_gap
from servio.measure._contract import measure
from servio.measure._result import Array, Result, ratio
from servio.measure._trade import trade
from servio.table import IOTable, Note

__all__ = [
    "downstreamness",
    "final_use_ratio",
    "primary_input_ratio",
    "upstreamness",
]

Inventory = Literal["net", "none"]
Weights = Literal["output", "exports"]


@measure(
    title="Upstreamness",
    question="How many stages lie between an industry's output and final use?",
    unit="stages",
    formula="U = (I - B*)^-1 1, b*_ij = z_ij / (x_i - n_i)",
    identity="U = 1 + B* U",
    source="Antras, Chor, Fally & Hillberry (2012); Antras & Chor (2018); methods D1",
)
def upstreamness(
    table: IOTable,
    *,
    inventory: Inventory = "net",
    weights: Weights = "output",
    by: str = "industry",
) -> Result:
    """Average distance of an industry's output from final use, in stages; 1 if all is final.

    ``U = (I - B*)^-1 1`` with ``b*_ij = z_ij / (x_i - n_i)`` and n changes in inventories: stocks
    are taken to be used later as output is used now.

    Parameters
    ----------
    table : IOTable
    inventory : {'net', 'none'}
        Net-inventory correction, or changes in inventories as a final use.
    weights : {'output', 'exports'}
        How industries are weighted in means over groups.
    by : str
        ``industry``, ``economy`` or a grouping, whose groups are weighted means in each country.

    Returns
    -------
    Measure
        Stages, one row an industry; at least 1 where no flow is negative.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        Means weighted with exports of a table that does not show them.

    Notes
    -----
    Identity: ``U = 1 + B* U``, which is the residual. A world table follows all flows across
    borders. A national table takes the open-economy correction: all flows, imported ones too,
    over what the country itself absorbs, ``b*_ij = z_ij / (x_i - e_i + m_i - n_i)``, so that
    exports are used abroad, and imports made to be used, as the product is at home. An industry
    whose denominator is not positive is undefined, and counts for its suppliers as a final use.

    With ``inventory="none"`` and no trade the values are Ghosh's forward linkages. Stages are
    counted by industries: they depend on how finely these are split, and a small industry with
    large stocks has an extreme value. What it counts twice: nothing; but stages of different
    countries do not add up to those of the world.

    Source: Antras, Chor, Fally & Hillberry (2012), American Economic Review 102(3); Antras & Chor
    (2018), in World Trade Evolution, for the inventories and the world table.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> upstreamness(table).values.round(4).tolist()
    [1.9142, 1.2541]
    """
    base, leontief = _forward(table, inventory), table.leontief("total")
    found = algebra.upstreamness(leontief, table.x, base.scale)
    onward = base.scale * _per_output(table, leontief.inputs @ (found * table.x))
    gap = relative_gap((found - onward)[base.defined], np.ones(int(base.defined.sum())))
    return _mean(table, found, base, weights, by, gap)


@measure(
    title="Downstreamness",
    question="How many stages lie between primary inputs and an industry's output?",
    unit="stages",
    formula="D' = 1'(I - A*)^-1, a*_ij = z_ij x_i / ((x_i - n_i) x_j)",
    identity="D' = 1' + D' A*",
    source="Fally (2012); Antras & Chor (2018); methods D1",
)
def downstreamness(
    table: IOTable,
    *,
    inventory: Inventory = "net",
    weights: Weights = "output",
    by: str = "industry",
) -> Result:
    """Average distance of an industry's output from the primary factors in it, in stages.

    ``D' = 1'(I - A*)^-1`` with ``a*_ij = z_ij x_i / ((x_i - n_i) x_j)``: flows of a product are
    raised by what went into stocks. Without the correction it is the output multiplier of all
    flows.

    Parameters
    ----------
    table : IOTable
    inventory : {'net', 'none'}
        Net-inventory correction, or flows as published.
    weights : {'output', 'exports'}
        How industries are weighted in means over groups.
    by : str
        ``industry``, ``economy`` or a grouping, whose groups are weighted means in each country.

    Returns
    -------
    Measure
        Stages, one row an industry; at least 1 where no flow is negative.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        Means weighted with exports of a table that does not show them.
    NumericalError
        Corrected inputs use up more than the output.

    Notes
    -----
    Identity: ``D' = 1' + D' A*``, the residual. On a national table imported inputs are taken to
    be made as at home, and the supply that stocks are taken from includes imports; a world table
    needs no such assumption. Its mean weighted with final demand is that of upstreamness weighted
    with value added (both ``1'x / 1'y`` without stocks): they count the same stages from two ends.

    Source: Fally (2012), Production staging: measurement and facts; Antras & Chor (2018), in
    World Trade Evolution.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> downstreamness(table).values.round(4).tolist()
    [1.5182, 1.4521]
    """
    base, leontief = _backward(table, inventory), table.leontief("total")
    found = algebra.downstreamness(leontief, base.scale)
    gap = relative_gap(found - (found * base.scale) @ leontief.inputs, np.ones(len(table)))
    return _mean(table, found, base, weights, by, gap)


@measure(
    title="Final use in output",
    question="Which part of an industry's output goes to final use at once?",
    unit="share",
    formula="F/GO = 1 - sum_j b*_ij, b*_ij = z_ij / (x_i - n_i)",
    identity="1 if nothing is sold to producers; with sales to producers it adds up to 1",
    source="Antras & Chor (2018); methods D1",
)
def final_use_ratio(
    table: IOTable,
    *,
    inventory: Inventory = "net",
    weights: Weights = "output",
    by: str = "industry",
) -> Result:
    """Final use per unit of output, the simplest measure of being near to final use.

    ``1 - sum_j b*_ij``, with the flows of `upstreamness`, which it goes against.

    Parameters
    ----------
    table : IOTable
    inventory : {'net', 'none'}
        Net-inventory correction, or changes in inventories as a final use.
    weights : {'output', 'exports'}
        How industries are weighted in means over groups.
    by : str
        ``industry``, ``economy`` or a grouping, whose groups are weighted means in each country.

    Returns
    -------
    Measure
        Share, one row an industry; below 0 or above 1 only where final uses are negative.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        Means weighted with exports of a table that does not show them.

    Notes
    -----
    Identity: with sales to producers it adds up to 1. On a national table the open-economy
    correction of `upstreamness` holds: final use at home over what is absorbed at home.

    Source: Antras & Chor (2018), in World Trade Evolution.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> final_use_ratio(table).values.tolist()
    [0.35, 0.85]
    """
    base = _forward(table, inventory)
    sold = base.scale * _per_output(table, table.coefficients("total") @ table.x)
    return _mean(table, 1.0 - sold, base, weights, by, 0.0)


@measure(
    title="Primary inputs in output",
    question="Which part of an industry's output is its own value added?",
    unit="share",
    formula="VA/GO = 1 - sum_i a*_ij, a*_ij = z_ij x_i / ((x_i - n_i) x_j)",
    identity="with intermediate inputs it adds up to 1",
    source="Antras & Chor (2018); methods D1",
)
def primary_input_ratio(
    table: IOTable,
    *,
    inventory: Inventory = "net",
    weights: Weights = "output",
    by: str = "industry",
) -> Result:
    """Primary inputs per unit of output, the simplest measure of being near to the factors.

    ``1 - sum_i a*_ij``, with the flows of `downstreamness`, which it goes against.

    Parameters
    ----------
    table : IOTable
    inventory : {'net', 'none'}
        Net-inventory correction, or flows as published.
    weights : {'output', 'exports'}
        How industries are weighted in means over groups.
    by : str
        ``industry``, ``economy`` or a grouping, whose groups are weighted means in each country.

    Returns
    -------
    Measure
        Share, one row an industry; taxes and margins paid on inputs are part of it.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        Means weighted with exports of a table that does not show them.

    Notes
    -----
    Identity: with all intermediate inputs, home and imported, it adds up to 1.

    Source: Antras & Chor (2018), in World Trade Evolution.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> primary_input_ratio(table).values.tolist()
    [0.65, 0.7]
    """
    base = _backward(table, inventory)
    used = base.scale @ table.coefficients("total")
    return _mean(table, 1.0 - used, base, weights, by, 0.0)


@dataclass(frozen=True, eq=False)
class _Base:
    """Flows a position is measured on: scales of their rows and whose rows are defined."""

    scale: Array
    defined: npt.NDArray[np.bool_]
    notes: tuple[Note, ...]


def _forward(table: IOTable, inventory: Inventory) -> _Base:
    """Output over what is absorbed at home: ``x_i / (x_i - e_i + m_i - n_i)``."""
    exported, imported, notes = _trade(table)
    absorbed = table.x - exported + imported - _stocks(table, inventory)
    fit = (absorbed > 0) & table.live
    scale = np.divide(table.x, absorbed, out=np.zeros(len(table)), where=fit)
    return _Base(scale, fit, (*_no_stocks(table, inventory), *notes))


def _backward(table: IOTable, inventory: Inventory) -> _Base:
    """Supply over what is not put into stock; flows of what is all put there are none."""
    _, imported, notes = _trade(table)
    supply = table.x + imported
    kept = supply - _stocks(table, inventory)
    fit = (kept > 0) & (supply > 0)
    scale = np.divide(supply, kept, out=np.zeros(len(table)), where=fit)
    return _Base(scale, table.live, (*_no_stocks(table, inventory), *notes))


def _stocks(table: IOTable, inventory: Inventory) -> Array:
    return table.demand_with("inventory") if inventory == "net" else np.zeros(len(table))


def _no_stocks(table: IOTable, inventory: Inventory) -> tuple[Note, ...]:
    if inventory == "none" or "inventory" in table.demand_roles:
        return ()
    return (Note("no-inventories", "the table does not show changes in inventories"),)


def _trade(table: IOTable) -> tuple[Array, Array, tuple[Note, ...]]:
    """Exports and imports of each product that flows at home do not tell apart, (n,) each."""
    if table.axis.is_world:
        return np.zeros(len(table)), np.zeros(len(table)), ()
    return trade(table)


def _per_output(table: IOTable, flows: Array) -> Array:
    return np.divide(flows, table.x, out=np.zeros(len(table)), where=table.live)


def _mean(
    table: IOTable, values: Array, base: _Base, weights: Weights, by: str, gap: float
) -> Result:
    size: Array = base.defined.astype(np.float64)
    reason = "no output, or none that is used" + ("" if table.axis.is_world else " at home")
    if by != "industry":
        size = size * (table.x if weights == "output" else exports(table))
        reason = f"no {weights}"
    return ratio(table, values * size, size, by=by, reason=reason, residual=gap, notes=base.notes)
