"""Modes over time and the symbiosis of sectors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from servio import simulate
from servio.errors import InputError
from servio.explain import transitions
from servio.explain.mode_detection import MODES
from servio.report import _charts
from servio.report._blocks import Block, Figure, Key, Section, Table, Text
from servio.report._notes import small_print
from servio.report._projection import projections
from servio.report.view import View
from servio.report.words import count_words, country, group_title, industry_titles, number, span

__all__ = ["manufacturing_modes", "symbioses"]

SHADES = dict(zip((*MODES, "undetermined"),
                  (_charts.PARTNER, _charts.ACCENT, "#8a8a8a", "#444444", "#c9a227"),
                  strict=True))  # fmt: skip
SURE, MOST = 0.8, 12
NOT_IDENTIFIED = "not identified"
FAR = 3.0
"""Times the largest observation beyond which an equilibrium is named but not drawn."""


def _own(frame: pd.DataFrame | None, view: View) -> pd.DataFrame | None:
    own = frame[frame["source"] == view.source] if frame is not None else None
    return own if own is not None and len(own) else None


# -- modes -----------------------------------------------------------------------------------------


def manufacturing_modes(view: View) -> Section:
    """In which mode industries and services come together, and when it changes."""
    title = "Modes of manufacturing and services"
    store = view.results.store
    found = _own(store.modes(), view)
    entry = store.study.modes
    if found is None or entry is None:
        return Section(title, absent="[modes]")
    whole = found[found["period"] == "whole"]
    windows = found[found["period"] == "window"]
    intro = (
        "Alternative: services are bought instead of made. Merging: the industry also sells the "
        "service and the service uses more of its product. Receding: less is bought. Coexisting: "
        "none of these is seen. A unit is an industry with a service group in a country."
    )
    note = (
        f"Grouping: {entry.grouping}. Slopes count if their {entry.level:.0%} interval leaves out "
        f"zero and they are {entry.material:.1%} of the mean a year at least. Confidence: share of "
        "resampled years and other definitions with the same mode. "
        f"Source: {view.title}; own calculation."
    )
    blocks: list[Block] = []
    if len(windows):
        blocks.append(_over_time(windows, "all countries", note))
        if view.focus and len(view.codes) > 1:
            own = windows[windows["country"] == view.focus]
            blocks += [_over_time(own, view.focus_name, note)] if len(own) else []
        blocks += _transitions(windows, note)
    if whole["country"].nunique() > 1:
        blocks.append(_countries(whole, note))
    own = whole[whole["country"] == view.focus]
    if len(own):
        blocks.append(_units(own, view, entry.grouping, note))
    return Section(title, intro, blocks)


def _shares(found: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Share of units in each mode and mean confidence, by columns."""
    grouped = found.groupby([*by], sort=True)
    counts = found.groupby([*by, "mode"]).size().unstack("mode", fill_value=0)
    counts = counts.reindex(columns=[*SHADES], fill_value=0)
    shares = counts.div(counts.sum(axis=1), axis=0)
    return shares.assign(units=grouped.size(), confidence=grouped["confidence"].mean())


def _over_time(windows: pd.DataFrame, where: str, note: str) -> Figure:
    shares = _shares(windows, ["window_first", "window_last"]).reset_index()
    shown = [mode for mode in SHADES if (shares[mode] > 0).any()]
    rows = [
        {"year": span([int(row["window_first"]), int(row["window_last"])]), "part": mode,
         "value": row[mode], "place": place, "shown": f"{row[mode]:.0%}"}
        for row in shares.to_dict(orient="records")
        for place, mode in enumerate(shown)
    ]  # fmt: skip
    first, last = shares.iloc[0], shares.iloc[-1]
    least = [mode for mode in shown if mode not in ("coexisting", "undetermined")]
    change = "; ".join(f"{mode} {first[mode]:.1%} to {last[mode]:.1%}" for mode in least)
    caption = (
        f"From the first window to the last: {change or 'coexisting in all'}. Mean confidence "
        f"{number(float(windows['confidence'].mean()), 'ratio')}. Windows share years and are "
        "not independent; short ones show strong change only."
    )
    return Figure(
        f"Modes in rolling windows of years: {where}", caption, note,
        f"Stacked columns, one a window, of the share of units by mode. {caption}",
        _charts.columns(rows, shown, [SHADES[m] for m in shown], title="share of units"),
        shares, [Key("cell", mode, SHADES[mode]) for mode in shown],
    )  # fmt: skip


def _transitions(windows: pd.DataFrame, note: str) -> Iterator[Table]:
    try:
        counts = transitions(windows, counts=True)
    except InputError:
        return
    rows = [[mode, *(f"{n:,}" for n in counts.loc[mode])] for mode in counts.index]
    yield Table(
        "From which mode to which: units in windows without a common year",
        f"Rows: before; columns: after. {note}",
        ["From", *counts.columns], rows, [False] + [True] * len(MODES), counts.reset_index(),
    )  # fmt: skip


def _countries(whole: pd.DataFrame, note: str) -> Figure:
    """Countries by modes, the one with most change first."""
    shares = _shares(whole, ["country"]).sort_values("coexisting", kind="stable")
    shown = [mode for mode in SHADES if (shares[mode] > 0).any()]
    rows = [
        {"industry": country(str(code)), "group": mode, "value": float(row[mode]),
         "shown": f"{row[mode]:.0%}"}
        for code, row in shares.iterrows()
        for mode in shown
    ]  # fmt: skip
    sure = float((whole["confidence"] >= SURE).mean())
    years = span([int(whole["first"].min()), int(whole["last"].max())])
    caption = (
        f"Share of units by mode over {years}. {sure:.0%} of the {len(whole):,} units have a mode "
        f"with a confidence of {SURE} or more; the mean is "
        f"{number(float(whole['confidence'].mean()), 'ratio')}."
    )
    names = [country(str(code)) for code in shares.index]
    return Figure(
        f"Modes by country, {years}", caption, note,
        f"Heat map of {len(names)} countries by mode. {caption}",
        _charts.heat(rows, names, shown, change=False), shares.reset_index(),
    )  # fmt: skip


def _units(own: pd.DataFrame, view: View, grouping: str, note: str) -> Table:
    """The surest units that are in one of the three modes of change."""
    moving = own[~own["mode"].isin(["coexisting", "undetermined"])]
    moving = moving.sort_values("confidence", ascending=False, kind="stable").head(MOST)
    names = industry_titles([str(code) for code in moving["industry"]])
    rows = [
        [name, group_title(grouping, str(r.group)), str(r.mode),
         number(float(r.confidence), "ratio"), str(r.missing).replace(",", ", ").replace("_", " ")]
        for name, r in zip(names, moving.itertuples(), strict=True)
    ]  # fmt: skip
    return Table(
        f"Surest modes of {view.focus_name}", f"All units are in the data. {note}",
        ["Industry", "Service", "Mode", "Confidence", "Evidence that is missing"], rows,
        [False, False, False, True, False], own,
    )  # fmt: skip


# -- symbiosis -------------------------------------------------------------------------------------


def symbioses(view: View) -> Section:
    """What two sectors' growth does to each other, how surely, and where that ends."""
    title = "Symbiosis of sectors"
    store = view.results.store
    entry = store.study.symbiosis
    if entry is None:
        return Section(title, absent="[symbiosis]")
    found = _own(store.symbiosis(), view)
    problems = store.problems()
    lost = problems[(problems["measure"] == "symbiosis") & (problems["source"] == view.source)]
    if found is None:
        return Section(title, absent="a country whose series the equations can follow")
    open_kind, lacking = (found["kind"] == kind for kind in ("undetermined", NOT_IDENTIFIED))
    intro = (
        f"Two species, {entry.species[0]} and {entry.species[1]}: "
        f"{count_words(len(found), 'country', 'countries')} could be estimated. In "
        f"{int(lacking.sum())} of them the kind is not identified: the series fit many sets of "
        f"parameters equally well, or give no capacity. In {int(open_kind.sum())} more the "
        f"{entry.level:.0%} intervals leave open whether either gains or loses by the other. "
        "Series are in the money of the table: exchange rates and prices move them too."
    )
    blocks: list[Block] = []
    own = found[found["country"] == view.focus]
    if len(own):
        blocks += _portrait(view, own.iloc[0])
    elif (lost["country"] == view.focus).any():
        why = str(lost.loc[lost["country"] == view.focus, "text"].iloc[0])
        blocks.append(Text(why, f"{view.focus_name}:"))
    blocks += projections(view, found)
    blocks.append(_kinds(view, found, lost))
    return Section(title, intro, blocks)


def _portrait(view: View, row: pd.Series) -> Iterator[Figure]:
    entry = view.results.store.study.symbiosis
    assert entry is not None
    account = view.pick("account", of=entry.of, by=entry.by)
    if account is None or view.focus is None:
        return
    species = (str(row["first"]), str(row["second"]))
    places = ("first", "second")
    model = simulate.LotkaVolterra(
        species, np.array([row[f"r_{p}"] for p in places]),
        np.array([[row[f"a_{p}_{q}"] for q in places] for p in places]),
        unit=str(row["unit"]), source="estimated",
    )  # fmt: skip
    seen = pd.DataFrame(
        {k["industry"]: p.frame.loc[view.focus] for k, p in view.panels(account)
         if k["industry"] in species and view.focus in p.codes}
    )[[*species]].dropna()  # fmt: skip
    times = seen.index.to_numpy(dtype=np.float64)
    fitted = model.trajectory([row["x0_first"], row["x0_second"]], times)
    point = np.array([row["equilibrium_first"], row["equilibrium_second"]])
    reach = np.maximum(seen.to_numpy().max(axis=0), fitted.states.max(axis=0))
    drawn = bool((point > 0).all() and (point < FAR * reach).all())
    top = 1.15 * (np.maximum(reach, point) if drawn else reach)
    limits = np.column_stack([np.zeros(2), top])
    spec = simulate.phase_portrait(model, limits=limits, paths=[fitted]).to_vega()
    spec["layer"] += _observed(seen, spec["layer"][0]["encoding"])
    spec["config"] = {"font": _charts.FONT, "background": "#ffffff", "view": {"stroke": None},
                      "axis": {"gridColor": "#ececec", "format": "~s"},
                      "legend": {"orient": "bottom"}}  # fmt: skip
    yield Figure(
        f"Phase portrait: {species[0]} and {species[1]} of {view.focus_name}",
        _portrait_caption(view, row, drawn),
        small_print(view, account, str(row["unit"]), seen.index.tolist())
        + f" Model: Lotka-Volterra, least squares on the solution; intervals: {row['intervals']}. "
        "Arrows: direction of change; dashes: one of the two stays; line: fitted path.",
        f"Plane of the two sectors with the observed years. {_portrait_caption(view, row, drawn)}",
        spec,
        pd.DataFrame(fitted.states, columns=[f"{n}_fitted" for n in species], index=seen.index)
        .join(seen).rename_axis("year").reset_index(),
        [Key("ring", "observed", _charts.ACCENT), Key("line", "fitted", _charts.INK)],
    )  # fmt: skip


def _observed(seen: pd.DataFrame, axes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Observed years as rings, the first and the last with their year."""
    points = [
        {"x": float(a), "y": float(b), "year": str(year)}
        for year, (a, b) in zip(seen.index, seen.to_numpy(), strict=True)
    ]
    at = {key: axes[key] for key in ("x", "y")}
    mark = {"type": "point", "color": _charts.ACCENT, "size": 42, "strokeWidth": 1.6}
    text = {"type": "text", "dx": 9, "align": "left", "fontWeight": "bold",
            "color": _charts.ACCENT, "fontSize": 10}  # fmt: skip
    return [
        {"data": {"values": points}, "mark": mark, "encoding": at},
        {"data": {"values": [points[0], points[-1]]}, "mark": text,
         "encoding": at | {"text": {"field": "year"}}},
    ]  # fmt: skip


def _portrait_caption(view: View, row: pd.Series, drawn: bool) -> str:
    name = view.focus_name
    known = row["kind"] != NOT_IDENTIFIED
    if not known:
        what = f"{name}: the kind of symbiosis is not identified ({row['reason']})"
    elif row["kind"] == "undetermined":
        what = (f"{name}: the kind of symbiosis is undetermined; the likeliest by signs is "
                f"{row['likeliest']} ({row['probability']:.0%} of draws)")  # fmt: skip
    else:
        what = f"{name}: {row['kind']} ({row['probability']:.0%} of draws: {row['likeliest']})"
    end = f"equilibrium{'' if known else ' of the one fit drawn'}: {row['equilibrium']}"
    if known and not math.isnan(row["feasible"]):
        end += (f", feasible in {row['feasible']:.0%} and stable in {row['stable']:.0%} of draws, "
                f"{_interval(row)}")  # fmt: skip
    if not drawn:
        end += "; it lies outside the chart"
    doubt = f" Doubtful: {row['notes']}." if row["notes"] else ""
    test = f" No effect of either on the other: p {_level(row['interaction_p'])}." if known else ""
    return f"{what}; {end}.{test}{doubt}"


def _interval(row: pd.Series) -> str:
    ends = [(row[f"equilibrium_{p}_lower"], row[f"equilibrium_{p}_upper"])
            for p in ("first", "second")]  # fmt: skip
    if any(math.isnan(v) for pair in ends for v in pair):
        return "no interval"
    return "interval " + " and ".join(f"{a:,.0f} to {b:,.0f}" for a, b in ends)


def _kinds(view: View, found: pd.DataFrame, lost: pd.DataFrame) -> Table:
    rows = [
        [country(str(r["country"])), str(r["kind"]), _likeliest(r),
         *(_numbers(r) if r["kind"] != NOT_IDENTIFIED else ["–"] * 4)]
        for r in found.to_dict(orient="records")
    ]  # fmt: skip
    first, second = found["first"].iloc[0], found["second"].iloc[0]
    failed = ", ".join(country(str(code)) for code in lost["country"])
    doubtful = int((found["notes"] != "").sum())
    more = f" Not estimated: {failed}." if failed else ""
    return Table(
        f"Symbiosis of {first} and {second}: {count_words(len(rows), 'country', 'countries')}",
        "Kind: what the intervals leave, not identified where the fit has no clear minimum or a "
        "capacity is undefined. There many sets of parameters fit as well: limits about one of "
        "them, however narrow, and p say nothing, and a dash stands for them (the data keep the "
        "estimates, with kind and reason). Likeliest: by signs alone, share of draws. Effects in "
        "units of capacity, with interval; not determined "
        "where the interval holds both \N{MINUS SIGN}1 and 1, so that the other at its capacity "
        "might take a sector's whole capacity away or double it (the data have the interval). "
        "Equilibrium: with the share of draws in which it is feasible and stable. p: of no effect. "
        f"{doubtful} estimates are doubtful; the data name why, and hold all parameters. "
        f"Source: {view.title}; own calculation.{more}",
        ["Country", "Kind", "Likeliest", f"Effect on {first}", f"Effect on {second}",
         "Equilibrium", "p"],
        rows, [False, False, False, False, False, False, True], found.drop(columns="source"),
    )  # fmt: skip


def _numbers(row: Mapping[Any, Any]) -> list[str]:
    """Effects, equilibrium and p of a country whose kind is identified."""
    effects = (_effect(row, name) for name in ("d_first_second", "d_second_first"))
    return [*effects, _end(row), _level(row["interaction_p"]).removeprefix("= ")]


def _likeliest(row: Mapping[Any, Any]) -> str:
    return f"{row['likeliest']} ({row['probability']:.0%})" if row["likeliest"] else "–"


def _end(row: Mapping[Any, Any]) -> str:
    if math.isnan(row["stable"]):
        return str(row["equilibrium"])
    return f"{row['equilibrium']} ({row['stable']:.0%})"


def _effect(row: Mapping[Any, Any], name: str) -> str:
    value, low, high = (float(row[f"{name}{end}"]) for end in ("", "_lower", "_upper"))
    if math.isnan(value) or math.isnan(low) or math.isnan(high):
        return "–"
    if low <= -1.0 and high >= 1.0:
        return "not determined"
    return f"{value:.2f} ({low:.2f} to {high:.2f})".replace("-", "\N{MINUS SIGN}")


def _level(p: float) -> str:
    """A p value with its sign, never rounded to nothing."""
    if math.isnan(p):
        return "undefined"
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
