"""Multipliers against published tables, closed households and each country by itself."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from measure.test_linkage import _csv, chile
from servio.errors import InputError, LabelError, UsageError
from servio.measure import backward_linkage, factor_multiplier, output_multiplier
from servio.table import IOTable, Satellite, national
from tables import random_national, random_world, two_by_two


def test_miller_blair_labour_multipliers():
    # Miller & Blair (2009), Tables 2.3 and 2.4: new final demand 600 and 1500 needs 374.25 and
    # 460.4 of labour at 0.3 and 0.25 per unit of output, with output rounded to a decimal.
    table = _with_satellite(two_by_two(), [300.0, 500.0], "persons")
    effects = factor_multiplier(table, of="jobs").values
    assert effects @ [600, 1500] == pytest.approx(374.25 + 460.4, abs=0.05)


def test_miller_blair_from_file(shared):
    check = json.loads((shared / "checks/01_miller_blair_2x2.json").read_text())
    given, expected = check["inputs"], check["expected"]
    table = IOTable.from_flows(given["Z"], x=given["x"], V=given["payments"], codes=("1", "2"))
    np.testing.assert_allclose(
        output_multiplier(table).values, np.sum(expected["L"], axis=0), atol=2e-5
    )
    np.testing.assert_allclose(factor_multiplier(table).values, [1.0, 1.0])


def test_netherlands_2000_income(shared):
    check = json.loads((shared / "checks/03_netherlands_2000_income_multipliers.json").read_text())
    given, expected = check["inputs"], check["expected"]
    x, Z = np.array(given["x"], dtype=float), np.array(given["Z"], dtype=float)
    wages = np.array(given["compensation"], dtype=float)
    V = [wages, x - Z.sum(axis=0) - wages]
    table = IOTable.from_flows(Z, x=x, V=V, codes=tuple("ABCDEF"), primary=("wages", "rest"))
    effects = factor_multiplier(table, of="wages")
    np.testing.assert_allclose(effects.values, expected["income_effects"], atol=0.0006)
    assert effects.unit == "ratio"
    type1 = factor_multiplier(table, of="wages", form="type1")
    np.testing.assert_allclose(type1.values, expected["income_multipliers_type1"], atol=0.0006)


def test_one_published_income_multiplier():
    # SPICOSA manual, Table 1 (Netherlands 2000): agriculture 0.263 and 2.466.
    Z = np.array([[2731, 3, 8260, 36, 59, 615], [4, 282, 2013, 3979, 188, 60],
                  [3322, 291, 40218, 480, 8004, 16999], [983, 53, 2400, 4395, 85, 3458],
                  [121, 70, 565, 135, 14103, 9509],
                  [2884, 1078, 28400, 1404, 9339, 106994]], dtype=float)  # fmt: skip
    x = np.array([21863, 12292, 210900, 18249, 60244, 435953], dtype=float)
    wages = np.array([2336, 520, 35083, 1629, 14339, 151784], dtype=float)
    table = IOTable.from_flows(Z, x=x, V=[wages, x - Z.sum(axis=0) - wages],
                               codes=tuple("ABCDEF"), primary=("wages", "rest"))  # fmt: skip
    assert factor_multiplier(table, of="wages").values[0] == pytest.approx(0.263, abs=6e-4)
    type1 = factor_multiplier(table, of="wages", form="type1")
    assert type1.values[0] == pytest.approx(2.466, abs=6e-4)


def test_chile_2013(shared):
    check = json.loads((shared / "checks/05_chile_2013_12x12_linkages.json").read_text())
    expected = check["expected"]
    bare = chile(shared)
    wages = _csv(shared / "checks/data/chile2013_wage_demand_matrix.csv")
    jobs = _csv(shared / "checks/data/chile2013_employment_matrix.csv")
    income = np.array([float(wages[i]["wage"]) for i in bare.axis.codes])
    table = replace(
        bare,
        V=np.vstack([income, bare.V[0] - income]),
        primary=("wages", "rest"),
        primary_roles=("value_added", "value_added"),
        satellites={
            "jobs": Satellite(
                np.array([float(jobs[i]["employees"]) for i in bare.axis.codes]), "persons"
            )
        },
    )
    np.testing.assert_allclose(
        output_multiplier(table).values, expected["output_multiplier"], atol=0.006
    )
    np.testing.assert_allclose(
        factor_multiplier(table, of="wages").values, expected["income_multiplier"], atol=0.006
    )
    np.testing.assert_allclose(
        factor_multiplier(table, of="jobs").values, expected["employment_multiplier"], atol=0.06
    )


def test_output_multiplier_is_the_total_backward_linkage():
    table = random_national(1)
    for origin in ("balance", "total", "domestic"):
        np.testing.assert_array_equal(
            output_multiplier(table, origin=origin).values,
            backward_linkage(table, origin=origin).values,
        )


def test_domestic_chains_stop_at_the_border():
    table = random_national(2)
    A = table.Z / table.x
    np.testing.assert_allclose(
        output_multiplier(table).values, np.linalg.inv(np.eye(len(A)) - A).sum(axis=0)
    )
    whole = (table.Z + table.Zm) / table.x
    np.testing.assert_allclose(
        output_multiplier(table, origin="total").values,
        np.linalg.inv(np.eye(len(A)) - whole).sum(axis=0),
    )


def _closed(table: IOTable, income: np.ndarray, spending: np.ndarray) -> np.ndarray:
    """Household row of the inverse of the bordered matrix, over direct income."""
    A = table.Z / table.x
    n = len(A)
    bordered = np.zeros((n + 1, n + 1))
    bordered[:n, :n] = A
    bordered[n, :n] = income / table.x
    bordered[:n, n] = spending / income.sum()
    return np.linalg.inv(np.eye(n + 1) - bordered)[n, :n] / (income / table.x)


def test_type_two_closes_the_table_for_households():
    table = random_national(3)
    expected = _closed(table, table.value_added, table.Y[:, 0])
    found = factor_multiplier(table, form="type2")
    np.testing.assert_allclose(found.values, expected, rtol=1e-10)
    one = factor_multiplier(table, form="type1").values
    assert np.ptp(found.values / one) < 1e-9 and (found.values > one).all()


def test_type_two_counts_income_paid_by_final_users():
    table = random_national(3)
    paid = np.zeros((2, 4))
    paid[0, 0] = table.value_added.sum()
    more = replace(table, Vy=paid)
    A, h = table.Z / table.x, table.value_added / table.x
    spending = table.Y[:, 0] / (2 * table.value_added.sum())
    kept = 1.0 - h @ np.linalg.solve(np.eye(len(A)) - A, spending)
    ratio = (factor_multiplier(more, form="type2").values
             / factor_multiplier(more, form="type1").values)  # fmt: skip
    np.testing.assert_allclose(ratio, 1.0 / kept)


def test_type_two_on_all_flows_counts_imported_consumption():
    table = random_national(4)
    whole = replace(table, Z=table.Z + table.Zm, Y=table.Y + table.Ym, Zm=None, Ym=None,
                    info=replace(table.info, flows="total"))  # fmt: skip
    np.testing.assert_allclose(
        factor_multiplier(table, form="type2", origin="total").values,
        factor_multiplier(whole, form="type2").values,
    )


def test_type_two_of_a_world_table_is_that_of_each_country():
    world = random_world(5)
    found = factor_multiplier(world, form="type2", origin="domestic")
    for place, country in enumerate(world.axis.country_names):
        at = world.axis.positions(country)
        own = world.Y[at][:, [2 * place]].sum(axis=1)
        alone = national(world, country)
        expected = _closed(replace(alone, Z=world.Z[np.ix_(at, at)]), world.value_added[at], own)
        rows = found.columns["country"].index == place
        np.testing.assert_allclose(found.values[rows], expected, rtol=1e-10)
    with pytest.raises(UsageError, match="origin=domestic"):
        factor_multiplier(world, form="type2")


def test_type_two_needs_income_and_households():
    table = two_by_two()
    with pytest.raises(InputError, match="household"):
        factor_multiplier(table, form="type2")
    jobs = _with_satellite(random_national(1), np.ones(56), "persons")
    with pytest.raises(UsageError, match="income"):
        factor_multiplier(jobs, of="jobs", form="type2")
    poor = replace(table, demand_roles=("household",), V=-np.abs(table.V))
    with pytest.raises(InputError, match="positive income"):
        factor_multiplier(poor, form="type2")


def test_unit_says_what_is_measured():
    table = _with_satellite(random_national(1), np.ones(56), "persons")
    assert factor_multiplier(table, of="jobs").unit == "persons per million USD"
    assert factor_multiplier(table, of="jobs", form="type1").unit == "ratio"
    assert factor_multiplier(table).unit == "ratio"
    assert factor_multiplier(table, of="jobs").records()[0]["unit"] == "persons per million USD"


def test_without_direct_effect_there_is_no_ratio():
    table = _with_satellite(two_by_two(), [0.0, 5.0], "persons")
    found = factor_multiplier(table, of="jobs", form="type1")
    assert np.isnan(found.values[0]) and found.values[1] > 1
    assert [gap.label for gap in found.undefined] == ["C"]


def test_unknown_or_ambiguous_rows_are_refused():
    table = two_by_two()
    with pytest.raises(LabelError, match="value added"):
        factor_multiplier(table, of="wages")
    twice = replace(table, satellites={"value added": Satellite(np.ones(2), "t")})
    with pytest.raises(LabelError, match="a satellite of this name"):
        factor_multiplier(twice, of="value added")
    without = replace(table, primary_roles=("taxes",))
    with pytest.raises(InputError, match="row of value added"):
        factor_multiplier(without)


def _with_satellite(table: IOTable, values: object, unit: str) -> IOTable:
    return replace(table, satellites={"jobs": Satellite(np.asarray(values, dtype=float), unit)})
