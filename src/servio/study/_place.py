"""Where in a study file something is wrong: errors with its name, line and key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import NoReturn

from servio.errors import ServioError, UsageError
from servio.study._grid import Complaint

__all__ = ["HELP", "Place"]

HELP = "See docs/study-files.md."


@dataclass(frozen=True)
class Place:
    """A study file as text, and its name for messages."""

    text: str
    name: str

    def complain(self, owner: str) -> Complaint:
        """What raises the error for a key of a part, such as ``measures[2]``."""
        return partial(self._raise, owner)

    def _raise(
        self, owner: str, key: str, found: str, expected: str, known: Sequence[str]
    ) -> NoReturn:
        raise self.error(owner, key, found, expected, known)

    def error(
        self, owner: str, key: str, found: str, expected: str, known: Sequence[str]
    ) -> UsageError:
        """The error for a key of a part; `known` are the names that can stand there."""
        wrong = found.strip("'") if found.startswith("'") else key
        near = get_close_matches(wrong, known, n=1, cutoff=0.5)
        if near:
            expected, remedy = f"{expected}, such as {near[0]}", f"Did you mean {near[0]}?"
        elif known:
            remedy = f"Known: {', '.join(known)}."
        else:
            remedy = HELP
        return UsageError(self.of(owner, key), found=found, expected=expected, remedy=remedy)

    def placed(self, owner: str, error: ServioError) -> ServioError:
        """An error about a part of the file, with the file's name, line and key."""
        path = re.match(r"panel[\w.\[\]]*", error.place)
        where = (path[0] if path else owner).rstrip(".")
        unknown = re.search(r"unknown field `(.+?)`", error.found)
        part, _, key = where.rpartition(".")
        if unknown or where.endswith("]"):
            part, key = where, unknown[1] if unknown else ""
        rest = "" if path else f", {error.place}"
        return type(error)(self.of(part, key) + rest, found=error.found,
                           expected=error.expected, remedy=error.remedy)  # fmt: skip

    def of(self, owner: str, key: str) -> str:
        """File, line and key; positions in the key count from 1, as people do."""
        line = _line(self.text, owner, key)
        path = re.sub(r"\[(\d+)\]", lambda m: f"[{int(m[1]) + 1}]", f"{owner}.{key}".strip("."))
        where = f" line {line}" if line else ""
        return f"{self.name}{where}, {path}"


def _line(text: str, owner: str, key: str) -> int | None:
    """Line of a key inside ``[owner]`` or its n-th ``[[owner]]``; of the header if not there."""
    name, _, position = owner.partition("[")
    wanted = int(position.partition("]")[0]) if position else 0
    key = key.partition("[")[0]
    header = rf"\s*\[\[?\s*{re.escape(name)}\s*\]\]?\s*(#.*)?"
    seen, found = -1, None
    for number, line in enumerate(text.split("\n"), start=1):
        if re.fullmatch(r"\s*\[.*\]\s*(#.*)?", line) and "=" not in line:
            if seen == wanted and name:
                break
            seen += bool(re.fullmatch(header, line)) if name else 0
            found = number if seen == wanted else found
            if not name and re.fullmatch(rf"\s*\[\[?\s*{re.escape(key)}\s*\]\]?.*", line):
                return number
        elif (seen == wanted or not name) and re.match(rf'\s*"?{re.escape(key)}"?\s*=', line):
            return number
    return _inline(text, name, wanted) if found is None and "." in name else found


def _inline(text: str, name: str, wanted: int) -> int | None:
    """Line of the n-th inline table of a list, if each starts a line; else of the list."""
    owner, _, key = name.rpartition(".")
    first = _line(text, owner, key)
    if first is None:
        return None
    lines = enumerate(text.split("\n")[first:], start=first + 1)
    starts = [number for number, line in lines if line.lstrip().startswith("{")]
    return starts[wanted] if wanted < len(starts) else first
