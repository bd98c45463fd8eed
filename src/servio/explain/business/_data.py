"""Typology and cases of business models: data files, read and checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import product
from typing import Any, TypeVar

import msgspec

from servio.classify import classification
from servio.errors import FormatError

__all__ = [
    "DIMENSIONS",
    "Case",
    "Dimension",
    "Level",
    "Publication",
    "Question",
    "Typology",
    "cases",
    "read_cases",
    "read_typology",
    "stop_words",
    "typology",
]

DIMENSIONS = ("contact", "technology", "stage", "combination", "pss", "iot")
"""Names of the dimensions, which are fields of a `Case` too."""

INDUSTRIES = "isic4_divisions"
WORDS = (60, 120)
YEARS = (1800, 2100)
_ROOT = resources.files("servio.explain.business") / "data"


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question of the form.

    Parameters
    ----------
    id : str
    text : str
    answers : dict of str to str
        What each answer means.
    """

    id: str
    text: str
    answers: dict[str, str]


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A level of a dimension.

    Parameters
    ----------
    id : str
    definition : str
    cues : tuple of str
        Words that speak for it in a text; ``word*`` stands for all that begin so.
    capabilities, risks : tuple of str
        What it needs and what may go wrong, each with its source in brackets.
    group : str
        Of the types of product-service systems: product-, use- or result-oriented.
    """

    id: str
    definition: str
    cues: tuple[str, ...]
    capabilities: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    group: str = ""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The level that answers give."""

    level: str
    when: dict[str, str]


class Dimension(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A dimension of the typology.

    Parameters
    ----------
    id, title, definition : str
    level : tuple of Level
    rule : tuple of Rule
    """

    id: str
    title: str
    definition: str
    level: tuple[Level, ...]
    rule: tuple[Rule, ...]

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the questions whose answers give its level."""
        return tuple(dict.fromkeys(question for rule in self.rule for question in rule.when))

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the levels."""
        return tuple(level.id for level in self.level)

    def get(self, level: str) -> Level:
        """The level of that name."""
        return self.level[self.levels.index(level)]


class Typology(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Dimensions, questions and literature.

    Parameters
    ----------
    source : str
    question : tuple of Question
    dimension : tuple of Dimension
    literature : dict of str to str
        Full titles of what capabilities and risks name.
    """

    source: str
    question: tuple[Question, ...]
    dimension: tuple[Dimension, ...]
    literature: dict[str, str]

    def get(self, dimension: str) -> Dimension:
        """The dimension of that name."""
        return self.dimension[DIMENSIONS.index(dimension)]


class Publication(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a case is described.

    Parameters
    ----------
    publisher, title : str
    year : int, optional
    url : str
        Address, where the page was found.
    verified : str
        Month in which the page was read against the case, such as 2026-11; empty where it wasn't.
    """

    publisher: str
    title: str
    year: int | None = None
    url: str = ""
    verified: str = ""

    @property
    def cited(self) -> str:
        """The source in a line, and whether it was read."""
        year = f" ({self.year})" if self.year else ""
        address = f", {self.url}" if self.url else ""
        read = f"read {self.verified}" if self.verified else "source not re-read"
        return f"{self.publisher}: {self.title}{year}{address} [{read}]"


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A business model of a firm that joins a product and a service.

    Parameters
    ----------
    id, firm, product : str
    industry : str
        ISIC Rev.4 division of the product.
    description : str
        60 to 120 words of our own.
    contact, technology, stage, combination, pss, iot : str
        Level on each dimension, as judged by hand.
    source : Publication
    started : int, optional
        Year in which the offer began, where it is publicly known.
    """

    id: str
    firm: str
    product: str
    industry: str
    description: str
    contact: str
    technology: str
    stage: str
    combination: str
    pss: str
    iot: str
    source: Publication
    started: int | None = None

    @property
    def verified(self) -> bool:
        """Whether a public page was read against it."""
        return bool(self.source.verified)

    def level(self, dimension: str) -> str:
        """Its level on a dimension."""
        found: str = getattr(self, dimension)
        return found


@cache
def typology() -> Typology:
    """Dimensions, levels, types and questions.

    By what do business models that join product and service differ?

    Returns
    -------
    Typology

    Examples
    --------
    >>> from servio.explain import business
    >>> [dimension.id for dimension in business.typology().dimension]
    ['contact', 'technology', 'stage', 'combination', 'pss', 'iot']
    >>> business.typology().get("pss").get("lease").group
    'use-oriented'
    """
    return read_typology((_ROOT / "typology.toml").read_text(encoding="utf-8"), "typology.toml")


@cache
def cases() -> tuple[Case, ...]:
    """All cases, by name.

    Which firms have joined a product with a service, and how?

    Returns
    -------
    tuple of Case

    Examples
    --------
    >>> from servio.explain import business
    >>> case = {case.id: case for case in business.cases()}["hilti-fleet-management"]
    >>> case.pss, case.iot, case.started
    ('lease', 'no', 2000)
    """
    found: list[Case] = []
    for file in sorted((_ROOT / "cases").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            found += read_cases(file.read_text(encoding="utf-8"), file.name)
    _once([case.id for case in found], "cases", "case")
    return tuple(sorted(found, key=lambda case: case.id))


@cache
def stop_words() -> frozenset[str]:
    """Words that say nothing about a business model."""
    text = tomllib.loads((_ROOT / "words.toml").read_text(encoding="utf-8"))["stop"]
    return frozenset(text.split())


def read_typology(text: str, place: str) -> Typology:
    """A typology from TOML, checked: every full set of answers has one level on each dimension."""
    found = _convert(_load(text, place), Typology, place)
    if (names := tuple(d.id for d in found.dimension)) != DIMENSIONS:
        raise _wrong(place, f"dimensions {', '.join(names)}", ", ".join(DIMENSIONS))
    _once([question.id for question in found.question], place, "question")
    answers = {question.id: tuple(question.answers) for question in found.question}
    for dimension in found.dimension:
        _once(dimension.levels, f"{place}: {dimension.id}", "level")
        _complete(dimension, answers, f"{place}: {dimension.id}")
        for level in dimension.level:
            _cited(level, found.literature, f"{place}: {dimension.id}: {level.id}")
    return found


def read_cases(text: str, place: str) -> list[Case]:
    """Cases from TOML, checked against the typology."""
    loaded = _load(text, place)
    if set(loaded) != {"case"} or not isinstance(loaded["case"], list):
        raise _wrong(place, f"tables {', '.join(loaded) or 'none'}", "[[case]] tables only")
    found = []
    for number, entry in enumerate(loaded["case"], start=1):
        name = entry.get("id", f"number {number}") if isinstance(entry, dict) else f"{number}"
        case = _convert(entry, Case, f"{place}: {name}")
        for fault, expected in _faults(case):
            raise _wrong(f"{place}: {name}", fault, expected)
        found.append(case)
    return found


def _faults(case: Case) -> Iterator[tuple[str, str]]:
    """What is wrong with a case, and what should be there."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", case.id):
        yield f"id {case.id!r}", "small letters, digits and hyphens"
    for name in ("firm", "product"):
        if not getattr(case, name).strip():
            yield f"no {name}", f"the {name}"
    if case.industry not in classification(INDUSTRIES).codes:
        yield f"industry {case.industry!r}", "a division of ISIC Rev.4, such as 28"
    words = len(case.description.split())
    if not WORDS[0] <= words <= WORDS[1]:
        yield f"a description of {words} words", f"{WORDS[0]} to {WORDS[1]} words"
    if case.started is not None and not YEARS[0] <= case.started <= YEARS[1]:
        yield f"started = {case.started}", "a year"
    for name in DIMENSIONS:
        levels = typology().get(name).levels
        if case.level(name) not in levels:
            yield f"{name} = {case.level(name)!r}", f"one of {', '.join(levels)}"
    if case.combination == "connected" and case.iot != "yes":
        yield "a connected combination without iot", 'iot = "yes"'
    if not (case.source.publisher.strip() and case.source.title.strip()):
        yield "a source without publisher or title", "both"
    if case.source.url and not re.match(r"https?://\S+$", case.source.url):
        yield f"url {case.source.url!r}", "an address that begins with http"
    if case.source.verified and not case.source.url:
        yield "verified without url", "the address of the page that was read"
    if case.source.verified and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", case.source.verified):
        yield f"verified = {case.source.verified!r}", "a month such as 2026-11"


def _complete(dimension: Dimension, answers: Mapping[str, Sequence[str]], place: str) -> None:
    """Every full set of answers meets rules, and all of them give the same level."""
    for rule in dimension.rule:
        if rule.level not in dimension.levels:
            raise _wrong(place, f"a rule for {rule.level!r}", "a level of the dimension")
        for question, answer in rule.when.items():
            if answer not in answers.get(question, ()):
                raise _wrong(place, f"a rule on {question} = {answer!r}", "an answer of a question")
    for chosen in product(*(answers[question] for question in dimension.asked)):
        given = dict(zip(dimension.asked, chosen, strict=True))
        levels = {r.level for r in dimension.rule if r.when.items() <= given.items()}
        if len(levels) != 1:
            told = ", ".join(f"{q} = {a}" for q, a in given.items())
            raise _wrong(place, f"{len(levels)} levels for {told}", "exactly one level")


def _cited(level: Level, literature: Mapping[str, str], place: str) -> None:
    for text in (*level.capabilities, *level.risks):
        found = re.search(r"\(([^()]+)\)\.$", text)
        if found is None or found.group(1) not in literature:
            raise _wrong(place, f"no known source after {text[:40]!r}", "one of [literature]")


T = TypeVar("T")


def _convert(entry: Any, kind: type[T], place: str) -> T:
    try:
        return msgspec.convert(entry, kind)
    except msgspec.ValidationError as fault:
        raise _wrong(place, str(fault), f"the fields of a {kind.__name__}") from None


def _load(text: str, place: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise _wrong(place, str(fault), "TOML") from None


def _once(names: Sequence[str], place: str, kind: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise _wrong(place, f"the {kind} {name!r} more than once", "each once")


def _wrong(place: str, found: str, expected: str) -> FormatError:
    return FormatError(place, found=found, expected=expected, remedy="Correct the file.")
