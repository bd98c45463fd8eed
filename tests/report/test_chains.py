"""Pages on value chains: what figures and captions say is what the store holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import altair
import numpy as np
import pandas as pd
import pytest

from report_stores import Altered
from servio import report
from servio.report._blocks import Figure, Table
from servio.report._page import Report, as_html, build
from servio.report._sankey import Node, sankey
from servio.report.words import money, number
from servio.study import StudyStore

STUDY = """
[study]
title = "Chains"
focus = ["M02"]
base_year = 2000
[[tables]]
path = "model:countries=4,years=3"
[[measures]]
name = "service_content_of_exports"
grouping = ["services", "kiet"]
origin = ["total", "domestic", "imported"]
by = "manufacturing"
[[measures]]
name = "export_origin"
grouping = ["sectors", "kiet"]
by = "manufacturing"
[[measures]]
name = "value_added_trade"
by = "economy"
[[measures]]
name = "gross_exports"
partners = ["total", "each"]
by = ["economy", "manufacturing"]
[[measures]]
name = "participation"
method = ["trade", "oecd"]
by = "manufacturing"
[[measures]]
name = "upstreamness"
by = ["manufacturing", "services", "industry"]
[[measures]]
name = "downstreamness"
by = ["manufacturing", "services"]
[[measures]]
name = "primary_input_ratio"
by = "industry"
[[measures]]
name = "footprint"
form = "production"
by = "industry"
[[measures]]
name = "smile_test"
form = ["curvature", "p_value"]
[[measures]]
name = "chain_income"
form = "stage"
by = "sectors"
[[measures]]
name = "export_decomposition"
by = "manufacturing"
[[measures]]
name = "offshoring"
form = ["broad", "narrow", "services", "materials"]
by = "manufacturing"
[[measures]]
name = "service_profile"
grouping = ["chain_level", "porter"]
by = "manufacturing"
[[measures]]
name = "service_hierarchy"
by = "manufacturing"
[[measures]]
name = "strategic_links"
[[measures]]
name = "structural_paths"
producer = "M02"
[[measures]]
name = "smile_curve"
form = ["distance", "rate", "share"]
chain = "M02_C26"
"""
SECTIONS = (
    "Services in manufacturing exports",
    "Where the value of manufacturing exports arises",
    "Trade in value added",
    "Participation in global value chains",
    "Position in the chain",
    "Income along chains",
    "Smile curve",
    "Exports taken apart",
    "Offshoring",
    "Level of the services in chains",
    "Links from services to industries",
)


@pytest.fixture(scope="module")
def chains(make: Callable[[str], StudyStore]) -> StudyStore:
    return make(STUDY)


@pytest.fixture(scope="module")
def said(chains: StudyStore) -> Report:
    return build(chains)


@pytest.fixture(scope="module")
def html(chains: StudyStore, tmp_path_factory: pytest.TempPathFactory) -> str:
    return report.write(chains, tmp_path_factory.mktemp("chains") / "r.html").read_text("utf-8")


def figure(said: Report, start: str) -> Figure:
    return next(
        e.block
        for e in said.entries
        if isinstance(e.block, Figure) and e.block.title.startswith(start)
    )


def test_every_page_is_there(said: Report) -> None:
    (part,) = said.parts
    assert set(SECTIONS) <= {s.title for s in part.sections}


def test_page_is_whole_and_the_same_twice(chains: StudyStore, html: str, tmp_path: Path) -> None:
    assert report.write(chains, tmp_path / "again.html").read_text("utf-8") == html
    plain = re.sub(r' xmlns(:\w+)?="[^"]*"', "", re.sub(r"base64,[A-Za-z0-9+/=]*", "", html))
    assert re.findall(r"https?://[^\s<\"]*", plain) == []
    drawn = re.findall(r"<figure.*?</figure>", html, flags=re.S)
    assert len(drawn) >= 10
    for one in drawn:
        caption = one.partition("<figcaption>")[2]
        assert "Unit: " in caption and "Source: Model world" in caption and "2002" in caption
        assert 'class="tag">synthetic' in one and "<path" in one and "data:text/csv" in one


def test_charts_are_valid(said: Report) -> None:
    for entry in said.entries:
        if isinstance(entry.block, Figure):
            altair.Chart.from_dict(entry.block.chart, validate=True)


def test_flow_diagram_is_the_origin_of_all_exports(chains: StudyStore, said: Report) -> None:
    rows = chains.results("export_origin", country="M02", year=2002, grouping="sectors")
    (exports,) = chains.results(
        "gross_exports", country="M02", year=2002, by="manufacturing", partners="total"
    )["value"]
    flow = figure(said, "Origin of the value of manufacturing exports")
    data = flow.data
    assert data["value"].sum() == pytest.approx(exports, rel=1e-12)
    assert data["share"].sum() == pytest.approx(1.0, rel=1e-12)
    own = rows[rows["partner"] == "M02"]["value"].sum()
    assert data[data["side"] == "home"]["value"].sum() == pytest.approx(own, rel=1e-12)
    abroad = rows[rows["partner"] != "M02"].groupby("partner")["value"].sum() / exports
    first = abroad.sort_values(ascending=False)
    assert f"origins abroad: {first.index[0]} {number(first.iloc[0], 'share')}" in flow.caption
    unit = rows["unit"].iloc[0]
    assert f"Of {money(exports, unit)} of manufactured exports" in flow.caption
    assert f"{number(own / exports, 'share')} is value added at home" in flow.caption
    for row in data[data["sector"] == "services"].itertuples():
        groups = chains.results("export_origin", country="M02", year=2002, group=row.group)
        side = (groups["partner"] == "M02") == (row.side == "home")
        assert row.value == pytest.approx(groups[side]["value"].sum(), rel=1e-12)


def test_ribbons_are_as_wide_as_their_values() -> None:
    nodes = [
        Node("a", 0, "a", 3.0, "#000", "m"),
        Node("b", 0, "b", 1.0, "#000", "m"),
        Node("m", 1, "m", 4.0, "#000", "end"),
        Node("end", 2, "end", 4.0, "#000"),
    ]
    rows = pd.DataFrame(sankey(nodes)["datasets"]["rows0"])
    wide = (rows["y2"] - rows["y"]).groupby(rows["key"]).agg(["min", "max"])
    np.testing.assert_allclose(wide["min"], wide["max"], atol=0.02)
    np.testing.assert_allclose(wide["max"] / wide.loc["m", "max"], [0.75, 0.25, 1.0], atol=1e-3)
    last = rows[(rows["x"] == rows.groupby("key")["x"].transform("max"))].set_index("key")
    assert last.loc["b", "y"] == pytest.approx(last.loc["a", "y2"], abs=0.02)


def test_negative_value_is_said_and_not_drawn(chains: StudyStore) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        if name != "results" or "export_origin" not in set(frame["measure"]):
            return frame
        mining = (frame["group"] == "mining") & (frame["partner"] == "M02")
        return frame.assign(value=frame["value"].mask(mining, -5.0))

    flow = figure(build(Altered(chains, change)), "Origin of")  # type: ignore[arg-type]
    assert "Negative and not drawn: own mining" in flow.caption
    assert (flow.data["value"] < 0).sum() == 1


def test_undefined_origin_gives_the_last_whole_year(chains: StudyStore) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        if name != "results" or "export_origin" not in set(frame["measure"]):
            return frame
        gone = (frame["year"] == 2002) & (frame["country"] == "M02")
        return frame.assign(value=frame["value"].mask(gone))

    made = build(Altered(chains, change))  # type: ignore[arg-type]
    assert figure(made, "Origin of").title.endswith("2001")
    assert "n/a" in as_html(made, b"")


def test_services_in_exports_with_ranks(chains: StudyStore, said: Report) -> None:
    table = next(
        e.block
        for e in said.entries
        if isinstance(e.block, Table) and e.block.title.startswith("Services value added")
    )
    rows = chains.results("service_content_of_exports", grouping="services", year=2002)
    for origin, own in rows.groupby("origin"):
        values = own.set_index("country")["value"]
        shown = table.data[(table.data["year"] == 2002) & (table.data["origin"] == origin)]
        assert shown["value"].item() == values["M02"]
        assert shown["rank"].item() == (values > values["M02"]).sum() + 1
    wide = table.data.pivot(index="year", columns="origin", values="value")
    np.testing.assert_allclose(wide["domestic"] + wide["imported"], wide["total"], rtol=1e-12)
    last = table.rows[-1]
    assert last[0] == "2002" and last[1] == number(wide.loc[2002, "total"], "share")


def test_heat_map_of_trade_in_value_added(chains: StudyStore, said: Report) -> None:
    rows = chains.results("value_added_trade", year=2002)
    data = figure(said, "Value added by origin and final demand").data
    known = rows.set_index(["country", "partner"])["value"]
    shown = data.set_index(["country", "partner"])
    np.testing.assert_array_equal(shown["value"], known.reindex(shown.index))
    abroad = data[data["country"] != data["partner"]].groupby("country")["share_shown"].sum()
    np.testing.assert_allclose(abroad, 1.0, rtol=1e-12)


def test_origins_of_every_exporter_add_up(said: Report) -> None:
    data = figure(said, "Whose value is in manufacturing exports").data
    np.testing.assert_allclose(data.groupby("country")["share_shown"].sum(), 1.0, rtol=1e-12)


def test_participation_and_position_say_the_store(chains: StudyStore, said: Report) -> None:
    rows = chains.results("participation", country="M02", method="trade", part="BACKWARD")
    first, last = (number(rows[rows["year"] == y]["value"].item(), "share") for y in (2000, 2002))
    assert f"backward {first} to {last}" in figure(said, "Chains across borders").caption
    up = chains.results("upstreamness", by="manufacturing", year=2002).set_index("country")
    place = int((up["value"] > up.loc["M02", "value"]).sum()) + 1
    caption = figure(said, "Upstreamness of manufacturing").caption
    assert f"number {place} of 4 from the top" in caption
    assert f"to {up.loc['M02', 'value']:.3f}" in caption


def test_rank_is_that_of_the_latest_year(chains: StudyStore) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        if name != "results" or "upstreamness" not in set(frame["measure"]):
            return frame
        early = (frame["country"] == "M02") & (frame["year"] == 2000)
        late = (frame["country"] == "M02") & (frame["year"] == 2002)
        return frame.assign(value=frame["value"].mask(early, 99.0).mask(late, 0.5))

    made = build(Altered(chains, change))  # type: ignore[arg-type]
    assert "number 4 of 4" in figure(made, "Upstreamness of manufacturing").caption


def test_undefined_income_is_not_left_out_of_the_sum(chains: StudyStore) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        if name != "results" or "chain_income" not in set(frame["measure"]):
            return frame
        gone = (frame["industry"] == "mining") & (frame["country"] == "M02")
        return frame.assign(value=frame["value"].mask(gone))

    made = build(Altered(chains, change))  # type: ignore[arg-type]
    assert "earned undefined from them" in figure(made, "Income of").caption


def test_smile_has_the_store_s_points_and_verdicts(chains: StudyStore, said: Report) -> None:
    data = figure(said, "Value added per output").data.set_index("industry")
    for column, name in (("distance", "upstreamness"), ("rate", "primary_input_ratio"),
                         ("value_added", "footprint")):  # fmt: skip
        rows = chains.results(name, country="M02", year=2002, by="industry")
        known = rows.set_index("industry")["value"]
        np.testing.assert_array_equal(data[column], known.reindex(data.index))
    table = next(
        e.block for e in said.entries if e.block.title.startswith("Chains of manufactures")
    )
    levels = chains.results("smile_test", country="M02", year=2002, form="p_value")
    known = levels.set_index("industry")["value"]
    verdicts = table.data.set_index("product")
    np.testing.assert_array_equal(verdicts["p_value"], known.reindex(verdicts.index))
    assert ((verdicts["verdict"] == "smile") == (verdicts["p_value"] < 0.05)).all()


def test_points_of_one_chain_are_the_store_s(chains: StudyStore, said: Report) -> None:
    shown = figure(said, "Smile curve of one chain")
    rows = chains.results("smile_curve", chain="M02_C26").assign(
        label=lambda f: f["country"] + " " + f["industry"]
    )
    for year in (2000, 2002):
        known = rows[rows["year"] == year].pivot(index="label", columns="form", values="value")
        data = shown.data[shown.data["year"] == year].set_index("label")
        for column, form in (("distance", "distance"), ("rate", "rate"), ("value_added", "share")):
            np.testing.assert_array_equal(data[column], known[form].reindex(data.index))
        level = chains.results("smile_test", country="M02", industry="C26", year=year,
                               form="p_value")["value"].item()  # fmt: skip
        said_level = f"{level:.3f}" if level >= 0.001 else "below 0.001"
        own = shown.caption.partition(f"{year}: ")[2].partition(";")[0]
        assert f"p {said_level}" in own and ("a smile, lowest" in own) == (level < 0.05)


def test_exports_taken_apart_add_up(chains: StudyStore, said: Report) -> None:
    shown = figure(said, "Value added in manufactured exports")
    own = shown.data[shown.data["country"] == "M02"].set_index("account")
    np.testing.assert_allclose(own[["2000", "2001", "2002"]].sum(), 1.0, rtol=1e-9)
    rows = chains.results("export_decomposition", country="M02", year=2002).set_index("part")
    share = rows.loc["FVA", "value"] / rows.loc["EXGR", "value"]
    assert own.loc["foreign", "2002"] == pytest.approx(share, rel=1e-12)
    assert f"to {number(share, 'share')}" in shown.caption


def test_levels_and_offshoring_are_the_store_s(chains: StudyStore, said: Report) -> None:
    shown = figure(said, "Services in manufacturing chains by level")
    own = shown.data[shown.data["country"] == "M02"]
    rows = chains.results("service_profile", country="M02", year=2001, grouping="chain_level")
    np.testing.assert_array_equal(own["2001"], rows["value"])
    mean = chains.results("service_hierarchy", country="M02", year=2002)["value"].item()
    assert number(mean, "level") in figure(said, "Mean level of the services").caption
    narrow = chains.results("offshoring", country="M02", year=2002, form="narrow", part="true")
    text = number(narrow["value"].item(), "share")
    assert text in figure(said, "Inputs of manufacturing from abroad").caption


def test_links_are_ranked(chains: StudyStore, said: Report) -> None:
    rows = chains.results("structural_paths", country="M02", year=2002).set_index("part")["value"]
    shown = figure(said, "Strongest paths")
    data = shown.data.set_index("label")["2002"]
    np.testing.assert_array_equal(data, rows.drop("all other paths").nlargest(len(data)))
    assert f"carry {number(rows['all other paths'], 'share')}" in shown.caption
    rows = chains.results("strategic_links", country="M02", year=2002).set_index("industry")
    data = figure(said, "Strategic links").data.set_index("label")["2002"]
    assert data.to_dict() == rows["value"].nlargest(len(data)).to_dict()


def test_undefined_years_are_said(chains: StudyStore) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        if name != "results" or "service_profile" not in set(frame["measure"]):
            return frame
        gone = (frame["year"] == 2000) & (frame["country"] == "M02") & (frame["group"] == "high")
        return frame.assign(value=frame["value"].mask(gone))

    shown = figure(build(Altered(chains, change)), "Services in manufacturing chains by level")  # type: ignore[arg-type]
    assert "Undefined in 2000." in shown.caption and "2001" in shown.title


def test_income_by_stage_is_the_store_s(chains: StudyStore, said: Report) -> None:
    rows = chains.results("chain_income", country="M02", year=2002)
    shown = figure(said, "Income of")
    known = rows.set_index(["industry", "part"])["value"]
    data = shown.data.set_index(["sector", "stage"])["value"]
    np.testing.assert_array_equal(data, known.reindex(data.index))
    assert f"earned {money(known.sum(), rows['unit'].iloc[0])} from them" in shown.caption


def test_partner_is_a_label_and_partners_the_option(chains: StudyStore) -> None:
    each = chains.results("gross_exports", by="economy", partners="each", year=2002)
    total = chains.results("gross_exports", by="economy", partners="total", year=2002)
    assert set(each["partner"]) == {"M01", "M02", "M03", "M04"} and set(total["partner"]) == {""}
    sums = each.groupby("country")["value"].sum()
    np.testing.assert_allclose(sums, total.set_index("country")["value"], rtol=1e-12)


def test_without_focus_matrices_remain(chains: StudyStore) -> None:
    made = build(Altered(chains, lambda name, frame: frame, focus=()))  # type: ignore[arg-type]
    (part,) = made.parts
    titles = {s.title for s in part.sections}
    assert {"Trade in value added", "Where the value of manufacturing exports arises"} <= titles
    assert {"Links from services to industries", "Participation in global value chains"} <= {
        s.title for s in part.absent
    }
    figures = [b.title for s in part.sections for b in s.blocks if s.title == "Smile curve"]
    assert len(figures) == 1 and figures[0].startswith("Smile curve of one chain")
    body = as_html(made, b"").partition("<main>")[2].partition("Downloads")[0]
    assert re.search(r"\bnan\b", body) is None
