"""Intervals of measures: do they hold the truth, what do draws cost, and when is linear enough?

Usage: python benchmarks/uncertainty.py [--tables 200] [--draws 99] [--countries 20]
                                        [--industries 30]

Coverage: each table of the model world is a truth; the published table is one draw about it, with
known noise, and its interval should hold the truth as often as its level says. Industries of one
table err together, so the standard error shown is that of the mean over tables.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from dataclasses import astuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from servio.measure import MEASURES, interval
from servio.sources.model import model_world
from servio.table import Noise, perturbed

NOISE = Noise(domestic=0.1, imported=0.2, final_demand=0.1, value_added=0.05)
COVERED = ("service_input_share", "production_inducement", "upstreamness", "service_content")
LINEAR = (
    ("service_input_coefficient", {}),
    ("service_input_coefficient", {"total": True}),
    ("service_input_share", {}),
    ("production_inducement", {}),
    ("production_inducement", {"origin": "total"}),
    ("output_multiplier", {}),
)


def coverage(tables: int, draws: int) -> None:
    print(f"Coverage on {tables} tables of 2 countries x 8 industries, noise {NOISE.text}")
    print(f"{'measure':28}{'method':14}{'level':>6}{'held':>8}{'s.e.':>7}")
    for name in COVERED:
        methods = ("monte_carlo", "linear") if name in dict(LINEAR) else ("monte_carlo",)
        held: dict[tuple[str, float], list[float]] = {}
        for seed in range(tables):
            truth = model_world(seed=seed, countries=2, industries=8, years=1).table(2000)
            at = MEASURES[name].function(truth).values
            published = perturbed(truth, NOISE, seed=10_000 + seed)
            for method in methods:
                for level in (0.8, 0.95):
                    found = interval(name, published, noise=NOISE, draws=draws, level=level,
                                     method=method)  # fmt: skip
                    known = ~np.isnan(found.low)
                    inside = (found.low <= at) & (at <= found.high)
                    held.setdefault((method, level), []).append(inside[known].mean())
        for (method, level), shares in held.items():
            error = np.std(shares) / len(shares) ** 0.5
            print(f"{name:28}{method:14}{level:6.2f}{np.mean(shares):8.3f}{error:7.3f}")


def comparison(countries: int, industries: int, draws: int) -> None:
    table = model_world(seed=1, countries=countries, industries=industries, years=1).table(2000)
    print(f"\nLinear beside {draws} draws on {table!r}")
    print("median over rows; a sample of draws alone moves sd by "
          f"{1 / (2 * draws) ** 0.5:.1%} and its ends by more")  # fmt: skip
    print(f"{'measure':40}{'noise':>6}{'sd ratio':>10}{'ends apart':>11}{'draws s':>9}"
          f"{'linear s':>9}{'ratio':>7}")  # fmt: skip
    for name, options in LINEAR:
        for scale in (0.2, 1.0, 3.0):
            noise = Noise(*(scale * one for one in astuple(NOISE)))
            begun = time.process_time()
            drawn = interval(name, table, noise=noise, draws=draws, **options)
            middle = time.process_time()
            found = interval(name, table, noise=noise, method="linear", **options)
            end = time.process_time()
            ratio = np.nanmedian(found.sd / drawn.sd)
            gap = np.abs([found.low - drawn.low, found.high - drawn.high]) / drawn.sd
            text = " ".join([name, *(f"{k}={v}" for k, v in options.items())])
            print(f"{text:40}{noise.domestic:6.2f}{ratio:10.3f}{np.nanmedian(gap):8.2f} sd"
                  f"{middle - begun:9.2f}{end - middle:9.3f}"
                  f"{(middle - begun) / (end - middle):7.0f}")  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB; the table alone {table.Z.nbytes / 2**20:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--draws", type=int, default=99)
    parser.add_argument("--countries", type=int, default=20)
    parser.add_argument("--industries", type=int, default=30)
    asked = parser.parse_args()
    if asked.tables:
        coverage(asked.tables, asked.draws)
    comparison(asked.countries, asked.industries, asked.draws)


if __name__ == "__main__":
    main()
