"""Strategic links: which supplies carry value and cannot be replaced."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio.measure._chains import Chain, chains, living, relative_gap, value_added_rows
from servio.measure._contract import measure
from servio.measure._origin import Flows, balanced
from servio.measure._result import Array, Result
from servio.measure._spread import parts
from servio.table import IOTable

__all__ = ["strategic_links"]

Form = Literal["strength", "loss", "concentration"]


@measure(
    title="Strategic links",
    question="Which links between services and industries carry value and cannot be replaced?",
    unit="share",
    low=0.0,
    formula="loss x concentration; loss m' P_.j x_j / (1 + (L P)_jj) over v'x, P the rows S of A, "
    "m = L'v; concentration sum_i (z_ij / sum_i z_ij)^2 over suppliers i in S",
    identity="m (I - A) = v; loss equals value added solved again without the link",
    source="Dietzenbacher & Lahr (2013) for the loss; Herfindahl (1950); document 001, section 3.2",
    needs=("services", "value_added"),
)
def strategic_links(
    table: IOTable,
    *,
    form: Form = "strength",
    grouping: str = "services",
    origin: Flows = "balance",
) -> Result:
    """Loss of value added if services stop selling to an industry, times how few sell them.

    loss: the part of all value added that goes when the services of a group sell nothing more to
    industry j, all else kept (extraction of a block). concentration: the Herfindahl index over the
    suppliers, industries and countries, of the group's services to j: 1 if there is one, near 0 if
    there are many that could take its place. strength is their product.

    Parameters
    ----------
    table : IOTable
    form : {'strength', 'loss', 'concentration'}
        The product or one of its factors.
    grouping : str
        Groups S of supplying services, such as ``kiet``, ``porter`` or ``chain_level``.
    origin : {'balance', 'total', 'domestic'}
        Flows the loss follows: those that balance the table's rows; all; domestic.

    Returns
    -------
    Measure
        Share of the value added of all industries of the table (strength, loss) or of the
        economy for domestic flows; index between 0 and 1 (concentration). One row a using
        industry and group.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The table has no value added.

    Notes
    -----
    Identity: the loss equals value added solved again without the link. Losses of links are not
    additive, each is taken out alone. Inputs that are lost are replaced from outside the economy
    at no cost to it: the loss is that of the suppliers and theirs, not of the user. Industries
    are suppliers here, not firms: a national table shows few of them (imports of a product count
    as one supplier more), so concentration compares within a table, not between tables. Undefined
    where nothing of the group is bought. No published figure is known to us.

    Source: Dietzenbacher & Lahr (2013), Economic Systems Research 25; the product is ours, after
    document 001, section 3.2.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> strategic_links(table).values.round(4).tolist()
    [0.0915, 0.0462]
    >>> strategic_links(table, form="concentration").values.tolist()
    [1.0, 1.0]
    """
    groups, S = table.weights(grouping)
    lost, gap = _loss(table, S, balanced(table, origin))
    focused = _concentration(table, S)
    found = {"strength": lost * focused, "loss": lost, "concentration": focused}[form]
    return parts(
        table,
        np.where(table.live & ~np.isnan(focused), found, np.nan),
        groups,
        kind="group",
        reason="zero output, or nothing of this group is bought",
        residual=gap,
    )


def _loss(table: IOTable, S: Array, origin: Literal["total", "domestic", "imported"]
          ) -> tuple[Array, float]:  # fmt: skip
    """Share of value added lost with each link (g, n) and the error of the multipliers."""
    v = value_added_rows(table, np.ones((1, len(table))))
    lost, gap = np.zeros(S.shape), 0.0
    for chain in chains(table, origin):
        own = np.ascontiguousarray(v[:, chain.at])
        m = chain.leontief.solve_transposed(own.T).T
        gap = max(gap, relative_gap(m - m @ chain.leontief.A, own))
        whole = float(own[0] @ table.x[chain.at])
        flows = _lost(chain, m[0], S[:, chain.at]) * table.x[chain.at]
        lost[:, chain.at] = flows / whole if whole else np.nan
    return lost, gap


def _lost(chain: Chain, m: Array, S: Array) -> Array:
    """Value added lost with each link, per unit of the user's output, (g, k)."""
    A = chain.leontief.A
    back = chain.leontief.inverse.T * A
    return np.asarray(((S * m) @ A) / (1.0 + S @ back))


def _concentration(table: IOTable, S: Array) -> Array:
    """Herfindahl index over the suppliers of each group to each user (g, n); NaN without any."""
    flows = [table.Z] if table.Zm is None else [table.Z, table.Zm]
    bought = [living(table, np.abs(one)) for one in flows]
    whole = sum((S @ one for one in bought), np.zeros(S.shape))
    squares = sum(((S**2) @ one**2 for one in bought), np.zeros(S.shape))
    found: Array = np.full(S.shape, np.nan)
    return np.divide(squares, whole**2, out=found, where=whole > 0)
