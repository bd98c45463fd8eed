"""Exports and imports of each product, as a country's table shows them."""

from __future__ import annotations

import numpy as np

from servio.measure._result import Array
from servio.table import IOTable, Note

__all__ = ["trade"]


def trade(table: IOTable) -> tuple[Array, Array, tuple[Note, ...]]:
    """Exports and imports by product of a national table, shape (n,) each.

    Imports are those of all uses where the table has them by product, or its column of imports;
    re-exports are in both.
    """
    exported = table.demand_with("exports")
    if table.Zm is None:
        return exported, -table.demand_with("imports"), ()
    imported = table.Zm.sum(axis=1)
    if table.Ym is not None:
        return exported, np.asarray(imported + table.Ym.sum(axis=1)), ()
    note = Note("no-final-imports", "imports for final use are not in the table")
    return exported, imported, (note,)
