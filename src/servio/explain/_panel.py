"""A tidy panel with the meaning of its columns and the rows that were left out, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "Panel"]


@dataclass(frozen=True)
class Column:
    """Unit and definition of a column.

    Parameters
    ----------
    unit : str
    definition : str
        Which measure with which options, or the expression it is made by.
    """

    unit: str
    definition: str


@dataclass(frozen=True, eq=False)
class Panel:
    """Rows by entity and time.

    Parameters
    ----------
    frame : DataFrame
        Columns of `entity`, `time` and the others; sorted by entity and time, no key twice.
    entity : tuple of str
        Columns that name an entity, such as country and industry.
    time : str
    columns : mapping of str to Column
    dropped : DataFrame
        Entity, time and ``reason`` of every row that is left out.
    synthetic : bool
    """

    frame: pd.DataFrame
    entity: tuple[str, ...]
    time: str
    columns: Mapping[str, Column]
    dropped: pd.DataFrame
    synthetic: bool = False
    notes: tuple[str, ...] = field(default=())
