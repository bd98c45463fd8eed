"""What a unit of final demand sets going elsewhere: production and value added induced."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from servio.errors import UsageError
from servio.measure._chains import (
    Chain,
    chains,
    embodied,
    final_demand,
    living,
    relative_gap,
    value_added_rows,
    weighted,
)
from servio.measure._contract import measure
from servio.measure._result import Array, Column, Result, Undefined
from servio.table import IOTable, Origin

__all__ = ["Weights", "inducement_pair", "production_inducement", "value_added_inducement"]

Mask = npt.NDArray[np.bool_]
Weights = Literal["output", "final_demand"]
PARTS = ("own", "feedback", "partner", "rest")


@measure(
    title="Production of services induced per unit of final demand",
    title_with="Production induced per unit of final demand: {grouping}",
    question="How much does one unit of final demand make the service industries produce?",
    unit="ratio",
    low=0.0,
    formula="p_j = sum_{i in S} l_ij",
    identity="p (I - A) = 1_S; groups of a partition add up to the output multiplier",
    source="Bank of Korea production inducement coefficients; Miller & Blair (2009), section 6.2",
    needs=("services",),
)
def production_inducement(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Origin = "domestic",
    weights: Weights = "output",
    by: str = "industry",
) -> Result:
    """Output of service groups that one unit of final demand for an industry's product induces.

    ``p_j = sum_{i in S} l_ij`` with L the inverse of the flows of `origin`. The other direction,
    manufacturing induced by services, is ``grouping="manufacturing", by="services"``.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Grouping whose groups S produce what is induced.
    origin : {'domestic', 'total', 'imported'}
        Flows the chain follows: inside the country; all; or ``imported`` for what all flows add
        to domestic ones. It changes the level a lot: state it.
    weights : {'output', 'final_demand'}
        How the industries of a group are weighted; final demand without changes in inventories.
    by : str
        ``industry``, ``economy`` or a grouping of the industries that final demand turns to.

    Returns
    -------
    Measure
        Currency of output per currency of final demand, one row an industry and group; it can
        exceed 1. For an industry that is itself in S it holds the first unit too.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for is not in the table: with imports inside the flows, use ``total``.

    Notes
    -----
    Identity: groups that partition all industries add up to the output multiplier; the residual
    is the error of ``p (I - A) = 1_S``. On a national table ``total`` takes imports to be made as
    at home. It counts output at every stage, hence more than the value added in it: see
    `value_added_inducement`.

    Source: production inducement coefficients as the Bank of Korea and KIET publish them; Miller
    & Blair (2009), Input-Output Analysis, 2nd ed., section 6.2. KIET's service production
    inducement of manufacturing is found again with domestic flows and output weights.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> production_inducement(table).values.round(4).tolist()
    [0.264, 1.1221]
    """
    groups, S = table.weights(grouping)
    per_unit, residual = embodied(table, S, origin)
    return _mean(table, per_unit, weights, by, groups, residual)


@measure(
    title="Value added of services induced per unit of final demand",
    title_with="Value added induced per unit of final demand: {grouping}",
    question="How much income does one unit of final demand bring to the service industries?",
    unit="ratio",
    formula="u_j = sum_{i in S} v_i l_ij",
    identity="u (I - A) = v_S",
    source="Bank of Korea value-added inducement coefficients; Miller & Blair (2009), section 6.2",
    needs=("services", "value_added"),
)
def value_added_inducement(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Origin = "domestic",
    weights: Weights = "output",
    by: str = "industry",
) -> Result:
    """Value added of service groups that one unit of final demand for a product induces.

    ``u_j = sum_{i in S} v_i l_ij`` with ``v_i`` value added per unit of output and L the inverse
    of the flows of `origin`.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Grouping whose groups S earn the value added.
    origin : {'domestic', 'total', 'imported'}
        Flows the chain follows; ``imported`` is what all flows add to domestic ones.
    weights : {'output', 'final_demand'}
        How the industries of a group are weighted; final demand without changes in inventories.
    by : str
        ``industry``, ``economy`` or a grouping of the industries that final demand turns to.

    Returns
    -------
    Measure
        Currency of value added per currency of final demand, one row an industry and group. It
        is negative where an industry's value added is.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for, or value added, is not in the table.

    Notes
    -----
    Identity: the residual is the error of ``u (I - A) = v_S``. On a world table ``domestic``
    follows chains that never leave the country; `service_content` follows them abroad and back.
    On a national table ``total`` takes imports to be made as at home.

    Source: Miller & Blair (2009), Input-Output Analysis, 2nd ed., section 6.2.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> value_added_inducement(table).values.round(4).tolist()
    [0.1848, 0.7855]
    """
    groups, S = table.weights(grouping)
    per_unit, residual = embodied(table, value_added_rows(table, S), origin)
    return _mean(table, per_unit, weights, by, groups, residual)


@measure(
    title="Interaction of two groups of industries in production",
    question="What do manufacturing and services set going in each other, and what comes back?",
    unit="ratio",
    low=0.0,
    formula="partner 1_S' L f; feedback 1_M' L_.S L_SS^-1 (L f)_S; own 1_M' L f - feedback",
    identity="own + feedback + partner + rest is the output multiplier",
    source="Miller & Blair (2009), sections 3.3 and 6.6; interaction pair of methods B3",
    needs=("services", "manufacturing"),
)
def inducement_pair(
    table: IOTable,
    *,
    grouping: str = "services",
    by: str = "manufacturing",
    origin: Literal["domestic", "total"] = "domestic",
    weights: Weights = "output",
) -> Result:
    """Production that two groups induce in each other, with what returns to the first.

    For one unit of final demand f for group M the output L f falls into four parts: ``own``, made
    in M without any input from S at any stage; ``feedback``, made in M only because S supplies M
    and buys from it, directly or through others; ``partner``, made in S; and ``rest``, made
    elsewhere. The same for S with M as its partner.

    Parameters
    ----------
    table : IOTable
    grouping, by : str
        The two groups, as groupings with one group each that share no industry.
    origin : {'domestic', 'total'}
        Flows the chain follows. On a world table ``total`` takes M and S of all countries.
    weights : {'output', 'final_demand'}
        Mix of products in the unit of final demand.

    Returns
    -------
    Measure
        Currency of output per currency of final demand; rows by country, group that final demand
        turns to (``industry``) and ``part``.

    Raises
    ------
    UsageError
        A grouping has several groups, industries only partly inside, or the two overlap.
    LabelError
        The table's classification does not know a grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: the parts add up to the output multiplier; the residual is the error of own output
    solved in the table without the partner, ``o - A_(-S) o = f``. The feedback is what M would
    lose if S were extracted while final demand for M stays.

    Source: feedback effects as in Miller & Blair (2009), sections 3.3 and 6.6, by hypothetical
    extraction of the partner (section 12.2.6) instead of two regions.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)}),
    ...           "manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("C",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> pair = inducement_pair(table)
    >>> for part in ("own", "feedback", "partner"):
    ...     print(part, round(pair.value(industry="manufacturing", part=part), 4))
    own 1.1765
    feedback 0.0777
    partner 0.264
    """
    (one, first), (other, second) = _members(table, by), _members(table, grouping)
    if (first & second).any():
        raise _not_a_pair(f"{one} and {other}", "industries in both groups")
    countries = table.axis.country_names
    values = np.empty((len(countries), 2, len(PARTS)))
    residual = 0.0
    weight = living(table, _weight(table, weights))
    for chain in chains(table, origin):
        country = table.axis.country_index[chain.at]
        places = np.unique(country)
        inside = country[:, None] == places[None, :]
        for side, (group, partner) in enumerate(((first, second), (second, first))):
            at_home = inside & group[chain.at, None]
            mix = _per_unit(np.where(at_home, weight[chain.at, None], 0.0))
            parts, gap = _split(chain, mix, group[chain.at], partner[chain.at])
            values[places, side] = parts.T
            residual = max(residual, gap)
    return _pair_result(countries, (one, other), values, residual)


def _split(chain: Chain, mix: Array, group: Mask, partner: Mask) -> tuple[Array, float]:
    """Own, feedback, partner and rest (4, k) of k units of final demand `mix` (n, k)."""
    defined = np.isfinite(mix).all(axis=0)
    demand = mix[:, defined]
    at = np.flatnonzero(partner)
    output = chain.leontief.solve(demand)
    through = chain.leontief.columns(at)
    returned = through @ np.linalg.solve(through[at], output[at])
    own = output - returned
    own[at] = 0.0
    rest = ~(group | partner)
    parts = np.full((len(PARTS), mix.shape[1]), np.nan)
    parts[:, defined] = [
        own[group].sum(axis=0),
        returned[group].sum(axis=0),
        output[partner].sum(axis=0),
        output[rest].sum(axis=0),
    ]
    without = own - chain.leontief.A @ own
    without[at] = 0.0
    return parts, relative_gap(without, demand)


def _per_unit(demand: Array) -> Array:
    """Columns over their sums; NaN where the sum is zero."""
    total = demand.sum(axis=0)
    mix: Array = np.divide(demand, total, out=np.full(demand.shape, np.nan), where=total != 0)
    return mix


def _pair_result(
    countries: tuple[str, ...], names: tuple[str, str], values: Array, residual: float
) -> Result:
    G, P = len(countries), len(PARTS)
    columns = {
        "country": Column(countries, np.repeat(np.arange(G), 2 * P)),
        "industry": Column(names, np.tile(np.repeat(np.arange(2), P), G)),
        "part": Column(PARTS, np.tile(np.arange(P), 2 * G)),
    }
    gone = tuple(
        Undefined(f"{countries[c]}_{names[side]}" if countries[c] else names[side], "no demand")
        for c, side in np.argwhere(np.isnan(values).any(axis=2))
    )
    return Result(columns, values.ravel(), gone, residual)


def _members(table: IOTable, grouping: str) -> tuple[str, Mask]:
    """Name and mask of a grouping's only group."""
    names, W = table.weights(grouping)
    if len(names) != 1:
        raise _not_a_pair(grouping, f"{len(names)} groups")
    if not np.isin(W, (0.0, 1.0)).all():
        raise _not_a_pair(names[0], "industries that are only partly inside")
    return names[0], W[0] == 1.0


def _not_a_pair(place: str, found: str) -> UsageError:
    return UsageError(
        f"inducement_pair {place}",
        found=found,
        expected="two groups of whole industries that share none",
        remedy="Use groupings such as services and manufacturing.",
    )


def _weight(table: IOTable, weights: Weights) -> Array:
    return table.x if weights == "output" else final_demand(table)


def _mean(
    table: IOTable,
    per_unit: Array,
    weights: Weights,
    by: str,
    groups: tuple[str, ...],
    residual: float,
) -> Result:
    reason = "no output" if weights == "output" else "no final demand"
    return weighted(
        table,
        per_unit,
        _weight(table, weights),
        by=by,
        groups=groups,
        reason=reason,
        residual=residual,
    )
