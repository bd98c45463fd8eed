"""Tables of several years that share their labels, as stacked arrays and text.

This is what readers return and what lies on disk: no objects, only numbers and strings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from servio import classify
from servio.errors import InputError
from servio.table.axis import Axis
from servio.table.info import Note, TableInfo
from servio.table.iotable import IOTable, Satellite

__all__ = ["ARRAYS", "Bundle"]

Array = npt.NDArray[np.float64]
ARRAYS = ("Z", "Y", "V", "x", "Zm", "Ym", "Vy")


@dataclass(frozen=True, eq=False)
class Bundle:
    """Tables with the same labels, stacked along the first axis of every array.

    Parameters
    ----------
    axis, demand, demand_roles, primary, primary_roles, groups
        As in `IOTable`, shared by all tables.
    infos : tuple of TableInfo
        One a table.
    arrays : mapping of str to array
        Names of `ARRAYS` to shape (t, ...).
    satellites : mapping of str to (unit, array (t, n))
        Optional rows.
    checked : bool
        The arrays were validated before (they come from a hash-checked store).
    """

    axis: Axis
    demand: Axis
    demand_roles: tuple[str, ...]
    primary: tuple[str, ...]
    primary_roles: tuple[str, ...]
    infos: tuple[TableInfo, ...]
    arrays: Mapping[str, Array]
    satellites: Mapping[str, tuple[str, Array]] = field(default_factory=dict)
    members: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    checked: bool = False

    def __len__(self) -> int:
        return len(self.infos)

    def table(self, position: int) -> IOTable:
        """One table of the bundle."""
        parts = {name: array[position] for name, array in self.arrays.items()}
        return IOTable(
            parts.pop("Z"),
            parts.pop("Y"),
            parts.pop("V"),
            parts.pop("x"),
            self.axis,
            self.demand,
            self.demand_roles,
            self.primary,
            self.primary_roles,
            self.infos[position],
            satellites={
                name: Satellite(values[position], unit)
                for name, (unit, values) in self.satellites.items()
            },
            groups={
                name: classify.Grouping.custom(name, groups)
                for name, groups in self.members.items()
            },
            trusted=self.checked,
            **parts,
        )

    def __iter__(self) -> Iterator[IOTable]:
        return (self.table(i) for i in range(len(self)))

    @classmethod
    def of(cls, table: IOTable) -> Bundle:
        """One table as a bundle of one."""
        arrays = {name: getattr(table, name)[None] for name in ARRAYS
                  if getattr(table, name) is not None}  # fmt: skip
        return cls(
            table.axis,
            table.demand,
            table.demand_roles,
            table.primary,
            table.primary_roles,
            (table.info,),
            arrays,
            {k: (s.unit, s.values[None]) for k, s in table.satellites.items()},
            {
                name: {g: _named(table, grouping, i) for i, g in enumerate(grouping.groups)}
                for name, grouping in table.groups.items()
            },
        )

    def pack(self) -> tuple[dict[str, Any], Array]:
        """Text header and one flat array: the form on disk."""
        flat = np.concatenate([np.ascontiguousarray(a, dtype=np.float64).ravel()
                               for a in self._named().values()])  # fmt: skip
        return self.header(), flat

    def header(self) -> dict[str, Any]:
        """The text of the form on disk; the flat array holds the arrays in their order."""
        layout, offset = {}, 0
        for name, array in self._named().items():
            layout[name] = {"offset": offset, "shape": list(array.shape)}
            offset += array.size
        return {
            "axis": _axis_text(self.axis),
            "demand": _axis_text(self.demand),
            "demand_roles": list(self.demand_roles),
            "primary": list(self.primary),
            "primary_roles": list(self.primary_roles),
            "infos": [asdict(info) for info in self.infos],
            "layout": layout,
            "units": {name: unit for name, (unit, _) in self.satellites.items()},
            "members": {k: {g: list(v) for g, v in groups.items()}
                        for k, groups in self.members.items()},
        }  # fmt: skip

    def _named(self) -> dict[str, Array]:
        rows = {f"satellite:{name}": values for name, (_, values) in self.satellites.items()}
        return {**self.arrays, **rows}

    @classmethod
    def unpack(cls, header: Mapping[str, Any], flat: Array, *, checked: bool = False) -> Bundle:
        """The bundle from its header and flat array; arrays are views, nothing is copied."""
        named = {name: _slice(flat, part, name) for name, part in header["layout"].items()}
        prefix = "satellite:"
        return cls(
            _axis(header["axis"]),
            _axis(header["demand"]),
            tuple(header["demand_roles"]),
            tuple(header["primary"]),
            tuple(header["primary_roles"]),
            tuple(_info(text) for text in header["infos"]),
            {k: v for k, v in named.items() if not k.startswith(prefix)},
            {k: (unit, named[prefix + k]) for k, unit in header["units"].items()},
            {k: {g: tuple(v) for g, v in groups.items()}
             for k, groups in header["members"].items()},
            checked,
        )  # fmt: skip


def _named(table: IOTable, grouping: classify.Grouping, group: int) -> tuple[str, ...]:
    weights = grouping.weights(table.info.classification or "", table.axis.codes, allow_empty=True)
    return tuple(dict.fromkeys(table.axis.codes[i] for i in np.flatnonzero(weights[group])))


def _slice(flat: Array, part: Mapping[str, Any], name: str) -> Array:
    shape = tuple(int(s) for s in part["shape"])
    offset, size = int(part["offset"]), int(np.prod(shape))
    if offset < 0 or offset + size > flat.size:
        raise InputError(
            f"stored array {name}",
            found=f"{flat.size} numbers",
            expected=f"at least {offset + size}",
            remedy="Delete the stored copy; it will be made again from the source file.",
        )
    return flat[offset : offset + size].reshape(shape)


def _axis_text(axis: Axis) -> dict[str, list[str]]:
    return {"countries": list(axis.countries), "codes": list(axis.codes),
            "titles": list(axis.titles)}  # fmt: skip


def _axis(text: Mapping[str, Any]) -> Axis:
    return Axis(tuple(text["countries"]), tuple(text["codes"]), tuple(text["titles"]))


def _info(text: Mapping[str, Any]) -> TableInfo:
    fields = dict(text)
    fields["steps"] = tuple(fields["steps"])
    fields["derived"] = tuple(fields["derived"])
    fields["notes"] = tuple(Note(**note) for note in fields["notes"])
    return TableInfo(**fields)
