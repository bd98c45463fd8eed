"""Classifications, groupings and correspondences of industries: data files and a loader."""

from servio.classify._classification import (
    Base,
    Classification,
    classification,
    classifications,
    identify,
)
from servio.classify._correspondence import Correspondence, correspondence
from servio.classify._grouping import (
    Grouping,
    PartialCode,
    UseRule,
    grouping,
    groupings,
    producer_service_definitions,
)
from servio.classify.labels import nearest, normalise

__all__ = [
    "Base",
    "Classification",
    "Correspondence",
    "Grouping",
    "PartialCode",
    "UseRule",
    "classification",
    "classifications",
    "correspondence",
    "grouping",
    "groupings",
    "identify",
    "nearest",
    "normalise",
    "producer_service_definitions",
]
