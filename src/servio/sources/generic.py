"""A table of one's own: CSV or Excel matrices and a TOML file that says what they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from servio import classify
from servio.errors import FormatError, InputError, LabelError, UnitError, UsageError, ValueFault
from servio.sources import _csv, _labels, _roles, _xlsx
from servio.sources._checks import (
    checked,
    missing,
    refuse_derived_outflow,
    refuse_imbalance,
    refuse_unsteady,
)
from servio.sources._description import FLOWS, KINDS, NAME, Description, File, read_description
from servio.sources._guard import Kind, require_kind
from servio.sources._layout import BETWEEN, Frame, Grid, Layout
from servio.sources._matrix import Array, Matrix, hint
from servio.sources._registry import Source
from servio.table import (
    DEMAND_ROLES,
    EVERYBODY,
    PRIMARY_ROLES,
    Axis,
    Bundle,
    IOTable,
    Note,
    Satellite,
    TableInfo,
    column_gap,
    file_sha256,
    is_network,
    row_gap,
)

__all__ = ["NAME", "SOURCE", "named_files", "parse", "sniff"]

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
    version=2,
)

_HEAD = 2**16
_KEYS = re.compile(rb"^[ \t]*(\[(table|files)\]|[\"']?(Z|file)[\"']?[ \t]*=)", re.MULTILINE)
_BALANCED = 1e-4
_ROUNDING = 1e-4
_REST = "rest of primary inputs"
_FINAL = "final demand"
_OPEN = 0.01
_OPEN_OF_ECONOMY = 0.001


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


def named_files(path: Path) -> frozenset[Path]:
    """Files that a description names, as far as it can be read; none for one that can't."""
    try:
        description = read_description(path)
        return frozenset(
            description.file(key, name, year)[0]
            for key, name in description.names
            for year in description.years
        )
    except InputError:
        return frozenset()


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
        self.grids: dict[tuple[Path, str, int], Grid] = {}
        self.unfound: set[str] | None = None
        self.known: set[str] = set()
        self.unknown: dict[str, list[str]] = {"Y": [], "V": []}
        self.files, self.satellites = self._whole()

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
        self._refuse_totals(Z, Y, V, x)
        parts: dict[str, Any] = {
            "satellites": self._satellites(labels),
            "groups": self._groups(axis),
        }
        if Y is not None:
            parts["demand"] = _demand_axis(Y, axis, d)
            parts["demand_roles"] = self._demand_roles(Y, parts["demand"])
        self._note_countries(axis, parts.get("demand"))
        if V is not None:
            parts["primary"] = V.rows
            network = is_network(parts.get("demand_roles", ()))
            parts["primary_roles"] = self._primary_roles(V, network)
        imports, final = self._imports(labels, Y, parts.get("demand_roles", ()))
        self._refuse_unfound()
        flows = self._flows(axis, imports is not None, Y, parts.get("demand_roles", ()))
        info = self._info(axis, flows, classification)
        arrays = _Flows(
            Z.values, None if Y is None else Y.values, None if V is None else V.values, x,
            imports, final,
        )  # fmt: skip
        if imports is not None and d.info.get("flows") == "total":
            arrays = self._domestic(arrays, labels, parts)
        if d.primary_rest:
            arrays = self._with_rest(arrays, parts)
            info = info.step(f"{_REST} derived: x' - 1'Z - 1'Zm - 1'V",
                             derived=(*info.derived, "V"))  # fmt: skip
        table = self._complete(arrays, axis, info, parts)
        self._refuse_other_reading(table)
        self._refuse_strangers(table)
        if d.balance_limit is not None:
            refuse_imbalance(table, d.balance_limit)
        elif is_network(table.demand_roles):
            refuse_unsteady(table, self.place("Z"), d.transposed)
        if is_network(table.demand_roles) and V is None:
            refuse_derived_outflow(table, self.place("Z"), d.transposed)
        self._refuse_change()
        self._note_primary(table)
        info = table.info.with_notes(*self.notes)
        steps = (*self.steps, *info.steps)
        info = replace(info, input_sha256=self._sha256(), steps=steps)
        return checked(replace(table, info=info))

    # -- files ----------------------------------------------------------------------------------

    def place(self, key: str) -> str:
        return self.description.place(key)

    def _read(self, key: str, file: File) -> Matrix:
        d = self.description
        if d.ignore or file.layout != Layout():
            frame = self._frame(key, file)
            matrix = frame.matrix(file.layout, d.numbers, key)
        else:
            path, sheet = self._found(key, file)
            if _is_book(path, sheet):
                matrix = _xlsx.read_matrix(path, sheet, d.numbers)
            else:
                require_kind(path, Kind.TEXT)
                matrix = _csv.read_matrix(
                    path, d.numbers, encoding=d.encoding, separator=d.separator
                )
        if not matrix.rows or not matrix.columns:
            raise FormatError(
                matrix.place,
                found=f"{len(matrix.rows)} rows and {len(matrix.columns)} columns of numbers",
                expected="at least one of each beside the labels",
                remedy="Labels stand in the first row and the first column; numbers follow.",
            )
        self.notes += [note for note in matrix.notes if note not in self.notes]
        return matrix

    def _optional(self, key: str) -> Matrix | None:
        file = self.files.get(key)
        return None if file is None else self._read(key, file)

    def _found(self, key: str, file: File) -> tuple[Path, str]:
        path, sheet = self.description.file(key, file.name, self.year)
        if path not in self.hashes:
            self.hashes[path] = file_sha256(path)
            self._compare_year(path)
        return path, sheet

    def _frame(self, key: str, file: File) -> Frame:
        """The labels of a file that has more than a block in it."""
        d = self.description
        path, sheet = self._found(key, file)
        skip = file.layout.skip_rows
        where = (path, sheet, skip)
        if where not in self.grids:
            self.grids[where] = (
                _xlsx.SheetCells(path, sheet) if _is_book(path, sheet) else
                _csv.Lines(path, skip, encoding=d.encoding, separator=d.separator)
            )  # fmt: skip
        frame = Frame(self.grids[where], file.layout, d.ignore)
        unfound = frame.unfound(d.ignore)
        self.unfound = unfound if self.unfound is None else self.unfound & unfound
        self.known |= {line.label for line in (*frame.rows, *frame.columns)}
        return frame

    def _refuse_unfound(self) -> None:
        """Refuse labels to ignore that no file has."""
        for label in sorted(self.unfound or ()):
            ends = "two labels in one sheet, in order" if BETWEEN in label else "a row or column"
            raise LabelError(self.place("ignore"), found=f"{label!r} in no file", expected=ends,
                             remedy=hint(label, self.known, "Correct or remove it."))  # fmt: skip

    def _whole(self) -> tuple[dict[str, File], dict[str, tuple[File, str]]]:
        """Files by key; where one sheet has the whole table, as parts of it."""
        d = self.description
        satellites = {key: (s.file, s.unit) for key, s in d.satellites.items()}
        if d.block is None:
            return dict(d.files), satellites
        block, base = d.block, d.block.file
        frame = self._frame("file", base)
        rows = sorted(frame.positions("rows", block.industries, "industries"))
        names = tuple(frame.label("rows", i) for i in rows)
        columns = sorted(frame.positions("columns", names, "industries"))

        def part(rows: tuple[str, ...] = names, columns: tuple[str, ...] = names) -> File:
            return File(base.name, replace(base.layout, rows=rows, columns=columns))

        files = {**d.files, "Z": part()}
        named_rows, named_columns = set(rows), set(columns)
        if block.demand:
            at = frame.positions("columns", block.demand, "demand")
            files["Y"] = part(columns=tuple(frame.label("columns", j) for j in at))
            self._refuse_overlap(frame, "columns", at, named_columns, "demand")
            named_columns |= set(at)
        if block.primary:
            at = frame.positions("rows", block.primary, "primary")
            files["V"] = part(rows=tuple(frame.label("rows", i) for i in at))
            self._refuse_overlap(frame, "rows", at, named_rows, "primary")
            named_rows |= set(at)
        if block.output:
            files["x"] = self._output(frame, part)
            named_rows |= {i for i, label in frame.rows if label == block.output}
            named_columns |= {j for j, label in frame.columns if label == block.output}
        for key, (file, unit) in satellites.items():
            if not file.name:
                at = frame.positions("rows", file.layout.rows, key)
                labels = tuple(frame.label("rows", i) for i in at)
                satellites[key] = (part(rows=labels), unit)
                named_rows |= set(at)
        frame.refuse_unnamed(named_rows, named_columns, (rows[0], columns[0]))
        return files, satellites

    def _refuse_overlap(
        self, frame: Frame, side: str, at: Sequence[int], taken: set[int], key: str
    ) -> None:
        for k in at:
            if k in taken:
                raise LabelError(self.place(key), found=f"{frame.label(side, k)!r}, an industry",
                                 expected="labels that are no industries",
                                 remedy="Correct the list, or industries.")  # fmt: skip

    def _output(self, frame: Frame, part: Callable[..., File]) -> File:
        """The part with gross output, which may stand in a row, a column or both alike."""
        block = self.description.block
        assert block is not None
        wanted = (block.output_side,) if block.output_side else ("row", "column")
        sides = [side for side in wanted if frame.has(f"{side}s", block.output)]
        files = [part(**{f"{side}s": (block.output,)}) for side in sides]
        if not files:
            known = [line.label for line in (*frame.rows, *frame.columns)]
            raise LabelError(self.place("output"),
                             found=f"no {' or '.join(wanted)} {block.output!r}",
                             expected="a label of the sheet",
                             remedy=hint(block.output, known, "Correct it."))  # fmt: skip
        if len(files) == 2:
            row, column = (self._read("output", file).values.ravel() for file in files)
            gap = np.abs(row - column)
            if gap.max() > 0:
                i = int(gap.argmax())
                raise ValueFault(
                    f"{frame.place}, {block.output!r}",
                    found=f"{row[i]:.10g} in the row, {column[i]:.10g} in the column",
                    expected="one output",
                    remedy=f'Say which: output = {{row = "{block.output}"}} or {{column = ...}}.',
                )
        return files[0]

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
        Z = self._read("Z", self.files["Z"])
        if len(Z.rows) < len(Z.columns) and Z.columns[: len(Z.rows)] == Z.rows:
            raise FormatError(
                Z.place,
                found=f"{len(Z.rows)} rows, the last {Z.rows[-1]!r}",
                expected=f"{len(Z.columns)} rows, as many as columns",
                remedy="The file may be cut off; final demand belongs into Y, not beside Z.",
            )
        if not set(Z.rows) & set(Z.columns) and all(map(_is_number, Z.columns)):
            raise FormatError(f"{Z.place}, row 1", found="numbers, read as column labels",
                              expected="the labels of the buying industries",
                              remedy="Add a header line.")  # fmt: skip
        order = self._order(Z.rows, Z.columns, Z.place, "row", "column")
        Z = replace(Z, columns=Z.rows, values=Z.values[:, order])
        if self.description.transposed:
            self.steps.append("Z transposed: its columns give to its rows")
            Z = replace(Z, values=Z.values.T)
        _labels.refuse_total_industry(Z)
        return Z

    def _block(self, key: str, labels: Sequence[str], industries: str) -> Matrix | None:
        """A file with industries along one side, in the order of `labels`."""
        matrix = self._optional(key)
        if matrix is None:
            return None
        matrix = self._oriented(matrix, key, labels, industries)
        return self._aligned(matrix, labels, industries)

    def _refuse_totals(
        self, Z: Matrix, Y: Matrix | None, V: Matrix | None, x: Array | None
    ) -> None:
        for key, matrix, side, inner in (
            ("Y", Y, "columns", Z.values.sum(axis=1)), ("V", V, "rows", Z.values.sum(axis=0)),
        ):  # fmt: skip
            if matrix is not None:
                block = self.description.block
                named = self.files[key].named if block is None else (*block.demand, *block.primary)
                _labels.refuse_totals(matrix, side, key, inner, x, named)

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
                remedy='Say which: x = {file = "...", column = "..."}.',
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
            order = self._order(labels, matrix.rows, matrix.place, "industry", "row", matrix.corner)
            return replace(matrix, rows=tuple(labels), values=matrix.values[order])
        order = self._order(labels, matrix.columns, matrix.place, "industry", "column")
        return replace(matrix, columns=tuple(labels), values=matrix.values[:, order])

    def _order(
        self, wanted: Sequence[str], found: Sequence[str], place: str, one: str, other: str,
        corner: str = "",
    ) -> list[int]:  # fmt: skip
        """Positions in `found` of the labels wanted; raises unless both hold the same labels."""
        position = {label: i for i, label in enumerate(found)}
        lost = [label for label in wanted if label not in position]
        extra = [label for label in found if label not in set(wanted)]
        if lost or extra:
            raise _labels.misfit(lost, extra, place, one, other, corner)
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
        self, labels: Sequence[str], Y: Matrix | None, roles: Sequence[str]
    ) -> tuple[Array | None, Array | None]:
        """Imported intermediate and final flows; the final ones may stand beside the others.

        The columns of imported final demand are those of Y; an imports column may be missing.
        """
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
        own_columns = set() if Y is None else {Y.columns[j] for j in _where(roles, "imports")}
        there = {matrix.columns[j] for j in beside}
        if beside and Y is not None and there | own_columns == set(Y.columns):
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
        lacking = own_columns - set(final.columns)
        there_too = [j for j, label in enumerate(Y.columns) if label not in lacking]
        wanted = [Y.columns[j] for j in there_too]
        order = self._order(wanted, final.columns, final.place, "column of Y", "column")
        values = np.zeros_like(Y.values)
        values[:, there_too] = final.values[:, order]
        return matrix.values, values

    def _satellites(self, labels: Sequence[str]) -> dict[str, Satellite]:
        satellites = {}
        for key, (file, unit) in self.satellites.items():
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
        for name in EVERYBODY:
            if name in self.description.groups:
                text = f"grouping={name} is the table's own group; by={name} is servio's word"
                self.notes.append(Note("group-name", text))
        return {
            name: classify.Grouping.custom(name, groups)
            for name, groups in self.description.groups.items()
        }

    def _demand_roles(self, Y: Matrix, demand: Axis) -> tuple[str, ...]:
        declared = self.description.demand_roles
        known = (*Y.columns, *demand.codes)
        self._refuse_unknown_roles(declared, known, DEMAND_ROLES, "column of Y")
        named = [
            declared.get(label) or declared.get(code) or _roles.demand_role(code)
            for label, code in zip(Y.columns, demand.codes, strict=True)
        ]
        roles = _roles.with_letters(demand.codes, named)
        if roles != tuple(named):
            text = "final demand e is read as exports, r as respiration: a flow network"
            self.notes.append(Note("demand-letters", text))
        unknown = []
        for label, code, role in zip(Y.columns, demand.codes, roles, strict=True):
            if role is None and "respiration" in roles:
                raise LabelError(
                    f"{Y.place}, column {label!r}",
                    found="no role known for it, beside respiration",
                    expected="exports or respiration: outputs of a flow network",
                    remedy=f'Give its role in [demand_roles]: "{label}" = "exports", say.',
                )
            if role is None and not _roles.is_final(code):
                self._refuse_primary_name(Y, label, code)
                unknown.append(label)
        self.unknown["Y"] = unknown if len(Y.columns) > 1 else []
        if unknown and len(Y.columns) > 1:
            text = f"no role known for {', '.join(unknown[:5])}: taken as other final demand"
            self.notes.append(Note("demand-role", text))
        return tuple(role or "other" for role in roles)

    def _note_countries(self, axis: Axis, demand: Axis | None) -> None:
        """Say what keeps a table from measures of trade: labels say too little of countries."""
        if not self.description.country_separator:
            mark = _seen_separator(axis.codes)
            if mark:
                text = (
                    f"labels such as {axis.codes[0]} look like country and industry: with "
                    f'country_separator = "{mark}" it is a table of several countries'
                )
                self.notes.append(Note("countries-in-labels", text))
        elif axis.is_world and demand is not None and not any(demand.countries):
            text = (
                "no column of Y names the country that buys, such as "
                f"{axis.country_names[0]}: measures of trade need that"
            )
            self.notes.append(Note("demand-country", text))
        elif axis.is_world and demand is not None:
            none = [c for c in axis.country_names if c not in demand.countries]
            if none:
                text = f"no column of Y for {', '.join(none[:5])}: no final demand there"
                self.notes.append(Note("demand-country", text))

    def _refuse_primary_name(self, Y: Matrix, label: str, code: str) -> None:
        if len(Y.columns) > 1 and _roles.primary_role(code) == "value_added":
            raise LabelError(
                f"{Y.place}, column {label!r}",
                found="the name of a primary input in final demand",
                expected="uses of the products",
                remedy=f'Add ignore = ["{label}"], or give its role in [demand_roles].',
            )

    def _primary_roles(self, V: Matrix, network: bool) -> tuple[str, ...]:
        declared = self.description.primary_roles
        self._refuse_unknown_roles(declared, V.rows, PRIMARY_ROLES, "row of V")
        roles, unknown = [], []
        for label in V.rows:
            role = declared.get(label) or _roles.primary_role(label)
            roles.append(role or "value_added")
            if role is None and not network:
                unknown.append(label)
        self.unknown["V"] = unknown
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
            info = info.step("output derived: 1'Z + 1'Zm + 1'V", derived=(*info.derived, "x"))
        table = IOTable.from_flows(
            flows.Z, Y=flows.Y, V=flows.V, x=x, codes=axis.codes, axis=axis, info=info,
            country=info.country if not axis.is_world else "", Zm=flows.Zm, Ym=flows.Ym,
            balance_limit=float("inf"), **parts,
        )  # fmt: skip
        if table.info.steps:
            derived = "; ".join(table.info.steps)
            self.notes.append(Note("derived", f"not given, so derived from the balance: {derived}"))
        return table

    def _refuse_other_reading(self, table: IOTable) -> None:
        """Refuse Z as domestic flows where costs only add up if it contains the imports."""
        given = self.files
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

    def _refuse_strangers(self, table: IOTable) -> None:
        """Refuse rows and columns of unknown role where the table does not add up with them."""
        for key, gap, what, expected in (
            ("V", column_gap(table), "costs", "primary inputs in money"),
            ("Y", row_gap(table), "sales", "final uses in money"),
        ):
            i = _most_open(table, gap)
            unchecked = key == "V" and (
                bool(self.description.primary_rest) or not {"Y", "x"} & set(self.files)
            )
            if not self.unknown[key] or (i is None and not unchecked):
                continue
            open_ = "" if i is None else (
                f"; {what} {missing(gap[i])} {abs(gap[i]) / table.x[i]:.1%} in "
                f"{table.axis.labels[i]}"
            )  # fmt: skip
            section = "primary_roles" if key == "V" else "demand_roles"
            raise LabelError(
                f"{self.place(key)}, {self.unknown[key][0]!r}",
                found=f"no role known for it{open_}",
                expected=expected,
                remedy=f"Give its role in [{section}], put it into [satellites] (employment) or "
                "ignore.",
            )

    def _with_rest(self, flows: _Flows, parts: dict[str, Any]) -> _Flows:
        """Primary inputs with one more row: what the rows given leave of output."""
        role = self.description.primary_rest
        place = self.place("primary_rest")
        if role not in PRIMARY_ROLES:
            raise UsageError(place, found=f"role {role!r}",
                             expected="one of " + ", ".join(PRIMARY_ROLES),
                             remedy=hint(role, PRIMARY_ROLES, "Choose one of them."))  # fmt: skip
        if flows.V is None or (flows.x is None and flows.Y is None):
            lacking = "V" if flows.V is None else "output or final demand"
            raise UsageError(place, found=f"primary_rest without {lacking}",
                             expected="primary inputs that leave a rest of output",
                             remedy="Remove the key, or add what is missing.")  # fmt: skip
        x = flows.x
        if x is None:
            assert flows.Y is not None
            x = flows.Z.sum(axis=1) + flows.Y.sum(axis=1)
        rest = x - flows.Z.sum(axis=0) - flows.V.sum(axis=0)
        rest = rest if flows.Zm is None else rest - flows.Zm.sum(axis=0)
        parts["primary"] = (*parts["primary"], _REST)
        parts["primary_roles"] = (*parts["primary_roles"], role)
        return replace(flows, V=np.vstack([flows.V, rest]))

    def _note_primary(self, table: IOTable) -> None:
        """Say what V lacks: other primary inputs, or the products that imports consist of."""
        if is_network(table.demand_roles):
            return
        gap = column_gap(table)
        i = _most_open(table, gap) if "V" in self.files else None
        if i is not None and gap[i] > 0:
            text = ("primary inputs leave output open: if V has only some of them, set "
                    'primary_rest = "value_added"')  # fmt: skip
            self.notes.append(Note("primary-incomplete", text))
        imported = float(table.V[_where(table.primary_roles, "imports")].sum())
        if imported and table.Zm is None and table.info.flows == "domestic":
            share = imported / (imported + float(table.Z.sum()))
            text = (f"imported inputs of unknown product ({share:.1%} of inputs) are not in "
                    "service inputs")  # fmt: skip
            self.notes.append(Note("imports-of-unknown-product", text))


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


def _demand_axis(Y: Matrix, axis: Axis, description: Description) -> Axis:
    """Demand labels; in a table of countries each names one that is in Z, or none of them does."""
    separator = description.country_separator
    if not separator:
        return Axis.national(axis.countries[0], Y.columns)
    pairs = [_of_country(column, separator, axis.country_names) for column in Y.columns]
    strange = [column for column, pair in zip(Y.columns, pairs, strict=True) if pair is None]
    if len(strange) == len(pairs):
        return Axis.national("" if axis.is_world else axis.countries[0], Y.columns)
    if strange:
        first = axis.country_names[0]
        raise LabelError(
            f"{Y.place}, column {strange[0]!r}",
            found="no country of Z in it, or two" + _more(strange),
            expected=f"{first}{separator}HFCE or just {first}, in every column of Y",
            remedy="Name the country that buys. One outside Z needs rows and columns of zeros "
            "there: see docs/generic-tables.md.",
        )
    known = [pair for pair in pairs if pair is not None]
    return Axis(tuple(c for c, _ in known), tuple(k for _, k in known))


def _of_country(label: str, separator: str, countries: Collection[str]) -> tuple[str, str] | None:
    """Country and use of a demand column, whichever stands first; None if it is not clear."""
    if label in countries:
        return label, _FINAL
    head, _, tail = label.partition(separator)
    front, _, last = label.rpartition(separator)
    if head in countries and tail and last not in countries:
        return head, tail
    if last in countries and front and head not in countries:
        return last, front
    return None


def _more(labels: Sequence[str]) -> str:
    return f" (nor in {len(labels) - 1} more)" if len(labels) > 1 else ""


def _seen_separator(labels: Sequence[str]) -> str:
    """The mark that splits the labels into countries with the same industries each, if any."""
    for mark in "_.:-| ":
        pairs = [label.partition(mark)[::2] for label in labels]
        countries, codes = (list(dict.fromkeys(side)) for side in zip(*pairs, strict=True))
        full = len(countries) * len(codes) == len(labels)
        if full and min(len(countries), len(codes)) > 1 and all(codes):
            return mark
    return ""


def _columns(matrix: Matrix, positions: Sequence[int]) -> Matrix:
    return replace(matrix, columns=tuple(matrix.columns[j] for j in positions),
                   values=matrix.values[:, list(positions)])  # fmt: skip


def _where(roles: Sequence[str], role: str) -> list[int]:
    return [j for j, r in enumerate(roles) if r == role]


def _other(side: str) -> str:
    return "columns" if side == "rows" else "rows"


def _most_open(table: IOTable, gap: Array) -> int | None:
    """The industry whose gap is largest of those that an audit would fail, if any."""
    size = np.abs(gap)
    economy = float(np.abs(table.x).sum())
    failing = table.live & (size > _OPEN * table.x) & (size > _OPEN_OF_ECONOMY * economy)
    return int(np.where(failing, size, -1.0).argmax()) if failing.any() else None


def _is_book(path: Path, sheet: str) -> bool:
    return path.suffix.lower() in (".xlsx", ".xlsm") or bool(sheet)


def _is_number(label: str) -> bool:
    return re.fullmatch(r"[+-]?\d+([.,]\d+)*", label) is not None
