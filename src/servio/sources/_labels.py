"""Do the labels of a table's files belong together, and to a classification."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from servio import classify
from servio.errors import InputError, LabelError
from servio.sources import _roles
from servio.sources._matrix import Array, Matrix

__all__ = [
    "check_classification",
    "misfit",
    "refuse_mixture",
    "refuse_total_industry",
    "refuse_totals",
]

_TOTAL_TOLERANCE = 1e-4


def check_classification(codes: Sequence[str], name: str, place: str) -> None:
    try:
        classify.classification(name).resolve(codes)
    except LabelError as error:
        own = next((code for code in codes if repr(code) in error.place), "")
        elsewhere = [n for n in classify.classifications() if n != name and _knows(n, own)]
        more = f" (it is one of {elsewhere[0]})" if elsewhere else ""
        raise LabelError(
            f"{place}: {error.place}",
            found=error.found + more,
            expected=error.expected,
            remedy=error.remedy,
        ) from None


def refuse_mixture(codes: Sequence[str], place: str) -> None:
    """Refuse labels of which some are only in ISIC Rev.3 and some only in Rev.4."""
    names = classify.classifications()
    telling = [code for code in codes if len(code) > 2]
    bases = {
        code: {classify.classification(n).base for n in names if _knows(n, code)}
        for code in telling
    }
    if not telling or not all(bases.values()):
        return
    third = [code for code in telling if bases[code] == {"isic3"}]
    fourth = [code for code in telling if bases[code] == {"isic4"}]
    if third and fourth:
        raise LabelError(
            place,
            found=f"{third[0]!r} of ISIC Rev.3 beside {fourth[0]!r} of Rev.4",
            expected="codes of one classification",
            remedy="Convert the codes, or rename them if they are your own.",
        )


def _knows(name: str, code: str) -> bool:
    try:
        classify.classification(name).resolve([code])
    except LabelError:
        return False
    return True


def misfit(
    missing: Sequence[str], extra: Sequence[str], place: str, one: str, other: str
) -> InputError:
    totals = [label for label in extra if _roles.is_total(label)]
    totals += [label for label in missing if _roles.is_total(label)]
    if totals:
        return LabelError(f"{place}, {totals[0]!r}", found="a row or column of totals",
                          expected="industries only",
                          remedy="Remove totals; put gross output into x.")  # fmt: skip
    parts = []
    if missing:
        parts.append(f"no {other} for {_few(missing)}")
    if extra:
        parts.append(f"no {one} for {_few(extra)}")
    return LabelError(place, found="; ".join(parts), expected="the same labels on both sides",
                      remedy=_why_misfit(missing, extra))  # fmt: skip


def _why_misfit(missing: Sequence[str], extra: Sequence[str]) -> str:
    """What a pair of labels that don't match suggests."""
    forms: tuple[tuple[Callable[[str], str], str], ...] = (
        (lambda s: s.lstrip("0"), "Leading zeros were lost: keep codes as text."),
        (str.casefold, "They differ in capitals only: write them alike."),
        (lambda s: re.sub(r"[\W_]", "", s.casefold()), "They differ in marks: write them alike."),
    )
    for form, advice in forms:
        if {form(label) for label in missing} & {form(label) for label in extra}:
            return advice
    return "Make both sides carry the same labels."


def _few(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return ", ".join(repr(label) for label in labels[:3]) + more


def refuse_total_industry(Z: Matrix) -> None:
    """Refuse an industry that is the sum of all others in its row and its column."""
    n = len(Z.rows)
    sums = n >= 3 and _is_sum(Z.values, 0) & _is_sum(Z.values, 1)
    for i, label in enumerate(Z.rows):
        if (n > 1 and _roles.is_total(label)) or (n >= 3 and np.asarray(sums)[i]):
            raise LabelError(f"{Z.place}, {label!r}", found="a row and column of totals",
                             expected="industries only",
                             remedy="Remove totals; put gross output into x.")  # fmt: skip


def refuse_totals(matrix: Matrix, side: str, key: str) -> None:
    """Refuse rows of V or columns of Y that repeat the others: named totals, or their sum."""
    labels = matrix.rows if side == "rows" else matrix.columns
    axis = 0 if side == "rows" else 1
    sums = _is_sum(matrix.values, axis) if len(labels) >= 3 else np.zeros(len(labels), bool)
    for i, label in enumerate(labels):
        if len(labels) > 1 and (_roles.is_total(label) or sums[i]):
            raise LabelError(
                f"{matrix.place}, {side[:-1]} {label!r}",
                found="the sum of the others" if sums[i] else "a total",
                expected=f"{key} without totals, which would count double",
                remedy="Remove it; gross output belongs into x.",
            )


def _is_sum(values: Array, axis: int) -> npt.NDArray[np.bool_]:
    """Which slices along an axis are, cell by cell, the sum of all the others."""
    slices = values if axis == 0 else values.T
    rest = slices.sum(axis=0) - slices
    tolerance = _TOTAL_TOLERANCE * np.abs(slices).max(axis=1, initial=0.0)
    gap = np.abs(slices - rest).max(axis=1, initial=0.0)
    found: npt.NDArray[np.bool_] = (gap <= tolerance) & (tolerance > 0)
    return found
