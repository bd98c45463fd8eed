"""What it costs to spread a study: this process, the process pool and Dask, on the model world.

Usage: python benchmarks/scale_out.py [--workers N]

Two studies: many small steps, where the executor is all there is to pay for, and few large ones.
Each run has a process of its own. Processor time includes the workers; *over serial* is what the
executor adds. The last line is the rate of one core in the LU of a world table, from which
`docs/scaling.md` reckons times.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STUDY = """
study.title = "Scale out"
tables = [{{path = "model:countries={countries},industries={industries},years={years}"}}]
measures = [{{name = "service_input_coefficient", total = true, by = "manufacturing"}}]
"""
STUDIES = {
    "200 steps, n = 90": {"countries": 3, "industries": 30, "years": 200},
    "12 steps, n = 1,800": {"countries": 60, "industries": 30, "years": 12},
}
EXECUTORS = ("serial", "pool", "Dask, started", "Dask, running")
RATE_SIZE = 3465
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def measured(*what: str) -> dict[str, float]:
    """Run one step in a process of its own."""
    command = [sys.executable, __file__, "--step", *what]
    done = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run_study(study: str, executor: str, workers: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        if executor == "Dask, running":
            return _on_running(study, workers, folder)
        how = {"serial": {"workers": 1}, "pool": {"workers": workers}}
        settings = how.get(executor, {"workers": workers, "scheduler": "local"})
        return _timed(study, settings, folder)


def _on_running(study: str, workers: int, folder: str) -> dict[str, float]:
    import distributed

    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=0
    ) as cluster:
        return _timed(study, {"scheduler": cluster.scheduler_address}, folder)


def _timed(text: str, settings: dict[str, object], folder: str) -> dict[str, float]:
    from servio import study

    begun = time.perf_counter()
    study.run(study.parse(text, "scale.toml", Path()), folder, progress=False, **settings)
    return {"wall": time.perf_counter() - begun}


def _used() -> dict[str, float]:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    here, largest = (one.ru_maxrss / 1024 for one in both)
    return {"cpu": sum(u.ru_utime + u.ru_stime for u in both), "here": here, "largest": largest}


def rate() -> dict[str, float]:
    """Floating-point operations a second of one core in the LU of a dense matrix."""
    import numpy as np
    from scipy.linalg import lu_factor

    matrix = np.eye(RATE_SIZE) - np.random.default_rng(0).random((RATE_SIZE,) * 2) / RATE_SIZE / 2
    begun = time.process_time()
    lu_factor(matrix)
    return {"rate": 2 / 3 * RATE_SIZE**3 / (time.process_time() - begun)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--step", nargs="+")
    asked = parser.parse_args()
    if asked.step and asked.step[0] == "rate":
        print(json.dumps(rate()))
        return
    if asked.step:
        study, executor, workers = asked.step
        found = run_study(STUDY.format(**STUDIES[study]), executor, int(workers))
        print(json.dumps(found | _used()))
        return
    for study in STUDIES:
        print(f"{study}; {asked.workers} workers")
        print(f"  {'':16}{'wall s':>8}{'CPU s':>8}{'over serial, CPU s':>20}"
              f"{'peak MiB (parent, worker)':>28}")  # fmt: skip
        base = 0.0
        for executor in EXECUTORS:
            run = measured(study, executor, str(asked.workers))
            base = base or run["cpu"]
            over = run["cpu"] - base
            peak = f"{run['here']:.0f}, {run['largest']:.0f}"
            print(f"  {executor:16}{run['wall']:8.2f}{run['cpu']:8.2f}{over:20.2f}{peak:>28}")
    speed = measured("rate")["rate"]
    print(f"LU of one core, n = {RATE_SIZE}: {speed / 1e9:.1f} Gflop/s")


if __name__ == "__main__":
    main()
