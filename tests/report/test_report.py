"""The report says what the store holds, whole in one file, and takes no label for code."""

from __future__ import annotations

import base64
import csv
import io
import math
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import altair
import numpy as np
import openpyxl
import pandas as pd
import pytest

from report_stores import STUDY, Altered
from servio import report
from servio.errors import ResourceError, UsageError
from servio.report._blocks import Figure, Table, csv_bytes
from servio.report._page import Report, as_html, build
from servio.report.words import number
from servio.study import StudyStore

FETCHING = {"src", "href", "xlink:href", "srcset", "action", "poster", "data", "background"}


class Page(HTMLParser):
    """Tags, what they would fetch, ids, and text by tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.attributes.append((tag, found))
        self.fetched += [str(v) for k, v in attrs if k in FETCHING]
        self.ids += [str(found["id"])] if "id" in found else []


def figures(page: str) -> list[str]:
    return re.findall(r"<figure.*?</figure>", page, flags=re.S)


# -- one file


def test_page_asks_nothing_of_the_network(page: str) -> None:
    parsed = Page(page)
    assert [a for a in parsed.fetched if not a.startswith(("#", "data:"))] == []
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(parsed.tags)
    assert "@import" not in page
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))
    plain = re.sub(r' xmlns(:\w+)?="[^"]*"', "", re.sub(r"base64,[A-Za-z0-9+/=]*", "", page))
    assert re.findall(r"https?://[^\s<\"]*", plain) == []


def test_every_link_and_mark_has_its_target_once(page: str) -> None:
    parsed = Page(page)
    assert len(parsed.ids) == len(set(parsed.ids))
    wanted = {a[1:] for a in parsed.fetched if a.startswith("#")}
    wanted |= {t[1:] for t in re.findall(r"url\((#[^)]*)\)", page)}
    assert wanted <= set(parsed.ids)


def test_same_study_gives_same_bytes(store: StudyStore, page: str, tmp_path: Path) -> None:
    again = report.write(store, tmp_path / "again.html").read_bytes()
    assert again == page.encode()


def test_report_lies_in_the_study_folder_unless_told(
    store: StudyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("servio.report._page.as_html", lambda made, book: "page")
    path = report.write(store)
    assert path == store.folder / "report.html"
    assert path.read_text() == "page"


def test_without_the_extra_there_is_one_message(
    store: StudyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'servio\[report\]'"):
        report.write(store)


def test_folder_that_cannot_be_made_is_one_message(store: StudyStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError):
        report.workbook(store, tmp_path / "file" / "book.xlsx")


# -- what is shown


def test_every_figure_has_number_caption_unit_source_and_words(page: str, made: Report) -> None:
    drawn = figures(page)
    assert len(drawn) == sum(isinstance(e.block, Figure) for e in made.entries) >= 20
    for place, figure in enumerate(drawn, start=1):
        assert f"Figure {place}<" in figure
        caption = figure.partition("<figcaption>")[2]
        assert "Unit: " in caption and "Source: Model world" in caption and "2003" in caption
        label = re.search(r'role="img" aria-label="([^"]{20,})"', figure)
        assert label is not None
        assert "<path" in figure.partition("<svg")[2]


def test_charts_are_valid(made: Report) -> None:
    for entry in made.entries:
        if isinstance(entry.block, Figure):
            altair.Chart.from_dict(entry.block.chart, validate=True)


def test_synthetic_is_said_on_title_figures_and_numbers(
    store: StudyStore, page: str, made: Report
) -> None:
    assert "SYNTHETIC DATA." in page.partition("<main>")[0]
    assert "<title>SYNTHETIC: " in page
    numbered = len(made.entries) + len(made.headlines)
    assert page.count('class="tag">synthetic') == numbered
    real = Altered(store, lambda name, frame: frame, synthetic=False)
    assert "SYNTHETIC DATA." not in as_html(build(real), b"")  # type: ignore[arg-type]


def coefficient(store: StudyStore) -> pd.DataFrame:
    rows = store.results("service_input_coefficient", grouping="services", by="manufacturing")
    return rows.pivot(index="country", columns="year", values="value")


def test_headlines_equal_the_store(store: StudyStore, page: str, made: Report) -> None:
    values = coefficient(store)
    own = values.loc["M02"]
    rank = sorted(values[2003], reverse=True).index(own[2003]) + 1
    first = made.headlines[0]
    assert first.values["value"] == own[2003]
    assert first.values["base"] == own[2000]
    assert first.values["change"] == own[2003] - own[2000]
    assert first.values["median"] == np.median(values[2003])
    assert first.values["rank"] == rank
    assert f"used {own[2003]:.3f} of services per unit of output in 2003" in first.sentence
    assert f"2000: {own[2000]:.3f}" in first.more
    assert first.sentence in page and first.note in page


def test_definitions_headline_is_the_range_over_definitions(
    store: StudyStore, made: Report
) -> None:
    rows = store.results("producer_service_share", of="gdp", country="M02", year=2003)
    found = next(h for h in made.headlines if "of GDP" in h.sentence)
    assert found.values == {"low": rows["value"].min(), "high": rows["value"].max()}
    assert f"{len(rows)} definitions" in found.more and f"{len(rows)} definitions" in found.note
    assert found.number == f"{rows['value'].min():.1%} to {rows['value'].max():.1%}"


def test_fastest_group_is_the_one_of_the_store(store: StudyStore, made: Report) -> None:
    rows = store.results("convergence_rate", by="manufacturing", mutual="none", country="M02")
    wide = rows.pivot(index="group", columns="year", values="value")
    change = wide[2003] - wide[2000]
    found = next(h for h in made.headlines if "among the service groups" in h.sentence)
    assert found.values == {"change": change.max(), "least": change.min()}


def test_heat_map_shows_the_store(store: StudyStore, made: Report) -> None:
    rows = store.results(
        "convergence_rate", by="industry", mutual="none", country="M02", year=2003, group="trade"
    )
    figure = next(e.block for e in made.entries if e.block.title.endswith("M02, 2003"))
    assert list(figure.data["industry"]) == list(rows["industry"])
    assert list(figure.data["trade"]) == list(rows["value"])


def test_within_and_between_add_up_to_the_change(made: Report) -> None:
    figure = next(e.block for e in made.entries if e.block.title.startswith("Change of services"))
    data = figure.data
    np.testing.assert_allclose(data["within"] + data["between"], data["change"], atol=1e-15)
    assert data["label"].tolist() == data.sort_values("change", ascending=False)["label"].tolist()


def test_methods_hold_every_measure_definition_and_the_way_to_run(
    store: StudyStore, page: str
) -> None:
    methods = page.partition('id="methods"')[2]
    for spec in store.specs():
        assert f'id="m-{spec.name}"' in methods
    assert methods.count("ps_") >= 11
    assert "servio study study.toml" in methods and "classification data" in methods
    assert "convergence_rate" in methods.partition("<pre>")[2]


def test_absent_measures_are_listed(make: Callable[[str], StudyStore]) -> None:
    small = make(
        '[study]\ntitle = "Small"\n[[tables]]\npath = "model:countries=3,years=2"\n'
        '[[measures]]\nname = "backward_linkage"\nby = "industry"\n'
    )
    (part,) = build(small).parts
    assert [s.title for s in part.sections] == ["Data quality"]
    assert len(part.absent) == 27 and all(section.absent for section in part.absent)
    html = as_html(build(small), b"")
    assert "Not part of this study" in html and "would need" in html


def test_one_country_and_year_has_no_ranks(make: Callable[[str], StudyStore]) -> None:
    text = re.sub(r"focus.*|base_year.*", "", STUDY.partition("# change")[0])
    text = text.replace("countries=5,years=4", "countries=2,years=1")
    one = make(text)
    only = Altered(one, lambda name, f: f[f["country"] != "M02"] if name == "results" else f)
    made = build(only)  # type: ignore[arg-type]
    html = as_html(made, b"")
    assert made.parts[0].view.focus == "M01"
    assert {"Countries ranked", "Trends"} <= {s.title for s in made.parts[0].absent}
    assert "of 1 countries" not in html
    assert "Heat map" in html


# -- nothing undefined is zero


def without(country: str, year: int) -> Callable[[str, pd.DataFrame], pd.DataFrame]:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        if name == "results":
            gone = (frame["country"] == country) & (frame["year"] == year)
            frame = frame.assign(value=frame["value"].mask(gone))
        return frame

    return change


def test_undefined_is_said_and_never_zero(store: StudyStore) -> None:
    made = build(Altered(store, without("M02", 2003)))  # type: ignore[arg-type]
    first = made.headlines[0]
    assert first.number == "undefined" and "0.000" not in first.sentence + first.more
    assert math.isnan(first.values["value"]) and math.isnan(first.values["rank"])
    assert "of 4 countries" not in first.sentence
    ranks = next(e.block for e in made.entries if isinstance(e.block, Figure))
    assert "M02" not in ranks.data["country"].tolist()
    assert "Undefined in 2003: M02" in ranks.caption
    trend = next(e.block for e in made.entries if e.block.title.endswith("over time"))
    line = next(
        row for row in csv.reader(io.StringIO(csv_bytes(trend.data).decode())) if row[1] == "M02"
    )
    assert line[-1] == "" and float(line[-2]) > 0


def test_missing_table_is_undefined_too(store: StudyStore) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        if name == "results":
            frame = frame[(frame["country"] != "M02") | (frame["year"] != 2003)]
        return frame

    first = build(Altered(store, change)).headlines[0]  # type: ignore[arg-type]
    assert first.number == "undefined" and "median of the 4 countries" in first.more.lower()


def test_study_without_any_value_says_so(store: StudyStore) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(value=np.nan) if name == "results" else frame

    (part,) = build(Altered(store, change)).parts  # type: ignore[arg-type]
    assert [section.title for section in part.sections] == ["Data quality"]


def test_zero_output_industry_is_grey_in_the_heat_map(store: StudyStore) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        if name == "results":
            frame = frame.assign(value=frame["value"].mask(frame["industry"] == "C26"))
        return frame

    made = build(Altered(store, change))  # type: ignore[arg-type]
    figure = next(e.block for e in made.entries if e.block.title.endswith("M02, 2003"))
    assert isinstance(figure, Figure)
    shown = [
        row["shown"]
        for rows in figure.chart["datasets"].values()
        for row in rows
        if str(row.get("industry", "")).startswith("C26")
    ]
    assert shown and set(shown) == {"n/a"}
    assert "undefined (grey, marked n/a)" in figure.caption


# -- labels are labels

EVIL = {"M02": "<script>alert(1)</script>", "M03": "=1+1", "M04": "@x\"'&"}


@pytest.fixture(scope="module")
def evil(store: StudyStore) -> Report:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.replace({"country": EVIL}) if "country" in frame else frame

    altered = Altered(store, change, focus=tuple(EVIL.values()), title="=cmd|' <b>title")
    return build(altered)  # type: ignore[arg-type]


def test_labels_are_escaped(evil: Report) -> None:
    html = as_html(evil, b"")
    assert "<script" not in html and "<b>title" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "script" not in Page(html).tags


def test_no_download_holds_a_formula(evil: Report, tmp_path: Path) -> None:
    for entry in evil.entries:
        for row in csv.reader(io.StringIO(csv_bytes(entry.block.data).decode())):
            for cell in row:
                assert not cell.startswith(("=", "+", "@")) and (
                    not cell.startswith("-") or float(cell) <= 0
                )
    store = evil.results.store
    book = openpyxl.load_workbook(report.workbook(store, tmp_path / "book.xlsx"))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s", "n"}
    texts = [str(cell.value) for cell in cells if cell.data_type == "s"]
    assert "'=1+1" in texts and not any(text.startswith(("=", "@")) for text in texts)


def test_downloads_in_the_page_are_the_data(page: str, made: Report) -> None:
    links = re.findall(r'download="([\w-]+)\.csv" href="data:text/csv;base64,([^"]*)"', page)
    assert [name for name, _ in links] == [entry.id for entry in made.entries]
    for (_, text), entry in zip(links, made.entries, strict=True):
        rows = list(csv.reader(io.StringIO(base64.b64decode(text).decode())))
        assert rows[0] == [str(name) for name in entry.block.data.columns]
        assert len(rows) == len(entry.block.data) + 1


def test_workbook_has_a_sheet_for_every_figure_and_table(
    store: StudyStore, page: str, made: Report, tmp_path: Path
) -> None:
    path = report.workbook(store, tmp_path / "book.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [
        "Contents", "Headlines", *(e.label for e in made.entries), "Methods", "Groupings",
    ]  # fmt: skip
    inside = re.search(r'download="[\w-]+\.xlsx" href="data:[^;]*;base64,([^"]*)"', page)
    assert inside is not None and base64.b64decode(inside[1]) == path.read_bytes()
    sheet = book["Figure 1"]
    values = coefficient(store)[2003].sort_values(ascending=False)
    assert [row[3].value for row in sheet.iter_rows(min_row=3)] == pytest.approx(list(values))
    assert all("SYNTHETIC" in str(book[e.label]["A1"].value) for e in made.entries)


# -- quality


def test_findings_are_listed_with_place_and_text(store: StudyStore) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        if name == "findings":
            place = {"source": "model", "country": "WORLD", "year": 2001, "place": "M04_C26"}
            row = place | {"level": "fail", "check": "column-balance", "text": "costs miss output"}
            return pd.concat([frame, pd.DataFrame([row])], ignore_index=True)
        if name == "audits":
            return frame.assign(failures=[0, 1, 0, 0])
        return frame

    made = build(Altered(store, change))  # type: ignore[arg-type]
    section = made.parts[0].sections[-1]
    assert "4 tables were audited: 3 pass, 1 fails" in section.intro
    table = next(b for b in section.blocks if isinstance(b, Table))
    assert table.title == "Failures of the audits"
    assert table.rows[0][1:] == ["2001", "column-balance", "M04_C26", "costs miss output"]


def test_words_of_numbers() -> None:
    assert number(math.nan, "share") == "undefined"
    assert number(0.1234, "share") == "12.3%"
    assert number(-0.00001, "ratio") == "0.000"
    assert number(-0.5, "ratio") == "−0.500"


def test_report_of_an_unchanged_study_is_not_made_again(store: StudyStore) -> None:
    path = report.current(store)
    whole, made = path.read_bytes(), path.stat().st_ino
    assert report.current(store).stat().st_ino == made
    path.write_bytes(whole[:-100])
    assert report.current(store).read_bytes() == whole
    path.write_bytes(whole.replace(b'name="made-from" content="', b'name="made-from" content="0'))
    assert report.current(store).read_bytes() == whole


def test_what_the_web_shares_loads_no_chart_library() -> None:
    """The modules without an underscore: a server draws its charts in the browser."""
    folder = Path(report.__file__).parent
    shared = [f"servio.report.{p.stem}" for p in folder.glob("*.py") if p.stem[0] != "_"]
    code = f"import sys, {', '.join(shared)}; print(*set({report.NEEDS}) & sys.modules.keys())"
    assert shared
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
