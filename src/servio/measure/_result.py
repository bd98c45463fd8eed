"""What a measure returns: labelled values with unit, definition, gaps and provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from servio.classify.labels import suggestion
from servio.errors import LabelError
from servio.table import IOTable, Note, TableInfo

if TYPE_CHECKING:
    import altair
    import pandas

__all__ = [
    "Column",
    "Measure",
    "Result",
    "Undefined",
    "by_industry",
    "members",
    "ratio",
    "row_names",
]

Array = npt.NDArray[np.float64]
SHOWN_ROWS = 12


@dataclass(frozen=True, eq=False)
class Column:
    """A label column as names and positions: ``names[index[row]]``."""

    names: tuple[str, ...]
    index: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.index)

    def decode(self) -> list[str]:
        """One label a row."""
        return [self.names[i] for i in self.index]

    @classmethod
    def of(cls, labels: Sequence[str]) -> Column:
        """Labels as a column."""
        names = tuple(dict.fromkeys(labels))
        place = {name: i for i, name in enumerate(names)}
        return cls(names, np.array([place[label] for label in labels], dtype=np.intp))


@dataclass(frozen=True)
class Undefined:
    """A label that has no value, and why."""

    label: str
    reason: str


@dataclass(frozen=True, eq=False)
class Result:
    """The bare outcome of a measure's arithmetic, before its record is added.

    Parameters
    ----------
    columns : mapping of str to Column
        ``country``, ``industry`` and, where they apply, ``partner`` (the other country), ``group``
        and ``part``; one row a value.
    values : array (k,)
        NaN where undefined.
    undefined : tuple of Undefined
    residual : float
        Largest relative error of the measure's identity in our arithmetic.
    notes : tuple of Note
        What a reader must know about these values.
    unit : str, optional
        Where it depends on the table or an option; else that of the measure's record.
    computed : mapping of str to str or None
        Options whose meaning the table narrows: what was computed, or None where the option
        plays no part.
    """

    columns: Mapping[str, Column]
    values: Array
    undefined: tuple[Undefined, ...] = ()
    residual: float = 0.0
    notes: tuple[Note, ...] = ()
    unit: str | None = None
    computed: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Measure:
    """A labelled result that knows its unit, definition, source and gaps.

    Parameters
    ----------
    name, title, unit : str
    range : tuple of float or None
        Smallest and largest possible value.
    columns : mapping of str to Column
        Label columns, one row a value.
    values : array (k,)
        NaN for undefined rows, which `undefined` lists with the reason.
    definition : mapping of str to str
        The options that were used.
    residual : float
        Largest relative error of the measure's own identity (our arithmetic).
    data_residual : float
        Largest relative gap of the published table's balance.
    info : TableInfo
        Source, year, currency and steps of the table.
    fingerprint : str
        Hash of the table.
    """

    name: str
    title: str
    unit: str
    range: tuple[float | None, float | None]
    columns: Mapping[str, Column]
    values: Array
    undefined: tuple[Undefined, ...]
    residual: float
    data_residual: float
    definition: Mapping[str, str]
    info: TableInfo
    fingerprint: str
    notes: tuple[Note, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.values)

    @property
    def beside(self) -> Mapping[str, Array]:
        """Fields with more numbers about each value, such as the ends of its interval."""
        return {}

    @property
    def definition_text(self) -> str:
        """The options in one line, such as ``by=industry grouping=kibs origin=total``."""
        return " ".join(f"{key}={value}" for key, value in sorted(self.definition.items()))

    def value(self, **labels: str) -> float:
        """The one value whose labels match, such as ``value(country="KOR", industry="C26")``."""
        chosen = np.ones(len(self), dtype=bool)
        for key, wanted in labels.items():
            if key not in self.columns:
                raise LabelError(
                    f"{self.name} value",
                    found=f"no column {key!r}",
                    expected=f"one of {', '.join(self.columns)}",
                    remedy="Use one of these.",
                )
            column = self.columns[key]
            if wanted not in column.names:
                raise LabelError(
                    f"{self.name} value",
                    found=f"{key} {wanted!r}",
                    expected="one of " + ", ".join(column.names),
                    remedy=suggestion(str(wanted), column.names, "Choose one of them."),
                )
            chosen &= column.index == column.names.index(wanted)
        rows = np.flatnonzero(chosen)
        if len(rows) != 1:
            raise LabelError(
                f"{self.name} value",
                found=f"{len(rows)} rows with {labels}",
                expected="exactly one row",
                remedy=f"Name enough of {', '.join(self.columns)}.",
            )
        return float(self.values[rows[0]])

    def records(self) -> list[dict[str, Any]]:
        """Tidy rows: source, year, labels, definition, measure, value, unit."""
        head = {"source": self.info.source, "year": self.info.year}
        tail = {"definition": self.definition_text, "measure": self.name}
        decoded = {name: column.decode() for name, column in self.columns.items()}
        return [
            {**head, **{name: column[row] for name, column in decoded.items()}, **tail,
             "value": _number(value), **{name: _number(numbers[row]) for name, numbers in
             self.beside.items()}, "unit": self.unit}
            for row, value in enumerate(self.values)
        ]  # fmt: skip

    def to_frame(self) -> pandas.DataFrame:
        """The tidy rows as a pandas DataFrame; undefined values are NaN."""
        import pandas

        frame = pandas.DataFrame({name: column.decode() for name, column in self.columns.items()})
        frame.insert(0, "source", self.info.source)
        frame.insert(1, "year", self.info.year)
        frame["definition"] = self.definition_text
        frame["measure"] = self.name
        frame["value"] = self.values
        for name, numbers in self.beside.items():
            frame[name] = numbers
        frame["unit"] = self.unit
        return frame

    def plot(self) -> altair.Chart:
        """A bar chart of the values, largest first (needs the ``report`` extra)."""
        from servio.measure._plot import bars

        return bars(self)

    def __repr__(self) -> str:
        lines = [self._headline()]
        width = 40
        for row in range(min(len(self), SHOWN_ROWS)):
            label = " ".join(c.names[c.index[row]] for c in self.columns.values())
            more = "".join(f" {name} {numbers[row]:.5g}" for name, numbers in self.beside.items())
            lines.append(f"  {label[:width]:<{width}} {self.values[row]:>12.5g}{more}")
        if len(self) > SHOWN_ROWS:
            lines.append(f"  … {len(self) - SHOWN_ROWS} more rows")
        if self.undefined:
            lines.append(f"  undefined: {len(self.undefined)} ({self.undefined[0].label}: "
                         f"{self.undefined[0].reason})")  # fmt: skip
        lines += [f"  note: {note.text}" for note in self.notes]
        return "\n".join(lines)

    def _headline(self) -> str:
        mark = " [SYNTHETIC DATA]" if self.info.synthetic else ""
        return f"{self.title} [{self.unit}] {self.info.name}; {self.definition_text}{mark}"

    def _repr_html_(self) -> str:
        names = (*self.columns, self.unit, *self.beside)
        heads = "".join(f"<th>{escape(name)}</th>" for name in names)
        rows = []
        for row in range(min(len(self), 4 * SHOWN_ROWS)):
            cells = [c.names[c.index[row]] for c in self.columns.values()]
            for value in (numbers[row] for numbers in (self.values, *self.beside.values())):
                cells.append("undefined" if np.isnan(value) else f"{value:.5g}")
            rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
        more = len(self) - len(rows)
        below = [f"… {more} more rows"] if more > 0 else []
        below += [f"undefined: {gap.label} ({gap.reason})" for gap in self.undefined[:SHOWN_ROWS]]
        below += [f"note: {note.text}" for note in self.notes]
        below.append(f"gap of the published table's balance: {self.data_residual:.2g}")
        note = "".join(f"<p>{escape(line)}</p>" for line in below)
        return (f"<p><b>{escape(self._headline())}</b></p><table><tr>{heads}</tr>"
                f"{''.join(rows)}</table>{note}")  # fmt: skip


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def by_industry(
    table: IOTable,
    values: Array,
    *,
    undefined: npt.NDArray[np.bool_] | None = None,
    reason: str = "zero output",
    residual: float = 0.0,
    notes: tuple[Note, ...] = (),
) -> Result:
    """One value an industry, those of dead industries undefined."""
    gone = ~table.live if undefined is None else undefined
    shown = np.where(gone, np.nan, values)
    labels = tuple(Undefined(table.axis.labels[i], reason) for i in np.flatnonzero(gone))
    return Result(_industry_columns(table), shown, labels, residual, notes)


def ratio(
    table: IOTable,
    numerator: Array,
    denominator: Array,
    *,
    by: str = "industry",
    groups: tuple[str, ...] | None = None,
    reason: str = "zero output",
    residual: float = 0.0,
    notes: tuple[Note, ...] = (),
) -> Result:
    """Numerator over denominator by industry, or their sums over groups of industries.

    Parameters
    ----------
    table : IOTable
    numerator : array (n,) or (g, n)
        One row a group of `groups`, in flows, so that sums over industries mean something.
    denominator : array (n,)
        Also in flows. Where it is zero the ratio is undefined, for `reason`.
    by : str
        ``industry``; ``economy``; or the name of a grouping of the table's industries
        (``manufacturing``, ``technology``, ``sectors`` ...), within each country.
    groups : tuple of str, optional
        Names of the rows of a (g, n) numerator.

    Returns
    -------
    Result
    """
    rows = np.atleast_2d(numerator)
    if by == "industry":
        columns, top, bottom = _industry_columns(table), rows, denominator
    else:
        columns, collect = _group_columns(table, by)
        top, bottom = rows @ collect, denominator @ collect
    empty = bottom == 0
    shares = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=~empty)
    names = row_names(columns)
    gone = tuple(Undefined(names[i], reason) for i in np.flatnonzero(empty))
    if groups is None:
        return Result(columns, shares[0], gone, residual, notes)
    k, g = len(bottom), len(groups)
    spread = {name: Column(c.names, np.repeat(c.index, g)) for name, c in columns.items()}
    spread["group"] = Column(groups, np.tile(np.arange(g), k))
    return Result(spread, shares.T.ravel(), gone, residual, notes)


def members(table: IOTable, by: str) -> tuple[Mapping[str, Column], Array]:
    """Columns of the rows that `by` asks for and the matrix (n, rows) of their industries."""
    if by == "industry":
        return _industry_columns(table), np.eye(len(table))
    return _group_columns(table, by)


def _industry_columns(table: IOTable) -> dict[str, Column]:
    axis = table.axis
    found: dict[str, Column] = table.once(
        "industry columns",
        lambda: {
            "country": Column(axis.country_names, axis.country_index),
            "industry": Column.of(axis.codes),
        },
    )
    return found


def _group_columns(table: IOTable, by: str) -> tuple[dict[str, Column], Array]:
    """Columns of (country, group) rows and the matrix (n, rows) that adds industries to them."""
    found: tuple[dict[str, Column], Array] = table.once(
        ("group columns", by), lambda: _collect(table, by)
    )
    return found


def _collect(table: IOTable, by: str) -> tuple[dict[str, Column], Array]:
    axis = table.axis
    names, weights = (
        (("economy",), np.ones((1, len(axis)))) if by == "economy" else table.weights(by)
    )
    countries = axis.country_names
    inside = np.arange(len(countries))[:, None] == axis.country_index[None, :]
    collect = (inside[:, None, :] * weights[None, :, :]).reshape(-1, len(axis)).T
    columns = {
        "country": Column(countries, np.repeat(np.arange(len(countries)), len(names))),
        "industry": Column(names, np.tile(np.arange(len(names)), len(countries))),
    }
    return columns, np.ascontiguousarray(collect)


def row_names(columns: Mapping[str, Column]) -> list[str]:
    """One label a row, such as ``KOR_C26``."""
    country, industry = columns["country"].decode(), columns["industry"].decode()
    return [f"{c}_{i}" if c else i for c, i in zip(country, industry, strict=True)]
