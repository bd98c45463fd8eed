"""Workbooks and Parquet files in the layouts of WIOD, filled with invented numbers."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from servio.classify import classification
from servio.sources import sea, wiod2013, wiod2016

CODES = classification("isic4_wiod56").codes
SHEET = "xl/worksheets/sheet2.xml"


def national_values(seed: int = 0) -> np.ndarray:
    """Balanced values, shape (15, 120, 63), of few digits: what is written is what is read."""
    rng = np.random.default_rng(seed)
    values = np.zeros((15, 120, 63))
    values[:, :112, :62] = np.round(rng.gamma(0.5, 10.0, (15, 112, 62)) * 64) / 64
    values[:, 55] = values[:, 111] = values[:, :, 55] = 0.0
    values[:, 56:112, 61] = 0.0
    values[:, :56, 62] = values[:, :56, :62].sum(axis=2)
    values[:, 112, :61] = values[:, :112, :61].sum(axis=1)
    values[:, 113, :61] = 1.0
    values[:, 118, :56] = 0.5
    output = np.swapaxes(values[:, :56, 62:], 1, 2)[:, 0]
    values[:, 117, :56] = output - values[:, 112, :56] - values[:, 113, :56] - values[:, 118, :56]
    values[:, 119, :56] = output
    return values


def productive_values() -> np.ndarray:
    """Values of which a part only is bought from other industries; years add up as before."""
    values = national_values()
    values[:, :112, :56] /= 64
    values[:, [113, 118], 55] = 0.0
    output = values[:, :56, :62].sum(axis=2)
    values[:, :56, 62] = values[:, 119, :56] = output
    values[:, 112, :61] = values[:, :112, :61].sum(axis=1)
    paid = values[:, [112, 113, 118], :56].sum(axis=1)
    values[:, 117, :56] = np.where(output > 0, output - paid, 0.0)
    return values


def write_national(path: Path, country: str = "Korea", values: np.ndarray | None = None) -> Path:
    """A workbook like ``KOR_NIOT_nov16.xlsx``."""
    values = national_values() if values is None else values
    book = openpyxl.Workbook(write_only=True)
    notes = book.create_sheet("Notes")
    notes.append(["Country", country])
    notes.append(["National I-O tables"])
    sheet = book.create_sheet(wiod2016.SHEET)
    columns = (*CODES, *wiod2016.DEMAND, "GO")
    sheet.append(["Year", "Code", "Description", "Origin", *columns])
    sheet.append([None] * 4 + [f"about {code}" for code in columns])
    blocks = (("Domestic", CODES), ("Imports", CODES), ("TOT", wiod2016.TOTALS))
    for t, year in enumerate(wiod2016.YEARS):
        labels = [(code, origin) for origin, block in blocks for code in block]
        for (code, origin), row in zip(labels, values[t].tolist(), strict=True):
            sheet.append([year, code, f"about {code}", origin, *row])
    book.save(path)
    return path


def edit(
    source: Path, target: Path, cell: str, inside: str, kind: str = "", member: str = SHEET
) -> Path:
    """Copy a workbook with another content of one cell, written as XML."""
    new = f'<c r="{cell}"{kind}>{inside}</c>'
    old = re.compile(rf'<c r="{cell}"[^>]*?(/>|>.*?</c>)')
    return rewrite(source, target, member, lambda text: old.sub(new, text, count=1))


def rewrite(source: Path, target: Path, member: str, change) -> Path:
    """Copy a workbook with one member changed by a function on its text."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == member:
                changed = change(content.decode())
                assert changed != content.decode()
                content = changed.encode()
            new.writestr(item.filename, content)
    return target


def without_rows(text: str, first: int, last: int) -> str:
    """A sheet's XML with rows cut out and the later ones moved up."""
    rows = re.findall(r"<row .*?</row>", text)
    kept = [*rows[: first - 1], *(_moved(row, i + 1) for i, row in
                                  enumerate(rows[last:], start=first - 1))]  # fmt: skip
    start, end = text.index("<row "), text.rindex("</row>") + len("</row>")
    return text[:start] + "".join(kept) + text[end:]


def _moved(row: str, number: int) -> str:
    return re.sub(r'(r="[A-Z]*)\d+"', rf'\g<1>{number}"', row)


def world_values(countries: int, codes: int, seed: int = 0) -> np.ndarray:
    """Whole numbers, shape (n, n + 5 countries): flows and final demand."""
    rng = np.random.default_rng(seed)
    n = countries * codes
    return rng.integers(0, 50, (n, n + 5 * countries)).astype(float)


def write_world_parquet(path: Path, values: np.ndarray | None = None) -> Path:
    """A file like ``wiot_2009.parquet``."""
    codes = classification("isic3_wiod35").codes
    rows = [f"{c}_{k}" for c in wiod2013.COUNTRIES for k in codes]
    final = [f"{c}_{k}" for c in wiod2013.COUNTRIES for k in wiod2013.DEMAND]
    values = world_values(41, 35) if values is None else values
    columns = {"row": pa.array(rows)}
    for name, column in zip((*rows, *final), values.T, strict=True):
        columns[name] = pa.array(column.astype(np.int32))
    columns["output"] = pa.array(values.sum(axis=1).astype(np.int32))
    pq.write_table(pa.table(columns), path, use_dictionary=False)
    return path


def write_world_workbook(
    path: Path,
    year: int = 2009,
    countries: tuple[str, ...] = ("AUS", "ROM", "RoW"),
    final: bool = True,
) -> Path:
    """A workbook like ``wiot09_row_sep12.xlsx`` with four industries a country."""
    codes = ("c1", "c2", "c3", "c35")
    g, n = len(countries), len(countries) * len(codes)
    values = world_values(g, len(codes))
    Z, x = values[:, :n], values.sum(axis=1)
    below = np.zeros((8, n))
    below[0], below[1], below[6], below[7] = Z.sum(axis=0), 2.0, 3.0, x
    below[5] = x - Z.sum(axis=0) - 5.0
    labels = [(c, k) for c in countries for k in codes]
    demand = [(c, k) for c in countries for k in wiod2013.DEMAND]
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = f"WIOT_{year}"
    sheet.append(["World Input-Output Table"])
    sheet.append(["in current prices"])
    sheet.append(["(industry-by-industry)", "", "", "", *("AtB" for _ in labels)])
    sheet.append(["(millions of US$)", "", "", "", *("name" for _ in (*labels, *demand)),
                  "Total output"])  # fmt: skip
    sheet.append(["", "", "", "", *(c for c, _ in (*labels, *demand))])
    sheet.append(["", "", "", "", *(k for _, k in (*labels, *demand))])
    for (country, code), row, output in zip(labels, values.tolist(), x, strict=True):
        sheet.append(["AtB", "name", country, code, *row, output])
    titles = ("Total intermediate consumption", *(t for t, _ in wiod2013.PRIMARY.values()),
              "Output at basic prices")  # fmt: skip
    blank = [1.0 if final else None] * len(demand)
    for title, code, row in zip(
        titles, ("r60", *wiod2013.PRIMARY, "r69"), below.tolist(), strict=True
    ):
        sheet.append(["", title, "TOT", code, *row, *blank, None])
    book.save(path)
    return path


def accounts_values(countries: tuple[str, ...], seed: int = 0) -> np.ndarray:
    """Values by variable, country, industry and year."""
    return np.random.default_rng(seed).gamma(1.0, 10.0, (len(sea.UNITS), len(countries), 56, 15))


def write_accounts(path: Path, countries: tuple[str, ...] = ("KOR", "CHN")) -> Path:
    """Accounts as a workbook like ``WIOD_SEA_Nov16.xlsx``; CHN has no EMPE."""
    values = accounts_values(countries)
    book = openpyxl.Workbook(write_only=True)
    book.create_sheet("Notes")
    sheet = book.create_sheet("DATA")
    sheet.append(["country", "variable", "description", "code", *map(str, sea.YEARS)])
    for c, country in enumerate(countries):
        for v, variable in enumerate(sea.UNITS):
            for k, code in enumerate(CODES):
                missing = country == "CHN" and variable == "EMPE"
                row = [None] * 15 if missing else values[v, c, k].tolist()
                sheet.append([country, variable, "about it", code, *row])
    book.save(path)
    return path


def write_accounts_parquet(path: Path, countries: tuple[str, ...] = ("KOR", "CHN")) -> Path:
    """The same as Parquet, one row a country, industry and year."""
    values = accounts_values(countries)
    keys = [(c, k, str(y)) for c in countries for k in CODES for y in sea.YEARS]
    columns = {name: pa.array([key[i] for key in keys])
               for i, name in enumerate(("country", "code", "year"))}  # fmt: skip
    for v, variable in enumerate(sea.UNITS):
        flat = values[v].ravel()
        if variable == "EMPE":
            flat = np.where([key[0] == "CHN" for key in keys], np.nan, flat)
        columns[variable] = pa.array(flat)
    pq.write_table(pa.table(columns), path)
    return path
