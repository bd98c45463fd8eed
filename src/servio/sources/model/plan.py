"""The plan of a model world: all arrays from which the table of any year follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from servio.sources.model import balance
from servio.sources.model.draws import bounded, lognormal, streams
from servio.sources.model.industries import Industries
from servio.sources.model.panel import satellites
from servio.sources.model.parameters import ModelParameters
from servio.sources.model.planted import (
    SECTORS,
    Dynamics,
    Economies,
    Services,
    make_dynamics,
    make_economies,
    make_services,
)
from servio.sources.model.profiles import PROFILES, Profile
from servio.sources.model.recipes import cost_structure, input_weights, recipes, service_shares

__all__ = ["DEMAND", "Plan", "make_plan"]

Array = npt.NDArray[np.float64]
DEMAND = ("household", "government", "investment", "inventory")
_SPENDING = (0.60, 0.18, 0.22)


@dataclass(frozen=True)
class Plan:
    """Arrays from which the table of any year follows without another random number.

    Parameters
    ----------
    economies, services, dynamics
        What is planted.
    inputs, tax, labour : array (c, n)
        Intermediates and taxes per unit of output; labour's share of value added.
    home : array (c, n, n)
        Share of home products in intermediates, before suppliers' weights.
    home_final : array (c, n)
        The same in final expenditure.
    F : array (c, n, c)
        Shares of foreign origins in imports, before suppliers' weights.
    shares : array (t + 1, c, n, k)
        Realised shares of service groups in intermediates, from the year before the first.
    recipe : array (t, c, n, n)
        Inputs from all origins per unit of output.
    spending : array (t, c, n, 4)
        Final expenditure by product and user of `DEMAND`, in million.
    x, g : array (t, c, n)
        Output, and weights of suppliers.
    satellites : dict of str to (unit, array (t, c, n))
    """

    economies: Economies
    services: Services
    dynamics: Dynamics
    inputs: Array
    tax: Array
    labour: Array
    home: Array
    home_final: Array
    F: Array
    shares: Array
    recipe: Array
    spending: Array
    x: Array
    g: Array
    satellites: dict[str, tuple[str, Array]]


def make_plan(
    seed: int, countries: int, industries: Industries, years: int, p: ModelParameters
) -> Plan:
    """Draw everything; the same arguments give the same numbers to the last bit."""
    rng = streams(seed)
    economies = make_economies(rng["economies"], countries, industries, p)
    profiles = [PROFILES[kind] for kind in industries.kinds]
    inputs, tax, labour = cost_structure(rng["recipes"], economies, profiles)
    services = make_services(rng["modes"], economies, industries, profiles, inputs, years, p)
    dynamics = make_dynamics(rng["dynamics"], economies, years, p)
    shares = service_shares(rng["noise"], services, years, p)
    weights = input_weights(rng["recipes"], economies, industries, profiles)
    recipe = inputs[None, :, None, :] * recipes(
        rng["noise"], weights, shares[1:], services, industries, p
    )
    home, home_final, F = _trade(rng["trade"], economies, industries, profiles, p)
    spending = _spending(rng["demand"], economies, profiles, dynamics)
    v = np.where(economies.dead, 0.0, 1.0 - inputs - tax)
    target = dynamics.path * np.exp(p.noise * p.output_sd * bounded(rng["noise"], dynamics.path))
    total = spending.sum(axis=3)
    sector = np.array([industries.is_sector(name) for name in SECTORS], dtype=np.float64)
    x, g = balance.outputs(
        recipe,
        home,
        F,
        balance.spread(total * home_final, total * (1.0 - home_final), F),
        v,
        target,
        sector,
    )
    rows = satellites(rng["panel"], economies, industries, services, shares, v * x, x, p)
    return Plan(economies, services, dynamics, inputs, tax, labour, home, home_final, F, shares,
                recipe, spending, x, g, rows)  # fmt: skip


def _trade(
    rng: np.random.Generator,
    economies: Economies,
    industries: Industries,
    profiles: list[Profile],
    p: ModelParameters,
) -> tuple[Array, Array, Array]:
    """Home shares of intermediate and final purchases, and shares of foreign origins."""
    dead = economies.dead
    c, n = dead.shape
    outside = 1.0 - economies.size / economies.size.sum()
    imports = p.openness * 1.2 * outside[:, None] * np.array([q.imports for q in profiles])
    imports = imports * lognormal(rng, 0.2, c, n)
    by_user = np.clip(imports[:, :, None] * lognormal(rng, 0.15, c, n, n), 0.0, 0.9)
    home = np.where(dead[:, :, None], 0.0, 1.0 - by_user)
    home_final = np.where(dead, 0.0, 1.0 - np.clip(0.8 * imports, 0.0, 0.9))
    supply = np.where(dead, 0.0, lognormal(rng, 0.4, c, n))
    for name in SECTORS:
        mine = industries.is_sector(name)
        supply[:, mine] *= economies.of_type(name)[:, None]
    return home, home_final, balance.gravity(supply * economies.size[:, None], economies.distance)


def _spending(
    rng: np.random.Generator, economies: Economies, profiles: list[Profile], dynamics: Dynamics
) -> Array:
    """Final expenditure by product and user, shape (t, c, n, 4)."""
    c, n = economies.dead.shape
    split = []
    for name, share in zip(DEMAND[:3], _SPENDING, strict=True):
        weight = np.array([getattr(q, name) for q in profiles]) * lognormal(rng, 0.3, c, n)
        split.append(share * weight / weight.sum(axis=1, keepdims=True))
    growth = dynamics.path.sum(axis=2) / dynamics.path[0].sum(axis=1)
    level = economies.size * growth
    used = level[:, :, None, None] * np.stack(split, axis=2)
    change = np.array([q.inventory for q in profiles]) * bounded(rng, used[..., 0])
    return np.concatenate([used, (change * used.sum(axis=3))[..., None]], axis=3)
