"""Large answers: nothing is left out without a word, and nobody waits behind them."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

from servio.web._answers import Answer, RequestFault
from servio.web._api import export
from servio.web._api.export import CELL, MOST, as_file, write_frame

READ: dict[str, Any] = {
    "xlsx": partial(pd.read_excel, engine="openpyxl"),
    "csv": pd.read_csv,
    "parquet": pd.read_parquet,
    "dta": pd.read_stata,
}


def rows(count: int) -> pa.Table:
    year = np.arange(count, dtype=np.int32) % 15 + 2000
    return pa.table({"year": year, "country": ["KOR"] * count, "value": np.arange(count) / 8})


def answer(frame: Any) -> Answer:
    return Answer({"about": {"measure": "m", "title": {"en": "T"}}}, frame)


# -- nothing is left out ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "xlsx", "csv", "parquet", "dta"])
def test_h12_more_rows_than_an_answer_may_have_are_refused(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST["xlsx"] + 1 == 2**20  # with the names of the columns, all a sheet has
    assert MOST["json"] <= 300_000
    monkeypatch.setitem(export.MOST, form, 20)
    as_file(answer(rows(20)), form, "x")
    with pytest.raises(RequestFault, match=r"21 rows.*at most 20") as refused:
        as_file(answer(rows(21)), form, "x")
    assert refused.value.status == 422
    wider = [other for other in ("csv", "parquet") if other != form]
    assert all(f"{other}" in refused.value.remedy for other in wider)
    assert "in parts: country=" in refused.value.remedy


def test_h12_more_than_any_form_holds_is_to_be_asked_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for form in MOST:
        monkeypatch.setitem(export.MOST, form, 20)
    with pytest.raises(RequestFault, match=r"Ask in parts: country="):
        as_file(answer(rows(21)), "xlsx", "x")


def test_a_text_longer_than_a_cell_is_not_cut() -> None:
    long = pd.DataFrame({"label": ["a" * (CELL + 1)], "value": [1.0]})
    with pytest.raises(RequestFault, match=r"32,768 characters"):
        as_file(answer(long), "xlsx", "x")
    text = pd.read_csv(io.BytesIO(as_file(answer(long), "csv", "x").body))
    stata = pd.read_stata(io.BytesIO(as_file(answer(long), "dta", "x").body))
    assert len(text.label[0]) == len(stata.label[0]) == CELL + 1


def test_what_there_is_to_know_goes_on_in_the_next_cell() -> None:
    lines = {"measure": "m", "python": "b" * (2 * CELL), "unit": ""}
    body = as_file(Answer({"about": lines}, rows(2)), "xlsx", "x").body
    sheet = openpyxl.load_workbook(io.BytesIO(body))["about"]
    told = [(row[0].value, row[1].value) for row in sheet.iter_rows()]
    assert "".join(text for key, text in told if key == "python") == "b" * (2 * CELL)
    assert ("unit", None) in [(key, text or None) for key, text in told]


@pytest.mark.parametrize("form", ["xlsx", "csv", "parquet", "dta"])
def test_places_of_rows_are_no_column(form: str) -> None:
    some = rows(9).to_pandas()[::2].sort_values("value", ascending=False)
    body = io.BytesIO(as_file(answer(some), form, "x").body)
    back = READ[form](body)
    assert list(back.columns) == ["year", "country", "value"]
    assert back.value.tolist() == some.value.tolist()


@pytest.mark.parametrize("form", ["xlsx", "csv", "parquet", "dta"])
def test_a_file_written_in_pieces_holds_every_row(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "TOGETHER", 7)
    made, path = rows(50), tmp_path / f"file.{form}"
    with path.open("wb") as file:
        write_frame(made, {"measure": "m"}, form, file, tmp_path)
    back = READ[form](path)
    assert back.value.tolist() == made["value"].to_pylist()
    assert back.year.tolist() == made["year"].to_pylist()
    assert list(tmp_path.iterdir()) == [path]
