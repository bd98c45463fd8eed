"""Two sectors that feed or starve each other: Lotka-Volterra dynamics on arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["KINDS", "trajectory"]

Array = npt.NDArray[np.float64]

# Sign of what manufacturing gains from services, and services from manufacturing.
KINDS: dict[str, tuple[int, int]] = {
    "mutualism": (1, 1),
    "commensalism (manufacturing gains)": (1, 0),
    "commensalism (services gain)": (0, 1),
    "parasitism (manufacturing gains)": (1, -1),
    "competition": (-1, -1),
    "neutralism": (0, 0),
}
_STEPS = 50


def trajectory(u0: Array, r: Array, d: Array, years: int) -> Array:
    """Sizes of two species in many places, year by year.

    ``du_1/dt = r_1 u_1 (1 - u_1 + d_12 u_2)`` and the same with 1 and 2 exchanged; sizes in units
    of the species' own capacity, ``u = x / K``. Classical Runge-Kutta, 50 steps a year.

    Parameters
    ----------
    u0, r, d : array (c, 2)
        Sizes in the first year, growth rates a year, and what each species gains from the other
        (``d[:, 0]`` is d_12).
    years : int

    Returns
    -------
    array (years, c, 2)

    Notes
    -----
    Source: Murray (2002), Mathematical Biology I, 3rd ed., ch. 3.5 and 3.6.
    """

    def change(u: Array) -> Array:
        growth: Array = r * u * (1.0 - u + d * u[:, ::-1])
        return growth

    path = [u0]
    h = 1.0 / _STEPS
    for _ in range(years - 1):
        u = path[-1]
        for _ in range(_STEPS):
            k1 = change(u)
            k2 = change(u + h / 2 * k1)
            k3 = change(u + h / 2 * k2)
            k4 = change(u + h * k3)
            u = u + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        path.append(u)
    return np.stack(path)
