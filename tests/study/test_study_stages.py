"""Stages of a chain: what flows in and out of each box, gathered or not, and what it says alike."""

from __future__ import annotations

import numpy as np
import pytest

from servio import measure
from servio.errors import LabelError, UsageError
from servio.study import SupplyStages, supply_stages
from servio.table import IOTable
from tables import random_national, random_world, two_by_two

TABLES = [
    pytest.param(random_national(3), "", "C10-C12", id="national"),
    pytest.param(random_world(5), "C01", "C", id="world"),
]


def into(found: SupplyStages, box: str) -> float:
    return sum(link.value for link in found.links if link.target == box)


def out(found: SupplyStages, box: str) -> float:
    return sum(link.value for link in found.links if link.source == box)


@pytest.mark.parametrize(("table", "country", "code"), TABLES)
@pytest.mark.parametrize(("stages", "most", "least"), [(1, 1, 0.0), (2, 4, 0.01), (3, 50, 0.0)])
def test_every_box_passes_on_what_it_gets(
    table: IOTable, country: str, code: str, stages: int, most: int, least: float
) -> None:
    found = supply_stages(table, code, country=country, stages=stages, most=most, least=least)
    for box in found.boxes:
        if 0 <= box.stage <= stages and box.kind != "imports":
            assert out(found, box.id) == pytest.approx(box.value)
            assert into(found, box.id) + box.value_added + box.rest == pytest.approx(box.value)
            assert box.inputs + box.imports == pytest.approx(into(found, box.id))
    assert sum(found.origins.values()) == pytest.approx(found.output)
    assert found.residual < 1e-10
    assert len({box.id for box in found.boxes}) == len(found.boxes)


@pytest.mark.parametrize(("table", "country", "code"), TABLES)
def test_first_stage_is_the_column_of_the_table(table: IOTable, country: str, code: str) -> None:
    found = supply_stages(table, code, country=country, stages=1, most=500)
    at = next(i for i, label in enumerate(table.axis.labels) if label == found.label)
    flows = table.flows("total" if table.axis.is_world else "domestic")[:, at]
    known = {
        label: value for label, value in zip(table.axis.labels, flows, strict=True) if value > 0
    }
    suppliers = [box for box in found.boxes if box.kind == "supplier"]
    assert {f"{box.country}_{box.code}": box.value for box in suppliers} == pytest.approx(known)
    assert not [box for box in found.boxes if box.kind == "others"]


@pytest.mark.parametrize(("table", "country", "code"), TABLES)
def test_value_added_is_that_of_the_measures(table: IOTable, country: str, code: str) -> None:
    found = supply_stages(table, code, country=country, stages=2, most=3)
    label = found.label
    by_stage = measure.chain_income(table, chain=label, form="stage").to_frame()
    by_stage = by_stage.groupby("part").value.sum()
    last = by_stage["final stage"] / sum(found.earned[0])
    for name, own in zip(("stage 1", "stage 2"), found.earned[1:], strict=True):
        assert sum(own) * last == pytest.approx(by_stage[name])
    content = measure.value_content(table, grouping="services").to_frame()
    if country:
        content = content[content.country == country]
    content = content[content.industry == code].set_index("part").value
    for name, value in found.origins.items():
        assert value / found.output == pytest.approx(content[name])


def test_imports_are_one_block_of_a_national_table() -> None:
    found = supply_stages(random_national(3), "C10-C12", stages=2)
    assert not found.world
    blocks = [box for box in found.boxes if box.code == "imports"]
    assert [box.stage for box in blocks] == [1, 2, 3]
    whole = sum(box.value for box in blocks)
    assert whole == pytest.approx(found.origins["imports"])


def test_uses_of_a_world_table_are_at_home_and_abroad() -> None:
    table = random_world(5)
    found = supply_stages(table, "C", country="C01")
    at = table.axis.labels.index("C01_C")
    uses = {box.code: box.value for box in found.boxes if box.kind == "use"}
    there = table.axis.country_index != 1
    assert uses["producers abroad"] == pytest.approx(table.Z[at, there].sum())
    abroad = np.array(table.demand.countries) != "C01"
    assert uses["final users abroad"] == pytest.approx(table.Y[at, abroad].sum())
    assert sum(uses.values()) == pytest.approx(found.output)


def test_small_suppliers_are_gathered_by_kind_and_place() -> None:
    found = supply_stages(random_world(5), "C", country="C01", stages=1, most=2)
    shown = [box for box in found.boxes if box.kind == "supplier"]
    assert sum(box.service for box in shown) == 2
    assert len(shown) == 4
    others = {(box.country, box.code): box.count for box in found.boxes if box.kind == "others"}
    assert set(others) == {
        ("", "services"), ("abroad", "services"),
        ("", "other industries"), ("abroad", "other industries"),
    }  # fmt: skip
    high = supply_stages(random_world(5), "C", country="C01", stages=1, least=1.0)
    assert not [box for box in high.boxes if box.kind == "supplier"]


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(LabelError, match="Z99"):
        supply_stages(two_by_two(), "Z99")
    with pytest.raises(LabelError, match="no output"):
        supply_stages(random_national(3, dead=4), random_national(3).axis.codes[4])
    with pytest.raises(UsageError, match="stages=0"):
        supply_stages(two_by_two(), "C", stages=0)
