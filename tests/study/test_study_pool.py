"""Workers that die, and scripts that call a study at their top level."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from servio import study
from servio.errors import EXIT_RESOURCE, ResourceError
from servio.study import _pool
from servio.study._engine import Job, outcomes
from servio.study._plan import Step
from servio.study._pool import Processes

TEXT = """
study.title = "Small"
tables = [{path = "model:countries=3,industries=30,years=2"}]
measures = [{name = "service_input_share", by = "manufacturing"}]
"""


@dataclass(frozen=True)
class Deadly(Step):
    """A step that ends the worker which receives it, as often as the file beside it allows."""

    lives: str = ""

    def __setstate__(self, state: dict[str, Any]) -> None:
        lives = Path(state["lives"])
        left = int(lives.read_text())
        if left:
            lives.write_text(str(left - 1))
            os._exit(9)
        self.__dict__.update(state)


def jobs(folder: Path, deaths: int) -> tuple[study.Plan, list[Job]]:
    planned = study.plan(study.parse(TEXT, "small.toml", Path()))
    lives = folder / "lives"
    lives.write_text(str(deaths))
    first = planned.steps[0]
    deadly = Deadly(first.key, first.label, first.inputs, first.base, str(lives))
    steps = (deadly, *planned.steps[1:])
    return planned, [Job(step, folder / str(i)) for i, step in enumerate(steps)]


def test_the_step_of_a_dead_worker_is_taken_again(tmp_path: Path) -> None:
    planned, work = jobs(tmp_path, deaths=2)
    found = dict(outcomes(work, planned.calls, None, Processes(2)))
    assert {step.key for step in found} == {step.key for step in planned.steps}


@pytest.mark.parametrize("hands", [1, 2])
def test_a_step_that_ends_three_workers_is_named_when_the_others_are_done(
    tmp_path: Path, hands: int
) -> None:
    planned, work = jobs(tmp_path, deaths=9)
    found = []
    with pytest.raises(ResourceError, match=r"model WORLD 2000:.*3 times.*code 9") as error:
        for step, _ in outcomes(work, planned.calls, None, Processes(hands)):
            found.append(step.label)
    assert found == [step.label for step in planned.steps[1:]]
    assert Path(tmp_path / "lives").read_text() == "6"
    assert error.value.exit_code == EXIT_RESOURCE


def test_a_worker_that_dies_between_two_jobs_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned, work = jobs(tmp_path, deaths=0)
    told, failures = _pool._told, []

    def deaf_once(worker: _pool._Worker, job: Job | None) -> bool:
        if job is not None and not failures:
            failures.append(job)
            worker.process.kill()
            worker.process.join()
        return told(worker, job)

    monkeypatch.setattr(_pool, "_told", deaf_once)
    more = [Job(job.step, tmp_path / f"again-{i}") for i, job in enumerate(work)]
    taken = outcomes([*work, *more], planned.calls, None, Processes(2))
    found = [step.key for step, _ in taken]
    assert failures
    assert sorted(found) == sorted([step.key for step in planned.steps] * 2)


SCRIPT = """
from pathlib import Path
from servio import study

print("top level")
file = study.parse({text!r}, "small.toml", Path())
print(len(study.run(file, {out!r}, workers=2).results()))
"""


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(text=TEXT, out=str(tmp_path / "out")))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["top level", "6"], done.stderr
