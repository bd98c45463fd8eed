"""Sections on modes, community and symbiosis say what the store holds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from report_stores import Altered
from servio.report._blocks import Figure, Section, Table, Text
from servio.report._community import _bent, community
from servio.report._interaction import manufacturing_modes, symbioses
from servio.report._page import as_html, build
from servio.report._projection import projections
from servio.report._workbook import as_xlsx
from servio.report.view import Results, View
from servio.study import StudyStore

STUDY = """
[study]
title = "Interaction"
focus = ["M02"]
[[tables]]
path = "model:countries=3,years=14"
[[measures]]
name = "service_input_share"
grouping = "kiet"
by = "industry"
only = "manufacturing"
[[measures]]
name = "convergence_rate"
grouping = "kiet"
mutual = "mean"
by = "industry"
only = "manufacturing"
[[measures]]
name = "throughflow"
by = "broad"
[[measures]]
name = "nutrition"
by = "broad"
[[measures]]
name = "utility_relation"
form = "relation"
by = ["broad", "communities"]
detail = ["group", "industry"]
[[measures]]
name = "flow_indicators"
by = ["communities", "broad"]
[[measures]]
name = "account"
of = "value_added"
by = "sectors"
[modes]
window = 7
[symbiosis]
"""


@pytest.fixture(scope="module")
def store(make: Callable[[str], StudyStore]) -> StudyStore:
    return make(STUDY)


def view_of(store: StudyStore) -> View:
    results = Results(store)
    return View(results, results.sources[0])


def figures(section: Section) -> list[Figure]:
    return [block for block in section.blocks if isinstance(block, Figure)]


def tables(section: Section) -> list[Table]:
    return [block for block in section.blocks if isinstance(block, Table)]


def test_modes_by_window_are_shares_of_the_units(store: StudyStore) -> None:
    section = manufacturing_modes(view_of(store))
    everywhere, own, matrix = figures(section)
    found = store.modes()
    assert found is not None
    windows = found[found["period"] == "window"]
    first = windows[windows["window_first"] == 2000]
    share = float((first["mode"] == "alternative").mean())
    row = everywhere.data[everywhere.data["window_first"] == 2000].iloc[0]
    assert row["alternative"] == pytest.approx(share, rel=1e-14) and row["units"] == len(first)
    assert f"alternative {share:.1%} to" in everywhere.caption
    assert "confidence" in everywhere.caption and "not independent" in everywhere.caption
    assert own.data["units"].iloc[0] == (first["country"] == "M02").sum()
    parts = matrix.data.drop(columns=["country", "units", "confidence"])
    np.testing.assert_allclose(parts.sum(axis=1), 1.0, rtol=1e-14)
    assert set(matrix.data["country"]) == {"M01", "M02", "M03"}
    counts, surest = tables(section)
    assert counts.data.drop(columns="from").to_numpy().sum() > 0
    assert set(surest.data["country"]) == {"M02"}


def test_the_network_has_the_shares_of_intake(store: StudyStore) -> None:
    section = community(view_of(store))
    network, relations = figures(section)
    year = store.years[-1]
    rows = store.results("nutrition", country="M02", year=year, partner=["M02"])
    rows = rows.set_index(["industry", "group"])
    assert len(rows) == 25 and "nodes of other countries" in network.note
    drawn = network.data.set_index(["taker", "giver"])["share_of_intake"]
    pd.testing.assert_series_equal(
        drawn.sort_index(), rows["value"].sort_index(), check_names=False
    )
    largest = drawn[[a != b for a, b in drawn.index]].idxmax()
    taker, giver = (name.replace("_", " ") for name in largest)
    assert f"{taker} has {drawn[largest]:.1%} of its intake from {giver}" in network.caption
    words = dict(zip(relations.data["code"], relations.data["relation"], strict=True))
    assert set(words.items()) <= {(4.0, "mutualism"), (2.0, "exploits"), (-2.0, "is exploited"),
                                  (-4.0, "competition"), (0.0, "none")}  # fmt: skip
    hangs, *_ = tables(section)
    assert [row[0] for row in hangs.rows] == ["broad", "communities"]
    assert hangs.rows[1][1].endswith(" of 3")


def test_arrows_keep_clear_of_their_nodes() -> None:
    curve = _bent(np.array([0.0, 0.0]), np.array([100.0, 0.0]))
    assert np.hypot(*curve[0]) > 20 and np.hypot(*(curve[-1] - [100.0, 0.0])) > 20
    assert (curve[:, 1] > 0).all()


def test_the_portrait_has_the_fitted_path_and_the_observed_years(store: StudyStore) -> None:
    section = symbioses(view_of(store))
    kept = store.symbiosis()
    assert kept is not None
    (table,) = tables(section)
    assert [row[1] for row in table.rows] == kept["kind"].tolist()
    own = kept[kept["country"] == "M02"]
    if own.empty:
        assert any(isinstance(block, Text) for block in section.blocks)
        return
    row = own.iloc[0]
    portrait, paths = figures(section)
    assert "rests on the equations" in paths.note
    observed = store.results("account", country="M02", industry="services")["value"]
    np.testing.assert_array_equal(portrait.data["services"], observed)
    assert portrait.data["services_fitted"].iloc[0] == pytest.approx(row["x0_second"])
    assert row["equilibrium"] in portrait.caption and row["notes"] in portrait.caption
    known = row["kind"] != "not identified"
    if not math.isnan(row["stable"]):
        assert (f"stable in {row['stable']:.0%}" in portrait.caption) == known
    p = row["interaction_p"]
    assert (("p < 0.001" if p < 0.001 else f"p = {p:.3f}") in portrait.caption) == known
    assert math.isnan(p) != known


def test_a_focus_country_without_an_estimate_has_its_reason(store: StudyStore) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        if name != "problems":
            return frame
        row = {"source": "model", "country": "M02", "year": None, "measure": "symbiosis",
               "definition": "", "text": "not computed: too short"}  # fmt: skip
        return pd.DataFrame([row])

    kept = store.symbiosis()
    assert kept is not None
    altered = Altered(store, change)
    altered.symbiosis = lambda: kept[kept["country"] != "M02"]  # type: ignore[attr-defined]
    section = symbioses(view_of(altered))  # type: ignore[arg-type]
    assert [figure.title.split(":")[0] for figure in figures(section)] == [
        "Where the fitted equations lead"
    ]
    assert "M02" not in figures(section)[0].title
    assert any(isinstance(b, Text) and "too short" in b.text for b in section.blocks)


def projected(**given: object) -> pd.DataFrame:
    """Three years and two more of one country, as a study keeps them."""
    years = np.repeat([2001, 2002, 2003, 2004, 2005], 2)
    rows = pd.DataFrame({
        "source": "model", "unit": "million USD", "country": "M02",
        "sector": ["manufacturing", "services"] * 5, "year": years, "projected": years > 2003,
        "observed": np.where(years > 2003, np.nan, 100.0), "value": 110.0, "lower": 100.0,
        "upper": 120.0, "observed_lower": 90.0, "observed_upper": 130.0, "level": 0.95,
        "unbounded": 0.0, "intervals": "parametric bootstrap, 199 draws, seed 0", "note": "",
    })  # fmt: skip
    return rows.assign(**given)


def told(store: StudyStore, paths: pd.DataFrame | None) -> list[Figure]:
    altered = Altered(store, lambda name, frame: frame)
    altered.projections = lambda: paths  # type: ignore[attr-defined]
    found = pd.DataFrame({"country": ["M01", "M02"], "kind": ["mutualism", "not identified"]})
    return [*projections(view_of(altered), found)]  # type: ignore[arg-type]


def test_projections_say_where_they_end_and_what_they_rest_on(store: StudyStore) -> None:
    (figure,) = told(store, projected())
    assert "M02 in 2005: manufacturing 110.000 million USD (90.000 to 130.000" in figure.caption
    assert "Kind of symbiosis: not identified" in figure.caption
    assert "95% band: parametric bootstrap" in figure.note
    (rows,) = figure.chart["datasets"].values()
    assert len(rows) == 10
    before = [row for row in rows if row["year"] < 2003]
    assert all(row["ahead"] is None and row["fitted"] == 110 for row in before)
    after = [row for row in rows if row["year"] > 2003]
    assert all(row["ahead"] == 110 and row["value"] is None for row in after)
    joint = [row for row in rows if row["year"] == 2003]
    assert all(row["ahead"] == row["fitted"] == 110 for row in joint)


def test_a_band_without_end_is_cut_and_one_that_is_missing_is_said(store: StudyStore) -> None:
    (figure,) = told(store, projected(observed_upper=np.inf))
    assert "the band has no upper end" in figure.caption
    (rows,) = figure.chart["datasets"].values()
    assert {row["high"] for row in rows} == {300}
    limits = dict.fromkeys(("lower", "upper", "observed_lower", "observed_upper"), np.nan)
    bare = projected(**limits, intervals="", note="no band: too few refits")
    (figure,) = told(store, bare)
    assert "no band: too few refits" in figure.caption and "0 countries of 1" in figure.caption
    blown = projected(note="the fitted model blows up: services at t = 2004.5")
    (figure,) = told(store, blown[~blown["projected"]])
    assert "no projection, the fitted model blows up: services at t = 2004.5" in figure.caption
    assert told(store, None) == [] and told(store, projected(source="other")) == []


def test_what_the_study_lacks_is_said(make: Callable[[str], StudyStore]) -> None:
    bare = make(re.sub(r"(?s)\[modes\].*", "", STUDY).replace('"nutrition"', '"cycling"')
                .replace('form = "relation"', 'form = "integral"'))  # fmt: skip
    view = view_of(bare)
    assert manufacturing_modes(view).absent == "[modes]"
    assert symbioses(view).absent == "[symbiosis]"
    assert "nutrition" in community(view).absent


def test_the_page_marks_generated_data_and_is_the_same_each_time(store: StudyStore) -> None:
    made = build(store)
    page = as_html(made, as_xlsx(made))
    assert page == as_html(build(store), as_xlsx(build(store)))
    for title in ("Modes of manufacturing", "The economy as a community", "Symbiosis of sectors"):
        after = page.split(f"{title}", 2)[-1]
        assert "SYNTHETIC" in after.split("</figure>")[0]
