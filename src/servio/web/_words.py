"""Names in English and Korean; what has no Korean name keeps its English one."""

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
    "korean",
    "option_words",
    "reason_words",
    "sentence",
    "unit_words",
]

Words = dict[str, str]
_MONEY = re.compile(r"(million|thousand|billion) (.+)")
_SIZES = {"thousand": "천", "million": "백만", "billion": "십억"}


def both(kind: str, name: str, english: str) -> Words:
    """A name in both languages, by its kind (``measure``, ``option``, ``grouping`` …) and code."""
    return {"en": english, "ko": korean().get(kind, {}).get(name, english)}


@cache
def korean() -> dict[str, dict[str, str]]:
    """Korean names by kind and code."""
    text = (resources.files("servio.web") / "ko.toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return found


def unit_words(unit: str) -> Words:
    """A unit, or several with " or " between, in both languages."""
    texts = [_unit(one) for one in unit.split(" or ")]
    return {"en": unit, "ko": " 또는 ".join(texts)}


def _unit(unit: str) -> str:
    money = _MONEY.fullmatch(unit)
    if money:
        return f"{_SIZES[money[1]]} {money[2]}"
    return both("unit", unit, unit)["ko"]


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
    return {"en": variant_words(options), "ko": "; ".join(said)}


def _option(measure: str, key: str, value: str) -> str:
    known = korean()
    if key == "grouping":
        return known["grouping"].get(value, value)
    if key == "by":
        return by_words(value)
    for name in (f"{measure}.{key}.{value}", f"{key}.{value}"):
        if name in known["choice"]:
            return known["choice"][name]
    return f"{known['option'].get(key, key)} {value}"


def by_words(by: str) -> str:
    """Whose number it is, in Korean: of each industry, the economy, or a grouping."""
    if by in ("industry", "economy"):
        return {"industry": "산업별", "economy": "경제 전체"}[by]
    title = korean()["grouping"].get(by, by)
    several = by in classify.groupings() and len(classify.grouping(by).groups) > 1
    return f"{title}별" if several else title
