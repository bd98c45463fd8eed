"""A world table as blocks of countries: what every decomposition of trade is made of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from servio.algebra._check import Array, Positions, matrix, positions, vector
from servio.algebra.inputs import Coefficients
from servio.algebra.leontief import Leontief
from servio.algebra.trade._krylov import solve_blocks
from servio.errors import InputError

__all__ = ["TradeSystem"]


class TradeSystem:
    r"""Countries that trade: factorised I - A, output and final demand by destination.

    Everything is a product with a factor that is constant inside a country, so the cost is that
    of solves with G right-hand sides and of passes over A; the inverse is never formed.

    Parameters
    ----------
    leontief : Leontief
        Of all n industries of all countries. Its inverse L is the B of the trade literature.
    x : (n,) array
        Gross output (currency), rows in the order of `leontief`.
    Y : (n, G) array
        Final demand by country of destination (currency), rows in the order of `leontief`.
    order : (n,) integer array
        Positions country by country; every result has its rows in this order.
    starts : (G + 1,) integer array
        Where each country's rows begin in that order.
    industry : (n,) integer array, optional
        Industry of each row, in that order: rows of one country with the same number are one
        industry, as are those of a bloc's members. Every row is its own by default.
    besides : mapping of str to (n,) array, optional
        What each row pays besides inputs and value added, such as taxes (currency), rows in the
        order of `leontief`.

    Raises
    ------
    InputError
        Sizes do not agree.

    Notes
    -----
    Value added is what an industry pays neither for inputs nor `besides`, ``v = 1 - 1'A - t``.
    The contents of value added and of `besides`, domestic and foreign, add up to exports.
    """

    def __init__(
        self,
        leontief: Leontief,
        x: ArrayLike,
        Y: ArrayLike,
        order: ArrayLike,
        starts: ArrayLike,
        *,
        industry: ArrayLike | None = None,
        besides: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        n = leontief.size
        self._leontief = leontief
        self.order = positions("order", order, n)
        self.starts: Positions = np.asarray(starts, dtype=np.intp)
        if len(self.order) != n or self.starts[0] != 0 or self.starts[-1] != n:
            raise InputError(
                "starts",
                found=f"blocks of {self.starts[-1]} rows, an order of {len(self.order)}",
                expected=f"blocks that hold the {n} industries",
                remedy="Pass the shape of the same table.",
            )
        self._sorted = bool((self.order == np.arange(n)).all())
        self.x: Array = vector("x", x, n)[self.order]
        self.Y: Array = matrix("Y", Y, n, len(self.starts) - 1)[self.order]
        self.live = leontief.live[self.order]
        self.industry: Positions = np.arange(n) if industry is None else np.asarray(industry)
        self.besides = {k: self._rate(k, paid) for k, paid in (besides or {}).items()}

    def _rate(self, name: str, paid: ArrayLike) -> Array:
        flows, rate = vector(name, paid, self.size)[self.order], np.zeros(self.size)
        np.divide(flows, self.x, out=rate, where=self.live)
        return rate

    # -- layout -------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Number of rows n."""
        return len(self.x)

    @property
    def countries(self) -> int:
        """Number of countries G."""
        return len(self.starts) - 1

    @cached_property
    def blocks(self) -> list[slice]:
        """Rows of each country."""
        return [slice(a, b) for a, b in zip(self.starts[:-1], self.starts[1:], strict=True)]

    @cached_property
    def country(self) -> Positions:
        """(n,) country of each row."""
        return np.repeat(np.arange(self.countries), np.diff(self.starts))

    @cached_property
    def A(self) -> Coefficients:  # noqa: N802, the field's symbol
        """(n, n) input coefficients in the order of countries."""
        A = self._leontief.inputs
        return A if self._sorted else A[self.order, self.order]

    @cached_property
    def v(self) -> Array:
        """(n,) value added per unit of output; 0 without output."""
        return np.where(self.live, 1.0 - self.A.sums, 0.0) - sum(self.besides.values(), 0.0)

    # -- pieces of vectors and matrices ---------------------------------------------------------

    def spread(self, values: Array) -> Array:
        """(n, G): each country's part of a vector (n,) in its own column, zero elsewhere."""
        columns = np.zeros((self.size, self.countries))
        columns[np.arange(self.size), self.country] = values
        return columns

    def own(self, values: Array) -> Array:
        """(n,): of a matrix (n, G) what belongs to each row's own country."""
        found: Array = values[np.arange(self.size), self.country]
        return found

    def abroad(self, values: Array) -> Array:
        """(n, G): a matrix with zeros where the column is the row's own country."""
        found = values.copy()
        found[np.arange(self.size), self.country] = 0.0
        return found

    # -- products -------------------------------------------------------------------------------

    def solve(self, right: Array) -> Array:
        """L times (n, k)."""
        if self._sorted:
            return self._leontief.solve(right)
        return self._leontief.solve(self._unsorted(right))[self.order]

    def solve_transposed(self, right: Array) -> Array:
        """L' times (n, k)."""
        if self._sorted:
            return self._leontief.solve_transposed(right)
        return self._leontief.solve_transposed(self._unsorted(right))[self.order]

    def columns(self, block: slice) -> Array:
        """(n, k) columns of L of one country."""
        found = self._leontief.columns(self.order[block])
        return found if self._sorted else found[self.order]

    def diagonal_blocks(self) -> list[Array]:
        """Blocks (k, k) of L inside each country."""
        return self._leontief.diagonal_blocks([self.order[block] for block in self.blocks])

    def _unsorted(self, right: Array) -> Array:
        back = np.empty_like(right)
        back[self.order] = right
        return back

    def sold(self, values: Array) -> Array:
        """(n, G): ``A_sr u_r`` for a vector u (n,), what each destination r buys of each row."""
        found = np.empty((self.size, self.countries))
        for r, block in enumerate(self.blocks):
            found[:, r] = self.A[:, block] @ values[block]
        return found

    def sold_by_seller(self, values: Array) -> Array:
        """(n, G, k): ``A_sr u_r^s`` for vectors u (n, G, k) that differ by seller s."""
        n, G, k = values.shape
        found = np.empty((n, G, k))
        for r, buyers in enumerate(self.blocks):
            inputs = np.ascontiguousarray(self.A[:, buyers].matrix)
            for s, sellers in enumerate(self.blocks):
                found[sellers, r] = inputs[sellers] @ values[buyers, s]
        return found

    def locally(self, values: Array) -> Array:
        """(n, k): ``L_ss u_s`` with each country's own inverse ``(I - A_ss)^-1``."""
        found = np.empty_like(values)
        for block, inverse in zip(self.blocks, self.local_inverses, strict=True):
            found[block] = inverse @ values[block]
        return found

    def locally_transposed(self, values: Array) -> Array:
        """(n, k): ``L_ss' u_s``."""
        found = np.empty_like(values)
        for block, inverse in zip(self.blocks, self.local_inverses, strict=True):
            found[block] = inverse.T @ values[block]
        return found

    @cached_property
    def local_inverses(self) -> list[Array]:
        """``(I - A_ss)^-1`` of each country."""
        systems = (np.eye(b.stop - b.start) - self.A[b, b].matrix for b in self.blocks)
        return [np.asarray(np.linalg.inv(system), dtype=np.float64) for system in systems]

    # -- flows ----------------------------------------------------------------------------------

    @cached_property
    def final_exports(self) -> Array:
        """(n, G) final products sold to each other country; zero at home."""
        return self.abroad(self.Y)

    @cached_property
    def intermediate_exports(self) -> Array:
        """(n, G) inputs sold to producers of each other country, ``A_sr x_r``."""
        return self.abroad(self.sold(self.x))

    @cached_property
    def exports(self) -> Array:
        """(n, G) gross exports to each other country, zero at home and without output."""
        flows = self.final_exports + self.intermediate_exports
        return np.where(self.live[:, None], flows, 0.0)

    @cached_property
    def gap(self) -> Array:
        """(n,) output that the table sells to nobody: ``x - A x - Y 1``."""
        left: Array = self.x - self.A @ self.x - self.Y.sum(axis=1)
        return left

    @cached_property
    def absorbed(self) -> Array:
        """(n, G) output that each country's final demand needs, ``L Y``."""
        return self.solve(self.Y)

    @cached_property
    def content(self) -> Array:
        """(n, G) value added of each country in a unit of final output of a row, ``V_c L``."""
        return self.solve_transposed(self.spread(self.v))

    @cached_property
    def content_besides(self) -> dict[str, Array]:
        """(n,) what all countries pay `besides` for a unit of final output of a row, ``t L``."""
        if not self.besides:
            return {}
        found = self.solve_transposed(np.column_stack(list(self.besides.values())))
        return dict(zip(self.besides, found.T, strict=True))

    def paid_besides(self, flows: Array) -> dict[str, Array]:
        """(n, G) or (n,): what is neither value added of anybody nor inputs in these flows."""
        rates = self.content_besides.items()
        return {name: (rate * flows.T).T for name, rate in rates}

    # -- value per unit of exports ----------------------------------------------------------------

    @cached_property
    def home(self) -> Array:
        """(n,) ``v_s L_ss``: domestic value added that never left before, per unit."""
        return self.locally_transposed(self.v[:, None])[:, 0]

    @cached_property
    def domestic(self) -> Array:
        """(n,) ``v_s L_ss`` of the global inverse: domestic content per unit."""
        return self.own(self.content)

    @cached_property
    def foreign(self) -> Array:
        """(n,) ``sum_{t != s} v_t L_ts``: foreign content per unit."""
        found: Array = self.abroad(self.content).sum(axis=1)
        return found

    @cached_property
    def foreign_once(self) -> Array:
        """(n,) foreign content per unit that did not pass through the country's exports before.

        ``sum_{t != s} v_t L_ts (I + K_s)^-1`` with ``K_s = sum_{r != s} A_sr L_rs``, the same as
        with the global inverse of a world in which s exports no inputs.
        """
        return solve_blocks(self._returning_transposed, self.foreign, self.starts)

    def exported_once(self, values: Array) -> Array:
        """(n,) ``(I + K_s)^-1 u_s``: exports without those that serve the country's own later."""
        return solve_blocks(self._returning, values, self.starts)

    def _returning(self, values: Array) -> Array:
        abroad = self.abroad(self.solve(self.spread(values)))
        return np.concatenate([self.A[b, :] @ abroad[:, s] for s, b in enumerate(self.blocks)])

    def _returning_transposed(self, values: Array) -> Array:
        used = np.empty((self.size, self.countries), order="F")
        for s, block in enumerate(self.blocks):
            used[:, s] = values[block] @ self.A[block, :]
            used[block, s] = 0.0
        return self.own(self.solve_transposed(used))
