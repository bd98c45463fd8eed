"""WIOD 2016 national tables: what is read, and one message for each way a file can be wrong."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import wiod_files as files
from servio.errors import (
    FormatError,
    InputError,
    LabelError,
    ServioError,
    UsageError,
    ValueFault,
)
from servio.sources import _worker, read, scan
from servio.table import row_gap

NAME = "KOR_NIOT_nov16.xlsx"


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.write_national(tmp_path_factory.mktemp("national") / NAME)


def refused(
    path: Path | str, kind: type[ServioError], *words: str, source: str | None = None
) -> str:
    """The message of a refusal: one line under 300 characters that says each of the words."""
    with pytest.raises(kind) as caught:
        list(scan(path, source=source, cache=False).tables())
    message = str(caught.value)
    assert len(message) < 300 and "\n" not in message
    assert caught.value.exit_code == 2
    for word in words:
        assert word in message, message
    return message


def test_every_block_is_where_it_belongs(workbook: Path) -> None:
    values = files.national_values()
    table = read(workbook, year=2014)
    last = values[14]
    np.testing.assert_array_equal(table.Z, last[:56, :56])
    np.testing.assert_array_equal(table.Zm, last[56:112, :56])
    np.testing.assert_array_equal(table.Y, last[:56, 56:62])
    np.testing.assert_array_equal(table.Ym, last[56:112, 56:62])
    np.testing.assert_array_equal(table.V, last[113:119, :56])
    np.testing.assert_array_equal(table.Vy, last[113:119, 56:62])
    np.testing.assert_array_equal(table.x, last[:56, 62])
    assert table.axis.codes == files.CODES
    assert table.axis.country_names == ("KOR",)
    assert table.demand.codes == ("CONS_h", "CONS_np", "CONS_g", "GFCF", "INVEN", "EXP")
    assert table.demand.titles[0] == "about CONS_h"
    assert table.primary == ("TXSP", "EXP_adj", "PURR", "PURNR", "VA", "IntTTM")
    assert table.primary_roles[0] == "taxes" and table.primary_roles[4] == "value_added"


def test_units_and_provenance(workbook: Path) -> None:
    info = read(workbook, year=2003).info
    assert (info.source, info.year, info.country) == ("wiod2016", 2003, "KOR")
    assert info.money == "million USD" and info.prices == "current" and info.valuation == "basic"
    assert info.flows == "domestic" and info.classification == "isic4_wiod56"
    assert info.edition == "November 2016" and info.licence == "CC BY 4.0"
    assert len(info.input_sha256) == 64
    assert info.notes == ()


def test_all_years_and_no_gap(workbook: Path) -> None:
    dataset = scan(workbook)
    assert dataset.years == tuple(range(2000, 2015))
    assert dataset.countries == ("KOR",) and dataset.source == "wiod2016"
    assert len(list(dataset.tables())) == 15
    assert dataset.notes == ()
    assert [e.position for e in dataset.entries] == list(range(15))


def test_read_needs_one_table(workbook: Path) -> None:
    with pytest.raises(LabelError, match=r"2000-2014.*Give year"):
        read(workbook)
    with pytest.raises(LabelError, match=r"2015.*one of 2000-2014.*nearest: 2013, 2014"):
        read(workbook, year=2015)
    with pytest.raises(LabelError, match=r"'KRO'.*one of KOR"):
        read(workbook, year=2014, country="KRO")
    with pytest.raises(UsageError, match="wiod2016"):
        read(workbook, source="wiod206", year=2014)


def test_published_sums_that_differ_are_noted_and_nothing_is_repaired(tmp_path: Path) -> None:
    values = files.national_values()
    values[3, 112, 7] += 0.6
    values[3, 119, 9] -= 2.0
    table = read(files.write_national(tmp_path / NAME, values=values), year=2003)
    assert [note.code for note in table.info.notes] == ["published-sums", "published-sums"]
    assert "0.6" in table.info.notes[0].text and files.CODES[7] in table.info.notes[0].text
    np.testing.assert_array_equal(table.x, values[3, :56, 62])


def test_without_a_country_in_its_name_the_workbook_says_it(workbook: Path, tmp_path: Path) -> None:
    other = shutil.copy(workbook, tmp_path / "표 2014.xlsx")
    assert read(other, year=2014).info.country == "KOR"


# -- files (F) -------------------------------------------------------------------------------------


def test_missing_file_names_the_near_ones(workbook: Path) -> None:
    refused(workbook.with_name("KOR_NIOT_nov6.xlsx"), FormatError, "no such file", NAME)


def test_folder_without_tables(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    refused(tmp_path, FormatError, str(tmp_path.name), "1 files", "known table")


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"")
    refused(tmp_path / NAME, FormatError, "0 bytes")


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
def test_cut_off(workbook: Path, tmp_path: Path, kept: float) -> None:
    content = workbook.read_bytes()
    (tmp_path / NAME).write_bytes(content[: int(kept * len(content))])
    refused(tmp_path / NAME, FormatError, NAME, "cut-off")


def test_flipped_byte_fails_the_checksum(workbook: Path, tmp_path: Path) -> None:
    content = bytearray(workbook.read_bytes())
    content[len(content) // 2] ^= 0xFF
    (tmp_path / NAME).write_bytes(content)
    refused(tmp_path / NAME, FormatError, NAME, "damaged")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "HTML"),
        (b"%PDF-1.7\n", "PDF"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "LFS"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"Year;Code;Description\n2000;A01;x\n", "text"),
        (b"\x80\x04\x95\x10\x00\x00\x00", "pickle"),
    ],
)
def test_wrong_kind_says_what_it_is(tmp_path: Path, content: bytes, word: str) -> None:
    (tmp_path / NAME).write_bytes(content)
    refused(tmp_path / NAME, FormatError, word, NAME)
    refused(tmp_path, FormatError, word, NAME)


def test_missing_row_tells_the_counts(workbook: Path, tmp_path: Path) -> None:
    path = files.rewrite(workbook, tmp_path / NAME, files.SHEET,
                         lambda text: files.without_rows(text, 500, 500))  # fmt: skip
    refused(path, FormatError, "1801 rows", "1802 rows", "2014 GO")


def test_missing_year(workbook: Path, tmp_path: Path) -> None:
    path = files.rewrite(
        workbook,
        tmp_path / NAME,
        files.SHEET,
        lambda text: files.without_rows(text, 3 + 120 * 7, 2 + 120 * 8),
    )
    refused(path, FormatError, "1682 rows", "2000-2014")


def test_year_in_the_place_of_another(workbook: Path, tmp_path: Path) -> None:
    path = files.edit(workbook, tmp_path / NAME, "A843", "<v>2008</v>")
    refused(path, LabelError, "cell A843", "'2008'", "'2007'")


def test_extra_column(workbook: Path, tmp_path: Path) -> None:
    cell = '<c r="BP1"><v>7</v></c></row>'
    path = files.rewrite(
        workbook, tmp_path / NAME, files.SHEET, lambda text: text.replace("</row>", cell, 1)
    )
    refused(path, FormatError, "cell BP1", "68", "67 columns")


def test_other_sheet_name(workbook: Path, tmp_path: Path) -> None:
    path = files.rewrite(workbook, tmp_path / NAME, "xl/workbook.xml",
                         lambda text: text.replace("National IO-tables", "Tabelle1"))  # fmt: skip
    refused(path, FormatError, "'Tabelle1'", "'National IO-tables'")
    refused(path.rename(tmp_path / "korea.xlsx"), FormatError, "Excel workbook", "no source")


@pytest.mark.parametrize(
    ("inside", "kind", "found"),
    [
        ("", "", "a blank"),
        ("<v>#REF!</v>", ' t="e"', "#REF!"),
        ("<v>#DIV/0!</v>", ' t="e"', "#DIV/0!"),
        ("<f>A1+1</f>", "", "a formula"),
        ("<is><t>1594.2</t></is>", ' t="inlineStr"', "the text '1594.2'"),
        ("<is><t>1.594,20</t></is>", ' t="inlineStr"', "the text '1.594,20'"),
        ("<is><t>:</t></is>", ' t="inlineStr"', "the text ':'"),
        ("<is><t>NaN</t></is>", ' t="inlineStr"', "the text 'NaN'"),
        ("<v>1e400</v>", "", "inf"),
        ("<v>1</v>", ' t="b"', "bool"),
    ],
)
def test_cell_without_a_finite_number(
    workbook: Path, tmp_path: Path, inside: str, kind: str, found: str
) -> None:
    path = files.edit(workbook, tmp_path / NAME, "F7", inside, kind)
    refused(path, ValueFault, "cell F7", "National IO-tables", found, "finite number")


def test_number_in_a_cell_that_is_left_at_zero(workbook: Path, tmp_path: Path) -> None:
    path = files.edit(workbook, tmp_path / NAME, "BO59", "<v>7</v>")
    refused(path, ValueFault, "cell BO59", "7.0", "expected 0")


@pytest.mark.parametrize("label", ["A1", "Α01", "A01 x", ""])
def test_changed_label(workbook: Path, tmp_path: Path, label: str) -> None:
    path = files.edit(workbook, tmp_path / NAME, "B3", f"<is><t>{label}</t></is>",
                      ' t="inlineStr"')  # fmt: skip
    refused(path, LabelError, "cell B3", "A01")


def test_columns_in_another_order(workbook: Path, tmp_path: Path) -> None:
    once = files.edit(workbook, tmp_path / "x.xlsx", "E1", "<is><t>A02</t></is>", ' t="inlineStr"')
    refused(files.edit(once, tmp_path / NAME, "F1", "<is><t>A01</t></is>", ' t="inlineStr"'),
            LabelError, "cell E1", "'A02'", "'A01'")  # fmt: skip


def test_code_turned_into_a_number(workbook: Path, tmp_path: Path) -> None:
    path = files.edit(workbook, tmp_path / NAME, "B3", "<v>10</v>")
    refused(path, LabelError, "cell B3", "'10'", "'A01'")


def test_file_name_of_another_country(workbook: Path, tmp_path: Path) -> None:
    other = shutil.copy(workbook, tmp_path / "JPN_NIOT_nov16.xlsx")
    refused(other, FormatError, "Korea (KOR)", "JPN", "Notes")


def test_unknown_country(tmp_path: Path, workbook: Path) -> None:
    path = files.rewrite(workbook, tmp_path / NAME, "xl/worksheets/sheet1.xml",
                         lambda text: text.replace("Korea", "Atlantis"))  # fmt: skip
    refused(path, FormatError, "'Atlantis'", "43 countries")


def test_same_country_twice_in_a_folder(workbook: Path, tmp_path: Path) -> None:
    shutil.copy(workbook, tmp_path / NAME)
    shutil.copy(workbook, tmp_path / "again.xlsx")
    refused(tmp_path, InputError, "KOR 2000 again", "KOR_NIOT_nov16.xlsx", "again.xlsx")


def test_folder_ignores_what_is_no_table(workbook: Path, tmp_path: Path) -> None:
    shutil.copy(workbook, tmp_path / NAME)
    (tmp_path / "README.txt").write_text("about")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "sub").mkdir()
    dataset = scan(tmp_path)
    assert dataset.ignored == ("README.txt", "empty")
    assert len(dataset) == 15


def test_file_that_changes_while_it_is_read(
    workbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(workbook, tmp_path / NAME))
    extract = _worker.extract

    def grown(*args):
        done = extract(*args)
        path.write_bytes(path.read_bytes() + b"\0")
        return done

    monkeypatch.setattr(_worker, "extract", grown)
    refused(path, InputError, "changed while it was read")


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", '<sheet name="National IO-tables"/>')
        with archive.open("xl/worksheets/sheet1.xml", "w") as member:
            for _ in range(64):
                member.write(bytes(1 << 20))


def escaping(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", '<sheet name="National IO-tables"/>')
        archive.writestr("../../evil.txt", "x")


@pytest.mark.parametrize(("make", "word"), [(bomb, "times"), (escaping, "evil.txt")])
def test_hostile_archive(tmp_path: Path, make, word: str) -> None:
    make(tmp_path / NAME)
    refused(tmp_path / NAME, FormatError, word)


def test_xml_entities(workbook: Path, tmp_path: Path) -> None:
    bad = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet'
    path = files.rewrite(workbook, tmp_path / NAME, files.SHEET,
                         lambda text: text.replace("<worksheet", bad, 1))  # fmt: skip
    refused(path, FormatError, "entity")


@pytest.mark.parametrize("cell", ["XFD1048576", "A1048576", "XFD1"])
def test_stray_cell_far_away(workbook: Path, tmp_path: Path, cell: str) -> None:
    row = f'<row r="{cell.lstrip("AXFD")}"><c r="{cell}"><v>1</v></c></row></sheetData>'
    path = files.rewrite(workbook, tmp_path / NAME, files.SHEET,
                         lambda text: text.replace("</sheetData>", row))  # fmt: skip
    refused(path, FormatError, "cells as far as", "Delete stray cells")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_not_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    refused(tmp_path / NAME, FormatError, "a pipe")
    refused("https://example.org/KOR_NIOT_nov16.xlsx", FormatError, "network address")
    refused("/dev/zero", FormatError, "a device")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads anything")
def test_no_permission(workbook: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(workbook, tmp_path / NAME))
    path.chmod(0)
    refused(path, FormatError, "permission")


# -- the published tables --------------------------------------------------------------------------


def test_published_tables(shared: Path) -> None:
    """43 countries x 15 years; rows balance to the last digits, output sums to the world's."""
    dataset = scan(shared / "data" / "wiod2016_niot")
    tables = list(dataset.tables())
    assert len(tables) == 645 and len(dataset.countries) == 43
    assert dataset.ignored == ("README.txt",) and dataset.notes == ()
    worst = max(float(np.abs(row_gap(t)).max() / t.x.max()) for t in tables)
    assert worst <= 1e-10
    total = sum(float(t.x.sum()) for t in tables if t.info.year == 2014)
    assert total == pytest.approx(sum(
        float(t.Z.sum() + t.Zm.sum() + t.V.sum()) for t in tables if t.info.year == 2014
    ), rel=1e-4)  # fmt: skip
    korea = read(shared / "data" / "wiod2016_niot" / NAME, year=2014)
    assert float(korea.x.sum()) == pytest.approx(3_403_854.3956, rel=1e-10)
