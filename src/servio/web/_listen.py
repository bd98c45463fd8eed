"""Connections that dawdle are closed, and all of them when the server ends."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["HEADER_SECONDS", "READ_SECONDS", "Patient"]

HEADER_SECONDS = 10.0
READ_SECONDS = 60.0
"""Within which a client takes what waits for it: one part of an answer."""


class Patient(H11Protocol):
    """HTTP/1.1 with what uvicorn leaves open: a limit on the head of a request, a prompt end.

    Who does not read an answer is left after a while.
    """

    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _ending = False

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Go on waiting, or stop once the head is there."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop()
        elif self._deadline is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._offer()

    def resume_writing(self) -> None:
        """Go on: it has read."""
        super().resume_writing()
        self._offer()

    def shutdown(self) -> None:
        """End now, or with the answer that is under way: it may have promised to stay open."""
        self._ending = True
        super().shutdown()

    def on_response_complete(self) -> None:
        """Stay open for the next request, unless the server ends."""
        if self._ending:
            self.transport.close()
        super().on_response_complete()
        self._offer()

    def _offer(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
        self._unread = self.loop.call_later(READ_SECONDS, self._abandon)

    def _abandon(self) -> None:
        self._unread = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()
