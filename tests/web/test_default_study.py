"""The study that `servio serve` shows when it is given none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from servio import study
from servio.explain import _extra
from servio.sources import _cache
from servio.web import application
from servio.web._jobs import Jobs
from servio.web._serve import _opened
from web_server import listening

SMALL = 'path = "model:countries=3,industries=30,years=9"'


def smaller(*, estimates: bool = True) -> study.StudyFile:
    """It has all of the default study but the size of the world."""
    text = study.observatory(estimates=estimates).text
    text = text.replace('path = "model"', SMALL).replace('focus = ["M07"]', 'focus = ["M02"]')
    return study.parse(text, "small.toml", Path())


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    pytest.importorskip("pyfixest")
    store = study.run(smaller(), tmp_path_factory.mktemp("default"), workers=1)
    with listening(application(store, jobs=Jobs(store, workers=1))) as one:
        yield one


def test_it_is_the_demo_and_more() -> None:
    whole, demo = study.observatory(), study.demo()
    assert set(demo.calls) < set(whole.calls)
    assert (whole.title, whole.focus, whole.tables) == (demo.title, demo.focus, demo.tables)


def test_every_page_has_something_to_show(client: httpx.Client) -> None:
    said = client.get("/api/study").json()
    assert all(said["pages"].values()) and len(said["headlines"]) == 5
    assert said["estimates"] is True
    assert said["titles"]["en"] == said["title"]
    assert said["descriptions"]["en"] == said["description"]
    for one in (said["titles"], said["descriptions"]):
        assert re.search("[가-힣]", one["ko"]) and not re.search("[A-Za-z]", one["ko"])
    explained = client.get("/api/explain/estimates").json()
    assert explained["missing"] is None
    assert [one["name"] for one in explained["estimates"]] == [
        "main", "all services", "by technology"
    ]  # fmt: skip
    for one in explained["estimates"]:
        for view in ("curve", "margins"):
            assert client.get(f"/api/explain/{view}/{one['id']}").status_code == 200
    holds = client.get("/api/interaction").json()
    assert holds["modes"] is not None and holds["symbiosis"] is not None
    claims = client.get("/api/claims?wait=60", timeout=90).json()["verdicts"]
    assert sum(claims.values()) > 30


def test_it_is_run_once_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def own(*, estimates: bool = True) -> study.StudyFile:
        asked.append(estimates)
        measured = "[[measures]]\nname = 'intermediate_use_share'\n"
        text = f"study.title = 'Own'\ntables = [{{{SMALL}}}]\n{measured}"
        return study.parse(text, "own.toml", Path())

    monkeypatch.setattr(study, "observatory", own)
    monkeypatch.setattr(_cache, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(_extra, "has_econ", lambda: False)
    said: list[str] = []
    first = _opened(None, said.append)
    assert len(said) == 1 and "run once" in said[0]
    assert _opened(None, said.append).folder == first.folder
    assert len(said) == 1
    assert asked == [False, False]
