"""Modern and traditional manufacturing: a score of named criteria with visible weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from servio import algebra
from servio.errors import InputError, LabelError, UsageError
from servio.measure._chains import embodied, living
from servio.measure._contract import measure
from servio.measure._factor import factor
from servio.measure._result import Array, Column, Result, Undefined, row_names
from servio.measure._spread import industries
from servio.measure.value_content import _reach
from servio.table import IOTable, Note

__all__ = ["modern_manufacturing"]

Form = Literal["score", "class", "component", "stability", "rank"]
Weights = Literal["equal", "knowledge", "clean", "value"]
CLASSES = {"high": 1.0, "medium_high": 2 / 3, "medium": 1 / 3, "medium_low": 0.0, "low": 0.0}
PRESETS: Mapping[Weights, Mapping[str, float]] = {
    "equal": {},
    "knowledge": {"technology": 2.0, "knowledge": 2.0, "research": 2.0},
    "clean": {"energy": 2.0, "emissions": 2.0},
    "value": {"value_added": 2.0, "chain": 2.0},
}
DRAWS = 1000
DIGITS = 10
INSIDE = 0.5
TAILS = (0.05, 0.95)
NO_OUTPUT = "zero output"


@dataclass(frozen=True, eq=False)
class _Parts:
    """Criteria of the manufacturing industries, from 0 to 1; NaN where one is not defined."""

    names: tuple[str, ...]
    values: Array
    missing: Mapping[str, str]
    gap: float


class _Lacking(Exception):
    """The table can't give a criterion; the text says why."""


@measure(
    title="Modern manufacturing",
    question="Which manufacturing industries are modern: high technology, high value added, much "
    "knowledge, little energy, long chains?",
    unit="score",
    formula="s_j = sum_k w_k c_kj / sum_k w_k; c_k the rank from 0 to 1 by criterion k",
    identity="ranked criteria have the mean 1/2; the score lies between the criteria",
    source="document 001, section 2 (modern manufacturing); methods J1",
    needs=("manufacturing",),
)
def modern_manufacturing(
    table: IOTable,
    *,
    form: Form = "score",
    weights: Weights = "equal",
    threshold: float = 0.5,
    rd: str = "",
    energy: str = "",
    emissions: str = "",
    seed: int = 0,
) -> Result:
    """Score of each manufacturing industry on criteria of modern manufacturing.

    ``s_j = sum_k w_k c_kj / sum_k w_k``. Criteria ``c_kj`` run from 0 (traditional) to 1 (modern);
    all but the first are mid-ranks ``(rank - 1/2) / n`` among the n live manufacturing industries
    of the table:

    - technology: class of R&D intensity (OECD 2016): high 1, medium-high 2/3, medium 1/3,
      medium-low and low 0;
    - value_added: value added over output;
    - knowledge: knowledge-intensive business services (``kibs``) over intermediate inputs;
    - research: R&D over output, own and embodied in the inputs of the whole chain
      (``f (I - A)^-1``), where `rd` names a satellite;
    - energy: inputs from energy industries over output, or the satellite `energy` over output,
      turned round;
    - emissions: the satellite `emissions` over output, turned round;
    - chain: stages of production ``1'(I - A)^-1``.

    Criteria that the table does not have are left out of the mean, and a note names them.

    Parameters
    ----------
    table : IOTable
    form : {'score', 'class', 'component', 'stability', 'rank'}
        The score; 1 (modern) where it exceeds `threshold`, else 0 (traditional); the criteria;
        share of random weights that give the same class; rank of the score (1 is the most modern)
        with its 5 and 95 % quantiles over random weights.
    weights : {'equal', 'knowledge', 'clean', 'value'}
        All alike; or twice the weight for technology, knowledge and research; energy and
        emissions; value_added and chain.
    threshold : float
        Score above which an industry is modern.
    rd, energy, emissions : str
        Satellites, amounts by industry.
    seed : int
        Of 1,000 random weights, uniform on the simplex (Dirichlet with ones).

    Returns
    -------
    Measure
        One row a manufacturing industry; with parts for ``component`` (the criteria) and ``rank``
        (rank, low, high).

    Raises
    ------
    LabelError
        The table knows no ``manufacturing``, a named satellite is missing, or a technology class
        has an unknown name.
    UsageError
        A threshold outside 0 to 1, or a seed below 0.

    Notes
    -----
    Identity: ranked criteria have the mean 1/2, which is the residual. Ranks are relative: to the
    industries of a country in a national table, of all countries in a world table; scores of
    different tables are compared with care. Industries that are less than half in
    ``manufacturing`` are left out. Crude oil counts as energy, so refineries rank low there. On
    national tables chains see no inputs of imported inputs, and a long chain may be one that is
    finely split. Criteria and weights are choices, not estimates: see ``form=stability``. An
    industry without one of the criteria that others have has no score. No published
    classification is known to us.

    Source: document 001 for the criteria; Galindo-Rueda & Verger (2016), OECD STI Working Paper
    2016/04, for classes; embodied R&D as Papaconstantinou, Sakurai & Wyckoff (1996). Weights and
    threshold are ours.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"manufacturing": {"manufacturing": ("food", "cars")}, "kibs": {"kibs": ("it",)},
    ...           "technology": {"high": ("cars",), "medium_low": ("food",)}}
    >>> table = IOTable.from_flows([[30, 0, 5], [0, 20, 5], [2, 30, 10]], x=[100, 120, 90],
    ...     codes=("food", "cars", "it"),
    ...     groups={name: Grouping.custom(name, members) for name, members in groups.items()})
    >>> found = modern_manufacturing(table)
    >>> found.value(industry="cars"), found.value(industry="food")
    (0.6875, 0.3125)
    >>> modern_manufacturing(table, form="component").value(industry="cars", part="knowledge")
    0.75
    """
    _check(threshold, seed)
    at = _manufacturing(table)
    found = _parts(table, at, rd, energy, emissions)
    weight = np.array([PRESETS[weights].get(name, 1.0) for name in found.names])
    weight = weight / weight.sum()
    notes = (*_notes(found, weight), *_reach(table))
    if form == "component":
        return _result(table, at, found, found.values, found.names, notes)
    score = weight @ found.values
    if form == "score":
        return _result(table, at, found, score[None], (), notes)
    modern = np.where(np.isnan(score), np.nan, np.round(score, DIGITS) > threshold)
    if form == "class":
        return _result(table, at, found, modern[None], (), notes, "class")
    random = np.random.default_rng(seed).dirichlet(np.ones(len(weight)), DRAWS) @ found.values
    ranks, drawn = _ranks(score[None])[0], _ranks(random)
    notes = (*notes, _agreement(ranks, drawn))
    if form == "stability":
        same = ((np.round(random, DIGITS) > threshold) == modern).mean(axis=0)
        same = np.where(np.isnan(score), np.nan, same)
        return _result(table, at, found, same[None], (), notes, "share")
    spread = np.vstack([ranks, np.quantile(drawn, TAILS, axis=0)])
    return _result(table, at, found, spread, ("rank", "low", "high"), notes, "rank")


def _check(threshold: float, seed: int) -> None:
    if not 0 <= threshold <= 1:
        raise UsageError("modern_manufacturing threshold", found=str(threshold),
                         expected="0 to 1", remedy="Scores lie there.")  # fmt: skip
    if seed < 0:
        raise UsageError("modern_manufacturing seed", found=str(seed),
                         expected="a whole number from 0", remedy="Give one.")  # fmt: skip


def _manufacturing(table: IOTable) -> npt.NDArray[np.intp]:
    return np.flatnonzero(table.weights("manufacturing")[1].sum(axis=0) >= INSIDE)


# -- criteria --------------------------------------------------------------------------------------


def _parts(
    table: IOTable, at: npt.NDArray[np.intp], rd: str, energy: str, emissions: str
) -> _Parts:
    """Criteria of the industries at these positions, and why some are missing."""
    stages, gap = _chain(table, rd)
    makers: dict[str, Callable[[], Array]] = {
        "technology": lambda: _technology(table),
        "value_added": lambda: _value_added(table),
        "knowledge": lambda: _knowledge(table),
        "research": lambda: stages[1],
        "energy": lambda: -(_satellite(table, energy) if energy else _energy(table)),
        "emissions": lambda: -_satellite(table, emissions),
        "chain": lambda: stages[0],
    }
    missing = {name: "no satellite named" for name, given in
               (("research", rd), ("emissions", emissions)) if not given}  # fmt: skip
    values: dict[str, Array] = {}
    dead = ~table.live[at]
    for name, make in makers.items():
        if name in missing:
            continue
        try:
            criterion = np.where(dead, np.nan, make()[at])
        except _Lacking as lacking:
            missing[name] = str(lacking)
            continue
        values[name] = criterion if name == "technology" else _mid_ranks(criterion)
        if name != "technology":
            gap = max(gap, abs(float(np.nanmean(values[name])) - 0.5))
    return _Parts(tuple(values), np.array(list(values.values())), missing, gap)


def _value_added(table: IOTable) -> Array:
    try:
        return _per_output(table, factor(table, "value_added"))
    except InputError as error:
        raise _Lacking(error.found) from None


def _group(table: IOTable, grouping: str) -> tuple[tuple[str, ...], Array]:
    try:
        return table.weights(grouping)
    except LabelError as error:
        raise _Lacking(error.found) from None


def _chain(table: IOTable, rd: str) -> tuple[Array, float]:
    """Stages of production, and R&D of the whole chain over output if named: (1 or 2, n)."""
    rows = [table.live.astype(np.float64)]
    if rd:
        rows.append(_satellite(table, rd))
    return embodied(table, np.array(rows), "total")


def _technology(table: IOTable) -> Array:
    names, shares = _group(table, "technology")
    unknown = [name for name in names if name not in CLASSES]
    if unknown:
        raise LabelError(
            f"{table.info.name} grouping technology, group {unknown[0]!r}",
            found=f"a class of technology named {unknown[0]!r}",
            expected=f"classes among {', '.join(CLASSES)}",
            remedy="Name the groups of the table's own grouping so.",
        )
    inside = shares.sum(axis=0)
    level = np.array([CLASSES[name] for name in names]) @ shares
    return _over(level, inside, inside >= INSIDE)


def _over(top: Array, bottom: Array, where: npt.NDArray[np.bool_]) -> Array:
    found: Array = np.divide(top, bottom, out=np.full(len(bottom), np.nan), where=where)
    return found


def _knowledge(table: IOTable) -> Array:
    flows = living(table, table.flows("total"))
    bought = _group(table, "kibs")[1].sum(axis=0) @ flows
    inputs = flows.sum(axis=0)
    return _over(bought, inputs, inputs != 0)


def _energy(table: IOTable) -> Array:
    return _per_output(table, _group(table, "energy")[1].sum(axis=0) @ table.flows("total"))


def _satellite(table: IOTable, name: str) -> Array:
    if name not in table.satellites:
        raise LabelError(
            f"{table.info.name} satellite {name!r}",
            found="no satellite of this name",
            expected=f"one of {', '.join(table.satellites) or 'none: the table has no satellites'}",
            remedy="Name one of the table, or leave the option out.",
        )
    return _per_output(table, np.asarray(table.satellites[name].values, dtype=np.float64))


def _per_output(table: IOTable, amounts: Array) -> Array:
    per_unit: Array = algebra.value_coefficients(living(table, amounts)[None], table.x)[0]
    return per_unit


def _mid_ranks(values: Array) -> Array:
    """``(rank - 1/2) / n`` among the defined values, ties sharing the mean of their ranks."""
    defined = ~np.isnan(values)
    found = np.full(len(values), np.nan)
    found[defined] = (scipy.stats.rankdata(_rounded(values[defined])) - 0.5) / max(defined.sum(), 1)
    return found


def _rounded(values: Array) -> Array:
    """Values to ten digits of the largest, so that rounding errors break no ties."""
    scale = np.abs(values).max(initial=0.0)
    rounded: Array = np.round(values / scale, DIGITS) if scale > 0 else values
    return rounded


# -- scores ----------------------------------------------------------------------------------------


def _ranks(scores: Array) -> Array:
    """Ranks along the rows, 1 for the largest; ties share the mean, undefined ones have none."""
    found = np.full(scores.shape, np.nan)
    defined = ~np.isnan(scores[0])
    if defined.any():
        found[:, defined] = scipy.stats.rankdata(-np.round(scores[:, defined], DIGITS), axis=1)
    return found


def _agreement(ranks: Array, drawn: Array) -> Note:
    """How far rankings under random weights are like the one under the preset."""
    defined = ~np.isnan(ranks)
    centred = ranks[defined] - ranks[defined].mean()
    other = drawn[:, defined] - drawn[:, defined].mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).sum() * (other**2).sum(axis=1))
    if not (size > 0).any():
        return Note("rank-stability", "too few industries differ for a correlation of ranks")
    values = (other @ centred)[size > 0] / size[size > 0]
    low, middle = np.quantile(values, (0.05, 0.5))
    text = f"Spearman correlation of ranks with those under {DRAWS:,} random weights: "
    return Note("rank-stability", f"{text}median {middle:.2f}, 5 % quantile {low:.2f}")


def _notes(found: _Parts, weight: Array) -> tuple[Note, ...]:
    told = ", ".join(f"{n} {w:.3g}" for n, w in zip(found.names, weight, strict=True))
    used = Note("criteria", f"criteria and weights: {told}")
    lacking = ", ".join(f"{name} ({why})" for name, why in found.missing.items())
    return (used, Note("criteria-missing", f"left out: {lacking}")) if lacking else (used,)


def _result(
    table: IOTable,
    at: npt.NDArray[np.intp],
    found: _Parts,
    values: Array,
    names: tuple[str, ...],
    notes: tuple[Note, ...],
    unit: str | None = None,
) -> Result:
    """Rows of the industries at these positions, one a part where there are names."""
    k = max(len(names), 1)
    columns = {key: Column(c.names, np.repeat(c.index[at], k))
               for key, c in industries(table).items()}  # fmt: skip
    if names:
        columns["part"] = Column(names, np.tile(np.arange(k), len(at)))
    flat = values.T.ravel()
    labels = row_names(columns)
    lacking = np.isnan(found.values)
    gone = []
    for row in np.flatnonzero(np.isnan(flat)):
        place, part = divmod(int(row), k)
        parts = [name for name, gap in zip(found.names, lacking[:, place], strict=True) if gap]
        dead = not table.live[at[place]]
        label = f"{labels[row]} {names[part]}" if names else labels[row]
        gone.append(Undefined(label, NO_OUTPUT if dead else f"no {', '.join(parts)}"))
    return Result(columns, flat, tuple(gone), found.gap, notes, unit)
