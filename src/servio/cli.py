"""The command line: parse, call, print. No mathematics here."""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import math
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from servio.errors import (
    EXIT_BUG,
    EXIT_DONE,
    EXIT_INPUT,
    EXIT_NO,
    EXIT_RESOURCE,
    MESSAGE_LIMIT,
    InputError,
    LabelError,
    ResourceError,
    ServioError,
    UsageError,
)

if TYPE_CHECKING:
    from servio.classify import Grouping
    from servio.measure import Measure, MeasureSpec
    from servio.sources import Dataset, Entry
    from servio.table import Audit, IOTable

__all__ = ["cli", "main"]

FORMATS = ("csv", "table", "json", "parquet")
SHOWN_ON = "isic4_wiod56"
METHODS = ("monte_carlo", "linear")
ENDINGS = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".txt": "table"}
CLAIM_ENDINGS = {".txt": "table", ".csv": "csv", ".json": "json", ".html": "html"}
LISTS = (
    "sources", "measures", "groupings", "definitions", "classifications", "claims", "models",
)  # fmt: skip
WORLD = "WORLD"
STOPPED = 130
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO)
EXTRAS = {
    "altair": "report", "jinja2": "report", "vl_convert": "report", "xlsxwriter": "report",
    "distributed": "cluster", "cryptography": "cluster",
    "starlette": "web", "uvicorn": "web",
}  # fmt: skip


class _Commands(click.Group):
    """Commands that name near ones when a name is unknown."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            known = self.list_commands(ctx)
            near = get_close_matches(name, known, n=2) or known
            raise UsageError("command", found=repr(name), expected=" or ".join(near),
                             remedy="`servio --help` shows them all.")  # fmt: skip
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error; works anywhere.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False,
              callback=lambda context, _, asked: _show_version(context) if asked else None,
              help="Show the version and exit.")  # fmt: skip
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Measure, explain and simulate how manufacturing and services grow together.

    Start with `servio demo`: the main job on a synthetic world, with a report.

    Exit codes: 0 done, 1 the answer is no, 2 bad input or usage, 3 no numerical answer,
    4 resources, 5 a bug of ours.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _show_version(context: click.Context) -> None:
    from importlib import metadata

    try:
        version = metadata.version("servio")
    except metadata.PackageNotFoundError:
        version = "not installed"
    click.echo(f"servio, version {version}")
    context.exit()


@cli.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("servio-demo"),
              show_default=True, help="Folder for the store and the report.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="Processes; default: one a core.")
def demo(out: Path, workers: int | None) -> None:
    """Run the main job on the synthetic model world and write a report."""
    from servio import study

    _run_study(study.demo(), out, workers)


@cli.command("study")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path),
              help="Folder for the store and the report; default: out/NAME.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="Processes; default: one a core.")
@click.option("--scheduler", metavar="ADDRESS",
              help="Dask scheduler whose workers measure, one you trust; or `local`.")  # fmt: skip
def study_command(file: Path, out: Path | None, workers: int | None, scheduler: str | None) -> None:
    """Run a study file: tables to measures to store to report. Resumes after a stop."""
    from servio import study

    parsed = study.load(file)
    _run_study(parsed, out or Path("out") / file.stem, workers, scheduler)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path),
              help="HTML file; default: report.html in the study's folder.")  # fmt: skip
@click.option(
    "--xlsx", type=click.Path(path_type=Path), help="Also write the tables as a workbook."
)
@click.option("--pdf", "printed", is_flag=False, flag_value="", metavar="[FILE]", help="Also "
              "print it with an installed Chromium, Chrome or Edge; without a name beside the HTML "
              "file, as report.pdf.")  # fmt: skip
@click.option("--browser", metavar="PROGRAM", help="Browser for --pdf; default: found on the path.")
@click.option("--tables", type=click.Path(path_type=Path),
              help="Folder that the paths in the study file start from; default: where the "
              "study ran.")  # fmt: skip
def report(
    folder: Path, output: Path | None, xlsx: Path | None, printed: str | None, browser: str | None,
    tables: Path | None,
) -> None:  # fmt: skip
    """Write the report of a finished study."""
    from servio import report as reports
    from servio import study

    pdf = Path(printed) if printed else None
    for path in filter(None, (output, xlsx, pdf)):
        _check_output(path)
    if printed == "":
        pdf = (output or folder / "report.html").with_suffix(".pdf")
    if browser and pdf is None:
        raise UsageError("report --browser", found="no --pdf", expected="a file to print to",
                         remedy="Add --pdf or --pdf FILE.")  # fmt: skip
    program = reports.find_browser(browser) if pdf else None
    store = study.open_store(folder)
    page = reports.write(store, output, tables)
    click.echo(f"Report: {page}")
    if xlsx:
        click.echo(f"Workbook: {reports.workbook(store, xlsx, tables)}")
    if pdf:
        click.echo(f"PDF: {reports.pdf(page, pdf, program)}")


@cli.command()
@click.argument("folder", metavar="[STUDY_DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="ID", help="Only this claim; repeatable.")
@click.option("--format", "form", type=click.Choice(list(CLAIM_ENDINGS.values())),
              help="Default: by the name of the output file, or table.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File instead of stdout.")
@click.option("--strict", is_flag=True,
              help="Exit 1 if a claim tested on the study or named is contradicted.")  # fmt: skip
@click.option("--compute", is_flag=True,
              help="Compute from the study's tables what the claims need and the study lacks.",
              )  # fmt: skip
@click.option("--tables", type=click.Path(path_type=Path),
              help="For --compute: folder that the paths in the study file start from; default: "
              "where the study ran.")  # fmt: skip
def claims(
    folder: Path | None, only: tuple[str, ...], form: str | None, output: Path | None,
    strict: bool, compute: bool, tables: Path | None,
) -> None:  # fmt: skip
    """Put the claims of the source documents to the test on a finished study.

    Without STUDY_DIR the book itself; only claims about arithmetic have a verdict then.
    """
    from servio import explain, study
    from servio import report as reports
    from servio.table import write_atomic

    form = form or _form_of(output, CLAIM_ENDINGS)
    _check_output(output)
    store = study.open_store(folder) if folder else None
    live = study.live_tables(store, tables) if store and compute else None
    records = store.claims(only, tables=live) if store else explain.evaluate(only=only)
    title = store.study.title if store else "Book of claims"
    text = reports.claims_text(records, form, title)
    if output:
        write_atomic(output, text.encode())
    else:
        click.echo(text, nl=False)
    tested = [record for record in records if only or not record.alone]
    if strict and any(record.verdict == "contradicted" for record in tested):
        raise SystemExit(EXIT_NO)


@cli.command()
@click.argument("folder", metavar="[STUDY_DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8350, show_default=True,
              help="Port to listen at; 0 for any free one.")  # fmt: skip
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME",
              help="Answer to this name too, that of a reverse proxy; repeatable.")  # fmt: skip
@click.option("--allow-remote", is_flag=True,
              help="Listen where other machines reach it. There is no password: put a reverse "
              "proxy with one in front.")  # fmt: skip
@click.option("--tables", type=click.Path(path_type=Path),
              help="Folder that the paths in the study file start from; default: where the "
              "study ran.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="Processes that compute; default: one a "
              "core.")  # fmt: skip
@click.option("--log", is_flag=True, help="A line a request on stderr, without addresses or data.")
def serve(
    folder: Path | None, host: str, port: int, hosts: tuple[str, ...], allow_remote: bool,
    tables: Path | None, workers: int | None, log: bool,
) -> None:  # fmt: skip
    """Show a finished study in the browser, until Ctrl-C.

    Without STUDY_DIR the study of the model world, which is run first.
    """
    from servio import web

    web.serve(folder, host, port, allow_hosts=hosts, allow_remote=allow_remote, tables=tables,
              workers=workers, log=log, say=click.echo)  # fmt: skip


@cli.command()
@click.argument("text", nargs=-1)
@click.option("--answer", "answers", multiple=True, metavar="NAME=ANSWER",
              help="Answer to a question, or level of a dimension, such as pays_for=unit or "
              "stage=use; repeatable. `servio list models` shows all.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table",
              show_default=True, help="Lines to read, or plain data.")  # fmt: skip
def place(text: tuple[str, ...], answers: tuple[str, ...], form: str) -> None:
    """Place an offer that joins product and service in the typology of business models.

    TEXT says in English what is offered to whom and how it is paid for.
    """
    import json

    from servio.explain import business

    given = dict(_named("--answer", "NAME=ANSWER", answers, "pays_for=unit"))
    placing = business.place(" ".join(text), given)
    told = business.as_table(placing) if form == "table" else (
        json.dumps(placing.record(), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    )  # fmt: skip
    click.echo(told, nl=False)


def _run_study(parsed: Any, out: Path, workers: int | None, scheduler: str | None = None) -> None:
    from servio import report as reports
    from servio import study

    try:
        store = study.run(parsed, out, workers=workers, scheduler=scheduler)
    except BrokenPipeError as error:  # of a worker: not of the reader of our output
        raise ResourceError(
            "study",
            found=f"a worker that went away ({error})",
            expected="workers with memory enough",
            remedy="Run with --workers 1; finished steps are kept.",
        ) from error
    for message in store.messages:
        _say(message)
    if store.synthetic:
        click.echo("These numbers are SYNTHETIC: they show the tool, no country.")
    click.echo(f"Store: {store.folder}")
    for line in store.contents():
        click.echo(line)
    click.echo(f"Report: {reports.current(store)}")


def _ranges(context: click.Context, option: click.Parameter, texts: Iterable[str]) -> list[range]:
    """Years and ranges of years with both ends, as ranges."""
    found = []
    for text in texts:
        first, dash, last = text.partition("-")
        try:
            years = range(int(first), int(last if dash else first) + 1)
        except ValueError:
            years = range(0)
        if not years:
            raise UsageError("--year", found=repr(text), expected="a year or a range of years",
                             remedy="Write for example 2011 or 1995-2011. See "
                             f"`servio {context.info_name} --help`.")  # fmt: skip
        found.append(years)
    return found


def _selection(command: Any) -> Any:
    """Options that choose tables, shared by the commands that read them."""
    for option in (
        click.option("--country", "countries", multiple=True, help="Only these; repeatable."),
        click.option(
            "--year",
            "years",
            multiple=True,
            callback=_ranges,
            metavar="YEAR",
            help="Only these, such as 2011 or 1995-2011; repeatable.",
        ),
        click.option("--source", help="Kind of file; default: recognised by content."),
        click.argument("paths", nargs=-1, required=True, metavar="PATH..."),
    ):
        command = option(command)
    return command


@cli.command()
@click.argument("name")
@_selection
@click.option("--grouping", help="How services are grouped; `servio list groupings`.")
@click.option("--set", "settings", multiple=True, metavar="OPTION=VALUE",
              help="Any other option of the measure; repeatable.")  # fmt: skip
@click.option("--where", "wheres", multiple=True, metavar="LABEL=VALUE",
              help="Only rows with this industry, partner, group or part, such as "
              "partner=CHN+USA; repeatable.")  # fmt: skip
@click.option("--base", "base_year", type=int,
              help="Year to compare with, for measures of change; default: the first.")  # fmt: skip
@click.option("--draws", type=click.IntRange(1),
              help="Give intervals too, from this many random tables.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), help="Start of the random numbers; default: 0.")
@click.option("--method", type=click.Choice(METHODS),
              help="How intervals are found: from --draws random tables, the default, or to first "
              "order without draws.")  # fmt: skip
@click.option("--level", type=float, help="Share of the draws inside an interval; default: 0.95.")
@click.option("--noise", "noises", multiple=True, metavar="CLASS=SD",
              help="Relative standard error of all, domestic, imported, final_demand or "
              "value_added cells, or of output; repeatable.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(FORMATS),
              help="Default: by the name of the output file, or csv.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File instead of stdout.")
def measure(
    name: str,
    paths: tuple[str, ...],
    source: str | None,
    years: list[range],
    countries: tuple[str, ...],
    grouping: str | None,
    settings: tuple[str, ...],
    wheres: tuple[str, ...],
    base_year: int | None,
    draws: int | None,
    seed: int | None,
    method: str | None,
    level: float | None,
    noises: tuple[str, ...],
    form: str | None,
    output: Path | None,
) -> None:
    """Compute measure NAME on the tables at PATH and print tidy rows.

    PATH is a file, a folder of files, a table.toml, or `model` for the synthetic world.
    """
    from servio import measure as measures

    spec = measures.find(name)
    options = spec.parse(_pairs(grouping, settings))
    if base_year is not None and not spec.compares:
        raise UsageError("--base", found=str(base_year), expected=f"no base: {name} is of one year",
                         remedy="Leave it out, or choose a measure of change.")  # fmt: skip
    given = {"draws": draws, "seed": seed, "method": method, "level": level}
    how = {key: value for key, value in given.items() if value is not None}
    if how or noises:
        spec = _with_intervals(spec, how, noises)
    form = form or _form_of(output)
    _check_output(output, paths, form)
    datasets = [_open(path, source) for path in paths]
    chosen = _chosen(datasets, years, countries, str(options.get("blocs", "")))
    aside = _Aside()
    for dataset in datasets:
        aside.add_notes(dataset.source, dataset.notes)
    wanted = _labels(wheres)
    results = _compared(spec, chosen, base_year, options) if spec.compares else (
        spec.function(one.table(), **options) for one in _progress(chosen, name)
    )  # fmt: skip
    measures.write(aside.passing(_restricted(results, countries, wanted)), form, output)
    aside.say()


@cli.command()
@_selection
@click.option("--all", "everything", is_flag=True, help="Show notes and every identity too.")
def audit(
    paths: tuple[str, ...],
    source: str | None,
    years: list[range],
    countries: tuple[str, ...],
    everything: bool,
) -> None:
    """Check the tables at PATH: balances, signs, gaps; exit 1 if one fails."""
    from servio.table import audit as audit_table

    datasets = [_open(path, source) for path in paths]
    chosen = _chosen(datasets, years, countries)
    audits = [audit_table(one.table()) for one in _progress(chosen, "audit")]
    for note in (note for dataset in datasets for note in dataset.notes):
        click.echo(f"NOTE {note.code}: {note.text}")
    for result in audits:
        _show_audit(result, everything)
    failed = sum(not result.passed for result in audits)
    checked = [r.data_residual for r in audits if not math.isnan(r.data_residual)]
    data = f"{max(checked):.2g} (the publisher's)" if checked else "not checkable"
    numeric = max(result.numeric_residual for result in audits)
    tables = f"{len(audits)} table{'s' if len(audits) > 1 else ''}"
    click.echo(f"{tables}: {len(audits) - failed} pass, {failed} fail. Largest relative gap: data "
               f"{data}, numeric {numeric:.2g} (ours).")  # fmt: skip
    if failed:
        raise SystemExit(EXIT_NO)


def _show_audit(result: Audit, everything: bool) -> None:
    for finding in result.findings:
        if everything or finding.level != "note":
            click.echo(f"{finding.level.upper()} {result.table} {finding.check} {finding.place}: "
                       f"{finding.text}")  # fmt: skip
    if everything:
        for identity in result.identities:
            click.echo(f"  {result.table} {identity.kind:7} {identity.name}: "
                       f"{identity.residual:.2g} at {identity.where}")  # fmt: skip


@cli.command("list")
@click.argument("what", type=click.Choice(LISTS), metavar="WHAT")
def list_command(what: str) -> None:
    """List what there is.

    WHAT is sources, measures, groupings, definitions (of producer services), classifications,
    claims or models (of business that join product and service).
    """
    for head, lines in _listing(what):
        click.echo(head)
        for line in lines:
            click.echo(f"    {line}")


def _listing(what: str) -> Iterator[tuple[str, list[str]]]:
    from servio import classify

    if what == "measures":
        from servio.measure import MEASURES

        for name, spec in sorted(MEASURES.items()):
            yield (
                f"{name} [{spec.unit}]: {spec.question}",
                [
                    f"{option.name}={_default(option.default)}"
                    + (f"  one of {', '.join(option.choices)}" if option.choices else "")
                    for option in spec.options.values()
                ],
            )
    elif what == "sources":
        from servio.sources import sources

        for source in sources():
            lines = (source.how_to_get, source.address, source.licence)
            yield f"{source.name}: {source.title}", [line for line in lines if line]
    elif what == "claims":
        from servio import explain

        for claim in explain.claims():
            yield f"{claim.id}: {claim.claim}", [claim.source, f"Tested: {claim.hypothesis}"]
    elif what == "models":
        from servio.explain import business

        for dimension in business.typology().dimension:
            told = [f"{level.id}: {level.definition}" for level in dimension.level]
            told += [
                f"asked: {question.id} ({', '.join(question.answers)}): {question.text}"
                for question in business.typology().question
                if question.id in dimension.asked
            ]
            yield f"{dimension.id}: {dimension.title}. {dimension.definition}", told
        for case in business.cases():
            levels = [case.level(d.id) for d in business.typology().dimension[:-1]]
            levels += ["iot"] if case.iot == "yes" else []
            yield f"{case.id}: {case.firm}, {case.product}", [", ".join(levels), case.source.cited]
    elif what == "classifications":
        for name in classify.classifications():
            found = classify.classification(name)
            yield f"{name}: {found.title} ({len(found.codes)} codes)", []
    else:
        definitions = classify.producer_service_definitions()
        names = definitions if what == "definitions" else classify.groupings()
        for name in names:
            yield _grouping_lines(classify.grouping(name), in_full=what == "definitions")


def _grouping_lines(grouping: Grouping, *, in_full: bool) -> tuple[str, list[str]]:
    from servio import classify

    head = f"{grouping.name}: {grouping.title}"
    if not in_full:
        return head, [", ".join(grouping.groups)]
    lines = [" ".join(grouping.definition.split()), f"Basis: {' '.join(grouping.basis.split())}"]
    if grouping.kind == "activity":
        codes = classify.classification(SHOWN_ON).codes
        shares = grouping.weights(SHOWN_ON, codes, allow_empty=True).sum(axis=0).tolist()
        chosen = [code for code, share in zip(codes, shares, strict=True) if share > 0]
        lines.append(f"On {SHOWN_ON}: {', '.join(chosen)}")
    return head, lines


def _default(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- which tables ----------------------------------------------------------------------------------


class _One(NamedTuple):
    """A table that is asked for, opened when its turn comes."""

    dataset: Dataset
    entry: Entry

    def table(self) -> IOTable:
        return self.dataset.table(self.entry)


def _open(path: str, source: str | None) -> Dataset:
    from servio import sources

    if not path:
        raise UsageError("PATH", found="an empty path", expected="a file or folder",
                         remedy="Give its path; `.` is this folder.")  # fmt: skip
    return sources.scan(path, source=source)


def _chosen(
    datasets: Sequence[Dataset], years: Sequence[range], countries: Sequence[str], blocs: str = ""
) -> list[_One]:
    """Tables of these years and countries; a world table that has the countries is one of them.

    Both ends of a range of years must be there; what lacks in between the source's notes say.
    """
    everything = [_One(dataset, entry) for dataset in datasets for entry in dataset.entries]
    inside = {one: _countries(one, blocs) for one in everything} if countries else {}
    ends = {year for some in years for year in (some[0], some[-1])}
    _must_know("--year", sorted(ends), {one.entry.year for one in everything} - {None})
    _must_know(
        "--country", _not_blocs(countries, blocs), {c for known in inside.values() for c in known}
    )
    chosen = [
        one
        for one in everything
        if (not years or any(one.entry.year in some for some in years))
        and (not countries or inside[one].intersection(countries))
    ]
    if not chosen:
        raise LabelError(
            "--year and --country",
            found=f"no table of {', '.join(countries)} in {', '.join(map(str, sorted(ends)))}",
            expected="years that the country has",
            remedy="Choose another year or country.",
        )
    if len(datasets) > 1:
        _refuse_doubles(chosen)
    return chosen


def _not_blocs(countries: Sequence[str], blocs: str) -> Sequence[str]:
    """The countries asked for; a known bloc that was not asked to count as one is refused."""
    from servio.table.world import known_blocs

    for name in countries:
        if name in known_blocs() and name not in blocs:
            raise LabelError("--country", found=f"{name!r}, a bloc", expected="a country",
                             remedy=f"Add --set blocs={name} to make its members one country, "
                             "where the measure takes blocs.")  # fmt: skip
    return countries


def _countries(one: _One, blocs: str) -> set[str]:
    """Countries that a table's rows can be of; a bloc stands for its members."""
    if one.entry.country != WORLD:
        return {one.entry.country}
    from servio.table import world_shape

    return set(world_shape(one.table(), blocs).countries if blocs else
               one.table().axis.country_names)  # fmt: skip


def _must_know(option: str, asked: Iterable[object], known: Iterable[object]) -> None:
    names = sorted(str(name) for name in known if name)
    for one in asked:
        if str(one) not in names:
            near = get_close_matches(str(one).upper(), names, n=3, cutoff=0.5)
            some = f"one of {', '.join(near or names)}" if names else "none: these tables name none"
            few = names if len(names) < 6 else [f"{names[0]} to {names[-1]}"]
            told = len(few) == len(names) and not near
            remedy = "Choose one of them." if told else f"There is {', '.join(few)}."
            remedy = remedy if names else "Leave it out."
            raise LabelError(option, found=repr(one), expected=some, remedy=remedy)


def _refuse_doubles(chosen: Iterable[_One]) -> None:
    """The same source, country and year from two paths would give rows nobody can tell apart."""
    seen: dict[tuple[str, str, int | None], str] = {}
    for one in chosen:
        info = one.table().info
        key = (info.source, info.country, info.year)
        if key in seen:
            raise InputError(one.entry.file, found=f"{info.name} again, after {seen[key]}",
                             expected="every source, country and year once",
                             remedy="Leave one out, or name source, country and year in their "
                             "descriptions.")  # fmt: skip
        seen[key] = one.entry.file


# -- what is measured ------------------------------------------------------------------------------


def _with_intervals(spec: MeasureSpec, how: dict[str, Any], noises: Sequence[str]) -> MeasureSpec:
    """The measure with an interval for each value; `how` holds the options that were given."""
    from servio.measure import interval
    from servio.table import Noise

    drawn = how.get("method") != "linear"
    if not noises or (drawn and "draws" not in how):
        missing = "--noise" if not noises else "--draws"
        wanted = "--draws and --noise together" if drawn else "--noise with --method linear"
        example = f"{'--draws 200' if drawn else '--method linear'} --noise all=0.1"
        raise UsageError(missing, found="none", expected=wanted,
                         remedy=f"Write for example {example}.")  # fmt: skip
    for key in ("draws", "seed"):
        if not drawn and key in how:
            raise UsageError(f"--{key}", found=str(how[key]),
                             expected="none: --method linear draws no tables",
                             remedy=f"Leave out --{key}, or use --method monte_carlo.")  # fmt: skip
    noise = Noise.parse(_named("--noise", "CLASS=SD", noises, "all=0.1"))
    return replace(spec, function=functools.partial(interval, spec.name, noise=noise, **how))


def _compared(
    spec: MeasureSpec, chosen: Iterable[_One], base_year: int | None, options: dict[str, Any]
) -> Iterator[Measure]:
    series: dict[tuple[int, str], dict[int, _One]] = {}
    for one in chosen:
        series.setdefault((id(one.dataset), one.entry.country), {})[one.entry.year or 0] = one
    for (_, country), by_year in _progress(list(series.items()), spec.name):
        base = min(by_year) if base_year is None else base_year
        if base not in by_year or len(by_year) < 2:
            raise LabelError(
                f"{spec.name} {country}".strip(),
                found=f"years {', '.join(map(str, sorted(by_year)))}",
                expected=f"the base year {base} and another one",
                remedy="Choose both with --year, or another --base.",
            )
        base_table = by_year[base].table()
        for year in sorted(set(by_year) - {base}):
            yield spec.function(by_year[year].table(), base=base_table, **options)


def _restricted(
    results: Iterable[Measure], countries: Sequence[str], labels: Mapping[str, Sequence[str]]
) -> Iterator[Measure]:
    """The rows of these countries and labels; a table need not have all of the countries."""
    from servio.measure import select

    for result in results:
        wanted = dict(labels)
        if countries:
            there = set(result.columns["country"].decode())
            wanted["country"] = [c for c in countries if c in there] or list(countries)
        yield select(result, **wanted) if wanted else result


def _labels(wheres: Sequence[str]) -> dict[str, list[str]]:
    """Texts such as partner=CHN+USA as labels wanted by column."""
    pairs = _named("--where", "LABEL=VALUE", wheres, "partner=CHN+USA")
    return {name: [label.strip() for label in text.split("+")] for name, text in pairs}


def _pairs(grouping: str | None, settings: Sequence[str]) -> list[tuple[str, str]]:
    pairs = [("grouping", grouping)] if grouping is not None else []
    return _named("--set", "OPTION=VALUE", settings, "by=manufacturing", pairs)


def _named(
    option: str,
    form: str,
    settings: Sequence[str],
    example: str,
    before: Sequence[tuple[str, str]] = (),
) -> list[tuple[str, str]]:
    """Texts such as by=manufacturing as pairs after those `before`, every name once."""
    pairs = list(before)
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator:
            raise UsageError(option, found=repr(setting), expected=form,
                             remedy=f"Write for example {option} {example}.")  # fmt: skip
        if key.strip() in dict(pairs):
            raise UsageError(f"{option} {key.strip()}", found="it twice", expected="each once",
                             remedy="Remove one; run the command once for each value.")  # fmt: skip
        pairs.append((key.strip(), value.strip()))
    return pairs


def _form_of(output: Path | None, known: Mapping[str, str] = ENDINGS) -> str:
    if output is None:
        return next(iter(known.values()))
    if output.suffix.lower() not in known:
        raise UsageError("--output", found=output.name, expected=" or ".join(known),
                         remedy="Give --format as well.")  # fmt: skip
    return known[output.suffix.lower()]


def _check_output(output: Path | None, inputs: Iterable[str] = (), form: str = "") -> None:
    """Refuse an output that can't be written or would harm, before anything is read."""
    if output is None:
        if form == "parquet" and sys.stdout.isatty():
            raise UsageError("--format parquet", found="a terminal", expected="a file",
                             remedy="Give -o FILE.parquet.")  # fmt: skip
        return
    folder = output.parent
    if not folder.is_dir():
        found, remedy = f"no folder {folder}", "Make it first, or correct the path."
    elif output.exists() and not output.is_file():
        found, remedy = "a folder or device", "Give the name of a file; for stdout leave -o out."
    elif any(os.path.exists(i) and output.exists() and output.samefile(i) for i in inputs):
        found, remedy = "an input of this command", "Give another name: it would be overwritten."
    elif not os.access(output if output.exists() else folder, os.W_OK):
        found, remedy = "no permission to write it", "Change its rights, or give another place."
    else:
        return
    raise UsageError(f"--output {output}", found=found, expected="a file that can be written",
                     remedy=remedy)  # fmt: skip


# -- what is said beside the rows ------------------------------------------------------------------


class _Aside:
    """Undefined labels and notes of the results that pass, to be told on stderr at the end.

    A note that many tables have is told once, with the first table and the number of others.
    """

    def __init__(self) -> None:
        self._gaps: list[str] = []
        self._undefined = 0
        self._notes: dict[str, tuple[str, dict[str, None], int]] = {}

    def passing(self, results: Iterable[Measure]) -> Iterator[Measure]:
        for result in results:
            self._undefined += len(result.undefined)
            if result.undefined and not self._gaps:
                gap = result.undefined[0]
                self._gaps.append(f"{result.info.name} {gap.label} ({gap.reason})")
            self.add_notes(result.info.name, result.notes)
            yield result

    def add_notes(self, table: str, notes: Iterable[Any]) -> None:
        others = set()
        for note in notes:
            first, texts, more = self._notes.get(note.code, (table, {}, 0))
            if first == table:
                texts[note.text] = None
            elif note.code not in others:
                others.add(note.code)
                more += 1
            self._notes[note.code] = (first, texts, more)

    def say(self) -> None:
        if self._undefined:
            _say(f"{self._undefined} undefined, first {self._gaps[0]}")
        for table, texts, more in self._notes.values():
            for text in texts:
                _say(f"note: {text} ({table}{f' and {more} more' if more else ''})")


def _say(text: str) -> None:
    """One line on stderr, whatever labels it quotes."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    click.echo(f"servio: {_cut(line)}", err=True)


def _cut(line: str) -> str:
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 1] + "…"


def _progress(items: Sequence[Any], title: str) -> Iterator[Any]:
    from servio.progress import track

    return track(items, title)


# -- the frame -------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; one message for every error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        with _terminable(), _warnings_told(debug):
            code = _run([one for one in given if one != "--debug"])
            sys.stdout.flush()
            return code
    except BrokenPipeError:
        _drop_stdout()
        return EXIT_DONE
    except BaseException as error:
        code, message = _explained(error)
        if debug:
            import traceback

            traceback.print_exc()
        _say(message)
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            return code
        _drop_stdout()
        return code


def _run(arguments: list[str]) -> int:
    try:
        with cli.make_context("servio", arguments) as context:
            cli.invoke(context)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:
        return int(stop.code or EXIT_DONE)
    return EXIT_DONE


def _explained(error: BaseException) -> tuple[int, str]:
    """Exit code and message of whatever stopped a command."""
    match error:
        case ServioError():
            return error.exit_code, error.message
        case click.ClickException():
            return EXIT_INPUT, _usage(error)
        case KeyboardInterrupt() | click.Abort():
            return STOPPED, "stopped"
        case ModuleNotFoundError(name=name) if name and name.split(".")[0] in EXTRAS:
            extra = EXTRAS[name.split(".")[0]]
            return EXIT_INPUT, (f"found no package {name}; expected the extra {extra}. Install it "
                                f"with pip install 'servio[{extra}]'.")  # fmt: skip
        case MemoryError():
            return EXIT_RESOURCE, _no_memory()
        case ImportError() if _is_starved(error):
            return EXIT_RESOURCE, _no_memory()
        case RuntimeError() if "start new thread" in str(error):
            return EXIT_RESOURCE, _no_memory()
        case OSError(errno=number) if number == errno.ENOMEM:
            return EXIT_RESOURCE, _no_memory()
        case OSError(errno=number) if number in FULL:
            place = error.filename or "output"
            return EXIT_RESOURCE, (f"{place}: found {error.strerror}; expected room to write. Free "
                                   "some space and run again.")  # fmt: skip
    return EXIT_BUG, (
        f"found a bug of ours ({type(error).__name__}: {str(error)[:120]}); expected none. Please "
        "report it with what the same command says with --debug."
    )


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "servio"
    return f"{command}: {error.format_message()} See `{command} --help`."


def _no_memory() -> str:
    return ("memory: found too little; expected room for the tables. Ask for fewer years or "
            "countries at a time, or raise the limit.")  # fmt: skip


def _is_starved(error: ImportError) -> bool:
    """A library could not be loaded because memory is limited, not because it is missing."""
    return any(t in str(error) for t in ("failed to map", "allocate memory", "static TLS"))


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM stops a command as Ctrl-C does, so that nothing is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _warnings_told(debug: bool) -> Iterator[None]:
    """What the library logs: warnings as one line each, errors (which end as ours) if asked."""

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if debug:
                click.echo(record.getMessage(), err=True)
            elif record.levelno < logging.ERROR:
                _say(f"warning: {record.getMessage()}")

    logger, handler = logging.getLogger("servio"), Told()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _drop_stdout() -> None:
    """Nobody can take the rest of our output (`| head`): let the interpreter's last flush pass."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
