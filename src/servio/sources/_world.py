"""World tables: rows and columns put in place block by block, then looked over.

The arrays are laid out as they lie on disk and nothing of their size is made besides them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from servio.errors import FormatError, LabelError, ValueFault
from servio.sources._checks import NOTED_GAP, checked
from servio.sources._matrix import Array, check_size
from servio.sources._wide import Wide
from servio.table import Axis, Bundle, IOTable, Note, TableInfo

__all__ = [
    "Filled",
    "Frame",
    "IntArray",
    "Part",
    "Primary",
    "coverage",
    "expect_columns",
    "filled",
    "gap_note",
    "packed",
    "refuse_scale",
    "refuse_transposed",
    "unnamed",
]

Part = tuple[dict[str, Any], Array]
IntArray = npt.NDArray[np.intp]

WORLD_PRODUCT = {
    1995: 31.1e6, 2000: 33.8e6, 2005: 47.8e6, 2010: 66.5e6, 2015: 75.4e6, 2020: 85.6e6,
    2022: 101.2e6,
}  # fmt: skip
"""World GDP, million current USD: World Bank, World Development Indicators, NY.GDP.MKTP.CD."""
SCALE = 2.0
"""Largest factor between world value added and world GDP of the year that is believed."""
LOST = 0.1
"""Largest share of world output by which the world's costs may miss it."""
_FROM_PUBLISHER = "Get the file again from its publisher; do not correct it."


@dataclass(frozen=True)
class Frame:
    """Where the rows and columns of a file go.

    Parameters
    ----------
    rows : tuple of str
        Labels of the flows, the same down and across, as published.
    to : array (rows,)
        Position of each on the axis of the table: several rows may share one.
    n, m : int
        Length of the axes of flows and of final demand.
    below : tuple of str
        Labels of the rows below the flows, in order.
    total : bool
        There is a last column, of the rows' sums.
    """

    rows: tuple[str, ...]
    to: IntArray
    n: int
    m: int
    below: tuple[str, ...]
    total: bool


@dataclass(frozen=True, eq=False)
class Filled:
    """Numbers in place; Z and Y are views of `flat`, which has room for V, x and Vy.

    Parameters
    ----------
    below : array (rows below, n + m)
    total : array (n,)
        The last column; zeros where there is none.
    whole : array (rows,)
        Sum of each published row, before any is added to another.
    """

    flat: Array
    Z: Array
    Y: Array
    below: Array
    total: Array
    whole: Array


@dataclass(frozen=True)
class Primary:
    """Rows of V: names, roles and positions among the rows below the flows."""

    names: tuple[str, ...]
    roles: tuple[str, ...]
    positions: tuple[int, ...] = field(repr=False)


def filled(wide: Wide, frame: Frame, primary: int) -> Filled:
    """The numbers of a file in place.

    Parameters
    ----------
    wide : Wide
    frame : Frame
    primary : int
        Rows of V to leave room for.

    Raises
    ------
    LabelError
        A row is not the one that should be there.
    FormatError
        Rows are missing at the end, or there are more.
    """
    n, m = frame.n, frame.m
    check_size(wide.place, len(frame.rows) + len(frame.below), len(frame.rows) + m)
    flat = np.zeros(n * n + n * m + primary * (n + m) + n)
    Z, Y = flat[: n * n].reshape(n, n), flat[n * n : n * (n + m)].reshape(n, m)
    below, total = np.zeros((len(frame.below), n + m)), np.zeros(n)
    whole = np.zeros(len(frame.rows))
    wanted = (*frame.rows, *frame.below)
    fold = _Fold(frame)
    start = 0
    for labels, values in wide.blocks:
        _expect(wide.place, wanted, start, labels)
        flows = max(0, min(len(labels), len(frame.rows) - start))
        if flows:
            to = frame.to[start : start + flows]
            fold.add(values[:flows, : len(frame.rows)], to, Z)
            _add(values[:flows, len(frame.rows) : len(frame.rows) + m], to, Y)
            whole[start : start + flows] = values[:flows, : len(frame.rows) + m].sum(axis=1)
            if frame.total:
                np.add.at(total, to, values[:flows, -1])
        for k in range(flows, len(labels)):
            at = start + k - len(frame.rows)
            below[at, :n] = fold.row(values[k, : len(frame.rows)])
            below[at, n:] = values[k, len(frame.rows) : len(frame.rows) + m]
        start += len(labels)
    if start < len(wanted):
        raise FormatError(
            f"{wide.place}, row {start + 2}",
            found=f"the end after {start} rows" + (f", {wanted[start - 1]!r}" if start else ""),
            expected=f"{len(wanted)} rows, next {wanted[start]!r}, last {wanted[-1]!r}",
            remedy="The file is cut off, or of another edition: download it again.",
        )
    return Filled(flat, Z, Y, below, total, whole)


class _Fold:
    """Adds published rows and columns to those of the table."""

    def __init__(self, frame: Frame) -> None:
        self._n, self._to = frame.n, frame.to
        self._plain = len(frame.to) == frame.n and bool((np.diff(frame.to) == 1).all())
        self._groups = _rounds(frame.to)

    def add(self, values: Array, to: IntArray, Z: Array) -> None:
        """Rows of the flows with their columns folded."""
        _add(values if self._plain else self.columns(values), to, Z)

    def columns(self, values: Array) -> Array:
        """Columns that share a position added up, shape (k, n)."""
        out = np.zeros((len(values), self._n))
        for positions, to in self._groups:
            out[:, to] += values[:, positions]
        return out

    def row(self, values: Array) -> Array:
        """One row with its columns folded."""
        return values if self._plain else self.columns(values[None])[0]


def _rounds(to: IntArray) -> list[tuple[IntArray, IntArray]]:
    """Positions in rounds in each of which no target comes twice."""
    rounds: dict[int, list[int]] = {}
    seen: dict[int, int] = {}
    for position, target in enumerate(to.tolist()):
        rounds.setdefault(seen.get(target, 0), []).append(position)
        seen[target] = seen.get(target, 0) + 1
    return [(np.array(p, dtype=np.intp), to[p]) for p in rounds.values()]


def _add(values: Array, to: IntArray, out: Array) -> None:
    if len(to) and to[-1] - to[0] == len(to) - 1 and (np.diff(to) == 1).all():
        out[to[0] : to[-1] + 1] += values
    else:
        np.add.at(out, to, values)


def _expect(place: str, wanted: Sequence[str], start: int, found: Sequence[str]) -> None:
    """The rows must be these; a `LabelError` that says what is there instead."""
    if tuple(found) == tuple(wanted[start : start + len(found)]):
        return
    if start + len(found) > len(wanted) and list(found[: len(wanted) - start]) == list(
        wanted[start:]
    ):
        raise FormatError(
            f"{place}, row {len(wanted) + 2}",
            found=f"another row, {found[len(wanted) - start]!r}",
            expected=f"the end, after {wanted[-1]!r}",
            remedy="Use the file as published.",
        )
    i = next(i for i, label in enumerate(found) if label != wanted[start + i])
    label, due = found[i], wanted[start + i]
    before = [*wanted[:start], *found[:i]]
    if label in before:
        what = f"{label!r} a second time, after row {before.index(label) + 2}"
    elif label in wanted:
        what = f"{label!r}, which is due in row {wanted.index(label) + 2}"
    else:
        what = f"{label!r}"
    raise LabelError(
        f"{place}, row {start + i + 2}",
        found=what,
        expected=f"the label {due!r}, in the order of the columns",
        remedy="Use the file as published, with no row moved, left out or renamed.",
    )


def packed(
    filled: Filled,
    x: Array,
    axis: Axis,
    demand: Axis,
    roles: tuple[str, ...],
    primary: Primary,
    info: TableInfo,
) -> Part:
    """Header and flat array of one table, with a note for everything odd in its values."""
    n, m, p = len(axis), len(demand), len(primary.names)
    chosen = filled.below[list(primary.positions)]
    _, _, rest = np.split(filled.flat, [n * n, n * (n + m)])
    V, own, Vy = rest[: p * n].reshape(p, n), rest[p * n : (p + 1) * n], rest[(p + 1) * n :]
    V[:], own[:], Vy.reshape(p, m)[:] = chosen[:, :n], x, chosen[:, n:]
    arrays = {"Z": filled.Z, "Y": filled.Y, "V": V, "x": own, "Vy": Vy.reshape(p, m)}
    bundle = Bundle(
        axis,
        demand,
        roles,
        primary.names,
        primary.roles,
        (info,),
        {name: array[None] for name, array in arrays.items()},
        checked=True,
    )
    table = bundle.table(0)
    _refuse_lost_decimals(table)
    return replace(bundle, infos=(checked(table, published=True).info,)).header(), filled.flat


def _refuse_lost_decimals(table: IOTable) -> None:
    """Costs of the whole world that do not come near its output: the numbers are not those."""
    costs, output = float(table.Z.sum() + table.V.sum()), float(table.x.sum())
    if abs(costs - output) > LOST * abs(output):
        raise ValueFault(
            table.info.name,
            found=f"costs of {costs:.4g} in all beside an output of {output:.4g}",
            expected=f"sums that differ by at most {LOST:.0%}",
            remedy="Numbers have lost their decimal points, or rows are missing. "
            + _FROM_PUBLISHER,
        )


def refuse_scale(place: str, value_added: Array, year: int | None) -> None:
    """Refuse world value added far from world GDP of the year, in million USD or EUR.

    For tables of the whole world only: a thousandfold unit and lost decimal points show here.
    """
    years = sorted(WORLD_PRODUCT)
    when = min(max(year or 0, years[0]), years[-1]) if year else None
    product = np.interp(when, years, [WORLD_PRODUCT[y] for y in years]) if when else None
    low, high = (
        (product / SCALE, product * SCALE)
        if product is not None
        else (min(WORLD_PRODUCT.values()) / SCALE, max(WORLD_PRODUCT.values()) * SCALE)
    )
    total = float(value_added.sum())
    if not low <= total <= high:
        of = f"in {year} " if year else ""
        raise ValueFault(
            f"{place}, value added of the world",
            found=f"{total:.3g} million",
            expected=f"{low:.2g} to {high:.2g} million: world GDP {of}within a factor {SCALE:g}",
            remedy="Another unit, or numbers that lost their decimal points. " + _FROM_PUBLISHER,
        )


def gap_note(axis: Axis, what: str, one: Array, other: Array) -> tuple[Note, ...]:
    """A note where two published forms of the same sums differ."""
    gap = np.abs(one - other)
    if gap.max(initial=0.0) <= NOTED_GAP * np.abs(other).max(initial=0.0):
        return ()
    worst = int(gap.argmax())
    text = f"{what} differ by up to {gap[worst]:.4g} ({axis.labels[worst]}); both as published"
    return (Note("published-totals", text),)


def expect_columns(wide: Wide, wanted: Sequence[str]) -> None:
    """The columns must be these; an error at the first that is not."""
    if wide.columns == tuple(wanted):
        return
    first = {label: j for j, label in reversed(list(enumerate(wide.columns)))}
    twice = [j for j, label in enumerate(wide.columns) if first[label] != j]
    both = zip(wide.columns, wanted, strict=False)
    j = next((j for j, (one, two) in enumerate(both) if one != two), len(wanted))
    j = min(j, len(wide.columns), *twice)
    found = repr(wide.columns[j]) if j < len(wide.columns) else f"the end after {j} columns"
    again = f" a second time, after column {first[wide.columns[j]] + 2}" if j in twice else ""
    raise LabelError(
        f"{wide.place}, row 1, column {j + 2}",
        found=found + again,
        expected=repr(wanted[j]) if j < len(wanted) else "no more columns",
        remedy="Use the file as published: every region with every industry, in one order.",
    )


def refuse_transposed(wide: Wide, primary: Sequence[str]) -> None:
    """Refuse a file whose columns are the rows below the flows."""
    there = [label for label in primary if label in wide.columns]
    if there:
        raise FormatError(
            f"{wide.place}, row 1",
            found=f"{there[0]!r} as a column",
            expected="sellers down, buyers across: primary inputs are rows",
            remedy="Rows and columns are swapped: transpose the table, or get the file again.",
        )


def coverage(regions: Sequence[str], full: Collection[int], rest: str) -> tuple[Note, ...]:
    """Notes where a table does not hold the whole world."""
    notes = []
    if len(regions) not in full:
        text = f"{len(regions)} of {' or '.join(str(n) for n in sorted(set(full)))} regions"
        notes.append(Note("part-of-the-world", text))
    if rest not in regions:
        text = f"no {rest}: what holds for the world as a whole does not hold here"
        notes.append(Note("no-rest-of-world", text))
    return tuple(notes)


def unnamed(wide: Wide, year: int | None, such: str) -> tuple[Note, ...]:
    """A note where neither name nor content of a file says the year."""
    if year is not None:
        return ()
    text = f"{wide.text.name} names no year (as {such} does), nor does its content"
    return (Note("unknown-year", text),)
