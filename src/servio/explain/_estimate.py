"""What an estimator returns: numbers with the sample and the choices they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import LabelError, NumericalError, UsageError

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
        ``F``, ``chi2``, ``t`` or ``normal``.
    df : tuple of float
        Degrees of freedom of the distribution.
    p_value : float
    hypothesis : str
    notes : tuple of str
        Warnings that belong to the number.
    """

    statistic: float
    distribution: str
    df: tuple[float, ...]
    p_value: float
    hypothesis: str
    notes: tuple[str, ...] = ()


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
    effective : mapping of str to float
        Term to the number of clusters of one size that its error rests on; empty without clusters.
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
    effective: Mapping[str, float] = field(default_factory=dict)

    @property
    def std_errors(self) -> Array:
        """Square roots of the variances, shape (k,)."""
        errors: Array = np.sqrt(np.diag(self.covariance))
        return errors

    @property
    def t_values(self) -> Array:
        """Coefficients over standard errors, shape (k,); NaN where an error is zero.

        A perfect fit leaves no error to compare with: its infinite t values are not evidence.
        """
        errors = self.std_errors
        values: Array = np.full(len(errors), np.nan)
        np.divide(self.coefficients, errors, out=values, where=errors > 0)
        return values

    @property
    def p_values(self) -> Array:
        """Two-sided, of the t distribution with `df`, shape (k,)."""
        values: Array = 2 * scipy.stats.t.sf(np.abs(self.t_values), self.df)
        return values

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """Lower and upper ends of the confidence intervals."""
        half = self._quantile(level) * self.std_errors
        return self.coefficients - half, self.coefficients + half

    def _quantile(self, level: float) -> float:
        if not 0 < level < 1:
            raise UsageError(f"estimate {self.name}, level", found=f"{level:g}",
                             expected="a number between 0 and 1", remedy="Such as 0.95.",
                             )  # fmt: skip
        return float(scipy.stats.t.ppf((1 + level) / 2, self.df))

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
        half = self._quantile(level) * error
        return value, error, value - half, value + half

    def joint(self, terms: Sequence[str]) -> Joint:
        """Wald test that all the coefficients named are zero, as F with (q, df).

        Raises
        ------
        UsageError
            No term.
        NumericalError
            The covariance of these coefficients is singular: more of them than `df`, such as
            clusters less one, or a perfect fit.
        """
        if not terms:
            raise UsageError(f"estimate {self.name}, joint test", found="no term",
                             expected="at least one",
                             remedy=f"Terms are {', '.join(self.terms)}.")  # fmt: skip
        places = [self.position(term) for term in terms]
        b = self.coefficients[places]
        q = len(places)
        block = self.covariance[np.ix_(places, places)]
        if q > self.df or np.linalg.matrix_rank(_correlation(block), hermitian=True) < q:
            raise NumericalError(
                f"estimate {self.name}, joint test of {q} terms",
                found="a singular covariance",
                expected=f"at most {self.df:g} terms that do not determine each other",
                remedy="Test fewer terms together, or choose a covariance with more clusters.",
            )
        wald = float(b @ np.linalg.solve(block, b)) / q
        finite = np.isfinite(self.df)
        p_value = scipy.stats.f.sf(wald, q, self.df) if finite else scipy.stats.chi2.sf(q * wald, q)
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

    def summary(self, level: float = 0.95) -> str:
        """A table of the coefficients, and what they rest on, as plain text.

        Examples
        --------
        >>> import numpy as np
        >>> found = Estimate("main", "y ~ x", "least squares", ("x",), np.array([1.3]),
        ...                  np.array([[0.04]]), "iid", df=3.0, n=5, statistics={"r2": 0.8})
        >>> print(found.summary())
        main: least squares
        y ~ x
        <BLANKLINE>
             estimate  std. error     t      p  95 % interval
        x      1.3000      0.2000  6.50  0.007  [0.6635, 1.9365]
        <BLANKLINE>
        errors      iid
        rows        5
        r2          0.8000
        """
        title = f"{self.name}: {self.method}" if self.name != self.formula else self.method
        lines = [title, self.formula]
        if self.synthetic:
            lines.append("data generated, not observed")
        lines += ["", *self._table(level), ""]
        facts = {"errors": self.vcov, "rows": self.sample or f"{self.n:,}"}
        facts |= {f"levels of {name}": f"{count:,}" for name, count in self.groups.items()}
        facts |= {name: _short(value) for name, value in self.statistics.items()}
        width = max([10, *(len(name) for name in facts)]) + 2
        lines += [f"{name:<{width}}{fact}" for name, fact in facts.items()]
        lines += [f"left out: {count:,} rows, {reason}" for reason, count in self.dropped.items()]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _table(self, level: float) -> list[str]:
        lower, upper = self.interval(level)
        known = np.isfinite(self.t_values)
        rows = [("", "estimate", "std. error", "t", "p", f"{100 * level:g} % interval")]
        for j, term in enumerate(self.terms):
            p = self.p_values[j]
            rows.append(
                (
                    term,
                    _short(self.coefficients[j]),
                    _short(self.std_errors[j]),
                    f"{self.t_values[j]:.2f}" if known[j] else "–",
                    ("<0.001" if p < 0.001 else f"{p:.3f}") if known[j] else "–",
                    f"[{_short(lower[j])}, {_short(upper[j])}]" if known[j] else "–",
                )
            )
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        return [
            "  ".join(
                [f"{row[0]:<{widths[0]}}"]
                + [f"{row[column]:>{widths[column]}}" for column in range(1, 5)]
                + [row[5]]
            )
            for row in rows
        ]

    def plot(self, level: float = 0.95, terms: Sequence[str] | None = None) -> dict[str, Any]:
        """Coefficients with their intervals, as a Vega-Lite chart in plain data.

        Parameters
        ----------
        level : float
        terms : sequence of str, optional
            Which, in this order; all but the intercept by default.

        Examples
        --------
        >>> import numpy as np
        >>> found = Estimate("main", "y ~ x", "least squares", ("x",), np.array([1.3]),
        ...                  np.array([[0.04]]), "iid", df=3.0, n=5)
        >>> found.plot()["data"]["values"][0]["term"]
        'x'
        """
        chosen = [t for t in self.terms if t != "(Intercept)"] if terms is None else list(terms)
        lower, upper = self.interval(level)
        places = [self.position(term) for term in chosen]
        values = [
            {
                "term": self.terms[j],
                "estimate": float(self.coefficients[j]),
                "lower": float(lower[j]),
                "upper": float(upper[j]),
            }
            for j in places
        ]
        y = {"field": "term", "type": "nominal", "sort": chosen, "title": None}
        shown = [
            {"field": name, "type": "quantitative" if name != "term" else "nominal"}
            for name in ("term", "estimate", "lower", "upper")
        ]
        interval = {"x": {"field": "lower", "type": "quantitative"}, "x2": {"field": "upper"}}
        point = {
            "x": {
                "field": "estimate",
                "type": "quantitative",
                "title": f"coefficient and {100 * level:g} % interval",
            }
        }
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "title": {"text": self.name, "subtitle": [self.method, self.vcov]},
            "data": {"values": values},
            "layer": [
                {
                    "mark": {"type": "rule", "strokeDash": [4, 4], "color": "gray"},
                    "encoding": {"x": {"datum": 0, "type": "quantitative"}},
                },
                {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": {"y": y, **interval}},
                {
                    "mark": {"type": "point", "filled": True, "size": 60},
                    "encoding": {"y": y, **point, "tooltip": shown},
                },
            ],
        }

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


def _correlation(V: Array) -> Array:
    sizes = np.sqrt(np.diag(V))
    scale = np.outer(sizes, sizes)
    found: Array = np.divide(V, scale, out=np.zeros_like(V), where=scale > 0)
    return found


def _short(value: float) -> str:
    """Four decimals, or four digits of what is very large or small."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:,.4f}"
    return f"{value:.3e}"
