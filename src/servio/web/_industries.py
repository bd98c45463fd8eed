"""Industries of a table as the pages list them: code, title in both languages, services or not."""

from __future__ import annotations

from typing import Any

from servio import classify
from servio.errors import ServioError
from servio.report.words import short_title
from servio.table import IOTable
from servio.web._words import Words, both

__all__ = ["industries_of", "industry_words"]


def industries_of(table: IOTable) -> list[dict[str, Any]]:
    """Code, title and whether it is a service; None where the table does not name services."""
    codes = table.axis.code_names
    titles = industry_words(table.info.classification)
    services: set[str] | None = None
    try:
        weights = table.weights("services")[1].sum(axis=0)
        services = {c for c, w in zip(table.axis.codes, weights, strict=True) if w > 0.5}
    except ServioError:  # a table of its own labels need not say
        services = None
    return [
        {
            "code": code,
            "title": titles.get(code, {"en": code, "ko": code}),
            "service": None if services is None else code in services,
        }
        for code in codes
    ]


def industry_words(classification: str | None) -> dict[str, Words]:
    """Titles of a classification by code, short ones; none where there is no classification."""
    if not classification:
        return {}
    known = classify.classification(classification)
    return {
        code: both("industry", f"{classification}.{code}", short_title(title))
        for code, title in zip(known.codes, known.titles, strict=True)
    }
