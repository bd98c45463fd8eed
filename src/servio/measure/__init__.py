"""Measures: plain functions ``name(table, *, option=...) -> Measure``."""

from servio.measure._contract import MEASURES, MeasureSpec, find
from servio.measure._result import Measure, Undefined
from servio.measure._write import select, write
from servio.measure.content import (
    service_input_coefficient,
    service_input_share,
)
from servio.measure.convergence import (
    convergence_rate,
)
from servio.measure.inducement import (
    inducement_pair,
    production_inducement,
    value_added_inducement,
)
from servio.measure.producer import (
    intermediate_sales_share,
    intermediate_use_share,
    producer_service_share,
)
from servio.measure.value_content import (
    service_content,
    service_content_of_exports,
    value_content,
)

__all__ = [
    "MEASURES",
    "Measure",
    "MeasureSpec",
    "Undefined",
    "convergence_rate",
    "find",
    "inducement_pair",
    "intermediate_sales_share",
    "intermediate_use_share",
    "producer_service_share",
    "production_inducement",
    "select",
    "service_content",
    "service_content_of_exports",
    "service_input_coefficient",
    "service_input_share",
    "value_added_inducement",
    "value_content",
    "write",
]
