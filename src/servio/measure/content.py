"""How much service goes into production: input coefficients and shares."""

from __future__ import annotations

import numpy as np

from servio.measure._chains import embodied, living, relative_gap
from servio.measure._contract import measure
from servio.measure._result import Array, Result, ratio
from servio.table import IOTable, Origin

__all__ = ["service_input_coefficient", "service_input_share"]


@measure(
    title="Service inputs per unit of output",
    title_with="Inputs per unit of output: {grouping}",
    question="How much service does an industry use for one unit of its output?",
    unit="ratio",
    low=0.0,
    formula="s_j = sum_{i in S} a_ij; complete: sum_{i in S} (L - I)_ij",
    identity="domestic and imported add up to total; complete ones solve c (I - A) = s",
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
        Grouping whose groups are the inputs S: ``services``, ``kibs``, ``kiet`` ..., but any
        other too, such as ``ict`` for ICT goods and services or ``sectors`` for all inputs.
    origin : {'total', 'domestic', 'imported'}
        Flows that count. With `total=True` ``imported`` is what imports add: chains that cross a
        border at least once.
    total : bool
        Complete (direct and indirect) instead of direct.
    by : str
        ``industry``, ``economy`` or a grouping of the using industries; groups are weighted with
        output.

    Returns
    -------
    Measure
        Currency of input per currency of output, one row an industry and group. A complete
        coefficient is not a share and can exceed 1.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identities: domestic and imported add up to total, groups of a partition to all inputs; the
    residual is the error of ``c (I - A) = s``. It falls when goods prices rise against service
    prices; compare with `service_input_share`. Levels are not comparable between basic and
    purchasers' prices. On a national table the complete coefficient of total flows takes imports
    to be made as at home. With ``grouping="ict"`` it is the ICT intensity of production, the
    carrier of convergence, direct or complete.

    Source: Miller & Blair (2009), Input-Output Analysis, 2nd ed., ch. 2.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> services = Grouping.custom("services", {"services": ("G",)})
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups={"services": services})
    >>> service_input_coefficient(table).values.round(3).tolist()
    [0.2, 0.05]
    >>> service_input_coefficient(table, total=True).values.round(3).tolist()
    [0.264, 0.122]
    """
    groups, S = table.weights(grouping)
    if total:
        per_unit, residual = _chain_inputs(table, S, origin)
    else:
        per_unit, residual = S @ table.coefficients(origin), 0.0
    return ratio(table, per_unit * table.x, table.x, by=by, groups=groups, residual=residual)


@measure(
    title="Share of services in intermediate inputs",
    title_with="Share in intermediate inputs: {grouping}",
    question="What part of what an industry buys from others is service?",
    unit="share",
    low=0.0,
    high=1.0,
    formula="q_j = sum_{i in S} z_ij / sum_i z_ij; complete: the same of (L - I)",
    identity="the shares of services and of all other inputs add up to 1",
    source="Miller & Blair (2009), ch. 2, as shares of the column of intermediate inputs",
    needs=("services",),
)
def service_input_share(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Origin = "total",
    total: bool = False,
    by: str = "industry",
) -> Result:
    """Share of service groups in an industry's intermediate inputs, its input ratio.

    ``q_j = sum_{i in S} z_ij / sum_i z_ij``; the denominator holds all intermediate inputs, home
    and imported, whatever `origin`, so that domestic and imported shares add up to the total one.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Grouping whose groups are the inputs S: services, or any other such as ``ict``.
    origin : {'total', 'domestic', 'imported'}
        Inputs that count in the numerator.
    total : bool
        Shares of the complete inputs ``sum_{i in S} (L - I)_ij / sum_i (L - I)_ij`` (dependence on
        services along the chain) instead of the direct ones.
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
    nothing. It does not see services produced in-house, and prices of services against goods
    move it as well as quantities. `convergence_rate` is the same share with a mutual variant.

    Source: Miller & Blair (2009), Input-Output Analysis, 2nd ed., ch. 2.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> services = Grouping.custom("services", {"services": ("G",)})
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups={"services": services})
    >>> service_input_share(table).values.round(4).tolist()
    [0.5714, 0.1667]
    >>> service_input_share(table, total=True).values.round(4).tolist()
    [0.5096, 0.2701]
    """
    groups, S = table.weights(grouping)
    reason = "no intermediate inputs"
    if total:
        top, first = _chain_inputs(table, S, origin)
        all_inputs, second = _chain_inputs(table, np.ones((1, len(table))), "total")
        return ratio(
            table,
            living(table, top * table.x),
            living(table, all_inputs[0] * table.x),
            by=by,
            groups=groups,
            reason=reason,
            residual=max(first, second),
        )
    bought = living(table, table.flows("total").sum(axis=0))
    return ratio(
        table,
        living(table, S @ table.flows(origin)),
        bought,
        by=by,
        groups=groups,
        reason=reason,
        residual=_partition_gap(table, S, bought),
    )


def _chain_inputs(table: IOTable, rows: Array, origin: Origin) -> tuple[Array, float]:
    """``R (L - I)``: inputs of each kind at every earlier stage, per unit of output."""
    chain, residual = embodied(table, rows, origin)
    return chain if origin == "imported" else chain - rows, residual


def _partition_gap(table: IOTable, S: Array, bought: Array) -> float:
    """Error of: inputs from the groups and from the rest, home and imported, are all inputs."""
    rest = 1.0 - S.sum(axis=0)
    origins: tuple[Origin, ...] = ("domestic", "imported") if table.has_split else ("total",)
    parts = sum((np.vstack([S, rest]) @ table.flows(o) for o in origins), np.zeros(1))
    return relative_gap(living(table, parts.sum(axis=0)), bought)
