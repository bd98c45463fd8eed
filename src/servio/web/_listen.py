"""Connections that dawdle over their headers are closed, and all of them when the server ends."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["HEADER_SECONDS", "Patient"]

HEADER_SECONDS = 10.0


class Patient(H11Protocol):
    """HTTP/1.1 with what uvicorn leaves open: a limit on the head of a request, a prompt end."""

    _deadline: asyncio.TimerHandle | None = None
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
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End now, or with the answer that is under way: it may have promised to stay open."""
        self._ending = True
        super().shutdown()

    def on_response_complete(self) -> None:
        """Stay open for the next request, unless the server ends."""
        if self._ending:
            self.transport.close()
        super().on_response_complete()

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
