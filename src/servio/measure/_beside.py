"""Services that stand beside the flows: what industries do for themselves or sell besides goods."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from servio.errors import InputError, LabelError, UnitError, ValueFault
from servio.measure._chains import living
from servio.measure._result import Array
from servio.table import IOTable

__all__ = ["beside", "grouped"]

SHARE = "share"
SLACK = 1e-6


def beside(table: IOTable, prefix: str, whole: Array) -> dict[str, Array]:
    """Amounts (n,) in the table's money of the satellites ``prefix:NAME``, by name.

    Those in the unit ``share`` are shares of `whole`, (n,).
    """
    start = f"{prefix}:"
    rows = {k.removeprefix(start).strip(): s for k, s in table.satellites.items()
            if k.startswith(start)}  # fmt: skip
    if not rows:
        raise InputError(
            f"{table.info.name} satellites {start}",
            found=f"none among {len(table.satellites)} satellites",
            expected=f"one a service or function, such as {start}business",
            remedy="Add them with their values by industry: see docs/make-or-buy.md.",
        )
    found = {name: _amounts(table, start + name, s.values, s.unit, whole)
             for name, s in rows.items()}  # fmt: skip
    if all(s.unit == SHARE for s in rows.values()):
        _check_whole(table, start, np.array([s.values for s in rows.values()]))
    return found


def _amounts(table: IOTable, name: str, values: Array, unit: str, whole: Array) -> Array:
    if unit not in (SHARE, table.info.money):
        raise UnitError(
            f"{table.info.name} satellite {name}",
            found=f"unit {unit!r}",
            expected=f"{table.info.money!r} as the flows, or {SHARE!r}",
            remedy="Convert the row.",
        )
    low = table.live & (values < 0)
    if low.any():
        at = int(low.argmax())
        raise ValueFault(
            f"{table.info.name} satellite {name}, {table.axis.labels[at]}",
            found=f"{values[at]:g}",
            expected="no negative service",
            remedy="Correct the cell.",
        )
    return living(table, values * whole if unit == SHARE else np.asarray(values, dtype=np.float64))


def _check_whole(table: IOTable, start: str, shares: Array) -> None:
    over = table.live & (shares.sum(axis=0) > 1 + SLACK)
    if over.any():
        at = int(over.argmax())
        raise ValueFault(
            f"{table.info.name} satellites {start}, {table.axis.labels[at]}",
            found=f"shares that add up to {shares[:, at].sum():.6g}",
            expected="at most 1",
            remedy="Correct them; percent are to be divided by 100.",
        )


def grouped(
    table: IOTable, amounts: Mapping[str, Array], groups: tuple[str, ...], prefix: str
) -> Array:
    """Amounts of each group, (g, n): those of its name; of all services the sum."""
    if all(group in amounts for group in groups):
        return np.array([amounts[group] for group in groups])
    if groups == ("services",):
        return np.array([np.sum(list(amounts.values()), axis=0)])
    raise LabelError(
        f"{table.info.name} satellites {prefix}:",
        found=f"{', '.join(amounts)}, no {next(g for g in groups if g not in amounts)}",
        expected="one of the name of each group",
        remedy="Use grouping=services, which takes their sum, or a grouping with these groups.",
    )
