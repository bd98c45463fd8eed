"""What estimation of symbiosis finds: parameters, kinds, equilibria, projections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from servio.errors import InputError, LabelError, NumericalError, ServioError
from servio.simulate._bootstrap import Resampling, bootstrapped
from servio.simulate._draws import interval_ends, root
from servio.simulate._least import paths
from servio.simulate._minima import SUBSTEPS
from servio.simulate._parameters import reported
from servio.simulate._series import Errors, Variance
from servio.simulate._solve import time_points
from servio.simulate._types import Trajectory
from servio.simulate.symbiosis import Equilibrium, LotkaVolterra, symbiosis_kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ILL_CONDITIONED",
    "NOT_IDENTIFIED",
    "EquilibriumEstimate",
    "GrowthRegression",
    "Projection",
    "Symbiosis",
    "SymbiosisFit",
    "SymbiosisFits",
    "no_capacity",
    "sorted_out",
]

Array = npt.NDArray[np.float64]

SAMPLE = 2000
ILL_CONDITIONED = 1e7
"""Condition of J'J, columns of length 1, above which the minimum is a valley."""
SIGNS = (1, -1, 0)
NOT_IDENTIFIED = "not identified"
SUMMARY = (
    "entity", "first", "second", "kind", "reason", "possible", "likeliest", "probability",
    *(f"{name}{end}" for name in ("d_first", "d_second") for end in ("", "_lower", "_upper")),
    "equilibrium", "stable", "interaction_p", "n", "notes",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class GrowthRegression:
    """Least squares of growth on levels, a species a row: see `growth_regression`.

    Parameters
    ----------
    coefficients : array (n, 1 + n)
        r_i and a_i1 ... a_in.
    std_errors : array (n, 1 + n)
    r2 : array (n,)
    df : array (n,) of int
    """

    coefficients: Array
    std_errors: Array
    r2: Array
    df: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Symbiosis:
    """Kind of symbiosis of two species, and how sure.

    Parameters
    ----------
    pair : (str, str)
    kind : str
        The one that the intervals leave; else what is settled of it, such as ``services gain;
        manufacturing open``, or ``undetermined``. ``not identified`` where the minimum is a valley
        or a capacity is undefined: intervals about such a point settle nothing.
    possible : tuple of str
        Every kind that the two intervals allow. One alone: the kind is found. All of them where
        the kind is not identified.
    probabilities : mapping of str to float
        Share of draws of each kind; without a negligible size those with gains or losses only.
        Empty where the kind is not identified.
    reason : str
        Why the kind is not identified; empty where it is.
    """

    pair: tuple[str, str]
    kind: str
    possible: tuple[str, ...]
    probabilities: Mapping[str, float]
    reason: str = ""

    @property
    def likeliest(self) -> tuple[str, float]:
        """Kind with the largest share of draws and that share; "" and nan without draws."""
        if not self.probabilities:
            return "", float("nan")
        return max(self.probabilities.items(), key=lambda one: one[1])


@dataclass(frozen=True)
class EquilibriumEstimate:
    """Coexistence equilibrium of a fit with its uncertainty.

    Parameters
    ----------
    point : Equilibrium
    lower, upper : array (n,)
        Interval of the states over draws where the point is feasible; nan where it seldom is.
    feasible, stable : float
        Shares of draws: all states above 0; and stable too.
    """

    point: Equilibrium
    lower: Array
    upper: Array
    feasible: float
    stable: float


@dataclass(frozen=True, eq=False)
class Projection:
    """Paths beyond the data with bands.

    Parameters
    ----------
    names : tuple of str
    times : array (t,)
    path : array (t, n)
        Of the estimated model.
    lower, upper : array (t, n)
        Of the path, over draws of the parameters; inf where that share of draws has no bound.
    observed_lower, observed_upper : array (t, n)
        Of an observation: parameters and the error of one time.
    level : float
    unbounded : float
        Share of draws that grow beyond all bounds within the times.
    """

    names: tuple[str, ...]
    times: Array
    path: Array
    lower: Array
    upper: Array
    observed_lower: Array
    observed_upper: Array
    level: float
    unbounded: float

    def to_frame(self) -> pd.DataFrame:
        """One row a time and variable: time, variable, value and the four limits."""
        import pandas as pd

        t, n = self.path.shape
        names = ("lower", "upper", "observed_lower", "observed_upper")
        return pd.DataFrame(
            {"time": np.repeat(self.times, n), "variable": list(self.names) * t}
            | {"value": self.path.ravel()}
            | {name: getattr(self, name).ravel() for name in names}
        )


@dataclass(frozen=True, eq=False)
class SymbiosisFit:
    """A Lotka-Volterra model estimated from series of one entity.

    Parameters
    ----------
    entity : str
    model : LotkaVolterra
    times : array (t,)
    observed, fitted : array (t, n)
    parameters : tuple of str
        r, K, d, x0 and a of each species or pair.
    units : tuple of str
    values, std_errors, lower, upper : array (q,)
        Estimates of `parameters`; nan where undefined (K where growth does not fall with size).
    level : float
        Of the intervals.
    intervals : str
        How they were made.
    theta : array (p,)
        ln x0, r and a, of `model`.
    covariance : array (p, p)
        Of `theta`.
    sigma : array (n,)
        Standard deviation of an error (log points, or `unit` where errors are additive).
    df : float
        Degrees of freedom of each sigma.
    errors, variance : str
    condition : float
        Of J'J with columns of length 1.
    iterations : int
    gradient : float
        Largest cosine of residuals and derivatives at the minimum.
    interaction_f, interaction_p : float
        F that no species affects another, and its p value: nan of one species, and where a kind is
        not identified, as F has no F distribution there.
    notes : tuple of str
        What makes the estimate doubtful.
    draws : array (k, p) or None
        Bootstrap draws of `theta`.
    """

    entity: str
    model: LotkaVolterra
    times: Array
    observed: Array
    fitted: Array
    parameters: tuple[str, ...]
    units: tuple[str, ...]
    values: Array
    std_errors: Array
    lower: Array
    upper: Array
    level: float
    intervals: str
    theta: Array
    covariance: Array
    sigma: Array
    df: float
    errors: Errors
    variance: Variance
    condition: float
    iterations: int
    gradient: float
    interaction_f: float
    interaction_p: float
    notes: tuple[str, ...]
    draws: Array | None = None

    def estimate(self, parameter: str) -> tuple[float, float, float]:
        """Value, lower and upper end of a parameter, such as ``d[manufacturing from services]``.

        Raises
        ------
        LabelError
            There is no such parameter.
        """
        if parameter not in self.parameters:
            raise LabelError("symbiosis fit", found=repr(parameter),
                             expected=", ".join(self.parameters),
                             remedy="Name one of them.")  # fmt: skip
        k = self.parameters.index(parameter)
        return float(self.values[k]), float(self.lower[k]), float(self.upper[k])

    def to_frame(self) -> pd.DataFrame:
        """One row a parameter: entity, parameter, unit, value, std_error, lower, upper."""
        import pandas as pd

        return pd.DataFrame({
            "entity": self.entity, "parameter": self.parameters, "unit": self.units,
            "value": self.values, "std_error": self.std_errors,
            "lower": self.lower, "upper": self.upper,
        })  # fmt: skip

    def path(self) -> Trajectory:
        """The observed series, to be drawn in a phase portrait."""
        return Trajectory(self.times, self.observed, self.model.names,
                          (self.model.unit,) * len(self.model.names))  # fmt: skip

    def symbioses(self, negligible: float = 0.0, seed: int = 0) -> tuple[Symbiosis, ...]:
        """Kind of symbiosis of each pair of species, with what else the intervals allow.

        Parameters
        ----------
        negligible : float
            Interaction up to this size counts as none, so that "no interaction" can be found; with
            0 it can only fail to be excluded.
        seed : int
            Of draws from the covariance, where there is no bootstrap.

        Notes
        -----
        Signs are those of d. Where a capacity of the pair is undefined, or the minimum is a valley
        (condition of J'J above 1e7), the kind is not identified and `reason` says why.
        """
        n = len(self.model.names)
        draws = reported(self._sample(seed).T, n)
        found = []
        for i, j in combinations(range(n), 2):
            rows = [self._row(i, j), self._row(j, i)]
            ends = [(self.lower[k], self.upper[k]) for k in rows]
            allowed = [_signs(low, high, negligible) for low, high in ends]
            pair = (self.model.names[i], self.model.names[j])
            if reason := self._unidentified((i, j)):
                every = tuple(symbiosis_kind(a, b, pair) for a in SIGNS for b in SIGNS)
                found.append(Symbiosis(pair, NOT_IDENTIFIED, every, {}, reason))
                continue
            kinds = [symbiosis_kind(a, b, pair) for a in allowed[0] for b in allowed[1]]
            drawn = np.where(np.abs(draws[rows]) <= negligible, 0, np.sign(draws[rows]))
            signs, numbers = np.unique(drawn.astype(int), axis=1, return_counts=True)
            shares = {symbiosis_kind(int(a), int(b), pair): int(k) / draws.shape[1]
                      for a, b, k in zip(*signs, numbers, strict=True)}  # fmt: skip
            found.append(Symbiosis(pair, _kind(allowed, pair), tuple(kinds),
                                   shares))  # fmt: skip
        return tuple(found)

    def equilibrium(self, seed: int = 0) -> EquilibriumEstimate:
        """Coexistence equilibrium, how often it is feasible and stable, and its interval.

        Raises
        ------
        NumericalError
            The estimated effects are singular.
        """
        point, n = self.model.equilibrium(), len(self.model.names)
        draws = self._sample(seed)
        r, A = draws[:, n : 2 * n], draws[:, 2 * n :].reshape(-1, n, n)
        scale = np.abs(A).max(axis=1, keepdims=True)
        regular = np.linalg.cond(A / scale) < 1e13
        x = np.full_like(r, np.nan)
        x[regular] = np.linalg.solve(A[regular], -r[regular][:, :, None])[:, :, 0]
        feasible = (x > 0).all(axis=1)
        stable = np.linalg.eigvals(x[feasible][:, :, None] * A[feasible]).real.max(axis=1) < 0
        lower, upper = np.full((2, n), np.nan)
        if feasible.mean() > self.level:
            lower, upper = interval_ends(x[feasible].T, self.level)
        total = len(draws)
        return EquilibriumEstimate(point, lower, upper, int(feasible.sum()) / total,
                                   int(stable.sum()) / total)  # fmt: skip

    def project(self, times: npt.ArrayLike, *, seed: int = 0) -> Projection:
        """Paths at `times`, from the first of which on they follow the estimated model.

        Parameters
        ----------
        times : array (t,)
            Rising, from the first observed time or later.
        seed : int

        Raises
        ------
        InputError
            Times do not rise, or begin before the data.
        NumericalError
            The estimated model grows beyond all bounds before the last time.

        Notes
        -----
        Bands are percentiles over the draws of the bootstrap (`bootstrap`), of a fit without one
        over draws from the covariance, which in a valley say nothing: they reach from 0 to
        infinity. Bands hold if the model is right and stays so; they know nothing of crises or of
        parameters that change.
        """
        t = time_points("projection", times)
        if t[0] < self.times[0]:
            raise InputError("projection, times", found=f"{t[0]:g}",
                             expected=f"{self.times[0]:g} or later",
                             remedy="Project forward.")  # fmt: skip
        n = len(self.model.names)
        whole = np.union1d(self.times[:1], t)
        at = np.searchsorted(whole, t)
        path = self.model.trajectory(np.exp(self.theta[:n]), whole).states[at]
        draws = self._sample(seed).T
        steps = int(np.ceil(np.diff(whole).max() / np.diff(self.times).max() * SUBSTEPS))
        logs = paths(whole, draws, n, steps, slopes=False)[0][at]
        lost = ~np.isfinite(logs).all(axis=(0, 1))
        logs[np.isnan(logs)] = np.inf
        noise = np.random.default_rng(seed + 1).standard_normal(logs.shape)
        noise *= self.sigma[:, None] * np.sqrt(
            self.df / np.random.default_rng(seed + 2).chisquare(self.df, logs.shape[2])
        )
        with np.errstate(over="ignore"):
            states = np.exp(logs)
            seen = np.exp(logs + noise) if self.errors == "multiplicative" else states + noise
        return Projection(
            self.model.names, t, path, *interval_ends(states, self.level),
            *interval_ends(seen, self.level), self.level, float(lost.mean()),
        )  # fmt: skip

    def bootstrap(
        self, kind: Resampling = "parametric", *, draws: int = 499, seed: int = 0
    ) -> SymbiosisFit:
        """The same fit with intervals from series made again and estimated again.

        Parameters
        ----------
        kind : {'parametric', 'residual'}
            Errors from normal distributions, or from the residuals (all species of one time
            together, so that what moves them jointly stays). Either way their size is drawn too,
            from the distribution that `df` observations leave open: percentiles are as wide as
            intervals of the t distribution.
        draws, seed : int

        Raises
        ------
        UsageError
            Unknown kind, or fewer than 99 draws.
        NumericalError
            More than one in twenty refits does not converge.
        """
        found = bootstrapped([self], kind, draws, seed)[0]
        if isinstance(found, ServioError):
            raise found
        return found

    def _row(self, i: int, j: int) -> int:
        """Place of d_ij among the parameters."""
        return self.parameters.index(f"d[{self.model.names[i]} from {self.model.names[j]}]")

    def _unidentified(self, pair: tuple[int, int]) -> str:
        """Why intervals of the interaction of two species settle nothing; "" where they may."""
        reasons = []
        if self.condition > ILL_CONDITIONED:
            reasons.append(f"a valley, no clear minimum: condition of J'J {self.condition:.1e}")
        K = self.model.capacities
        undefined = [self.model.names[k] for k in pair if np.isnan(K[k])]
        reasons += [no_capacity(undefined)] if undefined else []
        return "; ".join(reasons)

    def _sample(self, seed: int) -> Array:
        """Draws of theta (k, p): bootstrapped, or from the t distribution of the estimate."""
        if self.draws is not None:
            return self.draws
        rng = np.random.default_rng(seed)
        half = root(self.covariance)
        noise = rng.standard_normal((SAMPLE, len(self.theta)))
        noise *= np.sqrt(self.df / rng.chisquare(self.df, SAMPLE))[:, None]
        return np.asarray(self.theta + noise @ half.T)


@dataclass(frozen=True, eq=False)
class SymbiosisFits:
    """Fits of many entities, and those that could not be fitted.

    Parameters
    ----------
    fits : mapping of str to SymbiosisFit
    left_out : tuple of (str, str)
        Entity and reason.
    """

    fits: Mapping[str, SymbiosisFit]
    left_out: tuple[tuple[str, str], ...]

    def to_frame(self) -> pd.DataFrame:
        """Parameters of all, one row an entity and parameter."""
        import pandas as pd

        frames = [fit.to_frame() for fit in self.fits.values()]
        columns = ["entity", "parameter", "unit", "value", "std_error", "lower", "upper"]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)

    def summary(self, negligible: float = 0.0) -> pd.DataFrame:
        """One row an entity and pair of species.

        Columns: entity, first, second, kind, reason (why it is not identified), possible,
        likeliest (kind by signs) and its probability, d_first, d_second with lower and upper,
        equilibrium (kind of the point, empty if there is none), stable (share of draws),
        interaction_p (nan where a kind of the entity is not identified), n, notes. Where the kind
        is not identified d and its limits are kept, but are one of many sets that fit as well.
        No row of an entity with one species: see `to_frame`.
        """
        import pandas as pd

        rows = []
        for fit in self.fits.values():
            try:
                found = fit.equilibrium()
                point, stable = found.point.kind, found.stable
                point = point if found.point.feasible else "not feasible"
            except NumericalError:
                point, stable = "", np.nan
            for one in fit.symbioses(negligible):
                first, second = one.pair
                likeliest, probability = one.likeliest
                ends: dict[str, float] = {}
                for name, key in (("d_first", f"d[{first} from {second}]"),
                                  ("d_second", f"d[{second} from {first}]")):  # fmt: skip
                    columns = (name, f"{name}_lower", f"{name}_upper")
                    ends |= dict(zip(columns, fit.estimate(key), strict=True))
                rows.append(
                    {"entity": fit.entity, "first": first, "second": second, "kind": one.kind,
                     "reason": one.reason, "possible": "; ".join(one.possible),
                     "likeliest": likeliest, "probability": probability}
                    | ends
                    | {"equilibrium": point, "stable": stable, "interaction_p": fit.interaction_p,
                       "n": len(fit.times), "notes": "; ".join(fit.notes)}
                )  # fmt: skip
        return pd.DataFrame(rows, columns=[*SUMMARY])

    def bootstrap(
        self, kind: Resampling = "parametric", *, draws: int = 499, seed: int = 0
    ) -> SymbiosisFits:
        """All fits bootstrapped at once; see `SymbiosisFit.bootstrap`. Failures are left out."""
        groups: dict[tuple[object, ...], list[SymbiosisFit]] = {}
        for fit in self.fits.values():
            groups.setdefault((*fit.times.tolist(), fit.errors), []).append(fit)
        found: dict[str, SymbiosisFit | ServioError] = {}
        for k, group in enumerate(groups.values()):
            results = bootstrapped(group, kind, draws, seed + k)
            found |= {fit.entity: one for fit, one in zip(group, results, strict=True)}
        return sorted_out(found, list(self.fits), self.left_out)


def sorted_out(
    found: Mapping[str, SymbiosisFit | ServioError],
    order: Sequence[str],
    left: tuple[tuple[str, str], ...],
) -> SymbiosisFits:
    """Fits in the order of `order`; those that failed are left out with the reason."""
    fits, lost = {}, list(left)
    for name in order:
        one = found[name]
        if isinstance(one, ServioError):
            lost.append((name, one.message))
        else:
            fits[name] = one
    return SymbiosisFits(fits, tuple(lost))


def no_capacity(names: Sequence[str]) -> str:
    """In words that species have no capacity."""
    return (f"no capacity of {', '.join(names)}: alone it would not grow, or its growth does not "
            "fall with its size")  # fmt: skip


def _signs(lower: float, upper: float, negligible: float) -> list[int]:
    """Signs an interval allows: 1, -1, and 0 where it holds something negligible."""
    tests = {
        1: upper > negligible,
        -1: lower < -negligible,
        0: lower <= negligible and upper >= -negligible,
    }
    return [sign for sign, allowed in tests.items() if allowed]


def _kind(allowed: list[list[int]], pair: tuple[str, str]) -> str:
    """The kind if both signs are settled, else what is settled of it."""
    settled = [len(signs) == 1 for signs in allowed]
    if all(settled):
        return symbiosis_kind(allowed[0][0], allowed[1][0], pair)
    if not any(settled):
        return "undetermined"
    one = settled.index(True)
    sign = allowed[one][0]
    if sign == 0:
        return f"{pair[one]} unaffected; {pair[1 - one]} open"
    verb = ("gain" if sign > 0 else "lose") + ("" if pair[one].endswith("s") else "s")
    return f"{pair[one]} {verb}; {pair[1 - one]} open"
