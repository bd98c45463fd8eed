"""The chain of one product, computed from the study's tables when the report is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd
from threadpoolctl import threadpool_limits

from servio.errors import LabelError, ServioError
from servio.measure.smile import verdict
from servio.report import _charts
from servio.report._blocks import Block, Figure, Key, Section, Text
from servio.report._notes import small_print
from servio.report._sankey import Box, Ribbon, stages
from servio.report._smile import DRAWN, KINDS, bubbles, fitted, named
from servio.report.product import (
    FORMS,
    GROUPING,
    POSITIONS,
    beside,
    earners,
    first_industry,
    income_calls,
    incomes,
    position_calls,
    product_label,
    smile_calls,
    u_test,
)
from servio.report.view import Variant, View
from servio.report.words import (
    count_words,
    country,
    group_title,
    industry_kinds,
    industry_titles,
    money,
    number,
)
from servio.study import Call, LiveTables, SupplyStages, supply_stages

if TYPE_CHECKING:
    from servio.study import Box as Stop
    from servio.table import IOTable

__all__ = ["FIGURES", "product"]

TITLE = "The chain of a product"
STAGES, MOST, LEAST = 2, 4, 0.0015
COUNTRIES, NAMES = 14, 40
OTHER, ABROAD = "#8a8a8a", "#b9a26b"
NATIONAL = (
    " National table: imports are one block; who supplies and earns abroad is not seen, domestic "
    "suppliers are."
)
LIVE = " Computed from the study's tables when this report was written."
USES = {
    "producers: services": "inputs of services",
    "producers: other industries": "inputs of other industries",
    "producers abroad": "producers abroad",
    "household": "households",
    "npish": "non-profit institutions",
    "government": "government",
    "investment": "investment",
    "inventory": "inventories",
    "other": "other final use",
}
"""Uses whose name does not say it all."""
BEHIND = {"services": "services", "other industries": "other industries", "imports": "abroad"}
PARTS = {
    "services": "value added of services",
    "other industries": "value added of other industries",
    "imports": "imports",
    "taxes and margins": "taxes and margins",
    "discrepancy": "discrepancy",
}
GROUPS = (
    "producer_services", "other_services", "services", "manufacturing", "other_industry",
    "agriculture", "other industries",
)  # fmt: skip
NO_INDUSTRY = ("imports", "taxes and margins")
STAGE_WORDS = {
    "final stage": "the industry itself",
    "stage 1": "its suppliers",
    "stage 2": "their suppliers",
    "stage 3 or more": "all earlier stages",
}


@dataclass(frozen=True, eq=False)
class _Product:
    """What the section is about: an industry of one table."""

    view: View
    tables: LiveTables
    table: IOTable
    country: str
    year: int | None
    industry: str
    services: Mapping[str, bool | None]

    @property
    def label(self) -> str:
        return product_label(self.country, self.industry)

    @property
    def name(self) -> str:
        """Industry, country and year as titles have them."""
        return _listed(self.titles.get(self.industry, self.industry), self.where)

    @property
    def where(self) -> str:
        """Country and year."""
        return _listed(country(self.country) if self.country else "", str(self.year or ""))

    @property
    def is_world(self) -> bool:
        return self.table.axis.is_world

    @cached_property
    def titles(self) -> dict[str, str]:
        """Code and title of each industry."""
        codes = list(self.services)
        titles = (title.replace("  ", " ") for title in industry_titles(codes))
        return dict(zip(codes, titles, strict=True))

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Manufacturing, services or other: services as the table names them, if it does."""
        codes = list(self.services)
        return {
            code: "services" if self.services[code] else kind.replace("services", "other")
            for code, kind in zip(codes, industry_kinds(codes), strict=True)
        }

    def rows(self, call: Call) -> pd.DataFrame:
        """Rows of one measure of the table.

        Raises
        ------
        LabelError
            The measure has no answer.
        """
        found = self.tables.only(self.view.source, self.country, self.year).measure(call)
        if found.problems:
            raise LabelError(call.name, found=found.problems[0]["text"], expected="an answer",
                             remedy="Choose another measure.")  # fmt: skip
        return found.results.to_pandas()

    def note(self, call: Call, unit: str) -> str:
        options = {key: call.option(key) for key, _ in call.options}
        said = small_print(self.view, Variant(call.spec, options), unit, [self.year])
        return said + (LIVE if self.is_world else NATIONAL + LIVE)


def product(view: View, tables: LiveTables | str, step: Callable[[], None]) -> Section:
    """Suppliers and uses, smile curve, positions and income of one product.

    Parameters
    ----------
    view : View
    tables : LiveTables or str
        The study's tables, or why they are not at hand.
    step : callable
        Called after each of the four figures.
    """
    if isinstance(tables, str):
        return Section(TITLE, absent=tables)
    with threadpool_limits(1):
        try:
            place = _place(view, tables)
        except ServioError as error:
            return Section(TITLE, absent=f"a table to begin with ({error.message})")
        blocks: list[Block] = []
        for words, make in FIGURES.items():
            try:
                blocks += make(place)
            except ServioError as error:
                blocks.append(Text(error.message, f"No {words}:"))
            step()
    intro = (
        f"One product and everybody behind it: {place.name}. The pages of `servio serve` show the "
        "chain of any other industry, country and year of the study in the same way."
    )
    return Section(TITLE, intro, blocks)


def _listed(*words: str) -> str:
    return ", ".join(filter(None, words))


def _place(view: View, tables: LiveTables) -> _Product:
    """The product that the observatory's page of chains begins with."""
    where = view.focus or next(iter(view.codes), "")
    year = max(view.years, default=None)
    table = tables.table(view.source, where, year)
    services: dict[str, bool | None] = dict.fromkeys(table.axis.code_names)
    try:
        inside = table.weights("services")[1].sum(axis=0) > 0.5
        services |= {c: bool(w) for c, w in zip(table.axis.codes, inside, strict=True)}
    except ServioError:  # a table of its own labels need not say
        pass
    return _Product(view, tables, table, where, year, first_industry(services), services)


# -- suppliers and uses ----------------------------------------------------------------------------


def _flow(one: _Product) -> Iterator[Figure]:
    found = supply_stages(one.table, one.industry, country=one.country, stages=STAGES, most=MOST)
    links = [link for link in found.links if link.value >= LEAST * found.output]
    names = {box.id: _box_name(one, box) for box in found.boxes}
    joined = {end for link in links for end in (link.source, link.target)}
    used = [box for box in found.boxes if box.id in joined]
    last = max(box.stage for box in used)
    shown = [
        Box(box.id, last - box.stage, f"{number(box.value / found.output, 'share')} "
            f"{names[box.id]}", box.value, _colour(box))
        for box in sorted(used, key=_order)
    ]  # fmt: skip
    parts = {k: v / found.output for k, v in found.origins.items()}
    said = ", ".join(f"{number(parts[k], 'share')} {words}" for k, words in PARTS.items()
                     if abs(parts.get(k, 0.0)) >= 5e-4)  # fmt: skip
    caption = (
        f"Of the output of {money(found.output, found.unit)}, all stages counted: {said}. Left to "
        "right: earlier stages, suppliers, the industry, its uses. The part of a box that no flow "
        "enters is earned there: value added and taxes."
    )
    kinds = [("services", _charts.PARTNER), ("other industries", _charts.ACCENT),
             ("abroad (imports)", ABROAD)]  # fmt: skip
    kinds = kinds[:2] if one.is_world else kinds
    yield Figure(
        f"Suppliers and uses: {one.name}",
        caption,
        f"Stages: A^k x e_j, flows a_im (A^(k-1) x e_j)_m, behind them r L A^(K+1) x e_j; Miller "
        f"and Blair (2009), section 2.4. Percent of output; flows under {LEAST:.2%} and "
        f"negative ones are in the data only. Unit: {found.unit}. Source: {one.view.title}, "
        f"{one.year or 'no year stated'}; own calculation."
        + (LIVE if one.is_world else NATIONAL + LIVE),
        f"Flow diagram of {len(shown)} boxes in {last + 2} columns. {caption}",
        stages(shown, [Ribbon(r.source, r.target, r.value) for r in links]),
        _link_frame(found, names).assign(country=one.country, industry=one.industry,
                                         year=one.year),
        [Key("cell", name, colour) for name, colour in kinds]
        + [Key("cell", "the product", _charts.INK), Key("cell", "uses, taxes", OTHER)],
    )  # fmt: skip


def _box_name(one: _Product, box: Stop) -> str:
    match box.kind:
        case "use":
            return USES.get(box.code, box.code)
        case "others":
            kind = "services" if box.code == "services" else "industries"
            where = " abroad" if box.country == "abroad" else ""
            return f"{box.count} {'other ' if not where else ''}{kind}{where}"
        case "imports":
            return "abroad"
        case "earlier":
            return f"{BEHIND.get(box.code, box.code)}, earlier"
    name = one.titles.get(box.code, box.code)
    return name if box.country == one.country else f"{box.country} {name}"


def _colour(box: Stop) -> str:
    if box.kind == "product":
        return _charts.INK
    if box.kind == "use" or box.code in ("taxes and margins", "discrepancy"):
        return OTHER
    if box.code == "imports":
        return ABROAD
    return _charts.PARTNER if box.service else _charts.ACCENT


def _order(box: Stop) -> tuple[int, bool, float]:
    """Services, other industries, imports, taxes; the gathered ones after those named."""
    colours = [_charts.INK, _charts.PARTNER, _charts.ACCENT, ABROAD, OTHER]
    value = 0.0 if box.kind == "use" else -box.value
    return colours.index(_colour(box)), box.kind == "others", value


def _link_frame(found: SupplyStages, names: Mapping[str, str]) -> pd.DataFrame:
    stage = {box.id: box.stage for box in found.boxes}
    rows = [
        (stage[link.source], names[link.source], names[link.target], link.value,
         link.value / found.output, found.unit)
        for link in found.links
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["stage", "from", "to", "value", "share", "unit"])


# -- smile and positions ---------------------------------------------------------------------------


def _smile(one: _Product) -> Iterator[Figure]:
    calls = smile_calls(one.label)
    rows = [one.rows(call) for call in calls]
    frame = earners(beside(rows, FORMS))
    if frame.empty:
        raise LabelError(
            f"chain {one.label}", found="nobody who earns", expected="a product for final use",
            remedy="Look at another industry with `servio serve`.",
        )  # fmt: skip
    test = u_test(frame)
    said = "too few earners for a test" if test is None else verdict(test, "links")
    frame["kind"] = [one.kinds.get(code, "other") for code in frame["industry"]]
    frame["title"] = [one.titles.get(code, code) for code in frame["industry"]]
    services = float(frame.loc[frame["kind"] == "services", "share"].sum())
    drawn = frame.iloc[:DRAWN]
    first = ", ".join(f"{_earner(one, row)} ({number(row.share, 'share')})"
                      for row in drawn.iloc[:3].itertuples())  # fmt: skip
    caption = (
        f"{one.name}: {said}. Services earn {number(services, 'share')} of what all "
        f"{'' if one.is_world else 'at home '}earn; most is earned by {first}. Drawn are "
        f"{len(drawn)} of {count_words(len(frame), 'earner')}; the fit has all."
    )
    data = _charts.Data()
    chart = bubbles(
        drawn.rename(columns={"share": "value_added"}).set_index(
            pd.Index([_earner(one, row) for row in drawn.itertuples()])
        ),
        test, data, x_title="links to the end of the chain (final product on the right)",
        size=(_charts.WIDTH - 75, 340),
    )  # fmt: skip
    yield Figure(
        f"Smile curve: {one.name}",
        caption,
        one.note(calls[1], "share") + " Across: links to the end of the chain (form=distance). "
        "Areas: share of what all earn (form=share), the smallest enlarged. The line is ln rate = "
        "a + b d + c d², weighted with the shares; test of Lind and Mehlum (2010).",
        f"Bubble chart of {len(drawn)} earners. {caption}",
        _charts.finish(chart, data),
        drawn if test is None else drawn.assign(fitted=fitted(test, drawn["distance"].to_numpy())),
        [Key("dot", name, colour) for name, colour in KINDS]
        + ([] if test is None else [Key("dash", "fitted", _charts.INK)]),
    )  # fmt: skip


def _earner(one: _Product, row: Any) -> str:
    return row.industry if row.country == one.country else f"{row.country} {row.industry}"


def _positions(one: _Product) -> Iterator[Figure]:
    calls = position_calls()
    rows = [r[r["country"] == one.country] for r in map(one.rows, calls)]
    frame = beside(rows, POSITIONS).dropna(subset=list(POSITIONS[:2]))
    frame["value_added"] = frame["value_added"].fillna(0.0)
    frame = frame.sort_values("value_added", ascending=False, kind="stable", ignore_index=True)
    if frame.empty:
        raise LabelError("positions", found="no industry with a position", expected="some",
                         remedy="Look at another country with `servio serve`.")  # fmt: skip
    frame["kind"] = [one.kinds.get(code, "other") for code in frame["industry"]]
    frame["title"] = [one.titles.get(code, code) for code in frame["industry"]]
    ends = {name: frame.sort_values(name, kind="stable") for name in POSITIONS[:2]}
    far, near = (ends["upstreamness"].iloc[at] for at in (-1, 0))
    deep = ends["downstreamness"].iloc[-1]
    own = frame[frame["industry"] == one.industry]
    caption = (
        f"Farthest from final use: {far.title} ({number(far.upstreamness, '')} stages), nearest: "
        f"{near.title} ({number(near.upstreamness, '')}); longest chain of inputs: {deep.title} "
        f"({number(deep.downstreamness, '')} stages)."
    )
    if len(own):
        row = own.iloc[0]
        caption += (f" {row.title}: {number(row.upstreamness, '')} to final use, "
                    f"{number(row.downstreamness, '')} from primary inputs.")  # fmt: skip
    unit = str(rows[2]["unit"].iloc[0]) if len(rows[2]) else ""
    yield Figure(
        f"Positions of industries: {one.where}",
        caption,
        one.note(calls[0], "stages") + f" Up: downstreamness. Areas: value added ({unit}; "
        "footprint, form=production), the smallest enlarged.",
        f"Bubble chart of {len(frame)} industries. {caption}",
        _map(frame),
        frame.assign(year=one.year),
        [Key("dot", name, colour) for name, colour in KINDS],
    )


def _map(frame: pd.DataFrame) -> dict[str, Any]:
    """Industries by both distances, area by value added, the largest with their codes."""
    size = _charts.WIDTH - 75, 380
    x, y = (_axis(frame[name]) for name in POSITIONS[:2])
    colours, data = dict(KINDS), _charts.Data()
    rows: list[dict[str, Any]] = [
        {"x": float(r.upstreamness), "y": float(r.downstreamness), "size": float(r.value_added),
         "colour": colours[str(r.kind)], "code": str(r.industry), "above": r.downstreamness - y[0]}
        for r in frame.itertuples()
    ]  # fmt: skip
    texts = named(rows[:NAMES], x, y[1] - y[0], size, "above")
    across = alt.X("x:Q", title="upstreamness: stages to final use (far from it on the right)",
                   scale=alt.Scale(domain=list(x), nice=False),
                   axis=alt.Axis(tickCount=6, grid=False))  # fmt: skip
    up = alt.Y("y:Q", title="downstreamness: stages from primary inputs",
               scale=alt.Scale(domain=list(y), nice=False), axis=alt.Axis(tickCount=6))  # fmt: skip
    area = alt.Size("size:Q", legend=None, scale=alt.Scale(range=[14, 1300], domainMin=0))
    points = alt.Chart(data(rows)).encode(x=across, y=up, color=alt.Color("colour:N", scale=None))
    names = alt.Chart(data(texts)).mark_text(fontSize=8.5, color=_charts.INK)
    chart = alt.layer(
        points.mark_point(filled=True, opacity=0.55, stroke="#ffffff").encode(size=area),
        names.encode(x=across, y=up, text="code:N"),
    )
    return _charts.finish(chart.properties(width=size[0], height=size[1]), data)


def _axis(values: pd.Series) -> tuple[float, float]:
    """Ends of an axis with some room."""
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low) or 0.5
    return low - room, high + room


# -- income ----------------------------------------------------------------------------------------


def _income(one: _Product) -> Iterator[Figure]:
    for call in income_calls(one.label, one.is_world):
        try:
            rows = one.rows(call)
        except LabelError as error:
            failed = error
            continue
        break
    else:
        raise failed
    unit = str(rows["unit"].iloc[0]) if len(rows) else ""
    services = [code for code, service in one.services.items() if service]
    if not one.is_world and one.country:
        rows = rows[rows["country"] == one.country]
    frame = incomes(call, rows, one.country, one.industry, services)
    whole = float(frame["value"].sum())
    if not whole > 0:
        raise LabelError(f"chain {one.label}", found="nobody who earns", expected="a product for "
                         "final use", remedy="Look at another industry.")  # fmt: skip
    frame["share"] = frame["value"] / whole
    served = number(float(frame.loc[frame["service"], "share"].sum()), "share")
    if one.is_world:
        yield _by_country(one, call, frame, unit, served)
        yield _by_stage(one, call, frame, unit)
    else:
        yield _by_group(one, call, frame, served)


def _by_country(
    one: _Product, call: Call, frame: pd.DataFrame, unit: str, served: str
) -> Figure:  # fmt: skip
    whole = float(frame["value"].sum())
    size = frame.groupby("country")["share"].sum().sort_values(ascending=False, kind="stable")
    kept, rest = list(size.index[:COUNTRIES]), len(size) - COUNTRIES
    others = f"{rest} other countries"
    name = {code: country(code) if code in kept else others for code in size.index}
    order = [*map(country, kept), *([others] if rest > 0 else [])]
    home = number(float(size.get(one.country, 0.0)), "share")
    abroad = [c for c in size.index if c != one.country][:3]
    caption = (
        f"Of the {money(whole, unit)} that final demand for the product pays, services get "
        f"{served}, and {home} stays at home. Most abroad: "
        + ", ".join(f"{country(c)} {number(float(size[c]), 'share')}" for c in abroad)
        + "."
    )
    return _bars(one, call, frame.assign(bar=frame["country"].map(name)), order,
                 f"Who earns, by country: {one.name}", caption, unit)  # fmt: skip


def _by_stage(one: _Product, call: Call, frame: pd.DataFrame, unit: str) -> Figure:
    size = frame.groupby("stage")["share"].sum()
    caption = "Earned by " + ", ".join(
        f"{words} {number(float(size.get(stage, 0.0)), 'share')}"
        for stage, words in STAGE_WORDS.items()
    )
    return _bars(one, call, frame.assign(bar=frame["stage"].map(STAGE_WORDS)),
                 list(STAGE_WORDS.values()), f"Who earns, by stage: {one.name}", f"{caption}.",
                 unit)  # fmt: skip


def _bars(
    one: _Product, call: Call, frame: pd.DataFrame, order: Sequence[str], title: str,
    caption: str, unit: str,
) -> Figure:  # fmt: skip
    groups = [group for group in GROUPS if group in set(frame["group"])]
    words = {group: _group_name(group) for group in groups}
    summed = frame.groupby(["bar", "group"])["share"].sum()
    rows = [
        {"name": bar, "part": words[group], "value": 100 * float(summed.get((bar, group), 0.0)),
         "place": place}
        for bar in order for place, group in enumerate(groups)
    ]  # fmt: skip
    return Figure(
        title, caption, one.note(call, unit),
        f"Stacked bars: {len(order)} by {len(groups)} kinds of industry. {caption}",
        _charts.bars(rows, order, list(words.values()), title="percent of the chain's income"),
        frame.drop(columns="bar").assign(unit=unit, product=one.label, year=one.year),
        [Key("cell", text, _charts.SHADES[i]) for i, text in enumerate(words.values())],
    )  # fmt: skip


def _group_name(group: str) -> str:
    return group if group in ("services", "other industries") else group_title(GROUPING, group)


def _recipient(group: str) -> str:
    name = "abroad (imports)" if group == "imports" else _group_name(group)
    return name[:1].upper() + name[1:]


def _by_group(one: _Product, call: Call, frame: pd.DataFrame, served: str) -> Figure:
    """Of a national table: groups at home, and what goes abroad."""
    frame = frame[frame["share"].abs() > 5e-5]
    kinds = ("services at home", "other industries at home", "abroad", "taxes and margins")
    rows: list[dict[str, Any]] = [
        {"name": _recipient(str(r.group)), "value": 100 * float(r.share), "place": 0,
         "part": kinds[2 + NO_INDUSTRY.index(r.group) if r.group in NO_INDUSTRY else
                       int(not r.service)]}
        for r in frame.itertuples()
    ]  # fmt: skip
    away = number(float(frame.loc[frame["group"] == "imports", "share"].sum()), "share")
    caption = (
        f"Services at home get {served} of the value of the final product; {away} goes abroad for "
        "imports. All stages at home are counted."
    )
    return Figure(
        f"Where the value of the product goes: {one.name}", caption, one.note(call, "share"),
        f"Bars of {len(rows)} recipients. {caption}",
        _charts.bars(rows, [row["name"] for row in rows], kinds,
                     title="percent of the value of the product"),
        frame.drop(columns="stage").assign(product=one.label, year=one.year),
        [Key("cell", text, _charts.SHADES[i]) for i, text in enumerate(kinds)],
    )  # fmt: skip


FIGURES: Mapping[str, Callable[[_Product], Iterator[Figure]]] = {
    "flow diagram": _flow, "smile curve": _smile, "map of positions": _positions,
    "income": _income,
}  # fmt: skip
"""What is shown of a product, by what is missing where there is none."""
