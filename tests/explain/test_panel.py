"""Methods of panels: nothing leaves without a reason, files come back as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servio.errors import FormatError, LabelError, UsageError, ValueFault
from servio.explain import Column, Panel
from servio.explain._exporting import STATA_NAME, stata_names


def made(frame: pd.DataFrame | None = None) -> Panel:
    if frame is None:
        frame = pd.DataFrame(
            {
                "country": ["JPN", "JPN", "KOR", "KOR", "KOR"],
                "industry": ["C26"] * 5,
                "year": [2000, 2001, 2000, 2001, 2003],
                "va": [1.0, 2.0, 0.1 + 0.2, np.nan, -5.0],
                "kind": ["a", "b", "=1+1", "-x", "é"],
            }
        )
    return Panel(
        frame,
        ("country", "industry"),
        "year",
        {"va": Column("million USD", "account of=value_added"), "kind": Column("", "kind")},
        frame.iloc[:0][["country", "industry", "year"]].assign(reason=pd.Series(dtype=str)),
        synthetic=True,
        notes=("a note",),
        classes=pd.DataFrame({"class": ["x"], "member": ["KOR"], "value": [0.1 + 0.2]}),
    )


def test_with_columns_counts_what_is_undefined() -> None:
    panel = made().with_columns(ln_va="log(va)", twice="2 * ln_va")
    assert panel.columns["ln_va"] == Column("", "log(va)")
    assert panel.notes[1] == (
        "ln_va: 2 of 5 rows undefined (log of a number that is not above 0: 1; va is missing: 1)"
    )
    assert panel.frame["twice"].iloc[1] == 2 * np.log(2)
    assert "ln_va" not in made().frame
    for name in ("va", "lag", "in", "2x", "a b", "year"):
        with pytest.raises((UsageError, LabelError)):
            made().with_columns(**{name: "va"})


def test_where_says_why() -> None:
    panel = made().where("va > 0 and year < 2003")
    assert panel.frame["year"].tolist() == [2000, 2001, 2000]
    assert panel.dropped["reason"].tolist() == [
        "va > 0 and year < 2003: va is missing",
        "not va > 0 and year < 2003",
    ]
    assert panel.dropped[["country", "year"]].values.tolist() == [["KOR", 2001], ["KOR", 2003]]


def test_lagged_never_crosses_a_gap() -> None:
    panel = made().lagged("va").lagged("va", n=2)
    np.testing.assert_array_equal(panel.frame["va_lag"], [np.nan, 1, np.nan, 0.1 + 0.2, np.nan])
    np.testing.assert_array_equal(panel.frame["va_lag2"], [np.nan] * 5)


def test_balanced() -> None:
    panel = made().where("year < 2003").balanced()
    assert len(panel.frame) == 4
    assert made().where('country == "KOR"').balanced().frame["year"].nunique() == 3
    with pytest.raises(UsageError, match="no entity"):
        both = made().where('not (country == "KOR" and year == 2000)')
        both.where("year != 2001 or country == 'KOR'").balanced()


def test_summary_splits_between_and_within() -> None:
    frame = made().frame.assign(va=[1.0, 3.0, 5.0, 7.0, 9.0])
    row = made(frame).summary().set_index("column").loc["va"]
    assert (row["n"], row["undefined"], row["mean"], row["unit"]) == (5, 0, 5.0, "million USD")
    assert row["sd_between"] == pytest.approx(np.std([2, 7], ddof=1))
    assert row["sd_within"] == pytest.approx(np.std([-1, 1, -2, 0, 2], ddof=1))


def test_parquet_comes_back_whole(tmp_path: Path) -> None:
    panel = made()
    path = panel.to_parquet(tmp_path / "deep" / "panel.parquet")
    back = Panel.from_parquet(path, panel.dropped)
    pd.testing.assert_frame_equal(back.frame, panel.frame)
    assert back.classes is not None and panel.classes is not None
    pd.testing.assert_frame_equal(back.classes, panel.classes)
    assert (back.entity, back.time, back.columns) == (panel.entity, panel.time, panel.columns)
    assert (back.synthetic, back.notes) == (True, ("a note",))
    assert path.read_bytes() == panel.to_parquet(tmp_path / "again").read_bytes()
    assert len(Panel.from_parquet(path).dropped) == 0


def test_other_files_are_no_panels(tmp_path: Path) -> None:
    text, plain = tmp_path / "text", tmp_path / "plain"
    text.write_text("no")
    made().frame.to_parquet(plain)
    for path in (text, plain, tmp_path / "none"):
        with pytest.raises(FormatError, match="no panel"):
            Panel.from_parquet(path)


def test_csv_holds_no_formulas_and_full_numbers(tmp_path: Path) -> None:
    text = made().to_csv(tmp_path / "p.csv").read_text(encoding="utf-8")
    lines = text.split("\n")
    assert lines[0] == "country,industry,year,va,kind"
    assert lines[3] == "KOR,C26,2000,0.30000000000000004,'=1+1"
    assert lines[4] == "KOR,C26,2001,,'-x"
    assert lines[5] == "KOR,C26,2003,-5.0,é"


def test_stata_comes_back_with_labels(tmp_path: Path) -> None:
    long = "a_name_of_more_than_thirty_two_characters"
    frame = made().frame.assign(**{long: 1.0, f"{long}_2": 2.0, "int": 3.0, "str5": 4.0})
    panel = made(frame)
    path = panel.to_stata(tmp_path / "p.dta")
    with pd.read_stata(path, iterator=True) as reader:
        labels = reader.variable_labels()
        assert reader.data_label == "synthetic data"
    back = pd.read_stata(path)
    assert all(len(name) <= STATA_NAME for name in back)
    assert len(set(back)) == len(frame.columns)
    assert labels["va"] == "va (million USD): account of=value_added"
    assert labels["int_"] == "int"
    np.testing.assert_array_equal(back["va"], frame["va"])
    assert back["kind"].tolist() == frame["kind"].tolist()
    assert path.read_bytes()[:28] == b"<stata_dta><header><release>"
    assert path.read_bytes()[28:31] == b"118"
    assert path.read_bytes() == panel.to_stata(tmp_path / "q.dta").read_bytes()


def test_stata_refuses_infinities(tmp_path: Path) -> None:
    with pytest.raises(ValueFault, match="infinite"):
        made(made().frame.assign(va=np.inf)).to_stata(tmp_path / "p.dta")
    assert list(tmp_path.iterdir()) == []


NAMES = st.lists(st.text(min_size=1, max_size=50), min_size=1, max_size=8, unique=True)


@settings(max_examples=100, deadline=None)
@given(names=NAMES)
def test_stata_names_are_short_and_differ(names: list[str]) -> None:
    found = stata_names(names)
    assert list(found) == names
    assert len(set(found.values())) == len(names)
    assert all(len(n) <= STATA_NAME and n.isascii() and n.isidentifier() for n in found.values())


def test_metadata_is_text_only(tmp_path: Path) -> None:
    path = made().to_parquet(tmp_path / "p")
    assert set(pq.read_schema(path).metadata) == {b"servio.panel"}
