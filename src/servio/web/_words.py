"""Names in English and Korean; what has no Korean name keeps its English one."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

__all__ = ["both", "korean"]


def both(kind: str, name: str, english: str) -> dict[str, str]:
    """A name in both languages, by its kind (``measure``, ``option``, ``grouping`` …) and code."""
    return {"en": english, "ko": korean().get(kind, {}).get(name, english)}


@cache
def korean() -> dict[str, dict[str, str]]:
    """Korean names by kind and code."""
    text = (resources.files("servio.web") / "ko.toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return found
