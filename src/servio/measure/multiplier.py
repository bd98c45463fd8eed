"""Multipliers: what one unit of final demand brings the whole economy."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.errors import InputError, UsageError
from servio.measure._chains import chains, embodied
from servio.measure._contract import measure
from servio.measure._factor import factor, is_money, primary_rows
from servio.measure._origin import Flows, averaged, balanced
from servio.measure._result import Array, Result
from servio.table import IOTable, Origin

__all__ = ["factor_multiplier", "output_multiplier"]

Form = Literal["effect", "type1", "type2"]
Positions = npt.NDArray[np.intp]


@measure(
    title="Output multiplier",
    question="How much output of all industries does one unit of final demand need?",
    unit="ratio",
    low=0.0,
    formula="m_j = sum_i l_ij",
    identity="m (I - A) = 1'",
    source="Miller & Blair (2009), section 6.2.1",
)
def output_multiplier(table: IOTable, *, origin: Flows = "balance", by: str = "industry") -> Result:
    """Output of all industries for one unit of final demand of each, ``m_j = sum_i l_ij``.

    Parameters
    ----------
    table : IOTable
    origin : {'balance', 'total', 'domestic'}
        Flows the chain follows: those that balance the table's rows (domestic of a national
        table that sets imports apart, else all); all, as if imports were made at home; domestic.
    by : str
        ``industry``, ``economy`` or a grouping; groups are means weighted with output.

    Returns
    -------
    Measure
        Currency of output per currency of final demand, one row an industry; at least 1 where no
        flow is negative.

    Raises
    ------
    InputError
        The origin asked for is not in the table.
    LabelError
        The table's classification does not know the grouping.

    Notes
    -----
    Identity: ``m (I - A) = 1'``, which is the residual. The same figure as the total
    `backward_linkage`; `production_inducement` shows its parts by group of industries. Output
    counts inputs again at each stage: for what is earned see `factor_multiplier`.

    Source: Miller & Blair (2009), Input-Output Analysis, 2nd ed., section 6.2.1.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> output_multiplier(table).values.round(4).tolist()
    [1.5182, 1.4521]
    """
    total, residual = embodied(table, np.ones((1, len(table))), balanced(table, origin))
    return averaged(table, total[0], by=by, residual=residual)


@measure(
    title="Factor multiplier",
    question="How much value added, income or employment does one unit of final demand bring?",
    unit="ratio",
    formula="effect e = h' L; type1 e_j / h_j; type2 e_j / ((1 - h' L c) h_j)",
    identity="e (I - A) = h",
    source="Miller & Blair (2009), sections 2.5 and 6.2.2",
)
def factor_multiplier(
    table: IOTable,
    *,
    of: str = "value_added",
    form: Form = "effect",
    origin: Flows = "balance",
    by: str = "industry",
) -> Result:
    """Value added, wages or jobs in all industries per unit of final demand or of direct effect.

    With h the amount per unit of output: effect ``e_j = sum_i h_i l_ij``; type1 ``e_j / h_j``,
    all effects per unit of effect in the industry itself; type2 the same with households inside
    the model, who spend what they earn, ``e_j / ((1 - h' L c) h_j)``, with c their spending on
    each product per unit of their income.

    Parameters
    ----------
    table : IOTable
    of : str
        ``value_added``, the name of a primary input such as wages, or of a satellite such as
        employment.
    form : {'effect', 'type1', 'type2'}
        Which of the three. For ``type2`` `of` is the income that households spend, and the final
        demand with the role ``household`` is their spending.
    origin : {'balance', 'total', 'domestic'}
        Flows the chain follows: those that balance the table's rows (domestic of a national
        table that sets imports apart, else all); all, as if imports were made at home; domestic.
        ``type2`` on a world table needs ``domestic``: households of one country.
    by : str
        ``industry``, ``economy`` or a grouping; groups are means weighted with output.

    Returns
    -------
    Measure
        effect: `of` per currency of final demand, in the satellite's unit per unit of money if it
        is one; type1 and type2: dimensionless, undefined where the industry has no direct effect.
        One row an industry.

    Raises
    ------
    LabelError
        No row of the table has the name `of`.
    UsageError
        ``type2`` of a satellite, or on a world table other than ``domestic``.
    InputError
        ``type2`` without household demand or income, or an origin that is not in the table.
    NumericalError
        Spending brings households at least as much income again: the rounds never die out.

    Notes
    -----
    Identity: effects solve ``e (I - A) = h``, which is the residual; type2 over type1 is the same
    for all industries, ``1 / (1 - h' L c)``. Type 1 of a small direct effect is large: an
    industry that employs few looks good; prefer the effect. Type 2 takes all spending of
    households to come from `of`, with average for marginal spending, and is an upper bound: with
    wages alone as `of` it overstates by the spending out of other incomes.

    Source: Miller & Blair (2009), Input-Output Analysis, 2nd ed., sections 2.5 and 6.2.2.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            V=[[300, 500], [350, 900]], primary=("wages", "surplus"))
    >>> factor_multiplier(table, of="wages").values.round(4).tolist()
    [0.4422, 0.3795]
    >>> factor_multiplier(table, of="wages", form="type1").values.round(4).tolist()
    [1.4741, 1.5182]
    """
    followed = balanced(table, origin)
    h = algebra.value_coefficients(factor(table, of)[None], table.x)
    effects, residual = embodied(table, h, followed)
    if form == "effect":
        result = averaged(table, effects[0], by=by, residual=residual)
        return result if is_money(table, of) else replace(result, unit=_per_money(table, of))
    if form == "type2":
        effects[0] = _closed(table, of, followed, h[0])
    return averaged(
        table,
        algebra.multiplier_ratio(effects[0], h[0]),
        by=by,
        reason=f"no output or no direct {of}",
        residual=residual,
    )


def _per_money(table: IOTable, of: str) -> str:
    return f"{table.satellites[of].unit} per {table.info.money or 'currency'}"


def _closed(table: IOTable, of: str, origin: Origin, h: Array) -> Array:
    """Income in all industries per unit of final demand when households spend theirs, (n,)."""
    if not is_money(table, of):
        raise UsageError(
            f"factor_multiplier of={of}",
            found="a satellite with form=type2",
            expected="the income that households spend",
            remedy="Name a primary input such as wages, or use form=type1.",
        )
    if table.axis.is_world and origin != "domestic":
        raise UsageError(
            "factor_multiplier origin",
            found="form=type2 on a world table with several countries' households",
            expected="origin=domestic",
            remedy="Give origin=domestic, which closes each country by itself.",
        )
    if "household" not in table.demand_roles:
        raise InputError(
            f"{table.info.name} final demand",
            found=f"columns with the roles {sorted(set(table.demand_roles))}",
            expected="a column of household demand for form=type2",
            remedy="Name the column's role `household`, or use form=type1.",
        )
    whole = np.empty(len(table))
    for chain in chains(table, origin):
        spending = _spending(table, of, origin, chain.at)
        closed = algebra.type_two_inverse(chain.leontief, h[chain.at], spending)
        whole[chain.at] = closed[-1, :-1]
    return whole


def _spending(table: IOTable, of: str, origin: Origin, at: Positions) -> Array:
    """Households' spending on each industry of a chain per unit of their income, shape (k,)."""
    country = table.axis.countries[int(at[0])]
    world = table.axis.is_world
    own = np.array([not world or name == country for name in table.demand.countries])
    households = own & (np.array(table.demand_roles) == "household")
    rows = primary_rows(table, of)
    income = float(table.V[np.ix_(rows, at)].sum())
    if table.Vy is not None:
        income += float(table.Vy[np.ix_(rows, np.flatnonzero(own))].sum())
    if income <= 0.0:
        raise InputError(
            f"{table.info.name} {country} {of}".replace("  ", " "),
            found=f"a sum of {income:.6g}",
            expected="a positive income of households",
            remedy="Name the row that households live on.",
        )
    spent = table.Y[np.ix_(at, np.flatnonzero(households))].sum(axis=1)
    if table.Ym is not None and origin == "total":
        spent = spent + table.Ym[np.ix_(at, np.flatnonzero(households))].sum(axis=1)
    per_income: Array = spent / income
    return per_income
