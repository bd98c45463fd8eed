"""Indicators from delimited text: what is read, and the cell of every fault."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from servio.errors import FormatError, LabelError, ServioError, ValueFault
from servio.sources import read_indicators


def written(folder: Path, text: str) -> Path:
    path = folder / "i.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_numbers_gaps_and_keys(tmp_path: Path) -> None:
    path = written(tmp_path, "income;year;country\n1.5;2001;07\n;2000;08\n-2e3;2002;010\n")
    found = read_indicators(path)
    assert list(found) == ["country", "year", "income"]
    assert found["country"].tolist() == ["07", "08", "010"]
    assert found["year"].tolist() == [2001, 2000, 2002]
    assert found["income"].dtype == np.float64
    np.testing.assert_array_equal(found["income"], [1.5, np.nan, -2000])


@pytest.mark.parametrize("cell", ["n/a", "inf", "nan", "1,5", "2000-01-01", "#DIV/0!", "1e999"])
def test_a_bad_cell_is_named(tmp_path: Path, cell: str) -> None:
    path = written(tmp_path, f"country;year;u\nA;2000;1\nB;2000;{cell}\n")
    with pytest.raises(ServioError, match=r"i.csv, row 3 \(B 2000\), column 'u'"):
        read_indicators(path)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"row 1: found no column 'year'.*keys="):
        read_indicators(written(tmp_path, "country,u\nA,1\n"))
    with pytest.raises(FormatError, match=r"row 2 .*column 'country': found no label"):
        read_indicators(written(tmp_path, "country,year,u\n,2000,1\n"))
    with pytest.raises(LabelError, match="twice"):
        read_indicators(written(tmp_path, "country,year,u,u\nA,2000,1,2\n"))
    with pytest.raises(FormatError, match="row 3"):
        read_indicators(written(tmp_path, "country,year,u\nA,2000,1\nA,2001\n"))
    with pytest.raises(ValueFault, match=r"'some', text; expected .* or nothing if it is missing"):
        read_indicators(written(tmp_path, "city,u\nA,some\n"), keys=["city"])
