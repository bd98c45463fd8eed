"""A table of one's own: CSV or Excel matrices and a TOML file that says what they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from servio import classify
from servio.errors import FormatError, LabelError, UnitError, UsageError, ValueFault
from servio.sources import _csv, _labels, _roles, _xlsx
from servio.sources._checks import checked, refuse_imbalance
from servio.sources._description import FLOWS, KINDS, NAME, Description, read_description
from servio.sources._guard import Kind, require_kind
from servio.sources._matrix import Array, Matrix, hint
from servio.sources._registry import Source
from servio.table import (
    DEMAND_ROLES,
    PRIMARY_ROLES,
    Axis,
    Bundle,
    IOTable,
    Note,
    Satellite,
    TableInfo,
    column_gap,
    file_sha256,
)

__all__ = ["SOURCE", "parse", "sniff"]

SOURCE = Source(
    name="generic",
    title="Your own table: CSV or Excel matrices with a TOML description",
    publisher="yourself",
    editions=(),
    years="any",
    licence="that of your data",
    address="",
    citation="",
    how_to_get="Write table.toml beside your files: see docs/generic-tables.md.",
    alone=False,
)

_HEAD = 2**16
_KEYS = re.compile(rb"^[ \t]*(\[(table|files)\]|[\"']?Z[\"']?[ \t]*=)", re.MULTILINE)
_BALANCED = 1e-4
_ROUNDING = 1e-4


def sniff(path: Path) -> bool:
    """Whether the path is a description, or a folder with one; never raises."""
    path = path / NAME if path.is_dir() else path
    if path.suffix.lower() != ".toml" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return _KEYS.search(head) is not None


def parse(path: Path) -> list[Bundle]:
    """The tables a description names, one bundle a year.

    Parameters
    ----------
    path : Path
        A TOML description, or the folder of one named ``table.toml``.

    Returns
    -------
    list of Bundle

    Raises
    ------
    ServioError
        For anything that can't be read exactly; the message names file, row, column and label.
    """
    description = read_description(path)
    return [Bundle.of(_Reading(description, year).table()) for year in description.years]


@dataclass
class _Reading:
    """One year of a description on its way to a table."""

    description: Description
    year: int | None

    def __post_init__(self) -> None:
        self.notes: list[Note] = []
        self.steps: list[str] = []
        self.hashes: dict[Path, str] = {}

    def table(self) -> IOTable:
        """Read the files, bring them into one order, complete and check them."""
        d = self.description
        Z = self._square()
        labels = Z.rows
        axis = _axis(labels, d, self.place("country_separator"))
        classification = self._classification(axis)
        Y = self._block("Y", labels, industries="rows")
        V = self._block("V", labels, industries="columns")
        x = self._vector("x", labels)
        imports, final = self._imports(labels, Y)
        parts: dict[str, Any] = {
            "satellites": self._satellites(labels),
            "groups": self._groups(axis),
        }
        if Y is not None:
            parts["demand"] = _demand_axis(Y.columns, axis, d)
            parts["demand_roles"] = self._demand_roles(Y, parts["demand"])
        if V is not None:
            parts["primary"] = V.rows
            parts["primary_roles"] = self._primary_roles(V)
        flows = self._flows(axis, imports is not None, Y, parts.get("demand_roles", ()))
        info = self._info(axis, flows, classification)
        arrays = _Flows(
            Z.values, None if Y is None else Y.values, None if V is None else V.values, x,
            imports, final,
        )  # fmt: skip
        if imports is not None and d.info.get("flows") == "total":
            arrays = self._domestic(arrays, labels, parts)
        table = self._complete(arrays, axis, info, parts)
        self._refuse_other_reading(table)
        if d.balance_limit is not None:
            refuse_imbalance(table, d.balance_limit)
        self._refuse_change()
        info = table.info.with_notes(*self.notes)
        steps = (*self.steps, *info.steps)
        info = replace(info, input_sha256=self._sha256(), steps=steps)
        return checked(replace(table, info=info))

    # -- files ----------------------------------------------------------------------------------

    def place(self, key: str) -> str:
        return self.description.place(key)

    def _read(self, key: str, name: str) -> Matrix:
        d = self.description
        path, sheet = d.file(key, name, self.year)
        self.hashes[path] = file_sha256(path)
        self._compare_year(path)
        if path.suffix.lower() in (".xlsx", ".xlsm") or sheet:
            matrix = _xlsx.read_matrix(path, sheet, d.numbers)
        else:
            require_kind(path, Kind.TEXT)
            matrix = _csv.read_matrix(path, d.numbers, encoding=d.encoding, separator=d.separator)
        if not matrix.rows or not matrix.columns:
            raise FormatError(
                matrix.place,
                found=f"{len(matrix.rows)} rows and {len(matrix.columns)} columns of numbers",
                expected="at least one of each beside the labels",
                remedy="Labels stand in the first row and the first column; numbers follow.",
            )
        self.notes += matrix.notes
        return matrix

    def _optional(self, key: str) -> Matrix | None:
        name = self.description.files.get(key)
        return None if name is None else self._read(key, name)

    def _compare_year(self, path: Path) -> None:
        found = set(re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", path.name))
        if self.year is not None and found and str(self.year) not in found:
            text = f"the file {path.name} is read for {self.year}, as described"
            self.notes.append(Note("year-in-file-name", text))

    def _refuse_change(self) -> None:
        for path, sha in self.hashes.items():
            if file_sha256(path) != sha:
                raise FormatError(str(path), found="a file that changed while it was read",
                                  expected="files that stay as they are",
                                  remedy="Wait until they are written and try again.")  # fmt: skip

    def _sha256(self) -> str:
        own = hashlib.sha256(self.description.text.encode()).hexdigest()
        together = "".join([own, *(self.hashes[path] for path in sorted(self.hashes))])
        return hashlib.sha256(together.encode()).hexdigest()

    # -- blocks ---------------------------------------------------------------------------------

    def _square(self) -> Matrix:
        Z = self._read("Z", self.description.files["Z"])
        if len(Z.rows) < len(Z.columns) and Z.columns[: len(Z.rows)] == Z.rows:
            raise FormatError(
                Z.place,
                found=f"{len(Z.rows)} rows, the last {Z.rows[-1]!r}",
                expected=f"{len(Z.columns)} rows, as many as columns",
                remedy="The file may be cut off; final demand belongs into Y, not beside Z.",
            )
        order = self._order(Z.rows, Z.columns, Z.place, "row", "column")
        Z = replace(Z, columns=Z.rows, values=Z.values[:, order])
        _labels.refuse_total_industry(Z)
        return Z

    def _block(self, key: str, labels: Sequence[str], industries: str) -> Matrix | None:
        """A file with industries along one side, in the order of `labels`."""
        matrix = self._optional(key)
        if matrix is None:
            return None
        matrix = self._oriented(matrix, key, labels, industries)
        matrix = self._aligned(matrix, labels, industries)
        _labels.refuse_totals(matrix, "rows" if industries == "columns" else "columns", key)
        return matrix

    def _vector(self, key: str, labels: Sequence[str]) -> Array | None:
        matrix = self._optional(key)
        if matrix is None:
            return None
        matrix = self._oriented(matrix, key, labels, "rows", note=False)
        if len(matrix.columns) != 1:
            raise FormatError(
                f"{matrix.place}, {key}",
                found=f"{len(matrix.columns)} columns: {', '.join(matrix.columns[:4])}",
                expected="one column of numbers, or one row",
                remedy="Keep the output column only.",
            )
        values: Array = self._aligned(matrix, labels, "rows").values[:, 0]
        return values

    def _oriented(
        self, matrix: Matrix, key: str, labels: Sequence[str], industries: str, note: bool = True
    ) -> Matrix:
        """The matrix with its industries on the side wanted: turned if only that fits."""
        wanted = set(labels)
        here, other = (
            (matrix.rows, matrix.columns) if industries == "rows" else (matrix.columns, matrix.rows)
        )
        if len(wanted & set(here)) >= len(wanted & set(other)) or set(other) != wanted:
            return matrix
        if note:
            self.steps.append(f"{key} turned: industries stand in its {_other(industries)}")
        return replace(matrix, rows=matrix.columns, columns=matrix.rows, values=matrix.values.T)

    def _aligned(self, matrix: Matrix, labels: Sequence[str], industries: str) -> Matrix:
        if industries == "rows":
            order = self._order(labels, matrix.rows, matrix.place, "industry", "row")
            return replace(matrix, rows=tuple(labels), values=matrix.values[order])
        order = self._order(labels, matrix.columns, matrix.place, "industry", "column")
        return replace(matrix, columns=tuple(labels), values=matrix.values[:, order])

    def _order(
        self, wanted: Sequence[str], found: Sequence[str], place: str, one: str, other: str
    ) -> list[int]:
        """Positions in `found` of the labels wanted; raises unless both hold the same labels."""
        position = {label: i for i, label in enumerate(found)}
        missing = [label for label in wanted if label not in position]
        extra = [label for label in found if label not in set(wanted)]
        if missing or extra:
            raise _labels.misfit(missing, extra, place, one, other)
        if tuple(wanted) == tuple(found):
            return list(range(len(wanted)))
        i = next(i for i, pair in enumerate(zip(wanted, found, strict=True)) if len(set(pair)) > 1)
        if not self.description.align:
            raise LabelError(
                f"{place}, {other} {i + 1}",
                found=f"{found[i]!r}",
                expected=f"{wanted[i]!r}, as {one} {i + 1}",
                remedy="Put the labels into one order, or set align = true in the description.",
            )
        self.steps.append(f"{place}: brought into one order, {other} by {one}")
        return [position[label] for label in wanted]

    def _imports(
        self, labels: Sequence[str], Y: Matrix | None
    ) -> tuple[Array | None, Array | None]:
        """Imported intermediate and final flows; the final ones may stand beside the others."""
        matrix, final = self._optional("imports"), self._optional("imports_final")
        if matrix is None:
            if final is not None:
                raise FormatError(self.place("imports_final"), found="imports_final alone",
                                  expected="imports as well",
                                  remedy="Name the file with the imported inputs.")  # fmt: skip
            return None, None
        if self.description.country_separator:
            raise UsageError(self.place("imports"), found="imports and country_separator",
                             expected="one of them: a world table holds every country's flows",
                             remedy="Remove one of the two keys.")  # fmt: skip
        beside = [j for j, label in enumerate(matrix.columns) if label not in set(labels)]
        if beside and Y is not None and {matrix.columns[j] for j in beside} == set(Y.columns):
            own = [j for j in range(len(matrix.columns)) if j not in beside]
            if final is not None:
                raise FormatError(matrix.place, found="final demand columns and imports_final",
                                  expected="imported final demand once",
                                  remedy="Remove one of the two.")  # fmt: skip
            final = _columns(matrix, beside)
            matrix = _columns(matrix, own)
        matrix = self._aligned(self._aligned(matrix, labels, "rows"), labels, "columns")
        if final is None:
            return matrix.values, None
        if Y is None:
            raise FormatError(self.place("imports_final"), found="imported final demand without Y",
                              expected="Y with the same columns", remedy="Add Y.")  # fmt: skip
        final = self._aligned(final, labels, "rows")
        order = self._order(Y.columns, final.columns, final.place, "column of Y", "column")
        return matrix.values, final.values[:, order]

    def _satellites(self, labels: Sequence[str]) -> dict[str, Satellite]:
        satellites = {}
        for key, (file, unit) in self.description.satellites.items():
            matrix = self._oriented(self._read(key, file), key, labels, "columns", note=False)
            matrix = self._aligned(matrix, labels, "columns")
            for label, values in zip(matrix.rows, matrix.values, strict=True):
                name = key if len(matrix.rows) == 1 else f"{key}: {label}"
                satellites[name] = Satellite(values, unit)
        return satellites

    # -- names ----------------------------------------------------------------------------------

    def _groups(self, axis: Axis) -> dict[str, classify.Grouping]:
        known = axis.code_names
        for groups in self.description.groups.values():
            for group, labels in groups.items():
                unknown = [label for label in labels if label not in known]
                if unknown:
                    raise LabelError(
                        f"{self.place(group)}, label {unknown[0]!r}",
                        found="no such label in Z",
                        expected=f"labels of Z, such as {', '.join(known[:3])}",
                        remedy=hint(unknown[0], known, "Correct or remove it."),
                    )
                if len(set(labels)) != len(labels):
                    raise LabelError(self.place(group), found="a label twice in the group",
                                     expected="every label once", remedy="Remove one.")  # fmt: skip
        return {
            name: classify.Grouping.custom(name, groups)
            for name, groups in self.description.groups.items()
        }

    def _demand_roles(self, Y: Matrix, demand: Axis) -> tuple[str, ...]:
        declared = self.description.demand_roles
        known = (*Y.columns, *demand.codes)
        self._refuse_unknown_roles(declared, known, DEMAND_ROLES, "column of Y")
        roles, unknown = [], []
        for label, code in zip(Y.columns, demand.codes, strict=True):
            role = declared.get(label) or declared.get(code) or _roles.demand_role(code)
            roles.append(role or "other")
            if role is None:
                unknown.append(label)
        if unknown and len(Y.columns) > 1:
            text = f"no role known for {', '.join(unknown[:5])}: taken as other final demand"
            self.notes.append(Note("demand-role", text))
        return tuple(roles)

    def _primary_roles(self, V: Matrix) -> tuple[str, ...]:
        declared = self.description.primary_roles
        self._refuse_unknown_roles(declared, V.rows, PRIMARY_ROLES, "row of V")
        roles, unknown = [], []
        for label in V.rows:
            role = declared.get(label) or _roles.primary_role(label)
            roles.append(role or "value_added")
            if role is None:
                unknown.append(label)
        if unknown:
            text = f"no role known for {', '.join(unknown[:5])}: taken as value added"
            self.notes.append(Note("primary-role", text))
        return tuple(roles)

    def _refuse_unknown_roles(
        self, declared: Any, labels: Sequence[str], roles: Sequence[str], what: str
    ) -> None:
        for label, role in declared.items():
            if label not in labels:
                raise LabelError(self.place(label), found=f"{label!r}", expected=f"a {what}",
                                 remedy=hint(label, labels, "Correct or remove it."))  # fmt: skip
            if role not in roles:
                raise UsageError(self.place(label), found=f"role {role!r}",
                                 expected="one of " + ", ".join(roles),
                                 remedy=hint(role, roles, "Choose one of them."))  # fmt: skip

    def _info(self, axis: Axis, flows: str, classification: str | None) -> TableInfo:
        given: dict[str, Any] = {"source": SOURCE.name, **self.description.info}
        given["country"] = "WORLD" if axis.is_world else axis.countries[0]
        kind = given.get("kind", "")
        if kind and kind not in KINDS:
            text = f"kind {kind!r} is not one of {', '.join(KINDS)}"
            self.notes.append(Note("unknown-kind", text))
        given |= {"flows": flows, "classification": classification, "year": self.year}
        return TableInfo(**given)

    def _flows(self, axis: Axis, split: bool, Y: Matrix | None, roles: Sequence[str]) -> str:
        declared = self.description.info.get("flows")
        if declared is not None and declared not in FLOWS:
            raise UsageError(self.place("flows"), found=repr(declared),
                             expected="one of " + ", ".join(FLOWS),
                             remedy=hint(declared, FLOWS, "Choose one of them."))  # fmt: skip
        if axis.is_world:
            return "world"
        if declared == "world":
            raise UsageError(self.place("flows"), found="'world' for one country",
                             expected="labels of several countries, such as KOR_C26",
                             remedy='Set country_separator, such as "_".')  # fmt: skip
        if split:
            if declared != "total" and Y is not None:
                self._refuse_imports_column(Y, roles)
            return "domestic"
        if declared is None and Y is not None and Y.values[:, _where(roles, "imports")].any():
            text = "final demand has imports, so the flows are taken to contain them (flows total)"
            self.notes.append(Note("flows-total", text))
            return "total"
        return declared or "domestic"

    def _refuse_imports_column(self, Y: Matrix, roles: Sequence[str]) -> None:
        columns = _where(roles, "imports")
        if Y.values[:, columns].any():
            raise UnitError(
                f"{Y.place}, column {Y.columns[columns[0]]!r}",
                found="imports in final demand, yet Z is read as domestic flows",
                expected="domestic flows without imports, or flows that contain them",
                remedy='Set flows = "total" in the description, or remove the column.',
            )

    def _classification(self, axis: Axis) -> str | None:
        named = self.description.info.get("classification")
        kind = self.description.info.get("kind", "")
        codes = axis.code_names
        if named is None:
            found = classify.identify(codes)
            if found is None:
                _labels.refuse_mixture(codes, self.place("Z"))
                return None
            text = f"labels are those of {found}: its groupings are used"
            self.notes.append(Note("classification", text))
            return found
        if named not in classify.classifications():
            known = classify.classifications()
            raise UsageError(self.place("classification"), found=repr(named),
                             expected="one of " + ", ".join(known),
                             remedy=hint(named, known, "Leave it out."))  # fmt: skip
        _labels.check_classification(codes, named, self.place("classification"))
        if kind == KINDS[0] and all(code.startswith("CPA") for code in codes):
            raise LabelError(self.place("kind"), found=f"{kind}, with product codes ({codes[0]})",
                             expected=KINDS[1],
                             remedy="Correct the kind or the labels.")  # fmt: skip
        return named

    # -- the balance ----------------------------------------------------------------------------

    def _domestic(self, flows: _Flows, labels: Sequence[str], parts: dict[str, Any]) -> _Flows:
        """Total flows less imported ones."""
        assert flows.Zm is not None
        Z = flows.Z - flows.Zm
        below = -_ROUNDING * np.abs(flows.Z).max(initial=0.0) > Z
        if below.any():
            i, j = (int(k) for k in np.argwhere(below)[0])
            raise ValueFault(
                f"{self.place('imports')}, {labels[i]} to {labels[j]}",
                found=f"imports {flows.Zm[i, j]:g} of a total flow {flows.Z[i, j]:g}",
                expected="imports within the total flow",
                remedy='Set flows = "domestic" if Z has no imports in it, or correct the cell.',
            )
        self.steps.append("imports taken out of the total flows: Z - imports")
        if flows.Y is None:
            return replace(flows, Z=Z)
        columns = _where(parts["demand_roles"], "imports")
        if not flows.Y[:, columns].any():
            Y = flows.Y if flows.Ym is None else flows.Y - flows.Ym
            return replace(flows, Z=Z, Y=Y)
        return self._without_imports(replace(flows, Z=Z), columns, parts)

    def _without_imports(self, flows: _Flows, columns: list[int], parts: dict[str, Any]) -> _Flows:
        """Final demand of domestic goods where an imports column balances total flows."""
        assert flows.Y is not None
        assert flows.Zm is not None
        Y = flows.Y.copy()
        if flows.Ym is None:
            Y[:, columns[0]] += flows.Zm.sum(axis=1)
            self.steps.append("imports of inputs taken out of the imports column")
            return replace(flows, Y=Y)
        keep = [j for j in range(Y.shape[1]) if j not in columns]
        gap = Y[:, columns].sum(axis=1) + flows.Zm.sum(axis=1) + flows.Ym[:, keep].sum(axis=1)
        if np.abs(gap).max() > _BALANCED * max(np.abs(Y[:, columns]).max(), 1e-300):
            text = f"imports column and imports matrices differ by up to {np.abs(gap).max():g}"
            self.notes.append(Note("imports-gap", text))
        Ym = flows.Ym[:, keep]
        parts["demand"] = parts["demand"].permuted(keep)
        parts["demand_roles"] = tuple(parts["demand_roles"][j] for j in keep)
        self.steps.append("imports column dropped: imports are in the imports matrices")
        return replace(flows, Y=Y[:, keep] - Ym, Ym=Ym)

    def _complete(
        self, flows: _Flows, axis: Axis, info: TableInfo, parts: dict[str, Any]
    ) -> IOTable:
        """The table; what no file gives follows from the balance and is recorded."""
        x = flows.x
        if x is None and flows.Y is None:
            assert flows.V is not None
            x = flows.Z.sum(axis=0) + flows.V.sum(axis=0)
            x = x if flows.Zm is None else x + flows.Zm.sum(axis=0)
            info = info.step("output derived: 1'Z + 1'Zm + 1'V")
        table = IOTable.from_flows(
            flows.Z, Y=flows.Y, V=flows.V, x=x, codes=axis.codes, axis=axis, info=info,
            country=info.country if not axis.is_world else "", Zm=flows.Zm, Ym=flows.Ym, **parts,
        )  # fmt: skip
        if table.info.steps:
            derived = "; ".join(table.info.steps)
            self.notes.append(Note("derived", f"not given, so derived from the balance: {derived}"))
        return table

    def _refuse_other_reading(self, table: IOTable) -> None:
        """Refuse Z as domestic flows where costs only add up if it contains the imports."""
        given = self.description.files
        if table.Zm is None or "V" not in given or "x" not in given:
            return
        if "flows" in self.description.info:
            return
        gap, scale = column_gap(table), float(np.abs(table.x).max())
        other = gap + table.Zm.sum(axis=0)
        if np.abs(gap).max() > 10 * _BALANCED * scale >= 10 * np.abs(other).max():
            raise UnitError(
                self.place("imports"),
                found="costs that add up to output only if Z contains the imports",
                expected="domestic flows in Z",
                remedy='Set flows = "total" in the description; imports are then taken out of Z.',
            )


@dataclass(frozen=True, eq=False)
class _Flows:
    """The arrays of a table, as far as they are given."""

    Z: Array
    Y: Array | None
    V: Array | None
    x: Array | None
    Zm: Array | None
    Ym: Array | None


def _axis(labels: Sequence[str], description: Description, place: str) -> Axis:
    separator = description.country_separator
    if not separator:
        return Axis.national(description.info.get("country", ""), labels)
    pairs = [label.split(separator, 1) for label in labels]
    for label, pair in zip(labels, pairs, strict=True):
        if len(pair) != 2 or not all(pair):
            raise LabelError(place, found=f"label {label!r}",
                             expected=f"country{separator}industry in every label",
                             remedy="Correct the label or the separator.")  # fmt: skip
    return Axis(tuple(c for c, _ in pairs), tuple(k for _, k in pairs))


def _demand_axis(columns: Sequence[str], axis: Axis, description: Description) -> Axis:
    """Demand labels; in a table of countries they may begin with one, in all or in none."""
    separator = description.country_separator
    if not separator:
        return Axis.national(axis.countries[0], columns)
    pairs = [column.split(separator, 1) for column in columns]
    if all(len(pair) == 2 and pair[0] in axis.country_names for pair in pairs):
        return Axis(tuple(c for c, _ in pairs), tuple(k for _, k in pairs))
    one = axis.countries[0] if not axis.is_world else ""
    return Axis.national(one, columns)


def _columns(matrix: Matrix, positions: Sequence[int]) -> Matrix:
    return replace(matrix, columns=tuple(matrix.columns[j] for j in positions),
                   values=matrix.values[:, list(positions)])  # fmt: skip


def _where(roles: Sequence[str], role: str) -> list[int]:
    return [j for j, r in enumerate(roles) if r == role]


def _other(side: str) -> str:
    return "columns" if side == "rows" else "rows"
