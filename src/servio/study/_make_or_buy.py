"""Make or buy in a study: parameters checked at load, calibrated from its results, kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from threadpoolctl import threadpool_limits

from servio import classify
from servio.errors import ServioError
from servio.study._grid import Call, Complaint
from servio.study._interact import _problem, _said, _write
from servio.study._place import Place

if TYPE_CHECKING:
    import pandas

    from servio.simulate import BreakEven, MakeOrBuy, Parameter

__all__ = ["BREAK_EVEN", "FILES", "MODEL", "MakeOrBuyEntry", "check", "make_or_buy"]

MODEL = "make_or_buy.parquet"
BREAK_EVEN = "break_even.parquet"
FILES = (MODEL, BREAK_EVEN)
KEY = "make_or_buy"
PARAMETERS = f"{KEY}.parameters"
MONEY = "money"
GIVEN, CALIBRATED, ASSUMED, RESULT = "given", "calibrated", "assumed", "result"
DEFINED = "defined"

Reader = Callable[..., "pandas.DataFrame"]


class ParameterEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parameter in the study file; without a range it has that of the model.

    Parameters
    ----------
    value : float
    unit : str
        ``money`` in it stands for the money of the tables.
    source : str
        What it rests on.
    low, high : float, optional
    """

    value: float
    unit: str
    source: str
    low: float | None = None
    high: float | None = None


class MakeOrBuyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[make_or_buy]``: the model of `servio.simulate.MakeOrBuy`, for countries of the study.

    Parameters
    ----------
    calibrate : bool
        Take from the results of the study what they tell; the rest is assumed.
    countries : tuple of str, optional
        Those in focus if left out, or all.
    year : int, optional
        The last one if left out.
    buyers, services : str
        Groupings of one group each that are groups of `by` too.
    by : str
        Grouping of the results of ``account``.
    labour, work, output : str
        What labour income, work and output are called in ``account``.
    firms : mapping of str to float
        Number of buying firms by country; without it all are taken as one.
    parameters : mapping of str to mapping
        See `ParameterEntry`.
    """

    calibrate: bool = False
    countries: tuple[str, ...] | None = None
    year: int | None = None
    buyers: str = "manufacturing"
    services: str = "services"
    by: str = "sectors"
    labour: str = "LAB"
    work: str = "EMP"
    output: str = "GO"
    firms: dict[str, Any] = {}
    parameters: dict[str, Any] = {}


# -- checks ----------------------------------------------------------------------------------------


def check(entry: MakeOrBuyEntry | None, calls: Sequence[Call], place: Place) -> None:
    """Raise where the study file gives a parameter that can't be, or nothing to calibrate from."""
    if entry is None:
        return
    complain = place.complain(KEY)
    if entry.calibrate:
        _check_groups(entry, complain)
        if not (_tells_scale(entry, calls) or _tells_cost(entry, calls)):
            complain("calibrate", "no results to calibrate from", _wanted(entry), ())
    else:
        for key in ("countries", "year", "firms"):
            if getattr(entry, key):
                complain(key, f"{key} without calibrate", "calibrate = true", ())
    for country, number in entry.firms.items():
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not number > 0:
            complain("firms", f"{number!r} for {country}", "a number above 0", ())
    given = _given(entry, place.complain(PARAMETERS))
    try:
        _firm(given, _money(given, place.complain(PARAMETERS))).surface()
    except ServioError as error:
        raise place.placed(PARAMETERS, error) from None


def _check_groups(entry: MakeOrBuyEntry, complain: Complaint) -> None:
    """Buyers and services are one group each and groups of `by`; own groupings are seen later."""
    known = classify.groupings()
    for key in ("buyers", "services"):
        name = getattr(entry, key)
        if name in known and len(classify.grouping(name).groups) != 1:
            complain(key, f"{name}, of several groups", "a grouping of one group", ())
        if entry.by in known and name not in classify.grouping(entry.by).groups:
            groups = classify.grouping(entry.by).groups
            complain(key, repr(name), f"a group of {entry.by}", groups)


def _wanted(entry: MakeOrBuyEntry) -> str:
    return (
        f"service_input_coefficient with grouping={entry.services} and by={entry.buyers}, and "
        f"account with of=output, of={entry.labour}, of={entry.work} and by={entry.by}"
    )


def _given(entry: MakeOrBuyEntry, complain: Complaint) -> dict[str, ParameterEntry]:
    """The parameters of the study file, each of a known name, with a number in its range."""
    from servio.simulate import MakeOrBuy

    known = MakeOrBuy.assumed().parameters()
    found = {}
    for name, written in entry.parameters.items():
        if name not in known:
            complain(name, repr(name), "a parameter of the model", list(known))
        try:
            one = msgspec.convert(written, ParameterEntry)
        except msgspec.ValidationError as error:
            what, _, at = str(error).partition(" - at ")
            words = f"{at.strip('`').removeprefix('$.')}: {what}" if at else what
            complain(name, words.replace("`", ""), "value, unit and source; low and high at "
                     "will", ())  # fmt: skip
        _check_one(name, one, known[name], complain)
        found[name] = one
    return found


def _check_one(name: str, one: ParameterEntry, known: Parameter, complain: Complaint) -> None:
    low, high = _range(one, known)
    if not one.source.strip():
        complain(name, "an empty source", 'what it rests on, such as "assumed"', ())
    if not known.low <= low <= high <= known.high:
        complain(name, f"low {low:g}, high {high:g}",
                 f"a range inside {known.low:g} to {known.high:g}", ())  # fmt: skip
    if not (math.isfinite(one.value) and low <= one.value <= high):
        complain(name, f"value {one.value:g}", f"a number from {low:g} to {high:g}", ())
    if name == "scale" and one.value == 0:
        complain(name, "value 0", "a scale above 0", ())
    money, per, rest = one.unit.rpartition("/")
    if known.unit.startswith(MONEY):
        fits = bool(money) and per + rest == known.unit.removeprefix(MONEY)
    else:
        fits = one.unit == known.unit
    if not fits:
        complain(name, f"unit {one.unit!r}", f"{known.unit}; money is that of the tables", ())


def _money(given: Mapping[str, ParameterEntry], complain: Complaint) -> str:
    """The money the parameters are in, which is one."""
    moneys = {name: _money_of(one) for name, one in given.items() if _money_of(one)}
    kinds = list(dict.fromkeys(moneys.values()))
    if len(kinds) > 1:
        name = next(name for name, money in moneys.items() if money == kinds[1])
        complain(name, f"unit {given[name].unit!r}", f"the money of the others, {kinds[0]}", ())
    return kinds[0] if kinds else MONEY


def _money_of(one: ParameterEntry) -> str:
    money = one.unit.rpartition("/")[0]
    return "" if money in (MONEY, "unit") else money


def _range(one: ParameterEntry, known: Parameter) -> tuple[float, float]:
    low = known.low if one.low is None else one.low
    return low, known.high if one.high is None else one.high


def _firm(
    given: Mapping[str, ParameterEntry], money: str, origin: str = "assumed", **totals: Any
) -> MakeOrBuy:
    """The model: what is given, then what the totals tell, then what is assumed."""
    from servio.simulate import MakeOrBuy, Parameter, make_or_buy_from_totals

    known = MakeOrBuy.assumed().parameters()
    parameters = {}
    for name, one in given.items():
        unit = one.unit
        if unit.startswith(f"{MONEY}/"):
            unit = money + unit.removeprefix(MONEY)
        parameters[name] = Parameter(one.value, unit, *_range(one, known[name]), one.source)
    return make_or_buy_from_totals(origin, money=money, given=parameters, **totals)


# -- calibration from results ----------------------------------------------------------------------


def _measures(calls: Sequence[Call], name: str, **options: str) -> bool:
    return any(call.name == name and all(call.option(k) == v for k, v in options.items())
               for call in calls)  # fmt: skip


def _coefficient(entry: MakeOrBuyEntry) -> dict[str, str]:
    return {"grouping": entry.services, "by": entry.buyers, "origin": "total", "total": "false"}


def _tells_scale(entry: MakeOrBuyEntry, calls: Sequence[Call]) -> bool:
    output = _measures(calls, "account", of="output", by=entry.by)
    return output and _measures(calls, "service_input_coefficient", **_coefficient(entry))


def _tells_cost(entry: MakeOrBuyEntry, calls: Sequence[Call]) -> bool:
    there = [_measures(calls, "account", of=of, by=entry.by)
             for of in (entry.labour, entry.work)]  # fmt: skip
    made = [_measures(calls, "account", of=of, by=entry.by) for of in (entry.output, "output")]
    return all(there) and any(made)


class _Accounts:
    """Results of ``account`` and of the coefficient, by source, country and year."""

    def __init__(self, entry: MakeOrBuyEntry, calls: Sequence[Call], results: Reader) -> None:
        import pandas as pd

        self.entry = entry
        frames = []
        for of in dict.fromkeys(("output", entry.output, entry.labour, entry.work)):
            if _measures(calls, "account", of=of, by=entry.by):
                rows = results("account", of=of, by=entry.by)
                rows = rows[rows["industry"].isin((entry.buyers, entry.services))]
                frames.append(rows.assign(what=of))
        if _tells_scale(entry, calls):
            rows = results("service_input_coefficient", **_coefficient(entry))
            frames.append(rows.assign(what="coefficient", industry=entry.buyers))
        rows = pd.concat(frames, ignore_index=True)
        rows["year"] = rows["year"].fillna(0).astype(int)
        self.rows = rows.dropna(subset=["value"])

    def cells(self, countries: Sequence[str] | None) -> Iterator[tuple[str, str, int]]:
        """Source, country and year of each model: a country's last year, or that of the entry."""
        for (source, country), part in self.rows.groupby(["source", "country"], sort=False):
            if countries and country not in countries:
                continue
            years = part["year"]
            if self.entry.year is None:
                yield str(source), str(country), int(years.max())
            elif (years == self.entry.year).any():
                yield str(source), str(country), self.entry.year

    def totals(self, source: str, country: str, year: int) -> tuple[str, dict[str, Any], list[str]]:
        """Money of the table, what `make_or_buy_from_totals` takes, and what can't be told."""
        entry = self.entry
        at = self.rows
        at = at[(at["source"] == source) & (at["country"] == country) & (at["year"] == year)]
        cells = {(r.what, r.industry): (float(r.value), str(r.unit)) for r in at.itertuples()}
        found: dict[str, Any] = {"names": (entry.buyers, entry.services, entry.labour, entry.work),
                                 "firms": entry.firms.get(country)}  # fmt: skip
        lacking = []
        output = cells.get(("output", entry.buyers))
        money = output[1] if output else MONEY
        share = cells.get(("coefficient", entry.buyers))
        if output and share:
            found["purchases"] = share[0] * output[0]
        else:
            lacking.append("scale: no output or no service_input_coefficient of the buyers")
        pairs = [[cells.get((what, who)) for who in (entry.buyers, entry.services)]
                 for what in (entry.labour, entry.work)]  # fmt: skip
        if any(cell is None for pair in pairs for cell in pair):
            lacking.append(f"own_cost: no {entry.labour} or {entry.work}")
            return money, found, lacking
        (pay_m, pay_s), (work_m, work_s) = pairs
        made = [cells.get((what, entry.services)) for what in ("output", entry.output)]
        fitting = [cell for cell in made if cell and pay_s and cell[1] == pay_s[1]]
        if not fitting:
            lacking.append(f"own_cost: no output of {entry.services} in the unit of {entry.labour}")
        elif pay_m and pay_s and work_m and work_s:
            found |= {"output": fitting[0][0], "pay": (pay_m[0], pay_s[0]),
                      "work": (work_m[0], work_s[0])}  # fmt: skip
        return money, found, lacking


# -- models ----------------------------------------------------------------------------------------


def make_or_buy(
    entry: MakeOrBuyEntry | None,
    calls: Sequence[Call],
    focus: Sequence[str],
    place: Place,
    results: Reader,
    folder: Path,
) -> tuple[tuple[str, ...], tuple[dict[str, Any], ...]]:
    """Compute a model for each country and write its parameters, results and surface.

    What can't be calibrated is assumed, with a row for ``problems.parquet`` that says why.

    Returns
    -------
    (tuple of str, tuple of mappings)
        Those of `FILES` that were written, and the problems.
    """
    if entry is None:
        return (), ()
    import pandas as pd

    given = _given(entry, place.complain(PARAMETERS))
    problems: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    surfaces: list[pandas.DataFrame] = []
    with threadpool_limits(1):
        for head, firm in _firms(entry, given, calls, focus, place, results, problems):
            try:
                surface = firm.surface()
            except ServioError as error:
                problems.append(_problem(KEY, _said(error), head["source"], head["country"]))
                continue
            rows += [head | row for row in _rows(firm, set(given))]
            surfaces.append(_surface(surface, head))
    if not rows:
        return (), tuple(problems)
    _write(pd.DataFrame(rows), folder / MODEL)
    _write(pd.concat(surfaces, ignore_index=True), folder / BREAK_EVEN)
    return FILES, tuple(problems)


def _firms(
    entry: MakeOrBuyEntry,
    given: Mapping[str, ParameterEntry],
    calls: Sequence[Call],
    focus: Sequence[str],
    place: Place,
    results: Reader,
    problems: list[dict[str, Any]],
) -> Iterator[tuple[dict[str, Any], MakeOrBuy]]:
    """Each country's model, or the one that no table is behind, and what it is of."""
    money = _money(given, place.complain(PARAMETERS))
    if not entry.calibrate:
        yield {"source": "", "country": "", "year": 0}, _firm(given, money)
        return
    accounts = _Accounts(entry, calls, results)
    wanted = tuple(entry.countries or focus)
    seen = list(accounts.cells(wanted))
    for country in sorted({*wanted, *entry.firms} - {country for _, country, _ in seen}):
        problems.append(_problem(KEY, "no results of this country and year", "", country))
    for source, country, year in seen:
        own, totals, lacking = accounts.totals(source, country, year)
        problems += [_problem(KEY, f"{text}; it is assumed", source, country) for text in lacking]
        if money not in (MONEY, own):
            text = f"parameters are in {money}; expected {own}, the money of the table"
            problems.append(_problem(KEY, text, source, country))
            continue
        origin = " ".join(str(part) for part in (source, country, year or "") if part)
        try:
            firm = _firm(given, own, origin, **totals)
        except ServioError as error:
            problems.append(_problem(KEY, _said(error), source, country))
            continue
        yield {"source": source, "country": country, "year": year}, firm


def _rows(firm: MakeOrBuy, given: set[str]) -> Iterator[dict[str, Any]]:
    """A row a parameter with what it does, and a row a result."""
    effects = {effect.parameter: effect for effect in firm.effects()}
    for name, parameter in firm.parameters().items():
        origin = GIVEN if name in given else _origin(parameter)
        row = {
            "name": name, "origin": origin, "value": parameter.value, "unit": parameter.unit,
            "low": parameter.low, "high": parameter.high, "basis": parameter.source,
            "on_threshold": effects[name].on_threshold, "on_saving": effects[name].on_saving,
        }  # fmt: skip
        for end in ("low", "high"):
            row[f"threshold_{end}"], row[f"regime_{end}"] = _at(firm, name, getattr(parameter, end))
        yield row | {"regime": firm.regime}
    results = {
        "transaction_cost": (firm.transaction_cost, firm.price.unit),
        "disadvantage": (firm.disadvantage, firm.price.unit),
        "threshold": (firm.threshold, firm.scale.unit),
        "saving": (firm.saving, firm.fixed_cost.unit),
    }
    for name, (value, unit) in results.items():
        yield {
            "name": name, "origin": RESULT, "value": value, "unit": unit, "low": math.nan,
            "high": math.nan, "basis": "", "on_threshold": math.nan, "on_saving": math.nan,
            "threshold_low": math.nan, "regime_low": "", "threshold_high": math.nan,
            "regime_high": "", "regime": firm.regime,
        }  # fmt: skip


def _origin(parameter: Parameter) -> str:
    if parameter.source == ASSUMED:
        return ASSUMED
    return DEFINED if parameter.source.startswith("by definition") else CALIBRATED


def _at(firm: MakeOrBuy, name: str, value: float) -> tuple[float, str]:
    """Break-even scale and regime with a parameter at an end of its range; none if it has none."""
    if not math.isfinite(value):
        return math.nan, ""
    try:
        moved = firm.with_values(**{name: value})
    except ServioError:
        return math.nan, "transaction cost below 0"
    return moved.threshold, moved.regime


def _surface(surface: BreakEven, head: Mapping[str, Any]) -> pandas.DataFrame:
    """Saving over scale and specificity, with the specificity that breaks even at each scale."""
    frame = surface.to_frame()
    border = dict(zip(surface.scales.tolist(), surface.border.tolist(), strict=True))
    frame["border"] = frame["scale"].map(border)
    frame["unit"] = f"{surface.money}/year"
    for place, (key, value) in enumerate(head.items()):
        frame.insert(place, key, value)
    return frame
