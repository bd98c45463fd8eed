"""From the results of a study to a panel: columns joined, every row left out with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from servio.errors import LabelError, UnitError, UsageError
from servio.explain._classes import ClassMaker, industries_in
from servio.explain._expression import columns_used, evaluate_rows, rows_where
from servio.explain._panel import Column, Panel
from servio.explain._recipe import OWN, Derived, OutlierRule, PanelRecipe

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["build_panel"]

Mask = npt.NDArray[np.bool_]
Reasons = npt.NDArray[np.object_]

COUNTRY, INDUSTRY, YEAR, SOURCE = "country", "industry", "year", "source"
LABELS = ("group", "part", "partner")
NOT_OPTIONS = {*LABELS, COUNTRY, INDUSTRY, YEAR, SOURCE, "measure", "value", "unit", "definition"}
NO_ROW = "no row"
LAG = " a year before"


class Results(Protocol):
    """Result rows of a measure, such as `StudyStore.results`."""

    def __call__(self, measure: str, **filters: Any) -> pd.DataFrame:
        """Rows that match the filters."""


def build_panel(
    results: Results,
    recipe: PanelRecipe | Mapping[str, Any],
    *,
    undefined: pd.DataFrame | None = None,
    synthetic: bool = False,
) -> Panel:
    """Build the rows a regression can use, and say why not the others.

    Each column is a selection of result rows with one value a country, industry and year; columns
    of whole countries (``by = "economy"``, or one group of a grouping) are joined to every
    industry of the country and year. Without a column of industries the panel is one of countries.
    Then, in this order: derived columns, drop rules, outlier rules, lags, entities with few years,
    classes. A row without a value in a required column leaves, and `dropped` says why. Derived
    columns and lags are computed before rows leave, so that a row that leaves because of one
    column does not break the lag of another.

    Parameters
    ----------
    results : function
        ``results(measure, **filters)`` gives rows with the columns source, year, country,
        industry, partner, group, part, measure, value, unit, definition and one an option, such
        as `StudyStore.results`.
    recipe : PanelRecipe or mapping
        See `docs/panels.md`.
    undefined : DataFrame, optional
        Columns year, table, measure, definition, label, reason, such as `StudyStore.undefined`
        gives: reasons of values that are undefined.
    synthetic : bool
        Whether the results come from generated tables.

    Returns
    -------
    Panel
        Entity country and industry (or country), time year, sorted. Its notes say what was
        classed, cut, left out by `only`, and where years are missing.

    Raises
    ------
    UsageError
        A selection has several rows a key (the message says which option to fix) or none, several
        sources, or no row of the panel is complete.
    LabelError
        A key twice; industries whose classification their codes do not tell.
    UnitError
        Several units in one column.

    Notes
    -----
    Identity: rows of the panel + rows dropped = all (country, industry, year) of any column.

    Source: methods F1.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({
    ...     "source": "own", "year": [2000, 2001, 2000, 2001], "country": "KOR",
    ...     "industry": ["C26", "C26", "C27", "C27"], "partner": "", "group": "", "part": "",
    ...     "measure": "account", "value": [1.0, 2.0, 3.0, 0.0], "unit": "million USD",
    ...     "definition": "of=value_added", "of": "value_added", "by": "industry"})
    >>> panel = build_panel(
    ...     lambda measure, **filters: rows,
    ...     {"columns": [{"name": "va", "measure": "account"}],
    ...      "derived": [{"name": "ln_va", "expression": "log(va)", "unit": "log"}]})
    >>> len(panel.frame), panel.dropped["reason"].tolist()
    (3, ['ln_va: log of a number that is not above 0'])
    """
    if not isinstance(recipe, PanelRecipe):
        recipe = PanelRecipe.parse(recipe)
    loaded = [
        _Selection(results, undefined, recipe.source, column, number).load()
        for number, column in enumerate(recipe.columns)
    ]
    _one_source(loaded)
    codes = tuple(sorted({code for one in loaded for code in one.codes()}))
    work = _Work(recipe, codes)
    work.join(loaded)
    for derived in recipe.derived:
        work.derive(derived)
    work.drop()
    for number, rule in enumerate(recipe.outliers):
        work.cut_outliers(rule, f"panel.outliers[{number}]")
    work.lag()
    work.few_years()
    work.classify()
    return work.panel(synthetic)


# -- selecting one column -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Loaded:
    """One column as it was selected: values by country, (industry,) year."""

    name: str
    values: pd.Series
    by_industry: bool
    about: Column
    reasons: Mapping[tuple[Any, ...], str]
    required: bool
    sources: tuple[str, ...]
    named_source: bool
    notes: tuple[str, ...]

    def codes(self) -> Iterable[str]:
        return set(self.values.index.get_level_values(INDUSTRY)) if self.by_industry else ()


@dataclass(frozen=True, eq=False)
class _Selection:
    """One ``[[panel.columns]]`` on the results."""

    results: Results
    undefined: pd.DataFrame | None
    source: str
    column: Mapping[str, Any]
    number: int

    @property
    def place(self) -> str:
        return f"panel.columns[{self.number}] {self.column['name']}"

    @property
    def filters(self) -> dict[str, Any]:
        found = {key: value for key, value in self.column.items() if key not in OWN}
        return {SOURCE: self.source, **found} if self.source else found

    def load(self) -> _Loaded:
        rows = self._rows()
        self._one_choice(rows)
        by_industry = _is_by_industry(rows)
        for name in LABELS if by_industry else (*LABELS, INDUSTRY):
            self._one_label(rows, name)
        keys = [COUNTRY, INDUSTRY, YEAR] if by_industry else [COUNTRY, YEAR]
        self._keys_once(rows, keys)
        unit, notes = self._unit(rows)
        return _Loaded(
            name=self.column["name"],
            values=rows.set_index(keys)["value"].astype("float64"),
            by_industry=by_industry,
            about=Column(unit, self._definition(rows, by_industry)),
            reasons=self._reasons(rows, by_industry),
            required=self.column.get("required", True),
            sources=tuple(sorted(set(rows[SOURCE]))),
            named_source=SOURCE in self.filters,
            notes=notes,
        )

    def _rows(self) -> pd.DataFrame:
        measure = self.column["measure"]
        rows = self.results(measure, **self.filters)
        if len(rows):
            return rows
        words = " ".join(f"{key}={value}" for key, value in self.filters.items()) or "no filter"
        raise UsageError(self.place, found=f"no row of {measure} with {words}",
                         expected=self._choices(measure),
                         remedy="Correct the selection, or add the measure.")  # fmt: skip

    def _choices(self, measure: str) -> str:
        """Values of the first filter that matches nothing by itself."""
        every = self.results(measure)
        for key, value in self.filters.items():
            known = sorted({_text(v) for v in every[key]}) if key in every else []
            wanted = value if isinstance(value, list | tuple) else [value]
            if not {_text(one) for one in wanted} & set(known):
                return f"{key} one of {', '.join(known)}"
        return "a combination that was measured"

    def _one_choice(self, rows: pd.DataFrame) -> None:
        """Every option must be fixed, or be the same everywhere."""
        for name in rows.columns:
            if name not in NOT_OPTIONS:
                self._one_label(rows, name)

    def _one_label(self, rows: pd.DataFrame, name: str) -> None:
        found = sorted({_text(value) for value in rows[name].unique()})
        if len(found) > 1:
            raise UsageError(f"{self.place}, {name}", found=f"rows for {', '.join(found)}",
                             expected=f"one {name}",
                             remedy=f'Say {name} = "…" in the column.')  # fmt: skip

    def _keys_once(self, rows: pd.DataFrame, keys: list[str]) -> None:
        if rows[YEAR].isna().any():
            raise LabelError(self.place, found="rows without a year", expected="a year each",
                             remedy="Give the table its year.")  # fmt: skip
        sources = rows.groupby(keys, sort=False)[SOURCE].nunique()
        if (sources > 1).any():
            self._several_sources(sorted(set(rows[SOURCE])))
        twice = rows[rows.duplicated(keys)]
        if len(twice):
            key = " ".join(str(value) for value in twice.iloc[0][keys])
            raise LabelError(self.place, found=f"{len(twice)} keys twice, such as {key}",
                             expected="one row a " + ", ".join(keys),
                             remedy="Read each table once.")  # fmt: skip

    def _several_sources(self, sources: Sequence[str]) -> None:
        raise UsageError(f"{self.place}, source", found=f"rows of {', '.join(sources)}",
                         expected="one source",
                         remedy='Say source = "…" in [panel] or in the column.')  # fmt: skip

    def _unit(self, rows: pd.DataFrame) -> tuple[str, tuple[str, ...]]:
        units = sorted({_text(unit) for unit in rows["unit"].unique()})
        name = self.column["name"]
        if len(units) > 1 and not self.column.get("mixed_units", False):
            raise UnitError(self.place, found=f"units {', '.join(units)}", expected="one unit",
                            remedy="Use shares or one currency; or say mixed_units = true and "
                            "compare within countries only.")  # fmt: skip
        if len(units) > 1:
            return f"mixed: {', '.join(units)}", (f"{name}: units differ ({', '.join(units)})",)
        if "national currency" in units[0].lower():
            return units[0], (f"{name} is in {units[0]}: compare within countries, or convert",)
        return units[0], ()

    def _definition(self, rows: pd.DataFrame, by_industry: bool) -> str:
        first = rows.iloc[0]
        names = LABELS if by_industry else (*LABELS, INDUSTRY)
        labels = [f"{name}={first[name]}" for name in names if _text(first[name])]
        return " ".join([str(first["measure"]), str(first["definition"]), *labels])

    def _reasons(self, rows: pd.DataFrame, by_industry: bool) -> dict[tuple[Any, ...], str]:
        """Reasons of undefined values by key, as far as the study recorded them."""
        if self.undefined is None or not rows["value"].isna().any():
            return {}
        gaps = self.undefined
        gaps = gaps[(gaps["measure"] == self.column["measure"])
                    & gaps["definition"].isin(set(rows["definition"]))]  # fmt: skip
        known: dict[tuple[Any, ...], str] = {}
        for year, table, label, reason in zip(
            gaps[YEAR], gaps["table"], gaps["label"], gaps["reason"], strict=True
        ):
            known[year, label] = known[year, f"{table}_{label}"] = str(reason)
        found = {}
        for _, row in rows[rows["value"].isna()].iterrows():
            country, industry, year = row[COUNTRY], row[INDUSTRY], row[YEAR]
            key = (country, industry, year) if by_industry else (country, year)
            for label in (f"{country}_{industry}", country):
                if (year, label) in known:
                    found[key] = known[year, label]
                    break
        return found


def _is_by_industry(rows: pd.DataFrame) -> bool:
    """Whether rows are industries: ``by`` says so; without it, they are not of the economy."""
    by = _text(rows["by"].iloc[0]) if "by" in rows else ""
    if by:
        return by == INDUSTRY
    return not {_text(label) for label in rows[INDUSTRY]} <= {"", "economy"}


def _text(value: Any) -> str:
    """A cell as the results write it: false for False, empty for what does not apply."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _one_source(loaded: Sequence[_Loaded]) -> None:
    sources = sorted({s for one in loaded if not one.named_source for s in one.sources})
    if len(sources) > 1:
        raise UsageError("panel.source", found=f"rows of {', '.join(sources)}",
                         expected="one source",
                         remedy='Say source = "…" in [panel] or in the columns.')  # fmt: skip


# -- the panel on its way -------------------------------------------------------------------------


@dataclass(eq=False)
class _Work:
    """All keys of any column, and for every row why it must leave."""

    recipe: PanelRecipe
    codes: tuple[str, ...]
    columns: dict[str, Column] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    of_countries: set[str] = field(default_factory=set)
    missing: dict[str, Reasons] = field(default_factory=dict)
    others: list[Reasons] = field(default_factory=list)
    classes: list[dict[str, Any]] = field(default_factory=list)

    def join(self, loaded: Sequence[_Loaded]) -> None:
        by_industry = any(one.by_industry for one in loaded)
        self.entity = (COUNTRY, INDUSTRY) if by_industry else (COUNTRY,)
        keys = self._within(_all_keys(loaded, by_industry), by_industry)
        self.frame = keys.to_frame(index=False)
        self.frame[YEAR] = self.frame[YEAR].astype("int64")
        for one in loaded:
            self._place(one, keys)

    @property
    def keys(self) -> list[str]:
        return [*self.entity, YEAR]

    def _within(self, keys: pd.MultiIndex, by_industry: bool) -> pd.MultiIndex:
        if not self.recipe.only:
            return keys
        if not by_industry:
            raise UsageError("panel.only", found="columns of countries only",
                             expected="a column of industries",
                             remedy="Leave `only` out.")  # fmt: skip
        kept = industries_in(self.recipe.only, self.codes, self.recipe.classification)
        self.notes.append(f"only {self.recipe.only}: {len(kept)} of {len(self.codes)} industries")
        return keys[np.isin(keys.get_level_values(INDUSTRY).astype(object), [*kept, ""])]

    def _place(self, one: _Loaded, keys: pd.MultiIndex) -> None:
        own = keys if one.by_industry or len(self.entity) == 1 else keys.droplevel(INDUSTRY)
        places = one.values.index.get_indexer(own)
        there = places >= 0
        values = np.where(there, one.values.to_numpy()[places], np.nan)
        values[~np.isfinite(values)] = np.nan
        reasons = np.where(there, "", NO_ROW).astype(object)
        for i in np.flatnonzero(there & np.isnan(values)):
            why = one.reasons.get(tuple(own[i]), "")
            reasons[i] = f"undefined ({why})" if why else "undefined"
        self.frame[one.name] = values
        self.columns[one.name] = one.about
        self.notes += one.notes
        if not one.by_industry:
            self.of_countries.add(one.name)
        if one.required:
            self._require(one.name, reasons)
            self.missing[one.name] = reasons

    def _require(self, name: str, reasons: Reasons) -> None:
        if (reasons != "").all():
            raise UsageError(f"panel column {name}", found=f"no value ({_most(reasons)})",
                             expected="a value in at least one row",
                             remedy="Remove the column, or say required = false.")  # fmt: skip

    def derive(self, derived: Derived) -> None:
        found = evaluate_rows(derived.expression, self.frame, entity=self.entity, time=YEAR)
        self.frame[derived.name] = found.values
        words = derived.definition or derived.expression
        self.columns[derived.name] = Column(derived.unit, words)
        if set(columns_used(derived.expression)) <= self.of_countries:
            self.of_countries.add(derived.name)
        if derived.required:
            self._require(derived.name, found.reasons)
            self._other(found.reasons, f"{derived.name}: ", unless_incomplete=True)

    def _other(self, reasons: Reasons, head: str, *, unless_incomplete: bool = False) -> None:
        told = np.array([f"{head}{why}" if why else "" for why in reasons], dtype=object)
        if unless_incomplete:
            told[~self.complete] = ""
        self.others.append(told)

    @property
    def complete(self) -> Mask:
        kept = np.ones(len(self.frame), dtype=bool)
        for reasons in (*self.missing.values(), *self.others):
            kept &= reasons == ""
        return kept

    def drop(self) -> None:
        for rule in self.recipe.drop:
            gone, unclear = rows_where(rule.where, self.frame, entity=self.entity, time=YEAR)
            reasons = np.where(gone, rule.reason or rule.where, "").astype(object)
            unclear = unclear[self.complete]
            if count := int((unclear != "").sum()):
                self.notes.append(f"drop where {rule.where}: unclear for {count} rows, kept")
            self._other(reasons, "")

    def cut_outliers(self, rule: OutlierRule, place: str) -> None:
        values = self.frame[rule.column].to_numpy(dtype=np.float64)
        sample = values[self.complete & np.isfinite(values)]
        if not len(sample):
            raise UsageError(place, found="no complete row", expected="at least one",
                             remedy="Look at the other rules and columns.")  # fmt: skip
        low, high = np.quantile(sample, rule.quantiles)
        below, above = values < low, values > high
        at = " and ".join(f"{quantile:g}" for quantile in rule.quantiles)
        ends = f"{rule.column} outside {low:.6g} to {high:.6g} (quantiles {at})"
        counts = int((below & self.complete).sum()), int((above & self.complete).sum())
        if rule.rule == "winsor":
            self.frame[rule.column] = np.clip(values, low, high)
            self.notes.append(f"{ends}: set to them, {counts[0]} below and {counts[1]} above")
            return
        self.notes.append(f"{ends}: dropped, {counts[0]} below and {counts[1]} above")
        self.frame[rule.column] = np.where(below | above, np.nan, values)
        self._other(np.where(below | above, ends, "").astype(object), "outlier: ")

    def lag(self) -> None:
        import pandas as pd

        if not self.recipe.lags:
            return
        made = {}
        for name in self.recipe.names():
            found = evaluate_rows(f"lag({name})", self.frame, entity=self.entity, time=YEAR)
            made[f"{name}_lag"] = found.values
            self.columns[f"{name}_lag"] = Column(self.columns[name].unit, f"{name}{LAG}")
        self.frame = pd.concat([self.frame, pd.DataFrame(made)], axis=1)

    def few_years(self) -> None:
        import pandas as pd

        complete = pd.Series(self.complete, index=self.frame.index)
        counts = complete.groupby([self.frame[name] for name in self.entity]).transform("sum")
        short = (complete & (counts < self.recipe.min_years)).to_numpy()
        why = f"entity with fewer than {self.recipe.min_years} complete years"
        self._other(np.where(short, why, "").astype(object), "")

    def classify(self) -> None:
        if not self.complete.any():
            self._nothing_left()
        for one in self.recipe.classes:
            maker = ClassMaker(
                one, f"panel class {one.name}", self.frame, self.complete,
                self.entity, one.column in self.of_countries, self.codes,
                self.recipe.classification,
            )  # fmt: skip
            found = maker.make()
            for name, (values, about) in found.columns.items():
                self.frame[name] = values
                self.columns[name] = about
            self.notes += found.notes
            self.classes += found.records
            gone = np.where(found.undefined, f"class {one.name}: undefined", "").astype(object)
            self._other(gone, "", unless_incomplete=True)

    def _nothing_left(self) -> None:
        raise UsageError("panel", found=f"no complete row: {_most(self._told())}",
                         expected="at least one row with every required column",
                         remedy="Choose other columns, or required = false.")  # fmt: skip

    def _told(self) -> Reasons:
        """One text a row: columns by reason, then the other reasons."""
        told = np.full(len(self.frame), "", dtype=object)
        for i in np.flatnonzero(~self.complete):
            by_reason: dict[str, list[str]] = {}
            for name, reasons in self.missing.items():
                if reasons[i]:
                    by_reason.setdefault(reasons[i], []).append(name)
            words = [f"{reason}: {', '.join(names)}" for reason, names in by_reason.items()]
            words += [reasons[i] for reasons in self.others if reasons[i]]
            told[i] = "; ".join(dict.fromkeys(words))
        return told

    def panel(self, synthetic: bool) -> Panel:
        import pandas as pd

        complete = self.complete
        if not complete.any():
            self._nothing_left()
        told = self._told()
        dropped = self.frame.loc[~complete, self.keys].assign(reason=told[~complete].astype(str))
        frame = self.frame[complete].reset_index(drop=True)
        for name, _ in self.columns.items():
            if frame[name].dtype == object:
                frame[name] = frame[name].astype(str)
        self.notes += [*_lag_notes(frame, self.columns), *_year_notes(frame, self.entity)]
        return Panel(
            frame, self.entity, YEAR, dict(self.columns), dropped.reset_index(drop=True),
            synthetic, tuple(self.notes), pd.DataFrame(self.classes) if self.classes else None,
        )  # fmt: skip


def _all_keys(loaded: Sequence[_Loaded], by_industry: bool) -> pd.MultiIndex:
    """Keys of any column, sorted; a country and year without industries has the industry ''."""
    import pandas as pd

    names = [COUNTRY, INDUSTRY, YEAR] if by_industry else [COUNTRY, YEAR]
    own = [one.values.index for one in loaded if one.by_industry == by_industry]
    keys = own[0]
    for index in own[1:]:
        keys = keys.union(index)
    if by_industry:
        pairs = keys.droplevel(INDUSTRY)
        for one in loaded:
            if not one.by_industry:
                alone = one.values.index[~one.values.index.isin(pairs)]
                extra = pd.MultiIndex.from_arrays(
                    [alone.get_level_values(COUNTRY), [""] * len(alone),
                     alone.get_level_values(YEAR)], names=names)  # fmt: skip
                keys = keys.union(extra)
    found: pd.MultiIndex = keys.unique().sort_values().set_names(names)
    return found


def _most(reasons: Reasons) -> str:
    """The most frequent reason."""
    given = [why for why in reasons if why]
    return max(sorted(set(given)), key=given.count) if given else "no row"


def _lag_notes(frame: pd.DataFrame, columns: Mapping[str, Column]) -> list[str]:
    lags = [name for name, column in columns.items() if column.definition.endswith(LAG)]
    most = max((int(frame[name].isna().sum()) for name in lags), default=0)
    return [f"lags: up to {most} of {len(frame)} rows without the year before"] if most else []


def _year_notes(frame: pd.DataFrame, entity: Sequence[str]) -> list[str]:
    """Unbalanced, with gaps, with single rows."""
    by = frame.groupby(list(entity), sort=True)[YEAR]
    counts, spans = by.count(), by.max() - by.min() + 1
    years = frame[YEAR].nunique()
    notes = []
    if (counts < years).any():
        notes.append(
            f"unbalanced: {len(counts)} entities with {counts.min()} to {counts.max()} of {years} "
            "years"
        )
    gaps = counts[counts < spans]
    if len(gaps):
        first = gaps.index[0]
        name = " ".join(first) if isinstance(first, tuple) else str(first)
        own = set(by.get_group(first if isinstance(first, tuple) else (first,)))
        missing = sorted(set(range(min(own), max(own) + 1)) - own)
        notes.append(
            f"gaps in the years of {len(gaps)} entities, such as {name}: {missing[0]} is missing"
        )
    if singles := int((counts == 1).sum()):
        notes.append(f"{singles} entities with one year: fixed effects take them up")
    return notes
