"""Measures: plain functions ``name(table, *, option=...) -> Measure``."""

from servio.measure._contract import MEASURES, MeasureSpec, find
from servio.measure._result import Measure, Undefined
from servio.measure._write import select, write
from servio.measure.content import service_input_coefficient, service_input_share

__all__ = [
    "MEASURES",
    "Measure",
    "MeasureSpec",
    "Undefined",
    "find",
    "select",
    "service_input_coefficient",
    "service_input_share",
    "write",
]
