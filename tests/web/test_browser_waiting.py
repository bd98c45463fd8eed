"""Waiting, leaving, coming back, printing and taking away, in a real browser."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from servio.study import StudyStore
from servio.web import _jobs, application
from servio.web._jobs import Jobs
from web_browser import DESK, Watched, needs_browser, watched
from web_server import eventually, listening

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Download

pytestmark = needs_browser

STORED = "#/measure?name=service_input_share&view=trend"
COMPUTED = "#/measure?name=output_multiplier&by=industry&view=table"
ITEMS = ("SVG", "PNG", "CSV", "Excel", "Parquet", "Stata", "JSON")


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Open, the queue goes on; closed, it takes nothing up."""
    event, take = threading.Event(), _jobs._Hand._take

    def slowly(hand: Any, job: Any) -> None:
        while not event.wait(0.02) and not job.unwanted and not hand._stopped.is_set():
            pass
        take(hand, job)

    monkeypatch.setattr(_jobs._Hand, "_take", slowly)
    yield event
    event.set()


@pytest.fixture
def jobs(small_store: StudyStore) -> Jobs:
    return Jobs(small_store)


@pytest.fixture
def base(small_store: StudyStore, jobs: Jobs, gate: threading.Event) -> Iterator[str]:
    with listening(application(small_store, jobs=jobs)) as client:
        yield str(client.base_url)


def opened(one: Watched, view: str = COMPUTED) -> None:
    one.page.goto(f"{one.base}/{view}")
    one.page.wait_for_selector(".pending button:visible")


def test_h13_cancelling_ends_the_computation(
    browser: Browser, base: str, jobs: Jobs, gate: threading.Event
) -> None:
    with watched(browser, base, **DESK) as one:
        opened(one)
        while one.page.locator(".pending button:visible").count():
            one.page.locator(".pending button:visible").first.click()
        one.page.wait_for_selector("text=Cancelled.")
        assert eventually(lambda: not jobs._open)
        assert jobs.computed == 0
        one.clean()


def test_h13_what_goes_on_after_its_page_was_closed_is_found_by_the_next(
    browser: Browser, base: str, jobs: Jobs, gate: threading.Event
) -> None:
    context = browser.new_context(**DESK)  # type: ignore[arg-type]
    first = Watched(context.new_page(), base.rstrip("/"))
    opened(first)
    first.page.close()
    gate.set()
    assert eventually(lambda: not jobs._open and jobs.computed >= 1)
    done = jobs.computed
    second = Watched(context.new_page(), base.rstrip("/"))
    second.go(COMPUTED)
    assert second.page.locator("main table tbody tr").count() >= 1
    second.clean()
    asked = {job.task.name for job, _ in jobs._kept.values()}
    assert "measure" in asked and jobs.computed >= done
    context.close()


def test_h14_two_tabs_that_ask_at_once_are_answered_by_one_computation(
    browser: Browser, base: str, jobs: Jobs, gate: threading.Event
) -> None:
    context = browser.new_context(**DESK)  # type: ignore[arg-type]
    tabs = [Watched(context.new_page(), base.rstrip("/")) for _ in range(2)]
    for tab in tabs:
        opened(tab)
    waiting = len(jobs._open)
    gate.set()
    texts = []
    for tab in tabs:
        tab.settled()
        texts.append(tab.page.locator("main table tbody").first.inner_text())
        tab.clean()
    assert texts[0] == texts[1] != ""
    assert waiting >= 1
    assert jobs.computed == len({job.id for job, _ in jobs._kept.values()})
    context.close()


def test_h15_a_restart_is_noticed_when_the_first_answer_is_an_error(
    browser: Browser, base: str, gate: threading.Event
) -> None:
    gate.set()
    with watched(browser, base, **DESK) as one:
        one.go("")
        error = {"place": "tables", "found": "nothing", "expected": "some", "remedy": "Wait."}
        one.page.route("**/api/tables*", lambda route: route.fulfill(
            status=400, content_type="application/json", headers={"x-servio": "another"},
            body=json.dumps({"error": error}),
        ))  # fmt: skip
        one.page.click("nav a[href*='data']")
        one.page.wait_for_selector(".notices .notice.warning")
        assert "another version" in one.page.locator(".notices").inner_text()
        assert one.page.locator(".notices button").inner_text() == "Load the page again"


def opens(item: str, path: Path) -> bool:
    content = path.read_bytes()
    match item:
        case "SVG":
            return content.startswith(b"<svg ") and b"</svg>" in content
        case "PNG":
            return content.startswith(b"\x89PNG")
        case "CSV":
            return len(pd.read_csv(path, comment="#")) > 0
        case "Excel":
            return len(pd.read_excel(io.BytesIO(content), engine="openpyxl")) > 0
        case "Parquet":
            return pq.read_table(path).num_rows > 0
        case "Stata":
            return len(pd.read_stata(path)) > 0
    return int(json.loads(content)["rows"]) > 0


def test_every_export_gives_a_file_that_opens(
    browser: Browser, base: str, gate: threading.Event, tmp_path: Path
) -> None:
    gate.set()
    with watched(browser, base, **DESK) as one:
        one.go(STORED)
        menu = one.page.locator("figure.figure details.menu").first
        words = menu.locator(".drop > *").all_text_contents()
        assert [item for item in ITEMS if not any(item in text for text in words)] == []
        for item in ITEMS:
            if menu.get_attribute("open") is None:
                menu.locator("summary").click()
            with one.page.expect_download() as waiting:
                menu.locator(f".drop > *:has-text('{item}')").click()
            download: Download = waiting.value
            path = tmp_path / download.suggested_filename
            download.save_as(path)
            assert opens(item, path), item
        one.clean()


def boxes(one: Watched) -> list[dict[str, float]]:
    """Of each figure: where the drawing ends, where its caption begins, the widths."""
    found: list[dict[str, float]] = one.page.evaluate(
        """[...document.querySelectorAll('figure.figure')].filter(f => f.querySelector('canvas'))
        .map(f => { const c = f.querySelector('canvas').getBoundingClientRect(),
          n = f.querySelector('figcaption').getBoundingClientRect(), b = f.getBoundingClientRect();
          return {end: c.bottom, caption: n.height ? n.top : c.bottom + 1, right: c.right,
            card: b.right, inner: f.querySelector('canvas').parentElement.clientWidth,
            drawn: c.width, tall: c.height}; })"""
    )
    return found


@pytest.mark.parametrize("view", [STORED, "#/chains"])
def test_on_paper_a_drawing_fits_its_card_and_leaves_its_caption(
    browser: Browser, base: str, gate: threading.Event, view: str, tmp_path: Path
) -> None:
    gate.set()
    with watched(browser, base, **DESK, color_scheme="dark") as one:
        one.go(view)
        one.page.wait_for_selector("[data-done]")
        assert one.page.pdf(path=tmp_path / "page.pdf", format="A4").startswith(b"%PDF")
        one.page.emulate_media(media="print")
        one.page.set_viewport_size({"width": 700, "height": 900})
        one.page.wait_for_timeout(400)
        found = boxes(one)
        assert found
        for box in found:
            assert box["end"] <= box["caption"]
            assert box["right"] <= box["card"]
            assert abs(box["inner"] - box["drawn"]) <= 1
            assert box["tall"] > 100
        adjust = "getComputedStyle(document.body).getPropertyValue('print-color-adjust')"
        assert one.page.evaluate(adjust) == "exact"
        one.page.emulate_media(media="screen")
        one.page.set_viewport_size({"width": 1280, "height": 860})
        one.page.wait_for_timeout(400)
        assert all(box["drawn"] > 500 for box in boxes(one))
        one.clean()
