"""What the study is, and what can be asked of it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from servio import classify
from servio.errors import ServioError
from servio.measure import MEASURES, MeasureSpec, Option
from servio.report.words import country, source_title
from servio.sources import sources as known_sources
from servio.study import LiveTables, StudyStore
from servio.web._abilities import RARE, lacking
from servio.web._answers import Answer, OpenStudy, Query
from servio.web._headlines import COUNT, headlines
from servio.web._industries import industries_of, industry_words
from servio.web._rows import takes_groupings
from servio.web._words import both, choice_words, korean, part_words, sentence

__all__ = ["routes", "summary"]

POOR = 0.01
"""Share of tables that may fail before the whole is called poor."""
ECOLOGY = ("utility_relation", "throughflow", "nutrition", "ascendency")


def described(study: OpenStudy, query: Query) -> Answer:
    """Title, sources, measures with options, groupings, quality, headlines, pages."""
    return Answer(summary(study))


def summary(study: OpenStudy) -> dict[str, Any]:
    """What `/api/study` says; made once."""
    return study.once("summary", lambda: _described(study))


def _described(study: OpenStudy) -> dict[str, Any]:
    store = study.store
    file = store.study
    views = [study.view(source) for source in study.results.sources]
    codes = sorted({code for view in views for code in view.codes})
    industries = {view.source: _industries(study, view.source) for view in views}
    said = [
        one
        for view in views
        for one in headlines(view, {i["code"]: i["title"] for i in industries[view.source]})
    ]
    missing = _missing(study)
    licences = {one.name: one.licence for one in known_sources()}
    return {
        "title": file.title,
        "titles": _own(file.title),
        "description": file.description.strip(),
        "descriptions": _own(file.description),
        "synthetic": store.synthetic,
        "version": study.version,
        "sources": [
            {
                "name": view.source,
                "title": source_title(view.source),
                "titles": both("source", view.source, source_title(view.source)),
                "licence": licences.get(view.source, ""),
                "years": view.years,
                "countries": view.codes,
            }
            for view in views
        ],
        "countries": [{"code": code, "name": _country(code)} for code in codes],
        "focus": list(file.focus),
        "base_year": file.base_year,
        "measures": [
            _measure(spec, store) | {"lacks": [one for one in spec.needs if one in missing]}
            for spec in MEASURES.values()
        ],
        "groupings": [_grouping(name) for name in classify.groupings()],
        "definitions": list(classify.producer_service_definitions()),
        "industries": industries,
        "parts": {part: part_words(part) for part in korean()["part"]},
        "quality": _quality(store),
        "headlines": said[:COUNT],
        "pages": _pages(study),
        "estimates": _estimates(store),
        "live": _live_words(getattr(study.jobs, "why", "")) | {"tables": _live(study)},
    }


def _own(text: str) -> dict[str, str]:
    """A text of the study file, as written, unless it is the default study's."""
    return both("study", " ".join(text.split()), text.strip())


def _live_words(why: str) -> dict[str, Any]:
    return {"why": why, "words": {"en": why, "ko": sentence("live", why)}}


def _country(code: str) -> dict[str, str]:
    english = country(code)
    return {"en": english.removesuffix(f" ({code})"), "ko": korean()["country"].get(code, code)}


def _measure(spec: MeasureSpec, store: StudyStore) -> dict[str, Any]:
    own = [call for call in store.study.calls if call.name == spec.name]
    return {
        "name": spec.name,
        "family": spec.family,
        "title": both("measure", spec.name, spec.title),
        "question": both("question", spec.name, spec.question),
        "unit": spec.unit,
        "range": spec.range,
        "formula": spec.formula,
        "identity": spec.identity,
        "source": spec.source,
        "compares": spec.compares,
        "options": [_option(spec, option) for option in spec.options.values()],
        "computed": [
            {"options": {key: call.option(key) for key, _ in call.options}, "only": call.only}
            for call in own
        ],
    }


def _option(spec: MeasureSpec, option: Option) -> dict[str, Any]:
    choices = ("false", "true") if option.kind is bool else option.choices
    default = str(option.default)
    return {
        "name": option.name,
        "kind": option.kind.__name__,
        "default": default.lower() if option.kind is bool else default,
        "choices": choices,
        "words": option.words,
        "takes": "groupings" if takes_groupings(option) else "",
        "title": both("option", option.name, option.name.replace("_", " ")),
        "titles": {choice: choice_words(spec.name, option.name, choice) for choice in choices},
    }


def _grouping(name: str) -> dict[str, Any]:
    grouping = classify.grouping(name)
    groups = zip(grouping.groups, grouping.group_titles, strict=True)
    return {
        "name": name,
        "title": both("grouping", name, grouping.title),
        "groups": [
            {"code": code, "title": both("group", f"{name}.{code}", title)}
            for code, title in groups
        ],
        "role": grouping.kind,
        "definition": grouping.definition,
        "source": grouping.source,
    }


def _industries(study: OpenStudy, source: str) -> list[dict[str, Any]]:
    """Codes and titles of a source's industries: of its tables, or of what the study holds."""
    tables: LiveTables | None = getattr(study.jobs, "tables", None)
    own = [] if tables is None else [one for one in tables.inputs if one.source == source]
    if tables is None or not own:
        return _held_industries(study.store, source)
    try:
        table = tables.table(source, own[0].entry.country, own[0].entry.year)
    except ServioError:
        return []
    return industries_of(table)


def _missing(study: OpenStudy) -> set[str]:
    """Of what some measures need and few tables have, what no source of the study has."""
    tables: LiveTables | None = getattr(study.jobs, "tables", None)
    if tables is None:
        return set()
    missing = set(RARE)
    for one in {one.source: one for one in tables.inputs}.values():
        try:
            table = tables.table(one.source, one.entry.country, one.entry.year)
        except ServioError:
            return set()
        missing &= lacking(table)
    return missing


def _held_industries(store: StudyStore, source: str) -> list[dict[str, Any]]:
    """Industries of results by industry, where there are any; which are services is not known."""
    if not any(dict(call.options).get("by") == "industry" for call in store.study.calls):
        return []
    rows = store.arrow(["source", "by", "industry"])
    source_is, by_is = (pc.equal(pc.cast(rows[name], pa.string()), text)
                        for name, text in (("source", source), ("by", "industry")))  # fmt: skip
    own = rows.filter(pc.and_(source_is, by_is))
    codes = pc.unique(pc.cast(own["industry"], pa.string())).to_pylist()
    fitting = [name for name in classify.classifications()
               if codes and set(codes) <= set(classify.classification(name).codes)]  # fmt: skip
    name = fitting[0] if len(fitting) == 1 else None
    titles = industry_words(name)
    plain = {code: {"en": code, "ko": code} for code in codes}
    return [{"code": code, "title": titles.get(code, plain[code])} for code in codes]


def _quality(store: StudyStore) -> dict[str, Any]:
    audits = store.audits()
    failed, warned = int((audits.failures > 0).sum()), int((audits.warnings > 0).sum())
    tables = len(audits)
    light = "red" if failed > POOR * tables else "amber" if failed or warned else "green"
    return {
        "light": light,
        "failures": failed,
        "warnings": warned,
        "tables": tables,
        "data_residual": _most(audits.data_residual),
        "numeric_residual": _most(audits.numeric_residual),
        "text": {
            "en": f"{tables} table{'s' * (tables != 1)} audited: "
            f"{failed} fail{'s' * (failed == 1)}, {warned} with warnings.",
            "ko": f"표 {tables}개 점검: 불합격 {failed}개, 경고 있는 표 {warned}개.",
        },
    }


def _most(values: pd.Series) -> float | None:
    return None if values.dropna().empty else float(values.max())


def _pages(study: OpenStudy) -> dict[str, bool]:
    store = study.store
    names, live = store.provenance()["names"], _live(study)
    interacts = store.modes() is not None or store.symbiosis() is not None
    return {
        "measure": True,
        "chains": live or bool({"smile_curve", "upstreamness", "chain_income"} & set(names)),
        "interaction": interacts or live or bool(set(ECOLOGY) & set(names)),
        "explain": True,
        "claims": True,
        "data": True,
    }


def _estimates(store: StudyStore) -> bool:
    """Whether there are any; those that cannot be read are told of on their own page."""
    try:
        return store.study.panel is not None and bool(store.estimates())
    except ServioError:
        return True


def _live(study: OpenStudy) -> bool:
    return getattr(study.jobs, "tables", None) is not None


routes = [("/api/study", described)]
