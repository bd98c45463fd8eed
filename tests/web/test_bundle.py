"""The shipped page is what its sources build."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "frontend"
BUNDLE = ROOT / "src" / "servio" / "web" / "bundle"
SINGLE = (
    ".npmrc",
    "index.html",
    "package-lock.json",
    "package.json",
    "tsconfig.json",
    "vite.config.ts",
)

in_checkout = pytest.mark.skipif(
    not FRONTEND.is_dir(), reason="frontend/ is not here: only a checkout has the page's sources"
)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def manifest(bundle: Path = BUNDLE) -> dict[str, dict[str, dict[str, str]]]:
    return json.loads((bundle / "manifest.json").read_bytes())


def sources() -> dict[str, str]:
    paths = [FRONTEND / name for name in SINGLE]
    for folder in ("scripts", "src"):
        paths += [path for path in (FRONTEND / folder).rglob("*") if path.is_file()]
    return {path.relative_to(FRONTEND).as_posix(): sha256(path.read_bytes()) for path in paths}


def names(bundle: Path) -> set[str]:
    return {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}


def test_every_file_has_the_hash_the_manifest_gives():
    files = manifest()["files"]
    assert {name: entry["sha256"] for name, entry in files.items()} == {
        name: sha256((BUNDLE / name).read_bytes()) for name in files
    }


def test_every_file_has_a_compressed_twin_and_nothing_else_is_there():
    files = manifest()["files"]
    for name in files:
        twin = BUNDLE / f"{name}.gz"
        assert gzip.decompress(twin.read_bytes()) == (BUNDLE / name).read_bytes(), name
    assert names(BUNDLE) == {*files, *(f"{name}.gz" for name in files), "manifest.json"}


def test_the_page_names_no_other_host_and_no_inline_script_or_style():
    page = (BUNDLE / "index.html").read_text("utf-8")
    assert "://" not in page
    assert "<style" not in page and " style=" not in page
    assert page.count("<script") == page.count('<script type="module"') == page.count(" src=")


def test_no_machine_path_or_source_map_is_shipped():
    for name in manifest()["files"]:
        text = (BUNDLE / name).read_bytes()
        assert b"sourceMappingURL" not in text, name
        assert os.fsencode(str(ROOT)) not in text, name
        assert b"node_modules" not in text, name


def test_the_licences_of_the_shipped_parts_are_there():
    text = (BUNDLE / "LICENSES.txt").read_text("utf-8")
    for part in ("echarts 6", "zrender 6", "d3-geo 3", "topojson-client 3", "world-atlas 2"):
        assert part in text
    assert "GNU" not in text


@in_checkout
def test_the_bundle_was_built_from_these_sources():
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(sources().items()))
    assert manifest()["sources_sha256"] == sha256(lines.encode()), (
        "frontend/ has changed since the page was built: run npm ci && npm run build in frontend/"
    )


@in_checkout
def test_every_package_is_pinned_and_the_lock_names_no_registry():
    package = json.loads((FRONTEND / "package.json").read_bytes())
    asked = {**package["dependencies"], **package["devDependencies"]}
    assert all(version[0].isdigit() for version in asked.values()), asked
    lock = json.loads((FRONTEND / "package-lock.json").read_bytes())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert not [name for name, entry in packages.items() if "integrity" not in entry]


def run(command: list[str], folder: Path, bundle: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"SERVIO_BUNDLE": str(bundle)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=280
    )


@in_checkout
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_a_fresh_build_gives_the_shipped_files(tmp_path):
    copy = tmp_path / "frontend"
    for name in sources():
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FRONTEND / name, target)
    got = run(["npm", "ci", "--prefer-offline", "--ignore-scripts"], copy, tmp_path)
    if got.returncode != 0 and ("ENOTFOUND" in got.stderr or "EAI_AGAIN" in got.stderr):
        pytest.skip("no package registry can be reached")
    assert got.returncode == 0, got.stderr
    bundle = tmp_path / "bundle"
    built = run(["npm", "run", "build"], copy, bundle)
    assert built.returncode == 0, built.stdout + built.stderr
    assert manifest(bundle) == manifest()
