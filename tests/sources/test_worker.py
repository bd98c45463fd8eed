"""Whatever a foreign file does to the process that reads it, ours lives and says what happened."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import wiod_files as files
from servio.errors import EXIT_BUG, EXIT_RESOURCE, FormatError, ResourceError, ServioError
from servio.sources import _worker, read, scan

pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits and signals are POSIX")


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.write_world_workbook(tmp_path_factory.mktemp("world") / "wiot09_row_sep12.xlsx")


@pytest.fixture(autouse=True)
def own_children() -> Iterator[None]:
    _worker.stop_all()
    yield
    _worker.stop_all()


def lost(path: Path, *words: str) -> None:
    with pytest.raises(ResourceError) as caught:
        read(path, cache=False)
    message = str(caught.value)
    assert len(message) < 300 and caught.value.exit_code == EXIT_RESOURCE
    for word in (path.name, *words):
        assert word in message, message


def child() -> _worker.Worker:
    return _worker._POOL._idle[-1]


def test_one_child_serves_one_file_after_the_other(workbook: Path) -> None:
    read(workbook, cache=False)
    first = child().pid
    read(workbook, cache=False)
    assert child().pid == first != os.getpid()


def test_a_refusal_keeps_its_kind_and_its_four_parts(workbook: Path, tmp_path: Path) -> None:
    bad = tmp_path / workbook.name
    bad.write_bytes(b"%PDF-1.7")
    with pytest.raises(FormatError) as caught:
        read(bad, cache=False)
    error = caught.value
    assert error.place == str(bad) and error.found == "a PDF" and error.expected and error.remedy
    assert child().alive


def test_child_killed_while_idle(workbook: Path) -> None:
    read(workbook, cache=False)
    os.kill(child().pid, signal.SIGKILL)
    assert len(read(workbook, cache=False)) == 12


def test_child_killed_at_work(workbook: Path) -> None:
    def kill() -> None:
        while not _worker._POOL._busy:
            time.sleep(0.001)
        os.kill(_worker._POOL._busy[0].pid, signal.SIGKILL)

    threading.Thread(target=kill).start()
    lost(workbook, "signal 9")
    assert len(read(workbook, cache=False)) == 12


def test_child_that_hangs(workbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(workbook, cache=False)
    os.kill(child().pid, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(_worker, "CPU_SECONDS", 1)
        patch.setattr(_worker, "WALL_FACTOR", 1)
        lost(workbook, "no answer", "within 1 s")
    assert len(read(workbook, cache=False)) == 12


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="address space limits need Linux")
def test_memory_limit(workbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(workbook, cache=False)
    pages = int(Path(f"/proc/{child().pid}/statm").read_text().split()[0])
    big = files.write_national(workbook.with_name("KOR_NIOT_nov16.xlsx"))
    with monkeypatch.context() as patch:
        patch.setattr(_worker, "MEMORY_BYTES", pages * os.sysconf("SC_PAGESIZE") + (1 << 22))
        patch.setattr(_worker, "MEMORY_PER_BYTE", 0)
        with pytest.raises(ResourceError, match="out of memory"):
            scan(big, cache=False)
    assert len(scan(big, cache=False)) == 15


def test_a_lower_limit_of_ours_is_the_one_named(
    workbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1 << 29, 1 << 30))
    limit = _worker._limits(workbook)["memory"]
    assert limit == 1 << 29
    assert "within 0.5 GiB. Raise the limit" in str(_worker._out_of_memory("x", limit))


def test_processor_time_limit(workbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big = files.write_national(workbook.with_name("KOR_NIOT_nov16.xlsx"))
    with monkeypatch.context() as patch:
        patch.setattr(_worker, "CPU_SECONDS", 0)
        patch.setattr(_worker, "CPU_SECONDS_PER_MEGABYTE", 0)
        patch.setattr(_worker, "_limits", without_wall(_worker._limits))
        with pytest.raises(ResourceError, match="processor time"):
            scan(big, cache=False)
    assert len(scan(big, cache=False)) == 15


def without_wall(limits):
    return lambda path: {**limits(path), "wall": 60}


def test_result_too_big_to_write(workbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(_worker, "WRITTEN_BYTES", 100)
        with pytest.raises(ResourceError, match="room for the arrays"):
            read(workbook, cache=False)
    assert len(read(workbook, cache=False)) == 12


def test_a_fault_of_ours_is_said_to_be_one(workbook: Path, tmp_path: Path) -> None:
    with pytest.raises(ServioError, match=r"ModuleNotFoundError.*fault of servio") as caught:
        _worker.extract("no_such_reader", workbook, tmp_path)
    assert caught.value.exit_code == EXIT_BUG
    assert child().alive


def test_children_end_with_their_parent(workbook: Path) -> None:
    read(workbook, cache=False)
    worker = child()
    assert worker._process.stdin is not None
    worker._process.stdin.close()
    assert worker._process.wait(timeout=20) == 0


@pytest.mark.parametrize("event", ["socket.connect", "subprocess.Popen", "os.system"])
def test_readers_use_no_network_and_start_nothing(event: str) -> None:
    with pytest.raises(PermissionError, match=event):
        _worker._refuse(event, ())
    _worker._refuse("open", ("file", "r", 0))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_starts_children_of_its_own(workbook: Path, tmp_path: Path) -> None:
    read(workbook, cache=False)
    parents = child().pid
    answer = tmp_path / "answer"
    pid = os.fork()
    if pid == 0:
        read(workbook, cache=False)
        answer.write_text(str(child().pid))
        _worker.stop_all()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert int(answer.read_text()) != parents
    assert child().pid == parents and child().alive
    np.testing.assert_array_equal(read(workbook, cache=False).V[0], 2.0)


def test_two_threads_share_the_children(workbook: Path) -> None:
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(len(read(workbook, cache=False))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [12] * 4
