"""The factorised Leontief matrix I - A: built once per table, shared by all measures."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import lapack

from servio.algebra._check import (
    NEARLY_SINGULAR,
    Array,
    Mask,
    Positions,
    describe,
    mask,
    positions,
    stack,
)
from servio.algebra.inputs import Coefficients
from servio.algebra.structure import blocks
from servio.errors import NumericalError, ValueFault

__all__ = ["Leontief"]

Scalar = TypeVar("Scalar", bound=np.generic)


class Leontief:
    r"""The open Leontief model :math:`x = A x + y`, factorised once.

    Answers forward questions (:math:`L y`: output needed for a final demand) and transposed
    ones (:math:`v' L`: value embodied in a unit of final demand) by solves, with
    :math:`L = (I - A)^{-1}`; the inverse itself is computed only when asked for.

    Parameters
    ----------
    A : (n, n) array or Coefficients
        Input coefficients (dimensionless). An array is kept as given when it is read-only, else
        copied. With `Coefficients` the flows and the factor are all that is held in memory.
    live : (n,) boolean array, optional
        Industries with output; all when absent. The column of a dead industry must be zero
        and its column of L is a unit vector. Its row of `A` may hold imports, which L counts.

    Attributes
    ----------
    factorised : int
        Matrices factorised in this process so far, over all instances.

    Raises
    ------
    InputError
        `A` is not square, or `live` does not fit.
    ValueFault
        A coefficient is not finite, or a dead industry has inputs.
    NumericalError
        I - A is singular or nearly so (the block of industries is named), or the coefficients
        are non-negative with a spectral radius of one or more, so that L has no meaning.

    Notes
    -----
    Identity: ``(I - A) @ L == I``. Instances never change and may be shared between threads.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 2.2.
    The test for a spectral radius below one is that of M-matrices: Berman, A. and Plemmons,
    R. J. (1994), Nonnegative Matrices in the Mathematical Sciences, chapter 6, theorem 2.3.

    Examples
    --------
    >>> leontief = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> leontief.solve([600, 1500]).round(1)
    array([1247.5, 1841.6])
    >>> leontief.inverse.round(4)
    array([[1.2541, 0.33  ],
           [0.264 , 1.1221]])
    """

    __slots__ = ("_condition", "_inputs", "_inverse", "_live", "_lock", "_lu", "_pivots")

    factorised: ClassVar[int] = 0
    _counting: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, A: ArrayLike | Coefficients, live: ArrayLike | None = None) -> None:
        self._inputs = A if isinstance(A, Coefficients) else Coefficients.of_matrix(A)
        self._live = _read_only(mask("live", live, self.size).copy())
        _refuse_dead_inputs(self._inputs, self._live)
        system = self._inputs.system()
        norm = float(lapack.dlange("1", system))  # without a temporary of the size of A
        self._lu, self._pivots, _ = lapack.dgetrf(system, overwrite_a=1)
        self._inverse: Array | None = None
        self._lock = threading.Lock()
        with Leontief._counting:
            Leontief.factorised += 1
        self._condition = self._judged(norm)

    @property
    def A(self) -> Array:  # noqa: N802, the field's symbol
        """(n, n) read-only array: the input coefficients; `inputs` has products without it."""
        return self._inputs.matrix

    @property
    def inputs(self) -> Coefficients:
        """The input coefficients as flows over output, for products ``A u`` and ``u' A``."""
        return self._inputs

    @property
    def live(self) -> Mask:
        """(n,) read-only boolean array: industries with output."""
        return self._live

    @property
    def size(self) -> int:
        """Number of industries n."""
        return self._inputs.shape[0]

    @property
    def condition(self) -> float:
        """Condition number of I - A in the 1-norm; an estimate if a coefficient is negative."""
        return self._condition

    @property
    def inverse(self) -> Array:
        """(n, n) read-only array: L, computed at the first call and kept."""
        with self._lock:
            if self._inverse is None:
                self._inverse = _read_only(self._inverted())
            return self._inverse

    def _inverted(self) -> Array:
        """L from the transposed system: solved in place, and its rows lie together."""
        unit, pivots = np.eye(self.size).T, self._pivots.copy()
        solution, _ = lapack.dgetrs(self._lu, pivots, unit, trans=1, overwrite_b=1)
        return np.asarray(solution.T, dtype=np.float64)

    def solve(self, Y: ArrayLike) -> Array:
        """Output needed for final demand: L Y.

        Parameters
        ----------
        Y : (n,) or (n, k) array
            Final demand (currency).

        Returns
        -------
        array of the shape of `Y`
            Output (same currency).

        Raises
        ------
        InputError
            `Y` does not have n rows or has a number that is not finite.

        Examples
        --------
        >>> Leontief([[0.15, 0.25], [0.2, 0.05]]).solve([350, 1700]).round(6)
        array([1000., 2000.])
        """
        return self._solve(stack("Y", Y, self.size), transposed=False)

    def solve_transposed(self, v: ArrayLike) -> Array:
        """Value embodied in a unit of final demand: L' v.

        Parameters
        ----------
        v : (n,) or (n, k) array
            Coefficients per unit of output, one column per kind.

        Returns
        -------
        array of the shape of `v`
            Unit of `v` per unit of final demand of each industry.

        Raises
        ------
        InputError
            `v` does not have n rows or has a number that is not finite.

        Examples
        --------
        >>> Leontief([[0.15, 0.25], [0.2, 0.05]]).solve_transposed([0.65, 0.7]).round(6)
        array([1., 1.])
        """
        return self._solve(stack("v", v, self.size), transposed=True)

    def columns(self, members: ArrayLike) -> Array:
        """Columns of L at integer positions, by solves unless the inverse is there already.

        Parameters
        ----------
        members : (k,) integer array
            Positions of industries.

        Returns
        -------
        (n, k) array

        Raises
        ------
        InputError
            A position is outside the table or given twice.

        Examples
        --------
        >>> Leontief([[0.15, 0.25], [0.2, 0.05]]).columns([1]).round(4)
        array([[0.33  ],
               [1.1221]])
        """
        at = positions("members", members, self.size)
        if self._inverse is not None:
            return self._inverse[:, at]
        return self._solve(_units(self.size, at), transposed=False)

    def rows(self, members: ArrayLike) -> Array:
        """Rows of L at integer positions, by solves unless the inverse is there already.

        Parameters
        ----------
        members : (k,) integer array
            Positions of industries.

        Returns
        -------
        (k, n) array

        Raises
        ------
        InputError
            A position is outside the table or given twice.

        Examples
        --------
        >>> Leontief([[0.15, 0.25], [0.2, 0.05]]).rows([1]).round(4)
        array([[0.264 , 1.1221]])
        """
        at = positions("members", members, self.size)
        if self._inverse is not None:
            return self._inverse[at]
        return self._solve(_units(self.size, at), transposed=True).T

    def diagonal_blocks(self, groups: Sequence[ArrayLike]) -> list[Array]:
        """Blocks of L between the members of each group, such as the industries of a country.

        Together they cost a third of the inverse: the triangular factors are inverted in place
        and only the products wanted are formed.

        Parameters
        ----------
        groups : sequence of (k,) integer arrays
            Positions of the industries of each group.

        Returns
        -------
        list of (k, k) arrays

        Raises
        ------
        InputError
            A position is outside the table or given twice in a group.

        Examples
        --------
        >>> [b.round(4).tolist() for b in Leontief([[0.15, 0.25], [0.2, 0.05]])
        ...                               .diagonal_blocks([[0], [1]])]
        [[[1.2541]], [[1.1221]]]
        """
        members = [positions("groups", group, self.size) for group in groups]
        if self._inverse is not None:
            return [self._inverse[np.ix_(at, at)] for at in members]
        inverted, _ = lapack.dtrtri(self._lu.copy(order="F"), overwrite_c=1)
        inverted, _ = lapack.dtrtri(inverted, lower=1, unitdiag=1, overwrite_c=1)
        place = _row_places(self._pivots)
        return [_factor_product(inverted, at, place[at]) for at in members]

    def _judged(self, norm: float) -> float:
        """The condition number; singular and unproductive systems are refused.

        Where no coefficient is negative, one solve shows both: ``1'L`` is positive if and only if
        the spectral radius is below one, and its largest element is the norm of L then.
        """
        productive = self._inputs.lowest.min() >= 0
        if productive:
            content = self._solve(np.ones(self.size), transposed=True)
            if content.min() > 0 and norm * content.max() * NEARLY_SINGULAR < 1:
                return norm * float(content.max())
        reciprocal = float(lapack.dgecon(self._lu, norm)[0])
        if not reciprocal > NEARLY_SINGULAR:
            raise _singular(self.A, reciprocal)
        if productive:
            raise _unproductive(self._inputs.sums)
        return 1 / reciprocal

    def _solve(self, right: Array, *, transposed: bool) -> Array:
        if not right.size:
            return np.zeros_like(right)
        pivots = self._pivots.copy()  # scipy shifts them in place during the call, GIL released
        solution, _ = lapack.dgetrs(self._lu, pivots, right, trans=int(transposed))
        return np.ascontiguousarray(solution)


def _row_places(pivots: Positions) -> Positions:
    """Where each row of I - A went when rows were exchanged."""
    order = np.arange(len(pivots))
    for row, other in enumerate(pivots):
        order[[row, other]] = order[[other, row]]
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return place


def _factor_product(inverted: Array, rows: Positions, columns: Positions) -> Array:
    """Rows of the inverse of U times columns of that of the unit lower L, stored in one array."""
    if not len(rows):
        return np.zeros((0, 0))
    first = max(rows.min(), columns.min())
    inner = np.arange(first, len(inverted))
    upper = np.where(inner >= rows[:, None], inverted[rows, first:], 0.0)
    lower = np.where(inner[:, None] > columns, inverted[first:, columns], 0.0)
    lower[inner[:, None] == columns] = 1.0
    product: Array = upper @ lower
    return product


def _singular(A: Array, reciprocal: float) -> NumericalError:
    """I - A is block triangular over its components: one diagonal block is to blame."""
    worst = min(blocks(A), key=lambda block: _reciprocal(A[np.ix_(block, block)]))
    inside = A[np.ix_(worst, worst)].sum(axis=0)
    condition = f"{1 / reciprocal:.1e}" if reciprocal > 0 else "infinite"
    error = NumericalError(
        f"I - A, block at {describe(worst)}",
        found=f"singular: condition {condition}, input sums inside the block "
        f"{inside.min():.6g} to {inside.max():.6g}",
        expected="industries with value added or inputs from outside",
        remedy="Correct their output or value added.",
    )
    error.positions = tuple(worst.tolist())
    return error


def _reciprocal(block: Array) -> float:
    return float(1 / np.linalg.cond(np.eye(block.shape[0]) - block, 1))


def _unproductive(sums: Array) -> NumericalError:
    worst = np.flatnonzero(sums >= 1)
    error = NumericalError(
        f"A, columns at {describe(worst)}",
        found=f"inputs of up to {sums.max():.6g} per unit of output, spectral radius at least 1",
        expected="a spectral radius below 1",
        remedy="Check the value added and output of these industries.",
    )
    error.positions = tuple(worst.tolist())
    return error


def _refuse_dead_inputs(inputs: Coefficients, live: Mask) -> None:
    faulty = np.flatnonzero(~live & (inputs.largest > 0))
    if faulty.size:
        raise ValueFault(
            f"A, column at {describe(faulty)}",
            found="inputs of an industry marked as without output",
            expected="a zero column",
            remedy="Build A with input_coefficients and live with live_industries.",
        )


def _read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    array.flags.writeable = False
    return array


def _units(size: int, at: Positions) -> Array:
    units = np.zeros((size, at.size), order="F")
    units[at, np.arange(at.size)] = 1
    return units
