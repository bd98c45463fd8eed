"""Tables as flow networks: the documented examples, roles, borders, groups, and what is noted."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

import servio
from servio import measure
from servio.algebra import ecology
from servio.classify import Grouping
from servio.errors import InputError, LabelError, UsageError
from servio.measure._ecosystem import ecosystem
from servio.table import IOTable, TableInfo, aggregate, national
from tables import random_national, random_world, two_by_two

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "ecology.md").read_text(encoding="utf-8")
F = [[0, 30, 50], [0, 0, 10], [0, 10, 0]]
NETWORK = ecology.flow_network(F, z=[100, 0, 0], e=[0, 2, 5], r=[20, 28, 45])
NODES = ("throughflow", "cycling", "keystoneness", "adhesion")
PAIRS = ("nutrition", "utility_relation", "mixed_trophic_impact")
WHOLES = ("system_throughput", "flow_indicators", "ascendency", "development_capacity",
          "flow_information", "synergism", "trophic_structure")  # fmt: skip


def pond_of(flows: ArrayLike, **changes: object) -> IOTable:
    parts: dict[str, object] = {
        "Y": [[0, 20], [2, 28], [5, 45]], "V": [[100, 0, 0]],
        "codes": ("plants", "grazers", "detritus"), "demand_roles": ("exports", "respiration"),
    } | changes  # fmt: skip
    return IOTable.from_flows(flows, **parts)


def pond(**changes: object) -> IOTable:
    return pond_of(F, **changes)


def shown(result: measure.Measure) -> dict[str, float]:
    return dict(zip(result.columns["part"].decode(), result.values.tolist(), strict=True))


def test_the_documented_network_is_complete(tmp_path: Path) -> None:
    files = re.findall(r"`([a-z]+\.[a-z]+)`\n\n```\w*\n(.*?)```", PAGE, flags=re.DOTALL)
    assert [name for name, _ in files] == ["table.toml", "flows.csv", "outputs.csv", "inputs.csv"]
    for name, content in files:
        (tmp_path / name).write_text(content, encoding="utf-8")
    table = servio.read(tmp_path, cache=False)
    assert table.demand_roles == ("exports", "respiration")
    assert table.info.money == "kcal/m2/year"
    without = (tmp_path / "table.toml").read_text(encoding="utf-8").split("[demand_roles]")[0]
    (tmp_path / "table.toml").write_text(without, encoding="utf-8")
    assert servio.read(tmp_path, cache=False).demand_roles == ("exports", "respiration")
    check_pond(table)


def test_the_documented_arrays_run() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(block, names)
    assert names["gap"] == 0.0
    assert names["flows"]["path_length"] == 2.0
    assert names["relations"][1].tolist() == [2, 4, -4]
    assert names["impacts"].shape == (3, 3)


def test_names_of_the_page_are_fields() -> None:
    rows = PAGE.split("| published abbreviation")[1].split("## ")[0]
    named = {name for name in re.findall(r"`(\w+)`", rows) if not name.startswith("_")}
    known = {
        field
        for one in (ecology.FlowStatistics, ecology.FlowOrganisation, ecology.Utility)
        for field in one.__dataclass_fields__
    } | set(ecology.__all__)
    assert named <= known


def check_pond(table: IOTable) -> None:
    flows, order = ecology.flow_statistics(NETWORK), ecology.flow_organisation(NETWORK)
    assert measure.throughflow(table).values.tolist() == [100, 40, 60]
    found = shown(measure.flow_indicators(table)) | shown(measure.system_throughput(table))
    for name, value in found.items():
        if name not in ("throughflow", "cycling"):
            assert value == pytest.approx(getattr(flows, name), rel=1e-12), name
    bits = shown(measure.flow_information(table))
    assert bits["mutual_information"] == pytest.approx(order.mutual_information, rel=1e-12)
    parts = shown(measure.ascendency(table))
    cells = [parts[f"order_{side}"] for side in ("input", "internal", "export", "respiration")]
    assert cells == pytest.approx(np.array(order.ascendency_parts) / order.capacity, rel=1e-12)
    assert parts["order"] + parts["overhead"] == pytest.approx(1.0)
    utility = ecology.utility_analysis(NETWORK)
    values = measure.utility_relation(table).values.reshape(3, 3)
    np.testing.assert_allclose(values, utility.U, rtol=1e-12)
    assert shown(measure.synergism(table))["synergism"] == pytest.approx(utility.synergism)
    impacts = measure.mixed_trophic_impact(table)
    expected = ecology.mixed_impacts(NETWORK).M
    np.testing.assert_allclose(impacts.values.reshape(3, 3), expected, rtol=1e-12)
    assert impacts.value(industry="plants", group="grazers") == pytest.approx(expected[0, 1])
    eaten = measure.nutrition(table).value(industry="grazers", group="plants")
    assert eaten == 0.75


def test_the_pond_from_arrays() -> None:
    check_pond(pond())
    check_pond(pond(V=None))


def test_outputs_that_are_told_apart_matter_only_to_order() -> None:
    told, untold = pond(), pond(demand_roles=("exports", "other"))
    assert [n.code for n in measure.ascendency(untold).notes] == ["unknown-role"]
    assert not measure.synergism(untold).notes
    for name in ("flow_indicators", "synergism"):
        one, two = (getattr(measure, name)(table).values for table in (told, untold))
        np.testing.assert_array_equal(one, two)
    order = [shown(measure.ascendency(t))["order"] for t in (told, untold)]
    assert order[0] != pytest.approx(order[1], rel=1e-3)
    as_export = measure.ascendency(told, convention="export").values
    np.testing.assert_allclose(as_export, measure.ascendency(untold).values)


def test_investment_and_stocks_are_respired_only_as_absorption() -> None:
    table = pond(Y=[[20, 0], [28, 2], [45, 5]], demand_roles=("household", "inventory"))
    parts = shown(measure.ascendency(table))
    assert parts["order_export"] != 0
    assert shown(measure.ascendency(table, convention="absorption"))["order_export"] == 0
    household = shown(measure.ascendency(pond(demand_roles=("exports", "household"))))
    assert parts == pytest.approx(household)


def test_a_network_out_of_balance_says_so() -> None:
    table = pond(V=[[104, 0, 0]])
    note = next(n for n in measure.flow_indicators(table).notes if n.code == "imbalance")
    assert "0.04 of the largest" in note.text
    assert measure.throughflow(table).values[0] == 104


def test_arrays_of_a_network_obey_the_rule_of_files() -> None:
    turned = np.transpose(F)
    with pytest.raises(InputError, match=r"plants.*180 that enter and 20 that leave.*transposed"):
        pond_of(turned)
    with pytest.raises(InputError, match=r"80 from other nodes, more than the 20"):
        pond_of(turned, V=None)
    with pytest.raises(InputError, match=r"150 that enter and 100 that leave.*respiration"):
        pond(V=[[150, 0, 0]])
    kept = pond(V=[[150, 0, 0]], balance_limit=0.5)
    assert measure.throughflow(kept).values[0] == 150
    assert "imbalance" in [note.code for note in measure.cycling(kept).notes]


def test_an_economy_out_of_balance_is_noted_and_not_refused() -> None:
    economy = IOTable.from_flows([[0, 2], [6, 0]], Y=[[0, 6], [1, 3]], V=[10, 0], codes=("A", "B"),
                                 demand_roles=("exports", "household"))  # fmt: skip
    (note,) = (n for n in measure.cycling(economy).notes if n.code == "imbalance")
    assert "transposed they would add up" in note.text
    short = pond(V=[[150, 0, 0]], demand_roles=("exports", "household"))
    (note,) = (n for n in measure.cycling(short).notes if n.code == "imbalance")
    assert "transposed" not in note.text


@pytest.mark.parametrize("name", [["export", "respired"], ("export", "respired")])
def test_names_of_final_demand_are_labels(name: list[str]) -> None:
    named = pond(demand=name, country="POND")
    assert named.demand.labels == ("POND_export", "POND_respired")
    assert pond(demand=name).demand.labels == ("export", "respired")
    np.testing.assert_array_equal(measure.cycling(named).values, measure.cycling(pond()).values)
    assert pond(demand=name, countries=["POND"]).demand.labels == named.demand.labels
    with pytest.raises(InputError, match="Y"):
        pond(demand=["export"])


def test_detritus_takes_nothing_away() -> None:
    found = measure.mixed_trophic_impact(pond(), detritus="detritus").values.reshape(3, 3)
    expected = ecology.mixed_impacts(NETWORK, living=[True, True, False]).M
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert not np.allclose(found, ecology.mixed_impacts(NETWORK).M)
    two = measure.mixed_trophic_impact(pond(), detritus="grazers, detritus").values.reshape(3, 3)
    np.testing.assert_allclose(two, ecology.mixed_impacts(NETWORK, [True, False, False]).M)
    with pytest.raises(LabelError, match="no node 'dung'"):
        measure.mixed_trophic_impact(pond(), detritus="dung")
    codes = ("plants", "grazers", "litter, dead")
    comma = measure.mixed_trophic_impact(pond(codes=codes), detritus="litter, dead")
    np.testing.assert_allclose(comma.values.reshape(3, 3), expected, rtol=1e-12)
    world = random_world(3, 3)
    apart = measure.mixed_trophic_impact(world, origin="domestic", detritus=world.axis.codes[1])
    one = ecosystem(world, "industry", "domestic").communities[1].network
    n = len(one.T)
    dead = ecology.mixed_impacts(one, np.arange(n) != 1).M
    np.testing.assert_allclose(apart.values.reshape(3, n, n)[1], dead, rtol=1e-12)


def test_stocks_drawn_down_come_from_outside() -> None:
    table = IOTable.from_flows(
        [[0, 10], [0, 0]], Y=[[4, -6], [10, 1]], codes=("A", "B"),
        demand_roles=("household", "inventory"),
    )  # fmt: skip
    found = ecosystem(table, "industry", "balance").communities[0]
    assert found.network.gap < 1e-15
    assert found.network.T.tolist() == [14.0, 11.0]
    assert found.network.z.tolist() == [8 + 6, 1]
    assert found.moved == pytest.approx(6 / (10 + 15 + 15))
    assert [n.code for n in measure.ascendency(table).notes] == ["turned-around"]


def test_imports_as_a_column_of_demand_are_boundary_inputs() -> None:
    """Flows that contain imports: throughflow is supply, home made and imported."""
    table = IOTable.from_flows(
        [[0, 10], [5, 0]], Y=[[12, -2], [8, -3]], codes=("A", "B"),
        demand_roles=("household", "imports"), info=TableInfo("mixed", flows="total"),
    )  # fmt: skip
    net = ecosystem(table, "industry", "balance").communities[0].network
    assert net.T.tolist() == [20 + 2, 10 + 3]
    assert net.gap == 0.0
    with pytest.raises(InputError, match="origin=domestic"):
        measure.cycling(table, origin="domestic")


@pytest.mark.parametrize("name", [*NODES, *PAIRS, *WHOLES])
def test_each_country_of_a_world_is_its_own_network(name: str) -> None:
    world = random_world(4, dead=3)
    found = getattr(measure, name)(world, origin="domestic")
    countries = np.array(found.columns["country"].decode())
    for country in world.axis.country_names:
        alone = getattr(measure, name)(national(world, country))
        np.testing.assert_allclose(
            found.values[countries == country], alone.values, rtol=1e-9, atol=1e-12
        )
    assert "partner" not in found.columns


def test_pairs_of_a_world_name_the_partner() -> None:
    found = measure.nutrition(random_world(1), by="economy")
    direct = {(c, p): v for c, p, v in zip(found.columns["country"].decode(),
              found.columns["partner"].decode(), found.values, strict=True)}  # fmt: skip
    world = random_world(1)
    a, b = world.axis.positions("C00"), world.axis.positions("C01")
    assert direct["C01", "C00"] == pytest.approx(world.Z[np.ix_(a, b)].sum() / world.x[b].sum())


@pytest.mark.parametrize("name", [*NODES, *PAIRS, *WHOLES])
def test_groups_are_the_aggregated_table(name: str) -> None:
    table = random_national(2)
    here = getattr(measure, name)(table, by="broad")
    there = getattr(measure, name)(aggregate(table, "broad"))
    np.testing.assert_allclose(here.values, there.values, rtol=1e-10, atol=1e-13)


def test_a_grouping_that_leaves_industries_out_is_refused() -> None:
    with pytest.raises(LabelError, match="hold each industry once"):
        measure.cycling(random_national(1), by="manufacturing")
    with pytest.raises(LabelError, match="hold each industry once"):
        twice = Grouping.custom("twice", {"a": ("plants", "grazers"), "b": ("grazers", "detritus")})
        measure.cycling(pond(groups={"twice": twice}), by="twice")


def test_utilities_added_up_after() -> None:
    table = random_national(3, dead=9)
    fine, coarse = (measure.utility_relation(table, by=by, detail="industry")
                    for by in ("industry", "broad"))  # fmt: skip
    same = measure.utility_relation(table)
    np.testing.assert_allclose(fine.values, same.values, rtol=1e-10, equal_nan=True)
    system = ecosystem(table, "industry", "balance").communities[0]
    _, S = table.weights("broad")
    S = S[:, system.at]
    money = S @ system.utility.Y @ S.T
    expected = money / (S @ system.network.T)[:, None]
    np.testing.assert_allclose(coarse.values.reshape(5, 5), expected, rtol=1e-10)
    codes = measure.utility_relation(table, by="broad", detail="industry", form="relation")
    np.testing.assert_array_equal(codes.values.reshape(5, 5), ecology.relation_codes(expected))


def test_a_series_that_diverges_is_told() -> None:
    table = IOTable.from_flows([[0, 10], [0, 0]], Y=[0, 10], codes=("A", "B"))
    found = measure.utility_relation(table)
    assert [n.code for n in found.notes] == ["utility-diverges"]
    assert "the inverse is given" in found.notes[0].text
    assert found.values.tolist() == [0.5, -0.5, 0.5, 0.5]
    assert measure.synergism(table).value(part="radius") == pytest.approx(1.0)
    assert not measure.utility_relation(table, form="direct").notes
    assert not measure.synergism(pond()).notes


def test_nobody_loses_where_nobody_trades() -> None:
    table = IOTable.from_flows([[0, 0], [0, 5]], Y=[4, 6], codes=("A", "B"))
    found = measure.synergism(table)
    assert np.isnan(found.value(part="synergism"))
    assert [gap.reason for gap in found.undefined] == ["no negative utility"] * 2
    assert np.isnan(measure.adhesion(table, by="economy").values).all()
    assert measure.adhesion(table, form="cycling").values.tolist() == [0.0, 1.0]
    none = pond(V=None, Y=[[20, 80], [2, 28], [5, 45]])
    assert measure.cycling(none).values.min() == 0.0


def test_levels_are_downstreamness_on_average() -> None:
    table = two_by_two()
    k = 200
    shares = measure.trophic_structure(table, levels=k).values
    T = measure.throughflow(table).values
    mean = T @ measure.downstreamness(table, inventory="none").values / T.sum()
    assert np.arange(1, k + 1) @ shares == pytest.approx(mean, rel=1e-9)
    with pytest.raises(UsageError, match="at least 2"):
        measure.trophic_structure(table, levels=1)


def test_who_is_taken_out_takes_what_it_gave() -> None:
    table = random_national(5)
    net = ecosystem(table, "industry", "balance").communities[0].network
    left = np.arange(1, len(table))
    G = net.G[np.ix_(left, left)]
    T = np.linalg.solve(np.eye(len(left)) - G.T, net.z[left])
    lost = measure.adhesion(table).values[0]
    assert lost == pytest.approx(1 - T.sum() / net.T[left].sum(), rel=1e-9)
    each = measure.nutrition(table, form="total")
    by_hand = sum(
        each.values.reshape(len(table), -1)[left, 0] * net.T[left]
    ) / net.T[left].sum()  # fmt: skip
    assert lost == pytest.approx(by_hand, rel=1e-9)


def test_succession_is_growth_and_development() -> None:
    new, old = random_national(1), random_national(2)
    found = shown(measure.succession(new, base=old, by="broad"))
    assert found["growth"] + found["development"] == pytest.approx(found["ascendency"])
    sizes = [shown(measure.system_throughput(t, by="broad"))["throughput"] for t in (new, old)]
    assert found["growth"] == pytest.approx(np.log(sizes[0] / sizes[1]))
    order = [shown(measure.flow_information(t, by="broad"))["mutual_information"]
             for t in (new, old)]  # fmt: skip
    assert found["development"] == pytest.approx(np.log(order[0] / order[1]))
    T = [measure.throughflow(t).values for t in (new, old)]
    turned = np.abs(T[0] / T[0].sum() - T[1] / T[1].sum()).sum() / 2
    turnover = measure.succession(new, base=old, form="turnover")
    assert turnover.values.tolist() == pytest.approx([turned])
    assert "convention" not in turnover.definition
    with pytest.raises(LabelError, match="other countries or nodes"):
        measure.succession(new, base=two_by_two())


def test_a_dead_node_is_outside_the_network() -> None:
    alive, dead = random_national(3), random_national(3, dead=9)
    found = measure.utility_relation(dead)
    assert np.isnan(found.values).sum() == 2 * len(dead) - 1
    assert {gap.reason for gap in found.undefined} == {"no throughflow"}
    live = dead.live
    net = ecology.flow_network(dead.Z[np.ix_(live, live)], dead.primary_inputs[live],
                               r=dead.Y[live].sum(axis=1))  # fmt: skip
    U = found.values.reshape(len(dead), -1)[np.ix_(live, live)]
    np.testing.assert_allclose(U, ecology.utility_analysis(net).U, rtol=1e-8, atol=1e-12)
    assert not measure.utility_relation(alive).undefined


def test_what_a_node_without_inputs_gives_comes_from_outside() -> None:
    table = IOTable.from_flows([[0, 5], [0, 0]], Y=[0, 9], V=[[0, 4]], codes=("A", "B"))
    net = ecosystem(table, "industry", "balance").communities[0].network
    assert net.z.tolist() == [9.0]
    found = measure.throughflow(table)
    assert found.value(industry="B") == 9.0
    assert [gap.label for gap in found.undefined] == ["A"]
