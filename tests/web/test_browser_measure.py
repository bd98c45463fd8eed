"""The page Measure in a real browser: the analyst's question from the first click to the flows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import servio
from servio import classify, measure
from servio import study as studies
from servio.web import application
from servio.web._jobs import Jobs
from web_browser import Watched, looks, needs_browser, watched, written
from web_server import listening

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_browser

MODEL = "model:countries=4,industries=30,years=3"
TEXT = f"""
study.title = "Services in manufacturing"
tables = [{{path = "{MODEL}"}}]
[[measures]]
name = "service_input_coefficient"
grouping = ["services", "kiet", "ps_daniels1985", "ps_hktdc"]
by = "manufacturing"
[[measures]]
name = "service_input_coefficient"
grouping = ["services", "kiet"]
by = "industry"
only = "manufacturing"
[[measures]]
name = "upstreamness"
by = "manufacturing"
"""
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LINK = ".copyable:last-of-type code"
NAME = "service_input_coefficient"
VIEWS = ("all", "trend", "rank", "services", "heat", "scatter", "definitions", "table")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("measure-page")
    store = studies.run(studies.parse(TEXT, "own.toml", folder), folder / "out", workers=1)
    with listening(application(store, jobs=Jobs(store, workers=1))) as client:
        yield str(client.base_url)


@pytest.fixture
def desk(desk: Watched) -> Iterator[Watched]:
    yield desk
    desk.clean()


def latest(**options: Any) -> pd.DataFrame:
    """The Python call on the last year's table."""
    table = max(servio.scan(MODEL).tables(), key=lambda one: one.info.year or 0)
    found: pd.DataFrame = measure.service_input_coefficient(table, **options).to_frame()
    return found


def cards(desk: Watched) -> list[str]:
    return [one.inner_text() for one in desk.page.locator(".answers > li").all()]


def choose(desk: Watched, label: str, words: str) -> None:
    desk.page.get_by_label(label, exact=True).select_option(label=words)
    desk.page.wait_for_timeout(100)
    desk.settled()


@looks("phone", "dark-korean")
@pytest.mark.parametrize("view", VIEWS)
def test_views_fit_say_nothing_wrong_and_are_accessible(
    browser: Browser, base: str, view: str, look: dict[str, Any]
) -> None:
    with watched(browser, base, **look) as one:
        one.go(f"#/measure?view={view}")
        one.page.locator(".answers > li").nth(3).wait_for()
        assert one.page.locator(".host[data-done]").count() >= (view != "table")
        one.sound()


def test_how_much_against_whom_since_when_and_by_which_services(desk: Watched) -> None:
    desk.go("#/measure")
    control = desk.page.get_by_label("Industry or group", exact=True)
    code = "C27_28"
    words = [w for w in control.locator("option").all_inner_texts() if w.startswith(code)]
    choose(desk, "Industry or group", words[0])
    much, whom, when, which = cards(desk)
    rows = latest(grouping="services", by="industry")
    own = rows[rows.industry == code].set_index("country").value
    focus = str(own.index[0])
    assert written(own[focus]) in much
    assert f"{1 + int((own > own[focus]).sum())} of {len(own)}" in whom
    assert written(own.max()) in whom and written(own.min()) in whom
    assert re.search(r"Highest in \d{4}", when)
    assert re.search(r"[+−].* since \d{4}", when), "a change"
    parts = latest(grouping="kiet", by="industry")
    parts = parts[(parts.industry == code) & (parts.country == focus)].set_index("group").value
    assert written(parts.max()) in which


def test_every_headline_opens_a_page_that_shows_its_number(desk: Watched) -> None:
    desk.go("")
    every = desk.page.locator(".headline")
    said = [
        (one.locator(".figure-number").inner_text(), one.get_by_role("link").get_attribute("href"))
        for one in every.all()
    ]
    assert len(said) == 2
    for number, address in said:
        desk.go(str(address))
        assert desk.page.locator(".answers .figure-number").first.inner_text() == number


def test_the_first_questions_open_what_answers_them(desk: Watched) -> None:
    shown = {
        "where my country stands": ("ranking", "Manufacturing"),
        "which services it uses": ("services", "Manufacturing"),
        "whether it depends on who defines": ("definitions", r"1\d definitions"),
    }
    for words, (name, said) in shown.items():
        desk.go("")
        desk.page.locator(".starts a", has_text=words).click()
        desk.settled()
        desk.page.locator(f".host[data-done*='{name}']").first.wait_for()
        desk.page.locator("main", has_text=re.compile(said)).wait_for()


def test_a_figure_shown_as_table_is_one_for_whoever_opens_the_link(desk: Watched) -> None:
    desk.go("#/measure?view=rank")
    rows = desk.cells()[1:]
    address = desk.page.url
    assert "as_table=" in address
    desk.go("#/data")
    desk.page.goto(address)
    desk.settled()
    assert desk.page.locator("main figure table tbody tr").count() == len(rows)
    desk.page.get_by_role("button", name="As chart").click()
    assert "as_table" not in desk.page.url
    desk.page.locator(".host[data-done]").wait_for()


def test_the_menu_carries_the_place_and_leads_back_to_what_was_left(desk: Watched) -> None:
    def menu(page: str) -> None:
        desk.page.click(f"nav a[href*='#/{page}']")
        desk.settled()

    left = f"name={NAME}&by=industry&grouping=services&country=M02&industry=C27_28&year=2001"
    desk.go(f"#/measure?name={NAME}&by=industry&grouping=services")
    desk.page.locator(".answers > li").nth(3).wait_for()
    industry = desk.page.get_by_label("Industry or group", exact=True).input_value()
    menu("chains")
    assert industry == f"industry|{desk.page.get_by_label('Industry', exact=True).input_value()}"
    desk.go(f"#/measure?{left}&view=rank")
    menu("chains")
    assert desk.page.get_by_label("Industry", exact=True).input_value() == "C27_28"
    desk.page.get_by_label("Industry", exact=True).select_option("C26")
    desk.settled()
    menu("interaction")
    menu("measure")
    for part in ("country=M02", "year=2001", "industry=C26", "view=rank", "by=industry"):
        assert part in desk.page.url


def test_another_definition_recomputes_everything(desk: Watched) -> None:
    desk.go("#/measure")
    choose(desk, "Definition of services", "Producer services: Daniels (1985)")
    rows = latest(grouping="ps_daniels1985", by="manufacturing")
    assert written(float(rows.value.iloc[0])) in cards(desk)[0]
    assert "grouping=ps_daniels1985" in desk.page.url and "in the study" in desk.page.inner_text(
        ".choices-of-measure"
    )


def test_what_the_study_does_not_hold_is_computed_and_said(desk: Watched) -> None:
    desk.go(f"#/measure?name={NAME}&by=manufacturing&origin=domestic&grouping=kibs")
    rows = latest(grouping="kibs", by="manufacturing", origin="domestic")
    assert written(float(rows.value.iloc[0])) in cards(desk)[0]
    assert "computed now" in desk.page.inner_text(".choices-of-measure")


def test_all_definitions_make_the_band(desk: Watched) -> None:
    desk.go("#/measure?view=definitions")
    assert "2 definitions" in cards(desk)[0]
    desk.page.get_by_role("button", name="Compute all definitions").click()
    desk.page.locator(".answers", has_text=re.compile(r"1\d definitions")).wait_for()
    kept, _, made = desk.page.locator(".origin").inner_text().partition(" Computed now")
    assert "Stored in the study: " in kept and "Daniels (1985)" in kept and "Coffey (2000)" in made
    desk.settled()


def test_a_number_is_taken_apart_down_to_its_flows(desk: Watched) -> None:
    desk.go("#/measure?view=table")
    desk.page.locator(".tabpanel tbody button").first.click()
    desk.page.locator(".cell .notice").wait_for()
    desk.settled()
    year = int(desk.page.locator(".timeline output").inner_text())
    country = str(desk.page.url.partition("cell=")[2].split("~")[0])
    rows = latest(grouping="services", by="manufacturing")
    own = float(rows[rows.country == country].value.iloc[0])
    said = desk.page.locator(".cell").inner_text()
    assert f"add up to {written(own)}, the number is {written(own)}" in said
    assert year and desk.page.locator(".cell table tbody tr").count() > 5
    desk.page.locator(".cell").get_by_role("button", name="Close").click()
    assert "cell=" not in desk.page.url


def test_the_address_gives_the_view_again_and_back_works(desk: Watched) -> None:
    desk.go("#/measure")
    first = cards(desk)
    desk.page.get_by_role("tab", name="Ranking").click()
    choose(desk, "Definition of services", "Producer services: Daniels (1985)")
    second, address = cards(desk), desk.page.url
    desk.page.go_back()
    desk.settled()
    assert cards(desk)[0].split("\n")[2] == first[0].split("\n")[2]
    desk.go("#/home")
    desk.go(address[address.index("#") :])
    assert cards(desk) == second
    assert desk.page.get_by_role("tab", name="Ranking").get_attribute("aria-selected") == "true"


def test_measures_are_found_by_words_and_keys(desk: Watched) -> None:
    from playwright.sync_api import expect

    desk.go("#/measure")
    desk.page.locator(".field.measure summary").click()
    search = desk.page.get_by_label("Measure: Search")
    search.fill("how far from final")
    search.fill("upstream")
    search.press("ArrowDown")
    desk.page.keyboard.press("Enter")
    desk.settled()
    assert "name=upstreamness" in desk.page.url
    assert "stages" in cards(desk)[0]
    expect(desk.page.locator(".field.measure summary")).to_be_focused()
    desk.page.keyboard.press("Enter")
    search.fill("offshor")
    search.press("Enter")
    desk.settled()
    assert "name=offshoring" in desk.page.url, "named so, before those of the family"
    expect(desk.page.locator(".field.measure summary")).to_be_focused()


def test_parts_are_of_what_is_shown(desk: Watched) -> None:
    desk.go(f"#/measure?name={NAME}&by=manufacturing&grouping=kibs")
    desk.page.locator(".answers > li").nth(3).wait_for()
    parts = latest(grouping="kibs_types", by="manufacturing")
    focus = str(parts.country.iloc[0])
    own = parts[parts.country == focus].value
    much, *_, which = cards(desk)
    assert written(own.sum()) in much and f"Together {written(own.sum())}" in which
    assert written(own.max()) in which and "Wholesale" not in which
    desk.go(f"#/measure?name={NAME}&by=manufacturing&grouping=ps_daniels1985")
    assert len(cards(desk)) == 3
    assert desk.page.get_by_role("tab", name="Services").count() == 0


def test_groups_of_services_are_shown_together_first(desk: Watched) -> None:
    desk.go(f"#/measure?name={NAME}&by=industry&industry=C27_28&grouping=kiet")
    rows = latest(grouping="kiet", by="industry")
    focus = str(rows.country.iloc[0])
    own = rows[(rows.industry == "C27_28") & (rows.country == focus)].set_index("group").value
    assert written(own.sum()) in cards(desk)[0] and "all groups together" in cards(desk)[0]
    desk.page.get_by_label("Service group", exact=True).select_option(value="it")
    desk.settled()
    assert written(own["it"]) in cards(desk)[0]
    assert "one of the 8 groups" in desk.page.inner_text(".choices-of-measure")


def test_inputs_of_other_kinds_are_not_called_services(desk: Watched) -> None:
    desk.go(f"#/measure?name={NAME}&by=manufacturing&grouping=energy")
    control = desk.page.get_by_label("Inputs from", exact=True)
    heads = [one.get_attribute("label") or "" for one in control.locator("optgroup").all()]
    assert heads and heads == sorted(heads, key=lambda head: "other kinds" in head)
    assert desk.page.get_by_label("Definition of services", exact=True).count() == 0


@pytest.mark.parametrize("page", ["measure", "chains"])
def test_what_is_not_there_is_said(desk: Watched, page: str) -> None:
    desk.go(f"#/{page}?industry=ZZ&year=1900&country=QQQ&name={NAME}&by=industry&grouping=kiet")
    said = desk.page.locator(".notice.warning").first.inner_text()
    assert all(wrong in said for wrong in ("ZZ", "1900", "QQQ")) and "instead" in said
    desk.page.evaluate("location.hash = location.hash.replace('&year=1900', '')")
    desk.settled()
    assert "1900" not in desk.page.locator(".notice.warning").first.inner_text()


def test_the_link_follows_the_view(desk: Watched) -> None:
    desk.go("#/measure")
    assert desk.page.locator(LINK).inner_text() == desk.page.url
    desk.page.get_by_role("tab", name="Ranking").click()
    assert "view=rank" in desk.page.url
    assert desk.page.locator(LINK).inner_text() == desk.page.url


def test_a_measure_starts_in_manufacturing_with_a_number(desk: Watched) -> None:
    for name, where in (("structural_paths", ""), ("smile_curve", "machinery")):
        desk.go(f"#/measure?name={name}")
        much = cards(desk)[0]
        assert "undefined" not in much and where in much, much
        assert desk.page.get_by_role("tab", name="Services").count() == 0, "no groups"


def test_measures_the_tables_cannot_answer_are_left_out(desk: Watched) -> None:
    desk.go("#/measure")
    desk.page.locator(".field.measure summary").click()
    found = desk.page.locator(".field.measure li")
    names = found.evaluate_all("all => all.map(one => one.dataset.find).join(' ')")
    assert "functional_specialisation" not in names and "service_content" in names


def test_the_order_of_the_heat_map_is_said(desk: Watched) -> None:
    desk.go("#/measure?view=heat")
    assert "ordered by the mean of their row" in desk.page.inner_text(".tabpanel")


def test_industries_of_a_country_are_ranked_and_open_their_cell(desk: Watched) -> None:
    desk.go(f"#/measure?name={NAME}&by=industry&industry=C27_28&grouping=services&view=rank")
    desk.page.get_by_label("Rank", exact=True).select_option("industries")
    desk.settled()
    assert "ranked=industries" in desk.page.url
    rows = latest(grouping="services", by="industry")
    focus = str(rows.country.iloc[0])
    own = rows[(rows.country == focus) & rows.industry.str.startswith("C")]
    own = own.set_index("industry").value
    own = own.dropna().sort_values(ascending=False)
    _, *cells = desk.cells()
    assert [line[0].split()[0] for line in cells] == list(own.index)
    assert [line[1:] for line in cells] == [
        [str(1 + int((own > value).sum())), written(value)] for value in own
    ]
    assert desk.page.locator("tr.marked").inner_text().startswith("C27_28")
    desk.page.locator("figure tbody button").nth(1).press("Enter")
    desk.settled()
    assert f"cell={focus}~{own.index[1]}~services" in desk.page.url
    assert f"add up to {written(own.iloc[1])}" in desk.page.locator(".cell").inner_text()


def test_every_number_of_the_heat_map_is_reached_by_keys(desk: Watched) -> None:
    desk.go(f"#/measure?name={NAME}&by=industry&grouping=services&view=heat&across=industry")
    lines = desk.cells()
    assert desk.page.locator("[data-cell][tabindex='0']").count() == 1, "one stop of Tab"
    assert desk.faults() == []
    desk.page.locator("[data-cell][tabindex='0']").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft"):
        desk.page.keyboard.press(key)
    desk.page.keyboard.press("Enter")
    desk.settled()
    country, industry = desk.page.url.partition("cell=")[2].split("~")[:2]
    assert lines[0][2].startswith(industry)
    rows = latest(grouping="services", by="industry").set_index(["country", "industry"]).value
    assert lines[2][2] == written(rows[country, industry])


def test_ranks_are_shown_under_every_definition(desk: Watched) -> None:
    groupings = {"services": "Services", "ps_daniels1985": "Daniels (1985)",
                 "ps_hktdc": "Hong Kong Trade Development Council"}  # fmt: skip
    wide = {
        words: latest(grouping=name, by="manufacturing").set_index("country").value
        for name, words in groupings.items()
    }
    ranks = {
        words: {code: 1 + int((own > own[code]).sum()) for code in own.index}
        for words, own in wide.items()
    }
    focus = str(wide["Services"].index[0])
    desk.go(f"#/measure?name={NAME}&by=manufacturing&country={focus}&view=definitions")
    own = desk.page.locator(".tabpanel .card table")
    lines = [line.split("\t") for line in own.locator("tbody tr").all_inner_texts()]
    assert {line[0]: line[1:] for line in lines} == {
        words: [str(ranks[words][focus]), "4", written(wide[words][focus])] for words in ranks
    }
    places = sorted(of[focus] for of in ranks.values())
    said = desk.page.locator(".tabpanel p.lead").last.inner_text()
    assert f"rank {places[0]} of 4" in said and f"rank {places[-1]} of 4" in said
    head, *cells = desk.cells(1)
    table = {line[0]: dict(zip(head[1:], line[1:], strict=True)) for line in cells}
    for code in wide["Services"].index:
        own_ranks = {words: str(of[code]) for words, of in ranks.items()}
        assert table[code].items() >= own_ranks.items()
        assert table[code]["Highest rank"] == min(own_ranks.values())
        assert table[code]["Lowest rank"] == max(own_ranks.values())
    own.get_by_role("button", name="Daniels (1985)").press("Enter")
    desk.settled()
    assert "grouping=ps_daniels1985" in desk.page.url


def test_the_second_measure_is_of_the_same_industry_or_says_of_which(desk: Watched) -> None:
    desk.go(f"#/measure?name={NAME}&by=industry&industry=C27_28&grouping=services&view=scatter")
    assert "to the right Manufacturing" in desk.page.locator(".notice.warning").inner_text()
    second = desk.page.get_by_label("Second measure", exact=True)
    second.select_option(label="Upstreamness (Each industry)")
    desk.settled()
    assert desk.page.locator(".notice.warning").count() == 0
    made = desk.page.locator(".tabpanel .about").inner_text()
    assert measure.MEASURES["upstreamness"].formula in made
    assert "servio measure upstreamness" in made and "industry=C27_28" in made
    rows = latest(grouping="services", by="industry")
    first = rows[rows.industry == "C27_28"].set_index("country").value
    table = max(servio.scan(MODEL).tables(), key=lambda one: one.info.year or 0)
    other = measure.upstreamness(table).to_frame()
    other = other[other.industry == "C27_28"].set_index("country").value
    _, *cells = desk.cells()
    shown = [line[1:] for line in cells]
    assert shown == [[written(first[code]), written(other[code])] for code in first.index]
    file = desk.page.locator(".tabpanel figure a[href*='format=csv']").get_attribute("href")
    text = desk.page.request.get(f"{desk.base}/{file}").text()
    saved = pd.read_csv(StringIO(text))
    years = saved.year.unique()
    assert len(years) == 3 and len(saved) == 3 * len(first), "each country's path"
    last = saved[saved.year == max(years)].set_index("country")
    assert last[NAME].to_dict() == pytest.approx(first.to_dict())
    assert last.upstreamness.to_dict() == pytest.approx(other.to_dict())


def explained(desk: Watched) -> tuple[str, str]:
    """The number under the pointer, or taken apart, and the line that gives it."""
    point = desk.page.locator(".about .point").inner_text()
    return point, desk.page.locator(".about .copyable pre").first.inner_text()


@contextmanager
def kept_back(desk: Watched, addresses: re.Pattern[str]) -> Iterator[None]:
    """What is asked at these addresses is answered at the end."""
    held: list[Any] = []
    ended: list[bool] = []
    desk.page.route(addresses, lambda route: route.continue_() if ended else held.append(route))
    yield
    ended.append(True)
    assert held
    for route in held:
        route.continue_()


def pointed(desk: Watched, name: str) -> tuple[str, str]:
    """Down the middle of a figure until it says what is there."""
    host = desk.page.locator(f"[data-done='{name}']")
    host.scroll_into_view_if_needed()
    box = host.bounding_box()
    assert box is not None
    for y in range(0, int(box["height"]), 5):
        desk.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + y)
        desk.page.wait_for_timeout(20)
        if explained(desk)[0]:
            return explained(desk)
    raise AssertionError(f"nothing in {name}")


def test_the_number_pointed_at_is_the_one_explained(desk: Watched) -> None:
    for view in ("all", "services"):
        desk.go(f"#/measure?name={NAME}&by=manufacturing&grouping=services&view={view}")
        desk.page.locator(".answers > li").nth(3).wait_for()
        focus = str(latest(grouping="kiet", by="manufacturing").country.iloc[0])
        assert view != "all" or "--grouping" not in explained(desk)[1]
        assert "--grouping kiet" in pointed(desk, f"{NAME}-services-{focus}")[1]
    desk.go(f"#/measure?name={NAME}&by=manufacturing&grouping=services&view=definitions")
    desk.page.locator("main figure .tools > button").first.click()
    for name in ("ps_daniels1985", "ps_hktdc"):
        words = classify.grouping(name).title.removeprefix("Producer services: ")
        row = desk.page.locator("main figure tbody tr", has_text=words).first
        row.locator("td").last.hover()
        point, line = explained(desk)
        value = float(latest(grouping=name, by="manufacturing").value.iloc[0])
        assert written(value) in point and f"--grouping {name}" in line


@pytest.mark.parametrize("view", ["trend", "definitions", "services"])
def test_a_cell_of_a_table_is_explained_as_itself(desk: Watched, view: str) -> None:
    grouping = "kiet" if view == "services" else "services"
    desk.go(f"#/measure?name={NAME}&by=manufacturing&grouping={grouping}&view={view}")
    head, *cells = desk.cells()
    column = 2
    year = head[column].split()[0]
    row = desk.page.locator("main figure tbody tr").first
    row.locator("td").nth(column - 1).hover()
    assert cells[0][column] in explained(desk)[0] and year in explained(desk)[0]
    row.locator("td").nth(column - 2).locator("button").focus()
    assert cells[0][column - 1] in explained(desk)[0] and year not in explained(desk)[0]
    desk.page.keyboard.press("ArrowRight")
    assert cells[0][column] in explained(desk)[0] and year in explained(desk)[0]
    desk.page.keyboard.press("Enter")
    desk.page.locator(".cell .notice").wait_for()
    desk.settled()
    assert f"~{year}~" in desk.page.url
    said = desk.page.locator(".cell .lead").first.inner_text()
    assert cells[0][column] in said and year in said


@pytest.mark.parametrize("last", ["cell", "measure"])
def test_a_number_of_the_link_is_explained_whatever_answer_is_last(
    desk: Watched, last: str
) -> None:
    rows = latest(grouping="kiet", by="industry")
    industry, year = "C26", 2002
    own = rows[(rows.country == "M02") & (rows.group == "it") & (rows.industry == industry)]
    value = float(own.value.iloc[0])
    with kept_back(desk, re.compile(f"/api/{last}/")):
        desk.page.goto(
            f"{desk.base}/#/measure?name={NAME}&view=heat&"
            f"cell=M02~{industry}~it~{year}~industry~kiet~manufacturing"
        )
        desk.page.wait_for_timeout(1500)
    desk.page.locator(".cell .notice").wait_for()
    desk.settled()
    point, line = explained(desk)
    assert written(value) in point and str(year) in point
    assert f"--where industry={industry}" in line and f"--year {year}" in line
    desk.page.locator(".cell").get_by_role("button", name="Close").click()
    assert "--year" not in explained(desk)[1]


def test_the_number_taken_apart_follows_the_controls(desk: Watched) -> None:
    cell = "M01~C27_28~~2002~industry~services~manufacturing"
    whole = "by=industry&only=manufacturing&grouping=services"
    desk.go(f"#/measure?name={NAME}&{whole}&industry=C27_28&cell={cell}")
    control = desk.page.get_by_label("Industry or group", exact=True)
    words = [w for w in control.locator("option").all_inner_texts() if w.startswith("C26")]
    choose(desk, "Industry or group", words[0])
    code = desk.page.url.partition("industry=")[2].partition("&")[0]
    assert f"cell=M01~{code}~" in desk.page.url
    rows = latest(grouping="services", by="industry")
    value = float(rows[(rows.industry == code) & (rows.country == "M01")].value.iloc[0])
    assert written(value) in desk.page.locator(".cell .lead").first.inner_text()
    assert written(value) in explained(desk)[0]


def test_imports_are_called_so(desk: Watched) -> None:
    cell = "M01~manufacturing~~2002~manufacturing~services~"
    desk.go(f"#/measure?name={NAME}&by=manufacturing&origin=imported&cell={cell}")
    desk.page.locator(".cell dl").wait_for()
    said = desk.page.locator(".cell dl").first.inner_text()
    assert "Bought from suppliers abroad" in said and "all suppliers" not in said


@pytest.mark.parametrize("wrong", ["grouping=zzz", "cell=QQQ~zzz", "origin=zzz", "table=zzz"])
def test_no_value_of_a_link_ends_in_an_error(desk: Watched, wrong: str) -> None:
    desk.go(f"#/measure?name={NAME}&by=manufacturing&{wrong}")
    notices = desk.page.locator("main .notice")
    assert "zzz" in notices.first.inner_text() and notices.count() == 1
    assert written(float(latest(by="manufacturing").value.iloc[0])) in cards(desk)[0]


def test_a_number_that_is_not_there_is_said(desk: Watched) -> None:
    desk.go(f"#/measure?name={NAME}&cell=M01~A01~~2002~industry~services~manufacturing")
    said = desk.page.locator(".cell .notice.warning").inner_text()
    assert "A01" in said and "left out" in said
    assert explained(desk)[0] == ""


def test_a_measure_of_two_groups_offers_no_view_by_many(desk: Watched) -> None:
    desk.go("#/measure?name=inducement_pair&grouping=kiet")
    assert "kiet" in desk.page.locator("main .notice").inner_text()
    assert "Services" not in desk.page.locator("[role=tab]").all_inner_texts()
    offered = desk.page.locator("[data-control=grouping] option")
    names = offered.evaluate_all("all => all.map(one => one.value)")
    assert "services" in names and "kiet" not in names


def test_an_own_table_is_asked_what_it_can_answer(desk: Watched, tmp_path: Path) -> None:
    file = shutil.make_archive(str(tmp_path / "own"), "zip", EXAMPLES, "two-sector")
    desk.go("#/data")
    desk.page.set_input_files("input[type=file]", file)
    desk.page.click("form button[type=submit]")
    desk.page.get_by_role("link", name="Measure it").click()
    desk.page.locator(".answers").wait_for()
    assert "1.52" in cards(desk)[0] and "own.zip" in cards(desk)[0]
    tabs = desk.page.locator("[role=tab]").all_inner_texts()
    assert tabs == ["Overview", "Ranking", "Table"]
    assert desk.page.locator(".host[data-done]").count() == 1
    desk.go("#/measure?grouping=kiet&by=industry")
    choose(desk, "Table", "own.zip")
    assert "kiet" not in desk.page.url
    desk.page.locator(".answers", has_text="own.zip").wait_for()
    offered = desk.page.get_by_label("Definition of services", exact=True).locator("option")
    assert offered.all_inner_texts() == ["services", "manufacturing"]
    assert "0.2000" in cards(desk)[0]
    assert desk.page.get_by_role("tab", name="Services").count() == 0
    assert desk.page.locator("main .notice").count() == 0
    desk.page.get_by_role("tab", name="Table").click()
    desk.page.locator(".tabpanel tbody button").first.click()
    desk.page.locator(".cell .notice").wait_for()
    assert "add up to 0.2000" in desk.page.locator(".cell").inner_text()


def test_what_is_computed_late_is_said_to_come(desk: Watched) -> None:
    late = desk.page.locator(".answers > li[aria-busy=true]")
    with kept_back(desk, re.compile("/api/measure/.*grouping=kiet")):
        desk.page.goto(f"{desk.base}/#/measure?name={NAME}&by=manufacturing&view=trend")
        late.wait_for()
        assert "By which services?" in late.inner_text()
    desk.settled()
    assert late.count() == 0 and len(cards(desk)) == 4
