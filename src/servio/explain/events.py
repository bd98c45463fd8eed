"""Event studies: an effect by years since the event, where units meet it in different years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from servio.errors import LabelError, NumericalError, UsageError, ValueFault
from servio.explain._design import build_design
from servio.explain._estimate import Estimate
from servio.explain._expression import rows_where, whole_times
from servio.explain._formula import MOST_TERMS, parse_columns
from servio.explain._panel import Panel
from servio.explain.regression import estimate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["event_study"]

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

METHODS = ("saturated", "twfe")
CONTROL = "control"


@dataclass(frozen=True, eq=False)
class _Sample:
    """Rows by cohort and years since the event.

    Parameters
    ----------
    frame : DataFrame
    cohorts : array (n,)
        Time of the event; 0 for controls.
    since : array (n,)
        Time less that of the event.
    dropped : mapping of str to int
    notes : tuple of str
    """

    frame: pd.DataFrame
    cohorts: Whole
    since: Whole
    treated: Mask
    dropped: Mapping[str, int]
    notes: tuple[str, ...]


def event_study(
    data: Panel | pd.DataFrame,
    outcome: str,
    event: str,
    *,
    covariates: str = "",
    method: str = "saturated",
    reference: int = -1,
    panel: str | Sequence[str] | None = None,
    time: str | None = None,
    vcov: str | Mapping[str, Any] | None = None,
    ssc: str = "fixest",
    weights: str | None = None,
    where: str | None = None,
    name: str = "",
) -> Estimate:
    r"""What changes after an event, year by year, and whether it began before the event.

    ``saturated`` estimates an effect for each cohort (units of one event year) and relative year,
    :math:`y_{it} = a_i + l_t + \sum_g \sum_{k \ne ref} \delta_{gk} 1[G_i = g, t - g = k] + e_{it}`,
    and averages them by the cohorts' shares of the rows at that relative year,
    :math:`\nu_k = \sum_g \hat w_{gk} \hat\delta_{gk}` (Sun and Abraham 2021). ``twfe`` has one
    coefficient a relative year: where effects differ between cohorts it mixes in those of other
    years, also before the event; it is there to compare.

    Parameters
    ----------
    data : Panel or DataFrame
    outcome : str
        Column or expression, such as ``log(va)``.
    event : str
        Column with the first time at which the unit is affected, the same in all its rows; 0 or
        infinite: never. A missing value is not never: such rows are left out.
    covariates : str
        Further terms, such as ``ln_k + ln_emp``; what the event changes itself does not belong.
    method : {"saturated", "twfe"}
    reference : int
        Relative time that the others are compared with, before the event.
    panel, time
        Unit and time, where `data` is a DataFrame.
    vcov : optional
        As for `servio.explain.estimate`; by default clustered by unit.
    ssc, weights, where, name
        As for `servio.explain.estimate`.

    Returns
    -------
    Estimate
        A term ``year::k`` for each relative year k but the reference. `statistics` holds ``att``
        and ``att_std_error`` (mean effect over the rows from the event on), ``pretrend_F`` and
        ``pretrend_p`` (that all terms before the reference are zero). Controls are units that
        never meet the event in the data. Without any, those of the last cohort are, and rows from
        its event on are left out. Units with the event at the first time or before are left out.

    Raises
    ------
    UsageError, LabelError
        A method, reference or column that is not there, one cluster.
    ValueFault
        No unit meets the event, or all at once; a unit has two event times; a cohort has no row at
        the reference.

    Notes
    -----
    Identity: without noise the effects are found exactly, however they differ between cohorts and
    years (and ``twfe`` does not find them). Shares are taken as given; their sampling error is
    not in the standard errors. A test that finds no trend before the event is no proof of
    parallel trends (Roth 2022, American Economic Review: Insights 4, 305-322, not re-read).

    References
    ----------
    Sun and Abraham (2021), Journal of Econometrics 225, 175-199.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [{"country": c, "year": t, "opened": g, "y": t + (t - g + 1) * (0 < g <= t)}
    ...         for c, g in (("A", 2003), ("B", 2003), ("C", 0)) for t in range(2000, 2006)]
    >>> found = event_study(pd.DataFrame(rows), "y", "opened", panel="country", time="year")
    >>> dict(zip(found.terms[-3:], found.coefficients[-3:].round(6).tolist()))
    {'year::0': 1.0, 'year::1': 2.0, 'year::2': 3.0}
    """
    if method not in METHODS:
        raise UsageError("event_study, method", found=repr(method), expected=" or ".join(METHODS),
                         remedy="Choose one.")  # fmt: skip
    if reference >= 0:
        raise UsageError("event_study, reference", found=str(reference), expected="below 0",
                         remedy="Compare with -1, the time before the event.")  # fmt: skip
    if isinstance(data, Panel):
        panel, time = panel or data.entity, time or data.time
    entity = [panel] if isinstance(panel, str) else list(panel or ())
    if not entity or time is None:
        raise UsageError("event_study", found="data without unit or time", expected="both",
                         remedy='Give a Panel, or panel="country", time="year".')  # fmt: skip
    unit = ":".join(column for text in entity for column in parse_columns(text, "panel"))
    frame = data.frame if isinstance(data, Panel) else data
    sample = _sample(frame, event, unit.split(":"), time, where)
    cell = _free_name(frame, "cell")
    labels = _labels(sample, method, reference)
    _check_cells(labels)
    others = f" + {covariates}" if covariates else ""
    formula = f'{outcome} ~ i({cell}, ref="{CONTROL}"){others} | {unit} + {time}'
    chosen: dict[str, Any] = {
        "vcov": {"cluster": unit} if vcov is None else vcov,
        "weights": weights, "where": where, "panel": entity, "time": time,
    }  # fmt: skip
    frame = sample.frame.assign(**{cell: labels})
    used = build_design(formula, frame, **chosen)
    _check_reference(sample, used.rows, reference)
    fit = estimate(formula, frame, ssc=ssc, name=name or f"{outcome}, {event}", **chosen)
    mass = np.ones(len(used.rows)) if used.weights is None else used.weights
    found = _by_years(fit, sample, labels, used.rows, mass, cell)
    found = replace(
        found,
        terms=tuple(f"{time}::{term}" for term in found.terms),
        formula=f"{outcome} ~ {time} since {event}{others} | {unit} + {time}",
        method=f"event study, {method}, compared with {reference}",
        dropped={**sample.dropped, **fit.dropped},
        notes=(*sample.notes, *fit.notes),
        synthetic=isinstance(data, Panel) and data.synthetic,
    )
    return _with_pretrend(found, reference)


def _sample(
    frame: pd.DataFrame, event: str, unit: Sequence[str], time: str, where: str | None
) -> _Sample:
    """Cohorts, controls and the rows that can't tell anything, with reasons."""
    for column in (event, time, *unit):
        if column not in frame.columns:
            raise LabelError("event_study", found=repr(column), expected="a column of the data",
                             remedy=f"Columns are {', '.join(map(str, frame.columns))}.",
                             )  # fmt: skip
    dropped: dict[str, int] = {}
    missing = frame[event].isna().to_numpy()
    if missing.any():
        dropped[f"{event} is missing"] = int(missing.sum())
        frame = frame[~missing]
    if not len(frame):
        raise ValueFault("event_study", found=f"no row with a value of {event}",
                         expected=f"rows with {event}; 0 for never",
                         remedy="See the event column.")  # fmt: skip
    times = whole_times(frame[time], f"event_study, {time}")
    events = _events(frame, event, unit, times)
    chosen = np.ones(len(frame), dtype=bool)
    if where:
        chosen = rows_where(where, frame, entity=unit, time=time)[0]
        if not chosen.any():
            raise ValueFault("event_study", found=f"no row where {where}", expected="rows",
                             remedy="See the condition.")  # fmt: skip
    first, last = int(times[chosen].min()), int(times[chosen].max())
    always = np.isfinite(events) & (events <= first)
    treated = np.isfinite(events) & ~always & (events <= last)
    notes, gone = [], [(always, f"event at the first {time} or before")]
    later = np.isfinite(events) & (events > last) & chosen
    if later.any():
        notes.append(f"{int(later.sum())} rows of units with the event after {last}: controls")
    if not (treated & chosen).any():
        raise ValueFault("event_study", found=f"no unit with {event} after {first} up to {last}",
                         expected="units that meet the event",
                         remedy="See the event column.")  # fmt: skip
    if not (~np.isfinite(events) & chosen).any() and not later.any():
        cohort = int(events[treated & chosen].max())
        if int(events[treated & chosen].min()) == cohort:
            raise ValueFault("event_study", found=f"all units meet the event in {cohort}",
                             expected="units that never do, or do later",
                             remedy="Add units that are not affected.")  # fmt: skip
        notes.append(f"no unit without the event: those of {cohort}, the last, are the controls")
        gone.append((times >= cohort, f"from {cohort} on all units have met the event"))
        treated &= events != cohort
    keep = np.ones(len(frame), dtype=bool)
    for rows, reason in gone:
        if (rows & keep).any():
            dropped[reason] = int((rows & keep).sum())
            keep &= ~rows
    whole = np.where(treated, events, 0).astype(np.int64)
    return _Sample(frame[keep], whole[keep], (times - whole)[keep], treated[keep], dropped,
                   tuple(notes))  # fmt: skip


def _events(frame: pd.DataFrame, event: str, unit: Sequence[str], times: Whole) -> Array:
    """Event times, infinite for never."""
    from pandas.api.types import is_numeric_dtype

    if not is_numeric_dtype(frame[event].dtype):
        raise UsageError("event_study, event", found=f"{event}, a column of text",
                         expected="times; 0 for never",
                         remedy="Make a column of numbers.")  # fmt: skip
    values = frame[event].to_numpy(dtype=np.float64)
    if (values == 0).any() and times.min() <= 0:
        raise UsageError("event_study, event", found=f"{event} of 0 with times of 0 or less",
                         expected="an infinite value for never",
                         remedy="0 could be a time: write infinite instead.")  # fmt: skip
    values = np.where(values == 0, np.inf, values)
    finite = values[np.isfinite(values)]
    if (finite != np.rint(finite)).any() or (values == -np.inf).any():
        raise ValueFault("event_study, event", found=f"a value of {event} that is no whole number",
                         expected="times such as 2005, 0 for never",
                         remedy="Correct the column.")  # fmt: skip
    by = frame.assign(event=values).groupby(list(unit), sort=True, observed=True)["event"]
    counts = by.nunique()
    if (counts > 1).any():
        first = counts.index[counts > 1][0]
        label = ":".join(map(str, first)) if isinstance(first, tuple) else str(first)
        raise ValueFault("event_study, event", found=f"two values of {event} for {label}",
                         expected="one event time a unit",
                         remedy="Give the first time in all rows.")  # fmt: skip
    return values


def _free_name(frame: pd.DataFrame, name: str) -> str:
    while name in frame.columns:
        name += "_"
    return name


def _labels(sample: _Sample, method: str, reference: int) -> npt.NDArray[np.object_]:
    cohorts = sample.cohorts if method == "saturated" else np.zeros_like(sample.cohorts)
    texts = [
        f"{g}@{k}" if told and k != reference else CONTROL
        for g, k, told in zip(cohorts, sample.since, sample.treated, strict=True)
    ]
    return np.array(texts, dtype=object)


def _check_cells(labels: npt.NDArray[np.object_]) -> None:
    count = len(set(labels.tolist()) - {CONTROL})
    if count > MOST_TERMS:
        raise UsageError("event_study", found=f"{count:,} cohorts by times since the event",
                         expected=f"at most {MOST_TERMS}: each is a term",
                         remedy="Choose fewer times with where, or coarser ones.")  # fmt: skip


def _check_reference(sample: _Sample, rows: npt.NDArray[np.intp], reference: int) -> None:
    cohorts, since = sample.cohorts[rows], sample.since[rows]
    for cohort in np.unique(cohorts[sample.treated[rows]]):
        if not (since[cohorts == cohort] == reference).any():
            raise ValueFault(
                f"event_study, event {cohort}",
                found=f"no row at {cohort + reference}, the reference {reference}",
                expected="a row to compare with",
                remedy="Choose another reference, or leave the cohort out with where.",
            )


def _by_years(
    fit: Estimate, sample: _Sample, labels: npt.NDArray[np.object_],
    rows: npt.NDArray[np.intp], mass: Array, cell: str,
) -> Estimate:  # fmt: skip
    """Cells averaged by relative time, and over all times from the event on."""
    labels = labels[rows]
    years = [int(k) for k in np.unique(sample.since[rows][labels != CONTROL])]
    weights = np.zeros((len(years), len(fit.terms)))
    for j, term in enumerate(fit.terms):
        prefix, _, label = term.partition("::")
        if prefix == cell:
            k = int(label.rpartition("@")[2])
            weights[years.index(k), j] = mass[labels == label].sum()
    total = weights.sum(axis=1)
    after = np.array(years) >= 0
    statistics = dict(fit.statistics)
    if after.any():
        mean = weights[after].sum(axis=0) / total[after].sum()
        statistics["att"] = float(mean @ fit.coefficients)
        statistics["att_std_error"] = float(np.sqrt(mean @ fit.covariance @ mean))
    R = weights / total[:, None]
    return replace(
        fit,
        terms=tuple(map(str, years)),
        coefficients=R @ fit.coefficients,
        covariance=R @ fit.covariance @ R.T,
        statistics=statistics,
    )


def _with_pretrend(found: Estimate, reference: int) -> Estimate:
    leads = [term for term in found.terms if int(term.rpartition("::")[2]) < reference]
    if not leads:
        note = "no time before the reference: no test of trends before the event"
        return replace(found, notes=(*found.notes, note))
    try:
        test = found.joint(leads)
    except NumericalError as error:
        note = f"no test of trends before the event: {error.found}, {len(leads)} terms"
        return replace(found, notes=(*found.notes, note))
    tested = {"pretrend_F": test.statistic, "pretrend_p": test.p_value}
    return replace(found, statistics={**found.statistics, **tested})
