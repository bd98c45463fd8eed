"""Estimates of a study: coefficients, what they rest on, specification curves, marginal effects."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from servio.errors import ServioError
from servio.explain import Estimate, marginal_effects, specification_curve
from servio.explain._formula import Levels, parse_formula
from servio.explain.tables import MINUS, digits
from servio.report.models import TIMING, Models, Service, ServiceTerm, Size
from servio.report.traps import TRAPS
from servio.web._about import evidence
from servio.web._answers import Answer, OpenStudy, Query, RequestFault
from servio.web._lines import ABOVE, of_store
from servio.web._words import both

__all__ = ["routes"]

T = TypeVar("T")
Words = dict[str, str]

MOST_CONTROLS = 3
"""Controls of a specification curve that go in and out one by one; others do together."""
FEWEST_YEARS = 6
"""Years a sample needs to be halved."""
ADD_MEASURES = {
    ("account", "of", "value_added"): """[[measures]]
name = "account"
of = "value_added"
by = "industry"

""",
    ("service_input_share", "grouping", "services"): """[[measures]]
name = "service_input_share"
grouping = "services"
by = "industry"

""",
}
ADD_PANEL = """[panel]
only = "manufacturing"
lags = true
columns = [
    { name = "va", measure = "account", of = "value_added", by = "industry" },
    { name = "services", measure = "service_input_share", grouping = "services", by = "industry" },
]

[[panel.derived]]
name = "ln_va"
expression = "log(va)"
unit = "log"
"""
ADD_ESTIMATE = """
[[estimates]]
name = "main"
formula = "ln_va ~ services_lag | country:industry + year"
vcov = { cluster = "country:industry" }
"""


@dataclass(frozen=True)
class _Read:
    """The models of a study, and a short name for each estimate that an address can hold."""

    models: Models
    ids: dict[str, str]

    def find(self, name: str) -> tuple[str, Estimate]:
        for id, full in self.ids.items():
            if name in (id, full):
                return id, self.models.estimates[full]
        raise RequestFault(404, "estimate", found=repr(name[:80]),
                           expected=" or ".join(list(self.ids)[:8]) or "no estimate here",
                           remedy="Choose one of the study.")  # fmt: skip


def estimates(study: OpenStudy, query: Query) -> Answer:
    """Every estimate of the study with its coefficients, and the panel they rest on."""
    read = _read(study)
    if read is None:
        return Answer(_nothing(study))
    data = study.once("explain estimates", lambda: _estimates(study, read))
    return Answer(data, study.once("explain coefficients", lambda: _all_coefficients(read)))


def estimate(study: OpenStudy, query: Query) -> Answer:
    """One estimate: coefficients with intervals, tests, its sample, rows left out, its traps."""
    read = _known(study)
    id, one = read.find(query.path["name"])
    models = read.models
    trap = next((t for t in TRAPS if t.name == models.entries[one.name].trap), None)
    data = {
        "about": _about(study, models, one),
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
    return Answer(data, pd.DataFrame(_coefficients(models, id, one)))


def curve(study: OpenStudy, query: Query) -> Answer:
    """How much of a coefficient is a choice: other estimates of the study, other specifications."""
    read = _known(study)
    id, one = read.find(query.path["name"])
    models = read.models
    terms = {t.term: t for t in models.service_terms(one)}
    if not terms:
        return Answer({"about": _about(study, models, one), "id": id, "terms": [],
                       "missing": _no_curve(models, one)})  # fmt: skip
    term = terms[query.text("term", next(iter(terms)), terms)]
    data = {
        "about": _about(study, models, one),
        "id": id,
        "term": term.term,
        "terms": [{"term": t.term, "label": _title(t.service)} for t in terms.values()],
        "log": models.is_log(one),
        "study": _of_study(read, term),
        "missing": None,
    }
    specifications, told = _of_panel(models, term)
    return Answer(data | told, specifications)


def margins(study: OpenStudy, query: Query) -> Answer:
    """What one more unit of a variable does, for whom: by class, and in each country."""
    read = _known(study)
    id, one = read.find(query.path["name"])
    models = read.models
    services = {t.term: t for t in (*models.interacted(one), *models.service_terms(one))}
    variables = list(dict.fromkeys([*services, *_variables(models, one)]))
    term = query.text("term", variables[0] if variables else None, variables)
    over = query.text("over", models.panel.entity[0], _over(models))
    where = models.entries[one.name].where or None
    found = marginal_effects(one, term, data=models.panel, over=over, where=where)
    service = services.get(term)
    label = _title(service.service) if service else {"en": term, "ko": term}
    data = {
        "about": _about(study, models, one),
        "id": id,
        "term": term,
        "label": label,
        "variables": [
            {"term": v, "label": _title(services[v].service) if v in services else None}
            for v in variables
        ],
        "over": over,
        "overs": _over(models),
        "log": models.is_log(one),
        "interacted": any(t.term == term for t in models.interacted(one)),
        "cells": _cells(models, one, service),
    }
    found = found.rename(columns={over: "label"})
    by = over == "country"
    scaled = [_scaled(models, service, row, str(row["label"]) if by else "")
              for row in found.to_dict("records")]  # fmt: skip
    return Answer(data, pd.concat([found, pd.DataFrame(scaled, index=found.index)], axis=1))


# -- the study's models ----------------------------------------------------------------------------


def _read(study: OpenStudy) -> _Read | None:
    """The models; None where the study has no panel or no estimate."""
    store = study.store
    if store.study.panel is None or not store.estimates():
        return None
    return study.once("explain models", lambda: _opened(study))


def _opened(study: OpenStudy) -> _Read:
    models = Models(study.store)
    ids: dict[str, str] = {}
    for name in models.estimates:
        stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "estimate"
        id, count = stem, 1
        while id in ids:
            count += 1
            id = f"{stem}-{count}"
        ids[id] = name
    return _Read(models, ids)


def _known(study: OpenStudy) -> _Read:
    read = _read(study)
    if read is None:
        raise RequestFault(404, "estimates", found="none in this study",
                           expected="[panel] and [[estimates]] in the study file",
                           remedy="Add them and run the study again.")  # fmt: skip
    return read


def _nothing(study: OpenStudy) -> dict[str, Any]:
    """What the study file lacks, and the lines to add."""
    file = study.store.study
    lines = ADD_ESTIMATE
    if file.panel is None:
        there = {(call.name, key, call.option(key)) for call in file.calls
                 for key in ("of", "grouping") if call.option("by") == "industry"}  # fmt: skip
        measures = [text for needs, text in ADD_MEASURES.items() if needs not in there]
        lines = "".join([*measures, ADD_PANEL, ADD_ESTIMATE])
    return {"estimates": [], "main": None, "panel": None, "problems": _problems(study),
            "missing": {"panel": file.panel is None, "lines": lines.strip()}}  # fmt: skip


def _problems(study: OpenStudy) -> list[dict[str, str]]:
    rows = study.store.problems()
    own = rows[(rows["measure"] == "panel") | rows["measure"].str.startswith("estimate ")]
    return [{"what": str(r.measure), "formula": str(r.definition), "text": str(r.text)}
            for r in own.itertuples()]  # fmt: skip


def _estimates(study: OpenStudy, read: _Read) -> dict[str, Any]:
    models = read.models
    ids = {name: id for id, name in read.ids.items()}
    return {
        "estimates": [_summary(models, ids[e.name], e) for e in models.estimates.values()],
        "main": ids[models.main.name] if models.main else None,
        "panel": _panel(models),
        "problems": _problems(study),
        "missing": None,
        "about": _about(study, models, models.main or next(iter(models.estimates.values()))),
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
        "statement": _statement(models, one),
    }


def _role(models: Models, one: Estimate) -> str:
    if one is models.main:
        return "main"
    roles = {"type": models.by_type, "rows": models.subsets, "alone": models.alone}
    return next((role for role, some in roles.items() if one in some), "robustness")


# -- coefficients ----------------------------------------------------------------------------------


def _all_coefficients(read: _Read) -> pd.DataFrame:
    models = read.models
    return pd.DataFrame(
        [row for id, name in read.ids.items()
         for row in _coefficients(models, id, models.estimates[name])]
    )  # fmt: skip


def _coefficients(models: Models, id: str, one: Estimate) -> Iterator[dict[str, Any]]:
    """One row a term, those of services with the effect of one standard deviation."""
    plain = {t.term: (t, _title(t.service), "service") for t in models.service_terms(one)}
    for mixed in models.interacted(one):
        title = _title(mixed.service)
        plain |= {
            term: (mixed, {lang: f"{text}{words}" for lang, text in title.items()}, "interaction")
            for term, words in models.mixed_terms(mixed).items()
        }
    for row in one.to_frame().to_dict("records"):
        term, label, kind = plain.get(row["term"], (None, {"en": row["term"]}, "other"))
        yield {
            "id": id, "term": row["term"], "kind": kind,
            "label": label["en"], "label_ko": label.get("ko", label["en"]),
            "service": _code(term.service) if term else "",
            "measure": term.measure if term else "",
            "timing": TIMING[term.lagged] if term else "",
            **{key: row[key] for key in ("estimate", "std_error", "t", "p", "lower", "upper")},
            **_scaled(models, term, row),
        }  # fmt: skip


def _scaled(
    models: Models, term: ServiceTerm | None, row: Any, country: str = ""
) -> dict[str, float | None]:
    """A slope as the effect of one standard deviation of its column inside entities."""
    names = ("effect", "effect_lower", "effect_upper")
    if term is None:
        return dict.fromkeys(names)
    slope = Size(row["estimate"], row["lower"], row["upper"])
    size = models.scaled_in(term, slope, country) if country else models.scaled(term, slope)
    return dict(zip(names, (size.value, size.lower, size.upper), strict=True))


def _title(service: Service) -> Words:
    kind, code = ("group", _code(service)) if service.group else ("grouping", service.grouping)
    return both(kind, code, service.title)


def _code(service: Service) -> str:
    return f"{service.grouping}.{service.group}" if service.group else service.grouping


# -- in words --------------------------------------------------------------------------------------


def _statement(models: Models, one: Estimate) -> Words:
    """What an estimate says, in a sentence."""
    terms = models.service_terms(one)
    mixed = models.interacted(one)
    outcome = models.formula(one).outcome.name
    if mixed:
        return _joined([_of_slopes(models, term) for term in mixed])
    if len(terms) == 1:
        return _of_one(models, terms[0], outcome)
    if terms:
        return _of_several(models, terms, outcome)
    count = len(one.terms)
    return {"en": f"{outcome}: {count} coefficients, none of a service group.",
            "ko": f"{outcome}: 계수 {count}개, 서비스 부문의 계수는 없음."}  # fmt: skip


def _of_one(models: Models, term: ServiceTerm, outcome: str) -> Words:
    effect, title = models.effect(term), _title(term.service)
    unit = " %" if models.is_log(term.estimate) else ""
    low, high = _digits(effect.lower), _digits(effect.upper)
    value = _digits(effect.value)
    clear = {"en": "" if effect.clear else "; it can't be told from zero",
             "ko": "" if effect.clear else "; 0과 구별되지 않음"}  # fmt: skip
    return {
        "en": f"{title['en']}: one standard deviation more goes with a change of {value}{unit} in "
        f"{outcome} ({low} to {high}){clear['en']}.",
        "ko": f"{title['ko']}: 1 표준편차 증가 시 {outcome}의 변화 {value}{unit} "
        f"(95 % 신뢰구간 {low} ~ {high}){clear['ko']}.",
    }


def _of_several(models: Models, terms: Sequence[ServiceTerm], outcome: str) -> Words:
    unit = " %" if models.is_log(terms[0].estimate) else ""
    clear = [(t, e) for t in terms if (e := models.effect(t)).clear]
    found = [(_title(t.service), f"{_digits(e.value)}{unit}") for t, e in clear]
    named = {
        lang: "; ".join(f"{title[lang]} {text}" for title, text in found) for lang in ("en", "ko")
    }
    of = {lang: f": {text}" if text else "" for lang, text in named.items()}
    return {
        "en": f"{outcome}, one standard deviation more: {len(clear)} of {len(terms)} intervals "
        f"leave out zero{of['en']}.",
        "ko": f"{outcome}, 1 표준편차 증가: 신뢰구간 {len(terms)}개 중 {len(clear)}개가 0을 "
        f"포함하지 않음{of['ko']}.",
    }


def _of_slopes(models: Models, term: ServiceTerm) -> Words:
    title, p = _title(term.service), models.differs(term)
    cells = _quietly(lambda: models.cells(term)) or []
    clear = sum(size.clear for _, size in cells)
    equal = f"p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}" if p == p else ""
    return {
        "en": f"{title['en']}: {clear} of {len(cells)} slopes have an interval that leaves out zero"
        + (f"; test that they are equal: {equal}" if equal else "") + ".",
        "ko": f"{title['ko']}: 기울기 {len(cells)}개 중 {clear}개의 신뢰구간이 0을 포함하지 않음"
        + (f"; 기울기 동일성 검정: {equal}" if equal else "") + ".",
    }  # fmt: skip


def _joined(parts: Sequence[Words]) -> Words:
    return {lang: " ".join(part[lang] for part in parts) for lang in ("en", "ko")}


def _digits(value: float) -> str:
    """Three digits, with a true minus sign."""
    return digits(value) if abs(value) >= 1000 else f"{value:.3g}".replace("-", MINUS)


# -- tests and traps -------------------------------------------------------------------------------


def _tests(models: Models, one: Estimate) -> list[dict[str, Any]]:
    """Joint tests of the service groups and of equal slopes, and those the method made."""
    terms = [t.term for t in models.service_terms(one)]
    joint = _quietly(lambda: one.joint(terms)) if len(terms) > 1 else None
    rows = []
    if joint is not None:
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
                "service": _title(term.service), "measure": term.measure,
                "timing": TIMING[term.lagged],
                "main": main.value, "main_lower": main.lower, "main_upper": main.upper,
                "effect": own.value, "effect_lower": own.lower, "effect_upper": own.upper,
            })  # fmt: skip
    return rows


def _quietly(make: Callable[[], T]) -> T | None:
    """None where the data do not let it be computed."""
    try:
        return make()
    except ServioError:
        return None


# -- specification curves --------------------------------------------------------------------------


def _of_study(read: _Read, term: ServiceTerm) -> pd.DataFrame:
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


def _of_panel(models: Models, term: ServiceTerm) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """The estimate again under every combination of controls, fixed effects and years."""
    one, entry = term.estimate, models.entries[term.estimate.name]
    formula = models.formula(one)
    if entry.method != "estimate" or formula.endogenous:
        why = f"The study estimates “{one.name}” by {one.method}; choices are not varied for it."
        return None, {"panel_missing": why, "summary": None}
    others = [t.name for t in formula.terms if t.name != term.term]
    services = [t.term for t in models.service_terms(one) if t.term != term.term]
    controls = [name for name in others if name not in services]
    optional = [*controls[:MOST_CONTROLS], *_together(controls[MOST_CONTROLS:] + services)]
    effects = " + ".join(":".join(columns) for columns in formula.effects)
    given = {"vcov": entry.vcov, "weights": entry.weights, "ssc": entry.ssc}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        found = specification_curve(
            models.panel, formula.outcome.expression, term.term, optional=optional,
            fixed_effects=_effects(models, effects), samples=_samples(models, entry.where),
            **chosen,
        )  # fmt: skip
    except ServioError as error:
        return None, {"panel_missing": f"{error.found}. {error.remedy}", "summary": None}
    frame = found.to_frame().drop(columns=["outcome", "term", "controls", "vcov"])
    return frame.sort_values("estimate", kind="stable"), {
        "panel_missing": None,
        "optional": optional,
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


def _no_curve(models: Models, one: Estimate) -> dict[str, Any]:
    column = next((name for name in models.columns if f"{name}_lag" in models.panel.frame), "conv")
    formula = f"{models.formula(one).outcome.name} ~ {column}_lag | country:industry + year"
    lines = f'[[estimates]]\nname = "one slope"\nformula = "{formula}"'
    return {"lines": lines}


# -- marginal effects ------------------------------------------------------------------------------


def _variables(models: Models, one: Estimate) -> list[str]:
    """Variables of a formula: those whose effect can be asked for."""
    terms = [t for t in models.formula(one).terms if not _is_power(t.name)]
    inside = [f.by if isinstance(f, Levels) else f for term in terms for f in term.factors]
    return [factor.name for factor in inside if factor is not None]


def _is_power(name: str) -> bool:
    return "^" in name


def _over(models: Models) -> list[str]:
    panel = models.panel
    classes = [] if panel.classes is None else list(dict.fromkeys(map(str, panel.classes["class"])))
    return [*panel.entity, panel.time, *(name for name in classes if name in panel.frame)]


def _cells(models: Models, one: Estimate, term: ServiceTerm | None) -> dict[str, Any] | None:
    """Slopes by class where the variable is interacted with classes, and whether they differ."""
    if term is None or term.term not in {t.term for t in models.interacted(one)}:
        return None
    found = _quietly(lambda: models.cells(term))
    if not found:
        return None
    p = models.differs(term)
    rows = [
        {"label": name, "estimate": s.value, "lower": s.lower, "upper": s.upper}
        | _scaled(models, term, {"estimate": s.value, "lower": s.lower, "upper": s.upper})
        for name, s in found
    ]
    return {"equal_p": p if p == p else None, "rows": pd.DataFrame(rows)}


# -- where it comes from ---------------------------------------------------------------------------


def _about(study: OpenStudy, models: Models, one: Estimate) -> dict[str, Any]:
    """The record of an estimate, and the lines that give it again."""
    entry, folder = models.entries[one.name], study.store.folder.name
    about = models.panel.columns.get(parse_formula(one.formula).outcome.expression)
    unit = about.unit if about else ""
    definitions = {d.name: d.definition or d.expression for d in models.recipe.derived}
    outcome = models.formula(one).outcome.name
    arguments = {k: v for k, v in entry.arguments.items() if v is not None}
    given = "".join(f", {key}={value!r}" for key, value in arguments.items())
    return {
        "measure": one.name,
        "title": one.name,
        "question": {
            "en": "What does the outcome go with, inside the sample, with all else in the model "
            "held the same? An association, no proof of cause.",
            "ko": "표본 안에서 모형의 다른 조건이 같을 때 결과는 무엇과 함께 움직이는가? 연관일 뿐 "
            "인과의 증거는 아니다.",
        },
        "formula": one.formula,
        "unit": f"{outcome}: {unit}" if unit else "",
        "source": f"servio.explain.{entry.method}: {one.method}; errors {one.vcov}",
        "definition": "; ".join([
            *([f"{outcome} = {definitions[outcome]}"] if outcome in definitions else []),
            one.sample,
        ]),
        "identity": None,
        "words": "",
        "evidence": evidence(study)
        | {"undefined": len(models.panel.dropped), "undefined_first": _first_reason(models)},
        "notes": list(one.notes),
        "problems": [],
        "cli": "\n".join([ABOVE, shlex.join(["servio", "report", folder])]),
        "python": of_store(
            study,
            f"found = explain.{entry.method}(",
            f"    {one.formula!r},",
            f"    store.panel(), name={one.name!r}{given})",
            "print(found.summary())",
            imports="explain, study",
        ),
        "synthetic": study.store.synthetic,
    }  # fmt: skip


def _first_reason(models: Models) -> str | None:
    counts = models.panel.dropped["reason"].value_counts()
    if counts.empty:
        return None
    reason = str(counts.index[0])
    return f"{counts.iloc[0]:,} rows of the panel: {reason.partition(':')[0]}"


routes = [
    ("/api/explain/estimates", estimates),
    ("/api/explain/estimate/{name}", estimate),
    ("/api/explain/curve/{name}", curve),
    ("/api/explain/margins/{name}", margins),
]
