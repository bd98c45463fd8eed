"""The parts of all steps as one file a kind: what readers of a study open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from servio.study._work import COMPRESSION
from servio.table import Store

__all__ = ["FILES", "gather", "gather_problems"]

ROW_GROUP = 1 << 17
RESULTS = "results.parquet"
UNDEFINED = "undefined.parquet"
_HEAD = {"source": pa.string(), "country": pa.string(), "year": pa.int32()}
_SMALL = {
    "audits": pa.schema(
        _HEAD
        | {"data_residual": pa.float64(), "numeric_residual": pa.float64()}
        | {"zero_output": pa.string()}
        | {"failures": pa.int32(), "warnings": pa.int32(), "notes": pa.int32()}
    ),
    "findings": pa.schema(_HEAD | dict.fromkeys(("level", "check", "place", "text"), pa.string())),
    "problems": pa.schema(_HEAD | dict.fromkeys(("measure", "definition", "text"), pa.string())),
}
_NOTES = pa.schema(
    dict.fromkeys(("source", "measure", "code", "text"), pa.string()) | {"tables": pa.int32()}
)
FILES = (RESULTS, UNDEFINED, *(f"{name}.parquet" for name in (*_SMALL, "notes")))


def gather(store: Store, documents: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write every file of `FILES` into a folder but the problems; same parts, same bytes.

    Rows of one measure lie together, in the order of the steps, so that a reader who wants one
    measure or one country skips the rest.
    """
    _write(_results(store, documents), folder / RESULTS)
    parts = [pq.read_table(store.file(document["undefined"])) for document in documents]
    _write(iter([pa.concat_tables(parts).unify_dictionaries()]), folder / UNDEFINED)
    for name in ("audits", "findings"):
        _write_small(name, documents, (), folder)
    _write(iter([_notes(documents)]), folder / "notes.parquet")


def gather_problems(
    documents: Sequence[dict[str, Any]], more: Sequence[dict[str, Any]], folder: Path
) -> None:
    """Write the problems of all steps, and more of them."""
    _write_small("problems", documents, more, folder)


def _write_small(
    name: str, documents: Sequence[dict[str, Any]], more: Sequence[dict[str, Any]], folder: Path
) -> None:
    rows = [*(row for document in documents for row in document[name]), *more]
    table = pa.Table.from_pylist(rows, schema=_SMALL[name])
    _write(iter([table]), folder / f"{name}.parquet")


def _notes(documents: Sequence[dict[str, Any]]) -> pa.Table:
    """What measures note, each once, with the number of tables it holds for."""
    tables: Counter[tuple[str, ...]] = Counter()
    for document in documents:
        for *note, count in document["notes"]:
            tables[tuple(note)] += count
    rows = [dict(zip(_NOTES.names, (*note, count), strict=True)) for note, count in tables.items()]
    return pa.Table.from_pylist(rows, schema=_NOTES)


def _results(store: Store, documents: Sequence[dict[str, Any]]) -> Iterator[pa.Table]:
    paths = [store.file(document["results"]) for document in documents]
    for group in range(len(documents[0]["order"])):
        pieces = [pq.ParquetFile(path).read_row_group(group) for path in paths]
        yield pa.concat_tables(pieces).unify_dictionaries()


def _write(tables: Iterator[pa.Table], path: Path) -> None:
    first = next(tables)
    with pq.ParquetWriter(path, first.schema, compression=COMPRESSION) as writer:
        writer.write_table(first, row_group_size=ROW_GROUP)
        for table in tables:
            writer.write_table(table, row_group_size=ROW_GROUP)
