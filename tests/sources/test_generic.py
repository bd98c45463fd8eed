"""Tables of one's own: what is read is what was written, and what is derived balances.

Published tables are compared with the digits printed in their sources, named in each test.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pytest

import servio
from servio.errors import InputError
from servio.sources import generic
from servio.sources._roles import demand_role, primary_role
from servio.table import IOTable, column_gap, row_gap
from table_files import TWO, X2, Z2, block, describe

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(20_240_501)


def read(path: Path) -> IOTable:
    assert generic.sniff(path)
    (bundle,) = generic.parse(path)
    return bundle.table(0)


def codes(table: IOTable) -> list[str]:
    return [note.code for note in table.info.notes]


# -- published tables ------------------------------------------------------------------------------


def test_example_gives_the_book_s_numbers() -> None:
    """Miller & Blair (2009), Tables 2.3 and 2.4; 30 % and 25 % labour coefficients."""
    table = read(ROOT / "examples" / "two-sector")
    np.testing.assert_allclose(table.coefficients(), [[0.15, 0.25], [0.2, 0.05]], rtol=1e-12)
    L = [[1.25412541, 0.330033], [0.2640264, 1.12211221]]
    np.testing.assert_allclose(table.leontief().inverse, L, atol=1e-5)
    np.testing.assert_allclose(table.leontief().solve(np.array([600.0, 1500.0])),
                               [1247.5, 1841.6], atol=0.1)  # fmt: skip
    np.testing.assert_allclose(table.satellites["labour"].values / table.x, [0.3, 0.25])
    assert table.satellites["labour"].unit == "persons"
    assert not row_gap(table).any()
    assert not column_gap(table).any()
    names, weights = table.weights("services")
    assert (names, weights.tolist()) == (("services",), [[0.0, 1.0]])
    assert table.info.money == "million USD"
    assert codes(table) == []


def test_germany_1995(shared: Path, tmp_path: Path) -> None:
    """Eurostat (2008), Manual of Supply, Use and Input-Output Tables, Tables 15.4-15.10."""
    check = json.loads((shared / "checks/02_eurostat_manual_germany_1995.json").read_text())
    given, expected = check["inputs"], check["expected"]
    names = given["sectors"]
    path = describe(
        tmp_path,
        '[table]\nyear = 1995\ncurrency = "DEM"\nunit = "million"\n[files]\nZ = "z.csv"\n'
        'x = "x.csv"\n[satellites]\ngva = "gva.csv"\n',
        z=block(names, names, given["Z"]),
        x=block(names, ["output"], given["x"]),
        gva=block(["gva"], names, given["gva"]),
    )
    table = read(path)
    L = table.leontief().inverse
    tolerance = check["tolerance"]
    np.testing.assert_allclose(
        L.sum(axis=0), expected["backward_linkages_colsum_L"], atol=tolerance
    )
    gva = table.satellites["gva"].values / table.x
    np.testing.assert_allclose(gva, expected["gva_coeff"], atol=tolerance)
    assert np.abs(row_gap(table)).max() < 1e-9 * table.x.max()


def test_netherlands_2000(shared: Path, tmp_path: Path) -> None:
    """SPICOSA project manual, Table 1: income effects and type I multipliers."""
    check = json.loads((shared / "checks/03_netherlands_2000_income_multipliers.json").read_text())
    given, expected = check["inputs"], check["expected"]
    names = list("ABCDEF")
    path = describe(
        tmp_path,
        TWO + '[satellites]\nwages = "wages.csv"\n',
        z=block(names, names, given["Z"]),
        x=block(["output"], names, given["x"]),
        wages=block(names, ["wages"], given["compensation"]),
    )
    table = read(path)
    wages = table.satellites["wages"].values / table.x
    effects = wages @ table.leontief().inverse
    tolerance = check["tolerance"]
    np.testing.assert_allclose(effects, expected["income_effects"], atol=tolerance)
    np.testing.assert_allclose(
        effects / wages, expected["income_multipliers_type1"], atol=tolerance
    )


def test_chile_2013_from_the_published_files(shared: Path, tmp_path: Path) -> None:
    """Banco Central de Chile 2013, 12 x 12; multipliers of the R package leontief's vignette."""
    check = json.loads((shared / "checks/05_chile_2013_12x12_linkages.json").read_text())
    data = shared / "checks/data"
    expected = check["expected"]
    rows = list(csv.reader((data / "chile2013_wage_demand_matrix.csv").open()))
    names = [row[0] for row in rows[1:]]
    column = rows[0].index("final_total_demand")
    path = describe(
        tmp_path,
        TWO + '[satellites]\nemployment = "employment.csv"\n',
        z=(data / "chile2013_transaction_matrix.csv").read_bytes(),
        x=block(names, ["x"], [float(row[column]) for row in rows[1:]]),
        employment=(data / "chile2013_employment_matrix.csv").read_bytes(),
    )
    table = read(path)
    A, L = table.coefficients(), table.leontief().inverse
    manufacturing = table.axis.codes.index("manufacturing_industry")
    np.testing.assert_allclose(
        A[:, manufacturing], list(expected["A_column_manufacturing"].values()), atol=6e-4
    )
    np.testing.assert_allclose(
        L[:, manufacturing], list(expected["L_column_manufacturing"].values()), atol=6e-4
    )
    np.testing.assert_allclose(L.sum(axis=0), expected["output_multiplier"], atol=0.006)
    assert set(table.satellites) == {
        "employment: employees", "employment: employment_coefficient"}  # fmt: skip


def test_kitzes_2013(shared: Path, tmp_path: Path) -> None:
    """Kitzes (2013), Resources 2:489-503: a two-sector footprint."""
    check = json.loads((shared / "checks/32_kitzes_2013_eeio.json").read_text())
    given = check["inputs"]
    path = describe(
        tmp_path,
        TWO + 'Y = "y.csv"\n[satellites]\nq = {file = "q.csv", unit = "t"}\n',
        z=block("ab", "ab", given["Z"]),
        x=block("ab", ["x"], given["x"]),
        y=block("ab", ["final"], given["y"]),
        q=block(["q"], "ab", given["q"]),
    )
    table = read(path)
    q = table.satellites["q"].values
    footprint = (q / table.x @ table.leontief().inverse) * table.Y[:, 0]
    np.testing.assert_allclose(footprint, check["expected"]["consumption_based"], atol=1e-5)
    np.testing.assert_allclose(footprint.sum(), q.sum())


# -- round trips -----------------------------------------------------------------------------------


def random_parts(n: int = 6) -> dict[str, np.ndarray]:
    Z = RNG.lognormal(3, 1.5, (n, n))
    Zm = RNG.lognormal(1, 1.5, (n, n))
    Y = RNG.lognormal(5, 1, (n, 3))
    Ym = RNG.lognormal(2, 1, (n, 3))
    x = Z.sum(axis=1) + Y.sum(axis=1)
    V = np.vstack([x - Z.sum(axis=0) - Zm.sum(axis=0) + 7.0, np.full(n, -7.0)])
    return {"Z": Z, "Y": Y, "V": V, "x": x, "Zm": Zm, "Ym": Ym}


DEMAND = ("households", "investment", "exports")
PRIMARY = ("wages and surplus", "taxes on products")
NAMES = ("a", "b", "c", "d", "e", "f")
FULL = ('[table]\ntitle = "t"\nyear = 2014\nprices = "current"\ncountry = "KOR"\n'
        'Z = "z.csv"\nY = "y.csv"\nV = "v.csv"\nx = "x.csv"\nimports = "m.csv"\n')  # fmt: skip


def files_of(parts: dict[str, np.ndarray]) -> dict[str, str]:
    return {
        "z": block(NAMES, NAMES, parts["Z"]),
        "y": block(NAMES, DEMAND, parts["Y"]),
        "v": block(PRIMARY, NAMES, parts["V"]),
        "x": block(NAMES, ["output"], parts["x"]),
        "m": block(NAMES, NAMES, parts["Zm"]),
        "ym": block(NAMES, DEMAND, parts["Ym"]),
    }


def test_every_part_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    parts = random_parts()
    path = describe(tmp_path, FULL + 'imports_final = "ym.csv"\n', **files_of(parts))
    table = read(path)
    for name, values in parts.items():
        np.testing.assert_array_equal(getattr(table, name), values, err_msg=name)
    assert table.demand_roles == ("household", "investment", "exports")
    assert table.primary_roles == ("value_added", "taxes")
    assert (table.info.flows, table.info.year, table.axis.labels[0]) == ("domestic", 2014, "KOR_a")
    assert len(table.info.input_sha256) == 64


def test_final_imports_may_stand_beside_the_imported_inputs(tmp_path: Path) -> None:
    parts = random_parts()
    files = files_of(parts)
    beside = np.hstack([parts["Zm"], parts["Ym"]])
    files["m"] = block(NAMES, (*NAMES, *DEMAND), beside)
    table = read(describe(tmp_path, FULL, **files))
    np.testing.assert_array_equal(table.Zm, parts["Zm"])
    np.testing.assert_array_equal(table.Ym, parts["Ym"])


def test_total_flows_are_split_by_the_imports(tmp_path: Path) -> None:
    parts = random_parts()
    files = files_of(parts)
    files["z"] = block(NAMES, NAMES, parts["Z"] + parts["Zm"])
    files["y"] = block(NAMES, DEMAND, parts["Y"] + parts["Ym"])
    text = FULL + 'imports_final = "ym.csv"\nflows = "total"\n'
    table = read(describe(tmp_path, text, **files))
    np.testing.assert_allclose(table.Z, parts["Z"], rtol=1e-12)
    np.testing.assert_allclose(table.Y, parts["Y"], rtol=1e-12)
    assert table.info.flows == "domestic"
    assert np.abs(row_gap(table)).max() < 1e-9 * table.x.max()


@pytest.mark.parametrize("final", [True, False])
def test_an_imports_column_that_balances_total_flows(tmp_path: Path, final: bool) -> None:
    parts = random_parts()
    files = files_of(parts)
    files["z"] = block(NAMES, NAMES, parts["Z"] + parts["Zm"])
    imports = -(parts["Zm"].sum(axis=1) + parts["Ym"].sum(axis=1))
    Y = np.column_stack([parts["Y"] + parts["Ym"], imports])
    files["y"] = block(NAMES, (*DEMAND, "imports"), Y)
    files["ym"] = block(NAMES, (*DEMAND, "imports"), np.column_stack([parts["Ym"], 0 * imports]))
    text = FULL + ('imports_final = "ym.csv"\n' if final else "") + 'flows = "total"\n'
    table = read(describe(tmp_path, text, **files))
    np.testing.assert_allclose(table.Z, parts["Z"], rtol=1e-12)
    assert np.abs(row_gap(table)).max() < 1e-9 * table.x.max()
    assert np.abs(column_gap(table)).max() < 1e-9 * table.x.max()
    assert ("imports" in table.demand_roles) is not final


def test_the_reading_that_does_not_balance_is_refused(tmp_path: Path) -> None:
    parts = random_parts()
    files = files_of(parts)
    files["z"] = block(NAMES, NAMES, parts["Z"] + parts["Zm"])
    with pytest.raises(InputError, match='flows = "total"'):
        read(describe(tmp_path, FULL, **files))


def test_missing_parts_follow_from_the_balance(tmp_path: Path) -> None:
    parts = random_parts()
    files = files_of(parts)
    start = '[table]\nZ = "z.csv"\nimports = "m.csv"\n'
    from_x = read(describe(tmp_path, start + 'x = "x.csv"\n', **files))
    np.testing.assert_allclose(from_x.Y[:, 0], parts["Y"].sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(from_x.V[0], parts["V"].sum(axis=0), rtol=1e-9)
    from_y = read(describe(tmp_path, start + 'Y = "y.csv"\n', **files))
    np.testing.assert_allclose(from_y.x, parts["x"], rtol=1e-12)
    from_v = read(describe(tmp_path, start + 'V = "v.csv"\n', **files))
    np.testing.assert_allclose(from_v.x, parts["x"], rtol=1e-12)
    for table in (from_x, from_y, from_v):
        assert "derived" in codes(table)
        assert any("derived" in step for step in table.info.steps)


def test_blocks_may_lie_on_their_side(tmp_path: Path) -> None:
    parts = random_parts()
    files = files_of(parts)
    files["v"] = block(NAMES, PRIMARY, parts["V"].T)
    files["y"] = block(DEMAND, NAMES, parts["Y"].T)
    files["x"] = block(["output"], NAMES, parts["x"])
    table = read(describe(tmp_path, FULL, **files))
    np.testing.assert_array_equal(table.V, parts["V"])
    np.testing.assert_array_equal(table.Y, parts["Y"])
    np.testing.assert_array_equal(table.x, parts["x"])
    assert any("turned" in step for step in table.info.steps)


def test_another_order_is_aligned_on_request_only(tmp_path: Path) -> None:
    parts = random_parts()
    files = files_of(parts)
    order = [3, 1, 0, 2, 5, 4]
    names = [NAMES[i] for i in order]
    files["z"] = block(NAMES, names, parts["Z"][:, order])
    files["v"] = block(PRIMARY, names, parts["V"][:, order])
    files["y"] = block(names, DEMAND, parts["Y"][order])
    files["x"] = block(names, ["output"], parts["x"][order])
    with pytest.raises(InputError, match="align = true"):
        read(describe(tmp_path, FULL, **files))
    table = read(describe(tmp_path, FULL + "align = true\n", **files))
    np.testing.assert_array_equal(table.Z, parts["Z"])
    for name in ("V", "Y", "x"):
        np.testing.assert_array_equal(getattr(table, name), parts[name])
    assert sum("brought into one order" in step for step in table.info.steps) == 4


def test_workbook_and_csv_give_one_table(tmp_path: Path) -> None:
    parts = {name: values.round(3) for name, values in random_parts().items()}
    book = openpyxl.Workbook()
    sheets = {
        "Z": (NAMES, NAMES, parts["Z"]),
        "Y": (NAMES, DEMAND, parts["Y"]),
        "V": (PRIMARY, NAMES, parts["V"]),
        "x": (NAMES, ("output",), parts["x"][:, None]),
        "imports": (NAMES, NAMES, parts["Zm"]),
    }
    for name, (rows, columns, values) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append([None, *columns])
        for label, row in zip(rows, values.tolist(), strict=True):
            sheet.append([label, *row])
    book.save(tmp_path / "book.xlsx")
    text = '[table]\nyear = 2014\ncountry = "KOR"\nprices = "current"\n'
    text += "".join(f'{k} = "book.xlsx#{k}"\n' for k in sheets)
    other = tmp_path / "csv"
    from_csv = read(describe(other, FULL, **files_of(parts)))
    from_book = read(describe(tmp_path, text))
    assert from_book.fingerprint == from_csv.fingerprint


def test_years_are_read_one_by_one(tmp_path: Path) -> None:
    text = '[table]\nyears = [2000, 2001]\nZ = "z_{year}.csv"\nx = "x.csv"\n'
    path = describe(tmp_path, text, z_2000=Z2, z_2001=Z2.replace("150", "151"), x=X2)
    first, second = (bundle.table(0) for bundle in generic.parse(path))
    assert (first.info.year, second.info.year) == (2000, 2001)
    assert (first.Z[0, 0], second.Z[0, 0]) == (150.0, 151.0)
    assert first.info.input_sha256 != second.info.input_sha256


def test_countries_in_the_labels_make_a_world_table(tmp_path: Path) -> None:
    labels = ("KOR_A", "KOR_C_1", "DEU_A", "DEU_C_1")
    Z = RNG.uniform(1, 2, (4, 4))
    demand = ("KOR_HFCE", "KOR_GFCF", "DEU_HFCE", "DEU_GFCF")
    Y = RNG.uniform(5, 6, (4, 4))
    path = describe(
        tmp_path,
        '[table]\ncountry_separator = "_"\nZ = "z.csv"\nY = "y.csv"\n',
        z=block(labels, labels, Z),
        y=block(labels, demand, Y),
    )
    table = read(path)
    assert (table.info.flows, table.info.country) == ("world", "WORLD")
    assert table.axis.countries == ("KOR", "KOR", "DEU", "DEU")
    assert table.axis.codes == ("A", "C_1", "A", "C_1")
    assert table.demand.countries == ("KOR", "KOR", "DEU", "DEU")
    assert table.demand_roles == ("household", "investment", "household", "investment")
    assert table.flows("imported")[0, 1] == 0.0
    assert table.flows("imported")[0, 2] == Z[0, 2]


WORLD = '[table]\ncountry_separator = "_"\nZ = "z.csv"\nY = "y.csv"\n'


def world(folder: Path, demand: tuple[str, ...], text: str = WORLD) -> Path:
    labels = ("KOR_A", "KOR_C", "DEU_A", "DEU_C")
    Y = np.arange(4.0 * len(demand)).reshape(4, -1) + 9
    return describe(
        folder, text, z=block(labels, labels, np.eye(4) + 1), y=block(labels, demand, Y)
    )


@pytest.mark.parametrize(
    ("demand", "countries", "roles"),
    [
        (("KOR", "DEU"), ("KOR", "DEU"), ("other", "other")),
        (("HFCE_DEU", "KOR_HFCE"), ("DEU", "KOR"), ("household", "household")),
        (("DEU_FD", "KOR_CONS_h", "CONS_g_KOR"), ("DEU", "KOR", "KOR"),
         ("other", "household", "government")),
    ],
)  # fmt: skip
def test_final_demand_names_its_country(
    tmp_path: Path, demand: tuple[str, ...], countries: tuple[str, ...], roles: tuple[str, ...]
) -> None:
    table = read(world(tmp_path, demand))
    assert (table.demand.countries, table.demand_roles) == (countries, roles)
    assert [code for code in codes(table) if code.startswith("demand")] == []
    np.testing.assert_array_equal(table.Y[0], np.arange(len(demand)) + 9.0)


@pytest.mark.parametrize("strange", ["EXPO", "XXX_HFCE", "KOR_DEU", "KORHFCE"])
def test_a_column_without_a_country_is_named(tmp_path: Path, strange: str) -> None:
    with pytest.raises(InputError, match=f"{strange}.*expected KOR_HFCE or just KOR"):
        read(world(tmp_path, ("KOR_HFCE", "DEU_HFCE", strange)))


def test_final_demand_without_countries_is_noted(tmp_path: Path) -> None:
    (note,) = [n for n in read(world(tmp_path, ("HFCE", "GFCF"))).info.notes
               if n.code == "demand-country"]  # fmt: skip
    assert "measures of trade" in note.text
    (note,) = [n for n in read(world(tmp_path, ("KOR_HFCE",))).info.notes
               if n.code == "demand-country"]  # fmt: skip
    assert "no column of Y for DEU" in note.text
    alone = read(world(tmp_path, ("HFCE",), WORLD.replace('country_separator = "_"\n', "")))
    assert 'country_separator = "_"' in next(
        n.text for n in alone.info.notes if n.code == "countries-in-labels"
    )


def test_a_description_decides_what_its_folder_is(tmp_path: Path) -> None:
    """final demand of three-letter countries looks like OECD's world tables by itself"""
    text = WORLD.replace("[table]", "[table]\nyear = 2014")
    path = world(tmp_path / "own", ("KOR_HFCE", "DEU_HFCE"), text)
    scanned = servio.scan(path.parent, cache=False)
    assert (scanned.source, scanned.years) == ("generic", (2014,))
    assert scanned.ignored == ("y.csv", "z.csv")
    path.rename(path.with_name("mine.toml"))
    assert servio.scan(path.parent, cache=False).source == "generic"
    (path.parent / "other.csv").write_bytes((path.parent / "y.csv").read_bytes())
    with pytest.raises(InputError, match="several sources: generic, icio"):
        servio.scan(path.parent, cache=False)
    with pytest.raises(InputError, match=r"table\.toml"):
        servio.scan(path.parent / "y.csv", cache=False)


def test_a_group_with_a_name_of_servio_is_noted(tmp_path: Path) -> None:
    table = read(describe(tmp_path, TWO + '[groups]\nindustry = ["a"]\n', z=Z2, x=X2))
    assert "group-name" in codes(table)
    assert table.weights("industry")[1].tolist() == [[1.0, 0.0]]


def test_arrays_are_not_read_but_taken(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", Z=np.eye(2), Y=np.eye(2))
    with pytest.raises(InputError, match=r"IOTable\.from_flows"):
        servio.scan(tmp_path / "w.npz", cache=False)


# -- text forms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_text_forms_that_say_what_they_are(
    tmp_path: Path, encoding: str, end: str, separator: str
) -> None:
    z = Z2.replace("a", "가").replace(",", separator).replace("\n", end).rstrip()
    x = X2.replace("a", "가")
    table = read(describe(tmp_path, TWO, z=z.encode(encoding), x=x))
    assert table.axis.codes == ("가", "b")
    np.testing.assert_array_equal(table.Z, [[150, 500], [200, 100]])


def test_declared_encoding_decimal_thousands_and_missing(tmp_path: Path) -> None:
    z = ";농업;b\n농업;1.150,5;:\nb;2,5e2;-0,0\n"
    text = TWO + ('encoding = "cp949"\ndecimal = ","\nthousands = "."\n'
                  'missing = {":" = "zero"}\n')  # fmt: skip
    x = ";x\n농업;2.000.000\nb;1000\n"
    table = read(describe(tmp_path, text, z=z.encode("cp949"), x=x.encode("cp949")))
    np.testing.assert_array_equal(table.Z, [[1150.5, 0.0], [250.0, 0.0]])
    assert not np.signbit(table.Z).any()
    assert table.x.tolist() == [2e6, 1e3]
    assert any(note.code == "missing-as-zero" for note in table.info.notes)


def test_labels_are_text_whatever_they_look_like(tmp_path: Path) -> None:
    names = ("01", "1E1", "NA", "nan")
    path = describe(tmp_path, TWO, z=block(names, names, np.eye(4)), x=block(names, ["x"], [9] * 4))
    assert read(path).axis.codes == names


def test_quoted_labels_and_spaces(tmp_path: Path) -> None:
    z = '"","A, ""x""",b\n"A, ""x""", 150 ,500\nb,200,1e2\n'
    x = ',x\n" A, ""x""\u00a0",1000\nb,2000\n'
    table = read(describe(tmp_path, TWO, z=z, x=x))
    assert table.axis.codes == ('A, "x"', "b")
    assert "labels-normalised" in codes(table)


def test_extreme_but_finite_numbers(tmp_path: Path) -> None:
    z = ",a,b\na,1e-320,.5\nb,5.,+3E+2\n"
    table = read(describe(tmp_path, TWO, z=z, x=block("ab", ["x"], [1e15, 1e15])))
    np.testing.assert_array_equal(table.Z, [[1e-320, 0.5], [5.0, 300.0]])


# -- what goes with the table ----------------------------------------------------------------------


def test_groupings(tmp_path: Path) -> None:
    text = TWO + '[groups]\nservices = ["b"]\n[groups.kiet]\nIT = ["a"]\ntrade = ["b", "a"]\n'
    table = read(describe(tmp_path, text, z=Z2, x=X2))
    assert table.weights("kiet")[0] == ("IT", "trade")
    assert table.weights("kiet")[1].tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert table.weights("services")[1].tolist() == [[0.0, 1.0]]


def test_a_known_classification_is_recognised_and_noted(tmp_path: Path) -> None:
    names = ("A01", "C10-C12", "C31_C32", "J62_J63", "R_S")
    files = {"z": block(names, names, np.ones((5, 5))), "x": block(names, ["x"], [9] * 5)}
    table = read(describe(tmp_path, TWO, **files))
    assert table.info.classification == "isic4_wiod56"
    assert "classification" in codes(table)
    assert table.weights("services")[1].tolist() == [[0.0, 0.0, 0.0, 1.0, 1.0]]


def test_roles_declared_and_unknown(tmp_path: Path) -> None:
    parts = random_parts()
    files = files_of(parts)
    files["y"] = block(NAMES, ("alpha", "beta", "gamma"), parts["Y"])
    text = FULL + '[demand_roles]\nalpha = "household"\n'
    text += '[primary_roles]\n"taxes on products" = "margins"\n'
    table = read(describe(tmp_path, text, **files))
    assert table.demand_roles == ("household", "other", "other")
    assert table.primary_roles == ("value_added", "margins")
    assert "beta, gamma" in next(n.text for n in table.info.notes if n.code == "demand-role")


DOCUMENTED = [
    (demand_role, "household", "HFCE PCE CONS_h P3_S14 DPABR CONS_ABR households|"
     "final_consumption_households|private consumption"),
    (demand_role, "npish", "NPISH NPS CONS_np P3_S15|non-profit consumption"),
    (demand_role, "government", "GGFC GGE CONS_g P3_S13|government consumption"),
    (demand_role, "investment", "GFCF P5 P51G|gross_fixed_capital_formation|fixed investment"),
    (demand_role, "inventory", "INVNT INVEN INV P52 P53 P5M|changes in inventories|stocks"),
    (demand_role, "exports", "EXPO EXP EX P6|exports of goods|re-exports"),
    (demand_role, "imports", "IMPO IMP IM M P7|imports, negative"),
    (demand_role, None, "final demand|other uses|w"),
    (primary_role, "value_added", "VA VALU GVA B1G D1 LABR CFC NOPS OTXS wages profits payments|"
     "value added|compensation of employees|operating surplus, net|mixed income|"
     "consumption of fixed capital|other taxes on production|taxes less subsidies on production"),
    (primary_role, "taxes", "TXSP TLS TXS_INT_FNL D21X31 taxes|taxes less subsidies on products"),
    (primary_role, "margins", "IntTTM margins|international transport margins"),
    (primary_role, "imports", "IMP M P7 imports IMP_OTHER|imported inputs"),
    (primary_role, "adjustment", "PURR PURNR EXP_adj|statistical discrepancy"),
    (primary_role, None, "sector 9"),
]  # fmt: skip


@pytest.mark.parametrize(("role_of", "role", "names"), DOCUMENTED)
def test_documented_names_have_their_roles(
    role_of: Callable[[str], str | None], role: str | None, names: str
) -> None:
    single, *phrases = names.split("|")
    words = [single] if role is None else single.split()
    assert {name: role_of(name) for name in (*words, *phrases)} == dict.fromkeys(
        (*words, *phrases), role
    )


NOTED = [
    ("negative-flows", {"z": ",a,b\na,150,500\nb,-2,100\n"}),
    ("negative-final-demand", {"z": ",a,b\na,150,900\nb,200,100\n"}),
    ("negative-value-added", {"x": ",x\na,1000\nb,300\n", "z": ",a,b\na,150,500\nb,90,10\n"}),
    ("inputs-exceed-output", {"x": ",x\na,1000\nb,300\n", "z": ",a,b\na,150,500\nb,90,10\n"}),
    ("zero-output", {"z": ",a,b\na,150,0\nb,0,0\n", "x": ",x\na,1000\nb,0\n"}),
]


@pytest.mark.parametrize(("code", "files"), NOTED, ids=[code for code, _ in NOTED])
def test_odd_values_are_noted_with_the_table(
    tmp_path: Path, code: str, files: dict[str, str]
) -> None:
    table = read(describe(tmp_path, TWO, **{"z": Z2, "x": X2, **files}))
    assert code in codes(table)


def test_an_imbalance_is_noted_not_spread(tmp_path: Path) -> None:
    y = block("ab", ["households"], [350, 1650])
    table = read(describe(tmp_path, TWO + 'Y = "y.csv"\n', z=Z2, x=X2, y=y))
    assert table.Y[:, 0].tolist() == [350.0, 1650.0]
    note = next(n for n in table.info.notes if n.code == "row-imbalance")
    assert "50 (b" in note.text


def test_file_of_another_year_is_noted(tmp_path: Path) -> None:
    text = '[table]\nyear = 2014\nZ = "z_2010.csv"\nx = "x.csv"\n'
    assert "year-in-file-name" in codes(read(describe(tmp_path, text, z_2010=Z2, x=X2)))


def test_unknown_kind_is_noted(tmp_path: Path) -> None:
    table = read(describe(tmp_path, TWO + 'kind = "activity-by-activity"\n', z=Z2, x=X2))
    assert "unknown-kind" in codes(table)
    assert table.info.kind == "activity-by-activity"


def test_one_industry(tmp_path: Path) -> None:
    table = read(describe(tmp_path, TWO, z=",a\na,2\n", x=",x\na,10\n"))
    assert (table.Y.tolist(), table.V.tolist()) == ([[8.0]], [[8.0]])


def test_sniff_knows_descriptions_only(tmp_path: Path) -> None:
    path = describe(tmp_path, TWO, z=Z2, x=X2)
    assert generic.sniff(path)
    assert generic.sniff(tmp_path)
    assert not generic.sniff(tmp_path / "z.csv")
    assert not generic.sniff(tmp_path / "none.toml")
    (tmp_path / "study.toml").write_text("[study]\nname = 'x'\n")
    assert not generic.sniff(tmp_path / "study.toml")
