"""The chain behind one industry's output, stage by stage, small suppliers gathered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.errors import LabelError, UsageError
from servio.measure._chains import (
    GAP,
    IMPORTS,
    embodied,
    other_primary,
    relative_gap,
    value_added_rows,
)
from servio.measure._origin import balanced
from servio.table import DEMAND_ROLES, IOTable

__all__ = ["Box", "Link", "SupplyStages", "supply_stages"]

Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]
SERVICES, OTHER = "services", "other industries"
DUST = 1e-12


@dataclass(frozen=True)
class Box:
    """A place in the chain, and how its value comes about.

    Parameters
    ----------
    id : str
    stage : int
        -1 for uses, 0 for the product, 1 for its suppliers, 2 for theirs, and so on.
    kind : {'use', 'product', 'supplier', 'others', 'imports', 'earlier'}
        ``others`` are suppliers of one kind gathered, ``earlier`` what is behind the last stage
        shown, by who gets it.
    country, code : str
        Of one industry; the name of a use or of what is gathered in `code`, and in `country`
        ``abroad`` for others of a world table in other countries.
    count : int
        Industries in it.
    service : bool
    value : float
        What it delivers.
    value_added, imports, rest : float
        Parts of it that are earned here, bought abroad where imports are one block, and taxes,
        margins and discrepancy; zero where `value` is not split.
    inputs : float
        The remaining part, which comes from the stage before.
    """

    id: str
    stage: int
    kind: str
    country: str
    code: str
    count: int
    service: bool
    value: float
    value_added: float = 0.0
    imports: float = 0.0
    rest: float = 0.0
    inputs: float = 0.0


@dataclass(frozen=True)
class Link:
    """A flow from one box to another."""

    source: str
    target: str
    value: float


@dataclass(frozen=True, eq=False)
class SupplyStages:
    """The chain of an industry's output.

    Parameters
    ----------
    label : str
        Of the product in the table.
    unit : str
    output : float
    boxes : tuple of Box
    links : tuple of Link
    origins : mapping of str to float
        Everything the output's value goes to, over all stages, adding up to it: value added of
        services and of other industries, imports, taxes and margins, discrepancy.
    earned : tuple of (float, float)
        Value added of services and of other industries at each stage shown, the product's first.
    world : bool
        Whether suppliers abroad are seen.
    residual : float
        Largest relative gap between a box and what makes it up, or of the chain's equation.
    """

    label: str
    unit: str
    output: float
    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    origins: Mapping[str, float]
    earned: tuple[tuple[float, float], ...]
    world: bool
    residual: float


def supply_stages(
    table: IOTable, industry: str, *, country: str = "", stages: int = 2, most: int = 4,
    least: float = 0.0,
) -> SupplyStages:  # fmt: skip
    """Follow an industry's output back to its suppliers and theirs, and on to its uses.

    Who supplies whom, stage by stage?

    Stage k of the output x of industry j is ``A^k x e_j``: what suppliers at k links deliver for
    it. A flow from i to m between two stages is ``a_im (A^(k-1) x e_j)_m``. Each box delivers what
    it gets from the stage before, value added, imports and taxes; behind the last stage stands
    all that its inputs contain, ``r L A`` by kind of primary input r.

    Parameters
    ----------
    table : IOTable
    industry, country : str
        Code of the industry; its country in a world table.
    stages : int
        Stages of suppliers to show.
    most : int
        Services, and as many other industries, to show of each stage by themselves, the largest;
        the others of both kinds are gathered, in a world table at home and abroad.
    least : float
        Share of the output from which a supplier is shown by itself.

    Returns
    -------
    SupplyStages

    Raises
    ------
    LabelError
        No such industry or country, or no output.
    InputError
        The table has no value added.
    UsageError
        `stages` or `most` is not positive.

    Notes
    -----
    Identity: the links into a box, its value added, imports and taxes add up to its value, which
    is the sum of the links out of it; `origins` add up to the output. Value added at a stage is
    that of `measure.chain_income` by stage, per unit of the product. Flows are those that balance
    the table: a national table with imports apart shows domestic suppliers, and imports as one
    block.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> services = Grouping.custom("services", {"services": ("G",)})
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups={"services": services})
    >>> found = supply_stages(table, "C", stages=1)
    >>> [(link.source, link.target, round(link.value, 1)) for link in found.links][:2]
    [('1 G', '0 C', 200.0), ('1 C', '0 C', 150.0)]
    >>> {name: round(value, 1) for name, value in found.origins.items()}
    {'services': 184.8, 'other industries': 815.2}
    """
    if stages < 1 or most < 1:
        raise UsageError("supply_stages", found=f"stages={stages}, most={most}",
                         expected="1 or more of each", remedy="Correct them.")  # fmt: skip
    at = _position(table, industry, country)
    origin = balanced(table, "balance")
    service = np.asarray(table.weights(SERVICES)[1].sum(axis=0), dtype=float)
    primary = _primary(table, service)
    A = table.coefficients(origin)
    layers = [np.where(np.arange(len(table)) == at, table.x, 0.0)]
    for _ in range(stages):
        layers.append(A @ layers[-1])
    floor = max(least * float(table.x[at]), 0.0)
    draft = _Draft(table, at, service > 0.5, primary)
    gathered = [draft.stage(0, layers[0], 1, 0.0)]
    gathered += [draft.stage(k, layers[k], most, floor) for k in range(1, stages + 1)]
    for k in range(stages):
        draft.flows(gathered[k], gathered[k + 1], A, layers[k])
        draft.behind(k + 1, "imports", IMPORTS, gathered[k], draft.imported * layers[k])
    behind, gap = embodied(table, np.array(list(primary.values())), origin)
    for (name, own), whole in zip(primary.items(), behind, strict=True):
        before = whole if name == IMPORTS else whole - own
        draft.behind(stages + 1, "earlier", name, gathered[-1], before * layers[-1])
    draft.uses(table.flows(origin)[at])
    origins = dict(zip(primary, map(float, behind[:, at] * table.x[at]), strict=True))
    return SupplyStages(
        table.axis.labels[at], table.info.money, float(table.x[at]), tuple(draft.boxes),
        tuple(draft.links), {k: v for k, v in origins.items() if abs(v) > draft.dust},
        tuple(_earned(primary, layer) for layer in layers), table.axis.is_world,
        max(gap, draft.gap()),
    )  # fmt: skip


def _position(table: IOTable, industry: str, country: str) -> int:
    axis = table.axis
    own = axis.positions(country) if axis.is_world else np.arange(len(axis))
    found = [int(i) for i in own if axis.codes[i] == industry]
    if not found:
        raise LabelError(
            f"{table.info.name} industry", found=repr(industry),
            expected=f"one of {', '.join(axis.code_names[:12])}", remedy="Choose one of these.",
        )  # fmt: skip
    if not table.live[found[0]]:
        raise LabelError(
            f"{table.info.name} industry {industry}", found="no output",
            expected="an industry that produces", remedy="Choose another industry or year.",
        )  # fmt: skip
    return found[0]


def _primary(table: IOTable, service: Array) -> dict[str, Array]:
    """Everything a unit of output pays besides intermediate flows, (n,) each."""
    va = value_added_rows(table, np.vstack([service, 1.0 - service]))
    rows = {SERVICES: va[0], OTHER: va[1]}
    other = other_primary(table)
    for name, row in zip(other, algebra.value_coefficients(np.array(list(other.values())), table.x),
                         strict=True):  # fmt: skip
        rows[name] = row
    return rows


def _earned(primary: Mapping[str, Array], layer: Array) -> tuple[float, float]:
    return float(primary[SERVICES] @ layer), float(primary[OTHER] @ layer)


@dataclass(frozen=True, eq=False)
class _Stage:
    """Boxes of one stage: their ids, and which industries are in which (boxes, n)."""

    ids: tuple[str, ...]
    inside: Array


class _Draft:
    """Boxes and links as they are found."""

    def __init__(
        self, table: IOTable, at: int, service: npt.NDArray[np.bool_], primary: Mapping[str, Array]
    ) -> None:
        none = np.zeros(len(table))
        self.table, self.at, self.service = table, at, service
        self.home = table.axis.country_index == table.axis.country_index[at]
        self.dust = DUST * float(table.x[at])
        self.added = primary[SERVICES] + primary[OTHER]
        self.imported = primary.get(IMPORTS, none)
        named = (SERVICES, OTHER, IMPORTS)
        self.rest = sum((row for name, row in primary.items() if name not in named), start=none)
        self.boxes: list[Box] = []
        self.links: list[Link] = []

    def stage(self, k: int, layer: Array, most: int, floor: float) -> _Stage:
        """The boxes of a stage: the largest suppliers, then the others gathered."""
        axis = self.table.axis
        order = np.argsort(-layer, kind="stable")
        kinds = order[self.service[order]][:most], order[~self.service[order]][:most]
        alone = sorted(
            (int(i) for own in kinds for i in own if layer[i] > floor), key=lambda i: -layer[i]
        )
        left = np.setdiff1d(np.flatnonzero(layer), alone)
        first = len(self.boxes)
        rows: list[Positions] = []
        for i in alone:
            self._box(k, "supplier" if k else "product", axis.countries[i], axis.codes[i],
                      np.array([i]), layer, bool(self.service[i]))  # fmt: skip
            rows.append(np.array([i]))
        for name, service in ((SERVICES, True), (OTHER, False)):
            for place, there in (("", self.home), ("abroad", ~self.home)):
                own = left[((self.service == service) & there)[left]]
                if len(own):
                    self._box(k, "others", place, name, own, layer, service)
                    rows.append(own)
        inside = np.zeros((len(rows), len(axis)))
        for row, own in enumerate(rows):
            inside[row, own] = 1.0
        return _Stage(tuple(box.id for box in self.boxes[first:]), inside)

    def _box(
        self, k: int, kind: str, country: str, code: str, own: Positions, layer: Array,
        service: bool,
    ) -> None:  # fmt: skip
        part = layer[own]
        value = float(part.sum())
        added, imports, rest = (
            float(row[own] @ part) for row in (self.added, self.imported, self.rest)
        )
        words = (str(k), kind if kind == "others" else "", country, code)
        self.boxes.append(Box(
            " ".join(filter(None, words)), k, kind, country, code, len(own), service, value,
            added, imports, rest, value - added - imports - rest,
        ))  # fmt: skip

    def flows(self, near: _Stage, far: _Stage, A: Array, layer: Array) -> None:
        """From the suppliers of one stage to those they supply."""
        found = far.inside @ (A @ (layer * near.inside).T)
        for source, row in zip(far.ids, found, strict=True):
            for target, value in zip(near.ids, row, strict=True):
                if value:
                    self.links.append(Link(source, target, float(value)))

    def behind(self, k: int, kind: str, name: str, near: _Stage, amounts: Array) -> None:
        """What comes to the boxes of a stage from one box, amounts (n,) by industry."""
        found = near.inside @ amounts
        if not found.any():
            return
        id = f"{k} {kind} {name}"
        self.boxes.append(Box(id, k, kind, "", name, 0, name == SERVICES, float(found.sum())))
        for target, value in zip(near.ids, found, strict=True):
            if value:
                self.links.append(Link(id, target, float(value)))

    def uses(self, sold: Array) -> None:
        """Who buys the product: producers and final users, at home and abroad."""
        table, at, home = self.table, self.at, self.home
        found = {
            "producers: services": float(sold[home & self.service].sum()),
            "producers: other industries": float(sold[home & ~self.service].sum()),
            "producers abroad": float(sold[~home].sum()),
        }
        here = np.ones(len(table.demand_roles), dtype=bool)
        if table.axis.is_world:
            here = np.array(table.demand.countries) == table.axis.countries[at]
        for role in DEMAND_ROLES:
            chosen = np.array(table.demand_roles) == role
            found[role] = float(table.Y[at, chosen & here].sum())
        found["final users abroad"] = float(table.Y[at, ~here].sum())
        found[GAP] = float(table.x[at]) - sum(found.values())
        product = self.boxes[0].id
        for name, value in found.items():
            if abs(value) > self.dust:
                self.boxes.append(Box(f"use {name}", -1, "use", "", name, 0, False, value))
                self.links.append(Link(product, f"use {name}", value))

    def gap(self) -> float:
        """How far boxes are from what flows in and out of them."""
        into: dict[str, float] = {}
        out: dict[str, float] = {}
        for link in self.links:
            into[link.target] = into.get(link.target, 0.0) + link.value
            out[link.source] = out.get(link.source, 0.0) + link.value
        inner = [box for box in self.boxes if box.kind in ("product", "supplier", "others")]
        values = np.array([box.value for box in inner])
        left = np.array([out.get(box.id, 0.0) for box in inner])
        right = np.array([into.get(b.id, 0.0) + b.value_added + b.rest for b in inner])
        return max(relative_gap(left, values), relative_gap(right, values))
