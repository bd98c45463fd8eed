"""World tables in the published layouts (ICIO, FIGARO, WIOD 2016), filled from the model world.

Numbers are invented and seeded; a file may be of any number of regions. Every writer writes what
`World` holds, to the last bit unless it is rounded first.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import openpyxl

from servio.classify import classification
from servio.sources import figaro, wiod2016, wiot
from servio.sources.model import model_world

ICIO_REGIONS = (
    "CHN", "KOR", "MEX", "USA", "DEU", "JPN", "VNM", "AGO", "ARE", "ARG", "AUS", "AUT", "BEL",
    "BGD", "BGR", "BLR", "BRA", "BRN", "CAN", "CHE", "CHL", "CIV", "CMR", "COD", "COL", "CRI",
    "CYP", "CZE", "DNK", "EGY", "ESP", "EST", "FIN", "FRA", "GBR", "GRC", "HKG", "HRV", "HUN",
    "IDN", "IND", "IRL", "ISL", "ISR", "ITA", "JOR", "KAZ", "KHM", "LAO", "LTU", "LUX", "LVA",
    "MAR", "MLT", "MMR", "MYS", "NGA", "NLD", "NOR", "NZL", "PAK", "PER", "PHL", "POL", "PRT",
    "ROU", "RUS", "SAU", "SEN", "SGP", "STP", "SVK", "SVN", "SWE", "THA", "TUN", "TUR", "TWN",
    "UKR", "ZAF",
)  # fmt: skip
FIGARO_AREAS = (
    "CN", "KR", "MX", "US", "DE", "JP", "AR", "AT", "AU", "BE", "BG", "BR", "CA", "CH", "CY",
    "CZ", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "ID", "IE", "IN", "IT", "LT", "LU",
    "LV", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "RU", "SA", "SE", "SI", "SK",
    "TR", "UK", "ZA", "AL",
)  # fmt: skip
PARTS = {"CHN": ("CN1", "CN2"), "MEX": ("MX1", "MX2")}
_USES = {"household": 0, "government": 1, "investment": 2, "inventory": 3}


@dataclass(frozen=True)
class World:
    """A world table as arrays.

    Parameters
    ----------
    regions, codes : sequence of str
    Z : array (n, n)
    Y : array (n, g, 4)
        Final use by households, government, investment and inventories of each region.
    taxes, wages, surplus : array (n,)
    x : array (n,)
    """

    regions: tuple[str, ...]
    codes: tuple[str, ...]
    Z: np.ndarray
    Y: np.ndarray
    taxes: np.ndarray
    wages: np.ndarray
    surplus: np.ndarray
    x: np.ndarray

    @property
    def rows(self) -> list[str]:
        return [f"{r}_{c}" for r in self.regions for c in self.codes]

    def rounded(self, digits: int) -> World:
        """Numbers of a few digits, balanced by surplus, for files of a realistic size."""
        Z, Y, taxes, wages = (np.round(a, digits) for a in (self.Z, self.Y, self.taxes, self.wages))
        x = Z.sum(axis=1) + Y.sum(axis=(1, 2))
        surplus = np.round(x - Z.sum(axis=0) - taxes - wages, digits)
        return replace(self, Z=Z, Y=Y, taxes=taxes, wages=wages, surplus=surplus,
                       x=np.round(x, digits))  # fmt: skip


def world(
    regions: Sequence[str], codes: Sequence[str], *, seed: int = 0, value_added: float = 8.0e7
) -> World:
    """A world of the model with these labels; value added in all within a factor 1.5."""
    n = len(codes)
    table = next(iter(model_world(seed, countries=len(regions), industries=n, years=1).tables()))
    scale = 2.0 ** np.round(np.log2(value_added / table.value_added.sum()))
    assert table.demand_roles[:4] == tuple(_USES)
    taxes, wages, surplus = table.V * scale + 0.0
    Y = (table.Y * scale + 0.0).reshape(len(table), len(regions), 4)
    return World(tuple(regions), tuple(codes), table.Z * scale, Y, taxes, wages, surplus,
                 table.x * scale)  # fmt: skip


def icio_regions(count: int) -> tuple[str, ...]:
    """China, Korea, Mexico, the USA, then others; sorted, the rest of the world last."""
    return (*sorted(ICIO_REGIONS[: count - 1]), "ROW")


def figaro_areas(count: int) -> tuple[str, ...]:
    return (*sorted(FIGARO_AREAS[: count - 1]), "FIGW1")


def wiot_regions(count: int) -> tuple[str, ...]:
    return (*list(wiod2016.COUNTRIES)[: count - 1], "ROW")


# -- ICIO ------------------------------------------------------------------------------------------

ICIO_NAMES = {"isic4_oecd50": "2025", "isic4_oecd45": "2023"}


def icio_world(count: int = 4, name: str = "isic4_oecd45", seed: int = 0) -> World:
    return world(icio_regions(count), classification(name).codes, seed=seed)


def icio_demand(w: World) -> np.ndarray:
    """Six uses a region, shape (n, g, 6): a part of households' goes to NPISH and direct ones."""
    household, government, investment, inventory = np.moveaxis(w.Y, 2, 0)
    return np.stack([household * 0.875, household * 0.0625, government, investment, inventory,
                     household * 0.0625], axis=2)  # fmt: skip


def icio_matrix(
    w: World, *, edition: str = "2023", split: Sequence[str] = (), own: bool = False
) -> tuple[list[str], list[str], np.ndarray]:
    """Row labels, column labels and numbers of a file, totals included.

    Parameters
    ----------
    split : sequence of str
        Countries whose flows lie in parts, whose sums are exact.
    own : bool
        The country's own rows keep its sales to the last region.
    """
    g, n = len(w.regions), len(w.codes)
    Y = icio_demand(w).reshape(g * n, -1)
    taxes = 0.0078125 * Y.sum(axis=0)
    flows, final, regions = _split(w, Y, split, own) if split else (w.Z, Y, list(w.regions))
    weights = _column_weights(w, regions, split)
    old = edition == "2021"
    codes = w.codes
    if old:
        styles = classification("isic4_oecd45").styles["edition_2021"]
        codes = tuple({code: label for label, code in styles.items()}[c] for c in w.codes)
    labels = [f"{r}_{c}" for r in regions for c in codes]
    uses = ("HFCE", "NPISH", "GGFC", "GFCF", "INVNT", "DPABR")
    columns = [*labels, *(f"{r}_{u}" for r in w.regions for u in uses), "TOTAL" if old else "OUT"]
    tax = np.concatenate([_spread(w.taxes, weights, n), taxes])
    value_added = np.concatenate([_spread(w.wages + w.surplus, weights, n), 0.0 * taxes])
    sums = np.concatenate([_spread(w.x, weights, n), Y.sum(axis=0)])
    if old:
        below = [*(f"{r}_TAXSUB" for r in w.regions), "VALU", "OUTPUT"]
        shares = np.where(np.arange(g) == 0, 1.0, 0.0)[:, None]
        bottom = np.vstack([tax * shares, value_added, sums])
    else:
        below = ["TLS", "VA", "OUT"]
        bottom = np.vstack([tax, value_added, sums])
    top = np.hstack([flows, final])
    top = np.hstack([top, top.sum(axis=1, keepdims=True)])
    bottom = np.hstack([bottom, np.zeros((len(bottom), 1))])
    return [*labels, *below], columns, np.vstack([top, bottom])


def _column_weights(w: World, regions: Sequence[str], split: Sequence[str]) -> dict[str, float]:
    """Share of its country's costs in each published region."""
    weights = dict.fromkeys(regions, 1.0)
    for country in split:
        weights[country] = 0.0
        weights.update(dict.fromkeys(PARTS[country], 0.5))
    return weights


def _home(region: str) -> str:
    return next((c for c, parts in PARTS.items() if region in parts), region)


def _spread(values: np.ndarray, weights: dict[str, float], n: int) -> np.ndarray:
    """Values by industry of each country, shared out over published regions."""
    homes = list(dict.fromkeys(_home(r) for r in weights))
    by = dict(zip(homes, values.reshape(len(homes), n), strict=True))
    return np.concatenate([by[_home(r)] * weight for r, weight in weights.items()])


def _split(
    w: World, Y: np.ndarray, split: Sequence[str], own: bool
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Flows with parts at the end; halves and wholes, so that sums are exact."""
    n = len(w.codes)
    regions = [*w.regions, *(part for c in split for part in PARTS[c])]
    weights = _column_weights(w, regions, split)
    at = {r: w.regions.index(_home(r)) for r in regions}
    buyers = w.Z.reshape(len(w.Z), len(w.regions), n)
    wide = np.concatenate([buyers[:, at[r]] * weights[r] for r in regions], axis=1)
    both = np.hstack([wide, Y])
    rows = []
    for region in regions:
        home = _home(region)
        block = both[at[region] * n : (at[region] + 1) * n].copy()
        if home in split:
            keep = np.full(block.shape[1], weights[region])
            if own:
                keep[-6:] = 1.0 if region == home else 0.0
            block *= keep
        rows.append(block)
    out = np.vstack(rows)
    return out[:, : wide.shape[1]], out[:, wide.shape[1] :], regions


def icio_text(w: World, corner: str = "V1", **options: object) -> str:
    return csv_text(corner, *icio_matrix(w, **options))


def csv_text(corner: str, rows: list[str], columns: list[str], values: np.ndarray) -> str:
    lines = [",".join([corner, *columns])]
    for label, row in zip(rows, values.tolist(), strict=True):
        lines.append(label + "," + ",".join(map(_short, row)))
    return "\n".join(lines) + "\n"


def _short(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def write_text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def write_zip(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


# -- FIGARO ----------------------------------------------------------------------------------------


def figaro_world(count: int = 3, seed: int = 0) -> World:
    return world(figaro_areas(count), classification("nace2_64").codes, seed=seed)


def figaro_demand(w: World) -> np.ndarray:
    """Five uses an area in the order of the files, shape (n, g, 5)."""
    household, government, investment, inventory = np.moveaxis(w.Y, 2, 0)
    return np.stack([government, household * 0.875, household * 0.125, investment, inventory],
                    axis=2)  # fmt: skip


def figaro_matrix(w: World, *, products: bool = False) -> tuple[list[str], list[str], np.ndarray]:
    Y = figaro_demand(w).reshape(len(w.x), -1)
    codes = [f"CPA_{c}" if products else c for c in w.codes]
    labels = [f"{r}_{c}" for r in w.regions for c in codes]
    columns = [*labels, *(f"{r}_{d}" for r in w.regions for d in figaro.DEMAND)]
    bottom = np.zeros((6, len(columns)))
    n = len(labels)
    bottom[0] = np.concatenate([w.taxes, 0.0078125 * Y.sum(axis=0)])
    bottom[1, n:], bottom[2, n:] = 0.25, -0.25
    bottom[3, :n], bottom[4, :n], bottom[5, :n] = w.wages, 0.0625 * w.surplus, 0.9375 * w.surplus
    return [*labels, *figaro.PRIMARY], columns, np.vstack([np.hstack([w.Z, Y]), bottom])


def figaro_text(w: World, **options: object) -> str:
    return csv_text("rowLabels", *figaro_matrix(w, **options))


# -- WIOD 2016 -------------------------------------------------------------------------------------


def wiot_world(count: int = 3, seed: int = 0) -> World:
    return world(wiot_regions(count), classification("isic4_wiod56").codes, seed=seed)


def wiot_cells(w: World) -> list[list[object]]:
    """Rows of cells of the sheet, blanks as None."""
    household, government, investment, inventory = np.moveaxis(w.Y, 2, 0)
    Y = np.stack([household * 0.875, household * 0.125, government, investment, inventory], axis=2)
    Y = Y.reshape(len(w.x), -1)
    m = Y.shape[1]
    columns = [(c, r) for r in w.regions for c in w.codes]
    columns += [(d, r) for r in w.regions for d in wiot.DEMAND]
    blank: list[object] = [None] * 4
    numbers = [f"c{i % len(w.codes) + 1}" for i in range(len(w.x))]
    numbers += [f"c{57 + i % 5}" for i in range(m)]
    cells: list[list[object]] = [["Intercountry Input-Output Table"], ["in millions of US$"]]
    cells.append([*blank, *(c for c, _ in columns), "GO"])
    cells.append([*blank, *(f"about {c}" for c, _ in columns), "Total output"])
    cells.append([*blank, *(r for _, r in columns), "TOT"])
    cells.append([*blank, *numbers, "c62"])
    for i, (label, row) in enumerate(zip(columns, np.hstack([w.Z, Y]).tolist(), strict=False)):
        cells.append([label[0], "about", label[1], numbers[i].replace("c", "r"), *row,
                      float(w.x[i])])  # fmt: skip
    bottom = np.zeros((8, len(columns)))
    n = len(w.x)
    bottom[0] = np.concatenate([w.Z.sum(axis=0), Y.sum(axis=0)])
    bottom[1, :n], bottom[1, n:] = w.taxes, 2.0
    bottom[5, :n] = w.wages
    bottom[6, :n] = w.surplus
    bottom[7, :n], bottom[7, n:] = w.x, Y.sum(axis=0)
    for k, (name, row) in enumerate(
        zip(("II_fob", *wiot.PRIMARY, "GO"), bottom.tolist(), strict=True)
    ):
        cells.append([name, "about", "TOT", f"r{65 + k}", *row, None])
    return cells


def write_xlsx(path: Path, cells: Sequence[Sequence[object]], sheet: str = "2014") -> Path:
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet(sheet)
    for row in cells:
        page.append(list(row))
    book.save(path)
    return path


_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="bin" '
    'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
    "</Types>"
)
_RELATION = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/{kind}" Target="{target}"/></Relationships>'
)


def write_xlsb(path: Path, cells: Sequence[Sequence[object]], sheet: str = "2014") -> Path:
    """A binary workbook ([MS-XLSB] records) with text in the cells themselves."""
    book = io.BytesIO()
    for kind, data in (
        (131, b""),
        (143, b""),
        (156, struct.pack("<II", 0, 1) + _wide_text("rId1") + _wide_text(sheet)),
        (144, b""),
        (132, b""),
    ):
        _record(book, kind, data)
    page = io.BytesIO()
    width = max(len(row) for row in cells)
    _record(page, 129, b"")
    _record(page, 148, struct.pack("<IIII", 0, len(cells) - 1, 0, width - 1))
    _record(page, 145, b"")
    for i, row in enumerate(cells):
        _record(page, 0, struct.pack("<IIHBBI", i, 0, 300, 0, 0, 0))
        for j, value in enumerate(row):
            if isinstance(value, str):
                _record(page, 6, struct.pack("<II", j, 0) + _wide_text(value))
            elif value is not None:
                _record(page, 5, struct.pack("<IId", j, 0, float(value)))
    _record(page, 146, b"")
    _record(page, 130, b"")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        for name, kind, target in (
            ("_rels/.rels", "officeDocument", "xl/workbook.bin"),
            ("xl/_rels/workbook.bin.rels", "worksheet", "worksheets/sheet1.bin"),
        ):
            archive.writestr(name, _RELATION.format(kind=kind, target=target))
        archive.writestr("xl/workbook.bin", book.getvalue())
        archive.writestr("xl/worksheets/sheet1.bin", page.getvalue())
    return path


def _wide_text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _record(out: io.BytesIO, kind: int, data: bytes) -> None:
    """Type and length in 7-bit pieces, then the content."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size = len(data)
    while True:
        head += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            break
    out.write(head + data)
