"""Make or buy: when a firm leaves a service to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from servio.errors import LabelError, UnitError, UsageError, ValueFault
from servio.simulate._types import Parameter
from servio.table import IOTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BreakEven",
    "Effect",
    "MakeOrBuy",
    "calibrated_make_or_buy",
    "make_or_buy_from_totals",
]

Array = npt.NDArray[np.float64]
Regime = Literal["always", "never", "below", "above"]
ASSUMED = "assumed"
DEFINED = "by definition: a unit is what 1 of money buys"
ASSUMED_SCALE = 100.0
PURE = "1"
PER_UNIT, PER_YEAR, UNITS = "/unit", "/year", "unit/year"
COSTS = ("price", "own_cost", "friction", "hold_up", "information_gain", "enforcement_gain",
         "quality_loss")  # fmt: skip
FIXED = ("fixed_cost", "contract_cost")
LEVELS = ("specificity", "uncertainty", "information", "enforcement", "quality_risk")
UNIT_INTERVAL = (0.0, 1.0)
NOT_NEGATIVE = (0.0, np.inf)


@dataclass(frozen=True)
class Effect:
    """What one more unit of a parameter does: to the break-even scale and to the saving.

    Parameters
    ----------
    parameter, unit : str
    on_threshold : float
        Derivative of q*, in units a year per `unit`; NaN where there is no q*.
    on_saving : float
        Derivative of the saving from buying, in money a year per `unit`.
    """

    parameter: str
    unit: str
    on_threshold: float
    on_saving: float


@dataclass(frozen=True)
class MakeOrBuy:
    """Whether it pays to buy a service, and up to which scale.

    Buying costs ``G + (p + t) q`` a year and making ``F + c q``, so that a firm buys if
    ``(p + t - c) q < F - G``. The transaction cost of a unit is
    ``t = t0 + t1 k u - t2 I - t3 R + t4 r``: it rises with the specificity k of the service
    to the buyer where the future is uncertain (u), and with the risk r of bad quality; shared
    information I and enforced contracts R lower it.

    Parameters
    ----------
    price : Parameter
        p, money per unit bought.
    own_cost : Parameter
        c, money per unit made.
    fixed_cost : Parameter
        F, money a year to be able to make it.
    contract_cost : Parameter
        G, money a year to find suppliers and keep contracts whatever the scale; 0 in the rule of
        the source.
    scale : Parameter
        q, units a year that the firm needs.
    specificity, uncertainty, information, enforcement, quality_risk : Parameter
        k, u, I, R, r, pure numbers from 0 to 1.
    friction, hold_up, information_gain, enforcement_gain, quality_loss : Parameter
        t0 to t4, money per unit.

    Raises
    ------
    UnitError
        Parameters in other units than those above, or in two currencies.
    ValueFault
        A parameter outside its range, or a transaction cost below zero.

    Notes
    -----
    Identity: at q* = (F - G) / (p + t - c) making and buying cost the same. Regimes: with
    ``p + t > c`` a firm buys ``below`` q* if F > G, else ``never``; with ``p + t < c`` it buys
    ``above`` q* if F < G, else ``always``; where costs are the same it makes. One service, one
    firm, known costs: no bargaining, no learning.

    Source: Coase (1937), Economica 4; Williamson (1985), The Economic Institutions of Capitalism;
    Coffey & Drolet (1996) as document 001 reports them (none re-read). The linear t is methods C4;
    G and r are ours.

    Examples
    --------
    >>> firm = MakeOrBuy.assumed()
    >>> firm.regime, round(firm.threshold, 2), firm.buys
    ('below', 51.43, False)
    >>> firm.with_values(scale=30.0).buys
    True
    """

    price: Parameter
    own_cost: Parameter
    fixed_cost: Parameter
    contract_cost: Parameter
    scale: Parameter
    specificity: Parameter
    uncertainty: Parameter
    information: Parameter
    enforcement: Parameter
    quality_risk: Parameter
    friction: Parameter
    hold_up: Parameter
    information_gain: Parameter
    enforcement_gain: Parameter
    quality_loss: Parameter

    def __post_init__(self) -> None:
        units = dict.fromkeys(COSTS, self.money + PER_UNIT)
        units |= dict.fromkeys(FIXED, self.money + PER_YEAR)
        units |= dict.fromkeys(LEVELS, PURE) | {"scale": UNITS}
        for name, parameter in self.parameters().items():
            parameter.expect(f"make or buy, {name}", units[name])
            low, high = UNIT_INTERVAL if name in LEVELS else NOT_NEGATIVE
            _within(name, parameter.value, max(low, parameter.low), min(high, parameter.high))
        if self.transaction_cost < 0:
            raise _negative(self.transaction_cost)

    @classmethod
    def assumed(cls) -> MakeOrBuy:
        """An illustration: every number is assumed, in units of the price."""
        return cls(**_assumed("money", quantity=ASSUMED_SCALE))

    @property
    def money(self) -> str:
        """Unit of money, such as ``million USD``."""
        return self.price.unit.removesuffix(PER_UNIT)

    def parameters(self) -> dict[str, Parameter]:
        """Every parameter by name, with unit, range and source."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def with_values(self, **values: float) -> MakeOrBuy:
        """The same with other values of some parameters.

        Raises
        ------
        UsageError
            No such parameter.
        ValueFault
            A value outside the parameter's range.
        """
        changed = {}
        for name, value in values.items():
            known = self.parameters()
            if name not in known:
                raise UsageError(
                    "make or buy, parameter",
                    found=repr(name),
                    expected=f"one of {', '.join(known)}",
                    remedy="Use one of these.",
                )
            _within(name, value, known[name].low, known[name].high)
            changed[name] = replace(known[name], value=float(value), source="set")
        return replace(self, **changed)

    @property
    def transaction_cost(self) -> float:
        """``t = t0 + t1 k u - t2 I - t3 R + t4 r``, money per unit."""
        return _cost_of_transaction(self._values())

    @property
    def disadvantage(self) -> float:
        """``d = p + t - c``: what a unit costs more when bought, money per unit."""
        return self.price.value + self.transaction_cost - self.own_cost.value

    @property
    def saving(self) -> float:
        """``F - G - d q``: what buying saves at the firm's scale, money a year."""
        return self._fixed() - self.disadvantage * self.scale.value

    @property
    def buys(self) -> bool:
        """Whether buying is cheaper."""
        return self.saving > 0

    @property
    def regime(self) -> Regime:
        """At which scales the firm buys: ``always``, ``never``, ``below`` or ``above`` q*."""
        d, fixed = self.disadvantage, self._fixed()
        if d > 0:
            return "below" if fixed > 0 else "never"
        if d < 0:
            return "above" if fixed < 0 else "always"
        return "always" if fixed > 0 else "never"

    @property
    def threshold(self) -> float:
        """Break-even scale ``q* = (F - G) / d``, units a year; NaN where there is none."""
        if self.regime in ("always", "never"):
            return float("nan")
        return self._fixed() / self.disadvantage

    def effects(self) -> tuple[Effect, ...]:
        """Comparative statics: derivatives of q* and of the saving, parameter by parameter.

        ``dq*/da = -q*/d dd/da`` for a parameter a of d, ``1/d`` for F and ``-1/d`` for G.

        Examples
        --------
        >>> effects = {e.parameter: e for e in MakeOrBuy.assumed().effects()}
        >>> round(effects["enforcement"].on_threshold, 2), effects["specificity"].on_saving
        (14.69, -20.0)
        """
        v, d, q_star = self._values(), self.disadvantage, self.threshold
        rows = []
        for name, parameter in self.parameters().items():
            if name in FIXED:
                sign = 1.0 if name == "fixed_cost" else -1.0
                threshold, saving = sign / d if not np.isnan(q_star) else np.nan, sign
            elif name == "scale":
                threshold, saving = 0.0 if not np.isnan(q_star) else np.nan, -d
            else:
                slope = _slope(name, v)
                threshold = -q_star / d * slope if not np.isnan(q_star) else np.nan
                saving = -v["scale"] * slope
            rows.append(Effect(name, parameter.unit, float(threshold), float(saving)))
        return tuple(rows)

    def surface(
        self, scales: npt.ArrayLike | None = None, specificities: npt.ArrayLike | None = None
    ) -> BreakEven:
        """What buying saves over scale and specificity, and the line where it breaks even.

        Parameters
        ----------
        scales : array (m,), optional
            Units a year, above 0, rising; by default 40 from a hundredth to a hundred times the
            firm's own, in equal steps of the logarithm.
        specificities : array (n,), optional
            From 0 to 1, rising; by default 0, 0.025 ... 1.

        Raises
        ------
        UsageError
            Other numbers, or no scale of the firm's own to go from.
        """
        own = self.scale.value
        if scales is None and own <= 0:
            raise UsageError("surface scales", found="a firm of scale 0", expected="scales",
                             remedy="Give scales above 0.")  # fmt: skip
        q = np.geomspace(own / 100, own * 100, 40) if scales is None else scales
        k = np.linspace(0, 1, 41) if specificities is None else specificities
        q, k = _axis("scales", q, np.nextafter(0, 1), np.inf), _axis("specificities", k, 0, 1)
        v = self._values()
        flat = _cost_of_transaction({**v, "specificity": 0.0})
        if flat < 0:
            raise _negative(flat)
        rise = v["hold_up"] * v["uncertainty"]
        d = v["price"] - v["own_cost"] + flat + rise * k
        saving = self._fixed() - d[:, None] * q[None, :]
        level = self._fixed() / q - (v["price"] - v["own_cost"] + flat)
        border = np.divide(level, rise, out=np.full(q.shape, np.nan), where=rise > 0)
        inside = (border >= 0) & (border <= 1)
        return BreakEven(q, k, saving, np.where(inside, border, np.nan), self.money)

    def _fixed(self) -> float:
        return self.fixed_cost.value - self.contract_cost.value

    def _values(self) -> dict[str, float]:
        return {name: p.value for name, p in self.parameters().items()}


@dataclass(frozen=True, eq=False)
class BreakEven:
    """Saving from buying over scale and specificity.

    Parameters
    ----------
    scales : array (m,)
        Units a year.
    specificities : array (n,)
    saving : array (n, m)
        Money a year; the firm buys where it is above 0.
    border : array (m,)
        Specificity at which making and buying cost the same; NaN where that is not in 0 to 1.
    money : str
    """

    scales: Array
    specificities: Array
    saving: Array
    border: Array
    money: str

    def to_frame(self) -> pd.DataFrame:
        """One row a scale and specificity: scale, specificity, saving, buys."""
        import pandas as pd

        n, m = self.saving.shape
        return pd.DataFrame({
            "scale": np.tile(self.scales, n), "specificity": np.repeat(self.specificities, m),
            "saving": self.saving.ravel(), "buys": self.saving.ravel() > 0,
        })  # fmt: skip

    def plot(self) -> dict[str, Any]:
        """A Vega-Lite chart: saving per unit in colour, the break-even line on top.

        Examples
        --------
        >>> chart = MakeOrBuy.assumed().surface().plot()
        >>> [layer["mark"]["type"] for layer in chart["layer"]]
        ['rect', 'line']
        """
        log = _edges(np.log(self.scales))
        q_edges, k_edges = np.exp(log), np.clip(_edges(self.specificities), 0, 1)
        per_unit = self.saving / self.scales
        cells = [
            {"q0": float(q_edges[j]), "q1": float(q_edges[j + 1]), "k0": float(k_edges[i]),
             "k1": float(k_edges[i + 1]), "saving": float(per_unit[i, j])}
            for i in range(len(self.specificities)) for j in range(len(self.scales))
        ]  # fmt: skip
        points = zip(self.scales.tolist(), self.border.tolist(), strict=True)
        line = [{"q": q, "k": k} for q, k in points if not np.isnan(k)]
        x = {"type": "quantitative", "scale": {"type": "log", "nice": False},
             "title": f"scale ({UNITS})"}  # fmt: skip
        y = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": "specificity"}
        title = f"saving from buying ({self.money}/unit)"
        reach = float(np.quantile(np.abs(per_unit), 0.9)) or 1.0
        colour = {"field": "saving", "type": "quantitative", "title": title,
                  "scale": {"scheme": "blueorange", "domain": [-reach, reach], "clamp": True,
                            "reverse": True}}  # fmt: skip
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "title": "Make or buy: bought where the saving is positive",
            "width": 420,
            "height": 300,
            "layer": [
                {
                    "data": {"values": cells},
                    "mark": {"type": "rect"},
                    "encoding": {
                        "x": {"field": "q0", **x},
                        "x2": {"field": "q1"},
                        "y": {"field": "k0", **y},
                        "y2": {"field": "k1"},
                        "color": colour,
                    },
                },
                {
                    "data": {"values": line},
                    "mark": {"type": "line", "color": "black", "strokeWidth": 2},
                    "encoding": {"x": {"field": "q", **x}, "y": {"field": "k", **y}},
                },
            ],
        }


def calibrated_make_or_buy(
    table: IOTable,
    *,
    country: str = "",
    buyers: str = "manufacturing",
    services: str = "services",
    labour: str = "LAB",
    work: str = "EMP",
    output: str = "GO",
    firms: float | None = None,
) -> MakeOrBuy:
    """A make-or-buy model with what a table knows put in, and the rest assumed and marked so.

    From the table: the scale, ``sum_{i in S, j in M} z_ij`` over the number of firms, a unit being
    what one unit of money buys, so that p = 1; and the cost of making a unit by the suppliers'
    recipe at the buyers' pay, ``c = 1 + a (w_M / w_S - 1)`` with a the labour share of the
    services' output and w labour income per unit of work.

    Parameters
    ----------
    table : IOTable
    country : str, optional
        Of a world table.
    buyers, services : str
        Groupings of one group each: M and S.
    labour, work : str
        Labour income and work: primary inputs or satellites, such as ``LAB`` and ``EMP`` of the
        WIOD accounts (`servio.sources.with_satellites`).
    output : str
        Satellite of output in the unit of `labour`, where that is not the table's money.
    firms : float, optional
        Number of firms among the buyers; without it all of them are taken as one.

    Returns
    -------
    MakeOrBuy
        ``source`` of each parameter says what it rests on; fixed and contract cost are assumed
        as 20 % and 2 % of the purchases.

    Raises
    ------
    LabelError
        No such row, country or grouping, or several groups.
    UnitError
        Labour income and output in different units.
    ValueFault
        No purchases, work or pay to divide by; a number of firms that is not above 0.
    UsageError
        A world table without a country.

    Notes
    -----
    Identity: with equal pay c = p. Prices of services need no index: a unit is worth 1 in the
    table's own year, and only c/p decides. Skills differ as much as pay: c is a bound on how
    dear own work is, not an estimate of it; test the range.

    Source: methods C4; labour share and pay as in Timmer, Erumban, Gouma, Los, Temurshoev, de Vries
    and others (2012), WIOD sources and methods (not re-read).

    Examples
    --------
    >>> import servio
    >>> table = servio.model_world(seed=0, countries=2, years=1).table(2000)
    >>> firm = calibrated_make_or_buy(table, country="M01", firms=500,
    ...                               labour="compensation of employees")
    >>> firm.price.value, firm.friction.source
    (1.0, 'assumed')
    """
    place = f"{table.info.name} make or buy"
    at = _place(table, country, place)
    every = _one_group(table, services, place)
    M, S = _one_group(table, buyers, place) * at, every * at
    pay, pay_unit = _row(table, labour, place)
    hours, _ = _row(table, work, place)
    made = _output(table, pay_unit, output, place)
    return make_or_buy_from_totals(
        f"{table.info.name}{f' {country}' if country else ''}",
        money=table.info.money or "money",
        purchases=float(every @ table.flows("total") @ M),  # wherever it comes from
        output=float(S @ made),
        pay=(float(M @ pay), float(S @ pay)),
        work=(float(M @ hours), float(S @ hours)),
        names=(buyers, services, labour, work),
        firms=firms,
    )


def make_or_buy_from_totals(
    origin: str,
    *,
    money: str,
    purchases: float | None = None,
    output: float | None = None,
    pay: tuple[float, float] | None = None,
    work: tuple[float, float] | None = None,
    names: tuple[str, str, str, str] = ("manufacturing", "services", "LAB", "EMP"),
    firms: float | None = None,
    given: Mapping[str, Parameter] | None = None,
) -> MakeOrBuy:
    """A make-or-buy model from totals of a table; what they do not tell is assumed.

    The arithmetic of `calibrated_make_or_buy`, for those who have sums and no table.

    Parameters
    ----------
    origin : str
        Where the totals are from, for `source` and messages.
    money : str
        Unit of money of the model.
    purchases : float, optional
        Services that the buyers buy, in `money` a year: gives the scale.
    output : float, optional
        Of the services, in the unit of `pay`; with `pay` and `work` it gives the cost of making.
    pay, work : (float, float), optional
        Of the buyers and of the services: labour income, and persons or hours.
    names : (str, str, str, str)
        What buyers, services, pay and work are called.
    firms : float, optional
        Number of firms among the buyers; without it all of them are taken as one.
    given : mapping of str to Parameter, optional
        Parameters known from elsewhere; they go before those of the totals.

    Returns
    -------
    MakeOrBuy

    Raises
    ------
    ValueFault
        A total or number of firms that is not above 0; a parameter outside its range.
    UnitError
        A given parameter in another unit.

    Notes
    -----
    Identity: ``c = 1 + a (w_M / w_S - 1)`` is 1 with equal pay.

    Source: as `calibrated_make_or_buy`.

    Examples
    --------
    >>> firm = make_or_buy_from_totals("own", money="million USD", purchases=80.0, output=400.0,
    ...                                pay=(250.0, 100.0), work=(10.0, 5.0), firms=4)
    >>> firm.scale.value, firm.own_cost.value, firm.friction.source
    (20.0, 1.0625, 'assumed')
    """
    buyers, services, labour, hours = names
    place = f"{origin} make or buy"
    if firms is not None and not firms > 0:
        raise ValueFault(f"{place}, firms", found=str(firms), expected="a number above 0",
                         remedy="Leave it out if it is not known.")  # fmt: skip
    sums = {"purchases": purchases, "output": output}
    for name, pair in ((labour, pay), (hours, work)):
        sums |= dict(zip((f"{name} of {services}", f"{name} of {buyers}"), (pair or ())[::-1],
                         strict=False))  # fmt: skip
    for name, value in sums.items():
        if value is not None and not (np.isfinite(value) and value > 0):
            raise ValueFault(f"{place}, {name}", found=f"{value:g}", expected="more than 0",
                             remedy="Use another table, country or grouping.")  # fmt: skip
    found: dict[str, Parameter] = {}
    per_unit, given = money + PER_UNIT, given or {}
    if purchases is not None:
        per = f", over {firms:g} firms" if firms else ", all buyers as one firm"
        found["scale"] = Parameter(purchases / (firms or 1.0), UNITS, *NOT_NEGATIVE,
                                   f"{origin}: {services} bought by {buyers}{per}")  # fmt: skip
    if output is not None and pay is not None and work is not None:
        share, relative = pay[1] / output, (pay[0] / work[0]) / (pay[1] / work[1])
        found["own_cost"] = Parameter(
            1.0 + share * (relative - 1.0), per_unit, *NOT_NEGATIVE,
            f"{origin}: labour share {share:.3f}, pay of {buyers} over that of {services} "
            f"{relative:.3f} ({labour}/{hours})",
        )  # fmt: skip
    if found:
        found["price"] = Parameter(1.0, per_unit, *NOT_NEGATIVE, DEFINED)
    found |= given
    quantity = found["scale"].value if "scale" in found else ASSUMED_SCALE
    return MakeOrBuy(**_assumed(money, quantity=quantity) | found)


def _assumed(money: str, *, quantity: float) -> dict[str, Parameter]:
    """Parameters of which nothing is known, for a price of 1."""
    per_unit = {
        "price": 1.0, "own_cost": 0.9, "friction": 0.2, "hold_up": 0.4, "information_gain": 0.1,
        "enforcement_gain": 0.1, "quality_loss": 0.5,
    }  # fmt: skip
    levels = dict.fromkeys(LEVELS, 0.5) | {"quality_risk": 0.1}
    fixed = {"fixed_cost": 0.2 * quantity, "contract_cost": 0.02 * quantity}
    found = {n: Parameter(v, money + PER_UNIT, *NOT_NEGATIVE, ASSUMED) for n, v in per_unit.items()}
    found |= {n: Parameter(v, PURE, *UNIT_INTERVAL, ASSUMED) for n, v in levels.items()}
    found |= {n: Parameter(v, money + PER_YEAR, *NOT_NEGATIVE, ASSUMED) for n, v in fixed.items()}
    return found | {"scale": Parameter(quantity, UNITS, *NOT_NEGATIVE, ASSUMED)}


def _cost_of_transaction(v: Mapping[str, float]) -> float:
    return (
        v["friction"]
        + v["hold_up"] * v["specificity"] * v["uncertainty"]
        - v["information_gain"] * v["information"]
        - v["enforcement_gain"] * v["enforcement"]
        + v["quality_loss"] * v["quality_risk"]
    )


def _slope(name: str, v: Mapping[str, float]) -> float:
    """Derivative of ``d = p + t - c`` by a parameter other than F, G and q."""
    return {
        "price": 1.0,
        "own_cost": -1.0,
        "friction": 1.0,
        "hold_up": v["specificity"] * v["uncertainty"],
        "specificity": v["hold_up"] * v["uncertainty"],
        "uncertainty": v["hold_up"] * v["specificity"],
        "information_gain": -v["information"],
        "information": -v["information_gain"],
        "enforcement_gain": -v["enforcement"],
        "enforcement": -v["enforcement_gain"],
        "quality_loss": v["quality_risk"],
        "quality_risk": v["quality_loss"],
    }[name]


def _within(name: str, value: float, low: float, high: float) -> None:
    if not (low <= value <= high and np.isfinite(value)):
        raise ValueFault(f"make or buy, {name}", found=f"{value:g}",
                         expected=f"a number from {low:g} to {high:g}",
                         remedy="Correct the value or its unit.")  # fmt: skip


def _negative(found: float) -> ValueFault:
    return ValueFault(
        "make or buy, transaction cost",
        found=f"t = {found:g}",
        expected="at least 0: information and enforcement can't pay for the service",
        remedy="Raise friction, or lower information_gain or enforcement_gain.",
    )


def _axis(name: str, values: npt.ArrayLike, low: float, high: float) -> Array:
    found = np.atleast_1d(np.asarray(values, dtype=np.float64))
    fine = found.ndim == 1 and len(found) > 1 and np.isfinite(found).all()
    if not fine or found[0] < low or found[-1] > high or (np.diff(found) <= 0).any():
        raise UsageError(f"surface {name}", found=str(found.tolist())[:60],
                         expected=f"two or more rising numbers from {low:.3g} to {high:g}",
                         remedy="Correct the list.")  # fmt: skip
    return found


def _edges(middles: Array) -> Array:
    between = (middles[1:] + middles[:-1]) / 2
    first, last = 2 * middles[0] - between[0], 2 * middles[-1] - between[-1]
    return np.concatenate([[first], between, [last]])


def _place(table: IOTable, country: str, place: str) -> Array:
    """1 for the industries of the country, shape (n,)."""
    if not country and table.axis.is_world:
        raise UsageError(f"{place}, country", found="none, on a world table",
                         expected=f"one of {', '.join(table.axis.country_names[:6])} ...",
                         remedy="Name the country of the buyers.")  # fmt: skip
    at = np.ones(len(table))
    if country:
        at = np.zeros(len(table))
        at[table.axis.positions(country)] = 1.0
    return at


def _one_group(table: IOTable, grouping: str, place: str) -> Array:
    names, weights = table.weights(grouping)
    if len(names) != 1:
        raise LabelError(f"{place}, grouping {grouping}", found=f"groups {', '.join(names)}",
                         expected="one group",
                         remedy="Use one such as services or kibs.")  # fmt: skip
    found: Array = weights[0]
    return found


def _row(table: IOTable, name: str, place: str) -> tuple[Array, str]:
    """A primary input or satellite, (n,), and its unit."""
    if name in table.primary:
        return table.V[table.primary.index(name)], table.info.money
    if name in table.satellites:
        found = table.satellites[name]
        return np.asarray(found.values, dtype=np.float64), found.unit
    known = ", ".join((*table.primary, *table.satellites))
    raise LabelError(
        f"{place}, {name}",
        found="no primary input or satellite of this name",
        expected=f"one of {known}",
        remedy="Name it, or add accounts with servio.sources.with_satellites.",
    )


def _output(table: IOTable, unit: str, output: str, place: str) -> Array:
    """Output in the unit of labour income, (n,)."""
    if unit == table.info.money:
        return table.x
    found, own = _row(table, output, place)
    if own != unit:
        raise UnitError(f"{place}, {output}", found=own, expected=unit,
                        remedy="Name output in the unit of labour income.")  # fmt: skip
    return found
