"""Who contributes to what a country sells to whom: any cell, without all cells at once."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from servio.algebra import trade
from servio.errors import UsageError
from servio.measure._chains import relative_gap
from servio.measure._contract import MONEY, measure
from servio.measure._countries import Rows, chosen, earners, notes, rows, valued
from servio.measure._result import Array, Column, Result, Undefined
from servio.table import IOTable

__all__ = ["value_added_routes"]

Embodied = Literal["exports", "final_demand"]
Grouped = Annotated[str, "industry", "economy"]
Places = list[int]

MOST_VALUES = 2_000_000


@measure(
    title="Value added by contributor, seller and destination",
    question="Whose value added does a country's industry sell to which country?",
    unit=MONEY,
    formula="V_cg B_s diag(E_su); V_cg B_s diag(Y_su)",
    identity="over all contributors it adds up to gross exports, or to final products",
    source="OECD (2023), Guide to TiVA indicators: EXGR_BSCI; Los, Timmer & de Vries (2015)",
    needs=("world",),
)
def value_added_routes(
    table: IOTable,
    *,
    embodied_in: Embodied = "exports",
    countries: str = "each",
    partners: str = "total",
    contributors: str = "each",
    grouping: Grouped = "sectors",
    by: str = "industry",
    blocs: str = "",
) -> Result:
    """Value added of contributors in what each industry sells to each destination.

    ``V_cg B_s diag(E_su)``: value added of the industries g of country c in the exports of
    country s to country u, or in its final products for u (``Y_su``). With ``partners=absorbing``
    u is the country in whose final demand the exports end, ``Y_su + sum_{r != s} A_sr (B Y)_ru``,
    as in `gross_exports`. With the options any part
    of these countries by countries by countries can be asked for; all of them at once are refused
    where they would be more than two million values.

    Parameters
    ----------
    table : IOTable
        A world table.
    embodied_in : {'exports', 'final_demand'}
        Sold as exports, inputs included; or as final products, at home too.
    countries : str
        Sellers: ``each``, or some such as ``"KOR+JPN"``; a bloc goes by its name.
    partners : str
        Destinations: ``total`` for all together, ``each``, or some such as ``"USA+CHN"``; for
        exports also ``absorbing``: each country that absorbs them, the seller too.
    contributors : str
        Countries that earn the value added: ``each``, or some.
    grouping : str
        Groups of their industries; ``industry`` for every single one, ``economy`` for none.
        Groups that hold all industries are followed by what is nobody's value added: ``taxes and
        margins``, ``discrepancy``.
    by : str
        ``industry``, ``economy`` or a grouping of the selling industries.
    blocs : str
        Countries that count as one, such as ``"EU27"`` or ``"BENELUX=BEL+NLD+LUX"``.

    Returns
    -------
    Measure
        Money, one row a selling industry, ``partner`` (destination, unless ``total``), ``part``
        (country that earns) and ``group`` (its industries).

    Raises
    ------
    InputError
        The table is national.
    LabelError
        A country is not in the table, or an unknown grouping.
    UsageError
        More than two million values, or ``absorbing`` for final products.

    Notes
    -----
    Identity: over all contributors and the groups of a partition the values add up to gross
    exports or final products (those of ``absorbing`` less what goes into output that the table
    sells to nobody); the residual is the error of that sum. Final products of all
    countries add up to value added. Exports count value added at each border it crosses: do not
    add up sellers, make them a bloc.

    Source: OECD (2023), Guide to OECD Trade in Value Added Indicators: EXGR_BSCI by partner; Los,
    Timmer & de Vries (2015), Journal of Regional Science 55.

    Examples
    --------
    >>> import servio
    >>> table = next(servio.model_world(seed=3, countries=4, years=1).tables())
    >>> found = value_added_routes(table, countries="M01", partners="M02+M03", by="economy")
    >>> exports = servio.measure.gross_exports(table, partners="each", by="economy")
    >>> sold = [exports.value(country="M01", partner=p) for p in ("M02", "M03")]
    >>> bool(np.isclose(found.values.sum(), sum(sold)))
    True
    >>> one = value_added_routes(table, countries="M01", partners="M02", contributors="M04",
    ...     grouping="services", by="economy")
    >>> len(one)
    1
    """
    world, out = valued(table, blocs), rows(table, by, blocs)
    names = out.shape.countries
    absorbing, final = partners == "absorbing", embodied_in == "final_demand"
    if absorbing and final:
        _refuse_absorbed()
    home = absorbing or final
    sellers = chosen("countries", countries, names)
    buyers = (
        None
        if partners == "total"
        else chosen("partners", "each" if absorbing else partners, names)
    )
    contributing = chosen("contributors", contributors, names)
    groups, rates = earners(table, grouping, world)
    ways = [_ways(s, buyers, home) for s in sellers]
    sizes = len(out.industry.names), len(contributing), len(groups)
    _refuse_large(sum(map(len, ways)) * int(np.prod(sizes)))

    flows = trade.exports_by_absorption(world) if absorbing else world.exports
    flows = np.where(world.live[:, None], world.Y, 0.0) if final else flows
    flows = np.column_stack([flows, flows.sum(axis=1)])
    masks = [rates * (out.shape.country == c) for c in contributing]
    everything = world.v + sum(world.besides.values(), 0.0)
    earned = np.vstack([*masks, everything])
    blocks = [world.blocks[s] for s in sellers]
    pieces, residual = [], 0.0
    for block, way, content in zip(
        blocks, ways, trade.contents(world, earned, blocks), strict=True
    ):
        sold = flows[block][:, way]
        residual = max(residual, relative_gap(content[-1][:, None] * sold, sold))
        collect = _within(out, block)
        parts = (collect[:, None, :] * content[:-1]) @ sold
        pieces.append(parts.transpose(0, 2, 1).ravel())
    return _result(table, out, sellers, ways, contributing, groups, np.concatenate(pieces),
                   residual=residual, blocs=blocs)  # fmt: skip


def _refuse_absorbed() -> None:
    raise UsageError(
        "partners=absorbing",
        found="embodied_in=final_demand",
        expected="exports: final products are absorbed where they are sold",
        remedy="Use partners=each, or embodied_in=exports.",
    )


def _ways(seller: int, buyers: Places | None, home: bool) -> Places:
    """Columns of the flows to each destination; the last column is their sum."""
    if buyers is None:
        return [-1]
    return [buyer for buyer in buyers if home or buyer != seller]


def _refuse_large(values: int) -> None:
    if values == 0:
        raise UsageError(
            "value_added_routes",
            found="no destination: a country does not export to itself",
            expected="partners other than the seller",
            remedy="Name other partners, or take embodied_in=final_demand.",
        )
    if values > MOST_VALUES:
        raise UsageError(
            "value_added_routes",
            found=f"a result of {values:,} values",
            expected=f"at most {MOST_VALUES:,}",
            remedy="Name some countries, partners or contributors, such as countries=KOR+JPN, or "
            "take by=economy.",
        )


def _within(out: Rows, block: slice) -> Array:
    """(r, k): which result rows of a country its industries belong to."""
    size = len(out.industry.names)
    first = int(out.shape.country[block.start]) * size
    found: Array = out.collect[first : first + size, block].toarray()
    return found


def _result(
    table: IOTable,
    out: Rows,
    sellers: Places,
    ways: list[Places],
    contributing: Places,
    groups: tuple[str, ...],
    values: Array,
    *,
    residual: float,
    blocs: str,
) -> Result:
    """Values, seller by industry by destination by earner by group, with their labels."""
    r, c, g = len(out.industry.names), len(contributing), len(groups)
    row = np.concatenate(
        [np.repeat(s * r + np.arange(r), len(way)) for s, way in zip(sellers, ways, strict=True)]
    )
    to = np.concatenate([np.tile(np.array(way, dtype=np.intp), r) for way in ways])
    empty = out.dead[row]
    values = np.where(np.repeat(empty, c * g), np.nan, values)
    names = [f"{a}_{b}" for a, b in zip(out.country.decode(), out.industry.decode(), strict=True)]
    places = out.shape.countries
    columns = {
        "country": Column(places, np.repeat(out.country.index[row], c * g)),
        "industry": Column(out.industry.names, np.repeat(out.industry.index[row], c * g)),
    }
    if (to >= 0).all():
        columns["partner"] = Column(places, np.repeat(to, c * g))
    columns["part"] = Column(
        places, np.tile(np.repeat(np.array(contributing, dtype=np.intp), g), len(row))
    )
    columns["group"] = Column(groups, np.tile(np.arange(g), len(row) * c))
    undefined = tuple(Undefined(names[i], "zero output") for i in np.unique(row[empty]))
    return Result(columns, values, undefined, residual, notes(table, blocs))
