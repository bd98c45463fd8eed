"""A table as flow networks: whose flows are inside, what enters, what is exported or respired."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from servio.algebra import ecology
from servio.algebra.ecology.structure import steady_transposed, unsteady_node
from servio.errors import InputError, LabelError
from servio.measure._chains import relative_gap
from servio.measure._origin import balanced
from servio.measure._result import Array, Column, Result, Undefined, members, row_names
from servio.table import IOTable, Note

__all__ = ["Community", "Convention", "Ecosystem", "Reach", "ecosystem", "of_network", "of_nodes",
           "of_pairs"]  # fmt: skip

Convention = Literal["consumption", "absorption", "export"]
Reach = Literal["balance", "domestic"]
CONSUMED = ("household", "npish", "government", "respiration")
Positions = npt.NDArray[np.intp]
RESPIRED: dict[str, tuple[str, ...]] = {
    "consumption": CONSUMED,
    "absorption": (*CONSUMED, "investment", "inventory"),
    "export": (),
}
NOTHING = "no throughflow"
WHOLE = 1e-9
VISIBLE_GAP = 1e-6
"""Imbalance of a node, over the largest throughflow, from which a reader is told."""


@dataclass(frozen=True, eq=False)
class Community:
    """One flow network of a table.

    Parameters
    ----------
    country : str
    rows : integer array (m,), ascending
        All its nodes, as positions among the rows that `by` asks for.
    at : integer array (k,)
        Those with throughflow: the nodes of `network`.
    network : FlowNetwork
    moved : float
        Share of all flows that was negative and turned around.
    """

    country: str
    rows: Positions
    at: Positions
    network: ecology.FlowNetwork
    moved: float

    @cached_property
    def residual(self) -> float:
        """Relative error of ``z N = T``."""
        return relative_gap(self.network.z @ self.network.N, self.network.T)

    @cached_property
    def utility(self) -> ecology.Utility:
        """Utility analysis of the network."""
        return ecology.utility_analysis(self.network)


@dataclass(frozen=True, eq=False)
class Ecosystem:
    """The flow networks of a table and the labels of their nodes.

    Parameters
    ----------
    columns : mapping of str to Column
        ``country`` and ``industry`` of each node.
    collect : array (n, nodes)
        Share of each industry in each node.
    communities : tuple of Community
        One, or one a country.
    notes : tuple of Note
        What was turned around, is out of balance or of no known role.
    """

    columns: Mapping[str, Column]
    collect: Array
    communities: tuple[Community, ...]
    notes: tuple[Note, ...]

    @property
    def residual(self) -> float:
        """Largest relative error of ``z N = T``."""
        return max(community.residual for community in self.communities)


def ecosystem(
    table: IOTable, by: str, origin: Reach, convention: Convention | None = None
) -> Ecosystem:
    """The table as networks of the nodes that `by` asks for.

    One network of the flows that balance the table's rows, or, of a world table with
    ``origin=domestic``, one a country, which trades across its boundary. Without a convention the
    answer does not tell exports from respiration.
    """
    apart = table.axis.is_world and balanced(table, origin) == "domestic"
    table.flows(balanced(table, origin))
    used = convention or "consumption"
    key = ("ecosystem", by, apart, used)
    system = table.once(key, lambda: _ecosystem(table, by, apart, used))
    unknown = np.isin(table.demand_roles, ("other",))
    if convention in (None, "export") or not table.Y[:, unknown].any():
        return system
    text = "final demand of no known role counts as export, not as respiration"
    return replace(system, notes=(*system.notes, Note("unknown-role", text)))


def _ecosystem(table: IOTable, by: str, apart: bool, convention: Convention) -> Ecosystem:
    columns, collect = members(table, by)
    _must_cover(table, by, collect)
    names, nodes = table.axis.country_names, columns["country"].index
    found = []
    for place, country in enumerate(names) if apart else ((None, table.info.country),):
        rows = np.flatnonzero(nodes == place) if apart else np.arange(len(nodes))
        sides, at = _sides(table, place, convention)
        if by != "industry":
            F, *flows = sides
            S = collect[np.ix_(at, rows)]
            sides = (S.T @ F @ S, *(flow @ S for flow in flows))
        found.append(_community(country, rows, sides))
    kept = tuple(one for one in found if one is not None)
    if not kept:
        raise InputError(f"{table.info.name} flows", found="nothing but zeros", expected="flows",
                         remedy="Check the table.")  # fmt: skip
    return Ecosystem(columns, collect, kept, _notes(kept))


def _sides(
    table: IOTable, place: int | None, convention: Convention
) -> tuple[tuple[Array, ...], Positions]:
    """Flows, boundary inputs, exports and respiration by industry, and which industries.

    Of the country at `place`, whose trade crosses the boundary, or of the whole table.
    """
    Z, z = table.flows("total" if table.Zm is None else "domestic"), table.primary_inputs
    respired = np.isin(table.demand_roles, RESPIRED[convention])
    if place is None:
        taken = table.demand_with("imports", origin="domestic")
        r = table.Y[:, respired].sum(axis=1)
        return (Z, z - taken, table.Y.sum(axis=1) - r - taken, r), np.arange(len(table))
    country = table.axis.country_names[place]
    at = table.axis.positions(country)
    F = Z[np.ix_(at, at)]
    here = np.array(table.demand.countries) == country
    r = table.Y[np.ix_(at, np.flatnonzero(respired & here))].sum(axis=1)
    bought = z[at] + Z[:, at].sum(axis=0) - F.sum(axis=0)
    sold = table.Y[at].sum(axis=1) - r + Z[at].sum(axis=1) - F.sum(axis=1)
    return (F, bought, sold, r), at


def _community(country: str, rows: Positions, sides: tuple[Array, ...]) -> Community | None:
    F, z, e, r, moved = ecology.turned_around(*sides)
    alive = F.sum(axis=0) + z > 0
    if not alive.any():
        return None
    at = np.flatnonzero(alive)
    total = float(F.sum() + z.sum() + e.sum() + r.sum())
    inputs = z[at] + F[~alive][:, at].sum(axis=0)
    network = ecology.flow_network(F[np.ix_(at, at)], inputs, e[at], r[at], balance_limit=np.inf)
    return Community(country, rows, rows[at], network, moved / total)


def _must_cover(table: IOTable, by: str, collect: Array) -> None:
    wrong = np.flatnonzero(table.live & (np.abs(collect.sum(axis=1) - 1.0) > WHOLE))
    if len(wrong):
        raise LabelError(
            f"{table.info.name} by={by}",
            found=f"{table.axis.labels[wrong[0]]} in {collect[wrong[0]].sum():g} groups",
            expected="groups that hold each industry once",
            remedy="Use industry, broad, communities, sectors or economy.",
        )


def _notes(communities: tuple[Community, ...]) -> tuple[Note, ...]:
    notes = []
    moved = max(communities, key=lambda one: one.moved)
    if moved.moved > 0:
        text = f"negative flows, {moved.moved:.1g} of all, count as flows the other way"
        notes.append(Note("turned-around", text + _place(moved, communities)))
    off = max(communities, key=lambda one: one.network.gap)
    if off.network.gap > VISIBLE_GAP:
        text = (
            f"what enters and leaves a node differs by up to {off.network.gap:.1g} of the largest"
        )
        end = "; transposed they would add up" if _reversed(off.network) else ""
        text += _place(off, communities) + "; nothing is balanced" + end
        notes.append(Note("imbalance", text))
    return tuple(notes)


def _reversed(network: ecology.FlowNetwork) -> bool:
    """The flows add up from column to row, and not as they are."""
    entering, leaving = network.T, network.T - network.imbalance
    off = unsteady_node(entering, leaving) is not None
    return off and steady_transposed(network.F, entering, leaving)


def _place(one: Community, communities: tuple[Community, ...]) -> str:
    return f" ({one.country})" if len(communities) > 1 else ""


def of_nodes(
    system: Ecosystem,
    kernel: Callable[[Community], Array],
    *,
    reason: str = NOTHING,
    notes: tuple[Note, ...] = (),
) -> Result:
    """One value a node: `kernel` gives those (k,) of the nodes of one network."""
    values = np.full(len(system.columns["industry"]), np.nan)
    for one in system.communities:
        values[one.at] = kernel(one)
    names = row_names(system.columns)
    reached = np.concatenate([one.at for one in system.communities])
    gone = tuple(
        Undefined(names[row], reason if row in reached else NOTHING)
        for row in np.flatnonzero(np.isnan(values))
    )
    return Result(system.columns, values, gone, system.residual, (*system.notes, *notes))


def of_pairs(
    table: IOTable,
    system: Ecosystem,
    kernel: Callable[[Community], Array],
    notes: tuple[Note, ...] = (),
) -> Result:
    """One value a pair of nodes of one network: `kernel` gives them as (k, k), row on column.

    The column's node is the ``group``, in one network of several countries with its country as
    ``partner``.
    """
    names = row_names(system.columns)
    values, lines, others, gone = [], [], [], []
    for one in system.communities:
        m = len(one.rows)
        inside = np.full((m, m), np.nan)
        place = np.searchsorted(one.rows, one.at)
        inside[np.ix_(place, place)] = kernel(one)
        values.append(inside.ravel())
        lines.append(np.repeat(one.rows, m))
        others.append(np.tile(one.rows, m))
        gone += [
            Undefined(f"{names[one.rows[i]]} {names[one.rows[j]]}", NOTHING)
            for i, j in np.argwhere(np.isnan(inside))
        ]
    line, other = np.concatenate(lines), np.concatenate(others)
    country, industry = system.columns["country"], system.columns["industry"]
    columns = {
        "country": Column(country.names, country.index[line]),
        "industry": Column(industry.names, industry.index[line]),
        "group": Column(industry.names, industry.index[other]),
    }
    if table.axis.is_world and len(system.communities) == 1:
        columns["partner"] = Column(country.names, country.index[other])
    found = np.concatenate(values)
    return Result(columns, found, tuple(gone), system.residual, (*system.notes, *notes))


def of_network(
    system: Ecosystem,
    kernel: Callable[[Community], Mapping[str, float]],
    *,
    reason: str,
    notes: tuple[Note, ...] = (),
) -> Result:
    """One value a network and part: `kernel` gives those of one network by the name of the part."""
    found = [kernel(one) for one in system.communities]
    names, k = tuple(found[0]), len(found)
    values = np.array([[part[name] for name in names] for part in found])
    countries = tuple(one.country for one in system.communities)
    columns = {
        "country": Column(countries, np.repeat(np.arange(k), len(names))),
        "industry": Column(("economy",), np.zeros(k * len(names), dtype=np.intp)),
        "part": Column(names, np.tile(np.arange(len(names)), k)),
    }
    gone = tuple(
        Undefined(f"{countries[i]} {names[j]}".strip(), reason)
        for i, j in np.argwhere(np.isnan(values))
    )
    return Result(columns, values.ravel(), gone, system.residual, (*system.notes, *notes))
