"""What a study file says about panel and estimates, checked before any table is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from servio import classify
from servio.errors import ServioError
from servio.study._grid import Call, Complaint
from servio.study._place import Place
from servio.study._rows import LABELS

if TYPE_CHECKING:
    from servio.explain._recipe import PanelClass, PanelRecipe

__all__ = ["TRAPS", "EstimateEntry", "check_selection", "checked_estimates", "checked_panel"]

KEYS = ("country", "industry", "year")
ENTITIES = (("country", "industry"), ("country",))
OF_RESULTS = ("source", "year", *LABELS, "unit", "definition")
"""Columns of the results, besides options of measures, that a column of a panel may name."""


TRAPS = ("mechanical", "interpolation", "nickell", "weights", "deflation", "generated",
         "dependence")  # fmt: skip
"""What an estimate may be made to show; the report has a paragraph on each."""


METHODS: Mapping[str, tuple[str, ...]] = {
    "estimate": ("vcov", "ssc", "weights"),
    "random_effects": ("vcov", "hausman"),
    "dynamic_panel": ("instruments", "collapse", "steps"),
}
"""Functions of `servio.explain` an estimate may come from, with the keys only some take."""


class EstimateEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ``[[estimates]]`` entry: a function of `servio.explain` and its arguments.

    Parameters
    ----------
    name : str
        Its name in tables, files and messages.
    formula : str
    method : str
        One of `METHODS`.
    vcov : str or mapping, optional
    ssc : str, optional
    weights : str, optional
    where : str
    instruments : mapping of str to (int,) or (int, int), optional
        Column to the first and the last lag; the last may be missing.
    collapse : bool, optional
    steps : int, optional
    hausman : str
        Name of an earlier estimate with fixed effects, compared with this one.
    trap : str
        One of `TRAPS` whose effect it shows, beside the first estimate; "" for none.
    """

    name: str
    formula: str
    method: str = "estimate"
    vcov: str | dict[str, int | str | tuple[str, ...]] | None = None
    ssc: str | None = None
    weights: str | None = None
    where: str = ""
    instruments: dict[str, tuple[int, ...]] | None = None
    collapse: bool | None = None
    steps: int | None = None
    hausman: str = ""
    trap: str = ""

    @property
    def arguments(self) -> dict[str, Any]:
        """What the method is given beside formula, data and name; what is left out has defaults."""
        names = [name for name in METHODS[self.method] if name != "hausman"]
        found: dict[str, Any] = {name: getattr(self, name) for name in names}
        if self.instruments is not None:
            found["instruments"] = self.lags
        given = {name: value for name, value in found.items() if value is not None}
        return given | {"where": self.where or None}

    @property
    def lags(self) -> dict[str, Any] | None:
        """The instruments as `dynamic_panel` takes them."""
        if self.instruments is None:
            return None
        return {
            key: (*lags, None) if len(lags) == 1 else lags for key, lags in self.instruments.items()
        }


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
        check_selection(str(column["measure"]), filters, calls, complain)
    return recipe


def _check_grouping(name: str, complain: Complaint, key: str, own_groupings: bool) -> None:
    known = classify.groupings()
    if name and name not in known and not own_groupings:
        complain(key, repr(name), "a known grouping", known)


def check_selection(
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
    seen: dict[str, EstimateEntry] = {}
    for number, one in enumerate(entries):
        complain = place.complain(f"estimates[{number}]")
        if recipe is None:
            complain("name", "an estimate without a panel", "[panel] in the study file", ())
        if not one.name.strip() or one.name in seen:
            complain("name", repr(one.name), "a name of its own", ())
        _check_method(one, seen, complain)
        seen[one.name] = one
        if one.trap and one.trap not in TRAPS:
            complain("trap", repr(one.trap), "a known trap", TRAPS)
        known = _Known(recipe, own_groupings)
        for key, names in _used(one, place, f"estimates[{number}]", known.texts):
            for name in names:
                if name not in known:
                    complain(key, repr(name), "a column of the panel", known.names)
    return tuple(entries)


def _check_method(
    one: EstimateEntry, earlier: Mapping[str, EstimateEntry], complain: Complaint
) -> None:
    """A method there is, only keys it takes, and an estimate to compare with that can be."""
    if one.method not in METHODS:
        complain("method", repr(one.method), "a known method", tuple(METHODS))
    for key in dict.fromkeys(key for keys in METHODS.values() for key in keys):
        if key not in METHODS[one.method] and getattr(one, key) not in (None, ""):
            takes = [name for name, keys in METHODS.items() if key in keys]
            words = f"a key of this method; {key} is of {' and '.join(takes)}"
            complain(key, f"{key} with {one.method}", words, ())
    if one.steps not in (None, 1, 2):
        complain("steps", str(one.steps), "1 or 2", ())
    if not one.hausman:
        return
    fixed = earlier.get(one.hausman)
    if fixed is None or fixed.method != "estimate":
        names = [name for name, entry in earlier.items() if entry.method == "estimate"]
        complain("hausman", repr(one.hausman), "an estimate above it", names)
    for entry in (fixed, one):
        default = "iid" if entry.method == "random_effects" else "hetero"
        if (entry.vcov or default) != "iid":
            complain("hausman", f"vcov of {entry.name}", 'vcov = "iid" in both', ())


class _Known:
    """The columns a panel will have; those of an own grouping's classes are known by prefix."""

    def __init__(self, recipe: PanelRecipe, own_groupings: bool) -> None:
        made = recipe.names()
        lags = [f"{name}_lag" for name in made] if recipe.lags else []
        self.names = [*KEYS, *made, *lags]
        self.texts = {*KEYS[:2], *(one.name for one in recipe.classes)}
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


def _used(
    one: EstimateEntry, place: Place, owner: str, texts: Collection[str]
) -> Iterator[tuple[str, set[str]]]:
    """Columns that each key of an estimate uses; once they are known, what is done with them."""
    from servio.explain._design import read_vcov
    from servio.explain._expression import check_expression, columns_used
    from servio.explain._formula import Levels, parse_formula
    from servio.explain.dynamic import check_dynamic
    from servio.explain.variance_components import check_random

    key = "formula"
    try:
        formula = parse_formula(one.formula)
        if one.method == "random_effects":
            check_random(formula)
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
        for factor in factors:
            check_expression(factor.expression, texts)
        if one.method == "dynamic_panel":
            check_dynamic(formula, None, ENTITIES, "year")
            key = "instruments"
            check_dynamic(formula, one.lags, ENTITIES, "year")
            for column in one.lags or ():
                yield key, set(columns_used(column))
        for key, text in (("where", one.where), ("weights", one.weights)):
            if text:
                yield key, set(columns_used(text))
                check_expression(text, texts)
        if one.vcov is not None:
            key = "vcov"
            yield key, {name for columns in read_vcov(one.vcov).clusters for name in columns}
    except ServioError as error:
        raise place.placed(f"{owner}.{key}", error) from None
