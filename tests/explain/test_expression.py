"""Expressions: arithmetic, lags that never cross a gap, reasons, and nothing but the allowed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servio.errors import LabelError, UsageError
from servio.explain import Panel
from servio.explain._expression import columns_used, evaluate, evaluate_rows, rows_where

FRAME = pd.DataFrame(
    {
        "country": ["KOR", "KOR", "KOR", "TWN", "TWN"],
        "industry": ["C26", "C26", "C26", "C26", None],
        "year": [2000, 2001, 2003, 2002, 2003],
        "x": [1.0, 2.0, 4.0, 8.0, np.nan],
        "y": [0.0, -1.0, 2.0, 1.0, 5.0],
        "high": [True, False, True, False, True],
    },
    index=[7, 5, 3, 1, 0],
)
KEYS = {"entity": ["country"], "time": "year"}
NAN = np.nan
NO_ROW = "no row 1 year before"


def same(found: pd.Series, wanted: list[float]) -> None:
    np.testing.assert_array_equal(found.to_numpy(), np.array(wanted, dtype=np.float64))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x", [1, 2, 4, 8, NAN]),
        ("-x + 2 * y", [-1, -4, 0, -6, NAN]),
        ("2 ** x / 2", [1, 2, 8, 128, NAN]),
        ("x ** 0", [1, 1, 1, 1, NAN]),
        ("1 ** x", [1, 1, 1, 1, NAN]),
        ("x / y", [NAN, -2, 2, 8, NAN]),
        ("log(y)", [NAN, NAN, np.log(2), 0, np.log(5)]),
        ("sqrt(y)", [0, NAN, np.sqrt(2), 1, np.sqrt(5)]),
        ("abs(y)", [0, 1, 2, 1, 5]),
        ("exp(y * 1000)", [1, 0, NAN, NAN, NAN]),
        ("x > 1", [0, 1, 1, 1, NAN]),
        ("1 < x <= 4", [0, 1, 1, 0, NAN]),
        ("not high", [0, 1, 0, 1, 0]),
        ("x > 1 and high", [0, 0, 1, 0, NAN]),
        ("x > 1 or high", [1, 1, 1, 1, 1]),
        ("not high and x > 0", [0, 1, 0, 1, 0]),
        ('country in ["KOR"]', [1, 1, 1, 0, 0]),
        ('country not in ["KOR"]', [0, 0, 0, 1, 1]),
        ('industry == "C26"', [1, 1, 1, 1, NAN]),
        ('"C27" != industry', [1, 1, 1, 1, NAN]),
        ("year in [2001, 2003]", [0, 1, 1, 0, 1]),
        ("lag(x)", [NAN, 1, NAN, NAN, 8]),
        ("lag(x, 2)", [NAN, NAN, 2, NAN, NAN]),
        ("lag(x, n=2)", [NAN, NAN, 2, NAN, NAN]),
        ("lead(x)", [2, NAN, NAN, NAN, NAN]),
        ("d(x)", [NAN, 1, NAN, NAN, NAN]),
        ("lag(log(x)) + 1", [NAN, 1, NAN, NAN, np.log(8) + 1]),
        ("mean_by(x, country)", [7 / 3, 7 / 3, 7 / 3, 8, 8]),
        ("mean_others(x, country)", [3, 2.5, 1.5, NAN, 8]),
        ("mean_others(y, year, industry)", [NAN, NAN, NAN, NAN, NAN]),
        ("3", [3, 3, 3, 3, 3]),
    ],
)
def test_values(text: str, wanted: list[float]) -> None:
    found = evaluate(text, FRAME, **KEYS)
    np.testing.assert_allclose(found.to_numpy(), np.array(wanted, dtype=np.float64), rtol=1e-15)
    assert found.index.tolist() == FRAME.index.tolist()
    assert found.dtype == np.float64


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("x / y", ["division by zero", "", "", "", "x is missing"]),
        ("log(y)", ["log of a number that is not above 0"] * 2 + [""] * 3),
        ("lag(x)", [NO_ROW, "", NO_ROW, NO_ROW, ""]),
        ("lead(x)", ["", *["no row 1 year after"] * 2, "x is missing (1 year after)",
                     "no row 1 year after"]),
        ("y ** 0.5", ["", "the power is not a number", "", "", ""]),
        ("x > 1 and high", ["", "", "", "", "x is missing"]),
        ("x > 1 or high", [""] * 5),
    ],
)  # fmt: skip
def test_every_gap_has_its_reason(text: str, reasons: list[str]) -> None:
    found = evaluate_rows(text, FRAME, **KEYS)
    assert found.reasons.tolist() == reasons
    assert (found.values.isna().to_numpy() == (found.reasons != "")).all()


def test_infinite_columns_are_undefined() -> None:
    frame = FRAME.assign(z=[np.inf, 1, 1, 1, 1])
    found = evaluate_rows("1 / z", frame)
    assert np.isnan(found.values.iloc[0])
    assert found.reasons[0] == "z is infinite"


def test_a_panel_knows_its_keys() -> None:
    frame = FRAME.drop(columns="industry")
    panel = Panel(frame, ("country",), "year", {}, frame.iloc[:0])
    same(evaluate("lag(x)", panel), [NAN, 1, NAN, NAN, 8])


def test_conditions() -> None:
    kept, reasons = rows_where('x > 1 and country == "TWN"', FRAME)
    assert kept.tolist() == [False, False, False, True, False]
    assert reasons.tolist() == ["", "", "", "", "x is missing"]
    with pytest.raises(UsageError, match="true or false"):
        rows_where("x", FRAME)


def test_names() -> None:
    assert columns_used("log(va / price) > lag(va)") == (
        "va",
        "price",
    )


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')", "x.values", "x[0]", "().__class__", "lambda: 1", "[i for i in x]",
        "f'{x}'", "x if high else y", "open('a')", "eval('1')", "x & y", "x ^ 2", "x // 2",
        "x % 2", "x @ y", "~high", "(y := 1)", "log(*x)", "log(x=1)", "lag(x, y)", "lag(x, 0)",
        "lag(x, True)", "lag(x, 1.5)", "lag(x, -1)", "d(x, 1)", "log(x, y)", "log()", "1j", "None",
        "'a'", "country", "x + country", "x in []", "x in x", "x in [country]", "x in ['a']",
        "country in [1]", "country == 1", "country < 'b'", "x is y", "x and y", "mean_by(x)",
        "mean_by(x, year + 1)", "x +", "", "x; y", "x\0", "(" * 300 + "x" + ")" * 300,
        "-" * 500 + "x", "x" * 3000, "1e999", "1" * 400, "9" * 1999, "...", "b'a' == country",
        "print(x)", "*x", "x, y", "{}", "not y", "log(country)",
    ],
)  # fmt: skip
def test_nothing_else_is_possible(text: str) -> None:
    with pytest.raises((UsageError, LabelError)) as caught:
        evaluate(text, FRAME, **KEYS)
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 300


def test_huge_powers_are_undefined_not_slow() -> None:
    assert evaluate("9 ** 9 ** 9 ** 9", FRAME).isna().all()


def test_unknown_names_and_functions_name_the_nearest() -> None:
    with pytest.raises(LabelError, match="country"):
        evaluate("contry == 'KOR'", FRAME)
    with pytest.raises(UsageError, match="log"):
        evaluate("ln(x) + logg(x)", FRAME)


def test_lags_need_keys_and_unique_rows() -> None:
    with pytest.raises(UsageError, match="entity and time"):
        evaluate("lag(x)", FRAME)
    with pytest.raises(LabelError, match="twice"):
        evaluate("lag(x)", pd.concat([FRAME, FRAME]), **KEYS)
    with pytest.raises(LabelError, match="'nation'"):
        evaluate("lag(x)", FRAME, entity=["nation"], time="year")
    with pytest.raises(UsageError, match="whole numbers"):
        evaluate("lag(x)", FRAME.assign(year=[2000.5, 1, 2, 3, 4]), **KEYS)
    with pytest.raises(UsageError, match="whole numbers"):
        evaluate("lag(x)", FRAME.assign(year=list("abcde")), **KEYS)


def test_an_empty_frame_gives_an_empty_answer() -> None:
    assert evaluate("d(log(x))", FRAME.iloc[:0], **KEYS).tolist() == []
    assert evaluate("mean_by(x, year)", FRAME.iloc[:0]).tolist() == []


ROWS = st.sets(st.tuples(st.integers(0, 3), st.integers(1990, 2000)), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, steps=st.integers(1, 4), seed=st.integers(0, 9))
def test_lags_are_looked_up_by_time(rows: set[tuple[int, int]], steps: int, seed: int) -> None:
    """Whatever the order and the gaps: the value at exactly time − n of the entity, or NaN."""
    order = np.random.default_rng(seed).permutation(len(rows))
    keys = [sorted(rows)[i] for i in order]
    frame = pd.DataFrame(keys, columns=["unit", "year"])
    frame["x"] = frame["unit"] * 10_000.0 + frame["year"]
    known = dict(zip(keys, frame["x"], strict=True))
    lags = evaluate(f"lag(x, {steps})", frame, entity=["unit"], time="year")
    leads = evaluate(f"lead(x, {steps})", frame, entity=["unit"], time="year")
    same(lags, [known.get((unit, year - steps), NAN) for unit, year in keys])
    same(leads, [known.get((unit, year + steps), NAN) for unit, year in keys])
