"""Panel and estimates of a study: computed from its gathered results, kept as files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from servio.errors import ServioError
from servio.study._file import StudyFile
from servio.study._model import EstimateEntry

if TYPE_CHECKING:
    import pandas

    from servio.explain import Estimate, Panel

__all__ = [
    "FILES",
    "Explained",
    "explain",
    "need_libraries",
    "read_estimates",
    "read_panel",
    "versions",
]

PANEL = "panel.parquet"
DROPPED = "dropped.parquet"
TIDY = "estimates.parquet"
RECORDS = "estimates.json"
FILES = (PANEL, DROPPED, TIDY, RECORDS)
LIBRARIES = ("pandas", "pyfixest", "linearmodels", "statsmodels")
COMPRESSION = "zstd"

Reader = Callable[..., "pandas.DataFrame"]


@dataclass(frozen=True)
class Explained:
    """What was made of the results.

    Parameters
    ----------
    files : tuple of str
        Those of `FILES` that were written.
    problems : tuple of mappings
        Rows for ``problems.parquet``: what could not be computed, and why.
    """

    files: tuple[str, ...] = ()
    problems: tuple[dict[str, Any], ...] = ()


def need_libraries(study: StudyFile) -> None:
    """Raise, before a table is read, where the libraries of estimates are not installed."""
    if study.estimates:
        from servio.explain._extra import need_econ

        need_econ(f"{study.place}, estimates")


def versions(study: StudyFile) -> dict[str, str]:
    """Versions of the libraries that what is made of the results comes from."""
    some = study.panel or study.modes or study.symbiosis or study.make_or_buy
    names = LIBRARIES if study.estimates else LIBRARIES[:1] if some else ()
    return {name: _version(name) for name in names}


def explain(
    study: StudyFile, results: Reader, undefined: pandas.DataFrame, folder: Path, synthetic: bool
) -> Explained:
    """Build the panel of a study, estimate its models, and write both into a folder.

    What can't be computed is a problem with its reason; the others go on. With the same results
    every run writes the same bytes: arithmetic takes one thread.

    Parameters
    ----------
    study : StudyFile
    results : function
        Result rows of a measure, as `StudyStore.results` gives them.
    undefined : DataFrame
        As `StudyStore.undefined`.
    folder : Path
    synthetic : bool
        Whether a table of the study was generated.

    Returns
    -------
    Explained
    """
    if study.panel is None:
        return Explained()
    from servio.explain import build_panel

    with threadpool_limits(1):
        try:
            panel = build_panel(results, study.panel, undefined=undefined, synthetic=synthetic)
        except ServioError as error:
            return Explained(problems=(_problem("panel", "", error),))
        _write_panel(panel, folder)
        if not study.estimates:
            return Explained((PANEL, DROPPED))
        problems: list[dict[str, Any]] = []
        estimates = list(_estimates(study, panel, problems))
    _write_estimates(estimates, folder)
    return Explained(FILES, tuple(problems))


def _estimates(
    study: StudyFile, panel: Panel, problems: list[dict[str, Any]]
) -> Iterator[Estimate]:
    from servio import explain

    done: dict[str, Estimate] = {}
    for one in study.estimates:
        try:
            function = getattr(explain, one.method)
            found = function(one.formula, panel, name=one.name, **one.arguments)
            if one.method == "random_effects":
                found = _with_tests(found, one, panel, done.get(one.hausman))
        except ServioError as error:
            problems.append(_problem(f"estimate {one.name}", one.formula, error))
            continue
        done[one.name] = found
        yield found


def _with_tests(
    found: Estimate, one: EstimateEntry, panel: Panel, fixed: Estimate | None
) -> Estimate:
    """Random effects with tests of whether they may be used: Mundlak's, and Hausman's if asked.

    Hausman's compares the terms that are no indicators: those of years are nearly as exact in
    both estimates (Wooldridge 2010, section 10.7.3).
    """
    from servio.explain import hausman, mundlak

    notes, statistics = list(found.notes), dict(found.statistics)
    try:
        test = mundlak(one.formula, panel, where=one.where or None)
        statistics |= {"mundlak_F": test.statistic, "mundlak_p": test.p_value}
    except ServioError as error:
        notes.append(f"no test of Mundlak: {error.found}")
    if fixed is not None:
        common = [term for term in fixed.terms if term in found.terms]
        indicators = tuple(f"{name}::" for name in _indicators(one.formula))
        test = hausman(fixed, found, [t for t in common if not t.startswith(indicators)])
        statistics |= {"hausman_chi2": test.statistic, "hausman_p": test.p_value}
        notes += [note for note in test.notes if note not in (*found.notes, *fixed.notes)]
    elif one.hausman:
        notes.append(f"no test of Hausman: {one.hausman} could not be computed")
    return replace(found, statistics=statistics, notes=tuple(notes))


def _indicators(formula: str) -> set[str]:
    """Names of the columns that stand in a formula as indicators alone."""
    from servio.explain._formula import Levels, parse_formula

    factors = [term.factors[0] for term in parse_formula(formula).terms if len(term.factors) == 1]
    return {
        ":".join(factor.columns)
        for factor in factors
        if isinstance(factor, Levels) and factor.by is None
    }


def _problem(what: str, definition: str, error: ServioError) -> dict[str, Any]:
    text = f"not computed: {error.place}: found {error.found}; expected {error.expected}"
    return {"source": "", "country": "", "year": None, "measure": what, "definition": definition,
            "text": text}  # fmt: skip


# -- files -----------------------------------------------------------------------------------------


def _write_panel(panel: Panel, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    panel.to_parquet(folder / PANEL)
    dropped = pa.Table.from_pandas(panel.dropped, preserve_index=False)
    pq.write_table(dropped.replace_schema_metadata(), folder / DROPPED, compression=COMPRESSION)


def read_panel(folder: Path) -> Panel:
    """The panel that `explain` wrote."""
    import pyarrow.parquet as pq

    from servio.explain import Panel

    return Panel.from_parquet(folder / PANEL, pq.read_table(folder / DROPPED).to_pandas())


def _write_estimates(estimates: Sequence[Estimate], folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts, numbers = pa.string(), pa.float64()
    schema = pa.schema(
        {"name": texts, "term": texts}
        | dict.fromkeys(("estimate", "std_error", "t", "p", "lower", "upper"), numbers)
        | {"n": pa.int64(), "method": texts, "vcov": texts}
    )
    rows = [
        {"name": one.name, "n": one.n, "method": one.method, "vcov": one.vcov} | row
        for one in estimates
        for row in one.to_frame().to_dict(orient="records")
    ]
    table = pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(table, folder / TIDY, compression=COMPRESSION)
    records = [_without_nan(one.record()) for one in estimates]
    text = json.dumps(records, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False)
    (folder / RECORDS).write_text(f"{text}\n", encoding="utf-8")


def read_estimates(folder: Path) -> dict[str, Estimate]:
    """The estimates that `explain` wrote, by name, in the order of the study file."""
    from servio.explain import Estimate

    records = json.loads((folder / RECORDS).read_text(encoding="utf-8"))
    return {record["name"]: Estimate.from_record(_with_nan(record)) for record in records}


def _without_nan(value: Any) -> Any:
    """Plain data that JSON holds: infinite ones and NaN as a mapping of their name."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": repr(value)}
    if isinstance(value, dict):
        return {key: _without_nan(inside) for key, inside in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(inside) for inside in value]
    return value


def _with_nan(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"number"}:
            return float(value["number"])
        return {key: _with_nan(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_with_nan(inside) for inside in value]
    return value


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
