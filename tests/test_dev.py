"""The set-up script's own logic, and that the locks hold what pyproject.toml asks for."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["core", "demo", "test"]


@pytest.fixture(scope="module")
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "demo.txt").write_text("a==1\n", "utf-8")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "p"\n[tool.x]\ny = 1\n', "utf-8")
    return tmp_path


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")


def pins(name: str) -> dict[str, set[str]]:
    """Versions by package: numpy may have one for each Python."""
    found: dict[str, set[str]] = {}
    for line in lock(name).splitlines():
        if match := re.match(r"([a-z0-9-]+)==(\S+)", line):
            found.setdefault(match[1], set()).add(match[2])
    return found


def direct(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9-]", r, maxsplit=1)[0].lower() for r in requirements}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_names_versions_and_hashes_only(name: str) -> None:
    pinned = r"[a-z0-9-]+==\S+( ; [^\\]+)? \\"
    hashed = r"    --hash=sha256:[0-9a-f]{64}( \\)?"
    for line in lock(name).splitlines():
        assert line.startswith("#") or re.fullmatch(f"{pinned}|{hashed}", line), line
    assert "://" not in lock(name)


def test_locks_hold_every_direct_dependency() -> None:
    project, groups = pyproject()["project"], pyproject()["dependency-groups"]
    extras = project["optional-dependencies"]
    core = direct(project["dependencies"] + groups["build"])
    demo = core | direct(extras["report"])
    test = demo | direct(extras["rdata"] + extras["cluster"] + extras["web"] + groups["dev"])
    assert core <= pins("core").keys()
    assert demo <= pins("demo").keys()
    assert test <= pins("test").keys()


def test_the_build_backend_is_locked() -> None:
    needs = direct(pyproject()["build-system"]["requires"])
    assert needs == direct(pyproject()["dependency-groups"]["build"])


@pytest.mark.parametrize("name", ["core", "demo"])
def test_the_test_lock_contains_the_smaller_ones(name: str) -> None:
    assert pins(name).items() <= pins("test").items()


def test_the_core_stays_small() -> None:
    unwanted = {"altair", "distributed", "matplotlib", "polars", "pyfixest", "starlette"}
    assert not unwanted & pins("core").keys()


def test_stamp_is_read_back_and_absent_is_empty(dev: ModuleType, tmp_path: Path) -> None:
    assert dev.read_stamp(tmp_path) == []
    dev.write_stamp(tmp_path, ["d", "a.dist-info"])
    assert dev.read_stamp(tmp_path) == ["d", "a.dist-info"]
    assert [p.name for p in tmp_path.iterdir()] == ["servio-stamp.txt"]


def test_set_up_is_current_only_if_finished_of_this_lock_and_whole(
    dev: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "a-1.dist-info").mkdir()
    (tmp_path / "extra-1.dist-info").mkdir()
    assert dev.is_current(["d", "a-1.dist-info"], ["d", "e"], tmp_path)
    assert not dev.is_current([], ["d"], tmp_path)
    assert not dev.is_current(dev.UNFINISHED, ["d"], tmp_path)
    assert not dev.is_current(["old", "a-1.dist-info"], ["d"], tmp_path)
    assert not dev.is_current(["d", "a-1.dist-info", "b-1.dist-info"], ["d"], tmp_path)


def test_an_unfinished_or_outdated_environment_is_made_anew(dev: ModuleType) -> None:
    assert dev.is_usable([], ["d"])
    assert dev.is_usable(["d", "a-1.dist-info"], ["d"])
    assert not dev.is_usable(dev.UNFINISHED, ["d"])
    assert not dev.is_usable(["old"], ["d"])


def test_digest_changes_with_pins_project_python_and_place(dev: ModuleType, checkout: Path) -> None:
    before = dev.digest("demo", "3.11.7", checkout)
    assert before == dev.digest("demo", "3.11.7", checkout)
    assert before != dev.digest("demo", "3.12.1", checkout)
    project = checkout / "pyproject.toml"
    project.write_text(project.read_text("utf-8").replace("y = 1", "y = 2"), "utf-8")
    assert before == dev.digest("demo", "3.11.7", checkout)
    project.write_text(project.read_text("utf-8").replace('"p"', '"q"'), "utf-8")
    renamed = dev.digest("demo", "3.11.7", checkout)
    (checkout / "requirements" / "demo.txt").write_text("a==2\n", "utf-8")
    assert len({before, renamed, dev.digest("demo", "3.11.7", checkout)}) == 3
    assert dev.digest("demo", "3.11.7", checkout) != dev.digest(
        "demo", "3.11.7", checkout.rename(checkout.with_name("moved"))
    )


def test_environment_variables_of_the_user_stay_out(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    for name in ("PYTHONNOUSERSITE", "PIP_USER", "PIP_DISABLE_PIP_VERSION_CHECK"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("PIP_FIND_LINKS", "wheels")
    dev.isolate()
    assert "PYTHONPATH" not in dev.os.environ
    assert dev.os.environ["PYTHONNOUSERSITE"] == "1"
    assert dev.os.environ["PIP_USER"] == "0"
    assert dev.os.environ["PIP_FIND_LINKS"] == "wheels"


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["tset"], 2), (["--help"], 0)])
def test_usage_is_shown_without_a_set_up(arguments: list[str], code: int) -> None:
    command = [sys.executable, str(ROOT / "dev.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "dev.py demo" in done.stderr


def test_package_is_typed() -> None:
    assert (ROOT / "src" / "servio" / "py.typed").is_file()
