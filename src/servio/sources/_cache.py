"""Tables read once lie ready as memory-mapped arrays; a cache only ever saves time.

A cached table is used when the file has the size and the times it had, the reader is of the same
version and the stored arrays still have their hashes. Anything else is read again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from servio.errors import InputError, ServioError, StoreError
from servio.progress import bar
from servio.sources import _registry, _worker
from servio.table import Bundle, Store, file_sha256
from servio.table.store import file_identity, settled

__all__ = ["bundle", "cache_folder", "load"]

CACHE_VERSION = 2
CHILDREN = 2
VARIABLE = "SERVIO_CACHE"

_KIND = "source"
_log = logging.getLogger("servio")
_lock = threading.RLock()
_stores: dict[tuple[int, Path], Store] = {}

Array = npt.NDArray[np.float64]
Header = dict[str, Any]
Part = tuple[Header, Array]
T = TypeVar("T")


@dataclass(frozen=True)
class _Fresh:
    """A file just parsed: what it was, its hash, and the arrays the child wrote."""

    path: Path
    module: str
    of: list[int]
    sha: str
    arrays: list[tuple[Header, Path]]


def cache_folder() -> Path:
    """Where tables are cached: ``$SERVIO_CACHE``, or the user's cache folder."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_cache_path("servio", appauthor=False)


def load(
    files: Sequence[tuple[Path, str]], make: Callable[[Header, Array, str], T], *, cache: bool
) -> list[list[T]]:
    """What `make` builds of each (file, module): of header, flat array and hash of the file.

    Parameters
    ----------
    files : sequence of (Path, str)
    make : callable
        Builds one thing, such as `bundle`; it fails on a header that is not whole.
    cache : bool
        Take from the cache what it has, and keep what is read.
    """
    store = _store() if cache else None
    found = {file: hit for file in files if (hit := _fetch(store, *file, make)) is not None}
    missing = [file for file in files if file not in found]
    for file, (parts, sha) in zip(missing, _read(store, missing), strict=True):
        found[file] = [make(header, flat, sha) for header, flat in parts]
    return [found[file] for file in files]


def bundle(header: Header, flat: Array, sha: str) -> Bundle:
    """Tables from the form on disk; views, not copies."""
    found = Bundle.unpack(header, flat, checked=True)
    infos = tuple(i if i.input_sha256 else replace(i, input_sha256=sha) for i in found.infos)
    return replace(found, infos=infos)


# -- what lies ready -------------------------------------------------------------------------------


def _store() -> Store | None:
    folder = cache_folder()
    with _lock:
        key = (os.getpid(), folder)
        if key not in _stores:
            try:
                _stores[key] = Store(folder)
            except ServioError as error:
                _log.warning("reading without a cache: %s", error)
                return None
        return _stores[key]


def _fetch(
    store: Store | None, path: Path, module: str, make: Callable[[Header, Array, str], T]
) -> list[T] | None:
    if store is None or not _registry.source(module).alone:
        return None
    try:
        with _lock:
            document = store.entry(_KIND, _key(path, module))
        if document is None or document["of"] != _of(path, module):
            return None
        parts = [(part["header"], _stored(store, part["object"])) for part in document["parts"]]
        return [make(header, flat, document["sha256"]) for header, flat in parts]
    except (ServioError, sqlite3.Error, KeyError, TypeError, ValueError) as error:
        _log.warning("the cached form of %s is damaged and is made again: %s", path, error)
        _drop_damaged(store, error)
        return None


def _stored(store: Store, sha: str) -> Array:
    flat: Array = store.array(sha).view(np.ndarray)
    return flat


def _drop_damaged(store: Store, error: Exception) -> None:
    """Move a file with a wrong content out of the way of the right one, which has its name."""
    if isinstance(error, StoreError) and store.objects in Path(error.place).parents:
        with contextlib.suppress(OSError):
            Path(error.place).unlink()


def _key(path: Path, module: str) -> str:
    return f"{module}:{os.fsencode(path.resolve()).decode('latin-1')}"


def _of(path: Path, module: str) -> list[int]:
    """What a cached table must be of: this reader's version, this size, these times."""
    stat = path.stat()
    version = _registry.source(module).version
    return [CACHE_VERSION, version, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


# -- what has to be read ---------------------------------------------------------------------------


def _read(store: Store | None, files: Sequence[tuple[Path, str]]) -> list[tuple[list[Part], str]]:
    if not files:
        return []
    with contextlib.ExitStack() as stack:
        folders = _staging(stack, store)
        executor = stack.enter_context(ThreadPoolExecutor(min(CHILDREN, len(files))))
        step = stack.enter_context(bar("reading tables", len(files)))
        jobs = [executor.submit(_extract, *file, folders, str(i)) for i, file in enumerate(files)]
        done = []
        try:
            for job in jobs:
                done.append(_keep(store, job.result()))
                step()
        except BaseException as error:
            executor.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error, ServioError):
                _worker.stop_all()
            raise
        return done


def _staging(stack: contextlib.ExitStack, store: Store | None) -> list[Path]:
    """Folders for half-made arrays, the best first."""
    folders = []
    if store is not None:
        try:
            folders.append(stack.enter_context(store.staging()))
        except OSError as error:
            _log.warning("the cache can't be written: %s", error)
    spare = stack.enter_context(tempfile.TemporaryDirectory(prefix="servio-"))
    return [*folders, Path(spare)]


def _extract(path: Path, module: str, folders: Sequence[Path], name: str) -> _Fresh:
    """Parse one file in a child; it must be the same file before and after.

    A file at rest shows by its times that nothing was written; one that was touched just before is
    hashed again.
    """
    begun, before = time.time(), file_identity(path)
    of, sha = _of(path, module), file_sha256(path)
    arrays = _with_room(path, module, folders, name)
    same = file_identity(path) == before and (settled(before, begun) or file_sha256(path) == sha)
    if not same:
        raise InputError(
            str(path),
            found="content that changed while it was read",
            expected="a file at rest",
            remedy="Wait until it is written or downloaded, then run again.",
        )
    return _Fresh(path, module, of, sha, arrays)


def _with_room(
    path: Path, module: str, folders: Sequence[Path], name: str
) -> list[tuple[Header, Path]]:
    for last, folder in zip((*[False] * (len(folders) - 1), True), folders, strict=True):
        try:
            (folder / name).mkdir()
            return _worker.extract(module, path, folder / name)
        except (OSError, _worker.NoRoomError) as error:
            if last:
                raise
            _log.warning("the cache has no room: %s", error)
    raise AssertionError("no folder given")


def _keep(store: Store | None, fresh: _Fresh) -> tuple[list[Part], str]:
    """Move the arrays into the cache if there is one that can be written, or else into memory."""
    if not _registry.source(fresh.module).alone:
        store = None
    placed = [(header, *_place(store, fresh, array)) for header, array in fresh.arrays]
    names = [name for _, _, name in placed if name]
    if store is not None and len(names) == len(placed):
        document = {
            "of": fresh.of,
            "sha256": fresh.sha,
            "parts": [{"header": header, "object": name} for header, _, name in placed],
        }
        try:
            with _lock:
                store.commit(_KIND, _key(fresh.path, fresh.module), document, names)
        except (ServioError, sqlite3.Error) as error:
            _log.warning("%s is read but not cached: %s", fresh.path, error)
    return [(header, flat) for header, flat, _ in placed], fresh.sha


def _place(store: Store | None, fresh: _Fresh, array: Path) -> tuple[Array, str]:
    """An array and its name in the cache, "" if it is not there."""
    if store is not None:
        try:
            name = store.put_file(array)
            return _stored(store, name), name
        except ServioError as error:
            _log.warning("%s is read but not cached: %s", fresh.path, error)
    return _in_memory(array), ""


def _in_memory(path: Path) -> Array:
    flat: Array = np.load(path, allow_pickle=False)
    flat.setflags(write=False)
    return flat
