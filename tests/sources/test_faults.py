"""Bad input to the generic and the OECD reader: one short message that names place and remedy.

The names of the cases are those of the catalogue of faults: F files, L labels, V values, U units.
"""

from __future__ import annotations

import datetime
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import openpyxl
import pytest

from servio.errors import (
    MESSAGE_LIMIT,
    FormatError,
    InputError,
    LabelError,
    ServioError,
    UnitError,
    UsageError,
    ValueFault,
)
from servio.sources import _csv, _guard, _matrix, _xlsx, generic, oecd
from table_files import TWO, X2, Z2, block, describe


def fault(kind: type[ServioError], *words: str, reading: Callable[[], object]) -> str:
    """The message of the error that reading raises, checked for its shape."""
    with pytest.raises(kind) as caught:
        reading()
    error = caught.value
    text = str(error)
    assert error.exit_code == 2
    assert len(text) <= MESSAGE_LIMIT
    assert "\n" not in text
    for part in (error.place, error.found, error.expected, error.remedy):
        assert part.strip()
    for word in words:
        assert word in text, text
    return text


class Case(NamedTuple):
    name: str
    kind: type[ServioError]
    words: tuple[str, ...]
    files: dict[str, str | bytes]
    text: str = TWO


CELL = "row 2 (a), column 3 (b)"


def cell(value: str) -> dict[str, str | bytes]:
    """The two-sector square with another text in row a, column b."""
    return {"z": f",a,b\na,150,{value}\nb,200,100\n"}


CASES = [
    # files
    Case("F01 missing", FormatError, ("z2.csv", "Did you mean z.csv"), {},
         TWO.replace('"z.csv"', '"z2.csv"')),
    Case("F02 folder", FormatError, ("a folder",), {}, TWO.replace('"z.csv"', '"."')),
    Case("F03 empty", FormatError, ("z.csv", "0 bytes"), {"z": ""}),
    Case("F03 blank", FormatError, ("blank lines",), {"z": "\n\n"}),
    Case("F04 in a row", FormatError, ("row 3", "2 cells", "3, as in row 1"),
         {"z": ",a,b\na,150,500\nb,200"}),
    Case("F04 after a row", FormatError, ("1 rows", "expected 2 rows", "cut off"),
         {"z": ",a,b\na,150,500\n"}),
    Case("F04 header alone", FormatError, ("0 rows",), {"z": ",a,b\n"}),
    Case("F06 web page", FormatError, ("an HTML page", "download"), {"z": "<!DOCTYPE html><p>"}),
    Case("F06 PDF", FormatError, ("a PDF",), {"z": b"%PDF-1.4"}),
    Case("F06 pointer", FormatError, ("Git LFS",),
         {"z": "version https://git-lfs.github.com/spec/v1\n"}),
    Case("F06 workbook", FormatError, (".xls",),
         {"z": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)}),
    Case("F07 cp949", FormatError, ("byte 2, row 1", 'encoding = "cp949"'),
         {"z": ",농,b\n농,1,2\nb,3,4\n".encode("cp949")}),
    Case("F07 later row", FormatError, ("row 3", "0xb3"),
         {"z": b",a,b\na,1,2\n" + "농,3,4\n".encode("cp949")}),
    Case("F07 utf-16 unmarked", FormatError, ("UTF-16 without",), {"z": Z2.encode("utf-16-le")}),
    Case("F07 unknown encoding", UsageError, ("klingon",), {}, TWO + 'encoding = "klingon"\n'),
    Case("F07 code in a codec", UsageError, ("unicode_escape",), {},
         TWO + 'encoding = "unicode_escape"\n'),
    Case("F07 other mark", FormatError, ("utf-16 byte order mark",),
         {"z": Z2.encode("utf-16"), "x": X2}, TWO + 'encoding = "cp949"\n'),
    Case("F09 two separators", FormatError, ("comma and semicolon",),
         {"z": ",a;b,c;d\n" * 4}),
    Case("F09 no separator", FormatError, ("row 1", "one cell"), {"z": "a b\n1 2\n"}),
    Case("F09 declared wrongly", UsageError, ("separator", "'#'"), {}, TWO + 'separator = "#"\n'),
    Case("F10 decimal comma", FormatError, ("'500,5'", "decimal"),
         {"z": ";a;b\na;150;500,5\nb;200;100\n"}),
    Case("F10 thousands", FormatError, (CELL, "'1,500'", "thousands"), cell('"1,500"')),
    Case("F10 space", FormatError, ("'1 500'",), cell("1 500")),
    Case("F10 apostrophe", FormatError, ("\"1'500\"",), cell("1'500")),
    Case("F10 groups of two", FormatError, ("'1,50'",),
         {**cell('"1,50"')}, TWO + 'thousands = ","\n'),
    Case("F10 point where comma is declared", FormatError, ("'1.5'",),
         {"z": ";a;b\na;1;1.5\nb;2;1\n"}, TWO + 'decimal = ","\n'),
    Case("F10 bad declaration", UsageError, ("decimal",), {}, TWO + 'decimal = "x"\n'),
    Case("F11 quote open", FormatError, ("row 2", "quotes"), {"z": ',a,b\n"a,150,500\nb,1,2\n'}),
    Case("F11 line break in a cell", FormatError, ("row 2", "quotes"),
         {"z": ',a,b\n"a\nc",150,500\nb,1,2\n'}),
    Case("F11 text after a quote", FormatError, ("row 2", "quotes"),
         {"z": ',a,b\n"a"x,150,500\nb,1,2\n'}),
    Case("F12 NUL", FormatError, ("row 2", "U+0000"), cell("5\x0000")),
    Case("F12 control", FormatError, ("row 2", "U+001B"), cell("5\x1b")),
    Case("F13 more cells", FormatError, ("row 3", "4 cells"), {"z": ",a,b\na,1,2\nb,3,4,5\n"}),
    Case("F14 title line", FormatError, ("row 1", "title lines"), {"z": "Table 1\n" + Z2}),
    Case("F14 title line with empty cells", FormatError, ("row 1, column 2", "no label"),
         {"z": "Table 1,,\n" + Z2}),
    Case("F14 second header row", ValueFault, ("row 2", "'name'"),
         {"z": ",a,b\n,name,name\na,1,2\nb,3,4\n"}),
    Case("F14 unit row", FormatError, ("row 2", "no label"), {"z": ",a,b\n,1,2\na,1,2\nb,3,4\n"}),
    Case("F15 error text", ValueFault, (CELL, "#REF!", "formula"), cell("#REF!")),
    Case("F16 date for a code", FormatError, ("column 2", "'2-Jan'", "date"),
         {"z": ",2-Jan,b\n2-Jan,1,2\nb,3,4\n"}),
    Case("F16 date in a cell", ValueFault, (CELL, "a date"), cell("2024-01-02")),
    Case("L05 mangled code", FormatError, ("1.00E+01",), {"z": ",1.00E+01,b\n1.00E+01,1,2\nb,3,4"}),
    Case("F17 overflow", ValueFault, (CELL, "1e400"), cell("1e400")),
    Case("F17 hex", ValueFault, (CELL, "'0x1A'"), cell("0x1A")),
    Case("F17 underscore", ValueFault, (CELL, "'1_000'"), cell("1_000")),
    Case("F17 other digits", ValueFault, (CELL, "text"), cell("１２")),
    Case("F22 outside", FormatError, ("Z", "'../z.csv'"), {}, TWO.replace('"z.csv"', '"../z.csv"')),
    Case("F22 absolute", FormatError, ("/etc/passwd",), {},
         TWO.replace('"z.csv"', '"/etc/passwd"')),
    Case("F25 pickle", FormatError, ("pickle",), {"z": b"\x80\x04\x95\x00\x00"}),
    Case("F25 NumPy", FormatError, ("NumPy",), {"z": b"\x93NUMPY\x01\x00"}),
    Case("F25 R data", FormatError, ("R data",), {"z": b"RDX3\nX\n\0\0"}),
    # labels
    Case("L01 order", LabelError, ("column 1", "'b'", "'a'", "align = true"),
         {"z": ",b,a\na,1,2\nb,3,4\n"}),
    Case("L01 order of x", LabelError, ("x.csv", "align = true"), {"x": ",x\nb,1\na,2\n"}),
    Case("L02 column twice", LabelError, ("'a'", "column 2", "column 3"),
         {"z": ",a,a\na,1,2\nb,3,4"}),
    Case("L02 row twice", LabelError, ("'a'", "row 2", "row 3"), {"z": ",a,b\na,1,2\na,3,4\n"}),
    Case("L03 one side", LabelError, ("'b'", "'c'"), {"z": ",a,c\na,1,2\nb,3,4\n"}),
    Case("L03 in x", LabelError, ("x.csv", "'c'"), {"x": ",x\na,1000\nc,2000\n"}),
    Case("L04 Cyrillic", LabelError, ("CYRILLIC", "row 3"),
         {"z": ",a,A01\na,1,2\n\u041001,3,4\n"}),
    Case("L04 full width", LabelError, ("U+FF21",), {"z": ",a,A01\na,1,2\nＡ01,3,4\n"}),
    Case("L04 capitals", LabelError, ("capitals",), {"z": ",a,B\na,1,2\nb,3,4\n"}),
    Case("L05 leading zero lost", LabelError, ("Leading zeros",), {"z": ",01,2\n1,1,2\n2,3,4\n"}),
    Case("L06 not in the classification", LabelError, ("'Z99'", "isic4_wiod56"),
         {"z": block(["A01", "Z99"], ["A01", "Z99"], [[1, 2], [3, 4]])},
         TWO + 'classification = "isic4_wiod56"\n'),
    Case("L06 unknown classification", UsageError, ("isic4_wiod56",), {},
         TWO + 'classification = "isic4_wiod65"\n'),
    Case("L06 group", LabelError, ("'bb'", "line 5", "Did you mean b"), {},
         TWO + '[groups]\nservices = ["bb"]\n'),
    Case("L12 products as industries", LabelError, ("CPA_A01", "product-by-product"),
         {"z": block(["CPA_A01", "CPA_A02", "CPA_B"], ["CPA_A01", "CPA_A02", "CPA_B"],
                     [[1, 2, 3]] * 3)},
         TWO + 'classification = "nace2_64"\nkind = "industry-by-industry"\n'),
    Case("L13 two revisions", LabelError, ("Rev.3", "Rev.4"),
         {"z": block(["AtB", "C10-C12", "15t16"], ["AtB", "C10-C12", "15t16"], [[1, 2, 3]] * 3)}),
    Case("L13 named, other revision", LabelError, ("'AtB'", "isic3_wiod35"),
         {"z": block(["A01", "AtB"], ["A01", "AtB"], [[1, 2]] * 2)},
         TWO + 'classification = "isic4_wiod56"\n'),
    Case("L14 empty group", LabelError, ("services", "no label"), {},
         TWO + "[groups]\nservices = []\n"),
    Case("label empty", FormatError, ("row 3", "no label"), {"z": ",a,b\na,1,2\n,3,4\n"}),
    Case("country missing", LabelError, ("'DEUA'", "country_separator"),
         {"z": block(["KOR_A", "DEUA"], ["KOR_A", "DEUA"], [[1, 2]] * 2)},
         TWO + 'country_separator = "_"\n'),
    # values
    Case("V01 NaN", ValueFault, (CELL, "nan"), cell("nan")),
    Case("V01 empty", ValueFault, (CELL, "an empty cell", "missing"), cell("")),
    Case("V02 inf", ValueFault, (CELL, "-inf"), cell("-inf")),
    Case("V03 text", ValueFault, (CELL, "'abc', text"), cell("abc")),
    *(Case(f"V04 {mark}", ValueFault, (CELL, "missing", f'"{mark}" = "zero"'), cell(mark))
      for mark in (":", "..", "c", "-", "n.a.", "***")),
    Case("V04 other meaning", UsageError, ("'nan'", "zero"), {},
         TWO + 'missing = {":" = "nan"}\n'),
    Case("V05 too many negative flows", ValueFault, ("negative flows", "5%"),
         cell("-300")),
    Case("V10 flows without output", ValueFault, ("output 0",), {"x": ",x\na,1000\nb,0\n"}),
    Case("V12 above the limit", InputError, ("miss output", "0.01"),
         {"y": block("ab", ["households"], [350, 1600])},
         TWO + 'Y = "y.csv"\nbalance_limit = 0.01\n'),
    Case("V14 total in both", LabelError, ("'TOTAL'", "totals"),
         {"z": ",a,b,TOTAL\na,1,2,3\nb,3,4,7\nTOTAL,4,6,10\n"}),
    Case("V14 total by its numbers", LabelError, ("'s'", "totals"),
         {"z": ",a,b,s\na,1,2,3\nb,3,4,7\ns,4,6,10\n"}),
    Case("V14 total row", LabelError, ("'TOTAL'", "totals"),
         {"z": ",a,b\na,1,2\nb,3,4\nTOTAL,4,6\n"}),
    Case("V14 in Y", LabelError, ("'all'", "sum of the others"),
         {"y": block("ab", ["h", "g", "all"], [[1, 2, 3], [4, 5, 9]])}, TWO + 'Y = "y.csv"\n'),
    Case("V14 in V", LabelError, ("'Output'", "a total"),
         {"v": block(["wages", "Output"], "ab", [[1, 2], [3, 5]])}, TWO + 'V = "v.csv"\n'),
    Case("V14 in x", LabelError, ("'Total'",), {"x": ",x\na,1000\nb,2000\nTotal,3000\n"}),
    Case("V17 zeros", ValueFault, ("nothing but zeros",), {"z": ",a,b\na,0,0\nb,0,0\n"}),
    Case("negative output", ValueFault, ("output of a", "-5"), {"x": ",x\na,-5\nb,2000\n"}),
    Case("V total flows under imports", ValueFault, ("imports 600 of a total flow 500",),
         {"m": block("ab", "ab", [[1, 600], [1, 1]])},
         TWO + 'imports = "m.csv"\nflows = "total"\n'),
    # units and years
    Case("U06 imports column beside imports", UnitError, ('flows = "total"',),
         {"y": block("ab", ["h", "imports"], [[500, -150], [1800, -100]]),
          "m": block("ab", "ab", [[1, 2], [3, 4]])},
         TWO + 'Y = "y.csv"\nimports = "m.csv"\n'),
    Case("U08 year twice", UnitError, ("2014 twice",), {},
         '[table]\nyears = [2014, 2014]\nZ = "z_{year}.csv"\nx = "x.csv"\n'),
    Case("F29 year of the series missing", FormatError, ("z_2015.csv",), {"z_2014": Z2},
         '[table]\nyears = [2014, 2015]\nZ = "z_{year}.csv"\nx = "x.csv"\n'),
    Case("year as text", FormatError, ("line 4, year", "a year"), {}, TWO + 'year = "2014"\n'),
    Case("year out of range", UnitError, ("20144",), {}, TWO + "year = 20144\n"),
    Case("years without a place", FormatError, ("{year}",), {}, TWO + "years = [2014]\n"),
    Case("a place without years", FormatError, ("no year",), {},
         '[table]\nZ = "z{year}.csv"\nx = "x.csv"'),
    # the description
    Case("TOML", FormatError, ("line 2", "column"), {}, '[table]\nZ = z.csv\n'),
    Case("TOML end", FormatError, ("table.toml",), {}, '[table]\nZ = "z.csv'),
    Case("unknown key", UsageError, ("line 4", "'currencyy'", "Did you mean currency"), {},
         TWO + 'currencyy = "USD"\n'),
    Case("unknown section", UsageError, ("line 4", "'group'", "groups"), {},
         TWO + "[group]\na = []\n"),
    Case("key twice", FormatError, ("Z twice",), {}, TWO + '[files]\nZ = "z.csv"\n'),
    Case("no Z", FormatError, ("no key Z",), {}, '[table]\nx = "x.csv"\n'),
    Case("Z alone", FormatError, ("Z alone",), {}, '[table]\nZ = "z.csv"\n'),
    Case("wrong type", FormatError, ("line 2, Z", "list"), {}, '[table]\nZ = ["z.csv"]\n'),
    Case("section as text", FormatError, ("groups",), {}, 'groups = "a"\n' + TWO),
    Case("nested too deep", FormatError, ("table.toml",), {}, TWO + "x2 = " + "[" * 5000),
    Case("unknown flows", UsageError, ("'totall'", "Did you mean total"), {},
         TWO + 'flows = "totall"\n'),
    Case("world of one country", UsageError, ("world",), {}, TWO + 'flows = "world"\n'),
    Case("unknown role", UsageError, ("'hh'", "household"),
         {"y": block("ab", ["h"], [1, 2])}, TWO + 'Y = "y.csv"\n[demand_roles]\nh = "hh"\n'),
    Case("role of no column", LabelError, ("'g'", "column of Y"),
         {"y": block("ab", ["h"], [1, 2])}, TWO + 'Y = "y.csv"\n[demand_roles]\ng = "household"\n'),
    Case("imports_final alone", FormatError, ("imports_final alone",),
         {"m": block("ab", "ab", [[1, 2], [3, 4]])}, TWO + 'imports_final = "m.csv"\n'),
    Case("x with two columns", FormatError, ("2 columns",), {"x": ",x,y\na,1,2\nb,3,4\n"}),
    Case("satellite without file", FormatError, ("employment",), {},
         TWO + '[satellites]\nemployment = {unit = "persons"}\n'),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_generic(tmp_path: Path, case: Case) -> None:
    path = describe(tmp_path, case.text, **{"z": Z2, "x": X2, **case.files})
    fault(case.kind, *case.words, reading=lambda: generic.parse(path))
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        {"table.toml", "z.csv", "x.csv", *(f"{name}.csv" for name in case.files)}
    )


def test_f01_no_description(tmp_path: Path) -> None:
    fault(FormatError, "table.toml", reading=lambda: generic.parse(tmp_path))
    path = tmp_path / "z.csv"
    path.write_text(Z2)
    fault(FormatError, "TOML", "docs/generic-tables.md", reading=lambda: generic.parse(path))


def test_description_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "table.toml"
    path.write_bytes(b'[table]\ntitle = "\xb3\xeb"\n')
    fault(FormatError, "line 2", "UTF-8", reading=lambda: generic.parse(path))


def test_f19_change_while_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = describe(tmp_path, TWO, z=Z2, x=X2)
    complete = generic._Reading._complete

    def slowly(self: generic._Reading, *parts: object) -> object:
        (tmp_path / "z.csv").write_text(Z2.replace("150", "151"))
        return complete(self, *parts)

    monkeypatch.setattr(generic._Reading, "_complete", slowly)
    fault(FormatError, "z.csv", "changed while", reading=lambda: generic.parse(path))


def test_f20_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = tmp_path / "wide.csv"
    wide.write_text("," + ",".join(map(str, range(20_000))) + "\n")
    fault(FormatError, "20000 columns", reading=lambda: _csv.read_matrix(wide))
    monkeypatch.setattr(_matrix, "MAX_CELLS", 3)
    path = describe(tmp_path, TWO, z=Z2, x=X2)
    fault(FormatError, "2 rows x 2 columns", reading=lambda: generic.parse(path))
    with wide.open("wb") as file:
        file.truncate(_guard.MAX_TEXT_BYTES + 1)
        file.seek(0)
        file.write(b",a\na,1\n" * 2000)
    fault(FormatError, "GiB", reading=lambda: _csv.read_matrix(wide))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_f26_pipe_as_a_file_of_the_table(tmp_path: Path) -> None:
    path = describe(tmp_path, TWO, x=X2)
    os.mkfifo(tmp_path / "z.csv")
    fault(FormatError, "a pipe", reading=lambda: generic.parse(path))


# -- workbooks -------------------------------------------------------------------------------------

BOOK = '[table]\nZ = "book.xlsx#Z"\nx = "x.csv"\n'


def workbook(folder: Path, change: Callable[[openpyxl.Workbook], object]) -> Path:
    """A description of a workbook with the two-sector square, changed."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Z"
    for row in ([None, "a", "b"], ["a", 150, 500], ["b", 200, 100]):
        sheet.append(row)
    change(book)
    book.save(folder / "book.xlsx")
    return describe(folder, BOOK, x=X2)


def set_cell(name: str, value: object) -> Callable[[openpyxl.Workbook], object]:
    return lambda book: book["Z"].__setitem__(name, value)


BOOKS = [
    ("F14 merged header", FormatError, ("cell C1", "no label"), set_cell("C1", None)),
    ("F14 title", FormatError, ("cell B1", "title lines"),
     lambda book: (book["Z"].insert_rows(1), set_cell("A1", "Table 1")(book), None)),
    ("F15 sheet", FormatError, ("no such sheet", "Z"),
     lambda book: setattr(book["Z"], "title", "Zz")),
    ("F15 formula without value", ValueFault, ("cell C2", "formula without"),
     set_cell("C2", "=1+1")),
    ("F15 error", ValueFault, ("cell C2", "#REF!"), set_cell("C2", "#REF!")),
    ("F16 number as text", FormatError, ("cell C2", "stored as text"), set_cell("C2", "500")),
    ("F16 date as code", FormatError, ("cell A2", "2024-01-02"),
     set_cell("A2", datetime.date(2024, 1, 2))),
    ("F16 date as number", ValueFault, ("cell C2", "date"),
     set_cell("C2", datetime.date(2024, 1, 2))),
    ("F16 truth", ValueFault, ("cell C2", "True"), set_cell("C2", True)),
    ("L05 code as a number", FormatError, ("cell A2", "1.1"), set_cell("A2", 1.1)),
    ("V01 empty", ValueFault, ("cell C2", "an empty cell"), set_cell("C2", None)),
    ("V03 text", ValueFault, ("cell C2", "'abc'"), set_cell("C2", "abc")),
    ("V04 mark", ValueFault, ("cell C2", "':'"), set_cell("C2", ":")),
    ("F24 far cell", FormatError, ("XFD1048576", "at most"), set_cell("XFD1048576", 1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "words", "change"), [b[1:] for b in BOOKS], ids=[b[0] for b in BOOKS]
)
def test_workbooks(
    tmp_path: Path,
    kind: type[ServioError],
    words: tuple[str, ...],
    change: Callable[[openpyxl.Workbook], object],
) -> None:
    path = workbook(tmp_path, change)
    fault(kind, *words, reading=lambda: generic.parse(path))


def test_several_sheets_need_a_name(tmp_path: Path) -> None:
    workbook(tmp_path, lambda book: book.create_sheet("other"))
    path = describe(tmp_path, BOOK.replace("#Z", ""), x=X2)
    fault(FormatError, "['Z', 'other']", reading=lambda: generic.parse(path))


def test_f15_a_hidden_sheet_is_noted(tmp_path: Path) -> None:
    def hide(book: openpyxl.Workbook) -> None:
        book.create_sheet("shown")
        book["Z"].sheet_state = "hidden"

    (bundle,) = generic.parse(workbook(tmp_path, hide))
    assert "hidden-sheet" in [note.code for note in bundle.infos[0].notes]


def test_formats_far_away_do_not_make_a_sheet_large(tmp_path: Path) -> None:
    def format_far_cell(book: openpyxl.Workbook) -> None:
        book["Z"]["XFD1048576"].font = openpyxl.styles.Font(bold=True)

    (bundle,) = generic.parse(workbook(tmp_path, format_far_cell))
    assert bundle.arrays["Z"].shape == (1, 2, 2)


@pytest.mark.parametrize("empty", [b"/>", b" />", b"></c>"])
def test_cells_without_content_do_not_make_a_sheet_large(
    tmp_path: Path, empty: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(name: str, content: bytes) -> bytes:
        far = b'<row r="1048576"><c r="XFD1048576" s="1"' + empty + b"</row></sheetData>"
        return content.replace(b"</sheetData>", far)

    path = repacked(tmp_path, change)
    for chunk in (2**20, 64, 7):
        monkeypatch.setattr(_xlsx, "_CHUNK", chunk)
        (bundle,) = generic.parse(path)
        assert bundle.arrays["Z"].shape == (1, 2, 2)


def repacked(folder: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The workbook with the bytes of its members changed."""
    path = workbook(folder, lambda book: None)
    with zipfile.ZipFile(folder / "book.xlsx") as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(folder / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, change(name, content))
    return path


def test_f23_entities(tmp_path: Path) -> None:
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'

    def change(name: str, content: bytes) -> bytes:
        return evil + re.sub(rb"^<\?xml.*?\?>", b"", content) if "sheet1" in name else content

    path = repacked(tmp_path, change)
    fault(FormatError, "XML", reading=lambda: generic.parse(path))


def test_f05_cut_and_flipped_workbooks(tmp_path: Path) -> None:
    path = workbook(tmp_path, lambda book: None)
    book = tmp_path / "book.xlsx"
    whole = book.read_bytes()
    book.write_bytes(whole[:-300])
    fault(FormatError, "damaged or cut-off", reading=lambda: generic.parse(path))
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook>")
    fault(FormatError, "workbook", reading=lambda: generic.parse(path))


def test_f06_f18_what_is_no_workbook(tmp_path: Path) -> None:
    path = workbook(tmp_path, lambda book: None)
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    (tmp_path / "book.xlsx").write_bytes(old + "EncryptedPackage".encode("utf-16-le"))
    fault(FormatError, "password", reading=lambda: generic.parse(path))
    (tmp_path / "book.xlsx").write_text(Z2)
    fault(FormatError, "found text", ".xlsx", reading=lambda: generic.parse(path))


def test_f21_bomb(tmp_path: Path) -> None:
    path = repacked(tmp_path, lambda name, c: c + b" " * 2**25 if "sheet1" in name else c)
    fault(FormatError, "times the file's size", reading=lambda: generic.parse(path))


# -- OECD ------------------------------------------------------------------------------------------


def test_oecd_faults(tmp_path: Path) -> None:
    from oecd_files import lines, write

    def changed(change: Callable[[list[str]], list[str]]) -> Path:
        path = tmp_path / "KOR2022ttl.csv"
        path.write_text("\n".join(change(lines())) + "\n")
        return path

    def reading(change: Callable[[list[str]], list[str]]) -> Callable[[], object]:
        return lambda: oecd.parse(changed(change))

    assert oecd.parse(write(tmp_path / "KOR2022ttl.csv"))
    fault(FormatError, "OUTPUT", "cut off", reading=reading(lambda t: t[:-1]))
    fault(FormatError, "49 industries", reading=reading(lambda t: t[:5] + t[6:]))
    fault(FormatError, "row 3", "cells", reading=reading(lambda t: [*t[:2], t[2][:-40], *t[3:]]))
    fault(LabelError, "A03", "A02",
          reading=reading(lambda t: [*t[:2], t[3], t[2], *t[4:]]))  # fmt: skip
    fault(LabelError, "rows TTL_", "A99",
          reading=reading(lambda t: [line.replace("TTL_A03", "TTL_A99") for line in t]),
          )  # fmt: skip
    fault(LabelError, "'AUS_A01'",
          reading=reading(lambda t: [line.replace("TTL_", "AUS_") for line in t]))  # fmt: skip
    fault(LabelError, "'HFCX'", "Did you mean HFCE",
          reading=reading(lambda t: [t[0].replace("HFCE", "HFCX"), *t[1:]]))  # fmt: skip
    fault(LabelError, "twice", reading=reading(lambda t: [*t[:3], t[2], *t[3:]]))
    fault(ValueFault, "row 3 (TTL_A02)", "column 2 (A01)", "text",
          reading=reading(lambda t: [*t[:2], t[2].replace(",", ",5x", 1), *t[3:]]))  # fmt: skip
