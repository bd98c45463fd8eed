"""What makes an estimate impossible or doubtful, named before a number is shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from servio.errors import UsageError, ValueFault
from servio.explain._design import Design, Swept
from servio.explain._qr import dependence

__all__ = [
    "check_clusters",
    "check_rank",
    "check_rows",
    "check_sizes",
    "check_variation",
    "notes_of_effects",
]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

FEW_CLUSTERS = 30
"""Below "five to thirty" clusters Cameron, Gelbach and Miller (2008, Review of Economics and
Statistics 90, 414-427) find clustered errors too small."""
FEW_EFFECTIVE = 20
"""Slopes that rest on 10 to 25 of 135 clusters have intervals that hold the truth in 92 to 93 of
100 model worlds at the 95 % level (docs/explain.md)."""
FEW_PERIODS = 20
"""Driscoll-Kraay errors are right as periods, not entities, become many (Hoechle 2007, Stata
Journal 7, 281-312, on short panels)."""
SMALLEST = 1e-100
NO_VARIATION = 1e-10
"""Share of a column's length about its mean that counts as rounding when fixed effects leave no
more, however far the mean is from zero."""
NO_DIGITS = 1e-13
"""Share of a column's length that its own digits can't carry."""
ROUNDING = 1e-14
DEPENDENT = 1e-12
"""Share of the length of a swept column that counts as rounding when others leave no more."""


def check_rows(place: str, n: int, parameters: int) -> None:
    """Raise unless there are more rows than parameters."""
    if n <= parameters:
        raise ValueFault(
            place,
            found=f"{n} rows for {parameters} parameters, fixed effects included",
            expected="more rows than parameters",
            remedy="Leave terms or fixed effects out, or use more rows.",
        )


def check_sizes(design: Design) -> None:
    """Raise where squares of a column would leave the range of double precision."""
    for name, column in zip(_names(design), _columns(design), strict=True):
        size = float(np.abs(column).max())
        if size and not SMALLEST < size < 1 / SMALLEST:
            raise ValueFault(
                f"formula {design.formula.text!r}",
                found=f"{name}, as large as {size:.2g}",
                expected=f"values between {SMALLEST:g} and {1 / SMALLEST:g}",
                remedy="Measure it in other units.",
            )


def check_variation(design: Design, swept: Swept) -> None:
    """Raise where fixed effects leave nothing of a column, naming it."""
    if not design.effects:
        return
    for name, kept, column in zip(_names(design), swept.kept, _columns(design), strict=True):
        if kept * np.linalg.norm(column) > _rounding(column):
            continue
        within = [
            effect for effect, codes in design.effects.items() if _constant_within(column, codes)
        ]
        where = f"each {within[0]}" if within else " and ".join(design.effects)
        raise ValueFault(
            f"formula {design.formula.text!r}",
            found=f"{name}, constant within {where}",
            expected="variation beyond the fixed effects",
            remedy=f"Leave out {name} or the fixed effect that takes its place.",
        )


def check_rank(
    place: str, columns: Array, names: Sequence[str], kept: Array, *, within: bool = False
) -> None:
    """Raise where a column is a combination of others, naming them."""
    empty = np.linalg.norm(columns, axis=0) == 0
    if empty.any():
        raise ValueFault(place, found=f"{names[int(empty.argmax())]}, zero in every row",
                         expected="a column that varies", remedy="Leave it out.")  # fmt: skip
    found = dependence(columns, np.maximum(DEPENDENT, ROUNDING / kept))
    if found is None:
        return
    at, weights = found
    lengths = np.linalg.norm(columns, axis=0)
    shares = np.abs(weights) * lengths[:at] / lengths[at]
    others = [j for j in range(at) if shares[j] > 1e-8 * shares.max()]
    combination = " ".join(_signed(weights[j], names[j]) for j in others)
    involved = [names[at], *(names[j] for j in others)]
    raise ValueFault(
        place,
        found=f"{names[at]} = {combination.removeprefix('+ ')}{' within fixed effects' * within}",
        expected="no collinear columns",
        remedy=f"Leave out one of {', '.join(involved)}.",
    )


def _signed(weight: float, name: str) -> str:
    size = f"{abs(weight):.4g}"
    return f"{'-' if weight < 0 else '+'} {name if size == '1' else f'{size} × {name}'}"


def check_clusters(design: Design) -> tuple[str, ...]:
    """Notes on few clusters; one cluster is refused."""
    notes = []
    for name, codes in design.clusters.items():
        count = int(codes.max()) + 1
        if count == 1:
            raise UsageError(
                f"vcov, cluster {name}",
                found="one cluster",
                expected="several: what is alike inside a cluster is learnt from others",
                remedy="Cluster by a column with more levels.",
            )
        if count < FEW_CLUSTERS:
            notes.append(
                f"few clusters ({count} of {name}): errors are likely too small; "
                "compare with wild_bootstrap"
            )
    if design.vcov.kind == "driscoll_kraay" and design.times is not None:
        count = len(np.unique(design.times))
        if count < FEW_PERIODS:
            notes.append(
                f"few periods ({count}): Driscoll-Kraay errors rest on many, likely too small"
            )
    return tuple(notes)


def notes_of_effects(design: Design, counted: Sequence[str]) -> tuple[str, ...]:
    """A note for each pair of counted fixed effects that falls into parts that do not touch.

    Each part has a level of its own: the parameters of a pair are the sum of levels less the
    number of parts (Abowd, Creecy and Kramarz 2002), while presets take one part for granted.
    """
    notes = []
    effects = [(name, design.effects[name]) for name in counted]
    for i, (first, a) in enumerate(effects):
        for second, b in effects[i + 1 :]:
            parts = _parts(a, b)
            if parts > 1:
                notes.append(
                    f"fixed effects {first} and {second} fall into {parts} parts that do not "
                    f"overlap: K counts {parts - 1} too many, errors are slightly too large"
                )
    return tuple(notes)


def _parts(a: Codes, b: Codes) -> int:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first = int(a.max()) + 1
    size = first + int(b.max()) + 1
    graph = coo_array((np.ones(len(a)), (a, first + b)), shape=(size, size))
    return int(connected_components(graph, directed=False, return_labels=False))


def _names(design: Design) -> tuple[str, ...]:
    outcome = design.formula.outcome.name
    return (outcome, *design.names, *design.endogenous_names, *design.instrument_names)


def _columns(design: Design) -> list[Array]:
    blocks = (design.regressors, design.endogenous, design.instruments)
    return [design.outcome, *(column for block in blocks for column in block.T)]


def _constant_within(column: Array, codes: Codes) -> bool:
    centred = column - (np.bincount(codes, column) / np.bincount(codes))[codes]
    return bool(np.linalg.norm(centred) <= _rounding(column))


def _rounding(column: Array) -> float:
    """Length of a swept column that may be rounding: of its spread, or of its digits."""
    spread, size = np.linalg.norm(column - column.mean()), np.linalg.norm(column)
    return float(max(NO_VARIATION * spread, NO_DIGITS * size))
