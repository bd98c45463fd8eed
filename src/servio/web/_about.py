"""Where a number comes from: formula, unit, source, evidence, and the lines that give it again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from servio.study import Call
from servio.web._answers import OpenStudy
from servio.web._lines import Asked, python_line, shell_line
from servio.web._rows import Found
from servio.web._words import both, option_words, reason_words, sentence, unit_words

__all__ = ["about", "evidence", "of_found"]

NO_COMMAND = {
    "en": "none: `servio measure` does not read the accounts beside the tables. Use the lines for "
    "Python.",
    "ko": "없음: `servio measure` 명령은 표와 별도로 제공되는 부속 계정을 읽지 않습니다. "
    "Python 코드를 사용하십시오.",
}
_NUMBERS = re.compile(r"\d[\d.,]*(e[-+]?\d+)?%?")


def of_found(
    study: OpenStudy, found: Found, chosen: Mapping[str, Sequence[str]] | None = None,
    years: Sequence[int] = (), *, upload: bool = False, over: Sequence[str] = (),
    synthetic: bool | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What there is to know of the rows of a measure, chosen as `servio measure` chooses them.

    `over` names the groupings it is taken with, one after the other; `synthetic` says whether the
    session's own table is, where it is of one.
    """
    call, chosen = found.call, chosen or {}
    there = found.there(chosen)
    seen = {} if upload else evidence(study, chosen.get("country", ()), years,
                                      chosen.get("source", ()))  # fmt: skip
    gaps = found.gaps_among(there, years)
    seen |= {"undefined": gaps.count, "undefined_first": reason_words(gaps.first)}
    if found.residual is not None:
        seen["numeric_residual"] = found.residual
    if "whole" in seen and found.stored:
        seen["whole"] = seen["whole"] | {"undefined": found.undefined}
    asked = Asked.of(study, call, there, years, upload=upload, over=tuple(over),
                     careful=bool(found.problems))  # fmt: skip
    notes = _few(found.notes)
    return about(
        study, call, found.unit, seen, shell_line(asked), python_line(asked)
    ) | {
        "notes": notes, "notes_ko": [sentence("note", note) for note in notes],
        "problems": list(found.problems),
        "synthetic": study.store.synthetic if synthetic is None else synthetic,
    }  # fmt: skip


def about(
    study: OpenStudy, call: Call, unit: str, seen: Mapping[str, Any], cli: str, python: str
) -> dict[str, Any]:
    """The record of a measure with its options, beside its evidence."""
    spec = call.spec
    return {
        "measure": call.name,
        "title": both("measure", call.name, spec.title),
        "question": both("question", call.name, spec.question),
        "formula": spec.formula,
        "unit": unit,
        "unit_name": unit_words(unit, call.name),
        "source": spec.source,
        "definition": call.definition,
        "words": option_words(call.name, {key: call.option(key) for key, _ in call.options}),
        "identity": both("identity", call.name, spec.identity),
        "evidence": dict(seen),
        "cli": cli,
        "cli_none": None if cli else NO_COMMAND,
        "python": python,
        "synthetic": study.store.synthetic,
    }


def evidence(
    study: OpenStudy, countries: Sequence[str] = (), years: Sequence[int] = (),
    sources: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """The tables numbers rest on: files with hashes, the worst gaps of their audits and where.

    Also the study and the version of servio, which go with the rows wherever they are saved.

    `whole` says the same of all tables of the study, where these are not all.
    """
    audits = study.once("audited", lambda: _audited(study.once("audits", study.store.audits)))
    own = np.ones(len(audits["year"]), bool)
    if sources:
        own &= np.isin(audits["source"], list(sources))
    if countries:
        own &= np.isin(audits["country"], [*countries, "WORLD", ""])
    if years:
        own &= np.isin(audits["year"], list(years)) | np.isnan(audits["year"])
    inputs = [
        {"file": one["file"], "sha256": one["sha256"], "source": one["source"]}
        for one in study.provenance["inputs"]
        if (not countries or one["country"] in ("WORLD", "", *countries))
        and (not sources or one["source"] in sources)
    ]
    seen = _worst(audits, own) | {
        "inputs": inputs[:12], "files": len(inputs),
        "sources": sorted({one["source"] for one in inputs}),
        "study": study.store.study.title, "version": study.version,
    }  # fmt: skip
    if own.all():
        return seen
    return seen | {"whole": study.once("worst", lambda: _worst(audits, np.ones_like(own)))}


def _audited(audits: pd.DataFrame) -> dict[str, Any]:
    """What evidence needs of the audits, as arrays: pandas takes longer to choose a few rows."""
    texts = {name: audits[name].to_numpy(str) for name in ("source", "country")}
    numbers = ("year", "data_residual", "numeric_residual")
    return texts | {name: audits[name].to_numpy(float, na_value=np.nan) for name in numbers}


def _worst(audits: Mapping[str, Any], own: Any) -> dict[str, Any]:
    """How many tables there are, and their largest residuals; the first of the largest is named."""
    gaps, at = audits["data_residual"][own], ""
    if not np.isnan(gaps).all():
        place = np.flatnonzero(own)[np.nanargmax(gaps)]
        year = audits["year"][place]
        at = f"{audits['country'][place]} {'' if np.isnan(year) else int(year)}".strip()
    return {
        "tables": int(own.sum()),
        "data_residual": _most(gaps),
        "data_residual_at": at,
        "numeric_residual": _most(audits["numeric_residual"][own]),
    }


def _most(values: Any) -> float | None:
    return None if np.isnan(values).all() else float(np.nanmax(values))


def _few(notes: Sequence[str]) -> list[str]:
    """Notes that differ in their numbers only, once each, with how many there are."""
    kinds: dict[str, list[str]] = {}
    for note in notes:
        kinds.setdefault(_NUMBERS.sub("#", note), []).append(note)
    return [
        own[0] if len(own) == 1 else f"{own[0]} (and {len(own) - 1} more like this)"
        for own in kinds.values()
    ]
