"""Extraction of pairs of countries against tables solved again without the block."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from servio import read
from servio.errors import InputError, UsageError
from servio.measure import bilateral_extraction_loss, extraction_loss
from tables import random_national, random_world


def again(world, suppliers, users):
    """Output lost by industry, with the reduced system built and solved anew."""
    live = world.x != 0
    A = world.Z / np.where(live, world.x, 1.0)
    y = world.x - world.Z.sum(axis=1)
    A[np.ix_(suppliers, users)] = 0.0
    return world.x - np.linalg.solve(np.eye(len(A)) - A, y)


@pytest.mark.parametrize("of", ["output", "value_added"])
@pytest.mark.parametrize(
    ("grouping", "users"), [("services", "manufacturing"), ("economy", "economy")]
)
def test_each_pair_solved_again(of, grouping, users):
    world = random_world(1, dead=4)
    inside = {
        name: np.ones(len(world), dtype=bool) if name == "economy" else
        world.weights(name)[1][0] == 1
        for name in (grouping, users)
    }  # fmt: skip
    v = np.where(world.live, world.value_added / np.where(world.live, world.x, 1.0), 0.0)
    v = np.ones(len(world)) if of == "output" else v
    found, everywhere, abroad = (
        bilateral_extraction_loss(world, grouping=grouping, users=users, of=of, scope=scope)
        for scope in ("own", "world", "abroad")
    )
    for r, country in enumerate(world.axis.country_names):
        home = world.axis.country_index == r
        for s, partner in enumerate(world.axis.country_names):
            there = world.axis.country_index == s
            loss = again(world, np.flatnonzero(home & inside[grouping]),
                         np.flatnonzero(there & inside[users]))  # fmt: skip
            expected = (v * loss)[home].sum() / (v * world.x)[home].sum()
            value = found.value(country=country, partner=partner)
            assert value == pytest.approx(expected, rel=1e-8, abs=1e-13)
            expected = (v * loss)[~home].sum() / (v * world.x)[home].sum()
            value = abroad.value(country=country, partner=partner)
            assert value == pytest.approx(expected, rel=1e-8, abs=1e-13)
    np.testing.assert_allclose(everywhere.values, found.values + abroad.values, rtol=1e-12)
    assert found.residual < 1e-12 and len(found) == 9


def test_a_country_that_sells_to_itself_only_is_the_block_at_home():
    world = random_world(2)
    Z = np.where(world.axis.country_index[:, None] == world.axis.country_index, world.Z, 0.0)
    apart = replace(world, trusted=False, Z=Z, Y=world.Y + (world.Z - Z).sum(axis=1)[:, None] / 6)
    found = bilateral_extraction_loss(apart, of="output")
    block = extraction_loss(apart, variant="block", by="manufacturing", origin="total")
    for country in apart.axis.country_names:
        value = found.value(country=country, partner=country)
        assert value == pytest.approx(block.value(country=country), rel=1e-9)
    assert np.count_nonzero(found.values) == 3


def test_national_tables_and_partial_groups_are_refused():
    with pytest.raises(InputError):
        bilateral_extraction_loss(random_national(3))
    with pytest.raises(UsageError, match="partly inside"):
        bilateral_extraction_loss(random_world(3), grouping="ps_fractional")


def test_a_published_table(shared):
    # Canada's sales of inputs to the United States weigh far more than the other way round.
    table = read(shared / "data" / "wiod2013_wiot", source="wiod2013", year=2008)
    found = bilateral_extraction_loss(table, grouping="economy", users="economy")
    north = found.value(country="CAN", partner="USA")
    assert north > 5 * found.value(country="USA", partner="CAN") > 0
    assert found.residual < 1e-12
