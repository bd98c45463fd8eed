"""Similarity of structures by hand, by group and across countries."""

from __future__ import annotations

import numpy as np
import pytest

from servio.classify import Grouping
from servio.measure import structural_similarity
from servio.table import IOTable
from tables import random_national, random_world, two_by_two


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.minimum(a / a.sum(), b / b.sum()).sum())


@pytest.mark.parametrize(
    ("side", "kind", "expected"),
    [
        ("inputs", "cosine", (150 * 500 + 200 * 100) / np.hypot(150, 200) / np.hypot(500, 100)),
        ("inputs", "overlap", 150 / 350 + 100 / 600),
        ("outputs", "cosine", (150 * 200 + 500 * 100) / np.hypot(150, 500) / np.hypot(200, 100)),
        ("outputs", "overlap", 150 / 650 + 100 / 300),
    ],
)
def test_by_hand(side, kind, expected):
    found = structural_similarity(two_by_two(), side=side, kind=kind)
    assert found.value(industry="C", group="services") == pytest.approx(expected)
    assert found.value(industry="G", group="services") == pytest.approx(1.0)


@pytest.mark.parametrize(("kind", "like"), [("cosine", cosine), ("overlap", overlap)])
@pytest.mark.parametrize("origin", ["total", "domestic", "imported"])
def test_groups_are_sums_of_flows(kind, like, origin):
    table = random_national(1)
    names, K = table.weights("kiet")
    M = table.weights("manufacturing")[1][0]
    flows = table.flows(origin)
    found = structural_similarity(
        table, kind=kind, grouping="kiet", by="manufacturing", origin=origin
    )
    for name, members in zip(names, K, strict=True):
        expected = like(flows @ M, flows @ members)
        assert found.value(group=name) == pytest.approx(expected, rel=1e-12)


def test_outputs_compare_users():
    table = random_national(2)
    flows = table.flows("total")
    S = table.weights("services")[1][0]
    found = structural_similarity(table, side="outputs")
    assert found.values[4] == pytest.approx(cosine(flows[4], S @ flows))


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_world_products_count_by_what_they_are(side):
    world = random_world(3, countries=2)
    n = len(world.axis.code_names)
    flows = world.Z if side == "inputs" else world.Z.T
    by_product = flows[:n] + flows[n:]
    S = world.weights("services")[1][0][:n]
    found = structural_similarity(world, side=side, kind="overlap").values
    assert found[2] == pytest.approx(overlap(by_product[:, 2], by_product[:, :n] @ S))
    assert found[n + 2] == pytest.approx(overlap(by_product[:, n + 2], by_product[:, n:] @ S))


def test_who_buys_nothing_is_undefined():
    groups = {"services": Grouping.custom("services", {"idle": ("b",), "busy": ("c",)})}
    table = IOTable.from_flows([[1, 0, 2], [3, 0, 1], [1, 0, 1]], x=[9, 9, 9],
                               codes=("a", "b", "c"), groups=groups)  # fmt: skip
    found = structural_similarity(table)
    assert {gap.label for gap in found.undefined} == {"a idle", "b idle", "b busy", "c idle"}
    assert np.isnan(found.value(industry="a", group="idle"))
    assert found.value(industry="a", group="busy") < 1.0
    assert found.value(industry="c", group="busy") == pytest.approx(1.0)


def test_zero_output_is_named_as_the_reason():
    found = structural_similarity(random_national(4, dead=11))
    assert [(g.label, g.reason) for g in found.undefined] == [("AAA_" + _code(11), "zero output")]


def _code(place: int) -> str:
    return random_national(4).axis.codes[place]
