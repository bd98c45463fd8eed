"""Sections on modern manufacturing, delegating, make or buy say what the store holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servio import study
from servio.report._blocks import Figure, Section, Table, Text
from servio.report._modern import modern, weights_of
from servio.report._outsourcing import _amount, delegating, make_or_buy
from servio.report._page import as_html, build
from servio.report._workbook import as_xlsx
from servio.report.view import Results, View
from servio.report.words import difference, number
from servio.study import StudyStore

PAY = "compensation of employees"
STUDY = f"""
[study]
title = "Delegating"
focus = ["M02"]
base_year = 2000
[[tables]]
path = "model:countries=3,years=4"
[[measures]]
name = "modern_manufacturing"
form = "score"
weights = ["knowledge", "equal", "value"]
[[measures]]
name = "modern_manufacturing"
form = ["component", "class", "rank", "stability"]
[[measures]]
name = "service_delegation"
origin = ["total", "domestic", "imported"]
[[measures]]
name = "outsourcing"
origin = ["total", "domestic", "imported"]
by = "manufacturing"
[[measures]]
name = "externalisation"
in_house = "own_account"
by = ["manufacturing", "industry"]
only = "manufacturing"
[[measures]]
name = "service_input_change"
by = "manufacturing"
[[measures]]
name = "service_input_coefficient"
by = "manufacturing"
[[measures]]
name = "account"
of = ["output", "{PAY}", "EMP"]
by = "sectors"
[make_or_buy]
calibrate = true
countries = ["M02", "M03"]
labour = "{PAY}"
parameters.enforcement = {{ value = 0.8, low = 0.5, high = 1.0, unit = "1", source = "a survey" }}
"""


@pytest.fixture(scope="module")
def store(make: Callable[[str], StudyStore]) -> StudyStore:
    return make(STUDY)


def view_of(store: StudyStore) -> View:
    results = Results(store)
    return View(results, results.sources[0])


def of_kind(section: Section, kind: type) -> list:
    return [block for block in section.blocks if isinstance(block, kind)]


# -- modern manufacturing --------------------------------------------------------------------------


def test_the_ranking_has_the_scores_and_their_parts(store: StudyStore) -> None:
    section = modern(view_of(store))
    heat, ranks = of_kind(section, Figure)
    year = store.years[-1]
    own = {"country": "M02", "year": year}
    scores = store.results("modern_manufacturing", form="score", weights="equal", **own)
    scores = scores.set_index("industry")["value"]
    data = heat.data.set_index("industry")
    pd.testing.assert_series_equal(
        data["score"].sort_index(), scores.sort_index(), check_names=False
    )
    assert data["score"].dropna().is_monotonic_decreasing
    parts = [name for name in data.columns if name not in ("country", "year", "score")]
    weights = weights_of("equal", parts)
    added = sum(weights[part] * data[part] for part in parts)
    np.testing.assert_allclose(added, data["score"], rtol=1e-12)
    assert sum(weights.values()) == pytest.approx(1.0) and len(parts) >= 4
    kept = store.results("modern_manufacturing", form="component", **own)
    row = kept[kept["industry"] == data.index[0]].set_index("part")["value"]
    np.testing.assert_array_equal(data.iloc[0][parts].astype(float), row[parts])
    assert f"({data['score'].iloc[0]:.2f})" in heat.caption
    spread = store.results("modern_manufacturing", form="rank", **own)
    spread = spread.pivot(index="industry", columns="part", values="value")
    drawn = ranks.data.set_index("industry")
    pd.testing.assert_frame_equal(
        drawn[["rank", "low", "high"]].sort_index(), spread[["rank", "low", "high"]].sort_index(),
        check_names=False,
    )  # fmt: skip
    assert {"rank_equal", "rank_knowledge", "rank_value"} <= set(drawn.columns)
    np.testing.assert_array_equal(drawn["rank_equal"], drawn["rank"])


def test_weights_and_missing_parts_are_told(store: StudyStore) -> None:
    section = modern(view_of(store))
    (left,) = of_kind(section, Text)
    assert "research (no satellite named)" in left.text and "(4 tables)" in left.text
    (table,) = of_kind(section, Table)
    assert "knowledge doubles technology, knowledge, research" in table.note
    year = store.years[-1]
    first = table.data["industry"].iloc[0]
    one = {"country": "M02", "year": year, "industry": first}
    stable = store.results("modern_manufacturing", form="stability", **one)["value"].iloc[0]
    modern_one = store.results("modern_manufacturing", form="class", **one)["value"].iloc[0]
    base = store.results("modern_manufacturing", form="score", weights="equal",
                         **one | {"year": 2000})["value"].iloc[0]  # fmt: skip
    assert table.rows[0][2] == f"{base:.2f}"
    assert table.rows[0][3] == ("modern" if modern_one else "traditional")
    assert table.rows[0][4] == number(stable, "share")


def test_weights_of_a_preset_are_those_of_the_measure() -> None:
    found = weights_of("knowledge", ["technology", "value_added", "knowledge", "energy", "chain"])
    assert found == {"technology": 2 / 7, "value_added": 1 / 7, "knowledge": 2 / 7,
                     "energy": 1 / 7, "chain": 1 / 7}  # fmt: skip


# -- delegating ------------------------------------------------------------------------------------


def test_delegating_adds_up_and_is_that_of_the_store(store: StudyStore) -> None:
    who, rates, _ = of_kind(delegating(view_of(store)), Figure)
    parts = who.data.drop(columns=["year", "country"])
    np.testing.assert_allclose(parts.sum(axis=1), 1.0, rtol=1e-12)
    year = store.years[-1]
    own = {"country": "M02", "year": year}
    kept = store.results("service_delegation", origin="imported", **own).set_index("part")["value"]
    last = who.data[who.data["year"] == year].iloc[0]
    assert last["manufacturing (vertical), offshore"] == kept["vertical"]
    assert last["services (horizontal), offshore"] == kept["horizontal"]
    total = store.results("service_delegation", origin="total", **own).set_index("part")["value"]
    assert f"manufacturing buys {number(total['vertical'], 'share')}" in who.caption
    abroad = number(kept["vertical"] / total["vertical"], "share")
    assert f"of the services for manufacturing {abroad}" in who.caption
    home = store.results("outsourcing", origin="domestic", **own)["value"].iloc[0]
    assert f"onshore {number(home, 'share')} in {year}" in rates.caption
    drawn = rates.data[(rates.data["outsourcing"] == "onshore") & (rates.data["country"] == "M02")]
    assert drawn[str(year)].iloc[0] == home


def test_moved_or_more_is_that_of_the_store(store: StudyStore) -> None:
    moved = of_kind(delegating(view_of(store)), Figure)[2]
    kept = store.results("externalisation", by="manufacturing", country="M02",
                         year=store.years[-1]).set_index("part")["value"]  # fmt: skip
    row = moved.data.iloc[0]
    for part in ("change", "purchased", "in_house", "reclassified"):
        assert row[part] == kept[part]
    np.testing.assert_allclose(
        moved.data["change"], moved.data["purchased"] + moved.data["in_house"], atol=1e-15
    )
    industries = store.results("externalisation", by="industry", country="M02",
                               year=store.years[-1], part="change")["value"].dropna()  # fmt: skip
    assert sorted(moved.data["change"][1:]) == sorted(industries) and len(industries) > 3
    assert f"bought {difference(kept['purchased'], 'ratio')}" in moved.caption
    assert "2000 to 2003" in moved.caption and "dT = dP + dH" in moved.note


def test_without_services_in_the_house_that_is_said(make: Callable[[str], StudyStore]) -> None:
    head, _, rest = STUDY.partition('[[measures]]\nname = "externalisation"')
    change = '[[measures]]\nname = "service_input_change"'
    bare = make(head + change + rest.partition(change)[2].partition("[make_or_buy]")[0])
    section = delegating(view_of(bare))
    bought, why = of_kind(section, Text)
    known = bare.results("service_input_change", country="M02", year=2003, part="change")
    assert difference(known["value"].iloc[0], "ratio") in bought.text
    assert "can't be told" in why.text and "externalisation" in why.text
    assert make_or_buy(view_of(bare)).absent == "[make_or_buy]"


# -- make or buy -----------------------------------------------------------------------------------


def test_make_or_buy_has_the_numbers_of_the_store(store: StudyStore) -> None:
    section = make_or_buy(view_of(store))
    (figure,) = of_kind(section, Figure)
    table, countries = of_kind(section, Table)
    kept, surface = store.make_or_buy(), store.break_even()
    assert kept is not None and surface is not None
    own = kept[kept["country"] == "M02"].set_index("name")
    drawn = surface[surface["country"] == "M02"]
    np.testing.assert_array_equal(figure.data["saving"], drawn["saving"])
    np.testing.assert_array_equal(figure.data["border"], drawn["border"])
    line = next(r for r in figure.chart["datasets"].values() if set(r[0]) == {"q", "k"})
    crossed = {level for level, row in drawn.groupby("specificity")
               if row["saving"].min() < 0 < row["saving"].max()}  # fmt: skip
    assert len(crossed) > 10 and crossed <= {point["k"] for point in line}
    for point in line:
        at = drawn[drawn["specificity"].between(point["k"] - 0.03, point["k"] + 0.03)]
        assert at["saving"].min() <= 0 <= at["saving"].max()
    cells = next(rows for rows in figure.chart["datasets"].values() if "saved" in rows[0])
    value = own["value"]
    made = value["fixed_cost"] + value["own_cost"] * drawn["scale"]
    saved = np.array([cell["saved"] for cell in cells])
    np.testing.assert_allclose(saved, drawn["saving"] / made, rtol=1e-12)
    scale = figure.chart["layer"][0]["encoding"]["color"]["scale"]
    assert scale["type"] == "threshold" and 0 in scale["domain"]
    assert scale["domain"] == sorted(-end for end in scale["domain"])
    assert len(scale["range"]) == len(set(scale["range"])) == len(scale["domain"]) + 1
    shares = np.bincount(np.searchsorted(scale["domain"], saved)) / len(saved)
    assert shares.max() < 0.5 and "one colour" in figure.note
    fixed = value["fixed_cost"] - value["contract_cost"]
    rest = -value["disadvantage"] * value["scale"]
    assert fixed + rest == pytest.approx(value["saving"])
    for text in (figure.caption, table.note):
        assert f"{_amount(fixed)} " in text and f"{_amount(rest)} comes from costs by unit" in text
        assert text.count("an assumed ") == 2
    assert "assumed costs too" in countries.note
    np.testing.assert_array_equal(table.data["value"], own["value"])
    shown = {row[0].partition(" (")[0].replace(" ", "_"): row for row in table.rows}
    assert shown["own_cost"][4].startswith("calibrated from model M02 2003: labour share")
    assert shown["scale"][4].startswith("calibrated from")
    assert shown["price"][4].startswith("by definition")
    assert shown["friction"][4] == "assumed" and shown["enforcement"][4] == "a survey"
    assert shown["enforcement"][3] == "0.5 to 1" and shown["friction"][3] == "0 to ∞"
    assert "2 calibrated, 1 given, 1 defined, 11 assumed" in figure.note
    ratio = own.loc["own_cost", "value"] / own.loc["price", "value"]
    line = next(row for row in countries.rows if "M02" in row[0])
    assert line[1] == f"{ratio:.3f}"
    assert line[4] == ("buy" if own.loc["saving", "value"] > 0 else "make")


def test_the_page_holds_the_sections_and_is_the_same_each_time(store: StudyStore) -> None:
    made = build(store)
    page = as_html(made, as_xlsx(made))
    assert page == as_html(build(store), as_xlsx(build(store)))
    for title in ("Modern manufacturing", "Outsourcing and delegating", "Make or buy"):
        assert f">{title}</h" in page


def test_what_the_study_lacks_is_listed(make: Callable[[str], StudyStore]) -> None:
    head = STUDY.partition("[[measures]]")[0]
    view = view_of(make(head + '[[measures]]\nname = "service_input_share"\n'))
    assert "modern_manufacturing" in modern(view).absent
    assert "service_delegation" in delegating(view).absent
    assert make_or_buy(view).absent == "[make_or_buy]"


OWN = {
    "table.toml": """[table]
title = "My economy"
years = [2000, 2010]
country = "OWN"
currency = "USD"
unit = "million"
Z = "z_{year}.csv"
x = "x_{year}.csv"
[groups]
manufacturing = ["mills"]
services = ["shops"]
[satellites]
functions = { file = "functions_{year}.csv", unit = "share" }
""",
    "z_2000.csv": ",mills,shops\nmills,150,500\nshops,200,100\n",
    "z_2010.csv": ",mills,shops\nmills,150,500\nshops,300,100\n",
    "x_2000.csv": ",output\nmills,1000\nshops,2000\n",
    "x_2010.csv": ",output\nmills,1000\nshops,2000\n",
    "functions_2000.csv": ",mills,shops\ndesign,0.4,0.5\nfabrication,0.6,0.5\n",
    "functions_2010.csv": ",mills,shops\ndesign,0.3,0.5\nfabrication,0.7,0.5\n",
}
OWN_STUDY = """
[study]
title = "Moved or more"
base_year = 2000
[[tables]]
path = "table.toml"
[[measures]]
name = "externalisation"
by = "manufacturing"
"""


def test_shares_of_functions_of_an_own_table_reach_the_report(tmp_path: Path) -> None:
    for name, text in OWN.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    file = study.parse(OWN_STUDY, "own.toml", tmp_path)
    store = study.run(file, tmp_path / "out", workers=1)
    (moved,) = of_kind(delegating(view_of(store)), Figure)
    row = moved.data.iloc[0]
    # mills: bought 200 to 300 of 1000; in the house 0.4 x 650 to 0.3 x 550
    np.testing.assert_allclose(
        row[["purchased", "in_house", "change", "reclassified"]].astype(float),
        [0.1, 0.165 - 0.26, 0.005, 0.095], rtol=1e-12,
    )  # fmt: skip
    assert "+0.005: bought +0.100, in the house \N{MINUS SIGN}0.095" in moved.caption
    assert "0.095 only moved out of the house" in moved.caption
