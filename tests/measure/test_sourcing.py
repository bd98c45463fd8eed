"""Outsourcing and offshoring by loops, on national and world tables, and their identities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from servio import read
from servio.classify import Grouping
from servio.errors import InputError
from servio.measure import offshoring, outsourcing
from servio.table import IOTable, national
from tables import random_national, random_world


def by_loops(table: IOTable, form: str) -> tuple[np.ndarray, np.ndarray]:
    """True and proportional index of each user, straight from the definitions."""
    codes, countries = table.axis.codes, table.axis.countries
    energy = table.weights("energy")[1][0]
    inside = {
        "services": lambda: table.weights("amiti_wei")[1][0],
        "materials": lambda: table.weights("manufacturing")[1][0],
    }.get(form, lambda: np.ones(len(table)))()
    world = table.axis.is_world
    total, away = table.flows("total"), table.flows("imported")
    shares = {}
    for country in dict.fromkeys(countries):
        for code in dict.fromkeys(codes):
            at = [i for i in range(len(codes)) if codes[i] == code]
            home = [i for i in at if countries[i] == country]
            if world:
                users = [j for j in range(len(codes)) if countries[j] == country]
                buys = [k for k, c in enumerate(table.demand.countries) if c == country]
                abroad = [i for i in at if countries[i] != country]
                imports = table.Z[np.ix_(abroad, users)].sum() + table.Y[np.ix_(abroad, buys)].sum()
                others = [j for j in range(len(codes)) if countries[j] != country]
                sold = [k for k, c in enumerate(table.demand.countries) if c != country]
                exports = table.Z[np.ix_(home, others)].sum() + table.Y[np.ix_(home, sold)].sum()
            else:
                imports = table.Zm[home].sum() + table.Ym[home].sum()
                exports = table.Y[home, 3].sum() + table.Ym[home, 3].sum()
            absorbed = table.x[home].sum() + imports - exports
            shares[country, code] = imports / absorbed if absorbed > 0 else np.nan
    true, proportional = np.full((2, len(codes)), np.nan)
    for j in range(len(codes)):
        inputs = sum(total[i, j] * (1 - energy[i]) for i in range(len(codes)))
        if not table.live[j] or inputs == 0:
            continue
        true[j] = proportional[j] = 0.0
        for i in range(len(codes)):
            own = codes[i] == codes[j]
            if total[i, j] == 0 or form == ("difference" if own else "narrow"):
                continue
            weight = inside[i] * (1 - energy[i]) / inputs
            true[j] += weight * away[i, j]
            proportional[j] += weight * total[i, j] * shares[countries[j], codes[i]]
    return true, proportional


@pytest.mark.parametrize("form", ["broad", "narrow", "difference", "services", "materials"])
@pytest.mark.parametrize("world", [False, True])
def test_by_loops(form, world):
    table = random_world(1, dead=22) if world else random_national(1, dead=9)
    found = offshoring(table, form=form)
    values = found.values.reshape(-1, 2)
    true, proportional = by_loops(table, form)
    np.testing.assert_allclose(values[:, 0], true, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(values[:, 1], proportional, rtol=1e-10, atol=1e-15)
    assert found.columns["part"].names == ("true", "proportional")


def test_narrow_and_difference_add_up_to_broad():
    table = random_national(2)
    broad, narrow, rest = (
        offshoring(table, form=form).values for form in ("broad", "narrow", "difference")
    )
    assert narrow + rest == pytest.approx(broad)


def test_both_parts_agree_on_all_uses_together():
    # over every user, intermediate and final, proportionality holds by construction; where there
    # are no final uses and no exports, the sum over intermediate users is exact
    rng = np.random.default_rng(3)
    Z, Zm = rng.uniform(1, 9, (3, 3)), rng.uniform(1, 3, (3, 3))
    groups = {"energy": Grouping.custom("energy", {"energy": ("D",)})}
    table = IOTable.from_flows(
        Z, Zm=Zm, Y=np.zeros((3, 1)), Ym=np.zeros((3, 1)), codes=("C", "G", "D"),
        groups=groups,
    )  # fmt: skip
    found = offshoring(table, by="economy")
    assert found.values[0] == pytest.approx(found.values[1])
    each = offshoring(table).values.reshape(-1, 2)
    assert not np.allclose(each[:, 0], each[:, 1])


def test_onshore_and_offshore_outsourcing_add_up():
    table = random_national(4, dead=9)
    total, home, away = (
        outsourcing(table, grouping="kiet", origin=origin).values
        for origin in ("total", "domestic", "imported")
    )
    np.testing.assert_allclose(home + away, total, rtol=1e-12)
    energy = table.weights("energy")[1][0]
    j, (names, S) = 3, table.weights("kiet")
    flows = table.Z + table.Zm
    expected = S @ flows[:, j] / ((1 - energy) @ flows[:, j])
    assert total.reshape(-1, len(names))[j] == pytest.approx(expected)


def test_groups_are_sums_over_sums():
    table = random_world(5)
    found = offshoring(table, by="manufacturing")
    each = offshoring(table).values.reshape(-1, 2)
    M = table.weights("manufacturing")[1][0]
    energy = table.weights("energy")[1][0]
    inputs = (1 - energy) @ table.Z
    at = (table.axis.country_index == 1) * M * inputs
    assert found.values.reshape(-1, 2)[1] == pytest.approx(at @ each / at.sum())


def test_a_country_out_of_the_world_has_the_same_true_offshoring():
    world = random_world(6)
    alone = national(world, "C01")
    at = world.axis.country_index == 1
    if alone.Zm is None:
        pytest.skip("the country's table does not split imports")
    for part in (0, 1):
        found = offshoring(alone).values.reshape(-1, 2)[:, part]
        np.testing.assert_allclose(found, offshoring(world).values.reshape(-1, 2)[at][:, part])


def test_without_an_import_matrix_only_proportional_is_known():
    table = random_national(7)
    flows = replace(
        table, trusted=False, Z=table.Z + table.Zm, Zm=None, Ym=None,
        Y=np.column_stack([table.Y + table.Ym, -(table.Zm.sum(axis=1) + table.Ym.sum(axis=1))]),
        demand=replace(table.demand, countries=("AAA",) * 5, codes=(*table.demand.codes, "IMP")),
        demand_roles=(*table.demand_roles, "imports"), info=replace(table.info, flows="total"),
    )  # fmt: skip
    found = offshoring(flows)
    assert found.columns["part"].names == ("proportional",)
    assert found.values == pytest.approx(offshoring(table).values.reshape(-1, 2)[:, 1])


def test_a_table_without_imports_is_refused():
    groups = {"energy": Grouping.custom("energy", {"energy": ("D",)})}
    table = IOTable.from_flows([[1, 2], [3, 1]], x=[9, 9], codes=("C", "D"), groups=groups)
    with pytest.raises(InputError, match="no imports"):
        offshoring(table)


def test_services_are_offshored_less_than_materials(shared):
    # Amiti & Wei (2005): service offshoring is far smaller than material offshoring, and rises.
    folder = shared / "data" / "wiod2013_wiot"
    for year in (1995, 2011):
        table = read(folder, source="wiod2013", year=year)
        services, materials = (
            offshoring(table, form=form, by="manufacturing") for form in ("services", "materials")
        )
        for country in ("USA", "DEU", "JPN", "KOR"):
            one = services.value(country=country, part="true")
            assert 0 < one < materials.value(country=country, part="true") / 3
