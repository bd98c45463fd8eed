"""Chains on the web: every number is that of the Python call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from servio import algebra, measure, study
from servio.errors import LabelError, UsageError
from servio.web._answers import Answer, OpenStudy, Pending, Query, RequestFault, encoded
from servio.web._api import chains
from servio.web._jobs import Jobs
from wiod_files import national_values, write_national

Ask = Callable[..., Answer]
STUDY = """
study.title = "National tables"
tables = [{{path = "{path}", source = "wiod2016"}}]
measures = [{{name = "upstreamness", by = "industry"}}]
"""


def asking(store: study.StudyStore) -> Iterator[Ask]:
    jobs = Jobs(store)
    jobs.start()
    opened = OpenStudy(store, jobs)

    def ask(function: Any, **given: str) -> Answer:
        while True:
            query = Query(given)
            reply = function(opened, query)
            if isinstance(reply, Answer):
                query.done()
                assert encoded(dict(reply.data))
                return reply
            assert isinstance(reply, Pending)
            reply.job.join("test")
            reply.job.future.result(60)

    ask.table = lambda *place: jobs.tables.table(*place)  # type: ignore[attr-defined, union-attr]
    yield ask
    jobs.close()
    opened.close()


@pytest.fixture(scope="module")
def ask(small_store: study.StudyStore) -> Iterator[Ask]:
    yield from asking(small_store)


@pytest.fixture(scope="module")
def ask_national(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("national")
    write_national(folder / "KOR_NIOT_nov16.xlsx", values=_productive())
    text = STUDY.format(path=(folder / "KOR_NIOT_nov16.xlsx").as_posix())
    yield from asking(study.run(study.parse(text, "n.toml", folder), folder / "out", workers=1))


def _productive() -> np.ndarray:
    """Values of which a part only is bought from other industries; years add up as before."""
    values = national_values()
    values[:, :112, :56] /= 64
    values[:, [113, 118], 55] = 0.0
    output = values[:, :56, :62].sum(axis=2)
    values[:, :56, 62] = values[:, 119, :56] = output
    values[:, 112, :61] = values[:, :112, :61].sum(axis=1)
    paid = values[:, [112, 113, 118], :56].sum(axis=1)
    values[:, 117, :56] = np.where(output > 0, output - paid, 0.0)
    return values


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
