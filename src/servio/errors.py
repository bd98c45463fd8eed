"""Every error of servio: one tree, one message shape, one exit-code table.

A message names the *place* (file, sheet, row, column, label), what was *found*,
what was *expected* and what to do (*remedy*), in under 300 characters.
"""

from __future__ import annotations

__all__ = [
    "EXIT_BUG",
    "EXIT_DONE",
    "EXIT_INPUT",
    "EXIT_NO",
    "EXIT_NUMERIC",
    "EXIT_RESOURCE",
    "MESSAGE_LIMIT",
    "FormatError",
    "InputError",
    "LabelError",
    "NumericalError",
    "ResourceError",
    "ServioError",
    "StoreError",
    "UnitError",
    "UsageError",
    "ValueFault",
]

EXIT_DONE = 0
EXIT_NO = 1
EXIT_INPUT = 2
EXIT_NUMERIC = 3
EXIT_RESOURCE = 4
EXIT_BUG = 5

MESSAGE_LIMIT = 291
"""Longest message: with the name of the program before it a line stays under 300 characters."""


class ServioError(Exception):
    """Base of all errors servio raises on purpose.

    Parameters
    ----------
    place : str
        Where: file, sheet, row, column, label or argument name.
    found : str
        What is there.
    expected : str
        What should be there.
    remedy : str
        What the user can do about it.
    """

    exit_code = EXIT_BUG

    def __init__(self, place: str, *, found: str, expected: str, remedy: str) -> None:
        self.place = _visible(place)
        self.found = _visible(found)
        self.expected = _visible(expected)
        self.remedy = _visible(remedy)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The one-line message, at most `MESSAGE_LIMIT` characters."""
        return _fit(self.place, self.found, self.expected, self.remedy)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.place, self.found, self.expected, self.remedy)


class InputError(ServioError):
    """The input or the request is wrong (exit code 2)."""

    exit_code = EXIT_INPUT


class UsageError(InputError):
    """An argument or option is unknown or out of range."""


class FormatError(InputError):
    """A file is not in the form it should be in."""


class LabelError(InputError):
    """Labels are missing, doubled, unknown or do not align."""


class ValueFault(InputError):
    """A cell or array holds a value that can't be used."""


class UnitError(InputError):
    """Currencies, units, price bases or years do not go together."""


class StoreError(InputError):
    """A file servio wrote is missing, changed or of another version."""


class NumericalError(ServioError):
    """There is no numerical answer: singular or not converged (exit code 3).

    Arithmetic knows no labels: `positions` lets a caller who does name the industries to blame.
    """

    exit_code = EXIT_NUMERIC
    positions: tuple[int, ...] = ()


class ResourceError(ServioError):
    """Disk, memory or time ran out (exit code 4)."""

    exit_code = EXIT_RESOURCE


def _rebuild(
    kind: type[ServioError], place: str, found: str, expected: str, remedy: str
) -> ServioError:
    return kind(place, found=found, expected=expected, remedy=remedy)


def _visible(text: str) -> str:
    """One line of printable characters: foreign labels can't forge or break a message."""
    return "".join(c if c.isprintable() else " " for c in str(text)).strip()


def _fit(place: str, found: str, expected: str, remedy: str) -> str:
    parts = [place, found, expected, remedy]
    shape = "{}: found {}; expected {}. {}"
    over = len(shape.format(*parts)) - MESSAGE_LIMIT
    for index in sorted(range(4), key=lambda i: -len(parts[i])):
        if over <= 0:
            break
        keep = max(24, len(parts[index]) - over - 1)
        if keep < len(parts[index]):
            shortened = _shorten(parts[index], keep, tail=index == 0)
            over -= len(parts[index]) - len(shortened)
            parts[index] = shortened
    return shape.format(*parts)


def _shorten(text: str, keep: int, *, tail: bool) -> str:
    """Cut to `keep` characters and an ellipsis; a place keeps its end, where the cell is named."""
    return "…" + text[-keep + 1 :] if tail else text[: keep - 1] + "…"
