"""Symbiosis estimated from series: regression start, least squares on the solution, intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from servio.errors import InputError, NumericalError, ServioError, UsageError, ValueFault
from servio.simulate._estimate import fit_group
from servio.simulate._results import (
    EquilibriumEstimate,
    GrowthRegression,
    Projection,
    Symbiosis,
    SymbiosisFit,
    SymbiosisFits,
    sorted_out,
)
from servio.simulate._series import (
    Errors,
    Frame,
    Variance,
    check_options,
    checked_series,
    negative_state,
    state_array,
)
from servio.simulate._solve import time_points
from servio.simulate.symbiosis import species_names

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
    x = state_array("growth_regression", states, t)
    if (x < 0).any():
        names = tuple(f"species {i + 1}" for i in range(x.shape[1]))
        raise negative_state("growth_regression", x, t, names)
    n = x.shape[1]
    coefficients, errors = np.empty((2, n, 1 + n))
    r2, df = np.empty(n), np.empty(n, dtype=np.intp)
    for i in range(n):
        kept = (x[1:, i] > 0) & (x[:-1, i] > 0)
        growth = np.log(x[1:, i][kept] / x[:-1, i][kept]) / np.diff(t)[kept]
        X = np.column_stack([np.ones(kept.sum()), x[:-1][kept]])
        b, variance, r2[i] = _regression(f"growth_regression, species {i + 1}", growth, X)
        coefficients[i], errors[i] = b, np.sqrt(variance)
        df[i] = len(growth) - 1 - n
    return GrowthRegression(coefficients, errors, r2, df)


def fit_symbiosis(
    times: npt.ArrayLike,
    states: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    unit: str = "1",
    time_unit: str = "year",
    errors: Errors = "multiplicative",
    variance: Variance = "own",
    level: float = 0.95,
    entity: str = "",
) -> SymbiosisFit:
    r"""Lotka-Volterra model of species from their series; of one alone the logistic curve.

    Does services' growth feed manufacturing or feed on it, how surely, and where does that end? The
    solution x(t; x0, r, a) of :math:`d \ln x_i / dt = r_i + \sum_j a_{ij} x_j` is brought as near
    to the series as can be: squares of log residuals (of residuals where errors are additive), each
    species weighted by its own variance. Starts are the regression of growth on the levels before
    and on mid-interval levels, with and without interaction; the lowest minimum counts.

    Parameters
    ----------
    times : array (t,)
        Rising; intervals may differ. t must exceed 2 + n.
    states : array (t, n) or (t,)
        Above 0. One series is a species alone: r and K of logistic growth.
    names : sequence of str, optional
        By default manufacturing and services; of other numbers of species "species 1" and so on.
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
        Fewer times than parameters need, a state that is text, missing or not above 0, or a
        constant series.
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

    One series alone, here a logistic curve from 5 to 50:

    >>> import numpy as np
    >>> t = np.arange(15.0)
    >>> alone = fit_symbiosis(t, 50 / (1 + 9 * np.exp(-0.4 * t)), names=["services"])
    >>> [round(alone.estimate(name)[0], 6) for name in ("r[services]", "K[services]")]
    [0.4, 50.0]
    """
    check_options(errors, variance, level)
    shape = np.shape(states)
    given = species_names(names, shape[1] if len(shape) == 2 else 1)
    x, t = checked_series(entity, times, states, given, errors)
    frame = Frame(given, unit, time_unit, errors, variance, level)
    found = fit_group(t, x[:, :, None], (entity,), frame)[0]
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
        Columns of the states; one column alone is fitted as logistic growth.
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
    ValueFault
        Text in a column of numbers, or a row without entity or time.

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
    check_options(errors, variance, level)
    lacking = [name for name in (entity, time, *species) if name not in data.columns]
    if lacking:
        raise UsageError("fit_symbioses", found=f"no column {lacking[0]!r}",
                         expected=", ".join(map(str, data.columns)),
                         remedy="Name columns of the data.")  # fmt: skip
    _check_columns(data, entity, (time, *species))
    whole = data.dropna(subset=[*species]).sort_values([entity, time])
    twice = whole.duplicated([entity, time])
    if twice.any():
        row = whole[twice].iloc[0]
        raise InputError("fit_symbioses", found=f"two rows of {row[entity]} in {row[time]}",
                         expected="one row an entity and time",
                         remedy="Keep one definition and source.")  # fmt: skip
    frame = Frame(tuple(species), unit, time_unit, errors, variance, level)
    found: dict[str, SymbiosisFit | ServioError] = {}
    groups: dict[tuple[float, ...], list[tuple[str, Array]]] = {}
    order = [str(name) for name in data[entity].drop_duplicates()]
    for name in set(order) - {str(name) for name in whole[entity]}:
        found[name] = ValueFault(f"symbiosis of {name}", found="no complete row",
                                 expected="values of all species",
                                 remedy="Leave the entity out.")  # fmt: skip
    for name, part in whole.groupby(entity, sort=True):
        try:
            x, t = checked_series(str(name), part[time].to_numpy(), part[[*species]].to_numpy(),
                            tuple(species), errors)  # fmt: skip
        except ServioError as error:
            found[str(name)] = error
            continue
        groups.setdefault(tuple(t.tolist()), []).append((str(name), x))
    for key, members in groups.items():
        labels = tuple(name for name, _ in members)
        stacked = np.stack([x for _, x in members], axis=-1)
        found |= dict(zip(labels, fit_group(np.array(key), stacked, labels, frame), strict=True))
    return sorted_out(found, order, ())


def _check_columns(data: pd.DataFrame, entity: str, columns: Sequence[str]) -> None:
    """Entities and times are there, and no text is in a column of numbers."""
    place = "fit_symbioses, column"
    for name in (entity, columns[0]):
        missing = data[name].isna().to_numpy()
        if missing.any():
            raise ValueFault(f"{place} {name!r}",
                             found=f"nothing in row {data.index[int(np.argmax(missing))]}",
                             expected="a label in each row",
                             remedy="Name the row, or leave it out.")  # fmt: skip
    for name in columns:
        values = data[name]
        text = np.array([isinstance(value, str) for value in values])
        if text.any():
            row = int(np.argmax(text))
            raise ValueFault(f"{place} {name!r}, {data[entity].iloc[row]}",
                             found=f"the text {values.iloc[row]!r}", expected="numbers only",
                             remedy="Correct the cell, turn the column into numbers, or leave it "
                             "out.")  # fmt: skip


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
