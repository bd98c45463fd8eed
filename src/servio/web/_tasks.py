"""What the queue can compute; each task gets the tables its child holds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from servio.study import (
    Flows,
    LiveTables,
    Recomputed,
    StudyStore,
    flows_into,
    settled_call,
    uploaded_tables,
)

__all__ = ["TASKS", "Hold"]

UPLOADS = 4

Tick = Callable[[], None]


@dataclass(eq=False)
class Hold:
    """What a child holds: its part of the study's tables, and uploads it was asked about."""

    tables: LiveTables
    store: StudyStore
    _uploads: OrderedDict[str, LiveTables] = field(default_factory=OrderedDict)

    def of(self, upload: str) -> LiveTables:
        """The tables of an uploaded file; the study's where none is named."""
        if not upload:
            return self.tables
        if upload not in self._uploads:
            self._uploads[upload] = uploaded_tables(upload)
            while len(self._uploads) > UPLOADS:
                self._uploads.popitem(last=False)
        self._uploads.move_to_end(upload)
        return self._uploads[upload]


def measure(
    hold: Hold, tick: Tick, *, name: str, options: tuple[tuple[str, str], ...], only: str = "",
    upload: str = "",
) -> Recomputed:  # fmt: skip
    """One measure of every table."""
    return hold.of(upload).measure(settled_call(name, dict(options), only), tick)


def flows(
    hold: Hold, tick: Tick, *, source: str, country: str, year: int | None, industry: str,
    by: str, grouping: str, group: str, origin: str, upload: str = "",
) -> Flows:  # fmt: skip
    """Inputs of one industry by supplier."""
    table = hold.of(upload).table(source, country, year)
    found = flows_into(table, industry, country=country, by=by, grouping=grouping, group=group,
                       origin=origin)  # fmt: skip
    tick()
    return found


TASKS: dict[str, Callable[..., Any]] = {"flows": flows, "measure": measure}
