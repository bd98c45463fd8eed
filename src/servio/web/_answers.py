"""What a question of the web is made of and what may come back: a query, an answer, its JSON."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import unquote

import msgspec
import numpy as np

from servio.errors import InputError, UsageError
from servio.web._disk import scratch

if TYPE_CHECKING:
    from servio.report.view import Results, View
    from servio.study import StudyStore
    from servio.web._jobs import Job, Jobs
    from servio.web._sessions import Session

__all__ = [
    "Answer",
    "File",
    "OpenStudy",
    "Pending",
    "Query",
    "Reply",
    "RequestFault",
    "Upload",
    "columns",
    "decoded",
    "encoded",
]

T = TypeVar("T")

MAX_PARAMETERS = 64
MAX_NAME = 64
MAX_VALUE = 2_000
MAX_ITEMS = 200

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?([eE]-?\d{1,2})?")


class RequestFault(InputError):
    """A request that is refused with a status of its own: 403, 404, 413, 429.

    Parameters
    ----------
    status : int
    place, found, expected, remedy : str
    """

    def __init__(self, status: int, place: str, *, found: str, expected: str, remedy: str) -> None:
        super().__init__(place, found=found, expected=expected, remedy=remedy)
        self.status = status

    def __reduce__(self) -> tuple[object, ...]:
        parts = {name: getattr(self, name) for name in ("found", "expected", "remedy")}
        return partial(RequestFault, self.status, self.place, **parts), ()


class OpenStudy:
    """A finished study that is shown, and all that is kept open with it.

    Parameters
    ----------
    store : StudyStore
    jobs : Jobs, optional
        The queue of computations; None where nothing is computed.
    """

    def __init__(self, store: StudyStore, jobs: Jobs | None = None) -> None:
        self.store = store
        self.jobs = jobs
        self._kept: dict[str, Any] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._open_for = ExitStack()

    def once(self, name: str, make: Callable[[], T]) -> T:
        """The value of `make`, made at the first call only, also with many threads.

        What is kept stays for good: `name` comes from code and from what the study holds, never
        from a request.
        """
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._kept:
                self._kept[name] = make()
        return cast(T, self._kept[name])

    @cached_property
    def version(self) -> str:
        """Version of servio."""
        try:
            return metadata.version("servio")
        except metadata.PackageNotFoundError:
            return "not installed"

    @property
    def scratch(self) -> Path:
        """A folder for temporary files, removed with everything in it when the server ends."""
        return self.once("scratch", lambda: self._open_for.enter_context(scratch()))

    def close(self) -> None:
        """Remove the temporary files."""
        self._kept.pop("scratch", None)
        self._open_for.close()

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Versions, inputs with hashes, measures with options."""
        return self.store.provenance()

    @property
    def results(self) -> Results:
        """The results of the study as the report sees them."""
        from servio.report.view import Results

        return self.once("results", lambda: Results(self.store))

    def view(self, source: str) -> View:
        """The part of the study that rests on one source."""
        from servio.report.view import View

        if source not in self.results.sources:
            raise RequestFault(
                404, "source", found=repr(source),
                expected=" or ".join(self.results.sources), remedy="Choose one of these.",
            )  # fmt: skip
        return self.once(f"view {source}", lambda: View(self.results, source))


@dataclass(frozen=True)
class Upload:
    """A file somebody sent; it is deleted when the function that answers returns.

    Parameters
    ----------
    path : Path
        A temporary file with a generated name; move it to keep it.
    name : str
        What the sender calls it, cleaned: to be shown, never to be opened.
    size : int
        Bytes.
    """

    path: Path
    name: str
    size: int

    @property
    def ending(self) -> str:
        """The ending of its name, such as ``.xlsx``; empty where there is no plain one."""
        ending = Path(self.name).suffix.lower()
        return ending if re.fullmatch(r"\.[a-z0-9]{1,8}", ending) else ""


@dataclass(frozen=True)
class Answer:
    """Plain data, and a frame whose columns go beside it.

    Parameters
    ----------
    data : mapping
        Members of the answer: text, numbers, lists, mappings, arrays, frames.
    frame : pandas.DataFrame or pyarrow.Table, optional
        Becomes the members ``columns`` and ``rows``; what ``format=`` writes to a file.
    kept : bool
        Whether the same request gives the same answer as long as the server runs. What reads
        `Query.session` is never kept.
    """

    data: Mapping[str, Any]
    frame: Any = None
    kept: bool = True


@dataclass(frozen=True)
class File:
    """A file to save.

    Parameters
    ----------
    name : str
    media : str
        Media type.
    body : bytes
    """

    name: str
    media: str
    body: bytes


@dataclass(frozen=True)
class Pending:
    """Not yet: the function is asked again when the job has ended.

    Parameters
    ----------
    job : Job
        From ``study.jobs.submit(task)``. Its failure is the answer; after its
        success the function, asked again, submits the same task and finds ``job.future`` done.
    """

    job: Job


Reply = Answer | File | Pending


def _stranger() -> Session:
    from servio.web._sessions import Session

    return Session()


@dataclass
class Query:
    """Parameters of a request, each read once and checked; unknown ones are refused.

    Parameters
    ----------
    given : mapping of str to str
        From `decoded`.
    path : mapping of str to str
        What stands for the names in the path, such as ``{"name": "upstreamness"}``.
    visitor : Session
    upload : Upload, optional
        With POST.
    """

    given: Mapping[str, str]
    path: Mapping[str, str] = field(default_factory=dict)
    visitor: Session = field(default_factory=_stranger)
    upload: Upload | None = None
    private: bool = field(default=False, init=False)
    _asked: dict[str, None] = field(default_factory=dict, init=False)

    @property
    def session(self) -> Session:
        """Who asks; what reads it is answered to this session only and never kept."""
        self.private = True
        return self.visitor

    def text(self, name: str, default: str | None = None, choices: Collection[str] = ()) -> str:
        """A text, one of `choices` where there are any; without default it must be given."""
        found = self._take(name)
        if found:
            return _chosen(name, found, choices)
        if default is None:
            expected = " or ".join(list(choices)[:8]) or "a value"
            raise UsageError(f"parameter {name}", found="none", expected=expected,
                             remedy=f"Add {name}=… to the address.")  # fmt: skip
        return default

    def texts(
        self, name: str, choices: Collection[str] = (), most: int = MAX_ITEMS
    ) -> tuple[str, ...]:
        """Texts between commas, each once, in the order given; none where it is not given."""
        listed = dict.fromkeys(t.strip() for t in self._take(name).split(",") if t.strip())
        if len(listed) > most:
            raise UsageError(f"parameter {name}", found=f"{len(listed)} items",
                             expected=f"at most {most}", remedy="Ask in parts.")  # fmt: skip
        return tuple(_chosen(name, one, choices) for one in listed)

    def number(
        self, name: str, default: float | None = None,
        low: float = -1e15, high: float = 1e15,
    ) -> float | None:  # fmt: skip
        """A number from `low` to `high`."""
        found = self._take(name)
        if not found:
            return default
        if not _NUMBER.fullmatch(found) or not low <= float(found) <= high:
            raise UsageError(f"parameter {name}", found=repr(found[:40]),
                             expected=f"a number from {low:g} to {high:g}",
                             remedy="Correct it, or leave it out.")  # fmt: skip
        return float(found)

    def integer(
        self, name: str, default: int | None = None, low: int = 0, high: int = 10**9
    ) -> int | None:
        """A whole number from `low` to `high`, such as a year."""
        found = self.number(name, default, low, high)
        if found is not None and found != int(found):
            raise UsageError(f"parameter {name}", found=f"{found:g}", expected="a whole number",
                             remedy="Correct it, or leave it out.")  # fmt: skip
        return None if found is None else int(found)

    def flag(self, name: str, default: bool = False) -> bool:
        """``true`` or ``false``."""
        return self.text(name, str(default).lower(), ("true", "false")) == "true"

    def rest(self) -> dict[str, str]:
        """All that has not been read yet, such as the options of a measure."""
        names = [name for name in self.given if name not in self._asked]
        return {name: self._take(name) for name in names}

    def done(self) -> None:
        """Refuse what nobody has read."""
        if unknown := [name for name in self.given if name not in self._asked]:
            near = get_close_matches(unknown[0], self._asked, n=3) or list(self._asked)[:12]
            raise UsageError(f"parameter {unknown[0]}", found="a name unknown here",
                             expected=" or ".join(near) or "no parameters",
                             remedy="Correct or remove it.")  # fmt: skip

    def _take(self, name: str) -> str:
        self._asked[name] = None
        return self.given.get(name, "")


def _chosen(name: str, found: str, choices: Collection[str]) -> str:
    if choices and found not in choices:
        near = get_close_matches(found, choices, n=3) or list(choices)[:8]
        raise UsageError(f"parameter {name}", found=repr(found[:80]), expected=" or ".join(near),
                         remedy="Choose one of those there are.")  # fmt: skip
    return found


def decoded(query_string: bytes) -> dict[str, str]:
    """Names and values of a query string, each name once, of bounded number and length.

    Raises
    ------
    UsageError
        Too many or too long, a name twice, not UTF-8, or control characters.
    """
    pairs: dict[str, str] = {}
    parts = [part for part in query_string.decode("latin-1").split("&") if part]
    if len(parts) > MAX_PARAMETERS:
        raise UsageError("address", found=f"{len(parts)} parameters",
                         expected=f"at most {MAX_PARAMETERS}", remedy="Ask in parts.")  # fmt: skip
    for part in parts:
        name, _, value = (_plain(text) for text in part.partition("="))
        if len(name) > MAX_NAME or len(value) > MAX_VALUE:
            raise UsageError(f"parameter {name[:20]}", found=f"{len(value)} characters",
                             expected=f"at most {MAX_VALUE}", remedy="Shorten it.")  # fmt: skip
        if name in pairs:
            raise UsageError(f"parameter {name}", found="it twice", expected="each once",
                             remedy="Put commas between several values.")  # fmt: skip
        pairs[name] = value
    return pairs


def _plain(text: str) -> str:
    try:
        found = unquote(text.replace("+", " "), encoding="utf-8", errors="strict")
    except UnicodeDecodeError:
        found = "\0"
    if any(ord(c) < 32 or ord(c) == 127 for c in found):
        raise UsageError("address", found="control characters or not UTF-8",
                         expected="percent-encoded UTF-8 text",
                         remedy="Encode it as a browser does.")  # fmt: skip
    return found


# -- JSON ------------------------------------------------------------------------------------------


def columns(frame: Any) -> dict[str, Any]:
    """A frame as ``columns`` and ``rows``; what is not a number or missing becomes null.

    Parameters
    ----------
    frame : pandas.DataFrame or pyarrow.Table

    Returns
    -------
    dict

    Examples
    --------
    >>> import pandas as pd
    >>> encoded(columns(pd.DataFrame({"year": [2000, 2001], "value": [0.5, float("nan")]})))
    b'{"columns":{"year":[2000,2001],"value":[0.5,null]},"rows":2}'
    """
    if hasattr(frame, "column_names"):
        found = {name: _of_arrow(frame.column(name)) for name in frame.column_names}
    else:
        found = {str(name): _of_pandas(frame[name]) for name in frame.columns}
    return {"columns": found, "rows": len(frame)}


def _of_pandas(series: Any) -> list[Any]:
    if series.dtype.kind in "iufb" and not hasattr(series.dtype, "na_value"):
        listed: list[Any] = series.to_numpy().tolist()
        return listed
    plain = series.astype(object)
    if not series.hasnans:
        return plain.tolist()  # type: ignore[no-any-return]
    return plain.where(series.notna(), None).tolist()  # type: ignore[no-any-return]


def _of_arrow(column: Any) -> list[Any]:
    import pyarrow as pa

    whole = column.null_count == 0
    if pa.types.is_floating(column.type) or (pa.types.is_integer(column.type) and whole):
        return column.to_numpy().tolist()  # type: ignore[no-any-return]
    if pa.types.is_string(column.type) and whole and len(column):
        words = column.combine_chunks().dictionary_encode()  # each text once, not once a row
        texts = np.array(words.dictionary.to_pylist(), dtype=object)
        return texts[words.indices.to_numpy()].tolist()  # type: ignore[no-any-return]
    return column.to_pylist()  # type: ignore[no-any-return]


def encoded(value: Any) -> bytes:
    """JSON of plain data, arrays and frames; NaN and infinities become null."""
    return msgspec.json.encode(value, enc_hook=_plainer)


def _plainer(value: Any) -> Any:
    if hasattr(value, "column_names") or hasattr(value, "columns"):
        return columns(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if str(value) in ("<NA>", "NaT"):
        return None
    raise TypeError(f"no JSON for {type(value).__name__}")
