"""Studies: a TOML file says what to measure on which tables; the results are kept with provenance.

`load` a file, `run` it, open it again with `open_store`.
"""

from servio.study._file import StudyFile, Tables, demo, load, observatory, parse
from servio.study._flows import Flows, flows_into
from servio.study._grid import Call
from servio.study._live import LiveTables, Recomputed, live_tables, settled_call, uploaded_tables
from servio.study._lock import only_writer
from servio.study._plan import Plan, Step, plan
from servio.study._pool import unattended
from servio.study._run import run
from servio.study._stages import Box, Link, SupplyStages, supply_stages
from servio.study._store import StudyStore, damaged_files, open_store

__all__ = [
    "Box",
    "Call",
    "Flows",
    "Link",
    "LiveTables",
    "Plan",
    "Recomputed",
    "Step",
    "StudyFile",
    "StudyStore",
    "SupplyStages",
    "Tables",
    "damaged_files",
    "demo",
    "flows_into",
    "live_tables",
    "load",
    "observatory",
    "only_writer",
    "open_store",
    "parse",
    "plan",
    "run",
    "settled_call",
    "supply_stages",
    "unattended",
    "uploaded_tables",
]
