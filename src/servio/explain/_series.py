"""The series of a panel: which row belongs to which entity and time, checked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import LabelError, UsageError
from servio.explain._expression import evaluate_rows, whole_times
from servio.explain._formula import parse_columns
from servio.explain._panel import Panel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Series", "longest_run", "mean_over_units", "moving_together", "read_series"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

LONGEST_SPAN = 10_000
"""Times between the first and the last: more are dates written as numbers, not periods."""


@dataclass(frozen=True, eq=False)
class Series:
    """Rows of a frame by entity and time.

    Parameters
    ----------
    frame : DataFrame
    entity : tuple of str
    time : str
    codes : array (n,)
        Number of the entity of each row.
    times : array (n,)
    names : tuple of str
        Of the entities, in the order of their numbers.
    synthetic : bool
    """

    frame: pd.DataFrame
    entity: tuple[str, ...]
    time: str
    codes: Codes
    times: npt.NDArray[np.int64]
    names: tuple[str, ...]
    synthetic: bool

    @property
    def first(self) -> int:
        """First time of any entity."""
        return int(self.times.min())

    def values(self, expression: str) -> Array:
        """Values of a column or expression, (n,); NaN where undefined."""
        found = evaluate_rows(expression, self.frame, entity=self.entity, time=self.time)
        values: Array = found.values.to_numpy(dtype=np.float64)
        return values

    def grid(self, values: Array) -> Array:
        """Values by entity and time, (entities, span of times); NaN where there is no row."""
        span = int(self.times.max()) - self.first + 1
        found = np.full((len(self.names), span), np.nan)
        found[self.codes, self.times - self.first] = values
        return found


def read_series(
    place: str, data: Panel | pd.DataFrame, panel: str | Sequence[str] | None, time: str | None
) -> Series:
    """Entities and times of a panel, or of a frame whose columns are named.

    Raises
    ------
    UsageError
        No entity or time, times that are not whole numbers, or no rows.
    LabelError
        A column that is not there, or an entity with one time twice.
    """
    import pandas as pd

    frame = data.frame if isinstance(data, Panel) else data
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(f"{place}, data", found=type(data).__name__,
                         expected="a Panel or a DataFrame", remedy="Give one.")  # fmt: skip
    if isinstance(data, Panel):
        panel, time = panel or data.entity, time or data.time
    given = (panel,) if isinstance(panel, str) else tuple(panel or ())
    entity = tuple(name for text in given for name in parse_columns(text, f"{place}, panel"))
    if not entity or time is None:
        raise UsageError(place, found="data without entity or time",
                         expected="the columns of both",
                         remedy='Give a Panel, or panel="country", time="year".')  # fmt: skip
    for name in (*entity, time):
        if name not in frame.columns:
            raise LabelError(place, found=repr(name), expected="a column of the data",
                             remedy=f"Columns are {', '.join(map(str, frame.columns))}.",
                             )  # fmt: skip
    if not len(frame):
        raise UsageError(f"{place}, data", found="no rows", expected="rows",
                         remedy="Give data.")  # fmt: skip
    times = whole_times(frame[time], f"{place}, {time}")
    if int(times.max()) - int(times.min()) > LONGEST_SPAN:
        raise UsageError(f"{place}, {time}", found=f"times from {times.min()} to {times.max()}",
                         expected="periods, such as years", remedy="Number the periods.",
                         )  # fmt: skip
    groups = frame.groupby(list(entity), sort=True, dropna=False, observed=True)
    codes = groups.ngroup().to_numpy(dtype=np.intp)
    first = np.unique(codes, return_index=True)[1]
    names = tuple(":".join(str(frame[name].iloc[row]) for name in entity) for row in first.tolist())
    twice = frame.duplicated([*entity, time]).to_numpy()
    if twice.any():
        row = int(twice.argmax())
        raise LabelError(place, found=f"{names[codes[row]]} twice in {times[row]}",
                         expected="one row an entity and time",
                         remedy="Choose rows so that every entity has each time once.",
                         )  # fmt: skip
    synthetic = isinstance(data, Panel) and data.synthetic
    return Series(frame, entity, time, codes, times, names, synthetic)


def longest_run(values: Array) -> slice:
    """The longest stretch without a NaN, the first of several of that length.

    Examples
    --------
    >>> longest_run(np.array([1.0, np.nan, 2.0, 3.0]))
    slice(2, 4, None)
    """
    there = np.concatenate([[False], np.isfinite(values), [False]])
    edges = np.flatnonzero(there[1:] != there[:-1]).reshape(-1, 2)
    if not len(edges):
        return slice(0, 0)
    start, stop = edges[int((edges[:, 1] - edges[:, 0]).argmax())]
    return slice(int(start), int(stop))


def mean_over_units(grid: Array) -> Array:
    """Mean of (units, times) over units that have a value; NaN where none has."""
    there = np.isfinite(grid)
    counts = there.sum(axis=0)
    sums = np.where(there, grid, 0.0).sum(axis=0)
    means: Array = np.divide(sums, counts, out=np.full(grid.shape[1], np.nan), where=counts > 0)
    return means


def moving_together(grid: Array, remedy: str = "") -> list[str]:
    """A note where changes of units (units, times) go together, by the CD of Pesaran (2004)."""
    import pandas as pd

    changes = pd.DataFrame(np.diff(grid, axis=1).T)
    correlations = changes.corr(min_periods=5).to_numpy()
    there = changes.notna().to_numpy().astype(np.float64)
    upper = np.triu_indices(len(correlations), 1)
    r, common = correlations[upper], (there.T @ there)[upper]
    known = np.isfinite(r)
    if not known.any():
        return []
    cd = float((np.sqrt(common[known]) * r[known]).sum() / np.sqrt(known.sum()))
    if abs(cd) < scipy.stats.norm.ppf(0.975):
        return []
    return [
        f"changes of units go together (mean correlation {r[known].mean():.2f}, Pesaran's CD "
        f"{cd:.1f}): tests that take units as independent reject too often{remedy}"
    ]
