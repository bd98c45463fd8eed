"""Vega-Lite to SVG that can stand in a page many times over."""

from __future__ import annotations

import re
from typing import Any

import vl_convert

__all__ = ["as_svg"]

_LONG = re.compile(r"-?\d*\.\d{3,}(?:e-?\d+)?")
_GEOMETRY = re.compile(r' (?:d|transform|x|y|x1|x2|y1|y2|width|height)="[^"]*"')


def as_svg(chart: dict[str, Any]) -> str:
    """A chart as an SVG element, numbers rounded to a hundredth of a pixel."""
    version = re.search(r"v(\d+\.\d+)", chart["$schema"])
    drawn: str = vl_convert.vegalite_to_svg(
        chart, vl_version=version[1] if version else None, allowed_base_urls=[]
    )
    svg = drawn[drawn.index("<svg") :]
    svg = _GEOMETRY.sub(lambda m: _LONG.sub(lambda n: _short(n[0]), m[0]), svg)
    return _scale(svg)


def _short(text: str) -> str:
    rounded = f"{float(text):.2f}".rstrip("0").rstrip(".")
    return "0" if rounded in ("-0", "") else rounded


def _scale(svg: str) -> str:
    """Let the page set the size: keep the width as an upper limit."""
    head, rest = svg.split(">", 1)
    width = re.search(r' width="([\d.]+)"', head)
    limit = f' style="max-width:{float(width[1]):.0f}px"' if width else ""
    head = re.sub(r' (?:width|height|class)="[^"]*"', "", head)
    return f'{head}{limit} aria-hidden="true" focusable="false">{rest}'
