"""What the pages on the observatory and on deploying it say is so."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from servio.cli import main
from servio.web import _api, _jobs, _security, _serve, _sessions

DOCS = Path(__file__).resolve().parents[2] / "docs"
LARGEST = 200_000


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def routes() -> set[str]:
    modules = [importlib.import_module(f"{_api.__name__}.{one.name}")
               for one in pkgutil.iter_modules(_api.__path__)]  # fmt: skip
    return {path.split(" ")[-1] for module in modules for path, _ in getattr(module, "routes", ())}


def test_every_address_told_is_one() -> None:
    table = text("observatory.md").split("| address |")[1].split("\n\n")[0]
    first = [row.split("|")[1] for row in table.splitlines()[2:]]
    told = set()
    for cell in first:
        names = re.findall(r"`([^`]+)`", cell)
        base = names[0].rsplit("/", 1)[0]
        told |= {name if name.startswith("/") else f"{base}/{name}" for name in names}
    plain = {re.sub(r"\?.*", "", address).replace("NAME", "{name}") for address in told}
    assert len(plain) > 12
    assert sorted(plain - routes()) == []


def test_options_of_the_unit_and_the_container_are_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["serve", "--help"]) == 0
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    page = text("deploy.md")
    unit = re.findall(r"ExecStart=(.*?)\nEnv", page, flags=re.DOTALL)
    container = re.findall(r"(?:ENTRYPOINT|CMD) (\[.*\])", page)
    assert len(unit) == 1 and len(container) == 2
    used = set(re.findall(r"--[a-z-]+", " ".join([*unit, *container])))
    assert {"--tables", "--allow-host", "--workers"} <= used <= known


def test_limits_are_those_of_the_server() -> None:
    page = text("deploy.md").split("## Limits")[1].split("## Measured")[0]
    web, queue = _security.Limits(), _jobs.Limits()
    for told in (
        f"| upload | {web.upload >> 20} MiB; {web.pause:g} s without a byte, {web.whole:g} s",
        f"| {queue.seconds:g} s and {queue.memory >> 30} GiB of data",
        f"| computations that wait | {queue.queued} |",
        f"| {_sessions.MAX_OBJECTS} of each; it ends {_sessions.IDLE / 3600:g} hours",
        f"| sessions | {_sessions.MAX_SESSIONS:,};",
        f"| {web.cache >> 20} MiB, and {queue.kept >> 20} MiB of computed",
        f"| connections | {_serve.MAX_CONNECTIONS:,} |",
        f"| address | {web.url:,} characters |",
    ):
        assert told in page


def test_the_pictures_are_there_and_small() -> None:
    shown = set(re.findall(r"\((observatory-\w+\.png)\)", text("observatory.md")))
    pictures = {path.name: path.stat().st_size for path in DOCS.glob("observatory-*.png")}
    assert shown == set(pictures)
    assert {name: size for name, size in pictures.items() if size > LARGEST} == {}
