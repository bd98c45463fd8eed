"""A server of the web that really listens, and patience for what it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from starlette.applications import Starlette

from servio.web._serve import _listening, _port, server_of


@contextmanager
def listening(app: Starlette) -> Iterator[httpx.Client]:
    """A client of an application that listens at a free port of this machine."""
    ready = threading.Event()
    sock = _listening("127.0.0.1", 0)
    server = server_of(app, ready.set)
    thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
    thread.start()
    try:
        assert ready.wait(30)
        address = f"http://127.0.0.1:{_port(sock)}"
        with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(10)
        sock.close()
    assert not thread.is_alive()


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something becomes true."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()
