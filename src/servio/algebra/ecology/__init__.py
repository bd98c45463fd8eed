"""Ecological network analysis on bare arrays: flows between nodes and across their boundary.

Symbols are the field's: F flows with F[i, j] from i to j, z boundary inputs, e exports, r
respiration, T throughflow, G and G' flows over the throughflow of the giver and of the receiver,
N = (I - G)^-1. In terms of input-output tables F is Z, T is x, G is B and G' is A.
"""

from __future__ import annotations

from servio.algebra.ecology.flow import (
    FlowStatistics,
    direct_flows,
    flow_statistics,
    integral_flows,
    node_cycling,
)
from servio.algebra.ecology.information import FlowOrganisation, flow_organisation
from servio.algebra.ecology.passage import (
    contributions,
    dependencies,
    input_environ,
    output_environ,
    removal,
)
from servio.algebra.ecology.structure import (
    FlowNetwork,
    balanced_network,
    flow_network,
    turned_around,
)
from servio.algebra.ecology.trophic import (
    MixedImpacts,
    TrophicSpine,
    keystone_index,
    mixed_impacts,
    trophic_positions,
    trophic_spine,
)
from servio.algebra.ecology.utility import Utility, relation_codes, utility_analysis

__all__ = [
    "FlowNetwork",
    "FlowOrganisation",
    "FlowStatistics",
    "MixedImpacts",
    "TrophicSpine",
    "Utility",
    "balanced_network",
    "contributions",
    "dependencies",
    "direct_flows",
    "flow_network",
    "flow_organisation",
    "flow_statistics",
    "input_environ",
    "integral_flows",
    "keystone_index",
    "mixed_impacts",
    "node_cycling",
    "output_environ",
    "relation_codes",
    "removal",
    "trophic_positions",
    "trophic_spine",
    "turned_around",
    "utility_analysis",
]
