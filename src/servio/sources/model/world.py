"""The model world: tables of any year from a plan, and what was planted in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from servio.errors import ResourceError, UsageError
from servio.sources.model import balance
from servio.sources.model.industries import Industries, industries_of
from servio.sources.model.parameters import ModelParameters, check_size
from servio.sources.model.plan import DEMAND, Plan, make_plan
from servio.sources.model.truth import Truth, truth_of
from servio.table import Axis, Bundle, IOTable, Note, TableInfo

__all__ = ["MODEL_VERSION", "ModelWorld", "model_world"]

MODEL_VERSION = "1"

Array = npt.NDArray[np.float64]
_PRIMARY = ("taxes less subsidies on products", "compensation of employees",
            "gross operating surplus")  # fmt: skip
_PRIMARY_ROLES = ("taxes", "value_added", "value_added")
_TITLES = ("Households", "Government", "Investment", "Changes in inventories")
_MOST_BYTES = 8 * 2**30


@dataclass(frozen=True)
class ModelWorld:
    """A synthetic world of economies over years, with what was planted in it.

    Make one with `model_world`. Tables are built when asked for.

    Parameters
    ----------
    seed : int
    countries : tuple of str
        Codes in order of size.
    industries : tuple of str
    years : tuple of int
    parameters : ModelParameters
    """

    seed: int
    countries: tuple[str, ...]
    industries: tuple[str, ...]
    years: tuple[int, ...]
    parameters: ModelParameters

    @cached_property
    def truth(self) -> Truth:
        """What was planted, as labelled tables."""
        return truth_of(self._plan, self.countries, self._industries, self.parameters)

    def table(self, year: int) -> IOTable:
        """The inter-country table of one year."""
        return self._bundle((year,)).table(0)

    def tables(self) -> Iterator[IOTable]:
        """The tables of all years, one after the other."""
        return (self.table(year) for year in self.years)

    def bundle(self) -> Bundle:
        """The tables of all years, stacked.

        Raises
        ------
        ResourceError
            They need more than 8 GiB; `table` makes them one by one.
        """
        return self._bundle(self.years)

    @cached_property
    def _industries(self) -> Industries:
        return industries_of(len(self.industries))

    @cached_property
    def _plan(self) -> Plan:
        c, n, t = len(self.countries), len(self.industries), len(self.years)
        _refuse_too_large(4 * 8 * t * c * n * n)
        return make_plan(self.seed, c, self._industries, t, self.parameters)

    @cached_property
    def _axes(self) -> tuple[Axis, Axis]:
        return (
            Axis.world(self.countries, self.industries, self._industries.titles),
            Axis.world(self.countries, DEMAND, _TITLES),
        )

    def _bundle(self, years: tuple[int, ...]) -> Bundle:
        positions = [self._position(year) for year in years]
        axis, demand = self._axes
        n = len(axis)
        _refuse_too_large(len(years) * n * n * 8)
        arrays = {
            "Z": np.empty((len(years), n, n)),
            "Y": np.empty((len(years), n, len(demand))),
            "V": np.empty((len(years), len(_PRIMARY), n)),
            "x": np.empty((len(years), n)),
        }
        for k, t in enumerate(positions):
            _fill(self._plan, t, {name: array[k] for name, array in arrays.items()})
        satellites = {
            name: (unit, values[positions].reshape(len(years), n))
            for name, (unit, values) in self._plan.satellites.items()
        }
        for array in (*arrays.values(), *(values for _, values in satellites.values())):
            array.setflags(write=False)
        return Bundle(
            axis,
            demand,
            DEMAND * len(self.countries),
            _PRIMARY,
            _PRIMARY_ROLES,
            tuple(self._info(year) for year in years),
            arrays,
            satellites,
            self._industries.members,
            checked=True,
        )

    def _position(self, year: int) -> int:
        if year not in self.years:
            raise UsageError(
                "model world, year",
                found=str(year),
                expected=f"a year from {self.years[0]} to {self.years[-1]}",
                remedy="Ask for one of its years, or make a world with more.",
            )
        return self.years.index(year)

    def _info(self, year: int) -> TableInfo:
        size = f"{len(self.countries)} economies, {len(self.industries)} industries"
        return TableInfo(
            "model",
            year=year,
            country="WORLD",
            flows="world",
            title=f"SYNTHETIC model world: {size}, seed {self.seed}",
            edition=MODEL_VERSION,
            currency="model USD",
            unit="million",
            prices="current",
            valuation="basic",
            kind="industry-by-industry",
            classification=self._industries.classification,
            input_sha256=self._recipe_sha256,
            licence="same as servio",
            synthetic=True,
            notes=(Note("synthetic", "Generated data: they say nothing about any real economy."),),
        )

    @cached_property
    def _recipe_sha256(self) -> str:
        recipe = (MODEL_VERSION, self.seed, self.countries, self.industries, self.years,
                  asdict(self.parameters))  # fmt: skip
        return hashlib.sha256(repr(recipe).encode()).hexdigest()


def model_world(
    seed: int = 0,
    *,
    countries: int = 12,
    industries: int = 30,
    years: int = 16,
    start: int = 2000,
    noise: float = 1.0,
    **parameters: float,
) -> ModelWorld:
    """Make a synthetic world whose tables balance and whose truths are known.

    The same arguments give the same numbers to the last bit, whatever the number of threads.

    Parameters
    ----------
    seed : int
        Start of the random numbers.
    countries, industries, years : int
        Size: 2 to 300, 8 to 500, 1 to 200. Thirty industries carry the codes of ``model30``, 56
        those of ``isic4_wiod56``; other sizes are numbered parts of ``model30``, or some of it.
    start : int
        First year.
    noise : float
        Multiple of the standard deviations of the noise; 0 for none.
    **parameters : float
        Other fields of `ModelParameters`, such as ``trend=0``.

    Returns
    -------
    ModelWorld

    Raises
    ------
    UsageError
        An unknown parameter, or a value out of its range.
    NumericalError
        The parameters allow no balanced world.

    Notes
    -----
    Identities: ``x = Z 1 + Y 1`` and ``x' = 1'Z + 1'V``. Formulas: ``docs/model-world.md``.
    Source: servio's own construction; all parameters are assumed.

    Examples
    --------
    >>> world = model_world(seed=3, countries=4, years=5)
    >>> world.table(2004)
    <IOTable model WORLD 2004: 4 countries x 30 industries, million model USD SYNTHETIC>
    >>> world.truth["trend"].columns
    ('country', 'industry', 'share', 'slope')
    """
    sizes = {"seed": seed, "countries": countries, "industries": industries, "years": years,
             "start": start}  # fmt: skip
    sizes = {name: check_size(name, value) for name, value in sizes.items()}
    width = max(2, len(str(sizes["countries"])))
    return ModelWorld(
        sizes["seed"],
        tuple(f"M{k + 1:0{width}d}" for k in range(sizes["countries"])),
        industries_of(sizes["industries"]).codes,
        tuple(range(sizes["start"], sizes["start"] + sizes["years"])),
        ModelParameters.of({"noise": noise, **parameters}),
    )


def _fill(plan: Plan, t: int, out: dict[str, Array]) -> None:
    """Write the balanced arrays of year t."""
    x = plan.x[t]
    balance.flows(plan.recipe[t], plan.home, plan.F, plan.g[t], x, out["Z"])
    balance.final_demand(plan.spending[t], plan.home_final, plan.F, plan.g[t], out["Y"])
    output = out["Z"].sum(axis=1) + out["Y"].sum(axis=1)
    out["x"][:] = output
    tax = plan.tax.ravel() * output
    labour = (plan.labour * (1.0 - plan.inputs - plan.tax)).ravel() * output
    out["V"][:2] = tax, labour
    out["V"][2] = output - out["Z"].sum(axis=0) - tax - labour


def _refuse_too_large(size: int) -> None:
    if size > _MOST_BYTES:
        raise ResourceError(
            "model world, tables at once",
            found=f"{size / 2**30:.1f} GiB",
            expected=f"at most {_MOST_BYTES / 2**30:.0f} GiB",
            remedy="Ask for fewer years, countries or industries, or for one table at a time.",
        )
