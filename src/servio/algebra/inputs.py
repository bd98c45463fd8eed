"""Input coefficients as flows over output: one array in memory, not two."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, Positions, square, vector
from servio.algebra.coefficients import input_coefficients, refuse_flows_without_output
from servio.errors import ValueFault

__all__ = ["Coefficients"]

SMALL = 1e-100
ROWS = 256


class Coefficients:
    r"""Input coefficients :math:`A = Z \hat{x}^{-1}` known by their flows and outputs.

    Products follow from the flows, ``A u = Z (u / x)`` and ``u' A = (u' Z) / x'``; A itself is
    formed when `matrix` is read and not before. ``coefficients[rows, columns]`` are those of a
    part, by slices or positions; ``@`` takes arrays on both sides.

    Parameters
    ----------
    Z : (n, n) array
        Intermediate flows (currency). Kept as given when read-only, else copied.
    x : (n,) array
        Gross output (same currency).

    Raises
    ------
    InputError
        Shapes do not agree.
    ValueFault
        A number is not finite, an industry without output buys inputs, or an output is too small
        to divide its flows by.

    Notes
    -----
    Identity: ``Coefficients(Z, x).matrix == input_coefficients(Z, x)``, digit by digit. Outputs
    below 1e-100, or 1e-100 of the largest, could overflow in ``u / x``: A is formed at once then.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 2.2.

    Examples
    --------
    >>> A = Coefficients([[150, 500], [200, 100]], [1000, 2000])
    >>> A @ np.array([1000.0, 2000.0])
    array([650., 300.])
    >>> A.sums
    array([0.35, 0.3 ])
    >>> A.matrix
    array([[0.15, 0.25],
           [0.2 , 0.05]])
    """

    __slots__ = ("_bounds", "_flows", "_lock", "_matrix", "_output")
    __array_ufunc__ = None  # so that an array leaves @ to this class

    def __init__(self, Z: ArrayLike, x: ArrayLike) -> None:
        output = vector("x", x)
        flows, ends = _square("Z", Z, output.size)
        live = output != 0
        refuse_flows_without_output(flows, output, live, "column", "Z")
        least = np.abs(output[live]).min(initial=np.inf)
        if least < SMALL * np.abs(output).max(initial=1.0):
            flows, output = input_coefficients(flows, output), np.ones_like(output)
            ends = _ends(flows)
        divisor = np.where(output != 0, output, np.inf)
        _refuse_overflow(ends, divisor)
        self._set(_kept(flows), divisor, ends)

    @classmethod
    def of_matrix(cls, A: ArrayLike) -> Coefficients:
        """The same of coefficients (n, n) at hand; kept as given when read-only, else copied."""
        matrix, ends = _square("A", A)
        return cls._part(_kept(matrix), np.ones(len(matrix)), ends)

    @classmethod
    def _part(cls, flows: Array, output: Array, ends: Array | None = None) -> Coefficients:
        found = cls.__new__(cls)
        found._set(flows, output, ends)
        return found

    def _set(self, flows: Array, output: Array, ends: Array | None) -> None:
        self._flows, self._output, self._bounds = flows, output, ends
        self._matrix: Array | None = None
        self._lock = threading.Lock()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._flows.shape[0], self._flows.shape[1]

    @property
    def matrix(self) -> Array:
        """Read-only array: A, formed at the first call and kept."""
        with self._lock:
            if self._matrix is None:
                whole = bool((self._output == 1.0).all())
                self._matrix = _locked(self._flows if whole else self._flows / self._output)
            return self._matrix

    @property
    def sums(self) -> Array:
        """Sum of each column: inputs per unit of output."""
        found: Array = self._flows.sum(axis=0) / self._output
        return found

    @property
    def sizes(self) -> Array:
        """Sum of the magnitudes of each column."""
        if self.lowest.min() >= 0:
            return self.sums
        starts = range(0, len(self._flows), ROWS)
        total = sum((np.abs(self._flows[i : i + ROWS]).sum(axis=0) for i in starts), 0.0)
        found: Array = total / np.abs(self._output)
        return found

    @property
    def lowest(self) -> Array:
        """Smallest coefficient of each column."""
        found: Array = self._range().min(axis=0)
        return found

    @property
    def largest(self) -> Array:
        """Largest magnitude of each column."""
        found: Array = np.abs(self._range()).max(axis=0)
        return found

    def _range(self) -> Array:
        ends = _ends(self._flows) if self._bounds is None else self._bounds
        found: Array = ends / self._output
        return found

    def system(self) -> Array:
        """``I - A``, a new array in the order of Fortran, which LAPACK may overwrite."""
        system = np.empty(self.shape, order="F")
        np.divide(self._flows, -self._output, out=system)
        system[np.diag_indices_from(system)] += 1
        return system

    def __getitem__(self, part: tuple[slice | Positions, slice | Positions]) -> Coefficients:
        rows, columns = part
        if isinstance(rows, np.ndarray) and isinstance(columns, np.ndarray):
            return self._part(self._flows[np.ix_(rows, columns)], self._output[columns])
        return self._part(self._flows[rows, columns], self._output[columns])

    def __matmul__(self, values: Array) -> Array:
        by = self._output if values.ndim == 1 else self._output[:, None]
        found: Array = self._flows @ (values / by)
        return found

    def __rmatmul__(self, values: Array) -> Array:
        found: Array = (values @ self._flows) / self._output
        return found


def _square(place: str, value: ArrayLike, size: int | None = None) -> tuple[Array, Array]:
    """A finite square matrix with its columns' ends, by which it is checked without a mask."""
    array: Any = np.asarray(value)
    plain = array.dtype == np.float64 and array.ndim == 2 and 0 < len(array) == array.shape[1]
    if plain and size in (None, len(array)):
        ends = _ends(array)
        if np.isfinite(ends).all():
            return array, ends
    found = square(place, value, size)
    return found, _ends(found)


def _ends(flows: Array) -> Array:
    """Smallest and largest of each column, (2, n); NaN where there is one."""
    found: Array = np.stack([flows.min(axis=0), flows.max(axis=0)])
    return found


def _refuse_overflow(ends: Array, output: Array) -> None:
    with np.errstate(over="ignore"):
        lost = np.flatnonzero(~np.isfinite(ends / output).all(axis=0))
    if len(lost):
        raise ValueFault(
            f"x[{lost[0]}]",
            found=f"{output[lost[0]]:.3g}",
            expected="an output that its flows can be divided by",
            remedy="Set the output to zero with its flows, or correct it.",
        )


def _kept(array: Array) -> Array:
    return _locked(array.copy()) if array.flags.writeable else array


def _locked(array: Array) -> Array:
    array.flags.writeable = False
    return array
