"""Services left to others: by whom, where, moved out of the house or more of them; make or buy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from servio.report import _charts
from servio.report._blocks import Block, Figure, Key, Section, Table, Text
from servio.report._detail import NO_FOCUS
from servio.report._notes import lines, small_print, wide_frame
from servio.report.view import Panel, Variant, View
from servio.report.words import (
    count_words,
    country,
    difference,
    group_title,
    industry_titles,
    number,
    rank_words,
)

__all__ = ["delegating", "make_or_buy"]

BUYERS = {"vertical": "manufacturing (vertical)", "horizontal": "services (horizontal)",
          "other": "other producers"}  # fmt: skip
PLACES = {"domestic": "onshore", "imported": "offshore", "total": ""}
SHADES = {
    ("vertical", "domestic"): _charts.ACCENT, ("vertical", "imported"): "#e08e5a",
    ("horizontal", "domestic"): _charts.PARTNER, ("horizontal", "imported"): "#79a8d3",
    ("other", "domestic"): "#444444", ("other", "imported"): "#a0a0a0",
    ("vertical", "total"): _charts.ACCENT, ("horizontal", "total"): _charts.PARTNER,
    ("other", "total"): "#444444",
}  # fmt: skip
MINUS = "\N{MINUS SIGN}"
MOVED, BOUGHT, MADE = "#222222", _charts.PARTNER, "#e0a458"
NEEDS_HOUSE = (
    "Whether services bought were moved out of the house or came on top can't be told from these "
    "results: it needs externalisation, of tables with services in the house (shares of functions "
    "or own accounts) in two years."
)


def delegating(view: View) -> Section:
    """Who delegates services, at home or abroad, and what of it is genuine deepening."""
    title = "Outsourcing and delegating"
    shares = _by_origin(view, "service_delegation", {})
    rates = _by_origin(view, "outsourcing", {"by": "manufacturing"})
    moved = [v for v in view.variants("externalisation", form="parts", grouping="services")
             if v.options["by"] in ("manufacturing", "industry")]  # fmt: skip
    if not (shares or rates or moved):
        return Section(title, absent="service_delegation, outsourcing with by=manufacturing "
                       "(each with origin total, domestic, imported), externalisation")  # fmt: skip
    if view.focus is None:
        return Section(title, absent=NO_FOCUS)
    blocks: list[Block] = [*_delegation(view, shares), *_rates(view, rates)]
    houses = list(_moved(view, sorted(moved, key=lambda v: v.is_by_industry)))
    blocks += houses or [*_bought_more(view), Text(NEEDS_HOUSE, "Moved, or more of it?")]
    intro = (
        "Vertical delegating: manufacturing buys services of others. Horizontal: services buy of "
        "each other. Onshore is bought at home, offshore abroad. Services between plants of one "
        "firm may count as purchases or not at all."
    )
    return Section(title, intro, blocks)


def _by_origin(view: View, name: str, options: Mapping[str, str]) -> dict[str, Variant]:
    """Variants at home and abroad where both are there, else the total."""
    first = view.pick(name, {"grouping": "services", "origin": "total"}, **options)
    if first is None:
        return {}
    same = {k: v for k, v in first.options.items() if k != "origin"}
    found = {o: view.pick(name, None, origin=o, **same) for o in PLACES}
    there: dict[str, Variant] = {o: v for o, v in found.items() if v is not None}
    parted = {o: v for o, v in there.items() if o != "total"}
    return parted if len(parted) > 1 else {o: v for o, v in there.items() if o == "total"}


def _whichever(variants: Mapping[str, Variant]) -> Variant:
    """Variants that differ by origin, in one for the small print."""
    one = next(iter(variants.values()))
    if len(variants) < 2:
        return one
    return replace(one, options={k: v for k, v in one.options.items() if k != "origin"})


def _group_panels(view: View, variant: Variant) -> dict[str, Panel]:
    """Panels by part, or by industry where there is none; of the first service group."""
    first = view.labels(variant, "group")[0]
    return {k["part"] or k["industry"]: p for k, p in view.panels(variant) if k["group"] == first}


# -- who delegates ---------------------------------------------------------------------------------


def _delegation(view: View, shares: Mapping[str, Variant]) -> Iterator[Figure]:
    panels = {(part, origin): panel for origin, variant in shares.items()
              for part, panel in _group_panels(view, variant).items()}  # fmt: skip
    if not panels:
        return
    ordered = [(part, origin) for part in BUYERS for origin in shares]
    names = {key: f"{BUYERS[key[0]]}{_place(key[1])}" for key in ordered}
    own = {names[key]: panels[key].frame.loc[view.focus] for key in ordered
           if view.focus in panels[key].codes}  # fmt: skip
    frame = pd.DataFrame(own).dropna(how="all")
    if frame.empty:
        return
    rows = [
        {"year": str(year or ""), "part": name, "value": row[name], "place": place,
         "shown": f"{row[name]:.0%}"}
        for year, row in frame.dropna().iterrows()
        for place, name in enumerate(names.values())
    ]  # fmt: skip
    variant = _whichever(shares)
    last = int(frame.index[-1])
    total = {part: float(sum(frame.loc[last, names[key]] for key in ordered if key[0] == part))
             for part in BUYERS}  # fmt: skip
    caption = (
        f"{view.focus_name} in {last}: manufacturing buys {number(total['vertical'], 'share')} of "
        f"the services producers buy, services {number(total['horizontal'], 'share')}"
    )
    if "imported" in shares:
        abroad = float(sum(frame.loc[last, names[k]] for k in ordered if k[1] == "imported"))
        mine = float(frame.loc[last, names["vertical", "imported"]])
        caption += (f"; {number(abroad, 'share')} are bought abroad, of the services for "
                    f"manufacturing {_over(mine, total['vertical'])}")  # fmt: skip
    yield Figure(
        f"Who buys services of others: {view.focus_name}", f"{caption}.",
        small_print(view, variant, "share", [int(y) for y in frame.index])
        + f" Formula: {variant.spec.formula}. All parts of a year add up to 1.",
        f"Stacked columns, one a year, of {len(names)} parts. {caption}.",
        _charts.columns(rows, list(names.values()), [SHADES[key] for key in ordered],
                        title="share of services bought"),
        frame.rename_axis("year").reset_index().assign(country=view.focus),
        [Key("cell", names[key], SHADES[key]) for key in ordered],
    )  # fmt: skip


def _place(origin: str) -> str:
    return f", {PLACES[origin]}" if PLACES[origin] else ""


def _over(top: float, bottom: float) -> str:
    return number(top / bottom, "share") if bottom else "none"


def _rates(view: View, rates: Mapping[str, Variant]) -> Iterator[Figure]:
    """Services among the inputs of manufacturing, at home and abroad, of every country."""
    panels = {origin: next(iter(_group_panels(view, v).values())) for origin, v in rates.items()}
    if not panels:
        return
    variant, one = _whichever(rates), next(iter(panels.values()))
    told = []
    drawn = []
    for origin, panel in panels.items():
        what = PLACES[origin] or "at home and abroad"
        others = [code for code in panel.codes if code != view.focus]
        drawn.append({
            "title": f"{what} outsourcing" if PLACES[origin] else "outsourcing", "unit": "share",
            "others": lines(panel.frame, others),
            "median": [{"year": int(y), "value": float(v)} for y, v in panel.medians().items()],
            "focus": lines(panel.frame, [view.focus] if view.focus in panel.codes else []),
        })  # fmt: skip
        year = panel.latest
        rank = panel.rank(view.focus, year)
        if rank is not None:
            told.append(
                f"{what} {number(panel.value(view.focus, year), 'share')} in {year} "
                f"({difference(panel.change(view.focus, view.base), 'share')} since {view.base}; "
                f"{rank_words(rank, panel.count(year))})"
            )
    caption = f"Services in the inputs of manufacturing of {view.focus_name}: {'; '.join(told)}."
    yield Figure(
        "Outsourcing of services by manufacturing, at home and abroad"
        if len(panels) > 1 else "Outsourcing of services by manufacturing",
        caption,
        small_print(view, variant, "share", one.years)
        + f" Formula: {variant.spec.formula}; imports count in the denominator of all.",
        f"Lines of {len(one.codes)} countries over years. {caption}",
        _charts.group_panels(drawn, columns=2),
        wide_frame({PLACES[o] or "all": p for o, p in panels.items()}, "outsourcing"),
        [Key("line", view.focus_name, _charts.ACCENT), Key("dash", "median", _charts.MEDIAN)],
    )  # fmt: skip


# -- moved or more ---------------------------------------------------------------------------------


def _bought_more(view: View) -> Iterator[Text]:
    """What is known of purchases alone: more or fewer services bought per output."""
    variant = view.pick("service_input_change", {"origin": "total"}, of="coefficient",
                        grouping="services", by="manufacturing")  # fmt: skip
    if variant is None:
        return
    panels = {label["part"]: panel for label, panel in view.panels(variant)}
    year = panels["change"].latest
    values = {part: panel.value(view.focus, year) for part, panel in panels.items()}
    if math.isnan(values["change"]):
        return
    yield Text(
        f"Services bought per unit of output of manufacturing, {view.base} to {year}: "
        f"{difference(values['change'], 'ratio')} ({difference(values['within'], 'ratio')} within "
        f"industries, {difference(values['between'], 'ratio')} by the mix of industries). Unit: "
        f"money per unit of money; current prices (service_input_change).",
        f"Bought, {view.focus_name}:",
    )


def _moved(view: View, variants: Sequence[Variant]) -> Iterator[Figure]:
    """Services bought and made per output since the base year, and what only moved."""
    found = [pair for variant in variants if (pair := _house(view, variant)) is not None]
    if not found:
        return
    years = [year for year, _ in found]
    year = max(years)
    frame = pd.concat([one for own, one in found if own == year])
    variant, top = variants[years.index(year)], frame.iloc[0]
    words = f"{'more' if top['change'] > 0 else 'fewer'} services per output"
    caption = (
        f"{view.focus_name}, {view.base} to {year}; {frame.index[0]}: {words} "
        f"({difference(float(top['change']), 'ratio')}: bought "
        f"{difference(float(top['purchased']), 'ratio')}, in the house "
        f"{difference(float(top['in_house']), 'ratio')}); {_moved_words(top)}."
    )
    if len(frame) > 1:
        caption += f" Services deepened in {int((frame['change'] > 0).sum())} of {len(frame)} rows."
    yield Figure(
        f"Moved out of the house, or more of it: {view.focus_name}, {view.base} to {year}", caption,
        small_print(view, variant, view.slab(variant).unit, [view.base, year])
        + " Formula: change dT = dP + dH per unit of output (bought, in the house); only moved: "
        "sign(dP) min(|dP|, |dH|) where one rose and the other fell, positive if out of the house. "
        "Genuine deepening is the change. It is arithmetic: that the same task moved is not seen.",
        f"Bars of {len(frame)} rows. {caption}", _house_chart(frame),
        frame.rename_axis("row").reset_index().assign(country=view.focus, year=year,
                                                      base_year=view.base),
        [Key("cell", "bought", BOUGHT), Key("cell", "in the house", MADE),
         Key("dot", "change: deepening if above 0", MOVED)],
    )  # fmt: skip


def _house(view: View, variant: Variant) -> tuple[int, pd.DataFrame] | None:
    """Last year with a value of the focus country, and its rows by parts, largest change first."""
    panels = {(k["industry"], k["part"]): p for k, p in view.panels(variant)}
    values = {key: panel.frame.loc[view.focus].dropna() for key, panel in panels.items()
              if view.focus in panel.codes}  # fmt: skip
    years = [int(own.index[-1]) for own in values.values() if len(own)]
    if not years:
        return None
    parts = list(dict.fromkeys(part for _, part in panels))
    rows = list(dict.fromkeys(industry for industry, _ in panels))
    named = industry_titles(rows) if variant.is_by_industry else [
        group_title(variant.options["by"], row) for row in rows
    ]  # fmt: skip
    frame = pd.DataFrame(
        [[panels[row, part].value(view.focus, max(years)) for part in parts] for row in rows],
        index=named, columns=parts,
    ).dropna()  # fmt: skip
    return max(years), frame.sort_values("change", ascending=False, kind="stable")


def _moved_words(row: pd.Series) -> str:
    moved = float(row["reclassified"])
    if not moved:
        return "nothing only moved"
    way = "out of the house" if moved > 0 else "into the house"
    return f"{difference(abs(moved), 'ratio').lstrip('+')} only moved {way}"


def _house_chart(frame: pd.DataFrame) -> dict[str, Any]:
    """Bars for services bought and made from zero outwards, a dot for their sum."""
    data = _charts.Data()
    rows = [{"name": str(name), "part": part, "value": float(row[part]),
             "total": float(row["change"])}
            for name, row in frame.iterrows() for part in ("purchased", "in_house")]  # fmt: skip
    y = alt.Y("name:N", sort=[str(name) for name in frame.index],
              axis=alt.Axis(title=None, ticks=False, domain=False, labelPadding=6))  # fmt: skip
    title = "change per unit of output"
    colours = alt.Scale(domain=["purchased", "in_house"], range=[BOUGHT, MADE])
    base = alt.Chart(data(rows))
    zero = alt.Chart(data([{"value": 0.0}])).mark_rule(color="#666666").encode(x="value:Q")
    bars = base.mark_bar(size=11).encode(
        y=y, x=alt.X("value:Q", title=title, stack="zero", axis=alt.Axis(format="+~g")),
        color=alt.Color("part:N", scale=colours, legend=None),
    )  # fmt: skip
    dots = base.transform_filter("datum.part == 'purchased'").mark_point(
        filled=True, size=42, color=MOVED, opacity=1
    ).encode(y=y, x=alt.X("total:Q", title=title))  # fmt: skip
    size = {"width": _charts.WIDTH - 255, "height": max(60, 20 * len(frame))}
    return _charts.finish(alt.layer(bars, zero, dots).properties(**size), data)


# -- make or buy -----------------------------------------------------------------------------------

SAVED = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Ends of the classes of colour: part of the cost of making that is saved or lost by buying."""
STEPS = ("#7f3b08", "#b35806", "#e08214", "#fdb863", "#fee0b6", "#f7efe2",
          "#e6f0f5", "#c6dbef", "#9ecae1", "#6baed6", "#3182bd", "#08519c")  # fmt: skip
OF_TRANSACTION = ("specificity", "uncertainty", "information", "enforcement", "quality_risk",
                  "friction", "hold_up", "information_gain", "enforcement_gain",
                  "quality_loss")  # fmt: skip
MODEL = "t = t0 + t1 k u − t2 I − t3 R + t4 r; bought if G + (p + t) q < F + c q"
REGIMES = {
    "below": "bought below the break-even scale", "above": "bought above the break-even scale",
    "always": "bought at every scale", "never": "made at every scale",
}  # fmt: skip
SYMBOLS = {
    "price": "p", "own_cost": "c", "fixed_cost": "F", "contract_cost": "G", "scale": "q",
    "specificity": "k", "uncertainty": "u", "information": "I", "enforcement": "R",
    "quality_risk": "r", "friction": "t0", "hold_up": "t1", "information_gain": "t2",
    "enforcement_gain": "t3", "quality_loss": "t4",
}  # fmt: skip


def make_or_buy(view: View) -> Section:
    """When it pays to buy a service: where it breaks even, and what each parameter rests on."""
    title = "Make or buy"
    store = view.results.store
    found, surface = store.make_or_buy(), store.break_even()
    if store.study.make_or_buy is None or found is None or surface is None:
        return Section(title, absent="[make_or_buy]")
    found = found[found["source"].isin(("", view.source))]
    if found.empty:
        return Section(title, absent="[make_or_buy] with results of this source")
    there = list(dict.fromkeys(found["country"]))
    shown = str(view.focus if view.focus in there else there[0])
    own = found[found["country"] == shown].set_index("name")
    intro = (
        "A firm buys a service where that is cheaper than making it. The transaction cost of a "
        "unit rises with the specificity of the service where the future is uncertain, and with "
        "the risk of bad quality; information and contracts that are enforced lower it. A model: "
        "it says what follows from its parameters."
    )
    blocks: list[Block] = [
        _break_even(view, own, surface[surface["country"] == shown], shown), _parameters(view, own),
    ]  # fmt: skip
    if len(there) > 1:
        blocks.append(_countries(view, found))
    return Section(title, intro, blocks)


def _where(code: str) -> str:
    return country(code) if code else "no country, all assumed or given"


def _source(view: View, own: pd.DataFrame) -> str:
    counts = own["origin"].value_counts()
    parts = [
        f"{counts[o]} {o}" for o in ("calibrated", "given", "defined", "assumed") if o in counts
    ]
    return (
        f"Parameters: {', '.join(parts)} (table below). Source: servio.simulate.MakeOrBuy"
        f"{f'; {view.title}' if 'calibrated' in counts else ''}; own calculation."
    )


def _break_even(view: View, own: pd.DataFrame, surface: pd.DataFrame, code: str) -> Figure:
    regime = str(own["regime"].iloc[0])
    threshold, scale = own.loc["threshold"], own.loc["scale"]
    level = own.loc["specificity", "value"]
    caption = f"{_where(code)}: at a specificity of {level:g} {REGIMES[regime]}"
    if not math.isnan(threshold["value"]):
        caption += f" of {_amount(threshold['value'])}; its own is {_amount(scale['value'])}"
    saving = own.loc["saving"]
    verb = "saves" if saving["value"] > 0 else "costs"
    caption += (
        f". At its own scale buying {verb} {_amount(abs(saving['value']))} {saving['unit']}: "
        f"{_made_of(own)}."
    )
    return Figure(
        f"Make or buy: where buying breaks even, {_where(code)}", caption,
        f"Colour: saving from buying as a part of the cost of making (F + c q), in classes around "
        f"the break-even; the last ones are open, all beyond {SAVED[-1]:.0%} has one colour. Line: "
        f"it is 0; ring: the firm. Scale in {scale['unit']}, a logarithmic axis. Model: {MODEL}. "
        + _source(view, own),
        f"Map of saving over scale and specificity. {caption}",
        _surface_chart(surface, own), surface.drop(columns="source"),
        [Key("cell", "cheaper to buy", STEPS[-2]), Key("cell", "cheaper to make", STEPS[1]),
         Key("line", "break-even", _charts.INK), Key("ring", "the firm", _charts.INK)],
    )  # fmt: skip


def _amount(value: float) -> str:
    text = f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return text.replace("-", MINUS)


def _made_of(own: pd.DataFrame) -> str:
    """The saving by its two parts, fixed costs and costs of a unit, and which are assumed."""
    value = own["value"]
    fixed = value["fixed_cost"] - value["contract_cost"]
    rest = value["saving"] - fixed
    return (
        f"{_amount(fixed)} of it is {_resting(own, ('fixed_cost', 'contract_cost'))}difference of "
        f"fixed costs (F − G), {_amount(rest)} comes from costs by unit, (c − p − t) q, with "
        f"{_resting(own, OF_TRANSACTION)}transaction cost (t)"
    )


def _resting(own: pd.DataFrame, names: Sequence[str]) -> str:
    """Article of a sum of parameters: assumed where one of them is."""
    return "an assumed " if own.loc[[*names], "origin"].eq("assumed").any() else "a given "


def _surface_chart(surface: pd.DataFrame, own: pd.DataFrame) -> dict[str, Any]:
    """Saving over the cost of making in colour, the line where it is 0, and the firm."""
    data = _charts.Data()
    made = own.loc["fixed_cost", "value"] + own.loc["own_cost", "value"] * surface["scale"]
    gain, cost = surface["saving"].to_numpy(), made.to_numpy()
    saved = np.divide(gain, cost, out=np.sign(gain), where=cost > 0)
    scales, levels = sorted(surface["scale"].unique()), sorted(surface["specificity"].unique())
    ratio = (scales[1] / scales[0]) ** 0.5
    step = (levels[1] - levels[0]) / 2
    cells = [
        {"q0": q / ratio, "q1": q * ratio, "k0": max(k - step, 0.0), "k1": min(k + step, 1.0),
         "saved": float(s)}
        for q, k, s in zip(surface["scale"], surface["specificity"], saved, strict=True)
    ]  # fmt: skip
    line = _even(surface)
    firm = [{"q": own.loc["scale", "value"], "k": own.loc["specificity", "value"]}]
    log = alt.Scale(type="log", nice=False, domain=[scales[0] / ratio, scales[-1] * ratio])
    across = alt.Axis(format="~s", tickCount=5, grid=False)
    up = alt.Axis(tickCount=5, grid=False)
    ends = [*(-end for end in reversed(SAVED)), 0.0, *SAVED]
    shades = alt.Scale(type="threshold", domain=ends, range=[*STEPS])
    colour = alt.Color(
        "saved:Q", scale=shades,
        legend=alt.Legend(title=["saving, part of", "cost of making"], format="+.0%",
                          gradientLength=260, titleFontSize=10, titleFontWeight="normal"),
    )  # fmt: skip
    x_title, y_title = f"scale ({own.loc['scale', 'unit']})", "specificity"
    rects = alt.Chart(data(cells)).mark_rect().encode(
        x=alt.X("q0:Q", title=x_title, scale=log, axis=across), x2="q1:Q",
        y=alt.Y("k0:Q", title=y_title, scale=alt.Scale(domain=[0, 1]), axis=up), y2="k1:Q",
        color=colour, stroke=alt.Stroke("saved:Q", scale=shades, legend=None),
    )  # fmt: skip
    x, y = alt.X("q:Q", title=x_title, scale=log), alt.Y("k:Q", title=y_title)
    even = alt.Chart(data(line)).mark_line(color=_charts.INK, strokeWidth=2).encode(x=x, y=y)
    spot = alt.Chart(data(firm)).mark_point(
        size=90, color=_charts.INK, fill="#ffffff", strokeWidth=2, opacity=1
    ).encode(x=x, y=y)  # fmt: skip
    chart = alt.layer(rects, even, spot).properties(width=430, height=300)
    return _charts.finish(chart, data)


def _even(surface: pd.DataFrame) -> list[dict[str, float]]:
    """Points of the break-even line: by scale, and by specificity, as saving is linear in both."""
    by_scale = surface.drop_duplicates("scale").dropna(subset=["border"])
    points = set(zip(by_scale["scale"], by_scale["border"], strict=True))
    for level, row in surface.groupby("specificity"):
        first, last = row.iloc[0], row.iloc[-1]
        slope = (last["saving"] - first["saving"]) / (last["scale"] - first["scale"])
        even = first["scale"] - first["saving"] / slope if slope else math.nan
        if first["scale"] <= even <= last["scale"]:
            points.add((even, level))
    return [{"q": float(q), "k": float(k)} for q, k in sorted(points)]


def _parameters(view: View, own: pd.DataFrame) -> Table:
    """Every parameter with its range, what it rests on, and what one more of it does."""
    rows = [
        [f"{name.replace('_', ' ')} ({SYMBOLS[name]})", _amount(row["value"]), str(row["unit"]),
         _range(row), _basis(row), _signed(row["on_threshold"]), _signed(row["on_saving"])]
        for name, row in own.iterrows() if row["origin"] != "result"
    ]  # fmt: skip
    results = "; ".join(
        f"{name.replace('_', ' ')} {_amount(row['value'])} {row['unit']}"
        for name, row in own.iterrows()
        if row["origin"] == "result" and not math.isnan(row["value"])
    )
    return Table(
        f"Parameters of make or buy, and what each does: {_where(str(own['country'].iloc[0]))}",
        "Last columns: change of the break-even scale (units a year) and of the saving (money a "
        "year) for one more of the parameter's unit; a dash where there is no break-even scale. "
        f"Assumed numbers illustrate, they are no estimates. Results: {results}; of the saving "
        f"{_made_of(own).replace(' of it is', ' is')}. "
        + _source(view, own),
        ["Parameter", "Value", "Unit", "Range", "Rests on", "On break-even scale", "On saving"],
        rows, [False, True, False, True, False, True, True],
        _bounded(own.reset_index().drop(columns="source")),
    )  # fmt: skip


def _bounded(frame: pd.DataFrame) -> pd.DataFrame:
    """No number without an end: an open range ends in a word."""
    high = [value if math.isfinite(value) else "no limit" for value in frame["high"].fillna(0.0)]
    return frame.assign(high=pd.Series(high, dtype=object).where(frame["high"].notna()))


def _basis(row: pd.Series) -> str:
    if row["origin"] == "calibrated":
        return f"calibrated from {row['basis']}"
    return "assumed" if row["basis"] == "assumed" else str(row["basis"])


def _range(row: pd.Series) -> str:
    high = "∞" if math.isinf(row["high"]) else f"{row['high']:g}"
    return f"{row['low']:g} to {high}"


def _signed(value: float) -> str:
    if math.isnan(value):
        return "–"
    text = f"{value:+,.3g}" if abs(value) < 1000 else f"{value:+,.0f}"
    return text.replace("-", MINUS) if value else "0"


def _countries(view: View, found: pd.DataFrame) -> Table:
    """Countries by what decides: own cost over price, break-even over own scale."""
    rows, records = [], []
    for code, part in found.groupby("country", sort=False):
        own = part.set_index("name")["value"]
        relative = own["threshold"] / own["scale"]
        cost = own["own_cost"] / own["price"]
        regime = str(part["regime"].iloc[0])
        buys = "buy" if own["saving"] > 0 else "make"
        shown = "–" if math.isnan(relative) else f"{relative:.2f}"
        rows.append([country(str(code)), f"{cost:.3f}", REGIMES[regime], shown, buys])
        records.append((code, cost, regime, relative, own["saving"]))
    order = sorted(range(len(rows)), key=lambda i: -records[i][1])
    return Table(
        f"Make or buy in {count_words(len(rows), 'country', 'countries')}",
        "Own cost: of a unit made over a unit bought. Break-even scale over the buyers' own "
        f"purchases. All else as in the table above, assumed costs too, which decide with it what "
        f"is cheaper. Source: {view.title}; own calculation.",
        ["Country", "Own cost", "Regime", "Break-even over own scale", "At own scale"],
        [rows[i] for i in order], [False, True, False, True, False],
        pd.DataFrame([records[i] for i in order],
                     columns=["country", "own_cost", "regime", "threshold_over_scale", "saving"]),
    )  # fmt: skip
