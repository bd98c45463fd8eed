"""The command line run in this process, with a cache and temporary files of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Outcome, Run
from servio.cli import main
from servio.sources import _cache, _worker


@pytest.fixture(scope="session", autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of temporary files, also of the reader's process, which lives for many tests."""
    folder = tmp_path_factory.mktemp("temporary")
    patch = pytest.MonkeyPatch()
    patch.setenv("TMPDIR", str(folder))
    patch.setattr(tempfile, "tempdir", None)
    _worker.stop_all()
    yield folder
    _worker.stop_all()
    patch.undo()


@pytest.fixture(autouse=True)
def cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """An empty cache folder for each test."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("SERVIO_CACHE", str(folder))
    _cache._stores.clear()
    yield folder
    _cache._stores.clear()


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """`main` with these arguments."""

    def call(*arguments: object) -> Outcome:
        capfdbinary.readouterr()
        code = main([str(one) for one in arguments])
        out, err = capfdbinary.readouterr()
        return Outcome(code, out.decode(), err.decode())

    return call
