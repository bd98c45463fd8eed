"""The formulas of the trade literature by loops over countries: slow, and nothing shared.

Each bilateral element is computed from full inverses, those of worlds with an export set to zero
included. ``s`` exports, ``r`` imports, ``t`` and ``u`` are third countries.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Parts = dict[str, Array]


class World:
    """A, v, E, Y and blocks, with the names of the papers."""

    def __init__(
        self,
        A: Array,
        x: Array,
        Y: Array,
        blocks: list[slice],
        taxes: float = 0.0,
        industry: NDArray[np.intp] | None = None,
    ) -> None:
        self.A, self.x, self.Y, self.blocks = A, x, Y, blocks
        self.G, self.n = len(blocks), len(x)
        self.t = np.where(x > 0, taxes * (1 + np.arange(len(x)) % 3), 0.0)  # per unit of output
        self.v = np.where(x > 0, 1 - A.sum(axis=0) - self.t, 0.0)
        self.d = x - A @ x - Y.sum(axis=1)  # sold to nobody
        self.industry = np.arange(len(x)) if industry is None else industry
        self.B = np.linalg.inv(np.eye(self.n) - A)
        self.L = [np.linalg.inv(np.eye(b.stop - b.start) - A[b, b]) for b in blocks]

    def a(self, s: int, r: int) -> Array:
        return self.A[self.blocks[s], self.blocks[r]]

    def b(self, s: int, r: int) -> Array:
        return self.B[self.blocks[s], self.blocks[r]]

    def y(self, s: int, r: int) -> Array:
        return self.Y[self.blocks[s], r]

    def vs(self, s: int) -> Array:
        return self.v[self.blocks[s]]

    def xs(self, s: int) -> Array:
        return self.x[self.blocks[s]]

    def others(self, *without: int) -> list[int]:
        return [t for t in range(self.G) if t not in without]

    def e(self, s: int, r: int) -> Array:
        return self.a(s, r) @ self.xs(r) + self.y(s, r)

    def exports(self, s: int) -> Array:
        return sum((self.e(s, r) for r in self.others(s)), np.zeros(len(self.xs(s))))

    def without(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
        """Inverse of a world in which these rows sell no inputs to these columns."""
        A = self.A.copy()
        A[np.ix_(rows, columns)] = 0.0
        return np.linalg.inv(np.eye(self.n) - A)

    def at(self, s: int) -> NDArray[np.intp]:
        return np.arange(self.n)[self.blocks[s]]

    def abroad(self, s: int) -> NDArray[np.intp]:
        return np.setdiff1d(np.arange(self.n), self.at(s))

    def pairs(self) -> list[tuple[int, int]]:
        return [(s, r) for s in range(self.G) for r in self.others(s)]

    def empty(self) -> Array:
        return np.zeros((self.n, self.G))


def borin_mancini(w: World, sink: bool, perimeter: str) -> Parts:
    parts = {k: w.empty() for k in ("EXGR", "DC", "DVA", "DDC", "FC", "FVA", "FDC", "TAXES")}
    for s, r in w.pairs():
        E, block = w.e(s, r), w.blocks[s]
        domestic = w.vs(s) @ w.b(s, s)
        foreign = sum(w.vs(t) @ w.b(t, s) for t in w.others(s))
        if perimeter == "world":
            DVA, FVA = _world(w, s, r, sink, domestic, foreign)
            if sink:
                parts.setdefault("DISCREPANCY", w.empty())[block, r] = domestic * (
                    w.a(s, r) @ w.L[r] @ w.d[w.blocks[r]]
                )
        elif sink:
            again = _again(w, s, r, perimeter)
            DVA, FVA = domestic * (E - again), foreign * (E - again)
        else:
            DVA, FVA = _first(w, s, r, perimeter)
        for name, value in {
            "EXGR": E, "DC": domestic * E, "DVA": DVA, "DDC": domestic * E - DVA,
            "FC": foreign * E, "FVA": FVA, "FDC": foreign * E - FVA,
            "TAXES": w.t @ w.B[:, block] * E,
        }.items():  # fmt: skip
            parts[name][block, r] = value
    return parts


def _world(
    w: World, s: int, r: int, sink: bool, domestic: Array, foreign: Array
) -> tuple[Array, Array]:
    if not sink:
        return w.vs(s) @ w.L[s] * w.e(s, r), np.zeros(len(w.xs(s)))
    last = w.e(s, r) - w.a(s, r) @ w.L[r] @ w.exports(r)
    return domestic * last, foreign * last


def _inverse(w: World, s: int, r: int, perimeter: str, i: int) -> Array:
    own = w.industry[w.at(s)] == w.industry[w.at(s)[i]]
    row = w.at(s)[own] if perimeter.startswith("sector") else w.at(s)
    columns = w.at(r) if perimeter.endswith("bilateral") else w.abroad(s)
    return w.without(row, columns)


def _first(w: World, s: int, r: int, perimeter: str) -> tuple[Array, Array]:
    """Value added in exports of the perimeter that was never in them before."""
    E, k = w.e(s, r), len(w.xs(s))
    DVA, FVA = np.zeros(k), np.zeros(k)
    for i in range(k):
        column = w.v * _inverse(w, s, r, perimeter, i)[:, w.at(s)[i]]
        DVA[i] = column[w.at(s)].sum() * E[i]
        FVA[i] = column[w.abroad(s)].sum() * E[i]
    return DVA, FVA


def _again(w: World, s: int, r: int, perimeter: str) -> Array:
    """Part of ``E_sr`` that serves exports of the perimeter once more."""
    k = len(w.xs(s))
    again = np.zeros(k)
    for i in range(k):
        inverse = _inverse(w, s, r, perimeter, i)
        E = w.e(s, r) if perimeter.endswith("bilateral") else w.exports(s)
        if perimeter.startswith("sector"):
            own = w.industry[w.at(s)]
            E = np.where(own == own[i], E, 0.0)
        again[i] = (w.a(s, r) @ inverse[w.blocks[r], w.blocks[s]] @ E)[i]
    return again


def returned(w: World, sink: bool) -> Array:
    """REF at the exporter's perimeter, by exporting row and destination."""
    found = w.empty()
    for s, r in w.pairs():
        if not sink:
            back = sum(w.b(r, t) @ w.y(t, s) for t in range(w.G))
            found[w.blocks[s], r] = w.vs(s) @ w.L[s] * (w.a(s, r) @ back)
            continue
        inverse = w.without(w.at(s), w.abroad(s))
        back = sum(inverse[w.blocks[r], w.blocks[t]] @ w.y(t, s) for t in range(w.G))
        found[w.blocks[s], r] = w.vs(s) @ w.b(s, s) * (w.a(s, r) @ back)
    return found


def ended(w: World, sink: bool) -> tuple[Array, Array]:
    """Of DVA at the exporter's perimeter VAX and what ends in output sold to nobody."""
    VAX, nowhere = w.empty(), w.empty()
    for s, r in w.pairs():
        abroad = sum(w.Y[:, u] for u in w.others(s))
        inverse, rate = w.B, w.vs(s) @ w.L[s]
        if sink:
            inverse = w.without(w.at(s), w.abroad(s))
            rate = w.vs(s) @ w.b(s, s)
            abroad = np.where(np.isin(np.arange(w.n), w.at(s)), 0.0, abroad)
        rows = inverse[w.blocks[r]]
        VAX[w.blocks[s], r] = rate * (w.y(s, r) + w.a(s, r) @ (rows @ abroad))
        nowhere[w.blocks[s], r] = rate * (w.a(s, r) @ (rows @ w.d))
    return VAX, nowhere


def unsold_foreign(w: World) -> Array:
    """Foreign content of exports for output that the destination sells to nobody."""
    found = w.empty()
    for s, r in w.pairs():
        foreign = sum(w.vs(t) @ w.b(t, s) for t in w.others(s))
        found[w.blocks[s], r] = foreign * (w.a(s, r) @ w.L[r] @ w.d[w.blocks[r]])
    return found


def vertical(w: World) -> tuple[Array, Array]:
    """VS by exporting row and destination, VS1 by supplying row and exporter."""
    VS, VS1 = w.empty(), w.empty()
    for s, r in w.pairs():
        imported = sum(w.a(t, s).sum(axis=0) for t in w.others(s))
        VS[w.blocks[s], r] = imported @ w.L[s] * w.e(s, r)
        VS1[w.blocks[s], r] = w.a(s, r) @ w.L[r] @ w.exports(r)
    return VS, VS1


def chains(w: World) -> Parts:
    parts = {k: w.empty() for k in ("DAVAX", "GVC", "GVCB", "GVCF")}
    for s, r in w.pairs():
        E, h = w.e(s, r), w.vs(s) @ w.L[s]
        DAVAX = h * (w.y(s, r) + w.a(s, r) @ w.L[r] @ w.y(r, r))
        domestic = w.vs(s) @ w.b(s, s)
        foreign = sum(w.vs(t) @ w.b(t, s) for t in w.others(s))
        GVCB = foreign * E + (domestic - h) * E
        value_added = E - w.t @ w.B[:, w.blocks[s]] * E
        for name, value in (("DAVAX", DAVAX), ("GVC", value_added - DAVAX), ("GVCB", GVCB)):
            parts[name][w.blocks[s], r] = value
    parts["GVCF"] = parts["GVC"] - parts["GVCB"]
    return parts


def miroudot_ye_direct(w: World) -> Array:
    """FDC1 of the world's perimeter."""
    found = w.empty()
    for s, r in w.pairs():
        direct = sum(w.vs(t) @ w.L[t] @ w.a(t, s) @ w.L[s] for t in w.others(s))
        found[w.blocks[s], r] = direct * w.e(s, r)
    return found


def wang_wei_zhu(w: World) -> dict[int, Array]:
    """Terms 1 to 16 by number."""
    parts = {k: w.empty() for k in range(1, 17)}
    for s, r in w.pairs():
        third = w.others(s, r)
        zero = np.zeros(len(w.xs(r)))
        direct, h = w.vs(s) @ w.b(s, s), w.vs(s) @ w.L[s]
        m = w.vs(r) @ w.b(r, s)
        o = sum((w.vs(t) @ w.b(t, s) for t in third), np.zeros(len(w.xs(s))))
        a, y = w.a(s, r), w.y(s, r)
        final = {t: sum(w.y(t, u) for u in w.others(s, t)) for t in third}
        E_r = w.exports(r)
        values = [
            direct * y,
            h * (a @ w.b(r, r) @ w.y(r, r)),
            h * (a @ sum((w.b(r, t) @ w.y(t, t) for t in third), zero)),
            h * (a @ w.b(r, r) @ sum((w.y(r, t) for t in third), zero)),
            h * (a @ sum((w.b(r, t) @ final[t] for t in third), zero)),
            h * (a @ w.b(r, r) @ w.y(r, s)),
            h * (a @ sum((w.b(r, t) @ w.y(t, s) for t in third), zero)),
            h * (a @ w.b(r, s) @ w.y(s, s)),
            h * (a @ w.b(r, s) @ sum(w.y(s, t) for t in w.others(s))),
            (direct - h) * (a @ w.xs(r)),
            m * y,
            o * y,
            m * (a @ w.L[r] @ w.y(r, r)),
            o * (a @ w.L[r] @ w.y(r, r)),
            m * (a @ w.L[r] @ E_r),
            o * (a @ w.L[r] @ E_r),
        ]
        for k, value in enumerate(values, 1):
            parts[k][w.blocks[s], r] = value
    return parts


def koopman_wang_wei(w: World) -> Array:
    """Terms 1 to 9 by country, shape (9, G)."""
    found = np.zeros((9, w.G))
    for s in range(w.G):
        v, rest = w.vs(s), w.others(s)
        E = w.exports(s)
        foreign = sum(w.vs(t) @ w.b(t, s) for t in rest)
        found[:, s] = [
            sum(v @ w.b(s, s) @ w.y(s, r) for r in rest),
            sum(v @ w.b(s, r) @ w.y(r, r) for r in rest),
            sum(v @ w.b(s, r) @ w.y(r, t) for r in rest for t in w.others(s, r)),
            sum(v @ w.b(s, r) @ w.y(r, s) for r in rest),
            sum(v @ w.b(s, r) @ w.a(r, s) @ w.L[s] @ w.y(s, s) for r in rest),
            sum(v @ w.b(s, r) @ w.a(r, s) @ w.L[s] @ E for r in rest),
            sum(foreign @ w.y(s, r) for r in rest),
            sum(foreign @ w.a(s, r) @ w.L[r] @ w.y(r, r) for r in rest),
            sum(foreign @ w.a(s, r) @ w.L[r] @ w.exports(r) for r in rest),
        ]
    return found


def forward_production(w: World) -> Array:
    """Pure domestic, traditional, simple, complex value added of each row, shape (4, n)."""
    L, AF = np.zeros_like(w.A), w.A.copy()
    YD, YF = np.zeros(w.n), w.Y.sum(axis=1)
    for s, block in enumerate(w.blocks):
        L[block, block], AF[block, block] = w.L[s], 0.0
        YD[block] = w.Y[block, s]
    YF -= YD
    v = np.diag(w.v)
    x = w.B @ w.Y.sum(axis=1)
    return np.array([v @ L @ YD, v @ L @ YF, v @ L @ AF @ L @ YD, v @ L @ AF @ (x - L @ YD)])


def backward_production(w: World) -> Array:
    """The same four of the value of final products of each row, shape (4, n)."""
    L, AF = np.zeros_like(w.A), w.A.copy()
    YD, Y = np.zeros(w.n), w.Y.sum(axis=1)
    for s, block in enumerate(w.blocks):
        L[block, block], AF[block, block] = w.L[s], 0.0
        YD[block] = w.Y[block, s]
    DD, DF = np.diag(YD), np.diag(Y - YD)
    v = w.v
    simple = v @ L @ AF @ L @ DD
    return np.array([v @ L @ DD, v @ L @ DF, simple, v @ L @ AF @ w.B @ np.diag(Y) - simple])


def output_participation(w: World) -> dict[str, Array]:
    """Parts of each row's output: country by country, chain by chain, from the definition."""
    names = ("PURE_DOMESTIC", "TRADITIONAL", "BACKWARD", "FORWARD", "TWO_SIDED")
    parts = {name: np.zeros(w.n) for name in names}
    for s, block in enumerate(w.blocks):
        L, v, A = w.L[s], w.vs(s), w.a(s, s)
        rest = w.others(s)
        once = sum(w.vs(t) @ w.L[t] @ w.a(t, s) @ L for t in rest)
        imported = sum(
            w.vs(j) @ w.L[j] @ sum(w.a(j, k) @ w.b(k, s) for k in w.others(j)) for j in range(w.G)
        )
        direct = sum(w.y(s, r) + w.a(s, r) @ w.L[r] @ w.y(r, r) for r in rest)
        onward = L @ sum(w.a(s, r) @ w.L[r] @ w.exports(r) for r in rest)
        own, final = w.y(s, s), sum(w.y(s, r) for r in range(w.G))
        parts["PURE_DOMESTIC"][block] = (v @ L) * (L @ own)
        parts["TRADITIONAL"][block] = (v @ L) * (L @ direct) + once * (L @ own)
        parts["BACKWARD"][block] = imported * final - once * own
        parts["FORWARD"][block] = v * onward
        parts["TWO_SIDED"][block] = (
            imported * (w.xs(s) - final) - once * (A @ L @ own) + (v @ L @ A) * onward
        )
    return parts
