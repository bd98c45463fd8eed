"""Accounts as satellites, panels and estimates of a study: planned, kept, resumed, refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import wiod_files as files
from servio import sources, study
from servio.errors import LabelError, ServioError, UnitError

ACCOUNTS = """
[study]
title = "Accounts"
[[tables]]
path = "tables"
years = [2000, 2001]
accounts = "accounts.parquet"
[[measures]]
name = "account"
of = ["value_added", "EMP", "SEA_VA", "VA_PI", "EMPE"]
"""


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("national")
    (folder / "tables").mkdir()
    files.write_national(folder / "tables" / "KOR_NIOT_nov16.xlsx")
    files.write_national(folder / "tables" / "CHN_NIOT_nov16.xlsx", "China")
    files.write_accounts_parquet(folder / "accounts.parquet")
    return folder


@pytest.fixture(scope="module")
def accounted(national: Path, tmp_path_factory: pytest.TempPathFactory) -> study.StudyStore:
    file = study.parse(ACCOUNTS, "own.toml", national)
    return study.run(file, tmp_path_factory.mktemp("accounted"), workers=1)


def test_accounts_become_satellites_of_each_countrys_tables(
    national: Path, accounted: study.StudyStore
) -> None:
    accounts = sources.read_sea(national / "accounts.parquet")
    for of, variable in {"EMP": "EMP", "SEA_VA": "VA", "VA_PI": "VA_PI"}.items():
        rows = accounted.results("account", of=of, country="CHN", year=2001)
        values = dict(zip(accounts.codes, accounts.of(variable, "CHN", 2001), strict=True))
        assert rows.value.dropna().tolist() == [values[k] for k in rows.dropna().industry]
        assert set(rows.unit) == {accounts.units[variable]}
    table = sources.read(national / "tables", country="KOR", year=2000)
    own = accounted.results("account", of="value_added", country="KOR", year=2000).value
    np.testing.assert_array_equal(own.dropna(), table.value_added[table.live])


def test_what_is_missing_for_a_country_stays_missing_and_is_said(
    accounted: study.StudyStore,
) -> None:
    assert set(accounted.results("account", of="EMPE").country) == {"KOR"}
    problems = accounted.problems()
    assert problems[["country", "year"]].to_numpy().tolist() == [["CHN", 2000], ["CHN", 2001]]
    assert problems.text.str.contains("EMPE").all()
    findings = accounted.findings()
    said = findings[findings.text.str.contains("EMPE is missing")]
    assert set(said.country) == {"CHN"}


def test_provenance_names_the_accounts(national: Path, accounted: study.StudyStore) -> None:
    sha = sources.read_sea(national / "accounts.parquet").input_sha256
    for one in accounted.provenance()["inputs"]:
        assert one["accounts"] == {"file": "accounts.parquet", "sha256": sha}


def test_other_accounts_are_other_steps_and_another_outlook(national: Path, tmp_path: Path) -> None:
    shutil.copytree(national, tmp_path / "in")
    file = study.parse(ACCOUNTS, "own.toml", tmp_path / "in")
    out = tmp_path / "out"
    study.run(file, out, workers=1)
    assert "nothing to do" in study.run(file, out, workers=1).messages[0]
    files.write_accounts_parquet(tmp_path / "in" / "accounts.parquet", ("KOR", "CHN", "JPN"))
    again = study.run(file, out, workers=1)
    assert not any("nothing to do" in m or "done before" in m for m in again.messages)
    without = study.parse(ACCOUNTS.replace("accounts =", "#"), "own.toml", tmp_path / "in")
    keys = {s.key for f in (file, without) for s in study.plan(f).steps}
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("change", "error", "what"),
    [
        (('"tables"', '"model:countries=3,industries=30,years=2"'), UnitError, "wiod2016"),
        (('"accounts.parquet"', '"gone.parquet"'), ServioError, "gone.parquet"),
        (('"accounts.parquet"', '"korea.parquet"'), LabelError, "no accounts of CHN 2000"),
        (('"accounts.parquet"', '"tables/KOR_NIOT_nov16.xlsx"'), ServioError, "KOR_NIOT_nov16"),
    ],
)  # fmt: skip
def test_wrong_accounts_are_refused_when_the_study_is_planned(
    national: Path, change: tuple[str, str], error: type[ServioError], what: str
) -> None:
    files.write_accounts_parquet(national / "korea.parquet", ("KOR",))
    with pytest.raises(error, match=what):
        study.plan(study.parse(ACCOUNTS.replace(*change), "own.toml", national))
