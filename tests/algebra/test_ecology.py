"""Ecological network analysis: published networks, closed forms, identities, what is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from servio.algebra.ecology import (
    FlowNetwork,
    balanced_network,
    contributions,
    dependencies,
    direct_flows,
    flow_network,
    flow_organisation,
    flow_statistics,
    input_environ,
    integral_flows,
    keystone_index,
    mixed_impacts,
    node_cycling,
    output_environ,
    relation_codes,
    removal,
    trophic_positions,
    trophic_spine,
    turned_around,
    utility_analysis,
)
from servio.errors import InputError, NumericalError, UsageError, ValueFault

EXACT = 1e-10


def random_network(seed: int, n: int = 6) -> FlowNetwork:
    """A steady state with cycles, self-flows and some nodes fed from inside only."""
    rng = np.random.default_rng(seed)
    G = rng.random((n, n)) * (rng.random((n, n)) < 0.6)
    G *= (rng.uniform(0.2, 0.9, n) / np.maximum(G.sum(axis=1), 1e-3))[:, None]
    z = rng.lognormal(0, 1, n)
    T = np.linalg.solve(np.eye(n) - G.T, z)
    out = T * (1 - G.sum(axis=1))
    share = rng.random(n)
    return flow_network(T[:, None] * G, z, out * share, out * (1 - share))


def oyster() -> tuple[FlowNetwork, np.ndarray]:
    """Oyster reef of Dame & Patten (1981), kcal per m2 and day; detritus is not living."""
    F = np.zeros((6, 6))
    F[0, 4:] = 0.5135, 15.7910
    F[1, 2:4] = 1.2060, 1.2060
    F[2, 3], F[2, 5] = 0.6609, 4.2403
    F[3, 4:] = 0.1721, 1.9076
    F[4, 5] = 0.3262
    F[5, 1:4] = 8.1721, 7.2745, 0.6431
    z, y = np.zeros(6), np.array([25.1650, 5.76, 3.5794, 0.4303, 0.3594, 6.1759])
    z[0] = 41.47
    return flow_network(F, z, r=y), np.arange(6) < 5


def without(network: FlowNetwork, node: int) -> FlowNetwork:
    """The others, the flows they gave to the node leaving the network."""
    left = np.delete(np.arange(len(network.z)), node)
    G = network.G[np.ix_(left, left)]
    T = np.linalg.solve(np.eye(len(left)) - G.T, network.z[left])
    F = T[:, None] * G
    return flow_network(F, network.z[left], r=T - F.sum(axis=1))


SEEDS = pytest.mark.parametrize("seed", range(8))


def test_cone_spring_as_published(shared: Path) -> None:
    check = json.loads((shared / "checks" / "13_ena_cone_springs.json").read_text())
    given, expected = check["inputs"], check["expected"]["published"]
    net = flow_network(given["F"], given["z"], given["e"], given["r"])
    flows, order = flow_statistics(net), flow_organisation(net)
    found = {
        "Boundary": flows.boundary, "TST": flows.throughflow, "TSTp": flows.throughput,
        "APL": flows.path_length, "FCI": flows.cycling, "BFI": flows.boundary_share,
        "DFI": flows.direct_share, "IFI": flows.indirect_share, "ID_F": flows.indirect_ratio,
        "H": order.diversity, "AMI": order.mutual_information, "Hr": order.residual,
        "CAP": order.capacity, "ASC": order.ascendency, "OH": order.overhead,
        "ASC_CAP": order.order, "robustness": order.robustness, "ELD": order.link_density,
        "TD": order.trophic_depth,
    }  # fmt: skip
    names = ("A_input", "A_internal", "A_export", "A_respiration")
    found |= dict(zip(names, order.ascendency_parts, strict=True))
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=check["tolerance"]), name
    utility, tool = utility_analysis(net), check["expected"]["tool_run"]
    assert utility.radius == pytest.approx(tool["lam1D"], rel=1e-9)
    assert not utility.converges
    assert utility.synergism == pytest.approx(tool["synergism_F"], rel=1e-9)
    assert utility.mutualism == tool["mutualism_F"]
    assert 100 * utility.changed == pytest.approx(tool["relation_change_pct"], abs=5e-3)


def test_oyster_reef_as_published() -> None:
    """Reference pages and articles of enaR 3.1; its utilities have giver and taker exchanged."""
    net, living = oyster()
    flows, order, utility = flow_statistics(net), flow_organisation(net), utility_analysis(net)
    assert flows.indirect_ratio == pytest.approx(1.582925, abs=5e-5)
    assert (order.ascendency, order.capacity) == pytest.approx((166.3473, 377.4452), abs=5e-5)
    assert order.robustness == pytest.approx(0.3611, abs=5e-5)
    assert utility.radius == pytest.approx(0.8991676, abs=5e-6)
    assert utility.converges
    assert utility.synergism == pytest.approx(4.915298, abs=5e-6)
    assert utility.mutualism == pytest.approx(2.272727, abs=5e-7)
    assert 100 * utility.changed == pytest.approx(61.9, abs=0.05)
    assert utility.Y.T[0, :3] == pytest.approx([34.5516009, 3.21636398, 1.76164548], abs=2e-4)
    M = mixed_impacts(net, living).M
    assert M[0] == pytest.approx([-0.025, 0.170, 0.431, 0.261, 0.796, 0.516], abs=6e-4)
    assert M[5] == pytest.approx([-0.003, 0.218, 0.613, 0.449, 0.110, -0.251], abs=6e-4)


def test_two_nodes_in_closed_form() -> None:
    a, b, z, w = 0.5, 1 / 3, 10.0, 1.5
    det = 1 - a * b
    T = np.array([z + b * w, a * z + w]) / det
    net = flow_network([[0, a * T[0]], [b * T[1], 0]], [z, w], r=T * [1 - a, 1 - b])
    np.testing.assert_allclose(net.T, T, rtol=EXACT)
    np.testing.assert_allclose(net.N, np.array([[1, a], [b, 1]]) / det, rtol=EXACT)
    np.testing.assert_allclose(node_cycling(net), [a * b, a * b], rtol=EXACT)
    found = flow_statistics(net)
    assert found.cycling == pytest.approx(a * b, rel=EXACT)
    indirect = (z * (1 + a) + w * (1 + b)) / det - z * (1 + a) - w * (1 + b)
    assert found.indirect_ratio == pytest.approx(indirect / (z * a + w * b), rel=EXACT)
    given = a * T[0] - b * T[1]
    d01, d10 = -given / T[0], given / T[1]
    utility = utility_analysis(net)
    expected = np.array([[1, d01], [d10, 1]]) / (1 - d01 * d10)
    np.testing.assert_allclose(utility.U, expected, rtol=EXACT)
    assert utility.radius == pytest.approx(np.sqrt(-d01 * d10), rel=EXACT)
    assert utility.mutualism == 3.0
    assert relation_codes(utility.U).tolist() == [[4, -2], [2, 4]]
    np.testing.assert_allclose(trophic_positions(net), T @ net.N / T, rtol=EXACT)
    lost, cycled = removal(net)
    np.testing.assert_allclose(lost, [T[0] * a, T[1] * b], rtol=EXACT)
    np.testing.assert_allclose(cycled, 0.0, atol=EXACT)


def test_a_chain_in_closed_form() -> None:
    """Nothing cycles; of two equal flows in and out the order is the diversity."""
    chain = flow_network([[0, 8, 0], [0, 0, 4], [0, 0, 0]], [16, 0, 0], r=[8, 4, 4])
    assert flow_statistics(chain).cycling == 0.0
    assert trophic_positions(chain).tolist() == [1.0, 2.0, 3.0]
    spine = trophic_spine(chain, 4)
    assert spine.intake.tolist() == [16.0, 8.0, 4.0, 0.0]
    assert spine.efficiency[:3].tolist() == [0.5, 0.5, 0.0]
    assert np.isnan(spine.efficiency[3])
    line = flow_organisation(flow_network([[0.0]], [2.0], r=[2.0]))
    assert (line.mutual_information, line.diversity, line.order) == (1.0, 1.0, 1.0)
    assert line.robustness == 0.0


def test_everybody_gives_everybody_the_same() -> None:
    """No order: as many links a node as there are nodes, and a single role."""
    found = flow_organisation(flow_network(np.ones((3, 3)), np.zeros(3)))
    assert found.link_density == pytest.approx(3.0, rel=EXACT)
    assert found.trophic_depth == pytest.approx(1.0, rel=EXACT)
    assert found.order == pytest.approx(0.0, abs=EXACT)
    assert found.robustness == pytest.approx(0.0, abs=EXACT)


@SEEDS
def test_identities_of_flows(seed: int) -> None:
    net = random_network(seed)
    N, Np = integral_flows(net)
    out = net.e + net.r
    np.testing.assert_allclose(direct_flows(net.F / net.T, net.T), net.F, rtol=EXACT)
    np.testing.assert_allclose(net.z @ N, net.T, rtol=EXACT)
    np.testing.assert_allclose(Np @ out, net.T, rtol=EXACT)
    np.testing.assert_allclose(Np, np.linalg.inv(np.eye(len(N)) - net.F / net.T), rtol=1e-9)
    found = flow_statistics(net)
    shares = found.boundary_share + found.direct_share + found.indirect_share
    assert shares == pytest.approx(1.0, rel=EXACT)
    assert found.throughput == pytest.approx(net.F.sum() + net.z.sum() + out.sum(), rel=EXACT)
    assert found.cycling == pytest.approx(net.T @ node_cycling(net) / net.T.sum(), rel=EXACT)
    Gp = net.F / net.T
    backward = ((Np - np.eye(len(N)) - Gp) @ out).sum() / (Gp @ out).sum()
    assert found.indirect_ratio == pytest.approx(backward, rel=1e-9)
    n = len(net.z)
    whole = sum(net.z[k] * output_environ(net, k) for k in range(n))
    np.testing.assert_allclose(whole, net.F, rtol=1e-9, atol=EXACT)
    whole = sum(out[k] * input_environ(net, k) for k in range(n))
    np.testing.assert_allclose(whole, net.F, rtol=1e-9, atol=EXACT)
    assert all(np.isfinite(v) for v in dataclasses.astuple(found))


@SEEDS
def test_a_node_taken_out(seed: int) -> None:
    net = random_network(seed)
    lost, cycled = removal(net)
    for node in range(len(net.z)):
        left = without(net, node)
        others = np.delete(net.T, node)
        assert lost[node] == pytest.approx((others - left.T).sum(), rel=1e-9)
        assert cycled[node] == pytest.approx(flow_statistics(left).cycled, rel=1e-9, abs=1e-9)
        share = (others - left.T) / others
        np.testing.assert_allclose(np.delete(dependencies(net)[node], node), share, atol=1e-9)
    back = flow_network(net.F.T, net.e + net.r, net.z)
    np.testing.assert_allclose(contributions(net), dependencies(back).T, rtol=1e-9, atol=1e-12)


@SEEDS
def test_identities_of_utility_impacts_and_order(seed: int) -> None:
    net = random_network(seed)
    found, one = utility_analysis(net), np.eye(len(net.z))
    np.testing.assert_allclose(found.U - found.D @ found.U, one, atol=EXACT)
    assert found.radius == pytest.approx(np.abs(np.linalg.eigvals(found.D)).max(), rel=1e-9)
    turned = np.linalg.inv(one + found.D) * net.T[:, None]
    np.testing.assert_allclose(turned, found.Y.T, atol=1e-9)
    impacts = mixed_impacts(net)
    np.testing.assert_allclose(impacts.M, impacts.Q + impacts.Q @ impacts.M, atol=1e-9)
    order = flow_organisation(net)
    assert order.ascendency + order.overhead == pytest.approx(order.capacity, rel=EXACT)
    assert 0 < order.order < 1
    assert order.robustness <= np.exp(-1) + EXACT
    for whole, parts in (
        (order.ascendency, order.ascendency_parts),
        (order.overhead, order.overhead_parts),
        (order.capacity, order.capacity_parts),
    ):
        assert sum(parts) == pytest.approx(whole, rel=EXACT)
    spine = trophic_spine(net, 5)
    np.testing.assert_allclose(spine.flows.sum(axis=0), net.T, rtol=EXACT)
    left = spine.exports + spine.respiration + spine.passed
    np.testing.assert_allclose(left, spine.intake, rtol=1e-9)
    deep = trophic_spine(net, 400)
    mean = (np.arange(1, 401) @ deep.flows) / net.T
    np.testing.assert_allclose(trophic_positions(net), mean, rtol=1e-9)


def test_a_series_that_sums_is_the_inverse() -> None:
    found = utility_analysis(oyster()[0])
    total, power = np.zeros_like(found.D), np.eye(len(found.D))
    for _ in range(600):
        total += power
        power = power @ found.D
    np.testing.assert_allclose(total, found.U, atol=1e-9)


def test_a_large_network_has_the_radius_of_a_small_one() -> None:
    small = oyster()[0]
    copies = 80
    wide = flow_network(
        np.kron(np.eye(copies), small.F), np.tile(small.z, copies), r=np.tile(small.r, copies)
    )
    found = utility_analysis(wide)
    assert found.radius == pytest.approx(utility_analysis(small).radius, rel=1e-9)
    assert (relation_codes(found.U)[:6, 6:] == 0).all()


def test_keystones_by_hand() -> None:
    M = np.array([[9.0, 3.0, 4.0], [0.0, 9.0, 1.0], [0.0, 0.0, 9.0]])
    index, impact = keystone_index(M, [0.5, 0.0, 0.5])
    assert impact.tolist() == [5.0, 1.0, 0.0]
    assert index[:2] == pytest.approx([np.log10(2.5), 0.0])
    assert np.isnan(index[2])
    with pytest.raises(UsageError, match="shares between 0 and 1"):
        keystone_index(M, [2.0, 0.0, 0.0])


def test_relations_by_signs() -> None:
    codes = relation_codes([[1, 1, -1, 0], [1, 1, 1, 1e-15], [-1, -1, 1, 0], [2, -3, 0, 1]])
    assert codes[0].tolist() == [4, 4, -4, 1]
    assert codes[1].tolist() == [4, 4, 2, -1]
    assert codes[2].tolist() == [-4, -2, 4, 0]
    assert codes[3].tolist() == [3, -3, 0, 4]


def test_imbalance_is_told_and_removed_only_when_asked() -> None:
    with pytest.raises(InputError, match=r"node 1 .* 6 that enter and 8 that leave.*respiration"):
        flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 5], e=[0, 1])
    with pytest.raises(InputError, match=r"at most 0\.1 of the largest"):
        flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 5], e=[0, 1], balance_limit=0.1)
    with pytest.raises(UsageError, match="balance_limit"):
        flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 5], balance_limit=float("nan"))
    net = flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 5], e=[0, 1], balance_limit=0.2)
    assert net.imbalance.tolist() == [0.0, -2.0]
    assert net.gap == pytest.approx(2 / 12)
    even = balanced_network(net)
    assert even.gap < 1e-11
    assert even.T.tolist() == pytest.approx([12.0, 7.0])
    assert even.e.sum() / even.r.sum() == pytest.approx(1 / 11)
    assert (even.F == 0).tolist() == (net.F == 0).tolist()
    same = random_network(1)
    np.testing.assert_allclose(balanced_network(same).F, same.F, rtol=1e-9)


def test_flows_the_other_way_round_are_refused() -> None:
    F, z, e, r = np.array([[0, 6.0], [2, 0]]), [10, 0], [0, 1], [6, 3]
    assert flow_network(F, z, e, r).gap == 0.0
    with pytest.raises(InputError, match=r"16 that enter and 8 that leave.*transposed"):
        flow_network(F.T, z, e, r)
    assert flow_network(F.T, z, e, r, balance_limit=np.inf).gap == 0.5
    flow_network(F, z, e, [6.5, 3])  # 4 % of the node
    rounded = np.zeros((3, 3))
    flow_network(rounded, [1000, 1000, 1.0], r=[1000, 1000, 2.0])  # 0.05 % of the whole


def test_negative_flows_turn_around_and_keep_the_balance() -> None:
    F, z = np.array([[1.0, -2.0], [5.0, 0.0]]), np.array([9.0, -3.0])
    e, r = np.array([-1.0, 2.0]), np.array([4.0, -0.5])
    before = F.sum(axis=0) + z - F.sum(axis=1) - e - r
    F2, z2, e2, r2, moved = turned_around(F, z, e, r)
    assert min(part.min() for part in (F2, z2, e2, r2)) >= 0
    np.testing.assert_allclose(F2.sum(axis=0) + z2 - F2.sum(axis=1) - e2 - r2, before)
    assert moved == 6.5
    with pytest.raises(ValueFault, match="turned_around"):
        flow_network(F, z, e, r)


def test_what_has_no_answer_is_refused() -> None:
    with pytest.raises(InputError, match="nothing enters"):
        flow_network([[0, 0], [0, 0]], [1, 0], r=[1, 0])
    with pytest.raises(InputError, match="shape"):
        flow_network([[0, 1]], [1])
    with pytest.raises(ValueFault, match="finite"):
        flow_network([[float("nan")]], [1])
    closed = flow_network([[0, 0, 0], [0, 0, 1], [0, 1, 0]], [1, 0, 0], r=[1, 0, 0])
    with pytest.raises(NumericalError, match="never leave"):
        flow_statistics(closed)
    with pytest.raises(UsageError, match="at least 2"):
        trophic_spine(random_network(0), 1)
    with pytest.raises(InputError, match="from 0 to"):
        output_environ(random_network(0), 6)
