"""Correspondences: which share of each code of one classification goes to which of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servio.classify._classification import Classification, classification
from servio.classify._data import names, read
from servio.classify.labels import normalise, suggestion
from servio.errors import LabelError

__all__ = ["Correspondence", "correspondence"]

_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Correspondence:
    """Shares that carry values from one classification to another.

    Parameters
    ----------
    source, target : str
        Names of the classifications.
    source_codes, target_codes : tuple of str
        Rows and columns of `shares`.
    shares : ndarray, shape (n_source, n_target)
        Share of each source code that belongs to each target code; rows sum to 1.
    approximate : bool
        Whether a share rests on weights rather than on the definitions alone.
    basis : str
        Where the shares come from.

    Examples
    --------
    >>> c = correspondence("isic4_oecd50", "isic4_oecd45")
    >>> c.shares.shape, c.approximate
    ((50, 45), False)
    """

    source: str
    target: str
    source_codes: tuple[str, ...]
    target_codes: tuple[str, ...]
    shares: NDArray[np.float64] = field(compare=False)
    approximate: bool = False
    basis: str = "divisions that the codes contain"

    @staticmethod
    def from_rows(
        source: str,
        source_codes: Sequence[str],
        target: str,
        target_codes: Sequence[str],
        rows: Iterable[tuple[str, str, float]],
        *,
        approximate: bool = False,
        basis: str = "shares given by the user",
    ) -> Correspondence:
        """Make a checked correspondence from rows of source code, target code, share.

        Parameters
        ----------
        source, target : str
            Names of the two sets of codes.
        source_codes, target_codes : sequence of str
            All codes on either side.
        rows : iterable of (str, str, float)
            Source code, target code, share.
        approximate : bool
            Whether the shares rest on weights.
        basis : str
            Where the shares come from.

        Returns
        -------
        Correspondence

        Raises
        ------
        LabelError
            If a code is unknown or missing, a pair is given twice, or shares don't sum to 1.

        Examples
        --------
        >>> rows = [("x", "a", 1.0), ("y", "a", 0.25), ("y", "b", 0.75)]
        >>> Correspondence.from_rows("own", "xy", "coarse", "ab", rows).shares.tolist()
        [[1.0, 0.0], [0.25, 0.75]]
        """
        place = f"correspondence {source} to {target}"
        shares = np.zeros((len(source_codes), len(target_codes)))
        seen: set[tuple[int, int]] = set()
        for source_code, target_code, share in rows:
            cell = (
                _position(place, source_code, source_codes),
                _position(place, target_code, target_codes),
            )
            if cell in seen:
                raise LabelError(
                    f"{place}, {source_code} to {target_code}",
                    found="the pair twice",
                    expected="each pair once",
                    remedy="Remove one of the rows.",
                )
            seen.add(cell)
            shares[cell] = share
        return Correspondence(
            source,
            target,
            tuple(source_codes),
            tuple(target_codes),
            shares,
            approximate,
            basis,
        ).check()

    def __post_init__(self) -> None:
        self.shares.setflags(write=False)

    def check(self) -> Correspondence:
        """Return itself when every code is there once and its shares sum to 1.

        Raises
        ------
        LabelError
            If a code is doubled, a share is negative or not a number, or the shares of a
            source code don't sum to 1 (0: the code is missing).
        """
        place = f"correspondence {self.source} to {self.target}"
        for codes in (self.source_codes, self.target_codes):
            for k, code in enumerate(codes):
                if code in codes[:k]:
                    raise LabelError(
                        f"{place}, code {code!r}",
                        found="the code twice",
                        expected="each code once",
                        remedy="Remove one of them.",
                    )
        if self.shares.shape != (len(self.source_codes), len(self.target_codes)):
            raise LabelError(
                place,
                found=f"shares of shape {self.shares.shape}",
                expected=f"shape ({len(self.source_codes)}, {len(self.target_codes)})",
                remedy="Give one row per source code and one column per target code.",
            )
        for code, row in zip(self.source_codes, self.shares, strict=True):
            if not (row >= 0).all() or abs(row.sum() - 1.0) > _TOLERANCE:
                raise LabelError(
                    f"{place}, code {code!r}",
                    found=f"shares that sum to {row.sum():g}" if row.any() else "no share",
                    expected="shares of at least 0 that sum to 1",
                    remedy="Complete or correct the shares of this code.",
                )
        return self


@cache
def correspondence(source: str, target: str) -> Correspondence:
    """Return the shares that carry one classification to another.

    A code whose divisions all lie in one target code goes there whole. A code that spans
    several needs shares from a data file; without them there is no answer.

    Parameters
    ----------
    source, target : str
        Names of classifications.

    Returns
    -------
    Correspondence

    Raises
    ------
    LabelError
        If a code spans several target codes, or lies in none, and no file gives shares.
    UsageError
        If there is no such classification.

    Examples
    --------
    >>> c = correspondence("isic4_wiod56", "isic4_oecd45")
    >>> c.approximate
    True
    """
    old, new = classification(source), classification(target)
    file = f"{source}__{target}"
    data: dict[str, Any] = read("correspondences", file) if file in names("correspondences") else {}
    given: Mapping[str, Mapping[str, float]] = data.get("shares", {})
    rows: list[tuple[str, str, float]] = []
    for code, atoms in _parts(old):
        if code in given:
            rows += [(code, to, share) for to, share in given[code].items()]
        else:
            rows.append((code, _nested(old, code, atoms, new), 1.0))
    return Correspondence.from_rows(
        source,
        old.codes,
        target,
        new.codes,
        rows,
        approximate=data.get("approximate", False),
        basis=data.get("basis", "divisions that the codes contain"),
    )


def _nested(old: Classification, code: str, atoms: Sequence[str], new: Classification) -> str:
    """Target code that holds all atoms."""
    place = f"correspondence {old.name} to {new.name}, code {code!r}"
    if old.base != new.base:
        raise LabelError(
            place,
            found=f"{old.base} against {new.base} and no shares",
            expected="two classifications of one standard, or a file of shares",
            remedy="Use groupings, which have lists for both standards.",
        )
    homes = [to for to, parts in _parts(new) if all(a.startswith(parts) for a in atoms)]
    if homes:
        return homes[0]
    inner = tuple(atoms)
    touched = [
        to
        for to, parts in _parts(new)
        if any(p.startswith(inner) for p in parts) or any(a.startswith(parts) for a in atoms)
    ]
    raise LabelError(
        place,
        found=f"parts of it in {', '.join(touched) or 'no code'} of the target, without shares",
        expected="a code inside one target code, or shares",
        remedy="Give shares, or choose a target that is coarser here.",
    )


def _parts(known: Classification) -> Iterator[tuple[str, tuple[str, ...]]]:
    return zip(known.codes, known.covers, strict=True)


def _position(place: str, code: str, known: Sequence[str]) -> int:
    label = normalise(code)
    if label not in known:
        raise LabelError(
            f"{place}, code {label!r}",
            found="a code that is on neither side",
            expected=f"codes such as {', '.join(known[:3])}",
            remedy=suggestion(label, known, "Correct the code."),
        )
    return list(known).index(label)
