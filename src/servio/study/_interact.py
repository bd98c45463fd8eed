"""Modes and symbiosis of a study: computed from its gathered results, kept as files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from threadpoolctl import threadpool_limits

from servio import classify
from servio.errors import NumericalError, ServioError
from servio.study._grid import Call, Complaint
from servio.study._model import check_selection
from servio.study._place import Place

if TYPE_CHECKING:
    import pandas

    from servio.simulate import Projection, SymbiosisFit, SymbiosisFits

__all__ = [
    "EVIDENCE",
    "FILES",
    "MODES",
    "PROJECTIONS",
    "SYMBIOSIS",
    "ModesEntry",
    "SymbiosisEntry",
    "check",
    "interact",
]

MODES = "modes.parquet"
EVIDENCE = "mode_evidence.parquet"
SYMBIOSIS = "symbiosis.parquet"
PROJECTIONS = "projections.parquet"
FILES = (MODES, EVIDENCE, SYMBIOSIS, PROJECTIONS)
COMPRESSION = "zstd"
BAND_DRAWS = 199
NO_BAND = "no band: more than one refit in twenty found no minimum"
PATH_COLUMNS = (
    "source", "unit", "country", "sector", "year", "projected", "observed", "value", "lower",
    "upper", "observed_lower", "observed_upper", "level", "unbounded", "intervals", "note",
)  # fmt: skip

Reader = Callable[..., "pandas.DataFrame"]
Level = Annotated[float, msgspec.Meta(ge=0.5, lt=1)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class ModesEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[modes]``: how industries and services come together, see `servio.explain.modes`.

    Parameters
    ----------
    grouping : str
        Of services.
    industries : tuple of str, optional
        Codes; all that results have if left out.
    size : str
        Amount by industry of which an industry's firms must have the minimum: such as a satellite
        of persons a firm.
    minimum : float, optional
    window, step : int
        Years in a window of the map, and from one window to the next.
    level, material, block, draws, seed
        As `servio.explain.modes` takes them.
    """

    grouping: str = "kiet"
    industries: tuple[str, ...] | None = None
    size: str = ""
    minimum: Annotated[float, msgspec.Meta(ge=0)] | None = None
    window: Annotated[int, msgspec.Meta(ge=5)] = 7
    step: Positive = 1
    level: Level = 0.95
    material: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.005
    block: Positive = 3
    draws: Positive = 200
    seed: Natural = 0


class SymbiosisEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[symbiosis]``: two sectors as two species, see `servio.simulate.fit_symbioses`.

    Parameters
    ----------
    of, by : str
        Options of the measure ``account`` that has the series.
    species : (str, str)
        Two of its groups.
    errors, variance : str
    level : float
    negligible : float
        Interaction up to this size counts as none.
    draws : int
        Of the bootstrap; with 0 intervals come from the covariance.
    seed : int
    ahead : int
        Years of the projection after the last one; 0 for none. Its bands are those of `draws`,
        or of 199 where that is 0.
    """

    of: str = "value_added"
    by: str = "sectors"
    species: tuple[str, str] = ("manufacturing", "services")
    errors: Literal["multiplicative", "additive"] = "multiplicative"
    variance: Literal["own", "common"] = "own"
    level: Level = 0.95
    negligible: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    draws: Natural = 0
    seed: Natural = 0
    ahead: Annotated[int, msgspec.Meta(ge=0, le=50)] = 5


def check(
    modes: ModesEntry | None, symbiosis: SymbiosisEntry | None, calls: Sequence[Call], place: Place
) -> None:
    """Raise where the study does not measure what modes or symbiosis are made of."""
    if modes is not None:
        needed = {"grouping": modes.grouping, "by": "industry", "origin": "total", "total": False}
        check_selection("service_input_share", needed, calls, place.complain("modes"))
        _check_size(modes, calls, place.complain("modes"))
    if symbiosis is not None:
        complain = place.complain("symbiosis")
        check_selection("account", {"of": symbiosis.of, "by": symbiosis.by}, calls, complain)
        if len(set(symbiosis.species)) < 2:
            complain("species", f"{symbiosis.species[0]!r} twice", "two groups", ())
        _check_species(symbiosis, complain)
        if 0 < symbiosis.draws < 99:
            complain("draws", str(symbiosis.draws), "0, or 99 at least", ())


def _check_size(modes: ModesEntry, calls: Sequence[Call], complain: Complaint) -> None:
    """Refuse a size without a minimum of it, or one that the study does not measure."""
    if (modes.size != "") != (modes.minimum is not None):
        complain("minimum", "one of size and minimum", "both or neither", ())
    if modes.size:
        check_selection("account", {"of": modes.size, "by": "industry"}, calls, complain)


def _check_species(symbiosis: SymbiosisEntry, complain: Complaint) -> None:
    """Refuse a species that a published grouping does not have; own ones are seen on the tables."""
    if symbiosis.by not in classify.groupings():
        return
    groups = classify.grouping(symbiosis.by).groups
    for name in symbiosis.species:
        if name not in groups:
            complain("species", repr(name), f"groups of {symbiosis.by}", groups)


def interact(
    modes: ModesEntry | None, symbiosis: SymbiosisEntry | None, results: Reader, folder: Path
) -> tuple[tuple[str, ...], tuple[dict[str, Any], ...]]:
    """Find modes, fit symbioses, and write both into a folder.

    What can't be computed is a problem with its reason; the others go on. With the same results
    every run writes the same bytes: arithmetic takes one thread.

    Returns
    -------
    (tuple of str, tuple of mappings)
        Those of `FILES` that were written, and rows for ``problems.parquet``.
    """
    files: list[str] = []
    problems: list[dict[str, Any]] = []
    with threadpool_limits(1):
        if modes is not None:
            files += _modes(modes, results, folder, problems)
        if symbiosis is not None:
            files += _symbiosis(symbiosis, results, folder, problems)
    return tuple(files), tuple(problems)


def _problem(what: str, text: str, source: str = "", country: str = "") -> dict[str, Any]:
    return {"source": source, "country": country, "year": None, "measure": what, "definition": "",
            "text": f"not computed: {text}"}  # fmt: skip


def _said(error: ServioError) -> str:
    return f"{error.place}: found {error.found}; expected {error.expected}"


# -- modes -----------------------------------------------------------------------------------------


def _modes(
    entry: ModesEntry, results: Reader, folder: Path, problems: list[dict[str, Any]]
) -> tuple[str, ...]:
    """Modes of the whole period and of windows; the evidence is that of the whole period."""
    import pandas as pd

    from servio import explain

    options = {name: getattr(entry, name) for name in ModesEntry.__struct_fields__}
    window, step = options.pop("window"), options.pop("step")
    try:
        found = explain.modes(results, **options)
    except ServioError as error:
        problems.append(_problem("modes", _said(error)))
        return ()
    period = {"window_first": found.table["first"].min(), "window_last": found.table["last"].max()}
    parts = [found.table.assign(period="whole", **period)]
    try:
        rolling = explain.mode_map(results, window=window, step=step, **options)
        parts.append(rolling.assign(period="window"))
    except ServioError as error:
        problems.append(_problem("modes, windows", _said(error)))
    by = ["source", "country", "industry", "group"]
    lost = found.undefined.merge(found.table[by], on=by, how="left", indicator="there")
    lost = lost[lost["there"] == "left_only"]
    for (source, country, reason), part in lost.groupby([*by[:2], "reason"], sort=False):
        first = part.iloc[0]
        text = f"{len(part)} units, first {first.industry} with {first.group}: {reason}"
        problems.append(_problem("modes", text, source, country))
    _write(pd.concat(parts, ignore_index=True), folder / MODES)
    _write(found.evidence, folder / EVIDENCE)
    return MODES, EVIDENCE


# -- symbiosis -------------------------------------------------------------------------------------


def _symbiosis(
    entry: SymbiosisEntry, results: Reader, folder: Path, problems: list[dict[str, Any]]
) -> tuple[str, ...]:
    """One row a source and country; projections a row a sector and year more."""
    import pandas as pd

    from servio import simulate

    rows = results("account", of=entry.of, by=entry.by)
    if rows.empty:
        problems.append(_problem("symbiosis", f"the results have no {entry.of} by {entry.by}"))
        return ()
    lacking = [name for name in entry.species if name not in set(rows["industry"])]
    if lacking:
        there = ", ".join(rows["industry"].unique())
        problems.append(_problem("symbiosis", f"species {lacking[0]!r} is no group of {there}"))
        return ()
    rows = rows[rows["industry"].isin(entry.species)]
    found: list[dict[str, Any]] = []
    paths: list[pandas.DataFrame] = []
    for (source, unit), part in rows.groupby(["source", "unit"], sort=False):
        wide = part.pivot(index=["country", "year"], columns="industry", values="value")
        try:
            fits = simulate.fit_symbioses(
                wide.reset_index(), species=entry.species, unit=unit, errors=entry.errors,
                variance=entry.variance, level=entry.level,
            )  # fmt: skip
            if entry.draws:
                fits = fits.bootstrap(draws=entry.draws, seed=entry.seed)
        except ServioError as error:
            problems.append(_problem("symbiosis", _said(error), source))
            continue
        problems += _left_out(fits, source)
        head = {"source": source, "unit": unit}
        found += [head | _row(one, entry) for one in fits.fits.values()]
        if entry.ahead:
            paths += _projections(fits, entry, head, problems)
    if not found:
        return ()
    _write(pd.DataFrame(found), folder / SYMBIOSIS)
    if not paths:
        return (SYMBIOSIS,)
    _write(pd.concat(paths, ignore_index=True), folder / PROJECTIONS)
    return SYMBIOSIS, PROJECTIONS


def _left_out(fits: SymbiosisFits, source: str) -> Iterator[dict[str, Any]]:
    """A problem a country that could not be fitted, and one more where none could."""
    lost, n = fits.left_out, len(fits.fits)
    others = (
        f"{n} other countries were" if n > 1 else "1 other country was" if n else "no other was"
    )
    told = [(name, _reason(name, why)) for name, why in lost]
    if lost and not n:
        text = (
            f"not computed for any of {len(lost)} countries; the first, {told[0][0]}: {told[0][1]}"
        )
        yield _problem("symbiosis", "", source) | {"text": text}
    for name, why in told:
        text = f"not computed for {name} ({why}); {others}"
        yield _problem("symbiosis", "", source, name) | {"text": text}


def _reason(name: str, message: str) -> str:
    """A message without what the sentence around it says already."""
    words = message.removeprefix(f"symbiosis of {name}").lstrip(",: ")
    return words.removeprefix("found ").split(". ")[0].removesuffix(".")


def _projections(
    fits: SymbiosisFits, entry: SymbiosisEntry, head: dict[str, Any], problems: list[dict[str, Any]]
) -> Iterator[pandas.DataFrame]:
    """Paths by country, fitted and beyond the last year, with bands of the bootstrap.

    A model that blows up ends with the data, one whose refits find no minimum has no band: both
    are problems, and `note` of their rows.
    """
    drawn = fits if entry.draws else fits.bootstrap(draws=BAND_DRAWS, seed=entry.seed)
    bare = [name for name in fits.fits if name not in drawn.fits]
    if bare:
        text = (f"without a band for {len(bare)} of {len(fits.fits)} countries, where more than "
                f"one refit in twenty found no minimum: {', '.join(bare)}")  # fmt: skip
        problems.append(_problem("projection", "", head["source"]) | {"text": text})
    for name, fit in fits.fits.items():
        banded = drawn.fits.get(name)
        notes = [] if banded else [NO_BAND]
        times = [*fit.times, *(fit.times[-1] + k for k in range(1, entry.ahead + 1))]
        try:
            found = (banded or fit).project(times, seed=entry.seed)
        except NumericalError as error:
            notes.append(f"the fitted model blows up: {error.place.removeprefix('trajectory: ')}")
            text = f"not computed for {name} ({notes[-1]})"
            problems.append(_problem("projection", "", head["source"], name) | {"text": text})
            found = (banded or fit).project(fit.times, seed=entry.seed)
        frame = _path(fit, found, banded is not None)
        yield frame.assign(**head, country=name, intervals=banded.intervals if banded else "",
                           note="; ".join(notes))[[*PATH_COLUMNS]]  # fmt: skip


def _path(fit: SymbiosisFit, found: Projection, banded: bool) -> pandas.DataFrame:
    """Observed and modelled sizes, a row a year and sector."""
    import numpy as np

    observed = np.full(found.path.shape, np.nan)
    observed[: len(fit.times)] = fit.observed
    frame = found.to_frame().rename(columns={"time": "year", "variable": "sector"})
    limits = ["lower", "upper", "observed_lower", "observed_upper"]
    if not banded:
        frame[limits] = np.nan
    return frame.assign(
        year=frame["year"].astype("int64"), observed=observed.ravel(),
        projected=frame["year"] > fit.times[-1], level=found.level,
        unbounded=found.unbounded if banded else np.nan,
    )  # fmt: skip


def _row(fit: SymbiosisFit, entry: SymbiosisEntry) -> dict[str, Any]:
    """Kind and how sure, parameters with intervals, where it ends, and what makes it doubtful."""
    one = fit.symbioses(entry.negligible, entry.seed)[0]
    likeliest, probability = one.likeliest
    f = math.nan if one.reason else fit.interaction_f
    row: dict[str, Any] = {
        "country": fit.entity, "first": one.pair[0], "second": one.pair[1], "kind": one.kind,
        "reason": one.reason, "possible": "; ".join(one.possible), "likeliest": likeliest,
        "probability": probability, "interaction_f": f,
        "interaction_p": fit.interaction_p, "n": len(fit.times), "year_first": int(fit.times[0]),
        "year_last": int(fit.times[-1]), "level": fit.level, "intervals": fit.intervals,
    }  # fmt: skip
    row |= dict(_equilibrium(fit, entry.seed))
    for name, *numbers in zip(fit.parameters, fit.values, fit.lower, fit.upper, strict=True):
        row |= _limits(_column(name, one.pair), numbers)
    return row | {"condition": fit.condition, "notes": "; ".join(fit.notes)}


def _equilibrium(fit: SymbiosisFit, seed: int) -> Iterator[tuple[str, Any]]:
    """The point of coexistence; no point, or one that can't be, has its word and no stability."""
    nothing = (math.nan,) * 3
    try:
        found = fit.equilibrium(seed)
    except NumericalError:
        yield from {"equilibrium": "none", "feasible": math.nan, "stable": math.nan}.items()
        points: list[Sequence[float]] = [nothing, nothing]
    else:
        kind = found.point.kind if found.point.feasible else "not feasible"
        shares = {"feasible": found.feasible, "stable": found.stable}
        yield from ({"equilibrium": kind} | shares).items()
        points = list(zip(found.point.states, found.lower, found.upper, strict=True))
    for place, point in zip(("first", "second"), points, strict=True):
        yield from _limits(f"equilibrium_{place}", point).items()


def _limits(name: str, numbers: Sequence[float]) -> dict[str, float]:
    keys = (name, f"{name}_lower", f"{name}_upper")
    return {key: float(number) for key, number in zip(keys, numbers, strict=True)}


def _column(parameter: str, pair: Sequence[str]) -> str:
    """``d[manufacturing from services]`` as ``d_first_second``, whatever the species are."""
    kind, _, inside = parameter.removesuffix("]").partition("[")
    words: Mapping[str, str] = {
        pair[0]: "first", pair[1]: "second",
        **{f"{pair[i]} from {pair[j]}": f"{name}_{other}"
           for i, name in enumerate(("first", "second"))
           for j, other in enumerate(("first", "second"))},
    }  # fmt: skip
    return f"{kind}_{words[inside]}"


def _write(frame: pandas.DataFrame, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    pq.write_table(table, path, compression=COMPRESSION)
