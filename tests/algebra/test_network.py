"""Hubs by definition: every shortest chain counted, every fixed point solved."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

from servio import algebra
from servio.algebra import network
from servio.errors import NumericalError, UsageError


def linked(seed, n=9):
    rng = np.random.default_rng(seed)
    A = rng.random((n, n)) * (rng.random((n, n)) < 0.3)
    return A * 0.7 / np.maximum(A.sum(axis=0), 0.5)


def shortest(links, s):
    """Distance from s and number of shortest chains to each node, by breadth-first search."""
    n = len(links)
    far, count, queue = np.full(n, -1), np.zeros(n), deque([s])
    far[s], count[s] = 0, 1
    while queue:
        i = queue.popleft()
        for j in np.flatnonzero(links[i]):
            if far[j] < 0:
                far[j] = far[i] + 1
                queue.append(j)
            if far[j] == far[i] + 1:
                count[j] += count[i]
    return far, count


@pytest.mark.parametrize("seed", range(6))
def test_betweenness_counts_every_shortest_chain(seed, monkeypatch):
    monkeypatch.setattr(network, "SOURCES", 4)
    A = linked(seed)
    links, n = A > 0.05, len(A)
    np.fill_diagonal(links, False)
    far, count = map(np.array, zip(*(shortest(links, s) for s in range(n)), strict=True))
    expected, inner = np.zeros(n), 0.0
    for s in range(n):
        for t in range(n):
            if s == t or far[s, t] < 0:
                continue
            inner += far[s, t] - 1
            for i in set(range(n)) - {s, t}:
                if far[s, i] >= 0 and far[i, t] >= 0 and far[s, i] + far[i, t] == far[s, t]:
                    expected[i] += count[s, i] * count[i, t] / count[s, t]
    found = algebra.betweenness(A, 0.05) * (n - 1) * (n - 2)
    assert found == pytest.approx(expected, abs=1e-12)
    assert found.sum() == pytest.approx(inner)


@pytest.mark.parametrize("seed", range(4))
def test_fixed_points_are_solutions(seed):
    A = linked(seed)
    A[:, 2] = 0.0
    n, sums = len(A), A.sum(axis=0)
    W = A / np.where(sums > 0, sums, 1)
    expected = np.linalg.solve(np.eye(n) - 0.6 * W, np.full(n, 0.4 / n))
    assert algebra.influence_vector(A, 0.4) == pytest.approx(expected, rel=1e-12)
    full = W.copy()
    full[:, sums == 0] = 1 / n
    expected = np.linalg.solve(np.eye(n) - 0.85 * full, np.full(n, 0.15 / n))
    assert algebra.pagerank(A) == pytest.approx(expected, rel=1e-12)
    assert algebra.pagerank(A).sum() == pytest.approx(1.0, abs=1e-12)


def test_a_star_is_its_centre():
    # Acemoglu et al. (2012): one supplier of all others has influence of order one.
    n, A = 10, np.zeros((10, 10))
    A[0] = 0.5
    found = algebra.influence_vector(A, 0.5)
    assert found[0] == pytest.approx(0.5 / n + 0.5) and found[1:] == pytest.approx(0.5 / n)
    assert found.sum() == pytest.approx(1.0)


def test_what_has_no_meaning_is_refused(monkeypatch):
    with pytest.raises(UsageError, match="below zero"):
        algebra.pagerank([[0.1, -0.1], [0.2, 0.3]])
    with pytest.raises(UsageError, match="alpha"):
        algebra.influence_vector([[0.1]], 1.0)
    monkeypatch.setattr(network, "ROUNDS", 3)
    with pytest.raises(NumericalError, match="convergence"):
        algebra.pagerank([[0.1, 0.3], [0.2, 0.3]])
