"""Lines that give the numbers of a view again: for a shell and for Python."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from servio.study import Call, Tables
from servio.web._answers import OpenStudy

__all__ = ["Asked", "of_store", "python_line", "rows_filter", "shell_line", "stages_line"]

UPLOAD = "YOUR_TABLE"
BESIDE = "# in the folder the study file lies in"
ASIDE = "# in the folder the tables lie in"
ABOVE = "# in the folder that holds the study's folder"
LABELS = ("industry", "partner", "group", "part")
OWN = ("value_added", "output")
"""What tables hold themselves; other factors are of the accounts beside them."""


@dataclass(frozen=True)
class Asked:
    """Which rows of a measure: of which tables, and with which labels.

    Parameters
    ----------
    call : Call
    tables : tuple of Tables
        Entries of the study file the rows rest on.
    chosen : mapping of str to sequence of str
        Texts wanted by column.
    years : tuple of int
    nations : bool
        Each table is of one country, by which it can be chosen.
    base_year : int or None
    over : tuple of str
        Groupings to be taken one after the other.
    careful : bool
        Some tables have no answer.
    """

    call: Call
    tables: tuple[Tables, ...]
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    years: tuple[int, ...] = ()
    nations: bool = False
    base_year: int | None = None
    over: tuple[str, ...] = ()
    careful: bool = False

    @classmethod
    def of(
        cls, study: OpenStudy, call: Call, chosen: Mapping[str, Sequence[str]],
        years: Sequence[int], *, upload: bool = False, **more: Any,
    ) -> Asked:  # fmt: skip
        """Of the study's tables, or of the table that was sent."""
        if upload:
            return cls(call, (Tables(UPLOAD),), chosen, tuple(years), **more)
        audits = study.once("audits", study.store.audits)
        sources = chosen.get("source", ())
        own = audits[audits.source.isin(sources)] if sources else audits
        countries = chosen.get("country", ())
        nations = not own.country.isin(["WORLD", ""]).any()
        if nations and countries:
            own = own[own.country.isin(countries)]
        known = set(own.source)
        file = study.store.study
        tables = [one for one in file.tables if one.source is None or one.source in known]
        return cls(call, tuple(tables or file.tables), chosen, tuple(years), nations,
                   file.base_year, **more)  # fmt: skip

    @property
    def needs_accounts(self) -> bool:
        """Whether it measures what only the accounts beside the tables hold."""
        of = self.call.spec.options.get("of")
        return of is not None and not of.choices and self.call.option("of") not in OWN


def shell_line(asked: Asked) -> str:
    """The line for a shell, after the folder to be in; empty where no command gives the rows."""
    call, tables = asked.call, asked.tables
    if asked.needs_accounts and any(one.accounts for one in tables):
        return ""
    words = ["servio", "measure", call.name, *(_shown(one.path) for one in tables)]
    if len(sources := {one.source for one in tables}) == 1 and (source := sources.pop()):
        words += ["--source", source]
    for country in asked.chosen.get("country", ()) or _common(one.countries for one in tables):
        words += ["--country", country]
    years: Sequence[int] = asked.years or _common(one.years for one in tables)
    if call.spec.compares and asked.base_year is not None:
        years = sorted({*years, asked.base_year}) if years else []
        words += ["--base", str(asked.base_year)]
    for year in _ranges(years):
        words += ["--year", year]
    for key, value in _unusual(call).items():
        if key == "grouping" and asked.over:
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        words += ["--grouping", text] if key == "grouping" else ["--set", f"{key}={text}"]
    for label in LABELS:
        texts = asked.chosen.get(label, ())
        if texts and not any("+" in text for text in texts):
            words += ["--where", f"{label}={'+'.join(texts)}"]
    line = shlex.join(words)
    if asked.over:
        each = shlex.join(asked.over)
        line = f'for grouping in {each}; do\n  {line} --grouping "$grouping"\ndone'
    return "\n".join([*_heads(asked), line])


def python_line(asked: Asked) -> str:
    """The lines for Python, after the folder to be in."""
    return "\n".join([*_heads(asked), "import servio", *(
        line for one in asked.tables for line in ["", *_of_entry(asked, one)]
    )])  # fmt: skip


def _of_entry(asked: Asked, one: Tables) -> list[str]:
    call = asked.call
    source = f", source={one.source!r}" if one.source else ""
    lines = [f"dataset = servio.scan({_shown(one.path)!r}{source})"]
    accounts = one.accounts if asked.needs_accounts else None
    if accounts:
        lines.append(f"accounts = servio.sources.read_sea({_shown(accounts)!r})")
    named = asked.chosen.get("country", ()) if asked.nations else ()
    countries = list(named or one.countries or ())
    years = list(asked.years or one.years or ())
    listed = {"years": years, "countries": countries}
    wanted = {name: repr(texts) for name, texts in listed.items() if texts}
    options = "".join(f", {key}={value!r}" for key, value in _unusual(call).items())
    if call.spec.compares:
        base = "min(dataset.years)" if asked.base_year is None else str(asked.base_year)
        lines += [
            f"first = {base}",
            f"bases = dataset.tables({_arguments({**wanted, 'years': '[first]'})})",
            "bases = {table.info.country: table for table in bases}",
        ]
        later = [year for year in years if asked.base_year is None or year > asked.base_year]
        wanted["years"] = repr(later) if later else "[y for y in dataset.years if y > first]"
        options = f", base=bases[table.info.country]{options}"
    lines.append(f"for table in dataset.tables({_arguments(wanted)}):")
    body = []
    if accounts:
        body.append("table = servio.sources.with_satellites(table, accounts, accounts.variables)")
    if asked.over:
        options = ", grouping=grouping" + "".join(
            f", {key}={value!r}" for key, value in _unusual(call).items() if key != "grouping"
        )
        body.append(f"for grouping in {list(asked.over)!r}:")
    inner = [
        f"frame = servio.measure.{call.name}(table{options}).to_frame()",
        f"print({rows_filter('frame', asked.chosen, asked.nations)}.to_csv(index=False))",
    ]
    if asked.careful and not (named and asked.years):
        inner = ["try:", *(f"    {line}" for line in inner),
                 "except servio.ServioError as error:", "    print(error)"]  # fmt: skip
    body += [f"    {line}" for line in inner] if asked.over else inner
    return [*lines, *(f"    {line}" for line in body)]


def stages_line(asked: Asked, country: str, arguments: Mapping[str, Any]) -> str:
    """The lines for Python that follow the product of one industry through its stages."""
    one = asked.tables[0]
    given = {"source": one.source, "year": asked.years[0] if asked.years else None,
             "country": next(iter(asked.chosen.get("country", ())), None)}  # fmt: skip
    table = "".join(f", {key}={value!r}" for key, value in given.items() if value)
    named = {"country": country} | {key: arguments[key] for key in ("stages", "most", "least")}
    options = ", ".join(f"{key}={value!r}" for key, value in named.items() if value != "")
    return "\n".join([
        *_heads(asked), "import servio", "",
        f"table = servio.read({_shown(one.path)!r}{table})",
        f"found = servio.study.supply_stages(table, {arguments['industry']!r}, {options})",
        "for link in found.links:", "    print(link)",
    ])  # fmt: skip


def rows_filter(
    frame: str, chosen: Mapping[str, Sequence[Any]], nations: bool = False
) -> str:  # fmt: skip
    """The rows of a frame with the texts that are wanted."""
    names = [name for name in ("country", *LABELS, "year") if name != "country" or not nations]
    tests = []
    for name in names:
        texts = list(chosen.get(name, ()))
        if len(texts) == 1:
            tests.append(f"({frame}.{name} == {texts[0]!r})")
        elif texts:
            tests.append(f"{frame}.{name}.isin({texts!r})")
    if not tests:
        return frame
    only = tests[0].removeprefix("(").removesuffix(")") if len(tests) == 1 else ""
    return f"{frame}[{only if ' == ' in only else ' & '.join(tests)}]"


def of_store(study: OpenStudy, *lines: str, imports: str = "study") -> str:
    """Lines for Python on the store of the study, after the folder to be in."""
    opening = f"store = study.open_store({study.store.folder.name!r})"
    return "\n".join([ABOVE, f"from servio import {imports}", "", opening, *lines])


def _arguments(wanted: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={text}" for name, text in wanted.items())


def _heads(asked: Asked) -> list[str]:
    """What must be known before the line is run."""
    paths = [one.path for one in asked.tables]
    heads = []
    files = [path for path in paths if not _is_model(path) and path != UPLOAD]
    if files:
        heads.append(ASIDE if any(map(_is_absolute, files)) else BESIDE)
    if asked.call.only and not asked.chosen.get("industry"):
        heads.append(f"# the study keeps the industries of the grouping {asked.call.only} only")
    return heads


def _shown(path: str) -> str:
    """A path as the study file has it; of one from the root its name alone."""
    return PurePath(path.replace("\\", "/")).name if _is_absolute(path) else path


def _is_absolute(path: str) -> bool:
    return PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()


def _is_model(path: str) -> bool:
    return path.partition(":")[0] == "model"


def _common(listed: Iterable[Sequence[Any] | None]) -> list[Any]:
    """What entries of a study file are narrowed to; nothing where one is not."""
    several = list(listed)
    if any(one is None for one in several):
        return []
    return sorted({text for one in several for text in one or ()})


def _ranges(years: Sequence[int]) -> list[str]:
    """Years as a shell line names them, neighbours together."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]


def _unusual(call: Call) -> dict[str, Any]:
    """Options that are not the measure's defaults."""
    defaults = {key: option.default for key, option in call.spec.options.items()}
    return {key: value for key, value in call.options if value != defaults[key]}
