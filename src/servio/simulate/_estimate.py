"""Fits of series that share their times: parameters, intervals, doubts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import ServioError
from servio.simulate._least import minimise
from servio.simulate._minima import (
    PERFECT,
    Raw,
    geometric_means,
    lowest_minimum,
    only,
    raw_estimate,
    species_weights,
    start_values,
)
from servio.simulate._parameters import parameter_names, reported, restored, sensitivities
from servio.simulate._results import ILL_CONDITIONED, SymbiosisFit, no_capacity
from servio.simulate._series import SHORT, Frame
from servio.simulate.symbiosis import LotkaVolterra

__all__ = ["fit_group"]

Array = npt.NDArray[np.float64]

STRAIGHT = 0.99
"""Share of the variance of logarithms on a straight line above which a series only trends."""
WIDE = 0.5
"""Half an interval of d that leaves open what it is: then K_i and d_ij stand for one another."""
FAST = 1.0
"""Rate a year beyond which a sector of an economy does not grow or shrink."""
CORRELATED = 2.0
"""Lag-one correlation of residuals times the root of their number that chance seldom exceeds."""


def fit_group(
    t: Array, x: Array, entities: tuple[str, ...], frame: Frame
) -> list[SymbiosisFit | ServioError]:
    """Fits of series (t, n, b) that share their times."""
    scale = geometric_means(x, frame.errors)
    u = x / scale
    starts = start_values(t, u)
    best, steps = lowest_minimum(t, u, starts, frame)
    n = x.shape[1]
    alone = np.concatenate([np.ones(2 * n, dtype=np.bool_), np.eye(n, dtype=np.bool_).ravel()])
    weights = species_weights(u, best, frame)
    restricted = minimise(t, u, starts[-1], weights, steps, levels=frame.errors == "additive",
                          free=alone).cost  # fmt: skip
    found: list[SymbiosisFit | ServioError] = []
    for b, entity in enumerate(entities):
        place = f"symbiosis of {entity}" if entity else "symbiosis"
        try:
            one = raw_estimate(
                place, t, x[..., b], u[..., b], scale[:, b], only(best, b), frame, steps
            )
            found.append(_finished(one, entity, float(restricted[b]), weights[:, b], frame))
        except ServioError as error:
            found.append(error)
    return found


def _finished(
    raw: Raw, entity: str, restricted: float, weights: Array, frame: Frame
) -> SymbiosisFit:
    n, size = len(frame.names), len(raw.t)
    model = LotkaVolterra(frame.names, raw.theta[n : 2 * n], raw.theta[2 * n :].reshape(n, n),
                          frame.unit, frame.time_unit, "estimated")  # fmt: skip
    working = reported(raw.theta[:, None], n)[:, 0]
    working[~np.isfinite(working)] = np.nan
    G = sensitivities(raw.theta, n)
    spread = np.sqrt(np.einsum("qp,pr,qr->q", G, raw.covariance, G))
    spread[np.isnan(working)] = np.nan
    half = float(scipy.stats.t.ppf((1 + frame.level) / 2, raw.df)) * spread
    names, units, logs = parameter_names(frame.names, frame.unit, frame.time_unit)
    values = restored(working, logs)
    q = n * (n - 1)
    rest = n * size - len(raw.theta)
    cost = float(((raw.residuals * weights) ** 2).sum())
    f = _interaction_f(restricted, cost, q, rest)
    identified = raw.condition <= ILL_CONDITIONED and not np.isnan(model.capacities).any()
    return SymbiosisFit(
        entity, model, raw.t, raw.x, raw.fitted, names, units, values,
        np.where(logs, values * spread, spread),
        restored(working - half, logs), restored(working + half, logs), frame.level,
        f"delta method, t with {raw.df:g} degrees of freedom", raw.theta, raw.covariance,
        raw.sigma, raw.df, frame.errors, frame.variance, raw.condition, raw.iterations,
        raw.gradient, f,
        float(scipy.stats.f.sf(f, q, rest)) if q and identified else np.nan,
        _doubts(raw, model, values, half),
    )  # fmt: skip


def _interaction_f(restricted: float, cost: float, q: int, rest: int) -> float:
    """F of no interaction; nan of a species alone, which has none."""
    if not q:
        return float("nan")
    return max((restricted - cost) / q / (cost / rest), 0.0) if cost > 0 else float("inf")


def _doubts(raw: Raw, model: LotkaVolterra, values: Array, half: Array) -> tuple[str, ...]:
    """What makes an estimate doubtful, in words."""
    notes = []
    size, names = len(raw.t), model.names
    residual = float(np.sqrt((raw.residuals**2).mean()))
    if residual < PERFECT:
        notes.append("perfect fit: intervals have no width")
    if size < SHORT:
        notes.append(f"short: {size} times, fewer than {SHORT}; r, K and d are hardly identified")
    straight = _straightness(raw.t, np.log(raw.x))
    if (straight > STRAIGHT).all():
        notes.append(
            f"trending: straight lines hold {100 * straight.min():.1f} % of the variance of each "
            "logarithm or more; "
            + (
                "any two trends fit some interaction"
                if len(names) > 1
                else "growth that hardly slows says little of a capacity"
            )
        )
    if raw.condition > ILL_CONDITIONED:
        notes.append(f"a valley, no clear minimum: condition of J'J {raw.condition:.1e}")
    undefined = [name for name, K in zip(names, model.capacities, strict=True) if np.isnan(K)]
    if undefined:
        notes.append(no_capacity(undefined))
    n = len(names)
    wide = half[2 * n : 2 * n + n * (n - 1)].reshape(n, n - 1).max(axis=1, initial=0.0)
    traded = [f"{name} (±{w:.2g})" for name, w in zip(names, wide, strict=True) if w > WIDE]
    if traded:
        notes.append(f"d of {', '.join(traded)} is open: a larger K with a smaller d fits as well")
    if model.time_unit == "year":
        fast = [f"{name} ({r:.2g})" for name, r in zip(names, model.rates, strict=True)
                if abs(r) > FAST]  # fmt: skip
        if fast:
            notes.append(f"r of {', '.join(fast)} beyond {FAST:g} a year: no sector of an economy "
                         "grows or shrinks that fast")  # fmt: skip
    top = raw.x.max(axis=0)
    far = [name for i, name in enumerate(names) if values[n + i] > 10 * top[i]]
    if far:
        notes.append(f"capacity of {', '.join(far)} lies beyond ten times the largest value seen")
    e = raw.residuals - raw.residuals.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        lag = (e[1:] * e[:-1]).sum(axis=0) / (e**2).sum(axis=0)
    moved = [f"{name} {r:.2f}" for name, r in zip(names, lag, strict=True)
             if residual > PERFECT and r * np.sqrt(size) > CORRELATED]  # fmt: skip
    if moved:
        notes.append(f"residuals correlated with those before ({', '.join(moved)}): intervals are "
                     "too narrow")  # fmt: skip
    return tuple(notes)


def _straightness(t: Array, y: Array) -> Array:
    """R squared of a straight line in time, for each column."""
    X = np.column_stack([np.ones(len(t)), t - t.mean()])
    e = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    return np.asarray(1 - (e**2).sum(axis=0) / ((y - y.mean(axis=0)) ** 2).sum(axis=0))
