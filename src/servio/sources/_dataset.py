"""Files and folders of published tables as labelled tables by country and year."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from servio.errors import FormatError, InputError, LabelError, UsageError
from servio.sources import _guard, _registry
from servio.table import Bundle, IOTable, Note

__all__ = ["Dataset", "Entry", "read", "scan"]


@dataclass(frozen=True)
class Entry:
    """One table of a dataset and where it comes from.

    Parameters
    ----------
    country : str
        Country code, or ``WORLD``.
    year : int or None
    file : str
        Path of the file, or ``model``.
    position : int
        Place of the table in the file, from 0.
    """

    country: str
    year: int | None
    file: str
    position: int


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Tables of one source, one a country and year, opened when asked for.

    Parameters
    ----------
    source : str
        Name of the source.
    entries : tuple of Entry
        In order of country and year.
    notes : tuple of Note
        What holds for the series as a whole, such as missing years.
    ignored : tuple of str
        Names of the files in the folder that hold no table.
    """

    source: str
    entries: tuple[Entry, ...]
    notes: tuple[Note, ...]
    ignored: tuple[str, ...]
    _at: dict[Entry, tuple[Bundle, int]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        years = f", {self.years[0]} to {self.years[-1]}" if self.years else ""
        return (
            f"<Dataset {self.source}: {len(self)} tables, {len(self.countries)} countries{years}>"
        )

    @property
    def years(self) -> tuple[int, ...]:
        """Years of the tables, rising."""
        return tuple(sorted({e.year for e in self.entries if e.year is not None}))

    @property
    def countries(self) -> tuple[str, ...]:
        """Countries of the tables, sorted; ``WORLD`` for inter-country tables."""
        return tuple(sorted({e.country for e in self.entries}))

    def table(self, entry: Entry) -> IOTable:
        """The table of one entry."""
        bundle, position = self._at[entry]
        return bundle.table(position)

    def select(
        self, years: Iterable[int] | None = None, countries: Iterable[str] | None = None
    ) -> tuple[Entry, ...]:
        """Entries of the given years and countries; every one asked for must be there.

        Raises
        ------
        LabelError
            A year or a country is not in the dataset; the message lists those that are.
        """
        years = None if years is None else set(years)
        countries = None if countries is None else set(countries)
        self._must_know("year", sorted(years or ()), self.years)
        self._must_know("country", sorted(countries or ()), self.countries)
        found = tuple(
            e
            for e in self.entries
            if (years is None or e.year in years) and (countries is None or e.country in countries)
        )
        if not found:
            raise LabelError(
                f"{self.source} years and countries",
                found=f"no table of {_listed(countries or ())} in {_listed(years or ())}",
                expected="a year that the country has",
                remedy="Choose another year or country.",
            )
        return found

    def tables(
        self, years: Iterable[int] | None = None, countries: Iterable[str] | None = None
    ) -> Iterator[IOTable]:
        """Tables of the given years and countries (all by default), one by one.

        Raises
        ------
        LabelError
            A year or a country is not in the dataset.
        """
        return (self.table(entry) for entry in self.select(years, countries))

    def _must_know(self, what: str, asked: Sequence[object], known: Sequence[object]) -> None:
        for one in asked:
            if one not in known:
                raise LabelError(
                    f"{self.source} {what}",
                    found=repr(one),
                    expected=f"one of {_listed(known)}",
                    remedy=_hint(one, known),
                )


def scan(path: str | os.PathLike[str], *, source: str | None = None, cache: bool = True) -> Dataset:
    """Read every table in a file or in the files of a folder.

    Parameters
    ----------
    path : path
        A file, or a folder whose tables are all of one source; ``model`` or
        ``model:seed=3,countries=4`` for the model world.
    source : str, optional
        Name of the source; by default it is recognised by the content.
    cache : bool
        Keep what was read in the cache folder, and use what lies there.

    Returns
    -------
    Dataset

    Raises
    ------
    FormatError, LabelError, ValueFault
        A file is not exactly as it should be; the message names file, sheet and cell.
    InputError
        The same country and year twice, or several sources in one folder.
    ResourceError
        A file needs more memory or time than the limits allow.

    Examples
    --------
    >>> scan("model:countries=3,industries=30,years=2").countries
    ('WORLD',)
    """
    text = os.fspath(path)
    if source == _registry.MODEL or text.split(":")[0] == _registry.MODEL:
        return _model(text)
    files, ignored = _files(text, source)
    from servio.sources import _cache

    bundles = _cache.load(files, _cache.bundle, cache=cache)
    named = [(str(file), found) for (file, _), found in zip(files, bundles, strict=True)]
    return _dataset(files[0][1], named, ignored)


def read(
    path: str | os.PathLike[str],
    *,
    source: str | None = None,
    year: int | None = None,
    country: str | None = None,
    cache: bool = True,
) -> IOTable:
    """Read one table.

    Parameters
    ----------
    path, source, cache
        As in `scan`.
    year : int, optional
        Needed where the path holds several years.
    country : str, optional
        Needed where the path holds several countries' tables.

    Returns
    -------
    IOTable

    Raises
    ------
    LabelError
        No table of that year and country, or several are left; the message lists the choices.

    Examples
    --------
    >>> read("model:countries=3,industries=30,years=2", year=2001).info.year
    2001
    """
    dataset = scan(path, source=source, cache=cache)
    found = dataset.select(
        None if year is None else (year,), None if country is None else (country,)
    )
    if len(found) > 1:
        years = sorted({e.year for e in found if e.year is not None})
        countries = sorted({e.country for e in found})
        several = ["year" for _ in years[1:2]] + ["country" for _ in countries[1:2]]
        raise LabelError(
            os.fspath(path),
            found=f"{len(found)} tables: years {_listed(years)}, countries {_listed(countries)}",
            expected="one table",
            remedy=f"Give {' and '.join(several)}.",
        )
    return dataset.table(found[0])


def _files(text: str, source: str | None) -> tuple[list[tuple[Path, str]], tuple[str, ...]]:
    """Files to read, each with its source, and the names of those that hold no table."""
    if source is not None:
        _registry.reader(source)
    path = Path(text)
    if not path.is_dir():
        path = _guard.regular_file(text)
        name = source or _registry.recognise(path)
        if name is None:
            raise _registry.unrecognised(path)
        return [(path, name)], ()
    inside = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    names = {file: _registry.recognise(file, source) for file in inside}
    if source is None:
        names = _described(names)
    files = [(file, name) for file, name in names.items() if name is not None]
    _one_source(path, {name for _, name in files}, len(inside), source)
    return files, tuple(file.name for file, name in names.items() if name is None)


def _described(names: dict[Path, str | None]) -> dict[Path, str | None]:
    """Sources by file where descriptions are among them: the files they name are no candidates.

    A ``table.toml`` says what its folder is: nothing but descriptions counts then.
    """
    from servio.sources import generic

    own = [file for file, name in names.items() if name == generic.SOURCE.name]
    if any(file.name == generic.NAME for file in own):
        return {file: name if file in own else None for file, name in names.items()}
    parts = {part for file in own for part in generic.named_files(file)}
    return {file: None if file in parts else name for file, name in names.items()}


def _one_source(path: Path, names: set[str], seen: int, source: str | None) -> None:
    if not names:
        raise FormatError(
            str(path),
            found=f"a folder with {seen} files, none of them a known table",
            expected=f"tables of {source or 'a known source'}",
            remedy="Give the folder that holds the published files, or one file.",
        )
    if len(names) > 1:
        raise UsageError(
            str(path),
            found=f"tables of several sources: {_listed(names)}",
            expected="tables of one source",
            remedy="Name the source, or put the files into different folders.",
        )


def _model(text: str) -> Dataset:
    import importlib

    bundles: list[Bundle] = importlib.import_module("servio.sources.model").parse_spec(text)
    return _dataset(_registry.MODEL, [(text, bundles)], ())


def _dataset(
    source: str, named: Sequence[tuple[str, Sequence[Bundle]]], ignored: tuple[str, ...]
) -> Dataset:
    at: dict[Entry, tuple[Bundle, int]] = {}
    seen: dict[tuple[str, int | None], str] = {}
    for file, bundles in named:
        places = [(bundle, t) for bundle in bundles for t in range(len(bundle))]
        for position, (bundle, t) in enumerate(places):
            info = bundle.infos[t]
            _refuse_double(seen, (info.country, info.year), file)
            at[Entry(info.country, info.year, file, position)] = bundle, t
    entries = tuple(sorted(at, key=lambda e: (e.country, e.year or 0, e.file, e.position)))
    return Dataset(source, entries, _gaps(entries), ignored, at)


def _refuse_double(
    seen: dict[tuple[str, int | None], str], key: tuple[str, int | None], file: str
) -> None:
    if key in seen:
        table = " ".join(str(part) for part in key if part) or "a table without country and year"
        raise InputError(
            file,
            found=f"{table} again, after {Path(seen[key]).name}",
            expected="every country and year once",
            remedy="Leave one of the two files out.",
        )
    seen[key] = file


def _gaps(entries: Sequence[Entry]) -> tuple[Note, ...]:
    """Years missing inside a country's series."""
    series: dict[str, list[int]] = {}
    for entry in entries:
        if entry.year is not None:
            series.setdefault(entry.country, []).append(entry.year)
    missing: dict[tuple[int, ...], list[str]] = {}
    for country, years in series.items():
        gap = tuple(sorted(set(range(min(years), max(years) + 1)) - set(years)))
        if gap:
            missing.setdefault(gap, []).append(country)
    return tuple(
        Note("year-gap", f"no table of {_listed(gap)} for {_listed(countries)}")
        for gap, countries in missing.items()
    )


def _listed(names: Iterable[object]) -> str:
    """Names in a message; years in a row as first-last."""
    names = sorted(set(names), key=str)
    if len(names) > 2 and all(isinstance(n, int) for n in names):
        years = [n for n in names if isinstance(n, int)]
        if years == list(range(years[0], years[-1] + 1)):
            return f"{years[0]}-{years[-1]}"
    return ", ".join(str(n) for n in names) or "none given"


def _hint(one: object, known: Sequence[object]) -> str:
    if isinstance(one, int):
        near = sorted((k for k in known if isinstance(k, int)), key=lambda k: (abs(k - one), k))[:2]
        return f"The nearest: {_listed(near)}." if near else "These tables name no year."
    from servio.classify.labels import suggestion

    return suggestion(str(one), [str(k) for k in known], "Choose one of them.")
