"""The effect of a term where it is interacted: at chosen values, or in named countries."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import LabelError, NumericalError, UsageError, ValueFault
from servio.explain._design import level_text
from servio.explain._estimate import Estimate, Joint
from servio.explain._expression import columns_used, evaluate_rows, rows_where
from servio.explain._formula import Factor, Levels, Term, parse_columns, parse_formula
from servio.explain._panel import Panel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["marginal_effects", "same_effect"]

Array = npt.NDArray[np.float64]
Value = float | str
Values = Mapping[str, Value | Sequence[Value]]

SHIFTS = ("lag(", "lead(", "d(")
"""Functions that make another variable of a column: its past or its change."""
MOST_ROWS = 10_000


@dataclass(frozen=True)
class _Part:
    """One coefficient whose term holds the variable.

    Parameters
    ----------
    position : int
        In the estimate.
    power : int
        Of the variable.
    numbers : tuple of Factor
        Other columns that it is multiplied with.
    levels : mapping of str to str
        Column (or columns combined) to the level at which it counts.
    """

    position: int
    power: int
    numbers: tuple[Factor, ...]
    levels: Mapping[str, str]


@dataclass(frozen=True)
class _Model:
    """Coefficients that make up the effect of a variable, and what else it depends on."""

    variable: Factor
    parts: tuple[_Part, ...]
    numbers: Mapping[str, Factor]
    known: Mapping[str, tuple[str, ...]]

    @property
    def needs_itself(self) -> bool:
        return any(part.power > 1 for part in self.parts)


def marginal_effects(
    estimate: Estimate,
    term: str,
    by: Values | None = None,
    *,
    data: Panel | pd.DataFrame | None = None,
    over: str = "country",
    where: str | None = None,
    weights: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    r"""What one more unit of a term does, for whom: by class, or in Korea.

    The derivative of the outcome by the term, :math:`m = g'\hat\beta`, where g holds what the
    term is multiplied with: for ``x + x:z``, :math:`m(z) = \beta_x + z \beta_{x:z}`. Its variance
    is :math:`g' V g` (the delta method; exact, since m is linear in the coefficients).

    Parameters
    ----------
    estimate : Estimate
        Made by a formula of `servio.explain.estimate`.
    term : str
        The variable as the formula has it: ``conv_it``, ``lag(conv_it)``.
    by : mapping, optional
        Values of what the term is interacted with: levels of a column of classes
        (``{"technology": ["high", "low"]}``), numbers of another. Every combination is a row.
        Classes that are not named take all levels the estimate knows.
    data : Panel or DataFrame, optional
        Instead of `by`: the effect at each row's own values, averaged. The effect in a country is
        that in its industries, whatever classes they are of.
    over : str
        Column, or columns combined, that rows are averaged by; ``""`` for one average.
    where : str, optional
        Rows that count, such as ``country in ["KOR", "DEU"]`` and ``year == 2014``.
    weights : str, optional
        Column or expression, zero or above, such as ``va``; by default each row counts the same.
    level : float

    Returns
    -------
    DataFrame
        One row a combination or group: its values, ``estimate``, ``std_error``, ``t``, ``p``,
        ``lower``, ``upper``; with `data` also ``n`` (rows) and ``left_out`` (rows without one of
        the values needed).

    Raises
    ------
    UsageError
        The term is in no coefficient, or inside another function too; values that are missing.
    LabelError
        A level or column that is not there.
    ValueFault
        A negative weight, or weights of a group that sum to zero.

    Notes
    -----
    Identity: at the reference level of every class the effect is the coefficient of the term; the
    average over rows is the average of the rows' effects. Values of the rows, and shares of
    classes among them, are taken as given. Whether effects differ: `same_effect`. Whether several
    terms are zero together: `Estimate.joint`.

    References
    ----------
    Brambor, Clark and Golder (2006), Political Analysis 14, 63-82; Wooldridge (2010), Econometric
    Analysis of Cross Section and Panel Data, section 2.2 (average partial effects).

    Examples
    --------
    >>> import numpy as np
    >>> fit = Estimate("main", "y ~ conv + high:conv", "least squares",
    ...                ("(Intercept)", "conv", "high:conv"), np.array([0.0, 0.1, 0.3]),
    ...                np.diag([1.0, 0.01, 0.04]), "iid", df=97.0, n=100)
    >>> found = marginal_effects(fit, "conv", {"high": [0, 1]})
    >>> found["estimate"].round(6).tolist(), found["std_error"].round(6).tolist()
    ([0.1, 0.4], [0.1, 0.223607])
    """
    import pandas as pd

    labels, g = _gradients(estimate, term, by, data, over, where, weights)
    values = g @ estimate.coefficients
    errors = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", g, estimate.covariance, g), 0.0))
    t = np.divide(values, errors, out=np.full_like(values, np.nan), where=errors > 0)
    half = scipy.stats.t.ppf((1 + level) / 2, estimate.df) * errors
    tested = {
        "estimate": values, "std_error": errors, "t": t,
        "p": 2 * scipy.stats.t.sf(np.abs(t), estimate.df),
        "lower": values - half, "upper": values + half,
    }  # fmt: skip
    return pd.concat([labels, pd.DataFrame(tested, index=labels.index)], axis=1)


def same_effect(
    estimate: Estimate,
    term: str,
    by: Values | None = None,
    *,
    data: Panel | pd.DataFrame | None = None,
    over: str = "country",
    where: str | None = None,
    weights: str | None = None,
) -> Joint:
    """Is the effect of a term the same for all? A Wald test of the effects' differences.

    Parameters
    ----------
    estimate, term, by, data, over, where, weights
        As for `marginal_effects`: the effects of its rows are compared.

    Returns
    -------
    Joint
        F with as many degrees of freedom as there are differences that do not follow from others.

    Raises
    ------
    NumericalError
        There is no difference to test, or more of them than the degrees of freedom allow.

    Notes
    -----
    Identity: with one interaction, its t value squared.

    Examples
    --------
    >>> import numpy as np
    >>> fit = Estimate("main", "y ~ conv + high:conv", "least squares",
    ...                ("(Intercept)", "conv", "high:conv"), np.array([0.0, 0.1, 0.3]),
    ...                np.diag([1.0, 0.01, 0.04]), "iid", df=97.0, n=100)
    >>> found = same_effect(fit, "conv", {"high": [0, 1]})
    >>> round(found.statistic, 9), found.df
    (2.25, (1, 97.0))
    """
    _, g = _gradients(estimate, term, by, data, over, where, weights)
    differences = g[1:] - g[0]
    _, sizes, directions = np.linalg.svd(differences, full_matrices=False)
    kept = sizes > 1e-10 * max(sizes.max(initial=0.0), 1e-300)
    R = directions[kept]
    q = len(R)
    V = R @ estimate.covariance @ R.T
    if q == 0 or q > estimate.df or np.linalg.matrix_rank(V, hermitian=True) < q:
        raise NumericalError(
            f"estimate {estimate.name}, effects of {term}",
            found="no difference" if q == 0 else "a singular covariance of the differences",
            expected=f"1 to {estimate.df:g} differences that do not determine each other",
            remedy="Compare fewer classes, or choose a covariance with more clusters.",
        )
    b = R @ estimate.coefficients
    wald = float(b @ np.linalg.solve(V, b)) / q
    finite = np.isfinite(estimate.df)
    p_value = scipy.stats.f.sf(wald, q, estimate.df) if finite else scipy.stats.chi2.sf(q * wald, q)
    return Joint(wald, "F", (q, estimate.df), float(p_value), f"effects of {term} are the same")


def _gradients(
    estimate: Estimate,
    term: str,
    by: Values | None,
    data: Panel | pd.DataFrame | None,
    over: str,
    where: str | None,
    weights: str | None,
) -> tuple[pd.DataFrame, Array]:
    """Labels of the rows, and what multiplies each coefficient in each, (rows, k)."""
    model = _model(estimate, term)
    if data is None:
        if where is not None or weights is not None:
            raise UsageError("marginal_effects", found="where or weights without data",
                             expected="data", remedy="Give data=panel.")  # fmt: skip
        return _at_values(estimate, model, by or {})
    if by is not None:
        raise UsageError("marginal_effects", found="by and data", expected="one of them",
                         remedy="Choose rows of the data with where.")  # fmt: skip
    return _over_rows(estimate, model, data, over, where, weights)


def _model(estimate: Estimate, term: str) -> _Model:
    place = f"marginal_effects, {term}"
    formula = parse_formula(estimate.formula)
    parsed = parse_formula(f"outcome ~ {term}").terms
    if len(parsed) != 1 or len(parsed[0].factors) != 1 or isinstance(parsed[0].factors[0], Levels):
        raise UsageError(place, found=repr(term), expected="one variable, such as lag(conv_it)",
                         remedy="Levels and products are what it is interacted with.",
                         )  # fmt: skip
    variable = parsed[0].factors[0]
    parts: list[_Part] = []
    known: dict[str, dict[str, None]] = {}
    terms = (*formula.terms, *formula.endogenous)
    for each, coefficients in zip(terms, _coefficients(estimate, terms), strict=True):
        power, rest = _split(place, each, variable)
        if not power:
            continue
        numbers = tuple(factor for factor in rest if isinstance(factor, Factor))
        columns = [":".join(factor.columns) for factor in rest if isinstance(factor, Levels)]
        for position, text in coefficients:
            levels = dict.fromkeys(columns, text)
            for column in columns:
                known.setdefault(column, {})[text] = None
            parts.append(_Part(position, power, numbers, levels))
        for column, reference in _references(estimate, each).items():
            known.setdefault(column, {})[reference] = None
    if not parts:
        raise UsageError(place, found=f"no coefficient with {term}",
                         expected="a variable of the formula",
                         remedy=f"Terms are {', '.join(estimate.terms)}.")  # fmt: skip
    others = {factor.name: factor for part in parts for factor in part.numbers}
    return _Model(variable, tuple(parts), others, {c: tuple(sorted(k)) for c, k in known.items()})


def _split(place: str, term: Term, variable: Factor) -> tuple[int, list[Factor | Levels]]:
    """Power of the variable in a term, and the other factors."""
    power, rest = 0, list[Factor | Levels]()
    for factor in term.factors:
        inner = factor.by if isinstance(factor, Levels) else factor
        times = 0 if inner is None else _power(place, inner, variable)
        power += times
        if isinstance(factor, Levels):
            rest.append(Levels(factor.columns, None if times else inner, factor.reference))
            if inner is not None and not times:
                rest.append(inner)
        elif not times:
            rest.append(factor)
    return power, rest


def _power(place: str, factor: Factor, variable: Factor) -> int:
    if factor.name == variable.name:
        return 1
    base, _, power = factor.name.rpartition("^")
    if base == variable.name:
        return int(power)
    if _moves_with(factor.expression, variable.expression):
        raise UsageError(place, found=f"{factor.name}, which moves with {variable.name}",
                         expected="the variable itself, its powers and products",
                         remedy="Ask for the effect of each, or write the formula with one.",
                         )  # fmt: skip
    return 0


def _moves_with(expression: str, variable: str) -> bool:
    """Whether an expression holds the variable, other than shifted in time."""
    nodes: list[ast.AST] = [ast.parse(expression.strip(), mode="eval").body]
    whole = ast.dump(ast.parse(variable.strip(), mode="eval").body)
    own = set(columns_used(variable)) if not _shifts(variable) else set()
    while nodes:
        node = nodes.pop()
        if ast.dump(node) == whole or (isinstance(node, ast.Name) and node.id in own):
            return True
        if not (isinstance(node, ast.Call) and _shifts(ast.unparse(node.func) + "(")):
            nodes += list(ast.iter_child_nodes(node))
    return False


def _shifts(text: str) -> bool:
    return text.startswith(SHIFTS)


def _coefficients(estimate: Estimate, terms: Sequence[Term]) -> list[list[tuple[int, str]]]:
    """For each term positions of its coefficients in the estimate, each with its level.

    Where a name could be of two terms, ``i(tech, x):z`` and ``i(tech, z)``, it is of the one that
    says more of it.
    """
    shapes = [_shape(term) for term in terms]
    found: list[list[tuple[int, str]]] = [[] for _ in terms]
    for position, name in enumerate(estimate.terms):
        fitting = [
            (len(start) + len(end), j)
            for j, (start, end, levels) in enumerate(shapes)
            if (_fits(name, start, end) if levels else name == start)
        ]
        if fitting:
            j = max(fitting)[1]
            start, end, _ = shapes[j]
            found[j].append((position, name[len(start) : len(name) - len(end)]))
    return found


def _fits(name: str, start: str, end: str) -> bool:
    long = len(name) > len(start) + len(end)
    return long and name.startswith(start) and name.endswith(end)


def _shape(term: Term) -> tuple[str, str, bool]:
    """What the names of a term's coefficients begin and end with, around a level if any."""
    names = [factor.name for factor in term.factors]
    for place, factor in enumerate(term.factors):
        if isinstance(factor, Levels):
            after = [*([factor.by.name] if factor.by else []), *names[place + 1 :]]
            start = ":".join([*names[:place], f"{':'.join(factor.columns)}::"])
            return start, "".join(f":{name}" for name in after), True
    return term.name, "", False


def _references(estimate: Estimate, term: Term) -> dict[str, str]:
    """Levels that the indicators of a term leave out."""
    found = {}
    for factor in term.factors:
        if isinstance(factor, Levels):
            label = ":".join(factor.columns)
            if factor.reference is not None:
                found[label] = factor.reference
            for note in estimate.notes:
                start, end = f"{factor.name}: compared with ", ", the first level"
                if note.startswith(start) and note.endswith(end):
                    found[label] = note[len(start) : len(note) - len(end)]
    return found


def _gradient(
    model: _Model, k: int, rows: int, numbers: Mapping[str, Array], levels: Mapping[str, Any]
) -> Array:
    """Derivatives, (rows, k), at columns of numbers and of levels."""
    g = np.zeros((rows, k))
    for part in model.parts:
        column = np.full(rows, float(part.power))
        if part.power > 1:
            column = column * numbers[model.variable.name] ** (part.power - 1)
        for factor in part.numbers:
            column = column * numbers[factor.name]
        for name, text in part.levels.items():
            column = column * (levels[name] == text)
        g[:, part.position] += column
    return g


def _at_values(
    estimate: Estimate, model: _Model, by: Values
) -> tuple[pd.DataFrame, Array]:  # fmt: skip
    import pandas as pd

    place = f"marginal_effects, {model.variable.name}"
    numeric = [*model.numbers, *([model.variable.name] if model.needs_itself else [])]
    depends = [*model.known, *numeric]
    choices: dict[str, list[Value]] = {}
    for name, given in by.items():
        values = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [
            given
        ]  # fmt: skip
        if name in model.known:
            values = [_known(place, name, level_text(v), model.known[name]) for v in values]
        elif name not in numeric or not all(_is_number(v) for v in values):
            raise LabelError(place, found=f"{name} = {given!r}",
                             expected=f"values of {', '.join(depends) or 'nothing'}",
                             remedy="Name what the term is interacted with, numbers as numbers.",
                             )  # fmt: skip
        choices[name] = values
    missing = [name for name in numeric if name not in choices]
    if missing:
        raise UsageError(place, found=f"no value of {', '.join(missing)}",
                         expected="a value of each variable the effect depends on",
                         remedy=f'Give by={{"{missing[0]}": [0, 1]}}, or data.')  # fmt: skip
    for name, levels in model.known.items():
        choices.setdefault(name, list(levels))
    size = int(np.prod([len(values) for values in choices.values()], dtype=np.int64))
    if not 0 < size <= MOST_ROWS:
        raise UsageError(place, found=f"{size:,} combinations", expected=f"1 to {MOST_ROWS:,}",
                         remedy="Name fewer values.")  # fmt: skip
    rows = list(product(*choices.values()))
    labels = pd.DataFrame(rows, columns=list(choices), index=range(len(rows)))
    numbers = {name: labels[name].to_numpy(dtype=np.float64) for name in numeric}
    texts = {name: labels[name].to_numpy(dtype=object) for name in model.known}
    return labels, _gradient(model, len(estimate.terms), len(rows), numbers, texts)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float | np.number) and bool(np.isfinite(value))


def _known(place: str, name: str, text: str, known: Sequence[str]) -> str:
    if text not in known:
        raise LabelError(place, found=f"{name} = {text!r}", expected=f"one of {', '.join(known)}",
                         remedy="Choose a level of the estimate.")  # fmt: skip
    return text


def _over_rows(
    estimate: Estimate,
    model: _Model,
    data: Panel | pd.DataFrame,
    over: str,
    where: str | None,
    weights: str | None,
) -> tuple[pd.DataFrame, Array]:
    import pandas as pd

    place = f"marginal_effects, {model.variable.name}"
    frame = data.frame if isinstance(data, Panel) else data
    groups = list(parse_columns(over, "marginal_effects, over")) if over else []
    for name in (*groups, *(column for label in model.known for column in label.split(":"))):
        if name not in frame.columns:
            raise LabelError(place, found=repr(name), expected="a column of the data",
                             remedy=f"Columns are {', '.join(map(str, frame.columns))}.",
                             )  # fmt: skip
    chosen = rows_where(where, data)[0] if where else np.ones(len(frame), dtype=bool)
    if not chosen.any():
        raise ValueFault(place, found=f"no row where {where}", expected="rows",
                         remedy="See the condition.")  # fmt: skip
    numbers = {name: _evaluate(factor, data) for name, factor in model.numbers.items()}
    if model.needs_itself:
        numbers[model.variable.name] = _evaluate(model.variable, data)
    mass = np.ones(len(frame))
    if weights is not None:
        mass = _evaluate(Factor(weights, weights), data)
        if (mass[chosen] < 0).any():
            raise ValueFault(f"{place}, weights {weights}", found="a weight below zero",
                             expected="zero or above", remedy="Choose another.")  # fmt: skip
    whole = np.isfinite(np.column_stack([mass, *numbers.values()])).all(axis=1)
    texts: dict[str, npt.NDArray[np.object_]] = {}
    for label in model.known:
        columns = label.split(":")
        whole &= frame[columns].notna().all(axis=1).to_numpy()
        texts[label] = np.array(
            [":".join(map(level_text, row)) for row in frame[columns].itertuples(index=False)],
            dtype=object,
        )
    used = chosen & whole
    for label, levels in model.known.items():
        for text in dict.fromkeys(texts[label][used].tolist()):
            _known(place, label, text, levels)
    g = _gradient(model, len(estimate.terms), len(frame), numbers, texts)
    rows, found = [], []
    by = frame.groupby(groups, sort=True, observed=True).indices if groups else {
        (): np.arange(len(frame))
    }  # fmt: skip
    for key, places in by.items():
        inside = places[used[places]]
        left_out = int(chosen[places].sum()) - len(inside)
        if not chosen[places].any():
            continue
        key = key if isinstance(key, tuple) else (key,)
        total = float(mass[inside].sum())
        if total == 0:
            raise ValueFault(f"{place}, {':'.join(map(str, key)) or 'all rows'}",
                             found=f"no weight in {len(inside)} rows, {left_out} without values",
                             expected="rows with values and a weight above zero",
                             remedy="Leave the group out with where.")  # fmt: skip
        found.append(mass[inside] @ g[inside] / total)
        rows.append({**dict(zip(groups, key, strict=True)), "n": len(inside), "left_out": left_out})
    return pd.DataFrame(rows), np.array(found)


def _evaluate(factor: Factor, data: Panel | pd.DataFrame) -> Array:
    found = evaluate_rows(factor.expression, data).values
    return np.asarray(found, dtype=np.float64)
