"""Extraction losses against tables solved again without the industries or the link."""

from __future__ import annotations

import numpy as np
import pytest

from servio.errors import InputError, UsageError
from servio.measure import extraction_loss
from servio.table import IOTable, national
from tables import random_national, random_world, two_by_two


def again(Z: np.ndarray, x: np.ndarray, members: np.ndarray, variant: str,
          suppliers: np.ndarray | None = None) -> np.ndarray:  # fmt: skip
    """Loss of output by industry, with the reduced system built and solved anew."""
    live = x != 0
    safe = np.where(live, x, 1.0)
    A, B = Z / safe, Z / safe[:, None]
    y, v = x - Z.sum(axis=1), x - Z.sum(axis=0)
    unit = np.eye(len(x))
    if variant == "full":
        A, y = A.copy(), y.copy()
        A[members], A[:, members], y[members] = 0.0, 0.0, 0.0
    elif variant == "backward":
        A = A.copy()
        A[:, members] = 0.0
    elif variant == "block":
        A = A.copy()
        A[np.ix_(suppliers, members)] = 0.0
    else:
        B = B.copy()
        B[members] = 0.0
        return x - np.linalg.solve((unit - B).T, v)
    return x - np.linalg.solve(unit - A, y)


def test_shares_of_two_by_two():
    # By hand, Miller & Blair (2009), Table 2.3: without C, G makes 1700 / .95.
    found = extraction_loss(two_by_two())
    assert found.value(industry="C") == pytest.approx((1000 + 2000 - 1700 / 0.95) / 3000)
    assert found.value(industry="G") == pytest.approx((2000 + 1000 - 350 / 0.85) / 3000)


@pytest.mark.parametrize("variant", ["full", "backward", "forward", "block"])
def test_each_industry_solved_again(variant):
    table = random_national(1, dead=30)
    services = np.flatnonzero(table.weights("services")[1][0])
    found = extraction_loss(table, variant=variant)
    for j in range(len(table)):
        if j == 30:
            assert np.isnan(found.values[j])
            continue
        loss = again(table.Z, table.x, np.array([j]), variant, services)
        assert found.values[j] == pytest.approx(loss.sum() / table.x.sum(), rel=1e-8, abs=1e-12)
    assert [gap.label for gap in found.undefined] == [table.axis.labels[30]]
    assert found.residual < 1e-12


@pytest.mark.parametrize("variant", ["full", "backward", "forward", "block"])
@pytest.mark.parametrize("by", ["manufacturing", "sectors", "economy"])
def test_groups_go_as_a_whole(variant, by):
    table = random_national(2, dead=30)
    services = np.flatnonzero(table.weights("services")[1][0])
    names, W = (("economy",), np.ones((1, 56))) if by == "economy" else table.weights(by)
    found = extraction_loss(table, variant=variant, by=by)
    assert found.columns["industry"].names == names
    for name, weights in zip(names, W, strict=True):
        loss = again(table.Z, table.x, np.flatnonzero(weights), variant, services)
        expected = loss.sum() / table.x.sum()
        assert found.value(industry=name) == pytest.approx(expected, rel=1e-8, abs=1e-12)
    assert found.residual < 1e-12


def test_without_the_whole_economy_nothing_is_left():
    assert extraction_loss(two_by_two(), by="economy").values == pytest.approx([1.0])


@pytest.mark.parametrize("variant", ["full", "backward", "block"])
def test_value_added_goes_with_output(variant):
    table = random_national(3)
    services = np.flatnonzero(table.weights("services")[1][0])
    found = extraction_loss(table, variant=variant, of="value_added")
    v = table.value_added / table.x
    for j in (0, 20, 55):
        loss = v @ again(table.Z, table.x, np.array([j]), variant, services)
        assert found.values[j] == pytest.approx(loss / table.value_added.sum(), rel=1e-8)


def test_forward_extraction_has_no_value_added():
    with pytest.raises(UsageError, match="holds value added fixed"):
        extraction_loss(two_by_two(), variant="forward", of="value_added")


def test_losses_of_single_industries_exceed_the_loss_of_their_group():
    table = random_national(4)
    inside = table.weights("manufacturing")[1][0] > 0
    single = extraction_loss(table).values[inside].sum()
    assert single > extraction_loss(table, by="manufacturing").values[0]


def test_flows_of_the_origin_are_followed():
    table = random_national(5)
    found = extraction_loss(table, origin="total")
    loss = again(table.Z + table.Zm, table.x, np.array([9]), "full")
    assert found.values[9] == pytest.approx(loss.sum() / table.x.sum(), rel=1e-8)
    assert not np.allclose(found.values, extraction_loss(table).values)


def test_world_losses_are_those_at_home():
    world = random_world(6)
    found = extraction_loss(world)
    n = len(world.axis.code_names)
    for j in (0, n + 3):
        at = world.axis.country_index == world.axis.country_index[j]
        loss = again(world.Z, world.x, np.array([j]), "full")
        assert found.values[j] == pytest.approx(loss[at].sum() / world.x[at].sum(), rel=1e-8)


@pytest.mark.parametrize("variant", ["full", "backward", "forward", "block"])
@pytest.mark.parametrize("by", ["industry", "manufacturing"])
def test_losses_abroad_are_those_of_all_others(variant, by):
    world = random_world(6, dead=4)
    sold = np.flatnonzero(world.weights("services")[1][0] == 1)
    scopes = ("own", "world", "abroad")
    own, everywhere, abroad = (
        extraction_loss(world, variant=variant, by=by, scope=scope) for scope in scopes
    )
    np.testing.assert_allclose(everywhere.values, own.values + abroad.values, rtol=1e-12)
    for row, country in enumerate(own.columns["country"].index):
        here = world.axis.country_index == country
        inside = np.arange(len(world)) == row
        if by == "manufacturing":
            inside = here & (world.weights(by)[1][0] == 1)
        elif row == 4:
            assert np.isnan(abroad.values[row])
            continue
        loss = again(world.Z, world.x, np.flatnonzero(inside), variant, sold)
        expected = sum(loss[i] for i in range(len(world)) if not here[i])
        size = world.x[here].sum()
        assert abroad.values[row] * size == pytest.approx(expected, rel=1e-8, abs=1e-9)
    assert abroad.definition["scope"] == "abroad"


def test_losses_abroad_need_flows_that_cross_borders():
    with pytest.raises(UsageError, match="origin=domestic"):
        extraction_loss(random_world(6), scope="abroad", origin="domestic")
    with pytest.raises(InputError, match="table of one country"):
        extraction_loss(random_national(1), scope="world")
    assert "scope" not in extraction_loss(random_national(1)).definition


@pytest.mark.parametrize("variant", ["full", "backward", "forward", "block"])
@pytest.mark.parametrize("by", ["industry", "manufacturing"])
def test_domestic_flows_of_a_world_table_are_those_of_each_country(variant, by):
    world = random_world(7, dead=3)
    found = extraction_loss(world, variant=variant, origin="domestic", by=by)
    for place, country in enumerate(world.axis.country_names):
        alone = extraction_loss(national(world, country), variant=variant, by=by)
        rows = found.columns["country"].index == place
        np.testing.assert_allclose(found.values[rows], alone.values, rtol=1e-9, atol=1e-14)


def test_industries_partly_inside_are_refused():
    table = random_national(8)
    partial = [n for n in ("ps_coffey2000", "ps_fractional") if _is_partial(table, n)]
    assert partial
    with pytest.raises(UsageError, match="partly inside"):
        extraction_loss(table, by=partial[0])
    with pytest.raises(UsageError, match="partly inside"):
        extraction_loss(table, variant="block", grouping=partial[0])


def _is_partial(table: IOTable, name: str) -> bool:
    return not np.isin(table.weights(name)[1], (0.0, 1.0)).all()


def test_a_table_without_value_added_is_refused():
    table = IOTable.from_flows([[1, 2], [3, 1]], x=[9, 9], codes=("a", "b"),
                               primary_roles=("taxes",))  # fmt: skip
    with pytest.raises(InputError, match="value added"):
        extraction_loss(table, of="value_added")
