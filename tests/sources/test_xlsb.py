"""Binary workbooks a row at a time: every record that holds a cell, and faulty files."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import python_calamine as calamine

import world_files as files
from servio.errors import FormatError
from servio.sources import _xlsb

RK = {"integer": 2, "hundredths": 3, "top": 0, "top hundredths": 1}


def cell(kind: int, column: int, content: bytes) -> tuple[int, bytes]:
    return kind, struct.pack("<II", column, 0) + content


def rk(value: float, form: str) -> bytes:
    if RK[form] & 2:
        return struct.pack("<i", int(value) << 2 | RK[form])
    (top,) = struct.unpack("<q", struct.pack("<d", value))
    return struct.pack("<I", top >> 32 & 0xFFFFFFFC | RK[form])


def row(number: int) -> tuple[int, bytes]:
    return 0, struct.pack("<IIHBBI", number, 0, 300, 0, 0, 0)


def text(value: str) -> bytes:
    return struct.pack("<I", len(value)) + value.encode("utf-16-le")


def book(
    path: Path, records: list[tuple[int, bytes]], strings: tuple[str, ...] = (), end: bool = True
) -> Path:
    """A workbook whose one sheet holds these records."""
    files.write_xlsb(path, [[1.0]], "2014")
    page = io.BytesIO()
    whole = [(129, b""), (148, struct.pack("<IIII", 0, 9, 0, 99)), (145, b""), *records]
    whole += [(146, b""), (130, b"")] if end else []
    for kind, content in whole:
        files._record(page, kind, content)
    table = io.BytesIO()
    for kind, content in (
        (159, struct.pack("<II", len(strings), len(strings))),
        *((19, b"\0" + text(one)) for one in strings),
        (160, b""),
    ):
        files._record(table, kind, content)
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["xl/worksheets/sheet1.bin"] = page.getvalue()
    if strings:
        parts["xl/sharedStrings.bin"] = table.getvalue()
        links = parts["xl/_rels/workbook.bin.rels"].decode()
        base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        parts["xl/_rels/workbook.bin.rels"] = links.replace(
            "</Relationships>",
            f'<Relationship Id="rId2" Type="{base}/sharedStrings" Target="sharedStrings.bin"/>'
            "</Relationships>",
        ).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return path


EVERY = [
    row(0),
    cell(7, 0, struct.pack("<I", 1)),
    cell(6, 1, text("in the cell")),
    cell(62, 2, b"\0" + text("rich") + struct.pack("<I", 0)),
    cell(1, 3, b""),
    row(2),
    cell(5, 0, struct.pack("<d", 0.1)),
    cell(2, 1, rk(-7, "integer")),
    cell(1, 2, b""),
    cell(2, 3, rk(12345, "hundredths")),
    cell(5, 4, struct.pack("<d", -2.5e300)),
    cell(2, 5, rk(1.5, "top")),
    cell(2, 6, rk(-3.0, "top hundredths")),
    (49, b"\0\0\0\0"),
    cell(9, 7, struct.pack("<d", 4.25) + b"\0\0" + b"\0" * 8),
    cell(8, 8, text("formula") + b"\0\0" + b"\0" * 8),
    cell(4, 9, b"\1"),
    cell(3, 10, b"\x17"),
    cell(5, 700, struct.pack("<d", 1.0)),
]
NUMBERS = {0: 0.1, 1: -7.0, 3: 123.45, 4: -2.5e300, 5: 1.5, 6: -0.03, 7: 4.25, 700: 1.0}


@pytest.mark.parametrize("piece", [1, 7, 64, 1 << 18])
def test_every_kind_of_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(_xlsb, "_PIECE", piece)
    path = book(tmp_path / "a.xlsb", EVERY, ("zero", "shared"))
    [(first, none, labels), (third, values, others)] = _xlsb.rows(path, "2014")
    assert (first, third) == (0, 2) and np.isnan(none).all()
    assert labels == {0: "shared", 1: "in the cell", 2: "rich"}
    assert {int(j): values[j] for j in np.flatnonzero(~np.isnan(values))} == NUMBERS
    assert others == {8: "formula", 9: True, 10: "error 23"} and len(values) == 701


def test_cells_are_those_of_another_reader(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsb", EVERY, ("zero", "shared"))
    sheet = calamine.CalamineWorkbook.from_path(path).get_sheet_by_name("2014")
    for number, values, others in _xlsb.rows(path, "2014"):
        cells = sheet.to_python(skip_empty_area=False)[number]
        for j, value in enumerate(values.tolist()):
            if j in others and j not in (10,) and not (number == 0 and j == 2):
                assert cells[j] == others[j]
            elif not np.isnan(value):
                assert cells[j] == value


def test_numbers_that_are_not_finite_are_told_from_blanks(tmp_path: Path) -> None:
    records = [row(0), cell(5, 0, struct.pack("<d", np.inf)), cell(5, 1, struct.pack("<d", np.nan)),
               cell(9, 2, struct.pack("<d", -np.inf) + b"\0" * 10)]  # fmt: skip
    [(_, values, others)] = _xlsb.rows(book(tmp_path / "a.xlsb", records), "2014")
    assert list(others) == [0, 1, 2] and others[0] == np.inf and others[2] == -np.inf
    assert not np.isfinite(values).any()


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([cell(5, 0, b"\0" * 8)], "before the first row"),
        ([row(3), row(3)], "row 4 after row 4"),
        ([row(3), row(1)], "row 2 after row 4"),
        ([row(1 << 20)], "row 1048577"),
        ([row(0), cell(5, 1 << 14, b"\0" * 8)], "column 16385"),
        ([row(0), cell(5, 2**32 - 1, b"\0" * 8)], "column 4294967296"),
        ([row(0), cell(6, 1 << 14, text("x"))], "column 16385"),
        ([row(0), cell(7, 0, struct.pack("<I", 5))], "can't be read"),
        ([row(0), cell(6, 0, struct.pack("<I", 2**31))], "text without end"),
        ([row(0), cell(6, 0, struct.pack("<I", 1) + b"\0\xd8")], "can't be read"),
        ([row(0), (16, b"\0" * 12)], "cells without columns"),
        ([row(0), (5, b"\0")], "can't be read"),
        ([row(0), (2, b"\0" * 8)], "can't be read"),
    ],
)
def test_records_that_are_not_right(
    tmp_path: Path, records: list[tuple[int, bytes]], found: str
) -> None:
    path = book(tmp_path / "a.xlsb", records)
    with pytest.raises(FormatError, match=found) as caught:
        list(_xlsb.rows(path, "2014"))
    assert "sheet '2014'" in caught.value.place


@pytest.mark.parametrize(
    ("last", "found"),
    [(b"", "before that of the sheet"), (b"\x05\x10abc", "the end within a record"),
     (b"\xff\xff\xff\xff\xff\xff", "no length"),
     (b"\x80\x01\xff\xff\xff\x7f", "without end|within")],
)  # fmt: skip
def test_sheet_that_is_cut_off(tmp_path: Path, last: bytes, found: str) -> None:
    path = book(tmp_path / "a.xlsb", [row(0)], end=False)
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["xl/worksheets/sheet1.bin"] += last
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    with pytest.raises(FormatError, match=found):
        list(_xlsb.rows(path, "2014"))


def test_no_such_sheet(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="sheets '2014'"):
        list(_xlsb.rows(book(tmp_path / "a.xlsb", []), "2013"))
