"""Value added in products and exports: by hand, identities, TiVA and exvatools figures."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from servio import read
from servio.classify import Grouping
from servio.errors import InputError, UsageError
from servio.measure import (
    service_content,
    service_content_of_exports,
    value_added_inducement,
    value_content,
)
from servio.measure._chains import embodied, exports, value_added_rows
from servio.table import Axis, IOTable, TableInfo
from tables import random_national, random_world, two_by_two


def inverse(A):
    return np.linalg.inv(np.eye(len(A)) - A)


def test_by_hand():
    # v'L split over the two industries of Miller & Blair (2009), ch. 2; the two sum to 1
    found = service_content(two_by_two()).values
    assert found == pytest.approx([0.7 * 0.264026, 0.7 * 1.122112], abs=1e-6)


def test_a_national_table_follows_domestic_chains_only():
    table = random_national(1)
    found = service_content(table, grouping="kiet", weights="output", by="manufacturing").values
    same = value_added_inducement(table, grouping="kiet", by="manufacturing").values
    assert found == pytest.approx(same, rel=1e-12)
    assert "imports-not-traced" in [note.code for note in service_content(table).notes]
    with pytest.raises(InputError, match="value_content"):
        service_content(table, origin="imported")


@pytest.mark.parametrize("table", [random_national(2), random_world(2)], ids=["national", "world"])
def test_parts_of_the_value_add_up_to_one(table):
    result = value_content(table, by="sectors")
    parts = result.columns["part"].names
    sums = result.values.reshape(-1, len(parts)).sum(axis=1)
    assert sums == pytest.approx(np.ones(len(sums)), rel=1e-12)
    assert ("imports" in parts) == (not table.axis.is_world)
    services = service_content(table, by="sectors").values
    assert result.values.reshape(-1, len(parts))[:, parts.index("services")] == pytest.approx(
        services, rel=1e-12
    )


def test_imports_and_taxes_are_followed_through_the_chain():
    table = random_national(3)
    L = inverse(table.Z / table.x)
    result = value_content(table, grouping="services")
    names = result.columns["part"].names
    assert names == ("services", "other industries", "imports", "taxes and margins", "discrepancy")
    assert result.residual < 1e-12
    parts = dict(zip(names, result.values.reshape(-1, len(names)).T, strict=True))
    assert parts["imports"] == pytest.approx(table.Zm.sum(axis=0) / table.x @ L, rel=1e-10)
    assert parts["taxes and margins"] == pytest.approx(table.V[1] / table.x @ L, rel=1e-10)
    assert parts["discrepancy"] == pytest.approx(np.zeros(len(table)), abs=1e-12)


def test_a_published_gap_is_shown_not_spread():
    table = random_national(3)
    V = table.V.copy()
    V[0, 4] -= 0.1 * table.x[4]
    gap = IOTable(
        table.Z, table.Y, V, table.x, table.axis, table.demand, table.demand_roles, table.primary,
        table.primary_roles, table.info, Zm=table.Zm, Ym=table.Ym,
    )  # fmt: skip
    result = value_content(gap)
    code = table.axis.codes[4]
    found = result.value(industry=code, part="discrepancy")
    assert found == pytest.approx(0.1 * inverse(table.Z / table.x)[4, 4], rel=1e-9)
    assert result.residual < 1e-12 and result.data_residual > 1e-4


def test_overlapping_groups_have_no_parts():
    twice = Grouping.custom("twice", {"all": ("C", "G"), "services": ("G",)})
    table = IOTable.from_flows(
        [[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"), groups={"twice": twice}
    )
    with pytest.raises(UsageError, match="several groups"):
        value_content(table, grouping="twice")


def test_home_and_foreign_value_added_by_brute_force():
    table = random_world(4)
    v = table.value_added / table.x
    L = inverse(table.Z / table.x)
    _, S = table.weights("services")
    home = table.axis.country_index[:, None] == table.axis.country_index
    embedded = (S[0] * v)[:, None] * L
    at_home, abroad = (
        service_content(table, origin=origin).values for origin in ("domestic", "imported")
    )
    assert at_home == pytest.approx((embedded * home).sum(axis=0), rel=1e-11)
    assert abroad == pytest.approx((embedded * ~home).sum(axis=0), rel=1e-11)
    assert service_content(table).values == pytest.approx(at_home + abroad, rel=1e-11)


def test_exports_of_a_world_table_are_sales_to_other_countries():
    table = random_world(5)
    one = table.axis.country_index == 1
    abroad = np.array([c != "C01" for c in table.demand.countries])
    expected = table.Z[np.ix_(one, ~one)].sum(axis=1) + table.Y[np.ix_(one, abroad)].sum(axis=1)
    assert exports(table)[one] == pytest.approx(expected, rel=1e-12)


def test_group_exports_are_weighted_with_exports():
    table = random_national(6)
    L = inverse(table.Z / table.x)
    _, M = table.weights("manufacturing")
    _, S = table.weights("services")
    sold = M[0] * table.Y[:, 3]
    v = table.V[0] / table.x
    found = service_content_of_exports(table, by="manufacturing").value()
    assert found == pytest.approx((S[0] * v) @ L @ sold / sold.sum(), rel=1e-11)


def test_exports_must_be_there():
    with pytest.raises(InputError, match="exports"):
        service_content_of_exports(two_by_two())


# -- published figures -----------------------------------------------------------------------------


def exvatools_world(shared) -> IOTable:
    """Six countries by three sectors, with the split regions of China and Mexico (exvatools)."""
    with open(shared / "checks/data/exvatools_iciotest_Z_Yfd.csv", newline="") as file:
        head, *body = csv.reader(file)
    labels = [row[0].split("_") for row in body]
    numbers = np.array([[float(cell) for cell in row[1:]] for row in body])
    demand = [label.split("_") for label in head[1 + len(body) :]]
    everything = ("01T09", "10T39", "41T98")
    groups = {
        "services": {"services": ("41T98",)},
        "manufacturing": {"manufacturing": ("10T39",)},
        "goods": {"goods": ("01T09", "10T39")},
        "all": {"all": everything},
    }
    return IOTable.from_flows(
        numbers[:, : len(body)], Y=numbers[:, len(body) :],
        codes=[code for _, code in labels],
        axis=Axis(tuple(c for c, _ in labels), tuple(k for _, k in labels)),
        demand=Axis(tuple(c for c, _ in demand), tuple(k for _, k in demand)),
        demand_roles=("household", "investment") * (len(demand) // 2),
        groups={name: Grouping.custom(name, members) for name, members in groups.items()},
        info=TableInfo("exvatools", None, "WORLD", flows="world"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("by", "origin", "printed"),
    [
        ("economy", "total", 4666.96),  # EXGR
        ("economy", "domestic", 2165.17),  # DC
        ("economy", "imported", 2501.78421),  # FC
        ("services", "imported", 729.12195),  # FC of service exports
        ("goods", "imported", 1772.66226),
    ],
)
def test_content_of_spanish_exports_in_exvatools(shared, by, origin, printed):
    # Feas (2024), exvatools 0.9.0, vignette: Spain
    table = exvatools_world(shared)
    share = service_content_of_exports(table, grouping="all", origin=origin, by=by)
    members = {"economy": "all"}.get(by, by)
    exported = exports(table) @ (table.weights(members)[1][0] * spanish(table))
    assert share.value(country="ESP") * exported == pytest.approx(printed, abs=0.005)


def test_us_services_in_spanish_manufacturing_exports_in_exvatools(shared):
    # Feas (2024), exvatools 0.9.0, vignette
    table = exvatools_world(shared)
    american = np.array(table.axis.countries) == "USA"
    services = np.where(american, table.weights("services")[1], 0.0)
    content, _ = embodied(table, value_added_rows(table, services), "total")
    manufactured = exports(table) * table.weights("manufacturing")[1][0] * spanish(table)
    assert content[0] @ manufactured == pytest.approx(51.31605, abs=1e-5)


def spanish(table: IOTable):
    return np.array(table.axis.countries) == "ESP"


def test_services_in_manufacturing_exports_in_2011(shared):
    table = read(shared / "data/wiod2013_wiot/wiot_2011.parquet", source="wiod2013", year=2011)
    result = service_content_of_exports(table, by="manufacturing")
    # reconstruction from the same table by independent code, in per cent
    printed = {"KOR": 23.6, "DEU": 33.9, "USA": 29.1, "JPN": 29.5, "CHN": 24.6, "FRA": 44.0}
    found = {country: round(100 * result.value(country=country), 1) for country in printed}
    assert found == printed
