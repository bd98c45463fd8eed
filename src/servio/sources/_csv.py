"""Strict reading of delimited text: exact cell counts, exact numbers, the cell of every fault."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from servio.errors import FormatError, ServioError, UsageError
from servio.sources._guard import Kind, read_bytes, regular_file, require_kind
from servio.sources._matrix import Array, Matrix, NumberFormat, check_size, clean_labels, zeros_note
from servio.table import Note

__all__ = ["SEPARATORS", "Lines", "Sheet", "matrix_of", "read_matrix", "read_sheet", "sheet_of"]

SEPARATORS = (",", ";", "\t", "|")
_SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_TEXT = {"unicode-escape", "raw-unicode-escape", "utf-7", "idna", "punycode", "undefined"}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NUMERIC = b"0123456789+-.eE \x1f"
_TRIAL_LINES = 200


class Sheet:
    """The lines of a delimited text file, each split into as many cells as the header has."""

    def __init__(self, place: str, lines: Sequence[str], separator: str, notes: tuple[Note, ...]):
        self.place = place
        self.separator = separator
        self.notes = notes
        self._lines = lines
        self.header = self.cells(0)

    def __len__(self) -> int:
        """Rows below the header."""
        return len(self._lines) - 1

    def __iter__(self) -> Iterator[list[str]]:
        """Rows below the header, in order."""
        for i in range(1, len(self._lines)):
            cells = self.cells(i)
            if len(cells) != len(self.header):
                raise FormatError(
                    f"{self.place}, row {i + 1}",
                    found=_cells(cells),
                    expected=f"{len(self.header)}, as in row 1",
                    remedy="Complete the row; the file may be cut off, or have title lines on top.",
                )
            yield cells

    def cells(self, i: int) -> list[str]:
        """Cells of a line, from 0, whatever their number."""
        line = self._lines[i]
        if '"' not in line:
            return line.split(self.separator)
        try:
            return next(csv.reader([line], delimiter=self.separator, strict=True))
        except csv.Error:
            raise FormatError(
                f"{self.place}, row {i + 1}",
                found="quotes that do not close on their line",
                expected='quotes in pairs, and "" for one inside',
                remedy="Close the quotes; put no line break into a cell.",
            ) from None


def read_sheet(path: Path, *, encoding: str = "", separator: str = "") -> Sheet:
    """The cells of a delimited text file as text.

    Parameters
    ----------
    path : path
        A regular file.
    encoding : str
        Name of the text encoding; without it UTF-8, or what a byte order mark says.
    separator : str
        One of `SEPARATORS`; without it the one that splits every row alike.
    """
    regular_file(path)
    require_kind(path, Kind.TEXT)
    return sheet_of(read_bytes(path), path.name, encoding=encoding, separator=separator)


def sheet_of(data: bytes, place: str, *, encoding: str = "", separator: str = "") -> Sheet:
    """The cells of delimited text that is in memory; `place` names it in messages."""
    lines, notes = _lines(data, place, encoding)
    separator = _checked_separator(separator, place)
    return Sheet(place, lines, separator or _separator(lines, place), notes)


def _lines(data: bytes, place: str, encoding: str) -> tuple[list[str], tuple[Note, ...]]:
    """The lines of a text up to the last one that isn't blank."""
    text, notes = _decode(data, place, encoding)
    _refuse_controls(text, place)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise FormatError(place, found="blank lines only", expected="a table",
                          remedy="Get or write the file again.")  # fmt: skip
    return lines, notes


def _checked_separator(separator: str, place: str) -> str:
    if separator and separator not in SEPARATORS:
        raise UsageError(f"{place}, separator", found=repr(separator),
                         expected="one of , ; | or tab", remedy="Correct it.")  # fmt: skip
    return separator


def read_matrix(
    path: Path,
    numbers: NumberFormat = NumberFormat(),  # noqa: B008 - frozen
    *,
    encoding: str = "",
    separator: str = "",
) -> Matrix:
    """Labelled numbers: column labels in the first row, row labels in the first column."""
    return matrix_of(read_sheet(path, encoding=encoding, separator=separator), numbers)


def matrix_of(sheet: Sheet, numbers: NumberFormat) -> Matrix:
    """The labelled numbers of a sheet."""
    check_size(sheet.place, len(sheet), len(sheet.header) - 1)
    columns, notes = clean_labels(sheet.header[1:], sheet.place, lambda i: f"row 1, column {i + 2}")
    values = np.empty((len(sheet), len(columns)))
    raw, marked = [], 0
    for i, cells in enumerate(sheet):
        raw.append(cells[0])
        values[i] = _row(cells, columns, numbers, f"{sheet.place}, row {i + 2}")
        if numbers.zeros:
            marked += sum(cell.strip(" \t") in numbers.zeros for cell in cells[1:])
    rows, row_notes = clean_labels(raw, sheet.place, lambda i: f"row {i + 2}")
    notes = (*sheet.notes, *notes, *row_notes, *zeros_note(sheet.place, marked))
    return Matrix(sheet.place, rows, columns, values, notes, sheet.header[0].strip())


class Lines:
    """The cells of delimited text from its first line on, title lines and all (a `Grid`).

    Parameters
    ----------
    path : path
        A regular file.
    skip_rows : int
        Lines above the column labels, which may have any number of cells.
    encoding, separator : str
        As for `read_sheet`.
    """

    def __init__(
        self, path: Path, skip_rows: int = 0, *, encoding: str = "", separator: str = ""
    ) -> None:
        regular_file(path)
        require_kind(path, Kind.TEXT)
        lines, self.notes = _lines(read_bytes(path), path.name, encoding)
        separator = _checked_separator(separator, path.name)
        sheet = Sheet(path.name, lines, separator or _separator(lines[skip_rows:] or lines,
                                                                path.name), ())  # fmt: skip
        self.place = path.name
        self.rows = [sheet.cells(i) for i in range(len(lines))]
        check_size(self.place, len(self.rows), max(map(len, self.rows)))

    def cell(self, i: int, j: int) -> str:
        return f"row {i + 1}, column {j + 1}"

    def label(self, i: int, j: int) -> str:
        return self.rows[i][j]

    def number(self, i: int, j: int, named: str, numbers: NumberFormat) -> float:
        place = f"{self.place}, {self.cell(i, j)}"
        return numbers.number(self.rows[i][j], lambda: f"{place} {named}")

    def marked(self, i: int, j: int, numbers: NumberFormat) -> bool:
        return self.rows[i][j].strip(" \t") in numbers.zeros


def _row(
    cells: list[str], columns: Sequence[str], numbers: NumberFormat, place: str
) -> Array | list[float]:
    """The numbers of a row: at once where all are plain, otherwise cell by cell."""
    if numbers.is_plain:
        joined = "\x1f".join(cells[1:])
        if joined.isascii() and not joined.encode().translate(None, _NUMERIC):
            try:
                quick = np.array([float(cell) for cell in cells[1:]])
            except ValueError:
                quick = np.array([np.nan])
            if np.isfinite(quick).all():
                return quick + 0.0
    label = cells[0].strip()
    return [
        numbers.number(cell, lambda j=j: f"{place} ({label}), column {j + 2} ({columns[j]})")  # type: ignore[misc]
        for j, cell in enumerate(cells[1:])
    ]


def _decode(data: bytes, place: str, encoding: str) -> tuple[str, tuple[Note, ...]]:
    mark = next((name for bom, name in _BOMS if data.startswith(bom)), "")
    name = _known_encoding(place, encoding) if encoding else mark or "utf-8"
    if encoding and mark and mark.split("-")[:2] != name.split("-")[:2]:
        raise FormatError(place, found=f"a {mark} byte order mark", expected=f"{name} as declared",
                          remedy="Leave the declared encoding out.")  # fmt: skip
    name = mark or name
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        raise _undecodable(data, place, name, error.start) from None
    if name in ("utf-8", "utf-8-sig"):
        return text, ()
    return text.removeprefix("\ufeff"), (Note("encoding", f"{place}: read as {name}"),)


def _known_encoding(place: str, encoding: str) -> str:
    try:
        found = codecs.lookup(encoding)
        name = found.name.replace("_", "-")
        if not getattr(found, "_is_text_encoding", True) or name in _NOT_TEXT:
            raise LookupError
    except (LookupError, ValueError):
        raise UsageError(f"{place}, encoding", found=repr(encoding),
                         expected="a text encoding, such as utf-8, cp949, cp1252",
                         remedy="Correct the name.") from None  # fmt: skip
    return found.name


def _undecodable(data: bytes, place: str, name: str, at: int) -> ServioError:
    row = data.count(b"\n", 0, at) + 1
    return FormatError(
        f"{place}, byte {at + 1}, row {row}",
        found=f"byte 0x{data[at]:02x}, which is not {name}",
        expected="UTF-8, or UTF-16 with a byte order mark",
        remedy='Save as UTF-8, or declare the encoding, such as encoding = "cp949" or "cp1252".',
    )


def _refuse_controls(text: str, place: str) -> None:
    hit = _CONTROL.search(text)
    if hit is None:
        return
    wide = text.count("\0") > len(text) // 4
    row = text.count("\n", 0, hit.start()) + 1
    raise FormatError(
        f"{place}, row {row}",
        found="UTF-16 without a byte order mark" if wide else
              f"a control character (U+{ord(hit.group()):04X})",
        expected="printable text",
        remedy='Declare encoding = "utf-16-le" (or -be), or save as UTF-8.' if wide else
               "Remove it; the file may be damaged.",
    )  # fmt: skip


def _separator(lines: Sequence[str], place: str) -> str:
    """The separator that splits every row into the same number of cells, two or more."""
    trial = lines[:_TRIAL_LINES]
    present = [s for s in SEPARATORS if s in trial[0]]
    fitting = [s for s in present if _splits_alike(trial, s)]
    choice = fitting or present
    if len(choice) == 1:
        return choice[0]
    if not choice:
        raise FormatError(f"{place}, row 1", found=f"one cell: {trial[0][:60]!r}",
                          expected="column labels separated by , ; | or tab",
                          remedy="Remove title lines; the first row holds the labels.")  # fmt: skip
    names = " and ".join(_SEPARATOR_NAMES[s] for s in choice)
    raise FormatError(
        place,
        found=f"{names} in row 1, and rows that {'each' if fitting else 'none'} splits alike",
        expected="one separator between cells",
        remedy='Declare it, such as separator = ";".',
    )


def _splits_alike(lines: Sequence[str], separator: str) -> bool:
    try:
        sheet = Sheet("", lines, separator, ())
        return len(sheet.header) > 1 and all(True for _ in sheet)
    except FormatError:
        return False


def _cells(cells: Sequence[str]) -> str:
    return f"{len(cells)} cell{'s' if len(cells) != 1 else ''}"
