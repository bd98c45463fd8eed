"""The rule of modes on lines through evidence: directions, draws, decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from servio.explain._lines import lines
from servio.explain._mode_evidence import Array, Series

__all__ = [
    "KINDS",
    "LEAST",
    "MODES",
    "NAMES",
    "OPEN",
    "Fitted",
    "Signs",
    "decide",
    "draws_of",
    "fit",
    "rule_of",
]

Signs = npt.NDArray[np.int8]

MODES = ("alternative", "merging", "coexisting", "receding")
NAMES = (*MODES, "undetermined")
ALTERNATIVE, MERGING, COEXISTING, RECEDING, OPEN = range(5)
KINDS = ("purchased", "own_account", "secondary", "returned", "similarity")
LEAST = 5


@dataclass(frozen=True, eq=False)
class Fitted:
    """Lines of one definition: direction and draws are 0 where it is not given."""

    series: Series
    given: npt.NDArray[np.bool_]
    slope: Array
    std_error: Array
    half: Array
    relative: Array
    direction: Signs
    draws: Signs
    span: npt.NDArray[np.int64]


def fit(
    series: Series, t: Array, Y: Array, level: float, material: float, block: int, draws: int,
    seed: int,
) -> Fitted:  # fmt: skip
    """Lines through all series, those with values in the same years together."""
    k = len(Y)
    numbers = np.full((4, k), np.nan)
    direction, drawn = np.zeros(k, dtype=np.int8), np.zeros((k, draws), dtype=np.int8)
    span = np.zeros((k, 3), dtype=np.int64)
    patterns, which = np.unique(~np.isnan(Y), axis=0, return_inverse=True)
    for place, there in enumerate(patterns):
        if there.sum() < LEAST:
            continue
        rows, times = np.flatnonzero(which.ravel() == place), t[there]
        values = Y[np.ix_(rows, np.flatnonzero(there))]
        line = lines(times, values, level)
        scale = np.abs(values.mean(axis=1))
        least = np.maximum(line.half, material * scale)
        relative = np.divide(line.slope, scale, out=np.zeros_like(scale), where=scale > 0)
        numbers[:, rows] = line.slope, line.std_error, line.half, relative
        direction[rows] = _sign(line.slope, least)
        moved = line.residuals @ _resampled(times, line.weights, block, draws, seed)
        drawn[rows] = _sign(line.slope[:, None] + moved, least[:, None])
        span[rows] = len(times), times[0], times[-1]
    slope, error, half, relative = numbers
    given = span[:, 0] > 0
    return Fitted(series, given, slope, error, half, relative, direction, drawn, span)


def _sign(slope: Array, least: Array) -> Signs:
    """1 or -1 where the slope is beyond the least that counts, else 0."""
    found: Signs = np.where(np.abs(slope) > least, np.sign(slope), 0.0).astype(np.int8)
    return found


def _resampled(t: Array, weights: Array, block: int, draws: int, seed: int) -> Array:
    """What a residual adds to the slope in each draw of blocks of years, shape (n, draws)."""
    n = len(t)
    size = min(block, n)
    rng = np.random.default_rng([seed, *t.astype(np.int64)])
    starts = rng.integers(0, n - size + 1, (draws, -(-n // size)))
    taken = (starts[:, :, None] + np.arange(size)).reshape(draws, -1)[:, :n]
    found = np.zeros((draws, n))
    np.add.at(found, (np.arange(draws)[:, None], taken), weights)
    scaled: Array = found.T * np.sqrt(n / (n - 2))
    return scaled


def rule_of(chosen: Mapping[str, Fitted]) -> npt.NDArray[np.intp]:
    """Modes by what is given; undetermined where purchases rise and outputs are not known."""
    bought = chosen["purchased"]
    none = np.zeros_like(bought.direction)
    found = decide(*(chosen[k].direction if k in chosen else none for k in KINDS))
    outputs = np.zeros(len(none), dtype=bool)
    for kind in ("secondary", "returned"):
        if kind in chosen:
            outputs |= chosen[kind].given
    found[(bought.direction > 0) & ~outputs] = OPEN
    return found


def draws_of(fitted: Fitted | None, unknown: Signs) -> Signs:
    """Directions in each draw; any direction where the evidence is missing."""
    if fitted is None:
        return unknown
    return np.where(fitted.given[:, None], fitted.draws, unknown)


def decide(P: Signs, H: Signs, made: Signs, R: Signs, S: Signs) -> npt.NDArray[np.intp]:
    """The rule of `modes` on directions of the five kinds of evidence, any shape."""
    rising = (made > 0).astype(np.int8) + (R > 0)
    one, both, more = rising == 1, rising == 2, P > 0
    replaced, alike = H < 0, S > 0
    found = np.full(P.shape, COEXISTING, dtype=np.intp)
    found[more & (rising == 0) & (H <= 0)] = ALTERNATIVE
    found[more & one & replaced & ~alike] = ALTERNATIVE
    found[more & one & alike & ~replaced] = MERGING
    found[both] = MERGING
    found[P < 0] = RECEDING
    return found
