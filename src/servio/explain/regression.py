"""Linear regressions with fixed effects and instruments, in the formulas users of fixest know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import UsageError
from servio.explain._checks import (
    FEW_CLUSTERS,
    FEW_EFFECTIVE,
    check_clusters,
    check_rank,
    check_rows,
    check_sizes,
    check_variation,
    notes_of_effects,
)
from servio.explain._covariance import (
    PRESETS,
    Correction,
    correction,
    effect_leverages,
    effective_clusters,
    meat,
    parameters,
    sandwich,
    with_leverages,
)
from servio.explain._design import Design, Swept, build_design, sweep
from servio.explain._estimate import Estimate
from servio.explain._panel import Panel
from servio.explain._qr import LeastSquares, condition_number, least_squares

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["estimate"]

Array = npt.NDArray[np.float64]

ILL_CONDITIONED = 1e4
WEAK = 10.0
"""First-stage F below which instruments count as weak (Staiger and Stock 1997)."""
PERFECT = 1e-12
"""Length of residuals over that of the outcome that counts as rounding."""
SINGULAR = 1e7
"""Condition number of a factor from which its square is singular but for rounding."""


def estimate(
    formula: str,
    data: Panel | pd.DataFrame,
    *,
    vcov: str | Mapping[str, Any] = "hetero",
    ssc: str = "fixest",
    weights: str | None = None,
    where: str | None = None,
    name: str = "",
    panel: str | Sequence[str] | None = None,
    time: str | None = None,
) -> Estimate:
    r"""How does the outcome move with the regressors, with other things held? Fixed effects, IV.

    Least squares of :math:`y = X\beta + D\gamma + u`, where D are the indicators of the fixed
    effects: they are swept out of y and X (Frisch-Waugh-Lovell), then
    :math:`\hat\beta = \arg\min \sum_i w_i (\tilde y_i - \tilde x_i'\beta)^2` by a QR
    decomposition with refinement. With instruments Z, two-stage least squares: endogenous
    columns are replaced with their projections on X and Z.

    Parameters
    ----------
    formula : str
        ``outcome ~ terms | fixed effects | endogenous ~ instruments``; the last two parts may be
        missing. A term is a column, a function of columns (``log(x)``, ``lag(x, 1)``, ``d(x)``,
        ``sqrt``, ``exp``, ``abs``), ``I(a / b)``, a power ``x^2``, a product ``a:b``, ``a*b`` =
        ``a + b + a:b``, indicators ``i(column, ref=level)`` or slopes by level
        ``i(column, x, ref=level)``. ``- 1`` takes the intercept away. Fixed effects are columns,
        or columns combined: ``country:industry + year``.
    data : Panel or DataFrame
        Rows that lack a value are left out and counted by reason in `Estimate.dropped`, as are
        rows alone in a level of a fixed effect.
    vcov : str or mapping
        ``"iid"``, ``"hetero"`` (HC1), ``"HC3"``, ``{"cluster": "country"}``,
        ``{"cluster": ["country:industry", "year"]}``, ``{"driscoll_kraay": lags}``,
        ``{"newey_west": lags}``. Lags are in units of time; a gap in time is a gap.
    ssc : {"fixest", "stata", "none"}
        Small-sample correction: as fixest and reghdfe (fixed effects nested in clusters are not
        counted), as Stata's areg (all are counted), or none (and a normal distribution). The
        exact factor is in `Estimate.vcov`.
    weights : str, optional
        Column or expression; above zero. Weighted least squares, the weights of variances.
    where : str, optional
        Rows used, such as ``high_tech == 1`` or ``country in ["KOR", "TWN"]``. Lags are taken
        before rows are chosen.
    name : str
        For tables and plots.
    panel : str or sequence of str, optional
        Columns that name an entity, where `data` is a DataFrame.
    time : str, optional
        Column of time, where `data` is a DataFrame.

    Returns
    -------
    Estimate
        `statistics` holds ``r2``, ``r2_within``, ``sigma``, ``rss`` and ``condition`` (of the
        swept design with columns of unit length); with one cluster ``effective_clusters``, the
        smallest number of clusters of one size a coefficient rests on; with instruments
        ``first_stage_F x`` and ``first_stage_p x`` of each endogenous term (the covariance asked
        for), and where there are more instruments than endogenous terms ``sargan`` and
        ``sargan_p`` (iid) or ``hansen_j`` and ``hansen_j_p`` (two-step GMM with the covariance
        asked for).

    Raises
    ------
    UsageError
        A formula or option that is not understood, one cluster, fewer instruments than
        endogenous terms.
    LabelError
        A column or level that is not there.
    ValueFault
        Collinear columns, a column without variation inside fixed effects, weights of zero or
        less, fewer rows than parameters: named, nothing is dropped.
    NumericalError
        Fixed effects can't be swept out.

    Notes
    -----
    Identity: residuals are orthogonal to every swept regressor (to every swept exogenous column
    and projected endogenous one with instruments); the estimate equals least squares with an
    indicator for every level. Correlation within fixed effects is not an effect: what moves
    together over time inside an entity may have a common cause.

    References
    ----------
    Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, chapters 5 and 10;
    Björck (1967), BIT 7, 257-278; Correia (2015) on singletons.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"y": [1.0, 2.0, 4.0, 3.0, 7.0], "x": [1.0, 2.0, 3.0, 4.0, 5.0]})
    >>> found = estimate("y ~ x", frame, vcov="iid")
    >>> dict(zip(found.terms, found.coefficients.round(6).tolist()))
    {'(Intercept)': -0.5, 'x': 1.3}
    """
    if ssc not in PRESETS:
        raise UsageError("estimate, ssc", found=repr(ssc), expected=f"one of {', '.join(PRESETS)}",
                         remedy="Choose one.")  # fmt: skip
    design = build_design(
        formula, data, vcov=vcov, weights=weights, where=where, panel=panel, time=time
    )
    names = design.names + design.endogenous_names
    _check_parts(design, names)
    notes = list(design.notes) + list(check_clusters(design))
    most = max(len(names), len(design.names) + len(design.instrument_names))
    check_rows(_place(design), len(design.outcome), parameters(design, most))
    check_sizes(design)
    told = correction(design, len(names), ssc)
    swept = sweep(design)
    check_variation(design, swept)
    notes += notes_of_effects(design, told.counted)
    X = np.column_stack([swept.regressors, swept.endogenous])
    kept = swept.kept[1:]
    check_rank(_place(design), X, names, kept[: len(names)], within=bool(design.effects))
    H = X
    if design.instrument_names:
        H = _project(design, swept, kept, names)
    fit = least_squares(H, swept.outcome)
    residuals = fit.residuals if H is X else swept.outcome - X @ fit.coefficients
    rss = float(residuals @ residuals)
    statistics = _statistics(design, swept, fit, rss, told)
    effective: dict[str, float] = {}
    if _perfect(swept, design, rss):
        covariance = np.zeros_like(fit.bread)
        notes.append(
            "perfect fit: residuals are rounding errors; errors, t and p values say nothing"
        )
    else:
        scores = H * residuals[:, None]
        if design.vcov.kind == "HC3":
            leverages = effect_leverages(design) + (fit.basis**2).sum(axis=1)
            scores = with_leverages(scores, leverages)
        covariance, more = sandwich(design, scores, fit.bread, rss, told)
        notes += more
        if len(design.clusters) == 1:
            effective, warnings = _effective(design, H, fit.bread, names)
            statistics["effective_clusters"] = min(effective.values())
            notes += warnings
        if design.instrument_names:
            found, warnings = _instruments(design, swept, residuals, ssc)
            statistics |= found
            notes += warnings
    if fit.condition > ILL_CONDITIONED:
        notes.append(
            f"ill-conditioned design (condition number {fit.condition:.2g}): relative errors of "
            "the data may grow by that factor in coefficients of terms that nearly coincide"
        )
    return Estimate(
        name=name or formula,
        formula=formula,
        method=_method(design),
        terms=names,
        coefficients=fit.coefficients,
        covariance=covariance,
        vcov=told.words,
        df=told.df,
        n=len(design.outcome),
        statistics=statistics,
        groups=design.levels,
        sample=_sample(design, data, where, weights, time),
        dropped=design.dropped,
        notes=tuple(notes),
        synthetic=isinstance(data, Panel) and data.synthetic,
        effective=effective,
    )


def _place(design: Design) -> str:
    return f"formula {design.formula.text!r}"


def _check_parts(design: Design, names: Sequence[str]) -> None:
    if not names:
        raise UsageError(_place(design), found="no term", expected="a term beside fixed effects",
                         remedy="Write one, such as y ~ x | country.")  # fmt: skip
    endogenous, instruments = len(design.endogenous_names), len(design.instrument_names)
    if instruments < endogenous:
        raise UsageError(_place(design), found=f"{instruments} instruments",
                         expected=f"at least {endogenous}, one an endogenous term",
                         remedy="Name more instruments.")  # fmt: skip
    if endogenous and design.vcov.kind == "HC3":
        raise UsageError("vcov HC3", found="instruments", expected="least squares",
                         remedy='Choose "hetero" or clusters.')  # fmt: skip


def _project(design: Design, swept: Swept, kept: Array, names: Sequence[str]) -> Array:
    """Exogenous columns, and endogenous ones projected on them and the instruments."""
    k, e = len(design.names), len(design.endogenous_names)
    first = np.column_stack([swept.regressors, swept.instruments])
    first_names = design.names + design.instrument_names
    left = np.concatenate([kept[:k], kept[k + e :]])
    check_rank(_place(design), first, first_names, left, within=bool(design.effects))
    fitted = [column - least_squares(first, column).residuals for column in swept.endogenous.T]
    H = np.column_stack([swept.regressors, *fitted])
    check_rank(f"{_place(design)}, terms projected on instruments", H, names, kept[: k + e])
    return H


def _statistics(
    design: Design, swept: Swept, fit: LeastSquares, rss: float, told: Correction
) -> dict[str, float]:
    w = np.ones(len(design.outcome)) if design.weights is None else design.weights
    y = design.outcome
    if design.effects or design.formula.intercept:
        y = y - np.average(y, weights=w)
    total = float(w @ y**2)
    found = {"r2": 1 - rss / total if total else np.nan}
    if design.effects:
        found["r2_within"] = 1 - rss / float(swept.outcome @ swept.outcome)
    found["sigma"] = float(np.sqrt(rss / (len(y) - told.parameters)))
    found["rss"] = rss
    found["condition"] = fit.condition
    return found


def _effective(
    design: Design, H: Array, bread: Array, names: Sequence[str]
) -> tuple[dict[str, float], list[str]]:
    """The number of clusters each coefficient rests on, and a warning where one is small."""
    ((name, codes),) = design.clusters.items()
    numbers = effective_clusters(H, bread, codes)
    at, count = int(numbers.argmin()), int(codes.max()) + 1
    found = dict(zip(names, numbers.tolist(), strict=True))
    if numbers[at] >= FEW_EFFECTIVE or count < FEW_CLUSTERS:
        return found, []
    few = int((numbers < FEW_EFFECTIVE).sum())
    return found, [
        f"{few} of {len(names)} terms rest on few clusters, {names[at]} on as many as "
        f"{numbers[at]:.3g} of one size ({count} of {name}): their errors are likely too small; "
        "compare with wild_bootstrap"
    ]


def _perfect(swept: Swept, design: Design, rss: float) -> bool:
    size = max(
        PERFECT * float(np.linalg.norm(swept.outcome)),
        1e-15 * float(np.linalg.norm(design.outcome)),
    )
    return bool(np.sqrt(rss) <= size)


def _instruments(
    design: Design, swept: Swept, residuals: Array, ssc: str
) -> tuple[dict[str, float], list[str]]:
    """Strength of the first stages; agreement of the instruments where there are too many."""
    first = np.column_stack([swept.regressors, swept.instruments])
    k, m = len(design.names), len(design.instrument_names)
    told = correction(design, first.shape[1], ssc)
    found: dict[str, float] = {}
    notes = []
    for name, column in zip(design.endogenous_names, swept.endogenous.T, strict=True):
        fit = least_squares(first, column)
        rss = float(fit.residuals @ fit.residuals)
        scores = first * fit.residuals[:, None]
        V, _ = sandwich(design, scores, fit.bread, rss, told)
        statistic = _wald(fit.coefficients[k:], V[k:, k:])
        if statistic is None:
            notes.append(
                f"first stage of {name}: no F, the covariance of the instruments is singular"
            )
            continue
        finite = np.isfinite(told.df)
        found[f"first_stage_F {name}"] = statistic / m
        found[f"first_stage_p {name}"] = float(
            scipy.stats.f.sf(statistic / m, m, told.df)
            if finite
            else scipy.stats.chi2.sf(statistic, m)
        )
        if statistic / m < WEAK:
            notes.append(
                f"weak instruments: first-stage F of {name} is {statistic / m:.3g}, below {WEAK:g} "
                "(Staiger and Stock 1997): estimate and interval are unreliable"
            )
    extra = m - len(design.endogenous_names)
    if extra:
        label = "sargan" if design.vcov.kind == "iid" else "hansen_j"
        statistic = _agreement(design, swept, first, residuals)
        if statistic is None:
            notes.append(
                "no test of over-identification: the covariance of the moments is singular"
            )
        else:
            found[label] = statistic
            found[f"{label}_p"] = float(scipy.stats.chi2.sf(statistic, extra))
    return found, notes


def _wald(b: Array, V: Array) -> float | None:
    root = _root(V)
    if root is None:
        return None
    z = np.linalg.solve(root, b)
    return float(z @ z)


def _root(V: Array) -> Array | None:
    """Cholesky factor, or None where V is singular but for rounding."""
    try:
        root = np.asarray(np.linalg.cholesky(V), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return root if condition_number(root.T) < SINGULAR else None


def _agreement(design: Design, swept: Swept, first: Array, residuals: Array) -> float | None:
    """Sargan's n R² of residuals on instruments, or Hansen's J of two-step GMM (1982)."""
    if design.vcov.kind == "iid":
        fitted = residuals - least_squares(first, residuals).residuals
        return float(len(residuals) * (fitted @ fitted) / (residuals @ residuals))
    root = _root(meat(design, first * residuals[:, None]))
    if root is None:
        return None
    X = np.column_stack([swept.regressors, swept.endogenous])
    both = np.linalg.solve(root, first.T @ np.column_stack([X, swept.outcome])).astype(np.float64)
    moments = least_squares(both[:, :-1], both[:, -1]).residuals
    return float(moments @ moments)


def _method(design: Design) -> str:
    parts = ["2SLS" if design.instrument_names else "least squares"]
    if design.effects:
        parts = ["within 2SLS" if design.instrument_names else "within"]
        parts.append(f"({', '.join(design.effects)})")
    return " ".join([*parts, *(["weighted"] if design.weights is not None else [])])


def _sample(
    design: Design,
    data: Panel | pd.DataFrame,
    where: str | None,
    weights: str | None,
    time: str | None,
) -> str:
    frame = data.frame if isinstance(data, Panel) else data
    time = data.time if isinstance(data, Panel) and time is None else time
    parts = [f"{len(design.rows):,} of {len(frame):,} rows"]
    if design.entities is not None:
        parts.append(f"{int(design.entities.max()) + 1:,} entities")
    if time is not None:
        times = frame[time].iloc[design.rows]
        parts.append(f"{times.min()} to {times.max()}")
    if where:
        parts.append(f"where {where}")
    if weights:
        parts.append(f"weights {weights}")
    return ", ".join(parts)
