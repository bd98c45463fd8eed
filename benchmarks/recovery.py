"""Are planted effects and trends found at the level intervals claim, and nothing where none is?

Usage: python benchmarks/recovery.py [--seeds 200] [--quick] [--workers 2] [--draws 499]

Each seed is a model world of 12 economies, 30 industries and 16 years. It goes the way of a study:
measures, panel, estimate. A second world of another seed has no effects at all. Limits are those
that chance exceeds in one of 1,000 cases (binomial); * is beyond them. What it found is in
docs/explain.md.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
import pandas as pd
from scipy import stats

from planted_panels import (
    CLUSTERS,
    EFFECTIVE,
    Rate,
    against,
    coverage,
    findings,
    formula,
    panel_of,
    planted_effects,
    shuffled,
    trends,
)
from servio.explain import Panel, estimate, wild_bootstrap
from servio.explain._covariance import effective_clusters
from servio.explain._design import build_design, sweep
from servio.explain._qr import least_squares
from servio.progress import bar
from servio.sources.model import model_world

NO_EFFECT = 10_000
ERRORS: Mapping[str, Any] = {
    "hetero": "hetero",
    "HC3": "HC3",
    "iid": "iid",
    "clusters: industries of a country": CLUSTERS,
    "two ways: industries of a country, and years": {"cluster": ["country:industry", "year"]},
    "clusters: countries (12)": {"cluster": "country"},
    "Newey-West, 2 lags": {"newey_west": 2},
    "Driscoll-Kraay, 2 lags": {"driscoll_kraay": 2},
}
MAIN, CLUSTERED = "hetero", "clusters: industries of a country"
EFFECTIVE_T = "industries, t with effective clusters less 1"
SAME_YEAR, SHUFFLED = "shares of the same year", "shares of another industry"
WILD = (("it", "high"), ("business", "low"), ("finance", "high"), ("trade", "low"))
BY = {"wild bootstrap, industries, 4 terms": "country:industry",
      "wild bootstrap, countries (12), 4 terms": "country"}  # fmt: skip


def one_seed(seed: int, draws: int) -> tuple[pd.DataFrame, ...]:
    """Effects, those of a world without, trends and bootstrapped intervals of one seed."""
    world = model_world(seed=seed)
    planted = planted_effects(world)
    panel = panel_of(world)
    runs = {
        name: against(planted, estimate(formula(), panel, vcov=vcov))
        for name, vcov in ERRORS.items()
    }
    runs[EFFECTIVE_T] = _effective(runs[CLUSTERED], panel)
    runs[SAME_YEAR] = against(planted, estimate(formula(lagged=False), panel, vcov=CLUSTERS))
    runs[SHUFFLED] = against(planted, estimate(formula(), shuffled(panel), vcov=CLUSTERS))
    empty = model_world(seed=NO_EFFECT + seed, effect=0.0)
    nothing, there = planted_effects(empty), panel_of(empty)
    none = {
        name: against(nothing, estimate(formula(), there, vcov=ERRORS[name]))
        for name in (MAIN, CLUSTERED)
    }
    wild = {name: _wild(planted, panel, by, draws) for name, by in BY.items() if draws}
    slopes = trends(world, panel)
    return tuple(frame.assign(seed=seed) for frame in (_stack(runs | wild), _stack(none), slopes))


def _stack(runs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([rows.assign(errors=name) for name, rows in runs.items()])


def _effective(found: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """The clustered intervals with degrees of freedom of each coefficient's own."""
    design = build_design(formula(), panel, vcov=CLUSTERS)
    swept = sweep(design)
    bread = least_squares(swept.regressors, swept.outcome).bread
    (codes,) = design.clusters.values()
    numbers = effective_clusters(swept.regressors, bread, codes)
    by_term = dict(zip((name.removesuffix("_lag") for name in design.names), numbers, strict=True))
    effective = found["term"].map(by_term)
    half = stats.t.ppf(0.975, effective - 1) * found["std_error"]
    p = 2 * stats.t.sf(found["t"].abs(), effective - 1)
    return found.assign(held=found["error"].abs() <= half, p=p, effective=effective)


def _wild(planted: pd.DataFrame, panel: Panel, cluster: str, draws: int) -> pd.DataFrame:
    oriented = planted["economy"] == "service_oriented"
    chosen = [key in WILD for key in zip(planted["group"], planted["technology"], strict=True)]
    rows = planted[oriented & np.array(chosen)]
    found = [
        wild_bootstrap(formula(), panel, f"{term}_lag", cluster=cluster, draws=draws)
        for term in rows["term"]
    ]
    lower, upper = (np.array([getattr(one, end) for one in found]) for end in ("lower", "upper"))
    held = (lower <= rows["planted"]) & (rows["planted"] <= upper)
    return rows.assign(lower=lower, upper=upper, p=[one.p for one in found], held=held)


# -- report ----------------------------------------------------------------------------------------


def show(effects: pd.DataFrame, none: pd.DataFrame, slopes: pd.DataFrame) -> None:
    """Print every planted coefficient, then what is pooled."""
    main = effects[effects["errors"] == MAIN]
    print(f"Each coefficient, errors {MAIN}; standard errors and their limits over seeds")
    _each(main)
    print("\n95 % intervals that hold what is planted, all coefficients, in %")
    for errors, rows in effects.groupby("errors", sort=False):
        _line(str(errors), coverage(rows["held"]), rows["held"], rows["seed"])
    effective = effects["effective"].dropna()
    low, middle = effective.quantile([0.05, 0.5])
    print(f"effective clusters of a coefficient: median {middle:.0f}, 5 in 100 below {low:.0f}")
    for name in (MAIN, CLUSTERED):
        print(f"\nFound at 5 % where nothing is planted, errors {name}, in %")
        rows = effects[(effects["errors"] == name) & (effects["planted"] == 0)]
        acts = rows["group"].isin(EFFECTIVE)
        empty = none[(none["errors"] == name) & (none["group"] != "")]
        for words, chosen in (
            ("finance, logistics, telecom, trade, other", rows[~acts]),
            ("it, business, rd: classes without effect", rows[acts]),
            ("all groups, worlds without effects", empty),
        ):
            _line(words, findings(chosen["p"]), chosen["p"] < 0.05, chosen["seed"])
    print("\nSlopes of service shares: 95 % intervals that hold what is planted, in %")
    services, flat = slopes["group"] == "services", slopes["planted"] == 0
    for words, chosen in (
        ("all services of an industry", slopes[services]),
        ("one group, a slope planted", slopes[~services & ~flat]),
        ("one group, none planted", slopes[~services & flat]),
    ):
        _line(words, coverage(chosen["held"]), chosen["held"], chosen["seed"])


def _each(main: pd.DataFrame) -> None:
    print(f"{'group':9}{'technology':11}{'economy':23}{'planted':>8}{'bias':>9}{'s.e.':>8}"
          f"{'spread':>8}{'error':>8}  held, % [limits]")  # fmt: skip
    for _, rows in main.groupby("term", sort=False):
        first, spread = rows.iloc[0], rows["error"].std()
        print(f"{first['group'] or first['term']:9}{first['technology']:11}{first['economy']:23}"
              f"{first['planted']:8.2f}{rows['error'].mean():9.4f}{spread / len(rows)**0.5:8.4f}"
              f"{spread:8.4f}{rows['std_error'].mean():8.4f}{coverage(rows['held'])}")  # fmt: skip


def _line(words: str, rate: Rate, counted: pd.Series, seeds: pd.Series) -> None:
    by_seed = counted.groupby(seeds).mean()
    error = 100 * by_seed.std() / len(by_seed) ** 0.5
    print(f"{words:46}{rate}  s.e. {error:.2f}  of {rate.trials:,}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="20 seeds")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--draws", type=int, default=499, help="of the wild bootstrap; 0: without")
    asked = parser.parse_args()
    seeds = range(20 if asked.quick else asked.seeds)
    print(f"Seeds {seeds.start} to {seeds.stop - 1}; without effects {NO_EFFECT} to "
          f"{NO_EFFECT + seeds.stop - 1}; * beyond what chance exceeds once in 1,000")  # fmt: skip
    with ProcessPoolExecutor(asked.workers) as pool, bar("worlds", len(seeds)) as step:
        waiting = [pool.submit(one_seed, seed, asked.draws) for seed in seeds]
        for one in as_completed(waiting):
            one.result()
            step()
    parts = zip(*(one.result() for one in waiting), strict=True)
    show(*(pd.concat(part, ignore_index=True) for part in parts))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(one.ru_utime + one.ru_stime for one in used)
    print(f"\nCPU {seconds:.0f} s, {seconds / len(seeds):.2f} s a seed; "
          f"peak {max(one.ru_maxrss for one in used) / 1024:.0f} MiB a process")  # fmt: skip


if __name__ == "__main__":
    main()
