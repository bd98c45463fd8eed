"""Answers as files: CSV, workbook, Parquet, Stata, JSON; labels are never formulas."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from servio.errors import UsageError
from servio.report.words import safe_label
from servio.sources import sources
from servio.web._answers import Answer, File, RequestFault, columns, encoded

__all__ = ["MOST", "as_file", "limited", "named", "write_frame"]

MOST = {"json": 300_000, "xlsx": 1_048_575, "csv": 3_000_000, "parquet": 3_000_000,
        "dta": 3_000_000}  # fmt: skip
"""Rows of one answer; a sheet of a workbook has no more, its first being the names."""
CELL = 32_767
"""Characters a cell of a workbook holds."""
STATA_TEXT = 2_045
"""Characters of a Stata text that is not a long one."""
TOGETHER = 10_000
SYNTHETIC = "SYNTHETIC DATA: generated numbers, of no real economy"
STATA_NAME = 32
STATA_LABEL = 80
STATA_NOTE = 67_784
"""Bytes of a note."""
STATA_HEAD = 4_096
"""Bytes in which the map of a Stata file begins."""


def limited(frame: Any, form: str) -> None:
    """Refuse more rows than one answer may have.

    Raises
    ------
    RequestFault
        422: too many.
    """
    rows, most = 0 if frame is None else len(frame), MOST[form]
    if rows <= most:
        return
    wider = [other for other in ("csv", "parquet") if rows <= MOST[other]]
    other = f"format={' or '.join(wider)} for all of it, or ask" if wider else "Ask"
    raise RequestFault(
        422, f"answer as {form}", found=f"{rows:,} rows", expected=f"at most {most:,}",
        remedy=f"{other} in parts: country=…, year=….".replace("format", "Add format", 1),
    )  # fmt: skip


def as_file(reply: Answer, form: str, mark: str) -> File:
    """The frame of an answer as a file; JSON is the whole answer.

    Parameters
    ----------
    reply : Answer
    form : {'csv', 'xlsx', 'parquet', 'dta', 'json'}
    mark : str
        Becomes part of the name: short hash of the question and the study.

    Raises
    ------
    UsageError
        No table to save.
    RequestFault
        422: more than the form holds.
    """
    name, media = named(reply, form, mark)
    limited(reply.frame, form)
    if form == "json":
        data = dict(reply.data) | ({} if reply.frame is None else columns(reply.frame))
        return File(name, media, encoded(data))
    out = io.BytesIO()
    write_frame(reply.frame, _about(reply), form, out)
    return File(name, media, out.getvalue())


def named(reply: Answer, form: str, mark: str) -> tuple[str, str]:
    """Name and media type of the file; refuses what is no table."""
    name = f"servio-{_about(reply).get('measure', 'data')}-{mark}.{form}"
    if form == "json":
        return name, "application/json"
    if reply.frame is None and reply.data.get("why"):
        raise UsageError("format", found=f"no rows: {reply.data['why']['en']}",
                         expected="rows to save", remedy="Add all=true, or choose another grouping."
                         )  # fmt: skip
    if reply.frame is None:
        raise UsageError("format", found=form, expected="json: this answer is no single table",
                         remedy="Ask for format=json.")  # fmt: skip
    return name, _FORMS[form][1]


def write_frame(
    frame: Any, about: dict[str, Any], form: str, out: BinaryIO, folder: Path | None = None
) -> None:
    """Write a frame and what there is to know of it; what is too large for memory, to `folder`."""
    write = _FORMS[form][0]
    try:
        write(frame, about, out) if folder is None else write(frame, about, out, folder)
    except _TooLong as error:
        raise RequestFault(
            422, f"answer as {form}", found=f"a text of {error.args[0]:,} characters",
            expected=f"at most {CELL:,} in a cell of a workbook",
            remedy="Add format=csv or format=parquet.",
        ) from None  # fmt: skip


class _TooLong(Exception):
    """A text that no cell holds whole."""


def _about(reply: Answer) -> dict[str, Any]:
    return dict(reply.data.get("about") or {})


def _pandas(frame: Any) -> pd.DataFrame:
    found: pd.DataFrame = frame.to_pandas() if isinstance(frame, pa.Table) else frame
    return found


def _in_pieces(frame: Any) -> Iterator[pd.DataFrame]:
    """A frame as frames of some rows."""
    for start in range(0, len(frame), TOGETHER):
        if isinstance(frame, pa.Table):
            yield frame.slice(start, TOGETHER).to_pandas()
        else:
            yield frame.iloc[start : start + TOGETHER]


def _names(frame: Any) -> list[str]:
    named = frame.column_names if isinstance(frame, pa.Table) else frame.columns
    return [safe_label(str(name)) for name in named]


def _csv(frame: Any, about: dict[str, Any], out: BinaryIO, folder: Path | None = None) -> None:
    """Tidy rows; numbers with every digit, so that they read back as they are."""
    text = io.TextIOWrapper(out, "utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_names(frame))
    for piece in _in_pieces(frame):
        lists = [[_cell(value) for value in piece[name].tolist()] for name in piece.columns]
        writer.writerows(zip(*lists, strict=True))
    text.flush()
    text.detach()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return safe_label(value)
    if _missing(value):
        return ""
    return repr(float(value)) if isinstance(value, float) else value


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _xlsx(frame: Any, about: dict[str, Any], out: BinaryIO, folder: Path | None = None) -> None:
    import datetime

    import xlsxwriter

    book = xlsxwriter.Workbook(out, {
        **({"in_memory": True} if folder is None else
           {"constant_memory": True, "tmpdir": str(folder)}),
        "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "nan_inf_to_errors": False,
    })  # fmt: skip
    book.set_properties({"created": datetime.datetime(2000, 1, 1)})
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet("data")
    for column, name in enumerate(_names(frame)):
        sheet.write_string(0, column, name, bold)
    row = 0
    for piece in _in_pieces(frame):
        for values in zip(*(piece[name].tolist() for name in piece.columns), strict=True):
            row += 1
            for column, value in enumerate(values):
                if isinstance(value, str):
                    sheet.write_string(row, column, _whole(safe_label(value)))
                elif not _missing(value):
                    sheet.write_number(row, column, value)
    sheet.freeze_panes(1, 0)
    notes = book.add_worksheet("about")
    for row, (key, text) in enumerate(_lines(about)):
        notes.write_string(row, 0, key, bold)
        notes.write_string(row, 1, _whole(safe_label(text)))
    notes.set_column(0, 0, 18)
    notes.set_column(1, 1, 110)
    book.close()


def _whole(text: str) -> str:
    if len(text) > CELL:
        raise _TooLong(len(text))
    return text


def _lines(about: dict[str, Any]) -> list[tuple[str, str]]:
    lines = [("", SYNTHETIC)] if about.get("synthetic") else []
    for key, value in about.items():
        if key == "evidence":
            lines += _evidence(value or {})
        elif isinstance(value, dict) and "en" in value:
            lines.append((key, value["en"]))
        elif key != "synthetic" and not key.endswith("_ko"):
            listed = value if isinstance(value, (list, tuple)) else [value]
            told = [str(one) for one in listed if isinstance(one, (str, int, float))]
            lines += [(key, part) for one in told for line in one.split("\n")
                      for part in _cut(line)]  # fmt: skip
    return lines


def _evidence(seen: dict[str, Any]) -> list[tuple[str, str]]:
    """What the numbers rest on: study, data with their licences, residuals, files with hashes."""
    first = seen.get("undefined_first")
    where = f" ({seen['data_residual_at']})" if seen.get("data_residual_at") else ""
    inputs = seen.get("inputs") or []
    lines = [
        ("study", seen.get("study")),
        ("servio", seen.get("version")),
        *(("data", _source(name)) for name in seen.get("sources", ())),
        ("tables", seen.get("tables")),
        ("accounting residual of the data", _residual(seen.get("data_residual"), where)),
        ("numeric residual", _residual(seen.get("numeric_residual"))),
        ("undefined", seen.get("undefined")),
        ("first undefined", first["en"] if isinstance(first, dict) else first),
        ("input files", f"{len(inputs)} of {seen.get('files', len(inputs))} listed"
                        if inputs else None),
        *(("input file", f"{one['file']}  sha256 {one['sha256']}  ({one['source']})")
          for one in inputs),
    ]  # fmt: skip
    return [(key, part) for key, value in lines if value not in (None, "")
            for part in _cut(str(value))]  # fmt: skip


def _source(name: str) -> str:
    known = next((one for one in sources() if one.name == name), None)
    return name if known is None else f"{known.title} (licence: {known.licence})"


def _residual(value: float | None, where: str = "") -> str | None:
    return None if value is None else f"{value:.2g}{where}"


def _cut(line: str) -> list[str]:
    """A line in parts that a cell holds."""
    return [line[at : at + CELL - 1] for at in range(0, len(line), CELL - 1)] or [""]


def _parquet(frame: Any, about: dict[str, Any], out: BinaryIO, folder: Path | None = None) -> None:
    plain = isinstance(frame, pa.Table)
    table = frame if plain else pa.Table.from_pandas(frame, preserve_index=False)
    note = json.dumps(about, ensure_ascii=False, default=str)
    table = table.replace_schema_metadata({"servio": note})
    pq.write_table(table, out, compression="zstd")


def _stata(frame: Any, about: dict[str, Any], out: BinaryIO, folder: Path | None = None) -> None:
    table, long = _pandas(frame).copy(), []
    table.columns = [str(name)[:STATA_NAME] for name in table.columns]
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            table[name] = table[name].fillna("").astype(str).astype(object)
            if max((len(text.encode()) for text in table[name].unique()), default=0) > STATA_TEXT:
                long.append(name)
    title = about.get("title", "")
    label = ("SYNTHETIC " if about.get("synthetic") else "") + str(
        title.get("en", "") if isinstance(title, dict) else title
    )
    value = f"{label}, {about.get('unit', '')}".strip(", ")
    with io.BytesIO() if folder is None else tempfile.TemporaryFile(dir=folder) as plain:
        table.to_stata(plain, write_index=False, version=118, byteorder="<",
                       data_label=label[:STATA_LABEL], convert_strl=long,
                       variable_labels={"value": value[:STATA_LABEL]} if "value" in table else {}
                       )  # fmt: skip
        _noted(plain, [f"{key}: {text}".removeprefix(": ") for key, text in _lines(about)], out)


def _noted(plain: BinaryIO, notes: list[str], out: BinaryIO) -> None:
    """Copy a Stata file with notes of the data set: characteristics of `_dta`.

    What stands behind them moves, and so do its places in the map of the file (StataCorp, "File
    formats .dta", 5.6 and 5.11).
    """
    told = {"note0": str(len(notes))} | {f"note{at}": text for at, text in enumerate(notes, 1)}
    added = b"".join(_characteristic(name, text) for name, text in told.items() if notes)
    plain.seek(0)
    at = plain.read(STATA_HEAD).index(b"<map>") + len(b"<map>")
    plain.seek(at)
    places = list(struct.unpack("<14Q", plain.read(8 * 14)))
    here = places[8] + len(b"<characteristics>")
    moved = [place + len(added) if place > places[8] else place for place in places]
    plain.seek(0)
    out.write(plain.read(at))
    out.write(struct.pack("<14Q", *moved))
    plain.seek(at + 8 * 14)
    out.write(plain.read(here - at - 8 * 14))
    out.write(added)
    shutil.copyfileobj(plain, out)


def _characteristic(name: str, text: str) -> bytes:
    body = text.replace("\0", "").encode()[:STATA_NOTE].decode(errors="ignore").encode() + b"\0"
    names = b"_dta".ljust(129, b"\0") + name.encode().ljust(129, b"\0")
    return b"<ch>" + struct.pack("<I", len(names) + len(body)) + names + body + b"</ch>"


_FORMS: dict[str, tuple[Callable[..., None], str]] = {
    "csv": (_csv, "text/csv; charset=utf-8"),
    "xlsx": (_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "parquet": (_parquet, "application/vnd.apache.parquet"),
    "dta": (_stata, "application/x-stata-dta"),
}
