"""Is this table fit to be measured? What is odd in it, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.errors import NumericalError, ValueFault
from servio.table.identity import (
    IN_FULL,
    Identity,
    balance_leontief,
    checkable,
    column_gap,
    identities,
    row_gap,
)
from servio.table.iotable import IOTable, is_network

__all__ = ["Audit", "Finding", "audit"]

Array = npt.NDArray[np.float64]

FAIL_SHARE_OF_INDUSTRY = 0.01
FAIL_SHARE_OF_ECONOMY = 0.001
WARN_SHARE_OF_INDUSTRY = 0.005
NUMERIC_LIMIT = 1e-10
SHOWN = 8
UNSOLVABLE = ("no-solution", "all-zero")


@dataclass(frozen=True)
class Finding:
    """One thing an audit saw.

    Parameters
    ----------
    level : str
        ``fail``, ``warn`` or ``note``.
    check : str
        Short stable name of the check.
    place : str
        Label of the row, column or cell.
    text : str
        What is there and what was expected.
    """

    level: str
    check: str
    place: str
    text: str


@dataclass(frozen=True, repr=False)
class Audit:
    """Findings and residuals of one table; `passed` unless a finding is a failure."""

    table: str
    findings: tuple[Finding, ...]
    identities: tuple[Identity, ...]
    synthetic: bool = False

    def __repr__(self) -> str:
        verdict = "passes" if self.passed else "FAILS"
        shown = [f for f in self.findings if f.level != "note"]
        gaps = f"data {self.data_residual:.2g}, numeric {self.numeric_residual:.2g}"
        lines = [f"<Audit {self.table}: {verdict}, {len(self.findings)} findings; gaps: {gaps}>"]
        lines += [f"  {f.level.upper()} {f.check} {f.place}: {f.text}" for f in shown[:SHOWN]]
        if len(shown) > SHOWN:
            lines.append(f"  … {len(shown) - SHOWN} more in .findings")
        return "\n".join(lines)

    @property
    def passed(self) -> bool:
        """No finding is a failure."""
        return not any(finding.level == "fail" for finding in self.findings)

    @property
    def data_residual(self) -> float:
        """Largest relative gap the publisher's numbers leave; NaN where none could be checked."""
        return max((i.residual for i in self.identities if i.kind == "data"), default=float("nan"))

    @property
    def numeric_residual(self) -> float:
        """Largest relative error of our own arithmetic."""
        return max((i.residual for i in self.identities if i.kind == "numeric"), default=0.0)


def audit(table: IOTable) -> Audit:
    """Check a table's balance, signs, dead industries and solvability.

    A row or column that does not add up *fails* when the gap exceeds 1 % of the industry's output
    and 0.1 % of the economy's; smaller gaps over 0.5 % of the industry are warnings. Gaps are
    reported, never spread over cells. What the data leave open and the error of our arithmetic
    are two residuals; the second is that of every column of the inverses up to 1,000 industries
    and of a few fixed combinations of columns beyond, and a note says so (`identities`).

    Parameters
    ----------
    table : IOTable

    Returns
    -------
    Audit

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("1", "2"))
    >>> audit(table).passed
    True
    """
    findings = [
        *_gaps(table, row_gap(table), "row-balance", "sales"),
        *_gaps(table, column_gap(table), "column-balance", "costs"),
        *_unchecked(table),
        *_signs(table),
        *_dead(table),
        *_solvable(table),
        *_combined(table),
    ]
    seen = {finding.check for finding in findings}
    findings += [
        Finding("note", note.code, table.info.name, note.text)
        for note in table.info.notes
        if note.code not in seen
    ]
    residuals = () if _unsolvable(findings) else identities(table)
    findings += [
        Finding("fail", "numeric-identity", i.where, f"{i.name} off by {i.residual:.1e} relative")
        for i in residuals
        if i.kind == "numeric" and not i.residual <= NUMERIC_LIMIT
    ]
    order = {"fail": 0, "warn": 1, "note": 2}
    findings.sort(key=lambda finding: order[finding.level])
    return Audit(table.info.name, tuple(findings), residuals, table.info.synthetic)


def _gaps(table: IOTable, gap: Array, check: str, side: str) -> Iterable[Finding]:
    size = np.abs(gap)
    economy = _economies(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(size > 0, size / np.abs(table.x), 0.0)
    fails = (share > FAIL_SHARE_OF_INDUSTRY) & (size > FAIL_SHARE_OF_ECONOMY * economy)
    for i in np.flatnonzero(share > WARN_SHARE_OF_INDUSTRY):
        level = "fail" if fails[i] else "warn"
        yield Finding(
            level,
            check,
            table.axis.labels[i],
            f"{side} {'miss' if gap[i] > 0 else 'exceed'} output by {money(size[i], table)} "
            f"({share[i]:.1%} of its output {table.x[i]:,.4g})",
        )


def _economies(table: IOTable) -> Array:
    """Output of each industry's whole country, shape (n,)."""
    country = table.axis.country_index
    total = np.bincount(country, weights=np.abs(table.x)).astype(np.float64)
    return total[country]


def _unchecked(table: IOTable) -> Iterable[Finding]:
    rows, columns = checkable(table)
    if not rows:
        yield Finding("note", "rows-not-checked", table.info.name,
                      "sales give output or final demand: their balance shows nothing")  # fmt: skip
    if not columns:
        yield Finding("note", "columns-not-checked", table.info.name,
                      "primary inputs follow from costs: their balance shows nothing")  # fmt: skip


def _combined(table: IOTable) -> Iterable[Finding]:
    if table.live.sum() > IN_FULL:
        yield Finding("note", "checked-in-combinations", table.info.name,
                      f"more than {IN_FULL:,} industries: L and G are checked in a few fixed "
                      "random combinations of their columns, not in each")  # fmt: skip


def money(amount: float, table: IOTable) -> str:
    """An amount with the table's unit, if it has one."""
    return f"{amount:,.4g} {table.info.money}".strip()


def _signs(table: IOTable) -> Iterable[Finding]:
    for name in ("Z", "Zm"):
        flows = getattr(table, name)
        if flows is None or not flows.min(initial=0.0) < 0:
            continue
        share = -flows[flows < 0].sum() / np.abs(flows).sum()
        worst = np.unravel_index(int(flows.argmin()), flows.shape)
        place = f"{name} {table.axis.labels[worst[0]]} to {table.axis.labels[worst[1]]}"
        yield Finding("warn", "negative-flows", place,
                      f"{int((flows < 0).sum())} negative flows, {share:.2g} of all")  # fmt: skip
    economy = _economies(table)
    for i in np.flatnonzero(table.x < 0):
        material = -table.x[i] > FAIL_SHARE_OF_ECONOMY * economy[i]
        level = "fail" if material else "warn"
        yield Finding(level, "negative-output", table.axis.labels[i],
                      f"output {money(table.x[i], table)}")  # fmt: skip
    value_added = table.value_added
    for i in np.flatnonzero((value_added < 0) & table.live):
        yield Finding("warn", "negative-value-added", table.axis.labels[i],
                      f"value added {money(value_added[i], table)}")  # fmt: skip
    final = table.Y.sum(axis=1)
    negative = int((final < 0).sum())
    if negative and "imports" not in table.demand_roles:
        yield Finding("warn", "negative-final-demand", table.axis.labels[int(final.argmin())],
                      f"negative final demand in total: {negative} of them")  # fmt: skip
    cells = int((table.Y < 0).sum())
    if cells:
        yield Finding("note", "negative-demand-cells", table.info.name,
                      f"{cells} negative cells of final demand (inventories, imports)")  # fmt: skip


def _dead(table: IOTable) -> Iterable[Finding]:
    economy = _economies(table)
    for i in np.flatnonzero(~table.live):
        bought, sold = np.abs(table.Z[:, i]).sum(), np.abs(table.Z[i]).sum()
        if bought > 0:
            material = bought > FAIL_SHARE_OF_ECONOMY * economy[i]
            level = "fail" if material else "warn"
            yield Finding(level, "inputs-without-output", table.axis.labels[i],
                          f"no output, yet it buys {money(bought, table)}")  # fmt: skip
        else:
            more = f", yet it sells {money(sold, table)}" if sold > 0 else ""
            yield Finding("warn" if sold > 0 else "note", "zero-output", table.axis.labels[i],
                          f"no output{more}; its coefficients are undefined")  # fmt: skip


def _solvable(table: IOTable) -> Iterable[Finding]:
    if not table.live.any():
        yield Finding("fail", "all-zero", table.info.name, "no industry has output")
        return
    try:
        A = algebra.Coefficients(table.Z, table.x)
    except ValueFault as error:
        yield Finding("fail", "no-solution", table.info.name, error.message)
        return
    inputs = A.sizes
    heavy = np.flatnonzero(inputs >= 1.0)
    if len(heavy) == 0:
        return
    for i in () if is_network(table.demand_roles) else heavy:
        yield Finding("warn", "inputs-exceed-output", table.axis.labels[i],
                      f"inputs are {inputs[i]:.3f} of output")  # fmt: skip
    if _productive(table, A):
        return
    radius = algebra.spectral_radius(A.matrix)
    if radius >= 1.0:
        yield Finding("fail", "no-solution", table.info.name,
                      f"spectral radius of A is {radius:.4f}; expected under 1")  # fmt: skip


def _productive(table: IOTable, A: algebra.Coefficients) -> bool:
    """Known from the factor, which tells only where no coefficient is negative."""
    if A.lowest.min() < 0:
        return False
    try:
        balance_leontief(table)
    except NumericalError:
        return False
    return True


def _unsolvable(findings: Iterable[Finding]) -> bool:
    return any(f.check in UNSOLVABLE for f in findings)
