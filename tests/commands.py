"""What a command line leaves, and the shape of its one message."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

LINE = re.compile(r"servio: .+: found .+; expected .+\. .+")


class Outcome(NamedTuple):
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


def refused(outcome: Outcome, *words: str, code: int = 2) -> None:
    """One line under 300 characters on stderr with place, found, expected and remedy; no output."""
    assert outcome.code == code, outcome
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1 and outcome.err.endswith("\n")
    line = outcome.err.rstrip("\n")
    assert len(line) < 300
    assert line.isprintable()
    assert LINE.fullmatch(line), line
    for word in words:
        assert word in line, line
