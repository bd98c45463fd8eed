"""Intervals: they hold the truth as often as they say, whatever the measure.

Coverage: tables of the model world are the truth; a published table is one draw about it, of the
same noise. Of 20 intervals of level 0.8, binomial bounds of 99.9 % are 9 to 20; errors over
standard errors of 20 tables with 16 industries have mean square 38 / 36 (39 draws), give or take
0.11, taken to lie in 0.73 to 1.4. The benchmark does it for more measures and tables.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binom

from measure.contract import fresh, toy
from servio import cli, measure, sources
from servio.algebra import gras
from servio.errors import NumericalError, UsageError
from servio.measure import MEASURES, Undefined, interval
from servio.measure._result import Column
from servio.measure.uncertainty import _aligned, _summary
from servio.sources.model import model_world
from servio.table import IOTable, Noise, perturbed
from servio.table.noise import _parts, cell_errors, cells

NOISE = Noise(domestic=0.1, imported=0.2, final_demand=0.1, value_added=0.05)
STEP = 1e-5

LINEAR = [
    ("service_input_coefficient", {}),
    ("service_input_coefficient", {"origin": "domestic", "grouping": "sectors"}),
    ("service_input_coefficient", {"origin": "imported", "by": "manufacturing"}),
    ("service_input_coefficient", {"total": True, "by": "economy"}),
    ("service_input_coefficient", {"total": True, "origin": "domestic"}),
    ("service_input_share", {"grouping": "sectors", "by": "sectors"}),
    ("service_input_share", {"origin": "imported"}),
    ("service_input_share", {"total": True, "by": "manufacturing"}),
    ("production_inducement", {}),
    ("production_inducement", {"origin": "total", "by": "manufacturing"}),
    ("output_multiplier", {}),
    ("output_multiplier", {"origin": "total", "by": "economy"}),
]


def by_cells(name: str, table: IOTable, noise: Noise, **options: object) -> np.ndarray:
    """Standard errors from moving each cell by itself, balancing and measuring."""
    whole, errors = cells(table), cell_errors(table, noise)
    rows, columns = whole.sum(axis=1), whole.sum(axis=0)
    variance: np.ndarray | float = 0.0
    for i, j in np.argwhere(whole * errors):
        ends = []
        for step in (STEP, -STEP):
            moved = whole.copy()
            moved[i, j] *= 1 + step
            parts = _parts(table, gras(moved, rows, columns, tolerance=1e-13).matrix)
            ends.append(MEASURES[name].function(table._replaced(**parts), **options).values)
        variance += ((ends[0] - ends[1]) / (2 * STEP) * errors[i, j]) ** 2
    return np.sqrt(variance)


@pytest.mark.parametrize(("name", "options"), LINEAR, ids=str)
def test_linear_is_the_exact_derivative(name: str, options: dict) -> None:
    table = toy(1)
    found = interval(name, table, noise=NOISE, method="linear", **options)
    expected = by_cells(name, table, NOISE, **options)
    assert_allclose(found.sd, expected, rtol=2e-5, atol=1e-7 * np.nanmax(expected))
    assert_allclose(found.high - found.values, 1.959964 * found.sd, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("service_input_coefficient", {"origin": "imported"}),
        ("service_input_share", {"origin": "domestic"}),
        ("production_inducement", {"origin": "domestic"}),
        ("output_multiplier", {}),
    ],
    ids=str,
)
def test_linear_and_draws_agree_as_noise_vanishes_on_world_tables(name: str, options: dict) -> None:
    table = fresh("world").table
    tiny = Noise(domestic=1e-4, imported=2e-4, final_demand=1e-4, value_added=1e-4)
    drawn = interval(name, table, noise=tiny, draws=100, **options)
    found = interval(name, table, noise=tiny, method="linear", **options)
    live = ~np.isnan(found.values)
    ratio = (drawn.sd[live] / found.sd[live]) ** 2
    assert abs(ratio.mean() - 1) < 0.1  # one row alone: 0.14
    assert ((ratio > 0.5) & (ratio < 1.7)).all()


@pytest.mark.parametrize("method", ["monte_carlo", "linear"])
def test_no_noise_no_width(method: str) -> None:
    table = fresh("national").table
    found = interval("service_input_share", table, noise=Noise(), draws=40, method=method)
    defined = ~np.isnan(found.values)
    assert (found.sd[defined] == 0).all()
    assert_array_equal(found.low, found.values)
    assert_array_equal(found.high, found.values)
    assert np.isnan(found.low).sum() == len(found.undefined) == 1


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    hits, squares = 0, []
    for seed in range(20):
        truth = model_world(seed=seed, countries=2, industries=8, years=1).table(2000)
        published = perturbed(truth, NOISE, seed=900 + seed)
        found = interval("production_inducement", published, noise=NOISE, draws=39, level=0.8)
        at = measure.production_inducement(truth).values
        hits += found.low[2] <= at[2] <= found.high[2]
        squares.append(np.nanmean(((at - found.values) / found.sd) ** 2))
    low, high = binom.interval(0.999, 20, 0.8)
    assert low <= hits <= high
    assert 0.73 < np.mean(squares) < 1.4


def test_seeds_reproduce_whatever_the_workers() -> None:
    table = fresh("national").table
    first = interval(measure.value_added_inducement, table, noise=NOISE, draws=40, seed=5)
    again = interval("value_added_inducement", table, noise=NOISE, draws=40, seed=5, workers=3)
    other = interval("value_added_inducement", table, noise=NOISE, draws=40, seed=6)
    for name in ("low", "high", "sd"):
        assert_array_equal(getattr(first, name), getattr(again, name))
    assert np.nanmax(np.abs(first.low - other.low)) > 0
    assert first.definition["seed"] == "5" and first.definition["draws"] == "40"


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_every_measure_has_intervals(name: str) -> None:
    spec = MEASURES[name]
    on = fresh("world" if "world" in spec.needs else "toy")
    more = {"base": on.base} if spec.compares else {}
    found = interval(name, on.table, noise=Noise.all_cells(0.02), draws=3, level=0.5, **more)
    known = ~np.isnan(found.low)
    assert known.any()
    assert (found.low[known] <= found.high[known]).all()
    assert (found.sd[known] >= 0).all() and np.isnan(found.sd[~known]).all()
    assert len(found.to_frame()) == len(found.records()) == len(found)
    assert {"low", "high", "sd"} <= set(found.records()[0])
    assert found.definition["noise"].startswith("domestic:0.02;imported:0.02")


def test_rows_are_found_by_their_labels_and_missing_ones_listed() -> None:
    table = fresh("toy").table
    published = measure.output_multiplier(table)
    turned = measure.output_multiplier(table.permuted([5, 4, 3, 2, 1, 0]))
    assert_allclose(_aligned(published, turned), published.values, rtol=1e-12)
    fewer = replace(
        published,
        columns={name: Column(c.names, c.index[1:]) for name, c in published.columns.items()},
        values=published.values[1:],
    )
    draw = _aligned(published, fewer)
    assert np.isnan(draw[0])
    assert_array_equal(draw[1:], published.values[1:])
    found = _summary(published, np.vstack([published.values, draw]), 0, 0.5, NOISE)
    assert np.isnan(found.low[0]) and not np.isnan(found.values[0])
    assert Undefined("AAA_farm", "undefined in 1 of 2 draws") in found.undefined


def test_change_draws_both_years() -> None:
    on = fresh("toy")
    one = Noise(domestic=0.1)
    found = interval("service_input_change", on.table, noise=one, draws=39, base=on.base)
    same = interval("service_input_change", on.table, noise=one, draws=39, base=on.table)
    assert np.nanmax(same.sd) > 0 and np.nanmax(np.abs(same.values)) == 0
    assert found.definition["base"] == "2000"


def test_what_can_not_be_answered_is_refused() -> None:
    table = toy(1)
    for name, options in [
        ("output_multiplier", {"draws": 38}),
        ("output_multiplier", {"level": 1.0}),
        ("output_multiplier", {"seed": -1}),
        ("output_multiplier", {"method": "guess"}),
        ("upstreamness", {"method": "linear"}),
        ("production_inducement", {"method": "linear", "origin": "imported"}),
        ("production_inducement", {"method": "linear", "weights": "final_demand", "by": "economy"}),
        ("service_input_share", {"method": "linear", "total": True, "origin": "domestic"}),
        ("output_multiplier", {"method": "linear", "noise": Noise(output=0.1)}),
    ]:
        with pytest.raises(UsageError):
            interval(name, table, **{"noise": NOISE, **options})
    with pytest.raises(UsageError):
        interval(lambda table: table, table, noise=NOISE)


def test_a_draw_without_an_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise NumericalError("balancing", found="a", expected="b", remedy="c")

    monkeypatch.setattr("servio.table.noise.algebra.gras", fail)
    with pytest.raises(NumericalError, match="draw 0 of seed 7"):
        interval("output_multiplier", toy(1), noise=NOISE, seed=7)


def test_the_command_line_adds_columns_when_asked(capfd: pytest.CaptureFixture[str]) -> None:
    asked = ["measure", "output_multiplier", "model:countries=2,industries=8,years=1"]
    asked += ["--country", "M02"]
    assert cli.main(asked) == 0
    plain = capfd.readouterr().out.splitlines()
    assert plain[0].endswith(",measure,value,unit")
    assert cli.main([*asked, "--draws", "39", "--seed", "2", "--noise", "all=0.1"]) == 0
    drawn = capfd.readouterr().out.splitlines()
    assert drawn[0] == plain[0].replace("value", "value,low,high,sd") and len(drawn) == len(plain)
    noise = Noise.all_cells(0.1)
    table = model_world(countries=2, industries=8, years=1).table(2000)
    found = measure.select(interval("output_multiplier", table, noise=noise, draws=39, seed=2),
                           country=["M02"])  # fmt: skip
    number = [float(cell) for cell in drawn[1].split(",")[-5:-1]]
    assert number == [found.values[0], found.low[0], found.high[0], found.sd[0]]
    for wrong in (["--draws", "39"], ["--noise", "all=0.1"], ["--draws", "39", "--noise", "all"]):
        assert cli.main([*asked, *wrong]) == 2


def test_the_command_line_names_method_and_level(capfd: pytest.CaptureFixture[str]) -> None:
    asked = ["measure", "output_multiplier", "model:countries=2,industries=8,years=1"]
    table = model_world(countries=2, industries=8, years=1).table(2000)
    noise, given = Noise.all_cells(0.1), ["--noise", "all=0.1", "--level", "0.8"]
    for how, options in (
        (["--method", "linear"], {"method": "linear"}),
        (["--method", "monte_carlo", "--draws", "9"], {"draws": 9}),
        (["--draws", "9"], {"draws": 9}),
    ):
        assert cli.main([*asked, *given, *how]) == 0
        rows = capfd.readouterr().out.splitlines()[1:]
        found = interval("output_multiplier", table, noise=noise, level=0.8, **options)
        assert isinstance(found, measure.Interval)
        assert [float(row.split(",")[-4]) for row in rows] == found.low.tolist()
        assert all(" level=0.8 " in row for row in rows)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--method", "linear"], "--noise: found none"),
        (["--level", "0.9"], "--noise: found none"),
        (["--noise", "all=0.1", "--level", "0.9"], "--draws: found none"),
        (["--noise", "all=0.1", "--method", "linear", "--draws", "40"], "--draws: found 40"),
        (["--noise", "all=0.1", "--method", "linear", "--seed", "1"], "--seed: found 1"),
        (["--noise", "all=0.1", "--method", "linear", "--level", "1.5"], "level: found 1.5"),
        (["--noise", "all=0.1", "--method", "linear", "--level", "nan"], "level: found nan"),
        (["--noise", "all=0.1", "--method", "quick"], "--method"),
    ],
)
def test_the_command_line_refuses_halves_of_an_interval(
    wrong: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = ["measure", "output_multiplier", "model:countries=2,industries=8,years=1"]
    assert cli.main([*asked, *wrong]) == 2
    shown = capfd.readouterr()
    assert said in shown.err and shown.err.count("\n") == 1 and shown.out == ""


def test_korea(shared: Path) -> None:
    table = sources.read(shared / "data" / "wiod2016_niot" / "KOR_NIOT_nov16.xlsx", year=2014)
    noise = Noise.all_cells(0.1, imported=0.2)
    for name in ("service_input_share", "production_inducement"):
        drawn = interval(name, table, noise=noise, draws=100, by="manufacturing")
        found = interval(name, table, noise=noise, method="linear", by="manufacturing")
        assert_allclose(drawn.sd, found.sd, rtol=0.25)  # 3.5 standard errors of 100 draws
        assert drawn.low < drawn.values < drawn.high
