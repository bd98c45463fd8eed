"""The case base as arrays, and readers fitted to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from servio.explain.business._data import DIMENSIONS, Case, Dimension, cases, typology
from servio.explain.business._words import cues_in, occurrences, telling, words

__all__ = ["Base", "base", "count_cues", "orientations"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Base:
    """Words, cues and labels of all cases.

    Parameters
    ----------
    cases : tuple of Case
    vocabulary : tuple of str
        All telling words of the descriptions.
    present : ndarray, shape (cases, words)
        Whether each word stands in each description.
    cues : dict of str to ndarray, shape (cases, levels)
        Number of cues found for each level of each dimension.
    labels : dict of str to ndarray of int, shape (cases,)
        Number of each case's level on each dimension.
    """

    cases: tuple[Case, ...]
    vocabulary: tuple[str, ...]
    present: Floats
    cues: dict[str, Floats]
    labels: dict[str, NDArray[np.int64]]


@cache
def base() -> Base:
    """The case base as arrays."""
    found = cases()
    texts = [telling(case.description) for case in found]
    vocabulary = tuple(sorted(frozenset().union(*texts)))
    in_order = [words(case.description) for case in found]
    return Base(
        cases=found,
        vocabulary=vocabulary,
        present=occurrences(texts, vocabulary),
        cues={
            name: np.vstack([count_cues(text, typology().get(name)) for text in in_order])
            for name in DIMENSIONS
        },
        labels={name: _labels(found, typology().get(name)) for name in DIMENSIONS},
    )


def count_cues(text: Sequence[str], dimension: Dimension) -> Floats:
    """Number of cues for each level in a text, given as its words; shape (levels,)."""
    return np.array([float(len(cues_in(text, level.cues))) for level in dimension.level])


@cache
def orientations() -> tuple[tuple[str, ...], Floats]:
    """Groups of types of product-service systems, and which type is in which; (types, groups)."""
    of_type = [level.group for level in typology().get("pss").level]
    names = tuple(dict.fromkeys(of_type))
    return names, np.array([[float(group == name) for name in names] for group in of_type])


def _labels(found: Sequence[Case], dimension: Dimension) -> NDArray[np.int64]:
    return np.array([dimension.levels.index(case.level(dimension.id)) for case in found])
