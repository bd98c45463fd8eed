"""Do intervals of symbiosis hold what is planted as often as they say? How long does a fit take?

Usage: python benchmarks/symbiosis.py [--seeds 20] [--draws 199] [--countries 12] [--study FOLDER]

Each seed is a model world of 12 economies and 16 years: value added of manufacturing and services
is measured in its tables, and fitted. Limits are those that chance exceeds in one of 1,000 cases
(binomial, economies independent); * is beyond them.

With --study, the folder of a finished study with `account` of value added by sectors, projections
are held against the years they have not seen instead: the last three.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
import pandas as pd
from scipy import stats

from planted_symbiosis import PARAMETERS, SECTORS, against, sector_series
from servio.errors import NumericalError
from servio.progress import bar
from servio.simulate import SymbiosisFits, fit_symbioses
from servio.sources.model import model_world
from servio.study import open_store

NOMINAL = 0.95


def one_seed(seed: int, countries: int, draws: int) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Planted against estimated by kind of interval, kinds of symbiosis, and seconds of the fit."""
    world = model_world(seed=seed, countries=countries)
    data = sector_series(world)
    begun = time.process_time()
    found = fit_symbioses(data)
    seconds = time.process_time() - begun
    runs = {"delta method": found}
    for kind in ("parametric", "residual") if draws else ():
        runs[f"{kind} bootstrap"] = found.bootstrap(kind, draws=draws, seed=seed)  # type: ignore[arg-type]
    rows = [against(world, fits).assign(intervals=name) for name, fits in runs.items()]
    return (
        pd.concat(rows).assign(seed=seed),
        kinds(world.truth.to_frame("symbiosis"), found),
        seconds,
    )


def kinds(planted: pd.DataFrame, found: SymbiosisFits) -> pd.DataFrame:
    """Planted kind, what the fit says, and whether it is among the possible ones."""
    rows = planted.merge(
        found.summary(), left_on="country", right_on="entity", suffixes=("_planted", "")
    )
    among = [kind in possible.split("; ") for kind, possible in
             zip(rows["kind_planted"], rows["possible"], strict=True)]  # fmt: skip
    return rows[["country", "kind_planted", "kind", "likeliest", "interaction_p"]].assign(
        among=among
    )


def line(name: str, rows: pd.DataFrame) -> None:
    defined = rows[rows["defined"]]
    n, held = len(defined), float(defined["held"].mean())
    low, high = stats.binom.ppf([0.0005, 0.9995], n, NOMINAL) / n
    mark = " " if low <= held <= high else "*"
    print(f"{name:40}{100 * held:7.1f}{mark} [{100 * low:.1f}, {100 * high:.1f}]"
          f"{100 * rows['defined'].mean():10.1f}")  # fmt: skip


def held_out(folder: Path, draws: int, hold: int = 3) -> None:
    """Projections of the last years of a study's countries, against what came and simple rules."""
    rows = open_store(folder).results("account", of="value_added", by="sectors")
    wide = rows.pivot(index=["country", "year"], columns="industry", values="value")
    data = wide[[*SECTORS]].reset_index()
    years = sorted(data["year"].unique())
    early = data[data["year"] < years[-hold]]
    fits = fit_symbioses(early)
    banded = fits.bootstrap(draws=draws)
    errors, inside, lost = [], [], 0
    for name, fit in fits.fits.items():
        own = data[data["country"] == name].set_index("year")[[*SECTORS]]
        seen, came = own.to_numpy()[:-hold], own.to_numpy()[-hold:]
        grown = (seen[-1] / seen[0]) ** (np.arange(1, hold + 1)[:, None] / (len(seen) - 1))
        try:
            found = banded.fits.get(name, fit).project(years[-hold:])
        except NumericalError:
            lost += 1
            continue
        rules = {"fitted equations": found.path, "as in the last year": seen[-1] + 0 * came,
                 "mean growth goes on": seen[-1] * grown}  # fmt: skip
        errors.append({k: np.abs(np.log(came / v)).mean() for k, v in rules.items()})
        if name in banded.fits:
            within = (found.observed_lower <= came) & (came <= found.observed_upper)
            inside.append(within.mean())
    print(f"{len(fits.fits)} countries fitted to {years[0]} - {years[-hold - 1]}; {lost} blow up "
          f"before {years[-1]}; {len(inside)} have a band, which holds "
          f"{100 * np.mean(inside):.0f} % of what came\n"
          "Median over countries of the mean absolute error, logarithms:\n"
          f"{pd.DataFrame(errors).median().round(3).to_string()}")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--countries", type=int, default=12)
    parser.add_argument("--draws", type=int, default=199, help="of the bootstrap; 0: without")
    parser.add_argument("--study", type=Path, help="folder of a finished study")
    asked = parser.parse_args()
    if asked.study:
        held_out(asked.study, asked.draws)
        return 0
    found = []
    with bar("Symbiosis", asked.seeds) as done:
        for seed in range(asked.seeds):
            found.append(one_seed(seed, asked.countries, asked.draws))
            done()
    rows, names = pd.concat([f[0] for f in found]), pd.concat([f[1] for f in found])
    print(f"{'95 % intervals hold what is planted':40}{'%':>7}  [chance]   defined, %")
    for intervals, part in rows.groupby("intervals", sort=False):
        line(str(intervals), part)
        for parameter in PARAMETERS:
            line(f"  {parameter}", part[part["parameter"] == parameter])
    table = pd.crosstab(names["kind_planted"], names["kind"])
    print("\nPlanted kind (rows) and kind found (columns)\n" + table.to_string())
    settled = names[~names["kind"].str.contains("open|undetermined|not identified")]
    right = (settled["kind"] == settled["kind_planted"]).mean()
    print(f"\nkind settled in {len(settled)} of {len(names)}, right in {100 * right:.1f} %; "
        f"planted kind among the possible "
          f"{100 * names['among'].mean():.1f} %")  # fmt: skip
    none = names[names["kind_planted"] == "neutralism"]["interaction_p"].dropna()
    rejected = f"{100 * (none < 0.05).mean():.1f} % of {len(none)}"
    print(f"no interaction rejected at 5 % where there is none, kind identified: {rejected}")
    seconds = np.array([f[2] for f in found])
    print(f"fit of {asked.countries} economies: {np.median(seconds):.2f} CPU s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
