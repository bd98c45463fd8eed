"""Make or buy in a study: the values of the Python calls, kept; bad parameters refused at load."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import servio
from servio import simulate, sources, study
from servio.errors import ServioError, UsageError
from servio.simulate import MakeOrBuy, Parameter, calibrated_make_or_buy

PAY = "compensation of employees"
MEASURES = f"""
[study]
title = "Make or buy"
focus = ["M02", "M03"]
[[tables]]
path = "model:countries=3,industries=30,years=2"
[[measures]]
name = "service_input_coefficient"
by = "manufacturing"
[[measures]]
name = "account"
of = ["output", "{PAY}", "EMP"]
by = "sectors"
"""
CALIBRATED = f"""
[make_or_buy]
calibrate = true
labour = "{PAY}"
firms = {{ M03 = 500 }}
[make_or_buy.parameters]
specificity = {{ value = 0.7, low = 0.4, high = 0.9, unit = "1", source = "interviews" }}
friction = {{ value = 0.3, unit = "money/unit", source = "assumed" }}
"""
ASSUMED = """
[make_or_buy]
[make_or_buy.parameters]
fixed_cost = { value = 30, unit = "thousand EUR/year", source = "own books" }
"""
HEAD = ["source", "country", "year"]


def parse(more: str = CALIBRATED, measures: str = MEASURES) -> study.StudyFile:
    return study.parse(measures + more, "own.toml", Path())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> study.StudyStore:
    return study.run(parse(), tmp_path_factory.mktemp("made"), workers=1)


def by_hand(country: str, firms: float | None) -> MakeOrBuy:
    """The calls a user of Python would make on the table itself."""
    table = servio.model_world(seed=0, countries=3, industries=30, years=2).table(2001)
    firm = calibrated_make_or_buy(table, country=country, labour=PAY, firms=firms)
    return dataclasses.replace(
        firm,
        specificity=Parameter(0.7, "1", 0.4, 0.9, "interviews"),
        friction=Parameter(0.3, firm.price.unit, 0.0, np.inf, "assumed"),
    )


@pytest.mark.parametrize(("country", "firms"), [("M02", None), ("M03", 500.0)])
def test_the_store_has_the_values_of_the_calls(
    made: study.StudyStore, country: str, firms: float | None
) -> None:
    kept, surfaces = made.make_or_buy(), made.break_even()
    assert kept is not None and surfaces is not None
    assert set(kept["country"]) == {"M02", "M03"} and set(kept["year"]) == {2001}
    own = kept[kept["country"] == country].set_index("name")
    firm = by_hand(country, firms)
    for name, parameter in firm.parameters().items():
        row = own.loc[name]
        assert row["value"] == pytest.approx(parameter.value, rel=1e-12), name
        assert (row["unit"], row["low"], row["high"]) == (
            parameter.unit, parameter.low, parameter.high)  # fmt: skip
    for effect in firm.effects():
        found = own.loc[effect.parameter, ["on_threshold", "on_saving"]].astype(float)
        wanted = [effect.on_threshold, effect.on_saving]
        np.testing.assert_allclose(found, wanted, rtol=1e-9, err_msg=effect.parameter)
    for name in ("transaction_cost", "disadvantage", "threshold", "saving"):
        assert own.loc[name, "value"] == pytest.approx(getattr(firm, name), rel=1e-9), name
    assert set(own["regime"]) == {firm.regime}
    end = own.loc["specificity"]
    assert end["threshold_high"] == pytest.approx(firm.with_values(specificity=0.9).threshold)
    assert end["regime_low"] == firm.with_values(specificity=0.4).regime
    surface = firm.surface()
    drawn = surfaces[surfaces["country"] == country].reset_index(drop=True)
    wanted = surface.to_frame()
    pd.testing.assert_frame_equal(drawn[list(wanted.columns)], wanted, rtol=1e-9)
    border = drawn["border"].to_numpy()[: len(surface.scales)]
    np.testing.assert_allclose(border, surface.border, rtol=1e-9)


def test_each_parameter_says_where_it_is_from(made: study.StudyStore) -> None:
    kept = made.make_or_buy()
    assert kept is not None
    own = kept[kept["country"] == "M03"].set_index("name")
    origins = own["origin"].to_dict()
    assert {n for n, o in origins.items() if o == "calibrated"} == {"scale", "own_cost"}
    assert origins["price"] == "defined"
    assert {n for n, o in origins.items() if o == "given"} == {"specificity", "friction"}
    assert len([n for n, o in origins.items() if o == "assumed"]) == 10
    assert own.loc["specificity", "basis"] == "interviews"
    assert "model M03 2001: services bought by manufacturing, over 500" in own.loc["scale", "basis"]
    assert "Make or buy: 38 rows of 2 countries" in made.contents()


def test_what_results_do_not_tell_is_assumed_and_listed(tmp_path: Path) -> None:
    no_pay = MEASURES.replace(f'"{PAY}", ', "")
    store = study.run(parse(measures=no_pay), tmp_path, workers=1)
    kept = store.make_or_buy()
    assert kept is not None
    origins = kept.set_index(["country", "name"])["origin"]
    assert origins["M02", "own_cost"] == "assumed" and origins["M02", "scale"] == "calibrated"
    problems = store.problems().query("measure == 'make_or_buy'")
    assert list(problems["country"]) == ["M02", "M03"]
    assert problems["text"].str.contains("own_cost: .*it is assumed").all()


def test_countries_without_results_and_other_money_are_problems(tmp_path: Path) -> None:
    more = CALIBRATED.replace("firms = {", 'countries = ["M01", "M09"]\nfirms = {')
    more = more.replace("money/unit", "won/unit")
    store = study.run(parse(more), tmp_path, workers=1)
    problems = store.problems().query("measure == 'make_or_buy'").set_index("country")["text"]
    assert "no results" in problems["M09"] and "no results" in problems["M03"]
    assert "parameters are in won; expected million model USD" in problems["M01"]
    assert store.make_or_buy() is None and store.break_even() is None


def test_without_calibration_the_model_is_that_of_the_parameters(tmp_path: Path) -> None:
    store = study.run(parse(ASSUMED), tmp_path, workers=1)
    kept = store.make_or_buy()
    assert kept is not None and set(kept["country"]) == {""}
    own = kept.set_index("name")
    firm = MakeOrBuy.assumed().with_values(fixed_cost=30.0)
    assert own.loc["threshold", "value"] == firm.threshold
    assert own.loc["price", "unit"] == "thousand EUR/unit"
    again = study.run(parse(""), tmp_path, workers=1)
    assert again.make_or_buy() is None and not (tmp_path / "break_even.parquet").exists()


def test_the_same_study_gives_the_same_bytes(made: study.StudyStore, tmp_path: Path) -> None:
    again = study.run(parse(), tmp_path, workers=2)
    for name in ("make_or_buy.parquet", "break_even.parquet"):
        assert name in again.provenance()["files"]
        assert (tmp_path / name).read_bytes() == (made.folder / name).read_bytes(), name


SPECIFIC = 'specificity = { value = 0.7, low = 0.4, high = 0.9, unit = "1", source = "interviews" }'


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("value = 0.7", "value = 1.7", r"line 20, make_or_buy\.parameters\.specificity: found "
         r"value 1\.7; expected a number from 0\.4 to 0\.9\. "),
        ("value = 0.7", "value = nan", "found value nan"),
        ("value = 0.7", 'value = "high"', "specificity: found value: Expected float, got str"),
        ("high = 0.9", "high = 1.9", "found low 0.4, high 1.9; expected a range inside 0 to 1"),
        ("low = 0.4", "low = 0.95", "found low 0.95, high 0.9"),
        ('unit = "1"', 'unit = "percent"', "found unit 'percent'; expected 1"),
        ('unit = "money/unit"', 'unit = "money/year"', "friction: found unit 'money/year'"),
        ('unit = "money/unit"', 'unit = "unit"', "friction: found unit 'unit'"),
        ('source = "interviews"', 'source = " "', "specificity: found an empty source"),
        (', source = "interviews"', "", "missing required field source"),
        ("high = 0.9", "hihg = 0.9", "unknown field hihg"),
        ("specificity =", "specifity =", "'specifity'.*Did you mean specificity"),
        ("value = 0.3", "value = 0", r"transaction cost: found t = "),
        ("firms = { M03 = 500 }", "firms = { M03 = 0 }", "firms: found 0 for M03"),
        (SPECIFIC, "specificity = 0.7", "specificity: found Expected object, got float"),
        ("calibrate = true", "calibrat = true", "Did you mean calibrate"),
        ("calibrate = true", "calibrate = false", "firms without calibrate"),
        (f'labour = "{PAY}"', 'by = "technology"', "'manufacturing'.*a group of technology"),
        (f'labour = "{PAY}"', 'services = "kiet"', "kiet, of several groups"),
        (f'labour = "{PAY}"', 'by = "broad"', r"make_or_buy\.buyers|services: .*a group of broad"),
    ],
)  # fmt: skip
def test_bad_parameters_are_refused_at_load(
    old: str, new: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "scan", None)
    assert old in CALIBRATED
    with pytest.raises(ServioError, match=what) as caught:
        parse(CALIBRATED.replace(old, new))
    error = caught.value
    assert all((error.place, error.found, error.expected, error.remedy))
    assert "\n" not in str(error) and str(error).startswith("own.toml line ")


def test_nothing_to_calibrate_from_and_two_moneys_are_refused() -> None:
    with pytest.raises(UsageError, match="no results to calibrate from; expected service_input"):
        parse(measures=MEASURES.replace('of = ["output", ', 'of = ["value_added", '))
    two = ASSUMED + 'friction = { value = 0.3, unit = "won/unit", source = "assumed" }\n'
    with pytest.raises(UsageError, match=r"friction: found unit 'won/unit'.*thousand EUR"):
        parse(two)


def test_totals_are_those_of_the_table() -> None:
    table = servio.model_world(seed=0, countries=3, industries=30, years=2).table(2001)
    firm = calibrated_make_or_buy(table, country="M02", labour=PAY)
    given = {"scale": Parameter(50.0, "unit/year", 0.0, 100.0, "asked")}
    own = simulate.make_or_buy_from_totals(
        "own", money=firm.money, purchases=firm.scale.value, given=given
    )
    assert own.scale.value == 50.0 and own.fixed_cost.value == pytest.approx(10.0)
    assert own.own_cost.source == "assumed" and firm.own_cost.source != "assumed"
