"""A tidy panel with the meaning of its columns and the rows that were left out, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from servio.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "Panel"]


@dataclass(frozen=True)
class Column:
    """Unit and definition of a column.

    Parameters
    ----------
    unit : str
    definition : str
        Which measure with which options, or the expression it is made by.
    """

    unit: str
    definition: str


@dataclass(frozen=True, eq=False)
class Panel:
    """Rows by entity and time.

    Every method gives a new panel. Rows that leave go to `dropped` with the reason; a value that
    is undefined is NaN, and the notes count why.

    Parameters
    ----------
    frame : DataFrame
        Columns of `entity`, `time` and the others; sorted by entity and time, no key twice.
    entity : tuple of str
        Columns that name an entity, such as country and industry.
    time : str
    columns : mapping of str to Column
    dropped : DataFrame
        Entity, time and ``reason`` of every row that is left out.
    synthetic : bool
    notes : tuple of str
    classes : DataFrame, optional
        One row a class and member: ``class``, ``member``, ``value``, ``years``, ``cut``,
        ``label``, ``how`` (cut, override or the groups of a grouping).

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame(
    ...     {"country": ["KOR"] * 3, "year": [2000, 2001, 2003], "va": [1.0, 2.0, 0.0]})
    >>> panel = Panel(frame, ("country",), "year", {}, frame.iloc[:0, :2].assign(reason=""))
    >>> logs = panel.with_columns(ln_va="log(va)")
    >>> logs.notes
    ('ln_va: 1 of 3 rows undefined (log of a number that is not above 0: 1)',)
    >>> logs.where("ln_va >= 0").dropped["reason"].tolist()
    ['ln_va >= 0: ln_va is missing']
    """

    frame: pd.DataFrame
    entity: tuple[str, ...]
    time: str
    columns: Mapping[str, Column]
    dropped: pd.DataFrame
    synthetic: bool = False
    notes: tuple[str, ...] = field(default=())
    classes: pd.DataFrame | None = None

    def with_columns(self, **expressions: str) -> Panel:
        """Add columns made by expressions, in order; see `docs/panels.md` for what they hold.

        Raises
        ------
        UsageError, LabelError
            An expression can't be read, names no column, or the name is taken.
        """
        from servio.explain._expression import evaluate_rows
        from servio.explain._recipe import check_name

        panel = self
        for name, text in expressions.items():
            check_name(name, f"panel column {name}", set(panel.frame.columns))
            found = evaluate_rows(text, panel)
            notes = _undefined(name, found.reasons)
            panel = replace(
                panel,
                frame=panel.frame.assign(**{name: found.values}),
                columns={**panel.columns, name: Column("", text)},
                notes=(*panel.notes, *notes),
            )
        return panel

    def where(self, condition: str) -> Panel:
        """Rows for which a condition holds; the others are in `dropped`.

        Raises
        ------
        UsageError, LabelError
            The expression can't be read, names no column, or is not a condition.
        """
        from servio.explain._expression import rows_where

        kept, reasons = rows_where(condition, self)
        words = [f"{condition}: {why}" if why else f"not {condition}" for why in reasons]
        return self.without(~kept, words)

    def lagged(self, *names: str, n: int = 1) -> Panel:
        """Add ``<name>_lag`` (``<name>_lag2`` for n = 2): the value at exactly time − n.

        Without names, for every column of numbers that is no key. A gap gives NaN, counted in the
        notes.
        """
        chosen = names or tuple(self.columns)
        ending = "_lag" if n == 1 else f"_lag{n}"
        return self.with_columns(**{f"{name}{ending}": f"lag({name}, {n})" for name in chosen})

    def sd_within(self, column: str) -> float:
        """Standard deviation of a column inside entities over time, of all rows."""
        x = self.frame[column].astype("float64")
        by = x.groupby([self.frame[key] for key in self.entity])
        return float((x - by.transform("mean")).std())

    def balanced(self) -> Panel:
        """Entities with a row at every time of the panel; the others are in `dropped`.

        Raises
        ------
        UsageError
            No entity has every time.
        """
        times = self.frame[self.time].nunique()
        counts = self.frame.groupby(list(self.entity), sort=False)[self.time].transform("size")
        gone = (counts < times).to_numpy()
        if gone.all():
            raise UsageError("panel.balanced", found=f"no entity with all {times} times",
                             expected="at least one",
                             remedy="Choose fewer times with where() first.")  # fmt: skip
        return self.without(gone, [f"{c} of {times} times (balanced panel)" for c in counts])

    def without(self, gone: np.typing.NDArray[np.bool_], reasons: list[str]) -> Panel:
        """The panel without some rows; `reasons` holds a text for every row."""
        import pandas as pd

        keys = [*self.entity, self.time]
        left = self.frame.loc[gone, keys].assign(
            reason=np.array(reasons, dtype=object)[gone].astype(str)
        )
        dropped = pd.concat([self.dropped, left], ignore_index=True) if gone.any() else self.dropped
        frame = self.frame[~gone].reset_index(drop=True)
        return replace(self, frame=frame, dropped=dropped)

    def summary(self) -> pd.DataFrame:
        """One row a column of numbers: what it is, and how it varies.

        Returns
        -------
        DataFrame
            ``column``, ``unit``, ``n``, ``undefined``, ``mean``, ``sd``, ``sd_between`` (of the
            means of entities), ``sd_within`` (of deviations from them, plus the overall mean, with
            n − 1), ``min``, ``median``, ``max``, ``definition``. Where within is small, fixed
            effects leave little to learn from.

        Notes
        -----
        Source: StataCorp, Longitudinal-Data Reference Manual, xtsum (within and between).
        """
        import pandas as pd

        rows = [self._summary(name) for name in self._numbers()]
        return pd.DataFrame(rows)

    def _numbers(self) -> list[str]:
        from pandas.api.types import is_numeric_dtype

        keys = {*self.entity, self.time}
        return [
            str(name)
            for name in self.frame.columns
            if name not in keys and is_numeric_dtype(self.frame[name].dtype)
        ]

    def _summary(self, name: str) -> dict[str, object]:
        x = self.frame[name].astype("float64")
        by = x.groupby([self.frame[key] for key in self.entity])
        about = self.columns.get(name, Column("", ""))
        return {
            "column": name, "unit": about.unit, "n": int(x.count()),
            "undefined": int(x.isna().sum()), "mean": x.mean(), "sd": x.std(),
            "sd_between": by.mean().std(), "sd_within": (x - by.transform("mean")).std(),
            "min": x.min(), "median": x.median(), "max": x.max(), "definition": about.definition,
        }  # fmt: skip

    def to_parquet(self, path: str | Path) -> Path:
        """Write the panel with units, definitions, classes and notes; `from_parquet` reads it."""
        from servio.explain._exporting import to_parquet

        return to_parquet(self, Path(path))

    @classmethod
    def from_parquet(cls, path: str | Path, dropped: pd.DataFrame | None = None) -> Panel:
        """A panel from `to_parquet`; the rows left out are another file.

        Raises
        ------
        FormatError
            The file holds no panel.
        """
        from servio.explain._exporting import from_parquet

        return from_parquet(Path(path), dropped)

    def to_stata(self, path: str | Path) -> Path:
        """Write a Stata file (.dta, version 118: Stata 14 and later) with labels.

        Names longer than 32 characters or reserved in Stata are changed; the variable label holds
        name, unit and definition, 80 characters of it.

        Raises
        ------
        ValueFault
            A column holds infinite numbers, for which Stata has no value.
        """
        from servio.explain._exporting import to_stata

        return to_stata(self, Path(path))

    def to_csv(self, path: str | Path) -> Path:
        """Write comma-separated UTF-8 text; numbers in full, undefined empty.

        A text that a spreadsheet would take for a formula gets an apostrophe.
        """
        from servio.explain._exporting import to_csv

        return to_csv(self, Path(path))


def _undefined(name: str, reasons: np.typing.NDArray[np.object_]) -> tuple[str, ...]:
    given = [why for why in reasons if why]
    if not given:
        return ()
    counts = {why: given.count(why) for why in sorted(set(given))}
    words = "; ".join(f"{why}: {count}" for why, count in counts.items())
    return (f"{name}: {len(given)} of {len(reasons)} rows undefined ({words})",)
