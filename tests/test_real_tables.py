"""Every identity of the accounts on every real table at hand, and the flaws they are known for."""

from __future__ import annotations

from pathlib import Path

import pytest

from servio import sources
from servio.table import audit, identities
from tables import random_national, random_world

LIMIT = 1e-10
WORLD_YEARS = [*range(1995, 2010), 2011]


def worst(table, kind: str) -> float:
    return max(i.residual for i in identities(table) if i.kind == kind)


def test_identities_hold_on_200_random_tables() -> None:
    for seed in range(100):
        for table in (random_national(seed, dead=seed % 7), random_world(seed)):
            assert worst(table, "numeric") <= LIMIT
            assert worst(table, "data") <= LIMIT


@pytest.fixture(scope="module")
def niot(shared: Path) -> sources.Dataset:
    return sources.scan(shared / "data" / "wiod2016_niot")


def test_identities_hold_on_645_national_tables(niot: sources.Dataset) -> None:
    count, numeric, sales = 0, 0.0, 0.0
    for table in niot.tables():
        found = identities(table)
        numeric = max(numeric, *(i.residual for i in found if i.kind == "numeric"))
        sales = max(sales, found[0].residual)
        count += 1
    assert count == 645
    assert numeric <= LIMIT
    assert sales <= LIMIT


def test_audit_finds_the_flaw_in_romania_2014_and_no_other(niot: sources.Dataset) -> None:
    failed = {}
    for table in niot.tables():
        result = audit(table)
        if not result.passed:
            failed[table.info.country, table.info.year] = [
                (f.check, f.place) for f in result.findings if f.level == "fail"
            ]
    assert failed == {("ROU", 2014): [("column-balance", "ROU_R_S")]}


@pytest.mark.parametrize("year", WORLD_YEARS)
def test_identities_hold_on_the_world_tables(shared: Path, year: int) -> None:
    path = shared / "data" / "wiod2013_wiot" / f"wiot_{year}.parquet"
    table = sources.read(path, year=year)
    assert len(table) == 1435
    assert worst(table, "numeric") <= LIMIT
    assert audit(table).passed
