"""Tables of a finished study, measured again: the same rows as the study would hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from servio import study
from servio.errors import InputError, LabelError, UsageError

TEXT = """
study.title = "Two measures"
study.base_year = {base}
tables = [{{path = "model:countries=3,industries=30,years=3"}}]
measures = [
  {{name = "service_input_share", grouping = "services", by = "manufacturing"}},
  {{name = "service_input_change", grouping = "services", by = "industry", only = "manufacturing"}},
]
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> study.StudyStore:
    folder = tmp_path_factory.mktemp("live")
    first = study.parse(TEXT.format(base=2000), "own.toml", folder).tables[0].path
    from servio import sources

    base = sources.scan(first).years[0]
    return study.run(study.parse(TEXT.format(base=base), "own.toml", folder), folder / "out",
                     workers=1)  # fmt: skip


@pytest.fixture(scope="module")
def tables(store: study.StudyStore) -> study.LiveTables:
    return study.live_tables(store)


def rows(frame: pd.DataFrame) -> pd.DataFrame:
    labels = ["year", "country", "industry", "group", "measure", "value", "unit", "definition"]
    return frame[labels].reset_index(drop=True)


@pytest.mark.parametrize("number", [0, 1])
def test_measured_again_gives_the_rows_of_the_study(
    store: study.StudyStore, tables: study.LiveTables, number: int
) -> None:
    call = store.study.calls[number]
    again = tables.measure(call).results.to_pandas()
    again = again.astype({c: str for c in again if str(again[c].dtype) == "category"})
    pd.testing.assert_frame_equal(rows(again), rows(store.results(call.name)), check_dtype=False)


def test_parts_together_are_the_whole(tables: study.LiveTables) -> None:
    call = study.settled_call("service_input_share", {"by": "manufacturing"})
    whole = tables.measure(call).results.num_rows
    parts = [tables.part(i, 2) for i in range(2)]
    assert sum(map(len, parts)) == len(tables)
    assert sum(part.measure(call).results.num_rows for part in parts) == whole
    for one in tables.inputs:
        holder = tables.number(one.source, one.entry.country, one.entry.year) % 2
        assert one in parts[holder].inputs


def test_each_table_is_factorised_once(tables: study.LiveTables) -> None:
    one = tables.inputs[0]
    first = tables.table(one.source, one.entry.country, one.entry.year)
    factor = first.leontief()
    tables.measure(study.settled_call("output_multiplier", {}))
    again = tables.table(one.source, one.entry.country, one.entry.year)
    assert again is first and again.leontief() is factor


def test_room_bounds_what_is_kept(tables: study.LiveTables) -> None:
    small = study.LiveTables(tables.inputs, {}, None, room=1)
    ticks: list[int] = []
    small.measure(study.settled_call("output_multiplier", {}), lambda: ticks.append(1))
    assert len(ticks) == len(tables) and len(small._kept) == 1


def test_a_tick_that_raises_stops_the_work(tables: study.LiveTables) -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        tables.measure(study.settled_call("output_multiplier", {}), stop)


def test_what_is_not_there_is_named(store: study.StudyStore, tables: study.LiveTables) -> None:
    with pytest.raises(LabelError, match="1066"):
        tables.table("model", "XXX", 1066)
    with pytest.raises(UsageError, match="no_such"):
        study.settled_call("no_such", {})
    with pytest.raises(UsageError, match="origin"):
        study.settled_call("service_input_share", {"origin": "mars"})


def test_a_study_that_moved_needs_the_folder(store: study.StudyStore, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(store.folder, moved)
    (moved / ".place.json").unlink()
    with pytest.raises(InputError, match="where its tables are"):
        study.live_tables(study.open_store(moved))
    assert len(study.live_tables(study.open_store(moved), tmp_path)) == len(store.years)


def test_other_tables_than_those_measured_are_refused(
    store: study.StudyStore, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(store.folder, other)
    text = (other / "provenance.json").read_text()
    plan = store.provenance()["plan"]
    (other / "provenance.json").write_text(text.replace(plan, "0" * len(plan)))
    with pytest.raises(InputError, match="other than those"):
        study.live_tables(study.open_store(other))
