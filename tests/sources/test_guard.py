"""What a file is, and that nothing dangerous is opened."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from servio.errors import FormatError
from servio.sources import _guard
from servio.sources._guard import (
    Kind,
    check_zip,
    inside,
    read_bytes,
    regular_file,
    require_kind,
    sniff_kind,
)


def message(call: Callable[[], object]) -> str:
    with pytest.raises(FormatError) as caught:
        call()
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 300
    assert caught.value.remedy
    return str(caught.value)


def test_missing_file_names_near_ones(tmp_path: Path) -> None:
    (tmp_path / "KOR2022ttl.csv").write_text("a")
    text = message(lambda: regular_file(tmp_path / "KOR2022tl.csv"))
    assert "no such file" in text
    assert "KOR2022ttl.csv" in text
    assert "nor its folder" in message(lambda: regular_file(tmp_path / "no" / "x.csv"))


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    assert "a folder" in message(lambda: regular_file(tmp_path))
    assert "a device" in message(lambda: regular_file("/dev/zero"))
    assert "network address" in message(lambda: regular_file("https://example.org/z.csv"))
    assert "NUL" in message(lambda: regular_file("a\0b"))
    assert "found" in message(lambda: regular_file("a" * 5000))
    (tmp_path / "empty.csv").touch()
    assert "0 bytes" in message(lambda: regular_file(tmp_path / "empty.csv"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "a pipe" in message(lambda: regular_file(tmp_path / "pipe.csv"))
    assert "a pipe" in message(lambda: sniff_kind(tmp_path / "pipe.csv"))


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "z.csv"
    path.write_text("a")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(Path, "open", denied)
    assert "no permission" in message(lambda: regular_file(path))


def test_too_large_is_refused_before_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    monkeypatch.setattr(Path, "open", None)
    monkeypatch.setattr(_guard, "regular_file", lambda p: p)
    assert "10.0 GiB" in message(lambda: read_bytes(path))


def test_change_while_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "z.csv"
    path.write_text("abc")
    opened = Path.open

    def grows(self: Path, *args: object, **more: object) -> io.BytesIO:
        with opened(self, "ab") as file:
            file.write(b"more")
        return io.BytesIO(b"abc")

    monkeypatch.setattr(Path, "open", grows)
    assert "changed while" in message(lambda: read_bytes(path))


KINDS = [
    (b"<!DOCTYPE html><html>", "t.csv", Kind.HTML),
    (b"\xef\xbb\xbf\n <HTML lang=ko>", "t.csv", Kind.HTML),
    (b'<?xml version="1.0"?><a/>', "t.csv", Kind.XML),
    (b"%PDF-1.7", "t.csv", Kind.PDF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "t.csv", Kind.XLS),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "t.xlsx",
     Kind.ENCRYPTED),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "t.csv", Kind.LFS),
    (b"PAR1\0\0", "t.csv", Kind.PARQUET),
    (b"\x93NUMPY\x01\0", "t.npy", Kind.NUMPY),
    (b"\x80\x04\x95\x1a\0", "t.pkl", Kind.PICKLE),
    (b"RDX3\nX\n\0\0\0", "t.RData", Kind.RDATA),
    (b"\x1f\x8b\x08\0", "t.rda", Kind.RDATA),
    (b"\x1f\x8b\x08\0", "t.csv.gz", Kind.COMPRESSED),
    (b"PK\x03\x04cut", "t.xlsx", Kind.BROKEN_ZIP),
    (b"SQLite format 3\0", "t.csv", Kind.DATABASE),
    (b"\0" * 100, "t.csv", Kind.BINARY),
    (b",a\na,1\n", "t.xlsx", Kind.TEXT),
    ("\ufeff,a\na,1\n".encode("utf-16-le"), "t.csv", Kind.TEXT),
]  # fmt: skip


@pytest.mark.parametrize(("content", "name", "kind"), KINDS)
def test_kind_by_content(tmp_path: Path, content: bytes, name: str, kind: Kind) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert sniff_kind(path) is kind
    if kind is not Kind.TEXT:
        assert kind in message(lambda: require_kind(path, Kind.TEXT))


def make_zip(path: Path, members: dict[str, bytes], **attributes: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for key, value in attributes.items():
                setattr(info, key, value)
            archive.writestr(info, content)
    return path


def test_a_sound_archive_passes(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a/b.csv": b"1", "c.csv": b"2"})
    assert check_zip(path) == ("a/b.csv", "c.csv")
    assert sniff_kind(path) is Kind.ZIP


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "C:\\x", "..\\x", "\\\\host\\x", "NUL", "a/con.txt"]
)
def test_member_names_that_lead_out(tmp_path: Path, name: str) -> None:
    path = make_zip(tmp_path / "a.zip", {name: b"1"})
    assert "member" in message(lambda: check_zip(path))


def test_member_kinds(tmp_path: Path) -> None:
    link = make_zip(tmp_path / "l.zip", {"x": b"/etc"}, external_attr=(stat.S_IFLNK | 0o777) << 16)
    assert "a link" in message(lambda: check_zip(link))
    device = make_zip(tmp_path / "d.zip", {"x": b""}, external_attr=(stat.S_IFCHR | 0o777) << 16)
    assert "a device" in message(lambda: check_zip(device))
    nested = make_zip(tmp_path / "n.zip", {"x.zip": b"PK"})
    assert "an archive inside" in message(lambda: check_zip(nested))


def test_bombs_are_refused_by_their_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = make_zip(tmp_path / "b.zip", {"x": b"\0" * (17 * 2**20)})
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    assert "times the file's size" in message(lambda: check_zip(bomb))
    monkeypatch.setattr(_guard, "MAX_UNPACKED", 2**20)
    assert "unpacked" in message(lambda: check_zip(bomb))


def test_a_million_members_are_counted_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.zip"
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0, 0)
    path.write_bytes(b"PK\x03\x04" + end)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert "members" in message(lambda: check_zip(path))


def test_damaged_archives(tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "a.zip", {"x.csv": os.urandom(5000)}).read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    assert "damaged or cut-off" in message(lambda: check_zip(cut))
    flipped = bytearray(whole)
    flipped[2000] ^= 0xFF
    bad = tmp_path / "bad.zip"
    bad.write_bytes(bytes(flipped))
    assert "x.csv" in message(lambda: check_zip(bad)) or "damaged" in message(
        lambda: check_zip(bad)
    )


@pytest.mark.parametrize("name", ["../z.csv", "/etc/passwd", "a/../../z.csv", "", "C:\\z.csv"])
def test_files_outside_the_folder(tmp_path: Path, name: str) -> None:
    assert "table.toml" in message(lambda: inside(tmp_path, name, "table.toml, Z"))


def test_a_link_that_leaves_the_folder(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "secret.csv").write_text("x")
    (tmp_path / "home" / "z.csv").symlink_to(tmp_path / "secret.csv")
    assert "folder" in message(lambda: inside(tmp_path / "home", "z.csv", "table.toml, Z"))
