"""Rows of a measure as the web asks for them: from the study, or computed by the queue."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from servio import classify
from servio.errors import UsageError
from servio.measure import MEASURES, MeasureSpec, Option
from servio.study import Call, settled_call
from servio.table import EVERYBODY
from servio.web._answers import OpenStudy, Pending, Query
from servio.web._jobs import Task
from servio.web._words import sentence

__all__ = ["LABELS", "Found", "Gaps", "asked_call", "check_years", "found", "selected"]

LABELS = ("industry", "partner", "group", "part")
FILTERS = ("source", "country", *LABELS)
GAPS = ["source", "year", "label", "reason"]
COLUMNS = ("source", "year", "country", *LABELS, "value", "unit")


@dataclass(frozen=True)
class Found:
    """All rows of one measure.

    Parameters
    ----------
    call : Call
    rows : pyarrow.Table
        Columns source, year, country, industry, partner, group, part, value, unit.
    stored : bool
        Whether the study holds them, rather than the queue.
    gaps : pandas.DataFrame
        Columns source, year, label, reason: what has no value, and why.
    problems : tuple of str
        Why tables have no answer.
    notes : tuple of str
    residual : float or None
        Largest error of the measure's identity; None where the study keeps it with its tables.
    """

    call: Call
    rows: pa.Table
    stored: bool
    gaps: pd.DataFrame
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    residual: float | None

    @property
    def spec(self) -> MeasureSpec:
        """The record of the measure."""
        return self.call.spec

    @property
    def undefined(self) -> int:
        """How many labels have no value."""
        return len(self.gaps)

    @property
    def first(self) -> str:
        """The first label without a value, and why; empty where there is none."""
        return _gap(self.gaps)

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """Every text of each column of labels, in the order they come."""
        return {
            name: pc.unique(self.rows[name]).to_pylist()
            for name in ("source", "country", *LABELS, "unit")
        }

    @property
    def unit(self) -> str:
        """Its unit, or its units."""
        return " or ".join(self.texts["unit"]) or self.spec.unit

    def labels(self) -> dict[str, list[str]]:
        """Every label of each column that has any."""
        return {name: self.texts[name] for name in LABELS if self.texts[name] not in ([""], [])}

    @cached_property
    def _reasons(self) -> dict[tuple[Any, ...], str]:
        """Why a label of a source and year has no value."""
        return {tuple(gap[:3]): gap[3] for gap in self.gaps.itertuples(index=False)}

    def without_value(self, rows: pa.Table, most: int = 200) -> pd.DataFrame:
        """Those of `rows` that have no value, and the reason where one is known."""
        if not rows["value"].null_count:
            kept = [name for name in rows.column_names if name not in ("value", "unit")]
            return pd.DataFrame(columns=[*kept, "reason", "reason_ko"])
        empty = rows.filter(pc.is_null(rows["value"])).slice(0, most).to_pandas()
        known = self._reasons
        empty["reason"] = [
            next((known[key] for key in _keys(row) if key in known), "")
            for row in empty.itertuples(index=False)
        ]
        empty["reason_ko"] = [sentence("reason", text) for text in empty.reason]
        return empty.drop(columns=["value", "unit"])

    def there(self, chosen: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Those of the texts that its columns have; all where there are no rows."""
        if not len(self.rows):
            return {name: list(texts) for name, texts in chosen.items()}
        known = {name: set(self.texts[name]) for name in chosen}
        return {name: [t for t in texts if t in known[name]] for name, texts in chosen.items()}

    def gaps_among(
        self, chosen: Mapping[str, Sequence[str]], years: Sequence[int] = ()
    ) -> Gaps:  # fmt: skip
        """What has no value among the rows chosen; among all of them where nothing is."""
        if not any(chosen.values()) and not years:
            return Gaps(self.undefined, self.first)
        if not self.rows["value"].null_count:
            return Gaps(0, "")
        rows = selected(self.rows, chosen, years)
        if not rows["value"].null_count:
            return Gaps(0, "")
        one = self.without_value(rows, 1).iloc[0]
        label = " ".join(t for t in (one.country, *(one[name] for name in LABELS)) if t)
        year = "" if pd.isna(one.year) else f" {int(one.year)}"
        return Gaps(rows["value"].null_count, f"{label}{year}: {one.reason}".removesuffix(": "))


@dataclass(frozen=True)
class Gaps:
    """How many rows have no value, and the first with its reason."""

    count: int
    first: str


def _keys(row: Any) -> Iterator[tuple[Any, ...]]:
    """Labels a row without a value may be listed under, the longest first."""
    plain = [t for t in (f"{row.country}_{row.industry}", row.industry, row.country) if t]
    rest = [t for t in (row.group, row.part, row.partner) if t]
    for label in plain:
        for more in (f" {' '.join(rest)}", *(f" {text}" for text in rest), ""):
            yield row.source, row.year, f"{label}{more}"


def asked_call(name: str, query: Query) -> Call:
    """The measure a query is about; what its other readers left are the measure's options.

    Every other parameter must have been read before.
    """
    only = query.text("only", "")
    return settled_call(name, query.rest(), only)


def found(
    study: OpenStudy, call: Call, upload: str = "",
    chosen: Mapping[str, Sequence[str]] | None = None,
) -> Found | Pending:  # fmt: skip
    """All rows of a measure; `Pending` while the queue computes them.

    Raises
    ------
    UsageError
        A source, country or grouping that the tables of the study do not have: nothing is computed
        for it.
    """
    if not upload:
        _check_places(study, call, chosen or {})
        _check_groupings(study, call)
    if not upload and call in _stored(study):
        return study.once(f"rows {call.text} {call.only}", lambda: _of_store(study, call))
    options = tuple((key, call.option(key)) for key, _ in call.options)
    arguments: tuple[tuple[str, Any], ...] = (
        ("name", call.name),
        ("only", call.only),
        ("options", options),
    )
    if upload:
        arguments = (*arguments, ("upload", upload))
    holder = 0 if upload else -1
    if study.jobs is None:
        raise UsageError(
            f"measure {call.name}", found="options the study does not hold",
            expected="those it holds: this server computes nothing",
            remedy="Choose stored options, or start the server with --tables.",
        )  # fmt: skip
    job = study.jobs.submit(Task("measure", arguments, holder))
    if not job.future.done():
        return Pending(job)
    recent: _Recent = study.once("computed rows", _Recent)
    return recent.get(job.id, lambda: _of_parts(call, job.answer))


def _check_places(study: OpenStudy, call: Call, chosen: Mapping[str, Sequence[str]]) -> None:
    for name, known in (("source", study.results.sources), ("country", _countries(study))):
        for text in chosen.get(name, ()):
            if text not in known and not (name == "country" and call.option("blocs")):
                near = get_close_matches(text, known, n=3) or list(known)[:8]
                raise UsageError(f"parameter {name}", found=repr(text),
                                 expected=f"one of {', '.join(near)}",
                                 remedy="Choose one of those there are.")  # fmt: skip


def _countries(study: OpenStudy) -> Sequence[str]:
    """Every country that rows can be of."""

    def known() -> Sequence[str]:
        audits = study.once("audits", study.store.audits)
        rows = pc.unique(study.store.arrow(columns=["country"])["country"].cast(pa.string()))
        found = {*audits.country, *rows.to_pylist()}
        tables = None if study.jobs is None else study.jobs.tables
        firsts = {} if tables is None else {one.source: one for one in tables.inputs}
        for source, one in firsts.items():
            if tables is not None and one.entry.country in ("WORLD", ""):
                table = tables.table(source, one.entry.country, one.entry.year)
                found |= set(table.axis.country_names)
        return sorted(found)

    return study.once("countries", known)


def _check_groupings(study: OpenStudy, call: Call) -> None:
    """Tables with groupings of their own are asked; of all others only known groupings."""
    if call in _stored(study) or _own_groupings(study):
        return
    named = {name: call.option(name) for name, option in call.spec.options.items()
             if takes_groupings(option)}  # fmt: skip
    for name, text in {**named, "only": call.only}.items():
        words = call.spec.options[name].words if name in named else ()
        known = (*EVERYBODY, *words, *classify.groupings())
        if text and text not in known:
            near = get_close_matches(text, known, n=3) or list(known)[:8]
            raise UsageError(f"parameter {name}", found=repr(text),
                             expected=f"one of {', '.join(near)}",
                             remedy="`servio list groupings` shows all.")  # fmt: skip


def _own_groupings(study: OpenStudy) -> bool:
    audits = study.once("audits", study.store.audits)
    descriptions = any(one.path.endswith(".toml") for one in study.store.study.tables)
    return descriptions or "generic" in set(audits.source)


def takes_groupings(option: Option) -> bool:
    """Whether an option of a measure is the name of a grouping."""
    named = option.name == "by" or option.default in classify.groupings()
    return named and option.kind is str and not option.choices and option.name != "chain"


class _Recent:
    """Computed rows that were asked for last, as many as there is room for."""

    def __init__(self, room: int = 128 << 20) -> None:
        self.room = room
        self._kept: OrderedDict[str, Found] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}

    def get(self, id: str, make: Callable[[], Found]) -> Found:
        """Those of a job, made once for all who ask at a time; they have the answer of that job."""
        with self._lock:
            making = self._making.setdefault(id, threading.Lock())
        with making:
            with self._lock:
                rows = self._kept.get(id)
            if rows is None:
                rows = make()
            with self._lock:
                self._kept[id] = rows
                self._kept.move_to_end(id)
                while len(self._kept) > 1 and self._held() > self.room:
                    self._kept.popitem(last=False)
                self._making.pop(id, None)
        return rows

    def _held(self) -> int:
        return sum(one.rows.nbytes for one in self._kept.values())


def selected(
    rows: pa.Table, chosen: Mapping[str, Sequence[str]], years: Sequence[int] = ()
) -> pa.Table:
    """Rows with one of the texts in each column that has any chosen, and of some years.

    Raises
    ------
    UsageError
        A text that the column does not have.
    """
    keep = None
    for name, texts in chosen.items():
        if not texts or not len(rows):
            continue
        own = pc.is_in(rows[name], value_set=pa.array(texts, pa.string()))
        keep = _both(keep, own)
        if len(texts) == 1 and pc.any(own).as_py():
            continue
        known = pc.unique(rows[name]).to_pylist()
        for text in texts:
            if text not in known:
                raise UsageError(
                    f"parameter {name}", found=repr(text), remedy="Choose one of those there are.",
                    expected=f"one of {', '.join(map(str, known[:8]))}",
                )  # fmt: skip
    if years:
        keep = _both(keep, pc.is_in(rows["year"], value_set=pa.array(years, pa.int32())))
    return rows if keep is None else rows.filter(keep)


def check_years(pieces: Sequence[pa.Table], years: Sequence[int]) -> None:
    """Refuse a year that none of the rows is of; where there are none, they say themselves why.

    Raises
    ------
    UsageError
    """
    known = {year for rows in pieces for year in pc.unique(rows["year"]).to_pylist()}
    wrong = [year for year in years if year not in known]
    if known and wrong:
        there = sorted(year for year in known if year is not None)
        nearest = sorted(sorted(there, key=lambda year: abs(year - wrong[0]))[:8])
        named = f"one of {', '.join(map(str, nearest))}" if there else "none: they have no year"
        raise UsageError("parameter year", found=str(wrong[0]), expected=named,
                         remedy="Choose one of those there are.")  # fmt: skip


def _stored(study: OpenStudy) -> frozenset[Call]:
    calls = study.store.study.calls
    return study.once(
        "stored calls", lambda: frozenset(Call(c.name, c.options, c.only) for c in calls)
    )


def _of_store(study: OpenStudy, call: Call) -> Found:
    store, key = study.store, (call.name, call.definition)
    rows = _plain(study.once("all rows", lambda: _all_rows(study)).get(key, _nothing()))
    gaps = study.once("gaps", lambda: _by_call(store.undefined()))
    problems = study.once("problems", lambda: store.problems())
    notes = study.once("notes", lambda: store.notes())
    own = [text for text in notes.text[notes.measure == call.name] if _concerns(text, call)]
    return Found(
        call, rows, True, gaps.get(key, pd.DataFrame(columns=GAPS)),
        tuple(problems.text[problems.measure == call.name].unique()[:5]), tuple(own), None,
    )  # fmt: skip


def _all_rows(study: OpenStudy) -> dict[tuple[str, str], pa.Table]:
    """Every row of the study by measure and definition, texts as dictionaries."""
    rows = study.store.arrow(columns=[*COLUMNS, "measure", "definition"])
    rows = rows.unify_dictionaries().combine_chunks()
    if not len(rows):
        return {}
    measures, definitions = (rows[name].chunk(0) for name in ("measure", "definition"))
    number = measures.indices.to_numpy().astype(np.int64) * len(definitions.dictionary)
    number += definitions.indices.to_numpy()
    order = np.argsort(number, kind="stable")
    rows = rows.take(pa.array(order))
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    ends = [*starts[1:].tolist(), len(rows)]
    return {
        (rows["measure"][start].as_py(), rows["definition"][start].as_py()): rows.slice(
            start, end - start
        )
        for start, end in zip(starts.tolist(), ends, strict=True)
    }


def _by_call(gaps: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    grouped = gaps.groupby(["measure", "definition"], sort=False)
    return {(str(m), str(d)): own[GAPS] for (m, d), own in grouped}


def _nothing() -> pa.Table:
    texts = {name: pa.array([], pa.string()) for name in COLUMNS}
    return pa.table(texts | {"year": pa.array([], pa.int32()), "value": pa.array([], pa.float64())})


def _concerns(note: str, call: Call) -> bool:
    """Whether a note is about this call: one on a grouping begins with its name."""
    name = note.partition(":")[0]
    return name not in classify.groupings() or name in {call.option(key) for key, _ in call.options}


def _of_parts(call: Call, parts: Sequence[Any]) -> Found:
    rows = _in_order([part.results for part in parts])
    gaps = pa.concat_tables([_decoded(part.undefined) for part in parts]).to_pandas()
    notes = dict.fromkeys(text for part in parts for text, _ in part.notes)
    problems = dict.fromkeys(p["text"] for part in parts for p in part.problems)
    return Found(
        call, rows, False, gaps[GAPS], tuple(problems)[:5],
        tuple(notes), max(part.residual for part in parts),
    )  # fmt: skip


def _in_order(parts: Sequence[pa.Table]) -> pa.Table:
    """Rows of several parts by source, year and country.

    Texts are written out last: they are much larger than their numbers in a dictionary.
    """
    kept = [name for name in COLUMNS if name in parts[0].column_names]
    rows = pa.concat_tables([part.select(kept) for part in parts], promote_options="default")
    rows = rows.unify_dictionaries().combine_chunks()
    keys = ("source", "year", "country")
    order = pc.sort_indices(_decoded(rows.select(keys)), [(key, "ascending") for key in keys])
    return _decoded(rows.take(order))


def _gap(gaps: pd.DataFrame) -> str:
    if gaps.empty:
        return ""
    one = gaps.iloc[0]
    year = "" if pd.isna(one.year) else f" {int(one.year)}"
    return f"{one.label}{year}: {one.reason}"


def _plain(table: pa.Table) -> pa.Table:
    return _decoded(table.select([name for name in COLUMNS if name in table.column_names]))


def _decoded(table: pa.Table) -> pa.Table:
    """Texts as texts: dictionaries of several parts do not go together."""
    fields = [
        pa.field(f.name, f.type.value_type) if pa.types.is_dictionary(f.type) else f
        for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def _both(one: Any, other: Any) -> Any:
    return other if one is None else pc.and_(one, other)


def known_measure(name: str) -> MeasureSpec:
    """The record of a measure by its name."""
    return settled_call(name, {}).spec if name not in MEASURES else MEASURES[name]
