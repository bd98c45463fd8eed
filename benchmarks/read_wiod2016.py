"""First and cached read of the WIOD 2016 national tables, beside pandas with openpyxl.

Usage: python benchmarks/read_wiod2016.py FOLDER [--all]

FOLDER holds the published ``XXX_NIOT_nov16.xlsx``. The baseline reads two of the workbooks and is
scaled to all of them; ``--all`` reads them all. Processor time includes the child processes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASELINE_FILES = 2


def measured(what: str, folder: str, cache: str) -> dict[str, float]:
    """Run one step in a process of its own; seconds of wall and processor, MiB at the peak."""
    command = [sys.executable, __file__, folder, "--step", what]
    env = {**os.environ, "SERVIO_CACHE": cache, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def step(what: str, folder: Path) -> dict[str, float]:
    begun = time.perf_counter()
    if what == "servio":
        tables = _servio(folder)
    else:
        tables = _pandas(sorted(folder.glob("*.xlsx"))[: None if what == "all" else BASELINE_FILES])
    wall = time.perf_counter() - begun
    return {"tables": tables, "wall": wall, **_used()}


def _servio(folder: Path) -> int:
    from servio import sources

    return sum(1 for _ in sources.scan(folder).tables())


def _pandas(files: list[Path]) -> int:
    import pandas as pd

    frames = [
        pd.read_excel(file, sheet_name="National IO-tables", header=[0, 1], engine="openpyxl")
        for file in files
    ]
    return sum(len(frame) // 120 for frame in frames)


def _used() -> dict[str, float]:
    import resource

    if "servio.sources._worker" in sys.modules:
        sys.modules["servio.sources._worker"].stop_all()
    here, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    cpu = sum(r.ru_utime + r.ru_stime for r in (here, children))
    return {"cpu": cpu, "parent": here.ru_maxrss / 1024, "child": children.ru_maxrss / 1024}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--step")
    asked = parser.parse_args()
    if asked.step:
        print(json.dumps(step(asked.step, Path(asked.folder))))
        return
    with tempfile.TemporaryDirectory() as cache:
        first = measured("servio", asked.folder, cache)
        again = measured("servio", asked.folder, cache)
        base = measured("all" if asked.all else "some", asked.folder, cache)
    scale = first["tables"] / base["tables"]
    print(f"{'':32}{'tables':>7}{'CPU s':>8}{'wall s':>8}{'peak MiB (parent, child)':>27}")
    for name, run in (("servio, first read", first), ("servio, from the cache", again),
                      ("pandas + openpyxl", base)):  # fmt: skip
        peak = f"{run['parent']:.0f}, {run['child']:.0f}"
        print(f"{name:32}{run['tables']:7.0f}{run['cpu']:8.2f}{run['wall']:8.2f}{peak:>27}")
    whole = base["cpu"] * scale
    how = "" if scale == 1 else f" (scaled from {base['tables']:.0f} tables)"
    print(f"pandas + openpyxl for all {first['tables']:.0f}: {whole:.1f} CPU s{how}")
    print(f"ratio to the first read: {whole / first['cpu']:.1f}; to the cached: "
          f"{whole / again['cpu']:.0f}")  # fmt: skip


if __name__ == "__main__":
    main()
