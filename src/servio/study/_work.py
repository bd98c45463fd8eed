"""One step: read its tables, audit them, measure them, and write the rows as Parquet parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from servio import sources
from servio.errors import InputError, NumericalError
from servio.measure import Measure
from servio.sources import Dataset, SocioEconomicAccounts
from servio.study._grid import Call
from servio.study._plan import Input, Step
from servio.study._rows import Rows
from servio.table import Audit, IOTable, Note, audit

__all__ = ["COMPRESSION", "Ledger", "Outcome", "open_table", "take"]

COMPRESSION = "zstd"


@dataclass(frozen=True)
class Outcome:
    """What a step leaves: finished files, and the small things as plain data.

    Parameters
    ----------
    results, undefined : Path
        Parquet; `results` has one row group a measure name, in the order of `document["order"]`.
    document : dict
        Audits, findings, problems, notes, and which measure lies in which row group.
    """

    results: Path
    undefined: Path
    document: dict[str, Any]


def take(step: Step, calls: Sequence[Call], base_year: int | None, folder: Path) -> Outcome:
    """Measure the tables of a step and write the parts into a folder.

    A measure that does not apply to a table is recorded as a problem; a table that can't be read
    raises.

    Parameters
    ----------
    step : Step
    calls : sequence of Call
    base_year : int or None
    folder : Path
        An empty folder on the store's disk.

    Returns
    -------
    Outcome
    """
    ledger = Ledger(calls, base_year, None if step.base is None else open_table(step.base))
    for one in step.inputs:
        ledger.enter(open_table(one))
    names = list(dict.fromkeys(call.name for call in calls))
    results, undefined = folder / "results.parquet", folder / "undefined.parquet"
    counts = _write_results(ledger.rows, names, results)
    pq.write_table(ledger.rows.undefined(), undefined, compression=COMPRESSION)
    document = {
        "label": step.label,
        "synthetic": ledger.synthetic,
        "order": names,
        "rows": counts,
        "audits": ledger.audits,
        "findings": ledger.findings,
        "problems": ledger.problems,
        "notes": [[*note, tables] for note, tables in ledger.notes.items()],
    }
    return Outcome(results, undefined, document)


class Ledger:
    """What the measures, and the audit where it is asked for, say of each table, one by one."""

    def __init__(self, calls: Sequence[Call], base_year: int | None, base: IOTable | None) -> None:
        self.calls, self.base_year, self.base = calls, base_year, base
        self.rows = Rows(calls)
        self.audits: list[dict[str, Any]] = []
        self.findings: list[dict[str, Any]] = []
        self.problems: list[dict[str, Any]] = []
        self.notes: Counter[tuple[str, str, str, str]] = Counter()
        self.synthetic = False
        self.residual = 0.0

    def enter(self, table: IOTable) -> None:
        """Take every measure of a table, what it notes, and the table's audit."""
        residual = self.measure(table)
        checked = audit(table)
        head = _head(table)
        self.audits.append(head | _audit_row(table, checked, residual))
        self.findings += [head | asdict(finding) for finding in checked.findings]

    def measure(self, table: IOTable) -> float:
        """Take every measure of a table and what it notes; the largest error of an identity."""
        info = table.info
        residual, noted = 0.0, dict[tuple[str, Note], None]()
        for number, call in enumerate(self.calls):
            found = self._measured(number, call, table)
            if isinstance(found, str):
                row = {"measure": call.name, "definition": call.definition, "text": found}
                self.problems.append(_head(table) | row)
            elif found is not None:
                residual = max(residual, found.residual)
                noted |= {(call.name, note): None for note in found.notes}
        for name, note in noted:
            if note not in info.notes:
                self.notes[info.source, name, note.code, note.text] += 1
        self.synthetic |= info.synthetic
        self.residual = max(self.residual, residual)
        return residual

    def _measured(self, number: int, call: Call, table: IOTable) -> Measure | str | None:
        """The measure, its rows taken; or why it has no answer; None where it is not asked for."""
        if call.source not in ("", table.info.source):
            return None
        options = dict(call.options)
        if call.spec.compares:
            year = table.info.year
            if year is None or self.base_year is None or year <= self.base_year:
                return None
            if self.base is None:
                return f"not applicable: there is no table of the base year {self.base_year}"
            options["base"] = self.base
        try:
            result = call.spec.function(table, **options)
            self.rows.add(number, table, result)
        except InputError as error:
            return f"not applicable: {error.found}; expected {error.expected}"
        except NumericalError as error:
            return f"no numerical answer: {error.found}"
        return result


def _head(table: IOTable) -> dict[str, Any]:
    info = table.info
    return {"source": info.source, "country": info.country, "year": info.year}


def _audit_row(table: IOTable, checked: Audit, residual: float) -> dict[str, Any]:
    levels = [finding.level for finding in checked.findings]
    dead = [table.axis.labels[i] for i in np.flatnonzero(~table.live)]
    return {
        "data_residual": checked.data_residual,
        "numeric_residual": max(checked.numeric_residual, residual),
        "zero_output": " ".join(dead),
        "failures": levels.count("fail"),
        "warnings": levels.count("warn"),
        "notes": levels.count("note"),
    }


def _write_results(rows: Rows, names: Sequence[str], path: Path) -> list[int]:
    counts = []
    writer: pq.ParquetWriter | None = None
    try:
        for name in names:
            block: pa.Table = rows.results(name)
            if writer is None:
                writer = pq.ParquetWriter(path, block.schema, compression=COMPRESSION)
            writer.write_table(block, row_group_size=max(1, len(block)))
            counts.append(len(block))
    finally:
        if writer is not None:
            writer.close()
    return counts


def open_table(one: Input) -> IOTable:
    """The table of an input, with its accounts; it must be what it was when it was planned."""
    entry = one.entry
    table = _dataset(entry.file, one.source, one.sha256).table(entry)
    if table.info.input_sha256 != one.sha256:
        raise _changed(entry.file)
    if not one.accounts:
        return table
    accounts = _accounts(one.accounts, one.accounts_sha256)
    if accounts.input_sha256 != one.accounts_sha256:
        raise _changed(one.accounts)
    return sources.with_satellites(table, accounts, accounts.variables)


def _changed(file: str) -> InputError:
    return InputError(
        file,
        found="content that changed since the study was planned",
        expected="files at rest",
        remedy="Run the study again.",
    )


@lru_cache(maxsize=4)
def _dataset(file: str, source: str, sha256: str) -> Dataset:
    return sources.scan(file, source=source)


@lru_cache(maxsize=1)
def _accounts(file: str, sha256: str) -> SocioEconomicAccounts:
    return sources.read_sea(file)
