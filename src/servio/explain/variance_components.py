"""Random effects, and whether they may be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import UsageError, ValueFault
from servio.explain._checks import check_clusters, check_rank, check_rows
from servio.explain._covariance import correction, sandwich
from servio.explain._design import INTERCEPT, Design, build_design
from servio.explain._estimate import Estimate, Joint
from servio.explain._formula import Formula
from servio.explain._panel import Panel
from servio.explain._qr import LeastSquares, dependence, least_squares

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["hausman", "mundlak", "random_effects"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

NO_VARIATION = 1e-10
"""Share of a column's length that counts as rounding when the means of entities are taken away."""
PERFECT = 1e-12


@dataclass(frozen=True, eq=False)
class _Components:
    """Variances of the two parts of the error, and the share of the means that is taken away."""

    idiosyncratic: float
    individual: float
    theta: Array
    negative: bool


def random_effects(
    formula: str,
    data: Panel | pd.DataFrame,
    *,
    vcov: str | Mapping[str, Any] = "iid",
    where: str | None = None,
    name: str = "",
    panel: str | Sequence[str] | None = None,
    time: str | None = None,
) -> Estimate:
    r"""How does the outcome move with the regressors, if entities differ at random? GLS.

    Generalised least squares of :math:`y_{it} = a + x_{it}'b + \mu_i + e_{it}`: least squares of
    :math:`y_{it} - \theta_i \bar y_i` on :math:`x_{it} - \theta_i \bar x_i` with
    :math:`\theta_i = 1 - \sqrt{\sigma_e^2 / (\sigma_e^2 + T_i \sigma_\mu^2)}`. The variances are
    those of Swamy and Arora: :math:`\sigma_e^2` from the residuals within entities,
    :math:`\sigma_\mu^2` from those of the means of entities, for unbalanced panels by the
    expectation of the latter's sum of squares (Baltagi and Chang). Means that are combinations
    of others, such as those of the years of a balanced panel, are left out there.

    Parameters
    ----------
    formula : str
        ``outcome ~ terms`` as in `estimate`, without fixed effects and instruments. Terms that
        do not vary within entities are possible.
    data : Panel or DataFrame
        Rows that lack a value are left out and counted by reason in `Estimate.dropped`.
    vcov : str or mapping
        As in `estimate`, but not ``"HC3"``. ``"iid"`` is what `hausman` needs.
    where, name : str, optional
    panel : str or sequence of str, optional
        Columns that name an entity, where `data` is a DataFrame.
    time : str, optional
        Column of time, where `data` is a DataFrame.

    Returns
    -------
    Estimate
        `statistics` holds ``theta`` (``theta_min`` and ``theta_max`` where entities have
        different numbers of rows), ``sigma2_idios``, ``sigma2_indiv``, ``r2`` and ``sigma`` of
        the transformed rows, and ``condition``.

    Raises
    ------
    UsageError
        Fixed effects, instruments, no intercept or no entity.
    ValueFault
        Collinear columns, fewer entities or rows than parameters, or a perfect fit.

    Notes
    -----
    Identity: with :math:`\theta = 0` it is least squares, with :math:`\theta = 1` the within
    estimator. It is biased where :math:`\mu_i` goes with a regressor: test with `hausman` or
    `mundlak`.

    References
    ----------
    Swamy and Arora (1972), Econometrica 40, 261-275; Baltagi and Chang (1994), Journal of
    Econometrics 62, 67-89.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "firm": list("aaabbbcccddd"), "year": [1, 2, 3] * 4,
    ...     "x": [1.0, 2.0, 4.0, 2.0, 3.0, 3.5, 0.0, 1.0, 1.5, 5.0, 4.0, 6.0],
    ...     "y": [2.1, 3.9, 8.2, 5.0, 7.1, 8.2, 1.5, 2.9, 4.2, 9.0, 7.5, 11.2]})
    >>> found = random_effects("y ~ x", frame, panel="firm", time="year")
    >>> found.terms, round(found.statistics["theta"], 2)
    (('(Intercept)', 'x'), 0.8)
    """
    design = _design(formula, data, vcov, where, panel, time)
    return _fit(design, data, name or formula, where)


def hausman(fixed: Estimate, random: Estimate, terms: Sequence[str] | None = None) -> Joint:
    r"""May random effects be used, or do fixed effects differ by more than chance? A test.

    :math:`H = d'(V_f - V_r)^{-1} d` with d the difference of the coefficients both have,
    chi-squared with as many degrees of freedom as there are of them. A small p value speaks
    against random effects: entities differ in ways that go with the regressors.

    Parameters
    ----------
    fixed : Estimate
        Of `estimate` with fixed effects and ``vcov="iid"``.
    random : Estimate
        Of `random_effects`, same rows, with ``vcov="iid"``.
    terms : sequence of str, optional
        Those compared; all that both have if not given. Leave out what is the same for all
        entities, such as indicators of years: both estimates have nearly the same variance there
        (Wooldridge 2010, section 10.7.3).

    Returns
    -------
    Joint
        Where the difference of covariances is not positive definite, both covariances take the
        error variance of random effects and a note says so; where that does not help the
        statistic is NaN, with a note.

    Raises
    ------
    UsageError
        Other estimates than these, different rows, or no common term.

    Notes
    -----
    The statistic rests on random effects being efficient: errors independent and of equal
    variance. Where they are not, `mundlak` with clustered errors is right. Where random effects
    are near fixed ones (theta of 0.8 and more) the difference of covariances is itself noisy and
    the test rejects too often: 14 in 100 at the 5 % level in simulations with 60 entities and 6
    periods, `mundlak` 7 in 100.

    References
    ----------
    Hausman (1978), Econometrica 46, 1251-1271; Wooldridge (2010), Econometric Analysis of Cross
    Section and Panel Data, section 10.7.3, for the common variance.

    Examples
    --------
    >>> import numpy as np
    >>> f = Estimate("f", "y ~ x | firm", "within (firm)", ("x",), np.array([2.0]),
    ...              np.array([[0.05]]), "iid", df=10.0, n=20)
    >>> r = Estimate("r", "y ~ x", "random effects (Swamy-Arora)", ("x",), np.array([1.6]),
    ...              np.array([[0.01]]), "iid", df=18.0, n=20)
    >>> found = hausman(f, r)
    >>> round(found.statistic, 6), found.df
    (4.0, (1.0,))
    """
    _check_pair(fixed, random)
    common = [term for term in fixed.terms if term in random.terms and term != INTERCEPT]
    terms = [fixed.terms[fixed.position(term)] for term in (common if terms is None else terms)]
    if not terms:
        raise UsageError("hausman", found="no common term", expected="the same terms in both",
                         remedy="Estimate both with the same terms.")  # fmt: skip
    a = [fixed.position(term) for term in terms]
    b = [random.position(term) for term in terms]
    d = fixed.coefficients[a] - random.coefficients[b]
    larger, smaller = fixed.covariance[np.ix_(a, a)], random.covariance[np.ix_(b, b)]
    hypothesis = f"random effects: the same {', '.join(terms)} as with fixed effects"
    df = (float(len(terms)),)
    notes = tuple(dict.fromkeys((*fixed.notes, *random.notes)))
    if not _positive(larger - smaller, larger):
        notes += (
            "the difference of covariances is not positive definite: both take the error variance "
            "of random effects; mundlak needs no such difference",
        )
        larger = larger * (random.statistics["sigma"] / fixed.statistics["sigma"]) ** 2
        if not _positive(larger - smaller, larger):
            notes += ("it is not positive definite either, the statistic does not exist",)
            return Joint(np.nan, "chi2", df, np.nan, hypothesis, notes)
    statistic = float(d @ np.linalg.solve(larger - smaller, d))
    return Joint(
        statistic, "chi2", df, float(scipy.stats.chi2.sf(statistic, *df)), hypothesis, notes
    )


def mundlak(
    formula: str,
    data: Panel | pd.DataFrame,
    *,
    vcov: str | Mapping[str, Any] | None = None,
    where: str | None = None,
    panel: str | Sequence[str] | None = None,
    time: str | None = None,
) -> Joint:
    r"""May random effects be used, also where errors are clustered? An auxiliary regression.

    Random effects with the means over time of each varying regressor added,
    :math:`y_{it} = a + x_{it}'b + \bar x_i'c + \mu_i + e_{it}`; the test is :math:`c = 0`.

    Parameters
    ----------
    formula : str
        As in `random_effects`.
    data : Panel or DataFrame
    vcov : str or mapping, optional
        Clustered by entity if not given.
    where : str, optional
    panel : str or sequence of str, optional
    time : str, optional

    Returns
    -------
    Joint
        F with the number of means and the degrees of freedom of `vcov`.

    Raises
    ------
    UsageError, ValueFault, NumericalError
        As `random_effects`; no regressor varies within entities; fewer clusters than means.

    Notes
    -----
    Identity: in a balanced panel the coefficients b are those of the within estimator. Means of
    regressors that all entities share, such as indicators of years in a balanced panel, are left
    out: they are the same everywhere.

    References
    ----------
    Mundlak (1978), Econometrica 46, 69-85; Arellano (1993), Journal of Econometrics 59, 87-97.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> firm = np.repeat(np.arange(50), 5)
    >>> effect = rng.normal(size=50)[firm]
    >>> x = rng.normal(size=250) + effect
    >>> frame = pd.DataFrame({"firm": firm, "year": np.tile(np.arange(5), 50), "x": x,
    ...                       "y": x + 2 * effect + rng.normal(size=250)})
    >>> mundlak("y ~ x", frame, panel="firm", time="year").p_value < 0.001
    True
    """
    entity = ":".join(data.entity if isinstance(data, Panel) and panel is None
                      else [panel] if isinstance(panel, str) else panel or [])  # fmt: skip
    design = _design(formula, data, vcov or {"cluster": entity}, where, panel, time)
    assert design.entities is not None
    ids = design.entities
    means = _means(design.regressors, ids)
    chosen = [
        j
        for j in range(design.regressors.shape[1])
        if _varies(design.regressors[:, j], means[ids, j])
        and _varies(means[ids, j], np.full(len(ids), means[ids, j].mean()))
    ]
    if not chosen:
        raise UsageError("mundlak", found="no regressor that varies within and between entities",
                         expected="at least one", remedy="Add one.")  # fmt: skip
    # Means of years differ a little where rows are missing, and are combinations of each other.
    fixed = [
        j for j in range(len(design.names)) if not _varies(design.regressors[:, j], means[ids, j])
    ]
    columns = means[:, fixed + chosen]
    kept = _places(columns, np.linalg.norm(columns, axis=0))
    chosen = [chosen[at - len(fixed)] for at in kept if at >= len(fixed)]
    if not chosen:
        raise UsageError("mundlak", found="no means that differ from other terms",
                         expected="at least one", remedy="Take indicators away.")  # fmt: skip
    names = tuple(f"mean({design.names[j]})" for j in chosen)
    larger = replace(
        design,
        regressors=np.column_stack([design.regressors, means[ids][:, chosen]]),
        names=design.names + names,
    )
    found = _fit(larger, data, f"mundlak {formula}", where)
    return replace(found.joint(names), notes=found.notes)


def _positive(difference: Array, larger: Array) -> bool:
    """Whether a difference of covariances is positive definite beyond rounding."""
    scale = np.sqrt(np.diag(larger))
    return bool(np.linalg.eigvalsh(difference / np.outer(scale, scale)).min() > 1e-10)


def _check_pair(fixed: Estimate, random: Estimate) -> None:
    if not fixed.method.startswith("within (") or not random.method.startswith("random effects"):
        raise UsageError("hausman", found=f"{fixed.method} and {random.method}",
                         expected="fixed effects (of estimate), then random_effects",
                         remedy="Give them in this order.")  # fmt: skip
    for found in (fixed, random):
        if not found.vcov.startswith("iid"):
            raise UsageError(f"hausman, {found.name}", found=f"errors {found.vcov}",
                             expected='vcov="iid": the test needs an efficient estimate',
                             remedy="Use mundlak for other errors.")  # fmt: skip
    alone = sum(n for reason, n in fixed.dropped.items() if reason.startswith("singleton"))
    if fixed.n + alone != random.n:
        raise UsageError("hausman", found=f"{fixed.n + alone} and {random.n} rows",
                         expected="the same rows in both",
                         remedy="Estimate both on the rows where every column has a value.",
                         )  # fmt: skip


def check_random(formula: Formula) -> None:
    """Refuse what random effects can't have, before there are data."""
    place = f"formula {formula.text!r}"
    if formula.effects or formula.endogenous:
        raise UsageError(place, found="fixed effects or instruments",
                         expected="outcome ~ terms, for random effects",
                         remedy="Take what follows the bar away, or use estimate.")  # fmt: skip
    if not formula.intercept:
        raise UsageError(place, found="- 1", expected="an intercept, for random effects",
                         remedy="Leave - 1 out.")  # fmt: skip


def _design(
    formula: str,
    data: Panel | pd.DataFrame,
    vcov: str | Mapping[str, Any],
    where: str | None,
    panel: str | Sequence[str] | None,
    time: str | None,
) -> Design:
    design = build_design(formula, data, vcov=vcov, where=where, panel=panel, time=time)
    check_random(design.formula)
    if design.entities is None:
        raise UsageError("random_effects, panel", found="no entity",
                         expected="columns that name an entity",
                         remedy='Give a Panel, or panel="country".')  # fmt: skip
    if design.vcov.kind == "HC3":
        raise UsageError("random_effects, vcov", found="HC3", expected="hetero or clusters",
                         remedy="Choose one of them.")  # fmt: skip
    return design


def _fit(design: Design, data: Panel | pd.DataFrame, name: str, where: str | None) -> Estimate:
    assert design.entities is not None
    ids, X, y = design.entities, design.regressors, design.outcome
    place = f"formula {design.formula.text!r}"
    check_rank(place, X, design.names, np.ones(X.shape[1]))
    check_rows(place, len(y), X.shape[1])
    parts = _components(place, X, y, ids)
    share = parts.theta[ids]
    transformed = X - share[:, None] * _means(X, ids)[ids]
    outcome = y - share * _means(y[:, None], ids)[ids, 0]
    fit = least_squares(transformed, outcome)
    told = correction(design, X.shape[1], "fixest")
    rss = float(fit.residuals @ fit.residuals)
    covariance, notes = sandwich(design, transformed * fit.residuals[:, None], fit.bread, rss, told)
    notes = (*design.notes, *check_clusters(design), *notes)
    if parts.negative:
        notes += (
            "the variance between entities is estimated below zero and set to zero: "
            "these are least squares",
        )
    frame = data.frame if isinstance(data, Panel) else data
    return Estimate(
        name=name,
        formula=design.formula.text,
        method="random effects (Swamy-Arora)",
        terms=design.names,
        coefficients=fit.coefficients,
        covariance=covariance,
        vcov=told.words,
        df=told.df,
        n=len(y),
        statistics=_statistics(outcome, fit, parts, rss),
        groups={"entities": len(parts.theta), **design.levels},
        sample=f"{len(y):,} of {len(frame):,} rows, {len(parts.theta):,} entities"
        + (f", where {where}" if where else ""),
        dropped=design.dropped,
        notes=notes,
        synthetic=isinstance(data, Panel) and data.synthetic,
    )


def _statistics(
    outcome: Array, fit: LeastSquares, parts: _Components, rss: float
) -> dict[str, float]:
    total = float(((outcome - outcome.mean()) ** 2).sum())
    low, high = float(parts.theta.min()), float(parts.theta.max())
    theta = {"theta": low} if high - low < 1e-15 else {"theta_min": low, "theta_max": high}
    return {
        **theta,
        "sigma2_idios": parts.idiosyncratic,
        "sigma2_indiv": parts.individual,
        "r2": 1 - rss / total,
        "sigma": float(np.sqrt(rss / (len(outcome) - len(fit.coefficients)))),
        "rss": rss,
        "condition": fit.condition,
    }


def _components(place: str, X: Array, y: Array, ids: Codes) -> _Components:
    """Swamy and Arora's variances; for unbalanced panels Baltagi and Chang's (1994)."""
    counts = np.bincount(ids).astype(np.float64)
    entities, lengths = len(counts), np.linalg.norm(X, axis=0)
    means, mean = _means(X, ids), _means(y[:, None], ids)[:, 0]
    within, left = _independent(X - means[ids], lengths), y - mean[ids]
    means = _independent(means * np.sqrt(counts)[:, None], lengths)
    k, varying = means.shape[1], within.shape[1]
    if entities <= k:
        raise ValueFault(place, found=f"{entities} entities for {k} parameters",
                         expected="more entities than parameters, for random effects",
                         remedy="Leave terms out, or use fixed effects.")  # fmt: skip
    df = len(y) - entities - varying
    if df <= 0:
        raise ValueFault(place, found=f"{len(y)} rows for {entities + varying} parameters",
                         expected="several rows an entity",
                         remedy="Leave terms out, or use more rows.")  # fmt: skip
    if varying:
        left = least_squares(within, left).residuals
    idiosyncratic = float(left @ left) / df
    if float(left @ left) <= (PERFECT * np.linalg.norm(y)) ** 2:
        raise ValueFault(place, found="a perfect fit within entities", expected="residuals",
                         remedy="See which term is the outcome in disguise.")  # fmt: skip
    between = least_squares(means, mean * np.sqrt(counts))
    spread = len(y) - float(np.trace(between.bread @ ((means.T * counts) @ means)))
    rss = float(between.residuals @ between.residuals)
    individual = (rss - (entities - k) * idiosyncratic) / spread
    theta = 1 - np.sqrt(idiosyncratic / (idiosyncratic + counts * max(individual, 0.0)))
    return _Components(idiosyncratic, max(individual, 0.0), theta, individual < 0)


def _means(columns: Array, ids: Codes) -> Array:
    counts = np.bincount(ids)
    sums = np.column_stack([np.bincount(ids, column) for column in columns.T])
    means: Array = sums / counts[:, None]
    return means


def _independent(columns: Array, lengths: Array) -> Array:
    """Columns less those that are zero or combinations of others beside `lengths`.

    Means of years are alike in a balanced panel; within entities, age and year are.
    """
    return columns[:, _places(columns, lengths)]


def _places(columns: Array, lengths: Array) -> list[int]:
    left: list[int] = np.flatnonzero(
        np.linalg.norm(columns, axis=0) > NO_VARIATION * lengths
    ).tolist()
    while found := dependence(columns[:, left], np.full(len(left), NO_VARIATION)):
        del left[found[0]]
    return left


def _varies(column: Array, means: Array) -> bool:
    return bool(np.linalg.norm(column - means) > NO_VARIATION * np.linalg.norm(column))
