"""What is planted in a model world: economies, paths of service inputs, dynamics of sectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from servio.sources.model.draws import lognormal
from servio.sources.model.industries import Industries
from servio.sources.model.parameters import ModelParameters
from servio.sources.model.profiles import MODES, PROFILES, TYPES, Profile
from servio.sources.model.symbiosis import KINDS, trajectory

__all__ = ["SECTORS", "Dynamics", "Economies", "Services", "make_dynamics", "make_economies",
           "make_services"]  # fmt: skip

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
SECTORS = ("manufacturing", "services")
_LARGEST = 2.0e6
_REFERENCE_YEARS = 15
_PACE = (0.5, 1.15)
# With the highest trend, pace and noise of their ranges the share stays under 0.96.
_HIGHEST_SERVICES = 0.38


@dataclass(frozen=True)
class Economies:
    """Economies in order of size.

    Parameters
    ----------
    kinds : tuple of str
        Type of each.
    size : array (c,)
        Scale of the economy, in million.
    distance : array (c, c)
    dead : array (c, n) of bool
        Industries without output.
    """

    kinds: tuple[str, ...]
    size: Array
    distance: Array
    dead: npt.NDArray[np.bool_]

    def of_type(self, attribute: str) -> Array:
        """An attribute of the economies' types, shape (c,)."""
        return np.array([getattr(TYPES[kind], attribute) for kind in self.kinds])


@dataclass(frozen=True)
class Services:
    """Planted paths of service inputs of manufacturing; users j are all n industries.

    Parameters
    ----------
    start, growth : array (c, n, k)
        Share of service group k in intermediates in the first year, and its growth a year
        relative to that (0 outside manufacturing).
    mode : array (c, n, k) of int
        Position in `MODES`; -1 outside manufacturing.
    own_start, own_slope, secondary_start, secondary_slope : array (c, n, k)
        Own-account service cost and secondary service output per unit of output.
    returned : array (c, n, k)
        Growth of the share of product n in the intermediates of service group k.
    """

    start: Array
    growth: Array
    mode: IntArray
    own_start: Array
    own_slope: Array
    secondary_start: Array
    secondary_slope: Array
    returned: Array


@dataclass(frozen=True)
class Dynamics:
    """Planted dynamics of manufacturing (0) and services (1); arrays (c, 2).

    Parameters
    ----------
    kinds : tuple of str
    rate, interaction, start, capacity : array (c, 2)
    path : array (t, c, 2)
        Value added without noise, in million.
    """

    kinds: tuple[str, ...]
    rate: Array
    interaction: Array
    start: Array
    capacity: Array
    path: Array


def make_economies(
    rng: np.random.Generator, count: int, industries: Industries, p: ModelParameters
) -> Economies:
    """Economies of both types by turns, on a plane; size falls with rank by Zipf's law."""
    size = _LARGEST * np.arange(1.0, count + 1.0) ** -p.zipf
    names = tuple(TYPES)
    first = int(rng.integers(2))
    kinds = tuple(names[(k + first) % 2] for k in range(count))
    place = rng.uniform(0.0, 10.0, (count, 2))
    apart = np.hypot(*(place[:, None, :] - place[None, :, :]).transpose(2, 0, 1))
    return Economies(kinds, size, 1.0 + apart, _dead(rng, count, industries))


def _dead(rng: np.random.Generator, count: int, industries: Industries) -> npt.NDArray[np.bool_]:
    """Goods that the smallest third of economies don't make: one in fifteen industries."""
    dead = np.zeros((count, len(industries)), dtype=bool)
    makes = industries.is_sector("manufacturing") | industries.is_sector("mining")
    choices = np.flatnonzero(makes)
    many = max(1, min(len(industries) // 15, len(choices) - 2))
    for c in range(count - count // 3, count):
        dead[c, rng.choice(choices, size=many, replace=False)] = True
    return dead


def make_services(
    rng: np.random.Generator,
    economies: Economies,
    industries: Industries,
    profiles: list[Profile],
    inputs: Array,
    years: int,
    p: ModelParameters,
) -> Services:
    """A mode for each economy, manufacturing industry and service group, and its paths."""
    groups = industries.service_groups
    c, n, k = len(economies.kinds), len(industries), len(groups)
    making = industries.is_sector("manufacturing")
    start = _first_shares(rng, economies, industries, profiles)
    mode = _draw_modes(rng, economies, making, k, p)
    pace = p.trend * rng.uniform(*_PACE, (c, 1, 1)) * min(1.0, _REFERENCE_YEARS / max(1, years - 1))
    drawn = {
        name: pace * _by_mode(mode, name, rng.random((c, n, k)))
        for name in ("purchased", "secondary", "returned")
    }
    replaced = _by_mode(mode, "replaced", rng.random((c, n, k)))
    here = making[None, :, None]
    purchase = inputs[:, :, None] * start
    secondary = np.where(here, rng.uniform(0.005, 0.03, (c, n, k)), 0.0)
    return Services(
        start,
        drawn["purchased"],
        mode,
        np.where(here, purchase, 0.0),
        -replaced * drawn["purchased"] * purchase,
        secondary,
        secondary * drawn["secondary"],
        drawn["returned"],
    )


def _first_shares(
    rng: np.random.Generator, economies: Economies, industries: Industries, profiles: list[Profile]
) -> Array:
    """Share of each service group in intermediates in the first year, shape (c, n, k)."""
    groups = industries.service_groups
    c, n, k = len(economies.kinds), len(industries), len(groups)
    mix = np.array([PROFILES[group].supplied for group in groups]) * np.ones((n, 1))
    for j, group in enumerate(industries.service):
        if group:
            mix[j, groups.index(group)] *= 4.0
    mix = mix * lognormal(rng, 0.25, n, k) * lognormal(rng, 0.15, c, n, k)
    making = industries.is_sector("manufacturing")
    level = np.array([q.services for q in profiles]) * lognormal(rng, 0.08, c, n)
    level = np.where(making, level * economies.of_type("service_use")[:, None], level)
    level = np.minimum(level, np.where(making, _HIGHEST_SERVICES, 0.92))
    shares: Array = level[:, :, None] * mix / mix.sum(axis=2, keepdims=True)
    return shares


def _draw_modes(
    rng: np.random.Generator,
    economies: Economies,
    making: npt.NDArray[np.bool_],
    groups: int,
    p: ModelParameters,
) -> IntArray:
    chances = np.array([TYPES[kind].modes for kind in economies.kinds]).cumsum(axis=1)
    drawn = rng.random((len(chances), len(making), groups))
    mode = (drawn[..., None] >= chances[:, None, None, :-1]).sum(axis=3)
    if p.trend == 0.0:
        mode = np.full_like(mode, list(MODES).index("coexisting"))
    return np.where(making[None, :, None], mode, -1).astype(np.intp)


def _by_mode(mode: IntArray, name: str, uniform: Array) -> Array:
    """A number from the range that each cell's mode gives to `name`; 0 where there is no mode."""
    ranges = np.array([getattr(m, name) for m in MODES.values()] + [(0.0, 0.0)])
    low, high = ranges[mode, 0], ranges[mode, 1]
    values: Array = low + (high - low) * uniform
    return values


def make_dynamics(
    rng: np.random.Generator, economies: Economies, years: int, p: ModelParameters
) -> Dynamics:
    """A kind of symbiosis for each economy, and the sectors' paths that follow."""
    names = tuple(KINDS)
    c = len(economies.kinds)
    drawn = rng.permutation(np.arange(c) % len(names))
    kinds = tuple("neutralism" if p.symbiosis == 0.0 else names[k] for k in drawn)
    signs = np.array([KINDS[kind] for kind in kinds], dtype=np.float64)
    interaction = p.symbiosis * signs * rng.uniform(0.2, 0.45, (c, 2))
    rate = rng.uniform(0.25, 0.5, (c, 2))
    young, grown = rng.uniform(0.28, 0.42, c), rng.uniform(0.6, 0.85, c)
    by_type = [economies.of_type(name) for name in SECTORS]
    first = economies.size[:, None] * np.stack(by_type, axis=1)
    grows = np.array([[TYPES[kind].young == name for name in SECTORS] for kind in economies.kinds])
    start = np.where(grows, young[:, None], grown[:, None])
    capacity = first / start
    path = capacity * trajectory(start, rate, interaction, years)
    return Dynamics(kinds, rate, interaction, start, capacity, path)
