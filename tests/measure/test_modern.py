"""Modern manufacturing: criteria by loops, weights, what is missing, ranks under random weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from servio import read
from servio.classify import Grouping
from servio.errors import LabelError, UsageError
from servio.measure import modern_manufacturing
from servio.sources.model import model_world
from servio.table import IOTable, Satellite
from tables import random_national, random_world

DEAD = 10
LEVEL = {"high": 1.0, "medium_high": 2 / 3, "medium": 1 / 3, "medium_low": 0.0}


def with_rows(table: IOTable) -> IOTable:
    rng = np.random.default_rng(8)
    rows = {name: Satellite(rng.uniform(1, 9, len(table)), "unit") for name in ("R&D", "TJ", "CO2")}
    return replace(table, trusted=False, satellites=rows)


def mid_ranks(values: list[float]) -> list[float]:
    """Share of the others below, ties counting half, by counting."""
    n = len(values)
    return [(sum(w < v for w in values) + sum(w == v for w in values) / 2) / n for v in values]


def test_criteria_by_loops():
    table = with_rows(random_national(1, dead=DEAD))
    inside = [j for j in range(len(table)) if table.weights("manufacturing")[1][0, j] >= 0.5]
    assert DEAD in inside
    live = [j for j in inside if j != DEAD]
    flows, x = table.Z + table.Zm, np.where(table.live, table.x, 1.0)
    L = np.linalg.inv(np.eye(len(table)) - flows / x)
    on = table.live.astype(float)
    kibs, energy = (table.weights(name)[1].sum(axis=0) for name in ("kibs", "energy"))
    names, classes = table.weights("technology")
    rd, tj, co2 = (table.satellites[name].values * on / x for name in ("R&D", "TJ", "CO2"))
    expected = {
        "technology": [sum(LEVEL[k] * w for k, w in zip(names, classes[:, j], strict=True))
                       for j in live],
        "value_added": mid_ranks([table.value_added[j] / x[j] for j in live]),
        "knowledge": mid_ranks([kibs @ flows[:, j] / flows[:, j].sum() for j in live]),
        "research": mid_ranks([rd @ L[:, j] for j in live]),
        "energy": mid_ranks([-(energy @ flows[:, j]) / x[j] for j in live]),
        "emissions": mid_ranks([-co2[j] for j in live]),
        "chain": mid_ranks([on @ L[:, j] for j in live]),
    }  # fmt: skip
    found = modern_manufacturing(table, form="component", rd="R&D", emissions="CO2")
    assert found.columns["part"].names == tuple(expected)
    values = found.values.reshape(-1, len(expected))
    assert np.isnan(values[inside.index(DEAD)]).all()
    there = np.delete(values, inside.index(DEAD), axis=0)
    for k, name in enumerate(expected):
        assert there[:, k] == pytest.approx(np.array(expected[name])), name
    assert found.residual < 1e-12
    assert {gap.reason for gap in found.undefined} == {"zero output"}
    own = modern_manufacturing(table, form="component", energy="TJ")
    turned = mid_ranks([-tj[j] for j in live])
    part = own.values[own.columns["part"].index == own.columns["part"].names.index("energy")]
    assert np.delete(part, inside.index(DEAD)) == pytest.approx(np.array(turned))


@pytest.mark.parametrize(
    ("weights", "twice"),
    [
        ("equal", ()),
        ("knowledge", ("technology", "knowledge", "research")),
        ("clean", ("energy", "emissions")),
        ("value", ("value_added", "chain")),
    ],
)
def test_the_score_is_the_weighted_mean_of_criteria(weights, twice):
    table = with_rows(random_national(2))
    options = {"rd": "R&D", "emissions": "CO2", "weights": weights}
    parts = modern_manufacturing(table, form="component", **options)
    names = parts.columns["part"].names
    w = np.array([2.0 if name in twice else 1.0 for name in names])
    expected = parts.values.reshape(-1, len(names)) @ w / w.sum()
    score = modern_manufacturing(table, **options)
    np.testing.assert_allclose(score.values, expected, rtol=1e-12)
    kinds = modern_manufacturing(table, form="class", threshold=0.4, **options).values
    assert kinds.tolist() == (expected > 0.4).astype(float).tolist()
    told = next(note.text for note in score.notes if note.code == "criteria")
    assert f"technology {w[0] / w.sum():.3g}" in told


def test_what_is_missing_is_told_and_shared_out():
    found = modern_manufacturing(random_world(1), form="component")
    assert found.columns["part"].names == ("value_added", "energy", "chain")
    notes = {note.code: note.text for note in found.notes}
    assert notes["criteria-missing"] == (
        "left out: research (no satellite named), emissions (no satellite named), technology "
        "(section C holds all technology classes), knowledge (sections J and M hold much else)"
    )
    assert notes["criteria"].count("0.333") == 3


def test_only_manufacturing_has_rows():
    table = random_national(3)
    wanted = table.weights("manufacturing")[1][0] >= 0.5
    codes = np.array(table.axis.codes)
    assert modern_manufacturing(table).columns["industry"].decode() == codes[wanted].tolist()


def test_stability_and_ranks_by_loops():
    table = random_national(4, dead=DEAD)
    parts = modern_manufacturing(table, form="component")
    values = parts.values.reshape(-1, len(parts.columns["part"].names))
    draws = np.random.default_rng(3).dirichlet(np.ones(values.shape[1]), 1000)
    scores = draws @ values.T
    modern = modern_manufacturing(table, form="class").values
    dead = np.isnan(modern)
    same = [np.mean((scores[:, j] > 0.5) == modern[j]) for j in np.flatnonzero(~dead)]
    stable = modern_manufacturing(table, form="stability", seed=3)
    assert stable.unit == "share"
    assert stable.values[~dead] == pytest.approx(np.array(same))
    assert np.isnan(stable.values[dead]).all() and len(stable.undefined) == 1
    ranks = modern_manufacturing(table, form="rank", seed=3)
    rank, low, high = ranks.values.reshape(-1, 3).T
    score = modern_manufacturing(table).values.round(9)
    at = np.flatnonzero(~dead)
    assert rank[at].tolist() == [
        0.5 + sum(score[i] > score[j] for i in at) + sum(score[i] == score[j] for i in at) / 2
        for j in at
    ]
    j = int(at[5])
    drawn = [1 + sum(row[i] > row[j] for i in at) for row in scores]
    assert (low[j], high[j]) == pytest.approx(tuple(np.quantile(drawn, (0.05, 0.95))))
    assert any("Spearman" in note.text for note in ranks.notes)
    again = modern_manufacturing(table, form="rank", seed=3).values
    np.testing.assert_array_equal(ranks.values, again)


def test_one_criterion_that_rules_all_is_stable():
    groups = {"manufacturing": ("a", "b"), "energy": ("e",), "kibs": ("k",)}
    own = {name: Grouping.custom(name, {name: codes}) for name, codes in groups.items()}
    Z = [[5, 5, 0, 0], [0, 0, 0, 0], [20, 1, 0, 0], [1, 30, 0, 0]]
    table = IOTable.from_flows(Z, x=[100, 100, 50, 50], codes=("a", "b", "e", "k"), groups=own)
    parts = modern_manufacturing(table, form="component")
    assert parts.value(industry="b", part="energy") == 0.75
    assert parts.value(industry="b", part="knowledge") == 0.75
    assert parts.value(industry="b", part="value_added") == 0.25
    assert "technology" not in parts.columns["part"].names


def test_refused_in_one_line():
    table = random_national(5)
    with pytest.raises(LabelError, match="R&D"):
        modern_manufacturing(table, rd="R&D")
    with pytest.raises(LabelError, match="satellite"):
        modern_manufacturing(table, energy="TJ")
    with pytest.raises(UsageError, match="threshold"):
        modern_manufacturing(table, threshold=2.0)
    with pytest.raises(UsageError, match="seed"):
        modern_manufacturing(table, seed=-1)
    odd = {
        "manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("C",)}),
        "technology": Grouping.custom("technology", {"splendid": ("C",)}),
    }
    own = IOTable.from_flows([[1, 1], [1, 1]], x=[9, 9], codes=("C", "G"), groups=odd)
    with pytest.raises(LabelError, match="splendid"):
        modern_manufacturing(own)


def test_high_technology_is_modern_in_the_model_world():
    table = model_world(countries=3).table(2000)
    found = modern_manufacturing(table, weights="knowledge").to_frame()
    names, shares = table.weights("technology")
    high = set(np.array(table.axis.codes)[shares[list(names).index("high")] > 0])
    mean = found.groupby(found["industry"].isin(high))["value"].mean()
    assert mean[True] > mean[False] + 0.2


def test_korea_in_2014(shared):
    path = shared / "data" / "wiod2016_niot" / "KOR_NIOT_nov16.xlsx"
    if not path.exists():
        pytest.skip("needs the national tables of WIOD 2016")
    table = read(path, year=2014)
    ranks = modern_manufacturing(table, form="rank")
    assert ranks.value(industry="C26", part="rank") == 1.0
    assert ranks.value(industry="C19", part="rank") == 18.0
    kinds = modern_manufacturing(table, form="class")
    modern = {c for c, v in zip(kinds.columns["industry"].decode(), kinds.values, strict=True)
              if v == 1.0}  # fmt: skip
    assert modern == {"C21", "C26", "C27", "C28", "C29", "C30"}
