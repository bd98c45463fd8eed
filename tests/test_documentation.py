"""What the README and the docs say is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

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


def section(page: str, title: str) -> str:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_table_of_several_countries_is_complete(tmp_path: Path) -> None:
    text = section("generic-tables.md", "Several countries")
    files = re.findall(r"`([a-z]+\.[a-z]+)`\n\n```\w*\n(.*?)```", text, flags=re.DOTALL)
    assert [name for name, _ in files] == ["table.toml", "z.csv", "y.csv", "v.csv"]
    for name, content in files:
        (tmp_path / name).write_text(content, encoding="utf-8")
    table = servio.read(tmp_path, cache=False)
    assert servio.audit(table).passed
    assert (table.info.flows, table.info.country) == ("world", "WORLD")
    assert table.demand.labels == ("AAA_HFCE", "AAA_INVNT", "BBB_HFCE", "BBB_INVNT",
                                   "ROW_final demand")  # fmt: skip
    assert table.demand_roles == ("household", "inventory", "household", "inventory", "other")
    assert table.primary_roles == ("value_added", "taxes")
    assert [note.code for note in table.info.notes if note.code.startswith("demand")] == []
    exports = servio.measure.gross_exports(table, by="economy")
    assert exports.values.tolist() == [44.0, 64.0, 33.0]
    parts = servio.measure.export_decomposition(table, by="economy")
    for country, whole in zip(("AAA", "BBB", "ROW"), exports.values, strict=True):
        assert parts.value(country=country, part="EXGR") == pytest.approx(whole, rel=1e-12)


def test_the_table_from_arrays_runs() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", section("generic-tables.md", "From arrays"),
                          flags=re.DOTALL)  # fmt: skip
    names: dict[str, object] = {}
    exec(block, names)
    world, exports = names["world"], names["exports"]
    assert isinstance(world, servio.IOTable)
    assert (world.info.flows, world.info.country, world.info.year) == ("world", "WORLD", 2014)
    assert isinstance(exports, servio.measure.Measure)
    assert exports.values.tolist() == [24.0, 29.0]


def test_tables_and_segments_of_ones_own_are_read_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "output-servitization.md").read_text(encoding="utf-8")
    files = dict(re.findall(r"`([a-z_0-9]+\.csv)`\n\n```\n(.*?)```", text, flags=re.DOTALL))
    assert list(files) == ["supply_2019.csv", "segments.csv"]
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    supply, firms = (
        executed(block)
        for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
        if any(f'("{name}"' in block for name in files)
    )
    share = servio.measure.secondary_output(supply["own"], by="makers")
    assert share.values.tolist() == [pytest.approx(42.4 / 982.9)]
    shares = firms["shares"].set_index(["firm", "year"])["share"]
    assert shares[("Acme", 2020)] == 0.4 and shares[("Bolt", 2019)] == 0.0
    slopes = servio.explain.slopes(firms["shares"], "share", by="firm").set_index("firm")["slope"]
    assert slopes["Acme"] == pytest.approx(0.1) and slopes.isna().sum() == 2


def test_make_or_buy_runs_on_the_data_beside_the_repository(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "make-or-buy.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (block,) = (one for one in blocks if "read_sea" in one)
    monkeypatch.chdir(ROOT)
    korea = executed(block)["korea"]
    assert (round(korea.own_cost.value, 3), korea.regime) == (1.285, "always")


def executed(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(block, names)
    return names


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
