"""Where along a chain value is added: the smile curve and its test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.errors import InputError, LabelError, NumericalError
from servio.measure._chains import Chain, chains, living, relative_gap
from servio.measure._contract import measure
from servio.measure._factor import factor
from servio.measure._origin import Flows, balanced
from servio.measure._result import Array, Result, by_industry
from servio.table import IOTable

if TYPE_CHECKING:
    import pandas

__all__ = ["SmileCurve", "smile_curve", "smile_test"]

Form = Literal["curvature", "p_value"]
FEW = "zero output, or too few earners at different distances"
LEAST = 4
DUST = 1e-12


@dataclass(frozen=True, eq=False)
class SmileCurve:
    """Who earns in one chain, how far from its end and at which rate.

    Parameters
    ----------
    product : str
        Label of the final product.
    labels : tuple of str
        Earners, largest part first.
    distance : array (k,)
        Links between the earner and the end of the chain, 0 for the final producer's own stage.
    rate : array (k,)
        Value added per unit of output.
    share : array (k,)
        Part of the product's value that is earned there.
    covered : float
        Sum of the shares shown.
    test : UShape
        Test of a U shape of ``ln rate`` on distance.
    source : str
        Name of the table.
    """

    product: str
    labels: tuple[str, ...]
    distance: Array
    rate: Array
    share: Array
    covered: float
    test: algebra.UShape
    source: str

    @property
    def smiles(self) -> bool:
        """A U shape with its lowest point inside the chain, at the 5 % level."""
        return self.test.p_value < 0.05

    def to_frame(self) -> pandas.DataFrame:
        """One row an earner, with the fitted rate."""
        import pandas

        t = self.test
        fitted = np.exp(t.intercept + t.linear * self.distance + t.quadratic * self.distance**2)
        return pandas.DataFrame({
            "industry": self.labels, "distance": self.distance, "rate": self.rate,
            "share": self.share, "fitted": fitted,
        })  # fmt: skip


def smile_curve(
    table: IOTable,
    product: str,
    *,
    of: str = "value_added",
    origin: Flows = "balance",
    least: float = 0.0,
) -> SmileCurve:
    """The smile curve of one product's chain, with the test of Lind and Mehlum.

    Every industry i that earns in the chain of product j stands at the distance
    ``[L (L - I)]_ij / l_ij``, with the rate ``v_i`` and the share ``v_i l_ij``. The test fits
    ``ln v_i = a + b d + c d^2``, weighted with the shares.

    Parameters
    ----------
    table : IOTable
    product : str
        Label of an industry, such as ``KOR_c14``.
    of : str
        ``value_added`` or a primary input of the table (or a satellite, such as hours).
    origin : {'balance', 'total', 'domestic'}
        Flows the chain follows.
    least : float
        Share below which earners are left out.

    Returns
    -------
    SmileCurve
        Earners whose rate is positive; `covered` says what part of the value they make up. Not a
        measure: earners differ from chain to chain. `smile_test` has a row for each chain.

    Raises
    ------
    LabelError
        No such product, an industry without output, or nothing of the name `of`.
    InputError
        Fewer than four earners at three distances.

    Notes
    -----
    Identity: shares of all earners of a world table add up to 1. The test is the one of
    `smile_test`. Observations of one chain are not independent: a small p value says that the
    curve bends, not why. Levels differ between industries for reasons other than their place.
    In basic prices the trade that sells the product to its final user is a final product of its
    own: the right arm of the smile, sales and after-sales services, is not in a product's chain.

    Source: Meng, Ye & Wei (2020), Measuring smile curves in global value chains, Oxford Bulletin of
    Economics and Statistics 82; Lind & Mehlum (2010), same journal 72 (neither re-read).

    Examples
    --------
    >>> table = IOTable.from_flows(
    ...     [[0, 40, 0, 0], [0, 0, 50, 0], [0, 0, 0, 60], [0, 0, 0, 0]],
    ...     Y=[[0], [0], [0], [100]], codes=("design", "parts", "assembly", "sales"))
    >>> curve = smile_curve(table, "sales")
    >>> curve.labels, curve.distance.round(2).tolist(), curve.share.round(2).tolist()
    (('design', 'sales', 'parts', 'assembly'), [3.0, 0.0, 2.0, 1.0], [0.4, 0.4, 0.1, 0.1])
    """
    labels = table.axis.labels
    if product not in labels or not table.live[labels.index(product)]:
        raise LabelError(
            f"{table.info.name} product {product!r}",
            found="no output" if product in labels else "no such label",
            expected=f"an industry with output, such as {', '.join(labels[:3])}",
            remedy="Give the label as the table writes it.",
        )
    at = labels.index(product)
    chain = next(c for c in chains(table, balanced(table, origin)) if at in c.at)
    place = np.flatnonzero(chain.at == at)
    column = chain.leontief.columns(place)
    steps = chain.leontief.solve(column) - column
    rate = _rates(table, of)[chain.at]
    shown, share, distance = _earners(rate, column[:, 0], steps[:, 0], least)
    test = _fitted(distance[shown], rate[shown], share[shown])
    if test is None:
        raise InputError(
            f"{table.info.name} chain of {product}",
            found=f"{int(shown.sum())} earners",
            expected=f"at least {LEAST} at three different distances",
            remedy="Take a finer table or a smaller `least`.",
        )
    order = np.flatnonzero(shown)[np.argsort(-share[shown], kind="stable")]
    return SmileCurve(
        product, tuple(labels[chain.at[i]] for i in order), distance[order], rate[order],
        share[order], float(share[order].sum()), test, table.info.name,
    )  # fmt: skip


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
        shown, share, distance = _earners(rate, inverse[:, j], steps[:, j], 0.0)
        test = _fitted(distance[shown], rate[shown], share[shown])
        if test is not None:
            found[j] = test.quadratic if form == "curvature" else test.p_value
    return found


def _earners(
    rate: Array, output: Array, steps: Array, least: float
) -> tuple[npt.NDArray[np.bool_], Array, Array]:
    """Who has a positive rate and share, the shares, and the distance of each earner."""
    share = rate * output
    shown = (rate > 0) & (share > max(least, DUST))
    distance = np.divide(steps, output, out=np.zeros(len(rate)), where=shown)
    return shown, share, distance


def _fitted(distance: Array, rate: Array, share: Array) -> algebra.UShape | None:
    if len(rate) < LEAST:
        return None
    try:
        return algebra.lind_mehlum(distance, np.log(rate), share)
    except NumericalError:
        return None
