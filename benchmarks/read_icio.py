"""First and cached read of a full-size world table, beside a bare polars read of the bytes.

Usage: python benchmarks/read_icio.py [FILE] [--layout icio] [--regions 77]

Without a file, one of the model world is written first: in the layout of OECD ICIO, edition 2023
(``icio``: 77 regions x 45 industries, about 68 MB; ``extended``: China and Mexico in parts) or 2025
(``icio2025``: 81 x 50, extended), of ``figaro`` (46 x 64) or of WIOD 2016 (``wiot``: 44 x 56, a
binary workbook, which polars reads by way of fastexcel). FILE is one in that layout. Processor time
counts every thread and the child process; the start of processes and the import of packages are
left out on both sides and printed beside. polars is no dependency: without it the lines of servio
are printed alone.
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
from functools import partial
from pathlib import Path

RUNS = 3
REGIONS = {"icio": 77, "extended": 77, "icio2025": 81, "figaro": 46, "wiot": 44}


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

        if path.suffix == ".xlsb":
            import fastexcel  # noqa: F401

            bare = partial(pl.read_excel, path, has_header=False)
        else:
            bare = partial(pl.read_csv, path)
        return {"start": used(), **timed(bare), **peak()}
    if what == "parse":
        from servio.sources import _registry

        reader = _registry.reader(_registry.recognise(path) or "icio")
        reader.extract(small)
        return {"start": used(), **timed(lambda: reader.extract(path)), **peak()}
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
    runs = 1 if what in ("start", "first", "new") else RUNS
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
            if "No module named" in done.stderr and what == "polars":
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


def written(folder: Path, layout: str, regions: int | None) -> Path:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    import world_files as files

    count = regions or REGIONS[layout]
    if layout == "figaro":
        text = files.figaro_text(files.figaro_world(count).rounded(3))
        return files.write_text(folder / "matrix_eu-ic-io_ind-by-ind_24ed_2022.csv", text)
    if layout == "wiot":
        cells = files.wiot_cells(files.wiot_world(count))
        return files.write_xlsb(folder / "WIOT2014_Nov16_ROW.xlsb", cells)
    edition = "2025" if layout == "icio2025" else "2023"
    industries = "isic4_oecd50" if layout == "icio2025" else "isic4_oecd45"
    text = files.icio_text(
        files.icio_world(count, industries).rounded(2),
        edition=edition,
        split=() if layout == "icio" else ("CHN", "MEX"),
    )
    return files.write_text(folder / "2020.csv", text)


def report(path: Path, small: Path, folder: str) -> None:
    from servio.sources import read

    size = path.stat().st_size / 1e6
    polars = measured("polars", path, small, folder)
    parse = measured("parse", path, small, folder)
    first = first_read(path, small, folder)
    cache = f"{folder}/first0"
    new = measured("new", path, small, cache)
    again = measured("again", path, small, cache)
    os.environ["SERVIO_CACHE"] = cache
    table = read(path)
    arrays = (table.Z, table.Y, table.V, table.Vy, table.x)
    array = sum(a.nbytes for a in arrays if a is not None) / 2**20
    print(f"{path.name}: {size:.0f} MB, {len(table)} industries, arrays of {array:.0f} MiB\n")
    print(f"{'':44}{'CPU s':>7}{'wall s':>8}{'peak MiB':>10}{'start CPU s':>13}")
    for name, run, memory in (
        ("polars", polars, "parent"),
        ("servio, the reader alone", parse, "parent"),
        ("servio, first read (child, hashes, cache)", first, "child"),
        ("servio, from the cache, first opening", new, "parent"),
        ("servio, from the cache, again", again, "parent"),
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
    print(f"from the cache: {new['wall'] * 1e3:.0f} ms the first time, "
          f"{again['wall'] * 1e3:.0f} ms again (at most 50)")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--layout", choices=REGIONS, default="icio")
    parser.add_argument("--regions", type=int)
    parser.add_argument("--step")
    parser.add_argument("--small", type=Path)
    asked = parser.parse_args()
    if asked.step:
        print(json.dumps(step(asked.step, asked.file, asked.small)))
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "small").mkdir()
        small = written(Path(folder) / "small", asked.layout, 4)
        path = asked.file or written(Path(folder), asked.layout, asked.regions)
        report(path, small, folder)


if __name__ == "__main__":
    main()
