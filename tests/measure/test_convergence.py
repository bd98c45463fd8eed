"""Convergence rates: one-sided and mutual."""

from __future__ import annotations

import numpy as np
import pytest

from servio.classify import Grouping
from servio.measure import convergence_rate, service_input_share
from servio.table import IOTable
from tables import random_national, random_world, two_by_two


def test_by_hand():
    # services are 200 of 350 in C's inputs, manufactures 500 of 600 in G's
    table = two_by_two()
    onward, back = 200 / 350, 500 / 600
    assert convergence_rate(table).values[0] == pytest.approx(onward)
    geometric = convergence_rate(table, mutual="geometric").values[0]
    assert geometric == pytest.approx(np.sqrt(onward * back))
    assert convergence_rate(table, mutual="mean").values[0] == pytest.approx((onward + back) / 2)


@pytest.mark.parametrize("origin", ["total", "domestic", "imported"])
def test_one_sided_is_the_input_share(origin):
    table = random_national(1)
    rate = convergence_rate(table, grouping="kiet", origin=origin, by="technology")
    share = service_input_share(table, grouping="kiet", origin=origin, by="technology")
    assert np.array_equal(rate.values, share.values)


def test_mutual_of_the_mirrored_question_is_the_same():
    table = random_national(2)
    for how in ("geometric", "mean"):
        there = convergence_rate(table, mutual=how, by="manufacturing").value()
        back = convergence_rate(table, grouping="manufacturing", mutual=how, by="services").value()
        assert there == pytest.approx(back, rel=1e-12)


def mutual_by_loops(table, how, origin):
    """Rates of manufacturing with services by country, cell by cell."""
    flows, whole = table.flows(origin), table.flows("total")
    M, S = (table.weights(name)[1][0] for name in ("manufacturing", "services"))
    country = table.axis.country_index
    for place in range(len(table.axis.country_names)):
        onward, bought, back, spent = 0.0, 0.0, 0.0, 0.0
        for j in np.flatnonzero(country == place):
            for i in range(len(table)):
                onward += S[i] * flows[i, j] * M[j]
                bought += whole[i, j] * M[j]
                back += M[i] * flows[i, j] * S[j]
                spent += whole[i, j] * S[j]
        one, two = onward / bought, back / spent
        yield (one + two) / 2 if how == "mean" else np.sqrt(one * two)


@pytest.mark.parametrize("how", ["geometric", "mean"])
@pytest.mark.parametrize("origin", ["total", "domestic", "imported"])
def test_mutual_on_a_world_table_cell_by_cell(origin, how):
    table = random_world(3)
    found = convergence_rate(table, mutual=how, origin=origin, by="manufacturing").values
    assert found == pytest.approx(list(mutual_by_loops(table, how, origin)), rel=1e-11)


def test_mutual_by_industry_counts_its_product_from_everywhere():
    table = random_world(4)
    result = convergence_rate(table, mutual="mean")
    code, country = "C", "C01"
    user = table.axis.labels.index(f"{country}_{code}")
    services = table.weights("services")[1][0]
    own = services * (table.axis.country_index == 1)
    made = np.array([c == code for c in table.axis.codes])
    onward = services @ table.Z[:, user] / table.Z[:, user].sum()
    back = (table.Z[made] @ own).sum() / (table.Z @ own).sum()
    assert result.value(country=country, industry=code) == pytest.approx((onward + back) / 2)


def test_a_service_group_that_buys_nothing_is_listed():
    groups = {"services": Grouping.custom("services", {"bank": ("G",), "hermit": ("S",)})}
    table = IOTable.from_flows(
        [[1, 2, 0], [3, 4, 0], [1, 1, 0]], x=[10, 20, 5], codes=("C", "G", "S"), groups=groups
    )
    result = convergence_rate(table, mutual="geometric")
    assert np.isnan(result.value(industry="C", group="hermit"))
    assert result.value(industry="C", group="bank") > 0
    listed = {gap.label: gap.reason for gap in result.undefined}
    assert listed["C hermit"] == "the group buys nothing"
    assert listed["S"] == "no intermediate inputs"


def test_negative_flows_have_no_geometric_mean():
    groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    table = IOTable.from_flows(
        [[1.0, -2.0], [3.0, 4.0]], x=[10, 20], codes=("C", "G"), groups=groups
    )
    result = convergence_rate(table, mutual="geometric")
    assert np.isnan(result.value(industry="C"))
    assert {gap.label: gap.reason for gap in result.undefined} == {"C services": "negative flows"}
