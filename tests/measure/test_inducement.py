"""Inducement: by hand, by brute force, and against KIET's published figures."""

from __future__ import annotations

import json

import numpy as np
import pytest

from servio import read
from servio.classify import Grouping
from servio.errors import InputError, UsageError
from servio.measure import inducement_pair, production_inducement, value_added_inducement
from servio.table import IOTable, TableInfo, national
from tables import random_national, random_world, two_by_two

PARTS = ("own", "feedback", "partner", "rest")


def inverse(A):
    return np.linalg.inv(np.eye(len(A)) - A)


def test_both_directions_by_hand():
    # L = [[1.2541, 0.3300], [0.2640, 1.1221]], v = (0.65, 0.7): Miller & Blair (2009), ch. 2
    table = two_by_two()
    assert production_inducement(table).values == pytest.approx([0.26403, 1.12211], abs=1e-5)
    back = production_inducement(table, grouping="manufacturing")
    assert back.values == pytest.approx([1.25413, 0.33003], abs=1e-5)
    income = value_added_inducement(table).values
    assert income == pytest.approx([0.7 * 0.26403, 0.7 * 1.12211], abs=1e-5)


def test_all_groups_together_are_the_output_multiplier():
    table = random_national(1)
    found = production_inducement(table, grouping="sectors").values.reshape(-1, 6).sum(axis=1)
    assert found == pytest.approx(inverse(table.coefficients("domestic")).sum(axis=0), rel=1e-11)


@pytest.mark.parametrize("weights", ["output", "final_demand"])
def test_groups_are_means_with_the_weights_named(weights):
    table = random_national(2)
    L = inverse(table.coefficients("domestic"))
    _, M = table.weights("manufacturing")
    _, S = table.weights("services")
    weight = M[0] * (table.x if weights == "output" else table.Y.sum(axis=1))
    found = production_inducement(table, by="manufacturing", weights=weights).value()
    assert found == pytest.approx(S[0] @ L @ weight / weight.sum(), rel=1e-11)


def test_changes_in_inventories_are_no_weight():
    table = random_national(2)
    stocks = IOTable(
        table.Z, table.Y, table.V, table.x, table.axis, table.demand,
        ("household", "government", "inventory", "exports"), table.primary, table.primary_roles,
        table.info, Zm=table.Zm, Ym=table.Ym,
    )  # fmt: skip
    _, M = table.weights("manufacturing")
    _, S = table.weights("services")
    weight = M[0] * table.Y[:, [0, 1, 3]].sum(axis=1)
    L = inverse(table.coefficients("domestic"))
    found = production_inducement(stocks, by="manufacturing", weights="final_demand").value()
    assert found == pytest.approx(S[0] @ L @ weight / weight.sum(), rel=1e-11)


def test_demand_for_what_no_industry_makes_has_no_weight():
    groups = {
        "services": Grouping.custom("services", {"services": ("G",)}),
        "manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("C", "X")}),
    }
    table = IOTable.from_flows(
        [[150, 500, 0], [200, 100, 0], [0, 0, 0]], Y=[[350], [1700], [80]], x=[1000, 2000, 0],
        codes=("C", "G", "X"), groups=groups,
    )  # fmt: skip
    found = production_inducement(table, by="manufacturing", weights="final_demand").value()
    assert found == pytest.approx(production_inducement(table).value(industry="C"))
    pair = inducement_pair(table, weights="final_demand")
    assert pair.value(industry="manufacturing", part="partner") == pytest.approx(found)


@pytest.mark.parametrize("table", [random_national(3), random_world(3)], ids=["national", "world"])
@pytest.mark.parametrize("measure", [production_inducement, value_added_inducement])
def test_domestic_and_imported_add_up_to_total(measure, table):
    whole, home, abroad = (
        measure(table, origin=origin).values for origin in ("total", "domestic", "imported")
    )
    assert home + abroad == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("country", ["C00", "C02"])
def test_a_country_of_a_world_table_as_its_national_table(country):
    world = random_world(4)
    own = national(world, country)
    for measure in (production_inducement, value_added_inducement):
        whole = measure(world, by="manufacturing").value(country=country)
        assert whole == pytest.approx(measure(own, by="manufacturing").value(), rel=1e-11)


def test_flows_with_imports_inside_have_no_domestic_chain():
    table = IOTable.from_flows(
        [[1.0, 2.0], [3.0, 4.0]], x=[10, 20], codes=("C", "G"),
        groups={"services": Grouping.custom("services", {"services": ("G",)})},
        info=TableInfo("mixed", 2000, "AAA", flows="total"),
    )  # fmt: skip
    with pytest.raises(InputError, match="origin=total"):
        production_inducement(table)
    assert production_inducement(table, origin="total").values[0] > 0


def test_value_added_must_be_there():
    table = IOTable.from_flows(
        [[1.0, 2.0], [3.0, 4.0]], x=[10, 20], V=[[1, 2]], primary_roles=("taxes",),
        codes=("C", "G"),
        groups={"services": Grouping.custom("services", {"services": ("G",)})},
    )  # fmt: skip
    with pytest.raises(InputError, match="value added"):
        value_added_inducement(table)


# -- the pair --------------------------------------------------------------------------------------


def brute_force_pair(A, mix, group, partner):
    """Own output with the partner taken out of the table, and what is left to the other parts."""
    whole = inverse(A) @ mix
    kept = ~partner
    alone = np.zeros_like(whole)
    alone[kept] = inverse(A[np.ix_(kept, kept)]) @ mix[kept]
    rest = ~(group | partner)
    own = alone[group].sum()
    return own, whole[group].sum() - own, whole[partner].sum(), whole[rest].sum()


@pytest.mark.parametrize("origin", ["domestic", "total"])
@pytest.mark.parametrize("seed", [5, 6])
def test_pair_against_extraction_by_brute_force(seed, origin):
    table = random_national(seed)
    M, S = (table.weights(name)[1][0] > 0 for name in ("manufacturing", "services"))
    result = inducement_pair(table, origin=origin)
    for name, group, partner in (("manufacturing", M, S), ("services", S, M)):
        mix = np.where(group, table.x, 0.0) / table.x[group].sum()
        expected = brute_force_pair(table.coefficients(origin), mix, group, partner)
        found = [result.value(industry=name, part=part) for part in PARTS]
        assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("origin", ["domestic", "total"])
def test_pair_of_a_world_against_brute_force(origin):
    table = random_world(7)
    M, S = (table.weights(name)[1][0] > 0 for name in ("manufacturing", "services"))
    result = inducement_pair(table, origin=origin, weights="final_demand")
    demand = table.Y.sum(axis=1)
    for place, country in enumerate(table.axis.country_names):
        mix = np.where(M & (table.axis.country_index == place), demand, 0.0)
        expected = brute_force_pair(table.coefficients(origin), mix / mix.sum(), M, S)
        found = [
            result.value(country=country, industry="manufacturing", part=part) for part in PARTS
        ]
        assert found == pytest.approx(expected, rel=1e-10)


def test_pair_holds_the_inducement_of_both_directions():
    table = random_national(8)
    result = inducement_pair(table)
    there = production_inducement(table, by="manufacturing").value()
    back = production_inducement(table, grouping="manufacturing", by="services").value()
    assert result.value(industry="manufacturing", part="partner") == pytest.approx(there)
    assert result.value(industry="services", part="partner") == pytest.approx(back)


def test_no_feedback_where_services_buy_no_manufactures():
    table = two_by_two()
    Z = table.Z.copy()
    Z[0, 1] = 0.0
    single = IOTable.from_flows(Z, x=table.x, codes=("C", "G"), groups=table.groups)
    result = inducement_pair(single)
    assert result.value(industry="manufacturing", part="feedback") == pytest.approx(0.0, abs=1e-15)
    assert result.value(industry="services", part="partner") == pytest.approx(0.0, abs=1e-15)


def test_a_group_without_output_has_no_pair():
    groups = {
        "services": Grouping.custom("services", {"services": ("G",)}),
        "manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("C",)}),
    }
    table = IOTable.from_flows(
        [[0, 0, 0], [0, 1, 1], [0, 1, 1]], x=[0, 5, 5], codes=("C", "G", "A"), groups=groups
    )
    result = inducement_pair(table)
    assert [gap.label for gap in result.undefined] == ["manufacturing"]
    assert np.isnan(result.value(industry="manufacturing", part="own"))
    assert result.value(industry="services", part="own") > 1


@pytest.mark.parametrize("grouping", ["sectors", "manufacturing", "ps_fractional"])
def test_what_is_no_pair_is_refused(grouping):
    with pytest.raises(UsageError, match="inducement_pair"):
        inducement_pair(random_national(9), grouping=grouping)


# -- published figures -----------------------------------------------------------------------------


def test_kiet_service_production_inducement_of_manufacturing(shared):
    # KIET, press release of 5 February 2017
    check = json.loads(
        (shared / "checks/29_kiet_2017_service_production_inducement.json").read_text()
    )
    table = read(shared / "data/wiod2013_wiot/wiot_2005.parquet", source="wiod2013", year=2005)
    result = production_inducement(table, by="manufacturing")
    for country, printed in check["expected"].items():
        assert result.value(country=country) == pytest.approx(printed, abs=check["tolerance"])
    # own reconstruction on the same table, to three digits
    found = {c: round(result.value(country=c), 3) for c in ("KOR", "FRA", "USA", "DEU", "JPN")}
    assert found == {"KOR": 0.240, "FRA": 0.523, "USA": 0.421, "DEU": 0.397, "JPN": 0.392}
    # global chains give another level: the origin must be stated
    everywhere = production_inducement(table, by="manufacturing", origin="total")
    assert round(everywhere.value(country="KOR"), 2) == 0.41
