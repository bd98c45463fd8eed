"""Labels of published tables: one spelling, no look-alikes, the nearest known one."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from servio.errors import LabelError

__all__ = ["nearest", "normalise", "suggestion"]

_CONFUSABLE = frozenset("АВСЕНІЈКМОРЅТХУаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο")
_FULL_WIDTH = re.compile("[０-９Ａ-Ｚａ-ｚ]")
_SPACES = re.compile(r"\s+")


def normalise(label: str) -> str:
    r"""Return the label in one spelling, or raise where it only looks like another.

    Composed Unicode form (NFC), no space at the ends, any run of spaces
    (no-break ones too) as one space. Case is kept: codes tell ``AtB`` from ``ATB``.

    Parameters
    ----------
    label : str
        Label as read.

    Returns
    -------
    str
        Label to compare with others.

    Raises
    ------
    LabelError
        If the label holds an invisible character, a full-width letter or digit, or
        Cyrillic or Greek letters that pass for Latin ones (``А01`` with a Cyrillic А).

    Examples
    --------
    >>> normalise(" C10-C12\u00a0")
    'C10-C12'
    """
    text = _SPACES.sub(" ", unicodedata.normalize("NFC", label)).strip()
    suspect = _look_alike(text)
    if suspect is not None:
        raise LabelError(
            f"label {text!r}",
            found=f"{unicodedata.name(suspect, 'an unnamed character')} (U+{ord(suspect):04X})",
            expected="characters that are what they look like",
            remedy="Type the label again with plain letters and digits.",
        )
    return text


def nearest(label: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three known labels that resemble the label, the most similar first.

    Parameters
    ----------
    label : str
        Label that isn't known.
    known : iterable of str
        Labels to choose from.

    Returns
    -------
    tuple of str
        Nothing when no label resembles it.

    Examples
    --------
    >>> nearest("C10-12", ["C10-C12", "C13-C15", "Q"])
    ('C10-C12', 'C13-C15')
    """
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(label.casefold(), by_folded, n=3, cutoff=0.5)
    return tuple(by_folded[name] for name in close)


def suggestion(label: str, known: Iterable[str], otherwise: str) -> str:
    """Return the remedy of a message about an unknown label.

    Parameters
    ----------
    label : str
        Label that isn't known.
    known : iterable of str
        Labels to choose from.
    otherwise : str
        Sentence for when no label resembles it.

    Returns
    -------
    str
        The nearest known labels as a question, or `otherwise`.

    Examples
    --------
    >>> suggestion("C10-12", ["C10-C12", "Q"], "Correct the label.")
    'Did you mean C10-C12?'
    """
    close = nearest(label, known)
    return f"Did you mean {' or '.join(close)}?" if close else otherwise


def _look_alike(text: str) -> str | None:
    for character in text:
        if unicodedata.category(character) == "Cf" or _FULL_WIDTH.match(character):
            return character
    foreign = [c for c in text if _is_cyrillic_or_greek(c)]
    if not foreign or any(c not in _CONFUSABLE for c in foreign):
        return None
    code_like = any(c.isascii() and c.isalnum() for c in text) or len(text) <= 3
    return foreign[0] if code_like else None


def _is_cyrillic_or_greek(character: str) -> bool:
    return unicodedata.name(character, "").startswith(("CYRILLIC", "GREEK"))
