"""Panels of model worlds, by the way a study goes, and how often estimates hold what is planted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from servio import explain
from servio.explain import Estimate, Panel
from servio.measure import MEASURES, Measure
from servio.sources.model import ModelWorld

GROUPS = ("it", "business", "rd", "finance", "logistics", "telecom", "trade", "other")
EFFECTIVE = GROUPS[:3]
CLASS = {"service-oriented": "service_oriented", "manufacturing-oriented": "manufacturing_oriented"}
TECHNOLOGIES = {"high": ["high", "medium_high"], "low": ["medium", "medium_low"]}
ENTITY = ["country", "industry"]
CLUSTERS = {"cluster": "country:industry"}


# -- from tables to a panel, as a study does it ----------------------------------------------------


def measured(world: ModelWorld) -> dict[str, pd.DataFrame]:
    """Result rows of the measures a panel needs, by measure."""
    calls: list[tuple[str, dict[str, Any]]] = [
        ("service_input_share", {"grouping": "kiet", "by": "industry"}),
        *(("account", {"of": of, "by": "industry"}) for of in ("VAQ", "K", "EMP")),
        *(("account", {"of": "value_added", "by": by}) for by in ("manufacturing", "economy")),
    ]
    blocks: dict[str, list[pd.DataFrame]] = {}
    bundle = world.bundle()
    for position in range(len(world.years)):
        table = bundle.table(position)
        for name, options in calls:
            rows = _rows(MEASURES[name].function(table, **options), options)
            blocks.setdefault(name, []).append(rows)
    return {name: pd.concat(parts, ignore_index=True) for name, parts in blocks.items()}


def _rows(found: Measure, options: Mapping[str, Any]) -> pd.DataFrame:
    labels = dict.fromkeys(("country", "industry", "partner", "group", "part"), "")
    columns = {name: np.array(one.names)[one.index] for name, one in found.columns.items()}
    return pd.DataFrame(
        {"value": found.values} | labels | columns
        | {"source": found.info.source, "year": found.info.year, "measure": found.name}
        | {"unit": found.unit, "definition": found.definition_text} | dict(options)
    )  # fmt: skip


def recipe(world: ModelWorld) -> dict[str, Any]:
    """The panel: volumes, capital, labour, shares by service group, classes as planted."""
    shares = [{"name": group, "measure": "service_input_share", "group": group} for group in GROUPS]
    accounts = [
        {"name": name, "measure": "account", "of": of, "by": "industry"}
        for name, of in {"vaq": "VAQ", "k": "K", "emp": "EMP"}.items()
    ]
    sums = [
        {"name": f"va_{by}", "measure": "account", "of": "value_added", "by": by}
        for by in ("manufacturing", "economy")
    ]
    logs = [{"name": f"ln_{name}", "expression": f"log({name})"} for name in ("vaq", "k", "emp")]
    services = {"name": "services", "expression": " + ".join(GROUPS)}
    share = {"name": "manufacturing_share", "expression": "va_manufacturing / va_economy"}
    cut = {"column": share["name"], "labels": list(CLASS.values())}
    kinds = dict(zip(*(world.truth["economies"].column(c) for c in ("country", "economy_type")),
                     strict=True))  # fmt: skip
    override = {country: CLASS[str(kind)] for country, kind in kinds.items()}
    return {
        "only": "manufacturing", "lags": True, "columns": [*shares, *accounts, *sums],
        "derived": [*logs, services, share],
        "classes": [
            {"name": "economy", **cut, "override": override},
            {"name": "by_share", **cut},
            {"name": "technology", "grouping": "technology", "merge": TECHNOLOGIES},
        ],
    }  # fmt: skip


def panel_of(world: ModelWorld) -> Panel:
    """The panel of a world."""
    rows = measured(world)

    def results(measure: str, **filters: Any) -> pd.DataFrame:
        frame = rows[measure]
        for name, value in filters.items():
            frame = frame[frame[name] == value]
        return frame

    return explain.build_panel(results, recipe(world), synthetic=True)


def shuffled(panel: Panel) -> Panel:
    """The panel with the shares of another industry of the same country: a broken model."""
    columns = [f"{group}{end}" for group in GROUPS for end in ("", "_lag")]
    frame = panel.frame.sort_values([*ENTITY, "year"], ignore_index=True)
    years = frame["year"].nunique()
    for _, rows in frame.groupby("country").groups.items():
        moved = np.roll(frame.loc[rows, columns].to_numpy(), years, axis=0)
        frame.loc[rows, columns] = moved
    return replace(panel, frame=frame)


# -- what is planted, and what is found ------------------------------------------------------------


def formula(lagged: bool = True) -> str:
    """The planted model: a slope for each service group, technology class and type of economy."""
    end = "_lag" if lagged else ""
    terms = [f"i(technology:economy, {group}{end})" for group in GROUPS]
    return " + ".join(["ln_vaq ~ ln_k + ln_emp", *terms]) + " | country:industry + year"


def planted_effects(world: ModelWorld) -> pd.DataFrame:
    """Term, service group, technology, economy and the planted coefficient, one row a term."""
    production = dict(world.truth["production"].rows)
    rows: list[tuple[str, str, str, str, float]] = [
        ("ln_k", "", "", "", float(production["capital_elasticity"])),
        ("ln_emp", "", "", "", float(production["labour_elasticity"])),
    ]
    seen = set()
    for group, _, high, kind, b in world.truth["effect"].rows:
        key = str(group), "high" if high else "low", CLASS[str(kind)]
        if key not in seen:
            term = f"technology:economy::{key[1]}:{key[2]}:{key[0]}"
            rows.append((term, *key, float(b)))
        seen.add(key)
    return pd.DataFrame(rows, columns=["term", "group", "technology", "economy", "planted"])


def against(planted: pd.DataFrame, found: Estimate) -> pd.DataFrame:
    """The planted coefficients beside estimates, intervals and whether these hold them."""
    frame = found.to_frame()
    frame["term"] = frame["term"].str.removesuffix("_lag")
    both = planted.merge(frame, on="term", how="left", validate="one_to_one")
    assert both["estimate"].notna().all(), "terms of the model and of the truth differ"
    return _judged(both, "estimate")


def trends(world: ModelWorld, panel: Panel) -> pd.DataFrame:
    """Planted and found slopes of each industry's service share, and of each service group."""
    whole = world.truth.to_frame("trend").assign(group="services")
    groups = world.truth.to_frame("mode").rename(
        columns={"service_group": "group", "purchased_slope": "slope"}
    )
    planted = pd.concat([whole, groups])[[*ENTITY, "group", "slope"]]
    planted = planted.rename(columns={"slope": "planted"})
    found = [
        explain.slopes(panel.frame, value=group, by=ENTITY).assign(group=group)
        for group in ("services", *GROUPS)
    ]
    both = planted.merge(pd.concat(found), on=[*ENTITY, "group"], validate="one_to_one")
    assert len(both) == len(planted), "industries of the panel and of the truth differ"
    return _judged(both, "slope")


def _judged(both: pd.DataFrame, estimate: str) -> pd.DataFrame:
    held = (both["lower"] <= both["planted"]) & (both["planted"] <= both["upper"])
    return both.assign(error=both[estimate] - both["planted"], held=held)


# -- how often -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rate:
    """A count of trials with the numbers between which chance leaves it."""

    count: int
    trials: int
    expected: float
    level: float

    @property
    def limits(self) -> tuple[int, int]:
        low, high = stats.binom.interval(self.level, self.trials, self.expected)
        return int(low), int(high)

    @property
    def nominal(self) -> bool:
        """Whether the count is within its limits."""
        return self.limits[0] <= self.count <= self.limits[1]

    @property
    def share(self) -> float:
        return self.count / self.trials

    def __str__(self) -> str:
        low, high = (100 * limit / self.trials for limit in self.limits)
        mark = " " if self.nominal else "*"
        return f"{100 * self.share:6.2f}{mark} [{low:.1f}, {high:.1f}]"


def coverage(held: Iterable[bool], level: float = 0.999) -> Rate:
    """How often 95 % intervals hold the truth."""
    values = list(held)
    return Rate(sum(values), len(values), 0.95, level)


def findings(p: pd.Series, level: float = 0.999) -> Rate:
    """How often a test at 5 % finds something."""
    return Rate(int((p < 0.05).sum()), len(p), 0.05, level)
