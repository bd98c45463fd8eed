"""Accounting and algebraic identities, to 1e-10 relative, on 200 random tables."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from servio import algebra

TIGHT = 1e-10


def near(left, right):
    scale = max(np.abs(left).max(), np.abs(right).max(), 1e-300)
    assert_allclose(np.asarray(left) / scale, np.asarray(right) / scale, rtol=0, atol=TIGHT)


def test_the_tables_hold_what_they_should(tables):
    assert any(not table.live.all() for table in tables)
    assert any(table.n == 1 for table in tables)
    assert any((table.y < 0).any() for table in tables)
    assert any(np.unique(algebra.components(table.A)).size > 1 for table in tables)
    assert any(np.unique(algebra.components(table.A)).size == 1 for table in tables)


def test_coefficients_give_flows_back(tables):
    for table in tables:
        near(table.A * table.x, table.Z)
        near(table.B * table.x[:, None], table.Z)


def test_inverse_solves_both_ways(tables):
    for table in tables:
        leontief, eye = table.leontief, np.eye(table.n)
        near((eye - table.A) @ leontief.inverse, eye)
        near(leontief.solve(table.y), table.x)
        near(leontief.inverse @ table.y, table.x)
        near(leontief.solve_transposed(np.eye(table.n)).T, leontief.inverse)


def test_value_added_in_a_unit_of_final_demand_is_one(tables):
    for table in tables:
        v = algebra.value_coefficients(table.va[None], table.x)
        content = algebra.value_multiplier(table.leontief, v)[0]
        near(content[table.live], np.ones(table.live.sum()))
        assert not content[~table.live].any()
        assert_allclose(table.va.sum(), table.y.sum(), rtol=TIGHT)


def test_ghosh_is_the_scaled_leontief(tables):
    for table in tables:
        near(table.G, np.linalg.inv(np.eye(table.n) - table.B))
        near(table.va @ table.G, table.x)
        near(algebra.ghosh_solve(table.leontief, table.x, table.va), table.x)
        near(algebra.ghosh_row_sums(table.leontief, table.x), algebra.forward_ghosh(table.G))


def test_up_and_downstreamness_agree_on_average(tables):
    for table in tables:
        upstream = algebra.ghosh_row_sums(table.leontief, table.x)
        downstream = algebra.output_multiplier(table.leontief)
        near(upstream - table.B @ upstream, np.ones(table.n))
        near(table.x @ upstream, table.x @ downstream)
        if (table.x >= 0).all():
            assert upstream.min() > 1 - TIGHT


def test_permuting_industries_permutes_every_answer(tables):
    for seed, table in enumerate(tables[:60]):
        order = np.random.default_rng(seed).permutation(table.n)
        moved = algebra.Leontief(table.A[np.ix_(order, order)], table.live[order])
        for answer in (
            algebra.output_multiplier,
            lambda leontief: algebra.power_of_dispersion(leontief.inverse, leontief.live),
            lambda leontief: algebra.variation_forward(leontief.inverse, leontief.live),
        ):
            assert_allclose(answer(moved), answer(table.leontief)[order], rtol=TIGHT)
        near(
            algebra.extraction_losses(moved, table.x[order]),
            algebra.extraction_losses(table.leontief, table.x)[np.ix_(order, order)],
        )


def test_currency_leaves_coefficients(tables):
    for table in tables[:60]:
        near(algebra.input_coefficients(table.Z * 1e-6, table.x * 1e-6), table.A)
        near(algebra.ghosh_inverse(table.leontief.inverse, table.x * 1e6), table.G)


def test_aggregation_commutes_with_sums(tables):
    for seed, table in enumerate(tables[:60]):
        group = np.random.default_rng(seed).integers(0, 3, table.n)
        W = (group == np.arange(3)[:, None]).astype(float)
        Z = algebra.aggregate_matrix(table.Z, W, W)
        near(
            Z.sum(axis=1) + algebra.aggregate_vector(table.y, W),
            algebra.aggregate_vector(table.x, W),
        )
        near(Z.sum(), table.Z.sum())


def test_type_two_inverse_is_that_of_the_closed_table(tables):
    for seed, table in enumerate(tables[:60]):
        rng = np.random.default_rng(seed)
        income = rng.random(table.n) * (1 - table.A.sum(axis=0)) * table.live
        consumption = rng.random(table.n) / table.n
        closed = np.block([[table.A, consumption[:, None]], [income, np.zeros((1, 1))]])
        near(
            algebra.type_two_inverse(table.leontief, income, consumption),
            np.linalg.inv(np.eye(table.n + 1) - closed),
        )


def test_inputs_are_left_as_they_were(tables):
    table = next(table for table in tables if table.n > 5)
    before = [array.copy() for array in (table.Z, table.x, table.A, table.y)]
    algebra.Leontief(table.A.copy(), table.live).solve(table.y)
    algebra.extraction_losses(table.leontief, table.x, "forward")
    algebra.set_extraction_loss(table.leontief, table.x, [1, 2], "backward")
    algebra.gras(table.Z, table.Z.sum(axis=1), table.Z.sum(axis=0))
    for now, then in zip((table.Z, table.x, table.A, table.y), before, strict=True):
        assert np.array_equal(now, then)
