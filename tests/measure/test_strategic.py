"""Strategic links against tables solved again without each link."""

from __future__ import annotations

import numpy as np
import pytest

from servio.measure import extraction_loss, strategic_links
from servio.table import national
from tables import random_national, random_world, two_by_two


def without(Z, x, v, suppliers, user):
    """Share of value added lost when the suppliers sell nothing to one user, solved anew."""
    live = x != 0
    A = Z / np.where(live, x, 1.0)
    y = x - Z.sum(axis=1)
    A[:, user] *= 1 - suppliers
    return 1 - v @ np.linalg.solve(np.eye(len(x)) - A, y) / (v @ x)


@pytest.mark.parametrize("grouping", ["kiet", "chain_level"])
def test_losses_solved_again(grouping):
    table = random_national(1, dead=9)
    names, S = table.weights(grouping)
    v = table.value_added / np.where(table.live, table.x, 1.0)
    found = strategic_links(table, form="loss", grouping=grouping)
    values = found.values.reshape(-1, len(names))
    for j in (0, 20, 54):
        for k in range(len(names)):
            expected = without(table.Z, table.x, v, S[k], j)
            assert values[j, k] == pytest.approx(expected, rel=1e-7, abs=1e-13)
    assert np.isnan(values[9]).all() and found.residual < 1e-12


def test_the_loss_is_that_of_the_extraction_of_a_block():
    table = random_national(2)
    found = strategic_links(table, form="loss").values
    expected = extraction_loss(table, variant="block", of="value_added").values
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("grouping", ["kiet", "chain_level"])  # whole and split industries
def test_concentration_by_loops(grouping):
    table = random_national(3)
    names, S = table.weights(grouping)
    values = strategic_links(table, form="concentration", grouping=grouping).values
    values = values.reshape(-1, len(names))
    for j in (0, 30):
        for k in range(len(names)):
            bought = [S[k, i] * flows[i, j] for flows in (table.Z, table.Zm) for i in range(56)]
            expected = sum((one / sum(bought)) ** 2 for one in bought)
            assert values[j, k] == pytest.approx(expected)


def test_strength_is_the_product():
    world = random_world(4, dead=4)
    strength, loss, focused = (
        strategic_links(world, form=form).values for form in ("strength", "loss", "concentration")
    )
    np.testing.assert_allclose(strength, loss * focused, rtol=1e-12)
    assert np.nanmax(focused) <= 1.0


def test_world_losses_are_those_of_all():
    world = random_world(5)
    S = world.weights("services")[1][0]
    v = world.value_added / world.x
    found = strategic_links(world, form="loss").values
    for j in (0, 40):
        assert found[j] == pytest.approx(without(world.Z, world.x, v, S, j), rel=1e-8)


def test_domestic_links_of_a_world_are_those_of_each_country():
    world = random_world(6, dead=3)
    found = strategic_links(world, form="loss", origin="domestic")
    for place, country in enumerate(world.axis.country_names):
        rows = found.columns["country"].index == place
        alone = strategic_links(national(world, country), form="loss").values
        np.testing.assert_allclose(found.values[rows], alone, rtol=1e-9, atol=1e-14)


def test_one_supplier_can_not_be_replaced():
    assert strategic_links(two_by_two(), form="concentration").values.tolist() == [1.0, 1.0]
