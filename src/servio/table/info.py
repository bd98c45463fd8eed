"""What a table is: where it comes from, its units, and what was done to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Note", "TableInfo"]


@dataclass(frozen=True)
class Note:
    """Something a reader of results should know: a warning that goes with the table.

    Parameters
    ----------
    code : str
        Short stable name, such as ``negative-flows``.
    text : str
        The note in one sentence.
    """

    code: str
    text: str


@dataclass(frozen=True)
class TableInfo:
    """Provenance and units of one table; nothing here changes a number.

    Parameters
    ----------
    source : str
        Name of the database or ``generic``, ``model``.
    year : int or None
        Reference year; None where the source names none.
    country : str
        Country code, or ``WORLD`` for an inter-country table.
    flows : str
        What ``Z`` holds: ``domestic`` (imports apart in ``Zm`` or in a primary row),
        ``total`` (domestic and imported together) or ``world`` (every country's flows).
    classification : str or None
        Name in `servio.classify`, or None for labels of the table's own.
    synthetic : bool
        True for generated data; it is shown wherever the numbers are.
    derived : tuple of str
        Which of ``Y``, ``V`` and ``x`` were not published but follow from the balance, which
        therefore can't be checked.
    """

    source: str
    year: int | None = None
    country: str = ""
    flows: str = "domestic"
    title: str = ""
    edition: str = ""
    currency: str = ""
    unit: str = ""
    prices: str = ""
    valuation: str = ""
    kind: str = ""
    classification: str | None = None
    input_sha256: str = ""
    licence: str = ""
    synthetic: bool = False
    steps: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    def step(self, text: str, **changes: object) -> TableInfo:
        """A copy that records one more thing done to the table."""
        return replace(self, steps=(*self.steps, text), **changes)  # type: ignore[arg-type]

    def with_notes(self, *notes: Note) -> TableInfo:
        """A copy with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    @property
    def money(self) -> str:
        """Unit of the flows in words, such as ``million USD``."""
        return " ".join(part for part in (self.unit, self.currency) if part)

    @property
    def name(self) -> str:
        """Short label for messages: source, country, year."""
        parts = (self.source, self.country, "" if self.year is None else str(self.year))
        return " ".join(part for part in parts if part)
