"""The folder needs the extra web; a small study, and a server of it that really listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import Browser
    from starlette.applications import Starlette

    from servio.study import StudyStore
    from web_browser import Watched

STUDY = """
study.title = "Services in manufacturing, a small world"
study.base_year = 2000
tables = [{path = "model:countries=3,industries=30,years=2"}]
[[measures]]
name = "service_input_share"
grouping = "services"
by = "manufacturing"
"""


class _WithoutWeb(pytest.Module):
    def collect(self) -> Any:
        pytest.skip("needs the extra web (starlette, uvicorn)", allow_module_level=True)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    if find_spec("starlette") and find_spec("uvicorn"):
        return None
    return _WithoutWeb.from_parent(parent, path=module_path)  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> StudyStore:
    """A finished study of a small model world."""
    from servio import study

    folder = tmp_path_factory.mktemp("small-study")
    return study.run(study.parse(STUDY, "small.toml", folder), folder / "out", workers=1)


@pytest.fixture
def serving() -> Iterator[Callable[[Starlette], httpx.Client]]:
    """Serve applications until the test ends."""
    from web_server import listening

    with ExitStack() as stack:
        yield lambda app: stack.enter_context(listening(app))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of a module."""
    from web_browser import chromium

    with chromium() as one:
        yield one


@pytest.fixture
def desk(browser: Browser, base: str) -> Iterator[Watched]:
    """A page on a desktop at the server whose address the fixture ``base`` of the module gives."""
    from web_browser import DESK, watched

    with watched(browser, base, **DESK) as one:
        yield one
