"""One queue for everything that must be computed: child processes that hold the tables.

A job is asked for by what it computes, so the same question from many sessions is one job, and its
answer is kept. Tables are dealt out to the children; each holds its own, factorised once. A child
that takes too long or too much memory is ended and replaced; the others do not suffer.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from servio.errors import InputError, ResourceError, ServioError
from servio.study import LiveTables, StudyStore, live_tables, unattended
from servio.web._child import CANCEL, Failed, Place, Ticked, serve_tasks

__all__ = ["ALL", "APART", "WRITER", "Busy", "Cancelled", "Job", "Jobs", "Limits", "Task"]

ALL = -1
"""A task for every child, each with its own tables."""
APART = -2
"""A long task that needs no table: a child of its own does it, so that nobody else waits."""
WRITER = -3
"""Files are written in a child of their own; the answer is not kept."""
GLANCE = 0.05
GRACE = 2.0
"""Seconds a child has to stop by itself."""
PATIENCE = 10.0
"""Seconds a job goes on when nobody waits for it."""


class Busy(ResourceError):
    """The queue is full."""


class Cancelled(ResourceError):
    """Nobody waits for the job any more."""


@dataclass(frozen=True)
class Task:
    """What is to be computed.

    Parameters
    ----------
    name : str
        A function of `servio.web._tasks.TASKS`.
    arguments : tuple of (str, value)
        Its keyword arguments: plain, hashable values, sorted by name.
    holder : int
        Number of the table it is about, which says who computes it; `ALL` for all tables, `APART`
        for what is long and needs none, `WRITER` for files. What is about an upload is apart too.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    holder: int = ALL

    @property
    def needs_tables(self) -> bool:
        """Whether it is about the study's tables, not one that a session brought or the store."""
        return self.holder not in (APART, WRITER) and all(
            name != "upload" for name, _ in self.arguments
        )

    @property
    def id(self) -> str:
        """The same for the same task, in every process."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]


class Job:
    """A task on its way; `future` gets a list with the answer of each child it went to.

    It is wanted while somebody waits for it and a moment longer, so that who asks again finds it.
    """

    def __init__(self, task: Task, of: int, parts: int, jobs: Jobs) -> None:
        self.task, self.of, self.parts = task, of, parts
        self.id = task.id
        self.done = 0
        self.future: Future[list[Any]] = Future()
        self.answers: dict[int, Any] = {}
        self._jobs = jobs
        self._waiting: set[str] = set()
        self._given_up = False
        self._left = time.monotonic()

    @property
    def place(self) -> int:
        """How many open jobs are before it."""
        return self._jobs.place(self)

    @property
    def answer(self) -> list[Any]:
        """What was found; raises what went wrong."""
        return self.future.result(0)

    @property
    def unwanted(self) -> bool:
        """Whether it need not go on."""
        return self.future.done() or (
            not self._waiting and (self._given_up or time.monotonic() - self._left > PATIENCE)
        )

    def join(self, waiter: str) -> None:
        """Somebody waits for it."""
        self._waiting.add(waiter)
        self._given_up = False

    def leave(self, waiter: str, *, for_good: bool = False) -> None:
        """Somebody waits no longer; who leaves for good will not ask again in a moment."""
        self._waiting.discard(waiter)
        self._left = time.monotonic()
        self._given_up = self._given_up or for_good


@dataclass(frozen=True)
class Limits:
    """What the queue takes.

    Parameters
    ----------
    seconds : float
        For one task in one child.
    memory : int
        Bytes of data a child may hold; 0 for no limit.
    queued : int
        Jobs that are not done.
    kept : int
        Bytes of answers to keep.
    """

    seconds: float = 120.0
    memory: int = 3 << 30
    queued: int = 200
    kept: int = 256 << 20


class Jobs:
    """The queue and its children.

    Parameters
    ----------
    store : StudyStore
    folder : path, optional
        Folder that the paths in the study file start from; where the study ran, if left out.
    workers : int
        Children.
    limits : Limits
    """

    def __init__(
        self,
        store: StudyStore,
        folder: Path | None = None,
        *,
        workers: int = 1,
        limits: Limits | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.why = ""
        self.tables: LiveTables | None = None
        try:
            self.tables = live_tables(store, folder)
        except ServioError as error:
            self.why = f"{error.found}. {error.remedy}"
        self._place = Place(str(store.folder), None if folder is None else str(folder))
        self._lock = threading.Lock()
        self._open: dict[str, Job] = {}
        self._kept: OrderedDict[str, tuple[Job, int]] = OrderedDict()
        self._looked_at: WeakValueDictionary[str, Job] = WeakValueDictionary()
        self._held = 0
        self._hands = [_Hand(self, number, workers) for number in range(max(1, workers))]
        self._apart = _Hand(self, 0, 1, eager=False)
        self._writer = _Hand(self, 0, 1, eager=False)
        self._everyone = (*self._hands, self._apart, self._writer)
        self.computed = 0
        self._closed = False

    def start(self) -> None:
        """Start the children; they open tables as they are asked for them."""
        for hand in self._everyone:
            hand.start()

    def close(self) -> None:
        """End the children."""
        self._closed = True
        for hand in self._everyone:
            hand.stop()
        for hand in self._everyone:
            hand.join()

    def submit(self, task: Task) -> Job:
        """The job of a task: the one that is there already, or a new one.

        Raises
        ------
        InputError
            The study's tables are not at hand.
        Busy
            Too many jobs wait.
        ResourceError
            The server ends.
        """
        if self._closed:
            raise ResourceError("server", found="one that is being stopped",
                                expected="one that runs",
                                remedy="Ask again when it is back.")  # fmt: skip
        if self.tables is None and task.needs_tables:
            raise InputError("tables of the study", found=self.why or "not at hand",
                             expected="the files the study was made with",
                             remedy="Start the server with --tables FOLDER.")  # fmt: skip
        with self._lock:
            return self._known(task.id) or self._new(task)

    def find(self, id: str) -> Job | None:
        """A job that is open or whose answer is kept."""
        with self._lock:
            return self._known(id)

    def place(self, job: Job) -> int:
        """How many open jobs are before one."""
        with self._lock:
            return list(self._open).index(job.id) if job.id in self._open else 0

    def _known(self, id: str) -> Job | None:
        if id in self._kept:
            self._kept.move_to_end(id)
            return self._kept[id][0]
        job = self._open.get(id)
        if job is None:
            return self._looked_at.get(id)
        return None if job.unwanted else job

    def _new(self, task: Task) -> Job:
        if len(self._open) >= self.limits.queued:
            raise Busy("computations", found=f"{len(self._open)} that wait",
                       expected=f"at most {self.limits.queued}",
                       remedy="Try again in a moment.")  # fmt: skip
        everyone = task.holder == ALL
        one = self._hands[task.holder % len(self._hands)] if task.needs_tables else self._apart
        one = self._writer if task.holder == WRITER else one
        hands = self._hands if everyone else [one]
        whole = everyone or ("compute", True) in task.arguments
        job = Job(task, len(self.tables or ()) if whole else 1, len(hands), self)
        self._open[job.id] = job
        for hand in hands:
            hand.tasks.put(job)
        return job

    # -- what the hands report -----------------------------------------------------------------

    def _ticked(self, job: Job) -> None:
        with self._lock:
            job.done = min(job.done + 1, job.of)

    def _answered(self, job: Job, number: int, answer: Any) -> None:
        with self._lock:
            job.answers[number] = answer
            whole = len(job.answers) == job.parts
            if not whole or job.future.done():
                return
            self.computed += 1
            self._close(job)
            found = [job.answers[n] for n in sorted(job.answers)]
            if job.task.holder != WRITER:
                self._looked_at[job.id] = job
                self._keep(job, sum(map(_size, found)))
        job.future.set_result(found)

    def _failed(self, job: Job, error: Exception) -> None:
        with self._lock:
            self._close(job)
            if job.future.done():
                return
            ours = isinstance(error, ServioError) and not isinstance(error, ResourceError)
            if ours and job.task.holder != WRITER:
                self._keep(job, 1024)
        job.future.set_exception(error)

    def _close(self, job: Job) -> None:
        if self._open.get(job.id) is job:
            del self._open[job.id]

    def _keep(self, job: Job, size: int) -> None:
        self._kept[job.id] = job, size
        self._held += size
        while self._held > self.limits.kept and len(self._kept) > 1:
            self._held -= self._kept.popitem(last=False)[1][1]


class _Hand(threading.Thread):
    """One child process and the thread that talks with it."""

    def __init__(self, jobs: Jobs, number: int, count: int, *, eager: bool = True) -> None:
        super().__init__(daemon=True, name=f"servio-jobs-{number}")
        self.jobs, self.number, self.count, self.eager = jobs, number, count, eager
        self.tasks: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._process: BaseProcess | None = None
        self._line: Connection | None = None

    def stop(self) -> None:
        self._stopped.set()
        self.tasks.put(None)

    def run(self) -> None:
        if self.eager:
            with contextlib.suppress(OSError):
                self._born()
        while not self._stopped.is_set():
            job = self.tasks.get()
            if job is not None:
                self._take(job)
        self._end()

    def _take(self, job: Job) -> None:
        if job.unwanted:
            self.jobs._failed(job, _cancelled())
            return
        try:
            line = self._born()
            line.send((job.task.name, job.task.arguments))
            self._listen(line, job)
        except (EOFError, OSError):
            self._end()
            self.jobs._failed(job, _lost())
        except Exception as error:
            self._end()
            self.jobs._failed(job, error)

    def _listen(self, line: Connection, job: Job) -> None:
        """Hear the child out; end it when it goes on too long."""
        until = time.monotonic() + self.jobs.limits.seconds
        told = False
        while True:
            if line.poll(GLANCE):
                said = line.recv()
                if isinstance(said, Ticked):
                    self.jobs._ticked(job)
                    continue
                if isinstance(said, Failed):
                    self.jobs._failed(job, said.error)
                else:
                    self.jobs._answered(job, self.number, said)
                return
            if self._stopped.is_set():
                self._end()
                self.jobs._failed(job, _cancelled())
                return
            now = time.monotonic()
            if not told and (job.unwanted or now > until):
                told = True
                late = now > until
                line.send(CANCEL)
                until = now + GRACE
            elif told and now > until:
                self._end()
                self.jobs._failed(job, _slow(self.jobs.limits.seconds) if late else _cancelled())
                return

    def _born(self) -> Connection:
        """The line to the child, which is started where there is none."""
        if self._process is not None and self._process.is_alive() and self._line is not None:
            return self._line
        self._end()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, self.jobs._place, self.number, self.count, self.jobs.limits.memory)
        process = context.Process(target=serve_tasks, args=arguments, daemon=True)
        with unattended():
            process.start()
        theirs.close()
        self._process, self._line = process, ours
        return ours

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.join(1.0)
            if self._process.is_alive():
                self._process.kill()
                self._process.join(1.0)
        if self._line is not None:
            self._line.close()
        self._process, self._line = None, None


def _size(answer: Any) -> int:
    """About how many bytes an answer holds."""
    if hasattr(answer, "nbytes"):
        return int(answer.nbytes)
    if isinstance(answer, (str, bytes)):
        return len(answer)
    if hasattr(answer, "__dataclass_fields__"):
        return sum(_size(getattr(answer, name)) for name in answer.__dataclass_fields__)
    if isinstance(answer, dict):
        return sum(map(_size, answer.values())) + 64 * len(answer)
    if isinstance(answer, Sequence):
        return sum(map(_size, answer)) + 64
    return 64


def _cancelled() -> Cancelled:
    return Cancelled("computation", found="nobody who waits for it", expected="someone",
                     remedy="Ask again.")  # fmt: skip


def _slow(seconds: float) -> ResourceError:
    return ResourceError("computation", found=f"no answer after {seconds:.0f} seconds",
                         expected="an answer in that time",
                         remedy="Ask for fewer years or countries.")  # fmt: skip


def _lost() -> ResourceError:
    return ResourceError(
        "computation", found="a process that ended, perhaps for lack of memory",
        expected="an answer", remedy="Ask for less at once, or again.",
    )  # fmt: skip
