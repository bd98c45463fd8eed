"""Shape and value checks shared by the kernels: what does not fit raises, nothing is coerced."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from servio.errors import InputError, NumericalError, ValueFault

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Positions = NDArray[np.intp]

NEARLY_SINGULAR = 1e-14
"""Reciprocal condition number below which no digit of a solution can be trusted."""


def vector(place: str, value: ArrayLike, size: int | None = None) -> Array:
    """`value` as a finite float64 vector of `size` elements."""
    return _finite(place, _shaped(place, numbers(place, value), (size,)))


def matrix(
    place: str, value: ArrayLike, rows: int | None = None, columns: int | None = None
) -> Array:
    """`value` as a finite float64 matrix of `rows` by `columns`."""
    return _finite(place, _shaped(place, numbers(place, value), (rows, columns)))


def square(place: str, value: ArrayLike, size: int | None = None) -> Array:
    """`value` as a finite float64 square matrix with at least one row."""
    array = numbers(place, value)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise _shape_error(place, array.shape, "a square matrix with at least one row")
    return _finite(place, _shaped(place, array, (size, size)))


def stack(place: str, value: ArrayLike, size: int) -> Array:
    """`value` as a finite float64 vector of `size` or a matrix with `size` rows."""
    array = numbers(place, value)
    return _finite(place, _shaped(place, array, (size,) if array.ndim < 2 else (size, None)))


def mask(place: str, value: ArrayLike | None, size: int) -> Mask:
    """`value` as a boolean vector of `size`; everything is True when it is None."""
    if value is None:
        return np.ones(size, dtype=np.bool_)
    array = np.asarray(value)
    if array.dtype != np.bool_ or array.shape != (size,):
        raise _shape_error(place, array.shape, f"{size} booleans", str(array.dtype))
    return array


def positions(place: str, value: ArrayLike, size: int) -> Positions:
    """`value` as different integer positions between 0 and `size` - 1."""
    array = np.asarray(value)
    if not array.size:
        array = np.zeros(0, dtype=np.intp)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise _shape_error(place, array.shape, "a list of integer positions", str(array.dtype))
    outside = array[(array < 0) | (array >= size)]
    if outside.size or np.unique(array).size != array.size:
        raise InputError(
            place,
            found=f"position {outside[0]}" if outside.size else "a position given twice",
            expected=f"different positions from 0 to {size - 1}",
            remedy="Correct the list of positions.",
        )
    return array.astype(np.intp)


def solve_small(place: str, system: Array, right: Array) -> Array:
    """Solve a small dense system; a (nearly) singular one has no numerical answer."""
    if not right.size:
        return np.zeros_like(right)
    condition = float(np.linalg.cond(system, 1))
    if not condition * NEARLY_SINGULAR < 1:
        raise NumericalError(
            place,
            found=f"a singular system (condition {condition:.1e})",
            expected="industries that do not use up their whole own output",
            remedy="Choose other industries or correct the coefficients.",
        )
    return np.asarray(np.linalg.solve(system, right), dtype=np.float64)


def describe(places: Positions, limit: int = 6) -> str:
    """Positions in a sentence, cut after `limit`."""
    shown = ", ".join(str(place) for place in places[:limit])
    more = f" and {places.size - limit} more" if places.size > limit else ""
    return f"position{'s' if places.size > 1 else ''} {shown}{more} (from 0)"


def numbers(place: str, value: ArrayLike) -> Array:
    """`value` as a float64 array; text in it is named."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueFault(
            place,
            found=str(error),
            expected="numbers only",
            remedy="Correct the cell or drop the text.",
        ) from None


def _shaped(place: str, array: Array, shape: tuple[int | None, ...]) -> Array:
    fits = array.ndim == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = " by ".join("any" if size is None else str(size) for size in shape)
        kind = "a vector of length" if len(shape) == 1 else "a matrix of"
        raise _shape_error(place, array.shape, f"{kind} {wanted}")
    return array


def _finite(place: str, array: Array) -> Array:
    if not np.isfinite(array).all():
        cell = np.argwhere(~np.isfinite(array))[0]
        raise ValueFault(
            f"{place}[{', '.join(map(str, cell))}]",
            found=str(array[tuple(cell)]),
            expected="a finite number",
            remedy="Correct the cell; missing values are never filled in.",
        )
    return array


def _shape_error(place: str, shape: tuple[Any, ...], expected: str, kind: str = "") -> InputError:
    return InputError(
        place,
        found=f"{kind or 'an array'} of shape {shape}",
        expected=expected,
        remedy="Pass arrays whose sizes agree.",
    )
