"""Answers too large to be made beside others: one at a time, files in a child, sent in parts."""

from __future__ import annotations

import secrets
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pyarrow as pa
from pyarrow import feather
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from servio.web._answers import RequestFault

__all__ = ["LARGE", "PART", "InParts", "Queue", "Written", "from_bytes", "from_file", "hand_over"]

LARGE = 20_000
"""Rows from which an answer is large."""
ROOM = 384 << 20
"""Bytes of frames that may wait."""
PART = 131_072
"""Bytes sent at a time."""


class Written:
    """A temporary file, gone with the last who holds it.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        weakref.finalize(self, path.unlink, missing_ok=True)


class Queue:
    """One large answer at a time; those that wait are bounded by what they hold.

    Parameters
    ----------
    room : int
        Bytes; one alone may have more.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._held = 0
        self._one = anyio.Semaphore(1)

    @asynccontextmanager
    async def turn(self, weight: int) -> AsyncIterator[None]:
        """Wait for one's turn.

        Raises
        ------
        RequestFault
            503: too much waits already.
        """
        if self._held and self._held + weight > self._room:
            raise RequestFault(503, "server", found="many large answers that wait",
                               expected=f"at most {self._room >> 20} MiB of them",
                               remedy="Try again in a moment, or ask for less.")  # fmt: skip
        self._held += weight
        try:
            async with self._one:
                yield
        finally:
            self._held -= weight


def hand_over(frame: Any, folder: Path) -> Path:
    """Leave a frame where a child finds it."""
    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame)
    path = folder / f"{secrets.token_hex(16)}.rows"
    feather.write_feather(table, str(path), compression="lz4")
    return path


class InParts(Response):
    """An answer sent part by part, so that who reads slowly holds one part and not all of it.

    Parameters
    ----------
    parts : function that gives the next part; empty at the end
    """

    def __init__(
        self, parts: Callable[[], Awaitable[bytes]], headers: dict[str, str], media_type: str
    ) -> None:
        super().__init__(b"", headers=headers, media_type=media_type)
        self._next = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all parts."""
        await send({"type": "http.response.start", "status": self.status_code,
                    "headers": self.raw_headers})  # fmt: skip
        while part := await self._next():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def from_bytes(body: bytes) -> Callable[[], Awaitable[bytes]]:
    """Parts of what is in memory."""
    at = 0

    async def part() -> bytes:
        nonlocal at
        at += PART
        return body[at - PART : at]

    return part


def from_file(written: Written) -> Callable[[], Awaitable[bytes]]:
    """Parts of a file; it is open only while one is read."""
    at = 0

    def read() -> bytes:
        with written.path.open("rb") as file:
            file.seek(at)
            return file.read(PART)

    async def part() -> bytes:
        nonlocal at
        found = await anyio.to_thread.run_sync(read)
        at += len(found)
        return found

    return part
