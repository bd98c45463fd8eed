"""World tables of WIOD 2016: binary and plain workbooks in the published layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import world_files as files
from servio.cli import main
from servio.errors import FormatError, InputError, LabelError, ServioError, ValueFault
from servio.sources import _registry, read, wiot
from servio.table import Axis, IOTable

NAME = "WIOT2014_Nov16_ROW"
Cells = list[list[object]]
N = 3 * 56


@pytest.fixture(scope="module")
def world() -> files.World:
    """Multiples of 1/64, which a workbook keeps exactly."""
    w = files.wiot_world(3)
    sixty_fourths = {name: np.round(getattr(w, name) * 64) / 64
                     for name in ("Z", "Y", "taxes", "wages", "surplus")}  # fmt: skip
    w = replace(w, **sixty_fourths)
    return replace(w, x=w.Z.sum(axis=1) + w.Y.sum(axis=(1, 2)))


@pytest.fixture(scope="module")
def cells(world: files.World) -> Cells:
    return files.wiot_cells(world)


def expected(w: files.World, cells: Cells, table: IOTable) -> IOTable:
    values = np.array([row[4:-1] for row in cells[6:]], dtype=float)
    primary = tuple(wiot.PRIMARY)
    roles = ("household", "npish", "government", "investment", "inventory") * 3
    return IOTable(w.Z, values[:N, N:], values[N + 1 : -1, :N], w.x,
                   Axis.world(w.regions, w.codes), Axis.world(w.regions, tuple(wiot.DEMAND)),
                   roles, primary, tuple(wiot.PRIMARY.values()), table.info,
                   Vy=values[N + 1 : -1, N:])  # fmt: skip


@pytest.mark.parametrize("kind", ["xlsx", "xlsb"])
def test_table_to_the_last_bit(tmp_path: Path, world: files.World, cells: Cells, kind: str) -> None:
    write = files.write_xlsb if kind == "xlsb" else files.write_xlsx
    path = write(tmp_path / f"mine.{kind}", cells)
    assert _registry.recognise(path) == "wiot"
    table = read(path)
    assert table.fingerprint == expected(world, cells, table).fingerprint
    info = table.info
    assert (info.source, info.year, info.edition) == ("wiot", 2014, "November 2016")
    assert info.money == "million USD" and info.classification == "isic4_wiod56"
    assert info.flows == "world" and info.country == "WORLD"


def test_published_sums_that_differ_are_noted(tmp_path: Path, cells: Cells) -> None:
    changed = [list(row) for row in cells]
    changed[-1][4 + 9] *= 1.01
    changed[-8][4 + 3] *= 1.5
    [bundle] = wiot.parse(files.write_xlsb(tmp_path / f"{NAME}.xlsb", changed))
    notes = [n for n in bundle.infos[0].notes if n.code == "published-totals"]
    assert len(notes) == 2
    assert bundle.arrays["x"][0, 9] == changed[-1][4 + 9]
    assert {"row-imbalance", "column-imbalance"} <= {n.code for n in bundle.infos[0].notes}


def put(row: int, column: int, value: object) -> Callable[[Cells], Cells]:
    def change(cells: Cells) -> Cells:
        cells = [list(r) for r in cells]
        cells[row][column] = value
        return cells

    return change


@pytest.mark.parametrize(
    ("change", "error", "found"),
    [
        (put(20, 30, "n.a."), ValueFault, "AE21.*the text 'n.a.'"),
        (put(20, 30, None), ValueFault, "AE21.*a blank"),
        (put(20, 30, float("nan")), ValueFault, "AE21"),
        (put(6, 0, "A02"), LabelError, "A7.*'A02'"),
        (put(7, 2, "AUT"), LabelError, "C8.*'AUT'"),
        (put(2, 5, "A01"), LabelError, "F3.*'A01'"),
        (put(2, 4, "c1"), FormatError, "E3.*'c1'"),
        (put(-3, 0, "V.A."), LabelError, "'V.A.'"),
        (lambda c: [*c[:20], *c[21:]], LabelError, "A21"),
        (lambda c: [*c[:20], c[21], c[20], *c[22:]], LabelError, "A21"),
        (lambda c: c[:-1], LabelError, "the end of the sheet"),
        (lambda c: c[:100], LabelError, "the end of the sheet"),
        (lambda c: [*c, c[-1]], FormatError, "rows and 188 columns"),
        (lambda c: [[*r, 1.0] for r in c], FormatError, "189 columns|columns"),
        (lambda c: c[1:], (LabelError, FormatError), "E3"),
    ],
    ids=["text", "blank", "nan", "industry", "country", "column", "no industry", "primary",
         "row missing", "swapped", "no output", "cut", "row more", "column more", "title gone"],
)  # fmt: skip
@pytest.mark.parametrize("write", [files.write_xlsb])
def test_faults(
    tmp_path: Path, cells: Cells, write: Callable[..., Path],
    change: Callable[[Cells], Cells], error: type[ServioError], found: str
) -> None:  # fmt: skip
    with pytest.raises(error, match=found):
        wiot.parse(write(tmp_path / f"{NAME}.xlsb", change(cells)))


def test_year_of_the_sheet_and_of_the_name(tmp_path: Path, cells: Cells) -> None:
    with pytest.raises(InputError, match="the year 2013 in a file named WIOT2014_"):
        wiot.parse(files.write_xlsb(tmp_path / f"{NAME}.xlsb", cells, "2013"))
    with pytest.raises(InputError, match="a year of the 2016 release"):
        wiot.parse(files.write_xlsb(tmp_path / "mine.xlsb", cells, "2015"))
    path = files.write_xlsb(tmp_path / "other.xlsb", cells, "data")
    assert _registry.recognise(path) is None
    with pytest.raises(FormatError, match="'data'"):
        wiot.parse(path)


def test_whole_world_in_another_unit(
    tmp_path: Path, cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiot, "COUNTRIES", 3)
    wiot.parse(files.write_xlsb(tmp_path / f"{NAME}.xlsb", files.wiot_cells(full_value_added())))
    changed = [list(row) for row in cells]
    changed[-3][4:-1] = [value / 1e3 for value in changed[-3][4:-1]]
    with pytest.raises(ValueFault, match="value added of the world"):
        wiot.parse(files.write_xlsb(tmp_path / f"{NAME}.xlsb", changed))


def full_value_added() -> files.World:
    """Surplus lies in the row of transport margins of the writer: here it is all wages."""
    w = files.wiot_world(3)
    return replace(w, wages=w.wages + w.surplus, surplus=0.0 * w.surplus)


def test_damaged_workbooks(tmp_path: Path, cells: Cells) -> None:
    path = files.write_xlsb(tmp_path / f"{NAME}.xlsb", cells)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError, match="damaged or cut-off"):
        read(path)
    broken = bytearray(content)
    broken[len(content) // 2] ^= 0xFF
    path.write_bytes(broken)
    with pytest.raises(FormatError, match="damaged"):
        read(path)


def test_command_line(tmp_path: Path, cells: Cells, capfd: pytest.CaptureFixture[str]) -> None:
    path = files.write_xlsb(tmp_path / f"{NAME}.xlsb", cells)
    assert main(["audit", str(path)]) == 0
    assert main(["measure", "output_multiplier", str(path)]) == 0
    assert "AUT" in capfd.readouterr().out
