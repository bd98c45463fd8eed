"""OECD ICIO: what is written in a published layout is what is read, and faults are named."""

from __future__ import annotations

import codecs
import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import world_files as files
from servio.cli import main
from servio.errors import FormatError, InputError, LabelError, ServioError, ValueFault
from servio.sources import _registry, _wide, _world, icio, read, scan
from servio.table import Axis, IOTable

N = 45


@pytest.fixture(scope="module")
def world() -> files.World:
    return files.icio_world(4)


@pytest.fixture(scope="module")
def lines(world: files.World) -> list[str]:
    return files.icio_text(world).splitlines()


def write(tmp_path: Path, lines: list[str], name: str = "2020_SML.csv") -> Path:
    return files.write_text(tmp_path / name, "\n".join(lines) + "\n")


def expected(w: files.World, table: IOTable) -> IOTable:
    """The table that the world is, made from its arrays."""
    Y = files.icio_demand(w).reshape(len(w.x), -1)
    axis = Axis.world(w.regions, w.codes)
    demand = Axis.world(w.regions, ("HFCE", "NPISH", "GGFC", "GFCF", "INVNT", "DPABR"))
    roles = ("household", "npish", "government", "investment", "inventory", "household")
    value_added = w.wages + w.surplus
    Vy = np.vstack([0.0078125 * Y.sum(axis=0), np.zeros(Y.shape[1])])
    return IOTable(w.Z, Y, np.vstack([w.taxes, value_added]), w.x, axis, demand,
                   roles * len(w.regions), ("TLS", "VA"), ("taxes", "value_added"), table.info,
                   Vy=Vy)  # fmt: skip


@pytest.mark.parametrize(("name", "edition"), [("isic4_oecd45", "2023"), ("isic4_oecd50", "2025")])
def test_regular_table_to_the_last_bit(tmp_path: Path, name: str, edition: str) -> None:
    w = files.icio_world(4, name)
    table = read(files.write_text(tmp_path / "2020_SML.csv", files.icio_text(w)))
    assert table.fingerprint == expected(w, table).fingerprint
    assert table.info.edition == edition and table.info.year == 2020
    assert table.info.classification == name and table.info.flows == "world"
    assert table.info.country == "WORLD" and table.info.money == "million USD"
    assert {n.code for n in table.info.notes} == {
        "part-of-the-world", "negative-demand-cells", "zero-output"}  # fmt: skip


def test_older_edition_has_other_labels_and_a_tax_row_a_country(
    tmp_path: Path, world: files.World
) -> None:
    text = files.icio_text(world, corner="", edition="2021")
    table = read(files.write_text(tmp_path / "ICIO2021_2018.csv", text))
    assert table.info.edition == "2021" and table.info.year == 2018
    assert table.axis.codes[:3] == ("A01_02", "A03", "B05_06")
    assert np.array_equal(table.Z, world.Z) and np.array_equal(table.x, world.x)
    assert table.primary == ("CHN_TAXSUB", "KOR_TAXSUB", "MEX_TAXSUB", "ROW_TAXSUB", "VALU")
    assert table.primary_roles == ("taxes",) * 4 + ("value_added",)
    assert np.array_equal(table.V[:-1].sum(axis=0), world.taxes)


@pytest.mark.parametrize("split", [("CHN",), ("CHN", "MEX")])
@pytest.mark.parametrize("own", [False, True])
def test_parts_of_a_country_are_added_up(
    tmp_path: Path, world: files.World, split: tuple[str, ...], own: bool
) -> None:
    text = files.icio_text(world, split=split, own=own)
    table = read(files.write_text(tmp_path / "2020.csv", text))
    assert table.fingerprint == expected(world, table).fingerprint
    assert len(table.info.steps) == len(split)
    assert table.info.steps[0] == "CHN: rows and columns of CN1, CN2 added"


def test_parts_of_a_country_kept(tmp_path: Path, world: files.World) -> None:
    path = files.write_text(tmp_path / "2020.csv", files.icio_text(world, split=("CHN", "MEX")))
    table = read(path, source="icio_split")
    assert table.axis.country_names == (*world.regions, "CN1", "CN2", "MX1", "MX2")
    assert table.demand.country_names == world.regions
    whole, part = table.axis.positions("CHN"), table.axis.positions("CN1")
    assert not table.x[whole].any()
    assert np.array_equal(2 * table.x[part], world.x[:N])
    assert "row-imbalance" not in {n.code for n in table.info.notes}
    assert read(path).axis.country_names == world.regions


def test_total_beside_its_parts_is_double_counting(tmp_path: Path, world: files.World) -> None:
    rows, columns, values = files.icio_matrix(world, split=("CHN",))
    parts = [i for i, row in enumerate(rows) if row.startswith("CN1_")]
    values[:N] = 2 * values[parts]
    path = files.write_text(tmp_path / "2020.csv", files.csv_text("V1", rows, columns, values))
    for parse in (icio.parse, lambda p: icio.tables(p, fold=False)):
        with pytest.raises(InputError, match=r"CHN.*equal the sum of CN1, CN2"):
            parse(path)


def test_part_without_its_country(tmp_path: Path, world: files.World) -> None:
    path = files.write_text(tmp_path / "2020.csv", files.icio_text(world, split=("CHN",)))
    path.write_text(path.read_text().replace("CHN_", "CHE_"))
    with pytest.raises(LabelError, match="a part of CHN, but no CHN"):
        icio.parse(path)


# -- the same content in other bytes ---------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.replace(b"\n", b"\r\n"),
        lambda b: b.rstrip(b"\n"),
        lambda b: codecs.BOM_UTF8 + b,
        lambda b: b.replace(b"CHN_A01_02", b'"CHN_A01_02"'),
        lambda b: b.decode().encode("utf-16"),
        lambda b: b.replace(b",", b";"),
        lambda b: b.replace(b"ROW_T,", "ROW_T\u00a0,".encode()),
        lambda b: b"x" + b[2:],
        lambda b: codecs.BOM_UTF8 + quoted_header(b).replace(b"\n", b"\r\n"),
        lambda b: b'"' + b.rstrip(b"\n").replace(b",", b'","').replace(b"\n", b'"\n"') + b'"\n',
        lambda b: re.sub(rb"(?<=,)-?[0-9][0-9.e+-]*", lambda m: b"%.17E" % float(m[0]), b),
        lambda b: b.replace(b"\n", b"\r"),
        lambda b: b + b"\n\n",
    ],
    ids=["crlf", "no last newline", "bom", "quotes", "utf-16", "semicolons", "nbsp", "corner",
         "bom, crlf and quoted header", "all quoted", "scientific", "old mac", "blank lines"],
)  # fmt: skip
def test_spellings_of_the_same_file(
    tmp_path: Path, world: files.World, lines: list[str], change: Callable[[bytes], bytes]
) -> None:
    path = write(tmp_path, lines)
    path.write_bytes(change(path.read_bytes()))
    [bundle] = icio.parse(path)
    table = bundle.table(0)
    assert table.fingerprint == expected(world, table).fingerprint


def quoted_header(content: bytes) -> bytes:
    head, _, rest = content.partition(b"\n")
    return b'"' + head.replace(b",", b'","') + b'"\n' + rest


def test_quick_and_exact_reader_agree_to_the_last_bit(tmp_path: Path) -> None:
    cells = ["-0", "0.1", "1e-320", "123456789.123456789", "1E3", "9007199254740993", "5e-324",
             "1.7976931348623157e308", ".5", "2."]  # fmt: skip
    path = files.write_text(tmp_path / "a.csv", "x," + ",".join("abcdefghij") + "\n"
                            + "\n".join(f"r{i}," + ",".join(cells) for i in range(4)))  # fmt: skip
    text = _wide.Text(path)
    with text.open() as stream:
        quick = _wide._quick(text, stream)
        one = np.concatenate([values for _, values in quick.blocks])
    exact = _wide._exact(text)
    [(_, other)] = exact.blocks
    assert quick.columns == exact.columns
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("cells", [["1", "", "1\r2"], ["1\r2"], ["", "1", "2"], ["1", "2"]])
def test_quick_reader_leaves_what_is_not_plain(tmp_path: Path, cells: list[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"x,a,b,c\nr1,{','.join(cells)}\nr2,1,2,3\n".encode())
    text = _wide.Text(path)
    with text.open() as stream, pytest.raises(_wide._OddError):
        list(_wide._quick(text, stream).blocks)
    with pytest.raises(InputError):
        _wide._exact(text)


def test_published_output_that_misses_its_sums_is_noted_and_kept(
    tmp_path: Path, world: files.World
) -> None:
    rows, columns, values = files.icio_matrix(world)
    values[-1, 7] *= 1.001
    path = files.write_text(tmp_path / "2020.csv", files.csv_text("", rows, columns, values))
    [bundle] = icio.parse(path)
    table = bundle.table(0)
    assert table.x[7] == values[-1, 7]
    assert np.array_equal(table.Z, world.Z)
    codes = [n.code for n in table.info.notes]
    assert {"published-totals", "row-imbalance", "column-imbalance"} <= set(codes)
    assert "CHN_C16" in next(n.text for n in table.info.notes if n.code == "row-imbalance")


# -- faults ----------------------------------------------------------------------------------------


def cell(lines: list[str], row: int, column: int, value: str) -> list[str]:
    """The lines with one cell changed; row 0 is the header."""
    cells = lines[row].split(",")
    cells[column] = value
    return [*lines[:row], ",".join(cells), *lines[row + 1 :]]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("NaN", "NaN"),
        ("inf", "inf"),
        ("1e400", "1e400"),
        ("", "empty cell"),
        ("..", "missing value"),
        ("text", "text"),
        ("1 234", "marks"),
        ("0x10", "text"),
        ("1-2", "'1-2'"),
    ],
)
def test_cell_that_is_no_number(tmp_path: Path, lines: list[str], value: str, found: str) -> None:
    path = write(tmp_path, cell(lines, 100, 50, value))
    with pytest.raises(InputError, match=found) as caught:
        icio.parse(path)
    assert "row 101 (MEX_B07_08" not in caught.value.place
    assert lines[100].split(",")[0] in caught.value.place
    assert "2020_SML.csv, row 101" in caught.value.place
    assert lines[0].split(",")[50] in caught.value.place


@pytest.mark.parametrize(
    ("change", "place", "found"),
    [
        (lambda t: t[: len(t) // 2], "row ", "cell"),
        (lambda t: t[: t.index("\nMEX_T,") + 1], "row 136", "the end after 134 rows"),
        (lambda t: t[: t.index("\nVA,") + 1], "row 183", "the end after 181 rows"),
        (lambda t: t[: t.index("\nOUT,") + 1], "row 184", "'VA'"),
        (lambda t: t[: t.index("\n") + 1], "row 2", "the end after 0 rows"),
        (lambda t: t[: t.index(",KOR_C16,") + 1], "row 1", "label"),
    ],
    ids=["in a row", "after rows", "without VA", "without OUT", "header alone", "in the header"],
)
def test_cut_off_file(
    tmp_path: Path, lines: list[str], change: Callable[[str], str], place: str, found: str
) -> None:
    path = files.write_text(tmp_path / "2020.csv", change("\n".join(lines) + "\n"))
    with pytest.raises(InputError) as caught:
        icio.parse(path)
    assert place in caught.value.place
    assert found in caught.value.found


@pytest.mark.parametrize(
    ("change", "error", "found"),
    [
        (lambda r: [*r[:10], *r[11:]], LabelError, "due in row 12"),
        (lambda r: [*r[:10], r[11], r[10], *r[12:]], LabelError, "due in row 12"),
        (lambda r: [*r[:10], r[9], *r[11:]], LabelError, "a second time, after row 10"),
        (lambda r: [*r[:10], r[9], *r[10:]], LabelError, "a second time"),
        (lambda r: [*r[:10], "X" + r[10], *r[11:]], LabelError, "'XCHN_C17_18'|'XCHN"),
        (lambda r: [*r, r[-1].replace("OUT", "SUM")], FormatError, "another row, 'SUM'"),
        (lambda r: [*r[:-2], r[-1], r[-2]], LabelError, "'OUT', which is due in row 184"),
        (lambda r: [*r[:10], r[10] + ",1", *r[11:]], FormatError, "cells"),
        (lambda r: [*r[:10], r[10].rpartition(",")[0], r[11] + ",1", *r[12:]], FormatError,
         "205 cells"),
    ],
    ids=["missing", "swapped", "doubled", "repeated", "renamed", "one more", "bottom swapped",
         "longer", "shorter and longer"],
)  # fmt: skip
def test_rows_that_are_not_the_columns(
    tmp_path: Path, lines: list[str], change: Callable[[list[str]], list[str]],
    error: type[ServioError], found: str
) -> None:  # fmt: skip
    with pytest.raises(error, match=found):
        icio.parse(write(tmp_path, change(lines)))


def test_swapped_rows_and_columns(tmp_path: Path, world: files.World) -> None:
    rows, columns, values = files.icio_matrix(world)
    path = files.write_text(tmp_path / "2020.csv", files.csv_text("", columns, rows, values.T))
    with pytest.raises(FormatError, match="swapped"):
        icio.parse(path)


def columns_changed(
    tmp_path: Path, world: files.World, change: Callable[[list[str]], list[str]]
) -> Path:
    rows, columns, values = files.icio_matrix(world)
    names = change(columns)
    return files.write_text(tmp_path / "2020.csv", files.csv_text("", rows, names, values))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda c: [c[0], c[0], *c[2:]], "twice|second time"),
        (lambda c: [c[1], c[0], *c[2:]], "in another order"),
        (lambda c: [*c[:46], c[47], c[46], *c[48:]], "KOR_B05_06"),
        (lambda c: [*c[:-1], "SUM"], "'SUM'"),
        (lambda c: ["CHN_X1", *c[1:]], "CHN_X1|'X1'"),
        (lambda c: [*c[:-2], "TOTAL", "OUT"], "'TOTAL', a column of no region"),
        (lambda c: [*c[:180], "TTL", *c[181:]], "column 182: found 'TTL', a column of no region"),
        (lambda c: [*c[:90], "WLD_TOTAL", *c[91:]], "column 92: found 'WLD_TOTAL'"),
        (lambda c: [x.replace("GGFC", "GOV") for x in c], "GOV"),
        (lambda c: [x.replace("KOR_", "JPN_") if "GFCF" in x else x for x in c], "JPN_GFCF"),
    ],
    ids=["doubled", "first two swapped", "two swapped", "no total", "unknown",
         "total before the total", "total of flows", "total of the world", "other use",
         "region without demand"],
)  # fmt: skip
def test_columns_that_are_not_of_an_edition(
    tmp_path: Path, world: files.World, change: Callable[[list[str]], list[str]], found: str
) -> None:
    with pytest.raises(InputError, match=found):
        icio.parse(columns_changed(tmp_path, world, change))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ICIO2021_2018.csv", "the industries of the 2023 edition"),
        ("2021_SML.csv", "the year 2021 with the industries of the 2023 edition"),
        ("1994.csv", "the year 1994"),
    ],
)
def test_name_that_claims_another_edition(
    tmp_path: Path, lines: list[str], name: str, found: str
) -> None:
    with pytest.raises(InputError, match=found):
        icio.parse(write(tmp_path, lines, name))


def test_name_without_a_year_is_noted(tmp_path: Path, lines: list[str]) -> None:
    table = read(write(tmp_path, lines, "mine.csv"))
    assert table.info.year is None
    assert "unknown-year" in {n.code for n in table.info.notes}


def test_same_year_twice(tmp_path: Path, lines: list[str]) -> None:
    write(tmp_path, lines, "2019_SML.csv")
    write(tmp_path, lines, "2019.csv")
    with pytest.raises(InputError, match="2019 again"):
        scan(tmp_path)


def test_editions_that_are_not_read_are_named(tmp_path: Path, shared: Path) -> None:
    mocks = shared / "data" / "format_fixtures" / "pymrio_mocks" / "oecd_mock"
    for name, edition in (("ICIO2016_2003.csv", "2016"), ("ICIO2018_2010.CSV", "2018")):
        assert _registry.recognise(mocks / name) == "icio"
        with pytest.raises(FormatError, match=f"the {edition} edition"):
            read(mocks / name)


def test_older_labels_are_named(tmp_path: Path, lines: list[str]) -> None:
    changed = [line.replace("_A01_02", "_01T03") for line in lines]
    with pytest.raises(FormatError, match="the 2018 edition"):
        icio.parse(write(tmp_path, changed))


# -- the world's size ------------------------------------------------------------------------------


def test_world_value_added_must_be_near_world_product() -> None:
    _world.refuse_scale("file", np.array([8.0e7]), 2020)
    for wrong, year in ((8.0e4, 2020), (8.0e10, 2020), (8.0e7, 1995), (2.0e9, None)):
        with pytest.raises(ValueFault, match="decimal points"):
            _world.refuse_scale("file", np.array([wrong]), year)


def test_whole_world_in_another_unit(
    tmp_path: Path, world: files.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tuple(replace(e, regions=4) for e in icio._editions())
    monkeypatch.setattr(icio, "_editions", lambda: small)
    rows, columns, values = files.icio_matrix(world)
    right = files.write_text(tmp_path / "2020.csv", files.csv_text("", rows, columns, values))
    assert "part-of-the-world" not in {n.code for n in icio.parse(right)[0].infos[0].notes}
    wrong = files.csv_text("", rows, columns, values * 1024)
    with pytest.raises(ValueFault, match="value added of the world"):
        icio.parse(files.write_text(tmp_path / "2019.csv", wrong))


def test_lost_decimal_points(tmp_path: Path, lines: list[str]) -> None:
    body = [line.partition(",") for line in lines[1:-1]]
    changed = [lines[0], *(f"{a},{b.replace('.', '')}" for a, _, b in body), lines[-1]]
    with pytest.raises(ValueFault, match="lost their decimal points"):
        icio.parse(write(tmp_path, changed))


# -- archives --------------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path: Path, world: files.World) -> Path:
    members = {f"{2016 + k}_SML.csv": files.icio_text(files.icio_world(3, seed=k))
               for k in range(3)}  # fmt: skip
    return files.write_zip(tmp_path / "2016-2020_SML.zip", {**members, "ReadMe.txt": "read me"})


def test_year_of_an_archive(archive: Path) -> None:
    dataset = scan(archive)
    assert dataset.source == "icio" and dataset.years == (2016, 2017, 2018)
    table = read(archive, year=2017)
    assert np.array_equal(table.Z, files.icio_world(3, seed=1).Z)
    with pytest.raises(LabelError, match="2016-2018"):
        read(archive, year=2020)


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"2015_SML.csv": None}, "the year 2015 in an archive named 2016-2020"),
        ({"2016_SML.csv": None, "x/2016.csv": None}, "2016 again"),
        ({"../2016_SML.csv": None}, "names inside"),
        ({"2016_SML.csv": None, "2017_SML.zip": "x"}, "archive inside"),
        ({"2016_SML.csv": None, "2017_SML.csv": "a,b\n"}, "2017_SML.csv"),
    ],
)
def test_archive_that_is_not_right(
    tmp_path: Path, lines: list[str], members: dict[str, str | None], found: str
) -> None:
    text = "\n".join(lines)
    path = files.write_zip(tmp_path / "2016-2020_SML.zip",
                           {k: text if v is None else v for k, v in members.items()})  # fmt: skip
    with pytest.raises(InputError, match=found):
        scan(path, source="icio")


def test_damaged_archives(archive: Path, tmp_path: Path) -> None:
    content = archive.read_bytes()
    cut = tmp_path / "cut" / archive.name
    cut.parent.mkdir()
    cut.write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError, match="damaged or cut-off"):
        read(cut)
    broken = bytearray(content)
    broken[len(content) // 2] ^= 0xFF
    cut.write_bytes(broken)
    with pytest.raises(FormatError, match=r"damaged|wrong|number|label"):
        scan(cut)


def test_archive_of_other_things(tmp_path: Path) -> None:
    path = files.write_zip(tmp_path / "2016-2020_SML.zip", {"readme.txt": "nothing"})
    with pytest.raises(FormatError, match="no CSV file inside"):
        read(path)


@pytest.mark.parametrize("name", ["2020_SML.csv.gz", "2020_SML.zip"])
def test_packed_in_another_way(tmp_path: Path, lines: list[str], name: str) -> None:
    packed = gzip.compress("\n".join(lines).encode())
    path = tmp_path / name
    if name.endswith("zip"):
        files.write_zip(path, {"2020_SML.csv.gz": packed})
    else:
        path.write_bytes(packed)
    with pytest.raises(FormatError, match="Unpack it first"):
        read(path)


def test_relative_path_after_a_change_of_folder(
    tmp_path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for year in (2019, 2020):
        folder = tmp_path / str(year)
        folder.mkdir()
        write(folder, lines, f"{year}_SML.csv")
        monkeypatch.chdir(folder)
        assert read(f"{year}_SML.csv").info.year == year


# -- the command line ------------------------------------------------------------------------------


def test_command_line(tmp_path: Path, lines: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, lines)
    assert main(["audit", str(path)]) == 0
    assert "1 table: 1 pass, 0 fail" in capfd.readouterr().out
    assert main(["measure", "output_multiplier", str(path)]) == 0
    assert "KOR" in capfd.readouterr().out
    assert main(["audit", str(write(tmp_path, lines[:50], "2019.csv"))]) == 2
    assert "row 51" in capfd.readouterr().err
