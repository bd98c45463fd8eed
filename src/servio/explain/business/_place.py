"""Place a described business model in the typology, and explain the placing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from servio.errors import UsageError
from servio.explain.business._base import base, count_cues, orientations
from servio.explain.business._data import DIMENSIONS, Dimension, stop_words, typology
from servio.explain.business._form import check_agreement, decided, left_open, shares
from servio.explain.business._model import LEAST_WORDS, Reader, fit, is_clear, names_level
from servio.explain.business._words import cosine, cues_in, occurrences, telling, words

__all__ = ["LIMIT", "Label", "Nearest", "Placing", "Spoke", "place"]

Floats = NDArray[np.float64]

LIMIT = 20_000
"""Most characters of a description."""

LEAST_ENGLISH = 0.4
"""Least share of words that are the cases' or stop words, in a text that is taken for English."""

TERMS = 8
NEAREST = 3


@dataclass(frozen=True)
class Spoke:
    """A word, cue or answer that spoke for a level, or against it.

    Parameters
    ----------
    term : str
    weight : float or None
        What it adds to the log of the level's probability, before all are brought to sum to one;
        None for an answer, which is not weighed but holds.
    kind : {"word", "cue", "answer"}
        Learned from the cases, written by hand, or given.
    """

    term: str
    weight: float | None
    kind: Literal["word", "cue", "answer"]


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
        Of each level, from the text and from answers that leave it open; empty where answers
        decide, and where nothing speaks for any level.
    evidence : tuple of Spoke
        Answers, and what spoke for the most probable level, strongest first.
    reason : str
        Why there is no level; empty where there is one.
    missing : tuple of str
        Questions of the form that would decide it; empty where there is a level.
    """

    dimension: str
    level: str | None
    basis: Literal["answers", "text", "none"]
    probabilities: dict[str, float]
    evidence: tuple[Spoke, ...]
    reason: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Nearest:
    """A case that is like what was described.

    Parameters
    ----------
    case, firm, product : str
    similarity : float
        Mean of `text` and `labels`, of those that are known; from zero to one.
    text : float or None
        Cosine of the descriptions, rare words counting more; None without a word that is known.
    labels : float or None
        Share of the dimensions on which the case has the same level; where no level was named
        but something speaks, the probability of the case's level before anything is known of how
        common it is; None where nothing speaks.
    source : str
        Where the case is described, and whether that was read again.
    verified : bool
        Whether a public page was read against the case.
    """

    case: str
    firm: str
    product: str
    similarity: float
    text: float | None
    labels: float | None
    source: str
    verified: bool


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
        The cases that are most like it; empty only where no word, cue or answer speaks.
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
    and what may go wrong? Answers to the questions of `typology` give levels by rules, and a level
    may be given outright by its dimension; what they leave open is read off the description:
    ``log p(k) = log prior_k + a sum_w log(theta_kw / theta_w) + b cues_k + constant``, where
    ``theta_kw`` is the share of the cases of level ``k`` with word ``w`` (shrunk to the share of
    all), ``cues_k`` the number of the level's cues found, and ``a``, ``b`` have the least log
    loss over folds of the cases. Answers that leave a level open weigh each by the share of its
    full sets of answers that agree with them. In a text of few known words only a cue can name a
    level.

    Parameters
    ----------
    description : str
        What is offered to whom and how it is paid for, in English, `LIMIT` characters at most.
    answers : mapping of str to str, optional
        Answer to each question, or level of each dimension, by their ids; not all need be given.

    Returns
    -------
    Placing
        A level is None where there is not enough evidence: too few words that the cases know,
        none as probable as all others together, or two levels about as probable.

    Raises
    ------
    UsageError
        Neither text nor answers, a text that is too long or has control characters, an unknown
        question or answer, answers that can't hold together.

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
    >>> short = business.place("copiers paid per page")
    >>> short.level("pss"), short.level("contact"), short.nearest[0].firm
    ('pay_per_unit', None, 'Xerox')
    """
    given = _checked(description, answers)
    text = _Text(description) if description.strip() else None
    labels = tuple(_label(typology().get(name), given, text) for name in DIMENSIONS)
    near = _nearest(text, labels)
    placed = {label.dimension: label.level for label in labels if label.level is not None}
    levels = [typology().get(name).get(level) for name, level in placed.items()]
    capabilities = tuple(line for level in levels for line in level.capabilities)
    risks = tuple(line for level in levels for line in level.risks)
    cited = {line.rpartition("(")[2].removesuffix(").") for line in (*capabilities, *risks)}
    return Placing(
        labels=labels,
        orientation=_orientation(labels[DIMENSIONS.index("pss")], text),
        nearest=near[:NEAREST],
        capabilities=capabilities,
        risks=risks,
        literature={name: typology().literature[name] for name in sorted(cited)},
        notes=tuple(_notes(labels, placed, text, near)),
    )


class _Text:
    """A description as words and arrays."""

    def __init__(self, description: str) -> None:
        self.words = words(description)
        (self.present,) = occurrences([telling(description)], base().vocabulary)
        self.known = int(self.present.sum())
        self.likeness = cosine(self.present, base().present)
        self.foreign = _foreign(description, self.words)

    def speaks_on(self, dimension: Dimension) -> bool:
        """Whether it has enough known words, or a cue for the dimension."""
        return self.known >= LEAST_WORDS or bool(count_cues(self.words, dimension).any())


def _foreign(description: str, found: Sequence[str]) -> bool:
    """Whether a text is in other letters, or has too few English words to be English."""
    letters = [c for c in unicodedata.normalize("NFKD", description) if c.isalpha()]
    if sum(c.isascii() for c in letters) < len(letters) / 2:
        return True
    english = sum(word in stop_words() or word in base().vocabulary for word in found)
    return len(found) >= LEAST_WORDS and english < LEAST_ENGLISH * len(found)


def _checked(description: object, answers: object) -> dict[str, str]:
    if not isinstance(description, str):
        raise UsageError("description", found=type(description).__name__, expected="a text",
                         remedy="Give answers by name: place(answers={...}).")  # fmt: skip
    if len(description) > LIMIT:
        raise UsageError("description", found=f"{len(description)} characters",
                         expected=f"at most {LIMIT}", remedy="Shorten it.")  # fmt: skip
    for at, letter in enumerate(description):
        if unicodedata.category(letter) in ("Cc", "Cs") and not letter.isspace():
            raise UsageError("description", found=f"U+{ord(letter):04X} at character {at + 1}",
                             expected="a text without control characters",
                             remedy="Remove it.")  # fmt: skip
    if answers is not None and not isinstance(answers, Mapping):
        raise UsageError("answers", found=type(answers).__name__, expected="answers by question",
                         remedy="Write for example answers={'pays_for': 'unit'}.")  # fmt: skip
    given = dict(answers or {})
    known = _answerable()
    for question, answer in given.items():
        if question not in known:
            raise _unknown("answers", question, known)
        if not isinstance(answer, str) or answer not in known[question]:
            raise _unknown(f"answers, {question}", answer, known[question])
    if not description.strip() and not given:
        raise UsageError("description", found="nothing", expected="a description or answers",
                         remedy="Say what is offered and how it is paid for.")  # fmt: skip
    check_agreement(given)
    return given


def _answerable() -> dict[object, tuple[str, ...]]:
    """What can be answered with what: questions, and dimensions with their levels."""
    known: dict[object, tuple[str, ...]] = {q.id: tuple(q.answers) for q in typology().question}
    return known | {name: typology().get(name).levels for name in DIMENSIONS}


def _unknown(where: str, name: object, known: Iterable[object]) -> UsageError:
    names = [str(one) for one in known]
    near = get_close_matches(name, names, n=1) if isinstance(name, str) else []
    remedy = f"Did you mean {near[0]!r}?" if near else "Choose one of them."
    return UsageError(where, found=repr(name)[:80], expected=f"one of {', '.join(names)}",
                      remedy=remedy)  # fmt: skip


def _label(dimension: Dimension, answers: Mapping[str, str], text: _Text | None) -> Label:
    weights = shares(dimension, answers)
    told = _told(dimension, answers)
    level = decided(weights)
    if level is not None:
        return Label(dimension.id, level, "answers", {}, told, "", ())
    missing = left_open(dimension, answers)
    row, spoken, named = _read(dimension, text, weights)
    if not row:
        doubt = f"only {text.known} of its words occur in the cases and no cue; " if text else ""
    else:
        best, second = sorted(row, key=lambda name: -row[name])[:2]
        if named:
            return Label(dimension.id, best, "text", row, (*told, *spoken), "", ())
        doubt = f"{best} or {second}; "
    reason = f"not enough evidence: {doubt}answer {', '.join(missing)}"
    return Label(dimension.id, None, "none", row, (*told, *spoken), reason, missing)


def _told(dimension: Dimension, answers: Mapping[str, str]) -> tuple[Spoke, ...]:
    """The answers that bear on a dimension."""
    bearing = (dimension.id, *dimension.asked)
    return tuple(Spoke(f"{q} = {answers[q]}", None, "answer") for q in bearing if q in answers)


def _read(
    dimension: Dimension, text: _Text | None, weights: Mapping[str, float]
) -> tuple[dict[str, float], tuple[Spoke, ...], bool]:
    """Probabilities of the levels, what spoke for the most probable one, whether it is named.

    A text of few known words and no cue for the dimension is left out.
    """
    if text is None or not text.speaks_on(dimension):
        return dict(weights), (), False
    reader, cues = _reader(dimension.id), count_cues(text.words, dimension)
    (row,) = reader.probabilities(text.present[None], cues[None])
    if weights:
        row = row * np.array([weights[level] for level in dimension.levels])
        row = row / row.sum()
    best = int(row.argmax())
    found = cues_in(text.words, dimension.level[best].cues)
    probabilities = {name: float(p) for name, p in zip(dimension.levels, row, strict=True)}
    spoken = _spoke(reader, text, best, found)
    return probabilities, spoken, names_level(row, text.known, cues)


def _spoke(reader: Reader, text: _Text, level: int, cues: Sequence[str]) -> tuple[Spoke, ...]:
    weights = reader.word_weight * reader.ratios[:, level] * text.present
    said = [(base().vocabulary[k], float(weights[k])) for k in np.flatnonzero(weights)]
    strongest = sorted(
        [(-abs(weight), term, Spoke(term, weight, "word")) for term, weight in said]
        + [(-reader.cue_weight, cue, Spoke(cue, reader.cue_weight, "cue")) for cue in cues],
        key=lambda one: one[:2],
    )
    return tuple(spoke for size, _, spoke in strongest[:TERMS] if size)


@cache
def _reader(dimension: str) -> Reader:
    """Reader fitted to all cases."""
    found = base()
    return fit(found.present, found.cues[dimension], found.labels[dimension])


def _orientation(label: Label, text: _Text | None) -> str | None:
    """Group of the type; where none is named, of the sum over types, which may be clear."""
    if label.level is not None:
        return typology().get("pss").get(label.level).group
    if text is None or text.known < LEAST_WORDS:
        return None
    names, member = orientations()
    row = np.array(list(label.probabilities.values())) @ member
    return names[int(row.argmax())] if is_clear(row) else None


def _nearest(text: _Text | None, labels: Sequence[Label]) -> tuple[Nearest, ...]:
    """The cases that are like it, nearest first; none where nothing speaks."""
    spoken = [label for label in labels if label.level is not None or label.probabilities]
    likeness = text.likeness if text is not None and text.known else None
    if not spoken and likeness is None:
        return ()
    support = {label.dimension: _support(label, text) for label in spoken}
    made = []
    for number, case in enumerate(base().cases):
        same = [support[label.dimension][case.level(label.dimension)] for label in spoken]
        share = sum(same) / len(same) if same else None
        alike = None if likeness is None else float(likeness[number])
        parts = [part for part in (share, alike) if part is not None]
        made.append(
            Nearest(case.id, case.firm, case.product, sum(parts) / len(parts), alike, share,
                    case.source.cited, case.verified)
        )  # fmt: skip
    like = [one for one in made if one.similarity > 0]
    return tuple(sorted(like, key=lambda one: (-one.similarity, one.case)))


def _support(label: Label, text: _Text | None) -> dict[str, float]:
    """How much speaks for each level: all for a named one, else its probability without prior."""
    dimension = typology().get(label.dimension)
    if label.level is not None:
        return {level: float(level == label.level) for level in dimension.levels}
    row = np.array([label.probabilities[level] for level in dimension.levels])
    if text is not None and text.speaks_on(dimension):
        row = row / np.exp(_reader(dimension.id).log_prior)
    return dict(zip(dimension.levels, (row / row.sum()).tolist(), strict=True))


def _notes(
    labels: Sequence[Label],
    placed: Mapping[str, str],
    text: _Text | None,
    near: Sequence[Nearest],
) -> list[str]:
    notes = []
    if text is not None and text.foreign:
        notes.append(
            "The description does not read as English, the only language covered: describe it in "
            "English, or answer the questions."
        )
    missing = tuple(dict.fromkeys(question for label in labels for question in label.missing))
    if missing:
        undecided = ", ".join(label.dimension for label in labels if label.missing)
        notes.append(f"Undecided: {undecided}. Answers that would decide: {', '.join(missing)}.")
    notes += [note for label in labels for note in _contradicted(label, text)]
    if text is not None and any(label.probabilities for label in labels):
        notes.append(
            f"Probabilities rest on {len(base().cases)} cases described and labelled by one hand: "
            "they order the levels, and a text by somebody else is placed less well."
        )
    if placed.get("combination") == "connected" and placed.get("iot") == "no":
        notes.append("A connected combination sends data, yet iot is no: answer question data.")
    equal = sum(one.similarity == near[0].similarity for one in near)
    if equal > NEAREST:
        notes.append(f"{equal} cases are equally near; the first {NEAREST} by name are shown.")
    if "pss" not in placed:
        notes.append("Without a type there are no capabilities and risks of a type.")
    return notes


def _contradicted(label: Label, text: _Text | None) -> Iterator[str]:
    """What the text would say where the answers say otherwise."""
    if text is None or label.basis != "answers":
        return
    alone = _label(typology().get(label.dimension), {}, text)
    if alone.level is not None and alone.level != label.level:
        told = ", ".join(one.term for one in alone.evidence[:3])
        yield (
            f"{label.dimension}: the answers say {label.level}, the text speaks for {alone.level} "
            f"({told}); the answers hold."
        )
