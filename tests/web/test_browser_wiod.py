"""Every page of the observatory on studies of WIOD, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import servio
from servio import measure
from servio import study as studies
from servio.explain import claims
from servio.study import StudyStore
from servio.table import IOTable
from servio.web import application
from servio.web._jobs import Jobs
from web_browser import DESK, LOOKS, WAIT, Watched, looks, needs_browser, watched, written
from web_server import listening

if TYPE_CHECKING:
    import pandas as pd
    from playwright.sync_api import Browser

pytestmark = [
    needs_browser,
    pytest.mark.skipif(not find_spec("pyfixest"), reason="needs the extra econ"),
]

NATIONAL = """
[study]
title = "Services in manufacturing, five countries"
focus = ["KOR"]
base_year = 2007
[[tables]]
path = "{shared}/data/wiod2016_niot"
source = "wiod2016"
countries = ["KOR", "DEU", "JPN", "USA", "CHN"]
years = [2007, 2008, 2009, 2010, 2011, 2012, 2013, 2014]
accounts = "{shared}/data/wiod2016_sea/wiod2016_sea.parquet"
[[measures]]
name = "service_input_coefficient"
grouping = ["services", "kiet", "ps_daniels1985", "ps_hktdc"]
by = ["manufacturing", "industry"]
only = "manufacturing"
[[measures]]
name = "service_input_share"
grouping = ["services", "kiet"]
by = ["manufacturing", "industry"]
only = "manufacturing"
[[measures]]
name = "convergence_rate"
grouping = "kiet"
mutual = "mean"
by = "industry"
only = "manufacturing"
[[measures]]
name = "account"
of = ["value_added", "output", "LAB", "EMP", "GO"]
by = "sectors"
[[measures]]
name = "account"
of = ["SEA_VA", "VA_PI", "K", "EMP"]
by = "industry"
only = "manufacturing"
[modes]
draws = 20
[symbiosis]
[make_or_buy]
calibrate = true
[panel]
only = "manufacturing"
lags = true
[[panel.columns]]
name = "va"
measure = "account"
of = "SEA_VA"
by = "industry"
[[panel.columns]]
name = "va_price"
measure = "account"
of = "VA_PI"
by = "industry"
[[panel.columns]]
name = "capital"
measure = "account"
of = "K"
by = "industry"
[[panel.columns]]
name = "persons"
measure = "account"
of = "EMP"
by = "industry"
[[panel.columns]]
name = "conv"
measure = "service_input_share"
grouping = "services"
by = "industry"
[[panel.columns]]
name = "conv_it"
measure = "service_input_share"
grouping = "kiet"
group = "it"
by = "industry"
[[panel.derived]]
name = "ln_va"
expression = "log(va / va_price * 100)"
[[panel.derived]]
name = "ln_k"
expression = "log(capital)"
[[panel.derived]]
name = "ln_emp"
expression = "log(persons)"
[[panel.classes]]
name = "technology"
grouping = "technology"
merge = {{ high = ["high", "medium_high"], low = ["medium", "medium_low"] }}
[[estimates]]
name = "main"
formula = "ln_va ~ ln_k + ln_emp + conv_it_lag | country:industry + year"
vcov = {{ cluster = "country:industry" }}
[[estimates]]
name = "all services"
formula = "ln_va ~ ln_k + ln_emp + conv_lag | country:industry + year"
vcov = {{ cluster = "country:industry" }}
[[estimates]]
name = "by type"
formula = "ln_va ~ ln_k + ln_emp + i(technology, conv_it_lag) | country:industry + year"
vcov = {{ cluster = "country:industry" }}
"""
WORLD = """
[study]
title = "Chains across borders"
focus = ["KOR"]
[[tables]]
path = "{shared}/data/wiod2013_wiot"
source = "wiod2013"
years = [2011]
[[measures]]
name = "service_content_of_exports"
grouping = "services"
by = "manufacturing"
[[measures]]
name = "participation"
by = "manufacturing"
"""
COEFFICIENT = "#/measure?name=service_input_coefficient"
WHOLE = {"grouping": "services", "by": "manufacturing"}
COLOURED = 40


@dataclass(frozen=True)
class Served:
    """A study with its page, and a table of it that Python reads."""

    store: StudyStore
    base: str
    table: IOTable

    def rows(self, name: str = "service_input_coefficient", **options: Any) -> pd.DataFrame:
        """The Python call on the table: the numbers of Korea, by industry."""
        found: pd.DataFrame = getattr(measure, name)(self.table, **options).to_frame()
        return found[found.country == "KOR"].set_index("industry")

    def stored(self, country: str = "KOR", **options: Any) -> pd.DataFrame:
        """What the study holds of the coefficient, by year."""
        found = self.store.results("service_input_coefficient", country=country, **options)
        return found.set_index("year").sort_index()


@contextmanager
def served(text: str, shared: Path, folder: Path, table: IOTable) -> Iterator[Served]:
    parsed = studies.parse(text.format(shared=shared.as_posix()), "wiod.toml", folder)
    store = studies.run(parsed, folder / "out", workers=1)
    with listening(application(store, jobs=Jobs(store, workers=1))) as client:
        yield Served(store, str(client.base_url), table)


@pytest.fixture(scope="module")
def national(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Five countries and eight years of WIOD 2016."""
    data = shared / "data" / "wiod2016_niot"
    table = servio.read(data, source="wiod2016", country="KOR", year=2014)
    with served(NATIONAL, shared, tmp_path_factory.mktemp("national"), table) as one:
        yield one


@pytest.fixture(scope="module")
def world(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The world of WIOD 2013 in 2011."""
    table = servio.read(shared / "data" / "wiod2013_wiot", source="wiod2013", year=2011)
    with served(WORLD, shared, tmp_path_factory.mktemp("world"), table) as one:
        yield one


def text(one: Watched, place: str = "main") -> str:
    return one.page.locator(place).first.inner_text()


def row(cells: list[list[str]], *start: str) -> list[str]:
    """The only row that starts so."""
    (found,) = [line for line in cells if tuple(line[: len(start)]) == start]
    return found


# -- home, measure ---------------------------------------------------------------------------------


def home(one: Watched, study: Served) -> None:
    value = study.rows(**WHOLE).value["manufacturing"]
    first = one.page.locator(".headline").first
    assert text(one, "h1") == "Services in manufacturing, five countries"
    assert first.locator(".figure-number").inner_text() == written(value)
    assert "second lowest of 5 countries" in first.inner_text()
    assert one.page.locator(".headline").count() == 4
    assert "40 tables audited: 0 fail" in text(one)
    said = [
        (
            card.locator(".figure-number").inner_text(),
            card.get_by_role("link").get_attribute("href"),
        )
        for card in one.page.locator(".headline").all()
    ]
    for number, address in said:
        one.go(str(address))
        assert text(one, ".answers .figure-number") == number


def trend(one: Watched, study: Served) -> None:
    low, high = sorted(
        study.rows(grouping=name, by="manufacturing").value["manufacturing"]
        for name in ("ps_daniels1985", "ps_hktdc")
    )
    one.page.locator("figcaption", has_text="shaded: South Korea under 2 definitions").wait_for()
    assert f"{written(low)} to {written(high)} under 2 definitions" in text(one, ".answers")
    values = study.stored(**WHOLE).value
    assert row(one.cells(), "South Korea")[1:] == [written(value) for value in values]
    assert list(values.index) == list(range(2007, 2015))


def ranking(one: Watched, study: Served) -> None:
    found = study.store.results("service_input_coefficient", year=2014, **WHOLE)
    order = found.sort_values("value", ascending=False)
    _, *cells = one.cells()
    assert [line[1:] for line in cells] == [
        [str(rank), written(value)] for rank, value in enumerate(order.value, start=1)
    ]
    assert list(order.country) == ["DEU", "USA", "JPN", "KOR", "CHN"]
    assert [line[0] for line in cells] == [
        "Germany", "United States", "Japan", "South Korea", "China"
    ]  # fmt: skip


def world_map(one: Watched, study: Served) -> None:
    value = study.stored("DEU", **WHOLE).value[2014]
    assert row(one.cells(), "Germany") == ["Germany", written(value)]


def services(one: Watched, study: Served) -> None:
    parts = study.rows(grouping="kiet", by="manufacturing")
    _, *cells = one.cells()
    assert [line[-1] for line in cells] == [written(value) for value in parts.value]
    assert parts.value.sum() == pytest.approx(study.rows(**WHOLE).value["manufacturing"])
    across = one.cells(1)
    assert [line[1] for line in across[1:]] == [line[-1] for line in cells]
    assert across[0][1] == "South Korea"


def heat(one: Watched, study: Served) -> None:
    values = study.rows(grouping="services", by="industry").value
    head, *_ = cells = one.cells()
    own = row(cells, "South Korea")
    codes = [name.split()[0] for name in head[1:]]
    assert codes[:2] == ["C10-C12", "C13-C15"] and len(codes) == 19
    expected = [written(values[c]) if values[c] == values[c] else "undefined" for c in codes]
    assert [cell if cell not in ("–", "") else "undefined" for cell in own[1:]] == expected


def scatter(one: Watched, study: Served) -> None:
    first = study.rows(**WHOLE).value["manufacturing"]
    second = study.rows("service_input_share", **WHOLE).value["manufacturing"]
    assert row(one.cells(), "South Korea")[1:] == [written(first), written(second, "share")]


def definitions(one: Watched, study: Served) -> None:
    cells = one.cells()
    for name, words in (("services", "Services"), ("ps_daniels1985", "Daniels (1985)")):
        values = study.stored(grouping=name, by="manufacturing").value
        assert row(cells, words)[1:] == [written(value) for value in values]


def number_table(one: Watched, study: Served) -> None:
    value = study.rows(**WHOLE).value["manufacturing"]
    own = one.page.locator(".tabpanel tbody tr", has_text="South Korea")
    assert own.locator("td").last.inner_text() == written(value)
    own.get_by_role("button", name="South Korea").click()
    one.page.locator(".cell .notice").wait_for()
    one.settled()
    said = text(one, ".cell")
    share = study.rows("service_input_share", **WHOLE).value["manufacturing"]
    assert f"add up to {written(value)}, the number is {written(value)}" in said
    assert f"million USD = {written(share, 'share')}" in said
    assert one.page.locator(".cell table tbody tr").count() == 31
    one.shot("wiod-cell")
    assert one.faults() == []


# -- chains ----------------------------------------------------------------------------------------


def stages_of_one_country(one: Watched, study: Served) -> None:
    table = study.table
    output = table.x[table.axis.labels.index("KOR_C26")]
    own = table.axis.labels.index("KOR_C26")
    domestic = table.Z[own, own]
    assert "imports are one block" in text(one)
    assert f"Of the output of {written(output)} million USD" in text(one)
    name = "C26 Computer, electronic and optical products"
    line = row(one.cells(), name, name, "1")
    assert line[3:] == [written(domestic), written(domestic / output, "share")]


def stages(one: Watched, study: Served) -> None:
    labels, table = study.table.axis.labels, study.table
    here, there = labels.index("KOR_c14"), labels.index("CHN_c14")
    output, flow = table.x[here], table.Z[there, here]
    assert f"Of the output of {written(output)} million USD" in text(one)
    assert "imports are one block" not in text(one)
    name = "c14 Electrical and Optical Equipment"
    line = row(one.cells(), f"CHN {name}", name, "1")
    assert line[3:] == [written(flow), written(flow / output, "share")]


def smile(one: Watched, study: Served) -> None:
    found = study.rows("smile_curve", chain="KOR_c14", form="distance").value
    share = study.rows("smile_curve", chain="KOR_c14", form="share").value
    assert "Services earn 25.2 % of what all earners of this chain get" in text(one)
    line = row(one.cells(), "c14 Electrical and Optical Equipment")
    assert line[1] == written(found["c14"]) and line[3] == written(share["c14"], "share")


def positions(one: Watched, study: Served) -> None:
    up = study.rows("upstreamness", by="industry").value
    down = study.rows("downstreamness", by="industry").value
    cells = one.cells()
    assert len(cells) == 1 + 35
    line = row(cells, "c14 Electrical and Optical Equipment")
    assert line[1:3] == [written(up["c14"]), written(down["c14"])]


def income(one: Watched, study: Served) -> None:
    call = measure.chain_income(study.table, chain="KOR_c14", form="total", by="sectors")
    found = call.to_frame()
    total = found.value.sum()
    services = found[found.industry == "services"].value.sum() / total
    home = found[found.country == "KOR"].value.sum() / total
    said = f"Services get {written(services, 'share')} of {written(total)} million USD; "
    assert said + f"{written(home, 'share')} stays at home" in text(one)
    countries = list(dict.fromkeys(line[0] for line in one.cells()[1:]))
    assert countries[:2] == ["South Korea", "China"]


def exports(one: Watched, study: Served) -> None:
    value = study.rows("service_content_of_exports", **WHOLE).value["manufacturing"]
    own = one.page.locator(".tabpanel tbody tr", has_text="South Korea")
    assert own.locator("td").last.inner_text() == written(value, "share")
    said = text(one, ".answers")
    assert written(value, "share") in said
    assert "39 of 40" in said, "the rest of the world has no rank"


# -- interaction, explain, claims, data ------------------------------------------------------------


def modes(one: Watched, study: Served) -> None:
    kept = study.store.modes()
    assert kept is not None
    found = kept.query("country == 'KOR' and group == 'it' and period == 'whole'")
    cells = [line for line in one.cells() if line[1] == "2007–2014"]
    assert [(line[0].split()[0], line[2], line[3]) for line in cells] == [
        (r.industry, r.mode, written(r.confidence, "share")) for r in found.itertuples()
    ]
    assert len(cells) == 18


def community(one: Watched, study: Served) -> None:
    found = study.rows("nutrition", form="direct", by="broad").loc["manufacturing"]
    share = found.set_index("group").value
    name = "{} sub-community".format
    lines = one.cells()
    own = row(lines, name("Manufacturing"), name("Manufacturing"))
    assert own[3] == written(share["manufacturing"], "share")
    line = row(lines, name("Producer-services"), name("Manufacturing"))
    assert line[3] == written(share["producer_services"], "share")


def symbiosis(one: Watched, study: Served) -> None:
    kept = study.store.symbiosis()
    assert kept is not None
    own = kept.set_index("country").loc["KOR"]
    notice = text(one, ".tabpanel .notice")
    assert own.kind.split(";")[0] in notice
    if own.reason:
        assert own.reason.split(";")[0] in notice
    added = study.store.results("account", of="value_added", by="sectors", country="KOR")
    observed = added[added.industry == "services"].set_index("year").value
    cells = one.cells(2)
    assert [row(cells, str(year))[1] for year in observed.index] == [
        written(value) for value in observed
    ]


def mutualism(one: Watched, study: Served) -> None:
    signs = {4: "+ +", 2: "+ −", -2: "− +", -4: "− −"}
    found = study.rows("utility_relation", form="relation", by="broad")
    code = found.loc["manufacturing"].set_index("group").value["producer_services"]
    cells = one.cells()
    assert len(cells) == 1 + 5 * 10
    assert signs[code] in row(cells, "South Korea", "Manufacturing – Producer services")[2]


def coefficients(one: Watched, study: Served) -> None:
    estimate = study.store.estimates()["main"]
    found = estimate.to_frame().set_index("term").loc["conv_it_lag"]
    line = row(one.cells(), "main", "IT and information services")
    assert line[2] == written(found.estimate)
    assert line[5:7] == [written(found.lower), written(found.upper)]


def curve(one: Watched, study: Served) -> None:
    estimate = study.store.estimates()["main"]
    (line,) = one.cells()[1:]
    assert line[0] == "main" and line[4] == str(estimate.n)
    assert f"{len(one.cells(1)) - 1} specifications: median" in text(one)


def margins(one: Watched, study: Served) -> None:
    found = study.store.estimates()["by type"].to_frame().set_index("term").estimate
    slopes = [value for term, value in found.items() if "conv_it_lag" in str(term)]
    assert sorted(line[1] for line in one.cells()[1:]) == sorted(map(written, slopes))
    assert [line[0] for line in one.cells(1)[1:]] == [
        "China", "Germany", "Japan", "South Korea", "United States"
    ]  # fmt: skip


def sample(one: Watched, study: Served) -> None:
    panel = study.store.panel()
    assert panel is not None
    rows = len(panel.frame)
    assert f"{study.store.estimates()['main'].n} of {rows} rows" in text(one)
    own = study.store.estimates()["main"].to_frame().set_index("term").loc["ln_emp"]
    line = one.page.locator(".tabpanel tbody tr", has_text="ln_emp").first.inner_text()
    assert written(own.estimate) in line and written(own.std_error) in line


def book(one: Watched, study: Served) -> None:
    assert one.page.locator("li.claim").count() == len(claims())
    found = study.store.results("service_input_share", year=2014, **WHOLE).value
    claim = one.page.locator("li.claim", has_text="TR-1a")
    assert "contradicted" in claim.inner_text().lower()
    said = f"services in inputs bought, {found.median() * 100:.1f}%"
    assert said in claim.inner_text()
    one.page.get_by_role("button", name="Evidence: TR-1a").click()
    one.settled()
    assert "servio claims out --only TR-1a" in claim.inner_text()


def audits(one: Watched, study: Served) -> None:
    place = one.page.locator(".page table").first
    assert place.locator("tbody tr").count() == 40
    own = place.locator("tbody tr", has_text="South Korea 2014")
    audit = study.store.audits().query("country == 'KOR' and year == 2014").iloc[0]
    mantissa, power = f"{audit.data_residual:.1e}".split("e")
    assert f"{mantissa}e{int(power)}" in own.inner_text()
    own.get_by_role("button").click()
    one.settled()
    assert "country=KOR" in one.page.url and "year=2014" in one.page.url


VIEWS: dict[str, tuple[str, Callable[[Watched, Served], None], tuple[str, ...]]] = {
    "home": ("", home, ()),
    "trend": (f"{COEFFICIENT}&view=trend", trend, ("service_input_coefficient-trend",)),
    "rank": (f"{COEFFICIENT}&view=rank", ranking, ("service_input_coefficient-ranking-2014",)),
    "map": (f"{COEFFICIENT}&view=map", world_map, ("service_input_coefficient-map-2014",)),
    "services": (f"{COEFFICIENT}&view=services", services, (
        "service_input_coefficient-services-KOR", "service_input_coefficient-services-2014")),
    "heat": (f"{COEFFICIENT}&view=heat", heat, ("service_input_coefficient-heat-industry",)),
    "scatter": (f"{COEFFICIENT}&view=scatter", scatter, (
        "service_input_coefficient-service_input_share-2014",)),
    "definitions": (f"{COEFFICIENT}&view=definitions", definitions, (
        "service_input_coefficient-definitions-KOR",)),
    "table": (f"{COEFFICIENT}&view=table", number_table, ()),
    "chains": ("#/chains", stages_of_one_country, ("chain-stages",)),
    "modes": ("#/interaction?view=modes", modes, ("modes", "modes-windows-own")),
    "community": ("#/interaction?view=community", community, (
        "community-broad", "community-relations-broad", "community-adhesion-broad")),
    "symbiosis": ("#/interaction?view=symbiosis", symbiosis, (
        "symbiosis-KOR", "symbiosis-manufacturing", "symbiosis-services")),
    "mutualism": ("#/interaction?view=mutualism", mutualism, (
        "mutualism-broad", "mutualism-broad-KOR")),
    "coefficients": ("#/explain", coefficients, ("coefficients",)),
    "curve": ("#/explain?view=curve", curve, ("curve-study", "curve-panel")),
    "margins": ("#/explain?view=margins&estimate=by-type", margins, ("margins-cells", "margins")),
    "sample": ("#/explain?view=sample", sample, ()),
    "claims": ("#/claims", book, ()),
    "data": ("#/data", audits, ()),
}  # fmt: skip
WORLDS: dict[str, tuple[str, Callable[[Watched, Served], None], tuple[str, ...]]] = {
    "stages": ("#/chains", stages, ("chain-stages",)),
    "smile": ("#/chains?view=smile", smile, ("chain-smile",)),
    "positions": ("#/chains?view=positions", positions, ("chain-positions",)),
    "income": ("#/chains?view=income", income, ("chain-income", "chain-income-stages")),
    "exports": ("#/measure?view=table", exports, ()),
}


def drawn(one: Watched, names: tuple[str, ...]) -> None:
    """Wait until each of these figures shows something."""
    for name in names:
        one.page.wait_for_selector(f"[data-done='{name}']", timeout=WAIT)
    one.settled()
    assert {name: count for name, count in one.coloured().items() if count < COLOURED} == {}


def visited(browser: Browser, study: Served, name: str, views: dict[str, Any]) -> None:
    """At a desk and on a phone: what is shown is so, fits, is accessible and clean."""
    address, holds, names = views[name]
    with watched(browser, study.base, **DESK) as one:
        one.go(address)
        drawn(one, names)
        one.shot(f"wiod-{name}")
        assert one.faults() == []
        holds(one, study)
        one.clean()
    with watched(browser, study.base, **LOOKS["phone"]) as one:
        one.go(address)
        drawn(one, names)
        one.shot(f"wiod-{name}-phone")
        assert one.overflow() <= 0
        one.clean()


@pytest.mark.parametrize("name", VIEWS)
def test_pages_of_national_tables(browser: Browser, national: Served, name: str) -> None:
    visited(browser, national, name, VIEWS)


@pytest.mark.parametrize("name", WORLDS)
def test_pages_of_a_world_table(browser: Browser, world: Served, name: str) -> None:
    visited(browser, world, name, WORLDS)


@looks("dark-korean", "4K")
@pytest.mark.parametrize("name", ["home", "trend", "chains"])
def test_pages_in_other_looks(
    browser: Browser,
    national: Served,
    name: str,
    look: dict[str, Any],
    request: pytest.FixtureRequest,
) -> None:
    address, _, names = VIEWS[name]
    with watched(browser, national.base, **look) as one:
        one.go(address)
        drawn(one, names)
        one.shot(f"wiod-{request.node.callspec.id}")
        one.sound()
