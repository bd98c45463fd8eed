"""CSV with thousands of columns, read in one pass: a row is a label and then numbers only.

Each piece of the file becomes one column of text with a number a line, which Arrow reads at the
speed of the disk, row after row as the arrays lie in memory. Whatever is not plain there is left
to the exact reader of `_csv`, which understands more spellings and names the cell of every fault.
"""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

import numpy as np

from servio.errors import FormatError
from servio.sources import _csv, _guard
from servio.sources._matrix import Array, NumberFormat
from servio.table import Note

__all__ = ["Block", "Text", "Wide", "first_lines", "read", "texts"]

_PIECE = 2**19
_LONGEST_ROW = 2**26
_HEAD = 2**19
_SEPARATORS = bytes.maketrans(b",", b"\n")
_BOM = b"\xef\xbb\xbf"

Block = tuple[list[str], Array]
T = TypeVar("T")


class _OddError(Exception):
    """Not plain comma-separated ASCII with a number in every cell."""


@dataclass(frozen=True)
class Text:
    """A CSV file, or one inside a zip archive; it can be read from its start again.

    Parameters
    ----------
    path : Path
    member : str
        Name inside the archive; "" for a plain file.
    """

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """Bare name of the CSV file."""
        return self.member.rpartition("/")[2] or self.path.name

    @property
    def place(self) -> str:
        """The file in messages."""
        return f"{self.path.name}, {self.member}" if self.member else self.path.name

    def open(self) -> IO[bytes]:
        """A stream of its bytes; a member's checksum is compared at its end."""
        if not self.member:
            return self.path.open("rb")
        with zipfile.ZipFile(self.path) as archive:
            return archive.open(self.member)

    def content(self) -> bytes:
        """All bytes."""
        if not self.member:
            return _guard.read_bytes(self.path)
        with self.open() as stream:
            data = stream.read(_guard.MAX_TEXT_BYTES + 1)
        if len(data) > _guard.MAX_TEXT_BYTES:
            raise FormatError(self.place, found="more than 1 GiB", expected="at most 1 GiB",
                              remedy="Get the file again from its publisher.")  # fmt: skip
        return data


@dataclass(frozen=True)
class Wide:
    """Labels of the columns, and the rows in blocks of (labels, numbers).

    Parameters
    ----------
    text : Text
    corner : str
        The first cell.
    columns : tuple of str
    notes : tuple of Note
    blocks : iterator of (list of str, array (k, columns))
        Finite numbers. It can be gone through once.
    """

    text: Text
    corner: str
    columns: tuple[str, ...]
    notes: tuple[Note, ...]
    blocks: Iterator[Block]

    @property
    def place(self) -> str:
        """The file in messages."""
        return self.text.place


def texts(path: Path) -> list[Text]:
    """The CSV files a path holds: itself, or those in a zip archive, by name."""
    kind = _guard.require_kind(path, _guard.Kind.TEXT, _guard.Kind.ZIP)
    if kind is _guard.Kind.TEXT:
        return [Text(path)]
    names = sorted(n for n in _guard.check_zip(path, crc=False) if _is_csv(n))
    if not names:
        raise FormatError(str(path), found="no CSV file inside", expected="tables as CSV",
                          remedy="Get the archive again from its publisher.")  # fmt: skip
    return [Text(path, name) for name in names]


def first_lines(path: Path) -> list[str]:
    """The first lines of a CSV file, or of the first one in a zip archive; none if it is neither.

    Only for a look at what a file is.
    """
    try:
        kind = _guard.sniff_kind(path)
        if kind is _guard.Kind.TEXT:
            text = Text(path)
        elif kind is _guard.Kind.ZIP:
            with zipfile.ZipFile(path) as archive:
                text = Text(path, next(n for n in sorted(archive.namelist()) if _is_csv(n)))
        else:
            return []
        with text.open() as stream:
            return stream.read(_HEAD).decode("latin-1").splitlines()
    except (OSError, StopIteration, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError,
            NotImplementedError, ValueError):  # fmt: skip
        return []


def read(text: Text, build: Callable[[Wide], T]) -> T:
    """What `build` makes of a file: from the quick reader, or else from the exact one.

    Parameters
    ----------
    text : Text
    build : callable
        It is called again from the start if the quick reader meets anything that is not plain.

    Raises
    ------
    ServioError
        What `build` raises, or the exact reader: a cell that is no number, a row of another
        length, an archive that is damaged.
    """
    try:
        try:
            with text.open() as stream:
                return build(_quick(text, stream))
        except _OddError:
            return build(_exact(text))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise FormatError(
            text.place,
            found=f"{_guard.Kind.BROKEN_ZIP}: {error}",
            expected="a whole archive",
            remedy="Download the file again.",
        ) from None


def _is_csv(name: str) -> bool:
    return name.lower().endswith(".csv") and not name.startswith("__MACOSX")


# -- exact -----------------------------------------------------------------------------------------


def _exact(text: Text) -> Wide:
    matrix = _csv.matrix_of(_csv.sheet_of(text.content(), text.place), NumberFormat())
    rows = list(matrix.rows)
    return Wide(text, "", matrix.columns, matrix.notes, iter([(rows, matrix.values)]))


# -- quick -----------------------------------------------------------------------------------------


def _quick(text: Text, stream: IO[bytes]) -> Wide:
    cells = _header(stream.readline(_LONGEST_ROW).removeprefix(_BOM))
    columns = tuple(cells[1:])
    if not columns or len(set(columns)) != len(columns) or not all(columns):
        raise _OddError
    return Wide(text, cells[0], columns, (), _blocks(stream, len(columns)))


def _header(line: bytes) -> list[str]:
    if not line.isascii():
        raise _OddError
    try:
        rows = list(csv.reader([line.decode("ascii").rstrip("\r\n")], strict=True))
    except csv.Error:
        raise _OddError from None
    return [cell.strip() for cell in rows[0]] if rows else []


def _blocks(stream: IO[bytes], width: int) -> Iterator[Block]:
    rest = b""
    while piece := stream.read(_PIECE):
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield _block(bytearray(rest + piece[:cut]), width)
        rest = piece[cut:] if cut else rest + piece
        if len(rest) > _LONGEST_ROW:
            raise _OddError
    if rest.strip():
        yield _block(bytearray(rest + b"\n"), width)


def _block(lines: bytearray, width: int) -> Block:
    """Labels and numbers of whole lines."""
    labels: list[str] = []
    raw = np.frombuffer(lines, np.uint8).view()
    start = 0
    while start < len(raw):
        end = lines.index(b"\n", start)
        comma = lines.find(b",", start, end)
        if comma < 0 or np.count_nonzero(raw[comma:end] == ord(",")) != width:
            raise _OddError
        labels.append(_label(bytes(raw[start:comma])))
        raw[start : comma + 1] = ord(" ")
        start = end + 1
    values = _numbers(lines.translate(_SEPARATORS), len(labels) * width)
    return labels, values.reshape(len(labels), width)


def _label(raw: bytes) -> str:
    raw = raw.strip()
    if raw.startswith(b'"') and raw.endswith(b'"'):
        raw = raw[1:-1].strip()
    if not raw.isascii() or b'"' in raw:
        raise _OddError
    return raw.decode("ascii")


def _numbers(body: bytearray, count: int) -> Array:
    """Numbers of text that holds one a line, all of them finite."""
    import pyarrow as pa
    import pyarrow.csv as arrow

    try:
        table = arrow.read_csv(
            pa.py_buffer(body),
            read_options=arrow.ReadOptions(
                column_names=["v"], use_threads=False, block_size=len(body) + 1
            ),
            parse_options=arrow.ParseOptions(
                quote_char=False, double_quote=False, ignore_empty_lines=False
            ),
            convert_options=arrow.ConvertOptions(
                column_types={"v": pa.float64()}, null_values=[], strings_can_be_null=False
            ),
        )
    except pa.ArrowException:
        raise _OddError from None
    values = np.concatenate([_plain(chunk) for chunk in table.column(0).chunks] or [np.empty(0)])
    if len(values) != count or table.column(0).null_count or not np.isfinite(values).all():
        raise _OddError
    values += 0.0
    return values


def _plain(chunk: object) -> Array:
    """The numbers of an Arrow array (``to_numpy`` would import pandas)."""
    buffer = chunk.buffers()[1]  # type: ignore[attr-defined]
    start: int = chunk.offset  # type: ignore[attr-defined]
    return np.frombuffer(buffer, np.float64)[start : start + len(chunk)]  # type: ignore[arg-type]
