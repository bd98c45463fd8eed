"""Sections on panel and models say what the estimates say, and mark what they should."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from report_stores import Altered
from servio.explain import Panel, regression_table
from servio.explain.tables import digits
from servio.report import _explain, traps
from servio.report._blocks import Figure, Section, Table, Text
from servio.report._page import Report, as_html, build
from servio.report._workbook import as_xlsx
from servio.report.models import Models, Size, _is_linear
from servio.study import StudyStore, _model

COLUMNS = [
    ("va", "account", "of", "value_added", "industry"),
    ("output", "account", "of", "output", "industry"),
    ("economy", "account", "of", "output", "economy"),
    ("daniels", "service_input_share", "grouping", "ps_daniels1985", "industry"),
    ("kibs", "service_input_share", "grouping", "kibs", "industry"),
    ("all", "service_input_share", "grouping", "services", "industry"),
    ("out_daniels", "service_input_coefficient", "grouping", "ps_daniels1985", "industry"),
    ("out_kibs", "service_input_coefficient", "grouping", "kibs", "industry"),
]
MODEL = """
[study]
title = "Explained"
focus = ["M02"]
[[tables]]
path = "model:countries=4,industries=30,years=6"
[[measures]]
name = "service_input_share"
grouping = ["services", "ps_daniels1985", "kibs"]
by = "industry"
only = "manufacturing"
[[measures]]
name = "service_input_coefficient"
grouping = ["ps_daniels1985", "kibs"]
by = "industry"
only = "manufacturing"
[[measures]]
name = "account"
of = ["value_added", "output"]
by = ["industry", "economy"]
only = "manufacturing"
[panel]
lags = true
columns = [
COLUMNS
]
[[panel.derived]]
name = "ln_va"
expression = "log(va)"
[[panel.derived]]
name = "ln_x"
expression = "log(economy)"
[[panel.classes]]
name = "size"
column = "economy"
labels = ["small", "large"]
[[panel.classes]]
name = "technology"
grouping = "technology"
merge = { high = ["high", "medium_high"], low = ["medium", "medium_low"] }
""".replace("COLUMNS", ",\n".join(
    f'{{ name = "{name}", measure = "{measure}", {key} = "{value}", by = "{by}" }}'
    for name, measure, key, value, by in COLUMNS
))  # fmt: skip
MODELS = {
    "main": ("ln_x + daniels_lag + kibs_lag", ""),
    "same year": ("ln_x + daniels + kibs", 'trap = "mechanical"'),
    "per output": ("ln_x + out_daniels_lag + out_kibs_lag", 'trap = "mechanical"'),
    "heavy": ("ln_x + daniels_lag + kibs_lag", 'trap = "weights"\nweights = "output"'),
    "dynamic": ("lag(ln_va) + ln_x + daniels_lag + kibs_lag", 'trap = "nickell"'),
    "late": ("ln_x + daniels_lag + kibs_lag", 'where = "year > 2002"'),
    "alone": ("ln_x + all_lag", ""),
    "by type": ("ln_x + i(technology:size, daniels_lag)", ""),
    "products": ("ln_x + daniels_lag + daniels_lag:technology_high + daniels_lag:size_large + "
                 "daniels_lag:technology_high:size_large", ""),
    "by country": ("ln_x + i(country, daniels_lag)", ""),
    "squared": ("ln_x + daniels_lag + I(daniels_lag^2) + kibs_lag", ""),
    "impossible": ("ln_x + size_small + daniels_lag", ""),
}  # fmt: skip
STUDY = MODEL + "".join(
    f'[[estimates]]\nname = "{name}"\nformula = "ln_va ~ {terms} | country:industry + year"\n'
    f'vcov = {{ cluster = "country:industry" }}\n{more}\n'
    for name, (terms, more) in MODELS.items()
)


@pytest.fixture(scope="module")
def explained(make: Callable[[str], StudyStore]) -> StudyStore:
    return make(STUDY)


@pytest.fixture(scope="module")
def read(explained: StudyStore) -> Models:
    return Models(explained)


@pytest.fixture(scope="module")
def made(explained: StudyStore) -> Report:
    return build(explained)


@pytest.fixture(scope="module")
def text(made: Report) -> str:
    return as_html(made, as_xlsx(made))


def section(made: Report, title: str) -> Section:
    return next(s for s in made.models if s.title.startswith(title))


def figure(made: Report, title: str) -> Figure:
    return next(b for b in section(made, title).blocks if isinstance(b, Figure))


# -- what stands for what


def test_terms_are_known_by_what_they_measure_not_by_their_names(read: Models) -> None:
    found = read.service_terms(read.estimates["same year"])
    assert [(t.column, t.service.grouping, t.lagged) for t in found] == [
        ("daniels", "ps_daniels1985", False), ("kibs", "kibs", False)]  # fmt: skip
    found = read.service_terms(read.estimates["per output"])
    assert [(t.column, t.service.grouping, t.lagged) for t in found] == [
        ("out_daniels", "ps_daniels1985", True), ("out_kibs", "kibs", True)]  # fmt: skip
    assert len({t.measure for t in found}) == 1
    assert read.service_terms(read.estimates["by type"]) == []
    assert [t.column for t in read.interacted(read.estimates["products"])] == ["daniels"]


def test_roles_of_estimates(read: Models) -> None:
    assert read.main is not None and read.main.name == "main"
    assert [e.name for e in read.by_type] == ["by type", "products", "by country"]
    assert [e.name for e in read.subsets] == ["late"]
    assert [e.name for e in read.alone] == ["alone"]
    assert [e.name for e in read.trapped("mechanical")] == ["same year", "per output"]
    every = {read.main.name, *(e.name for e in (*read.by_type, *read.subsets, *read.alone,
                                                *read.robustness))}  # fmt: skip
    assert every == set(read.estimates)


def test_a_bent_slope_is_no_single_number(read: Models) -> None:
    found = read.service_terms(read.estimates["squared"])
    assert [t.column for t in found] == ["kibs"]
    yes = ("x", "lag(x, 2)", "d(x)", "lag(d(x))", "I(lag(x) - lag(x, 6))", "(x)")
    no = ("log(x)", "x^2", "x * 2", "sqrt(lag(x))", "abs(x)")
    assert all(map(_is_linear, yes)) and not any(map(_is_linear, no))


def test_effects_are_coefficients_times_the_sd_inside_entities(read: Models) -> None:
    assert read.main is not None
    term = read.service_terms(read.main)[0]
    frame = read.panel.frame
    means = frame.groupby(["country", "industry"])["daniels"].transform("mean")
    sd = float(np.std(frame["daniels"] - means, ddof=1))
    b = read.main.coefficients[read.main.position("daniels_lag")]
    assert read.is_log(read.main)
    assert read.effect(term).value == pytest.approx(b * sd * 100, rel=1e-12)
    lower, upper = read.main.interval()
    place = read.main.position("daniels_lag")
    assert read.coefficient(term).lower == pytest.approx(lower[place], rel=1e-12)
    assert read.coefficient(term).upper == pytest.approx(upper[place], rel=1e-12)


def test_slopes_of_cells_are_sums_of_coefficients(read: Models) -> None:
    one = read.estimates["products"]
    cells = dict(read.cells(read.interacted(one)[0]) or ())
    b = dict(zip(one.terms, one.coefficients, strict=True))
    assert set(cells) == {f"{t} technology, {s} size" for t in ("high", "low")
                          for s in ("large", "small")}  # fmt: skip
    assert cells["low technology, small size"].value == pytest.approx(b["daniels_lag"])
    both = sum(v for k, v in b.items() if k.startswith("daniels_lag"))
    assert cells["high technology, large size"].value == pytest.approx(both)
    other = dict(read.cells(read.interacted(read.estimates["by type"])[0]) or ())
    assert set(other) == set(cells)


def test_the_country_looked_at_is_in_the_cells_of_its_class(read: Models) -> None:
    panel: Panel = read.panel
    own = panel.frame.loc[panel.frame["country"] == "M02", "size"].unique()
    for name in ("by type", "products"):
        rows = _explain._types_rows(read, read.interacted(read.estimates[name])[0])
        marked = [row for row, _, mark in rows if mark]
        assert len(marked) == 2 and all(f"{own[0]} size · M02" in row for row in marked)


# -- sections


def test_every_section_is_there(made: Report, text: str) -> None:
    titles = [s.title for s in made.models]
    assert titles == [
        "The panel", "What convergence goes with", "For whom: kinds of industries and economies",
        "For whom: countries", "Definitions of convergence and of services in models",
        "Specification curve", "Traps", "Tables of models", "Models without an answer",
    ]  # fmt: skip
    for title in titles:
        assert f"<h2>{title}</h2>" in text


def test_reasons_for_rows_left_out_add_up(made: Report, read: Models) -> None:
    table = section(made, "The panel").blocks[0]
    assert isinstance(table, Table)
    if len(read.panel.dropped):
        assert sum(int(row[1].replace(",", "")) for row in table.rows) == len(read.panel.dropped)


def test_main_figure_holds_the_estimates(made: Report, read: Models) -> None:
    data = figure(made, "What convergence").data.set_index("term")
    assert read.main is not None
    tidy = read.main.to_frame().set_index("term").loc[["daniels_lag", "kibs_lag"]]
    np.testing.assert_allclose(data.loc[tidy.index, "coefficient"], tidy["estimate"])
    np.testing.assert_allclose(data.loc[tidy.index, "upper"], tidy["upper"])


def test_specification_curve_holds_every_plain_slope_of_a_service(made: Report) -> None:
    data = figure(made, "Specification").data
    names = set(data.loc[data["service"] == data["service"].iloc[0], "estimate"])
    assert {"main", "same year", "per output", "heavy", "dynamic", "late"} <= names
    assert not names & {"by type", "products", "by country", "alone"}
    for _, own in data.groupby("service"):
        assert own["effect_of_one_sd"].is_monotonic_increasing


def test_every_trap_has_a_paragraph_and_its_columns_numbers(made: Report, read: Models) -> None:
    texts = [b for b in section(made, "Traps").blocks if isinstance(b, Text)]
    assert [t.title for t in texts] == [t.title for t in traps.TRAPS]
    mechanical = texts[0].text
    assert "“same year”" in mechanical and "“per output”" in mechanical
    assert mechanical.count("instead of") == 2
    said = re.search(r"“same year”: the coefficient of (.*?) is (\S+) \[", mechanical)
    assert said is not None
    term = next(t for t in read.service_terms(read.estimates["same year"])
                if t.service.title.lower() == said[1].lower())  # fmt: skip
    assert float(said[2].replace("\N{MINUS SIGN}", "-").replace(",", "")) == pytest.approx(
        read.coefficient(term).value, abs=5e-4, rel=1e-2
    )
    assert "The lagged outcome itself has" in texts[2].text
    dynamic, main = read.estimates["dynamic"], read.estimates["main"]
    rho = dynamic.coefficients[dynamic.position("lag(ln_va)")]
    short = dynamic.coefficients[dynamic.position("daniels_lag")]
    static = main.coefficients[main.position("daniels_lag")]
    assert rho < 1
    assert (
        f"{digits(short)}, in the long run {digits(short / (1 - rho))} "
        f"(main model {digits(static)})" in texts[2].text
    )
    rows = f"It rests on {read.estimates['same year'].n:,} rows, the main model on {main.n:,}"
    assert read.estimates["same year"].n > main.n and mechanical.count(rows) == 1
    assert "It rests on" not in texts[3].text
    assert "No column of this study shows it" in texts[1].text


def test_traps_of_study_files_are_those_of_the_report() -> None:
    assert tuple(t.name for t in traps.TRAPS) == _model.TRAPS


def test_tables_hold_every_estimate_and_save_as_latex(
    made: Report, read: Models, text: str
) -> None:
    tables = [b for b in section(made, "Tables").blocks if isinstance(b, Table)]
    shown = {name for t in tables for name in t.head[1:]}
    assert shown == set(read.estimates)
    assert all(r"\toprule" in t.latex for t in tables)
    assert text.count(">LaTeX</a>") == len(tables)
    first = tables[0].data.set_index(["row", "quantity"])
    assert read.main is not None
    assert first.loc[("ln_x", "coefficient"), "main"] == read.main.coefficients[0]
    assert first.loc[("formula", ""), "main"] == read.main.formula


def test_terms_that_would_share_a_name_keep_their_own(read: Models) -> None:
    now, before = read.estimates["same year"], read.estimates["main"]
    both = replace(
        before, name="both", formula="ln_va ~ daniels + daniels_lag | country:industry + year",
        terms=("daniels", "daniels_lag"), coefficients=np.ones(2), covariance=np.eye(2),
    )  # fmt: skip
    shared = _explain._shared(read, [now, before])
    assert shared["daniels"] == shared["daniels_lag"]
    apart = _explain._shared(read, [now, before, both])
    assert not {"daniels", "daniels_lag"} & set(apart) and "kibs_lag" in apart
    regression_table([now, before, both], labels=apart)


def test_models_that_can_not_be_made_say_why(made: Report, text: str) -> None:
    blocks = section(made, "Models without").blocks
    assert [b.title for b in blocks if isinstance(b, Text)] == ["estimate impossible:"]
    assert text.count("estimate impossible") == 1


def test_generated_data_are_marked_wherever_shown(made: Report, text: str) -> None:
    for entry in made.entries:
        block = re.search(rf'id="{entry.id}">.*?</h3>', text, flags=re.S)
        assert block is not None and "synthetic" in block[0]
    assert all("SYNTHETIC DATA" in e.block.latex for e in made.entries
               if isinstance(e.block, Table) and e.block.latex)  # fmt: skip


def test_a_panel_that_can_not_be_built_leaves_its_reason(make: Callable[[str], StudyStore]) -> None:
    store = make(MODEL.replace("log(va)", "log(va - va)"))
    found = _explain.models(store)
    assert [s.title for s in found] == ["Models without an answer"]
    block = found[0].blocks[0]
    assert isinstance(block, Text) and block.title == "panel:" and block.text


def test_a_study_without_models_has_no_such_sections(store: StudyStore) -> None:
    assert _explain.models(store) == ()


def test_a_study_without_focus_marks_nobody(explained: StudyStore) -> None:
    altered = Altered(explained, lambda _, frame: frame, focus=())
    for one in build(altered).models:  # type: ignore[arg-type]
        for block in one.blocks:
            if isinstance(block, Figure) and one.title.startswith("For whom"):
                rows = [r for rows in block.chart["datasets"].values() for r in rows]
                assert not any(row.get("marked") for row in rows)


def test_an_interval_is_clear_where_it_leaves_out_zero() -> None:
    assert Size(1, 0.5, 1.5).clear and Size(-1, -2, -0.1).clear
    assert not Size(1, 1, 1).clear, "a perfect fit is no evidence"
    assert not Size(1, -0.5, 2.5).clear and not Size(math.nan, math.nan, math.nan).clear


def test_an_infinite_end_of_an_interval_is_said_in_the_workbook(made: Report) -> None:
    table = next(e for e in made.entries if isinstance(e.block, Table))
    ends = pd.DataFrame({"lower": [-math.inf, 0.5], "upper": [math.inf, math.nan]})
    altered = replace(table, block=replace(table.block, data=ends))
    book = as_xlsx(replace(made, entries=(altered,)))
    found = pd.read_excel(io.BytesIO(book), sheet_name=table.label, skiprows=1, engine="openpyxl")
    assert found["lower"].tolist() == ["minus infinite", 0.5]
    assert found["upper"][0] == "infinite"
    assert pd.isna(found["upper"][1])
