"""Coupling co-ordination and grey relation of systems in a panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from servio.algebra._check import numbers
from servio.algebra.indices import (
    coupling_degree,
    entropy_weights,
    grey_relation_grades,
    range_normalised,
)
from servio.errors import InputError, UsageError, ValueFault

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CoordinationPanel",
    "GreyPanel",
    "Normalisation",
    "compare_coordination",
    "coordination_class",
    "coupling_coordination",
    "grey_relation",
]

Array = npt.NDArray[np.float64]

CLASSES = (
    "extreme disorder", "severe disorder", "moderate disorder", "mild disorder", "near disorder",
    "bare coordination", "primary coordination", "intermediate coordination",
    "good coordination", "quality coordination",
)  # fmt: skip
SCALES = ("range", "mean", "initial", "none")


@dataclass(frozen=True)
class Normalisation:
    """The sample on which indicators were brought to 0 to 1, and the weights it gave.

    Parameters
    ----------
    indicators : tuple of str
    direction : tuple of int
        1 where more is better, -1 where less is.
    low, high : tuple of float
        Ends of the range; the same number where an indicator is constant (undefined).
    epsilon : float
    weights : tuple of float
        Of each indicator within its system; nan where undefined.
    sample : str
        Rows, entities and times of the sample.
    """

    indicators: tuple[str, ...]
    direction: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    epsilon: float
    weights: tuple[float, ...]
    sample: str


@dataclass(frozen=True, eq=False)
class CoordinationPanel:
    """Coupling co-ordination by entity and time.

    Parameters
    ----------
    frame : DataFrame
        Entity, time, a column a system (U), ``coupling``, ``level``, ``coordination``, ``class``.
    undefined : DataFrame
        Entity, time and ``reason`` of rows without a degree.
    entity, time : str or None
        Columns; None where the data have no such column.
    systems : mapping of str to tuple of str
        Indicators of each system.
    variant : str
    system_weights : tuple of float
    normalisation : Normalisation
    notes : tuple of str
        Indicators left out, and why.
    """

    frame: pd.DataFrame
    undefined: pd.DataFrame
    entity: str | None
    time: str | None
    systems: Mapping[str, tuple[str, ...]]
    variant: str
    system_weights: tuple[float, ...]
    normalisation: Normalisation
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class GreyPanel:
    """Grey relational grades by entity.

    Parameters
    ----------
    frame : DataFrame
        Entity, ``series``, ``grade``, ``rank`` (1 is nearest), n; undefined grades are NaN.
    undefined : DataFrame
        Entity, ``series`` and ``reason``.
    reference : str
    scale : str
        How series were normalised.
    rho : float
    """

    frame: pd.DataFrame
    undefined: pd.DataFrame
    reference: str
    scale: str
    rho: float


def coordination_class(degree: npt.ArrayLike) -> list[str]:
    """Ten classes in use for D, by tenths, from extreme disorder to quality coordination.

    A number on a limit belongs to the class above; nan has no class (empty).

    Parameters
    ----------
    degree : array (k,)
        D, from 0 to 1.

    Returns
    -------
    list of str

    Raises
    ------
    ValueFault
        A degree outside 0 to 1.

    Notes
    -----
    The limits are a convention without a theory behind it.

    Examples
    --------
    >>> coordination_class([0.05, 0.5, 1.0, float("nan")])
    ['extreme disorder', 'bare coordination', 'quality coordination', '']
    """
    D = np.asarray(degree, dtype=np.float64)
    if ((D < 0) | (D > 1 + 1e-12)).any():
        raise ValueFault("coordination class", found=f"{np.nanmin(D):g} to {np.nanmax(D):g}",
                         expected="degrees from 0 to 1",
                         remedy="Compute them with coupling_coordination.")  # fmt: skip
    tenth = np.minimum(np.floor(np.nan_to_num(D) * 10 + 1e-9).astype(int), 9)
    return ["" if np.isnan(d) else CLASSES[k] for d, k in zip(D, tenth, strict=True)]


def coupling_coordination(
    data: pd.DataFrame,
    systems: Mapping[str, str | Sequence[str]],
    *,
    entity: str | None = "country",
    time: str | None = "year",
    normalised: bool = False,
    less_is_better: Sequence[str] = (),
    weights: str | Mapping[str, float] = "entropy",
    system_weights: Mapping[str, float] | None = None,
    variant: str | Callable[[Array], Array] = "standard",
    epsilon: float = 0.0,
    normalisation: Normalisation | None = None,
) -> CoordinationPanel:
    """Coupling co-ordination degree of systems, such as manufacturing and services.

    Do both develop together, and on a high level? Indicators are brought to 0 to 1 over all
    entities and times at once, weighted to one level U a system, and joined: ``D = sqrt(C T)``,
    see `servio.algebra.indices.coupling_degree` for C and its variants, and for levels U that are
    at hand as arrays.

    Parameters
    ----------
    data : DataFrame
        One row an entity and time.
    systems : mapping of str to (sequence of) str
        Columns that measure each system.
    entity, time : str or None
        Columns; None where there is one entity, or one time, and no column for it.
    normalised : bool
        Columns lie within 0 to 1 already, 1 best, such as levels U of a published table: they are
        taken as they are.
    less_is_better : sequence of str
        Indicators that count downwards.
    weights : 'entropy', 'equal' or mapping of str to float
        Of indicators within their system; given ones are divided by their sum.
    system_weights : mapping of str to float, optional
        Of systems in T, adding up to 1; equal when absent.
    variant : str or callable
        ``standard``, ``wang`` or ``fan``; known misuses are refused.
    epsilon : float
        Indicators run from epsilon to 1 - epsilon, so that the worst is not 0.
    normalisation : Normalisation, optional
        Of another result, so that both can be compared: its ranges and weights are used.

    Returns
    -------
    CoordinationPanel

    Raises
    ------
    UsageError
        A column is missing or used twice, or a variant or option is unknown.
    InputError
        An entity has two rows of one time, or nothing is left.
    ValueFault
        A value lies outside the ranges of the `normalisation` given, or outside 0 to 1 though
        `normalised`; or is infinite or no number.

    Notes
    -----
    Identity: adding a constant to an indicator, or multiplying it by a positive number, changes
    nothing. D depends on the sample: an entity's D moves when others enter. Rows with a missing
    indicator, and those whose systems are all 0, have no degree and are listed; a constant
    indicator has no range, is left out of its system and noted.

    References
    ----------
    Wang, Kong, Ren and Zhi (2021), J. of Natural Resources 36:793-810, for the misuses that are
    refused (not re-read).

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({
    ...     "country": ["A", "A", "B", "B"], "year": [2000, 2001] * 2,
    ...     "manufacturing": [1.0, 3.0, 2.0, 5.0], "services": [10.0, 30.0, 10.0, 50.0]})
    >>> found = coupling_coordination(
    ...     data, {"manufacturing": "manufacturing", "services": "services"}, epsilon=0.01)
    >>> found.frame["coordination"].round(3).tolist()
    [0.1, 0.707, 0.225, 0.995]
    >>> found.frame["class"].iloc[-1]
    'quality coordination'

    Levels as published, of one region over the years, weighted 0.6 to 0.4:

    >>> levels = pd.DataFrame({"year": [2000, 2001], "m": [0.8, 0.5], "s": [0.2, 0.5]})
    >>> found = coupling_coordination(levels, {"m": "m", "s": "s"}, entity=None, normalised=True,
    ...                               system_weights={"m": 0.6, "s": 0.4})
    >>> found.frame[["coupling", "level", "coordination"]].round(4).to_numpy().tolist()
    [[0.8, 0.56, 0.6693], [1.0, 0.5, 0.7071]]
    """
    import pandas as pd

    columns = {
        name: (given,) if isinstance(given, str) else tuple(given)
        for name, given in systems.items()
    }
    indicators = tuple(one for given in columns.values() for one in given)
    keys = [one for one in (entity, time) if one is not None]
    rows = _rows("coupling_coordination", data, keys, indicators)
    if len(columns) < 2 or not all(columns.values()) or len(set(indicators)) != len(indicators):
        raise UsageError("coupling_coordination, systems", found=str(dict(columns)),
                         expected="two systems or more, each with indicators of its own",
                         remedy="Name the columns of each system once.")  # fmt: skip
    stray = [one for one in less_is_better if one not in indicators]
    if stray:
        raise UsageError("coupling_coordination, less_is_better", found=stray[0],
                         expected=", ".join(indicators), remedy="Name indicators.")  # fmt: skip
    if normalised and (less_is_better or epsilon or normalisation):
        raise UsageError("coupling_coordination, normalised",
                         found="less_is_better, epsilon or normalisation beside it",
                         expected="columns that are used as they are",
                         remedy="Leave normalised out, or the others.")  # fmt: skip
    for name in indicators if normalised else ():
        values = rows[name].to_numpy(dtype=np.float64)
        for i in np.flatnonzero((values < 0) | (values > 1)):
            raise ValueFault(_cell("coupling_coordination", rows, keys, int(i), name),
                             found=f"{values[i]:g}", expected="levels from 0 to 1, as normalised",
                             remedy="Leave normalised out: they are brought there.")  # fmt: skip
    missing = rows[[*indicators]].isna()
    whole = rows[~missing.any(axis=1)]
    if whole.empty:
        raise InputError("coupling_coordination", found="no complete row",
                         expected="rows with all indicators",
                         remedy="Leave out indicators that are missing.")  # fmt: skip
    x = whole[[*indicators]].to_numpy(dtype=np.float64)
    direction = tuple(-1 if one in less_is_better else 1 for one in indicators)
    ends = (np.zeros(x.shape[1]), np.ones(x.shape[1])) if normalised else None
    used = normalisation or _normalisation(x, columns, direction, weights, epsilon, ends,
                                           _sample(whole, entity, time))  # fmt: skip
    if used.indicators != indicators or used.direction != direction:
        raise UsageError("coupling_coordination, normalisation",
                         found=f"ranges of {', '.join(used.indicators)}",
                         expected=", ".join(indicators),
                         remedy="Use the same indicators and directions.")  # fmt: skip
    U, notes = _levels(x, columns, used)
    names = list(columns)
    a = None if system_weights is None else _of(system_weights, names, "system_weights")
    found = coupling_degree(U, a, variant)
    frame = whole[keys].assign(
        **{name: U[:, k] for k, name in enumerate(names)},
        coupling=found.coupling, level=found.level, coordination=found.coordination,
    )  # fmt: skip
    frame["class"] = coordination_class(found.coordination)
    lost = rows.loc[missing.any(axis=1), keys].assign(
        reason=[f"{', '.join(missing.columns[row])} missing"
                for row in missing[missing.any(axis=1)].to_numpy()]
    )  # fmt: skip
    zero = frame.loc[frame["coordination"].isna(), keys].assign(
        reason="all systems are 0: C is 0/0"
    )
    return CoordinationPanel(
        frame.reset_index(drop=True), pd.concat([lost, zero], ignore_index=True), entity, time,
        columns, variant if isinstance(variant, str) else getattr(variant, "__name__", "function"),
        tuple([1 / len(names)] * len(names) if a is None else a.tolist()), used, notes,
    )  # fmt: skip


def compare_coordination(first: CoordinationPanel, second: CoordinationPanel) -> pd.DataFrame:
    """Change of D between two results of the same ruler.

    Parameters
    ----------
    first, second : CoordinationPanel

    Returns
    -------
    DataFrame
        Entity, time, ``first``, ``second``, ``change``, for rows in both.

    Raises
    ------
    UsageError
        Variants, weights or normalisation differ: D of samples normalised apart, or by another
        formula, are numbers on different rulers.

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"country": ["A", "B", "C"], "year": 2000,
    ...                      "m": [1.0, 2.0, 4.0], "s": [1.0, 3.0, 5.0]})
    >>> whole = coupling_coordination(data, {"m": "m", "s": "s"})
    >>> part = coupling_coordination(data.iloc[:2], {"m": "m", "s": "s"})
    >>> compare_coordination(whole, part)
    Traceback (most recent call last):
    ...
    servio.errors.UsageError: ...
    """
    for what, one, other in (
        ("variant", first.variant, second.variant),
        ("system weights", first.system_weights, second.system_weights),
        ("systems", dict(first.systems), dict(second.systems)),
        ("keys", (first.entity, first.time), (second.entity, second.time)),
    ):
        if one != other:
            raise UsageError(f"coordination, {what}", found=f"{one} and {other}",
                             expected="the same in both",
                             remedy="Compute both in the same way.")  # fmt: skip
    if not _same_ruler(first.normalisation, second.normalisation):
        raise UsageError(
            "coordination, normalisation",
            found=f"samples normalised apart ({first.normalisation.sample}; "
            f"{second.normalisation.sample})",
            expected="one normalisation",
            remedy="Give the second normalisation=first.normalisation.",
        )
    keys = [one for one in (first.entity, first.time) if one is not None]
    sides = [
        one.frame[[*keys, "coordination"]].rename(columns={"coordination": name})
        for one, name in ((first, "first"), (second, "second"))
    ]
    joined = sides[0].merge(sides[1], on=keys, validate="one_to_one")
    return joined.assign(change=joined["second"] - joined["first"])


def grey_relation(
    data: pd.DataFrame,
    reference: str,
    series: Sequence[str],
    *,
    entity: str | None = "country",
    time: str | None = "year",
    scale: str = "range",
    rho: float = 0.5,
) -> GreyPanel:
    """Grey relational grades of series with a reference, for each entity over its times.

    Which services move most like manufacturing does?

    Parameters
    ----------
    data : DataFrame
        One row an entity and time.
    reference : str
        Column.
    series : sequence of str
        Columns.
    entity, time : str or None
        Columns; None where there is one entity and no column for it, or where points are no times
        and stand in their order.
    scale : {'range', 'mean', 'initial', 'none'}
        Each series over its entity's times: to 0 to 1, divided by its mean, by its first value, or
        as it is (already normalised).
    rho : float
        Above 0, at most 1.

    Returns
    -------
    GreyPanel

    Raises
    ------
    UsageError
        A column is missing, or an option unknown.
    InputError
        An entity has two rows of one time.
    ValueFault
        A value is infinite or no number.

    Notes
    -----
    Identity: with ``range`` a series that is the reference times a positive number plus a constant
    has the highest grade. A series that is constant or has missing values, or a mean or first value
    of 0, has no grade and is listed; without a reference an entity has none at all. Grades tell
    the order within one entity, no strength.

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"country": "A", "year": [1, 2, 3], "m": [0.9, 0.8, 0.7],
    ...                      "trade": [0.9, 0.7, 0.8], "logistics": [0.7, 0.8, 0.9], "it": 1.0})
    >>> found = grey_relation(data, "m", ["trade", "logistics", "it"], scale="none")
    >>> found.frame["grade"].round(4).tolist(), found.undefined["reason"].tolist()
    ([0.6667, 0.5556, nan], ['constant'])
    """
    import pandas as pd

    if scale not in SCALES or not 0 < rho <= 1:
        raise UsageError("grey_relation", found=f"scale {scale!r}, rho {rho:g}",
                         expected=f"{', '.join(SCALES)}; rho above 0, at most 1",
                         remedy="Choose one of them.")  # fmt: skip
    names = (reference, *series)
    keys = [one for one in (entity, time) if one is not None]
    rows = _rows("grey_relation", data, keys, names)
    found, lost = [], []
    for label, part in rows.groupby(entity, sort=False) if entity else [("", rows)]:
        x = part[[*names]].to_numpy(dtype=np.float64).T
        scaled, reasons = _scaled(x, scale)
        if reasons[0]:
            reasons = [reasons[0]] + [f"{reference}: {reasons[0]}"] * len(series)
        good = [k for k in range(1, len(names)) if not reasons[k]]
        grades = np.full(len(names), np.nan)
        if good:
            grades[good] = grey_relation_grades(scaled[0], scaled[good], rho).grades
        ranks = pd.Series(grades[1:]).rank(ascending=False, method="min").to_numpy()
        for k, name in enumerate(series, start=1):
            found.append((label, name, grades[k], ranks[k - 1], len(part)))
            if np.isnan(grades[k]):
                lost.append((label, name, reasons[k]))
    first = entity or "entity"
    frame = pd.DataFrame(found, columns=[first, "series", "grade", "rank", "n"])
    undefined = pd.DataFrame(lost, columns=[first, "series", "reason"])
    if entity is None:
        frame, undefined = (one.drop(columns=first) for one in (frame, undefined))
    return GreyPanel(frame, undefined, reference, scale, rho)


# -- parts -----------------------------------------------------------------------------------------


def _rows(
    place: str, data: pd.DataFrame, keys: Sequence[str], names: Sequence[str]
) -> pd.DataFrame:
    """The rows in the order of their keys, their numbers finite or missing."""
    lacking = [name for name in (*keys, *names) if name not in data.columns]
    if lacking:
        key = lacking[0] in keys
        raise UsageError(place, found=f"no column {lacking[0]!r}",
                         expected=", ".join(map(str, data.columns)),
                         remedy="Name columns of the data" + (", or give entity=None or time=None "
                         "where there is no such column." if key else "."))  # fmt: skip
    if not len(data):
        raise InputError(place, found="no rows", expected="one row an entity and time",
                         remedy="Check the selection before.")  # fmt: skip
    for name in names:
        values = numbers(f"{place}, column {name!r}", data[name])
        for i in np.flatnonzero(np.isinf(values)):
            raise ValueFault(_cell(place, data, keys, int(i), name), found=f"{values[i]:g}",
                             expected="a finite number, or a missing value",
                             remedy="Correct the cell; a ratio with a zero below is missing, "
                             "not infinite.")  # fmt: skip
    if not keys:
        return data
    rows = data.sort_values([*keys])
    twice = rows.duplicated([*keys])
    if twice.any():
        row = rows[twice].iloc[0]
        raise InputError(place, found=f"two rows of {' in '.join(str(row[key]) for key in keys)}",
                         expected="one row an entity and time",
                         remedy="Keep one definition and source.")  # fmt: skip
    return rows


def _cell(place: str, data: pd.DataFrame, keys: Sequence[str], i: int, name: str) -> str:
    """Where a value stands: by the row's keys, or its number where there are none."""
    label = " ".join(str(data[key].iloc[i]) for key in keys) or f"row {i + 1}"
    return f"{place}, {label}, column {name!r}"


def _sample(rows: pd.DataFrame, entity: str | None, time: str | None) -> str:
    parts = [f"{len(rows)} rows"]
    if entity is not None:
        parts.append(f"{rows[entity].nunique()} of {entity}")
    if time is not None:
        parts.append(f"{time} {rows[time].min()} to {rows[time].max()}")
    return ", ".join(parts)


def _normalisation(
    x: Array,
    systems: Mapping[str, tuple[str, ...]],
    direction: tuple[int, ...],
    weights: str | Mapping[str, float],
    epsilon: float,
    ends: tuple[Array, Array] | None,
    sample: str,
) -> Normalisation:
    """Ranges of the sample or given ones, and weights that add up to 1 within each system."""
    low, high = ends or (x.min(axis=0), x.max(axis=0))
    z = range_normalised(x, direction, low, high, epsilon)
    indicators = tuple(one for given in systems.values() for one in given)
    if isinstance(weights, str):
        if weights not in ("entropy", "equal"):
            raise UsageError("coupling_coordination, weights", found=repr(weights),
                             expected="entropy, equal or numbers by indicator",
                             remedy="Choose one of them.")  # fmt: skip
        raw = np.ones(len(indicators))
    else:
        raw = _of(weights, indicators, "weights")
    found: list[float] = []
    start = 0
    for given in systems.values():
        part = slice(start, start + len(given))
        start += len(given)
        several = len(given) > 1 and weights == "entropy"
        own = entropy_weights(z[:, part]).weights if several else raw[part]
        own = np.where(np.isnan(z[0, part]), np.nan, own)
        found += (own / np.nansum(own)).tolist() if np.nansum(own) > 0 else [np.nan] * len(given)
    return Normalisation(indicators, direction, tuple(low.tolist()), tuple(high.tolist()), epsilon,
                         tuple(found), sample)  # fmt: skip


def _levels(
    x: Array, systems: Mapping[str, tuple[str, ...]], used: Normalisation
) -> tuple[Array, tuple[str, ...]]:
    """Level U of each system (k, n) and notes on indicators that are left out."""
    z = range_normalised(x, used.direction, used.low, used.high, used.epsilon)
    w = np.array(used.weights)
    outside = np.argwhere((z < -1e-12) | (z > 1 + 1e-12))
    if outside.size:
        row, column = outside[0]
        raise ValueFault(
            f"coupling_coordination, {used.indicators[column]}", found=f"{x[row, column]:g}",
            expected=f"the range of the normalisation, {used.low[column]:g} to "
            f"{used.high[column]:g}",
            remedy="Normalise both samples together.",
        )  # fmt: skip
    levels, start, notes = [], 0, []
    for name, given in systems.items():
        part = slice(start, start + len(given))
        start += len(given)
        kept = np.isfinite(w[part])
        if not kept.any():
            raise ValueFault(f"coupling_coordination, system {name}",
                             found="indicators that are all constant",
                             expected="one that differs over the sample",
                             remedy="Leave the system out, or measure it by others.")  # fmt: skip
        notes += [
            f"{one} is constant: left out" for one, k in zip(given, kept, strict=True) if not k
        ]
        levels.append(z[:, part][:, kept] @ w[part][kept])
    return np.clip(np.stack(levels, axis=1), 0.0, 1.0), tuple(notes)


def _of(given: Mapping[str, float], names: Sequence[str], place: str) -> Array:
    if set(given) != set(names) or not all(value > 0 for value in given.values()):
        raise UsageError(f"coupling_coordination, {place}", found=str(dict(given)),
                         expected=f"numbers above 0 for {', '.join(names)}",
                         remedy="Give each one weight.")  # fmt: skip
    return np.array([given[name] for name in names], dtype=np.float64)


def _same_ruler(first: Normalisation, second: Normalisation) -> bool:
    exact = all(
        getattr(first, name) == getattr(second, name)
        for name in ("indicators", "direction", "low", "high", "epsilon")
    )
    return exact and np.array_equal(first.weights, second.weights, equal_nan=True)


def _scaled(x: Array, scale: str) -> tuple[Array, list[str]]:
    """Series (m, k) on their own scale, and why one has none (empty: it has)."""
    reasons, found = [], np.full_like(x, np.nan)
    for k, one in enumerate(x):
        if not np.isfinite(one).all():
            reasons.append("missing values")
        elif np.ptp(one) == 0:
            reasons.append("constant")
        elif scale in ("mean", "initial") and (one.mean() if scale == "mean" else one[0]) == 0:
            reasons.append(f"{'mean' if scale == 'mean' else 'first value'} of 0")
        else:
            low, size = {
                "range": (one.min(), np.ptp(one)), "mean": (0.0, one.mean()),
                "initial": (0.0, one[0]), "none": (0.0, 1.0),
            }[scale]  # fmt: skip
            found[k] = (one - low) / size
            reasons.append("")
    return found, reasons
