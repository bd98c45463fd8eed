"""Result rows made by hand, answered as a study store answers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from servio.errors import UsageError

LABELS = ["source", "year", "country", "industry", "partner", "group", "part", "measure"]


class HandMade:
    """Rows with the columns and filters of a study's results."""

    def __init__(self, *frames: pd.DataFrame) -> None:
        self.rows = pd.concat(frames, ignore_index=True)

    def __call__(self, measure: str, **filters: Any) -> pd.DataFrame:
        rows = self.rows[self.rows["measure"] == measure]
        for key, value in filters.items():
            if key not in rows:
                raise UsageError("results column", found=key, expected="a column", remedy="No.")
            wanted = value if isinstance(value, list | tuple) else [value]
            texts = [str(v).lower() if isinstance(v, bool) else v for v in wanted]
            rows = rows[rows[key].isin(texts)]
        return rows.reset_index(drop=True)


def rows(
    measure: str,
    values: dict[tuple[str, str, int], float],
    *,
    unit: str = "share",
    source: str = "own",
    **more: str,
) -> pd.DataFrame:
    """One row a key of country, industry and year."""
    options = {"by": "industry", "of": "", "total": "false", "group": "", **more}
    definition = " ".join(f"{key}={value}" for key, value in options.items() if value)
    return pd.DataFrame(
        [
            {"source": source, "year": year, "country": country, "industry": industry,
             "partner": "", "part": "", "measure": measure, "value": value, "unit": unit,
             "definition": definition, **options}
            for (country, industry, year), value in values.items()
        ]
    )  # fmt: skip
