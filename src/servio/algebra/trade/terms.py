"""Gross exports term by term: the sixteen of Wang, Wei and Zhu, the nine of Koopman et al."""

from __future__ import annotations

import numpy as np

from servio.algebra._check import Array
from servio.algebra.trade._system import TradeSystem
from servio.algebra.trade.accounts import unsold_exports

__all__ = ["KWW_TERMS", "WWZ_TERMS", "koopman_wang_wei", "wang_wei_zhu"]

Parts = dict[str, Array]
Names = tuple[str, ...]

WWZ_TERMS = (
    "DVA_FIN", "DVA_INT", "DVA_INTrex1", "DVA_INTrex2", "DVA_INTrex3", "RDV_FIN1", "RDV_FIN2",
    "RDV_INT", "DDC_FIN", "DDC_INT", "FVA_FIN1", "FVA_FIN2", "FVA_INT1", "FVA_INT2", "MDC", "ODC",
)  # fmt: skip
KWW_TERMS = (
    "DVA_FIN", "DVA_INT", "DVA_INTrex", "RDV_FIN", "RDV_INT", "DDC", "FVA_FIN", "FVA_INT", "FDC",
)  # fmt: skip


def wang_wei_zhu(system: TradeSystem) -> Parts:
    r"""The sixteen terms of Wang, Wei and Zhu by exporting row i of s and destination r.

    With B the global and L the local inverse, ``h = v_s L_ss``, ``m = v_r B_rs`` (the importer's
    value added), ``o = sum_{t != s,r} v_t B_ts`` (others'), # element by element:

    1 DVA_FIN ``v_s B_ss # Y_sr``; 2 DVA_INT ``h # A_sr B_rr Y_rr``;
    3 DVA_INTrex1 ``h # A_sr sum_{t != s,r} B_rt Y_tt``;
    4 DVA_INTrex2 ``h # A_sr B_rr sum_{t != s,r} Y_rt``;
    5 DVA_INTrex3 ``h # A_sr sum_{t != s,r} B_rt sum_{u != s,t} Y_tu``;
    6 RDV_FIN1 ``h # A_sr B_rr Y_rs``; 7 RDV_FIN2 ``h # A_sr sum_{t != s,r} B_rt Y_ts``;
    8 RDV_INT ``h # A_sr B_rs Y_ss``; 9 DDC_FIN ``h # A_sr B_rs sum_{t != s} Y_st``;
    10 DDC_INT ``(v_s B_ss - h) # A_sr x_r``;
    11 FVA_FIN1 ``m # Y_sr``; 12 FVA_FIN2 ``o # Y_sr``;
    13 FVA_INT1 ``m # A_sr L_rr Y_rr``; 14 FVA_INT2 ``o # A_sr L_rr Y_rr``;
    15 MDC ``m # A_sr L_rr E_r``; 16 ODC ``o # A_sr L_rr E_r``.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    dict of (n, G) arrays
        EXGR, DC, DVA, VAX (1-5), REF (6-8), DDC (9-10), FC, FVA (11-14), FDC (15-16), what is paid
        besides (`TradeSystem.besides`), the sixteen terms, and DISCREPANCY and DISCREPANCY_FC:
        domestic and foreign content of output that the table sells to nobody (`unsold_exports`),
        which no term holds; zero in a balanced table.

    Notes
    -----
    Identity: the sixteen terms, both discrepancies and what is paid besides add up to EXGR;
    ``VAX + REF + DISCREPANCY == DVA``, ``DVA + DDC == DC``, ``FVA + FDC + DISCREPANCY_FC == FC``
    and ``DC + FC`` with what is paid besides ``== EXGR``. FVA and FDC split foreign content
    by whether the importer exports it again, not by whether it was counted before: FC agrees
    with `borin_mancini`, its parts do not.

    References
    ----------
    Wang, Z., Wei, S.-J. and Zhu, K. (2013), NBER Working Paper 19677, equation 37.
    """
    terms = {k: system.abroad(v) for k, v in _domestic(system).items()}
    terms |= {k: system.abroad(v) for k, v in _foreign(system).items()}
    terms = {k: np.where(system.live[:, None], v, 0.0) for k, v in terms.items()}
    ordered = {name: terms[name] for name in WWZ_TERMS} | unsold_exports(system)
    sums = _sums(ordered, VAX=WWZ_TERMS[:5], REF=WWZ_TERMS[5:8], DDC=WWZ_TERMS[8:10],
                 FVA=WWZ_TERMS[10:14], FDC=WWZ_TERMS[14:])  # fmt: skip
    E = system.exports
    return {"EXGR": E} | sums | system.paid_besides(E) | ordered


def _sums(terms: Parts, **made_of: Names) -> Parts:
    """The accounts that terms make up, what ends nowhere included."""
    DVA = (*made_of["VAX"], *made_of["REF"], "DISCREPANCY")
    DC, FC = (*DVA, *made_of["DDC"]), (*made_of["FVA"], *made_of["FDC"], "DISCREPANCY_FC")
    order = ("DC", "DVA", "VAX", "REF", "DDC", "FC", "FVA", "FDC")
    named = {"DC": DC, "DVA": DVA, "FC": FC, **made_of}
    return {name: _sum(terms, *named[name]) for name in order}


def _sum(terms: Parts, *names: str) -> Array:
    found: Array = np.sum([terms[name] for name in names], axis=0)
    return found


def _domestic(system: TradeSystem) -> Parts:
    h, direct = system.home[:, None], system.domestic[:, None]
    own = system.own(system.Y)
    final = system.final_exports.sum(axis=1)
    at_home, abroad = system.solve(system.spread(own)), system.solve(system.spread(final))
    here = _own_columns(system)  # B_rr Y_rs for each s
    used = system.sold_by_seller(
        np.stack(_chains(system, here, at_home, abroad), axis=2)
    )  # A_sr times what each seller s finds at each buyer r
    names = WWZ_TERMS[1:9]
    terms = {name: h * used[:, :, k] for k, name in enumerate(names)}
    terms["DVA_FIN"] = direct * system.final_exports
    terms["DDC_INT"] = (direct - h) * system.intermediate_exports
    return terms


def _chains(system: TradeSystem, here: Array, at_home: Array, abroad: Array) -> list[Array]:
    """(n, G) output of rows r that each seller's country s stands behind, terms 2 to 9."""
    from_r = system.own(here)[:, None]  # B_rr Y_rr
    sent = here.sum(axis=1, keepdims=True) - from_r  # B_rr times the final exports of r
    everywhere, everyone = (m.sum(axis=1, keepdims=True) for m in (at_home, abroad))
    to_s = system.absorbed - here - at_home  # sum_{t != s,r} B_rt Y_ts
    return [
        np.broadcast_to(from_r, here.shape),
        everywhere - from_r - at_home,
        sent - here,
        everyone - sent - abroad - to_s,
        here,
        to_s,
        at_home,
        abroad,
    ]


def _own_columns(system: TradeSystem) -> Array:
    """(n, G): ``B_rr Y_rs``, output of r for final products that r itself sells to s."""
    blocks = system.diagonal_blocks()
    return np.vstack([B @ system.Y[block] for B, block in zip(blocks, system.blocks, strict=True)])


def _foreign(system: TradeSystem) -> Parts:
    m = system.content
    o = system.foreign[:, None] - m
    at_home = system.locally(system.own(system.Y)[:, None])[:, 0]
    sent = system.final_exports + system.intermediate_exports
    again = system.locally(sent.sum(axis=1)[:, None])[:, 0]
    absorbed, exported = system.sold(at_home), system.sold(again)
    final = system.final_exports
    return {
        "FVA_FIN1": m * final, "FVA_FIN2": o * final,
        "FVA_INT1": m * absorbed, "FVA_INT2": o * absorbed,
        "MDC": m * exported, "ODC": o * exported,
    }  # fmt: skip


def koopman_wang_wei(system: TradeSystem) -> Parts:
    r"""The nine terms of Koopman, Wang and Wei by country; they have no meaning by industry.

    1 DVA_FIN ``v_s B_ss sum_r Y_sr``; 2 DVA_INT ``v_s sum_r B_sr Y_rr``;
    3 DVA_INTrex ``v_s sum_r B_sr sum_{t != s,r} Y_rt``; 4 RDV_FIN ``v_s sum_r B_sr Y_rs``;
    5 RDV_INT ``v_s sum_r B_sr A_rs L_ss Y_ss``; 6 DDC ``v_s sum_r B_sr A_rs L_ss E_s``;
    7 FVA_FIN ``sum_{t != s} v_t B_ts Y_sr``; 8 FVA_INT ``sum_{t,r} v_t B_ts A_sr L_rr Y_rr``;
    9 FDC ``sum_{t,r} v_t B_ts A_sr L_rr E_r``; r and t differ from s.

    Parameters
    ----------
    system : TradeSystem

    Returns
    -------
    dict of (G,) arrays
        EXGR, DC, DVA, VAX (1-3), REF (4-5), FC, FVA (7-8), what is paid besides, the nine terms
        (DDC and FDC are two of them), DISCREPANCY and DISCREPANCY_FC as in `wang_wei_zhu`
        (currency).

    Notes
    -----
    Identity: those of `wang_wei_zhu` with the nine terms. DVA is exact; FVA and FDC share FC
    by the use of the importer, as in `wang_wei_zhu`, and so misplace double counting.

    References
    ----------
    Koopman, R., Wang, Z. and Wei, S.-J. (2014), American Economic Review 104(2): 459-494,
    equation 36.
    """
    v = system.v[:, None]
    own, final = system.own(system.Y), system.final_exports
    sent = final.sum(axis=1)
    at_home = system.solve(system.spread(own))
    through = system.solve(system.spread(sent))
    back = system.v * system.own(system.absorbed - at_home)
    foreign = system.foreign
    absorbed, exported = (
        system.abroad(system.sold(system.locally(u[:, None])[:, 0])).sum(axis=1)
        for u in (own, system.exports.sum(axis=1))
    )
    extra = (system.domestic - system.home) * system.live
    terms = {
        "DVA_FIN": system.domestic * sent,
        "DVA_INT": (v * system.abroad(at_home)).sum(axis=1),
        "DVA_INTrex": (v * system.abroad(through)).sum(axis=1) - back,
        "RDV_FIN": back,
        "RDV_INT": extra * own,
        "DDC": extra * system.exports.sum(axis=1),
        "FVA_FIN": foreign * sent,
        "FVA_INT": foreign * absorbed,
        "FDC": foreign * exported,
    }
    terms = {k: _by_country(system, flows * system.live) for k, flows in terms.items()}
    terms |= {k: _by_country(system, f.sum(axis=1)) for k, f in unsold_exports(system).items()}
    E = system.exports.sum(axis=1)
    besides = {k: _by_country(system, flows) for k, flows in system.paid_besides(E).items()}
    sums = _sums(terms, VAX=KWW_TERMS[:3], REF=KWW_TERMS[3:5], DDC=("DDC",), FVA=KWW_TERMS[6:8],
                 FDC=("FDC",))  # fmt: skip
    return {"EXGR": _by_country(system, E)} | sums | besides | terms


def _by_country(system: TradeSystem, flows: Array) -> Array:
    return np.asarray(np.add.reduceat(flows, system.starts[:-1]), dtype=np.float64)
