"""Who takes the steps: the one way every executor is called, and what its answers lead to."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from threadpoolctl import threadpool_limits

from servio.errors import ResourceError, ServioError
from servio.study._grid import Call
from servio.study._plan import Step
from servio.study._work import Outcome, take

__all__ = [
    "TRIES",
    "Answer",
    "Executor",
    "Job",
    "Lost",
    "answer",
    "outcomes",
    "serial",
    "unwritable",
]

TRIES = 3


@dataclass(frozen=True)
class Job:
    """A step and the folder its files go to."""

    step: Step
    folder: Path


@dataclass(frozen=True)
class Lost:
    """Every worker that took the step ended, `TRIES` times; how the last one did."""

    how: str


Answer = Outcome | ServioError | Lost | str
"""What a step gives; a text is the trace of a bug."""


class Executor(Protocol):
    """Takes jobs, in any order and anywhere, and gives the answer of each once.

    A job whose worker dies is given to another, after those that wait, up to `TRIES` times; the
    other jobs never suffer from it. Closing the iteration stops the work. The files of an
    `Outcome` lie in the folder of its job.
    """

    def __call__(
        self, jobs: Sequence[Job], calls: Sequence[Call], base_year: int | None
    ) -> Generator[tuple[Job, Answer], None, None]:
        """Answers as they come."""
        ...


def outcomes(
    jobs: Sequence[Job], calls: Sequence[Call], base_year: int | None, executor: Executor
) -> Iterator[tuple[Step, Outcome]]:
    """Outcomes of the jobs as they are done.

    Stopping the iteration stops the work at once.

    Raises
    ------
    ServioError
        At once what a step raised; at the end, when all others are done, `ResourceError` with the
        steps that ended their workers.
    """
    lost: list[tuple[Step, Lost]] = []
    with contextlib.closing(executor(jobs, calls, base_year)) as answers:
        for job, found in answers:
            if isinstance(found, Lost):
                lost.append((job.step, found))
            else:
                yield job.step, _checked(found)
    if lost:
        raise _poisonous(lost)


def serial(
    jobs: Sequence[Job], calls: Sequence[Call], base_year: int | None
) -> Generator[tuple[Job, Answer], None, None]:
    """Take the jobs one by one in this process: an `Executor`."""
    for job in jobs:
        with threadpool_limits(1):
            found = answer(job.step, calls, base_year, job.folder)
        yield job, found


def answer(step: Step, calls: Sequence[Call], base_year: int | None, folder: Path) -> Answer:
    """The outcome, or what went wrong: an error that can travel, or the trace of a bug."""
    try:
        folder.mkdir(exist_ok=True)
        return take(step, calls, base_year, folder)
    except ServioError as error:
        return error
    except MemoryError:
        return ResourceError(
            step.label, found="not enough memory", expected="room for its tables",
            remedy="Run with fewer workers or on a larger machine.",
        )  # fmt: skip
    except OSError as error:
        return unwritable(folder, error)
    except Exception:
        return f"{step.label}\n{traceback.format_exc()}"


def unwritable(folder: Path, error: OSError) -> ResourceError:
    """The error for a folder that takes no more."""
    return ResourceError(
        str(folder), found=f"could not write: {error.strerror or error}",
        expected="a folder that can be written, with room",
        remedy="Free disk space and run again; finished steps are kept.",
    )  # fmt: skip


def _checked(found: Outcome | ServioError | str) -> Outcome:
    if isinstance(found, ServioError):
        raise found
    if isinstance(found, str):
        raise RuntimeError(found)
    return found


def _poisonous(lost: Sequence[tuple[Step, Lost]]) -> ResourceError:
    names = [step.label for step, _ in lost]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ResourceError(
        ", ".join(names[:3]) + more,
        found=f"a worker that ended {TRIES} times, last with {lost[0][1].how}",
        expected="workers that live, with memory enough",
        remedy="All other steps are kept. Run again with more memory a worker.",
    )
