"""OECD Inter-Country Input-Output tables: one CSV file a year, alone or in the published zip."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from servio import classify
from servio.errors import FormatError, InputError, LabelError
from servio.sources import _wide, _world
from servio.sources._matrix import Array
from servio.sources._registry import Source
from servio.table import Axis, Bundle, TableInfo

__all__ = ["SOURCE", "extract", "parse", "sniff", "tables"]

SOURCE = Source(
    name="icio",
    title="OECD Inter-Country Input-Output tables (ICIO), regular and extended",
    publisher="OECD",
    editions=("2025 (50 industries)", "2023 (45 industries)", "2021 (45 industries)"),
    years="1995-2022",
    licence="OECD terms: reuse with attribution; CC BY 4.0 by default from July 2024",
    address="https://www.oecd.org/en/data/datasets/inter-country-input-output-tables.html",
    citation="OECD, Inter-Country Input-Output Tables",
    how_to_get="Download the CSV archives (such as 2016-2020_SML.zip, or _EXT.zip with China and "
    "Mexico split) from the address; they are read packed or unpacked.",
    files=r"ICIO20\d\d_\d{4}\.(csv|CSV)|ICIO20\d\d_\d{4}-\d{4}\.zip|\d{4}_(SML|EXT)\.csv"
    r"|\d{4}-\d{4}_(SML|EXT)\.zip",
)

DEMAND = {
    "HFCE": ("household", "Household final consumption"),
    "NPISH": ("npish", "Final consumption of non-profit institutions serving households"),
    "GGFC": ("government", "General government final consumption"),
    "GFCF": ("investment", "Gross fixed capital formation"),
    "INVNT": ("inventory", "Changes in inventories"),
    "DPABR": ("household", "Direct purchases abroad by residents"),
    "P33": ("household", "Direct purchases abroad by residents"),
}
DIRECT = ("DPABR", "P33")
TOTALS = ("OUT", "TOTAL")
REST = "ROW"

_SPLIT = re.compile(r"(CN|MX)\d")
_WHOLE = {"CN": "CHN", "MX": "MEX"}
_DOUBLE = 1e-3
_NAMES = (
    re.compile(r"ICIO(?P<edition>20\d\d)_(?P<year>(19|20)\d\d)", re.IGNORECASE),
    re.compile(r"(data_)?(?P<year>(19|20)\d\d)(_(SML|EXT))?", re.IGNORECASE),
)
_RANGE = re.compile(r"(?:ICIO(?P<edition>20\d\d)_)?(?P<first>\d{4})-(?P<last>\d{4})", re.IGNORECASE)
_FIRST_ROW = re.compile(r'"?[A-Z]{2}[A-Z0-9]_')
_FINAL = re.compile(r'[,"](?:[A-Z]{3}_HFCE|HFCE_[A-Z]{3})\b')


@dataclass(frozen=True)
class _Edition:
    """How the tables of one edition are labelled.

    Parameters
    ----------
    labels : tuple of str
        Published codes of the industries, in the order of `classification`.
    regions : int
        Regions of the regular tables, the rest of the world included.
    below : tuple of str
        Rows below the flows; ``*`` stands for each region.
    """

    name: str
    classification: str
    labels: tuple[str, ...]
    regions: int
    years: tuple[int, int]
    below: tuple[str, ...]


@cache
def _editions() -> tuple[_Edition, ...]:
    fifty = classify.classification("isic4_oecd50")
    forty = classify.classification("isic4_oecd45")
    older = {code: label for label, code in forty.styles["edition_2021"].items()}
    new = ("TLS", "VA", "OUT")
    old = ("*_TAXSUB", "VALU", "OUTPUT")
    return (
        _Edition("2025", fifty.name, fifty.codes, 81, (1995, 2022), new),
        _Edition("2023", forty.name, forty.codes, 77, (1995, 2020), new),
        _Edition("2021", forty.name, tuple(older[c] for c in forty.codes), 67, (1995, 2018), old),
    )


UNREAD = {
    "01T03": "the 2018 edition (36 industries)",
    "C01T05AGR": "the 2016 edition (34 industries of ISIC Rev.3)",
}


def sniff(path: Path) -> bool:
    """Whether the first lines, or those of a zip archive's first CSV, look like these tables."""
    lines = _wide.first_lines(path)
    return (
        len(lines) > 1
        and _FIRST_ROW.match(lines[1]) is not None
        and _FINAL.search(lines[0]) is not None
    )


def parse(path: Path) -> list[Bundle]:
    """The world tables in a CSV file or in a zip archive of them, one a year.

    Rows and columns of China's and Mexico's parts (CN1, CN2, MX1, MX2) are added to those of CHN
    and MEX; the source ``icio_split`` keeps them apart.

    Parameters
    ----------
    path : Path
        ``2020_SML.csv``, ``ICIO2021_2018.csv``, or an archive such as ``2016-2020_SML.zip``.

    Returns
    -------
    list of Bundle
        Z (1, n, n), Y (1, n, 6 a region), V (1, p, n), Vy (1, p, 6 a region), x (1, n) in million
        USD at current basic prices; n = regions x industries. x is the published row OUT (OUTPUT);
        what the sums of rows and columns miss is noted and stays where it is.

    Raises
    ------
    ServioError
        Anything is not exactly as published, is of another edition, or holds China or Mexico
        twice; the message names file, row and column.
    """
    return [Bundle.unpack(*part) for part in extract(path)]


def extract(path: Path) -> list[_world.Part]:
    """The same as headers and flat arrays, without a second copy of the numbers."""
    return tables(path, fold=True)


def tables(path: Path, *, fold: bool) -> list[_world.Part]:
    """Headers and flat arrays; `fold` adds the parts of China and Mexico up."""
    found = []
    for text in _wide.texts(path):
        name = _named(text)
        found.append(_wide.read(text, lambda wide, name=name: _table(wide, name, fold)))  # type: ignore[misc]
    return found


# -- what a file is --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Name:
    """What a file's name says."""

    edition: str = ""
    year: int | None = None


def _named(text: _wide.Text) -> _Name:
    stem = text.name.rpartition(".")[0]
    hit = next((m for p in _NAMES if (m := p.fullmatch(stem))), None)
    if hit is None:
        return _Name()
    name = _Name(hit.groupdict().get("edition") or "", int(hit["year"]))
    span = _RANGE.match(text.path.name) if text.member else None
    if span and not int(span["first"]) <= int(hit["year"]) <= int(span["last"]):
        raise InputError(
            text.place,
            found=f"the year {name.year} in an archive named {span[0]}",
            expected="a year of the archive's name",
            remedy="Get the archive again from its publisher.",
        )
    return name


@dataclass(frozen=True)
class _Layout:
    """Labels of one file, taken apart."""

    edition: _Edition
    regions: tuple[str, ...]
    industries: tuple[str, ...]
    demand: tuple[str, ...]
    final: tuple[str, ...]
    total: str

    @property
    def rows(self) -> tuple[str, ...]:
        """Labels of the flows as published."""
        return tuple(f"{r}_{i}" for r in self.regions for i in self.industries)

    @property
    def below(self) -> tuple[str, ...]:
        """Labels below the flows as published."""
        return tuple(
            label.replace("*", region)
            for label in self.edition.below
            for region in (self.final if "*" in label else ("",))
        )


def _layout(wide: _wide.Wide, name: _Name) -> _Layout:
    _world.refuse_transposed(wide, ("VA", "VALU", "TLS"))
    pairs = [label.partition("_")[::2] for label in wide.columns]
    first = next((i for i, (_, code) in enumerate(pairs) if code in DEMAND), len(pairs))
    flows, final = pairs[:first], pairs[first:]
    total = "_".join(part for part in final[-1] if part) if final else ""
    if total not in TOTALS:
        raise FormatError(
            f"{wide.place}, row 1",
            found=f"the last column {wide.columns[-1]!r}",
            expected="OUT (TOTAL in the 2021 edition)",
            remedy=_old(flows)
            or "If it is a table of your own, name it in a table.toml: see "
            "docs/generic-tables.md. Else the file is cut off: get it again.",
        )
    _refuse_inner_total(wide, pairs[:-1])
    regions = tuple(dict.fromkeys(region for region, _ in flows))
    edition = _edition(wide, [code for region, code in flows if region == regions[0]])
    countries = tuple(dict.fromkeys(region for region, _ in final[:-1]))
    demand = tuple(dict.fromkeys(code for _, code in final[:-1]))
    layout = _Layout(edition, regions, edition.labels, demand, countries, total)
    wanted = (*layout.rows, *(f"{c}_{d}" for c in countries for d in demand), total)
    _world.expect_columns(wide, wanted)
    _check_demand(wide, layout)
    _check_claims(wide, name, layout)
    return layout


def _refuse_inner_total(wide: _wide.Wide, pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse a column of no region before the last one, such as a sum somebody added."""
    j = next((j for j, (_, code) in enumerate(pairs) if not code), None)
    if j is not None:
        raise LabelError(
            f"{wide.place}, row 1, column {j + 2}",
            found=f"{wide.columns[j]!r}, a column of no region and industry",
            expected="such a column at the end only, for the total",
            remedy="Take the added column out, or get the file again.",
        )


def _old(flows: Sequence[tuple[str, str]]) -> str:
    codes = {code for _, code in flows}
    return next((f"This is {text}, which is not read." for c, text in UNREAD.items()
                 if c in codes), "")  # fmt: skip


def _edition(wide: _wide.Wide, codes: Sequence[str]) -> _Edition:
    """The edition with exactly these industries, in this order."""
    for edition in _editions():
        if tuple(codes) == edition.labels:
            return edition
    old = next((text for code, text in UNREAD.items() if code in codes), "")
    if old:
        raise FormatError(
            wide.place,
            found=old,
            expected="the 2021, 2023 or 2025 edition",
            remedy="Download a newer edition of the tables, which covers the same years.",
        )
    near = max(_editions(), key=lambda e: len(set(e.labels) & set(codes)))
    lacking = [code for code in near.labels if code not in codes]
    extra = [code for code in codes if code not in near.labels]
    parts = [f"{len(codes)} industries"]
    parts += [f"without {', '.join(lacking[:3])}"] if lacking else []
    parts += [f"with {', '.join(map(repr, extra[:3]))}"] if extra else []
    order = "" if lacking or extra else " in another order or twice"
    raise FormatError(
        f"{wide.place}, row 1",
        found=", ".join(parts) + order,
        expected=f"the {len(near.labels)} industries of the {near.name} edition in their order",
        remedy="Use the file as published; a table of your own needs a table.toml.",
    )


def _check_demand(wide: _wide.Wide, layout: _Layout) -> None:
    """Six uses in every region, and every region there except parts of a country."""
    own = tuple(d for d in DEMAND if d not in DIRECT)
    if layout.demand[:-1] != own or layout.demand[-1] not in DIRECT:
        raise FormatError(
            f"{wide.place}, row 1",
            found=f"final demand {', '.join(layout.demand)}",
            expected=", ".join((*own, DIRECT[0])),
            remedy="Use the file as published.",
        )
    whole = [r for r in layout.regions if not _SPLIT.fullmatch(r)]
    if list(layout.final) != whole:
        odd = sorted(set(whole) ^ set(layout.final))
        raise LabelError(
            f"{wide.place}, row 1",
            found=f"{', '.join(odd[:5])} with flows but no final demand, or the other way round"
            if odd else "final demand in another order of regions",
            expected="the same regions, in one order; only parts of CHN and MEX without demand",
            remedy="Use the file as published.",
        )  # fmt: skip


def _check_claims(wide: _wide.Wide, name: _Name, layout: _Layout) -> None:
    """What the names say of edition and year must be so."""
    edition = layout.edition
    span = _RANGE.match(wide.text.path.name) if wide.text.member else None
    claimed = name.edition or (span["edition"] if span else None) or edition.name
    if claimed != edition.name:
        raise InputError(
            wide.place,
            found=f"the industries of the {edition.name} edition",
            expected=f"those of the {claimed} edition, which the name claims",
            remedy="Rename the file, or get it again from its publisher.",
        )
    first, last = edition.years
    if name.year is not None and not first <= name.year <= last:
        raise InputError(
            wide.place,
            found=f"the year {name.year} with the industries of the {edition.name} edition",
            expected=f"a year from {first} to {last}",
            remedy="Rename the file, or get it again from its publisher.",
        )


# -- the table -------------------------------------------------------------------------------------


def _table(wide: _wide.Wide, name: _Name, fold: bool) -> _world.Part:
    layout = _layout(wide, name)
    regions = tuple(r for r in layout.regions if not (fold and _SPLIT.fullmatch(r)))
    known = classify.classification(layout.edition.classification)
    axis = Axis.world(regions, known.codes, known.titles)
    titles = [DEMAND[d][1] for d in layout.demand]
    demand = Axis.world(layout.final, layout.demand, titles)
    frame = _world.Frame(
        layout.rows, _targets(wide, layout, regions), len(axis), len(demand), layout.below, True
    )
    inputs = layout.below[:-1]
    primary = _world.Primary(
        inputs,
        (*("taxes" for _ in inputs[1:]), "value_added"),
        tuple(range(len(inputs))),
    )
    filled = _world.filled(wide, frame, len(inputs))
    split = [r for r in layout.regions if _SPLIT.fullmatch(r)]
    _refuse_double(wide, layout, split, filled.whole)
    n = len(axis)
    x = filled.below[-1, :n]
    if _whole_world(layout):
        _world.refuse_scale(wide.place, filled.below[len(inputs) - 1, :n], name.year)
    return _world.packed(
        filled,
        x,
        axis,
        demand,
        tuple(DEMAND[d][0] for d in layout.demand) * len(layout.final),
        primary,
        TableInfo(
            SOURCE.name,
            name.year,
            "WORLD",
            "world",
            title=f"OECD ICIO table{'' if name.year is None else f', {name.year}'}"
            + (", extended" if split else ""),
            edition=layout.edition.name,
            currency="USD",
            unit="million",
            prices="current",
            valuation="basic",
            kind="industry-by-industry",
            classification=known.name,
            licence=SOURCE.licence,
            steps=_steps(split, fold),
            notes=(
                *wide.notes,
                *_world.unnamed(wide, name.year, "2020_SML.csv"),
                *_world.coverage(layout.final, (layout.edition.regions,), REST),
                *_world.gap_note(axis, f"row {layout.below[-1]} and column {layout.total}",
                                 x, filled.total),
            ),
        ),
    )  # fmt: skip


def _targets(wide: _wide.Wide, layout: _Layout, regions: Sequence[str]) -> _world.IntArray:
    """Position of every published row on the axis of the table."""
    n = len(layout.industries)
    starts = []
    for region in layout.regions:
        home = region if region in regions else _WHOLE[region[:2]]
        if home not in regions:
            raise LabelError(
                f"{wide.place}, {region}",
                found=f"a part of {home}, but no {home}",
                expected=f"{home}, which has the final demand",
                remedy="Use the file as published.",
            )
        starts.append(regions.index(home) * n)
    return (np.array(starts, dtype=np.intp)[:, None] + np.arange(n, dtype=np.intp)).ravel()


def _refuse_double(
    wide: _wide.Wide, layout: _Layout, split: Sequence[str], sales: Array
) -> None:  # fmt: skip
    """Refuse parts of a country beside a total that holds them once more."""
    own = dict(zip(layout.regions, sales.reshape(len(layout.regions), -1), strict=True))
    for country in dict.fromkeys(_WHOLE[region[:2]] for region in split):
        parts = [r for r in split if _WHOLE[r[:2]] == country]
        total = np.sum([own[r] for r in parts], axis=0)
        busy = total > 0
        twice = busy & (np.abs(own[country] - total) <= _DOUBLE * np.abs(total))
        if busy.any() and 2 * twice.sum() >= busy.sum():
            raise InputError(
                f"{wide.place}, {country}",
                found=f"rows of {country} that equal the sum of {', '.join(parts)}",
                expected=f"the production of {country} once, in its parts",
                remedy=f"Take out either the rows and columns of {country}'s parts or the "
                "doubled ones; the files as published hold none.",
            )


def _whole_world(layout: _Layout) -> bool:
    return REST in layout.regions and len(layout.final) >= layout.edition.regions


def _steps(split: Sequence[str], fold: bool) -> tuple[str, ...]:
    if not split or not fold:
        return ()
    homes = dict.fromkeys(_WHOLE[region[:2]] for region in split)
    return tuple(
        f"{home}: rows and columns of {', '.join(r for r in split if _WHOLE[r[:2]] == home)} added"
        for home in homes
    )
