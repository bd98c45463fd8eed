"""Socio-Economic Accounts: both forms, missing values kept missing, satellites on a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import wiod_files as files
from servio.errors import FormatError, LabelError, UnitError, ValueFault
from servio.sources import SocioEconomicAccounts, read, read_sea, with_satellites
from tables import two_by_two

SHEET = "xl/worksheets/sheet2.xml"


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.write_accounts(tmp_path_factory.mktemp("sea") / "WIOD_SEA_Nov16.xlsx")


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.write_accounts_parquet(tmp_path_factory.mktemp("sea") / "sea.parquet")


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.write_national(tmp_path_factory.mktemp("national") / "KOR_NIOT_nov16.xlsx")


def test_both_forms_hold_the_same(workbook: Path, parquet: Path) -> None:
    book, flat = read_sea(workbook), read_sea(parquet)
    assert book.variables == flat.variables and book.countries == flat.countries == ("KOR", "CHN")
    assert book.codes == flat.codes == files.CODES
    np.testing.assert_allclose(book.values, flat.values, rtol=1e-14)


def test_values_are_where_they_belong(parquet: Path) -> None:
    values = files.accounts_values(("KOR", "CHN"))
    accounts = read_sea(parquet)
    employed = accounts.variables.index("EMP")
    np.testing.assert_array_equal(accounts.of("EMP", "CHN", 2003), values[employed, 1, :, 3])
    assert accounts.units["EMP"] == "thousand persons"
    assert accounts.units["K"] == "million national currency"
    frame = accounts.to_frame()
    row = frame[(frame.country == "CHN") & (frame.code == "B") & (frame.year == 2003)]
    assert row.EMP.item() == values[employed, 1, files.CODES.index("B"), 3]


def test_missing_stays_missing(parquet: Path) -> None:
    accounts = read_sea(parquet)
    assert np.isnan(accounts.of("EMPE", "CHN", 2000)).all()
    assert np.isfinite(accounts.of("EMPE", "KOR", 2000)).all()


def test_satellites_with_units(national: Path, parquet: Path) -> None:
    accounts = read_sea(parquet)
    table = with_satellites(read(national, year=2005), accounts)
    assert list(table.satellites) == ["EMP", "EMPE", "H_EMPE", "K", "LAB", "COMP", "CAP"]
    np.testing.assert_array_equal(table.satellites["K"].values, accounts.of("K", "KOR", 2005))
    assert table.satellites["H_EMPE"].unit == "million hours"
    assert table.info.steps[-1].startswith("satellites")


def test_accounts_in_another_order_are_aligned_by_label(national: Path, parquet: Path) -> None:
    accounts = read_sea(parquet)
    turned = SocioEconomicAccounts(
        accounts.variables, accounts.countries, accounts.codes[::-1], accounts.years,
        accounts.values[:, :, ::-1], accounts.units,
    )  # fmt: skip
    table = read(national, year=2005)
    for name, satellite in with_satellites(table, accounts).satellites.items():
        other = with_satellites(table, turned).satellites[name]
        np.testing.assert_array_equal(satellite.values, other.values)


def test_a_missing_satellite_is_left_out_and_noted(tmp_path: Path, parquet: Path) -> None:
    china = files.write_national(tmp_path / "CHN_NIOT_nov16.xlsx", "China")
    table = with_satellites(read(china, year=2005), read_sea(parquet))
    assert "EMPE" not in table.satellites and "EMP" in table.satellites
    [note] = table.info.notes
    assert note.code == "missing-satellite" and "EMPE" in note.text and "56" in note.text


def test_satellites_only_for_the_same_release(national: Path, parquet: Path) -> None:
    accounts = read_sea(parquet)
    with pytest.raises(UnitError, match="wiod2016"):
        with_satellites(two_by_two(), accounts)
    with pytest.raises(LabelError, match=r"'EMPL'.*EMP"):
        with_satellites(read(national, year=2005), accounts, ("EMPL",))
    other = SocioEconomicAccounts(
        accounts.variables, ("USA", "CHN"), accounts.codes, accounts.years, accounts.values,
        accounts.units,
    )  # fmt: skip
    with pytest.raises(LabelError, match="'KOR'"):
        with_satellites(read(national, year=2005), other)


def test_faulty_workbook(workbook: Path, tmp_path: Path) -> None:
    target = tmp_path / "sea.xlsx"
    text = ' t="inlineStr"'
    bad = files.edit(workbook, target, "E2", "<is><t>n.a.</t></is>", text, SHEET)
    with pytest.raises(ValueFault, match=r"cell E2.*'n.a.'"):
        read_sea(bad)
    bad = files.edit(workbook, target, "D3", "<is><t>A99</t></is>", text, SHEET)
    with pytest.raises(LabelError, match=r"'A99' unknown"):
        read_sea(bad)
    bad = files.edit(workbook, target, "D3", "<is><t>A01</t></is>", text, SHEET)
    with pytest.raises(LabelError, match="GO KOR A01"):
        read_sea(bad)
    bad = files.edit(workbook, target, "B3", "<is><t>PROFIT</t></is>", text, SHEET)
    with pytest.raises(LabelError, match="PROFIT"):
        read_sea(bad)


def test_faulty_parquet(parquet: Path, tmp_path: Path) -> None:
    table = pq.read_table(parquet)
    target = tmp_path / "sea.parquet"
    pq.write_table(table.drop_columns(["K"]), target)
    with pytest.raises(LabelError, match="no column 'K'"):
        read_sea(target)
    pq.write_table(table.slice(0, 100), target)
    with pytest.raises(LabelError, match="missing"):
        read_sea(target)
    pq.write_table(table.slice(0, len(table) - 1), target)
    with pytest.raises(LabelError, match="the end"):
        read_sea(target)
    target.write_bytes(parquet.read_bytes()[:1000])
    with pytest.raises(FormatError, match="damaged"):
        read_sea(target)


def test_published_accounts(shared: Path) -> None:
    """43 countries x 56 industries x 15 years; only China lacks employees and their hours."""
    accounts = read_sea(shared / "data" / "wiod2016_sea" / "wiod2016_sea.parquet")
    assert accounts.values.shape == (16, 43, 56, 15)
    missing = np.isnan(accounts.values)
    lacking = {(accounts.variables[v], accounts.countries[c]) for v, c in
               np.argwhere(missing.any(axis=(2, 3)))}  # fmt: skip
    assert lacking == {("EMPE", "CHN"), ("H_EMPE", "CHN")}
    table = read(shared / "data" / "wiod2016_niot" / "KOR_NIOT_nov16.xlsx", year=2014)
    rate = accounts.of("VA", "KOR", 2014) / np.where(table.live, table.value_added, np.nan)
    assert np.nanstd(rate) / np.nanmean(rate) < 1e-6
