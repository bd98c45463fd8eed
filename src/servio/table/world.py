"""World tables country by country: shape, countries merged into blocs, split countries folded."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from servio.errors import InputError, LabelError, UsageError
from servio.table.axis import Axis
from servio.table.iotable import IOTable, Satellite

__all__ = [
    "WorldShape",
    "absent_members",
    "fold_countries",
    "known_blocs",
    "parse_blocs",
    "world_shape",
]

Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class WorldShape:
    """Rows of a world table in the order of their countries (or blocs of countries).

    Parameters
    ----------
    countries : tuple of str
        The G countries; a bloc stands at the place of its first member.
    industries : tuple of str
        The N codes every country has.
    order : array (n,)
        Positions in the table, country by country, member by member, code by code.
    starts : array (G + 1,)
        Where each country's rows begin in that order.
    country, industry : array (n,)
        Country and code of each row in that order, as positions in the lists.
    demand : array (m,)
        Country of each demand column.
    members : tuple of tuple of str
        Countries of the table that each of the G holds.
    """

    countries: tuple[str, ...]
    industries: tuple[str, ...]
    order: Positions
    starts: Positions
    country: Positions
    industry: Positions
    demand: Positions
    members: tuple[tuple[str, ...], ...]

    @property
    def in_order(self) -> bool:
        """The table's own rows are in this order."""
        return bool((self.order == np.arange(len(self.order))).all())

    def by_country(self, flows: Array) -> Array:
        """Demand columns (n, m) of the table, added up by country: (n, G), in the table's order."""
        summed = np.zeros((len(flows), len(self.countries)))
        for column, country in enumerate(self.demand):
            summed[:, country] += flows[:, column]
        return summed


def world_shape(table: IOTable, blocs: str = "") -> WorldShape:
    """Countries and industries of a world table, with some countries as one if asked.

    Parameters
    ----------
    table : IOTable
    blocs : str
        Countries that count as one, so that trade among them is domestic:
        ``"NAFTA=USA+CAN+MEX"``, several with ``;`` between them. EU27, EU28, EA20, NAFTA, ASEAN,
        RCEP and G7 need no list: their members in the table count. A bloc with the name of a
        country of the table contains it, which must be empty then: ``"CHN=CN1+CN2"`` folds a
        split country without adding up its industries.

    Returns
    -------
    WorldShape

    Raises
    ------
    InputError
        The table has one country, or final demand without a country.
    LabelError
        Countries have different industries, a bloc names an unknown country, or a bloc has the
        name of a country with production that is not among its members.
    UsageError
        `blocs` can't be read, or a country is in two blocs.

    Examples
    --------
    >>> import servio
    >>> table = next(servio.model_world(seed=3, countries=4, years=1).tables())
    >>> world_shape(table, "EAST=M01+M03").countries
    ('EAST', 'M02', 'M04')
    """
    found: WorldShape = table.once(("world shape", blocs), lambda: _shape(table, blocs))
    return found


def _shape(table: IOTable, blocs: str) -> WorldShape:
    axis = table.axis
    if not axis.is_world:
        raise InputError(
            f"{table.info.name} countries",
            found="a national table" if axis.country_names else "no country",
            expected="a world table: flows between the industries of several countries",
            remedy="Use one such as ICIO, FIGARO or WIOD, or say which rows of your own are which "
            "country's: see docs/generic-tables.md.",
        )
    codes = axis.code_names
    _refuse_ragged(table, codes)
    named = parse_blocs(blocs, axis.country_names)
    for name, members in named.items():
        _refuse_double(table, name, members)
    merged = _merge(axis.country_names, named)
    names = tuple(dict.fromkeys(merged.values()))
    country = np.array([names.index(merged[c]) for c in axis.countries], dtype=np.intp)
    place = {code: i for i, code in enumerate(codes)}
    industry = np.array([place[code] for code in axis.codes], dtype=np.intp)
    order = np.lexsort((industry, axis.country_index, country))
    counts = np.bincount(country, minlength=len(names))
    return WorldShape(
        names,
        codes,
        order,
        np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
        country[order],
        industry[order],
        _demand(table, merged, names),
        tuple(tuple(c for c in axis.country_names if merged[c] == name) for name in names),
    )


def _refuse_ragged(table: IOTable, codes: tuple[str, ...]) -> None:
    counts = np.bincount(table.axis.country_index)
    short = np.flatnonzero(counts != len(codes))
    if len(short):
        country = table.axis.country_names[short[0]]
        raise LabelError(
            f"{table.info.name} {country}",
            found=f"{counts[short[0]]} of {len(codes)} industries",
            expected="one list of industries in every country",
            remedy="Aggregate to a common grouping first.",
        )


def _demand(table: IOTable, merged: Mapping[str, str], names: tuple[str, ...]) -> Positions:
    strange = [c for c in dict.fromkeys(table.demand.countries) if c not in merged]
    if strange:
        raise InputError(
            f"{table.info.name} final demand",
            found=f"columns of {strange[0] or 'no country'!r}, which makes nothing",
            expected="the demand of the table's own countries",
            remedy="Give these columns the code of the country that buys.",
        )
    return np.array([names.index(merged[c]) for c in table.demand.countries], dtype=np.intp)


def parse_blocs(text: str, countries: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Members of each bloc from ``"NAME=A+B;OTHER=C+D;EU27"``.

    Known blocs need no list; of theirs the members among `countries` count.
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, listed = (piece.strip() for piece in part.partition("="))
        known = () if equals else _present(name, countries)
        members = tuple(member.strip() for member in listed.split("+")) if equals else known
        if not name or not members or not all(members) or name in found:
            raise UsageError(
                "blocs",
                found=repr(part),
                expected=f"{', '.join(known_blocs())} with members in the table, or a new name and "
                'its countries, such as "NAFTA=USA+CAN+MEX"',
                remedy="Write one bloc that way, several with ; between them.",
            )
        found[name] = members
    return found


def known_blocs() -> tuple[str, ...]:
    """Names of the blocs that need no list of members."""
    return tuple(_known()[0])


def absent_members(text: str, countries: Sequence[str]) -> tuple[str, ...]:
    """Members of the known blocs in `text` that are not among the countries."""
    members, codes = _known()
    named = [part.strip() for part in text.split(";") if "=" not in part]
    asked = dict.fromkeys(code for name in named for code in members.get(name, ()))
    return tuple(c for c in asked if not {c, *codes.get(c, ())} & set(countries))


def _present(name: str, countries: Sequence[str]) -> tuple[str, ...]:
    members, codes = _known()
    wanted = [code for c in members.get(name, ()) for code in (c, *codes.get(c, ()))]
    return tuple(code for code in wanted if code in countries)


@cache
def _known() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Members of the known blocs, and the other codes of countries."""
    text = resources.files("servio.table").joinpath("blocs.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return data["members"], data["codes"]


def _merge(countries: tuple[str, ...], blocs: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The name each country goes by."""
    merged = {country: country for country in countries}
    taken: dict[str, str] = {}
    for name, members in blocs.items():
        for member in (*members, *((name,) if name in countries else ())):
            if member not in merged:
                raise LabelError(
                    f"bloc {name}",
                    found=repr(member),
                    expected=f"countries of the table, such as {', '.join(countries[:8])}",
                    remedy="Use the table's own country codes.",
                )
            if taken.setdefault(member, name) != name:
                raise UsageError(
                    f"bloc {name}",
                    found=f"{member}, which is in {taken[member]} too",
                    expected="each country in one bloc",
                    remedy="Ask twice, once for each bloc.",
                )
            merged[member] = name
    return merged


def fold_countries(table: IOTable, parts: Mapping[str, Sequence[str]]) -> IOTable:
    """A world table in which the parts of a split country are added up to the country.

    OECD's extended tables publish the production of Mexico and China in parts (``MX1``, ``MX2``;
    ``CN1``, ``CN2``) and leave the rows and columns of the whole empty, or publish both; final
    demand belongs to the whole. ``z_ij`` of the folded country is the sum over its parts, so
    coefficients are means of theirs. For results with the parts' own technologies keep the table
    as it is and ask with ``blocs="CHN=CN1+CN2"``.

    Parameters
    ----------
    table : IOTable
    parts : mapping of str to sequence of str
        Name of each country and the parts it is made of; the country itself may stand in the
        table, with empty rows and columns.

    Returns
    -------
    IOTable
        Country by country, the parts gone.

    Raises
    ------
    LabelError
        A part is not in the table, or the whole has production besides its parts: it would be
        counted twice.

    Notes
    -----
    Identity: sums of Z, Y, V and x are unchanged.

    Source: OECD, ICIO tables, ReadMe (extended version).

    Examples
    --------
    >>> import servio
    >>> table = next(servio.model_world(seed=3, countries=4, years=1).tables())
    >>> fold_countries(table, {"M01": ("M03", "M04")}).axis.country_names
    Traceback (most recent call last):
        ...
    servio.errors.LabelError: model WORLD 2000 M01: found production besides its parts M03 + M04...
    """
    shape = world_shape(table, ";".join(f"{w}={'+'.join(m)}" for w, m in parts.items()))
    row = shape.country * len(shape.industries) + shape.industry
    size = len(shape.countries) * len(shape.industries)
    S = np.zeros((size, len(table)))
    S[row, shape.order] = 1.0
    titles = (
        dict(zip(table.axis.codes, table.axis.titles, strict=True)) if table.axis.titles else {}
    )
    return IOTable(
        S @ table.Z @ S.T,
        S @ table.Y,
        table.V @ S.T,
        S @ table.x,
        Axis.world(
            shape.countries, shape.industries, [titles[c] for c in shape.industries if titles]
        ),
        Axis(
            tuple(shape.countries[c] for c in shape.demand),
            table.demand.codes,
            table.demand.titles,
        ),
        table.demand_roles,
        table.primary,
        table.primary_roles,
        table.info.step("folded " + ", ".join(f"{'+'.join(m)} to {w}" for w, m in parts.items())),
        Vy=table.Vy,
        satellites={k: Satellite(S @ s.values, s.unit) for k, s in table.satellites.items()},
        groups=table.groups,
    )


def _refuse_double(table: IOTable, whole: str, members: Sequence[str]) -> None:
    if whole in members or whole not in table.axis.country_names:
        return
    at = table.axis.positions(whole)
    if table.Z[at].any() or table.Z[:, at].any() or table.x[at].any() or table.Y[at].any():
        raise LabelError(
            f"{table.info.name} {whole}",
            found=f"production besides its parts {' + '.join(members)}",
            expected="empty rows and columns of a country that is published in parts",
            remedy="Leave out the parts or the whole: together they count twice.",
        )
