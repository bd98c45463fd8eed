"""Smile curves: a chain by hand, distances by rounds, the test of each chain the same as alone."""

from __future__ import annotations

import numpy as np
import pytest

from servio import algebra, read
from servio.errors import LabelError
from servio.measure import smile_curve, smile_test
from servio.table import IOTable, Satellite, national
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


def curve(table: IOTable, chain: str, **options: str) -> tuple[np.ndarray, ...]:
    """Distance, rate and share of everybody in a chain."""
    return tuple(
        smile_curve(table, chain=chain, form=form, **options).values
        for form in ("distance", "rate", "share")
    )


def verdict(table: IOTable, chain: str) -> str:
    notes = smile_curve(table, chain=chain).notes
    return next(note.text for note in notes if note.code == "smile-test")


def test_a_straight_chain_smiles_by_construction():
    rates = [1.0, 0.5, 0.2, 0.1, 0.2, 0.5]
    distance, rate, share = curve(straight(rates), "i5")
    assert distance == pytest.approx([5, 4, 3, 2, 1, 0]) and rate == pytest.approx(rates)
    assert share.sum() == pytest.approx(1.0) and share[-1] == pytest.approx(0.5)
    assert share[-2] == pytest.approx(0.5 * 0.2)
    assert verdict(straight(rates), "i5").startswith("a smile, lowest at ")
    upside = verdict(straight([1.0, 0.2, 0.5, 0.6, 0.5, 0.2]), "i5")
    assert upside.startswith("no smile")
    only_falls = verdict(straight([1.0, 0.5, 0.3, 0.2, 0.15, 0.12]), "i5")
    assert only_falls.startswith("the curve bends upward, but it is no smile")


def rounds(table: IOTable, wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Output for a final demand, and its links over the output, round by round."""
    A = table.Z / np.where(table.live, table.x, 1.0)
    amounts, links = np.zeros(len(table)), np.zeros(len(table))
    for k in range(400):
        amounts, links, wave = amounts + wave, links + k * wave, A @ wave
    return amounts, links / np.where(amounts > 0, amounts, 1.0)


def test_distances_are_means_over_rounds():
    world = random_world(1, dead=4)
    amounts, links = rounds(world, np.eye(len(world))[7])
    distance, rate, share = curve(world, world.axis.labels[7])
    live = world.live
    np.testing.assert_allclose(distance[live], links[live], rtol=1e-9)
    np.testing.assert_allclose(share[live], (rate * amounts)[live], rtol=1e-9)
    assert np.nansum(share) == pytest.approx(1.0) and np.isnan(distance[4])


def test_a_group_of_products_is_weighted_with_final_demand():
    world = random_world(1, dead=4)
    country = world.axis.country_names[1]
    here = np.array([c == country for c in world.axis.countries])
    y = world.Y.sum(axis=1) * world.weights("manufacturing")[1][0] * here
    amounts, links = rounds(world, y / y.sum())
    distance, rate, share = curve(world, "manufacturing", producer=country)
    np.testing.assert_allclose(distance[world.live], links[world.live], rtol=1e-9)
    np.testing.assert_allclose(share[world.live], (rate * amounts)[world.live], rtol=1e-9)


def test_domestic_chains_are_those_of_the_country_alone():
    world = random_world(4)
    label = world.axis.labels[25]
    alone = national(world, label[:3])
    at = [i for i, c in enumerate(world.axis.countries) if c == label[:3]]
    here, there = (curve(t, label, origin="domestic") for t in (world, alone))
    for one, two in zip(here, there, strict=True):
        np.testing.assert_allclose(one[at], two, rtol=1e-10)
    assert np.isnan(np.delete(here[0], at)).all()


def test_hours_have_their_unit():
    table = random_national(2)
    hours = Satellite(np.ones(len(table)), "million hours")
    table = IOTable.from_flows(
        table.Z, x=table.x, codes=table.axis.codes, satellites={"hours": hours}
    )
    rate = smile_curve(table, chain=table.axis.labels[3], form="rate", of="hours")
    assert rate.unit == "million hours per currency"
    assert rate.values == pytest.approx(1 / table.x)


def test_the_test_of_all_chains_is_that_of_each():
    table = random_national(2, dead=9)
    curvature, p_value = smile_test(table), smile_test(table, form="p_value")
    for j in (0, 20, 55):
        distance, rate, share = (
            np.delete(values, 9) for values in curve(table, table.axis.labels[j])
        )
        expected = algebra.lind_mehlum(distance, np.log(rate), share)
        assert curvature.values[j] == pytest.approx(expected.quadratic, rel=1e-8)
        assert p_value.values[j] == pytest.approx(expected.p_value, rel=1e-6)
    assert [gap.label for gap in curvature.undefined] == [table.axis.labels[9]]


def test_few_earners_give_points_and_no_verdict():
    found = smile_curve(two_by_two(), chain="C")
    assert not [note for note in found.notes if note.code == "smile-test"]
    assert np.isnan(smile_test(two_by_two()).values).all()


def test_unknown_and_dead_chains_are_refused():
    table = random_national(5, dead=9)
    with pytest.raises(LabelError, match="neither a product"):
        smile_curve(table, chain="X")
    with pytest.raises(LabelError, match="no output"):
        smile_curve(table, chain=table.axis.labels[9])
    world = random_world(5)
    with pytest.raises(LabelError, match="no such product"):
        smile_curve(world, chain=world.axis.labels[0], producer=world.axis.country_names[2])


def test_a_published_table(shared):
    table = read(shared / "data" / "wiod2013_wiot", source="wiod2013", year=2008)
    distance, _, share = curve(table, "KOR_c14")
    assert np.nansum(share) == pytest.approx(1.0) and np.nanmin(distance) < 0.5
    assert smile_test(table).residual < 1e-10
