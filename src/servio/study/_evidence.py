"""A finished study whose tables still answer: what claims are tested on beyond what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from servio.errors import UsageError
from servio.measure import MEASURES
from servio.study._live import LiveTables, settled_call
from servio.study._store import StudyStore, _cell, _frame, _listed

if TYPE_CHECKING:
    from pathlib import Path

    import pandas

    from servio.explain import Estimate, Panel
    from servio.study._grid import Call

__all__ = ["StudyWithTables"]


class StudyWithTables:
    """Results of a study, and of measures it does not hold what its tables give.

    Parameters
    ----------
    store : StudyStore
    tables : LiveTables
    tick : callable
        Called after each table that is measured; what it raises stops the work.
    """

    computes = True
    """Commands that give a record again must compute too."""

    def __init__(
        self, store: StudyStore, tables: LiveTables, tick: Callable[[], None] = lambda: None
    ) -> None:
        self.store, self.tables, self.tick = store, tables, tick
        self._made: dict[Call, pandas.DataFrame] = {}

    @property
    def folder(self) -> Path:
        """Where the study lies."""
        return self.store.folder

    @property
    def synthetic(self) -> bool:
        """Whether a table was generated."""
        return self.store.synthetic

    def estimates(self) -> Mapping[str, Estimate]:
        """Those of the study."""
        return self.store.estimates()

    def panel(self) -> Panel:
        """That of the study."""
        return self.store.panel()

    def modes(self) -> pandas.DataFrame | None:
        """Those of the study."""
        return self.store.modes()

    def symbiosis(self) -> pandas.DataFrame | None:
        """That of the study."""
        return self.store.symbiosis()

    def results(self, measure: str | None = None, **filters: Any) -> pandas.DataFrame:
        """Rows that match; for each set of options the study's own, else computed ones.

        An option that no filter names takes its default where rows are computed.

        Raises
        ------
        UsageError
            No such column or measure.
        """
        import pandas as pd

        if measure not in MEASURES:
            return self.store.results(measure, **filters)
        options = {
            key: _listed(filters[key]) for key in filters if key in MEASURES[measure].options
        }
        labels = {key: value for key, value in filters.items() if key not in options}
        found = [
            self._of(measure, dict(zip(options, chosen, strict=True)), labels)
            for chosen in product(*options.values())
        ]
        held = [frame for frame in found if len(frame)]
        return pd.concat(held or found[:1], ignore_index=True)

    def _of(
        self, measure: str, options: Mapping[str, Any], labels: Mapping[str, Any]
    ) -> pandas.DataFrame:
        try:
            own = self.store.results(measure, **options)
        except UsageError:  # the study has no such measure, or none with such an option
            own = None
        rows = own if own is not None and len(own) else self._computed(measure, options)
        for key, value in labels.items():
            if key not in rows:
                raise UsageError("column", found=key, expected=", ".join(rows.columns),
                                 remedy="Name a column of the results.")  # fmt: skip
            rows = rows[rows[key].isin([_cell(one) for one in _listed(value)])]
        return rows

    def _computed(self, measure: str, options: Mapping[str, Any]) -> pandas.DataFrame:
        call = settled_call(measure, {key: str(_cell(value)) for key, value in options.items()})
        if call not in self._made:
            self._made[call] = _frame(self.tables.measure(call, self.tick).results)
        return self._made[call]
