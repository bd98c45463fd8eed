"""A small finished study on the model world, and its page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from report_stores import STUDY
from servio import report, study
from servio.report._page import Report, build
from servio.study import StudyStore


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], StudyStore]:
    """Run a study given as text."""

    def run(text: str) -> StudyStore:
        folder = tmp_path_factory.mktemp("study")
        return study.run(study.parse(text, "own.toml", folder), folder / "out", workers=1)

    return run


@pytest.fixture(scope="session")
def store(make: Callable[[str], StudyStore]) -> StudyStore:
    """The finished study."""
    return make(STUDY)


@pytest.fixture(scope="session")
def page(store: StudyStore, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its report."""
    path = report.write(store, tmp_path_factory.mktemp("page") / "report.html")
    assert isinstance(path, Path)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def made(store: StudyStore) -> Report:
    """What the report says, before it is a page."""
    return build(store, study.live_tables(store))
