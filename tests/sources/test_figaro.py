"""FIGARO matrices: what is written in the published layout is what is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import world_files as files
from servio.cli import main
from servio.errors import FormatError, InputError, LabelError, ServioError, ValueFault
from servio.sources import _registry, figaro, read
from servio.table import Axis, IOTable

NAME = "matrix_eu-ic-io_ind-by-ind_25ed_2022.csv"
PRODUCTS = "matrix_eu-ic-io_prod-by-prod_25ed_2021.csv"


@pytest.fixture(scope="module")
def world() -> files.World:
    return files.figaro_world(3)


@pytest.fixture(scope="module")
def text(world: files.World) -> str:
    return files.figaro_text(world)


def expected(w: files.World, table: IOTable) -> IOTable:
    _, _, values = files.figaro_matrix(w)
    n = len(w.x)
    regions = (*w.regions[:-1], "ROW")
    roles = ("government", "household", "npish", "investment", "inventory") * len(regions)
    primary = ("taxes", "adjustment", "adjustment", "value_added", "value_added", "value_added")
    return IOTable(values[:n, :n], values[:n, n:], values[n:, :n], values[:n].sum(axis=1),
                   Axis.world(regions, w.codes), Axis.world(regions, tuple(figaro.DEMAND)), roles,
                   tuple(figaro.PRIMARY), primary, table.info, Vy=values[n:, n:])  # fmt: skip


def test_industries_to_the_last_bit(tmp_path: Path, world: files.World, text: str) -> None:
    table = read(files.write_text(tmp_path / NAME, text))
    assert table.fingerprint == expected(world, table).fingerprint
    assert np.allclose(table.x, world.x, rtol=1e-12)
    info = table.info
    assert (info.year, info.edition, info.money, info.kind) == (
        2022, "2025", "million EUR", "industry-by-industry")  # fmt: skip
    assert info.classification == "nace2_64" and info.flows == "world"
    assert info.derived == ("x",) and "FIGW1 is called ROW" in info.steps


def test_products_to_the_last_bit(tmp_path: Path, world: files.World) -> None:
    path = files.write_text(tmp_path / PRODUCTS, files.figaro_text(world, products=True))
    table = read(path)
    assert table.fingerprint == expected(world, table).fingerprint
    assert table.info.kind == "product-by-product" and table.info.year == 2021


def test_in_an_archive(tmp_path: Path, world: files.World, text: str) -> None:
    path = files.write_zip(tmp_path / "figaro.zip", {NAME: text})
    assert _registry.recognise(path) == "figaro"
    table = read(path)
    assert table.info.year == 2022 and np.array_equal(table.Z, world.Z)


def test_greece_has_one_code(tmp_path: Path, text: str) -> None:
    path = files.write_text(tmp_path / NAME, text.replace("KR_", "EL_"))
    table = read(path)
    assert table.axis.country_names == ("CN", "GR", "ROW")
    assert "EL is called GR" in table.info.steps
    path.write_text(text.replace("KR_", "EL_").replace("CN_", "GR_"))
    with pytest.raises(LabelError, match="GR under two codes"):
        read(path)


def test_rest_of_the_world_missing_is_noted(tmp_path: Path, text: str) -> None:
    table = read(files.write_text(tmp_path / NAME, text.replace("FIGW1_", "JP_")))
    assert {"no-rest-of-world", "part-of-the-world"} <= {n.code for n in table.info.notes}


def test_name_without_a_year_is_noted(tmp_path: Path, text: str) -> None:
    table = read(files.write_text(tmp_path / "mine.csv", text))
    assert table.info.year is None and table.info.edition == ""
    assert "unknown-year" in {n.code for n in table.info.notes}


def test_kind_that_the_name_does_not_claim(tmp_path: Path, world: files.World, text: str) -> None:
    with pytest.raises(InputError, match="industry-by-industry table, such as 'CN_A01'"):
        figaro.parse(files.write_text(tmp_path / PRODUCTS, text))
    text = files.figaro_text(world, products=True)
    with pytest.raises(InputError, match="product-by-product table"):
        figaro.parse(files.write_text(tmp_path / NAME, text))


def test_areas_of_another_edition(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figaro, "AREAS", {"25": 50, "24": 3})
    with pytest.raises(InputError, match="3 areas, as in another edition"):
        figaro.parse(files.write_text(tmp_path / NAME, text))


def test_whole_world_in_another_unit(
    tmp_path: Path, world: files.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figaro, "AREAS", {"25": 3})
    rows, columns, values = files.figaro_matrix(world)
    small = files.csv_text("rowLabels", rows, columns, values / 1024)
    with pytest.raises(ValueFault, match="value added of the world"):
        figaro.parse(files.write_text(tmp_path / NAME, small))


@pytest.mark.parametrize(
    ("change", "error", "found"),
    [
        (lambda r: r[:150], FormatError, "the end after 149 rows"),
        (lambda r: r[:-1], FormatError, "'W2_D29X39'"),
        (lambda r: [*r[:9], *r[10:]], LabelError, "due in row 11"),
        (lambda r: [*r[:9], r[10], r[9], *r[11:]], LabelError, "due in row 11"),
        (lambda r: [*r[:9], r[8], *r[10:]], LabelError, "second time"),
        (lambda r: [*r[:9], r[9].replace(",", ",:,", 1), *r[10:]], FormatError, "cells"),
        (lambda r: [*r[:9], "CN_C18," + ":," * 206 + "0", *r[10:]], ValueFault, "missing value"),
        (lambda r: [*r[:9], r[9].partition(",")[0] + ",nan" * 207, *r[10:]], ValueFault, "nan"),
        (lambda r: [r[0].replace("CN_A02", "CN_A03"), *r[1:]], LabelError, "CN_A03|twice"),
        (lambda r: [r[0].replace("CN_A02", "CN_X"), *r[1:]], LabelError, "'CN_X'"),
        (lambda r: [r[0].replace("P51G", "P52"), *r[1:]], LabelError, "P52"),
        (lambda r: [x.rpartition(",")[0] for x in r], LabelError, "the end after 206 columns"),
    ],
    ids=["cut", "row missing at the end", "row missing", "swapped", "doubled", "longer", "markers",
         "nan", "doubled column", "unknown column", "other use", "column missing"],
)  # fmt: skip
def test_faults(
    tmp_path: Path, text: str, change: Callable[[list[str]], list[str]],
    error: type[ServioError], found: str
) -> None:  # fmt: skip
    lines = change(text.splitlines())
    with pytest.raises(error, match=found):
        figaro.parse(files.write_text(tmp_path / NAME, "\n".join(lines) + "\n"))


def test_swapped_rows_and_columns(tmp_path: Path, world: files.World) -> None:
    rows, columns, values = files.figaro_matrix(world)
    text = files.csv_text("rowLabels", columns, rows, values.T)
    with pytest.raises(FormatError, match="swapped"):
        figaro.parse(files.write_text(tmp_path / NAME, text))


def test_command_line(tmp_path: Path, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = files.write_text(tmp_path / NAME, text)
    assert main(["audit", str(path)]) == 0
    assert main(["measure", "output_multiplier", str(path)]) == 0
    assert "KR" in capfd.readouterr().out
