"""Panels whose outcome depends on its own past: difference GMM, with its warnings."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import NumericalError, UsageError, ValueFault
from servio.explain._checks import check_rank
from servio.explain._design import INTERCEPT, Design, build_design
from servio.explain._estimate import Estimate
from servio.explain._formula import Factor, Formula, Term, parse_formula
from servio.explain._panel import Panel
from servio.explain._series import Series, read_series

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["dynamic_panel"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Times = npt.NDArray[np.int64]
Lags = tuple[int, int | None]

PERSISTENT = 0.8
"""Lag from which levels say little about changes (Blundell and Bond 1998, who compare 0.8, 0.9)."""
SINGULAR = 1e-12


@dataclass(frozen=True, eq=False)
class _Rows:
    """Differenced rows, sorted by entity and time."""

    outcome: Array
    regressors: Array
    names: tuple[str, ...]
    periods: Array
    instruments: Array
    entities: Codes
    times: Times


@dataclass(frozen=True, eq=False)
class _Step:
    """One step of GMM: b, residuals, weights W, inverse of X'Z W Z'X, and the moments Z'u."""

    coefficients: Array
    residuals: Array
    weights: Array
    bread: Array
    sums: Array
    singular: bool


def dynamic_panel(
    formula: str,
    data: Panel | pd.DataFrame,
    *,
    instruments: Mapping[str, Lags] | None = None,
    collapse: bool = False,
    steps: int = 2,
    where: str | None = None,
    name: str = "",
    panel: str | Sequence[str] | None = None,
    time: str | None = None,
) -> Estimate:
    r"""How does the outcome move with its own past and with regressors? Difference GMM.

    In :math:`y_{it} = \rho y_{i,t-1} + x_{it}'b + \mu_i + e_{it}` fixed effects are biased by
    about :math:`-(1+\rho)/(T-1)` (Nickell). First differences take :math:`\mu_i` away; the
    change of the lag is instrumented with earlier levels :math:`y_{i,t-2}, y_{i,t-3}, ..`
    (Arellano and Bond): :math:`\hat b = (X'ZWZ'X)^{-1} X'ZWZ'y` on differences, with
    :math:`W = (\sum_i Z_i'HZ_i)^{-1}` in the first step, H with 2 on and -1 beside its diagonal,
    and :math:`W = (\sum_i Z_i'\hat u_i\hat u_i'Z_i)^{-1}` in the second. Errors of two steps have
    Windmeijer's correction, those of one step are robust.

    Parameters
    ----------
    formula : str
        ``y ~ lag(y) + x``, with ``| year`` for effects of periods. Effects of entities are always
        taken away.
    data : Panel or DataFrame
    instruments : mapping of str to (int, int or None), optional
        Column or expression to the first and last lag of its levels that serve as instruments;
        None: as far back as there are rows. The outcome has (2, None) if not named. Terms made
        from a column named here count as predetermined (first lag 1) or endogenous (2); all
        others as strictly exogenous, their own differences being their instruments.
    collapse : bool
        One instrument a lag instead of one a lag and period.
    steps : {2, 1}
    where, name : str, optional
    panel : str or sequence of str, optional
        Columns that name an entity, where `data` is a DataFrame.
    time : str, optional
        Column of time, where `data` is a DataFrame.

    Returns
    -------
    Estimate
        `statistics` holds ``instruments``, ``ar1``, ``ar2`` (Arellano and Bond's m, normal) with
        ``ar1_p``, ``ar2_p``; ``hansen_j``, ``hansen_j_p`` (two steps) or ``sargan``,
        ``sargan_p`` (one step; needs equal variances) and ``overidentification_df``;
        ``lag_within``, ``lag_pooled``: the first lag with fixed effects and without, between
        which it usually lies. Notes always say how many instruments there are for how many
        entities, and the bias of fixed effects.

    Raises
    ------
    UsageError
        No lag of the outcome, other fixed effects than the time, instruments or lags that are
        not possible.
    ValueFault
        Collinear columns, or too few rows.
    NumericalError
        The instruments do not identify the coefficients.

    Notes
    -----
    Identity: with as many instruments as terms both steps are the same. Valid only where errors
    have no serial correlation: ``ar2_p`` should be large (differences always have that of order
    one). Weak where the outcome is near a random walk. With many periods instruments grow with
    their square: the estimate moves towards that of fixed effects.

    References
    ----------
    Arellano and Bond (1991), Review of Economic Studies 58, 277-297; Windmeijer (2005), Journal
    of Econometrics 126, 25-51; Roodman (2009), Oxford Bulletin of Economics and Statistics 71,
    135-158, on too many instruments; Nickell (1981), Econometrica 49, 1417-1426.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> y = np.zeros((300, 8))
    >>> effect = rng.normal(size=300)
    >>> for t in range(1, 8):
    ...     y[:, t] = 0.5 * y[:, t - 1] + effect + rng.normal(size=300)
    >>> frame = pd.DataFrame({"firm": np.repeat(np.arange(300), 6), "y": y[:, 2:].ravel(),
    ...                       "year": np.tile(np.arange(6), 300)})
    >>> found = dynamic_panel("y ~ lag(y)", frame, panel="firm", time="year")
    >>> lower, upper = found.interval()
    >>> int(found.statistics["instruments"]), bool(lower[0] < 0.5 < upper[0])
    (10, True)
    """
    if steps not in (1, 2):
        raise UsageError("dynamic_panel, steps", found=repr(steps), expected="1 or 2",
                         remedy="Choose one of them.")  # fmt: skip
    parsed = parse_formula(formula)
    series = read_series("dynamic_panel", data, panel, time)
    lagged, levels = check_dynamic(parsed, instruments, (series.entity,), series.time)
    design = build_design(
        formula.split("|")[0], data, where=where, panel=series.entity, time=series.time
    )
    rows = _difference(design, series, parsed, levels, collapse=collapse)
    X = np.column_stack([rows.regressors, rows.periods])
    _check(formula, rows, X)
    first = _one_step(rows, X)
    found = _two_step(rows, X, first) if steps == 2 else first
    V_first = _robust(X, rows, first)
    V = _windmeijer(X, rows, first, found, V_first) if steps == 2 else V_first
    k, entities = len(rows.names), len(np.unique(rows.entities))
    statistics = {"instruments": float(rows.instruments.shape[1])}
    for order in (1, 2):
        statistics |= _serial_correlation(rows, X, found, V, order)
    statistics |= _overidentification(rows, X, found, steps)
    at = rows.names.index(lagged) if lagged in rows.names else 0
    statistics |= _bracket(design, series, rows.names[at], periods=bool(rows.periods.shape[1]))
    effects = ", ".join([":".join(series.entity), *([series.time] * bool(rows.periods.size))])
    levels_words = "; ".join(
        f"{key} lags {low} to {'all' if high is None else high}"
        for key, (low, high) in levels.items()
    )
    return Estimate(
        name=name or formula,
        formula=formula,
        method=f"difference GMM, {'two steps' if steps == 2 else 'one step'} ({effects})"
        + (", instruments collapsed" if collapse else ""),
        terms=rows.names,
        coefficients=found.coefficients[:k],
        covariance=V[:k, :k],
        vcov=f"clustered by {':'.join(series.entity)} ({entities}), "
        + ("Windmeijer's correction" if steps == 2 else "robust")
        + ", normal",
        df=np.inf,
        n=len(rows.outcome),
        statistics=statistics,
        groups={"entities": entities},
        sample=f"{len(rows.outcome):,} differences of {len(design.rows):,} rows, "
        f"{entities:,} entities, {rows.times.min()} to {rows.times.max()}, "
        f"levels as instruments: {levels_words}" + (f", where {where}" if where else ""),
        dropped={
            **design.dropped,
            "no row of the entity one time before": len(design.rows) - len(rows.outcome),
        },
        notes=(
            *design.notes,
            *_notes(rows.names[at], float(found.coefficients[at]), statistics, entities, design),
            *_doubts(statistics, steps, singular=found.singular),
        ),
        synthetic=series.synthetic,
    )


# -- what the formula says


def check_dynamic(
    formula: Formula,
    instruments: Mapping[str, Lags] | None,
    entities: Sequence[tuple[str, ...]],
    time: str | None,
) -> tuple[str, dict[str, Lags]]:
    """First lag of the outcome, and the lags that are instruments; before there are data."""
    for effect in formula.effects:
        if effect not in ((time,), *entities):
            raise UsageError(f"formula {formula.text!r}", found=f"fixed effect {':'.join(effect)}",
                             expected=f"| {time}, or none: entities are differenced away",
                             remedy="Use indicators, i(column), for others.")  # fmt: skip
    if formula.endogenous:
        raise UsageError(f"formula {formula.text!r}", found="instruments after a bar",
                         expected="the argument instruments",
                         remedy='Say instruments={"x": (2, None)}.')  # fmt: skip
    return _lags_of_outcome(formula), _instrument_lags(formula, instruments)


def _tree(expression: str) -> ast.expr:
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise UsageError("dynamic_panel, instruments", found=repr(expression),
                         expected="a column or an expression of columns",
                         remedy="Mend the text.") from None  # fmt: skip


def _lags_of_outcome(formula: Formula) -> str:
    """Name of the first lag of the outcome among the terms; the shortest one."""
    wanted = ast.dump(_tree(formula.outcome.expression))
    found: list[tuple[int, str]] = []
    for term in formula.terms:
        factor = term.factors[0]
        if len(term.factors) > 1 or not isinstance(factor, Factor):
            continue
        match _tree(factor.expression):
            case ast.Call(ast.Name("lag"), [inner, *steps]) if ast.dump(inner) == wanted:
                match steps:
                    case [ast.Constant(value=int(step))]:
                        found.append((step, term.name))
                    case _:
                        found.append((1, term.name))
    if not found:
        raise UsageError(f"formula {formula.text!r}", found="no lag of the outcome",
                         expected=f"lag({formula.outcome.name}) among the terms",
                         remedy="Add it, or use estimate.")  # fmt: skip
    return min(found)[1]


def _instrument_lags(formula: Formula, given: Mapping[str, Lags] | None) -> dict[str, Lags]:
    outcome = formula.outcome.expression
    same = ast.dump(_tree(outcome))
    found: dict[str, Lags] = {outcome: (2, None)}
    for key, lags in (given or {}).items():
        own = ast.dump(_tree(key)) == same
        least = 2 if own else 1
        whole = (
            isinstance(lags, tuple | list)
            and len(lags) == 2
            and isinstance(lags[0], int)
            and (lags[1] is None or isinstance(lags[1], int))
        )
        if not whole or lags[0] < least or (lags[1] is not None and lags[1] < lags[0]):
            raise UsageError(f"dynamic_panel, instruments of {key}", found=repr(lags),
                             expected=f"(first, last) lag from {least}, the last may be None",
                             remedy=f"Say ({least}, None).")  # fmt: skip
        found[outcome if own else key] = (lags[0], lags[1])
    return found


def _covered(term: Term, keys: Sequence[str]) -> bool:
    """Whether a term is made from one of the expressions."""
    wanted = {ast.dump(_tree(key)) for key in keys}
    inner = [factor if isinstance(factor, Factor) else factor.by for factor in term.factors]
    expressions = [factor.expression for factor in inner if factor]
    found = any(ast.dump(node) in wanted for text in expressions for node in ast.walk(_tree(text)))
    if found and not all(isinstance(factor, Factor) for factor in term.factors):
        raise UsageError(f"dynamic_panel, term {term.name}", found="i() of an instrumented column",
                         expected="columns and their products",
                         remedy="Compute the products as columns and instrument them.",
                         )  # fmt: skip
    return found


# -- from rows to differences and instruments


def _difference(
    design: Design,
    series: Series,
    formula: Formula,
    levels: Mapping[str, Lags],
    *,
    collapse: bool,
) -> _Rows:
    codes, times = series.codes[design.rows], series.times[design.rows]
    order = np.lexsort((times, codes))
    codes, times = codes[order], times[order]
    later = np.flatnonzero((codes[1:] == codes[:-1]) & (times[1:] == times[:-1] + 1)) + 1
    if not len(later):
        raise ValueFault(f"formula {formula.text!r}", found="no two rows that follow each other",
                         expected="rows of one entity at neighbouring times",
                         remedy="Use data with more periods.")  # fmt: skip
    kept = [j for j, term in enumerate(design.names) if term != INTERCEPT]
    regressors, outcome = design.regressors[order][:, kept], design.outcome[order]
    change, at = regressors[later] - regressors[later - 1], times[later]
    who = codes[later]
    names = tuple(design.names[j] for j in kept)
    covered = {term.name for term in formula.terms if _covered(term, list(levels))}
    exogenous = np.array([term not in covered for term in names], dtype=bool)
    blocks = [
        _level_instruments(series, key, lags, who, at, collapse=collapse)
        for key, lags in levels.items()
    ]
    seen = np.unique(at)
    timed = (series.time,) in formula.effects
    periods = (at[:, None] == seen).astype(np.float64) if timed else np.empty((len(at), 0))
    return _Rows(
        outcome=outcome[later] - outcome[later - 1],
        regressors=change,
        names=names,
        periods=periods,
        instruments=np.column_stack([*blocks, change[:, exogenous], periods]),
        entities=np.unique(who, return_inverse=True)[1].astype(np.intp),
        times=at,
    )


def _level_instruments(
    series: Series, key: str, lags: Lags, who: Codes, at: Times, *, collapse: bool
) -> Array:
    """Levels of an expression before each row: a column a lag, or a lag and period."""
    grid = series.grid(series.values(key))
    place = at - series.first
    last = int(place.max()) if lags[1] is None else min(lags[1], int(place.max()))
    columns = []
    for lag in range(lags[0], last + 1):
        there = place >= lag
        column = np.where(there, grid[who, np.maximum(place - lag, 0)], np.nan)
        column = np.nan_to_num(column, nan=0.0)
        parts = [column] if collapse else [column * (at == t) for t in np.unique(at)]
        columns += [part for part in parts if part.any()]
    return np.column_stack(columns) if columns else np.empty((len(at), 0))


# -- arithmetic


def _check(formula: str, rows: _Rows, X: Array) -> None:
    place = f"formula {formula!r}, differences"
    names = (*rows.names, *(f"period {j + 1}" for j in range(rows.periods.shape[1])))
    if len(rows.outcome) <= X.shape[1]:
        raise ValueFault(place, found=f"{len(rows.outcome)} rows for {X.shape[1]} parameters",
                         expected="more rows than parameters",
                         remedy="Leave terms out, or use more rows.")  # fmt: skip
    check_rank(place, X, names, np.ones(X.shape[1]))
    if rows.instruments.shape[1] < X.shape[1]:
        raise UsageError(place, found=f"{rows.instruments.shape[1]} instruments for {X.shape[1]} "
                         "parameters", expected="at least as many instruments",
                         remedy="Allow more lags as instruments, or more periods.")  # fmt: skip


def _sums(columns: Array, entities: Codes) -> Array:
    found = np.zeros((int(entities.max()) + 1, columns.shape[1]))
    np.add.at(found, entities, columns)
    return found


def _inverse(V: Array) -> tuple[Array, bool]:
    """Inverse of a matrix of moments, a generalised one where it is singular; and whether."""
    size = np.sqrt(np.diag(V))
    size[size == 0] = 1.0
    scaled = V / np.outer(size, size)
    values, vectors = np.linalg.eigh(scaled)
    good = values > SINGULAR * len(values) * values.max()
    inverse = (vectors[:, good] / values[good]) @ vectors[:, good].T
    return inverse / np.outer(size, size), not bool(good.all())


def _solve(rows: _Rows, X: Array, moments: Array) -> _Step:
    Z = rows.instruments
    W, singular = _inverse(moments)
    cross = Z.T @ X
    A = cross.T @ W @ cross
    size = np.sqrt(np.diag(A))
    if not (size > 0).all() or np.linalg.cond(A / np.outer(size, size)) > 1 / SINGULAR:
        raise NumericalError("dynamic_panel", found="instruments that do not move the terms",
                             expected="instruments for every term",
                             remedy="Name other lags or terms; nothing is shown.")  # fmt: skip
    bread = np.linalg.inv(A / np.outer(size, size)) / np.outer(size, size)
    b = bread @ (cross.T @ (W @ (Z.T @ rows.outcome)))
    u = rows.outcome - X @ b
    sums = _sums(Z * u[:, None], rows.entities)
    return _Step(b, u, W, bread, sums, singular)


def _one_step(rows: _Rows, X: Array) -> _Step:
    """Weights for errors that are independent in levels: their changes have H as covariance."""
    Z = rows.instruments
    next_to = np.flatnonzero(
        (rows.entities[1:] == rows.entities[:-1]) & (rows.times[1:] == rows.times[:-1] + 1)
    )
    cross = Z[next_to].T @ Z[next_to + 1]
    return _solve(rows, X, 2 * Z.T @ Z - cross - cross.T)


def _two_step(rows: _Rows, X: Array, first: _Step) -> _Step:
    return _solve(rows, X, first.sums.T @ first.sums)


def _robust(X: Array, rows: _Rows, step: _Step) -> Array:
    gain = step.bread @ (rows.instruments.T @ X).T @ step.weights
    V: Array = gain @ (step.sums.T @ step.sums) @ gain.T
    return V


def _windmeijer(X: Array, rows: _Rows, first: _Step, second: _Step, V_first: Array) -> Array:
    """Covariance of two steps with the error of the weights: V + DV + VD' + D V1 D'."""
    Z = rows.instruments
    gain = second.bread @ (Z.T @ X).T @ second.weights
    direction = second.weights @ (Z.T @ second.residuals)
    D = np.empty((X.shape[1], X.shape[1]))
    for k in range(X.shape[1]):
        sums = _sums(Z * X[:, [k]], rows.entities)
        D[:, k] = gain @ (sums.T @ (first.sums @ direction) + first.sums.T @ (sums @ direction))
    V = second.bread
    V = V + D @ V + V @ D.T + D @ V_first @ D.T
    return (V + V.T) / 2


def _serial_correlation(
    rows: _Rows, X: Array, step: _Step, V: Array, order: int
) -> dict[str, float]:
    """Arellano and Bond's m: do residuals go with those `order` periods before."""
    span = int(rows.times.max() - rows.times.min()) + order + 1
    keys = rows.entities * span + (rows.times - rows.times.min() + order)
    at = np.minimum(np.searchsorted(keys, keys - order), len(keys) - 1)
    there = keys[at] == keys - order
    before = np.where(there, step.residuals[at], 0.0)
    if not there.any():
        return {f"ar{order}": np.nan, f"ar{order}_p": np.nan}
    products = _sums((before * step.residuals)[:, None], rows.entities)[:, 0]
    side = before @ X
    gain = step.bread @ (rows.instruments.T @ X).T @ step.weights
    variance = float(
        products @ products - 2 * side @ gain @ (step.sums.T @ products) + side @ V @ side
    )
    m = float(products.sum() / np.sqrt(variance)) if variance > 0 else np.nan
    return {f"ar{order}": m, f"ar{order}_p": float(2 * scipy.stats.norm.sf(abs(m)))}


def _overidentification(rows: _Rows, X: Array, step: _Step, steps: int) -> dict[str, float]:
    """Hansen's J of two steps; Sargan's with the variance of levels, of one step."""
    df = rows.instruments.shape[1] - X.shape[1]
    if df == 0:
        return {"overidentification_df": 0.0}
    moments = rows.instruments.T @ step.residuals
    J = float(moments @ step.weights @ moments)
    label = "hansen_j"
    if steps == 1:
        label = "sargan"
        u = step.residuals
        J /= float(u @ u) / (len(u) - X.shape[1]) / 2
    return {
        label: J,
        f"{label}_p": float(scipy.stats.chi2.sf(J, df)),
        "overidentification_df": float(df),
    }


def _bracket(design: Design, series: Series, lagged: str, *, periods: bool) -> dict[str, float]:
    """The lag by least squares with and without effects of entities (Bond 2002)."""
    kept = [j for j, term in enumerate(design.names) if term != INTERCEPT]
    at = [design.names[j] for j in kept].index(lagged)
    X, y = design.regressors[:, kept], design.outcome
    times = series.times[design.rows]
    if periods:
        X = np.column_stack([X, times[:, None] == np.unique(times)[1:]])
    both = np.column_stack([X, y])
    codes = np.unique(series.codes[design.rows], return_inverse=True)[1]
    means = _sums(both, codes) / np.bincount(codes)[:, None]
    found = {}
    for label, columns in (("within", both - means[codes]), ("pooled", both - both.mean(axis=0))):
        b = np.linalg.lstsq(columns[:, :-1], columns[:, -1], rcond=None)[0]
        found[f"lag_{label}"] = float(b[at])
    return found


# -- warnings


def _notes(
    term: str, lag: float, found: Mapping[str, float], entities: int, design: Design
) -> list[str]:
    """The two warnings every estimate has, and where the lag lies."""
    within, pooled, count = found["lag_within"], found["lag_pooled"], int(found["instruments"])
    periods = len(design.rows) / entities
    bias = (1 + lag) / (periods - 1) if periods > 1 else np.nan
    notes = [
        f"Nickell bias: fixed effects give {within:.3f} for {term}, too low by about "
        f"{bias:.2f} = (1 + lag)/(T - 1) with {periods:.1f} rows an entity; least squares "
        f"{pooled:.3f}, too high",
        f"{count} instruments for {entities} entities",
    ]
    if not within <= lag <= pooled:
        notes.append(
            f"{term} of {lag:.3f} lies outside {within:.3f} to {pooled:.3f}, between which a "
            "valid estimate usually lies: weak or invalid instruments"
        )
    if count > entities:
        notes[1] += (
            ": too many, the estimate leans towards that of fixed effects and tests of the "
            "instruments lose power (Roodman 2009); collapse them or limit their lags"
        )
    if lag > PERSISTENT:
        notes.append(
            f"{term} of {lag:.2f}: levels say little about changes near a random walk, the "
            "estimate is weak and biased downwards (Blundell and Bond 1998)"
        )
    return notes


def _doubts(found: Mapping[str, float], steps: int, *, singular: bool) -> list[str]:
    """What tests say against the estimate."""
    notes = []
    if np.isnan(found["ar2"]):
        notes.append("too few periods to test for serial correlation of order two")
    elif found["ar2_p"] < 0.05:
        notes.append(
            f"serial correlation of order two (p = {found['ar2_p']:.3f}): levels two periods "
            "before are no valid instruments; add lags of the outcome or start later"
        )
    label = "hansen_j" if steps == 2 else "sargan"
    p = found.get(f"{label}_p")
    if p is None:
        notes.append("as many instruments as terms: their validity can't be tested")
    elif p < 0.05:
        notes.append(f"{label} rejects the instruments (p = {p:.3f})")
    elif label == "hansen_j" and p > 0.99:
        notes.append(
            f"hansen_j_p of {p:.3f} is too good: a sign of too many instruments (Roodman 2009)"
        )
    if singular:
        notes.append(
            "the weights are singular (more moments than entities, or moments that determine "
            "each other): a generalised inverse is used"
        )
    return notes
