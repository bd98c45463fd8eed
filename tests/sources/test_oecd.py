"""OECD national tables: the published layouts, and what balances in them.

Residuals are the publisher's: Z + IMP_OTHER + taxes + VALU meet OUTPUT within 0.03 million USD in
every table of the 2025 edition but China (82); sales meet it within 0.01 % of the largest output.
"""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path

import numpy as np
import pytest

from oecd_files import DEMAND, EDITION, parts, write
from servio import classify
from servio.sources import oecd
from servio.table import IOTable, column_gap, row_gap


def read(path: Path) -> IOTable:
    assert oecd.sniff(path)
    (bundle,) = oecd.parse(path)
    return bundle.table(0)


def test_total_table(tmp_path: Path) -> None:
    table = read(write(tmp_path / "KOR2022ttl.csv"))
    p = parts()
    np.testing.assert_array_equal(table.Z, p["Z"] + p["Zm"])
    assert (table.info.country, table.info.year, table.info.flows) == ("KOR", 2022, "total")
    assert table.info.money == "million USD"
    assert table.axis.codes == EDITION.codes
    assert table.demand.codes == (*DEMAND, "IMPO")
    assert table.primary == ("TXS_INT_FNL", "VALU")
    np.testing.assert_array_equal(table.satellites["LABR"].values, p["labour"])
    for gap in (row_gap(table), column_gap(table)):
        assert np.abs(gap).max() < 1e-9 * table.x.max()
    assert not table.info.notes


def test_domestic_table_keeps_imports_apart(tmp_path: Path) -> None:
    table = read(write(tmp_path / "KOR2022dom.csv", split=True))
    p = parts()
    np.testing.assert_array_equal(table.Z, p["Z"])
    np.testing.assert_array_equal(table.Zm, p["Zm"])
    np.testing.assert_array_equal(table.Ym, p["Ym"])
    assert table.info.flows == "domestic"
    assert "IMPO" not in table.demand.codes
    for gap in (row_gap(table), column_gap(table)):
        assert np.abs(gap).max() < 1e-9 * table.x.max()


def test_a_renamed_file_has_no_year(tmp_path: Path) -> None:
    table = read(write(tmp_path / "upload.csv"))
    assert (table.info.year, table.info.country) == (None, "")
    assert [note.code for note in table.info.notes] == ["unknown-year"]


def test_sniff(tmp_path: Path) -> None:
    assert not oecd.sniff(tmp_path)
    assert not oecd.sniff(tmp_path / "none.csv")
    other = tmp_path / "KOR2022ttl.csv"
    other.write_text("V1,AUS_A01,HFCE,GFCF,EXPO\nAUS_A01,1,2,3,4\n")
    assert not oecd.sniff(other)
    other.write_bytes(b"")
    assert not oecd.sniff(other)


def test_every_table_of_the_2025_edition(shared: Path) -> None:
    files = sorted((shared / "data/oecd_iot_2025ed").glob("*.csv"))
    assert len(files) == 70
    value_added = 0.0
    for path in files:
        table = read(path)
        largest = table.x.max()
        limit = 82.1 if table.info.country == "CHN" else 0.03
        assert np.abs(column_gap(table)).max() <= limit, path.name
        assert np.abs(row_gap(table)).max() <= 1e-4 * largest, path.name
        assert table.primary_roles == ("imports", "taxes", "value_added")
        assert table.info.year == 2022
        value_added += table.value_added.sum()
    assert value_added == pytest.approx(86.30e6, rel=1e-4)


def test_korea_2022_cells(shared: Path) -> None:
    """Cells of KOR2022ttl.csv as printed in the file."""
    table = read(shared / "data/oecd_iot_2025ed/KOR2022ttl.csv")
    assert table.Z[0, 0] == 3598.965
    assert table.x[0] == 45071.594
    assert table.value_added[0] == 21648.592
    assert table.Y[0, table.demand.codes.index("IMPO")] == -9664.391
    assert table.V[0, 0] == 16.452
    assert table.satellites["LABR"].values[0] == 2267.704


@pytest.mark.parametrize("country", ["CHN", "JPN"])
def test_2021_edition_in_its_published_layout(shared: Path, tmp_path: Path, country: str) -> None:
    """The R data of the 2021 edition, written in the layout of the published CSV files."""
    rdata = importlib.import_module("rdata") if importlib.util.find_spec("rdata") else None
    if rdata is None:
        pytest.skip("needs the package rdata to read the R form of these tables")
    source = shared / f"data/oecd_iot_2021ed/OECD21ed_{country}_1995to2018.rda"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (frames,) = rdata.read_rda(source).values()
    edition = classify.classification("isic4_oecd45")
    columns = edition.styles["edition_2021_columns"]
    assert len(frames) == 24
    for name, frame in frames.items():
        year = name[-4:]
        header = ["", *columns, *frame.columns[2 + len(edition) :]]
        rows = [f"TTL_{label}" for label in edition.styles["edition_2021"]]
        rows += [str(code) for code in frame["Code"][len(edition) :]]
        path = tmp_path / f"{country}{year}ttl.csv"
        with path.open("w") as file:
            file.write(",".join(header) + "\n")
            for label, values in zip(rows, frame.iloc[:, 2:].to_numpy(float), strict=True):
                file.write(",".join([label, *(repr(float(v)) for v in values)]) + "\n")
        table = read(path)
        assert (table.info.year, table.info.edition) == (int(year), "2021")
        assert table.axis.codes == edition.codes
        assert table.primary == ("TXS_IMP_FNL", "TXS_INT_FNL", "VALU")
        assert np.abs(row_gap(table)).max() <= 0.81
        assert np.abs(column_gap(table)).max() <= 1e-5 * table.x.max()
