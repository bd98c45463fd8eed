"""Income along chains, margins by kind of chain and functions, by loops and identities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from servio import read
from servio.errors import InputError, LabelError, UsageError
from servio.measure import (
    chain_income,
    chain_margin,
    functional_specialisation,
    service_content,
    value_content,
)
from servio.measure._chains import exports, final_demand
from servio.table import IOTable, Satellite, national
from tables import random_national, random_world, two_by_two


def inverse(table: IOTable) -> np.ndarray:
    return np.linalg.inv(np.eye(len(table)) - table.Z / np.where(table.live, table.x, 1.0))


def test_income_is_all_final_demand_of_the_world():
    world = random_world(1, dead=4)
    found = chain_income(world)
    M = world.weights("manufacturing")[1][0]
    y = world.Y.sum(axis=1) * M
    v = world.value_added / np.where(world.live, world.x, 1.0)
    np.testing.assert_allclose(found.values[world.live], (v * (inverse(world) @ y))[world.live])
    assert np.nansum(found.values) == pytest.approx(y.sum(), rel=1e-12)
    rest = sum(
        np.nansum(chain_income(world, chain="manufacturing", producer=country).values)
        for country in world.axis.country_names
    )
    assert rest == pytest.approx(y.sum(), rel=1e-12)


def test_stages_are_rounds_and_add_up():
    world = random_world(2)
    label = world.axis.labels[7]
    found = chain_income(world, chain=label, form="stage").values.reshape(-1, 4)
    A = world.Z / world.x
    v, y = world.value_added / world.x, np.zeros(len(world))
    y[7] = world.Y[7].sum()
    for stage in range(3):
        expected = v * (np.linalg.matrix_power(A, stage) @ y)
        np.testing.assert_allclose(found[:, stage], expected, rtol=1e-9, atol=1e-12)
    total = chain_income(world, chain=label).values
    np.testing.assert_allclose(found.sum(axis=1), total, rtol=1e-12)
    assert found[np.arange(len(world)) != 7, 0] == pytest.approx(0.0)


def test_earners_add_up_in_groups():
    table = random_national(3, dead=9)
    each, groups = chain_income(table), chain_income(table, by="sectors")
    names, S = table.weights("sectors")
    assert groups.values == pytest.approx(S @ np.nan_to_num(each.values))
    assert groups.columns["industry"].names == names


def test_jobs_of_a_chain_have_their_unit():
    jobs = {"jobs": Satellite(np.array([10.0, 40.0]), "jobs")}
    table = replace(two_by_two(), trusted=False, satellites=jobs)
    found = chain_income(table, of="jobs")
    L = inverse(table)
    assert found.values == pytest.approx(np.array([0.01, 0.02]) * L[:, 0] * 350)
    assert found.unit == "jobs"


def test_products_that_are_not_there_are_refused():
    world = random_world(4)
    with pytest.raises(LabelError):
        chain_income(world, chain=world.axis.labels[0], producer="C01")
    with pytest.raises(LabelError):
        chain_income(world, producer="XXX")


@pytest.mark.parametrize("form", ["own", "chain"])
def test_margins_by_kind_of_chain(form):
    table = random_national(5, dead=9)
    share = service_content(table).values
    v = table.value_added / np.where(table.live, table.x, 1.0)
    margin = v if form == "own" else v @ inverse(table)
    y = np.where(table.live, final_demand(table), 0.0)
    cuts = np.nanquantile(share, [0.3, 0.6])
    found = chain_margin(table, form=form, least=float(cuts[0]), most=float(cuts[1]))
    inside = [share < cuts[0], (share >= cuts[0]) & (share <= cuts[1]), share > cuts[1], table.live]
    expected = [(y * margin)[at].sum() / y[at].sum() for at in inside]
    assert found.values == pytest.approx(expected)
    assert found.columns["part"].names == ("goods", "mixed", "services", "all")


def test_a_kind_without_chains_is_undefined():
    found = chain_margin(random_national(6), least=0.0, most=1.0)
    assert np.isnan(found.values[[0, 2]]).all()
    assert found.values[1] == pytest.approx(found.values[3])
    assert len(found.undefined) == 2
    with pytest.raises(UsageError, match="least"):
        chain_margin(random_national(6), least=0.7, most=0.3)


def with_phi(table: IOTable, phi: np.ndarray) -> IOTable:
    rows = {f"functions: f{k}": Satellite(values, "share") for k, values in enumerate(phi)}
    return replace(table, satellites=rows, trusted=False)


def test_functions_by_loops_average_to_one():
    world = random_world(7, dead=4)
    phi = np.random.default_rng(7).random((3, len(world)))
    phi /= phi.sum(axis=0)
    income = np.zeros((3, 3))
    for place, country in enumerate(world.axis.country_names):
        at = np.flatnonzero(world.axis.country_index == place)
        alone = national(world, country)
        dva = alone.value_added / np.where(alone.live, alone.x, 1.0)
        dva = dva * (inverse(alone) @ exports(world)[at])
        for k in range(3):
            income[place, k] = sum(phi[k, j] * dva[i] for i, j in enumerate(at))
    table = with_phi(world, phi)
    share = functional_specialisation(table, form="share")
    expected = income / income.sum(axis=1, keepdims=True)
    assert share.values.reshape(3, 3) == pytest.approx(expected) and share.unit == "share"
    index = functional_specialisation(table).values.reshape(3, 3)
    assert index == pytest.approx(expected / (income.sum(axis=0) / income.sum()))
    assert income.sum(axis=1) / income.sum() @ index == pytest.approx(np.ones(3), rel=1e-12)


def test_functions_say_what_to_supply():
    world = random_world(8)
    with pytest.raises(InputError, match="with_functions"):
        functional_specialisation(world)
    with pytest.raises(InputError, match="add up to 1"):
        functional_specialisation(with_phi(world, np.full((1, len(world)), 0.5)))
    with pytest.raises(InputError, match="national table"):
        functional_specialisation(random_national(8))


def test_fabrication_earns_less_and_less(shared):
    # Claim TR-1c; the parts of the value add up to 1 in each year.
    folder, shares = shared / "data" / "wiod2013_wiot", {}
    for year in (1995, 2008):
        table = read(folder, source="wiod2013", year=year)
        found = value_content(table, grouping="chain_stage", by="manufacturing")
        for country in ("USA", "DEU", "JPN"):
            parts = {
                part: found.value(country=country, part=part)
                for part in ("primary", "before", "fabrication", "support", "after")
            }
            assert sum(parts.values()) == pytest.approx(1.0, abs=0.02)
            shares[country, year] = parts["fabrication"]
    for country in ("USA", "DEU", "JPN"):
        assert shares[country, 2008] < shares[country, 1995]


def test_income_of_world_manufactures(shared):
    # world totals: value added of all earners is final demand for manufactures, within the
    # published gap between rows and columns
    table = read(shared / "data" / "wiod2013_wiot", source="wiod2013", year=2008)
    found = chain_income(table)
    M = table.weights("manufacturing")[1][0]
    assert np.nansum(found.values) == pytest.approx(M @ final_demand(table), rel=1e-6)
