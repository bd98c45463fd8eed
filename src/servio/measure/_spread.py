"""Results with a row for each industry (or group of industries) and each group or part."""

from __future__ import annotations

import numpy as np

from servio.measure._result import Array, Column, Result, Undefined, members, row_names
from servio.table import IOTable, Note

__all__ = ["parts", "shares"]


def shares(
    table: IOTable,
    top: Array,
    bottom: Array,
    names: tuple[str, ...],
    *,
    by: str = "industry",
    kind: str = "group",
    reason: str = "zero output",
    residual: float = 0.0,
    notes: tuple[Note, ...] = (),
    unit: str | None = None,
) -> Result:
    """Numerators over denominators, both (k, n) flows, added up over the industries of `by`.

    Undefined, for `reason`, where the denominator is zero; `kind` names the column of the k rows.
    """
    over, under = top, bottom
    if by != "industry":
        _, collect = members(table, by)
        over, under = top @ collect, bottom @ collect
    empty = under == 0
    values = np.divide(over, under, out=np.full(over.shape, np.nan), where=~empty)
    return parts(
        table, values, names,
        by=by, kind=kind, reason=reason, residual=residual, notes=notes, unit=unit,
    )  # fmt: skip


def parts(
    table: IOTable,
    values: Array,
    names: tuple[str, ...],
    *,
    by: str = "industry",
    kind: str = "part",
    reason: str = "zero output",
    residual: float = 0.0,
    notes: tuple[Note, ...] = (),
    unit: str | None = None,
) -> Result:
    """Values (k, rows of `by`) as they are, k rows a label; NaN is undefined for `reason`."""
    columns = industries(table) if by == "industry" else dict(members(table, by)[0])
    labels, k = row_names(columns), len(names)
    spread = {key: Column(c.names, np.repeat(c.index, k)) for key, c in columns.items()}
    spread[kind] = Column(names, np.tile(np.arange(k), len(labels)))
    flat = values.T.ravel()
    gone = tuple(
        Undefined(f"{labels[place // k]} {names[place % k]}", reason)
        for place in np.flatnonzero(np.isnan(flat))
    )
    return Result(spread, flat, gone, residual, notes, unit)


def industries(table: IOTable) -> dict[str, Column]:
    """Columns of one row an industry."""
    axis = table.axis
    return {
        "country": Column(axis.country_names, axis.country_index),
        "industry": Column.of(axis.codes),
    }
