"""Smile curves: a chain by hand, distances by rounds, the test of each chain the same as alone."""

from __future__ import annotations

import numpy as np
import pytest

from servio import algebra, read
from servio.errors import InputError, LabelError
from servio.measure import smile_curve, smile_test
from servio.table import IOTable
from tables import random_national, random_world, two_by_two


def straight(rates: list[float]) -> IOTable:
    """A chain of industries, each selling all to the next; value added per output as given."""
    n = len(rates)
    x = np.ones(n)
    for i in range(n - 2, -1, -1):
        x[i] = x[i + 1] * (1 - rates[i + 1])
    Z = np.diag(x[:-1], 1)
    y = np.zeros((n, 1))
    y[-1] = x[-1]
    return IOTable.from_flows(Z, Y=y, codes=tuple(f"i{k}" for k in range(n)))


def test_a_straight_chain_smiles_by_construction():
    rates = [1.0, 0.5, 0.2, 0.1, 0.2, 0.5]
    curve = smile_curve(straight(rates), "i5")
    frame = curve.to_frame().set_index("industry")
    for place, rate in enumerate(rates):
        assert frame.loc[f"i{place}", "distance"] == pytest.approx(5 - place)
        assert frame.loc[f"i{place}", "rate"] == pytest.approx(rate)
    assert curve.covered == pytest.approx(1.0) and curve.test.quadratic > 0
    assert 1 < curve.test.vertex < 3 and curve.smiles
    upside = smile_curve(straight([1.0, 0.2, 0.5, 0.6, 0.5, 0.2]), "i5")
    assert upside.test.p_value > 0.05


def test_distances_are_means_over_rounds():
    world = random_world(1, dead=4)
    label = world.axis.labels[7]
    curve = smile_curve(world, label)
    A = world.Z / np.where(world.live, world.x, 1.0)
    wave, amounts, links = np.zeros(len(world)), np.zeros(len(world)), np.zeros(len(world))
    wave[7] = 1.0
    for k in range(400):
        amounts, links, wave = amounts + wave, links + k * wave, A @ wave
    for name, distance, share in zip(curve.labels, curve.distance, curve.share, strict=True):
        i = world.axis.labels.index(name)
        assert distance == pytest.approx(links[i] / amounts[i], rel=1e-9)
        assert share == pytest.approx(world.value_added[i] / world.x[i] * amounts[i], rel=1e-9)
    assert list(curve.share) == sorted(curve.share, reverse=True)
    assert curve.covered == pytest.approx(1.0)


def test_the_test_of_all_chains_is_that_of_each():
    table = random_national(2, dead=9)
    curvature, p_value = smile_test(table), smile_test(table, form="p_value")
    for j in (0, 20, 55):
        curve = smile_curve(table, table.axis.labels[j])
        expected = algebra.lind_mehlum(curve.distance, np.log(curve.rate), curve.share)
        assert curvature.values[j] == pytest.approx(expected.quadratic, rel=1e-8)
        assert p_value.values[j] == pytest.approx(expected.p_value, rel=1e-6)
        assert curve.test.quadratic == pytest.approx(expected.quadratic, rel=1e-9)
    assert [gap.label for gap in curvature.undefined] == [table.axis.labels[9]]


def test_small_earners_can_be_left_out():
    world = random_world(3)
    label = world.axis.labels[7]
    found = smile_curve(world, label, least=0.01)
    assert found.share.min() > 0.01 and found.covered < smile_curve(world, label).covered


def test_chains_without_a_curve_are_refused():
    with pytest.raises(InputError, match="at least 4"):
        smile_curve(two_by_two(), "C")
    assert np.isnan(smile_test(two_by_two()).values).all()
    with pytest.raises(LabelError, match="no such label"):
        smile_curve(two_by_two(), "X")


def test_a_published_table(shared):
    table = read(shared / "data" / "wiod2013_wiot", source="wiod2013", year=2008)
    curve = smile_curve(table, "KOR_c14", least=0.001)
    assert 0.7 < curve.covered < 1.0 and curve.distance.min() < 0.5 < curve.distance.max()
    assert smile_test(table).residual < 1e-10
