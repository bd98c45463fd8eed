"""What is in gross exports: domestic, foreign and double counted value, by the known methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from servio.algebra import trade
from servio.errors import UsageError
from servio.measure._chains import relative_gap
from servio.measure._contract import MONEY, measure
from servio.measure._countries import Rows, notes, rows, system
from servio.measure._result import Array, Result
from servio.measure.trade import Partners
from servio.table import IOTable

__all__ = ["export_decomposition"]

Method = Literal["borin_mancini_source", "borin_mancini_sink", "miroudot_ye", "wwz", "kww", "tiva"]
Perimeter = Literal["exporter", "world", "bilateral", "sector", "sector_bilateral"]
Parts = Mapping[str, Array]

PERIMETERS = {
    "borin_mancini_source": ("exporter", "world", "bilateral", "sector", "sector_bilateral"),
    "borin_mancini_sink": ("exporter", "world", "bilateral", "sector", "sector_bilateral"),
    "miroudot_ye": ("exporter", "world"),
}
WITHOUT_PARTNER = ("VA", "PROD")


@measure(
    title="Decomposition of gross exports",
    question="How much of exports is domestic value added, foreign value added and counted twice?",
    unit=MONEY,
    formula="DVA = v_s L_ss E_s; FVA = sum_{t != s} v_t B_ts (I + K_s)^-1 E_s; ...",
    identity="DVA + DDC + FVA + FDC = EXGR; the 16 (9) terms of wwz (kww) add up to EXGR",
    source="Borin & Mancini (2019, 2023); Miroudot & Ye (2021); Wang, Wei & Zhu (2013); "
    "Koopman, Wang & Wei (2014); OECD TiVA; methods G8",
    needs=("world",),
)
def export_decomposition(
    table: IOTable,
    *,
    method: Method = "borin_mancini_source",
    perimeter: Perimeter = "exporter",
    partners: Partners = "total",
    by: str = "industry",
    blocs: str = "",
) -> Result:
    """Accounts of gross exports by exporting industry and destination.

    With B the inverse of all flows, L that of the exporter's own, ``K_s = sum_{r != s} A_sr B_rs``
    what its exports bring back: ``DVA = v_s L_ss E_s``, ``DDC = v_s (B_ss - L_ss) E_s``,
    ``FC = sum_{t != s} v_t B_ts E_s``, ``FVA = sum_{t != s} v_t B_ts (I + K_s)^-1 E_s``,
    ``FDC = FC - FVA``. The methods and what each counts twice are set side by side in
    ``docs/value-chains.md``.

    Parameters
    ----------
    table : IOTable
        A world table.
    method : {'borin_mancini_source', 'borin_mancini_sink', 'miroudot_ye', 'wwz', 'kww', 'tiva'}
        Source counts value when it first leaves the perimeter, sink when it leaves for the last
        time. ``wwz`` are the sixteen terms of Wang, Wei and Zhu with their sums, ``kww`` the nine
        of Koopman, Wang and Wei, which exist for whole countries only. ``tiva`` are the OECD's
        indicators.
    perimeter : {'exporter', 'world', 'bilateral', 'sector', 'sector_bilateral'}
        Crossing which border again is double counting: of the exporting country, of any country,
        of the pair, of the exporting industry, of industry and pair. ``wwz``, ``kww`` and
        ``tiva`` have none.
    partners : {'total', 'each'}
        All destinations together, or one row for each.
    by : str
        ``industry``, ``economy`` or a grouping of the exporting industries.
    blocs : str
        Countries that count as one exporter, trade among them being domestic, such as
        ``"EU27"``, ``"BENELUX=BEL+NLD+LUX"`` or ``"CHN=CN1+CN2;MEX=MX1+MX2"``.

    Returns
    -------
    Measure
        Money, one row an exporting industry, if asked ``partner``, and ``part``:
        EXGR, DC, DVA, VAX, REF, DDC, FC, FVA, FDC, DAVAX, GVC, GVCB, GVCF and the terms of the
        method.

    Raises
    ------
    InputError
        The table is national.
    UsageError
        The method does not know the perimeter, or has no meaning by industry or partner.

    Notes
    -----
    Identity: ``DVA + DDC + FVA + FDC = EXGR``, ``VAX + REF = DVA``, ``GVC = EXGR - DAVAX =
    GVCB + GVCF``. Parts are sums of other parts: never add up the whole column.
    FVA and FDC of ``wwz`` and ``kww`` share FC by whether the importer exports it again and are
    not comparable with the others'. Source and sink agree by country, not by partner.
    Value added is everything paid besides inputs (taxes on products and margins too), so that
    exports are fully accounted for. Output that a table sells to nobody is DISCREPANCY.

    Source: Borin, A. and Mancini, M. (2019), World Bank WPS 8804; Miroudot, S. and Ye, M. (2021),
    Economic Systems Research 33(1); Wang, Z., Wei, S.-J. and Zhu, K. (2013), NBER WP 19677;
    Koopman, R., Wang, Z. and Wei, S.-J. (2014), AER 104(2); OECD (2023), Guide to TiVA
    indicators. Checked against all 151 numbers of the tests of exvatools 0.9.0.

    Examples
    --------
    >>> import servio
    >>> table = next(servio.model_world(seed=3, countries=4, years=1).tables())
    >>> found = export_decomposition(table, by="economy", blocs="EAST=M03+M04")
    >>> parts = [found.value(country="EAST", part=p) for p in ("DVA", "DDC", "FVA", "FDC")]
    >>> bool(np.isclose(sum(parts), found.value(country="EAST", part="EXGR")))
    True
    """
    _refuse_unknown(method, perimeter, partners, by)
    world, out = system(table, blocs), rows(table, by, blocs)
    if method == "kww":
        parts: Parts = trade.koopman_wang_wei(world)
        unsold = out.add(trade.unsold_exports(world).sum(axis=1))
        gap = _gap(parts["DISCREPANCY"] - unsold, parts["EXGR"])
        return out.result(parts, residual=gap, notes=notes(table, blocs))
    found = _methods()[method](world, perimeter)
    residual = _error(world, found, method)
    parts = {name: out.add(value) for name, value in found.items()}
    if method == "tiva":
        parts |= _of_imports(world, found, out)
    if partners == "total":
        parts = {name: value.sum(axis=1) for name, value in parts.items()}
    else:
        parts = {name: value for name, value in parts.items() if name not in WITHOUT_PARTNER}
    return out.result(parts, residual=residual, notes=notes(table, blocs))


def _methods() -> dict[str, Callable[[trade.TradeSystem, str], dict[str, Array]]]:
    return {
        "borin_mancini_source": lambda world, at: trade.borin_mancini(world, perimeter=at),
        "borin_mancini_sink": lambda world, at: trade.borin_mancini(world, sink=True, perimeter=at),
        "miroudot_ye": lambda world, at: trade.miroudot_ye(world, perimeter=at),
        "wwz": lambda world, _: trade.wang_wei_zhu(world),
        "tiva": lambda world, _: trade.oecd_indicators(world),
    }


def _of_imports(world: trade.TradeSystem, found: Parts, out: Rows) -> dict[str, Array]:
    """Indicators of a country as importer and, by exporting industry, of origin abroad."""
    return {
        "IMGR": out.mirrored(found["EXGR"]),
        "DFD_FVA": out.mirrored(found["FFD_DVA"]),
        "DEXFVAP": out.add(world.abroad(trade.origin_of_exports(world))),
    }


def _error(world: trade.TradeSystem, found: Parts, method: str) -> float:
    """Largest relative error of the terms' sum."""
    E = found["EXGR"]
    if method == "tiva":
        return relative_gap(found["EXGR_DVA"] + found["EXGR_FVA"], E)
    if method != "wwz":
        return relative_gap(sum((found[k] for k in ("DVA", "DDC", "FVA", "FDC")), 0.0 * E), E)
    return _gap(found["DISCREPANCY"] - trade.unsold_exports(world), E)


def _gap(left: Array, whole: Array) -> float:
    return float(np.abs(left).max(initial=0.0) / (np.abs(whole).max(initial=0.0) or 1.0))


def _refuse_unknown(method: str, perimeter: str, partners: str, by: str) -> None:
    known = PERIMETERS.get(method, ("exporter",))
    if perimeter not in known:
        raise UsageError(
            f"perimeter={perimeter}",
            found=f"method={method}",
            expected=f"one of {', '.join(known)}",
            remedy="Other perimeters are those of borin_mancini_source and borin_mancini_sink.",
        )
    if method == "kww" and (by != "economy" or partners != "total"):
        raise UsageError(
            "method=kww",
            found=f"by={by} partners={partners}",
            expected="by=economy partners=total: its terms have a meaning for whole countries only",
            remedy="Use wwz for industries and partners.",
        )
