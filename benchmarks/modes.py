"""Modes of manufacturing and services: what is planted in model worlds is found again.

Usage: python benchmarks/modes.py [--seeds N] [--wiod PATH]

Prints planted against found modes, summed over the seeds, with all evidence and with what tables
alone give (no own-account cost, no secondary output), with the noise of the default world and
without any; how far confidence says how often the mode is right; and the time for one detection
and a map of rolling windows. With `--wiod`, the 43 national series of WIOD 2016.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import pandas as pd

from servio import explain, measure, sources
from servio.sources.model import model_world

UNIT = ["country", "industry", "group"]
PARTS = ("own_account", "secondary")


def measured(table, *, accounts: bool) -> list[pd.DataFrame]:
    """Rows of every measure that is evidence, of one table."""
    asked = {"grouping": "kiet"}
    found = [
        measure.service_input_share(table, **asked),
        measure.service_input_share(table, **asked, origin="domestic"),
        measure.outsourcing(table, **asked),
        measure.service_input_coefficient(table, **asked),
        measure.convergence_rate(table, **asked, mutual="mean"),
        measure.convergence_rate(table, **asked, mutual="mean", origin="domestic"),
        measure.structural_similarity(table, **asked),
        measure.structural_similarity(table, **asked, kind="overlap"),
    ]
    if accounts:
        names = [n for n in table.satellites if n.partition(":")[0] in PARTS]
        found += [measure.account(table, of=name) for name in ("output", *names)]
    return [one.to_frame() for one in found]


def planted(seed: int, noise: float, *, accounts: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Modes found in a world, with those planted, and the evidence."""
    world = model_world(seed=seed, noise=noise)
    frame = pd.concat([f for y in range(2000, 2016)
                       for f in measured(world.table(y), accounts=accounts)])  # fmt: skip
    truth = world.truth.to_frame("mode").rename(columns={"service_group": "group"})
    codes = sorted(truth["industry"].unique())
    found = explain.modes(explain.as_results(frame), industries=codes)
    both = found.table.merge(truth[[*UNIT, "mode"]], on=UNIT, suffixes=("", "_planted"))
    assert len(both) == len(truth)
    return both, found.evidence


def worlds(seeds: int) -> None:
    for noise in (1.0, 0.0):
        for accounts in (True, False):
            parts = [planted(seed, noise, accounts=accounts)[0] for seed in range(seeds)]
            both = pd.concat(parts)
            right = both["mode"] == both["mode_planted"]
            what = "all evidence" if accounts else "tables alone"
            print(f"\nnoise {noise:g}, {what}, {seeds} worlds: {right.mean():.2%} right")
            print(pd.crosstab(both["mode_planted"], both["mode"]).to_string())
            bins = pd.cut(both["confidence"], [0, 0.5, 0.7, 0.9, 0.99, 1.0], include_lowest=True)
            print(right.groupby(bins, observed=True).agg(["mean", "size"]).round(3).to_string())
            lines = both.groupby("mode_planted")["confidence"].mean().round(3).to_dict()
            print("mean confidence by planted mode", lines)


def wiod(path: Path) -> None:
    dataset = sources.scan(path, source="wiod2016")
    begun = time.perf_counter()
    tables = [dataset.table(entry) for entry in dataset.entries]
    read = time.perf_counter()
    frames = [f for table in tables for f in measured(table, accounts=False)]
    frame = pd.concat(frames, ignore_index=True)
    made = time.perf_counter()
    _, weights = tables[0].weights("manufacturing")
    codes = [c for c, w in zip(tables[0].axis.codes, weights[0], strict=True) if w > 0]
    results = explain.as_results(frame)
    found = explain.modes(results, industries=codes)
    detected = time.perf_counter()
    windows = explain.mode_map(results, industries=codes)
    mapped = time.perf_counter()
    print(f"\n{len(tables)} tables read {read - begun:.1f} s, measured {made - read:.1f} s; "
          f"{len(found.table)} units detected {detected - made:.1f} s; "
          f"{len(windows)} in windows {mapped - detected:.1f} s")  # fmt: skip
    print(found.table["mode"].value_counts().to_string())
    print(found.table.groupby("mode")["confidence"].mean().round(3).to_dict())
    print(pd.crosstab(found.table["group"], found.table["mode"]).to_string())
    print(explain.transitions(windows).round(3).to_string())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--wiod", type=Path)
    asked = parser.parse_args()
    if asked.seeds:
        worlds(asked.seeds)
    if asked.wiod:
        wiod(asked.wiod)


if __name__ == "__main__":
    main()
