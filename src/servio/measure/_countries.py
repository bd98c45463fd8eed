"""World tables as systems of countries, and their results as labelled rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt
from scipy import sparse

from servio.algebra import trade
from servio.errors import LabelError
from servio.measure._chains import GAP, IMPORTS, TAXES, other_primary, require_value_added
from servio.measure._result import Array, Column, Result, Undefined
from servio.table import IOTable, Note
from servio.table.world import WorldShape, absent_members, world_shape

__all__ = [
    "BESIDES",
    "Rows",
    "bloc_notes",
    "chosen",
    "earners",
    "notes",
    "rows",
    "share",
    "system",
    "valued",
]

NEGLIGIBLE = 1e-9
BESIDES = {"IMPORTS": IMPORTS, "TAXES": TAXES, "COST_GAP": GAP}


def valued(table: IOTable, blocs: str) -> trade.TradeSystem:
    """As `system`, of a table that says what value added is."""
    require_value_added(table)
    return system(table, blocs)


def system(table: IOTable, blocs: str) -> trade.TradeSystem:
    """The table's countries, blocs as one, ready for decompositions; made once a table.

    Value added is at basic prices: taxes, margins and what costs leave open stand besides.
    """

    def make() -> trade.TradeSystem:
        shape = world_shape(table, blocs)
        Y = shape.by_country(table.Y)
        return trade.TradeSystem(
            table.leontief("total"), table.x, Y, shape.order, shape.starts,
            industry=shape.industry, besides=_besides(table),
        )  # fmt: skip

    found: trade.TradeSystem = table.once(("trade system", blocs), make)
    return found


def _besides(table: IOTable) -> dict[str, Array]:
    """What industries pay besides inputs and value added, by the name of its part."""
    paid = other_primary(table)
    largest = float(np.abs(table.x).max(initial=0.0))
    if np.abs(paid[GAP]).max(initial=0.0) <= NEGLIGIBLE * largest:
        paid.pop(GAP)
    return {part: paid[name] for part, name in BESIDES.items() if name in paid}


def earners(
    table: IOTable, grouping: str, world: trade.TradeSystem
) -> tuple[tuple[str, ...], Array]:
    """Groups of industries and value added per unit of output that is theirs, (g, n).

    Groups that hold all industries are followed by what is nobody's value added, so that all of
    them together are everything paid besides inputs.
    """
    names, weights = table.weights(grouping)
    rates = weights[:, world.order] * world.v
    if (weights.sum(axis=0) < 1.0 - NEGLIGIBLE).any():
        return names, rates
    others = tuple(BESIDES[part] for part in world.besides)
    return (*names, *others), np.vstack([rates, *world.besides.values()])


def chosen(option: str, text: str, names: tuple[str, ...]) -> list[int]:
    """Positions of the countries in ``each`` or ``A+B``."""
    if text == "each":
        return list(range(len(names)))
    asked = list(dict.fromkeys(name.strip() for name in text.split("+")))
    words = "total, each, absorbing" if option == "partners" else "each"
    for name in asked:
        if name not in names:
            near = get_close_matches(name, names, n=3) or names[:3]
            raise LabelError(
                f"{option}={text}",
                found=f"no country {name!r}",
                expected=f"{words}, or countries of the table such as {'+'.join(near)}",
                remedy="Use the table's codes; countries that count as one go by the bloc's name.",
            )
    return [names.index(name) for name in asked]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a result: industries, groups of them or whole countries.

    Parameters
    ----------
    shape : WorldShape
    country, industry : Column
    collect : sparse array (rows, n)
        Adds the table's rows, in the order of countries, to rows of the result.
    dead : array (rows,)
        Rows in which no industry has output.
    """

    shape: WorldShape
    country: Column
    industry: Column
    collect: sparse.csr_array
    dead: npt.NDArray[np.bool_]

    def add(self, values: Array) -> Array:
        """Flows (n,) or (n, k) of the table's rows, added up to the result's rows."""
        found: Array = self.collect @ values
        return found

    def mirrored(self, values: Array) -> Array:
        """Flows (n, G) added up and seen from the other side: the partner's row, own column."""
        G = len(self.shape.countries)
        turned = self.add(values).reshape(G, -1, G).transpose(2, 1, 0)
        return np.ascontiguousarray(turned).reshape(-1, G)

    def result(
        self,
        parts: Mapping[str, Array],
        *,
        own: bool = False,
        partners: str = "each",
        label: str = "part",
        residual: float = 0.0,
        notes: tuple[Note, ...] = (),
        gone: npt.NDArray[np.bool_] | None = None,
        reason: str = "zero output",
    ) -> Result:
        """Parts (rows,) or (rows, G) as a long result; a second dimension is the partner.

        With one part of no name there is no column of parts. The country itself is a partner if
        `own`; of the others those that `partners` names, ``each`` or ``A+B``. Rows of industries
        without output and those in `gone` are undefined.
        """
        values = np.stack(list(parts.values()), axis=-1)
        empty = self.dead if gone is None else self.dead | gone
        values[empty] = np.nan
        names = self._labels()
        undefined = tuple(
            Undefined(names[i], "zero output" if self.dead[i] else reason)
            for i in np.flatnonzero(empty)
        )
        if values.ndim == 2:
            at, partner = np.arange(len(values)), None
        else:
            G = values.shape[1]
            kept = own | (self.country.index[:, None] != np.arange(G)[None, :])
            kept = kept & np.isin(np.arange(G), chosen("partners", partners, self.shape.countries))
            at, partner = np.nonzero(kept)
            values = values[at, partner]
        k = len(parts)
        columns = {
            "country": Column(self.country.names, np.repeat(self.country.index[at], k)),
            "industry": Column(self.industry.names, np.repeat(self.industry.index[at], k)),
        }
        if partner is not None:
            columns["partner"] = Column(self.shape.countries, np.repeat(partner, k))
        if tuple(parts) != ("",):
            columns[label] = Column(tuple(parts), np.tile(np.arange(k), len(at)))
        return Result(columns, values.ravel(), undefined, residual, notes)

    def _labels(self) -> list[str]:
        pairs = zip(self.country.decode(), self.industry.decode(), strict=True)
        return [f"{country}_{industry}" for country, industry in pairs]


def rows(table: IOTable, by: str, blocs: str) -> Rows:
    """Rows for ``by``: ``industry``, ``economy`` or a grouping, within each country or bloc."""
    found: Rows = table.once(("country rows", by, blocs), lambda: _rows(table, by, blocs))
    return found


def _rows(table: IOTable, by: str, blocs: str) -> Rows:
    shape = world_shape(table, blocs)
    G, n = len(shape.countries), len(shape.order)
    if by == "industry":
        names, weights = shape.industries, np.eye(len(shape.industries))[:, shape.industry]
    elif by == "economy":
        names, weights = ("economy",), np.ones((1, n))
    else:
        names, found = table.weights(by)
        weights = found[:, shape.order]
    group, row = np.nonzero(weights)
    place = shape.country[row] * len(names) + group
    size = G * len(names)
    collect = sparse.csr_array((weights[group, row], (place, row)), shape=(size, n))
    live = np.bincount(place, table.live[shape.order][row], minlength=size)
    return Rows(
        shape,
        Column(shape.countries, np.repeat(np.arange(G), len(names))),
        Column(names, np.tile(np.arange(len(names)), G)),
        collect,
        live == 0,
    )


def share(numerator: Array, denominator: Array) -> Array:
    """Rows (r,) or (r, k) over (r,); NaN where there is nothing to divide by."""
    by = denominator if numerator.ndim == 1 else denominator[:, None]
    found: Array = np.full(numerator.shape, np.nan)
    np.divide(numerator, by, out=found, where=by != 0)
    return found


def notes(table: IOTable, blocs: str) -> tuple[Note, ...]:
    """What is counted as value added, and which countries count as one."""
    world = system(table, blocs)
    output = float(world.x.sum()) or 1.0
    paid = {part: float((rate * world.x).sum()) for part, rate in world.besides.items()}
    found = [
        Note(f"{part.lower().replace('_', '-')}-apart",
             f"{BESIDES[part]} of {amount / output:.2%} of output is not value added and stands "
             f"apart ({part})")
        for part, amount in paid.items()
    ]  # fmt: skip
    unsold = np.abs(world.gap).sum() / output
    if unsold > NEGLIGIBLE:
        text = f"output of {unsold:.2%} is sold to nobody in the table (or sold without being made)"
        found.append(Note("unsold-output", text))
    return (*found, *bloc_notes(table, blocs))


def bloc_notes(table: IOTable, blocs: str) -> tuple[Note, ...]:
    """Which countries count as one."""
    if not blocs:
        return ()
    shape = world_shape(table, blocs)
    merged = [
        f"{name} = {' + '.join(members)}"
        for name, members in zip(shape.countries, shape.members, strict=True)
        if members != (name,)
    ]
    absent = absent_members(blocs, table.axis.country_names)
    text = f"trade inside counts as domestic: {'; '.join(merged)}"
    text += f"; not in the table: {', '.join(absent)}" if absent else ""
    return (Note("blocs", text),)
