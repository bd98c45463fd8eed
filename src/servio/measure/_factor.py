"""What a measure follows through the chain: value added, a primary input or a satellite row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from servio.errors import InputError, LabelError
from servio.measure._result import Array
from servio.table import IOTable

__all__ = ["factor", "is_money", "primary_rows"]

VALUE_ADDED = "value_added"


def factor(table: IOTable, of: str) -> Array:
    """Amounts by industry, shape (n,), of value added, a primary input or a satellite."""
    if is_money(table, of):
        amounts: Array = table.V[primary_rows(table, of)].sum(axis=0)
        return amounts
    return np.asarray(table.satellites[of].values, dtype=np.float64)


def is_money(table: IOTable, of: str) -> bool:
    """Whether `of` names money in the table's unit, not a satellite; raises if it names neither."""
    primary, satellite = of == VALUE_ADDED or of in table.primary, of in table.satellites
    if primary and satellite:
        raise LabelError(
            f"{table.info.name} of={of}",
            found="a primary input and a satellite of this name",
            expected="one row",
            remedy="Rename one of them.",
        )
    if not primary and not satellite:
        raise LabelError(
            f"{table.info.name} of={of}",
            found="no row of this name",
            expected=f"one of {', '.join((VALUE_ADDED, *table.primary, *table.satellites))}",
            remedy="Name a row of the table, or add it as a satellite.",
        )
    return primary


def primary_rows(table: IOTable, of: str) -> npt.NDArray[np.intp]:
    """Rows of V that `of` names: those of value added, or the one of this name."""
    if of != VALUE_ADDED:
        return np.array([table.primary.index(of)], dtype=np.intp)
    rows = np.flatnonzero(np.array(table.primary_roles) == VALUE_ADDED)
    if not len(rows):
        raise InputError(
            f"{table.info.name} primary inputs",
            found=f"rows with the roles {sorted(set(table.primary_roles))}",
            expected="a row of value added",
            remedy="Give the table its value added, or let it be derived from the balance.",
        )
    return rows
