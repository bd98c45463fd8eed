"""Estimates of a study: coefficients, what they rest on, specification curves, marginal effects."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pandas as pd

from servio.errors import ServioError
from servio.explain import Estimate, marginal_effects
from servio.report.models import TIMING, Models, ServiceTerm
from servio.report.traps import TRAPS
from servio.web._answers import Answer, OpenStudy, Query
from servio.web._api._coefficients import (
    all_coefficients,
    coefficients,
    one_deviation,
    service_title,
    slopes,
)
from servio.web._api._curves import no_curve, of_panel, of_study
from servio.web._api._estimate_about import (
    about_estimate,
    curve_lines,
    margin_lines,
)
from servio.web._api._models import Read, known_models, nothing, problems, read_models
from servio.web._api._parts import answered, flat
from servio.web._api._statements import statement

__all__ = ["routes"]


def estimates(study: OpenStudy, query: Query) -> Answer:
    """Every estimate of the study with its coefficients, and the panel they rest on."""
    read = read_models(study)
    if read is None:
        return Answer(nothing(study))
    data = study.once("explain estimates", lambda: _estimates(study, read))
    panel = data["panel"]
    usual = study.once("explain coefficients", lambda: all_coefficients(read))
    return answered(query, data, {
        "estimates": lambda: flat(data["estimates"]),
        "variables": lambda: panel["variables"],
        "classes": lambda: panel["classes"],
        "dropped": lambda: panel["dropped"],
    }, usual)  # fmt: skip


def estimate(study: OpenStudy, query: Query) -> Answer:
    """One estimate: coefficients with intervals, tests, its sample, rows left out, its traps."""
    read = known_models(study)
    id, one = read.find(query.path["name"])
    models = read.models
    trap = next((t for t in TRAPS if t.name == models.entries[one.name].trap), None)
    data = {
        "about": about_estimate(study, models, one),
        **_summary(models, id, one),
        "tests": pd.DataFrame(_tests(models, one)),
        "statistics": dict(one.statistics),
        "groups": dict(one.groups),
        "effective": dict(one.effective),
        "dropped": pd.DataFrame({"reason": list(one.dropped), "rows": list(one.dropped.values())}),
        "notes": list(one.notes),
        "trap": trap and {"name": trap.name, "title": trap.title, "text": trap.text},
        "against_main": _against_main(models, one),
    }
    return answered(query, data, {
        "tests": lambda: data["tests"],
        "dropped": lambda: data["dropped"],
        "against_main": lambda: flat(data["against_main"]),
    }, pd.DataFrame(coefficients(models, id, one)))  # fmt: skip


def curve(study: OpenStudy, query: Query) -> Answer:
    """How much of a coefficient is a choice: other estimates of the study, other specifications."""
    read = known_models(study)
    id, one = read.find(query.path["name"])
    models = read.models
    terms = {t.term: t for t in models.service_terms(one)}
    if not terms:
        return Answer({"about": about_estimate(study, models, one), "id": id, "terms": [],
                       "missing": no_curve(models, one)})  # fmt: skip
    term = terms[query.text("term", next(iter(terms)), terms)]
    data = {
        "about": about_estimate(study, models, one, curve_lines(read, term)),
        "id": id,
        "term": term.term,
        "terms": [{"term": t.term, "label": service_title(t.service)} for t in terms.values()],
        "log": models.is_log(one),
        "study": of_study(read, term),
        "missing": None,
    }
    specifications, told = of_panel(models, term)
    return answered(query, data | told, {"study": lambda: data["study"]}, specifications)


def margins(study: OpenStudy, query: Query) -> Answer:
    """What one more unit of a variable does, for whom: by class, and in each country."""
    read = known_models(study)
    id, one = read.find(query.path["name"])
    models = read.models
    services = {t.term: t for t in (*models.interacted(one), *models.service_terms(one))}
    variables = list(dict.fromkeys([*services, *models.variables(one)]))
    term = query.text("term", variables[0] if variables else None, variables)
    over = query.text("over", models.panel.entity[0], _over(models))
    where = models.entries[one.name].where or None
    found = marginal_effects(one, term, data=models.panel, over=over, where=where)
    service = services.get(term)
    label = service_title(service.service) if service else {"en": term, "ko": term}
    cells = _cells(models, one, service)
    data = {
        "about": about_estimate(
            study, models, one, margin_lines(models, one, term, over, service, cells)
        ),
        "id": id,
        "term": term,
        "label": label,
        "variables": [
            {"term": v, "label": service_title(services[v].service) if v in services else None}
            for v in variables
        ],
        "over": over,
        "overs": _over(models),
        "log": models.is_log(one),
        "interacted": any(t.term == term for t in models.interacted(one)),
        "cells": cells,
    }
    found = found.rename(columns={over: "label"})
    by = over == "country"
    scaled = [one_deviation(models, service, row, str(row["label"]) if by else "")
              for row in found.to_dict("records")]  # fmt: skip
    found = pd.concat([found, pd.DataFrame(scaled, index=found.index)], axis=1)
    return answered(query, data, {"cells": lambda: cells["rows"]} if cells else {}, found)


# -- the study's models ----------------------------------------------------------------------------


def _estimates(study: OpenStudy, read: Read) -> dict[str, Any]:
    models = read.models
    ids = {name: id for id, name in read.ids.items()}
    return {
        "estimates": [_summary(models, ids[e.name], e) for e in models.estimates.values()],
        "main": ids[models.main.name] if models.main else None,
        "panel": _panel(models),
        "problems": problems(study),
        "missing": None,
        "about": about_estimate(
            study, models, models.main or next(iter(models.estimates.values()))
        ),
    }


def _panel(models: Models) -> dict[str, Any]:
    panel = models.panel
    years = panel.frame[panel.time]
    counts = panel.dropped["reason"].value_counts()
    return {
        "rows": len(panel.frame),
        "entities": len(panel.frame[list(panel.entity)].drop_duplicates()),
        "entity": list(panel.entity),
        "first": int(years.min()),
        "last": int(years.max()),
        "left_out": len(panel.dropped),
        "dropped": pd.DataFrame({"reason": list(counts.index), "rows": list(counts)}),
        "variables": panel.summary(),
        "classes": panel.classes,
        "notes": list(panel.notes),
    }


def _summary(models: Models, id: str, one: Estimate) -> dict[str, Any]:
    entry = models.entries[one.name]
    return {
        "id": id,
        "name": one.name,
        "formula": one.formula,
        "outcome": models.formula(one).outcome.name,
        "log": models.is_log(one),
        "method": one.method,
        "vcov": one.vcov,
        "n": one.n,
        "sample": one.sample or f"{one.n:,}",
        "where": entry.where,
        "terms": len(one.terms),
        "role": _role(models, one),
        "trap_name": entry.trap,
        "r2_within": one.statistics.get("r2_within"),
        "statement": statement(models, one),
    }


def _role(models: Models, one: Estimate) -> str:
    if one is models.main:
        return "main"
    roles = {"type": models.by_type, "rows": models.subsets, "alone": models.alone}
    return next((role for role, some in roles.items() if one in some), "robustness")


# -- tests and traps -------------------------------------------------------------------------------


def _tests(models: Models, one: Estimate) -> list[dict[str, Any]]:
    """Joint tests of the service groups and of equal slopes, and those the method made."""
    terms = [t.term for t in models.service_terms(one)]
    rows: list[dict[str, Any]] = []
    if len(terms) > 1:
        with suppress(ServioError):  # where the data do not let it be computed
            joint = one.joint(terms)
            rows.append({"test": "joint", "statistic": joint.statistic, "p": joint.p_value,
                         "hypothesis": joint.hypothesis})  # fmt: skip
    for term in models.interacted(one):
        p = models.differs(term)
        if p == p:
            rows.append({"test": "equal", "statistic": None, "p": p,
                         "hypothesis": f"effects of {term.term} are the same"})  # fmt: skip
    for name, value in one.statistics.items():
        if name.endswith("_p"):
            stem = name.removesuffix("_p")
            other = [v for k, v in one.statistics.items() if k.startswith(f"{stem}_") and k != name]
            rows.append({"test": stem, "statistic": other[0] if other else None, "p": value,
                         "hypothesis": ""})  # fmt: skip
    return rows


def _against_main(models: Models, one: Estimate) -> list[dict[str, Any]]:
    """Service groups of an estimate beside those of the main model."""
    if models.main is None or one is models.main:
        return []
    base = {t.service: t for t in models.service_terms(models.main)}
    rows = []
    for term in models.service_terms(one):
        if term.service in base:
            main, own = models.effect(base[term.service]), models.effect(term)
            rows.append({
                "service": service_title(term.service), "measure": term.measure,
                "timing": TIMING[term.lagged],
                "main": main.value, "main_lower": main.lower, "main_upper": main.upper,
                "effect": own.value, "effect_lower": own.lower, "effect_upper": own.upper,
            })  # fmt: skip
    return rows


# -- marginal effects ------------------------------------------------------------------------------


def _over(models: Models) -> list[str]:
    panel = models.panel
    classes = [] if panel.classes is None else list(dict.fromkeys(map(str, panel.classes["class"])))
    return [*panel.entity, panel.time, *(name for name in classes if name in panel.frame)]


def _cells(models: Models, one: Estimate, term: ServiceTerm | None) -> dict[str, Any] | None:
    """Slopes by class where the variable is interacted with classes, and whether they differ."""
    if term is None or term.term not in {t.term for t in models.interacted(one)}:
        return None
    found = slopes(models, term)
    if not found:
        return None
    p = models.differs(term)
    rows = [
        {"label": name, "estimate": s.value, "lower": s.lower, "upper": s.upper}
        | one_deviation(models, term, {"estimate": s.value, "lower": s.lower, "upper": s.upper})
        for name, s in found
    ]
    return {"equal_p": p if p == p else None, "rows": pd.DataFrame(rows)}


routes = [
    ("/api/explain/estimates", estimates),
    ("/api/explain/estimate/{name}", estimate),
    ("/api/explain/curve/{name}", curve),
    ("/api/explain/margins/{name}", margins),
]
