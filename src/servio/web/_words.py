"""Names in English and Korean; what has no name of its own keeps the code or the English one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from servio import classify
from servio.report.words import variant_words

__all__ = [
    "both",
    "by_words",
    "choice_words",
    "english_names",
    "korean",
    "option_words",
    "part_words",
    "reason_words",
    "sentence",
    "unit_words",
]

Words = dict[str, str]
_MONEY = re.compile(r"(million|thousand|billion) (.+)")
_SIZES = {"thousand": "천", "million": "백만", "billion": "십억"}


def both(kind: str, name: str, english: str) -> Words:
    """A name in both languages, by its kind (``measure``, ``option``, ``grouping`` …) and code."""
    plain = english_names().get(kind, {}).get(name, english)
    return {"en": plain, "ko": korean().get(kind, {}).get(name, plain)}


def choice_words(measure: str, option: str, choice: str) -> Words:
    """A choice, named for the option, or for this measure where it means another thing there."""
    name, plain = f"{option}.{choice}", choice.replace("_", " ")
    own = f"{measure}.{name}"
    return both("choice", own if own in korean()["choice"] else name, plain)


def part_words(part: str) -> Words:
    """A part of a measure, as its labels name it."""
    return both("part", part, part)


def english_names() -> dict[str, dict[str, str]]:
    """English names by kind and code, of what has no other."""
    return _names("en.toml")


def korean() -> dict[str, dict[str, str]]:
    """Korean names by kind and code."""
    return _names("ko.toml")


@cache
def _names(file: str) -> dict[str, dict[str, str]]:
    text = (resources.files("servio.web") / file).read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return found


def unit_words(unit: str, measure: str = "") -> Words:
    """A unit, or several with " or " between, in both languages; of a measure if it has its own."""
    own = f"{measure}.{unit}"
    if own in korean()["unit"]:
        return both("unit", own, unit)
    texts = [_unit(one) for one in unit.split(" or ")]
    return {"en": unit, "ko": " 또는 ".join(texts)}


def _unit(unit: str) -> str:
    money = _MONEY.fullmatch(unit)
    if money:
        return f"{_SIZES[money[1]]} {money[2]}"
    return sentence("unit", unit)


def reason_words(said: str) -> Words | None:
    """A label and why it has no value, ``KOR_U 2014: zero output``; None where there is none."""
    if not said:
        return None
    label, colon, reason = said.rpartition(": ")
    return {"en": said, "ko": f"{label}{colon}{sentence('reason', reason)}"}


def sentence(kind: str, said: str) -> str:
    """A sentence in Korean, also one with numbers and names in it; as it is where there is none.

    Examples
    --------
    >>> sentence("reason", "no direct_imports")
    '값이 없음: direct_imports'
    """
    exact = korean()[kind].get(said)
    if exact is not None:
        return exact
    for pattern, korean_one in _sentences(kind):
        if found := pattern.fullmatch(said):
            return korean_one.format(*(_inside(kind, text) for text in found.groups()))
    return said


def _inside(kind: str, text: str) -> str:
    """What stands in a sentence: another of its kind, numbers, names; options stay as they are."""
    known = {} if kind == "lacking" else korean()["word"]
    whole = sentence(kind, text) if " " in text else text
    return re.sub(r"[A-Za-z_]+", lambda one: known.get(one[0], one[0]), whole)


@cache
def _sentences(kind: str) -> list[tuple[re.Pattern[str], str]]:
    """Patterns of a kind, those with most text first."""
    patterns = [(one, text) for one, text in korean()[kind].items() if "{}" in one]
    patterns.sort(key=lambda pair: -len(pair[0].replace("{}", "")))
    return [
        (re.compile("(.+?)".join(map(re.escape, one.split("{}"))), re.DOTALL), text)
        for one, text in patterns
    ]


def option_words(measure: str, options: Mapping[str, str]) -> Words:
    """The options of a measure in words, in both languages."""
    keys = sorted(options, key=lambda key: (("grouping", "", "by").index(key)
                                            if key in ("grouping", "by") else 1, key))  # fmt: skip
    said = [_option(measure, key, options[key]) for key in keys if options[key]]
    plain = [_english_option(measure, key, options[key]) for key in keys if options[key]]
    return {"en": "; ".join(plain), "ko": "; ".join(said)}


def _english_option(measure: str, key: str, value: str) -> str:
    """As reports say it, or by the names of the option and the choice."""
    said = variant_words({key: value})
    if key in ("grouping", "by") or said != f"{key} {value}":
        return said
    chosen = choice_words(measure, key, value)["en"]
    name = both("option", key, key)["en"]
    return (
        chosen
        if f"{key}.{value}" in english_names()["choice"]
        else f"{name}: {_value(value)['en']}"
    )


def _value(value: str) -> Words:
    """A text that an option takes: a grouping by its title, others as they are."""
    title = classify.grouping(value).title if value in classify.groupings() else value
    return both("grouping", value, title)


def _option(measure: str, key: str, value: str) -> str:
    known = korean()
    if key == "grouping":
        return known["grouping"].get(value, value)
    if key == "by":
        return by_words(value)
    for name in (f"{measure}.{key}.{value}", f"{key}.{value}"):
        if name in known["choice"]:
            return known["choice"][name]
    return f"{known['option'].get(key, key)} {_value(value)['ko']}"


def by_words(by: str) -> str:
    """Whose number it is, in Korean: of each industry, the economy, or a grouping."""
    if by in ("industry", "economy"):
        return {"industry": "산업별", "economy": "경제 전체"}[by]
    title = korean()["grouping"].get(by, by)
    several = by in classify.groupings() and len(classify.grouping(by).groups) > 1
    return f"{title}별" if several else title
