"""From ``theta = (ln x0, r, a)`` to r, K, d, x0 and a, and back to numbers that are reported."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["parameter_names", "reported", "restored", "sensitivities"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def parameter_names(
    names: Sequence[str], unit: str, time_unit: str
) -> tuple[tuple[str, ...], tuple[str, ...], Mask]:
    """Names and units of what is reported, and which of it is worked with as a logarithm."""
    n, per = len(names), f"1/{time_unit}"
    pairs = [f"[{a} from {b}]" for a in names for b in names if a != b]
    every = [f"[{a} from {b}]" for a in names for b in names]
    labels = (
        *(f"r[{name}]" for name in names), *(f"K[{name}]" for name in names),
        *(f"d{pair}" for pair in pairs), *(f"x0[{name}]" for name in names),
        *(f"a{pair}" for pair in every),
    )  # fmt: skip
    units = (per,) * n + (unit,) * n + ("1",) * len(pairs) + (unit,) * n
    units += (f"{per}/({unit})",) * len(every)
    logs = np.array([label.startswith(("K[", "x0[")) for label in labels])
    return labels, units, logs


def reported(theta: Array, n: int) -> Array:
    """r, ln K, d, ln x0 and a (q, b) of parameters (p, b).

    Where growth does not fall with own size K is infinite, and d of that species' effect as well,
    with the sign of the effect; where a species can't live alone K is 0: what the numbers tend to.
    """
    r, A = theta[n : 2 * n], theta[2 * n :].reshape(n, n, -1)
    own = A[range(n), range(n)]
    with np.errstate(divide="ignore", invalid="ignore"):
        K = np.where(own < 0, np.maximum(r, 0.0) / -own, np.inf)
        K = np.where(r > 0, K, 0.0)
        d = [
            np.where((r[i] > 0) & (own[j] < 0) & (r[j] > 0), A[i, j] * K[j] / r[i],
                     np.where(A[i, j] == 0, 0.0, np.copysign(np.inf, A[i, j])))
            for i in range(n) for j in range(n) if i != j
        ]  # fmt: skip
        off = np.array(d).reshape(n * (n - 1), theta.shape[1])
        return np.concatenate([r, np.log(K), off, theta[:n], theta[2 * n :]])


def sensitivities(theta: Array, n: int) -> Array:
    """Derivatives (q, p) of what is reported; meaningless where it is undefined."""
    p = len(theta)
    r, A = theta[n : 2 * n], theta[2 * n :].reshape(n, n)
    own = np.diag(A)
    place = 2 * n + np.arange(n * n).reshape(n, n)
    G = np.zeros((2 * p + n * n - p, p))
    row = 2 * n
    with np.errstate(divide="ignore", invalid="ignore"):
        for i in range(n):
            G[i, n + i] = 1.0
            G[n + i, n + i] = 1 / r[i]
            G[n + i, place[i, i]] = -1 / own[i]
        K = -r / own
        for i in range(n):
            for j in range(n):
                if i == j:
                    continue
                d = A[i, j] * K[j] / r[i]
                G[row, n + i] = -d / r[i]
                G[row, n + j] = d / r[j]
                G[row, place[j, j]] = -d / own[j]
                G[row, place[i, j]] = K[j] / r[i]
                row += 1
    G[row : row + n, :n] = np.eye(n)
    G[row + n :, 2 * n :] = np.eye(n * n)
    return np.where(np.isfinite(G), G, np.nan)


def restored(working: Array, logs: Mask) -> Array:
    """Numbers as reported, from those worked with."""
    with np.errstate(over="ignore"):
        return np.where(logs, np.exp(np.where(logs, working, 0.0)), working)
