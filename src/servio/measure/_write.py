"""Measures as tidy rows: CSV, a table to read, JSON or Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from servio.measure._result import Column, Measure, Undefined
from servio.table import write_atomic

__all__ = ["select", "tidy_columns", "write"]

FIRST = ("source", "year", "country", "industry")
LAST = ("definition", "measure", "value", "unit")


def select(result: Measure, countries: Sequence[str]) -> Measure:
    """The rows of some countries."""
    column = result.columns["country"]
    kept = np.isin(column.index, [i for i, c in enumerate(column.names) if c in set(countries)])
    return replace(
        result,
        columns={k: Column(c.names, c.index[kept]) for k, c in result.columns.items()},
        values=result.values[kept],
        undefined=tuple(u for u in result.undefined if _country(u) in set(countries)),
    )


def _country(gap: Undefined) -> str:
    return gap.label.partition("_")[0]


def tidy_columns(results: Sequence[Measure]) -> list[str]:
    """Columns of the tidy form: source, year, labels, definition, measure, value, unit."""
    extra = dict.fromkeys(name for r in results for name in r.columns if name not in FIRST)
    return [*FIRST, *extra, *LAST]


def write(results: Sequence[Measure], form: str, path: Path | None) -> None:
    """Write results as ``csv``, ``table``, ``json`` or ``parquet``, to a file or stdout.

    A file appears whole or not at all.
    """
    if form == "parquet":
        _write_parquet(results, path)
        return
    writer = {"csv": _csv, "json": _json, "table": _table}[form]
    if path is None:
        writer(results, sys.stdout)
        return
    text = io.StringIO()
    writer(results, text)
    write_atomic(path, text.getvalue().encode())


def _csv(results: Sequence[Measure], out: TextIO) -> None:
    columns = tidy_columns(results)
    lines = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    lines.writeheader()
    for result in results:
        lines.writerows(result.records())


def _json(results: Sequence[Measure], out: TextIO) -> None:
    document = [_document(result) for result in results]
    json.dump(document, out, indent=1, ensure_ascii=False, allow_nan=False)
    out.write("\n")


def _document(result: Measure) -> dict[str, Any]:
    return {
        "measure": result.name,
        "title": result.title,
        "unit": result.unit,
        "definition": dict(result.definition),
        "source": result.info.source,
        "table": result.info.name,
        "synthetic": result.info.synthetic,
        "fingerprint": result.fingerprint,
        "numeric_residual": result.residual,
        "data_residual": result.data_residual,
        "undefined": [{"label": u.label, "reason": u.reason} for u in result.undefined],
        "notes": [note.text for note in result.notes],
        "rows": result.records(),
    }


def _table(results: Sequence[Measure], out: TextIO) -> None:
    for result in results:
        print(result._headline(), file=out)
        names = list(result.columns)
        rows = [[c.names[c.index[i]] for c in result.columns.values()] + [_number(v)]
                for i, v in enumerate(result.values)]  # fmt: skip
        heads = [*names, result.unit]
        widths = [max(len(str(row[k])) for row in (heads, *rows)) for k in range(len(heads))]
        for row in (heads, *rows):
            cells = [f"{cell:<{w}}" for cell, w in zip(row[:-1], widths[:-1], strict=True)]
            print("  ".join([*cells, f"{row[-1]:>{widths[-1]}}"]).rstrip(), file=out)
        print(file=out)


def _number(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.6g}"


def _write_parquet(results: Sequence[Measure], path: Path | None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = tidy_columns(results)
    rows = [record for result in results for record in result.records()]
    data = {name: [row.get(name) for row in rows] for name in columns}
    buffer = io.BytesIO()
    pq.write_table(pa.table(data), buffer, compression="zstd")
    if path is None:
        sys.stdout.buffer.write(buffer.getvalue())
    else:
        write_atomic(path, buffer.getvalue())
