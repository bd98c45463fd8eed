"""Which flows a chain follows when the answer needs the table to balance."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio.measure._result import Array, Result, ratio
from servio.table import IOTable, Note, Origin

__all__ = ["Flows", "averaged", "balanced"]

Flows = Literal["balance", "total", "domestic"]


def balanced(table: IOTable, origin: Flows) -> Origin:
    """The flows meant by `origin`: ``balance`` are those that add up to output with final demand.

    These are the domestic flows of a national table that sets imports apart, and all flows of a
    world table or of a table published without a split.
    """
    if origin != "balance":
        return origin
    apart = table.info.flows == "domestic" and not table.axis.is_world
    return "domestic" if apart else "total"


def averaged(
    table: IOTable,
    per_unit: Array,
    *,
    by: str,
    reason: str = "zero output",
    residual: float = 0.0,
    notes: tuple[Note, ...] = (),
) -> Result:
    """Amounts per unit (n,) by industry, or their means weighted with output over groups.

    Industries without output or without a value (NaN) are undefined and left out of the means.
    """
    weight = np.where(table.live & ~np.isnan(per_unit), table.x, 0.0)
    flows = np.where(weight == 0.0, 0.0, per_unit) * weight
    return ratio(table, flows, weight, by=by, reason=reason, residual=residual, notes=notes)
