"""A description and its files in one zip archive, unpacked with limits."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from servio.errors import FormatError
from servio.sources._guard import Kind, check_zip, sniff_kind

__all__ = ["unpacked"]

MAX_FILES = 200
MAX_BYTES = 512 << 20
DESCRIPTION = ".toml"


def unpacked(path: Path, folder: Path) -> Path:
    """Unpack an archive that holds the description of a table; other files stay as they are.

    Parameters
    ----------
    path : Path
        Any file.
    folder : Path
        Where the members go, side by side; made if needed.

    Returns
    -------
    Path
        The description, or `path` itself where it is no archive with one.

    Raises
    ------
    FormatError
        A damaged or dangerous archive, two descriptions, too many or too large members.
    """
    if sniff_kind(path) is not Kind.ZIP:
        return path
    names = [name for name in check_zip(path) if not name.endswith("/")]
    descriptions = [name for name in names if name.lower().endswith(DESCRIPTION)]
    if not descriptions:
        return path
    if len(descriptions) > 1:
        raise _fault(path, f"{len(descriptions)} descriptions (.toml)", "one")
    plain = [PurePosixPath(name.replace("\\", "/")).name for name in names]
    if len(set(plain)) < len(plain) or len(plain) > MAX_FILES:
        raise _fault(path, f"{len(plain)} files, some of one name",
                     f"at most {MAX_FILES}, each of its own name")  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path) as archive:
        if sum(archive.getinfo(name).file_size for name in names) > MAX_BYTES:
            raise _fault(path, "too much when unpacked", f"at most {MAX_BYTES >> 20} MB")
        for name, target in zip(names, plain, strict=True):
            with archive.open(name) as member, (folder / target).open("wb") as file:
                shutil.copyfileobj(member, file)
    return folder / plain[names.index(descriptions[0])]


def _fault(path: Path, found: str, expected: str) -> FormatError:
    return FormatError(str(path), found=found, expected=expected,
                       remedy="Pack one description and the files it names.")  # fmt: skip
