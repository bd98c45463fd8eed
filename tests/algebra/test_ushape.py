"""The U test against a textbook regression by loops and scipy's distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from servio import algebra
from servio.errors import NumericalError, ValueFault


@pytest.mark.parametrize("weighted", [False, True])
def test_textbook_regression(weighted):
    rng = np.random.default_rng(1)
    x = rng.uniform(1, 7, 40)
    y = 2 + 0.15 * (x - 4) ** 2 + rng.normal(0, 0.8, 40)
    w = rng.uniform(0.2, 3, 40) if weighted else np.ones(40)
    X = np.column_stack([np.ones(40), x, x**2])
    gram = X.T @ (w[:, None] * X)
    beta = np.linalg.solve(gram, X.T @ (w * y))
    errors = y - X @ beta
    cov = np.linalg.inv(gram) * (w @ errors**2) / 37
    found = algebra.lind_mehlum(x, y, w if weighted else None)
    assert [found.intercept, found.linear, found.quadratic] == pytest.approx(list(beta), rel=1e-8)
    assert found.vertex == pytest.approx(-beta[1] / (2 * beta[2]))
    ps = []
    for end, slope, t, sign in ((x.min(), found.slope_low, found.t_low, 1),
                                (x.max(), found.slope_high, found.t_high, -1)):  # fmt: skip
        d = np.array([0, 1, 2 * end])
        assert slope == pytest.approx(d @ beta, rel=1e-8)
        assert t == pytest.approx(d @ beta / np.sqrt(d @ cov @ d), rel=1e-6)
        ps.append(stats.t.cdf(sign * t, 37))
    assert found.p_value == pytest.approx(max(ps), rel=1e-6)
    assert found.observations == 40


def test_a_curve_that_only_falls_is_no_u():
    x = np.linspace(1, 4, 12)
    falling = algebra.lind_mehlum(x, (x - 5) ** 2 + 0.01 * np.cos(9 * x))
    assert falling.quadratic > 0 and falling.vertex > 4 and falling.p_value == 1.0
    assert algebra.lind_mehlum(x, -((x - 2.5) ** 2)).p_value == 1.0


def test_an_exact_u_is_certain():
    x = np.arange(8.0)
    found = algebra.lind_mehlum(x, (x - 3) ** 2)
    assert found.vertex == pytest.approx(3) and found.p_value < 1e-12


def test_too_little_to_tell_is_refused():
    with pytest.raises(ValueFault, match="at least 4"):
        algebra.lind_mehlum([1, 2, 3], [1, 2, 3])
    with pytest.raises(ValueFault, match="weights"):
        algebra.lind_mehlum([1, 2, 3, 4], [1, 2, 3, 4], [1, 1, 1, 0])
    with pytest.raises(NumericalError, match="three different"):
        algebra.lind_mehlum([1, 1, 2, 2, 2], [1, 2, 3, 4, 5])
