"""Panels as files: Parquet with all that is known of them, Stata, text. Whole or not at all."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from servio.errors import FormatError, ValueFault
from servio.explain._panel import Column, Panel
from servio.table import write_atomic

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["from_parquet", "to_csv", "to_parquet", "to_stata"]

META = b"servio.panel"
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
STATA_NAME = 32
STATA_LABEL = 80
STATA_DATE = datetime(1960, 1, 1)
"""Stata's own day zero: the same panel gives the same bytes."""
STATA_WORDS = frozenset(
    ("byte", "double", "float", "if", "in", "int", "long", "strL", "using", "with")
)
"""Names Stata keeps for itself (User's Guide, 11.3), apart from those that start with _."""


def to_parquet(panel: Panel, path: Path) -> Path:
    """Write frame and what is known of it; see `Panel.to_parquet`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(panel.frame, preserve_index=False).replace_schema_metadata(
        {META: json.dumps(_record(panel), sort_keys=True).encode()}
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    write_atomic(path, out.getvalue())
    return path


def from_parquet(path: Path, dropped: pd.DataFrame | None) -> Panel:
    """A panel from its file; see `Panel.from_parquet`."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        known = json.loads((table.schema.metadata or {})[META])
    except (OSError, KeyError, ValueError, pa.ArrowInvalid) as error:
        raise FormatError(str(path), found=f"no panel ({type(error).__name__})",
                          expected="a file written by Panel.to_parquet",
                          remedy="Build the panel again.") from None  # fmt: skip
    frame = table.to_pandas()
    keys = [*known["entity"], known["time"]]
    if dropped is None:
        dropped = frame.iloc[:0][keys].assign(reason=pd.Series(dtype=str))
    classes = known["classes"]
    return Panel(
        frame,
        tuple(known["entity"]),
        known["time"],
        {name: Column(**column) for name, column in known["columns"].items()},
        dropped,
        known["synthetic"],
        tuple(known["notes"]),
        None if classes is None else pd.DataFrame(classes),
    )


def to_csv(panel: Panel, path: Path) -> Path:
    """Write text; see `Panel.to_csv`."""
    frame = _texts(panel.frame, safe_text)
    write_atomic(path, frame.to_csv(index=False, lineterminator="\n").encode("utf-8"))
    return path


def to_stata(panel: Panel, path: Path) -> Path:
    """Write a .dta file; see `Panel.to_stata`."""
    frame = _texts(panel.frame, str)
    for name in frame.select_dtypes("number").columns:
        if np.isinf(frame[name].to_numpy(dtype=np.float64)).any():
            raise ValueFault(f"panel column {name}", found="an infinite number",
                             expected="finite numbers or none",
                             remedy="Drop those rows with where().")  # fmt: skip
    short = stata_names([str(name) for name in frame.columns])
    labels = {short[name]: _label(name, panel.columns.get(name)) for name in short}
    out = io.BytesIO()
    frame.rename(columns=short).to_stata(
        out, write_index=False, version=118, variable_labels=labels, time_stamp=STATA_DATE,
        data_label="synthetic data" if panel.synthetic else "panel of servio",
    )  # fmt: skip
    write_atomic(path, out.getvalue())
    return path


def safe_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> safe_text("=1+1"), safe_text("C26")
    ("'=1+1", 'C26')
    """
    return f"'{text}" if text.startswith(RISKY) else text.replace("\0", "")


def stata_names(names: list[str]) -> dict[str, str]:
    """Name to one that Stata takes: at most 32 characters, no reserved word, none twice.

    Examples
    --------
    >>> stata_names(["va", "int", "x" * 33])["int"]
    'int_'
    """
    taken = {name for name in names if _is_stata(name)}
    found = {name: name for name in names if name in taken}
    for name in names:
        if name in found:
            continue
        clean = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)
        clean = clean if clean[:1].isalpha() else f"v{clean}"
        trial, number = clean[:STATA_NAME], 1
        while trial in taken or not _is_stata(trial):
            ending = "_" if number == 1 else f"_{number}"
            trial, number = clean[: STATA_NAME - len(ending)] + ending, number + 1
        taken.add(trial)
        found[name] = trial
    return {name: found[name] for name in names}


def _is_stata(name: str) -> bool:
    return (
        0 < len(name) <= STATA_NAME
        and name.isascii()
        and name.isidentifier()
        and not name.startswith("_")
        and name not in STATA_WORDS
        and not (name.startswith("str") and name[3:].isdigit())
    )


def _label(name: str, column: Column | None) -> str:
    if column is None:
        return name[:STATA_LABEL]
    unit = f" ({column.unit})" if column.unit else ""
    return f"{name}{unit}: {column.definition}"[:STATA_LABEL]


def _texts(frame: pd.DataFrame, change: Any) -> pd.DataFrame:
    """The frame with every text changed; a missing text is empty."""
    texts = frame.select_dtypes(exclude=["number", "bool"]).columns
    made = {
        name: np.array([change(t) for t in frame[name].astype(object).fillna("")], dtype=object)
        for name in texts
    }
    found: pd.DataFrame = frame.assign(**made)
    if change is safe_text:
        found = found.rename(columns=lambda name: safe_text(str(name)))
    return found


def _record(panel: Panel) -> dict[str, Any]:
    classes = panel.classes
    return {
        "entity": list(panel.entity),
        "time": panel.time,
        "columns": {name: asdict(column) for name, column in panel.columns.items()},
        "synthetic": panel.synthetic,
        "notes": list(panel.notes),
        "classes": None if classes is None else classes.to_dict(orient="list"),
    }
