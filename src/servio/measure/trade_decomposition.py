"""What is in gross exports: domestic, foreign and double counted value, by the known methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from servio.algebra import trade
from servio.errors import LabelError, UsageError
from servio.measure._chains import relative_gap
from servio.measure._contract import MONEY, measure
from servio.measure._countries import Rows, notes, rows, valued
from servio.measure._result import Array, Result
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
ABSORBING = {
    "borin_mancini_source": ("exporter", "world", "sector"),
    "miroudot_ye": ("exporter", "world"),
}
WITHOUT_PARTNER = ("VA", "PROD")


@measure(
    title="Decomposition of gross exports",
    question="How much of exports is domestic value added, foreign value added and counted twice?",
    unit=MONEY,
    formula="DVA = v_s L_ss E_s; FVA = sum_{t != s} v_t B_ts (I + K_s)^-1 E_s; ...",
    identity="DVA + DDC + FVA + FDC + TAXES = EXGR; so do the 16 (9) terms of wwz (kww)",
    source="Borin & Mancini (2019, 2023); Miroudot & Ye (2021); Wang, Wei & Zhu (2013); "
    "Koopman, Wang & Wei (2014); OECD TiVA; methods G8",
    needs=("world",),
)
def export_decomposition(
    table: IOTable,
    *,
    method: Method = "borin_mancini_source",
    perimeter: Perimeter = "exporter",
    partners: str = "total",
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
    partners : str
        ``total`` for all destinations together, ``each``, or some such as ``"USA+CHN"`` (a bloc
        goes by its name). ``absorbing`` for one row for each country in whose final demand the
        exports end after all, the exporter's own too: methods whose contents per unit of exports
        do not depend on where these go, ``borin_mancini_source`` (perimeters exporter, world and
        sector) and ``miroudot_ye``.
    by : str
        ``industry``, ``economy`` or a grouping of the exporting industries.
    blocs : str
        Countries that count as one exporter, trade among them being domestic, such as
        ``"EU27"``, ``"BENELUX=BEL+NLD+LUX"`` or ``"CHN=CN1+CN2;MEX=MX1+MX2"``. The perimeter of a
        sector is then the bloc's industry, all members together.

    Returns
    -------
    Measure
        Money, one row an exporting industry, if asked ``partner``, and ``part``:
        EXGR, DC, DVA, VAX, REF, DISCREPANCY, DDC, FC, FVA, FDC, DAVAX, GVC, GVCB, GVCF and the
        terms of the method; TAXES (taxes and margins), IMPORTS and COST_GAP (what published costs
        leave open) where the table has them.

    Raises
    ------
    InputError
        The table is national or has no value added.
    LabelError
        A partner is not in the table.
    UsageError
        The method does not know the perimeter, or has no meaning by industry or partner.

    Notes
    -----
    Identity: ``DVA + DDC + FVA + FDC + TAXES + COST_GAP = EXGR``, ``VAX + REF + DISCREPANCY =
    DVA``, ``GVC = DC + FC - DAVAX = GVCB + GVCF``. Parts are sums of other parts: never add up the
    whole column.
    FVA and FDC of ``wwz`` and ``kww`` share FC by whether the importer exports it again and are
    not comparable with the others'. Source and sink agree by country, not by partner.
    Value added is at basic prices: taxes on products and margins in exports, wherever paid, are
    nobody's and stand apart (TAXES). DISCREPANCY is domestic value added in output that the table
    sells to nobody, zero in a balanced table: it ends neither abroad nor at home. ``wwz`` and
    ``kww`` split FC by its end too and leave DISCREPANCY_FC of it. By the country that absorbs
    them, exports add up to EXGR less what goes into such output.

    Source: Borin, A. and Mancini, M. (2019), World Bank WPS 8804; Miroudot, S. and Ye, M. (2021),
    Economic Systems Research 33(1); Wang, Z., Wei, S.-J. and Zhu, K. (2013), NBER WP 19677;
    Koopman, R., Wang, Z. and Wei, S.-J. (2014), AER 104(2); OECD (2023), Guide to TiVA
    indicators. Checked against all 151 numbers of the tests of exvatools 0.9.0.

    Examples
    --------
    >>> import servio
    >>> table = next(servio.model_world(seed=3, countries=4, years=1).tables())
    >>> found = export_decomposition(table, by="economy", blocs="EAST=M03+M04")
    >>> parts = [found.value(country="EAST", part=p) for p in ("DVA", "DDC", "FVA", "FDC", "TAXES")]
    >>> bool(np.isclose(sum(parts), found.value(country="EAST", part="EXGR")))
    True
    """
    _refuse_unknown(method, perimeter, partners, by)
    world, out = valued(table, blocs), rows(table, by, blocs)
    if method == "kww":
        parts: Parts = trade.koopman_wang_wei(world)
        return out.result(parts, residual=_error(world, parts), notes=notes(table, blocs))
    absorbing = partners == "absorbing"
    found = _methods(absorbing)[method](world, perimeter)
    residual = _error(world, found)
    parts = {name: out.add(value) for name, value in found.items()}
    if method == "tiva":
        parts |= _of_imports(table, world, found, out)
    if partners == "total":
        parts = {name: value.sum(axis=1) for name, value in parts.items()}
    else:
        parts = {name: value for name, value in parts.items() if name not in WITHOUT_PARTNER}
    return out.result(parts, own=absorbing, partners="each" if absorbing else partners,
                      residual=residual, notes=notes(table, blocs))  # fmt: skip


def _methods(
    absorbing: bool,
) -> dict[str, Callable[[trade.TradeSystem, str], dict[str, Array]]]:
    return {
        "borin_mancini_source": lambda world, at: trade.borin_mancini(
            world, perimeter=at, absorbing=absorbing
        ),
        "borin_mancini_sink": lambda world, at: trade.borin_mancini(world, sink=True, perimeter=at),
        "miroudot_ye": lambda world, at: trade.miroudot_ye(
            world, perimeter=at, absorbing=absorbing
        ),
        "wwz": lambda world, _: trade.wang_wei_zhu(world),
        "tiva": lambda world, _: trade.oecd_indicators(world),
    }


def _of_imports(
    table: IOTable, world: trade.TradeSystem, found: Parts, out: Rows
) -> dict[str, Array]:
    """Indicators of a country as importer and, by exporting industry, of origin abroad."""
    backward = out.add(world.abroad(trade.origin_of_exports(world)))
    forward = out.add(found["FEXDVAP"])
    return {
        "IMGR": out.mirrored(found["EXGR"]),
        "DFD_FVA": out.mirrored(found["FFD_DVA"]),
        "DEXFVAP": backward,
        "GVC": backward + forward,
        "GVCB": backward,
        "GVCF": forward,
        **{name: out.add(value) for name, value in _of_services(table, world).items()},
    }


def _of_services(table: IOTable, world: trade.TradeSystem) -> dict[str, Array]:
    """Value added of services in exports, of tables that know which industries they are."""
    try:
        weights = table.weights("services")[1]
    except LabelError:
        return {}
    content = world.solve_transposed(world.spread(weights.sum(axis=0)[world.order] * world.v))
    domestic = world.own(content)
    foreign = content.sum(axis=1) - domestic
    E = world.exports
    return {"EXGR_SERV_DVA": domestic[:, None] * E, "EXGR_SERV_FVA": foreign[:, None] * E}


def _error(world: trade.TradeSystem, found: Parts) -> float:
    """Largest relative error of: domestic, foreign and nobody's content are all of exports."""
    content = ("DC", "FC") if "DC" in found else ("EXGR_DVA", "EXGR_FVA")
    total = np.sum([found[name] for name in (*content, *world.besides)], axis=0)
    return relative_gap(total, found["EXGR"])


def _refuse_unknown(method: str, perimeter: str, partners: str, by: str) -> None:
    known = PERIMETERS.get(method, ("exporter",))
    if perimeter not in known:
        raise UsageError(
            f"perimeter={perimeter}",
            found=f"method={method}",
            expected=f"one of {', '.join(known)}",
            remedy="Other perimeters are those of borin_mancini_source and borin_mancini_sink.",
        )
    if partners == "absorbing" and perimeter not in ABSORBING.get(method, ()):
        raise UsageError(
            "partners=absorbing",
            found=f"method={method} perimeter={perimeter}",
            expected="; ".join(f"method={m} with perimeter={' or '.join(p)}"
                               for m, p in ABSORBING.items()),
            remedy="Use one of these, or partners=each.",
        )  # fmt: skip
    if method == "kww" and (by != "economy" or partners != "total"):
        raise UsageError(
            "method=kww",
            found=f"by={by} partners={partners}",
            expected="by=economy partners=total: its terms have a meaning for whole countries only",
            remedy="Use wwz for industries and partners.",
        )
