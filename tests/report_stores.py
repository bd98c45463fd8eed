"""A study on the model world for tests of reports, and stores that differ from it a little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd

from servio.study import StudyStore

STUDY = """
[study]
title = "Services in manufacturing"
description = "A test on the model world."
focus = ["M02", "M03"]
base_year = 2000
[[tables]]
path = "model:countries=5,years=4"
[[measures]]
name = "service_input_coefficient"
grouping = ["services", "ict"]
by = "manufacturing"
[[measures]]
name = "service_input_coefficient"
by = "technology"
[[measures]]
name = "service_input_share"
by = ["manufacturing", "technology"]
[[measures]]
name = "service_input_share"
grouping = "@producer_services"
by = "manufacturing"
[[measures]]
name = "convergence_rate"
grouping = "kiet"
mutual = ["none", "geometric"]
by = ["manufacturing", "industry"]
only = "manufacturing"
[[measures]]
name = "production_inducement"
by = "manufacturing"
[[measures]]
name = "production_inducement"
grouping = "manufacturing"
by = "services"
[[measures]]
name = "inducement_pair"
[[measures]]
name = "producer_service_share"
grouping = "@producer_services"
of = ["gdp", "services"]
# change
[[measures]]
name = "service_input_change"
grouping = ["services", "kiet"]
by = "manufacturing"
"""

FRAMES = ("results", "audits", "findings", "undefined", "problems")


class Altered:
    """A store whose frames and facts are changed on the way out."""

    def __init__(
        self,
        store: StudyStore,
        change: Callable[[str, pd.DataFrame], pd.DataFrame],
        **facts: Any,
    ) -> None:
        self._store = store
        self._change = change
        self.synthetic = facts.pop("synthetic", store.synthetic)
        self.study = replace(store.study, **facts)

    def countries(self, source: str) -> list[str]:
        """Countries of the changed results."""
        rows = self.results()
        return sorted(rows[rows["source"] == source]["country"].unique())

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in FRAMES:
            return found
        return lambda *given, **filters: self._change(name, found(*given, **filters))
