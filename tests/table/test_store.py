from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from servio.errors import ResourceError, StoreError
from servio.table import Store, file_sha256, write_atomic
from servio.table import store as store_module

KILLED = textwrap.dedent(
    """
    import sys, numpy as np
    from servio.table import Store
    store = Store(sys.argv[1])
    print("ready", flush=True)
    for i in range(10_000):
        sha = store.put_array(np.full(2_000, float(i)))
        store.commit("n", str(i), {"sha": sha, "i": i}, [sha])
    """
)


def test_round_trip_is_read_only_and_mapped(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        sha = store.put_array(np.arange(6.0).reshape(2, 3))
        store.commit("table", "a", {"sha": sha}, [sha])
    with Store(tmp_path) as again:
        array = again.array(again.entry("table", "a")["sha"])
        assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
        assert isinstance(array, np.memmap)
        assert not array.flags.writeable
        assert again.entry("table", "b") is None
        assert list(again.entries("table")) == ["a"]
        again.forget("table", "a")
        assert again.entries("table") == {}


def test_flipped_byte_is_seen_on_opening(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        sha = store.put_array(np.arange(6.0))
        store.commit("table", "a", {"sha": sha}, [sha])
    path = next(p for p in (tmp_path / "objects").rglob("*") if p.is_file())
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with Store(tmp_path) as again, pytest.raises(StoreError, match="changed content"):
        again.array(sha)
    path.unlink()
    with Store(tmp_path) as again, pytest.raises(StoreError, match="no file"):
        again.array(sha)


def test_names_only_files_that_are_there(tmp_path: Path) -> None:
    with Store(tmp_path) as store, pytest.raises(StoreError, match="no file"):
        store.commit("table", "a", {}, ["0" * 64])


def test_killed_in_the_middle_leaves_whole_entries(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    child.stdout.readline()
    while not list((tmp_path / "objects").rglob("*")):
        time.sleep(0.01)
    time.sleep(0.2)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with Store(tmp_path) as store:
        entries = store.entries("n")
        assert entries
        for document in entries.values():
            assert store.array(document["sha"])[0] == document["i"]
        assert not list(tmp_path.glob("tmp-*"))


def test_newer_store_and_foreign_manifest_are_refused(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store._db.execute("UPDATE about SET version = 99")
    with pytest.raises(StoreError, match="version 99"):
        Store(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "manifest.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="not a manifest"):
        Store(other)


def test_full_disk_is_a_resource_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ResourceError, match="No space") as caught:
        store.put_array(np.ones(3))
    assert caught.value.exit_code == 4
    with pytest.raises(ResourceError, match="No space"):
        write_atomic(tmp_path / "report.html", b"x")
    monkeypatch.undo()
    assert not list(tmp_path.glob("tmp-*"))
    assert not list(tmp_path.glob(".report*"))
    assert not (tmp_path / "report.html").exists()


def test_write_atomic_replaces_whole(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["b.txt"]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files whose hash was really worked out; a file settles at once."""
    seen: list[Path] = []

    def counted(path: Path) -> str:
        seen.append(path)
        return file_sha256(path)

    monkeypatch.setattr(store_module, "file_sha256", counted)
    monkeypatch.setattr(store_module, "SETTLED", 0.0)
    monkeypatch.setattr(store_module, "BIG", 0)
    return seen


def opened(folder: Path, sha: str) -> Path:
    with Store(folder) as store:
        return store.file(sha)


def stored(folder: Path) -> str:
    """Hash of a stored array, which lay for a moment before it was taken in."""
    with Store(folder) as store, store.staging() as staging:
        np.save(staging / "array.npy", np.arange(1000.0))
        time.sleep(0.02)
        sha = store.put_file(staging / "array.npy")
    time.sleep(0.02)
    return sha


def touched(folder: Path) -> str:
    """The same, written to since with what it held."""
    path = opened(folder, sha := stored(folder))
    path.write_bytes(path.read_bytes())
    time.sleep(0.02)
    return sha


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


posix = pytest.mark.skipif(os.name == "nt", reason="there no time says that a file was changed")


@posix
def test_file_taken_in_is_hashed_once(tmp_path: Path, hashed: list[Path]) -> None:
    sha = stored(tmp_path)
    for _ in range(3):
        opened(tmp_path, sha)
    assert len(hashed) == 1


def test_file_written_in_the_tick_it_is_taken_in(
    tmp_path: Path, hashed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse = time.time_ns() - 10**10
    monkeypatch.setattr(Store, "_file_system_time", lambda _: coarse)
    sha = stored(tmp_path)
    path = opened(tmp_path, sha)
    assert hashed[1:] == [path]


@pytest.mark.parametrize("put_back", [False, True])
def test_file_written_to_while_it_is_taken_in(
    tmp_path: Path, hashed: list[Path], monkeypatch: pytest.MonkeyPatch, put_back: bool
) -> None:
    def meddled(path: Path) -> str:
        sha, stat = file_sha256(path), path.stat()
        if path.name == "array.npy":
            time.sleep(0.02)
            flip(path)
            if put_back:
                os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        return sha

    monkeypatch.setattr(store_module, "file_sha256", meddled)
    sha = stored(tmp_path)
    with pytest.raises(StoreError, match="changed content"):
        opened(tmp_path, sha)


def test_damaged_file_is_replaced_by_a_whole_one(tmp_path: Path, hashed: list[Path]) -> None:
    path = opened(tmp_path, sha := stored(tmp_path))
    flip(path)
    assert stored(tmp_path) == sha
    assert np.load(opened(tmp_path, sha))[-1] == 999.0


def test_small_file_is_hashed_rather_than_remembered(
    tmp_path: Path, hashed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "BIG", 1 << 20)
    sha = stored(tmp_path)
    hashed.clear()
    paths = [opened(tmp_path, sha) for _ in range(3)]
    assert hashed == paths


@posix
def test_file_found_whole_is_not_hashed_again(tmp_path: Path, hashed: list[Path]) -> None:
    sha = touched(tmp_path)
    hashed.clear()
    paths = [opened(tmp_path, sha) for _ in range(3)]
    assert hashed == paths[:1]


def test_file_just_written_to_is_not_remembered(
    tmp_path: Path, hashed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "SETTLED", 60.0)
    sha = touched(tmp_path)
    hashed.clear()
    paths = [opened(tmp_path, sha) for _ in range(3)]
    assert hashed == paths


def test_flipped_byte_is_seen_after_a_remembered_check(tmp_path: Path, hashed: list[Path]) -> None:
    path = opened(tmp_path, sha := stored(tmp_path))
    flip(path)
    with pytest.raises(StoreError, match="changed content"):
        opened(tmp_path, sha)


def test_flipped_byte_with_the_old_times_put_back(tmp_path: Path, hashed: list[Path]) -> None:
    path = opened(tmp_path, sha := stored(tmp_path))
    stat = path.stat()
    flip(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(StoreError, match="changed content"):
        opened(tmp_path, sha)


def test_file_replaced_by_another(tmp_path: Path, hashed: list[Path]) -> None:
    path = opened(tmp_path, sha := stored(tmp_path))
    other = tmp_path / "other"
    other.write_bytes(path.read_bytes())
    flip(other)
    os.replace(other, path)
    with pytest.raises(StoreError, match="changed content"):
        opened(tmp_path, sha)


@posix
@pytest.mark.parametrize("days", [-1.0, 7.5])
def test_check_grows_old(
    tmp_path: Path, hashed: list[Path], monkeypatch: pytest.MonkeyPatch, days: float
) -> None:
    path = opened(tmp_path, sha := stored(tmp_path))
    hashed.clear()
    now = time.time()
    monkeypatch.setattr(store_module.time, "time", lambda: now + days * 86_400)
    opened(tmp_path, sha)
    assert hashed == [path]


def test_manifest_that_cannot_be_written_remembers_nothing(
    tmp_path: Path, hashed: list[Path]
) -> None:
    sha = touched(tmp_path)
    hashed.clear()
    for _ in range(2):
        with Store(tmp_path) as store:
            store._db.execute("PRAGMA query_only = ON")
            store.file(sha)
    assert len(hashed) == 2
