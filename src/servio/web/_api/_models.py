"""The models of a study as its pages name them, and the lines that a study without any lacks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from servio.explain import Estimate
from servio.report.models import Models
from servio.web._answers import OpenStudy, RequestFault

__all__ = ["Read", "known_models", "nothing", "problems", "read_models"]

ADD_MEASURES = {
    ("account", "of", "value_added"): """[[measures]]
name = "account"
of = "value_added"
by = "industry"

""",
    ("service_input_share", "grouping", "services"): """[[measures]]
name = "service_input_share"
grouping = "services"
by = "industry"

""",
}
ADD_PANEL = """[panel]
only = "manufacturing"
lags = true
columns = [
    { name = "va", measure = "account", of = "value_added", by = "industry" },
    { name = "services", measure = "service_input_share", grouping = "services", by = "industry" },
]

[[panel.derived]]
name = "ln_va"
expression = "log(va)"
unit = "log"
"""
ADD_ESTIMATE = """
[[estimates]]
name = "main"
formula = "ln_va ~ services_lag | country:industry + year"
vcov = { cluster = "country:industry" }
"""


@dataclass(frozen=True)
class Read:
    """The models of a study, and a short name for each estimate that an address can hold."""

    models: Models
    ids: dict[str, str]

    def find(self, name: str) -> tuple[str, Estimate]:
        """An estimate by its short name or its own, and the short name."""
        for id, full in self.ids.items():
            if name in (id, full):
                return id, self.models.estimates[full]
        raise RequestFault(404, "estimate", found=repr(name[:80]),
                           expected=" or ".join(list(self.ids)[:8]) or "no estimate here",
                           remedy="Choose one of the study.")  # fmt: skip


def read_models(study: OpenStudy) -> Read | None:
    """The models; None where the study has no panel or no estimate."""
    store = study.store
    if store.study.panel is None or not store.estimates():
        return None
    return study.once("explain models", lambda: _opened(study))


def _opened(study: OpenStudy) -> Read:
    models = Models(study.store)
    ids: dict[str, str] = {}
    for name in models.estimates:
        stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "estimate"
        id, count = stem, 1
        while id in ids:
            count += 1
            id = f"{stem}-{count}"
        ids[id] = name
    return Read(models, ids)


def known_models(study: OpenStudy) -> Read:
    """The models; a fault where there are none."""
    read = read_models(study)
    if read is None:
        raise RequestFault(404, "estimates", found="none in this study",
                           expected="[panel] and [[estimates]] in the study file",
                           remedy="Add them and run the study again.")  # fmt: skip
    return read


def nothing(study: OpenStudy) -> dict[str, Any]:
    """What the study file lacks, and the lines to add."""
    file = study.store.study
    lines = ADD_ESTIMATE
    if file.panel is None:
        there = {(call.name, key, call.option(key)) for call in file.calls
                 for key in ("of", "grouping") if call.option("by") == "industry"}  # fmt: skip
        measures = [text for needs, text in ADD_MEASURES.items() if needs not in there]
        lines = "".join([*measures, ADD_PANEL, ADD_ESTIMATE])
    return {"estimates": [], "main": None, "panel": None, "problems": problems(study),
            "missing": {"panel": file.panel is None, "lines": lines.strip()}}  # fmt: skip


def problems(study: OpenStudy) -> list[dict[str, str]]:
    """What the study could not estimate, and why."""
    rows = study.store.problems()
    own = rows[(rows["measure"] == "panel") | rows["measure"].str.startswith("estimate ")]
    return [{"what": str(r.measure), "formula": str(r.definition), "text": str(r.text)}
            for r in own.itertuples()]  # fmt: skip
