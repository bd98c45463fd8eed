"""Measures as tidy rows: CSV, a table to read, JSON or Parquet, written as they come."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from servio.errors import LabelError, ResourceError
from servio.measure._result import Column, Measure, Undefined

if TYPE_CHECKING:
    import pyarrow

__all__ = ["select", "tidy_columns", "write"]

FIRST = ("source", "year", "country", "industry")
LAST = ("definition", "measure", "value")
SPOOLED_BYTES = 32 << 20
ROWS_A_GROUP = 1 << 17


def select(result: Measure, **labels: str | Sequence[str]) -> Measure:
    """The rows with some labels.

    Parameters
    ----------
    result : Measure
    **labels
        Label column to the label or labels wanted: ``country="KOR"``, ``partner=["CHN", "USA"]``.

    Raises
    ------
    LabelError
        No such column, or a label that it does not have.

    Examples
    --------
    >>> import servio
    >>> table = next(servio.model_world(seed=3, countries=4, years=1).tables())
    >>> found = servio.measure.gross_exports(table, partners="each", by="economy")
    >>> len(found), len(select(found, country="M01", partner=["M02", "M03"]))
    (12, 2)
    """
    kept = np.ones(len(result), dtype=np.bool_)
    asked = {name: [one] if isinstance(one, str) else list(one) for name, one in labels.items()}
    for name, wanted in asked.items():
        column = _column(result, name, wanted)
        kept &= np.isin(column.index, [i for i, c in enumerate(column.names) if c in set(wanted)])
    beside: dict[str, Any] = {name: numbers[kept] for name, numbers in result.beside.items()}
    return replace(
        result,
        columns={k: Column(c.names, c.index[kept]) for k, c in result.columns.items()},
        values=result.values[kept],
        **beside,
        undefined=tuple(gap for gap in result.undefined if _is_of(gap, asked)),
    )


def _column(result: Measure, name: str, wanted: Sequence[str]) -> Column:
    column = result.columns.get(name)
    if column is None:
        raise LabelError(
            f"{result.name} {name}={'+'.join(wanted)}",
            found="no such label column",
            expected=f"one of {', '.join(result.columns)}",
            remedy="Some columns come with an option of the measure, such as partners=each.",
        )
    there = [column.names[i] for i in np.unique(column.index)]
    for label in wanted:
        if label not in there:
            near = get_close_matches(label, there, n=5) or there[:5]
            raise LabelError(
                f"{result.name} {name}",
                found=repr(label),
                expected=f"labels of the result, such as {', '.join(near)}",
                remedy="Leave the restriction out to see them all.",
            )
    return column


def _is_of(gap: Undefined, labels: Mapping[str, Sequence[str]]) -> bool:
    """Whether a gap is of the countries and industries wanted; its label starts with both."""
    named = gap.label.partition(" ")[0]
    countries, industries = labels.get("country"), labels.get("industry")
    if countries is not None and not any(
        named == c or named.startswith(f"{c}_") for c in countries
    ):
        return False
    return industries is None or any(named == i or named.endswith(f"_{i}") for i in industries)


def tidy_columns(result: Measure) -> list[str]:
    """Columns of the tidy form: source, year, labels, definition, measure, value, unit.

    The ends of an interval stand between value and unit.
    """
    labels = (name for name in result.columns if name not in FIRST)
    return [*FIRST, *labels, *LAST, *result.beside, "unit"]


def write(results: Iterable[Measure], form: str, path: Path | None) -> None:
    """Write results as ``csv``, ``table``, ``json`` or ``parquet``, to a file or stdout.

    Results are taken one by one and not kept. Nothing is written unless all of them come: a file
    appears whole or not at all, and stdout gets the whole text or nothing.

    Parameters
    ----------
    results : iterable of Measure
        Of one measure and one set of options, so that all have the same columns.
    form : str
    path : Path or None
        None for stdout.

    Raises
    ------
    ResourceError
        The file can't be written.
    """
    with _stdout() if path is None else _whole_file(path) as out:
        if form == "parquet":
            _parquet(results, out)
            return
        for text in {"csv": _csv, "json": _json, "table": _table}[form](results):
            out.write(text.encode())


@contextlib.contextmanager
def _stdout() -> Iterator[IO[bytes]]:
    with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as spool:
        yield spool
        spool.seek(0)
        sys.stdout.flush()
        shutil.copyfileobj(spool, sys.stdout.buffer)


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise ResourceError(
            str(path),
            found=f"could not write: {error.strerror}",
            expected="a folder that can be written, with room",
            remedy="Free disk space, mend the rights, or choose another place.",
        ) from error


def _csv(results: Iterable[Measure]) -> Iterator[str]:
    for number, result in enumerate(results):
        if number == 0:
            yield ",".join(tidy_columns(result)) + "\n"
        yield _csv_rows(result)


def _csv_rows(result: Measure) -> str:
    names = [name for name in tidy_columns(result) if name in result.columns]
    year = "" if result.info.year is None else str(result.info.year)
    head = f"{_cell(result.info.source)},{year},"
    tail = f",{_cell(result.definition_text)},{result.name},"
    end = f",{_cell(result.unit)}\n"
    labels = [[_cell(label) for label in result.columns[name].names] for name in names]
    places = [result.columns[name].index.tolist() for name in names]
    cells = ([column[i] for i in at] for column, at in zip(labels, places, strict=True))
    numbers = [
        ["" if math.isnan(v) else repr(v) for v in column.tolist()]
        for column in (result.values, *result.beside.values())
    ]
    values = map(",".join, zip(*numbers, strict=True))
    rows = zip(map(",".join, zip(*cells, strict=True)), values, strict=True)
    return "".join([f"{head}{row}{tail}{value}{end}" for row, value in rows])


def _cell(text: str) -> str:
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _json(results: Iterable[Measure]) -> Iterator[str]:
    for number, result in enumerate(results):
        yield "[" if number == 0 else ",\n"
        yield json.dumps(_document(result), indent=1, ensure_ascii=False, allow_nan=False)
    yield "]\n"


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


def _table(results: Iterable[Measure]) -> Iterator[str]:
    for result in results:
        numbers = (result.values, *result.beside.values())
        rows = [[c.names[c.index[i]] for c in result.columns.values()]
                + [_number(column[i]) for column in numbers]
                for i in range(len(result))]  # fmt: skip
        heads = [*result.columns, result.unit, *result.beside]
        widths = [max(len(str(row[k])) for row in (heads, *rows)) for k in range(len(heads))]
        sides = ["<"] * len(result.columns) + [">"] * len(numbers)
        yield result._headline() + "\n"
        for row in (heads, *rows):
            cells = [f"{cell:{s}{w}}" for cell, s, w in zip(row, sides, widths, strict=True)]
            yield "  ".join(cells).rstrip() + "\n"
        yield "\n"


def _number(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.6g}"


def _parquet(results: Iterable[Measure], out: IO[bytes]) -> None:
    import pyarrow.parquet as pq

    with contextlib.ExitStack() as stack:
        writer = None
        for rows in _arrow_tables(results):
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(out, rows.schema, compression="zstd"))
            writer.write_table(rows)


def _arrow_tables(results: Iterable[Measure]) -> Iterator[pyarrow.Table]:
    """Rows of many small results together, so that the file has few parts."""
    import pyarrow as pa

    waiting: list[pa.Table] = []
    for result in results:
        waiting.append(_arrow(result))
        if sum(map(len, waiting)) >= ROWS_A_GROUP:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _arrow(result: Measure) -> pyarrow.Table:
    import pyarrow as pa

    def repeated(value: Any, kind: pa.DataType) -> pa.Array:
        return pa.repeat(pa.scalar(value, kind), len(result))

    def labels(column: Column) -> pa.Array:
        return pa.array(column.names, pa.string()).take(pa.array(column.index))

    same = {
        "source": repeated(result.info.source, pa.string()),
        "year": repeated(result.info.year, pa.int64()),
        "definition": repeated(result.definition_text, pa.string()),
        "measure": repeated(result.name, pa.string()),
        **{
            name: pa.array(numbers, pa.float64(), from_pandas=True)
            for name, numbers in {"value": result.values, **result.beside}.items()
        },
        "unit": repeated(result.unit, pa.string()),
    }
    columns = same | {name: labels(column) for name, column in result.columns.items()}
    return pa.table({name: columns[name] for name in tidy_columns(result)})
