"""The measures of a study: every combination of the options a study file lists."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from servio import classify, sources
from servio.measure import MEASURES, MeasureSpec
from servio.table import EVERYBODY

__all__ = ["DEFINITIONS", "Call", "Complaint", "expand"]

DEFINITIONS = "@producer_services"
RESERVED = ("name", "only", "source")

Complaint = Callable[[str, str, str, Sequence[str]], NoReturn]
"""Raises for (key, found, expected, known names)."""


@dataclass(frozen=True)
class Call:
    """One measure with every option settled.

    Parameters
    ----------
    name : str
        Name in `servio.measure.MEASURES`.
    options : tuple of (str, value)
        All options of the measure, sorted by name.
    only : str
        Grouping whose industries are kept; "" keeps all.
    source : str
        Source whose tables are measured; "" for all.
    """

    name: str
    options: tuple[tuple[str, Any], ...]
    only: str = ""
    source: str = ""

    @property
    def spec(self) -> MeasureSpec:
        """The record of the measure."""
        return MEASURES[self.name]

    @property
    def text(self) -> str:
        """The measure and its options in one line."""
        return f"{self.name} {self.definition}".strip()

    @property
    def definition(self) -> str:
        """The options in one line, as `servio.measure.Measure.definition_text` has them."""
        return " ".join(f"{key}={self.option(key)}" for key, _ in self.options)

    def option(self, name: str) -> str:
        """One option as text; "" if the measure has no such option."""
        value = dict(self.options).get(name, "")
        return str(value).lower() if isinstance(value, bool) else str(value)


def expand(
    entry: Mapping[str, Any], complain: Complaint, *, own_groupings: bool = False
) -> Iterator[Call]:
    """Every call an entry of ``[[measures]]`` stands for, in the order its lists are written.

    Parameters
    ----------
    entry : mapping
        ``name``, optionally ``only`` and ``source``, and options of the measure: a value or a
        list of values.
    complain : callable
        Raises the error for a key, with what was found, expected and known.
    own_groupings : bool
        Tables of the study may bring groupings that `servio.classify` does not list.
    """
    spec = _spec(entry, complain)
    only = entry.get("only", "")
    if only or "only" in entry:
        _check_grouping("only", only, complain, (), own_groupings)
    source = _source(entry, complain)
    for key in entry:
        if key not in spec.options and key not in RESERVED:
            complain(key, f"no option of {spec.name}", "a known option", [*spec.options, *RESERVED])
    lists = {
        key: list(_values(spec, key, entry[key], complain, own_groupings))
        for key in entry
        if key not in RESERVED
    }
    defaults = {key: option.default for key, option in spec.options.items()}
    for combination in itertools.product(*lists.values()):
        options = {**defaults, **dict(zip(lists, combination, strict=True))}
        yield Call(spec.name, tuple(sorted(options.items())), only, source)


def _source(entry: Mapping[str, Any], complain: Complaint) -> str:
    source = entry.get("source", "")
    known = [one.name for one in sources.sources()]
    if "source" in entry and source not in known:
        complain("source", repr(source), "a known source", known)
    return str(source)


def _spec(entry: Mapping[str, Any], complain: Complaint) -> MeasureSpec:
    name = entry.get("name")
    if not isinstance(name, str):
        complain("name", "no name" if name is None else repr(name), "the name of a measure", ())
    if name not in MEASURES:
        complain("name", repr(name), "a known measure", list(MEASURES))
    return MEASURES[name]


def _values(
    spec: MeasureSpec, key: str, given: Any, complain: Complaint, own_groupings: bool
) -> Iterator[Any]:
    option = spec.options[key]
    values = given if isinstance(given, list) else [given]
    if not values:
        complain(key, "an empty list", "at least one value", ())
    for value in values:
        if not _fits(value, option.kind):
            complain(key, repr(value), _kind(option.kind), option.choices)
        if option.choices and value not in option.choices:
            complain(key, repr(value), "a known choice", option.choices)
        words = (*EVERYBODY, *option.words)
        if value == DEFINITIONS and _names_grouping(spec, key):
            yield from classify.producer_service_definitions()
            continue
        if _names_grouping(spec, key):
            _check_grouping(key, value, complain, words, own_groupings)
        yield option.kind(value) if option.kind is float else value


def _names_grouping(spec: MeasureSpec, key: str) -> bool:
    """Whether an option takes only names of groupings: its default is one, or it is ``by``."""
    option = spec.options[key]
    if option.kind is not str or option.choices or key == "chain":  # or a product's label
        return False
    return key == "by" or option.default in classify.groupings()


def _check_grouping(
    key: str, value: Any, complain: Complaint, words: Sequence[str], own_groupings: bool
) -> None:
    known = (*words, *classify.groupings())
    if not isinstance(value, str) or (value not in known and not own_groupings):
        complain(key, repr(value), "a known grouping", known)


def _fits(value: Any, kind: type) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if kind is float:
        return isinstance(value, (int, float))
    return isinstance(value, int if kind is int else str)


def _kind(kind: type) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(kind, "a text")
