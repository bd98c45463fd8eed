"""Everything a page names has a Korean name."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servio import classify, measure
from servio.explain import claims
from servio.measure import MEASURES
from servio.report.words import _countries
from servio.sources import sources
from servio.study import observatory
from servio.web._answers import OpenStudy
from servio.web._api import interaction
from servio.web._api.study import summary
from servio.web._industries import industry_words
from servio.web._jobs import Jobs
from servio.web._words import (
    choice_words,
    english_names,
    korean,
    option_words,
    part_words,
    reason_words,
    sentence,
    unit_words,
)

if TYPE_CHECKING:
    from servio.measure._contract import Option
    from servio.study import StudyStore

REST = {"ROW", "RoW", "ROM"}
ACRONYMS = {"GDP", "ICT", "IT", "OECD", "TiVA", "WWZ", "KWW", "NACE", "Rev", "p"}
AUTHORS = {
    "Amiti", "Borin", "Browning", "Coffey", "Daniels", "Greenfield", "Green", "Grubel", "Hansen",
    "Howells", "Hubbard", "Mancini", "Miroudot", "Nutter", "Singelmann", "Walker", "Wei", "Yan",
    "Ye", "Zhong",
}  # fmt: skip
INDUSTRIES = ("isic3_wiod35", "isic4_wiod56", "model30")
GROUPINGS = {name: classify.grouping(name) for name in classify.groupings()}
OPTIONS = [(spec.name, option) for spec in MEASURES.values() for option in spec.options.values()]
CHOICES = [
    (measure, option.name, choice)
    for measure, option in OPTIONS
    for choice in (("false", "true") if option.kind is bool else option.choices)
]
WANTED = {
    "measure": set(MEASURES),
    "question": set(MEASURES),
    "option": {option.name for _, option in OPTIONS},
    "choice": {f"{option}.{choice}" for _, option, choice in CHOICES},
    "grouping": set(GROUPINGS),
    "group": {f"{name}.{code}" for name, one in GROUPINGS.items() for code in one.groups},
    "claim": {claim.id for claim in claims()},
    "hypothesis": {claim.id for claim in claims()},
    "document": {claim.source for claim in claims()},
    "industry": {
        f"{name}.{code}" for name in INDUSTRIES for code in classify.classification(name).codes
    },
}
ALSO = {"choice": {f"{measure}.{option}.{choice}" for measure, option, choice in CHOICES}}


OF_CLAIMS = ("claim_definition", "claim_data", "claim_needed")


@pytest.mark.parametrize("kind", OF_CLAIMS)
def test_what_a_claim_rests_on_is_said_in_korean(kind: str) -> None:
    assert set(korean()[kind]) == {claim.id for claim in claims()}
    assert all(re.search("[가-힣]", text) for text in korean()[kind].values())


def test_sources_have_a_korean_name() -> None:
    assert set(korean()["source"]) == {one.name for one in sources()}


@pytest.mark.parametrize("kind", WANTED)
def test_each_has_a_korean_name(kind: str) -> None:
    assert sorted(WANTED[kind] - set(korean()[kind])) == []


@pytest.mark.parametrize("kind", WANTED)
def test_no_name_is_of_nothing(kind: str) -> None:
    assert sorted(set(korean()[kind]) - WANTED[kind] - ALSO.get(kind, set())) == []


def test_each_country_that_has_an_english_name_has_a_korean_one() -> None:
    assert set(korean()["country"]) == set(_countries()["names"])


def test_each_unit_of_a_measure_has_a_korean_name() -> None:
    assert {spec.unit for spec in MEASURES.values()} <= set(korean()["unit"])
    assert unit_words("share or million USD")["ko"] == "비중 또는 백만 USD"


def test_identities_are_of_measures_and_keep_what_is_a_formula_alone() -> None:
    assert set(korean()["identity"]) <= set(MEASURES)
    for name in set(MEASURES) - set(korean()["identity"]):
        words = re.findall("[a-z]{3,}", MEASURES[name].identity)
        assert not words, name


def test_options_and_reasons_are_said_in_korean() -> None:
    options = {"by": "industry", "grouping": "services", "origin": "total", "total": "false"}
    assert option_words("service_input_share", options) == {
        "en": "Services; domestic and imported inputs; direct; by industry",
        "ko": "서비스업; 국산과 수입; 직접 투입만; 산업별",
    }  # fmt: skip
    assert reason_words("KOR_U 2014: zero output") == {
        "en": "KOR_U 2014: zero output", "ko": "KOR_U 2014: 산출이 0",
    }  # fmt: skip
    assert reason_words("") is None


def test_options_are_said_in_words_not_codes() -> None:
    """H21: "form broad", "origin balance", "Total: true" on a page"""
    assert option_words("offshoring", {"form": "broad", "by": "industry"})["en"] == (
        "broad; by industry"
    )
    assert option_words("key_sector", {"model": "ghosh", "origin": "balance"}) == {
        "en": "Ghosh model; the flows that balance the table",
        "ko": "고쉬 모형; 표의 균형을 이루는 흐름",
    }
    assert option_words("chain_income", {"chain": "manufacturing", "form": "stage"}) == {
        "en": "value chain: Manufacturing; by stage", "ko": "가치사슬 제조업; 단계별",
    }  # fmt: skip
    assert part_words("proportional")["en"] == "imports shared out in proportion"
    assert part_words("KOR_C26 > KOR_G46")["ko"] == "KOR_C26 > KOR_G46"


@pytest.mark.parametrize("kind", ["option", "choice", "part"])
def test_every_option_choice_and_part_has_words_in_both_languages(kind: str) -> None:
    english, both_have = english_names()[kind], korean()[kind]
    assert set(english) == set(both_have)
    assert WANTED.get(kind, set()) <= set(english)
    plain = re.compile("[a-z]+(_[a-z]+)+|true|false")
    assert [text for text in english.values() if plain.search(text)] == []


def test_settings_of_modes_and_symbiosis_have_words_in_both_languages() -> None:
    english, both_have = english_names()["setting"], korean()["setting"]
    assert set(english) == set(both_have)
    default = observatory()
    for entry in (default.modes, default.symbiosis):
        assert set(entry.__struct_fields__) <= set(english)
        said = interaction._settings(entry)
        assert not re.search("[A-Za-z]{2}", said["ko"].replace("KIET", "")), said["ko"]
        assert "=" not in said["en"] and "_" not in said["en"], said["en"]


def test_there_is_no_other_kind() -> None:
    assert set(korean()) == {
        *WANTED, *OF_CLAIMS, "part", "country", "unit", "reason", "identity", "note", "lacking",
        "live", "scope", "setting", "source", "study",
        "verdict", "word",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "said", "wanted"),
    [
        ("reason", "zero output", "산출이 0"),
        ("reason", "no value_added", "값이 없음: 부가가치"),
        ("reason", "no energy, knowledge", "값이 없음: 에너지, 지식"),
        ("reason", "no output or no direct EMP", "산출이 없거나 직접 계수(EMP)가 0"),
        ("reason", "undefined in 3 of 20 draws", "추출 20회 가운데 3회에서 정의되지 않음"),
        ("note", "negative flows, 1% of all, count as flows the other way (and 9 more like this)",
         "음의 흐름(전체의 1%)은 반대 방향의 흐름으로 셈 (비슷한 내용 9건 더 있음)"),
        ("note", "kiet: M74_M75, N counted whole, though parts belong elsewhere",
         "kiet: M74_M75, N 산업은 일부가 다른 부류에 속하지만 전체를 이 부류로 셈"),
        ("lacking", 'The study has no measure account with of = "value_added".',
         '이 연구에는 다음 지표가 없습니다: account (of = "value_added").'),
        ("note", "of something new", "of something new"),
        ("verdict", "both ways against services per unit of output, along the chain",
         "양방향 융합률 대 산출 한 단위당 서비스(직접·간접)"),
        ("unit", "of 43 countries", "43개국 중 순위"),
        ("live", "no such file, nor its folder. Check the path.",
         "파일도 그 폴더도 없습니다. 경로를 확인하십시오."),
    ],
)  # fmt: skip
def test_sentences_with_numbers_and_names_are_said_in_korean(
    kind: str, said: str, wanted: str
) -> None:
    assert sentence(kind, said) == wanted


@pytest.mark.parametrize("kind", ["reason", "note", "lacking", "verdict"])
def test_sentences_have_as_many_places_in_both_languages(kind: str) -> None:
    for english, words in korean()[kind].items():
        places = english.count("{}")
        found = len(re.findall(r"\{\d*\}", words))
        assert found == places, english


def test_reasons_of_measures_are_said_in_korean() -> None:
    """every text that a measure gives as a reason by itself"""
    folder = Path(inspect.getfile(measure)).parent
    texts = {
        text
        for file in sorted(folder.glob("*.py"))
        for text in re.findall(r'reason(?:: str)? ?= ?"([a-z][^"]+)"', file.read_text("utf-8"))
    }
    assert len(texts) > 15
    assert sorted(texts - set(korean()["reason"])) == []


@pytest.mark.parametrize("kind", [*WANTED, "country", "reason"])
def test_names_are_korean_but_for_acronyms_and_authors(kind: str) -> None:
    foreign = {
        key: text
        for key, text in korean()[kind].items()
        if set(re.findall("[A-Za-z]+", text)) - ACRONYMS - AUTHORS
        or not (re.search("[가-힣]", text) or key.startswith("method.") or text in ACRONYMS)
        or text != text.strip()
    }
    assert foreign == {}


@pytest.mark.parametrize("kind", ["measure", "question", "option", "grouping", "country"])
def test_two_things_never_share_a_name(kind: str) -> None:
    texts = [text for key, text in korean()[kind].items() if key not in REST]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", INDUSTRIES)
def test_industries_of_a_classification_differ_in_name(name: str) -> None:
    texts = [text for key, text in korean()["industry"].items() if key.startswith(f"{name}.")]
    assert len(set(texts)) == len(texts) == len(classify.classification(name).codes)


@pytest.mark.parametrize(("measure", "option"), OPTIONS, ids=lambda one: getattr(one, "name", one))
def test_choices_of_an_option_differ_in_name(measure: str, option: Option) -> None:
    for lang in ("en", "ko"):
        names = [choice_words(measure, option.name, choice)[lang] for choice in option.choices]
        assert len(set(names)) == len(names)


def test_a_choice_is_named_for_its_measure_where_it_means_another_thing() -> None:
    def rate(measure: str) -> str:
        return choice_words(measure, "form", "rate")["ko"]

    assert rate("externalisation") == "외부화율"
    assert rate("smile_curve") == "산출당 부가가치"


def test_the_study_names_its_countries_groups_and_industries(small_store: StudyStore) -> None:
    jobs = Jobs(small_store)
    study = summary(OpenStudy(small_store, jobs))
    assert set(study["titles"].values()) == {study["title"]}  # a user's own words
    assert study["estimates"] is False
    (industries,) = study["industries"].values()
    assert {one["code"]: one["title"] for one in industries}["C26"] == {
        "en": "Computers, electronics and optics", "ko": "컴퓨터·전자·광학기기",
    }  # fmt: skip
    found = {one["name"]: one for one in study["measures"]}["service_input_share"]
    assert found["title"]["ko"] == "중간투입 가운데 서비스의 비중"
    assert {o["name"]: o["titles"] for o in found["options"]}["total"]["true"] == {
        "en": "direct and indirect inputs", "ko": "직접·간접 투입",
    }  # fmt: skip


def test_industries_are_named_without_the_words_all_of_manufacturing_begins_with() -> None:
    assert industry_words("isic4_wiod56")["C26"] == {
        "en": "Computer, electronic and optical products", "ko": "컴퓨터·전자·광학기기",
    }  # fmt: skip
    for name in classify.classifications():
        assert not any("Manufacture of" in one["en"] for one in industry_words(name).values())
