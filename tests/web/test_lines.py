"""The lines under a figure, run as they are copied, give the number it shows."""

from __future__ import annotations

import csv
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import servio
from servio import study
from servio.cli import cli
from servio.explain.tables import digits
from servio.report import claims_text
from servio.study import StudyStore
from servio.web._answers import Answer, OpenStudy, Pending, Query
from servio.web._api import chains, claims, community, explain, interaction
from servio.web._api.cell import taken_apart
from servio.web._api.measure import measured, spread
from servio.web._jobs import Jobs
from web_explained import ESTIMATES, PANEL
from wiod_files import national_values, write_national

WORLD = """
study.title = "Lines"
study.base_year = 2000
study.focus = ["M02"]
tables = [{path = "model:countries=3,industries=30,years=12"}]
[[measures]]
name = "service_input_share"
grouping = ["kiet", "services", "ps_daniels1985", "ps_hktdc"]
by = ["industry", "manufacturing"]
[[measures]]
name = "service_input_change"
by = "manufacturing"
[[measures]]
name = "account"
of = "value_added"
by = "sectors"
[modes]
window = 5
draws = 20
[symbiosis]
level = 0.9
"""
NATIONS = """
study.title = "Nations"
study.base_year = 2000
tables = [{path = "data/tables", source = "wiod2016"}]
[[measures]]
name = "service_input_share"
grouping = "kiet"
by = "industry"
only = "manufacturing"
"""
MORE_ESTIMATES = """
[[estimates]]
name = "random"
method = "random_effects"
formula = "ln_va ~ ln_x + all_lag"
[[estimates]]
name = "bought in"
formula = "ln_va ~ ln_x | country:industry | all ~ all_lag"
ssc = "stata"
weights = "va"
[[estimates]]
name = "dynamic"
method = "dynamic_panel"
formula = "ln_va ~ lag(ln_va) + all"
instruments = { ln_va = [2, 3], all = [2] }
collapse = true
[[estimates]]
name = "by class, in levels"
formula = "va ~ ln_x + all_lag + all_lag:technology_high | country:industry + year"
where = "year >= 2002"
"""
PLACE = {"country": "M02", "year": "2003"}


class Opened:
    """A study that is asked, and the folder its study file lies in."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        self.store: StudyStore = study.run(
            study.parse(text, "own.toml", folder), folder / "out", workers=1
        )
        self.jobs = Jobs(self.store, workers=1)
        self.jobs.start()
        self.study = OpenStudy(self.store, self.jobs)

    def ask(self, function: Any, path: Any = None, **given: str) -> Answer:
        for _ in range(40):
            reply = function(self.study, Query(given, path or {}))
            if isinstance(reply, Pending):
                reply.job.join("test")
                reply.job.future.result(60)
                continue
            assert isinstance(reply, Answer)
            return reply
        raise AssertionError("pending for ever")

    def printed(self, lines: str, *, shell: bool = False) -> str:
        """What lines print, run in the folder that their first line names."""
        if shell and "\ndone" in lines:
            return self._by_bash(lines)
        out = io.StringIO()
        with chdir(self.folder):
            if not shell:
                with redirect_stdout(out):
                    exec(compile(lines, "copied", "exec"), {})
                return out.getvalue()
            (line,) = [one for one in lines.splitlines() if not one.startswith("#")]
            name, *words = shlex.split(line)
            done = CliRunner().invoke(cli, words)
        assert name == "servio" and done.exit_code == 0, f"{lines}\n{done.output}"
        return done.stdout

    def _by_bash(self, lines: str) -> str:
        source = Path(servio.__file__).parents[1]
        env = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
        lines = lines.replace("servio ", f"{shlex.quote(sys.executable)} -m servio ")
        done = subprocess.run(["bash", "-euc", lines], cwd=self.folder, env=env, text=True,
                              capture_output=True, timeout=300, check=False)  # fmt: skip
        assert done.returncode == 0, f"{lines}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    opened = Opened(tmp_path_factory.mktemp("lines"), WORLD)
    yield opened
    opened.jobs.close()


@pytest.fixture(scope="module")
def nations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder = tmp_path_factory.mktemp("nations")
    tables = folder / "data" / "tables"
    tables.mkdir(parents=True)
    for k, (code, name) in enumerate((("AUS", "Australia"), ("KOR", "Korea")), start=1):
        values = national_values()
        values[:, :112, :56] /= 64 * k
        values[:, [113, 118], 55] = 0.0
        output = values[:, :56, :62].sum(axis=2)
        values[:, :56, 62] = values[:, 119, :56] = output
        values[:, 112, :61] = values[:, :112, :61].sum(axis=1)
        paid = values[:, [112, 113, 118], :56].sum(axis=1)
        values[:, 117, :56] = np.where(output > 0, output - paid, 0.0)
        write_national(tables / f"{code}_NIOT_nov16.xlsx", name, values)
    opened = Opened(folder, NATIONS)
    yield opened
    opened.jobs.close()


def numbers(text: str) -> list[float]:
    """The column value of tables printed one after the other."""
    found: list[float] = []
    at = None
    for row in csv.reader(io.StringIO(text)):
        if "value" in row:
            at = row.index("value")
        elif at is not None and at < len(row) and row[at]:
            found.append(float(row[at]))
    return found


def tables(text: str, first: str) -> list[pd.DataFrame]:
    """Those printed with a heading that starts so."""
    parts = [part.partition("\n\n")[0] for part in f"\n{text}".split(f"\n{first},")[1:]]
    return [pd.read_csv(io.StringIO(f"{first},{part}")) for part in parts]


def same(printed: pd.DataFrame, shown: pd.DataFrame, names: Sequence[str]) -> None:
    assert len(printed) == len(shown) > 0
    for name in names:
        wanted = shown[name].astype(float)
        found = printed[name] if name in printed else wanted * np.nan
        np.testing.assert_allclose(found.astype(float), wanted, rtol=1e-9, err_msg=name)


def holds(text: str, shown: Any) -> None:
    values = np.array(numbers(text))
    wanted = np.array([v for v in np.asarray(shown, dtype=float) if not np.isnan(v)])
    assert len(wanted) and len(values)
    far = [v for v in wanted if not np.isclose(values, v, rtol=1e-9, atol=1e-12).any()]
    assert not far


def both(opened: Opened, about: Mapping[str, Any], shown: Any) -> None:
    for key in ("python", "cli"):
        text = opened.printed(about[key], shell=key == "cli")
        holds(text, shown)
        extra = len(numbers(text)) - len([v for v in shown if not np.isnan(v)])
        assert extra == 0, f"{key} prints {extra} numbers more than are shown"


def column(reply: Answer, name: str = "value") -> list[float]:
    frame = reply.frame if isinstance(reply.frame, pd.DataFrame) else reply.frame.to_pandas()
    values: list[float] = frame[name].astype(float).tolist()
    return values


NATIONAL = {"country": "KOR", "year": "2010"}
KIET = {"grouping": "kiet", "by": "industry"}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("service_input_share", KIET | PLACE | {"industry": "C26", "group": "it"}),
        ("service_input_share", KIET | {"country": "M01,M03", "industry": "C26,C20"}),
        ("service_input_coefficient", {"total": "true", "by": "manufacturing"} | PLACE),
        ("service_input_change", {"by": "manufacturing"} | PLACE),
        ("service_input_change", {"by": "manufacturing", "country": "M02"}),
        ("upstreamness", PLACE),
    ],
)
def test_a_measure(world: Opened, name: str, given: dict[str, str]) -> None:
    reply = world.ask(measured, {"name": name}, **given)
    both(world, reply.data["about"], column(reply))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("service_input_share", KIET | NATIONAL | {"industry": "C28", "only": "manufacturing"}),
        ("service_input_coefficient", {"by": "manufacturing", "country": "KOR"}),
        ("service_input_change", {"by": "manufacturing"} | NATIONAL),
        ("service_input_change", {"by": "manufacturing"}),
    ],
)
def test_a_measure_of_national_tables(nations: Opened, name: str, given: dict[str, str]) -> None:
    reply = nations.ask(measured, {"name": name}, **given)
    about = reply.data["about"]
    assert about["cli"].splitlines()[0] == about["python"].splitlines()[0]
    assert about["cli"].startswith("# in the folder the study file lies in")
    both(nations, about, column(reply))


def test_a_cell(nations: Opened, world: Opened) -> None:
    for opened, place in ((world, PLACE | {"industry": "C26"}),
                          (nations, NATIONAL | {"industry": "C28"})):  # fmt: skip
        reply = opened.ask(taken_apart, {"name": "service_input_share"}, **KIET, group="it",
                           **place)  # fmt: skip
        both(opened, reply.data["about"], [reply.data["value"]])


def test_a_spread(world: Opened) -> None:
    reply = world.ask(spread, {"name": "service_input_share"}, by="manufacturing", **PLACE)
    assert len(reply.data["definitions"]) == 2
    both(world, reply.data["about"], column(reply))
    rows = reply.frame.to_pandas()
    for name, about in reply.data["abouts"].items():
        assert f"grouping={name}" in about["definition"]
        both(world, about, rows[rows.definition == name].value.tolist())
    assert set(reply.data["abouts"]) == set(rows.definition)


@pytest.mark.parametrize("of", ["smile", "positions", "income"])
def test_chains(world: Opened, nations: Opened, of: str) -> None:
    for opened, place in ((world, PLACE | {"industry": "C26"}),
                          (nations, NATIONAL | {"industry": "C29"})):  # fmt: skip
        reply = opened.ask(getattr(chains, of), **place)
        abouts = reply.data.get("abouts", {"value": reply.data["about"]})
        for name, about in abouts.items():
            shown = column(reply, name)
            for key in ("python", "cli"):
                holds(opened.printed(about[key], shell=key == "cli"), shown)


def test_stages(world: Opened, nations: Opened) -> None:
    for opened, place in ((world, PLACE | {"industry": "C26"}),
                          (nations, NATIONAL | {"industry": "C29"})):  # fmt: skip
        reply = opened.ask(chains.sankey, **place, stages="3", most="2")
        about = reply.data["about"]
        assert about["cli"] == ""
        text = opened.printed(about["python"])
        assert all(f"value={value!r}" in text or f"value=np.float64({value!r})" in text
                   for value in reply.frame["value"].tolist())  # fmt: skip


def test_the_community(world: Opened) -> None:
    reply = world.ask(community.community, by="communities", **PLACE)
    found = reply.data["indicators"]
    indicators = {name: own["value"] for name, own in found.groupby("measure")}
    nodes = {name: reply.data["nodes"][name] for name in ("throughflow", "cycling", "adhesion")}
    shown = {
        "nutrition": reply.data["edges"]["share"],
        "utility_relation": reply.data["relations"]["code"],
        **nodes,
        **indicators,
    }
    assert shown.keys() == reply.data["abouts"].keys()
    for name, values in shown.items():
        about = reply.data["abouts"][name]
        for key in ("python", "cli"):
            holds(world.printed(about[key], shell=key == "cli"), values)


@pytest.mark.parametrize("place", [{"country": "M02"}, {"year": "2003"}])
def test_mutualism(world: Opened, place: dict[str, str]) -> None:
    reply = world.ask(community.mutualism, by="communities", **place)
    for key in ("python", "cli"):
        holds(world.printed(reply.data["about"][key], shell=key == "cli"), column(reply, "code"))


def test_modes(world: Opened) -> None:
    reply = world.ask(interaction.modes, country="M02", group="it", industry="C26")
    about = reply.data["about"]
    assert "# in the folder that holds the study's folder" in about["python"]
    printed, slopes = tables(world.printed(about["python"]), "source")
    assert printed["mode"].tolist() == reply.frame["mode"].tolist()
    same(printed, reply.frame, ["confidence", "resampling", "definitions", "n", "window_first"])
    same(slopes, reply.data["evidence"], ["slope", "std_error", "lower", "upper", "relative"])
    (world.folder / "study.toml").write_text(WORLD)
    world.printed(about["cli"], shell=True)
    again, made = study.open_store(world.folder / "again"), world.store
    for name in ("modes", "mode_evidence", "symbiosis", "projections"):
        pd.testing.assert_frame_equal(getattr(again, name)(), getattr(made, name)())


def test_symbiosis(world: Opened) -> None:
    reply = world.ask(interaction.symbiosis, country="M02")
    fit, path = tables(world.printed(reply.data["about"]["python"]), "source")
    same(path, reply.data["path"], ["year", "observed", "value", "lower", "upper"])
    shown = reply.data["parameters"]
    ends = fit.filter(regex=r"^(r|K|x0|d|a)_").iloc[0]
    for column, end in (("value", ""), ("lower", "_lower"), ("upper", "_upper")):
        own = [v for k, v in ends.items() if end == (re.findall("_lower|_upper", k) or [""])[0]]
        np.testing.assert_allclose(sorted(own), sorted(shown[column]), rtol=1e-9)
    assert fit["likeliest"].item() == reply.data["fit"]["likeliest"]
    assert fit["equilibrium_first"].item() == pytest.approx(
        reply.data["fit"]["equilibrium"]["first"], rel=1e-9
    )


def test_claims(world: Opened) -> None:
    shown = world.ask(claims.tested).data["claims"]
    records = world.store.claims()
    assert [claim["id"] for claim in shown] == [record.claim.id for record in records]
    for claim, record in zip(shown, records, strict=True):
        printed = world.printed(claim["rerun"], shell=True)
        assert printed == claims_text([record], "table", "Lines")
        assert f"Lines: 1 claim: 1 {claim['verdict']}" in printed
        about = world.ask(claims.one_tested, {"id": claim["id"]}).data["about"]
        assert world.printed(about["python"]) == f"{claim['id']} {claim['verdict']} {record.text}\n"


# -- estimates -------------------------------------------------------------------------------------

econ = pytest.mark.skipif(not find_spec("pyfixest"), reason="needs the extra econ")
COEFFICIENTS = ["estimate", "std_error", "t", "p", "lower", "upper", "effect"]
MARGINS = ["estimate", "std_error", "lower", "upper", "effect"]
NAMES = ["main-all", "main-all-2", "by-type", "alone", "later", "random", "bought-in", "dynamic",
         "by-class-in-levels"]  # fmt: skip


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    text = PANEL + ESTIMATES + MORE_ESTIMATES
    opened = Opened(tmp_path_factory.mktemp("explained"), text)
    assert opened.store.problems().empty
    yield opened
    opened.jobs.close()


@econ
@pytest.mark.parametrize("name", NAMES)
def test_coefficients(explained: Opened, name: str) -> None:
    reply = explained.ask(explain.estimate, {"name": name})
    (printed,) = tables(explained.printed(reply.data["about"]["python"]), "term")
    assert list(printed["term"]) == list(reply.frame["term"])
    same(printed, reply.frame, COEFFICIENTS)


@econ
def test_coefficients_stand_in_the_report(explained: Opened) -> None:
    reply = explained.ask(explain.estimates)
    assert [one["id"] for one in reply.data["estimates"]] == NAMES
    lines = reply.data["about"]["cli"]
    page = explained.folder / explained.printed(lines, shell=True).split()[-1]
    cells = {text.strip("*") for text in re.findall(r">([^<>\s]+)", page.read_text("utf-8"))}
    shown = reply.frame[reply.frame["term"] != "(Intercept)"]
    assert [value for value in shown["estimate"] if digits(value) not in cells] == []


@econ
@pytest.mark.parametrize("name", NAMES)
def test_margins(explained: Opened, name: str) -> None:
    overs = explained.ask(explain.margins, {"name": name}).data["overs"]
    assert overs[0] == "country" and len(overs) > 2
    for over in overs:
        reply = explained.ask(explain.margins, {"name": name}, over=over)
        about, cells = reply.data["about"], reply.data["cells"]
        assert about["cli"] == ""
        text = explained.printed(about["python"])
        printed = tables(text, over)[0]
        assert list(printed[over].astype(str)) == list(reply.frame["label"].astype(str))
        same(printed, reply.frame, MARGINS)
        assert (cells is not None) == (name in ("by-type", "by-class-in-levels"))
        if cells is not None:
            by = "technology" if name == "by-type" else "technology_high"
            same(tables(text, by)[-1], cells["rows"], ["estimate", "lower", "upper", "effect"])
            assert float(text.split()[-1]) == pytest.approx(cells["equal_p"], rel=1e-9)


@econ
@pytest.mark.parametrize("name", ["main-all", "later", "bought-in", "dynamic"])
def test_specification_curves(explained: Opened, name: str) -> None:
    terms = explained.ask(explain.curve, {"name": name}).data["terms"]
    for term in terms:
        reply = explained.ask(explain.curve, {"name": name}, term=term["term"])
        text = explained.printed(reply.data["about"]["python"])
        shown = reply.data["study"]
        for row in shown.itertuples():
            (own,) = [line for line in text.splitlines() if line.startswith(f"{row.name!r} ")]
            assert float(own.split()[-1]) == pytest.approx(row.effect, rel=1e-9)
        assert len(shown) == len(re.findall("^'", text, flags=re.MULTILINE))
        assert (reply.frame is None) == (name in ("bought-in", "dynamic"))
        if reply.frame is not None:
            (printed,) = tables(text, "specification")
            printed = printed.set_index("specification").loc[reply.frame["specification"]]
            same(printed, reply.frame, ["estimate", "std_error", "p", "lower", "upper", "n"])


def test_no_line_says_where_the_server_keeps_its_files(tmp_path: Path) -> None:
    write_national(tmp_path / "KOR_NIOT_nov16.xlsx")
    path = (tmp_path / "KOR_NIOT_nov16.xlsx").as_posix()
    opened = Opened(tmp_path, NATIONS.replace("data/tables", path))
    reply = opened.ask(measured, {"name": "service_input_share"}, **KIET, only="manufacturing")
    opened.jobs.close()
    for key in ("cli", "python"):
        line = reply.data["about"][key]
        assert str(tmp_path) not in line and "KOR_NIOT_nov16.xlsx" in line
        assert line.startswith("# in the folder the tables lie in")
