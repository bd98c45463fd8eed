"""Random numbers of the model world: one stream a part, normal noise cut at three."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["bounded", "lognormal", "streams"]

Array = npt.NDArray[np.float64]
_STREAMS = ("economies", "recipes", "modes", "trade", "demand", "dynamics", "noise", "panel")


def streams(seed: int) -> dict[str, np.random.Generator]:
    """One stream of random numbers a part, so that parts don't disturb each other."""
    children = np.random.SeedSequence(seed).spawn(len(_STREAMS))
    return {
        n: np.random.Generator(np.random.PCG64(s)) for n, s in zip(_STREAMS, children, strict=True)
    }


def bounded(rng: np.random.Generator, like: Array) -> Array:
    """Standard normal noise cut at three, with the shape of `like`."""
    return np.clip(rng.standard_normal(like.shape), -3.0, 3.0)


def lognormal(rng: np.random.Generator, sd: float, *shape: int) -> Array:
    """Factors round one; their logs are normal noise cut at three."""
    values: Array = np.exp(sd * np.clip(rng.standard_normal(shape), -3.0, 3.0))
    return values
