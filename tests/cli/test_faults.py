"""Every way a file can be wrong, as a user meets it: one line on stderr, exit code 2, no litter.

Names of the cases are those of the catalogue of faults: F files, L labels, V values, U units,
M machine. Readers' own tests go through more variants; here each fault goes through the command.

Not here, and why:

====  ==============================================================================================
F04   A number cut off at the very end of a file, "10" of "100", looks whole: the balance shows it
      (V12). Cut in a row or after rows: here.
F21   10^6 members and nested archives: refused by the same look at the directory (test_guard).
L07   A correspondence with faults: correspondences are files of the package (test_correspondence).
L08   Many-to-many bridge: the same.
L09   Aggregation that mixes: no command aggregates labels.
L10   Split countries of ICIO: no reader for ICIO yet.
L11   Rest of the world missing: WIOD 2013 is refused without it (L03); a table of one's own may
      cover what it likes.
V18   Exit code 3, in this file.
V20   Overflow of whole numbers: read as float64 (test_wiod2013).
U05   Exchange rates: no command converts.
====  ==============================================================================================
"""

from __future__ import annotations

import datetime
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import oecd_files
import wiod_files
from commands import Run, refused
from servio.sources import _worker
from table_files import X2, Z2, block, describe

OWN = '[table]\nZ = "z.csv"\nx = "x.csv"\n[groups]\nservices = ["b"]\nmanufacturing = ["a"]\n'
NIOT = "KOR_NIOT_nov16.xlsx"
OECD = "KOR2022ttl.csv"
PARQUET = "wiot_2009.parquet"
WORLD = "wiot09_row_sep12.xlsx"
CELL = "row 2 (a), column 3 (b)"


class Refused(NamedTuple):
    """A fault, how it is made in an empty folder (the path to measure), words of the message."""

    name: str
    make: Callable[[Path], object]
    words: tuple[str, ...]
    options: tuple[str, ...] = ()


@pytest.fixture(scope="session", autouse=True)
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sound files in the published layouts, which the cases spoil."""
    folder = tmp_path_factory.mktemp("originals")
    wiod_files.write_national(folder / NIOT)
    wiod_files.write_world_parquet(folder / PARQUET)
    wiod_files.write_world_workbook(folder / WORLD)
    oecd_files.write(folder / OECD)
    Refused.originals = folder  # type: ignore[attr-defined]
    return folder


def original(name: str) -> Path:
    return Refused.originals / name  # type: ignore[attr-defined,no-any-return]


# -- how files are spoilt --------------------------------------------------------------------------


def own(text: str = OWN, **files: str | bytes) -> Callable[[Path], Path]:
    """A table of one's own with some of its files changed."""
    return lambda folder: describe(folder, text, **{"z": Z2, "x": X2, **files})


def cell(value: str) -> Callable[[Path], Path]:
    return own(z=f",a,b\na,150,{value}\nb,200,100\n")


def keyed(text: str, **files: str | bytes) -> Callable[[Path], Path]:
    """A table of one's own with more keys in its description."""
    return own(OWN.replace("[groups]", f"{text}\n[groups]"), **files)


def square(labels: list[str], text: str = "") -> Callable[[Path], Path]:
    n = len(labels)
    files = {"z": block(labels, labels, np.eye(n)), "x": block(labels, ["x"], [9] * n)}
    return lambda folder: describe(folder, f'[table]\nZ = "z.csv"\nx = "x.csv"\n{text}\n', **files)


def content(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def spoilt(name: str, change: Callable[[bytes], bytes], new: str = "") -> Callable[[Path], Path]:
    """A published file with other bytes, perhaps under another name."""
    return lambda folder: content(new or name, change(original(name).read_bytes()))(folder)


def renamed(name: str, new: str) -> Callable[[Path], Path]:
    return spoilt(name, lambda data: data, new)


def lines(change: Callable[[list[str]], list[str]]) -> Callable[[Path], Path]:
    """The OECD file with other lines."""

    def changed(data: bytes) -> bytes:
        return ("\n".join(change(data.decode().splitlines())) + "\n").encode()

    return spoilt(OECD, changed)


def replaced(old: str, new: str) -> Callable[[Path], Path]:
    return lines(lambda text: [line.replace(old, new) for line in text])


def sheet(cell: str, inside: str, kind: str = "") -> Callable[[Path], Path]:
    """The WIOD workbook with another content of one cell."""
    return lambda folder: wiod_files.edit(original(NIOT), folder / NIOT, cell, inside, kind)


def sheet_text(change: Callable[[str], str]) -> Callable[[Path], Path]:
    return lambda folder: wiod_files.rewrite(
        original(NIOT), folder / NIOT, wiod_files.SHEET, change
    )


def member(name: str, **changes: object) -> Callable[[Path], Path]:
    """The WIOD workbook with one more member in its archive."""

    def make(folder: Path) -> Path:
        path = renamed(NIOT, NIOT)(folder)
        info = zipfile.ZipInfo(name)
        for key, value in changes.items():
            setattr(info, key, value)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(info, b"x")
        return path

    return make


def bomb(folder: Path) -> Path:
    path = book(lambda made: None)(folder)
    with zipfile.ZipFile(folder / "book.xlsx", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", bytes(2**25))
    return path


def columns(change: Callable[[dict[str, pa.Array]], object]) -> Callable[[Path], Path]:
    """The WIOD Parquet file with other columns."""

    def make(folder: Path) -> Path:
        table = pq.read_table(original(PARQUET))
        named = {name: table.column(name).combine_chunks() for name in table.column_names}
        change(named)
        pq.write_table(pa.table(named), folder / PARQUET)
        return folder / PARQUET

    return make


def with_value(column: str, value: float) -> Callable[[Path], Path]:
    def change(named: dict[str, pa.Array]) -> None:
        values = named[column].to_numpy(zero_copy_only=False).astype(float)
        values[7] = value
        named[column] = pa.array(values)

    return columns(change)


def book(change: Callable[[openpyxl.Workbook], object]) -> Callable[[Path], Path]:
    """A table of one's own in a workbook, changed."""

    def make(folder: Path) -> Path:
        made = openpyxl.Workbook()
        page = made.active
        assert page is not None
        page.title = "Z"
        for row in ([None, "a", "b"], ["a", 150, 500], ["b", 200, 100]):
            page.append(row)
        change(made)
        made.save(folder / "book.xlsx")
        return describe(folder, OWN.replace("z.csv", "book.xlsx#Z"), x=X2)

    return make


def in_book(name: str, value: object) -> Callable[[Path], Path]:
    return book(lambda made: made["Z"].__setitem__(name, value))


def folder_of(*makers: Callable[[Path], object]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        for maker in makers:
            maker(folder)
        return folder

    return make


EVIL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
# -- the faults ------------------------------------------------------------------------------------

FILES = [
    Refused("F01", lambda f: renamed(NIOT, NIOT)(f).with_name("KOR_NIOT_nov6.xlsx"),
            ("KOR_NIOT_nov6.xlsx", "no such file", NIOT)),
    Refused("F01 of a table", own(OWN.replace("z.csv", "z2.csv")),
            ("z2.csv", "Did you mean z.csv")),
    Refused("F01 no path", lambda folder: "", ("an empty path",)),
    Refused("F02", lambda folder: folder, ("a folder with 0 files",)),
    Refused("F02 of a table", own(OWN.replace("z.csv", ".")), ("a folder",)),
    *(Refused(f"F03 {name}", content(name, b""), ("0 bytes",))
      for name in (NIOT, OECD, PARQUET, WORLD, "table.toml", "anything.csv")),
    Refused("F03 of a table", own(z=""), ("z.csv", "0 bytes")),
    Refused("F03 blank", own(z="\n \n"), ("z.csv", "blank lines")),
    Refused("F04 row", own(z=",a,b\na,150,500\nb,200"), ("row 3", "2 cells", "expected 3")),
    Refused("F04 rows", own(z=",a,b\na,150,500\n"), ("1 rows", "expected 2 rows")),
    Refused("F04 OECD row", lines(lambda t: [*t[:20], t[20][:90]]), ("row 21", "cells")),
    Refused("F04 OECD rows", lines(lambda t: t[:30]), ("cut off",)),
    Refused("F04 OECD totals", lines(lambda t: t[:-1]), ("OUTPUT", "cut off")),
    Refused("F04 workbook", sheet_text(lambda t: wiod_files.without_rows(t, 1800, 1802)),
            ("1799 rows", "expected 1802 rows")),
    Refused("F04 Parquet", spoilt(PARQUET, lambda d: d[: len(d) // 2]), (PARQUET,)),
    Refused("F04 Parquet rows", columns(lambda c: c.update({k: v[:-3] for k, v in c.items()})),
            ("1432", "1435")),
    Refused("F05 cut", spoilt(NIOT, lambda d: d[: len(d) // 2]), ("damaged or cut-off",)),
    Refused("F05 flipped",
            spoilt(NIOT, lambda d: d[: len(d) // 2] + bytes(9) + d[len(d) // 2 + 9 :]),
            ("damaged",)),
    Refused("F05 header", spoilt(NIOT, lambda d: d[:4] + d[4:].replace(b"PK\3\4", b"PK\3\5")),
            ("damaged",)),
    Refused("F05 of a table", own(OWN.replace("z.csv", "z.xlsx")), ("no such file",)),
    *(Refused(f"F06 {word} as {name}", content(name, data), (word,))
      for name in (NIOT, OECD)
      for word, data in (
          ("HTML", b"<!DOCTYPE html><html><body>404</body></html>"),
          ("PDF", b"%PDF-1.7\n%\xe2\xe3\n"),
          ("Git LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
          ("old Excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
      )),
    Refused("F06 in a table", own(z="<!DOCTYPE html><p>"), ("z.csv", "HTML")),
    Refused("F06 image", content("a.png", b"\x89PNG\r\n\x1a\n" + bytes(99)), ("binary data",)),
    Refused("F06 text", content("notes.txt", b"hello\n"), ("of no source",)),
    Refused("F07 cp949", own(z=",농,b\n농,1,2\nb,3,4\n".encode("cp949")),
            ("byte 2, row 1", 'encoding = "cp949"')),
    Refused("F07 OECD", spoilt(OECD, lambda d: d.replace(b"TTL_C19", "TTL_농".encode("cp949"))),
            ("row", "not utf-8")),
    Refused("F07 unmarked", own(z=Z2.encode("utf-16-le")), ("UTF-16",)),
    Refused("F07 description", lambda f: content("table.toml", OWN.encode() + b"# \xb3\xf3\n")(f),
            ("line 7", "UTF-8")),
    Refused("F07 declared", keyed('encoding = "klingon"'), ("klingon",)),
    Refused("F09", own(z=",a;b,c;d\n" * 4), ("comma and semicolon",)),
    Refused("F10 comma", own(z=";a;b\na;150;500,5\nb;200;100\n"), ("500,5", "decimal")),
    Refused("F10 thousands", cell('"1,500"'), (CELL, "1,500", "thousands")),
    Refused("F10 space", cell("1 500"), (CELL, "1 500")),
    Refused("F10 apostrophe", cell("1'500"), (CELL, "1'500")),
    Refused("F11 quote", own(z=',a,b\n"a,150,500\nb,1,2\n'), ("row 2", "quotes")),
    Refused("F11 line break", own(z=',a,b\n"a\nc",150,500\nb,1,2\n'), ("row 2", "quotes")),
    Refused("F12 NUL", cell("5\x0000"), ("row 2", "U+0000")),
    Refused("F12 control", cell("5\x1b[31m"), ("row 2", "U+001B")),
    Refused("F13 more", own(z=",a,b\na,1,2\nb,3,4,5\n"), ("row 3", "4 cells", "expected 3")),
    Refused("F13 fewer", own(z=",a,b\na,1\nb,3,4\n"), ("row 2", "2 cells", "expected 3")),
    Refused("F14 title", own(z="Table 1\n" + Z2), ("row 1", "title")),
    Refused("F14 two headers", own(z=",a,b\n,agriculture,trade\na,1,2\nb,3,4\n"), ("row 2",)),
    Refused("F14 merged", in_book("C1", None), ("cell C1", "no label")),
    Refused("F15 sheet", own(OWN.replace("z.csv", "book.xlsx#Zz")), ("book.xlsx",)),
    Refused("F15 no such sheet", book(lambda b: setattr(b["Z"], "title", "Q")),
            ("no such sheet", "Z")),
    Refused("F15 formula", in_book("C2", "=1+1"), ("cell C2", "formula")),
    Refused("F15 #REF!", in_book("C2", "#REF!"), ("cell C2", "#REF!")),
    Refused("F15 WIOD #DIV/0!", sheet("F9", "<v>#DIV/0!</v>", ' t="e"'), ("cell F9", "#DIV/0!")),
    Refused("F16 text", in_book("C2", "500"), ("cell C2", "text")),
    Refused("F16 WIOD text", sheet("F9", "<is><t>12</t></is>", ' t="inlineStr"'),
            ("cell F9", "'12'")),
    Refused("F16 date", own(z=",2-Jan,b\n2-Jan,1,2\nb,3,4\n"), ("2-Jan", "date")),
    Refused("F16 date in a book", in_book("A2", datetime.date(2026, 1, 2)),
            ("cell A2", "2026-01-02")),
    Refused("F17 overflow", cell("1e400"), (CELL, "1e400")),
    Refused("F17 hex", cell("0x1A"), (CELL, "0x1A")),
    Refused("F18", content(NIOT, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64)
                           + "EncryptedPackage".encode("utf-16-le")), ("password",)),
    Refused("F20 columns", own(z="," + ",".join(map(str, range(20_000))) + "\n"),
            ("20000 columns", "16384")),
    Refused("F21", bomb, ("times the file's size",)),
    *(Refused(f"F22 {name}", member(name), ("member", "x"))
      for name in ("../x.xml", "/etc/x.xml", "C:\\x.xml", "xl/nul.xml")),
    Refused("F22 link", member("xl/link", create_system=3, external_attr=0o120777 << 16),
            ("a link",)),
    Refused("F22 of a table", own(OWN.replace("z.csv", "../z.csv")), ("../z.csv", "folder")),
    Refused("F22 absolute", own(OWN.replace("z.csv", "/etc/passwd")), ("/etc/passwd", "folder")),
    Refused("F23", sheet_text(lambda t: re.sub(r"^(<\?xml.*?\?>)?", rf"\1{EVIL}", t)), ("XML",)),
    Refused("F24", in_book("XFD1048576", 1), ("XFD1048576",)),
    Refused("F24 WIOD", sheet_text(lambda t: t.replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')),
        ("XFD",)),
    Refused("F25 pickle", content("table.csv", b"\x80\x04\x95\x00\x00\x00"), ("pickle",)),
    Refused("F25 NumPy", own(z=b"\x93NUMPY\x01\x00v\x00{"), ("z.csv", "NumPy")),
    Refused("F25 R data", own(z=b"RDX3\nX\n\0\0\0"), ("z.csv", "R data")),
    Refused("F26 address", lambda folder: "https://example.org/z.csv", ("network address",)),
    Refused("F26 device", lambda folder: "/dev/zero", ("a device",)),
    Refused("F28 another source", renamed(OECD, OECD), (OECD,), ("--source", "wiod2016")),
    Refused("F28 another release", renamed(WORLD, NIOT), ("WIOT_2009", "National IO-tables"),
            ("--source", "wiod2016")),
    Refused("F28 fewer industries", lines(lambda t: t[:5] + t[6:]), ("49 industries", "50")),
    Refused("F28 unknown source", renamed(OECD, OECD), ("'oecdd'", "oecd"), ("--source", "oecdd")),
    Refused("F29 twice", folder_of(renamed(NIOT, NIOT), renamed(NIOT, "copy.xlsx")),
            ("KOR 2000 again",)),
    Refused("F29 other year", renamed(WORLD, "wiot08_row_sep12.xlsx"), ("2009",)),
    Refused("F29 other country", renamed(NIOT, "DEU_NIOT_nov16.xlsx"), ("KOR", "DEU")),
]  # fmt: skip

LABELS = [
    Refused("L01", own(z=",b,a\na,1,2\nb,3,4\n"), ("'b'", "'a'", "align = true")),
    Refused("L01 of x", own(x=",x\nb,1\na,2\n"), ("x.csv", "align = true")),
    Refused("L01 OECD", lines(lambda t: [*t[:2], t[3], t[2], *t[4:]]), ("A03", "A02")),
    Refused("L01 WIOD", sheet("E1", "<is><t>A02</t></is>", ' t="inlineStr"'), ("E1", "A01")),
    Refused("L01 Parquet", columns(lambda c: c.update(row=c["row"].take(pa.array(
        [1, 0, *range(2, 1435)])))), ("AUS_c1", "AUS_c2")),
    Refused("L02 column", own(z=",a,a\na,1,2\nb,3,4\n"), ("'a'", "column 2", "column 3")),
    Refused("L02 row", own(z=",a,b\na,1,2\na,3,4\n"), ("'a'", "row 2", "row 3")),
    Refused("L02 OECD", lines(lambda t: [*t[:3], t[2], *t[3:]]), ("twice",)),
    Refused("L03", own(z=",a,c\na,1,2\nb,3,4\n"), ("'b'", "'c'")),
    Refused("L03 of x", own(x=",x\na,1\nc,2\n"), ("x.csv", "'c'")),
    Refused("L03 Parquet", columns(lambda c: c.pop("RoW_c35")), ("1641 labels", "1642")),
    Refused("L04 Cyrillic", own(z=",a,A01\na,1,2\nА01,3,4\n"), ("row 3", "CYRILLIC")),
    Refused("L04 full width", own(z=",a,A01\na,1,2\nＡ01,3,4\n"), ("row 3", "U+FF21")),
    Refused("L04 case", own(z=",a,B\na,1,2\nb,3,4\n"), ("capitals",)),
    Refused("L05 zeros", own(z=",01,2\n1,1,2\n2,3,4\n"), ("Leading zeros",)),
    Refused("L05 power", own(z=",1.00E+01,b\n1.00E+01,1,2\nb,3,4\n"), ("1.00E+01",)),
    Refused("L05 in a book", in_book("A2", 1.1), ("cell A2", "1.1")),
    Refused("L06 industry", square(["A01", "Z99"], 'classification = "isic4_wiod56"'),
            ("'Z99'", "isic4_wiod56")),
    Refused("L06 OECD", replaced("TTL_A03", "TTL_A99"), ("A99",)),
    Refused("L06 classification", keyed('classification = "isic4_wiod65"'), ("isic4_wiod56",)),
    Refused("L06 country", renamed(NIOT, NIOT), ("'KRO'", "KOR"), ("--country", "KRO")),
    Refused("L06 country of a world", renamed(PARQUET, PARQUET), ("'KRO'", "KOR"),
            ("--country", "KRO")),
    Refused("L06 year", renamed(NIOT, NIOT), ("2041", "2000 to 2014"), ("--year", "2041")),
    Refused("L06 group", own(OWN.replace('["b"]', '["bb"]')), ("'bb'", "Did you mean b")),
    Refused("L06 grouping", renamed(OECD, OECD), ("'kib'", "kibs"), ("--grouping", "kib")),
    Refused("L12", square(["CPA_A01", "CPA_A02", "CPA_B"],
            'classification = "nace2_64"\nkind = "industry-by-industry"'),
            ("CPA_A01", "product-by-product")),
    Refused("L13", square(["AtB", "C10-C12", "15t16"]), ("Rev.3", "Rev.4")),
    Refused("L14", own(OWN.replace('["b"]', "[]")), ("services", "no label")),
    Refused("L14 in this table", square(["A01", "A02"]), ("services",)),
    Refused("L15 none", own(z=",\n", x=",x\n"), ("z.csv",)),
]  # fmt: skip

VALUES = [
    Refused("V01", cell("nan"), (CELL, "nan")),
    Refused("V01 empty", cell(""), (CELL, "an empty cell")),
    Refused("V01 in a book", in_book("C2", None), ("cell C2", "an empty cell")),
    Refused("V01 WIOD", sheet("F9", ""), ("cell F9", "blank")),
    Refused("V01 Parquet", with_value("KOR_c3", float("nan")), ("row AUS_c8, column KOR_c3",)),
    Refused("V02", cell("-inf"), (CELL, "-inf")),
    Refused("V02 Parquet", with_value("KOR_c3", float("inf")), ("column KOR_c3", "inf")),
    Refused("V03", cell("abc"), (CELL, "'abc'")),
    Refused("V03 WIOD", sheet("F9", "<is><t>abc</t></is>", ' t="inlineStr"'), ("F9", "'abc'")),
    Refused("V03 OECD", lines(lambda t: [*t[:2], t[2].replace(",", ",5x", 1), *t[3:]]),
            ("row 3 (TTL_A02)", "column 2 (A01)", "5x")),
    Refused("V03 Parquet", columns(lambda c: c.update(KOR_c3=pa.array(["a"] * 1435))),
            ("KOR_c3",)),
    *(Refused(f"V04 {mark}", cell(mark), (CELL, "missing")) for mark in
      (":", "..", "c", "-", "n.a.", "***")),
    Refused("V05", cell("-300"), ("negative flows", "5%")),
    Refused("V08", own(x=",x\na,-1000\nb,2000\n"), ("output of a", "-1000")),
    Refused("V10", own(x=",x\na,1000\nb,0\n"), ("output 0",)),
    Refused("V12", keyed('Y = "y.csv"\nbalance_limit = 0.01', y=block("ab", ["h"], [350, 1600])),
            ("miss output", "0.01")),
    Refused("V14 in Z", own(z=",a,b,TOTAL\na,1,2,3\nb,3,4,7\nTOTAL,4,6,10\n"), ("'TOTAL'",)),
    Refused("V14 unnamed", own(z=",a,b,s\na,1,2,3\nb,3,4,7\ns,4,6,10\n"), ("'s'", "totals")),
    Refused("V14 in Y", keyed('Y = "y.csv"', y=block("ab", "hgs", [[1, 2, 3], [4, 5, 9]])),
            ("'s'", "sum of the others")),
    Refused("V14 in x", own(x=",x\na,1000\nb,2000\nTotal,3000\n"), ("'Total'",)),
    Refused("V17", own(z=",a,b\na,0,0\nb,0,0\n"), ("nothing but zeros",)),
    Refused("U06", keyed('Y = "y.csv"\nimports = "m.csv"', m=block("ab", "ab", [[1, 2], [3, 4]]),
            y=block("ab", ["h", "imports"], [[500, -150], [1800, -100]])), ('flows = "total"',)),
    Refused("U11", keyed('year = "2014"'), ("line 4, year",)),
]  # fmt: skip


def cases(listed: list[Refused]) -> list[object]:
    return [pytest.param(case, id=case.name) for case in listed]


@pytest.mark.parametrize("case", cases(FILES + LABELS + VALUES))
def test_refused(case: Refused, run: Run, tmp_path: Path, temporary: Path) -> None:
    inputs, outputs = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    outputs.mkdir()
    command = ("measure", "service_input_share", case.make(inputs), *case.options)
    refused(run(*command, "-o", outputs / "rows.csv"), *case.words)
    assert list(outputs.iterdir()) == []
    assert list(temporary.iterdir()) == []


# -- faults of the moment --------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_f26_pipes(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "z.csv")
    path = describe(tmp_path, OWN, x=X2)
    refused(run("measure", "service_input_share", path), "z.csv", "a pipe")
    refused(run("audit", tmp_path / "z.csv"), "z.csv", "a pipe")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may read everything"
)
def test_f27_no_permission(run: Run, tmp_path: Path) -> None:
    path = renamed(OECD, OECD)(tmp_path)
    path.chmod(0)
    refused(run("audit", path), OECD, "permission")


def test_f19_a_file_that_changes_while_it_is_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = renamed(OECD, OECD)(tmp_path)
    read = _worker.extract

    def slowly(module: str, file: Path, folder: Path) -> object:
        found = read(module, file, folder)
        with path.open("a") as late:
            late.write("late\n")
        return found

    monkeypatch.setattr(_worker, "extract", slowly)
    refused(run("audit", path), OECD, "changed while")


# -- what is taken, and said -----------------------------------------------------------------------


class Taken(NamedTuple):
    """Something odd that is no fault: measured with exit code 0, and noted on stderr if `words`."""

    name: str
    make: Callable[[Path], object]
    words: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


TAKEN = [
    Taken("F07 mark", own(z=Z2.encode("utf-8-sig"))),
    Taken("F07 utf-16", own(z=Z2.encode("utf-16")), ("utf-16",)),
    *(Taken(f"F08 {end!r}", own(z=Z2.rstrip().replace("\n", end))) for end in ("\r\n", "\r")),
    Taken("F08 mixed", own(z=",a,b\r\na,150,500\nb,200,100\r")),
    *(Taken(f"F09 {mark!r}", own(z=Z2.replace(",", mark))) for mark in ";\t|"),
    Taken("F10 declared", keyed('decimal = ","', z=Z2.replace(",", ";").replace(".0", ",0"),
                                x=X2.replace(",", ";").replace(".0", ",0"))),
    Taken("F17", cell("5e+02")),
    Taken("F17 minus zero", cell("-0")),
    Taken("F29 gap", folder_of(renamed(PARQUET, PARQUET), renamed(PARQUET, "wiot_2011.parquet")),
          ("no table of 2010",), ("--country", "KOR")),
    Taken("F29 name", lambda f: describe(f, OWN.replace("z.csv", "z_2010.csv").replace(
        "[groups]", "year = 2014\n[groups]"), z_2010=Z2, x=X2), ("z_2010.csv", "2014")),
    Taken("L01 align", keyed("align = true", z=",b,a\na,500,150\nb,100,200\n")),
    Taken("L04 spaces", own(z=",a,\u00a0b \na,150,500\nb,200,100\n"), ("spelling",)),
    Taken("L04 accents", own(OWN.replace('"b"', '"\u00e9"'),
                             z=",a,e\u0301\na,150,500\n\u00e9,2,1\n",
                             x=",x\na,1000\n\u00e9,2000\n"), ("spelling",)),
    Taken("L05 text", own('[table]\nZ = "z.csv"\nx = "x.csv"\n[groups]\nservices = ["NA"]\n',
                          z=",01,NA\n01,150,500\nNA,200,100\n", x=",x\n01,1000\nNA,2000\n")),
    Taken("L14 one of several groups", square(["A01", "J62_J63", "K64"],
            'classification = "isic4_wiod56"'), ("no industry here",),
          ("--grouping", "kiet")),
    Taken("L15", own('[table]\nZ = "z.csv"\nx = "x.csv"\n[groups]\nservices = ["b"]\n',
                     z=",b\nb,100\n", x=",x\nb,2000\n")),
    Taken("V04 declared", keyed('missing = {":" = "zero"}', z=",a,b\na,150,:\nb,200,100\n"),
          ("zero",)),
    Taken("V05", cell("-2"), ("1 negative flow", "a to b")),
    Taken("V06", keyed('Y = "y.csv"', y=block("ab", ["households", "inventories"],
                                              [[360, -10], [1700, 0]])), ("1 negative cells",)),
    Taken("V07", own(z=",a,b\na,150,900\nb,200,100\n"), ("final demand is negative", "a")),
    Taken("V08", own(x=",x\na,1000\nb,550\n"), ("value added is negative", "b")),
    Taken("V09", own(z=",a,b\na,150,0\nb,0,0\n", x=",x\na,1000\nb,0\n"),
          ("1 undefined", "no output", "b")),
    Taken("V12", keyed('Y = "y.csv"', y=block("ab", ["h"], [350, 1650])),
          ("sales miss output", "50 (b")),
    Taken("V13", own(), ("primary inputs derived",)),
    Taken("V15", keyed('V = "v.csv"', v=block(["wages", "taxes on products"], "ab",
                                              [[600, 1300], [50, 100]]))),
    Taken("V16", own(z=",a,b\na,1e-320,1e15\nb,1e-8,5\n", x=",x\na,1e15\nb,2e15\n")),
    Taken("V19", own(z=",a,b\na,150,0\nb,200,100\n")),
    Taken("V21", renamed(PARQUET, PARQUET), (), ("--country", "KOR")),
]  # fmt: skip


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in TAKEN])
def test_taken(case: Taken, run: Run, tmp_path: Path) -> None:
    outcome = run("measure", "service_input_share", case.make(tmp_path), *case.options)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("source,year,country,industry,group,definition,")
    for line in outcome.err.splitlines():
        assert line.startswith("servio: ")
        assert len(line) < 300
    for word in case.words:
        assert word in outcome.err, outcome.err


def test_v12_the_audit_says_no(run: Run, tmp_path: Path) -> None:
    path = keyed('Y = "y.csv"', y=block("ab", ["h"], [350, 1650]))(tmp_path)
    outcome = run("audit", path)
    assert outcome.code == 1
    assert "FAIL generic row-balance b: sales miss output by 50" in outcome.out
    assert "1 table: 0 pass, 1 fail" in outcome.out


# -- no numerical answer (exit code 3) -------------------------------------------------------------

SINGULAR = [
    ("closed", [[10, 0, 0], [5, 60, 30], [5, 40, 70]], "'b', 'c'"),
    ("nearly closed", [[10, 0, 0], [5, 60, 30], [5, 40 - 1e-13, 70 - 1e-13]], "block b, c"),
    ("more than all", [[10, 5, 5], [0, 90, 30], [0, 40, 90]], "'b', 'c'"),
]


@pytest.mark.parametrize(("Z", "word"), [case[1:] for case in SINGULAR],
                         ids=[case[0] for case in SINGULAR])  # fmt: skip
def test_v18_singular(Z: list[list[float]], word: str, run: Run, tmp_path: Path) -> None:
    files = {"z": block("abc", "abc", Z), "x": block("abc", ["x"], [100] * 3)}
    path = describe(tmp_path, OWN, **files)
    refused(run("measure", "output_multiplier", path), word, code=3)
    refused(run("measure", "output_multiplier", path, "-o", tmp_path / "m.csv"), word, code=3)
    assert not (tmp_path / "m.csv").exists()


def test_v18_the_audit_says_no(run: Run, tmp_path: Path) -> None:
    files = {"z": block("abc", "abc", SINGULAR[2][1]), "x": block("abc", ["x"], [100] * 3)}
    outcome = run("audit", describe(tmp_path, OWN, **files))
    assert outcome.code == 1
    assert "FAIL generic no-solution generic: spectral radius of A" in outcome.out
