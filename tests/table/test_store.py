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
from servio.table import Store, write_atomic

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
