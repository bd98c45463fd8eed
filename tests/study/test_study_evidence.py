"""Claims are tested on what a study holds and on what its tables still give."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from servio import study
from servio.cli import cli
from servio.errors import UsageError
from servio.study._evidence import StudyWithTables

TABLES = 'tables = [{path = "model:countries=3,industries=30,years=2"}]\nstudy.title = "T"\n'
HELD = '[[measures]]\nname = "account"\nof = "output"\nby = "economy"\n'
ALL = """
[[measures]]
name = "account"
of = ["output", "value_added"]
by = "economy"
[[measures]]
name = "service_input_share"
grouping = "services"
by = ["economy", "manufacturing"]
total = [false, true]
"""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, study.StudyStore]:
    """The same tables: one study holds one measure, the other all that is asked for."""
    folder = tmp_path_factory.mktemp("evidence")
    return {
        name: study.run(study.parse(TABLES + text, f"{name}.toml", folder), folder / name)
        for name, text in {"some": HELD, "all": ALL}.items()
    }


@pytest.fixture(scope="module")
def some(stores: dict[str, study.StudyStore]) -> StudyWithTables:
    return StudyWithTables(stores["some"], study.live_tables(stores["some"]))


@pytest.mark.parametrize(
    ("measure", "filters"),
    [
        ("account", {"of": ["output", "value_added"], "by": "economy"}),
        ("account", {"of": "value_added", "by": "economy", "country": ["M01", "M02"]}),
        ("service_input_share", {"grouping": "services", "by": "manufacturing", "total": True}),
        ("service_input_share",
         {"grouping": "services", "by": ["economy", "manufacturing"], "total": False,
          "year": 2001}),
    ],
)  # fmt: skip
def test_computed_rows_are_those_of_a_study_that_holds_them(
    stores: dict[str, study.StudyStore], some: StudyWithTables, measure: str,
    filters: dict[str, object],
) -> None:  # fmt: skip
    names = ["source", "year", "country", "industry", "group", "by"]
    names += ["of"] if measure == "account" else ["total"]
    wanted = stores["all"].results(measure, **filters).sort_values(names)
    found = some.results(measure, **filters).sort_values(names)
    pd.testing.assert_frame_equal(
        found[[*names, "unit", "value"]].reset_index(drop=True),
        wanted[[*names, "unit", "value"]].reset_index(drop=True), check_exact=True,
    )  # fmt: skip
    assert len(wanted)


def test_what_the_study_holds_is_not_computed_again(some: StudyWithTables) -> None:
    before = len(some._made)
    some.results("account", of="output", by="economy")
    assert len(some._made) == before


def test_a_column_that_is_not_there_is_refused(some: StudyWithTables) -> None:
    with pytest.raises(UsageError, match="nothing"):
        some.results("account", of="value_added", by="economy", nothing="here")
    with pytest.raises(UsageError):
        some.results("no_measure")


def test_the_command_computes_and_says_so(stores: dict[str, study.StudyStore]) -> None:
    def verdict(*more: str) -> dict[str, str]:
        asked = ["claims", str(stores["some"].folder), "--only", "TR-1a", "--format", "json"]
        done = CliRunner().invoke(cli, [*asked, *more])
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        records = found["claims"] if isinstance(found, dict) else found
        return dict(records[0])

    assert verdict()["verdict"] == "not testable"
    computed = verdict("--compute")
    (record,) = stores["some"].claims(["TR-1a"], tables=study.live_tables(stores["some"]))
    assert computed["verdict"] == record.verdict != "not testable"
    assert computed["rerun"].endswith("--only TR-1a --compute")
    assert Path(stores["some"].folder).name in computed["rerun"]


@pytest.mark.parametrize(
    ("claim", "wanted"),
    [
        ("TR-1b", {"ps_us_commerce, of services", "ps_fractional, of GDP"}),
        ("INT-7", {"utility over all flows of communities",
                   "utility over all flows of industries, added up"}),
    ],
)  # fmt: skip
def test_claims_are_computed_under_every_definition_they_speak_of(
    stores: dict[str, study.StudyStore], claim: str, wanted: set[str]
) -> None:
    (record,) = stores["some"].claims([claim], tables=study.live_tables(stores["some"]))
    assert wanted <= {finding.definition for finding in record.findings}
