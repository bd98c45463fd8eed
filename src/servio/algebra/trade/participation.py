"""Taking part in value chains across borders: by production, by trade and by output."""

from __future__ import annotations

import numpy as np

from servio.algebra._check import Array
from servio.algebra.trade._system import TradeSystem
from servio.algebra.trade.accounts import directly_absorbed, exported_again

__all__ = [
    "backward_production",
    "forward_production",
    "output_participation",
    "trade_participation",
    "vertical_specialisation",
]

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
        FINAL_PRODUCTS and its parts PURE_DOMESTIC, TRADITIONAL, SIMPLE, COMPLEX and what is paid
        besides, wherever (`TradeSystem.besides`; currency).

    Notes
    -----
    Identity: the parts add up to final products.

    References
    ----------
    Wang, Z., Wei, S.-J., Yu, X. and Zhu, K. (2017), NBER Working Paper 23222, equations 9-10.
    """
    own = np.where(system.live, system.own(system.Y), 0.0)
    everywhere = np.where(system.live, system.Y.sum(axis=1), 0.0)
    home, once = system.home, _imported_once(system)
    value = system.domestic + system.foreign
    return {
        "FINAL_PRODUCTS": everywhere,
        "PURE_DOMESTIC": home * own,
        "TRADITIONAL": home * (everywhere - own),
        "SIMPLE": once * own,
        "COMPLEX": (value - home) * everywhere - once * own,
        **system.paid_besides(everywhere),
    }


def trade_participation(system: TradeSystem) -> Parts:
    r"""Gross exports by their place in chains that cross more than one border.

    ``h = v_s L_ss``; ``Q_sr = Y_sr + A_sr L_rr Y_rr`` is what the destination r uses up itself:
    TRADITIONAL ``h # Q_sr`` (DAVAX: one border); BACKWARD ``(1 - h) # Q_sr`` (imported inputs in
    what r uses up); FORWARD ``h # (E_sr - Q_sr)`` (own value that r exports again); TWO_SIDED
    ``(1 - h) # (E_sr - Q_sr)``. Instead of 1 - h, what is paid besides value added apart:
    ``FC + DDC`` per unit.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    dict of (n, G) arrays
        EXGR, TRADITIONAL, BACKWARD, FORWARD, TWO_SIDED, GVC and what is paid besides
        (`TradeSystem.besides`; currency).

    Notes
    -----
    Identity: ``TRADITIONAL + BACKWARD + FORWARD + TWO_SIDED`` and what is paid besides ``==
    EXGR``, the middle three are GVC, ``BACKWARD + TWO_SIDED == GVCB`` (= FC + DDC). FORWARD and
    TWO_SIDED hold what the destination neither uses up, exports nor sells at all.

    References
    ----------
    Borin, A., Mancini, M. and Taglioni, D. (2021), World Bank Policy Research Working Paper
    9785: the trade-based measure, not read again in the paper; equal to the formulas in the source
    of the R package gvcAnalyzer, which cites it.
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
    return {"EXGR": E} | parts | {"GVC": GVC} | system.paid_besides(E)


def vertical_specialisation(system: TradeSystem) -> Parts:
    r"""Imported inputs in exports and exports that others need for theirs, in gross flows.

    ``VS_s = 1'A_Ms L_ss # E_s`` with ``A_Ms`` the inputs from all other countries and L the local
    inverse; ``VS1_sr = A_sr L_rr E_r``, inputs from s in the exports of r.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    dict of (n, G) arrays
        VS by exporting row and destination, VS1 by supplying row and country that exports
        (currency).

    Notes
    -----
    Identity: over the world VS and VS1 add up to the same; VS is FC + DDC of `borin_mancini` and
    what countries abroad and, of what returns, the exporter pay besides value added. Value that
    passes several countries counts in the VS1 of each that supplies it.

    References
    ----------
    Hummels, D., Ishii, J. and Yi, K.-M. (2001), Journal of International Economics 54(1): 75-96,
    equations 1-3.
    """
    own = [np.ones(b.stop - b.start) @ system.A[b, b] for b in system.blocks]
    imported = system.locally_transposed((system.A.sums - np.concatenate(own))[:, None])
    E = system.exports
    return {"VS": imported * E, "VS1": exported_again(system)}


def output_participation(system: TradeSystem) -> Parts:
    r"""Gross output by its place in chains that cross more than one border.

    ``x_s = L_ss (Y_ss + E_s)``; with ``h = v_s L_ss`` the domestic content of a unit that never
    left, m the rest of its value added (``1 - h`` where nothing else is paid) and
    ``m1 = sum_{t != s} v_t L_tt A_ts L_ss`` the part of it that crossed one border only; ``Q_s``
    exports that their destination uses up itself (`directly_absorbed`), ``z = L_ss (E_s - Q_s)``
    output for exports that go on:

    PURE_DOMESTIC ``h # L_ss Y_ss`` crosses no border; TRADITIONAL ``h # L_ss Q_s + m1 # L_ss Y_ss``
    one: domestic value used up abroad, imported value used up at home. The rest is GVC: BACKWARD
    ``m # (Y_ss + sum_r Y_sr) - m1 # Y_ss``, imported value in final products, where a chain ends;
    FORWARD ``v_s # z``, the industry's own value, where a chain begins; TWO_SIDED, between others
    of the chain: imported value in what is sold as inputs
    ``m # (L_ss (Y_ss + E_s) - Y_ss - sum_r Y_sr) - m1 # (L_ss - I) Y_ss`` and domestic inputs of
    output for exports that go on, ``(h - v_s) # z``.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    dict of (n,) arrays
        OUTPUT and its parts PURE_DOMESTIC, TRADITIONAL, BACKWARD, FORWARD, TWO_SIDED; GVC, the
        sum of the last three; what is paid besides value added, wherever (`TradeSystem.besides`);
        DISCREPANCY (currency): output for what the table sells to nobody.

    Notes
    -----
    Identity: the parts add up to output; the content of inputs counts at each stage it passes,
    as it does in output.

    References
    ----------
    Borin, A., Mancini, M. and Taglioni, D. (2021), World Bank Policy Research Working Paper
    9785: the output-based measure. Derived from the definition, not read again in the paper. By
    country FORWARD, BACKWARD and the domestic inputs of TWO_SIDED are the formulas in the source
    of the R package gvcAnalyzer, which cites it; by industry each part is of the industry whose
    output it is.
    """
    own = np.where(system.live, system.own(system.Y), 0.0)
    final = own + np.where(system.live, system.final_exports.sum(axis=1), 0.0)
    E, Q = system.exports.sum(axis=1), directly_absorbed(system).sum(axis=1)
    at_home, direct, onward, lost = (
        _local(system, values) for values in (own, Q, E - Q, np.where(system.live, system.gap, 0.0))
    )
    h, once = system.home, _imported_once(system)
    imported = system.domestic + system.foreign - h
    sold_on = at_home + direct + onward - final
    parts = {
        "PURE_DOMESTIC": h * at_home,
        "TRADITIONAL": h * direct + once * at_home,
        "BACKWARD": imported * final - once * own,
        "FORWARD": system.v * onward,
        "TWO_SIDED": imported * sold_on - once * (at_home - own) + (h - system.v) * onward,
    }
    GVC = parts["BACKWARD"] + parts["FORWARD"] + parts["TWO_SIDED"]
    besides = system.paid_besides(at_home + direct + onward)
    return {"OUTPUT": system.x} | parts | {"GVC": GVC} | besides | {"DISCREPANCY": lost}


def _local(system: TradeSystem, values: Array) -> Array:
    return system.locally(values[:, None])[:, 0]


def _imported_once(system: TradeSystem) -> Array:
    """(n,) ``sum_{t != s} v_t L_tt A_ts L_ss``: value that crossed one border, per unit."""
    imported = system.home @ system.A - _home_inputs(system)
    return system.locally_transposed(imported[:, None])[:, 0]


def _home_inputs(system: TradeSystem) -> Array:
    """(n,) ``h_s A_ss``."""
    return np.concatenate([system.home[b] @ system.A[b, b] for b in system.blocks])
