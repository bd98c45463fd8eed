"""Rows beside the money balance: labour, capital, volume of value added, own account."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from servio.sources.model.draws import bounded
from servio.sources.model.industries import Industries
from servio.sources.model.parameters import ModelParameters
from servio.sources.model.planted import Economies, Services
from servio.sources.model.profiles import EFFECTS, HIGH_TECHNOLOGY

__all__ = ["effects", "satellites"]

Array = npt.NDArray[np.float64]


def effects(economies: Economies, industries: Industries, p: ModelParameters) -> Array:
    """Planted effect of each service group on the log of value added volume, shape (c, n, k)."""
    column = np.array([0 if kind == "service-oriented" else 1 for kind in economies.kinds])
    row = np.array([0 if t in HIGH_TECHNOLOGY else 1 for t in industries.technology])
    making = industries.is_sector("manufacturing")
    none = ((0.0, 0.0), (0.0, 0.0))
    table = np.array([EFFECTS.get(group, none) for group in industries.service_groups])
    found = table[:, column][:, :, row].transpose(1, 2, 0)
    planted: Array = p.effect * np.where(making[None, :, None], found, 0.0)
    return planted


def satellites(
    rng: np.random.Generator,
    economies: Economies,
    industries: Industries,
    s: Services,
    shares: Array,
    w: Array,
    x: Array,
    p: ModelParameters,
) -> dict[str, tuple[str, Array]]:
    """Rows beside the money balance, each (t, c, n): labour, capital, volume, own account."""
    live = ~economies.dead
    growth = np.divide(w, w[0], out=np.ones_like(w), where=live)
    labour = w[0] / economies.of_type("productivity")[:, None] * growth**0.5
    labour = labour * np.exp(0.03 * bounded(rng, w))
    capital = 2.5 * w[0] * growth**0.7 * np.exp(0.03 * bounded(rng, w))
    found = {
        "EMP": ("thousand persons", labour),
        "K": ("million model USD", capital),
        "VAQ": (
            "million model USD, prices of the first year",
            _volume(rng, economies, industries, shares, w, labour, capital, p),
        ),
    }
    t = np.arange(len(x))[:, None, None]
    making = industries.is_sector("manufacturing")
    for k, group in enumerate(industries.service_groups):
        for name, start, slope in (
            ("own_account", s.own_start, s.own_slope),
            ("secondary", s.secondary_start, s.secondary_slope),
        ):
            share = start[..., k] + slope[..., k] * t
            noise = 1.0 + p.noise * p.share_sd * bounded(rng, x)
            found[f"{name}:{group}"] = ("million model USD", x * share * noise * making)
    return {name: (unit, np.where(live, values, 0.0)) for name, (unit, values) in found.items()}


def _volume(
    rng: np.random.Generator,
    economies: Economies,
    industries: Industries,
    shares: Array,
    w: Array,
    labour: Array,
    capital: Array,
    p: ModelParameters,
) -> Array:
    """Volume of value added that follows the planted production function, shape (t, c, n)."""
    live = ~economies.dead
    b = effects(economies, industries, p)
    common = np.cumsum(rng.normal(0.01, 0.01, len(w)))
    e = p.noise * p.effect_sd * rng.standard_normal(w.shape)
    lag = shares[: len(w)]
    log = np.where(live, 1.0, 0.0) * common[:, None, None] + e + np.einsum("cjk,tcjk->tcj", b, lag)
    for part, elasticity in (
        (capital, p.capital_elasticity),
        (labour, 1.0 - p.capital_elasticity),
    ):
        log = log + elasticity * np.log(part, out=np.zeros_like(part), where=live)
    volume: Array = w[0] * np.exp(log - log[0])
    return volume
