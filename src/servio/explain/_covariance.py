"""Covariances of coefficients: sandwiches of scores, with their small-sample corrections in words.

References
----------
White (1980), Econometrica 48, 817-838 (hetero); MacKinnon and White (1985), Journal of
Econometrics 29, 305-325 (HC3); Liang and Zeger (1986), Biometrika 73, 13-22 (clusters); Cameron,
Gelbach and Miller (2011), Journal of Business & Economic Statistics 29, 238-249 (two-way);
Newey and West (1987), Econometrica 55, 703-708; Driscoll and Kraay (1998), Review of Economics
and Statistics 80, 549-560. Presets: the page on standard errors of fixest's documentation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from servio.errors import LabelError, NumericalError, UsageError
from servio.explain._design import Design

__all__ = [
    "PRESETS",
    "Correction",
    "correction",
    "effect_leverages",
    "effective_clusters",
    "meat",
    "parameters",
    "sandwich",
    "with_leverages",
]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

PRESETS = ("fixest", "stata", "none")
LARGEST_LEVERAGE_ARRAY = 50_000_000
"""Cells of the array of indicators that leverages of several fixed effects need."""


@dataclass(frozen=True)
class Correction:
    """A factor on the sandwich, degrees of freedom, and both in words.

    Parameters
    ----------
    factor : float
    df : float
        Of the t distribution; ``inf`` for the normal one.
    parameters : int
        Coefficients and all fixed effects: n less this are the degrees of freedom of residuals.
    words : str
    counted : tuple of str
        Fixed effects whose levels the factor counts.
    """

    factor: float
    df: float
    parameters: int
    words: str
    counted: tuple[str, ...] = ()


def parameters(design: Design, coefficients: int) -> int:
    """Coefficients and levels of fixed effects, less one for each effect after the first."""
    sizes = [int(codes.max()) + 1 for codes in design.effects.values()]
    return coefficients + sum(sizes) - max(len(sizes) - 1, 0)


def correction(design: Design, coefficients: int, ssc: str) -> Correction:
    """The small-sample correction of a preset for the covariance of a design.

    ``fixest``: K counts coefficients and fixed effects, but for clustered errors none that are
    nested in a cluster (one constant instead, as xtreg and reghdfe do). ``stata``: K counts all
    of them, as areg does. Both: (N − 1)/(N − K) × G/(G − 1) with the smaller G of two clusters,
    and T periods for G in Driscoll-Kraay and Newey-West errors; N/(N − K) for hetero; t with
    G − 1, T − 1 or N − K. ``none``: no factor, normal distribution. HC3 never has a factor.
    """
    kind, n = design.vcov.kind, len(design.outcome)
    full = parameters(design, coefficients)
    words = _kind_in_words(design)
    groups = _groups(design)
    if ssc == "none":
        return Correction(1.0, np.inf, full, f"{words}; ssc none: no correction, normal")
    df = float(n - full if groups is None else groups - 1)
    if kind == "HC3":
        return Correction(1.0, df, full, f"{words}; no further correction, t with {df:g} df")
    used, counted = full, tuple(design.effects)
    told = ", all fixed effects counted" if counted else ""
    if kind == "cluster" and ssc == "fixest":
        nested = [
            name
            for name, codes in design.effects.items()
            if _nested(codes, design.clusters.values())
        ]
        if nested:
            levels = design.levels
            used = full - sum(levels[name] for name in nested) + len(nested)
            counted = tuple(name for name in counted if name not in nested)
            told = f", {' and '.join(nested)} not counted: nested in clusters"
    factor = n / (n - used) if kind in ("iid", "hetero") else (n - 1) / (n - used)
    formula = {"iid": "N/(N−K)", "hetero": "N/(N−K) (HC1)"}.get(kind, "(N−1)/(N−K)")
    if groups is not None:
        letter = "G" if kind == "cluster" else "T"
        factor *= groups / (groups - 1)
        formula += f" × {letter}/({letter}−1), {letter} = {groups}"
    words = f"{words}; ssc {ssc}: {formula}, K = {used}{told}, t with {df:g} df"
    return Correction(factor, df, full, words, counted)


def sandwich(
    design: Design, scores: Array, bread: Array, rss: float, told: Correction
) -> tuple[Array, tuple[str, ...]]:
    """Covariance (k, k), and a note where it had to be made positive."""
    if design.vcov.kind == "iid":
        return bread * (rss / len(scores) * told.factor), ()
    V = told.factor * (bread @ meat(design, scores) @ bread)
    V = (V + V.T) / 2
    if len(design.clusters) < 2:
        return V, ()
    scale = np.sqrt(np.diag(bread))
    values, vectors = np.linalg.eigh(V / np.outer(scale, scale))
    if values.min() >= -1e-12 * np.abs(values).max():
        return V, ()
    fixed = (vectors * np.maximum(values, 0)) @ vectors.T * np.outer(scale, scale)
    note = (
        "two-way clusters: the covariance had a negative eigenvalue, set to zero "
        "(Cameron, Gelbach and Miller 2011)"
    )
    return fixed, (note,)


def meat(design: Design, scores: Array) -> Array:
    """Sum of outer products of scores, inside clusters or with neighbours in time, (k, k)."""
    vcov = design.vcov
    if vcov.kind == "cluster":
        codes = list(design.clusters.values())
        found = _clustered(scores, codes[0])
        if len(codes) == 2:
            both = np.unique(codes[0] * (int(codes[1].max()) + 1) + codes[1], return_inverse=True)
            found = found + _clustered(scores, codes[1]) - _clustered(scores, both[1])
        return found
    if vcov.kind == "driscoll_kraay":
        assert design.times is not None
        periods, codes_of_time = np.unique(design.times, return_inverse=True)
        return _kernel(_sums(scores, codes_of_time), np.zeros_like(periods), periods, vcov.lags)
    if vcov.kind == "newey_west":
        assert design.times is not None
        one = np.zeros(len(scores), dtype=np.intp)
        return _kernel(
            scores, one if design.entities is None else design.entities, design.times, vcov.lags
        )
    return np.asarray(scores.T @ scores, dtype=np.float64)


def effective_clusters(X: Array, bread: Array, codes: Codes) -> Array:
    """How many clusters of one size each coefficient rests on, (k,).

    With γ_g = b_j' X_g'X_g b_j, b_j row j of (X'X)⁻¹, the share of cluster g in the variance of
    coefficient j under independent errors: (Σγ)² / Σγ² (Carter, Schnepel and Steigerwald 2017,
    Review of Economics and Statistics 99, 698-709, not re-read: their G/(1+Γ) is this number).
    """
    squares = (X @ bread) ** 2
    shares = np.column_stack([np.bincount(codes, column) for column in squares.T])
    found: Array = shares.sum(axis=0) ** 2 / (shares**2).sum(axis=0)
    return found


def effect_leverages(design: Design) -> Array:
    """Leverage of each row that is due to the fixed effects, (n,)."""
    n = len(design.outcome)
    if not design.effects:
        return np.zeros(n)
    w = np.ones(n) if design.weights is None else design.weights
    first, *others = sorted(design.effects.values(), key=lambda codes: -int(codes.max()))
    totals = np.bincount(first, w)
    leverages = np.asarray(w / totals[first], dtype=np.float64)
    if not others:
        return leverages
    width = sum(int(codes.max()) + 1 for codes in others)
    if n * width > LARGEST_LEVERAGE_ARRAY:
        raise UsageError("vcov HC3", found=f"{width} levels beside the largest fixed effect",
                         expected=f"at most {LARGEST_LEVERAGE_ARRAY // n}",
                         remedy='Choose "hetero" or clusters.')  # fmt: skip
    D = np.column_stack(
        [codes[:, None] == np.arange(int(codes.max()) + 1) for codes in others]
    ).astype(np.float64)
    means = _sums(D * w[:, None], first) / totals[:, None]
    D = (D - means[first]) * np.sqrt(w)[:, None]
    left, singular, _ = np.linalg.svd(D, full_matrices=False)
    basis = left[:, singular > 1e-10 * singular[0]]
    return leverages + np.asarray((basis**2).sum(axis=1), dtype=np.float64)


def with_leverages(scores: Array, leverages: Array) -> Array:
    """Scores over 1 − leverage, for HC3; a row that only fits itself has none."""
    alone = leverages > 1 - 1e-10
    if alone.any():
        raise NumericalError("vcov HC3", found=f"{int(alone.sum())} rows with leverage 1",
                             expected="no row that a coefficient fits by itself",
                             remedy='Choose "hetero", or leave the rows out.')  # fmt: skip
    return scores / (1 - leverages)[:, None]


def _groups(design: Design) -> int | None:
    if design.vcov.kind == "cluster":
        return min(int(codes.max()) + 1 for codes in design.clusters.values())
    if design.vcov.kind in ("driscoll_kraay", "newey_west"):
        assert design.times is not None
        periods = len(np.unique(design.times))
        if periods < 2:
            raise UsageError(f"vcov {design.vcov.kind}", found="one period",
                             expected="several", remedy="Choose clusters.")  # fmt: skip
        span = int(design.times.max() - design.times.min()) + 1
        if design.vcov.lags >= span:
            raise UsageError(f"vcov {design.vcov.kind}",
                             found=f"{design.vcov.lags} lags in {span} periods",
                             expected=f"at most {span - 1}: no two rows are further apart",
                             remedy="Choose fewer lags.")  # fmt: skip
        return periods
    return None


def _kind_in_words(design: Design) -> str:
    vcov = design.vcov
    if vcov.kind == "cluster":
        counts = [f"{name} ({int(codes.max()) + 1})" for name, codes in design.clusters.items()]
        return f"clustered by {' and '.join(counts)}"
    return {
        "iid": "iid",
        "hetero": "heteroskedasticity-robust",
        "HC3": "heteroskedasticity-robust (HC3)",
        "driscoll_kraay": f"Driscoll-Kraay, Bartlett kernel, {vcov.lags} lags",
        "newey_west": f"Newey-West, Bartlett kernel, {vcov.lags} lags",
    }[vcov.kind]


def _nested(codes: Codes, clusters: Iterable[Codes]) -> bool:
    """Whether every level lies in one cluster, for one of the clusterings."""
    size = int(codes.max()) + 1
    for cluster in clusters:
        pairs = np.unique(codes * (int(cluster.max()) + 1) + cluster)
        if len(pairs) == size:
            return True
    return False


def _sums(scores: Array, codes: Codes) -> Array:
    found = np.zeros((int(codes.max()) + 1, scores.shape[1]))
    np.add.at(found, codes, scores)
    return found


def _clustered(scores: Array, codes: Codes) -> Array:
    sums = _sums(scores, codes)
    return np.asarray(sums.T @ sums, dtype=np.float64)


def _kernel(
    scores: Array, entities: npt.NDArray[np.integer], times: npt.NDArray[np.int64], lags: int
) -> Array:
    """Outer products of rows of one entity up to `lags` of time apart, with Bartlett weights.

    A row pairs with the one at exactly that distance: a gap in time is a gap.
    """
    span = int(times.max() - times.min()) + lags + 1
    keys = entities.astype(np.int64) * span + (times - times.min())
    order = np.argsort(keys, kind="stable")
    rising, sorted_scores = keys[order], scores[order]
    if (rising[1:] == rising[:-1]).any():
        raise LabelError("vcov newey_west", found="two rows of one entity and time",
                         expected="one", remedy='Name the entity: panel="country".')  # fmt: skip
    found = sorted_scores.T @ sorted_scores
    for lag in range(1, lags + 1):
        at = np.minimum(np.searchsorted(rising, rising - lag), len(rising) - 1)
        there = rising[at] == rising - lag
        product = sorted_scores[there].T @ sorted_scores[at[there]]
        found = found + (1 - lag / (lags + 1)) * (product + product.T)
    return np.asarray(found, dtype=np.float64)
