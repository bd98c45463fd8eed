"""Decompositions of trade against loops over the formulas, their sums and their pitfalls."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from algebra import trade_textbook as textbook
from servio.algebra import Leontief, trade
from servio.algebra.trade._krylov import solve_blocks
from servio.errors import InputError, NumericalError

PERIMETERS = ("exporter", "world", "bilateral", "sector", "sector_bilateral")
TIGHT = 1e-12


def make(
    seed, sizes=(3, 4, 2, 3), dead=None, shuffled=False, inputs=(0.3, 0.7), taxes=0.0,
    industry=None, unsold=0.0,
):  # fmt: skip
    """A random world with countries of different sizes, and its textbook twin.

    It is balanced but for the share `unsold` of output by which sales differ either way.
    """
    rng = np.random.default_rng(seed)
    n, G = sum(sizes), len(sizes)
    A = rng.gamma(0.5, 1.0, (n, n))
    A *= rng.uniform(*inputs, n) / A.sum(axis=0)
    Y = rng.gamma(1.0, 10.0, (n, G))
    if dead is not None:
        A[dead], A[:, dead], Y[dead] = 0.0, 0.0, 0.0
    x = np.linalg.solve(np.eye(n) - A, Y.sum(axis=1))
    x *= 1 + rng.uniform(-unsold, unsold, n)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    blocks = [slice(a, b) for a, b in pairwise(starts)]
    at = rng.permutation(n) if shuffled else np.arange(n)  # at[k]: where row k of the table stands
    order = np.argsort(at)
    table = np.ix_(at, at)
    world = textbook.World(A, x, Y, blocks, taxes, industry)
    system = trade.TradeSystem(
        Leontief(A[table], (x > 0)[at]), x[at], Y[at], order, starts,
        industry=industry, besides={"TAXES": (world.t * x)[at]},
    )  # fmt: skip
    return system, world


INDUSTRY = np.array([0, 1, 0, 0, 1, 0, 1, 2, 2, 0, 0, 0])  # members' rows of one industry
SYSTEMS = [
    make(1),
    make(2, dead=5),
    make(3, shuffled=True),
    make(4, sizes=(2, 2)),
    make(5, (1,) * 5),
    make(6, taxes=0.03, shuffled=True, industry=INDUSTRY),
]
each = pytest.mark.parametrize(("system", "world"), SYSTEMS)
UNBALANCED = [make(7, unsold=0.05), make(8, dead=5, taxes=0.03, unsold=0.05, industry=INDUSTRY)]
rough = pytest.mark.parametrize(("system", "world"), [*SYSTEMS, *UNBALANCED])


def close(found, expected, scale):
    np.testing.assert_allclose(found, expected, rtol=0, atol=TIGHT * np.abs(scale).max())


@rough
@pytest.mark.parametrize("sink", [False, True])
@pytest.mark.parametrize("perimeter", PERIMETERS)
def test_borin_mancini_equals_the_loops(system, world, sink, perimeter):
    found = trade.borin_mancini(system, sink=sink, perimeter=perimeter)
    for name, expected in textbook.borin_mancini(world, sink, perimeter).items():
        close(found[name], expected, found["EXGR"])
    parts = ("DVA", "DDC", "FVA", "FDC", "TAXES")
    close(sum(found[k] for k in parts), found["EXGR"], found["EXGR"])


@rough
@pytest.mark.parametrize("sink", [False, True])
def test_where_domestic_value_added_ends(system, world, sink):
    """Abroad, at home or, in output that the table sells to nobody, nowhere."""
    found = trade.borin_mancini(system, sink=sink)
    VAX, nowhere = textbook.ended(world, sink)
    close(found["REF"], textbook.returned(world, sink), found["EXGR"])
    close(found["VAX"], VAX, found["EXGR"])
    close(found["DISCREPANCY"], nowhere, found["EXGR"])
    close(found["VAX"] + found["REF"] + found["DISCREPANCY"], found["DVA"], found["EXGR"])
    made = world.B @ world.Y
    for s in range(world.G):
        ends = world.vs(s) @ sum(made[world.blocks[s], r] for r in world.others(s))
        close(found["VAX"][world.blocks[s]].sum(), ends, found["EXGR"])
    others = trade.wang_wei_zhu(system), trade.koopman_wang_wei(system)
    for name in ("DC", "DVA", "VAX", "REF", "DISCREPANCY", "DDC", "FC"):
        own = by_country(world, found[name])
        close(by_country(world, others[0][name]), own, found["EXGR"])
        close(others[1][name], own, found["EXGR"])


def by_country(world, flows):
    return np.array([flows[block].sum() for block in world.blocks])


def test_unbalanced_worlds_are_unbalanced():
    for system, _ in UNBALANCED:
        nowhere = trade.borin_mancini(system)["DISCREPANCY"]
        assert np.abs(nowhere).sum() > 1e-3 * system.exports.sum()
    assert np.unique(INDUSTRY[:3]).size < 3


@rough
def test_inputs_across_borders_seen_from_both_sides(system, world):
    found = trade.vertical_specialisation(system)
    VS, VS1 = textbook.vertical(world)
    close(found["VS"], VS, world.x)
    close(found["VS1"], VS1, world.x)
    close(VS.sum(), VS1.sum(), world.x)
    if not world.t.any():
        close(found["VS"], trade.borin_mancini(system)["GVCB"], world.x)


@rough
@pytest.mark.parametrize("perimeter", ["exporter", "world", "sector"])
def test_accounts_by_the_country_that_absorbs_exports(system, world, perimeter):
    found = trade.borin_mancini(system, perimeter=perimeter, absorbing=True)
    usual = trade.borin_mancini(system, perimeter=perimeter)
    absorbed = trade.exports_by_absorption(system)
    E = system.exports.sum(axis=1)
    for name in ("DC", "DVA", "DDC", "FC", "FVA", "FDC", "TAXES"):
        per_unit = np.divide(usual[name].sum(axis=1), E, out=np.zeros(world.n), where=E > 0)
        close(found[name], per_unit[:, None] * absorbed, world.x)
    close(found["VAX"] + found["REF"], found["DVA"], world.x)
    if perimeter == "exporter":
        for name in ("VAX", "REF"):
            close(by_country(world, found[name]), by_country(world, usual[name]), world.x)
        assert (found["GVC"] > -TIGHT * world.x.max()).all()


def test_source_and_sink_of_a_bloc_s_industry_agree_over_its_members():
    system, _ = make(6, industry=INDUSTRY)
    source, sink = (
        trade.borin_mancini(system, sink=way, perimeter="sector_bilateral") for way in (False, True)
    )
    members = np.array([0, 2])
    close(source["DVA"][members].sum(axis=0), sink["DVA"][members].sum(axis=0), source["EXGR"])
    assert np.abs(source["DVA"] - sink["DVA"])[members].max() > 1e-6 * source["EXGR"].max()


@rough
def test_chains_equal_the_loops(system, world):
    found = trade.borin_mancini(system)
    for name, expected in textbook.chains(world).items():
        close(found[name], expected, found["EXGR"])
    parts = trade.trade_participation(system)
    close(parts["GVC"], found["GVC"], found["EXGR"])
    close(parts["BACKWARD"] + parts["TWO_SIDED"], found["GVCB"], found["EXGR"])
    close(parts["FORWARD"], found["GVCF"], found["EXGR"])
    total = sum(parts[k] for k in ("TRADITIONAL", "BACKWARD", "FORWARD", "TWO_SIDED", "TAXES"))
    close(total, found["EXGR"], found["EXGR"])


@each
def test_miroudot_ye_equals_the_loops(system, world):
    found = trade.miroudot_ye(system, perimeter="world")
    close(found["FDC1"], textbook.miroudot_ye_direct(world), found["EXGR"])
    close(found["FDC1"] + found["FDC2"], found["FC"], found["EXGR"])
    assert not found["FVA"].any()


@rough
def test_wang_wei_zhu_equals_the_loops(system, world):
    found = trade.wang_wei_zhu(system)
    for number, expected in textbook.wang_wei_zhu(world).items():
        close(found[trade.WWZ_TERMS[number - 1]], expected, found["EXGR"])
    rest = ("DISCREPANCY", "DISCREPANCY_FC", "TAXES")
    close(sum(found[k] for k in (*trade.WWZ_TERMS, *rest)), found["EXGR"], found["EXGR"])
    close(found["DC"] + found["FC"] + found["TAXES"], found["EXGR"], found["EXGR"])
    close(found["FVA"] + found["FDC"] + found["DISCREPANCY_FC"], found["FC"], found["EXGR"])
    close(found["DISCREPANCY"], textbook.ended(world, False)[1], found["EXGR"])
    close(found["DISCREPANCY_FC"], textbook.unsold_foreign(world), found["EXGR"])


@rough
def test_koopman_wang_wei_equals_the_loops(system, world):
    found = trade.koopman_wang_wei(system)
    expected = textbook.koopman_wang_wei(world)
    for number, name in enumerate(trade.KWW_TERMS):
        close(found[name], expected[number], found["EXGR"])
    rest = ("DISCREPANCY", "DISCREPANCY_FC", "TAXES")
    close(sum(found[k] for k in (*trade.KWW_TERMS, *rest)), found["EXGR"], found["EXGR"])
    close(found["DC"] + found["FC"] + found["TAXES"], found["EXGR"], found["EXGR"])


@each
def test_production_participation_equals_the_loops(system, world):
    parts = ("PURE_DOMESTIC", "TRADITIONAL", "SIMPLE", "COMPLEX")
    for kernel, loops, whole in (
        (trade.forward_production, textbook.forward_production, "VALUE_ADDED"),
        (trade.backward_production, textbook.backward_production, "FINAL_PRODUCTS"),
    ):
        found = kernel(system)
        for name, expected in zip(parts, loops(world), strict=True):
            close(found[name], expected, found[whole])
        rest = [found[name] for name in ("TAXES", "DISCREPANCY") if name in found]
        close(sum((found[name] for name in parts), sum(rest)), found[whole], found[whole])


@each
def test_output_participation_equals_the_loops(system, world):
    found = trade.output_participation(system)
    names = ("PURE_DOMESTIC", "TRADITIONAL", "BACKWARD", "FORWARD", "TWO_SIDED")
    expected = textbook.output_participation(world)
    for name in names:
        close(found[name], expected[name], world.x)
        assert found[name].min() >= -TIGHT * world.x.max()
    close(sum(found[name] for name in (*names, "TAXES")), world.x, world.x)
    close(found["GVC"], sum(found[name] for name in names[2:]), world.x)
    assert not np.abs(found["DISCREPANCY"]).max() > TIGHT * world.x.max()


@each
def test_output_and_trade_see_the_same_chains(system, world):
    """What begins a chain in a country's output is the domestic value in its onward exports."""
    output, flows = trade.output_participation(system), trade.trade_participation(system)
    begun = np.add.reduceat(output["FORWARD"], system.starts[:-1])
    exported = np.add.reduceat(flows["FORWARD"].sum(axis=1), system.starts[:-1])
    close(begun, exported, world.x)
    backward = trade.backward_production(system)
    abroad = backward["TRADITIONAL"] + system.home * system.own(system.Y)
    value = backward["FINAL_PRODUCTS"] - backward["TAXES"]
    close(output["BACKWARD"] + backward["SIMPLE"], value - abroad, world.x)


def test_without_inputs_across_borders_no_output_is_in_chains():
    _, world = make(1)
    A = np.zeros_like(world.A)
    for block in world.blocks:
        A[block, block] = world.A[block, block]
    x = np.linalg.solve(np.eye(world.n) - A, world.Y.sum(axis=1))
    starts = [0, *(block.stop for block in world.blocks)]
    found = trade.output_participation(
        trade.TradeSystem(Leontief(A), x, world.Y, np.arange(world.n), starts)
    )
    for name in ("BACKWARD", "FORWARD", "TWO_SIDED"):
        close(found[name], 0.0, x)
    assert found["TRADITIONAL"].sum() > 0.1 * x.sum()


@each
def test_origin_by_destination(system, world):
    v, E = np.diag(world.v), system.exports
    spread = np.zeros((world.n, world.G))
    for s, block in enumerate(world.blocks):
        spread[block, s] = E[block].sum(axis=1)
    close(trade.value_added_absorbed(system), v @ world.B @ world.Y, world.x)
    close(trade.value_added_absorbed(system).sum(axis=1), world.v * world.x, world.x)
    close(trade.value_added_exported(system), v @ world.B @ spread, world.x)
    by_origin = [(v @ world.B)[b].sum(axis=0) * E.sum(axis=1) for b in world.blocks]
    close(trade.origin_of_exports(system), np.transpose(by_origin), world.x)
    for s, part in enumerate(trade.contributions(system)):
        close(part, v @ world.B[:, world.blocks[s]] @ E[world.blocks[s]], world.x)
        taxes = world.t @ world.B[:, world.blocks[s]] @ E[world.blocks[s]]
        close(part.sum(axis=0) + taxes, E[world.blocks[s]].sum(axis=0), world.x)


@each
def test_contents_of_some_countries(system, world):
    """Few contributors are solved for by themselves, many by the columns of the sellers."""
    rng = np.random.default_rng(0)
    blocks = [world.blocks[-1], world.blocks[0]]
    for m in (1, world.n):
        earned = rng.uniform(0, 1, (m, world.n))
        for block, found in zip(blocks, trade.contents(system, earned, blocks), strict=True):
            close(found, earned @ world.B[:, block], 1.0)


@each
def test_exports_by_absorption(system, world):
    found = trade.exports_by_absorption(system)
    for s, block in enumerate(world.blocks):
        for u in range(world.G):
            used = sum(world.a(s, r) @ (world.B @ world.Y)[world.blocks[r], u]
                       for r in world.others(s))  # fmt: skip
            close(found[block, u], used + (world.y(s, u) if u != s else 0.0), world.x)
    close(found.sum(axis=1), system.exports.sum(axis=1), world.x)


@rough
def test_oecd_indicators_add_up(system, world):
    found = trade.oecd_indicators(system)
    E = found["EXGR"]
    close(found["EXGR_FNL"] + found["EXGR_INT"], E, E)
    close(found["EXGR_DVA"] + found["EXGR_FVA"] + found["TAXES"], E, E)
    close(found["EXGR_DDC"] + found["EXGR_IDC"] + found["EXGR_RIM"], found["EXGR_DVA"], E)
    for block, inverse in zip(world.blocks, world.L, strict=True):
        for j, row in enumerate(range(block.start, block.stop)):
            own = world.industry[block] == world.industry[row]
            close(found["EXGR_DDC"][row], (world.v[block] * inverse[:, j])[own].sum() * E[row], E)
    close(found["DISCREPANCY"], trade.borin_mancini(system)["DISCREPANCY"], E)
    close(found["FFD_DVA"].sum(), trade.borin_mancini(system)["VAX"].sum(), E)


def test_double_counting_is_misplaced_by_the_use_of_the_importer():
    """WWZ and KWW agree with Borin and Mancini on foreign content, not on its parts."""
    system, _ = make(1)
    bm, wwz = trade.borin_mancini(system), trade.wang_wei_zhu(system)
    close(wwz["FC"], bm["FC"], bm["EXGR"])
    assert (wwz["FVA"].sum() < 0.8 * bm["FVA"].sum()) and wwz["FDC"].sum() > bm["FDC"].sum()
    kww = trade.koopman_wang_wei(system)
    close(kww["FVA"].sum(), wwz["FVA"].sum(), bm["EXGR"])
    close(kww["DVA"].sum(), bm["DVA"].sum(), bm["EXGR"])


def test_forward_participation_of_the_oecd_counts_value_once_a_border():
    """With long chains it exceeds the domestic value added in exports."""
    system, _ = make(7, sizes=(2,) * 6, inputs=(0.6, 0.9))
    foreign = trade.oecd_indicators(system)["FEXDVAP"].sum(axis=1)
    dva = trade.borin_mancini(system)["DVA"].sum(axis=1)
    sums = [np.add.reduceat(part, system.starts[:-1]) for part in (foreign, dva)]
    assert (sums[0] > sums[1]).any()


def test_source_and_sink_differ_by_destination_and_agree_by_country():
    system, _ = make(1)
    source, sink = (trade.borin_mancini(system, sink=way) for way in (False, True))
    assert np.abs(source["DVA"] - sink["DVA"]).max() > 1e-3 * source["EXGR"].max()
    for name in ("DVA", "FVA", "REF"):
        by_country = [
            np.add.reduceat(p[name].sum(axis=1), system.starts[:-1]) for p in (source, sink)
        ]
        close(by_country[0], by_country[1], source["EXGR"])


def test_a_wider_perimeter_counts_less_value_added():
    """An export of one pair returns less often than one of the country; the world's, most."""
    system, _ = make(1)
    dva = [trade.borin_mancini(system, perimeter=p)["DVA"].sum() for p in
           ("exporter", "sector", "sector_bilateral")]  # fmt: skip
    assert dva == sorted(dva)


def test_what_the_table_sells_to_nobody_is_a_term_of_its_own():
    system, world = make(1)
    short = trade.TradeSystem(
        Leontief(world.A), world.x, 0.99 * world.Y, np.arange(world.n), system.starts
    )
    for found, terms in (
        (trade.wang_wei_zhu(short), trade.WWZ_TERMS),
        (trade.koopman_wang_wei(short), trade.KWW_TERMS),
    ):
        total = sum(found[k] for k in (*terms, "DISCREPANCY", "DISCREPANCY_FC"))
        close(total, found["EXGR"], found["EXGR"])
        assert np.abs(found["DISCREPANCY"]).sum() > 1e-4 * found["EXGR"].sum()
    forward = trade.forward_production(short)
    parts = ("PURE_DOMESTIC", "TRADITIONAL", "SIMPLE", "COMPLEX", "DISCREPANCY")
    close(sum(forward[k] for k in parts), forward["VALUE_ADDED"], world.x)
    output = trade.output_participation(short)
    parts = ("PURE_DOMESTIC", "TRADITIONAL", "GVC", "DISCREPANCY")
    close(sum(output[k] for k in parts), world.x, world.x)


def test_an_industry_without_output_earns_nothing_of_what_rounding_sells():
    system, world = make(2, dead=5)
    Y = world.Y.copy()
    Y[5] = 1e-4
    order = np.arange(world.n)
    rounded = trade.TradeSystem(Leontief(world.A, world.x > 0), world.x, Y, order, system.starts)
    assert not trade.value_added_absorbed(rounded)[5].any()
    assert not trade.borin_mancini(rounded)["EXGR"][5].any()
    terms = trade.wang_wei_zhu(rounded)
    close(terms["DC"] + terms["FC"], terms["EXGR"], terms["EXGR"])


def test_blocks_must_hold_every_industry():
    _, world = make(1)
    with pytest.raises(InputError, match="blocks"):
        trade.TradeSystem(Leontief(world.A), world.x, world.Y[:, :2], np.arange(world.n), [0, 3, 7])


def test_systems_solved_together_agree_with_each_alone():
    rng = np.random.default_rng(0)
    blocks = [rng.uniform(-0.5, 0.9, (k, k)) / k for k in (1, 4, 6)]
    starts = np.array([0, 1, 5, 11])
    right = np.concatenate([[0.0], rng.normal(size=10)])

    def apply(z):
        cut = np.split(z, starts[1:-1])
        return np.concatenate([K @ part for K, part in zip(blocks, cut, strict=True)])

    found = np.split(solve_blocks(apply, right, starts), starts[1:-1])
    for K, part, f in zip(blocks, found, np.split(right, starts[1:-1]), strict=True):
        np.testing.assert_allclose(part + K @ part, f, atol=1e-13)


def test_a_system_without_a_solution_is_refused():
    with pytest.raises(NumericalError, match="60 steps"):
        solve_blocks(lambda z: -z, np.ones(3), np.array([0, 3]))
