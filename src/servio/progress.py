"""A progress bar for what lasts over two seconds, where a person can see it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["bar", "track"]

T = TypeVar("T")
PATIENCE = 2.0


@contextmanager
def bar(
    title: str, total: int | None, *, shown: bool | None = None
) -> Iterator[Callable[[], None]]:
    """A function that counts one step done; a bar appears on stderr after two seconds.

    Parameters
    ----------
    title : str
    total : int or None
        Number of steps, if known.
    shown : bool, optional
        Force or forbid it; by default only where stderr is a terminal.
    """
    if not (sys.stderr.isatty() if shown is None else shown):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    progress = Progress(console=Console(stderr=True), transient=True)
    task = progress.add_task(title, total=total)
    begun, started = time.monotonic(), False

    def step() -> None:
        nonlocal started
        if not started and time.monotonic() - begun > PATIENCE:
            progress.start()
            started = True
        progress.advance(task)

    try:
        yield step
    finally:
        if started:
            progress.stop()


def track(items: Iterable[T], title: str) -> Iterator[T]:
    """The items one by one, with a `bar`."""
    total = len(items) if isinstance(items, Sized) else None
    with bar(title, total) as step:
        for item in items:
            yield item
            step()
