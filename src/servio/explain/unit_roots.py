"""Do the series of a panel wander, and do they wander together: unit roots, cointegration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import UsageError, ValueFault
from servio.explain._estimate import Joint
from servio.explain._panel import Panel
from servio.explain._qr import dependence, least_squares
from servio.explain._series import (
    Series,
    longest_run,
    mean_over_units,
    moving_together,
    read_series,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PanelTest", "cointegration", "unit_root"]

Array = npt.NDArray[np.float64]

SHORT = 25
"""Values a unit below which these tests have little power."""
LEFT = 5
"""Degrees of freedom a unit must leave for errors."""
MOST_REGRESSORS = 5
DRAWS = 100_000
CHUNK = 10_000
SURE = 1e-4
"""p values of single units are kept this far from 0 and 1: one unit should not decide for all,
and draws can't tell more."""
FLAT = 1e-12


@dataclass(frozen=True, eq=False)
class PanelTest:
    """What tests say about the series of a panel.

    Parameters
    ----------
    name : str
        ``unit root`` or ``cointegration``.
    columns : tuple of str
    setting : str
        Deterministic terms and lags, in words.
    tests : mapping of str to Joint
    units : DataFrame
        One row a unit: ``unit``, ``first``, ``n``, ``statistic``, ``p`` of its own test.
    dropped : mapping of str to int
        Reason to number of units left out.
    notes : tuple of str
    synthetic : bool
    """

    name: str
    columns: tuple[str, ...]
    setting: str
    tests: Mapping[str, Joint]
    units: pd.DataFrame
    dropped: Mapping[str, int]
    notes: tuple[str, ...]
    synthetic: bool = False

    def to_frame(self) -> pd.DataFrame:
        """One row a test: test, hypothesis (what a small p speaks against), statistic, p, .."""
        return frame_of_tests(self.tests)


def frame_of_tests(tests: Mapping[str, Joint]) -> pd.DataFrame:
    """One row a test: ``test``, ``hypothesis``, ``statistic``, ``distribution``, ``df``, ``p``."""
    import pandas as pd

    rows = [
        {
            "test": name,
            "hypothesis": test.hypothesis,
            "statistic": test.statistic,
            "distribution": test.distribution,
            "df": ", ".join(f"{df:g}" for df in test.df),
            "p": test.p_value,
        }
        for name, test in tests.items()
    ]
    columns = ["test", "hypothesis", "statistic", "distribution", "df", "p"]
    return pd.DataFrame(rows, columns=columns)


def unit_root(
    data: Panel | pd.DataFrame,
    column: str,
    *,
    trend: bool = False,
    lags: int = 1,
    demean: bool = False,
    bandwidth: int | None = None,
    panel: str | Sequence[str] | None = None,
    time: str | None = None,
) -> PanelTest:
    r"""Does a series wander without returning (a unit root) in the units of a panel? Six tests.

    For each unit the augmented Dickey-Fuller regression
    :math:`\Delta y_t = a (+ bt) + \rho y_{t-1} + \sum_j \phi_j \Delta y_{t-j} + e_t` gives the t
    of :math:`\rho`, and random walks of the same length its p value. Over units: ``fisher``
    :math:`P = -2\sum \ln p_i \sim \chi^2_{2N}` (Maddala and Wu); ``choi_z``
    :math:`\sum \Phi^{-1}(p_i)/\sqrt N`, ``choi_l`` from logits and ``choi_pm``
    :math:`-\sum(\ln p_i + 1)/\sqrt N` (Choi); ``ips``
    :math:`\sqrt N(\bar t - E)/\sqrt V` with the mean and variance of t in samples of that length
    (Im, Pesaran and Shin). ``hadri`` has the opposite hypothesis, that all units are stationary:
    the mean of :math:`\sum_t S_t^2/(T^2\omega^2)`, S the sums of the residuals.

    Parameters
    ----------
    data : Panel or DataFrame
    column : str
        Column or expression, such as ``log(va)``.
    trend : bool
        A linear trend beside the intercept of each unit.
    lags : int
        Lagged changes, the same in all units.
    demean : bool
        Take away the mean over units at each time: what moves all units together.
    bandwidth : int, optional
        Lags of the Bartlett kernel in :math:`\omega^2`;
        :math:`\lfloor 4 (T/100)^{1/4} \rfloor` if not given.
    panel : str or sequence of str, optional
        Columns that name a unit, where `data` is a DataFrame.
    time : str, optional
        Column of time, where `data` is a DataFrame.

    Returns
    -------
    PanelTest

    Raises
    ------
    UsageError
        No entity or time, or lags that are not possible.
    ValueFault
        No unit with enough values in a row that vary: 8 + 2 lags, and 1 more with a trend.

    Notes
    -----
    Each unit is its longest stretch without gaps. Small p values of the first five speak for
    *some* stationary units, not all. All take units as independent: a note tells where changes
    go together (Pesaran's CD). With fewer than 25 values a test that rejects nothing says little.
    p values of units, and the mean and variance of t in ``ips``, come from 100,000 random walks
    with normal steps (always the same ones): MacKinnon's p values for long series made ``fisher``
    reject 23 of 100 random walks of 15 values at the 5 % level, and lags chosen by Akaike's
    criterion 70 of 100; so lags are given, and as they are for all units. Mean and variance agree
    with the table of the article to 0.02. ``hadri`` rejects too often where values are
    far from independent over time (71 of 100 panels of 20 units with 15 values and a correlation
    of 0.5 with the value before): a complement, not a proof.

    References
    ----------
    Maddala and Wu (1999), Oxford Bulletin of Economics and Statistics 61, 631-652; Choi (2001),
    Journal of International Money and Finance 20, 249-272; Im, Pesaran and Shin (2003), Journal
    of Econometrics 115, 53-74; Hadri (2000), Econometrics Journal 3, 148-161; Pesaran (2004) for
    CD.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> walk = np.cumsum(rng.normal(size=(20, 40)), axis=1)
    >>> frame = pd.DataFrame({"country": np.repeat(np.arange(20), 40), "walk": walk.ravel(),
    ...                       "year": np.tile(np.arange(1980, 2020), 20)})
    >>> found = unit_root(frame, "walk", panel="country", time="year")
    >>> {name: test.p_value < 0.05 for name, test in found.tests.items()}["ips"]
    False
    """
    _check_lags("unit_root", lags)
    if bandwidth is not None and (not isinstance(bandwidth, int) or bandwidth < 0):
        raise UsageError("unit_root, bandwidth", found=repr(bandwidth),
                         expected="a whole number from 0", remedy="Say 2.")  # fmt: skip
    series = read_series("unit_root", data, panel, time)
    grid = series.grid(series.values(column))
    if demean:
        grid = grid - mean_over_units(grid)
    found, dropped = [], dict[str, int]()
    for unit, at, rows in _stretches(series, grid[:, :, None], _least(lags, 0, trend), dropped):
        y = rows[:, 0]
        t = float(_dickey_fuller(y[None], lags, _deterministic(len(y) - lags - 1, trend))[0])
        found.append((unit, at, len(y), t, _p_value(t, len(y), lags, 0, trend),
                      _kpss(y, bandwidth, trend=trend)))  # fmt: skip
    units = _units(found, dropped, f"unit_root of {column}")
    tests = _combined(units["p"].to_numpy(), "every unit has a unit root")
    tests["ips"] = _ips(units, lags, trend)
    notes = [*_short(units), *moving_together(grid, "" if demean else "; compare with demean=True")]
    tests["hadri"] = _hadri(np.array([one[-1] for one in found]), trend=trend)
    setting = f"intercept{' and trend' if trend else ''} of each unit, {lags} lags"
    if demean:
        setting += ", less the mean over units at each time"
    return PanelTest(
        "unit root", (column,), setting, tests, units, dropped, tuple(notes), series.synthetic
    )


def cointegration(
    data: Panel | pd.DataFrame,
    y: str,
    x: str | Sequence[str],
    *,
    trend: bool = False,
    lags: int = 1,
    panel: str | Sequence[str] | None = None,
    time: str | None = None,
) -> PanelTest:
    r"""Do series that wander stay near a common path? Kao, and Engle and Granger by Fisher.

    ``kao``: residuals of :math:`y_{it} = a_i + x_{it}'b + e_{it}`, one b for all units; the t of
    :math:`\rho` in the pooled :math:`\Delta e_{it} = \rho e_{i,t-1} + \sum_j \phi_j \Delta
    e_{i,t-j} + v_{it}`, made standard normal with the variance of v given the changes of x, and
    its long-run value. ``fisher`` and ``choi_z``: Engle and Granger's test in each unit, with
    coefficients of its own, its p values (of as many independent random walks of the same length)
    combined as in `unit_root`.

    Parameters
    ----------
    data : Panel or DataFrame
    y : str
        Column or expression.
    x : str or sequence of str
        One to five.
    trend : bool
        A trend beside the intercept, in the tests by unit; Kao's has none.
    lags : int
        Lagged changes of the residuals.
    panel : str or sequence of str, optional
    time : str, optional

    Returns
    -------
    PanelTest
        Small p values speak for cointegration: in all units for ``kao``, in some for the others.

    Raises
    ------
    UsageError
        No entity or time, lags or a number of regressors that are not possible.
    ValueFault
        No unit with enough rows in a row that vary, or columns that determine each other.

    Notes
    -----
    Meaningful only where the series have unit roots: see `unit_root` first. Long-run variances
    use a Bartlett kernel with :math:`\lfloor 4 (T/100)^{2/9} \rfloor` lags. Units are taken as
    independent.

    References
    ----------
    Kao (1999), Journal of Econometrics 90, 1-44; Engle and Granger (1987), Econometrica 55,
    251-276; Maddala and Wu (1999), Oxford Bulletin of Economics and Statistics 61, 631-652.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> x = np.cumsum(rng.normal(size=(20, 40)), axis=1)
    >>> frame = pd.DataFrame({"country": np.repeat(np.arange(20), 40), "x": x.ravel(),
    ...                       "year": np.tile(np.arange(1980, 2020), 20)})
    >>> frame["y"] = 2 * frame["x"] + rng.normal(size=800)
    >>> found = cointegration(frame, "y", "x", panel="country", time="year")
    >>> all(test.p_value < 0.01 for test in found.tests.values())
    True
    """
    _check_lags("cointegration", lags)
    names = (x,) if isinstance(x, str) else tuple(x)
    if not 1 <= len(names) <= MOST_REGRESSORS or len({y, *names}) <= len(names):
        raise UsageError("cointegration, x", found=f"{y} on {', '.join(names) or 'nothing'}",
                         expected=f"one to {MOST_REGRESSORS} columns other than y",
                         remedy="Name them.")  # fmt: skip
    series = read_series("cointegration", data, panel, time)
    grid = np.stack([series.grid(series.values(name)) for name in (y, *names)], axis=2)
    found, dropped, blocks = [], dict[str, int](), []
    k = len(names)
    for unit, at, rows in _stretches(series, grid, _least(lags, k, trend), dropped):
        _check_apart(rows, (y, *names), unit)
        t = float(_engle_granger(rows[None], lags, trend)[0])
        found.append((unit, at, len(rows), t, _p_value(t, len(rows), lags, k, trend)))
        blocks.append(rows)
    units = _units(found, dropped, f"cointegration of {y}")
    tests = {"kao": _kao(blocks, lags)}
    combined = _combined(units["p"].to_numpy(), "no unit is cointegrated")
    tests |= {name: combined[name] for name in ("fisher", "choi_z")}
    setting = f"intercept{' and trend' if trend else ''} of each unit, {lags} lags"
    if trend:
        setting += "; no trend in kao"
    notes = (*_short(units), *moving_together(grid[:, :, 0]))
    return PanelTest(
        "cointegration", (y, *names), setting, tests, units, dropped, notes, series.synthetic
    )


# -- the units


def _check_lags(place: str, lags: int) -> None:
    if not isinstance(lags, int) or isinstance(lags, bool) or lags < 0:
        raise UsageError(f"{place}, lags", found=repr(lags), expected="a whole number from 0",
                         remedy="Say 1.")  # fmt: skip


def _least(lags: int, regressors: int, trend: bool) -> int:
    """Values that leave degrees of freedom for the errors."""
    return LEFT + 3 + 2 * lags + trend + regressors


def _check_apart(rows: Array, names: Sequence[str], unit: str) -> None:
    X = np.column_stack([np.ones(len(rows)), rows])
    found = dependence(X, np.full(X.shape[1], 1e-10))
    if found is not None:
        raise ValueFault(f"cointegration, unit {unit}",
                         found=f"{names[found[0] - 1]}, a combination of the other columns",
                         expected="columns that do not determine each other",
                         remedy="Leave it out.")  # fmt: skip


def _stretches(
    series: Series, grid: Array, least: int, dropped: dict[str, int]
) -> Iterator[tuple[str, int, Array]]:
    """Name, first time and values (T, k) of the longest stretch of each unit; reasons of others."""
    for unit, values in zip(series.names, grid, strict=True):
        run = longest_run(np.where(np.isfinite(values).all(axis=1), 1.0, np.nan))
        rows = values[run]
        reason = ""
        if len(rows) < least:
            reason = f"fewer than {least} values in a row"
        elif (np.ptp(rows, axis=0) <= FLAT * np.abs(rows).max(axis=0)).any():
            reason = "values that do not vary"
        if reason:
            dropped[reason] = dropped.get(reason, 0) + 1
        else:
            yield unit, series.first + run.start, rows


def _units(
    found: Sequence[tuple[object, ...]], dropped: Mapping[str, int], place: str
) -> pd.DataFrame:
    import pandas as pd

    if not found:
        reasons = "; ".join(f"{count} with {reason}" for reason, count in dropped.items())
        raise ValueFault(place, found=f"no unit to test ({reasons})",
                         expected="units with enough values in a row that vary",
                         remedy="Use longer series or fewer lags.")  # fmt: skip
    names = ["unit", "first", "n", "statistic", "p"]
    return pd.DataFrame([one[: len(names)] for one in found], columns=names)


def _short(units: pd.DataFrame) -> list[str]:
    shortest = int(units["n"].min())
    if shortest >= SHORT:
        return []
    return [
        f"short series ({shortest} to {int(units['n'].max())} values a unit, fewer than {SHORT}): "
        "little power; that nothing is rejected says little"
    ]


# -- arithmetic: unit roots, for many series at once


def _deterministic(rows: int, trend: bool) -> Array:
    """Orthonormal intercept and trend, (rows, 1 or 2)."""
    columns = [np.ones(rows)] + [np.arange(rows) - (rows - 1) / 2] * trend
    return np.column_stack([one / np.linalg.norm(one) for one in columns])


def _dickey_fuller(Y: Array, lags: int, D: Array | None) -> Array:
    """T of the lagged level in the augmented regression of each row of Y (n, T), given D."""
    T = Y.shape[1]
    change = np.diff(Y, axis=1)
    columns = [Y[:, lags:-1]]
    columns += [change[:, lags - j : T - 1 - j] for j in range(1, lags + 1)]
    X, y = np.stack(columns, axis=2), change[:, lags:]
    used = 1 + lags
    if D is not None:
        X = X - D @ (D.T @ X)
        y = y - (y @ D) @ D.T
        used += D.shape[1]
    size = np.linalg.norm(X, axis=1, keepdims=True)
    X = X / size
    bread = np.linalg.inv(X.transpose(0, 2, 1) @ X)
    b = (bread @ (X.transpose(0, 2, 1) @ y[:, :, None]))[:, :, 0]
    left = y - (X @ b[:, :, None])[:, :, 0]
    variance = (left**2).sum(axis=1) / (y.shape[1] - used)
    t: Array = b[:, 0] / np.sqrt(variance * bread[:, 0, 0])
    return t


def _engle_granger(rows: Array, lags: int, trend: bool) -> Array:
    """T of the residuals of the first column on the others, of each block of (n, T, 1 + k)."""
    D = _deterministic(rows.shape[1], trend)
    rows = rows - D @ (D.T @ rows)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    X, y = rows[:, :, 1:], rows[:, :, :1]
    b = np.linalg.solve(X.transpose(0, 2, 1) @ X, X.transpose(0, 2, 1) @ y)
    return _dickey_fuller((y - X @ b)[:, :, 0], lags, None)


@cache
def _walks(T: int, lags: int, regressors: int, trend: bool) -> Array:
    """The t of independent random walks of T values, sorted."""
    rng = np.random.default_rng([T, lags, regressors, int(trend)])
    found = []
    for _ in range(DRAWS // CHUNK):
        walks = np.cumsum(rng.standard_normal((CHUNK, T, 1 + regressors)), axis=1)
        if regressors:
            found.append(_engle_granger(walks, lags, trend))
        else:
            D = _deterministic(T - lags - 1, trend)
            found.append(_dickey_fuller(walks[:, :, 0], lags, D))
    return np.sort(np.concatenate(found))


def _p_value(t: float, T: int, lags: int, regressors: int, trend: bool) -> float:
    walks = _walks(T, lags, regressors, trend)
    return float((1 + np.searchsorted(walks, t)) / (len(walks) + 1))


def _combined(p: Array, hypothesis: str) -> dict[str, Joint]:
    """Fisher's and Choi's combinations of independent p values."""
    p = np.clip(p, SURE, 1 - SURE)
    n = len(p)
    logs = np.log(p)
    P = float(-2 * logs.sum())
    Z = float(scipy.stats.norm.ppf(p).sum() / np.sqrt(n))
    k = 3 * (5 * n + 4) / (np.pi**2 * n * (5 * n + 2))
    L = float(np.sqrt(k) * (logs - np.log1p(-p)).sum())
    Pm = float(-(logs + 1).sum() / np.sqrt(n))
    df = 5 * n + 4
    return {
        "fisher": Joint(P, "chi2", (2.0 * n,), float(scipy.stats.chi2.sf(P, 2 * n)), hypothesis),
        "choi_z": Joint(Z, "normal", (), float(scipy.stats.norm.cdf(Z)), hypothesis),
        "choi_l": Joint(L, "t", (float(df),), float(scipy.stats.t.cdf(L, df)), hypothesis),
        "choi_pm": Joint(Pm, "normal", (), float(scipy.stats.norm.sf(Pm)), hypothesis),
    }


def _ips(units: pd.DataFrame, lags: int, trend: bool) -> Joint:
    walks = [_walks(T, lags, 0, trend) for T in units["n"].tolist()]
    mean = float(np.mean([one.mean() for one in walks]))
    variance = float(np.mean([one.var() for one in walks]))
    W = float(np.sqrt(len(units)) * (units["statistic"].mean() - mean) / np.sqrt(variance))
    return Joint(W, "normal", (), float(scipy.stats.norm.cdf(W)), "every unit has a unit root")


def _kpss(y: Array, bandwidth: int | None, *, trend: bool) -> float:
    T = len(y)
    t = np.arange(T) - (T - 1) / 2
    D = np.column_stack([np.ones(T), t]) if trend else np.ones((T, 1))
    e = least_squares(D, y).residuals
    q = int(4 * (T / 100) ** 0.25) if bandwidth is None else bandwidth
    variance = _long_run(e[:, None], q)[0, 0]
    return float((np.cumsum(e) ** 2).sum() / (T**2 * variance)) if variance > 0 else 0.0


def _long_run(e: Array, bandwidth: int) -> Array:
    """Long-run covariance (k, k) of rows in time, Bartlett kernel; sums over T."""
    T = len(e)
    V = e.T @ e / T
    for j in range(1, min(bandwidth, T - 1) + 1):
        product = e[j:].T @ e[:-j] / T
        V = V + (1 - j / (bandwidth + 1)) * (product + product.T)
    return np.asarray(V, dtype=np.float64)


def _hadri(statistics: Array, *, trend: bool) -> Joint:
    mean, variance = (1 / 15, 11 / 6300) if trend else (1 / 6, 1 / 45)
    z = float(np.sqrt(len(statistics)) * (statistics.mean() - mean) / np.sqrt(variance))
    return Joint(z, "normal", (), float(scipy.stats.norm.sf(z)), "every unit is stationary")


# -- arithmetic: cointegration


def _kao(blocks: Sequence[Array], lags: int) -> Joint:
    """Kao's augmented Dickey-Fuller statistic of pooled residuals."""
    within = np.concatenate([rows - rows.mean(axis=0) for rows in blocks])
    b = least_squares(within[:, 1:], within[:, 0]).coefficients
    regressors, outcome = [], []
    for rows in blocks:
        e = (rows - rows.mean(axis=0)) @ np.concatenate([[1.0], -b])
        change = np.diff(e)
        outcome.append(change[lags:])
        past = [change[lags - j : len(change) - j] for j in range(1, lags + 1)]
        regressors.append(np.column_stack([e[lags:-1], *past]))
    fit = least_squares(np.concatenate(regressors), np.concatenate(outcome))
    variance = float(fit.residuals @ fit.residuals) / (len(fit.residuals) - lags - 1)
    t = float(fit.coefficients[0] / np.sqrt(variance * fit.bread[0, 0]))
    changes = [np.diff(rows, axis=0) for rows in blocks]
    changes = [one - one.mean(axis=0) for one in changes]
    total = sum(len(one) for one in changes)
    short = sum(len(one) * _long_run(one, 0) for one in changes) / total
    long = sum(len(one) * _long_run(one, int(4 * (len(one) / 100) ** (2 / 9))) for one in changes)
    v, v0 = _given(np.asarray(short)), _given(np.asarray(long) / total)
    N = len(blocks)
    statistic = (t + np.sqrt(6 * N * v / v0) / 2) / np.sqrt(v0 / (2 * v) + 3 * v / (10 * v0))
    return Joint(float(statistic), "normal", (), float(scipy.stats.norm.cdf(statistic)),
                 "no unit is cointegrated (one b for all)")  # fmt: skip


def _given(V: Array) -> float:
    """Variance of the first given the others."""
    return float(V[0, 0] - V[0, 1:] @ np.linalg.solve(V[1:, 1:], V[1:, 0]))
