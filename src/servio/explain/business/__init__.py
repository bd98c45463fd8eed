"""Business models that join product and service: typology, cases, and placing a description."""

from servio.explain.business._accuracy import Accuracy, accuracy
from servio.explain.business._data import Case, Typology, cases, typology
from servio.explain.business._place import Label, Nearest, Placing, Spoke, place
from servio.explain.business._show import as_table

__all__ = [
    "Accuracy",
    "Case",
    "Label",
    "Nearest",
    "Placing",
    "Spoke",
    "Typology",
    "accuracy",
    "as_table",
    "cases",
    "place",
    "typology",
]
