"""Labels of rows and columns: (country, code) pairs that align exactly or raise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from servio.errors import LabelError

__all__ = ["Axis"]

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Axis:
    """Ordered (country, code) labels of one dimension of a table.

    Parameters
    ----------
    countries : tuple of str
        Country of each position; ``""`` where a table names none.
    codes : tuple of str
        Industry, product or demand category of each position.
    titles : tuple of str, optional
        Human-readable names of the codes, position by position.

    Raises
    ------
    LabelError
        A label is doubled, or the parts differ in length.

    Examples
    --------
    >>> axis = Axis.national("KOR", ("A", "C", "G"))
    >>> axis.labels
    ('KOR_A', 'KOR_C', 'KOR_G')
    """

    countries: tuple[str, ...]
    codes: tuple[str, ...]
    titles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.countries) != len(self.codes) or len(self.titles) not in (0, len(self.codes)):
            raise LabelError(
                "axis",
                found=f"{len(self.countries)} countries, {len(self.codes)} codes",
                expected="one country and one code a position",
                remedy="Give lists of equal length.",
            )
        _refuse_doubles(self.labels)

    @classmethod
    def national(cls, country: str, codes: Iterable[str], titles: Iterable[str] = ()) -> Axis:
        """Axis of a single-country table."""
        codes = tuple(codes)
        return cls((country,) * len(codes), codes, tuple(titles))

    @classmethod
    def world(
        cls, countries: Sequence[str], codes: Sequence[str], titles: Sequence[str] = ()
    ) -> Axis:
        """Axis of a table with every code in every country, country by country."""
        return cls(
            tuple(c for c in countries for _ in codes),
            tuple(codes) * len(countries),
            tuple(titles) * len(countries),
        )

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """One string a position: ``COUNTRY_code``, or the code where no country is named."""
        return tuple(
            f"{c}_{k}" if c else k for c, k in zip(self.countries, self.codes, strict=True)
        )

    @cached_property
    def country_names(self) -> tuple[str, ...]:
        """Countries in order of first appearance."""
        return tuple(dict.fromkeys(self.countries))

    @cached_property
    def code_names(self) -> tuple[str, ...]:
        """Codes in order of first appearance."""
        return tuple(dict.fromkeys(self.codes))

    @cached_property
    def country_index(self) -> IntArray:
        """Position of each label's country in `country_names`, shape (n,)."""
        place = {name: i for i, name in enumerate(self.country_names)}
        return np.array([place[c] for c in self.countries], dtype=np.intp)

    @property
    def is_world(self) -> bool:
        """More than one country."""
        return len(self.country_names) > 1

    def positions(self, country: str) -> IntArray:
        """Positions of one country; `LabelError` naming the known ones if there are none."""
        if country not in self.country_names:
            raise LabelError(
                "country",
                found=repr(country),
                expected=f"one of {', '.join(self.country_names)}",
                remedy="Use one of the table's own country codes.",
            )
        return np.flatnonzero(self.country_index == self.country_names.index(country))

    def permuted(self, order: Sequence[int] | IntArray) -> Axis:
        """The same labels in another order (or a selection of them)."""
        order = [int(i) for i in order]
        return Axis(
            tuple(self.countries[i] for i in order),
            tuple(self.codes[i] for i in order),
            tuple(self.titles[i] for i in order) if self.titles else (),
        )

    def order_of(self, labels: Sequence[str], place: str) -> IntArray:
        """Positions of `labels` on this axis; raises unless both hold exactly the same labels."""
        _refuse_doubles(labels)
        here = {label: i for i, label in enumerate(self.labels)}
        missing = [label for label in self.labels if label not in set(labels)]
        unknown = [label for label in labels if label not in here]
        if missing or unknown:
            raise LabelError(
                place,
                found=f"not there: {missing[:5]}; not wanted: {unknown[:5]}",
                expected=f"exactly the {len(self)} labels of the table",
                remedy="Make both sides carry the same labels.",
            )
        return np.array([here[label] for label in labels], dtype=np.intp)


def _refuse_doubles(labels: Sequence[str]) -> None:
    if len(set(labels)) == len(labels):
        return
    first: dict[str, int] = {}
    for position, label in enumerate(labels):
        if label in first:
            raise LabelError(
                f"label {label!r}",
                found=f"twice, at positions {first[label] + 1} and {position + 1}",
                expected="every label once",
                remedy="Rename or merge the doubled rows.",
            )
        first[label] = position
