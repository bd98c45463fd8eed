"""Coefficients of estimates as rows: what each term stands for, and its effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from servio.errors import ServioError
from servio.explain import Estimate
from servio.report.models import TIMING, Models, Service, ServiceTerm, Size
from servio.web._api._models import Read
from servio.web._words import both

__all__ = [
    "all_coefficients",
    "coefficients",
    "one_deviation",
    "service_code",
    "service_title",
    "slopes",
]

Words = dict[str, str]


def all_coefficients(read: Read) -> pd.DataFrame:
    """Those of every estimate of the study."""
    models = read.models
    return pd.DataFrame(
        [row for id, name in read.ids.items()
         for row in coefficients(models, id, models.estimates[name])]
    )  # fmt: skip


def coefficients(models: Models, id: str, one: Estimate) -> Iterator[dict[str, Any]]:
    """One row a term, those of services with the effect of one standard deviation."""
    plain = {t.term: (t, service_title(t.service), "service") for t in models.service_terms(one)}
    for mixed in models.interacted(one):
        title = service_title(mixed.service)
        plain |= {
            term: (mixed, {lang: f"{text}{words}" for lang, text in title.items()}, "interaction")
            for term, words in models.mixed_terms(mixed).items()
        }
    for row in one.to_frame().to_dict("records"):
        term, label, kind = plain.get(row["term"], (None, {"en": row["term"]}, "other"))
        yield {
            "id": id, "term": row["term"], "kind": kind,
            "label": label["en"], "label_ko": label.get("ko", label["en"]),
            "service": service_code(term.service) if term else "",
            "measure": term.measure if term else "",
            "timing": TIMING[term.lagged] if term else "",
            **{key: row[key] for key in ("estimate", "std_error", "t", "p", "lower", "upper")},
            **one_deviation(models, term, row),
        }  # fmt: skip


def one_deviation(
    models: Models, term: ServiceTerm | None, row: Any, country: str = ""
) -> dict[str, float | None]:
    """A slope as the effect of one standard deviation of its column inside entities."""
    names = ("effect", "effect_lower", "effect_upper")
    if term is None:
        return dict.fromkeys(names)
    slope = Size(row["estimate"], row["lower"], row["upper"])
    size = models.scaled_in(term, slope, country) if country else models.scaled(term, slope)
    return dict(zip(names, (size.value, size.lower, size.upper), strict=True))


def slopes(models: Models, term: ServiceTerm) -> list[tuple[str, Size]]:
    """Slope for each combination of classes; none where the data do not let them be computed."""
    try:
        return models.cells(term) or []
    except ServioError:
        return []


def service_title(service: Service) -> Words:
    """Name of a service group in both languages."""
    kind = "group" if service.group else "grouping"
    return both(kind, service_code(service), service.title)


def service_code(service: Service) -> str:
    """Grouping and group, as names in both languages are kept by."""
    return f"{service.grouping}.{service.group}" if service.group else service.grouping
