"""Along which links, and over how many of them, an industry reaches another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, Positions, matrix, positions, square, stack, vector
from servio.algebra.leontief import Leontief
from servio.errors import NumericalError, UsageError

__all__ = [
    "Paths",
    "average_propagation_length",
    "field_of_influence",
    "influence_norms",
    "production_layers",
    "propagation_length",
    "structural_paths",
]

NO_LINK = 1e-14
"""Complete coefficients up to this size are rounding errors of the inverse: no link."""


def average_propagation_length(leontief: Leontief) -> Array:
    r"""Average number of links over which each industry's inputs reach each other one.

    :math:`APL_{ij} = [L (L - I)]_{ij} / (L - I)_{ij}`: rounds k weighted with :math:`A^k`. The
    same for the Ghosh model, whose powers are scaled alike.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.

    Returns
    -------
    (n, n) array
        Links, at least 1; nan where the row industry does not reach the column industry.

    Notes
    -----
    Identity: ``APL * (L - I) == sum_k k A^k``. A product of two n x n matrices; of a few
    suppliers `propagation_length` needs solves only.

    References
    ----------
    Dietzenbacher, E., Romero, I. and Bosma, N. S. (2005), Using average propagation lengths to
    identify production chains in the Andalusian economy, Estudios de Economia Aplicada 23,
    405-422 (not re-read).

    Examples
    --------
    >>> average_propagation_length(Leontief([[0.0, 0.5], [0.0, 0.0]]))
    array([[nan,  1.],
           [nan, nan]])
    """
    needed = leontief.inverse - np.eye(leontief.size)
    return _where_reached(leontief.inverse @ needed, needed)


def propagation_length(leontief: Leontief, rows: ArrayLike) -> tuple[Array, Array]:
    r"""Rounds and amounts in which supplies of a kind reach each industry, by two solves.

    :math:`R (L - I) L = \sum_k k R A^k` and :math:`R (L - I) = \sum_k R A^k`, k from one; their
    ratio is the average propagation length from the kind to the industry.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    rows : (g, n) array
        Weight of each industry in each kind of supplies.

    Returns
    -------
    rounds : (g, n) array
        Amounts times the links they passed.
    amounts : (g, n) array
        Complete inputs of each kind per unit of final demand, own output left out.

    Raises
    ------
    InputError
        `rows` does not fit.

    Examples
    --------
    >>> rounds, amounts = propagation_length(Leontief([[0.15, 0.25], [0.2, 0.05]]), [[0, 1]])
    >>> (rounds / amounts).round(4)
    array([[1.3762, 1.8357]])
    """
    kinds = matrix("rows", rows, columns=leontief.size)
    amounts = leontief.solve_transposed(kinds.T).T - kinds
    rounds = leontief.solve_transposed(np.ascontiguousarray(amounts.T)).T
    return rounds, amounts


def production_layers(A: ArrayLike, Y: ArrayLike, layers: int) -> Array:
    r"""Output of the first rounds of a chain: final demand, its inputs, their inputs and so on.

    :math:`\sum_{k=0}^{K-1} A^k Y` for K layers; with all of them it is :math:`L Y`.

    Parameters
    ----------
    A : (n, n) array
        Input coefficients.
    Y : (n,) or (n, m) array
        Final demand (currency).
    layers : int
        How many rounds, final demand itself being the first.

    Returns
    -------
    array of the shape of `Y`
        Output (same currency).

    Raises
    ------
    InputError
        Shapes do not agree or a number is not finite.
    UsageError
        Fewer than one layer.

    Notes
    -----
    Identity: what is left of ``L Y`` is ``A^K L Y``.

    References
    ----------
    Kitzes, J. (2013), An Introduction to Environmentally-Extended Input-Output Analysis,
    Resources 2, 489-503.

    Examples
    --------
    >>> production_layers([[0.15, 0.25], [0.2, 0.05]], [600, 1500], 2)
    array([1065., 1695.])
    """
    inputs = square("A", A)
    layer = stack("Y", Y, inputs.shape[0])
    if layers < 1:
        raise UsageError(
            "layers", found=str(layers), expected="1 or more", remedy="Give a number of rounds."
        )
    total = layer.copy()
    for _ in range(layers - 1):
        layer = inputs @ layer
        total += layer
    return total


def _where_reached(rounds: Array, amounts: Array) -> Array:
    reached = np.abs(amounts) > NO_LINK
    length: Array = np.full(rounds.shape, np.nan)
    return np.divide(rounds, amounts, out=length, where=reached)


def field_of_influence(
    leontief: Leontief, row: int, column: int, change: float | None = None
) -> Array:
    r"""What a change of one input coefficient does to the whole Leontief inverse.

    The direct field is :math:`F(i, j) = l_{.i} l_{j.}`; with a change e of :math:`a_{ij}` the
    inverse changes by exactly :math:`e F(i, j) / (1 - e l_{ji})`.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    row, column : int
        Positions of the supplier i and of the user j.
    change : float, optional
        Change of the coefficient; the direct field, its limit per unit, when absent.

    Returns
    -------
    (n, n) array
        Change of L, or change of L per unit of a small change.

    Raises
    ------
    InputError
        A position is outside the table.
    NumericalError
        The changed coefficients have no inverse.

    Notes
    -----
    Identity: equal to the inverse of the changed matrix less L.

    References
    ----------
    Sonis, M. and Hewings, G. J. D. (1992), Coefficient change in input-output models: theory and
    applications, Economic Systems Research 4, 143-158. Sherman, J. and Morrison, W. J. (1950).

    Examples
    --------
    >>> leontief = Leontief([[0.15, 0.25], [0.2, 0.05]])
    >>> field_of_influence(leontief, 0, 1, change=0.1).round(4)
    array([[0.034 , 0.1445],
           [0.0072, 0.0304]])
    """
    down = leontief.columns(_one("row", row, leontief.size))[:, 0]
    across = leontief.rows(_one("column", column, leontief.size))[0]
    field = np.outer(down, across)
    if change is None:
        return field
    left = 1.0 - change * float(across[row])
    if not left > NO_LINK:
        raise NumericalError(
            "change",
            found=f"{change:g}: the industry would use up its own output",
            expected=f"a change below {1 / float(across[row]):.6g}",
            remedy="Take a smaller change.",
        )
    return field * (change / left)


def _one(place: str, value: int, size: int) -> Positions:
    return positions(place, [value], size)


def influence_norms(leontief: Leontief) -> tuple[Array, Array]:
    r"""Size of every direct field of influence, as a product of two vectors.

    The Frobenius norm of :math:`F(i, j) = l_{.i} l_{j.}` is
    :math:`\lVert l_{.i} \rVert \lVert l_{j.} \rVert`.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.

    Returns
    -------
    suppliers, users : (n,) arrays
        ``suppliers[i] * users[j]`` is the norm of the field of :math:`a_{ij}`.

    References
    ----------
    Sonis and Hewings (1992), as in `field_of_influence`.

    Examples
    --------
    >>> suppliers, users = influence_norms(Leontief([[0.15, 0.25], [0.2, 0.05]]))
    >>> float(round(suppliers[0] * users[1], 4))
    1.4774
    """
    inverse = leontief.inverse
    return np.linalg.norm(inverse, axis=0), np.linalg.norm(inverse, axis=1)


@dataclass(frozen=True, eq=False)
class Paths:
    """The strongest supply paths of a chain and what they leave out.

    Parameters
    ----------
    nodes : tuple of tuple of int
        Positions from the final product upstream to the industry that earns.
    values : (k,) array
        Contribution of each path, largest magnitude first.
    total : float
        Sum over all paths, infinitely many, by one solve.
    residual : float
        ``total`` less the paths listed: exactly what all others add up to.
    largest_missing : float
        No path left out has a larger magnitude; 0 when none is left.
    """

    nodes: tuple[tuple[int, ...], ...]
    values: Array
    total: float
    residual: float
    largest_missing: float


def structural_paths(
    leontief: Leontief, v: ArrayLike, y: ArrayLike, count: int = 20, least: float = 0.0
) -> Paths:
    r"""The `count` strongest terms of :math:`v' (I + A + A^2 + ...) y`, in exact order.

    The path j, k, ..., i contributes :math:`v_i a_{i.} \cdots a_{kj} y_j`. The search is
    best-first: an open path counts as the strongest continuation it can have,
    :math:`h_i = \max(|v_i|, \max_k |a_{ki}| h_k)`, so no path found later is stronger.

    Parameters
    ----------
    leontief : Leontief
        Factorised I - A.
    v : (n,) array
        Amount per unit of output at the far end of a path, such as value added.
    y : (n,) array
        Final demand, where paths begin.
    count : int
        Paths to list, at most.
    least : float
        Magnitude below which paths are not listed, as a share of the total.

    Returns
    -------
    Paths

    Raises
    ------
    InputError
        Shapes do not agree.
    UsageError
        `count` is not positive.
    NumericalError
        A circle of industries uses up its own output, so that longer paths never fade.

    Notes
    -----
    Identity: listed paths and residual add up to the total, by construction exact; the paths are
    those of an exhaustive search. Paths that go round a circle count once for each round.

    References
    ----------
    Defourny, J. and Thorbecke, E. (1984), Structural path analysis and multiplier decomposition
    within a social accounting matrix framework, Economic Journal 94, 111-136; Treloar (1997) for
    input-output tables (not re-read). The search is
    A* (Hart, Nilsson and Raphael 1968) with an exact heuristic.

    Examples
    --------
    >>> found = structural_paths(Leontief([[0.15, 0.25], [0.2, 0.05]]), [0.65, 0.7], [1, 0], 3)
    >>> found.nodes, found.values.round(4).tolist(), round(found.residual, 4)
    (((0,), (0, 1), (0, 0)), [0.65, 0.14, 0.0975], 0.1125)
    """
    size = leontief.size
    per_unit, demand = vector("v", v, size), vector("y", y, size)
    if count < 1:
        raise UsageError("count", found=str(count), expected="a positive number of paths",
                         remedy="Ask for at least one path.")  # fmt: skip
    total = float(per_unit @ leontief.solve(demand))
    nodes: list[tuple[int, ...]] = []
    values: list[float] = []
    missing = 0.0
    for path, value, bound in _best_first(leontief.A, per_unit, demand):
        if len(nodes) == count or bound < least * abs(total):
            missing = bound
            break
        if path is not None:
            nodes.append(path)
            values.append(value)
    found = np.array(values, dtype=np.float64)
    return Paths(tuple(nodes), found, total, total - float(found.sum()), missing)


def _best_first(
    A: Array, v: Array, y: Array
) -> Iterator[tuple[tuple[int, ...] | None, float, float]]:
    """(path, value, bound) by falling bound; path None where only the bound has fallen."""
    strongest = _strongest(A, v)
    ranked: dict[int, tuple[Positions, Array]] = {}
    heap: list[tuple[float, tuple[int, ...], int, float]] = []

    def push(bound: float, path: tuple[int, ...], rank: int, weight: float) -> None:
        if bound > 0.0:
            heappush(heap, (-bound, path, rank, weight))

    def suppliers(i: int) -> tuple[Positions, Array]:
        if i not in ranked:
            bounds = np.abs(A[:, i]) * strongest
            order = np.argsort(-bounds, kind="stable")
            ranked[i] = order, bounds[order]
        return ranked[i]

    def opened(path: tuple[int, ...], weight: float) -> None:
        push(abs(weight * v[path[-1]]), path, -1, weight)
        push(abs(weight) * float(suppliers(path[-1])[1][0]), path, 0, weight)

    for j in np.flatnonzero(y):
        opened((int(j),), float(y[j]))
    while heap:
        negative, path, rank, weight = heappop(heap)
        if rank < 0:
            yield path, weight * float(v[path[-1]]), -negative
            continue
        yield None, 0.0, -negative
        order, bounds = suppliers(path[-1])
        k = int(order[rank])
        if rank + 1 < len(order):
            push(abs(weight) * float(bounds[rank + 1]), path, rank + 1, weight)
        opened((*path, k), weight * float(A[k, path[-1]]))


def _strongest(A: Array, v: Array) -> Array:
    """Magnitude of the strongest path that begins at each industry, by rounds of one link."""
    links, best = np.abs(A), np.abs(v)
    for _ in range(len(v) + 1):
        longer = np.maximum(best, (links * best[:, None]).max(axis=0))
        if (longer == best).all():
            return best
        best = longer
    raise NumericalError(
        "A",
        found="a circle of industries whose inputs multiply to one or more",
        expected="paths that fade with their length",
        remedy="Correct coefficients above one.",
    )
