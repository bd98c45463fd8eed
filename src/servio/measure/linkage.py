"""How strongly an industry pulls on its suppliers and feeds its users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.measure._chains import Chain, chains, embodied, relative_gap
from servio.measure._contract import measure
from servio.measure._origin import Flows, averaged, balanced
from servio.measure._result import Array, Result, by_industry
from servio.table import IOTable, Note, Origin

__all__ = ["backward_linkage", "forward_linkage", "key_sector"]

Form = Literal["total", "direct", "normalised", "variation"]
Model = Literal["ghosh", "leontief"]
Mask = npt.NDArray[np.bool_]

ROUNDING = 1e-12
ALONE = "zero output, or the only industry of its economy with output"


@measure(
    title="Backward linkage",
    question="How strongly does an industry pull on its suppliers?",
    unit="ratio",
    low=0.0,
    formula="total sum_i l_ij; direct sum_i a_ij; normalised n sum_i l_ij / sum_ij l_ij; "
    "variation sd_i(l_ij) / mean_i(l_ij)",
    identity="b (I - A) = 1'; normalised ones are 1 on average",
    source="Rasmussen (1956); Eurostat (2008) Manual, ch. 15; Miller & Blair (2009), section 12.2",
)
def backward_linkage(
    table: IOTable,
    *,
    form: Form = "total",
    origin: Flows = "balance",
    by: str = "industry",
) -> Result:
    """Pull of an industry on all others through what it buys.

    total ``sum_i l_ij``, the output multiplier; direct ``sum_i a_ij``; normalised
    ``n sum_i l_ij / sum_ij l_ij``, Rasmussen's power of dispersion; variation
    ``sd_i(l_ij) / mean_i(l_ij)`` with n - 1, low where the pull is spread evenly.

    Parameters
    ----------
    table : IOTable
    form : {'total', 'direct', 'normalised', 'variation'}
        Which of the four.
    origin : {'balance', 'total', 'domestic'}
        Flows the chain follows: those that balance the table's rows (domestic of a national
        table that sets imports apart, else all); all, as if imports were made at home; domestic.
        On a world table ``domestic`` takes each country as an economy of its own.
    by : str
        ``industry``, ``economy`` or a grouping; groups are means weighted with output.

    Returns
    -------
    Measure
        Currency of output per currency of final demand (total) or of output (direct);
        dimensionless, 1 on average over the economy's industries (normalised); dimensionless
        (variation). One row an industry.

    Raises
    ------
    InputError
        The origin asked for is not in the table.
    LabelError
        The table's classification does not know the grouping.

    Notes
    -----
    Identity: the total ones solve ``b (I - A) = 1'``, which is the residual. Domestic linkages
    measure the pull at home, total ones technology. Averages run over industries with output,
    each with the same weight: normalised linkages depend on how finely industries are split.

    Source: Rasmussen (1956), Studies in Inter-Sectoral Relations; Chenery & Watanabe (1958),
    Econometrica 26, for the direct ones; Eurostat (2008), Manual of Supply, Use and Input-Output
    Tables, ch. 15.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> backward_linkage(table).values.round(4).tolist()
    [1.5182, 1.4521]
    >>> backward_linkage(table, form="normalised").values.round(4).tolist()
    [1.0222, 0.9778]
    """
    followed = balanced(table, origin)
    if form == "direct":
        return averaged(table, algebra.direct_backward(table.coefficients(followed)), by=by)
    total, residual = embodied(table, np.ones((1, len(table))), followed)
    if form == "total":
        return averaged(table, total[0], by=by, residual=residual)
    kernel = algebra.power_of_dispersion if form == "normalised" else algebra.variation_backward
    found = _each(table, followed, lambda chain, live: kernel(chain.leontief.inverse, live))
    reason = "zero output" if form == "normalised" else ALONE
    return averaged(table, found, by=by, reason=reason, residual=residual)


@measure(
    title="Forward linkage",
    question="How strongly does an industry feed the industries that use its output?",
    unit="ratio",
    low=0.0,
    formula="ghosh: total sum_j g_ij; direct sum_j b_ij; leontief: sum_j l_ij; sum_j a_ij; "
    "normalised and variation as backward, by rows",
    identity="(I - B) f = 1 (ghosh), (I - A) f = 1 (leontief); normalised ones are 1 on average",
    source="Rasmussen (1956); Jones (1976); Eurostat (2008) Manual, ch. 15; Miller & Blair (2009), "
    "section 12.2",
)
def forward_linkage(
    table: IOTable,
    *,
    form: Form = "total",
    model: Model = "ghosh",
    origin: Flows = "balance",
    by: str = "industry",
) -> Result:
    """Push of an industry on all others through what it sells to them.

    With B the shares of an industry's output that each user buys and ``G = (I - B)^-1``: total
    ``sum_j g_ij``, direct ``sum_j b_ij``, normalised ``n sum_j g_ij / sum_ij g_ij``, variation
    ``sd_j(g_ij) / mean_j(g_ij)`` with n - 1. ``model="leontief"`` puts L and A in the place of G
    and B; its normalised form is Rasmussen's sensitivity of dispersion.

    Parameters
    ----------
    table : IOTable
    form : {'total', 'direct', 'normalised', 'variation'}
        Which of the four.
    model : {'ghosh', 'leontief'}
        Shares of the industry's own output (ghosh), or the older row sums of input coefficients,
        which answer one unit of final demand or output in every industry, large or small.
    origin : {'balance', 'total', 'domestic'}
        As in `backward_linkage`. With ``total`` on a national table imports of a product count as
        sales of the home industry, so that direct shares can exceed 1.
    by : str
        ``industry``, ``economy`` or a grouping; groups are means weighted with output.

    Returns
    -------
    Measure
        Dimensionless, one row an industry: output of all industries that a unit of primary
        inputs of this one enables (ghosh, total); share of output sold to industries (ghosh,
        direct).

    Raises
    ------
    InputError
        The origin asked for is not in the table.
    LabelError
        The table's classification does not know the grouping.

    Notes
    -----
    Identity: totals solve ``(I - B) f = 1`` or ``(I - A) f = 1``, which is the residual. Ghosh
    and Leontief forms rank industries differently: name the one you use. Exports and other final
    uses are where a push ends: what users abroad make of it is seen on world tables alone.

    Source: Jones (1976), Quarterly Journal of Economics 90, for the Ghosh form (not re-read);
    Rasmussen (1956), Studies in Inter-Sectoral Relations; Eurostat (2008), Manual of Supply, Use
    and Input-Output Tables, ch. 15; Miller & Blair (2009), section 12.2.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> forward_linkage(table).values.round(4).tolist()
    [1.9142, 1.2541]
    >>> forward_linkage(table, form="normalised", model="leontief").values.round(4).tolist()
    [1.0667, 0.9333]
    """
    followed = balanced(table, origin)
    notes = _imports_inside(table, followed) if model == "ghosh" else ()
    if form == "direct":
        return averaged(table, _sold(table, followed, model), by=by, notes=notes)
    total = _pushed(table, followed, model)
    residual = _push_gap(table, followed, model, total)
    if form == "total":
        found = total
    elif model == "ghosh":
        found = _each(table, followed, lambda chain, live: _by_ghosh(table, chain, live, form))
    else:
        found = _each(table, followed, lambda chain, live: _by_leontief(chain, live, form))
    reason = ALONE if form == "variation" else "zero output"
    return averaged(table, found, by=by, reason=reason, residual=residual, notes=notes)


@measure(
    title="Key sector class",
    question="Is an industry strongly tied to suppliers, to users, to both or to neither?",
    unit="class",
    low=0.0,
    high=3.0,
    formula="2 (backward > 1) + (forward > 1), both normalised",
    identity="as backward_linkage and forward_linkage, normalised",
    source="Rasmussen (1956); Miller & Blair (2009), section 12.2.4",
)
def key_sector(table: IOTable, *, model: Model = "ghosh", origin: Flows = "balance") -> Result:
    """Class of an industry by its normalised linkages: 3 key, 2 backward, 1 forward, 0 weak.

    ``2 (backward > 1) + (forward > 1)``: 3 where both linkages are above the economy's average,
    2 where only the backward one is (it pulls on others), 1 where only the forward one is (others
    lean on it), 0 where neither is.

    Parameters
    ----------
    table : IOTable
    model : {'ghosh', 'leontief'}
        Forward linkages, as in `forward_linkage`; backward ones are Rasmussen's in both.
    origin : {'balance', 'total', 'domestic'}
        As in `backward_linkage`.

    Returns
    -------
    Measure
        Class 0 to 3, a label and not an amount: don't average it. One row an industry.

    Raises
    ------
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: that of the two linkages; the residual is the larger one. A class says nothing
    about size and changes with the level of aggregation. A linkage within rounding error of the
    average counts as average.

    Source: Rasmussen (1956); Miller & Blair (2009), Input-Output Analysis, 2nd ed., section 12.2.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> key_sector(table).values.tolist()
    [3.0, 0.0]
    """
    backward = backward_linkage(table, form="normalised", origin=origin)
    forward = forward_linkage(table, form="normalised", model=model, origin=origin)
    above = 1.0 + ROUNDING
    classes = 2.0 * (backward.values > above) + 1.0 * (forward.values > above)
    return by_industry(table, classes, residual=max(backward.residual, forward.residual))


def _each(table: IOTable, origin: Origin, answer: Callable[[Chain, Mask], Array]) -> Array:
    """What `answer` gives for each chain, put together (n,); NaN where nothing is live."""
    whole = np.full(len(table), np.nan)
    for chain in chains(table, origin):
        live = table.live[chain.at]
        if live.any():
            whole[chain.at] = answer(chain, live)
    return whole


def _by_leontief(chain: Chain, live: Mask, form: Form) -> Array:
    normalised = form == "normalised"
    kernel = algebra.sensitivity_of_dispersion if normalised else algebra.variation_forward
    return kernel(chain.leontief.inverse, live)


def _by_ghosh(table: IOTable, chain: Chain, live: Mask, form: Form) -> Array:
    G = algebra.ghosh_inverse(chain.leontief.inverse, table.x[chain.at])
    normalised = form == "normalised"
    kernel = algebra.sensitivity_of_dispersion if normalised else algebra.variation_forward
    return kernel(G, live)


def _pushed(table: IOTable, origin: Origin, model: Model) -> Array:
    """Row sums of G or of L over industries with output, shape (n,)."""
    whole = np.empty(len(table))
    for chain in chains(table, origin):
        if model == "ghosh":
            whole[chain.at] = algebra.ghosh_row_sums(chain.leontief, table.x[chain.at])
        else:
            whole[chain.at] = chain.leontief.solve(table.live[chain.at].astype(np.float64))
    return whole


def _sold(table: IOTable, origin: Origin, model: Model) -> Array:
    """Row sums of B or of A, shape (n,)."""
    if model == "leontief":
        return algebra.direct_forward(table.coefficients(origin))
    sold = np.where(table.live, table.flows(origin).sum(axis=1), 0.0)
    shares: Array = algebra.value_coefficients(sold[None], table.x)[0]
    return shares


def _push_gap(table: IOTable, origin: Origin, model: Model, total: Array) -> float:
    live = table.live
    if model == "ghosh":
        onward = algebra.value_coefficients(
            np.where(live, table.flows(origin) @ np.where(live, total, 0.0), 0.0)[None], table.x
        )[0]
    else:
        onward = table.coefficients(origin) @ np.where(live, total, 0.0)
    return relative_gap((total - onward)[live], np.ones(int(live.sum())))


def _imports_inside(table: IOTable, origin: Origin) -> tuple[Note, ...]:
    if table.axis.is_world or origin == "domestic" or not table.has_split:
        return ()
    return (Note("imports-as-sales", "imports of a product count as sales of the home industry"),)
