"""Names, numbers and options in words."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import resources
from typing import Any

from servio import classify, sources
from servio.errors import ServioError

__all__ = [
    "UNDEFINED",
    "count_words",
    "country",
    "difference",
    "group_title",
    "grouping_title",
    "industry_kinds",
    "industry_titles",
    "is_region",
    "lower_first",
    "money",
    "number",
    "ordinal",
    "rank_words",
    "safe_label",
    "short_title",
    "source_title",
    "span",
    "variant_words",
]

UNDEFINED = "undefined"
SHARE = "share"
_ORDINALS = ("", "second ", "third ", "fourth ", "fifth ", "sixth ", "seventh ", "eighth ",
             "ninth ", "tenth ")  # fmt: skip
_WORDS = {
    ("origin", "total"): "domestic and imported inputs",
    ("origin", "domestic"): "domestic inputs",
    ("origin", "imported"): "imported inputs",
    ("total", "false"): "direct",
    ("total", "true"): "direct and indirect",
    ("mutual", "none"): "one-sided",
    ("mutual", "geometric"): "mutual, geometric mean of both directions",
    ("mutual", "mean"): "mutual, mean of both directions",
    ("weights", "output"): "weighted with output",
    ("weights", "final_demand"): "weighted with final demand",
    ("of", "coefficient"): "per unit of output",
    ("of", "share"): "as share of inputs",
    ("of", "gdp"): "share of GDP (value added of all industries)",
    ("of", "services"): "share of the value added of services",
    ("of", "services_output"): "share of the output of services",
    ("of", "output"): "share of output",
    ("of", "value_added"): "value added",
    ("use", "total"): "for all uses",
    ("use", "final"): "final products",
    ("use", "intermediate"): "inputs for producers",
    ("partners", "total"): "to all partners together",
    ("partners", "each"): "by partner",
    ("embodied_in", "final_demand"): "in final demand",
    ("embodied_in", "exports"): "in gross exports",
    ("inventory", "net"): "inventories taken out",
    ("inventory", "none"): "inventories left in",
    ("by", "industry"): "by industry",
    ("by", "economy"): "in the whole economy",
}
_ORDER: tuple[str, ...] = ("grouping", "", "by")
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")


@cache
def _countries() -> dict[str, Any]:
    text = (resources.files("servio.report") / "data" / "countries.toml").read_text("utf-8")
    return tomllib.loads(text)


def country(code: str) -> str:
    """Everyday name with code, such as ``South Korea (KOR)``; the code alone if not known."""
    if not code:
        return "the table's economy"
    name = _countries()["names"].get(code)
    return f"{name} ({code})" if name else code


def is_region(code: str) -> bool:
    """Whether a code stands for what is left over in a table rather than for an economy."""
    return code in _countries()["regions"]


def source_title(name: str) -> str:
    """Title of a database, or its name if servio does not know it."""
    known = {source.name: source.title for source in sources.sources()}
    return known.get(name, name)


def grouping_title(name: str) -> str:
    """Title of a grouping, or its name if it is the table's own."""
    return classify.grouping(name).title if name in classify.groupings() else name


def group_title(grouping: str, group: str) -> str:
    """Title of one group of a grouping, or its name if the grouping is the table's own."""
    if grouping not in classify.groupings():
        return group
    known = classify.grouping(grouping)
    titles = dict(zip(known.groups, known.group_titles, strict=True))
    return titles.get(group, group)


def variant_words(options: Mapping[str, str]) -> str:
    """The options of a measure in words."""
    keys = sorted(options, key=lambda key: (_ORDER.index(key) if key in _ORDER else 1, key))
    return "; ".join(_option_words(key, options[key]) for key in keys if options[key])


def _option_words(key: str, value: str) -> str:
    if (key, value) in _WORDS:
        return _WORDS[key, value]
    if key == "grouping":
        return grouping_title(value)
    if key != "by":
        return f"{key} {value}"
    several = value in classify.groupings() and len(classify.grouping(value).groups) > 1
    return f"{'by' if several else 'in'} {lower_first(grouping_title(value))}"


def lower_first(text: str) -> str:
    """The text with a small first letter, unless it starts with an abbreviation."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def industry_titles(codes: list[str]) -> list[str]:
    """Code and title, where all classifications that have the codes give them the same titles."""
    found = set()
    for name in classify.classifications():
        known = classify.classification(name)
        titles = dict(zip(known.codes, known.titles, strict=True))
        with suppress(ServioError):
            found.add(tuple(titles[code] for code in known.resolve(codes)))
    if len(found) != 1:
        return codes
    short = map(short_title, found.pop())
    return [f"{code}  {title}" for code, title in zip(codes, short, strict=True)]


def short_title(title: str) -> str:
    """An industry's title without the words that all of manufacturing begins with."""
    title = title.removeprefix("Manufacture of ")
    return title[:1].upper() + title[1:]


def industry_kinds(codes: Sequence[str]) -> list[str]:
    """Manufacturing, services or other, for each industry."""
    known = classify.identify(list(codes))
    found = ["other"] * len(codes)
    if known is not None:
        for kind in ("manufacturing", "services"):
            inside = classify.grouping(kind).weights(known, list(codes)).sum(axis=0) > 0
            found = [kind if yes else old for yes, old in zip(inside, found, strict=True)]
    return found


def number(value: float, unit: str) -> str:
    """A value as readers expect its unit: a share in percent, a ratio with three decimals."""
    if math.isnan(value):
        return UNDEFINED
    if unit == SHARE:
        return _minus(f"{value:.1%}")
    return _minus(f"{value:.3f}" if abs(value) < 1000 else f"{value:,.0f}")


def money(value: float, unit: str) -> str:
    """An amount with its unit, millions of thousands as billions: ``526.2 billion USD``."""
    if math.isnan(value):
        return UNDEFINED
    if unit.startswith("million ") and abs(value) >= 1000:
        return _minus(f"{value / 1000:,.1f} billion {unit.removeprefix('million ')}")
    return f"{number(value, unit)} {unit}"


def difference(value: float, unit: str) -> str:
    """A signed difference; shares differ by percentage points."""
    if math.isnan(value):
        return UNDEFINED
    if unit == SHARE:
        return _minus(f"{100 * value:+.1f} points")
    return _minus(f"{value:+.3f}" if abs(value) < 1000 else f"{value:+,.0f}")


def _minus(text: str) -> str:
    """A true minus sign, and no sign on what is rounded to nothing."""
    digits = text.lstrip("+-")
    if not any(c in "123456789" for c in digits):
        return digits
    return text.replace("-", "\N{MINUS SIGN}")


def ordinal(place: int) -> str:
    """``fourth `` and so on up to ten; nothing for the first."""
    return _ORDINALS[place - 1]


def rank_words(rank: int, count: int) -> str:
    """A rank from the top among `count`, from the nearer end: ``fourth lowest of 43``."""
    from_below = count - rank + 1
    if from_below < rank and from_below <= len(_ORDINALS):
        return f"{ordinal(from_below)}lowest of {count}"
    if rank <= min(len(_ORDINALS), max(1, count // 2)):
        return f"{ordinal(rank)}highest of {count}"
    return f"rank {rank} of {count}"


def count_words(number: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 finding``, ``2 findings``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def span(years: list[int]) -> str:
    """Years as a span: ``2000–2014``, ``2014`` or ``no year stated``."""
    if not years:
        return "no year stated"
    first, last = min(years), max(years)
    return str(first) if first == last else f"{first}\N{EN DASH}{last}"


def safe_label(text: str) -> str:
    """A label that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text
