"""Accounts as satellites, panels and estimates of a study: planned, kept, resumed, refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import wiod_files as files
from servio import sources, study
from servio.errors import InputError, LabelError, ServioError, StoreError, UnitError
from servio.study import _engine, _work

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


# -- panel and estimates ---------------------------------------------------------------------------

MODEL = """
[study]
title = "Explained"
[[tables]]
path = "model:countries=4,industries=30,years=6"
[[measures]]
name = "service_input_share"
grouping = ["services", "kibs"]
by = "industry"
only = "manufacturing"
[[measures]]
name = "account"
of = ["value_added", "output"]
by = ["industry", "economy"]
only = "manufacturing"
"""
EXPLAINED = """
[panel]
lags = true
columns = [
    { name = "va", measure = "account", of = "value_added", by = "industry" },
    { name = "output", measure = "account", of = "output", by = "industry" },
    { name = "economy", measure = "account", of = "output", by = "economy" },
    { name = "conv", measure = "service_input_share", grouping = "kibs", by = "industry" },
]
[[panel.derived]]
name = "ln_va"
expression = "log(va)"
[[panel.derived]]
name = "ln_x"
expression = "log(output)"
[[panel.classes]]
name = "size"
column = "economy"
labels = ["small", "large"]
[[panel.classes]]
name = "technology"
grouping = "technology"
merge = { high = ["high", "medium_high"], low = ["medium", "medium_low"] }

[[estimates]]
name = "main"
formula = "ln_va ~ ln_x + conv_lag | country:industry + year"
vcov = { cluster = "country:industry" }
[[estimates]]
name = "impossible"
formula = "ln_va ~ ln_x + conv_lag + economy | country:year"
[[estimates]]
name = "by type"
formula = "ln_va ~ ln_x + i(technology:size, conv_lag) | country:industry + year"
where = 'technology in ["high", "low"] and year > 2002'
vcov = { driscoll_kraay = 1 }
"""
FILES = ("panel.parquet", "dropped.parquet", "estimates.parquet", "estimates.json")


def parse(more: str = EXPLAINED) -> study.StudyFile:
    return study.parse(MODEL + more, "own.toml", Path())


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> study.StudyStore:
    pytest.importorskip("pyfixest", reason="needs the extra econ")
    return study.run(parse(), tmp_path_factory.mktemp("explained"), workers=1)


def test_a_panel_holds_what_the_results_hold(explained: study.StudyStore) -> None:
    panel = explained.panel()
    assert panel.synthetic and panel.entity == ("country", "industry")
    rows = explained.results("account", of="value_added", by="industry")
    wanted = rows.set_index(["country", "industry", "year"]).value
    found = panel.frame.set_index(["country", "industry", "year"]).va
    assert (wanted.loc[found.index] == found).all()
    assert len(panel.frame) + len(panel.dropped) == len(wanted)
    assert panel.dropped.reason.str.contains("zero output").all()
    assert set(panel.frame["size"]) == {"small", "large"}


def test_estimates_are_those_of_the_panel(explained: study.StudyStore) -> None:
    from servio.explain import estimate

    found = explained.estimates()
    assert list(found) == ["main", "by type"]
    again = estimate("ln_va ~ ln_x + conv_lag | country:industry + year", explained.panel(),
                     vcov={"cluster": "country:industry"}, name="main")  # fmt: skip
    np.testing.assert_allclose(found["main"].coefficients, again.coefficients, rtol=1e-12)
    np.testing.assert_allclose(found["main"].covariance, again.covariance, rtol=1e-12)
    industries = found["main"].groups["country:industry"]
    assert found["main"].n == found["by type"].n + 2 * industries
    assert found["main"].synthetic and found["main"].vcov == again.vcov
    tidy = pq.read_table(explained.folder / "estimates.parquet").to_pandas()
    assert list(tidy.columns) == ["name", "term", "estimate", "std_error", "t", "p", "lower",
                                  "upper", "n", "method", "vcov"]  # fmt: skip
    main = tidy[tidy["name"] == "main"]
    assert main.term.tolist() == list(found["main"].terms)
    np.testing.assert_allclose(main.estimate, found["main"].coefficients)


def test_an_estimate_that_can_not_be_computed_is_a_problem_and_others_go_on(
    explained: study.StudyStore,
) -> None:
    problems = explained.problems()
    assert problems.measure.tolist() == ["estimate impossible"]
    assert "economy, constant within" in problems.text[0]
    assert [m for m in explained.messages if "impossible" in m]
    assert explained.contents()[1] == "Estimates: 2 of 3"


def test_the_same_study_gives_the_same_bytes_and_is_finished(
    explained: study.StudyStore, tmp_path: Path
) -> None:
    again = study.run(parse(), tmp_path, workers=2)
    recorded = again.provenance()["files"]
    assert set(FILES) <= set(recorded) and "pyfixest" in again.provenance()["versions"]
    for name in recorded:
        assert (tmp_path / name).read_bytes() == (explained.folder / name).read_bytes(), name
    assert "nothing to do" in study.run(parse(), tmp_path, workers=1).messages[0]


def test_another_model_does_not_measure_again(
    explained: study.StudyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(explained.folder, tmp_path / "out")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a table was measured")

    monkeypatch.setattr(_work, "take", refuse)
    monkeypatch.setattr(_engine, "take", refuse)
    before = explained.estimates()["main"].coefficients
    changed = EXPLAINED.replace("ln_x + conv_lag |", "conv_lag |", 1)
    store = study.run(parse(changed), tmp_path / "out", workers=1)
    assert len(store.estimates()["main"].coefficients) == len(before) - 1
    bare = study.run(parse(""), tmp_path / "out", workers=1)
    assert not any((bare.folder / name).exists() for name in FILES)
    assert bare.estimates() == {} and bare.contents() == []
    with pytest.raises(InputError, match="no panel"):
        bare.panel()


def test_a_damaged_panel_is_found_and_mended(explained: study.StudyStore, tmp_path: Path) -> None:
    shutil.copytree(explained.folder, tmp_path / "out")
    (tmp_path / "out" / "panel.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match=r"panel\.parquet"):
        study.open_store(tmp_path / "out")
    store = study.run(parse(), tmp_path / "out", workers=1)
    assert "panel.parquet was missing or changed" in store.messages[0]
    whole = (explained.folder / "panel.parquet").read_bytes()
    assert (store.folder / "panel.parquet").read_bytes() == whole


def test_a_panel_that_can_not_be_built_is_a_problem(tmp_path: Path) -> None:
    text = EXPLAINED.replace("log(va)", "log(va - va)").partition("[[estimates]]")[0]
    store = study.run(parse(text), tmp_path, workers=1)
    assert store.problems().measure.tolist() == ["panel"]
    assert len(store.results("account"))
    with pytest.raises(InputError, match="not computed"):
        store.panel()


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ('"service_input_share", g', '"service_share", g', 23, "a measure of this study"),
        ('grouping = "kibs", by', 'grouping = "kiet", by', 23, "a choice that the study measures"),
        ('grouping = "kibs", by', "by", 23, "several: services, kibs"),
        ('of = "output", by = "economy"', 'off = "output"', 22, "Did you mean of"),
        ('expression = "log(output)"', 'expression = "log(outputs)"', 30, "outputs"),
        ('expression = "log(output)"', 'expression = "log(output"', 30, "log"),
        ('expression = "log(output)"', 'expression = "lgo(output)"', 30, "function lgo"),
        ('expression = "log(output)"', 'expression = "log(output, 2)"', 30, "log(x)"),
        ('expression = "log(output)"', 'expression = "output ^ 2"', 30, "** for a power"),
        ('expression = "log(output)"', 'expression = "log(country)"', 30, "which holds text"),
        ('expression = "log(output)"', 'expression = "lag(output, 0)"', 30, "1 or more"),
        ("conv_lag | country:industry + year", "lgo(conv_lag) | year", 42, "function lgo"),
        ("year > 2002", "year > country", 50, "two texts or two numbers"),
        ('expression = "log(va)"', 'expresion = "log(va)"', 27, "expression"),
        ('grouping = "technology"', 'grouping = "technologies"', 37, "Did you mean technology"),
        ('labels = ["small", "large"]', 'labels = ["small"]', 34, "2 different labels"),
        ("lags = true", "lag = true", 18, "lags"),
        ("conv_lag | country:industry + year", "conv_lagg | year", 42, "Did you mean conv_lag"),
        ("conv_lag | country:industry + year", "conv_lag | region", 42, "region"),
        ("ln_x + conv_lag |", "ln_x + conv_lag) |", 42, "parentheses in pairs"),
        ("ln_x + conv_lag |", "ln_x + __import__(va) |", 42, "__import__"),
        ("year > 2002", "yeer > 2002", 50, "Did you mean year"),
        ("year > 2002", "year >", 50, "where"),
        ('{ cluster = "country:industry" }', '{ cluster = "country:region" }', 43, "region"),
        ("driscoll_kraay = 1", "driscoll = 1", 51, "driscoll_kraay"),
        ('name = "by type"', 'name = "main"', 48, "a name of its own"),
        ('name = "by type"', 'nom = "by type"', 48, "name"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_line_before_a_table_is_read(
    old: str, new: str, line: int, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "scan", None)
    text = MODEL + EXPLAINED
    assert old in text
    with pytest.raises(InputError) as caught:
        study.parse(text.replace(old, new, 1), "own.toml", Path())
    message = str(caught.value)
    assert message.startswith(f"own.toml line {line}, "), message
    assert what in message


METHODS = (
    EXPLAINED[: EXPLAINED.index("[[estimates]]")]
    + """
[[estimates]]
name = "fixed"
formula = "ln_va ~ conv_lag + i(year) | country:industry"
vcov = "iid"
[[estimates]]
name = "random"
method = "random_effects"
formula = "ln_va ~ conv_lag + i(year)"
hausman = "fixed"
[[estimates]]
name = "dynamic"
method = "dynamic_panel"
formula = "ln_va ~ lag(ln_va) + conv_lag | year"
instruments = { ln_va = [2, 3], conv_lag = [2] }
collapse = true
where = "year > 2001"
"""
)


def test_methods_are_functions_of_explain_with_their_arguments(tmp_path: Path) -> None:
    pytest.importorskip("pyfixest", reason="needs the extra econ")
    from servio.explain import dynamic_panel, hausman, mundlak, random_effects

    store = study.run(parse(METHODS), tmp_path / "out", workers=1)
    panel, found = store.panel(), store.estimates()
    assert list(found) == ["fixed", "random", "dynamic"], store.problems().text.tolist()
    again = dynamic_panel(
        "ln_va ~ lag(ln_va) + conv_lag | year", panel, where="year > 2001", collapse=True,
        instruments={"ln_va": (2, 3), "conv_lag": (2, None)},
    )  # fmt: skip
    np.testing.assert_allclose(found["dynamic"].coefficients, again.coefficients, rtol=1e-9)
    assert found["dynamic"].notes == again.notes and "Nickell" in again.notes[0]
    random = random_effects("ln_va ~ conv_lag + i(year)", panel)
    np.testing.assert_allclose(found["random"].covariance, random.covariance, rtol=1e-9)
    test = hausman(found["fixed"], random, ["conv_lag"])
    tests = found["random"].statistics
    assert tests["hausman_p"] == pytest.approx(test.p_value, rel=1e-9)
    test = mundlak("ln_va ~ conv_lag + i(year)", panel)
    assert tests["mundlak_F"] == pytest.approx(test.statistic, rel=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"random_effects"', '"random_effect"', "Did you mean random_effects"),
        ('vcov = "iid"', 'vcov = "hetero"', "vcov of fixed"),
        ('hausman = "fixed"', 'hausman = "fix"', "Did you mean fixed"),
        ('hausman = "fixed"', 'ssc = "stata"', "ssc is of"),
        ("collapse = true", "weights = 'va'", "weights is of"),
        ("collapse = true", "vcov = 'iid'", "vcov is of"),
        ('vcov = "iid"', "collapse = true", "collapse is of"),
        ('i(year)"\nhausman', 'i(year) | year"\nhausman', "for random effects"),
        ("lag(ln_va) +", "", "no lag of the outcome"),
        ("conv_lag | year", "conv_lag | industry", "fixed effect industry"),
        ("[2, 3]", "[1, 3]", "lag from 2"),
        ("[2, 3]", "[2, 3, 4]", "lag from 2"),
        ("[2, 3]", "[]", "lag from 2"),
        ("conv_lag = [2]", "cnv = [2]", "a column of the panel"),
        ("collapse = true", "steps = 3", "1 or 2"),
    ],
)
def test_keys_of_methods_are_checked_before_a_table_is_read(
    old: str, new: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "scan", None)
    assert old in METHODS
    with pytest.raises(InputError, match=r"own\.toml line .*estimates") as caught:
        parse(METHODS.replace(old, new, 1))
    assert what in str(caught.value)


def test_rules_of_the_panel_are_read_before_a_table_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "scan", None)
    rule = '[[panel.drop]]\nwhere = "lgo(va) > 1"\n[[panel.classes]]\nname = "size"'
    text = EXPLAINED.replace('[[panel.classes]]\nname = "size"', rule, 1)
    with pytest.raises(InputError, match=r"line \d+, panel.drop\[1\].where.*function lgo"):
        parse(text)


def test_a_class_of_nobody_is_a_problem_with_its_name(tmp_path: Path) -> None:
    labels = 'labels = ["small", "large"]'
    text = EXPLAINED.replace(labels, labels + '\noverride = { KRO = "small" }')
    problems = study.run(parse(text), tmp_path / "out", workers=1).problems()
    said = problems.text[problems.text.str.contains("KRO")].iloc[0]
    assert "panel class size.override" in said and "a member of the panel" in said


def test_estimates_need_a_panel() -> None:
    more = EXPLAINED[EXPLAINED.index("[[estimates]]") :]
    with pytest.raises(InputError, match="an estimate without a panel"):
        parse(more)


def test_estimates_ask_for_their_libraries_before_measuring(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from servio.explain import _extra

    monkeypatch.setattr(_extra, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"servio\[econ\]"):
        study.run(parse(), tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()
    assert parse().estimates[0].name == "main"


def test_the_kiet_study_on_four_countries(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyfixest", reason="needs the extra econ")
    example = Path(__file__).parents[2] / "examples" / "kiet2018.toml"
    chosen = 'source = "wiod2016"\ncountries = ["CHN", "DEU", "KOR", "TWN"]'
    text = example.read_text(encoding="utf-8").replace('source = "wiod2016"', chosen)
    text = text.replace("../../shared/data", str(shared / "data"))
    store = study.run(study.parse(text, "kiet2018.toml", tmp_path), tmp_path / "out", workers=1)
    panel, found = store.panel(), store.estimates()
    assert len(panel.frame) + len(panel.dropped) == 4 * 19 * 15
    assert set(found) == {one.name for one in store.study.estimates} - {
        name.removeprefix("estimate ") for name in store.problems().measure
    }
    main = found["main"]
    assert found["same year"].n == main.n  # not the rows, but the shares make the difference
    assert main.groups["country:industry"] <= 4 * 19 and main.groups["year"] == 14
    # China has no hours: 18 of its 19 industries have rows in the main model and none here
    hours = found["per hour"]
    assert main.groups["country:industry"] - hours.groups["country:industry"] in (18, 19)
    volume = panel.frame.va / panel.frame.va_price * 100
    np.testing.assert_allclose(panel.frame.ln_va, np.log(volume), rtol=1e-12)
