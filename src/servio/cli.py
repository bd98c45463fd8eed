"""The command line: parse, call, print. No mathematics here."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from servio.errors import (
    EXIT_BUG,
    EXIT_DONE,
    EXIT_INPUT,
    EXIT_NO,
    EXIT_RESOURCE,
    LabelError,
    ServioError,
    UsageError,
)

if TYPE_CHECKING:
    from servio.measure import Measure, MeasureSpec
    from servio.sources import Dataset
    from servio.table import IOTable

__all__ = ["cli", "main"]

FORMATS = ("csv", "table", "json", "parquet")
LISTS = ("sources", "measures", "groupings", "definitions", "classifications")
STOPPED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="servio", prog_name="servio")
def cli(debug: bool) -> None:
    """Measure, explain and simulate how manufacturing and services grow together.

    Start with `servio demo`: the main job on a synthetic world, with a report.

    Exit codes: 0 done, 1 the answer is no, 2 bad input or usage, 3 no numerical answer,
    4 resources, 5 a bug of ours.
    """


@cli.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("servio-demo"),
              show_default=True, help="Folder for the store and the report.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="Processes; default: one a core.")
def demo(out: Path, workers: int | None) -> None:
    """Run the main job on the synthetic model world and write a report."""
    from servio import study

    _run_study(study.demo(), out, workers)
    click.echo("The numbers above and in the report are SYNTHETIC: they show the tool, no country.")


@cli.command("study")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path),
              help="Folder for the store and the report; default: out/NAME.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="Processes; default: one a core.")
def study_command(file: Path, out: Path | None, workers: int | None) -> None:
    """Run a study file: tables to measures to store to report. Resumes after a stop."""
    from servio import study

    parsed = study.load(file)
    _run_study(parsed, out or Path("out") / file.stem, workers)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path),
              help="HTML file; default: report.html in the study's folder.")  # fmt: skip
@click.option(
    "--xlsx", type=click.Path(path_type=Path), help="Also write the tables as a workbook."
)
def report(folder: Path, output: Path | None, xlsx: Path | None) -> None:
    """Write the report of a finished study."""
    from servio import report as reports
    from servio import study

    store = study.open_store(folder)
    click.echo(f"Report: {reports.write(store, output)}")
    if xlsx:
        click.echo(f"Workbook: {reports.workbook(store, xlsx)}")


def _run_study(parsed: Any, out: Path, workers: int | None) -> None:
    from servio import report as reports
    from servio import study

    store = study.run(parsed, out, workers=workers)
    click.echo(f"Store: {store.folder}")
    click.echo(f"Report: {reports.write(store)}")


def _selection(command: Any) -> Any:
    """Options that choose tables, shared by the commands that read them."""
    for option in (
        click.option("--country", "countries", multiple=True, help="Only these; repeatable."),
        click.option("--year", "years", multiple=True, type=int, help="Only these; repeatable."),
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
@click.option("--base", "base_year", type=int,
              help="Year to compare with, for measures of change; default: the first.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(FORMATS),
              help="Default: by the name of the output file, or csv.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File instead of stdout.")
def measure(
    name: str,
    paths: tuple[str, ...],
    source: str | None,
    years: tuple[int, ...],
    countries: tuple[str, ...],
    grouping: str | None,
    settings: tuple[str, ...],
    base_year: int | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Compute measure NAME on the tables at PATH and print tidy rows.

    PATH is a file, a folder of files, a table.toml, or `model` for the synthetic world.
    """
    from servio import measure as measures

    spec = measures.find(name)
    options = _options(spec, grouping, settings)
    form = form or _form_of(output)
    results: list[Measure] = []
    for path in paths:
        dataset = _open(path, source)
        results += _measured(spec, dataset, years, countries, base_year, options)
    measures.write(results, form, output)
    _say_undefined(results)


@cli.command()
@_selection
@click.option("--all", "everything", is_flag=True, help="Show notes and every identity too.")
def audit(
    paths: tuple[str, ...],
    source: str | None,
    years: tuple[int, ...],
    countries: tuple[str, ...],
    everything: bool,
) -> None:
    """Check the tables at PATH: balances, signs, gaps; exit 1 if one fails."""
    from servio.table import audit as audit_table

    failed, count, worst_data, worst_numeric = 0, 0, 0.0, 0.0
    for path in paths:
        dataset = _open(path, source)
        for note in dataset.notes:
            click.echo(f"note {note.code}: {note.text}")
        for table in _progress(_chosen(dataset, years, countries), "audit"):
            result = audit_table(table)
            failed += not result.passed
            count += 1
            worst_data = max(worst_data, result.data_residual)
            worst_numeric = max(worst_numeric, result.numeric_residual)
            _show_audit(result, everything)
    click.echo(
        f"{count} tables: {count - failed} pass, {failed} fail. Largest relative gap: data "
        f"{worst_data:.2g} (the publisher's), numeric {worst_numeric:.2g} (ours)."
    )
    if failed:
        raise SystemExit(EXIT_NO)


def _show_audit(result: Any, everything: bool) -> None:
    for finding in result.findings:
        if everything or finding.level != "note":
            click.echo(f"{finding.level.upper()} {result.table} {finding.check} {finding.place}: "
                       f"{finding.text}")  # fmt: skip
    if everything:
        for identity in result.identities:
            click.echo(f"  {result.table} {identity.kind:7} {identity.name}: "
                       f"{identity.residual:.2g} at {identity.where}")  # fmt: skip


@cli.command("list")
@click.argument("what", type=click.Choice(LISTS))
def list_command(what: str) -> None:
    """List sources, measures, groupings, producer-service definitions or classifications."""
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
            yield f"{source.name}: {source.title}", [source.how_to_get, source.licence]
    elif what == "classifications":
        for name in classify.classifications():
            found = classify.classification(name)
            yield f"{name}: {found.title} ({len(found.codes)} codes)", []
    else:
        definitions = classify.producer_service_definitions()
        names = definitions if what == "definitions" else classify.groupings()
        for name in names:
            grouping = classify.grouping(name)
            yield f"{name}: {grouping.title}", [", ".join(grouping.groups)]


def _default(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _open(path: str, source: str | None) -> Dataset:
    from servio import sources

    return sources.scan(path, source=source)


def _chosen(
    dataset: Dataset, years: Sequence[int], countries: Sequence[str]
) -> list[IOTable] | Iterable[IOTable]:
    """Tables of these years and countries; a world table is kept whole."""
    nations = countries if "WORLD" not in dataset.countries else ()
    return dataset.tables(years=tuple(years) or None, countries=tuple(nations) or None)


def _measured(
    spec: MeasureSpec,
    dataset: Dataset,
    years: Sequence[int],
    countries: Sequence[str],
    base_year: int | None,
    options: dict[str, Any],
) -> list[Measure]:
    from servio.measure import select

    tables = _chosen(dataset, years, countries)
    if spec.compares:
        made = list(_compared(spec, list(tables), base_year, options))
    else:
        made = [spec.function(table, **options) for table in _progress(tables, spec.name)]
    return [select(result, countries) for result in made] if countries else made


def _compared(
    spec: MeasureSpec, tables: list[IOTable], base_year: int | None, options: dict[str, Any]
) -> Iterator[Measure]:
    by_country: dict[str, dict[int, IOTable]] = {}
    for table in tables:
        by_country.setdefault(table.info.country, {})[table.info.year or 0] = table
    for country, by_year in by_country.items():
        base = min(by_year) if base_year is None else base_year
        if base not in by_year or len(by_year) < 2:
            raise LabelError(
                f"{spec.name} {country}",
                found=f"years {sorted(by_year)}",
                expected=f"the base year {base} and a later one",
                remedy="Choose both with --year, or another --base.",
            )
        for year in sorted(by_year):
            if year != base:
                yield spec.function(by_year[year], base=by_year[base], **options)


def _options(spec: MeasureSpec, grouping: str | None, settings: Sequence[str]) -> dict[str, Any]:
    pairs = [("grouping", grouping)] if grouping is not None else []
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator:
            raise UsageError("--set", found=repr(setting), expected="OPTION=VALUE",
                             remedy="Write for example --set by=manufacturing.")  # fmt: skip
        pairs.append((key.strip(), value.strip()))
    chosen: dict[str, Any] = {}
    for key, value in pairs:
        chosen[key] = spec.options[key].parse(value) if key in spec.options else value
    return chosen


def _form_of(output: Path | None) -> str:
    if output is None:
        return "csv"
    known = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".txt": "table"}
    if output.suffix.lower() not in known:
        raise UsageError("--output", found=output.name, expected=" or ".join(known),
                         remedy="Give --format as well.")  # fmt: skip
    return known[output.suffix.lower()]


def _say_undefined(results: Sequence[Measure]) -> None:
    gone = [(r.info.name, u) for r in results for u in r.undefined]
    if gone:
        name, first = gone[0]
        click.echo(f"servio: {len(gone)} undefined, first {name} {first.label} ({first.reason})",
                   err=True)  # fmt: skip
    for text in dict.fromkeys(note.text for r in results for note in r.notes):
        click.echo(f"servio: note: {text}", err=True)


def _progress(items: Iterable[Any], title: str) -> Iterable[Any]:
    from servio.progress import track

    return track(items, title)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; one message for every error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        cli.main(given, prog_name="servio", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:
        return int(stop.code or EXIT_DONE)
    except click.ClickException as error:
        return _fail(error.format_message(), EXIT_INPUT, debug)
    except (click.Abort, KeyboardInterrupt):
        return _fail("stopped", STOPPED, False)
    except ServioError as error:
        return _fail(error.message, error.exit_code, debug)
    except MemoryError:
        return _fail("memory: found too little; expected room for the table. Use fewer years or "
                     "workers, or a machine with more memory.", EXIT_RESOURCE, debug)  # fmt: skip
    except BrokenPipeError:
        return _quiet_pipe()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EMFILE):
            return _fail(f"disk: {error.strerror}. Free some space and run again.",
                         EXIT_RESOURCE, debug)  # fmt: skip
        return _fail(_bug(error), EXIT_BUG, debug)
    except Exception as error:
        return _fail(_bug(error), EXIT_BUG, debug)
    return EXIT_DONE


def _bug(error: Exception) -> str:
    return (f"a bug of ours ({type(error).__name__}: {str(error)[:120]}). Please report it with "
            "the output of the same command and --debug.")  # fmt: skip


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    click.echo(f"servio: {message}", err=True)
    return code


def _quiet_pipe() -> int:
    """The reader of our output went away (`| head`): nothing is wrong."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_DONE
