"""The chain of one product: what to ask of its table, and the answers as frames."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from servio import algebra
from servio.errors import NumericalError
from servio.measure.smile import LEAST
from servio.study import Call, settled_call

__all__ = [
    "FORMS",
    "GROUPING",
    "POSITIONS",
    "beside",
    "earners",
    "first_industry",
    "income_calls",
    "incomes",
    "position_calls",
    "product_label",
    "smile_calls",
    "u_test",
]

GROUPING = "broad"
SERVICES = ("producer_services", "other_services", "services")
SECTORS = ("services", "other industries")
FORMS = ("distance", "rate", "share")
POSITIONS = ("upstreamness", "downstreamness", "value_added")
FIRST = ("C26", "c14")
"""Electronics, where a source has it: the chain that is told most often."""
DUST = 1e-12


def first_industry(services: Mapping[str, bool | None]) -> str:
    """The product to begin with, of codes with whether each is a service; "" if there is none."""
    known = [code for code in FIRST if code in services]
    return next(iter([*known, *(code for code, service in services.items() if not service)]), "")


def product_label(country: str, industry: str) -> str:
    """A product as measures of chains name it."""
    return f"{country}_{industry}" if country else industry


def smile_calls(label: str) -> list[Call]:
    """Distance from the end of the chain, value added per output and share of all earners."""
    return [settled_call("smile_curve", {"form": form, "chain": label}) for form in FORMS]


def position_calls() -> list[Call]:
    """`POSITIONS` of all industries."""
    return [
        settled_call("upstreamness", {"by": "industry"}),
        settled_call("downstreamness", {"by": "industry"}),
        settled_call("footprint", {"by": "industry", "form": "production"}),
    ]


def income_calls(label: str, world: bool) -> list[Call]:
    """Who earns of a product: the first of these that has an answer.

    Tables with groupings of their own have services and the others.
    """
    if world:
        options = {"chain": label, "form": "stage"}
        return [settled_call("chain_income", options | {"by": by}) for by in (GROUPING, "industry")]
    return [
        settled_call("value_content", {"by": "industry", "grouping": grouping})
        for grouping in (GROUPING, "services")
    ]


def beside(frames: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """Values of several measures beside each other, by country and industry."""
    keys = ["country", "industry"]
    columns = [
        frame.set_index(keys)["value"].rename(name)
        for frame, name in zip(frames, names, strict=True)
    ]
    return pd.concat(columns, axis=1, join="outer").reset_index()


def earners(frame: pd.DataFrame) -> pd.DataFrame:
    """Who earns in a chain, of `beside` with `FORMS`; the largest first."""
    kept = frame[(frame["share"] > DUST) & (frame["rate"] > 0)].dropna()
    return kept.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def u_test(frame: pd.DataFrame) -> algebra.UShape | None:
    """Lind and Mehlum's test over all `earners`; None where there are too few."""
    if len(frame) < LEAST:
        return None
    try:
        return algebra.lind_mehlum(frame["distance"], np.log(frame["rate"]), frame["share"])
    except NumericalError:
        return None


def incomes(
    call: Call, rows: pd.DataFrame, country: str, industry: str, services: Collection[str]
) -> pd.DataFrame:
    """Who earns what of a product: country, group, stage, service, value.

    Parameters
    ----------
    call : Call
        Of `income_calls`.
    rows : DataFrame
        Its results, of a world table or of the country's.
    country, industry : str
    services : collection of str
        Codes of services, for rows by industry.

    Returns
    -------
    DataFrame
        The country is ``abroad`` where imports are one block.
    """
    if call.name == "chain_income":
        group = rows["industry"]
        if call.option("by") == "industry":
            group = np.where(group.isin(services), *SECTORS)
        frame = pd.DataFrame({
            "country": rows["country"], "group": group, "stage": rows["part"],
            "value": rows["value"],
        })  # fmt: skip
        frame = frame.dropna(subset=["value"])
        keys = ["country", "group", "stage"]
        frame = frame.groupby(keys, as_index=False, sort=False)["value"].sum()
    else:
        rows = rows[rows["industry"] == industry]
        frame = pd.DataFrame({
            "country": np.where(rows["part"] == "imports", "abroad", country),
            "group": rows["part"], "stage": "", "value": rows["value"],
        })  # fmt: skip
    frame.insert(3, "service", frame["group"].isin(SERVICES))
    return frame.dropna(subset=["value"]).reset_index(drop=True)
