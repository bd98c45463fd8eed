from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planted_symbiosis import PARAMETERS, against, sector_series
from servio.errors import InputError, LabelError, NumericalError, UsageError, ValueFault
from servio.simulate import (
    LotkaVolterra,
    SymbiosisFit,
    fit_symbioses,
    fit_symbiosis,
    growth_regression,
    lotka_volterra,
)
from servio.sources.model import model_world

TIMES = np.arange(2000.0, 2016)
D12, D21 = "d[manufacturing from services]", "d[services from manufacturing]"


def model(d12: float = 0.3, d21: float = -0.25) -> LotkaVolterra:
    return lotka_volterra([0.3, 0.45], [120.0, 80.0], [[0, d12], [d21, 0]])


def noisy(seed: int, sd: float = 0.003, **given: float) -> np.ndarray:
    path = model(**given).trajectory([40.0, 60.0], TIMES).states
    return np.asarray(path * np.exp(sd * np.random.default_rng(seed).standard_normal(path.shape)))


@pytest.fixture(scope="module")
def fitted() -> SymbiosisFit:
    return fit_symbiosis(TIMES, noisy(1), entity="KOR")


# -- published -------------------------------------------------------------------------------------


def gause(shared: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(shared / "checks" / "data" / f"gause_1934_{name}.csv")


def test_growth_regressions_of_gause_as_published(shared: Path) -> None:
    check = json.loads((shared / "checks" / "24_gause_lotka_volterra.json").read_text())
    data = gause(shared, "book_f32")
    found = growth_regression(data["Day"], data[["Individuals_Prey", "Individuals_Predator"]])
    orders = (("intercept", "prey", "predator"), ("intercept", "predator", "prey"))
    for i, name in enumerate(("prey_regression", "predator_regression")):
        expected = check["expected"][name]
        values = [expected[term] for term in orders[0]]
        errors = dict(zip(orders[i], expected["se"], strict=True))
        np.testing.assert_allclose(found.coefficients[i], values, atol=1e-5)
        np.testing.assert_allclose(found.std_errors[i], [errors[k] for k in orders[0]], atol=1e-5)
        assert found.r2[i] == pytest.approx(expected["R2"], abs=5e-5)
        assert found.df[i] == expected["df"]


def test_least_squares_on_the_solution_of_gause_as_published(shared: Path) -> None:
    check = json.loads((shared / "checks" / "24_gause_lotka_volterra.json").read_text())
    data = gause(shared, "science_f02_03").query("Treatment == 'Mixture'")
    found = fit_symbiosis(data["Day"], data[["Volume_Species1", "Volume_Species2"]],
                          names=("caudatum", "aurelia"), errors="additive", variance="common",
                          time_unit="day")  # fmt: skip
    expected = check["expected"]["nls_competition"]
    values = np.concatenate([np.exp(found.theta[:2]), found.theta[2:]])
    np.testing.assert_allclose(values, expected["params"], rtol=check["tolerance"]["nls"])
    assert found.sigma[0] == pytest.approx(expected["resid_se"], abs=0.05)
    assert found.df == expected["df"]
    assert found.symbioses()[0].kind == "competition"


def test_goodness_of_a_logistic_curve_as_published(shared: Path) -> None:
    check = json.loads((shared / "checks" / "24_gause_lotka_volterra.json").read_text())
    data = gause(shared, "book_f22").query("Treatment == 'Pa'")
    data = data.dropna(subset=["Volume_Species2"])
    y, t = data["Volume_Species2"].to_numpy(), data["Day"].to_numpy(dtype=float)
    alone = LotkaVolterra(("aurelia",), np.array([0.8]), np.array([[-0.8 / 230]]))
    path = alone.trajectory([0.6], [0.0, *t]).states[1:, 0]
    goodness = 1 - ((y - path) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert goodness == pytest.approx(check["expected"]["logistic_gof_N0_06_r08_K230"], abs=1e-6)


def test_a_logistic_curve_of_one_series_as_published() -> None:
    # R, stats: SSlogis, example Chick.1 (data: Crowder and Hand 1990, Analysis of Repeated
    # Measures): Asym 937.03 (465.86), xmid 35.223, scal 11.405; r = 1/scal, K = Asym.
    t = np.array([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 21.0])
    grams = np.array([42, 51, 59, 64, 76, 93, 106, 125, 149, 171, 199, 205.0])
    found = fit_symbiosis(t, grams, names=["chick"], errors="additive", unit="g", time_unit="day")
    r, K, x0 = (found.estimate(f"{name}[chick]")[0] for name in ("r", "K", "x0"))
    assert 1 / r == pytest.approx(11.405, abs=5e-4)
    assert pytest.approx(937.03, rel=1e-4) == K
    assert np.log(K / x0 - 1) / r == pytest.approx(35.223, abs=5e-4)
    spread = dict(zip(found.parameters, found.std_errors, strict=True))
    assert spread["K[chick]"] == pytest.approx(465.86, rel=2e-3)
    assert found.df == 9 and found.symbioses() == () and np.isnan(found.interaction_p)


def test_logistic_growth_of_gause_is_at_least_as_good_as_published(shared: Path) -> None:
    check = json.loads((shared / "checks" / "24_gause_lotka_volterra.json").read_text())
    data = gause(shared, "book_f22").query("Treatment == 'Pa'").dropna(subset=["Volume_Species2"])
    y = data["Volume_Species2"].to_numpy()
    found = fit_symbiosis(data["Day"], y, names=["aurelia"], errors="additive", time_unit="day")
    goodness = 1 - ((y - found.fitted[:, 0]) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert goodness > check["expected"]["logistic_gof_N0_06_r08_K230"]
    for name, published in (("r[aurelia]", 0.8), ("K[aurelia]", 230)):
        value, lower, upper = found.estimate(name)
        assert lower < published < upper or value == pytest.approx(published, rel=0.05)


def test_species_have_names_without_being_named() -> None:
    assert lotka_volterra([0.1], [1], [[0]]).names == ("species 1",)
    three = lotka_volterra([0.1] * 3, [1] * 3, np.zeros((3, 3)))
    assert three.names == ("species 1", "species 2", "species 3")
    path = three.trajectory([0.1, 0.2, 0.4], np.arange(20.0))
    assert fit_symbiosis(path.times, path.states[:, :1]).model.names == ("species 1",)
    assert fit_symbiosis(TIMES, noisy(1)).model.names == ("manufacturing", "services")


# -- what is planted -------------------------------------------------------------------------------


@pytest.mark.parametrize(("d12", "d21"), [(0.3, -0.25), (0.0, 0.35)])
def test_a_path_without_errors_gives_its_parameters_back(d12: float, d21: float) -> None:
    path = model(d12, d21).trajectory([40.0, 60.0], TIMES)
    found = fit_symbiosis(TIMES, path.states)
    np.testing.assert_allclose(found.model.rates, [0.3, 0.45], rtol=1e-7)
    np.testing.assert_allclose(found.model.capacities, [120, 80], rtol=1e-7)
    np.testing.assert_allclose(found.model.interaction, [[0, d12], [d21, 0]], atol=1e-7)
    assert "perfect fit: intervals have no width" in found.notes


def test_three_species_and_unequal_intervals_are_found_again() -> None:
    d = np.array([[0, 0.2, -0.1], [0.3, 0, 0.0], [-0.2, 0.1, 0]])
    times = np.array([0, 1, 2, 3.5, 5, 6, 8, 9, 10, 12, 13, 14, 15, 16, 18, 20.0])
    three = lotka_volterra([0.2, 0.3, 0.4], [10, 20, 30], d, names=("a", "b", "c"))
    path = three.trajectory([3.0, 2.0, 25.0], times).states
    errors = 1e-4 * np.random.default_rng(0).standard_normal(path.shape)
    found = fit_symbiosis(times, path * np.exp(errors), names=("a", "b", "c"))
    np.testing.assert_allclose(found.model.interaction, d, atol=0.02)
    assert [one.pair for one in found.symbioses()] == [("a", "b"), ("a", "c"), ("b", "c")]


def test_planted_symbiosis_lies_within_the_intervals_as_often_as_they_say() -> None:
    frames = []
    for seed in range(3):
        world = model_world(seed=seed)
        found = fit_symbioses(sector_series(world))
        assert found.left_out == ()
        frames.append(against(world, found))
    rows = pd.concat(frames)
    assert len(rows) == 3 * 12 * len(PARAMETERS)
    assert rows["defined"].mean() > 0.97
    held = rows[rows["defined"]]["held"]
    # Estimates of a country depend on each other: limits of 36 independent draws, at 1 in 1,000.
    assert 0.85 < held.mean() <= 1.0


def test_no_interaction_is_rejected_as_often_as_it_should_be() -> None:
    rows = []
    for seed in range(150):
        x = noisy(seed, d12=0.0, d21=0.0)
        rows.append(pd.DataFrame({"country": str(seed), "year": TIMES,
                                  "manufacturing": x[:, 0], "services": x[:, 1]}))  # fmt: skip
    found = fit_symbioses(pd.concat(rows))
    p = np.array([fit.interaction_p for fit in found.fits.values()])
    assert (p < 0.05).mean() < 0.13
    assert 0.4 < p.mean() < 0.6


def test_scale_of_the_data_changes_nothing_but_the_unit(fitted: SymbiosisFit) -> None:
    scaled = fit_symbiosis(TIMES, noisy(1) * [1e6, 1e-3])
    for name in (D12, D21, "r[services]"):
        np.testing.assert_allclose(scaled.estimate(name), fitted.estimate(name), rtol=1e-4,
                                   atol=1e-6)  # fmt: skip
    expected = 1e-3 * np.array(fitted.estimate("K[services]"))
    np.testing.assert_allclose(scaled.estimate("K[services]"), expected, rtol=1e-4)
    assert scaled.condition == pytest.approx(fitted.condition, rel=1e-2)


def test_derivatives_of_reported_parameters_are_right(fitted: SymbiosisFit) -> None:
    from servio.simulate._parameters import reported, sensitivities

    numeric = np.empty((len(fitted.parameters), len(fitted.theta)))
    for k, value in enumerate(fitted.theta):
        step = np.zeros_like(fitted.theta)
        step[k] = 1e-6 * max(abs(value), 1e-6)
        ends = [reported((fitted.theta + s * step)[:, None], 2)[:, 0] for s in (1, -1)]
        numeric[:, k] = (ends[0] - ends[1]) / (2 * step[k])
    exact = sensitivities(fitted.theta, 2)
    np.testing.assert_allclose(exact, numeric, rtol=1e-5, atol=1e-6 * np.abs(exact).max())


# -- kinds, equilibrium, projection ----------------------------------------------------------------


def test_kind_says_what_the_intervals_allow(fitted: SymbiosisFit) -> None:
    (sure,) = fitted.symbioses()
    assert sure.kind == "parasitism (manufacturing gains)"
    assert sure.possible == (sure.kind,)
    assert sure.probabilities[sure.kind] > 0.9
    assert sum(sure.probabilities.values()) == pytest.approx(1)
    (open_,) = fit_symbiosis(TIMES, noisy(2, 0.03)).symbioses()
    assert len(open_.possible) > 1
    width = max(abs(v) for name in (D12, D21) for v in fitted.estimate(name)) + 0.01
    (none,) = fitted.symbioses(negligible=width)
    assert none.possible == ("neutralism",)


def test_equilibrium_holds_the_planted_one(fitted: SymbiosisFit) -> None:
    found, planted = fitted.equilibrium(), model().equilibrium()
    assert found.point.kind == planted.kind
    assert ((found.lower < planted.states) & (planted.states < found.upper)).all()
    assert found.stable > 0.99


def test_projection_begins_on_the_fit_and_its_bands_widen(fitted: SymbiosisFit) -> None:
    found = fitted.project([2000, 2015, 2020, 2030, 2060])
    np.testing.assert_allclose(found.path[:2], fitted.fitted[[0, -1]], rtol=1e-7)
    assert ((found.lower <= found.path) & (found.path <= found.upper)).all()
    assert (found.observed_upper - found.observed_lower >= found.upper - found.lower).all()
    assert (np.diff((found.upper - found.lower)[1:], axis=0)[0] > 0).all()
    planted = model().trajectory([40.0, 60.0], [2000, 2030]).states[1]
    assert ((found.lower[3] < planted) & (planted < found.upper[3])).all()
    assert found.unbounded == 0
    with pytest.raises(InputError, match="2000 or later"):
        fitted.project([1990, 2020])


@pytest.mark.parametrize("kind", ["parametric", "residual"])
def test_bootstrap_intervals_are_about_as_wide_and_seeded(fitted: SymbiosisFit, kind: str) -> None:
    found = fitted.bootstrap(kind, draws=199, seed=5)  # type: ignore[arg-type]
    again = fitted.bootstrap(kind, draws=199, seed=5)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.lower, again.lower)
    assert found.intervals == f"{kind} bootstrap, 199 draws, seed 5"
    ratio = (found.upper - found.lower) / (fitted.upper - fitted.lower)
    assert (ratio > 0.6).all()
    assert (ratio < 1.7).all()
    assert found.draws is not None
    assert found.symbioses()[0].kind == fitted.symbioses()[0].kind


# -- warnings and errors ---------------------------------------------------------------------------


def test_short_and_trending_series_are_named() -> None:
    t = np.arange(9.0)
    rng = np.random.default_rng(0)
    x = np.exp(np.outer(t, [0.05, 0.06]) + 0.002 * rng.standard_normal((9, 2)))
    notes = " ".join(fit_symbiosis(t, x).notes)
    assert "short: 9 times" in notes
    assert "trending" in notes


def test_exponential_growth_has_no_capacity_but_effects() -> None:
    t = np.arange(16.0)
    rng = np.random.default_rng(3)
    x = np.exp(np.outer(t, [0.05, 0.02]) + np.outer(t**2, [0.002, -0.001])
               + 0.002 * rng.standard_normal((16, 2)))  # fmt: skip
    found = fit_symbiosis(t, x)
    undefined = np.isnan(found.model.capacities)
    assert undefined.any()
    name = found.model.names[int(np.argmax(undefined))]
    assert np.isnan(found.estimate(f"K[{name}]")).all()
    assert np.isfinite(found.estimate(f"a[{name} from {name}]")).all()
    assert any("no capacity of" in note for note in found.notes)
    assert found.symbioses()[0].possible


def valley() -> tuple[np.ndarray, np.ndarray]:
    """Two sectors that stay in nearly one proportion."""
    rng = np.random.default_rng(5)
    t = np.arange(20.0)
    common = 50 / (1 + 9 * np.exp(-0.3 * t))
    states = np.column_stack([common, 2 * common])
    return t, states * np.exp(1e-4 * rng.standard_normal(states.shape))


def test_a_valley_or_a_missing_capacity_settles_no_kind() -> None:
    t = np.arange(16.0)
    rng = np.random.default_rng(3)
    x = np.exp(np.outer(t, [0.05, 0.02]) + np.outer(t**2, [0.002, -0.001])
               + 0.0002 * rng.standard_normal((16, 2)))  # fmt: skip
    for found, why in ((fit_symbiosis(t, x), "no capacity of"),
                       (fit_symbiosis(*valley()), "a valley, no clear minimum")):  # fmt: skip
        (one,) = found.symbioses()
        assert one.kind == "not identified" and why in one.reason
        assert len(one.possible) == 9 and not one.probabilities
        assert one.likeliest[0] == "" and np.isnan(one.likeliest[1])
        assert any(note.startswith(why) for note in found.notes)
        assert np.isnan(found.interaction_p) and found.interaction_f > 0
    fit = fit_symbiosis(TIMES, noisy(1))
    assert 0 <= fit.interaction_p <= 1
    sure = fit.symbioses()[0]
    assert sure.reason == "" and sure.kind != "not identified"


def test_rates_that_no_economy_has_are_named() -> None:
    fast = lotka_volterra([1.6, 0.3], [120.0, 80.0], [[0, 0.2], [0.1, 0]])
    path = fast.trajectory([3.0, 10.0], TIMES).states
    path *= np.exp(1e-3 * np.random.default_rng(0).standard_normal(path.shape))
    words = [note for note in fit_symbiosis(TIMES, path).notes if "beyond 1 a year" in note]
    assert len(words) == 1 and words[0].startswith("r of manufacturing (1.6)")
    assert not any("beyond 1" in n for n in fit_symbiosis(TIMES, path, time_unit="day").notes)
    assert not any("beyond 1" in n for n in fit_symbiosis(TIMES, noisy(1)).notes)


def test_correlated_residuals_are_named() -> None:
    rng = np.random.default_rng(8)
    t = np.arange(40.0)
    path = model().trajectory([40.0, 60.0], t).states
    e = np.zeros((40, 2))
    for k in range(1, 40):
        e[k] = 0.9 * e[k - 1] + 0.003 * rng.standard_normal(2)
    assert any("residuals correlated" in n for n in fit_symbiosis(t, path * np.exp(e)).notes)


def test_bad_series_are_refused_with_their_place() -> None:
    x = noisy(1)
    bad = x.copy()
    bad[3, 1] = -2.0
    with pytest.raises(ValueFault, match="KOR, services at t = 2003: found -2; expected a popul"):
        fit_symbiosis(TIMES, bad, entity="KOR")
    bad[3, 1] = np.nan
    with pytest.raises(ValueFault, match=r"KOR, services at t = 2003: found missing; .*finite"):
        fit_symbiosis(TIMES, bad, entity="KOR")
    with pytest.raises(ValueFault, match=r"growth_regression, species 2 at t = 2003: found miss"):
        growth_regression(TIMES, bad)
    bad[3, 1], bad[5, 0] = x[3, 1], -np.inf
    with pytest.raises(ValueFault, match=r"apples at t = 2005: found infinite"):
        fit_symbiosis(TIMES, bad, names=("apples", "pears"))
    with pytest.raises(ValueFault, match=r"species 1 at t = 2005: found infinite"):
        fit_symbiosis(TIMES, bad, names=("a", "b", "c"))
    still = x.copy()
    still[:, 0] = 5.0
    with pytest.raises(ValueFault, match="manufacturing: found a constant series"):
        fit_symbiosis(TIMES, still)
    with pytest.raises(ValueFault, match="4 times for 4 parameters"):
        fit_symbiosis(TIMES[:4], x[:4])
    with pytest.raises(InputError, match="times"):
        fit_symbiosis(TIMES[::-1], x)
    with pytest.raises(InputError, match="columns"):
        fit_symbiosis(TIMES, x, names=("a", "b", "c"))
    with pytest.raises(UsageError, match="errors"):
        fit_symbiosis(TIMES, x, errors="odd")  # type: ignore[arg-type]
    with pytest.raises(ValueFault, match="growth_regression, species 2 at t = 2003: found -2"):
        growth_regression(TIMES, np.where(x == x[3, 1], -2.0, x))


def test_proportional_series_cannot_be_told_apart() -> None:
    x = noisy(1)
    with pytest.raises(NumericalError, match=r"condition|no minimum"):
        fit_symbiosis(TIMES, np.column_stack([x[:, 0], 2 * x[:, 0]]))
    with pytest.raises(NumericalError, match="collinear"):
        growth_regression(TIMES, np.column_stack([x[:, 0], 2 * x[:, 0]]))


def test_unknown_parameters_and_bootstraps_are_refused(fitted: SymbiosisFit) -> None:
    with pytest.raises(LabelError, match="d\\[manufacturing from services\\]"):
        fitted.estimate("d12")
    with pytest.raises(UsageError, match="parametric or residual"):
        fitted.bootstrap("wild")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="99"):
        fitted.bootstrap(draws=10)


def test_entities_that_cannot_be_fitted_are_listed_the_others_kept() -> None:
    x = noisy(1)
    rows = []
    for name, states, years in (
        ("AAA", x, TIMES), ("BBB", -x, TIMES), ("CCC", x[:4], TIMES[:4]),
        ("DDD", noisy(2)[2:], TIMES[2:]), ("EEE", x * np.nan, TIMES),
    ):  # fmt: skip
        rows.append(pd.DataFrame({"country": name, "year": years, "manufacturing": states[:, 0],
                                  "services": states[:, 1]}))  # fmt: skip
    data = pd.concat(rows)
    found = fit_symbioses(data)
    assert list(found.fits) == ["AAA", "DDD"]
    assert [name for name, _ in found.left_out] == ["BBB", "CCC", "EEE"]
    alone = fit_symbiosis(TIMES, x)
    np.testing.assert_allclose(found.fits["AAA"].values, alone.values, rtol=1e-5)
    assert found.summary()["entity"].tolist() == ["AAA", "DDD"]
    drawn = found.bootstrap(draws=99)
    assert list(drawn.fits) == ["AAA", "DDD"]
    assert drawn.left_out == found.left_out
    with pytest.raises(InputError, match="two rows of AAA"):
        fit_symbioses(pd.concat([data, data]))
    with pytest.raises(UsageError, match="no column 'x'"):
        fit_symbioses(data, species=("x", "services"))


def test_text_in_a_column_is_named_and_a_row_without_a_name() -> None:
    x = noisy(1)
    data = pd.DataFrame({"country": "AAA", "year": TIMES, "manufacturing": x[:, 0],
                         "services": x[:, 1]})  # fmt: skip
    text = data.astype({"services": object})
    text.loc[3, "services"] = "n/a"
    with pytest.raises(ValueFault, match="column 'services', AAA: found the text 'n/a'"):
        fit_symbioses(text)
    with pytest.raises(ValueFault, match="column 'services', AAA: found the text '"):
        fit_symbioses(data.astype({"services": str}))
    with pytest.raises(ValueFault, match="column 'year'"):
        fit_symbioses(data.astype({"year": str}))
    with pytest.raises(ValueFault, match="column 'country': found nothing in row 0"):
        fit_symbioses(data.assign(country=None))
    with pytest.raises(ValueFault, match="'x'"):
        fit_symbiosis(TIMES, np.where(x == x[3, 1], "x", x.astype(object)))


def test_one_column_is_fitted_as_logistic_growth() -> None:
    path = LotkaVolterra(("services",), np.array([0.3]), np.array([[-0.3 / 80]]))
    data = pd.DataFrame({"country": "AAA", "year": TIMES,
                         "services": path.trajectory([10.0], TIMES).states[:, 0]})  # fmt: skip
    found = fit_symbioses(data, species=["services"])
    assert found.fits["AAA"].estimate("K[services]")[0] == pytest.approx(80, rel=1e-6)
    assert found.summary().empty and "kind" in found.summary()
    assert found.fits["AAA"].project([2016, 2020]).path.shape == (2, 1)
    assert found.fits["AAA"].equilibrium().point.stable


def test_what_the_documentation_shows_runs() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "symbiosis.md"
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, names)
    assert names["table"] is not None
    assert names["outsourcing"].stable() == [("outsource", "honest")]  # type: ignore[attr-defined]
