"""Effects of interacted terms: against differences of fitted values, and by country."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servio import explain
from servio.errors import LabelError, NumericalError, UsageError, ValueFault


def world(seed: int = 0) -> pd.DataFrame:
    """Four countries of two kinds, six industries of three classes, ten years."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [["DEU", "IDN", "JPN", "KOR"], range(6), range(2000, 2010)],
        names=["country", "industry", "year"],
    )
    frame = index.to_frame(index=False)
    frame["tech"] = np.array(["low", "mid", "high"])[frame["industry"] % 3]
    frame["rich"] = frame["country"].isin(["DEU", "JPN", "KOR"]).astype(int)
    frame["conv"] = rng.uniform(1, 2, len(frame))
    frame["z"] = rng.standard_normal(len(frame))
    frame["va"] = rng.uniform(1, 9, len(frame))
    slope = frame["tech"].map({"low": 0.1, "mid": 0.2, "high": 0.5}) + 0.3 * frame["rich"]
    frame["y"] = slope * frame["conv"] + 0.1 * frame["z"] + 0.1 * rng.standard_normal(len(frame))
    return frame


FORMULAS = [
    "y ~ conv + z",
    "y ~ conv*rich + z",
    "y ~ conv + conv^2 + rich:conv + conv:z + z",
    "y ~ conv + i(tech, conv, ref=low) + z",
    "y ~ conv + i(tech):conv + i(country, conv, ref='IDN') + z",
    "y ~ i(tech:country, conv) + z",
    "y ~ i(tech, conv) + i(tech, z):conv + i(tech, conv):rich + i(tech)",
    "y ~ z:rich:conv^2 + conv",
]


def fitted(formula: str, frame: pd.DataFrame, fit: explain.Estimate) -> np.ndarray:
    from servio.explain._design import build_design

    design = build_design(formula, frame, panel=["country", "industry"], time="year")
    return np.column_stack([design.regressors, design.endogenous]) @ fit.coefficients


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_effect_is_the_difference_of_fitted_values(formula: str) -> None:
    frame = world()
    fit = explain.estimate(formula, frame, panel=["country", "industry"], time="year")
    found = explain.marginal_effects(fit, "conv", data=frame, over="country", weights="va")
    step = 1e-5
    up, down = (fitted(formula, frame.assign(conv=frame["conv"] + s), fit) for s in (step, -step))
    slope = (up - down) / (2 * step)
    wanted = [
        np.average(slope[rows], weights=frame["va"].to_numpy()[rows])
        for rows in frame.groupby("country").indices.values()
    ]
    np.testing.assert_allclose(found["estimate"], wanted, rtol=1e-6, atol=1e-8)
    assert found["country"].tolist() == ["DEU", "IDN", "JPN", "KOR"]
    assert found["n"].tolist() == [60] * 4 and found["left_out"].tolist() == [0] * 4


def test_errors_are_those_of_combinations_of_coefficients() -> None:
    frame = world()
    fit = explain.estimate("y ~ conv + i(tech, conv, ref=low) + conv:rich", frame)
    found = explain.marginal_effects(fit, "conv", {"tech": ["low", "high"], "rich": [0, 2]})
    assert found[["tech", "rich"]].to_numpy().tolist() == [
        ["low", 0], ["low", 2], ["high", 0], ["high", 2]
    ]  # fmt: skip
    for row, weights in zip(
        found.itertuples(),
        [
            {"conv": 1.0},
            {"conv": 1.0, "conv:rich": 2.0},
            {"conv": 1.0, "tech::high:conv": 1.0},
            {"conv": 1.0, "tech::high:conv": 1.0, "conv:rich": 2.0},
        ],
        strict=True,
    ):
        wanted = fit.combination(weights)
        got = (row.estimate, row.std_error, row.lower, row.upper)
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_the_effect_in_a_country_is_that_of_its_classes_by_their_weights() -> None:
    frame = world()
    fit = explain.estimate("y ~ i(tech, conv) + conv:rich + z", frame)
    panel = explain.Panel(
        frame, ("country", "industry"), "year", {}, frame.iloc[:0].assign(reason="")
    )
    found = explain.marginal_effects(
        fit, "conv", data=panel, where='country == "KOR" and year == 2009', weights="va"
    )
    korea = frame.query('country == "KOR" and year == 2009')
    shares = korea.groupby("tech")["va"].sum() / korea["va"].sum()
    wanted = fit.combination(
        {"conv:rich": 1.0, **{f"tech::{name}:conv": share for name, share in shares.items()}}
    )
    got = found.loc[0, ["estimate", "std_error", "lower", "upper"]]
    np.testing.assert_allclose(got.astype(float), wanted, rtol=1e-12)
    assert found["n"].tolist() == [6]


def test_all_levels_are_taken_where_none_is_named() -> None:
    fit = explain.estimate("y ~ conv + i(tech):conv + i(tech)", world())
    found = explain.marginal_effects(fit, "conv")
    assert found["tech"].tolist() == ["high", "low", "mid"]
    wanted = [
        fit.combination({"conv": 1.0, **more})[0]
        for more in ({}, {"tech::low:conv": 1.0}, {"tech::mid:conv": 1.0})
    ]
    np.testing.assert_allclose(found["estimate"], wanted, rtol=1e-12)


def test_a_variable_and_its_lag_are_two() -> None:
    frame = world()
    fit = explain.estimate(
        "y ~ lag(conv)*rich + conv", frame, panel=["country", "industry"], time="year"
    )
    now = explain.marginal_effects(fit, "conv")
    assert now["estimate"].tolist() == [fit.coefficients[fit.position("conv")]]
    before = explain.marginal_effects(fit, "lag(conv)", {"rich": 1})
    wanted = fit.combination({"lag(conv)": 1, "lag(conv):rich": 1})[0]
    assert before["estimate"].tolist() == pytest.approx([wanted])


def test_whether_effects_differ_is_tested_together() -> None:
    frame = world()
    vcov = {"cluster": "country:industry"}
    fit = explain.estimate("y ~ conv + i(tech, conv, ref=low) + i(tech)", frame, vcov=vcov)
    found = explain.same_effect(fit, "conv")
    wanted = fit.joint(["tech::high:conv", "tech::mid:conv"])
    assert found.statistic == pytest.approx(wanted.statistic)
    assert found.df == wanted.df and found.p_value == pytest.approx(wanted.p_value)
    other = explain.estimate("y ~ i(tech, conv) + i(tech)", frame, vcov=vcov)
    assert explain.same_effect(other, "conv").statistic == pytest.approx(wanted.statistic)
    one = explain.same_effect(fit, "conv", {"tech": ["low", "high"]})
    t = fit.t_values[fit.position("tech::high:conv")]
    assert one.statistic == pytest.approx(t**2) and one.df[0] == 1
    with pytest.raises(NumericalError, match="no difference"):
        explain.same_effect(fit, "conv", {"tech": "low"})


def test_rows_without_values_are_counted() -> None:
    frame = world().assign(va=lambda f: f["va"].where(f["year"] > 2001))
    fit = explain.estimate("y ~ conv*rich", frame)
    found = explain.marginal_effects(fit, "conv", data=frame, weights="va", over="")
    assert found["n"].tolist() == [192] and found["left_out"].tolist() == [48]


def test_faults_are_named() -> None:
    frame = world()
    fit = explain.estimate("y ~ conv*rich + i(tech, conv, ref=low) + z", frame)
    with pytest.raises(UsageError, match="no value of rich"):
        explain.marginal_effects(fit, "conv")
    with pytest.raises(LabelError, match="tech = 'hihg'"):
        explain.marginal_effects(fit, "conv", {"rich": 0, "tech": "hihg"})
    with pytest.raises(LabelError, match="country"):
        explain.marginal_effects(fit, "conv", {"rich": 0, "country": "KOR"})
    with pytest.raises(LabelError, match="rich"):
        explain.marginal_effects(fit, "conv", {"rich": "yes"})
    with pytest.raises(UsageError, match="no coefficient with va"):
        explain.marginal_effects(fit, "va")
    with pytest.raises(UsageError, match="one variable"):
        explain.marginal_effects(fit, "conv:rich")
    with pytest.raises(UsageError, match="one of them"):
        explain.marginal_effects(fit, "conv", {"rich": 0}, data=frame)
    with pytest.raises(UsageError, match="without data"):
        explain.marginal_effects(fit, "conv", {"rich": 0}, where="rich == 1")
    with pytest.raises(LabelError, match="tech = 'new'"):
        explain.marginal_effects(fit, "conv", data=frame.assign(tech="new"))
    with pytest.raises(ValueFault, match="below zero"):
        explain.marginal_effects(fit, "conv", data=frame, weights="0 - va")
    with pytest.raises(ValueFault, match="no weight"):
        explain.marginal_effects(fit, "conv", data=frame.assign(rich=np.nan))
    logs = explain.estimate("y ~ conv + log(conv)", frame)
    with pytest.raises(UsageError, match=r"log\(conv\), which moves with conv"):
        explain.marginal_effects(logs, "conv")
