"""Small tables written to disk for the tests of readers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Numbers = npt.ArrayLike


def block(rows: Sequence[str], columns: Sequence[str], values: Numbers) -> str:
    """A labelled block as CSV, with every digit of its numbers."""
    lines = [",".join(["", *columns])]
    array = np.asarray(values, dtype=float).reshape(len(rows), len(columns))
    lines += [
        ",".join([label, *(repr(float(v)) for v in row)])
        for label, row in zip(rows, array, strict=True)
    ]
    return "\n".join(lines) + "\n"


def describe(folder: Path, text: str, **files: str | bytes) -> Path:
    """A description and its files; `z` is written to ``z.csv``."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / f"{name}.csv").write_bytes(data)
    path = folder / "table.toml"
    path.write_text(text, encoding="utf-8")
    return path


Z2 = block(("a", "b"), ("a", "b"), [[150, 500], [200, 100]])
X2 = block(("a", "b"), ("x",), [1000, 2000])
TWO = '[table]\nZ = "z.csv"\nx = "x.csv"\n'
