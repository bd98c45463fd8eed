"""What a newcomer does with the command line, and how it ends when something stops it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import oecd_files
import wiod_files
from commands import Run, refused
from servio import classify, cli
from servio.explain import business
from servio.measure import MEASURES, output_multiplier, service_input_share
from servio.sources import _worker, read, scan
from table_files import X2, Z2, block, describe

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "two-sector"
NIOT = "KOR_NIOT_nov16.xlsx"
TIDY = ["source", "year", "country", "industry", "definition", "measure", "value", "unit"]
MODEL = "model:countries=3,industries=30,years=2"


@pytest.fixture(scope="module")
def korea(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wiod_files.write_national(tmp_path_factory.mktemp("national") / NIOT)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def child(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
    """The command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(
        [sys.executable, "-m", "servio", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **options,
    )  # type: ignore[call-overload,no-any-return]  # fmt: skip


# -- help ------------------------------------------------------------------------------------------


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from servio.cli import main; code = main(['--help'])\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'pyarrow', 'rich', 'msgspec'} & set(sys.modules)\n"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=60,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def test_without_a_command_help_is_shown(run: Run) -> None:
    outcome = run()
    assert outcome.code == 0
    assert "servio demo" in outcome.out
    for command in ("audit", "claims", "demo", "list", "measure", "place", "report", "serve",
                    "study"):  # fmt: skip
        assert command in outcome.out
        assert run(command, "--help").code == 0


def test_version(run: Run) -> None:
    assert run("--version").out.startswith("servio, version ")


def test_lists_name_everything_there_is(run: Run) -> None:
    for what, names in {
        "measures": MEASURES,
        "groupings": classify.groupings(),
        "definitions": classify.producer_service_definitions(),
        "classifications": classify.classifications(),
        "sources": ("wiod2016", "wiod2013", "wiot", "icio", "icio_split", "figaro", "oecd",
                    "generic", "model"),
        "models": [named.id for named in (*business.typology().dimension, *business.cases())],
    }.items():  # fmt: skip
        outcome = run("list", what)
        assert outcome.code == 0 and outcome.err == ""
        shown = {line.split()[0].rstrip(":") for line in outcome.out.splitlines() if line[0] != " "}
        assert shown == set(names) | ({"sea", "supply"} if what == "sources" else set())


# -- measure ---------------------------------------------------------------------------------------


def test_two_sectors_of_the_book(run: Run) -> None:
    """Miller & Blair (2009), Table 2.4: column sums of L, 1.518 and 1.452 in the text."""
    outcome = run("measure", "output_multiplier", EXAMPLE)
    assert outcome.code == 0
    assert outcome.err == ""
    found = rows(outcome.out)
    assert list(found[0]) == TIDY
    assert [row["industry"] for row in found] == ["sector 1", "sector 2"]
    assert [float(row["value"]) for row in found] == pytest.approx([1.518, 1.452], abs=5e-4)


def test_csv_has_every_digit_and_every_label(run: Run, korea: Path) -> None:
    outcome = run("measure", "service_input_share", korea, "--grouping", "kiet")
    found = rows(outcome.out)
    assert list(found[0]) == [*TIDY[:4], "group", *TIDY[4:]]
    expected = [
        {key: "" if value is None else str(value) for key, value in record.items()}
        for table in scan(korea).tables()
        for record in service_input_share(table, grouping="kiet").records()
    ]
    assert found == expected
    assert "undefined, first wiod2016 KOR 2000" in outcome.err


def test_every_format_holds_the_same_rows(run: Run, korea: Path, tmp_path: Path) -> None:
    command = ("measure", "service_input_share", korea, "--year", 2003, "--year", 2004)
    found = rows(run(*command).out)
    assert len(found) == 2 * 56
    assert run(*command, "-o", tmp_path / "a.csv").out == ""
    assert rows((tmp_path / "a.csv").read_text(encoding="utf-8")) == found
    documents = json.loads(run(*command, "--format", "json").out)
    values = [row["value"] for document in documents for row in document["rows"]]
    assert values == [float(row["value"]) if row["value"] else None for row in found]
    assert {document["unit"] for document in documents} == {"share"}
    run(*command, "-o", tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column_names == list(found[0])
    assert table.column("value").to_pylist() == values
    assert table.column("year").to_pylist() == [int(row["year"]) for row in found]
    text = run(*command, "--format", "table").out
    assert text.count("Service share of intermediate inputs") == 2 or text.count("2003") == 1
    assert "undefined" in text


def test_labels_with_commas_and_quotes_survive(run: Run, tmp_path: Path) -> None:
    names = ["a, b", 'the "rest"']
    quoted = ['"a, b"', '"the ""rest"""']
    path = describe(tmp_path, '[table]\nZ = "z.csv"\nx = "x.csv"\n',
                    z=block(quoted, quoted, [[1, 2], [3, 4]]),
                    x=block(quoted, ["x"], [9, 9]))  # fmt: skip
    assert [row["industry"] for row in rows(run("measure", "output_multiplier", path).out)] == names


def test_options_reach_the_measure(run: Run, korea: Path) -> None:
    outcome = run("measure", "service_input_coefficient", korea, "--year", 2014, "--set",
                  "by=manufacturing", "--set", "origin=domestic", "--set", "total=yes")  # fmt: skip
    (row,) = rows(outcome.out)
    assert row["definition"] == "by=manufacturing grouping=services origin=domestic total=true"
    assert (row["year"], row["country"], row["industry"]) == ("2014", "KOR", "manufacturing")


def test_change_since_a_base_year(run: Run, korea: Path) -> None:
    command = ("measure", "service_input_change", korea, "--set", "by=manufacturing")
    found = rows(run(*command, "--base", 2010, "--year", 2010, "--year", 2014).out)
    assert [(row["year"], row["part"]) for row in found] == [
        ("2014", "change"), ("2014", "within"), ("2014", "between")]  # fmt: skip
    assert found[0]["definition"].startswith("base=2010 by=manufacturing ")
    first = rows(run(*command).out)
    assert {row["definition"].split()[0] for row in first} == {"base=2000"}
    assert {row["year"] for row in first} == {str(year) for year in range(2001, 2015)}
    refused(run(*command, "--base", 1999), "the base year 1999")
    refused(run(*command, "--year", 2014), "another")


def test_countries_of_a_world_table_are_rows(run: Run) -> None:
    whole = rows(run("measure", "output_multiplier", MODEL).out)
    some = run("measure", "output_multiplier", MODEL, "--country", "M02", "--year", "2001")
    assert some.code == 0
    assert rows(some.out) == [r for r in whole if (r["country"], r["year"]) == ("M02", "2001")]


def test_several_paths(run: Run, tmp_path: Path) -> None:
    for name, country in ((NIOT, "Korea"), ("DEU_NIOT_nov16.xlsx", "Germany")):
        wiod_files.write_national(tmp_path / name, country)
    oecd = oecd_files.write(tmp_path / "KOR2022ttl.csv")
    paths = (tmp_path / NIOT, tmp_path / "DEU_NIOT_nov16.xlsx", oecd)
    command = ("measure", "service_input_share", *paths, "--set", "by=manufacturing")
    found = rows(run(*command, "--country", "KOR", "--year", 2014, "--year", 2022).out)
    assert [(r["source"], r["year"], r["country"]) for r in found] == [
        ("wiod2016", "2014", "KOR"), ("oecd", "2022", "KOR")]  # fmt: skip
    refused(run(*command, "--country", "FRA"), "--country", "'FRA'", "DEU")
    refused(run(*command, "--year", 2022, "--country", "DEU"), "no table of DEU in 2022")


def test_a_table_twice_is_refused(run: Run, korea: Path) -> None:
    refused(run("measure", "output_multiplier", korea, korea), "again", "once")


def test_notes_of_many_tables_are_told_once(run: Run, korea: Path) -> None:
    lines = run("measure", "service_input_share", korea, "--grouping", "kiet").err.splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("(wiod2016 KOR 2000 and 14 more)")


# -- wrong requests --------------------------------------------------------------------------------

WRONG = [
    (("mesure",), ("'mesure'", "measure")),
    (("measure", "output_multiplyer", EXAMPLE), ("output_multiplier",)),
    (("measure", "output_multiplier", EXAMPLE, "--set", "origen=total"), ("'origen'", "origin")),
    (("measure", "output_multiplier", EXAMPLE, "--set", "origin=all"), ("'all'", "total or")),
    (("measure", "output_multiplier", EXAMPLE, "--set", "origin"), ("OPTION=VALUE",)),
    (("measure", "service_input_coefficient", EXAMPLE, "--set", "total=maybe"),
     ("'maybe'", "true or false")),
    (("measure", "service_input_coefficient", EXAMPLE, "--set", "total=1", "--set", "total=0"),
     ("total", "twice")),
    (("measure", "service_input_share", EXAMPLE, "--grouping", "kibs"), ("kibs", "groupings")),
    (("measure", "service_input_share", EXAMPLE, "--year", "2014"), ("--year", "2014")),
    (("measure", "output_multiplier", EXAMPLE, "--base", "2014"), ("--base", "one year")),
    (("measure", "output_multiplier", EXAMPLE, "-o", "rows.doc"), (".csv", "--format")),
    (("measure", "output_multiplier", EXAMPLE, "-o", "none/rows.csv"), ("no folder none",)),
    (("measure", "output_multiplier", EXAMPLE, "-o", "/dev/null", "--format", "csv"), ("device",)),
    (("measure", "output_multiplier", EXAMPLE / "z.csv", "-o", EXAMPLE / "z.csv"),
     ("an input of this command",)),
    (("study", "none.toml"), ("none.toml",)),
    (("report", "none"), ("none",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"), WRONG, ids=[" ".join(map(str, w[0][-2:])) for w in WRONG]
)
def test_wrong_requests(run: Run, arguments: tuple[object, ...], words: tuple[str, ...]) -> None:
    refused(run(*arguments), *words)


def test_usage_errors_point_to_help(run: Run) -> None:
    for arguments in (("measure",), ("measure", "output_multiplier"), ("list",), ("list", "x"),
                      ("measure", "x", "y", "--year", "z"), ("audit", "--bad", "x")):  # fmt: skip
        outcome = run(*arguments)
        assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
        assert f"servio {arguments[0]} --help" in outcome.err


# -- audit -----------------------------------------------------------------------------------------


def test_audit_of_a_sound_table(run: Run) -> None:
    outcome = run("audit", EXAMPLE)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("1 table: 1 pass, 0 fail.")
    assert "(I - A) L = I" in run("audit", EXAMPLE, "--all").out


def test_audit_finds_the_flaw_of_romania_2014(run: Run, shared: Path) -> None:
    outcome = run("audit", shared / "data/wiod2016_niot/ROU_NIOT_nov16.xlsx", "--year", 2014)
    assert outcome.code == 1
    assert "FAIL wiod2016 ROU 2014 column-balance ROU_R_S" in outcome.out
    assert "1 table: 0 pass, 1 fail" in outcome.out


# -- how it ends -----------------------------------------------------------------------------------


def broken(*_: object, **__: object) -> None:
    raise ZeroDivisionError("a slip of ours")


def test_a_bug_is_owned(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_chosen", broken)
    outcome = run("audit", EXAMPLE)
    refused(outcome._replace(err=outcome.err.replace("servio: ", "servio: servio: ")),
            "a bug of ours", "a slip of ours", "--debug", code=5)  # fmt: skip
    assert "Traceback" not in outcome.err
    outcome = run("audit", EXAMPLE, "--debug")
    assert outcome.code == 5
    assert "Traceback" in outcome.err and "ZeroDivisionError: a slip of ours" in outcome.err


def test_a_bug_of_a_reader_is_owned_in_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"bug": "KeyError: 'x'", "trace": "Traceback\n  here"}
    monkeypatch.setattr(_worker.Worker, "ask", lambda *_: answer)
    path = oecd_files.write(tmp_path / "KOR2022ttl.csv")
    refused(run("audit", path), "KeyError", "a fault of servio", code=5)
    assert "Traceback\n  here" in run("audit", path, "--debug").err


def test_a_cache_that_cannot_be_used_is_told(
    run: Run, korea: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SERVIO_CACHE", str(tmp_path / "file"))
    outcome = run("measure", "output_multiplier", korea, "--year", 2014)
    assert outcome.code == 0
    assert outcome.err.startswith("servio: warning: ")
    assert "cache" in outcome.err


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (MemoryError(), 4, "memory"),
        (OSError(28, "No space left on device"), 4, "No space left"),
        (ImportError("x.so: failed to map segment from shared object"), 4, "memory"),
        (RuntimeError("can't start new thread"), 4, "memory"),
        (ModuleNotFoundError("No module named 'altair'", name="altair"), 2, "servio[report]"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_what_stops_a_command(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, word: str
) -> None:
    def stop(*_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "_chosen", stop)
    outcome = run("measure", "output_multiplier", EXAMPLE)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (code, "", 1)
    assert word in outcome.err


def test_nothing_is_printed_before_all_is_known(
    run: Run, korea: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault at the last table leaves no rows of the others."""
    spec = MEASURES["output_multiplier"]

    def late(table: object, **options: object) -> object:
        if table.info.year == 2014:  # type: ignore[attr-defined]
            raise MemoryError
        return output_multiplier(table, **options)  # type: ignore[arg-type]

    monkeypatch.setitem(MEASURES, "output_multiplier", replace(spec, function=late))
    for form in ("csv", "json", "table", "parquet"):
        command = ("measure", "output_multiplier", korea, "--format", form)
        assert run(*command)[:2] == (4, "")
        assert run(*command, "-o", tmp_path / "rows")[:2] == (4, "")
    assert [p.name for p in tmp_path.iterdir()] == []


def test_a_reader_that_goes_away_is_no_fault(korea: Path) -> None:
    process = child("measure", "service_input_share", korea, "--grouping", "kiet")
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline().startswith(b"source,year")
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(60) == 0
    assert err == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout() -> None:
    with open("/dev/full", "wb") as full:
        process = subprocess.run(
            [sys.executable, "-m", "servio", "list", "measures"], stdout=full,
            stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            timeout=60, check=False,
        )  # fmt: skip
    assert process.returncode == 4
    assert process.stderr.count(b"\n") == 1
    assert b"No space left" in process.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as Linux keeps them")
@pytest.mark.parametrize("megabytes", [512, 448, 384])
def test_m06_too_little_memory(tmp_path: Path, megabytes: int) -> None:
    from resource import RLIMIT_AS, setrlimit

    path = wiod_files.write_world_parquet(tmp_path / "wiot_2009.parquet")
    limit = megabytes << 20
    process = child("measure", "output_multiplier", path,
                    preexec_fn=lambda: setrlimit(RLIMIT_AS, (limit, limit)))  # fmt: skip
    out, err = process.communicate(timeout=120)
    assert process.returncode == 4, err
    assert out == b""
    assert err.count(b"\n") == 1 and b"memory" in err


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_m07_a_stop_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    folder, temporary = tmp_path / "in", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    wiod_files.write_national(folder / NIOT)
    environment = {"TMPDIR": str(temporary), "SERVIO_CACHE": str(tmp_path / "cache")}
    code = (
        "import sys, servio.cli, servio.measure as m\n"
        "def wait(*a, **k):\n"
        "    print('ready', file=sys.stderr, flush=True)\n"
        "    import time; time.sleep(60)\n"
        "servio.cli._Aside.say = wait\n"
        "m._write._csv_rows = wait\n"
        "sys.exit(servio.cli.main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "measure", "output_multiplier", str(folder),
         "-o", str(folder / "rows.csv")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline() == b"ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"servio: stopped\n")
    assert [p.name for p in folder.iterdir()] == [NIOT]
    assert list(temporary.iterdir()) == []


def test_m14_any_place_and_any_language(tmp_path: Path) -> None:
    folder = tmp_path / ("표 with space " + "x" * 80)
    path = describe(folder, '[table]\nZ = "z.csv"\nx = "x.csv"\n',
                    z=Z2.replace("a", "가"), x=X2.replace("a", "가"))  # fmt: skip
    german = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "ascii",
              "LC_ALL": "de_DE.UTF-8"}  # fmt: skip
    command = [sys.executable, "-m", "servio"]
    process = subprocess.run([*command, "measure", "output_multiplier", str(path)],
                             capture_output=True, env=german, timeout=60, check=True)  # fmt: skip
    assert rows(process.stdout.decode())[0]["industry"] == "가"
    for arguments in (["list", "measures"], ["audit", str(path), "--all"]):
        process = subprocess.run([*command, *arguments], capture_output=True, env=german,
                                 timeout=60, check=True)  # fmt: skip
        assert process.stderr == b""


def test_python_and_command_line_agree(run: Run, korea: Path) -> None:
    table = read(korea, year=2014)
    found = rows(run("measure", "output_multiplier", korea, "--year", 2014).out)
    ours = [float(row["value"]) if row["value"] else np.nan for row in found]
    np.testing.assert_array_equal(ours, output_multiplier(table).values)


def examples() -> list[tuple[str, str]]:
    """Commands of the documentation with the output shown there."""
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n\$ servio (.*)\n((?:.*\n)*?)```", text)
    assert len(blocks) == 6
    return blocks


@pytest.mark.parametrize(("command", "shown"), examples())
def test_the_documentation_shows_what_is_printed(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str, shown: str
) -> None:
    monkeypatch.chdir(ROOT)
    command, _, head = command.partition(" | head -")
    printed = run(*command.split()).out
    if head:
        printed = "".join(printed.splitlines(keepends=True)[: int(head)])
    assert re.sub(r"numeric \S+", "", printed) == re.sub(r"numeric \S+", "", shown)


def test_the_documentation_names_every_option() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for name, command in cli.cli.commands.items():
        assert f"servio {name}" in text
        options = [one.opts[0] for one in command.params if one.opts[0].startswith("-")]
        assert [option for option in options if option not in text] == []


WORLD = "model:countries=4,industries=8,years=3"


def test_any_exporter_importer_industry_cell_in_one_call(run: Run) -> None:
    asked = ("measure", "export_decomposition", WORLD, "--set", "partners=each")
    whole = rows(run(*asked).out)
    wanted = ("industry=J61", "partner=M01+M03", "part=DVA")
    where = [word for text in wanted for word in ("--where", text)]
    cell = rows(run(*asked, "--year", "2001-2002", "--country", "M02", *where).out)
    assert len(cell) == 2 * 2 and cell == [
        row for row in whole
        if row["year"] != "2000" and row["partner"] in ("M01", "M03")
        and (row["country"], row["industry"], row["part"]) == ("M02", "J61", "DVA")
    ]  # fmt: skip


def test_countries_as_one_exporter(run: Run) -> None:
    asked = ("measure", "gross_exports", WORLD, "--year", "2000", "--set", "by=economy")
    bloc = (*asked, "--set", "blocs=EAST=M02+M03", "--country")
    (row,) = rows(run(*bloc, "EAST").out)
    each, inside = rows(run(*asked, "--set", "partners=each").out), ("M02", "M03")
    both = [r for r in each if r["country"] in inside and r["partner"] not in inside]
    assert float(row["value"]) == pytest.approx(sum(float(row["value"]) for row in both))
    refused(run(*bloc, "M02"), "'M02'", "EAST")
    refused(run(*asked, "--country", "EU27"), "'EU27', a bloc", "--set blocs=EU27")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--where", "partner=M01"), ("no such label column", "partners=each")),
        (("--where", "industry=Z99"), ("industry", "'Z99'")),
        (("--where", "industry"), ("--where", "LABEL=VALUE")),
        (("--year", "1990-2001"), ("--year", "1990", "2000, 2001, 2002")),
        (("--year", "2002-2001"), ("--year", "2002-2001", "1995-2011")),
    ],
)
def test_rows_and_years_that_are_not_there(
    run: Run, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refused(run("measure", "gross_exports", WORLD, *options), *words)
