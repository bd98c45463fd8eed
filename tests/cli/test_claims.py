"""The book of claims on the command line: forms, files, exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from commands import Run, refused
from servio import explain, report
from servio.explain import Claim, ClaimRecord, Finding

STUDY = """
[study]
title = "Claims <on> a model"
[[tables]]
path = "model:countries=3,years=2"
[[measures]]
name = "service_input_share"
by = "manufacturing"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study on the model world, without what most claims need."""
    from servio import study

    place = tmp_path_factory.mktemp("claims")
    (place / "a.toml").write_text(STUDY, encoding="utf-8")
    return study.run(study.load(place / "a.toml"), place / "out", workers=1).folder


def record(verdict: str = "supported", text: str = "It is so.") -> ClaimRecord:
    """A record with texts that a page or a spreadsheet could take for something else."""
    claim = Claim("X-1", "A <b>document</b>", "a & b", "a > b", "=a", "b", "c", "servio claims")
    finding = Finding("=KOR", "2000-2014", "d", "a mean", -0.25, -0.5, 0.0, "share", "open",
                      "95 %", main=True, source="wiod2016")  # fmt: skip
    return ClaimRecord(claim, verdict, text, (finding,))  # type: ignore[arg-type]


def test_without_a_study_the_book_itself_is_told_line_by_line(run: Run) -> None:
    outcome = run("claims")
    assert outcome.code == 0 and outcome.err == ""
    *lines, last = outcome.out.splitlines()
    assert [line.split()[0] for line in lines] == [claim.id for claim in explain.claims()]
    (market,) = (line for line in lines if line.startswith("TR-2"))
    assert "contradicted" in market and "14.39 trn" in market
    assert last.startswith(f"Book of claims: {len(lines)} claims: ")


def test_list_claims_names_every_claim(run: Run) -> None:
    heads = [line for line in run("list", "claims").out.splitlines() if line[0] != " "]
    assert [head.split(":")[0] for head in heads] == [claim.id for claim in explain.claims()]


def test_strict_says_no_only_where_a_claim_is_contradicted(run: Run) -> None:
    outcome = run("claims", "--only", "TR-2", "--strict")
    assert (outcome.code, outcome.out.count("\n")) == (1, 2)
    assert run("claims", "--only", "K18-5", "--strict").code == 0
    assert run("claims", "--only", "TR-2").code == 0


def test_strict_leaves_out_the_documents_own_figures_unless_they_are_named(
    run: Run, folder: Path
) -> None:
    assert "contradicted" in run("claims", "--strict").out
    assert run("claims", "--strict").code == 0
    records = {r["id"]: r for r in json.loads(run("claims", folder, "--format", "json").out)}
    against = {name for name, r in records.items() if r["verdict"] == "contradicted"} - {"TR-2"}
    assert run("claims", folder, "--strict").code == (1 if against else 0)


def test_json_is_the_record(run: Run) -> None:
    outcome = run("claims", "--only", "TR-2", "--only", "K18-5", "--format", "json")
    expected = [r.record() for r in explain.evaluate(only=["TR-2", "K18-5"])]
    assert json.loads(outcome.out) == json.loads(json.dumps(expected))


def test_csv_has_a_row_a_finding_and_one_where_there_is_none(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    assert run("claims", "--only", "TR-2", "--only", "LOG-3", "-o", file).out == ""
    found = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert [row["id"] for row in found] == ["TR-2", "TR-2", "LOG-3"]
    assert found[2]["claim_verdict"] == "not testable" and found[2]["estimate"] == ""
    assert float(found[0]["lower"]) == pytest.approx(0.06797, abs=5e-6)


def test_a_study_gives_a_page_that_says_it_is_synthetic(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "claims.html"
    assert run("claims", folder, "-o", file).code == 0
    page = file.read_text(encoding="utf-8")
    assert "<title>SYNTHETIC: Claims &lt;on&gt; a model</title>" in page
    assert "<script" not in page and "http" not in page
    for claim in explain.claims():
        assert f'id="{claim.id}"' in page
    assert "Add to the study" in page and "estimate &#39;services&#39;" in page


def test_a_table_of_a_synthetic_study_says_so_first(run: Run, folder: Path) -> None:
    assert run("claims", folder, "--only", "K18-5").out.startswith("SYNTHETIC")


def test_where_main_findings_differ_they_are_counted() -> None:
    table = report.claims_text([record("mixed")], "table")
    assert "mixed (nothing decided)  [0 for, 0 against, 1 open] It is so." in table
    page = report.claims_text([record("mixed")], "html")
    assert "Main findings: [0 for, 0 against, 1 open]" in page
    assert '<span class="badge mixed">mixed (nothing decided)</span>' in page
    assert '<span class="badge open">open</span>' in page


def test_a_record_of_a_study_names_its_own_store(run: Run, folder: Path) -> None:
    outcome = run("claims", folder, "--only", "K18-2", "--only", "TR-2", "--format", "json")
    for record in json.loads(outcome.out):
        assert record["rerun"] == f"servio claims {folder} --only {record['id']}"
        assert record["study"] == str(folder / "study.toml")


def test_labels_do_no_harm() -> None:
    page = report.claims_text([record()], "html", "T")
    assert "A &lt;b&gt;document&lt;/b&gt;" in page and "<b>document" not in page
    assert "\N{MINUS SIGN}0.25" in page and "\N{MINUS SIGN}0.5 to 0" in page
    (row,) = csv.DictReader(io.StringIO(report.claims_text([record()], "csv")))
    assert row["scope"] == "'=KOR"


def test_a_line_stays_one_line() -> None:
    lines = report.claims_text([record(text="It is\nso.")], "table").splitlines()
    assert lines[0].endswith("It is so.") and len(lines) == 2


def test_what_cannot_be_is_refused_in_one_line(run: Run, tmp_path: Path) -> None:
    refused(run("claims", "--only", "TR-22"), "TR-2")
    refused(run("claims", tmp_path), "finished study")
    refused(run("claims", "-o", tmp_path / "a.parquet"), ".html")
    refused(run("claims", "-o", tmp_path / "none" / "a.csv"), "no folder")
