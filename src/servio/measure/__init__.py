"""Measures: plain functions ``name(table, *, option=...) -> Measure``."""

from servio.measure._contract import MEASURES, MeasureSpec, Option, find
from servio.measure._result import Measure, Undefined
from servio.measure._write import select, write
from servio.measure.account import (
    account,
)
from servio.measure.bilateral import (
    bilateral_extraction_loss,
)
from servio.measure.change import (
    output_change,
    service_input_change,
)
from servio.measure.content import (
    service_input_coefficient,
    service_input_share,
)
from servio.measure.convergence import (
    convergence_rate,
)
from servio.measure.delegation import (
    externalisation,
    purchased_service_share,
    service_delegation,
)
from servio.measure.ecology import (
    cycling,
    flow_indicators,
    nutrition,
    system_throughput,
    throughflow,
)
from servio.measure.extraction import (
    extraction_loss,
)
from servio.measure.footprint import (
    footprint,
)
from servio.measure.income import (
    chain_income,
    chain_margin,
    functional_specialisation,
)
from servio.measure.inducement import (
    inducement_pair,
    production_inducement,
    value_added_inducement,
)
from servio.measure.knowledge import (
    embodied_inputs,
)
from servio.measure.levels import (
    service_hierarchy,
    service_profile,
)
from servio.measure.linkage import (
    backward_linkage,
    forward_linkage,
    key_sector,
)
from servio.measure.modern import (
    modern_manufacturing,
)
from servio.measure.multiplier import (
    factor_multiplier,
    output_multiplier,
)
from servio.measure.network import (
    network_position,
)
from servio.measure.organisation import (
    ascendency,
    development_capacity,
    flow_information,
    succession,
    trophic_structure,
)
from servio.measure.participation import (
    participation,
)
from servio.measure.paths import (
    average_propagation_length,
    field_of_influence,
    structural_paths,
)
from servio.measure.position import (
    downstreamness,
    final_use_ratio,
    primary_input_ratio,
    upstreamness,
)
from servio.measure.producer import (
    intermediate_sales_share,
    intermediate_use_share,
    producer_service_share,
)
from servio.measure.routes import (
    value_added_routes,
)
from servio.measure.servitization import (
    secondary_output,
    secondary_service_share,
)
from servio.measure.similarity import (
    structural_similarity,
)
from servio.measure.smile import (
    smile_curve,
    smile_test,
)
from servio.measure.sourcing import (
    offshoring,
    outsourcing,
)
from servio.measure.strategic import (
    strategic_links,
)
from servio.measure.trade import (
    export_origin,
    gross_exports,
    value_added_trade,
)
from servio.measure.trade_decomposition import (
    export_decomposition,
)
from servio.measure.uncertainty import Interval, interval
from servio.measure.utility import (
    adhesion,
    keystoneness,
    mixed_trophic_impact,
    synergism,
    utility_relation,
)
from servio.measure.value_content import (
    service_content,
    service_content_of_exports,
    value_content,
)

__all__ = [
    "MEASURES",
    "Interval",
    "Measure",
    "MeasureSpec",
    "Option",
    "Undefined",
    "account",
    "adhesion",
    "ascendency",
    "average_propagation_length",
    "backward_linkage",
    "bilateral_extraction_loss",
    "chain_income",
    "chain_margin",
    "convergence_rate",
    "cycling",
    "development_capacity",
    "downstreamness",
    "embodied_inputs",
    "export_decomposition",
    "export_origin",
    "externalisation",
    "extraction_loss",
    "factor_multiplier",
    "field_of_influence",
    "final_use_ratio",
    "find",
    "flow_indicators",
    "flow_information",
    "footprint",
    "forward_linkage",
    "functional_specialisation",
    "gross_exports",
    "inducement_pair",
    "intermediate_sales_share",
    "intermediate_use_share",
    "interval",
    "key_sector",
    "keystoneness",
    "mixed_trophic_impact",
    "modern_manufacturing",
    "network_position",
    "nutrition",
    "offshoring",
    "output_change",
    "output_multiplier",
    "outsourcing",
    "participation",
    "primary_input_ratio",
    "producer_service_share",
    "production_inducement",
    "purchased_service_share",
    "secondary_output",
    "secondary_service_share",
    "select",
    "service_content",
    "service_content_of_exports",
    "service_delegation",
    "service_hierarchy",
    "service_input_change",
    "service_input_coefficient",
    "service_input_share",
    "service_profile",
    "smile_curve",
    "smile_test",
    "strategic_links",
    "structural_paths",
    "structural_similarity",
    "succession",
    "synergism",
    "system_throughput",
    "throughflow",
    "trophic_structure",
    "upstreamness",
    "utility_relation",
    "value_added_inducement",
    "value_added_routes",
    "value_added_trade",
    "value_content",
    "write",
]
