"""Wild cluster bootstrap in matrices of clusters: every draw is a product with its weights.

For a term x with others and fixed effects taken out (Frisch, Waugh and Lovell), residuals under
the null b = c are ``u - c x``, linear in c. A draw multiplies the residuals of cluster h by v_h, so

* b* - c is ``d'v / x'x`` with ``d_h = x_h'(u - c x)_h``,
* the scores of the draw's own residuals are ``A v``, where ``A_gh`` is the score in cluster g of
  the residuals of cluster h, projected off all regressors and fixed effects,

and ``t* = d'v / sqrt(factor |A v|^2)``: two products a draw (Roodman, MacKinnon, Nielsen and Webb
2019, Stata Journal 19, 4-60, derive such a form; not re-read).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from servio.errors import LabelError, UsageError
from servio.explain._design import Design, sweep
from servio.explain._formula import parse_columns
from servio.explain._panel import Panel
from servio.explain._qr import least_squares

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "KINDS",
    "Null",
    "Wild",
    "check_draws",
    "cluster_codes",
    "draw_chunks",
    "enumerated",
]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

KINDS = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.concatenate([-np.sqrt([1.5, 1.0, 0.5]), np.sqrt([0.5, 1.0, 1.5])]),
}
"""Values, all equally likely, with mean zero and variance one. Webb's six points are for so few
clusters that 2^G signs are too few different draws."""
CHUNK = 1024
BLOCK = 64
LARGEST_DRAWS = 1_000_000
TIES = 1e-9
"""Relative distance of squared statistics that counts as equal: signs all alike give back t."""


def enumerated(kind: str, clusters: int, draws: int) -> bool:
    """Whether there are no more different draws than are asked for."""
    return kind == "rademacher" and clusters < 62 and 2**clusters <= draws


def draw_chunks(kind: str, clusters: int, draws: int, seed: int) -> Iterator[Array]:
    """Weights of clusters, arrays (at most 1024, clusters).

    All combinations of signs where those are no more than `draws`.
    """
    if enumerated(kind, clusters, draws):
        total = 2**clusters
        for start in range(0, total, CHUNK):
            numbers = np.arange(start, min(start + CHUNK, total))
            signs = (numbers[:, None] >> np.arange(clusters)) & 1
            yield signs.astype(np.float64) * 2 - 1
        return
    generator = np.random.default_rng(seed)
    values = KINDS[kind]
    for start in range(0, draws, CHUNK):
        shape = (min(CHUNK, draws - start), clusters)
        yield values[generator.integers(0, len(values), shape)]


@dataclass(frozen=True, eq=False)
class Null:
    """Numerators and squared errors of all draws, as polynomials of the value under the null."""

    linear: tuple[Array, Array]
    square: tuple[Array, Array, Array]
    length: float
    factor: float

    def numerators(self, c: float) -> Array:
        """Differences b* - c times x'x, shape (B,)."""
        return self.linear[0] - c * self.linear[1]

    def errors(self, c: float) -> Array:
        """Squared standard errors of b* times (x'x)^2, shape (B,)."""
        a, b, d = self.square
        return self.factor * np.maximum(a - 2 * c * b + c * c * d, 0.0)

    def reach(self, c: float, t: float, counted: bool) -> float:
        """Share of draws with |t*| of at least |t|; a draw without an error counts.

        (1 + k) / (1 + B) for B random draws, k/B where all are enumerated, the sample among them
        (Davison and Hinkley 1997, Bootstrap Methods and their Application, chapter 4).
        """
        found = self.numerators(c) ** 2 >= t * t * self.errors(c) * (1 - TIES)
        reached = int(np.count_nonzero(found))
        return reached / len(found) if counted else (1 + reached) / (1 + len(found))

    def t_values(self, c: float) -> Array:
        """Studentised draws, shape (B,); infinite without an error, which is conservative."""
        top, below = self.numerators(c), np.sqrt(self.errors(c))
        return np.divide(top, below, out=np.full_like(top, np.inf), where=below > 0)


@dataclass(frozen=True, eq=False)
class Wild:
    """One coefficient, prepared for draws.

    Parameters
    ----------
    estimate : float
    length : float
        x'x.
    factor : float
        Small-sample correction of the clustered variance.
    own : array (G, 2)
        Scores of the residuals of each cluster under b = 0, and of x itself.
    cross : tuple of two arrays (G, G)
        Scores in cluster g of the projected residuals of cluster h, for both.
    observed : array (G,)
        Scores of the residuals of the estimate.
    shares : array (G,)
        Shares of the clusters in x'x.
    """

    estimate: float
    length: float
    factor: float
    own: Array
    cross: tuple[Array, Array]
    observed: Array
    shares: Array

    @property
    def std_error(self) -> float:
        """Of the estimate, clustered."""
        return float(np.sqrt(self.factor * (self.observed @ self.observed))) / self.length

    @classmethod
    def prepare(cls, design: Design, term: str, factor: float, *, restricted: bool = True) -> Wild:
        """Arrays for a term of a design with one cluster and no instruments."""
        swept = sweep(design)
        X, y = swept.regressors, swept.outcome
        place = design.names.index(term)
        others = np.delete(X, place, axis=1)
        x, u = X[:, place], y
        if others.shape[1]:
            x, u = least_squares(others, x).residuals, least_squares(others, y).residuals
        length = float(x @ x)
        estimate = float(x @ u) / length
        left = u - estimate * x
        (codes,) = design.clusters.values()
        basis = np.linalg.qr(X)[0]
        parts = (u, x) if restricted else (left, np.zeros_like(x))
        own = np.column_stack([_sums(codes, x * part) for part in parts])
        cross = tuple(_cross(design, codes, x, part, basis) for part in parts)
        observed, shares = _sums(codes, x * left), _sums(codes, x * x) / length
        return cls(estimate, length, factor, own, (cross[0], cross[1]), observed, shares)

    def null(self, chunks: Iterator[Array], columns: Codes | None = None) -> Null:
        """All draws; `columns` chooses the weights of this sample's clusters."""
        linear, square = [], []
        for drawn in chunks:
            v = drawn if columns is None else drawn[:, columns]
            u, x = v @ self.cross[0].T, v @ self.cross[1].T
            linear.append(v @ self.own)
            square.append(np.column_stack([(u * u).sum(1), (u * x).sum(1), (x * x).sum(1)]))
        n, s = np.concatenate(linear), np.concatenate(square)
        return Null((n[:, 0], n[:, 1]), (s[:, 0], s[:, 1], s[:, 2]), self.length, self.factor)


def check_draws(place: str, kind: str, draws: int) -> None:
    """Raise where the kind of weights or the number of draws is out of range."""
    if kind not in KINDS:
        raise UsageError(f"{place}, kind", found=repr(kind), expected=" or ".join(KINDS),
                         remedy="Choose one.")  # fmt: skip
    if not 99 <= draws <= LARGEST_DRAWS:
        raise UsageError(f"{place}, draws", found=str(draws), expected=f"99 to {LARGEST_DRAWS:,}",
                         remedy="9999 is usual: the p value then has an error below .003 near "
                                "5 %.")  # fmt: skip


def cluster_codes(data: Panel | pd.DataFrame, cluster: str, place: str) -> Codes:
    """Codes of the clusters of all rows, the same for every sample of them; -1 where missing."""
    frame = data.frame if isinstance(data, Panel) else data
    names = list(parse_columns(cluster, f"{place}, cluster"))
    for name in names:
        if name not in frame.columns:
            raise LabelError(f"{place}, cluster", found=repr(name),
                             expected="a column of the data",
                             remedy=f"Columns are {', '.join(map(str, frame.columns))}.",
                             )  # fmt: skip
    codes = frame.groupby(names, sort=True, observed=True).ngroup()
    return np.asarray(codes, dtype=np.intp)


def _cross(design: Design, codes: Codes, x: Array, part: Array, basis: Array) -> Array:
    """Scores in each cluster of the residuals of each cluster, (G, G)."""
    count = int(codes.max()) + 1
    found = np.zeros((count, count))
    if not part.any():
        return found
    roots = 1.0 if design.weights is None else np.sqrt(design.weights)
    for start in range(0, count, BLOCK):
        chosen = np.arange(start, min(start + BLOCK, count))
        E = np.where(codes[:, None] == chosen, (part / roots)[:, None], 0.0)
        none = np.empty((len(x), 0))
        swept = sweep(replace(design, regressors=E, endogenous=none, instruments=none)).regressors
        swept = swept - basis @ (basis.T @ swept)
        for column, cluster in enumerate(chosen):
            found[:, cluster] = _sums(codes, x * swept[:, column])
    return found


def _sums(codes: Codes, values: Array) -> Array:
    return np.bincount(codes, values).astype(np.float64)
