"""Positions against power series, the Ghosh and Leontief sums, and solutions of another kind."""

from __future__ import annotations

import numpy as np
import pytest

from servio import algebra
from servio.algebra import position


def walked(step, rounds=4000):
    """Stages counted one round of flows after the other: 1 + B 1 + B^2 1 + ..."""
    total, wave = np.ones(len(step)), np.ones(len(step))
    for _ in range(rounds):
        wave = step @ wave
        total += wave
    return total


def test_stages_counted_round_by_round(tables):
    for table in tables[:60]:
        rng = np.random.default_rng(table.n)
        scale = rng.uniform(0.7, 1.05, table.n)
        B = np.where(table.live[:, None], scale[:, None] * table.B, 0.0)
        U = algebra.upstreamness(table.leontief, table.x, scale)
        np.testing.assert_allclose(U, walked(B), rtol=1e-9)
        D = algebra.downstreamness(table.leontief, scale)
        np.testing.assert_allclose(D, walked((scale[:, None] * table.A).T), rtol=1e-9)


def test_without_correction_they_are_ghosh_rows_and_output_multipliers(tables):
    for table in tables[:60]:
        U = algebra.upstreamness(table.leontief, table.x)
        np.testing.assert_allclose(U, algebra.ghosh_row_sums(table.leontief, table.x), rtol=1e-12)
        D = algebra.downstreamness(table.leontief)
        np.testing.assert_allclose(D, algebra.output_multiplier(table.leontief), rtol=1e-12)


def test_iterations_and_direct_solution_agree(tables, monkeypatch):
    for table in (table for table in tables if table.n > 8):
        scale = np.random.default_rng(table.n).uniform(0.0, 1.2, table.n)
        if np.abs(np.linalg.eigvals(scale[:, None] * table.A)).max() > 0.98:
            continue
        direct = algebra.upstreamness(table.leontief, table.x, scale)
        back = algebra.downstreamness(table.leontief, scale)
        with monkeypatch.context() as patch:
            patch.setattr(position, "DIRECT", 0)
            found = algebra.upstreamness(table.leontief, table.x, scale)
            np.testing.assert_allclose(found, direct, rtol=1e-10)
            np.testing.assert_allclose(algebra.downstreamness(table.leontief, scale), back, 1e-10)


def test_iterations_that_do_not_converge_give_way(monkeypatch):
    leontief = algebra.Leontief([[0.15, 0.25], [0.2, 0.05]])
    monkeypatch.setattr(position, "DIRECT", 0)
    monkeypatch.setattr(position, "gmres", lambda *_, **__: (np.zeros(2), 1))
    by_hand = np.linalg.solve(np.eye(2) - np.diag([0.5, 1.2]) @ leontief.A.copy(), [1000, 2000])
    found = algebra.upstreamness(leontief, [1000, 2000], [0.5, 1.2])
    assert found == pytest.approx(by_hand / [1000, 2000])


def test_a_chain_counts_its_links():
    leontief = algebra.Leontief([[0, 1, 0], [0, 0, 0.5], [0, 0, 0]])
    assert algebra.upstreamness(leontief, [1, 1, 2]) == pytest.approx([3, 2, 1])
    assert algebra.downstreamness(leontief) == pytest.approx([1, 2, 2])
