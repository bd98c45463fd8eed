"""What a child process of the queue does: hold tables and answer tasks, one at a time."""

from __future__ import annotations

import contextlib
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from threadpoolctl import threadpool_limits

from servio.errors import ResourceError, ServioError
from servio.study import LiveTables, StudyStore, live_tables, open_store
from servio.web._disk import is_full, no_room

__all__ = ["CANCEL", "Failed", "Place", "Ticked", "serve_tasks"]

CANCEL = "cancel"


@dataclass(frozen=True)
class Place:
    """Where the study lies, and the folder its paths start from."""

    store: str
    folder: str | None


@dataclass(frozen=True)
class Ticked:
    """One table is done."""


@dataclass(frozen=True)
class Failed:
    """There is no answer."""

    error: Exception


class _Unwanted(BaseException):
    """The parent does not want the answer any more."""


def serve_tasks(line: Connection, place: Place, number: int, count: int, memory: int) -> None:
    """Answer tasks until the parent closes the line or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(1)
    _limit(memory)
    from servio.web._tasks import MOST, TASKS, WITHOUT, Hold

    hold: Hold | None = None
    with contextlib.suppress(EOFError, OSError):
        while True:
            said = line.recv()
            if said == CANCEL:  # the task it was for is done
                continue
            name, arguments = said
            try:
                if hold is None and name not in WITHOUT:
                    hold = Hold(*_opened(place, number, count), most=MOST // count)
                answer = TASKS[name](hold, _tick(line), **dict(arguments))
            except _Unwanted:
                answer = Failed(_cancelled())
            except ServioError as error:
                answer = Failed(error)
            except MemoryError:
                hold = None
                answer = Failed(ResourceError(
                    "computation", found="not enough memory", expected="room for the tables",
                    remedy="Ask for less at once, or give the server more memory.",
                ))  # fmt: skip
            except Exception as error:
                fault = no_room() if is_full(error) else RuntimeError(traceback.format_exc())
                answer = Failed(fault)
            line.send(answer)


def _opened(place: Place, number: int, count: int) -> tuple[LiveTables, StudyStore]:
    """The child's tables; none where they are not at hand: uploads can be read all the same."""
    store = open_store(place.store)
    folder = None if place.folder is None else Path(place.folder)
    try:
        return live_tables(store, folder).part(number, count), store
    except ServioError:
        return LiveTables([], {}, None), store


def _tick(line: Connection) -> Callable[[], None]:
    def tick() -> None:
        line.send(Ticked())
        if line.poll() and line.recv() == CANCEL:
            raise _Unwanted

    return tick


def _cancelled() -> ResourceError:
    return ResourceError("computation", found="nobody who waits for it", expected="someone",
                         remedy="Ask again.")  # fmt: skip


def _limit(memory: int) -> None:
    if not memory:
        return
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
