"""Shared fixtures: where the published tables lie, if they lie anywhere."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

if "SERVIO_CACHE" not in os.environ:
    os.environ["SERVIO_CACHE"] = tempfile.mkdtemp(prefix="servio-test-cache-")
    atexit.register(shutil.rmtree, os.environ["SERVIO_CACHE"], ignore_errors=True)

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with the published tables and checks; the test skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("needs the published tables in ../shared, which are not here")
    return SHARED
