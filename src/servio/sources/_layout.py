"""Where a table stands in its sheet: title lines, label columns, the rows and columns read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from servio import classify
from servio.errors import FormatError, InputError, LabelError, UsageError
from servio.sources._matrix import Matrix, NumberFormat, clean_labels, hint, zeros_note
from servio.table import Note

__all__ = ["BETWEEN", "Frame", "Grid", "Layout"]

BETWEEN = "..."
"""In a list of labels: all that stand between its two neighbours."""


@dataclass(frozen=True)
class Layout:
    """Which part of a sheet is read.

    Parameters
    ----------
    skip_rows : int
        Lines above the one that holds the column labels.
    last_row : int or None
        Last line of the table, counted from 1 at the top of the sheet; None for all.
    label_column : int or str
        Column of the row labels, counted from 1, or its own label.
    rows, columns : tuple of str or None
        Labels to read; `BETWEEN` stands for all between two. None for all.
    """

    skip_rows: int = 0
    last_row: int | None = None
    label_column: int | str = 1
    rows: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None


class Grid(Protocol):
    """Cells of a sheet, by position from 0, and how its kind of file names and reads them."""

    @property
    def place(self) -> str: ...
    @property
    def notes(self) -> tuple[Note, ...]: ...
    @property
    def rows(self) -> Sequence[Sequence[Any]]: ...

    def cell(self, i: int, j: int) -> str:
        """Name of a cell for messages."""
        ...

    def label(self, i: int, j: int) -> str:
        """Text of a label cell."""
        ...

    def number(self, i: int, j: int, named: str, numbers: NumberFormat) -> float:
        """Number in a cell; `named` tells its row and column."""
        ...

    def marked(self, i: int, j: int, numbers: NumberFormat) -> bool:
        """The cell holds a mark that is declared to mean zero."""
        ...


class Line(NamedTuple):
    """A row or column of a sheet: its position and its label."""

    position: int
    label: str


class Frame:
    """The labels of a table in its sheet, and the positions they stand at."""

    def __init__(self, grid: Grid, layout: Layout, ignore: Sequence[str]) -> None:
        self.grid = grid
        self.place = grid.place
        self.header = layout.skip_rows
        last = len(grid.rows) if layout.last_row is None else layout.last_row
        if last > len(grid.rows) or self.header + 1 >= last:
            raise FormatError(
                self.place,
                found=f"{len(grid.rows)} rows",
                expected=f"labels in row {self.header + 1} and numbers below, to row {last}",
                remedy="Correct skip_rows or last_row.",
            )
        self._below = range(self.header + 1, last)
        self._label_column = self._found_label_column(layout.label_column)
        width = len(grid.rows[self.header])
        self.rows = tuple(
            line
            for i in self._below
            if (line := Line(i, self._spelled(i, self._label_column))).label or self._row_filled(i)
        )
        self.columns = tuple(
            line for j in range(self._label_column + 1, width)
            if (line := Line(j, self._spelled(self.header, j))).label or self._column_filled(j)
        )  # fmt: skip
        self.ignored_rows = _ignored(self.rows, ignore)
        self.ignored_columns = _ignored(self.columns, ignore)

    # -- labels ---------------------------------------------------------------------------------

    def _found_label_column(self, wanted: int | str) -> int:
        width = len(self.grid.rows[self.header])
        labels = [self._spelled(self.header, j) for j in range(width)]
        if isinstance(wanted, int) and wanted <= len(labels):
            return wanted - 1
        if isinstance(wanted, str) and labels.count(wanted) == 1:
            return labels.index(wanted)
        raise FormatError(
            f"{self.place}, row {self.header + 1}",
            found=f"label_column = {wanted!r}, and {len(labels)} columns: {_few(labels)}",
            expected="the number of a column, or its label where that stands once",
            remedy="Correct label_column or skip_rows.",
        )

    def _spelled(self, i: int, j: int) -> str:
        """A label in one spelling; one that is refused as it is: it matters only if it is read."""
        if not self._has(i, j):
            return ""
        try:
            return classify.normalise(self.grid.label(i, j))
        except InputError:
            return str(self.grid.rows[i][j]).strip()

    def _has(self, i: int, j: int) -> bool:
        return j < len(self.grid.rows[i])

    def _filled(self, i: int, j: int) -> bool:
        return self._has(i, j) and not (
            isinstance(value := self.grid.rows[i][j], str) and not value.strip()
        )

    def _row_filled(self, i: int, first: int | None = None) -> bool:
        first = self._label_column + 1 if first is None else first
        return any(self._filled(i, j) for j in range(first, len(self.grid.rows[i])))

    def _column_filled(self, j: int, first: int | None = None) -> bool:
        return any(self._filled(i, j) for i in self._below if first is None or i >= first)

    def unfound(self, ignore: Sequence[str]) -> set[str]:
        """Labels and ranges to ignore that are on neither side."""
        wanted = {
            _range(ignore, n) if label == BETWEEN else label for n, label in enumerate(ignore)
        }
        return wanted - self.ignored_rows - self.ignored_columns

    # -- what is read ---------------------------------------------------------------------------

    def positions(self, side: str, wanted: Sequence[str] | int | None, key: str) -> list[int]:
        """Positions of the labels wanted on one side, ``rows`` or ``columns``.

        A number wants as many from the first on; None all. Labels to ignore are left out unless
        the list itself has them.
        """
        lines = self.rows if side == "rows" else self.columns
        ignored = self.ignored_rows if side == "rows" else self.ignored_columns
        kept = [k for k, line in enumerate(lines) if line.label not in ignored]
        if wanted is None:
            found = kept
        elif isinstance(wanted, int):
            found = kept[:wanted]
        else:
            found = self._listed(lines, side, wanted, set(kept), key)
        return [lines[k].position for k in found]

    def _listed(
        self, lines: Sequence[Line], side: str, wanted: Sequence[str], kept: Collection[int],
        key: str,
    ) -> list[int]:  # fmt: skip
        found: list[int] = []
        for n, label in enumerate(wanted):
            if label != BETWEEN:
                found.append(self._index(lines, side, label, key))
                continue
            first, last = (self._index(lines, side, wanted[k], key) for k in (n - 1, n + 1))
            if last < first:
                raise UsageError(
                    f"{self.place}, {key}",
                    found=f"{wanted[n - 1]!r} after {wanted[n + 1]!r} in the sheet",
                    expected='the first and the last, as in ["first", "...", "last"]',
                    remedy="Turn them round.",
                )
            found += [k for k in range(first + 1, last) if k in kept]
        return found

    def _index(self, lines: Sequence[Line], side: str, label: str, key: str) -> int:
        one = side[:-1]
        at = [k for k, line in enumerate(lines) if line.label == label]
        if len(at) == 1:
            return at[0]
        if at:
            first, second = (self._where(side, lines[k].position) for k in at[:2])
            raise LabelError(f"{self.place}, {key}, {one} {label!r}",
                             found=f"twice, in {first} and {second}", expected="the label once",
                             remedy="Set last_row to where the table ends, or rename one.",
                             )  # fmt: skip
        known = [line.label for line in lines]
        raise LabelError(
            f"{self.place}, {key}",
            found=f"no {one} {label!r}",
            expected=f"a label of the sheet, such as {_few(known)}",
            remedy=hint(label, known, "Correct it, or skip_rows or label_column."),
        )

    def _where(self, side: str, position: int) -> str:
        if side == "rows":
            return self.grid.cell(position, self._label_column)
        return self.grid.cell(self.header, position)

    def label(self, side: str, position: int) -> str:
        lines = self.rows if side == "rows" else self.columns
        return next(line.label for line in lines if line.position == position)

    def has(self, side: str, label: str) -> bool:
        """Whether a label stands on this side."""
        return any(line.label == label for line in (self.rows if side == "rows" else self.columns))

    def refuse_unnamed(
        self, rows: Collection[int], columns: Collection[int], first: tuple[int, int]
    ) -> None:
        """Refuse rows below and columns right of the first industry that hold something unnamed."""
        unnamed = [
            f"row {line.label!r}" for line in self.rows
            if line.position > first[0] and line.position not in rows
            and line.label not in self.ignored_rows and self._row_filled(line.position, first[1])
        ] + [
            f"column {line.label!r}" for line in self.columns
            if line.position > first[1] and line.position not in columns
            and line.label not in self.ignored_columns
            and self._column_filled(line.position, first[0])
        ]  # fmt: skip
        if unnamed:
            more = f" and {len(unnamed) - 3} more" if len(unnamed) > 3 else ""
            raise FormatError(
                self.place,
                found=f"{', '.join(unnamed[:3])}{more}, which no key names",
                expected="every row and column named",
                remedy="List it in industries, demand, primary or output; totals and the like in "
                "ignore.",
            )

    def matrix(self, layout: Layout, numbers: NumberFormat, key: str) -> Matrix:
        """The labelled numbers of the rows and columns wanted."""
        rows = self.positions("rows", layout.rows, f"{key}, rows")
        columns = self.positions("columns", layout.columns, f"{key}, columns")
        row_names, row_notes = self._clean("rows", rows)
        column_names, column_notes = self._clean("columns", columns)
        values = np.empty((len(rows), len(columns)))
        marked = 0
        for a, i in enumerate(rows):
            self._refuse_ragged(i)
            for b, j in enumerate(columns):
                named = f"({row_names[a]}), ({column_names[b]})"
                values[a, b] = self.grid.number(i, j, named, numbers)
                marked += self.grid.marked(i, j, numbers)
        notes = (*self.grid.notes, *column_notes, *row_notes, *zeros_note(self.place, marked))
        corner = self._spelled(self.header, self._label_column)
        return Matrix(self.place, row_names, column_names, values, notes, corner)

    def _clean(self, side: str, positions: Sequence[int]) -> tuple[tuple[str, ...], Any]:
        at = [(k, self._label_column) if side == "rows" else (self.header, k) for k in positions]
        raw = [self.grid.label(i, j) for i, j in at]
        return clean_labels(raw, self.place, lambda n: self._where(side, positions[n]))

    def _refuse_ragged(self, i: int) -> None:
        found, wanted = len(self.grid.rows[i]), len(self.grid.rows[self.header])
        if found != wanted:
            raise FormatError(
                f"{self.place}, row {i + 1}",
                found=f"{found} cells",
                expected=f"{wanted}, as in row {self.header + 1}",
                remedy="Complete the row; the file may be cut off, or skip_rows be wrong.",
            )


def _ignored(lines: Sequence[Line], ignore: Sequence[str]) -> frozenset[str]:
    """Labels to ignore on this side; a range counts where both its ends stand here, in order."""
    labels = [line.label for line in lines]
    found = {label for label in ignore if label in labels}
    for n, label in enumerate(ignore):
        if label == BETWEEN and {ignore[n - 1], ignore[n + 1]} <= found:
            first, last = labels.index(ignore[n - 1]), labels.index(ignore[n + 1])
            if first < last:
                found |= {*labels[first:last], _range(ignore, n)}
    return frozenset(found)


def _range(ignore: Sequence[str], n: int) -> str:
    """Name of the range around the n-th entry."""
    return f"{ignore[n - 1]} {BETWEEN} {ignore[n + 1]}"


def _few(labels: Sequence[str]) -> str:
    shown = [label for label in labels if label]
    return ", ".join(shown[:4])
