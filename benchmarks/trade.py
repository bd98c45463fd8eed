"""Decompositions of trade against one inverse and one LU of the same matrix, on model worlds.

Usage: python benchmarks/trade.py [--quick] [--sizes 77x45 ...] [--pymrio]

Processor seconds with one BLAS thread, each row in a process of its own with only Z, Y and x
loaded; the median of three runs, in turn with the others; ratio to the baseline of the same
size in the same run; peak memory of the process, libraries and table included, also in multiples
of Z, and what the row added. With --pymrio, which must be installed, the four accounts of value
added and its origin by industry and country of final demand, side by side.
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

SIZES = ("44x56", "77x45", "81x50", "49x163")
QUICK = ("44x20",)
LARGE = 6000  # rows; beyond, country accounts and positions only
REPEATS = 3

# row, baseline, most of it that the aim allows
ROWS = (
    ("lu", "lu", None),
    ("inverse", "inverse", None),
    ("everything", "inverse", 1.6),
    ("positions", "lu", None),
    ("accounts", "lu", 2.0),
    ("contributions", "lu", 1.0),
    ("extractions", "lu", None),
    ("scenario", "lu", 0.05),
)
PYMRIO_ROWS = (
    ("pymrio_accounts", "pymrio_accounts", None),
    ("footprints", "pymrio_accounts", 1 / 4),
    ("pymrio_origin", "pymrio_origin", None),
    ("origin", "pymrio_origin", 1 / 8),
)
LARGE_ROWS = (("lu", "lu", None), ("accounts", "lu", 1.4), ("positions", "lu", None))


def lu(table):
    """One factorisation of I - A, A given."""
    import numpy as np
    from scipy.linalg import lu_factor

    A = table.coefficients()
    begun = time.process_time()
    lu_factor(np.eye(len(table)) - A)
    return begun


def inverse(table):
    """LU and getri of I - A, A given, with the workspace that lets getri work in blocks."""
    import numpy as np
    from scipy.linalg import lapack

    A = table.coefficients()
    begun = time.process_time()
    factor, pivots, _ = lapack.dgetrf(np.eye(len(table)) - A)
    room, _ = lapack.dgetri_lwork(len(table))
    lapack.dgetri(factor, pivots, lwork=int(room), overwrite_lu=1)
    return begun


def everything(table):
    """From Z and Y: all exporters by importers by industries."""
    from servio import measure
    from servio.algebra import trade
    from servio.measure._countries import system

    begun = time.process_time()
    world = system(table, "")
    trade.wang_wei_zhu(world)
    trade.borin_mancini(world)
    trade.origin_of_exports(world)
    trade.value_added_exported(world)
    trade.value_added_absorbed(world)
    measure.upstreamness(table)
    measure.downstreamness(table)
    measure.production_inducement(table)
    measure.value_added_inducement(table)
    measure.service_content(table)
    measure.service_content_of_exports(table)
    return begun


def positions(table):
    """From Z and Y: upstreamness and downstreamness, corrected for changes in inventories."""
    from servio import measure

    begun = time.process_time()
    measure.upstreamness(table, inventory="net")
    measure.downstreamness(table, inventory="net")
    return begun


def accounts(table):
    """From Z and Y: accounts of every country's exports, no inverse."""
    from servio import measure

    begun = time.process_time()
    measure.export_decomposition(table, by="economy")
    measure.value_added_trade(table, by="economy")
    return begun


def contributions(table):
    """Contributor by origin by destination, L given."""
    from servio.algebra import trade
    from servio.measure._countries import system

    world = system(table, "")
    world.exports, world.v, table.leontief().inverse
    begun = time.process_time()
    for part in trade.contributions(world):
        part.sum()
    return begun


def extractions(table):
    """Loss from taking out every single industry, L given; the aim is 0.05 s."""
    from servio import algebra

    leontief = table.leontief()
    leontief.inverse.sum()
    begun = time.process_time()
    algebra.extraction_totals(leontief, table.x)
    return begun


def scenario(table):
    """New output when ten columns of A change, the factor given."""
    import numpy as np

    from servio import algebra

    leontief = table.leontief()
    columns = np.arange(10) * (len(table) // 10)
    changed = leontief.A[:, columns] * 1.1
    y = table.Y.sum(axis=1)
    begun = time.process_time()
    algebra.updated_solve(leontief, columns, changed, y)
    return begun


def footprints(table):
    """From Z and Y: value added by consumption, production, imports and exports."""
    from servio import measure

    begun = time.process_time()
    for form in ("consumption", "production", "imports", "exports"):
        measure.footprint(table, form=form)
    return begun


def origin(table):
    """From Z and Y: value added of each industry by country of final demand."""
    from servio import measure

    begun = time.process_time()
    measure.value_added_trade(table)
    return begun


def pymrio_system(table, diagonal):
    import pandas as pd
    import pymrio

    axis, demand = (
        pd.MultiIndex.from_arrays([a.countries, a.codes], names=["region", name])
        for a, name in ((table.axis, "sector"), (table.demand, "category"))
    )
    F = pd.DataFrame(table.value_added[None, :], index=["value added"], columns=axis)
    system = pymrio.IOSystem(
        Z=pd.DataFrame(table.Z, axis, axis), Y=pd.DataFrame(table.Y, axis, demand)
    )
    unit = pd.DataFrame({"unit": ["USD"]}, index=F.index)
    system.va = pymrio.Extension("va", F=F, unit=unit)
    if diagonal:
        system.va = system.va.diag_stressor("value added", name="va")
    return system


def pymrio_accounts(table):
    """The same four accounts: pymrio's calc_all."""
    system = pymrio_system(table, diagonal=False)
    begun = time.process_time()
    system.calc_all()
    return begun


def pymrio_origin(table):
    """The same origin: calc_all with one extension row an industry."""
    system = pymrio_system(table, diagonal=True)
    begun = time.process_time()
    system.calc_all()
    return begun


def make(size: str, folder: Path) -> None:
    """Arrays of one model world, and its labels, on disk."""
    import numpy as np

    from servio import model_world

    countries, industries = map(int, size.split("x"))
    world = model_world(seed=1, countries=countries, industries=industries, years=1)
    table = next(world.tables())
    for name in ("Z", "Y", "V", "x"):
        np.save(folder / f"{name}.npy", getattr(table, name))
    labels = {"countries": table.axis.country_names, "codes": table.axis.code_names,
              "demand": table.demand.code_names, "roles": table.demand_roles,
              "primary": table.primary, "primary_roles": table.primary_roles}  # fmt: skip
    (folder / "labels.json").write_text(json.dumps(labels))


def loaded(folder: Path):
    """The table from disk, without the generator's memory."""
    import numpy as np

    from servio.classify import Grouping
    from servio.table import Axis, IOTable, TableInfo

    labels = json.loads((folder / "labels.json").read_text())
    arrays = {name: np.load(folder / f"{name}.npy") for name in ("Z", "Y", "V", "x")}
    for array in arrays.values():
        array.setflags(write=False)  # as those of every table that was read
    codes = labels["codes"]
    services = Grouping.custom("services", {"services": tuple(codes[len(codes) // 2 :])})
    return IOTable(
        **arrays, axis=Axis.world(labels["countries"], codes),
        demand=Axis.world(labels["countries"], labels["demand"]),
        demand_roles=tuple(labels["roles"]), primary=tuple(labels["primary"]),
        primary_roles=tuple(labels["primary_roles"]), groups={"services": services},
        info=TableInfo("model", 2000, "WORLD", flows="world", synthetic=True), trusted=True,
    )  # fmt: skip


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def step(what: str, folder: Path) -> dict[str, float]:
    import servio.measure  # noqa: F401, its import is no part of the row

    table = loaded(folder)
    before = peak()
    begun = globals()[what](table)
    return {
        "cpu": time.process_time() - begun,
        "peak": peak(),
        "matrices": peak() / table.Z.nbytes,
        "added": (peak() - before) / table.Z.nbytes,
    }


def run(*arguments: str) -> str:
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout


def compare(size: str, pymrio: bool) -> None:
    countries, industries = map(int, size.split("x"))
    rows = LARGE_ROWS if countries * industries > LARGE else ROWS
    if pymrio:
        rows = PYMRIO_ROWS
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        run("--make", size, "--folder", folder)
        runs = [
            {what: json.loads(run("--step", what, "--folder", folder)) for what, _, _ in rows}
            for _ in range(REPEATS)
        ]
        for what, baseline, most in rows:
            took = sorted((one[what] for one in runs), key=lambda one: one["cpu"])[REPEATS // 2]
            found[what] = took["cpu"]
            ratio = took["cpu"] / found[baseline]
            aim = "" if most is None else f"  aim <= {most:.3g}: {'yes' if ratio <= most else 'NO'}"
            print(
                f"{size:>7} {what:<15} {took['cpu']:7.2f} s CPU  {ratio:5.3f} x {baseline:<15}"
                f" peak {took['peak'] / 2**20:6.0f} MiB = {took['matrices']:.2f} Z"
                f" (+{took['added']:.2f}){aim}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small table")
    parser.add_argument("--sizes", nargs="+", default=SIZES, metavar="GxN")
    parser.add_argument("--pymrio", action="store_true", help="side by side with pymrio")
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(given.make, given.folder)
    elif given.step:
        print(json.dumps(step(given.step, given.folder)))
    else:
        for size in QUICK if given.quick else given.sizes:
            compare(size, given.pymrio)


if __name__ == "__main__":
    main()
