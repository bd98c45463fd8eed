"""Parts of an answer that are tables of their own, to be asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from servio.web._answers import Answer, Query

__all__ = ["answered", "flat"]


def answered(
    query: Query, data: Mapping[str, Any], parts: Mapping[str, Callable[[], Any]], usual: Any = None
) -> Answer:
    """The answer with the frame that ``part=`` names, or else the usual one.

    Parameters
    ----------
    query : Query
    data : mapping
        Members of the answer.
    parts : mapping of str to callable
        Frames by name.
    usual : frame, optional
    """
    part = query.text("part", "", parts)
    return Answer(data, parts[part]() if part else usual)


def flat(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a frame: names in both languages become the English one and a column ``…_ko``."""
    return pd.DataFrame([
        {key: text for name, value in row.items() for key, text in _cells(name, value)}
        for row in rows
    ])  # fmt: skip


def _cells(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping) and set(value) == {"en", "ko"}:
        return [(name, value["en"]), (f"{name}_ko", value["ko"])]
    return [(name, value)]
