"""Straight lines through many series of the same times at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

__all__ = ["Lines", "lines"]

Array = npt.NDArray[np.float64]
HIGHEST = 0.95


@dataclass(frozen=True, eq=False)
class Lines:
    """Least squares on an intercept and time, one row a series.

    Parameters
    ----------
    slope, std_error, half : array (k,)
        Per unit of time; `half` is half the width of the interval.
    weights : array (n,)
        Of the values in the slope, ``slope = Y @ weights``.
    residuals : array (k, n)
    """

    slope: Array
    std_error: Array
    half: Array
    weights: Array
    residuals: Array


def lines(t: Array, Y: Array, level: float) -> Lines:
    """Slopes of the rows of Y, shape (k, n), on times t with errors for first-order persistence.

    The variance is ``s2 w'Vw`` with w the weights, ``V_tu = r^|t - u|`` and
    ``s2 = e'e / tr(MV)``, r of each row as in `_persistence`; t with n - 2 degrees of freedom.
    """
    n = len(t)
    centred = t - t.mean()
    weights = centred / (centred @ centred)
    slope = Y @ weights
    e = Y - Y.mean(axis=1, keepdims=True) - slope[:, None] * centred
    apart = np.abs(np.subtract.outer(t, t))
    maker = np.eye(n) - 1.0 / n - np.outer(centred, weights)
    distances, place = np.unique(apart, return_inverse=True)
    powers = _persistence(t, e)[:, None] ** distances
    count = len(distances)
    trace = powers @ np.bincount(place.ravel(), maker.ravel(), count)
    spread = powers @ np.bincount(place.ravel(), np.outer(weights, weights).ravel(), count)
    error = np.sqrt((e**2).sum(axis=1) / trace * spread)
    half = float(scipy.stats.t.ppf((1 + level) / 2, n - 2)) * error
    return Lines(slope, error, half, weights, e)


def _persistence(t: Array, e: Array) -> Array:
    """Correlation of residuals with the time before, plus its bias beside a line, 0 to 0.95."""
    next_to = np.flatnonzero(np.diff(t) == np.diff(t).min())
    total = (e**2).sum(axis=1)
    together = (e[:, next_to + 1] * e[:, next_to]).sum(axis=1)
    r = np.divide(together, total, out=np.zeros_like(total), where=total > 0)
    found = np.clip(r + (2 + 4 * r) / len(t), 0.0, HIGHEST)
    return np.where(total > 0, found, 0.0)
