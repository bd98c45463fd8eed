"""Series that can be fitted, and how: options and checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from servio.algebra._check import numbers
from servio.errors import InputError, UsageError, ValueFault
from servio.simulate._solve import time_points

__all__ = [
    "SHORT",
    "Errors",
    "Frame",
    "Variance",
    "check_options",
    "checked_series",
    "negative_state",
    "state_array",
]

Array = npt.NDArray[np.float64]
Errors = Literal["multiplicative", "additive"]
Variance = Literal["own", "common"]

SHORT = 15
"""Observations below which r, K and d can hardly be told apart."""


@dataclass(frozen=True)
class Frame:
    """What fits of a group share."""

    names: tuple[str, ...]
    unit: str
    time_unit: str
    errors: Errors
    variance: Variance
    level: float


def check_options(errors: str, variance: str, level: float) -> None:
    """Errors, variance and level are among those known."""
    for name, value, known in (("errors", errors, ("multiplicative", "additive")),
                               ("variance", variance, ("own", "common"))):  # fmt: skip
        if value not in known:
            raise UsageError(f"symbiosis, {name}", found=repr(value), expected=" or ".join(known),
                             remedy="Choose one of them.")  # fmt: skip
    if not 0 < level < 1:
        raise UsageError("symbiosis, level", found=f"{level:g}", expected="between 0 and 1",
                         remedy="Give a share, such as 0.95.")  # fmt: skip


def state_array(place: str, states: npt.ArrayLike, t: Array, names: tuple[str, ...] = ()) -> Array:
    """States (t, n) as finite numbers; one series alone as (t, 1)."""
    x, size = numbers(place, states), len(t)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or len(x) != size:
        raise InputError(place, found=f"states of shape {np.shape(states)}",
                         expected=f"numbers of shape ({size}, species)",
                         remedy="Give one row a time, one column a species.")  # fmt: skip
    lost = np.argwhere(~np.isfinite(x))
    if lost.size:
        row, column = lost[0]
        name = names[column] if len(names) == x.shape[1] else f"species {column + 1}"
        found = "missing" if np.isnan(x[row, column]) else "infinite"
        raise ValueFault(f"{place}, {name} at t = {t[row]:g}", found=found,
                         expected="finite numbers", remedy="Leave the time out.")  # fmt: skip
    return x


def negative_state(place: str, x: Array, t: Array, names: tuple[str, ...]) -> ValueFault:
    """The fault of the lowest state, which is not above 0."""
    row, column = np.unravel_index(int(np.argmin(x)), x.shape)
    return ValueFault(f"{place}, {names[column]} at t = {t[row]:g}", found=f"{x[row, column]:g}",
                      expected="a population above 0",
                      remedy="Correct the value or leave the time out.")  # fmt: skip


def checked_series(
    entity: str, times: npt.ArrayLike, states: npt.ArrayLike, names: tuple[str, ...], errors: str
) -> tuple[Array, Array]:
    """States and times that a symbiosis can be fitted to."""
    place = f"symbiosis of {entity}" if entity else "symbiosis"
    t = time_points(place, times)
    x = state_array(place, states, t, names)
    n = x.shape[1]
    if n != len(names) or len(set(names)) != n or n < 1:
        raise InputError(place, found=f"{n} columns, names {', '.join(names)}",
                         expected="one species or more, each with its name",
                         remedy="Name each column once.")  # fmt: skip
    if (x <= 0).any():
        raise negative_state(place, x, t, names)
    still = np.ptp(np.log(x), axis=0) <= 1e-12
    if still.any():
        raise ValueFault(f"{place}, {names[int(np.argmax(still))]}", found="a constant series",
                         expected="a series that moves", remedy="Leave it out: growth of 0 "
                         "throughout says nothing of what it depends on.")  # fmt: skip
    if len(t) <= 2 + n:
        raise ValueFault(place, found=f"{len(t)} times for {2 + n} parameters a species",
                         expected=f"{3 + n} times at least, {SHORT} to be any use",
                         remedy="Take a longer series.")  # fmt: skip
    return x, t
