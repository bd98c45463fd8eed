"""Evolutionary games: which strategies spread between two populations, or within one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from servio.algebra._check import numbers
from servio.errors import InputError, LabelError, ValueFault
from servio.simulate._solve import integrate, shares, time_points
from servio.simulate._types import Trajectory

__all__ = ["Game", "RestPoint", "game", "replicator"]

Array = npt.NDArray[np.float64]

FLAT = 1e-10
"""Eigenvalues below this share of the largest payoff difference count as zero."""
SINGULAR = 1e12
MOST_SUPPORTS = 20_000


@dataclass(frozen=True)
class RestPoint:
    """Shares at which no strategy spreads.

    Parameters
    ----------
    first, second : array (n,), array (m,)
        Shares of strategies in both populations.
    eigenvalues : array of complex
        Of the Jacobian on the simplexes, n + m - 2 of them, largest real part first.
    kind : str
        ess (all real parts negative), unstable, saddle, centre (imaginary, to first order), or
        degenerate (an eigenvalue is 0).
    """

    first: Array
    second: Array
    eigenvalues: npt.NDArray[np.complex128]
    kind: str

    @property
    def interior(self) -> bool:
        """Whether every strategy is played."""
        return bool((self.first > 0).all() and (self.second > 0).all())


@dataclass(frozen=True, eq=False)
class Game:
    """Payoffs of two populations that meet at random; see `game`.

    Parameters
    ----------
    A : array (n, m)
        Payoff of the first population: its strategy in rows, that of the second in columns.
    B : array (n, m)
        Payoff of the second, in the same rows and columns.
    names : (tuple of str, tuple of str)
        Strategies of both.
    players : (str, str)
    """

    A: Array
    B: Array
    names: tuple[tuple[str, ...], tuple[str, ...]]
    players: tuple[str, str]

    def trajectory(
        self, first: npt.ArrayLike, second: npt.ArrayLike, times: npt.ArrayLike
    ) -> Trajectory:
        r"""Shares of strategies over time by replicator dynamics.

        Which behaviour spreads, from here?

        .. math:: \dot x_i = x_i [(A y)_i - x' A y], \qquad \dot y_j = y_j [(B'x)_j - x' B y]

        Parameters
        ----------
        first : array (n,)
            Shares of the first population at ``times[0]``, adding up to 1.
        second : array (m,)
        times : array (t,)
            Rising.

        Returns
        -------
        Trajectory
            Columns are strategies, ``player: strategy``.

        Raises
        ------
        ValueFault
            A share is negative, or shares don't add up to 1.
        NumericalError
            Steps become too many: with the time.

        Notes
        -----
        Logarithms of the ratio to the largest starting share are integrated, whose change is the
        difference of payoffs: shares stay within 0 and 1, add up to 1 and keep their digits when
        small. A strategy that nobody plays stays unplayed. Where both populations have two
        strategies the equations conserve a quantity; its drift is given.
        """
        t = time_points("game", times)
        x0 = shares(f"game, shares of {self.players[0]}", first, len(self.names[0]))
        y0 = shares(f"game, shares of {self.players[1]}", second, len(self.names[1]))
        there = x0 > 0, y0 > 0
        A, B = self.A[np.ix_(*there)], self.B[np.ix_(*there)]
        starts = x0[there[0]], y0[there[1]]
        n = len(starts[0])

        def change(z: Array) -> Array:
            x, y = _softmax(z[:n]), _softmax(z[n:])
            gain, other = A @ y, x @ B
            return np.concatenate([gain - gain[at[0]], other - other[at[1]]])

        at = int(np.argmax(starts[0])), int(np.argmax(starts[1]))
        z0 = np.concatenate([np.log(s / s[k]) for s, k in zip(starts, at, strict=True)])
        labels = tuple(
            f"{player}: {name}"
            for player, names in zip(self.players, self.names, strict=True)
            for name in names
        )
        places = np.flatnonzero(np.concatenate(there))
        played = tuple(labels[k] for k in places)
        z = integrate("game, payoffs", change, z0, t, played)
        states = np.zeros((len(t), len(labels)))
        states[:, places[:n]] = _softmax(z[:, :n])
        states[:, places[n:]] = _softmax(z[:, n:])
        conserved = {}
        if A.shape == (2, 2):
            conserved["integral of motion"] = _drift(A, B, z)
        return Trajectory(t, states, labels, ("share",) * len(labels), conserved)

    def rest_points(self) -> list[RestPoint]:
        """All isolated rest points with what happens near them.

        Where can the shares stay, and will they return after a small disturbance? For each pair of
        strategy sets of equal size, the shares at which their payoffs are equal. Only pure pairs
        can be evolutionarily stable: in a game of two populations no mixed point is
        (asymptotically), a point of two by two strategies is a saddle or a centre.

        Returns
        -------
        list of RestPoint
            Pure pairs first. Those that are not isolated (a line of them) are left out, as are
            supports with singular payoffs.

        Raises
        ------
        InputError
            There are more than 20,000 pairs of strategy sets.

        Notes
        -----
        Identity: eigenvalues at a pure pair are the payoff differences of each other strategy.

        References
        ----------
        Selten (1980), J. Theoretical Biology 84:93-101: strict equilibria only; Weibull (1995),
        Evolutionary Game Theory, ch. 5 (not re-read).
        """
        n, m = self.A.shape
        supports = [_supports(size) for size in (n, m)]
        pairs = [(a, b) for a, b in product(*supports) if a.sum() == b.sum()]
        if len(pairs) > MOST_SUPPORTS:
            raise InputError("game", found=f"{len(pairs):,} pairs of strategy sets",
                             expected=f"{MOST_SUPPORTS:,} or fewer",
                             remedy="Leave strategies out.")  # fmt: skip
        found = []
        for rows, columns in pairs:
            A, B = self.A[np.ix_(rows, columns)], self.B[np.ix_(rows, columns)]
            y, x = _equaliser(A), _equaliser(B.T)
            if x is None or y is None or not ((x > FLAT).all() and (y > FLAT).all()):
                continue
            first, second = np.zeros(n), np.zeros(m)
            first[rows], second[columns] = x, y
            roots = self._eigenvalues(first, second)
            found.append(RestPoint(first, second, roots, self._kind(roots)))
        return sorted(found, key=lambda point: int((point.first > 0).sum()))

    def stable(self) -> list[tuple[str, str]]:
        """Pairs of pure strategies that are evolutionarily stable, by name."""
        return [
            (self.names[0][int(point.first.argmax())], self.names[1][int(point.second.argmax())])
            for point in self.rest_points()
            if point.kind == "ess"
        ]

    def _eigenvalues(self, x: Array, y: Array) -> npt.NDArray[np.complex128]:
        """Of the Jacobian on the simplexes: the last played share is one minus the others."""
        A, B, n = self.A, self.B, len(x)
        gain, other = A @ y, x @ B
        mean, its = float(x @ gain), float(other @ y)
        J = np.block([
            [np.diag(gain - mean) - np.outer(x, gain), x[:, None] * (A - x @ A)],
            [y[:, None] * (B.T - (B @ y)), np.diag(other - its) - np.outer(y, other)],
        ])  # fmt: skip
        last = int(np.flatnonzero(x)[-1]), int(np.flatnonzero(y)[-1])
        kept = np.delete(np.arange(n + len(y)), [last[0], n + last[1]])
        reduced = J[np.ix_(kept, kept)].copy()
        reduced -= np.where(kept < n, J[kept, last[0]][:, None], J[kept, n + last[1]][:, None])
        roots = np.linalg.eigvals(reduced).astype(np.complex128)
        return np.asarray(roots[np.lexsort((-roots.imag, -roots.real))])

    def _kind(self, roots: npt.NDArray[np.complex128]) -> str:
        small = FLAT * max(float(np.ptp(self.A)), float(np.ptp(self.B)), 1e-300)
        real = np.where(np.abs(roots.real) <= np.sqrt(FLAT) * np.abs(roots), 0.0, roots.real)
        if (np.abs(roots) <= small).any():
            return "degenerate"
        if (real < 0).all():
            return "ess"
        if (real == 0).any():
            return "centre" if (real == 0).all() else "degenerate"
        return "unstable" if (real > 0).all() else "saddle"


def game(
    A: npt.ArrayLike,
    B: npt.ArrayLike,
    *,
    strategies: tuple[Sequence[str], Sequence[str]] | None = None,
    players: tuple[str, str] = ("first", "second"),
) -> Game:
    """An evolutionary game of two populations, such as manufacturers and service providers.

    Parameters
    ----------
    A : array (n, m)
        Payoff to the first player: own strategies in rows, the other's in columns.
    B : array (n, m)
        Payoff to the second, in the same rows and columns.
    strategies : (sequence of str, sequence of str), optional
        Names; numbers from 1 when absent.
    players : (str, str)

    Returns
    -------
    Game

    Raises
    ------
    InputError, LabelError
        Shapes do not agree, or a name is doubled.
    ValueFault
        A payoff is missing or infinite.

    Notes
    -----
    Identities: adding a number to a column of A, or to a row of B, changes nothing; shares of each
    population add up to 1.

    References
    ----------
    Taylor and Jonker (1978), Mathematical Biosciences 40:145-156; Weibull (1995), Evolutionary
    Game Theory, ch. 5 (not re-read).

    Examples
    --------
    >>> outsourcing = game([[6, 1], [4, 4]], [[5, 3], [0, 0]],
    ...                    strategies=(["outsource", "own"], ["honest", "opportunist"]),
    ...                    players=("manufacturer", "provider"))
    >>> [(p.kind, p.first.tolist(), p.second.tolist()) for p in outsourcing.rest_points()][0]
    ('ess', [1.0, 0.0], [1.0, 0.0])
    >>> outsourcing.stable()
    [('outsource', 'honest')]
    >>> path = outsourcing.trajectory([0.5, 0.5], [0.9, 0.1], [0, 1, 10])
    >>> path.of("manufacturer: outsource").round(4).tolist()
    [0.5, 0.8457, 1.0]
    """
    a, b = numbers("game, payoffs", A).copy(), numbers("game, payoffs", B).copy()
    if a.ndim != 2 or a.shape != b.shape or min(a.shape) < 2:
        raise InputError("game, payoffs", found=f"shapes {a.shape} and {b.shape}",
                         expected="two matrices of one shape, 2 by 2 at least",
                         remedy="Rows: the first's strategies; columns: the other's.")  # fmt: skip
    _finite("game, payoffs", np.stack([a, b]))
    given = strategies or tuple([str(k + 1) for k in range(size)] for size in a.shape)
    names = tuple(given[0]), tuple(given[1])
    for player, own, size in zip(players, names, a.shape, strict=True):
        if len(own) != size or len(set(own)) != size:
            raise LabelError(f"game, strategies of {player}", found=", ".join(own),
                             expected=f"{size} different names",
                             remedy="Name each strategy once.")  # fmt: skip
    if players[0] == players[1]:
        raise LabelError("game, players", found=f"{players[0]!r} twice", expected="two names",
                         remedy="Name the players differently.")  # fmt: skip
    return Game(a, b, names, players)


def replicator(
    A: npt.ArrayLike,
    start: npt.ArrayLike,
    times: npt.ArrayLike,
    *,
    strategies: Sequence[str] | None = None,
) -> Trajectory:
    r"""Replicator dynamics within one population.

    :math:`\dot x_i = x_i [(A x)_i - x' A x]`: strategies that earn more than the mean spread.

    Parameters
    ----------
    A : array (n, n)
        Payoff of the row against the column.
    start : array (n,)
        Shares at ``times[0]``, adding up to 1.
    times : array (t,)
        Rising.
    strategies : sequence of str, optional

    Returns
    -------
    Trajectory

    Raises
    ------
    InputError, LabelError
        A is not square, times do not rise, or a name is doubled.
    ValueFault
        A payoff is not finite, a share is negative, or shares don't add up to 1.

    Notes
    -----
    Identity: a strategy nobody plays stays unplayed. Integrated in logarithms of ratios, as
    `Game.trajectory`.

    References
    ----------
    Taylor and Jonker (1978), Mathematical Biosciences 40:145-156.

    Examples
    --------
    >>> import numpy as np
    >>> path = replicator([[3, 2], [4, 2]], [0.9, 0.1], np.linspace(0, 10, 1000))
    >>> path.states[-1].round(6).tolist()
    [0.14075, 0.85925]
    """
    payoffs = numbers("replicator, payoffs", A).copy()
    if payoffs.ndim != 2 or payoffs.shape[0] != payoffs.shape[1] or len(payoffs) < 2:
        raise InputError("replicator, payoffs", found=f"shape {payoffs.shape}",
                         expected="a square matrix, 2 by 2 at least",
                         remedy="Give the payoff of each strategy against each.")  # fmt: skip
    _finite("replicator, payoffs", payoffs)
    n = len(payoffs)
    names = tuple(strategies or (str(k + 1) for k in range(n)))
    if len(names) != n or len(set(names)) != n:
        raise LabelError("replicator, strategies", found=", ".join(names),
                         expected=f"{n} different names",
                         remedy="Name each strategy once.")  # fmt: skip
    t = time_points("replicator", times)
    x0 = shares("replicator, shares", start, n)
    there = x0 > 0
    own = payoffs[np.ix_(there, there)]
    base = int(np.argmax(x0[there]))

    def change(z: Array) -> Array:
        gain = own @ _softmax(z)
        return np.asarray(gain - gain[base])

    played = tuple(name for name, one in zip(names, there, strict=True) if one)
    z = integrate("replicator, payoffs", change, np.log(x0[there] / x0[there][base]), t, played)
    states = np.zeros((len(t), n))
    states[:, there] = _softmax(z)
    return Trajectory(t, states, names, ("share",) * n)


# -- on arrays -------------------------------------------------------------------------------------


def _finite(place: str, value: Array) -> None:
    if not np.isfinite(value).all():
        raise ValueFault(place, found="a payoff that is missing or infinite",
                         expected="finite numbers", remedy="Correct it.")  # fmt: skip


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def _supports(size: int) -> list[npt.NDArray[np.bool_]]:
    """Every set of strategies that is not empty."""
    numbers = np.arange(1, 2 ** min(size, 16))
    return [((number >> np.arange(size)) & 1).astype(np.bool_) for number in numbers]


def _equaliser(A: Array) -> Array | None:
    """Shares of the columns at which all rows earn the same; None where there is not just one."""
    k = len(A)
    system = np.block([[A, -np.ones((k, 1))], [np.ones((1, k)), np.zeros((1, 1))]])
    size = np.abs(A).max()
    system[:k, :k] = (A - A.mean()) / (size or 1.0)
    if not np.linalg.cond(system) < SINGULAR:
        return None
    return np.asarray(np.linalg.solve(system, np.append(np.zeros(k), 1.0))[:k])


def _drift(A: Array, B: Array, z: Array) -> float:
    """Largest relative change of the integral of motion of two by two strategies.

    With log-odds u and v of the first strategies ``du/dt = f(v)`` and ``dv/dt = g(u)``, so that
    ``G(u) - F(v)`` stays, with G and F the integrals of g and f.
    """
    u = z[:, 0] - z[:, 1]
    v = z[:, 2] - z[:, 3]
    f = A[0] - A[1]
    g = B[:, 0] - B[:, 1]
    G = g[1] * u + (g[0] - g[1]) * np.logaddexp(0, u)
    F = f[1] * v + (f[0] - f[1]) * np.logaddexp(0, v)
    value = G - F
    size = np.abs(G).max() + np.abs(F).max()
    return float(np.abs(value - value[0]).max() / size) if size else 0.0
