"""Propagation lengths, fields of influence and paths with labels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from servio.errors import LabelError, UsageError
from servio.measure import (
    average_propagation_length,
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
    label = world.axis.labels[7]
    found = structural_paths(world, chain=label, grouping="sectors", count=40)
    assert found.values.sum() == pytest.approx(1.0, rel=1e-12) and len(found) == 41
    values = found.values[:-1].tolist()
    assert values == sorted(values, reverse=True)
    bound = float(next(n.text for n in found.notes if n.code == "paths-left-out").split()[-1])
    assert values[-1] >= bound * 0.99 and bound > 0
    v = world.value_added / np.where(world.live, world.x, 1.0)
    A = world.Z / np.where(world.live, world.x, 1.0)
    texts, partners = found.columns["part"].decode(), found.columns["partner"].decode()
    assert texts[-1] == "all other paths" and set(found.columns["country"].names) == {label[:3]}
    assert set(found.columns["industry"].names) == {world.axis.codes[7]}
    for text, partner, share in zip(texts[:-1], partners, values, strict=False):
        at = [world.axis.labels.index(one) for one in text.split(" > ")]
        value = v[at[0]]
        for supplier, user in pairwise(at):
            value *= A[supplier, user]
        # one unit of a final product pays one unit of value added
        assert share == pytest.approx(value, rel=1e-10)
        assert at[-1] == 7 and partner == world.axis.countries[at[0]]


def test_paths_of_services_are_shares_of_what_services_earn():
    world = random_world(3, dead=4)
    country = world.axis.country_names[1]
    found = structural_paths(world, producer=country, count=5)
    S, M = (world.weights(name)[1][0] for name in ("services", "manufacturing"))
    here = np.array([c == country for c in world.axis.countries])
    y = world.Y.sum(axis=1) * M * here
    A, v = (m / np.where(world.live, world.x, 1.0) for m in (world.Z, world.value_added))
    total = (S * v) @ np.linalg.solve(np.eye(len(world)) - A, y)
    direct = (S * v)[:, None] * A * y[None, :]
    twice = np.einsum("i,ik,kj,j->ikj", S * v, A, A, y)
    strongest = np.sort(np.concatenate([direct.ravel(), twice.ravel()]))[::-1][:5]
    np.testing.assert_allclose(found.values[:-1], strongest / total, rtol=1e-9)
    each = structural_paths(world, count=5)
    kept = [c == country for c in each.columns["country"].decode()]
    np.testing.assert_allclose(each.values[kept], found.values, rtol=1e-12)
    assert len(each) == 6 * len(world.axis.country_names)


def test_domestic_paths_stay_at_home():
    world = random_world(4)
    label = world.axis.labels[25]
    options = {"chain": label, "origin": "domestic", "count": 5}
    found = structural_paths(world, **options)
    alone = structural_paths(national(world, label[:3]), **options)
    assert found.columns["part"].decode() == alone.columns["part"].decode()
    np.testing.assert_allclose(found.values, alone.values, rtol=1e-12)


def test_chains_without_these_earners_are_undefined():
    table = IOTable.from_flows([[0, 0], [0, 0]], Y=[[5], [5]], codes=("C", "G"),
                               groups=two_by_two().groups)  # fmt: skip
    found = structural_paths(table, chain="C")
    assert np.isnan(found.values).all() and len(found.undefined) == 1


def test_what_can_not_be_asked_of_paths():
    table = random_national(5, dead=9)
    with pytest.raises(LabelError, match="neither a product"):
        structural_paths(table, chain="nothing")
    with pytest.raises(UsageError, match="count"):
        structural_paths(table, count=0)
