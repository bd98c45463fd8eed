"""A folder that survives a kill: immutable files named by their hash, one SQLite manifest.

A file is written under a temporary name, synced and renamed before the transaction that names it,
so the manifest never speaks of a file that is not whole.

Opening a file checks its hash, which takes as long as reading it, so the manifest remembers which
file was found whole: its size, times of change and number on the disk. As long as the file system
reports the same, nothing was written to it since, because any write, even one that puts the old
modification time back, moves the time of the last status change (ctime), which programs can't set.
A file that was touched less than `SETTLED` seconds before it was hashed is not remembered: a write
within the same tick of the file system's clock would not show. What no file system reports, a bit
that flips on the disk itself, is found when the hash is checked again, after `TRUSTED_DAYS`.

A file that is taken in is remembered at once, so that its first opening is as fast as the next. It
was hashed for its name when the file system's clock had already passed its last write, so that any
write since shows in the time of modification. That it was moved to its name afterwards changes the
ctime, which hides one thing: a write whose modification time is put back within the tick of the
move.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from servio.errors import ResourceError, StoreError

__all__ = [
    "STORE_VERSION",
    "Store",
    "file_identity",
    "file_sha256",
    "settled",
    "write_atomic",
]

STORE_VERSION = 1
SETTLED = 2.0
"""Seconds a file must have lain untouched for its check to be remembered."""
BIG = 1 << 20
"""Bytes from which hashing a file takes longer than remembering that it is whole."""
TRUSTED_DAYS = 7
"""Days after which a file is hashed again, whatever its times say."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
    kind TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, key));
CREATE TABLE IF NOT EXISTS objects (
    kind TEXT NOT NULL, key TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (kind, key, sha256));
"""
_CHECKS = """
CREATE TABLE IF NOT EXISTS checks (
    sha256 TEXT PRIMARY KEY, identity TEXT NOT NULL, checked REAL NOT NULL)
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
            _sync(path)
            begun, before, moment = time.time(), file_identity(path), self._file_system_time()
            sha = file_sha256(path)
            target = self._path(sha)
            if not self._is_whole(sha, target):
                target.parent.mkdir(exist_ok=True)
                same = file_identity(path) == before
                os.replace(path, target)
                _sync_folder(target.parent)
                after = file_identity(target)
                if same and _is_moved(before, after) and before[1] < moment:
                    self._remember(sha, after, begun)
            self._seen.add(sha)
            return sha

    def _is_whole(self, sha: str, path: Path) -> bool:
        """Whether the file is there with the content that its name says."""
        if not path.exists():
            return False
        try:
            return self.file(sha) == path
        except StoreError:
            return False

    def _file_system_time(self) -> int:
        """What time a file written now gets, in nanoseconds."""
        with tempfile.TemporaryFile(dir=self.folder) as probe:
            return os.fstat(probe.fileno()).st_mtime_ns

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder on the store's own disk for half-made files; removed afterwards."""
        with tempfile.TemporaryDirectory(prefix=f"tmp-{os.getpid()}-", dir=self.folder) as name:
            yield Path(name)

    def file(self, sha: str) -> Path:
        """Path of a stored file, after checking that its content still has its hash.

        Raises
        ------
        StoreError
            It is missing or changed.
        """
        path = self._path(sha)
        if sha in self._seen and path.exists():
            return path
        if not self._is_remembered(sha, path):
            self._check(sha, path)
        self._seen.add(sha)
        return path

    def _check(self, sha: str, path: Path) -> None:
        """Hash a file; remember that it is whole if it could not change unseen meanwhile."""
        begun = time.time()
        before = file_identity(path)
        found = file_sha256(path) if path.is_file() else "no file"
        if found != sha:
            raise StoreError(
                str(path),
                found=found if found == "no file" else f"changed content, hash {found[:12]}",
                expected=f"content with hash {sha[:12]}",
                remedy="Delete it and run again; it will be made anew.",
            )
        if settled(before, begun) and before == file_identity(path):
            self._remember(sha, before, begun)

    def _is_remembered(self, sha: str, path: Path) -> bool:
        """Whether the file was found whole within `TRUSTED_DAYS` and is untouched since."""
        try:
            row = self._db.execute(
                "SELECT identity, checked FROM checks WHERE sha256=?", (sha,)
            ).fetchone()
        except sqlite3.Error:
            return False
        if row is None or not 0 <= time.time() - row[1] < TRUSTED_DAYS * 86_400:
            return False
        return bool(row[0] == " ".join(map(str, file_identity(path))))

    def _remember(self, sha: str, identity: tuple[int, ...], begun: float) -> None:
        if os.name == "nt" or identity[0] < BIG:
            return
        with contextlib.suppress(sqlite3.Error):
            self._db.execute(_CHECKS)
            self._db.execute(
                "INSERT OR REPLACE INTO checks VALUES (?, ?, ?)",
                (sha, " ".join(map(str, identity)), begun),
            )

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


def file_identity(path: Path) -> tuple[int, ...]:
    """Size, times of change, inode and device of a file; empty if there is none."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)


def _is_moved(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether these are one file under two names: all but the status change is the same."""
    return bool(before) and before[:2] + before[3:] == after[:2] + after[3:]


def settled(identity: tuple[int, ...], moment: float) -> bool:
    """Whether any write after `moment` (seconds of the epoch) changes the identity of a file.

    Not where it was touched just before, within the tick of the file system's clock, and not on
    Windows, whose ctime is the time of creation.
    """
    if os.name == "nt" or not identity:
        return False
    return max(identity[1:3]) / 1e9 <= moment - SETTLED


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
