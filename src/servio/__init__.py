"""servio measures, explains and simulates how manufacturing and services grow together.

Examples
--------
>>> import servio
>>> table = servio.model_world(seed=0, countries=3, years=2).table(2001)
>>> share = servio.measure.service_input_share(table, grouping="kibs", by="manufacturing")
>>> share.unit
'share'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from servio import classify, explain, measure, report, simulate, sources, study, table
    from servio.errors import ServioError
    from servio.sources import Dataset, read, scan
    from servio.sources.model import model_world
    from servio.table import Audit, IOTable, aggregate, audit, national

__all__ = [
    "Audit",
    "Dataset",
    "IOTable",
    "ServioError",
    "aggregate",
    "audit",
    "classify",
    "explain",
    "measure",
    "model_world",
    "national",
    "read",
    "report",
    "scan",
    "simulate",
    "sources",
    "study",
    "table",
]

_HOMES = {
    "Audit": "servio.table",
    "Dataset": "servio.sources",
    "IOTable": "servio.table",
    "ServioError": "servio.errors",
    "aggregate": "servio.table",
    "audit": "servio.table",
    "model_world": "servio.sources.model",
    "national": "servio.table",
    "read": "servio.sources",
    "scan": "servio.sources",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that `servio --help` stays quick."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in __all__:
        return importlib.import_module(f"servio.{name}")
    raise AttributeError(f"module 'servio' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
