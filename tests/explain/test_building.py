"""Panels from results: every key is in the panel or dropped with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain.panel_frames import HandMade, rows
from servio import classify, study
from servio.errors import LabelError, ServioError, UnitError, UsageError
from servio.explain import Panel, PanelRecipe, build_panel

YEARS = (2000, 2001, 2002)
KEYS = [(c, i, y) for c in ("JPN", "KOR") for i in ("C26", "C27") for y in YEARS]


def values(change: dict[tuple[str, str, int], float] | None = None) -> dict[Any, float]:
    base = {key: 1.0 + n for n, key in enumerate(KEYS)}
    return {**base, **(change or {})}


def economy(*, years: tuple[int, ...] = YEARS) -> pd.DataFrame:
    found = {(c, "economy", y): k for k, c in enumerate(("JPN", "KOR")) for y in years}
    return rows("producer_service_share", found, by="economy")


def results(change: dict[tuple[str, str, int], float] | None = None) -> HandMade:
    return HandMade(
        rows("account", values(change), unit="million USD", of="value_added"),
        rows("account", values(), unit="million USD", of="K"),
        economy(),
    )


VA = {"name": "va", "measure": "account", "of": "value_added"}
K = {"name": "k", "measure": "account", "of": "K"}
SHARE = {"name": "share", "measure": "producer_service_share"}


def built(answer: HandMade | None = None, *, columns: Any = (VA, K, SHARE), **more: Any) -> Panel:
    return build_panel(answer or results(), {"columns": list(columns), **more})


def test_columns_join_by_key_and_countries_by_country() -> None:
    panel = built()
    assert panel.entity == ("country", "industry")
    assert list(panel.frame.columns) == ["country", "industry", "year", "va", "k", "share"]
    assert panel.frame["va"].tolist() == [1.0 + n for n in range(12)]
    assert panel.frame["share"].tolist() == [0.0] * 6 + [1.0] * 6
    assert panel.columns["va"].unit == "million USD"
    assert panel.columns["va"].definition == "account by=industry of=value_added total=false"
    assert not len(panel.dropped)


def test_every_row_left_out_has_its_reason() -> None:
    answer = results({("KOR", "C26", 2001): np.nan, ("KOR", "C28", 2000): 3.0})
    answer.rows = answer.rows.drop(
        answer.rows[(answer.rows["of"] == "K") & (answer.rows["year"] == 2002)].index
    )
    answer.rows = pd.concat([answer.rows, economy(years=(2009,))], ignore_index=True)
    undefined = pd.DataFrame(
        [
            [
                2001,
                "world",
                "account",
                "by=industry of=value_added total=false",
                "KOR_C26",
                "zero output",
            ]
        ],
        columns=["year", "table", "measure", "definition", "label", "reason"],
    )
    panel = build_panel(answer, {"columns": [VA, K, SHARE]}, undefined=undefined)
    reasons = {tuple(row[:3]): row[3] for row in panel.dropped.values.tolist()}
    assert reasons["KOR", "C26", 2001] == "undefined (zero output): va"
    assert reasons["KOR", "C28", 2000] == "no row: k"
    assert reasons["JPN", "C26", 2002] == "no row: k"
    assert reasons["JPN", "", 2009] == "no row: va, k"
    assert len(panel.frame) + len(panel.dropped) == 12 + 1 + 2


def test_a_panel_of_countries() -> None:
    panel = built(columns=[SHARE], lags=True)
    assert panel.entity == ("country",)
    assert panel.frame["share_lag"].isna().sum() == 2
    assert "lags: up to 2 of 6 rows without the year before" in panel.notes
    with pytest.raises(UsageError, match="only"):
        built(columns=[SHARE], only="manufacturing")


def test_measures_of_the_economy_need_no_by() -> None:
    answer = results()
    answer.rows.loc[answer.rows["by"] == "economy", "by"] = ""
    assert built(answer).frame["share"].tolist() == [0.0] * 6 + [1.0] * 6


def test_derived_columns_and_their_gaps() -> None:
    panel = built(
        results({("KOR", "C26", 2001): 0.0}),
        derived=[
            {"name": "ln_va", "expression": "log(va)", "unit": "log"},
            {"name": "growth", "expression": "d(ln_va)", "required": False},
            {"name": "share2", "expression": "share * 2"},
        ],
        classes=[{"name": "big", "column": "share2", "labels": ["low", "high"]}],
    )
    assert panel.dropped["reason"].tolist() == ["ln_va: log of a number that is not above 0"]
    assert panel.columns["ln_va"].definition == "log(va)"
    kor = panel.frame[(panel.frame.country == "KOR") & (panel.frame.industry == "C26")]
    assert kor["growth"].isna().all(), "the year after the gap has no growth"
    assert "gaps in the years of 1 entities, such as KOR C26: 2001 is missing" in panel.notes
    assert any(note.startswith("unbalanced: 4 entities with 2 to 3") for note in panel.notes)


def test_lags_survive_rows_that_leave_for_another_column() -> None:
    answer = results()
    gone = (answer.rows["of"] == "K") & (answer.rows["year"] == 2000)
    answer.rows = answer.rows[~gone]
    panel = built(answer, lags=True)
    assert len(panel.frame) == 8
    assert panel.frame["va_lag"].notna().all()
    assert (panel.frame["va_lag"] == panel.frame["va"] - 1).all()
    assert panel.frame["k_lag"].isna().sum() == 4


def test_optional_columns_keep_rows() -> None:
    panel = built(results({KEYS[0]: np.nan}), columns=[{**VA, "required": False}, K])
    assert len(panel.frame) == 12
    assert np.isnan(panel.frame["va"].iloc[0])


def test_drop_rules_and_few_years() -> None:
    panel = built(
        drop=[{"where": "va > 11"}, {"where": 'country == "JPN" and year < 2002', "reason": "war"}],
        min_years=2,
    )
    counts = panel.dropped["reason"].value_counts().to_dict()
    assert counts == {"va > 11": 1, "war": 4, "entity with fewer than 2 complete years": 2}


def test_outliers_are_told() -> None:
    rule = {"column": "va", "quantiles": [0.1, 0.9]}
    low, high = np.quantile(np.arange(1.0, 13), [0.1, 0.9])
    panel = built(outliers=[{**rule, "rule": "winsor"}])
    np.testing.assert_array_equal(panel.frame["va"], np.clip(np.arange(1.0, 13), low, high))
    assert "set to them, 2 below and 2 above" in panel.notes[0]
    panel = built(outliers=[{**rule, "rule": "drop"}], lags=True)
    assert panel.dropped["reason"].str.startswith("outlier: va outside 2.1 to 10.9").all()
    assert len(panel.frame) == 8
    lags = panel.frame.set_index(["country", "industry", "year"])["va_lag"]
    assert np.isnan(lags["JPN", "C26", 2002]), "the year before was an outlier"
    assert lags["JPN", "C27", 2002] == 5


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"name": "x", "measure": "account"}, "of"),
        ({"name": "x", "measure": "account", "of": "L"}, "of one of K, value_added"),
        ({"name": "x", "measure": "account", "of": "K", "by": "economy"}, "by one of industry"),
        ({"name": "x", "measure": "account", "off": "K"}, "off"),
    ],
)
def test_selections_say_what_to_fix(column: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        built(columns=[column])


def test_groups_must_be_chosen() -> None:
    own = [rows("service_input_share", values(), group=group) for group in ("it", "rd")]
    column = {"name": "conv", "measure": "service_input_share"}
    with pytest.raises(UsageError, match="rows for it, rd; expected one group"):
        built(HandMade(*own), columns=[column])
    panel = built(HandMade(*own), columns=[{**column, "group": "it"}])
    assert panel.columns["conv"].definition.endswith("group=it")


def test_several_groups_of_industries_are_refused() -> None:
    found = {("KOR", group, 2000): 1.0 for group in ("high", "low")}
    with pytest.raises(UsageError, match="one industry"):
        built(HandMade(rows("m", found, by="technology")), columns=[{"name": "x", "measure": "m"}])


def test_faults_of_results_are_named() -> None:
    twice = HandMade(results().rows, rows("account", values(), unit="million USD", of="K"))
    with pytest.raises(LabelError, match="12 keys twice, such as JPN C26 2000"):
        built(twice)
    other = rows("account", {("CHN", "C26", 2000): 1.0}, unit="million CNY", of="K")
    with pytest.raises(UnitError, match="million CNY, million USD"):
        built(HandMade(results().rows, other))
    mixed = built(HandMade(results().rows, other), columns=[VA, {**K, "mixed_units": True}])
    assert mixed.columns["k"].unit == "mixed: million CNY, million USD"
    assert "k: units differ (million CNY, million USD)" in mixed.notes
    icio = rows("account", values(), unit="million USD", of="K", source="icio")
    with pytest.raises(UsageError, match="icio, own; expected one source"):
        built(HandMade(results().rows, icio))
    assert len(built(HandMade(results().rows, icio), source="own").frame) == 12
    elsewhere = rows("other", values(), source="icio")
    with pytest.raises(UsageError, match="icio, own"):
        built(HandMade(results().rows, elsewhere), columns=[K, {"name": "o", "measure": "other"}])
    with pytest.raises(UsageError, match=r"no value \(undefined\)"):
        built(results(dict.fromkeys(KEYS, np.nan)))
    with pytest.raises(UsageError, match="no complete row: va > 0"):
        built(drop=[{"where": "va > 0"}])


def test_national_currency_is_noted() -> None:
    own = rows("account", values(), unit="million national currency", of="K")
    panel = built(HandMade(own), columns=[K])
    assert panel.notes == (
        "k is in million national currency: compare within countries, or convert",
    )


# -- classes --------------------------------------------------------------------------------------

CODES = ("C10-C12", "C13-C15", "C20", "C21", "C26", "C27")


def five(by: str = "economy") -> HandMade:
    """Five countries with shares 0, 1, .. 4, rising by ten from 2001 on."""
    names = ("AUS", "BEL", "CAN", "DEU", "KOR")
    shares = {(c, "economy", y): k + 10.0 * (y > 2000) for k, c in enumerate(names) for y in YEARS}
    base = {(c, i, y): 1.0 for c in names for i in CODES for y in YEARS}
    return HandMade(
        rows("account", base, of="K"), rows("producer_service_share", shares, by="economy")
    )


def classed(**one: Any) -> Panel:
    return built(five(), columns=[K, SHARE], classes=[{"name": "type", **one}])


def labels(panel: Panel) -> dict[str, str]:
    return dict(zip(panel.frame["country"], panel.frame["type"], strict=True))


def test_a_cut_at_the_median() -> None:
    panel = classed(column="share", labels=["low", "high"])
    assert labels(panel) == {"AUS": "low", "BEL": "low", "CAN": "low", "DEU": "high", "KOR": "high"}
    assert (panel.frame["type_high"] == (panel.frame["type"] == "high")).all()
    assert panel.frame["type_low"].dtype == np.float64
    assert panel.classes is not None
    row = panel.classes.set_index("member").loc["CAN"]
    assert (row["value"], row["years"], row["label"], row["how"]) == (
        pytest.approx(2 + 20 / 3), "2000\N{EN DASH}2002", "low", "cut",
    )  # fmt: skip
    assert float(row["cut"]) == row["value"]
    assert "type: exactly at the cut, so below: CAN" in panel.notes
    assert any("(median): 3 low, 2 high" in note for note in panel.notes)


def test_other_cuts_years_and_overrides() -> None:
    panel = classed(column="share", cut=1, at="first", labels=["low", "high"])
    assert labels(panel)["BEL"] == "low" and labels(panel)["CAN"] == "high"
    panel = classed(column="share", cut=[0.2, 0.8], at="last", labels=["a", "b", "c"])
    assert list(labels(panel).values()) == ["a", "b", "b", "b", "c"]
    panel = classed(column="share", labels=["low", "high"], override={"KOR": "low"})
    assert labels(panel)["KOR"] == "low"
    assert any(note.endswith("overridden: KOR") for note in panel.notes)
    with pytest.raises(LabelError, match="KOR"):
        classed(column="share", labels=["low", "high"], override={"KRO": "low"})
    with pytest.raises(UsageError, match="no member in low"):
        classed(column="share", cut=-1.0, labels=["low", "high"])


def test_a_column_of_industries_must_say_of_what() -> None:
    with pytest.raises(UsageError, match="country, industry or entity"):
        classed(column="k", cut=1.0, labels=["low", "high"])
    answer = five()
    at = (answer.rows["industry"] == "C26") & (answer.rows["country"] == "KOR")
    answer.rows.loc[at, "value"] = 60.0

    def of(name: str) -> set[str]:
        one = {"name": "type", "column": "k", "cut": 2, "of": name, "labels": ["low", "high"]}
        frame = built(answer, columns=[K], classes=[one]).frame
        high = frame[frame["type"] == "high"]
        return set(high["country"] + ":" + high["industry"])

    assert of("entity") == {"KOR:C26"}
    assert of("industry") == {f"{c}:C26" for c in ("AUS", "BEL", "CAN", "DEU", "KOR")}
    assert of("country") == {f"KOR:{code}" for code in CODES}


def test_classes_of_a_grouping() -> None:
    panel = classed(grouping="technology")
    found = dict(zip(panel.frame["industry"], panel.frame["type"], strict=True))
    assert found["C26"] == "high" and found["C27"] == "medium_high"
    assert found["C13-C15"] == "medium_low"
    merged = classed(grouping="technology", merge={"hi": ["high", "medium_high"]})
    assert set(merged.frame["type"]) == {"hi", "medium_low"}
    assert merged.columns["type"].definition == "group of technology (hi = high + medium_high)"
    changed = classed(grouping="technology", override={"C27": "high"})
    assert changed.frame.set_index("industry").loc["C27", "type"].unique().tolist() == ["high"]
    with pytest.raises(LabelError, match="medium_high"):
        classed(grouping="technology", merge={"hi": ["medium_hi"]})


def test_industries_outside_a_grouping_leave() -> None:
    answer = five()
    answer.rows["industry"] = answer.rows["industry"].replace("C27", "K64")
    panel = built(answer, columns=[K, SHARE], classes=[{"name": "t", "grouping": "technology"}])
    assert set(panel.dropped["industry"]) == {"K64"}
    assert set(panel.dropped["reason"]) == {"class t: undefined"}
    panel = built(answer, columns=[K, SHARE], only="manufacturing")
    assert "K64" not in set(panel.frame["industry"])
    assert not len(panel.dropped)
    assert panel.notes[0] == "only manufacturing: 5 of 6 industries"


def test_codes_that_do_not_tell_need_a_classification() -> None:
    answer = five()
    new = dict(zip(CODES, ("10", "13", "20", "21", "26", "27"), strict=True))
    answer.rows["industry"] = answer.rows["industry"].replace(new)
    with pytest.raises(LabelError, match="classification"):
        built(answer, columns=[K], only="manufacturing")
    panel = built(answer, columns=[K], only="manufacturing", classification="isic4_divisions")
    assert set(panel.frame["industry"]) == set(new.values())


# -- recipes --------------------------------------------------------------------------------------

CUT = {"name": "c", "column": "va", "labels": ["a", "b"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": []}, "at least one column"),
        ({"colums": [VA]}, "columns"),
        ({"columns": [{"name": "va"}]}, "measure"),
        ({"columns": [VA, VA]}, "twice"),
        ({"columns": [{**VA, "name": "year"}]}, "key"),
        ({"columns": [{**VA, "name": "lag"}]}, "not a word"),
        ({"columns": [{**VA, "of": ["K", "L"]}]}, "one column for each"),
        ({"columns": [{**VA, "required": 1}]}, "true or false"),
        ({"derived": [{"name": "x", "expression": "log(vaa)"}]}, "one of va"),
        ({"derived": [{"name": "x", "expression": "log(va"}]}, "expression"),
        ({"derived": [{"name": "x", "expresion": "va"}]}, "expression"),
        ({"derived": [{"name": "va_lag", "expression": "va"}], "lags": True}, "twice"),
        ({"derived": [{"name": "x", "expression": "va_lag"}], "lags": True}, "one of va"),
        ({"min_years": 0}, "1 or more"),
        ({"drop": [{"where": "x > 0"}]}, "one of"),
        ({"outliers": [{"column": "x", "rule": "drop", "quantiles": [0, 1]}]}, "one of va"),
        ({"outliers": [{"column": "va", "rule": "drop", "quantiles": [0.9, 0.1]}]}, "rising"),
        ({"outliers": [{"column": "va", "rule": "cut", "quantiles": [0, 1]}]}, "cut"),
        ({"classes": [{"name": "c"}]}, "column and grouping"),
        ({"classes": [{**CUT, "grouping": "technology"}]}, "column and grouping"),
        ({"classes": [{**CUT, "labels": ["a"]}]}, "2 different labels"),
        ({"classes": [{**CUT, "labels": ["a", "b-c"]}]}, "letters"),
        ({"classes": [{**CUT, "cut": "mean"}]}, "median"),
        ({"classes": [{**CUT, "cut": [0.5, 0.2]}]}, "rising"),
        ({"classes": [{**CUT, "column": "w"}]}, "one of va"),
        ({"classes": [{**CUT, "override": {"KOR": "z"}}]}, "one of a, b"),
        ({"classes": [{**CUT, "merge": {"a": ["b"]}}]}, "merge"),
        ({"classes": [{"name": "c", "grouping": "technology", "of": "industry"}]}, "labels"),
    ],
)
def test_recipes_are_checked(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ServioError, match=words) as caught:
        PanelRecipe.parse({"columns": [VA], **change})
    assert caught.value.exit_code == 2
    assert str(caught.value).startswith("panel")


# -- the whole, on generated tables ---------------------------------------------------------------

TEXT = """
[study]
title = "Small"
[[tables]]
path = "model:countries=3,industries=30,years=5"
[[measures]]
name = "service_input_share"
grouping = ["services", "kiet"]
by = ["economy", "industry"]
only = "manufacturing"
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> study.StudyStore:
    folder = tmp_path_factory.mktemp("panel")
    return study.run(study.parse(TEXT, "small.toml", Path()), folder, workers=1)


def test_a_panel_of_a_study(store: study.StudyStore) -> None:
    share = {"measure": "service_input_share", "grouping": "kiet", "by": "industry"}
    panel = build_panel(
        store.results,
        {
            "columns": [
                {"name": "conv_it", "group": "it", **share},
                {"name": "conv_rd", "group": "rd", **share},
                {"name": "all", "measure": "service_input_share", "grouping": "services",
                 "by": "economy"},
            ],
            "derived": [{"name": "ln_it", "expression": "log(conv_it)"}],
            "classes": [
                {"name": "technology", "grouping": "technology"},
                {"name": "economy", "column": "all", "labels": ["low", "high"]},
            ],
            "only": "manufacturing",
            "lags": True,
            "classification": "model30",
        },
        undefined=store.undefined(),
        synthetic=store.synthetic,
    )  # fmt: skip
    raw = store.results("service_input_share", grouping="kiet", group="it", by="industry")
    assert len(panel.frame) + len(panel.dropped) == len(raw)
    both = panel.frame.merge(raw, on=["country", "industry", "year"], validate="1:1")
    np.testing.assert_array_equal(both["conv_it"], both["value"])
    assert set(panel.dropped["reason"]) == {"undefined (no intermediate inputs): conv_it, conv_rd"}
    assert panel.synthetic
    assert panel.frame["technology"].isin(classify.grouping("technology").groups).all()
    assert panel.frame.groupby("country")["economy"].nunique().eq(1).all()
    first = panel.frame["year"] == 2000
    assert panel.frame.loc[first, "conv_it_lag"].isna().all()
    assert panel.frame.loc[~first, "conv_it_lag"].notna().all()


KEY = st.tuples(
    st.sampled_from(["JPN", "KOR"]), st.sampled_from(["C26", "C27"]), st.integers(2000, 2005)
)
VALUES = st.dictionaries(KEY, st.sampled_from([np.nan, 1.0, 2.0, 0.0]), min_size=1)


@settings(max_examples=40, deadline=None)
@given(va=VALUES, k=VALUES)
def test_nothing_is_silently_lost(va: dict[Any, float], k: dict[Any, float]) -> None:
    """Panel and dropped rows are all keys, each once; a row is in the panel if it is complete."""
    complete = {key for key in va if va[key] > 0 and not np.isnan(k.get(key, np.nan))}
    answer = HandMade(rows("account", va, of="value_added"), rows("account", k, of="K"))
    recipe = {"columns": [VA, K], "derived": [{"name": "ln_va", "expression": "log(va)"}]}
    if not complete:
        with pytest.raises(UsageError):
            build_panel(answer, recipe)
        return
    panel = build_panel(answer, recipe)
    keys = ["country", "industry", "year"]
    kept = [tuple(row) for row in panel.frame[keys].values.tolist()]
    left = [tuple(row) for row in panel.dropped[keys].values.tolist()]
    assert sorted(kept) == sorted(complete)
    assert sorted(kept + left) == sorted({*va, *k})
    assert (panel.dropped["reason"] != "").all()
