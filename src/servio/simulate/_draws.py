"""Draws of parameters: the root of a covariance that makes them, the ends they have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["interval_ends", "root"]

Array = npt.NDArray[np.float64]


def interval_ends(values: Array, level: float) -> tuple[Array, Array]:
    """Percentiles along the last axis that take infinities as they are."""
    tail = 50 * (1 - level)
    lower = np.percentile(values, tail, axis=-1, method="lower")
    upper = np.percentile(values, 100 - tail, axis=-1, method="higher")
    return lower, upper


def root(covariance: Array) -> Array:
    """A root of a covariance, also where parameters are of very different size."""
    size = np.sqrt(np.diag(covariance))
    size[size == 0] = 1.0
    values, vectors = np.linalg.eigh(covariance / np.outer(size, size))
    return np.asarray(size[:, None] * vectors * np.sqrt(np.maximum(values, 0.0)))
