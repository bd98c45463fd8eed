"""Services bought or made: who delegates to whom, and what only moved out of the house."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio.errors import InputError, LabelError, UsageError, ValueFault
from servio.measure._beside import beside, grouped
from servio.measure._chains import living, relative_gap
from servio.measure._contract import measure
from servio.measure._result import Array, Column, Result, Undefined, members, row_names
from servio.measure._spread import parts, shares
from servio.measure.change import _comparable, _price_note
from servio.table import IOTable, Note, Origin

__all__ = ["externalisation", "purchased_service_share", "service_delegation"]

BUYERS = ("vertical", "horizontal", "other")
CHANGES = ("change", "purchased", "in_house", "reclassified")
FUNCTIONS = "functions"
NO_SERVICE = "no services, bought or made"
NO_OUTPUT = "zero output in a year"
NO_SHIFT = "purchases did not rise while in-house services fell, or zero output"


@measure(
    title="Delegation of services",
    question="Who delegates services to others: manufacturing (vertical) or services (horizontal)?",
    unit="share",
    formula="sum_{i in S, j in M} z_ij / sum_{i in S, j} z_ij; j in services for horizontal",
    identity="the parts add up to 1 for total, and domestic and imported to total",
    source="document 001, section 2 (delegating); methods C1",
    needs=("services", "manufacturing"),
)
def service_delegation(
    table: IOTable, *, grouping: str = "services", origin: Origin = "total"
) -> Result:
    """Share of the services a country's producers buy that each kind of producer buys.

    ``sum_{i in S, j in M} z_ij / sum_{i in S, j} z_ij``, j in the country: vertical, what
    manufacturing buys; horizontal, what services buy of each other; other, the rest (farms, mines,
    energy, construction).

    Parameters
    ----------
    table : IOTable
    grouping : str
        Groups S of services bought.
    origin : {'total', 'domestic', 'imported'}
        Where the numerator is bought: anywhere, at home (onshore), abroad (offshore). The
        denominator holds both.

    Returns
    -------
    Measure
        Share, one row a buying country, service group and part.

    Raises
    ------
    LabelError
        The table's classification does not know a grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: the parts add up to 1 (total), the residual; domestic and imported to total. Larger
    sectors buy more: compare with `outsourcing` by ``manufacturing`` and by ``services``, which
    is per input. Services between plants of one firm may count as purchases or not at all.

    Source: vertical and horizontal delegating are the words of document 001; ratio of methods C1.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)}),
    ...           "manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("C",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> service_delegation(table).values.round(4).tolist()
    [0.6667, 0.3333, 0.0]
    """
    groups, S = table.weights(grouping)
    bought, every = (living(table, S @ table.flows(o)) for o in (origin, "total"))
    kinds = [table.weights(name)[1].sum(axis=0) for name in ("manufacturing", "services")]
    buyers = np.array([*kinds, 1.0 - kinds[0] - kinds[1]])
    columns, collect = members(table, "economy")
    top = np.einsum("gj,bj,jc->cgb", bought, buyers, collect)
    whole = (every @ collect).T[:, :, None]
    values = np.divide(top, whole, out=np.full(top.shape, np.nan), where=whole != 0)
    gap = relative_gap(top.sum(axis=2), (bought @ collect).T)
    return _by_group_and_part(dict(columns), groups, BUYERS, values, "no services bought", gap)


@measure(
    title="Purchased share of services used",
    question="Which part of the services an industry uses does it buy rather than make?",
    unit="share",
    formula="P_j / (P_j + H_j), P_j = sum_{i in S} z_ij, H_j = sum_k phi_kj v_j or own account",
    identity="purchased onshore, offshore and in-house add up to 1",
    source="Miroudot & Cadestin (2017) for in-house services; methods A6, C1",
    needs=("services", "functions", "value_added"),
)
def purchased_service_share(
    table: IOTable,
    *,
    grouping: str = "services",
    in_house: str = FUNCTIONS,
    core: str = "fabrication",
    origin: Origin = "total",
    by: str = "industry",
) -> Result:
    """Purchased services over purchased and in-house services: the rate of outsourcing.

    ``P_j / (P_j + H_j)`` with ``P_j = sum_{i in S} z_ij`` and H what the industry does for
    itself: ``sum_k phi_kj v_j`` over functions k but the core one, v value added, or the cost of
    services on own account.

    Parameters
    ----------
    table : IOTable
        With satellites that say what is done in the house.
    grouping : str
        Groups S of services.
    in_house : str
        Name before the colon of these satellites: ``functions`` for shares of value added by
        function (`servio.sources.with_functions`), ``own_account`` for amounts in the table's
        money. Those in the unit ``share`` are shares of value added. With ``services`` all of
        them count, else those that bear the groups' names.
    core : str
        The function that is no service; shares must hold it.
    origin : {'total', 'domestic', 'imported'}
        Purchases that count above the line: all, at home (onshore), abroad (offshore).
    by : str
        ``industry``, ``economy`` or a grouping of the users.

    Returns
    -------
    Measure
        Share, one row an industry and group; 1 less that for ``total`` is made in the house.

    Raises
    ------
    InputError
        No such satellites; the origin asked for is not in the table.
    LabelError
        Shares without the core function, or none of a group's name.
    UnitError
        A satellite in another unit than the table's money or ``share``.
    ValueFault
        A negative amount, or shares above 1.

    Notes
    -----
    Identity: onshore, offshore and in-house parts add up to 1. Shares of labour income stand for
    the whole value added, capital's too. Of service industries the core function is what they
    sell. In-house services are valued at cost, purchases with the seller's profit and inputs.

    Source: Miroudot & Cadestin (2017), OECD Trade Policy Papers 197 (in-house services by
    occupation; not re-read).

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> from servio.table import Satellite
    >>> services = Grouping.custom("services", {"services": ("G",)})
    >>> phi = {"functions: design": Satellite(np.array([0.2, 0.5]), "share"),
    ...        "functions: fabrication": Satellite(np.array([0.8, 0.5]), "share")}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups={"services": services}, satellites=phi)
    >>> purchased_service_share(table).value(industry="C").__round__(4)  # 200 and 0.2 x 650
    0.6061
    """
    groups, S = table.weights(grouping)
    own, note = _own(table, groups, in_house, core)
    every = living(table, S @ table.flows("total"))
    return shares(
        table, living(table, S @ table.flows(origin)), every + own, groups, by=by,
        reason=NO_SERVICE, notes=note,
    )  # fmt: skip


@measure(
    title="Externalisation of services",
    question="Do industries use more service, or only buy what they made before?",
    unit="ratio",
    formula="dT = dP + dH per output; moved sign(dP) min(|dP|, |dH|) if dP dH < 0; rate -dH/dP",
    identity="purchased and in-house changes add up to the change",
    source="methods C5",
    needs=("services", "functions", "value_added"),
)
def externalisation(
    table: IOTable,
    *,
    base: IOTable,
    grouping: str = "services",
    in_house: str = FUNCTIONS,
    core: str = "fabrication",
    form: Literal["parts", "rate"] = "parts",
    prices: str = "",
    by: str = "industry",
) -> Result:
    """Change since `base` of services used per output: moved out of the house, or deepened.

    ``dT = dP + dH`` with P purchased and H in-house services per unit of output. What P gained
    and H lost, ``sign(dP) min(|dP|, |dH|)`` where the two differ in sign, was only reclassified:
    positive when moved out, negative when taken in. The change dT itself is the deepening.

    Parameters
    ----------
    table : IOTable
        The later year, with satellites of in-house services.
    base : IOTable
        The earlier one, of the same labels, units and kind of table.
    grouping : str
        Groups of services.
    in_house, core : str
        As in `purchased_service_share`.
    form : {'parts', 'rate'}
        Changes per output; or the rate of externalisation ``-dH / dP`` where P rose and H fell:
        1 is pure reclassification, below it services deepened, above it they thinned.
    prices : str
        Satellite with the price index of each industry's output, of one base in both tables: the
        part ``price`` is then what relative prices made of the purchases,
        ``sum_{i in S} a_ij (1 - r_j / r_i)`` with r the change of the index; the rest of
        ``purchased`` is the change of volume, at base-year prices.
    by : str
        ``industry``, ``economy`` or a grouping of the users.

    Returns
    -------
    Measure
        Ratio, one row an industry, group and, for parts, part: ``change``, ``purchased``,
        ``in_house``, ``reclassified`` and, with `prices`, ``price``.

    Raises
    ------
    UnitError
        The tables differ in classification, currency, unit, price basis, valuation or kind.
    LabelError
        The tables differ in labels, or lack a grouping or function.
    InputError
        No satellites of that name.
    ValueFault
        A price index that is not above 0.
    UsageError
        `prices` with the rate.

    Notes
    -----
    Identity: purchased and in-house changes add up to the change, the residual. It is
    arithmetic, not proof that the same task moved. Groups of industries change by their mix too:
    ``by="industry"`` does not. In current prices dearer services look like deepening; an index
    of domestic output stands for imports too.

    Source: the split is methods C5; no published figure is known to us.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> from servio.table import Satellite, TableInfo
    >>> def year(bought, made):
    ...     groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    ...     own = {"own_account: services": Satellite(np.array([made, 0.0]), "million")}
    ...     return IOTable.from_flows([[150, 500], [bought, 100]], x=[1000, 2000],
    ...                               codes=("C", "G"), groups=groups, satellites=own,
    ...                               info=TableInfo("two", unit="million"))
    >>> found = externalisation(year(260, 60), base=year(200, 100), in_house="own_account")
    >>> parts = ("change", "purchased", "in_house", "reclassified")
    >>> [round(found.value(industry="C", part=part), 4) for part in parts]
    [0.02, 0.06, -0.04, 0.04]
    """
    base = _comparable(table, base)
    late, early = (_per_output(t, grouping, in_house, core, by) for t in (table, base))
    columns, groups = members(table, by)[0], late[0]
    bought, own = late[1] - early[1], late[2] - early[2]
    change = bought + own
    notes = (*late[3], *_price_note(table))
    both, whole = early[1] + early[2] + bought + own, late[1] + late[2]
    gap = relative_gap(np.nan_to_num(both), np.nan_to_num(whole))
    if form == "rate":
        if prices:
            raise UsageError(
                "externalisation prices",
                found="prices with form=rate",
                expected="form=parts",
                remedy="Leave one out.",
            )
        out = (bought > 0) & (own < 0)
        rate = np.divide(-own, bought, out=np.full(own.shape, np.nan), where=out)
        return parts(table, rate, groups, by=by, kind="group", reason=NO_SHIFT, residual=gap,
                     notes=notes)  # fmt: skip
    moved = np.where(bought * own < 0, np.sign(bought) * np.minimum(abs(bought), abs(own)), 0.0)
    moved = np.where(np.isnan(bought), np.nan, moved)
    found = dict(zip(CHANGES, (change, bought, own, moved), strict=True))
    if prices:
        dearer = _dearer(table, base, grouping, prices, by)
        found["price"] = np.where(np.isnan(bought), np.nan, dearer)
    values = np.array(list(found.values())).transpose(2, 1, 0)
    return _by_group_and_part(dict(columns), groups, tuple(found), values, NO_OUTPUT, gap, notes)


def _own(
    table: IOTable, groups: tuple[str, ...], prefix: str, core: str
) -> tuple[Array, tuple[Note, ...]]:
    """In-house services of each group, (g, n), and what a reader must know of them."""
    amounts = beside(table, prefix, table.value_added)
    if prefix == FUNCTIONS and core not in amounts:
        raise LabelError(
            f"{table.info.name} satellites {prefix}:",
            found=", ".join(amounts),
            expected=f"the function {core!r}, which is no service",
            remedy="Name the core function in core=.",
        )
    kept = {name: values for name, values in amounts.items() if name != core}
    text = f"in-house services from satellites {prefix}: {', '.join(kept)}"
    return grouped(table, kept, groups, prefix), (Note("in-house", text),)


def _per_output(
    table: IOTable, grouping: str, in_house: str, core: str, by: str
) -> tuple[tuple[str, ...], Array, Array, tuple[Note, ...]]:
    """Groups, purchased and in-house services per output (g, rows of `by`), notes."""
    groups, S = table.weights(grouping)
    own, notes = _own(table, groups, in_house, core)
    _, collect = members(table, by)
    whole = living(table, table.x) @ collect
    ratios = []
    for flows in (living(table, S @ table.flows("total")), own):
        top = flows @ collect
        ratios.append(np.divide(top, whole, out=np.full(top.shape, np.nan), where=whole != 0))
    return groups, ratios[0], ratios[1], notes


def _dearer(table: IOTable, base: IOTable, grouping: str, prices: str, by: str) -> Array:
    """What relative prices made of purchases per output since the base year, (g, rows of `by`)."""
    late, early = (_index(t, prices) for t in (table, base))
    S, Z = table.weights(grouping)[1], table.flows("total")
    change = late / early
    rise = living(table, S @ Z - change * ((S / change) @ Z))
    _, collect = members(table, by)
    top, whole = rise @ collect, living(table, table.x) @ collect
    found: Array = np.divide(top, whole, out=np.full(top.shape, np.nan), where=whole != 0)
    return found


def _index(table: IOTable, name: str) -> Array:
    """A price index (n,), 1 for industries without output."""
    if name not in table.satellites:
        raise InputError(
            f"{table.info.name} prices",
            found=f"no satellite {name!r}",
            expected=f"one of {', '.join(table.satellites)}",
            remedy="Name a satellite with price indices of output.",
        )
    values = np.asarray(table.satellites[name].values, dtype=np.float64)
    low = table.live & ~(values > 0)
    if low.any():
        at = int(low.argmax())
        raise ValueFault(
            f"{table.info.name} {name}, {table.axis.labels[at]}",
            found=f"{values[at]:g}",
            expected="a price index above 0",
            remedy="Correct the cell.",
        )
    return np.where(table.live, values, 1.0)


def _by_group_and_part(
    columns: dict[str, Column],
    groups: tuple[str, ...],
    names: tuple[str, ...],
    values: Array,
    reason: str,
    residual: float,
    notes: tuple[Note, ...] = (),
) -> Result:
    """Values (rows, groups, parts) as rows of country, industry, group and part."""
    k, g, p = values.shape
    spread = {n: Column(c.names, np.repeat(c.index, g * p)) for n, c in columns.items()}
    spread["group"] = Column(groups, np.tile(np.repeat(np.arange(g), p), k))
    spread["part"] = Column(names, np.tile(np.arange(p), k * g))
    labels = row_names(columns)
    gone = tuple(Undefined(f"{labels[row]} {groups[group]}", reason)
                 for row, group in np.argwhere(np.isnan(values).any(axis=2)))  # fmt: skip
    return Result(spread, values.ravel(), gone, residual, notes)
