"""Recipes of panels: which results become columns, what is derived, classed, dropped. No code."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any, Literal, NoReturn, TypeVar

import msgspec

from servio.errors import LabelError, UsageError
from servio.explain._expression import FUNCTIONS, check_expression, columns_used

__all__ = ["Derived", "DropRule", "OutlierRule", "PanelClass", "PanelRecipe", "check_name"]

KEYS = ("country", "industry", "year")
TEXTS = KEYS[:2]
OWN = ("name", "measure", "required", "mixed_units")
"""Keys of a column that are not filters of the results."""
T = TypeVar("T")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Derived(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ``[[panel.derived]]``: a column made by an expression of earlier ones.

    Parameters
    ----------
    name, expression : str
    unit, definition : str
        What it is measured in, and in words; the expression by default.
    required : bool
        Whether rows without a value leave the panel.
    """

    name: str
    expression: str
    unit: str = ""
    definition: str = ""
    required: bool = True


class DropRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ``[[panel.drop]]``: rows for which a condition holds leave, with the reason."""

    where: str
    reason: str = ""


class OutlierRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ``[[panel.outliers]]``: what is done with the ends of a column.

    Parameters
    ----------
    column : str
    rule : {"winsor", "drop"}
        Set values beyond the quantiles to the quantiles, or drop their rows.
    quantiles : tuple of float
        Lower and upper, of the complete rows of the panel.
    """

    column: str
    rule: Literal["winsor", "drop"]
    quantiles: tuple[float, float]


class PanelClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ``[[panel.classes]]``: classes of countries or industries.

    Parameters
    ----------
    name : str
        Column of the label; 0/1 columns are named ``<name>_<label>``.
    column : str
        Column to cut; or `grouping`.
    cut : "median", number or list of numbers
        A number is a threshold, a list holds quantiles of the members, such as ``[0.33, 0.67]``.
    at : {"mean", "first", "last"}
        Year of the value: the mean over all years, the first or the last year with one.
    of : {"country", "industry", "entity"}
        What is classed: by default countries where the column is one of countries.
    labels : tuple of str
        From low to high; a member exactly at a cut belongs to the lower class.
    override : mapping of str to str
        Member to label, against the data: ``{KOR = "manufacturing_oriented"}``.
    grouping : str
        Classes of industries are the groups of a grouping.
    merge : mapping of str to tuple of str
        Label to the groups it folds.
    """

    name: str
    column: str = ""
    cut: float | str | tuple[float, ...] = "median"
    at: Literal["mean", "first", "last"] = "mean"
    of: Literal["", "country", "industry", "entity"] = ""
    labels: tuple[str, ...] = ()
    override: dict[str, str] = {}
    grouping: str = ""
    merge: dict[str, tuple[str, ...]] = {}


class PanelRecipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a panel is made of: the ``[panel]`` of a study file.

    Parameters
    ----------
    columns : tuple of mappings
        ``name`` and ``measure``, and filters that leave one row a country, industry and year:
        any column of the results. ``required = false`` keeps rows without a value,
        ``mixed_units = true`` accepts several units.
    derived : tuple of Derived
    classes : tuple of PanelClass
    drop : tuple of DropRule
    outliers : tuple of OutlierRule
    only : str
        A grouping: industries outside are left out.
    lags : bool
        Add ``<name>_lag``, the value a year before, for each column and derived column.
    min_years : int
        Entities with fewer complete years are left out.
    source : str
        Where results come from several sources.
    classification : str
        Of the industries, where their codes alone do not tell.

    Examples
    --------
    >>> recipe = PanelRecipe.parse({
    ...     "columns": [{"name": "conv", "measure": "service_input_share", "by": "industry"}],
    ...     "derived": [{"name": "ln_conv", "expression": "log(conv)"}]})
    >>> recipe.derived[0].name
    'ln_conv'
    """

    columns: tuple[dict[str, Any], ...]
    derived: tuple[Derived, ...] = ()
    classes: tuple[PanelClass, ...] = ()
    drop: tuple[DropRule, ...] = ()
    outliers: tuple[OutlierRule, ...] = ()
    only: str = ""
    lags: bool = False
    min_years: int = 1
    source: str = ""
    classification: str = ""

    @classmethod
    def parse(cls, data: Mapping[str, Any], place: str = "panel") -> PanelRecipe:
        """A recipe from plain data, such as a table of a TOML file.

        Raises
        ------
        UsageError
            A key is unknown or missing, a value of the wrong kind, a name not a name.
        """
        try:
            return msgspec.convert(dict(data), cls)
        except msgspec.ValidationError as error:
            _schema_error(str(error), place)

    def __post_init__(self) -> None:
        if not self.columns:
            _complain("columns", "none", "at least one column", "Add [[panel.columns]].")
        for number, column in enumerate(self.columns):
            _check_column(column, f"columns[{number}]")
        if self.min_years < 1:
            _complain("min_years", str(self.min_years), "1 or more", "Leave it out.")
        self._check_names()
        for number, one in enumerate(self.classes):
            _check_class(one, f"classes[{number}]")
        for number, rule in enumerate(self.outliers):
            self._check_outliers(rule, f"outliers[{number}]")

    def names(self) -> tuple[str, ...]:
        """Columns and derived columns, in the order they are made."""
        return (*(column["name"] for column in self.columns), *(d.name for d in self.derived))

    def _check_names(self) -> None:
        seen, made = set(KEYS), set[str]()
        for place, name, expression in self._definitions():
            check_name(name, f"panel.{place}.name", seen)
            if expression:
                _check_uses(expression, made, f"{place}.expression")
            made |= {name}
            seen |= {name, f"{name}_lag"} if self.lags else {name}
        for number, rule in enumerate(self.drop):
            _check_uses(rule.where, set(self.names()), f"drop[{number}].where")
        for number, one in enumerate(self.classes):
            check_name(one.name, f"panel.classes[{number}].name", seen)
            seen |= {one.name, *(f"{one.name}_{label}" for label in one.labels)}
            if one.column and one.column not in self.names():
                _unknown(f"classes[{number}].column", one.column, self.names())

    def _definitions(self) -> Iterator[tuple[str, str, str]]:
        for number, column in enumerate(self.columns):
            yield f"columns[{number}]", column["name"], ""
        for number, one in enumerate(self.derived):
            yield f"derived[{number}]", one.name, one.expression

    def _check_outliers(self, rule: OutlierRule, place: str) -> None:
        if rule.column not in self.names():
            _unknown(f"{place}.column", rule.column, self.names())
        low, high = rule.quantiles
        if not 0 <= low < high <= 1:
            _complain(f"{place}.quantiles", str(list(rule.quantiles)),
                      "two rising numbers in 0..1", "Such as [0.01, 0.99].")  # fmt: skip


def check_name(name: str, place: str, taken: set[str]) -> None:
    """Raise where a new column can't have the name."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name in FUNCTIONS:
        raise UsageError(place, found=repr(name), expected="a letter, then letters, digits and _",
                         remedy="Choose a name that is not a word of expressions.")  # fmt: skip
    if name in taken:
        raise LabelError(place, found=f"{name!r} twice or the name of a key",
                         expected="a name of its own", remedy="Rename the column.")  # fmt: skip


def _check_column(column: Mapping[str, Any], place: str) -> None:
    for key in ("name", "measure"):
        if not isinstance(column.get(key), str) or not column[key]:
            _complain(f"{place}.{key}", repr(column.get(key)), "a text", f'Add {key} = "…".')
    for key in ("required", "mixed_units"):
        if not isinstance(column.get(key, True), bool):
            _complain(f"{place}.{key}", repr(column[key]), "true or false", "Correct it.")
    for key, value in column.items():
        many = isinstance(value, list | tuple) and key in KEYS and len(value) > 0
        for one in value if many else (value,):
            if not isinstance(one, str | bool | int | float):
                _complain(f"{place}.{key}", repr(value), "one text, number, true or false",
                          "Make one column for each choice.")  # fmt: skip


def _check_class(one: PanelClass, place: str) -> None:
    if bool(one.column) == bool(one.grouping):
        _complain(place, "both or neither of column and grouping", "one of them",
                  "Cut a column, or take the groups of a grouping.")  # fmt: skip
    for label in (*one.labels, *one.merge, *one.override.values()):
        if not re.fullmatch(r"\w+", label, re.ASCII):
            _complain(place, f"the label {label!r}", "letters, digits and _", "Rename it.")
    if one.grouping and (one.labels or one.of):
        _complain(place, "labels or of with a grouping", "labels of the grouping",
                  "Use merge to fold groups.")  # fmt: skip
    if one.column and one.merge:
        _complain(f"{place}.merge", "merge without a grouping", "labels", "Leave it out.")
    if one.column:
        _check_cut(one, place)


def _check_cut(one: PanelClass, place: str) -> None:
    if isinstance(one.cut, str) and one.cut != "median":
        _complain(f"{place}.cut", repr(one.cut), "median, a number or quantiles", "Correct it.")
    if isinstance(one.cut, tuple):
        rising = all(a < b for a, b in zip((0.0, *one.cut), (*one.cut, 1.0), strict=True))
        if not one.cut or not rising:
            _complain(f"{place}.cut", str(list(one.cut)), "rising quantiles inside 0..1",
                      "Such as [0.33, 0.67].")  # fmt: skip
    count = len(one.cut) + 1 if isinstance(one.cut, tuple) else 2
    if len(one.labels) != count or len(set(one.labels)) != count:
        _complain(f"{place}.labels", str(list(one.labels)), f"{count} different labels",
                  "Name the classes from low to high.")  # fmt: skip
    for member, label in one.override.items():
        if label not in one.labels:
            _unknown(f"{place}.override.{member}", label, one.labels)


def _check_uses(expression: str, known: set[str], place: str) -> None:
    for name in _read(columns_used, expression, place):
        if name not in known and name not in KEYS:
            _unknown(place, name, (*sorted(known), *KEYS))
    _read(partial(check_expression, texts=TEXTS), expression, place)


def _read(reader: Callable[[str], T], expression: str, place: str) -> T:
    try:
        return reader(expression)
    except UsageError as error:
        raise UsageError(f"panel.{place}", found=error.found, expected=error.expected,
                         remedy=error.remedy) from None  # fmt: skip


def _unknown(place: str, name: str, known: tuple[str, ...]) -> NoReturn:
    near = get_close_matches(name, known, n=3) or known[:8]
    _complain(place, repr(name), f"one of {', '.join(near)}",
              "Choose one; what is used must be made before.")  # fmt: skip


def _complain(place: str, found: str, expected: str, remedy: str) -> NoReturn:
    raise UsageError(f"panel.{place}", found=found, expected=expected, remedy=remedy)


FIELDS: dict[str, type[msgspec.Struct]] = {
    "derived": Derived, "classes": PanelClass, "drop": DropRule, "outliers": OutlierRule,
}  # fmt: skip


def _schema_error(text: str, place: str) -> NoReturn:
    """Say where, and the nearest known key."""
    what, _, path = text.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    match = re.search(r"unknown field `(.+?)`", what)
    expected, remedy = "keys and values of docs/panels.md", "Correct the key or value."
    if match:
        part = FIELDS.get(re.sub(r"\[.*", "", path), PanelRecipe)
        known = [field.name for field in msgspec.structs.fields(part)]
        near = get_close_matches(match[1], known, n=2) or known
        expected = f"one of {', '.join(near)}"
    raise UsageError(
        f"{place}.{path}" if path else place, found=what, expected=expected, remedy=remedy
    )
