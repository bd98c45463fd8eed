"""Formulas in the form users of fixest know: read into a tree here, never run.

``outcome ~ terms | fixed effects | endogenous ~ instruments``. Columns are computed by
`servio.explain._expression`; no text of a formula reaches an engine that runs code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NoReturn

from servio.errors import UsageError
from servio.explain._expression import FUNCTIONS

__all__ = ["Factor", "Formula", "Levels", "Term", "parse_columns", "parse_formula"]

LONGEST = 10_000
MOST_TERMS = 500
"""Characters and terms of a formula: more are not written by people."""

TOKEN = re.compile(
    r"""\s*(?:(?P<name>[^\W\d]\w*)|(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)"""
    r"""|(?P<text>"[^"\\]*"|'[^'\\]*')|(?P<mark>\*\*|[-+*:/^()|~,=]))"""
)


@dataclass(frozen=True)
class Factor:
    """One column: the expression that gives it and its name.

    Parameters
    ----------
    name : str
    expression : str
        For `servio.explain._expression.evaluate`.
    """

    name: str
    expression: str


@dataclass(frozen=True)
class Levels:
    """Indicators of the levels of a column, or of columns combined, ``i(columns, by, ref=..)``.

    Parameters
    ----------
    columns : tuple of str
    by : Factor or None
        What the indicators are multiplied with.
    reference : str or None
        The level left out.
    """

    columns: tuple[str, ...]
    by: Factor | None
    reference: str | None

    @property
    def name(self) -> str:
        """As it is written."""
        by = f", {self.by.name}" if self.by else ""
        reference = f", ref={self.reference}" if self.reference is not None else ""
        return f"i({':'.join(self.columns)}{by}{reference})"


@dataclass(frozen=True)
class Term:
    """Columns that are the products of factors."""

    factors: tuple[Factor | Levels, ...]

    @property
    def name(self) -> str:
        """Names of the factors joined by colons."""
        return ":".join(factor.name for factor in self.factors)


@dataclass(frozen=True)
class Formula:
    """What a formula says.

    Parameters
    ----------
    text : str
        As it is written.
    outcome : Factor
    intercept : bool
        Fixed effects stand for it where there are some.
    terms : tuple of Term
    effects : tuple of tuple of str
        Fixed effects; each is one column, or several combined.
    endogenous : tuple of Term
    instruments : tuple of Term
    """

    text: str
    outcome: Factor
    intercept: bool
    terms: tuple[Term, ...]
    effects: tuple[tuple[str, ...], ...]
    endogenous: tuple[Term, ...]
    instruments: tuple[Term, ...]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


Tokens = Sequence[_Token]


def parse_formula(text: str) -> Formula:
    """Read a formula.

    Raises
    ------
    UsageError
        What is not understood, and what is.

    Examples
    --------
    >>> found = parse_formula("log(va) ~ a*b + i(tech, c, ref=low) | country:industry + year")
    >>> found.outcome.expression, [term.name for term in found.terms]
    ('log(va)', ['a', 'b', 'a:b', 'i(tech, c, ref=low)'])
    >>> found.effects
    (('country', 'industry'), ('year',))
    """
    return _Parser(text).formula()


def parse_columns(text: str, place: str) -> tuple[str, ...]:
    """Columns combined by a colon, such as ``country:industry``."""
    names = tuple(name.strip() for name in text.split(":"))
    if not all(name.isidentifier() for name in names):
        raise UsageError(
            place,
            found=repr(text),
            expected="a column, or columns joined by colons",
            remedy="Write it so: country:industry.",
        )
    return names


class _Parser:
    """Reads one formula; errors name it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()

    def fail(self, found: str, expected: str, remedy: str) -> NoReturn:
        raise UsageError(f"formula {self.text!r}", found=found, expected=expected, remedy=remedy)

    def _tokens(self) -> list[_Token]:
        if not isinstance(self.text, str):
            self.fail(type(self.text).__name__, "a text", "Write the formula as a text.")
        if len(self.text) > LONGEST:
            self.fail(f"{len(self.text)} characters", f"at most {LONGEST}",
                      "Compute derived columns first.")  # fmt: skip
        tokens, at, end = [], 0, len(self.text.rstrip())
        while at < end:
            match = TOKEN.match(self.text, at)
            if match is None:
                self.fail(f"the character {self.text[at:].strip()[0]!r}",
                          "names, numbers and + - * : / ^ ( ) | ~ ,",
                          "Compute a derived column first and name it.")  # fmt: skip
            kind = str(match.lastgroup)
            tokens.append(_Token(kind, match[kind], match.start(kind), match.end()))
            at = match.end()
        return tokens

    def formula(self) -> Formula:
        """Outcome, terms, fixed effects and instruments."""
        parts = self._split(self.tokens, "|")
        if len(parts) > 3:
            self.fail(f"{len(parts)} parts", "outcome ~ terms | fixed effects | instruments",
                      "Join fixed effects with +.")  # fmt: skip
        outcome, terms = self._sides(parts[0], "outcome ~ terms")
        first = self._outcome(outcome)
        wanted, intercept = self._terms(terms)
        effects: tuple[tuple[str, ...], ...] = ()
        endogenous: tuple[Term, ...] = ()
        instruments: tuple[Term, ...] = ()
        for number, part in enumerate(parts[1:], start=2):
            if any(token.text == "~" for token in part):
                if number != len(parts):
                    self.fail("fixed effects after the instruments",
                              "y ~ x | fixed effects | endogenous ~ instruments",
                              "Change their places.")  # fmt: skip
                left, right = self._sides(part, "endogenous ~ instruments")
                endogenous, instruments = self._plain_terms(left), self._plain_terms(right)
            elif number == 2:
                effects = self._effects(part)
            else:
                self.fail("a third part without ~", "endogenous ~ instruments",
                          "Join fixed effects with +.")  # fmt: skip
        self._apart(first, [*wanted, *endogenous, *instruments])
        return Formula(self.text, first, intercept and not effects, wanted, effects,
                       endogenous, instruments)  # fmt: skip

    def _apart(self, outcome: Factor, terms: Sequence[Term]) -> None:
        names = [term.name for term in terms]
        if outcome.name in names:
            self.fail(f"the outcome {outcome.name} among the terms", "other terms",
                      "Leave it out.")  # fmt: skip
        for name in names:
            if names.count(name) > 1:
                self.fail(f"{name} in two parts", "each term in one part",
                          "An endogenous term stands only before ~ in the last part.")  # fmt: skip

    def _split(self, tokens: Tokens, *marks: str) -> list[Tokens]:
        """Pieces between marks outside parentheses."""
        pieces: list[list[_Token]] = [[]]
        depth = 0
        for token in tokens:
            if token.kind == "mark":
                depth += {"(": 1, ")": -1}.get(token.text, 0)
                if depth < 0:
                    self.fail("a ) without (", "parentheses in pairs", "Count them.")
                if depth == 0 and token.text in marks:
                    pieces.append([])
                    continue
            pieces[-1].append(token)
        if depth:
            self.fail("a ( without )", "parentheses in pairs", "Count them.")
        return list(pieces)

    def _sides(self, tokens: Tokens, shape: str) -> tuple[Tokens, Tokens]:
        sides = self._split(tokens, "~")
        if len(sides) != 2 or not sides[0] or not sides[1]:
            self.fail(repr(self._source(tokens)), shape, "Write one ~ between two sides.")
        return sides[0], sides[1]

    def _source(self, tokens: Tokens) -> str:
        return self.text[tokens[0].start : tokens[-1].end].strip() if tokens else ""

    def _terms(self, tokens: Tokens) -> tuple[tuple[Term, ...], bool]:
        """Terms in the order they come, each once, and whether there is an intercept."""
        intercept, found = True, dict[str, Term]()
        for sign, piece in self._signed(tokens):
            digit = piece[0].text if len(piece) == 1 else ""
            if digit in ("0", "1"):
                intercept = (digit == "1") == (sign == "+")
            elif sign == "-":
                self.fail(f"- {self._source(piece)}", "only - 1 can be taken away",
                          "Leave the term out.")  # fmt: skip
            else:
                for term in self._product(piece):
                    found.setdefault(term.name, term)
        if len(found) > MOST_TERMS:
            self.fail(f"{len(found)} terms", f"at most {MOST_TERMS}", "Write fewer.")
        return tuple(found.values()), intercept

    def _plain_terms(self, tokens: Tokens) -> tuple[Term, ...]:
        found, intercept = self._terms(tokens)
        if not intercept or not found:
            self.fail(repr(self._source(tokens)), "terms joined by +", "Write the terms.")
        return found

    def _signed(self, tokens: Tokens) -> list[tuple[str, Tokens]]:
        signs = ["+"]
        depth = 0
        for place, token in enumerate(tokens):
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0 and token.text in "+-" and place:
                signs.append(token.text)
        pieces = self._split(tokens, "+", "-")
        if tokens and tokens[0].text in "+-":
            signs, pieces = [tokens[0].text, *signs[1:]], pieces[1:]
        if not all(pieces) or not pieces:
            self.fail(f"nothing beside a + or - in {self._source(tokens)!r}",
                      "a term on each side", "Write the term or leave the sign out.")  # fmt: skip
        return list(zip(signs, pieces, strict=True))

    def _product(self, tokens: Tokens) -> list[Term]:
        """``a:b`` is a product; ``a*b`` stands for ``a + b + a:b``."""
        crossed = [self._interaction(piece) for piece in self._split(tokens, "*")]
        if 2 ** len(crossed) > MOST_TERMS:
            self.fail(f"{len(crossed)} factors crossed", f"at most {MOST_TERMS} terms",
                      "Write the products that are wanted with `:`.")  # fmt: skip
        sizes = range(1, len(crossed) + 1)
        chosen = [some for size in sizes for some in combinations(crossed, size)]
        return [Term(tuple(factor for part in some for factor in part)) for some in chosen]

    def _interaction(self, tokens: Tokens) -> tuple[Factor | Levels, ...]:
        factors = tuple(self._factor(piece) for piece in self._split(tokens, ":"))
        if sum(isinstance(factor, Levels) for factor in factors) > 1:
            self.fail("two i() in a product", "one", "Combine the columns: i(a:b, x).")
        return factors

    def _outcome(self, tokens: Tokens) -> Factor:
        """Any expression."""
        source = self._source(tokens)
        if self._calls(tokens, "i") or any(token.kind == "text" for token in tokens):
            self.fail(f"the outcome {source!r}", "an expression of columns", "Name a column.")
        return Factor(self._name(tokens), source.replace("^", "**"))

    def _name(self, tokens: Tokens) -> str:
        return "".join(self._spaced(token) for token in tokens)

    def _factor(self, tokens: Tokens) -> Factor | Levels:
        """A column, a function of columns, ``I(expression)``, a power, or ``i(..)``."""
        source = self._source(tokens)
        name = self._name(tokens)
        expression = source.replace("^", "**")
        kinds = [token.kind for token in tokens]
        if "text" in kinds and not self._calls(tokens, "i"):
            self.fail(f"a text in {source!r}", "texts only as a level, i(column, ref=..)",
                      "Compute a derived column first and name it.")  # fmt: skip
        if self._calls(tokens, "i"):
            return self._levels(tokens[2:-1])
        if self._calls(tokens, "I"):
            return Factor(name, expression[1:].strip())
        if kinds == ["name"] or any(self._calls(tokens, function) for function in FUNCTIONS):
            return Factor(name, expression)
        base, power = tokens[:-2], [token.text for token in tokens[-2:]]
        if len(power) == 2 and power[0] in ("^", "**") and power[1].isdigit() and base:
            inner = self._factor(base)
            if isinstance(inner, Factor):
                return Factor(f"{inner.name}^{power[1]}", f"({inner.expression}) ** {power[1]}")
        if len(tokens) > 1 and kinds[0] == "name" and tokens[1].text == "(":
            self.fail(f"function {tokens[0].text}", f"one of {', '.join(FUNCTIONS)}, i, I",
                      "Compute a derived column first and name it.")  # fmt: skip
        self.fail(f"the term {source!r}", "a column, a function of columns, or i(column, x)",
                  "Write arithmetic inside I(..), such as I(a / b).")  # fmt: skip

    def _spaced(self, token: _Token) -> str:
        return f" {token.text} " if token.text in "+-/*" else token.text + " " * (token.text == ",")

    def _calls(self, tokens: Tokens, name: str) -> bool:
        """Whether the tokens are one call of the function."""
        if len(tokens) < 4 or tokens[0].text != name or tokens[1].text != "(":
            return False
        depth = 0
        for place, token in enumerate(tokens[1:], start=1):
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0:
                return place == len(tokens) - 1
        return False

    def _levels(self, tokens: Tokens) -> Levels:
        shape = "i(column), i(column, x) or i(column, x, ref=level)"
        columns, by, reference = None, None, None
        for piece in self._split(tokens, ","):
            texts = [token.text for token in piece]
            if texts[:2] == ["ref", "="] and reference is None:
                reference = self._reference(piece[2:])
            elif columns is None:
                columns = self._combined(piece)
            elif by is None and piece:
                factor = self._factor(piece)
                by = factor if isinstance(factor, Factor) else None
                if by is None:
                    self.fail(f"i({self._source(tokens)})", shape, "Combine columns: i(a:b, x).")
            else:
                self.fail(f"i({self._source(tokens)})", shape, "Write it so.")
        if columns is None:
            self.fail("i() without a column", shape, "Name the column.")
        return Levels(columns, by, reference)

    def _reference(self, tokens: Tokens) -> str:
        texts = [token.text for token in tokens]
        if len(texts) == 2 and texts[0] == "-" and tokens[1].kind == "number":
            return "-" + texts[1]
        if len(texts) != 1 or tokens[0].kind == "mark":
            self.fail(f"ref={self._source(tokens)}", "one level", 'Write ref=2005 or ref="low".')
        return texts[0][1:-1] if tokens[0].kind == "text" else texts[0]

    def _effects(self, tokens: Tokens) -> tuple[tuple[str, ...], ...]:
        if [token.text for token in tokens] in (["0"], ["1"]):
            return ()
        found = dict.fromkeys(self._combined(piece) for piece in self._split(tokens, "+"))
        return tuple(found)

    def _combined(self, tokens: Tokens) -> tuple[str, ...]:
        pieces = self._split(tokens, ":", "^")
        if not all(len(piece) == 1 and piece[0].kind == "name" for piece in pieces):
            self.fail(repr(self._source(tokens)), "a column, or columns joined by colons",
                      "Fixed effects and i() take columns: country:industry + year.")  # fmt: skip
        return tuple(piece[0].text for piece in pieces)
