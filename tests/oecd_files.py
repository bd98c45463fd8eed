"""Balanced tables in the published OECD layout, with numbers of our own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from servio import classify

EDITION = classify.classification("isic4_oecd50")
DEMAND = ("HFCE", "NPISH", "GGFC", "GFCF", "INVNT", "DPABR", "CONS_NONRES", "EXPO")


def parts() -> dict[str, np.ndarray]:
    """Domestic and imported flows that balance with taxes and value added."""
    rng = np.random.default_rng(7)
    n, m = len(EDITION), len(DEMAND)
    Z, Zm = rng.uniform(1, 9, (n, n)).round(3), rng.uniform(0, 3, (n, n)).round(3)
    Y, Ym = rng.uniform(90, 99, (n, m)).round(3), rng.uniform(0, 9, (n, m)).round(3)
    x = Z.sum(axis=1) + Y.sum(axis=1)
    taxes = rng.uniform(1, 2, n).round(3)
    labour = 0.5 * (x - Z.sum(axis=0) - Zm.sum(axis=0) - taxes)
    return {"Z": Z, "Zm": Zm, "Y": Y, "Ym": Ym, "x": x, "taxes": taxes, "labour": labour}


def lines(split: bool = False) -> list[str]:
    """Lines of a total table, or of one with domestic and imported rows."""
    p = parts()
    n, m = p["Y"].shape
    value_added = p["x"] - p["Z"].sum(axis=0) - p["Zm"].sum(axis=0) - p["taxes"]
    used = p["x"] - value_added
    imports = p["Zm"].sum(axis=1) + p["Ym"].sum(axis=1)
    total = np.column_stack([p["Z"] + p["Zm"], p["Y"] + p["Ym"], -imports])
    domestic = np.column_stack([p["Z"], p["Y"], np.zeros(n)])
    imported = np.column_stack([p["Zm"], p["Ym"], -imports])
    blocks = {"DOM": domestic, "IMP": imported} if split else {"TTL": total}
    rows = [("", [*EDITION.codes, *DEMAND, "IMPO", "TOTAL"])]
    for prefix, block in blocks.items():
        for code, row in zip(EDITION.codes, block, strict=True):
            rows.append((f"{prefix}_{code}", [repr(float(v)) for v in (*row, row.sum())]))
    others = {"TXS_INT_FNL": p["taxes"], "TTL_INT_FNL": used, "VALU": value_added,
              "LABR": p["labour"], "OUTPUT": p["x"]}  # fmt: skip
    for label, values in others.items():
        rows.append((label, [repr(float(v)) for v in (*values, *[0.0] * (m + 1), values.sum())]))
    return [",".join([f'"{label}"', *row]) for label, row in rows]


def write(path: Path, split: bool = False) -> Path:
    """The file at `path`."""
    path.write_text("\n".join(lines(split)) + "\n", encoding="utf-8")
    return path
