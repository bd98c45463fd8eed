"""First and cached read of a full-size OECD ICIO table, beside a bare polars read of the bytes.

Usage: python benchmarks/read_icio.py [FILE.csv] [--regions 77]

Without a file, one of the model world in the layout of the 2023 edition is written first (77
regions x 45 industries, about 68 MB). Processor time counts every thread and the child process; the
start of processes and the import of packages are left out on both sides and printed beside. polars
is no dependency: without it the lines of servio are printed alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

RUNS = 3
WAIT = 2.5
"""Seconds after which the store remembers that a file was found whole."""


def used() -> float:
    import resource

    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(r.ru_utime + r.ru_stime for r in both)


def peak() -> dict[str, float]:
    """MiB at the peak of this process and of its largest child."""
    import resource

    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    lines = Path("/proc/self/status").read_text().splitlines()
    parent = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    return {"parent": parent, "child": child}


def timed(work: Callable[[], object]) -> dict[str, float]:
    cpu, wall = used(), time.perf_counter()
    work()
    return {"cpu": used() - cpu, "wall": time.perf_counter() - wall}


def step(what: str, path: Path, small: Path) -> dict[str, float]:
    """One step in this process, which does nothing else."""
    if what == "polars":
        import polars as pl

        return {"start": used(), **timed(lambda: pl.read_csv(path)), **peak()}
    if what == "parse":
        import pyarrow.csv  # noqa: F401

        from servio.sources import icio

        icio.extract(small)
        return {"start": used(), **timed(lambda: icio.extract(path)), **peak()}
    return _read(what, path, small)


def _read(what: str, path: Path, small: Path) -> dict[str, float]:
    from servio.sources import _worker, read

    read(small)

    def work() -> None:
        if what != "start":
            read(path)
        _worker.stop_all()

    found = timed(work)
    return {**found, "start": used() - found["cpu"], **peak()}


def measured(what: str, path: Path, small: Path, cache: str) -> dict[str, float] | None:
    """The step in a process of its own: the best of some runs by processor time."""
    runs = 1 if what in ("start", "first", "checked") else RUNS
    found = []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, __file__, str(path), "--step", what, "--small", str(small)],
            env={**os.environ, "SERVIO_CACHE": cache, "OPENBLAS_NUM_THREADS": "1",
                 "ARROW_DEFAULT_MEMORY_POOL": "system"},
            capture_output=True,
            text=True,
        )  # fmt: skip
        if done.returncode:
            if "No module named 'polars'" in done.stderr:
                return None
            raise SystemExit(done.stderr)
        found.append(json.loads(done.stdout))
    return min(found, key=lambda one: one["cpu"])


def first_read(path: Path, small: Path, folder: str) -> dict[str, float]:
    """Reading with an empty cache: what it takes beyond starting the child and a small file."""
    found = []
    for k in range(RUNS):
        runs = {}
        for what in ("start", "first"):
            runs[what] = measured(what, path, small, f"{folder}/{what}{k}")
        full, base = runs["first"], runs["start"]
        found.append({**full, "cpu": full["cpu"] - base["cpu"], "start": base["cpu"]})
    return min(found, key=lambda one: one["cpu"])


def written(folder: Path, regions: int) -> Path:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    import world_files as files

    world = files.icio_world(regions).rounded(2)
    name = "2020_SML.csv" if regions > 3 else "2019_SML.csv"
    return files.write_text(folder / name, files.icio_text(world))


def report(path: Path, small: Path, folder: str) -> None:
    from servio.sources import read

    size = path.stat().st_size / 1e6
    polars = measured("polars", path, small, folder)
    parse = measured("parse", path, small, folder)
    first = first_read(path, small, folder)
    cache = f"{folder}/first0"
    time.sleep(WAIT)
    checked = measured("checked", path, small, cache)
    again = measured("again", path, small, cache)
    os.environ["SERVIO_CACHE"] = cache
    table = read(path)
    arrays = (table.Z, table.Y, table.V, table.Vy, table.x)
    array = sum(a.nbytes for a in arrays if a is not None) / 2**20
    print(f"{path.name}: {size:.0f} MB, {len(table)} industries, arrays of {array:.0f} MiB\n")
    print(f"{'':44}{'CPU s':>7}{'wall s':>8}{'peak MiB':>10}{'start CPU s':>13}")
    for name, run, memory in (
        ("polars.read_csv", polars, "parent"),
        ("servio, the reader alone", parse, "parent"),
        ("servio, first read (child, hashes, cache)", first, "child"),
        ("servio, from the cache, hash checked", checked, "parent"),
        ("servio, from the cache, known to be whole", again, "parent"),
    ):
        if run is None:
            print(f"{name:44}{'not installed':>25}")
            continue
        print(f"{name:44}{run['cpu']:7.3f}{run['wall']:8.3f}{run[memory]:10.0f}"
              f"{run['start']:13.2f}")  # fmt: skip
    print()
    if polars is not None:
        for name, run in (("the reader alone", parse), ("first read", first)):
            print(f"{name}: {run['cpu'] / polars['cpu']:.2f} x polars (at most 1.5)")
    print(f"peak: {parse['parent'] / array:.2f} x the arrays in the reader, "
          f"{first['child'] / array:.2f} x in the child (at most 2.5)")  # fmt: skip
    print(f"from the cache: {again['wall'] * 1e3:.0f} ms (at most 50)")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--regions", type=int, default=77)
    parser.add_argument("--step")
    parser.add_argument("--small", type=Path)
    asked = parser.parse_args()
    if asked.step:
        print(json.dumps(step(asked.step, asked.file, asked.small)))
        return
    with tempfile.TemporaryDirectory() as folder:
        small = written(Path(folder), 3)
        report(asked.file or written(Path(folder), asked.regions), small, folder)


if __name__ == "__main__":
    main()
