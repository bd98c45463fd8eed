"""A report is printed by an installed browser, whole or not at all, and without network."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from commands import Outcome, refused
from servio import report
from servio.cli import main
from servio.errors import InputError, ResourceError, ServioError, UsageError
from servio.report import _pdf
from servio.study import StudyStore

PAGE = "<!doctype html><title>A page</title><h1>Services</h1>"
posix = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
Stand = Callable[[str], str]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    made = tmp_path / "page.html"
    made.write_text(PAGE, encoding="utf-8")
    return made


@pytest.fixture
def stand_in(tmp_path: Path) -> Stand:
    """A program in place of a browser; `$out` is the file to print to, `$*` what it was told."""

    def make(lines: str) -> str:
        path = tmp_path / "browser"
        find = 'for a in "$@"; do case "$a" in --print-to-pdf=*) out="${a#*=}";; esac; done\n'
        path.write_text(f"#!/bin/sh\n{find}{lines}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return make


def test_without_a_browser_the_error_says_what_helps(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in (None, "no-such-browser"):
        with pytest.raises(UsageError) as error:
            report.pdf(page, tmp_path / "out.pdf", name)
        assert "--browser" in error.value.remedy
    assert "no-such-browser" in error.value.found


@posix
def test_the_browser_gets_a_profile_of_its_own_and_no_network(
    page: Path, tmp_path: Path, stand_in: Stand
) -> None:
    told = tmp_path / "told"
    browser = stand_in(f'for a in "$@"; do echo "$a" >> {told}; done; printf "%%PDF-1" > "$out"')
    out = tmp_path / "made" / "out.pdf"
    assert report.pdf(page, out, browser) == out
    assert out.read_bytes() == b"%PDF-1"
    assert list(out.parent.iterdir()) == [out]
    flags = told.read_text().splitlines()
    assert {"--headless", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND"} <= set(
        flags
    )
    profile = next(f.partition("=")[2] for f in flags if f.startswith("--user-data-dir="))
    assert Path(profile).parent.parent == out.parent
    assert flags[-1].startswith("file://")


@posix
@pytest.mark.parametrize(
    "lines", ["echo wrong >&2; exit 1", 'printf "no" > "$out"', "true", "sleep 600"]
)
def test_a_browser_that_fails_leaves_the_file_of_before(
    page: Path, tmp_path: Path, stand_in: Stand, lines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "own" / "out.pdf"
    out.parent.mkdir()
    out.write_bytes(b"before")
    if "sleep" in lines:
        monkeypatch.setattr(_pdf.printed, "__defaults__", (0.2,))
    with pytest.raises(ResourceError) as error:
        report.pdf(page, out, stand_in(lines))
    assert error.value.remedy
    assert out.read_bytes() == b"before"
    assert list(out.parent.iterdir()) == [out]


@posix
def test_a_page_that_is_not_there(tmp_path: Path, stand_in: Stand) -> None:
    with pytest.raises(InputError, match="no such file"):
        report.pdf(tmp_path / "none.html", tmp_path / "out.pdf", stand_in("true"))


def real_browser() -> str:
    try:
        return report.find_browser()
    except ServioError:
        pytest.skip("needs an installed Chromium, Chrome or Edge")


def test_a_real_browser_prints_and_asks_the_network_for_nothing(tmp_path: Path) -> None:
    browser = real_browser()
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        place = f"http://localhost:{server.server_address[1]}/picture.png"
        page = tmp_path / "page.html"
        page.write_text(f'{PAGE}<img src="{place}">', encoding="utf-8")
        out = report.pdf(page, tmp_path / "out.pdf", browser)
    finally:
        server.shutdown()
        server.server_close()
    content = out.read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.count(b"/Type /Page\n") == 1
    assert asked == []


def test_the_command_prints_the_report(
    store: StudyStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    browser, out = real_browser(), tmp_path / "report.pdf"
    words = ["report", str(store.folder), "-o", str(tmp_path / "r.html"), "--pdf", str(out)]
    assert main([*words, "--browser", browser]) == 0
    assert f"PDF: {out}" in capsys.readouterr().out
    assert out.read_bytes().startswith(b"%PDF-")


@posix
def test_without_a_name_the_pdf_lies_beside_the_page(
    store: StudyStore, tmp_path: Path, capsys: pytest.CaptureFixture[str], stand_in: Stand
) -> None:
    page, browser = tmp_path / "own.html", stand_in('printf "%%PDF-1" > "$out"')
    code = main(["report", str(store.folder), "-o", str(page), "--pdf", "--browser", browser])
    assert code == 0
    assert f"PDF: {tmp_path / 'own.pdf'}" in capsys.readouterr().out
    assert (tmp_path / "own.pdf").read_bytes() == b"%PDF-1"


@pytest.mark.parametrize(
    ("more", "word"),
    [(["--browser", "sh"], "--pdf"), (["--pdf", "x.pdf", "--browser", "no-such"], "no-such")],
)
def test_the_command_refuses_before_it_writes(
    store: StudyStore, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, more: list[str], word: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    code = main(["report", str(store.folder), "-o", "r.html", *more])
    said = capsys.readouterr()
    refused(Outcome(code, said.out, said.err), word)
    assert list(tmp_path.iterdir()) == []
