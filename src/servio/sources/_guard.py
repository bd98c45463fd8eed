"""A look at a foreign file before it is read: that it is a file, of what kind, within limits.

Every fault is one `FormatError` that says what the file is instead. Nothing is unpacked and no
code in a file is ever run.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import struct
import zipfile
import zlib
from enum import StrEnum
from itertools import islice
from pathlib import Path, PureWindowsPath

from servio.errors import FormatError

__all__ = [
    "ARRAYS",
    "MAX_CELLS",
    "MAX_COLUMNS",
    "MAX_MEMBERS",
    "MAX_RATIO",
    "MAX_TEXT_BYTES",
    "MAX_UNPACKED",
    "Kind",
    "check_zip",
    "inside",
    "read_bytes",
    "regular_file",
    "require_kind",
    "sniff_kind",
]

MAX_TEXT_BYTES = 2**30
MAX_COLUMNS = 16_384
MAX_CELLS = 2**26
MAX_MEMBERS = 10_000
MAX_UNPACKED = 4 * 2**30
MAX_RATIO = 200
_RATIO_MATTERS = 16 * 2**20
_MAX_DIRECTORY = 512 * MAX_MEMBERS
_HEAD = 8192
_SCAN = 2**20


class Kind(StrEnum):
    """What a file looks like, in the words of a message."""

    EMPTY = "an empty file"
    FOLDER = "a folder"
    TEXT = "text"
    HTML = "an HTML page"
    XML = "an XML file"
    PDF = "a PDF"
    XLSX = "an Excel workbook (.xlsx)"
    XLSB = "a binary Excel workbook (.xlsb)"
    ODS = "an OpenDocument file"
    XLS = "an old Excel workbook (.xls)"
    ENCRYPTED = "a password-protected workbook"
    ZIP = "a zip archive"
    BROKEN_ZIP = "a damaged or cut-off zip archive"
    COMPRESSED = "a compressed file"
    LFS = "a Git LFS pointer, not the file itself"
    PARQUET = "a Parquet file"
    NUMPY = "a NumPy file"
    NPZ = "a NumPy archive (.npz)"
    PICKLE = "a Python pickle"
    RDATA = "R data"
    DATABASE = "a database file"
    BINARY = "binary data"


_MAGIC = (
    (b"%PDF", Kind.PDF),
    (b"version https://git-lfs", Kind.LFS),
    (b"/annex/objects", Kind.LFS),
    (b"PAR1", Kind.PARQUET),
    (b"\x93NUMPY", Kind.NUMPY),
    (b"RDX", Kind.RDATA),
    (b"RDA", Kind.RDATA),
    (b"X\n\0\0", Kind.RDATA),
    (b"SQLite format 3\0", Kind.DATABASE),
    (b"\x89HDF", Kind.DATABASE),
    (b"\x1f\x8b", Kind.COMPRESSED),
    (b"BZh", Kind.COMPRESSED),
    (b"\xfd7zXZ\0", Kind.COMPRESSED),
    (b"\x28\xb5\x2f\xfd", Kind.COMPRESSED),
    (b"7z\xbc\xaf\x27\x1c", Kind.COMPRESSED),
    (b"Rar!", Kind.COMPRESSED),
)
_R_SUFFIXES = {".rda", ".rdata", ".rds"}
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
ARRAYS = (
    "Load it yourself, with allow_pickle=False, and give its arrays to servio.IOTable.from_flows: "
    "see docs/generic-tables.md."
)
_REMEDIES = {
    Kind.HTML: "The download gave a web page: download the file again.",
    Kind.LFS: "Fetch the file itself with `git lfs pull` or download it.",
    Kind.XLS: "Save it as .xlsx or CSV.",
    Kind.XLSB: "Save it as .xlsx or CSV.",
    Kind.ODS: "Save it as .xlsx or CSV.",
    Kind.ENCRYPTED: "Remove the password and save it again.",
    Kind.BROKEN_ZIP: "Download or save the file again.",
    Kind.COMPRESSED: "Unpack it first.",
    Kind.ZIP: "Unpack it first.",
    Kind.NUMPY: ARRAYS,
    Kind.NPZ: ARRAYS,
    Kind.PICKLE: "Pickles can run code and are never loaded: save the table as CSV or .xlsx.",
    Kind.RDATA: "R data is not loaded: write the table as CSV in R.",
}


def regular_file(path: str | Path) -> Path:
    """The path, if it is a readable, non-empty regular file; a `FormatError` otherwise."""
    text = str(path)
    if re.match(r"^[A-Za-z][A-Za-z0-9+.-]+:/", text):
        raise _not_a_file(text, "a network address", "Download the file and give its path.")
    path = Path(path)
    try:
        mode = path.stat()
    except FileNotFoundError:
        raise _missing(path) from None
    except PermissionError:
        raise _denied(path) from None
    except (OSError, ValueError) as error:
        raise _not_a_file(text, _reason(error), "Give the path of a file.") from None
    if stat.S_ISDIR(mode.st_mode):
        raise _not_a_file(text, "a folder", "Give the path of a file inside it.")
    if not stat.S_ISREG(mode.st_mode):
        raise _not_a_file(text, _special(mode.st_mode), "Copy its content into a file first.")
    if mode.st_size == 0:
        raise FormatError(text, found="an empty file, 0 bytes", expected="a table",
                          remedy="Get or write the file again.")  # fmt: skip
    try:
        path.open("rb").close()
    except PermissionError:
        raise _denied(path) from None
    return path


def read_bytes(path: str | Path, limit: int = MAX_TEXT_BYTES) -> bytes:
    """All bytes of a regular file; refused above `limit` and if the file changes meanwhile."""
    path = regular_file(path)
    before = path.stat()
    if before.st_size > limit:
        raise FormatError(
            str(path),
            found=f"{before.st_size / 2**30:.1f} GiB",
            expected=f"at most {limit / 2**30:.3g} GiB",
            remedy="Cut the table into smaller ones, such as one year or country a file.",
        )
    with path.open("rb") as file:
        data = file.read(limit + 1)
    after = path.stat()
    same = (before.st_size, before.st_mtime_ns, before.st_ino) == (
        after.st_size, after.st_mtime_ns, after.st_ino)  # fmt: skip
    if not same or len(data) != before.st_size:
        raise FormatError(str(path), found="a file that changed while it was read",
                          expected="a file that stays as it is",
                          remedy="Wait until it is fully written and try again.")  # fmt: skip
    return data


def sniff_kind(path: str | Path) -> Kind:
    """What a path looks like by its first bytes; never raises for what it finds inside."""
    path = Path(path)
    if path.is_dir():
        return Kind.FOLDER
    with regular_file(path).open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PK"):
        return _zip_kind(path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_kind(path)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            compressed_r = kind is Kind.COMPRESSED and path.suffix.lower() in _R_SUFFIXES
            return Kind.RDATA if compressed_r else kind
    if re.match(rb"\x80[\x02-\x05][^\xff]", head):
        return Kind.PICKLE
    return _text_kind(head)


def require_kind(path: str | Path, *kinds: Kind) -> Kind:
    """The kind of the file if it is one of `kinds`; otherwise a `FormatError` says what it is."""
    kind = sniff_kind(path)
    if kind not in kinds:
        raise FormatError(
            str(path),
            found=kind,
            expected=" or ".join(kinds),
            remedy=_REMEDIES.get(kind, "Give a CSV or .xlsx file."),
        )
    return kind


def check_zip(path: str | Path, *, crc: bool = True) -> tuple[str, ...]:
    """Member names of a zip archive that is whole, within limits and without traps.

    Parameters
    ----------
    path : path
        A zip archive, such as an ``.xlsx`` workbook.
    crc : bool
        Also unpack every member in memory, piece by piece, to compare its checksum.
    """
    path = regular_file(path)
    _check_directory_size(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(path, members)
            broken = archive.testzip() if crc else None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error) as error:
        raise _zip_fault(path, f"{Kind.BROKEN_ZIP}: {error}", "a whole archive") from None
    except (NotImplementedError, RuntimeError) as error:
        raise _zip_fault(path, str(error), "a plain deflated archive") from None
    if broken is not None:
        raise _zip_fault(path, f"member {broken!r} with a wrong checksum", "a whole archive")
    return tuple(member.filename for member in members)


def inside(folder: Path, name: str, place: str) -> Path:
    """The file `name` inside `folder`; whatever leads out of it (``..``, links) is refused."""
    path = folder / name
    leaves = not name.strip() or os.path.isabs(name) or _unsafe_name(name)
    try:
        leaves = leaves or not path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        leaves = True
    if leaves:
        raise FormatError(
            place,
            found=repr(name),
            expected="a file in the description's folder",
            remedy="Put the file beside the description and give its bare name.",
        )
    return path


def _check_directory_size(path: Path) -> None:
    """Refuse millions of members by the archive's end record, before reading its directory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 65_557))
        tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        raise _zip_fault(path, Kind.BROKEN_ZIP, "a whole archive")
    count, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    if count > MAX_MEMBERS or length > _MAX_DIRECTORY:
        raise _zip_fault(path, f"{count} members or more", f"at most {MAX_MEMBERS}")


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise _zip_fault(path, f"{len(members)} members", f"at most {MAX_MEMBERS}")
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED:
        raise _zip_fault(path, f"{total / 2**30:.1f} GiB unpacked",
                         f"at most {MAX_UNPACKED / 2**30:.0f} GiB")  # fmt: skip
    ratio = total / max(path.stat().st_size, 1)
    if total > _RATIO_MATTERS and ratio > MAX_RATIO:
        raise _zip_fault(path, f"content {ratio:.0f} times the file's size",
                         f"at most {MAX_RATIO} times")  # fmt: skip
    for member in members:
        _check_member(path, member)


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if _unsafe_name(member.filename):
        raise _zip_fault(path, f"member {member.filename!r}", "names inside the archive")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _zip_fault(path, f"{_special(kind)} as member {member.filename!r}", "plain files")
    if member.flag_bits & 0x1:
        raise _zip_fault(path, f"password-protected member {member.filename!r}", "plain files")
    if re.search(r"\.(zip|gz|7z|rar|bz2|xz|tar|tgz|zst)$", member.filename, re.IGNORECASE):
        raise _zip_fault(path, f"an archive inside: {member.filename!r}", "plain files")


def _unsafe_name(name: str) -> bool:
    windows = PureWindowsPath(name)
    parts = windows.parts
    return (
        "\0" in name
        or name.startswith(("/", "\\"))
        or bool(windows.drive)
        or ".." in parts
        or any(re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", p) for p in parts)
    )


def _zip_kind(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, struct.error):
        return Kind.BROKEN_ZIP
    if "xl/workbook.xml" in names:
        return Kind.XLSX
    if "xl/workbook.bin" in names:
        return Kind.XLSB
    if names and all(name.endswith(".npy") for name in names):
        return Kind.NPZ
    return Kind.ODS if "mimetype" in names else Kind.ZIP


def _ole_kind(path: Path) -> Kind:
    mark = "EncryptedPackage".encode("utf-16-le")
    with path.open("rb") as file:
        start = file.read(_SCAN)
        file.seek(max(0, path.stat().st_size - _SCAN))
        end = file.read(_SCAN)
    return Kind.ENCRYPTED if mark in start or mark in end else Kind.XLS


def _text_kind(head: bytes) -> Kind:
    if head.startswith(_WIDE_MARKS):
        return Kind.TEXT
    if head.count(0) > len(head) // 10:
        even, odd = head[::2].count(0), head[1::2].count(0)
        return Kind.TEXT if max(even, odd) > 4 * min(even, odd) else Kind.BINARY
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if re.match(rb"<(!doctype html|html|head|body|table)\b", start):
        return Kind.HTML
    if start.startswith(b"<?xml"):
        return Kind.HTML if b"<html" in start else Kind.XML
    return Kind.TEXT


def _missing(path: Path) -> FormatError:
    near: list[str] = []
    try:
        there = [entry.name for entry in islice(os.scandir(path.parent), 10_000)]
        near = difflib.get_close_matches(path.name, there, n=3, cutoff=0.5)
        found = "no such file"
    except OSError:
        found = "no such file, nor its folder"
    hint = f"Did you mean {', '.join(near)}?" if near else "Check the path."
    return FormatError(str(path), found=found, expected="a file", remedy=hint)


def _not_a_file(path: str, found: str, remedy: str) -> FormatError:
    return FormatError(path, found=found, expected="a regular file", remedy=remedy)


def _denied(path: Path) -> FormatError:
    return FormatError(str(path), found="no permission to read it", expected="a readable file",
                       remedy="Change its permissions or copy it.")  # fmt: skip


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or "a path that can't be opened") if isinstance(error, OSError) else (
        "a path with a NUL character")  # fmt: skip


def _special(mode: int) -> str:
    names = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
             stat.S_IFSOCK: "a socket", stat.S_IFLNK: "a link"}  # fmt: skip
    return names.get(stat.S_IFMT(mode), "something that is no file")


def _zip_fault(path: Path, found: str, expected: str) -> FormatError:
    return FormatError(str(path), found=found, expected=expected,
                       remedy="Download or save the file again.")  # fmt: skip
