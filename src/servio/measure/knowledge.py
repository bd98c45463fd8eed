"""What reaches an industry inside its inputs: R&D and other amounts of its suppliers."""

from __future__ import annotations

import numpy as np

from servio import algebra
from servio.measure._chains import living
from servio.measure._contract import measure
from servio.measure._factor import factor, is_money
from servio.measure._result import Result
from servio.measure._spread import shares
from servio.measure.value_content import _content, _reach
from servio.table import IOTable, Origin

__all__ = ["embodied_inputs"]


@measure(
    title="Embodied in inputs",
    question="How much R&D (or value added, work ...) reaches an industry inside its inputs, from "
    "which suppliers?",
    unit="ratio",
    formula="d_kj = sum_{i in k} f_i (L - I)_ij",
    identity="t (I - A) = f_k for t = d + f_k; domestic and imported add up to total",
    source="Papaconstantinou, Sakurai & Wyckoff (1996); methods A7",
    needs=("sectors",),
)
def embodied_inputs(
    table: IOTable,
    *,
    of: str = "value_added",
    grouping: str = "sectors",
    origin: Origin = "total",
    by: str = "industry",
) -> Result:
    """Amounts that suppliers at every stage put into the inputs of a unit of output.

    ``d_kj = sum_{i in k} f_i (L - I)_ij`` with f the amount per unit of output, such as R&D
    spending: knowledge that an industry acquires with what it buys, by the group of suppliers
    that brings it. What the industry does itself, ``f_j``, is left out.

    Parameters
    ----------
    table : IOTable
    of : str
        ``value_added``, a primary input, or a satellite such as R&D or employment.
    grouping : str
        Groups k of suppliers: ``sectors``, ``services``, ``kibs`` ...
    origin : {'total', 'domestic', 'imported'}
        Where the suppliers are: anywhere the table sees; in the industry's country; abroad.
    by : str
        ``industry``, ``economy`` or a grouping of users, weighted with output.

    Returns
    -------
    Measure
        Unit of `of` per currency of output, one row an industry and group.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping, or nothing of the name `of`.
    InputError
        ``origin="imported"`` on a national table.

    Notes
    -----
    Identity: the residual is the error of the chain; domestic and imported add up to total. A
    round through the industry itself counts: what it made earlier comes back in its inputs.
    National tables follow domestic chains and see nothing in imports. Amounts of several users
    must not be added up: the same R&D is in the inputs of each stage that follows.

    Source: Papaconstantinou, Sakurai & Wyckoff (1996), Embodied technology diffusion, OECD STI
    Working Papers 1996/01 (not re-read).

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> from servio.table import Satellite
    >>> groups = {"sectors": Grouping.custom("sectors", {"goods": ("C",), "services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...     groups=groups, satellites={"R&D": Satellite(np.array([50.0, 20.0]), "million")})
    >>> embodied_inputs(table, of="R&D").value(industry="C", group="services").__round__(5)
    0.00264
    """
    groups, S = table.weights(grouping)
    amounts = living(table, factor(table, of))
    rate = S * algebra.value_coefficients(amounts[None, :], table.x)
    found, gap = _content(table, rate, origin)
    inside = found if origin == "imported" else found - rate
    size = np.broadcast_to(living(table, table.x), inside.shape)
    money = table.info.money or "currency"
    unit = None if is_money(table, of) else f"{table.satellites[of].unit} per {money}"
    return shares(
        table, inside * size, size, groups, by=by, residual=gap, notes=_reach(table), unit=unit
    )
