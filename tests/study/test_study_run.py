"""Running, stopping, resuming, refusing and mending a study, on the model world."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import servio
from servio import study
from servio.algebra import Leontief
from servio.errors import (
    EXIT_INPUT,
    EXIT_RESOURCE,
    InputError,
    ResourceError,
    ServioError,
    StoreError,
)
from servio.measure import MEASURES
from servio.measure._contract import measure
from servio.measure._result import Result, by_industry
from servio.sources import _registry
from servio.study import _gather, _run, _work
from servio.table import IOTable, Store

YEARS = 6
TEXT = f"""
[study]
title = "Small"
focus = ["M01"]
base_year = 2000

[[tables]]
path = "model:countries=3,industries=30,years={YEARS}"

[[measures]]
name = "service_input_share"
grouping = ["services", "kibs"]
by = ["manufacturing", "industry"]

[[measures]]
name = "service_input_coefficient"
total = [true, false]
by = "industry"
only = "manufacturing"
"""


def parse(text: str = TEXT) -> study.StudyFile:
    return study.parse(text, "small.toml", Path())


def objects(folder: Path) -> set[str]:
    return {path.name for path in (folder / "objects").glob("??/*")}


def public(folder: Path) -> dict[str, bytes]:
    names = [*_gather.FILES, "study.toml", "provenance.json"]
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    study.run(parse(), folder, workers=1)
    return folder


def test_the_store_has_every_row_of_every_measure(whole: Path) -> None:
    store = study.open_store(whole)
    share = store.results("service_input_share", by="manufacturing", grouping="kibs")
    labels = ["source", "year", "country", "industry", "partner", "group", "part"]
    assert list(share.columns)[:11] == [*labels, "measure", "value", "unit", "definition"]
    assert len(share) == 3 * YEARS
    for year in store.years:
        table = servio.read(parse().tables[0].path, year=year)
        direct = MEASURES["service_input_share"].function(
            table, grouping="kibs", by="manufacturing"
        )
        np.testing.assert_array_equal(share[share.year == year].value, direct.values)
        assert list(share[share.year == year].country) == direct.columns["country"].decode()


def test_filters_choose_rows_and_unknown_ones_are_refused(whole: Path) -> None:
    store = study.open_store(whole)
    rows = store.results("service_input_coefficient", total=True, country=["M01", "M02"], year=2003)
    assert set(rows.total) == {"true"}
    assert set(rows.country) == {"M01", "M02"}
    assert set(rows.year) == {2003}
    everything = store.results()
    assert len(everything) == store.provenance()["rows"]
    assert (everything.part == "").all()
    with pytest.raises(InputError, match="grouping"):
        store.results("service_input_share", groupings="kibs")
    with pytest.raises(InputError, match="service_input_share"):
        store.results("service_input_shares")


def test_only_keeps_the_rows_of_a_groups_industries(whole: Path) -> None:
    store = study.open_store(whole)
    table = servio.read(parse().tables[0].path, year=2000)
    _, weights = table.weights("manufacturing")
    wanted = {table.axis.codes[i] for i in np.flatnonzero(weights[0])}
    assert set(store.results("service_input_coefficient").industry) == wanted
    assert set(store.results("service_input_share", by="industry").industry) > wanted


def test_undefined_values_are_missing_and_listed_with_a_reason(whole: Path) -> None:
    store = study.open_store(whole)
    gaps = store.undefined()
    rows = store.results()
    assert rows.value.isna().any()
    assert set(gaps.reason) >= {"zero output"}
    per_measure = gaps.groupby(["measure", "definition", "year"]).size()
    missing = rows[rows.value.isna()].groupby(["measure", "definition", "year"]).size()
    assert per_measure.to_dict() == missing.to_dict()


def test_only_leaves_out_what_is_undefined_elsewhere(tmp_path: Path) -> None:
    own_table(tmp_path / "own")
    (tmp_path / "own" / "Z.csv").write_text(",C,D,G\nC,150,0,500\nD,0,0,0\nG,200,0,100\n")
    (tmp_path / "own" / "x.csv").write_text(",x\nC,1000\nD,0\nG,2000\n")
    with open(tmp_path / "own" / "table.toml", "a") as description:
        description.write('[groups.goods]\ngoods = ["C", "D"]\n')
    text = OWN.replace('by = "manufacturing"', 'by = "industry"').replace(', "kibs"', "")
    for only, dead in (("goods", ["D"]), ("services", [])):
        file = study.parse(f'{text}only = "{only}"\n', "own.toml", tmp_path)
        gaps = study.run(file, tmp_path / only, workers=1).undefined()
        assert [label.removeprefix("ABC_") for label in gaps.label] == dead


def test_each_table_is_audited_once(whole: Path) -> None:
    store = study.open_store(whole)
    audits = store.audits()
    assert len(audits) == YEARS
    assert (audits.numeric_residual <= 1e-10).all()
    assert (audits.numeric_residual > 0).any()
    dead = servio.read(parse().tables[0].path, year=2000)
    labels = [dead.axis.labels[i] for i in np.flatnonzero(~dead.live)]
    assert audits.zero_output[0].split() == labels
    assert len(store.findings()) >= audits.notes.sum()


def test_what_measures_note_is_kept_once_with_the_number_of_tables(whole: Path) -> None:
    notes = study.open_store(whole).notes()
    table = servio.read(parse().tables[0].path, year=2000)
    text = table.grouping_notes("kibs")[0].text
    assert notes[notes.text == text].tables.tolist() == [YEARS]
    assert not notes.duplicated(["source", "measure", "text"]).any()


def test_each_matrix_is_factorised_once_however_many_measures_ask(tmp_path: Path) -> None:
    measures = [
        ("service_input_coefficient", 'total = true\nby = ["industry", "manufacturing"]'),
        ("production_inducement", 'origin = "total"\ngrouping = ["services", "kibs", "kiet"]'),
        ("output_multiplier", 'origin = "total"'),
        ("backward_linkage", 'origin = "total"'),
    ]
    blocks = [f'[[measures]]\nname = "{name}"\n{options}\n' for name, options in measures]
    before = Leontief.factorised
    study.run(parse("".join([TEXT.split("[[measures]]")[0], *blocks])), tmp_path, workers=1)
    assert Leontief.factorised - before == YEARS


def test_provenance_names_inputs_options_and_versions(whole: Path) -> None:
    store = study.open_store(whole)
    record = store.provenance()
    assert store.synthetic
    assert store.compare_years == (2001, 2002, 2003, 2004, 2005)
    assert {spec.name for spec in store.specs()} == {"service_input_share",
                                                     "service_input_coefficient"}  # fmt: skip
    assert record["versions"]["numpy"] == np.__version__
    assert len(record["measures"]) == len(store.study.calls)
    assert sum(len(one["years"]) for one in record["inputs"]) == YEARS
    assert (whole / "study.toml").read_text() == TEXT
    assert str(whole) not in (whole / "provenance.json").read_text()


def test_two_workers_give_the_same_store_as_one(whole: Path, tmp_path: Path) -> None:
    study.run(parse(), tmp_path, workers=2)
    assert objects(tmp_path) == objects(whole)
    assert public(tmp_path) == public(whole)


def test_a_finished_study_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study.run(parse(), tmp_path, workers=1)
    before = public(tmp_path)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a table was read")

    monkeypatch.setattr(_run, "plan", refuse)
    store = study.run(parse(), tmp_path, workers=1)
    assert store.messages == (_run.NOTHING,)
    assert public(tmp_path) == before


def test_another_title_measures_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.run(parse(), tmp_path, workers=1)
    monkeypatch.setattr(_work, "take", None)
    store = study.run(parse(TEXT.replace("Small", "Tiny")), tmp_path, workers=1)
    assert store.study.title == "Tiny"
    assert store.provenance()["title"] == "Tiny"
    assert store.messages == (f"{YEARS} of {YEARS} steps were done before",)


def test_other_measures_replace_the_old_ones(tmp_path: Path) -> None:
    study.run(parse(), tmp_path, workers=1)
    before = objects(tmp_path)
    store = study.run(parse(TEXT.replace('"kibs"', '"kiet"')), tmp_path, workers=1)
    assert set(store.results("service_input_share").grouping) == {"services", "kiet"}
    after = objects(tmp_path)
    assert len(after) <= len(before)
    assert after != before


# -- stopped in the middle -------------------------------------------------------------------------

SCRIPT = """
    import os, signal, sys
    from pathlib import Path
    from servio import study
    from servio.study import _gather, _run
    from servio.table import Store

    kind, when, folder, text, workers = sys.argv[1:]
    count = 0

    def strike():
        os.kill(os.getpid(), getattr(signal, kind))

    def after(owner, name, times):
        function = getattr(owner, name)
        def wrapped(*args, **kwargs):
            global count
            result = function(*args, **kwargs)
            count += 1
            if count == times:
                strike()
            return result
        setattr(owner, name, wrapped)

    after(*{
        "commit": (_run, "_commit", 3),
        "file": (Store, "put_file", 3),
        "gather": (_gather, "gather", 1),
        "move": (_run, "_move", 2),
        "write": (_run, "write_atomic", 1),
    }[when])
    study.run(study.parse(text, "small.toml", Path()), folder, workers=int(workers))
"""


def struck(
    kind: str, when: str, folder: Path, workers: int = 1
) -> subprocess.CompletedProcess[str]:
    """Run the study in another process that a signal strikes at a given moment."""
    code = textwrap.dedent(SCRIPT)
    return subprocess.run(
        [sys.executable, "-c", code, kind, when, str(folder), TEXT, str(workers)],
        capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


@pytest.mark.parametrize("when", ["commit", "file", "gather", "move", "write"])
def test_a_killed_run_goes_on_to_the_same_store(whole: Path, tmp_path: Path, when: str) -> None:
    done = struck("SIGKILL", when, tmp_path)
    assert done.returncode == -signal.SIGKILL
    with pytest.raises(InputError, match="no finished study"):
        study.open_store(tmp_path)
    store = study.run(parse(), tmp_path, workers=1)
    assert any("steps were done before" in text for text in store.messages)
    assert objects(tmp_path) == objects(whole)
    assert public(tmp_path) == public(whole)
    assert not list(tmp_path.glob("tmp-*"))


def test_a_run_killed_with_two_workers_goes_on_to_the_same_store(
    whole: Path, tmp_path: Path
) -> None:
    assert struck("SIGKILL", "commit", tmp_path, 2).returncode == -signal.SIGKILL
    study.run(parse(), tmp_path, workers=2)
    assert objects(tmp_path) == objects(whole)
    assert public(tmp_path) == public(whole)


@pytest.mark.parametrize("kind", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_stopped_run_leaves_no_litter_and_goes_on(
    whole: Path, tmp_path: Path, kind: str, workers: int
) -> None:
    done = struck(kind, "commit", tmp_path, workers)
    assert done.returncode != 0
    assert done.stderr.count("Traceback") <= 1
    assert "KeyboardInterrupt" in done.stderr
    assert not list(tmp_path.glob("tmp-*"))
    study.run(parse(), tmp_path, workers=1)
    assert public(tmp_path) == public(whole)


# -- refused ---------------------------------------------------------------------------------------


def test_a_second_run_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    with open(tmp_path / ".lock", "w") as held:
        held.write("4711\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ResourceError, match="4711") as error:
            study.run(parse(), tmp_path, workers=1)
    assert error.value.exit_code == EXIT_RESOURCE
    study.run(parse(), tmp_path, workers=1)


@pytest.mark.parametrize("place", ["results", "replace", "parquet"])
def test_a_full_disk_leaves_nothing_half_written_and_the_run_goes_on(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    calls = 0

    def failing(function: Any, good: int) -> Any:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > good:
                raise full
            return function(*args, **kwargs)

        return wrapped

    with monkeypatch.context() as patch:
        if place == "results":
            patch.setattr(_work.pq, "write_table", failing(_work.pq.write_table, 2))
        elif place == "replace":
            patch.setattr(os, "replace", failing(os.replace, 5))
        else:
            patch.setattr(_gather, "_write", failing(_gather._write, 1))
        with pytest.raises(ResourceError, match=r"No space left") as error:
            study.run(parse(), tmp_path, workers=1)
    assert error.value.exit_code == EXIT_RESOURCE
    assert not list(tmp_path.glob("tmp-*"))
    assert not (tmp_path / "provenance.json").exists()
    with Store(tmp_path) as store:
        for document in store.entries("step").values():
            assert store.file(document["results"]).is_file()
    study.run(parse(), tmp_path, workers=1)
    assert public(tmp_path) == public(whole)


def test_a_file_that_changes_during_the_study_stops_it_before_its_step_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = study.plan(parse())
    step = planned.steps[1]
    changed = type(step)(
        step.key, step.label, tuple(type(i)(i.entry, i.source, "0" * 64) for i in step.inputs), None
    )
    steps = (planned.steps[0], changed, *planned.steps[2:])
    monkeypatch.setattr(_run, "plan", lambda _: type(planned)(**{**vars(planned), "steps": steps}))
    with pytest.raises(InputError, match="changed since"):
        study.run(parse(), tmp_path, workers=1)
    with Store(tmp_path) as store:
        assert list(store.entries("step")) == [planned.steps[0].key]


def test_years_and_tables_that_are_not_there_are_refused(tmp_path: Path) -> None:
    for extra, words in (("years = [1999]", r"tables\[1\].*1999"),
                         ('countries = ["KOR"]', r"tables\[1\].*KOR")):  # fmt: skip
        text = TEXT.replace("[[measures]]", f"{extra}\n[[measures]]", 1)
        with pytest.raises(ServioError, match=words) as error:
            study.run(parse(text), tmp_path)
        assert error.value.exit_code == EXIT_INPUT
    twice = TEXT.replace("[[measures]]", '[[tables]]\npath = "model:years=2"\n[[measures]]', 1)
    with pytest.raises(ServioError, match="twice"):
        study.run(parse(twice), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="found a file"):
        study.run(parse(), tmp_path / "out", workers=1)
    assert (tmp_path / "out").read_text() == "mine"


# -- damaged ---------------------------------------------------------------------------------------


def test_a_damaged_part_is_measured_again_with_a_message(whole: Path, tmp_path: Path) -> None:
    study.run(parse(), tmp_path, workers=1)
    part = max((tmp_path / "objects").glob("??/*"), key=lambda p: p.stat().st_size)
    content = bytearray(part.read_bytes())
    content[100] ^= 1
    part.write_bytes(content)
    store = study.run(parse(), tmp_path, workers=1)
    assert any(part.name[:12] in text and "again" in text for text in store.messages)
    assert objects(tmp_path) == objects(whole)
    assert public(tmp_path) == public(whole)


@pytest.mark.parametrize("name", ["results.parquet", "audits.parquet", "study.toml"])
def test_a_damaged_result_is_refused_and_mended(whole: Path, tmp_path: Path, name: str) -> None:
    study.run(parse(), tmp_path, workers=1)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-1] + b"?")
    with pytest.raises(StoreError, match=name):
        study.open_store(tmp_path)
    store = study.run(parse(), tmp_path, workers=1)
    assert any(name in text for text in store.messages)
    assert public(tmp_path) == public(whole)


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no finished study"):
        study.open_store(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    (tmp_path / "provenance.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        study.open_store(tmp_path)


# -- measures that do not apply, and measures of change --------------------------------------------


@pytest.fixture
def output_growth() -> Any:
    @measure(title="Growth of output", question="How much did output grow?", unit="ratio",
             formula="x / x_0 - 1", identity="none", source="test")  # fmt: skip
    def output_growth(table: IOTable, *, base: IOTable) -> Result:
        return by_industry(table, table.x / np.where(base.x == 0, 1.0, base.x) - 1)

    yield output_growth
    del MEASURES["output_growth"]


def test_a_measure_of_change_compares_every_later_year_with_the_base_year(
    tmp_path: Path, output_growth: Any
) -> None:
    text = TEXT.split("[[measures]]")[0] + '[[measures]]\nname = "output_growth"\n'
    text = text.replace("years=6", "years=3").replace("2000", "2001")
    store = study.run(parse(text), tmp_path, workers=1)
    rows = store.results("output_growth")
    assert set(rows.year) == {2002}
    table, base = (servio.read(parse(text).tables[0].path, year=y) for y in (2002, 2001))
    np.testing.assert_array_equal(rows.value, output_growth(table, base=base).values)


def test_a_measure_of_change_needs_a_base_year(output_growth: Any) -> None:
    text = TEXT.split("[[measures]]")[0] + '[[measures]]\nname = "output_growth"\n'
    with pytest.raises(InputError, match=r"line 10, measures\[1\]\.name.*base_year"):
        parse(text.replace("base_year = 2000\n", ""))


def test_a_missing_base_year_is_recorded(tmp_path: Path, output_growth: Any) -> None:
    text = TEXT + '[[measures]]\nname = "output_growth"\n'
    store = study.run(
        parse(text.replace("base_year = 2000", "base_year = 1990")), tmp_path, workers=2
    )
    assert len(store.problems()) == YEARS
    assert "base year 1990" in store.problems().text[0]


def own_table(folder: Path) -> None:
    folder.mkdir()
    (folder / "Z.csv").write_text(",C,G\nC,150,500\nG,200,100\n")
    (folder / "x.csv").write_text(",x\nC,1000\nG,2000\n")
    (folder / "table.toml").write_text(
        '[table]\ntitle = "Two sectors"\nyear = 2010\ncountry = "ABC"\ncurrency = "USD"\n'
        'unit = "million"\nZ = "Z.csv"\nx = "x.csv"\n'
        '[groups.services]\nservices = ["G"]\n[groups.manufacturing]\nmanufacturing = ["C"]\n'
    )


OWN = """
[study]
title = "Own table"
[[tables]]
path = "own/table.toml"
[[measures]]
name = "service_input_share"
grouping = ["services", "kibs"]
by = "manufacturing"
"""


def test_paths_start_at_the_study_file_and_a_measure_that_does_not_apply_is_recorded(
    tmp_path: Path,
) -> None:
    own_table(tmp_path / "own")
    (tmp_path / "own.toml").write_text(OWN)
    store = study.run(study.load(tmp_path / "own.toml"), tmp_path / "out", workers=1)
    assert store.results().value.tolist() == [200 / 350]
    problems = store.problems()
    assert problems.definition.tolist() == [
        "by=manufacturing grouping=kibs origin=total total=false"
    ]
    assert problems.text[0].startswith("not applicable: ")
    assert any("service_input_share: 1 times not applicable" in text for text in store.messages)
    assert not store.synthetic


def test_a_changed_input_is_measured_again(tmp_path: Path) -> None:
    own_table(tmp_path / "own")
    (tmp_path / "own.toml").write_text(OWN)
    file = study.load(tmp_path / "own.toml")
    study.run(file, tmp_path / "out", workers=1)
    (tmp_path / "own" / "Z.csv").write_text(",C,G\nC,150,500\nG,250,100\n")
    store = study.run(file, tmp_path / "out", workers=1)
    assert store.results().value.tolist() == [250 / 400]


def test_an_input_fault_stops_the_study_with_its_message(tmp_path: Path) -> None:
    own_table(tmp_path / "own")
    (tmp_path / "own.toml").write_text(OWN)
    (tmp_path / "own" / "Z.csv").write_text(",C,G\nC,150,abc\nG,200,100\n")
    with pytest.raises(ServioError, match="abc") as error:
        study.run(study.load(tmp_path / "own.toml"), tmp_path / "out", workers=1)
    assert error.value.exit_code == EXIT_INPUT
    assert not (tmp_path / "out").exists()


def test_every_reader_of_the_registry_counts_in_the_key() -> None:
    """A newer reader gives other tables, so its version is part of every step's key."""
    assert {s.name for s in servio.sources.sources()} >= set(_registry.READERS)


def test_documents_of_the_store_are_plain_json(whole: Path) -> None:
    with Store(whole) as store:
        documents = store.entries("step")
    assert len(documents) == YEARS
    assert json.loads(json.dumps(documents)) == documents


def test_korea_in_the_published_tables(shared: Path, tmp_path: Path) -> None:
    """Issue 2's figures on WIOD 2016: 0.122 in 2000, 0.126 in 2007, 0.119 in 2014."""
    text = f"""
        study.title = "Korea"
        study.base_year = 2000
        [[tables]]
        path = '{shared / "data" / "wiod2016_niot" / "KOR_NIOT_nov16.xlsx"}'
        [[measures]]
        name = "service_input_coefficient"
        by = "manufacturing"
        [[measures]]
        name = "service_input_change"
        by = "manufacturing"
    """
    store = study.run(parse(text), tmp_path, workers=1)
    level = store.results("service_input_coefficient").set_index("year").value
    assert level[[2000, 2007, 2014]].round(3).tolist() == [0.122, 0.126, 0.119]
    change = store.results("service_input_change", part="change").set_index("year").value
    np.testing.assert_allclose(change, level[change.index] - level[2000], atol=1e-14)
    assert (store.audits().numeric_residual <= 1e-10).all()
    assert not store.synthetic


def test_a_source_measures_its_own_tables_only(tmp_path: Path) -> None:
    for source, tables in (("model", YEARS), ("wiod2016", 0)):
        text = TEXT.replace("by = [", f'source = "{source}"\nby = [', 1)
        store = study.run(parse(text), tmp_path / source, workers=1)
        rows = store.results()
        here = rows[(rows["measure"] == "service_input_share") & (rows["country"] == "M01")]
        assert here["year"].nunique() == tables
        assert set(rows["measure"]) >= {"service_input_coefficient"}
        assert store.problems().empty
