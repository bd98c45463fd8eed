"""Many small systems solved at once, each known by its products only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from servio.algebra._check import Array, Mask, Positions
from servio.errors import NumericalError

__all__ = ["solve_blocks"]

EXACT = 1e-15
ENOUGH = 1e-12
MOST_STEPS = 60


def solve_blocks(apply: Callable[[Array], Array], right: Array, starts: Positions) -> Array:
    r"""Solve :math:`(I + K_s) z_s = f_s` for every block s together.

    GMRES in step for all blocks: one product a step serves all of them, and a few steps reach
    rounding because K, what comes back home from abroad, is small.

    Parameters
    ----------
    apply : callable
        Maps stacked vectors (n,) to the stacked ``K_s z_s``.
    right : (n,) array
        The stacked right-hand sides.
    starts : (G + 1,) integer array
        Where each block begins.

    Returns
    -------
    (n,) array

    Raises
    ------
    NumericalError
        No solution to 12 digits in 60 steps.

    References
    ----------
    Saad, Y. and Schultz, M. H. (1986), SIAM J. Sci. Stat. Comput. 7(3): 856-869.

    Examples
    --------
    >>> half = lambda z: 0.5 * z
    >>> solve_blocks(half, np.array([3.0, 1.5, 6.0]), np.array([0, 1, 3])).round(12).tolist()
    [2.0, 1.0, 4.0]
    """
    sizes = np.diff(starts)
    scale = _norms(right, starts)
    basis = [_scaled(right, scale, sizes)]
    H = np.zeros((len(sizes), MOST_STEPS + 1, MOST_STEPS))
    before = np.inf
    for step in range(MOST_STEPS):
        new = basis[step] + apply(basis[step])
        for k, old in enumerate(basis):
            H[:, k, step] = np.add.reduceat(old * new, starts[:-1])
            new = new - np.repeat(H[:, k, step], sizes) * old
        H[:, step + 1, step] = _norms(new, starts)
        basis.append(_scaled(new, H[:, step + 1, step], sizes))
        weights, left = _least_squares(H[:, : step + 2, : step + 1], scale > 0)
        if left <= EXACT or (left <= ENOUGH and left >= before / 2):
            break
        before = left
    else:
        if left > ENOUGH:
            raise NumericalError(
                "exports that return in a country's own exports",
                found=f"an error of {left:.1e} after {MOST_STEPS} steps",
                expected="a share of exports below one",
                remedy="Check the coefficients of small countries with large transit trade.",
            )
    parts = (np.repeat(scale * weights[:, k], sizes) * basis[k] for k in range(weights.shape[1]))
    return np.asarray(sum(parts), dtype=np.float64)


def _norms(values: Array, starts: Positions) -> Array:
    found: Array = np.sqrt(np.add.reduceat(values * values, starts[:-1]))
    return found


def _scaled(values: Array, by: Array, sizes: Positions) -> Array:
    found: Array = values * np.repeat(
        np.divide(1.0, by, out=np.zeros_like(by), where=by > 0), sizes
    )
    return found


def _least_squares(H: Array, asked: Mask) -> tuple[Array, float]:
    """Weights (G, k) of ``min || e_1 - H w ||`` and the largest remainder of blocks asked for."""
    weights = np.asarray(np.linalg.pinv(H)[:, :, 0], dtype=np.float64)
    rest = -np.einsum("gik,gk->gi", H, weights)
    rest[:, 0] += 1.0
    return weights, float(np.sqrt((rest * rest).sum(axis=1))[asked].max(initial=0.0))
