"""What the README and the docs say is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import servio

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_ten_lines_of_the_readme_run(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shared / "data" / "wiod2016_niot")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(block, names)
    assert names["table"].info.country == "KOR"
    assert names["world"].info.synthetic


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert [p.name for p in PAGES if p.parent.name == "docs" and p.name not in navigation] == []


def test_public_names_are_sorted_and_there() -> None:
    assert servio.__all__ == sorted(servio.__all__)
    assert all(hasattr(servio, name) for name in servio.__all__)
    with pytest.raises(AttributeError):
        servio.nothing  # noqa: B018


def test_every_public_function_says_what_it_does_with_an_example() -> None:
    wanting = [
        name
        for name in ("aggregate", "audit", "national", "read", "scan", "model_world", "IOTable")
        if "Examples" not in (getattr(servio, name).__doc__ or "")
    ]
    assert wanting == []
