"""What leaves the page, as a file or on paper, says by itself what it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from servio.web import application
from servio.web._jobs import Jobs
from web_browser import DESK, Watched, needs_browser, watched
from web_server import listening

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from servio.study import StudyStore

pytestmark = needs_browser

MEASURE = "#/measure?name=service_input_share&country=M02&with=M03"
SAID: dict[str, tuple[str, ...]] = {
    "en-US": (
        "SYNTHETIC", "Share of services in intermediate inputs", "2000–2001", "Unit: share",
        "domestic and imported inputs; direct; in manufacturing",
        "Method: Miller & Blair (2009)", "Data: ",
        "Study: Services in manufacturing, a small world · servio",
    ),
    "ko-KR": (
        "SYNTHETIC", "중간투입 가운데 서비스의 비중", "2000–2001", "단위: 비중",
        "국산과 수입; 직접 투입만",
        "방법 출처: Miller & Blair (2009)", "자료: ",
        "연구: Services in manufacturing, a small world · servio",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def base(small_store: StudyStore) -> Iterator[str]:
    with listening(application(small_store, jobs=Jobs(small_store, workers=1))) as client:
        yield str(client.base_url)


def exported(one: Watched, figure: int, item: int, folder: Path) -> Path:
    """The file of one item of a figure's menu, by clicks."""
    menu = one.page.locator("figure.figure").nth(figure).locator("details.menu")
    menu.locator("summary").click()
    with one.page.expect_download() as waiting:
        menu.locator(".drop > *").nth(item).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def texts(path: Path) -> str:
    return " ".join("".join(one.itertext()) for one in ElementTree.parse(path).iter()
                    if one.tag.endswith("}text"))  # fmt: skip


def spoken(text: str) -> str:
    """Lines that were broken to fit, as one again."""
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("locale", SAID)
@pytest.mark.parametrize("width", [390, 1280])
def test_an_exported_figure_says_what_it_shows(
    browser: Browser, base: str, tmp_path: Path, locale: str, width: int
) -> None:
    look: dict[str, Any] = {"viewport": {"width": width, "height": 860}, "locale": locale}
    with watched(browser, base, **look) as one:
        one.go(f"{MEASURE}&view=trend")
        one.page.wait_for_selector("[data-done]")
        found = spoken(texts(exported(one, 0, 0, tmp_path)))
        for words in SAID[locale]:
            assert words in found, found
        assert exported(one, 0, 1, tmp_path).read_bytes().startswith(b"\x89PNG")
        one.clean()


def test_every_exported_figure_has_its_imprint(browser: Browser, base: str, tmp_path: Path) -> None:
    with watched(browser, base, **DESK) as one:
        for view in (MEASURE, f"{MEASURE}&view=heat", f"{MEASURE}&view=scatter",
                     *(f"#/chains?view={name}" for name in ("stages", "smile", "income")),
                     "#/interaction?view=community"):  # fmt: skip
            one.go(view)
            one.page.wait_for_selector("[data-done]")
            for figure in range(one.page.locator("figure.figure").count()):
                found = spoken(texts(exported(one, figure, 0, tmp_path)))
                for words in ("SYNTHETIC", "Unit: ", "Data: ", "Study: ", "Method: "):
                    assert words in found, (view, figure, found)
                assert re.search(r"\b200[01]\b", found), (view, figure, found)
        one.clean()


READERS: dict[str, Any] = {
    "CSV": pd.read_csv,
    "Excel": partial(pd.read_excel, engine="openpyxl"),
    "Parquet": pd.read_parquet,
    "Stata": pd.read_stata,
}


@pytest.mark.parametrize(
    ("view", "menu", "rows", "column"),
    [
        (f"{MEASURE}&view=table", 0, 6, "value"),
        ("#/data", 0, 2, "data_residual"),
        ("#/data?year=2001", 0, 1, "data_residual"),
        ("#/claims?verdict=not testable", 0, None, "verdict"),
        ("#/claims", 1, None, "claim_verdict"),
    ],
)
def test_shown_rows_can_be_taken_in_every_format(
    browser: Browser, base: str, tmp_path: Path, view: str, menu: int, rows: int, column: str
) -> None:
    with watched(browser, base, **DESK) as one:
        one.go(view)
        own = one.page.locator(".tools.of-table details.menu").nth(menu)
        own.wait_for()
        shown = rows or one.page.locator(".claims-list > li:visible").count()
        for words, read in READERS.items():
            own.locator("summary").click()
            with one.page.expect_download() as waiting:
                own.get_by_role("link", name=f"Data, {words}").click()
            path = tmp_path / waiting.value.suggested_filename
            waiting.value.save_as(path)
            found = read(path)
            assert column in found
            assert len(found) == shown or (menu == 1 and len(found) >= shown), words
        one.clean()


@pytest.mark.parametrize("locale", SAID)
def test_paper_says_what_its_figures_show(
    browser: Browser, base: str, tmp_path: Path, locale: str
) -> None:
    look: dict[str, Any] = {**DESK, "locale": locale, "color_scheme": "dark"}
    with watched(browser, base, **look) as one:
        for view in (MEASURE, f"{MEASURE}&view=heat", "#/chains"):
            one.go(view)
            one.page.wait_for_selector("[data-done]")
            assert not one.page.locator(".printed >> visible=true").count()
            one.page.emulate_media(media="print")
            one.page.wait_for_selector(".picture canvas")
            drawn = one.page.locator("figure.figure").evaluate_all(COLOURED)
            assert drawn and all(count > 500 for count in drawn), (view, drawn)
            for gone in (".slider", "[role=tab][aria-selected=false]", ".tools", "nav", ".doing"):
                assert not one.page.locator(f"{gone} >> visible=true").count(), gone
            found = spoken(one.page.locator("main").inner_text())
            if view == MEASURE:
                assert all(words in found for words in SAID[locale]), found
            for words in (SAID[locale][0], SAID[locale][-1]):
                assert found.count(words) >= len(drawn), (view, words)
            brand = one.page.locator(".brand span")
            assert brand.evaluate("one => one.scrollWidth <= one.clientWidth || !one.clientWidth")
            one.page.emulate_media(media="screen")
        one.clean()


COLOURED = """figures => figures.map(figure => {
    const c = figure.querySelector('.picture canvas');
    const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
    let count = 0;
    for (let i = 0; i < d.length; i += 4)
        count += d[i + 3] > 99 && Math.max(d[i], d[i + 1], d[i + 2])
            - Math.min(d[i], d[i + 1], d[i + 2]) > 32;
    return count; })"""
