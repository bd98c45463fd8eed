"""Evidence for modes: series of each kind and definition, from the rows of measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from servio.errors import InputError, UsageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNIT", "Gathered", "Results", "Series", "gather"]

Array = npt.NDArray[np.float64]
Results = Callable[..., "pd.DataFrame"]
UNIT = ["source", "country", "industry", "group"]


@dataclass(frozen=True, eq=False)
class Series:
    """One definition of a kind of evidence: values (units, years), NaN where there is none."""

    kind: str
    definition: str
    main: bool
    values: Array


@dataclass(frozen=True, eq=False)
class Gathered:
    units: pd.MultiIndex
    years: list[int]
    series: tuple[Series, ...]


def gather(results: Results, grouping: str, industries: Sequence[str] | None) -> Gathered:
    """All series of the units that the main definition of purchased services has."""
    found = list(_definitions(results, grouping))
    if not found or found[0][:2] != ("purchased", SHARE):
        raise InputError(
            "modes, purchased services", found=f"no values of service_input_share of {grouping}",
            expected="rows by industry with origin total",
            remedy=f'Add [[measures]] name = "service_input_share", grouping = "{grouping}", '
            'by = "industry".',
        )  # fmt: skip
    units, years = found[0][2].index, [int(year) for year in found[0][2].columns]
    if industries is not None:
        units = _chosen(units, industries)
    series, seen = [], set()
    for kind, definition, wide in found:
        values = wide.reindex(index=units, columns=years).to_numpy(dtype=np.float64)
        series.append(Series(kind, definition, kind not in seen, values))
        seen.add(kind)
    return Gathered(units, years, tuple(series))


def _chosen(units: pd.MultiIndex, industries: Sequence[str]) -> pd.MultiIndex:
    names = units.get_level_values("industry")
    lacking = [code for code in industries if code not in set(names)]
    if lacking:
        raise InputError("modes, industries", found=f"{lacking[0]!r} without values",
                         expected=f"codes among {', '.join(sorted(set(names))[:8])} ...",
                         remedy="Name industries of the results.")  # fmt: skip
    return units[names.isin(list(industries))]


SHARE = "share of inputs"
Wide = tuple[str, str, "pd.DataFrame"]


def _definitions(results: Results, grouping: str) -> Iterator[Wide]:
    """Kind, definition and values of each series that there is; the first of a kind is the main."""
    groups = {"grouping": grouping, "by": "industry"}
    total = groups | {"origin": "total"}
    share = _wide(results, "service_input_share", **total, total=False)
    if share is None:
        return
    yield "purchased", SHARE, share
    for definition, measure, options in (
        ("share of inputs but energy", "outsourcing", total),
        ("share of complete inputs", "service_input_share", total | {"total": True}),
        ("per output", "service_input_coefficient", total | {"total": False}),
    ):
        yield from _named("purchased", definition, _wide(results, measure, **options))
    yield from _accounts(results, list(share.index.unique("group")))
    for origin in ("total", "domestic"):
        yield from _returned(results, groups | {"origin": origin}, origin)
    for side, kind in (("inputs", "cosine"), ("inputs", "overlap"), ("outputs", "cosine")):
        alike = _wide(results, "structural_similarity", **total, side=side, kind=kind)
        yield from _named("similarity", f"{kind} of {side}", alike)


def _returned(results: Results, options: Mapping[str, Any], origin: str) -> Iterator[Wide]:
    """Share of the product in the services' inputs: twice the mutual rate less the other share."""
    onward = _wide(results, "service_input_share", **options, total=False)
    mutual = _wide(results, "convergence_rate", **options, mutual="mean")
    if onward is not None and mutual is not None:
        yield "returned", f"share of inputs of the services, {origin}", 2 * mutual - onward


def _accounts(results: Results, groups: Iterable[str]) -> Iterator[Wide]:
    """Own-account cost and secondary output per unit of output, of the groups that have them."""
    import pandas as pd

    for kind in ("own_account", "secondary"):
        parts = []
        for group in groups:
            level = _wide(results, "account", {"group": group}, of=f"{kind}:{group}", by="industry")
            if level is not None:
                parts.append(level)
        if not parts:
            continue
        output = _wide(results, "account", {"group": ""}, of="output", by="industry")
        if output is None:
            raise InputError(
                f"modes, {kind}", found="no values of account of output",
                expected="output in the same results, to divide by",
                remedy='Add [[measures]] name = "account", of = "output", by = "industry".',
            )  # fmt: skip
        amounts = pd.concat(parts)
        made = output.droplevel("group").reindex(
            index=amounts.index.droplevel("group"), columns=amounts.columns
        )
        made = made.where(made > 0)
        yield kind, "per output", amounts / made.to_numpy()


def _named(kind: str, definition: str, wide: pd.DataFrame | None) -> Iterator[Wide]:
    if wide is not None:
        yield kind, definition, wide


def _wide(
    results: Results, measure: str, labels: Mapping[str, str] = {}, /, **options: Any
) -> pd.DataFrame | None:
    """Values, one row a unit and one column a year; None where there are none."""
    try:
        found = results(measure, **options)
    except UsageError:
        return None
    found = found[found["value"].notna()].assign(**labels)
    if found.empty:
        return None
    keys = [*UNIT, "year"]
    twice = found.duplicated(keys)
    if twice.any():
        row = found[twice].iloc[0]
        raise InputError(
            f"modes, {measure}",
            found=f"two values of {' '.join(str(row[key]) for key in UNIT)} in {row['year']}",
            expected="one row a unit and year", remedy="Keep one definition of it.",
        )  # fmt: skip
    return found.set_index(keys)["value"].unstack("year").sort_index(axis=1)
