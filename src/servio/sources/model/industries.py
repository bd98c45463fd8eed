"""The industries of a model world: labels, and what kind of industry each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from servio import classify

__all__ = ["GOODS", "Industries", "industries_of"]

BASE = "model30"
_OFFICIAL = (BASE, "isic4_wiod56")
GOODS = ""


@dataclass(frozen=True)
class Industries:
    """Labels and kinds of n industries.

    Parameters
    ----------
    codes, titles : tuple of str
        One an industry.
    classification : str or None
        Where the codes come from; None for numbered parts of `BASE`.
    sector, technology, service : tuple of str
        Group of each industry in the groupings ``sectors``, ``technology`` and ``kiet``;
        ``""`` where it is in none.
    members : mapping of str to mapping of str to tuple of str
        Groupings of the table's own labels, where it has no classification.
    """

    codes: tuple[str, ...]
    titles: tuple[str, ...]
    classification: str | None
    sector: tuple[str, ...]
    technology: tuple[str, ...]
    service: tuple[str, ...]
    members: dict[str, dict[str, tuple[str, ...]]]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Service group, technology class or sector: the finest that applies."""
        parts = zip(self.service, self.technology, self.sector, strict=True)
        return tuple(service or technology or sector for service, technology, sector in parts)

    @property
    def service_groups(self) -> tuple[str, ...]:
        """Service groups that have an industry here, in the order of the grouping."""
        return tuple(g for g in classify.grouping("kiet").groups if g in self.service)

    def is_sector(self, name: str) -> npt.NDArray[np.bool_]:
        """Industries of one sector, shape (n,)."""
        return np.array([sector == name for sector in self.sector])


@cache
def industries_of(count: int) -> Industries:
    """Industries for a table of any size: published codes where the count has some."""
    for name in _OFFICIAL:
        known = classify.classification(name)
        if len(known) == count:
            return _kinds(known.codes, known.titles, name, known.codes)
    base = classify.classification(BASE)
    parents = (np.arange(count) * len(base) + len(base) // 2) // count
    codes, titles = _numbered([base.codes[p] for p in parents], [base.titles[p] for p in parents])
    return _kinds(codes, titles, None, [base.codes[p] for p in parents])


def _numbered(codes: Sequence[str], titles: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Codes with a number where one industry is split into several."""
    seen: dict[str, int] = {}
    numbers = []
    for code in codes:
        seen[code] = seen.get(code, 0) + 1
        numbers.append(seen[code])
    split = [seen[code] > 1 for code in codes]
    return (
        tuple(f"{c}.{k}" if s else c for c, k, s in zip(codes, numbers, split, strict=True)),
        tuple(f"{t}, part {k}" if s else t for t, k, s in zip(titles, numbers, split, strict=True)),
    )


def _kinds(
    codes: tuple[str, ...], titles: tuple[str, ...], name: str | None, parents: Sequence[str]
) -> Industries:
    own = name or BASE
    return Industries(
        codes,
        titles,
        name,
        _group_of(own, parents, "sectors"),
        _group_of(own, parents, "technology"),
        _group_of(own, parents, "kiet"),
        {} if name else _members(codes, parents),
    )


def _group_of(name: str, parents: Sequence[str], grouping: str) -> tuple[str, ...]:
    """Group with the largest share of each industry, or "" for none."""
    found = classify.grouping(grouping)
    weights = found.weights(name, parents, allow_empty=True)
    best = weights.argmax(axis=0)
    return tuple(found.groups[g] if weights[g, i] > 0 else "" for i, g in enumerate(best.tolist()))


def _members(codes: Sequence[str], parents: Sequence[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Groupings of whole base industries, carried over to the numbered parts; no empty groups."""
    carried = {}
    for grouping in classify.groupings():
        found = classify.grouping(grouping)
        if found.rule is not None or BASE not in found.classifications:
            continue
        weights = found.weights(BASE, parents, allow_empty=True)
        if np.isin(weights, (0.0, 1.0)).all() and weights.any():
            carried[grouping] = {
                group: tuple(codes[i] for i in np.flatnonzero(row).tolist())
                for group, row in zip(found.groups, weights, strict=True)
                if row.any()
            }
    return carried
