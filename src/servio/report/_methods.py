"""Methods: every measure and grouping used, and how to run the study again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from servio import classify
from servio.measure import MeasureSpec
from servio.report._blocks import Table
from servio.report.view import LABELS, Results, Slab, View
from servio.report.words import UNDEFINED, country, difference, number

__all__ = ["Definition", "Method", "everything", "groupings", "inputs", "methods", "versions"]

MOST_ROWS = 8
MOST_VARIANTS = 400


@dataclass(frozen=True)
class Method:
    """A measure and the ways the study computed it."""

    spec: MeasureSpec
    values: tuple[tuple[str, str], ...]

    @property
    def range_words(self) -> str:
        """Smallest and largest possible value in words."""
        low, high = self.spec.range
        if low is None and high is None:
            return "any value"
        if high is None:
            return f"{low:g} or more"
        return f"at most {high:g}" if low is None else f"{low:g} to {high:g}"


@dataclass(frozen=True)
class Definition:
    """A grouping the study used."""

    name: str
    title: str
    groups: str
    definition: str
    source: str
    basis: str
    kind: str


def methods(results: Results) -> list[Method]:
    """Every measure of the study with the values its options took."""
    found = []
    for spec in results.store.specs():
        own = [v for v in results.variants if v.name == spec.name]
        values = {
            key: ", ".join(dict.fromkeys(v.options[key] for v in own)) for key in spec.options
        }
        found.append(Method(spec, tuple(values.items())))
    return found


def groupings(results: Results) -> list[Definition]:
    """Every grouping named by an option, definitions of producer services last."""
    named = {value for v in results.variants for value in (*v.options.values(), v.only)}
    known = [name for name in classify.groupings() if name in named]
    last = set(classify.producer_service_definitions())
    return [_definition(name) for name in sorted(known, key=lambda n: (n in last, n))]


def _definition(name: str) -> Definition:
    found = classify.grouping(name)
    return Definition(
        name, found.title, ", ".join(found.group_titles), found.definition.strip(),
        found.source.strip(), found.basis.strip(),
        "by list of activities" if found.kind == "activity" else "by function: who buys",
    )  # fmt: skip


def versions(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Programs and data the numbers come from."""
    return [(str(k), str(v)) for k, v in provenance.get("versions", {}).items()]


def inputs(provenance: Mapping[str, Any]) -> Table | None:
    """Input files with their hashes."""
    records = provenance.get("inputs", [])
    if not records:
        return None
    columns = list(dict.fromkeys(key for record in records for key in record))
    rows = [[_plain(record.get(key, "")) for key in columns] for record in records]
    shown = [[f"{cell[:16]}…" if len(cell) == 64 else cell for cell in row] for row in rows]
    return Table(
        "Input files", "SHA-256 of the content, whole in the data; generated tables have none.",
        columns, shown,
        [False] * len(columns), pd.DataFrame(rows, columns=columns), folded=True,
    )  # fmt: skip


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        numbers = [v for v in value if isinstance(v, int)]
        if numbers and numbers == list(range(numbers[0], numbers[-1] + 1)) and len(numbers) > 1:
            return f"{numbers[0]}–{numbers[-1]}"
        return ", ".join(map(str, value))
    return str(value)


def everything(view: View) -> Table | None:
    """Every result of the focus country that is not by industry or partner, beside all others."""
    if view.focus is None:
        return None
    rows: list[list[str]] = []
    data: list[tuple[Any, ...]] = []
    for variant in view.variants():
        slab = view.slab(variant)
        by_partner = len(slab.names("partner")) > 1
        by_industry = variant.is_by_industry or (
            "by" not in variant.options and len(slab.names("industry")) > MOST_ROWS
        )
        if not by_industry and not by_partner and view.focus in slab.codes:
            for values in _glance(slab, view.focus, view.base):
                label, _, base, value, rank, count, median, *_ = values
                data.append((variant.name, variant.text, *label, view.focus, view.base, *values[1:],
                             slab.unit))  # fmt: skip
                rows.append([variant.name, variant.words, " ".join(p for p in label if p),
                             number(base, slab.unit), number(value, slab.unit),
                             difference(value - base, slab.unit),
                             UNDEFINED if rank is None else f"{rank} of {count}",
                             number(median, slab.unit)])  # fmt: skip
    if not rows:
        return None
    columns = ["measure", "definition", *LABELS, "country", "base_year", "year", "base", "value",
               "rank", "countries", "median", "lowest", "highest", "unit"]  # fmt: skip
    shown = rows[:MOST_VARIANTS]
    since = f", change since {view.base}" if view.base else ""
    more = (
        f" The first {len(shown)} of {len(rows)}; the data hold all."
        if len(rows) > len(shown)
        else ""
    )
    return Table(
        f"All results that are not by industry: {country(view.focus)}",
        f"Latest year of each{since}. Source: {view.title}; "
        f"own calculation.{more}",
        ["Measure", "Definition", "Label", "Base", "Latest", "Change", "Rank", "Median"],
        shown, [False] * 3 + [True] * 5, pd.DataFrame(data, columns=columns), folded=True,
    )  # fmt: skip


def _glance(slab: Slab, code: str, base_year: int | None) -> Iterator[tuple[Any, ...]]:
    """By label: latest year, base, value, rank, count, median, lowest and highest."""
    place = slab.codes.index(code)
    for label, table in zip(slab.labels, slab.values, strict=True):
        known = np.flatnonzero(~np.isnan(table).all(axis=0))
        if not len(known):
            continue
        latest = int(known[-1])
        column = table[:, latest]
        value = float(column[place])
        base = math.nan
        if base_year in slab.years:
            base = float(table[place, slab.years.index(base_year)])
        rank = None if math.isnan(value) else int((column > value).sum()) + 1
        defined = column[~np.isnan(column)]
        yield (label, slab.years[latest], base, value, rank, len(defined),
               float(np.median(defined)), float(defined.min()), float(defined.max()))  # fmt: skip
