"""Answers of the page Interaction: the numbers of the Python calls, or what would give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servio import explain, measure, simulate, study
from servio.errors import UsageError
from servio.web._answers import Answer, OpenStudy, Pending, Query, columns, encoded
from servio.web._api import community as together
from servio.web._api import interaction
from servio.web._api._one_table import found_there
from servio.web._jobs import Jobs
from servio.web._rows import found as rows_of

TEXT = """
study.title = "Interaction"
study.focus = ["M02"]
tables = [{path = "model:countries=3,industries=30,years=12"}]
[[measures]]
name = "service_input_share"
grouping = "kiet"
by = "industry"
only = "manufacturing"
[[measures]]
name = "account"
of = "value_added"
by = "sectors"
[[measures]]
name = "utility_relation"
form = "relation"
detail = ["group", "industry"]
by = "communities"
origin = "domestic"
[modes]
window = 5
draws = 20
[symbiosis]
level = 0.9
"""
UNIT = ["country", "industry", "group"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> study.StudyStore:
    folder = tmp_path_factory.mktemp("interaction")
    return study.run(study.parse(TEXT, "own.toml", folder), folder / "out", workers=1)


@pytest.fixture(scope="module")
def opened(store: study.StudyStore) -> Iterator[OpenStudy]:
    jobs = Jobs(store, workers=2)
    jobs.start()
    yield OpenStudy(store, jobs)
    jobs.close()


def ask(function: Callable[..., Any], opened: OpenStudy, **given: str) -> Answer:
    """The answer, waited for; it can be sent."""
    for _ in range(20):
        query = Query(given)
        reply = function(opened, query)
        if isinstance(reply, Pending):
            reply.job.join("test")
            reply.job.future.result(60)
            continue
        query.done()
        assert isinstance(reply, Answer)
        encoded({**reply.data, **({} if reply.frame is None else columns(reply.frame))})
        return reply
    raise AssertionError("no answer")


def test_the_page_knows_what_the_study_holds(opened: OpenStudy, small_store: Any) -> None:
    data = ask(interaction.overview, opened).data
    assert set(data["modes"]["country"]) == {"M01", "M02", "M03"}
    assert data["symbiosis"] is not None and data["community"]["choices"] == list(interaction.BY)
    bare = ask(interaction.overview, OpenStudy(small_store)).data
    assert bare["modes"] is bare["symbiosis"] is None and bare["community"]["choices"] == []


# -- modes -----------------------------------------------------------------------------------------


def test_modes_are_those_of_the_study(opened: OpenStudy, store: study.StudyStore) -> None:
    reply = ask(interaction.modes, opened, country="M03", group="it")
    kept = store.modes()
    assert kept is not None
    own = kept[(kept.country == "M03") & (kept.group == "it")]
    assert reply.frame["mode"].astype(str).tolist() == own["mode"].tolist()
    assert reply.frame.confidence.tolist() == own.confidence.tolist()
    whole = explain.modes(store.results, draws=20).table
    found = reply.frame[reply.frame.period == "whole"].astype(dict.fromkeys(UNIT, str))
    both = found.merge(whole, on=UNIT, suffixes=("", "_again"))
    assert len(both) == len(found) and (both["mode"].astype(str) == both.mode_again).all()


def test_evidence_and_counts_are_of_the_same_units(
    opened: OpenStudy, store: study.StudyStore
) -> None:
    reply = ask(interaction.modes, opened, group="it", industry="C26")
    kept = store.mode_evidence()
    assert kept is not None
    own = kept[(kept.country == "M02") & (kept.group == "it") & (kept.industry == "C26")]
    assert reply.data["country"] == "M02", "the country the study looks at"
    assert reply.data["evidence"].slope.tolist() == own.slope.tolist()
    windows = reply.data["windows"]
    totals = windows[list(interaction.ALL_MODES)].sum(axis=1)
    assert set(totals[windows.scope == "own"]) == {1}
    assert set(totals[windows.scope == "all"]) == {3}
    assert reply.data["countries"][list(interaction.ALL_MODES)].to_numpy().sum() == 3


def test_transitions_are_those_of_explain(opened: OpenStudy, store: study.StudyStore) -> None:
    found = ask(interaction.modes, opened, part="transitions").frame
    kept = store.modes()
    assert kept is not None
    counts = explain.transitions(kept[kept.period == "window"], counts=True)
    wide = found[found.scope == "all"].pivot(index="from", columns="to", values="units")
    assert wide.reindex(index=counts.index, columns=counts.columns).equals(counts)


def test_an_unknown_group_is_refused(opened: OpenStudy) -> None:
    with pytest.raises(UsageError, match="parameter group"):
        ask(interaction.modes, opened, group="nothing")


@pytest.mark.parametrize("name", ["modes", "symbiosis"])
def test_what_the_study_lacks_is_said_with_the_lines_to_add(
    name: str, small_store: study.StudyStore
) -> None:
    function = getattr(interaction, name)
    absent = ask(function, OpenStudy(small_store)).data["absent"]
    assert f"[{name}]" in absent["expected"]
    whole = f'study.title = "More"\ntables = [{{path = "model:years=2"}}]\n{absent["add"]}'
    parsed = study.parse(whole, "more.toml", Path())
    assert getattr(parsed, name) is not None


# -- symbiosis -------------------------------------------------------------------------------------


def test_symbiosis_is_the_row_of_the_study(opened: OpenStudy, store: study.StudyStore) -> None:
    kept, paths = store.symbiosis(), store.projections()
    assert kept is not None and paths is not None
    row = kept[kept.country == "M02"].iloc[0]
    reply = ask(interaction.symbiosis, opened)
    data = reply.data
    assert data["fit"]["kind"] == row["kind"] and data["fit"]["reason"] == row["reason"]
    parameters = data["parameters"].set_index(["parameter", "of", "from"])
    d = parameters.loc[("d", "manufacturing", "services")]
    assert d.value == pytest.approx(row["d_first_second"], nan_ok=True)
    assert d.lower == pytest.approx(row["d_first_second_lower"], nan_ok=True)
    own = paths[paths.country == "M02"]
    assert reply.frame.value.tolist() == own.value.tolist()
    assert reply.frame.upper.tolist() == pytest.approx(own.upper.tolist(), nan_ok=True)
    assert data["countries"]["kind"].tolist() == kept["kind"].tolist()


def test_the_portrait_is_that_of_the_fitted_model(
    opened: OpenStudy, store: study.StudyStore
) -> None:
    kept = store.symbiosis()
    assert kept is not None
    row = kept[kept.country == "M02"].iloc[0]
    model = simulate.LotkaVolterra(
        ("manufacturing", "services"),
        np.array([row["r_first"], row["r_second"]]),
        np.array(
            [
                [row["a_first_first"], row["a_first_second"]],
                [row["a_second_first"], row["a_second_second"]],
            ]
        ),
    )
    portrait = ask(interaction.symbiosis, opened).data["portrait"]
    field = portrait["field"]
    x = field[["x", "y"]].to_numpy()
    change = x * (model.rates + x @ model.effects.T)
    np.testing.assert_allclose(field[["dx", "dy"]], change, rtol=1e-12)
    ends = [p for p in portrait["equilibria"] if p["coexistence"]]
    for point in ends:
        np.testing.assert_allclose([point["x"], point["y"]], model.equilibrium().states)
        assert point["stable"] == model.equilibrium().stable
    assert bool(ends) == portrait["equilibrium_drawn"]


def test_a_path_without_projection_is_the_fitted_one(
    opened: OpenStudy, store: study.StudyStore
) -> None:
    """A study with ``ahead = 0`` has no projections: the path is made of row and series."""
    kept, paths = store.symbiosis(), store.projections()
    assert kept is not None and paths is not None
    rows = rows_of(opened, study.settled_call("account", {"of": "value_added", "by": "sectors"}))
    assert not isinstance(rows, Pending)
    fitted = interaction._fitted(rows, kept[kept.country == "M02"].iloc[0].to_dict())
    own = paths[(paths.country == "M02") & ~paths.projected]
    both = fitted.merge(own, on=["sector", "year"])
    assert len(both) == len(own) == 24
    np.testing.assert_allclose(both.value_x, both.value_y, rtol=1e-6)
    np.testing.assert_allclose(both.observed_x, both.observed_y, rtol=1e-12)


def test_a_country_without_a_fit_has_the_reason(
    opened: OpenStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = opened.store.symbiosis()
    assert kept is not None
    real = interaction._kept
    monkeypatch.setattr(
        interaction,
        "_kept",
        lambda s, n: kept[kept.country != "M02"] if n == "symbiosis" else real(s, n),
    )
    reply = ask(interaction.symbiosis, opened)
    assert reply.data["fit"] is None and len(reply.data["countries"]) == len(kept) - 1


# -- community -------------------------------------------------------------------------------------


def test_the_community_is_that_of_the_measures(opened: OpenStudy, store: study.StudyStore) -> None:
    """Nothing of it is stored: one table is measured, and its numbers are those of the calls."""
    year = opened.view(opened.results.sources[0]).years[-1]
    reply = ask(together.community, opened, by="broad", year=str(year))
    data = reply.data
    table = study.live_tables(store).table(data["source"], "M02", year)
    T = measure.throughflow(table, by="broad", origin="domestic")
    fed = measure.nutrition(table, form="direct", by="broad", origin="domestic")
    U = measure.utility_relation(table, form="integral", by="broad", origin="domestic")
    ascendency = measure.ascendency(table, by="broad", origin="domestic")
    assert data["origin"] == "domestic" and len(data["nodes"]) == 5
    for one in data["nodes"].itertuples():
        assert one.throughflow == T.value(country="M02", industry=one.node)
    size = data["nodes"].set_index("node").throughflow
    for one in reply.frame.itertuples():
        share = fed.value(country="M02", industry=one.taker, group=one.giver)
        assert one.share == share
        assert one.flow == pytest.approx(share * size[one.taker], rel=1e-12)
    for one in data["relations"].itertuples():
        assert one.utility == U.value(country="M02", industry=one.node, group=one.other)
    order = data["indicators"].set_index("part").value
    assert order["robustness"] == ascendency.value(country="M02", part="robustness")
    assert set(data["nodes"].node[data["nodes"].service]) == {"producer_services", "other_services"}
    assert {name: about["measure"] for name, about in data["abouts"].items()} == {
        name: name for name in ("throughflow", "cycling", "adhesion", "nutrition",
                                "utility_relation", *together.INDICATORS)
    }  # fmt: skip
    assert set(data["indicators"].measure) <= set(data["abouts"])


def test_one_network_of_several_countries_shows_its_own_nodes(opened: OpenStudy) -> None:
    reply = ask(together.community, opened, by="communities", origin="balance", part="relations")
    assert len(reply.frame) == 9 and reply.frame.code.notna().all()


def test_one_table_answers_as_all_do(opened: OpenStudy) -> None:
    call = study.settled_call("cycling", {"by": "communities", "origin": "domestic"})
    source = opened.results.sources[0]
    year = opened.view(source).years[0]
    while isinstance(one := found_there(opened, [call], source, "M01", year), Pending):
        one.job.future.result(60)
    while isinstance(every := rows_of(opened, call), Pending):
        every.job.future.result(60)
    alone, whole = one[0].rows.to_pandas(), every.rows.to_pandas()
    pd.testing.assert_frame_equal(alone, whole[whole.year == year].reset_index(drop=True))


def test_relations_of_all_countries_are_the_stored_ones(
    opened: OpenStudy, store: study.StudyStore
) -> None:
    reply = ask(together.mutualism, opened)
    assert reply.data["by"] == "communities" and reply.data["stored"]
    rows = store.results("utility_relation", form="relation", detail="group")
    for one in reply.frame.itertuples():
        same = rows[
            (rows.country == one.country) & (rows.year == one.year)
            & (rows.industry == one.node) & (rows.group == one.other)
        ]  # fmt: skip
        assert same.value.tolist() == [one.code]
        assert together.RELATIONS[int(one.code)] == one.relation
        assert one.robust == (one.by_industry == one.code)
    assert len(reply.frame) == 9, "three countries, three pairs, each once"
    counts = reply.data["counts"].set_index("country")
    assert counts.sum(axis=1).tolist() == [3, 3, 3]
    years = ask(together.mutualism, opened, country="M01").frame
    assert set(years.country) == {"M01"} and len(years) == 12 * 3


def test_without_tables_only_what_is_stored(store: study.StudyStore) -> None:
    with pytest.raises(UsageError, match="options the study does not hold"):
        ask(together.community, OpenStudy(store), by="broad")
    assert len(ask(together.mutualism, OpenStudy(store)).frame) == 9


@pytest.mark.parametrize(
    "given", [{"country": "XXX"}, {"year": "1066"}, {"by": "nobody"}, {"source": "none"}]
)
def test_bad_parameters_are_refused(given: dict[str, str], opened: OpenStudy) -> None:
    with pytest.raises(UsageError, match=f"parameter {next(iter(given))}"):
        ask(together.community, opened, **given)
