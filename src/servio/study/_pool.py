"""Worker processes that take steps one by one; paths and specs go in, paths come out.

Workers are started afresh (never forked) with one BLAS thread each and do not run the caller's
main module. A worker that dies is replaced and its step tried again.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import types
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from threadpoolctl import threadpool_limits

from servio.study._engine import TRIES, Answer, Job, Lost, answer
from servio.study._grid import Call

__all__ = ["Processes", "no_interrupt", "no_main_module", "unattended"]

PATIENCE = 1.0


@dataclass
class _Worker:
    process: BaseProcess
    line: Connection
    job: Job


@dataclass(frozen=True)
class Processes:
    """Take the jobs in processes of this machine: an `Executor`.

    Parameters
    ----------
    workers : int
        Processes at a time.
    """

    workers: int

    def __call__(
        self, jobs: Sequence[Job], calls: Sequence[Call], base_year: int | None
    ) -> Generator[tuple[Job, Answer], None, None]:
        """Answers as they come."""
        waiting = deque(jobs)
        ended: list[_Worker] = []
        tries: Counter[str] = Counter()
        busy: dict[Connection, _Worker] = {}
        try:
            while waiting and len(busy) < self.workers:
                _start(busy, waiting.popleft(), calls, base_year)
            while busy:
                for line in wait(list(busy)):
                    worker = busy.pop(line)  # type: ignore[call-overload]
                    done, found = worker.job, _heard(worker)
                    if isinstance(found, Lost):
                        tries[done.step.key] += 1
                        if tries[done.step.key] < TRIES:
                            waiting.append(done)
                        else:
                            yield done, found
                        if waiting:
                            _start(busy, waiting.popleft(), calls, base_year)
                        continue
                    if waiting:
                        worker.job = waiting.popleft()
                        if _told(worker, worker.job):
                            busy[worker.line] = worker
                        else:
                            _start(busy, worker.job, calls, base_year)
                    elif _told(worker, None):
                        ended.append(worker)
                    yield done, found
            for worker in ended:
                worker.process.join(PATIENCE)
        finally:
            _stop([*busy.values(), *ended])


def _start(
    busy: dict[Connection, _Worker], job: Job, calls: Sequence[Call], base_year: int | None
) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, tuple(calls), base_year), daemon=True)
    with unattended():
        process.start()
    theirs.close()
    busy[ours] = _Worker(process, ours, job)
    with contextlib.suppress(OSError):  # it died at once: its line says so when it is read
        ours.send(job)


def _heard(worker: _Worker) -> Answer:
    """The answer of a worker, or how it ended."""
    try:
        found: Answer = worker.line.recv()
    except (EOFError, OSError):
        worker.line.close()
        worker.process.join(PATIENCE)
        return Lost(f"exit code {worker.process.exitcode}")
    return found


def _told(worker: _Worker, job: Job | None) -> bool:
    """Whether the worker still listened: one may die between its answer and the next job."""
    try:
        worker.line.send(job)
    except OSError:
        worker.line.close()
        return False
    return True


@contextlib.contextmanager
def unattended() -> Iterator[None]:
    """How a child process is started: without the caller's main module, deaf to Ctrl-C."""
    with no_main_module(), no_interrupt():
        yield


@contextlib.contextmanager
def no_main_module() -> Iterator[None]:
    """A script that runs a study at its top level would otherwise run again in every worker."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def no_interrupt() -> Iterator[None]:
    """Ctrl-C reaches the parent only: workers are born with it blocked, and are ended by us."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its start would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(line: Connection, calls: tuple[Call, ...], base_year: int | None) -> None:
    """Answer jobs until the parent closes the line or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(1)
    try:
        while (job := line.recv()) is not None:
            line.send(answer(job.step, calls, base_year, job.folder))
    except (EOFError, OSError):
        return


def _stop(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        worker.process.join(PATIENCE)
        if worker.process.is_alive():
            worker.process.kill()
        worker.line.close()
