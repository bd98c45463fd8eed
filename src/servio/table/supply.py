"""What each industry makes: a supply (make) table, product by industry."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from servio import classify
from servio.errors import InputError, LabelError, ValueFault
from servio.table.axis import Axis
from servio.table.info import TableInfo

__all__ = ["Side", "SupplyTable"]

Array = npt.NDArray[np.float64]
Side = Literal["products", "industries"]
ALONE = {"products": "product", "industries": "industry"}


@dataclass(frozen=True, eq=False)
class SupplyTable:
    """Domestic output by product and industry of one country and year; immutable.

    Parameters
    ----------
    V : array (p, n)
        Output of product p by industry n, in ``info.money``.
    products, industries : Axis
        Labels of rows and columns.
    info : TableInfo
        Source, year, units; ``classification`` only where both sides bear its codes.
    output : array (n,), optional
        Output of each industry as published, to compare the columns' sums with.
    product_groups, industry_groups : mapping of str to Grouping
        Groupings of the table's own labels, one of each name on either side.

    Raises
    ------
    InputError
        The shapes do not fit the labels.
    ValueFault
        A cell is not a finite number.

    Notes
    -----
    Identity: ``x_j = sum_p V_pj``; the gap to the published output is the data's own.

    Source: United Nations (2018), Handbook on Supply and Use Tables and Input-Output Tables with
    Extensions and Applications, ch. 2 (not re-read).

    Examples
    --------
    >>> import numpy as np
    >>> from servio.table import Axis, TableInfo
    >>> table = SupplyTable(np.array([[90.0, 0.0], [10.0, 50.0]]), Axis.national("AAA", ("C", "G")),
    ...                     Axis.national("AAA", ("C", "G")), TableInfo("arrays"))
    >>> table.x.tolist()
    [100.0, 50.0]
    """

    V: Array
    products: Axis
    industries: Axis
    info: TableInfo
    output: Array | None = None
    product_groups: Mapping[str, classify.Grouping] = field(default_factory=dict)
    industry_groups: Mapping[str, classify.Grouping] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (len(self.products), len(self.industries))
        object.__setattr__(self, "V", self._checked("V", self.V, shape))
        if self.output is not None:
            output = self._checked("output", self.output, shape[1:])
            object.__setattr__(self, "output", output)
        for name in ("product_groups", "industry_groups"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def _checked(self, name: str, value: npt.ArrayLike, shape: tuple[int, ...]) -> Array:
        array = np.array(value, dtype=np.float64)
        if array.shape != shape:
            raise InputError(
                f"{self.info.name} {name}",
                found=f"shape {array.shape}",
                expected=f"shape {shape}",
                remedy="Give products as rows and industries as columns, one label each.",
            )
        if not np.isfinite(array).all():
            at = np.argwhere(~np.isfinite(array))[0]
            names = (self.industries,) if array.ndim == 1 else (self.products, self.industries)
            cell = ", ".join(axis.labels[i] for axis, i in zip(names, at, strict=True))
            raise ValueFault(
                f"{self.info.name} {name} {cell}",
                found=str(array[tuple(at)]),
                expected="a finite number",
                remedy="Correct the cell or leave the table out.",
            )
        array.setflags(write=False)
        return array

    @property
    def x(self) -> Array:
        """Output of each industry, the sum of what it makes, shape (n,)."""
        made: Array = self.V.sum(axis=0)
        return made

    @property
    def data_residual(self) -> float:
        """Largest gap to the published output, relative to the largest; NaN where none is there."""
        if self.output is None:
            return float("nan")
        scale = float(np.abs(self.output).max(initial=0.0)) or 1.0
        return float(np.abs(self.x - self.output).max(initial=0.0)) / scale

    def weights(
        self, side: Side, grouping: str | classify.Grouping
    ) -> tuple[tuple[str, ...], Array]:
        """Names of the g groups and the share of each product (or industry) in them, (g, p or n).

        ``product`` or ``industry`` as the grouping makes each its own group.
        """
        axis = self.products if side == "products" else self.industries
        if grouping == ALONE[side]:
            return axis.codes, np.eye(len(axis))
        if isinstance(grouping, classify.Grouping):
            found = grouping
        else:
            own = self.product_groups if side == "products" else self.industry_groups
            if grouping not in own and self.info.classification is None:
                raise LabelError(
                    f"{self.info.name} {side}, grouping",
                    found=repr(grouping),
                    expected=f"one of {', '.join(own) or 'no grouping: none is given'}",
                    remedy="Give the table a grouping of this name, or a classification.",
                )
            found = own[grouping] if grouping in own else classify.grouping(grouping)
        rows = found.weights(self.info.classification, axis.codes, allow_empty=True)
        return found.groups, rows

    @property
    def fingerprint(self) -> str:
        """Hash of numbers, labels and units: equal tables have equal fingerprints."""
        info = self.info
        text = (self.products.labels, self.industries.labels, info.year, info.currency, info.unit,
                info.classification)  # fmt: skip
        return hashlib.sha256(self.V.tobytes() + repr(text).encode()).hexdigest()

    def __repr__(self) -> str:
        size = f"{len(self.products)} products x {len(self.industries)} industries"
        mark = " SYNTHETIC" if self.info.synthetic else ""
        return f"<SupplyTable {self.info.name}: {size}, {self.info.money}{mark}>"
