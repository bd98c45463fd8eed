"""Eurostat FIGARO: inter-country input-output tables as matrices, one CSV file a year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from servio import classify
from servio.errors import InputError, LabelError
from servio.sources import _wide, _world
from servio.sources._registry import Source
from servio.table import Axis, Bundle, TableInfo

__all__ = ["SOURCE", "extract", "parse", "sniff"]

SOURCE = Source(
    name="figaro",
    title="FIGARO inter-country input-output tables: EU, its partners and the rest of the world",
    publisher="Eurostat",
    editions=("2025 (50 areas)", "2021-2024 (46 areas)"),
    years="2010-2023",
    licence="reuse with acknowledgement (Commission Decision 2011/833/EU)",
    address="https://ec.europa.eu/eurostat/web/esa-supply-use-input-tables/database",
    citation="Eurostat, FIGARO tables (full international and global accounts for research in "
    "input-output analysis)",
    how_to_get="Download the matrix form (matrix_eu-ic-io_ind-by-ind_25ed_2022.csv, or "
    "prod-by-prod) from the address.",
    files=r"matrix_eu-ic-io_(ind-by-ind|prod-by-prod)_\d\ded_\d{4}\.csv",
)

CLASSIFICATION = "nace2_64"
DEMAND = {
    "P3_S13": ("government", "Final consumption expenditure of general government"),
    "P3_S14": ("household", "Final consumption expenditure of households"),
    "P3_S15": ("npish", "Final consumption expenditure of non-profit institutions"),
    "P51G": ("investment", "Gross fixed capital formation"),
    "P5M": ("inventory", "Changes in inventories and acquisitions less disposals of valuables"),
}
PRIMARY = {
    "W2_D21X31": "taxes",
    "W2_OP_RES": "adjustment",
    "W2_OP_NRES": "adjustment",
    "W2_D1": "value_added",
    "W2_D29X39": "value_added",
    "W2_B2A3G": "value_added",
}
KINDS = {"ind-by-ind": "industry-by-industry", "prod-by-prod": "product-by-product"}
REST = "FIGW1"
RENAMED = {"EL": "GR", REST: "ROW"}
"""Areas that go by another code here: Greece in older files, the rest of the world."""
AREAS = {"25": 50, "24": 46, "23": 46, "22": 46, "21": 46}

_CORNER = "rowLabels"
_NAME = re.compile(
    r"(?:matrix_)?eu-ic-io_(?P<kind>ind-by-ind|prod-by-prod)_(?P<edition>\d\d)ed_(?P<year>\d{4})"
)
_PRODUCT = "CPA_"


def sniff(path: Path) -> bool:
    """Whether the first lines look like a FIGARO matrix."""
    lines = _wide.first_lines(path)
    return len(lines) > 1 and re.match(rf'"?{_CORNER}"?,', lines[0].lstrip("ï»¿")) is not None


def parse(path: Path) -> list[Bundle]:
    """The world table of one file, by industry or by product.

    Parameters
    ----------
    path : Path
        ``matrix_eu-ic-io_ind-by-ind_25ed_2022.csv`` or ``..._prod-by-prod_...``, as published or
        in a zip archive.

    Returns
    -------
    list of Bundle
        Z (1, n, n), Y (1, n, 5 an area), V (1, 6, n), Vy (1, 6, 5 an area), x (1, n) in million
        EUR at current basic prices. The files hold no output: ``x = Z 1 + Y 1``. The area FIGW1
        is called ROW, and EL is called GR.

    Raises
    ------
    ServioError
        Anything is not exactly as published; the message names file, row and column.
    """
    return [Bundle.unpack(*part) for part in extract(path)]


def extract(path: Path) -> list[_world.Part]:
    """The same as headers and flat arrays, without a second copy of the numbers."""
    return [_wide.read(text, _table) for text in _wide.texts(path)]


@dataclass(frozen=True)
class _Layout:
    """Labels of one file, taken apart."""

    kind: str
    areas: tuple[str, ...]
    codes: tuple[str, ...]
    rows: tuple[str, ...]


def _table(wide: _wide.Wide) -> _world.Part:
    layout = _layout(wide)
    named = _NAME.fullmatch(wide.text.name.rpartition(".")[0])
    year = int(named["year"]) if named else None
    _check_claims(wide, layout, named)
    known = classify.classification(CLASSIFICATION)
    areas = tuple(RENAMED.get(area, area) for area in layout.areas)
    axis = Axis.world(areas, known.codes, known.titles)
    demand = Axis.world(areas, tuple(DEMAND), [title for _, title in DEMAND.values()])
    frame = _world.Frame(
        layout.rows, np.arange(len(axis)), len(axis), len(demand), tuple(PRIMARY), False
    )
    filled = _world.filled(wide, frame, len(PRIMARY))
    own = filled.below[:, : len(axis)]
    if len(areas) >= min(AREAS.values()) and REST in layout.areas:
        value_added = own[[i for i, r in enumerate(PRIMARY.values()) if r == "value_added"]]
        _world.refuse_scale(wide.place, value_added, year)
    renamed = [f"{area} is called {RENAMED[area]}" for area in layout.areas if area in RENAMED]
    info = TableInfo(
        SOURCE.name,
        year,
        "WORLD",
        "world",
        title=f"FIGARO {layout.kind} table{'' if year is None else f', {year}'}",
        edition=f"20{named['edition']}" if named else "",
        currency="EUR",
        unit="million",
        prices="current",
        valuation="basic",
        kind=layout.kind,
        classification=CLASSIFICATION,
        licence=SOURCE.licence,
        derived=("x",),
        steps=("output from the rows: x = Z 1 + Y 1", *renamed),
        notes=(
            *wide.notes,
            *_world.unnamed(wide, year, "matrix_eu-ic-io_ind-by-ind_25ed_2022.csv"),
            *_world.coverage(layout.areas, AREAS.values(), REST),
        ),
    )
    return _world.packed(
        filled,
        filled.whole,
        axis,
        demand,
        tuple(role for role, _ in DEMAND.values()) * len(areas),
        _world.Primary(tuple(PRIMARY), tuple(PRIMARY.values()), tuple(range(len(PRIMARY)))),
        info,
    )


def _layout(wide: _wide.Wide) -> _Layout:
    pairs = [label.partition("_")[::2] for label in wide.columns]
    first = next((i for i, (_, code) in enumerate(pairs) if code in DEMAND), len(pairs))
    areas = tuple(dict.fromkeys(area for area, _ in pairs[:first]))
    products = bool(first) and pairs[0][1].startswith(_PRODUCT)
    prefix = _PRODUCT if products else ""
    codes = tuple(prefix + c for c in classify.classification(CLASSIFICATION).codes)
    rows = tuple(f"{a}_{c}" for a in areas for c in codes)
    _world.refuse_transposed(wide, tuple(PRIMARY))
    _world.expect_columns(wide, (*rows, *(f"{a}_{d}" for a in areas for d in DEMAND)))
    doubled = [two for one, two in RENAMED.items() if one in areas and two in areas]
    if doubled:
        raise LabelError(
            f"{wide.place}, row 1",
            found=f"{doubled[0]} under two codes",
            expected="every area once",
            remedy="Use the file as published.",
        )
    kind = KINDS["prod-by-prod" if products else "ind-by-ind"]
    return _Layout(kind, areas, codes, rows)


def _check_claims(wide: _wide.Wide, layout: _Layout, named: re.Match[str] | None) -> None:
    """What the name says of kind and edition must be so."""
    if named is None:
        return
    if KINDS[named["kind"]] != layout.kind:
        raise InputError(
            wide.place,
            found=f"labels of a {layout.kind} table, such as {layout.rows[0]!r}",
            expected=f"those of a {KINDS[named['kind']]} table, which the name claims",
            remedy="Rename the file, or get it again from its publisher.",
        )
    due = AREAS.get(named["edition"])
    if due is not None and len(layout.areas) != due and len(layout.areas) in AREAS.values():
        raise InputError(
            wide.place,
            found=f"{len(layout.areas)} areas, as in another edition",
            expected=f"the {due} areas of the 20{named['edition']} edition, which the name claims",
            remedy="Rename the file, or get it again from its publisher.",
        )
