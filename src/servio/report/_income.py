"""Who earns along the chains of all manufactures, and how far from their end."""

from __future__ import annotations

import math

import pandas as pd

from servio.report import _charts
from servio.report._blocks import Figure, Key, Section
from servio.report._detail import NO_FOCUS
from servio.report._notes import small_print
from servio.report.view import Variant, View
from servio.report.words import group_title, money, number

__all__ = ["income"]

_STAGES = {
    "final stage": "last stage",
    "stage 1": "its suppliers",
    "stage 2": "their suppliers",
    "stage 3 or more": "further back",
}


def income(view: View) -> Section:
    """Income of the focus country's sectors from the world's final manufactures, by stage."""
    title = "Income along chains"
    variant = view.pick("chain_income", {"producer": "", "of": "value_added"},
                        form="stage", by="sectors")  # fmt: skip
    if variant is None:
        return Section(title, absent="chain_income with form=stage, by=sectors")
    if view.focus is None:
        return Section(title, absent=NO_FOCUS)
    intro = "Final products of a chain pay everybody who worked for them, at every stage before."
    return Section(title, intro, [_stages(view, variant)])


def _stages(view: View, variant: Variant) -> Figure:
    panels = {(k["industry"], k["part"]): p for k, p in view.panels(variant)}
    one = next(iter(panels.values()))
    year, unit = one.latest, one.unit
    data = pd.DataFrame(
        [(sector, stage, panel.value(view.focus, year)) for (sector, stage), panel in
         panels.items()],
        columns=["sector", "stage", "value"],
    )  # fmt: skip
    by_sector = data.groupby("sector", sort=False)["value"].sum(min_count=len(_STAGES))
    order = by_sector.sort_values(ascending=False, kind="stable").index
    names = {sector: group_title("sectors", str(sector)) for sector in order}
    total = float(data["value"].sum(skipna=False))
    rows = [
        {"name": names[row.sector], "part": _STAGES[str(row.stage)], "value": row.value,
         "place": list(_STAGES).index(str(row.stage))}
        for row in data.itertuples()
    ]  # fmt: skip
    chain = variant.options["chain"]
    caption = f"{view.focus_name} earned {money(total, unit)} from them in {year}"
    if total > 0 and not math.isnan(total):
        first = float(data.loc[data["stage"] == "final stage", "value"].sum())
        best = str(order[0])
        caption += (
            f", {number(first / total, 'share')} at the last stage; {names[best]} earned "
            f"{number(float(by_sector[best]) / total, 'share')} of it"
        )
    return Figure(
        f"Income of {view.focus_name} from final products of {chain}, {year or ''}",
        f"{caption}.",
        small_print(view, variant, unit, [year]),
        f"Stacked bars of {len(order)} sectors by stage. {caption}.",
        _charts.bars(rows, [names[s] for s in order], list(_STAGES.values()), title=unit),
        data.assign(country=view.focus, year=year, unit=unit),
        [Key("cell", text, _charts.SHADES[i]) for i, text in enumerate(_STAGES.values())],
    )  # fmt: skip
