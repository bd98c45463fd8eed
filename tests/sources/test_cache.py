"""The cache saves time and nothing else: damaged, full or shared, the tables are the same."""

from __future__ import annotations

import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import servio
import wiod_files as files
from servio.errors import InputError, ResourceError
from servio.sources import _cache, _registry, _worker, read, scan
from servio.table import Store
from servio.table import store as store_module

SOURCE_FOLDER = str(Path(servio.__file__).resolve().parent.parent)
READ = "import sys; from servio.sources import read; print(read(sys.argv[1]).fingerprint)"


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    return files.write_world_workbook(tmp_path / "wiot09_row_sep12.xlsx")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that were really read."""
    seen: list[Path] = []
    extract = _worker.extract

    def counted(module: str, path: Path, folder: Path):
        seen.append(path)
        return extract(module, path, folder)

    monkeypatch.setattr(_worker, "extract", counted)
    return seen


def fresh() -> None:
    """As in a new process: nothing is known to be whole."""
    for store in _cache._stores.values():
        store.close()
    _cache._stores.clear()


def objects(cache: Path) -> list[Path]:
    return sorted(p for p in (cache / "objects").rglob("*") if p.is_file())


def test_second_reading_comes_from_the_cache(workbook: Path, reads: list[Path]) -> None:
    first = read(workbook)
    fresh()
    again = read(workbook)
    assert reads == [workbook]
    assert again.fingerprint == first.fingerprint and again.info == first.info
    assert not again.Z.flags.writeable
    assert type(again.Z).__name__ == "ndarray"


def test_cached_and_uncached_are_equal(workbook: Path, cache: Path) -> None:
    assert read(workbook, cache=False).fingerprint == read(workbook).fingerprint
    assert len(objects(cache)) == 1


def test_without_cache_nothing_is_written(workbook: Path, cache: Path) -> None:
    read(workbook, cache=False)
    assert list(cache.iterdir()) == []


def test_changed_file_is_read_again(workbook: Path, reads: list[Path], tmp_path: Path) -> None:
    first = read(workbook)
    files.edit(workbook, tmp_path / "new.xlsx", "E7", "<v>7777</v>", ' t="n"',
               "xl/worksheets/sheet1.xml").replace(workbook)  # fmt: skip
    assert read(workbook).Z[0, 0] == 7777 != first.Z[0, 0]
    assert len(reads) == 2


def test_same_size_and_time_but_other_content(workbook: Path, reads: list[Path]) -> None:
    read(workbook)
    stat = workbook.stat()
    content = workbook.read_bytes()
    workbook.write_bytes(content)
    os.utime(workbook, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    read(workbook)
    assert len(reads) == 2


def test_newer_reader_reads_again(
    workbook: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read(workbook)
    record = _registry.source("wiod2013")
    newer = _registry.Source(**{**vars(record), "version": record.version + 1})
    monkeypatch.setattr("servio.sources.wiod2013.SOURCE", newer)
    read(workbook)
    assert len(reads) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p.write_bytes(p.read_bytes()[:-8] + b"\1" * 8),
        lambda p: p.write_bytes(p.read_bytes()[:100]),
        lambda p: p.write_bytes(b""),
        lambda p: p.unlink(),
    ],
)
def test_damaged_object_is_made_again(
    workbook: Path,
    cache: Path,
    reads: list[Path],
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], object],
) -> None:
    first = read(workbook).fingerprint
    fresh()
    damage(objects(cache)[0])
    with caplog.at_level(logging.WARNING, "servio"):
        assert read(workbook).fingerprint == first
    assert len(reads) == 2
    assert workbook.name in caplog.text and "made again" in caplog.text
    fresh()
    assert read(workbook).fingerprint == first
    assert len(reads) == 2


@pytest.mark.parametrize("document", ["{}", '{"of": 1', '{"of": [], "parts": 3}'])
def test_damaged_manifest_entry(
    workbook: Path, cache: Path, reads: list[Path], document: str
) -> None:
    first = read(workbook).fingerprint
    fresh()
    with sqlite3.connect(cache / "manifest.sqlite") as db:
        db.execute("UPDATE entries SET document = ?", (document,))
    db.close()
    assert read(workbook).fingerprint == first
    assert len(reads) == 2


def test_entry_without_its_parts(workbook: Path, cache: Path, reads: list[Path]) -> None:
    first = read(workbook).fingerprint
    fresh()
    with sqlite3.connect(cache / "manifest.sqlite") as db:
        [(text,)] = db.execute("SELECT document FROM entries")
        document = json.loads(text)
        del document["parts"][0]["header"]["axis"]
        db.execute("UPDATE entries SET document = ?", (json.dumps(document),))
    db.close()
    assert read(workbook).fingerprint == first


def test_manifest_that_is_none(
    workbook: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (cache / "manifest.sqlite").write_bytes(b"not a database" * 100)
    with caplog.at_level(logging.WARNING, "servio"):
        assert len(read(workbook)) == 12
    assert "without a cache" in caplog.text


def test_folder_that_cannot_be_made(
    workbook: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SERVIO_CACHE", str(tmp_path / "file" / "cache"))
    with caplog.at_level(logging.WARNING, "servio"):
        assert len(read(workbook)) == 12
    assert "without a cache" in caplog.text


@pytest.mark.parametrize("method", ["put_file", "commit"])
def test_full_disk(
    workbook: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    def full(*_: object) -> None:
        raise ResourceError("cache", found="no space left", expected="room", remedy="Free some.")

    monkeypatch.setattr(Store, method, full)
    with caplog.at_level(logging.WARNING, "servio"):
        assert len(read(workbook)) == 12
    assert "not cached" in caplog.text


def test_no_room_for_staging(
    workbook: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    extract = _worker.extract

    def full(module: str, path: Path, folder: Path):
        if cache in folder.parents:
            raise _worker.NoRoomError(
                str(folder), found="no space left", expected="room", remedy="Free some."
            )
        return extract(module, path, folder)

    monkeypatch.setattr(_worker, "extract", full)
    with caplog.at_level(logging.WARNING, "servio"):
        assert len(read(workbook)) == 12
    assert "no room" in caplog.text


@pytest.mark.parametrize("wait", [0.0, 60.0], ids=["at rest", "just touched"])
def test_file_written_to_while_it_is_read(
    workbook: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, wait: float
) -> None:
    monkeypatch.setattr(store_module, "SETTLED", wait)
    extract = _worker.extract

    def slow(module: str, path: Path, folder: Path):
        found = extract(module, path, folder)
        stat = path.stat()
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        return found

    time.sleep(0.02)
    monkeypatch.setattr(_worker, "extract", slow)
    with pytest.raises(InputError, match="changed while it was read"):
        read(workbook)
    assert objects(cache) == []


def test_file_at_rest_is_hashed_once(workbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    monkeypatch.setattr(_cache, "file_sha256", lambda path: hashed.append(path) or "0" * 64)
    monkeypatch.setattr(store_module, "SETTLED", 0.0)
    time.sleep(0.02)
    read(workbook, cache=False)
    assert len(hashed) == (2 if os.name == "nt" else 1)
    monkeypatch.setattr(store_module, "SETTLED", 60.0)
    read(workbook, cache=False)
    assert len(hashed) == (4 if os.name == "nt" else 3)


def test_faulty_file_leaves_nothing_behind(workbook: Path, cache: Path) -> None:
    workbook.write_bytes(workbook.read_bytes()[:500])
    with pytest.raises(servio.ServioError):
        read(workbook)
    assert objects(cache) == []
    assert [p.name for p in cache.iterdir() if p.name.startswith("tmp-")] == []


def test_one_faulty_file_in_a_folder_fails_the_folder(workbook: Path, tmp_path: Path) -> None:
    files.write_world_workbook(tmp_path / "wiot10_row_sep12.xlsx", 2010)
    (tmp_path / "wiot11_row_sep12.xlsx").write_bytes(b"PK\3\4 cut")
    with pytest.raises(servio.ServioError, match="wiot11"):
        scan(tmp_path)


def start(workbook: Path, cache: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "SERVIO_CACHE": str(cache), "PYTHONPATH": SOURCE_FOLDER}
    return subprocess.Popen([sys.executable, "-c", READ, str(workbook)], env=env, text=True,
                            stdout=subprocess.PIPE)  # fmt: skip


def test_two_processes_on_one_cache(workbook: Path, cache: Path, reads: list[Path]) -> None:
    both = [start(workbook, cache) for _ in range(2)]
    printed = {process.communicate(timeout=120)[0].strip() for process in both}
    assert {process.returncode for process in both} == {0}
    assert printed == {read(workbook).fingerprint}
    assert reads == []


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize("delay", [0.4, 0.8, 1.1])
def test_killed_at_any_moment(workbook: Path, cache: Path, delay: float) -> None:
    expected = read(workbook, cache=False).fingerprint
    process = start(workbook, cache)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert read(workbook).fingerprint == expected
    fresh()
    assert read(workbook).fingerprint == expected
    assert [p.name for p in cache.iterdir() if p.name.startswith("tmp-")] == []
