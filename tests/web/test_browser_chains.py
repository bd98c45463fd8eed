"""The page of chains in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from servio.study import StudyStore
from servio.web import application
from servio.web._jobs import Jobs
from web_browser import LOOKS, WAIT, Watched, looks, needs_browser, watched
from web_server import listening
from wiod_files import productive_values, write_national

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_browser

VIEWS = {
    "stages": ["chain-stages"],
    "smile": ["chain-smile"],
    "positions": ["chain-positions"],
    "income": ["chain-income", "chain-income-stages"],
}


@pytest.fixture(scope="module")
def base(small_store: StudyStore) -> Iterator[str]:
    with listening(application(small_store, jobs=Jobs(small_store))) as client:
        yield str(client.base_url)


def drawn(one: Watched, view: str) -> None:
    for name in VIEWS[view]:
        one.page.wait_for_selector(f"[data-done='{name}']", timeout=WAIT)
    one.settled()


@looks("phone", "dark-korean")
@pytest.mark.parametrize("view", VIEWS)
def test_views_fit_say_nothing_wrong_and_are_accessible(
    browser: Browser, base: str, view: str, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    with watched(browser, base, **look) as one:
        one.page.goto(f"{base}/#/chains?view={view}&country=M02&industry=C26")
        drawn(one, view)
        one.shot(f"chains-{request.node.callspec.id}")
        one.sound()


def test_flows_are_in_the_table_and_lead_to_the_chains_of_suppliers(desk: Watched) -> None:
    desk.page.goto(f"{desk.base}/#/chains?country=M02&industry=C26")
    drawn(desk, "stages")
    desk.page.get_by_role("button", name="As table").click()
    assert desk.page.locator(".alternative tbody tr").count() > 50
    supplier = desk.page.locator(".alternative tbody a").first
    name = supplier.inner_text()
    supplier.click()
    drawn(desk, "stages")
    assert desk.page.locator("figure h2").inner_text().endswith("2001")
    assert name.split()[-1] in desk.page.locator("figure h2").inner_text()
    desk.clean()


@pytest.mark.parametrize(
    ("view", "measures"),
    [
        ("smile", {"rate": "smile_curve", "distance": "smile_curve"}),
        ("positions", {"upstreamness": "upstreamness", "value_added": "footprint"}),
    ],
)
def test_the_number_under_the_pointer_is_the_one_explained(
    desk: Watched, view: str, measures: dict[str, str]
) -> None:
    desk.page.goto(f"{desk.base}/#/chains?country=M02&industry=C26&view={view}")
    drawn(desk, view)
    desk.page.get_by_role("button", name="As table").click()
    row = desk.page.locator(".alternative tbody tr").first
    numbers = [cell.inner_text() for cell in row.locator("td").all()]
    for name, measure in measures.items():
        desk.page.get_by_label("Explain the number", exact=True).select_option(name)
        row.hover()
        number = desk.page.locator(".about .point strong").inner_text()
        assert sum(number.startswith(one) for one in numbers) == 1, (number, numbers)
        line = desk.page.locator(".about .copyable pre").first.inner_text()
        assert f"servio measure {measure}" in line
        desk.page.mouse.move(0, 0)
    desk.clean()


def test_a_phone_says_in_the_address_how_many_stages_it_shows(browser: Browser, base: str) -> None:
    with watched(browser, base, **LOOKS["phone"]) as one:
        one.go("#/chains?country=M02&industry=C26")
        assert "stages=1" in one.page.url
        assert one.page.get_by_label("Stages of suppliers", exact=True).input_value() == "1"
        one.clean()


def test_arrow_keys_walk_through_the_views_and_the_address_holds_them(desk: Watched) -> None:
    desk.page.goto(f"{desk.base}/#/chains?country=M02&industry=C26")
    drawn(desk, "stages")
    desk.page.get_by_role("tab", name="Suppliers and uses").focus()
    for view in ("smile", "positions", "income"):
        desk.page.keyboard.press("ArrowRight")
        drawn(desk, view)
        assert f"view={view}" in desk.page.url
    desk.page.go_back()
    drawn(desk, "positions")
    desk.page.locator("select").filter(has_text="C21").select_option("C21")
    drawn(desk, "positions")
    assert "industry=C21" in desk.page.url
    desk.clean()


def test_the_chain_of_an_own_table_is_a_click_away(desk: Watched, tmp_path: Path) -> None:
    file = write_national(tmp_path / "KOR_NIOT_nov16.xlsx", values=productive_values())
    desk.go("#/data")
    desk.page.set_input_files("input[type=file]", file)
    desk.page.click("form button[type=submit]")
    desk.page.get_by_role("link", name="See its chains").click()
    for view in ("stages", "smile", "positions"):
        if view != "stages":
            desk.page.locator(f"[role=tab][id$={view}]").click()
        drawn(desk, view)
        desk.shot(f"chains-own-{view}")
        assert "table=" in desk.page.url
    said = desk.page.locator(".notice.info").all_inner_texts()
    assert any("Your own table" in text and "KOR_NIOT_nov16.xlsx" in text for text in said)
    assert any(text.startswith("National table") for text in said)
    desk.page.get_by_role("tab", name="Who earns what").click()
    desk.page.wait_for_selector("[data-done='chain-income']", timeout=WAIT)
    desk.settled()
    desk.page.get_by_label("Table", exact=True).select_option("")
    desk.settled()
    assert "table=" not in desk.page.url
    assert "M0" in desk.page.locator("figure h2").first.inner_text()
    desk.sound()


def test_a_table_that_is_gone_is_said(desk: Watched) -> None:
    desk.page.goto(f"{desk.base}/#/chains?country=M02&industry=C26&table=gone")
    drawn(desk, "stages")
    said = desk.page.locator(".notice.warning").inner_text()
    assert "gone" in said and "The study's tables" in said
    desk.clean()


def exported(one: Watched, figure: int) -> list[str]:
    """Texts of a figure's SVG file."""
    frame = one.page.locator("figure").nth(figure)
    frame.locator("summary", has_text="Export").click()
    with one.page.expect_download() as waited:
        frame.get_by_role("button", name="SVG").click()
    return re.findall(r"<text[^>]*>([^<]+)</text>", Path(waited.value.path()).read_text("utf-8"))


def test_a_phone_has_all_sectors_in_the_legend_and_even_ticks(browser: Browser, base: str) -> None:
    with watched(browser, base, **LOOKS["phone"]) as one:
        one.page.goto(f"{base}/#/chains?view=income&country=M02&industry=C26")
        drawn(one, "income")
        for at in (0, 1):
            texts = exported(one, at)
            assert "Agricultural community" in texts and "Manufacturing sub-community" in texts
            evenly_apart([float(text[:-2]) for text in texts if text.endswith(" %")])
        one.page.get_by_role("tab", name="Positions").click()
        drawn(one, "positions")
        ticks = [float(text) for text in exported(one, 0) if re.fullmatch(r"\d+(\.\d+)?", text)]
        split = next(at for at in range(1, len(ticks)) if ticks[at] <= ticks[at - 1])
        evenly_apart(ticks[:split])
        evenly_apart(ticks[split:])
        one.clean()


def evenly_apart(ticks: list[float]) -> None:
    assert len(ticks) >= 3
    steps = {round(after - before, 6) for before, after in pairwise(ticks)}
    assert len(steps) == 1, ticks
