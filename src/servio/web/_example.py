"""A table of one's own to begin with: the two-sector economy of `examples`, ready to be sent."""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from importlib import resources

__all__ = ["FORMS", "packed"]

FOLDER = "example"
DESCRIPTION = "table.toml"
FILES = ("z.csv", "y.csv", "v.csv", "x.csv", "labour.csv")
WORKBOOK = "two-sector.xlsx"
SHEET = "sheet.toml"
BEGINNING = (1980, 1, 1, 0, 0, 0)


def packed(form: str) -> bytes:
    """A zip archive of the files, the same bytes each time.

    Parameters
    ----------
    form : {'csv', 'xlsx'}
        Each part a CSV file, or all of them on one sheet of a workbook.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in FORMS[form]().items():
            archive.writestr(zipfile.ZipInfo(name, BEGINNING), content)
    return out.getvalue()


def _files() -> dict[str, bytes]:
    return {name: _content(name) for name in (DESCRIPTION, *FILES)}


def _workbook() -> dict[str, bytes]:
    return {DESCRIPTION: _content(SHEET), WORKBOOK: _sheet()}


FORMS = {"csv": _files, "xlsx": _workbook}


def _content(name: str) -> bytes:
    return (resources.files("servio.web") / FOLDER / name).read_bytes()


def _rows(name: str) -> list[list[str]]:
    return list(csv.reader(_content(name).decode().splitlines()))


def _sheet() -> bytes:
    """Flows with final demand on their right, payments, output and labour below."""
    import xlsxwriter

    output = [row[1] for row in _rows("x.csv")[1:]]
    beside = zip(_rows("z.csv"), _rows("y.csv"), strict=True)
    rows = [flows + demand[1:] for flows, demand in beside]
    rows += [*_rows("v.csv")[1:], ["output", *output], *_rows("labour.csv")[1:]]
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": datetime.datetime(2000, 1, 1)})
    sheet = book.add_worksheet("table")
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if row and column:
                sheet.write_number(row, column, float(cell))
            elif cell:
                sheet.write_string(row, column, cell)
    sheet.set_column(0, 3, 14)
    book.close()
    return out.getvalue()
