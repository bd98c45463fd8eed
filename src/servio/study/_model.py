"""What a study file says about panel and estimates, checked before any table is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from servio import classify
from servio.errors import ServioError
from servio.study._grid import Call, Complaint
from servio.study._place import Place
from servio.study._rows import LABELS

if TYPE_CHECKING:
    from servio.explain._recipe import PanelClass, PanelRecipe

__all__ = ["TRAPS", "EstimateEntry", "checked_estimates", "checked_panel"]

KEYS = ("country", "industry", "year")
OF_RESULTS = ("source", "year", *LABELS, "unit", "definition")
"""Columns of the results, besides options of measures, that a column of a panel may name."""


TRAPS = ("mechanical", "interpolation", "nickell", "weights", "deflation", "generated",
         "dependence")  # fmt: skip
"""What an estimate may be made to show; the report has a paragraph on each."""


class EstimateEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ``[[estimates]]`` entry: the arguments of `servio.explain.estimate`.

    Parameters
    ----------
    name : str
        Its name in tables, files and messages.
    formula : str
    vcov : str or mapping
    ssc : str
    weights : str, optional
    where : str
    trap : str
        One of `TRAPS` whose effect it shows, beside the first estimate; "" for none.
    """

    name: str
    formula: str
    vcov: str | dict[str, int | str | tuple[str, ...]] = "hetero"
    ssc: str = "fixest"
    weights: str | None = None
    where: str = ""
    trap: str = ""


# -- panel -----------------------------------------------------------------------------------------


def checked_panel(
    given: Mapping[str, Any], calls: Sequence[Call], place: Place, *, own_groupings: bool
) -> PanelRecipe:
    """The recipe of the panel: each of its columns is one result of the study."""
    from servio.explain._recipe import OWN, PanelRecipe

    try:
        recipe = PanelRecipe.parse(given)
    except ServioError as error:
        raise place.placed("panel", error) from None
    _check_grouping(recipe.only, place.complain("panel"), "only", own_groupings)
    for number, one in enumerate(recipe.classes):
        _check_grouping(
            one.grouping, place.complain(f"panel.classes[{number}]"), "grouping", own_groupings
        )
    for number, column in enumerate(recipe.columns):
        filters = {key: value for key, value in column.items() if key not in OWN}
        complain = place.complain(f"panel.columns[{number}]")
        _check_selection(str(column["measure"]), filters, calls, complain)
    return recipe


def _check_grouping(name: str, complain: Complaint, key: str, own_groupings: bool) -> None:
    known = classify.groupings()
    if name and name not in known and not own_groupings:
        complain(key, repr(name), "a known grouping", known)


def _check_selection(
    measure: str, filters: Mapping[str, Any], calls: Sequence[Call], complain: Complaint
) -> None:
    """Exactly one of the study's results is chosen; labels choose rows inside it."""
    left = [call for call in calls if call.name == measure]
    if not left:
        names = list(dict.fromkeys(call.name for call in calls))
        complain("measure", repr(measure), "a measure of this study", names)
    options = [key for key, _ in left[0].options]
    for key, value in filters.items():
        if key not in (*options, *OF_RESULTS):
            complain(
                key, f"no option or label of {measure}", "a known key", [*options, *OF_RESULTS]
            )
        if key not in options:
            continue
        there = list(dict.fromkeys(call.option(key) for call in left))
        text = str(value).lower() if isinstance(value, bool) else str(value)
        left = [call for call in left if call.option(key) == text]
        if not left:
            complain(key, repr(text), f"a choice that the study measures of {measure}", there)
    for key in options:
        there = list(dict.fromkeys(call.option(key) for call in left))
        if len(there) > 1 and "definition" not in filters:
            complain(key, f"several: {', '.join(there[:4])}", f"{key} of one of them", ())


# -- estimates -------------------------------------------------------------------------------------


def checked_estimates(
    entries: Sequence[EstimateEntry],
    recipe: PanelRecipe | None,
    place: Place,
    *,
    own_groupings: bool,
) -> tuple[EstimateEntry, ...]:
    """The estimates: names of their own, formulas that can be read and use columns there are."""
    seen: set[str] = set()
    for number, one in enumerate(entries):
        complain = place.complain(f"estimates[{number}]")
        if recipe is None:
            complain("name", "an estimate without a panel", "[panel] in the study file", ())
        if not one.name.strip() or one.name in seen:
            complain("name", repr(one.name), "a name of its own", ())
        seen.add(one.name)
        if one.trap and one.trap not in TRAPS:
            complain("trap", repr(one.trap), "a known trap", TRAPS)
        known = _Known(recipe, own_groupings)
        for key, names in _used(one, place, f"estimates[{number}]"):
            for name in names:
                if name not in known:
                    complain(key, repr(name), "a column of the panel", known.names)
    return tuple(entries)


class _Known:
    """The columns a panel will have; those of an own grouping's classes are known by prefix."""

    def __init__(self, recipe: PanelRecipe, own_groupings: bool) -> None:
        made = recipe.names()
        lags = [f"{name}_lag" for name in made] if recipe.lags else []
        self.names = [*KEYS, *made, *lags]
        self.prefixes: list[str] = []
        for one in recipe.classes:
            labels = _labels(one)
            self.names += [one.name, *(f"{one.name}_{label}" for label in labels or ())]
            if labels is None and own_groupings:
                self.prefixes.append(f"{one.name}_")

    def __contains__(self, name: str) -> bool:
        return name in self.names or any(name.startswith(prefix) for prefix in self.prefixes)


def _labels(one: PanelClass) -> tuple[str, ...] | None:
    if one.column:
        return one.labels
    if one.grouping not in classify.groupings():
        return None
    folded = {group: label for label, groups in one.merge.items() for group in groups}
    groups = classify.grouping(one.grouping).groups
    return tuple(dict.fromkeys(folded.get(group, group) for group in groups))


def _used(one: EstimateEntry, place: Place, owner: str) -> Iterator[tuple[str, set[str]]]:
    """Columns that each key of an estimate uses."""
    from servio.explain._design import read_vcov
    from servio.explain._expression import columns_used
    from servio.explain._formula import Levels, parse_formula

    key = "formula"
    try:
        formula = parse_formula(one.formula)
        factors = [formula.outcome]
        terms = (*formula.terms, *formula.endogenous, *formula.instruments)
        names = {name for effect in formula.effects for name in effect}
        for factor in (f for term in terms for f in term.factors):
            if isinstance(factor, Levels):
                names |= set(factor.columns)
                factors += [] if factor.by is None else [factor.by]
            else:
                factors.append(factor)
        yield key, names.union(*(columns_used(factor.expression) for factor in factors))
        for key, text in (("where", one.where), ("weights", one.weights)):
            if text:
                yield key, set(columns_used(text))
        key = "vcov"
        yield key, {name for columns in read_vcov(one.vcov).clusters for name in columns}
    except ServioError as error:
        raise place.placed(f"{owner}.{key}", error) from None
