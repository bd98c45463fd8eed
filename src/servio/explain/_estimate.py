"""What an estimator returns: numbers with the sample and the choices they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from servio.errors import LabelError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Estimate", "Joint"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Joint:
    """A test of several restrictions at once.

    Parameters
    ----------
    statistic : float
    distribution : str
        ``F`` or ``chi2``.
    df : tuple of float
        Degrees of freedom of the distribution.
    p_value : float
    hypothesis : str
    """

    statistic: float
    distribution: str
    df: tuple[float, ...]
    p_value: float
    hypothesis: str


@dataclass(frozen=True, eq=False)
class Estimate:
    """Coefficients with their covariance, and everything needed to judge and repeat them.

    Parameters
    ----------
    name : str
        Short name for tables and plots.
    formula : str
        As the user wrote it.
    method : str
        Such as ``within (country:industry, year)``, ``2SLS``, ``random effects (Swamy-Arora)``.
    terms : tuple of str
    coefficients : array (k,)
    covariance : array (k, k)
    vcov : str
        Kind of covariance and its small-sample correction, in words.
    df : float
        Degrees of freedom of the t distribution used for intervals; ``inf`` for the normal one.
    n : int
        Rows used.
    statistics : mapping of str to float
        ``r2``, ``r2_within``, ``sigma``, ``condition`` and what the method adds.
    groups : mapping of str to int
        Number of levels of each fixed effect and cluster.
    sample : str
        Which rows, in words.
    dropped : mapping of str to int
        Reason to number of rows left out.
    notes : tuple of str
        Warnings that belong to the number.
    synthetic : bool
        Whether the data were generated.
    """

    name: str
    formula: str
    method: str
    terms: tuple[str, ...]
    coefficients: Array
    covariance: Array
    vcov: str
    df: float
    n: int
    statistics: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)
    sample: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    synthetic: bool = False

    @property
    def std_errors(self) -> Array:
        """Square roots of the variances, shape (k,)."""
        errors: Array = np.sqrt(np.diag(self.covariance))
        return errors

    @property
    def t_values(self) -> Array:
        """Coefficients over standard errors, shape (k,)."""
        values: Array = self.coefficients / self.std_errors
        return values

    @property
    def p_values(self) -> Array:
        """Two-sided, of the t distribution with `df`, shape (k,)."""
        values: Array = 2 * stats.t.sf(np.abs(self.t_values), self.df)
        return values

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """Lower and upper ends of the confidence intervals."""
        half = stats.t.ppf((1 + level) / 2, self.df) * self.std_errors
        return self.coefficients - half, self.coefficients + half

    def position(self, term: str) -> int:
        """Position of a term; raises with the known ones."""
        if term not in self.terms:
            raise LabelError(
                f"estimate {self.name}, term",
                found=repr(term),
                expected=f"one of {', '.join(self.terms)}",
                remedy="Choose a term of the estimate.",
            )
        return self.terms.index(term)

    def combination(
        self, weights: Mapping[str, float], level: float = 0.95
    ) -> tuple[float, float, float, float]:
        """A weighted sum of coefficients: estimate, standard error, lower and upper end."""
        w = np.zeros(len(self.terms))
        for term, weight in weights.items():
            w[self.position(term)] = weight
        value = float(w @ self.coefficients)
        error = float(np.sqrt(w @ self.covariance @ w))
        half = float(stats.t.ppf((1 + level) / 2, self.df)) * error
        return value, error, value - half, value + half

    def joint(self, terms: Sequence[str]) -> Joint:
        """Wald test that all the coefficients named are zero, as F with (q, df)."""
        places = [self.position(term) for term in terms]
        b = self.coefficients[places]
        q = len(places)
        wald = float(b @ np.linalg.solve(self.covariance[np.ix_(places, places)], b)) / q
        finite = np.isfinite(self.df)
        p_value = stats.f.sf(wald, q, self.df) if finite else stats.chi2.sf(q * wald, q)
        return Joint(wald, "F", (q, self.df), float(p_value), " = ".join([*terms, "0"]))

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """One row a term: estimate, std_error, t, p, lower, upper."""
        import pandas as pd

        lower, upper = self.interval(level)
        return pd.DataFrame(
            {
                "term": self.terms,
                "estimate": self.coefficients,
                "std_error": self.std_errors,
                "t": self.t_values,
                "p": self.p_values,
                "lower": lower,
                "upper": upper,
            }
        )

    def record(self) -> dict[str, Any]:
        """The estimate as plain data, for a JSON file; `from_record` gives it back."""
        found = asdict(self)
        found["coefficients"] = self.coefficients.tolist()
        found["covariance"] = self.covariance.tolist()
        found["df"] = None if np.isinf(self.df) else self.df
        return found

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Estimate:
        """An estimate from `record`."""
        given = dict(record)
        for name in ("coefficients", "covariance"):
            given[name] = np.asarray(given[name], dtype=np.float64)
        for name in ("terms", "notes"):
            given[name] = tuple(given[name])
        given["df"] = np.inf if given["df"] is None else given["df"]
        return cls(**given)
