"""Quantities that balance: trade shares, outputs and the flows of one year, on arrays.

Everything here is elementwise arithmetic and plain sums, no matrix product of a threaded library,
so that numbers are the same to the last bit with any number of threads.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from servio.errors import NumericalError

__all__ = ["final_demand", "flows", "gravity", "outputs", "spread", "substituted"]

Array = npt.NDArray[np.float64]
_TOLERANCE = 1e-13
_MOST_ROUNDS = 2000


def gravity(supply: Array, distance: Array) -> Array:
    """Share of each foreign origin in a country's imports of each product, shape (c, n, c).

    ``F[o, i, d] = s_oi / dist_od / sum_{o' != d} s_o'i / dist_o'd``; zero for the home country.

    Parameters
    ----------
    supply : array (c, n)
        Size of the supplier; 0 where it makes none.
    distance : array (c, c)
    """
    pull = supply[:, :, None] / distance[:, None, :]
    own = np.arange(len(supply))
    pull[own, :, own] = 0.0
    shares: Array = pull / pull.sum(axis=0)
    return shares


def substituted(home: Array, F: Array, g: Array) -> tuple[Array, Array]:
    """Shares of home products in intermediates, and imports' pull, when suppliers gain weight.

    ``h' = h g / (h g + (1 - h) G)`` with ``G[i, d] = sum_o F[o, i, d] g[o, i]``.

    Parameters
    ----------
    home : array (c, n, n)
        Share of home products in what user j of country d buys of product i, at g = 1.
    F : array (c, n, c)
        As `gravity`.
    g : array (t, c, n)
        Weight of each supplier.

    Returns
    -------
    array (t, c, n, n), array (t, c, n)
        ``h'`` and, by destination, G.
    """
    pull = np.einsum("oid,toi->tdi", F, g)
    own = home * g[..., None]
    return own / (own + (1.0 - home) * pull[..., None]), pull


def spread(home: Array, abroad: Array, F: Array) -> Array:
    """Purchases by product and destination, sent to their origins, shape (t, c, n).

    Parameters
    ----------
    home, abroad : array (t, c, n)
        Purchases of home and of imported products in each destination.
    F : array (c, n, c)
        As `gravity`.
    """
    sent: Array = home + np.einsum("oid,tdi->toi", F, abroad)
    return sent


def outputs(
    recipe: Array, home: Array, F: Array, demand: Array, v: Array, target: Array, sector: Array
) -> tuple[Array, Array]:
    """Outputs and weights of suppliers that give each sector its planned value added.

    ``x = A(g) x + g * y`` with ``A[(o,i),(d,j)] = recipe[d,i,j] * h'`` at home and
    ``recipe[d,i,j] * (1 - h') * F[o,i,d] g[o,i] / G[d,i]`` abroad (h' and G as `substituted`) and,
    for each planned sector, ``sum_{i in sector} v_ci x_ci = target``. Repeated substitution.

    Parameters
    ----------
    recipe : array (t, c, n, n)
        Inputs of product i from all origins per unit of output of j in country c.
    home : array (c, n, n)
        Share of home products in them, at g = 1.
    F : array (c, n, c)
    demand : array (t, c, n)
        Final demand by origin and product at g = 1, y.
    v : array (c, n)
        Value added per unit of output.
    target : array (t, c, s)
        Planned value added by sector.
    sector : array (s, n)
        1 where the industry is in the sector; industries in none keep g = 1.

    Returns
    -------
    x, g : array (t, c, n)

    Raises
    ------
    NumericalError
        No weights found.
    """
    free = 1.0 - sector.sum(axis=0)
    g = np.ones_like(demand)
    x = demand.copy()
    for _ in range(_MOST_ROUNDS):
        share, pull = substituted(home, F, g)
        used = np.einsum("tcij,tcj->tci", recipe, x)
        used_home = np.einsum("tcij,tcij,tcj->tci", recipe, share, x)
        sent = np.einsum("oid,tdi->toi", F, (used - used_home) / pull)
        new = used_home + g * (sent + demand)
        planned = np.einsum("sn,tcn->tcs", sector, v * new)
        factor = target / planned
        step = np.abs(new - x).max() / new.max()
        x = new
        if step < _TOLERANCE and np.abs(factor - 1.0).max() < _TOLERANCE * 10:
            return x, g
        g = g * (np.einsum("tcs,sn->tcn", factor, sector) + free)
    raise NumericalError(
        "model world, outputs",
        found=f"no balance after {_MOST_ROUNDS} rounds",
        expected="suppliers' weights that give each sector its planned value added",
        remedy="Use parameters nearer their defaults, or another seed.",
    )


def flows(recipe: Array, home: Array, F: Array, g: Array, x: Array, out: Array) -> None:
    """Write intermediate flows of one year, origin sells to destination.

    Parameters
    ----------
    recipe : array (c, n, n)
    home : array (c, n, n)
    F : array (c, n, c)
    g, x : array (c, n)
    out : array (c n, c n)
    """
    c, n = x.shape
    Z = out.reshape(c, n, c, n)
    share, pull = substituted(home, F, g[None])
    bought = recipe * x[:, None, :]
    domestic = bought * share[0]
    imported = bought - domestic
    for d in range(c):
        origin = F[:, :, d] * g / pull[0, d]
        np.multiply(origin[:, :, None], imported[d], out=Z[:, :, d, :])
        Z[d, :, d, :] = domestic[d]


def final_demand(spending: Array, home: Array, F: Array, g: Array, out: Array) -> None:
    """Write final demand of one year by origin, product, destination and user.

    Parameters
    ----------
    spending : array (c, n, m)
    home : array (c, n)
    F : array (c, n, c)
    g : array (c, n)
        Factors on final demand by origin.
    out : array (c n, c m)
    """
    c, n, m = spending.shape
    Y = out.reshape(c, n, c, m)
    domestic = spending * home[:, :, None]
    imported = spending - domestic
    for d in range(c):
        Y[:, :, d, :] = F[:, :, d, None] * imported[d]
        Y[d, :, d, :] = domestic[d]
    Y *= g[:, :, None, None]
