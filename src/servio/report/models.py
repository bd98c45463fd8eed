"""What the estimates of a study say: which term stands for which service, and in which role."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from servio.errors import ServioError
from servio.explain import marginal_effects, same_effect
from servio.explain._expression import columns_used
from servio.explain._formula import Factor, Formula, Levels, Term, parse_formula
from servio.measure import MEASURES
from servio.report.words import group_title, grouping_title

if TYPE_CHECKING:
    from servio.explain import Estimate, Panel
    from servio.study import StudyStore

__all__ = ["HUNDRED", "TIMING", "Models", "Service", "ServiceTerm", "Size"]

TIMING = {True: "the year before", False: "same year"}
HUNDRED = 100.0


@dataclass(frozen=True)
class Service:
    """A service group as a grouping has it, whatever measure it is taken by."""

    grouping: str
    group: str

    @property
    def title(self) -> str:
        """For readers."""
        one = group_title(self.grouping, self.group) if self.group else ""
        return one or grouping_title(self.grouping)


@dataclass(frozen=True)
class ServiceTerm:
    """A term of an estimate that holds one column of a service group.

    Parameters
    ----------
    estimate : Estimate
    term : str
        As the formula has it.
    column : str
        Column of the panel, without its lag.
    service : Service
    measure : str
        Name of the measure, with its options but for the grouping.
    lagged : bool
    """

    estimate: Estimate
    term: str
    column: str
    service: Service
    measure: str
    lagged: bool


@dataclass(frozen=True)
class Size:
    """An effect with its interval."""

    value: float
    lower: float
    upper: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero; one without width (a perfect fit) says nothing."""
        return self.lower < self.upper and (self.lower > 0 or self.upper < 0)


class Models:
    """The panel and estimates of a study, read for a report.

    Parameters
    ----------
    store : StudyStore
        Of a study with a panel that could be built.
    """

    def __init__(self, store: StudyStore) -> None:
        self.store = store
        self.panel: Panel = store.panel()
        self.estimates: dict[str, Estimate] = store.estimates()
        self.entries = {one.name: one for one in store.study.estimates}
        recipe = store.study.panel
        assert recipe is not None
        self.recipe = recipe
        self._sd: dict[str, float] = {}
        self.failed: list[tuple[str, str]] = []

    # -- services ----------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> dict[str, tuple[Service, str]]:
        """Columns of the panel that measure a service group: the group and the measure."""
        given = {str(c["name"]): c for c in self.recipe.columns if c.get("grouping")}
        return {
            name: (Service(str(c["grouping"]), str(c.get("group", ""))), _measure(c))
            for name, c in given.items()
        }

    def _base(self, expression: str) -> str | None:
        """The column of a service group that an expression is made of, if it is the only one."""
        used = {self._unlagged(name) for name in columns_used(expression)}
        return next(iter(used)) if len(used) == 1 and used <= set(self.columns) else None

    def _unlagged(self, name: str) -> str:
        stem, found, rest = name.rpartition("_lag")
        known = name not in self.columns and found and not rest.strip("0123456789")
        return stem if known and stem in self.columns else name

    def formula(self, estimate: Estimate) -> Formula:
        """The formula as a tree."""
        return parse_formula(estimate.formula)

    def service_terms(self, estimate: Estimate) -> list[ServiceTerm]:
        """Service groups with one slope for all: none of them is interacted."""
        terms = self.formula(estimate).terms
        mixed = {factor.name for term in terms for factor in _numbers(term) if _is_mixed(term)}
        return [
            found
            for term in terms
            for factor in _numbers(term)
            if not _is_mixed(term) and factor.name not in mixed and factor.name in estimate.terms
            for found in self._term(estimate, factor)
        ]

    def interacted(self, estimate: Estimate) -> list[ServiceTerm]:
        """Service groups whose slope differs, each once."""
        found = {
            factor.name: one
            for term in self.formula(estimate).terms
            if _is_mixed(term)
            for factor in _numbers(term)
            for one in self._term(estimate, factor)
        }
        return list(found.values())

    def variables(self, estimate: Estimate) -> list[str]:
        """Variables of a formula: those whose effect can be asked for."""
        plain = [term for term in self.formula(estimate).terms if "^" not in term.name]
        return [factor.name for term in plain for factor in _numbers(term)]

    def _term(self, estimate: Estimate, factor: Factor) -> Iterator[ServiceTerm]:
        column = self._base(factor.expression)
        if column is None or column in self._bent(estimate):
            return
        service, measure = self.columns[column]
        lagged = "lag(" in factor.expression or column not in columns_used(factor.expression)
        yield ServiceTerm(estimate, factor.name, column, service, measure, lagged)

    def _all_columns(self, estimate: Estimate) -> set[str]:
        """Columns of service groups that an estimate uses, however."""
        factors = [f for term in self.formula(estimate).terms for f in _numbers(term)]
        return {base for f in factors if (base := self._base(f.expression)) is not None}

    def _bent(self, estimate: Estimate) -> set[str]:
        """Columns whose slope is no single number: squared, logged or otherwise transformed."""
        factors = [f for term in self.formula(estimate).terms for f in _numbers(term)]
        found = {self._base(f.expression) for f in factors if not _is_linear(f.expression)}
        return {column for column in found if column is not None}

    # -- roles -------------------------------------------------------------------------------------

    @cached_property
    def main(self) -> Estimate | None:
        """The first estimate with service groups that have one slope for all."""
        return next((e for e in self.estimates.values() if self.service_terms(e)), None)

    @cached_property
    def by_type(self) -> list[Estimate]:
        """Slopes that differ, of all rows."""
        return [e for e in self._rest() if self.interacted(e) and not self._where(e)]

    @cached_property
    def subsets(self) -> list[Estimate]:
        """Models of some rows only, that are no column of a trap."""
        return [e for e in self._rest() if self._where(e)]

    @cached_property
    def alone(self) -> list[Estimate]:
        """Models with one service group only, where the main model has several."""
        if self.main is None or len(self.service_terms(self.main)) < 2:
            return []
        return [e for e in self._rest() if not self._where(e) and not self.interacted(e)
                and len(self.service_terms(e)) == len(self._all_columns(e)) == 1]  # fmt: skip

    @cached_property
    def robustness(self) -> list[Estimate]:
        """All others: the main model with something changed."""
        taken = {e.name for e in (*self.by_type, *self.subsets, *self.alone)}
        return [e for e in self.estimates.values()
                if e is not self.main and e.name not in taken]  # fmt: skip

    def _rest(self) -> list[Estimate]:
        return [e for e in self.estimates.values()
                if e is not self.main and not self.entries[e.name].trap]  # fmt: skip

    def _where(self, estimate: Estimate) -> str:
        return self.entries[estimate.name].where

    def trapped(self, trap: str) -> list[Estimate]:
        """Estimates that are columns of a trap."""
        return [e for e in self.estimates.values() if self.entries[e.name].trap == trap]

    # -- sizes -------------------------------------------------------------------------------------

    def sd_within(self, column: str) -> float:
        """Standard deviation of a column inside entities over time, of all rows of the panel."""
        if column not in self._sd:
            self._sd[column] = self.panel.sd_within(column)
        return self._sd[column]

    def is_log(self, estimate: Estimate) -> bool:
        """Whether the outcome is in logs: all its columns are."""
        used = columns_used(self.formula(estimate).outcome.expression)
        return all(self._is_log_column(name) for name in used)

    def _is_log_column(self, name: str) -> bool:
        about = self.panel.columns.get(name)
        derived = {one.name: one.expression for one in self.recipe.derived}
        return (about is not None and about.unit == "log") or derived.get(name, "").startswith(
            "log("
        )

    def coefficient(self, term: ServiceTerm) -> Size:
        """As estimated: per unit of the column."""
        value, _, lower, upper = term.estimate.combination({term.term: 1.0})
        return Size(value, lower, upper)

    def effect(self, term: ServiceTerm) -> Size:
        """Of one standard deviation inside entities; in percent where the outcome is in logs."""
        return self.scaled(term, self.coefficient(term))

    def scaled(self, term: ServiceTerm, slope: Size) -> Size:
        """A slope of a term's column as `effect`."""
        return self._times(term, slope, self.sd_within(term.column))

    def scaled_in(self, term: ServiceTerm, slope: Size, country: str) -> Size:
        """The same by the standard deviation inside the industries of one country.

        Where a service is rare, a usual change elsewhere would be an enormous one.
        """
        frame = self.panel.frame[self.panel.frame["country"] == country]
        x = frame[term.column].astype("float64")
        by = x.groupby([frame[key] for key in self.panel.entity])
        return self._times(term, slope, float((x - by.transform("mean")).std()))

    def _times(self, term: ServiceTerm, slope: Size, sd: float) -> Size:
        factor = sd * (HUNDRED if self.is_log(term.estimate) else 1.0)
        return Size(slope.value * factor, slope.lower * factor, slope.upper * factor)

    # -- interactions ------------------------------------------------------------------------------

    def classes(self, name: str) -> tuple[str, ...]:
        """Labels of a class of the panel, or none."""
        found = self.panel.classes
        if found is None:
            return ()
        return tuple(dict.fromkeys(map(str, found.loc[found["class"] == name, "label"])))

    def modifiers(self, term: ServiceTerm) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Columns of classes, and columns of numbers, that a term is interacted with."""
        levels: dict[str, None] = {}
        numbers: dict[str, None] = {}
        for one in self.formula(term.estimate).terms:
            if not _is_mixed(one) or term.term not in {f.name for f in _numbers(one)}:
                continue
            for factor in one.factors:
                if isinstance(factor, Levels):
                    levels |= dict.fromkeys(factor.columns)
                elif factor.name != term.term:
                    numbers[factor.name] = None
        return tuple(levels), tuple(numbers)

    def indicator(self, name: str) -> tuple[str, str, str] | None:
        """Class, label and its opposite of a 0/1 column ``<class>_<label>``, if it is one."""
        for one in self.recipe.classes:
            labels = self.classes(one.name)
            for label in labels:
                if name == f"{one.name}_{label}":
                    others = [other for other in labels if other != label]
                    return one.name, label, others[0] if len(others) == 1 else f"not {label}"
        return None

    def contrasts(self, term: ServiceTerm) -> dict[str, Sequence[float | str]] | None:
        """Values of the columns a term is interacted with; None where one is no class."""
        _, numbers = self.modifiers(term)
        if not all(self.indicator(name) for name in numbers):
            return None
        return {name: [1.0, 0.0] for name in numbers}

    def cells(self, term: ServiceTerm) -> list[tuple[str, Size]] | None:
        """Slope for each combination of classes; None where a modifier is no class."""
        levels, numbers = self.modifiers(term)
        known = {name: self.indicator(name) for name in numbers}
        by = self.contrasts(term)
        if by is None:
            return None
        frame = marginal_effects(term.estimate, term.term, by or None)
        found = []
        for row in frame.to_dict(orient="records"):
            words = [_worded(label, name) for name, label in _labels(row, levels)]
            words += [
                f"{one[1] if row[name] else one[2]} {one[0]}"
                for name, one in known.items() if one is not None
            ]  # fmt: skip
            found.append((_plain(", ".join(words)), _size(row)))
        return found

    def mixed_terms(self, term: ServiceTerm) -> dict[str, str]:
        """Coefficients of an interacted term, with what it is multiplied with in words."""
        levels, numbers = self.modifiers(term)
        ending = f":{term.term}"
        found = {}
        for name in term.estimate.terms:
            names, marked, rest = name.partition("::")
            if marked and rest.endswith(ending) and set(names.split(":")) <= set(levels):
                pairs = zip(rest.removesuffix(ending).split(":"), names.split(":"), strict=False)
                found[name] = " × " + ", ".join(_worded(label, c) for label, c in pairs)
            elif not marked and term.term in name.split(":"):
                others = [part for part in name.split(":") if part != term.term]
                if set(others) <= set(numbers):
                    found[name] = "".join(f" × {self._number_words(part)}" for part in others)
        return found

    def _number_words(self, name: str) -> str:
        known = self.indicator(name)
        return _plain(f"{known[1]} {known[0]}") if known else name

    def countries(self, term: ServiceTerm, codes: Sequence[str]) -> list[tuple[str, str, Size]]:
        """Slope in countries, apart where it differs by kind of industry: code, kind, slope."""
        here = set(self.panel.frame["country"].astype(str))
        codes = [code for code in codes if code in here]
        if not codes or "country" not in self.panel.entity:
            return []
        levels, numbers = self.modifiers(term)
        names = [*(found[0] for n in numbers if (found := self.indicator(n))), *levels]
        inside = [n for n in dict.fromkeys(names) if n != "country" and self._varies(n)]
        where = f"country in [{', '.join(f'{chr(34)}{c}{chr(34)}' for c in codes)}]"
        entry = self.entries[term.estimate.name].where
        frame = marginal_effects(
            term.estimate, term.term, data=self.panel, over=":".join(["country", *inside]),
            where=f"({entry}) and {where}" if entry else where,
        )  # fmt: skip
        return [
            (str(row["country"]), _plain(", ".join(f"{row[n]} {n}" for n in inside)), _size(row))
            for row in frame.to_dict(orient="records")
        ]

    def _varies(self, name: str) -> bool:
        """Whether a class differs inside a country."""
        frame = self.panel.frame
        return name in frame and bool((frame.groupby("country")[name].nunique() > 1).any())

    def differs(self, term: ServiceTerm) -> float:
        """P value of the test that all slopes are one; NaN where it can't be made."""
        by = self.contrasts(term)
        if by is None:
            return math.nan
        try:
            return same_effect(term.estimate, term.term, by or None).p_value
        except ServioError:
            return math.nan


def _labels(row: Mapping[Any, Any], levels: Sequence[str]) -> list[tuple[str, str]]:
    """Class and label of each level in a row; classes may be combined in one column."""
    found: dict[str, str] = {}
    for key, value in row.items():
        names = str(key).split(":")
        if set(names) <= set(levels):
            found |= zip(names, str(value).split(":"), strict=True)
    return list(found.items())


def _size(row: Mapping[Any, Any]) -> Size:
    return Size(float(row["estimate"]), float(row["lower"]), float(row["upper"]))


def _worded(label: str, name: str) -> str:
    """A label with its class; a country needs none."""
    return label if name == "country" else _plain(f"{label} {name}")


def _plain(text: str) -> str:
    return text.replace("_", " ")


def _numbers(term: Term) -> list[Factor]:
    """Columns of numbers in a term, also those inside ``i()``."""
    inside = [f.by if isinstance(f, Levels) else f for f in term.factors]
    return [factor for factor in inside if factor is not None]


def _is_linear(expression: str) -> bool:
    """Whether an expression is a column, its past, its change or a difference of these."""
    known = re.sub(r"\b(?:lag|lead|d|I)\(", "(", expression)
    return re.search(r"\w\(", known) is None and re.fullmatch(r"[\w\s(),+-]*", known) is not None


def _is_mixed(term: Term) -> bool:
    return len(term.factors) > 1 or isinstance(term.factors[0], Levels)


def _measure(column: Mapping[str, Any]) -> str:
    own = {"name", "measure", "grouping", "group", "by", "required", "mixed_units"}
    more = [str(v) for k, v in column.items() if k not in own and v != "total"]
    title = MEASURES[column["measure"]].title
    return f"{title} ({', '.join(more)})" if more else title
