"""Extraction of the sales of one country to another."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.errors import UsageError
from servio.measure._chains import value_added_rows
from servio.measure._contract import measure
from servio.measure._countries import rows
from servio.measure._result import Array, Result
from servio.measure.extraction import Scope, where_lost
from servio.table import IOTable

__all__ = ["bilateral_extraction_loss"]

Of = Literal["output", "value_added"]
Mask = npt.NDArray[np.bool_]


@measure(
    title="Loss without sales to a country",
    question="What would a country lose if its services sold nothing more to another's industries?",
    unit="share",
    formula="(L_.P (I + A_PU L_UP)^-1 A_PU x_U)_r over the country's sum; P of country r, U of s",
    identity="equal to output solved again without the block; world = own + abroad",
    source="Dietzenbacher & Lahr (2013); Miller & Blair (2009), section 12.2.6; methods G2",
    needs=("world", "services", "manufacturing"),
)
def bilateral_extraction_loss(
    table: IOTable,
    *,
    grouping: str = "services",
    users: str = "manufacturing",
    of: Of = "value_added",
    scope: Scope = "own",
) -> Result:
    """Part of a country's value added that goes with its sales of inputs to one other country.

    The suppliers P of a country sell nothing more to the users U of the partner, all other links
    stay: the block ``A_PU`` of a pair of countries is taken out. With the defaults the link from
    services to manufacturing; with ``economy`` for both, all inputs a country sells to another.

    Parameters
    ----------
    table : IOTable
        A world table.
    grouping : str
        Suppliers: a grouping, all its groups together, or ``economy`` for all industries.
    users : str
        Users: likewise.
    of : {'value_added', 'output'}
        What is lost, and whose sum in the supplying country it is a share of.
    scope : {'own', 'world', 'abroad'}
        Where it is lost: in the supplying country, in all countries, or in all others, which
        supply the suppliers. Each is a share of the same sum.

    Returns
    -------
    Measure
        Share of the supplying country's sum, one row a country and ``partner`` that uses the
        inputs; the country itself is a partner too, for the link at home.

    Raises
    ------
    InputError
        The table is national, or has no value added.
    LabelError
        The table's classification does not know a grouping.
    UsageError
        A grouping with industries that are only partly inside.

    Notes
    -----
    Identity: equal to output solved again without the block; the residual is the error of those
    equations for the largest loss. ``world`` is ``own`` plus ``abroad``. Losses count what comes
    back through other countries, and are not additive over partners: taken out together they lose
    less. Final sales stay, and the users go on producing with inputs from outside at no cost: what
    the partner would lose for want of them is not in it.
    No published figure is known to us.

    Source: Dietzenbacher & Lahr (2013), Economic Systems Research 25; Miller & Blair (2009),
    Input-Output Analysis, 2nd ed., section 12.2.6.

    Examples
    --------
    >>> table = IOTable.from_flows([[1, 2], [2, 1]], Y=[[7, 1], [0, 6]], codes=("C",),
    ...                            countries=("AAA", "BBB"))
    >>> found = bilateral_extraction_loss(table, grouping="economy", users="economy")
    >>> found.value(country="AAA", partner="BBB").__round__(4)
    0.2
    """
    out = rows(table, "economy", "")
    countries = out.shape.countries
    sold, bought = _chosen(table, grouping), _chosen(table, users)
    v = np.ones(len(table)) if of == "output" else _value_added(table)
    places = [table.axis.positions(country) for country in countries]
    found, worst = np.zeros((len(countries), len(countries))), (0, 0)
    largest = np.zeros(len(table))
    for r, home in enumerate(places):
        losses = algebra.block_set_extraction_losses(
            table.leontief("total"), table.x, home[sold[home]], [at[bought[at]] for at in places]
        )
        whole = float(v[home] @ table.x[home])
        counted = where_lost(_inside(table, countries[r]), scope)
        found[r] = v[counted] @ losses[counted] / whole if whole else np.nan
        s = int(losses.sum(axis=0).argmax())
        if losses[:, s].sum() > largest.sum():
            largest, worst = losses[:, s], (r, s)
    block = np.outer(_inside(table, countries[worst[0]]) & sold,
                     _inside(table, countries[worst[1]]) & bought)  # fmt: skip
    return out.result({"": found}, own=True, residual=_gap(table, largest, block))


def _value_added(table: IOTable) -> Array:
    rate: Array = value_added_rows(table, np.ones((1, len(table))))[0]
    return rate


def _chosen(table: IOTable, grouping: str) -> Mask:
    weights = table.weights(grouping)[1].sum(axis=0)
    if not np.isin(weights, (0.0, 1.0)).all():
        raise UsageError(
            f"bilateral_extraction_loss {grouping}",
            found="industries that are only partly inside a group",
            expected="groups of whole industries that share none",
            remedy="Use a grouping such as services or manufacturing.",
        )
    chosen: Mask = weights == 1.0
    return chosen


def _inside(table: IOTable, country: str) -> Mask:
    inside = np.zeros(len(table), dtype=np.bool_)
    inside[table.axis.positions(country)] = True
    return inside


def _gap(table: IOTable, loss: Array, block: Mask) -> float:
    """Error of the equations without the block, relative to the largest output."""
    A = table.leontief("total").A
    error = loss - A @ loss - np.where(block, A, 0.0) @ (table.x - loss)
    scale = float(np.abs(table.x).max(initial=0.0))
    return float(np.abs(error).max(initial=0.0)) / scale if scale > 0 else 0.0
