"""What the queue can compute; each task gets the tables its child holds."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from servio.errors import FormatError, ServioError
from servio.explain import ClaimRecord
from servio.study import (
    Flows,
    LiveTables,
    Recomputed,
    StudyStore,
    SupplyStages,
    flows_into,
    settled_call,
    supply_stages,
    uploaded_tables,
)
from servio.table import audit
from servio.web._abilities import abilities
from servio.web._answers import RequestFault
from servio.web._industries import industries_of
from servio.web._manual import for_a_visitor

__all__ = ["TASKS", "Hold", "about_the_file"]

UPLOADS = 4
MOST_FINDINGS = 500
MOST = 2_500_000
"""Numbers of one measure, of all tables together."""
GRAVITY = ("fail", "warn", "note")

Tick = Callable[[], None]


@dataclass(eq=False)
class Hold:
    """What a child holds: its part of the study's tables, and uploads it was asked about."""

    tables: LiveTables
    store: StudyStore
    most: int = MOST
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
    made = hold.of(upload).measure(settled_call(name, dict(options), only), tick)
    return _bounded(made, hold.most)


def _bounded(made: Recomputed, most: int) -> Recomputed:
    if len(made.results) > most:
        raise RequestFault(422, "computation", found=f"{len(made.results):,} numbers",
                           expected=f"at most {most:,} of a process",
                           remedy="Choose a coarser grouping, or use the command line."
                           )  # fmt: skip
    return made


def write(hold: Hold | None, tick: Tick, *, rows: str, about: str, form: str) -> str:
    """Write rows that were handed over as a file beside them; its path."""
    from pyarrow import feather

    from servio.web._api.export import write_frame

    made = Path(rows).with_suffix(f".{form}")
    try:
        with made.open("wb") as out:
            table = feather.read_table(rows, memory_map=True)
            write_frame(table, json.loads(about), form, out, made.parent)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    return str(made)


def measures(
    hold: Hold, tick: Tick, *, source: str, country: str, year: int | None,
    calls: tuple[tuple[str, tuple[tuple[str, str], ...]], ...], upload: str = "",
) -> list[Recomputed]:  # fmt: skip
    """Several measures of one table."""
    tables = hold.of(upload).only(source, country, year)
    found = [tables.measure(settled_call(name, dict(options))) for name, options in calls]
    tick()
    return found


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


def about_the_file(error: ServioError, path: Path) -> ServioError:
    """The same error, about the file and not about where it lies."""

    def plain(text: str) -> str:
        for part in (str(path), str(path.parent), str(path.parent.parent)):
            text = text.replace(part, "the file")
        return text

    return for_a_visitor(
        FormatError(plain(error.place), found=plain(error.found),
                    expected=plain(error.expected), remedy=plain(error.remedy))
    )  # fmt: skip


def stages(
    hold: Hold, tick: Tick, *, source: str, country: str, year: int | None, industry: str,
    stages: int, most: int, least: float, upload: str = "",
) -> SupplyStages:  # fmt: skip
    """The chain of one industry's output, stage by stage."""
    table = hold.of(upload).table(source, country, year)
    found = supply_stages(table, industry, country=country, stages=stages, most=most, least=least)
    tick()
    return found


def audit_upload(hold: Hold, tick: Tick, *, upload: str) -> dict[str, Any]:
    """What an uploaded file holds, and how good its tables are."""
    try:
        tables = hold.of(upload)
    except ServioError as error:
        raise about_the_file(error, Path(upload)) from None
    audits, found = [], list[dict[str, Any]]()
    for one in tables.inputs:
        table = tables.table(one.source, one.entry.country, one.entry.year)
        audits.append(audit(table))
        head = {"country": one.entry.country, "year": one.entry.year}
        found += [head | asdict(finding) for finding in audits[-1].findings]
        tick()
    info, entries = table.info, [one.entry for one in tables.inputs]
    nations, world = sorted({e.country for e in entries}), table.axis.is_world
    years = sorted({e.year for e in entries if e.year is not None})
    found.sort(key=lambda f: GRAVITY.index(f["level"]) if f["level"] in GRAVITY else len(GRAVITY))
    return {
        "info": {
            "source": info.source,
            "tables": len(entries),
            "countries": sorted({*nations, *table.axis.country_names}),
            "years": years,
            "industries": len(table.axis.code_names),
            "classification": info.classification or "",
            "unit": info.money,
            "synthetic": info.synthetic,
        },
        "audit": {
            "data_residual": max(a.data_residual for a in audits),
            "numeric_residual": max(a.numeric_residual for a in audits),
            "failures": sum(f["level"] == "fail" for f in found),
            "warnings": sum(f["level"] == "warn" for f in found),
        },
        "places": {
            "source": tables.inputs[0].source,
            "world": world,
            "countries": list(table.axis.country_names) if world else nations,
            "years": years,
            "industries": industries_of(table),
        },
        "can": abilities(table, years),
        "findings": pd.DataFrame(found[:MOST_FINDINGS]),
    }


def claims(hold: Hold, tick: Tick, *, compute: bool = False) -> tuple[ClaimRecord, ...]:
    """The book of claims on the study's results, and on what its tables give beyond them."""
    found = hold.store.claims(tables=hold.tables if compute else None, tick=tick)
    tick()
    return found


TASKS: dict[str, Callable[..., Any]] = {
    "audit_upload": audit_upload,
    "claims": claims,
    "flows": flows,
    "measure": measure,
    "measures": measures,
    "stages": stages,
    "write": write,
}
WITHOUT = frozenset({"write"})
"""What needs no tables."""
