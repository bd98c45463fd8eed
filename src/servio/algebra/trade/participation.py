"""Taking part in value chains across borders: by production and by trade."""

from __future__ import annotations

import numpy as np

from servio.algebra._check import Array
from servio.algebra.trade._system import TradeSystem
from servio.algebra.trade.accounts import directly_absorbed

__all__ = ["backward_production", "forward_production", "trade_participation"]

Parts = dict[str, Array]


def forward_production(system: TradeSystem) -> Parts:
    r"""Value added of each row by how it reaches final use, after Wang, Wei, Yu and Zhu.

    With L the block-diagonal local inverse, D domestic and F foreign parts of A and Y:
    pure domestic ``v L Y_D``, traditional trade ``v L Y_F`` (in final products), simple
    ``v L A_F L Y_D`` (crosses one border in inputs), complex ``v L A_F (x - L Y_D)``.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    dict of (n,) arrays
        VALUE_ADDED and its parts PURE_DOMESTIC, TRADITIONAL, SIMPLE, COMPLEX, and DISCREPANCY
        (currency): value added in output that the table sells to nobody.

    Notes
    -----
    Identity: the parts add up to ``v x``.

    References
    ----------
    Wang, Z., Wei, S.-J., Yu, X. and Zhu, K. (2017), NBER Working Paper 23222, equations 7-8.
    """
    own, final = system.own(system.Y), system.final_exports.sum(axis=1)
    at_home = _local(system, own)
    simple = system.abroad(system.sold(at_home)).sum(axis=1)
    inputs = system.abroad(system.sold(system.x)).sum(axis=1)
    v = system.v
    return {
        "VALUE_ADDED": v * system.x,
        "PURE_DOMESTIC": v * at_home,
        "TRADITIONAL": v * _local(system, final),
        "SIMPLE": v * _local(system, simple),
        "COMPLEX": v * _local(system, inputs - simple),
        "DISCREPANCY": v * _local(system, system.gap),
    }


def backward_production(system: TradeSystem) -> Parts:
    r"""Final products of each row by where and how their value arises.

    ``v L`` for final products used at home (pure domestic) and abroad (traditional), simple
    ``v L A_F L`` for those used at home, complex the rest: ``v L A_F B`` less simple.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    dict of (n,) arrays
        FINAL_PRODUCTS and its parts PURE_DOMESTIC, TRADITIONAL, SIMPLE, COMPLEX (currency).

    Notes
    -----
    Identity: the parts add up to final products.

    References
    ----------
    Wang, Z., Wei, S.-J., Yu, X. and Zhu, K. (2017), NBER Working Paper 23222, equations 9-10.
    """
    own = np.where(system.live, system.own(system.Y), 0.0)
    everywhere = np.where(system.live, system.Y.sum(axis=1), 0.0)
    home = system.home
    imported = home @ system.A - _home_inputs(system)
    once = system.locally_transposed(imported[:, None])[:, 0]
    value = system.domestic + system.foreign
    return {
        "FINAL_PRODUCTS": everywhere,
        "PURE_DOMESTIC": home * own,
        "TRADITIONAL": home * (everywhere - own),
        "SIMPLE": once * own,
        "COMPLEX": (value - home) * everywhere - once * own,
    }


def trade_participation(system: TradeSystem) -> Parts:
    r"""Gross exports by their place in chains that cross more than one border.

    ``h = v_s L_ss``; ``Q_sr = Y_sr + A_sr L_rr Y_rr`` is what the destination r uses up itself:
    TRADITIONAL ``h # Q_sr`` (DAVAX: one border); BACKWARD ``(1 - h) # Q_sr`` (imported inputs in
    what r uses up); FORWARD ``h # (E_sr - Q_sr)`` (own value that r exports again); TWO_SIDED
    ``(1 - h) # (E_sr - Q_sr)``. With VS ``(1 - h) # E_sr``, vertical specialisation.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    dict of (n, G) arrays
        EXGR, TRADITIONAL, BACKWARD, FORWARD, TWO_SIDED, GVC, VS (currency).

    Notes
    -----
    Identity: ``TRADITIONAL + BACKWARD + FORWARD + TWO_SIDED == EXGR``, the last three are GVC,
    ``BACKWARD + TWO_SIDED == VS`` (= GVCB, = FC + DDC).

    References
    ----------
    Borin, A., Mancini, M. and Taglioni, D. (2021), World Bank Policy Research Working Paper
    9785 (from memory of the paper: the trade-based measure). Hummels, D., Ishii, J. and Yi, K.-M.
    (2001), Journal of International Economics 54(1): 75-96.
    """
    E, Q = system.exports, directly_absorbed(system)
    h, imported = system.home[:, None], (system.domestic + system.foreign - system.home)[:, None]
    parts = {
        "TRADITIONAL": h * Q,
        "BACKWARD": imported * Q,
        "FORWARD": h * (E - Q),
        "TWO_SIDED": imported * (E - Q),
    }
    GVC = parts["BACKWARD"] + parts["FORWARD"] + parts["TWO_SIDED"]
    return {"EXGR": E} | parts | {"GVC": GVC, "VS": imported * E}


def _local(system: TradeSystem, values: Array) -> Array:
    return system.locally(values[:, None])[:, 0]


def _home_inputs(system: TradeSystem) -> Array:
    """(n,) ``h_s A_ss``."""
    return np.concatenate([system.home[b] @ system.A[b, b] for b in system.blocks])
