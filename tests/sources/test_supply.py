"""Supply tables: the workbook of make tables, CSV, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import Workbook

from servio.errors import FormatError, InputError, LabelError, UsageError, ValueFault
from servio.sources import read_bea_make, read_supply
from servio.sources.supply import _bea
from servio.table import Axis, SupplyTable, TableInfo

CODES = [code for code, _, _ in _bea()["codes"]]
INDUSTRIES = CODES[:-2]
SMALL = "product,A,B\np1,5,1\np2,0,7\n"


def make(path: Path, year: int = 2001, **changed: Any) -> Path:
    """A workbook in the published layout; every industry makes 10 of its own product."""
    book = Workbook()
    book.remove(book.active)
    book.create_sheet("Sheet1")
    sheet = book.create_sheet(str(year))
    rows: list[list[Any]] = [
        ["The Make of Commodities by Industries, Before Redefinitions (Sum)"],
        ["(Millions of dollars)"],
        ["Bureau of Economic Analysis"],
        [str(year)],
        [],
        ["", "Industries/Commodities", *CODES],
        ["IOCode", "Name", *CODES, "Total Industry Output"],
    ]
    for i, code in enumerate(INDUSTRIES):
        cells = [10 if i == j else "..." for j in range(len(CODES))]
        rows.append([code, code, *cells, 10])
    rows.append(["", "Total Commodity Output", *[10] * len(INDUSTRIES), 0, 0, 710])
    rows += [[], ["1. A note."]]
    for place, value in changed.items():
        _, row, column = place.split("_")
        rows[int(row)][int(column)] = value
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_the_published_layout_is_read(tmp_path: Path):
    (table,) = read_bea_make(make(tmp_path / "make.xlsx"))
    assert repr(table) == ("<SupplyTable bea USA 2001: 73 products x 71 industries, million USD>")
    np.testing.assert_array_equal(table.V[:71], 10 * np.eye(71))
    assert not table.V[71:].any()
    assert table.data_residual == 0.0
    assert [note.code for note in table.info.notes] == ["not-shown"]
    names, rows = table.weights("industries", "sectors")
    assert "services" in names and (rows.sum(axis=0) == 1).all()
    names, rows = table.weights("products", "sectors")
    assert rows.sum() == 71  # scrap and the adjustment are in no sector


@pytest.mark.parametrize(
    ("changed", "kind", "said"),
    [
        ({"cell_8_0": "999"}, LabelError, "label '113FF'"),
        ({"cell_5_4": "211X"}, LabelError, "label '211'"),
        ({"cell_7_3": "(D)"}, ValueFault, "D8"),
        ({"cell_7_2": 99}, FormatError, "total of 111CA"),
        ({"cell_1_0": "(Thousands of dollars)"}, FormatError, "Millions"),
        ({"cell_3_0": "1999"}, FormatError, "2001"),
        ({"cell_0_0": "The Make of Commodities, After Redefinitions"}, FormatError, "Before"),
    ],
)
def test_faults_name_their_cell(tmp_path: Path, changed, kind, said):
    with pytest.raises(kind, match=said):
        read_bea_make(make(tmp_path / "make.xlsx", **changed))


def test_rounding_of_totals_is_allowed(tmp_path: Path):
    (table,) = read_bea_make(make(tmp_path / "make.xlsx", cell_7_75=13))
    assert table.data_residual == pytest.approx(3 / 13)


def test_a_workbook_without_years_is_refused(tmp_path: Path):
    book = Workbook()
    book.save(tmp_path / "make.xlsx")
    with pytest.raises(FormatError, match="sheets named by year"):
        read_bea_make(tmp_path / "make.xlsx")


def test_the_cached_form_is_the_same(tmp_path: Path):
    path = make(tmp_path / "make.xlsx")
    first, again, fresh = (read_bea_make(path, cache=c)[0] for c in (True, True, False))
    assert first.fingerprint == again.fingerprint == fresh.fingerprint
    assert first.info == again.info == fresh.info


def test_years_are_found_or_refused(tmp_path: Path):
    assert len(read_bea_make(make(tmp_path / "make.xlsx"), years=(2001,))) == 1
    with pytest.raises(FormatError, match="no sheet 1999"):
        read_bea_make(make(tmp_path / "make.xlsx"), years=(1999,))


def test_csv_in_either_direction(tmp_path: Path):
    path, turned = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text(SMALL)
    turned.write_text("industry,p1,p2\nA,5,0\nB,1,7\n")
    one = read_supply(path, year=2000, country="AAA", currency="EUR", unit="million")
    two = read_supply(turned, year=2000, country="AAA", rows="industries", currency="EUR",
                      unit="million")  # fmt: skip
    assert one.fingerprint == two.fingerprint
    assert one.x.tolist() == [5.0, 8.0] and one.products.labels == ("AAA_p1", "AAA_p2")


def test_csv_with_a_classification(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("product,C,G\nC,90,1\nG,10,50\n")
    table = read_supply(path, year=2000, classification="isic4_sections")
    assert table.weights("products", "services")[1].tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("product,A,B\np1,5,\np2,0,7\n", "row 2"),
        ("product,A,A\np1,5,1\np2,0,7\n", "A"),
        ("product,A,B\np1,5,1\np1,0,7\n", "p1"),
        ("product,A,B\np1,5,1,3\np2,0,7\n", "row 2"),
    ],
)
def test_csv_faults(tmp_path: Path, text: str, said: str):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_supply(path, year=2000)


def test_gaps_are_zero_only_if_said(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("product,A,B\np1,5,:\np2,0,7\n")
    with pytest.raises(ValueFault):
        read_supply(path, year=2000)
    assert read_supply(path, year=2000, zeros={":"}).V[0, 1] == 0.0


def test_usage_faults(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(SMALL)
    with pytest.raises(UsageError, match="products or industries"):
        read_supply(path, year=2000, rows="columns")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="one of the two"):
        read_supply(path, year=2000, classification="isic4_sections",
                    product_groups={"services": {"services": ["p1"]}})  # fmt: skip


def test_shapes_and_cells_are_checked():
    axis = Axis.national("AAA", ("C", "G"))
    with pytest.raises(InputError, match=r"shape \(2, 3\)"):
        SupplyTable(np.ones((2, 3)), axis, axis, TableInfo("made"))
    with pytest.raises(ValueFault, match="AAA_C, AAA_G"):
        SupplyTable(np.array([[1.0, np.nan], [0.0, 1.0]]), axis, axis, TableInfo("made"))
    table = SupplyTable(np.eye(2), axis, axis, TableInfo("made"))
    with pytest.raises(ValueError, match="read-only"):
        table.V[0, 0] = 2.0
    assert np.isnan(table.data_residual)
