"""Symbiosis estimated from series: regression start, least squares on the solution, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from servio.errors import (
    InputError,
    LabelError,
    NumericalError,
    ServioError,
    UsageError,
    ValueFault,
)
from servio.simulate._least import Minimum, minimise, paths
from servio.simulate._parameters import parameter_names, reported, restored, sensitivities
from servio.simulate._solve import time_points
from servio.simulate._types import Trajectory
from servio.simulate.symbiosis import Equilibrium, LotkaVolterra, symbiosis_kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EquilibriumEstimate",
    "GrowthRegression",
    "Projection",
    "Symbiosis",
    "SymbiosisFit",
    "SymbiosisFits",
    "fit_symbioses",
    "fit_symbiosis",
    "growth_regression",
]

Array = npt.NDArray[np.float64]
Errors = Literal["multiplicative", "additive"]
Variance = Literal["own", "common"]
Resampling = Literal["parametric", "residual"]

SHORT = 15
"""Observations below which r, K and d can hardly be told apart."""
STRAIGHT = 0.99
"""Share of the variance of logarithms on a straight line above which a series only trends."""
WIDE = 0.5
"""Half an interval of d that leaves open what it is: then K_i and d_ij stand for one another."""
ILL_CONDITIONED = 1e7
"""Condition of J'J, columns of length 1, above which the minimum is a valley."""
CORRELATED = 2.0
"""Lag-one correlation of residuals times the root of their number that chance seldom exceeds."""
SUBSTEPS = 4
MOST_SUBSTEPS = 64
FINE = 1e-10
FINE_SHARE = 0.01
"""Error of a solution, in logarithms and as a share of residuals, that is small enough."""
PERFECT = 1e-8
REWEIGHTINGS = 2
TRIALS = 40
"""Iterations from each start; the best goes on."""
SAMPLE = 2000


# -- what comes out --------------------------------------------------------------------------------


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
        manufacturing open``, or ``undetermined``.
    possible : tuple of str
        Every kind that the two intervals allow. One alone: the kind is found.
    probabilities : mapping of str to float
        Share of draws of each kind; without a negligible size those with gains or losses only.
    """

    pair: tuple[str, str]
    kind: str
    possible: tuple[str, ...]
    probabilities: Mapping[str, float]


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
        F test that no species affects another, and its p value.
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
        Signs are those of d; of a where a capacity is undefined.
        """
        n = len(self.model.names)
        draws = reported(self._sample(seed).T, n)
        found = []
        for i, j in combinations(range(n), 2):
            rows = [self._row(i, j), self._row(j, i)]
            ends = [(self.lower[k], self.upper[k]) for k in rows]
            allowed = [_signs(low, high, negligible) for low, high in ends]
            pair = (self.model.names[i], self.model.names[j])
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
            lower, upper = _ends(x[feasible].T, self.level)
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
        Bands hold if the model is right and stays so; they know nothing of crises or of parameters
        that change.
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
        return Projection(self.model.names, t, path, *_ends(states, self.level),
                          *_ends(seen, self.level), self.level, float(lost.mean()))  # fmt: skip

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
        found = _bootstrap([self], kind, draws, seed)[0]
        if isinstance(found, ServioError):
            raise found
        return found

    def _row(self, i: int, j: int) -> int:
        """Place of d_ij among the parameters; of a_ij where d is undefined."""
        key = f"[{self.model.names[i]} from {self.model.names[j]}]"
        k = self.parameters.index("d" + key)
        return k if np.isfinite(self.values[k]) else self.parameters.index("a" + key)

    def _sample(self, seed: int) -> Array:
        """Draws of theta (k, p): bootstrapped, or from the t distribution of the estimate."""
        if self.draws is not None:
            return self.draws
        rng = np.random.default_rng(seed)
        half = _root(self.covariance)
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

        Columns: entity, first, second, kind, possible, probability (of the likeliest kind by
        signs), likeliest, d_first, d_second with lower and upper, equilibrium (kind of the point,
        empty if there is none), stable (share of draws), interaction_p, n, notes.
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
                likeliest = max(one.probabilities, key=lambda kind: one.probabilities[kind])
                ends: dict[str, float] = {}
                for name, key in (("d_first", f"d[{first} from {second}]"),
                                  ("d_second", f"d[{second} from {first}]")):  # fmt: skip
                    columns = (name, f"{name}_lower", f"{name}_upper")
                    ends |= dict(zip(columns, fit.estimate(key), strict=True))
                rows.append(
                    {"entity": fit.entity, "first": first, "second": second, "kind": one.kind,
                     "possible": "; ".join(one.possible), "likeliest": likeliest,
                     "probability": one.probabilities[likeliest]}
                    | ends
                    | {"equilibrium": point, "stable": stable, "interaction_p": fit.interaction_p,
                       "n": len(fit.times), "notes": "; ".join(fit.notes)}
                )  # fmt: skip
        return pd.DataFrame(rows)

    def bootstrap(
        self, kind: Resampling = "parametric", *, draws: int = 499, seed: int = 0
    ) -> SymbiosisFits:
        """All fits bootstrapped at once; see `SymbiosisFit.bootstrap`. Failures are left out."""
        groups: dict[tuple[object, ...], list[SymbiosisFit]] = {}
        for fit in self.fits.values():
            groups.setdefault((*fit.times.tolist(), fit.errors), []).append(fit)
        found: dict[str, SymbiosisFit | ServioError] = {}
        for k, group in enumerate(groups.values()):
            results = _bootstrap(group, kind, draws, seed + k)
            found |= {fit.entity: one for fit, one in zip(group, results, strict=True)}
        return _sorted_out(found, list(self.fits), self.left_out)


# -- functions -------------------------------------------------------------------------------------


def growth_regression(times: npt.ArrayLike, states: npt.ArrayLike) -> GrowthRegression:
    r"""Growth of each species regressed on the levels before it.

    A first look at who feeds whom, and where least squares on the solution starts:
    :math:`\ln(x_{i,t}/x_{i,t-1}) / \Delta t = r_i + \sum_j a_{ij} x_{j,t-1} + e`.

    Parameters
    ----------
    times : array (t,)
        Rising.
    states : array (t, n)
        0 or more; steps from or to a 0 of species i tell nothing of its growth and are left out of
        its row.

    Returns
    -------
    GrowthRegression

    Raises
    ------
    InputError
        Times do not rise, or shapes do not agree.
    ValueFault
        A state is negative, or there are too few steps for the parameters of a species.
    NumericalError
        Levels are collinear.

    Notes
    -----
    Identity: exact for growth that is linear in the level at the start of the step, as in the
    Ricker model; for continuous growth coefficients are too small by about half the step's growth.
    Errors of the levels make them smaller still. Both are why it is a start, not the estimate.

    References
    ----------
    Muehlbauer, Schulze, Harpole and Clark (2020), Ecology and Evolution 10:13275-13283 (gauseR),
    on data of Gause (1934).

    Examples
    --------
    >>> import numpy as np
    >>> x = [[1.0, 2.0]]
    >>> for t in range(6):
    ...     x.append(list(np.multiply(x[-1], np.exp([0.5 - 0.1 * x[-1][0], 0.3 - 0.1 * x[-1][1]]))))
    >>> growth_regression(range(7), x).coefficients.round(9).tolist()
    [[0.5, -0.1, -0.0], [0.3, 0.0, -0.1]]
    """
    t = time_points("growth_regression", times)
    x = _states("growth_regression", states, len(t))
    if (x < 0).any():
        raise _negative("growth_regression", x, t, tuple(map(str, range(x.shape[1]))))
    n = x.shape[1]
    coefficients, errors = np.empty((2, n, 1 + n))
    r2, df = np.empty(n), np.empty(n, dtype=np.intp)
    for i in range(n):
        kept = (x[1:, i] > 0) & (x[:-1, i] > 0)
        growth = np.log(x[1:, i][kept] / x[:-1, i][kept]) / np.diff(t)[kept]
        X = np.column_stack([np.ones(kept.sum()), x[:-1][kept]])
        b, variance, r2[i] = _regression(f"growth_regression, species {i}", growth, X)
        coefficients[i], errors[i] = b, np.sqrt(variance)
        df[i] = len(growth) - 1 - n
    return GrowthRegression(coefficients, errors, r2, df)


def fit_symbiosis(
    times: npt.ArrayLike,
    states: npt.ArrayLike,
    *,
    names: Sequence[str] = ("manufacturing", "services"),
    unit: str = "1",
    time_unit: str = "year",
    errors: Errors = "multiplicative",
    variance: Variance = "own",
    level: float = 0.95,
    entity: str = "",
) -> SymbiosisFit:
    r"""Lotka-Volterra model of two or more species from their series.

    Does services' growth feed manufacturing or feed on it, how surely, and where does that end? The
    solution x(t; x0, r, a) of :math:`d \ln x_i / dt = r_i + \sum_j a_{ij} x_j` is brought as near
    to the series as can be: squares of log residuals (of residuals where errors are additive), each
    species weighted by its own variance. Starts are the regression of growth on the levels before
    and on mid-interval levels, with and without interaction; the lowest minimum counts.

    Parameters
    ----------
    times : array (t,)
        Rising; intervals may differ. t must exceed 2 + n.
    states : array (t, n)
        Above 0.
    names : sequence of str
    unit, time_unit : str
    errors : {'multiplicative', 'additive'}
        Constant variance of logarithms, or of levels.
    variance : {'own', 'common'}
        Whether each species has a variance of its own, with t - 2 - n degrees of freedom, or all
        have one, with n times as many.
    level : float
        Of the intervals: the delta method with the t distribution, K and x0 in logarithms.
    entity : str
        Named in errors and tables.

    Returns
    -------
    SymbiosisFit

    Raises
    ------
    InputError
        Times do not rise, shapes do not agree, or a name is doubled.
    ValueFault
        Fewer times than parameters need, a state that is not above 0, or a constant series.
    NumericalError
        No minimum is found: with iterations and gradient.

    Notes
    -----
    Identity: the parameters of a path without errors are found again. Errors are taken as
    independent over time, and the equations as exact: shocks that stay in the level make intervals
    too narrow, which shows as correlated residuals (noted). Two series that only trend fit almost
    any interaction; notes name that, short series, a valley instead of a minimum (condition of
    J'J), and K and d of which one stands for the other. d is found from how growth bends as sizes
    change in different proportion; where both sectors start alike or near the equilibrium nothing
    can find it.

    References
    ----------
    Equations: Murray (2002), Mathematical Biology I, ch. 3.5. Levenberg-Marquardt with the damping
    of Nielsen (1999), IMM-REP-1999-05, Technical University of Denmark (not re-read).

    Examples
    --------
    >>> from servio.simulate import lotka_volterra
    >>> model = lotka_volterra([0.3, 0.4], [100.0, 80.0], [[0, 0.2], [-0.3, 0]])
    >>> path = model.trajectory([30.0, 60.0], range(20))
    >>> fit = fit_symbiosis(path.times, path.states)
    >>> round(fit.estimate("d[manufacturing from services]")[0], 8)
    0.2
    >>> fit.symbioses()[0].kind
    'parasitism (manufacturing gains)'
    """
    _options(errors, variance, level)
    x, t = _checked(entity, times, states, tuple(names), errors)
    frame = _Frame(tuple(names), unit, time_unit, errors, variance, level)
    found = _fit_group(t, x[:, :, None], (entity,), frame)[0]
    if isinstance(found, ServioError):
        raise found
    return found


def fit_symbioses(
    data: pd.DataFrame,
    *,
    species: Sequence[str] = ("manufacturing", "services"),
    entity: str = "country",
    time: str = "year",
    unit: str = "1",
    time_unit: str = "year",
    errors: Errors = "multiplicative",
    variance: Variance = "own",
    level: float = 0.95,
) -> SymbiosisFits:
    """Symbiosis of many entities, all at once; see `fit_symbiosis`.

    Parameters
    ----------
    data : DataFrame
        One row an entity and time; a column a species. Rows in which a species is missing are left
        out; intervals need not be equal.
    species : sequence of str
        Columns of the states.
    entity, time : str
        Columns.
    unit, time_unit : str
    errors, variance, level
        As in `fit_symbiosis`.

    Returns
    -------
    SymbiosisFits
        Entities that can't be fitted are in `left_out` with the reason.

    Raises
    ------
    UsageError
        A column is missing, or an option unknown.
    InputError
        An entity has two rows of one time.

    Examples
    --------
    >>> import pandas as pd
    >>> from servio.simulate import lotka_volterra
    >>> rows = []
    >>> for country, d in (("AAA", 0.3), ("BBB", -0.3)):
    ...     model = lotka_volterra([0.3, 0.4], [100.0, 80.0], [[0, d], [0.2, 0]])
    ...     for year, x in zip(range(2000, 2016), model.trajectory([30.0, 60.0], range(16)).states):
    ...         rows.append({"country": country, "year": year,
    ...                      "manufacturing": x[0], "services": x[1]})
    >>> found = fit_symbioses(pd.DataFrame(rows))
    >>> found.summary()[["entity", "kind"]].values.tolist()
    [['AAA', 'mutualism'], ['BBB', 'parasitism (services gain)']]
    """
    _options(errors, variance, level)
    lacking = [name for name in (entity, time, *species) if name not in data.columns]
    if lacking:
        raise UsageError("fit_symbioses", found=f"no column {lacking[0]!r}",
                         expected=", ".join(map(str, data.columns)),
                         remedy="Name columns of the data.")  # fmt: skip
    whole = data.dropna(subset=[*species]).sort_values([entity, time])
    twice = whole.duplicated([entity, time])
    if twice.any():
        row = whole[twice].iloc[0]
        raise InputError("fit_symbioses", found=f"two rows of {row[entity]} in {row[time]}",
                         expected="one row an entity and time",
                         remedy="Keep one definition and source.")  # fmt: skip
    frame = _Frame(tuple(species), unit, time_unit, errors, variance, level)
    found: dict[str, SymbiosisFit | ServioError] = {}
    groups: dict[tuple[float, ...], list[tuple[str, Array]]] = {}
    order = [str(name) for name in data[entity].drop_duplicates()]
    for name in set(order) - {str(name) for name in whole[entity]}:
        found[name] = ValueFault(f"symbiosis of {name}", found="no complete row",
                                 expected="values of all species",
                                 remedy="Leave the entity out.")  # fmt: skip
    for name, part in whole.groupby(entity, sort=True):
        try:
            x, t = _checked(str(name), part[time].to_numpy(), part[[*species]].to_numpy(),
                            tuple(species), errors)  # fmt: skip
        except ServioError as error:
            found[str(name)] = error
            continue
        groups.setdefault(tuple(t.tolist()), []).append((str(name), x))
    for key, members in groups.items():
        labels = tuple(name for name, _ in members)
        stacked = np.stack([x for _, x in members], axis=-1)
        found |= dict(zip(labels, _fit_group(np.array(key), stacked, labels, frame), strict=True))
    return _sorted_out(found, order, ())


# -- checks ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Frame:
    """What fits of a group share."""

    names: tuple[str, ...]
    unit: str
    time_unit: str
    errors: Errors
    variance: Variance
    level: float


def _options(errors: str, variance: str, level: float) -> None:
    for name, value, known in (("errors", errors, ("multiplicative", "additive")),
                               ("variance", variance, ("own", "common"))):  # fmt: skip
        if value not in known:
            raise UsageError(f"symbiosis, {name}", found=repr(value), expected=" or ".join(known),
                             remedy="Choose one of them.")  # fmt: skip
    if not 0 < level < 1:
        raise UsageError("symbiosis, level", found=f"{level:g}", expected="between 0 and 1",
                         remedy="Give a share, such as 0.95.")  # fmt: skip


def _states(place: str, states: npt.ArrayLike, size: int) -> Array:
    try:
        x = np.asarray(states, dtype=np.float64)
    except (TypeError, ValueError):
        x = np.empty(0)
    if x.ndim != 2 or len(x) != size:
        raise InputError(place, found=f"states of shape {np.shape(states)}",
                         expected=f"numbers of shape ({size}, species)",
                         remedy="Give one row a time, one column a species.")  # fmt: skip
    if not np.isfinite(x).all():
        raise ValueFault(place, found="a state that is missing or infinite",
                         expected="finite numbers", remedy="Leave the time out.")  # fmt: skip
    return x


def _negative(place: str, x: Array, t: Array, names: tuple[str, ...]) -> ValueFault:
    row, column = np.unravel_index(int(np.argmin(x)), x.shape)
    return ValueFault(f"{place}, {names[column]} at t = {t[row]:g}", found=f"{x[row, column]:g}",
                      expected="a population above 0",
                      remedy="Correct the value or leave the time out.")  # fmt: skip


def _checked(
    entity: str, times: npt.ArrayLike, states: npt.ArrayLike, names: tuple[str, ...], errors: str
) -> tuple[Array, Array]:
    place = f"symbiosis of {entity}" if entity else "symbiosis"
    t = time_points(place, times)
    x = _states(place, states, len(t))
    n = x.shape[1]
    if n != len(names) or len(set(names)) != n or n < 2:
        raise InputError(place, found=f"{n} columns, names {', '.join(names)}",
                         expected="two or more species, each with its name",
                         remedy="Name each column once.")  # fmt: skip
    if (x <= 0).any():
        raise _negative(place, x, t, names)
    still = np.ptp(np.log(x), axis=0) <= 1e-12
    if still.any():
        raise ValueFault(f"{place}, {names[int(np.argmax(still))]}", found="a constant series",
                         expected="a series that moves", remedy="Leave it out: growth of 0 "
                         "throughout says nothing of what it depends on.")  # fmt: skip
    if len(t) <= 2 + n:
        raise ValueFault(place, found=f"{len(t)} times for {2 + n} parameters a species",
                         expected=f"{3 + n} times at least, {SHORT} to be any use",
                         remedy="Take a longer series.")  # fmt: skip
    return x, t


def _sorted_out(
    found: Mapping[str, SymbiosisFit | ServioError],
    order: Sequence[str],
    left: tuple[tuple[str, str], ...],
) -> SymbiosisFits:
    fits, lost = {}, list(left)
    for name in order:
        one = found[name]
        if isinstance(one, ServioError):
            lost.append((name, one.message))
        else:
            fits[name] = one
    return SymbiosisFits(fits, tuple(lost))


# -- estimation ------------------------------------------------------------------------------------


def _fit_group(
    t: Array, x: Array, entities: tuple[str, ...], frame: _Frame
) -> list[SymbiosisFit | ServioError]:
    """Fits of series (t, n, b) that share their times."""
    scale = _scale(x, frame.errors)
    u = x / scale
    starts = _starts(t, u)
    best, steps = _least(t, u, starts, frame)
    n = x.shape[1]
    alone = np.concatenate([np.ones(2 * n, dtype=np.bool_), np.eye(n, dtype=np.bool_).ravel()])
    weights = _weights(u, best, frame)
    restricted = minimise(t, u, starts[-1], weights, steps, levels=frame.errors == "additive",
                          free=alone).cost  # fmt: skip
    found: list[SymbiosisFit | ServioError] = []
    for b, entity in enumerate(entities):
        place = f"symbiosis of {entity}" if entity else "symbiosis"
        try:
            one = _one(place, t, x[..., b], u[..., b], scale[:, b], _only(best, b), frame, steps)
            found.append(_finished(one, entity, float(restricted[b]), weights[:, b], frame))
        except ServioError as error:
            found.append(error)
    return found


def _scale(x: Array, errors: Errors) -> Array:
    """Geometric means over time; of all species where residuals of levels are to be compared."""
    means = np.log(x).mean(axis=0)
    if errors == "additive":
        means = np.broadcast_to(means.mean(axis=0), means.shape)
    return np.asarray(np.exp(means))


def _starts(t: Array, u: Array) -> list[Array]:
    """Starting values (p, b): growth on levels before, at mid-interval, and on own ones only."""
    n = u.shape[1]
    growth = np.diff(np.log(u), axis=0) / np.diff(t)[:, None, None]
    middle = (u[1:] + u[:-1]) / 2
    found = []
    for levels, own in ((u[:-1], False), (middle, False), (middle, True)):
        theta = np.zeros((2 * n + n * n, u.shape[2]))
        theta[:n] = np.log(u[0])
        for b in range(u.shape[2]):
            for i in range(n):
                chosen = [i] if own else list(range(n))
                X = np.column_stack([np.ones(len(growth)), levels[:, chosen, b]])
                c = np.linalg.lstsq(X, growth[:, i, b], rcond=None)[0]
                theta[n + i, b] = c[0]
                theta[2 * n + i * n + np.array(chosen), b] = c[1:]
        found.append(theta)
    return found


def _least(t: Array, u: Array, starts: list[Array], frame: _Frame) -> tuple[Minimum, int]:
    """The lowest minimum from all starts, weighted by variances, on steps that are fine enough."""
    b, k = u.shape[2], len(starts)
    repeated = np.concatenate([u] * k, axis=2)
    tried = minimise(t, repeated, np.hstack(starts), np.ones(repeated.shape[1:]), SUBSTEPS,
                     levels=frame.errors == "additive", iterations=TRIALS)  # fmt: skip
    cost = np.where(tried.converged, tried.cost, np.inf).reshape(k, b)
    cost = np.where(np.isfinite(cost).any(axis=0), cost, tried.cost.reshape(k, b))
    chosen = np.argmin(cost, axis=0) * b + np.arange(b)
    theta, steps = tried.theta[:, chosen], SUBSTEPS
    found = _weighted(t, u, theta, steps, frame)
    while True:
        finer = paths(t, found.theta, u.shape[1], 2 * steps, slopes=False)[0]
        with np.errstate(invalid="ignore"):
            wrong = np.abs(finer - found.path).max(axis=(0, 1))
            size = np.sqrt(((np.log(u) - found.path) ** 2).mean(axis=(0, 1)))
        rough = np.flatnonzero(~(wrong <= np.maximum(FINE_SHARE * size, FINE)))
        if not rough.size or 2 * steps > MOST_SUBSTEPS:
            return found, steps
        steps *= 2
        better = _weighted(t, u[..., rough], found.theta[:, rough], steps, frame)
        for name in (field.name for field in fields(Minimum)):
            getattr(found, name)[..., rough] = getattr(better, name)


def _weighted(t: Array, u: Array, theta: Array, steps: int, frame: _Frame) -> Minimum:
    """Least squares, then again with each species weighted by its own variance."""
    levels = frame.errors == "additive"
    found = minimise(t, u, theta, np.ones(u.shape[1:]), steps, levels=levels)
    for _ in range(REWEIGHTINGS if frame.variance == "own" else 0):
        again = minimise(t, u, found.theta, _weights(u, found, frame), steps, levels=levels)
        found = replace(again, iterations=found.iterations + again.iterations)
    return found


def _weights(u: Array, found: Minimum, frame: _Frame) -> Array:
    """One over the standard deviation of each species' residuals, relative to the smallest."""
    size = np.sqrt((_residuals(u, found.path, frame.errors) ** 2).mean(axis=0))
    if frame.variance == "common":
        return np.ones_like(size)
    smallest = size.min(axis=0)
    usable = np.isfinite(size).all(axis=0) & (smallest > PERFECT * size.max(axis=0))
    usable &= smallest > PERFECT
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(usable, smallest / size, 1.0)


def _residuals(u: Array, path: Array, errors: Errors) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        if errors == "additive":
            return np.asarray(u - np.exp(path))
        return np.asarray(np.log(u) - path)


def _only(found: Minimum, b: int) -> Minimum:
    return Minimum(*(getattr(found, field.name)[..., b : b + 1] for field in fields(Minimum)))


@dataclass(frozen=True)
class _Raw:
    """A minimum in the units of the data, with its covariance."""

    place: str
    t: Array
    x: Array
    fitted: Array
    theta: Array
    covariance: Array
    sigma: Array
    df: float
    cost: float
    condition: float
    iterations: int
    gradient: float
    residuals: Array


def _one(
    place: str,
    t: Array,
    x: Array,
    u: Array,
    scale: Array,
    found: Minimum,
    frame: _Frame,
    steps: int,
) -> _Raw:
    size, n = u.shape
    p = len(found.theta)
    iterations, gradient = int(found.iterations[0]), float(found.gradient[0])
    if not found.converged[0] or not np.isfinite(found.cost[0]):
        raise NumericalError(
            place, found=f"no minimum after {iterations} iterations (gradient {gradient:.1e})",
            expected="least squares that converge",
            remedy="Take a longer series, or one that the equations can follow.",
        )  # fmt: skip
    finer = paths(t, found.theta, n, 2 * steps, slopes=False)[0]
    path, slope = found.path[..., 0], found.slope[..., 0]
    residuals = _residuals(u, path, frame.errors)
    wrong = float(np.abs(finer[..., 0] - path).max())
    if wrong > max(0.1 * float(np.sqrt((residuals**2).mean())), 1e-6):
        raise NumericalError(
            place, found=f"a solution that changes by {wrong:.1e} with half the step",
            expected="rates that the times of the series resolve",
            remedy="Take a series with shorter intervals.",
        )  # fmt: skip
    df = size - p / n
    variance = (residuals**2).sum(axis=0) / df
    if frame.variance == "common":
        variance[:], df = variance.mean(), n * df
    if frame.errors == "additive":
        slope = slope * np.exp(path)[:, :, None]
    weighted = (slope / np.sqrt(np.maximum(variance, 1e-300))[:, None]).reshape(size * n, p)
    length = np.sqrt((weighted**2).sum(axis=0))
    _, s, vt = np.linalg.svd(weighted / length, full_matrices=False)
    condition = float((s[0] / max(s[-1], 1e-300)) ** 2)
    if not condition < 1e24:
        raise NumericalError(
            place, found=f"parameters that can't be told apart (condition {condition:.1e})",
            expected="series in which both sizes change in their own way",
            remedy="Take a longer series, or other species.",
        )  # fmt: skip
    half = (vt.T / s) / length[:, None]
    covariance = half @ half.T
    # From units of the geometric means to those of the data.
    factor = np.concatenate([np.ones(2 * n), np.tile(1 / scale, n)])
    theta = found.theta[:, 0] * factor
    theta[:n] += np.log(scale)
    sigma = np.sqrt(variance) * (scale if frame.errors == "additive" else 1.0)
    return _Raw(place, t, x, np.exp(path) * scale, theta, covariance * np.outer(factor, factor),
                sigma, df, float(found.cost[0]), condition, iterations, gradient,
                residuals)  # fmt: skip


def _finished(
    raw: _Raw, entity: str, restricted: float, weights: Array, frame: _Frame
) -> SymbiosisFit:
    n, size = len(frame.names), len(raw.t)
    model = LotkaVolterra(frame.names, raw.theta[n : 2 * n], raw.theta[2 * n :].reshape(n, n),
                          frame.unit, frame.time_unit, "estimated")  # fmt: skip
    working = reported(raw.theta[:, None], n)[:, 0]
    working[~np.isfinite(working)] = np.nan
    G = sensitivities(raw.theta, n)
    spread = np.sqrt(np.einsum("qp,pr,qr->q", G, raw.covariance, G))
    spread[np.isnan(working)] = np.nan
    half = float(stats.t.ppf((1 + frame.level) / 2, raw.df)) * spread
    names, units, logs = parameter_names(frame.names, frame.unit, frame.time_unit)
    values = restored(working, logs)
    q = n * (n - 1)
    rest = n * size - len(raw.theta)
    cost = float(((raw.residuals * weights) ** 2).sum())
    f = (restricted - cost) / q / (cost / rest) if cost > 0 else np.inf
    f = max(f, 0.0)
    return SymbiosisFit(
        entity, model, raw.t, raw.x, raw.fitted, names, units, values,
        np.where(logs, values * spread, spread),
        restored(working - half, logs), restored(working + half, logs), frame.level,
        f"delta method, t with {raw.df:g} degrees of freedom", raw.theta, raw.covariance,
        raw.sigma, raw.df, frame.errors, frame.variance, raw.condition, raw.iterations,
        raw.gradient, f, float(stats.f.sf(f, q, rest)), _doubts(raw, model, values, half),
    )  # fmt: skip


def _doubts(raw: _Raw, model: LotkaVolterra, values: Array, half: Array) -> tuple[str, ...]:
    """What makes an estimate doubtful, in words."""
    notes = []
    size, names = len(raw.t), model.names
    residual = float(np.sqrt((raw.residuals**2).mean()))
    if residual < PERFECT:
        notes.append("perfect fit: intervals have no width")
    if size < SHORT:
        notes.append(f"short: {size} times, fewer than {SHORT}; r, K and d are hardly identified")
    straight = _straightness(raw.t, np.log(raw.x))
    if (straight > STRAIGHT).all():
        notes.append(
            f"trending: straight lines hold {100 * straight.min():.1f} % of the variance of each "
            "logarithm or more; any two trends fit some interaction"
        )
    if raw.condition > ILL_CONDITIONED:
        notes.append(f"a valley, no clear minimum: condition of J'J {raw.condition:.1e}")
    undefined = [name for name, K in zip(names, model.capacities, strict=True) if np.isnan(K)]
    if undefined:
        notes.append(f"no capacity of {', '.join(undefined)}: growth does not fall with own size")
    n = len(names)
    wide = half[2 * n : 2 * n + n * (n - 1)].reshape(n, n - 1).max(axis=1)
    traded = [f"{name} (±{w:.2g})" for name, w in zip(names, wide, strict=True) if w > WIDE]
    if traded:
        notes.append(f"d of {', '.join(traded)} is open: a larger K with a smaller d fits as well")
    top = raw.x.max(axis=0)
    far = [name for i, name in enumerate(names) if values[n + i] > 10 * top[i]]
    if far:
        notes.append(f"capacity of {', '.join(far)} lies beyond ten times the largest value seen")
    e = raw.residuals - raw.residuals.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        lag = (e[1:] * e[:-1]).sum(axis=0) / (e**2).sum(axis=0)
    moved = [f"{name} {r:.2f}" for name, r in zip(names, lag, strict=True)
             if residual > PERFECT and r * np.sqrt(size) > CORRELATED]  # fmt: skip
    if moved:
        notes.append(f"residuals correlated with those before ({', '.join(moved)}): intervals are "
                     "too narrow")  # fmt: skip
    return tuple(notes)


def _straightness(t: Array, y: Array) -> Array:
    """R squared of a straight line in time, for each column."""
    X = np.column_stack([np.ones(len(t)), t - t.mean()])
    e = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    return np.asarray(1 - (e**2).sum(axis=0) / ((y - y.mean(axis=0)) ** 2).sum(axis=0))


def _regression(place: str, y: Array, X: Array) -> tuple[Array, Array, float]:
    """Coefficients, their variances and R squared."""
    n, k = X.shape
    if n <= k:
        raise ValueFault(place, found=f"{n} steps for {k} parameters", expected="more steps",
                         remedy="Take a longer series.")  # fmt: skip
    scale = np.sqrt((X**2).sum(axis=0))
    scale[scale == 0] = 1.0
    u, s, vt = np.linalg.svd(X / scale, full_matrices=False)
    if not s[-1] > 1e-12 * s[0]:
        raise NumericalError(place, found="levels that are collinear",
                             expected="levels that move each in its own way",
                             remedy="Leave a species out.")  # fmt: skip
    b = (vt.T / s) @ (u.T @ y) / scale
    e = y - X @ b
    variance = ((vt.T / s) ** 2).sum(axis=1) / scale**2 * float(e @ e) / (n - k)
    total = float(((y - y.mean()) ** 2).sum())
    return b, variance, 1 - float(e @ e) / total if total > 0 else float("nan")


# -- bootstrap -------------------------------------------------------------------------------------


def _bootstrap(
    fits: list[SymbiosisFit], kind: str, draws: int, seed: int
) -> list[SymbiosisFit | ServioError]:
    if kind not in ("parametric", "residual"):
        raise UsageError("symbiosis, bootstrap", found=repr(kind),
                         expected="parametric or residual",
                         remedy="Choose one of them.")  # fmt: skip
    if draws < 99:
        raise UsageError("symbiosis, draws", found=str(draws), expected="99 or more",
                         remedy="Percentiles of fewer draws mean little.")  # fmt: skip
    rng = np.random.default_rng(seed)
    first = fits[0]
    n, errors = len(first.model.names), first.errors
    scales = [_scale(fit.observed, errors) for fit in fits]
    series, starts, weights = [], [], []
    for fit, scale in zip(fits, scales, strict=True):
        made = _made_again(fit, kind, draws, rng) / scale[:, None]
        inverse = np.concatenate([np.ones(2 * n), np.tile(scale, n)])
        theta = fit.theta * inverse
        theta[:n] -= np.log(scale)
        sigma = fit.sigma / (scale if errors == "additive" else 1.0)
        relative = sigma.min() / sigma if sigma.min() > PERFECT else np.ones(n)
        series.append(made)
        starts.append(np.repeat(theta[:, None], draws, axis=1))
        weights.append(np.repeat(relative[:, None], draws, axis=1))
    again = minimise(first.times, np.concatenate(series, axis=2), np.hstack(starts),
                     np.hstack(weights), SUBSTEPS, levels=errors == "additive")  # fmt: skip
    found: list[SymbiosisFit | ServioError] = []
    for k, (fit, scale) in enumerate(zip(fits, scales, strict=True)):
        chosen = slice(k * draws, (k + 1) * draws)
        factor = np.concatenate([np.ones(2 * n), np.tile(1 / scale, n)])
        theta = again.theta[:, chosen] * factor[:, None]
        theta[:n] += np.log(scale)[:, None]
        good = again.converged[chosen]
        found.append(_with_draws(fit, theta[:, good].T, kind, int((~good).sum()), seed))
    return found


def _made_again(fit: SymbiosisFit, kind: str, draws: int, rng: np.random.Generator) -> Array:
    """Series (t, n, draws) as the fitted model makes them."""
    size, n = fit.observed.shape
    groups = n if fit.variance == "own" else 1
    wider = np.sqrt(fit.df / rng.chisquare(fit.df, (groups, draws)))
    if kind == "parametric":
        e = rng.standard_normal((size, n, draws)) * fit.sigma[:, None]
    else:
        left = (np.log(fit.observed / fit.fitted) if fit.errors == "multiplicative"
                else fit.observed - fit.fitted)  # fmt: skip
        left = (left - left.mean(axis=0)) * np.sqrt(size / (size - 2 - n))
        e = np.moveaxis(left[rng.integers(0, size, (size, draws))], 2, 1)
    e = e * wider
    fitted = fit.fitted[:, :, None]
    return np.asarray(fitted * np.exp(e) if fit.errors == "multiplicative" else fitted + e)


def _with_draws(
    fit: SymbiosisFit, draws: Array, kind: str, failed: int, seed: int
) -> SymbiosisFit | ServioError:
    total = len(draws) + failed
    if failed > 0.05 * total:
        return NumericalError(
            f"symbiosis of {fit.entity}, bootstrap" if fit.entity else "symbiosis, bootstrap",
            found=f"{failed} of {total} refits without a minimum",
            expected="no more than one in twenty",
            remedy="Take a longer series; this one does not hold the model.",
        )  # fmt: skip
    _, _, logs = parameter_names(fit.model.names, fit.model.unit, fit.model.time_unit)
    working = reported(draws.T, len(fit.model.names))
    lower, upper = (restored(end, logs) for end in _ends(working, fit.level))
    undefined = np.isnan(fit.values)
    lower[undefined], upper[undefined] = np.nan, np.nan
    how = f"{kind} bootstrap, {total} draws, seed {seed}"
    note = (f"{failed} of {total} refits without a minimum",) if failed else ()
    return replace(fit, lower=lower, upper=upper, intervals=how, draws=draws,
                   notes=(*fit.notes, *note))  # fmt: skip


# -- small things ----------------------------------------------------------------------------------


def _ends(values: Array, level: float) -> tuple[Array, Array]:
    """Percentiles along the last axis that take infinities as they are."""
    tail = 50 * (1 - level)
    lower = np.percentile(values, tail, axis=-1, method="lower")
    upper = np.percentile(values, 100 - tail, axis=-1, method="higher")
    return lower, upper


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


def _root(covariance: Array) -> Array:
    """A root of a covariance, also where parameters are of very different size."""
    size = np.sqrt(np.diag(covariance))
    size[size == 0] = 1.0
    values, vectors = np.linalg.eigh(covariance / np.outer(size, size))
    return np.asarray(size[:, None] * vectors * np.sqrt(np.maximum(values, 0.0)))
