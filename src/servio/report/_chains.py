"""Value chains across borders: services in exports, origin of their value, participation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from servio.report import _charts
from servio.report._blocks import Block, Figure, Key, Section, Table
from servio.report._compare import line_keys, panel_rows, trend_words
from servio.report._detail import NO_FOCUS, group_figure
from servio.report._notes import small_print, wide_frame
from servio.report._sankey import Node, sankey
from servio.report.view import Panel, Slab, Variant, View
from servio.report.words import UNDEFINED, country, difference, group_title, money, number

__all__ = ["export_services", "origins", "participation", "positions", "trade_matrix"]

HOME = _charts.ACCENT
ABROAD = _charts.PARTNER
SHOWN = 19
_ORIGINS = {"total": "Home and abroad", "domestic": "At home", "imported": "Abroad"}


def export_services(view: View) -> Section:
    """Services value added in manufacturing exports, at home and abroad, with ranks."""
    title = "Services in manufacturing exports"
    name, required = "service_content_of_exports", {"by": "manufacturing"}
    found = {
        origin: view.panel(variant)
        for origin in _ORIGINS
        for variant in view.variants(name, origin=origin, grouping="services", **required)
    }
    if not found:
        return Section(title, absent=f"{name} with grouping=services, by=manufacturing")
    blocks: list[Block] = []
    if len(view.years) > 1 and view.focus is not None:
        blocks.append(small_multiples(
            view, {_ORIGINS[k]: p for k, p in found.items()},
            "Services value added in manufacturing exports over time", "origin",
        ))  # fmt: skip
    if view.focus is not None:
        blocks.append(_split_table(view, found))
    several = [v for v in view.variants(name, **required) if len(view.labels(v, "group")) > 1]
    by_group = max(several, key=lambda v: v.options.get("origin") == "total", default=None)
    if by_group is not None and view.focus is not None and len(view.years) > 1:
        blocks.append(
            group_figure(view, by_group, "Services value added in manufacturing exports: groups")
        )
    if not blocks:
        return Section(title, absent=NO_FOCUS)
    intro = "What service industries earn, at home and abroad, of each unit that manufactures sell."
    return Section(title, intro, blocks)


def small_multiples(
    view: View, panels: Mapping[str, Panel], title: str, what: str, words: str = ""
) -> Figure:
    """One small line chart a panel: the focus country among all others, own scales."""
    drawn, said = [], []
    for name, panel in panels.items():
        others, median, focus = panel_rows(view, panel)
        rest = [row for row in focus if row["code"] != view.focus]
        drawn.append({"title": name, "unit": panel.unit, "median": median, "others": others + rest,
                      "focus": [r for r in focus if r["code"] == view.focus]})  # fmt: skip
        first, last = (
            number(panel.value(view.focus, y), panel.unit) for y in (view.base, panel.latest)
        )
        said.append(f"{name[:1].lower()}{name[1:]} {first} to {last}")
    one = next(iter(panels.values()))
    caption = f"{view.focus_name} from {view.base} to {one.latest}: {'; '.join(said)}. {words}"
    return Figure(
        title,
        caption.strip(),
        small_print(view, one.variant, one.unit, one.years) + _others(one, panels),
        f"{len(panels)} small line charts. {caption}".strip(),
        _charts.group_panels(drawn, columns=2 if len(panels) == 4 else 3),
        wide_frame(panels, what),
        line_keys(view, one, all_marked=False),
    )


def _others(one: Panel, panels: Mapping[str, Panel]) -> str:
    """Whether what is said of the first panel differs for others."""
    same = all(p.variant == one.variant for p in panels.values())
    return "" if same else " The other panels differ from this as their titles say."


def _split_table(view: View, found: Mapping[str, Panel]) -> Table:
    """Domestic, foreign and all services by year, with the rank of the focus country."""
    one = next(iter(found.values()))
    rows, data = [], []
    for year in one.years:
        cells = [str(year)]
        for origin, panel in found.items():
            value, rank = panel.value(view.focus, year), panel.rank(view.focus, year)
            count = panel.count(year)
            cells += [
                number(value, panel.unit),
                UNDEFINED if rank is None else f"{rank} of {count}",
            ]
            data.append((view.focus, year, origin, value, rank, count, panel.median(year),
                         panel.unit))  # fmt: skip
        rows.append(cells)
    head = [h for origin in found for h in (_ORIGINS[origin], "Rank from the top")]
    columns = ["country", "year", "origin", "value", "rank", "countries", "median", "unit"]
    return Table(
        f"Services value added in manufacturing exports: {view.focus_name}",
        small_print(view, one.variant, one.unit, one.years),
        ["Year", *head], rows, [False] + [True] * len(head),
        pd.DataFrame(data, columns=columns), folded=len(rows) > 24,
    )  # fmt: skip


def origins(view: View) -> Section:
    """Whose value added is in the manufacturing exports of the focus country, and of all."""
    title = "Where the value of manufacturing exports arises"
    by_sector = view.pick("export_origin", grouping="sectors", by="manufacturing")
    if by_sector is None:
        return Section(title, absent="export_origin with grouping=sectors, by=manufacturing")
    blocks: list[Block] = []
    if view.focus is not None:
        kiet = view.pick("export_origin", grouping="kiet", by="manufacturing")
        blocks += _flow(view, by_sector, kiet)
    if len(view.codes) > 2:
        blocks.append(_origin_matrix(view, by_sector))
    intro = "Every unit of exports is somebody's value added: of which industries, and where."
    return Section(title, intro, blocks)


def _amounts(slab: Slab, code: str, year: int) -> pd.DataFrame:
    """Amounts of one country and year, one row a partner, one column a group."""
    own = slab.values[:, slab.codes.index(code), slab.years.index(year)]
    rows = [(partner, group or part, value)
            for (_, partner, group, part), value in zip(slab.labels, own, strict=True)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["partner", "group", "value"])
    return frame.pivot(index="partner", columns="group", values="value")[
        list(dict.fromkeys(frame["group"]))
    ]


def _latest(slab: Slab, code: str) -> int | None:
    """Last year in which nothing of a country is undefined."""
    own = slab.values[:, slab.codes.index(code), :]
    return max((y for y, at in zip(slab.years, own.T, strict=True) if not np.isnan(at).any()),
               default=None)  # fmt: skip


def _flow(view: View, by_sector: Variant, by_service: Variant | None) -> Iterator[Figure]:
    slab, code = view.slab(by_sector), str(view.focus)
    year = _latest(slab, code) if code in slab.codes else None
    if year is None:
        return
    sectors = _amounts(slab, code, year)
    services = sectors[["services"]]
    if by_service is not None:
        services = _with_rest(_amounts(view.slab(by_service), code, year), services["services"])
    data = _lines_of_flow(sectors, services, code)
    total = float(sectors.to_numpy().sum())
    drawn, left = data[data["value"] > 0], data[data["value"] <= 0]
    home = float(data.loc[data["side"] == "home", "value"].sum())
    served = data[data["sector"] == "services"].groupby("side")["value"].sum()
    foreign = sectors.drop(index=code).sum(axis=1).sort_values(ascending=False, kind="stable")
    first = ", ".join(
        f"{country(str(c))} {number(v / total, 'share')}" for c, v in foreign.iloc[:3].items()
    )
    caption = (
        f"Of {money(total, slab.unit)} of manufactured exports of {view.focus_name} in {year}, "
        f"{number(home / total, 'share')} is value added at home and "
        f"{number((total - home) / total, 'share')} abroad. Services earn "
        f"{number(served['home'] / total, 'share')} at home and "
        f"{number(served['abroad'] / total, 'share')} abroad. Largest origins abroad: {first}."
    )
    negative = left[left["value"] < 0]
    if len(negative):
        caption += " Negative and not drawn: " + ", ".join(
            f"{row.label} {money(row.value, slab.unit)}" for row in negative.itertuples()
        ) + "."  # fmt: skip
    yield Figure(
        f"Origin of the value of manufacturing exports: {view.focus_name}, {year or ''}",
        caption,
        small_print(view, by_sector, slab.unit, [year])
        + " Value that comes back from abroad counts where it first arose; shares of the total.",
        f"Flow diagram of {len(drawn)} origins. {caption}",
        sankey(_nodes(view, drawn, total, slab.unit)),
        data.assign(share=data["value"] / total, country=code, year=year, unit=slab.unit),
        [Key("cell", "at home", HOME), Key("cell", "abroad", ABROAD)],
    )  # fmt: skip


def _with_rest(groups: pd.DataFrame, services: pd.Series) -> pd.DataFrame:
    """Service groups, and services in none of them if there are any."""
    rest = services - groups.sum(axis=1).reindex(services.index)
    if abs(rest).sum() > 1e-9 * abs(services).sum():
        return groups.assign(rest=rest)
    return groups


def _lines_of_flow(sectors: pd.DataFrame, services: pd.DataFrame, code: str) -> pd.DataFrame:
    """One row an origin: side, sector, group, label and value."""
    rows = []
    for side in ("home", "abroad"):
        where = "own" if side == "home" else "foreign"

        def amount(frame: pd.DataFrame, names: list[str], side: str = side) -> float:
            chosen = frame.reindex(columns=names)
            part = chosen.loc[[code]] if side == "home" else chosen.drop(index=code)
            return float(part.to_numpy().sum())

        def add(sector: str, group: str, label: str, value: float, side: str = side) -> None:
            rows.append((side, sector, group, label, value))

        add("manufacturing", "", f"{where} manufacturing", amount(sectors, ["manufacturing"]))
        for group in services.columns:
            name = {"services": "services", "rest": "services in no group"}.get(
                group, group_title("kiet", group)
            )
            label = f"{where} {name[:1].lower()}{name[1:]}"
            add("services", str(group), label, amount(services, [group]))
        add("mining", "", f"{where} mining", amount(sectors, ["mining"]))
        others = [s for s in sectors if s not in ("manufacturing", "services", "mining")]
        add("other", "", f"{where} farming, utilities, construction", amount(sectors, others))
    return pd.DataFrame(rows, columns=["side", "sector", "group", "label", "value"])


def _nodes(view: View, drawn: pd.DataFrame, total: float, unit: str) -> list[Node]:
    """Origins, the two sides and the exports; ribbons arrive in the order of origins."""
    nodes = []
    for place, row in enumerate(drawn.itertuples()):
        shade = HOME if row.side == "home" else ABROAD
        label = f"{row.label}  {number(row.value / total, 'share')}"
        nodes.append(Node(f"{row.side}{place}", 0, label, row.value, shade, row.side))
    for side, name, shade in (("home", "at home", HOME), ("abroad", "abroad", ABROAD)):
        value = float(drawn.loc[drawn["side"] == side, "value"].sum())
        if value > 0:
            label = f"{name}  {number(value / total, 'share')}, {money(value, unit)}"
            nodes.append(Node(side, 1, label, value, shade, "exports"))
    whole = float(drawn["value"].sum())
    label = f"manufactured exports of {view.focus_name}: {money(total, unit)}"
    nodes.append(Node("exports", 2, label, whole, _charts.INK))
    return nodes


def _origin_matrix(view: View, variant: Variant) -> Figure:
    slab = view.slab(variant)
    year = max(slab.years)
    amounts = {c: _amounts(slab, c, year).sum(axis=1, skipna=False) for c in slab.codes}
    frame = pd.DataFrame(amounts).T
    return _matrix(
        view, variant, frame, year, "Whose value is in manufacturing exports",
        "Rows are exporters, columns countries of origin; cells are percent of the exporter's "
        "gross exports of manufactures.",
        frame.sum(axis=1, skipna=False),
    )  # fmt: skip


def trade_matrix(view: View) -> Section:
    """Value added of each country in the final demand of each other."""
    title = "Trade in value added"
    variant = view.pick("value_added_trade", by="economy", embodied_in="final_demand")
    if variant is None or len(view.codes) < 3:
        return Section(title, absent="value_added_trade with by=economy and three countries")
    slab = view.slab(variant)
    year = max(slab.years)
    frame = pd.DataFrame({c: _amounts(slab, c, year).sum(axis=1, skipna=False)
                          for c in slab.codes}).T  # fmt: skip
    whole = _foreign(frame).sum(axis=1)
    figure = _matrix(
        view, variant, frame, year, "Value added by origin and final demand",
        "Rows are countries of origin, columns the countries whose final demand it ends in; cells "
        "are percent of the value added that the row's country exports.", whole,
    )  # fmt: skip
    return Section(title, "Where the value added of a country ends, whatever way it took.",
                   [figure])  # fmt: skip


def _foreign(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the cells of a country with itself."""
    own = np.equal.outer(frame.index.to_numpy(dtype=str), frame.columns.to_numpy(dtype=str))
    return frame.mask(own)


def _matrix(
    view: View, variant: Variant, frame: pd.DataFrame, year: int, title: str, words: str,
    whole: pd.Series,
) -> Figure:  # fmt: skip
    """Country by country: the largest, the marked ones, the rest of the world."""
    size = whole.sort_values(ascending=False, kind="stable").index
    chosen = [c for c in size if c in view.shown]
    chosen += [c for c in size if c not in chosen][: max(0, SHOWN - len(chosen))]
    chosen.sort(key=list(size).index)
    columns = [*chosen, *(c for c in frame.columns if c not in frame.index)]
    shares = _foreign(frame).div(whole, axis=0).loc[chosen, columns]
    rows = [
        {"industry": country(str(row)), "group": str(column), "value": float(value),
         "shown": _percent(float(value), row == column)}
        for row, line in zip(chosen, shares.to_numpy(), strict=True)
        for column, value in zip(columns, line, strict=True)
    ]  # fmt: skip
    caption = words
    if view.focus in chosen:
        own = shares.loc[view.focus].dropna().sort_values(ascending=False, kind="stable")
        first = ", ".join(
            f"{country(str(c))} {number(v, 'share')}" for c, v in own.iloc[:3].items()
        )
        caption = f"{view.focus_name}: most with {first}. {caption}"
    caption += " A country with itself is left out (grey)."
    if len(chosen) < len(frame):
        caption += f" The {len(chosen)} largest of {len(frame)} countries; the data hold all."
    data = frame.stack().rename("value").rename_axis(["country", "partner"]).reset_index()
    data["share_shown"] = [
        v / whole[c] for c, v in zip(data["country"], data["value"], strict=True)
    ]
    data["unit"] = view.slab(variant).unit
    return Figure(
        f"{title}, {year or ''}",
        caption,
        small_print(view, variant, view.slab(variant).unit, [year]) + " Shown as shares.",
        f"Heat map of {len(chosen)} by {len(columns)} countries. {caption}",
        _charts.heat(rows, [country(str(c)) for c in chosen], [str(c) for c in columns],
                     change=False),
        data,
        [Key("cell", "little", "#deebf7"), Key("cell", "much", "#08306b")],
    )  # fmt: skip


def _percent(value: float, own: bool) -> str:
    if own:
        return ""
    if math.isnan(value):
        return "n/a"
    return f"{100 * value:.0f}" if abs(value) >= 0.0095 else f"{100 * value:.1f}".lstrip("0")


def participation(view: View) -> Section:
    """Backward and forward participation over the years."""
    title = "Participation in global value chains"
    wishes = {"by": "manufacturing"}
    found = [v for m in ("trade", "oecd") if (v := view.pick("participation", wishes, method=m))]
    if not found:
        return Section(title, absent="participation with method=trade or method=oecd")
    if view.focus is None or len(view.years) < 2:
        return Section(title, absent=NO_FOCUS if view.focus is None else "a second year")
    blocks: list[Block] = [f for v in found for f in _taking_part(view, v)]
    intro = (
        "Backward: foreign value in a country's exports. Forward: its own value in what others "
        "export. A high share is not a success in itself."
    )
    return Section(title, intro, blocks)


_PARTS = {
    "trade": ("GVC", "BACKWARD", "FORWARD", "TWO_SIDED"),
    "oecd": ("BACKWARD", "FORWARD"),
}
_PART_WORDS = {"GVC": "All that crosses more than one border", "BACKWARD": "Backward",
               "FORWARD": "Forward", "TWO_SIDED": "Two-sided"}  # fmt: skip


def _taking_part(view: View, variant: Variant) -> Iterator[Figure]:
    method = variant.options["method"]
    panels = {k["part"]: p for k, p in view.panels(variant)
              if k["industry"] == view.labels(variant, "industry")[0]}  # fmt: skip
    shown = {_PART_WORDS[p]: panels[p] for p in _PARTS[method] if p in panels}
    where = "exports of manufactures" if variant.options["by"] == "manufacturing" else "exports"
    title = {"trade": f"Chains across borders in {where} over time",
             "oecd": f"Participation in {where} over time, as the OECD counts it"}  # fmt: skip
    words = {"trade": "Shares of gross exports; the rest crosses one border only.",
             "oecd": "Shares of all exports of the country; value counts once for each border, so "
                     "the two can exceed 1 together."}  # fmt: skip
    yield small_multiples(view, shown, title[method], "part", words[method])


def positions(view: View) -> Section:
    """Distance of manufacturing from final use over the years."""
    title = "Position in the chain"
    name = "upstreamness"
    up = view.pick(name, by="manufacturing")
    if up is None:
        return Section(title, absent=f"{name} with by=manufacturing")
    panel = view.panel(up)
    blocks: list[Block] = []
    if len(view.years) > 1:
        blocks.append(_position(view, panel))
    panels = {
        f"{what[:1].upper()}{what[1:]} of {by}": view.panel(variant)
        for what in (name, "downstreamness")
        for by in ("manufacturing", "services")
        if (variant := view.pick(what, by=by)) is not None
    }
    if len(panels) > 1 and len(view.years) > 1 and view.focus is not None:
        blocks.append(small_multiples(
            view, panels, "Position of manufacturing and services over time", "position",
            "Up: stages to final use. Down: stages from primary inputs.",
        ))  # fmt: skip
    if not blocks:
        return Section(title, absent="a second year")
    intro = "Stages between what an industry makes and final use: more is further upstream."
    return Section(title, intro, blocks)


def _position(view: View, panel: Panel) -> Figure:
    others, median, focus = panel_rows(view, panel)
    caption = trend_words(view, panel)
    rank = panel.rank(view.focus, panel.latest)
    if rank is not None:
        change = difference(panel.change(view.focus, view.base), panel.unit)
        caption += (f" In {panel.latest} {view.focus_name} is number {rank} of "
                    f"{panel.count(panel.latest)} from the top; change since {view.base} "
                    f"{change} stages.")  # fmt: skip
    return Figure(
        "Upstreamness of manufacturing over time",
        caption,
        small_print(view, panel.variant, panel.unit, panel.years),
        f"Line chart of {len(panel.frame)} countries over {len(panel.years)} years. {caption}",
        _charts.trend(
            others, median, focus, unit=panel.unit, title="stages to final use", zero=False
        ),
        wide_frame({"manufacturing": panel}, "industry"),
        line_keys(view, panel),
    )
