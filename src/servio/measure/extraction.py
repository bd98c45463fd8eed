"""Hypothetical extraction: what an economy would lose without an industry or a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.classify import Grouping
from servio.errors import InputError, UsageError
from servio.measure._chains import Chain, chains, value_added_rows
from servio.measure._contract import measure
from servio.measure._origin import Flows, balanced
from servio.measure._result import Array, Column, Result, Undefined, members, row_names
from servio.table import IOTable, Origin

__all__ = ["Scope", "extraction_loss", "where_lost"]

Variant = Literal["full", "backward", "forward", "block"]
Of = Literal["output", "value_added"]
Scope = Literal["own", "world", "abroad"]
Mask = npt.NDArray[np.bool_]


@measure(
    title="Loss by hypothetical extraction",
    question="What part of its output would a country lose without an industry or a link?",
    unit="share",
    formula="full L_.S L_SS^-1 x_S; backward (L_.S - E_S) L_SS^-1 x_S; forward the same on Ghosh "
    "rows; block L_.P (I + A_PU L_UP)^-1 A_PU x_U; over the sum of the country of S",
    identity="equal to output solved again with the reduced coefficients; world = own + abroad",
    source="Miller & Lahr (2001); Miller & Blair (2009), section 12.2.6; Dietzenbacher & Lahr "
    "(2013)",
)
def extraction_loss(
    table: IOTable,
    *,
    variant: Variant = "full",
    of: Of = "output",
    scope: Scope = "own",
    grouping: str | Grouping = "services",
    origin: Flows = "balance",
    by: str = "industry",
) -> Result:
    """Share of a country's output or value added that goes with an industry or a group S.

    full: S is gone with what it buys, sells and delivers to final demand; its own output is part
    of the loss. backward: S buys nothing more from industries (its column of A is zero) but goes
    on producing. forward: S sells nothing more to industries (its row of B, in the Ghosh model,
    is zero). block: the suppliers P of `grouping` sell nothing more to S, all other links stay.

    Parameters
    ----------
    table : IOTable
    variant : {'full', 'backward', 'forward', 'block'}
        What is taken out.
    of : {'output', 'value_added'}
        What is lost, and whose sum in the country it is a share of.
    scope : {'own', 'world', 'abroad'}
        Where it is lost: in the country of S, in all countries of a world table, or in all others.
        Each is a share of the same sum, that of the country of S.
    grouping : str or Grouping
        Suppliers P of the variant ``block``, all its groups together; no other variant uses it.
    origin : {'balance', 'total', 'domestic'}
        Flows the model follows: those that balance the table's rows (domestic of a national
        table that sets imports apart, else all); all, as if imports were made at home; domestic.
    by : str
        What is taken out: each ``industry`` by itself, the whole ``economy`` of a country, or the
        groups of a grouping (``manufacturing``, ``sectors`` ...), each as a whole. With
        ``block``, the users S.

    Returns
    -------
    Measure
        Share of the country's sum, one row an industry or group taken out.

    Raises
    ------
    UsageError
        ``of="value_added"`` with ``forward``, whose model holds value added fixed; a group with
        industries that are only partly inside; or ``scope`` with domestic flows, which cross no
        border.
    LabelError
        The table's classification does not know a grouping.
    InputError
        The origin asked for, or value added, is not in the table; or a national table does not
        show what is lost abroad.
    NumericalError
        The industries taken out have no solution of their own.

    Notes
    -----
    Lost inputs are not replaced: with full and forward, users of S get them from outside the
    economy at no cost to it, as imports; with backward and block the final demand and the output
    of the users stay, and what they no longer buy at home is taken to come from outside. Counting
    imported replacements would change the figures by a factor. Final demand of the industries
    that stay (primary inputs in the forward variant) is unchanged.

    Losses are not additive: those of single industries add up to more than that of their group.
    On a world table suppliers abroad lose too: ``scope`` adds or singles them out. The published
    discrepancy of sales counts as final demand.

    Identity: equal to output solved again with the reduced coefficients; the residual is the
    error of those equations. ``world`` is ``own`` plus ``abroad``.

    Source: Miller & Lahr (2001), A taxonomy of extractions; Miller & Blair (2009), Input-Output
    Analysis, 2nd ed., section 12.2.6; Dietzenbacher & Lahr (2013), Economic Systems Research 25.

    Examples
    --------
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> extraction_loss(table).values.round(4).tolist()
    [0.4035, 0.8627]
    >>> extraction_loss(table, variant="block").value(industry="C").__round__(4)
    0.0908
    """
    if of == "value_added" and variant == "forward":
        raise UsageError(
            "extraction_loss of",
            found="of=value_added with variant=forward",
            expected="of=output: the Ghosh model holds value added fixed",
            remedy="Give of=output, or another variant.",
        )
    followed = balanced(table, origin)
    _check_scope(table, scope, followed)
    columns, taken = _taken_out(table, by)
    sold = _suppliers(table, grouping) if variant == "block" else np.zeros(len(table), dtype=bool)
    everyone = np.ones((1, len(table)))
    size = everyone[0] if of == "output" else value_added_rows(table, everyone)[0]
    lost, residual = _lost(table, taken, variant, followed, sold, size, scope)
    country = columns["country"].index
    own = country[:, None] == table.axis.country_index[None, :]
    result = _shares(table, columns, lost, own @ (size * table.x), taken, residual)
    idle = {} if variant == "block" else {"grouping": None}
    return replace(result, computed=idle if table.axis.is_world else {**idle, "scope": None})


def where_lost(own: Mask, scope: Scope) -> Mask:
    """Rows whose loss counts, from those of the country itself."""
    return {"own": own, "world": np.ones_like(own), "abroad": ~own}[scope]


def _check_scope(table: IOTable, scope: Scope, origin: Origin) -> None:
    if scope == "own":
        return
    if not table.axis.is_world:
        raise InputError(
            f"{table.info.name} scope",
            found=f"scope={scope} on a table of one country",
            expected="a world table, which shows what is lost abroad",
            remedy="Use scope=own, or an inter-country table.",
        )
    if origin == "domestic":
        raise UsageError("extraction_loss scope", found=f"scope={scope} with origin=domestic",
                         expected="flows that cross borders",
                         remedy="Use origin=balance, or scope=own.")  # fmt: skip


def _lost(
    table: IOTable,
    taken: Mask,
    variant: Variant,
    origin: Origin,
    sold: Mask,
    size: Array,
    scope: Scope,
) -> tuple[Array, float]:
    """Loss (k,) by each set taken out, `size` per unit of output, and its error."""
    lost, residual = np.zeros(taken.shape[1]), 0.0
    for chain in chains(table, origin):
        inside = taken[chain.at]
        at = np.flatnonzero(inside.any(axis=0))
        if not len(at):
            continue
        sets, x, own = inside[:, at], table.x[chain.at], sold[chain.at]
        losses = _losses(chain, x, sets, variant, own)
        residual = max(residual, _gap(x, chain.leontief.A, losses, sets, variant, own))
        country = table.axis.country_index[chain.at]
        counted = where_lost(country[:, None] == country[sets.argmax(axis=0)], scope)
        lost[at] = (losses * counted * size[chain.at, None]).sum(axis=0)
    return lost, residual


def _losses(chain: Chain, x: Array, sets: Mask, variant: Variant, sold: Mask) -> Array:
    """Loss of each industry of a chain (n,) for each set, (n, k)."""
    leontief = chain.leontief
    each = [np.flatnonzero(column) for column in sets.T]
    single = all(len(one) == 1 for one in each)
    if variant == "block":
        at = np.flatnonzero(sold)
        if single:
            return algebra.block_extraction_losses(leontief, x, at)[:, np.concatenate(each)]
        found = [algebra.block_extraction_loss(leontief, x, at, one) for one in each]
    elif single:
        return algebra.extraction_losses(leontief, x, variant)[:, np.concatenate(each)]
    else:
        found = [algebra.set_extraction_loss(leontief, x, one, variant) for one in each]
    return np.array(found).T


def _gap(x: Array, A: Array, losses: Array, sets: Mask, variant: Variant, sold: Mask) -> float:
    """Error of the reduced model's equations for the losses, relative to the largest output."""
    output = x[:, None]
    kept = np.where(sets, output - losses, 0.0)
    if variant == "block":
        error = losses - A @ losses - np.where(sold[:, None], A @ kept, 0.0)
    elif variant == "forward":
        share = np.divide(losses + kept, output, out=np.zeros_like(losses), where=output != 0)
        error = losses - (A * x).T @ share
    elif variant == "backward":
        error = losses - A @ (losses + kept)
    else:
        error = np.where(sets, kept, losses - A @ losses)
    scale = float(np.abs(x).max(initial=0.0))
    return float(np.abs(error).max(initial=0.0)) / scale if scale > 0 else 0.0


def _taken_out(table: IOTable, by: str) -> tuple[Mapping[str, Column], Mask]:
    """Label columns of the sets to take out and their members (n, k), within each country."""
    columns, collect = members(table, by)
    _refuse_parts(by, collect)
    return columns, collect == 1.0


def _suppliers(table: IOTable, grouping: str | Grouping) -> Mask:
    _, W = table.weights(grouping)
    _refuse_parts(str(getattr(grouping, "name", grouping)), W)
    inside: Mask = W.max(axis=0) == 1.0
    return inside


def _refuse_parts(name: str, W: Array) -> None:
    if not np.isin(W, (0.0, 1.0)).all():
        raise UsageError(
            f"extraction_loss {name}",
            found="industries that are only partly inside a group",
            expected="groups of whole industries",
            remedy="Use a grouping such as services or sectors.",
        )


def _shares(
    table: IOTable,
    columns: Mapping[str, Column],
    lost: Array,
    whole: Array,
    taken: Mask,
    residual: float,
) -> Result:
    gone = ~(taken & table.live[:, None]).any(axis=0) | (whole == 0)
    values = np.divide(lost, whole, out=np.full(len(lost), np.nan), where=~gone)
    names = row_names(columns)
    listed = tuple(Undefined(names[row], "zero output") for row in np.flatnonzero(gone))
    return Result(columns, values, listed, residual)
