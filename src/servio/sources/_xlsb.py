"""Sheets of binary workbooks (``.xlsb``) a row at a time, so that none is ever whole in memory.

A sheet is a sequence of records: kind and length, each in pieces of seven bits, then the content.
Numbers, of which a world table has millions, are taken in runs; all other records one by one.

Source: [MS-XLSB], Excel (.xlsb) Binary File Format, Microsoft Open Specifications, sections 2.1.4
(records), 2.4 (the records used here) and 2.5.122 (RkNumber).
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

import numpy as np

from servio.errors import FormatError
from servio.sources._matrix import Array

__all__ = ["Row", "rows"]

Row = tuple[int, Array, dict[int, Any]]
"""Position from 0; numbers from the first column on, NaN elsewhere; cells that are no numbers."""

_PIECE = 1 << 18
_LONGEST = 1 << 24
_COLUMNS = 1 << 14
_ROWS = 1 << 20
_STRINGS = "xl/sharedStrings.bin"
_RUN = re.compile(rb"(?:\x05\x10.{16}|\x02\x0c.{12}|\x01\x08.{8})+", re.DOTALL)
_CELL = re.compile(rb"\x05\x10(.{16})|\x02\x0c(.{12})|\x01\x08.{8}", re.DOTALL)
_REAL = np.dtype([("column", "<u4"), ("style", "<u4"), ("value", "<f8")])
_RK = np.dtype([("column", "<u4"), ("style", "<u4"), ("value", "<i4")])
_ROW, _BLANK, _RK_CELL, _ERROR, _BOOL, _NUMBER, _TEXT, _SHARED = range(8)
_FORMULA_TEXT, _FORMULA_NUMBER, _FORMULA_BOOL, _FORMULA_ERROR = range(8, 12)
_SHORT = range(12, 19)
_RICH_TEXT = 62
_SHARED_ITEM, _BEGIN_DATA, _END_DATA, _SHEET = 19, 145, 146, 156


def rows(path: Path, name: str) -> Iterator[Row]:
    """Rows of a sheet in order; empty ones may be left out.

    Parameters
    ----------
    path : Path
        A workbook whose archive is known to be whole.
    name : str
        Of the sheet.

    Raises
    ------
    FormatError
        There is no such sheet, or its records are not as they should be.
    """
    with zipfile.ZipFile(path) as archive:
        try:
            with archive.open(_member(archive, path, name)) as stream:
                yield from _rows(stream, _shared(archive))
        except (struct.error, UnicodeDecodeError, LookupError, EOFError,
                ElementTree.ParseError) as error:  # fmt: skip
            raise FormatError(
                f"{path}, sheet {name!r}",
                found=f"cells that can't be read ({error})",
                expected="a sheet as published",
                remedy="Get the file again from its publisher.",
            ) from error


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> str:
    """Where the sheet lies in the archive."""
    there = {}
    with archive.open("xl/workbook.bin") as book:
        for kind, content in _records(_Buffer(book)):
            if kind == _SHEET:
                link, end = _text(content, 8)
                there[_text(content, end)[0]] = link
    if name not in there:
        raise FormatError(
            str(path),
            found=f"sheets {', '.join(map(repr, list(there)[:6]))}",
            expected=f"a sheet {name!r}",
            remedy="Use the file as published, or name its source if it is another one.",
        )
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.bin.rels"))
    target = {link.get("Id", ""): link.get("Target", "") for link in links}[there[name]]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if _STRINGS not in archive.namelist():
        return []
    with archive.open(_STRINGS) as stream:
        return [_text(content, 1)[0] for kind, content in _records(_Buffer(stream))
                if kind == _SHARED_ITEM]  # fmt: skip


# -- records ---------------------------------------------------------------------------------------


class _Buffer:
    """Bytes of a stream from `at` on, of which more are read when they are needed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.data, self.at = b"", 0

    def fill(self) -> bool:
        """Read on; False at the end of the stream."""
        piece = self._stream.read(_PIECE)
        self.data, self.at = self.data[self.at :] + piece, 0
        if len(self.data) > _LONGEST:
            raise EOFError("a record without end")
        return bool(piece)

    def record(self) -> tuple[int, bytes] | None:
        """The next record; None at the end."""
        while (found := self._whole()) is None:
            if not self.fill():
                if self.at < len(self.data):
                    raise EOFError("the end within a record")
                return None
        return found

    def _whole(self) -> tuple[int, bytes] | None:
        head = self.data[self.at : self.at + 6]
        size = 2 if head[:1] >= b"\x80" else 1
        kind = int.from_bytes(head[:1], "little") & 0x7F
        if size == 2 and len(head) > 1:
            kind |= (head[1] & 0x7F) << 7
        length, shift = 0, 0
        for byte in head[size : size + 4]:
            length |= (byte & 0x7F) << shift
            shift, size = shift + 7, size + 1
            if byte < 0x80:
                break
        else:
            if shift == 28:
                raise EOFError("a record of no length")
            return None
        start = self.at + size
        if start + length > len(self.data):
            return None
        self.at = start + length
        return kind, self.data[start : self.at]

    def run(self) -> bytes:
        """Records of numbers and blanks from here on, as far as they were read."""
        found = _RUN.match(self.data, self.at)
        if found is None:
            return b""
        self.at = found.end()
        return found[0]


def _records(buffer: _Buffer) -> Iterator[tuple[int, bytes]]:
    while (record := buffer.record()) is not None:
        yield record


def _text(content: bytes, start: int) -> tuple[str, int]:
    """A text with its length before it, and where it ends."""
    (length,) = struct.unpack_from("<I", content, start)
    end = start + 4 + 2 * length
    if end > len(content):
        raise EOFError("a text without end")
    return content[start + 4 : end].decode("utf-16-le"), end


# -- cells -----------------------------------------------------------------------------------------


def _rows(stream: IO[bytes], texts: list[str]) -> Iterator[Row]:
    buffer, inside = _Buffer(stream), False
    row, numbers, others = -1, np.full(_COLUMNS, np.nan), dict[int, Any]()
    for kind, content in _records(buffer):
        if kind == _BEGIN_DATA:
            inside = True
        elif kind == _END_DATA:
            break
        elif inside and kind == _ROW:
            if row >= 0:
                yield _finished(row, numbers, others)
            (number,) = struct.unpack_from("<I", content)
            if not row < number < _ROWS:
                raise EOFError(f"row {number + 1} after row {row + 1}")
            row, others = number, {}
            numbers.fill(np.nan)
        elif inside and (kind <= _SHORT[-1] or kind == _RICH_TEXT):
            if row < 0:
                raise EOFError("a cell before the first row")
            _place(kind, content, numbers, others, texts)
        if row >= 0:
            while run := buffer.run():
                _place_run(run, numbers, others)
    else:
        raise EOFError("the end before that of the sheet")
    if row >= 0:
        yield _finished(row, numbers, others)


def _finished(row: int, numbers: Array, others: dict[int, Any]) -> Row:
    there = np.flatnonzero(~np.isnan(numbers))
    last = max(int(there[-1]) if len(there) else -1, max(others, default=-1))
    return row, numbers[: last + 1].copy(), others


def _place_run(run: bytes, numbers: Array, others: dict[int, Any]) -> None:
    """Put a run of numbers and blanks into its row."""
    reals, rks = [], []
    for real, rk in _CELL.findall(run):
        if real:
            reals.append(real)
        elif rk:
            rks.append(rk)
    found = np.frombuffer(b"".join(reals), _REAL)
    short = np.frombuffer(b"".join(rks), _RK)
    for columns, values in ((found["column"], found["value"]),
                            (short["column"], _short_numbers(short["value"]))):  # fmt: skip
        if len(columns) and columns.max() >= _COLUMNS:
            raise EOFError(f"column {int(columns.max()) + 1}")
        numbers[columns] = values
        for j in np.flatnonzero(~np.isfinite(values)).tolist():
            others[int(columns[j])] = float(values[j])


def _short_numbers(values: np.ndarray[Any, np.dtype[np.int32]]) -> Array:
    """Numbers of four bytes: the top of a float64 or an integer, in hundredths if so marked."""
    top = (values.astype(np.uint32) & np.uint32(0xFFFFFFFC)).astype(np.uint64) << np.uint64(32)
    found = np.where(values & 2, (values >> 2).astype(np.float64), top.view(np.float64))
    return np.where(values & 1, found / 100, found)


def _place(
    kind: int, content: bytes, numbers: Array, others: dict[int, Any], texts: list[str]
) -> None:
    """Put one cell into its row."""
    if kind in _SHORT:
        raise EOFError("cells without columns")
    (column,) = struct.unpack_from("<I", content)
    if column >= _COLUMNS:
        raise EOFError(f"column {column + 1}")
    if kind in (_NUMBER, _FORMULA_NUMBER):
        (numbers[column],) = struct.unpack_from("<d", content, 8)
        if not np.isfinite(numbers[column]):
            others[column] = float(numbers[column])
    elif kind == _RK_CELL:
        numbers[column] = _short_numbers(np.array(struct.unpack_from("<i", content, 8)))[0]
    elif kind == _SHARED:
        others[column] = texts[struct.unpack_from("<I", content, 8)[0]]
    elif kind in (_TEXT, _FORMULA_TEXT):
        others[column] = _text(content, 8)[0]
    elif kind == _RICH_TEXT:
        others[column] = _text(content, 9)[0]
    elif kind in (_BOOL, _FORMULA_BOOL):
        others[column] = bool(content[8])
    elif kind in (_ERROR, _FORMULA_ERROR):
        others[column] = f"error {content[8]}"
