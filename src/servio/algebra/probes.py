"""Fixed combinations of many vectors, enough to see an error in any of them."""

from __future__ import annotations

import numpy as np

from servio.algebra._check import Array

__all__ = ["probes"]

MOST = 4
SEED = 20091


def probes(size: int) -> Array:
    """Weights of a few combinations by which `size` linear equations are checked together.

    An identity such as ``(I - A) X = Y`` for many columns holds if it holds for combinations of
    them: an error of any column is in each combination, but for chance of measure zero. A product
    with a few vectors takes the place of one with all.

    Parameters
    ----------
    size : int
        Number of vectors.

    Returns
    -------
    (size, m) array
        Standard normal weights of a fixed seed, the same in every call, m = 4; the identity
        where there are no more than four vectors.

    References
    ----------
    Freivalds, R. (1977), Probabilistic machines can use less running time, IFIP Congress.

    Examples
    --------
    >>> probes(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    >>> probes(100).shape
    (100, 4)
    """
    if size <= MOST:
        return np.eye(size)
    return np.random.default_rng(SEED).standard_normal((size, MOST))
