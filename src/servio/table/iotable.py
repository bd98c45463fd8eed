"""The one labelled table every measure works on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from servio import algebra, classify
from servio.algebra.ecology.structure import UNSTEADY, check_steady
from servio.errors import InputError, LabelError, NumericalError, UsageError, ValueFault
from servio.table.axis import Axis
from servio.table.info import Note, TableInfo

__all__ = ["DEMAND_ROLES", "EVERYBODY", "ORIGINS", "PRIMARY_ROLES", "IOTable", "Origin",
           "Satellite", "is_network"]  # fmt: skip

Array = npt.NDArray[np.float64]
T = TypeVar("T")
Grouped = tuple[tuple[str, ...], Array, tuple[Note, ...]]
Membership = tuple[Array, tuple[str, ...], tuple[str, ...]]
Origin = Literal["total", "domestic", "imported"]
ORIGINS: tuple[str, ...] = get_args(Origin)
EVERYBODY = ("economy", "industry")
"""Words for all industries as one group and for each as its own, wherever a grouping is taken."""
DEMAND_ROLES = ("household", "npish", "government", "investment", "inventory", "exports", "imports",
                "respiration", "other")  # fmt: skip
PRIMARY_ROLES = ("value_added", "taxes", "margins", "imports", "adjustment")


def is_network(demand_roles: Sequence[str]) -> bool:
    """What leaves is respired or exported, nothing consumed: a flow network and no economy.

    Its nodes may take in all they give out from other nodes, and boundary inputs are of any kind.
    """
    return "respiration" in demand_roles or set(demand_roles) == {"exports"}


@dataclass(frozen=True)
class Satellite:
    """A row that goes with the industries but not with the money balance, such as employment."""

    values: Array
    unit: str


@dataclass(frozen=True, eq=False)
class IOTable:
    """Input-output table with labels, units and provenance; immutable.

    Parameters
    ----------
    Z : array (n, n)
        Intermediate flows, row sells to column, in ``info.money``. Domestic flows where
        ``info.flows`` is ``domestic``; all flows for ``total`` and ``world``.
    Y : array (n, m)
        Final demand for the rows of Z, exports included, imports (if a column) negative.
    V : array (p, n)
        Primary inputs by row, each with a role in `primary_roles`.
    x : array (n,)
        Gross output.
    axis, demand : Axis
        Labels of the n industries (or products) and of the m demand columns.
    demand_roles : tuple of str
        One of `DEMAND_ROLES` for each demand column.
    primary : tuple of str
        Names of the rows of V.
    primary_roles : tuple of str
        One of `PRIMARY_ROLES` for each row of V.
    info : TableInfo
        Source, units, year, steps.
    Zm, Ym : array (n, n) and (n, m), optional
        Imported intermediate and final flows by product, for national tables that split them.
    Vy : array (p, m), optional
        Primary inputs (taxes, margins) paid by final demand.
    satellites : mapping of str to Satellite
        Employment, capital, energy ...; shape (n,) each.
    groups : mapping of str to Grouping
        Groupings of the table's own labels.

    Raises
    ------
    InputError
        Shapes, labels or roles do not fit.
    ValueFault
        A cell is not a finite number.

    Notes
    -----
    Identities (residuals in `servio.table.identity`): ``x = Z 1 + Y 1 + d`` and
    ``x' = 1'Z + 1'Zm + 1'V + c'``; d and c are the published data's own discrepancies, reported
    and never spread.

    Source: Miller & Blair (2009), Input-Output Analysis, 2nd ed., ch. 2.

    Examples
    --------
    >>> import numpy as np
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("1", "2"))
    >>> table.coefficients("total").round(2).tolist()
    [[0.15, 0.25], [0.2, 0.05]]
    """

    Z: Array
    Y: Array
    V: Array
    x: Array
    axis: Axis
    demand: Axis
    demand_roles: tuple[str, ...]
    primary: tuple[str, ...]
    primary_roles: tuple[str, ...]
    info: TableInfo
    Zm: Array | None = None
    Ym: Array | None = None
    Vy: Array | None = None
    satellites: Mapping[str, Satellite] = field(default_factory=dict)
    groups: Mapping[str, classify.Grouping] = field(default_factory=dict)
    trusted: bool = field(default=False, repr=False)
    _cache: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "satellites", MappingProxyType(dict(self.satellites)))
        object.__setattr__(self, "groups", MappingProxyType(dict(self.groups)))
        if self.trusted:
            return
        n, m, p = len(self.axis), len(self.demand), len(self.primary)
        shapes: dict[str, tuple[int, ...]] = {
            "Z": (n, n), "Y": (n, m), "V": (p, n), "x": (n,),
            "Zm": (n, n), "Ym": (n, m), "Vy": (p, m),
        }  # fmt: skip
        for name, shape in shapes.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, self._checked(name, value, shape))
        for name, satellite in self.satellites.items():
            self._checked(f"satellite {name}", satellite.values, (n,))
        _check_roles("demand_roles", self.demand_roles, DEMAND_ROLES, m)
        _check_roles("primary_roles", self.primary_roles, PRIMARY_ROLES, p)

    def _checked(self, name: str, value: npt.ArrayLike, shape: tuple[int, ...]) -> Array:
        array = _numbers(self.info.name, name, value).copy()
        _sized(self.info.name, name, array, shape)
        if not np.isfinite(array).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise ValueFault(
                f"{self.info.name} {name} {self._cell(name, where)}",
                found=str(array[where]),
                expected="a finite number",
                remedy="Correct the cell or leave the table out.",
            )
        array.setflags(write=False)
        return array

    def _cell(self, name: str, where: tuple[int, ...]) -> str:
        rows = self.primary if name.startswith("V") else self.axis.labels
        columns = self.demand.labels if name.endswith(("Y", "Ym", "Vy")) else self.axis.labels
        names = (rows, columns) if len(where) == 2 else (self.axis.labels,)
        return ", ".join(labels[i] for labels, i in zip(names, where, strict=True))

    @classmethod
    def from_flows(
        cls,
        Z: npt.ArrayLike,
        *,
        Y: npt.ArrayLike | None = None,
        V: npt.ArrayLike | None = None,
        x: npt.ArrayLike | None = None,
        codes: Sequence[str] = (),
        country: str = "",
        countries: Sequence[str] = (),
        info: TableInfo | None = None,
        balance_limit: float | None = None,
        **parts: Any,
    ) -> IOTable:
        """A table from flows and whichever of Y, V and x are known; the rest follows from balance.

        Final demand missing: ``y = x - Z 1``. Output missing: ``x = Z 1 + Y 1``. Primary inputs
        missing: ``va = x - 1'Z - 1'Zm``. Each derivation is recorded in ``info.steps``.

        Parameters
        ----------
        Z : array (n, n)
            Intermediate flows, row sells to column.
        Y : array (n, m) or (n,), optional
            Final demand. With `countries`, as many columns a country, country by country.
        V : array (p, n) or (n,), optional
            Primary inputs.
        x : array (n,), optional
            Gross output; Y or x must be there.
        codes : sequence of str
            The industries: n of a table of one country, N of one of several.
        country : str
            Country of a national table.
        countries : sequence of str, optional
            Makes it a world table: the G countries, each with the same N industries, n = G N, in
            the order country by country.
        info : TableInfo, optional
            Year, currency, unit, source; ``flows`` and ``country`` of a world table are set.
        balance_limit : float, optional
            Of a flow network (final demand is respiration, or exports alone): the gap between
            what enters and what leaves a node that is kept, over the largest node; ``numpy.inf``
            keeps any. By default 5 % of each node. Economies are never refused for a gap.
        **parts
            Fields of `IOTable`: `groups`, `primary` and `primary_roles` (one a row of V), `demand`
            (names of the columns of Y) and `demand_roles`, `satellites`, `Zm`, `Ym`, ... With
            `countries`, `demand` and `demand_roles` may be those of one country's columns.

        Raises
        ------
        InputError
            Shapes, labels or roles do not fit; neither Y nor x; a flow network where what enters
            a node does not leave it, such as one with its flows transposed.
        ValueFault
            A cell is not a finite number.

        Examples
        --------
        Two countries with goods and services; each has households' demand and inventories.

        >>> import servio
        >>> groups = {"services": servio.classify.Grouping.custom("services", {"S": ["S"]})}
        >>> world = servio.IOTable.from_flows(
        ...     [[20, 10, 5, 2], [10, 15, 2, 3], [6, 2, 30, 10], [3, 4, 12, 20]],
        ...     Y=[[30, 1, 8, 0], [50, 0, 4, 0], [9, 0, 40, -2], [5, 0, 56, 0]],
        ...     countries=("AAA", "BBB"), codes=("C", "S"), groups=groups,
        ...     demand=("HH", "INV"), demand_roles=("household", "inventory"),
        ...     info=servio.table.TableInfo("arrays", currency="USD", unit="million"))
        >>> world
        <IOTable arrays WORLD: 2 countries x 2 industries, million USD>
        >>> servio.measure.gross_exports(world, by="economy").values.tolist()
        [24.0, 29.0]
        """
        world = bool(countries)
        info = info or TableInfo("arrays", country=country or "".join(countries[:1]))
        axis = parts.pop("axis", None) or (
            Axis.world(countries, codes) if world else Axis.national(country, codes)
        )
        if axis.is_world:
            info = replace(info, country="WORLD", flows="world")
        n, name = len(axis), info.name
        Z = _numbers(name, "Z", Z)
        if Z.shape != (n, n):
            raise _misfit(name, Z.shape, countries, codes)
        Y = None if Y is None else _two_dimensional(_numbers(name, "Y", Y))
        Y = None if Y is None else _sized(name, "Y", Y, (n, Y.shape[1]))
        x = None if x is None else _sized(name, "x", _numbers(name, "x", x), (n,))
        if x is None and Y is None:
            raise InputError(
                info.name or "table",
                found="Z alone",
                expected="Z with final demand Y or output x",
                remedy="Give Y or x; the other follows from the balance.",
            )
        derived = Y is None
        Y, x, info = _complete_rows(Z, Y, x, info)
        Y = _two_dimensional(Y)
        demand, roles = parts.pop("demand", None), parts.pop("demand_roles", None)
        if derived and axis.is_world:
            text = "final demand follows from output, not by country: measures of trade need Y"
            info = info.with_notes(Note("demand-country", text))
            demand = demand if isinstance(demand, Axis) else None
        elif world and not isinstance(demand, Axis):
            demand, roles = _world_demand(name, countries, Y.shape[1], demand, roles)
        elif demand is not None and not isinstance(demand, Axis):
            demand = Axis.national(country, demand)
        demand = demand or _plain_demand(country, Y.shape[1])
        roles = ("other",) * len(demand) if roles is None else roles
        Zm = parts.get("Zm")
        drawn = V is None
        if V is None:
            V = x - Z.sum(axis=0) - (0.0 if Zm is None else np.asarray(Zm).sum(axis=0))
            info = _derived(info, "V", "primary inputs derived: x' - 1'Z - 1'Zm")
        V = np.atleast_2d(_numbers(name, "V", V))
        primary = parts.pop("primary", ("value added",) if len(V) == 1 else None)
        primary = primary or tuple(f"primary input {i + 1}" for i in range(len(V)))
        primary_roles = parts.pop("primary_roles", ("value_added",) * len(V))
        table = cls(Z, Y, V, x, axis, demand, tuple(roles), tuple(primary), tuple(primary_roles),
                    info, **parts)  # fmt: skip
        if is_network(table.demand_roles):
            _check_network(table, balance_limit, drawn)
        return table

    # -- what is there ------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.axis)

    @property
    def has_split(self) -> bool:
        """Domestic and imported flows can be told apart."""
        return self.Zm is not None or self.axis.is_world

    @property
    def live(self) -> npt.NDArray[np.bool_]:
        """Industries with output, shape (n,)."""
        return self.once("live", lambda: algebra.live_industries(self.x))

    @property
    def unseen_imports(self) -> float:
        """Share of inputs that are imported but not known by product: no flow holds them."""
        if self.Zm is not None or self.axis.is_world or self.info.flows == "total":
            return 0.0
        imported = float(self._rows_with("imports").sum())
        inputs = float(self.Z.sum()) + imported
        return imported / inputs if inputs > 0 else 0.0

    @property
    def value_added(self) -> Array:
        """Value added by industry, shape (n,), in ``info.money``."""
        return self._rows_with("value_added")

    @property
    def primary_inputs(self) -> Array:
        """Everything an industry uses besides domestic flows: V and imported inputs, shape (n,)."""
        own: Array = self.V.sum(axis=0)
        return own if self.Zm is None else own + self.Zm.sum(axis=0)

    def demand_with(self, *roles: str, origin: Origin = "total") -> Array:
        """Final demand columns with these roles, summed, shape (n,)."""
        columns = [i for i, role in enumerate(self.demand_roles) if role in roles]
        total: Array = self.Y[:, columns].sum(axis=1)
        if self.Ym is None or origin == "domestic":
            return total
        imported: Array = self.Ym[:, columns].sum(axis=1)
        return imported if origin == "imported" else total + imported

    def _rows_with(self, role: str) -> Array:
        rows = [i for i, r in enumerate(self.primary_roles) if r == role]
        total: Array = self.V[rows].sum(axis=0)
        return total

    # -- derived, computed once ---------------------------------------------------------------

    def flows(self, origin: Origin = "total") -> Array:
        """Intermediate flows of one origin, shape (n, n).

        Rows are the selling industries. For a world table `domestic` keeps the flows inside each
        country and `imported` those between countries. A table without a split gives its flows as
        published for `total` and `domestic` alike, unless it says that they contain imports.
        """
        _check_origin(origin)
        return self.once(("flows", origin), lambda: self._flows(origin))

    def _flows(self, origin: Origin) -> Array:
        if self.axis.is_world and origin != "total":
            inside = self.axis.country_index[:, None] == self.axis.country_index[None, :]
            return np.where(inside == (origin == "domestic"), self.Z, 0.0)
        if self.Zm is not None:
            if origin == "total":
                return self.Z + self.Zm
            return self.Z if origin == "domestic" else self.Zm
        if self.axis.is_world:
            return self.Z
        if origin == "imported" or (origin == "domestic" and self.info.flows == "total"):
            raise InputError(
                f"{self.info.name} origin",
                found=f"origin={origin}, but the table does not split imports from domestic flows",
                expected="a table with imported flows, or origin=total",
                remedy="Use origin=total or give the imports matrix.",
            )
        return self.Z

    def coefficients(self, origin: Origin = "total") -> Array:
        """Input coefficients ``A = Z diag(x)^-1`` of one origin, shape (n, n); dead columns 0."""
        _check_origin(origin)
        return self.once(("A", origin), lambda: self._inputs(origin).matrix)

    def _inputs(self, origin: Origin) -> algebra.Coefficients:
        """The same as flows over output: products without a second array of this size."""
        return self.once(("inputs", origin), lambda: self._over_output(self.flows(origin)))

    def _over_output(self, flows: Array) -> algebra.Coefficients:
        try:
            return algebra.Coefficients(flows, self.x)
        except ValueFault as error:
            faulty = ~self.live & flows.any(axis=0)
            raise ValueFault(
                f"{self.info.name} columns {self._some(faulty)}".strip(),
                found=error.found,
                expected=error.expected,
                remedy=error.remedy,
            ) from None

    def leontief(self, origin: Origin = "total") -> algebra.Leontief:
        """The factorised ``I - A`` of one origin, built once and shared by all measures."""
        same = origin == "domestic" and not self.has_split
        key: Origin = "total" if same and self.info.flows != "total" else origin
        return self.once(("leontief", key), lambda: self._factorise(key))

    def _factorise(self, origin: Origin) -> algebra.Leontief:
        A = self._inputs(origin)
        if A.lowest.min() < 0:  # the factor tells only where no coefficient is negative
            self._refuse_unproductive(A, origin)
        try:
            return algebra.Leontief(A, self.live)
        except NumericalError as error:
            self._refuse_unproductive(A, origin)
            blamed = np.isin(np.arange(len(self)), error.positions)
            raise NumericalError(
                f"{self.info.name} {origin} inputs, block {self._some(blamed)}",
                found=error.found,
                expected=error.expected,
                remedy=error.remedy,
            ) from None

    def _refuse_unproductive(self, A: algebra.Coefficients, origin: Origin) -> None:
        heavy = np.flatnonzero(A.sizes >= 1.0)
        if len(heavy) and algebra.spectral_radius(A.matrix) >= 1.0:
            names = [self.axis.labels[i] for i in heavy[:5]]
            raise NumericalError(
                f"{self.info.name} {origin} inputs",
                found=f"spectral radius of A at least 1; inputs reach output in {names}",
                expected="industries that produce more than they use up",
                remedy="Check these columns: is output or an input in another unit?",
            )

    def weights(self, grouping: str | classify.Grouping) -> tuple[tuple[str, ...], Array]:
        """Groups of a grouping and the share of each industry in them: names and (g, n).

        Of any table ``economy`` is all industries as one group, ``industry`` each as its own.
        Groups without any industry of this table are left out and named by `grouping_notes`.

        Raises
        ------
        LabelError
            The table's labels do not know the grouping, or every group is empty.
        """
        names, weights, _ = self._grouped(grouping)
        return names, weights

    def grouping_notes(self, grouping: str | classify.Grouping) -> tuple[Note, ...]:
        """What a reader must know of a grouping on this table: empty groups, shared codes."""
        return self._grouped(grouping)[2]

    def grouping_title(self, grouping: str | classify.Grouping) -> str:
        """Title of a grouping as this table knows it."""
        return (self._found(grouping) if isinstance(grouping, str) else grouping).title

    def _grouped(self, grouping: str | classify.Grouping) -> Grouped:
        if not isinstance(grouping, str):
            return self._resolved(grouping)
        return self.once(("weights", grouping), lambda: self._resolved(self._found(grouping)))

    def _found(self, name: str) -> classify.Grouping:
        if name in self.groups:
            return self.groups[name]
        if name in EVERYBODY:
            codes = self.axis.code_names
            members = {name: codes} if name == "economy" else {code: (code,) for code in codes}
            return classify.Grouping.custom(name, members)
        if self.info.classification is None:
            near, code = classify.nearest(name, self.groups), self.axis.codes[0]
            described = self.info.source != "arrays"
            add = f'Add to the description, with its members: [groups] {name} = ["{code}"]'
            give = f'Give groups={{"{name}": Grouping.custom("{name}", {{"{name}": ["{code}"]}})}}'
            raise LabelError(
                f"{self.info.name} grouping {name!r}",
                found=f"labels of the table's own; its groupings: {sorted(self.groups)}",
                expected=f"a grouping of its own, {' or '.join(EVERYBODY)}",
                remedy=f"Did you mean {' or '.join(near)}?" if near else add if described else give,
            )
        return classify.grouping(name)

    def _resolved(self, grouping: classify.Grouping) -> Grouped:
        codes, classification = self.axis.codes, self.info.classification
        weights, partly, wholly = _membership(grouping, classification, codes)
        notes: tuple[Note, ...] = ()
        if grouping.rule is not None:
            use, notes = self._use_share(grouping.rule.users)
            weights = weights * grouping.rule.weigh(use)
        full = np.asarray(weights.any(axis=1))
        empty = [name for name, there in zip(grouping.groups, full, strict=True) if not there]
        names = tuple(name for name in grouping.groups if name not in empty)
        if not names:
            raise LabelError(
                f"{self.info.name} grouping {grouping.name!r}",
                found=f"no industry for {', '.join(empty)}",
                expected="at least one industry in a group",
                remedy="Use a finer table or another grouping.",
            )
        if empty:
            text = f"{grouping.name}: no industry here for {', '.join(empty)}"
            notes = (*notes, Note("empty-group", text))
        if partly:
            text = (
                f"{grouping.name}: {', '.join(partly)} shared out between groups or partly left out"
            )
            notes = (*notes, Note("shared-codes", text))
        if wholly:
            text = (
                f"{grouping.name}: {', '.join(wholly)} counted whole, though parts belong elsewhere"
            )
            notes = (*notes, Note("mixed-codes", text))
        return names, weights[full], notes

    def use_share(self, users: Sequence[str] = ("intermediate",)) -> Array:
        """Share of each industry's supply that producers use, shape (n,); NaN if it sells nothing.

        ``u_i = sum_j z_ij / (sum_j z_ij + y_i)`` over home and imported supply; y holds every final
        use, exports included. Government consumption counts as producers' use if `users` has it.
        It exceeds 1 where final use is negative in sum (inventories).
        """
        used = self.flows("total").sum(axis=1)
        final = self.demand_with(*(role for role in DEMAND_ROLES if role != "imports"))
        supply = used + final
        if "government" in users:
            used = used + self.demand_with("government")
        share: Array = np.full(len(used), np.nan)
        np.divide(used, supply, out=share, where=supply > 0)
        return share

    def _use_share(self, users: Sequence[str]) -> tuple[Array, tuple[Note, ...]]:
        share = self.use_share(users)
        nothing = np.isnan(share)
        outside = ~nothing & ((share < 0) | (share > 1))
        notes = []
        if outside.any():
            text = (
                f"share sold to producers set to 0 or 1 for {self._some(outside)}: negative stocks"
            )
            notes.append(Note("use-share-outside", text))
        if (nothing & self.live).any():
            text = f"no share sold to producers for {self._some(nothing & self.live)}: counted as 0"
            notes.append(Note("use-share-undefined", text))
        return np.clip(np.where(nothing, 0.0, share), 0.0, 1.0), tuple(notes)

    def _some(self, chosen: npt.NDArray[np.bool_]) -> str:
        labels = [self.axis.labels[i] for i in np.flatnonzero(chosen)]
        more = f" and {len(labels) - 5} more" if len(labels) > 5 else ""
        return ", ".join(labels[:5]) + more

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, computed on the first call with this key and kept with the table."""
        if key not in self._cache:
            value = make()
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            self._cache[key] = value
        found: T = self._cache[key]
        return found

    # -- the same table, otherwise --------------------------------------------------------------

    def permuted(self, order: Sequence[int] | npt.NDArray[np.intp]) -> IOTable:
        """The industries in another order; nothing else changes."""
        order = np.asarray(order, dtype=np.intp)
        if sorted(order.tolist()) != list(range(len(self))):
            raise UsageError("order", found="not every position once", expected="a permutation",
                             remedy="Give each position of the axis once.")  # fmt: skip
        square = np.ix_(order, order)
        return self._replaced(
            Z=self.Z[square],
            Y=self.Y[order],
            V=self.V[:, order],
            x=self.x[order],
            axis=self.axis.permuted(order),
            Zm=None if self.Zm is None else self.Zm[square],
            Ym=None if self.Ym is None else self.Ym[order],
            satellites={k: Satellite(s.values[order], s.unit) for k, s in self.satellites.items()},
            info=self.info.step("industries reordered"),
        )

    def scaled(self, factor: float, currency: str) -> IOTable:
        """Every flow times one factor, in another currency or unit."""
        if not (np.isfinite(factor) and factor > 0):
            raise UsageError(
                "factor",
                found=str(factor),
                expected="a positive number",
                remedy="Give units of the new currency for one of the old.",
            )
        money = {
            name: value * factor
            for name in ("Z", "Y", "V", "x", "Zm", "Ym", "Vy")
            if (value := getattr(self, name)) is not None
        }
        return self._replaced(
            **money, info=self.info.step(f"flows times {factor!r}", currency=currency)
        )

    def _replaced(self, **changes: Any) -> IOTable:
        return replace(self, trusted=False, **changes)

    @property
    def fingerprint(self) -> str:
        """Hash of numbers, labels and units: equal tables have equal fingerprints."""
        return self.once("fingerprint", self._fingerprint)

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for name in ("Z", "Y", "V", "x", "Zm", "Ym", "Vy"):
            value = getattr(self, name)
            digest.update(name.encode())
            if value is not None:
                digest.update(str(value.shape).encode())
                digest.update(np.ascontiguousarray(value).data)
        for name in sorted(self.satellites):
            satellite = self.satellites[name]
            digest.update(f"{name}|{satellite.unit}".encode())
            digest.update(np.ascontiguousarray(satellite.values).data)
        info = self.info
        text = (self.axis.labels, self.demand.labels, self.demand_roles, self.primary,
                self.primary_roles, info.year, info.currency, info.unit, info.prices,
                info.flows, info.classification)  # fmt: skip
        digest.update(repr(text).encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        size = f"{len(self)} industries"
        if self.axis.is_world:
            size = (
                f"{len(self.axis.country_names)} countries x {len(self.axis.code_names)} industries"
            )
        mark = " SYNTHETIC" if self.info.synthetic else ""
        return f"<IOTable {self.info.name}: {size}, {self.info.money}{mark}>"


def _membership(
    grouping: classify.Grouping, classification: str | None, codes: tuple[str, ...]
) -> Membership:
    """Shares of the codes in the groups before any rule of use; codes shared out; codes mixed."""
    name = grouping.name
    published = name in classify.groupings() and grouping is classify.grouping(name)
    if classification is None or not published:
        return _find_membership(grouping, classification, codes)
    return _known_membership(name, classification, codes)


@lru_cache(maxsize=256)
def _known_membership(name: str, classification: str, codes: tuple[str, ...]) -> Membership:
    found = _find_membership(classify.grouping(name), classification, codes)
    found[0].setflags(write=False)
    return found


def _find_membership(
    grouping: classify.Grouping, classification: str | None, codes: tuple[str, ...]
) -> Membership:
    weights = replace(grouping, rule=None).weights(classification, codes, allow_empty=True)
    partial = grouping.partial(classification, codes)
    partly = tuple(p.code for p in partial if any(0 < s < 1 for s in p.shares.values()))
    return weights, partly, tuple(p.code for p in partial if p.code not in partly)


def _two_dimensional(column: Array) -> Array:
    return column[:, None] if column.ndim == 1 else column


def _derived(info: TableInfo, part: str, text: str) -> TableInfo:
    return info.step(text, derived=(*info.derived, part))


def _complete_rows(
    Z: Array, Y: npt.ArrayLike | None, x: npt.ArrayLike | None, info: TableInfo
) -> tuple[Array, Array, TableInfo]:
    if Y is None:
        output = np.asarray(x, dtype=np.float64)
        info = _derived(info, "Y", "final demand derived: x - Z 1")
        return output - Z.sum(axis=1), output, info
    demand = _two_dimensional(np.asarray(Y, dtype=np.float64))
    if x is None:
        info = _derived(info, "x", "output derived: Z 1 + Y 1")
        return demand, Z.sum(axis=1) + demand.sum(axis=1), info
    return demand, np.asarray(x, dtype=np.float64), info


def _check_network(table: IOTable, limit: float | None, derived: bool) -> None:
    """Refuse a flow network that is not in a steady state, or is one by flows out of nowhere."""

    def place(i: int) -> str:
        return f"{table.info.name} flow network, {table.axis.labels[i]}".strip()

    leaving, inputs = table.Z.sum(axis=1) + table.Y.sum(axis=1), table.primary_inputs
    low = np.flatnonzero(inputs < -UNSTEADY * table.x)
    if derived and limit is None and low.size:
        i = int(low[0])
        raise InputError(
            place(i),
            found=f"{table.Z[:, i].sum():.6g} from other nodes, more than the {table.x[i]:.6g} "
            "that leave",
            expected="boundary inputs V, or outputs from which they follow",
            remedy="Complete the outputs in Y; or give numpy.transpose of the flows.",
        )
    check_steady(table.Z, table.Z.sum(axis=0) + inputs, leaving, limit, place)


def _plain_demand(country: str, m: int) -> Axis:
    return Axis.national(country, _plain_names(m))


def _plain_names(m: int) -> tuple[str, ...]:
    return ("final demand",) if m == 1 else tuple(f"final demand {i + 1}" for i in range(m))


def _world_demand(
    table: str,
    countries: Sequence[str],
    m: int,
    names: Sequence[str] | None,
    roles: Sequence[str] | None,
) -> tuple[Axis, Sequence[str] | None]:
    """Labels and roles of the columns of Y from those of one country."""
    each = m // len(countries) if names is None else len(names)
    if each * len(countries) != m or not each:
        raise InputError(
            f"{table} Y",
            found=f"{m} columns" + ("" if names is None else f", demand of {each} names"),
            expected=f"as many for each of the {len(countries)} countries, country by country",
            remedy="Add up or complete the columns, and name one country's in demand.",
        )
    full = roles is not None and len(roles) == each
    return (
        Axis.world(countries, _plain_names(each) if names is None else names),
        tuple(roles) * len(countries) if full and roles is not None else roles,
    )


def _misfit(
    table: str, shape: tuple[int, ...], countries: Sequence[str], codes: Sequence[str]
) -> InputError:
    """The error for flows of another size than their labels."""
    n = len(codes) * max(len(countries), 1)
    named = f"{len(countries)} countries of {len(codes)} codes" if countries else f"{n} codes"
    return InputError(
        f"{table} Z".strip(),
        found=f"shape {shape} with {named}",
        expected=f"shape ({n}, {n})" if n else "a label for each row",
        remedy="Give codes one label an industry; of several countries, countries=[...] and the "
        "codes of one of them.",
    )


def _check_roles(name: str, roles: Sequence[str], known: Sequence[str], size: int) -> None:
    bad = [role for role in roles if role not in known]
    if bad or len(roles) != size:
        raise InputError(
            name,
            found=f"{len(roles)} roles, unknown {bad[:3]}",
            expected=f"{size} of {', '.join(known)}",
            remedy="Give one known role for each label.",
        )


def _numbers(table: str, name: str, value: npt.ArrayLike) -> Array:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueFault(
            f"{table} {name}".strip(),
            found=f"no array of numbers ({error})",
            expected="numbers in rows of equal length",
            remedy="Correct the array.",
        ) from None


def _sized(table: str, name: str, array: Array, shape: tuple[int, ...]) -> Array:
    if array.shape != shape:
        raise _bad_shape(table, name, array.shape, shape)
    return array


def _bad_shape(
    table: str, name: str, found: tuple[int, ...], expected: tuple[int, ...]
) -> InputError:
    return InputError(
        f"{table} {name}".strip(),
        found=f"shape {found}",
        expected=f"shape {expected}",
        remedy="Give the matrix the size of its labels.",
    )


def _check_origin(origin: str) -> None:
    if origin not in ORIGINS:
        raise UsageError("origin", found=repr(origin), expected=f"one of {', '.join(ORIGINS)}",
                         remedy="Choose one of them.")  # fmt: skip
