"""Is no interaction rejected as seldom as it should be, and do limits hold for three species?

Usage: python benchmarks/symbiosis_simulated.py [--series 200] [--draws 199]

First, pairs of series made without interaction: how often p is below 0.05 where the kind is
identified, and how often it would be where it is not (no p is given there; it is that of
`interaction_f`). Then three species with planted effects: how often 95 % limits hold each of them,
by the delta method and by the bootstrap (minutes).
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from servio.simulate import SymbiosisFits, fit_symbioses, lotka_volterra

Array = npt.NDArray[np.float64]

NULLS = (
    ("independent errors of 3 %", 15, 0.03, 0.0),
    ("independent errors of 3 %", 30, 0.03, 0.0),
    ("independent errors of 1 %", 30, 0.01, 0.0),
    ("errors of 3 % correlated by 0.8", 15, 0.03, 0.8),
    ("random walks with drift", 15, 0.06, 1.0),
)
EFFECTS = np.array([[0, 0.2, -0.3], [-0.2, 0, 0.1], [0.15, 0.2, 0]])
NAMES = ("A", "B", "C")


def without_interaction(times: int, size: float, rho: float, seed: int) -> Array:
    """Two series (times, 2) of logistic growth with errors, or two random walks."""
    rng = np.random.default_rng(seed)
    if rho == 1:
        walk: Array = 100 * np.exp(np.cumsum(rng.normal(0.05, size, (times, 2)), axis=0))
        return walk
    t, errors = np.arange(float(times)), rng.normal(0, size, (times, 2))
    errors[0] /= np.sqrt(1 - rho**2)
    for k in range(1, times):
        errors[k] += rho * errors[k - 1]
    grown = np.column_stack([100 / (1 + 4 * np.exp(-0.35 * t)), 60 / (1 + 2 * np.exp(-0.25 * t))])
    return np.asarray(grown * np.exp(errors))


def fitted(series: dict[str, Array], names: tuple[str, ...]) -> SymbiosisFits:
    frames = [
        pd.DataFrame(x, columns=[*names]).assign(country=name, year=range(len(x)))
        for name, x in series.items()
    ]
    return fit_symbioses(pd.concat(frames), species=names)


def rejected(times: int, size: float, rho: float, number: int) -> str:
    made = {f"s{k:04}": without_interaction(times, size, rho, 1000 + k) for k in range(number)}
    counts = {True: [0, 0], False: [0, 0]}
    for fit in fitted(made, NAMES[:2]).fits.values():
        count = counts[fit.symbioses()[0].kind != "not identified"]
        count[0] += stats.f.sf(fit.interaction_f, 2, 2 * times - len(fit.theta)) < 0.05
        count[1] += 1
    return "  ".join(f"{a:4} of {b:4}" for a, b in counts.values())


def held(fits: SymbiosisFits) -> str:
    places = [(i, j) for i in range(3) for j in range(3) if i != j]
    ends = np.array(
        [[fit.estimate(f"d[{NAMES[i]} from {NAMES[j]}]")[1:] for i, j in places]
         for fit in fits.fits.values()]
    )  # fmt: skip
    planted = np.array([EFFECTS[place] for place in places])
    inside = ((ends[..., 0] <= planted) & (planted <= ends[..., 1])).mean(axis=0)
    each = ", ".join(f"{100 * share:.1f}" for share in inside)
    return f"{100 * inside.mean():.1f} % of {ends[..., 0].size}; by effect {each}"


def three_species(number: int) -> SymbiosisFits:
    model = lotka_volterra([0.5, 0.4, 0.6], [100.0, 60.0, 80.0], EFFECTS, names=NAMES)
    states = model.trajectory([5.0, 20.0, 60.0], np.arange(30.0)).states
    made = {
        f"s{k:04}": states * np.exp(0.01 * np.random.default_rng(500 + k).standard_normal((30, 3)))
        for k in range(number)
    }
    return fitted(made, NAMES)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=200, help="of each sort")
    parser.add_argument("--draws", type=int, default=199, help="of the bootstrap; 0: without")
    asked = parser.parse_args()
    print(f"{'p < 0.05 without interaction':46}{'identified':>14}{'not':>14}")
    for name, times, size, rho in NULLS:
        print(f"{name}, {times} times".ljust(46), rejected(times, size, rho, asked.series))
    fits = three_species(asked.series)
    print("95 % limits hold what is planted in three species:\n  delta method", held(fits))
    if asked.draws:
        print("  parametric bootstrap", held(fits.bootstrap(draws=asked.draws, seed=1)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
