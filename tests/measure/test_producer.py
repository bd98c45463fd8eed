"""Producer services: who uses services and how large they are."""

from __future__ import annotations

import numpy as np
import pytest

from servio import read
from servio.classify import Grouping, producer_service_definitions
from servio.measure import (
    intermediate_sales_share,
    intermediate_use_share,
    producer_service_share,
)
from servio.table import IOTable
from tables import random_national, random_world, two_by_two


def test_use_by_hand():
    # Miller & Blair (2009), Table 2.3: 650 of 1000 and 300 of 2000 go to producers
    assert intermediate_use_share(two_by_two()).values == pytest.approx([0.65, 0.15])


def test_use_counts_imported_supply_and_exports():
    table = random_national(1)
    used = (table.Z + table.Zm).sum(axis=1)
    supply = used + table.Y.sum(axis=1) + table.Ym.sum(axis=1)
    assert intermediate_use_share(table).values == pytest.approx(used / supply, rel=1e-12)
    _, S = table.weights("services")
    found = intermediate_use_share(table, by="services").value()
    assert found == pytest.approx(S[0] @ used / (S[0] @ supply), rel=1e-12)


def test_use_is_what_functional_definitions_rest_on():
    table = random_national(2)
    assert intermediate_use_share(table).values == pytest.approx(table.use_share(), rel=1e-12)


def test_imports_column_is_no_use():
    table = IOTable.from_flows(
        [[1.0, 2.0], [3.0, 4.0]], Y=[[5.0, -2.0], [6.0, -1.0]], codes=("C", "G"),
        demand_roles=("household", "imports"),
    )  # fmt: skip
    assert intermediate_use_share(table).values == pytest.approx([3 / 8, 7 / 13])


def test_sales_to_buyers_add_up_to_one():
    table = random_world(3)
    shares = intermediate_sales_share(table, grouping="sectors").values.reshape(-1, 6)
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(table)))
    home = intermediate_sales_share(table, origin="domestic").values
    abroad = intermediate_sales_share(table, origin="imported").values
    assert home + abroad == pytest.approx(intermediate_sales_share(table).values)


def test_sales_of_services_to_manufacturing():
    table = two_by_two()
    found = intermediate_sales_share(table, by="services").value()
    assert found == pytest.approx(200 / 300)


WHOLES = {"services": 0.6, "services_output": 0.5, "gdp": 0.3, "output": 0.2}


@pytest.mark.parametrize(("of", "expected"), WHOLES.items())
def test_share_of_each_whole(of, expected):
    groups = {
        "services": Grouping.custom("services", {"services": ("bank", "shop")}),
        "producers": Grouping.custom("producers", {"producers": ("bank",)}),
    }
    table = IOTable.from_flows(
        np.zeros((3, 3)), x=[60, 20, 20], V=[[20, 12, 8]], codes=("mill", "bank", "shop"),
        groups=groups,
    )  # fmt: skip
    assert producer_service_share(table, grouping="producers", of=of).value() == pytest.approx(
        expected
    )


def test_only_the_service_part_counts_within_services():
    groups = {
        "services": Grouping.custom("services", {"services": ("bank", "shop")}),
        "producers": Grouping.custom("producers", {"producers": ("bank", "mill")}),
    }
    table = IOTable.from_flows(
        np.zeros((3, 3)), x=[60, 20, 20], V=[[20, 12, 8]], codes=("mill", "bank", "shop"),
        groups=groups,
    )  # fmt: skip
    assert producer_service_share(table, grouping="producers").value() == pytest.approx(0.6)
    assert producer_service_share(table, grouping="producers", of="gdp").value() == pytest.approx(
        0.8
    )


def test_a_fractional_definition_weighs_with_use():
    table = random_national(4)
    _, S = table.weights("services")
    part = S[0] * table.value_added
    expected = (part * table.use_share()).sum() / part.sum()
    assert producer_service_share(table).value() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("definition", producer_service_definitions())
def test_every_definition_on_the_united_states(shared, definition):
    table = read(shared / "data/wiod2016_niot/USA_NIOT_nov16.xlsx", source="wiod2016", year=2014)
    of_services = producer_service_share(table, grouping=definition)
    of_gdp = producer_service_share(table, grouping=definition, of="gdp")
    assert ((of_services.values > 0.05) & (of_services.values < 0.95)).all()
    assert (of_gdp.values < of_services.values).all()
