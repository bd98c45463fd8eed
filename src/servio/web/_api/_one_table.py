"""Measures of one country and year: from the study, or of that one table."""

from __future__ import annotations

from collections.abc import Sequence

from servio.errors import UsageError
from servio.study import Call
from servio.web._answers import OpenStudy, Pending
from servio.web._jobs import Task
from servio.web._rows import Found, _of_parts, _stored, found

__all__ = ["found_there", "is_world"]


def is_world(study: OpenStudy, source: str) -> bool:
    """Whether the tables of a source hold several countries."""
    audits = study.once("audits", study.store.audits)
    return bool(audits[audits.source == source].country.isin(["WORLD", ""]).any())


def found_there(
    study: OpenStudy, calls: Sequence[Call], source: str, country: str, year: int
) -> list[Found] | Pending:
    """Rows of several measures; those the study lacks are of the table of the country and year."""
    stored = _stored(study)
    lacking = [call for call in calls if call not in stored]
    made: dict[Call, Found] = {}
    if lacking:
        job_or_rows = _of_table(study, lacking, source, country, year)
        if isinstance(job_or_rows, Pending):
            return job_or_rows
        made = job_or_rows
    rows: list[Found] = []
    for call in calls:
        one = made[call] if call in made else found(study, call)
        assert isinstance(one, Found)
        rows.append(one)
    return rows


def _of_table(
    study: OpenStudy, calls: Sequence[Call], source: str, country: str, year: int
) -> Pending | dict[Call, Found]:
    if study.jobs is None or study.jobs.tables is None:
        raise UsageError(
            f"measure {calls[0].name}", found="options the study does not hold",
            expected=f"{calls[0].definition} among its measures",
            remedy="Add it to the study file, or start the server with --tables.",
        )  # fmt: skip
    named = tuple((c.name, tuple((key, c.option(key)) for key, _ in c.options)) for c in calls)
    arguments = (("calls", named), ("country", country), ("source", source), ("year", year))
    holder = study.jobs.tables.number(source, country, year)
    job = study.jobs.submit(Task("measures", arguments, holder))
    if not job.future.done():
        return Pending(job)
    return {call: _of_parts(call, [part]) for call, part in zip(calls, job.answer[0], strict=True)}
