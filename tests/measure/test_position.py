"""Positions: by hand, corrections, means, and the published ones of Antras and Chor."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest

from servio import read
from servio.measure import (
    backward_linkage,
    downstreamness,
    final_use_ratio,
    forward_linkage,
    primary_input_ratio,
    upstreamness,
)
from servio.measure._chains import exports
from servio.table import Axis, IOTable, TableInfo
from tables import random_national, random_world

MEASURED = {
    "GVC_Ui": upstreamness,
    "GVC_Di": downstreamness,
    "GVC_FUGOi": final_use_ratio,
    "GVC_VAGOi": primary_input_ratio,
}


def stocked(seed: int = 0) -> IOTable:
    """A world of two countries with changes in inventories."""
    rng = np.random.default_rng(seed)
    Z = rng.uniform(1, 10, (4, 4))
    Y = np.column_stack([rng.uniform(20, 60, (4, 2)), rng.uniform(-5, 5, 4)])
    return IOTable.from_flows(
        Z, Y=Y, codes=(), axis=Axis.world(("AAA", "BBB"), ("C", "G")),
        demand=Axis(("AAA", "BBB", "AAA"), ("HH", "HH", "STOCK")),
        demand_roles=("household", "household", "inventory"),
        info=TableInfo("stocked", 2000, "WORLD", flows="world"),
    )  # fmt: skip


def test_net_inventory_correction_by_loops():
    table = stocked()
    n, x, Z = table.Y[:, 2], table.x, table.Z
    B, A = np.zeros((4, 4)), np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            B[i, j] = Z[i, j] / (x[i] - n[i])
            A[i, j] = Z[i, j] * x[i] / ((x[i] - n[i]) * x[j])
    inverse = np.linalg.inv(np.eye(4) - B)
    assert upstreamness(table).values == pytest.approx(inverse.sum(axis=1), rel=1e-12)
    inverse = np.linalg.inv(np.eye(4) - A)
    assert downstreamness(table).values == pytest.approx(inverse.sum(axis=0), rel=1e-12)
    assert final_use_ratio(table).values == pytest.approx(1 - B.sum(axis=1), rel=1e-12)
    assert primary_input_ratio(table).values == pytest.approx(1 - A.sum(axis=0), rel=1e-12)


def test_stocks_as_final_use_are_the_linkages():
    table = stocked()
    found = upstreamness(table, inventory="none").values
    assert found == pytest.approx(forward_linkage(table).values, rel=1e-12)
    found = downstreamness(table, inventory="none").values
    assert found == pytest.approx(backward_linkage(table).values, rel=1e-12)


def test_both_ends_count_the_same_stages():
    world = random_world(1, dead=4)
    total = world.x.sum() / world.Y.sum()
    live = world.live
    up = upstreamness(world).values[live] @ world.value_added[live] / world.value_added.sum()
    down = downstreamness(world).values[live] @ world.Y.sum(axis=1)[live] / world.Y.sum()
    assert up == pytest.approx(total) and down == pytest.approx(total)


def test_an_open_economy_by_loops():
    table = random_national(2, dead=7)
    m = table.Zm.sum(axis=1) + table.Ym.sum(axis=1)
    absorbed = table.x - table.Y[:, 3] + m
    B = (table.Z + table.Zm) / np.where(absorbed > 0, absorbed, np.inf)[:, None]
    expected = np.linalg.solve(np.eye(len(B)) - B, np.ones(len(B)))
    fit = table.live & (absorbed > 0)
    found = upstreamness(table)
    np.testing.assert_allclose(found.values[fit], expected[fit], rtol=1e-10)
    assert np.isnan(found.values[~fit]).all()
    assert "no-inventories" in [note.code for note in found.notes]


def test_output_that_all_goes_into_stocks_has_no_position_forward():
    Z, Y = [[0.0, 0.0], [10.0, 5.0]], [[0.0, 20.0], [80.0, 1.0]]
    table = IOTable.from_flows(Z, Y=Y, codes=("C", "G"), demand_roles=("household", "inventory"))
    found = upstreamness(table)
    assert np.isnan(found.values[0]) and found.undefined[0].label == "C"
    assert downstreamness(table).values[0] > 1


@pytest.mark.parametrize("weights", ["output", "exports"])
def test_means_over_groups(weights):
    world = random_world(3)
    found = upstreamness(world, weights=weights, by="economy").values
    size = world.x if weights == "output" else exports(world)
    each = upstreamness(world).values
    for place in range(3):
        at = world.axis.country_index == place
        assert found[place] == pytest.approx(np.average(each[at], weights=size[at]))


@pytest.fixture(scope="module")
def published(shared):
    path = shared / "checks/data/antras_chor_2018_wiod2013_U_D.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    names = {"ROW": "RoW", "ROU": "ROM"}
    return {
        (int(row["YEAR"]), f"{names.get(row['ISO3C'], row['ISO3C'])}_c{row['WIOT2013_n']}"): row
        for row in rows
    }


@pytest.mark.parametrize("year", [1995, 2000, 2005, 2008])
def test_antras_and_chor_2018(shared, published, year):
    # Check 09. Rounding of the given tables to whole millions removes small inputs of small
    # industries (missing costs), which moves D and VA/GO more than U: .999 from 1000 million up.
    table = read(shared / "data" / "wiod2013_wiot", source="wiod2013", year=year)
    rows = [published[year, label] for label in table.axis.labels]
    for name, measure in MEASURED.items():
        found = measure(table)
        given = np.array([float(row[name]) if row[name] not in ("", "NA") else np.nan
                          for row in rows])  # fmt: skip
        for least, correlation in ((200, 0.997), (1000, 0.999), (20000, 0.99999)):
            if name in ("GVC_Ui", "GVC_FUGOi"):
                correlation = max(correlation, 0.999)
            at = (table.x > least) & ~np.isnan(given) & ~np.isnan(found.values)
            assert np.corrcoef(found.values[at], given[at])[0, 1] >= correlation, (name, least)
            assert np.median(np.abs(found.values[at] - given[at])) <= 0.006
        assert found.residual < 1e-12
    korea = upstreamness(table).value(country="KOR", industry="c14")
    assert korea == pytest.approx(float(published[year, "KOR_c14"]["GVC_Ui"]), abs=0.006)


def test_korean_electrical_equipment(shared):
    # Check 09: Antras & Chor (2018), Korea 1995 and 2011.
    folder = shared / "data" / "wiod2013_wiot"
    for year, up, down in ((1995, 2.543029, 2.654905), (2011, 3.12761, 3.17016)):
        table = read(folder, source="wiod2013", year=year)
        assert upstreamness(table).value(country="KOR", industry="c14") == pytest.approx(up, 2e-3)
        found = downstreamness(table).value(country="KOR", industry="c14")
        assert found == pytest.approx(down, 2e-3)
