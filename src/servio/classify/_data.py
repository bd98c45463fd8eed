"""Read the data files of this package."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from servio.classify.labels import suggestion
from servio.errors import UsageError

__all__ = ["expand", "names", "read"]

_ROOT = resources.files("servio.classify") / "data"


@cache
def names(folder: str) -> tuple[str, ...]:
    """Names of the data files in a folder, sorted."""
    files = (_ROOT / folder).iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def read(folder: str, name: str) -> dict[str, Any]:
    """Content of one data file; an unknown name is a usage error with the nearest ones."""
    if name not in names(folder):
        raise UsageError(
            folder,
            found=f"the name {name!r}",
            expected="one of " + ", ".join(names(folder)),
            remedy=suggestion(name, names(folder), "Choose one of them."),
        )
    return tomllib.loads((_ROOT / folder / f"{name}.toml").read_text(encoding="utf-8"))


def expand(text: str) -> tuple[str, ...]:
    """Divisions named by ``"01-03 05 303"``: ranges run over two-digit numbers."""
    atoms: list[str] = []
    for part in text.split():
        first, _, last = part.partition("-")
        atoms += [f"{k:02d}" for k in range(int(first), int(last) + 1)] if last else [first]
    return tuple(atoms)
