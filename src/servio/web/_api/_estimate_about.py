"""Where the numbers of an estimate come from, and the lines that give them again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from servio.explain import Estimate
from servio.report.models import HUNDRED, Models, ServiceTerm
from servio.web._about import evidence
from servio.web._answers import OpenStudy
from servio.web._api._curves import choices
from servio.web._api._models import Read
from servio.web._lines import ABOVE, of_store

__all__ = ["about_estimate", "curve_lines", "margin_lines"]


def about_estimate(
    study: OpenStudy, models: Models, one: Estimate, lines: Sequence[str] = ()
) -> dict[str, Any]:
    """The record of an estimate; lines of Python for what is made of it, or those of its terms.

    The report holds the coefficients, and no command what is made of them otherwise.
    """
    entry, folder = models.entries[one.name], study.store.folder.name
    about = models.panel.columns.get(models.formula(one).outcome.expression)
    unit = about.unit if about else ""
    definitions = {d.name: d.definition or d.expression for d in models.recipe.derived}
    outcome = models.formula(one).outcome.name
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
        "cli_none": {
            "en": "none: `servio report` holds the coefficients, not what is made of them here. "
            "Use the lines for Python.",
            "ko": "없음: `servio report`에는 계수만 있고 여기서 계산한 값은 없습니다. "
            "Python 코드를 사용하십시오.",
        } if lines else None,
        "cli": "" if lines else f"{ABOVE}\n{shlex.join(['servio', 'report', folder])}",
        "python": of_store(
            study, "panel = store.panel()", *(lines or _coefficient_lines(models, one)),
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


def _coefficient_lines(models: Models, one: Estimate) -> list[str]:
    """An estimate again: its coefficients, and effects of one standard deviation."""
    columns = {t.term: t.column for t in models.service_terms(one)}
    for mixed in models.interacted(one):
        columns |= dict.fromkeys(models.mixed_terms(mixed), mixed.column)
    scaled = [
        f"for term, column in {columns!r}.items():",
        "    own = frame.term == term",
        f"    frame.loc[own, 'effect'] = {_times(models, one)}panel.sd_within(column) * "
        "frame.estimate[own]",
    ]
    return [
        *_estimated(models, one),
        "print(found.summary())",
        "frame = found.to_frame()",
        *(scaled if columns else []),
        "print(frame.to_csv(index=False))",
    ]


def margin_lines(
    models: Models, one: Estimate, term: str, over: str, service: ServiceTerm | None,
    cells: Mapping[str, Any] | None,
) -> list[str]:  # fmt: skip
    """Marginal effects again: over a column, and by class with their test where that is shown."""
    where = models.entries[one.name].where
    options = f", data=panel, over={over!r}" + (f", where={where!r}" if where else "")
    lines = [*_estimated(models, one), *_margin(models, one, term, options, service, over)]
    if service is not None and cells is not None:
        given = f", {by!r}" if (by := models.contrasts(service)) else ""
        lines += _margin(models, one, term, given, service)
        if cells["equal_p"] is not None:
            lines.append(f"print(explain.same_effect(found, {term!r}{given}).p_value)")
    return lines


def curve_lines(read: Read, term: ServiceTerm) -> list[str]:
    """A specification curve again, after the effects of the study's own estimates."""
    models = read.models
    others = [
        (t.estimate.name, t.term, t.column, _factor(models, t.estimate))
        for one in models.estimates.values() for t in models.service_terms(one)
        if t.service == term.service
    ]  # fmt: skip
    lines = [
        f"for name, term, column, times in {others!r}:",
        "    one = store.estimates()[name]",
        "    slope = one.coefficients[one.position(term)]",
        "    print(repr(name), term, times * panel.sd_within(column) * slope)",
    ]
    chosen = choices(models, term)
    if chosen is not None:
        lines += [
            "curve = explain.specification_curve(",
            *(f"    {line}," for line in ("panel", *_named(chosen))),
            ")",
            "print(curve.to_frame().to_csv(index=False))",
        ]
    return lines


def _estimated(models: Models, one: Estimate) -> list[str]:
    entry = models.entries[one.name]
    given = {"name": one.name} | {k: v for k, v in entry.arguments.items() if v is not None}
    return [
        f"found = explain.{entry.method}(",
        f"    {one.formula!r},",
        f"    panel, {', '.join(_named(given))})",
    ]


def _margin(
    models: Models, one: Estimate, term: str, options: str, service: ServiceTerm | None,
    over: str = "",
) -> list[str]:  # fmt: skip
    """Marginal effects, with those of one standard deviation: of a country inside it."""
    lines = [f"frame = explain.marginal_effects(found, {term!r}{options})"]
    if service is not None and over == "country":
        column = f"panel.frame[{service.column!r}]"
        lines += [
            f"inside = {column} - {column}.groupby(",
            "    [panel.frame[key] for key in panel.entity]).transform('mean')",
            "sd = frame.country.map(inside.groupby(panel.frame.country).std())",
        ]
    elif service is not None:
        lines.append(f"sd = panel.sd_within({service.column!r})")
    if service is not None:
        lines.append(f"frame['effect'] = {_times(models, one)}sd * frame.estimate")
    return [*lines, "print(frame.to_csv(index=False))"]


def _factor(models: Models, one: Estimate) -> float:
    return HUNDRED if models.is_log(one) else 1.0


def _times(models: Models, one: Estimate) -> str:
    return f"{HUNDRED:g} * " if models.is_log(one) else ""


def _named(arguments: Mapping[str, Any]) -> list[str]:
    return [f"{key}={value!r}" for key, value in arguments.items()]
