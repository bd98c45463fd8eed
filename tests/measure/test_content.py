"""Service inputs: by hand, against published tables, and their identities."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from servio import read, scan
from servio.classify import Grouping
from servio.errors import InputError, LabelError
from servio.measure import convergence_rate, service_input_coefficient, service_input_share
from servio.table import IOTable
from tables import random_national, random_world, two_by_two

CHILE_SERVICES = ("retail_hotels_restaurants", "transport_communications_information",
                  "financial_services", "real_estate", "business_services", "personal_services",
                  "public_administration")  # fmt: skip


def by_label(result):
    """Values of one country by industry."""
    return dict(zip(result.columns["industry"].decode(), result.values, strict=True))


def test_direct_and_complete_by_hand():
    # L of Miller & Blair (2009), Table 2.3: row of the second industry (0.2640, 1.1221)
    table = two_by_two()
    assert service_input_coefficient(table).values == pytest.approx([0.2, 0.05])
    complete = service_input_coefficient(table, total=True).values
    assert complete == pytest.approx([0.2640264, 0.1221122], abs=1e-7)
    assert service_input_share(table).values == pytest.approx([200 / 350, 100 / 600])


def test_complete_is_the_sum_of_all_rounds():
    table = random_national(3)
    A = table.coefficients("domestic")
    _, S = table.weights("kiet")
    rounds, power = np.zeros_like(S), S @ A
    for _ in range(400):
        rounds, power = rounds + power, power @ A
    found = service_input_coefficient(table, grouping="kiet", origin="domestic", total=True)
    assert pytest.approx(rounds, rel=1e-9) == found.values.reshape(-1, len(S)).T


@pytest.mark.parametrize("table", [random_national(4), random_world(4)], ids=["national", "world"])
@pytest.mark.parametrize("total", [False, True], ids=["direct", "complete"])
def test_domestic_and_imported_add_up_to_total(table, total):
    whole, home, abroad = (
        service_input_coefficient(table, origin=origin, total=total).values
        for origin in ("total", "domestic", "imported")
    )
    assert home + abroad == pytest.approx(whole, rel=1e-12)
    assert (abroad > 0).all()


def test_domestic_chains_of_a_world_are_those_of_its_countries():
    world = random_world(5)
    found = service_input_coefficient(world, origin="domestic", total=True)
    inside = world.axis.country_index[:, None] == world.axis.country_index
    A = np.where(inside, world.Z, 0.0) / world.x
    _, S = world.weights("services")
    assert found.values == pytest.approx((S @ np.linalg.inv(np.eye(len(A)) - A) - S)[0], rel=1e-11)


def test_shares_of_a_partition_add_up_to_one():
    table = random_national(6)
    share = service_input_share(table, grouping="sectors")
    assert share.values.reshape(-1, 6).sum(axis=1) == pytest.approx(np.ones(len(table)))


def test_groups_are_weighted_with_output_or_inputs():
    table = random_national(7)
    _, M = table.weights("manufacturing")
    _, S = table.weights("services")
    flows = table.Z + table.Zm
    bought = flows @ M[0]
    coefficient = service_input_coefficient(table, by="manufacturing").value()
    assert coefficient == pytest.approx(S[0] @ bought / (M[0] @ table.x))
    assert service_input_share(table, by="manufacturing").value() == pytest.approx(
        S[0] @ bought / bought.sum()
    )


def test_rounding_bought_by_an_industry_without_output_is_no_share():
    groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    table = IOTable.from_flows(
        [[150, 500, 1], [200, 100, 1], [0, 0, 0]], x=[1000, 2000, 0], codes=("C", "G", "X"),
        groups=groups,
    )  # fmt: skip
    for measure in (service_input_share, service_input_coefficient, convergence_rate):
        result = measure(table, by="industry")
        assert np.isnan(result.value(industry="X"))
        assert [gap.label for gap in result.undefined] == ["X"]
    assert service_input_share(table, by="economy").value() == pytest.approx(300 / 950)


def test_other_inputs_than_services():
    table = random_national(8)
    goods, services = service_input_share(table, grouping="ict", by="manufacturing").values
    bought = (table.Z + table.Zm) @ table.weights("manufacturing")[1][0]
    electronics = list(table.axis.codes).index("C26")
    assert goods == pytest.approx(bought[electronics] / bought.sum())
    assert services > 0


def test_what_the_table_does_not_know_is_refused():
    with pytest.raises(LabelError, match="kibs"):
        service_input_share(two_by_two(), grouping="kibs")
    with pytest.raises(InputError, match="split"):
        service_input_share(two_by_two(), origin="imported")


# -- published figures -----------------------------------------------------------------------------


def chile(shared: Path) -> tuple[IOTable, dict]:
    """Chile 2013, 12 industries (Banco Central de Chile, CdeR 2013)."""
    data = shared / "checks" / "data"
    with open(data / "chile2013_transaction_matrix.csv", newline="") as file:
        head, *body = csv.reader(file)
    with open(data / "chile2013_wage_demand_matrix.csv", newline="") as file:
        x = [float(row[-1]) for row in list(csv.reader(file))[1:]]
    single = {code: Grouping.custom(code, {code: (code,)}) for code in head[1:]}
    table = IOTable.from_flows(
        np.array([[float(cell) for cell in row[1:]] for row in body]), x=x, codes=head[1:],
        groups={**single, "services": Grouping.custom("services", {"services": CHILE_SERVICES})},
    )  # fmt: skip
    found = json.loads((shared / "checks/05_chile_2013_12x12_linkages.json").read_text())
    return table, found["expected"]


def test_chile_2013_service_inputs_of_manufacturing(shared):
    table, expected = chile(shared)
    column = expected["A_column_manufacturing"]
    for code in CHILE_SERVICES:
        found = by_label(service_input_coefficient(table, grouping=code))["manufacturing_industry"]
        assert found == pytest.approx(column[code], abs=6e-4)
    whole = by_label(service_input_coefficient(table))["manufacturing_industry"]
    assert whole == pytest.approx(sum(column[code] for code in CHILE_SERVICES), abs=0.002)


def test_chile_2013_complete_service_inputs_of_manufacturing(shared):
    table, expected = chile(shared)
    column = expected["L_column_manufacturing"]
    for code in CHILE_SERVICES:
        found = by_label(service_input_coefficient(table, grouping=code, total=True))
        assert found["manufacturing_industry"] == pytest.approx(column[code], abs=6e-4)


def test_chile_2013_sales_of_business_services(shared):
    table, expected = chile(shared)
    found = by_label(service_input_coefficient(table, grouping="business_services"))
    for code, printed in expected["A_row_business_services"].items():
        assert found[code] == pytest.approx(printed, abs=6e-4)


def test_germany_1995_business_service_inputs(shared):
    # Eurostat (2008), Manual of Supply, Use and Input-Output Tables, Table 15.4: 1079446 million
    # of manufacturing output need 72717 + 96115 + 14986 of services, directly
    check = json.loads((shared / "checks/02_eurostat_manual_germany_1995.json").read_text())
    inputs = check["inputs"]
    services = ("trade", "business_services", "other_services")
    table = IOTable.from_flows(
        inputs["Z"], x=inputs["x"], codes=inputs["sectors"],
        groups={"services": Grouping.custom("services", {"services": services})},
    )  # fmt: skip
    found = by_label(service_input_coefficient(table))["manufacturing"]
    assert found == pytest.approx((72717 + 96115 + 14986) / 1079446)


@pytest.fixture(scope="module")
def wiod2016(shared):
    """All national tables of the WIOD 2016 release."""
    return scan(shared / "data" / "wiod2016_niot", source="wiod2016")


def test_korea_is_fourth_lowest_of_43_in_2014(wiod2016):
    found = {
        table.info.country: service_input_coefficient(table, by="manufacturing").value()
        for table in wiod2016.tables(years=[2014])
    }
    assert len(found) == 43
    assert sorted(found, key=found.__getitem__).index("KOR") == 3
    printed = {"KOR": 0.119, "DEU": 0.213, "USA": 0.181, "JPN": 0.150, "MEX": 0.146, "CHN": 0.117}
    assert {country: round(found[country], 3) for country in printed} == printed


@pytest.mark.parametrize(("year", "printed"), [(2000, 0.122), (2007, 0.126), (2014, 0.119)])
def test_korea_over_the_years(shared, year, printed):
    table = read(
        shared / "data" / "wiod2016_niot" / "KOR_NIOT_nov16.xlsx", source="wiod2016", year=year
    )
    assert round(service_input_coefficient(table, by="manufacturing").value(), 3) == printed


@pytest.mark.parametrize("by", ["industry", "manufacturing", "economy"])
def test_complete_shares_of_all_sectors_and_origins_add_up(by: str) -> None:
    table = random_national(21, dead=5)
    parts = [
        service_input_share(table, grouping="sectors", origin=origin, total=True, by=by).values
        for origin in ("domestic", "imported")
    ]
    groups = len(table.weights("sectors")[0])
    whole = (parts[0] + parts[1]).reshape(-1, groups).sum(axis=1)
    np.testing.assert_allclose(whole[~np.isnan(whole)], 1.0, rtol=1e-12)


def test_complete_share_is_that_of_the_inverse() -> None:
    table = random_national(22)
    inverse = np.linalg.inv(np.eye(len(table)) - table.coefficients("total"))
    chain = inverse - np.eye(len(table))
    _, S = table.weights("services")
    found = service_input_share(table, total=True).values
    np.testing.assert_allclose(found, (S @ chain)[0] / chain.sum(axis=0), rtol=1e-12)
