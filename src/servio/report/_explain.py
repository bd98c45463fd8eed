"""Models: the panel, coefficients, tables, slopes by type and country, specifications, traps."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from servio.errors import ServioError
from servio.explain import Estimate, RegressionTable, regression_table
from servio.explain.tables import digits
from servio.report._blocks import Block, Figure, Key, Section, Table, Text
from servio.report._charts import ACCENT, INK
from servio.report._forest import Forest, forest
from servio.report.models import TIMING, Models, ServiceTerm, Size
from servio.report.traps import TRAPS
from servio.report.words import count_words, country, number

if TYPE_CHECKING:
    from servio.study import StudyStore

__all__ = ["explain_problems", "is_explained", "models"]

SIDE = 4
MANY = 12
CHANCE = 0.05
COUNTED = re.compile(r", [A-Z] = \d+| \(\d+\)| with \d+ df")
"""Numbers in the words on errors, which have rows of their own."""
USUAL = ("r2", "rss", "sigma")
"""Statistics that stand in the data of estimates only."""
IN_WORDS = ("convergence", "method", "errors", "sample")
LEVEL = "95 % intervals"
KEYS = (Key("dot", "interval leaves out zero", INK), Key("ring", "it does not", INK))


def is_explained(measure: str) -> bool:
    """Whether a row of the problems is of the panel or of an estimate."""
    return measure == "panel" or measure.startswith("estimate ")


def models(store: StudyStore) -> tuple[Section, ...]:
    """Sections on the panel and the estimates of a study; none where it asks for none."""
    if store.study.panel is None:
        return ()
    if any(row.measure == "panel" for row in store.problems().itertuples()):
        return (explain_problems(store),)
    read = Models(store)
    made = [panel_section(read)]
    if read.estimates:
        made += [main_section(read), types_section(read), countries_section(read),
                 definitions_section(read), specifications(read), traps(read),
                 tables(read)]  # fmt: skip
    made.append(explain_problems(store, read.failed))
    return tuple(section for section in made if section.blocks)


# -- panel -----------------------------------------------------------------------------------------


def panel_section(read: Models) -> Section:
    """Which rows, which variables, which classes."""
    panel = read.panel
    keys = list(panel.entity)
    entities = len(panel.frame[keys].drop_duplicates())
    years = panel.frame[panel.time]
    intro = (
        f"{len(panel.frame):,} rows: {entities:,} ({' by '.join(keys)}), {years.min()} to "
        f"{years.max()}. {len(panel.dropped):,} rows are left out."
    )
    blocks: list[Block] = []
    if len(panel.dropped):
        blocks.append(_dropped(panel.dropped))
    blocks.append(_variables(read))
    if panel.classes is not None and len(panel.classes):
        blocks.append(_classes(panel.classes))
    if panel.notes:
        blocks.append(_notes(panel.notes))
    return Section("The panel", intro, blocks)


def _dropped(dropped: pd.DataFrame) -> Table:
    counts = dropped["reason"].value_counts()
    rows = [[_wrapped(str(reason)), f"{count:,}"] for reason, count in counts.items()]
    return Table(
        f"{count_words(len(dropped), 'row')} left out, and why",
        "Every row is in the data.",
        ["Reason", "Rows"], rows, [False, True], dropped,
    )  # fmt: skip


def _wrapped(text: str, most: int = 8) -> str:
    """A reason whose list of columns is cut short."""
    parts = []
    for part in text.split("; "):
        head, _, names = part.partition(": ")
        listed = names.split(", ")
        more = f" and {len(listed) - most} more" if len(listed) > most else ""
        parts.append(f"{head}: {', '.join(listed[:most])}{more}" if names else part)
    return "; ".join(parts)


def _variables(read: Models) -> Table:
    summary = read.panel.summary()
    summary = summary[~summary["column"].str.fullmatch(r".*_lag\d*")]
    derived = {one.name: one.definition or one.expression for one in read.recipe.derived}
    shown = [
        [r.column, r.unit, f"{r.n:,}", *(_short(v) for v in (r.mean, r.sd_between, r.sd_within)),
         derived.get(str(r.column), r.definition)]
        for r in summary.itertuples()
    ]  # fmt: skip
    return Table(
        "Variables", "Between: standard deviation of the means of entities. Within: of the "
        "deviations from them over time; where it is small, fixed effects leave little to learn "
        "from. Lags are the values a year before.",
        ["Variable", "Unit", "Values", "Mean", "Between", "Within", "Definition"],
        shown, [False, False, True, True, True, True, False], summary, folded=len(shown) > MANY,
    )  # fmt: skip


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e5 else digits(value)


def _classes(classes: pd.DataFrame) -> Table:
    rows = []
    for (name, label), part in classes.groupby(["class", "label"], sort=False):
        ways = list(dict.fromkeys(map(str, part["how"])))
        cuts = [c for c in dict.fromkeys(map(str, part["cut"])) if c]
        years = [y for y in dict.fromkeys(map(str, part["years"])) if y]
        cut = f" at {', '.join(_cut(c) for c in cuts)}" if cuts else ""
        how = f"{', '.join(ways)}{cut}{f', {years[0]}' if years else ''}"
        members = ", ".join(map(str, part["member"]))
        rows.append([str(name), str(label).replace("_", " "), f"{len(part)}", how, members])
    return Table(
        "Classes", "A member exactly at a cut belongs to the lower class; values are in the data.",
        ["Class", "Label", "Members", "How", "Who"], rows, [False, False, True, False, False],
        classes,
    )  # fmt: skip


def _cut(text: str) -> str:
    try:
        return digits(float(text))
    except ValueError:
        return text


def _notes(notes: Sequence[str]) -> Table:
    return Table("Notes of the panel", "Made while it was built.", ["Note"],
                 [[_wrapped(note)] for note in notes], [False],
                 pd.DataFrame({"note": list(notes)}), folded=True)  # fmt: skip


# -- effects ---------------------------------------------------------------------------------------


def _axis(read: Models, estimate: Estimate) -> str:
    name = read.formula(estimate).outcome.name
    return f"change in {name} per standard deviation" + (
        ", percent" if read.is_log(estimate) else ""
    )


def _per_cent(read: Models, estimate: Estimate) -> str:
    return " %" if read.is_log(estimate) else ""


def _row(name: str, size: Size, text: str = "", *, marked: bool = False) -> dict[str, Any]:
    return {"name": name, "value": size.value, "lower": size.lower, "upper": size.upper,
            "text": text, "marked": marked, "clear": size.clear}  # fmt: skip


def _interval(size: Size) -> str:
    return f"{digits(size.value)} [{digits(size.lower)}, {digits(size.upper)}]"


def _sd_words(read: Models) -> str:
    return ("One standard deviation: that inside entities over time, of all rows of the panel; "
            "percent are log points times 100." if read.main and read.is_log(read.main)
            else "One standard deviation: that inside entities over time, of all rows of the "
            "panel.")  # fmt: skip


def _basis(estimate: Estimate) -> str:
    return (
        f"Model “{estimate.name}”: {estimate.formula}. {estimate.method}; errors {estimate.vcov}; "
        f"{estimate.sample or f'{estimate.n:,} rows'}."
        + "".join(f" Note: {note}." for note in estimate.notes)
    )


def _drawn(rows: Sequence[tuple[ServiceTerm, str, Size, Size]]) -> pd.DataFrame:
    """What is drawn: slopes as estimated and scaled."""
    return pd.DataFrame([
        {"estimate": t.estimate.name, "service": t.service.title, "term": t.term,
         "measure": t.measure, "timing": TIMING[t.lagged], "for": whom,
         "coefficient": slope.value, "lower": slope.lower, "upper": slope.upper,
         "effect_of_one_sd": effect.value, "effect_lower": effect.lower,
         "effect_upper": effect.upper, "n": t.estimate.n, "errors": t.estimate.vcov}
        for t, whom, slope, effect in rows
    ])  # fmt: skip


def main_section(read: Models) -> Section:
    """Service groups in the main model."""
    main = read.main
    if main is None:
        return Section("What convergence goes with")
    terms = sorted(read.service_terms(main), key=lambda t: -read.effect(t).value)
    drawn = [(t, "", read.coefficient(t), read.effect(t)) for t in terms]
    rows = [_row(t.service.title, effect, _interval(slope)) for t, _, slope, effect in drawn]
    clear = [d for d in drawn if d[3].clear]
    first = f"{len(clear)} of {count_words(len(drawn), 'interval')} leave out zero."
    caption = " ".join([first, *(_sentence(read, t, effect) for t, _, _, effect in clear)])
    figure = Figure(
        "Value added and convergence, by service group" if len(terms) > 1 else
        f"Value added and convergence: {terms[0].service.title}",
        caption,
        f"{_basis(main)} Convergence: {_measures(terms)}. To the right: coefficient as estimated, "
        f"with its interval. {_sd_words(read)} Source: own calculation.",
        f"{len(rows)} points with {LEVEL}. {caption}",
        forest([Forest("", rows)], axis=_axis(read, main)), _drawn(drawn), KEYS,
    )  # fmt: skip
    intro = (
        "How much more or less an industry produces when more of its inputs are services, with all "
        "else in the model and what never changes about the industry taken out. An association "
        "inside industries over time, no proof of cause."
    )
    return Section("What convergence goes with", intro, [figure])


def _measures(terms: Sequence[ServiceTerm]) -> str:
    return "; ".join(dict.fromkeys(f"{_lower(t.measure)}, {TIMING[t.lagged]}" for t in terms))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _sentence(read: Models, term: ServiceTerm, effect: Size) -> str:
    sd = _amount(read.sd_within(term.column), read.panel.columns[term.column].unit)
    unit = _per_cent(read, term.estimate)
    more = "more" if effect.value > 0 else "less"
    low, high = sorted((abs(effect.lower), abs(effect.upper)))
    return (
        f"{term.service.title}: one standard deviation more ({sd}) goes with "
        f"{abs(effect.value):.2f}{unit} {more} ({low:.2f} to {high:.2f})."
    )


def _amount(value: float, unit: str) -> str:
    return f"{100 * value:.2g} percentage points" if unit == "share" else number(value, unit)


# -- for whom --------------------------------------------------------------------------------------


def types_section(read: Models) -> Section:
    """Slopes by class of industry and economy, with the countries looked at."""
    terms = [t for e in read.estimates.values() for t in read.interacted(e)
             if "country" not in read.modifiers(t)[0]]  # fmt: skip
    first = read.service_terms(read.main)[0].measure if read.main else ""
    main = [t for t in terms if t.measure == first or not first]
    blocks: list[Block] = []
    for title, some in (("Convergence by kind of industry and economy", False),
                        ("The same of some rows only", True)):  # fmt: skip
        chosen = [t for t in main if bool(read.entries[t.estimate.name].where) is some]
        figure = _types_figure(read, title, chosen)
        blocks += [figure] if figure else []
    others = [t for t in terms if t not in main]
    if others:
        blocks.append(_types_table(read, others))
    intro = ("Slopes may differ by technology of the industry and by type of economy; how classes "
             "are cut stands under the panel." + _own_classes(read))  # fmt: skip
    return Section("For whom: kinds of industries and economies", intro if blocks else "", blocks)


def _types_rows(read: Models, term: ServiceTerm) -> list[tuple[str, Size, bool]]:
    """Cells with the countries looked at that are in them; countries that are in none, apart."""
    cells = {name: (slope, list[str]()) for name, slope in read.cells(term) or ()}
    apart = []
    for code, kind, slope in read.countries(term, read.store.study.focus):
        own = [who for same, who in cells.values() if math.isclose(same.value, slope.value)
               and math.isclose(same.upper, slope.upper)]  # fmt: skip
        for who in own[:1]:
            who += [code] if code not in who else []
        if not own:
            apart.append((", ".join([country(code), *([kind] if kind else [])]), slope, True))
    rows = [(f"{name} · {', '.join(who)}" if who else name, slope, bool(who))
            for name, (slope, who) in cells.items()]  # fmt: skip
    return rows + apart


def _slopes(read: Models, term: ServiceTerm) -> list[tuple[str, Size, bool]]:
    """Rows of a term; none, with a problem said at the end, where its slopes can't be taken."""
    try:
        return _types_rows(read, term)
    except ServioError as error:
        read.failed.append((f"Slopes of {term.term} in {term.estimate.name}", str(error)))
        return []


def _types_figure(read: Models, title: str, terms: Sequence[ServiceTerm]) -> Figure | None:
    panels, drawn = [], []
    for term in terms:
        sizes = [(n, s, read.scaled(term, s), m) for n, s, m in _slopes(read, term)]
        if sizes:
            rows = [_row(n, e, _interval(s), marked=m) for n, s, e, m in sizes]
            head = f"{term.service.title} · {term.estimate.name}{_equal(read, term)}"
            panels.append(Forest(head, rows))
            drawn += [(term, n, s, e) for n, s, e, _ in sizes]
    if not panels:
        return None
    clear = [(t, n, e) for t, n, _, e in drawn if e.clear]
    above, below = (
        [f"{_lower_name(t.service.title)} in {n} ({t.estimate.name})" for t, n, e in clear
         if (e.value > 0) is up] for up in (True, False)
    )  # fmt: skip
    caption = (
        f"{len(clear)} of {count_words(len(drawn), 'interval')} leave out zero; "
        f"{_by_chance(len(drawn))} would by chance. Above: {_listed(above)}. "
        f"Below: {_listed(below)}."
    )
    return Figure(
        title, caption,
        "In colour: where the industries of the countries looked at are. To the right: slope as "
        "estimated, with its interval; p of the test that the slopes of a model are equal. "
        f"Convergence: {_measures(terms)}. {_sd_words(read)} Source: own calculation; formulas "
        "stand in the tables of models.",
        f"{len(panels)} panels of points with {LEVEL}. {caption}",
        forest(panels, axis=_axis(read, terms[0].estimate), shared=False), _drawn(drawn),
        (*KEYS, Key("dot", "a country looked at is here", ACCENT)),
    )  # fmt: skip


def _by_chance(intervals: int) -> str:
    expected = CHANCE * intervals
    return f"about {expected:.0f}" if expected >= 1 else "less than one"


def _equal(read: Models, term: ServiceTerm) -> str:
    p = read.differs(term)
    if math.isnan(p):
        return ""
    return f" · slopes equal: p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}"


def _types_table(read: Models, terms: Sequence[ServiceTerm]) -> Table:
    found = [(t, n, s, read.scaled(t, s)) for t in terms for n, s, _ in _slopes(read, t)]
    rows = [[t.estimate.name, t.service.title, whom, _interval(slope), _interval(effect)]
            for t, whom, slope, effect in found]  # fmt: skip
    return Table(
        "Slopes by type under other definitions",
        f"{sum(e.clear for *_, e in found)} of {count_words(len(found), 'interval')} leave out "
        f"zero. Effect: of one standard deviation. {_sd_words(read)}",
        ["Model", "Service group", "For", "Slope [95 %]", "Effect [95 %]"],
        rows, [False, False, False, True, True], _drawn(found), folded=True,
    )  # fmt: skip


def _own_classes(read: Models) -> str:
    """Which classes the countries looked at are in."""
    classes = read.panel.classes
    if classes is None:
        return ""
    found = []
    for code in read.store.study.focus:
        own = classes[classes["member"] == code]
        words = [f"{str(r['label']).replace('_', ' ')} ({r['class']}"
                 + (", set by hand)" if r["how"] == "override" else ")")
                 for r in own.to_dict(orient="records")]  # fmt: skip
        if words:
            found.append(f"{country(code)}: {', '.join(words)}")
    return f" {'; '.join(found)}." if found else ""


def countries_section(read: Models) -> Section:
    """A slope for each country."""
    blocks: list[Block] = []
    focus = set(read.store.study.focus)
    for estimate in read.estimates.values():
        for term in read.interacted(estimate):
            levels, numbers = read.modifiers(term)
            if levels != ("country",) or numbers:
                continue
            cells = read.countries(term, sorted(set(read.panel.frame["country"].astype(str))))
            sized = sorted(
                ((country(code), code, slope, read.scaled_in(term, slope, code))
                 for code, _, slope in cells), key=lambda cell: -cell[3].value,
            )  # fmt: skip
            rows = [_row(name, effect, _interval(slope), marked=code in focus)
                    for name, code, slope, effect in sized]  # fmt: skip
            over = [name for name, _, _, e in sized if e.clear and e.value > 0]
            below = [name for name, _, _, e in sized if e.clear and e.value < 0]
            caption = (
                f"Above zero, interval and all: {_listed(over)}. Below: {_listed(below)}. "
                f"{len(sized) - len(over) - len(below)} of {len(sized)} can't be told from zero."
            )
            blocks.append(Figure(
                f"{term.service.title}: a slope for each country", caption,
                f"{_basis(estimate)} Convergence: {_measures([term])}. One standard deviation is "
                "here that inside the country's own industries, so that rare services do not fill "
                "the chart; to the right: slope as estimated, with its interval. "
                "Source: own calculation.",
                f"{len(rows)} points with {LEVEL}. {caption}",
                forest([Forest("", rows)], axis=_axis(read, estimate)),
                _drawn([(term, code, slope, effect) for _, code, slope, effect in sized]),
                (*KEYS, Key("dot", "country looked at", ACCENT)),
            ))  # fmt: skip
    intro = "All else counts the same everywhere, the slope of convergence does not."
    return Section("For whom: countries", intro if blocks else "", blocks)


def _listed(names: Sequence[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) or "none") + more


# -- definitions and specifications ----------------------------------------------------------------


def definitions_section(read: Models) -> Section:
    """Models with one service group at a time: every measure by every grouping."""
    found = [(t, read.coefficient(t), read.effect(t))
             for e in read.alone for t in read.service_terms(e)]  # fmt: skip
    if not found:
        return Section("Definitions")
    panels = []
    for measure in dict.fromkeys(t.measure for t, *_ in found):
        own = [(t, s, e) for t, s, e in found if t.measure == measure]
        titles = [t.service.title for t, *_ in own]
        rows = [_row(t.service.title if titles.count(t.service.title) == 1 else t.estimate.name,
                     e, _interval(s)) for t, s, e in own]  # fmt: skip
        panels.append(Forest(measure, rows))
    positive = sum(e.clear and e.value > 0 for *_, e in found)
    negative = sum(e.clear and e.value < 0 for *_, e in found)
    caption = (
        f"Of {count_words(len(found), 'definition')}, {positive} give an interval above zero, "
        f"{negative} one below, {len(found) - positive - negative} neither."
    )
    counts = {t.estimate.n for t, *_ in found}
    if len(counts) > 1:
        caption += f" They rest on {min(counts):,} to {max(counts):,} rows."
    figure = Figure(
        "The same model under every definition", caption,
        "One service group at a time, all else as in the main model. To the right: coefficient as "
        f"estimated, with its interval. {_sd_words(read)} Source: own calculation.",
        f"{len(panels)} panels of points with {LEVEL}. {caption}",
        forest(panels, axis=_axis(read, found[0][0].estimate)),
        _drawn([(t, "", s, e) for t, s, e in found]), KEYS,
    )  # fmt: skip
    return Section("Definitions of convergence and of services in models", "", [figure])


def specifications(read: Models) -> Section:
    """Every estimate of a service group with one slope for all, sorted: the curve."""
    main = read.main
    if main is None:
        return Section("Specification curve")
    groups = [t.service for t in read.service_terms(main)]
    every = [(t, "", read.coefficient(t), read.effect(t))
             for e in read.estimates.values() for t in read.service_terms(e)]  # fmt: skip
    panels, drawn, words = [], [], []
    for service in groups:
        own = sorted((d for d in every if d[0].service == service), key=lambda d: d[3].value)
        if len(own) < 3:
            continue
        rows = [_row(t.estimate.name, e, "", marked=t.estimate is main) for t, _, _, e in own]
        panels.append(Forest(service.title, rows))
        drawn += own
        above, below = (
            sum(e.clear and (e.value > 0) is up for *_, e in own) for up in (True, False)
        )
        words.append(f"{service.title}: {above} above zero, {below} below, of {len(own)}")
    if not panels:
        return Section("Specification curve")
    caption = f"{'; '.join(words)}."
    figure = Figure(
        "Specification curve, service group by service group", caption,
        "Every estimate of the study in which the group has one slope for all rows, sorted by its "
        f"effect; the main model in colour. {_sd_words(read)} Not every specification is equally "
        "good: the traps below say what is wrong with some. Source: own calculation.",
        f"{len(panels)} panels of points with {LEVEL}. {caption}",
        forest(panels, axis="percent per standard deviation" if read.is_log(main) else
               "per standard deviation", columns=2, shared=False), _drawn(drawn),
        (*KEYS, Key("dot", "main model", ACCENT)),
    )  # fmt: skip
    intro = "Does the answer hang on how the question is put? One point a specification."
    return Section("Specification curve", intro, [figure])


# -- traps -----------------------------------------------------------------------------------------


def traps(read: Models) -> Section:
    """One paragraph a trap, with the number of its column."""
    main = read.main
    if main is None:
        return Section("Traps")
    blocks: list[Block] = []
    data: list[dict[str, Any]] = []
    base = {t.service: t for t in read.service_terms(main)}
    for trap in TRAPS:
        found = [c for e in read.trapped(trap.name) if (c := list(_compared(read, base, e)))]
        words = [_trap_words(read, c) + _long_run(read, c) for c in found]
        numbers = " ".join(words) if words else f"No column of this study shows it. {trap.remedy}"
        blocks.append(Text(f"{trap.text} {numbers}", trap.title))
        data += [_trap_row(read, trap.name, *pair) for compared in found for pair in compared]
    if data:
        blocks.append(_trap_table(pd.DataFrame(data)))
    intro = ("What can make such coefficients say more than they should, each with the column of "
             "this study that shows how much it matters.")  # fmt: skip
    return Section("Traps", intro, blocks)


def _compared(
    read: Models, base: Mapping[Any, ServiceTerm], estimate: Estimate
) -> Iterator[tuple[ServiceTerm, ServiceTerm]]:
    """Terms of an estimate with those of the main model for the same service."""
    for term in read.service_terms(estimate):
        if term.service in base:
            yield base[term.service], term


def _same_unit(before: ServiceTerm, after: ServiceTerm) -> bool:
    return before.measure == after.measure


def _trap_words(read: Models, compared: Sequence[tuple[ServiceTerm, ServiceTerm]]) -> str:
    """The group that moves most, and how many change."""

    def moved(pair: tuple[ServiceTerm, ServiceTerm]) -> float:
        before, after = read.effect(pair[0]), read.effect(pair[1])
        width = before.upper - before.lower
        wider = abs((after.upper - after.lower) - width)
        return (abs(after.value - before.value) + wider / 2) / width if width > 0 else math.inf

    before, after = max(compared, key=moved)
    estimate = after.estimate
    if _same_unit(before, after):
        old, new, what = read.coefficient(before), read.coefficient(after), "the coefficient"
    else:
        old, new, what = (
            read.effect(before),
            read.effect(after),
            "the effect of one standard deviation",
        )
        what += " in percent" if read.is_log(estimate) else ""
    sizes = [(read.effect(a), read.effect(b)) for a, b in compared]
    signs = sum(a.value * b.value < 0 for a, b in sizes)
    lost = sum(a.clear and not b.clear for a, b in sizes)
    gained = sum(b.clear and not a.clear for a, b in sizes)
    return (
        f"Column “{estimate.name}”: {what} of {_lower_name(after.service.title)} is "
        f"{_interval(new)} instead of {_interval(old)}, the largest move of "
        f"{count_words(len(compared), 'service group')}; signs that change: {signs}, intervals "
        f"that come to hold zero: {lost}, that cease to: {gained}.{_rows_words(before, after)}"
    )


def _rows_words(before: ServiceTerm, after: ServiceTerm) -> str:
    """Numbers of rows, where the columns do not rest on as many."""
    old, new = before.estimate.n, after.estimate.n
    if old == new:
        return ""
    return f" It rests on {new:,} rows, the main model on {old:,}: part of the move may be theirs."


def _long_run(read: Models, compared: Sequence[tuple[ServiceTerm, ServiceTerm]]) -> str:
    """What a lasting change comes to where the outcome has a lag: slopes over one less its slope.

    Slopes beside a lag are those of the first year; the main model has slopes of levels.
    """
    estimate = compared[0][1].estimate
    outcome = read.formula(estimate).outcome.expression
    term = f"lag({outcome})"
    if term not in estimate.terms:
        return ""
    value, _, lower, upper = estimate.combination({term: 1.0})
    years = estimate.groups.get(read.panel.time)
    over = f", estimated over {count_words(years, 'year')}" if years else ""
    own = f" The lagged outcome itself has {_interval(Size(value, lower, upper))}{over}."
    if value >= 1:
        return f"{own} At one or more there is no long run to compare with the main model."
    lasting = "; ".join(
        f"{_lower_name(after.service.title)} {digits(short)}, in the long run "
        f"{digits(short / (1 - value))} (main model {digits(read.coefficient(before).value)})"
        for before, after in compared
        for short in [read.coefficient(after).value]
    )
    return (
        f"{own} Coefficients beside it are those of the first year; the main model, without a "
        "lag, compares with the long run, the coefficient over one less that of the lagged "
        f"outcome: {lasting}."
    )


def _lower_name(title: str) -> str:
    return _lower(title) if title[1:2].islower() else title


def _trap_row(read: Models, trap: str, before: ServiceTerm, after: ServiceTerm) -> dict[str, Any]:
    old, new = read.effect(before), read.effect(after)
    return {
        "trap": trap, "column": after.estimate.name, "service": after.service.title,
        "main": old.value, "main_lower": old.lower, "main_upper": old.upper, "value": new.value,
        "lower": new.lower, "upper": new.upper,
        "main_coefficient": read.coefficient(before).value,
        "coefficient": read.coefficient(after).value, "measure": after.measure,
        "timing": TIMING[after.lagged],
    }  # fmt: skip


def _trap_table(data: pd.DataFrame) -> Table:
    rows = [
        [r.column, r.service, _interval(Size(r.main, r.main_lower, r.main_upper)),
         _interval(Size(r.value, r.lower, r.upper))]
        for r in data.itertuples()
    ]  # fmt: skip
    return Table(
        "Traps: every service group", "Effect of one standard deviation with its 95 % interval, in "
        "percent where the outcome is in logs.",
        ["Column", "Service group", "Main model", "This column"], rows,
        [False, False, True, True], data, folded=True,
    )  # fmt: skip


# -- tables ----------------------------------------------------------------------------------------


def tables(read: Models) -> Section:
    """Regression tables, side by side."""
    blocks = [
        _table(read, f"{title}{f' ({n} of {len(parts)})' if len(parts) > 1 else ''}", part, folded)
        for title, estimates, folded in _grouped(read)
        for parts in [_chunks(estimates)]
        for n, part in enumerate(parts, start=1)
    ]
    intro = "Standard errors in parentheses; formulas and all digits are in the data."
    return Section("Tables of models", intro if blocks else "", blocks)


def _grouped(read: Models) -> Iterator[tuple[str, list[Estimate], bool]]:
    """Estimates that share a table, and whether it is folded."""
    main = [read.main] if read.main else []
    measure = read.service_terms(main[0])[0].measure if main else ""
    if main:
        yield "Main model", main, False
    for title, chosen in (("Slopes by type", read.by_type), ("Some rows only", read.subsets)):
        alike: dict[Any, list[Estimate]] = {}
        for estimate in chosen:
            mixed = read.interacted(estimate)
            other = bool(mixed) and bool(measure) and mixed[0].measure != measure
            key = other, *(read.modifiers(mixed[0]) if mixed else ()), len(mixed) > 1
            alike.setdefault(key, []).append(estimate)
        for (other, *_), estimates in sorted(alike.items(), key=lambda pair: pair[0][0]):
            where = _by_words(read, estimates[0])
            more = ", other definitions" if other else ""
            yield f"{title}{where}{more}", estimates, other or len(estimates[0].terms) > 2 * MANY
    if read.robustness:
        yield "Robustness" if main else "Models", [*main, *read.robustness], bool(main)
    if read.alone:
        yield "One service group at a time", read.alone, True


def _by_words(read: Models, estimate: Estimate) -> str:
    mixed = read.interacted(estimate)
    if not mixed:
        return ""
    levels, numbers = read.modifiers(mixed[0])
    known = [read.indicator(name) for name in numbers]
    names = [*levels, *(one[0] if one else name for name, one in zip(numbers, known, strict=True))]
    several = ", several service groups" if len(mixed) > 1 else ""
    return f": {' by '.join(dict.fromkeys(names))}{several}"


def _chunks(estimates: Sequence[Estimate]) -> list[list[Estimate]]:
    return [list(estimates[i : i + SIDE]) for i in range(0, len(estimates), SIDE)]


def _table(read: Models, title: str, estimates: Sequence[Estimate], folded: bool) -> Table:
    own = [name for e in estimates for name in e.statistics if name not in USUAL]
    made = regression_table(
        {e.name: e for e in estimates}, labels=_shared(read, estimates),
        statistics=list(dict.fromkeys(("r2_within", "condition", *own))),
    )  # fmt: skip
    words = tuple(_measures([*read.service_terms(e), *read.interacted(e)]) for e in estimates)
    said = [("service group", tuple(_only(read, e) for e in estimates)), ("convergence", words)]
    made = replace(made, facts=(*(fact for fact in said if any(fact[1])), *made.facts))
    same = {name: texts[0] for name, texts in made.facts
            if name in IN_WORDS and len(texts) > 1 and len(set(texts)) == 1}  # fmt: skip
    shown = replace(made, facts=tuple(fact for fact in made.facts if fact[0] not in same))
    note = "".join(f"{name.capitalize()}: {text}. " for name, text in same.items()
                   if name != "errors")  # fmt: skip
    kinds = dict.fromkeys(COUNTED.sub("", e.vcov) for e in estimates)
    formulas = pd.DataFrame(
        [["formula", "", *(e.formula for e in estimates)],
         ["covariance", "", *(e.vcov for e in estimates)]],
        columns=["row", "quantity", *made.columns],
    )  # fmt: skip
    return Table(
        title,
        " ".join([f"{note}Errors: {'; or '.join(kinds)}.", *made.notes]),
        ["", *made.columns], _paired(shown), [False] + [True] * len(made.columns),
        pd.concat([made.to_frame(), formulas], ignore_index=True), folded,
        kind="regression", latex=made.to_latex(),
    )  # fmt: skip


def _only(read: Models, estimate: Estimate) -> str:
    """The service group of an estimate with only one."""
    terms = [*read.service_terms(estimate), *read.interacted(estimate)]
    titles = list(dict.fromkeys(t.service.title for t in terms))
    return titles[0] if len(titles) == 1 else ""


def _shared(read: Models, estimates: Sequence[Estimate]) -> dict[str, str]:
    """Terms in words for estimates in one table, where no estimate has two of one name."""
    alone = all(_only(read, estimate) for estimate in estimates)
    found: dict[str, str] = {}
    for estimate in estimates:
        found = _labels(read, estimate, alone) | found
    for estimate in estimates:
        words = [found.get(term, term) for term in estimate.terms]
        found = {term: text for term, text in found.items()
                 if term not in estimate.terms or words.count(text) == 1}  # fmt: skip
    return found


def _labels(read: Models, estimate: Estimate, alone: bool) -> dict[str, str]:
    """Terms of services in words; the only service of an estimate goes without its name."""
    plain = {t.term: "convergence" if alone else t.service.title
             for t in read.service_terms(estimate)}  # fmt: skip
    mixed = read.interacted(estimate)
    for one in mixed:
        name = one.service.title if len(mixed) > 1 else "convergence"
        plain |= {term: f"{name}{cell}" for term, cell in read.mixed_terms(one).items()}
    return plain


def _paired(made: RegressionTable) -> list[list[str]]:
    """Cells with the standard error under its coefficient."""
    cells = made.cells()
    split = 2 * len(made.rows)
    pairs = [
        [top[0], *(f"{a}\n{b}" if a else "" for a, b in zip(top[1:], below[1:], strict=True))]
        for top, below in zip(cells[:split:2], cells[1:split:2], strict=True)
    ]
    return pairs + cells[split:]


# -- problems --------------------------------------------------------------------------------------


def explain_problems(store: StudyStore, failed: Sequence[tuple[str, str]] = ()) -> Section:
    """Panel and models that could not be made, and why."""
    rows = [r for r in store.problems().itertuples() if is_explained(str(r.measure))]
    blocks = [
        Text(f"{r.text} ({r.definition})" if r.definition else str(r.text), f"{r.measure}:")
        for r in rows
    ]
    blocks += [Text(text, f"{what}:") for what, text in failed]
    return Section("Models without an answer", "", blocks)
