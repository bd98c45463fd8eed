"""Texts as words, cues in them, and their likeness."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from servio.explain.business._data import stop_words

__all__ = ["cosine", "cues_in", "occurrences", "telling", "words"]

Floats = NDArray[np.float64]


def words(text: str) -> tuple[str, ...]:
    """Words of a text in order: small letters without accents, plural s cut off.

    >>> words("The airlines' engines, per flying-hour")
    ('the', 'airline', 'engine', 'per', 'flying', 'hour')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return tuple(_singular(word) for word in re.findall(r"[a-z0-9]+", plain))


def telling(text: str) -> frozenset[str]:
    """Words of a text that may say something.

    >>> sorted(telling("They pay for each of the pages"))
    ['page', 'pay']
    """
    return frozenset(w for w in words(text) if len(w) > 2 and w not in stop_words())


def cues_in(found: Sequence[str], cues: Sequence[str]) -> tuple[str, ...]:
    """Those cues that stand in a text, given as its words.

    >>> cues_in(words("A car leased for a monthly fee"), ["monthly fee", "leas*", "care"])
    ('monthly fee', 'leas*')
    """
    text = " ".join(found)
    return tuple(cue for cue in cues if _pattern(cue).search(text))


def occurrences(texts: Sequence[frozenset[str]], vocabulary: Sequence[str]) -> Floats:
    """Whether each word of a vocabulary stands in each text.

    Returns
    -------
    ndarray, shape (texts, words)
        One where it does, else zero.
    """
    place = {word: number for number, word in enumerate(vocabulary)}
    made = np.zeros((len(texts), len(vocabulary)))
    for row, text in enumerate(texts):
        made[row, [place[word] for word in text if word in place]] = 1.0
    return made


def cosine(one: Floats, many: Floats) -> Floats:
    """Cosine of a text with others, rare words counting more.

    ``x'y / (|x| |y|)`` with ``x = present * idf``, ``idf = ln((1 + n) / (1 + n_w)) + 1``,
    where ``n_w`` of the ``n`` others have the word.

    Parameters
    ----------
    one : ndarray, shape (words,)
    many : ndarray, shape (texts, words)

    Returns
    -------
    ndarray, shape (texts,)
        From zero to one; zero for a text without a known word.
    """
    rarity = np.log((1 + len(many)) / (1 + many.sum(axis=0))) + 1
    x, y = one * rarity, many * rarity
    norms = np.linalg.norm(x) * np.linalg.norm(y, axis=1)
    made: Floats = np.divide(y @ x, norms, out=np.zeros(len(many)), where=norms > 0)
    return made


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return f"{word[:-3]}y" if word.endswith("ies") and len(word) > 4 else word[:-1]
    return word


@cache
def _pattern(cue: str) -> re.Pattern[str]:
    parts = (rf"{part[:-1]}\S*" if part.endswith("*") else _singular(part) for part in cue.split())
    return re.compile(rf"(?<!\S){' '.join(parts)}(?!\S)")
