"""Study files: what a grid expands to, and what a wrong key is answered with."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from servio import classify, study
from servio.errors import EXIT_INPUT, MESSAGE_LIMIT, ServioError
from servio.measure import MEASURES

GOOD = """
[study]
title = "t"
focus = ["KOR"]
base_year = 2000

[[tables]]
path = "model"

[[measures]]
name = "service_input_share"
grouping = ["services", "kibs"]
by = ["manufacturing", "industry"]
"""


def parse(text: str) -> study.StudyFile:
    return study.parse(text, "my study.toml", Path("somewhere"))


def test_a_list_makes_one_measure_for_each_combination_in_the_order_written() -> None:
    calls = parse(GOOD).calls
    chosen = [(dict(c.options)["grouping"], dict(c.options)["by"]) for c in calls]
    assert chosen == [("services", "manufacturing"), ("services", "industry"),
                      ("kibs", "manufacturing"), ("kibs", "industry")]  # fmt: skip
    assert {dict(c.options)["origin"] for c in calls} == {"total"}


def test_every_option_is_settled_and_the_definition_reads_as_the_measures_own() -> None:
    call = parse(GOOD).calls[0]
    assert set(dict(call.options)) == set(MEASURES["service_input_share"].options)
    assert call.definition == "by=manufacturing grouping=services origin=total total=false"


def test_producer_services_stands_for_every_definition() -> None:
    text = GOOD.replace('["services", "kibs"]', '["@producer_services", "kibs"]')
    found = {dict(c.options)["grouping"] for c in parse(text).calls}
    assert found == {*classify.producer_service_definitions(), "kibs"}


def test_a_measure_asked_twice_is_taken_once() -> None:
    again = GOOD + '[[measures]]\nname = "service_input_share"\nby = "industry"\n'
    assert len(parse(again).calls) == 4


def test_text_and_head_are_kept() -> None:
    file = parse(GOOD)
    assert (file.title, file.focus, file.base_year, file.text) == ("t", ("KOR",), 2000, GOOD)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("title", "titel", 3, ("study.titel", "unknown key", "title")),
        ("[study]\ntitle", "[study]\nold = 1\ntitle", 3, ("study.old",)),
        ('title = "t"', "", 2, ("study.title", "nothing")),
        ("2000", '"2000"', 5, ("study.base_year", "str", "int")),
        ('["KOR"]', '"KOR"', 4, ("study.focus", "str", "array")),
        ("path", "pth", 8, ("tables[1].pth", "path")),
        ('path = "model"', 'path = "model"\nyears = [2000, "x"]', 9, ("tables[1].years", "str")),
        ("service_input_share", "service_input_shares", 11, ("measures[1].name",
                                                             "service_input_share")),
        ('name = "service_input_share"', "", 10, ("measures[1].name", "no name")),
        ("grouping", "groupings", 12, ("measures[1].groupings", "grouping")),
        ('"kibs"', '"kibz"', 12, ("measures[1].grouping", "'kibz'", "kibs")),
        ('"kibs"', "3", 12, ("measures[1].grouping", "3")),
        ('["services", "kibs"]', "[]", 12, ("measures[1].grouping", "empty")),
        ('"industry"]', '"industri"]', 13, ("measures[1].by", "industry")),
        ('"industry"]', '"industry"]\norigin = "home"', 14, ("measures[1].origin", "home")),
        ('"industry"]', '"industry"]\nonly = "manufactures"', 14, ("measures[1].only",
                                                                   "manufacturing")),
        ('"industry"]', '"industry"]\nsource = "wiod2015"', 14, ("measures[1].source",
                                                                 "wiod2016")),
        ("[[measures]]", "[[measure]]", 10, ("measure",)),
    ],
)  # fmt: skip
def test_a_wrong_key_is_answered_with_file_line_key_and_the_nearest_known(
    old: str, new: str, line: int, words: tuple[str, ...]
) -> None:
    with pytest.raises(ServioError) as error:
        parse(GOOD.replace(old, new, 1))
    message = str(error.value)
    assert error.value.exit_code == EXIT_INPUT
    assert message.startswith(f"my study.toml line {line}, ")
    assert len(message) <= MESSAGE_LIMIT
    for word in words:
        assert word in message


def test_the_line_is_that_of_the_right_entry() -> None:
    second = GOOD + '[[measures]]\nname = "service_input_share"\nby = "nothing"\n'
    with pytest.raises(ServioError, match=r"line 16, measures\[2\]\.by"):
        parse(second)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [("service_input_coefficient", "total", '"true"'), ("service_input_coefficient", "total", "1")],
)
def test_an_option_has_the_type_of_the_measures_own(name: str, key: str, value: str) -> None:
    text = GOOD.split("[[measures]]")[0] + f'[[measures]]\nname = "{name}"\n{key} = {value}\n'
    with pytest.raises(ServioError, match="true or false"):
        parse(text)


def test_the_same_measure_for_two_sets_of_industries_is_refused() -> None:
    text = GOOD + '[[measures]]\nname = "service_input_share"\nby="industry"\nonly="technology"\n'
    with pytest.raises(ServioError, match="twice, for other industries"):
        parse(text)


def test_the_same_measure_for_two_sources_is_refused() -> None:
    text = GOOD + '[[measures]]\nname = "service_input_share"\nby="industry"\nsource="model"\n'
    with pytest.raises(ServioError, match="twice, for other tables"):
        parse(text)


def test_a_study_without_tables_or_measures_is_refused() -> None:
    with pytest.raises(ServioError, match=r"missing|nothing"):
        parse('[study]\ntitle = "t"\n')
    with pytest.raises(ServioError, match="tables: found no entry"):
        parse('tables = []\nmeasures = []\n[study]\ntitle = "t"\n')


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[study\n", "line 1"),
        (b"\xff\xfe[study]", "UTF-8"),
        (b"<html>", "line 1"),
        (b"", "study"),
    ],
)
def test_a_file_that_is_no_toml_gets_one_message(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    with pytest.raises(ServioError, match=words) as error:
        study.load(path)
    assert error.value.exit_code == EXIT_INPUT
    assert len(str(error.value)) <= MESSAGE_LIMIT


def test_a_missing_file_and_a_folder_get_one_message(tmp_path: Path) -> None:
    (tmp_path / "wiod.toml").write_text(GOOD)
    with pytest.raises(ServioError, match=r"no such file.*Did you mean wiod\.toml"):
        study.load(tmp_path / "wiodd.toml")
    with pytest.raises(ServioError, match="found a folder"):
        study.load(tmp_path)


def test_crlf_and_byte_order_mark_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert study.load(path).text == GOOD


EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    "name", ["claims.toml", "kiet2018.toml", "wiod2013.toml", "wiod2016.toml", "model.toml"]
)
def test_the_examples_are_good_study_files(name: str) -> None:
    assert study.load(EXAMPLES / name).calls


def test_the_book_of_claims_rests_on_the_panel_and_models_of_its_study() -> None:
    kiet, claims = (tomllib.loads((EXAMPLES / f"{name}.toml").read_text(encoding="utf-8"))
                    for name in ("kiet2018", "claims"))  # fmt: skip
    assert claims["panel"] == kiet["panel"] | {"source": "wiod2016"}
    for one in (*claims["estimates"], *kiet["estimates"]):
        one.pop("trap", None)
    models = {one["name"]: one for one in kiet["estimates"]}
    assert [models[one["name"]] for one in claims["estimates"]] == claims["estimates"]


def test_the_default_study_is_on_the_model_world() -> None:
    assert {tables.path for tables in study.demo().tables} == {"model"}


def test_words_for_everybody_where_a_measure_takes_a_grouping() -> None:
    head = GOOD.split("name =")[0]
    text = head + 'name = "{}"\ngrouping = "{}"\n'
    for name, word in (
        ("bilateral_extraction_loss", "economy"),
        ("value_added_routes", "industry"),
        ("service_content", "economy"),
    ):
        (call,) = parse(text.format(name, word)).calls
        assert dict(call.options)["grouping"] == word
    with pytest.raises(ServioError, match="'everybody'"):
        parse(text.format("service_content", "everybody"))
