"""Which industries are the hubs that the others lean on."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio import algebra
from servio.errors import UsageError
from servio.measure._chains import chains
from servio.measure._contract import measure
from servio.measure._origin import Flows, balanced
from servio.measure._result import Array, Result, by_industry
from servio.table import IOTable, Note

__all__ = ["network_position"]

Form = Literal["out_strength", "in_strength", "influence", "pagerank", "betweenness"]


@measure(
    title="Position in the network of industries",
    question="Is an industry a hub that others lean on?",
    unit="ratio",
    low=0.0,
    formula="out_strength sum_j a_ij; in_strength sum_i a_ij; influence (alpha/n)(I - (1 - alpha) "
    "W)^-1 1; pagerank the same with damping .85; betweenness of links a_ij > threshold",
    identity="influence and pagerank add up to 1 in an economy whose industries all buy inputs",
    source="Acemoglu et al. (2012); Brin & Page (1998); Freeman (1977); Brandes (2001); methods D4",
)
def network_position(
    table: IOTable,
    *,
    form: Form = "influence",
    origin: Flows = "balance",
    threshold: float = 0.01,
) -> Result:
    """Weight of an industry in the network of input coefficients, by five standard definitions.

    out_strength: what all industries buy from it per unit of their output (weighted outdegree).
    in_strength: what it buys. influence: the part of a shock to it that reaches total output
    through its users, every industry weighing the same in final demand, alpha the economy's share
    of primary inputs. pagerank: where a walk from users to suppliers spends its time.
    betweenness: the shortest chains of links above the threshold that run through it.

    Parameters
    ----------
    table : IOTable
    form : {'out_strength', 'in_strength', 'influence', 'pagerank', 'betweenness'}
        Which of the five.
    origin : {'balance', 'total', 'domestic'}
        Flows that are links: those that balance the table's rows; all; domestic.
    threshold : float
        Coefficient above which there is a link; only betweenness uses it.

    Returns
    -------
    Measure
        Currency per currency of output (strengths), share of the economy (influence, pagerank) or
        of the pairs of other industries (betweenness); one row an industry.

    Raises
    ------
    InputError
        The origin asked for is not in the table.
    UsageError
        A threshold that is negative or no number.

    Notes
    -----
    Identity: influence and pagerank add up to 1; pagerank always. All but betweenness depend on
    how finely industries are split; industries without output are not in the network. Negative
    flows are no links: they are left out and named in the notes. With domestic flows of a world
    table each country is a network of its own.

    Source: Acemoglu, Carvalho, Ozdaglar & Tahbaz-Salehi (2012), Econometrica 80 (not re-read);
    Brin & Page (1998); Freeman (1977); Brandes (2001).

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> network_position(table).values.round(4).tolist()
    [0.5368, 0.4632]
    >>> network_position(table, form="out_strength").values.round(4).tolist()
    [0.4, 0.25]
    """
    if not threshold >= 0:
        raise UsageError("network_position threshold", found=str(threshold),
                         expected="a number of at least 0",
                         remedy="Give a coefficient such as 0.01.")  # fmt: skip
    found = np.zeros(len(table))
    negative = False
    for chain in chains(table, balanced(table, origin)):
        at = chain.at[table.live[chain.at]]
        if not len(at):
            continue
        inside = np.ix_(table.live[chain.at], table.live[chain.at])
        A = chain.leontief.A[inside]
        negative = negative or bool(A.min() < 0)
        alpha = 1.0 - float(A.sum(axis=0) @ table.x[at]) / float(table.x[at].sum())
        found[at] = _position(np.maximum(A, 0.0), form, alpha, threshold)
    notes = (Note("negative-links", "negative flows count as no link"),) if negative else ()
    return by_industry(table, found, notes=notes)


def _position(A: Array, form: Form, alpha: float, threshold: float) -> Array:
    if form == "out_strength":
        return algebra.direct_forward(A)
    if form == "in_strength":
        return algebra.direct_backward(A)
    if form == "influence":
        return algebra.influence_vector(A, alpha)
    if form == "pagerank":
        return algebra.pagerank(A)
    return algebra.betweenness(A, threshold)
