"""Two measures of the same countries and years, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from servio.errors import UsageError
from servio.study import settled_call
from servio.web._about import of_found
from servio.web._answers import Answer, OpenStudy, Pending, Query, Reply
from servio.web._api.measure import years_of
from servio.web._rows import FILTERS, LABELS, Found, asked_call, check_years, found, selected

__all__ = ["routes"]

KEYS = ["source", "year", "country"]
SAID = ("measure", "title", "question", "formula", "unit", "source", "words", "cli", "python")


def paired(study: OpenStudy, query: Query) -> Reply:
    """One number a country and year of each of two measures.

    The first is asked for as at ``/api/measure``; ``sum=true`` adds up its rows of a country and
    year. ``second`` names the other with its options and labels, and ``sum=true`` if so:
    ``offshoring;by=industry;industry=C28``.
    """
    chosen = {name: query.texts(name) for name in FILTERS}
    years, summed = years_of(query), query.flag("sum")
    name, options, labels = _written(query.text("second"))
    only, other_summed = options.pop("only", ""), options.pop("sum", "") == "true"
    places = {name: chosen[name] for name in ("source", "country")}
    other = found(study, settled_call(name, options, only), "", places)
    first = found(study, asked_call(query.path["name"], query), "", chosen)
    for one in (first, other):
        if isinstance(one, Pending):
            return one
    assert isinstance(first, Found)
    assert isinstance(other, Found)
    check_years([first.rows, other.rows], years)
    columns = [first.spec.name, other.spec.name]
    if columns[0] == columns[1]:
        columns[1] += "_2"
    sides = [
        _numbers(first, chosen, years, columns[0], summed=summed),
        _numbers(other, {**places, **labels}, years, columns[1], summed=other_summed),
    ]
    about = of_found(study, first, chosen, years)
    second = of_found(study, other, {**places, **labels}, years)
    return Answer(
        {"about": about | {f"second_{key}": second[key] for key in SAID}},
        sides[0].merge(sides[1], how="outer", on=KEYS).sort_values(KEYS, ignore_index=True),
    )


def _written(text: str) -> tuple[str, dict[str, str], dict[str, list[str]]]:
    """Measure, what it is asked with, and labels of a text such as ``name;by=industry``."""
    name, *parts = text.split(";")
    wrong = [part for part in parts if "=" not in part]
    if wrong:
        raise UsageError("parameter second", found=repr(wrong[0]),
                         expected="a measure, then option=value after each semicolon",
                         remedy="Correct it.")  # fmt: skip
    options = dict(part.split("=", 1) for part in parts)
    return name, options, {key: [options.pop(key)] for key in LABELS if key in options}


def _numbers(
    rows: Found, chosen: Mapping[str, Sequence[str]], years: Sequence[int], column: str,
    *, summed: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """One number a source, year and country; a sum has one where all its parts have."""
    own = selected(rows.rows, chosen, years).select([*KEYS, "value"]).to_pandas()
    own["year"] = own["year"].astype("Int64")
    if summed:
        groups = own.groupby(KEYS, dropna=False, sort=False)["value"]
        own = groups.agg(lambda parts: parts.sum(skipna=False)).reset_index()
    elif own.duplicated(KEYS).any():
        raise UsageError(f"measure {rows.call.name}", found="several numbers a country and year",
                         expected="labels that choose one of them",
                         remedy=f"Choose one of each: {', '.join(rows.labels())}.")  # fmt: skip
    return own.rename(columns={"value": column})


routes = [("/api/pair/{name}", paired)]
