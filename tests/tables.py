"""Small tables of our own for tests: nothing published, seeded where random."""

from __future__ import annotations

import numpy as np

from servio.classify import Grouping, classification
from servio.table import Axis, IOTable, TableInfo

SERVICES = Grouping.custom("services", {"services": ("G",)})
MANUFACTURING = Grouping.custom("manufacturing", {"manufacturing": ("C",)})


def two_by_two() -> IOTable:
    """Miller & Blair (2009), Table 2.3, with labels C and G."""
    return IOTable.from_flows(
        [[150, 500], [200, 100]],
        x=[1000, 2000],
        codes=("C", "G"),
        groups={"services": SERVICES, "manufacturing": MANUFACTURING},
    )


def random_national(seed: int, name: str = "isic4_wiod56", dead: int | None = None) -> IOTable:
    """Balanced national table with an import split; one industry may have no output."""
    rng = np.random.default_rng(seed)
    codes = classification(name).codes
    n = len(codes)
    A = rng.gamma(0.3, 1.0, (n, n))
    A *= rng.uniform(0.3, 0.7, n) / A.sum(axis=0)
    imported = rng.uniform(0.05, 0.4, (n, n))
    Y = rng.gamma(1.0, 100.0, (n, 4))
    if dead is not None:
        A[dead], A[:, dead], Y[dead] = 0.0, 0.0, 0.0
    x = np.linalg.solve(np.eye(n) - A * (1 - imported), Y.sum(axis=1))
    Z, Zm = A * (1 - imported) * x, A * imported * x
    taxes = 0.02 * x
    V = np.vstack([x - Z.sum(axis=0) - Zm.sum(axis=0) - taxes, taxes])
    Ym = 0.1 * Y
    Ym[:, 3] = 0.0
    return IOTable(
        Z, Y, V, x, Axis.national("AAA", codes), Axis.national("AAA", ("HH", "GOV", "INV", "EXP")),
        ("household", "government", "investment", "exports"), ("VA", "TAX"),
        ("value_added", "taxes"),
        TableInfo("random", 2000, "AAA", classification=name, currency="USD", unit="million"),
        Zm=Zm, Ym=Ym,
    )  # fmt: skip


def random_world(seed: int, countries: int = 3, dead: int | None = None) -> IOTable:
    """Balanced world table on ISIC sections."""
    rng = np.random.default_rng(seed)
    codes = classification("isic4_sections").codes
    names = tuple(f"C{i:02d}" for i in range(countries))
    n = len(codes) * countries
    A = rng.gamma(0.3, 1.0, (n, n))
    A *= rng.uniform(0.3, 0.7, n) / A.sum(axis=0)
    Y = rng.gamma(1.0, 100.0, (n, 2 * countries))
    if dead is not None:
        A[dead], A[:, dead], Y[dead] = 0.0, 0.0, 0.0
    x = np.linalg.solve(np.eye(n) - A, Y.sum(axis=1))
    Z = A * x
    return IOTable(
        Z, Y, (x - Z.sum(axis=0))[None], x, Axis.world(names, codes),
        Axis.world(names, ("HH", "INV")), ("household", "investment") * countries, ("VA",),
        ("value_added",),
        TableInfo("random", 2000, "WORLD", flows="world", classification="isic4_sections",
                  currency="USD", unit="million"),
    )  # fmt: skip
