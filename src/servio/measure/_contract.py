"""A measure is a plain function of a table; its record says what prose would leave unsaid."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Real
from typing import Any, Concatenate, Literal, ParamSpec, cast, get_args, get_origin, get_type_hints

import numpy as np

from servio.classify import Grouping
from servio.errors import UsageError
from servio.measure._result import Array, Measure, Result
from servio.table import IOTable, Note, checkable, column_gap, row_gap

__all__ = ["MEASURES", "MONEY", "MeasureSpec", "Option", "find", "given_options", "measure"]

P = ParamSpec("P")
MONEY = "money"
RANGE_NOISE = 1e-9


@dataclass(frozen=True)
class Option:
    """One option of a measure: its name, default and what it accepts.

    `words` are what it takes besides the name of a grouping, from ``Annotated[str, *words]``.
    """

    name: str
    default: Any
    kind: type
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def parse(self, text: str) -> Any:
        """The option's value from command-line text."""
        if self.kind is bool:
            known = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
            if text.lower() in known:
                return known[text.lower()]
            raise _bad_option(self.name, text, "true or false")
        if self.kind in (int, float):
            try:
                return self.kind(text)
            except ValueError:
                raise _bad_option(self.name, text, "a number") from None
        if self.choices and text not in self.choices:
            raise _bad_option(self.name, text, " or ".join(self.choices))
        return text


@dataclass(frozen=True)
class MeasureSpec:
    """The record of a measure, from which command line, page and documentation list it.

    Parameters
    ----------
    name, family, title, question, unit, identity, source : str
    range : tuple of float or None
    needs : tuple of str
        Groupings or parts a table must have (``services``, ``exports``, ``split`` ...).
    options : mapping of str to Option
    compares : bool
        The measure takes a second table as `base`.
    function : callable
    """

    name: str
    family: str
    title: str
    question: str
    unit: str
    range: tuple[float | None, float | None]
    formula: str
    identity: str
    source: str
    needs: tuple[str, ...]
    options: Mapping[str, Option]
    compares: bool
    function: Callable[..., Measure]

    def parse(self, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Options from command-line text, as names and values."""
        chosen = {}
        for name, text in pairs:
            if name not in self.options:
                raise _unknown_option(self.name, name, self.options)
            chosen[name] = self.options[name].parse(text)
        return chosen


MEASURES: dict[str, MeasureSpec] = {}


def measure(
    *,
    title: str,
    question: str,
    unit: str,
    formula: str,
    identity: str,
    source: str,
    low: float | None = None,
    high: float | None = None,
    needs: tuple[str, ...] = (),
    title_with: str = "",
) -> Callable[
    [Callable[Concatenate[IOTable, P], Result]], Callable[Concatenate[IOTable, P], Measure]
]:
    """Make a function of a table a measure: listed, checked, labelled with unit and provenance.

    `unit` ``money`` stands for the table's own money unit. `title_with` is the title for another
    grouping than ``services``, with ``{grouping}`` where its title goes.
    """

    def register(
        function: Callable[Concatenate[IOTable, P], Result],
    ) -> Callable[Concatenate[IOTable, P], Measure]:
        name = function.__name__
        options = _options(function)

        def run(table: IOTable, *args: P.args, **kwargs: P.kwargs) -> Measure:
            _check_table(f"{name} table", table)
            given = given_options(name, options, kwargs)
            used = {key: _text(value) for key, value in given.items()}
            if "base" in kwargs:
                base = _check_table(f"{name} base", kwargs["base"])
                used["base"] = str(base.info.year or base.info.name)
            result = function(table, *args, **kwargs)
            used, origin_notes = _reached(table, {**used, **result.computed})
            return Measure(
                name=name,
                title=_titled(table, title, title_with, given),
                unit=result.unit or _unit(table, unit),
                range=(low, high),
                columns=result.columns,
                values=result.values,
                undefined=result.undefined,
                residual=result.residual,
                data_residual=data_residual(table),
                definition=used,
                info=table.info,
                fingerprint=table.fingerprint,
                notes=(
                    *table.info.notes,
                    *_grouping_notes(table, given),
                    *origin_notes,
                    *result.notes,
                    *_out_of_range(result.values, low, high),
                ),
            )

        functools.update_wrapper(run, function)
        run.__annotations__ = {**function.__annotations__, "return": "Measure"}
        MEASURES[name] = MeasureSpec(
            name=name,
            family=function.__module__.rsplit(".", 1)[-1],
            title=title,
            question=question,
            unit=unit,
            range=(low, high),
            formula=formula,
            identity=identity,
            source=source,
            needs=needs,
            options=options,
            compares="base" in inspect.signature(function).parameters,
            function=run,
        )
        return cast(Callable[Concatenate[IOTable, P], Measure], run)

    return register


def find(name: str) -> MeasureSpec:
    """The record of a measure, or a `UsageError` naming near ones."""
    if name in MEASURES:
        return MEASURES[name]
    near = get_close_matches(name, MEASURES, n=3) or sorted(MEASURES)[:5]
    raise UsageError(
        "measure",
        found=repr(name),
        expected=f"a known measure, such as {', '.join(near)}",
        remedy="`servio list measures` shows them all.",
    )


def _check_table(place: str, table: object) -> IOTable:
    if not isinstance(table, IOTable):
        raise UsageError(
            place,
            found=type(table).__name__,
            expected="an IOTable",
            remedy="Read the file first: servio.read(path, year=...).",
        )
    return table


def _titled(table: IOTable, title: str, title_with: str, given: Mapping[str, Any]) -> str:
    grouping = given.get("grouping", "services")
    if not title_with or grouping == "services":
        return title
    return title_with.format(grouping=table.grouping_title(grouping))


def _reached(
    table: IOTable, used: Mapping[str, str | None]
) -> tuple[dict[str, str], tuple[Note, ...]]:
    """Options as they were computed: inputs whose product is unknown are in no origin."""
    kept = {key: value for key, value in used.items() if value is not None}
    unseen = table.unseen_imports
    if unseen == 0.0 or kept.get("origin") != "total":
        return kept, ()
    text = f"imported inputs, {unseen:.1%} of all, are not split by product and are left out"
    return {**kept, "origin": "domestic"}, (Note("imports-not-split", text),)


def _out_of_range(values: Array, low: float | None, high: float | None) -> tuple[Note, ...]:
    under = 0 if low is None else int((values < low - RANGE_NOISE).sum())
    over = 0 if high is None else int((values > high + RANGE_NOISE).sum())
    if not under + over:
        return ()
    text = f"{under + over} values outside {low} to {high}: negative flows in the table"
    return (Note("out-of-range", text),)


def _unit(table: IOTable, unit: str) -> str:
    return (table.info.money or "currency") if unit == MONEY else unit


def _grouping_notes(table: IOTable, given: Mapping[str, Any]) -> tuple[Note, ...]:
    """What must be known of the groupings among the options that were used."""
    names = [given[key] for key in ("grouping", "by") if key in given]
    named = [name for name in names if name not in ("industry", "economy", "")]
    return tuple(note for grouping in named for note in table.grouping_notes(grouping))


def data_residual(table: IOTable) -> float:
    """Largest relative gap of the published balance; NaN where the balance gave the numbers."""
    found: float = table.once("data residual", lambda: _data_residual(table))
    return found


def _data_residual(table: IOTable) -> float:
    scale = float(np.abs(table.x).max(initial=0.0)) or 1.0
    gaps = zip((row_gap, column_gap), checkable(table), strict=True)
    sizes = [float(np.abs(gap(table)).max(initial=0.0)) for gap, checked in gaps if checked]
    return max(sizes, default=float("nan")) / scale


def _options(function: Callable[..., Any]) -> dict[str, Option]:
    hints = get_type_hints(function, include_extras=True)
    options = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or parameter.name == "base":
            continue
        hint = hints[parameter.name]
        words = getattr(hint, "__metadata__", ())
        hint = hint.__origin__ if words else hint
        choices = tuple(get_args(hint)) if get_origin(hint) is Literal else ()
        kind = str if choices else next((t for t in (bool, int, float) if hint is t), str)
        options[parameter.name] = Option(parameter.name, parameter.default, kind, choices, words)
    return options


def given_options(
    name: str, options: Mapping[str, Option], asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Every option with its value, asked for or default, checked."""
    unknown = [key for key in asked if key not in options and key != "base"]
    if unknown:
        raise _unknown_option(name, unknown[0], options)
    given = {key: asked.get(key, option.default) for key, option in options.items()}
    for key, value in given.items():
        _check_option(f"{name} {key}", options[key], value)
    return given


def _check_option(place: str, option: Option, value: Any) -> None:
    if option.choices and value not in option.choices:
        raise _bad_option(place, value, " or ".join(option.choices))
    if option.kind is bool and not isinstance(value, bool):
        raise _bad_option(place, value, "True or False")
    if option.kind in (int, float) and (isinstance(value, bool) or not isinstance(value, Real)):
        raise _bad_option(place, value, "a number")
    if option.kind is str and not isinstance(value, str | Grouping):
        raise _bad_option(place, value, 'a text, such as "NAFTA=USA+CAN+MEX"' if option.name ==
                          "blocs" else "a name")  # fmt: skip


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(getattr(value, "name", value))


def _unknown_option(measure: str, name: str, options: Iterable[str]) -> UsageError:
    options = sorted(options)
    near = get_close_matches(name, options, n=2) or options
    return UsageError(
        f"{measure} option {name!r}",
        found="an unknown option",
        expected=f"one of {', '.join(near)}" if options else "no option",
        remedy="`servio list measures` shows each measure's options.",
    )


def _bad_option(place: str, found: Any, expected: str) -> UsageError:
    return UsageError(
        f"option {place}", found=repr(found), expected=expected, remedy="Give one of these."
    )
