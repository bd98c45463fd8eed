"""What must add up in a table: the data's own gaps, and the error of our arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.table.iotable import IOTable

__all__ = ["Identity", "balance_leontief", "checkable", "column_gap", "identities", "row_gap"]

Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

IN_FULL = 1000
"""Industries up to which products of whole matrices are formed; beyond, a few combinations."""


@dataclass(frozen=True)
class Identity:
    """One accounting or algebraic identity and how far a table is from it.

    Parameters
    ----------
    name : str
        The identity as a formula.
    residual : float
        Largest absolute gap relative to the largest magnitude on either side.
    kind : str
        ``data`` for what the publisher's numbers leave open, ``numeric`` for our arithmetic.
    where : str
        Label with the largest gap.
    """

    name: str
    residual: float
    kind: str
    where: str


def row_gap(table: IOTable) -> Array:
    """Published discrepancy of sales: ``d = x - Z 1 - Y 1``, shape (n,), in ``info.money``."""
    gap: Array = table.x - table.Z.sum(axis=1) - table.Y.sum(axis=1)
    return gap


def column_gap(table: IOTable) -> Array:
    """Published discrepancy of costs: ``c = x' - 1'Z - 1'Zm - 1'V``, shape (n,)."""
    gap: Array = table.x - table.Z.sum(axis=0) - table.primary_inputs
    return gap


def identities(table: IOTable) -> tuple[Identity, ...]:
    """How far a table is from each identity that applies to it.

    The first two are properties of the published data, and are left out where final demand,
    output or primary inputs were derived from them; the others hold to rounding error
    whatever the data, once their discrepancies d and c are carried along:
    ``(I - A) L = I``, ``x = L (y + d)``, ``v'L = 1'`` with v the whole column of primary inputs,
    ``G = diag(x)^-1 L diag(x)``, ``va' G = x'``. All on industries with output.

    Up to 1,000 industries ``(I - A) L`` and ``(I - B) G`` are multiplied out. For more, both are
    multiplied with a few fixed random combinations of columns (`servio.algebra.probes`), of G in
    money: the gap is that of ``(I - A) L W = W`` and ``(I - B) G W = W``, which an error in any
    column shows, and no inverse is formed.

    Source: Miller & Blair (2009), ch. 2 and 12.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("1", "2"))
    >>> max(i.residual for i in identities(table)) < 1e-12
    True
    """
    labels = table.axis.labels
    gaps = {"x = Z1 + Y1": row_gap(table), "x' = 1'Z + 1'Zm + 1'V": column_gap(table)}
    checked = dict(zip(gaps, checkable(table), strict=True))
    data = (
        _identity(name, table.x - gap, table.x, "data", labels)
        for name, gap in gaps.items()
        if checked[name] and labels
    )
    return (*data, *_algebraic(table))


def checkable(table: IOTable) -> tuple[bool, bool]:
    """Whether the balance of rows and of columns says anything: not if it gave the numbers."""
    derived = table.info.derived
    return not {"x", "Y"} & set(derived), "V" not in derived


def _algebraic(table: IOTable) -> tuple[Identity, ...]:
    alive = np.flatnonzero(table.live)
    labels = tuple(table.axis.labels[i] for i in alive)
    if not len(alive):
        return ()
    in_full = len(alive) <= IN_FULL
    return (_multiplied_out if in_full else _in_combinations)(table, alive, labels)


def _multiplied_out(
    table: IOTable, alive: Positions, labels: tuple[str, ...]
) -> tuple[Identity, ...]:
    square = np.ix_(alive, alive)
    leontief = balance_leontief(table)
    Z, x = table.Z[square], table.x[alive]
    A = algebra.input_coefficients(Z, x)
    L = leontief.inverse[square]
    y = x - Z.sum(axis=1)
    primary = (x - Z.sum(axis=0)) / x
    G = algebra.ghosh_inverse(L, x)
    unit = np.eye(len(alive))
    return (
        _identity("(I - A) L = I", (unit - A) @ L, unit, "numeric", labels),
        _identity("x = L (y + d)", L @ y, x, "numeric", labels),
        _identity("v' L = 1'", primary @ L, np.ones(len(alive)), "numeric", labels),
        _identity("(I - B) G = I", (unit - Z / x[:, None]) @ G, unit, "numeric", labels),
        _identity("va' G = x'", (primary * x) @ G, x, "numeric", labels),
    )


def _in_combinations(
    table: IOTable, alive: Positions, labels: tuple[str, ...]
) -> tuple[Identity, ...]:
    leontief, Z, live = balance_leontief(table), table.Z, table.live[:, None]
    x = np.where(table.live, table.x, 0.0)[:, None]
    per_x = np.divide(1.0, x, out=np.zeros_like(x), where=live)
    y = live * (x - Z @ live.astype(np.float64))
    primary = per_x * (x - Z.T @ live.astype(np.float64))
    W = live * algebra.probes(len(table))
    output, LW, LM = np.split(leontief.solve(np.hstack([y, W, x * W])), [1, 1 + W.shape[1]], axis=1)
    content = leontief.solve_transposed(primary)
    GW = per_x * LM
    sides = {
        "(I - A) L W = W": (LW - Z @ (per_x * LW), W),
        "x = L (y + d)": (output, x),
        "v' L = 1'": (content, np.ones_like(x)),
        "(I - B) G W = W": (x * GW - Z @ GW, x * W),
        "va' G = x'": (content * x, x),
    }
    return tuple(
        _identity(name, left[alive], right[alive], "numeric", labels)
        for name, (left, right) in sides.items()
    )


def balance_leontief(table: IOTable) -> algebra.Leontief:
    """The factorised ``I - A`` of the flows that balance the table's rows."""
    split_off = table.info.flows == "domestic" and not table.axis.is_world
    return table.leontief("domestic" if split_off else "total")


def _identity(name: str, left: Array, right: Array, kind: str, labels: tuple[str, ...]) -> Identity:
    gap = np.abs(left - right)
    scale = max(float(np.abs(left).max()), float(np.abs(right).max()), np.finfo(float).tiny)
    worst = np.unravel_index(int(gap.argmax()), gap.shape)
    return Identity(name, float(gap.max()) / scale, kind, labels[int(worst[0])])
