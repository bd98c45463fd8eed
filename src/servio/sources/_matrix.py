"""A labelled block of numbers as read from one file, and how its cells become numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from servio import classify
from servio.errors import FormatError, InputError, LabelError, UsageError, ValueFault
from servio.sources._guard import MAX_CELLS, MAX_COLUMNS
from servio.table import Note

__all__ = ["Matrix", "NumberFormat", "check_size", "clean_labels", "hint", "zeros_note"]

Array = npt.NDArray[np.float64]

_DECIMALS = (".", ",")
_THOUSANDS = ("", ",", ".", "'", "’", " ", "\u00a0", "\u202f")
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[0-9][0-9.,'’ \u00a0\u202f]*(?:[eE][+-]?[0-9]+)?")
_MARKERS = frozenset((":", "..", "...", "…", "-", "--", "–", "—", "*", "**", "***", "c", "x", "na",
                      "n.a.", "n.a", "n/a", "#n/a", "null", "none", "."))  # fmt: skip
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    rf"\d{{1,2}}[- ]({_MONTHS})([- ]\d{{2,4}})?|({_MONTHS})[- ]\d{{1,2}}"
    r"|\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{2}.*)?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}"
    r"|\d{1,2}월 ?\d{1,2}일",
    re.IGNORECASE,
)
_MANGLED = re.compile(r"\d(?:\.\d+)?E[+]\d+")


@dataclass(frozen=True, eq=False)
class Matrix:
    """Numbers with the labels of their first row and first column.

    Parameters
    ----------
    place : str
        File, and sheet if any, for messages.
    rows, columns : tuple of str
        Labels in one spelling, each once.
    values : array (rows, columns)
    notes : tuple of Note
        What a reader of the numbers should know about how they were read.
    corner : str
        Text of the cell above the row labels.
    """

    place: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Array
    notes: tuple[Note, ...] = ()
    corner: str = ""


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written: only what is declared here is understood, nothing is guessed.

    Parameters
    ----------
    decimal, thousands : str
        The decimal point, and the mark between groups of three digits (none by default).
    zeros : frozenset of str
        Marks, such as ``:``, that are declared to stand for zero.
    described : bool
        The user can declare the format in a description: messages then say how.
    """

    decimal: str = "."
    thousands: str = ""
    zeros: frozenset[str] = field(default_factory=frozenset)
    described: bool = False

    def __post_init__(self) -> None:
        known = self.decimal in _DECIMALS and self.thousands in _THOUSANDS
        if not known or self.decimal == self.thousands:
            raise UsageError(
                "number format",
                found=f"decimal = {self.decimal!r}, thousands = {self.thousands!r}",
                expected="decimal '.' or ',', thousands another of , . ' or a space",
                remedy="Correct the two keys.",
            )

    @classmethod
    def declared(
        cls, decimal: str = ".", thousands: str = "", missing: Mapping[str, object] | None = None
    ) -> NumberFormat:
        """The format a description declares; every missing mark must be said to mean zero."""
        for mark, meaning in (missing or {}).items():
            if meaning != "zero":
                raise UsageError(
                    f"missing, mark {mark!r}",
                    found=repr(meaning),
                    expected="'zero': a table has no gaps",
                    remedy="Fill the gap in the file, or declare it zero if it is.",
                )
        return cls(decimal, thousands, frozenset(missing or ()), described=True)

    @property
    def is_plain(self) -> bool:
        """Numbers are as Python writes them."""
        return self.decimal == "." and not self.thousands

    def number(self, text: str, place: Callable[[], str]) -> float:
        """The number in a cell, exactly; otherwise an error that names the cell."""
        cell = text.strip(" \t")
        if cell in self.zeros:
            return 0.0
        plain = cell if self.is_plain else self._plain(cell)
        if not _PLAIN.fullmatch(plain):
            raise self._fault(cell, place())
        value = float(plain)
        if math.isinf(value):
            raise ValueFault(place(), found=f"{cell}, more than a float64 holds",
                             expected="a finite number", remedy="Correct the cell.")  # fmt: skip
        return value + 0.0

    def _plain(self, cell: str) -> str:
        """The cell with a decimal point and no marks between digits; unchanged if it has others."""
        if self.thousands:
            mark, point = re.escape(self.thousands), re.escape(self.decimal)
            grouped = rf"[+-]?\d{{1,3}}(?:{mark}\d{{3}})+(?:{point}\d*)?"
            if re.fullmatch(grouped, cell, re.ASCII):
                cell = cell.replace(self.thousands, "")
        if self.decimal == ",":
            return "?" if "." in cell else cell.replace(",", ".")
        return cell

    def _fault(self, cell: str, place: str) -> InputError:
        """What is wrong with a cell that is no plain number."""
        folded = cell.casefold()
        kind: type[InputError] = ValueFault
        fix = "Correct the cell."
        if not cell or folded in _MARKERS:
            found = f"{cell!r}, a mark for a missing value" if cell else "an empty cell"
            fix = "Give the number" + (
                f', or declare missing = {{"{cell}" = "zero"}} if that is so.'
                if self.described else ".")  # fmt: skip
        elif folded.lstrip("+-") in ("nan", "inf", "infinity"):
            found = cell
        elif cell.startswith("#"):
            found, fix = f"{cell}, a spreadsheet error", "Repair the formula and save again."
        elif _DATE.fullmatch(cell):
            found, fix = f"{cell!r}, a date", "Format the cell as a number."
        elif _GROUPED.fullmatch(cell):
            kind, found = FormatError, f"{cell!r}, with marks that could mean several numbers"
            fix = ('Declare decimal = "," or thousands = "," (or what it is) in the description.'
                   if self.described else "Write plain numbers with a decimal point.")  # fmt: skip
        else:
            found = f"{cell!r}, text"
        return kind(place, found=found, expected="a plain number, such as 1234.5", remedy=fix)


def hint(label: str, known: Iterable[str], otherwise: str) -> str:
    """What to do about an unknown name: the nearest known ones, or else something general."""
    near = classify.nearest(label, known)
    return f"Did you mean {' or '.join(near)}?" if near else otherwise


def zeros_note(place: str, count: int) -> tuple[Note, ...]:
    """The note about cells that were taken as zero because the description says so."""
    text = f"{place}: {count} cells marked as missing taken as zero, as declared"
    return (Note("missing-as-zero", text),) if count else ()


def check_size(place: str, rows: int, columns: int) -> None:
    """Refuse a block larger than the limits, before it is read."""
    if columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
        raise FormatError(
            place,
            found=f"{rows} rows x {columns} columns",
            expected=f"at most {MAX_COLUMNS} columns and {MAX_CELLS} cells",
            remedy="Aggregate the table or cut it into smaller ones.",
        )


def clean_labels(
    raw: Sequence[str], place: str, where: Callable[[int], str]
) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Labels in one spelling: none empty, doubled, turned into a date or only looking alike.

    `where` names the place of the i-th label, such as ``row 3``.
    """
    clean = []
    for i, label in enumerate(raw):
        try:
            clean.append(classify.normalise(label))
        except LabelError as error:
            raise LabelError(f"{place}, {where(i)}, {error.place}", found=error.found,
                             expected=error.expected, remedy=error.remedy) from None  # fmt: skip
        _check_label(clean[i], f"{place}, {where(i)}")
    _refuse_doubles(clean, place, where)
    changed = [old for old, new in zip(raw, clean, strict=True) if old.strip(" \t") != new]
    if not changed:
        return tuple(clean), ()
    text = f"{place}: {len(changed)} labels in another spelling made one, first {changed[0]!r}"
    return tuple(clean), (Note("labels-normalised", text),)


def _check_label(label: str, place: str) -> None:
    if not label:
        raise FormatError(
            place,
            found="no label",
            expected="labels in the first row and the first column, and nothing above or beside",
            remedy="Remove title lines, second header rows, merged cells and empty columns.",
        )
    if _DATE.fullmatch(label) or _MANGLED.fullmatch(label):
        raise FormatError(
            place,
            found=f"{label!r}, a code that a spreadsheet turned into a date or number",
            expected="the code as text",
            remedy="Format the label cells as text and type the code again.",
        )


def _refuse_doubles(labels: Sequence[str], place: str, where: Callable[[int], str]) -> None:
    first: dict[str, int] = {}
    for i, label in enumerate(labels):
        if label in first:
            raise LabelError(f"{place}, label {label!r}",
                             found=f"twice, in {where(first[label])} and {where(i)}",
                             expected="every label once",
                             remedy="Rename or merge the doubled ones.")  # fmt: skip
        first[label] = i
