"""What answers to the form say about the levels of a dimension."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import product

from servio.errors import UsageError
from servio.explain.business._data import DIMENSIONS, Dimension, typology

__all__ = ["check_agreement", "decided", "left_open", "shares"]


def shares(dimension: Dimension, answers: Mapping[str, str]) -> dict[str, float]:
    """Weight of each level in the light of some answers; empty where none bears on the dimension.

    ``p(k | answers) ~ n_k(answers) / n_k``: the share of the full sets of answers that give level
    ``k`` which agree with those given, brought to sum to one. A level that a dimension was given
    outright has all of it.
    """
    if dimension.id in answers:
        given = answers[dimension.id]
        return {level: float(level == given) for level in dimension.levels}
    if not any(question in answers for question in dimension.asked):
        return {}
    fits = _agreeing(dimension, answers)
    total = sum(fits.values())
    return {level: share / total for level, share in fits.items()}


def decided(found: Mapping[str, float]) -> str | None:
    """The level that has all the weight, if one has."""
    return next((level for level, share in found.items() if share == 1), None)


def left_open(dimension: Dimension, answers: Mapping[str, str]) -> tuple[str, ...]:
    """Questions that bear on a dimension and are not answered."""
    return tuple(question for question in dimension.asked if question not in answers)


def check_agreement(answers: Mapping[str, str]) -> None:
    """Refuse a level given outright that other answers rule out."""
    for name in DIMENSIONS:
        dimension = typology().get(name)
        others = {q: a for q, a in answers.items() if q in dimension.asked}
        if name in answers and not _agreeing(dimension, others)[answers[name]]:
            told = ", ".join(f"{question} = {answer}" for question, answer in others.items())
            raise UsageError("answers", found=f"{name} = {answers[name]} and {told}",
                             expected="answers that can hold together",
                             remedy="Leave one of them out.")  # fmt: skip
    if answers.get("combination") == "connected" and answers.get("iot") == "no":
        raise UsageError("answers", found="combination = connected and iot = no",
                         expected="answers that can hold together",
                         remedy="A connected offer is made of data: change one.")  # fmt: skip


def _agreeing(dimension: Dimension, answers: Mapping[str, str]) -> dict[str, float]:
    """Share of the full sets of answers of each level that agree with those given."""
    options = {question.id: tuple(question.answers) for question in typology().question}
    all_of, agreeing = Counter[str](), Counter[str]()
    for chosen in product(*(options[question] for question in dimension.asked)):
        full = dict(zip(dimension.asked, chosen, strict=True))
        level = next(rule.level for rule in dimension.rule if rule.when.items() <= full.items())
        all_of[level] += 1
        agreeing[level] += all(full.get(q, a) == a for q, a in answers.items())
    return {level: agreeing[level] / all_of[level] for level in dimension.levels}
