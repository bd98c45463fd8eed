"""What a table could be as well: cells drawn about the published ones, balanced again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from servio import algebra
from servio.errors import NumericalError, UsageError
from servio.table.iotable import IOTable

__all__ = ["Noise", "cell_errors", "cells", "perturbed"]

Array = npt.NDArray[np.float64]
CLASSES = ("domestic", "imported", "final_demand", "value_added")
LARGEST = 1.0
"""Relative standard errors that grow as cells get smaller stop here: a cell as uncertain as it
is large."""


@dataclass(frozen=True)
class Noise:
    """How uncertain the cells of a table are: relative standard errors by class of cell.

    An assumption of the user's: publishers rarely say. Errors of cells are independent and
    lognormal with mean one, so that zeros stay zero and signs stay.

    Parameters
    ----------
    domestic : float
        Flows between industries of one country; 0.1 is 10 % of each cell.
    imported : float
        Flows between countries, imports by product, or rows and columns of imports.
    final_demand : float
        Final demand, imported too.
    value_added : float
        Primary inputs: value added, taxes, margins.
    output : float
        Totals of output. With 0 they hold as published; otherwise row and column of an industry
        move together, and the totals of all other rows and columns still hold.
    falls : float
        Exponent b of ``sd = a (|z| / mean |z|)^-b``, with the mean over the cells of the class
        and sd at most 1: large cells are better known. 0 for none.

    Raises
    ------
    UsageError
        A number is negative or not finite.

    Notes
    -----
    Source of the power law of cell size: Lenzen, M., Wood, R. and Wiedmann, T. (2010),
    Uncertainty analysis for multi-region input-output models, Economic Systems Research 22,
    43-63 [not re-read].

    Examples
    --------
    >>> Noise.all_cells(0.1, imported=0.2).text
    'domestic:0.1;imported:0.2;final_demand:0.1;value_added:0.1'
    """

    domestic: float = 0.0
    imported: float = 0.0
    final_demand: float = 0.0
    value_added: float = 0.0
    output: float = 0.0
    falls: float = 0.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if not (isinstance(value, int | float) and 0 <= value < np.inf):
                raise _refuse(one.name, repr(value), "a number from 0")

    @classmethod
    def all_cells(cls, sd: float, **others: float) -> Noise:
        """The same relative standard error in every class of cells, but for those given."""
        return cls(**{**dict.fromkeys(CLASSES, sd), **others})

    @classmethod
    def parse(cls, pairs: Iterable[tuple[str, str]]) -> Noise:
        """Noise from command-line text; the class ``all`` stands for every class of cells."""
        given = {name: _number(name, text) for name, text in pairs}
        known = {one.name for one in fields(cls)}
        for name in given:
            if name not in known | {"all"}:
                raise _refuse(name, "an unknown class", ", ".join(["all", *sorted(known)]))
        every = given.pop("all", 0.0)
        return cls.all_cells(every, **given)

    @property
    def text(self) -> str:
        """The classes with noise in one word, such as ``domestic:0.1;imported:0.2``."""
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        return ";".join(f"{name}:{value:g}" for name, value in given.items() if value) or "none"

    @property
    def is_none(self) -> bool:
        """No cell and no total moves."""
        return not any(getattr(self, name) for name in (*CLASSES, "output"))


def perturbed(
    table: IOTable, noise: Noise, *, seed: int, draw: int = 0, stream: int = 0
) -> IOTable:
    """One draw of a table: every cell times its error, then balanced to the published totals.

    Totals that hold are the sums of the published rows and columns: supply of each product at
    home and from abroad, costs of each industry, each category of final demand, each primary
    input. What the published table leaves unbalanced stays as it is. With ``noise.output`` the
    totals of industries are drawn too.

    Parameters
    ----------
    table : IOTable
    noise : Noise
    seed : int
        Start of the random numbers of all draws.
    draw, stream : int
        Draw k is child k of ``numpy.random.SeedSequence(seed)``, stream s its child s (other
        tables of the same draw), whatever else is drawn and in which order. Noise of other
        sizes has the same random numbers.

    Returns
    -------
    IOTable
        Same labels; outputs as published unless ``noise.output``. Satellites are not drawn.

    Raises
    ------
    NumericalError
        The draw could not be balanced.

    Notes
    -----
    Identity: row and column gaps are those of the published table, to 1e-12 of all flows. No
    noise gives the published numbers exactly. Balancing is `servio.algebra.gras`: RAS that keeps
    signs. It takes back part of the error, so that cells are better known than `noise` alone
    says.

    Examples
    --------
    >>> table = IOTable.from_flows([[150, 500], [200, 100]], x=[1000, 2000], codes=("1", "2"))
    >>> drawn = perturbed(table, Noise.all_cells(0.1), seed=1)
    >>> drawn.Z.round().tolist()
    [[163.0, 481.0], [211.0, 95.0]]
    >>> bool(abs(drawn.Z.sum(axis=0) + drawn.V.sum(axis=0) - table.x).max() < 1e-8)
    True
    """
    if noise.is_none:
        return table
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(draw, stream)))
    published = cells(table)
    drawn = published * _factors(rng, cell_errors(table, noise))
    shift = table.x * (_factors(rng, np.full(len(table), noise.output)) - 1.0)
    rows, columns = published.sum(axis=1), published.sum(axis=0)
    rows[: len(table)] += shift
    columns[: len(table)] += shift
    try:
        balanced = algebra.gras(drawn, rows, columns).matrix
    except NumericalError as error:
        raise NumericalError(
            f"{table.info.name} draw {draw} of seed {seed}",
            found=error.found,
            expected=error.expected,
            remedy="Use less noise, or another seed.",
        ) from None
    parts = _parts(table, balanced)
    parts["x"] = table.x + shift
    for part in parts.values():
        part.setflags(write=False)
    step = f"draw {draw} of seed {seed}, noise {noise.text}, balanced again"
    return replace(table, trusted=True, info=table.info.step(step), **parts)


def cells(table: IOTable) -> Array:
    """All flows of a table in one matrix.

    Rows are home products, imported products if the table has them, primary inputs; columns are
    industries, then final demand.
    """
    n, m = len(table), len(table.demand)
    blocks = [np.hstack([table.Z, table.Y])]
    if table.Zm is not None:
        blocks.append(np.hstack([table.Zm, np.zeros((n, m)) if table.Ym is None else table.Ym]))
    bought = np.zeros((len(table.primary), m)) if table.Vy is None else table.Vy
    return np.vstack([*blocks, np.hstack([table.V, bought])])


def cell_errors(table: IOTable, noise: Noise) -> Array:
    """Relative standard error of each cell, in the layout of `cells`."""
    kinds = _kinds(table)
    errors = np.array([getattr(noise, name) for name in CLASSES])[kinds]
    if not noise.falls:
        return errors
    size = np.abs(cells(table))
    for kind in range(len(CLASSES)):
        inside = (kinds == kind) & (size > 0)
        if inside.any():
            relative = size[inside] / size[inside].mean()
            errors[inside] = np.minimum(errors[inside] * relative**-noise.falls, LARGEST)
    return errors


def _kinds(table: IOTable) -> npt.NDArray[np.int8]:
    """Position in `CLASSES` of each cell, in the layout of `cells`."""
    n, m = len(table), len(table.demand)
    domestic, imported, final, primary = range(len(CLASSES))
    country = table.axis.country_index
    home = np.where(country[:, None] == country[None, :], domestic, imported)
    demand = np.array([imported if role == "imports" else final for role in table.demand_roles])
    bought = np.array([imported if role == "imports" else primary for role in table.primary_roles])
    blocks = [np.hstack([home, np.broadcast_to(demand, (n, m))])]
    if table.Zm is not None:
        blocks.append(np.hstack([np.full((n, n), imported), np.full((n, m), final)]))
    blocks.append(np.broadcast_to(bought[:, None], (len(bought), n + m)))
    return np.vstack(blocks).astype(np.int8)


def _factors(rng: np.random.Generator, errors: Array) -> Array:
    """Lognormal factors of mean one whose standard deviation is `errors`."""
    sigma = np.sqrt(np.log1p(errors**2))
    found: Array = np.exp(sigma * rng.standard_normal(errors.shape) - sigma**2 / 2)
    return found


def _parts(table: IOTable, matrix: Array) -> dict[str, Any]:
    n = len(table)
    found = {"Z": matrix[:n, :n], "Y": matrix[:n, n:]}
    if table.Zm is not None:
        found["Zm"] = matrix[n : 2 * n, :n]
        if table.Ym is not None:
            found["Ym"] = matrix[n : 2 * n, n:]
    first = len(matrix) - len(table.primary)
    found["V"] = matrix[first:, :n]
    if table.Vy is not None:
        found["Vy"] = matrix[first:, n:]
    return {name: np.ascontiguousarray(part) for name, part in found.items()}


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _refuse(name, repr(text), "a number such as 0.1") from None


def _refuse(name: str, found: str, expected: str) -> UsageError:
    known = ", ".join((*CLASSES, "output", "falls"))
    return UsageError(
        f"noise {name}", found=found, expected=expected, remedy=f"Give CLASS=SD, with {known}."
    )
