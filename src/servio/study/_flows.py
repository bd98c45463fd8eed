"""What flows into one industry, or a group of industries, of one table, supplier by supplier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from servio.errors import LabelError
from servio.table import IOTable

__all__ = ["Flows", "flows_into"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Flows:
    """Inputs of an industry or group by supplier, all suppliers in the order of the table.

    Parameters
    ----------
    countries, codes : tuple of str
        Of each supplier.
    counted : array (n,)
        Share of each supplier that counts as input of the kind asked about.
    money : array (n,)
        Flow in the table's unit, of the origin asked for.
    imported : array (n,) or None
        Imported part of the flow, where a national table tells it apart.
    direct : array (n,)
        Flow per unit of the users' output, ``A w`` with output weights w.
    complete : array (n,) or None
        Production of the supplier for one unit of the users' output at all stages before it,
        ``(L - I) w``; None where the origin has no such coefficients.
    output : float
        Output of the users.
    unit : str
        Unit of money.
    """

    countries: tuple[str, ...]
    codes: tuple[str, ...]
    counted: Array
    money: Array
    imported: Array | None
    direct: Array
    complete: Array | None
    output: float
    unit: str

    @property
    def counted_money(self) -> float:
        """Flow that counts."""
        return float(self.counted @ self.money)

    @property
    def counted_direct(self) -> float:
        """Direct input that counts, per unit of output."""
        return float(self.counted @ self.direct)

    @property
    def counted_complete(self) -> float | None:
        """Direct and indirect input that counts, per unit of output."""
        return None if self.complete is None else float(self.counted @ self.complete)


def flows_into(
    table: IOTable, industry: str, *, country: str = "", by: str = "industry",
    grouping: str = "services", group: str = "", origin: str = "total",
) -> Flows:  # fmt: skip
    """Take the inputs of an industry apart by supplier, directly and at all stages.

    Which suppliers do they come from?

    Parameters
    ----------
    table : IOTable
    industry : str
        Code of the using industry, or name of a group of `by`.
    country : str
        Of the users; "" in a table of one country.
    by : str
        ``industry``, ``economy`` or the grouping the users are a group of.
    grouping, group : str
        Kind of input that counts: a group, or all groups of a grouping.
    origin : {'total', 'domestic', 'imported'}

    Returns
    -------
    Flows

    Raises
    ------
    LabelError
        No such industry, group or country, or users without output.

    Notes
    -----
    Identity: what counts of the direct inputs is `measure.service_input_coefficient` of the same
    options, of the complete ones the same with ``total=True``.

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> services = Grouping.custom("services", {"services": ("G",)})
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups={"services": services})
    >>> found = flows_into(table, "C")
    >>> found.money.tolist(), found.counted_direct, round(found.counted_complete, 3)
    ([150.0, 200.0], 0.2, 0.264)
    """
    users = _users(table, industry, country, by)
    output = float(users @ table.x)
    if not output > 0:
        raise LabelError(
            f"{table.info.name} industry {industry}", found="no output",
            expected="an industry that produces", remedy="Choose another industry or year.",
        )  # fmt: skip
    weights = users * table.x / output
    flows = table.flows(origin)  # type: ignore[arg-type]
    complete = None
    if origin != "imported":
        complete = table.leontief(origin).solve(weights) - weights  # type: ignore[arg-type]
    return Flows(
        table.axis.countries, table.axis.codes, _counted(table, grouping, group),
        flows @ users, table.flows("imported") @ users if table.has_split else None,
        flows @ users / output, complete, output, table.info.money,
    )  # fmt: skip


def _users(table: IOTable, industry: str, country: str, by: str) -> Array:
    """Share of each industry that is meant."""
    names, weights = table.weights(by)
    if industry not in names:
        raise LabelError(
            f"{table.info.name} industry", found=repr(industry),
            expected=f"one of {', '.join(names[:12])}", remedy="Choose one of these.",
        )  # fmt: skip
    chosen: Array = weights[names.index(industry)].astype(float)
    if country and table.axis.is_world:
        there = np.zeros(len(table), dtype=bool)
        there[table.axis.positions(country)] = True
        chosen = np.where(there, chosen, 0.0)
    return chosen


def _counted(table: IOTable, grouping: str, group: str) -> Array:
    names, weights = table.weights(grouping)
    if not group:
        return np.asarray(weights.sum(axis=0), dtype=float)
    if group not in names:
        raise LabelError(
            f"{table.info.name} grouping {grouping}", found=repr(group),
            expected=f"one of {', '.join(names[:12])}", remedy="Choose one of these.",
        )  # fmt: skip
    return np.asarray(weights[names.index(group)], dtype=float)
