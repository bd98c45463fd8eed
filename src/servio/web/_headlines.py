"""Five sentences with numbers that a study has to say, in English and Korean."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from servio.report.picks import indicators
from servio.report.view import LABELS, Panel, Slab, Variant, View
from servio.report.words import (
    country,
    group_title,
    lower_first,
    number,
    rank_words,
)
from servio.web._words import (
    both,
    choice_words,
    korean,
    option_words,
    part_words,
    unit_words,
)

__all__ = ["COUNT", "headlines"]

COUNT = 5
_MONEY = ("thousand ", "million ", "billion ")
_WHOLES = ("manufacturing", "economy", "services", "sectors")


def headlines(view: View, titles: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """What is said first of the country looked at, or of all where none is.

    `titles` are those of the industries by code.
    """
    first = indicators(view)
    known = {id(panel): what for what, panel in first}
    panels = [panel for _, panel in first]
    seen = {panel.variant.name for panel in panels}
    for panel in _others(view, seen):
        if len(panels) >= COUNT:
            break
        panels.append(panel)
    said = [_headline(view, panel, known.get(id(panel), "")) for panel in panels[:COUNT]]
    return said + _extremes(view, COUNT - len(said), seen, titles)


def _extremes(
    view: View, count: int, seen: set[str], titles: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Which label of a measure by industry or group has most, in the country looked at."""
    found: list[dict[str, Any]] = []
    for variant in view.results.variants:
        if len(found) >= count:
            break
        if variant.name in seen:
            continue
        slab = view.slab(variant)
        code, year = view.focus or (slab.codes[0] if slab.codes else None), max(slab.years or (0,))
        if code not in slab.codes:
            continue
        own = slab.values[:, slab.codes.index(code), slab.years.index(year)]
        if np.isnan(own).all():
            continue
        seen.add(variant.name)
        most = int(np.nanargmax(own))
        said = _most_of(slab, code, year or None, own, titles)
        found.append(said | {"view": _link(view, variant, code, year or None, slab.labels[most])})
    return found


def _most_of(
    slab: Slab,
    code: str,
    year: int | None,
    own: npt.NDArray[np.float64],
    titles: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    variant, most, count = slab.variant, int(np.nanargmax(own)), int(np.isfinite(own).sum())
    value = float(own[most])
    industry, partner, group, part = slab.labels[most]
    grouping = variant.options.get("grouping", "")
    named = both("group", f"{grouping}.{group}", group_title(grouping, group))
    whole = titles.get(industry, {"en": industry, "ko": industry})
    title, shown = _title(variant), _shown(value, slab.unit)
    name = korean()["country"].get(code, code)
    english = [_plain(whole["en"]), *(lower_first(text) for text in (named["en"],) if text)]
    of = " with ".join(text for text in english if text)
    other = [part_words(part), {"en": partner, "ko": partner}]
    more, korean_more = (
        ", ".join(text[lang] for text in other if text[lang]) for lang in ("en", "ko")
    )
    service = f"({named['ko']})" if named["ko"] and whole["ko"] else named["ko"]
    return {
        "text": {
            "en": f"{title['en']} in {country(code)}{f', {year}' if year else ''}: {shown['en']} "
            f"for {of}{f', {more}' if of and more else more}, the highest of {count}.",
            "ko": f"{name}의 {title['ko']}: {f'{year}년 ' if year else ''}{whole['ko']}{service}"
            f"{f' {korean_more}' if korean_more else ''} {shown['ko']}, {count}개 중 가장 높음.",
        },
        "value": value,
        "unit": slab.unit,
        "country": code,
        "year": year,
    }


def _in_title(measure: str, option: str) -> bool:
    return (measure, option) == ("account", "of")


def _title(variant: Variant) -> dict[str, str]:
    """Of the measure; what is counted where the measure is the level of anything."""
    if _in_title(variant.name, "of"):
        what = choice_words(variant.name, "of", variant.options["of"])
        return {"en": what["en"][:1].upper() + what["en"][1:], "ko": what["ko"]}
    return both("measure", variant.name, variant.spec.title)


def _shown(value: float, unit: str) -> dict[str, str]:
    """The number as readers expect it, money with its unit."""
    text = number(value, unit)
    if not unit.startswith(_MONEY):
        return {"en": text, "ko": text}
    return {lang: f"{text} {word}" for lang, word in unit_words(unit).items()}


def _plain(title: str) -> str:
    """The products of an industry, without that they are made."""
    return lower_first(title.removeprefix("Manufacture of "))


def _others(view: View, seen: set[str]) -> Iterator[Panel]:
    """Measures with one number a country and year, of a whole sector; one a measure."""
    for variant in view.results.variants:
        if variant.name not in seen and variant.options.get("by") in _WHOLES:
            slab = view.slab(variant)
            if len(slab.labels) == 1 and not np.isnan(slab.values).all():
                seen.add(variant.name)
                yield slab.panel(0)


def _headline(view: View, panel: Panel, what: str) -> dict[str, Any]:
    year, code = panel.latest, view.focus or _most(panel)
    value = panel.value(code, year)
    rank, count = panel.rank(code, year), panel.count(year)
    base = panel.value(code, view.base) if view.base != year else math.nan
    return {
        "text": {
            "en": _english(panel, what, code, year, value, rank, count, view.base, base),
            "ko": _korean(panel, code, year, value, rank, count, view.base, base),
        },
        "value": None if math.isnan(value) else value,
        "unit": panel.unit,
        "country": code,
        "year": year,
        "view": _link(view, panel.variant, code, year, view.slab(panel.variant).labels[0]),
    }


def _telling(variant: Variant) -> dict[str, str]:
    """Whose number it is, and the options that are not the measure's defaults."""
    defaults = {key: option.default for key, option in variant.spec.options.items()}
    return {
        key: text for key, text in variant.options.items()
        if key == "by" or (text != _text(defaults.get(key)) and not _in_title(variant.name, key))
    }  # fmt: skip


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _link(
    view: View, variant: Variant, code: str | None, year: int | None, label: tuple[str, ...]
) -> str:
    """Address of the view that shows the number: everything that chooses it."""
    wanted = {"name": variant.name, "source": view.source, **variant.options,
              "only": variant.only, "country": code or "", "year": str(year or ""),
              **dict(zip(LABELS, label, strict=True))}  # fmt: skip
    return f"#/measure?{urlencode({key: text for key, text in wanted.items() if text})}"


def _most(panel: Panel) -> str | None:
    values = panel.column(panel.latest)
    return None if values.empty else str(values.idxmax())


def _english(
    panel: Panel, what: str, code: str | None, year: int | None, value: float, rank: int | None,
    count: int, base_year: int | None, base: float,
) -> str:  # fmt: skip
    shown, when = _shown(value, panel.unit)["en"], f" in {year}" if year else ""
    if what:
        text = what.format(place=country(code or ""), value=shown, when=when)
    else:
        words = option_words(panel.variant.name, _telling(panel.variant))["en"]
        text = f"{_title(panel.variant)['en']}{f' {words}' if words else ''}, "
        text += f"{country(code or '')}{when}: {shown}"
    if rank is not None and count > 1:
        text += f", {rank_words(rank, count)} countries"
    if not math.isnan(base):
        text += f"; {base_year}: {_shown(base, panel.unit)['en']}"
    return f"{text}."


def _korean(
    panel: Panel, code: str | None, year: int | None, value: float, rank: int | None,
    count: int, base_year: int | None, base: float,
) -> str:  # fmt: skip
    name = korean().get("country", {}).get(code or "", code or "")
    title, shown = _title(panel.variant)["ko"], _shown(value, panel.unit)["ko"]
    when = f"{year}년 " if year else ""
    whose = option_words(panel.variant.name, _telling(panel.variant))["ko"]
    text = f"{name}{f' {whose}' if whose else ''}의 {title}: {when}{shown}"
    if rank is not None and count > 1:
        text += f" ({count}개국 중 {rank}위)"
    if not math.isnan(base):
        text += f", {base_year}년 {_shown(base, panel.unit)['ko']}"
    return f"{text}."
