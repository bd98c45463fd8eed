"""What industries sell besides their own kind: services of manufacturers, goods of services."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio.classify import Grouping
from servio.errors import UsageError
from servio.measure._beside import beside, grouped
from servio.measure._chains import living
from servio.measure._contract import measure
from servio.measure._result import Column, Measure, Result, Undefined
from servio.measure._spread import shares
from servio.table import IOTable, Note, SupplyTable

__all__ = ["secondary_output", "secondary_service_share"]

NO_OUTPUT = "zero output"


@measure(
    title="Secondary services in output",
    question="Which part of what an industry sells are services besides its own product?",
    unit="share",
    low=0.0,
    formula="o_j = sum_k s_kj / x_j, s_kj secondary service output of kind k",
    identity="kinds of a partition add up to all services",
    source="Friesenbichler & Kuegler (2021); methods A3",
    needs=("services", "secondary"),
)
def secondary_service_share(
    table: IOTable,
    *,
    grouping: str = "services",
    secondary: str = "secondary",
    by: str = "industry",
) -> Result:
    """Services that industries sell besides their own product, over their output.

    ``o_j = sum_k s_kj / x_j`` from satellites beside a symmetric table, which itself shows no
    secondary products; from a supply table `secondary_output` has it directly.

    Parameters
    ----------
    table : IOTable
        With satellites ``secondary:NAME`` in its money, or in the unit ``share``, of output.
    grouping : str
        ``services`` for the sum of them, or a grouping whose groups they are named by.
    secondary : str
        Name before the colon of the satellites.
    by : str
        ``industry``, ``economy`` or a grouping of the makers: ``manufacturing``.

    Returns
    -------
    Measure
        Share, one row an industry and group.

    Raises
    ------
    InputError
        No satellites of that name.
    LabelError
        None of a group's name, or an unknown grouping.
    UnitError
        A satellite in another unit.
    ValueFault
        A negative amount, or shares above 1.

    Notes
    -----
    Identity: kinds of a partition add up to all services. Industries whose product is a service
    have it all as their own: what counts there is up to who made the satellites.

    Source: Friesenbichler & Kuegler (2021), WIFO Working Papers, from supply tables (not re-read).

    Examples
    --------
    >>> from servio.table import Satellite
    >>> services = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> sold = {"secondary: repair": Satellite(np.array([0.04, 0.0]), "share")}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=services, satellites=sold)
    >>> secondary_service_share(table).values.tolist()
    [0.04, 0.0]
    """
    groups, _ = table.weights(grouping)
    sold = grouped(table, beside(table, secondary, table.x), groups, secondary)
    made = np.broadcast_to(living(table, table.x), sold.shape)
    return shares(table, sold, made, groups, by=by, reason=NO_OUTPUT)


def secondary_output(
    supply: SupplyTable,
    *,
    grouping: str | Grouping = "services",
    makers: str | Grouping = "manufacturing",
    by: Literal["industry", "makers"] = "industry",
) -> Measure:
    """Part of the output of some industries that is products of another kind.

    ``o_j = sum_{p in S} V_pj / sum_p V_pj`` for industries j among the makers: services of
    manufacturing by default; its mirror, goods of services, with ``grouping="manufacturing",
    makers="services"``.

    Parameters
    ----------
    supply : SupplyTable
    grouping : str or Grouping
        Groups S of products; ``product`` for each its own.
    makers : str or Grouping
        Industries whose output it is; ``industry`` for all.
    by : {'industry', 'makers'}
        Each industry that is in the makers, or the makers together, sums over sums.

    Returns
    -------
    Measure
        Share of output, one row an industry (or group of makers) and group of products. Below 0
        only where the table has negative cells, which a note counts.

    Raises
    ------
    LabelError
        The table does not know a grouping.
    UsageError
        ``by`` is neither.

    Notes
    -----
    Identity: the shares of a partition of all products add up to 1, the residual. Supply tables
    hold what establishments make: services that the group's other establishments sell (banks,
    dealers, head offices) are in those industries. Own research and software that are capitalised
    count as services made though nobody buys them: look at ``service_kinds`` of US tables.
    Redefined tables have moved secondary products away: use tables before redefinitions.

    Source: Friesenbichler & Kuegler (2021), WIFO Working Papers (not re-read); methods A3, A3b.

    Examples
    --------
    >>> from servio.table import Axis, TableInfo
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)}),
    ...           "manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("C",)})}
    >>> axis = Axis.national("AAA", ("C", "G"))
    >>> table = SupplyTable(np.array([[90.0, 1.0], [10.0, 49.0]]), axis, axis, TableInfo("two"),
    ...                     product_groups=groups, industry_groups=groups)
    >>> secondary_output(table).value(industry="C")
    0.1
    >>> secondary_output(table, grouping="manufacturing", makers="services").value(industry="G")
    0.02
    """
    if by not in ("industry", "makers"):
        raise UsageError("secondary_output by", found=repr(by), expected="industry or makers",
                         remedy="Choose one of them.")  # fmt: skip
    groups, S = supply.weights("products", grouping)
    names, M = supply.weights("industries", makers)
    if by == "industry":
        at = np.flatnonzero(M.sum(axis=0))
        names, M = tuple(supply.industries.codes[i] for i in at), np.eye(len(supply.x))[at]
    made, whole = M @ supply.V.T, M @ supply.x
    empty = whole == 0
    top = (made @ S.T).ravel()
    bottom = np.repeat(whole, len(groups))
    values = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom != 0)
    rest = made @ (1.0 - S.sum(axis=0))
    gap = float(np.abs(top.reshape(len(names), -1).sum(axis=1) + rest - whole).max(initial=0.0))
    negative = int((supply.V[:, M.any(axis=0)] < 0).sum())
    text = f"{negative} negative cells of the supply table, as published"
    country = supply.industries.country_names[0] if len(supply.industries) else ""
    return Measure(
        name="secondary_output",
        title="Secondary output",
        unit="share",
        range=(None, None),
        columns={
            "country": Column((country,), np.zeros(len(values), dtype=np.intp)),
            "industry": Column(names, np.repeat(np.arange(len(names)), len(groups))),
            "group": Column(groups, np.tile(np.arange(len(groups)), len(names))),
        },
        values=values,
        undefined=tuple(Undefined(names[i], NO_OUTPUT) for i in np.flatnonzero(empty)),
        residual=gap / (float(np.abs(whole).max(initial=0.0)) or 1.0),
        data_residual=supply.data_residual,
        definition={
            "by": by,
            "grouping": getattr(grouping, "name", str(grouping)),
            "makers": getattr(makers, "name", str(makers)),
        },
        info=supply.info,
        fingerprint=supply.fingerprint,
        notes=(*supply.info.notes, *((Note("negative", text),) if negative else ())),
    )
