"""Taking part in value chains across borders: how far, at which end, how deep."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio.algebra import trade
from servio.measure._chains import relative_gap
from servio.measure._contract import measure
from servio.measure._countries import Rows, notes, rows, share, valued
from servio.measure._result import Array, Result
from servio.table import IOTable

__all__ = ["participation"]

Method = Literal["trade", "output", "forward_production", "backward_production", "oecd", "vertical"]
Shares = tuple[dict[str, Array], Array, str, float]

PRODUCTION = ("PURE_DOMESTIC", "TRADITIONAL", "SIMPLE", "COMPLEX")


@measure(
    title="Participation in global value chains",
    question="What part of exports or output belongs to chains that cross borders, and how?",
    unit="share",
    formula="1 - DAVAX / E; 1 - (h # L_ss (Y_ss + Q) + m1 # L_ss Y_ss) / x; v L A_F x / v x; ...",
    identity="the parts of a method's whole add up to 1",
    source="Borin, Mancini & Taglioni (2021); Wang, Wei, Yu & Zhu (2017); Hummels, Ishii & Yi "
    "(2001); OECD TiVA; methods G8",
    needs=("world",),
)
def participation(
    table: IOTable, *, method: Method = "trade", by: str = "industry", blocs: str = ""
) -> Result:
    """Shares of exports, output or production in value chains that cross borders.

    With ``h = v_s L_ss`` and ``Q_sr = Y_sr + A_sr L_rr Y_rr``, what the destination uses up
    itself, ``trade`` shares out gross exports: ``h # Q`` crosses one border (TRADITIONAL), the
    rest is GVC: ``(1 - h) # Q`` BACKWARD, ``h # (E - Q)`` FORWARD, ``(1 - h) # (E - Q)`` TWO_SIDED.
    ``output`` shares out gross output ``x = L_ss (Y_ss + E)``, so that industries that export
    through others count: ``h # L_ss Y_ss`` crosses no border (PURE_DOMESTIC), ``h # L_ss Q`` and
    imported inputs of one border used up at home one (TRADITIONAL), the rest is GVC.

    Parameters
    ----------
    table : IOTable
        A world table.
    method : {'trade', 'output', 'forward_production', 'backward_production', 'oecd', 'vertical'}
        ``trade``: parts of gross exports. ``output``: parts of gross output: imported value in
        final products (BACKWARD, where a chain ends), the industry's own value in what is exported
        and goes on (FORWARD, where it begins), inputs passed on in between (TWO_SIDED).
        ``forward_production``: parts of value added by where it ends, ``backward_production``:
        parts of final products by where their value arises:
        PURE_DOMESTIC, TRADITIONAL (in final exports), SIMPLE (one border in inputs), COMPLEX;
        GVC is the last two. ``oecd``: foreign value added in exports (BACKWARD, the OECD's
        DEXFVApSH) and domestic value added in exports of others (FORWARD, FEXDVApSH), by the
        country's gross exports. ``vertical``, of Hummels, Ishii and Yi: imported inputs in exports
        (VS) and exports that the country they go to needs for its own (VS1), in gross flows.
    by : str
        ``industry``, ``economy`` or a grouping of industries.
    blocs : str
        Countries that count as one, such as ``"EU27"`` or ``"BENELUX=BEL+NLD+LUX"``.

    Returns
    -------
    Measure
        Share, one row an industry and ``part`` (TAXES, IMPORTS and COST_GAP, as in
        `export_decomposition`, where the table has them); of the industry's own exports, output,
        value added or final products; for ``oecd`` and ``vertical`` of all exports of its
        country, so that industries add up.

    Raises
    ------
    InputError
        The table is national or has no value added.

    Notes
    -----
    Identity: TRADITIONAL, BACKWARD, FORWARD and TWO_SIDED and the share of taxes add up to 1
    (``trade``), with PURE_DOMESTIC and DISCREPANCY, what the table sells to nobody, for
    ``output``; so do the four production parts, with DISCREPANCY (``forward_production``) or
    taxes (``backward_production``). FORWARD and TWO_SIDED of ``trade`` hold what its destination
    sells to nobody. FORWARD of ``oecd`` counts value added once for each border in partners'
    exports: the sum of BACKWARD and FORWARD can exceed 1. ``vertical`` and ``oecd`` are relatives:
    VS = FC + DDC = BACKWARD + TWO_SIDED of ``trade`` for a country without taxes, imported inputs
    with the domestic value that returns in them, where BACKWARD of ``oecd`` is FC (VS of Koopman,
    Wang and Wei). VS1 is gross, and over the world adds up to VS; FORWARD of ``oecd`` is the value
    added in all exports abroad, however far (VS1 of Koopman, Wang and Wei). Negative final demand
    (inventories) can put shares of ``output`` below 0 or above 1.

    References
    ----------
    Borin, A., Mancini, M. and Taglioni, D. (2021), World Bank WPS 9785: ``trade`` and, derived
    from the definition, ``output``; neither was read again in the paper, `servio.algebra.trade`
    says what they were held against. Wang, Z., Wei, S.-J., Yu, X. and Zhu, K. (2017), NBER WP
    23222. Hummels, D., Ishii, J. and Yi, K.-M. (2001), Journal of International Economics 54(1).
    Koopman, R., Wang, Z. and Wei, S.-J. (2014), AER 104(2). OECD (2023), Guide to TiVA
    indicators: DEXFVApSH, FEXDVApSH.

    Examples
    --------
    >>> import servio
    >>> table = next(servio.model_world(seed=3, countries=4, years=1).tables())
    >>> found = participation(table, by="economy")
    >>> names = ("TRADITIONAL", "BACKWARD", "FORWARD", "TWO_SIDED", "TAXES")
    >>> round(sum(found.value(country="M01", part=name) for name in names), 12)
    1.0
    """
    world, out = valued(table, blocs), rows(table, by, blocs)
    if method == "trade":
        found = _of_exports(world, out)
    elif method == "output":
        found = _of_output(world, out)
    elif method in ("forward_production", "backward_production"):
        found = _of_production(world, out, method)
    else:
        found = _of_country(world, out, method)
    parts, whole, reason, residual = found
    return out.result(
        {name: share(value, whole) for name, value in parts.items()},
        gone=whole == 0,
        reason=reason,
        residual=residual,
        notes=notes(table, blocs),
    )


def _of_exports(world: trade.TradeSystem, out: Rows) -> Shares:
    flows = trade.trade_participation(world)
    parts = {name: out.add(value.sum(axis=1)) for name, value in flows.items()}
    whole = parts.pop("EXGR")
    total = parts["TRADITIONAL"] + parts["GVC"] + _besides(world, parts)
    return parts, whole, "no exports", relative_gap(total, whole)


def _besides(world: trade.TradeSystem, parts: dict[str, Array]) -> Array:
    total: Array = np.sum([parts[name] for name in world.besides], axis=0)
    return total


def _of_output(world: trade.TradeSystem, out: Rows) -> Shares:
    parts = {name: out.add(value) for name, value in trade.output_participation(world).items()}
    whole = parts.pop("OUTPUT")
    total = sum((parts[k] for k in ("PURE_DOMESTIC", "TRADITIONAL", "GVC", "DISCREPANCY")),
                _besides(world, parts))  # fmt: skip
    return parts, whole, "zero output", relative_gap(np.asarray(total), whole)


def _of_production(world: trade.TradeSystem, out: Rows, method: str) -> Shares:
    forward = method == "forward_production"
    flows = (trade.forward_production if forward else trade.backward_production)(world)
    sums = {name: out.add(value) for name, value in flows.items()}
    whole = sums.pop("VALUE_ADDED" if forward else "FINAL_PRODUCTS")
    total = sum(sums.values(), np.zeros_like(whole))
    parts = {name: sums.pop(name) for name in PRODUCTION}
    parts |= {"GVC": parts["SIMPLE"] + parts["COMPLEX"]} | sums
    reason = "no value added" if forward else "no final products"
    return parts, whole, reason, relative_gap(np.asarray(total), whole)


def _of_country(world: trade.TradeSystem, out: Rows, method: str) -> Shares:
    """Industries as parts of their country's exports."""
    E = world.exports.sum(axis=1)
    whole = np.add.reduceat(E, world.starts[:-1])[out.country.index]
    if method == "oecd":
        embodied = world.abroad(trade.value_added_exported(world)).sum(axis=1)
        parts = {"BACKWARD": world.foreign * E, "FORWARD": embodied}
        paid = sum(world.paid_besides(E).values(), world.domestic * E)
        gap = relative_gap(parts["BACKWARD"] + paid, E)
    else:
        flows = trade.vertical_specialisation(world)
        parts = {name: value.sum(axis=1) for name, value in flows.items()}
        at_home = world.v + sum(world.besides.values(), 0.0)
        own = world.locally_transposed(at_home[:, None])[:, 0]
        gap = relative_gap(parts["VS"] + own * E, E)
    sums = {name: out.add(value) for name, value in parts.items()}
    return sums, whole, "no exports", gap
