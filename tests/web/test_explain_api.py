"""Estimates and claims as the web says them are what the functions give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from servio import study as studies
from servio.errors import InputError, UsageError
from servio.explain import claims, estimate, evaluate, marginal_effects
from servio.report.models import Models
from servio.web._answers import Answer, OpenStudy, Pending, Query, RequestFault, encoded
from servio.web._api import claims as claims_api
from servio.web._api import explain as explain_api
from servio.web._jobs import Jobs
from web_explained import ESTIMATES, MODELS, PANEL

pytestmark = pytest.mark.skipif(not find_spec("pyfixest"), reason="needs the extra econ")

Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> studies.StudyStore:
    folder = tmp_path_factory.mktemp("explained")
    parsed = studies.parse(PANEL + ESTIMATES, "explained.toml", folder)
    return studies.run(parsed, folder / "out", workers=1)


@pytest.fixture(scope="module")
def ask(store: studies.StudyStore) -> Ask:
    return asking(OpenStudy(store))


def asking(study: OpenStudy) -> Ask:
    functions: dict[str, Any] = dict((*explain_api.routes, *claims_api.routes))

    def ask(path: str, **query: str) -> Answer:
        name = path.rpartition("/")[2]
        route = next(
            r for r in (f"/api/{path}", *(f"/api/{path.rpartition('/')[0]}/{{{n}}}"
                                          for n in ("name", "id"))) if r in functions
        )  # fmt: skip
        asked = Query(query, {"name": name, "id": name})
        reply = functions[route](study, asked)
        assert isinstance(reply, Answer)
        asked.done()
        encoded(dict(reply.data))
        return reply

    return ask


def test_every_estimate_is_listed_with_its_coefficients(store: Any, ask: Ask) -> None:
    answer = ask("explain/estimates")
    listed = answer.data["estimates"]
    assert [one["name"] for one in listed] == list(MODELS)
    ids = [one["id"] for one in listed]
    assert ids == ["main-all", "main-all-2", "by-type", "alone", "later"]
    assert [one["role"] for one in listed] == ["main", "robustness", "type", "alone", "rows"]
    assert answer.data["main"] == "main-all"
    for id, one in zip(ids, store.estimates().values(), strict=True):
        own = answer.frame[answer.frame["id"] == id]
        frame = one.to_frame()
        assert list(own["term"]) == list(one.terms)
        for name in ("estimate", "std_error", "t", "p", "lower", "upper"):
            np.testing.assert_array_equal(own[name], frame[name])


def test_effects_are_coefficients_times_the_deviation_inside_entities(store: Any, ask: Ask) -> None:
    rows = ask("explain/estimate/main-all").frame.set_index("term")
    one, panel = store.estimates()["main, all"], store.panel()
    place = one.position("kibs_lag")
    expected = one.coefficients[place] * panel.sd_within("kibs") * 100
    assert rows.loc["kibs_lag", "effect"] == pytest.approx(expected, rel=1e-12)
    assert rows.loc["kibs_lag", "kind"] == "service"
    assert rows["effect"].isna()["ln_x"]


def test_the_panel_and_what_it_left_out(store: Any, ask: Ask) -> None:
    panel, shown = store.panel(), ask("explain/estimates").data["panel"]
    assert (shown["rows"], shown["left_out"]) == (len(panel.frame), len(panel.dropped))
    assert sum(shown["dropped"]["rows"]) == len(panel.dropped)
    assert shown["entities"] == len(panel.frame[["country", "industry"]].drop_duplicates())
    assert list(shown["variables"]["column"]) == list(panel.summary()["column"])


def test_one_estimate_has_tests_sample_rows_left_out_and_its_trap(store: Any, ask: Ask) -> None:
    data = ask("explain/estimate/main-all").data
    one = store.estimates()["main, all"]
    joint = one.joint(["all_lag", "kibs_lag"])
    assert data["tests"]["p"].iloc[0] == joint.p_value
    assert data["sample"] == one.sample
    assert dict(zip(data["dropped"]["reason"], data["dropped"]["rows"], strict=True)) == dict(
        one.dropped
    )
    trapped = ask("explain/estimate/Main (all)").data
    assert trapped["trap"]["name"] == "mechanical"
    row = trapped["against_main"][0]
    models = Models(store)
    main = next(t for t in models.service_terms(one) if t.term == "all_lag")
    assert row["main"] == models.effect(main).value
    assert data["trap"] is None


def test_a_specification_of_the_curve_is_the_estimate(store: Any, ask: Ask) -> None:
    answer = ask("explain/curve/main-all", term="kibs_lag")
    frame = answer.frame
    assert answer.data["optional"] == ["ln_x", "all_lag"]
    own = frame[
        (frame["optional"] == "ln_x + all_lag")
        & (frame["fixed_effects"] == "country:industry + year")
        & (frame["sample"] == "all rows")
    ]
    one = store.estimates()["main, all"]
    assert len(own) == 1
    assert own["estimate"].item() == pytest.approx(
        one.coefficients[one.position("kibs_lag")], rel=1e-9
    )
    assert set(frame["fixed_effects"]) == {
        "country:industry + year", "country:industry + country:year",
    }  # fmt: skip
    assert list(answer.data["study"]["id"]) != []
    assert answer.data["study"]["effect"].is_monotonic_increasing
    assert set(answer.data["study"]["name"]) == {"main, all", "later"}


def test_a_sample_of_some_rows_stays_one(store: Any, ask: Ask) -> None:
    frame = ask("explain/curve/later").frame
    again = estimate(
        "ln_va ~ kibs_lag + ln_x | country:industry + year", store.panel(),
        vcov={"cluster": "country:industry"}, where="year >= 2003",
    )  # fmt: skip
    own = frame[(frame["optional"] == "ln_x") & (frame["sample"] == "year >= 2003")]
    found = own[own["fixed_effects"] == "country:industry + year"]["estimate"].item()
    assert found == pytest.approx(again.coefficients[again.position("kibs_lag")], rel=1e-9)


def test_an_estimate_without_one_slope_has_no_curve(ask: Ask) -> None:
    answer = ask("explain/curve/by-type")
    assert answer.frame is None
    studies.parse(PANEL + answer.data["missing"]["lines"], "again.toml", None)


def test_margins_are_those_of_the_function(store: Any, ask: Ask) -> None:
    answer = ask("explain/margins/by-type", over="technology")
    one = store.estimates()["by type"]
    expected = marginal_effects(one, "all_lag", data=store.panel(), over="technology")
    assert list(answer.frame["label"]) == list(expected["technology"])
    np.testing.assert_array_equal(answer.frame["estimate"], expected["estimate"])
    cells = answer.data["cells"]
    assert sorted(cells["rows"]["estimate"]) == pytest.approx(sorted(one.coefficients[1:]))
    assert 0 <= cells["equal_p"] <= 1
    plain = ask("explain/margins/main-all", term="ln_x", over="year")
    assert plain.data["cells"] is None
    assert plain.frame["estimate"].nunique() == 1
    assert plain.frame["effect"].isna().all()


def test_bad_questions_are_refused_with_a_remedy(ask: Ask) -> None:
    with pytest.raises(RequestFault, match="nothing-such") as fault:
        ask("explain/estimate/nothing-such")
    assert fault.value.status == 404
    for query in ({"term": "nothing"}, {"over": "nothing"}, {"nothing": "1"}):
        with pytest.raises(UsageError) as refused:
            ask("explain/margins/main-all", **query)
        assert refused.value.remedy
    with pytest.raises(RequestFault, match="K99"):
        ask("claims/K99")
    with pytest.raises(UsageError, match="verdict"):
        ask("claims", verdict="true")


def test_a_study_without_estimates_says_what_to_add(small_store: Any, tmp_path: Any) -> None:
    bare = asking(OpenStudy(small_store))
    missing = bare("explain/estimates").data["missing"]
    assert missing["panel"]
    added = studies.parse(f"study.title = 'x'\n{TABLES}\n{missing['lines']}", "x.toml", tmp_path)
    assert list(studies.run(added, tmp_path / "out", workers=1).estimates()) == ["main"]
    with pytest.raises(RequestFault, match="none in this study"):
        bare("explain/estimate/main")


TABLES = 'tables = [{path = "model:countries=3,industries=30,years=4"}]'


# -- claims ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def queued(small_store: studies.StudyStore) -> Iterator[OpenStudy]:
    jobs = Jobs(small_store, workers=1)
    jobs.start()
    yield OpenStudy(small_store, jobs)
    jobs.close()


def test_the_queue_gives_the_verdicts_of_the_study(
    small_store: studies.StudyStore, queued: OpenStudy
) -> None:
    first = claims_api.tested(queued, Query({}))
    assert isinstance(first, Pending)
    first.job.join("test")
    first.job.future.result(60)
    shown = asking(queued)("claims").data
    records = small_store.claims()
    assert [c["id"] for c in shown["claims"]] == [claim.id for claim in claims()]
    assert [c["verdict"] for c in shown["claims"]] == [r.verdict for r in records]
    assert [c["findings"] for c in shown["claims"]] == [len(r.findings) for r in records]
    assert sum(shown["verdicts"].values()) == len(records)
    assert shown["synthetic"]


def test_claims_are_chosen_by_source_and_verdict(small_store: studies.StudyStore) -> None:
    plain = asking(OpenStudy(small_store))
    everything = plain("claims").data
    source = everything["sources"][0]
    chosen = plain("claims", source=source, verdict="not testable").data["claims"]
    assert chosen
    assert {(c["source"], c["verdict"]) for c in chosen} == {(source, "not testable")}
    assert all(c["missing"] or c["needed"] for c in chosen)


def test_one_claim_has_all_its_findings_and_a_line_that_names_no_place(
    small_store: studies.StudyStore,
) -> None:
    plain = asking(OpenStudy(small_store))
    answer = plain("claims/TR-2")
    (record,) = evaluate(only=["TR-2"])
    assert list(answer.frame["estimate"]) == [f.estimate for f in record.findings]
    assert list(answer.frame["lower"].dropna()) == [
        f.lower for f in record.findings if f.lower is not None
    ]
    head, line = answer.data["claim"]["rerun"].split("\n")
    assert head.startswith("# in the folder that holds")
    assert line == f"servio claims {small_store.folder.name} --only TR-2"
    assert str(small_store.folder.parent) not in encoded(dict(answer.data)).decode()


def test_a_verdict_in_korean_has_the_numbers_of_the_english_one(
    small_store: studies.StudyStore,
) -> None:
    claim = asking(OpenStudy(small_store))("claims/TR-2").data["claim"]
    korean = claim["ko"]["text"]
    assert "서로 맞지 않습니다" in korean
    for number in re.findall(r"\d+\.\d+", claim["text"].replace("1.65 to 1.8", "")):
        assert number in korean
    assert claim["ko"]["needed"] == "한 기관이 발표한 연도별 서비스 아웃소싱 매출"


def test_claims_are_tested_on_what_the_tables_give_beyond_the_study(
    small_store: studies.StudyStore, queued: OpenStudy
) -> None:
    first = claims_api.tested(queued, Query({"compute": "true"}))
    assert isinstance(first, Pending)
    first.job.join("test")
    first.job.future.result(60)
    assert first.job.done == first.job.of == len(queued.jobs.tables)  # type: ignore[union-attr, arg-type]
    ask = asking(queued)
    shown = ask("claims", compute="true").data
    records = small_store.claims(tables=studies.live_tables(small_store))
    assert [c["verdict"] for c in shown["claims"]] == [r.verdict for r in records]
    assert shown["compute"] and not shown["can"]
    assert shown["verdicts"]["not testable"] < ask("claims").data["verdicts"]["not testable"]
    one = ask("claims/K18-0", compute="true")
    assert one.data["claim"]["rerun"].endswith("--only K18-0 --compute")
    assert "tables=study.live_tables(store)" in one.data["about"]["python"]
    assert one.data["about"]["cli"].endswith("--compute")


def test_claims_cannot_be_computed_where_the_tables_are_not(
    small_store: studies.StudyStore,
) -> None:
    plain = asking(OpenStudy(small_store))
    assert not plain("claims").data["can"]
    with pytest.raises(InputError, match="tables of the study"):
        plain("claims", compute="true")
