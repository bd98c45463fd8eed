"""How often the reader of texts is right about cases it has not seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy
from numpy.typing import NDArray

from servio.explain.business._base import Base, base, count_cues, orientations
from servio.explain.business._data import DIMENSIONS, typology
from servio.explain.business._model import LEAST_WORDS, fit, is_clear, names_level, shuffled
from servio.explain.business._words import occurrences, telling, words

__all__ = ["Accuracy", "accuracy"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Accuracy:
    """Shares of cases placed rightly on one dimension by their description alone.

    Parameters
    ----------
    dimension : str
        `orientation` is the group of the type of product-service system.
    levels, cases : int
    baseline : float
        Share of the most common level, which is right as often by saying nothing else.
    leave_one_out : float
        Share right when each case is read by a model fitted to all others.
    lower, upper : float
        Ends of its 95 % Clopper-Pearson interval.
    words_only : float
        Share right, one left out, without the cues written by hand.
    answered : float
        Share of cases on which the model does not say "not enough evidence".
    right_when_answered : float
    confidence : float
        Mean probability of the level chosen; above `leave_one_out` it is too sure of itself.
    held_back : float
        Share right in the third of the cases that was held back.
    held_back_baseline : float
        Share right there by the most common level of the other cases.
    held_back_cases : int
    sentences : int
        Sentences of the descriptions with few words that the other cases know, each read alone by
        a model fitted to the other cases.
    sentences_named : int
        Those in which a level was named.
    sentences_right : float or None
        Share of these that was right; None where none was named, and of `orientation`.
    """

    dimension: str
    levels: int
    cases: int
    baseline: float
    leave_one_out: float
    lower: float
    upper: float
    words_only: float
    answered: float
    right_when_answered: float
    confidence: float
    held_back: float
    held_back_baseline: float
    held_back_cases: int
    sentences: int
    sentences_named: int
    sentences_right: float | None


@cache
def accuracy() -> tuple[Accuracy, ...]:
    """Accuracy of the reader of texts for each dimension.

    How often is a description placed rightly? Every case is left out once, and once a third of
    all, drawn with a fixed seed, is held back; words, ratios and weights are fitted anew without
    them. Descriptions and labels come from the same hand, and cues do too: a text by somebody else
    is placed less well than these figures say.

    Returns
    -------
    tuple of Accuracy
        The six dimensions, then `orientation`.

    Examples
    --------
    >>> from servio.explain import business
    >>> stage = business.accuracy()[2]
    >>> stage.dimension, stage.leave_one_out > stage.baseline
    ('stage', True)
    """
    found = base()
    size = len(found.cases)
    held = shuffled(size) < size // 3
    singles = np.eye(size, dtype=bool)
    read = {}
    for name in DIMENSIONS:
        left, words = (
            np.vstack([_read(found, name, out, cues=cues) for out in singles])
            for cues in (True, False)
        )
        read[name] = (found.labels[name], left, words, _read(found, name, held))
    labels, *probabilities = read["pss"]
    member = orientations()[1]
    groups = (rows @ member for rows in probabilities)
    read["orientation"] = (member.argmax(axis=1)[labels], *groups)
    return tuple(
        _accuracy(name, held, *arrays, _sentences(found, name)) for name, arrays in read.items()
    )


def _accuracy(
    name: str,
    held: Flags,
    labels: Ints,
    left: Floats,
    wordy: Floats,
    third: Floats,
    alone: Sequence[bool | None],
) -> Accuracy:
    right = left.argmax(axis=1) == labels
    named = [one for one in alone if one is not None]
    clear = np.array([is_clear(row) for row in left])
    interval = scipy.stats.binomtest(int(right.sum()), len(right)).proportion_ci()
    return Accuracy(
        dimension=name,
        levels=left.shape[1],
        cases=len(labels),
        baseline=float((labels == np.bincount(labels).argmax()).mean()),
        leave_one_out=float(right.mean()),
        lower=float(interval.low),
        upper=float(interval.high),
        words_only=float((wordy.argmax(axis=1) == labels).mean()),
        answered=float(clear.mean()),
        right_when_answered=float(right[clear].mean()),
        confidence=float(left.max(axis=1).mean()),
        held_back=float((third.argmax(axis=1) == labels[held]).mean()),
        held_back_baseline=float((labels[held] == np.bincount(labels[~held]).argmax()).mean()),
        held_back_cases=int(held.sum()),
        sentences=len(alone),
        sentences_named=len(named),
        sentences_right=sum(named) / len(named) if named else None,
    )


def _read(found: Base, name: str, out: Flags, *, cues: bool = True) -> Floats:
    """Probabilities for the cases that are out, by a reader fitted to the others."""
    counts = found.cues[name] if cues else np.zeros_like(found.cues[name])
    reader = fit(found.present[~out], counts[~out], found.labels[name][~out])
    return reader.probabilities(found.present[out], counts[out])


def _sentences(found: Base, name: str) -> list[bool | None]:
    """Of each short sentence whether it named the right level; None where it named none."""
    if name not in DIMENSIONS:
        return []
    dimension, made = typology().get(name), list[bool | None]()
    for number, case in enumerate(found.cases):
        rest = np.arange(len(found.cases)) != number
        reader = fit(found.present[rest], found.cues[name][rest], found.labels[name][rest])
        elsewhere = found.present[rest].any(axis=0)
        for sentence in filter(str.strip, re.split(r"[.;:]", case.description)):
            (present,) = occurrences([telling(sentence)], found.vocabulary) * elsewhere
            known, cues = int(present.sum()), count_cues(words(sentence), dimension)
            if known >= LEAST_WORDS:
                continue
            (row,) = reader.probabilities(present[None], cues[None])
            right = bool(row.argmax() == found.labels[name][number])
            made.append(right if names_level(row, known, cues) else None)
    return made
