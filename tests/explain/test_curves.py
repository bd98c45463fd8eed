"""Specification curves: each row an estimate, none left out, and the joint test's size."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from servio import explain
from servio.errors import LabelError, UsageError, ValueFault

pytest.importorskip("pyfixest", reason="the extra econ is not installed")


def world(seed: int = 0, effect: float = 0.0, clusters: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    c = np.repeat(np.arange(clusters), 8)
    frame = pd.DataFrame({"country": c, "year": np.tile(np.arange(8), clusters)})
    n = len(frame)
    frame["x"] = rng.standard_normal(clusters)[c] + rng.standard_normal(n)
    frame["x2"] = frame["x"] + 0.3 * rng.standard_normal(n)
    frame["z"] = rng.standard_normal(n)
    frame["w"] = rng.standard_normal(n)
    errors = rng.standard_normal(clusters)[c] + rng.standard_normal(n)
    frame["y"] = effect * frame["x"] + errors
    frame["y2"] = frame["y"] + 0.3 * rng.standard_normal(n)
    return frame


def curve(frame: pd.DataFrame, **more: object) -> explain.SpecificationCurve:
    return explain.specification_curve(
        frame,
        ["y", "y2"],
        {"first": "x", "second": "x2"},
        optional=["z", "w"],
        fixed_effects=["", "year"],
        vcov=["hetero", {"cluster": "country"}],
        samples={"all": "", "late": "year > 2"},
        **more,  # type: ignore[arg-type]
    )


def test_each_row_is_the_estimate_of_its_choices() -> None:
    frame = world(effect=0.3)
    found = curve(frame).to_frame()
    assert len(found) == 2 * 2 * 4 * 2 * 2 * 2
    assert not found.duplicated(list(found.columns[1:8])).any()
    row = found.query(
        "outcome == 'y2' and term == 'second' and optional == 'z + w' and "
        "fixed_effects == 'year' and vcov == 'cluster country' and sample == 'late'"
    ).iloc[0]
    fit = explain.estimate(
        "y2 ~ x2 + z + w | year", frame, vcov={"cluster": "country"}, where="year > 2"
    )
    assert row["formula"] == "y2 ~ x2 + z + w | year" and row["n"] == fit.n == 60
    lower, upper = fit.interval()
    wanted = (fit.coefficients[0], fit.std_errors[0], fit.p_values[0], lower[0], upper[0])
    assert tuple(row[["estimate", "std_error", "p", "lower", "upper"]]) == wanted


def test_shares_and_the_median_are_those_of_the_rows() -> None:
    found = curve(world(effect=0.15))
    rows = found.to_frame()
    assert found.median == np.median(rows["estimate"])
    assert found.share_positive == np.mean(rows["estimate"] > 0)
    assert found.share_significant == np.mean(rows["p"] < 0.05)
    assert 0 < found.share_significant < 1
    by = found.summary("vcov").set_index("vcov")
    assert by["n"].tolist() == [64, 64]
    few = rows[rows["vcov"] == "cluster country"]
    share = np.mean((few["estimate"] > 0) & (few["p"] < 0.05))
    assert by.loc["cluster country", "share_significant_positive"] == share
    assert found.summary().loc[0, "median"] == found.median


def test_what_cant_be_estimated_is_a_row_with_its_reason() -> None:
    frame = world().assign(double=lambda f: 2 * f["x"])
    found = explain.specification_curve(frame, "y", "x", controls=["", "double"])
    rows = found.to_frame()
    assert rows["problem"].iloc[0] == "" and "double" in rows["problem"].iloc[1]
    assert np.isnan(rows["estimate"].iloc[1])
    assert found.summary()[["n", "undefined"]].to_numpy().tolist() == [[1, 1]]
    assert found.notes == ("1 of 2 specifications can't be estimated",)
    assert "1 can't be estimated" in found.plot()["title"]["subtitle"][0]
    with pytest.raises(ValueFault, match="no estimate"):
        explain.specification_curve(frame, "y", "x", controls="double")


def test_the_plot_has_a_dot_for_every_choice_below_its_estimate() -> None:
    found = curve(world(effect=0.3))
    chart = json.loads(json.dumps(found.plot()))
    top, bottom = chart["vconcat"]
    estimates = [row["estimate"] for row in top["data"]["values"]]
    assert estimates == sorted(estimates) and len(estimates) == 128
    dots = pd.DataFrame(bottom["data"]["values"])
    sizes = dots["choice"].value_counts()
    assert sizes["with z"] == sizes["outcome: y"] == sizes["sample: late"] == 64
    assert not dots["choice"].str.startswith("controls").any()
    order = bottom["encoding"]["y"]["sort"]
    assert set(order) == set(dots["choice"])
    drawing = pytest.importorskip("vl_convert", reason="the extra report is not installed")
    assert "with z" in drawing.vegalite_to_svg(chart)


def test_the_joint_test_holds_its_size_and_finds_an_effect() -> None:
    options = {"optional": ["z"], "draws": 199, "cluster": "country"}
    p = []
    for seed in range(120):
        found = explain.specification_curve(world(seed), "y", ["x", "x2"], **options)  # type: ignore[arg-type]
        assert found.joint is not None
        p.append(found.joint["p"].tolist())
    rejected = (np.array(p) <= 0.05).mean(axis=0)
    assert (rejected < 0.15).all() and (rejected[[0, 2]] > 0).all()
    there = explain.specification_curve(world(1, effect=0.8), "y", ["x", "x2"], **options)  # type: ignore[arg-type]
    assert there.joint is not None
    assert there.joint["statistic"].tolist() == [
        "median estimate", "share significant with one sign", "mean t"
    ]  # fmt: skip
    assert (there.joint["p"].iloc[[0, 2]] < 0.05).all()


def test_the_joint_test_knows_no_direction() -> None:
    frame = world(2, effect=0.8)
    turned = frame.assign(x=-frame["x"], x2=-frame["x2"])
    one, other = (
        explain.specification_curve(each, "y", ["x", "x2"], draws=199, cluster="country").joint
        for each in (frame, turned)
    )
    assert one is not None and other is not None
    assert one["observed"].iloc[1] > 0
    assert one["p"].tolist() == other["p"].tolist()
    assert one["observed"].iloc[1] == other["observed"].iloc[1]


def test_one_specification_has_the_p_value_of_the_bootstrap() -> None:
    frame = world(effect=0.2)
    found = explain.specification_curve(frame, "y", "x", draws=999, cluster="country", seed=3)
    alone = explain.wild_bootstrap("y ~ x", frame, "x", cluster="country", draws=999, seed=3)
    assert found.joint is not None
    assert found.joint["p"].iloc[2] == alone.p
    assert found.joint["observed"].iloc[2] == alone.t


def test_faults_are_named() -> None:
    frame = world()
    with pytest.raises(UsageError, match=r"128 specifications \(2 outcome × 2 term × 4 optional"):
        curve(frame, limit=100)
    with pytest.raises(UsageError, match="one coefficient"):
        explain.specification_curve(frame, "y", "i(country)")
    with pytest.raises(UsageError, match="nothing to choose"):
        explain.specification_curve(frame, [], "x")
    with pytest.raises(UsageError, match="twice"):
        explain.specification_curve(frame, ["y", "y"], "x")
    with pytest.raises(UsageError, match="no cluster"):
        explain.specification_curve(frame, "y", "x", draws=199)
    with pytest.raises(LabelError, match="q"):
        explain.specification_curve(frame, "y", "x", controls=["", "q"])
    with pytest.raises(UsageError, match="vcov"):
        explain.specification_curve(frame, "y", "x", vcov="robust")
    with pytest.raises(UsageError, match="one of outcome"):
        curve(frame).summary("n")
