"""Trade between countries, gross and in value added."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio.algebra import trade
from servio.measure._chains import relative_gap
from servio.measure._contract import MONEY, measure
from servio.measure._countries import bloc_notes, earners, notes, rows, system, valued
from servio.measure._result import Array, Result
from servio.table import IOTable

__all__ = ["export_origin", "gross_exports", "value_added_trade"]

Use = Literal["total", "final", "intermediate"]
Embodied = Literal["final_demand", "exports"]


@measure(
    title="Gross exports",
    question="What does an industry sell abroad, to whom and for which use?",
    unit=MONEY,
    formula="E_sr = A_sr x_r + Y_sr",
    identity="final and intermediate exports add up to the total",
    source="OECD (2023), Guide to TiVA indicators: EXGR, EXGR_FNL, EXGR_INT",
    needs=("world",),
)
def gross_exports(
    table: IOTable,
    *,
    use: Use = "total",
    partners: str = "total",
    by: str = "industry",
    blocs: str = "",
) -> Result:
    """Sales of each industry to other countries.

    ``E_sr = A_sr x_r + Y_sr``: inputs for producers and final products. By the country u whose
    final demand they end in, wherever they go first: ``Y_su + sum_{r != s} A_sr (B Y)_ru``.

    Parameters
    ----------
    table : IOTable
        A world table.
    use : {'total', 'final', 'intermediate'}
        All exports, final products, or inputs for producers.
    partners : str
        ``total`` for all other countries together, ``each`` for one row for each that buys, some
        such as ``"USA+CHN"`` (a bloc goes by its name), or ``absorbing`` for one row for each in
        whose final demand the exports end after all, the exporter's own too.
    by : str
        ``industry``, ``economy`` or a grouping of the exporting industries.
    blocs : str
        Countries that count as one, so that trade among them is domestic, such as
        ``"EU27"`` or ``"BENELUX=BEL+NLD+LUX"``; several with ``;`` between them.

    Returns
    -------
    Measure
        Money, one row an industry and, if asked, partner.

    Raises
    ------
    InputError
        The table is national.
    LabelError
        A partner is not in the table.

    Notes
    -----
    Identity: ``use="final"`` and ``use="intermediate"`` add up to the total. The countries of
    ``absorbing`` add up to it too, less what goes into output that the table sells to nobody.

    Source: OECD (2023), Guide to OECD Trade in Value Added Indicators: EXGR, EXGR_FNL, EXGR_INT;
    Borin & Mancini (2019), World Bank WPS 8804: exports by absorption.

    Examples
    --------
    >>> import servio
    >>> table = next(servio.model_world(seed=3, countries=4, years=1).tables())
    >>> total = gross_exports(table, by="economy").values
    >>> each = gross_exports(table, by="economy", partners="each").values.reshape(4, 3)
    >>> bool(np.allclose(each.sum(axis=1), total))
    True
    """
    world, out = system(table, blocs), rows(table, by, blocs)
    final = np.where(world.live[:, None], world.final_exports, 0.0)
    absorbing = partners == "absorbing"
    total = trade.exports_by_absorption(world) if absorbing else world.exports
    found = out.add({"total": total, "final": final, "intermediate": total - final}[use])
    shown = found.sum(axis=1) if partners == "total" else found
    return out.result({"": shown}, own=absorbing, partners="each" if absorbing else partners,
                      notes=bloc_notes(table, blocs))  # fmt: skip


@measure(
    title="Value added by origin and destination",
    question="Where does the value added of an industry end: in whose final demand or exports?",
    unit=MONEY,
    formula="diag(v) B Y; diag(v) B E",
    identity="over all final demands it adds up to value added, over all origins to exports",
    source="Johnson & Noguera (2012); OECD (2023), Guide to TiVA indicators: FFD_DVA, EXGR_BSCI",
    needs=("world",),
)
def value_added_trade(
    table: IOTable,
    *,
    embodied_in: Embodied = "final_demand",
    by: str = "industry",
    blocs: str = "",
) -> Result:
    """Value added of each industry in each country's final demand or gross exports.

    ``diag(v) B Y`` or ``diag(v) B E`` with B the inverse of all flows, v value added at basic
    prices per unit of output, and Y or E by country.

    Parameters
    ----------
    table : IOTable
        A world table.
    embodied_in : {'final_demand', 'exports'}
        Where it ends, or in whose gross exports it is on its way.
    by : str
        ``industry``, ``economy`` or a grouping of the industries that earn the value added.
    blocs : str
        Countries that count as one, such as ``"EU27"`` or ``"BENELUX=BEL+NLD+LUX"``.

    Returns
    -------
    Measure
        Money, one row an industry of origin and ``partner``: the country (its own too) whose
        final demand or exports hold the value added.

    Raises
    ------
    InputError
        The table is national.

    Notes
    -----
    Identity: with ``final_demand`` the rows of an industry add up to its value added (less what
    is in output that the table sells to nobody); those of other countries are its exports of
    value added (VAX). With ``exports`` the rows of a partner add up to its gross exports, less
    taxes, margins and discrepancies in them: value added that crosses several borders counts in
    each exporter, so the sum over partners is more than value added.

    Source: Johnson, R. C. and Noguera, G. (2012), Journal of International Economics 86(2).

    Examples
    --------
    >>> import servio
    >>> table = next(servio.model_world(seed=3, countries=4, years=1).tables())
    >>> found = value_added_trade(table, by="economy")
    >>> bool(np.isclose(found.values.sum(), table.value_added.sum()))
    True
    """
    world, out = valued(table, blocs), rows(table, by, blocs)
    if embodied_in == "final_demand":
        found = trade.value_added_absorbed(world)
        sums, expected = (
            found.sum(axis=1),
            world.v * (world.x - world.solve(world.gap[:, None])[:, 0]),
        )
    else:
        found = trade.value_added_exported(world)
        exported = world.exports.sum(axis=1)
        value = exported - sum(world.paid_besides(exported).values(), 0.0 * exported)
        sums, expected = found.sum(axis=0), world.spread(value).sum(axis=0)
    return out.result(
        {"": out.add(found)}, own=True, residual=relative_gap(sums, expected),
        notes=notes(table, blocs),
    )  # fmt: skip


@measure(
    title="Origin of the value of exports",
    question="Whose value added, of which country and industries, is in an industry's exports?",
    unit=MONEY,
    formula="V_cg B diag(E)",
    identity="over countries and groups it adds up to gross exports",
    source="OECD (2023), Guide to TiVA indicators: EXGR_BSCI",
    needs=("world", "services"),
)
def export_origin(
    table: IOTable, *, grouping: str = "sectors", by: str = "industry", blocs: str = ""
) -> Result:
    """Value added of each country and group of industries in gross exports.

    ``V_cg B diag(E)``: of country c, group g, in the exports of each industry. By destination or
    by the country that absorbs them: `value_added_routes`.

    Parameters
    ----------
    table : IOTable
        A world table.
    grouping : str
        Groups of the industries that earn the value added.
    by : str
        ``industry``, ``economy`` or a grouping of the exporting industries.
    blocs : str
        Countries that count as one, such as ``"EU27"`` or ``"BENELUX=BEL+NLD+LUX"``.

    Returns
    -------
    Measure
        Money, one row an exporting industry, ``partner`` (country of origin, its own too) and
        ``group``. If the groups hold all industries, what is nobody's value added has groups of
        its own: ``taxes and margins``, ``discrepancy`` (what published costs leave open).

    Raises
    ------
    InputError
        The table is national.
    LabelError
        The grouping is unknown.

    Notes
    -----
    Identity: with a partition the rows of an exporter add up to its gross exports; services over
    exports is `service_content_of_exports`. Value added that comes back from abroad counts as of
    its first origin.

    Source: OECD (2023), Guide to OECD Trade in Value Added Indicators: EXGR_BSCI. Services value
    added of the United States in Spain's exports of manufactures: 51.31605 in the example table
    of exvatools 0.9.0.

    Examples
    --------
    >>> import servio
    >>> table = next(servio.model_world(seed=3, countries=4, years=1).tables())
    >>> found = export_origin(table, by="economy", grouping="broad")
    >>> exports = gross_exports(table, by="economy").values
    >>> bool(np.isclose(found.values.sum(), exports.sum()))
    True
    """
    world, out = valued(table, blocs), rows(table, by, blocs)
    groups, weights = earners(table, grouping, world)
    exports = world.exports.sum(axis=1)[:, None]
    parts: dict[str, Array] = {}
    residual = 0.0
    for name, rate in zip(groups, weights, strict=True):
        earned = world.spread(rate)
        content = world.solve_transposed(earned)
        residual = max(residual, relative_gap(content - (content.T @ world.A).T, earned))
        parts[name] = out.add(content * exports)
    return out.result(parts, own=True, label="group", residual=residual, notes=notes(table, blocs))
