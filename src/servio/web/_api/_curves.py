"""How much of a coefficient is a choice: the same under other controls, effects and years."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from servio.errors import ServioError
from servio.explain import Estimate, specification_curve
from servio.report.models import TIMING, Models, ServiceTerm
from servio.web._api._models import Read

__all__ = ["choices", "no_curve", "of_panel", "of_study"]

MOST_CONTROLS = 3
"""Controls of a specification curve that go in and out one by one; others do together."""
FEWEST_YEARS = 6
"""Years a sample needs to be halved."""


def of_study(read: Read, term: ServiceTerm) -> pd.DataFrame:
    """Every estimate of the study in which the service group has one slope, by its effect."""
    models = read.models
    rows = []
    for id, name in read.ids.items():
        for other in models.service_terms(models.estimates[name]):
            if other.service != term.service:
                continue
            effect = models.effect(other)
            rows.append({
                "id": id, "name": name, "measure": other.measure, "timing": TIMING[other.lagged],
                "effect": effect.value, "effect_lower": effect.lower, "effect_upper": effect.upper,
                "n": other.estimate.n, "trap": models.entries[name].trap,
                "main": other.estimate is models.main,
            })  # fmt: skip
    return pd.DataFrame(rows).sort_values("effect", kind="stable")


def choices(models: Models, term: ServiceTerm) -> dict[str, Any] | None:
    """What `specification_curve` is asked for; None where choices are not varied for a method."""
    one, entry = term.estimate, models.entries[term.estimate.name]
    formula = models.formula(one)
    if entry.method != "estimate" or formula.endogenous:
        return None
    others = [t.name for t in formula.terms if t.name != term.term]
    services = [t.term for t in models.service_terms(one) if t.term != term.term]
    controls = [name for name in others if name not in services]
    effects = " + ".join(":".join(columns) for columns in formula.effects)
    given = {"vcov": entry.vcov, "weights": entry.weights, "ssc": entry.ssc}
    return {
        "outcomes": formula.outcome.expression,
        "terms": term.term,
        "optional": [*controls[:MOST_CONTROLS], *_together(controls[MOST_CONTROLS:] + services)],
        "fixed_effects": _effects(models, effects),
        "samples": _samples(models, entry.where),
    } | {name: value for name, value in given.items() if value is not None}


def of_panel(models: Models, term: ServiceTerm) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """The estimate again under every combination of controls, fixed effects and years."""
    one, chosen = term.estimate, choices(models, term)
    if chosen is None:
        why = f"The study estimates “{one.name}” by {one.method}; choices are not varied for it."
        return None, {"panel_missing": why, "summary": None}
    try:
        found = specification_curve(models.panel, **chosen)
    except ServioError as error:
        return None, {"panel_missing": f"{error.found}. {error.remedy}", "summary": None}
    frame = found.to_frame().drop(columns=["outcome", "term", "controls", "vcov"])
    return frame.sort_values("estimate", kind="stable"), {
        "panel_missing": None,
        "optional": chosen["optional"],
        "summary": found.summary().to_dict("records")[0],
    }


def _together(names: Sequence[str]) -> list[str]:
    return [" + ".join(names)] if names else []


def _effects(models: Models, effects: str) -> dict[str, str]:
    """Fixed effects as they are, and with those of country by year where there are years alone."""
    found = {effects or "none": effects}
    parts = effects.split(" + ")
    time = models.panel.time
    if time in parts and "country" in models.panel.entity and len(models.panel.entity) > 1:
        text = " + ".join(f"country:{time}" if part == time else part for part in parts)
        found[text] = text
    return found


def _samples(models: Models, where: str) -> dict[str, str]:
    """All rows of the estimate, and its years halved."""
    time = models.panel.time
    years = sorted(models.panel.frame[time].unique())
    found = {where or "all rows": where}
    if len(years) >= FEWEST_YEARS:
        middle = int(years[len(years) // 2])
        for text in (f"{time} < {middle}", f"{time} >= {middle}"):
            found[text] = f"({where}) and {text}" if where else text
    return found


def no_curve(models: Models, one: Estimate) -> dict[str, Any]:
    """The lines that add an estimate with one slope to the study."""
    column = next((name for name in models.columns if f"{name}_lag" in models.panel.frame), "conv")
    formula = f"{models.formula(one).outcome.name} ~ {column}_lag | country:industry + year"
    lines = f'[[estimates]]\nname = "one slope"\nformula = "{formula}"'
    return {"lines": lines}
