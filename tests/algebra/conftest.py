"""Two hundred small random tables, balanced by construction, with the oddities of real ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest
from numpy.typing import NDArray

from servio import algebra

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    Z: Array
    x: Array
    y: Array
    va: Array

    @property
    def n(self) -> int:
        return int(self.x.size)

    @property
    def live(self) -> NDArray[np.bool_]:
        return algebra.live_industries(self.x)

    @cached_property
    def A(self) -> Array:  # noqa: N802
        return algebra.input_coefficients(self.Z, self.x)

    @cached_property
    def B(self) -> Array:  # noqa: N802
        return algebra.allocation_coefficients(self.Z, self.x)

    @cached_property
    def leontief(self) -> algebra.Leontief:
        return algebra.Leontief(self.A, self.live)

    @cached_property
    def G(self) -> Array:  # noqa: N802
        return algebra.ghosh_inverse(self.leontief.inverse, self.x)


def random_table(seed: int) -> Table:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 26))
    A = rng.random((n, n)) * (rng.random((n, n)) < rng.uniform(0.2, 1))
    A *= rng.uniform(0.1, 0.9, n) / np.maximum(A.sum(axis=0), 1e-3)
    y = rng.lognormal(0, 2, n)
    y[rng.random(n) < 0.2] *= -0.01
    dead = (rng.random(n) < 0.1) & (np.arange(n) > 0)
    A[dead] = 0
    A[:, dead] = 0
    y[dead] = 0
    if seed % 3 == 0:
        A = np.triu(A)
    x = np.linalg.solve(np.eye(n) - A, y)
    Z = A * x
    return Table(Z=Z, x=x, y=x - Z.sum(axis=1), va=x - Z.sum(axis=0))


@pytest.fixture(scope="session")
def tables() -> list[Table]:
    return [random_table(seed) for seed in range(200)]
