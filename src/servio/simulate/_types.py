"""What every model has: parameters with unit, range and source, and paths over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from servio.errors import LabelError, UnitError, ValueFault

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Parameter", "Trajectory"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """A number of a model: how large, in what unit, within which range, and from where.

    Parameters
    ----------
    value : float
    unit : str
        ``1`` for a pure number.
    low, high : float
        Range in which the model has a meaning, both ends included.
    source : str
        Publication, estimate, or ``assumed``.

    Raises
    ------
    ValueFault
        The value is not a number within the range.

    Examples
    --------
    >>> rate = Parameter(0.3, "1/year", 0.0, 5.0, "assumed")
    >>> rate.expect("rate", "1/year")
    0.3
    """

    value: float
    unit: str
    low: float
    high: float
    source: str

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueFault(
                f"parameter from {self.source}", found=f"{self.value:g} {self.unit}",
                expected=f"a number from {self.low:g} to {self.high:g}",
                remedy="Correct the value or its unit.",
            )  # fmt: skip

    def expect(self, place: str, unit: str) -> float:
        """The value, if it is in `unit`.

        Raises
        ------
        UnitError
            It is in another unit; nothing is converted silently.
        """
        if self.unit != unit:
            raise UnitError(place, found=self.unit, expected=unit,
                            remedy="Give the parameter in the unit of the model.")  # fmt: skip
        return self.value


@dataclass(frozen=True, eq=False)
class Trajectory:
    """States of a model over time.

    Parameters
    ----------
    times : array (t,)
    states : array (t, n)
    names : tuple of str
        One a column of `states`.
    units : tuple of str
    conserved : mapping of str to float
        For each quantity that the equations conserve, the largest change of it on the path,
        relative to the sum of its terms' sizes: what the integration did wrong.
    notes : tuple of str
    """

    times: Array
    states: Array
    names: tuple[str, ...]
    units: tuple[str, ...]
    conserved: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of(self, name: str) -> Array:
        """Path of one variable, shape (t,).

        Raises
        ------
        LabelError
            There is no such variable.
        """
        if name not in self.names:
            raise LabelError("trajectory", found=repr(name), expected=", ".join(self.names),
                             remedy="Name a variable of the model.")  # fmt: skip
        return self.states[:, self.names.index(name)]

    def to_frame(self) -> pd.DataFrame:
        """One row a time and variable: time, variable, value, unit."""
        import pandas as pd

        t, n = self.states.shape
        return pd.DataFrame({
            "time": np.repeat(self.times, n), "variable": list(self.names) * t,
            "value": self.states.ravel(), "unit": list(self.units) * t,
        })  # fmt: skip
