"""Propagation lengths, fields of influence and paths with labels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from servio.errors import LabelError
from servio.measure import (
    average_propagation_length,
    factor_multiplier,
    field_of_influence,
    service_input_coefficient,
    structural_paths,
)
from servio.table import IOTable, national
from tables import random_national, random_world, two_by_two


def test_lengths_by_rounds():
    table = random_national(1, dead=9)
    A = table.Z / np.where(table.live, table.x, 1.0)
    S = table.weights("kiet")[1]
    term, amounts, links = S, 0.0, 0.0
    for k in range(1, 400):
        term = term @ A
        amounts, links = amounts + term, links + k * term
    found = average_propagation_length(table, grouping="kiet")
    values = found.values.reshape(-1, len(S)).T
    np.testing.assert_allclose(values[:, table.live], (links / np.where(amounts > 0, amounts, 1))
                               [:, table.live], rtol=1e-10)  # fmt: skip
    assert {gap.label.split(" ")[0] for gap in found.undefined} == {table.axis.labels[9]}
    group = average_propagation_length(table, grouping="kiet", by="manufacturing").values
    M = table.weights("manufacturing")[1][0] * table.x
    assert group == pytest.approx((links @ M) / (amounts @ M))


def test_amounts_behind_the_lengths_are_the_complete_coefficients():
    # direct inputs are one link away: length times complete = direct when there is no second round
    table = IOTable.from_flows([[0, 50], [0, 0]], x=[80, 100], codes=("G", "C"),
                               groups=two_by_two().groups)  # fmt: skip
    found = average_propagation_length(table)
    assert found.value(industry="C", group="services") == 1.0
    assert np.isnan(found.value(industry="G", group="services"))
    assert service_input_coefficient(table, total=True).value(industry="C") == 0.5


def test_average_field_is_one():
    table = random_national(2, dead=9)
    everyone = np.ones((1, len(table)))
    found = field_of_influence(table, grouping="sectors")
    names, S = table.weights("sectors")
    live = table.live
    assert S.sum(axis=0) == pytest.approx(everyone[0])
    values = found.values.reshape(-1, len(names))[live]
    size = (S * live).sum(axis=1)
    assert (values * size).sum() / size.sum() / live.sum() == pytest.approx(1.0)


def test_field_of_one_supplier_by_a_small_change():
    table = two_by_two()
    A, step = table.Z / table.x, 1e-6
    L, sizes = np.linalg.inv(np.eye(2) - A), np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            changed = A.copy()
            changed[i, j] += step
            sizes[i, j] = np.linalg.norm((np.linalg.inv(np.eye(2) - changed) - L) / step)
    found = field_of_influence(table).values
    assert found == pytest.approx(sizes[1] / sizes.mean(), rel=1e-5)


def test_paths_of_a_product_add_up_to_its_value():
    world = random_world(3, dead=4)
    found = structural_paths(world, world.axis.labels[7], count=40)
    assert found.total == pytest.approx(1.0, rel=1e-12)
    frame = found.to_frame()
    assert frame["value"].sum() == pytest.approx(found.total, rel=1e-12)
    assert frame["share"].sum() == pytest.approx(1.0, rel=1e-12)
    values = [path.value for path in found.paths]
    assert values == sorted(values, reverse=True) and values[-1] >= found.largest_missing
    assert found.paths[0].labels[0] == world.axis.labels[7]
    v = world.value_added / np.where(world.live, world.x, 1.0)
    A = world.Z / np.where(world.live, world.x, 1.0)
    for path in found.paths:
        at = [world.axis.labels.index(label) for label in path.labels]
        value = v[at[-1]]
        for user, supplier in pairwise(at):
            value *= A[supplier, user]
        assert path.value == pytest.approx(value, rel=1e-12) and path.stage == len(at) - 1


def test_domestic_paths_stay_at_home():
    world = random_world(4)
    label = world.axis.labels[25]
    found = structural_paths(world, label, origin="domestic", count=5)
    alone = structural_paths(national(world, label[:3]), label, count=5)
    assert [path.labels for path in found.paths] == [path.labels for path in alone.paths]
    assert found.total == pytest.approx(factor_multiplier(world, origin="domestic").values[25])


def test_unknown_and_dead_products_are_refused():
    table = random_national(5, dead=9)
    for label, reason in (("nothing", "no such label"), (table.axis.labels[9], "no output")):
        with pytest.raises(LabelError, match=reason):
            structural_paths(table, label)
