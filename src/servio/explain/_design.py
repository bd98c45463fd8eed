"""From a formula and data to arrays: the rows used, why others are not, and the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from servio.errors import LabelError, NumericalError, UsageError, ValueFault
from servio.explain._expression import (
    absent_levels,
    evaluate_rows,
    is_number,
    kind_of,
    rows_where,
    whole_times,
)
from servio.explain._extra import need_econ
from servio.explain._formula import (
    MOST_TERMS,
    Factor,
    Formula,
    Levels,
    Term,
    parse_columns,
    parse_formula,
)
from servio.explain._panel import Panel

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "INTERCEPT",
    "Design",
    "Swept",
    "Vcov",
    "build_design",
    "level_text",
    "read_vcov",
    "sweep",
]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

INTERCEPT = "(Intercept)"
SWEEP_TOLERANCE = 1e-14
SWEEP_ROUNDS = 10_000
LEFT_OVER = 1e-10
"""Largest mean of a level, for columns of unit length, after fixed effects are swept out."""


@dataclass(frozen=True)
class Vcov:
    """Kind of covariance.

    Parameters
    ----------
    kind : str
        ``iid``, ``hetero``, ``HC3``, ``cluster``, ``driscoll_kraay`` or ``newey_west``.
    clusters : tuple of tuple of str
        Columns that, combined, name a cluster.
    lags : int
    """

    kind: str
    clusters: tuple[tuple[str, ...], ...] = ()
    lags: int = 0


@dataclass(frozen=True, eq=False)
class Design:
    """Arrays of the rows used, in the order of the data.

    Parameters
    ----------
    formula : Formula
    vcov : Vcov
    outcome : array (n,)
    regressors : array (n, k)
        With the intercept, where there is one, first.
    names : tuple of str
    endogenous, endogenous_names : array (n, e), tuple of str
    instruments, instrument_names : array (n, m), tuple of str
    effects, clusters : mapping of str to array (n,)
        Codes 0, 1, .. of the levels of each.
    entities, times : array (n,) or None
        Codes of entities and whole times, where the covariance or the description needs them.
    weights : array (n,) or None
    rows : array (n,)
        Positions of the rows in the data.
    dropped : mapping of str to int
        Reason to number of rows; with n they sum to the rows of the data.
    notes : tuple of str
    """

    formula: Formula
    vcov: Vcov
    outcome: Array
    regressors: Array
    names: tuple[str, ...]
    endogenous: Array
    endogenous_names: tuple[str, ...]
    instruments: Array
    instrument_names: tuple[str, ...]
    effects: Mapping[str, Codes]
    clusters: Mapping[str, Codes]
    entities: Codes | None
    times: npt.NDArray[np.int64] | None
    weights: Array | None
    rows: Codes
    dropped: Mapping[str, int]
    notes: tuple[str, ...]

    @property
    def levels(self) -> dict[str, int]:
        """Number of levels of each fixed effect and cluster."""
        return {
            name: int(codes.max()) + 1 for name, codes in {**self.effects, **self.clusters}.items()
        }


@dataclass(frozen=True, eq=False)
class Swept:
    """The arrays of a design without fixed effects, times the root of the weights.

    Parameters
    ----------
    outcome : array (n,)
    regressors, endogenous, instruments : arrays (n, k), (n, e), (n, m)
    kept : array (1 + k + e + m,)
        Share of the length of each column that the fixed effects leave; 1 without any.
    """

    outcome: Array
    regressors: Array
    endogenous: Array
    instruments: Array
    kept: Array


def read_vcov(vcov: str | Mapping[str, Any], place: str = "vcov") -> Vcov:
    """The kind of covariance a user names.

    Examples
    --------
    >>> read_vcov({"cluster": ["country:industry", "year"]}).clusters
    (('country', 'industry'), ('year',))
    """
    if isinstance(vcov, str) and vcov in ("iid", "hetero", "HC3"):
        return Vcov(vcov)
    if isinstance(vcov, Mapping) and len(vcov) == 1:
        ((kind, value),) = vcov.items()
        texts = [value] if isinstance(value, str) else value
        if (
            kind == "cluster"
            and isinstance(texts, Sequence)
            and len(texts) in (1, 2)
            and all(isinstance(text, str) for text in texts)
        ):
            clusters = tuple(parse_columns(text, f"{place}, cluster") for text in texts)
            if len(set(clusters)) == len(clusters):
                return Vcov("cluster", clusters)
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if kind in ("driscoll_kraay", "newey_west") and whole and value >= 0:
            return Vcov(str(kind), lags=int(value))
    raise UsageError(
        place,
        found=repr(vcov),
        expected='"iid", "hetero", "HC3", {"cluster": one or two columns}, '
        '{"driscoll_kraay": lags} or {"newey_west": lags}',
        remedy="Choose one of them.",
    )


def build_design(
    formula: str,
    data: Panel | pd.DataFrame,
    *,
    vcov: str | Mapping[str, Any] = "hetero",
    weights: str | None = None,
    where: str | None = None,
    panel: str | Sequence[str] | None = None,
    time: str | None = None,
) -> Design:
    """Arrays for a formula, as `servio.explain.estimate` describes its parameters.

    Columns are computed from all rows of the data, then rows are chosen: a lag may reach a row
    that `where` leaves out.
    """
    return _Builder(
        parse_formula(formula), data, read_vcov(vcov), weights, where, panel, time
    ).run()


class _Builder:
    """Gathers columns and reasons; nothing is dropped without one."""

    def __init__(
        self,
        formula: Formula,
        data: Panel | pd.DataFrame,
        vcov: Vcov,
        weights: str | None,
        where: str | None,
        panel: str | Sequence[str] | None,
        time: str | None,
    ) -> None:
        import pandas as pd

        frame = data.frame if isinstance(data, Panel) else data
        if not isinstance(frame, pd.DataFrame):
            raise UsageError("estimate, data", found=type(data).__name__,
                             expected="a Panel or a DataFrame", remedy="Give one.")  # fmt: skip
        if not frame.columns.is_unique:
            twice = frame.columns[frame.columns.duplicated()][0]
            raise LabelError("estimate, data", found=f"two columns {twice}",
                             expected="each name once", remedy="Rename one.")  # fmt: skip
        if isinstance(data, Panel):
            panel, time = panel or data.entity, time or data.time
        entity = (panel,) if isinstance(panel, str) else tuple(panel or ())
        self.entity = tuple(name for text in entity for name in parse_columns(text, "panel"))
        self.formula, self.frame, self.vcov = formula, frame, vcov
        self.weights, self.where, self.time = weights, where, time
        self.place = f"formula {formula.text!r}"
        self.keep = np.ones(len(frame), dtype=bool)
        self.dropped: dict[str, int] = {}
        self.notes: list[str] = []
        self.values: dict[str, Array] = {}

    def run(self) -> Design:
        """Choose rows, then build the columns on them."""
        if self.where:
            self._choose(self.where)
        self._compute(self.formula.outcome)
        parts = (self.formula.terms, self.formula.endogenous, self.formula.instruments)
        for term in (term for part in parts for term in part):
            self._compute_term(term)
        weights = self._weights()
        effects = {":".join(names): names for names in self.formula.effects}
        clusters = {":".join(names): names for names in self.vcov.clusters}
        for names in (effects | clusters).values():
            self._present(names)
        timed = self._timed()
        self._some_rows()
        self._check_keys()
        self._drop_singletons(effects)
        rows = np.flatnonzero(self.keep)
        blocks = [self._block(part, rows) for part in parts]
        if self.formula.intercept:
            blocks[0] = (
                (INTERCEPT, *blocks[0][0]),
                np.column_stack([np.ones(len(rows)), blocks[0][1]]),
            )
        return Design(
            formula=self.formula,
            vcov=self.vcov,
            outcome=self.values[self.formula.outcome.expression][rows],
            regressors=blocks[0][1],
            names=blocks[0][0],
            endogenous=blocks[1][1],
            endogenous_names=blocks[1][0],
            instruments=blocks[2][1],
            instrument_names=blocks[2][0],
            effects={name: self._codes(names, rows) for name, names in effects.items()},
            clusters={name: self._codes(names, rows) for name, names in clusters.items()},
            entities=self._codes(self.entity, rows) if self.entity else None,
            times=self._times(rows) if timed else None,
            weights=None if weights is None else weights[rows],
            rows=rows,
            dropped=self.dropped,
            notes=tuple(self.notes),
        )

    def _drop(self, bad: npt.NDArray[np.bool_], reason: str) -> None:
        count = int((bad & self.keep).sum())
        if count:
            self.dropped[reason] = self.dropped.get(reason, 0) + count
            self.keep &= ~bad

    def _drop_reasons(self, reasons: npt.NDArray[np.object_], prefix: str) -> None:
        for reason in dict.fromkeys(reasons[self.keep].tolist()):
            if reason:
                self._drop(reasons == reason, prefix + reason)

    def _check_keys(self) -> None:
        """An entity has each time once: twice, spreads and lags would mean something else."""
        if not self.entity or self.time is None:
            return
        keys = list(dict.fromkeys([*self.entity, self.time]))
        used = self.frame.loc[self.keep, keys]
        twice = used.duplicated().to_numpy()
        if twice.any():
            row = used[twice].iloc[0]
            label = ", ".join(f"{name} {level_text(row[name])}" for name in keys)
            raise LabelError(
                f"{self.place}, panel and time", found=f"{label} twice",
                expected="one row an entity and time",
                remedy="Name all columns of the entity (panel=), or choose rows with where.",
            )  # fmt: skip

    def _choose(self, where: str) -> None:
        chosen, reasons = rows_where(where, self.frame, entity=self.entity, time=self.time)
        self._drop_reasons(reasons, f"where {where}: ")
        self._drop(~chosen, f"not where {where}")
        self.notes += [f"where: {words}" for words in absent_levels(where, self.frame)]

    def _evaluate(self, expression: str, name: str) -> Array:
        if expression not in self.values:
            self._numeric(expression)
            found = evaluate_rows(expression, self.frame, entity=self.entity, time=self.time)
            self.values[expression] = found.values.to_numpy(dtype=np.float64)
            self._drop_reasons(found.reasons, "" if expression.isidentifier() else f"{name}: ")
        return self.values[expression]

    def _numeric(self, expression: str) -> None:
        """A column of text is not a number: `i()` makes indicators of it."""
        if expression in self.frame.columns and not is_number(self.frame[expression]):
            kind = kind_of(self.frame[expression])
            raise UsageError(self.place, found=f"{expression}, a column of {kind}, as a number",
                             expected="a column of numbers",
                             remedy=f"Write i({expression}) for indicators, "
                             "or make a column of numbers.")  # fmt: skip

    def _compute(self, factor: Factor) -> None:
        self._evaluate(factor.expression, factor.name)

    def _compute_term(self, term: Term) -> None:
        for factor in term.factors:
            if isinstance(factor, Factor):
                self._compute(factor)
            else:
                self._present(factor.columns)
                if factor.by:
                    self._compute(factor.by)

    def _present(self, names: tuple[str, ...]) -> None:
        for name in names:
            if name not in self.frame.columns:
                raise LabelError(self.place, found=repr(name), expected="a column of the data",
                                 remedy=f"Columns are {', '.join(map(str, self.frame.columns))}.",
                                 )  # fmt: skip
            self._drop(self.frame[name].isna().to_numpy(), f"{name} is missing")

    def _weights(self) -> Array | None:
        if self.weights is None:
            return None
        weights = self._evaluate(self.weights, self.weights)
        bad = self.keep & ~(weights > 0)
        if bad.any():
            raise ValueFault(
                f"estimate, weights {self.weights}",
                found=f"{int(bad.sum())} weights of zero or less, the first {weights[bad][0]:g}",
                expected="weights above zero",
                remedy=f"Leave the rows out: where='{self.weights} > 0'.",
            )
        return weights

    def _timed(self) -> bool:
        if self.time is not None:
            self._present((self.time,))
        needed = self.vcov.kind in ("driscoll_kraay", "newey_west")
        if needed and self.time is None:
            raise UsageError(f"vcov {self.vcov.kind}", found="data without time",
                             expected="the column of time",
                             remedy='Give a Panel, or time="year".')  # fmt: skip
        self._present(self.entity)
        return needed

    def _times(self, rows: Codes) -> npt.NDArray[np.int64]:
        return whole_times(self.frame[self.time].iloc[rows], f"vcov {self.vcov.kind}, {self.time}")

    def _some_rows(self) -> None:
        if not self.keep.any():
            reasons = "; ".join(f"{count} {reason}" for reason, count in self.dropped.items())
            raise ValueFault(self.place, found=f"no row to use ({reasons or 'no data'})",
                             expected="rows with every value",
                             remedy="See which column or condition leaves none.")  # fmt: skip

    def _drop_singletons(self, effects: Mapping[str, tuple[str, ...]]) -> None:
        """A row alone in a level fits itself and says nothing about slopes (Correia 2015)."""
        before = -1
        while effects and before != int(self.keep.sum()):
            before = int(self.keep.sum())
            for name, names in effects.items():
                rows = np.flatnonzero(self.keep)
                codes = self._codes(names, rows)
                alone = np.zeros(len(self.keep), dtype=bool)
                alone[rows] = np.bincount(codes)[codes] == 1
                self._drop(alone, f"singleton: the only row of its {name}")
                self._some_rows()

    def _codes(self, names: tuple[str, ...], rows: Codes) -> Codes:
        chosen = self.frame.iloc[rows]
        groups = chosen.groupby(list(names), sort=True, dropna=False, observed=True)
        codes: Codes = groups.ngroup().to_numpy(dtype=np.intp)
        return codes

    def _block(self, terms: Sequence[Term], rows: Codes) -> tuple[tuple[str, ...], Array]:
        names: list[str] = []
        columns: list[Array] = []
        for term in terms:
            block = {"": np.ones(len(rows))}
            for factor in term.factors:
                block = {
                    f"{left}:{right}" if left else right: a * b
                    for left, a in block.items()
                    for right, b in self._columns(factor, rows).items()
                }
            names += block
            columns += block.values()
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise UsageError(self.place, found=f"{twice} twice", expected="each term once",
                             remedy="Leave one out.")  # fmt: skip
        return tuple(names), np.column_stack(columns) if columns else np.empty((len(rows), 0))

    def _columns(self, factor: Factor | Levels, rows: Codes) -> dict[str, Array]:
        if isinstance(factor, Factor):
            return {factor.name: self.values[factor.expression][rows]}
        codes = self._codes(factor.columns, rows)
        first = np.unique(codes, return_index=True)[1]
        if len(first) > MOST_TERMS:
            self._too_many_levels(factor, len(first))
        chosen = self.frame.iloc[rows[first]]
        levels = [
            ":".join(level_text(chosen[name].iloc[place]) for name in factor.columns)
            for place in range(len(first))
        ]
        by = self.values[factor.by.expression][rows] if factor.by else np.ones(len(rows))
        suffix = f":{factor.by.name}" if factor.by else ""
        label = ":".join(factor.columns)
        return {
            f"{label}::{level}{suffix}": (codes == place) * by
            for place, level in enumerate(levels)
            if level != self._reference(factor, levels)
        }

    def _too_many_levels(self, factor: Levels, count: int) -> NoReturn:
        label = ":".join(factor.columns)
        remedy = f"Take them out as a fixed effect: | {label}."
        if factor.by is not None:
            remedy = f"Combine levels of {label}, or choose rows with where."
        raise UsageError(self.place, found=f"{factor.name} with {count:,} levels",
                         expected=f"at most {MOST_TERMS}: each is a term", remedy=remedy,
                         )  # fmt: skip

    def _reference(self, factor: Levels, levels: Sequence[str]) -> str | None:
        if factor.reference is None and factor.by is None:
            note = f"{factor.name}: compared with {levels[0]}, the first level"
            if note not in self.notes:
                self.notes.append(note)
            return levels[0]
        if factor.reference is not None and factor.reference not in levels:
            raise LabelError(f"{self.place}, {factor.name}", found=f"ref {factor.reference!r}",
                             expected=f"one of {', '.join(levels)}",
                             remedy="Choose a level of the rows used.")  # fmt: skip
        return factor.reference


def level_text(value: Any) -> str:
    """A level as text; whole numbers without a point."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def sweep(design: Design) -> Swept:
    """The arrays of the design without fixed effects, times the root of the weights.

    Fixed effects are swept out by pyfixest's preconditioned least squares (LSMR), for columns
    less their mean and scaled to unit length; the means of all levels are checked afterwards.

    Raises
    ------
    NumericalError
        The iterations do not converge.
    """
    blocks = [design.outcome[:, None], design.regressors, design.endogenous, design.instruments]
    ends = np.cumsum([block.shape[1] for block in blocks])[:-1]
    columns = np.column_stack(blocks)
    kept = np.ones(columns.shape[1])
    if design.effects:
        columns, kept = _without_effects(columns, list(design.effects.values()), design.weights)
    if design.weights is not None:
        columns = columns * np.sqrt(design.weights)[:, None]
    outcome, regressors, endogenous, instruments = np.split(columns, ends, axis=1)
    return Swept(outcome[:, 0], regressors, endogenous, instruments, kept)


def _without_effects(
    columns: Array, effects: Sequence[Codes], weights: Array | None
) -> tuple[Array, Array]:
    need_econ("estimate, fixed effects")
    from pyfixest.core.demean import demean_within

    centred = columns - np.average(columns, axis=0, weights=weights)
    lengths = np.linalg.norm(centred, axis=0)
    # What centring leaves of a constant column is rounding, not variation.
    lengths[lengths <= 1e-13 * np.linalg.norm(columns, axis=0)] = 0.0
    scaled = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0)
    codes = np.column_stack(effects).astype(np.uint32)
    swept, converged, _ = demean_within(scaled, codes, weights, SWEEP_TOLERANCE, SWEEP_ROUNDS)
    w = np.ones(len(columns)) if weights is None else weights
    worst = max(
        float(np.abs(np.bincount(one, w * column) / np.bincount(one, w)).max())
        for one in effects
        for column in swept.T
    )
    if not converged or worst > LEFT_OVER:
        raise NumericalError(
            "estimate, fixed effects",
            found=f"means of {worst:.2g} left after at most {SWEEP_ROUNDS} rounds",
            expected=f"at most {LEFT_OVER:g}",
            remedy="Combine or drop fixed effects that hardly overlap; nothing is shown.",
        )
    found: Array = swept * lengths
    raw = np.linalg.norm(columns, axis=0)
    left = np.linalg.norm(found, axis=0)
    return found, np.divide(left, raw, out=np.zeros_like(raw), where=raw > 0)
