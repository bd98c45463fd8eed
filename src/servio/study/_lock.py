"""One process at a time writes a study folder; the system drops the lock when the process dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from servio.errors import InputError, ResourceError

__all__ = ["only_writer"]

NAME = ".lock"


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; refuse at once if another process has it."""
    path = folder / NAME
    if folder.exists() and not folder.is_dir():
        raise InputError(str(folder), found="a file", expected="a folder, or nothing yet",
                         remedy="Name another folder.")  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = open(path, "a+", encoding="ascii")  # noqa: SIM115
    except OSError as error:
        raise ResourceError(
            str(folder), found=f"can't be written: {error.strerror}",
            expected="a folder for the study", remedy="Mend the rights or choose another folder.",
        ) from None  # fmt: skip
    with handle:
        try:
            _take(handle)
        except OSError:
            handle.seek(0)
            raise ResourceError(
                str(folder),
                found=f"a study that process {handle.read(20).strip() or '?'} is writing",
                expected="a folder no one else writes to",
                remedy="Wait until it is done, or choose another folder.",
            ) from None
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        yield


def _take(handle: IO[str]) -> None:
    if os.name == "nt":
        import msvcrt

        handle.seek(100)
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
