"""Modern manufacturing: industries ranked, the parts of each score, what hangs on the weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from servio.measure.modern import DIGITS, PRESETS
from servio.report import _charts
from servio.report._blocks import Block, Figure, Key, Section, Table, Text
from servio.report._detail import NO_FOCUS
from servio.report._notes import small_print
from servio.report.view import Variant, View
from servio.report.words import count_words, industry_titles, number

__all__ = ["modern"]

NAME = "modern_manufacturing"
TITLE = "Modern manufacturing"
SCORE = "score"
WORDS = {
    "technology": "class of R&D intensity (OECD): high 1, medium-high 2/3, medium 1/3, lower 0",
    "value_added": "value added over output",
    "knowledge": "knowledge-intensive business services in intermediate inputs",
    "research": "R&D over output, own and of all earlier stages",
    "energy": "energy over output; little is modern",
    "emissions": "emissions over output; little is modern",
    "chain": "stages of production",
}


def modern(view: View) -> Section:
    """Which industries are modern, by which criteria, and how sure that is."""
    scores: dict[str, Variant] = {}
    for variant in view.variants(NAME, form=SCORE):
        scores.setdefault(variant.options["weights"], variant)
    main = scores.get("equal") or next(iter(scores.values()), None)
    if main is None:
        return Section(TITLE, absent=f"{NAME} with form=score (and component, rank, stability)")
    if view.focus is None:
        return Section(TITLE, absent=NO_FOCUS)
    year, score = _last(view, main)
    if year is None:
        return Section(TITLE, absent="a defined score of the focus country")
    frame = _frame(view, main, score, year)
    intro = (
        "A score from 0 (traditional) to 1 (modern): the weighted mean of criteria, each the rank "
        "from 0 to 1 among the manufacturing industries of the table, but for technology. It says "
        "where an industry stands there; criteria and weights are choices, not estimates."
    )
    parts = [name for name in frame.columns if name in WORDS]
    blocks: list[Block] = [_heat(view, main, frame, parts, year)] if parts else []
    blocks += _sensitivity(view, main, frame, scores, year)
    blocks.append(_table(view, main, frame, scores, year))
    blocks += _missing(view)
    return Section(TITLE, intro, blocks)


# -- values ----------------------------------------------------------------------------------------


def _last(view: View, variant: Variant) -> tuple[int | None, pd.Series]:
    """Last year in which the focus country has a value, and the values of its industries."""
    slab = view.slab(variant)
    if view.focus in slab.codes:
        own = slab.values[:, slab.codes.index(view.focus)]
        there = np.flatnonzero(~np.isnan(own).all(axis=0))
        if len(there):
            year = slab.years[there[-1]]
            return year, _values(view, variant, year)[""]
    return None, pd.Series(dtype=np.float64)


def _values(view: View, variant: Variant, year: int | None) -> pd.DataFrame:
    """Industries by parts of the focus country in a year; the part "" where there are none."""
    slab = view.slab(variant)
    if view.focus not in slab.codes or year not in slab.years:
        return pd.DataFrame()
    own = slab.values[:, slab.codes.index(view.focus), slab.years.index(year)]
    index = pd.MultiIndex.from_tuples([(label[0], label[3]) for label in slab.labels])
    wide = pd.Series(own, index=index).unstack(sort=False)
    return wide.loc[~wide.isna().all(axis=1)] if variant.options["form"] != SCORE else wide


def _like(view: View, main: Variant, form: str) -> Variant | None:
    """The variant of another form with all else as the main one."""
    same = {key: value for key, value in main.options.items() if key not in ("form", "weights")}
    wanted = {"weights": main.options["weights"]} if form != "component" else {}
    return view.pick(NAME, main.options, form=form, **same, **wanted)


def _frame(view: View, main: Variant, score: pd.Series, year: int) -> pd.DataFrame:
    """Industries of the focus country, the most modern first: score, criteria, rank, stability."""
    frame = pd.DataFrame({SCORE: score})
    for form in ("component", "rank", "stability", "class"):
        variant = _like(view, main, form)
        if variant is None:
            continue
        values = _values(view, variant, year)
        if form in ("stability", "class") and "" in values:
            values = values.rename(columns={"": form})
        frame = frame.join(values)
    return frame.sort_values(SCORE, ascending=False, kind="stable", na_position="last")


def weights_of(name: str, parts: Sequence[str]) -> Mapping[str, float]:
    """Weight of each criterion under a preset, adding up to 1."""
    preset: Mapping[str, float] = dict(PRESETS)[name]  # type: ignore[index]
    raw = {part: preset.get(part, 1.0) for part in parts}
    return {part: weight / sum(raw.values()) for part, weight in raw.items()}


def _names(frame: pd.DataFrame) -> list[str]:
    return industry_titles([str(code) for code in frame.index])


# -- blocks ----------------------------------------------------------------------------------------


def _heat(
    view: View, main: Variant, frame: pd.DataFrame, parts: Sequence[str], year: int
) -> Figure:
    names = _names(frame)
    weights = weights_of(main.options["weights"], parts)
    heads = {SCORE: SCORE} | {p: f"{p.replace('_', ' ')}\n{weights[p]:.0%}" for p in parts}
    rows = [
        {"industry": name, "group": heads[column], "value": float(frame.loc[code, column]),
         "shown": _two(float(frame.loc[code, column]))}
        for name, code in zip(names, frame.index, strict=True)
        for column in heads
    ]  # fmt: skip
    defined = frame[SCORE].dropna()
    caption = (
        f"{view.focus_name} in {year}: of {count_words(len(defined), 'industry', 'industries')} "
        f"{names[0]} scores highest ({_two(float(defined.iloc[0]))}), {names[len(defined) - 1]} "
        f"lowest ({_two(float(defined.iloc[-1]))})."
    )
    if len(defined) < len(frame):
        caption += f" Without a score: {', '.join(names[len(defined) :])}."
    told = "; ".join(f"{part.replace('_', ' ')}: {WORDS[part]}" for part in parts)
    return Figure(
        f"Modern and traditional manufacturing: {view.focus_name}, {year}", caption,
        small_print(view, main, "score", [year])
        + f" Formula: score = sum of weight x criterion; weights under the names. {told}.",
        f"Heat map of {len(frame)} industries by {len(heads)} columns. {caption}",
        _charts.heat(rows, names, list(heads.values()), change=False),
        _data(view, frame, year)[["industry", "country", "year", SCORE, *parts]],
    )  # fmt: skip


def _two(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _data(view: View, frame: pd.DataFrame, year: int) -> pd.DataFrame:
    found = frame.rename_axis("industry").reset_index()
    return found.assign(country=view.focus, year=year)


def _ranks(view: View, scores: Mapping[str, Variant], year: int) -> pd.DataFrame:
    """Rank of every industry of the focus country, among those of its table, by preset."""
    found = {}
    for name, variant in scores.items():
        slab = view.slab(variant)
        if view.focus not in slab.codes or year not in slab.years:
            continue
        own = slab.codes.index(view.focus)
        values = pd.DataFrame(slab.values[:, :, slab.years.index(year)])
        values.index = pd.Index([label[0] for label in slab.labels])
        every = values.stack() if _is_world(view) else values[own].dropna()
        ranks = every.round(DIGITS).rank(ascending=False)
        found[name] = ranks.xs(own, level=1) if _is_world(view) else ranks
    return pd.DataFrame(found)


def _is_world(view: View) -> bool:
    """Whether tables hold several countries, so that ranks are among all of them."""
    audits = view.results.audits
    own = audits.loc[audits["source"] == view.source, "country"]
    return not set(own) & set(view.codes)


def _sensitivity(
    view: View, main: Variant, frame: pd.DataFrame, scores: Mapping[str, Variant], year: int
) -> Iterator[Figure]:
    if "rank" not in frame:
        return
    ranked = frame.dropna(subset=["rank"])
    names = dict(zip(ranked.index, _names(ranked), strict=True))
    presets = _ranks(view, scores, year).reindex(ranked.index)
    spans = [
        {"name": names[code], "best": row["low"], "worst": row["high"], "marked": False,
         "shown": f"{row['rank']:g} ({row['low']:g}–{row['high']:g})"}
        for code, row in ranked.iterrows()
    ]  # fmt: skip
    dots = [
        {"name": names[code], "rank": float(rank), "marked": preset == main.options["weights"]}
        for preset in presets
        for code, rank in presets[preset].items()
    ]
    wide = ranked["high"] - ranked["low"]
    told = ", ".join(presets)
    caption = (
        f"The rank of {names[wide.idxmax()]} hangs most on the weights (from "
        f"{ranked.loc[wide.idxmax(), 'low']:g} to {ranked.loc[wide.idxmax(), 'high']:g}), that of "
        f"{names[wide.idxmin()]} least ({ranked.loc[wide.idxmin(), 'low']:g} to "
        f"{ranked.loc[wide.idxmin(), 'high']:g})."
    )
    yield Figure(
        f"How far the ranking hangs on the weights: {view.focus_name}, {year}", caption,
        small_print(view, main, "rank, 1 is the most modern", [year])
        + f" Ranks are among the industries of {'all' if _is_world(view) else 'this'} "
        f"{'countries' if _is_world(view) else 'country'}. Bars: 5 to 95 % quantile of the rank "
        f"under 1,000 random weights, uniform on all that add up to 1. Dots: weights {told}, "
        "the coloured ones those of the score.",
        f"Bars of ranks of {len(ranked)} industries. {caption}",
        _charts.rank_spans(dots, spans, int(ranked["high"].max()), "rank, 1 is the most modern"),
        _data(view, ranked[["rank", "low", "high"]].join(presets.add_prefix("rank_")), year),
        [Key("dot", f"rank with weights {main.options['weights']}", _charts.ACCENT),
         Key("dot", "with other weights", "#666666"), Key("span", "random weights", "#c3c3c3")],
    )  # fmt: skip


def _table(
    view: View, main: Variant, frame: pd.DataFrame, scores: Mapping[str, Variant], year: int
) -> Table:
    """Score now and in the base year, class and how often random weights agree, other presets."""
    base = _values(view, main, view.base)
    found = frame.assign(base=base[""].reindex(frame.index) if "" in base else math.nan)
    others = [name for name in scores if name != main.options["weights"]]
    presets = _ranks(view, scores, year).reindex(frame.index)
    head = ["Industry", f"Score {year}", f"Score {view.base or '–'}"]
    shown = [[name, _two(row[SCORE]), _two(row["base"])]
             for name, (_, row) in zip(_names(found), found.iterrows(), strict=True)]  # fmt: skip
    if "class" in found:
        head.append("Class")
        for cells, value in zip(shown, found["class"], strict=True):
            cells.append("–" if math.isnan(value) else "modern" if value else "traditional")
    if "stability" in found:
        head.append("Same class")
        for cells, value in zip(shown, found["stability"], strict=True):
            cells.append(number(float(value), "share"))
    doubled = "; ".join(f"{name} doubles {', '.join(PRESETS[name])}" for name in others)  # type: ignore[index]
    return Table(
        f"Modern and traditional industries of {view.focus_name}, {year}",
        f"Modern: a score above {main.options['threshold']}. Same class: share of 1,000 random "
        "weights that give it. "
        + (f"Ranks under other weights are in the data: {doubled}. " if doubled else "")
        + f"Source: {view.title}; own calculation ({NAME}).",
        head, shown, [False] + [cell != "Class" for cell in head[1:]],
        _data(view, found.join(presets.add_prefix("rank_")), year),
    )  # fmt: skip


def _missing(view: View) -> Iterator[Text]:
    """Criteria that the tables do not have, as the measure notes them."""
    notes = view.results.store.notes()
    own = notes[(notes["measure"] == NAME) & (notes["source"] == view.source)
                & (notes["code"] == "criteria-missing")]  # fmt: skip
    for text, count in zip(own["text"], own["tables"], strict=True):
        words = str(text).removeprefix("left out: ").replace("_", " ")
        yield Text(f"{words} ({count_words(int(count), 'table')}).", "Criteria left out:")
