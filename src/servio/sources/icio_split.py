"""OECD ICIO with China's and Mexico's parts (CN1, CN2, MX1, MX2) kept apart, when asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from servio.sources import _world, icio
from servio.table import Bundle

__all__ = ["SOURCE", "extract", "parse", "sniff"]

SOURCE = replace(
    icio.SOURCE,
    name="icio_split",
    title="OECD ICIO, extended: firms of China and Mexico by kind kept apart (named, never found)",
    files="",
)


def sniff(path: Path) -> bool:
    """Never: a file is read so only where this source is named."""
    return False


def parse(path: Path) -> list[Bundle]:
    """As `icio.parse`, with the published regions: CHN and MEX hold the demand, their parts flows.

    Raises
    ------
    ServioError
        As `icio.parse`.
    """
    return [Bundle.unpack(*part) for part in extract(path)]


def extract(path: Path) -> list[_world.Part]:
    """The same as headers and flat arrays."""
    return icio.tables(path, fold=False)
