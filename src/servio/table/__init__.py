"""Labelled, audited input-output tables and their form on disk."""

from servio.table.auditing import Audit, Finding, audit
from servio.table.axis import Axis
from servio.table.bundle import Bundle
from servio.table.identity import (
    Identity,
    balance_leontief,
    checkable,
    column_gap,
    identities,
    row_gap,
)
from servio.table.info import Note, TableInfo
from servio.table.iotable import (
    DEMAND_ROLES,
    EVERYBODY,
    ORIGINS,
    PRIMARY_ROLES,
    IOTable,
    Origin,
    Satellite,
    is_network,
)
from servio.table.noise import Noise, perturbed
from servio.table.store import Store, file_sha256, write_atomic
from servio.table.supply import SupplyTable
from servio.table.transform import aggregate, national
from servio.table.world import WorldShape, fold_countries, world_shape

__all__ = [
    "DEMAND_ROLES",
    "EVERYBODY",
    "ORIGINS",
    "PRIMARY_ROLES",
    "Audit",
    "Axis",
    "Bundle",
    "Finding",
    "IOTable",
    "Identity",
    "Noise",
    "Note",
    "Origin",
    "Satellite",
    "Store",
    "SupplyTable",
    "TableInfo",
    "WorldShape",
    "aggregate",
    "audit",
    "balance_leontief",
    "checkable",
    "column_gap",
    "file_sha256",
    "fold_countries",
    "identities",
    "is_network",
    "national",
    "perturbed",
    "row_gap",
    "world_shape",
    "write_atomic",
]
