"""Symbiosis of sectors: who feeds whom, where it ends, and whether that is stable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from servio.algebra._check import numbers
from servio.errors import InputError, NumericalError, UsageError, ValueFault
from servio.simulate._solve import integrate, time_points
from servio.simulate._types import Parameter, Trajectory

__all__ = [
    "Equilibrium",
    "LotkaVolterra",
    "PhasePortrait",
    "lotka_volterra",
    "phase_portrait",
    "species_names",
    "symbiosis_kind",
]

Array = npt.NDArray[np.float64]

BLOWN_UP = float(np.log(1e12))
MOST_SPECIES = 10
FLAT = 1e-9
"""Real parts of eigenvalues below this share of the largest modulus count as zero."""
GRID = 15


# -- model -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Equilibrium:
    """A point at which nothing changes.

    Parameters
    ----------
    states : array (n,)
    present : tuple of bool
        Which species are not 0 in it.
    feasible : bool
        Whether no state is negative.
    eigenvalues : array (n,) of complex
        Of the Jacobian, the one with the largest real part first; per unit of time.
    kind : str
        stable node, stable focus, unstable node, unstable focus, saddle, centre (to first order),
        or degenerate (an eigenvalue is 0).
    """

    states: Array
    present: tuple[bool, ...]
    feasible: bool
    eigenvalues: npt.NDArray[np.complex128]
    kind: str

    @property
    def stable(self) -> bool:
        """Whether all eigenvalues have negative real parts: small disturbances die out."""
        return self.kind in ("stable node", "stable focus")


@dataclass(frozen=True, eq=False)
class LotkaVolterra:
    """Species with ``d ln x_i / dt = r_i + sum_j a_ij x_j``; see `lotka_volterra`.

    Parameters
    ----------
    names : tuple of str
    rates : array (n,)
        r, growth of a species that is rare and alone, per unit of time.
    effects : array (n, n)
        a, what a unit of j adds to the growth of i; per unit of time and of x.
    unit, time_unit : str
    source : str
        Where the parameters come from.
    """

    names: tuple[str, ...]
    rates: Array
    effects: Array
    unit: str = "1"
    time_unit: str = "year"
    source: str = "assumed"

    def __post_init__(self) -> None:
        n = len(self.names)
        rates, effects = (numbers("Lotka-Volterra", v).copy() for v in (self.rates, self.effects))
        if not 1 <= n <= MOST_SPECIES or len(set(self.names)) != n:
            raise InputError("Lotka-Volterra, names", found=", ".join(self.names) or "none",
                             expected=f"1 to {MOST_SPECIES} different names",
                             remedy="Name each species once.")  # fmt: skip
        _shaped("Lotka-Volterra, rates", rates, (n,))
        _shaped("Lotka-Volterra, effects", effects, (n, n))
        object.__setattr__(self, "rates", rates)
        object.__setattr__(self, "effects", effects)

    @property
    def capacities(self) -> Array:
        """K = −r_i / a_ii, where a species alone ends; nan unless r_i > 0 and a_ii < 0."""
        own = np.diag(self.effects)
        limited = (self.rates > 0) & (own < 0)
        return np.asarray(np.divide(-self.rates, own, out=np.full(len(own), np.nan), where=limited))

    @property
    def interaction(self) -> Array:
        """d_ij = a_ij K_j / r_i, 0 on the diagonal; nan where K_i or K_j is."""
        K = self.capacities
        with np.errstate(divide="ignore", invalid="ignore"):
            d = np.where(np.isnan(K)[:, None], np.nan, self.effects * K / self.rates[:, None])
        np.fill_diagonal(d, 0.0)
        return np.asarray(d)

    def parameters(self) -> dict[str, Parameter]:
        """Growth rates, effects and, where they are defined, capacities and interaction."""
        found: dict[str, Parameter] = {}
        K, d = self.capacities, self.interaction
        per, inf = f"1/{self.time_unit}", float("inf")
        for i, name in enumerate(self.names):
            found[f"r[{name}]"] = Parameter(float(self.rates[i]), per, -inf, inf, self.source)
            if not np.isnan(K[i]):
                found[f"K[{name}]"] = Parameter(float(K[i]), self.unit, 0.0, inf, self.source)
            for j, other in enumerate(self.names):
                key = f"[{name} from {other}]"
                effect = float(self.effects[i, j])
                found[f"a{key}"] = Parameter(effect, f"{per}/({self.unit})", -inf, inf, self.source)
                if i != j and not np.isnan(d[i, j]):
                    found[f"d{key}"] = Parameter(float(d[i, j]), "1", -inf, inf, self.source)
        return found

    def jacobian(self, states: npt.ArrayLike) -> Array:
        """Derivatives (n, n) of dx_i/dt with respect to x_j at `states` (n,)."""
        x = np.asarray(states, dtype=np.float64)
        _shaped("Jacobian, states", x, (len(self.names),))
        return np.asarray(np.diag(self.rates + self.effects @ x) + x[:, None] * self.effects)

    def equilibrium(self) -> Equilibrium:
        """Coexistence: ``A x* = −r``, for two species ``K1 (1 + d12) / (1 − d12 d21)``.

        The one point at which all species could stay as they are. It has a meaning only if it is
        feasible; stable it is for two logistic species iff d12 d21 < 1.

        Raises
        ------
        NumericalError
            A is singular: there is no such point, or a line of them.
        """
        return self._point(np.ones(len(self.names), dtype=np.bool_))

    def equilibria(self) -> list[Equilibrium]:
        """All points at which nothing changes and no state is negative, extinction first.

        Points of species whose effects are singular are on a line, or nowhere, and left out.
        """
        n = len(self.names)
        found = []
        for size in range(n + 1):
            for chosen in combinations(range(n), size):
                present = np.isin(np.arange(n), chosen)
                try:
                    point = self._point(present)
                except NumericalError:
                    continue
                if point.feasible:
                    found.append(point)
        return found

    def _point(self, present: npt.NDArray[np.bool_]) -> Equilibrium:
        states = np.zeros(len(self.names))
        if present.any():
            block = self.effects[np.ix_(present, present)]
            scale = np.abs(block).max(axis=0)
            scale[scale == 0] = 1.0
            condition = np.linalg.cond(block / scale)
            if not condition < 1e13:
                raise NumericalError(
                    "equilibrium of " + ", ".join(np.array(self.names)[present]),
                    found=f"singular effects (condition {condition:.1e})",
                    expected="effects with an inverse, for two species d12 d21 other than 1",
                    remedy="There is no isolated equilibrium; look at the trajectory.",
                )
            states[present] = np.linalg.solve(block / scale, -self.rates[present]) / scale
        roots = np.linalg.eigvals(self.jacobian(states))
        roots = roots[np.lexsort((-roots.imag, -roots.real))].astype(np.complex128)
        feasible = bool((states[present] > 0).all())
        return Equilibrium(states, tuple(present.tolist()), feasible, roots, _point_kind(roots))

    def trajectory(self, start: npt.ArrayLike, times: npt.ArrayLike) -> Trajectory:
        """Path of the species from their states at the first time.

        Where do they go from here? Logarithms are integrated, so that no population turns negative
        by rounding; one that starts at 0 stays there.

        Parameters
        ----------
        start : array (n,)
            States at ``times[0]``, 0 or more, in `unit`.
        times : array (t,)
            Rising, in `time_unit`.

        Returns
        -------
        Trajectory
            Two species that limit only each other conserve a quantity; its drift is given.

        Raises
        ------
        ValueFault
            A population is negative or not finite.
        NumericalError
            A population grows by more than 1e12 (blow-up) or the steps become too many: the
            variable and the time are named.
        """
        t = time_points("trajectory", times)
        x0 = numbers("trajectory, start", start)
        _shaped("trajectory, start", x0, (len(self.names),))
        if (x0 < 0).any():
            worst = int(np.argmin(x0))
            raise ValueFault(f"trajectory, start of {self.names[worst]}", found=f"{x0[worst]:g}",
                             expected="a population of 0 or more",
                             remedy="Correct the state; nothing negative can grow.")  # fmt: skip
        there = x0 > 0
        states = np.zeros((len(t), len(x0)))
        conserved: dict[str, float] = {}
        if there.any():
            r, A = self.rates[there], self.effects[np.ix_(there, there)]
            names = tuple(np.array(self.names)[there].tolist())
            y0 = np.log(x0[there])
            top = np.fmax(y0, np.log(self.capacities[there])) + BLOWN_UP
            y = integrate("trajectory", lambda y: r + A @ np.exp(y), y0, t, names, top)
            states[:, there] = np.exp(y)
            if not np.diag(A).any() and len(r) == 2 and A[0, 1] * A[1, 0] < 0:
                conserved["predator-prey integral"] = _drift(r, A, y)
        units = (self.unit,) * len(x0)
        return Trajectory(t, states, self.names, units, conserved)

    def kinds(self, negligible: float = 0.0) -> dict[tuple[str, str], str]:
        """Kind of symbiosis of each pair, from the signs of its interaction.

        Parameters
        ----------
        negligible : float
            Interaction d (where K is undefined: effect a) up to this size counts as none.
        """
        d = np.where(np.isnan(self.interaction), self.effects, self.interaction)
        signs = np.where(np.abs(d) <= negligible, 0, np.sign(d)).astype(int)
        return {
            (self.names[i], self.names[j]): symbiosis_kind(
                int(signs[i, j]), int(signs[j, i]), (self.names[i], self.names[j])
            )
            for i, j in combinations(range(len(self.names)), 2)
        }


def lotka_volterra(
    rates: npt.ArrayLike,
    capacities: npt.ArrayLike,
    interaction: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    unit: str = "1",
    time_unit: str = "year",
    source: str = "assumed",
) -> LotkaVolterra:
    r"""One species or more with logistic growth that feed or starve each other.

    Where do manufacturing and services end if each grows to its own capacity and gains or loses
    from the other's size?

    .. math:: \frac{dx_i}{dt} = r_i x_i \Bigl(1 - \frac{x_i}{K_i}
              + \sum_{j \ne i} d_{ij} \frac{x_j}{K_j}\Bigr)

    Parameters
    ----------
    rates : array (n,)
        r, above 0, per unit of time.
    capacities : array (n,)
        K, above 0, in `unit`.
    interaction : array (n, n)
        d, pure numbers; d[i, j] is what i gains from j. The diagonal must be 0.
    names : sequence of str, optional
        By default manufacturing and services; of other numbers of species "species 1" and so on.
    unit, time_unit : str
    source : str
        Where the parameters come from.

    Returns
    -------
    LotkaVolterra

    Raises
    ------
    InputError
        Shapes do not agree.
    ValueFault
        A rate or capacity is not above 0, the diagonal is not 0, or a number is not finite.

    Notes
    -----
    Identities: ``x1* = K1 (1 + d12) / (1 - d12 d21)``; with no interaction each species follows the
    logistic curve. Signs: both d above 0 mutualism, one of them 0 commensalism or amensalism,
    opposite signs parasitism, both below 0 competition. Mutualists with d12 d21 of 1 or more grow
    without bound: in the model, since nothing else limits them.

    References
    ----------
    Murray (2002), Mathematical Biology I, 3rd ed., ch. 3.5 and 3.6 (the equations; not re-read).

    Examples
    --------
    >>> model = lotka_volterra([0.3, 0.4], [100.0, 80.0], [[0, 0.2], [0.5, 0]])
    >>> point = model.equilibrium()
    >>> point.states.round(6).tolist(), point.kind
    ([133.333333, 133.333333], 'stable node')
    >>> model.kinds()
    {('manufacturing', 'services'): 'mutualism'}
    >>> path = model.trajectory([30.0, 50.0], [0, 10, 100])
    >>> path.of("services").round(2).tolist()
    [50.0, 122.29, 133.33]
    """
    r, K, d = (numbers("lotka_volterra", v) for v in (rates, capacities, interaction))
    names = species_names(names, r.size)
    n = len(names)
    for place, value, shape in (("rates", r, (n,)), ("capacities", K, (n,)),
                                ("interaction", d, (n, n))):  # fmt: skip
        _shaped(f"lotka_volterra, {place}", value, shape)
    for place, value in (("rate", r), ("capacity", K)):
        if not (value > 0).all():
            worst = int(np.argmin(value))
            raise ValueFault(f"lotka_volterra, {place} of {names[worst]}",
                             found=f"{value[worst]:g}", expected="a number above 0",
                             remedy="For a species that lives on others give the general form, "
                             "LotkaVolterra(names, rates, effects).")  # fmt: skip
    if np.diag(d).any():
        raise ValueFault("lotka_volterra, interaction", found=f"diagonal {np.diag(d).tolist()}",
                         expected="zeros: a species' effect on itself is in K",
                         remedy="Set the diagonal to 0.")  # fmt: skip
    effects = (d - np.eye(n)) * r[:, None] / K
    return LotkaVolterra(tuple(names), r, effects, unit, time_unit, source)


def species_names(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Names as given; by default manufacturing and services, or "species 1" and so on."""
    if names is not None:
        return tuple(names)
    if count == 2:
        return ("manufacturing", "services")
    return tuple(f"species {k + 1}" for k in range(count))


def symbiosis_kind(
    first: int, second: int, names: Sequence[str] = ("manufacturing", "services")
) -> str:
    """Kind of symbiosis of two species from what each gains from the other.

    Parameters
    ----------
    first, second : int
        Sign of what the first gains from the second, and the second from the first: 1, 0 or -1.
    names : sequence of str
        Of both.

    Returns
    -------
    str
        mutualism, commensalism, parasitism, competition, amensalism or neutralism; where only one
        gains or loses, which.

    Raises
    ------
    UsageError
        A sign is none of the three.

    Examples
    --------
    >>> symbiosis_kind(1, 0), symbiosis_kind(-1, 1)
    ('commensalism (manufacturing gains)', 'parasitism (services gain)')
    """
    if not {first, second} <= {-1, 0, 1}:
        raise UsageError("symbiosis_kind", found=f"{first}, {second}", expected="1, 0 or -1",
                         remedy="Give signs.")  # fmt: skip
    same = {(1, 1): "mutualism", (-1, -1): "competition", (0, 0): "neutralism"}
    if (first, second) in same:
        return same[first, second]
    gains = 1 in (first, second)
    actor = names[(first, second).index(1 if gains else -1)]
    word = "parasitism" if {first, second} == {-1, 1} else "commensalism" if gains else "amensalism"
    plural = actor.endswith("s")
    verb = ("gain" if gains else "lose") + ("" if plural else "s")
    return f"{word} ({actor} {verb})"


# -- phase portrait --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PhasePortrait:
    """What a plane of two species looks like: arrows, nullclines, equilibria, paths.

    Parameters
    ----------
    names : tuple of str
    unit : str
    limits : array (2, 2)
        Lowest and highest value of each species.
    field : array (g, 4)
        x1, x2 and the rates of change there, dx1/dt and dx2/dt.
    nullclines : tuple of array (2, 2)
        Ends of the straight lines, within the limits, on which x1 and x2 do not change, for each
        species besides the axis; empty (0, 2) where the line lies outside.
    equilibria : list of Equilibrium
        Those within the limits.
    paths : tuple of Trajectory
    """

    names: tuple[str, str]
    unit: str
    limits: Array
    field: Array
    nullclines: tuple[Array, Array]
    equilibria: list[Equilibrium]
    paths: tuple[Trajectory, ...]

    def to_vega(self) -> dict[str, Any]:
        """A Vega-Lite specification with its data: arrows, lines, points."""
        return _specification(self)


def phase_portrait(
    model: LotkaVolterra,
    *,
    limits: npt.ArrayLike | None = None,
    paths: Sequence[Trajectory] = (),
) -> PhasePortrait:
    """Phase portrait of two species: where the system goes from everywhere in the plane.

    Parameters
    ----------
    model : LotkaVolterra
        Of two species.
    limits : array (2, 2), optional
        Lowest and highest value of each species; by default from 0 to a quarter above the
        largest equilibrium and path.
    paths : sequence of Trajectory
        Drawn as lines, such as the observed and the fitted one.

    Returns
    -------
    PhasePortrait

    Raises
    ------
    UsageError
        The model has not two species, or the limits are no ranges of 0 or more.

    Notes
    -----
    Identity: nullclines of both species cross at the coexistence equilibrium.

    Examples
    --------
    >>> model = lotka_volterra([0.3, 0.4], [100.0, 80.0], [[0, -0.5], [-0.5, 0]])
    >>> portrait = phase_portrait(model)
    >>> [point.kind for point in portrait.equilibria]
    ['unstable node', 'saddle', 'saddle', 'stable node']
    >>> sorted(portrait.to_vega())[:2]
    ['$schema', 'height']
    """
    if len(model.names) != 2:
        raise UsageError("phase_portrait", found=f"{len(model.names)} species", expected="two",
                         remedy="Choose two species.")  # fmt: skip
    points = model.equilibria()
    reach = np.stack([point.states for point in points] + [p.states.max(axis=0) for p in paths])
    if limits is None:
        highest = 1.25 * reach.max(axis=0)
        box = np.stack([np.zeros(2), np.where(highest > 0, highest, 1.0)], axis=1)
    else:
        box = np.asarray(limits, dtype=np.float64)
        _shaped("phase_portrait, limits", box, (2, 2))
    if not ((box[:, 0] >= 0) & (box[:, 0] < box[:, 1])).all():
        raise UsageError("phase_portrait, limits", found=str(box.tolist()),
                         expected="for each species a low and a higher number, 0 or more",
                         remedy="Correct the limits.")  # fmt: skip
    grid = np.stack(np.meshgrid(*(np.linspace(low, high, GRID) for low, high in box)), axis=-1)
    x = grid.reshape(-1, 2)
    change = x * (model.rates + x @ model.effects.T)
    lines = [_clipped(model.effects[i], -model.rates[i], box) for i in range(2)]
    within = [p for p in points if ((box[:, 0] <= p.states) & (p.states <= box[:, 1])).all()]
    names = (model.names[0], model.names[1])
    return PhasePortrait(names, model.unit, box, np.hstack([x, change]), (lines[0], lines[1]),
                         within, tuple(paths))  # fmt: skip


# -- on arrays -------------------------------------------------------------------------------------


def _shaped(place: str, value: Array, shape: tuple[int, ...]) -> None:
    if value.shape != shape:
        raise InputError(place, found=f"shape {value.shape}", expected=f"shape {shape}",
                         remedy="Give one number a species (and pair).")  # fmt: skip
    if not np.isfinite(value).all():
        raise ValueFault(place, found="a number that is missing or infinite",
                         expected="finite numbers", remedy="Correct it.")  # fmt: skip


def _point_kind(roots: npt.NDArray[np.complex128]) -> str:
    small = FLAT * max(float(np.abs(roots).max()), 1e-300)
    real = np.where(np.abs(roots.real) <= small, 0.0, roots.real)
    turning = bool((np.abs(roots.imag) > small).any())
    if (real == 0).any():
        still = (real == 0) & (np.abs(roots.imag) <= small)
        return "degenerate" if still.any() else "centre" if (real == 0).all() else "degenerate"
    if real.min() < 0 < real.max():
        return "saddle"
    shape = "focus" if turning else "node"
    return f"stable {shape}" if real.max() < 0 else f"unstable {shape}"


def _drift(r: Array, A: Array, y: Array) -> float:
    """Largest relative change of ``a21 x1 + r2 ln x1 − a12 x2 − r1 ln x2``."""
    x = np.exp(y)
    terms = np.stack([A[1, 0] * x[:, 0], r[1] * y[:, 0], -A[0, 1] * x[:, 1], -r[0] * y[:, 1]])
    value = terms.sum(axis=0)
    return float(np.abs(value - value[0]).max() / np.abs(terms[:, 0]).sum())


def _clipped(normal: Array, level: float, box: Array) -> Array:
    """Ends of the line ``normal @ x = level`` inside a box, shape (2, 2) or (0, 2)."""
    ends = []
    for axis in range(2):
        other = 1 - axis
        if normal[other] == 0:
            continue
        for at in box[axis]:
            point = np.empty(2)
            point[axis] = at
            point[other] = (level - normal[axis] * at) / normal[other]
            slack = 1e-12 * box[other, 1]
            if box[other, 0] - slack <= point[other] <= box[other, 1] + slack:
                ends.append(point)
    if len(ends) < 2:
        return np.empty((0, 2))
    order = np.lexsort(np.array(ends).T[::-1])
    return np.array([ends[order[0]], ends[order[-1]]])


def _specification(portrait: PhasePortrait) -> dict[str, Any]:
    x, y = portrait.names
    scales = [{"domain": ends.tolist(), "nice": False} for ends in portrait.limits]
    axes = {
        "x": {"field": "x", "type": "quantitative", "title": f"{x} ({portrait.unit})",
              "scale": scales[0]},
        "y": {"field": "y", "type": "quantitative", "title": f"{y} ({portrait.unit})",
              "scale": scales[1]},
    }  # fmt: skip
    arrows = _arrows(portrait)
    lines = [
        {"x": point[0], "y": point[1], "line": f"{name} constant"}
        for name, line in zip(portrait.names, portrait.nullclines, strict=True)
        for point in line.tolist()
    ]
    states = [
        {"x": float(p.states[0]), "y": float(p.states[1]), "kind": p.kind,
         "stability": "stable" if p.stable else "not stable"}
        for p in portrait.equilibria
    ]  # fmt: skip
    paths = [
        {"x": float(a), "y": float(b), "time": float(t), "path": str(k)}
        for k, path in enumerate(portrait.paths)
        for t, (a, b) in zip(path.times, path.states, strict=True)
    ]
    segment = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 420,
        "height": 420,
        "layer": [
            {"data": {"values": arrows}, "mark": {"type": "rule", "color": "#b8bcc2"},
             "encoding": axes | segment},
            {"data": {"values": arrows},
             "mark": {"type": "point", "shape": "triangle", "filled": True, "color": "#9aa0a8",
                      "size": 18},
             "encoding": {"x": axes["x"] | {"field": "x2"}, "y": axes["y"] | {"field": "y2"},
                          "angle": {"field": "angle", "type": "quantitative", "scale": None}}},
            {"data": {"values": lines}, "mark": {"type": "line", "strokeDash": [6, 4]},
             "encoding": axes | {"color": {"field": "line", "type": "nominal", "title": None}}},
            {"data": {"values": paths}, "mark": {"type": "line", "point": {"size": 14}},
             "encoding": axes | {"detail": {"field": "path"},
                                 "order": {"field": "time", "type": "quantitative"},
                                 "color": {"value": "#222222"}}},
            {"data": {"values": states}, "mark": {"type": "circle", "size": 110, "stroke": "#222"},
             "encoding": axes | {
                 "fill": {"field": "stability", "type": "nominal", "title": "equilibrium",
                          "scale": {"domain": ["stable", "not stable"],
                                    "range": ["#222222", "#ffffff"]}},
                 "tooltip": [{"field": "kind", "type": "nominal"}]}},
        ],
    }  # fmt: skip


def _arrows(portrait: PhasePortrait) -> list[dict[str, float]]:
    """Arrows of equal length on the screen, in the direction of change."""
    low, high = portrait.limits.T
    unit = portrait.field[:, 2:] / (high - low)
    length = np.hypot(unit[:, 0], unit[:, 1])
    moving = length > 0
    unit = unit[moving] / length[moving, None]
    tail = portrait.field[moving, :2]
    head = np.clip(tail + 0.6 / GRID * unit * (high - low), low, high)
    angles = np.degrees(np.arctan2(unit[:, 0], unit[:, 1]))
    return [
        {"x": a, "y": b, "x2": c, "y2": d, "angle": angle}
        for (a, b), (c, d), angle in zip(tail.tolist(), head.tolist(), angles.tolist(), strict=True)
    ]
