"""Input-output algebra on bare float64 arrays: no labels, no files.

Symbols are those of Miller and Blair (2009): Z flows, x output, y final demand, A input
coefficients, B allocation coefficients, L Leontief inverse, G Ghosh inverse. Undefined results
are nan; members of groups are integer positions; weights are (groups, industries).
"""

from __future__ import annotations

from servio.algebra.aggregate import aggregate_matrix, aggregate_vector
from servio.algebra.balance import Balanced, gras, ras
from servio.algebra.coefficients import (
    allocation_coefficients,
    input_coefficients,
    live_industries,
    value_coefficients,
)
from servio.algebra.decomposition import (
    ShiftShare,
    StructuralDecomposition,
    shift_share,
    structural_decomposition,
)
from servio.algebra.extraction import (
    block_extraction_loss,
    block_extraction_losses,
    block_set_extraction_losses,
    extraction_losses,
    extraction_totals,
    set_extraction_loss,
)
from servio.algebra.ghosh import ghosh_inverse, ghosh_row_sums, ghosh_solve
from servio.algebra.indices import (
    CouplingDegree,
    EntropyWeights,
    GreyRelation,
    coupling_degree,
    entropy_weights,
    grey_relation_grades,
    range_normalised,
)
from servio.algebra.inputs import Coefficients
from servio.algebra.leontief import Leontief
from servio.algebra.linkage import (
    direct_backward,
    direct_forward,
    forward_ghosh,
    multiplier_ratio,
    output_multiplier,
    power_of_dispersion,
    sensitivity_of_dispersion,
    type_two_inverse,
    value_multiplier,
    variation_backward,
    variation_forward,
)
from servio.algebra.network import betweenness, influence_vector, pagerank
from servio.algebra.paths import (
    Paths,
    average_propagation_length,
    field_of_influence,
    influence_norms,
    production_layers,
    propagation_length,
    structural_paths,
)
from servio.algebra.position import downstreamness, upstreamness
from servio.algebra.probes import probes
from servio.algebra.propagation import balanced_variance
from servio.algebra.similarity import cosine_similarity, half_l1_similarity
from servio.algebra.structure import (
    closed_blocks,
    components,
    spectral_radius,
    zero_columns,
    zero_rows,
)
from servio.algebra.update import updated_solve
from servio.algebra.ushape import UShape, lind_mehlum

__all__ = [
    "Balanced",
    "Coefficients",
    "CouplingDegree",
    "EntropyWeights",
    "GreyRelation",
    "Leontief",
    "Paths",
    "ShiftShare",
    "StructuralDecomposition",
    "UShape",
    "aggregate_matrix",
    "aggregate_vector",
    "allocation_coefficients",
    "average_propagation_length",
    "balanced_variance",
    "betweenness",
    "block_extraction_loss",
    "block_extraction_losses",
    "block_set_extraction_losses",
    "closed_blocks",
    "components",
    "cosine_similarity",
    "coupling_degree",
    "direct_backward",
    "direct_forward",
    "downstreamness",
    "entropy_weights",
    "extraction_losses",
    "extraction_totals",
    "field_of_influence",
    "forward_ghosh",
    "ghosh_inverse",
    "ghosh_row_sums",
    "ghosh_solve",
    "gras",
    "grey_relation_grades",
    "half_l1_similarity",
    "influence_norms",
    "influence_vector",
    "input_coefficients",
    "lind_mehlum",
    "live_industries",
    "multiplier_ratio",
    "output_multiplier",
    "pagerank",
    "power_of_dispersion",
    "probes",
    "production_layers",
    "propagation_length",
    "range_normalised",
    "ras",
    "sensitivity_of_dispersion",
    "set_extraction_loss",
    "shift_share",
    "spectral_radius",
    "structural_decomposition",
    "structural_paths",
    "type_two_inverse",
    "updated_solve",
    "upstreamness",
    "value_coefficients",
    "value_multiplier",
    "variation_backward",
    "variation_forward",
    "zero_columns",
    "zero_rows",
]
