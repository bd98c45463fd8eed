"""Intervals of measures: how far a result moves when the cells of its table are uncertain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from math import ceil
from statistics import NormalDist
from typing import Any, Literal, get_args

import numpy as np
from threadpoolctl import threadpool_limits

from servio.errors import NumericalError, UsageError
from servio.measure._contract import MeasureSpec, find
from servio.measure._linear import standard_errors
from servio.measure._result import Array, Measure, Undefined, row_names
from servio.progress import bar
from servio.table import IOTable
from servio.table.noise import Noise, perturbed

__all__ = ["Interval", "interval"]

Method = Literal["monte_carlo", "linear"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Interval(Measure):
    """A measure with an interval for each value; `values` are those of the published table.

    Parameters
    ----------
    low, high : array (k,)
        Ends of the interval; NaN where the value or a draw of it is undefined.
    sd : array (k,)
        Standard error of the value: standard deviation over the draws, or to first order.
    draws, seed : int
        How many tables were drawn, and from which start; 0 draws for ``method="linear"``.
    level : float
        Share of draws inside.
    noise : Noise
        How uncertain the cells were taken to be.
    """

    low: Array
    high: Array
    sd: Array
    draws: int
    seed: int
    level: float
    noise: Noise

    @property
    def beside(self) -> Mapping[str, Array]:
        """The ends of the interval and the standard error."""
        return {"low": self.low, "high": self.high, "sd": self.sd}


def interval(
    measure: str | Callable[..., Measure],
    table: IOTable,
    *,
    noise: Noise,
    draws: int = 200,
    seed: int = 0,
    level: float = 0.95,
    method: Method = "monte_carlo",
    workers: int = 1,
    **options: Any,
) -> Interval:
    """How uncertain a measure is when the cells of its table are: intervals and standard errors.

    ``monte_carlo`` draws tables about the published one (`servio.table.perturbed`: independent
    lognormal errors of the cells, then balanced to the published totals), measures each, and
    takes percentiles. ``linear`` carries the errors over to first order, without draws:
    ``var f = sum_ij (sd_ij z_ij)^2 (df/dz_ij - l_i - m_j)^2``, where l and m are what balancing
    takes back; the interval is then normal.

    Parameters
    ----------
    measure : str or callable
        Any measure, by name or itself.
    table : IOTable
    noise : Noise
        Relative standard errors by class of cells; yours to state, there is no default.
    draws : int
        Tables drawn. A draw depends on `seed` and its number only.
    seed : int
        Start of the random numbers.
    level : float
        Share of the draws inside the interval, between 0 and 1.
    method : {'monte_carlo', 'linear'}
        ``linear`` knows `service_input_coefficient`, `service_input_share`,
        `production_inducement` and `output_multiplier`, and is close while errors are small.
    workers : int
        Threads; the result is the same to the last bit. Each holds a few copies of the table.
    **options
        Options of the measure. The table given as `base` to a measure of change is drawn too,
        with errors independent of the other year's: where they are alike in both years the
        change is better known than its interval says.

    Returns
    -------
    Interval
        The measure of the published table with ``low``, ``high`` and ``sd``.

    Raises
    ------
    UsageError
        Too few draws for the level, or ``linear`` of what it does not know.
    NumericalError
        A draw has no answer.

    Notes
    -----
    Identity: no noise gives the published value with zero width. Ends are order statistics at
    ``k / (draws + 1)``, so that a further draw falls inside with probability `level`. A row that
    is undefined in a draw, or missing there, has no interval and is listed. Intervals show the
    errors that `noise` states: not those of definitions, of classifications, or of imports split
    in proportion. Zero cells stay zero.

    Source: Bullard, C. W. and Sebald, A. V. (1988), Monte Carlo sensitivity analysis of
    input-output models, Review of Economics and Statistics 70, 708-712; Lenzen, Wood and
    Wiedmann (2010), Economic Systems Research 22, 43-63 [neither re-read].

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> found = interval("output_multiplier", table, noise=Noise.all_cells(0.1), method="linear")
    >>> found.values.round(3).tolist()
    [1.518, 1.452]
    >>> found.low.round(3).tolist(), found.high.round(3).tolist()
    ([1.436, 1.434], [1.601, 1.47])
    """
    spec = _spec(measure)
    _check(spec, draws, seed, level, method, workers, noise)
    published = spec.function(table, **options)
    if method == "linear":
        sd = standard_errors(spec, table, published, noise, options)
        reach = NormalDist().inv_cdf(0.5 + level / 2) * sd
        return _labelled(published, published.values - reach, published.values + reach, sd,
                         0, seed, level, noise)  # fmt: skip
    one = partial(_drawn, spec, table, published, noise, seed, options)
    drawn = np.empty((draws, len(published)))
    with threadpool_limits(1), bar(f"{spec.name}, draws", draws) as step:
        for k, values in enumerate(_each(one, draws, workers)):
            drawn[k] = values
            step()
    return _summary(published, drawn, seed, level, noise)


def _drawn(
    spec: MeasureSpec,
    table: IOTable,
    published: Measure,
    noise: Noise,
    seed: int,
    options: Mapping[str, Any],
    draw: int,
) -> Array:
    """Values of one draw, in the rows of the published table."""
    given = dict(options)
    if "base" in given:
        given["base"] = perturbed(given["base"], noise, seed=seed, draw=draw, stream=1)
    try:
        found = spec.function(perturbed(table, noise, seed=seed, draw=draw), **given)
    except NumericalError as error:
        raise NumericalError(
            f"draw {draw} of seed {seed}, {error.place}",
            found=error.found,
            expected=error.expected,
            remedy="Use less noise, or another seed.",
        ) from None
    return _aligned(published, found)


def _aligned(published: Measure, found: Measure) -> Array:
    """Values of `found` in the rows of `published`; NaN where it has no such row."""
    same = all(
        one.names == found.columns[name].names
        and np.array_equal(one.index, found.columns[name].index)
        for name, one in published.columns.items()
    )
    if same:
        return found.values
    there = dict(zip(_keys(found), found.values.tolist(), strict=True))
    return np.array([there.get(key, np.nan) for key in _keys(published)])


def _keys(result: Measure) -> list[tuple[str, ...]]:
    names = sorted(result.columns)
    return list(zip(*(result.columns[name].decode() for name in names), strict=True))


def _each(task: Callable[[int], Array], draws: int, workers: int) -> Iterator[Array]:
    if workers == 1:
        yield from map(task, range(draws))
        return
    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(task, range(draws))
    finally:
        pool.shutdown(cancel_futures=True)


def _summary(published: Measure, drawn: Array, seed: int, level: float, noise: Noise) -> Interval:
    missing = np.isnan(drawn).sum(axis=0)
    whole = missing == 0
    low, high, sd = np.full((3, len(published)), np.nan)
    ends = [0.5 - level / 2, 0.5 + level / 2]
    low[whole], high[whole] = np.quantile(drawn[:, whole], ends, axis=0, method="weibull")
    sd[whole] = (drawn[:, whole] - published.values[whole]).std(axis=0, ddof=1)
    lost = np.flatnonzero(~whole & ~np.isnan(published.values)).tolist()
    gone = tuple(
        Undefined(_label(published, row), f"undefined in {missing[row]} of {len(drawn)} draws")
        for row in lost
    )
    return _labelled(published, low, high, sd, len(drawn), seed, level, noise, gone)


def _label(result: Measure, row: int) -> str:
    others = [c for name, c in result.columns.items() if name not in ("country", "industry")]
    return " ".join([row_names(result.columns)[row], *(c.names[c.index[row]] for c in others)])


def _labelled(
    published: Measure,
    low: Array,
    high: Array,
    sd: Array,
    draws: int,
    seed: int,
    level: float,
    noise: Noise,
    gone: tuple[Undefined, ...] = (),
) -> Interval:
    how = {"draws": str(draws), "seed": str(seed)} if draws else {"method": "linear"}
    given = {one.name: getattr(published, one.name) for one in fields(Measure)}
    given["definition"] = {**published.definition, **how, "level": f"{level:g}",
                           "noise": noise.text}  # fmt: skip
    given["undefined"] = (*published.undefined, *gone)
    return Interval(**given, low=low, high=high, sd=sd, draws=draws, seed=seed, level=level,
                    noise=noise)  # fmt: skip


def _spec(measure: str | Callable[..., Measure]) -> MeasureSpec:
    spec = find(measure if isinstance(measure, str) else getattr(measure, "__name__", ""))
    if not isinstance(measure, str) and spec.function is not measure:
        raise UsageError(
            "measure",
            found=f"another function named {spec.name}",
            expected="a measure of servio",
            remedy=f"Use servio.measure.{spec.name} or its name.",
        )
    return spec


def _check(
    spec: MeasureSpec, draws: int, seed: int, level: float, method: str, workers: int, noise: Noise
) -> None:
    if not isinstance(noise, Noise):
        raise _bad(spec, "noise", noise, "a Noise", "Write Noise(domestic=0.1) or the like.")
    if method not in get_args(Method):
        raise _bad(spec, "method", method, " or ".join(get_args(Method)), "Choose one of them.")
    if not 0 < level < 1:
        raise _bad(spec, "level", level, "a number between 0 and 1", "Use 0.95 or the like.")
    for name, value in (("seed", seed), ("workers", workers), ("draws", draws)):
        if not isinstance(value, int) or isinstance(value, bool) or value < (name != "seed"):
            raise _bad(spec, name, value, f"an integer from {int(name != 'seed')}", "Give one.")
    fewest = max(2, ceil(round(2 / (1 - level), 6)) - 1)
    if method == "monte_carlo" and draws < fewest:
        raise _bad(spec, "draws", draws, f"at least {fewest} for a level of {level:g}",
                   "Draw more, or lower the level.")  # fmt: skip


def _bad(spec: MeasureSpec, name: str, found: object, expected: str, remedy: str) -> UsageError:
    return UsageError(
        f"interval of {spec.name}, {name}", found=repr(found), expected=expected, remedy=remedy
    )
