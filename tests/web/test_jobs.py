"""The queue: one job for one question, limits, cancelling, and children that die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pyarrow as pa
import pytest

from servio import algebra, study
from servio.errors import InputError, ResourceError, UsageError
from servio.table import IOTable
from servio.table.iotable import Origin
from servio.web import _child, _tasks
from servio.web._jobs import APART, Busy, Cancelled, Job, Jobs, Limits, Task

TEXT = """
study.title = "Queue"
tables = [{path = "model:countries=3,industries=30,years=4"}]
measures = [{name = "service_input_share", grouping = "services", by = "manufacturing"}]
"""
WAIT = 60


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> study.StudyStore:
    folder = tmp_path_factory.mktemp("queue")
    return study.run(study.parse(TEXT, "own.toml", folder), folder / "out", workers=1)


@pytest.fixture(scope="module")
def jobs(store: study.StudyStore) -> Iterator[Jobs]:
    queue = Jobs(store, workers=2)
    queue.start()
    yield queue
    queue.close()


def share(by: str = "economy", **options: str) -> Task:
    settled = tuple(sorted({"by": by, **options}.items()))
    return Task("measure", (("name", "service_input_share"), ("options", settled)))


def answered(job: Job) -> list[study.Recomputed]:
    job.join("test")
    return job.future.result(WAIT)


def test_the_answer_is_what_the_study_would_hold(store: study.StudyStore, jobs: Jobs) -> None:
    job = jobs.submit(share("manufacturing", grouping="services"))
    rows = pa.concat_tables([part.results for part in answered(job)]).to_pandas()
    own = store.results("service_input_share")
    key = ["year", "country", "group"]
    found = rows.astype({"country": str, "group": str}).set_index(key).value.sort_index()
    assert found.tolist() == own.set_index(key).value.sort_index().tolist()
    assert job.of == job.done == 4


def test_one_question_of_many_is_one_job(jobs: Jobs) -> None:
    before = jobs.computed
    found = [jobs.submit(share("technology")) for _ in range(50)]
    assert len({id(job) for job in found}) == 1
    answered(found[0])
    assert jobs.computed == before + 1
    assert jobs.submit(share("technology")) is found[0] and jobs.find(found[0].id) is found[0]


def test_a_wrong_option_is_said_and_not_asked_again(jobs: Jobs) -> None:
    job = jobs.submit(share(origin="mars"))
    with pytest.raises(UsageError, match="origin"):
        answered(job)
    assert jobs.submit(share(origin="mars")) is job


def test_h12_the_queue_is_bounded(store: study.StudyStore) -> None:
    queue = Jobs(store, limits=Limits(queued=2))  # not started: nothing gets done
    first, second = queue.submit(share("a")), queue.submit(share("b"))
    assert queue.submit(share("b")) is second
    with pytest.raises(Busy, match="2 that wait"):
        queue.submit(share("c"))
    assert (first.place, second.place) == (0, 1)


def test_h13_a_job_given_up_for_good_stops_at_once(store: study.StudyStore) -> None:
    job = Jobs(store).submit(share("a"))
    for waiter in ("session", "request", "other"):
        job.join(waiter)
    job.leave("session", for_good=True)
    job.leave("request")
    assert not job.unwanted, "another still waits"
    job.leave("other")
    assert job.unwanted
    job.join("session")
    assert not job.unwanted


def test_h13_a_job_stops_when_nobody_waits_for_a_while(
    store: study.StudyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("servio.web._jobs.PATIENCE", 0.05)
    queue = Jobs(store)
    job = queue.submit(share("a"))
    job.join("one")
    job.join("two")
    job.leave("one")
    time.sleep(0.1)
    assert not job.unwanted and queue.find(job.id) is job
    job.leave("two")
    assert not job.unwanted, "a moment longer"
    time.sleep(0.1)
    assert job.unwanted and queue.find(job.id) is None
    queue.start()
    with pytest.raises(Cancelled):
        job.future.result(WAIT)
    again = queue.submit(share())
    again.join("one")
    assert answered(again)
    queue.close()


def test_a_child_that_dies_fails_its_job_only(store: study.StudyStore) -> None:
    queue = Jobs(store)
    queue.start()
    answered(queue.submit(share()))
    process = queue._hands[0]._process
    assert process is not None and process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(5)
    assert answered(queue.submit(share("technology")))
    queue.close()


class Line:
    """A line to a child that never says a word."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def poll(self, seconds: float) -> bool:
        time.sleep(min(seconds, 0.01))
        return False

    def send(self, what: object) -> None:
        self.sent.append(what)

    def close(self) -> None:
        pass


def test_h12_a_task_that_takes_too_long_is_told_then_ended(
    store: study.StudyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Jobs(store, limits=Limits(seconds=0.05))
    monkeypatch.setattr("servio.web._jobs.GRACE", 0.05)
    line, job = Line(), queue.submit(share())
    job.join("one")
    queue._hands[0]._listen(line, job)  # type: ignore[arg-type]
    assert line.sent == ["cancel"]
    with pytest.raises(ResourceError, match="no answer after"):
        answered(job)
    assert queue.find(job.id) is None, "it may be asked again"


def test_h12_a_child_has_little_memory() -> None:
    code = "from servio.web import _child; _child._limit(1 << 30); bytearray(2 << 30)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 1
    assert "MemoryError" in ended.stderr


def test_h13_a_child_that_is_told_stops_at_the_next_table() -> None:
    ours, theirs = multiprocessing.Pipe()
    tick = _child._tick(theirs)
    tick()
    assert isinstance(ours.recv(), _child.Ticked)
    ours.send(_child.CANCEL)
    with pytest.raises(_child._Unwanted):
        tick()


def test_what_was_brought_is_read_apart(store: study.StudyStore) -> None:
    queue = Jobs(store, workers=2)
    queue.submit(Task("audit_upload", (("upload", "own.csv"),), 0))
    assert all(hand.tasks.empty() for hand in queue._hands)
    assert not queue._apart.tasks.empty()


def test_a_queue_that_ends_takes_no_more(store: study.StudyStore) -> None:
    queue = Jobs(store)
    queue.start()
    queue.close()
    with pytest.raises(ResourceError, match="being stopped"):
        queue.submit(share())


def test_without_tables_it_says_what_to_do(store: study.StudyStore, tmp_path: Path) -> None:
    queue = Jobs(store, tmp_path / "nowhere")
    assert queue.tables is not None, "the model world needs no folder"
    queue.tables, queue.why = None, "no such folder"
    with pytest.raises(InputError, match="--tables"):
        queue.submit(share())
    assert queue.submit(Task("audit_upload", (("upload", "own.csv"),), 0)), "a brought table"


def test_a_long_task_goes_apart_and_needs_no_tables(store: study.StudyStore) -> None:
    queue = Jobs(store)
    queue.tables = None
    queue.start()
    job = queue.submit(Task("claims", holder=APART))
    job.join("somebody")
    assert job.future.result(WAIT)
    assert queue._hands[0].tasks.empty()
    queue.close()


def test_answers_are_kept_within_bounds(store: study.StudyStore) -> None:
    queue = Jobs(store, limits=Limits(kept=2048))
    for number in range(50):
        job = queue.submit(share(f"g{number}"))
        queue._answered(job, 0, [b"x" * 100])
    assert 5 < len(queue._kept) < 20 and queue._held <= 2048


def test_h12_what_somebody_looks_at_is_not_computed_again(store: study.StudyStore) -> None:
    queue = Jobs(store, limits=Limits(kept=0))
    tasks = [Task("x", (("number", n),)) for n in (1, 2)]
    jobs = [queue.submit(task) for task in tasks]
    for job in jobs:
        assert queue._hands[0].tasks.get() is job
        queue._answered(job, 0, "y" * 1024)
    assert len(queue._kept) == 1, "no room for two"
    assert [queue.submit(task) for task in tasks] == jobs
    del jobs[0], job
    assert not queue.submit(tasks[0]).future.done()


def test_tasks_name_their_arguments() -> None:
    assert share("a").id != share("b").id and share("a").id == share("a").id
    assert set(_tasks.TASKS) >= {"measure"}


def test_waiting_from_many_threads_sees_one_answer(jobs: Jobs) -> None:
    found: list[Future[list[object]]] = []
    threads = [
        threading.Thread(target=lambda: found.append(jobs.submit(share("industry")).future))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one.result(WAIT)) for one in found}) == 1


def test_a_table_is_factorised_once_whatever_is_asked_of_it(
    store: study.StudyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop of a child, run in a thread so that what it makes can be counted."""
    made: list[tuple[int, str]] = []
    factorise = IOTable._factorise

    def counted(table: IOTable, origin: Origin) -> algebra.Leontief:
        made.append((table.info.year or 0, origin))
        return factorise(table, origin)

    monkeypatch.setattr(IOTable, "_factorise", counted)
    monkeypatch.setattr(_child, "_limit", lambda memory: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    ours, theirs = multiprocessing.Pipe()
    place = _child.Place(str(store.folder), None)
    thread = threading.Thread(target=_child.serve_tasks, args=(theirs, place, 0, 1, 0))
    thread.start()
    names = ("output_multiplier", "production_inducement", "service_content", "backward_linkage")
    for name in names * 5:
        ours.send(("measure", (("name", name), ("options", ()))))
        while isinstance(said := ours.recv(), _child.Ticked):
            pass
        assert isinstance(said, study.Recomputed), said
    ours.close()
    thread.join(10)
    assert made and len(made) == len(set(made)), "one factor a table and origin"
    assert {year for year, _ in made} == set(store.years)
