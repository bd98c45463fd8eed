"""Along which links a chain runs, how long it is and which link matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from servio import algebra
from servio.errors import LabelError
from servio.measure._chains import chains, living, relative_gap
from servio.measure._contract import measure
from servio.measure._factor import factor, is_money
from servio.measure._origin import Flows, balanced
from servio.measure._result import Result
from servio.measure._spread import parts, shares
from servio.table import IOTable

if TYPE_CHECKING:
    import pandas

__all__ = [
    "Path",
    "StructuralPaths",
    "average_propagation_length",
    "field_of_influence",
    "structural_paths",
]


@measure(
    title="Average propagation length",
    question="Over how many links do services reach the production of an industry?",
    unit="links",
    formula="[S L (L - I)]_j / [S (L - I)]_j",
    identity="amounts h = S (L - I) solve h (I - A) = S A; lengths g solve g (I - A) = h",
    source="Dietzenbacher, Romero & Bosma (2005); methods D5",
    needs=("services",),
)
def average_propagation_length(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Flows = "balance",
    by: str = "industry",
) -> Result:
    """Links between the services of a group and the industry in whose chain they are used.

    ``[S L (L - I)]_j / [S (L - I)]_j``: the mean of k over ``S A^k``, weighted with the amounts
    that arrive in round k. 1 where all are bought directly; long where services come embodied in
    inputs of inputs.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Groups S of supplying industries; any grouping.
    origin : {'balance', 'total', 'domestic'}
        Flows the chain follows: those that balance the table's rows; all; domestic.
    by : str
        ``industry``, ``economy`` or a grouping of users; weighted with the complete inputs of
        their output.

    Returns
    -------
    Measure
        Links, at least 1 where no flow is negative; one row an industry and group.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: the residual is the error of both systems solved. It says how far, not how much; the
    amounts are `service_input_coefficient` with ``total=True``. Rounds through one industry again
    count as links. The full matrix is `servio.algebra.average_propagation_length`. No published
    example with numbers is known to us; a chain of two industries gives 1.

    Source: Dietzenbacher, Romero & Bosma (2005), Estudios de Economía Aplicada 23 (not re-read).

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> average_propagation_length(table).values.round(4).tolist()
    [1.3762, 1.8357]
    """
    groups, S = table.weights(grouping)
    rounds, amounts = np.zeros(S.shape), np.zeros(S.shape)
    gap = 0.0
    for chain in chains(table, balanced(table, origin)):
        own = np.ascontiguousarray(S[:, chain.at])
        g, h = algebra.propagation_length(chain.leontief, own)
        A = chain.leontief.A
        gap = max(gap, relative_gap(h - h @ A, own @ A), relative_gap(g - g @ A, h))
        rounds[:, chain.at], amounts[:, chain.at] = g, h
    return shares(
        table,
        living(table, rounds * table.x),
        living(table, amounts * table.x),
        groups,
        by=by,
        reason="nothing of this group in the chain",
        residual=gap,
    )


@measure(
    title="Field of influence",
    question="Which links between services and industries change the whole table most?",
    unit="ratio",
    low=0.0,
    formula="mean_{i in S} |l_.i| |l_j.| over its mean over all pairs",
    identity="1 on average over all pairs of industries",
    source="Sonis & Hewings (1992); methods D5",
    needs=("services",),
)
def field_of_influence(
    table: IOTable,
    *,
    grouping: str = "services",
    origin: Flows = "balance",
) -> Result:
    """Weight of a link from services to an industry in the structure of the economy.

    A small change of ``a_ij`` changes the Leontief inverse by the field ``F(i, j) = l_.i l_j.``
    per unit. Shown is the mean of its (Frobenius) size over the services i of a group, relative to
    that of all pairs of industries: above 1 the link is more influential than the average.

    Parameters
    ----------
    table : IOTable
    grouping : str
        Groups S of supplying industries; any grouping.
    origin : {'balance', 'total', 'domestic'}
        Flows of the model: those that balance the table's rows; all; domestic.

    Returns
    -------
    Measure
        Ratio, one row a using industry and group.

    Raises
    ------
    LabelError
        The table's classification does not know the grouping.
    InputError
        The origin asked for is not in the table.

    Notes
    -----
    Identity: 1 on average over all pairs with output; the residual is the error of L. It takes
    every coefficient to change by the same amount, however small it is itself; the change of one
    coefficient in full is `servio.algebra.field_of_influence`. With domestic flows of a world
    table each country is an economy of its own. No published example with numbers is known to us.

    Source: Sonis & Hewings (1992), Economic Systems Research 4 (not re-read).

    Examples
    --------
    >>> from servio.classify import Grouping
    >>> groups = {"services": Grouping.custom("services", {"services": ("G",)})}
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"),
    ...                            groups=groups)
    >>> field_of_influence(table).values.round(4).tolist()
    [1.0104, 0.8982]
    """
    groups, S = table.weights(grouping)
    found = np.full(S.shape, np.nan)
    gap = 0.0
    for chain in chains(table, balanced(table, origin)):
        live = table.live[chain.at]
        if not live.any():
            continue
        leontief = chain.leontief
        suppliers, users = algebra.influence_norms(leontief)
        inside = S[:, chain.at] * live
        count = inside.sum(axis=1, keepdims=True)
        mean = np.divide(inside @ suppliers[:, None], count, out=np.full(count.shape, np.nan),
                         where=count > 0)  # fmt: skip
        ratio = users / (suppliers[live].mean() * users[live].mean())
        found[:, chain.at] = np.where(live, mean * ratio, np.nan)
        ones = np.ones(len(live))
        gap = max(gap, relative_gap((ones - ones @ leontief.A) @ leontief.inverse, ones))
    return parts(table, found, groups, kind="group",
                 reason="zero output, or no service of this group", residual=gap)  # fmt: skip


@dataclass(frozen=True)
class Path:
    """One supply path, from the final product upstream to the industry that earns.

    Parameters
    ----------
    labels : tuple of str
        Industries; the last one earns.
    value : float
        What it adds per unit of the final product.
    """

    labels: tuple[str, ...]
    value: float

    @property
    def stage(self) -> int:
        """Links between the final product and the industry that earns."""
        return len(self.labels) - 1

    @property
    def text(self) -> str:
        """The path in the direction goods flow."""
        return " > ".join(reversed(self.labels))


@dataclass(frozen=True)
class StructuralPaths:
    """The strongest paths of one product's chain; what they leave out is known exactly.

    Parameters
    ----------
    product : str
        Label of the final product.
    of, unit : str
        What is followed, and its unit per unit of the product.
    paths : tuple of Path
        Strongest first.
    total : float
        All paths together.
    residual : float
        All paths not listed together.
    largest_missing : float
        None of them is stronger than this.
    source : str
        Name of the table.
    """

    product: str
    of: str
    unit: str
    paths: tuple[Path, ...]
    total: float
    residual: float
    largest_missing: float
    source: str

    def to_frame(self) -> pandas.DataFrame:
        """One row a path and a last one for all others, which add up to the total."""
        import pandas

        rows = [(p.text, p.labels[-1], float(p.stage), p.value) for p in self.paths]
        rows.append(("all other paths", "", np.nan, self.residual))
        frame = pandas.DataFrame(rows, columns=["path", "industry", "stage", "value"])
        frame["share"] = frame["value"] / self.total if self.total else np.nan
        return frame


def structural_paths(
    table: IOTable,
    product: str,
    *,
    of: str = "value_added",
    origin: Flows = "balance",
    count: int = 20,
    least: float = 0.0,
) -> StructuralPaths:
    """The supply paths that carry most value (or employment, emissions) into a final product.

    The path j, k, ..., i adds ``v_i a_i. ... a_kj``; all paths together are ``v'L e_j``.

    Parameters
    ----------
    table : IOTable
    product : str
        Label of an industry, such as ``KOR_C26``.
    of : str
        ``value_added``, a primary input or a satellite of the table.
    origin : {'balance', 'total', 'domestic'}
        Flows the paths follow.
    count : int
        Paths to list, at most.
    least : float
        Share of the total below which paths are not listed.

    Returns
    -------
    StructuralPaths
        Labels and values per unit of the product, the sum of all paths that are not listed and
        the largest that any of them can be. Not a measure: paths differ from product to product.

    Raises
    ------
    LabelError
        No such product, an industry without output, or nothing of the name `of`.
    InputError
        The origin asked for is not in the table.
    NumericalError
        A circle of industries uses up its own output.

    Notes
    -----
    Identity: paths and residual add up to ``v'L e_j``. The order is exact: an exhaustive search
    finds the same paths. Values do not count anything twice, each path being a term of the series.

    Source: Defourny & Thorbecke (1984), Economic Journal 94 (not re-read).

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("C", "G"))
    >>> found = structural_paths(table, "C", count=2)
    >>> [(path.text, round(path.value, 4)) for path in found.paths]
    [('C', 0.65), ('G > C', 0.14)]
    >>> round(found.residual, 4), round(found.largest_missing, 4)
    (0.21, 0.0975)
    """
    labels = table.axis.labels
    if product not in labels or not table.live[labels.index(product)]:
        raise LabelError(
            f"{table.info.name} product {product!r}",
            found="no output" if product in labels else "no such label",
            expected=f"an industry with output, such as {', '.join(labels[:3])}",
            remedy="Give the label as the table writes it.",
        )
    amounts = factor(table, of)
    per_unit = np.divide(amounts, table.x, out=np.zeros(len(table)), where=table.live)
    start = labels.index(product)
    chain = next(c for c in chains(table, balanced(table, origin)) if start in c.at)
    found = algebra.structural_paths(
        chain.leontief, per_unit[chain.at], (chain.at == start) * 1.0, count, least
    )
    paths = tuple(
        Path(tuple(labels[chain.at[i]] for i in nodes), float(value))
        for nodes, value in zip(found.nodes, found.values, strict=True)
    )
    return StructuralPaths(
        product, of, _unit(table, of), paths, found.total, found.residual, found.largest_missing,
        table.info.name,
    )  # fmt: skip


def _unit(table: IOTable, of: str) -> str:
    money = table.info.money or "currency"
    return (
        f"{money} per {money}"
        if is_money(table, of)
        else f"{table.satellites[of].unit} per {money}"
    )
