"""Producer services: who uses services, and how large a part of the economy they are."""

from __future__ import annotations

from typing import Literal

from servio.measure._chains import living
from servio.measure._contract import measure
from servio.measure._result import Result, ratio
from servio.table import DEMAND_ROLES, IOTable, Origin

__all__ = ["intermediate_sales_share", "intermediate_use_share", "producer_service_share"]

Whole = Literal["services", "services_output", "gdp", "output"]


@measure(
    title="Share of supply used by producers",
    question="What part of what an industry supplies do other producers use?",
    unit="share",
    low=0.0,
    formula="u_i = sum_j z_ij / (sum_j z_ij + y_i)",
    identity="intermediate and final use add up to supply",
    source="Grubel & Walker (1989) and functional definitions of producer services; methods A5",
)
def intermediate_use_share(table: IOTable, *, by: str = "industry") -> Result:
    """Share of an industry's supply that is used as intermediate input.

    ``u_i = sum_j z_ij / (sum_j z_ij + y_i)``. On it rest the functional definitions of producer
    services: a service is one in full above a threshold, or in part by ``u_i`` itself.

    Parameters
    ----------
    table : IOTable
    by : str
        ``industry``, ``economy`` or a grouping of the selling industries, summed over supply.

    Returns
    -------
    Measure
        Share of supply; above 1 only where final demand is negative (inventories).

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.

    Notes
    -----
    Identity: final use takes the rest of supply. On a national table with imports split the
    supply is home and imported, used at home or exported; exports count as final, though
    producers abroad use many of them, so a world table gives higher shares.

    Source: Grubel & Walker (1989), Service Industry Growth.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> intermediate_use_share(table).values.tolist()
    [0.65, 0.15]
    """
    used = table.flows("total").sum(axis=1)
    supply = used + table.demand_with(*(role for role in DEMAND_ROLES if role != "imports"))
    return ratio(table, living(table, used), living(table, supply), by=by, reason="no supply")


@measure(
    title="Share of intermediate sales that goes to a group",
    question="Which part of an industry's sales to producers does manufacturing buy?",
    unit="share",
    low=0.0,
    high=1.0,
    formula="sum_{j in M} z_ij / sum_j z_ij",
    identity="buyers of a partition add up to 1",
    source="Ghosh (1958) allocation coefficients among producers; methods A5",
    needs=("manufacturing",),
)
def intermediate_sales_share(
    table: IOTable,
    *,
    grouping: str = "manufacturing",
    origin: Origin = "total",
    by: str = "industry",
) -> Result:
    """Share of an industry's sales to producers that groups of industries buy.

    ``sum_{j in M} z_ij / sum_j z_ij``: with ``by="services"``, how far services live on
    manufacturing.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Grouping whose groups are the buyers M.
    origin : {'total', 'domestic', 'imported'}
        Flows that count in the numerator; the denominator always holds all of them.
    by : str
        ``industry``, ``economy`` or a grouping of the selling industries.

    Returns
    -------
    Measure
        Share between 0 and 1, one row a selling industry and group of buyers.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: buyers that partition all industries add up to 1. Undefined for an industry that
    sells to final users only. On a national table with imports split the row holds the home and
    the imported product, on a world table the sales of one country's industry everywhere.

    Source: Ghosh (1958), Economica 25; Miller & Blair (2009), section 12.1.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("C",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> intermediate_sales_share(table).values.round(4).tolist()
    [0.2308, 0.6667]
    """
    groups, M = table.weights(grouping)
    bought = M @ table.flows(origin).T
    sold = table.flows("total").sum(axis=1)
    return ratio(
        table,
        living(table, bought),
        living(table, sold),
        by=by,
        groups=groups,
        reason="no sales to producers",
    )


@measure(
    title="Producer services in the economy",
    question="How large a part of services, of GDP and of output are producer services?",
    unit="share",
    formula="sum_i s_i va_i / sum_i va_i, over services or over all industries",
    identity="groups of a partition of services add up to all services",
    source="Definitions of producer services in `servio list definitions`; methods A5",
    needs=("services",),
)
def producer_service_share(
    table: IOTable,
    *,
    grouping: str = "ps_fractional",
    of: Whole = "services",
) -> Result:
    """Share of producer services in services, in GDP or in output, by country.

    ``sum_i s_i va_i / sum_i va_i`` with ``s_i`` the part of industry i that is producer service
    under the definition chosen: listed activities, or what producers use.

    Parameters
    ----------
    table : IOTable
    grouping : str
        A definition of producer services (``servio list definitions``) or any grouping of
        services.
    of : {'services', 'services_output', 'gdp', 'output'}
        The whole: value added or output of services; value added or output of all industries.
        Of the first two, only the part of the groups that is itself service counts.

    Returns
    -------
    Measure
        Share of the whole, one row a country and group; between 0 and 1 unless value added is
        negative.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.

    Notes
    -----
    Identity: groups that partition services add up to 1 of services. GDP is the sum of value
    added at the table's prices: taxes on products that no industry pays are not in it. Whose
    producer services: those made in the country, sold at home or abroad.

    Source: the definitions name theirs; the claims of 60 to 70 % of services and 43 % of GDP are
    those of document 000.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G", "S")}),
    ...           "kibs": Grouping.custom("kibs", {"kibs": ("G",)})}
    >>> table = IOTable.from_flows([[0, 5, 0], [3, 0, 1], [0, 0, 0]], x=[10, 20, 20],
    ...                            codes=("C", "G", "S"), groups=groups)
    >>> producer_service_share(table, grouping="kibs").values.round(4).tolist()
    [0.4412]
    """
    groups, P = table.weights(grouping)
    size = table.value_added if of in ("services", "gdp") else table.x
    if of in ("services", "services_output"):
        _, S = table.weights("services")
        size = size * S.sum(axis=0)
    return ratio(table, P * size, size, by="economy", groups=groups, reason=f"no {of}")
