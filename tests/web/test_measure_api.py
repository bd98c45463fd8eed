"""Numbers of the Measure page: each is what the same Python call gives."""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import servio
from servio import classify, measure, study
from servio.errors import UsageError
from servio.study import Call, StudyStore, settled_call
from servio.table import IOTable
from servio.web._answers import Answer, File, OpenStudy, Pending, Query, Reply, encoded
from servio.web._api.cell import taken_apart
from servio.web._api.export import as_file, write_frame
from servio.web._api.measure import _with_ranks, measured, spread
from servio.web._api.pair import _numbers, paired
from servio.web._api.study import described
from servio.web._headlines import _extremes
from servio.web._jobs import Jobs
from servio.web._rows import Found, _Recent
from wiod_files import national_values, write_national

MODEL = "model:countries=3,industries=30,years=2"
TEXT = f"""
study.title = "Measure"
study.base_year = 2000
study.focus = ["AAA"]
tables = [{{path = "{MODEL}"}}]
[[measures]]
name = "service_input_share"
grouping = ["services", "ps_daniels1985", "ps_hktdc"]
by = "manufacturing"
[[measures]]
name = "service_input_coefficient"
grouping = "kiet"
by = "industry"
only = "manufacturing"
"""
WAIT = 60

Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> StudyStore:
    folder = tmp_path_factory.mktemp("measure")
    text = TEXT.replace('study.focus = ["AAA"]\n', "")
    return study.run(study.parse(text, "own.toml", folder), folder / "out", workers=1)


@pytest.fixture(scope="module")
def opened(store: StudyStore) -> Iterator[OpenStudy]:
    jobs = Jobs(store, workers=1)
    jobs.start()
    yield OpenStudy(store, jobs)
    jobs.close()


@pytest.fixture(scope="module")
def tables() -> dict[int, IOTable]:
    found = {table.info.year: table for table in servio.scan(MODEL).tables()}
    return {year: table for year, table in found.items() if year is not None}


@pytest.fixture(scope="module")
def ask(opened: OpenStudy) -> Ask:
    def asked(function: Callable[[OpenStudy, Query], Reply], name: str, **given: str) -> Answer:
        for _ in range(40):
            query = Query(given, {"name": name})
            reply = function(opened, query)
            if isinstance(reply, Pending):
                reply.job.join("test")
                reply.job.future.result(WAIT)
                continue
            query.done()
            assert isinstance(reply, Answer)
            return reply
        raise AssertionError("pending for ever")

    return asked


def frame(reply: Answer) -> pd.DataFrame:
    found: pd.DataFrame = (
        reply.frame.to_pandas() if isinstance(reply.frame, pa.Table) else reply.frame
    )
    return found


def computed(name: str, table: IOTable, **options: Any) -> pd.DataFrame:
    """The Python call, as rows."""
    found: pd.DataFrame = getattr(measure, name)(table, **options).to_frame()
    return found


def same(rows: pd.DataFrame, expected: dict[int, pd.DataFrame]) -> None:
    keys = [name for name in ("country", "industry", "group") if name in rows]
    assert len(rows) == sum(map(len, expected.values())) > 0
    for year, own in expected.items():
        here = rows[rows.year == year].set_index(keys).value.sort_index()
        there = own.set_index([key for key in keys if key in own]).value.sort_index()
        assert here.index.tolist() == there.index.tolist()
        np.testing.assert_allclose(here, there, rtol=1e-12, atol=0)


# -- rows ------------------------------------------------------------------------------------------


def test_stored_rows_are_the_python_call(ask: Ask, tables: dict[int, IOTable]) -> None:
    reply = ask(measured, "service_input_share", grouping="ps_daniels1985", by="manufacturing")
    assert reply.data["stored"] is True
    options = {"grouping": "ps_daniels1985", "by": "manufacturing"}
    same(
        frame(reply), {y: computed("service_input_share", t, **options) for y, t in tables.items()}
    )


def test_computed_rows_are_the_python_call(ask: Ask, tables: dict[int, IOTable]) -> None:
    reply = ask(measured, "service_input_share", grouping="kibs", by="industry", origin="domestic")
    assert reply.data["stored"] is False
    options = {"grouping": "kibs", "by": "industry", "origin": "domestic"}
    same(
        frame(reply), {y: computed("service_input_share", t, **options) for y, t in tables.items()}
    )


def test_a_measure_that_compares_finds_the_base_year(ask: Ask, tables: dict[int, IOTable]) -> None:
    reply = ask(measured, "service_input_change", by="manufacturing")
    base, later = tables[2000], tables[max(tables)]
    own = measure.service_input_change(later, base=base, by="manufacturing").to_frame()
    rows = frame(reply)
    here = rows[rows.year == later.info.year]
    assert here.value.tolist() == pytest.approx(own.value.tolist(), rel=1e-12)
    assert len(here) == len(own) > 0


def test_choosing_rows_leaves_their_values(ask: Ask, store: StudyStore) -> None:
    country = str(store.results("service_input_share").country.iloc[0])
    whole = frame(ask(measured, "service_input_share", by="manufacturing"))
    part = ask(measured, "service_input_share", by="manufacturing", country=country, year="2000")
    own = whole[(whole.country == country) & (whole.year == 2000)]
    assert frame(part).value.tolist() == own.value.tolist()
    assert f"--country {country} --year 2000" in part.data["about"]["cli"]


def test_computed_rows_are_kept_while_there_is_room() -> None:
    def rows(value: float) -> Found:
        table = pa.table({"value": pa.array([value] * 1000)})
        gaps = pd.DataFrame(columns=["source", "year", "label", "reason"])
        return Found(settled_call("upstreamness", {}), table, False, gaps, (), (), 0.0)

    made: list[str] = []

    def make(name: str) -> Callable[[], Found]:
        def made_now() -> Found:
            made.append(name)
            return rows(float(len(made)))

        return made_now

    recent = _Recent(room=20_000)  # two of 8,000 bytes
    for name in ("a", "b", "a", "c", "a", "b"):
        assert len(recent.get(name, make(name)).rows) == 1000
    assert made == ["a", "b", "c", "b"]


def test_bare_says_what_can_be_chosen(ask: Ask, store: StudyStore) -> None:
    query = {"grouping": "kiet", "by": "industry", "only": "manufacturing"}
    reply = ask(measured, "service_input_coefficient", bare="true", **query)
    rows = store.results("service_input_coefficient")
    assert reply.frame is None
    assert reply.data["countries"] == rows.country.unique().tolist()
    assert reply.data["years"] == sorted(rows.year.unique().tolist())
    assert set(reply.data["labels"]["industry"]) == set(rows.industry)
    assert reply.data["labels"]["group"] == list(classify.grouping("kiet").groups)


def test_a_label_that_is_not_there_is_said(ask: Ask) -> None:
    with pytest.raises(UsageError, match="country") as error:
        ask(measured, "service_input_share", by="manufacturing", country="NOWHERE")
    assert "NOWHERE" in error.value.found and error.value.expected


@pytest.mark.parametrize("function", [measured, spread, taken_apart])
def test_a_year_that_is_not_there_is_said(
    ask: Ask, function: Callable[[OpenStudy, Query], Reply]
) -> None:
    given = {"by": "manufacturing", "country": "M01"}
    for year in ("9999", *(["2000,1999"] if function is not taken_apart else [])):
        with pytest.raises(UsageError, match="parameter year") as error:
            ask(function, "service_input_share", year=year, **given)
        assert error.value.found in year
        assert error.value.expected == "one of 2000, 2001"
    ask(function, "service_input_share", year="2001", **given)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"origin": "mars"}, "origin"),
        ({"colour": "red"}, "colour"),
        ({"year": "soon"}, "year"),
        ({"bare": "perhaps"}, "bare"),
    ],
)
def test_wrong_parameters_are_said(ask: Ask, given: dict[str, str], place: str) -> None:
    with pytest.raises(UsageError, match=place):
        ask(measured, "service_input_share", **given)


def test_what_no_table_has_is_refused_before_anything_is_computed(opened: OpenStudy) -> None:
    for given, place in (
        ({"grouping": "nonsense"}, "grouping"),
        ({"grouping": "kibs", "by": "nonsense"}, "by"),
        ({"grouping": "kibs", "country": "KRO"}, "country"),
        ({"grouping": "kibs", "source": "nowhere"}, "source"),
        ({"only": "nonsense"}, "only"),
    ):
        for function in (measured, taken_apart):
            if function is taken_apart and "only" not in given and place == "source":
                continue
            with pytest.raises(UsageError, match=place):
                function(opened, Query(given, {"name": "service_input_share"}))


def test_what_has_no_value_is_listed_with_its_reason() -> None:
    rows = pa.table({
        "source": ["s", "s", "s"], "year": pa.array([2000, 2000, 2001], pa.int32()),
        "country": ["AAA"] * 3, "industry": ["C1", "C2", "C1"], "partner": [""] * 3,
        "group": ["services"] * 3, "part": [""] * 3, "value": [None, 0.5, None],
        "unit": ["share"] * 3,
    })  # fmt: skip
    gaps = pd.DataFrame({
        "source": ["s"], "year": pd.array([2000], "Int32"), "label": ["AAA_C1"],
        "reason": ["zero output"],
    })  # fmt: skip
    found = Found(settled_call("service_input_share", {}), rows, True, gaps, (), (), None)
    empty = found.without_value(rows)
    assert empty[["year", "industry", "reason"]].values.tolist() == [
        [2000, "C1", "zero output"], [2001, "C1", ""],
    ]  # fmt: skip
    assert found.undefined == 1 and found.first == "AAA_C1 2000: zero output"
    assert len(found.without_value(rows.slice(1, 1))) == 0


def test_evidence_is_of_the_rows_shown_and_the_whole_stands_apart(tmp_path: Path) -> None:
    values = national_values()
    write_national(tmp_path / "KOR_NIOT_nov16.xlsx", values=values)
    values[3, 0, 62] *= 1.5
    write_national(tmp_path / "ROU_NIOT_nov16.xlsx", "Romania", values)
    text = (
        'study.title = "Two"\ntables = [{path = ".", source = "wiod2016"}]\n'
        'measures = [{name = "service_input_share", by = "industry"}]\n'
    )
    store = study.run(study.parse(text, "own.toml", tmp_path), tmp_path / "out", workers=1)
    opened = OpenStudy(store)

    def seen(**given: str) -> dict[str, Any]:
        query = Query({"by": "industry", **given}, {"name": "service_input_share"})
        reply = measured(opened, query)
        assert isinstance(reply, Answer)
        found: dict[str, Any] = reply.data["about"]["evidence"]
        empty = frame(reply).value.isna().sum()
        assert found["undefined"] == empty
        return found

    everything = seen()
    assert everything["undefined"] == 30 and "whole" not in everything
    assert everything["data_residual_at"] == "ROU 2003"
    one = seen(country="KOR", year="2010", industry="C28")
    assert one["undefined"] == 0 and one["undefined_first"] is None and one["tables"] == 1
    assert one["data_residual"] < everything["data_residual"]
    assert one["whole"]["undefined"] == 30 and one["whole"]["data_residual_at"] == "ROU 2003"
    dead = seen(country="KOR", year="2010")
    assert dead["undefined"] == 1
    assert dead["undefined_first"] == {
        "en": "KOR U services 2010: no intermediate inputs",
        "ko": "KOR U services 2010: 중간투입이 없음",
    }  # fmt: skip


# -- definitions -----------------------------------------------------------------------------------


def test_the_band_is_of_the_definitions_the_study_holds(
    ask: Ask, tables: dict[int, IOTable]
) -> None:
    country = str(tables[2000].axis.country_names[0])
    reply = ask(spread, "service_input_share", by="manufacturing", country=country)
    assert set(reply.data["definitions"]) == {"ps_daniels1985", "ps_hktdc"}
    own = []
    for name in ("ps_daniels1985", "ps_hktdc"):
        rows = computed("service_input_share", tables[2000], grouping=name, by="manufacturing")
        own.append(float(rows[rows.country == country].value.iloc[0]))
    band = reply.data["band"]
    at = band["year"].index(2000)
    assert (band["low"][at], band["high"][at]) == pytest.approx((min(own), max(own)), rel=1e-12)
    assert band["median"][at] == pytest.approx(np.median(own), rel=1e-12)
    assert set(frame(reply).definition) == {"services", "ps_daniels1985", "ps_hktdc"}
    assert reply.data["more"] > 0


def test_all_definitions_are_computed_on_demand(ask: Ask, tables: dict[int, IOTable]) -> None:
    reply = ask(spread, "service_input_share", by="manufacturing", all="true")
    rows = frame(reply)
    named = [*classify.producer_service_definitions(), "ps_fractional", "ps_threshold50"]
    assert {*reply.data["definitions"], *reply.data["unanswered"]} == set(named)
    assert reply.data["more"] == 0
    for name in reply.data["definitions"]:
        own = computed("service_input_share", tables[2000], grouping=name, by="manufacturing")
        here = rows[(rows.definition == name) & (rows.year == 2000)]
        assert dict(zip(here.country, here.value, strict=True)) == pytest.approx(
            dict(zip(own.country, own.value, strict=True)), rel=1e-12
        )


def test_each_definition_ranks_its_countries(ask: Ask, tables: dict[int, IOTable]) -> None:
    whole = {"by": "manufacturing", "year": "2000"}
    rows = frame(ask(spread, "service_input_share", **whole))
    assert set(rows.definition) == {"services", "ps_daniels1985", "ps_hktdc"}
    for name, here in rows.groupby("definition"):
        own = computed("service_input_share", tables[2000], grouping=name, by="manufacturing")
        value = own.set_index("country").value
        expected = {code: 1 + int((value > value[code]).sum()) for code in value.index}
        assert dict(zip(here.country, here["rank"], strict=True)) == expected
        assert set(here.ranked) == {3}
    one = frame(ask(spread, "service_input_share", country="M02", **whole))
    assert one["rank"].tolist() == rows[rows.country == "M02"]["rank"].tolist()


def test_what_has_no_value_and_what_is_left_over_has_no_rank() -> None:
    table = pa.table({
        "source": ["own"] * 5, "year": [2000] * 5, "definition": ["ps_hktdc"] * 5,
        "country": ["ROW", "AAA", "BBB", "CCC", "DDD"], "value": [0.9, 0.2, None, 0.2, 0.1],
    })  # fmt: skip
    found = _with_ranks(table)
    assert found["rank"].to_pylist() == [None, 1, None, 1, 3]
    assert found["ranked"].to_pylist() == [3] * 5


def test_a_grouping_of_several_groups_is_no_one_number(ask: Ask) -> None:
    reply = ask(spread, "service_input_share", grouping="kiet", by="manufacturing")
    assert "kiet" not in set(frame(reply).definition)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_nothing_under_any_definition_says_why(ask: Ask, form: str) -> None:
    reply = ask(spread, "service_input_share", grouping="kiet", by="industry")
    assert reply.frame is None
    why = reply.data["why"]
    assert "several groups" in why["en"]
    assert why["ko"] != why["en"]
    with pytest.raises(UsageError, match=r"no rows: the grouping has several groups"):
        as_file(reply, form, "x")
    assert ask(spread, "service_input_share", by="manufacturing").data["why"] is None


def test_a_measure_without_definitions_says_so(ask: Ask) -> None:
    with pytest.raises(UsageError, match="upstreamness"):
        ask(spread, "upstreamness")


# -- one number taken apart ------------------------------------------------------------------------


@pytest.mark.parametrize("complete", ["false", "true"])
def test_the_flows_of_a_coefficient_add_up_to_it(
    ask: Ask, tables: dict[int, IOTable], complete: str
) -> None:
    table = tables[2000]
    rows = computed("service_input_coefficient", table, grouping="kiet", total=complete == "true")
    one = rows[rows.value > 0].iloc[5]
    where = {"country": one.country, "industry": one.industry, "group": one.group, "year": "2000"}
    reply = ask(taken_apart, "service_input_coefficient", grouping="kiet", by="industry",
                total=complete, **where)  # fmt: skip
    assert reply.data["value"] == pytest.approx(one.value, rel=1e-12)
    assert reply.data["check"]["kind"] == "exact"
    assert reply.data["check"]["sum"] == pytest.approx(one.value, rel=1e-9)


def test_where_what_is_shown_was_bought_is_said(ask: Ask, tables: dict[int, IOTable]) -> None:
    where = {"industry": "manufacturing", "by": "manufacturing", "year": "2000"}
    country = tables[2000].axis.country_names[0]
    money = {}
    for origin in ("total", "domestic", "imported"):
        reply = ask(taken_apart, "service_input_coefficient", grouping="services", origin=origin,
                    country=country, **where)  # fmt: skip
        assert reply.data["origin"] == origin and reply.data["check"]["kind"] == "exact"
        money[origin] = reply.data["sums"]["money"]
    assert money["domestic"] + money["imported"] == pytest.approx(money["total"], rel=1e-12)
    assert 0 < money["imported"] < money["domestic"]
    reply = ask(taken_apart, "output_multiplier", country=country, **where)
    assert reply.data["origin"] == "total", "a measure without such flows shows all"


def test_the_flows_of_a_share_add_up_to_it(ask: Ask, tables: dict[int, IOTable]) -> None:
    own = computed("service_input_share", tables[2000], by="manufacturing")
    country = str(own.country.iloc[0])
    reply = ask(taken_apart, "service_input_share", by="manufacturing", country=country,
                industry="manufacturing", year="2000")  # fmt: skip
    assert reply.data["check"]["kind"] == "exact"
    assert reply.data["value"] == pytest.approx(own.value.iloc[0], rel=1e-12)
    parts, sums = frame(reply), reply.data["sums"]
    assert parts.money.sum() == pytest.approx(sums["money"], rel=1e-12)
    assert parts.share.sum() == pytest.approx(1.0, rel=1e-12)
    assert parts.direct.sum() * sums["output"] == pytest.approx(sums["money"], rel=1e-12)


def test_few_suppliers_and_the_rest_are_all(ask: Ask, tables: dict[int, IOTable]) -> None:
    country = str(tables[2000].axis.country_names[0])
    where = {"by": "manufacturing", "country": country, "industry": "manufacturing", "year": "2000"}
    few = frame(ask(taken_apart, "service_input_share", most="5", **where))
    many = frame(ask(taken_apart, "service_input_share", most="500", **where))
    assert len(few) == 6 and few.industry.iloc[-1] == "rest"
    assert few.money.sum() == pytest.approx(many.money.sum(), rel=1e-12)
    assert len(many) == len(tables[2000])


def test_flows_behind_another_measure_are_context(ask: Ask, tables: dict[int, IOTable]) -> None:
    country = str(tables[2000].axis.country_names[0])
    reply = ask(taken_apart, "upstreamness", by="manufacturing", country=country,
                industry="manufacturing", year="2000")  # fmt: skip
    own = computed("upstreamness", tables[2000], by="manufacturing")
    assert reply.data["check"]["kind"] == "context"
    assert reply.data["value"] == pytest.approx(
        float(own[own.country == country].value.iloc[0]), rel=1e-12
    )


def test_a_place_that_is_not_there_is_said(ask: Ask) -> None:
    with pytest.raises(servio.errors.ServioError, match="industry"):
        ask(taken_apart, "service_input_share", by="manufacturing", industry="nothing", year="2000")


# -- what the study is, and files ------------------------------------------------------------------


def test_the_study_says_what_it_holds(opened: OpenStudy, store: StudyStore) -> None:
    said = described(opened, Query({})).data
    held = {one["name"]: one["computed"] for one in said["measures"] if one["computed"]}
    assert set(held) == {"service_input_share", "service_input_coefficient"}
    asked = [settled_call("service_input_share", one["options"], one["only"])
             for one in held["service_input_share"]]  # fmt: skip
    assert set(asked) == {Call(c.name, c.options, c.only) for c in store.study.calls
                          if c.name == "service_input_share"}  # fmt: skip
    assert said["live"]["tables"] and said["synthetic"]
    assert encoded(said)


def test_without_tables_names_and_numbers_are_there_and_flows_are_not(store: StudyStore) -> None:
    alone = OpenStudy(store, None)
    said = described(alone, Query({})).data
    assert not said["live"]["tables"]
    codes = [one["code"] for one in said["industries"]["model"]]
    held = store.results("service_input_coefficient").industry.unique().tolist()
    assert codes == held and all(one["title"]["en"] for one in said["industries"]["model"])
    country = str(store.results("service_input_share").country.iloc[0])
    where = {"by": "manufacturing", "country": country, "industry": "manufacturing"}
    query = Query({**where, "year": "2000"}, {"name": "service_input_share"})
    reply = taken_apart(alone, query)
    assert isinstance(reply, Answer)
    assert reply.data["value"] is not None and reply.data["parts"] is None
    with pytest.raises(UsageError, match="service_input_share"):
        measured(alone, Query({"grouping": "kibs"}, {"name": "service_input_share"}))


def test_the_link_of_a_headline_asks_for_its_number_alone(ask: Ask, opened: OpenStudy) -> None:
    said = described(opened, Query({})).data["headlines"]
    assert {"industry=", "group="} <= {
        part.partition("=")[0] + "=" for one in said for part in one["view"].split("&")
    }
    for one in said:
        asked = dict(parse_qsl(one["view"].removeprefix("#/measure?")))
        rows = frame(ask(measured, asked.pop("name"), **asked))
        assert rows.value.tolist() == [one["value"]]
        assert rows[["country", "year"]].iloc[0].tolist() == [one["country"], one["year"]]
        assert one["text"]["en"] and one["text"]["ko"]


def test_a_headline_counts_numbers_and_says_whose_they_are() -> None:
    values = np.array([[[0.2]], [[np.nan]], [[0.3]]])
    spec = measure.MEASURES["service_input_share"]
    variant = SimpleNamespace(name=spec.name, spec=spec, only="",
                              options={"grouping": "kiet", "by": "industry"})  # fmt: skip
    labels = [("C1", "", "it", ""), ("C2", "", "it", ""), ("C3", "", "it", "")]
    slab = SimpleNamespace(codes=["KOR"], years=[2014], values=values, labels=labels,
                           unit="share", variant=variant)  # fmt: skip
    view: Any = SimpleNamespace(results=SimpleNamespace(variants=[variant]), focus="KOR",
                                source="own", slab=lambda _: slab)  # fmt: skip
    titles = {"C3": {"en": "Manufacture of machinery", "ko": "기계"}}
    (said,) = _extremes(view, 1, set(), titles)
    assert said["text"]["en"].endswith(
        "2014: 30.0% for machinery with IT and information services, the highest of 2."
    )
    assert said["text"]["ko"].startswith("한국의 ") and "기계(" in said["text"]["ko"]
    assert "2개 중" in said["text"]["ko"]


def test_korean_headlines_say_whose_number_it_is(opened: OpenStudy) -> None:
    panel = [one for one in described(opened, Query({})).data["headlines"]
             if "by=manufacturing" in one["view"]]  # fmt: skip
    assert panel and all("제조업" in one["text"]["ko"] for one in panel)


def saved(reply: Answer, form: str) -> File:
    return as_file(reply, form, "0123abcd")


def test_h10_saved_numbers_have_every_digit_and_labels_are_no_formulas(ask: Ask) -> None:
    reply = ask(measured, "service_input_share", by="manufacturing")
    rows = frame(reply)
    text = pd.read_csv(io.BytesIO(saved(reply, "csv").body))
    assert text.value.tolist() == rows.value.tolist()
    assert (
        pd.read_parquet(io.BytesIO(saved(reply, "parquet").body)).value.tolist()
        == rows.value.tolist()
    )
    assert pd.read_stata(io.BytesIO(saved(reply, "dta").body)).value.tolist() == rows.value.tolist()
    hostile = Answer(
        dict(reply.data),
        pd.DataFrame({"industry": ["=1+1", "@x", "C"], "value": [1.0, -2.0, np.nan]}),
    )
    lines = saved(hostile, "csv").body.decode().splitlines()
    assert lines == ["industry,value", "'=1+1,1.0", "'@x,-2.0", "C,"]
    assert saved(hostile, "csv").name == "servio-service_input_share-0123abcd.csv"


def test_workbooks_hold_the_numbers_and_how_they_are_made(ask: Ask, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    reply = ask(measured, "service_input_share", by="manufacturing")
    book = openpyxl.load_workbook(io.BytesIO(saved(reply, "xlsx").body))
    rows = list(book["data"].values)
    at = rows[0].index("value")
    assert [row[at] for row in rows[1:]] == pytest.approx(frame(reply).value.tolist(), rel=1e-15)
    about = {str(row[0]): str(row[1]) for row in book["about"].values if row[0]}
    assert about["measure"] == "service_input_share" and "servio measure" in about["cli"]
    for name, text in EVIDENCE.items():
        assert re.fullmatch(text, about[name]), about[name]


EVIDENCE = {
    "tables": r"\d+", "numeric residual": r"[\d.e-]+", "undefined": r"\d+", "study": ".+",
    "servio": ".+", "accounting residual of the data": r"[\d.e-]+( \(.+\))?",
    "data": r".+ \(licence: .+\)", "input file": r".+  sha256 \w+  \(.+\)",
}  # fmt: skip


def test_stata_and_parquet_files_tell_how_their_numbers_are_made(ask: Ask, tmp_path: Path) -> None:
    reply = ask(measured, "service_input_share", by="manufacturing")
    about = reply.data["about"]
    for folder in (None, tmp_path):
        out = io.BytesIO()
        write_frame(reply.frame, dict(about), "dta", out, folder)
        notes = stata_notes(out.getvalue())
        assert notes.pop("note0") == str(len(notes))
        told = dict(note.split(": ", 1) for note in notes.values() if ": " in note)
        assert notes["note1"].startswith("SYNTHETIC") and told["formula"] == about["formula"]
        for name, text in EVIDENCE.items():
            assert re.fullmatch(text, told[name]), told
        with pd.read_stata(io.BytesIO(out.getvalue()), iterator=True) as read:
            assert read.variable_labels()["value"].startswith("SYNTHETIC Share of services")
            assert read.read().value.tolist() == frame(reply).value.tolist()
    note = pq.read_schema(io.BytesIO(saved(reply, "parquet").body)).metadata[b"servio"]
    assert json.loads(note)["evidence"]["inputs"] == about["evidence"]["inputs"]


def stata_notes(body: bytes) -> dict[str, str]:
    """Notes of the data set, by the places that the map of the file gives."""
    at = body.index(b"<map>") + 5
    places = struct.unpack("<14Q", body[at : at + 112])
    for place, tag in zip(places[8:13], ("characteristics", "data", "strls", "value_labels"),
                          strict=False):  # fmt: skip
        assert body[place:].startswith(f"<{tag}>".encode())
    assert body[places[12] :] == b"</stata_dta>" and places[13] == len(body)
    found, at = {}, places[8] + len("<characteristics>")
    while body[at:].startswith(b"<ch>"):
        (length,) = struct.unpack("<I", body[at + 4 : at + 8])
        inside = body[at + 8 : at + 8 + length]
        name = inside[129:258].split(b"\0")[0].decode()
        found[name] = inside[258:-1].decode()
        at += 8 + length + len("</ch>")
    assert body[at:].startswith(b"</characteristics>")
    return found


# -- two measures side by side ---------------------------------------------------------------------


def test_two_measures_stand_side_by_side(ask: Ask, tables: dict[int, IOTable]) -> None:
    code = str(computed("service_input_coefficient", tables[2000], grouping="kiet").industry[0])
    second = f"upstreamness;by=industry;industry={code}"
    reply = ask(paired, "service_input_coefficient", grouping="kiet", by="industry",
                industry=code, sum="true", second=second)  # fmt: skip
    rows = frame(reply)
    assert list(rows.columns) == [
        "source", "year", "country", "service_input_coefficient", "upstreamness"
    ]  # fmt: skip
    assert set(rows.year) == set(tables) and not rows.isna().any().any()
    for year, table in tables.items():
        here = rows[rows.year == year].set_index("country")
        first = computed("service_input_coefficient", table, grouping="kiet")
        own = first[first.industry == code].groupby("country").value.sum()
        assert here.service_input_coefficient.to_dict() == pytest.approx(own.to_dict(), rel=1e-12)
        other = computed("upstreamness", table)
        own = other[other.industry == code].set_index("country").value
        assert here.upstreamness.to_dict() == pytest.approx(own.to_dict(), rel=1e-12)
    about = reply.data["about"]
    assert "upstreamness" in about["second_cli"] and f"industry={code}" in about["second_cli"]
    assert about["second_formula"] == measure.MEASURES["upstreamness"].formula
    swapped = frame(ask(
        paired, "upstreamness", by="industry", industry=code,
        second=f"service_input_coefficient;grouping=kiet;by=industry;industry={code};sum=true",
    ))  # fmt: skip
    pd.testing.assert_frame_equal(swapped[rows.columns], rows)
    book = as_file(reply, "xlsx", "x")
    assert book.name.endswith(".xlsx") and len(book.body) > 1000


def test_a_sum_without_a_part_is_none() -> None:
    rows = pa.table({
        "source": ["own"] * 3, "year": [2000] * 3, "country": ["AAA", "AAA", "BBB"],
        "value": [0.1, None, 0.2],
    })  # fmt: skip
    own = SimpleNamespace(rows=rows)
    found = _numbers(own, {}, [], "x", summed=True).set_index("country").x  # type: ignore[arg-type]
    assert np.isnan(found["AAA"]) and found["BBB"] == 0.2


@pytest.mark.parametrize(
    ("second", "said"),
    [("upstreamness;by", "option=value"), ("nothing", "known measure"),
     ("upstreamness;by=industry", "labels that choose one")],
)  # fmt: skip
def test_a_second_measure_that_is_no_one_number_is_refused(
    ask: Ask, second: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        ask(paired, "service_input_share", by="manufacturing", second=second)
