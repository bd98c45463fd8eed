"""The pages Explain and Claims in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from servio import study as studies
from servio.web import application
from servio.web._jobs import Jobs
from web_browser import DESK, WAIT, Watched, looks, needs_browser, watched
from web_explained import ESTIMATES, PANEL
from web_server import listening

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [
    needs_browser,
    pytest.mark.skipif(not find_spec("pyfixest"), reason="needs the extra econ"),
]

VIEWS = (
    "#/explain",
    "#/explain?view=curve&estimate=alone",
    "#/explain?view=margins&estimate=by-type",
    "#/explain?view=sample&estimate=main-all-2",
    "#/claims?claim=TR-2",
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("explained-page")
    parsed = studies.parse(PANEL + ESTIMATES, "explained.toml", folder)
    store = studies.run(parsed, folder / "out", workers=1)
    with listening(application(store)) as client:
        yield str(client.base_url)


@looks("phone", "dark-korean")
@pytest.mark.parametrize("view", VIEWS)
def test_views_fit_say_nothing_wrong_and_are_accessible(
    browser: Browser, base: str, view: str, look: dict[str, Any]
) -> None:
    with watched(browser, base, **look) as one:
        one.go(view)
        assert one.page.locator(".host[data-done]").count() >= 1
        one.sound()


def test_how_an_estimate_is_made_is_said_in_korean(desk: Watched) -> None:
    desk.go("#/explain?view=sample&estimate=main-all&lang=ko")
    shown = desk.page.locator(".page").inner_text()
    assert "(국가×산업)" in shown and "개 가운데" in shown and "소표본 보정" in shown
    for english in ("country × industry", " rows, ", " entities", "ssc ", "nested in", " df"):
        assert english not in shown, english


def test_estimates_are_chosen_by_the_list_and_by_the_address(desk: Watched) -> None:
    desk.go("#/explain?estimates=alone,later")
    assert desk.page.locator("tr.marked").count() == 2
    desk.page.get_by_role("button", name="by type", exact=True).click()
    desk.settled()
    assert "estimates=by-type" in desk.page.url
    assert desk.page.locator("tr.marked").count() == 1
    desk.page.go_back()
    desk.settled()
    assert desk.page.locator("tr.marked").count() == 2


def said_of(desk: Watched) -> str:
    return str(desk.page.locator(".page .notice.info").inner_text()).lower()


def test_a_view_keeps_the_estimate_and_asks_for_its_variable(desk: Watched) -> None:
    desk.go("#/explain?estimate=main-all&view=margins")
    assert "the bars differ only because one standard deviation" in said_of(desk)
    desk.page.get_by_label("Scale").select_option("coefficient")
    desk.settled()
    assert "is the same everywhere, and so are the bars" in said_of(desk)
    desk.page.get_by_label("Variable").select_option("ln_x")
    desk.settled()
    assert "is the same everywhere, and so are the bars" in said_of(desk)
    desk.page.get_by_role("tab", name="Sample and tests").click()
    desk.settled()
    assert "all service groups zero" in desk.page.locator(".page").inner_text()


POINTED = {
    "coefficients": "#/explain?estimates=alone",
    "curve-panel": "#/explain?view=curve&estimate=alone",
    "margins": "#/explain?view=margins&estimate=main-all",
}


@pytest.mark.parametrize("name", POINTED)
def test_the_number_pointed_at_is_in_the_panel(desk: Watched, name: str) -> None:
    desk.go(POINTED[name])
    host = desk.page.locator(f"[data-done='{name}']")
    host.scroll_into_view_if_needed()
    box = host.bounding_box()
    assert box is not None
    point = desk.page.locator(".about .point")
    places = [(x, y) for y in range(8, int(box["height"]), 4) for x in range(250, 900, 11)]
    for x, y in places:
        desk.page.mouse.move(box["x"] + x, box["y"] + y)
        if point.inner_text():
            break
    said = re.search(r"(\S+) \[(\S+), (\S+)\]", point.inner_text())
    assert said
    shown = desk.page.locator("figure", has=host)
    shown.locator(".tools > button").click()
    number = desk.page.locator("figure td.number").first
    number.hover()
    assert number.inner_text() in point.inner_text()
    assert said[1] in desk.page.locator("figure td.number").all_inner_texts()


def test_claims_are_tested_on_the_tables_where_the_study_lacks_measures(
    browser: Browser, small_store: studies.StudyStore
) -> None:
    app = application(small_store, jobs=Jobs(small_store))
    with listening(app) as client, watched(browser, str(client.base_url), **DESK) as one:
        one.go("#/claims")
        open_ones = one.page.locator("li.claim .verdict.not-testable")
        before = open_ones.count()
        one.page.get_by_role("button", name="Test these claims on the tables too").click()
        one.page.get_by_role("button", name="Only what the study holds").wait_for(timeout=WAIT)
        one.settled()
        assert "compute=1" in one.page.url
        assert open_ones.count() < before
        one.page.get_by_role("button", name="Evidence: K18-0").click()
        one.settled()
        assert "--only K18-0 --compute" in one.page.locator("li.claim pre").first.inner_text()
        one.sound()
        one.page.get_by_role("button", name="Only what the study holds").click()
        one.page.get_by_role("button", name="Test these claims on the tables too").wait_for()
        one.settled()
        assert open_ones.count() == before
        one.clean()


def test_claims_are_filtered_and_searched(desk: Watched) -> None:
    desk.go("#/claims")
    shown = desk.page.locator("li.claim:visible")
    every = shown.count()
    desk.page.get_by_label("Verdict").select_option("not testable")
    some = shown.count()
    assert 0 < some < every
    desk.page.get_by_label("Verdict").select_option("")
    desk.page.get_by_label("Search").fill("TR-2")
    assert shown.count() == 1
    desk.page.get_by_role("button", name="Evidence: TR-2").click()
    desk.settled()
    assert "servio claims out --only TR-2" in shown.inner_text()


def test_a_study_without_estimates_says_how_to_get_them(
    browser: Browser, small_store: studies.StudyStore
) -> None:
    with (
        listening(application(small_store)) as client,
        watched(browser, str(client.base_url), **DESK) as one,
    ):
        one.go("#/explain")
        assert "[[estimates]]" in one.page.locator(".page").inner_text()
        one.clean()
