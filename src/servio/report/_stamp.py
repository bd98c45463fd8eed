"""Which study and which code a report was made from, so that it is not made again in vain."""

from __future__ import annotations

import hashlib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servio.study import StudyStore

__all__ = ["made_from", "up_to_date"]

HEAD = 4096
SUFFIXES = (".py", ".j2", ".css", ".toml")


def made_from(store: StudyStore) -> str:
    """Hash of a study's provenance, (with the hashes of its files) and the report's code."""
    digest = hashlib.sha256((store.folder / "provenance.json").read_bytes())
    for file in sorted(_files(resources.files("servio.report")), key=lambda file: file.name):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def up_to_date(store: StudyStore, path: Path) -> bool:
    """Whether a whole report lies at `path`, made from this study and its tables by this code."""
    if not path.is_file():
        return False
    page = path.read_bytes()
    stamp, head = f'content="{made_from(store)}"'.encode(), page[:HEAD]
    live = b'name="tables" content="read"' in head
    return live and stamp in head and page.rstrip().endswith(b"</html>")


def _files(folder: Traversable) -> list[Traversable]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _files(entry)
        elif entry.name.endswith(SUFFIXES):
            found.append(entry)
    return found
