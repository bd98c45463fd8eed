"""What was planted in a model world, as labelled tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from servio.errors import UsageError
from servio.sources.model.industries import Industries
from servio.sources.model.panel import effects
from servio.sources.model.parameters import ModelParameters
from servio.sources.model.plan import Plan
from servio.sources.model.profiles import HIGH_TECHNOLOGY, MODES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Truth", "TruthTable", "truth_of"]

Cell = str | float | bool


@dataclass(frozen=True)
class TruthTable:
    """One planted truth: named columns, one tuple a row.

    Parameters
    ----------
    name, doc : str
        Name, and formula and units in words.
    columns : tuple of str
    rows : tuple of tuple
    """

    name: str
    doc: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> tuple[Cell, ...]:
        """Values of one column."""
        return tuple(row[self.columns.index(name)] for row in self.rows)


@dataclass(frozen=True)
class Truth:
    """All planted truths of a model world, by name.

    Examples
    --------
    >>> from servio.sources.model import model_world
    >>> truth = model_world(countries=4, years=3).truth
    >>> truth.names
    ('economies', 'industries', 'zero_output', 'trend', 'mode', 'effect', 'production', 'symbiosis')
    >>> truth["zero_output"].columns
    ('country', 'industry')
    """

    tables: Mapping[str, TruthTable]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(self.tables)

    def __getitem__(self, name: str) -> TruthTable:
        if name not in self.tables:
            raise UsageError(
                "truth of the model world",
                found=repr(name),
                expected="one of " + ", ".join(self.tables),
                remedy="Choose one of them.",
            )
        return self.tables[name]

    def to_frame(self, name: str) -> pd.DataFrame:
        """One table as a pandas frame."""
        import pandas as pd

        table = self[name]
        return pd.DataFrame(list(table.rows), columns=list(table.columns))


def truth_of(
    plan: Plan, countries: tuple[str, ...], industries: Industries, p: ModelParameters
) -> Truth:
    """The planted truths as tables."""
    tables = (
        _economies(plan, countries),
        _industries(industries),
        _zero_output(plan, countries, industries),
        _trend(plan, countries, industries),
        _mode(plan, countries, industries),
        _effect(plan, industries, p),
        _production(p),
        _symbiosis(plan, countries),
    )
    return Truth({table.name: table for table in tables})


def _economies(plan: Plan, countries: tuple[str, ...]) -> TruthTable:
    rows = zip(countries, plan.economies.kinds, plan.economies.size.tolist(), strict=True)
    doc = "type and scale (million model USD) of each economy"
    return TruthTable("economies", doc, ("country", "economy_type", "size"), tuple(rows))


def _industries(industries: Industries) -> TruthTable:
    rows = zip(industries.codes, industries.titles, industries.sector, industries.technology,
               industries.service, strict=True)  # fmt: skip
    doc = "sector, technology class and service group of each industry"
    columns = ("industry", "title", "sector", "technology", "service_group")
    return TruthTable("industries", doc, columns, tuple(rows))


def _zero_output(plan: Plan, countries: tuple[str, ...], industries: Industries) -> TruthTable:
    rows = ((countries[c], industries.codes[i]) for c, i in np.argwhere(plan.economies.dead))
    doc = "industries without output, in every year"
    return TruthTable("zero_output", doc, ("country", "industry"), tuple(rows))


def _manufacturing(plan: Plan, industries: Industries) -> Iterator[tuple[int, int]]:
    here = industries.is_sector("manufacturing")[None, :] & ~plan.economies.dead
    return ((int(c), int(j)) for c, j in np.argwhere(here))


def _trend(plan: Plan, countries: tuple[str, ...], industries: Industries) -> TruthTable:
    s = plan.services
    start, slope = s.start.sum(axis=2), (s.start * s.growth).sum(axis=2)
    doc = (
        "service share of a manufacturing industry's intermediates, all origins, before noise: "
        "q(t) = share + slope (t - first year); slope per year"
    )
    rows = (
        (countries[c], industries.codes[j], float(start[c, j]), float(slope[c, j]))
        for c, j in _manufacturing(plan, industries)
    )
    return TruthTable("trend", doc, ("country", "industry", "share", "slope"), tuple(rows))


def _mode(plan: Plan, countries: tuple[str, ...], industries: Industries) -> TruthTable:
    s = plan.services
    values = {
        "purchased": s.start,
        "purchased_slope": s.start * s.growth,
        "own_account": s.own_start,
        "own_account_slope": s.own_slope,
        "secondary": s.secondary_start,
        "secondary_slope": s.secondary_slope,
        "returned_growth": s.returned,
    }
    names = tuple(MODES)
    rows = (
        (countries[c], industries.codes[j], group, names[s.mode[c, j, k]],
         *(float(array[c, j, k]) for array in values.values()))
        for c, j in _manufacturing(plan, industries)
        for k, group in enumerate(industries.service_groups)
    )  # fmt: skip
    doc = (
        "how a manufacturing industry and a service group come together: purchased share of "
        "intermediates; own-account cost and secondary output per unit of output (satellites "
        "own_account:GROUP, secondary:GROUP over x); each start + slope (t - first year); growth a "
        "year of the industry's product in the group's intermediates relative to the first year"
    )
    return TruthTable(
        "mode", doc, ("country", "industry", "service_group", "mode", *values), tuple(rows)
    )


def _effect(plan: Plan, industries: Industries, p: ModelParameters) -> TruthTable:
    b = effects(plan.economies, industries, p)
    making = np.flatnonzero(industries.is_sector("manufacturing"))
    rows = {
        (group, industries.technology[j], industries.technology[j] in HIGH_TECHNOLOGY, kind,
         float(b[c, j, k]))
        for k, group in enumerate(industries.service_groups)
        for j in making
        for c, kind in enumerate(plan.economies.kinds)
    }  # fmt: skip
    doc = (
        "effect b of a service group's share of intermediates a year before on the log of value "
        "added volume: ln VAQ = a_cj + l_t + bK ln K + bH ln EMP + sum_k b_k q_k(t - 1) + e"
    )
    columns = ("service_group", "technology", "high_technology", "economy_type", "b")
    return TruthTable("effect", doc, columns, tuple(sorted(rows)))


def _production(p: ModelParameters) -> TruthTable:
    rows = (
        ("capital_elasticity", p.capital_elasticity),
        ("labour_elasticity", 1.0 - p.capital_elasticity),
        ("effect_sd", p.noise * p.effect_sd),
    )
    doc = "elasticities of value added volume and the standard deviation of its noise e"
    return TruthTable("production", doc, ("parameter", "value"), rows)


def _symbiosis(plan: Plan, countries: tuple[str, ...]) -> TruthTable:
    d = plan.dynamics
    columns = ("r_manufacturing", "r_services", "K_manufacturing", "K_services",
               "d_manufacturing_from_services", "d_services_from_manufacturing",
               "x0_manufacturing", "x0_services")  # fmt: skip
    numbers = np.concatenate([d.rate, d.capacity, d.interaction, d.capacity * d.start], axis=1)
    rows = (
        (c, kind, *row) for c, kind, row in zip(countries, d.kinds, numbers.tolist(), strict=True)
    )
    doc = (
        "value added of manufacturing and services by country (million model USD), before noise: "
        "dx1/dt = r1 x1 (1 - x1/K1 + d12 x2/K2), and with 1 and 2 exchanged; t in years from the "
        "first year, x(0) = x0"
    )
    return TruthTable("symbiosis", doc, ("country", "kind", *columns), tuple(rows))
