"""Trade in value added: published numbers, sums, pitfalls and refusals.

The published numbers are those of exvatools 0.9.0 (Feas 2024): its tests and vignette, on a made-up
table of six countries, two of them in parts, and three sectors. They are printed with two decimals.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from servio.algebra import trade
from servio.classify import Grouping
from servio.errors import InputError, LabelError, UsageError
from servio.measure import (
    export_decomposition,
    export_origin,
    gross_exports,
    participation,
    service_content_of_exports,
    value_added_routes,
    value_added_trade,
)
from servio.measure._countries import system
from servio.table import Axis, IOTable, TableInfo
from servio.table.world import fold_countries
from tables import random_world, two_by_two

PRINTED = 0.006
PARTS = "MEX=MX1+MX2;CHN=CN1+CN2"
GROUPS = {
    "NAFTA": "NAFTA;CHN=CN1+CN2",
    "EU27": "EU27;" + PARTS,
}
METHODS = {"bm_src": "borin_mancini_source", "bm_snk": "borin_mancini_sink",
           "my": "miroudot_ye", "wwz": "wwz", "oecd": "tiva"}  # fmt: skip
OECD = {"EXGR": ("EXGR",), "DC": ("EXGR_DVA",), "VAX": ("FFD_DVA",), "DDC": ("EXGR_RIM",),
        "GVC": ("DEXFVAP", "FEXDVAP"), "GVCF": ("FEXDVAP",)}  # fmt: skip


@cache
def read(path: Path) -> IOTable:
    head, *body = csv.reader(path.read_text().splitlines())
    flows = np.array([row[1:] for row in body], dtype=float)
    n = len(flows)
    axis, demand = (
        Axis(*zip(*(label.split("_") for label in labels), strict=True))
        for labels in ([row[0] for row in body], head[1 + n :])
    )
    sectors = {"goods": ("01T09", "10T39"), "services": ("41T98",)}
    return IOTable.from_flows(
        flows[:, :n], Y=flows[:, n:], codes=(), axis=axis, demand=demand,
        demand_roles=("household", "investment") * 6,
        groups={"services": Grouping.custom("services", {"services": sectors["services"]}),
                "sectors": Grouping.custom("sectors", sectors)},
        info=TableInfo("exvatools", 2020, "WORLD", flows="world"),
    )  # fmt: skip


@pytest.fixture
def published(shared: Path) -> IOTable:
    return read(shared / "checks" / "data" / "exvatools_iciotest_Z_Yfd.csv")


def ask(table, call):
    """Country totals by part of one published call."""
    options = {"method": METHODS[call["method"]], "by": "economy"}
    if call.get("perim") == "WLD":
        options["perimeter"] = "world"
    blocs = GROUPS.get(call["exporter"], PARTS)
    return export_decomposition(table, blocs=blocs, **options)


def test_every_published_number(published, shared):
    """All 151: Borin-Mancini source and sink, Miroudot-Ye, WWZ, OECD; countries and groups."""
    numbers = json.loads((shared / "checks" / "data" / "exvatools_expected.json").read_text())
    answers, wrong = {}, []
    for number in numbers:
        call, part = number["call"], number["component"]
        key = json.dumps(call)
        answers[key] = answers.get(key) or ask(published, call)
        countries = (number["row_filter"] or call["exporter"]).split("|")
        parts = OECD[part] if call["method"] == "oecd" else (part,)
        found = sum(answers[key].value(country=c, part=p) for c in countries for p in parts)
        if abs(found - number["expected"]) > PRINTED * len(countries):
            wrong.append((call, part, number["expected"], found))
    assert len(numbers) == 151 and wrong == []


def test_spain_and_china_in_the_check(published, shared):
    expected = json.loads(
        (shared / "checks" / "07_exvatools_iciotest_decompositions.json").read_text()
    )["expected"]
    options = {"by": "economy", "blocs": PARTS}
    source = export_decomposition(published, **options)
    wwz = export_decomposition(published, method="wwz", **options)
    kww = export_decomposition(published, method="kww", **options)
    world = export_decomposition(published, method="miroudot_ye", perimeter="world", **options)
    tiva = export_decomposition(published, method="tiva", **options)
    for country in ("ESP", "CHN"):
        own = expected[country]
        assert_printed(source, {k: v for k, v in own.items() if isinstance(v, float)}, country)
        assert_printed(source, own["BM"], country)
        assert_printed(wwz, own["WWZ"], country)
        assert kww.value(country=country, part="FVA") == pytest.approx(own["WWZ"]["FVA"], abs=0.006)
    assert_printed(world, expected["ESP"]["MY_world"], "ESP")
    assert_printed(tiva, expected["vignette"]["ESP_tiva"], "ESP")


def test_one_sector_and_one_pair_in_the_vignette(published, shared):
    expected = json.loads(
        (shared / "checks" / "07_exvatools_iciotest_decompositions.json").read_text()
    )["expected"]["vignette"]
    options = {"partners": "each", "blocs": PARTS}
    pair = {"country": "ESP", "industry": "41T98", "partner": "USA"}
    found = export_decomposition(published, **options)
    for part, number in expected["ESP_services_to_USA_bm_src"].items():
        assert found.value(**pair, part=part) == pytest.approx(number, abs=PRINTED), part
    pair = {"country": "USA", "industry": "10T39", "partner": "CHN"}
    found = export_decomposition(published, method="wwz", **options)
    for part, number in expected["USA_manuf_to_CHN_wwz16"].items():
        assert found.value(**pair, part=part) == pytest.approx(number, abs=PRINTED), part


def test_origins_in_the_vignette(published, shared):
    expected = json.loads(
        (shared / "checks" / "07_exvatools_iciotest_decompositions.json").read_text()
    )["expected"]["vignette"]
    origin = export_origin(published, blocs=PARTS)
    found = origin.value(country="ESP", industry="10T39", partner="USA", group="services")
    assert found == pytest.approx(expected["US_services_VA_in_ESP_manufacturing_exports"], abs=1e-5)
    rows = origin.to_frame()
    spain = rows[(rows.country == "ESP") & (rows.partner != "ESP")]
    foreign = expected["foreign_content_ESP_exports"]  # by the industry that exports
    assert spain.value.sum() == pytest.approx(foreign["total"], abs=1e-5)
    services = spain[spain.industry == "41T98"]
    assert services.value.sum() == pytest.approx(foreign["services_origin"], abs=1e-5)
    goods = spain[spain.industry != "41T98"]
    assert goods.value.sum() == pytest.approx(foreign["goods_origin"], abs=1e-5)
    by_partner = services.groupby("partner").value.sum()
    assert by_partner["FRA"] == pytest.approx(foreign["FRA_services"], abs=1e-5)
    assert by_partner["USA"] == pytest.approx(foreign["USA_services"], abs=1e-5)
    assert spain[spain.partner == "FRA"].value.sum() == pytest.approx(
        foreign["FRA_total"], abs=1e-5
    )


def test_absorption_in_the_vignette(published, shared):
    expected = json.loads(
        (shared / "checks" / "07_exvatools_iciotest_decompositions.json").read_text()
    )["expected"]["vignette"]
    routes = value_added_routes(
        published, countries="CHN", contributors="USA", partners="absorbing", grouping="economy",
        blocs=PARTS,
    )  # fmt: skip
    found = routes.value(
        country="CHN", industry="10T39", partner="USA", part="USA", group="economy"
    )
    assert found == pytest.approx(expected["US_VA_in_CHN_manuf_exports_absorbed_in_US"], abs=1e-5)
    world = system(published, PARTS)
    names = ["ESP", "FRA", "MEX", "USA", "CHN", "ROW"]
    usa, china = names.index("USA"), names.index("CHN")
    sorted_codes = np.array(published.axis.codes)[world.order]
    final = np.where(sorted_codes == "10T39", world.Y[:, usa], 0.0)
    found = float(world.content[:, china] @ final)
    assert found == pytest.approx(expected["CHN_VA_in_US_final_demand_for_manufactures"], abs=1e-3)


def assert_printed(found, numbers, country):
    for part, number in numbers.items():
        assert found.value(country=country, part=part) == pytest.approx(number, abs=PRINTED), part


def test_a_split_country_folded_or_as_a_bloc(published):
    """Exports are the same; its parts' own technologies are lost where they are added up."""
    parts = {"MEX": ("MX1", "MX2"), "CHN": ("CN1", "CN2")}
    folded = fold_countries(published, parts)
    assert folded.axis.country_names == ("ESP", "FRA", "MEX", "USA", "CHN", "ROW")
    one = export_decomposition(folded, by="economy")
    two = export_decomposition(published, by="economy", blocs=PARTS)
    for country in ("ESP", "CHN"):
        exports = [m.value(country=country, part="EXGR") for m in (one, two)]
        assert exports[0] == pytest.approx(exports[1], rel=1e-12)
    dva = [m.value(country="CHN", part="DVA") for m in (one, two)]
    assert dva[0] == pytest.approx(dva[1], rel=0.05) and dva[0] != pytest.approx(dva[1], rel=1e-6)


def test_a_known_bloc_says_who_is_missing(published):
    notes = {n.code: n.text for n in gross_exports(published, blocs="EU27").notes}
    assert "EU27 = ESP + FRA; not in the table: AUT" in notes["blocs"]


def test_parts_and_the_whole_are_not_counted_twice():
    with pytest.raises(LabelError, match="besides its parts"):
        gross_exports(random_world(0), blocs="C00=C01+C02")


@pytest.mark.parametrize("method", ["borin_mancini_source", "wwz"])
def test_double_counting_is_misplaced_with_the_use_of_the_importer(method):
    """FC agrees between methods; its split into FVA and FDC does not."""
    table = random_world(3)
    source = by_part(export_decomposition(table, by="economy"))
    other = by_part(export_decomposition(table, by="economy", method=method))
    np.testing.assert_allclose(source["FC"], other["FC"], rtol=1e-12)
    same = np.allclose(source["FVA"], other["FVA"], rtol=1e-3)
    assert same == (method == "borin_mancini_source")


def by_part(found):
    columns = defaultdict(list)
    for part, value in zip(found.columns["part"].decode(), found.values, strict=True):
        columns[part].append(value)
    return {part: np.array(values) for part, values in columns.items()}


def test_forward_participation_of_the_oecd_exceeds_domestic_value_added(published):
    tiva = export_decomposition(published, method="tiva", by="economy", blocs=PARTS)
    source = export_decomposition(published, by="economy", blocs=PARTS)
    forward = tiva.value(country="ESP", part="FEXDVAP")
    assert forward == pytest.approx(3047.87, abs=PRINTED)
    assert forward > source.value(country="ESP", part="DVA")


@pytest.mark.parametrize("use", ["total", "final", "intermediate"])
def test_exports_by_the_country_that_absorbs_them(use):
    table = random_world(2)
    found = gross_exports(table, use=use, partners="absorbing")
    total = gross_exports(table, use=use).values
    np.testing.assert_allclose(found.values.reshape(-1, 3).sum(axis=1), total, rtol=1e-10)
    at_home = found.value(country="C00", industry="C", partner="C00")
    if use == "final":
        sold = gross_exports(table, use="final", partners="each")
        pair = {"country": "C00", "industry": "C", "partner": "C02"}
        assert at_home == 0 and found.value(**pair) == sold.value(**pair)
    else:
        n, x = len(table), table.x
        need = np.linalg.solve(np.eye(n) - table.Z / x, table.Y[:, :2].sum(axis=1))
        row = table.axis.labels.index("C00_C")
        abroad = [i for i, label in enumerate(table.axis.labels) if label[:3] != "C00"]
        expected = (table.Z / x)[row, abroad] @ need[abroad]
        assert at_home == pytest.approx(expected, rel=1e-10) and expected > 0


def test_source_and_sink_agree_by_country_not_by_partner():
    table = random_world(4)
    way = ("borin_mancini_source", "borin_mancini_sink")
    total = [by_part(export_decomposition(table, by="economy", method=m))["DVA"] for m in way]
    np.testing.assert_allclose(*total, rtol=1e-12)
    each = [by_part(export_decomposition(table, by="economy", method=m, partners="each"))["DVA"]
            for m in way]  # fmt: skip
    assert np.abs(each[0] / each[1] - 1).max() > 1e-3


def test_koopman_wang_wei_by_industry_or_partner_is_refused():
    table = random_world(0)
    for options in ({"by": "industry"}, {"by": "economy", "partners": "each"}):
        with pytest.raises(UsageError, match="whole countries"):
            export_decomposition(table, method="kww", **options)
    assert export_decomposition(table, method="kww", by="economy").residual < 1e-12


def test_perimeters_a_method_does_not_know_are_refused():
    with pytest.raises(UsageError, match="perimeter=world"):
        export_decomposition(random_world(0), method="wwz", perimeter="world")


@pytest.mark.parametrize(
    "function",
    [gross_exports, export_decomposition, export_origin, value_added_trade, participation],
)
def test_national_tables_are_refused(function):
    with pytest.raises(InputError, match="national table"):
        function(two_by_two())


def test_a_bloc_exports_less_than_its_members():
    table = random_world(5, countries=4)
    alone = gross_exports(table, by="economy", partners="each")
    bloc = gross_exports(table, by="economy", blocs="BLOC=C01+C03")
    inside = alone.value(country="C01", partner="C03") + alone.value(country="C03", partner="C01")
    apart = gross_exports(table, by="economy")
    members = apart.value(country="C01") + apart.value(country="C03")
    assert bloc.value(country="BLOC") == pytest.approx(members - inside, rel=1e-12)
    found = by_part(export_decomposition(table, by="economy", blocs="BLOC=C01+C03"))
    total = found["DVA"] + found["DDC"] + found["FVA"] + found["FDC"]
    np.testing.assert_allclose(total, found["EXGR"], rtol=1e-12)


@pytest.mark.parametrize("by", ["industry", "economy", "sectors"])
def test_use_and_partners_add_up(by):
    table = random_world(6)
    total = gross_exports(table, by=by).values
    parts = [gross_exports(table, by=by, use=use).values for use in ("final", "intermediate")]
    np.testing.assert_allclose(parts[0] + parts[1], total, rtol=1e-12)
    each = gross_exports(table, by=by, partners="each").values.reshape(-1, 2)
    np.testing.assert_allclose(each.sum(axis=1), total, rtol=1e-12)


def test_imports_mirror_exports():
    table = random_world(7)
    tiva = export_decomposition(table, method="tiva", partners="each")
    sold = tiva.value(country="C00", industry="C", partner="C02", part="EXGR")
    assert tiva.value(country="C02", industry="C", partner="C00", part="IMGR") == sold
    earned = tiva.value(country="C01", industry="K", partner="C02", part="FFD_DVA")
    assert tiva.value(country="C02", industry="K", partner="C01", part="DFD_FVA") == earned


def test_value_added_by_origin_ends_somewhere():
    table = random_world(8)
    ends = value_added_trade(table).values.reshape(len(table), 3)
    np.testing.assert_allclose(ends.sum(axis=1), table.value_added, rtol=1e-10)
    held = value_added_trade(table, embodied_in="exports", by="economy").values.reshape(3, 3)
    np.testing.assert_allclose(held.sum(axis=0), gross_exports(table, by="economy").values)


def taxed(seed, gap=0.0):
    """A world whose industries pay taxes; costs leave a part `gap` of output open."""
    table = random_world(seed)
    return IOTable(
        table.Z, table.Y, np.vstack([0.9 * table.V - gap * table.x, 0.1 * table.V]), table.x,
        table.axis, table.demand, table.demand_roles, ("VA", "TAX"), ("value_added", "taxes"),
        table.info,
    )  # fmt: skip


def test_taxes_are_nobody_s_value_added():
    """What services and export_origin, tiva and the accounts call value added is one thing."""
    table = taxed(9)
    found = export_decomposition(table, by="economy")
    assert {n.code: n.text for n in found.notes}["taxes-apart"].startswith("taxes and margins of")
    parts = by_part(found)
    total = sum(parts[k] for k in ("DVA", "DDC", "FVA", "FDC", "TAXES"))
    np.testing.assert_allclose(total, parts["EXGR"], rtol=1e-12)
    untaxed = by_part(export_decomposition(random_world(9), by="economy"))
    np.testing.assert_allclose(parts["DC"], 0.9 * untaxed["DC"], rtol=1e-10)
    assert "TAXES" not in untaxed
    tiva = by_part(export_decomposition(table, method="tiva", by="economy"))
    own = table.value_added.reshape(3, -1).sum(axis=1)
    np.testing.assert_allclose(tiva["VA"], own, rtol=1e-12)
    names = table.axis.country_names
    origin = export_origin(table, grouping="services", by="economy")
    share = service_content_of_exports(table, by="economy", origin="total")
    for s, country in enumerate(names):
        amount = sum(origin.value(country=country, partner=p, group="services") for p in names)
        assert amount / parts["EXGR"][s] == pytest.approx(share.value(country=country), rel=1e-10)
        served = tiva["EXGR_SERV_DVA"][s] + tiva["EXGR_SERV_FVA"][s]
        assert served == pytest.approx(amount, rel=1e-10)


@pytest.mark.parametrize("method", ["oecd", "vertical", "trade", "output", "forward_production",
                                    "backward_production"])  # fmt: skip
def test_participation_with_taxes_and_open_costs(method):
    table = taxed(9, gap=0.01)
    found = participation(table, method=method)
    assert found.residual < 1e-12
    parts = by_part(found)
    if method in ("oecd", "vertical"):
        return
    whole = {k: v for k, v in parts.items() if k != "GVC"}
    np.testing.assert_allclose(sum(whole.values()), 1.0, rtol=1e-10)
    assert ("COST_GAP" in parts) == (method != "forward_production")


def test_origins_with_a_partition_hold_taxes_and_open_costs():
    table = taxed(9, gap=0.01)
    for found in (export_origin(table, by="economy"), value_added_routes(table, by="economy")):
        groups = set(found.columns["group"].decode())
        assert {"services", "taxes and margins", "discrepancy"} < groups
        assert found.residual < 1e-12
        exports = gross_exports(table, by="economy").values
        np.testing.assert_allclose(found.values.reshape(3, -1).sum(axis=1), exports, rtol=1e-10)
    services = export_origin(table, grouping="services", by="economy")
    assert set(services.columns["group"].decode()) == {"services"}
    found = export_decomposition(table, by="economy")
    parts = by_part(found)
    total = sum(parts[k] for k in ("DC", "FC", "TAXES", "COST_GAP"))
    np.testing.assert_allclose(total, parts["EXGR"], rtol=1e-12)


@pytest.mark.parametrize("function", [export_decomposition, export_origin, value_added_trade,
                                      participation, value_added_routes])  # fmt: skip
def test_a_table_without_value_added_is_refused(function):
    table = random_world(9)
    bare = IOTable(
        table.Z, table.Y, table.V, table.x, table.axis, table.demand, table.demand_roles,
        ("TAX",), ("taxes",), table.info,
    )  # fmt: skip
    with pytest.raises(InputError, match="value added"):
        function(bare)
    assert gross_exports(bare).values.any()


def short(seed):
    """A world that sells a hundredth of its final products to nobody."""
    table = random_world(seed)
    return IOTable(
        table.Z, 0.99 * table.Y, table.V, table.x, table.axis, table.demand, table.demand_roles,
        table.primary, table.primary_roles, table.info,
    )  # fmt: skip


@pytest.mark.parametrize("method", ["borin_mancini_source", "borin_mancini_sink", "miroudot_ye",
                                    "wwz", "kww", "tiva"])  # fmt: skip
def test_value_added_that_ends_nowhere_is_the_same_in_all_methods(method):
    table = short(10)
    found = export_decomposition(table, method=method, by="economy")
    assert "unsold-output" in {note.code for note in found.notes} and found.residual < 1e-12
    parts, names = by_part(found), table.axis.country_names
    ends = value_added_trade(table, by="economy")
    for s, country in enumerate(names):
        abroad = sum(ends.value(country=country, partner=p) for p in names if p != country)
        exported = parts["FFD_DVA" if method == "tiva" else "VAX"][s]
        assert exported == pytest.approx(abroad, rel=1e-10)
    source = by_part(export_decomposition(table, by="economy"))
    np.testing.assert_allclose(parts["DISCREPANCY"], source["DISCREPANCY"], rtol=1e-9)
    assert (parts["DISCREPANCY"] / parts["EXGR"] > 1e-4).all()
    if method == "tiva":
        DVA = parts["EXGR_DVA"] - parts["EXGR_RIM"]
        np.testing.assert_allclose(DVA, source["DVA"], rtol=1e-12)
        return
    np.testing.assert_allclose(
        parts["VAX"] + parts["REF"] + parts["DISCREPANCY"], source["DVA"], rtol=1e-12
    )
    if method in ("wwz", "kww"):
        terms = trade.WWZ_TERMS if method == "wwz" else trade.KWW_TERMS
        total = sum(parts[k] for k in (*terms, "DISCREPANCY", "DISCREPANCY_FC"))
        np.testing.assert_allclose(total, parts["EXGR"], rtol=1e-12)


@pytest.mark.parametrize("perimeter", ["sector", "sector_bilateral"])
def test_a_sector_s_perimeter_is_that_of_the_bloc_s_industry(perimeter):
    """DVA by loops: a world in which the industry of all members sells no inputs outside."""
    table = random_world(5, countries=4)
    blocs = {"EAST": ("C01", "C03"), "C00": ("C00",), "C02": ("C02",)}
    found = export_decomposition(table, perimeter=perimeter, partners="each", blocs="EAST=C01+C03")
    A, n = table.Z / table.x, len(table)
    v, countries = 1 - A.sum(axis=0), np.array(table.axis.countries)
    inside = {name: np.isin(countries, members) for name, members in blocs.items()}
    buyers = np.array(table.demand.countries)
    for code in ("C", "K"):
        at = inside["EAST"] & (np.array(table.axis.codes) == code)
        for r in ("C00", "C02"):
            E = A[:, inside[r]] @ table.x[inside[r]] + table.Y[:, buyers == r].sum(axis=1)
            cut = A.copy()
            cut[np.ix_(at, inside[r] if perimeter == "sector_bilateral" else ~inside["EAST"])] = 0
            B = np.linalg.inv(np.eye(n) - cut)
            expected = (v[inside["EAST"]] @ B[np.ix_(inside["EAST"], at)]) @ E[at]
            one = {"country": "EAST", "industry": code, "partner": r, "part": "DVA"}
            assert found.value(**one) == pytest.approx(expected, rel=1e-10)


def test_partners_by_name_by_bloc_and_absorbing():
    table = random_world(6, countries=4)
    options = {"by": "economy", "blocs": "EAST=C01+C03"}
    each = export_decomposition(table, partners="each", **options)
    some = export_decomposition(table, partners="EAST+C00", **options)
    assert some.columns["partner"].decode().count("C02") == 0
    assert set(some.columns["partner"].decode()) == {"EAST", "C00"}
    one = {"country": "C02", "partner": "EAST", "part": "FVA"}
    assert some.value(**one) == each.value(**one)
    sold = gross_exports(table, partners="EAST", **options)
    assert sold.value(country="C00", partner="EAST") == each.value(
        country="C00", partner="EAST", part="EXGR"
    )
    for function in (gross_exports, export_decomposition):
        with pytest.raises(LabelError, match="partners=C09"):
            function(table, partners="C09")
    ends = export_decomposition(table, partners="absorbing", **options)
    flows = gross_exports(table, partners="absorbing", **options)
    for country in ("C00", "C02", "EAST"):
        assert ends.value(country="C00", partner=country, part="EXGR") == pytest.approx(
            flows.value(country="C00", partner=country), rel=1e-12
        )
    returned = ends.value(country="C00", partner="C00", part="REF")
    total = export_decomposition(table, **options)
    assert returned == pytest.approx(total.value(country="C00", part="REF"), rel=1e-10)
    assert ends.value(country="C00", partner="C00", part="VAX") == 0
    for refused in ({"method": "wwz"}, {"method": "tiva"}, {"perimeter": "bilateral"}):
        with pytest.raises(UsageError, match="partners=absorbing"):
            export_decomposition(table, partners="absorbing", **refused)


def test_vertical_specialisation_and_its_relatives():
    table = random_world(11)
    parts = by_part(participation(table, by="economy"))
    found = participation(table, method="vertical", by="economy")
    vertical = by_part(found)
    np.testing.assert_allclose(parts["BACKWARD"] + parts["TWO_SIDED"], vertical["VS"], rtol=1e-12)
    exports = gross_exports(table, by="economy").values
    assert vertical["VS"] @ exports == pytest.approx(vertical["VS1"] @ exports, rel=1e-12)
    oecd = by_part(participation(table, method="oecd", by="economy"))
    assert (vertical["VS"] > oecd["BACKWARD"]).all() and found.residual < 1e-12
    assert not np.allclose(vertical["VS1"], oecd["FORWARD"], rtol=1e-3)


def test_names_of_the_oecd():
    table = random_world(12)
    tiva = by_part(export_decomposition(table, method="tiva", by="economy"))
    share = by_part(participation(table, method="oecd", by="economy"))
    np.testing.assert_allclose(tiva["GVCB"] / tiva["EXGR"], share["BACKWARD"], rtol=1e-12)
    np.testing.assert_allclose(tiva["GVCF"] / tiva["EXGR"], share["FORWARD"], rtol=1e-12)
    np.testing.assert_allclose(tiva["GVC"], tiva["GVCB"] + tiva["GVCF"], rtol=1e-12)
    for origin, part in (("domestic", "EXGR_SERV_DVA"), ("imported", "EXGR_SERV_FVA")):
        found = service_content_of_exports(table, origin=origin, by="economy").values
        np.testing.assert_allclose(tiva[part] / tiva["EXGR"], found, rtol=1e-10)


def test_oecd_participation_of_industries_adds_up_to_the_country():
    table = random_world(12)
    by_industry = by_part(participation(table, method="oecd"))["FORWARD"].reshape(3, -1).sum(axis=1)
    economy = by_part(participation(table, method="oecd", by="economy"))["FORWARD"]
    np.testing.assert_allclose(by_industry, economy, rtol=1e-12)


@pytest.mark.parametrize("method", ["forward_production", "backward_production", "trade"])
def test_parts_of_participation_add_up_to_one(method):
    parts = by_part(participation(random_world(13, dead=22), method=method))
    names = [name for name in parts if name != "GVC"]
    total = sum(parts[name] for name in names)
    np.testing.assert_allclose(total[~np.isnan(total)], 1.0, rtol=1e-12)
