"""Assumed profile of each kind of industry: what it buys, who buys from it, what it trades.

All numbers are assumptions of the model world, chosen to look like published tables of the
2000s; none is estimated. Kinds are group names of the groupings ``sectors``, ``technology``
and ``kiet``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["EFFECTS", "MODES", "PROFILES", "TYPES", "EconomyType", "Mode", "Profile"]


@dataclass(frozen=True)
class Profile:
    """One kind of industry.

    Parameters
    ----------
    inputs : float
        Intermediate inputs per unit of output.
    services : float
        Share of services in intermediates.
    supplied : float
        Weight as supplier of goods to other industries, or of its service group in the services
        bought by manufacturing.
    imports : float
        Share of imports in purchases of its product, in an economy with 5/6 of the world outside.
    household, government, investment : float
        Weight in the expenditure of each user.
    inventory : float
        Standard deviation of inventory change, per unit of other final demand.
    """

    inputs: float
    services: float
    supplied: float
    imports: float
    household: float
    government: float
    investment: float
    inventory: float = 0.0


PROFILES: Mapping[str, Profile] = {
    "agriculture": Profile(0.45, 0.28, 1.0, 0.20, 1.2, 0.0, 0.0, 0.02),
    "mining": Profile(0.40, 0.35, 1.0, 0.35, 0.1, 0.0, 0.0, 0.02),
    "high": Profile(0.64, 0.36, 0.7, 0.50, 1.2, 0.2, 2.5, 0.03),
    "medium_high": Profile(0.68, 0.30, 1.0, 0.45, 1.6, 0.1, 4.5, 0.03),
    "medium": Profile(0.68, 0.27, 1.5, 0.35, 0.8, 0.0, 0.6, 0.03),
    "medium_low": Profile(0.70, 0.27, 1.1, 0.25, 2.4, 0.1, 0.5, 0.02),
    "utilities": Profile(0.58, 0.24, 2.0, 0.04, 3.0, 0.2, 0.0),
    "construction": Profile(0.58, 0.30, 0.6, 0.02, 0.2, 0.0, 20.0),
    "it": Profile(0.42, 0.82, 0.020, 0.10, 0.1, 0.1, 2.5),
    "business": Profile(0.40, 0.86, 0.060, 0.10, 0.4, 0.5, 1.0),
    "rd": Profile(0.42, 0.78, 0.010, 0.15, 0.0, 0.8, 2.0),
    "finance": Profile(0.42, 0.90, 0.030, 0.08, 5.0, 0.0, 0.0),
    "logistics": Profile(0.52, 0.70, 0.055, 0.15, 3.5, 0.2, 0.3),
    "telecom": Profile(0.45, 0.80, 0.012, 0.06, 2.5, 0.0, 0.0),
    "trade": Profile(0.40, 0.80, 0.090, 0.05, 9.0, 0.1, 1.0),
    "other": Profile(0.34, 0.70, 0.030, 0.03, 9.0, 17.0, 0.2),
}


@dataclass(frozen=True)
class Mode:
    """How one service group and one manufacturing industry come together.

    Ranges are of growth per year relative to the first year; a group's share that a manufacturing
    industry buys follows ``q(t) = q(0) (1 + rate t)``.

    Parameters
    ----------
    purchased : tuple of float
        Growth of the purchased service.
    replaced : tuple of float
        Fall of own-account service per unit of added purchase.
    secondary : tuple of float
        Growth of the industry's own secondary output of that service.
    returned : tuple of float
        Growth of the share of the industry's product in the service group's inputs.
    """

    purchased: tuple[float, float] = (0.0, 0.0)
    replaced: tuple[float, float] = (0.0, 0.0)
    secondary: tuple[float, float] = (0.0, 0.0)
    returned: tuple[float, float] = (0.0, 0.0)


MODES: Mapping[str, Mode] = {
    "alternative": Mode(purchased=(0.02, 0.045), replaced=(0.6, 0.9)),
    "merging": Mode(purchased=(0.02, 0.045), secondary=(0.03, 0.06), returned=(0.03, 0.045)),
    "coexisting": Mode(),
    "receding": Mode(purchased=(-0.025, -0.01)),
}


@dataclass(frozen=True)
class EconomyType:
    """One type of economy.

    Parameters
    ----------
    young : str
        Sector that starts far below its capacity, and grows more.
    manufacturing, services : float
        Value added of the sector per unit of the economy's size, in the first year.
    service_use : float
        Factor on the service share of manufacturing's intermediates.
    productivity : float
        Value added a worker in the first year, thousand model USD.
    modes : tuple of float
        Probability of each of `MODES`, in order.
    """

    young: str
    manufacturing: float
    services: float
    service_use: float
    productivity: float
    modes: tuple[float, float, float, float]


TYPES: Mapping[str, EconomyType] = {
    "service-oriented": EconomyType("services", 0.18, 0.64, 1.15, 90.0, (0.35, 0.20, 0.40, 0.05)),
    "manufacturing-oriented": EconomyType(
        "manufacturing", 0.22, 0.58, 0.80, 25.0, (0.15, 0.10, 0.45, 0.30)
    ),
}

HIGH_TECHNOLOGY = ("high", "medium_high")

# Change of the log of value added volume per unit of the service group's share in intermediates:
# (service-oriented, manufacturing-oriented), each (high technology, other manufacturing).
EFFECTS: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "it": ((4.0, 2.0), (3.0, 1.0)),
    "business": ((3.0, 1.0), (0.0, 2.0)),
    "rd": ((3.0, 0.0), (0.0, 0.0)),
}
