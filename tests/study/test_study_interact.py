"""Modes and symbiosis of a study: those of the functions, kept, resumed, refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servio import explain, simulate, sources, study
from servio.errors import StoreError, UsageError
from servio.study import _engine, _interact, _work

MEASURES = """
[study]
title = "Interaction"
[[tables]]
path = "model:countries=3,industries=30,years=8"
[[measures]]
name = "service_input_share"
grouping = ["kiet", "kibs"]
by = "industry"
only = "manufacturing"
[[measures]]
name = "convergence_rate"
grouping = "kiet"
mutual = "mean"
by = "industry"
only = "manufacturing"
[[measures]]
name = "account"
of = "value_added"
by = "sectors"
"""
ASKED = """
[modes]
window = 6
draws = 50
[symbiosis]
level = 0.9
"""
FILES = ("modes.parquet", "mode_evidence.parquet", "symbiosis.parquet", "projections.parquet")
UNIT = ["country", "industry", "group"]


def parse(more: str = ASKED) -> study.StudyFile:
    return study.parse(MEASURES + more, "own.toml", Path())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> study.StudyStore:
    return study.run(parse(), tmp_path_factory.mktemp("made"), workers=1)


def test_modes_are_those_of_the_results(made: study.StudyStore) -> None:
    found = explain.modes(made.results, draws=50)
    kept, evidence = made.modes(), made.mode_evidence()
    assert kept is not None and evidence is not None
    whole = kept[kept["period"] == "whole"]
    columns = list(found.table.columns)
    pd.testing.assert_frame_equal(whole[columns].reset_index(drop=True), found.table)
    pd.testing.assert_frame_equal(evidence, found.evidence)
    rolling = explain.mode_map(made.results, window=6, draws=50)
    windows = kept[kept["period"] == "window"].reset_index(drop=True)
    pd.testing.assert_frame_equal(windows[list(rolling.columns)], rolling)
    assert set(zip(windows.window_first, windows.window_last, strict=True)) == {
        (2000, 2005), (2001, 2006), (2002, 2007)}  # fmt: skip


def test_symbiosis_is_that_of_the_accounts(made: study.StudyStore) -> None:
    kept = made.symbiosis()
    assert kept is not None and len(kept)
    rows = made.results("account", of="value_added", by="sectors")
    for row in kept.to_dict(orient="records"):
        own = rows[rows["country"] == row["country"]]
        wide = own.pivot(index="year", columns="industry", values="value")
        fit = simulate.fit_symbiosis(
            wide.index, wide[["manufacturing", "services"]], unit=row["unit"], level=0.9
        )
        for column, name in (
            ("d_first_second", "d[manufacturing from services]"),
            ("r_second", "r[services]"),
            ("a_second_first", "a[services from manufacturing]"),
            ("x0_first", "x0[manufacturing]"),
        ):
            ends = [row[column], row[f"{column}_lower"], row[f"{column}_upper"]]
            np.testing.assert_allclose(ends, fit.estimate(name), rtol=1e-5)
        end = fit.equilibrium()
        point = [row["equilibrium_first"], row["equilibrium_second_lower"], row["stable"]]
        wanted = [end.point.states[0], end.lower[1], end.stable]
        np.testing.assert_allclose(point, wanted, rtol=1e-2)
        assert row["kind"] == fit.symbioses()[0].kind and row["n"] == 8
        known = row["kind"] != "not identified"
        tested = [row["interaction_f"], row["interaction_p"]]
        assert np.isfinite(tested).tolist() == [known, known] and bool(row["reason"]) != known
        assert "8 " in row["notes"]
    failed = made.problems().query("measure == 'symbiosis'")
    assert len(kept) + len(failed) == 3
    assert failed.country.isin(rows.country).all() and failed.text.str.len().gt(0).all()


def test_the_same_study_gives_the_same_bytes_and_is_finished(
    made: study.StudyStore, tmp_path: Path
) -> None:
    again = study.run(parse(), tmp_path, workers=2)
    assert set(FILES) <= set(again.provenance()["files"])
    for name in again.provenance()["files"]:
        assert (tmp_path / name).read_bytes() == (made.folder / name).read_bytes(), name
    assert "nothing to do" in study.run(parse(), tmp_path, workers=1).messages[0]
    assert [line.partition(":")[0] for line in made.contents()] == ["Modes", "Symbiosis"]


def test_other_windows_do_not_measure_again(
    made: study.StudyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(made.folder, tmp_path / "out")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a table was measured")

    monkeypatch.setattr(_work, "take", refuse)
    monkeypatch.setattr(_engine, "take", refuse)
    store = study.run(parse(ASKED.replace("= 6", "= 7")), tmp_path / "out", workers=1)
    found = store.modes()
    assert found is not None
    assert set(found[found["period"] == "window"].window_first) == {2000, 2001}
    bare = study.run(parse(""), tmp_path / "out", workers=1)
    assert bare.modes() is None and bare.symbiosis() is None and bare.contents() == []
    assert not any((bare.folder / name).exists() for name in FILES)


def test_a_damaged_file_is_found_and_mended(made: study.StudyStore, tmp_path: Path) -> None:
    shutil.copytree(made.folder, tmp_path / "out")
    (tmp_path / "out" / "symbiosis.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match=r"symbiosis\.parquet"):
        study.open_store(tmp_path / "out")
    store = study.run(parse(), tmp_path / "out", workers=1)
    whole = (made.folder / "symbiosis.parquet").read_bytes()
    assert (store.folder / "symbiosis.parquet").read_bytes() == whole


def test_what_can_not_be_computed_is_a_problem_and_the_rest_goes_on(tmp_path: Path) -> None:
    short = (MEASURES + ASKED).replace("years=8", "years=4")
    store = study.run(study.parse(short, "own.toml", Path()), tmp_path, workers=1)
    problems = store.problems()
    assert {"modes, windows", "symbiosis"} <= set(problems.measure)
    assert store.symbiosis() is None and len(store.results("account"))
    whole, *each = problems[problems.measure == "symbiosis"].to_dict(orient="records")
    assert whole["country"] == "" and whole["text"].startswith(
        "not computed for any of 3 countries; the first, M01: 4 times for 4 parameters a species"
    )
    assert [row["country"] for row in each] == ["M01", "M02", "M03"]
    assert all(row["text"].endswith("); no other was") for row in each)
    assert f"symbiosis is {whole['text']}" in store.messages
    assert store.projections() is None


def test_a_country_that_can_not_be_fitted_is_named_and_the_others_counted(
    made: study.StudyStore, tmp_path: Path
) -> None:
    def results(name: str, **options: str) -> pd.DataFrame:
        rows = made.results(name, **options)
        return rows.assign(value=rows.value.where(rows.country != "M02", -1.0))

    _, problems = _interact.interact(None, _interact.SymbiosisEntry(), results, tmp_path)
    (row,) = (one for one in problems if one["measure"] == "symbiosis")
    assert row["country"] == "M02" and row["text"] == (
        "not computed for M02 (manufacturing at t = 2000: found -1; expected a population above "
        "0); 2 other countries were"
    )


def test_projections_go_on_from_the_fit_with_bands(made: study.StudyStore) -> None:
    kept, paths = made.symbiosis(), made.projections()
    assert kept is not None and paths is not None
    assert set(paths.country) == set(kept.country)
    rows = made.results("account", of="value_added", by="sectors")
    for row in kept.to_dict(orient="records"):
        own = paths[paths.country == row["country"]]
        past = own[~own.projected]
        assert past.year.max() == 2007 and past.year.min() == 2000
        told = rows[rows.country == row["country"]].set_index(["year", "industry"]).value
        seen = past.set_index(["year", "sector"]).observed
        np.testing.assert_array_equal(seen, told.loc[seen.index])
        first = past[past.year == 2000].set_index("sector")["value"]
        np.testing.assert_allclose(first.loc["services"], row["x0_second"], rtol=1e-6)
        future = own[own.projected]
        assert future.observed.isna().all()
        blown = own.note.str.contains("blows up").any()
        assert sorted(set(future.year)) == ([] if blown else [*range(2008, 2013)])
        banded = own[own.intervals != ""]
        assert banded.empty == own.note.str.contains("no band").any()
        assert (banded.lower <= banded.upper).all() and (banded.level == 0.9).all()
        assert own[own.intervals == ""].lower.isna().all()


def test_bands_are_those_of_the_bootstrap(made: study.StudyStore, tmp_path: Path) -> None:
    made_ = _interact.interact(
        None, _interact.SymbiosisEntry(ahead=2, seed=3), made.results, tmp_path
    )
    assert made_[0] == ("symbiosis.parquet", "projections.parquet")
    paths = pd.read_parquet(tmp_path / "projections.parquet")
    rows = made.results("account", of="value_added", by="sectors")
    wide = rows.pivot(index=["country", "year"], columns="industry", values="value")
    drawn = simulate.fit_symbioses(wide.reset_index()).bootstrap(draws=199, seed=3)
    for name, fit in drawn.fits.items():
        own = paths[(paths.country == name) & paths.projected]
        found = fit.project(range(2000, 2010), seed=3)
        np.testing.assert_allclose(own.upper, found.upper[-2:].ravel(), rtol=1e-6)
        np.testing.assert_allclose(own.value, found.path[-2:].ravel(), rtol=1e-6)
    none = _interact.interact(None, _interact.SymbiosisEntry(ahead=0), made.results, tmp_path)
    assert none[0] == ("symbiosis.parquet",)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("window = 6", "windows = 6", r"line 23, modes\.windows.*Did you mean window"),
        ("window = 6", "window = 3", r"modes\.window: found a value out of range.*>= 5"),
        ("window = 6", 'grouping = "ict"', r"modes\.grouping.*'ict'"),
        ("level = 0.9", 'of = "output"', r"symbiosis\.of.*'output'"),
        ("level = 0.9", "draws = 10", "99 at least"),
        ("level = 0.9", 'species = ["services", "services"]', "two groups"),
        ("level = 0.9", 'species = ["manufacturing", "servces"]', r"symbiosis\.species.*services"),
        ("level = 0.9", 'errors = "some"', "symbiosis.errors"),
        ("level = 0.9", "level = 95", "level"),
    ],
)
def test_mistakes_are_named_before_a_table_is_read(
    old: str, new: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "scan", None)
    with pytest.raises(UsageError, match=what):
        parse(ASKED.replace(old, new))
