"""Which came first: Granger's tests in panels, and vector autoregressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import NumericalError, UsageError, ValueFault
from servio.explain._estimate import Estimate, Joint
from servio.explain._formula import parse_formula
from servio.explain._panel import Panel
from servio.explain._qr import dependence, least_squares
from servio.explain._series import Series, mean_over_units, moving_together, read_series
from servio.explain.regression import estimate
from servio.explain.unit_roots import frame_of_tests

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Granger", "PanelVar", "granger", "panel_var"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

SHORT = 20
"""Rows a unit below which the bias of fixed effects with lags is named as large."""


@dataclass(frozen=True, eq=False)
class Granger:
    """What lags of one column say about another, beyond its own.

    Parameters
    ----------
    cause, effect : str
    lags : int
    tests : mapping of str to Joint
        ``z_bar``, ``z_bar_tilde``, ``within``.
    pooled : Estimate
        The regression of ``within``.
    units : DataFrame
        One row a unit: ``unit``, ``n``, ``wald``, ``p`` of its own regression.
    dropped : mapping of str to int
        Reason to number of units left out of the first two tests.
    notes : tuple of str
    reverse : Granger or None
        The other direction, where it was asked for.
    """

    cause: str
    effect: str
    lags: int
    tests: Mapping[str, Joint]
    pooled: Estimate
    units: pd.DataFrame
    dropped: Mapping[str, int]
    notes: tuple[str, ...]
    reverse: Granger | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row a direction and test: cause, effect, test, hypothesis, statistic, df, p."""
        import pandas as pd

        found = frame_of_tests(self.tests)
        found.insert(0, "cause", self.cause)
        found.insert(1, "effect", self.effect)
        if self.reverse is None:
            return found
        return pd.concat([found, self.reverse.to_frame()], ignore_index=True)


@dataclass(frozen=True, eq=False)
class PanelVar:
    """Columns that depend on the past of all of them.

    Parameters
    ----------
    columns : tuple of str
    lags : int
    equations : mapping of str to Estimate
        One a column; terms are ``lag(column, l)``.
    covariance : array (k, k)
        Of the errors.
    moduli : array (k * lags,)
        Of the eigenvalues of the companion matrix, the largest first; stable if all are below 1.
    responses : DataFrame
        ``horizon``, ``shock``, ``response``, ``estimate``, ``lower``, ``upper``: the change of a
        column after an orthogonal shock of one standard deviation.
    setting : str
    notes : tuple of str
    """

    columns: tuple[str, ...]
    lags: int
    equations: Mapping[str, Estimate]
    covariance: Array
    moduli: Array
    responses: pd.DataFrame
    setting: str
    notes: tuple[str, ...]

    @property
    def stable(self) -> bool:
        """Whether shocks die out."""
        return bool(self.moduli[0] < 1)

    def to_frame(self) -> pd.DataFrame:
        """One row an equation and term: estimate, std_error, t, p, lower, upper."""
        import pandas as pd

        frames = [one.to_frame().assign(equation=name) for name, one in self.equations.items()]
        found = pd.concat(frames, ignore_index=True)
        return found[["equation", *(name for name in found if name != "equation")]]


def granger(
    data: Panel | pd.DataFrame,
    cause: str,
    effect: str,
    *,
    lags: int = 1,
    both: bool = False,
    time_effects: bool = True,
    panel: str | Sequence[str] | None = None,
    time: str | None = None,
) -> Granger:
    r"""Does the past of one column tell about another, beyond that one's own past? Three tests.

    ``z_bar`` and ``z_bar_tilde`` (Dumitrescu and Hurlin): in each unit the Wald statistic
    :math:`W_i` of :math:`c_{i1} = .. = c_{iK} = 0` in
    :math:`y_t = a_i + \sum_k b_{ik} y_{t-k} + \sum_k c_{ik} x_{t-k} + e_t`; then
    :math:`\bar Z = \sqrt{N/2K}\,(\bar W - K)` for long series, and
    :math:`\tilde Z = \sqrt N (\bar W - E) / \sqrt V` with
    :math:`E = K(t-2K-1)/(t-2K-3)` and :math:`V = 2K(t-2K-1)^2(t-K-3)/((t-2K-3)^2(t-2K-5))` of
    t rows a unit, for short ones. ``within``: one b and c for all units, fixed effects of units
    (and times), F of c clustered by unit.

    Parameters
    ----------
    data : Panel or DataFrame
    cause, effect : str
        Columns or expressions, such as ``log(va)``.
    lags : int
        K, from 1.
    both : bool
        Test the other direction too: `Granger.reverse`.
    time_effects : bool
        Effects of times in ``within``.
    panel : str or sequence of str, optional
        Columns that name a unit, where `data` is a DataFrame.
    time : str, optional
        Column of time, where `data` is a DataFrame.

    Returns
    -------
    Granger
        Small p values speak for the past of `cause` mattering: in some units in the first two
        (normal, one-sided: only large statistics speak against), on average in ``within``.

    Raises
    ------
    UsageError
        Fewer lags than 1, the same column twice, no entity or time.
    ValueFault
        The pooled regression is not possible: see `estimate`.

    Notes
    -----
    Units need more than 5 + 2K rows after lags (5 + 3K times without gaps), others are left out
    of the first two tests and counted; where fewer than two are left these are not there. Prior
    is not the same as cause: a third column may lead both, and anticipation turns the order
    around. Lags in ``within`` have the bias of Nickell, which reaches c where x and past y go
    together: compare with `dynamic_panel`.

    References
    ----------
    Dumitrescu and Hurlin (2012), Economic Modelling 29, 1450-1460; Lopez and Weber (2017), Stata
    Journal 17, 972-984, on t.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(2, 20, 30))
    >>> y[:, 1:] += 0.5 * x[:, :-1]
    >>> frame = pd.DataFrame({"country": np.repeat(np.arange(20), 30), "x": x.ravel(),
    ...                       "y": y.ravel(), "year": np.tile(np.arange(30), 20)})
    >>> found = granger(frame, "x", "y", both=True, panel="country", time="year")
    >>> found.to_frame().query("test == 'z_bar_tilde'")["p"].lt(0.05).tolist()
    [True, False]
    """
    if not isinstance(lags, int) or isinstance(lags, bool) or lags < 1:
        raise UsageError("granger, lags", found=repr(lags), expected="a whole number from 1",
                         remedy="Say 1.")  # fmt: skip
    if cause == effect:
        raise UsageError("granger", found=f"{cause} as cause and effect",
                         expected="two columns", remedy="Name another.")  # fmt: skip
    series = read_series("granger", data, panel, time)
    reverse = _direction(data, series, effect, cause, lags, time_effects) if both else None
    return _direction(data, series, cause, effect, lags, time_effects, reverse)


def panel_var(
    data: Panel | pd.DataFrame,
    columns: Sequence[str],
    *,
    lags: int = 1,
    effects: str = "helmert",
    time_effects: bool = True,
    horizon: int = 10,
    draws: int = 500,
    seed: int = 0,
    level: float = 0.95,
    panel: str | Sequence[str] | None = None,
    time: str | None = None,
) -> PanelVar:
    r"""How do columns move each other over time, and how long does a shock last? A panel VAR.

    :math:`y_{it} = \mu_i + \sum_l A_l y_{i,t-l} + e_{it}`, y with k columns. ``helmert``: each
    row less the mean of the unit's later rows, times :math:`\sqrt{F/(F+1)}` with F of them,
    which takes :math:`\mu_i` away and leaves errors uncorrelated; the lags of that equation are
    instrumented with their own levels, which are older than its errors: no bias of Nickell.
    ``within``: least squares of deviations from means, biased by about
    :math:`-(1 + A)/(T - 1)`. Responses are :math:`\Phi_h P`, :math:`\Phi_h` the powers of the
    companion matrix and P the Cholesky factor of the covariance of errors.

    Parameters
    ----------
    data : Panel or DataFrame
    columns : sequence of str
        Columns or expressions, in the order in which shocks act: an earlier one moves later ones
        at once, not the other way round.
    lags : int
    effects : {"helmert", "within"}
    time_effects : bool
        Take away the mean over units at each time first.
    horizon : int
        Last time of the responses.
    draws : int
        Of the bootstrap over units that gives the bands.
    seed : int
    level : float
        Of the bands (percentiles).
    panel : str or sequence of str, optional
    time : str, optional

    Returns
    -------
    PanelVar

    Raises
    ------
    UsageError
        Fewer than two columns, or an option that is not possible.
    ValueFault
        Too few rows or units, or columns that determine each other.
    NumericalError
        The lagged levels do not move the lags.

    Notes
    -----
    Identity: at horizon 0 responses are P. Instruments are weak where columns are near random
    walks. Bands keep the means over units at each time as they are.

    References
    ----------
    Holtz-Eakin, Newey and Rosen (1988), Econometrica 56, 1371-1395; Arellano and Bover (1995),
    Journal of Econometrics 68, 29-51, for the transformation; Love and Zicchino (2006),
    Quarterly Review of Economics and Finance 46, 190-210.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> y = np.zeros((200, 30, 2))
    >>> for t in range(1, 30):
    ...     y[:, t, 0] = 0.5 * y[:, t - 1, 0] + rng.normal(size=200)
    ...     y[:, t, 1] = 0.4 * y[:, t - 1, 0] + 0.3 * y[:, t - 1, 1] + rng.normal(size=200)
    >>> frame = pd.DataFrame({"country": np.repeat(np.arange(200), 15),
    ...     "year": np.tile(np.arange(15), 200), "x": y[:, 15:, 0].ravel(),
    ...     "y": y[:, 15:, 1].ravel()})
    >>> found = panel_var(frame, ["x", "y"], draws=50, panel="country", time="year")
    >>> found.stable, found.equations["y"].coefficients.round(1).tolist()
    (True, [0.4, 0.3])
    """
    names = tuple(columns)
    _check_var(names, lags, effects, horizon, draws, level)
    series = read_series("panel_var", data, panel, time)
    grids = [series.grid(series.values(name)) for name in names]
    if time_effects:
        grids = [grid - mean_over_units(grid) for grid in grids]
    Y, X, codes = _lagged_rows(np.stack(grids, axis=2), lags)
    terms = tuple(f"lag({name}, {lag + 1})" for lag in range(lags) for name in names)
    rows = _transformed(Y, X, codes, effects)
    _check_rows(rows, terms, names)
    B = rows.solve()
    residuals = rows.outcomes - rows.regressors @ B
    covariance = np.asarray(residuals.T @ residuals) / (len(residuals) - len(terms))
    moduli = np.sort(np.abs(np.linalg.eigvals(_companion(B, len(names)))))[::-1]
    responses, failed = _bands(rows, horizon, draws, seed, level)
    units = int(rows.codes.max()) + 1
    setting = (
        f"{lags} lags, {'forward' if effects == 'helmert' else 'within'} deviations"
        f"{', less the mean over units at each time' if time_effects else ''}; bands: {draws} "
        f"draws of units, seed {seed}, {100 * level:g} %"
    )
    lost = "no earlier rows for lags, or a missing value"
    if effects == "helmert":
        lost += ", or the last row of a unit"
    dropped = {lost: len(series.frame) - len(residuals)}
    notes = _var_notes(names, B, moduli, effects, len(Y) / units, failed)
    V, entity = rows.covariances(residuals), ":".join(series.entity)
    equations = {
        name: Estimate(
            name=f"{name} equation",
            formula=f"{name} ~ {' + '.join(terms)} | {entity}",
            method=f"panel VAR ({setting.split(';')[0]})",
            terms=terms,
            coefficients=B[:, j],
            covariance=V[j],
            vcov=f"clustered by {entity} ({units}), G/(G−1), t with {units - 1} df",
            df=float(units - 1),
            n=len(residuals),
            statistics={"sigma": float(np.sqrt(covariance[j, j]))},
            groups={entity: units},
            sample=f"{len(residuals):,} of {len(series.frame):,} rows, {units:,} entities",
            dropped=dropped,
            notes=notes,
            synthetic=series.synthetic,
        )
        for j, name in enumerate(names)
    }
    return PanelVar(
        names, lags, equations, covariance, moduli, _responses_frame(responses, names), setting,
        notes,
    )  # fmt: skip


# -- Granger


def _direction(
    data: Panel | pd.DataFrame,
    series: Series,
    cause: str,
    effect: str,
    lags: int,
    time_effects: bool,
    reverse: Granger | None = None,
) -> Granger:
    import pandas as pd

    own = [f"lag({effect}, {k})" for k in range(1, lags + 1)]
    past = [f"lag({cause}, {k})" for k in range(1, lags + 1)]
    entity = ":".join(series.entity)
    fixed = f"{entity} + {series.time}" if time_effects else entity
    formula = f"{effect} ~ {' + '.join([*own, *past])} | {fixed}"
    pooled = estimate(
        formula, data, vcov={"cluster": entity}, panel=series.entity, time=series.time,
        name=f"{cause} to {effect}",
    )  # fmt: skip
    terms = [term.name for term in parse_formula(formula).terms[-lags:]]
    grids = np.stack([series.grid(series.values(name)) for name in (effect, cause)], axis=2)
    dropped: dict[str, int] = {}
    found = []
    for unit, values in zip(series.names, grids, strict=True):
        Y, X, _ = _lagged_rows(values[None], lags)
        wald = _unit_wald(Y[:, 0], X, lags, dropped)
        if wald is not None:
            found.append((unit, len(Y), wald, float(scipy.stats.chi2.sf(wald, lags))))
    units = pd.DataFrame(found, columns=["unit", "n", "wald", "p"])
    notes = []
    tests: dict[str, Joint] = {}
    if len(units) >= 2:
        walds, rows = units["wald"].to_numpy(), units["n"].to_numpy(dtype=np.float64)
        tests = _dumitrescu_hurlin(walds, rows, lags, f"{cause} leads {effect} in no unit")
    else:
        notes.append(
            f"z_bar and z_bar_tilde left out: fewer than two units with more than {5 + 2 * lags} "
            "rows after lags"
        )
    tests["within"] = pooled.joint(terms)
    at = float(pooled.coefficients[0])
    each = pooled.n / pooled.groups[entity]
    bias = (1 + at) / (each - 1) if each > 1 else np.nan
    notes += [
        f"within: fixed effects with lags are biased (Nickell), {own[0]} by about -{bias:.2f} with "
        f"{each:.1f} rows a unit{'; compare with dynamic_panel' * (each < SHORT)}",
        *moving_together(grids[:, :, 0]),
    ]
    return Granger(
        cause, effect, lags, tests, pooled, units, dropped, tuple(notes), reverse
    )  # fmt: skip


def _unit_wald(y: Array, X: Array, lags: int, dropped: dict[str, int]) -> float | None:
    """Wald statistic of the lags of the cause, the second column; None with a reason."""
    reason = ""
    design = np.column_stack([np.ones(len(y)), X])
    if len(y) <= 5 + 2 * lags:
        reason = f"at most {5 + 2 * lags} rows after lags"
    elif dependence(design, np.full(design.shape[1], 1e-10)) is not None:
        reason = "columns that do not vary or determine each other"
    if reason:
        dropped[reason] = dropped.get(reason, 0) + 1
        return None
    fit = least_squares(design, y)
    at = 2 + 2 * np.arange(lags)
    rss = float(fit.residuals @ fit.residuals)
    if rss <= 1e-24 * float(y @ y):
        dropped["a perfect fit"] = dropped.get("a perfect fit", 0) + 1
        return None
    c = fit.coefficients[at]
    variance = rss / (len(y) - design.shape[1])
    return float(c @ np.linalg.solve(fit.bread[np.ix_(at, at)], c) / variance)


def _dumitrescu_hurlin(walds: Array, rows: Array, K: int, hypothesis: str) -> dict[str, Joint]:
    mean = K * (rows - 2 * K - 1) / (rows - 2 * K - 3)
    variance = (
        2 * K * (rows - 2 * K - 1) ** 2 * (rows - K - 3)
        / ((rows - 2 * K - 3) ** 2 * (rows - 2 * K - 5))
    )  # fmt: skip
    root = np.sqrt(len(walds))
    found = {
        "z_bar": root * (walds.mean() - K) / np.sqrt(2 * K),
        "z_bar_tilde": root * (walds.mean() - mean.mean()) / np.sqrt(variance.mean()),
    }
    return {
        name: Joint(float(z), "normal", (), float(scipy.stats.norm.sf(z)), hypothesis)
        for name, z in found.items()
    }


# -- vector autoregression


@dataclass(frozen=True, eq=False)
class _System:
    """Rows without the effects of units, and what instruments their lags."""

    outcomes: Array
    regressors: Array
    instruments: Array
    codes: Codes

    def solve(self) -> Array:
        """Coefficients (terms, columns)."""
        cross = self.instruments.T @ self.regressors
        size = np.sqrt(np.abs(np.diag(cross)))
        if not (size > 0).all() or np.linalg.cond(cross / np.outer(size, size)) > 1e12:
            raise NumericalError("panel_var", found="lagged levels that do not move the lags",
                                 expected="instruments for every lag",
                                 remedy="Use fewer lags, or effects='within'.")  # fmt: skip
        found = np.linalg.solve(cross, self.instruments.T @ self.outcomes)
        return np.asarray(found, dtype=np.float64)

    def covariances(self, residuals: Array) -> list[Array]:
        """Of the coefficients of each equation, clustered by unit."""
        gain = np.asarray(np.linalg.inv(self.instruments.T @ self.regressors))
        units = int(self.codes.max()) + 1
        found = []
        for j in range(residuals.shape[1]):
            sums = np.zeros((units, self.instruments.shape[1]))
            np.add.at(sums, self.codes, self.instruments * residuals[:, [j]])
            covariance = units / (units - 1) * gain @ (sums.T @ sums) @ gain.T
            found.append(np.asarray(covariance, dtype=np.float64))
        return found


def _check_var(
    names: tuple[str, ...], lags: int, effects: str, horizon: int, draws: int, level: float
) -> None:
    if len(set(names)) < len(names) or len(names) < 2:
        raise UsageError("panel_var, columns", found=", ".join(names) or "none",
                         expected="two or more, each once", remedy="Name them.")  # fmt: skip
    for name, value, least in (("lags", lags, 1), ("horizon", horizon, 0), ("draws", draws, 1)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise UsageError(f"panel_var, {name}", found=repr(value),
                             expected=f"a whole number from {least}",
                             remedy=f"Say {least} or more.")  # fmt: skip
    if effects not in ("helmert", "within"):
        raise UsageError("panel_var, effects", found=repr(effects), expected="helmert or within",
                         remedy="Choose one of them.")  # fmt: skip
    if not 0 < level < 1:
        raise UsageError("panel_var, level", found=repr(level), expected="between 0 and 1",
                         remedy="Say 0.95.")  # fmt: skip


def _lagged_rows(grid: Array, lags: int) -> tuple[Array, Array, Codes]:
    """Values (n, k), their lags (n, lags * k), first lag first, and units, of complete rows."""
    span = grid.shape[1]
    if span <= lags:
        return (np.empty((0, grid.shape[2])), np.empty((0, lags * grid.shape[2])),
                np.empty(0, dtype=np.intp))  # fmt: skip
    now = grid[:, lags:]
    past = np.concatenate([grid[:, lags - k : span - k] for k in range(1, lags + 1)], axis=2)
    there = np.isfinite(now).all(axis=2) & np.isfinite(past).all(axis=2)
    return now[there], past[there], np.nonzero(there)[0]


def _transformed(Y: Array, X: Array, codes: Codes, effects: str) -> _System:
    """Rows of units with several, less the mean of all or of later ones; they come in order."""
    both = np.column_stack([Y, X])
    counts = np.bincount(codes)[codes] if len(codes) else np.empty(0, dtype=np.intp)
    several = counts > 1
    both, codes = both[several], codes[several]
    k = Y.shape[1]
    units = np.unique(codes, return_inverse=True)[1].astype(np.intp)
    size = int(units.max()) + 1 if len(units) else 0
    totals = np.zeros((size, both.shape[1]))
    np.add.at(totals, units, both)
    number = np.bincount(units, minlength=size)
    deviations = both - (totals / np.maximum(number, 1)[:, None])[units]
    if effects == "within":
        return _System(deviations[:, :k], deviations[:, k:], deviations[:, k:], units)
    # Deviations of a unit sum to zero: what is to come is what has been, with the sign changed.
    F = number[units] - np.arange(len(units)) + (np.cumsum(number) - number)[units] - 1
    some, left = F > 0, np.maximum(F, 1)[:, None]
    later = -np.cumsum(deviations, axis=0) / left
    changed = (np.sqrt(left / (left + 1)) * (deviations - later))[some]
    return _System(changed[:, :k], changed[:, k:], both[some][:, k:], units[some])


def _check_rows(rows: _System, terms: tuple[str, ...], names: tuple[str, ...]) -> None:
    units = len(np.unique(rows.codes))
    if len(rows.codes) <= len(terms) + 1 or units < 2:
        raise ValueFault("panel_var", found=f"{len(rows.codes)} rows of {units} units for "
                         f"{len(terms)} parameters an equation",
                         expected="more rows than parameters, several units",
                         remedy="Use fewer lags or more rows.")  # fmt: skip
    for columns, labels in ((rows.regressors, terms), (rows.outcomes, names)):
        lengths = np.linalg.norm(columns, axis=0)
        flat = lengths <= 1e-10 * np.linalg.norm(rows.instruments, axis=0).max()
        found = None if flat.any() else dependence(columns, np.full(columns.shape[1], 1e-10))
        if flat.any() or found is not None:
            at = int(flat.argmax()) if found is None else found[0]
            raise ValueFault("panel_var", found=f"{labels[at]}, constant or a combination of the "
                             "others within units", expected="columns that vary apart",
                             remedy="Leave it out.")  # fmt: skip


def _companion(B: Array, k: int) -> Array:
    top = B.T
    size = B.shape[0]
    found = np.zeros((size, size))
    found[:k] = top
    found[k:, : size - k] = np.eye(size - k)
    return found


def _responses(B: Array, covariance: Array, horizon: int) -> Array:
    """Responses (horizon + 1, response, shock) to orthogonal shocks."""
    k = covariance.shape[0]
    companion = _companion(B, k)
    shocks = np.zeros((B.shape[0], k))
    shocks[:k] = np.linalg.cholesky(covariance)
    found = np.empty((horizon + 1, k, k))
    for h in range(horizon + 1):
        found[h] = shocks[:k]
        shocks = companion @ shocks
    return found


def _bands(
    rows: _System, horizon: int, draws: int, seed: int, level: float
) -> tuple[tuple[Array, Array, Array], int]:
    """Responses with the ends of their bands, and how many draws had no solution."""
    units = int(rows.codes.max()) + 1
    q = rows.regressors.shape[1]
    parts = np.column_stack([rows.instruments, rows.regressors, rows.outcomes])
    products = np.zeros((units, parts.shape[1], parts.shape[1]))
    np.add.at(products, rows.codes, parts[:, :, None] * parts[:, None, :])
    counts = np.bincount(rows.codes)

    def fitted(weights: Array) -> Array:
        S = np.tensordot(weights, products, axes=1)
        B = np.linalg.solve(S[:q, q : 2 * q], S[:q, 2 * q :])
        XX, XY, YY = S[q : 2 * q, q : 2 * q], S[q : 2 * q, 2 * q :], S[2 * q :, 2 * q :]
        V = YY - B.T @ XY - XY.T @ B + B.T @ XX @ B
        V = (V + V.T) / 2 / (weights @ counts - q)
        return _responses(np.asarray(B), V, horizon)

    rng = np.random.default_rng(seed)
    found, failed = [], 0
    for _ in range(draws):
        weights = np.bincount(rng.integers(units, size=units), minlength=units)
        try:
            found.append(fitted(weights.astype(np.float64)))
        except np.linalg.LinAlgError:
            failed += 1
    centre = fitted(np.ones(units))
    if not found:
        nothing = np.full_like(centre, np.nan)
        return (centre, nothing, nothing), failed
    tail = 50 * (1 - level)
    lower, upper = np.percentile(np.array(found), [tail, 100 - tail], axis=0)
    return (centre, lower, upper), failed


def _responses_frame(responses: tuple[Array, Array, Array], names: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    centre, lower, upper = responses
    rows = [
        (h, shock, response, centre[h, i, j], lower[h, i, j], upper[h, i, j])
        for j, shock in enumerate(names)
        for i, response in enumerate(names)
        for h in range(len(centre))
    ]
    return pd.DataFrame(
        rows, columns=["horizon", "shock", "response", "estimate", "lower", "upper"]
    )


def _var_notes(
    names: tuple[str, ...], B: Array, moduli: Array, effects: str, each: float, failed: int
) -> tuple[str, ...]:
    largest = float(max(B[j, j] for j in range(len(names))))
    bias = (1 + largest) / (each - 1) if each > 1 else np.nan
    notes = [
        f"shocks in the order {', '.join(names)}: an earlier one moves later ones at once; "
        "compare with other orders"
    ]
    if effects == "within":
        notes.append(
            f"Nickell bias: own lags are too low by about {bias:.2f} = (1 + lag)/(T - 1) with "
            f"{each:.1f} rows a unit, and shocks seem to die out too soon; compare with "
            "effects='helmert'"
        )
    else:
        notes.append(
            "lagged levels instrument forward deviations: without the bias of Nickell (about "
            f"-{bias:.2f} within, with {each:.1f} rows a unit), but weak near random walks"
        )
    if moduli[0] >= 1:
        notes.append(
            f"not stable: largest modulus {moduli[0]:.3f}, shocks do not die out and responses "
            "mean little; take differences first"
        )
    if failed:
        notes.append(f"{failed} draws of the bands had no solution and are left out")
    return tuple(notes)
