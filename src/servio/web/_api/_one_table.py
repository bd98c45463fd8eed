"""Measures of one country and year: from the study, or of that one table.

The table may be one that the session brought.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from servio.errors import UsageError
from servio.study import Call
from servio.web._answers import OpenStudy, Pending, Query
from servio.web._api.data import UPLOADS, Own
from servio.web._jobs import Job, Task
from servio.web._rows import Found, _of_parts, _stored, found

__all__ = ["Brought", "brought", "found_there", "is_world", "job_there"]


@dataclass(frozen=True)
class Brought:
    """A file of the session, and what its tables are of.

    Parameters
    ----------
    path : str
        Where it lies: for the queue, never for an answer.
    synthetic, world : bool
    source : str
    countries : sequence of str
    years : sequence of int
    industries : sequence of mapping
        Code, title, and service as in `servio.web._industries`.
    """

    path: str
    synthetic: bool
    source: str
    world: bool
    countries: Sequence[str]
    years: Sequence[int]
    industries: Sequence[Mapping[str, Any]]


def brought(query: Query) -> Brought | Pending | None:
    """The session's own table that a query names; None where it names none."""
    id = query.text("table", "")
    if not id:
        return None
    own: Own = query.session.get(UPLOADS, id)
    if not own.job.future.done():
        return Pending(own.job)
    described = own.job.answer[0]
    return Brought(str(own.path), described["info"]["synthetic"], **described["places"])


def is_world(study: OpenStudy, source: str) -> bool:
    """Whether the tables of a source hold several countries."""
    audits = study.once("audits", study.store.audits)
    return bool(audits[audits.source == source].country.isin(["WORLD", ""]).any())


def found_there(
    study: OpenStudy, calls: Sequence[Call], source: str, country: str, year: int | None,
    upload: str = "",
) -> list[Found] | Pending:  # fmt: skip
    """Rows of several measures; those the study lacks are of the table of the country and year.

    Of a file that the session brought, the study holds none.
    """
    stored = frozenset[Call]() if upload else _stored(study)
    lacking = [call for call in calls if call not in stored]
    made: dict[Call, Found] = {}
    if lacking:
        job_or_rows = _of_table(study, lacking, source, country, year, upload)
        if isinstance(job_or_rows, Pending):
            return job_or_rows
        made = job_or_rows
    rows: list[Found] = []
    for call in calls:
        one = made[call] if call in made else found(study, call)
        assert isinstance(one, Found)
        rows.append(one)
    return rows


def job_there(
    study: OpenStudy, task: str, arguments: Mapping[str, Any], source: str, country: str,
    year: int | None, upload: str = "",
) -> Job:  # fmt: skip
    """The job of a task on the table of a country and year."""
    jobs = study.jobs
    if jobs is None or (jobs.tables is None and not upload):
        why = "" if jobs is None else jobs.why
        raise UsageError(
            "tables of the study", found=why or "none at hand",
            expected="the files the study was made with",
            remedy="Start the server with --tables FOLDER.",
        )  # fmt: skip
    given = {**arguments, "source": source, "country": country, "year": year}
    holder = 0
    if upload:
        given["upload"] = upload
    elif jobs.tables is not None:
        holder = jobs.tables.number(source, country, year)
    return jobs.submit(Task(task, tuple(sorted(given.items())), holder))


def _of_table(
    study: OpenStudy, calls: Sequence[Call], source: str, country: str, year: int | None,
    upload: str,
) -> Pending | dict[Call, Found]:  # fmt: skip
    if not upload and (study.jobs is None or study.jobs.tables is None):
        raise UsageError(
            f"measure {calls[0].name}", found="options the study does not hold",
            expected=f"{calls[0].definition} among its measures",
            remedy="Add it to the study file, or start the server with --tables.",
        )  # fmt: skip
    named = tuple((c.name, tuple((key, c.option(key)) for key, _ in c.options)) for c in calls)
    job = job_there(study, "measures", {"calls": named}, source, country, year, upload)
    if not job.future.done():
        return Pending(job)
    return {call: _of_parts(call, [part]) for call, part in zip(calls, job.answer[0], strict=True)}
