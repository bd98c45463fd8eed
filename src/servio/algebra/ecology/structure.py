"""The flow network itself: what it must hold, its balance, and negative flows turned around."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import NEARLY_SINGULAR, Array, describe, square, vector
from servio.algebra.balance import ras
from servio.errors import InputError, NumericalError, UsageError, ValueFault

__all__ = ["UNSTEADY", "FlowNetwork", "balanced_network", "check_steady", "flow_network",
           "steady_transposed", "turned_around", "unsteady_node"]  # fmt: skip

UNSTEADY = 0.05
"""Gap of a node of a flow network, over the larger of its inputs and outputs, that is refused: the
tolerance that packages for such networks have."""
UNSTEADY_WHOLE = 0.001
"""The same over all throughflow together: rounding of small nodes is below."""


@dataclass(frozen=True, eq=False)
class FlowNetwork:
    """Flows of one medium between n nodes and across their boundary; see `flow_network`.

    Attributes
    ----------
    F : (n, n) array
        Flows, ``F[i, j]`` from i to j.
    z, e, r : (n,) arrays
        Boundary inputs, exports (usable elsewhere) and respiration (dissipated).
    """

    F: Array
    z: Array
    e: Array
    r: Array

    @cached_property
    def T(self) -> Array:  # noqa: N802, the field's symbol
        """Throughflow, what enters each node: ``sum_i F[i, j] + z[j]``, (n,)."""
        entering: Array = self.F.sum(axis=0) + self.z
        return entering

    @cached_property
    def imbalance(self) -> Array:
        """What enters each node less what leaves it, (n,); zero in a steady state."""
        missing: Array = self.T - self.F.sum(axis=1) - self.e - self.r
        return missing

    @property
    def gap(self) -> float:
        """Largest imbalance of a node over the largest throughflow."""
        return float(np.abs(self.imbalance).max() / self.T.max())

    @cached_property
    def G(self) -> Array:  # noqa: N802
        """Flows over the throughflow of the giver, (n, n)."""
        given: Array = self.F / self.T[:, None]
        return given

    @cached_property
    def N(self) -> Array:  # noqa: N802
        """Integral flows ``(I - G)^-1``: rounds of a unit entering i that pass j, (n, n)."""
        return inverse("I - G", self.G, "flows that never leave the network")


def unsteady_node(entering: Array, leaving: Array) -> int | None:
    """The node whose inputs (n,) and outputs (n,) differ most, of those by more than 5 %, if any.

    Small nodes may differ by more, up to 0.1 % of all throughflow.
    """
    size, through = np.abs(leaving - entering), np.maximum(leaving, entering)
    failing = (size > UNSTEADY * through) & (size > UNSTEADY_WHOLE * through.sum())
    return int(np.where(failing, size, -1.0).argmax()) if failing.any() else None


def steady_transposed(F: Array, entering: Array, leaving: Array) -> bool:
    """Whether what enters and leaves each node (n,) agrees once F (n, n) is transposed."""
    inner = F.sum(axis=1) - F.sum(axis=0)
    return unsteady_node(entering + inner, leaving - inner) is None


def check_steady(
    F: Array, entering: Array, leaving: Array, limit: float | None, place: Callable[[int], str]
) -> None:
    """Refuse a network where what enters a node does not leave it.

    Parameters
    ----------
    F : (n, n) array
        Flows between nodes, to see whether they add up in the other direction.
    entering, leaving : (n,) arrays
    limit : float or None
        Gap that is kept, over the largest throughflow; None for 5 % of each node.
    place : callable
        What to call the node at a position.

    Raises
    ------
    InputError
        A node's gap is above the limit.
    UsageError
        The limit is no number of 0 or more.
    """
    if limit is None:
        off = unsteady_node(entering, leaving)
    elif not limit >= 0:
        raise UsageError("balance_limit", found=f"{limit:g}", expected="a share of 0 or more",
                         remedy="Leave it out, or give the gap to keep, such as 0.5.")  # fmt: skip
    else:
        size = np.abs(leaving - entering)
        beyond = size.max() > limit * max(entering.max(), leaving.max())
        off = int(size.argmax()) if beyond else None
    if off is None:
        return
    raise InputError(
        place(off),
        found=f"{entering[off]:.6g} that enter and {leaving[off]:.6g} that leave",
        expected=f"a steady state: a gap of at most {UNSTEADY:.0%} of the node"
        if limit is None else f"a gap of at most {limit:g} of the largest throughflow",
        remedy="The flows are transposed: they add up from column to row; give numpy.transpose of "
        "them." if steady_transposed(F, entering, leaving) else
        "Correct it, or add what is missing, such as respiration; balance_limit=0.5 keeps a gap.",
    )  # fmt: skip


def flow_network(
    F: ArrayLike,
    z: ArrayLike,
    e: ArrayLike | None = None,
    r: ArrayLike | None = None,
    *,
    balance_limit: float | None = None,
) -> FlowNetwork:
    r"""A flow network from arrays, checked; nothing is balanced and nothing filled in.

    Parameters
    ----------
    F : (n, n) array
        Flows from row to column, of one unit such as million USD or kcal per m2 and year.
    z : (n,) array
        Boundary inputs of each node.
    e, r : (n,) array, optional
        Exports and respiration of each node; nothing where left out. Outputs that are not told
        apart may be given as either; only `flow_organisation` and `mixed_impacts` tell them apart.

    balance_limit : float, optional
        Gap between what enters and what leaves a node that is kept, over the largest throughflow;
        ``numpy.inf`` keeps any. By default 5 % of each node.

    Returns
    -------
    FlowNetwork
        With its `imbalance`, (n,), and `gap`; throughflow counts what enters.

    Raises
    ------
    InputError
        Shapes do not agree, a node has no throughflow, or what enters it does not leave it; told
        is whether the flows add up in the other direction.
    UsageError
        The limit is no number of 0 or more.
    ValueFault
        A flow is negative or no finite number.

    Notes
    -----
    Identity: in a steady state ``F.sum(0) + z == F.sum(1) + e + r``.

    References
    ----------
    Fath, B. D. and Patten, B. C. (1999), Ecosystems 2, 167-179; Ulanowicz, R. E. (2004),
    Computational Biology and Chemistry 28, 321-339.

    Examples
    --------
    >>> net = flow_network([[0, 6], [2, 0]], z=[10, 0], e=[0, 1], r=[6, 3])
    >>> net.T, net.imbalance
    (array([12.,  6.]), array([0., 0.]))
    """
    flows = square("F", F)
    n = len(flows)
    parts = {"z": z, "e": np.zeros(n) if e is None else e, "r": np.zeros(n) if r is None else r}
    sides = {name: vector(name, value, n).copy() for name, value in parts.items()}
    for name, values in {"F": flows, **sides}.items():
        if (values < 0).any():
            place = np.argwhere(values < 0)[0]
            raise ValueFault(
                f"{name}[{', '.join(map(str, place))}]",
                found=f"{values[tuple(place)]:g}",
                expected="no negative flow",
                remedy="Turn it around first: turned_around(F, z, e, r).",
            )
    network = FlowNetwork(flows.copy(), **sides)
    idle = np.flatnonzero(network.T == 0)
    if idle.size:
        raise InputError(
            "F and z",
            found=f"nothing enters the nodes at {describe(idle)}",
            expected="throughflow in each node",
            remedy="Leave these nodes out.",
        )
    leaving = network.T - network.imbalance
    check_steady(network.F, network.T, leaving, balance_limit, lambda i: f"node {i} (from 0)")
    return network


def turned_around(
    F: ArrayLike, z: ArrayLike, e: ArrayLike, r: ArrayLike
) -> tuple[Array, Array, Array, Array, float]:
    """Negative flows as positive ones the other way, so that logarithms exist.

    A negative flow from i to j is one from j to i; a negative output (stocks drawn down) a boundary
    input; a negative boundary input (subsidies, losses) an export.

    Parameters
    ----------
    F : (n, n) array
    z, e, r : (n,) arrays
        As in `flow_network`, with negative cells.

    Returns
    -------
    F, z, e, r : arrays
        None negative.
    float
        Sum of what was turned around.

    Raises
    ------
    InputError
        Shapes do not agree.

    Notes
    -----
    Identity: inputs less outputs of each node stay as they were; throughflow grows by what was
    turned around. Ours; the literature clips (sets to zero), which breaks the balance.

    Examples
    --------
    >>> _, z, e, _, moved = turned_around([[0, 6], [2, 0]], [10, 0], [-1, 1], [7, 3])
    >>> z, e, moved
    (array([11.,  0.]), array([0., 1.]), 1.0)
    """
    flows = square("F", F)
    n = len(flows)
    inputs, exports, respired = (
        vector(name, value, n) for name, value in (("z", z), ("e", e), ("r", r))
    )
    below = [np.maximum(-part, 0.0) for part in (flows, inputs, exports, respired)]
    return (
        np.maximum(flows, 0.0) + below[0].T,
        np.maximum(inputs, 0.0) + below[2] + below[3],
        np.maximum(exports, 0.0) + below[1],
        np.maximum(respired, 0.0),
        float(sum(part.sum() for part in below)),
    )


def balanced_network(network: FlowNetwork) -> FlowNetwork:
    """The nearest network in a steady state, by RAS on flows and boundary together.

    Each node's total becomes the mean of what entered and what left it; all boundary inputs and all
    outputs become the mean of the two, exports and respiration in their old proportion.

    Parameters
    ----------
    network : FlowNetwork

    Returns
    -------
    FlowNetwork
        Without imbalance; flows that were zero stay zero.

    Raises
    ------
    InputError
        A node takes in or gives out nothing, so that no scaling balances it.
    NumericalError
        The scaling does not converge.

    Notes
    -----
    Never done unasked. Identity: a balanced network comes back as it was.

    References
    ----------
    As `servio.algebra.ras`; the choice of totals is ours, between the input-based and the
    output-based balancing of Allesina, S. and Bondavalli, C. (2003), Ecological Modelling 165.

    Examples
    --------
    >>> net = flow_network([[0, 6], [2, 0]], z=[10, 0], r=[6, 5], balance_limit=0.2)
    >>> bool(balanced_network(net).gap < 1e-11)
    True
    """
    n = len(network.z)
    whole = np.zeros((n + 1, n + 2))
    whole[:n, :n], whole[n, :n] = network.F, network.z
    whole[:n, n], whole[:n, n + 1] = network.e, network.r
    node = (whole[:n].sum(axis=1) + whole[:, :n].sum(axis=0)) / 2
    outputs = whole[:n, n:].sum(axis=0)
    boundary = (network.z.sum() + outputs.sum()) / 2
    if outputs.sum() == 0 or boundary == 0:
        raise InputError("network", found="no boundary inputs or no outputs", expected="both",
                         remedy="Give z and e or r.")  # fmt: skip
    columns = np.append(node, outputs * boundary / outputs.sum())
    found = ras(whole, np.append(node, boundary), columns).matrix
    return flow_network(found[:n, :n], found[n, :n], found[:n, n], found[:n, n + 1])


def inverse(place: str, matrix: Array, reason: str) -> Array:
    """``(I - M)^-1``, refused where it has no digit that can be trusted."""
    system = np.eye(len(matrix)) - matrix
    try:
        found = np.asarray(np.linalg.inv(system), dtype=np.float64)
    except np.linalg.LinAlgError:
        found = np.full_like(system, np.inf)
    condition = np.abs(system).sum(axis=0).max() * np.abs(found).sum(axis=0).max()
    if not condition * NEARLY_SINGULAR < 1:
        raise NumericalError(
            place,
            found=f"a singular system: {reason}",
            expected="a network that all flows can leave",
            remedy="Check the flows among nodes without outputs across the boundary.",
        )
    return found
