"""Tables as they are published: one sheet with everything, parts of files, totals among them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from servio.errors import MESSAGE_LIMIT, InputError
from servio.sources import generic
from servio.sources._roles import demand_role, names_total, primary_role
from servio.table import IOTable, column_gap, row_gap
from table_files import TWO, X2, Z2, block, describe

SHEET = """\
My office,,,,,,,,
Table 1,,,,,,,,
code,name,farms,firms,total,households,exports,uses,
1,farms,10,30,40,50,10,100,
2,firms,20,60,80,100,20,200,
T,total,30,90,120,150,30,300,
M,imports,5,10,15,,,,
V1,wages,45,70,115,,,,
V2,profits,20,30,50,,,,
,gross value added,65,100,165,,,,
P1,output,100,200,300,,,,
E,workers,3,4,7,,,,
Source: my office,,,,,,,,
"""
KEYS = """\
[table]
file = "whole.csv"
skip_rows = 2
label_column = "name"
industries = ["farms", "firms"]
demand = ["households", "exports"]
primary = ["imports", "...", "profits"]
output = "output"
ignore = ["total", "uses", "gross value added"]
[satellites]
employment = {row = "workers", unit = "persons"}
"""


def read(path: Path) -> IOTable:
    assert generic.sniff(path)
    (bundle,) = generic.parse(path)
    return bundle.table(0)


def refused(path: Path, *words: str) -> str:
    with pytest.raises(InputError) as caught:
        generic.parse(path)
    text = str(caught.value)
    assert len(text) <= MESSAGE_LIMIT
    for word in words:
        assert word in text, text
    return text


def codes(table: IOTable) -> list[str]:
    return [note.code for note in table.info.notes]


def check(table: IOTable) -> None:
    assert table.axis.codes == ("farms", "firms")
    assert table.Z.tolist() == [[10.0, 30.0], [20.0, 60.0]]
    assert table.Y.tolist() == [[50.0, 10.0], [100.0, 20.0]]
    assert table.V.tolist() == [[5.0, 10.0], [45.0, 70.0], [20.0, 30.0]]
    assert table.x.tolist() == [100.0, 200.0]
    assert table.demand_roles == ("household", "exports")
    assert table.primary_roles == ("imports", "value_added", "value_added")
    employment = table.satellites["employment"]
    assert (employment.values.tolist(), employment.unit) == ([3.0, 4.0], "persons")
    assert table.info.derived == ()


# -- one sheet -------------------------------------------------------------------------------------


def test_one_sheet_holds_the_whole_table(tmp_path: Path) -> None:
    check(read(describe(tmp_path, KEYS, whole=SHEET)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"name"', "2"),
        ('["farms", "firms"]', "2"),
        ('["farms", "firms"]', '["farms", "...", "firms"]'),
        ('["imports", "...", "profits"]', '["imports", "wages", "profits"]'),
        ('output = "output"', 'output = {row = "output"}'),
        ('output = "output"', 'output = {column = "uses"}'),
        ("skip_rows = 2", "skip_rows = 2\nlast_row = 12"),
    ],
)
def test_the_same_said_in_other_words(tmp_path: Path, old: str, new: str) -> None:
    text = KEYS.replace(old, new)
    if "uses" in new:
        text = text.replace('"total", "uses", ', '"total", "output", ')
    check(read(describe(tmp_path, text, whole=SHEET)))


def test_one_sheet_of_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for line in SHEET.splitlines():
        page.append([float(c) if c.isdigit() else c or None for c in line.split(",")])
    book.save(tmp_path / "book.xlsx")
    check(read(describe(tmp_path, KEYS.replace("whole.csv", "book.xlsx"))))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"gross value added"', '"uses"', ("row 'gross value added'", "ignore")),
        ('"uses", ', "", ("column 'uses'", "ignore")),
        ("skip_rows = 2", "skip_rows = 1", ("label_column", "skip_rows")),
        ("skip_rows = 2", "skip_rows = 40", ("13 rows", "skip_rows")),
        ("skip_rows = 2", "skip_rows = -1", ("line 3, skip_rows",)),
        ('"name"', "0", ("label_column",)),
        ('"name"', "1", ("no row 'farms'", "label_column")),
        ('"firms"]', '"firm"]', ("no row 'firm'", "Did you mean firms")),
        ('"firms"]', '"firms", "..."]', ("industries", '"..."')),
        ('"imports", "...", "profits"', '"profits", "...", "imports"', ("'profits' after",)),
        ('["households", "exports"]', '["firms", "exports"]', ("'firms', an industry",)),
        ('output = "output"', 'output = "outputs"', ("no row or column 'outputs'", "output")),
        ('output = "output"', 'output = {line = "output"}', ("output",)),
        ('"total", ', '"total", "totl", ', ("'totl' in no file", "Did you mean total")),
        ('industries = ["farms", "firms"]\n', "", ("file without industries",)),
        ("[satellites]", 'Z = "z.csv"\n[satellites]', ("Z beside file",)),
        ('"workers"', '"worker"', ("no row 'worker'", "Did you mean workers")),
        ('file = "whole.csv"', 'Z = "z.csv"\nx = "x.csv"', ("industries without file",)),
    ],
)
def test_nothing_is_guessed(tmp_path: Path, old: str, new: str, words: tuple[str, ...]) -> None:
    assert old in KEYS
    refused(describe(tmp_path, KEYS.replace(old, new), whole=SHEET, z=Z2, x=X2), *words)


def test_labels_twice_need_an_end(tmp_path: Path) -> None:
    twice = SHEET + SHEET.split("\n", 3)[3]
    refused(describe(tmp_path, KEYS, whole=twice), "'farms'", "twice", "row 4", "last_row")
    check(read(describe(tmp_path, KEYS.replace("= 2\n", "= 2\nlast_row = 13\n"), whole=twice)))


def test_output_in_a_row_and_a_column_must_agree(tmp_path: Path) -> None:
    text = KEYS.replace('"uses", ', "")
    both = SHEET.replace("uses", "output")
    check(read(describe(tmp_path, text, whole=both)))
    other = both.replace(",200,\nT", ",201,\nT")
    refused(describe(tmp_path, text, whole=other), "200", "201", 'output = {row = "output"}')
    side = text.replace('output = "output"', 'output = {row = "output"}')
    check(read(describe(tmp_path, side, whole=other)))


def test_blank_cells_are_zero_only_if_declared(tmp_path: Path) -> None:
    gap = SHEET.replace("1,farms,10,", "1,farms,,")
    refused(describe(tmp_path, KEYS, whole=gap), "row 4, column 3 (farms), (farms)", "empty cell")
    text = KEYS.replace("[table]\n", '[table]\nmissing = {"" = "zero"}\n')
    assert read(describe(tmp_path, text, whole=gap)).Z.tolist() == [[0.0, 30.0], [20.0, 60.0]]


def test_a_formula_without_value_is_no_blank(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in ([None, "a", "b"], ["a", 150, "=1+1"], ["b", 200, None]):
        page.append(row)
    book.save(tmp_path / "z.xlsx")
    text = TWO.replace("z.csv", "z.xlsx") + 'missing = {"" = "zero"}\n'
    refused(describe(tmp_path, text, x=X2), "cell C2", "formula")


# -- parts of files --------------------------------------------------------------------------------

USES = """\
,wage,total inner demand,households,exports,final total demand
a,400,650,200,150,1000
b,900,300,1500,200,2000
"""


def test_parts_of_files(tmp_path: Path) -> None:
    text = '[table]\nZ = "z.csv"\n'
    text += 'x = {file = "uses.csv", column = "final total demand"}\n'
    text += 'Y = {file = "uses.csv", columns = ["households", "exports"]}\n'
    table = read(describe(tmp_path, text, z=Z2, uses=USES))
    assert table.x.tolist() == [1000.0, 2000.0]
    assert table.Y.tolist() == [[200.0, 150.0], [1500.0, 200.0]]
    assert not row_gap(table).any()


def test_ignored_labels_are_left_out_of_every_file(tmp_path: Path) -> None:
    text = '[table]\nZ = "z.csv"\nY = "uses.csv"\n'
    text += 'ignore = ["wage", "total inner demand", "final total demand", "T"]\n'
    z = Z2.replace(",a,b", ",a,b,T").replace("500.0", "500.0,650").replace("100.0", "100.0,300")
    table = read(describe(tmp_path, text, z=z, uses=USES))
    assert table.Z.tolist() == [[150.0, 500.0], [200.0, 100.0]]
    assert table.x.tolist() == [1000.0, 2000.0]
    assert table.info.derived == ("x", "V")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ('Y = {file = "uses.csv", column = "exprts"}', ("'exprts'", "Did you mean exports")),
        ('Y = {file = "uses.csv", colums = ["exports"]}', ("'colums'", "Did you mean column")),
        ('Y = {columns = ["exports"]}', ("file",)),
        ('Y = {file = "uses.csv", column = "a", columns = ["b"]}', ("column and columns",)),
        ('Y = {file = "uses.csv", columns = []}', ("columns",)),
        ('x = "uses.csv"', ("5 columns", "column =")),
    ],
)
def test_parts_that_are_not_there(tmp_path: Path, key: str, words: tuple[str, ...]) -> None:
    refused(describe(tmp_path, f'[table]\nZ = "z.csv"\n{key}\n', z=Z2, uses=USES), *words)


def test_the_first_row_is_the_header(tmp_path: Path) -> None:
    refused(describe(tmp_path, TWO, z=Z2, x="a,1000\nb,2000\n"), "x.csv, row 1, 'a'", "header")
    refused(describe(tmp_path, TWO, z="a,150,500\nb,200,100\n", x=X2), "z.csv, row 1", "header")


# -- totals and strangers --------------------------------------------------------------------------

Z3 = [[10, 20, 30], [40, 50, 60], [70, 80, 90]]
Y3 = {"households": [100, 0, 50], "government": [10, 20, 0], "exports": [5, 6, 7]}
X3 = [175, 176, 297]
ROUNDED = np.array([1, 0, -1])
TOTALS = {
    "inner": np.sum(Z3, axis=1),
    "home": [110, 20, 50],
    "abroad": [15, 26, 7],
    "supply": X3,
    "all uses": [115, 26, 57],
}
PLACES = {"inner": (0, 1, 2, 3), "home": (0, 2), "abroad": (1, 3), "supply": (0, 1, 2, 3),
          "all uses": (0, 1, 2, 3)}  # fmt: skip


def with_demand(folder: Path, columns: Mapping[str, object], more: str = "") -> Path:
    values = np.array(list(columns.values())).T
    files = {
        "z": block("abc", "abc", Z3),
        "x": block("abc", ["x"], X3),
        "y": block("abc", list(columns), values),
    }
    return describe(folder, '[table]\nZ = "z.csv"\nY = "y.csv"\n' + more, **files)


@pytest.mark.parametrize(("name", "at"), [(n, at) for n, places in PLACES.items() for at in places])
def test_sums_in_final_demand(tmp_path: Path, name: str, at: int) -> None:
    """Sums of the columns before or after, of all, of intermediate sales, of everything."""
    items = list(Y3.items())
    items.insert(at, (name, TOTALS[name]))
    path = with_demand(tmp_path, dict(items), 'x = "x.csv"\n')
    refused(path, f"{name!r}", "sum of the others", f'ignore = ["{name}"]')
    table = read(with_demand(tmp_path, dict(items), f'x = "x.csv"\nignore = ["{name}"]\n'))
    assert table.demand.codes == tuple(Y3)
    assert not row_gap(table).any()


@pytest.mark.parametrize("name", ["final total demand", "Sub-total", "sum of uses", "Gross output"])
def test_names_of_totals(tmp_path: Path, name: str) -> None:
    columns: dict[str, object] = {**Y3, name: [1, 2, 4]}
    refused(with_demand(tmp_path, columns), f"{name!r}", "a total", "ignore")
    listed = f'[table]\nZ = "z.csv"\nY = {{file = "y.csv", columns = ["exports", "{name}"]}}\n'
    with_demand(tmp_path, columns)
    (tmp_path / "table.toml").write_text(listed)
    assert read(tmp_path / "table.toml").demand.codes == ("exports", name)


def test_a_role_s_own_total_is_none() -> None:
    assert not any(map(names_total, ("Exports total", "total value added", "81_Exports total")))
    assert all(map(names_total, ("Employment total", "TOTAL", "CPA_TOTAL", "Output at basic prices",
                                 "total final uses", "subtotal")))  # fmt: skip


def test_sums_of_primary_inputs(tmp_path: Path) -> None:
    """The last row is intermediate inputs and all rows before it: output, unless rounded."""
    names = ["wages", "profits", "taxes on products", "spent"]
    V = np.array([[20000, 10000, 30000], [10, 20, 30], [5, 5, 5]])
    spent = V.sum(axis=0) + np.sum(Z3, axis=0)
    files = {"z": block("abc", "abc", Z3), "v": block(names, "abc", [*V, spent + ROUNDED])}
    text = '[table]\nZ = "z.csv"\nV = "v.csv"\n'
    refused(describe(tmp_path, text, **files), "row 'spent'", "sum of the others")
    table = read(describe(tmp_path, text + 'ignore = ["spent"]\n', **files))
    assert table.primary == tuple(names[:3])
    assert table.info.derived == ("x", "Y")


def test_a_primary_input_in_final_demand(tmp_path: Path) -> None:
    columns: dict[str, object] = {"wage": [1, 2, 4], **Y3}
    refused(with_demand(tmp_path, columns), "'wage'", "primary input", 'ignore = ["wage"]')
    table = read(with_demand(tmp_path, columns, '[demand_roles]\nwage = "other"\n'))
    assert table.demand_roles[0] == "other"


def test_strangers_where_nothing_adds_up(tmp_path: Path) -> None:
    v = block(["wages", "employees"], "ab", [[650, 1400], [90, 80]])
    text = TWO + 'V = "v.csv"\n'
    path = describe(tmp_path, text, z=Z2, x=X2, v=v)
    refused(path, "'employees'", "exceed output by 9.0% in a", "[primary_roles]", "[satellites]")
    declared = describe(tmp_path, text + '[primary_roles]\nemployees = "taxes"\n', z=Z2, x=X2, v=v)
    assert read(declared).primary_roles == ("value_added", "taxes")
    fits = block(["wages", "other"], "ab", [[600, 1300], [50, 100]])
    table = read(describe(tmp_path, text, z=Z2, x=X2, v=fits))
    assert "primary-role" in codes(table)
    alone = '[table]\nZ = "z.csv"\nV = "v.csv"\n'
    refused(describe(tmp_path, alone, z=Z2, v=fits), "'other'", "no role known")
    y = block("ab", ["households", "jobs"], [[350, 90], [1700, 80]])
    refused(describe(tmp_path, TWO + 'Y = "y.csv"\n', z=Z2, x=X2, y=y), "'jobs'", "[demand_roles]")


def test_the_rest_of_primary_inputs(tmp_path: Path) -> None:
    v = block(["wages"], "ab", [[400, 900]])
    text = TWO + 'V = "v.csv"\n'
    part = read(describe(tmp_path, text, z=Z2, x=X2, v=v))
    assert "primary_rest" in next(n.text for n in part.info.notes if n.code == "primary-incomplete")
    text += 'primary_rest = "value_added"\n'
    table = read(describe(tmp_path, text, z=Z2, x=X2, v=v))
    assert table.V.tolist() == [[400.0, 900.0], [250.0, 500.0]]
    assert table.primary == ("wages", "rest of primary inputs")
    assert table.info.derived == ("V", "Y")
    assert not column_gap(table).any()
    refused(describe(tmp_path, text.replace("value_added", "values"), z=Z2, x=X2, v=v), "value_add")
    refused(describe(tmp_path, text.replace('V = "v.csv"\n', ""), z=Z2, x=X2), "without V")
    refused(describe(tmp_path, text.replace('x = "x.csv"\n', ""), z=Z2, v=v), "without output")
    odd = block(["crew"], "ab", [[400, 900]])
    refused(describe(tmp_path, text, z=Z2, x=X2, v=odd), "'crew'", "[primary_roles]")


def test_imports_of_unknown_product_are_noted(tmp_path: Path) -> None:
    v = block(["imports", "value added"], "ab", [[50, 0], [600, 1400]])
    table = read(describe(tmp_path, TWO + 'V = "v.csv"\n', z=Z2, x=X2, v=v))
    note = next(n for n in table.info.notes if n.code == "imports-of-unknown-product")
    assert "5.0% of inputs" in note.text
    total = read(describe(tmp_path, TWO + 'V = "v.csv"\nflows = "total"\n', z=Z2, x=X2, v=v))
    assert "imports-of-unknown-product" not in codes(total)


def test_imported_final_demand_needs_no_imports_column(tmp_path: Path) -> None:
    files = {
        "z": Z2,
        "m": block("ab", "ab", [[10, 20], [30, 40]]),
        "y": block("ab", ["households", "imports", "exports"], [[300, -40, 90], [1700, -80, 80]]),
        "ym": block("ab", ["exports", "households"], [[1, 9], [2, 8]]),
        "x": X2,
    }
    text = TWO + 'Y = "y.csv"\nimports = "m.csv"\nimports_final = "ym.csv"\nflows = "total"\n'
    refused(describe(tmp_path, text, **files), "align = true")
    files["ym"] = block("ab", ["households", "exports"], [[9, 1], [8, 2]])
    table = read(describe(tmp_path, text, **files))
    assert table.Ym is not None
    assert table.Ym.tolist() == [[9.0, 1.0], [8.0, 2.0]]
    assert table.Y.tolist() == [[291.0, 89.0], [1692.0, 78.0]]


def test_costs_that_exceed_output_are_said_to(tmp_path: Path) -> None:
    v = block(["wages"], "ab", [[690, 1400]])
    table = read(describe(tmp_path, TWO + 'V = "v.csv"\n', z=Z2, x=X2, v=v))
    note = next(n for n in table.info.notes if n.code == "column-imbalance")
    assert note.text.startswith("costs exceed output by up to 40 (a")


def test_roles_by_name() -> None:
    assert demand_role("Consumption expenditure outside households (column)") is None
    assert demand_role("(less) Commodity taxes on imported goods") == "imports"
    assert primary_role("95_(less) Current subsidies") == "taxes"
    assert primary_role("subsidies on production") == "value_added"
    assert primary_role("Taxes on production and imports, less subsidies") == "value_added"
    assert primary_role("import duties and taxes on imports") == "taxes"


# -- published sheets as they are ------------------------------------------------------------------


def published(shared: Path, folder: Path, name: str, text: str) -> IOTable:
    (folder / Path(name).name).write_bytes((shared / name).read_bytes())
    return read(describe(folder, text))


def test_germany_1995_as_published(shared: Path, tmp_path: Path) -> None:
    """Eurostat (2008), Manual of Supply, Use and Input-Output Tables, Tables 15.4-15.10."""
    text = """
[table]
file = "germany_1995_eurostat_manual_15_4.csv"
label_column = "iotables_row"
industries = ["agriculture_group", "...", "other_services_group"]
demand = ["consumption_expenditure_household", "...", "export_goods_services"]
primary = ["import_goods_services", "...", "operating_surplus_net"]
output = {row = "output_bp"}
ignore = ["total", "intermediate_consumption_pp", "gva_bp", "wage_salary_earner", "self_employed"]
[primary_roles]
net_tax_production = "taxes"
[satellites]
employment = {row = "employment_total", unit = "1000 persons"}
"""
    name = "checks/data/germany_1995_eurostat_manual_15_4.csv"
    table = published(shared, tmp_path, name, text)
    check = json.loads((shared / "checks/02_eurostat_manual_germany_1995.json").read_text())
    given, expected, atol = check["inputs"], check["expected"], check["tolerance"]
    np.testing.assert_array_equal(table.Z, given["Z"])
    np.testing.assert_array_equal(table.x, given["x"])
    np.testing.assert_allclose(
        table.leontief().inverse.sum(axis=0), expected["backward_linkages_colsum_L"], atol=atol
    )
    np.testing.assert_allclose(table.value_added / table.x, expected["gva_coeff"], atol=atol)
    assert not column_gap(table).any()
    with pytest.raises(InputError, match=r"1079446 in the row, 1079400 in the column"):
        read(describe(tmp_path, text.replace('{row = "output_bp"}', '"output_bp"')))


def test_netherlands_2000_as_published(shared: Path, tmp_path: Path) -> None:
    """SPICOSA project manual, Table 1: income effects."""
    text = """
[table]
file = "netherlands_2000_spicosa.csv"
industries = 6
demand = ["final_consumption_households", "...", "exports"]
primary = ["imports", "net_tax", "value_added_bp"]
output = "output_bp"
ignore = ["TOTAL", "final_consumption_private", "total_use", "total_use_pp"]
[satellites]
wages = {row = "compensation_employees"}
"""
    table = published(shared, tmp_path, "checks/data/netherlands_2000_spicosa.csv", text)
    check = json.loads((shared / "checks/03_netherlands_2000_income_multipliers.json").read_text())
    wages = table.satellites["wages"].values / table.x
    effects = wages @ table.leontief().inverse
    np.testing.assert_allclose(
        effects, check["expected"]["income_effects"], atol=check["tolerance"]
    )


def test_chile_2013_as_published(shared: Path, tmp_path: Path) -> None:
    """Banco Central de Chile 2013; multipliers of the R package leontief's vignette."""
    wage = "checks/data/chile2013_wage_demand_matrix.csv"
    flows = shared / "checks/data/chile2013_transaction_matrix.csv"
    (tmp_path / "z.csv").write_bytes(flows.read_bytes())
    text = """
[table]
Z = "z.csv"
x = {file = "chile2013_wage_demand_matrix.csv", column = "final_total_demand"}
Y = {file = "chile2013_wage_demand_matrix.csv", columns = ["household_consumption", "...", "exports"]}
V = {file = "chile2013_wage_demand_matrix.csv", column = "wage"}
primary_rest = "value_added"
"""  # noqa: E501
    table = published(shared, tmp_path, wage, text)
    expected = json.loads((shared / "checks/05_chile_2013_12x12_linkages.json").read_text())
    np.testing.assert_allclose(
        table.leontief().inverse.sum(axis=0), expected["expected"]["output_multiplier"], atol=0.006
    )
    assert np.abs(row_gap(table)).max() < 1e-6 * table.x.max()
    bad = '[table]\nZ = "z.csv"\nY = "chile2013_wage_demand_matrix.csv"\n'
    refused(describe(tmp_path, bad), "'intermediate_total_demand'", '"final_total_demand"]')


def test_burgenland_2011_as_published(shared: Path, tmp_path: Path) -> None:
    """Survey-based table of a region: 56 industries, 6 final uses, 16 rows of primary inputs."""
    text = """
[table]
file = "AT11.csv"
industries = 56
demand = ["57 HOU", "...", "62 Stocks"]
output = {column = "Total"}
ignore = ["57 Soldiers", "...", "72 InputTax"]
"""
    table = published(shared, tmp_path, "data/regional_io/austria/AT11.csv", text)
    assert (len(table), table.Y.shape[1], table.x[0]) == (56, 6, 412.0)
    assert np.abs(row_gap(table)).max() < 1e-3 * table.x.max()


def test_the_documented_sheet_and_its_description(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/generic-tables.md").read_text("utf-8")
    _, sheet, _, description, *_ = page.split("## A published sheet as it is")[1].split("```")
    table = read(describe(tmp_path, description.removeprefix("toml"), sheet=sheet.lstrip()))
    assert table.axis.codes == ("farms", "firms", "shops")
    assert table.primary_roles == ("imports", "value_added", "value_added")
    assert not row_gap(table).any()
    assert not column_gap(table).any()
    assert table.satellites["employment"].values.tolist() == [3.0, 4.0, 5.0]
