"""Sectors of model worlds, by way of their tables, and how often fits hold what is planted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servio.measure import MEASURES
from servio.simulate import SymbiosisFits
from servio.sources.model import ModelWorld

SECTORS = ("manufacturing", "services")
PARAMETERS = {
    "r[manufacturing]": "r_manufacturing",
    "r[services]": "r_services",
    "K[manufacturing]": "K_manufacturing",
    "K[services]": "K_services",
    "d[manufacturing from services]": "d_manufacturing_from_services",
    "d[services from manufacturing]": "d_services_from_manufacturing",
    "x0[manufacturing]": "x0_manufacturing",
    "x0[services]": "x0_services",
}


def sector_series(world: ModelWorld) -> pd.DataFrame:
    """Value added of manufacturing and of services by country and year, as a study measures it."""
    rows = []
    bundle = world.bundle()
    for position, year in enumerate(world.years):
        table = bundle.table(position)
        for sector in SECTORS:
            found = MEASURES["account"].function(table, of="value_added", by=sector)
            country = found.columns["country"]
            names = np.array(country.names)[country.index]
            rows.append(pd.DataFrame({"country": names, "year": year, "sector": sector,
                                      "value": found.values}))  # fmt: skip
    whole = pd.concat(rows)
    wide = whole.pivot(index=["country", "year"], columns="sector", values="value")
    return wide.reset_index().rename_axis(columns=None)


def against(world: ModelWorld, found: SymbiosisFits) -> pd.DataFrame:
    """One row a country and planted parameter: planted, value, lower, upper, defined, held."""
    planted = world.truth.to_frame("symbiosis").melt("country", list(PARAMETERS.values()),
                                                     "column", "planted")  # fmt: skip
    planted["parameter"] = planted["column"].map({v: k for k, v in PARAMETERS.items()})
    rows = planted.merge(found.to_frame(), left_on=["country", "parameter"],
                         right_on=["entity", "parameter"])  # fmt: skip
    defined = rows["value"].notna()
    held = (rows["lower"] <= rows["planted"]) & (rows["planted"] <= rows["upper"])
    return rows.assign(defined=defined, held=held)
