"""Parameters of the model world: value, unit, range and meaning in one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from servio.classify import nearest
from servio.errors import UsageError

__all__ = ["SIZES", "ModelParameters", "check_size"]

SIZES: Mapping[str, tuple[int, int]] = {
    "seed": (0, 2**63 - 1),
    "countries": (2, 300),
    "industries": (8, 500),
    "years": (1, 200),
    "start": (1, 9000),
}


def _parameter(default: float, unit: str, low: float, high: float, doc: str) -> float:
    record = {"unit": unit, "low": low, "high": high, "doc": doc}
    value: float = field(default=default, metadata=record)
    return value


@dataclass(frozen=True)
class ModelParameters:
    """Dials of the model world; every one is assumed, none is estimated from data.

    `ModelParameters.records` lists unit, range and meaning of each.

    Examples
    --------
    >>> ModelParameters(trend=0.0).trend
    0.0
    >>> ModelParameters.records()["noise"]["high"]
    2.0
    """

    noise: float = _parameter(
        1.0, "multiple", 0.0, 2.0, "multiple of the four standard deviations below"
    )
    share_sd: float = _parameter(
        0.05, "ratio", 0.0, 0.05, "relative noise of a service group's share of intermediates"
    )
    recipe_sd: float = _parameter(
        0.02, "ratio", 0.0, 0.1, "relative noise of single inputs within their group"
    )
    output_sd: float = _parameter(
        0.003, "log points", 0.0, 0.05, "noise of a sector's value added round its dynamics"
    )
    effect_sd: float = _parameter(
        0.01, "log points", 0.0, 0.2, "noise of the volume of value added in the panel"
    )
    trend: float = _parameter(
        1.0, "multiple", 0.0, 1.2, "multiple of the planted growth of service shares; 0 plants none"
    )
    effect: float = _parameter(
        1.0, "multiple", -2.0, 2.0, "multiple of the planted effects on value added; 0 plants none"
    )
    symbiosis: float = _parameter(
        1.0, "multiple", 0.0, 1.5, "multiple of the planted interaction of the two sectors"
    )
    openness: float = _parameter(
        1.0, "multiple", 0.2, 1.5, "multiple of the import shares of all products"
    )
    zipf: float = _parameter(
        0.9, "exponent", 0.0, 1.5, "size of the economy of rank k is proportional to k^-zipf"
    )
    capital_elasticity: float = _parameter(
        0.35, "elasticity", 0.05, 0.95, "of value added volume; labour has one minus it"
    )

    def __post_init__(self) -> None:
        for name, record in self.records().items():
            _check_range(name, getattr(self, name), record["low"], record["high"])

    @classmethod
    def records(cls) -> dict[str, dict[str, Any]]:
        """Default, unit, low, high and doc of every parameter."""
        return {f.name: {"default": f.default, **f.metadata} for f in fields(cls)}

    @classmethod
    def of(cls, values: Mapping[str, float]) -> ModelParameters:
        """Parameters from names and values; an unknown name is a usage error."""
        known = tuple(cls.records())
        for name in values:
            if name not in known:
                raise UsageError(
                    f"model world, parameter {name!r}",
                    found="an unknown name",
                    expected="one of " + ", ".join((*SIZES, *known)),
                    remedy=_remedy(nearest(name, (*SIZES, *known))),
                )
        return cls(**values)


def _remedy(near: Sequence[str]) -> str:
    return f"Did you mean {' or '.join(near)}?" if near else "Leave it out."


def check_size(name: str, value: int) -> int:
    """The value of a size (seed, countries, industries, years, start) if it is in range."""
    low, high = SIZES[name]
    _check_range(name, value, low, high, whole=True)
    return int(value)


def _check_range(name: str, value: float, low: float, high: float, whole: bool = False) -> None:
    if not low <= value <= high or (whole and value != int(value)):
        raise UsageError(
            f"model world, {name}",
            found=str(value),
            expected=f"a {'whole ' if whole else ''}number from {low} to {high}",
            remedy="Choose a value in this range.",
        )
