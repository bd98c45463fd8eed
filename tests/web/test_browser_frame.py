"""The frame and the pages Home and Data in a real browser."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from servio.study import StudyStore
from servio.web import application
from servio.web._jobs import Jobs
from web_browser import DESK, Watched, looks, needs_browser, watched
from web_server import listening

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

pytestmark = needs_browser

PAGES = ("", "data")


@pytest.fixture(scope="module")
def base(small_store: StudyStore) -> Iterator[str]:
    with listening(application(small_store)) as client:
        yield str(client.base_url)


@looks("phone", "dark-korean", "4K")
@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_say_nothing_wrong_and_are_accessible(
    browser: Browser, base: str, name: str, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    with watched(browser, base, **look) as one:
        one.go(f"#/{name}")
        one.shot(f"{name or 'home'}-{request.node.callspec.id}")
        one.sound()


def test_the_first_page_says_what_the_study_is_and_that_it_is_made_up(desk: Watched) -> None:
    desk.go("")
    assert desk.page.locator("h1").inner_text() == "Services in manufacturing, a small world"
    assert "Made-up data" in desk.page.locator(".synthetic").inner_text()
    assert desk.page.title() == "Services in manufacturing, a small world · servio"
    assert desk.page.locator(".headline").count() >= 1
    desk.clean()


def test_language_and_theme_are_in_the_address_and_survive_another_page(desk: Watched) -> None:
    desk.go("")
    desk.page.select_option("#choose-lang", "ko")
    desk.page.select_option("#choose-theme", "dark")
    desk.page.click("nav a[href*='data']")
    desk.settled()
    assert "lang=ko" in desk.page.url
    assert "theme=dark" in desk.page.url
    assert desk.page.evaluate("document.documentElement.lang") == "ko"
    assert desk.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert desk.page.locator("h1").inner_text() == "자료"
    desk.page.go_back()
    desk.settled()
    assert desk.page.locator("h1").inner_text() == "Services in manufacturing, a small world"
    desk.clean()


def test_the_address_always_names_the_language_whoever_opens_it(
    browser: Browser, base: str
) -> None:
    with watched(browser, base, **DESK) as one:
        one.go("#/data")
        assert one.page.url.endswith("#/data?lang=en")
        one.page.goto(f"{base}/#/")
        one.settled()
        one.page.select_option("#choose-lang", "ko")
        one.settled()
        one.page.go_back()
        one.settled()
        assert one.page.url.endswith("#/data?lang=en")
        assert one.page.locator("h1").inner_text() == "Data"
        one.page.go_forward()
        one.settled()
        assert one.page.evaluate("document.documentElement.lang") == "ko"
        one.clean()
    with watched(browser, base, **{**DESK, "locale": "ko-KR"}) as one:
        one.go("#/data?lang=en")
        assert one.page.locator("h1").inner_text() == "Data"
        one.go("#/data?lang=xx")
        assert one.page.url.endswith("#/data?lang=en")


def test_a_number_of_the_first_page_says_how_it_is_made(desk: Watched) -> None:
    desk.go("")
    last = desk.page.locator(".headline").last
    last.get_by_role("link").focus()
    desk.settled()
    said = desk.page.locator(".about").inner_text()
    for words in ("Formula", "Unit", "Source", "Evidence", "servio measure", "to_csv"):
        assert words in said
    assert last.locator(".figure-number").inner_text() in said
    desk.clean()


def test_the_keyboard_reaches_the_content_by_the_skip_link(desk: Watched) -> None:
    desk.go("")
    desk.page.keyboard.press("Tab")
    assert desk.page.evaluate("document.activeElement.className") == "skip"
    desk.page.keyboard.press("Enter")
    assert desk.page.evaluate("document.activeElement.id") == "content"


def test_a_page_that_is_not_there_says_so(desk: Watched) -> None:
    desk.page.goto(f"{desk.base}/#/nowhere")
    assert "no page of this name" in desk.page.locator(".notice").inner_text()


@pytest.mark.parametrize(("name", "title"), [("regions", "Regions"), ("scenarios", "Scenarios")])
def test_a_page_to_come_has_its_address_and_no_menu_item(
    desk: Watched, name: str, title: str
) -> None:
    desk.page.goto(f"{desk.base}/#/{name}")
    assert "not in this version" in desk.page.locator(".notice").inner_text()
    assert desk.page.locator("h1").inner_text() == title
    assert desk.page.locator(f"nav a[href*='{name}']").count() == 0
    desk.clean()


def test_a_refusal_shows_what_the_server_says_as_text(desk: Watched) -> None:
    found = "<img src=x onerror=alert(1)>"

    def refuse(route: Route) -> None:
        error = {"place": "tables", "found": found, "expected": "a table", "remedy": "Try again."}
        route.fulfill(
            status=400, content_type="application/json", body=json.dumps({"error": error})
        )

    desk.page.route("**/api/tables*", refuse)
    desk.go("#/data")
    said = desk.page.locator(".notice.fault").first.inner_text()
    assert found in said
    assert "Try again." in said
    assert desk.page.locator("main img").count() == 0


def test_a_long_computation_shows_progress_and_can_be_left(desk: Watched) -> None:
    left: list[str] = []

    def wait(route: Route) -> None:
        body = {"job": "a1", "done": 12, "of": 645, "place": 0}
        route.fulfill(status=202, content_type="application/json", body=json.dumps(body))

    def leave(route: Route) -> None:
        left.append(route.request.method)
        route.fulfill(status=200, content_type="application/json", body="{}")

    desk.page.route("**/api/tables*", wait)
    desk.page.route("**/api/jobs/a1", leave)
    desk.page.goto(f"{desk.base}/#/data")
    desk.page.wait_for_selector("text=Computing: 12 of 645")
    desk.page.click(".pending button:visible")
    desk.page.wait_for_selector("text=Cancelled.")
    assert left == ["DELETE"]


def test_another_study_behind_the_same_address_is_noticed(desk: Watched) -> None:
    desk.go("")

    def other(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "x-servio": "another"})

    desk.page.route("**/api/**", other)
    desk.page.click("nav a[href*='data']")
    desk.page.wait_for_selector(".notices .notice.warning")
    assert "another version" in desk.page.locator(".notices").inner_text()


def test_no_answer_says_so_and_asks_again(desk: Watched) -> None:
    desk.page.route("**/api/study", lambda route: route.abort())
    desk.page.goto(f"{desk.base}/")
    desk.page.wait_for_selector("text=The server does not answer.")
    desk.page.unroute("**/api/study")
    desk.page.click("button:has-text('Try again')")
    desk.settled()
    assert desk.page.locator("h1").inner_text() == "Services in manufacturing, a small world"


TABLE = """
[table]
title = "My economy"
year = 2014
currency = "USD"
unit = "million"
Z = "z.csv"
x = "x.csv"
[groups]
manufacturing = ["sector 1"]
services = ["sector 2"]
"""


def own_table() -> bytes:
    files = {
        "own/table.toml": TABLE,
        "own/z.csv": ",sector 1,sector 2\nsector 1,150,500\nsector 2,200,100\n",
        "own/x.csv": ",output\nsector 1,1000\nsector 2,2000\n",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def send(one: Watched, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    one.page.set_input_files("input[type=file]", [file])
    one.page.click("form button[type=submit]")


def test_an_own_table_is_added_listed_linked_and_deleted(
    browser: Browser, small_store: StudyStore
) -> None:
    with (
        listening(application(small_store, jobs=Jobs(small_store))) as client,
        watched(browser, str(client.base_url)) as one,
    ):
        one.go("#/data")
        send(one, "<b>own.zip", own_table())
        card = one.page.locator(".page.data li.card")
        card.wait_for()
        assert card.locator("h3").inner_text().startswith("<b>own.zip")
        assert "million USD" in card.inner_text()
        file = card.locator("a[download]").first.get_attribute("href")
        assert one.page.request.get(f"{client.base_url}/{file}").text().startswith("country,year,")
        links = [str(a.get_attribute("href")) for a in card.locator("a:not([download])").all()]
        assert all("table=" in link for link in links)
        assert [link.split("?")[0] for link in links] == ["#/measure", "#/chains"]
        one.settled().shot("data-own")
        assert one.faults() == []
        card.locator("button:has-text('Delete')").click()
        one.page.wait_for_selector("text=No table of your own in this session.")
        one.clean()
        send(one, "notes.txt", b"nothing of the kind")
        assert one.page.locator(".notice.fault").inner_text() != ""
