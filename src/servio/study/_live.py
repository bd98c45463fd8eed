"""Tables of a finished study, open again for another measure."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from servio import sources
from servio.errors import InputError, LabelError, UsageError
from servio.measure import MEASURES
from servio.study._grid import Call
from servio.study._plan import Input, plan
from servio.study._store import StudyStore
from servio.study._work import Ledger, open_table
from servio.table import IOTable, write_atomic

__all__ = [
    "LiveTables",
    "Recomputed",
    "live_tables",
    "remember_place",
    "settled_call",
    "uploaded_tables",
]

PLACE = ".place.json"
"""Where the files of a study were when it ran; not part of what the study found."""
ROOM = 1 << 30


@dataclass(frozen=True)
class Recomputed:
    """What one measure says about tables that are open.

    Parameters
    ----------
    results : pyarrow.Table
        Rows as in a study's results.
    undefined : pyarrow.Table
        Labels without a value, and why.
    problems : tuple of dict
        Tables the measure has no answer for: source, country, year, text.
    notes : tuple of (str, int)
        What a reader must know, and of how many tables.
    residual : float
        Largest relative error of the measure's identity.
    """

    results: pa.Table
    undefined: pa.Table
    problems: tuple[dict[str, Any], ...]
    notes: tuple[tuple[str, int], ...]
    residual: float


class LiveTables:
    """Tables of a study, opened when they are asked for and kept while there is room.

    A table that is kept holds what was factorised for it, so that measures share it.

    Parameters
    ----------
    inputs : sequence of Input
    bases : mapping of (source, country) to Input
        Tables of the base year.
    base_year : int or None
    room : int
        Bytes of tables to keep; the one in use is kept whatever its size.
    opener : callable
        Reads the table of an input.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        bases: Mapping[tuple[str, str], Input],
        base_year: int | None,
        room: int = ROOM,
        opener: Callable[[Input], IOTable] = open_table,
    ) -> None:
        self.inputs, self.bases, self.base_year = tuple(inputs), dict(bases), base_year
        self.room, self.opener = room, opener
        self._kept: OrderedDict[Input, IOTable] = OrderedDict()
        self._held = 0
        self._places = {(one.source, one.entry.country, one.entry.year): one for one in self.inputs}

    def __len__(self) -> int:
        return len(self.inputs)

    def part(self, number: int, count: int) -> LiveTables:
        """Every `count`-th table from `number`: what one of several processes holds."""
        inputs = self.inputs[number::count]
        return LiveTables(inputs, self.bases, self.base_year, self.room // count, self.opener)

    def number(self, source: str, country: str, year: int | None) -> int:
        """Place of a table among all; of `count` parts, the rest by `count` holds it."""
        return self.inputs.index(self._place(source, country, year))

    def table(self, source: str, country: str, year: int | None) -> IOTable:
        """One table; a country of a world table's axis gives the world table.

        Raises
        ------
        LabelError
            The study has no such table.
        """
        return self._open(self._place(source, country, year))

    def only(self, source: str, country: str, year: int | None) -> LiveTables:
        """One table alone; it is opened and kept here.

        Raises
        ------
        LabelError
            The study has no such table.
        """
        one = self._place(source, country, year)
        return LiveTables([one], self.bases, self.base_year, self.room, self._open)

    def measure(self, call: Call, tick: Callable[[], None] = lambda: None) -> Recomputed:
        """Take one measure of every table, in the order of the study.

        `tick` is called after each table; what it raises stops the work.
        """
        ledger = Ledger([call], self.base_year, None)
        for one in self.inputs:
            if call.spec.compares:
                base = self.bases.get((one.source, one.entry.country))
                ledger.base = None if base is None else self._open(base)
            ledger.measure(self._open(one))
            tick()
        return Recomputed(
            ledger.rows.results(call.name), ledger.rows.undefined(), tuple(ledger.problems),
            tuple((text, tables) for (_, _, _, text), tables in ledger.notes.items()),
            ledger.residual,
        )  # fmt: skip

    def _place(self, source: str, country: str, year: int | None) -> Input:
        for name in (country, "WORLD", ""):
            if (source, name, year) in self._places:
                return self._places[source, name, year]
        raise LabelError(
            "table", found=f"{source} {country} {year}", expected="a table of the study",
            remedy="Choose a country and year that the study has.",
        )  # fmt: skip

    def _open(self, one: Input) -> IOTable:
        if one not in self._kept:
            self._kept[one] = self.opener(one)
            self._held += _bytes(self._kept[one])
            while len(self._kept) > 1 and self._held > self.room:
                self._held -= _bytes(self._kept.popitem(last=False)[1])
        self._kept.move_to_end(one)
        return self._kept[one]


def live_tables(store: StudyStore, folder: str | Path | None = None) -> LiveTables:
    """Open the tables a finished study rests on.

    Parameters
    ----------
    store : StudyStore
    folder : path, optional
        Folder that the paths in the study file start from; where the study ran, if left out.

    Returns
    -------
    LiveTables

    Raises
    ------
    InputError
        The files are not where they were, or are no longer what the study measured.
    """
    place = Path(folder) if folder is not None else _remembered(store)
    found = plan(replace(store.study, folder=place))
    if found.key != store.provenance()["plan"]:
        raise InputError(
            str(place), found="tables or a servio other than those the study was made with",
            expected="the same files and version", remedy="Run the study again.",
        )  # fmt: skip
    inputs = [one for step in found.steps for one in step.inputs]
    bases = {
        (one.source, one.entry.country): one
        for one in [*inputs, *(step.base for step in found.steps if step.base is not None)]
        if found.base_year is not None and one.entry.year == found.base_year
    }
    return LiveTables(inputs, bases, found.base_year)


def uploaded_tables(path: str | Path) -> LiveTables:
    """Tables of a file that is no part of a study; nothing of it goes to the cache."""
    dataset = sources.scan(path, cache=False)
    inputs = [Input(entry, dataset.source, "") for entry in dataset.entries]
    return LiveTables(inputs, {}, None, opener=lambda one: dataset.table(one.entry))


def settled_call(name: str, options: Mapping[str, str], only: str = "", source: str = "") -> Call:
    """A measure with its options from text; those not named take their defaults.

    Raises
    ------
    UsageError
        No such measure, option or choice.
    """
    if name not in MEASURES:
        raise UsageError("measure", found=repr(name), expected="a known measure",
                         remedy="`servio list measures` shows them all.")  # fmt: skip
    spec = MEASURES[name]
    chosen = {key: option.default for key, option in spec.options.items()}
    chosen |= spec.parse(options.items())
    return Call(name, tuple(sorted(chosen.items())), only, source)


def remember_place(out: Path, folder: Path) -> None:
    """Note, beside a study's files, which folder the paths in its study file start from."""
    write_atomic(out / PLACE, json.dumps({"folder": str(folder.resolve())}).encode())


def _remembered(store: StudyStore) -> Path:
    try:
        return Path(json.loads((store.folder / PLACE).read_text(encoding="utf-8"))["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            str(store.folder), found="a study that does not say where its tables are",
            expected="the folder its study file starts from",
            remedy="Name that folder, or run the study again.",
        ) from None  # fmt: skip


def _bytes(table: IOTable) -> int:
    """About what a table holds with all factors: a few times its flows."""
    return 6 * int(table.Z.nbytes)
