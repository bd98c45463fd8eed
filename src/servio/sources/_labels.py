"""Do the labels of a table's files belong together, and to a classification."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from servio import classify
from servio.errors import FormatError, InputError, LabelError
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
_SUM_TOLERANCE = 1e-6
_WHOLE = 1e4
_ROUNDED = 2.0


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
    missing: Sequence[str], extra: Sequence[str], place: str, one: str, other: str, corner: str = ""
) -> InputError:
    """The error for labels on one side only; `corner` is the file's first cell."""
    if corner and corner in missing:
        return FormatError(f"{place}, row 1, {corner!r}",
                           found="an industry in the first row, which is read as the header",
                           expected="a header line on top of the numbers",
                           remedy="Add one, such as: label,output")  # fmt: skip
    totals = [label for label in extra if _roles.is_total(label)]
    totals += [label for label in missing if _roles.is_total(label)]
    if totals:
        return LabelError(f"{place}, {totals[0]!r}", found="a row or column of totals",
                          expected="industries only",
                          remedy="List it in ignore, or remove it; gross output belongs into x."
                          )  # fmt: skip
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
                             remedy="List it in ignore, or remove it; gross output belongs into x."
                             )  # fmt: skip


def refuse_totals(
    matrix: Matrix, side: str, key: str, inner: Array, x: Array | None, named: Collection[str]
) -> None:
    """Refuse rows of V or columns of Y that repeat others: named totals, or their sums.

    Parameters
    ----------
    matrix : Matrix
        V or Y.
    side : str
        ``rows`` of V or ``columns`` of Y.
    inner : array (n,)
        Intermediate inputs of each industry for V, intermediate sales for Y.
    x : array (n,) or None
        Gross output, where it is given.
    named : collection of str
        Labels the description itself names: their names are no reason to refuse them.
    """
    labels = matrix.rows if side == "rows" else matrix.columns
    if len(labels) < 2:
        return
    lines = matrix.values if side == "rows" else matrix.values.T
    sums = [*_repeating(lines, inner, x)]
    found = [
        label for k, label in enumerate(labels)
        if k in sums or (label not in named and _roles.names_total(label))
    ]  # fmt: skip
    if found:
        is_sum = labels.index(found[0]) in sums
        what = "a sum of the others" if is_sum else "a total"
        more = f" (so is {_few(found[1:])})" if len(found) > 1 else ""
        raise LabelError(
            f"{matrix.place}, {side[:-1]} {found[0]!r}",
            found=what + more,
            expected=f"{key} without totals, which would count double",
            remedy=f"Add ignore = {_toml(found[:3])} to the description, or remove it.",
        )


def _toml(labels: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{label}"' for label in labels) + "]"


def _repeating(lines: Array, inner: Array, x: Array | None) -> Iterator[int]:
    """Lines that are intermediate use, output, the rest, or the sum of a run of lines beside them.

    Intermediate use counts as the line before the first.
    """
    n = lines.shape[1]
    if n < 2:
        return
    everything = _is_sum(lines, 0) if len(lines) >= 3 else np.zeros(len(lines), np.bool_)
    upto = np.cumsum(np.vstack([0.0 * inner, inner, lines]), axis=0)
    totals = upto.sum(axis=1)
    for k, line in enumerate(lines):
        tolerance = _tolerance(line)
        ends = [(j, k + 1) for j in range(k)] + [(k + 2, j) for j in range(k + 4, len(upto))]
        near = [
            upto[last] - upto[first] for first, last in ends
            if abs(totals[last] - totals[first] - line.sum()) <= n * tolerance
        ]  # fmt: skip
        others = [inner, *near, *([] if x is None else [x])]
        same = any(np.abs(line - other).max() <= tolerance for other in others)
        if everything[k] or (same and np.count_nonzero(line) > 1):
            yield k


def _tolerance(line: Array) -> float:
    """How far from its parts a sum may be: whole numbers were rounded before they were added."""
    largest = float(np.abs(line).max())
    whole = largest >= _WHOLE and not np.mod(line, 1.0).any()
    return max(_SUM_TOLERANCE * largest, _ROUNDED if whole else 0.0)


def _is_sum(values: Array, axis: int) -> npt.NDArray[np.bool_]:
    """Which slices along an axis are, cell by cell, the sum of all the others."""
    slices = values if axis == 0 else values.T
    rest = slices.sum(axis=0) - slices
    tolerance = _TOTAL_TOLERANCE * np.abs(slices).max(axis=1, initial=0.0)
    gap = np.abs(slices - rest).max(axis=1, initial=0.0)
    found: npt.NDArray[np.bool_] = (gap <= tolerance) & (tolerance > 0)
    return found
