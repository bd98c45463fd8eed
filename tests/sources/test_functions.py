"""Shares of functions from a file of country, industry, function and share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from servio.errors import FormatError, LabelError, ValueFault
from servio.sources import with_functions
from servio.table import IOTable
from tables import random_world


@pytest.fixture(scope="module")
def world() -> IOTable:
    return random_world(1, dead=4)


def lines(world: IOTable) -> list[str]:
    found = ["share;function;industry;country"]
    for i in np.flatnonzero(world.live)[::-1]:
        place = f"{world.axis.codes[i]};{world.axis.countries[i]}"
        found += [f"{i / 100};research;{place}", f"{1 - i / 100};fabrication;{place}"]
    return found


def write(tmp_path: Path, rows: list[str]) -> Path:
    path = tmp_path / "functions.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_rows_and_columns_in_any_order(world: IOTable, tmp_path: Path):
    table = with_functions(world, write(tmp_path, lines(world)))
    research = table.satellites["functions: research"]
    expected = np.where(world.live, np.arange(len(world)) / 100, 0.0)
    np.testing.assert_allclose(research.values, expected, rtol=1e-12)
    assert research.unit == "share" and table.fingerprint != world.fingerprint
    assert "functions.csv" in table.info.steps[-1]


def test_rounding_is_divided_in_proportion(world: IOTable, tmp_path: Path):
    rows = [row.replace("0.2;", "0.2000004;", 1) for row in lines(world)]
    table = with_functions(world, write(tmp_path, rows))
    sums = sum(s.values for s in table.satellites.values())
    np.testing.assert_allclose(sums[world.live], 1.0, rtol=1e-14)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda rows: ["a;b;c;d", *rows[1:]], FormatError, "row 1"),
        (lambda rows: rows[:1], FormatError, "no rows"),
        (lambda rows: rows[:-1], LabelError, "no share of 1 industries"),
        (lambda rows: [*rows, rows[-1]], LabelError, "twice"),
        (lambda rows: [*rows, "0.5;research;X;Y"], LabelError, "no such industry"),
        (lambda rows: [*rows[:-1], rows[-1].replace("1.0;", "0.9;")], ValueFault, "add up to 0.9"),
        (lambda rows: [*rows[:-1], rows[-1].replace("1.0;", "100;")], ValueFault, "from 0 to 1"),
        (lambda rows: [*rows[:-1], rows[-1].replace("1.0;", "one;")], ValueFault, "one"),
    ],
)
def test_faults_are_named(world: IOTable, tmp_path: Path, change, error, words):
    with pytest.raises(error, match=words):
        with_functions(world, write(tmp_path, change(lines(world))))
