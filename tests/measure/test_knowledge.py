"""Amounts embodied in inputs: round by round, by origin, with units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from servio.errors import InputError
from servio.measure import embodied_inputs
from servio.table import IOTable, Satellite
from tables import random_national, random_world


def with_research(table: IOTable) -> IOTable:
    spent = np.random.default_rng(9).random(len(table)) * table.x * 0.05
    return replace(table, trusted=False, satellites={"R&D": Satellite(spent, "million USD of R&D")})


def test_rounds_of_inputs():
    table = with_research(random_national(1, dead=9))
    safe = np.where(table.live, table.x, 1.0)
    names, S = table.weights("sectors")
    rate = S * table.satellites["R&D"].values / safe
    wave, expected = rate, 0.0
    for _ in range(300):
        wave = wave @ (table.Z / safe)
        expected = expected + wave
    found = embodied_inputs(table, of="R&D")
    values = found.values.reshape(-1, len(names)).T
    np.testing.assert_allclose(values[:, table.live], expected[:, table.live], rtol=1e-9)
    assert found.unit == "million USD of R&D per million USD"
    mean = embodied_inputs(table, of="R&D", by="economy").values
    assert mean == pytest.approx(expected @ table.x / table.x.sum())


def test_home_and_abroad_add_up():
    world = with_research(random_world(2, dead=4))
    total, home, away = (
        embodied_inputs(world, of="R&D", origin=origin).values
        for origin in ("total", "domestic", "imported")
    )
    np.testing.assert_allclose(home + away, total, rtol=1e-10)
    j, names = 7, world.weights("sectors")[0]
    safe = np.where(world.live, world.x, 1.0)
    L = np.linalg.inv(np.eye(len(world)) - world.Z / safe)
    other = world.axis.country_index != world.axis.country_index[j]
    abroad = sum(world.satellites["R&D"].values[i] / world.x[i] * L[i, j]
                 for i in np.flatnonzero(other))  # fmt: skip
    assert away.reshape(-1, len(names))[j].sum() == pytest.approx(abroad)


def test_a_national_table_sees_nothing_abroad():
    with pytest.raises(InputError):
        embodied_inputs(random_national(3), origin="imported")
