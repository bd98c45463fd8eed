"""A real browser on the observatory: what the page says, asks for and complains about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SHOTS = "SERVIO_SCREENSHOTS"
BAD = ("serious", "critical")
WAIT = 60_000
"""Milliseconds an answer may take on a busy machine."""
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}, "locale": "en-US"}
LOOKS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "locale": "en-US"},
    "dark-korean": {**DESK, "color_scheme": "dark", "locale": "ko-KR"},
    "4K": {"viewport": {"width": 3840, "height": 2160}, "locale": "en-US"},
}

needs_browser = pytest.mark.skipif(
    not (find_spec("playwright") and CHROMIUM), reason="needs playwright and Chromium"
)


def looks(*names: str) -> pytest.MarkDecorator:
    """Run a test with its argument ``look`` in each of these `LOOKS`."""
    return pytest.mark.parametrize("look", [pytest.param(LOOKS[one], id=one) for one in names])


def written(value: float, unit: str = "ratio") -> str:
    """A number as the page writes it in English (`number` of frontend/src/format.ts)."""
    size = abs(value)
    if unit == "share":
        return f"{value * 100:.{2 if size < 0.1 else 1}f} %"
    steps = ((1000, 0), (100, 1), (1, 2), (0.01, 4), (0.001, 5))
    return f"{value:,.{next((digits for least, digits in steps if size >= least), 6)}f}"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and what went wrong on it.

    Parameters
    ----------
    page : Page
    base : str
        Address of the server; a request to any other is external.
    """

    page: Page
    base: str
    errors: list[str] = field(default_factory=list)
    external: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url))

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _asked(self, url: str) -> None:
        if not url.startswith((f"{self.base}/", "data:", "blob:")):
            self.external.append(url)

    def go(self, view: str) -> Watched:
        """Open a view such as ``#/data`` and wait until nothing is loading."""
        self.page.goto(f"{self.base}/{view}")
        return self.settled()

    def settled(self) -> Watched:
        """Wait for the page and every answer it shows."""
        from playwright.sync_api import expect

        self.page.wait_for_selector("main h1")
        self.page.wait_for_selector("main .page")
        busy = self.page.locator("[aria-busy=true], .pending")
        expect(busy).to_have_count(0, timeout=WAIT)
        return self

    def cells(self, figure: int = 0) -> list[list[str]]:
        """A figure as its table, the head first."""
        shown = self.page.locator("main figure").nth(figure)
        shown.locator(".tools > button").click()
        rows: list[list[str]] = shown.locator("table tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
        )
        return rows

    def coloured(self) -> dict[str, int]:
        """Pixels in colour, not grey, of each drawing: few in one without data."""
        found: dict[str, int] = self.page.evaluate(
            """Object.fromEntries([...document.querySelectorAll('.host[data-done]')].map(host => {
            const c = host.querySelector('canvas');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            let count = 0;
            for (let i = 0; i < d.length; i += 4)
                count += d[i + 3] > 99 && Math.max(d[i], d[i + 1], d[i + 2])
                    - Math.min(d[i], d[i + 1], d[i + 2]) > 32;
            return [host.dataset.done, count]; }))"""
        )
        return found

    def shot(self, name: str) -> None:
        """Keep a picture in the folder that SERVIO_SCREENSHOTS names, if it does."""
        if folder := os.environ.get(SHOTS):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def faults(self) -> list[tuple[str, list[str]]]:
        """Serious accessibility faults that axe finds, with where they are."""
        if not AXE.is_file():
            pytest.skip("axe-core is not installed: npm ci in frontend/")
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run()")
        return [
            (one["id"], [str(node["target"]) for node in one["nodes"]])
            for one in found["violations"]
            if one["impact"] in BAD
        ]

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def clean(self) -> None:
        """No complaint in the console, no request to another host."""
        assert self.errors == []
        assert self.external == []

    def sound(self) -> None:
        """Nothing wrong that can be seen on any page: it fits, is accessible and clean."""
        assert self.overflow() <= 0
        assert self.faults() == []
        self.clean()


@contextmanager
def watched(browser: Browser, base: str, **context: Any) -> Iterator[Watched]:
    """A page with a context of its own: ``viewport``, ``color_scheme``, ``locale``."""
    own = browser.new_context(**context)
    yield Watched(own.new_page(), base.rstrip("/"))
    own.close()
