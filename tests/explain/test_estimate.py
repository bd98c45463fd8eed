"""What an estimate knows about itself."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from servio.errors import LabelError, NumericalError, UsageError
from servio.explain import Estimate, estimate


@pytest.fixture
def main() -> Estimate:
    return Estimate(
        name="main",
        formula="y ~ a + b",
        method="least squares",
        terms=("(Intercept)", "a", "b"),
        coefficients=np.array([1.0, 2.0, -0.5]),
        covariance=np.array([[1.0, 0.0, 0.0], [0.0, 0.25, 0.05], [0.0, 0.05, 0.04]]),
        vcov="iid",
        df=20.0,
        n=23,
        statistics={"r2": 0.5, "condition": 12.0},
        groups={"country": 7},
        sample="23 of 25 rows",
        dropped={"a is missing": 2},
        notes=("few clusters",),
        synthetic=True,
    )


def test_t_p_and_intervals(main: Estimate) -> None:
    assert main.t_values.tolist() == [1.0, 4.0, -2.5]
    # Two-sided 5 % point of t with 20 degrees of freedom: 2.086 (any printed table).
    lower, upper = main.interval()
    assert upper - main.coefficients == pytest.approx(2.0859634 * main.std_errors, rel=1e-7)
    assert lower + upper == pytest.approx(2 * main.coefficients)
    assert main.p_values[2] == pytest.approx(0.0212, abs=5e-5)


def test_a_combination_is_its_terms_with_their_covariance(main: Estimate) -> None:
    value, error, lower, upper = main.combination({"a": 1, "b": 2})
    assert value == 1.0
    assert error == pytest.approx(np.sqrt(0.25 + 4 * 0.04 + 4 * 0.05))
    assert lower < value < upper


def test_a_joint_test_of_one_term_is_its_t_squared(main: Estimate) -> None:
    one = main.joint(["b"])
    assert one.statistic == pytest.approx(2.5**2)
    assert one.p_value == pytest.approx(main.p_values[2])
    both = main.joint(["a", "b"])
    b, V = main.coefficients[1:], main.covariance[1:, 1:]
    assert both.statistic == pytest.approx(b @ np.linalg.inv(V) @ b / 2)
    assert both.df == (2, 20.0)


def test_a_joint_test_that_the_covariance_cannot_carry_is_refused() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 5)), columns=list("yabcd"))
    frame["g"] = np.arange(60) % 3
    found = estimate("y ~ a + b + c + d", frame, vcov={"cluster": "g"})
    assert found.df == 2
    found.joint(["a", "b"])
    with pytest.raises(NumericalError, match="singular covariance"):
        found.joint(["a", "b", "c"])


def test_without_the_extra_the_remedy_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame(
        {"y": [1.0, 3, 2, 5, 4, 4], "x": [1.0, 2, 4, 3, 1, 2], "g": [0, 0, 0, 1, 1, 1]}
    )
    estimate("y ~ x", frame)
    monkeypatch.setattr("servio.explain._extra.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'servio\[econ\]'"):
        estimate("y ~ x | g", frame)


def test_unknown_terms_are_refused(main: Estimate) -> None:
    with pytest.raises(LabelError, match="a, b"):
        main.joint(["c"])
    with pytest.raises(LabelError):
        main.plot(terms=["c"])


def test_a_record_survives_json(main: Estimate) -> None:
    again = Estimate.from_record(json.loads(json.dumps(main.record())))
    assert again.record() == main.record()
    normal = estimate("y ~ x", pd.DataFrame({"y": [1.0, 3, 2, 5], "x": [1.0, 2, 3, 4]}), ssc="none")
    assert np.isinf(Estimate.from_record(json.loads(json.dumps(normal.record()))).df)


def test_the_summary_tells_everything(main: Estimate) -> None:
    text = main.summary()
    for told in (
        "main: least squares", "y ~ a + b", "data generated", "23 of 25 rows", "country", "7",
        "left out: 2 rows, a is missing", "note: few clusters", "95 % interval", "condition",
    ):  # fmt: skip
        assert told in text
    rows = [line for line in text.splitlines() if line.startswith(("a ", "b ", "(Intercept)"))]
    assert len(rows) == 3 and "-2.50" in rows[2] and "0.021" in rows[2]
    assert all(len(line.rstrip()) == len(line) for line in text.splitlines())


def test_the_plot_is_plain_data_without_the_intercept(main: Estimate) -> None:
    chart = json.loads(json.dumps(main.plot()))
    assert [row["term"] for row in chart["data"]["values"]] == ["a", "b"]
    assert chart["title"]["text"] == "main"
    only = main.plot(terms=["b"])["data"]["values"]
    assert [row["term"] for row in only] == ["b"]


def test_the_plot_is_a_chart_that_renders(main: Estimate) -> None:
    vl = pytest.importorskip("vl_convert", reason="needs the extra report")
    assert vl.vegalite_to_svg(main.plot()).startswith("<svg")


def test_the_frame_has_a_row_a_term(main: Estimate) -> None:
    frame = main.to_frame()
    assert frame.columns.tolist() == ["term", "estimate", "std_error", "t", "p", "lower", "upper"]
    assert frame["term"].tolist() == list(main.terms)


def test_a_joint_test_needs_terms_and_an_interval_a_level(main: Estimate) -> None:
    with pytest.raises(UsageError, match="joint test: found no term"):
        main.joint([])
    for level in (1.5, 1.0, 0.0, -0.5, float("nan")):
        with pytest.raises(UsageError, match="between 0 and 1"):
            main.interval(level)
        with pytest.raises(UsageError, match="between 0 and 1"):
            main.combination({"a": 1.0}, level)
