"""The factorised I - A: counted, shared, exact on dead industries, loud where singular."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose
from threadpoolctl import threadpool_limits

from servio import algebra
from servio.errors import InputError, NumericalError, ValueFault

A = np.array([[0.15, 0.25], [0.2, 0.05]])


def test_one_factorisation_serves_every_question():
    before = algebra.Leontief.factorised
    leontief = algebra.Leontief(A)
    x = leontief.solve([350, 1700])
    leontief.solve_transposed([0.3, 0.25])
    assert leontief.inverse is leontief.inverse
    assert leontief.condition > 1
    algebra.type_two_inverse(leontief, [0.3, 0.25], [0.1, 0.4])
    algebra.ghosh_row_sums(leontief, x)
    for variant in ("full", "backward", "forward"):
        algebra.extraction_losses(leontief, x, variant)
        algebra.set_extraction_loss(leontief, x, [0], variant)
    algebra.block_extraction_loss(leontief, x, [0], [1])
    algebra.updated_solve(leontief, [0], A[:, [1]], [350, 1700])
    algebra.structural_decomposition(leontief, [1, 1], leontief, [2, 2])
    assert algebra.Leontief.factorised == before + 1


def test_condition_is_that_of_the_matrix():
    expected = np.linalg.cond(np.eye(2) - A, 1)
    assert_allclose(algebra.Leontief(A).condition, expected, rtol=1e-12)


def test_shape_in_is_shape_out():
    leontief = algebra.Leontief(A)
    assert leontief.solve([1.0, 2.0]).shape == (2,)
    assert leontief.solve(np.ones((2, 3))).shape == (2, 3)
    assert leontief.solve(np.ones((2, 0))).shape == (2, 0)
    assert leontief.columns([]).shape == (2, 0)
    assert leontief.rows([]).shape == (0, 2)


def test_columns_and_rows_with_and_without_the_inverse():
    leontief = algebra.Leontief(A)
    columns, rows = leontief.columns([1, 0]), leontief.rows([1])
    assert_allclose(columns, leontief.inverse[:, [1, 0]], rtol=1e-14)
    assert_allclose(rows, leontief.inverse[[1]], rtol=1e-14)
    assert_allclose(leontief.columns([1, 0]), columns, rtol=1e-14)
    assert_allclose(leontief.rows([1]), rows, rtol=1e-14)


def test_nothing_of_it_can_be_changed():
    mine = A.copy()
    leontief = algebra.Leontief(mine)
    mine[:] = 0.9
    assert_allclose(leontief.A, A)
    for array in (leontief.A, leontief.inverse, leontief.live):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(AttributeError):
        leontief.condition = 1.0


def test_read_only_coefficients_are_not_copied():
    mine = A.copy()
    mine.flags.writeable = False
    assert np.shares_memory(algebra.Leontief(mine).A, mine)


def test_dead_industry_is_an_identity_row_and_column():
    wide = np.zeros((3, 3))
    wide[np.ix_([0, 2], [0, 2])] = A
    leontief = algebra.Leontief(wide, [True, False, True])
    assert np.array_equal(leontief.inverse[1], [0, 1, 0])
    assert np.array_equal(leontief.inverse[:, 1], [0, 1, 0])
    inner = leontief.inverse[np.ix_([0, 2], [0, 2])]
    assert_allclose(inner, algebra.Leontief(A).inverse, rtol=1e-14)


def test_imports_of_a_product_nobody_makes_here_are_counted():
    wide = np.zeros((3, 3))
    wide[np.ix_([0, 2], [0, 2])] = A
    wide[1] = [0.1, 0, 0.3]
    leontief = algebra.Leontief(wide, [True, False, True])
    assert_allclose(leontief.inverse, np.linalg.inv(np.eye(3) - wide), rtol=1e-13, atol=1e-16)
    assert leontief.inverse[1, 0] > 0.1


def test_inputs_of_a_dead_industry_raise():
    with pytest.raises(ValueFault, match=r"position 1 \(from 0\)"):
        algebra.Leontief(A, [True, False])


@pytest.mark.parametrize("leak", [0.0, 1e-15])
def test_closed_block_is_named(leak):
    wide = np.zeros((5, 5))
    wide[np.ix_([1, 3], [1, 3])] = [[0.5, 0.7], [0.5, 0.3 - leak]]
    wide[0, 4] = wide[2, 0] = 0.4
    with pytest.raises(NumericalError, match=r"positions 1, 3 .*condition") as caught:
        algebra.Leontief(wide)
    assert len(str(caught.value)) < 300
    assert caught.value.exit_code == 3


def test_a_large_but_sound_condition_passes():
    leontief = algebra.Leontief([[0.5, 0.5], [0.5, 0.5 - 1e-9]])
    assert leontief.condition > 1e9


def test_spectral_radius_above_one_has_no_answer():
    with pytest.raises(NumericalError, match="spectral radius at least 1"):
        algebra.Leontief([[0.2, 0.9], [1.5, 0.1]])


def test_column_sum_above_one_alone_is_fine():
    assert algebra.Leontief([[0.0, 1.4], [0.1, 0.0]]).inverse.min() > 0


def test_negative_coefficients_are_solved():
    signed = np.array([[0.2, -0.1], [0.3, 0.1]])
    expected = np.linalg.inv(np.eye(2) - signed)
    assert_allclose(algebra.Leontief(signed).inverse, expected, rtol=1e-14)


@pytest.mark.parametrize(
    "bad", [np.zeros((0, 0)), np.zeros((2, 3)), np.zeros(3), [["a"]], [[np.nan]], [[np.inf]]]
)
def test_bad_matrices_raise(bad):
    with pytest.raises(InputError):
        algebra.Leontief(bad)


def test_threads_share_one_inverse(monkeypatch):
    leontief = algebra.Leontief(np.full((40, 40), 0.02))
    start = threading.Barrier(8)
    seen: list[int] = []
    solves: list[int] = []
    inverted = algebra.Leontief._inverted

    def slowly(self):
        solves.append(1)
        time.sleep(0.02)
        return inverted(self)

    monkeypatch.setattr(algebra.Leontief, "_inverted", slowly)

    def ask() -> None:
        start.wait()
        seen.append(id(leontief.inverse))

    workers = [threading.Thread(target=ask) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert len(solves) == 1


# scipy's getrs shifts the pivots it is given in place while other threads run: with shared pivots
# the process aborts or answers are wrong, hence the child process.
SOLVE_TOGETHER = """
import os
import subprocess
import sys
import threading
import numpy as np
from servio import algebra

rng = np.random.default_rng(2)
leontief = algebra.Leontief(rng.random((60, 60)) / 60)
demand = rng.random((60, 60))
forward, transposed = leontief.solve(demand), leontief.solve_transposed(demand)
wrong = []

def ask():
    for _ in range(100):
        if not np.allclose(leontief.solve(demand), forward, rtol=1e-12):
            wrong.append("forward")
        if not np.allclose(leontief.solve_transposed(demand), transposed, rtol=1e-12):
            wrong.append("transposed")

workers = [threading.Thread(target=ask) for _ in range(8)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
raise SystemExit(len(wrong))
"""


def test_threads_solve_together():
    done = subprocess.run(
        [sys.executable, "-c", SOLVE_TOGETHER],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-500:]


def test_one_or_two_blas_threads_agree():
    rng = np.random.default_rng(1)
    n = 300
    flows = rng.random((n, n)) / n
    y = rng.random(n)
    answers = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            leontief = algebra.Leontief(flows)
            x = leontief.solve(y)
            answers.append(
                np.vstack([leontief.inverse, x, algebra.extraction_losses(leontief, x).sum(axis=0)])
            )
    assert_allclose(answers[0], answers[1], rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_diagonal_blocks_are_those_of_the_inverse_whatever_rows_were_exchanged(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A = rng.uniform(-1.0, 1.0, (12, 12)) * rng.uniform(0.0, 2.0, 12)
    groups = [[3, 1, 7], [0], [2, 4, 5, 6, 8, 9, 10, 11], []]
    leontief = algebra.Leontief(A)
    inverse = np.linalg.inv(np.eye(12) - A)
    for found, at in zip(leontief.diagonal_blocks(groups), groups, strict=True):
        np.testing.assert_allclose(found, inverse[np.ix_(at, at)], rtol=1e-9, atol=1e-9)
    known = leontief.inverse
    for found, at in zip(leontief.diagonal_blocks(groups), groups, strict=True):
        assert np.array_equal(found, known[np.ix_(at, at)])
