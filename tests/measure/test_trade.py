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
    world = system(published, PARTS)
    names = ["ESP", "FRA", "MEX", "USA", "CHN", "ROW"]
    usa, china = names.index("USA"), names.index("CHN")
    sorted_codes = np.array(published.axis.codes)[world._order]
    made = (world.country == china) & (sorted_codes == "10T39")
    absorbed = trade.exports_by_absorption(world)[made, usa]
    content = world.content[made, usa]
    found = float(content @ absorbed)
    assert found == pytest.approx(expected["US_VA_in_CHN_manuf_exports_absorbed_in_US"], abs=1e-5)
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


def test_taxes_count_as_value_and_are_noted():
    table = random_world(9)
    taxed = IOTable(
        table.Z, table.Y, np.vstack([0.9 * table.V, 0.1 * table.V]), table.x, table.axis,
        table.demand, table.demand_roles, ("VA", "TAX"), ("value_added", "taxes"), table.info,
    )  # fmt: skip
    found = export_decomposition(taxed, by="economy")
    np.testing.assert_allclose(found.values, export_decomposition(table, by="economy").values)
    text = next(note.text for note in found.notes if note.code == "value-with-taxes")
    assert "10.00%" in text
    assert not export_decomposition(table).notes


def test_output_that_nobody_buys_is_shown_apart():
    table = random_world(10)
    short = IOTable(
        table.Z, 0.99 * table.Y, table.V, table.x, table.axis, table.demand, table.demand_roles,
        table.primary, table.primary_roles, table.info,
    )  # fmt: skip
    for method in ("wwz", "kww"):
        found = export_decomposition(short, method=method, by="economy")
        parts = by_part(found)
        terms = trade.WWZ_TERMS if method == "wwz" else trade.KWW_TERMS
        total = sum(parts[k] for k in (*terms, "DISCREPANCY"))
        np.testing.assert_allclose(total, parts["EXGR"], rtol=1e-12)
        assert (parts["DISCREPANCY"] / parts["EXGR"] > 1e-4).all() and found.residual < 1e-12


def test_vertical_specialisation_is_backward_and_two_sided():
    table = random_world(11)
    parts = by_part(participation(table, by="economy"))
    vertical = by_part(participation(table, method="vertical", by="economy"))
    np.testing.assert_allclose(parts["BACKWARD"] + parts["TWO_SIDED"], vertical["VS"], rtol=1e-12)


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
