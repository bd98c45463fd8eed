"""Errors as answers: the four parts, a status, and nothing that says where servio lives."""

from __future__ import annotations

import os
import re
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path

from starlette.responses import Response

from servio.errors import InputError, NumericalError, ResourceError, ServioError
from servio.study import damaged_files
from servio.web._answers import RequestFault, encoded
from servio.web._disk import is_full, no_room
from servio.web._jobs import Busy

__all__ = ["answered", "around", "bug", "status_of", "told", "traced", "without_paths"]

CLOSING = (408, 413)

_FOLDERS = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:)?(?:[/\\]+[^/\\\s'\"<>|:]+)+[/\\]+")


def status_of(error: BaseException) -> int:
    """Status of an error."""
    match error:
        case RequestFault():
            return error.status
        case Busy():
            return 429
        case InputError():
            return 400
        case NumericalError():
            return 422
        case ResourceError() | MemoryError():
            return 503
    return 500


def answered(error: ServioError, request: str, folders: Iterable[Path] = ()) -> Response:
    """An error of servio as JSON."""
    return _response(status_of(error), _parts(error, folders), request)


def told(error: BaseException) -> dict[str, str]:
    """The four parts of an error as a visitor may read them, to stand inside another answer."""
    return _parts(error, ()) if isinstance(error, ServioError) else _ours(error, "")


def around(error: BaseException, store: Path) -> ServioError | None:
    """What is wrong around servio rather than in it: a full disk, a study that has changed."""
    if is_full(error):
        return no_room()
    try:
        changed = any(damaged_files(store))
    except (ServioError, OSError):
        changed = True
    if not changed:
        return None
    return ResourceError(
        "study", found="files that changed or went while they were served",
        expected="the files the server started with",
        remedy="Tell who runs this server: it must be started again with a finished study.",
    )  # fmt: skip


def bug(error: BaseException, request: str) -> Response:
    """What a visitor hears of a fault of ours."""
    return _response(status_of(error), _ours(error, f" with the number {request}"), request)


def _parts(error: ServioError, folders: Iterable[Path]) -> dict[str, str]:
    return {
        name: without_paths(getattr(error, name), folders)
        for name in ("place", "found", "expected", "remedy")
    }


def _ours(error: BaseException, number: str) -> dict[str, str]:
    full = isinstance(error, MemoryError)
    return {
        "place": "server",
        "found": "too little memory" if full else "a fault of servio",
        "expected": "room for the answer" if full else "an answer",
        "remedy": "Try again later." if full else f"Please report it{number}.",
    }


def traced(error: BaseException) -> str:
    """Where a fault of ours happened, in one line without the data it happened to."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    places = (f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
    return f"{type(error).__name__} at {' > '.join(places)}"


def without_paths(text: str, folders: Iterable[Path] = ()) -> str:
    """A text with the last names of paths only."""
    known = [str(folder) for folder in (*folders, Path.home(), Path.cwd(), tempfile.gettempdir())]
    for folder in sorted(known, key=len, reverse=True):
        if len(folder) > 1:
            text = text.replace(folder + os.sep, "").replace(folder, Path(folder).name)
    return _FOLDERS.sub("", text)


def _response(status: int, parts: dict[str, str], request: str) -> Response:
    headers = {"cache-control": "no-store"}
    if status in CLOSING:
        headers["connection"] = "close"
    if status in (429, 503):
        headers["retry-after"] = "2"
    body = encoded({"error": parts, "request": request})
    return Response(body, status, headers, "application/json")
