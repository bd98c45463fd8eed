"""The page Interaction in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from servio import study
from servio.study import StudyStore
from servio.web import application
from servio.web._jobs import Jobs
from web_browser import DESK, Watched, looks, needs_browser, watched
from web_server import listening

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_browser

STUDY = """
study.title = "Interaction"
study.focus = ["M02"]
tables = [{path = "model:countries=4,industries=30,years=14"}]
[[measures]]
name = "service_input_share"
grouping = "kiet"
by = "industry"
only = "manufacturing"
[[measures]]
name = "account"
of = "value_added"
by = "sectors"
[modes]
window = 6
draws = 20
[symbiosis]
"""
VIEWS = ("modes", "community", "symbiosis", "mutualism")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> StudyStore:
    folder = tmp_path_factory.mktemp("interaction-page")
    return study.run(study.parse(STUDY, "own.toml", folder), folder / "out", workers=1)


@pytest.fixture(scope="module")
def base(store: StudyStore) -> Iterator[str]:
    with listening(application(store, jobs=Jobs(store, workers=1))) as client:
        for asked in ("community", "community?by=communities", "mutualism"):  # computed once
            address = f"/api/interaction/{asked}{'&' if '?' in asked else '?'}wait=60"
            assert client.get(address, timeout=90).status_code == 200
        yield str(client.base_url)


@looks("phone", "dark-korean", "4K")
@pytest.mark.parametrize("view", VIEWS)
def test_views_fit_say_nothing_wrong_and_are_accessible(
    browser: Browser, base: str, view: str, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    with watched(browser, base, **look) as one:
        one.go(f"#/interaction?view={view}")
        one.page.locator(".host[data-done]").first.wait_for()
        one.shot(f"interaction-{view}-{request.node.callspec.id}")
        one.sound()


def test_an_industry_chosen_in_the_table_shows_what_its_mode_rests_on(desk: Watched) -> None:
    desk.go("#/interaction?view=modes&group=it")
    figure = desk.page.locator("figure").first
    figure.locator(".tools > button").click()
    figure.locator("tbody tr th button").nth(2).focus()
    desk.page.keyboard.press("Enter")
    desk.settled()
    industry = re.search(r"industry=([^&]+)", desk.page.url)
    assert industry is not None
    evidence = desk.page.locator("#mode-evidence")
    assert industry[1] in evidence.locator("h2").inner_text()
    assert evidence.locator("tbody tr").count() >= 1
    assert desk.page.evaluate("document.activeElement.id") == "mode-evidence"
    assert figure.locator("table").is_visible(), "the table stays open"
    desk.clean()


def test_the_verdict_on_symbiosis_says_what_the_study_says(
    desk: Watched, store: StudyStore
) -> None:
    kept = store.symbiosis()
    assert kept is not None
    for row in kept.itertuples():
        desk.go(f"#/interaction?view=symbiosis&country={row.country}")
        said = desk.page.locator(".notice").first.inner_text()
        assert row.kind.split(";")[0].split(" (")[0] in said
        if row.reason:
            assert row.reason.split(";")[0] in said and "No statement on who gains" in said
    desk.clean()


def test_the_network_is_a_table_too_with_services_and_flows_in_money(desk: Watched) -> None:
    desk.go("#/interaction?view=community&by=communities")
    figure = desk.page.locator("figure").first
    assert "Network of 3 communities" in str(figure.locator(".host").get_attribute("aria-label"))
    figure.locator(".tools > button").click()
    rows = figure.locator("tbody tr")
    assert rows.count() == 9
    rows.first.hover()
    assert "million" in desk.page.locator(".about .point").inner_text()
    assert "%" in desk.page.locator(".about .point strong").inner_text()
    assert "servio measure nutrition" in explained(desk)
    desk.clean()


def explained(desk: Watched) -> str:
    """The line that gives the number again."""
    return desk.page.locator(".about .copyable pre").first.inner_text()


def test_the_panel_explains_the_number_under_the_pointer(desk: Watched) -> None:
    desk.go("#/interaction?view=community&by=communities")
    bars = desk.page.locator("[data-done=community-adhesion-communities]")
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    assert box is not None
    said = desk.page.locator(".about .point")
    for y in range(0, int(box["height"]), 6):
        desk.page.mouse.move(box["x"] + box["width"] / 2 - 40, box["y"] + y)
        desk.page.wait_for_timeout(20)
        if said.inner_text():
            break
    assert "Lost without it" in said.inner_text()
    assert "servio measure adhesion" in explained(desk)
    table = desk.page.locator("section", has_text="The community in figures").locator("tbody tr")
    for words, name in (("Finn", "flow_indicators"), ("Robust", "ascendency")):
        table.filter(has_text=re.compile(words, re.IGNORECASE)).first.hover()
        assert f"servio measure {name}" in explained(desk)
    desk.clean()


def test_a_country_and_a_view_are_in_the_address_and_back_goes_back(desk: Watched) -> None:
    desk.go("#/interaction")
    desk.page.get_by_role("tab", name="Community").click()
    desk.settled()
    desk.page.get_by_role("tab", name="Community").press("ArrowRight")
    desk.settled()
    assert "view=symbiosis" in desk.page.url
    desk.page.get_by_label("Country").fill("M03")
    desk.page.get_by_label("Country").press("Enter")
    desk.settled()
    assert "country=M03" in desk.page.url
    desk.page.go_back()
    desk.page.go_back()
    desk.settled()
    assert desk.page.get_by_role("tab", name="Community").get_attribute("aria-selected") == "true"
    desk.clean()


def test_what_the_study_lacks_is_told_with_the_lines_to_add(
    browser: Browser, small_store: StudyStore
) -> None:
    app = application(small_store, jobs=Jobs(small_store, workers=1))
    with (
        listening(app) as client,
        watched(browser, str(client.base_url), **DESK) as one,
    ):
        for view, key in (("modes", "[modes]"), ("symbiosis", "[symbiosis]")):
            one.go(f"#/interaction?view={view}")
            assert key in one.page.locator(".notice pre").inner_text()
        one.page.goto(f"{client.base_url}#/interaction")
        chosen = one.page.get_by_role("tab", name="Community")
        chosen.wait_for()
        assert chosen.get_attribute("aria-selected") == "true", "what tables alone can show"
        one.clean()


def test_without_tables_the_community_is_said_to_be_absent(
    browser: Browser, store: StudyStore
) -> None:
    with (
        listening(application(store)) as client,
        watched(browser, str(client.base_url), **DESK) as one,
    ):
        one.go("#/interaction?view=community")
        assert "no community measures" in one.page.locator(".notice").inner_text()
        one.clean()
