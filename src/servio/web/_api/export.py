"""Answers as files: CSV, workbook, Parquet, Stata, JSON; labels are never formulas."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from servio.errors import UsageError
from servio.report.words import safe_label
from servio.web._answers import Answer, File, columns, encoded

__all__ = ["as_file"]

SYNTHETIC = "SYNTHETIC DATA: generated numbers, of no real economy"
STATA_NAME = 32


def as_file(reply: Answer, form: str, mark: str) -> File:
    """The frame of an answer as a file; JSON is the whole answer.

    Parameters
    ----------
    reply : Answer
    form : {'csv', 'xlsx', 'parquet', 'dta', 'json'}
    mark : str
        Becomes part of the name: short hash of the question and the study.
    """
    about = dict(reply.data.get("about", {}))
    name = f"servio-{about.get('measure', 'data')}-{mark}.{form}"
    if form == "json":
        data = dict(reply.data) | ({} if reply.frame is None else columns(reply.frame))
        return File(name, "application/json", encoded(data))
    if reply.frame is None:
        raise UsageError("format", found=form, expected="json: this answer is no single table",
                         remedy="Ask for format=json.")  # fmt: skip
    write, media = _FORMS[form]
    return File(name, media, write(reply.frame, about))


def _pandas(frame: Any) -> pd.DataFrame:
    found: pd.DataFrame = frame.to_pandas() if isinstance(frame, pa.Table) else frame
    return found


def _csv(frame: Any, about: dict[str, Any]) -> bytes:
    """Tidy rows; numbers with every digit, so that they read back as they are."""
    table = _pandas(frame)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([safe_label(str(name)) for name in table.columns])
    for row in table.itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return safe_label(value)
    if _missing(value):
        return ""
    return repr(float(value)) if isinstance(value, float) else value


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _xlsx(frame: Any, about: dict[str, Any]) -> bytes:
    import datetime

    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "nan_inf_to_errors": False,
    })  # fmt: skip
    book.set_properties({"created": datetime.datetime(2000, 1, 1)})
    bold = book.add_format({"bold": True})
    sheet, table = book.add_worksheet("data"), _pandas(frame)
    for column, name in enumerate(table.columns):
        sheet.write_string(0, column, safe_label(str(name)), bold)
        for row, value in enumerate(table[name].tolist(), start=1):
            if isinstance(value, str):
                sheet.write_string(row, column, safe_label(value))
            elif not _missing(value):
                sheet.write_number(row, column, value)
    sheet.freeze_panes(1, 0)
    notes = book.add_worksheet("about")
    for row, (key, text) in enumerate(_lines(about)):
        notes.write_string(row, 0, key, bold)
        notes.write_string(row, 1, safe_label(text))
    notes.set_column(0, 0, 18)
    notes.set_column(1, 1, 110)
    book.close()
    return out.getvalue()


def _lines(about: dict[str, Any]) -> list[tuple[str, str]]:
    lines = [("", SYNTHETIC)] if about.get("synthetic") else []
    for key, value in about.items():
        if isinstance(value, dict) and "en" in value:
            lines.append((key, value["en"]))
        elif isinstance(value, (str, int, float)) and key != "synthetic":
            lines += [(key, line) for line in str(value).split("\n")]
    return lines


def _parquet(frame: Any, about: dict[str, Any]) -> bytes:
    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame)
    note = json.dumps(about, ensure_ascii=False, default=str)
    table = table.replace_schema_metadata({"servio": note})
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _stata(frame: Any, about: dict[str, Any]) -> bytes:
    table = _pandas(frame).copy()
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            table[name] = table[name].fillna("").astype(str).astype(object)
    table.columns = [str(name)[:STATA_NAME] for name in table.columns]
    title = about.get("title", "")
    label = ("SYNTHETIC " if about.get("synthetic") else "") + str(
        title.get("en", "") if isinstance(title, dict) else title
    )
    out = io.BytesIO()
    table.to_stata(out, write_index=False, version=118, data_label=label[:80])
    return out.getvalue()


_FORMS: dict[str, tuple[Callable[[Any, dict[str, Any]], bytes], str]] = {
    "csv": (_csv, "text/csv; charset=utf-8"),
    "xlsx": (_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "parquet": (_parquet, "application/vnd.apache.parquet"),
    "dta": (_stata, "application/x-stata-dta"),
}
