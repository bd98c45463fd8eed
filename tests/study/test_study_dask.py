"""A study on a Dask cluster: the same store, dead workers, refused workers, no cluster at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from servio import study
from servio.cli import main
from servio.errors import EXIT_INPUT, EXIT_RESOURCE, InputError, ResourceError
from servio.study import _dask, _gather, _run
from servio.study._dask import LOCAL, Dask
from servio.study._engine import Job, outcomes
from servio.study._plan import Step, versions

distributed = pytest.importorskip("distributed", reason="needs the extra cluster")

QUIET = {"dashboard_address": "127.0.0.1:0", "memory_limit": 0, "silence_logs": 50}
TEXT = """
study.title = "Small"
study.base_year = 2000
tables = [{path = "model:countries=3,industries=30,years=5"}]
measures = [{name = "service_input_share", by = "manufacturing"}]
"""


def parse() -> study.StudyFile:
    return study.parse(TEXT, "small.toml", Path())


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        memory_limit=0,
        silence_logs=50,
    ) as made:
        yield made


@pytest.fixture
def address(cluster: Any) -> str:
    """The cluster's address, all workers being there again."""
    with distributed.Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    return str(cluster.scheduler_address)


@dataclass(frozen=True)
class Watched(Step):
    """A step that notes the worker which receives it, and may end or hold it there."""

    log: str = ""
    deaths: int = 0
    pause: float = 0.0

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if os.getpid() == int(Path(self.log, "parent").read_text()):
            return
        notes = Path(self.log, "pids")
        with notes.open("a") as file:
            file.write(f"{os.getpid()}\n")
        if len(notes.read_text().split()) <= self.deaths:
            os._exit(9)
        time.sleep(self.pause)


def jobs(folder: Path, **settings: Any) -> tuple[study.Plan, list[Job], Path]:
    """The jobs of the small study, its first step being watched."""
    planned = study.plan(parse())
    log = folder / "log"
    log.mkdir()
    (log / "parent").write_text(str(os.getpid()))
    first = planned.steps[0]
    watched = Watched(first.key, first.label, first.inputs, first.base, str(log), **settings)
    steps = (watched, *planned.steps[1:])
    return planned, [Job(step, folder / str(i)) for i, step in enumerate(steps)], log / "pids"


def public(folder: Path) -> dict[str, bytes]:
    names = [*_gather.FILES, "study.toml", "provenance.json"]
    return {name: (folder / name).read_bytes() for name in names}


def test_the_store_is_the_same_whoever_takes_the_steps(tmp_path: Path, address: str) -> None:
    study.run(parse(), tmp_path / "serial", workers=1)
    study.run(parse(), tmp_path / "pool", workers=2)
    study.run(parse(), tmp_path / "dask", scheduler=address)
    for other in ("pool", "dask"):
        assert public(tmp_path / other) == public(tmp_path / "serial")
        kept = {path.name for path in (tmp_path / other / "objects").glob("??/*")}
        assert kept == {path.name for path in (tmp_path / "serial" / "objects").glob("??/*")}


def test_a_local_cluster_is_made_for_a_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store = study.run(parse(), tmp_path, workers=1, scheduler=LOCAL)
    assert len(store.results()) == 15
    assert capfd.readouterr().err == ""
    assert study.run(parse(), tmp_path, scheduler=LOCAL).messages == (_run.NOTHING,)


def test_a_killed_worker_costs_its_step_only(tmp_path: Path, address: str) -> None:
    planned, work, log = jobs(tmp_path, pause=1.0)

    def kill() -> None:
        while not log.exists() or not log.read_text().endswith("\n"):
            time.sleep(0.01)
        os.kill(int(log.read_text()), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    found = [step.key for step, _ in outcomes(work, planned.calls, 2000, Dask(address, 2))]
    killer.join()
    assert len(set(log.read_text().split())) == 2
    assert found[-1] == planned.steps[0].key
    assert sorted(found) == sorted(step.key for step in planned.steps)


def test_a_step_that_ends_three_workers_is_named_when_the_others_are_done(
    tmp_path: Path, address: str
) -> None:
    planned, work, log = jobs(tmp_path, deaths=99)
    found = []
    with pytest.raises(ResourceError, match=r"model WORLD 2000:.*3 times.*Dask worker") as error:
        for step, _ in outcomes(work, planned.calls, 2000, Dask(address, 2)):
            found.append(step.key)
    assert sorted(found) == sorted(step.key for step in planned.steps[1:])
    assert len(log.read_text().split()) == 3
    assert error.value.exit_code == EXIT_RESOURCE


def test_a_worker_of_another_version_is_refused(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = versions()
    monkeypatch.setattr(_dask, "versions", lambda: {**ours, "numpy": "9.9"})
    with pytest.raises(InputError, match=f"Dask worker.*numpy {ours['numpy']}, not 9.9"):
        study.run(parse(), tmp_path, scheduler=address)


def test_an_error_of_a_step_names_the_worker(tmp_path: Path, address: str) -> None:
    planned = study.plan(parse())
    first = planned.steps[0].inputs[0]
    gone = replace(first, entry=replace(first.entry, file="gone.toml"), source="generic")
    work = [Job(replace(planned.steps[0], inputs=(gone,)), tmp_path / "part")]
    with pytest.raises(InputError, match=r"gone\.toml, on Dask worker tcp"):
        list(outcomes(work, planned.calls, 2000, Dask(address, 2)))


def test_results_too_large_to_travel_are_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(_dask, "LIMIT", 100)
    planned = study.plan(parse())
    found = _dask._take(planned.steps[0], planned.calls, 2000, versions())
    assert isinstance(found, ResourceError)
    assert "Dask scheduler" in found.message


def test_what_can_not_go_with_a_cluster_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_dask, "CONNECT", 1)
    (tmp_path / "small.toml").write_text(TEXT)
    command = ["study", str(tmp_path / "small.toml"), "--out", str(tmp_path / "out")]
    nobody = ["--scheduler", "tcp://127.0.0.1:1"]
    assert main([*command, *nobody, "--workers", "2"]) == EXIT_INPUT
    assert "has its own workers" in capsys.readouterr().err
    assert main([*command, "--scheduler", "nonsense://x:1"]) == EXIT_INPUT
    assert "no such address" in capsys.readouterr().err
    assert main([*command, "--scheduler", "tls://127.0.0.1:1"]) == EXIT_INPUT
    assert "no keys for TLS" in capsys.readouterr().err
    assert main([*command, *nobody]) == EXIT_RESOURCE
    assert "no scheduler that answers" in capsys.readouterr().err
    assert not (tmp_path / "out" / "provenance.json").exists()


def test_a_cluster_without_workers_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_dask, "PATIENCE", 0.3)
    with (
        distributed.LocalCluster(
            n_workers=0, dashboard_address="127.0.0.1:0", silence_logs=50
        ) as empty,
        pytest.raises(ResourceError, match="no worker"),
    ):
        study.run(parse(), tmp_path, scheduler=empty.scheduler_address)


SCRIPT = """
import os, signal
from pathlib import Path
from servio import study
from servio.study import _run

print("top level", flush=True)
commit = _run._commit
def struck(*args):
    os.killpg(0, signal.SIGINT)
    return commit(*args)
_run._commit = struck
study.run(study.parse({text!r}, "small.toml", Path()), {out!r}, workers=1, scheduler="local")
"""


def test_ctrl_c_stops_a_run_on_a_local_cluster(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(text=TEXT, out=str(tmp_path / "out")))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False,
        start_new_session=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.stdout == "top level\n"
    assert done.stderr.count("Traceback") == 1, done.stderr
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")
    assert not list((tmp_path / "out").glob("tmp-*"))
