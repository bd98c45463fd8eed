"""Services of a chain by level and by Porter's five inputs."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio.errors import LabelError
from servio.measure._chains import final_demand, living, relative_gap, value_added_rows
from servio.measure._contract import measure
from servio.measure._result import Array, Result, ratio
from servio.measure._spread import shares
from servio.measure.inducement import Weights
from servio.measure.value_content import _content
from servio.table import IOTable

__all__ = ["service_hierarchy", "service_profile"]

Of = Literal["value_added", "inputs"]
LEVELS = {"high": 3.0, "middle": 2.0, "low": 1.0}
NOTHING = "none of these services"


@measure(
    title="Profile of the services in a chain",
    question="At which levels of the chain, or for which of Porter's inputs, do its services work?",
    unit="share",
    formula="t_kj / sum_k t_kj, t_kj = sum_{i in k} v_i l_ij (value added) or sum_{i in k} z_ij",
    identity="the groups add up to 1",
    source="document 001, sections 3.2 (Porter's inputs) and 4.1 (levels)",
    needs=("chain_level", "value_added"),
)
def service_profile(
    table: IOTable,
    *,
    grouping: str = "chain_level",
    of: Of = "value_added",
    weights: Weights = "final_demand",
    by: str = "industry",
) -> Result:
    """How the services in a chain are spread over levels (high, middle, low) or other groups.

    ``t_kj / sum_k t_kj``: of the value added that all services of the grouping have in the final
    product j, along its whole chain, the part of each group; or the same of the services that
    industry j buys directly.

    Parameters
    ----------
    table : IOTable
    grouping : str
        ``chain_level`` for high, middle and low; ``porter`` for what to make, how to make it,
        process co-operation, other beneficial services and distribution; or any other.
    of : {'value_added', 'inputs'}
        Value added along the chain, or direct inputs.
    weights : {'final_demand', 'output'}
        How the products of a group are weighted, for value added; inputs are added up.
    by : str
        ``industry``, ``economy`` or a grouping of the chains.

    Returns
    -------
    Measure
        Share of the listed services, one row an industry and group.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The table has no value added, for value added.

    Notes
    -----
    Identity: the groups add up to 1, the residual; nothing is counted twice where the groups share
    no industry. Services that no group lists are left out, so a profile says nothing about size:
    see `service_content` with the same grouping. Services inside manufacturers are not seen;
    national tables follow domestic chains. Coarse tables split codes between groups by shares that
    the result's notes name. No published figure is known to us: levels are the document's own.

    Source: document 001, sections 3.2 and 4.1; Porter (1998) as it reports him. Content as Los,
    Timmer & de Vries (2015), Journal of Regional Science 55.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> levels = Grouping.custom("chain_level", {"high": ("R",), "low": ("T",)})
    >>> table = IOTable.from_flows([[100, 0, 0], [30, 0, 0], [90, 0, 0]], x=[400, 40, 120],
    ...                            codes=("C", "R", "T"), groups={"chain_level": levels})
    >>> service_profile(table).value(industry="C", group="high").__round__(4)
    0.25
    """
    groups, flows, gap = _services(table, grouping, of, weights if by != "industry" else "output")
    whole = np.broadcast_to(flows.sum(axis=0), flows.shape)
    return shares(table, flows, whole, groups, by=by, reason=NOTHING, residual=gap)


@measure(
    title="Level of the services in a chain",
    question="How high in the hierarchy are the services that a chain uses?",
    unit="level",
    formula="sum_k level_k t_kj / sum_k t_kj with high 3, middle 2, low 1",
    identity="between 1 and 3 where no value added is negative",
    source="document 001, section 4.1",
    needs=("chain_level", "value_added"),
)
def service_hierarchy(
    table: IOTable,
    *,
    of: Of = "value_added",
    weights: Weights = "final_demand",
    by: str = "industry",
) -> Result:
    """Mean level of the services in a chain: 3 all high, 2 middle, 1 all low.

    ``sum_k level_k t_kj / sum_k t_kj`` over the groups of ``chain_level``. Its rise from year to
    year is the upgrading of the hierarchy.

    Parameters
    ----------
    table : IOTable
    of : {'value_added', 'inputs'}
        Value added of services along the chain, or services bought directly.
    weights : {'final_demand', 'output'}
        How the products of a group are weighted, for value added; inputs are added up.
    by : str
        ``industry``, ``economy`` or a grouping of the chains.

    Returns
    -------
    Measure
        Mean level, one row an industry.

    Raises
    ------
    LabelError
        The table has no grouping ``chain_level``, or it names no level.
    InputError
        The table has no value added, for value added.

    Notes
    -----
    Identity: the mean of `service_profile` with levels as numbers. Distances between levels are
    taken as equal, which nothing proves; compare the shares themselves. Prices of high services
    that rise faster look like upgrading.

    Source: document 001, section 4.1; the numbers 1 to 3 are ours.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> levels = Grouping.custom("chain_level", {"high": ("R",), "low": ("T",)})
    >>> table = IOTable.from_flows([[100, 0, 0], [30, 0, 0], [90, 0, 0]], x=[400, 40, 120],
    ...                            codes=("C", "R", "T"), groups={"chain_level": levels})
    >>> service_hierarchy(table).value(industry="C").__round__(4)
    1.5
    """
    weight = weights if by != "industry" else "output"
    groups, flows, gap = _services(table, "chain_level", of, weight)
    levels = np.array([_level(table, name) for name in groups])
    return ratio(table, levels @ flows, flows.sum(axis=0), by=by, reason=NOTHING, residual=gap)


def _level(table: IOTable, name: str) -> float:
    if name in LEVELS:
        return LEVELS[name]
    raise LabelError(
        f"{table.info.name} grouping chain_level, group {name!r}",
        found="no level of this name",
        expected=f"groups among {', '.join(LEVELS)}",
        remedy="Name the groups of the table's own grouping so.",
    )


def _services(
    table: IOTable, grouping: str, of: Of, weights: Weights
) -> tuple[tuple[str, ...], Array, float]:
    """Groups, what they give to each industry or product in flows (g, n), and the error."""
    groups, S = table.weights(grouping)
    if of == "inputs":
        bought = S @ table.flows("total")
        whole = S.sum(axis=0) @ table.flows("total")
        return groups, living(table, bought), relative_gap(bought.sum(axis=0), whole)
    content, gap = _content(table, value_added_rows(table, S), "total")
    size = table.x if weights == "output" else final_demand(table)
    return groups, living(table, content * size), gap
