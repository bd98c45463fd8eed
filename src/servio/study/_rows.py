"""Measures as long Arrow tables: dictionary codes straight from label positions, no row objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from servio.measure import Measure
from servio.study._grid import Call
from servio.table import IOTable

__all__ = ["LABELS", "Rows", "option_names"]

LABELS = ("country", "industry", "partner", "group", "part")
TEXT = pa.dictionary(pa.int32(), pa.string())

Codes = npt.NDArray[np.int32]


@dataclass
class _Words:
    """Texts by number, numbered as they come."""

    numbers: dict[str, int] = field(default_factory=dict)
    _known: dict[tuple[str, ...], Codes] = field(default_factory=dict)

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))

    def codes(self, names: tuple[str, ...]) -> Codes:
        if names not in self._known:
            self._known[names] = np.array([self.number(name) for name in names], dtype=np.int32)
        return self._known[names]

    def column(self, codes: Codes) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(
            pa.array(codes, pa.int32()), pa.array(list(self.numbers), pa.string())
        )


@dataclass
class _Block:
    """Rows of one measure, piece by piece: one piece a table and call."""

    values: list[npt.NDArray[np.float64]] = field(default_factory=list)
    labels: dict[str, list[Codes]] = field(default_factory=lambda: {k: [] for k in LABELS})
    calls: list[int] = field(default_factory=list)
    heads: list[tuple[str, int | None, str]] = field(default_factory=list)


@dataclass
class _Gap:
    head: tuple[str, int | None, str]
    call: int
    label: str
    reason: str


class Rows:
    """Collects measures and gives them as Arrow tables, one a measure name.

    Parameters
    ----------
    calls : sequence of Call
        All calls of the study: every part has the same columns.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        self.calls = calls
        self.options = option_names(calls)
        self._words = {name: _Words() for name in LABELS}
        self._blocks = {call.name: _Block() for call in calls}
        self._definitions = [call.definition for call in calls]
        self._gaps: list[_Gap] = []

    def add(self, number: int, table: IOTable, result: Measure) -> None:
        """Take the rows of call `number` on a table; keep the industries it is about only."""
        only = self.calls[number].only
        keep = _kept_rows(table, result, only) if only else None
        values = result.values if keep is None else result.values[keep]
        block = self._blocks[result.name]
        unknown = set(result.columns) - set(LABELS)
        if unknown:
            raise AssertionError(f"{result.name} has columns {unknown} that a study does not store")
        for name, words in self._words.items():
            column = result.columns.get(name)
            if column is None:
                codes = np.full(len(values), words.number(""), dtype=np.int32)
            else:
                index = column.index if keep is None else column.index[keep]
                codes = words.codes(column.names)[index]
            block.labels[name].append(codes)
        block.values.append(np.asarray(values, dtype=np.float64))
        block.calls.append(number)
        block.heads.append((result.info.source, result.info.year, result.unit))
        self._add_gaps(number, table, result, only)

    def _add_gaps(self, number: int, table: IOTable, result: Measure, only: str) -> None:
        if not result.undefined:
            return
        left_out = _left_out(table, only) if only else frozenset()
        head = result.info.source, result.info.year, result.info.country
        self._gaps += [
            _Gap(head, number, gap.label, gap.reason)
            for gap in result.undefined
            if gap.label not in left_out
        ]

    def results(self, name: str) -> pa.Table:
        """All rows of one measure, in the order of tables and calls."""
        block = self._blocks[name]
        counts = np.array([len(v) for v in block.values], dtype=np.intp)
        columns: dict[str, pa.Array] = {
            "source": _spread([h[0] for h in block.heads], counts),
            "year": _years([h[1] for h in block.heads], counts),
        }
        for label, words in self._words.items():
            pieces = block.labels[label] or [np.empty(0, np.int32)]
            columns[label] = words.column(np.concatenate(pieces))
        values = np.concatenate(block.values or [np.empty(0)])
        columns["measure"] = _constant(name, len(values))
        columns["value"] = pa.array(values, pa.float64(), mask=np.isnan(values))
        columns["unit"] = _spread([h[2] for h in block.heads], counts)
        columns["definition"] = _spread([self._definitions[i] for i in block.calls], counts)
        for option in self.options:
            texts = {i: self.calls[i].option(option) for i in set(block.calls)}
            columns[option] = _spread([texts[i] for i in block.calls], counts)
        return pa.table(columns)

    def undefined(self) -> pa.Table:
        """Labels without a value and why, in the order they came."""
        once = np.ones(len(self._gaps), dtype=np.intp)
        return pa.table(
            {
                "source": _spread([gap.head[0] for gap in self._gaps], once),
                "year": _years([gap.head[1] for gap in self._gaps], once),
                "table": _spread([gap.head[2] for gap in self._gaps], once),
                "measure": _spread([self.calls[gap.call].name for gap in self._gaps], once),
                "definition": _spread([self._definitions[gap.call] for gap in self._gaps], once),
                "label": _spread([gap.label for gap in self._gaps], once),
                "reason": _spread([gap.reason for gap in self._gaps], once),
            }
        )


def option_names(calls: Sequence[Call]) -> tuple[str, ...]:
    """Options of all measures of a study, sorted."""
    return tuple(sorted({key for call in calls for key, _ in call.options}))


def _codes_of(texts: Sequence[str]) -> tuple[Codes, list[str]]:
    places: dict[str, int] = {}
    codes = [places.setdefault(text, len(places)) for text in texts]
    return np.array(codes, dtype=np.int32), list(places)


def _dictionary(codes: Codes, names: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, pa.int32()), pa.array(list(names), pa.string())
    )


def _spread(texts: Sequence[str], counts: npt.NDArray[np.intp]) -> pa.DictionaryArray:
    codes, names = _codes_of(texts)
    return _dictionary(np.repeat(codes, counts), names)


def _constant(text: str, count: int) -> pa.DictionaryArray:
    return _dictionary(np.zeros(count, dtype=np.int32), [text])


def _years(years: Sequence[int | None], counts: npt.NDArray[np.intp]) -> pa.Array:
    known = np.array([0 if year is None else year for year in years], dtype=np.int32)
    missing = np.array([year is None for year in years], dtype=bool)
    return pa.array(np.repeat(known, counts), pa.int32(), mask=np.repeat(missing, counts))


def _kept_rows(table: IOTable, result: Measure, only: str) -> npt.NDArray[np.bool_] | None:
    """Rows of the industries of a grouping; None where rows are not industries."""
    column = result.columns.get("industry")
    if column is None:
        return None
    kept = _kept_codes(table, only)
    if not set(column.names) <= set(table.axis.codes):
        return None
    return np.array([name in kept for name in column.names], dtype=bool)[column.index]


def _kept_codes(table: IOTable, only: str) -> frozenset[str]:
    found: frozenset[str] = table.once(("study keeps", only), lambda: _codes_in(table, only))
    return found


def _codes_in(table: IOTable, only: str) -> frozenset[str]:
    weights = table.weights(only)[1].sum(axis=0)
    return frozenset(table.axis.codes[i] for i in np.flatnonzero(weights))


def _left_out(table: IOTable, only: str) -> frozenset[str]:
    def labels() -> frozenset[str]:
        kept = _kept_codes(table, only)
        pairs = zip(table.axis.labels, table.axis.codes, strict=True)
        return frozenset(label for label, code in pairs if code not in kept)

    found: frozenset[str] = table.once(("study leaves out", only), labels)
    return found
