"""Where a number comes from: formula, unit, source, evidence, and the lines that give it again."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from servio.report._words import variant_words
from servio.study import Call
from servio.web._answers import OpenStudy
from servio.web._rows import Found
from servio.web._words import both

__all__ = ["about", "evidence", "of_found"]

UPLOAD = "YOUR_TABLE"
_NUMBERS = re.compile(r"\d[\d.,]*(e[-+]?\d+)?%?")


def of_found(
    study: OpenStudy, found: Found, chosen: Mapping[str, Sequence[str]] | None = None,
    years: Sequence[int] = (), *, upload: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """What there is to know of the rows of a measure, chosen as `servio measure` chooses them."""
    call, chosen = found.call, chosen or {}
    countries = chosen.get("country", ())
    seen = {} if upload else evidence(study, countries, years)
    seen |= {"undefined": found.undefined, "undefined_first": found.first or None}
    if found.residual is not None:
        seen["numeric_residual"] = found.residual
    paths = [UPLOAD] if upload else [table.path for table in study.store.study.tables]
    return about(
        study, call, found.unit, seen,
        _shell(call, paths, chosen, years), _python(call, paths),
    ) | {"notes": _few(found.notes), "problems": list(found.problems)}  # fmt: skip


def about(
    study: OpenStudy, call: Call, unit: str, seen: Mapping[str, Any], cli: str, python: str
) -> dict[str, Any]:
    """The record of a measure with its options, beside its evidence."""
    spec = call.spec
    options = {key: call.option(key) for key, _ in call.options}
    return {
        "measure": call.name,
        "title": both("measure", call.name, spec.title),
        "question": both("question", call.name, spec.question),
        "formula": spec.formula,
        "unit": unit,
        "source": spec.source,
        "definition": call.definition,
        "words": variant_words(options),
        "identity": spec.identity,
        "evidence": dict(seen),
        "cli": cli,
        "python": python,
        "synthetic": study.store.synthetic,
    }


def evidence(
    study: OpenStudy, countries: Sequence[str] = (), years: Sequence[int] = ()
) -> dict[str, Any]:
    """The tables numbers rest on: files with hashes, and the worst gaps of their audits."""
    audits: pd.DataFrame = study.once("audits", study.store.audits)
    own = audits
    if countries:
        own = own[own.country.isin(countries) | own.country.isin(["WORLD", ""])]
    if years:
        own = own[own.year.isin(years) | own.year.isna()]
    inputs = [
        {"file": one["file"], "sha256": one["sha256"], "source": one["source"]}
        for one in study.provenance["inputs"]
        if not countries or one["country"] in ("WORLD", "", *countries)
    ]
    return {
        "tables": len(own),
        "inputs": inputs[:12],
        "files": len(inputs),
        "data_residual": _most(own.data_residual),
        "numeric_residual": _most(own.numeric_residual),
    }


def _few(notes: Sequence[str]) -> list[str]:
    """Notes that differ in their numbers only, once each, with how many there are."""
    kinds: dict[str, list[str]] = {}
    for note in notes:
        kinds.setdefault(_NUMBERS.sub("#", note), []).append(note)
    return [
        own[0] if len(own) == 1 else f"{own[0]} (and {len(own) - 1} more like this)"
        for own in kinds.values()
    ]


def _most(values: pd.Series) -> float | None:
    return None if values.dropna().empty else float(values.max())


def _shell(
    call: Call, paths: Sequence[str], chosen: Mapping[str, Sequence[str]], years: Sequence[int]
) -> str:
    words = ["servio", "measure", call.name, *paths]
    for country in chosen.get("country", ()):
        words += ["--country", country]
    for year in years:
        words += ["--year", str(year)]
    for key, value in _unusual(call).items():
        words += ["--grouping", value] if key == "grouping" else ["--set", f"{key}={value}"]
    for label in ("industry", "partner", "group", "part"):
        for text in chosen.get(label, ()):
            words += ["--where", f"{label}={text}"]
    return shlex.join(words)


def _python(call: Call, paths: Sequence[str]) -> str:
    spec = call.spec
    plain = dict(call.options)
    options = [f"{key}={plain[key]!r}" for key in _unusual(call)]
    base = ["base=base"] if spec.compares else []
    arguments = ", ".join(["table", *base, *options])
    first = ["base = servio.read(PATH_OF_THE_BASE_YEAR)"] if spec.compares else []
    return "\n".join(
        [
            "import servio",
            *first,
            f"for table in servio.scan({paths[0]!r}).tables():",
            f"    print(servio.measure.{call.name}({arguments}).to_frame())",
        ]
    )


def _unusual(call: Call) -> dict[str, str]:
    """Options that are not the measure's defaults."""
    defaults = {key: option.default for key, option in call.spec.options.items()}
    return {key: call.option(key) for key, value in call.options if value != defaults[key]}
