"""Expressions of columns, such as ``log(va / va_price)``: parsed and computed, never run.

Every value that is not defined carries the reason, so that no row of a panel goes missing in
silence: a column that is missing, the logarithm of zero, a lag across a gap.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from servio.errors import LabelError, UsageError
from servio.explain._panel import Panel

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FUNCTIONS",
    "Evaluated",
    "absent_levels",
    "check_expression",
    "columns_used",
    "evaluate",
    "evaluate_rows",
    "is_number",
    "kind_of",
    "rows_where",
]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Reasons = npt.NDArray[np.object_]

LONGEST = 2_000
DEEPEST = 100
"""Characters and nesting of an expression: longer and deeper ones are not written by people."""

ARITHMETIC: dict[type[ast.AST], tuple[Callable[[Any, Any], Any], str]] = {
    ast.Add: (operator.add, "the sum is too large"),
    ast.Sub: (operator.sub, "the difference is too large"),
    ast.Mult: (operator.mul, "the product is too large"),
    ast.Div: (operator.truediv, "division by zero"),
    ast.Pow: (operator.pow, "the power is not a number"),
}
COMPARISONS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
ELEMENTWISE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "log": (np.log, "log of a number that is not above 0"),
    "exp": (np.exp, "exp of a number that is too large"),
    "sqrt": (np.sqrt, "sqrt of a negative number"),
    "abs": (np.abs, "not a number"),
}
SHIFTS = ("lag", "lead", "d")
MEANS = ("mean_by", "mean_others")
FUNCTIONS = tuple(sorted([*ELEMENTWISE, *SHIFTS, *MEANS]))
"""Functions an expression may call."""


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Values of an expression and why some are undefined.

    Parameters
    ----------
    values : Series of float64
        NaN where undefined; logical expressions give 1 and 0.
    reasons : array of str
        Empty where there is a value.
    """

    values: pd.Series
    reasons: Reasons


def evaluate(
    text: str,
    data: Panel | pd.DataFrame,
    *,
    entity: Sequence[str] = (),
    time: str | None = None,
) -> pd.Series:
    """What an expression of columns gives, row by row.

    Names are columns; there are numbers, ``+ - * / **``, parentheses, comparisons,
    ``and or not``, ``in [..]`` with a list of texts or numbers, and the functions ``log``,
    ``exp``, ``sqrt``, ``abs``, ``lag(x, n=1)``, ``lead(x, n=1)``, ``d(x)`` = x − lag(x),
    ``mean_by(x, key, ..)`` and ``mean_others(x, key, ..)``: the mean of x over all rows, or over
    all *other* rows, with a value and the same keys. Nothing else is possible: the text is parsed
    and computed here, not run.

    A lag is the value of the same entity at exactly time − n: a gap gives NaN, never an older
    value. Every operation on something undefined is undefined, also ``x ** 0``; logic is
    three-valued: ``0 and NaN`` is 0.

    Parameters
    ----------
    text : str
        Such as ``log(va / va_price * 100)`` or ``country in ["KOR", "TWN"] and year > 2000``.
    data : Panel or DataFrame
        A panel knows its entities and time.
    entity : sequence of str
        Columns that name an entity, for lags in a frame.
    time : str, optional
        Column of whole numbers, such as years.

    Returns
    -------
    Series of float64
        Index of the frame, name `text`; NaN where undefined, 1 and 0 for true and false.

    Raises
    ------
    UsageError
        Something an expression can't hold, or a lag without entity and time.
    LabelError
        No such column, or an entity has the same time twice.

    See Also
    --------
    evaluate_rows : the same with the reason of every undefined value.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame(
    ...     {"country": ["KOR"] * 3, "year": [2000, 2001, 2003], "va": [1.0, 2.0, 0.0]})
    >>> evaluate("va - lag(va)", frame, entity=["country"], time="year").tolist()
    [nan, 1.0, nan]
    >>> evaluate_rows("log(va)", frame).reasons.tolist()
    ['', '', 'log of a number that is not above 0']
    """
    return evaluate_rows(text, data, entity=entity, time=time).values


def evaluate_rows(
    text: str,
    data: Panel | pd.DataFrame,
    *,
    entity: Sequence[str] = (),
    time: str | None = None,
) -> Evaluated:
    """As `evaluate`, with the reason of every undefined value."""
    import pandas as pd

    frame = data.frame if isinstance(data, Panel) else data
    if isinstance(data, Panel):
        entity, time = entity or data.entity, time or data.time
    run = _Run(text, frame, tuple(entity), time)
    found = run.number(_tree(text))
    values = pd.Series(found.values, index=frame.index, name=text)
    return Evaluated(values, np.array(run.reasons, dtype=object)[found.why])


def rows_where(
    text: str,
    data: Panel | pd.DataFrame,
    *,
    entity: Sequence[str] = (),
    time: str | None = None,
) -> tuple[npt.NDArray[np.bool_], Reasons]:
    """Rows for which a condition holds, and the reasons where it is undefined (not chosen).

    Raises
    ------
    UsageError
        As `evaluate`, or the expression is not a condition: a value other than 1 and 0.
    """
    found = evaluate_rows(text, data, entity=entity, time=time)
    values = found.values.to_numpy()
    other = values[np.isfinite(values) & (values != 0) & (values != 1)]
    if len(other):
        raise UsageError(f"condition {text!r}", found=f"the value {other[0]:g}",
                         expected="true or false", remedy="Compare: `x > 0`.")  # fmt: skip
    return values == 1, found.reasons


def columns_used(text: str) -> tuple[str, ...]:
    """Names in an expression that are columns, in the order they come.

    Examples
    --------
    >>> columns_used("log(va / va_price) - lag(ln_k)")
    ('va', 'va_price', 'ln_k')
    """
    called = set()
    names: dict[str, None] = {}
    for node in _preorder(_tree(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called.add(id(node.func))
        elif isinstance(node, ast.Name) and id(node) not in called:
            names[node.id] = None
    return tuple(names)


def check_expression(text: str, texts: Collection[str] = ()) -> None:
    """Raise what `evaluate` would on any data: unknown functions, other arguments, kinds.

    Columns are taken to be numbers, but for those of `texts`.

    Examples
    --------
    >>> check_expression('log(va) * (country == "KOR")', {"country"})
    >>> try:
    ...     check_expression("lgo(va)")
    ... except UsageError as error:
    ...     error.found
    'function lgo'
    """
    import pandas as pd

    columns = {
        name: np.zeros(0, dtype=object if name in texts else np.float64)
        for name in ("entity", "time", *columns_used(text))
    }
    evaluate_rows(text, pd.DataFrame(columns), entity=("entity",), time="time")


def absent_levels(text: str, frame: pd.DataFrame) -> list[str]:
    """Texts that a condition compares a column with, and no row of it has, in words."""
    found: dict[str, None] = {}
    for node in ast.walk(_tree(text)):
        if not isinstance(node, ast.Compare) or len(node.ops) > 1:
            continue
        left, right = node.left, node.comparators[0]
        if isinstance(left, ast.Constant):
            left, right = right, left
        if not isinstance(left, ast.Name) or left.id not in frame.columns:
            continue
        members = right.elts if isinstance(right, ast.List | ast.Tuple) else [right]
        wanted = [m.value for m in members if isinstance(m, ast.Constant)]
        there = set(frame[left.id].dropna()) if any(isinstance(w, str) for w in wanted) else set()
        for value in wanted:
            if isinstance(value, str) and value not in there:
                near = get_close_matches(value, map(str, there), n=1, cutoff=0.5)
                more = f", the nearest is {near[0]!r}" if near else ""
                found[f"no row has {left.id} {value!r}{more}"] = None
    return list(found)


def _preorder(node: ast.AST, depth: int = 0) -> list[ast.AST]:
    if depth > DEEPEST:
        raise RecursionError
    found = [node]
    for child in ast.iter_child_nodes(node):
        found += _preorder(child, depth + 1)
    return found


def _tree(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise UsageError(f"expression {text[:30]!r}…", found=f"{len(text)} characters",
                         expected=f"at most {LONGEST}",
                         remedy="Split it into several derived columns.")  # fmt: skip
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
            _preorder(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        what = error.msg if isinstance(error, SyntaxError) else "text that can't be read"
        raise UsageError(f"expression {text!r}", found=what,
                         expected="an expression of columns, such as log(va / price)",
                         remedy="Mend the text; powers are written **.") from None  # fmt: skip
    return tree


@dataclass(frozen=True, eq=False)
class _Numbers:
    """Values with the number of the reason where they are NaN; 0 elsewhere."""

    values: Array
    why: Codes


class _Run:
    """One expression on one frame."""

    def __init__(
        self, text: str, frame: pd.DataFrame, entity: tuple[str, ...], time: str | None
    ) -> None:
        self.text, self.frame, self.entity, self.time = text, frame, entity, time
        self.reasons = [""]

    def fail(self, found: str, expected: str, remedy: str) -> NoReturn:
        raise UsageError(f"expression {self.text!r}", found=found, expected=expected, remedy=remedy)

    def number(self, node: ast.expr) -> _Numbers:
        """Values of a node that must be numbers."""
        match node:
            case ast.Constant(value=bool() | int() | float() as value):
                return self._constant(self._float(value))
            case ast.Name():
                return self._column(node.id)
            case ast.BinOp(left, op, right) if type(op) in ARITHMETIC:
                action, reason = ARITHMETIC[type(op)]
                return self._operate(action, reason, self.number(left), self.number(right))
            case ast.UnaryOp(ast.USub(), operand):
                return self._operate(operator.neg, "", self.number(operand))
            case ast.UnaryOp(ast.UAdd(), operand):
                return self.number(operand)
            case ast.UnaryOp(ast.Not(), operand):
                return self._operate(lambda x: 1.0 - x, "", self._logical(operand))
            case ast.BoolOp(op, values):
                absorbing = 0.0 if isinstance(op, ast.And) else 1.0
                return self._junction(absorbing, [self._logical(value) for value in values])
            case ast.Compare(left, ops, rights):
                lefts = [left, *rights[:-1]]
                pairs = [self._compare(*one) for one in zip(lefts, ops, rights, strict=True)]
                return self._junction(0.0, pairs)
            case ast.Call(ast.Name(name), arguments, keywords):
                return self._call(name, arguments, keywords)
        self._refuse(node)

    def _refuse(self, node: ast.AST) -> NoReturn:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            self.fail("^", "** for a power", "Write x ** 2.")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.fail(f"the text {node.value!r} where a number is needed",
                      "texts only in comparisons",
                      'Compare it with a column: country == "KOR".')  # fmt: skip
        names = {ast.Attribute: "a dot", ast.Subscript: "square brackets", ast.Lambda: "lambda",
                 ast.BitAnd: "&", ast.Starred: "*"}  # fmt: skip
        kind = type(node.op) if isinstance(node, ast.BinOp | ast.UnaryOp) else type(node)
        self.fail(names.get(kind, kind.__name__), "columns, numbers, operators and functions",
                  f"Functions are {', '.join(FUNCTIONS)}.")  # fmt: skip

    def _float(self, value: float) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = np.inf
        if not np.isfinite(number):
            self.fail("a number that is too large", "a finite number", "Write a smaller one.")
        return number

    def _constant(self, value: float) -> _Numbers:
        count = len(self.frame)
        return _Numbers(np.full(count, value), np.zeros(count, dtype=np.intp))

    def _reason(self, text: str) -> int:
        if text not in self.reasons:
            self.reasons.append(text)
        return self.reasons.index(text)

    def _known(self, name: str) -> pd.Series:
        if name not in self.frame.columns:
            names = [str(column) for column in self.frame.columns]
            near = get_close_matches(name, [*names, *FUNCTIONS], n=3, cutoff=0.5) or names[:8]
            raise LabelError(
                f"expression {self.text!r}, name", found=repr(name),
                expected=f"a column, such as {', '.join(near)}",
                remedy="Choose a column of the data, or quote a text.",
            )  # fmt: skip
        return self.frame[name]

    def _column(self, name: str) -> _Numbers:
        series = self._known(name)
        kind = kind_of(series)
        if kind == "text":
            self.fail(f"column {name}, which holds text, where a number is needed",
                      "texts only in comparisons",
                      f'Compare it: {name} == "…" or {name} in [".."].')  # fmt: skip
        if kind != "numbers":
            self._refuse_kind(name, kind)
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        why = np.zeros(len(values), dtype=np.intp)
        if np.isinf(values).any():
            why[np.isinf(values)] = self._reason(f"{name} is infinite")
        return self._finite(values, why, f"{name} is missing")

    def _refuse_kind(self, name: str, kind: str) -> NoReturn:
        remedy = "Take their parts or sizes as columns of their own."
        if kind != "complex numbers":
            remedy = f'Make a column of numbers, such as frame["{name}"].dt.year.'
        self.fail(f"column {name}, which holds {kind}", "columns of numbers or text", remedy)

    def _finite(self, values: Array, why: Codes, reason: str) -> _Numbers:
        """Values without infinities; where NaN is new, it gets `reason`."""
        bad = ~np.isfinite(values)
        if bad.any():
            values = np.where(bad, np.nan, values)
            new = bad & (why == 0)
            if new.any():
                why = np.where(new, self._reason(reason), why)
        return _Numbers(values, why)

    def _operate(self, action: Callable[..., Any], reason: str, *operands: _Numbers) -> _Numbers:
        with np.errstate(all="ignore"):
            values = np.asarray(action(*(one.values for one in operands)), dtype=np.float64)
        why = operands[0].why
        for one in operands[1:]:
            why = np.where(why == 0, one.why, why)
        return self._finite(np.where(why == 0, values, np.nan), why, reason)

    def _logical(self, node: ast.expr) -> _Numbers:
        found = self.number(node)
        other = found.values[(found.why == 0) & (found.values != 0) & (found.values != 1)]
        if len(other):
            self.fail(f"the value {other[0]:g} with and, or, not", "true or false",
                      "Compare: `x > 0`.")  # fmt: skip
        return found

    def _junction(self, absorbing: float, parts: Sequence[_Numbers]) -> _Numbers:
        """Three-valued and (absorbing 0) or or (absorbing 1)."""
        values, why = parts[0].values, parts[0].why
        for part in parts[1:]:
            settled = (values == absorbing) | (part.values == absorbing)
            why = np.where(settled, 0, np.where(why == 0, part.why, why))
            values = np.where(settled, absorbing, np.where(why == 0, 1.0 - absorbing, np.nan))
        return _Numbers(values, why)

    def _compare(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> _Numbers:
        if isinstance(op, ast.In | ast.NotIn):
            return self._member(left, right, inside=isinstance(op, ast.In))
        if type(op) not in COMPARISONS:
            self.fail(type(op).__name__, "< <= > >= == != in", "Compare with one of them.")
        texts = self._is_text(left), self._is_text(right)
        action = COMPARISONS[type(op)]
        if not any(texts):
            return self._operate(action, "", self.number(left), self.number(right))
        if not all(texts):
            self.fail("a text compared with a number", "two texts or two numbers",
                      'Quote texts: year == 2005, industry == "C26".')  # fmt: skip
        if not isinstance(op, ast.Eq | ast.NotEq):
            self.fail("an order of texts", "== != in [..]", "Compare texts for equality.")
        (a, gap_a), (b, gap_b) = self._texts(left), self._texts(right)
        why = np.where(gap_a == 0, gap_b, gap_a)
        return _Numbers(np.where(why == 0, action(a, b).astype(np.float64), np.nan), why)

    def _member(self, left: ast.expr, right: ast.expr, *, inside: bool) -> _Numbers:
        if not isinstance(right, ast.List | ast.Tuple) or not right.elts:
            self.fail("`in` without a list", 'in ["KOR", "TWN"]', "Write the members in brackets.")
        members = [self._literal(element) for element in right.elts]
        kinds = {isinstance(member, str) for member in members}
        values: npt.NDArray[Any]
        if self._is_text(left):
            values, why = self._texts(left)
        else:
            found = self.number(left)
            values, why = found.values, found.why
        if kinds != {self._is_text(left)}:
            self.fail("a list of another kind than what is looked up",
                      "texts in a list of texts, numbers in a list of numbers",
                      "Quote texts, do not quote numbers.")  # fmt: skip
        hit = np.isin(values, np.array(members, dtype=values.dtype))
        return _Numbers(np.where(why == 0, np.equal(hit, inside).astype(np.float64), np.nan), why)

    def _literal(self, node: ast.expr) -> str | float:
        sign = 1.0
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            node, sign = node.operand, -1.0
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and sign > 0:
                return node.value
            if isinstance(node.value, int | float):
                return sign * self._float(node.value)
        self.fail("a list with something that is neither text nor number",
                  'a list such as ["KOR", "TWN"] or [2000, 2005]',
                  "Write the members out.")  # fmt: skip

    def _is_text(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str)
        return isinstance(node, ast.Name) and not is_number(self._known(node.id))

    def _texts(self, node: ast.expr) -> tuple[Reasons, Codes]:
        if isinstance(node, ast.Constant):
            count = len(self.frame)
            return np.full(count, node.value, dtype=object), np.zeros(count, dtype=np.intp)
        assert isinstance(node, ast.Name)
        series = self._known(node.id)
        if (kind := kind_of(series)) != "text":
            self._refuse_kind(node.id, kind)
        missing = series.isna().to_numpy()
        why = np.zeros(len(series), dtype=np.intp)
        if missing.any():
            why[missing] = self._reason(f"{node.id} is missing")
        texts = np.array(series.astype(object), dtype=object)
        texts[missing] = ""
        return texts, why

    def _call(self, name: str, arguments: list[ast.expr], keywords: list[ast.keyword]) -> _Numbers:
        if name not in FUNCTIONS:
            near = get_close_matches(name, FUNCTIONS, n=2) or FUNCTIONS
            self.fail(f"function {name}", f"one of {', '.join(near)}",
                      f"Functions are {', '.join(FUNCTIONS)}.")  # fmt: skip
        named = {keyword.arg: keyword.value for keyword in keywords}
        if name in ("lag", "lead") and set(named) == {"n"} and len(arguments) == 1:
            arguments, named = [*arguments, named["n"]], {}
        least, most = (2, 9) if name in MEANS else (1, 2 if name in ("lag", "lead") else 1)
        if named or not least <= len(arguments) <= most:
            shape = {"lag": "lag(x, n)", "lead": "lead(x, n)"}.get(
                name, f"{name}(x, key, ..)" if name in MEANS else f"{name}(x)"
            )
            self.fail(f"{name} with other arguments", shape, "Write it so.")
        if name in MEANS:
            return self._mean(name, arguments[0], arguments[1:])
        value = self.number(arguments[0])
        if name in ELEMENTWISE:
            return self._operate(*ELEMENTWISE[name], value)
        steps = self._steps(name, arguments[1]) if len(arguments) == 2 else 1
        if name == "lead":
            return self._shift(value, -steps)
        earlier = self._shift(value, steps)
        if name == "lag":
            return earlier
        action, reason = ARITHMETIC[ast.Sub]
        return self._operate(action, reason, value, earlier)

    def _steps(self, name: str, node: ast.expr) -> int:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, int)
            and not isinstance(node.value, bool)
            and 1 <= node.value <= 1000
        ):
            return node.value
        self.fail(f"{name} by {ast.unparse(node)}", "a whole number of 1 or more",
                  f"Write {name}(x, 1).")  # fmt: skip

    def _shift(self, value: _Numbers, steps: int) -> _Numbers:
        """Value of the same entity `steps` earlier; the row must be there, nothing is filled."""
        places = self._places(steps)
        there = places >= 0
        values = np.where(there, value.values[places], np.nan)
        when = f"{abs(steps)} {self.time} {'before' if steps > 0 else 'after'}"
        missing = self._reason(f"no row {when}")
        carried = np.zeros(len(self.reasons), dtype=np.intp)
        for code in np.unique(value.why[value.why > 0]):
            carried[code] = self._reason(f"{self.reasons[code]} ({when})")
        return _Numbers(values, np.where(there, carried[value.why[places]], missing))

    def _places(self, steps: int) -> Codes:
        """Position of the row of the same entity at time − steps; −1 where there is none."""
        if not self.entity or self.time is None:
            self.fail("a lag in data without entity and time", "columns of the entity and the time",
                      'Give a Panel, or name them: panel=["country", "industry"] (in evaluate: '
                      'entity=), time="year".')  # fmt: skip
        return _earlier_rows(self.frame, self.entity, self.time, steps, self.text)

    def _mean(self, name: str, node: ast.expr, keys: Sequence[ast.expr]) -> _Numbers:
        value = self.number(node)
        names = [key.id if isinstance(key, ast.Name) else self._refuse(key) for key in keys]
        for key in names:
            self._known(key)
        codes = self.frame.groupby(names, sort=False, dropna=False).ngroup().to_numpy()
        defined = value.why == 0
        size = int(codes.max(initial=-1)) + 1
        counts = np.bincount(codes, weights=defined, minlength=size)[codes]
        sums = np.bincount(codes, np.where(defined, value.values, 0.0), minlength=size)[codes]
        if name == "mean_others":
            counts = counts - defined
            sums = sums - np.where(defined, value.values, 0.0)
        with np.errstate(all="ignore"):
            means = np.where(counts > 0, sums / counts, np.nan)
        none = f"no {'other ' if name == 'mean_others' else ''}row with a value to take the mean of"
        return self._finite(means, np.zeros(len(means), dtype=np.intp), none)


def is_number(series: pd.Series) -> bool:
    """Whether a column holds real numbers."""
    return kind_of(series) == "numbers"


def kind_of(series: pd.Series) -> str:
    """What a column holds: numbers, complex numbers, dates, spans of time or text."""
    from pandas.api import types

    dtype = series.dtype
    if types.is_complex_dtype(dtype):
        return "complex numbers"
    if types.is_datetime64_any_dtype(dtype) or str(dtype).startswith("period"):
        return "dates"
    if types.is_timedelta64_dtype(dtype):
        return "spans of time"
    return "numbers" if types.is_numeric_dtype(dtype) else "text"


def _earlier_rows(
    frame: pd.DataFrame, entity: tuple[str, ...], time: str, steps: int, text: str
) -> Codes:
    for name in (*entity, time):
        if name not in frame.columns:
            raise LabelError(f"expression {text!r}, entity and time", found=repr(name),
                             expected="columns of the data",
                             remedy="Name columns that are there.")  # fmt: skip
    times = whole_times(frame[time], f"expression {text!r}, column {time}")
    codes: Codes = frame.groupby(list(entity), sort=False, dropna=False).ngroup().to_numpy()
    if not len(frame):
        return np.zeros(0, dtype=np.intp)
    span = int(times.max() - times.min()) + 1 + 2 * abs(steps)
    keys = codes * span + (times - times.min() + abs(steps))
    order = np.argsort(keys, kind="stable")
    rising = keys[order]
    if (rising[1:] == rising[:-1]).any():
        row = frame.iloc[order[1:][rising[1:] == rising[:-1]][0]]
        raise LabelError(
            f"expression {text!r}", found=f"{[*(row[name] for name in entity), row[time]]} twice",
            expected="one row an entity and time",
            remedy="Choose rows so that every entity has each time once.",
        )  # fmt: skip
    wanted = keys - steps
    at = np.minimum(np.searchsorted(rising, wanted), len(rising) - 1)
    places: Codes = np.where(rising[at] == wanted, order[at], -1)
    return places


def whole_times(series: pd.Series, place: str) -> npt.NDArray[np.int64]:
    """Times as whole numbers; anything else is refused, a lag would mean nothing."""
    if is_number(series) and not series.isna().any():
        values = series.to_numpy(dtype=np.float64)
        if np.isfinite(values).all() and (values == np.rint(values)).all():
            whole: npt.NDArray[np.int64] = values.astype(np.int64)
            return whole
    raise UsageError(place, found="missing values or values that are not whole numbers",
                     expected="whole numbers such as years",
                     remedy="Give the time as a whole number.")  # fmt: skip
