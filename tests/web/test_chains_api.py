"""Chains on the web: every number is that of the Python call."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import servio
from servio import algebra, measure, study
from servio.errors import LabelError, UsageError
from servio.web import application
from servio.web._answers import Answer, OpenStudy, Pending, Query, RequestFault, Upload, encoded
from servio.web._api import chains, data
from servio.web._jobs import Jobs
from servio.web._sessions import Session
from web_server import listening
from wiod_files import productive_values, write_national

Ask = Callable[..., Answer]
STUDY = """
study.title = "National tables"
tables = [{{path = "{path}", source = "wiod2016"}}]
measures = [{{name = "upstreamness", by = "industry"}}]
"""


def asking(store: study.StudyStore) -> Iterator[Ask]:
    jobs = Jobs(store)
    jobs.start()
    opened, owner = OpenStudy(store, jobs), Session()

    def ask(function: Any, visitor: Session = owner, **given: str) -> Answer:
        while True:
            query = Query(given, visitor=visitor)
            reply = function(opened, query)
            if isinstance(reply, Answer):
                query.done()
                assert query.private == ("table" in given), "kept for its session only"
                assert str(opened.scratch) not in encoded(dict(reply.data)).decode()
                return reply
            assert isinstance(reply, Pending)
            reply.job.join("test")
            reply.job.future.result(60)

    def bring(path: Path) -> str:
        copy = opened.scratch / path.name
        copy.write_bytes(path.read_bytes())
        query = Query({}, visitor=owner, upload=Upload(copy, path.name, path.stat().st_size))
        return str(data.uploaded(opened, query).data["table"])

    ask.bring, ask.opened, ask.owner = bring, opened, owner  # type: ignore[attr-defined]
    ask.table = lambda *place: jobs.tables.table(*place)  # type: ignore[attr-defined, union-attr]
    yield ask
    owner.close()
    jobs.close()
    opened.close()


@pytest.fixture(scope="module")
def ask(small_store: study.StudyStore) -> Iterator[Ask]:
    yield from asking(small_store)


@pytest.fixture(scope="module")
def ask_national(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("national")
    write_national(folder / "KOR_NIOT_nov16.xlsx", values=productive_values())
    text = STUDY.format(path=(folder / "KOR_NIOT_nov16.xlsx").as_posix())
    yield from asking(study.run(study.parse(text, "n.toml", folder), folder / "out", workers=1))


WORLD = {"country": "M02", "industry": "C26", "year": "2001"}
NATIONAL = {"country": "KOR", "industry": "C29", "year": "2010"}


def table(ask: Any, place: dict[str, str]) -> Any:
    source = "wiod2016" if place is NATIONAL else "model"
    return ask.table(source, place["country"], int(place["year"]))


def test_sankey_is_the_stages_of_the_table(ask: Ask) -> None:
    reply = ask(chains.sankey, **WORLD, stages="3", most="2", least="0.001")
    found = study.supply_stages(table(ask, WORLD), "C26", country="M02", stages=3, most=2,
                                least=0.001)  # fmt: skip
    assert reply.frame["value"].tolist() == [link.value for link in found.links]
    assert reply.data["boxes"]["value"].tolist() == [box.value for box in found.boxes]
    assert reply.data["origins"] == dict(found.origins)
    assert reply.data["world"] is True
    assert reply.data["about"]["synthetic"] is True
    assert reply.data["about"]["cli"] == "", "no command gives these numbers"
    assert "flows from stage to stage" in reply.data["about"]["cli_none"]["en"]
    shares = reply.frame.groupby("target")["share"].sum()
    boxes = reply.data["boxes"].set_index("id")
    product = boxes.loc["0 M02 C26"]
    assert shares["0 M02 C26"] == pytest.approx(product.inputs / found.output)


def test_smile_is_the_measure_and_its_test(ask: Ask) -> None:
    reply = ask(chains.smile, **WORLD, most="12")
    own = table(ask, WORLD)
    frame = reply.frame
    for form in ("distance", "rate", "share"):
        found = measure.smile_curve(own, form=form, chain="M02_C26")
        wanted = [
            found.value(country=c, industry=i)
            for c, i in zip(frame["country"], frame["industry"], strict=True)
        ]
        assert frame[form].tolist() == pytest.approx(wanted)
    assert len(frame) == 12
    assert frame["share"].sum() + reply.data["rest"]["share"] == pytest.approx(1)
    every = {f: measure.smile_curve(own, form=f, chain="M02_C26").values for f in chains.FORMS}
    shown = (every["rate"] > 0) & (every["share"] > 1e-12)
    test = algebra.lind_mehlum(
        every["distance"][shown], np.log(every["rate"][shown]), every["share"][shown]
    )
    assert reply.data["test"]["p_value"] == pytest.approx(test.p_value)
    note = measure.smile_curve(own, chain="M02_C26").notes[-1].text
    assert reply.data["test"]["words"] == note
    assert reply.data["earners"] == shown.sum()


def test_positions_are_three_measures(ask: Ask) -> None:
    reply = ask(chains.positions, country="M02", year="2001", industry="C26")
    own = table(ask, WORLD)
    measures = {
        "upstreamness": measure.upstreamness(own),
        "downstreamness": measure.downstreamness(own),
        "value_added": measure.footprint(own, form="production"),
    }
    assert len(reply.frame) == 30
    for row in reply.frame.to_dict("records"):
        for name, found in measures.items():
            wanted = found.value(country="M02", industry=row["industry"])
            assert row[name] == pytest.approx(wanted)
    assert reply.frame["service"].any() and not reply.frame["service"].all()


def test_income_adds_up_to_the_chain(ask: Ask) -> None:
    reply = ask(chains.income, **WORLD)
    found = measure.chain_income(table(ask, WORLD), chain="M02_C26", form="stage", by="broad")
    assert reply.data["total"] == pytest.approx(np.nansum(found.values))
    assert reply.frame["share"].sum() == pytest.approx(1)
    services = found.to_frame().query("industry == ['producer_services', 'other_services']")
    share = services.value.sum() / np.nansum(found.values)
    assert reply.data["services"] == pytest.approx(share)
    assert set(reply.frame["stage"]) == {"final stage", "stage 1", "stage 2", "stage 3 or more"}


def test_national_tables_have_one_block_abroad(ask_national: Ask) -> None:
    own = table(ask_national, NATIONAL)
    stages = ask_national(chains.sankey, **NATIONAL)
    assert stages.data["world"] is False
    assert "imports" in set(stages.data["boxes"]["code"])
    assert "country='KOR'" in stages.data["about"]["python"]
    income = ask_national(chains.income, **NATIONAL)
    content = measure.value_content(own, grouping="broad")
    for row in income.frame.to_dict("records"):
        assert row["share"] == pytest.approx(content.value(industry="C29", part=row["group"]))
        assert row["country"] == ("abroad" if row["group"] == "imports" else "KOR")
    smile = ask_national(chains.smile, **NATIONAL)
    assert set(smile.frame["country"]) == {"KOR"}
    positions = ask_national(chains.positions, **NATIONAL)
    up = measure.upstreamness(own)
    assert positions.frame["upstreamness"].tolist() == pytest.approx(
        [up.value(industry=i) for i in positions.frame["industry"]], nan_ok=True
    )


@pytest.mark.parametrize(
    ("function", "given", "error", "text"),
    [
        (chains.sankey, {"industry": "Z99"}, UsageError, "Z99"),
        (chains.sankey, {}, UsageError, "industry"),
        (chains.sankey, {"industry": "C26", "stages": "9"}, UsageError, "stages"),
        (chains.smile, {"industry": "C26", "country": "XXX"}, UsageError, "XXX"),
        (chains.income, {"industry": "C26", "year": "1950"}, RequestFault, "1950"),
        (chains.positions, {"source": "nowhere"}, UsageError, "nowhere"),
        (chains.income, {"industry": "C26", "more": "1"}, UsageError, "more"),
    ],
)
def test_bad_parameters_are_refused(
    ask: Ask, function: Any, given: dict[str, str], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        ask(function, **given)


def test_without_tables_there_is_no_sankey(small_store: study.StudyStore) -> None:
    with pytest.raises(UsageError, match="--tables"):
        chains.sankey(OpenStudy(small_store), Query({"industry": "C26"}))


@pytest.mark.parametrize("function", [chains.sankey, chains.smile, chains.income])
def test_product_without_output_is_said(ask_national: Ask, function: Any) -> None:
    with pytest.raises(LabelError, match="no output"):
        ask_national(function, country="KOR", industry="U", year="2010")


def test_a_table_with_groupings_of_its_own_has_services_and_the_others(tmp_path: Path) -> None:
    table = tmp_path / "table.toml"
    table.write_text(
        '[table]\ntitle = "Own"\ncurrency = "USD"\nunit = "million"\nZ = "z.csv"\nx = "x.csv"\n'
        '[groups]\nmanufacturing = ["one"]\nservices = ["two"]\n'
    )
    (tmp_path / "z.csv").write_text(",one,two\none,150,500\ntwo,200,100\n")
    (tmp_path / "x.csv").write_text(",output\none,1000\ntwo,2000\n")
    text = (
        f'study.title = "Own"\ntables = [{{path = "{table.as_posix()}"}}]\n'
        'measures = [{name = "upstreamness", by = "industry"}]\n'
    )
    store = study.run(study.parse(text, "own.toml", tmp_path), tmp_path / "out", workers=1)
    for ask in asking(store):
        reply = ask(chains.income, industry="one")
        own = ask.table("generic", "", None)  # type: ignore[attr-defined]
        content = measure.value_content(own, grouping="services")
        found = reply.frame.set_index("group")["share"]
        assert found["services"] == pytest.approx(content.value(industry="one", part="services"))
        assert reply.data["services"] == pytest.approx(found["services"])
        assert ask(chains.sankey, industry="one").data["world"] is False


# -- a table that the session brought --------------------------------------------------------------

OWN = """
[table]
title = "Own"
year = 2014
currency = "USD"
unit = "million"
Z = "z.csv"
x = "x.csv"
"""
NAMED = '[groups]\nmanufacturing = ["one"]\nservices = ["two"]\n'
FLOWS = {"z.csv": ",one,two\none,150,500\ntwo,200,100\n", "x.csv": ",output\none,1000\ntwo,2000\n"}
PLACES = [f"{c}_{i}" for c in ("AAA", "BBB") for i in ("one", "two")]
Z = [[150, 90, 60, 20], [200, 100, 30, 40], [40, 30, 210, 120], [25, 35, 180, 300]]
Y = [[400, 80], [350, 60], [50, 500], [70, 900]]
WORLDS = {
    "z.csv": "\n".join(["," + ",".join(PLACES), *(
        ",".join([name, *map(str, row)]) for name, row in zip(PLACES, Z, strict=True)
    )]),
    "y.csv": "\n".join([",AAA_household,BBB_household", *(
        ",".join([name, *map(str, row)]) for name, row in zip(PLACES, Y, strict=True)
    )]),
}  # fmt: skip
WORLD_TABLE = OWN.replace('x = "x.csv"', 'Y = "y.csv"\ncountry_separator = "_"')


def packed(folder: Path, description: str, files: dict[str, str]) -> Path:
    """A description with its files, laid out in a folder and packed; the packed file."""
    folder.mkdir()
    for name, text in {"table.toml": description, **files}.items():
        (folder / name).write_text(text)
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("table.toml", *files):
            archive.write(folder / name, f"own/{name}")
    return path


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("brought")
    return write_national(folder / "KOR_NIOT_nov16.xlsx", values=productive_values())


def test_the_chain_of_a_table_that_was_brought(ask: Any, national: Path) -> None:
    given = {"table": ask.bring(national), "industry": "C29", "year": "2010"}
    own = servio.read(national, year=2010)
    found = study.supply_stages(own, "C29", country="KOR")
    stages = ask(chains.sankey, **given)
    assert stages.frame["value"].tolist() == [link.value for link in found.links]
    assert stages.data["boxes"]["value"].tolist() == [box.value for box in found.boxes]
    assert (stages.data["country"], stages.data["world"]) == ("KOR", False)
    assert "servio.read('YOUR_TABLE', year=2010, country='KOR')" in stages.data["about"]["python"]
    smile = ask(chains.smile, **given)
    for form in chains.FORMS:
        curve = measure.smile_curve(own, form=form, chain="KOR_C29")
        wanted = [curve.value(industry=i) for i in smile.frame["industry"]]
        assert smile.frame[form].tolist() == pytest.approx(wanted)
    positions = ask(chains.positions, **given)
    up, down = measure.upstreamness(own), measure.downstreamness(own)
    for row in positions.frame.to_dict("records"):
        wanted = [m.value(industry=row["industry"]) for m in (up, down)]
        assert [row["upstreamness"], row["downstreamness"]] == pytest.approx(wanted, nan_ok=True)
    income = ask(chains.income, **given)
    content = measure.value_content(own, grouping="broad")
    for row in income.frame.to_dict("records"):
        assert row["share"] == pytest.approx(content.value(industry="C29", part=row["group"]))
    for reply in (stages, smile, positions, income):
        about = reply.data["about"]
        assert about["synthetic"] is False, "the study is made up, this table is not said to be"
        assert "inputs" not in about["evidence"], "not the study's files"


def test_a_world_table_that_was_brought_names_who_earns_where(ask: Any, tmp_path: Path) -> None:
    path = packed(tmp_path / "world", WORLD_TABLE + NAMED, WORLDS)
    given = {"table": ask.bring(path), "country": "BBB", "industry": "one"}
    own = servio.read(tmp_path / "world" / "table.toml")
    smile = ask(chains.smile, **given)
    share = measure.smile_curve(own, form="share", chain="BBB_one")
    assert smile.data["world"] is True and set(smile.frame["country"]) == {"AAA", "BBB"}
    for row in smile.frame.to_dict("records"):
        wanted = share.value(country=row["country"], industry=row["industry"])
        assert row["share"] == pytest.approx(wanted)
    services = smile.frame.loc[smile.frame["industry"] == "two", "share"].sum()
    assert smile.data["services"] == pytest.approx(services)
    stages = ask(chains.sankey, **given)
    found = study.supply_stages(own, "one", country="BBB")
    assert stages.frame["value"].tolist() == [link.value for link in found.links]
    positions = ask(chains.positions, **given)
    up = measure.upstreamness(own)
    assert positions.frame["upstreamness"].tolist() == pytest.approx(
        [up.value(country="BBB", industry=i) for i in positions.frame["industry"]]
    )
    earned = ask(chains.income, **given)
    income = measure.chain_income(own, chain="BBB_one", form="stage", by="industry")
    assert earned.data["total"] == pytest.approx(np.nansum(income.values))
    for row in earned.frame.to_dict("records"):
        industry = {"services": "two", "other industries": "one"}[row["group"]]
        wanted = income.value(country=row["country"], industry=industry, part=row["stage"])
        assert row["value"] == pytest.approx(wanted)
    assert len(earned.frame) == 16


def test_a_table_that_names_no_services_says_so(ask: Any, tmp_path: Path) -> None:
    table = ask.bring(packed(tmp_path / "plain", OWN, FLOWS))
    positions = ask(chains.positions, table=table)
    assert positions.frame["industry"].tolist() == ["one", "two"]
    assert positions.frame["service"].tolist() == [None, None], "neither service nor goods"
    assert ask(chains.smile, table=table, industry="one").data["services"] is None
    for function in (chains.sankey, chains.income):
        with pytest.raises(servio.ServioError, match="services"):
            ask(function, table=table, industry="one")


def test_a_brought_table_has_places_to_choose_from(ask: Any, national: Path) -> None:
    table = ask.bring(national)
    ask(chains.positions, table=table)
    query = Query({}, visitor=ask.owner)
    (places,) = [
        one["places"] for one in data.listed(ask.opened, query).data["uploads"]
        if one["table"] == table
    ]  # fmt: skip
    own = servio.scan(national, cache=False)
    assert (places["source"], places["world"]) == ("wiod2016", False)
    assert (places["countries"], tuple(places["years"])) == (["KOR"], own.years)
    assert [one["code"] for one in places["industries"]] == list(
        servio.read(national, year=2010).axis.code_names
    )
    with pytest.raises(RequestFault, match="1950"):
        ask(chains.positions, table=table, year="1950")
    with pytest.raises(UsageError, match="M02"):
        ask(chains.positions, table=table, country="M02")


@pytest.mark.parametrize("function", [chains.sankey, chains.smile, chains.positions, chains.income])
def test_h07_the_chain_of_another_sessions_table_is_not_there(
    ask: Any, national: Path, function: Any
) -> None:
    given = {"table": ask.bring(national), "industry": "C29", "year": "2010"}
    ask(function, **given)
    with pytest.raises(RequestFault) as refused:
        ask(function, Session(), **given)
    assert refused.value.status == 404


def test_h07_what_a_session_was_told_is_kept_for_nobody(
    small_store: study.StudyStore, tmp_path: Path
) -> None:
    body = packed(tmp_path / "own", OWN + NAMED, FLOWS).read_bytes()
    with listening(application(small_store, jobs=Jobs(small_store))) as client:
        headers = {"x-file-name": "own.zip", "origin": str(client.base_url).rstrip("/")}
        table = client.post("/api/uploads", content=body, headers=headers).json()["table"]
        for view in ("sankey", "smile", "positions", "income"):
            path = f"/api/chains/{view}?industry=one&table={table}"
            while (answer := client.get(path)).status_code == 202:
                time.sleep(0.1)
            assert answer.status_code == 200, answer.text
            assert "etag" not in answer.headers
            assert answer.headers["cache-control"] == "private, no-cache"
            with httpx.Client(base_url=client.base_url, trust_env=False) as stranger:
                assert stranger.get(path).status_code == 404
