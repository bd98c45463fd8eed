"""Worker processes that take steps one by one; paths and specs go in, paths come out.

Workers are started afresh (never forked) with one BLAS thread each and do not run the caller's
main module. A worker that dies is replaced and its step tried once more.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import traceback
import types
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from servio.errors import ResourceError, ServioError
from servio.study._grid import Call
from servio.study._plan import Step
from servio.study._work import Outcome, take

__all__ = ["Job", "outcomes"]

TRIES = 2
PATIENCE = 1.0


@dataclass(frozen=True)
class Job:
    """A step and the folder its files go to."""

    step: Step
    folder: Path


@dataclass
class _Worker:
    process: BaseProcess
    line: Connection
    job: Job


def outcomes(
    jobs: Sequence[Job], calls: Sequence[Call], base_year: int | None, workers: int
) -> Iterator[tuple[Step, Outcome]]:
    """Outcomes of the jobs as they are done; with one worker in this process.

    Stopping the iteration stops the workers at once.
    """
    if workers == 1:
        for job in jobs:
            with threadpool_limits(1):
                outcome = _answer(job, calls, base_year)
            yield job.step, _checked(outcome)
        return
    yield from _spread(jobs, calls, base_year, workers)


def _spread(
    jobs: Sequence[Job], calls: Sequence[Call], base_year: int | None, workers: int
) -> Iterator[tuple[Step, Outcome]]:
    waiting = deque(jobs)
    ended: list[_Worker] = []
    tries: dict[str, int] = {}
    busy: dict[Connection, _Worker] = {}
    try:
        while waiting and len(busy) < workers:
            _start(busy, waiting.popleft(), calls, base_year)
        while busy:
            for line in wait(list(busy)):
                worker = busy.pop(line)  # type: ignore[call-overload]
                try:
                    answer = worker.line.recv()
                except (EOFError, OSError):
                    _try_again(worker, tries)
                    waiting.appendleft(worker.job)
                    _start(busy, waiting.popleft(), calls, base_year)
                    continue
                done = worker.job
                if waiting:
                    worker.job = waiting.popleft()
                    if _told(worker, worker.job):
                        busy[worker.line] = worker
                    else:
                        _start(busy, worker.job, calls, base_year)
                elif _told(worker, None):
                    ended.append(worker)
                yield done.step, _checked(answer)
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
    with _no_main_module():
        process.start()
    theirs.close()
    busy[ours] = _Worker(process, ours, job)
    ours.send(job)


def _told(worker: _Worker, job: Job | None) -> bool:
    """Whether the worker still listened: one may die between its answer and the next job."""
    try:
        worker.line.send(job)
    except OSError:
        worker.line.close()
        return False
    return True


@contextmanager
def _no_main_module() -> Iterator[None]:
    """A script that runs a study at its top level would otherwise run again in every worker."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        with _no_interrupt():
            yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Ctrl-C reaches the parent only: workers are born with it blocked, and are ended by us."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
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
            line.send(_answer(job, calls, base_year))
    except (EOFError, OSError):
        return


def _answer(job: Job, calls: Sequence[Call], base_year: int | None) -> Outcome | ServioError | str:
    """The outcome, or what went wrong: an error that can travel, or the trace of a bug."""
    try:
        job.folder.mkdir(exist_ok=True)
        return take(job.step, calls, base_year, job.folder)
    except ServioError as error:
        return error
    except MemoryError:
        return ResourceError(
            job.step.label, found="not enough memory", expected="room for its tables",
            remedy="Run with fewer workers or on a larger machine.",
        )  # fmt: skip
    except OSError as error:
        return ResourceError(
            str(job.folder.parent.parent), found=f"could not write: {error.strerror or error}",
            expected="a folder that can be written, with room",
            remedy="Free disk space and run again; finished steps are kept.",
        )  # fmt: skip
    except Exception:
        return traceback.format_exc()


def _checked(answer: Any) -> Outcome:
    if isinstance(answer, ServioError):
        raise answer
    if not isinstance(answer, Outcome):
        raise RuntimeError(answer)
    return answer


def _try_again(worker: _Worker, tries: dict[str, int]) -> None:
    worker.process.join(PATIENCE)
    step = worker.job.step
    tries[step.key] = tries.get(step.key, 0) + 1
    if tries[step.key] >= TRIES:
        raise ResourceError(
            step.label,
            found=f"a worker that ended {TRIES} times, last with {worker.process.exitcode}",
            expected="a worker that lives, with memory enough",
            remedy="Run with --workers 1, or on a machine with more memory.",
        )


def _stop(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        worker.process.join(PATIENCE)
        if worker.process.is_alive():
            worker.process.kill()
        worker.line.close()
