"""How much service goes into production: input coefficients and shares."""

from __future__ import annotations

import numpy as np

from servio.measure._contract import measure
from servio.measure._result import Array, Result, ratio
from servio.table import IOTable, Origin

__all__ = ["service_input_coefficient", "service_input_share"]


@measure(
    title="Service inputs per unit of output",
    question="How much service does an industry use for one unit of its output?",
    unit="ratio",
    low=0.0,
    formula="s_j = sum_{i in S} a_ij; complete: sum_{i in S} (L - I)_ij",
    identity="the groups of a partition of services add up to all services",
    source="Miller & Blair (2009), ch. 2; Eurostat (2008) Manual, ch. 15",
    needs=("services",),
)
def service_input_coefficient(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Origin = "total",
    total: bool = False,
    by: str = "industry",
) -> Result:
    """Service inputs an industry needs for one unit of output, directly or through its chain.

    ``s_j = sum_{i in S} a_ij``; with ``total=True`` the complete coefficient
    ``sum_{i in S} (L - I)_ij``, which counts services used at every earlier stage.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Grouping whose groups are the services S (``services``, ``kibs``, ``kiet`` ...).
    origin : {'total', 'domestic', 'imported'}
        Flows that count; for `total=True`, the flows whose inverse is taken.
    total : bool
        Complete (direct and indirect) instead of direct.
    by : str
        ``industry``, ``economy`` or a grouping of the using industries; groups are weighted with
        output.

    Returns
    -------
    Measure
        Currency of service per currency of output, one row an industry and group. A complete
        coefficient can exceed 1.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: groups that partition services add up to the value for all services. It falls when
    goods prices rise against service prices; compare with `service_input_share`. Levels are not
    comparable between basic and purchasers' prices.

    Source: Miller & Blair (2009), Input-Output Analysis, 2nd ed., ch. 2.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> services = Grouping.custom("services", {"services": ("G",)})
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups={"services": services})
    >>> service_input_coefficient(table).values.round(3).tolist()
    [0.2, 0.05]
    """
    groups, S = table.weights(grouping)
    inputs = _complete(table, origin) if total else table.coefficients(origin)
    return ratio(table, (S @ inputs) * table.x, table.x, by=by, groups=groups)


@measure(
    title="Share of services in intermediate inputs",
    question="What part of what an industry buys from others is service?",
    unit="share",
    low=0.0,
    high=1.0,
    formula="q_j = sum_{i in S} z_ij / sum_i z_ij",
    identity="the shares of services and of all other inputs add up to 1",
    source="Input convergence rate of the input-output convergence literature; methods B1",
    needs=("services",),
)
def service_input_share(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Origin = "total",
    by: str = "industry",
) -> Result:
    """Share of service groups in an industry's intermediate inputs: the input convergence rate.

    ``q_j = sum_{i in S} z_ij / sum_i z_ij``; the denominator holds all intermediate inputs, home
    and imported, whatever `origin`, so that domestic and imported shares add up to the total one.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Grouping whose groups are the services S.
    origin : {'total', 'domestic', 'imported'}
        Services that count in the numerator.
    by : str
        ``industry``, ``economy`` or a grouping of the using industries; groups are sums of the
        numerator over sums of the denominator.

    Returns
    -------
    Measure
        Share between 0 and 1, one row an industry and group.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: groups that partition all inputs add up to 1. Undefined where an industry buys
    nothing. It does not see services produced in-house.

    Source: the input-output measure of industry convergence; see `docs/measures.md`.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> services = Grouping.custom("services", {"services": ("G",)})
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups={"services": services})
    >>> service_input_share(table).values.round(4).tolist()
    [0.5714, 0.1667]
    """
    groups, S = table.weights(grouping)
    total = table.flows("total").sum(axis=0)
    return ratio(
        table, S @ table.flows(origin), total, by=by, groups=groups, reason="no intermediate inputs"
    )


def _complete(table: IOTable, origin: Origin) -> Array:
    inverse: Array = table.leontief(origin).inverse
    return inverse - np.eye(len(inverse))
