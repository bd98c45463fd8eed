"""A model that reads the level of one dimension off words and cues, and can say why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

__all__ = ["LEAST_WORDS", "Reader", "fit", "is_clear", "names_level", "shuffled"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHRINKAGE = 2.0
"""Texts of an average level that every level is thought to have beside its own."""

FOLDS = 5
SEED = 20181226
RARE = 2
"""A word counts if it stands in so many texts at least."""

MARGIN = 0.1
"""The two most probable levels lie at least so far apart where one of them is named."""

LEAST = 0.5
"""A level that is less probable is not named: all others together are likelier."""

LEAST_WORDS = 8
"""A text with fewer words that the cases know is short: only a cue names a level in it."""

SHORT_MARGIN = 0.4
"""`MARGIN` of a short text."""

WORD_WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
CUE_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)


@dataclass(frozen=True)
class Reader:
    """Log-linear model of the levels of one dimension.

    ``log p(k) = log prior_k + a sum_w x_w log(theta_kw / theta_w) + b cues_k + constant``:
    naive Bayes on the presence of words, tempered by `a`, and cues written by hand, worth `b` each.

    Parameters
    ----------
    log_prior : ndarray, shape (levels,)
    ratios : ndarray, shape (words, levels)
        ``log(theta_kw / theta_w)``: how much likelier a word is in texts of a level than in all.
    word_weight, cue_weight : float
        `a` and `b`.
    """

    log_prior: Floats
    ratios: Floats
    word_weight: float
    cue_weight: float

    def probabilities(self, present: Floats, cues: Floats) -> Floats:
        """Probability of each level.

        Parameters
        ----------
        present : ndarray, shape (texts, words)
        cues : ndarray, shape (texts, levels)
            Number of cues found for each level.

        Returns
        -------
        ndarray, shape (texts, levels)
            Rows add to one.
        """
        scores = self.log_prior + self.word_weight * present @ self.ratios + self.cue_weight * cues
        made: Floats = np.exp(log_softmax(scores, axis=1))
        return made


def fit(present: Floats, cues: Floats, labels: Ints) -> Reader:
    """Fit a reader; `a` and `b` have the least log loss over folds of the same texts.

    Parameters
    ----------
    present : ndarray, shape (texts, words)
    cues : ndarray, shape (texts, levels)
    labels : ndarray of int, shape (texts,)
        Number of each text's level.
    """
    levels = cues.shape[1]
    words, priors = np.zeros_like(cues), np.zeros_like(cues)
    fold = shuffled(len(labels)) % FOLDS
    for number in range(FOLDS):
        out = fold == number
        log_prior, ratios = _bayes(present[~out], labels[~out], levels)
        words[out], priors[out] = present[out] @ ratios, log_prior
    best = min(
        (_loss(priors + a * words + b * cues, labels), a, b)
        for a in WORD_WEIGHTS
        for b in CUE_WEIGHTS
    )
    return Reader(*_bayes(present, labels, levels), best[1], best[2])


def is_clear(probabilities: Floats, margin: float = MARGIN) -> bool:
    """Whether one level is as probable as all others, and clearly more so than the next."""
    second, first = np.sort(probabilities)[-2:]
    return bool(first >= LEAST and first - second >= margin)


def names_level(probabilities: Floats, known: int, cues: Floats) -> bool:
    """Whether a text names its most probable level.

    Parameters
    ----------
    probabilities, cues : ndarray, shape (levels,)
    known : int
        Number of its words that the cases know.
    """
    if known >= LEAST_WORDS:
        return is_clear(probabilities)
    return bool(cues[probabilities.argmax()]) and is_clear(probabilities, SHORT_MARGIN)


def shuffled(size: int) -> Ints:
    """Numbers below `size` in an order that is the same each time."""
    return np.random.default_rng(SEED).permutation(size).astype(np.int64)


def _bayes(present: Floats, labels: Ints, levels: int) -> tuple[Floats, Floats]:
    """Log prior and log ratios; a word of too few texts says nothing."""
    member = np.eye(levels)[labels]
    sizes, with_word = member.sum(axis=0), present.sum(axis=0)
    overall = (with_word + 0.5) / (len(labels) + 1)
    theta = (present.T @ member + SHRINKAGE * overall[:, None]) / (sizes + SHRINKAGE)
    ratios = np.log(theta / overall[:, None])
    ratios[with_word < RARE] = 0.0
    return np.log((sizes + 1) / (len(labels) + levels)), ratios


def _loss(scores: Floats, labels: Ints) -> float:
    """Mean of minus log probability of the true level."""
    return float(-log_softmax(scores, axis=1)[np.arange(len(labels)), labels].mean())
