"""What industries buy: cost structure, realised service shares and the inputs of every year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from servio.sources.model.draws import bounded, lognormal
from servio.sources.model.industries import Industries
from servio.sources.model.parameters import ModelParameters
from servio.sources.model.planted import Economies, Services
from servio.sources.model.profiles import Profile

__all__ = ["cost_structure", "input_weights", "recipes", "service_shares"]

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


def cost_structure(
    rng: np.random.Generator, economies: Economies, profiles: list[Profile]
) -> tuple[Array, Array, Array]:
    """Intermediates and taxes per unit of output, labour's share of value added, shape (c, n)."""
    shape = economies.dead.shape
    inputs = np.array([q.inputs for q in profiles]) * lognormal(rng, 0.05, *shape)
    inputs = np.minimum(inputs, 0.85)
    return inputs, rng.uniform(0.005, 0.025, shape), rng.uniform(0.4, 0.7, shape)


def service_shares(rng: np.random.Generator, s: Services, years: int, p: ModelParameters) -> Array:
    """Shares of service groups in intermediates with noise, from a year early, (t + 1, c, n, k)."""
    t = np.arange(-1, years)[:, None, None, None]
    path = s.start * (1.0 + s.growth * t)
    noise = 1.0 + p.noise * p.share_sd * bounded(rng, path)
    shares: Array = path * np.where((s.mode >= 0)[None], noise, 1.0)
    return shares


def input_weights(
    rng: np.random.Generator,
    economies: Economies,
    industries: Industries,
    profiles: list[Profile],
) -> Array:
    """Weight of supplier i for user j within its group of inputs, shape (c, n, n)."""
    c, n = economies.dead.shape
    goods = np.array([not service for service in industries.service])
    supplied = np.where(goods, [q.supplied for q in profiles], 1.0)
    weights = supplied[:, None] * lognormal(rng, 0.6, n, n)
    kinds = np.array(industries.kinds)
    chain = np.ones((n, n))
    chain[(kinds == "agriculture")[:, None] & (kinds == "agriculture")[None, :]] = 4.0
    chain[(kinds == "high")[:, None] & (kinds == "high")[None, :]] = 4.0
    chain[np.arange(n), np.arange(n)] *= 4.0
    weights = weights * chain * lognormal(rng, 0.15, c, n, n)
    groups = _groups(industries)
    for group in range(groups.max() + 1):
        rows = groups == group
        weights[:, rows] /= weights[:, rows].sum(axis=1, keepdims=True)
    return weights


def _groups(industries: Industries) -> IntArray:
    """Group of inputs of each industry: its service group, or the last number for goods."""
    names = industries.service_groups
    return np.array(
        [names.index(s) if s else len(names) for s in industries.service], dtype=np.intp
    )


def recipes(
    rng: np.random.Generator,
    weights: Array,
    shares: Array,
    s: Services,
    industries: Industries,
    p: ModelParameters,
) -> Array:
    """Share of product i in the intermediates of j, shape (t, c, n, n); columns sum to 1."""
    years, c, n, k = shares.shape
    groups = _groups(industries)
    noisy = weights * (1.0 + p.noise * p.recipe_sd * np.clip(
        rng.standard_normal((years, c, n, n)), -3.0, 3.0))  # fmt: skip
    level = np.concatenate([shares, 1.0 - shares.sum(axis=3, keepdims=True)], axis=3)
    for group in range(k + 1):
        rows = groups == group
        noisy[:, :, rows] *= (level[..., group] / noisy[:, :, rows].sum(axis=2))[:, :, None, :]
    return _returned(noisy, s.returned, groups, k)


def _returned(recipe: Array, growth: Array, groups: IntArray, k: int) -> Array:
    """Let planted products grow in the inputs of service groups, at the cost of services."""
    t = np.arange(len(recipe))[:, None, None, None]
    goods = groups == k
    for group in range(k):
        users = np.flatnonzero(groups == group)
        block = recipe[..., users]
        added = block * growth[None, :, :, group, None] * t
        services = block[:, :, ~goods].sum(axis=2, keepdims=True)
        cut = 1.0 - added.sum(axis=2, keepdims=True) / services
        recipe[..., users] = np.where(goods[:, None], block + added, block * cut)
    return recipe
