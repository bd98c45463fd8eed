"""Is a relation U-shaped? The test of Lind and Mehlum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from servio.algebra._check import Array, vector
from servio.errors import NumericalError, ValueFault

__all__ = ["UShape", "lind_mehlum"]

LEAST = 4


@dataclass(frozen=True)
class UShape:
    """A fitted parabola ``y = a + b x + c x^2`` and the test that it is a U inside the data.

    Parameters
    ----------
    intercept, linear, quadratic : float
        a, b and c.
    vertex : float
        ``-b / (2 c)``, where y is lowest if c is positive.
    slope_low, slope_high : float
        Slopes at the smallest and at the largest x.
    t_low, t_high : float
        Their t values.
    p_value : float
        Level at which "no U shape" is rejected: the larger of the two one-sided tests that y
        falls at the smallest x and rises at the largest; 1 where a slope has the wrong sign.
    observations : int
    """

    intercept: float
    linear: float
    quadratic: float
    vertex: float
    slope_low: float
    slope_high: float
    t_low: float
    t_high: float
    p_value: float
    observations: int


def lind_mehlum(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> UShape:
    r"""Fit a parabola by (weighted) least squares and test for a U shape.

    A positive quadratic term is not enough: y must fall at the smallest x,
    :math:`b + 2 c x_{min} < 0`, and rise at the largest, :math:`b + 2 c x_{max} > 0`. Each is
    tested one-sided with :math:`n - 3` degrees of freedom; both must be rejected to call it a U.

    Parameters
    ----------
    x, y : (n,) arrays
        At least four observations with three different x.
    weights : (n,) array, optional
        Positive weights of the squared errors; equal ones when absent. Only their ratios matter.

    Returns
    -------
    UShape

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.
    ValueFault
        Fewer than four observations, or a weight that is not positive.
    NumericalError
        Fewer than three different x.

    Notes
    -----
    Identity: weighted residuals add up to zero, alone and times x and x squared. Errors are taken
    as independent with variance inverse to the weight.

    References
    ----------
    Lind, J. T. and Mehlum, H. (2010), With or without U? The appropriate test for a U-shaped
    relationship, Oxford Bulletin of Economics and Statistics 72, 109-118 (not re-read); the
    intersection-union test of Sasabuchi (1980).

    Examples
    --------
    >>> found = lind_mehlum([0, 1, 2, 3, 4], [4.1, 1.0, 0.1, 0.9, 4.0])
    >>> round(found.vertex, 3), round(found.quadratic, 3), found.p_value < 0.001
    (2.015, 1.007, True)
    """
    at, value = vector("x", x), vector("y", y)
    size = np.ones(len(at)) if weights is None else vector("weights", weights, len(at))
    if len(at) < LEAST or not (size > 0).all():
        raise ValueFault(
            "observations",
            found=f"{len(at)} with weights from {size.min(initial=np.inf):.3g}",
            expected=f"at least {LEAST} with positive weights",
            remedy="Leave out observations without weight, or take more.",
        )
    value = vector("y", value, len(at))
    centre, spread = float(np.average(at, weights=size)), float(np.ptp(at))
    z = (at - centre) / (spread or 1.0)
    root = np.sqrt(size / size.mean())
    Q, R = np.linalg.qr(root[:, None] * np.column_stack([np.ones_like(z), z, z * z]))
    if not np.abs(np.diag(R)).min() > 1e-10 * np.abs(R).max():
        raise NumericalError("x", found="fewer than three different values",
                             expected="a range of x", remedy="Take more observations.")  # fmt: skip
    beta = np.linalg.solve(R, Q.T @ (root * value))
    errors = root * value - root * (beta[0] + beta[1] * z + beta[2] * z * z)
    half = np.linalg.inv(R)
    covariance = half @ half.T * (float(errors @ errors) / (len(at) - 3))
    slopes, ts = zip(*(_slope(beta, covariance, end) for end in (z.min(), z.max())), strict=True)
    p_low = float(stdtr(len(at) - 3, ts[0]))
    p_high = float(stdtr(len(at) - 3, -ts[1]))
    wrong = slopes[0] >= 0 or slopes[1] <= 0
    c = float(beta[2]) / spread**2
    b = float(beta[1]) / spread - 2 * c * centre
    a = float(beta[0] - beta[1] * centre / spread) + c * centre**2
    return UShape(
        a, b, c, -b / (2 * c) if c else float("nan"), slopes[0] / spread, slopes[1] / spread,
        ts[0], ts[1], 1.0 if wrong else max(p_low, p_high), len(at),
    )  # fmt: skip


def _slope(beta: Array, covariance: Array, end: float) -> tuple[float, float]:
    """Slope of the parabola at a point and its t value; infinite where the fit is exact."""
    direction = np.array([0.0, 1.0, 2.0 * end])
    slope = float(direction @ beta)
    variance = float(direction @ covariance @ direction)
    if variance > 0:
        return slope, slope / float(np.sqrt(variance))
    return slope, float(np.copysign(np.inf, slope))
