"""A finished study: results, audits and provenance, read where they lie."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from servio.errors import FormatError, InputError, StoreError, UsageError
from servio.measure import MEASURES, MeasureSpec
from servio.study import _explain, _interact, _make_or_buy
from servio.study._file import StudyFile, parse
from servio.table import file_sha256

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from servio.explain import ClaimRecord, Estimate, Panel
    from servio.study._live import LiveTables

__all__ = ["PROVENANCE", "STUDY", "StudyStore", "open_store"]

PROVENANCE = "provenance.json"
STUDY = "study.toml"


@dataclass(frozen=True)
class StudyStore:
    """What a finished study found.

    Parameters
    ----------
    folder : Path
        Holds ``results.parquet``, ``audits.parquet``, ``findings.parquet``,
        ``undefined.parquet``, ``problems.parquet``, ``notes.parquet``, ``provenance.json`` and
        ``study.toml``; with a panel ``panel.parquet`` and ``dropped.parquet``, with estimates
        ``estimates.parquet`` and ``estimates.json``; with modes ``modes.parquet`` and
        ``mode_evidence.parquet``, with symbiosis ``symbiosis.parquet`` and
        ``projections.parquet``,
        with make or buy ``make_or_buy.parquet`` and ``break_even.parquet``.
    study : StudyFile
        The study file as it was run; its paths are not looked at again.
    messages : tuple of str
        What the run that gave this store has to say to its user.
    """

    folder: Path
    study: StudyFile
    messages: tuple[str, ...] = ()

    @property
    def synthetic(self) -> bool:
        """Whether a table of the study was generated, not published."""
        return bool(self.provenance()["synthetic"])

    @property
    def years(self) -> tuple[int, ...]:
        """Years with a table, rising."""
        found = {year for one in self.provenance()["inputs"] for year in one["years"]}
        return tuple(sorted(found))

    @property
    def compare_years(self) -> tuple[int, ...]:
        """Years after the base year, rising; none without a base year."""
        base = self.study.base_year
        return tuple(year for year in self.years if base is not None and year > base)

    def results(self, measure: str | None = None, **filters: Any) -> pandas.DataFrame:
        """Result rows, all or those that match; only matching parts of the file are read.

        Parameters
        ----------
        measure : str, optional
        **filters
            Column of the results to a value or a list of values: ``country``, ``year``, ``group``
            or an option such as ``grouping``, ``by``, ``origin``, ``total``.

        Returns
        -------
        pandas.DataFrame
            Columns source, year, country, industry, partner, group, part, measure, value, unit,
            definition and one an option; an empty text where a column does not apply, NaN where
            undefined.

        Raises
        ------
        UsageError
            No such column or measure.
        """
        names = [] if measure is None else self.provenance()["names"]
        return read_results(self.folder, names, measure, filters)

    def arrow(self, columns: Sequence[str]) -> pyarrow.Table:
        """Give some columns of all result rows, texts as dictionaries, as they lie in the file."""
        import pyarrow.parquet as pq

        return pq.read_table(self.folder / "results.parquet", columns=list(columns))

    def countries(self, source: str) -> list[str]:
        """Countries that have a row of a source, sorted; "" where a table names none."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        path = self.folder / "results.parquet"
        found = pq.read_table(path, columns=["country"], filters=[("source", "=", source)])
        return sorted(pc.unique(found["country"].cast("string")).to_pylist())

    def audits(self) -> pandas.DataFrame:
        """One row a table: data and numeric residual, industries without output, findings.

        ``numeric_residual`` is the largest relative error of any identity of our arithmetic, those
        of the measures included; ``data_residual`` is the gap of the published balance.
        """
        return read(self.folder, "audits")

    def findings(self) -> pandas.DataFrame:
        """One row a finding of the audits: level, check, place, text."""
        return read(self.folder, "findings")

    def undefined(self) -> pandas.DataFrame:
        """One row a label without a value: measure, definition, label, reason."""
        return read(self.folder, "undefined")

    def problems(self) -> pandas.DataFrame:
        """One row a table and measure, or a model, without an answer, and why."""
        return read(self.folder, "problems")

    def notes(self) -> pandas.DataFrame:
        """One row a note of a measure, such as codes only partly in a group, and its tables."""
        return read(self.folder, "notes")

    def panel(self) -> Panel:
        """The panel that ``[panel]`` in the study file asked for, with the rows left out and why.

        Raises
        ------
        InputError
            The study file asks for none, or it could not be built; the message says why.
        """
        if _explain.PANEL not in self.provenance()["files"]:
            texts = self.problems().query("measure == 'panel'").text
            raise InputError(
                f"{self.folder} panel", found=texts.iloc[0] if len(texts) else "no panel",
                expected="[panel] in the study file, of results that are there",
                remedy="Correct the study file and run it again.",
            )  # fmt: skip
        return _explain.read_panel(self.folder)

    def estimates(self) -> dict[str, Estimate]:
        """Estimates by name, in the order of the study file; those not computed are problems."""
        if _explain.RECORDS not in self.provenance()["files"]:
            return {}
        return _explain.read_estimates(self.folder)

    def modes(self) -> pandas.DataFrame | None:
        """Modes of the whole period and of each window; None where the study has none."""
        return self._made(_interact.MODES)

    def mode_evidence(self) -> pandas.DataFrame | None:
        """Slopes the modes of the whole period rest on; None where the study has none."""
        return self._made(_interact.EVIDENCE)

    def symbiosis(self) -> pandas.DataFrame | None:
        """Symbiosis of two sectors, a row a country; None where the study has none."""
        return self._made(_interact.SYMBIOSIS)

    def make_or_buy(self) -> pandas.DataFrame | None:
        """Parameters of make or buy with what they rest on and do, and its results, by country.

        None where the study has none.
        """
        return self._made(_make_or_buy.MODEL)

    def break_even(self) -> pandas.DataFrame | None:
        """Saving from buying over scale and specificity, and where it breaks even, by country.

        None where the study has none.
        """
        return self._made(_make_or_buy.BREAK_EVEN)

    def projections(self) -> pandas.DataFrame | None:
        """Fitted and projected paths of both sectors with bands; None where the study has none."""
        return self._made(_interact.PROJECTIONS)

    def _made(self, name: str) -> pandas.DataFrame | None:
        there = name in self.provenance()["files"]
        return read(self.folder, name.removesuffix(".parquet")) if there else None

    def claims(
        self, only: Sequence[str] = (), *, tables: LiveTables | None = None,
        tick: Callable[[], None] = lambda: None,
    ) -> tuple[ClaimRecord, ...]:  # fmt: skip
        """Verdicts on the claims of the source documents, all or those named.

        Parameters
        ----------
        only : sequence of str
            Ids; all by default.
        tables : LiveTables, optional
            The study's tables (`live_tables`): what a claim needs and the study does not hold is
            computed from them, with the default of every option the claim does not name.
        tick : callable
            Called after each table that is measured; what it raises stops the work.

        Raises
        ------
        UsageError
            No such claim.
        """
        from servio.explain import evaluate
        from servio.study._evidence import StudyWithTables

        evidence = self if tables is None else StudyWithTables(self, tables, tick)
        return evaluate(evidence, only=only)

    def contents(self) -> list[str]:
        """What the study made besides results, one line each."""
        found = []
        if _explain.PANEL in self.provenance()["files"]:
            panel = self.panel()
            entities = len(panel.frame[list(panel.entity)].drop_duplicates())
            found.append(
                f"Panel: {len(panel.frame)} rows of {entities} entities, "
                f"{len(panel.dropped)} left out with reasons"
            )
        if self.study.estimates:
            found.append(f"Estimates: {len(self.estimates())} of {len(self.study.estimates)}")
        made = {"Modes": self.modes(), "Symbiosis": self.symbiosis()}
        for name, frame in (made | {"Make or buy": self.make_or_buy()}).items():
            if frame is not None:
                found.append(f"{name}: {len(frame)} rows of {frame['country'].nunique()} countries")
        return found

    def provenance(self) -> dict[str, Any]:
        """Versions, inputs with hashes, measures with options, hashes of the files."""
        return _provenance(self.folder)

    def specs(self) -> list[MeasureSpec]:
        """Records of the measures in the study, in the order of the study file."""
        return [MEASURES[name] for name in self.provenance()["names"]]


def read(folder: Path, name: str) -> pandas.DataFrame:
    """A file of a study as a frame, by its name without ending."""
    import pyarrow.parquet as pq

    return _frame(pq.read_table(folder / f"{name}.parquet"))


def read_results(
    folder: Path, names: Iterable[str], measure: str | None, filters: dict[str, Any]
) -> pandas.DataFrame:
    """Result rows that match; see `StudyStore.results`. `names` are the measures there are."""
    import pyarrow.parquet as pq

    path = folder / "results.parquet"
    known = pq.read_schema(path).names
    if measure is not None:
        _must_be("measure", measure, names)
        filters = {"measure": measure, **filters}
    for key in filters:
        _must_be("column", key, known)
    chosen = [(key, "in", [_cell(v) for v in _listed(value)]) for key, value in filters.items()]
    if measure is None:
        return _frame(pq.read_table(path, filters=chosen or None))
    status = path.stat()
    rows = _of_measure(path, measure, status.st_mtime_ns, status.st_size)
    return _frame(rows.filter(pq.filters_to_expression(chosen)))


@lru_cache(maxsize=8)
def _of_measure(path: Path, measure: str, time: int, size: int) -> Any:
    """All rows of a measure, kept for the next question about it."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        column = file.schema_arrow.get_field_index("measure")
        groups = [file.metadata.row_group(at) for at in range(file.num_row_groups)]
        held = [at for at, g in enumerate(groups) if _may_hold(g.column(column), measure)]
        return file.read_row_groups(held).filter(pc.field("measure") == measure)


def _may_hold(column: Any, text: str) -> bool:
    """Whether a column of a row group may hold a text, by the least and greatest it names."""
    told = column.statistics
    return told is None or not told.has_min_max or bool(told.min <= text <= told.max)


def open_store(folder: str | Path, *, messages: Iterable[str] = ()) -> StudyStore:
    """Open the folder of a finished study; its files are checked against their hashes.

    Raises
    ------
    InputError
        There is no finished study in the folder.
    StoreError
        A file is missing or changed.
    """
    folder = Path(folder)
    if damaged := list(damaged_files(folder)):
        raise StoreError(
            str(folder / damaged[0]), found="missing or changed content",
            expected="the file the study wrote", remedy="Run the study again; it will be mended.",
        )  # fmt: skip
    text = (folder / STUDY).read_text(encoding="utf-8")
    return StudyStore(folder, parse(text, str(folder / STUDY), folder), tuple(messages))


def damaged_files(folder: Path) -> Iterator[str]:
    """Names of files that are not as the provenance says."""
    for name, sha in _provenance(folder)["files"].items():
        path = folder / name
        if not path.is_file() or file_sha256(path) != sha:
            yield name


def _provenance(folder: Path) -> dict[str, Any]:
    path = folder / PROVENANCE
    try:
        status = path.stat()
        found = _read_provenance(path, status.st_mtime_ns, status.st_size, status.st_ino)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            str(folder), found="no finished study", expected=f"a folder with {PROVENANCE}",
            remedy="Run `servio study FILE --out FOLDER`; a stopped run goes on where it was.",
        ) from None  # fmt: skip
    except ValueError:
        raise FormatError(str(path), found="not JSON", expected="the file the study wrote",
                          remedy="Delete it and run the study again.") from None  # fmt: skip
    return found


@lru_cache(maxsize=8)
def _read_provenance(path: Path, time: int, size: int, inode: int) -> dict[str, Any]:
    """The record, kept until another one is written."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _must_be(what: str, name: str, known: Iterable[str]) -> None:
    known = list(known)
    if name not in known:
        near = get_close_matches(name, known, n=3) or known
        raise UsageError(f"results {what}", found=repr(name), expected=f"one of {', '.join(near)}",
                         remedy="Choose one that the study has.")  # fmt: skip


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _frame(table: Any) -> pandas.DataFrame:
    """Plain text columns: categories would show up in every group-by."""
    import pyarrow as pa

    plain = [
        pa.field(f.name, f.type.value_type) if pa.types.is_dictionary(f.type) else f
        for f in table.schema
    ]
    frame: pandas.DataFrame = table.cast(pa.schema(plain)).to_pandas()
    return frame
