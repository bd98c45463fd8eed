"""Linkages against hand computation, published tables and each country by itself."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from servio.classify import Grouping
from servio.measure import backward_linkage, forward_linkage, key_sector
from servio.table import IOTable, TableInfo, national
from tables import random_national, random_world, two_by_two

L = np.linalg.inv(np.eye(2) - np.array([[0.15, 0.25], [0.2, 0.05]]))
G = np.linalg.inv(np.eye(2) - np.array([[0.15, 0.5], [0.1, 0.05]]))


def _dispersion(columns: np.ndarray) -> np.ndarray:
    return columns.sum(axis=0) / columns.sum(axis=0).mean()


def _variation(columns: np.ndarray) -> np.ndarray:
    mean = columns.mean(axis=0)
    return np.sqrt(((columns - mean) ** 2).sum(axis=0) / (len(columns) - 1)) / mean


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("total", L.sum(axis=0)),
        ("direct", [0.35, 0.30]),
        ("normalised", _dispersion(L)),
        ("variation", _variation(L)),
    ],
)
def test_backward_forms_by_hand(form, expected):
    np.testing.assert_allclose(backward_linkage(two_by_two(), form=form).values, expected)


@pytest.mark.parametrize(
    ("form", "model", "expected"),
    [
        ("total", "ghosh", G.sum(axis=1)),
        ("direct", "ghosh", [0.65, 0.15]),
        ("normalised", "ghosh", _dispersion(G.T)),
        ("variation", "ghosh", _variation(G.T)),
        ("total", "leontief", L.sum(axis=1)),
        ("direct", "leontief", [0.40, 0.25]),
        ("normalised", "leontief", _dispersion(L.T)),
        ("variation", "leontief", _variation(L.T)),
    ],
)
def test_forward_forms_by_hand(form, model, expected):
    found = forward_linkage(two_by_two(), form=form, model=model)
    np.testing.assert_allclose(found.values, expected)


def test_one_published_figure_each_way():
    # Eurostat (2008) Manual, Tables 15.4-15.10, Germany 1995: agriculture, six sectors.
    Z = [
        [1131, 25480, 1, 607, 710, 762],
        [7930, 304584, 64167, 41082, 11981, 30360],
        [426, 7334, 3875, 5296, 23457, 9155],
        [3559, 72717, 14190, 74399, 10835, 21008],
        [3637, 96115, 31027, 65755, 193176, 34223],
        [1552, 14986, 1747, 11225, 15058, 22070],
    ]
    x = [43910, 1079446, 245606, 540063, 692487, 508918]
    table = IOTable.from_flows(Z, x=x, codes=tuple("ABCDEF"))
    assert backward_linkage(table).value(industry="A") == pytest.approx(1.7048, abs=6e-5)
    assert forward_linkage(table).value(industry="A") == pytest.approx(2.1126, abs=6e-5)


def test_all_of_eurostat_manual_germany_1995(shared):
    check = json.loads((shared / "checks/02_eurostat_manual_germany_1995.json").read_text())
    given, expected, tolerance = check["inputs"], check["expected"], check["tolerance"]
    table = IOTable.from_flows(given["Z"], x=given["x"], codes=given["sectors"])
    np.testing.assert_allclose(
        backward_linkage(table).values, expected["backward_linkages_colsum_L"], atol=tolerance
    )
    np.testing.assert_allclose(
        forward_linkage(table).values, expected["forward_linkages_rowsum_ghosh"], atol=tolerance
    )


@pytest.mark.parametrize(
    ("name", "measure", "options"),
    [
        ("direct_backward_colsum_A", backward_linkage, {"form": "direct"}),
        ("direct_forward_rowsum_A", forward_linkage, {"form": "direct", "model": "leontief"}),
        ("power_of_dispersion", backward_linkage, {"form": "normalised"}),
        (
            "sensitivity_of_dispersion",
            forward_linkage,
            {"form": "normalised", "model": "leontief"},
        ),
    ],
)
def test_chile_2013(shared, name, measure, options):
    check = json.loads((shared / "checks/05_chile_2013_12x12_linkages.json").read_text())
    found = measure(chile(shared), **options)
    assert found.columns["industry"].names == tuple(check["inputs"]["sectors"])
    np.testing.assert_allclose(found.values, check["expected"][name], atol=0.0006)


def chile(shared) -> IOTable:
    flows = _csv(shared / "checks/data/chile2013_transaction_matrix.csv")
    demand = _csv(shared / "checks/data/chile2013_wage_demand_matrix.csv")
    codes = list(flows)
    Z = [[float(flows[i][j]) for j in codes] for i in codes]
    return IOTable.from_flows(Z, x=[float(demand[i]["final_total_demand"]) for i in codes],
                              codes=codes)  # fmt: skip


def _csv(path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return {row[""]: row for row in csv.DictReader(lines)}


def test_balance_means_the_flows_that_add_up():
    apart = random_national(3)
    np.testing.assert_array_equal(
        backward_linkage(apart).values, backward_linkage(apart, origin="domestic").values
    )
    assert backward_linkage(apart, origin="total").values.min() > 1.0
    assert (backward_linkage(apart, origin="total").values > backward_linkage(apart).values).all()
    together = IOTable.from_flows([[1, 2], [3, 1]], x=[9, 9], codes=("a", "b"),
                                  info=TableInfo("t", flows="total"))  # fmt: skip
    np.testing.assert_array_equal(
        backward_linkage(together).values, backward_linkage(together, origin="total").values
    )
    world = random_world(3)
    np.testing.assert_array_equal(
        backward_linkage(world).values, backward_linkage(world, origin="total").values
    )


@pytest.mark.parametrize("form", ["total", "direct", "normalised", "variation"])
@pytest.mark.parametrize("measure", [backward_linkage, forward_linkage])
def test_domestic_chains_of_a_world_table_are_those_of_each_country(measure, form):
    world = random_world(4, dead=5)
    found = measure(world, form=form, origin="domestic")
    for place, country in enumerate(world.axis.country_names):
        alone = measure(national(world, country), form=form)
        rows = found.columns["country"].index == place
        np.testing.assert_allclose(found.values[rows], alone.values, rtol=1e-12)


def test_normalised_ones_are_1_on_average_over_living_industries():
    table = random_national(5, dead=7)
    for found in (
        backward_linkage(table, form="normalised"),
        forward_linkage(table, form="normalised"),
        forward_linkage(table, form="normalised", model="leontief"),
    ):
        assert np.nanmean(found.values) == pytest.approx(1.0, abs=1e-12)
        assert [gap.label for gap in found.undefined] == [table.axis.labels[7]]


def test_groups_are_means_weighted_with_output():
    found = backward_linkage(two_by_two(), by="economy").values
    np.testing.assert_allclose(found, [(L.sum(axis=0) @ [1000, 2000]) / 3000])


def test_variation_of_a_lonely_industry_is_undefined():
    table = IOTable.from_flows([[1, 0], [0, 0]], x=[3, 0], codes=("a", "b"))
    found = backward_linkage(table, form="variation")
    assert np.isnan(found.values).all()
    assert [gap.label for gap in found.undefined] == ["a", "b"]
    assert "only industry" in found.undefined[0].reason


def test_imports_that_count_as_sales_are_noted():
    table = random_national(6)
    codes = {note.code for note in forward_linkage(table, origin="total").notes}
    assert "imports-as-sales" in codes
    assert "imports-as-sales" not in {note.code for note in forward_linkage(table).notes}


def test_key_sectors_hold_both_linkages_against_the_average():
    Z = np.array([[10, 40, 5, 0], [30, 10, 5, 0], [40, 2, 1, 0], [1, 30, 1, 1]], dtype=float)
    table = IOTable.from_flows(Z, x=[100, 100, 100, 100], codes=tuple("abcd"))
    inverse = np.linalg.inv(np.eye(4) - Z / 100)
    ghosh = np.linalg.inv(np.eye(4) - Z / 100)
    back = inverse.sum(axis=0) > inverse.sum() / 4
    forward = ghosh.sum(axis=1) > ghosh.sum() / 4
    found = key_sector(table).values
    np.testing.assert_array_equal(found, 2 * back + forward)
    assert len(set(found)) >= 3


def test_key_sector_at_the_average_is_weak():
    services = Grouping.custom("services", {"services": ("a",)})
    Z = np.array([[1, 2, 3], [3, 1, 2], [2, 3, 1]]) / 7.0
    table = IOTable.from_flows(Z, x=[3, 3, 3], codes=tuple("abc"), groups={"services": services})
    assert key_sector(table).values.tolist() == [0.0, 0.0, 0.0]


def test_key_sector_with_rasmussens_forward_linkages():
    table = random_national(8)
    back = backward_linkage(table, form="normalised").values
    forward = forward_linkage(table, form="normalised", model="leontief").values
    np.testing.assert_array_equal(
        key_sector(table, model="leontief").values, 2 * (back > 1) + (forward > 1)
    )
