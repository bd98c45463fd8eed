"""A description and its files in one archive."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from servio.errors import FormatError
from servio.sources import _archive, unpacked


def archive(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


def test_files_lie_side_by_side_whatever_their_folders(tmp_path: Path) -> None:
    files = {"mine/table.toml": b"a", "mine/data/z.csv": b"1"}
    found = unpacked(archive(tmp_path / "t.zip", files), tmp_path / "out")
    assert found == tmp_path / "out" / "table.toml"
    assert (tmp_path / "out" / "z.csv").read_bytes() == b"1"


def test_what_is_no_archive_with_a_description_stays(tmp_path: Path) -> None:
    plain = archive(tmp_path / "t.zip", {"z.csv": b"1"})
    assert unpacked(plain, tmp_path / "out") == plain
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"a.toml": b"", "b.toml": b""}, "2 descriptions"),
        ({"a.toml": b"", "x/z.csv": b"", "y/z.csv": b""}, "some of one name"),
        ({"a.toml": b""} | {f"{n}.csv": b"" for n in range(200)}, "201 files"),
        ({"a.toml": b"", "z.csv": bytes(1_001)}, "too much when unpacked"),
        ({"a.toml": b"", "../z.csv": b""}, "z.csv"),
    ],
)
def test_h05_a_dangerous_archive_is_refused(
    files: Mapping[str, bytes], found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_archive, "MAX_BYTES", 1_000)
    with pytest.raises(FormatError, match=found):
        unpacked(archive(tmp_path / "t.zip", files), tmp_path / "out")
    assert not list((tmp_path / "out").glob("*")) and not (tmp_path / "z.csv").exists()
