"""Levels: what an industry makes, earns, employs, as the table or its accounts say it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from servio.errors import LabelError, UnitError
from servio.measure._contract import measure
from servio.measure._factor import factor, is_money
from servio.measure._result import Array, Result, Undefined, by_industry, members, row_names
from servio.table import IOTable

__all__ = ["account"]

OUTPUT = "output"
NO_AMOUNT = re.compile(
    r"= *100\b|\b(index|share|ratio|rate|per ?cent)\b|%|\bper (?!year)", re.IGNORECASE
)


@measure(
    title="Level",
    question="How much does an industry make, earn, employ or own?",
    unit="money",
    formula="u_j; sum_{j in k} u_j for a group k",
    identity="a group is the sum of its industries",
    source="United Nations (2018), Handbook on Supply and Use Tables, ch. 2; methods F1",
)
def account(table: IOTable, *, of: str = "value_added", by: str = "industry") -> Result:
    """A row of the table or of its accounts, as given.

    ``u_j`` for each industry, or the sum over a group's industries. What a regression explains,
    or holds constant: value added, employment, capital, and the price indices to deflate them.

    Parameters
    ----------
    table : IOTable
    of : str
        ``value_added``, ``output``, a primary input of the table, or a satellite such as
        employment.
    by : str
        ``industry``, ``economy`` or a grouping; groups are sums.

    Returns
    -------
    Measure
        In the table's money, or in the satellite's unit; one row an industry. Nothing is deflated
        or converted.

    Raises
    ------
    LabelError
        No row of the table has the name `of`, or its classification does not know the grouping.
    UnitError
        A group of a satellite that has no sum, such as a price index.

    Notes
    -----
    Identity: a group is the sum of its industries. Industries without output are undefined. A
    satellite whose unit is an index, a share or an amount per another is given industry by
    industry only: a sum of price indices means nothing, and weights are for you to choose.

    Source: United Nations (2018), Handbook on Supply and Use Tables and Input-Output Tables with
    Extensions and Applications, ch. 2.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> account(table).values.tolist()
    [650.0, 1400.0]
    >>> account(table, of="output", by="economy").values.tolist()
    [3000.0]
    """
    amounts, unit = _row(table, of)
    if by == "industry":
        return replace(by_industry(table, amounts), unit=unit)
    if unit is not None and NO_AMOUNT.search(unit):
        raise UnitError(
            f"account of={of} by={by}",
            found=f"a satellite in {unit!r}, which has no sum",
            expected="by=industry, or a satellite of amounts",
            remedy="Take it by industry and weight it yourself.",
        )
    columns, collect = members(table, by)
    empty = table.x @ collect == 0
    values = np.where(empty, np.nan, amounts @ collect)
    names = row_names(columns)
    gone = tuple(Undefined(names[i], "zero output") for i in np.flatnonzero(empty))
    return Result(columns, values, gone, unit=unit)


def _row(table: IOTable, of: str) -> tuple[Array, str | None]:
    """Amounts by industry and their unit; None stands for the table's money."""
    if of != OUTPUT:
        return factor(table, of), None if is_money(table, of) else table.satellites[of].unit
    if of in (*table.primary, *table.satellites):
        raise LabelError(
            f"{table.info.name} of={of}",
            found="a row of this name besides gross output",
            expected="one meaning",
            remedy="Rename the row.",
        )
    return np.asarray(table.x, dtype=np.float64), None
