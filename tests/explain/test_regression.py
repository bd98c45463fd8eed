"""Estimates: identities that hold whatever the data, samples, and faults that are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servio.errors import InputError, LabelError, NumericalError, UsageError, ValueFault
from servio.explain import Column, Panel, estimate, random_effects
from servio.explain._design import build_design, sweep
from servio.explain._formula import parse_formula
from servio.explain._qr import dependence, least_squares

pytest.importorskip("pyfixest", reason="fixed effects need the extra econ")


@pytest.fixture
def frame() -> pd.DataFrame:
    """Thirty firms of six countries, eight years, with a fifth of the rows gone."""
    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {"firm": np.repeat(np.arange(30), 8), "year": np.tile(np.arange(2000, 2008), 30)}
    )
    data["country"] = np.array(list("ABCDEF"))[data["firm"] // 5]
    data["size"] = np.where(data["firm"] % 2, "big", "small")
    effect = rng.normal(size=30)[data["firm"]]
    for name in ("x1", "x2", "z"):
        data[name] = rng.normal(size=240) + effect
    data["w"] = rng.uniform(0.5, 2, 240)
    data["y"] = data["x1"] - 0.5 * data["x2"] + effect + rng.normal(size=240)
    return data[rng.random(240) > 0.2].reset_index(drop=True)


def dummies(frame: pd.DataFrame, *names: str) -> np.ndarray:
    coded = pd.get_dummies(frame[list(names)].astype(str), drop_first=True).to_numpy(float)
    return np.column_stack([np.ones(len(frame)), coded])


# -- identities


@pytest.mark.parametrize("weights", [None, "w"])
def test_within_is_least_squares_with_indicators(frame: pd.DataFrame, weights: str | None) -> None:
    found = estimate("y ~ x1 + x2 | firm + year", frame, vcov="iid", weights=weights)
    root = np.sqrt(frame[weights].to_numpy()) if weights else np.ones(len(frame))
    X = np.column_stack([frame[["x1", "x2"]], dummies(frame, "firm", "year")]) * root[:, None]
    b, rss, rank, _ = np.linalg.lstsq(X, frame["y"].to_numpy() * root, rcond=None)
    assert found.coefficients == pytest.approx(b[:2], rel=1e-11)
    sigma2 = rss[0] / (len(frame) - rank)
    errors = np.sqrt(sigma2 * np.diag(np.linalg.inv(X.T @ X))[:2])
    assert found.std_errors == pytest.approx(errors, rel=1e-10)
    assert found.statistics["sigma"] == pytest.approx(np.sqrt(sigma2), rel=1e-11)


def test_swept_columns_are_orthogonal_to_every_indicator(frame: pd.DataFrame) -> None:
    swept = sweep(build_design("y ~ x1 + x2 | firm + year", frame))
    D = dummies(frame, "firm", "year")
    assert np.abs(D.T @ np.column_stack([swept.outcome, swept.regressors])).max() < 1e-11


def test_residuals_are_orthogonal_to_regressors(frame: pd.DataFrame) -> None:
    X, y = frame[["x1", "x2", "z"]].to_numpy(), frame["y"].to_numpy()
    fit = least_squares(X, y)
    assert np.abs(X.T @ fit.residuals).max() < 1e-11
    assert fit.bread == pytest.approx(np.linalg.inv(X.T @ X), rel=1e-10)


def test_one_row_a_cluster_is_the_robust_covariance(frame: pd.DataFrame) -> None:
    frame["row"] = np.arange(len(frame))
    robust = estimate("y ~ x1 + x2", frame, vcov="hetero", ssc="none")
    single = estimate("y ~ x1 + x2", frame, vcov={"cluster": "row"}, ssc="none")
    assert single.covariance == pytest.approx(robust.covariance, rel=1e-12)


def test_two_ways_of_one_nest_are_the_coarser_clusters(frame: pd.DataFrame) -> None:
    """V = V_firm + V_country − V_both, and both together are the firms."""
    coarse = estimate("y ~ x1", frame, vcov={"cluster": "country"}, ssc="none")
    both = estimate("y ~ x1", frame, vcov={"cluster": ["firm", "country"]}, ssc="none")
    assert both.covariance == pytest.approx(coarse.covariance, rel=1e-11)


def test_two_ways_never_give_a_negative_variance(frame: pd.DataFrame) -> None:
    found = estimate(
        "y ~ x1*x2*z + i(year, ref=2000)", frame, vcov={"cluster": ["country", "year"]}
    )
    assert any("negative eigenvalue" in note for note in found.notes)
    values = np.linalg.eigvalsh(found.covariance)
    assert values.min() >= -1e-12 * values.max()


def test_no_lags_of_driscoll_and_kraay_are_clusters_of_time(frame: pd.DataFrame) -> None:
    time = estimate("y ~ x1", frame, vcov={"cluster": "year"}, ssc="none")
    kernel = estimate("y ~ x1", frame, vcov={"driscoll_kraay": 0}, ssc="none", time="year")
    assert kernel.covariance == pytest.approx(time.covariance, rel=1e-12)


def test_newey_west_never_pairs_across_a_gap() -> None:
    """Two rows three years apart have no first lag; next to each other they have one."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"y": rng.normal(size=40), "x": rng.normal(size=40)})
    frame["t"] = np.arange(40)
    spread = frame.assign(t=frame["t"] * 3)
    near = estimate("y ~ x", frame, vcov={"newey_west": 1}, time="t", ssc="none")
    far = estimate("y ~ x", spread, vcov={"newey_west": 1}, time="t", ssc="none")
    bare = estimate("y ~ x", frame, vcov="hetero", ssc="none")
    assert far.covariance == pytest.approx(bare.covariance, rel=1e-12)
    u = frame["y"] - near.coefficients @ np.stack([np.ones(40), frame["x"]])
    s = np.column_stack([np.ones(40), frame["x"]]) * u.to_numpy()[:, None]
    meat = s.T @ s + 0.5 * (s[1:].T @ s[:-1] + s[:-1].T @ s[1:])
    X = np.column_stack([np.ones(40), frame["x"]])
    bread = np.linalg.inv(X.T @ X)
    assert near.covariance == pytest.approx(bread @ meat @ bread, rel=1e-10)


def test_just_identified_two_stages_are_the_ratio_of_covariances(frame: pd.DataFrame) -> None:
    found = estimate("y ~ 1 | x1 ~ z", frame, vcov="iid")
    c = frame[["z", "y", "x1"]].cov()
    assert found.coefficients[1] == pytest.approx(c.loc["z", "y"] / c.loc["z", "x1"], rel=1e-11)
    assert "sargan" not in found.statistics
    first = estimate("x1 ~ z", frame, vcov="iid")
    assert found.statistics["first_stage_F x1"] == pytest.approx(first.t_values[1] ** 2, rel=1e-9)


def test_units_and_order_do_not_matter(frame: pd.DataFrame) -> None:
    found = estimate("y ~ x1 + x2 | firm", frame, vcov={"cluster": "firm"})
    other = frame.assign(x1=frame["x1"] * 1e9, y=frame["y"] * 1e-6).sample(frac=1, random_state=1)
    scaled = estimate("y ~ x1 + x2 | firm", other, vcov={"cluster": "firm"})
    assert scaled.coefficients * [1e15, 1e6] == pytest.approx(found.coefficients, rel=1e-10)
    assert scaled.t_values == pytest.approx(found.t_values, rel=1e-10)
    assert scaled.statistics["condition"] == pytest.approx(found.statistics["condition"])


def test_presets_count_nested_effects_differently(frame: pd.DataFrame) -> None:
    n, k, G = len(frame), 2, 30
    made = {
        ssc: estimate("y ~ x1 + x2 | firm", frame, vcov={"cluster": "firm"}, ssc=ssc)
        for ssc in ("fixest", "stata", "none")
    }
    ratio = made["fixest"].covariance / made["none"].covariance
    assert ratio == pytest.approx((n - 1) / (n - k - 1) * G / (G - 1))
    ratio = made["stata"].covariance / made["none"].covariance
    assert ratio == pytest.approx((n - 1) / (n - k - 30) * G / (G - 1))
    assert "K = 3, firm not counted: nested in clusters" in made["fixest"].vcov
    assert "K = 32, all fixed effects counted" in made["stata"].vcov
    assert made["none"].df == np.inf and "no correction" in made["none"].vcov


@pytest.mark.parametrize("weights", [None, "w"])
def test_hc3_divides_by_one_less_the_leverage(frame: pd.DataFrame, weights: str | None) -> None:
    found = estimate("y ~ x1 + x2 | firm + year", frame, vcov="HC3", weights=weights)
    root = np.sqrt(frame[weights].to_numpy()) if weights else np.ones(len(frame))
    X = np.column_stack([frame[["x1", "x2"]], dummies(frame, "firm", "year")]) * root[:, None]
    y = frame["y"].to_numpy() * root
    Q = np.linalg.qr(X)[0]
    s = X * ((y - Q @ (Q.T @ y)) / (1 - (Q**2).sum(axis=1)))[:, None]
    bread = np.linalg.inv(X.T @ X)
    assert found.covariance == pytest.approx((bread @ s.T @ s @ bread)[:2, :2], rel=1e-8)


# -- terms


def test_terms_as_users_of_fixest_write_them(frame: pd.DataFrame) -> None:
    found = estimate("y ~ x1*x2 + i(size, z, ref=small) + i(year, ref=2003) + x1^2", frame)
    years = [f"year::{year}" for year in range(2000, 2008) if year != 2003]
    assert found.terms == (
        "(Intercept)", "x1", "x2", "x1:x2", "size::big:z", *years, "x1^2"
    )  # fmt: skip
    X = np.column_stack(
        [
            np.ones(len(frame)), frame["x1"], frame["x2"], frame["x1"] * frame["x2"],
            (frame["size"] == "big") * frame["z"],
            *(frame["year"] == int(name[6:]) for name in years), frame["x1"] ** 2,
        ]
    ).astype(float)  # fmt: skip
    b = np.linalg.lstsq(X, frame["y"], rcond=None)[0]
    assert found.coefficients == pytest.approx(b, rel=1e-10)


def test_slopes_by_level_are_separate_regressions(frame: pd.DataFrame) -> None:
    both = estimate("y ~ i(size, x1) | size", frame)
    assert both.terms == ("size::big:x1", "size::small:x1")
    big = estimate("y ~ x1", frame, where='size == "big"')
    assert both.coefficients[0] == pytest.approx(big.coefficients[1], rel=1e-10)


def test_levels_of_combined_columns_and_the_reference_by_default(frame: pd.DataFrame) -> None:
    found = estimate("y ~ i(size:country)", frame)
    assert len(found.terms) == 12
    assert "size:country::small:F" in found.terms and "size:country::big:A" not in found.terms
    assert any("compared with big:A" in note for note in found.notes)


def test_interactions_multiply_every_level(frame: pd.DataFrame) -> None:
    found = estimate("y ~ x1 + i(size, ref=big):x1:z", frame)
    assert found.terms[-1] == "size::small:x1:z"


def test_functions_are_computed_first_and_lags_before_rows_are_chosen() -> None:
    frame = pd.DataFrame(
        {
            "c": ["A"] * 6 + ["B"] * 6,
            "t": [*range(6), *range(6)],
            "x": np.random.default_rng(0).uniform(1, 2, 12),
            "y": np.random.default_rng(1).uniform(1, 2, 12),
        }
    )
    found = estimate("log(y) ~ lag(x)", frame, where="t >= 3", panel="c", time="t")
    chosen = frame[frame["t"] >= 3]
    x = frame.groupby("c")["x"].shift(1)[chosen.index]
    slope, level = np.polyfit(x, np.log(chosen["y"]), 1)
    assert found.coefficients == pytest.approx([level, slope], rel=1e-9)
    assert found.n == 6
    assert found.dropped == {"not where t >= 3": 6}


# -- the sample


def test_every_row_left_out_has_one_reason(frame: pd.DataFrame) -> None:
    frame.loc[[0, 1, 2], "x1"] = np.nan
    frame.loc[[2, 3], "x2"] = np.nan
    frame.loc[4, "country"] = None
    frame.loc[5, "firm"] = 999
    frame["x3"] = np.where(frame.index == 10, -1.0, 1.0 + frame["w"])
    found = estimate(
        "y ~ x1 + x2 + log(x3) | firm", frame, vcov={"cluster": "country"}, where="year < 2007"
    )
    left = int((frame["year"] == 2007).sum())
    assert found.dropped == {
        "not where year < 2007": left,
        "x1 is missing": 3,
        "x2 is missing": 1,
        "log(x3): log of a number that is not above 0": 1,
        "country is missing": 1,
        "singleton: the only row of its firm": 1,
    }
    assert found.n + sum(found.dropped.values()) == len(frame)
    assert found.groups == {"firm": 29, "country": 6}, "firm 0 has no row left"


def test_singletons_go_until_none_is_left() -> None:
    frame = pd.DataFrame({"y": np.arange(8.0) ** 2, "x": [3.0, 1, 4, 1, 5, 9, 2, 6]})
    frame["a"] = [0, 0, 0, 1, 1, 1, 2, 2]
    frame["b"] = [0, 0, 0, 1, 1, 1, 0, 3]
    # b = 3 is alone; without it a = 2 is alone.
    found = estimate("y ~ x | a + b", frame, vcov="iid")
    assert found.dropped == {
        "singleton: the only row of its b": 1, "singleton: the only row of its a": 1
    }  # fmt: skip
    assert any("2 parts that do not overlap" in note for note in found.notes)


def test_a_panel_brings_its_entities_and_time(frame: pd.DataFrame) -> None:
    panel = Panel(
        frame=frame.sort_values(["country", "firm", "year"]),
        entity=("country", "firm"),
        time="year",
        columns={name: Column("1", name) for name in ("x1", "x2", "y")},
        dropped=pd.DataFrame(),
        synthetic=True,
    )
    found = estimate("y ~ lag(x1)", panel, vcov={"driscoll_kraay": 2}, name="lagged")
    assert found.synthetic and found.name == "lagged"
    assert "30 entities, 2001 to 2007" in found.sample
    bare = estimate(
        "y ~ lag(x1)", frame, vcov={"driscoll_kraay": 2}, panel=["country", "firm"], time="year"
    )
    assert bare.coefficients == pytest.approx(found.coefficients, rel=1e-12)
    assert not bare.synthetic


def test_weights_are_those_of_variances(frame: pd.DataFrame) -> None:
    """Rows twice over are not rows of weight two: errors differ, coefficients agree."""
    once = estimate("y ~ x1", frame.assign(two=2.0), weights="two")
    plain = estimate("y ~ x1", frame)
    assert once.covariance == pytest.approx(plain.covariance, rel=1e-12)
    assert once.method == "least squares weighted"


# -- faults: S01 to S05, S07


@pytest.mark.parametrize("effects", ["", " | firm", " | firm + year"])
def test_collinear_terms_are_named(frame: pd.DataFrame, effects: str) -> None:
    frame["sum"] = frame["x1"] + 2 * frame["x2"]
    with pytest.raises(ValueFault) as caught:
        estimate(f"y ~ z + x1 + x2 + sum{effects}", frame)
    assert caught.value.found.startswith("sum = x1 + 2 × x2")
    assert "x1, x2" in caught.value.remedy and " z" not in caught.value.remedy


def test_collinear_is_seen_where_effects_leave_little(frame: pd.DataFrame) -> None:
    frame["level"] = 1e7 * frame["firm"] + frame["x1"]
    frame["sum"] = frame["level"] + frame["x2"]
    estimate("y ~ level + x2 | firm", frame)
    with pytest.raises(ValueFault, match=r"sum = level \+ x2 within fixed effects"):
        estimate("y ~ level + x2 + sum | firm", frame)


def test_collinear_through_the_intercept_and_through_effects(frame: pd.DataFrame) -> None:
    with pytest.raises(ValueFault, match=r"four = 4 × \(Intercept\)"):
        estimate("y ~ x1 + four", frame.assign(four=4.0))
    with pytest.raises(ValueFault, match="late = year::2004"):
        estimate("y ~ i(year, ref=2000) + late", frame.assign(late=1.0 * (frame["year"] > 2003)))
    with pytest.raises(ValueFault, match="within fixed effects"):
        estimate(
            "y ~ age + t | firm", frame.assign(age=frame["year"] - frame["firm"], t=frame["year"])
        )


def test_nearly_collinear_is_shown_with_its_condition_number(frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    frame["near"] = frame["x1"] + 1e-7 * rng.normal(size=len(frame))
    found = estimate("y ~ x1 + near", frame)
    assert 1e6 < found.statistics["condition"] < 1e9
    assert any("ill-conditioned" in note for note in found.notes)


def test_constant_within_an_entity_is_named(frame: pd.DataFrame) -> None:
    frame["rank"] = np.log(2.0 + frame["firm"])
    with pytest.raises(ValueFault, match="rank, constant within each firm"):
        estimate("y ~ x1 + rank | firm + year", frame)
    with pytest.raises(ValueFault, match="age, constant within firm and year"):
        estimate("y ~ x1 + age | firm + year", frame.assign(age=frame["year"] - frame["firm"]))
    with pytest.raises(ValueFault, match="rank, constant within each firm"):
        estimate("rank ~ x1 | firm", frame)


def test_one_cluster_is_refused_and_few_are_noted(frame: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="one cluster"):
        estimate("y ~ x1", frame.assign(all=1), vcov={"cluster": "all"})
    found = estimate("y ~ x1", frame, vcov={"cluster": ["country", "year"]})
    assert [note for note in found.notes if "wild_bootstrap" in note] == [
        "few clusters (6 of country): errors are likely too small; compare with wild_bootstrap",
        "few clusters (8 of year): errors are likely too small; compare with wild_bootstrap",
    ]
    assert found.df == 5


def test_clusters_that_a_coefficient_rests_on_are_counted() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"firm": np.repeat(np.arange(40), 4), "y": rng.normal(size=160)})
    frame["x"] = np.tile([0.0, 1.0, 0.0, 1.0], 40)
    alike = estimate("y ~ x | firm", frame, vcov={"cluster": "firm"})
    assert alike.statistics["effective_clusters"] == pytest.approx(40, rel=1e-12)
    assert alike.notes == ()
    frame["few"] = frame["x"] * (frame["firm"] < 8)
    few = estimate("y ~ few | firm", frame, vcov={"cluster": "firm"})
    assert few.statistics["effective_clusters"] == pytest.approx(8, rel=1e-12)
    both = estimate("y ~ x + few | firm", frame, vcov={"cluster": "firm"})
    assert both.effective["x"] > 20 > both.effective["few"] > 1
    assert both.statistics["effective_clusters"] == both.effective["few"]
    assert few.notes == (
        "1 of 1 terms rest on few clusters, few on as many as 8 of one size (40 of firm): their "
        "errors are likely too small; compare with wild_bootstrap",
    )


def test_fewer_rows_than_parameters(frame: pd.DataFrame) -> None:
    with pytest.raises(ValueFault, match="3 rows for 3 parameters"):
        estimate("y ~ x1 + x2", frame.head(3))
    with pytest.raises(ValueFault, match="fixed effects included"):
        square = pd.DataFrame({"y": [1.0, 2, 4, 3], "x": [1.0, 0, 0, 2]})
        estimate("y ~ x | a + b", square.assign(a=[0, 0, 1, 1], b=[0, 1, 0, 1]))
    with pytest.raises(ValueFault, match="no row to use"):
        estimate("y ~ x1", frame, where="year > 3000")


def test_a_perfect_fit_within_effects(frame: pd.DataFrame) -> None:
    frame["y"] = 2 * frame["x1"] + frame["firm"]
    found = estimate("y ~ x1 + x2 | firm", frame)
    assert any("perfect fit" in note for note in found.notes)
    assert np.isnan(found.p_values).all()


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_weights_of_zero_or_less(frame: pd.DataFrame, value: float) -> None:
    frame.loc[[1, 2], "w"] = value
    with pytest.raises(ValueFault, match="2 weights of zero or less"):
        estimate("y ~ x1", frame, weights="w")
    assert estimate("y ~ x1", frame, weights="w", where="w > 0").n == len(frame) - 2


def test_leverage_of_one_has_no_hc3(frame: pd.DataFrame) -> None:
    with pytest.raises(NumericalError, match="1 rows with leverage 1"):
        estimate("y ~ x1 + one", frame.assign(one=1.0 * (frame.index == 3)), vcov="HC3")


def test_weak_and_too_few_instruments(frame: pd.DataFrame) -> None:
    frame["noise"] = np.random.default_rng(3).normal(size=len(frame))
    found = estimate("y ~ x2 | x1 ~ noise", frame)
    assert any("weak instruments" in note for note in found.notes)
    with pytest.raises(UsageError, match="1 instruments"):
        estimate("y ~ 1 | x1 + x2 ~ z", frame)
    with pytest.raises(ValueFault, match="no collinear columns"):
        estimate("y ~ x2 | x1 ~ z + double", frame.assign(double=2 * frame["z"]))


@pytest.mark.parametrize(
    ("formula", "options", "error"),
    [
        ("y ~ nothing", {}, LabelError),
        ("y ~ x1 | nothing", {}, LabelError),
        ("y ~ country", {}, UsageError),
        ("country ~ x1", {}, UsageError),
        ("y ~ 1 | firm", {}, UsageError),
        ("y ~ i(year, ref=1990)", {}, LabelError),
        ("y ~ x1 + I(x1)", {}, ValueFault),
        ("y ~ x1", {"vcov": "HC7"}, UsageError),
        ("y ~ x1", {"vcov": {"cluster": ["firm", "year", "country"]}}, UsageError),
        ("y ~ x1", {"vcov": {"cluster": "nothing"}}, LabelError),
        ("y ~ x1", {"vcov": {"cluster": "__import__('os')"}}, UsageError),
        ("y ~ x1", {"vcov": {"driscoll_kraay": -1}}, UsageError),
        ("y ~ x1", {"vcov": {"driscoll_kraay": 2}}, UsageError),
        ("y ~ x1", {"vcov": {"newey_west": 2}, "time": "year"}, LabelError),
        ("y ~ x1", {"vcov": {"newey_west": True}, "time": "year"}, UsageError),
        ("y ~ x1 | x2 ~ z", {"vcov": "HC3"}, UsageError),
        ("y ~ x1", {"ssc": "sas"}, UsageError),
        ("y ~ x1", {"weights": "nothing"}, LabelError),
        ("y ~ x1", {"where": "x1 +"}, UsageError),
        ("y ~ lag(x1)", {}, UsageError),
    ],
)
def test_requests_that_make_no_sense(
    frame: pd.DataFrame, formula: str, options: dict[str, Any], error: type[InputError]
) -> None:
    with pytest.raises(error) as caught:
        estimate(formula, frame, **options)
    assert len(str(caught.value)) < 300 and "\n" not in str(caught.value)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_sizes_whose_squares_are_no_numbers(frame: pd.DataFrame, scale: float) -> None:
    with pytest.raises(ValueFault, match="x1, as large as"):
        estimate("y ~ x1", frame.assign(x1=frame["x1"] * scale))
    fine = estimate("y ~ x1", frame.assign(x1=frame["x1"] * scale**0.4))
    assert np.isfinite(fine.std_errors).all()


def test_a_column_twice_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(LabelError, match="two columns x1"):
        estimate("y ~ x1", pd.concat([frame, frame[["x1"]]], axis=1))


def test_only_data_frames_and_panels() -> None:
    with pytest.raises(UsageError, match="dict"):
        estimate("y ~ x", {"y": [1.0], "x": [2.0]})  # type: ignore[arg-type]


# -- formulas come from files: nothing in them runs


HOSTILE = [
    "y ~ __import__('os').system('touch {mark}')",
    "__import__('os').system('touch {mark}') ~ x1",
    "y ~ x1 | __import__('os').system('touch {mark}')",
    "y ~ x1 | x2 ~ __import__('os').system('touch {mark}')",
    "y ~ I(open('{mark}', 'w'))",
    "y ~ log(open('{mark}', 'w'))",
    "y ~ i(firm, open('{mark}', 'w'))",
    "y ~ i(firm, ref=open('{mark}', 'w'))",
    "y ~ eval(x1)",
    "y ~ C(x1)",
    "y ~ Q('x1')",
    "y ~ x1.__class__",
    "y ~ I(x1.values)",
    "y ~ I(lambda: x1)",
    "y ~ {open('{mark}', 'w')}",
    "y ~ `x1`",
    "y ~ x1[0]",
    "y ~ I([x1 for x1 in x1])",
    "y ~ I(x1 if x1 else x1)",
    "y ~ x1; import os",
    "y ~ x1\nimport os",
    "y ~ I(x1 := 3)",
    "y ~ 'x1'",
    "y ~ x1 @ x2",
    "y ~ \\x1",
    "y ~ x1 | firm[x1]",
    "y ~ sw(x1, x2)",
    "y ~ a*b*c*d*e*f*g*h*k*l*m*n*o*p*q*r*s*t*u*v",
    "y ~ " + "(" * 5_000 + "x1" + ")" * 5_000,
    "y ~ " + "x1 + " * 5_000 + "x2",
    "y ~ I(9**9**9**9)",
    "y ~ log(" + "-" * 3_000 + "x1)",
]


@pytest.mark.parametrize("formula", HOSTILE, ids=range(len(HOSTILE)))
def test_a_formula_never_runs(frame: pd.DataFrame, tmp_path: Path, formula: str) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(InputError) as caught:
        estimate(formula.replace("{mark}", mark.as_posix()), frame)
    assert not mark.exists()
    assert len(str(caught.value)) < 300


def test_columns_are_never_taken_for_code(frame: pd.DataFrame) -> None:
    """A name that Python knows is a column if there is one, and nothing otherwise."""
    found = estimate("y ~ __import__", frame.rename(columns={"x1": "__import__"}))
    assert found.terms[1] == "__import__"
    with pytest.raises(LabelError):
        estimate("y ~ __import__", frame)


@pytest.mark.parametrize(
    "text",
    ["", "y", "y ~", "~ x", "y ~ x +", "y ~ x ~ z", "y ~ x | a | b", "y ~ x | a ~ b | c", "y ~ y",
     "y ~ (x)", "y ~ log((x)", "y ~ x)", "y ~ 2", "y ~ i()", "y ~ i(a, b, c)", "y ~ i(a):i(b)",
     "y ~ x - z", "i(x) ~ y", "y ~ x | e ~ e", "y ~ x y", "y ~ x::z", "y ~ x | a b", "y ~ x^z"],
)  # fmt: skip
def test_formulas_that_are_not_understood(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_formula(text)
    assert caught.value.remedy


# -- kernels


def test_dependence_names_the_first_column_that_adds_nothing() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4))
    X[:, 2] = 3 * X[:, 0] - X[:, 1]
    at, weights = dependence(X, np.full(4, 1e-12)) or (0, np.zeros(0))
    assert at == 2 and weights == pytest.approx([3, -1])
    assert dependence(X[:, [0, 1, 3]], np.full(3, 1e-12)) is None
    wide = dependence(rng.normal(size=(3, 5)), np.full(5, 1e-12))
    assert wide is not None and wide[0] == 3


# -- what the data can't carry


def test_a_year_of_an_entity_counts_once(frame: pd.DataFrame) -> None:
    twice = pd.concat([frame, frame.iloc[[3]]], ignore_index=True)
    year = frame["year"].iloc[3]
    for options in (
        {},
        {"vcov": {"driscoll_kraay": 1}},
        {"vcov": {"cluster": "firm"}},
    ):
        with pytest.raises(LabelError, match=f"firm 0, year {year} twice"):
            estimate("y ~ x1 | firm", twice, panel="firm", time="year", **options)
    with pytest.raises(LabelError, match="panel and time"):
        random_effects("y ~ x1", twice, panel="firm", time="year")
    with pytest.raises(LabelError, match="country A, year 200"):
        estimate("y ~ x1 | country", frame, panel="country", time="year")
    kept = estimate("y ~ x1", twice, panel="firm", time="year", where="firm > 0")
    assert kept.n == int((frame["firm"] > 0).sum())
    assert estimate("y ~ x1", twice, panel="firm").n == len(twice)


def test_rows_of_no_entity_are_no_entity(frame: pd.DataFrame) -> None:
    data = frame.assign(firm=frame["firm"].astype(float).where(frame["firm"] > 1))
    found = random_effects("y ~ x1", data, panel="firm", time="year")
    assert found.dropped == {"firm is missing": int((frame["firm"] <= 1).sum())}
    assert found.groups["entities"] == 28


@pytest.mark.parametrize("kind", ["driscoll_kraay", "newey_west"])
def test_lags_are_fewer_than_periods(frame: pd.DataFrame, kind: str) -> None:
    longest = {kind: 7}
    assert estimate("y ~ x1", frame, vcov=longest, panel="firm", time="year").n == len(frame)
    with pytest.raises(UsageError, match=f"vcov {kind}: found 8 lags in 8 periods") as caught:
        estimate("y ~ x1", frame, vcov={kind: 8}, panel="firm", time="year")
    assert "at most 7" in str(caught.value)


def test_many_levels_are_a_fixed_effect() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"k": np.repeat(np.arange(501), 3), "x": rng.normal(size=1503)})
    data["y"] = data["x"] + rng.normal(size=1503)
    with pytest.raises(UsageError, match=r"i\(k\) with 501 levels") as caught:
        estimate("y ~ x + i(k)", data)
    assert "| k" in caught.value.remedy
    with pytest.raises(UsageError, match="501 levels"):
        estimate("y ~ i(k, x)", data)
    few = data[data["k"] < 500]
    assert estimate("y ~ x + i(k)", few).coefficients[1] == pytest.approx(
        estimate("y ~ x | k", few).coefficients[0], rel=1e-9
    )


def test_what_varies_does_so_however_far_from_zero(frame: pd.DataFrame) -> None:
    exact = frame.assign(off=np.round(frame["x1"] * 2**10) / 2**10)
    near = estimate("y ~ off | firm + year", exact)
    far = estimate("y ~ off | firm + year", exact.assign(off=exact["off"] + 1e12))
    assert far.coefficients == pytest.approx(near.coefficients, rel=1e-9)
    assert far.std_errors == pytest.approx(near.std_errors, rel=1e-9)
    for constant in (frame["firm"] + 1e12, frame["firm"] / 7 + frame["year"] / 3 + 1e12):
        with pytest.raises(ValueFault, match="off, constant within"):
            estimate("y ~ off | firm + year", frame.assign(off=constant))


def test_names_that_no_row_has_are_named(frame: pd.DataFrame) -> None:
    found = estimate("y ~ x1", frame, where='size in ["big", "smal"] and country != "Z"')
    assert found.n == int((frame["size"] == "big").sum())
    assert "where: no row has size 'smal', the nearest is 'small'" in found.notes
    assert "where: no row has country 'Z'" in found.notes
    assert not estimate("y ~ x1", frame, where='size == "big" and firm > 2').notes


def test_columns_that_are_no_numbers_say_what_they_hold(frame: pd.DataFrame) -> None:
    dates = pd.to_datetime(frame["year"].astype(str))
    with pytest.raises(UsageError, match="day, a column of dates"):
        estimate("y ~ day", frame.assign(day=dates))
    with pytest.raises(UsageError, match="column day, which holds dates"):
        estimate("y ~ x1", frame.assign(day=dates), where='day == "2001-01-01"')
    with pytest.raises(UsageError, match="x1, a column of complex numbers"):
        estimate("y ~ x1", frame.assign(x1=frame["x1"] + 1j))
    with pytest.raises(UsageError, match="which holds complex numbers"):
        estimate("y ~ log(x1)", frame.assign(x1=frame["x1"] + 1j))


def test_a_lag_without_keys_names_the_arguments(frame: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="panel=") as caught:
        estimate("y ~ lag(x1)", frame)
    assert 'time="year"' in caught.value.remedy
