"""A measure's rows, and how they spread over definitions."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from servio import classify
from servio.errors import UsageError
from servio.study import Call
from servio.web._about import of_found
from servio.web._answers import Answer, OpenStudy, Pending, Query, Reply
from servio.web._rows import FILTERS, Found, asked_call, found, pick_uploaded, selected

__all__ = ["routes"]


def measured(study: OpenStudy, query: Query) -> Reply:
    """Rows of one measure with its options, those the query chooses."""
    chosen = {name: query.texts(name) for name in FILTERS}
    years = _years(query)
    upload = pick_uploaded(study, query)
    call = asked_call(query.path["name"], query)
    rows = found(study, call, upload)
    if isinstance(rows, Pending):
        return rows
    kept = selected(rows.rows, chosen, years)
    data = {
        "about": of_found(study, rows, chosen, years, upload=bool(upload)),
        "labels": rows.labels(),
        "stored": rows.stored,
    }
    return Answer(data, _slim(kept, rows.unit))


def spread(study: OpenStudy, query: Query) -> Reply:
    """One number by year under every definition the study holds, or that can be computed."""
    chosen = {name: query.texts(name) for name in FILTERS if name != "group"}
    years, every = _years(query), query.flag("all")
    call = asked_call(query.path["name"], query)
    if "grouping" not in dict(call.options):
        raise UsageError(f"measure {call.name}", found="no option grouping",
                         expected="a measure that has definitions",
                         remedy="Choose another measure.")  # fmt: skip
    calls = _definitions(study, call, every=every)
    pieces: list[tuple[str, Found]] = []
    waiting: Pending | None = None
    for one in calls:
        rows = found(study, one)
        if isinstance(rows, Pending):
            waiting = waiting or rows
        else:
            pieces.append((one.option("grouping"), rows))
    if waiting is not None:
        return waiting
    table = pa.concat_tables([_total(name, selected(r.rows, chosen, years)) for name, r in pieces])
    data = {
        "about": of_found(study, pieces[0][1], chosen, years),
        "definitions": [name for name, _ in pieces],
        "band": _band(table),
    }
    return Answer(data, table)


def _years(query: Query) -> list[int]:
    texts = query.texts("year")
    wrong = [text for text in texts if not text.isascii() or not text.isdigit() or len(text) > 4]
    if wrong:
        raise UsageError("parameter year", found=repr(wrong[0]), expected="years, such as 2014",
                         remedy="Correct it.")  # fmt: skip
    return [int(text) for text in texts]


def _slim(rows: pa.Table, unit: str) -> pa.Table:
    """Without columns that say nothing: labels the measure does not have, one unit for all."""
    empty = [n for n in ("industry", "partner", "group", "part") if _is_blank(rows[n])]
    return rows.drop_columns([*empty, *(["unit"] if " or " not in unit else [])])


def _is_blank(column: pa.ChunkedArray) -> bool:
    return bool(pc.all(pc.equal(column, "")).as_py() is not False)


def _definitions(study: OpenStudy, call: Call, *, every: bool) -> list[Call]:
    """The measure under each definition of producer services: those stored, or all."""
    names = list(classify.producer_service_definitions())
    rest = [pair for pair in call.options if pair[0] != "grouping"]
    calls = [Call(call.name, tuple(sorted([*rest, ("grouping", n)])), call.only) for n in names]
    own = {Call(c.name, c.options, c.only) for c in study.store.study.calls}
    stored = [one for one in calls if one in own]
    found = calls if every else stored
    return found if call in found else [call, *found]


def _total(name: str, rows: pa.Table) -> pa.Table:
    """Groups of a definition together, one row a source, year, country and industry."""
    keys = ["source", "year", "country", "industry"]
    grouped = rows.group_by(keys, use_threads=False).aggregate(
        [("value", "sum", pc.ScalarAggregateOptions(skip_nulls=False))]
    )
    grouped = grouped.rename_columns([*keys, "value"])
    return grouped.append_column("definition", pa.array([name] * len(grouped), pa.string()))


def _band(table: pa.Table) -> dict[str, list[float | int | None]]:
    """Least, middle and greatest value of each year over definitions and what else is there."""
    years = sorted(y for y in pc.unique(table["year"]).to_pylist() if y is not None)
    parts = [
        np.asarray(table.filter(pc.equal(table["year"], year))["value"].drop_null())
        for year in years
    ]
    return {
        "year": years,
        **{
            name: [float(take(part)) if len(part) else None for part in parts]
            for name, take in (("low", np.min), ("median", np.median), ("high", np.max))
        },
    }


routes = [("/api/measure/{name}", measured), ("/api/spread/{name}", spread)]
