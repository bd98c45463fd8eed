"""WIOD 2013 world tables: Parquet form and published workbook."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import wiod_files as files
from servio.errors import FormatError, InputError, LabelError, ServioError, ValueFault
from servio.sources import read, scan
from servio.table import column_gap, row_gap

NAME = "wiot_2009.parquet"
BOOK = "wiot09_row_sep12.xlsx"
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.write_world_parquet(tmp_path_factory.mktemp("world") / NAME)


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.write_world_workbook(tmp_path_factory.mktemp("world") / BOOK)


def refused(path: Path, kind: type[ServioError], *words: str) -> None:
    with pytest.raises(kind) as caught:
        scan(path, cache=False)
    message = str(caught.value)
    assert len(message) < 300 and "\n" not in message
    assert caught.value.exit_code == 2
    for word in words:
        assert word in message, message


def test_parquet_form(parquet: Path) -> None:
    values = files.world_values(41, 35)
    table = read(parquet)
    n = 41 * 35
    np.testing.assert_array_equal(table.Z, values[:, :n])
    np.testing.assert_array_equal(table.Y, values[:, n:])
    np.testing.assert_array_equal(table.x, values.sum(axis=1))
    assert table.axis.labels[0] == "AUS_c1" and table.axis.labels[-1] == "RoW_c35"
    assert table.demand.labels[-1] == "RoW_c42"
    assert table.demand_roles[:5] == ("household", "npish", "government", "investment", "inventory")
    assert table.info.flows == "world" and table.info.year == 2009
    assert table.info.classification == "isic3_wiod35" and table.info.money == "million USD"


def test_what_parquet_lacks_is_derived_and_said(parquet: Path) -> None:
    table = read(parquet)
    assert table.primary == ("value added, taxes and margins",)
    assert any("x = Z 1 + Y 1" in step for step in table.info.steps)
    assert any("taxes and margins" in step for step in table.info.steps)
    np.testing.assert_allclose(column_gap(table), 0.0, atol=1e-9 * table.x.max())
    assert table.info.notes[0].code == "published-output"
    assert "by up to 0 " in table.info.notes[0].text


def test_flows_without_output_are_noted(tmp_path: Path) -> None:
    values = files.world_values(41, 35)
    values[2] = 0.0
    values[4] = 0.0
    values[:, 4] = 0.0
    values[6] = 0.0
    values[6, 1435 + 4] = -1.0
    table = read(files.write_world_parquet(tmp_path / NAME, values))
    [note] = [n for n in table.info.notes if n.code == "flows-without-output"]
    assert "AUS_c3 (0), AUS_c7 (-1)" in note.text and "AUS_c5" not in note.text


def test_missing_year_inside_a_series_is_noted(parquet: Path, tmp_path: Path) -> None:
    for year in (2008, 2010):
        shutil.copy(parquet, tmp_path / f"wiot_{year}.parquet")
    dataset = scan(tmp_path)
    assert dataset.years == (2008, 2010)
    [note] = dataset.notes
    assert note.code == "year-gap" and "2009" in note.text


def test_parquet_without_a_year_in_its_name(parquet: Path, tmp_path: Path) -> None:
    other = shutil.copy(parquet, tmp_path / "world.parquet")
    with pytest.raises(FormatError, match="without the year"):
        read(other, source="wiod2013")


def test_cut_off_parquet(parquet: Path, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(parquet.read_bytes()[:100_000])
    refused(tmp_path / NAME, FormatError, NAME, "damaged")


def changed(parquet: Path, target: Path, change) -> Path:
    pq.write_table(change(pq.read_table(parquet)), target)
    return target


def swapped(table: pa.Table) -> pa.Table:
    order = np.arange(len(table))
    order[[3, 4]] = 4, 3
    return table.take(order)


def with_column(name: str, values) -> object:
    return lambda table: table.set_column(table.column_names.index(name), name, values(table))


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (swapped, LabelError, ("column row", "position 4", "'AUS_c5'", "'AUS_c4'")),
        (lambda t: t.slice(0, 1400), FormatError, ("1400 labels", "1435", "'RoW_c35'")),
        (lambda t: t.drop_columns(["RoW_c42"]), FormatError, ("columns", "1641", "1642")),
        (lambda t: t.rename_columns({"AUS_c2": "AUS_02"}), LabelError, ("'AUS_02'", "'AUS_c2'")),
        (with_column("AUS_c2", lambda t: pa.array([None] + [1] * 1434)), ValueFault,
         ("row AUS_c1", "column AUS_c2", "no number")),
        (with_column("AUS_c2", lambda t: pa.array([1.0, np.inf] + [1.0] * 1433)), ValueFault,
         ("row AUS_c2", "column AUS_c2", "infinite")),
        (with_column("AUS_c2", lambda t: pa.array(["1"] * 1435)), ValueFault,
         ("column AUS_c2", "string")),
    ],
)  # fmt: skip
def test_faulty_parquet(parquet: Path, tmp_path: Path, change, kind, words) -> None:
    refused(changed(parquet, tmp_path / NAME, change), kind, *words)


def test_published_workbook(workbook: Path) -> None:
    values = files.world_values(3, 4)
    table = read(workbook)
    np.testing.assert_array_equal(table.Z, values[:, :12])
    np.testing.assert_array_equal(table.Y, values[:, 12:])
    np.testing.assert_array_equal(table.x, values.sum(axis=1))
    np.testing.assert_array_equal(table.V[0], 2.0)
    assert table.primary_roles == (
        "taxes", "adjustment", "adjustment", "adjustment", "value_added", "margins"
    )  # fmt: skip
    assert table.Vy is not None and (table.Vy == 1.0).all()
    assert table.axis.country_names == ("AUS", "ROM", "RoW")
    assert np.abs(column_gap(table)).max() <= 1e-12 * table.x.max()
    assert [n.code for n in table.info.notes] == ["part-of-the-world"]


def test_workbook_without_primary_inputs_of_final_demand(tmp_path: Path) -> None:
    assert read(files.write_world_workbook(tmp_path / BOOK, final=False)).Vy is None


def test_differing_sums_are_noted(workbook: Path, tmp_path: Path) -> None:
    path = files.edit(workbook, tmp_path / BOOK, "E19", "<v>9999</v>", ' t="n"', SHEET)
    [note] = [n for n in read(path).info.notes if n.code == "published-sums"]
    assert "r60" in note.text and "AUS_c1" in note.text


def test_year_of_the_file_name_must_agree(workbook: Path, tmp_path: Path) -> None:
    other = Path(shutil.copy(workbook, tmp_path / "wiot10_row_sep12.xlsx"))
    refused(other, InputError, "2009", "wiot10_")


@pytest.mark.parametrize(
    ("cell", "text", "kind", "words"),
    [
        ("D8", "c3", LabelError, ("cell D8", "'c3'", "'c2'")),
        ("C8", "BEL", LabelError, ("cell C8", "'BEL'", "'AUS'")),
        ("E5", "AUT", LabelError, ("cell F5", "'AUS'", "'AUT'")),
        ("A4", "(constant prices)", FormatError, ("cell A4", "'(millions of US$)'")),
        ("F9", "n.a.", ValueFault, ("cell F9", "'n.a.'")),
        ("D20", "r61", LabelError, ("cell D20", "'r99'")),
    ],
)
def test_faulty_workbook(
    workbook: Path, tmp_path: Path, cell: str, text: str, kind: type[ServioError], words
) -> None:
    inside = f"<is><t>{text}</t></is>"
    path = files.edit(workbook, tmp_path / BOOK, cell, inside, ' t="inlineStr"', SHEET)
    refused(path, kind, *words)


def test_published_years(shared: Path) -> None:
    """16 years without 2010; rows balance, and what the rounding leaves open is said."""
    dataset = scan(shared / "data" / "wiod2013_wiot")
    assert len(dataset) == 16 and 2010 not in dataset.years
    assert [n.code for n in dataset.notes] == ["year-gap"]
    for table in dataset.tables():
        assert np.abs(row_gap(table)).max() <= 1e-10 * table.x.max()
        assert np.abs(column_gap(table)).max() <= 1e-10 * table.x.max()
        note = next(n for n in table.info.notes if n.code == "published-output")
        assert int(note.text.split("up to ")[1].split()[0]) <= 113
    notes = [n.text for n in table.info.notes if n.code == "flows-without-output"]
    assert notes == ["no positive output, yet flows, in LUX_c5 (-1), LUX_c8 (-1)"]


def test_workbook_in_the_published_layout(shared: Path) -> None:
    mocks = shared / "data" / "format_fixtures" / "pymrio_mocks" / "wiod_mock"
    table = read(mocks / BOOK)
    assert len(table) == 48 and table.info.year == 2009
    assert float(table.Z[0, 0]) == 23697.221
    assert float(table.V[0, 0]) == 1284.55207 and float(table.V[4, 1]) == 162143.72283
    assert float(table.x[-1]) == 91544441.8318252
