"""Classes of countries and industries: cut from a column of the panel, or from a grouping."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from servio.classify import classification, classifications, grouping, identify, nearest
from servio.errors import LabelError, UsageError
from servio.explain._panel import Column
from servio.explain._recipe import PanelClass, check_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ClassMaker", "Classes", "industries_in"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FEWEST = 3
ANYBODYS = re.compile(r"[A-Za-z]|[a-z]?\d+")


@dataclass(frozen=True, eq=False)
class Classes:
    """Columns of one class, where it is undefined, and how it came about."""

    columns: Mapping[str, tuple[Any, Column]]
    undefined: Mask
    records: Sequence[dict[str, Any]]
    notes: Sequence[str]


@dataclass(eq=False)
class ClassMaker:
    """One ``[[panel.classes]]`` on the rows of a panel.

    Parameters
    ----------
    recipe : PanelClass
    place : str
        For messages.
    frame : DataFrame
        All rows; `complete` marks those of the panel, whose members are classed.
    complete : array of bool
    entity : tuple of str
    of_countries : bool
        Whether the column to cut is one of whole countries.
    codes : tuple of str
        All industries, also those outside the panel: they tell the classification.
    classification : str
        Declared one, or empty.
    """

    recipe: PanelClass
    place: str
    frame: pd.DataFrame
    complete: Mask
    entity: tuple[str, ...]
    of_countries: bool
    codes: tuple[str, ...]
    classification: str
    notes: list[str] = field(default_factory=list)

    def make(self) -> Classes:
        """Labels, 0/1 columns, records a member and notes."""
        records = self._by_grouping() if self.recipe.grouping else self._by_cut()
        label = {record["member"]: record["label"] for record in records}
        members = self._members(self.frame)
        texts = np.array([label.get(member, "") for member in members], dtype=object)
        order = self.recipe.labels or tuple(dict.fromkeys(label.values()))
        columns: dict[str, tuple[Any, Column]] = {
            self.recipe.name: (texts, Column("class", self._words()))
        }
        for one in order:
            name = f"{self.recipe.name}_{one}"
            check_name(name, self.place, {*self.frame.columns, *columns})
            columns[name] = (
                (texts == one).astype(np.float64), Column("0/1", f"{self.recipe.name} is {one}")
            )  # fmt: skip
        return Classes(columns, texts == "", records, self.notes)

    @property
    def _of(self) -> str:
        if self.recipe.grouping:
            return "industry"
        found = self.recipe.of or ("country" if self.of_countries else "")
        if not found:
            raise UsageError(f"{self.place}.of", found="a column of industries",
                             expected="country, industry or entity",
                             remedy='Say what is classed: of = "country".')  # fmt: skip
        return found

    def _members(self, frame: pd.DataFrame) -> list[str]:
        of = self._of
        if of == "entity":
            parts = [frame[name].astype(object) for name in self.entity]
            return [":".join(row) for row in zip(*parts, strict=True)]
        if of not in self.entity:
            raise UsageError(f"{self.place}.of", found=f"{of} in a panel of countries",
                             expected="country", remedy="Class countries.")  # fmt: skip
        return [str(member) for member in frame[of]]

    def _words(self) -> str:
        one = self.recipe
        if one.grouping:
            merged = "; ".join(f"{k} = {' + '.join(v)}" for k, v in one.merge.items())
            return f"group of {one.grouping}{f' ({merged})' if merged else ''}"
        cut = one.cut if isinstance(one.cut, str) else f"cut {one.cut}"
        return f"{one.column}, {one.at} of {self._of}, {cut}"

    # -- cuts -----------------------------------------------------------------------------------

    def _by_cut(self) -> list[dict[str, Any]]:
        values = self._values()
        self._check_override(set(values["member"]))
        cuts = self._cuts(values["value"].to_numpy(dtype=np.float64))
        places = np.searchsorted(cuts, values["value"].to_numpy(), side="left")
        cut_words = ", ".join(f"{cut:.17g}" for cut in cuts)
        records = [
            {
                "class": self.recipe.name, "member": row.member, "value": float(row.value),
                "years": row.years, "cut": cut_words,
                "label": self.recipe.override.get(row.member, self.recipe.labels[place]),
                "how": "override" if row.member in self.recipe.override else "cut",
            }
            for row, place in zip(values.itertuples(index=False), places, strict=True)
        ]  # fmt: skip
        self._tell_cut(records, cuts)
        return records

    def _values(self) -> pd.DataFrame:
        """Value and years of each member: first the mean of its rows in a year, then `at`."""
        import pandas as pd

        members = np.array(self._members(self.frame), dtype=object)
        inside = np.isin(members, list(set(members[self.complete])))
        rows = pd.DataFrame(
            {"member": members, "year": self.frame["year"], "x": self.frame[self.recipe.column]}
        )[inside].dropna()
        by_year = rows.groupby(["member", "year"], sort=True)["x"].mean().reset_index()
        at = self.recipe.at
        found = []
        for member, own in by_year.groupby("member", sort=True):
            chosen = own if at == "mean" else own.iloc[[0 if at == "first" else -1]]
            first, last = chosen["year"].min(), chosen["year"].max()
            years = str(first) if first == last else f"{first}\N{EN DASH}{last}"
            found.append({"member": str(member), "value": chosen["x"].mean(), "years": years})
        years_used = {one["years"] for one in found}
        if len(years_used) > 1:
            self.notes.append(f"{self.recipe.name}: years differ between members, see classes")
        return pd.DataFrame(found)

    def _cuts(self, values: Array) -> Array:
        cut = self.recipe.cut
        if isinstance(cut, tuple):
            return np.asarray(np.quantile(values, cut), dtype=np.float64)
        return np.array([np.median(values) if isinstance(cut, str) else float(cut)])

    def _check_override(self, members: set[str]) -> None:
        for member in self.recipe.override:
            if member not in members:
                near = nearest(member, sorted(members)) or tuple(sorted(members)[:5])
                raise LabelError(f"{self.place}.override", found=repr(member),
                                 expected=f"a member of the panel, such as {', '.join(near)}",
                                 remedy="Correct or remove it.")  # fmt: skip

    def _tell_cut(self, records: Sequence[dict[str, Any]], cuts: Array) -> None:
        one = self.recipe
        counts = dict.fromkeys(one.labels, 0)
        for record in records:
            counts[record["label"]] += 1
        empty = [label for label, count in counts.items() if not count]
        if empty:
            raise UsageError(f"{self.place}.cut", found=f"no member in {', '.join(empty)}",
                             expected="a member in every class",
                             remedy="Choose another cut.")  # fmt: skip
        how = "quantiles" if isinstance(one.cut, tuple) else "threshold"
        how = "median" if isinstance(one.cut, str) else how
        sizes = ", ".join(f"{count} {label}" for label, count in counts.items())
        ends = ", ".join(f"{cut:.6g}" for cut in cuts)
        changed = ", ".join(sorted(one.override))
        self.notes.append(
            f"{one.name}: {one.at} {one.column} cut at {ends} ({how}): {sizes}"
            + (f"; overridden: {changed}" if changed else "")
        )
        same = [r["member"] for r in records if r["value"] in cuts]
        if same:
            self.notes.append(f"{one.name}: exactly at the cut, so below: {', '.join(same)}")

    # -- groupings ------------------------------------------------------------------------------

    def _by_grouping(self) -> list[dict[str, Any]]:
        one = self.recipe
        members = np.array(self._members(self.frame), dtype=object)
        inside = sorted(set(members[self.complete]) - {""})
        self._check_override(set(inside))
        groups = grouping(one.grouping).groups
        names = self._merged(groups)
        weights = industry_weights(one.grouping, inside, self.codes, self.classification)
        labels = tuple(dict.fromkeys(names[group] for group in groups))
        shares = np.array(
            [sum(weights[g] for g, group in enumerate(groups) if names[group] == label)
             for label in labels]
        )  # fmt: skip
        records, partly = [], []
        for column, member in zip(shares.T, inside, strict=True):
            label, share = self._label(member, column, labels)
            if not label:
                continue
            if share < 1 and member not in one.override:
                partly.append(f"{member} ({share:.3g} {label})")
            records.append({
                "class": one.name, "member": member, "value": share, "years": "", "cut": "",
                "label": label,
                "how": "override" if member in one.override else f"grouping {one.grouping}",
            })  # fmt: skip
        if partly:
            self.notes.append(f"{one.name}: only partly in their class: {', '.join(partly)}")
        return sorted(records, key=lambda record: (labels_first(labels, record), record["member"]))

    def _merged(self, groups: Sequence[str]) -> dict[str, str]:
        names = {group: group for group in groups}
        for label, folded in self.recipe.merge.items():
            for group in folded:
                if group not in names:
                    near = nearest(group, groups) or tuple(groups)
                    raise LabelError(f"{self.place}.merge.{label}", found=repr(group),
                                     expected=f"a group, such as {', '.join(near)}",
                                     remedy="Correct or remove it.")  # fmt: skip
                if names[group] != group:
                    raise LabelError(f"{self.place}.merge", found=f"{group} twice",
                                     expected="each group once", remedy="Keep one.")  # fmt: skip
                names[group] = label
        return names

    def _label(self, member: str, shares: Array, labels: Sequence[str]) -> tuple[str, float]:
        """The label with the largest share of an industry, and the share; '' without any."""
        if member in self.recipe.override:
            label = self.recipe.override[member]
            return label, float(shares[labels.index(label)]) if label in labels else 0.0
        top = float(shares.max())
        best = [label for label, share in zip(labels, shares, strict=True) if share == top]
        if top == 0:
            return "", 0.0
        if len(best) > 1:
            raise LabelError(f"{self.place}, industry {member}",
                             found=f"equal shares in {', '.join(best)}", expected="one class",
                             remedy=f'Say override = {{ {member} = "{best[0]}" }}.')  # fmt: skip
        return best[0], top


def labels_first(labels: Sequence[str], record: Mapping[str, Any]) -> int:
    """Order of a record by its label; labels of an override only come last."""
    return labels.index(record["label"]) if record["label"] in labels else len(labels)


def industries_in(name: str, codes: Sequence[str], declared: str) -> tuple[str, ...]:
    """Industries with a share in any group of a grouping."""
    inside = industry_weights(name, codes, codes, declared).sum(axis=0) > 0
    return tuple(code for code, kept in zip(codes, inside, strict=True) if kept)


def industry_weights(
    name: str, codes: Sequence[str], evidence: Sequence[str], declared: str
) -> Array:
    """Share of each industry in each group; the classification is declared or beyond doubt.

    Beyond doubt: one classification has all the codes, or all that have them give the same shares.
    """
    group = grouping(name)
    if declared:
        return group.weights(declared, codes, allow_empty=True)
    known = identify(evidence)
    if known:
        return group.weights(known, codes, allow_empty=True)
    fitting = _fitting(evidence)
    try:
        found = [group.weights(one, codes, allow_empty=True) for one in fitting]
    except LabelError:
        found = []
    if found and all(np.array_equal(found[0], other) for other in found[1:]):
        return found[0]
    raise LabelError(
        f"panel, grouping {name}",
        found=f"industries such as {', '.join(list(evidence)[:3])}, which fit "
        f"{' and '.join(fitting) or 'no classification for sure'}",
        expected="one classification of the industries",
        remedy='Say classification = "…" in [panel] (`servio list classifications`).',
    )


def _fitting(codes: Sequence[str]) -> tuple[str, ...]:
    """Classifications that have all codes; none where anybody's table has such codes."""
    if len(codes) < FEWEST or all(ANYBODYS.fullmatch(code) for code in codes):
        return ()
    return tuple(name for name in classifications() if _has(name, codes))


def _has(name: str, codes: Sequence[str]) -> bool:
    try:
        classification(name).resolve(codes)
    except LabelError:
        return False
    return True
