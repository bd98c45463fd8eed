"""A report as PDF: an installed browser prints the page, without network."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from servio.errors import ResourceError, UsageError

__all__ = ["BROWSERS", "find_browser", "printed"]

BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "microsoft-edge", "microsoft-edge-stable", "msedge",
)  # fmt: skip
SECONDS = 180.0
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pdf-header-footer",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
START = b"%PDF-"


def find_browser(name: str | None = None) -> str:
    """Path of the browser that prints reports: the one that is named, or the first installed.

    Parameters
    ----------
    name : str, optional
        Name or path of a program.

    Returns
    -------
    str

    Raises
    ------
    UsageError
        There is none.
    """
    for one in (name,) if name else BROWSERS:
        if found := shutil.which(one):
            return found
    raise UsageError(
        "report, browser",
        found=f"no program {name}" if name else "no Chromium, Chrome or Edge on the path",
        expected="a browser that prints PDF",
        remedy="Install Chromium, or name a browser that is elsewhere: --browser PROGRAM. "
        "Or open the report in any browser and print it.",
    )


def printed(page: Path, browser: str, near: Path, seconds: float = SECONDS) -> bytes:
    """A page as PDF.

    Parameters
    ----------
    page : Path
        An HTML file.
    browser : str
        From `find_browser`.
    near : Path
        Folder for temporary files. A browser that is installed as a snap sees no `/tmp`.
    seconds : float
        After which the browser is ended.

    Raises
    ------
    ResourceError
        The browser fails or takes too long.
    """
    try:
        near.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix="servio-pdf-", dir=near, ignore_cleanup_errors=True
        ) as made:
            folder = Path(made)
            source, target = folder / "report.html", folder / "report.pdf"
            shutil.copyfile(page, source)
            said = _run(_command(browser, source, target, folder / "profile"), seconds)
            content = target.read_bytes() if target.is_file() else b""
    except OSError as error:
        raise ResourceError(
            "report, PDF", found=f"{error.strerror or error}",
            expected="a browser that starts, and a folder that can be written",
            remedy="Name another browser with --browser, or another place.",
        ) from error  # fmt: skip
    if not content.startswith(START):
        raise ResourceError(
            "report, PDF", found=f"no PDF from {browser}: {said or 'it says nothing'}",
            expected="the page as PDF", remedy="Name another browser with --browser.",
        )  # fmt: skip
    return content


def _command(browser: str, source: Path, target: Path, profile: Path) -> list[str]:
    flags = [*FLAGS, f"--user-data-dir={profile.resolve()}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # Chromium's sandbox refuses to run as root
        flags.append("--no-sandbox")
    return [browser, *flags, f"--print-to-pdf={target.resolve()}", source.resolve().as_uri()]


def _run(command: list[str], seconds: float) -> str:
    """Run the browser and end it with its children; the last line it says where it fails."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        _, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ResourceError(
            "report, PDF", found=f"no PDF after {seconds:.0f} seconds",
            expected="the browser to print the page", remedy="Name another browser with --browser.",
        ) from None  # fmt: skip
    finally:
        _end(process)
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
    process.communicate()
