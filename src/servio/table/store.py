"""A folder that survives a kill: immutable files named by their hash, one SQLite manifest.

A file is written under a temporary name, synced and renamed before the transaction that names it,
so the manifest never speaks of a file that is not whole. Opening checks the hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from servio.errors import ResourceError, StoreError

__all__ = ["STORE_VERSION", "Store", "file_sha256", "write_atomic"]

STORE_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
    kind TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, key));
CREATE TABLE IF NOT EXISTS objects (
    kind TEXT NOT NULL, key TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (kind, key, sha256));
"""


class Store:
    """Content-addressed files with a transactional manifest.

    Parameters
    ----------
    folder : path
        Made if it is not there.

    Raises
    ------
    StoreError
        The folder is of a newer version, or a stored file is missing or changed.
    ResourceError
        The disk is full or can't be written.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> store = Store(tempfile.mkdtemp())
    >>> sha = store.put_array(np.arange(3.0))
    >>> store.commit("table", "toy", {"flat": sha}, [sha])
    >>> store.array(store.entry("table", "toy")["flat"]).tolist()
    [0.0, 1.0, 2.0]
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.objects = self.folder / "objects"
        self._seen: set[str] = set()
        with self._disk("make the folder"):
            self.objects.mkdir(parents=True, exist_ok=True)
            self._db = self._open()
        self.remove_litter()

    def _open(self) -> sqlite3.Connection:
        path = self.folder / "manifest.sqlite"
        try:
            db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            row = self._version(db)
            if row is None:
                db.execute("BEGIN IMMEDIATE")
                if self._version(db) is None:
                    for statement in _SCHEMA.split(";"):
                        db.execute(statement)
                    db.execute("INSERT INTO about VALUES (?)", (STORE_VERSION,))
                db.execute("COMMIT")
                row = (STORE_VERSION,)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                raise ResourceError(
                    str(path),
                    found=str(error),
                    expected="a manifest that can be opened and written",
                    remedy="Free the disk or choose another folder.",
                ) from error
            raise StoreError(
                str(path),
                found=f"not a manifest ({error})",
                expected="the manifest servio wrote",
                remedy="Delete the folder; it will be made again.",
            ) from error
        if row[0] != STORE_VERSION:
            raise StoreError(
                str(path),
                found=f"store version {row[0]}",
                expected=f"version {STORE_VERSION}",
                remedy="Use a newer servio, or delete the folder.",
            )
        return db

    @staticmethod
    def _version(db: sqlite3.Connection) -> tuple[int] | None:
        there = db.execute("SELECT 1 FROM sqlite_master WHERE name='about'").fetchone()
        row: tuple[int] | None = (
            db.execute("SELECT version FROM about").fetchone() if there else None
        )
        return row

    def close(self) -> None:
        """Give the manifest's file handle back."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- files --------------------------------------------------------------------------------

    def put_array(self, array: npt.NDArray[np.float64]) -> str:
        """Write an array and return its hash."""
        with self.staging() as folder, self._disk("write an array"):
            path = folder / "array.npy"
            np.save(path, np.ascontiguousarray(array), allow_pickle=False)
            return self.put_file(path)

    def put_file(self, path: Path) -> str:
        """Take a finished file into the store (moved if on the same disk) and return its hash."""
        with self._disk("take in a file"):
            sha = file_sha256(path)
            target = self._path(sha)
            if not target.exists():
                _sync(path)
                target.parent.mkdir(exist_ok=True)
                os.replace(path, target)
                _sync_folder(target.parent)
            self._seen.add(sha)
            return sha

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder on the store's own disk for half-made files; removed afterwards."""
        with tempfile.TemporaryDirectory(prefix=f"tmp-{os.getpid()}-", dir=self.folder) as name:
            yield Path(name)

    def file(self, sha: str) -> Path:
        """Path of a stored file, after checking that its content still has its hash."""
        path = self._path(sha)
        if sha in self._seen and path.exists():
            return path
        found = file_sha256(path) if path.is_file() else "no file"
        if found != sha:
            raise StoreError(
                str(path),
                found=found if found == "no file" else f"changed content, hash {found[:12]}",
                expected=f"content with hash {sha[:12]}",
                remedy="Delete it and run again; it will be made anew.",
            )
        self._seen.add(sha)
        return path

    def array(self, sha: str) -> npt.NDArray[np.float64]:
        """A stored array, memory-mapped and read-only."""
        loaded: npt.NDArray[np.float64] = np.load(self.file(sha), mmap_mode="r", allow_pickle=False)
        return loaded

    def _path(self, sha: str) -> Path:
        return self.objects / sha[:2] / sha

    # -- manifest -----------------------------------------------------------------------------

    def commit(self, kind: str, key: str, document: dict[str, Any], objects: Sequence[str]) -> None:
        """Name finished files under (kind, key) in one transaction; replaces an older entry."""
        missing = [sha for sha in objects if not self._path(sha).exists()]
        if missing:
            raise StoreError(
                str(self.folder),
                found=f"no file {missing[0][:12]}",
                expected="files written before they are named",
                remedy="Write the file first.",
            )
        with self._disk("write the manifest"):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.execute("DELETE FROM objects WHERE kind=? AND key=?", (kind, key))
                self._db.execute(
                    "INSERT OR REPLACE INTO entries VALUES (?, ?, ?)",
                    (kind, key, json.dumps(document, sort_keys=True)),
                )
                self._db.executemany(
                    "INSERT INTO objects VALUES (?, ?, ?)",
                    [(kind, key, sha) for sha in dict.fromkeys(objects)],
                )
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def entry(self, kind: str, key: str) -> dict[str, Any] | None:
        """The document stored under (kind, key), or None."""
        row = self._db.execute(
            "SELECT document FROM entries WHERE kind=? AND key=?", (kind, key)
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def entries(self, kind: str) -> dict[str, dict[str, Any]]:
        """Every document of one kind, by key."""
        rows = self._db.execute(
            "SELECT key, document FROM entries WHERE kind=? ORDER BY key", (kind,)
        )
        return {key: json.loads(document) for key, document in rows}

    def forget(self, kind: str, key: str) -> None:
        """Drop an entry; its files stay until `remove_litter` finds them unnamed."""
        with self._disk("write the manifest"):
            self._db.execute("DELETE FROM entries WHERE kind=? AND key=?", (kind, key))
            self._db.execute("DELETE FROM objects WHERE kind=? AND key=?", (kind, key))

    def remove_litter(self) -> None:
        """Remove staging folders that processes now dead left behind."""
        for path in self.folder.glob("tmp-*"):
            owner = path.name.split("-")[1]
            alive = owner.isdigit() and _is_running(int(owner))
            with contextlib.suppress(OSError):
                if not alive and path.is_dir():
                    _remove_tree(path)

    @contextlib.contextmanager
    def _disk(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            raise ResourceError(
                str(self.folder),
                found=f"could not {doing}: {error}",
                expected="a folder that can be written, with room",
                remedy="Free disk space, mend the rights, or choose another folder.",
            ) from error


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, whatever happens in between."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise ResourceError(
            str(path),
            found=f"could not write: {error.strerror}",
            expected="a folder that can be written, with room",
            remedy="Free disk space, mend the rights, or choose another place.",
        ) from error


def _sync(path: Path) -> None:
    with open(path, "rb+") as handle:
        os.fsync(handle.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove_tree(path: Path) -> None:
    for child in path.iterdir():
        if child.is_dir() and not child.is_symlink():
            _remove_tree(child)
        else:
            child.unlink()
    path.rmdir()
