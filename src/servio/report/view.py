"""A study's results as a report needs them: one source, one measure variant, one panel."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from servio.measure import MeasureSpec
from servio.report.words import country, is_region, source_title, variant_words

if TYPE_CHECKING:
    from servio.study import StudyStore

__all__ = ["LABELS", "Panel", "Results", "Slab", "Variant", "View"]

LABELS = ("industry", "partner", "group", "part")

Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]
Labels = tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class Variant:
    """A measure with its options settled, as a study computed it.

    Parameters
    ----------
    spec : MeasureSpec
    options : mapping of str to str
        As text, sorted by name.
    only : str
        Grouping whose industries were kept; "" for all.
    """

    spec: MeasureSpec
    options: Mapping[str, str]
    only: str = ""

    @property
    def name(self) -> str:
        """Name of the measure."""
        return self.spec.name

    @property
    def words(self) -> str:
        """The options in words."""
        return variant_words(self.options)

    @property
    def text(self) -> str:
        """The options as the study has them."""
        return " ".join(f"{key}={value}" for key, value in self.options.items())

    @property
    def is_by_industry(self) -> bool:
        """Whether it has one row an industry."""
        return self.options.get("by") == "industry"


@dataclass(frozen=True, eq=False)
class Slab:
    """All values of a variant from one source.

    Parameters
    ----------
    variant : Variant
    unit : str
    labels : tuple of (industry, partner, group, part)
        In the order of the results.
    codes : tuple of str
        Countries, sorted. Regions that are no economy are not among them.
    years : tuple of int
        Sorted; 0 where a table states none.
    values : array (labels, countries, years)
        NaN where undefined.
    """

    variant: Variant
    unit: str
    labels: Labels
    codes: tuple[str, ...]
    years: tuple[int, ...]
    values: Array

    def names(self, column: str) -> list[str]:
        """Labels of a column, in the order they come."""
        place = LABELS.index(column)
        return list(dict.fromkeys(label[place] for label in self.labels))

    def panel(self, number: int) -> Panel:
        """Countries by years of one label."""
        return Panel(self.variant, self.unit, self.codes, self.years, self.values[number])

    def grid(self, code: str, year: int) -> pd.DataFrame:
        """Industries by groups of one country and year; NaN where undefined."""
        rows, columns = self.names("industry"), self.names("group")
        cells = np.full((len(rows), len(columns)), math.nan)
        if code in self.codes and year in self.years:
            own = self.values[:, self.codes.index(code), self.years.index(year)]
            for (industry, _, group, _), value in zip(self.labels, own, strict=True):
                cells[rows.index(industry), columns.index(group)] = value
        return pd.DataFrame(cells, index=rows, columns=columns)


@dataclass(frozen=True, eq=False)
class Panel:
    """Values by country and year of one label of one variant; NaN where undefined.

    Parameters
    ----------
    variant : Variant
    unit : str
    codes : tuple of str
    all_years : tuple of int
    values : array (countries, years)
    """

    variant: Variant
    unit: str
    codes: tuple[str, ...]
    all_years: tuple[int, ...]
    values: Array

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Countries by years."""
        index = pd.Index(self.codes, name="country")
        return pd.DataFrame(self.values, index=index, columns=list(self.all_years))

    @property
    def years(self) -> list[int]:
        """Years with at least one value."""
        return [int(y) for y in self.frame.columns[self.frame.notna().any(axis=0)]]

    @property
    def latest(self) -> int | None:
        """Last year with a value."""
        return max(self.years, default=None)

    def column(self, year: int | None) -> pd.Series:
        """Defined values of a year."""
        if year is None or year not in self.frame.columns:
            return pd.Series(dtype=np.float64)
        return self.frame[year].dropna()

    def value(self, code: str | None, year: int | None) -> float:
        """One value; NaN where undefined."""
        return float(self.column(year).get(code, math.nan))

    def change(self, code: str | None, base: int | None) -> float:
        """Latest value minus that of the base year."""
        return self.value(code, self.latest) - self.value(code, base)

    def rank(self, code: str | None, year: int | None) -> int | None:
        """Place from the top; equal values share the better place."""
        values = self.column(year)
        return None if code not in values.index else int((values > values[code]).sum()) + 1

    def count(self, year: int | None) -> int:
        """How many countries have a value."""
        return len(self.column(year))

    def median(self, year: int | None) -> float:
        """Median of the countries that have a value."""
        values = self.column(year)
        return float(values.median()) if len(values) else math.nan

    def medians(self) -> pd.Series:
        """Median by year."""
        return self.frame.median(axis=0)


class Results:
    """Results of a store; each measure is read once and kept as numbers."""

    def __init__(self, store: StudyStore) -> None:
        self.store = store
        specs = {spec.name: spec for spec in store.specs()}
        self.variants = tuple(
            Variant(specs[call.name], {k: _text(v) for k, v in call.options}, call.only)
            for call in store.study.calls
        )
        self._blocks: dict[str, _Block] = {}

    @cached_property
    def audits(self) -> pd.DataFrame:
        """One row a table."""
        return self.store.audits()

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Sources of the tables, in the order of the study."""
        return tuple(dict.fromkeys(self.audits["source"]))

    def codes(self, source: str) -> tuple[str, ...]:
        """Countries that have a row of a source, sorted, without what is left over in a table."""
        return tuple(c for c in self.store.countries(source) if not is_region(c))

    def block(self, variant: Variant) -> _Block:
        """The rows of the variant's measure."""
        if variant.name not in self._blocks:
            rows = self.store.results(variant.name)
            self._blocks[variant.name] = _Block(rows, list(variant.options))
        return self._blocks[variant.name]


class _Block:
    """Rows of one measure: labels as numbers, and where each variant and source lies."""

    def __init__(self, rows: pd.DataFrame, options: list[str]) -> None:
        self.names: dict[str, list[str]] = {}
        self.codes: dict[str, Positions] = {}
        for column in ("country", "unit", *LABELS):
            codes, names = pd.factorize(rows[column])
            self.codes[column], self.names[column] = codes, [str(name) for name in names]
        self.years = rows["year"].fillna(0).to_numpy(dtype=np.int64)
        self.values = rows["value"].to_numpy(dtype=np.float64)
        self.places = _places(rows, ["source", *options])

    def slab(self, variant: Variant, source: str) -> Slab:
        at = self.places.get((source, *variant.options.values()), np.empty(0, np.intp))
        own = {column: codes[at] for column, codes in self.codes.items()}
        names = self.names["country"]
        codes = sorted(
            {names[c] for c in np.unique(own["country"])} - {n for n in names if is_region(n)}
        )
        row = np.array([codes.index(n) if n in codes else -1 for n in names], dtype=np.intp)
        years, column = np.unique(self.years[at], return_inverse=True)
        labels, label = self._labels(own)
        values = np.full((len(labels), len(codes), len(years)), math.nan)
        kept = row[own["country"]] >= 0
        values[label[kept], row[own["country"]][kept], column[kept]] = self.values[at][kept]
        units = [self.names["unit"][u] for u in pd.unique(own["unit"])]
        unit = " or ".join(units) or variant.spec.unit
        return Slab(variant, unit, labels, tuple(codes), tuple(map(int, years)), values)

    def _labels(self, own: Mapping[str, Positions]) -> tuple[Labels, Positions]:
        """Labels in the order they come, and the number of each row's label."""
        code = np.zeros(len(own["industry"]), dtype=np.int64)
        for column in LABELS:
            code = code * len(self.names[column]) + own[column]
        number, found = pd.factorize(code)
        labels = []
        for value in found.tolist():
            parts = []
            for column in reversed(LABELS):
                value, place = divmod(value, len(self.names[column]))
                parts.append(self.names[column][place])
            labels.append((parts[3], parts[2], parts[1], parts[0]))
        return tuple(labels), number


class View:
    """The part of a study that rests on one source.

    Parameters
    ----------
    results : Results
    source : str
    """

    def __init__(self, results: Results, source: str) -> None:
        self.results = results
        self.source = source
        study = results.store.study
        own = results.audits[results.audits["source"] == source]
        self.tables = len(own)
        self.years = sorted({int(y) for y in own["year"].dropna()})
        self._slabs: dict[tuple[str, str], Slab] = {}
        self.codes = results.codes(source)
        self.marked = tuple(code for code in study.focus if code in self.codes)
        self.missing = tuple(code for code in study.focus if code not in self.codes)
        self.focus = self.marked[0] if self.marked else self._only_one()
        self.shown = self.marked or tuple(c for c in (self.focus,) if c is not None)
        self.base = self._base(study.base_year)

    def _only_one(self) -> str | None:
        return self.codes[0] if len(self.codes) == 1 else None

    def _base(self, asked: int | None) -> int | None:
        if len(self.years) < 2:
            return None
        return asked if asked in self.years else self.years[0]

    @property
    def title(self) -> str:
        """Title of the source."""
        return source_title(self.source)

    @property
    def focus_name(self) -> str:
        """Name of the country shown in detail."""
        return country(self.focus) if self.focus is not None else ""

    def variants(self, name: str | None = None, **required: str | Sequence[str]) -> list[Variant]:
        """Variants with a defined value and options as required: a value, or one of several."""
        wanted = {k: (v,) if isinstance(v, str) else tuple(v) for k, v in required.items()}
        return [
            v
            for v in self.results.variants
            if name in (None, v.name)
            and all(v.options.get(key) in values for key, values in wanted.items())
            and self._is_defined(v)
        ]

    def pick(
        self, name: str, prefer: Mapping[str, str] | None = None, **required: str | Sequence[str]
    ) -> Variant | None:
        """The variant that is as required and comes nearest to what is preferred, if any."""
        wishes = (prefer or {}).items()
        return max(
            self.variants(name, **required),
            key=lambda v: tuple(v.options.get(k) == w for k, w in wishes),
            default=None,
        )

    def slab(self, variant: Variant) -> Slab:
        """All values of a variant."""
        key = variant.name, variant.text
        if key not in self._slabs:
            self._slabs[key] = self.results.block(variant).slab(variant, self.source)
        return self._slabs[key]

    def _is_defined(self, variant: Variant) -> bool:
        return not np.isnan(self.slab(variant).values).all()

    def labels(self, variant: Variant, column: str) -> list[str]:
        """Labels in a column, in the order they come."""
        return self.slab(variant).names(column)

    def panel(self, variant: Variant) -> Panel:
        """Countries by years of a variant that has one label."""
        return self.slab(variant).panel(0)

    def panels(self, variant: Variant) -> Iterator[tuple[dict[str, str], Panel]]:
        """Every label of a variant with its countries by years."""
        slab = self.slab(variant)
        for number, label in enumerate(slab.labels):
            yield dict(zip(LABELS, label, strict=True)), slab.panel(number)


def _places(rows: pd.DataFrame, keys: list[str]) -> dict[tuple[str, ...], Positions]:
    """Row positions of every combination of labels in some columns."""
    grouped = rows.groupby(keys, sort=False, observed=True).indices
    return {
        tuple(map(str, key if isinstance(key, tuple) else (key,))): np.sort(at)
        for key, at in grouped.items()
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
