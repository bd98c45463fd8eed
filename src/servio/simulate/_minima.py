"""The lowest minimum of all starts for series that share their times, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from servio.errors import NumericalError
from servio.simulate._least import Minimum, minimise, paths
from servio.simulate._series import Errors, Frame

__all__ = [
    "PERFECT",
    "SUBSTEPS",
    "Raw",
    "geometric_means",
    "lowest_minimum",
    "only",
    "raw_estimate",
    "species_weights",
    "start_values",
]

Array = npt.NDArray[np.float64]

SUBSTEPS = 4
MOST_SUBSTEPS = 64
FINE = 1e-10
FINE_SHARE = 0.01
"""Error of a solution, in logarithms and as a share of residuals, that is small enough."""
PERFECT = 1e-8
REWEIGHTINGS = 2
TRIALS = 40
"""Iterations from each start; the best goes on."""


def geometric_means(x: Array, errors: Errors) -> Array:
    """Geometric means over time; of all species where residuals of levels are to be compared."""
    means = np.log(x).mean(axis=0)
    if errors == "additive":
        means = np.broadcast_to(means.mean(axis=0), means.shape)
    return np.asarray(np.exp(means))


def start_values(t: Array, u: Array) -> list[Array]:
    """Starting values (p, b): growth on levels before, at mid-interval, and on own ones only."""
    n = u.shape[1]
    growth = np.diff(np.log(u), axis=0) / np.diff(t)[:, None, None]
    middle = (u[1:] + u[:-1]) / 2
    found = []
    for levels, own in ((u[:-1], False), (middle, False), (middle, True)):
        theta = np.zeros((2 * n + n * n, u.shape[2]))
        theta[:n] = np.log(u[0])
        for b in range(u.shape[2]):
            for i in range(n):
                chosen = [i] if own else list(range(n))
                X = np.column_stack([np.ones(len(growth)), levels[:, chosen, b]])
                c = np.linalg.lstsq(X, growth[:, i, b], rcond=None)[0]
                theta[n + i, b] = c[0]
                theta[2 * n + i * n + np.array(chosen), b] = c[1:]
        found.append(theta)
    return found


def lowest_minimum(t: Array, u: Array, starts: list[Array], frame: Frame) -> tuple[Minimum, int]:
    """The lowest minimum from all starts, weighted by variances, on steps that are fine enough."""
    b, k = u.shape[2], len(starts)
    repeated = np.concatenate([u] * k, axis=2)
    tried = minimise(t, repeated, np.hstack(starts), np.ones(repeated.shape[1:]), SUBSTEPS,
                     levels=frame.errors == "additive", iterations=TRIALS)  # fmt: skip
    cost = np.where(tried.converged, tried.cost, np.inf).reshape(k, b)
    cost = np.where(np.isfinite(cost).any(axis=0), cost, tried.cost.reshape(k, b))
    chosen = np.argmin(cost, axis=0) * b + np.arange(b)
    theta, steps = tried.theta[:, chosen], SUBSTEPS
    found = _weighted(t, u, theta, steps, frame)
    while True:
        finer = paths(t, found.theta, u.shape[1], 2 * steps, slopes=False)[0]
        with np.errstate(invalid="ignore"):
            wrong = np.abs(finer - found.path).max(axis=(0, 1))
            size = np.sqrt(((np.log(u) - found.path) ** 2).mean(axis=(0, 1)))
        rough = np.flatnonzero(~(wrong <= np.maximum(FINE_SHARE * size, FINE)))
        if not rough.size or 2 * steps > MOST_SUBSTEPS:
            return found, steps
        steps *= 2
        better = _weighted(t, u[..., rough], found.theta[:, rough], steps, frame)
        for name in (field.name for field in fields(Minimum)):
            getattr(found, name)[..., rough] = getattr(better, name)


def _weighted(t: Array, u: Array, theta: Array, steps: int, frame: Frame) -> Minimum:
    """Least squares, then again with each species weighted by its own variance."""
    levels = frame.errors == "additive"
    found = minimise(t, u, theta, np.ones(u.shape[1:]), steps, levels=levels)
    for _ in range(REWEIGHTINGS if frame.variance == "own" else 0):
        again = minimise(t, u, found.theta, species_weights(u, found, frame), steps, levels=levels)
        found = replace(again, iterations=found.iterations + again.iterations)
    return found


def species_weights(u: Array, found: Minimum, frame: Frame) -> Array:
    """One over the standard deviation of each species' residuals, relative to the smallest."""
    size = np.sqrt((_residuals(u, found.path, frame.errors) ** 2).mean(axis=0))
    if frame.variance == "common":
        return np.ones_like(size)
    smallest = size.min(axis=0)
    usable = np.isfinite(size).all(axis=0) & (smallest > PERFECT * size.max(axis=0))
    usable &= smallest > PERFECT
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(usable, smallest / size, 1.0)


def _residuals(u: Array, path: Array, errors: Errors) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        if errors == "additive":
            return np.asarray(u - np.exp(path))
        return np.asarray(np.log(u) - path)


def only(found: Minimum, b: int) -> Minimum:
    """The minimum of one series."""
    return Minimum(*(getattr(found, field.name)[..., b : b + 1] for field in fields(Minimum)))


@dataclass(frozen=True)
class Raw:
    """A minimum in the units of the data, with its covariance."""

    place: str
    t: Array
    x: Array
    fitted: Array
    theta: Array
    covariance: Array
    sigma: Array
    df: float
    cost: float
    condition: float
    iterations: int
    gradient: float
    residuals: Array


def raw_estimate(
    place: str,
    t: Array,
    x: Array,
    u: Array,
    scale: Array,
    found: Minimum,
    frame: Frame,
    steps: int,
) -> Raw:
    """Estimate and covariance of one series from its minimum, checked."""
    size, n = u.shape
    p = len(found.theta)
    iterations, gradient = int(found.iterations[0]), float(found.gradient[0])
    if not found.converged[0] or not np.isfinite(found.cost[0]):
        raise NumericalError(
            place, found=f"no minimum after {iterations} iterations (gradient {gradient:.1e})",
            expected="least squares that converge",
            remedy="Take a longer series, or one that the equations can follow.",
        )  # fmt: skip
    finer = paths(t, found.theta, n, 2 * steps, slopes=False)[0]
    path, slope = found.path[..., 0], found.slope[..., 0]
    residuals = _residuals(u, path, frame.errors)
    wrong = float(np.abs(finer[..., 0] - path).max())
    if wrong > max(0.1 * float(np.sqrt((residuals**2).mean())), 1e-6):
        raise NumericalError(
            place, found=f"a solution that changes by {wrong:.1e} with half the step",
            expected="rates that the times of the series resolve",
            remedy="Take a series with shorter intervals.",
        )  # fmt: skip
    df = size - p / n
    variance = (residuals**2).sum(axis=0) / df
    if frame.variance == "common":
        variance[:], df = variance.mean(), n * df
    if frame.errors == "additive":
        slope = slope * np.exp(path)[:, :, None]
    weighted = (slope / np.sqrt(np.maximum(variance, 1e-300))[:, None]).reshape(size * n, p)
    length = np.sqrt((weighted**2).sum(axis=0))
    _, s, vt = np.linalg.svd(weighted / length, full_matrices=False)
    condition = float((s[0] / max(s[-1], 1e-300)) ** 2)
    if not condition < 1e24:
        raise NumericalError(
            place, found=f"parameters that can't be told apart (condition {condition:.1e})",
            expected="series in which both sizes change in their own way",
            remedy="Take a longer series, or other species.",
        )  # fmt: skip
    half = (vt.T / s) / length[:, None]
    covariance = half @ half.T
    # From units of the geometric means to those of the data.
    factor = np.concatenate([np.ones(2 * n), np.tile(1 / scale, n)])
    theta = found.theta[:, 0] * factor
    theta[:n] += np.log(scale)
    sigma = np.sqrt(variance) * (scale if frame.errors == "additive" else 1.0)
    return Raw(place, t, x, np.exp(path) * scale, theta, covariance * np.outer(factor, factor),
                sigma, df, float(found.cost[0]), condition, iterations, gradient,
                residuals)  # fmt: skip
