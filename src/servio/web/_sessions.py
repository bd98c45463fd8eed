"""Who asks: a random id in a cookie, what belongs to it, and an end for both."""

from __future__ import annotations

import re
import secrets
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from servio.web._answers import RequestFault

if TYPE_CHECKING:
    from servio.web._jobs import Job

__all__ = ["COOKIE", "JOBS", "Session", "Sessions", "Waiting", "progress"]

COOKIE = "servio"
JOBS = "jobs"
MAX_SESSIONS = 1_000
MAX_OBJECTS = 16
MAX_STRANGERS = 32
IDLE = 8 * 3600.0

_ID = re.compile(r"[A-Za-z0-9_-]{22}")


class Session:
    """What belongs to one browser: uploads, jobs.

    It becomes known to the server when the first thing is bound to it, not before; the id is 128
    random bits. It is `known` once its cookie has come back.
    """

    def __init__(self) -> None:
        self.id = secrets.token_urlsafe(16)
        self.seen = 0.0
        self.known = False
        self._things: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    @property
    def bound(self) -> bool:
        """Whether anything belongs to it."""
        return any(self._things.values())

    @property
    def only_waits(self) -> bool:
        """Whether nothing is lost with it but a wait."""
        return all(not things for kind, things in self._things.items() if kind != JOBS)

    def bind(self, kind: str, id: str, thing: Any) -> None:
        """Keep a thing until it is dropped or the session ends; then ``thing.close()`` is called.

        Raises
        ------
        RequestFault
            429: too many of this kind.
        """
        with self._lock:
            things = self._things.setdefault(kind, {})
            if id not in things and len(things) >= MAX_OBJECTS:
                raise RequestFault(429, kind, found=f"{len(things)} of them in this session",
                                   expected=f"at most {MAX_OBJECTS}",
                                   remedy="Remove one, then try again.")  # fmt: skip
            things[id] = thing

    def get(self, kind: str, id: str) -> Any:
        """A thing of this session.

        Raises
        ------
        RequestFault
            404: there is none by this id, or it is another session's: no difference is made.
        """
        with self._lock:
            if id in self._things.get(kind, {}):
                return self._things[kind][id]
        raise RequestFault(404, kind, found="nothing by this id",
                           expected=f"an id of this session's {kind}",
                           remedy="It has ended, or the server has: begin anew.")  # fmt: skip

    def all(self, kind: str) -> dict[str, Any]:
        """Things of a kind by id, in the order they came."""
        with self._lock:
            return dict(self._things.get(kind, {}))

    def drop(self, kind: str, id: str) -> None:
        """Let go of a thing; see `get` for the error."""
        thing = self.get(kind, id)
        with self._lock:
            self._things[kind].pop(id, None)
        _close(thing)

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            things = [thing for kind in self._things.values() for thing in kind.values()]
            self._things.clear()
        for thing in things:
            _close(thing)


class Waiting:
    """A session's wait for a job; it ends with the session and keeps no answer alive.

    Parameters
    ----------
    job : Job
    waiter : str
    """

    def __init__(self, job: Job, waiter: str) -> None:
        self.id, self.of, self._waiter = job.id, job.of, waiter
        self._job = weakref.ref(job)
        job.join(waiter)

    @property
    def ended(self) -> bool:
        """Whether the job has been done, or given up."""
        job = self._job()
        return job is None or job.future.done()

    def shown(self) -> dict[str, Any]:
        """How far the job is; its place in the queue is 0 when it is next or runs."""
        job = self._job()
        if job is None:
            return {"job": self.id, "done": self.of, "of": self.of, "place": 0}
        return progress(job)

    def close(self) -> None:
        """Wait no longer; a job that nobody waits for stops."""
        if (job := self._job()) is not None:
            job.leave(self._waiter, for_good=True)


def progress(job: Job) -> dict[str, Any]:
    """What a page shows of a job."""
    return {"job": job.id, "done": job.done, "of": job.of, "place": job.place}


class Sessions:
    """The sessions that own something, the least recently seen first.

    Who keeps no cookie gets a new session with every question: such strangers may wait for few
    computations at a time, and a session that only waits ends before one that brought a table.

    Parameters
    ----------
    limit : int
        Most sessions at a time; one more ends another.
    idle : float
        Seconds after which an unseen one ends.
    clock : callable
    """

    def __init__(
        self,
        limit: int = MAX_SESSIONS,
        idle: float = IDLE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._idle = idle
        self._clock = clock
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._open)

    def find(self, id: str | None) -> Session | None:
        """The session of a cookie; None where it is unknown, ended or no id at all."""
        if id is None or not _ID.fullmatch(id):
            return None
        with self._lock:
            ended = self._ended()
            found = self._open.get(id)
            if found is not None:
                found.known = True
                self._touch(found)
        _close_all(ended)
        return found

    def wait(self, session: Session, job: Job) -> Waiting:
        """Let a session wait for a job, and forget the waits of it that have ended.

        Raises
        ------
        RequestFault
            429: it waits for too many, or it is a stranger and they do.
        """
        for id, waiting in session.all(JOBS).items():
            if waiting.ended:
                session.drop(JOBS, id)
        if not session.known and self._strangers(job) >= MAX_STRANGERS:
            raise RequestFault(
                429, "computations", expected=f"at most {MAX_STRANGERS}",
                found="as many as visitors without a cookie may wait for",
                remedy="Keep the cookie of the first answer, or try again in a moment.",
            )  # fmt: skip
        waiting = Waiting(job, session.id)
        session.bind(JOBS, job.id, waiting)
        self.keep(session)
        return waiting

    def _strangers(self, job: Job) -> int:
        """Computations other than `job` that only sessions whose cookie never came back await."""
        with self._lock:
            waits = [(one.known, id) for one in self._open.values()
                     for id, wait in one.all(JOBS).items() if not wait.ended]  # fmt: skip
        known = {id for of_known, id in waits if of_known} | {job.id}
        return len({id for of_known, id in waits if not of_known} - known)

    def keep(self, session: Session) -> None:
        """Know a session from now on."""
        with self._lock:
            self._touch(session)
            ended = self._ended()
        _close_all(ended)

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            ended = list(self._open.values())
            self._open.clear()
        _close_all(ended)

    def _touch(self, session: Session) -> None:
        session.seen = self._clock()
        self._open[session.id] = session
        self._open.move_to_end(session.id)

    def _ended(self) -> list[Session]:
        ended = []
        while self._open:
            oldest = next(iter(self._open.values()))
            if self._clock() - oldest.seen > self._idle:
                ended.append(self._open.pop(oldest.id))
            elif len(self._open) > self._limit:
                light = next((one for one in self._open.values() if one.only_waits), oldest)
                ended.append(self._open.pop(light.id))
            else:
                break
        return ended


def _close_all(sessions: list[Session]) -> None:
    for session in sessions:
        session.close()


def _close(thing: Any) -> None:
    close = getattr(thing, "close", None)
    if close is not None:
        close()
