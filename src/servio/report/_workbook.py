"""The tables of a report as a workbook: labels stay labels, never formulas."""

from __future__ import annotations

import datetime
import io
import math
from typing import Any

import pandas as pd
import xlsxwriter

from servio.report import _methods
from servio.report._page import Report
from servio.report.words import safe_label

__all__ = ["as_xlsx"]

EPOCH = datetime.datetime(2000, 1, 1)
SYNTHETIC = "SYNTHETIC DATA: generated numbers, of no real economy"


def as_xlsx(report: Report) -> bytes:
    """Every figure's and table's data, the headline numbers and the methods, one sheet each."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "nan_inf_to_errors": False,
    })  # fmt: skip
    book.set_properties({"title": report.results.store.study.title, "created": EPOCH})
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    for name, note, frame in _sheets(report):
        _write(book.add_worksheet(name), note, frame, head)
    book.close()
    return out.getvalue()


def _sheets(report: Report) -> list[tuple[str, str, pd.DataFrame]]:
    study = report.results.store.study
    mark = [SYNTHETIC] if report.results.store.synthetic else []
    contents = pd.DataFrame(
        [(e.label, e.block.title, e.block.note) for e in report.entries],
        columns=["sheet", "title", "definition, unit, source, years"],
    )
    numbers = pd.DataFrame(
        [(h.sentence, h.more, h.note, *_two(h.values)) for h in report.headlines],
        columns=["headline", "compared with", "definition", "values", "numbers"],
    )
    return [
        ("Contents", " · ".join([study.title, *mark]), contents),
        ("Headlines", " · ".join(["Headline numbers", *mark]), numbers),
        *((e.label, " · ".join([e.block.title, e.block.note, *mark]), e.block.data)
          for e in report.entries),
        ("Methods", "Measures used", _measures(report)),
        ("Groupings", "Groupings and definitions used", _groupings(report)),
    ]  # fmt: skip


def _two(values: dict[str, float]) -> tuple[str, str]:
    return "; ".join(values), "; ".join(f"{value:.12g}" for value in values.values())


def _measures(report: Report) -> pd.DataFrame:
    return pd.DataFrame(
        [(m.spec.name, m.spec.title, m.spec.question, m.spec.formula, m.spec.unit, m.range_words,
          m.spec.identity, m.spec.source, "; ".join(f"{k}={v}" for k, v in m.values))
         for m in _methods.methods(report.results)],
        columns=["measure", "title", "question", "formula", "unit", "range", "identity", "source",
                 "options used"],
    )  # fmt: skip


def _groupings(report: Report) -> pd.DataFrame:
    return pd.DataFrame(
        [(g.name, g.title, g.kind, g.groups, g.definition, g.source, g.basis)
         for g in _methods.groupings(report.results)],
        columns=["grouping", "title", "kind", "groups", "definition", "source", "basis"],
    )  # fmt: skip


def _write(sheet: Any, note: str, frame: pd.DataFrame, head: Any) -> None:
    sheet.write_string(0, 0, safe_label(note))
    for column, name in enumerate(frame.columns):
        sheet.write_string(1, column, safe_label(str(name)), head)
        longest = max([len(str(name)), *(len(str(v)) for v in frame[name].iloc[:200])])
        sheet.set_column(column, column, max(8, min(60, longest + 1)))
    for row, values in enumerate(frame.itertuples(index=False, name=None), start=2):
        for column, value in enumerate(values):
            _cell(sheet, row, column, value)
    sheet.freeze_panes(2, 0)


def _cell(sheet: Any, row: int, column: int, value: Any) -> None:
    if isinstance(value, str):
        sheet.write_string(row, column, safe_label(value))
    elif isinstance(value, float) and math.isinf(value):
        sheet.write_string(row, column, "infinite" if value > 0 else "minus infinite")
    elif value is not None and not (isinstance(value, float) and math.isnan(value)):
        sheet.write_number(row, column, value)
