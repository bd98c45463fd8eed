"""Computations this session waits for: list them, stop waiting."""

from __future__ import annotations

from servio.web._answers import Answer, OpenStudy, Query
from servio.web._sessions import JOBS

__all__ = ["routes"]


def listed(study: OpenStudy, query: Query) -> Answer:
    """What the session waits for, oldest first."""
    waits = query.session.all(JOBS).values()
    jobs = [{**wait.shown(), "ended": wait.ended} for wait in waits]
    return Answer({"jobs": jobs}, kept=False)


def left(study: OpenStudy, query: Query) -> Answer:
    """Wait no longer; a job that nobody waits for stops."""
    query.session.drop(JOBS, query.path["id"])
    return Answer({"job": query.path["id"], "left": True}, kept=False)


routes = [("/api/jobs", listed), ("DELETE /api/jobs/{id}", left)]
