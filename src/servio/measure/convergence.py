"""Convergence of industries as the inputs they draw from each other."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio.measure._chains import living
from servio.measure._contract import measure
from servio.measure._result import Array, Result, Undefined, ratio
from servio.table import IOTable, Origin

__all__ = ["convergence_rate"]


@measure(
    title="Convergence rate with services",
    title_with="Convergence rate: {grouping}",
    question="How far has an industry grown together with a group of services?",
    unit="share",
    low=0.0,
    high=1.0,
    formula="CR_jk = sum_{i in S_k} z_ij / sum_i z_ij; mutual sqrt(CR_jk CR_kj) or their mean",
    identity="one-sided rates of groups that partition all inputs add up to 1",
    source="Xing, Ye & Kui (2011), Telecommunications Policy; methods B1",
    needs=("services",),
)
def convergence_rate(
    table: IOTable,
    *,
    grouping: str = "services",
    mutual: Literal["none", "geometric", "mean"] = "none",
    origin: Origin = "total",
    by: str = "industry",
) -> Result:
    """Input convergence of industries with service groups, one-sided or mutual.

    One-sided, ``CR_jk = sum_{i in S_k} z_ij / sum_i z_ij``: the share of service group k in what
    j buys. Mutual, it is joined with ``CR_kj``, the share of j's products in what group k of the
    same country buys: ``sqrt(CR_jk CR_kj)``, which is high only if both depend on each other, or
    the mean of the two.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Grouping whose groups are the services k (``kiet``, ``kibs`` ...).
    mutual : {'none', 'geometric', 'mean'}
        How the two directions are joined; ``none`` takes the services in j's inputs alone.
    origin : {'total', 'domestic', 'imported'}
        Flows that count in the numerators; the denominators hold all intermediate inputs. On a
        world table ``total`` counts suppliers of all countries.
    by : str
        ``industry``, ``economy`` or a grouping of the industries j, whose flows are added up.

    Returns
    -------
    Measure
        Rate between 0 and 1, one row an industry and service group: a level, not a growth rate.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: one-sided rates of groups that partition all inputs add up to 1. A single industry
    is a small part of what services buy, so mutual rates grow with the size of j: compare groups
    such as ``by="manufacturing"`` across countries, not industries of unlike size. Undefined
    where either side buys nothing.

    Source: the input-output literature on industry convergence, such as Xing, Ye & Kui (2011),
    Telecommunications Policy (formula not re-read). KIET (2018) says that it measured convergence
    rates; its formula was not found, so this need not be it.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> services = Grouping.custom("services", {"services": ("G",)})
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups={"services": services})
    >>> convergence_rate(table).values.round(4).tolist()
    [0.5714, 0.1667]
    >>> convergence_rate(table, mutual="geometric").values.round(4).tolist()
    [0.6901, 0.1667]
    """
    groups, K = table.weights(grouping)
    flows = living(table, table.flows(origin))
    bought = living(table, table.flows("total").sum(axis=0))
    reason = "no intermediate inputs"
    onward = ratio(table, K @ flows, bought, by=by, groups=groups, reason=reason)
    if mutual == "none":
        return onward
    back = _bought_back(table, flows, bought, K, onward, by)
    joined = _join(onward.values, back, mutual)
    return Result(onward.columns, joined, _gaps(onward, back, joined))


def _bought_back(
    table: IOTable, flows: Array, bought: Array, K: Array, onward: Result, by: str
) -> Array:
    """Share of each row's products in what its group of services buys, row by row of `onward`."""
    places, names, groups = (onward.columns[c] for c in ("country", "industry", "group"))
    suppliers = _suppliers(table, by, names.names)
    users = _users(table, K, places.names)
    top = suppliers @ flows @ users.T
    bottom = bought @ users.T
    column = places.index * len(groups.names) + groups.index
    share = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom != 0)
    found: Array = share[names.index, column]
    return found


def _suppliers(table: IOTable, by: str, names: tuple[str, ...]) -> Array:
    """Membership (rows, n) of suppliers of all countries in the industries or groups `names`."""
    if by == "economy":
        return np.ones((1, len(table)))
    if by != "industry":
        return table.weights(by)[1]
    codes = np.array(table.axis.codes)
    same: Array = (np.array(names)[:, None] == codes[None, :]).astype(np.float64)
    return same


def _users(table: IOTable, K: Array, countries: tuple[str, ...]) -> Array:
    """Membership (countries x groups, n) of users in each country's service groups."""
    inside = np.arange(len(countries))[:, None] == table.axis.country_index[None, :]
    spread: Array = (inside[:, None, :] * K[None, :, :]).reshape(-1, len(table))
    return spread


def _join(onward: Array, back: Array, how: str) -> Array:
    if how == "mean":
        return (onward + back) / 2.0
    product = onward * back
    return np.sqrt(product, out=np.full(product.shape, np.nan), where=product >= 0)


def _gaps(onward: Result, back: Array, joined: Array) -> tuple[Undefined, ...]:
    names = {key: column.decode() for key, column in onward.columns.items()}
    gone = {u.label for u in onward.undefined}
    found = list(onward.undefined)
    for row in np.flatnonzero(np.isnan(joined)):
        country, industry, group = (names[k][row] for k in ("country", "industry", "group"))
        label = f"{country}_{industry}" if country else industry
        if label in gone:
            continue
        reason = "the group buys nothing" if np.isnan(back[row]) else "negative flows"
        found.append(Undefined(f"{label} {group}", reason))
    return tuple(found)
