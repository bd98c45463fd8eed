"""Temporary files: no room for them, and those that a killed server left."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from servio.errors import ResourceError, ServioError
from servio.study import only_writer

__all__ = ["is_full", "no_room", "scratch"]

PREFIX = "servio-web-"
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk is full."""
    return isinstance(error, OSError) and error.errno in FULL


def no_room() -> ResourceError:
    """The error for a full disk."""
    return ResourceError("server", found="no room for temporary files", expected="some",
                         remedy="Try again later, and tell who runs this server.")  # fmt: skip


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for temporary files, gone at the end; what killed servers left goes first."""
    place = Path(tempfile.gettempdir())
    for left in place.glob(f"{PREFIX}*"):
        if _is_ours(left):
            with suppress(ServioError, OSError), only_writer(left):
                shutil.rmtree(left, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=f"new-{PREFIX}", dir=place))
    with only_writer(new):
        folder = new.rename(place / new.name.removeprefix("new-"))
        try:
            files = folder / "files"
            files.mkdir()
            yield files
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Whether a folder is one, not a link, and of the user we are."""
    with suppress(OSError):
        status = folder.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == getattr(os, "getuid", lambda: 0)()
    return False
