"""Footprints against published accounts and the identity of production and consumption."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from servio.errors import InputError, LabelError
from servio.measure import factor_multiplier, footprint
from servio.table import Axis, IOTable, Satellite, TableInfo
from tables import random_national, random_world, two_by_two


def kitzes() -> IOTable:
    return IOTable.from_flows([[8, 5], [4, 2]], x=[16, 12], codes=("1", "2"),
                              satellites={"CO2": Satellite(np.array([8.0, 4.0]), "t")})  # fmt: skip


def test_kitzes_2013():
    # Kitzes (2013), Resources 2:489-503: consumption-based 4.8 and 7.2, production-based 8 and 4.
    found = footprint(kitzes(), of="CO2")
    np.testing.assert_allclose(found.values, [4.8, 7.2], atol=1e-12)
    np.testing.assert_allclose(footprint(kitzes(), of="CO2", form="production").values, [8, 4])
    assert found.unit == "t"


def test_kitzes_from_file(shared):
    check = json.loads((shared / "checks/32_kitzes_2013_eeio.json").read_text())
    given, expected = check["inputs"], check["expected"]
    table = IOTable.from_flows(
        given["Z"], x=given["x"], Y=given["y"], codes=("1", "2"),
        satellites={"q": Satellite(np.array(given["q"], dtype=float), "t")},
    )  # fmt: skip
    for form in ("production", "consumption"):
        found = footprint(table, of="q", form=form).values
        np.testing.assert_allclose(found, expected[f"{form}_based"], atol=1e-5)


@pytest.fixture(scope="module")
def small(shared) -> tuple[IOTable, dict]:
    data = json.loads((shared / "checks/data/pymrio_small_mrio.json").read_text())
    regions, sectors = zip(*data["Z"]["index"], strict=True)
    assert data["Y"]["index"] == data["F"]["columns"] == data["Z"]["index"]
    buyers = tuple(region for region, _ in data["Y"]["columns"])
    satellites = {
        name: Satellite(np.array(row), "t")
        for name, row in zip(data["F"]["index"], data["F"]["data"], strict=True)
    }
    table = IOTable.from_flows(
        data["Z"]["data"], Y=data["Y"]["data"], codes=sectors, axis=Axis(regions, sectors),
        demand=Axis(buyers, ("FD",) * len(buyers)), satellites=satellites,
        info=TableInfo("pymrio", flows="world", country="WORLD"),
    )  # fmt: skip
    return table, data


@pytest.mark.parametrize("of", ["ext_type_1", "ext_type_2"])
@pytest.mark.parametrize(
    ("form", "published"),
    [("consumption", "D_cba"), ("production", "D_pba"), ("imports", "D_imp"),
     ("exports", "D_exp")],
)  # fmt: skip
def test_pymrio_small_mrio(small, of, form, published):
    table, data = small
    found = footprint(table, of=of, form=form)
    labels = zip(found.columns["country"].decode(), found.columns["industry"].decode(),
                 strict=True)  # fmt: skip
    assert [list(label) for label in labels] == data[published]["columns"]
    row = data[published]["index"].index(of)
    np.testing.assert_allclose(found.values, data[published]["data"][row], rtol=1e-6)


@pytest.mark.parametrize("of", ["ext_type_1", "ext_type_2"])
def test_pymrio_multipliers(small, of):
    table, data = small
    found = factor_multiplier(table, of=of)
    row = data["M"]["index"].index(of)
    np.testing.assert_allclose(found.values, data["M"]["data"][row], rtol=1e-6)


def _totals(table: IOTable, of: str) -> dict[str, np.ndarray]:
    forms = ("production", "consumption", "imports", "exports")
    return {f: footprint(table, of=of, form=f, by="economy").values for f in forms}


def test_accounts_of_each_country_add_up():
    table = random_world(1, countries=4, dead=8)
    found = _totals(table, "value_added")
    np.testing.assert_allclose(
        found["production"],
        found["consumption"] - found["imports"] + found["exports"],
        rtol=1e-10,
    )
    assert found["imports"].sum() == pytest.approx(found["exports"].sum())
    assert found["consumption"].sum() == pytest.approx(table.value_added.sum())


def test_what_a_country_consumes_by_hand():
    table = random_world(2, countries=3)
    L = np.linalg.inv(np.eye(len(table)) - table.Z / table.x)
    s = table.value_added / table.x
    n = len(table.axis.code_names)
    bought = table.Y[:, 2:4].sum(axis=1)
    by_cell = s[:, None] * L * bought
    found = footprint(table)
    imported = footprint(table, form="imports")
    k = 5
    cells = by_cell[:, k::n].sum(axis=1)
    country, code = table.axis.country_names[1], table.axis.codes[k]
    assert found.value(country=country, industry=code) == pytest.approx(cells.sum())
    foreign = cells.sum() - cells[n : 2 * n].sum()
    assert imported.value(country=country, industry=code) == pytest.approx(foreign)


@pytest.mark.parametrize("form", ["production", "consumption", "imports", "exports"])
@pytest.mark.parametrize("by", ["sectors", "services"])
def test_groups_are_sums(form, by):
    table = random_world(3)
    names, W = table.weights(by)
    single = footprint(table, form=form).values.reshape(len(table.axis.country_names), -1)
    n = len(table.axis.code_names)
    grouped = footprint(table, form=form, by=by).values.reshape(-1, len(names))
    np.testing.assert_allclose(grouped, single @ W[:, :n].T, rtol=1e-10)


def test_a_national_table_sees_what_arises_at_home():
    table = random_national(4)
    L = np.linalg.inv(np.eye(len(table)) - table.Z / table.x)
    s = table.value_added / table.x
    home, abroad = table.Y[:, :3].sum(axis=1), table.Y[:, 3]
    np.testing.assert_allclose(footprint(table).values, s @ L * home)
    np.testing.assert_allclose(footprint(table, form="exports").values, s * (L @ abroad))
    codes = {note.code for note in footprint(table).notes}
    assert "imports-not-traced" in codes and "exports-inside" not in codes
    with pytest.raises(InputError, match="world table"):
        footprint(table, form="imports")


def test_exports_that_do_not_stand_apart():
    assert "exports-inside" in {note.code for note in footprint(two_by_two()).notes}
    with pytest.raises(InputError, match="no column of exports"):
        footprint(two_by_two(), form="exports")


def test_imports_inside_the_flows_count_as_home_made():
    Z, Y = np.array([[150.0, 500.0], [200.0, 100.0]]), np.array([[400.0, -50.0], [1700.0, 0.0]])
    table = IOTable.from_flows(Z, Y=Y, codes=("C", "G"), demand_roles=("household", "imports"),
                               info=TableInfo("t", flows="total"))  # fmt: skip
    s = table.value_added / table.x
    L = np.linalg.inv(np.eye(2) - Z / table.x)
    found = footprint(table)
    np.testing.assert_allclose(found.values, s @ L * [400, 1700])
    assert "imports-as-home" in {note.code for note in found.notes}


def test_unit_and_unknown_rows():
    table = replace(random_national(5), satellites={"jobs": Satellite(np.ones(56), "persons")})
    assert footprint(table).unit == "million USD"
    assert footprint(table, of="jobs").unit == "persons"
    with pytest.raises(LabelError, match="jobs"):
        footprint(table, of="CO2")


def test_zero_output_is_undefined_where_nobody_makes_the_product():
    national = random_national(6, dead=2)
    for form in ("production", "consumption", "exports"):
        found = footprint(national, form=form)
        assert [gap.label for gap in found.undefined] == [national.axis.labels[2]]
    world = random_world(6, dead=2)
    assert not footprint(world).undefined
    for form in ("production", "exports"):
        found = footprint(world, form=form)
        assert [gap.label for gap in found.undefined] == [world.axis.labels[2]]
