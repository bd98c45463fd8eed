"""Gross exports by what is in them: Borin-Mancini, Miroudot-Ye and the OECD's indicators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from servio.algebra._check import Array, Positions
from servio.algebra.trade._system import TradeSystem
from servio.algebra.trade.origin import exports_by_absorption

__all__ = [
    "borin_mancini",
    "directly_absorbed",
    "exported_again",
    "miroudot_ye",
    "oecd_indicators",
    "unsold_exports",
]

Parts = dict[str, Array]

CHAINS = ("DAVAX", "GVC", "GVCB", "GVCF")


def borin_mancini(
    system: TradeSystem,
    *,
    sink: bool = False,
    perimeter: str = "exporter",
    absorbing: bool = False,
) -> Parts:
    r"""Accounts of gross exports by exporting row and destination, after Borin and Mancini.

    Source: value added counts when it leaves the perimeter for the first time,

    ``DVA = v_s L_ss # E_sr``, ``DDC = (v_s B_ss - v_s L_ss) # E_sr``,
    ``FVA = sum_{t != s} v_t B_ts (I + K)^-1 # E_sr``, ``FDC = FC - FVA``;

    sink: when it leaves for the last time. ``E_sr`` is split into what comes back into the
    perimeter's exports, ``C_sr = A_sr B_rs (I + K_s)^-1 E_s`` for the exporter's, and the rest R;
    ``DVA = v_s B_ss # R``, ``DDC = v_s B_ss # C``, ``FVA = FC # R``, ``FDC = FC # C``.

    Here B is the global and L the local inverse. ``K`` is what an export brings back into the
    perimeter: ``sum_{r != s} A_sr B_rs`` (exporter), ``A_sr B_rs`` (bilateral), of these the part
    inside one industry, the diagonal (sector, sector_bilateral).

    Parameters
    ----------
    system : TradeSystem
    sink : bool
    perimeter : {'exporter', 'world', 'bilateral', 'sector', 'sector_bilateral'}
        The border at which a second crossing is double counting: that of the exporting country,
        of any country, of one pair, of one exporting industry, of one industry and pair.
    absorbing : bool
        By the country in whose final demand exports end (`exports_by_absorption`) instead of by
        destination: source at the perimeters exporter, world and sector, whose contents per unit
        of exports do not depend on where these go.

    Returns
    -------
    dict of (n, G) arrays
        EXGR, DC, DVA, DDC, FC, FVA, FDC and the names of `TradeSystem.besides` (currency); VAX,
        REF and DISCREPANCY for the exporter's perimeter and for world with source, DISCREPANCY
        for world with sink; DAVAX, GVC, GVCB, GVCF for the exporter's with source.

    Notes
    -----
    Identity: ``DVA + DDC + FVA + FDC`` and what is paid besides ``== EXGR``; ``DVA + DDC == DC``;
    ``VAX + REF + DISCREPANCY == DVA``; ``GVCB == DDC + FC`` and
    ``GVCB + GVCF == GVC == DC + FC - DAVAX`` at the exporter's perimeter.
    DISCREPANCY is domestic value added in output that the table sells to nobody: it ends nowhere,
    and GVC holds it. By country VAX is ``v_s sum_r (B Y)_sr``, source and sink.

    References
    ----------
    Borin, A. and Mancini, M. (2019), World Bank Policy Research Working Paper 8804;
    (2023), Economic Systems Research 35(4).
    """
    E = exports_by_absorption(system) if absorbing else system.exports
    DC, FC = system.domestic[:, None] * E, system.foreign[:, None] * E
    if perimeter == "world":
        inside = _world_sink(system, E) if sink else _world_source(system, E)
    elif perimeter == "exporter":
        inside = _exporter_sink(system, E) if sink else _exporter_source(system, E)
    else:
        inside = _narrow(system, E, sink, perimeter)
    DVA, FVA = inside["DVA"], inside["FVA"]
    parts = {"EXGR": E, "DC": DC, "DVA": DVA}
    if absorbing:
        VAX = system.abroad(DVA)
        parts |= {"VAX": VAX, "REF": DVA - VAX}
    elif perimeter == "exporter" or (perimeter == "world" and not sink):
        parts |= _returned(system, DVA, sink)
    elif perimeter == "world":
        parts["DISCREPANCY"] = system.domestic[:, None] * _unsold_there(system)
    parts |= {"DDC": DC - DVA, "FC": FC, "FVA": FVA, "FDC": FC - FVA} | system.paid_besides(E)
    return parts if sink or perimeter != "exporter" else parts | _chains(system, DC + FC, E)


def _exporter_source(system: TradeSystem, E: Array) -> Parts:
    return {"DVA": system.home[:, None] * E, "FVA": system.foreign_once[:, None] * E}


def _exporter_sink(system: TradeSystem, E: Array) -> Parts:
    rest = _for_good(system, E)
    return {"DVA": system.domestic[:, None] * rest, "FVA": system.foreign[:, None] * rest}


def _for_good(system: TradeSystem, flows: Array) -> Array:
    """(n, G) of flows out of each country what does not come back into its exports."""
    once = system.exported_once(flows.sum(axis=1))
    again = system.sold_by_seller(system.solve(system.spread(once))[:, :, None])[:, :, 0]
    rest: Array = flows - system.abroad(again)
    return rest


def _world_source(system: TradeSystem, E: Array) -> Parts:
    return {"DVA": system.home[:, None] * E, "FVA": np.zeros_like(E)}


def _world_sink(system: TradeSystem, E: Array) -> Parts:
    last = E - exported_again(system)
    return {"DVA": system.domestic[:, None] * last, "FVA": system.foreign[:, None] * last}


def directly_absorbed(system: TradeSystem) -> Array:
    """(n, G) exports that the destination uses up itself: ``Y_sr + A_sr L_rr Y_rr``."""
    at_home = system.locally(system.own(system.Y)[:, None])[:, 0]
    flows = system.final_exports + system.abroad(system.sold(at_home))
    return np.where(system.live[:, None], flows, 0.0)


def exported_again(system: TradeSystem) -> Array:
    """(n, G) exports that the destination needs for its own: ``A_sr L_rr E_r``."""
    return _inputs_for(system, system.exports.sum(axis=1))


def _unsold_there(system: TradeSystem) -> Array:
    """(n, G) what the destination needs for output it sells to nobody: ``A_sr L_rr d_r``."""
    return _inputs_for(system, system.gap)


def _inputs_for(system: TradeSystem, sold: Array) -> Array:
    made = system.locally(sold[:, None])[:, 0]
    return _alive(system, system.abroad(system.sold(made)))


def _alive(system: TradeSystem, flows: Array) -> Array:
    return np.where(system.live[:, None], flows, 0.0)


def _unsold_everywhere(system: TradeSystem) -> Array:
    """(n, G) exports for output that anybody sells to nobody: ``A_sr (B d)_r``."""
    made = system.solve(system.gap[:, None])[:, 0]
    return _alive(system, system.abroad(system.sold(made)))


def unsold_exports(system: TradeSystem) -> Parts:
    r"""Content of exports in output which the table sells to nobody, ``d = x - A x - Y 1``.

    DISCREPANCY is domestic, ``v_s L_ss # A_sr (B d)_r``; DISCREPANCY_FC foreign,
    ``sum_{t != s} v_t B_ts # A_sr L_rr d_r``.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    dict of (n, G) arrays
        Currency; zero in a balanced table.

    Notes
    -----
    Identity: DISCREPANCY is what `borin_mancini` leaves of DVA after VAX and REF.
    """
    return {
        "DISCREPANCY": system.home[:, None] * _unsold_everywhere(system),
        "DISCREPANCY_FC": system.foreign[:, None] * _unsold_there(system),
    }


def _returned(system: TradeSystem, DVA: Array, sink: bool) -> Parts:
    """DVA by where it ends: abroad (VAX), after processing there at home (REF), nowhere."""
    back = system.abroad(system.sold_by_seller(system.absorbed[:, :, None])[:, :, 0])
    back, lost = _alive(system, back), _unsold_everywhere(system)
    rate = system.home
    if sink:
        back, lost = _for_good(system, back), _for_good(system, lost)
        rate = system.domestic
    REF, nowhere = rate[:, None] * back, rate[:, None] * lost
    return {"VAX": DVA - REF - nowhere, "REF": REF, "DISCREPANCY": nowhere}


def _chains(system: TradeSystem, content: Array, E: Array) -> Parts:
    """Value that crosses more than one border: all but what is absorbed where it is sold first."""
    DAVAX = system.home[:, None] * directly_absorbed(system)
    GVCB = (system.domestic + system.foreign - system.home)[:, None] * E
    GVC = content - DAVAX
    return {"DAVAX": DAVAX, "GVC": GVC, "GVCB": GVCB, "GVCF": GVC - GVCB}


def _narrow(system: TradeSystem, E: Array, sink: bool, perimeter: str) -> Parts:
    """Perimeters inside the exporter's: one pair, one industry, both."""
    DVA, FVA = np.zeros_like(E), np.zeros_like(E)
    per_unit: dict[str, Callable[..., Array]] = {
        "bilateral": _pair, "sector": _whole, "sector_bilateral": _pair,
    }  # fmt: skip
    for s, block in enumerate(system.blocks):
        back = _comes_back(system, s)
        rows = np.stack([system.domestic[block], system.foreign[block]])
        for unit in _units(system, block, perimeter):
            inside = back[:, unit[:, None], unit]
            at = unit + block.start
            DVA[at], FVA[at] = per_unit[perimeter](inside, E[at], rows[:, unit], sink)
    return {"DVA": DVA, "FVA": FVA}


def _units(system: TradeSystem, block: slice, perimeter: str) -> list[Positions]:
    """Rows of a country that share a perimeter: all of them, or those of one industry."""
    if perimeter == "bilateral":
        return [np.arange(block.stop - block.start)]
    own = system.industry[block]
    return [np.flatnonzero(own == industry) for industry in np.unique(own)]


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


def _whole(back: Array, E: Array, rows: Array, sink: bool) -> Array:
    """All destinations of one perimeter together."""
    grown = np.eye(back.shape[1]) + back.sum(axis=0)
    if sink:
        every = np.linalg.solve(grown, E.sum(axis=1))
        return np.asarray(rows[:, :, None] * (E - (back @ every).T), dtype=np.float64)
    per_unit = np.linalg.solve(grown.T, rows.T).T
    return np.asarray(per_unit[:, :, None] * E, dtype=np.float64)


def miroudot_ye(
    system: TradeSystem, *, perimeter: str = "exporter", absorbing: bool = False
) -> Parts:
    r"""Accounts of gross exports by exporting row and destination, after Miroudot and Ye.

    As `borin_mancini` with source at the exporter's perimeter. In the world's, all foreign
    content is double counted, as it was in exports before: in the supplier's only,
    ``FDC1 = sum_{t != s} v_t L_tt A_ts L_ss # E_sr``, or in further ones, ``FDC2 = FC - FDC1``.

    Parameters
    ----------
    system : TradeSystem
    perimeter : {'exporter', 'world'}
    absorbing : bool
        As in `borin_mancini`.

    Returns
    -------
    dict of (n, G) arrays
        EXGR, DC, DVA, VAX, REF, DISCREPANCY, DDC, FC, FVA, FDC, what is paid besides and, for
        world, FDC1, FDC2 (currency).

    Notes
    -----
    Identity: those of `borin_mancini`; ``FDC1 + FDC2 == FDC``.

    References
    ----------
    Miroudot, S. and Ye, M. (2021), Decomposing value added in gross exports, Economic Systems
    Research 33(1). FDC1 and FDC2 agree with the numbers of exvatools 0.9.0; the paper's own text
    was not at hand for these two.
    """
    found = borin_mancini(system, perimeter=perimeter, absorbing=absorbing)
    parts = {k: flows for k, flows in found.items() if k not in CHAINS}
    if perimeter == "world":
        supplied = np.empty(system.size)
        for s, block in enumerate(system.blocks):
            others = np.where(system.country == s, 0.0, system.home)
            supplied[block] = others @ system.A[:, block]
        direct = system.locally_transposed(supplied[:, None])
        parts["FDC1"] = direct * parts["EXGR"]
        parts["FDC2"] = parts["FDC"] - parts["FDC1"]
    return parts


def oecd_indicators(system: TradeSystem) -> Parts:
    r"""Indicators under their names in OECD's Trade in Value Added database.

    By exporting row and destination: EXGR, EXGR_FNL, EXGR_INT; EXGR_DVA (= DC) as EXGR_DDC (the
    industry's own value added ``v_i l_ii E_i``, l of the local inverse), EXGR_IDC (of its
    domestic suppliers) and EXGR_RIM (re-imported, = DDC); EXGR_FVA (= FC); what is paid besides
    and DISCREPANCY as in `borin_mancini`. By row of origin and partner: FFD_DVA (domestic value
    added in the partner's final demand) and FEXDVAP (in the partner's exports); PROD and VA.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    dict of (n, G) arrays
        Currency. PROD and VA stand in the column of the row's own country.

    Notes
    -----
    Identity: ``EXGR_DVA + EXGR_FVA`` and what is paid besides ``== EXGR == EXGR_FNL + EXGR_INT``;
    ``EXGR_DDC + EXGR_IDC + EXGR_RIM == EXGR_DVA``. FEXDVAP counts the same value added once for
    each border it crosses in partners' exports, so that it can exceed domestic value added.

    References
    ----------
    OECD (2023), Guide to OECD Trade in Value Added Indicators, 2023 edition.
    """
    E, live = system.exports, system.live[:, None]
    v = system.v[:, None]
    direct = _own_industry(system)[:, None]
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
        **system.paid_besides(E),
        "DISCREPANCY": unsold_exports(system)["DISCREPANCY"],
        "FFD_DVA": system.abroad(v * system.absorbed),
        "FEXDVAP": system.abroad(v * reexported),
        "VA": system.spread(system.v * system.x),
        "PROD": system.spread(system.x),
    }


def _own_industry(system: TradeSystem) -> Array:
    """(n,) value added of the industry a row belongs to, in a unit of the row's output."""
    found = np.empty(system.size)
    for block, inverse in zip(system.blocks, system.local_inverses, strict=True):
        own = system.industry[block]
        found[block] = system.v[block] @ np.where(own[:, None] == own[None, :], inverse, 0.0)
    return found
