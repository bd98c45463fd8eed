"""Regression tables: every number where it belongs, every label as text, nothing invented."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from servio.errors import LabelError, UsageError
from servio.explain import Estimate, regression_table


def made(name: str, terms: dict[str, tuple[float, float]], **more: Any) -> Estimate:
    values = np.array([value for value, _ in terms.values()])
    errors = np.array([error for _, error in terms.values()])
    known: dict[str, Any] = {
        "vcov": "clustered by g (12); ssc fixest", "df": 11.0, "n": 1200,
        "statistics": {"r2_within": 0.25, "condition": 1.5}, "groups": {"g": 12},
    }  # fmt: skip
    return Estimate(name, "y ~ x", "within (g)", tuple(terms), values, np.diag(errors**2),
                    **(known | more))  # fmt: skip


FIRST = made("lagged", {"x_lag": (0.5, 0.2), "k": (-2.0, 0.1)})
SECOND = made("same year", {"k": (-1.0, 0.5), "x": (0.8, 0.4), "(Intercept)": (3.0, 1.0)})


def test_terms_that_share_a_label_share_a_row_others_stay_empty() -> None:
    table = regression_table([FIRST, SECOND], labels={"x_lag": "share", "x": "share"})
    assert table.rows == ("share", "k")
    np.testing.assert_array_equal(table.coefficients, [[0.5, 0.8], [-2.0, -1.0]])
    np.testing.assert_allclose(table.std_errors, [[0.2, 0.4], [0.1, 0.5]], rtol=1e-15)
    apart = regression_table([FIRST, SECOND])
    assert apart.rows == ("x_lag", "k", "x")
    assert np.isnan(apart.coefficients[[0, 2], [1, 0]]).all()
    assert apart.cells()[0] == ["x_lag", "0.500", ""]


def test_intervals_and_p_values_are_those_of_the_estimates() -> None:
    table = regression_table([FIRST], level=0.9)
    lower, upper = FIRST.interval(0.9)
    np.testing.assert_array_equal(table.lower[:, 0], lower)
    np.testing.assert_array_equal(table.upper[:, 0], upper)
    np.testing.assert_array_equal(table.p_values[:, 0], FIRST.p_values)


def test_frame_holds_all_digits_and_empty_cells_are_none() -> None:
    third = made("third", {"x_lag": (1 / 3, 0.2)})
    frame = regression_table([third, SECOND], terms=["x_lag", "(Intercept)"]).to_frame()
    rows = frame.set_index(["row", "quantity"])
    assert rows.loc[("x_lag", "coefficient"), "third"] == 1 / 3
    assert rows.loc[("x_lag", "coefficient"), "same year"] is None
    assert rows.loc[("(Intercept)", "std_error"), "same year"] == 1.0
    assert rows.loc[("rows", ""), "third"] == "1,200"


def test_facts_say_errors_in_words_and_leave_out_what_is_not_there() -> None:
    bare = made("bare", {"k": (1.0, 1.0)}, statistics={}, groups={}, vcov="iid",
                sample="80 of 90 rows, where year > 2000, weights size")  # fmt: skip
    facts = dict(regression_table([FIRST, bare], statistics=["r2_within", "r2"]).facts)
    assert facts["errors"] == ("clustered by g (12)", "iid")
    assert facts["levels of g"] == ("12", "")
    assert facts["R² within"] == ("0.250", "")
    assert facts["sample"] == ("", "year > 2000")
    assert "R²" not in facts


def test_stars_follow_p_and_are_off_unless_asked_for() -> None:
    terms = {"a": (1.0, 10.0), "b": (2.0, 1.0), "c": (2.5, 1.0), "d": (9.0, 1.0)}
    one = made("one", terms)
    starred = regression_table([one], stars=True)
    shown = [cell[1] for cell in starred.cells()[:8:2]]
    assert [text.lstrip("0123456789.") for text in shown] == ["", "*", "**", "***"]
    assert "p < 0.1" in starred.to_text()
    assert "*" not in regression_table([one]).to_text()


def test_a_perfect_fit_gets_no_star() -> None:
    exact = made("exact", {"a": (1.0, 0.0)})
    assert regression_table([exact], stars=True).cells()[0] == ["a", "1.000"]


class Cells(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_labels_are_text_in_html_and_latex() -> None:
    name = "<b>50 % & more_of {it}</b>"
    table = regression_table({name: FIRST}, labels={"x_lag": r"\input{x} $1 ~^#"})
    page = Cells(table.to_html())
    assert "b" not in page.tags and name in page.texts
    latex = table.to_latex()
    assert r"\input{x}" not in latex
    assert r"\textbackslash{}input\{x\} \$1 \textasciitilde{}\textasciicircum{}\#" in latex
    assert r"50 \% \& more\_of \{it\}" in latex


def test_latex_has_as_many_cells_a_row_as_columns() -> None:
    latex = regression_table([FIRST, SECOND], labels={"k": "a & b"}).to_latex()
    inside = latex.partition(r"\toprule")[2].partition(r"\bottomrule")[0]
    lines = [line for line in inside.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {2}
    assert len(lines) == 1 + 2 * 3 + len(regression_table([FIRST, SECOND]).facts)


def test_generated_data_are_marked_in_every_form() -> None:
    table = regression_table([FIRST, replace(SECOND, synthetic=True)])
    for text in (table.to_text(), table.to_html(), table.to_latex()):
        assert "SYNTHETIC DATA" in text
    assert "synthetic" in table.to_frame().iloc[-1].tolist()
    assert "SYNTHETIC" not in regression_table([FIRST]).to_text()


def test_notes_name_their_columns_once() -> None:
    notes = ("few clusters",)
    table = regression_table([replace(FIRST, notes=notes), replace(SECOND, notes=notes)])
    assert table.notes == ("lagged, same year: few clusters.",)


def test_small_and_large_numbers_keep_their_digits() -> None:
    shown = regression_table([made("n", {"a": (1.2345e-5, 1.0), "b": (-123456.0, 1.0)})]).cells()
    assert shown[0][1] == "1.23e\N{MINUS SIGN}05"
    assert shown[2][1] == "\N{MINUS SIGN}1.23e+05"


@pytest.mark.parametrize(
    ("estimates", "options", "error", "what"),
    [
        ([], {}, UsageError, "no estimate"),
        ([FIRST, FIRST], {}, UsageError, "'lagged' twice"),
        ([FIRST], {"level": 95}, UsageError, "95"),
        ([FIRST], {"terms": ["z"]}, LabelError, "'z'"),
        ([FIRST], {"labels": {"x_lag": "k"}}, LabelError, "x_lag and k both labelled"),
    ],
)
def test_faults_are_named(
    estimates: list[Estimate], options: dict[str, Any], error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what):
        regression_table(estimates, **options)
