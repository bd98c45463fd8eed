"""Classifications of industries: codes, titles and the divisions each code contains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from servio.classify._data import expand, names, read
from servio.classify.labels import normalise, suggestion
from servio.errors import LabelError

__all__ = ["Base", "Classification", "classification", "classifications", "identify"]

Base = Literal["isic3", "isic4"]

_ANYBODYS = re.compile(r"[A-Za-z]|[a-z]?\d+")
_FEWEST = 3


@dataclass(frozen=True)
class Classification:
    """Codes of a published set of industries, in table order.

    Parameters
    ----------
    name, title : str
        Name used in servio, and in words.
    codes, titles : tuple of str
        One per industry.
    covers : tuple of tuple of str
        Divisions (two digits) or groups of them (three or four) of `base` that each
        code contains whole.
    base : {"isic3", "isic4"}
        Standard the divisions belong to.
    styles : mapping
        Other published ways to label the same codes: style name -> label -> code.
    source, date, licence, basis : str
        Where the codes come from, when, on what terms, and how `covers` was read.
    """

    name: str
    title: str
    codes: tuple[str, ...]
    titles: tuple[str, ...]
    covers: tuple[tuple[str, ...], ...]
    base: Base
    source: str
    date: str
    licence: str
    basis: str
    styles: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def aliases(self) -> dict[str, str]:
        """Other labels of the codes, without those that mean two codes in two styles."""
        meanings: dict[str, set[str]] = {}
        for style in self.styles.values():
            for label, code in style.items():
                meanings.setdefault(label, set()).add(code)
        return {
            label: min(codes)
            for label, codes in meanings.items()
            if len(codes) == 1 and label not in self.codes
        }

    def resolve(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Return the code behind each label; all labels must be of one published style.

        Parameters
        ----------
        labels : iterable of str
            Labels of a table, in any order, doubles allowed (several countries).

        Returns
        -------
        tuple of str
            Codes in the order of the labels.

        Raises
        ------
        LabelError
            If a label is unknown, or if the labels mean different codes in two styles.

        Examples
        --------
        >>> classification("isic4_oecd45").resolve(["D01T02", "D62T63"])
        ('A01_02', 'J62_63')
        """
        wanted = tuple(normalise(label) for label in labels)
        readings = self._readings(wanted)
        if not readings:
            self._raise_unknown(wanted)
        (style, codes), *others = readings.items()
        for other, other_codes in others:
            if other_codes != codes:
                k = next(
                    i
                    for i, pair in enumerate(zip(codes, other_codes, strict=True))
                    if len(set(pair)) > 1
                )
                raise LabelError(
                    f"{self.name}, label {wanted[k]!r}",
                    found=f"{codes[k]} in the style {style}, {other_codes[k]} in the style {other}",
                    expected="labels that mean one code",
                    remedy=f"Use the codes {self.codes[0]}, {self.codes[1]}, … instead.",
                )
        return codes

    def _labelings(self) -> dict[str, Mapping[str, str]]:
        return {"official": {code: code for code in self.codes}, **self.styles}

    def _readings(self, labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
        return {
            style: tuple(known[label] for label in labels)
            for style, known in self._labelings().items()
            if all(label in known for label in labels)
        }

    def _raise_unknown(self, labels: Sequence[str]) -> None:
        known = max(self._labelings().values(), key=lambda k: sum(label in k for label in labels))
        unknown = next(label for label in labels if label not in known)
        raise LabelError(
            f"{self.name}, label {unknown!r}",
            found="a label that is not in this classification or not in the style of the others",
            expected=f"labels such as {', '.join(list(known)[:3])}",
            remedy=suggestion(unknown, known, "Name the table's own classification."),
        )


def classifications() -> tuple[str, ...]:
    """Return the names of all classifications, sorted.

    Examples
    --------
    >>> "isic4_wiod56" in classifications()
    True
    """
    return names("classifications")


@cache
def classification(name: str) -> Classification:
    """Return the classification of that name.

    Parameters
    ----------
    name : str
        One of `classifications()`.

    Returns
    -------
    Classification

    Raises
    ------
    UsageError
        If there is no such classification.

    Examples
    --------
    >>> wiod = classification("isic4_wiod56")
    >>> len(wiod), wiod.codes[4], wiod.covers[4]
    (56, 'C10-C12', ('10', '11', '12'))
    """
    data = read("classifications", name)
    codes = tuple(code for code, _, _ in data["codes"])
    return Classification(
        name=data["name"],
        title=data["title"],
        codes=codes,
        titles=tuple(title for _, title, _ in data["codes"]),
        covers=tuple(expand(text) for _, _, text in data["codes"]),
        base=data["base"],
        source=data["source"],
        date=data["date"],
        licence=data["licence"],
        basis=data["basis"],
        styles=_styles(codes, data.get("styles", {})),
    )


def identify(codes: Iterable[str]) -> str | None:
    """Return the one classification all labels belong to, or None.

    Order doesn't matter and doubles are ignored. There is no answer when the labels fit
    several classifications, when fewer than three are given, or when all are of the kind
    that anybody's table has (``A``, ``07``, ``c3``) and they are less than half of the
    classification.

    Parameters
    ----------
    codes : iterable of str
        Labels of a table's industries.

    Returns
    -------
    str or None
        Name of the classification.

    Raises
    ------
    LabelError
        If a label holds look-alike characters.

    Examples
    --------
    >>> identify(["A01", "C10-C12", "C31_C32", "R_S"])
    'isic4_wiod56'
    >>> identify(["A", "B", "C"]) is None
    True
    """
    labels = tuple({normalise(code) for code in codes})
    found = [name for name in classifications() if _is_evidence(labels, classification(name))]
    return found[0] if len(found) == 1 else None


def _is_evidence(labels: tuple[str, ...], known: Classification) -> bool:
    fewest = len(known) / 2 if all(_ANYBODYS.fullmatch(label) for label in labels) else _FEWEST
    return len(labels) >= max(fewest, _FEWEST) and bool(known._readings(labels))


def _styles(codes: tuple[str, ...], data: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    styles: dict[str, dict[str, str]] = {}
    for name, style in data.items():
        labels = style.get("labels") or [
            style["prefix"] + label for label in (styles[style["of"]] if "of" in style else codes)
        ]
        styles[name] = dict(zip(labels, codes, strict=True)) | style.get("also", {})
    return styles
