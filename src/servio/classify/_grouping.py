"""Groupings: which share of each industry belongs to which group, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from servio.classify._classification import Base, Classification, classification
from servio.classify._data import expand, names, read
from servio.classify.labels import normalise, suggestion
from servio.errors import FormatError, LabelError, UsageError, ValueFault

__all__ = [
    "Grouping",
    "PartialCode",
    "UseRule",
    "grouping",
    "groupings",
    "producer_service_definitions",
]

Kind = Literal["activity", "function"]
_OUTSIDE = ""
_Shares = dict[str, float]


@dataclass(frozen=True)
class PartialCode:
    """A code that is only partly inside a group, and the share it was given.

    Parameters
    ----------
    code : str
        Code of the classification.
    parts : mapping of str to str
        Group -> divisions of the code inside it; ``""`` holds those not wholly in a group.
    shares : mapping of str to float
        Group -> share of the code's activity given to it.
    reason : str
        Where the shares come from.
    """

    code: str
    parts: Mapping[str, str]
    shares: Mapping[str, float]
    reason: str


@dataclass(frozen=True)
class UseRule:
    """How a functional definition turns the share sold to producers into a weight.

    Parameters
    ----------
    mode : {"threshold", "fractional"}
        Weight 1 above the threshold and 0 else, or the share itself.
    threshold : float
        Share above which a service counts, for ``mode="threshold"``.
    users : tuple of str
        Uses that count as producers' use: ``intermediate``, and ``government`` where the
        author adds government final consumption.
    """

    mode: Literal["threshold", "fractional"]
    threshold: float
    users: tuple[str, ...]

    def weigh(self, use_share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weight of each industry from its share of producers' use."""
        if self.mode == "fractional":
            return use_share
        return (use_share > self.threshold).astype(np.float64)


@dataclass(frozen=True)
class Grouping:
    """Groups of industries, with the share of every code that belongs to each.

    Parameters
    ----------
    name, title : str
        Name used in servio, and in words.
    groups, group_titles : tuple of str
        One per group.
    kind : {"activity", "function"}
        Whether membership is a list of activities or depends on who buys.
    partition : bool
        Whether the groups don't overlap: the shares of a code that is wholly inside the
        groups sum to 1.
    definition, source, basis : str
        What the author or statistical office says; where; and the words the mapping
        rests on, with what is uncertain.
    rule : UseRule or None
        Rule of a functional definition.
    parts : mapping of str to float
        Shares the author states but no table shows, recorded as data.
    """

    name: str
    title: str
    groups: tuple[str, ...]
    group_titles: tuple[str, ...]
    kind: Kind
    partition: bool
    definition: str
    source: str
    basis: str
    rule: UseRule | None = None
    parts: Mapping[str, float] = field(default_factory=dict, compare=False)
    _members: Mapping[str, Mapping[str, tuple[str, ...]]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _overrides: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _unsuited: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def custom(name: str, members: Mapping[str, Sequence[str]], title: str = "") -> Grouping:
        """Make a grouping from the labels of one's own table.

        Parameters
        ----------
        name : str
            Name of the grouping.
        members : mapping of str to sequence of str
            Group -> labels of its industries.
        title : str
            Name in words; `name` if empty.

        Returns
        -------
        Grouping
            Its `weights` take the table's labels; the classification is not looked at.

        Raises
        ------
        LabelError
            If there is no group or a group has no label or one label twice.

        Examples
        --------
        >>> own = Grouping.custom("two", {"goods": ["Steel", "Cars"], "services": ["Banks"]})
        >>> own.weights(None, ["Banks", "Cars", "Steel"]).tolist()
        [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]
        """
        labels = {g: tuple(normalise(label) for label in ls) for g, ls in members.items()}
        for group, own in labels.items() if labels else [(name, ())]:
            if len(set(own)) != len(own) or not own:
                raise LabelError(
                    f"grouping {name}, group {group!r}",
                    found=", ".join(own) or "no label",
                    expected="at least one label, each once",
                    remedy="Correct the list of labels of this group.",
                )
        flat = [label for own in labels.values() for label in own]
        return Grouping(
            name=name,
            title=title or name,
            groups=tuple(labels),
            group_titles=tuple(labels),
            kind="activity",
            partition=len(set(flat)) == len(flat),
            definition="groups given by the user",
            source="user",
            basis="labels as listed by the user",
            _members={"labels": labels},
        )

    @property
    def classifications(self) -> tuple[str, ...]:
        """Names of the classifications this grouping can be read on, sorted."""
        return tuple(
            name
            for name in names("classifications")
            if "labels" not in self._members and name not in self._unsuited
        )

    def weights(
        self,
        classification: str | None,
        codes: Sequence[str],
        *,
        use_share: ArrayLike | None = None,
        allow_empty: bool = False,
    ) -> NDArray[np.float64]:
        """Return the share of each code that belongs to each group.

        For a functional definition the membership is that of all services, multiplied by
        the weight of its rule: ``u > threshold`` or ``u`` itself, with
        ``u_i = producers' use_i / (sum_j z_ij + y_i)``.

        Parameters
        ----------
        classification : str or None
            Name of the classification of the codes; ignored by a custom grouping.
        codes : sequence of str, length n
            Codes in the order of the table; doubles allowed (several countries).
        use_share : array_like, shape (n,), optional
            Share of each industry's supply that producers use, in 0..1. Functional
            definitions need it, others refuse it. An industry that sells nothing has no
            share: give 0 there (it weighs nothing) and list it as undefined.
        allow_empty : bool
            Whether a group without any industry here is a row of zeros or an error.

        Returns
        -------
        ndarray, shape (g, n)
            Shares in 0..1, without unit.

        Raises
        ------
        LabelError
            If a code is unknown, if the grouping can't be read on this classification, or
            if a group is empty in this table and `allow_empty` is false.
        UsageError
            If `use_share` is missing or not wanted.
        ValueFault
            If a use share is undefined or outside 0..1, or there are not n of them.

        Examples
        --------
        >>> grouping("kibs").weights("isic4_wiod56", ["C26", "M72", "R_S"]).tolist()
        [[0.0, 1.0, 0.0]]
        """
        if self._is_custom:
            matrix = self._label_weights(codes)
        else:
            known, resolved = self._resolve(classification, codes)
            matrix = self._code_weights(known, resolved)
        matrix = matrix * self._use_weights(codes, use_share)
        if not allow_empty:
            self._refuse_empty(matrix, classification)
        return matrix

    def partial(self, classification: str | None, codes: Sequence[str]) -> tuple[PartialCode, ...]:
        """Return the codes that are only partly inside a group, with the share given.

        Parameters
        ----------
        classification : str or None
            Name of the classification of the codes.
        codes : sequence of str
            Codes of a table.

        Returns
        -------
        tuple of PartialCode
            One per code, in the order of the classification; empty for a custom grouping.

        Raises
        ------
        LabelError
            As `weights`.

        Examples
        --------
        >>> for code in grouping("kibs").partial("isic4_oecd45", ["J62_63", "M"]):
        ...     print(code.code, code.shares)
        M {'kibs': 0.8512}
        """
        if self._is_custom:
            return ()
        known, resolved = self._resolve(classification, codes)
        found = (self._partial_code(known, code) for code in known.codes if code in resolved)
        return tuple(code for code in found if code is not None)

    @property
    def _is_custom(self) -> bool:
        return "labels" in self._members

    def _resolve(
        self, name: str | None, codes: Sequence[str]
    ) -> tuple[Classification, tuple[str, ...]]:
        if name is None:
            raise UsageError(
                f"grouping {self.name}",
                found="a table without classification",
                expected=f"one of {', '.join(self.classifications)}",
                remedy="Declare the table's classification, or give a grouping of its own labels.",
            )
        known = classification(name)
        if name in self._unsuited:
            raise LabelError(
                f"grouping {self.name} on {name}",
                found=self._unsuited[name],
                expected="industries fine enough for these groups",
                remedy="Use another table or another grouping.",
            )
        return known, known.resolve(codes)

    def _label_weights(self, codes: Sequence[str]) -> NDArray[np.float64]:
        labels = [normalise(code) for code in codes]
        members = self._members["labels"]
        for group, own in members.items():
            for label in own:
                if label not in labels:
                    raise LabelError(
                        f"grouping {self.name}, group {group!r}, label {label!r}",
                        found="no such label in the table",
                        expected="labels of the table's industries",
                        remedy=suggestion(label, labels, "Correct or remove the label."),
                    )
        return np.array(
            [[float(label in members[group]) for label in labels] for group in self.groups]
        )

    def _code_weights(self, known: Classification, codes: Sequence[str]) -> NDArray[np.float64]:
        shares = {code: self._shares(known, code) for code in set(codes)}
        return np.array([[shares[code].get(group, 0.0) for code in codes] for group in self.groups])

    def _use_weights(
        self, codes: Sequence[str], use_share: ArrayLike | None
    ) -> NDArray[np.float64]:
        if (self.rule is None) != (use_share is None):
            raise UsageError(
                f"grouping {self.name}, argument use_share",
                found="none" if use_share is None else "an array",
                expected=f"{'an array' if self.rule else 'none'}: it is defined by {self.kind}",
                remedy="Give each industry's share sold to producers to definitions by function.",
            )
        if self.rule is None or use_share is None:
            return np.ones(len(codes))
        return self.rule.weigh(_checked_use_share(codes, use_share))

    def _refuse_empty(self, matrix: NDArray[np.float64], name: str | None) -> None:
        for group, row in zip(self.groups, matrix, strict=True):
            if not row.any():
                raise LabelError(
                    f"grouping {self.name}, group {group!r}",
                    found=f"no industry of it in this table ({name or 'own labels'})",
                    expected="at least one industry in every group",
                    remedy="Use a finer table or another grouping, or allow empty groups.",
                )

    def _atom_shares(self, base: Base, atom: str) -> _Shares:
        override = self._overrides.get(base, {}).get(atom)
        if override is not None:
            return _without_reason(override)
        for group, member in self._inner(base, atom):
            raise FormatError(
                f"data file of grouping {self.name}, division {atom}",
                found=f"only its part {member} in group {group}",
                expected=f"a share in the section override.{base}",
                remedy="Add the share with its reason to the file.",
            )
        return {g: 1.0 for g in self.groups if atom.startswith(self._members[base][g])}

    def _inner(self, base: Base, atom: str) -> Iterator[tuple[str, str]]:
        """Group and member for every member that is only a part of the division."""
        for group in self.groups:
            for member in self._members[base][group]:
                if member != atom and member.startswith(atom):
                    yield group, member

    def _shares(self, known: Classification, code: str) -> _Shares:
        override = self._overrides.get(known.name, {}).get(code)
        if override is not None:
            return _without_reason(override)
        atoms = known.covers[known.codes.index(code)]
        counts: dict[str, float] = dict.fromkeys(self.groups, 0.0)
        for atom in atoms:
            for group, share in self._atom_shares(known.base, atom).items():
                counts[group] += share / len(atoms)
        if len(atoms) == 1:
            return {g: count for g, count in counts.items() if count}
        return self._by_rule(code, {g: round(count, 12) for g, count in counts.items()})

    def _by_rule(self, code: str, counts: Mapping[str, float]) -> _Shares:
        """Shares of a code of several divisions: whole groups stay, others follow the rule."""
        whole = {g: 1.0 for g, count in counts.items() if count == 1.0}
        if whole and self.partition:
            return whole
        parts = list(counts.values())
        if self.partition:
            parts.append(round(1.0 - sum(parts), 12))
            if parts.count(max(parts)) == 1:
                return {g: 1.0 for g, count in counts.items() if count == max(parts)}
        elif 0.5 not in parts:
            return {g: 1.0 for g, count in counts.items() if count > 0.5}
        raise FormatError(
            f"data file of grouping {self.name}, code {code}",
            found="as many divisions on either side",
            expected="a share in an override section",
            remedy="Add the share with its reason to the file.",
        )

    def _partial_code(self, known: Classification, code: str) -> PartialCode | None:
        atoms = known.covers[known.codes.index(code)]
        parts: dict[str, list[str]] = {}
        for atom in atoms:
            inside = [g for g in self.groups if atom.startswith(self._members[known.base][g])]
            for group in inside or [_OUTSIDE]:
                parts.setdefault(group, []).append(atom)
            for group, member in self._inner(known.base, atom):
                parts.setdefault(group, []).append(member)
        shares = self._shares(known, code)
        whole = all(divisions == list(atoms) for divisions in parts.values())
        if whole and shares == {group: 1.0 for group in parts if group != _OUTSIDE}:
            return None
        return PartialCode(
            code,
            {group: " ".join(divisions) for group, divisions in parts.items()},
            shares,
            self._reason(known, code, atoms),
        )

    def _reason(self, known: Classification, code: str, atoms: Sequence[str]) -> str:
        own = self._overrides.get(known.name, {}).get(code)
        if own is not None:
            return cast(str, own["reason"])
        notes = [
            f"{atom}: {self._overrides[known.base][atom]['reason']}"
            for atom in atoms
            if atom in self._overrides.get(known.base, {})
        ]
        if len(atoms) == 1 and notes:
            return notes[0]
        return "; ".join([*notes, "the whole code goes where most of its divisions are"])


def groupings() -> tuple[str, ...]:
    """Return the names of all groupings, sorted.

    Examples
    --------
    >>> {"manufacturing", "services", "kibs"} <= set(groupings())
    True
    """
    return names("groupings")


@cache
def producer_service_definitions() -> tuple[str, ...]:
    """Return the names of the authors' definitions of producer services, sorted.

    Examples
    --------
    >>> producer_service_definitions()[:2]
    ('ps_browning_singelmann1975', 'ps_coffey2000')
    """
    return tuple(n for n in groupings() if read("groupings", n).get("producer_services", False))


@cache
def grouping(name: str) -> Grouping:
    """Return the grouping of that name.

    Parameters
    ----------
    name : str
        One of `groupings()`.

    Returns
    -------
    Grouping

    Raises
    ------
    UsageError
        If there is no such grouping.

    Examples
    --------
    >>> grouping("sectors").groups
    ('agriculture', 'mining', 'manufacturing', 'utilities', 'construction', 'services')
    """
    data = read("groupings", name)
    groups = tuple(group["name"] for group in data["group"])
    return Grouping(
        name=data["name"],
        title=data["title"],
        groups=groups,
        group_titles=tuple(group["title"] for group in data["group"]),
        kind=data["kind"],
        partition=data["partition"],
        definition=data["definition"],
        source=data["source"],
        basis=data["basis"],
        rule=_rule(data.get("rule")),
        parts=data.get("parts", {}),
        _members={
            base: {group["name"]: expand(group[base]) for group in data["group"]}
            for base in ("isic3", "isic4")
        },
        _overrides=data.get("override", {}),
        _unsuited=data.get("unsuited", {}),
    )


def _without_reason(override: Mapping[str, Any]) -> _Shares:
    return {group: share for group, share in override.items() if group != "reason"}


def _rule(data: Mapping[str, Any] | None) -> UseRule | None:
    if data is None:
        return None
    return UseRule(data["mode"], data.get("threshold", 0.0), tuple(data["users"]))


def _checked_use_share(codes: Sequence[str], use_share: ArrayLike) -> NDArray[np.float64]:
    share = np.asarray(use_share, dtype=np.float64)
    if share.shape != (len(codes),):
        raise ValueFault(
            "argument use_share",
            found=f"shape {share.shape}",
            expected=f"shape ({len(codes)},)",
            remedy="Give one share per code, in the order of the codes.",
        )
    wrong = np.flatnonzero(~((share >= 0) & (share <= 1)))
    if wrong.size:
        raise ValueFault(
            f"argument use_share, {codes[wrong[0]]}",
            found=f"{share[wrong[0]]:g}",
            expected="a share in 0..1",
            remedy="Give 0 to an industry that sells nothing; limit others yourself and say so.",
        )
    return share
