"""An own table brought with a real browser: its files together, its workbook, what is missing."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from servio.study import StudyStore
from servio.web import application
from servio.web._example import packed
from servio.web._jobs import Jobs
from web_browser import DESK, LOOKS, WAIT, Watched, chromium, needs_browser, watched
from web_server import listening

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_browser

CARD = ".page.data li.card"
REFUSED = "Failed to load resource: the server responded with a status of 400 (Bad Request)"
"""What the browser itself writes in its console about an answer that says what is wrong."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def base(small_store: StudyStore) -> Iterator[str]:
    with listening(application(small_store, jobs=Jobs(small_store))) as client:
        yield str(client.base_url)


@pytest.fixture
def desk(browser: Browser, base: str) -> Iterator[Watched]:
    with watched(browser, base, **DESK) as one:
        yield one.go("#/data")


def example(form: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed(form))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def choose(one: Watched, files: dict[str, bytes]) -> None:
    one.page.set_input_files("input[type=file]", [
        {"name": name, "mimeType": "", "buffer": content} for name, content in files.items()
    ])  # fmt: skip


def add(one: Watched) -> None:
    one.page.click("form button[type=submit]")


def focused(one: Watched) -> str:
    return str(one.page.evaluate("document.activeElement.textContent"))


def test_files_go_together_and_the_result_is_shown_said_and_focused(desk: Watched) -> None:
    files = example("csv")
    decomposed = unicodedata.normalize("NFD", "표.csv")
    files[decomposed] = files.pop("z.csv")
    files["table.toml"] = files["table.toml"].replace(b"z.csv", "표.csv".encode())
    choose(desk, files)
    assert "table.toml" in desk.page.locator("form .hint").inner_text()
    add(desk)
    card = desk.page.locator(CARD)
    card.locator(".light.green").wait_for()
    assert "Data quality: Good" in card.inner_text()
    desk.page.wait_for_selector("h3[data-table]:focus")
    assert focused(desk).startswith("table.toml + y.csv")
    said = desk.page.locator("form [aria-live=polite]").inner_text()
    assert "was added. Data quality: Good; largest accounting residual 0" in said
    desk.settled().shot("data-added")
    desk.sound()
    card.locator("a:has-text('Measure it')").click()
    desk.page.wait_for_selector("main :text('1.52')", timeout=WAIT)
    desk.settled()
    assert desk.page.locator(".notice.fault").count() == 0
    desk.clean()


@pytest.mark.parametrize("look", [LOOKS["phone"], LOOKS["dark-korean"]], ids=["phone", "korean"])
def test_a_workbook_comes_with_its_description(
    browser: Browser, base: str, look: dict[str, Any]
) -> None:
    with watched(browser, base, **look) as one:
        one.go("#/data")
        choose(one, example("xlsx"))
        add(one)
        one.page.locator(f"{CARD} .light.green").wait_for()
        one.settled().shot("data-workbook")
        one.sound()
        choose(one, {"z.csv": example("csv")["z.csv"]})
        add(one)
        fault = one.page.locator(f"{CARD} .notice.fault")
        fault.wait_for()
        korean = look["locale"] == "ko-KR"
        assert ("servio reads" in fault.inner_text(), "함께 보내" in fault.inner_text()) == (
            not korean, korean)  # fmt: skip
        assert one.overflow() <= 0 and one.faults() == []


def test_the_example_is_downloaded_and_added_as_it_is(desk: Watched, tmp_path: Path) -> None:
    for at, form in enumerate(("csv", "xlsx"), start=1):
        with desk.page.expect_download() as found:
            desk.page.locator(f"form a[download][href$='{form}']").click()
        path = tmp_path / found.value.suggested_filename
        found.value.save_as(path)
        assert path.read_bytes() == packed(form)
        desk.page.set_input_files("input[type=file]", path)
        add(desk)
        desk.page.locator(f"{CARD} .light.green").nth(at - 1).wait_for()
    desk.sound()


def test_files_can_be_dropped(desk: Watched) -> None:
    handle = desk.page.evaluate_handle(
        """files => { const all = new DataTransfer();
        for (const [name, text] of Object.entries(files)) all.items.add(new File([text], name));
        return all; }""",
        {name: content.decode() for name, content in example("csv").items()},
    )
    desk.page.dispatch_event("form.card", "drop", {"dataTransfer": handle})
    assert focused(desk) == "Add the table"
    desk.page.keyboard.press("Enter")
    desk.page.locator(f"{CARD} .light.green").wait_for()
    desk.clean()


def test_a_refusal_leads_to_what_is_needed(desk: Watched) -> None:
    whole = example("csv")
    choose(desk, {"z.csv": whole["z.csv"]})
    add(desk)
    fault = desk.page.locator(f"{CARD} .notice.fault")
    fault.wait_for()
    assert "several files at a time, or one ZIP" in fault.inner_text()
    assert fault.locator("a[download]").count() == 2
    fault.locator("a").first.click()
    assert focused(desk) == "What a table of your own needs"
    assert desk.page.url.split("?")[0].endswith("#/data")
    choose(desk, {name: whole[name] for name in ("z.csv", "x.csv")})
    add(desk)
    here = desk.page.locator("form .notice.fault")
    here.wait_for()
    assert "2 files, none of them a table.toml" in here.inner_text()
    assert desk.overflow() <= 0 and desk.faults() == []
    assert set(desk.errors) <= {REFUSED} and desk.external == []


def test_a_file_that_changed_since_it_was_chosen_is_asked_for_again(
    desk: Watched, tmp_path: Path
) -> None:
    for name, content in example("csv").items():
        (tmp_path / name).write_bytes(content)
    paths = sorted(tmp_path.iterdir())
    for chosen in (paths, [tmp_path / "z.csv"]):
        desk.page.set_input_files("input[type=file]", chosen)
        with (tmp_path / "z.csv").open("a") as file:
            file.write("sector 3,1,2\n")
        add(desk)
        fault = desk.page.locator("form .notice.fault")
        fault.wait_for()
        assert "changed since it was chosen" in fault.inner_text()
        assert "z.csv" in fault.inner_text()
        desk.page.reload()
        desk.settled()
    desk.clean()
