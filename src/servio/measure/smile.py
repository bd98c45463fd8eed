"""Where along a chain value is added: the smile curve and its test."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.errors import LabelError, NumericalError
from servio.measure._chains import Chain, chain_demand, chains, living, relative_gap
from servio.measure._contract import measure
from servio.measure._factor import factor, is_money
from servio.measure._origin import Flows, balanced
from servio.measure._result import Array, Result, by_industry
from servio.table import IOTable, Note

__all__ = ["LEVEL", "smile_curve", "smile_test", "verdict"]

Curve = Literal["distance", "rate", "share"]
Form = Literal["curvature", "p_value"]
FEW = "zero output, or too few earners at different distances"
LEAST = 4
LEVEL = 0.05
DUST = 1e-12


@measure(
    title="Smile curve of a chain",
    question="Who adds value in one chain, how far from its end and at which rate?",
    unit="links",
    formula="distance [L (L - I) y]_i / (L y)_i; rate v_i; share v_i (L y)_i / v'L y, y the "
    "final products of the chain",
    identity="(I - A) L y = y; shares of all earners add up to 1",
    source="Meng, Ye & Wei (2020); Lind & Mehlum (2010); methods D2",
    needs=("value_added",),
)
def smile_curve(
    table: IOTable,
    *,
    form: Curve = "distance",
    chain: str = "manufacturing",
    producer: str = "",
    of: str = "value_added",
    origin: Flows = "balance",
) -> Result:
    """Where everybody who works for a chain stands in it, at which rate and with which share.

    With y the final products of the chain and ``L y`` the output of industry i for them,
    distance is ``[L (L - I) y]_i / (L y)_i``: links between the industry and the end of the
    chain, 0 for the last stage, a mean weighted with what passes. rate is its value added per
    unit of output, share the part it earns of all that the chain's earners get. In a smile the
    rate is high at both ends.

    Parameters
    ----------
    table : IOTable
    form : {'distance', 'rate', 'share'}
        Across, up, and the size of the bubble.
    chain : str
        Label of one final product, such as ``KOR_c14``, or a grouping: all its groups, weighted
        with their final demand.
    producer : str
        Country in which the final stage lies; all when empty.
    of : str
        ``value_added``, a primary input, or a satellite of the table such as hours.
    origin : {'balance', 'total', 'domestic'}
        Flows the chain follows.

    Returns
    -------
    Measure
        Links, ratio (rate; of a satellite its unit per money) or share; one row an earner. The
        note of the distances is the test of Lind and Mehlum.

    Raises
    ------
    LabelError
        No such product, grouping or country, a product without output, or nothing of the name
        `of`.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: shares add up to 1; the residual is the error of ``L y``. National tables show the
    earners at home only. Distances are undefined for industries that the chain does not use. The
    test fits ``ln rate = a + b d + c d^2`` over earners with a positive rate, weighted with their
    shares; earners of one chain are not independent of each other, so a small p value says that the
    curve bends, not why. In basic prices the trade that sells the product to its user is a final
    product of its own: the right arm of the smile, sales and after-sales services, is not in a
    product's chain. No published figure can be checked with the tables at hand.

    Source: Meng, Ye & Wei (2020), Measuring smile curves in global value chains, Oxford Bulletin of
    Economics and Statistics 82; Lind & Mehlum (2010), same journal 72 (neither re-read).

    Examples
    --------
    >>> table = IOTable.from_flows(
    ...     [[0, 40, 0, 0], [0, 0, 50, 0], [0, 0, 0, 60], [0, 0, 0, 0]],
    ...     Y=[[0], [0], [0], [100]], codes=("design", "parts", "assembly", "sales"))
    >>> smile_curve(table, chain="sales").values.round(2).tolist()
    [3.0, 2.0, 1.0, 0.0]
    >>> smile_curve(table, chain="sales", form="rate").values.round(2).tolist()
    [1.0, 0.2, 0.17, 0.4]
    >>> smile_curve(table, chain="sales", form="share").values.round(2).tolist()
    [0.4, 0.1, 0.1, 0.4]
    """
    rate = _rates(table, of)
    output, links, gap = _along(table, _mix(table, chain, producer), balanced(table, origin))
    if form == "rate":
        return replace(by_industry(table, rate, residual=gap), unit=_rate_unit(table, of))
    earned = rate * output
    if form == "share":
        whole = float(earned.sum()) or np.nan
        return replace(by_industry(table, earned / whole, residual=gap), unit="share")
    used = table.live & (output > DUST)
    distance = np.divide(links, output, out=np.full(len(table), np.nan), where=used)
    test = _fitted(*_shown(rate, earned, distance))
    notes = () if test is None else (Note("smile-test", verdict(test, "links")),)
    return by_industry(
        table, distance, undefined=~used, reason="zero output, or not in the chain",
        residual=gap, notes=notes,
    )  # fmt: skip


def _along(
    table: IOTable, demand: Array, origin: Literal["total", "domestic", "imported"]
) -> tuple[Array, Array, float]:
    """Output (n,) that final products need, the same times its links to the end, the error."""
    output, links, gap = np.zeros(len(table)), np.zeros(len(table)), 0.0
    for one in chains(table, origin):
        y, leontief = demand[one.at], one.leontief
        made = leontief.solve(y)
        output[one.at], links[one.at] = made, leontief.solve(made) - made
        gap = max(gap, relative_gap(made - leontief.A @ made, y))
    return output, links, gap


def _mix(table: IOTable, chain: str, producer: str) -> Array:
    """One unit of the chain's final products (n,)."""
    labels, demand = table.axis.labels, chain_demand(table, chain, producer)
    if chain in labels:
        demand = np.where(np.array(labels) == chain, table.live, 0.0)
    whole = float(demand.sum())
    if not whole > 0:
        raise LabelError(
            f"{table.info.name} chain {chain!r}",
            found="no output, or no final demand for it",
            expected=f"a product with output, such as {labels[int(np.argmax(table.x))]}",
            remedy="Choose another chain.",
        )
    return demand / whole


def _rate_unit(table: IOTable, of: str) -> str:
    if is_money(table, of):
        return "ratio"
    return f"{table.satellites[of].unit} per {table.info.money or 'currency'}"


def verdict(test: algebra.UShape, unit: str) -> str:
    """What the test of a U shape says of a curve, in words."""
    level = "below 0.001" if test.p_value < 0.001 else f"{test.p_value:.3f}"
    if test.p_value < LEVEL:
        return f"a smile, lowest at {test.vertex:.2f} {unit} (U test: p {level})"
    if test.quadratic > 0:
        return f"the curve bends upward, but it is no smile at the 5 % level (U test: p {level})"
    return f"no smile, the curve does not bend upward (U test: p {level})"


@measure(
    title="Test of a smile curve",
    question="Is value added per output higher at both ends of a chain than in its middle?",
    unit="ratio",
    formula="ln v_i = a + b d_ij + c d_ij^2 over earners i weighted with v_i l_ij; "
    "d_ij = [L (L - I)]_ij / l_ij",
    identity="L (I - A) = I, from which distances and shares follow",
    source="Meng, Ye & Wei (2020); Lind & Mehlum (2010); methods D2",
    needs=("value_added",),
)
def smile_test(
    table: IOTable,
    *,
    form: Form = "curvature",
    of: str = "value_added",
    origin: Flows = "balance",
) -> Result:
    """Curvature of the smile of each product's chain, or the p value of its test.

    Industries that earn in the chain of product j stand at their distance from its end. curvature
    is c in ``ln v_i = a + b d + c d^2``, weighted with the shares ``v_i l_ij``: positive for a
    smile. p_value is that of Lind and Mehlum's test that the rate falls at the end of the chain
    and rises at its beginning, so that the lowest point lies between.

    Parameters
    ----------
    table : IOTable
    form : {'curvature', 'p_value'}
        Which of the two.
    of : str
        ``value_added``, a primary input or a satellite of the table.
    origin : {'balance', 'total', 'domestic'}
        Flows the chain follows.

    Returns
    -------
    Measure
        Change of the log rate per link squared, or a probability; one row a final product.

    Raises
    ------
    LabelError
        Nothing of the name `of`.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: the residual is the error of L. Earners with a rate that is not positive are left
    out of the fit. A positive curvature without a small p value is no smile: the curve may only
    fall or only rise. One chain's curve with its points is `smile_curve`. No published figure can
    be checked with the tables at hand.

    Source: Meng, Ye & Wei (2020), Oxford Bulletin of Economics and Statistics 82; Lind & Mehlum
    (2010), same journal 72 (neither re-read).

    Examples
    --------
    >>> table = IOTable.from_flows(
    ...     [[0, 40, 0, 0], [0, 0, 50, 0], [0, 0, 0, 60], [0, 0, 0, 0]],
    ...     Y=[[0], [0], [0], [100]], codes=("design", "parts", "assembly", "sales"))
    >>> smile_test(table).value(industry="sales").__round__(3)
    0.621
    """
    rates = _rates(table, of)
    found, gap = np.full(len(table), np.nan), 0.0
    for chain in chains(table, balanced(table, origin)):
        found[chain.at] = _each(chain, rates[chain.at], table.live[chain.at], form)
        ones = np.ones(len(chain.at))
        inverse = chain.leontief.inverse
        gap = max(gap, relative_gap((ones - ones @ chain.leontief.A) @ inverse, ones))
    return by_industry(table, found, undefined=np.isnan(found), reason=FEW, residual=gap)


def _rates(table: IOTable, of: str) -> Array:
    """Amounts per unit of output (n,), zero where there is none."""
    amounts = living(table, factor(table, of))
    found: Array = algebra.value_coefficients(amounts[None, :], table.x)[0]
    return found


def _each(chain: Chain, rate: Array, live: npt.NDArray[np.bool_], form: Form) -> Array:
    """The answer for each final product of a chain, NaN where there is none."""
    inverse = chain.leontief.inverse
    steps = inverse @ inverse - inverse
    found = np.full(len(live), np.nan)
    for j in np.flatnonzero(live):
        output = inverse[:, j]
        distance = np.divide(steps[:, j], output, out=np.zeros(len(rate)), where=output > 0)
        test = _fitted(*_shown(rate, rate * output, distance))
        if test is not None:
            found[j] = test.quadratic if form == "curvature" else test.p_value
    return found


def _shown(rate: Array, earned: Array, distance: Array) -> tuple[Array, Array, Array]:
    """Distance, rate and weight of those who earn something at a positive rate."""
    shown = (rate > 0) & (earned > DUST)
    return distance[shown], rate[shown], earned[shown]


def _fitted(distance: Array, rate: Array, share: Array) -> algebra.UShape | None:
    if len(rate) < LEAST:
        return None
    try:
        return algebra.lind_mehlum(distance, np.log(rate), share)
    except NumericalError:
        return None
