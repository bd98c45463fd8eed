"""Gross exports by what is in them: Borin-Mancini, Miroudot-Ye and the OECD's indicators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from servio.algebra._check import Array
from servio.algebra.trade._system import TradeSystem

__all__ = ["borin_mancini", "directly_absorbed", "miroudot_ye", "oecd_indicators"]

Parts = dict[str, Array]


def borin_mancini(system: TradeSystem, *, sink: bool = False, perimeter: str = "exporter") -> Parts:
    r"""Accounts of gross exports by exporting row and destination, after Borin and Mancini.

    Source: value added counts when it leaves the perimeter for the first time,

    ``DVA = v_s L_ss # E_sr``, ``DDC = (v_s B_ss - v_s L_ss) # E_sr``,
    ``FVA = sum_{t != s} v_t B_ts (I + K)^-1 # E_sr``, ``FDC = FC - FVA``;

    sink: when it leaves for the last time. ``E_sr`` is split into what comes back into the
    perimeter's exports, ``C_sr = A_sr B_rs (I + K_s)^-1 E_s`` for the exporter's, and the rest R;
    ``DVA = v_s B_ss # R``, ``DDC = v_s B_ss # C``, ``FVA = FC # R``, ``FDC = FC # C``.

    Here B is the global and L the local inverse. ``K`` is what an export brings back into the
    perimeter: ``sum_{r != s} A_sr B_rs`` (exporter), ``A_sr B_rs`` (bilateral), the diagonal of
    these (sector, sector_bilateral).

    Parameters
    ----------
    system : TradeSystem
    sink : bool
    perimeter : {'exporter', 'world', 'bilateral', 'sector', 'sector_bilateral'}
        The border at which a second crossing is double counting: that of the exporting country,
        of any country, of one pair, of one exporting industry, of one industry and pair.

    Returns
    -------
    dict of (n, G) arrays
        EXGR, DC, DVA, DDC, FC, FVA, FDC (currency); VAX and REF for the exporter's perimeter and
        for world with source; DAVAX, GVC, GVCB, GVCF for the exporter's with source.

    Notes
    -----
    Identity: ``DVA + DDC + FVA + FDC == EXGR``; ``DVA + DDC == DC``; ``VAX + REF == DVA``;
    ``GVCB == DDC + FC`` and ``GVCB + GVCF == GVC == EXGR - DAVAX`` at the exporter's perimeter.

    References
    ----------
    Borin, A. and Mancini, M. (2019), World Bank Policy Research Working Paper 8804;
    (2023), Economic Systems Research 35(4).
    """
    E = system.exports
    DC, FC = system.domestic[:, None] * E, system.foreign[:, None] * E
    if perimeter == "world":
        inside = _world_sink(system) if sink else _world_source(system, E)
    elif perimeter == "exporter":
        inside = _exporter_sink(system, E) if sink else _exporter_source(system, E)
    else:
        inside = _narrow(system, E, sink, perimeter)
    DVA, FVA = inside["DVA"], inside["FVA"]
    parts = {"EXGR": E, "DC": DC, "DVA": DVA}
    if perimeter == "exporter" or (perimeter == "world" and not sink):
        parts |= _returned(system, DVA, sink)
    parts |= {"DDC": DC - DVA, "FC": FC, "FVA": FVA, "FDC": FC - FVA}
    return parts if sink or perimeter != "exporter" else parts | _chains(system, E)


def _exporter_source(system: TradeSystem, E: Array) -> Parts:
    return {"DVA": system.home[:, None] * E, "FVA": system.foreign_once[:, None] * E}


def _exporter_sink(system: TradeSystem, E: Array) -> Parts:
    once = system.exported_once(E.sum(axis=1))
    again = system.sold_by_seller(system.solve(system.spread(once))[:, :, None])[:, :, 0]
    rest = E - system.abroad(again)
    return {"DVA": system.domestic[:, None] * rest, "FVA": system.foreign[:, None] * rest}


def _world_source(system: TradeSystem, E: Array) -> Parts:
    return {"DVA": system.home[:, None] * E, "FVA": np.zeros_like(E)}


def _world_sink(system: TradeSystem) -> Parts:
    last = directly_absorbed(system)
    return {"DVA": system.domestic[:, None] * last, "FVA": system.foreign[:, None] * last}


def directly_absorbed(system: TradeSystem) -> Array:
    """(n, G) exports that the destination uses up itself: ``Y_sr + A_sr L_rr Y_rr``."""
    at_home = system.locally(system.own(system.Y)[:, None])[:, 0]
    flows = system.final_exports + system.abroad(system.sold(at_home))
    return np.where(system.live[:, None], flows, 0.0)


def _returned(system: TradeSystem, DVA: Array, sink: bool) -> Parts:
    """DVA by where it ends: abroad (VAX) or, after processing there, at home (REF)."""
    back = system.abroad(system.sold_by_seller(system.absorbed[:, :, None])[:, :, 0])
    back = np.where(system.live[:, None], back, 0.0)
    if not sink:
        REF = system.home[:, None] * back
        return {"VAX": DVA - REF, "REF": REF}
    once = system.exported_once(back.sum(axis=1))
    again = system.sold_by_seller(system.solve(system.spread(once))[:, :, None])[:, :, 0]
    REF = system.domestic[:, None] * (back - system.abroad(again))
    return {"VAX": DVA - REF, "REF": REF}


def _chains(system: TradeSystem, E: Array) -> Parts:
    """Exports that cross more than one border: all but what is absorbed where it is sold first."""
    DAVAX = system.home[:, None] * directly_absorbed(system)
    GVCB = (system.domestic + system.foreign - system.home)[:, None] * E
    return {"DAVAX": DAVAX, "GVC": E - DAVAX, "GVCB": GVCB, "GVCF": E - DAVAX - GVCB}


def _narrow(system: TradeSystem, E: Array, sink: bool, perimeter: str) -> Parts:
    """Perimeters inside the exporter's: one pair, one industry, both."""
    DVA, FVA = np.zeros_like(E), np.zeros_like(E)
    per_unit: dict[str, Callable[..., Array]] = {
        "bilateral": _pair, "sector": _sector, "sector_bilateral": _sector_pair,
    }  # fmt: skip
    for s, block in enumerate(system.blocks):
        back = _comes_back(system, s)
        rows = np.stack([system.domestic[block], system.foreign[block]])
        once = per_unit[perimeter](back, E[block], rows, sink)
        DVA[block], FVA[block] = once
    return {"DVA": DVA, "FVA": FVA}


def _comes_back(system: TradeSystem, s: int) -> Array:
    """(G, k, k) ``A_sr B_rs`` for each country r; zero for s itself."""
    block = system.blocks[s]
    columns, size = system.columns(block), block.stop - block.start
    found = np.zeros((system.countries, size, size))
    for r, there in enumerate(system.blocks):
        if r != s:
            found[r] = system.A[block, there] @ columns[there]
    return found


def _pair(back: Array, E: Array, rows: Array, sink: bool) -> Array:
    grown = np.eye(back.shape[1]) + back
    if sink:
        once = np.linalg.solve(grown, E.T[:, :, None])[:, :, 0].T
        return rows[:, :, None] * once
    per_unit = np.linalg.solve(grown.transpose(0, 2, 1), rows.T[None])
    return per_unit.transpose(2, 1, 0) * E


def _sector(back: Array, E: Array, rows: Array, sink: bool) -> Array:
    returned = np.diagonal(back, axis1=1, axis2=2).T
    grown = 1.0 + returned.sum(axis=1)
    if sink:
        once = E - returned * (E.sum(axis=1) / grown)[:, None]
        return np.asarray(rows[:, :, None] * once, dtype=np.float64)
    return np.asarray((rows / grown)[:, :, None] * E, dtype=np.float64)


def _sector_pair(back: Array, E: Array, rows: Array, sink: bool) -> Array:
    """Source and sink are the same: one flow has one first and one last crossing."""
    returned = np.diagonal(back, axis1=1, axis2=2).T
    return rows[:, :, None] * (E / (1.0 + returned))


def miroudot_ye(system: TradeSystem, *, perimeter: str = "exporter") -> Parts:
    r"""Accounts of gross exports by exporting row and destination, after Miroudot and Ye.

    As `borin_mancini` with source at the exporter's perimeter. In the world's, all foreign
    content is double counted, as it was in exports before: in the supplier's only,
    ``FDC1 = sum_{t != s} v_t L_tt A_ts L_ss # E_sr``, or in further ones, ``FDC2 = FC - FDC1``.

    Parameters
    ----------
    system : TradeSystem
    perimeter : {'exporter', 'world'}

    Returns
    -------
    dict of (n, G) arrays
        EXGR, DC, DVA, DDC, FC, FVA, FDC and, for world, FDC1, FDC2 (currency).

    Notes
    -----
    Identity: ``DVA + DDC + FVA + FDC == EXGR``.

    References
    ----------
    Miroudot, S. and Ye, M. (2021), Decomposing value added in gross exports, Economic Systems
    Research 33(1). FDC1 and FDC2 agree with the numbers of exvatools 0.9.0; the paper's own text
    was not at hand for these two.
    """
    found = borin_mancini(system, perimeter=perimeter)
    parts = {k: found[k] for k in ("EXGR", "DC", "DVA", "DDC", "FC", "FVA", "FDC")}
    if perimeter == "world":
        supplied = np.empty(system.size)
        for s, block in enumerate(system.blocks):
            others = np.where(system.country == s, 0.0, system.home)
            supplied[block] = others @ system.A[:, block]
        direct = system.locally_transposed(supplied[:, None])
        parts["FDC1"] = direct * system.exports
        parts["FDC2"] = parts["FDC"] - parts["FDC1"]
    return parts


def oecd_indicators(system: TradeSystem) -> Parts:
    r"""Indicators under their names in OECD's Trade in Value Added database.

    By exporting row and destination: EXGR, EXGR_FNL, EXGR_INT; EXGR_DVA (= DC) as EXGR_DDC (the
    industry's own value added ``v_i l_ii E_i``, l of the local inverse), EXGR_IDC (of its
    domestic suppliers) and EXGR_RIM (re-imported, = DDC); EXGR_FVA (= FC). By row of origin and
    partner: FFD_DVA (domestic value added in the partner's final demand) and FEXDVAP (in the
    partner's exports); PROD and VA.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    dict of (n, G) arrays
        Currency. PROD and VA stand in the column of the row's own country.

    Notes
    -----
    Identity: ``EXGR_DVA + EXGR_FVA == EXGR == EXGR_FNL + EXGR_INT`` and
    ``EXGR_DDC + EXGR_IDC + EXGR_RIM == EXGR_DVA``. FEXDVAP counts the same value added once for
    each border it crosses in partners' exports, so that it can exceed domestic value added.

    References
    ----------
    OECD (2023), Guide to OECD Trade in Value Added Indicators, 2023 edition.
    """
    E, live = system.exports, system.live[:, None]
    v = system.v[:, None]
    direct = v * np.concatenate([np.diag(inverse) for inverse in system.local_inverses])[:, None]
    reexported = system.solve(system.spread(E.sum(axis=1)))
    return {
        "EXGR": E,
        "EXGR_FNL": np.where(live, system.final_exports, 0.0),
        "EXGR_INT": np.where(live, system.intermediate_exports, 0.0),
        "EXGR_DVA": system.domestic[:, None] * E,
        "EXGR_DDC": direct * E,
        "EXGR_IDC": (system.home[:, None] - direct) * E,
        "EXGR_RIM": (system.domestic - system.home)[:, None] * E,
        "EXGR_FVA": system.foreign[:, None] * E,
        "FFD_DVA": system.abroad(v * system.absorbed),
        "FEXDVAP": system.abroad(v * reexported),
        "VA": system.spread(system.v * system.x),
        "PROD": system.spread(system.x),
    }
