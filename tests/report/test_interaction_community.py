"""The community in figures: each number is the store's, and agrees with other measures."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from report_stores import Altered
from servio.report._blocks import Block, Figure, Section, Table, Text
from servio.report._community import community
from servio.report._interaction import symbioses
from servio.report._page import as_html, build
from servio.report._succession import RELATED
from servio.report._workbook import as_xlsx
from servio.report.view import Results, View
from servio.study import StudyStore

YEARS = (2000, 2001, 2002, 2003)
CODES = ("M01", "M02", "M03")
STUDY = """
[study]
title = "Community"
focus = ["M02"]
base_year = 2000
[[tables]]
path = "model:countries=3,years=4"
[[measures]]
name = ["throughflow", "cycling", "system_throughput", "flow_indicators", "ascendency", "synergism",
        "keystoneness"]
by = ["communities", "broad"]
origin = "domestic"
[[measures]]
name = "nutrition"
form = ["direct", "total"]
by = "broad"
origin = "domestic"
[[measures]]
name = "utility_relation"
form = "relation"
detail = ["group", "industry"]
by = ["communities", "broad"]
origin = "domestic"
[[measures]]
name = "adhesion"
form = ["throughflow", "leverage"]
by = "broad"
origin = "domestic"
[[measures]]
name = "trophic_structure"
form = ["share", "efficiency"]
by = "broad"
origin = "domestic"
[[measures]]
name = "succession"
form = ["development", "turnover"]
by = "broad"
origin = "domestic"
"""


def spelled(text: str) -> str:
    """One entry a measure, which is how a study file has them."""
    lines: list[str] = []
    for block in text.split("[[measures]]"):
        if 'name = ["' not in block:
            lines.append(block)
            continue
        inside, rest = block.split("]", 1)
        names = inside.split('"')[1::2]
        lines += [f'\nname = "{name}"{rest}' for name in names]
    return "[[measures]]".join(lines)


@pytest.fixture(scope="module")
def store(make: Callable[[str], StudyStore]) -> StudyStore:
    return make(spelled(STUDY))


def section_of(store: StudyStore) -> Section:
    results = Results(store)
    return community(View(results, results.sources[0]))


def block(section: Section, words: str) -> Figure | Table:
    found = [b for b in section.blocks if not isinstance(b, Text) and words in _title(b)]
    assert len(found) == 1, [_title(b) for b in section.blocks]
    assert isinstance(found[0], (Figure, Table))
    return found[0]


def figure(section: Section, words: str) -> Figure:
    found = block(section, words)
    assert isinstance(found, Figure)
    return found


def table(section: Section, words: str) -> Table:
    found = block(section, words)
    assert isinstance(found, Table)
    return found


def _title(one: Block) -> str:
    return str(getattr(one, "title", ""))


def rows(store: StudyStore, measure: str, **options: str) -> pd.DataFrame:
    frame = store.results(measure)
    for name, value in {"by": "broad", **options}.items():
        frame = frame[frame[name] == value]
    return frame


def test_adhesion_is_what_all_others_had_from_the_node(store: StudyStore) -> None:
    """Adhesion of i: the total share of i in the intake of the others, weighted with their flow."""
    shown = figure(section_of(store), "What holds").data
    through = rows(store, "throughflow").set_index(["country", "year", "industry"])["value"]
    through = through.sort_index()
    passed = rows(store, "nutrition", form="total")
    passed = passed.set_index(["country", "year", "industry", "group"])["value"]
    kept = shown[shown["options"].str.contains("form=throughflow")]
    assert len(kept) == 15 and set(kept["year"]) == {2003} and set(kept["country"]) == set(CODES)
    for row in kept.itertuples():
        T = through.loc[row.country, 2003]
        lost = sum(T[j] * passed[row.country, 2003, j, row.node] for j in T.index if j != row.node)
        assert row.value == pytest.approx(lost / (T.sum() - T[row.node]), rel=1e-10)
    per_unit = shown[shown["options"].str.contains("form=leverage")]
    for a, b in zip(kept.itertuples(), per_unit.itertuples(), strict=True):
        T = through.loc[a.country, 2003]
        assert b.value == pytest.approx(a.value * (T.sum() - T[a.node]) / T[a.node], rel=1e-10)


def test_the_adhesive_and_the_keystone_are_those_with_the_largest_value(store: StudyStore) -> None:
    caption = figure(section_of(store), "What holds").caption
    asked = (
        ("adhesion", "throughflow", "The adhesive"),
        ("adhesion", "leverage", "For each unit"),
        ("keystoneness", "index", "The keystone"),
    )
    for measure, form, lead in asked:
        frame = rows(store, measure, form=form)
        tops = frame.loc[frame.groupby(["country", "year"])["value"].idxmax()]
        own = tops[(tops["country"] == "M02") & (tops["year"] == 2003)].iloc[0]
        value = f"{own['value']:.1%}" if lead == "The adhesive" else f"{own['value']:.3f}"
        text = caption[caption.index(lead) :]
        first = text[: text.index(", then")]
        node = own["industry"].replace("_", " ")
        assert first.endswith(f"{node} ({value.replace('-', chr(0x2212))})")
        here = tops[tops["country"] == "M02"]
        years = int((here["industry"] == own["industry"]).sum())
        assert f"it was the first in {years} of 4 years" in text
        count = tops.loc[tops["year"] == 2003, "industry"].value_counts()
        assert f"In 3 countries: {count.index[0].replace('_', ' ')} in {count.iloc[0]}" in text


def test_levels_add_up_and_the_first_is_what_enters(store: StudyStore) -> None:
    shown = figure(section_of(store), "Trophic levels")
    share = shown.data[shown.data["options"].str.contains("form=share")]
    np.testing.assert_allclose(share.groupby("country")["value"].sum(), 1.0, rtol=1e-12)
    boundary = rows(store, "flow_indicators", part="boundary_share")
    boundary = boundary[boundary["year"] == 2003].set_index("country")["value"]
    first = share[share["part"] == "level 1"].set_index("country")["value"]
    np.testing.assert_allclose(first, boundary.reindex(first.index), rtol=1e-12)
    assert f"level 1 {first['M02']:.1%} (median {first.median():.1%})" in shown.caption


def test_succession_follows_the_store_year_by_year(store: StudyStore) -> None:
    shown = figure(section_of(store), "Succession")
    wide = shown.data.set_index(["indicator", "country"])[[str(y) for y in YEARS]]

    def series(name: str, part: str) -> pd.DataFrame:
        frame = rows(store, name, part=part).pivot(index="country", columns="year", values="value")
        return frame.loc[list(CODES)]

    through = rows(store, "throughflow").groupby(["country", "year"])["value"].sum().unstack()
    np.testing.assert_allclose(
        wide.loc["throughflow (first year = 1)"], through.div(through[2000], axis=0), rtol=1e-12
    )
    order = series("ascendency", "order").to_numpy()
    np.testing.assert_allclose(wide.loc["robustness"], -order * np.log(order), rtol=1e-10)
    np.testing.assert_array_equal(wide.loc["path length"], series("flow_indicators", "path_length"))
    np.testing.assert_array_equal(wide.loc["mutualism ratio"], series("synergism", "mutualism"))
    codes = rows(store, "utility_relation", detail="group")
    codes = codes.set_index(["country", "year", "industry", "group"])["value"]
    nodes = sorted(set(codes.index.get_level_values("industry")))
    for code in CODES:
        for year in YEARS:
            moved = [p for p in combinations(nodes, 2)
                     if codes[(code, year, *p)] != codes[(code, 2000, *p)]]  # fmt: skip
            share = wide.loc[(RELATED, code), str(year)]
            assert share == pytest.approx(len(moved) / 10)


def test_growth_and_development_are_the_change_of_ascendency(store: StudyStore) -> None:
    caption = figure(section_of(store), "Succession").caption
    order = rows(store, "ascendency", part="trophic_depth").set_index(["country", "year"])["value"]
    bits = np.log2(order)
    development = math.log(bits["M02", 2003] / bits["M02", 2000])
    assert f"{development:.3f} development of order".replace("-", chr(0x2212)) in caption
    through = rows(store, "system_throughput", part="throughput").set_index(["country", "year"])
    growth = math.log(through["value"]["M02", 2003] / through["value"]["M02", 2000])
    assert f"{growth:.3f} growth of throughput".replace("-", chr(0x2212)) in caption
    both = f"ascendency changes by {growth + development:.3f} in".replace("-", chr(0x2212))
    assert both in caption


def test_cycling_of_countries_is_the_weighted_cycling_of_their_nodes(store: StudyStore) -> None:
    section = section_of(store)
    ranked, side = figure(section, "Finn cycling index of 3"), table(section, "Communities of 3")
    labels = ["country", "year", "industry"]
    T = rows(store, "throughflow").set_index(labels)["value"]
    c = rows(store, "cycling").set_index(labels)["value"]
    finn = (T * c).groupby(["country", "year"]).sum() / T.groupby(["country", "year"]).sum()
    now = finn.xs(2003, level="year").sort_values(ascending=False)
    data = ranked.data.set_index("country")
    np.testing.assert_allclose(data["Finn cycling index"], now.reindex(data.index), rtol=1e-10)
    assert data.index.tolist() == now.index.tolist() and data["rank"].tolist() == [1, 2, 3]
    assert f"Finn cycling index {now['M02']:.3f} (" in ranked.caption
    assert [row[1] for row in side.rows] == [f"{value:.3f}" for value in now]
    keys = rows(store, "keystoneness")
    keys = keys[keys["year"] == 2003]
    top = keys.loc[keys.groupby("country")["value"].idxmax()].set_index("country")["industry"]
    assert data["keystone"].tolist() == [top[code].replace("_", " ") for code in data.index]


def test_relations_that_hang_on_aggregation_are_counted(store: StudyStore) -> None:
    shown = table(section_of(store), "how industries are grouped")
    for by, row in zip(("broad", "communities"), shown.rows, strict=True):
        labels = ["country", "year", "industry", "group"]
        a, b = (rows(store, "utility_relation", by=by, detail=detail).set_index(labels)["value"]
                for detail in ("group", "industry"))  # fmt: skip
        pairs = [key for key in a.index if key[2] < key[3]]
        other = [key for key in pairs if a[key] != b[key]]
        own = [key for key in other if key[:2] == ("M02", 2003)]
        assert row[0] == by
        assert row[1] == f"{len(own)} of {len(pairs) // 12}"
        assert row[3] == f"{len([k for k in other if k[1] == 2003])} of {len(pairs) // 4}"
        assert row[4] == f"{len(other)} of {len(pairs)}"
    assert shown.data["differs"].sum() == sum(int(row[3].split()[0]) for row in shown.rows)


def test_indicators_stand_side_by_side_for_each_grouping(store: StudyStore) -> None:
    shown = table(section_of(store), "Indicators by grouping")
    assert shown.head[1:] == [
        "broad, 2000",
        "broad, 2003",
        "communities, 2000",
        "communities, 2003",
    ]
    cells = {row[0]: row[1:] for row in shown.rows}
    for part, measure in (("cycling", "flow_indicators"), ("robustness", "ascendency")):
        expected = [
            rows(store, measure, by=by, part=part, country="M02").set_index("year")["value"][year]
            for by in ("broad", "communities") for year in (2000, 2003)
        ]  # fmt: skip
        assert cells[part] == [f"{value:.3f}" for value in expected]


def test_the_convention_used_is_said(store: StudyStore, make: Callable[[str], StudyStore]) -> None:
    said = [b for b in section_of(store).blocks if isinstance(b, Text)]
    assert "convention=consumption" in said[0].text and "Convention" in said[0].title
    assert "households, non-profit bodies and government use up is respired" in said[0].text
    head = STUDY[: STUDY.index("[[measures]]")]
    nutrition = '[[measures]]\nname = "nutrition"\nby = "broad"\norigin = "domestic"\n'
    silent = section_of(make(head + nutrition))
    assert not any(isinstance(b, Text) for b in silent.blocks)
    switched = '[[measures]]\nname = "ascendency"\nby = "broad"\nconvention = "absorption"\n'
    other = section_of(make(head + nutrition + switched))
    (text,) = [b for b in other.blocks if isinstance(b, Text)]
    assert "convention=absorption" in text.text and "only exports leave" in text.text


def test_a_network_of_all_countries_is_nobodys_own(make: Callable[[str], StudyStore]) -> None:
    world = make(spelled(STUDY).replace('origin = "domestic"', 'origin = "balance"'))
    titles = [_title(b) for b in section_of(world).blocks]
    assert any("Who feeds whom" in title for title in titles)
    assert not any("holds" in t or "Trophic" in t or "Finn" in t for t in titles)


def test_what_is_undefined_is_neither_zero_nor_first(store: StudyStore) -> None:
    """The most adhesive node loses its value: it is left out, the next one is the first."""
    frame = rows(store, "adhesion", form="throughflow", country="M02")
    frame = frame[frame["year"] == 2003].sort_values("value", ascending=False)
    top, second = frame["industry"].iloc[0], frame["industry"].iloc[1]

    def change(name: str, found: pd.DataFrame) -> pd.DataFrame:
        if name != "results" or "industry" not in found:
            return found
        own = (found["country"] == "M02") & (found["industry"] == top)
        lost = own & (found["measure"] == "adhesion") & (found["form"] == "throughflow")
        return found.assign(value=found["value"].mask(lost))

    shown = figure(section_of(Altered(store, change)), "What holds")  # type: ignore[arg-type]
    own = shown.data[(shown.data["country"] == "M02") & (shown.data["node"] == top)]
    assert math.isnan(own["value"].iloc[0])
    value = frame["value"].iloc[1]
    assert f"lose most: {second.replace('_', ' ')} ({value:.1%})" in shown.caption
    drawn = shown.chart["datasets"].values()
    marks = [row for rows_ in drawn for row in rows_ if row.get("kind") == "focus"]
    assert len(marks) == 14


def test_generated_data_is_marked_in_every_figure(store: StudyStore) -> None:
    made = build(store)
    page = as_html(made, as_xlsx(made))
    shown = [b for b in section_of(store).blocks if isinstance(b, Figure)]
    assert len(shown) == 6
    for one in shown:
        after = page.split(f"{one.title}", 1)[1].split("</figure>")[0]
        assert "SYNTHETIC" in after


SYMBIOSIS = """
[study]
title = "Symbiosis"
focus = ["M02"]
[[tables]]
path = "model:countries=3,years=14"
[[measures]]
name = "account"
of = "value_added"
by = "sectors"
[symbiosis]
"""


def told(store: StudyStore, kept: pd.DataFrame) -> tuple[Table, str]:
    """Table of kinds and caption of the portrait, from changed estimates."""
    altered = Altered(store, lambda name, frame: frame)
    altered.symbiosis = lambda: kept  # type: ignore[attr-defined]
    results = Results(altered)  # type: ignore[arg-type]
    blocks = symbioses(View(results, results.sources[0])).blocks
    (table,) = (b for b in blocks if isinstance(b, Table) and b.title.startswith("Symbiosis of"))
    return table, next((b.caption for b in blocks if isinstance(b, Figure)), "")


def test_where_the_kind_is_not_identified_no_limit_and_no_p_is_printed(
    make: Callable[[str], StudyStore],
) -> None:
    store = make(SYMBIOSIS)
    kept = store.symbiosis()
    assert kept is not None and len(kept) >= 2
    tight = {"d_first_second": -0.99, "d_first_second_lower": -1.0, "d_first_second_upper": -0.99,
             "d_second_first": 0.5, "d_second_first_lower": 0.4, "d_second_first_upper": 0.6,
             "interaction_p": 1e-9, "feasible": 0.93, "stable": 0.91,
             "equilibrium": "stable node", "reason": "a valley"}  # fmt: skip
    tight |= {f"equilibrium_{place}{end}": 1e3 for place in ("first", "second")
              for end in ("", "_lower", "_upper")}  # fmt: skip
    table, caption = told(store, kept.assign(**tight, kind="not identified", likeliest=""))
    for row in table.rows:
        assert row[1:] == ["not identified", "–", "–", "–", "–", "–"]
    assert "p say nothing" in table.note
    assert table.data["d_first_second"].tolist() == [-0.99] * len(table.rows)
    marks = table.data[["kind", "reason"]].drop_duplicates().to_numpy().tolist()
    assert marks == [["not identified", "a valley"]]
    assert "not identified (a valley)" in caption and "of the one fit drawn: stable" in caption
    assert "p < 0.001" not in caption and "93%" not in caption and "interval" not in caption
    table, caption = told(store, kept.assign(**tight | {"reason": ""}, kind="competition"))
    assert "–" not in str(table.rows) and table.rows[0][6] == "< 0.001"
    assert "p < 0.001" in caption and "feasible in 93%" in caption


def test_an_interval_from_nothing_to_twice_the_capacity_is_not_determined(
    make: Callable[[str], StudyStore],
) -> None:
    store = make(SYMBIOSIS)
    kept = store.symbiosis()
    assert kept is not None and len(kept) >= 2
    wide = {"d_first_second": 94.6, "d_first_second_lower": -8256.0, "d_first_second_upper": 8445.0,
            "d_second_first": 0.5, "d_second_first_lower": -0.9, "d_second_first_upper": 3.25,
            "interaction_p": 1e-9, "kind": "undetermined", "reason": ""}  # fmt: skip
    one, _ = told(store, kept.assign(**wide))
    for row in one.rows:
        assert row[3] == "not determined"
        assert row[4] == "0.50 (\N{MINUS SIGN}0.90 to 3.25)"
        assert row[6] == "< 0.001"
    assert one.data["d_first_second_upper"].tolist() == [8445.0] * len(one.rows)
    assert "holds both \N{MINUS SIGN}1 and 1" in one.note
    assert "8,4" not in str(one.rows) and "0.00" not in [row[6] for row in one.rows]
