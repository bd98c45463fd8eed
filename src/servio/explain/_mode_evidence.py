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
SIZED = ("country", "industry", "size")


@dataclass(frozen=True, eq=False)
class Series:
    """One definition of a kind of evidence: values (units, years), NaN where there is none."""

    kind: str
    definition: str
    main: bool
    values: Array


@dataclass(frozen=True, eq=False)
class Gathered:
    """All series, and sizes of firms (units, years) where they are asked for."""

    units: pd.MultiIndex
    years: list[int]
    series: tuple[Series, ...]
    sizes: Array | None = None


def gather(
    results: Results, grouping: str, industries: Sequence[str] | None, size: str | pd.DataFrame = ""
) -> Gathered:
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
    asked = not isinstance(size, str) or size != ""
    sizes = _sizes(results, size, units, years) if asked else None
    return Gathered(units, years, tuple(series), sizes)


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
    yield from _supplied(results, grouping, share.index)
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


def _supplied(results: Results, grouping: str, units: pd.MultiIndex) -> Iterator[Wide]:
    """Share of a service in the industry's output by supply tables, of whatever source."""
    made = _wide(results, "secondary_output", {"source": ""}, grouping=grouping, by="industry")
    if made is None:
        return
    keys = units.to_frame(index=False).assign(source="")
    wide = made.reindex(keys.set_index(UNIT).index).set_axis(units)
    if wide.isna().all(axis=None):
        raise InputError(
            "modes, secondary_output", found=f"{_told(made.index)} and others, of no unit",
            expected=f"countries, industries and groups such as {_told(units)}",
            remedy="Give supply tables in the codes and groups of the input-output tables.",
        )  # fmt: skip
    yield "secondary", "share of output, supply tables", wide


def _told(units: pd.MultiIndex) -> str:
    return " ".join(str(name) for name in units[0][1:])


def _sizes(
    results: Results, size: str | pd.DataFrame, units: pd.MultiIndex, years: Sequence[int]
) -> Array:
    """Size of the firms of each unit's industry in each year, NaN where it is not given."""
    if isinstance(size, str):
        wide = _wide(results, "account", {"group": ""}, of=size, by="industry")
        if wide is None:
            raise InputError("modes, size", found=f"no values of account of {size}",
                             expected="an amount by industry, or a frame",
                             remedy=f'Add [[measures]] name = "account", of = "{size}", '
                             'by = "industry".')  # fmt: skip
        wide = wide.droplevel("group")
    else:
        wide = _size_frame(size)
    index = units.to_frame(index=False).set_index(list(wide.index.names)).index
    found = wide.reindex(index)
    if "all" not in wide:
        found = found.reindex(columns=years)
    values = found.to_numpy(dtype=np.float64)
    if np.isnan(values).all():
        raise InputError("modes, size", found="sizes of none of the industries",
                         expected=f"countries and industries such as {_told(units)}",
                         remedy="Give sizes in the codes of the input-output tables.")  # fmt: skip
    return np.broadcast_to(values, (len(units), len(years)))


def _size_frame(size: pd.DataFrame) -> pd.DataFrame:
    """Sizes by industry, a column a year, or the one column ``all``."""
    import pandas as pd

    lacking = [name for name in SIZED if name not in size]
    if lacking:
        raise InputError("modes, size", found=f"no column {lacking[0]}",
                         expected=f"columns {', '.join(SIZED)}, and year or source if they differ",
                         remedy="Name the columns so.")  # fmt: skip
    keys = [name for name in ("source", *SIZED[:-1]) if name in size]
    frame = size if "year" in size else size.assign(year="all")
    number = pd.to_numeric(frame["size"], errors="coerce")
    bad = np.flatnonzero(((number.isna() & frame["size"].notna()) | (number < 0)).to_numpy())
    twice = np.flatnonzero(frame.duplicated([*keys, "year"]).to_numpy())
    for rows, text in ((bad, "no negative size, and a number"), (twice, "each industry once")):
        if len(rows):
            row = frame.iloc[rows[0]]
            name = " ".join(str(row[key]) for key in keys)
            raise InputError(f"modes, size of {name}", found=repr(row["size"]), expected=text,
                             remedy="Correct the row.")  # fmt: skip
    return frame.assign(size=number).set_index([*keys, "year"])["size"].unstack("year")


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
