"""A measure's rows, and how they spread over definitions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from servio import classify
from servio.errors import UsageError
from servio.report import picks
from servio.report.words import is_region
from servio.study import Call
from servio.web._about import of_found
from servio.web._answers import Answer, OpenStudy, Pending, Query, Reply
from servio.web._api._one_table import brought
from servio.web._rows import FILTERS, Found, asked_call, check_years, found, selected
from servio.web._words import sentence

__all__ = ["routes", "years_of"]

NO_YEAR = -1
NOTHING = "no table has a number under any definition"
SEVERAL = (
    "the grouping has several groups, which are no one number beside definitions, "
    "and the study holds no definition with these options"
)
FUNCTIONAL = ("ps_fractional", "ps_threshold50")


def measured(study: OpenStudy, query: Query) -> Reply:
    """Rows of one measure with its options, those the query chooses; none with ``bare=true``."""
    chosen = {name: query.texts(name) for name in FILTERS}
    years, bare = years_of(query), query.flag("bare")
    own = brought(query)
    if isinstance(own, Pending):
        return own
    upload, synthetic = (own.path, own.synthetic) if own else ("", None)
    call = asked_call(query.path["name"], query)
    rows = found(study, call, upload, chosen)
    if isinstance(rows, Pending):
        return rows
    check_years([rows.rows], years)
    kept = selected(rows.rows, chosen, years)
    data = {
        "about": of_found(study, rows, chosen, years, upload=bool(own), synthetic=synthetic),
        "labels": rows.labels(),
        "countries": pc.unique(rows.rows["country"]).to_pylist(),
        "years": sorted(y for y in pc.unique(rows.rows["year"]).to_pylist() if y is not None),
        "stored": rows.stored,
    }
    if bare:
        return Answer(data)
    if rows.problems and not len(rows.rows):
        raise UsageError(f"measure {call.name}", found=rows.problems[0],
                         expected="options for which a table has an answer",
                         remedy="Choose other options.")  # fmt: skip
    data["undefined"] = rows.without_value(kept)
    return Answer(data, _slim(kept, rows.unit))


def spread(study: OpenStudy, query: Query) -> Reply:
    """One number by year under every definition the study holds, or that can be computed.

    Each has its place among the countries that have one under that definition.
    """
    chosen = {name: query.texts(name) for name in FILTERS if name != "group"}
    years, every = years_of(query), query.flag("all")
    brought_one = brought(query)
    if isinstance(brought_one, Pending):
        return brought_one
    upload, synthetic = (brought_one.path, brought_one.synthetic) if brought_one else ("", None)
    call = asked_call(query.path["name"], query)
    if "grouping" not in dict(call.options):
        raise UsageError(f"measure {call.name}", found="no option grouping",
                         expected="a measure that has definitions",
                         remedy="Choose another measure.")  # fmt: skip
    named = _definitions()
    pieces: dict[str, Found] = {}
    waiting: Pending | None = None
    for one in _under(study, call, named, every=every):
        rows = found(study, one, upload, chosen)
        if isinstance(rows, Pending):
            waiting = waiting or rows
        else:
            pieces[one.option("grouping")] = rows
    if waiting is not None:
        return waiting
    held = {name: rows for name, rows in pieces.items() if len(rows.rows)}
    check_years([r.rows for r in held.values()], years)
    everybody = {**chosen, "country": ()}
    tables = [_single(name, selected(r.rows, everybody, years)) for name, r in held.items()]
    own = {"country": chosen["country"]}
    table = selected(_with_ranks(pa.concat_tables(tables)), own) if tables else None
    about = pieces.get(call.option("grouping")) or next(iter(pieces.values()), None)
    data = {
        "about": None if about is None else of_found(
            study, about, chosen, years, upload=bool(upload), over=list(held), synthetic=synthetic
        ),
        "abouts": {
            name: of_found(study, r, chosen, years, upload=bool(upload), synthetic=synthetic)
            for name, r in held.items()
        },
        "definitions": [name for name in held if name in named],
        "unanswered": {n: " ".join(r.problems[:1]) for n, r in pieces.items() if n not in held},
        "band": _band(table, named),
        "more": len(named) - len([name for name in pieces if name in named]),
        "undefined": pd.concat([
            r.without_value(selected(r.rows, chosen, years)).assign(definition=name)
            for name, r in held.items()
        ]) if held else None,
        "why": None if held else _why_nothing(pieces),
    }  # fmt: skip
    return Answer(data, table)


def _why_nothing(pieces: Mapping[str, Found]) -> dict[str, str]:
    """Why there is no number to show under any definition."""
    said = next(
        (r.problems[0] for r in pieces.values() if r.problems), NOTHING if pieces else SEVERAL
    )
    return {"en": said, "ko": sentence("reason", said)}


def years_of(query: Query) -> list[int]:
    """The years a query chooses; none where it chooses none."""
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


def _definitions() -> list[str]:
    """Producer services as authors name them, and by what they sell to producers."""
    return [*classify.producer_service_definitions(), *FUNCTIONAL]


def _under(study: OpenStudy, call: Call, named: list[str], *, every: bool) -> list[Call]:
    """The measure under each definition, those stored or all, and as it was asked for.

    What is asked for under a grouping of several groups has no one number to stand beside them.
    """
    rest = [pair for pair in call.options if pair[0] != "grouping"]
    calls = [Call(call.name, tuple(sorted([*rest, ("grouping", n)])), call.only) for n in named]
    own = {Call(c.name, c.options, c.only) for c in study.store.study.calls}
    wanted = calls if every else [one for one in calls if one in own or one == call]
    asked = call.option("grouping")
    alone = asked in classify.groupings() and len(classify.grouping(asked).groups) == 1
    return [call, *wanted] if alone and call not in wanted else wanted


def _single(name: str, rows: pa.Table) -> pa.Table:
    """One row a source, year, country and other labels, with the name of the definition."""
    keys = [key for key in ("source", "year", "country", "industry", "partner", "part")
            if key in ("source", "year", "country") or not _is_blank(rows[key])]  # fmt: skip
    kept = rows.select([*keys, "value"])
    return kept.append_column("definition", pa.array([name] * len(rows), pa.string()))


def _with_ranks(table: pa.Table) -> pa.Table:
    """With the place of each value among those of all countries, and of how many it is one."""
    rows = table.select([name for name in table.column_names if name != "value"]).to_pandas()
    rows["year"] = rows["year"].fillna(NO_YEAR)
    rows["value"] = np.asarray(table["value"].to_numpy(), dtype=np.float64)
    economies = rows[~rows["country"].map(is_region).astype(bool)]
    keys = [name for name in rows.columns if name not in ("country", "value")]
    wide = economies.set_index(["country", *keys])["value"].unstack(keys)
    places = picks.ranks(wide).unstack().rename("rank").reset_index()
    found = rows.merge(places, how="left", on=["country", *keys])["rank"]
    of = wide.count().rename("ranked").reset_index()
    among = rows.merge(of, how="left", on=keys)["ranked"].fillna(0)
    return table.append_column("rank", pa.array(found, pa.int64(), from_pandas=True)).append_column(
        "ranked", pa.array(among.astype(np.int64))
    )


def _band(table: pa.Table | None, named: list[str]) -> dict[str, list[float | int | None]] | None:
    """Least, middle and greatest value of each year over definitions and what else is there."""
    if table is None:
        return None
    table = table.filter(pc.is_in(table["definition"], value_set=pa.array(named)))
    if not len(table):
        return None
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
