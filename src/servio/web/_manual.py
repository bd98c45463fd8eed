"""Faults of a file for somebody who has a page, and neither a command line nor the manual."""

from __future__ import annotations

from servio.errors import FormatError

__all__ = ["for_a_visitor", "lacks_description"]

UNKNOWN = "of no source servio reads"
MANUAL = "docs/generic-tables.md"
EXPECTED = "a published table, or a table of your own with its table.toml"
TOGETHER = (
    "Send it together with the table.toml that says what it holds: several files at a time, or "
    "one ZIP."
)
DAMAGED = "a damaged"
AGAIN = "Send the whole file again; if it stays so, pack it anew."
PUT_IN = "Put the table.toml that says what the files hold into the ZIP."


def lacks_description(error: BaseException) -> bool:
    """Whether files could not be read because nothing says what they hold."""
    return isinstance(error, FormatError) and error.expected == EXPECTED


def for_a_visitor(error: FormatError) -> FormatError:
    """The same error, with what can be done on a page."""
    parts = {
        name: getattr(error, name).replace(MANUAL, "the manual, “Your own table”")
        for name in ("found", "expected", "remedy")
    }
    if error.found.startswith(DAMAGED):
        parts["expected"], parts["remedy"] = "the whole of it", AGAIN
    elif error.found.endswith(UNKNOWN) and not error.found.startswith("a compressed file"):
        parts["expected"] = EXPECTED
        parts["remedy"] = PUT_IN if error.found.startswith("a zip archive") else TOGETHER
    return FormatError(error.place, found=parts["found"], expected=parts["expected"],
                       remedy=parts["remedy"])  # fmt: skip
