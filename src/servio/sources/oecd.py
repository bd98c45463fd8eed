"""OECD national input-output tables as published: one CSV file a country and year."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from servio import classify
from servio.errors import FormatError, LabelError, ServioError
from servio.sources import _csv
from servio.sources._checks import NOTED_GAP, checked
from servio.sources._guard import Kind, sniff_kind
from servio.sources._matrix import Array, Matrix, NumberFormat, hint
from servio.sources._registry import Source
from servio.table import Axis, Bundle, IOTable, Note, Satellite, TableInfo

__all__ = ["SOURCE", "parse", "sniff"]

SOURCE = Source(
    name="oecd",
    title="OECD national input-output tables (harmonised, industry by industry)",
    publisher="OECD",
    editions=("2025 (50 industries)", "2021 (45 industries)"),
    years="1995-2022",
    licence="OECD terms: reuse with attribution; CC BY 4.0 by default from July 2024",
    address="https://www.oecd.org/en/data/datasets/input-output-tables.html",
    citation="OECD, Input-Output Tables",
    how_to_get="Download the CSV files of the tables (such as KOR2022ttl.csv) from the address.",
    files=r"[A-Z]{3}\d{4}(ttl|dom|domimp)\.csv",
)

EDITIONS = {"isic4_oecd50": "2025", "isic4_oecd45": "2021"}
DEMAND = {
    "HFCE": ("household", "Household final consumption"),
    "NPISH": ("npish", "Final consumption of non-profit institutions serving households"),
    "GGFC": ("government", "General government final consumption"),
    "GFCF": ("investment", "Gross fixed capital formation"),
    "INVNT": ("inventory", "Changes in inventories"),
    "DPABR": ("household", "Direct purchases abroad by residents"),
    "CONS_ABR": ("household", "Direct purchases abroad by residents"),
    "CONS_NONRES": ("exports", "Direct purchases by non-residents"),
    "EXPO": ("exports", "Exports"),
    "IMPO": ("imports", "Imports, negative"),
}
PRIMARY = {
    "IMP_OTHER": "imports",
    "TXS_IMP_FNL": "taxes",
    "TXS_INT_FNL": "taxes",
    "VALU": "value_added",
}
MEMO = ("LABR", "OTXS", "CFC", "NOPS")
INTERMEDIATE, OUTPUT, TOTAL = "TTL_INT_FNL", "OUTPUT", "TOTAL"
_OTHERS = (*PRIMARY, *MEMO, INTERMEDIATE, OUTPUT)
_NAME = re.compile(r"([A-Z]{3})(\d{4})(?:ttl|dom|domimp)?", re.IGNORECASE)
_HEAD = 2**14


def sniff(path: Path) -> bool:
    """Whether the first lines look like an OECD national table; never raises."""
    try:
        if not path.is_file() or sniff_kind(path) is not Kind.TEXT:
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD).decode("latin-1")
    except (OSError, ServioError):
        return False
    lines = head.splitlines()
    return (
        len(lines) > 1
        and {"HFCE", "GFCF", "EXPO"} <= set(re.split(r'[",;\t|]+', lines[0]))
        and re.match(r'"?(TTL|DOM|IMP)_', lines[1]) is not None
    )


def parse(path: Path) -> list[Bundle]:
    """The table in one file.

    Rows ``TTL_`` hold domestic and imported flows together (``flows = "total"``), rows ``DOM_``
    and ``IMP_`` hold them apart. The rows IMP_OTHER (imports not allotted to products),
    TXS_INT_FNL, TXS_IMP_FNL and VALU are the primary inputs: with them the columns add up to
    OUTPUT within rounding. LABR, OTXS, CFC and NOPS are parts of VALU and become satellites.

    Raises
    ------
    ServioError
        For anything that can't be read exactly; the message names file, row and column.
    """
    return [Bundle.of(_table(path, _csv.read_matrix(path, NumberFormat())))]


@dataclass(frozen=True)
class _Layout:
    """Which rows and columns of a file hold what."""

    edition: classify.Classification
    rows: dict[str, int]
    blocks: dict[str, list[int]]
    columns: list[int]
    demand: dict[str, int]
    primary: tuple[str, ...]


def _table(path: Path, matrix: Matrix) -> IOTable:
    layout = _layout(matrix)
    n = layout.columns
    split = "DOM" in layout.blocks
    main = layout.blocks["DOM" if split else "TTL"]
    demand = _demand(matrix, layout, main, split)
    final = [layout.demand[name] for name in demand]
    primary = [layout.rows[name] for name in layout.primary]
    values = matrix.values
    imported = layout.blocks.get("IMP") if split else None
    country, year = _of_name(path)
    info = TableInfo(
        SOURCE.name,
        year,
        country,
        "domestic" if split else "total",
        title=SOURCE.title,
        edition=EDITIONS[layout.edition.name],
        currency="USD",
        unit="million",
        prices="current",
        valuation="basic prices",
        kind="industry-by-industry",
        classification=layout.edition.name,
        licence=SOURCE.licence,
        notes=(*matrix.notes, *_unnamed(path, year), *_published_totals(matrix, layout, main)),
    )
    return checked(
        IOTable(
            values[np.ix_(main, n)],
            values[np.ix_(main, final)],
            values[np.ix_(primary, n)],
            values[layout.rows[OUTPUT], n],
            Axis.national(country, layout.edition.codes, layout.edition.titles),
            Axis.national(country, demand, [DEMAND[name][1] for name in demand]),
            tuple(DEMAND[name][0] for name in demand),
            layout.primary,
            tuple(PRIMARY[name] for name in layout.primary),
            info,
            Zm=None if imported is None else values[np.ix_(imported, n)],
            Ym=None if imported is None else values[np.ix_(imported, final)],
            Vy=values[np.ix_(primary, final)],
            satellites={
                name: Satellite(values[layout.rows[name], n], info.money)
                for name in MEMO
                if name in layout.rows
            },
        ),
        published=True,
    )


def _layout(matrix: Matrix) -> _Layout:
    rows = {label: i for i, label in enumerate(matrix.rows)}
    blocks: dict[str, list[int]] = {}
    codes: dict[str, list[str]] = {}
    for label, i in rows.items():
        block, _, code = label.partition("_")
        if label in _OTHERS:
            continue
        if block not in ("TTL", "DOM", "IMP") or not code:
            raise _unknown(f"{matrix.place}, row {label!r}", label, _OTHERS)
        blocks.setdefault(block, []).append(i)
        codes.setdefault(block, []).append(code)
    _refuse_incomplete(matrix, rows, blocks)
    demand = {label: j for j, label in enumerate(matrix.columns) if label in (*DEMAND, TOTAL)}
    columns = [j for j, label in enumerate(matrix.columns) if label not in demand]
    edition = _edition(matrix, [matrix.columns[j] for j in columns])
    for block, labels in codes.items():
        _same_industries(matrix, edition, block, labels)
    primary = tuple(name for name in PRIMARY if name in rows)
    return _Layout(edition, rows, blocks, columns, demand, primary)


def _refuse_incomplete(matrix: Matrix, rows: dict[str, int], blocks: dict[str, list[int]]) -> None:
    lacking = [name for name in ("VALU", OUTPUT) if name not in rows]
    if lacking:
        raise FormatError(
            f"{matrix.place}, row {len(matrix.rows) + 1}",
            found=f"the end after {matrix.rows[-1]!r}, without {' and '.join(lacking)}",
            expected=f"rows down to {OUTPUT}",
            remedy="The file is cut off: download it again.",
        )
    if set(blocks) not in ({"TTL"}, {"DOM"}, {"DOM", "IMP"}):
        raise FormatError(
            matrix.place,
            found=f"rows of {' and '.join(blocks) or 'no industry'}",
            expected="TTL_ rows, or DOM_ rows with or without IMP_",
            remedy="Give the total table (ttl) or the domestic one (dom).",
        )


def _edition(matrix: Matrix, columns: Sequence[str]) -> classify.Classification:
    """The edition whose industries the columns are, all of them and in its order."""
    sizes = {len(classify.classification(name)): name for name in EDITIONS}
    name = sizes.get(len(columns))
    if name is None:
        unknown = next((c for c in columns if not _in_an_edition(c)), None)
        if unknown is not None:
            raise _unknown(f"{matrix.place}, column {unknown!r}", unknown, (*DEMAND, TOTAL))
        raise FormatError(
            matrix.place,
            found=f"{len(columns)} industries",
            expected=" or ".join(f"{n} ({EDITIONS[e]} edition)" for n, e in sizes.items()),
            remedy="This edition is not read; describe the table in TOML (source generic).",
        )
    edition = classify.classification(name)
    _check_codes(f"{matrix.place}, columns", edition, columns)
    return edition


def _in_an_edition(label: str) -> bool:
    def knows(name: str) -> bool:
        try:
            classify.classification(name).resolve([label])
        except LabelError:
            return False
        return True

    return any(map(knows, EDITIONS))


def _same_industries(
    matrix: Matrix, edition: classify.Classification, block: str, labels: Sequence[str]
) -> None:
    if len(labels) != len(edition):
        raise FormatError(
            f"{matrix.place}, rows {block}_",
            found=f"{len(labels)} industries",
            expected=f"{len(edition)}, as in the columns",
            remedy="The file is cut off or changed: download it again.",
        )
    _check_codes(f"{matrix.place}, rows {block}_", edition, labels)


def _check_codes(place: str, edition: classify.Classification, labels: Sequence[str]) -> None:
    try:
        codes = edition.resolve(labels)
    except LabelError as error:
        raise LabelError(f"{place}, {error.place}", found=error.found, expected=error.expected,
                         remedy=error.remedy) from None  # fmt: skip
    for label, code, wanted in zip(labels, codes, edition.codes, strict=True):
        if code != wanted:
            raise LabelError(
                f"{place}, {label!r}",
                found=f"{code} where {wanted} should be",
                expected=f"the order of the {EDITIONS[edition.name]} edition",
                remedy="Restore the published file.",
            )


def _demand(matrix: Matrix, layout: _Layout, main: Sequence[int], split: bool) -> tuple[str, ...]:
    """Final demand columns; where imports stand in rows, their column only repeats them."""
    lacking = [name for name in ("HFCE", "GFCF", "EXPO") if name not in layout.demand]
    if lacking:
        raise FormatError(matrix.place, found=f"no column {lacking[0]}",
                          expected="the columns of final demand",
                          remedy="The file is cut off: download it again.")  # fmt: skip
    names = tuple(name for name in layout.demand if name != TOTAL)
    if not split or "IMPO" not in names:
        return names
    imports = matrix.values[main, layout.demand["IMPO"]]
    if imports.any():
        i = int(np.flatnonzero(imports)[0])
        raise FormatError(
            f"{matrix.place}, row {matrix.rows[main[i]]!r}, column IMPO",
            found=f"{imports[i]:g}",
            expected="no imports of domestic products",
            remedy="This layout is not known; describe the table in TOML (source generic).",
        )
    return tuple(name for name in names if name != "IMPO")


def _published_totals(matrix: Matrix, layout: _Layout, main: Sequence[int]) -> tuple[Note, ...]:
    """How far the file's own totals are from what they add up."""
    n, values = layout.columns, matrix.values
    output = values[layout.rows[OUTPUT], n]
    pairs: list[tuple[str, Array]] = []
    if INTERMEDIATE in layout.rows:
        used = values[layout.rows[INTERMEDIATE], n] + values[layout.rows["VALU"], n]
        pairs.append(("TTL_INT_FNL + VALU", used))
    if TOTAL in layout.demand and "DOM" not in layout.blocks:
        pairs.append(("the column TOTAL", values[list(main), layout.demand[TOTAL]]))
    notes = []
    for what, total in pairs:
        gap = np.abs(total - output)
        if gap.max() > NOTED_GAP * np.abs(output).max():
            code = layout.edition.codes[int(gap.argmax())]
            text = f"{what} and OUTPUT differ by up to {gap.max():.4g} ({code}); both as published"
            notes.append(Note("published-totals", text))
    return tuple(notes)


def _of_name(path: Path) -> tuple[str, int | None]:
    """Country and year in the published file name; the content names neither."""
    found = _NAME.fullmatch(path.stem)
    return (found[1].upper(), int(found[2])) if found else ("", None)


def _unnamed(path: Path, year: int | None) -> tuple[Note, ...]:
    if year is not None:
        return ()
    text = f"{path.name} names no country and year (as KOR2022ttl.csv does), nor does its content"
    return (Note("unknown-year", text),)


def _unknown(place: str, label: str, known: Sequence[str]) -> LabelError:
    return LabelError(
        place,
        found="a label of no edition read here",
        expected="industries and " + ", ".join(known),
        remedy=hint(label, known, "Restore the published file."),
    )
