"""The front end's files: read once, served by name; what is not listed does not exist."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BUNDLE", "Asset", "Bundle"]

BUNDLE = Path(__file__).parent / "bundle"
INDEX = "/index.html"
MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
FOREVER = "public, max-age=31536000, immutable"
NO_CACHE = "no-cache"

_HASHED = re.compile(r"/assets/.+-[A-Za-z0-9_-]{8,}\.\w+")


@dataclass(frozen=True)
class Asset:
    """A file of the front end.

    Parameters
    ----------
    media : str
        Media type.
    body : bytes
    packed : bytes or None
        The same in gzip, where it was built.
    etag : str
    cache : str
        Cache-Control.
    """

    media: str
    body: bytes
    packed: bytes | None
    etag: str
    cache: str


class Bundle:
    """All files of a folder that have a known media type, by path.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path = BUNDLE) -> None:
        files = {
            f"/{path.relative_to(folder).as_posix()}": path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }
        self._assets = {
            name: _asset(name, body, files.get(f"{name}.gz"))
            for name, body in files.items()
            if Path(name).suffix in MEDIA
        }
        listed = "\n".join(f"{name} {asset.etag}" for name, asset in self._assets.items())
        self.digest = hashlib.sha256(listed.encode()).hexdigest()

    def find(self, path: str) -> Asset | None:
        """The file at a path, ``/`` being the page itself."""
        return self._assets.get(INDEX if path == "/" else path)


def _asset(name: str, body: bytes, packed: bytes | None) -> Asset:
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    cache = FOREVER if _HASHED.fullmatch(name) else NO_CACHE
    return Asset(MEDIA[Path(name).suffix], body, packed, etag, cache)
