"""What can be asked of a table: the measures it has what they need for, and its groupings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from servio import classify
from servio.errors import ServioError
from servio.measure import MEASURES, MeasureSpec
from servio.table import IOTable
from servio.web._rows import takes_groupings
from servio.web._words import both

__all__ = ["RARE", "abilities", "lacking"]

RARE = ("world", "functions", "secondary")
"""What measures need and few tables have."""


def lacking(table: IOTable) -> set[str]:
    """Of what some measures need and few tables have, what this one has not."""
    held = {name.partition(":")[0] for name in table.satellites}
    return set(RARE) - held - ({"world"} if table.axis.is_world else set())


def abilities(table: IOTable, years: Sequence[int]) -> dict[str, Any]:
    """Measures and groupings the tables of a file can be asked for, by name.

    Groupings of the table's own labels are described, with their groups.
    """
    names = [*table.groups, *(name for name in classify.groupings() if name not in table.groups)]
    known = [name for name in names if _knows(table, name)]
    missing = lacking(table)
    return {
        "measures": [
            spec.name for spec in MEASURES.values()
            if not missing & set(spec.needs)
            and _fixed_groupings(spec) <= set(known)
            and not (spec.compares and len(years) < 2)
            and (known or not _needs_grouping(spec))
        ],
        "groupings": known,
        "own": [_described(table.groups[name]) for name in known if name in table.groups],
    }  # fmt: skip


def _knows(table: IOTable, grouping: str) -> bool:
    try:
        table.weights(grouping)
    except ServioError:
        return False
    return True


def _needs_grouping(spec: MeasureSpec) -> bool:
    return any(takes_groupings(option) and option.name != "by" for option in spec.options.values())


def _fixed_groupings(spec: MeasureSpec) -> set[str]:
    """Groupings a measure takes for itself: no option names another in their place."""
    chosen = {option.default for option in spec.options.values()}
    return {name for name in spec.needs if name in classify.groupings()} - chosen


def _described(grouping: classify.Grouping) -> dict[str, Any]:
    titles = zip(grouping.groups, grouping.group_titles, strict=True)
    return {
        "name": grouping.name,
        "title": both("grouping", grouping.name, grouping.title),
        "groups": [{"code": code, "title": both("group", f"{grouping.name}.{code}", title)}
                   for code, title in titles],
        "role": grouping.kind,
    }  # fmt: skip
