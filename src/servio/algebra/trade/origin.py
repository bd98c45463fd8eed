"""Where the value in trade comes from and where it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from servio.algebra._check import Array
from servio.algebra.trade._system import TradeSystem

__all__ = [
    "contents",
    "contributions",
    "exports_by_absorption",
    "origin_of_exports",
    "value_added_absorbed",
    "value_added_exported",
]


def value_added_absorbed(system: TradeSystem) -> Array:
    """Value added of each row in each country's final demand, ``diag(v) B Y``.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    (n, G) array
        Currency. Rows add up to value added where the table balances; outside a row's own
        country they are exports of value added (VAX).

    References
    ----------
    Johnson, R. C. and Noguera, G. (2012), Journal of International Economics 86(2): 224-236.
    """
    return system.v[:, None] * system.absorbed


def value_added_exported(system: TradeSystem) -> Array:
    """Value added of each row in each country's gross exports, ``diag(v) B E``.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    (n, G) array
        Currency. Columns add up to the country's exports, less what is paid besides value added.

    References
    ----------
    OECD (2023), Guide to OECD Trade in Value Added Indicators: EXGR_BSCI.
    """
    return system.v[:, None] * system.solve(system.spread(system.exports.sum(axis=1)))


def origin_of_exports(system: TradeSystem) -> Array:
    """Value added of each country in each row's gross exports, ``V_c B diag(E)``.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    (n, G) array
        Exporting rows by country of origin (currency). Rows add up to exports, less what is paid
        besides value added.

    References
    ----------
    OECD (2023), Guide to OECD Trade in Value Added Indicators: EXGR_BSCI.
    """
    found: Array = system.content * system.exports.sum(axis=1)[:, None]
    return found


def exports_by_absorption(system: TradeSystem) -> Array:
    """Gross exports of each row by the country whose final demand they end in.

    ``Y_su + sum_{r != s} A_sr (B Y)_ru``: for u other than s the first is final products.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    (n, G) array
        Currency. Rows add up to exports where the table balances.

    References
    ----------
    Borin, A. and Mancini, M. (2019), World Bank Policy Research Working Paper 8804.
    """
    found = system.A @ system.absorbed
    for block in system.blocks:
        found[block] -= system.A[block, block] @ system.absorbed[block]
    return np.where(system.live[:, None], found + system.final_exports, 0.0)


def contributions(system: TradeSystem) -> Iterator[Array]:
    """Value added of each row in each country's exports to each destination, exporter by exporter.

    ``diag(v) B_.s E_s``: contributor by origin of the export by destination, without an array of
    three dimensions.

    Parameters
    ----------
    system : TradeSystem

    Yields
    ------
    (n, G) array
        For one exporter s: value added (currency) of each row in its exports to each country.

    Notes
    -----
    Identity: the sum over rows is the exporter's exports by destination, less what is paid
    besides value added.

    Examples
    --------
    >>> import numpy as np
    >>> from servio.algebra import Leontief
    >>> A = np.array([[0.2, 0.1], [0.3, 0.1]])
    >>> Y = [[40.0, 16.0], [8.0, 40.0]]
    >>> world = TradeSystem(Leontief(A), [80.0, 80.0], Y, order=[0, 1], starts=[0, 1, 2])
    >>> [part.round(4).tolist() for part in contributions(world)]
    [[[0.0, 15.6522], [0.0, 8.3478]], [[2.3188, 0.0], [29.6812, 0.0]]]
    """
    for block in system.blocks:
        columns = system.columns(block)
        yield system.v[:, None] * (columns @ system.exports[block])


def contents(system: TradeSystem, earned: Array, blocks: Sequence[slice]) -> Iterator[Array]:
    """What contributors earn in a unit of what each row of some countries sells.

    ``W B_.s``, country by country: times exports or final products by destination these
    are contributors by sellers by destinations, as few of them as wanted.

    Parameters
    ----------
    system : TradeSystem
    earned : (m, n) array
        W: what each of m contributors earns per unit of each row's output, such as its part of
        `TradeSystem.v`.
    blocks : sequence of slice
        Rows of the selling countries, of `TradeSystem.blocks`.

    Yields
    ------
    (m, k) array
        For one country: contributors by its k rows, a part of 1.

    Notes
    -----
    Identity: over contributors that share out all value added, and what is paid besides, it adds
    up to 1 in rows with output.
    Costs m solves, or one for each selling row where these are fewer.

    Examples
    --------
    >>> import numpy as np
    >>> from servio.algebra import Leontief
    >>> A = np.array([[0.2, 0.1], [0.3, 0.1]])
    >>> Y = [[40.0, 16.0], [8.0, 40.0]]
    >>> world = TradeSystem(Leontief(A), [80.0, 80.0], Y, order=[0, 1], starts=[0, 1, 2])
    >>> [part.round(4).tolist() for part in contents(world, np.diag(world.v), world.blocks)]
    [[[0.6522], [0.3478]], [[0.0725], [0.9275]]]
    """
    if len(earned) < sum(block.stop - block.start for block in blocks):
        found = system.solve_transposed(np.ascontiguousarray(earned.T))
        for block in blocks:
            yield found[block].T
        return
    for block in blocks:
        yield earned @ system.columns(block)
