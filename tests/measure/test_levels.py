"""Profiles of services by level and Porter's inputs: by loops, in groups, on published tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from servio import read
from servio.classify import Grouping
from servio.errors import LabelError
from servio.measure import service_content, service_hierarchy, service_profile
from servio.measure._chains import final_demand
from tables import random_national, two_by_two


@pytest.mark.parametrize("grouping", ["chain_level", "porter"])
def test_value_added_by_loops(grouping):
    table = random_national(1, dead=9)
    live = table.live
    safe = np.where(live, table.x, 1.0)
    L = np.linalg.inv(np.eye(len(table)) - table.Z / safe)
    v = table.value_added / safe
    names, S = table.weights(grouping)
    found = service_profile(table, grouping=grouping).values.reshape(-1, len(names))
    for j in np.flatnonzero(live)[::7]:
        parts = [
            sum(S[k, i] * v[i] * L[i, j] for i in range(len(table))) for k in range(len(names))
        ]
        assert found[j] == pytest.approx(np.array(parts) / sum(parts))
    assert found[live].sum(axis=1) == pytest.approx(np.ones(int(live.sum())))
    assert np.isnan(found[9]).all()


def test_inputs_by_loops():
    table = random_national(2)
    names, S = table.weights("chain_level")
    flows = table.Z + table.Zm
    found = service_profile(table, of="inputs").values.reshape(-1, len(names))
    whole = service_profile(table, of="inputs", by="manufacturing").values
    M = table.weights("manufacturing")[1][0]
    for j in (0, 30):
        parts = [float(S[k] @ flows[:, j]) for k in range(len(names))]
        assert found[j] == pytest.approx(np.array(parts) / sum(parts))
    assert whole == pytest.approx(S @ flows @ M / (S @ flows @ M).sum())


def test_the_hierarchy_is_the_mean_of_the_profile():
    table = random_national(3, dead=9)
    for of in ("value_added", "inputs"):
        profile = service_profile(table, of=of)
        levels = np.array([{"high": 3, "middle": 2, "low": 1}[name]
                           for name in profile.columns["group"].names])  # fmt: skip
        expected = profile.values.reshape(-1, 3) @ levels
        np.testing.assert_allclose(service_hierarchy(table, of=of).values, expected, rtol=1e-12)
    assert 1 < service_hierarchy(table, by="economy").values[0] < 3


def test_groups_are_weighted_with_final_demand():
    table = random_national(4)
    content = service_content(table, grouping="chain_level").values.reshape(-1, 3)
    y = final_demand(table) * table.weights("manufacturing")[1][0]
    found = service_profile(table, by="manufacturing").values
    assert found == pytest.approx(y @ content / (y @ content).sum())


def test_levels_must_have_their_names():
    groups = {"chain_level": Grouping.custom("chain_level", {"upper": ("G",)})}
    with pytest.raises(LabelError, match="no level"):
        service_hierarchy(replace(two_by_two(), trusted=False, groups=groups))


def test_levels_of_published_chains(shared):
    # INT-9: a profile for every chain and year, shares of one; the level moves little and slowly
    folder = shared / "data" / "wiod2013_wiot"
    for year in (1995, 2011):
        table = read(folder, source="wiod2013", year=year)
        found = service_profile(table, by="manufacturing")
        k = len(found.columns["group"].names)
        defined = found.values.reshape(-1, k)
        assert defined.sum(axis=1) == pytest.approx(np.ones(len(defined)))
        level = service_hierarchy(table, by="manufacturing")
        assert 1.2 < level.value(country="KOR") < 2.2
