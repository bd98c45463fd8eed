"""Place a described business model in the typology, and explain the placing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from servio.errors import UsageError
from servio.explain.business._base import base, count_cues, orientations
from servio.explain.business._data import DIMENSIONS, Dimension, typology
from servio.explain.business._model import Reader, fit, is_clear
from servio.explain.business._words import cosine, cues_in, occurrences, telling, words

__all__ = ["LIMIT", "Label", "Nearest", "Placing", "Spoke", "place"]

Floats = NDArray[np.float64]

LIMIT = 20_000
"""Most characters of a description."""

LEAST_WORDS = 8
"""Least number of telling words that the cases know, for a text to be read."""

TERMS = 8
NEAREST = 3


@dataclass(frozen=True)
class Spoke:
    """A word or cue that spoke for a level, or against it.

    Parameters
    ----------
    term : str
    weight : float
        What it adds to the log of the level's probability, before all are brought to sum to one.
    kind : {"word", "cue"}
        Learned from the cases, or written by hand.
    """

    term: str
    weight: float
    kind: Literal["word", "cue"]


@dataclass(frozen=True)
class Label:
    """The level on one dimension.

    Parameters
    ----------
    dimension : str
    level : str or None
        None where there is not enough evidence.
    basis : {"answers", "text", "none"}
    probabilities : dict of str to float
        Of each level, from the text; empty where answers decide or the text was not read.
    evidence : tuple of Spoke
        What spoke for the most probable level, strongest first.
    reason : str
        Why there is no level; empty where there is one.
    """

    dimension: str
    level: str | None
    basis: Literal["answers", "text", "none"]
    probabilities: dict[str, float]
    evidence: tuple[Spoke, ...]
    reason: str


@dataclass(frozen=True)
class Nearest:
    """A case that is like what was described.

    Parameters
    ----------
    case, firm, product : str
    similarity : float
        Mean of `text` and `labels`, of those that are known; from zero to one.
    text : float or None
        Cosine of the descriptions, rare words counting more; None without a text.
    labels : float or None
        Share of the placed dimensions on which the case has the same level.
    """

    case: str
    firm: str
    product: str
    similarity: float
    text: float | None
    labels: float | None


@dataclass(frozen=True)
class Placing:
    """Where a business model stands in the typology, and why.

    Parameters
    ----------
    labels : tuple of Label
        One for each dimension.
    orientation : str or None
        Group of the type: product-, use- or result-oriented.
    nearest : tuple of Nearest
        The cases that are most like it.
    capabilities, risks : tuple of str
        Of the levels it was placed on, each with its source in brackets.
    literature : dict of str to str
        Full titles of those sources.
    notes : tuple of str
        What to keep in mind in reading this.
    """

    labels: tuple[Label, ...]
    orientation: str | None
    nearest: tuple[Nearest, ...]
    capabilities: tuple[str, ...]
    risks: tuple[str, ...]
    literature: dict[str, str]
    notes: tuple[str, ...]

    def level(self, dimension: str) -> str | None:
        """The level on a dimension, None where there is not enough evidence."""
        return self.labels[DIMENSIONS.index(dimension)].level

    def record(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)


def place(description: str = "", answers: Mapping[str, str] | None = None) -> Placing:
    """Place a firm's offer in the typology of business models.

    What kind of product-service model is this, which known cases are nearest, what does it need
    and what may go wrong? Answers to the questions of `typology` give levels by rules; what they
    leave open is read off the description:
    ``log p(k) = log prior_k + a sum_w log(theta_kw / theta_w) + b cues_k + constant``, where
    ``theta_kw`` is the share of the cases of level ``k`` with word ``w`` (shrunk to the share of
    all), ``cues_k`` the number of the level's cues found, and ``a``, ``b`` have the least log
    loss over folds of the cases.

    Parameters
    ----------
    description : str
        What is offered to whom and how it is paid for, in English, `LIMIT` characters at most.
    answers : mapping of str to str, optional
        Answer to each question, by their ids; not all need be given.

    Returns
    -------
    Placing
        A level is None where there is not enough evidence: too few words that the cases know,
        or two levels about as probable.

    Raises
    ------
    UsageError
        Neither text nor answers, a text that is too long, an unknown question or answer.

    Notes
    -----
    Probabilities are fitted to a few dozen cases that one hand described and labelled
    (`accuracy`); they order the levels and are no frequencies of an outside world. The model is
    naive Bayes with tempered words; Hand & Yu (2001), Idiot's Bayes: not so stupid after all?,
    International Statistical Review 69:385-398. Probabilities of a dimension add to one.

    Examples
    --------
    >>> from servio.explain import business
    >>> placing = business.place(
    ...     "We install pumps in the customer's plant, remain the owner and run them. The plant "
    ...     "pays for each cubic metre pumped. Sensors send data to our engineers, who come for "
    ...     "maintenance on site before a breakdown; contracts run for years."
    ... )
    >>> placing.level("pss"), placing.orientation, placing.level("iot")
    ('pay_per_unit', 'result-oriented', 'yes')
    >>> business.place(answers={"pays_for": "period", "people": "no"}).level("pss")
    'lease'
    """
    given = _checked(description, dict(answers or {}))
    text = _Text(description) if description.strip() else None
    labels = tuple(_label(typology().get(name), given, text) for name in DIMENSIONS)
    placed = {label.dimension: label.level for label in labels if label.level is not None}
    levels = [typology().get(name).get(level) for name, level in placed.items()]
    capabilities = tuple(line for level in levels for line in level.capabilities)
    risks = tuple(line for level in levels for line in level.risks)
    cited = {line.rpartition("(")[2].removesuffix(").") for line in (*capabilities, *risks)}
    return Placing(
        labels=labels,
        orientation=_orientation(labels[DIMENSIONS.index("pss")]),
        nearest=_nearest(text, placed),
        capabilities=capabilities,
        risks=risks,
        literature={name: typology().literature[name] for name in sorted(cited)},
        notes=tuple(_notes(labels, placed)),
    )


class _Text:
    """A description as words and arrays."""

    def __init__(self, description: str) -> None:
        self.words = words(description)
        (self.present,) = occurrences([telling(description)], base().vocabulary)
        self.likeness = cosine(self.present, base().present)

    @property
    def fault(self) -> str:
        """Why it can't be read; empty where it can."""
        known = int(self.present.sum())
        if known < LEAST_WORDS:
            return f"only {known} of its words occur in the cases; {LEAST_WORDS} are needed"
        return ""


def _checked(description: str, answers: dict[str, str]) -> dict[str, str]:
    if not isinstance(description, str):
        raise UsageError("description", found=type(description).__name__, expected="a text",
                         remedy="Give answers by name: place(answers={...}).")  # fmt: skip
    if len(description) > LIMIT:
        raise UsageError("description", found=f"{len(description)} characters",
                         expected=f"at most {LIMIT}", remedy="Shorten it.")  # fmt: skip
    questions = {question.id: question.answers for question in typology().question}
    for question, answer in answers.items():
        if question not in questions:
            raise _unknown("answers", question, questions)
        if answer not in questions[question]:
            raise _unknown(f"answers, {question}", answer, questions[question])
    if not description.strip() and not answers:
        raise UsageError("description", found="nothing", expected="a description or answers",
                         remedy="Say what is offered and how it is paid for.")  # fmt: skip
    return answers


def _unknown(where: str, name: object, known: Mapping[str, object]) -> UsageError:
    near = get_close_matches(str(name), known, n=1)
    remedy = f"Did you mean {near[0]!r}?" if near else "Choose one of them."
    return UsageError(where, found=repr(name), expected=f"one of {', '.join(known)}", remedy=remedy)


def _label(dimension: Dimension, answers: Mapping[str, str], text: _Text | None) -> Label:
    for rule in dimension.rule:
        if rule.when.items() <= answers.items():
            return Label(dimension.id, rule.level, "answers", {}, (), "")
    if text is None:
        asked = dict.fromkeys(question for rule in dimension.rule for question in rule.when)
        wanting = ", ".join(question for question in asked if question not in answers)
        return Label(dimension.id, None, "none", {}, (), f"not enough evidence: answer {wanting}")
    if text.fault:
        return Label(dimension.id, None, "none", {}, (), f"not enough evidence: {text.fault}")
    return _read(dimension, text)


def _read(dimension: Dimension, text: _Text) -> Label:
    """The level that a text gives, and what in it spoke for that level."""
    reader, cues = _reader(dimension.id), count_cues(text.words, dimension)
    (row,) = reader.probabilities(text.present[None], cues[None])
    best, second = (int(number) for number in np.argsort(-row, kind="stable")[:2])
    level, next_to = dimension.levels[best], dimension.levels[second]
    reason = "" if is_clear(row) else f"not enough evidence: {level} or {next_to}"
    return Label(
        dimension.id,
        None if reason else level,
        "none" if reason else "text",
        {name: float(p) for name, p in zip(dimension.levels, row, strict=True)},
        _spoke(reader, text, best, cues_in(text.words, dimension.level[best].cues)),
        reason,
    )


def _spoke(reader: Reader, text: _Text, level: int, cues: Sequence[str]) -> tuple[Spoke, ...]:
    weights = reader.word_weight * reader.ratios[:, level] * text.present
    said = [Spoke(base().vocabulary[k], float(weights[k]), "word") for k in np.flatnonzero(weights)]
    said += [Spoke(cue, reader.cue_weight, "cue") for cue in cues if reader.cue_weight]
    return tuple(sorted(said, key=lambda one: (-abs(one.weight), one.term))[:TERMS])


@cache
def _reader(dimension: str) -> Reader:
    """Reader fitted to all cases."""
    found = base()
    return fit(found.present, found.cues[dimension], found.labels[dimension])


def _orientation(label: Label) -> str | None:
    """Group of the type; from a text, the sum over types, which may be clear where they aren't."""
    if label.basis == "answers" and label.level is not None:
        return typology().get("pss").get(label.level).group
    if not label.probabilities:
        return None
    names, member = orientations()
    row = np.array(list(label.probabilities.values())) @ member
    return names[int(row.argmax())] if is_clear(row) else None


def _nearest(text: _Text | None, placed: Mapping[str, str]) -> tuple[Nearest, ...]:
    """The cases most like it; none where nothing was placed."""
    if not placed:
        return ()
    made = []
    for number, case in enumerate(base().cases):
        same = sum(case.level(name) == level for name, level in placed.items()) / len(placed)
        alike = None if text is None else float(text.likeness[number])
        both = same if alike is None else (same + alike) / 2
        made.append(Nearest(case.id, case.firm, case.product, both, alike, same))
    return tuple(sorted(made, key=lambda one: (-one.similarity, one.case))[:NEAREST])


def _notes(labels: Sequence[Label], placed: Mapping[str, str]) -> list[str]:
    notes = []
    if any(label.probabilities for label in labels):
        notes.append(
            f"Probabilities rest on {len(base().cases)} cases described and labelled by one hand: "
            "they order the levels, and a text by somebody else is placed less well."
        )
    if placed.get("combination") == "connected" and placed.get("iot") == "no":
        notes.append("A connected combination sends data, yet iot is no: answer question data.")
    if "pss" not in placed:
        notes.append("Without a type there are no capabilities and risks of a type.")
    return notes
