"""The same economy seen otherwise: aggregated to groups, or one country out of the world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from servio import classify
from servio.errors import LabelError, UsageError
from servio.table.axis import Axis
from servio.table.info import Note
from servio.table.iotable import IOTable, Satellite

__all__ = ["aggregate", "national"]

Array = npt.NDArray[np.float64]


def aggregate(table: IOTable, grouping: str | classify.Grouping) -> IOTable:
    """Add up industries to the groups of a grouping, within each country.

    ``Z_g = S Z S'``, ``Y_g = S Y``, ``V_g = V S'``, ``x_g = S x`` with S (g, n) the shares of each
    industry in each group; they must sum to 1, so that nothing is lost or counted twice.

    Parameters
    ----------
    table : IOTable
    grouping : str or Grouping
        A partition of the table's industries.

    Returns
    -------
    IOTable
        With classification None, the group names as codes, and those groupings (`services`,
        `manufacturing` ...) that the groups can still tell apart.

    Raises
    ------
    LabelError
        The groups do not cover every industry exactly once.

    Notes
    -----
    Identity: sums of Z, Y, V and x are unchanged. Source: Miller & Blair (2009), section 4.9.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("1", "2"))
    >>> all_in_one = classify.Grouping.custom("one", {"all": ("1", "2")})
    >>> aggregate(table, all_in_one).Z.tolist()
    [[950.0]]
    """
    names, weights = table.weights(grouping)
    _must_cover(table, weights)
    countries = table.axis.country_names
    S = _by_country(table, weights)
    title = grouping if isinstance(grouping, str) else grouping.name
    info = table.info.step(f"aggregated to {title}", classification=None)
    return replace(
        table,
        trusted=False,
        Z=S @ table.Z @ S.T,
        Y=S @ table.Y,
        V=table.V @ S.T,
        x=S @ table.x,
        axis=Axis.world(countries, names),
        Zm=None if table.Zm is None else S @ table.Zm @ S.T,
        Ym=None if table.Ym is None else S @ table.Ym,
        satellites={k: Satellite(S @ s.values, s.unit) for k, s in table.satellites.items()},
        groups=_still_seen(table, grouping, names, weights),
        info=info.with_notes(*_mixing(table, names, weights)),
    )


def _still_seen(
    table: IOTable, used: str | classify.Grouping, names: tuple[str, ...], weights: Array
) -> dict[str, classify.Grouping]:
    """Groupings that the aggregated industries still can tell apart, by their names."""
    known = table.groups if table.info.classification is None else classify.groupings()
    own = used if isinstance(used, str) else used.name
    seen = {own: classify.Grouping.custom(own, {name: (name,) for name in names})}
    for name in (*table.groups, *known):
        members = _united(table, name, names, weights)
        if name not in seen and members:
            seen[name] = classify.Grouping.custom(name, members)
    return seen


def _united(
    table: IOTable, name: str, names: tuple[str, ...], weights: Array
) -> dict[str, tuple[str, ...]]:
    """Members of a grouping among the aggregated industries; none where it cuts through one."""
    try:
        if name not in table.groups and classify.grouping(name).rule is not None:
            return {}
        groups, shares = table.weights(name)
    except (LabelError, UsageError):
        return {}
    size = weights.sum(axis=1)
    inside = (shares @ weights.T) / size
    if not np.isin(np.round(inside, 12), (0.0, 1.0)).all():
        return {}
    return {
        group: tuple(n for n, there in zip(names, row, strict=True) if there > 0.5)
        for group, row in zip(groups, inside, strict=True)
    }


def _by_country(table: IOTable, weights: Array) -> Array:
    """Group weights (g, n) spread to one row a country and group, shape (G g, n)."""
    inside = np.arange(len(table.axis.country_names))[:, None] == table.axis.country_index[None, :]
    spread: Array = (inside[:, None, :] * weights[None, :, :]).reshape(-1, weights.shape[1])
    return spread


def _must_cover(table: IOTable, weights: Array) -> None:
    total = weights.sum(axis=0)
    wrong = np.flatnonzero(np.abs(total - 1.0) > 1e-12)
    if len(wrong):
        label = table.axis.labels[wrong[0]]
        raise LabelError(
            f"{table.info.name} industry {label}",
            found=f"in groups with shares that sum to {total[wrong[0]]:.4g}",
            expected="every industry in the groups exactly once",
            remedy="Use groups that hold every industry once: sectors, economy or your own.",
        )


def _mixing(table: IOTable, names: tuple[str, ...], weights: Array) -> tuple[Note, ...]:
    if table.info.classification is None:
        return ()
    try:
        _, goods = table.weights("manufacturing")
        _, services = table.weights("services")
    except LabelError:
        return ()
    mixed = [
        name
        for name, row in zip(names, weights, strict=True)
        if (row * goods[0]).any() and (row * services[0]).any()
    ]
    if not mixed:
        return ()
    return (Note("mixed-groups", f"manufacturing and services added up in: {', '.join(mixed)}"),)


def national(table: IOTable, country: str) -> IOTable:
    """One country of a world table as a national table with domestic and imported flows.

    Domestic flows are the country's own block; imported flows are the sum over all other origins
    by product; exports are everything it sells abroad, to industries and to final users.

    Parameters
    ----------
    table : IOTable
        A world table whose countries share one list of industries.
    country : str

    Returns
    -------
    IOTable

    Raises
    ------
    LabelError
        The country is not in the table, or its industries differ from the others'.

    Notes
    -----
    Identities of the world table's rows and columns carry over unchanged.

    Examples
    --------
    >>> from servio.table import TableInfo
    >>> axis = Axis.world(("A", "B"), ("C",))
    >>> world = IOTable.from_flows([[2.0, 1.0], [3.0, 2.0]], Y=[[6.0, 1.0], [0.0, 5.0]],
    ...                            codes=("C",), axis=axis, demand=Axis.world(("A", "B"), ("F",)),
    ...                            info=TableInfo("arrays", country="WORLD", flows="world"))
    >>> one = national(world, "A")
    >>> one.Z.tolist(), one.Zm.tolist(), one.Y.tolist()
    ([[2.0]], [[3.0]], [[6.0, 2.0]])
    """
    here = table.axis.positions(country)
    if not table.axis.is_world:
        raise LabelError(
            f"{table.info.name}",
            found="a table of one country",
            expected="a world table",
            remedy="Use the table as it is: it is national already.",
        )
    codes = [table.axis.codes[i] for i in here]
    n, countries = len(codes), table.axis.country_names
    if tuple(table.axis.codes) != tuple(codes) * len(countries):
        raise LabelError(
            f"{table.info.name} {country}",
            found="industries that differ between countries",
            expected="one list of industries in every country",
            remedy="Aggregate to a common grouping first.",
        )
    own_demand = [i for i, c in enumerate(table.demand.countries) if c == country]
    abroad = [i for i, c in enumerate(table.demand.countries) if c != country]
    by_origin = (len(countries), n)
    inputs = table.Z[:, here].reshape(*by_origin, n)
    finals = table.Y[:, own_demand].reshape(*by_origin, -1)
    place = countries.index(country)
    exports = (
        table.Z[here].sum(axis=1) - inputs[place].sum(axis=1) + table.Y[here][:, abroad].sum(axis=1)
    )
    Ym = finals.sum(axis=0) - finals[place]
    titles = [table.axis.titles[i] for i in here] if table.axis.titles else ()
    return IOTable(
        inputs[place],
        np.column_stack([finals[place], exports]),
        table.V[:, here],
        table.x[here],
        Axis.national(country, codes, titles),
        Axis.national(country, [*(table.demand.codes[i] for i in own_demand), "EXP"]),
        (*(table.demand_roles[i] for i in own_demand), "exports"),
        table.primary,
        table.primary_roles,
        table.info.step(f"country {country} taken out of the world table", country=country,
                        flows="domestic"),
        Zm=inputs.sum(axis=0) - inputs[place],
        Ym=np.column_stack([Ym, np.zeros(n)]),
        satellites={k: Satellite(s.values[here], s.unit) for k, s in table.satellites.items()},
        groups=table.groups,
    )  # fmt: skip
