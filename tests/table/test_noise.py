"""Drawn tables: balanced as published, seeded, zeros and signs kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from measure.contract import toy
from servio.errors import UsageError
from servio.table import IOTable, Noise, column_gap, perturbed, row_gap
from servio.table.noise import _factors, cell_errors, cells
from tables import random_national, random_world

NOISE = Noise(domestic=0.2, imported=0.4, final_demand=0.2, value_added=0.1)
PARTS = ("Z", "Y", "Zm", "Ym", "V", "Vy", "x")


def unbalanced() -> IOTable:
    """Negative cells, discrepancies in rows and columns, taxes on final demand."""
    table = toy(1)
    x = table.x * np.linspace(1.0, 1.01, len(table))
    return replace(table, x=x, Vy=np.array([[5.0, 2.0, -1.0]]))


TABLES = {
    "unbalanced": unbalanced,
    "national": lambda: random_national(1, dead=55),
    "world": lambda: random_world(1, dead=22),
}


def arrays(table: IOTable) -> dict[str, np.ndarray]:
    return {name: getattr(table, name) for name in PARTS if getattr(table, name) is not None}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("output", [0.0, 0.05])
def test_draws_balance_as_published(name: str, output: float) -> None:
    table = TABLES[name]()
    drawn = perturbed(table, replace(NOISE, output=output), seed=3)
    for gap in (row_gap, column_gap):
        assert np.abs(gap(drawn) - gap(table)).max() <= 1e-10 * table.x.max()
    shift = np.zeros(len(cells(table)))
    shift[: len(table)] = drawn.x - table.x
    rows = cells(drawn).sum(axis=1) - cells(table).sum(axis=1)
    np.testing.assert_allclose(rows, shift, atol=1e-10 * table.x.max())
    demand = [cells(one).sum(axis=0)[len(table) :] for one in (drawn, table)]
    np.testing.assert_allclose(*demand, atol=1e-10 * table.x.max())
    assert np.array_equal(drawn.x, table.x) == (output == 0)
    for part, array in arrays(drawn).items():
        assert np.array_equal(np.sign(array), np.sign(arrays(table)[part])), part
    assert not np.allclose(drawn.Z, table.Z)


def test_no_noise_is_the_published_table() -> None:
    table = unbalanced()
    drawn = perturbed(table, Noise(falls=0.3), seed=3)
    assert all(np.array_equal(a, arrays(table)[name]) for name, a in arrays(drawn).items())


def test_a_draw_depends_on_seed_number_and_stream_only() -> None:
    table = random_national(1)
    first = perturbed(table, NOISE, seed=3, draw=1)
    assert first.fingerprint == perturbed(table, NOISE, seed=3, draw=1).fingerprint
    others = [{"seed": 4, "draw": 1}, {"seed": 3, "draw": 2}, {"seed": 3, "draw": 1, "stream": 1}]
    found = {perturbed(table, NOISE, **one).fingerprint for one in others}
    assert len(found | {first.fingerprint}) == 4
    assert first.info.steps[-1].startswith("draw 1 of seed 3")


def test_draws_are_the_children_of_the_seed() -> None:
    table = random_national(1)
    child = np.random.SeedSequence(3).spawn(2)[1].spawn(1)[0]
    normal = np.random.default_rng(child).standard_normal(cells(table).shape)
    tiny = Noise.all_cells(1e-7)
    drawn = cells(perturbed(table, tiny, seed=3, draw=1))
    rise = np.divide(drawn, cells(table), out=np.ones(drawn.shape), where=drawn != 0) - 1
    used = drawn != 0
    correlation = np.corrcoef(rise[used], normal[used])[0, 1]
    assert correlation > 0.8  # balancing takes some back; other random numbers give 0


def test_factors_have_mean_one_and_the_error_asked_for() -> None:
    found = _factors(np.random.default_rng(0), np.full(200_000, 0.5))
    assert abs(found.mean() - 1) < 0.006  # five standard errors
    assert abs(found.std() - 0.5) < 0.012


def test_classes_of_cells() -> None:
    table = toy(1)
    n = len(table)
    errors = cell_errors(table, NOISE)
    assert (errors[:n, :n] == 0.2).all() and (errors[n : 2 * n, :n] == 0.4).all()
    assert (errors[: 2 * n, n:] == 0.2).all() and (errors[2 * n :] == 0.1).all()
    world = random_world(1)
    inside = world.axis.country_index[:, None] == world.axis.country_index
    assert np.array_equal(cell_errors(world, NOISE)[: len(world), : len(world)] == 0.4, ~inside)


def test_large_cells_are_better_known() -> None:
    table = toy(1)
    n = len(table)
    errors = cell_errors(table, replace(NOISE, falls=0.5))[:n, :n]
    size = table.Z / table.Z[table.Z > 0].mean()
    used = size > 0
    np.testing.assert_allclose(errors[used], np.minimum(0.2 * size[used] ** -0.5, 1.0))
    scaled = cell_errors(table.scaled(1000.0, "KRW"), replace(NOISE, falls=0.5))
    np.testing.assert_allclose(scaled[:n, :n], errors)


def test_text_and_back() -> None:
    noise = Noise.parse([("all", "0.1"), ("imported", "0.3"), ("falls", "0.2")])
    assert noise == Noise.all_cells(0.1, imported=0.3, falls=0.2)
    pairs = [tuple(one.split(":")) for one in noise.text.split(";")]
    assert Noise.parse(pairs) == noise
    for bad in ([("foreign", "0.1")], [("all", "much")], [("domestic", "-1")]):
        with pytest.raises(UsageError):
            Noise.parse(bad)
