"""Regression tables: estimates side by side, as frame, text, HTML and LaTeX."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from servio.errors import LabelError, UsageError
from servio.explain._estimate import Estimate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RegressionTable", "regression_table"]

Array = npt.NDArray[np.float64]

INTERCEPT = "(Intercept)"
MINUS = "\N{MINUS SIGN}"
SYNTHETIC = "SYNTHETIC DATA: generated numbers, of no real economy."
THRESHOLDS = ((0.01, "***"), (0.05, "**"), (0.1, "*"))
STATISTICS = ("r2_within", "condition")
WORDS = {"r2": "R²", "r2_within": "R² within", "r2_adjusted": "R² adjusted", "sigma": "sigma",
         "condition": "condition number", "rss": "residual sum of squares"}  # fmt: skip
LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
         "²": "$^2$", "−": "$-$", "–": "--", "×": r"$\times$", "<": r"\textless{}",
         ">": r"\textgreater{}", "|": r"\textbar{}",
         **{c: rf"\{c}" for c in "&%$#_{}"}}  # fmt: skip


@dataclass(frozen=True, eq=False)
class RegressionTable:
    """Estimates side by side: a row a term, a column an estimate, and what each rests on.

    Parameters
    ----------
    columns : tuple of str
        Names of the estimates.
    rows : tuple of str
        Labels of the terms.
    coefficients, std_errors, p_values, lower, upper : array (r, c)
        NaN where an estimate has no such term.
    facts : tuple of (str, tuple of str)
        Method, errors, sample, rows, groups and statistics: name and a text a column.
    level : float
        Of the intervals.
    stars : bool
        Whether texts mark p below 0.1, 0.05 and 0.01.
    notes : tuple of str
        Warnings that belong to a column.
    synthetic : bool
        Whether an estimate rests on generated data.
    """

    columns: tuple[str, ...]
    rows: tuple[str, ...]
    coefficients: Array
    std_errors: Array
    p_values: Array
    lower: Array
    upper: Array
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    level: float
    stars: bool
    notes: tuple[str, ...]
    synthetic: bool

    def to_frame(self) -> pd.DataFrame:
        """All digits: columns ``row``, ``quantity`` and one an estimate; facts are texts.

        Quantities are coefficient, std_error, p, lower and upper; a term that an estimate does not
        have is empty (None).
        """
        import pandas as pd

        quantities = {"coefficient": self.coefficients, "std_error": self.std_errors,
                      "p": self.p_values, "lower": self.lower, "upper": self.upper}  # fmt: skip
        cells: list[list[object]] = [
            [row, name, *(None if math.isnan(v) else float(v) for v in values[r])]
            for r, row in enumerate(self.rows)
            for name, values in quantities.items()
        ]
        cells += [[name, "", *values] for name, values in self.facts]
        if self.synthetic:
            cells.append(["data", "", *(["synthetic"] * len(self.columns))])
        names = ["row", "quantity", *self.columns]
        return pd.DataFrame(cells, columns=names, dtype=object)

    def cells(self) -> list[list[str]]:
        """The table as shown: a row of coefficients, one of errors in parentheses, the facts."""
        found: list[list[str]] = []
        for r, row in enumerate(self.rows):
            shown = [self._coefficient(r, c) for c in range(len(self.columns))]
            errors = [_in_brackets(v) for v in self.std_errors[r]]
            found += [[row, *shown], ["", *errors]]
        return found + [[name, *values] for name, values in self.facts]

    def _coefficient(self, row: int, column: int) -> str:
        value = self.coefficients[row, column]
        if math.isnan(value):
            return ""
        return digits(float(value)) + (self._mark(self.p_values[row, column]) if self.stars else "")

    @staticmethod
    def _mark(p: float) -> str:
        return next((mark for limit, mark in THRESHOLDS if p < limit), "")

    @property
    def legend(self) -> tuple[str, ...]:
        """What stands below the table."""
        marks = ["* p < 0.1, ** p < 0.05, *** p < 0.01."] if self.stars else []
        first = [SYNTHETIC] if self.synthetic else []
        return (*first, "Standard errors in parentheses.", *marks, *self.notes)

    def to_text(self) -> str:
        """The table as plain text, columns in line."""
        rows = [["", *self.columns], *self.cells()]
        widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        lines = [
            "  ".join([f"{row[0]:<{widths[0]}}",
                       *(f"{cell:>{w}}" for cell, w in zip(row[1:], widths[1:], strict=True))])
            for row in rows
        ]  # fmt: skip
        split = len(lines) - len(self.facts)
        parts = [rule, lines[0], rule, *lines[1:split], rule, *lines[split:], rule, *self.legend]
        return "\n".join(line.rstrip() for line in parts)

    def to_html(self) -> str:
        """The table as an HTML ``table`` element; every label is escaped."""
        return "\n".join([
            '<table class="regression">',
            _tr(["", *self.columns], "th", ' scope="col"', "thead"),
            "<tbody>", *(_tr(row, "td") for row in self.cells()), "</tbody>",
            f'<tfoot><tr><td colspan="{len(self.columns) + 1}">'
            f"{html.escape(' '.join(self.legend))}</td></tr></tfoot>",
            "</table>",
        ])  # fmt: skip

    def to_latex(self) -> str:
        r"""The table as a LaTeX ``tabular`` with the rules of booktabs (``\usepackage{booktabs}``).

        What stands below it follows in a ``minipage`` of the line's width.
        """
        cells = self.cells()
        split = len(cells) - len(self.facts)
        body = [_latex_row(row) for row in cells]
        mark = [f"% {SYNTHETIC}"] if self.synthetic else []
        lines = [
            *mark,
            rf"\begin{{tabular}}{{l{'r' * len(self.columns)}}}",
            r"\toprule", _latex_row(["", *self.columns]), r"\midrule",
            *body[:split], r"\midrule", *body[split:], r"\bottomrule", r"\end{tabular}", "",
            r"\begin{minipage}{\linewidth}\footnotesize",
            " ".join(escape_latex(text) for text in self.legend), r"\end{minipage}", "",
        ]  # fmt: skip
        return "\n".join(lines)


def regression_table(
    estimates: Sequence[Estimate] | Mapping[str, Estimate],
    *,
    terms: Sequence[str] | None = None,
    labels: Mapping[str, str] | None = None,
    level: float = 0.95,
    stars: bool = False,
    statistics: Sequence[str] = STATISTICS,
) -> RegressionTable:
    """Set estimates side by side: a row a term, a column a model.

    How does a coefficient change from model to model? Terms that share a label share a row, so that
    a lagged and a contemporaneous share of the same service can be compared. Below stand method,
    kind of errors in words, sample, rows, groups and the statistics asked for; a statistic that an
    estimate does not have is an empty cell.

    Parameters
    ----------
    estimates : sequence of Estimate, or mapping of str to Estimate
        The names of a mapping head the columns.
    terms : sequence of str, optional
        Terms or labels to show, in this order; all but the intercept by default.
    labels : mapping of str to str, optional
        Term to the label of its row.
    level : float
        Of the intervals in `RegressionTable.to_frame`.
    stars : bool
        Mark p values; off by default, since a threshold says less than the interval.
    statistics : sequence of str
        Names in `Estimate.statistics`.

    Returns
    -------
    RegressionTable

    Raises
    ------
    UsageError
        No estimate, two of one name, or a level not between 0 and 1.
    LabelError
        A term in none of the estimates, or two terms of one estimate with one label.

    Examples
    --------
    >>> import numpy as np
    >>> from servio.explain import Estimate, regression_table
    >>> short = Estimate("short", "y ~ x", "least squares", ("x",), np.array([1.3]),
    ...                  np.array([[0.04]]), "iid", df=3.0, n=5, statistics={"r2_within": 0.8})
    >>> long = Estimate("long", "y ~ x + z", "least squares", ("x", "z"), np.array([1.1, -2.0]),
    ...                 np.diag([0.09, 1.0]), "iid", df=2.0, n=5)
    >>> print(regression_table([short, long]).to_text())
    ---------------------------------------
                       short           long
    ---------------------------------------
    x                  1.300          1.100
                     (0.200)        (0.300)
    z                                −2.000
                                    (1.000)
    ---------------------------------------
    method     least squares  least squares
    errors               iid            iid
    rows                   5              5
    R² within          0.800
    ---------------------------------------
    Standard errors in parentheses.
    """
    named = _named(estimates, level)
    shown = dict(labels or {})
    places = {name: _places(name, one, shown) for name, one in named.items()}
    rows = _rows(places, shown, terms)
    numbers = {
        "coefficients": lambda one: one.coefficients, "std_errors": lambda one: one.std_errors,
        "p_values": lambda one: one.p_values, "lower": lambda one: one.interval(level)[0],
        "upper": lambda one: one.interval(level)[1],
    }  # fmt: skip
    arrays = {key: _aligned(named, places, rows, get) for key, get in numbers.items()}
    return RegressionTable(
        columns=tuple(named), rows=rows, facts=tuple(_facts(list(named.values()), statistics)),
        level=level, stars=stars, notes=tuple(_notes(named)),
        synthetic=any(one.synthetic for one in named.values()), **arrays,
    )  # fmt: skip


def _named(
    estimates: Sequence[Estimate] | Mapping[str, Estimate], level: float
) -> dict[str, Estimate]:
    pairs = (
        list(estimates.items())
        if isinstance(estimates, Mapping)
        else [(one.name or f"({i})", one) for i, one in enumerate(estimates, start=1)]
    )
    place = "regression_table"
    if not pairs:
        raise UsageError(place, found="no estimate", expected="one or more",
                         remedy="Give the results of estimate().")  # fmt: skip
    if not 0 < level < 1:
        raise UsageError(f"{place}, level", found=f"{level:g}", expected="between 0 and 1",
                         remedy="Give 0.95 for 95 % intervals.")  # fmt: skip
    named = dict(pairs)
    if len(named) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(place, found=f"{twice!r} twice", expected="a name for each estimate",
                         remedy="Give a mapping of names to estimates.")  # fmt: skip
    return named


def _places(name: str, one: Estimate, labels: Mapping[str, str]) -> dict[str, int]:
    """Label of each term of an estimate to its position."""
    found: dict[str, int] = {}
    for position, term in enumerate(one.terms):
        label = labels.get(term, term)
        if label in found:
            raise LabelError(
                f"regression_table, estimate {name}",
                found=f"{one.terms[found[label]]} and {term} both labelled {label!r}",
                expected="a label of its own for each term of an estimate",
                remedy="Give them different labels.",
            )
        found[label] = position
    return found


def _rows(
    places: Mapping[str, Mapping[str, int]],
    labels: Mapping[str, str],
    terms: Sequence[str] | None,
) -> tuple[str, ...]:
    known = dict.fromkeys(label for found in places.values() for label in found)
    if terms is None:
        return tuple(label for label in known if label != INTERCEPT)
    wanted = [term if term in known else labels.get(term, term) for term in terms]
    for label in wanted:
        if label not in known:
            raise LabelError(
                "regression_table, terms", found=repr(label),
                expected=f"one of {', '.join(known)}", remedy="Choose terms of the estimates.",
            )  # fmt: skip
    return tuple(dict.fromkeys(wanted))


def _aligned(
    named: Mapping[str, Estimate],
    places: Mapping[str, Mapping[str, int]],
    rows: Sequence[str],
    get: Callable[[Estimate], Array],
) -> Array:
    found = np.full((len(rows), len(named)), np.nan)
    for c, (name, one) in enumerate(named.items()):
        values = get(one)
        for r, row in enumerate(rows):
            if row in places[name]:
                found[r, c] = values[places[name][row]]
    return found


def _facts(
    estimates: Sequence[Estimate], statistics: Sequence[str]
) -> list[tuple[str, tuple[str, ...]]]:
    facts = [
        ("method", tuple(one.method for one in estimates)),
        ("errors", tuple(one.vcov.partition(";")[0] for one in estimates)),
        ("sample", tuple(_condition(one) for one in estimates)),
        ("rows", tuple(f"{one.n:,}" for one in estimates)),
    ]
    groups = dict.fromkeys(name for one in estimates for name in one.groups)
    facts += [
        (f"levels of {name}",
         tuple(f"{one.groups[name]:,}" if name in one.groups else "" for one in estimates))
        for name in groups
    ]  # fmt: skip
    facts += [
        (WORDS.get(name, name),
         tuple(digits(one.statistics[name]) if name in one.statistics else "" for one in estimates))
        for name in statistics
    ]  # fmt: skip
    return [fact for fact in facts if any(fact[1])]


def _condition(one: Estimate) -> str:
    """What the rows are chosen by; counts stand elsewhere."""
    return one.sample.partition("where ")[2].partition(", weights ")[0]


def _notes(named: Mapping[str, Estimate]) -> list[str]:
    found: dict[str, list[str]] = {}
    for name, one in named.items():
        for note in one.notes:
            found.setdefault(note, []).append(name)
    return [f"{', '.join(names)}: {note}." for note, names in found.items()]


# -- texts -----------------------------------------------------------------------------------------


def digits(value: float) -> str:
    """Three decimals; three digits of what is very small or large; nothing for undefined."""
    if math.isnan(value):
        return ""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:,.3f}".replace("-", MINUS)
    return f"{value:.2e}".replace("-", MINUS)


def _in_brackets(value: float) -> str:
    return "" if math.isnan(value) else f"({digits(value)})"


def _tr(cells: Sequence[str], tag: str, more: str = "", around: str = "") -> str:
    inside = "".join(f"<{tag}{more}>{html.escape(cell)}</{tag}>" for cell in cells)
    row = f"<tr>{inside}</tr>"
    return f"<{around}>{row}</{around}>" if around else row


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(escape_latex(cell) for cell in cells) + r" \\"


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(LATEX.get(character, character) for character in text)
