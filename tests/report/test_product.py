"""The chain of a product from the study's tables, and the claims, in the report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from servio import measure, report
from servio.errors import InputError
from servio.report import _charts
from servio.report._blocks import Figure, Section, Table
from servio.report._page import Report, build
from servio.report._sankey import Box, Ribbon, stages
from servio.report._stamp import up_to_date
from servio.report.product import first_industry
from servio.study import LiveTables, StudyStore, live_tables, supply_stages

NATIONAL = """
[study]
title = "National tables"
[[tables]]
path = "{path}"
[[measures]]
name = "upstreamness"
by = "industry"
"""
DESCRIBED = """
[table]
year = 2015
country = "AUT"
currency = "EUR"
unit = "million"
file = "table.csv"
industries = ["C", "G"]
demand = ["F"]
primary = ["V"]
output = "X"
"""
GROUPS = '[groups]\nservices = ["G"]\n'
MATRIX = ",C,G,F,X\nC,150,500,350,1000\nG,200,100,1700,2000\nV,650,1400,,\nX,1000,2000,,\n"


@pytest.fixture(scope="module")
def tables(store: StudyStore) -> LiveTables:
    return live_tables(store)


@pytest.fixture(scope="module")
def moved(store: StudyStore, tmp_path_factory: pytest.TempPathFactory) -> StudyStore:
    """The study as it is where nobody knows its tables."""
    folder = tmp_path_factory.mktemp("moved") / "out"
    shutil.copytree(store.folder, folder)
    (folder / ".place.json").unlink()
    return replace(store, folder=folder)


@pytest.fixture(scope="module")
def without(moved: StudyStore) -> Path:
    """Its report."""
    return report.write(moved)


def chain(made: Report) -> Section:
    return next(s for s in made.parts[0].sections if s.title == "The chain of a product")


def figures(made: Report) -> dict[str, Figure]:
    return {b.title.split(":")[0]: b for b in chain(made).blocks if isinstance(b, Figure)}


def test_every_figure_of_the_chain_is_there_and_counted(made: Report) -> None:
    assert list(figures(made)) == [
        "Suppliers and uses", "Smile curve", "Positions of industries",
        "Who earns, by country", "Who earns, by stage",
    ]  # fmt: skip
    assert all(made.entry(block) is not None for block in figures(made).values())
    assert made.live
    assert "C26" in chain(made).intro


def test_the_flow_diagram_has_the_flows_of_the_table(made: Report, tables: LiveTables) -> None:
    table = tables.table("model", "M02", 2003)
    found = supply_stages(table, "C26", country="M02")
    data = figures(made)["Suppliers and uses"].data
    assert data["value"].tolist() == [link.value for link in found.links]
    product = next(box for box in found.boxes if box.kind == "product")
    uses = data[data["stage"] == 0]["value"].sum()
    at = next(i for i in table.axis.positions("M02") if table.axis.codes[i] == "C26")
    assert product.value == pytest.approx(table.x[at])
    assert uses == pytest.approx(table.x[at])
    bought = table.Z[:, at].sum() / table.x[at]
    assert data[data["stage"] == 1]["share"].sum() == pytest.approx(bought)


def test_positions_and_incomes_are_those_of_the_measures(made: Report, tables: LiveTables) -> None:
    table = tables.table("model", "M02", 2003)
    drawn = figures(made)["Positions of industries"].data.set_index("industry")
    wanted = measure.upstreamness(table, by="industry").to_frame()
    wanted = wanted[wanted["country"] == "M02"].set_index("industry")["value"]
    assert drawn["upstreamness"].tolist() == wanted[drawn.index].tolist()
    assert len(drawn) == wanted.notna().sum()
    by_country = figures(made)["Who earns, by country"].data
    assert by_country["share"].sum() == pytest.approx(1.0)
    earned = measure.chain_income(table, chain="M02_C26", form="stage", by="broad").to_frame()
    home = earned[earned["country"] == "M02"]["value"].sum() / earned["value"].sum()
    own = by_country[by_country["country"] == "M02"]["share"].sum()
    assert own == pytest.approx(home)
    assert f"{home:.1%} stays at home" in figures(made)["Who earns, by country"].caption


def test_the_smile_has_all_earners(made: Report, tables: LiveTables) -> None:
    table = tables.table("model", "M02", 2003)
    share = measure.smile_curve(table, chain="M02_C26", form="share").to_frame()["value"]
    figure = figures(made)["Smile curve"]
    assert f"of {(share > 1e-12).sum()} earners" in figure.caption
    assert figure.data["share"].max() == pytest.approx(share.max())
    assert len(figure.data) <= 80


def test_electronics_or_the_first_that_is_no_service() -> None:
    assert first_industry({"A": False, "C26": False}) == "C26"
    assert first_industry({"G": True, "A": False}) == "A"
    assert first_industry({"own": None}) == "own"
    assert first_industry({"G": True}) == ""


@pytest.mark.parametrize("groups", [GROUPS, ""])
def test_a_national_table_and_one_that_names_no_services(
    make: Callable[[str], StudyStore], tmp_path: Path, groups: str
) -> None:
    (tmp_path / "table.csv").write_text(MATRIX)
    (tmp_path / "table.toml").write_text(DESCRIBED + groups)
    store = make(NATIONAL.format(path=(tmp_path / "table.toml").as_posix()))
    made = build(store, live_tables(store))
    if not groups:
        assert "No flow diagram:" in [getattr(b, "title", "") for b in chain(made).blocks]
        return
    income = figures(made)["Where the value of the product goes"].data.set_index("group")["share"]
    assert income["services"] == pytest.approx(0.1848, abs=5e-5)
    assert income.sum() == pytest.approx(1.0)
    flow = figures(made)["Suppliers and uses"]
    assert "18.5% value added of services" in flow.caption
    assert "National table" in flow.note


def test_without_the_tables_the_report_says_what_helps(without: Path) -> None:
    page = without.read_text("utf-8")
    assert "<b>The chain of a product</b>: would need" in page
    assert "servio report STUDY_DIR --tables FOLDER" in page
    assert str(without.parent) not in page


def test_a_report_without_the_tables_is_written_again(moved: StudyStore, without: Path) -> None:
    page = without.read_bytes()
    assert not up_to_date(moved, without)
    changed = page.replace(b'name="tables" content="not at hand"', b'name="tables" content="read"')
    other = without.with_name("other.html")
    other.write_bytes(changed)
    assert up_to_date(moved, other)


def test_a_folder_that_is_named_must_hold_the_tables(moved: StudyStore, tmp_path: Path) -> None:
    assert not isinstance(report._attached(moved, tmp_path), str)
    other = tmp_path / "other"
    shutil.copytree(moved.folder, other)
    path = other / "provenance.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"plan": "another"}))
    with pytest.raises(InputError, match="same files and version"):
        report.write(replace(moved, folder=other), tmp_path / "r.html", tables=tmp_path)
    assert not (tmp_path / "r.html").exists()


def test_claims_have_their_verdict_evidence_and_line(store: StudyStore, made: Report) -> None:
    records = {record.claim.id: record for record in store.claims()}
    with_verdict, *_, untested = [b for b in made.book.blocks if isinstance(b, Table)]
    for row in with_verdict.rows:
        record = records.pop(row[0])
        assert row[2].startswith(record.verdict)
        assert record.text in row[3]
        assert row[4] == f"servio claims STUDY_DIR --only {row[0]}"
    assert len(with_verdict.rows) > 0
    assert [row[0] for row in untested.rows] == list(records)
    assert {record.verdict for record in records.values()} == {"not testable"}


def test_claims_stand_in_the_contents(page: str) -> None:
    contents = page[page.index("<nav") : page.index("</nav>")]
    assert "Claims of the source documents" in contents
    assert "The chain of a product" in contents
    assert 'id="book-claims-of-the-source-documents"' in page


def test_ribbons_fill_their_boxes_to_scale() -> None:
    boxes = [Box("a", 0, "A", 6.0, "#111"), Box("b", 0, "B", 2.0, "#222"),
             Box("c", 1, "C", 10.0, "#333")]  # fmt: skip
    ribbons = [Ribbon("b", "c", 2.0), Ribbon("a", "c", 6.0)]
    spec = stages(boxes, ribbons, height=100.0)
    rects = {row["colour"]: row for row in spec["datasets"]["rows1"]}
    tall = {key: row["y2"] - row["y"] for key, row in rects.items()}
    assert tall == pytest.approx({"#111": 60.0, "#222": 20.0, "#333": 100.0})
    ends = pd.DataFrame(spec["datasets"]["rows0"])
    last = ends[ends["x"] == ends["x"].max()].set_index("colour")
    assert last["y"].min() == pytest.approx(rects["#333"]["y"])
    assert last.loc["#222", "y"] == pytest.approx(last.loc["#111", "y2"])
    assert rects["#333"]["x2"] <= _charts.WIDTH
