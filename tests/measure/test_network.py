"""Hubs with labels: dead industries outside, countries apart, negative flows no links."""

from __future__ import annotations

import numpy as np
import pytest

from servio import algebra
from servio.measure import network_position
from servio.table import IOTable, national
from tables import random_national, random_world

FORMS = ["out_strength", "in_strength", "influence", "pagerank", "betweenness"]


@pytest.mark.parametrize("form", ["influence", "pagerank"])
def test_the_economy_adds_up_to_one(form):
    for table in (random_national(1, dead=5), random_world(1, dead=5)):
        found = network_position(table, form=form)
        assert np.nansum(found.values) == pytest.approx(1.0, abs=1e-12)
        assert [gap.label for gap in found.undefined] == [table.axis.labels[5]]


def test_influence_by_a_linear_system():
    table = random_national(2)
    A = table.Z / table.x
    alpha = 1 - table.Z.sum() / table.x.sum()
    W, n = A / A.sum(axis=0), len(table)
    expected = np.linalg.solve(np.eye(n) - (1 - alpha) * W, np.full(n, alpha / n))
    assert network_position(table).values == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("form", FORMS)
def test_an_industry_without_output_changes_nothing(form):
    table = random_national(3, dead=9)
    live = table.live
    A = (table.Z / np.where(live, table.x, 1.0))[np.ix_(live, live)]
    kernels = {
        "out_strength": A.sum(axis=1),
        "in_strength": A.sum(axis=0),
        "influence": algebra.influence_vector(A, 1 - table.Z.sum() / table.x.sum()),
        "pagerank": algebra.pagerank(A),
        "betweenness": algebra.betweenness(A),
    }
    found = network_position(table, form=form)
    assert found.values[live] == pytest.approx(kernels[form], rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_domestic_links_of_a_world_are_those_of_each_country(form):
    world = random_world(4, dead=3)
    found = network_position(world, form=form, origin="domestic")
    for place, country in enumerate(world.axis.country_names):
        alone = network_position(national(world, country), form=form)
        at = world.axis.country_index == place
        np.testing.assert_allclose(found.values[at], alone.values, rtol=1e-9, atol=1e-14)


def test_negative_flows_are_no_links():
    table = IOTable.from_flows([[10, -5], [20, 10]], x=[100, 100], codes=("C", "G"))
    found = network_position(table, form="out_strength")
    assert found.values == pytest.approx([0.1, 0.3])
    assert [note.code for note in found.notes] == ["negative-links"]
