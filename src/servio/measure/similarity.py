"""Whether industries buy, or sell, alike."""

from __future__ import annotations

from typing import Literal

import numpy as np

from servio import algebra
from servio.classify import Grouping
from servio.measure._contract import measure
from servio.measure._result import (
    Array,
    Column,
    Result,
    Undefined,
    members,
    ratio,
    row_names,
)
from servio.table import IOTable, Origin

__all__ = ["structural_similarity"]


@measure(
    title="Structural similarity with services",
    question="How alike are the inputs, or the users, of an industry and of a service group?",
    unit="ratio",
    high=1.0,
    formula="cosine a'b / (|a| |b|); overlap 1 - sum_i |a_i / sum a - b_i / sum b| / 2",
    identity="an industry alone in a group has similarity 1 with it",
    source="Cosine and half L1 distance of coefficient columns; methods B2",
    needs=("services",),
)
def structural_similarity(
    table: IOTable,
    *,
    side: Literal["inputs", "outputs"] = "inputs",
    kind: Literal["cosine", "overlap"] = "cosine",
    grouping: str | Grouping = "services",
    origin: Origin = "total",
    by: str = "industry",
) -> Result:
    """Similarity of an industry's structure to that of service groups of its own country.

    With a the industry's and b the group's structure: cosine ``a'b / (|a| |b|)``; overlap
    ``1 - sum_i |a_i / sum a - b_i / sum b| / 2``, the part of the two baskets that is the same.
    The structure is what is bought, product by product (inputs, columns of A), or to which
    industries output is sold (outputs, rows of B); a group is the sum of its industries' flows.

    Parameters
    ----------
    table : IOTable
    side : {'inputs', 'outputs'}
        Recipes, or intermediate sales; final demand is not in either.
    kind : {'cosine', 'overlap'}
        Cosine is ruled by the largest inputs, overlap counts each by its share.
    grouping : str or Grouping
        Grouping whose groups are compared with.
    origin : {'total', 'domestic', 'imported'}
        Flows that count.
    by : str
        ``industry``, ``economy`` or a grouping of the compared industries, such as
        ``manufacturing``.

    Returns
    -------
    Measure
        From 0 (nothing in common) to 1 (same shares), one row an industry and group; cosines
        below 0 only where flows are negative.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Convergence in this sense is a rise over time. An industry that is itself in the group is
    compared with a group that contains it. On a world table products count by what they are, not
    by the country they come from or go to. Finer tables show less similarity: compare within one
    classification.

    Identity: an industry that makes up a whole group has similarity 1 with it. Undefined where
    either side buys, or sells, nothing.

    Source: cosine and half L1 distance are standard; Krugman (1991), Geography and Trade, uses
    the L1 distance as an index of specialisation.

    Examples
    --------
    >>> services = Grouping.custom("services", {"services": ("G",)})
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups={"services": services})
    >>> structural_similarity(table).values.round(4).tolist()
    [0.7452, 1.0]
    >>> structural_similarity(table, kind="overlap").values.round(4).tolist()
    [0.5952, 1.0]
    """
    groups, K = table.weights(grouping)
    flows = table.flows(origin) if side == "inputs" else table.flows(origin).T
    baskets = _by_product(table) @ flows
    whole = ratio(table, table.x, table.x, by=by)
    _, collect = members(table, by)
    compared = baskets @ collect
    kernel = algebra.cosine_similarity if kind == "cosine" else algebra.half_l1_similarity
    country = whole.columns["country"].index
    values = np.empty((len(country), len(groups)))
    for place in range(len(table.axis.country_names)):
        own, rows = table.axis.country_index == place, country == place
        values[rows] = kernel(compared[:, rows], baskets[:, own] @ K[:, own].T)
    values[np.isnan(whole.values)] = np.nan
    return _labelled(whole, groups, np.minimum(values, 1.0), side)


def _by_product(table: IOTable) -> Array:
    """Sum of the same products of all countries, (codes, n)."""
    same = np.array(table.axis.code_names)[:, None] == np.array(table.axis.codes)
    summed: Array = same.astype(np.float64)
    return summed


def _labelled(whole: Result, groups: tuple[str, ...], values: Array, side: str) -> Result:
    k, g = values.shape
    columns = {n: Column(c.names, np.repeat(c.index, g)) for n, c in whole.columns.items()}
    columns["group"] = Column(groups, np.tile(np.arange(g), k))
    names = row_names(whole.columns)
    dead = np.isnan(whole.values)
    missing = np.argwhere(np.isnan(values) & ~dead[:, None])
    nothing = f"it or the group {'buys' if side == 'inputs' else 'sells'} nothing"
    gone = [*whole.undefined]
    gone += [Undefined(f"{names[row]} {groups[col]}", nothing) for row, col in missing]
    return Result(columns, values.ravel(), tuple(gone))
