"""The whole study of examples/wiod2016.toml from the cache, beside a plain pandas loop.

Usage: python benchmarks/study_wiod2016.py [STUDY.toml] [--workers N]

The baseline computes `service_input_coefficient` (direct and complete), `service_input_share` and
`production_inducement` on a sample of the tables the way a notebook does: labelled frames, an
inverse wherever one is needed, one frame a result, `concat` at the end. Its processor time per
result is scaled to all results of the study. Processor time includes child processes; the memory
peak is that of the largest process and, sampled, of all together.
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

SAMPLE = 10
BASELINE = ("service_input_coefficient", "service_input_share", "production_inducement")
DEFAULT = Path(__file__).parent.parent / "examples" / "wiod2016.toml"


def measured(what: str, study: Path, workers: int, out: str) -> dict[str, float]:
    """Run one step in a process of its own; its figures and the sampled memory of its tree."""
    command = [sys.executable, __file__, str(study), "--workers", str(workers), "--step", what,
               "--out", out]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, sum(map(_proportional, _tree(process.pid))))
            time.sleep(0.05)
        assert process.stdout is not None
        found: dict[str, float] = json.loads(process.stdout.read())
    return {**found, "together": peak}


def _tree(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return [pid]
    return [pid, *(one for child in text.split() for one in _tree(int(child)))]


def _proportional(pid: int) -> float:
    """Memory of a process in MiB, what it shares counted in proportion; 0 where unknown."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(x.split()[1]) / 1024 for x in lines if x.startswith("Pss:")), 0.0)


def step(what: str, file: Path, workers: int, out: Path) -> dict[str, float]:
    from servio import study

    parsed = study.load(file)
    begun, before = time.perf_counter(), _cpu()
    if what == "baseline":
        results, rows = _baseline(parsed)
    else:
        store = study.run(parsed, out, workers=workers, progress=False)
        results = len(parsed.calls) * len(store.audits())
        rows = store.provenance()["rows"]
    used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    largest = max(one.ru_maxrss for one in used) / 1024
    return {
        "wall": time.perf_counter() - begun,
        "cpu": _cpu() - (before if what == "baseline" else 0.0),
        "results": results,
        "rows": rows,
        "largest": largest,
    }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(one.ru_utime + one.ru_stime for one in used)


def _baseline(parsed) -> tuple[int, int]:
    import pandas as pd

    from servio import sources

    dataset = sources.scan(parsed.folder / parsed.tables[0].path, source=parsed.tables[0].source)
    calls = [call for call in parsed.calls if call.name in BASELINE]
    spread = dataset.entries[:: max(1, len(dataset) // SAMPLE)][:SAMPLE]
    members: dict[str, object] = {}
    frames = []
    for entry in spread:
        table = dataset.table(entry)
        for call in calls:
            frames.append(_plain(table, call.name, dict(call.options), members))
            frames[-1].insert(0, "year", entry.year)
            frames[-1].insert(0, "country", entry.country)
            frames[-1]["definition"] = call.definition
    return len(frames), len(pd.concat(frames, ignore_index=True))


def _plain(table, name: str, options: dict, members: dict):
    """One result with labelled frames, as one would write it in a notebook."""
    import numpy as np
    import pandas as pd

    def groups(grouping: str):
        if grouping not in members:
            names, weights = table.weights(grouping)
            members[grouping] = pd.DataFrame(weights, index=names, columns=table.axis.codes)
        return members[grouping]

    codes = list(table.axis.codes)
    flows = pd.DataFrame(table.flows(options["origin"]), index=codes, columns=codes)
    output = pd.Series(table.x, index=codes)
    services, by = groups(options["grouping"]), options["by"]
    coefficients = flows.div(output.replace(0, np.nan), axis=1).fillna(0)
    if name == "service_input_share":
        top, whole = services @ flows, table.flows("total").sum(axis=0)
        bottom = pd.Series(whole, index=codes)
    elif name == "service_input_coefficient" and not options["total"]:
        top, bottom = (services @ coefficients) * output, output
    else:
        inverse = pd.DataFrame(np.linalg.inv(np.eye(len(codes)) - coefficients), codes, codes)
        if name == "service_input_coefficient":
            inverse = inverse - np.eye(len(codes))
        top, bottom = (services @ inverse) * output, output
    if by != "industry":
        users = groups(by)
        top, bottom = top @ users.T, users @ bottom
    shares = top / bottom.replace(0, np.nan)
    long = shares.stack().rename("value").reset_index()
    long.columns = ["group", "industry", "value"]
    long["measure"] = name
    return long


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("study", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--step")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if asked.step:
        print(json.dumps(step(asked.step, asked.study, asked.workers, asked.out)))
        return
    with tempfile.TemporaryDirectory() as out:
        first = measured("study", asked.study, asked.workers, f"{out}/warm")
        run = measured("study", asked.study, asked.workers, f"{out}/study")
        again = measured("study", asked.study, asked.workers, f"{out}/study")
        base = measured("baseline", asked.study, 1, out)
    print(f"{'':34}{'results':>9}{'rows':>9}{'CPU s':>8}{'wall s':>8}{'largest':>9}{'all MiB':>9}")
    runs = {"servio, tables perhaps not cached": first, "servio, from the cache": run,
            "servio, finished before": again, "pandas loop, sample": base}  # fmt: skip
    for name, one in runs.items():
        print(f"{name:34}{one['results']:9.0f}{one['rows']:9.0f}{one['cpu']:8.2f}"
              f"{one['wall']:8.2f}{one['largest']:9.0f}{one['together']:9.0f}")  # fmt: skip
    whole = base["cpu"] / base["results"] * run["results"]
    print(f"pandas loop for all {run['results']:.0f} results: {whole:.0f} CPU s (scaled)")
    print(f"ratio: {whole / run['cpu']:.1f}")


if __name__ == "__main__":
    main()
