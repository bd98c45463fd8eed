"""Integration of differential equations that stops, with a name and a time, where it must."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import InputError, NumericalError, ValueFault

__all__ = ["integrate", "time_points"]

Array = npt.NDArray[np.float64]

EVALUATIONS = 200_000
TOLERANCE = 1e-12


class _TooMany(Exception):
    pass


def time_points(place: str, times: npt.ArrayLike) -> Array:
    """Rising finite times, two at least."""
    try:
        found = np.asarray(times, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    rising = found.ndim == 1 and len(found) > 1 and bool(np.isfinite(found).all())
    if not rising or not (np.diff(found) > 0).all():
        raise InputError(
            f"{place}, times",
            found=f"shape {np.shape(times)}" if not rising else "times that do not rise",
            expected="two or more finite numbers, each above the one before",
            remedy="Sort the times and give each once.",
        )
    return found


def integrate(
    place: str,
    change: Callable[[Array], Array],
    start: Array,
    times: Array,
    names: tuple[str, ...],
    limit: Array | None = None,
) -> Array:
    """States (t, n) of an autonomous system; Dormand-Prince, order 8, tolerance 1e-12.

    Raises
    ------
    NumericalError
        A variable passes its `limit`, or steps become too small: named with the time.
    """
    left, last, state = [EVALUATIONS], [float(times[0])], [start]

    def counted(t: float, y: Array) -> Array:
        left[0] -= 1
        last[0], state[0] = t, y
        if left[0] < 0:
            raise _TooMany
        return change(y)

    def beyond(t: float, y: Array) -> float:
        return 1.0 if limit is None else float((limit - y).min())

    beyond.terminal = True  # type: ignore[attr-defined]
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            found = scipy.integrate.solve_ivp(
                counted, (times[0], times[-1]), start, method="DOP853", t_eval=times,
                events=beyond, rtol=TOLERANCE, atol=TOLERANCE,
            )  # fmt: skip
    except _TooMany:
        raise NumericalError(
            f"{place} at t = {last[0]:.6g}", found=f"more than {EVALUATIONS:,} evaluations",
            expected=f"a path up to t = {times[-1]:.6g} that moves at the pace of its times",
            remedy="Check the parameters and their units, or ask for a shorter time.",
        ) from None  # fmt: skip
    if found.status == 1:
        at, y = float(found.t_events[0][0]), found.y_events[0][0]
        worst = names[int(np.argmin(np.asarray(limit) - y))]
        raise NumericalError(
            f"{place}: {worst} at t = {at:.6g}", found="growth without bound",
            expected="a state that stays finite",
            remedy="Check the parameters (mutual gains that together exceed the limits to growth), "
            "or end before.",
        )  # fmt: skip
    if found.status != 0 or not np.isfinite(found.y).all():
        with np.errstate(over="ignore", invalid="ignore"):
            speed = np.abs(change(state[0]))
        fastest = int(np.argmax(np.where(np.isnan(speed), np.inf, speed)))
        raise NumericalError(
            f"{place}: {names[fastest]} at t = {last[0]:.6g}",
            found=f"a change of {speed[fastest]:.3g} a unit of time, too fast for any step",
            expected="a path that steps can follow",
            remedy="Check the parameters and their units, or ask for a shorter time.",
        )  # fmt: skip
    return np.asarray(found.y.T, dtype=np.float64)


def shares(place: str, value: npt.ArrayLike, size: int) -> Array:
    """A point of the simplex: no share negative, sum 1.

    Raises
    ------
    ValueFault
        It lies outside.
    """
    found = np.asarray(value, dtype=np.float64)
    if found.shape != (size,) or not np.isfinite(found).all() or (found < 0).any() or not abs(
        found.sum() - 1.0
    ) <= 1e-9:  # fmt: skip
        raise ValueFault(
            place, found=f"{np.array2string(found, precision=6, threshold=8)}",
            expected=f"{size} shares of 0 or more that add up to 1",
            remedy="Give shares of the population, not numbers or per cent.",
        )  # fmt: skip
    return found
