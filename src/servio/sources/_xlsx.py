"""Strict reading of Excel sheets: limits from the cells that are there, no guessed types."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import python_calamine as calamine

from servio.errors import FormatError, ValueFault
from servio.sources._guard import Kind, check_zip, require_kind
from servio.sources._matrix import Matrix, NumberFormat, check_size, clean_labels, hint, zeros_note
from servio.table import Note

__all__ = ["Cells", "SheetCells", "read_cells", "read_matrix", "sheet_extent"]

Cells = list[list[Any]]
_CELL = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*[^/]>(?!</c>)')
_CONTENT = re.compile(
    rb'<c\b[^>]*?\br="([A-Z]{1,3}[0-9]{1,7})"([^>]*?)(?:/>|>(.{0,2000}?)</c>)', re.DOTALL
)
_CHUNK = 2**20
_LONGEST_TAG = 4096
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def read_cells(path: Path, sheet: str = "") -> tuple[str, Cells, tuple[Note, ...]]:
    """Place, rows of typed cells from A1 on, and notes of one sheet.

    Parameters
    ----------
    path : path
        An ``.xlsx`` workbook.
    sheet : str
        Name of the sheet; may be left out where only one is visible.
    """
    require_kind(path, Kind.XLSX)
    check_zip(path)
    members = _sheet_members(path)
    try:
        with calamine.CalamineWorkbook.from_path(path) as book:
            sheet, notes = _choose(path, book, sheet)
            rows, columns = sheet_extent(path, members.get(sheet, ""))
            place = f"{path.name}#{sheet}"
            check_size(f"{place}, last cell {_column(columns - 1)}{rows}", rows, columns)
            cells = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except calamine.PasswordError:
        raise FormatError(str(path), found=Kind.ENCRYPTED, expected=Kind.XLSX,
                          remedy="Remove the password and save it again.") from None  # fmt: skip
    except calamine.CalamineError as error:
        raise FormatError(str(path), found=f"a damaged workbook ({error})", expected=Kind.XLSX,
                          remedy="Open it and save it again as .xlsx.") from None  # fmt: skip
    return place, _trimmed(cells), notes


def read_matrix(
    path: Path,
    sheet: str = "",
    numbers: NumberFormat = NumberFormat(),  # noqa: B008 - frozen
) -> Matrix:
    """Labelled numbers of a sheet: column labels in row 1, row labels in column A."""
    place, cells, notes = read_cells(path, sheet)
    if not cells:
        raise FormatError(place, found="an empty sheet", expected="a table",
                          remedy="Name the right sheet, as in book.xlsx#Sheet.")  # fmt: skip
    header = [_label(v, place, 0, j) for j, v in enumerate(cells[0])][1:]
    columns, column_notes = clean_labels(header, place, lambda i: f"cell {_column(i + 1)}1")
    values = np.empty((len(cells) - 1, len(columns)))
    raw, marked = [], 0
    for i, row in enumerate(cells[1:], start=1):
        raw.append(_label(row[0], place, i, 0))
        values[i - 1] = [
            v if type(v) in (float, int) and abs(v) < np.inf else
            _number(v, path, place, i, j, numbers)
            for j, v in enumerate(row[1:], start=1)
        ]  # fmt: skip
        marked += sum(isinstance(v, str) and v.strip() in numbers.zeros for v in row[1:])
    rows, row_notes = clean_labels(raw, place, lambda i: f"cell A{i + 2}")
    notes = (*notes, *column_notes, *row_notes, *zeros_note(place, marked))
    corner = str(cells[0][0]).strip()
    return Matrix(place, rows, columns, values + 0.0, notes, corner)


class SheetCells:
    """The cells of one sheet from A1 on, title lines and all (a `Grid`)."""

    def __init__(self, path: Path, sheet: str = "") -> None:
        self._path = path
        self.place, self.rows, self.notes = read_cells(path, sheet)

    def cell(self, i: int, j: int) -> str:
        return f"cell {_column(j)}{i + 1}"

    def label(self, i: int, j: int) -> str:
        return _label(self.rows[i][j], self.place, i, j)

    def number(self, i: int, j: int, named: str, numbers: NumberFormat) -> float:
        value = self.rows[i][j]
        if type(value) in (float, int) and abs(value) < np.inf:
            return float(value) + 0.0
        return _number(value, self._path, self.place, i, j, numbers)

    def marked(self, i: int, j: int, numbers: NumberFormat) -> bool:
        value = self.rows[i][j]
        return isinstance(value, str) and value.strip() in numbers.zeros


def sheet_extent(path: Path, member: str) -> tuple[int, int]:
    """Rows and columns up to the last cell with content, read from the cells themselves."""
    rows = columns = 0
    with zipfile.ZipFile(path) as archive:
        for chunk in _chunks(archive, member):
            found = _CELL.findall(chunk)
            rows = max(rows, max((int(r) for _, r in found), default=0))
            columns = max(columns, max(map(_index, {c for c, _ in found}), default=0))
    return rows, columns


def _chunks(archive: zipfile.ZipFile, member: str) -> Iterator[bytes]:
    """Pieces of a member, cut between tags."""
    if not member:
        return
    rest = b""
    with archive.open(member) as stream:
        while piece := stream.read(_CHUNK):
            piece = rest + piece
            cut = piece.rfind(b"<c", max(0, len(piece) - _LONGEST_TAG))
            cut = len(piece) if cut < 0 else cut
            yield piece[:cut]
            rest = piece[cut:]
    yield rest


def _sheet_members(path: Path) -> dict[str, str]:
    """Archive member of each sheet, by the sheet's name."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        links = _xml(path, archive, "xl/_rels/workbook.xml.rels", names)
        book = _xml(path, archive, "xl/workbook.xml", names)
        targets = {link.get("Id"): link.get("Target", "") for link in links}
        members = {}
        for sheet in book.iter(f"{_MAIN}sheet"):
            target = targets.get(sheet.get(_LINK), "")
            member = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if member in names:
                _refuse_doctype(path, archive, member)
                members[sheet.get("name", "")] = member
        for member in names & {"xl/sharedStrings.xml", "xl/styles.xml"}:
            _refuse_doctype(path, archive, member)
    return members


def _xml(path: Path, archive: zipfile.ZipFile, member: str, names: set[str]) -> ElementTree.Element:
    if member not in names:
        raise FormatError(str(path), found=f"no {member} inside", expected=Kind.XLSX,
                          remedy="Open it and save it again as .xlsx.")  # fmt: skip
    _refuse_doctype(path, archive, member)
    try:
        return ElementTree.fromstring(archive.read(member))
    except ElementTree.ParseError as error:
        raise FormatError(f"{path}, {member}", found=f"broken XML ({error})",
                          expected="a whole workbook",
                          remedy="Open it and save it again as .xlsx.") from None  # fmt: skip


def _refuse_doctype(path: Path, archive: zipfile.ZipFile, member: str) -> None:
    """XML entities have no place in a workbook; a document type may declare them."""
    with archive.open(member) as stream:
        head = stream.read(2**16).replace(b"\0", b"")
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise FormatError(f"{path}, {member}", found="an XML document type or entity",
                          expected="a workbook without",
                          remedy="Don't use this file; it may be made to attack.")  # fmt: skip


def _choose(
    path: Path, book: calamine.CalamineWorkbook, wanted: str
) -> tuple[str, tuple[Note, ...]]:
    visible = {s.name: s.visible == calamine.SheetVisibleEnum.Visible for s in book.sheets_metadata}
    shown = [name for name, seen in visible.items() if seen]
    if not wanted and len(shown) == 1:
        return shown[0], ()
    if wanted not in visible:
        raise FormatError(
            f"{path.name}#{wanted}" if wanted else path.name,
            found=f"no such sheet; there are {shown}" if wanted else f"sheets {shown}",
            expected="the name of one sheet, as in book.xlsx#Sheet",
            remedy=hint(wanted, visible, "Name one of them."),
        )
    if visible[wanted]:
        return wanted, ()
    return wanted, (Note("hidden-sheet", f"{path.name}#{wanted}: read from a hidden sheet"),)


def _trimmed(cells: Cells) -> Cells:
    """Without rows and columns at the end that hold nothing."""

    def blank(value: object) -> bool:
        return isinstance(value, str) and not value.strip()

    while cells and all(blank(v) for v in cells[-1]):
        cells = cells[:-1]
    width = max((j + 1 for row in cells for j, v in enumerate(row) if not blank(v)), default=0)
    return [row[:width] for row in cells]


def _label(value: object, place: str, i: int, j: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float | int) and not isinstance(value, bool) and float(value).is_integer():
        return str(int(value))
    raise FormatError(
        f"{place}, cell {_column(j)}{i + 1}",
        found=f"{value}, a {'number' if isinstance(value, float) else type(value).__name__}",
        expected="a label as text",
        remedy="Format the label cells as text and type the code again.",
    )


def _number(value: object, path: Path, place: str, i: int, j: int, numbers: NumberFormat) -> float:
    cell = f"{_column(j)}{i + 1}"
    at = f"{place}, cell {cell}"
    if isinstance(value, str):
        text = value.strip()
        if text:
            return 0.0 if text in numbers.zeros else _refused_text(text, at, numbers)
        found = _why_blank(path, place, cell)
        if found:
            raise ValueFault(at, found=found, expected="a number",
                             remedy="Repair the formula, calculate, and save.")  # fmt: skip
        return numbers.number("", lambda: at)
    raise ValueFault(at, found=f"{value}, a {type(value).__name__}", expected="a finite number",
                     remedy="Format the cell as a number and type it again.")  # fmt: skip


def _refused_text(text: str, at: str, numbers: NumberFormat) -> float:
    numbers.number(text, lambda: at)
    raise FormatError(at, found=f"{text!r}, a number stored as text", expected="a number",
                      remedy="Convert the cells to numbers and save again.")  # fmt: skip


def _why_blank(path: Path, place: str, cell: str) -> str:
    """What the workbook says of a cell that reads as blank: an error, a formula without value."""
    return _false_blanks(path, place, path.stat().st_mtime_ns).get(cell, "")


@lru_cache(maxsize=4)
def _false_blanks(path: Path, place: str, changed: int) -> dict[str, str]:
    """Cells that read as blank but are not, and what the workbook holds there."""
    member = _sheet_members(path).get(place.partition("#")[2], "")
    found, held = {}, b""
    with zipfile.ZipFile(path) as archive:
        for chunk in _chunks(archive, member):
            held += chunk
            end = 0
            for hit in _CONTENT.finditer(held):
                end = hit.end()
                name, why = hit.group(1), _false_blank(hit.group(2), hit.group(3) or b"")
                if why:
                    found[name.decode()] = why
            held = held[end:][-_LONGEST_TAG:]
    return found


def _false_blank(attributes: bytes, inner: bytes) -> str:
    if b't="e"' in attributes:
        error = re.search(rb"<v>([^<]*)", inner)
        name = error.group(1).decode("ascii", "replace") if error else ""
        return f"{name}, a spreadsheet error".lstrip(", ")
    held = re.search(rb"<v>[^<]", inner)
    return "a formula without a stored value" if b"<f" in inner and not held else ""


def _column(index: int) -> str:
    """Letters of a 0-based column."""
    letters = ""
    index += 1
    while index > 0:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _index(letters: bytes) -> int:
    """1-based number of column letters."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
