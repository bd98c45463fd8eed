"""Take the pictures of docs/observatory.md: every page, on the study of the model world.

    .venv/bin/python docs/make_screenshots.py [FOLDER] [--out docs] [--only NAME ...]

FOLDER keeps the study between two runs. Needs the extras web, report and econ, Playwright,
Pillow and Chromium; shows the pages that src/servio/web/bundle holds.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from PIL import Image  # noqa: E402
from playwright.sync_api import FloatRect, expect  # noqa: E402

from web_browser import Watched, chromium, watched  # noqa: E402

LARGEST = 200_000
PATIENCE = 90_000
COLOURS = 128
SHARE = "name=service_input_share&by=manufacturing&grouping=services&country=M07&year=2015"


@dataclass(frozen=True)
class Picture:
    """A view of the observatory; ``below`` its controls, from the tabs on."""

    name: str
    view: str
    width: int = 1280
    height: int = 860
    dark: bool = False
    language: str = "en"
    below: bool = False


PICTURES = (
    Picture("home", "#/home"),
    Picture("measure", f"#/measure?{SHARE}&with=M01,M05", height=1700),
    Picture("definitions", f"#/measure?{SHARE}&view=definitions", height=820, below=True),
    Picture("chains", "#/chains?country=M07&industry=C26&year=2015", height=1240),
    Picture("smile", "#/chains?country=M07&industry=C26&year=2015&view=smile", height=1000),
    Picture("interaction", "#/interaction?country=M07", height=1100),
    Picture("community", "#/interaction?country=M07&view=community", height=1100),
    Picture("explain", "#/explain", height=1000),
    Picture("claims", "#/claims", height=900),
    Picture("data", "#/data", height=900),
    Picture("korean", f"#/measure?{SHARE}&lang=ko", height=1300, language="ko"),
    Picture("phone", "#/home", 390, 840, dark=True),
)


def studied(folder: Path) -> Path:
    """The study that is served where none is given; run if it is not there."""
    from servio import study

    if not (folder / "provenance.json").exists():
        study.run(study.observatory(), folder)
    return folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Address of a server of the study."""
    command = [sys.executable, "-m", "servio", "serve", str(folder), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield re.findall(r"http\S+", server.stdout.readline())[0].rstrip("/")
    finally:
        server.terminate()
        server.wait(10)


def take(page: Watched, picture: Picture, path: Path) -> None:
    """Open the view, wait for its figures and keep what a window of that size shows."""
    page.go(picture.view)
    page.page.wait_for_timeout(500)
    page.settled()
    frame: FloatRect = {"x": 0, "y": 0, "width": picture.width, "height": picture.height}
    if picture.below and (tabs := page.page.get_by_role("tablist").first.bounding_box()):
        frame["y"] = tabs["y"] - 8
    shown = Image.open(io.BytesIO(page.page.screenshot(full_page=picture.below, clip=frame)))
    shown.convert("RGB").quantize(COLOURS).save(path, optimize=True)
    page.clean()


def main() -> None:
    """Take all pictures, or those named; complain of those too large for a page of text."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory() as scratch:
        folder = studied(given.folder or Path(scratch) / "study")
        with served(folder) as address, chromium() as browser:
            for picture in PICTURES:
                if given.only and picture.name not in given.only:
                    continue
                look = {
                    "viewport": {"width": picture.width, "height": picture.height},
                    "color_scheme": "dark" if picture.dark else "light",
                    "locale": "ko-KR" if picture.language == "ko" else "en-GB",
                }
                path = given.out / f"observatory-{picture.name}.png"
                with watched(browser, address, **look) as page:
                    take(page, picture, path)
                size = path.stat().st_size
                print(f"{path.name}: {size / 1000:.0f} kB{', too large' * (size > LARGEST)}")


if __name__ == "__main__":
    main()
