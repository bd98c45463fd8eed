"""Least squares on the solution of Lotka-Volterra equations, for many series at once.

Parameters are ``theta = (ln x0, r, A row by row)`` of ``d ln x_i / dt = r_i + sum_j a_ij x_j``: all
real, so no step leaves the positive orthant. The last axis of every array is the batch, series
that share their times. Derivatives are the variational equations, solved with the states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Minimum", "count", "minimise", "paths"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

ITERATIONS = 100
SMALL_STEP = 1e-7
SMALL_GAIN = 1e-6
"""Share of the sum of squares that a step may still win: a thousandth of a standard error or so."""
FREE_STEP = 0.01
"""Damping below which a step is nearly that of Gauss and Newton."""
NOTHING = 1e-26
"""Sum of squares, of residuals about one, that is rounding."""
LEAST_DAMPING = 1e-12
CHUNK = 1024


@dataclass(frozen=True)
class Minimum:
    """Where the sum of squares is least, for each series.

    Parameters
    ----------
    theta : array (p, b)
    path : array (t, n, b)
        Logarithms of the states.
    slope : array (t, n, p, b)
        Derivatives of `path`.
    cost : array (b,)
    gradient : array (b,)
        Largest cosine of the residuals with a column of the derivatives: 0 at a minimum.
    iterations : array (b,)
    converged : array (b,) of bool
    """

    theta: Array
    path: Array
    slope: Array
    cost: Array
    gradient: Array
    iterations: npt.NDArray[np.intp]
    converged: Mask


def count(n: int) -> int:
    """Number of parameters of n species: n starts, n rates, n^2 effects."""
    return 2 * n + n * n


def paths(
    times: Array, theta: Array, n: int, steps: int, *, slopes: bool = True
) -> tuple[Array, Array]:
    """Logarithms of states (t, n, b) and derivatives (t, n, p, b); Runge-Kutta of order 4."""
    p, b = theta.shape if slopes else (0, theta.shape[1])
    r = theta[n : 2 * n]
    A = theta[2 * n :].reshape(n, n, b)
    y = np.zeros((n, 1 + p, b))
    y[:, 0] = theta[:n]
    if slopes:
        y[range(n), range(1, n + 1)] = 1.0
    found = np.empty((len(times), n, 1 + p, b))
    found[0] = y
    with np.errstate(over="ignore", invalid="ignore"):
        for k, interval in enumerate(np.diff(times), start=1):
            h = interval / steps
            for _ in range(steps):
                k1 = _change(y, r, A, n)
                k2 = _change(y + (h / 2) * k1, r, A, n)
                k3 = _change(y + (h / 2) * k2, r, A, n)
                k4 = _change(y + h * k3, r, A, n)
                k2 += k3
                k2 *= 2.0
                k2 += k1
                k2 += k4
                k2 *= h / 6
                y = y + k2
            found[k] = y
    return found[:, :, 0], found[:, :, 1:]


def _change(y: Array, r: Array, A: Array, n: int) -> Array:
    """Derivative in time of logarithms (first column) and sensitivities (the others)."""
    x = np.exp(y[:, 0])
    B = A * x
    change = np.empty_like(y)
    for i in range(n):
        np.multiply(B[i, 0], y[0], out=change[i])
        for j in range(1, n):
            change[i] += B[i, j] * y[j]
        change[i, 0] = r[i] + B[i].sum(axis=0)
        if y.shape[1] == 1:
            continue
        change[i, 1 + n + i] += 1.0
        start = 1 + 2 * n + i * n
        change[i, start : start + n] += x
    return change


def minimise(
    times: Array,
    observed: Array,
    start: Array,
    weights: Array,
    steps: int,
    *,
    levels: bool = False,
    free: Mask | None = None,
    iterations: int = ITERATIONS,
) -> Minimum:
    """Levenberg-Marquardt from `start`, with the damping rule of Nielsen (1999).

    Parameters
    ----------
    times : array (t,)
    observed : array (t, n, b)
        States, above 0.
    start : array (p, b)
    weights : array (n, b)
        Of the residuals (not squared).
    steps : int
        Runge-Kutta steps between two times.
    levels : bool
        Residuals of levels instead of logarithms.
    free : array (p,) of bool, optional
        Parameters that move; all by default.
    iterations : int
        The most.

    Returns
    -------
    Minimum
    """
    moving = np.ones(len(start), dtype=np.bool_) if free is None else free
    parts = [
        _minimise(
            times, observed[..., s], start[:, s], weights[:, s], steps, levels, moving, iterations
        )
        for s in (slice(k, k + CHUNK) for k in range(0, start.shape[1], CHUNK))
    ]
    names = ("theta", "path", "slope", "cost", "gradient", "iterations", "converged")
    joined = (np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in names)
    return Minimum(*joined)


def _minimise(
    times: Array,
    observed: Array,
    start: Array,
    weights: Array,
    steps: int,
    levels: bool,
    free: Mask,
    most: int,
) -> Minimum:
    n, b = observed.shape[1], start.shape[1]
    theta = start.copy()
    path, slope = paths(times, theta, n, steps)
    slope[:, :, ~free] = 0.0
    residual, J = _residuals(observed, path, slope, weights, levels)
    cost = _cost(residual)
    damping, growth = np.full(b, 1e-3), np.full(b, 2.0)
    done = ~(np.isfinite(cost) & np.isfinite(J).all(axis=(0, 1, 2)))
    iterations = np.zeros(b, dtype=np.intp)
    converged = np.zeros(b, dtype=np.bool_)
    for _ in range(most):
        live = np.flatnonzero(~done)
        if not live.size:
            break
        H, g, scale = _normal(J[..., live], residual[..., live])
        step = _step(H, g, damping[live]) / scale
        trial = theta[:, live] + step
        new_path, new_slope = paths(times, trial, n, steps)
        new_slope[:, :, ~free] = 0.0
        new_residual, new_J = _residuals(
            observed[..., live], new_path, new_slope, weights[:, live], levels
        )
        new_cost = _cost(new_residual)
        scaled = step * scale
        predicted = (scaled * (damping[live] * scaled + g)).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            gain = (cost[live] - new_cost) / predicted
            usable = np.isfinite(new_cost) & np.isfinite(new_J).all(axis=(0, 1, 2))
            better = usable & (gain > 0)
            small = np.sqrt((scaled**2).sum(axis=0)) <= SMALL_STEP * np.sqrt(
                cost[live] + (np.abs(g).max(axis=0)) ** 2 + 1e-300
            )
            flat = predicted <= SMALL_GAIN * cost[live] + NOTHING
        taken = live[better]
        theta[:, taken] = trial[:, better]
        path[..., taken], slope[..., taken] = new_path[..., better], new_slope[..., better]
        residual[..., taken], J[..., taken] = new_residual[..., better], new_J[..., better]
        cost[taken] = new_cost[better]
        with np.errstate(over="ignore"):
            damping[taken] *= np.maximum(1 / 3, 1 - (2 * gain[better] - 1) ** 3)
            damping[taken] = np.maximum(damping[taken], LEAST_DAMPING)
            growth[taken] = 2.0
            lost = live[~better]
            damping[lost] *= growth[lost]
            growth[lost] *= 2.0
        iterations[live] += 1
        finished = (small & (damping[live] < 1e8)) | (flat & (damping[live] < FREE_STEP))
        converged[live[finished]] = True
        done[live[finished | (damping[live] > 1e20)]] = True
    return Minimum(theta, path, slope, cost, _cosine(J, residual), iterations, converged)


def _residuals(
    observed: Array, path: Array, slope: Array, weights: Array, levels: bool
) -> tuple[Array, Array]:
    """Weighted residuals (t, n, b) and derivatives of the fitted values (t, n, p, b)."""
    with np.errstate(over="ignore", invalid="ignore"):
        if levels:
            x = np.exp(path)
            return (observed - x) * weights, slope * (x * weights)[:, :, None]
        return (np.log(observed) - path) * weights, slope * weights[:, None]


def _cost(residual: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        cost: Array = (residual**2).sum(axis=(0, 1))
    return np.where(np.isfinite(cost), cost, np.inf)


def _normal(J: Array, residual: Array) -> tuple[Array, Array, Array]:
    """Scaled normal matrix (b, p, p), right side (p, b) and the scale of columns (p, b)."""
    t, n, p, b = J.shape
    flat = np.moveaxis(J.reshape(t * n, p, b), 2, 0)
    scale = np.sqrt((flat**2).sum(axis=1))
    scale[scale == 0] = 1.0
    flat = flat / scale[:, None]
    H = flat.transpose(0, 2, 1) @ flat
    g = (flat.transpose(0, 2, 1) @ residual.reshape(t * n, b).T[:, :, None])[:, :, 0]
    return H, g.T, scale.T


def _step(H: Array, g: Array, damping: Array) -> Array:
    damped = H + damping[:, None, None] * np.eye(H.shape[1])
    return np.asarray(np.linalg.solve(damped, g.T[:, :, None])[:, :, 0].T, dtype=np.float64)


def _cosine(J: Array, residual: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        g = np.abs((J * residual[:, :, None]).sum(axis=(0, 1)))
        length = np.sqrt((J**2).sum(axis=(0, 1)) * (residual**2).sum(axis=(0, 1)))
        return np.asarray(np.where(length > 0, g / length, 0.0).max(axis=0))
