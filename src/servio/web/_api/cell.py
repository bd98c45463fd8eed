"""One number taken apart: the flows behind it, supplier by supplier."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from servio.errors import UsageError
from servio.study import Call, Flows
from servio.table import ORIGINS
from servio.web._about import of_found
from servio.web._answers import Answer, OpenStudy, Pending, Query, Reply
from servio.web._api._one_table import brought
from servio.web._api.study import summary
from servio.web._jobs import Jobs, Task
from servio.web._rows import Found, asked_call, check_years, found, selected

__all__ = ["routes"]

MOST = 30
MONEY = "service_input_share"
COEFFICIENT = "service_input_coefficient"


def taken_apart(study: OpenStudy, query: Query) -> Reply:
    """The value of a cell, and what flows into its industry."""
    labels = {name: query.text(name, "") for name in ("source", "country", "industry", "group")}
    year, most = query.integer("year", None, 1, 9999), query.integer("most", MOST, 1, 500)
    own = brought(query)
    if isinstance(own, Pending):
        return own
    upload, synthetic = (own.path, own.synthetic) if own else ("", None)
    call = asked_call(query.path["name"], query)
    chosen = {name: [text] for name, text in labels.items() if text}
    rows = found(study, call, upload, chosen)
    if isinstance(rows, Pending):
        return rows
    sources = pc.unique(rows.rows["source"]).to_pylist() or study.results.sources
    source = labels["source"] or sources[0]
    years = [] if year is None else [year]
    check_years([rows.rows], years)
    data: dict[str, Any] = {
        "about": of_found(study, rows, chosen, years, upload=bool(own), synthetic=synthetic),
        "value": _value(rows, chosen, years),
    }
    jobs = study.jobs
    if not labels["industry"] or jobs is None or not (upload or jobs.tables):
        return Answer({**data, "parts": None, "sums": {}, "check": None})
    job = jobs.submit(_task(jobs, call, source, labels, year, upload))
    if not job.future.done():
        return Pending(job)
    flows: Flows = job.answer[0]
    sums = _sums(flows)
    data |= {"sums": sums, "check": _check(call, data["value"], sums), "unit": flows.unit,
             "origin": _origin(call)}  # fmt: skip
    return Answer(data, _parts(study, source, flows, most or MOST))


def _task(
    jobs: Jobs, call: Call, source: str, labels: dict[str, str], year: int | None,
    upload: str,
) -> Task:  # fmt: skip
    arguments: dict[str, Any] = {
        "source": source,
        "country": labels["country"],
        "year": year,
        "industry": labels["industry"],
        "by": call.option("by") or "industry",
        "grouping": call.option("grouping") or "services",
        "group": labels["group"],
        "origin": _origin(call),
    }
    holder = 0
    if upload:
        arguments["upload"] = upload
    else:
        tables = jobs.tables
        if tables is None:
            raise UsageError("tables of the study", found=jobs.why, expected="them at hand",
                             remedy="Start the server with --tables FOLDER.")  # fmt: skip
        holder = tables.number(source, labels["country"], year)
    return Task("flows", tuple(sorted(arguments.items())), holder)


def _origin(call: Call) -> str:
    """Where what is shown was bought: anywhere, at home (``domestic``) or abroad (``imported``)."""
    origin = call.option("origin")
    return origin if origin in ORIGINS else "total"


def _value(rows: Found, chosen: dict[str, list[str]], years: list[int]) -> float | None:
    """The number itself; None where it is undefined or the labels leave more than one."""
    values = selected(rows.rows, chosen, years)["value"]
    if len(values) != 1:
        total = pc.sum(values, skip_nulls=False).as_py() if len(values) else None
        additive = rows.call.name in (MONEY, COEFFICIENT) and "group" not in chosen
        return total if additive else None
    return values[0].as_py()  # type: ignore[no-any-return]


def _sums(flows: Flows) -> dict[str, float | None]:
    bought = float(flows.money.sum())
    return {
        "direct_services": flows.counted_direct,
        "complete_services": flows.counted_complete,
        "money_services": flows.counted_money,
        "money": bought,
        "share_services": flows.counted_money / bought if bought else None,
        "output": flows.output,
    }


def _check(call: Call, value: float | None, sums: dict[str, float | None]) -> dict[str, Any]:
    """Whether the flows shown give the value: exactly, or they are context."""
    complete = call.option("total") == "true"
    part = None
    if call.name == COEFFICIENT:
        part = sums["complete_services" if complete else "direct_services"]
    elif call.name == MONEY and not complete and call.option("origin") == "total":
        part = sums["share_services"]
    if part is None or value is None:
        return {"kind": "context", "sum": None, "gap": None}
    gap = abs(part - value) / max(abs(value), 1e-300)
    return {"kind": "exact" if gap < 1e-9 else "differs", "sum": part, "gap": gap}


def _parts(study: OpenStudy, source: str, flows: Flows, most: int) -> Any:
    """The largest suppliers, and the rest as one row."""
    titles = {
        one["code"]: one["title"]["en"] for one in summary(study)["industries"].get(source, [])
    }
    size = np.abs(flows.direct) if flows.complete is None else np.abs(flows.complete)
    order = np.argsort(-size, kind="stable")
    shown, rest = order[:most], order[most:]
    bought = float(flows.money.sum()) or math.nan

    def column(values: Any) -> list[float | None]:
        if values is None:
            return [None] * (len(shown) + bool(len(rest)))
        tail = [float(values[rest].sum())] if len(rest) else []
        return [*map(float, values[shown]), *tail]

    last = [""] if len(rest) else []
    return pd.DataFrame(
        {
            "country": [*(flows.countries[i] for i in shown), *last],
            "industry": [*(flows.codes[i] for i in shown), *("rest" for _ in last)],
            "title": [*(titles.get(flows.codes[i], flows.codes[i]) for i in shown),
                      *(f"{len(rest)} others" for _ in last)],
            "counted": [*map(float, flows.counted[shown]), *(math.nan for _ in last)],
            "money": column(flows.money),
            "imported": column(flows.imported),
            "direct": column(flows.direct),
            "complete": column(flows.complete),
            "share": column(flows.money / bought),
        }
    )  # fmt: skip


routes = [("/api/cell/{name}", taken_apart)]
