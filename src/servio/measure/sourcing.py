"""What industries buy from others, at home and abroad: outsourcing and offshoring."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio.errors import InputError
from servio.measure._chains import exports, living
from servio.measure._contract import measure
from servio.measure._result import Array, Result
from servio.measure._spread import shares
from servio.measure._trade import trade
from servio.table import IOTable, Origin

__all__ = ["offshoring", "outsourcing"]

Form = Literal["broad", "narrow", "difference", "services", "materials"]
NO_INPUTS = "no inputs other than energy"
UNKNOWN = f"{NO_INPUTS}, or a product without a share of imports"


@measure(
    title="Outsourcing of services",
    question="Which part of an industry's inputs are services bought from others?",
    unit="share",
    low=0.0,
    formula="sum_{i in S} z_ij / sum_{i not energy} z_ij",
    identity="domestic (onshore) and imported (offshore) add up to total",
    source="methods C1; non-energy inputs as in Feenstra & Hanson (1999)",
    needs=("services", "energy"),
)
def outsourcing(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Origin = "total",
    by: str = "industry",
) -> Result:
    """Services bought from other producers over all inputs but energy.

    ``sum_{i in S} z_ij / sum_{i not energy} z_ij``; the denominator holds home and imported inputs
    whatever `origin`, so that onshore (domestic) and offshore (imported) outsourcing add up.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Groups S of services bought.
    origin : {'total', 'domestic', 'imported'}
        Where they are bought: anywhere, at home (onshore), abroad (offshore).
    by : str
        ``industry``, ``economy`` or a grouping of the buyers: ``manufacturing`` for vertical
        delegating, ``services`` for horizontal.

    Returns
    -------
    Measure
        Share, one row an industry and group.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping or ``energy``.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: domestic and imported add up to total. Services that an industry makes for itself
    are not in the table: the rate is an upper bound of purchases over purchases and own services.
    Purchases inside the industry itself (``z_jj``) count. Above 1 only for a group that holds
    energy. `service_input_share` has energy in the denominator. No published figure is known to
    us for this exact ratio.

    Source: ratio of purchased services to inputs, methods C1; Feenstra & Hanson (1999), Quarterly
    Journal of Economics 114, for the non-energy denominator (not re-read).

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)}),
    ...           "energy": Grouping.custom("energy", {"energy": ("D",)})}
    >>> table = IOTable.from_flows([[150, 500, 5], [200, 100, 5], [50, 90, 0]], x=[1000, 2000, 300],
    ...                            codes=("C", "G", "D"), groups=groups)
    >>> outsourcing(table).values.round(4).tolist()
    [0.5714, 0.1667, 0.5]
    """
    groups, S = table.weights(grouping)
    bought = living(table, S @ table.flows(origin))
    inputs = np.broadcast_to(_non_energy(table) @ living(table, table.flows("total")), bought.shape)
    return shares(table, bought, inputs, groups, by=by, reason=NO_INPUTS)


@measure(
    title="Offshoring",
    question="Which part of an industry's inputs comes from abroad?",
    unit="share",
    formula="true sum_i zm_ij / NE_j; proportional sum_i (z_ij / NE_j) m_i, m_i = imp_i / (x_i + "
    "imp_i - exp_i)",
    identity="narrow and difference add up to broad",
    source="Feenstra & Hanson (1996, 1999); Amiti & Wei (2005, 2009); methods C2, C3",
    needs=("energy", "imports"),
)
def offshoring(
    table: IOTable,
    *,
    form: Form = "broad",
    by: str = "industry",
) -> Result:
    """Imported inputs over all inputs but energy, from import flows and under proportionality.

    Part ``true`` takes imports where each industry uses them, ``sum_i zm_ij / NE_j``; part
    ``proportional`` gives every user of a product the country's own share of imports in it,
    ``sum_i (z_ij / NE_j) imp_i / (x_i + imp_i - exp_i)``, as the literature had to. NE are all
    intermediate inputs, home and imported, of industries that are not ``energy``.

    Parameters
    ----------
    table : IOTable
    form : {'broad', 'narrow', 'difference', 'services', 'materials'}
        Inputs i that count. Feenstra and Hanson: all but energy; those of the user's own
        industry; the rest of them. Amiti and Wei: the services of grouping ``amiti_wei``;
        manufactures but energy.
    by : str
        ``industry``, ``economy`` or a grouping of the users, sums over sums.

    Returns
    -------
    Measure
        Share, one row an industry and part. The part ``true`` is left out where the table does not
        tell imported flows apart.

    Raises
    ------
    LabelError
        The table's classification does not know a grouping.
    InputError
        The table does not show imports.

    Notes
    -----
    Identity: narrow and difference add up to broad. Narrow depends on how finely industries are
    split. Published import matrices and world tables are partly made with proportionality
    themselves (end-use categories at best), so that the two parts differ less than in truth.
    Undefined where nothing but energy is bought or where a product that is used has no share of
    imports: what the country absorbs of it is not positive. Energy in its own right is left out of
    every form. No published figure can be checked with the tables at hand.

    Source: Feenstra & Hanson (1996), American Economic Review 86, and (1999), Quarterly Journal of
    Economics 114; Amiti & Wei (2005), Economic Policy 20 (none re-read).

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"energy": Grouping.custom("energy", {"energy": ("D",)})}
    >>> table = IOTable.from_flows([[150, 40], [10, 0]], Zm=[[50, 10], [0, 0]], Y=[[60], [290]],
    ...                            Ym=[[40], [0]], codes=("C", "D"), groups=groups)
    >>> offshoring(table).values.round(4).tolist()
    [0.25, 0.2857, 0.2, 0.2857]
    """
    counted = _counted(table, form)
    fit = living(table, _non_energy(table) @ table.flows("total"))
    names, rows = ["proportional"], [_proportional(table, counted, form)]
    if table.has_split:
        names.insert(0, "true")
        rows.insert(0, living(table, _bought(table.flows("imported"), counted, form, table)))
    top = np.array(rows)
    return shares(
        table,
        top,
        np.broadcast_to(fit, top.shape),
        tuple(names),
        by=by,
        kind="part",
        reason=UNKNOWN,
        residual=_gap(table, counted),
        notes=() if table.axis.is_world else trade(table)[2],
    )


def _non_energy(table: IOTable) -> Array:
    rest: Array = 1.0 - table.weights("energy")[1].sum(axis=0)
    return rest


def _counted(table: IOTable, form: Form) -> Array:
    """Share of each selling industry's flows that a form counts, (n,)."""
    rest = _non_energy(table)
    names = {"services": "amiti_wei", "materials": "manufacturing"}
    return rest * table.weights(names[form])[1].sum(axis=0) if form in names else rest


def _bought(flows: Array, counted: Array, form: Form, table: IOTable) -> Array:
    """Flows that count, summed over sellers, shape (n,)."""
    if form in ("narrow", "difference"):
        codes = np.unique(table.axis.codes, return_inverse=True)[1]
        own = codes[:, None] == codes[None, :]
        flows = np.where(own == (form == "narrow"), flows, 0.0)
    bought: Array = counted @ flows
    return bought


def _proportional(table: IOTable, counted: Array, form: Form) -> Array:
    """Flows that count times the share of imports in what the user's country absorbs, (n,)."""
    product, country = _products(table)
    used = product.T @ table.flows("total")  # (codes, users)
    exported, imported, made = _balance(table, product, country)
    absorbed = made + imported - exported
    share = np.divide(imported, absorbed, out=np.full(absorbed.shape, np.nan), where=absorbed > 0)
    each = share[:, table.axis.country_index]
    flows = np.where(used == 0, 0.0, used * each)
    weight = (product * counted[:, None]).sum(axis=0) / product.sum(axis=0)
    if form in ("narrow", "difference"):
        flows = np.where((product.T == 1) == (form == "narrow"), flows, 0.0)
    return living(table, np.where(weight[:, None] > 0, weight[:, None] * flows, 0.0).sum(axis=0))


def _products(table: IOTable) -> tuple[Array, Array]:
    """Which industry makes which product (n, codes) and is in which country (n, countries)."""
    codes, at = np.unique(table.axis.codes, return_inverse=True)
    countries = np.arange(len(table.axis.country_names))
    return np.eye(len(codes))[at], 1.0 * (table.axis.country_index[:, None] == countries[None, :])


def _balance(table: IOTable, product: Array, country: Array) -> tuple[Array, Array, Array]:
    """Exports, imports and output of each product and country, (codes, countries) each."""
    made = product.T @ (table.x[:, None] * country)
    if not table.axis.is_world:
        exported, imported, _ = trade(table)
        if not imported.any():
            raise InputError(
                f"{table.info.name} imports",
                found="no imports of any product",
                expected="imported flows, or a column of imports",
                remedy="Use a table with imports.",
            )
        return product.T @ exported[:, None], product.T @ imported[:, None], made
    exported = product.T @ (exports(table)[:, None] * country)
    buyer = np.array(table.demand.countries)
    abroad = np.array(table.axis.countries)[:, None] != buyer[None, :]
    final = product.T @ np.where(abroad, table.Y, 0.0)
    place = 1.0 * (buyer[:, None] == np.array(table.axis.country_names)[None, :])
    return exported, product.T @ table.flows("imported") @ country + final @ place, made


def _gap(table: IOTable, counted: Array) -> float:
    """Error of: narrow and difference add up to broad."""
    if not table.has_split:
        return 0.0
    flows = table.flows("imported")
    broad = _bought(flows, counted, "broad", table)
    both = sum(_bought(flows, counted, form, table) for form in ("narrow", "difference"))
    scale = float(np.abs(broad).max(initial=0.0))
    return float(np.abs(broad - both).max(initial=0.0)) / scale if scale > 0 else 0.0
