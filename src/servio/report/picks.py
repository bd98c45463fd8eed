"""Which of a study's results a report tells its main story with."""

from __future__ import annotations

import pandas as pd

from servio.report.view import Panel, Variant, View

__all__ = [
    "coefficient",
    "definitions_of",
    "finest",
    "grouped",
    "indicators",
    "inducement",
    "input_share",
    "ranks",
    "technology",
]

Indicator = tuple[str, Panel]

_DIRECT = {"origin": "total", "total": "false", "mutual": "none"}
_GROUPED = ("convergence_rate", "service_input_share", "service_input_coefficient")
TECHNOLOGY = ("technology", "technology_2011")


def coefficient(view: View) -> Panel | None:
    """Services per unit of output of manufacturing."""
    return _manufacturing(view, "service_input_coefficient")


def input_share(view: View) -> Panel | None:
    """Services in what manufacturing buys."""
    share = _manufacturing(view, "service_input_share")
    return share or _manufacturing(view, "convergence_rate")


def indicators(view: View) -> list[Indicator]:
    """What is measured of manufacturing as a whole, as part of a sentence, with its panel."""
    content = view.pick("service_content", grouping="services", by="manufacturing")
    found = [
        (
            "Manufacturing in {place} used {value} of services per unit of output{when}",
            coefficient(view),
        ),
        (
            "Services made up {value} of what manufacturing in {place} bought as inputs{when}",
            input_share(view),
        ),
        (
            "A unit of final demand for manufactures made service industries in {place} produce "
            "{value}{when}",
            inducement(view, "services", "manufacturing"),
        ),
        (
            "Service industries earned {value} of the value of final manufactures of {place}{when}",
            view.panel(content) if content else None,
        ),
    ]
    return [(what, panel) for what, panel in found if panel is not None]


def _manufacturing(view: View, name: str) -> Panel | None:
    variant = view.pick(name, _DIRECT, grouping="services", by="manufacturing")
    return view.panel(variant) if variant else None


def inducement(view: View, of: str, by: str) -> Panel | None:
    """Production of one group that a unit of final demand for another induces."""
    wishes = {"origin": "domestic", "weights": "output"}
    variant = view.pick("production_inducement", wishes, grouping=of, by=by)
    return view.panel(variant) if variant else None


def grouped(view: View, name: str = "", **required: str) -> Variant | None:
    """A measure of several service groups at once: the service groups of KIET if there."""
    wishes = {"grouping": "kiet", **_DIRECT}
    for candidate in (name,) if name else _GROUPED:
        found = [
            v for v in view.variants(candidate, **required) if len(view.labels(v, "group")) > 1
        ]
        if found:
            return max(found, key=lambda v: [v.options.get(k) == w for k, w in wishes.items()])
    return None


def finest(view: View) -> Variant | None:
    """Several service groups by industry."""
    return grouped(view, by="industry")


def technology(view: View, name: str) -> Variant | None:
    """A measure of all services by technology class of manufacturing."""
    found = view.pick(name, _DIRECT, grouping="services", by=TECHNOLOGY)
    return found or (
        view.pick("convergence_rate", _DIRECT, grouping="services", by=TECHNOLOGY)
        if name == "service_input_share"
        else None
    )


def definitions_of(view: View, names: tuple[str, ...], name: str, **required: str) -> list[Variant]:
    """Variants of a measure that differ by the definition of producer services alone."""
    found = [v for v in view.variants(name, **required) if v.options.get("grouping") in names]
    if not found:
        return []
    first = max(found, key=lambda v: [v.options.get(k) == w for k, w in _DIRECT.items()])
    rest = {k: w for k, w in first.options.items() if k != "grouping"}
    return [v for v in found if {k: w for k, w in v.options.items() if k != "grouping"} == rest]


def ranks(values: pd.DataFrame) -> pd.DataFrame:
    """Places from the top in each column of countries; equal values share the better place.

    Examples
    --------
    >>> import pandas as pd
    >>> ranks(pd.DataFrame({"ps_hktdc": [0.2, 0.3, 0.3, None]})).ps_hktdc.tolist()
    [3.0, 1.0, 1.0, nan]
    """
    return values.rank(ascending=False, method="min")
