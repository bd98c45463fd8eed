"""Big published workbooks in a known layout: labels compared exactly, blocks of numbers at once.

`_xlsx` reads sheets whose layout the user describes; here the layout is known beforehand.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import python_calamine as calamine

from servio.classify import normalise
from servio.errors import FormatError, LabelError, ValueFault
from servio.sources import _guard, _xlsb, _xlsx

__all__ = ["Labels", "Sheet", "binary_sheet_years", "cell_name", "open_book", "rows", "sheet_names"]

Array = npt.NDArray[np.float64]

_WIDE = re.compile(rb'r="([A-Z]{3})[0-9]')
_TALL = re.compile(rb'r="[A-Z]*([0-9]{5,7})"')
_SHEET_NAME = re.compile(rb'<sheet\b[^>]*?\bname="([^"]*)"')
_BINARY_YEAR = re.compile(rb"\x04\0\0\0((?:1\x009|2\x000)\0[0-9]\0[0-9]\0)")
_CHUNK = 1 << 18
_OVERLAP = 32
_HEAD = 1 << 17


def sheet_names(path: Path) -> tuple[str, ...]:
    """Names of a workbook's sheets from the start of its list alone; none for any other file."""
    head = _head(path, "xl/workbook.xml")
    return tuple(name.decode("utf-8", "replace") for name in _SHEET_NAME.findall(head))


def binary_sheet_years(path: Path) -> tuple[str, ...]:
    """Sheets named by a year in a binary workbook (``.xlsb``); none for any other file."""
    found = _BINARY_YEAR.findall(_head(path, "xl/workbook.bin"))
    return tuple(name.decode("utf-16-le") for name in found)


def _head(path: Path, member: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as part:
            return part.read(_HEAD)
    except (OSError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error,
            NotImplementedError, EOFError):  # fmt: skip
        return b""


def open_book(path: Path, *, binary: bool = False) -> calamine.CalamineWorkbook:
    """A workbook that is whole, within limits and without cells far from its tables.

    `binary` allows ``.xlsb`` as well, of which only the archive is looked at beforehand: a cell far
    away there ends at the memory limit of the reader.
    """
    kinds = (_guard.Kind.XLSX, *((_guard.Kind.XLSB,) if binary else ()))
    kind = _guard.require_kind(path, *kinds)
    _guard.check_zip(path, crc=False)
    try:
        _unpack(path)
        if kind is _guard.Kind.XLSX:
            _xlsx._sheet_members(path)
        return calamine.CalamineWorkbook.from_path(path)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError,
            RuntimeError, calamine.CalamineError) as error:  # fmt: skip
        raise FormatError(
            str(path),
            found=f"a damaged workbook ({error})",
            expected="a workbook as published",
            remedy="Get the file again from its publisher.",
        ) from error


def _unpack(path: Path) -> None:
    """Unpack every member, which checks its CRC, and refuse sheets with cells far away."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            rows, columns = {b"9999"}, {b"ZZ"}
            with archive.open(member) as part:
                chunk = b""
                while piece := part.read(_CHUNK):
                    chunk = chunk[-_OVERLAP:] + piece
                    rows.update(_TALL.findall(chunk))
                    columns.update(_WIDE.findall(chunk))
            if "worksheets/" in member.filename:
                _check_extent(path, member.filename, rows, columns)


def _check_extent(path: Path, member: str, rows: set[bytes], columns: set[bytes]) -> None:
    row = max(map(int, rows))
    column = max(columns, key=lambda name: (len(name), name)).decode()
    width = 0
    for letter in column:
        width = width * 26 + ord(letter) - ord("A") + 1
    if row * width > 2 * _guard.MAX_CELLS:
        raise FormatError(
            f"{path}, {member}",
            found=f"cells as far as column {column} or row {row}",
            expected=f"at most {2 * _guard.MAX_CELLS // 10**6} million cells",
            remedy="Delete stray cells beyond the table and save the workbook again.",
        )


def rows(path: Path, book: calamine.CalamineWorkbook, name: str) -> Iterator[_xlsb.Row]:
    """Rows of a sheet one by one: position, numbers, and the cells that are none.

    Of a binary workbook only a row is in memory at a time.
    """
    if _guard.sniff_kind(path) is _guard.Kind.XLSB:
        yield from _xlsb.rows(path, name)
        return
    for number, cells in enumerate(_whole(path, book, name)):
        plain = [type(cell) in (float, int) for cell in cells]
        values = np.array([c if p else np.nan for c, p in zip(cells, plain, strict=True)])
        others = {j: cell for j, cell in enumerate(cells)
                  if cell != "" and not (plain[j] and np.isfinite(cell))}  # fmt: skip
        yield number, values, others


def _whole(path: Path, book: calamine.CalamineWorkbook, name: str) -> list[list[Any]]:
    if name not in book.sheet_names:
        raise FormatError(
            str(path),
            found=f"sheets {', '.join(map(repr, book.sheet_names[:6]))}",
            expected=f"a sheet {name!r}",
            remedy="Use the file as published, or name its source if it is another one.",
        )
    try:
        cells: list[list[Any]] = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except calamine.CalamineError as error:
        raise FormatError(
            f"{path}, sheet {name!r}",
            found=f"cells that can't be read ({error})",
            expected="a sheet as published",
            remedy="Get the file again from its publisher.",
        ) from error
    return cells


class Labels:
    """Cells of one sheet that hold its labels.

    Parameters
    ----------
    path : Path
        For messages.
    name : str
        Of the sheet.
    rows : list of list
        Cells from the first row and column on.
    width : int
        Columns of the sheet.
    """

    def __init__(self, path: Path, name: str, rows: list[list[Any]], width: int) -> None:
        self.path, self.name, self.rows, self.width = path, name, rows, width

    def place(self, row: int, column: int) -> str:
        """Where a cell is, in words a spreadsheet user knows; positions count from 0."""
        return f"{self.path}, sheet {self.name!r}, cell {cell_name(row, column)}"

    def text(self, row: int, column: int) -> str:
        """A label, blank beyond the end; a number is written as a spreadsheet shows it."""
        there = row < len(self.rows) and column < len(self.rows[row])
        value = self.rows[row][column] if there else ""
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value).strip()

    def down(self, column: int, rows: range) -> list[str]:
        """Labels down a column."""
        return [self.text(row, column) for row in rows]

    def across(self, row: int, columns: range) -> list[str]:
        """Labels along a row."""
        return [self.text(row, column) for column in columns]

    def expect_down(self, column: int, first: int, wanted: Sequence[str]) -> None:
        """The labels down a column must be these; a `LabelError` at the first that is not."""
        found = self.down(column, range(first, first + len(wanted)))
        if found != list(wanted):
            i = next(i for i, label in enumerate(wanted) if found[i] != label)
            raise self._mislabelled(first + i, column, found[i], wanted[i])

    def expect_across(self, row: int, first: int, wanted: Sequence[str]) -> None:
        """The labels along a row must be these; a `LabelError` at the first that is not."""
        found = self.across(row, range(first, first + len(wanted)))
        if found != list(wanted):
            i = next(i for i, label in enumerate(wanted) if found[i] != label)
            raise self._mislabelled(row, first + i, found[i], wanted[i])

    def _mislabelled(self, row: int, column: int, found: str, wanted: str) -> LabelError:
        try:
            normalise(found)
        except LabelError as error:
            return LabelError(self.place(row, column), found=error.found,
                              expected=f"the label {wanted!r}", remedy=error.remedy)  # fmt: skip
        return LabelError(
            self.place(row, column),
            found=repr(found) if found else "a blank or the end of the sheet",
            expected=f"the label {wanted!r}",
            remedy="Use the file as published, with no row or column moved or renamed.",
        )

    def no_number(self, row: int, column: int, value: object) -> ValueFault:
        """The error for a cell that should hold a finite number."""
        return ValueFault(
            self.place(row, column),
            found=self._what(value, cell_name(row, column)),
            expected="a finite number",
            remedy="Correct the cell, or get the file again from its publisher.",
        )

    def _what(self, value: object, cell: str) -> str:
        if value == "" and self.path.suffix.lower() == ".xlsb":
            return "a blank"
        if value == "":
            return _xlsx._why_blank(self.path, f"{self.path.name}#{self.name}", cell) or "a blank"
        if isinstance(value, str):
            return f"the text {value[:40]!r}"
        return str(value) if isinstance(value, float) else f"{value}, a {type(value).__name__}"


class Sheet(Labels):
    """The cells of one sheet, read whole.

    Parameters
    ----------
    path : Path
        For messages.
    book : CalamineWorkbook
    name : str

    Raises
    ------
    FormatError
        There is no such sheet, or it can't be read.
    """

    def __init__(self, path: Path, book: calamine.CalamineWorkbook, name: str) -> None:
        cells = _whole(path, book, name)
        super().__init__(path, name, cells, len(cells[0]) if cells else 0)

    def numbers(self, rows: range, columns: range) -> Array:
        """A block of cells as float64; a `ValueFault` at the first that is no finite number."""
        across = slice(columns.start, columns.stop)
        block = [row[across] for row in self.rows[rows.start : rows.stop]]
        kinds: set[type] = set()
        for row in block:
            kinds.update(map(type, row))
        if kinds <= {float, int}:
            array = np.array(block, dtype=np.float64)
            if np.isfinite(array).all():
                return array
        raise self._no_number(block, rows.start, columns.start)

    def _no_number(self, block: list[list[Any]], top: int, left: int) -> ValueFault:
        i, j, value = next(
            (i, j, value)
            for i, row in enumerate(block)
            for j, value in enumerate(row)
            if type(value) not in (float, int) or not np.isfinite(value)
        )
        return self.no_number(top + i, left + j, value)


def cell_name(row: int, column: int) -> str:
    """Spreadsheet name of a cell from positions that count from 0.

    Examples
    --------
    >>> cell_name(0, 0), cell_name(9, 27)
    ('A1', 'AB10')
    """
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"
