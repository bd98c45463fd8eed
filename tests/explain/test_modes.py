"""Modes: the rule on made series, planted modes found again, what is missing is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servio import explain, measure, study
from servio.errors import InputError, UsageError
from servio.explain._lines import lines
from servio.explain._mode_kernel import _resampled
from servio.sources.model import model_world

YEARS = range(2000, 2012)
UNIT = ["country", "industry", "group"]
SHARE = "by=industry grouping=kiet origin=total total=false"
MUTUAL = "by=industry grouping=kiet mutual=mean origin=total"
ALIKE = "by=industry grouping=kiet kind=cosine origin=total side=inputs"
PATHS = {1: 0.03, 0: 0.0, -1: -0.02}


def rows(name: str, definition: str, values: Any, years: Any = YEARS, **labels: str) -> Any:
    label = {"source": "made", "country": "KOR", "industry": "C26", "group": "it"} | labels
    return [
        label | {"measure": name, "definition": definition, "year": year, "value": float(value)}
        for year, value in zip(years, values, strict=True)
    ]


def path(sign: int, level: float = 0.2) -> np.ndarray:
    return level * (1 + PATHS[sign] * np.arange(len(YEARS)))


def made(**signs: int) -> pd.DataFrame:
    """Straight lines in the directions given; kinds that are not named are missing."""
    purchased = path(signs["purchased"])
    found = rows("service_input_share", SHARE, purchased)
    if "returned" in signs:
        found += rows("convergence_rate", MUTUAL, (purchased + path(signs["returned"])) / 2)
    if "similarity" in signs:
        found += rows("structural_similarity", ALIKE, path(signs["similarity"]))
    output = 100.0 + 10 * np.arange(len(YEARS))
    found += rows("account", "by=industry of=output", output, group="")
    for kind in ("own_account", "secondary"):
        if kind in signs:
            text = f"by=industry of={kind}:it"
            found += rows("account", text, output * path(signs[kind]), group="")
    return pd.DataFrame(found)


def mode_of(frame: pd.DataFrame, **options: Any) -> pd.Series:
    return explain.modes(explain.as_results(frame), **options).table.iloc[0]


RULE = [
    # P, H, O, R, S
    ((1, -1, 0, 0, 0), "alternative"),
    ((1, 0, 0, 0, 1), "alternative"),
    ((1, 1, 0, 0, 0), "coexisting"),
    ((1, 0, 1, 1, 1), "merging"),
    ((1, -1, 1, 1, 0), "merging"),
    ((0, 0, 1, 1, 0), "merging"),
    ((1, 0, 1, 0, 1), "merging"),
    ((1, 0, 0, 1, 1), "merging"),
    ((1, -1, 1, 0, 0), "alternative"),
    ((1, -1, 0, 1, 1), "coexisting"),
    ((1, 0, 1, 0, 0), "coexisting"),
    ((0, -1, 1, 0, 1), "coexisting"),
    ((0, 0, 0, 0, 0), "coexisting"),
    ((-1, 0, 0, 0, 0), "receding"),
    ((-1, 1, 1, 1, 1), "receding"),
]
KINDS = ("purchased", "own_account", "secondary", "returned", "similarity")


@pytest.mark.parametrize(("signs", "mode"), RULE)
def test_the_rule_on_straight_lines(signs, mode):
    found = mode_of(made(**dict(zip(KINDS, signs, strict=True))))
    assert found["mode"] == mode
    assert found["resampling"] == found["confidence"] == found["definitions"] == 1.0
    assert found["missing"] == ""
    assert (found["n"], found["first"], found["last"]) == (12, 2000, 2011)


def test_missing_evidence_is_told_and_lowers_confidence_only_where_it_matters():
    full = mode_of(made(purchased=1, own_account=0, secondary=0, returned=0, similarity=0))
    less = mode_of(made(purchased=1, returned=0, similarity=0), draws=4000)
    assert full["mode"] == less["mode"] == "alternative"
    assert less["missing"] == "own_account,secondary"
    # secondary rises in a third of draws; then it is alternative if own account falls (a third);
    # else if own account does not rise
    assert less["confidence"] == pytest.approx(2 / 3 * 2 / 3 + 1 / 3 * 1 / 3, abs=0.03)
    fallen = mode_of(made(purchased=-1))
    assert (fallen["mode"], fallen["confidence"]) == ("receding", 1.0)
    assert fallen["missing"] == "own_account,secondary,returned,similarity"


def test_without_outputs_a_rise_is_not_given_a_mode():
    found = explain.modes(explain.as_results(made(purchased=1, own_account=-1, similarity=0)))
    assert found.table["mode"].tolist() == ["undetermined"]
    assert found.table["confidence"].isna().all()
    assert found.undefined["reason"].tolist() == [
        "purchases rise and there is no evidence of outputs"
    ]


def test_definitions_that_disagree_lower_confidence():
    frame = made(purchased=1, own_account=-1, secondary=0, returned=0, similarity=0)
    other = rows("outsourcing", "by=industry grouping=kiet origin=total", path(0))
    found = mode_of(pd.concat([frame, pd.DataFrame(other)]))
    assert found[["mode", "n_definitions", "resampling"]].tolist() == ["alternative", 2, 1.0]
    assert found["definitions"] == found["confidence"] == 0.5


def test_evidence_is_that_of_slopes():
    rng = np.random.default_rng(3)
    values = path(1) + 0.005 * rng.standard_normal(len(YEARS)).cumsum()
    frame = pd.DataFrame(rows("service_input_share", SHARE, values))
    found = explain.modes(explain.as_results(frame)).evidence.iloc[0]
    expected = explain.slopes(frame, by="country").iloc[0]
    for name in ("slope", "std_error", "lower", "upper", "n", "first", "last"):
        assert found[name] == pytest.approx(expected[name], rel=1e-12)
    assert found["relative"] == pytest.approx(expected["slope"] / values.mean())
    assert found["main"] and found["kind"] == "purchased"


def test_lines_of_many_series_are_those_of_each():
    rng = np.random.default_rng(4)
    t = np.array([2000.0, 2001, 2003, 2004, 2007, 2008, 2009])
    Y = rng.standard_normal((5, len(t))).cumsum(axis=1)
    many = lines(t, Y, 0.9)
    for row, y in enumerate(Y):
        one = lines(t, y[None], 0.9)
        for name in ("slope", "std_error", "half"):
            np.testing.assert_allclose(getattr(many, name)[row], getattr(one, name)[0], rtol=1e-12)


def test_draws_spread_as_the_error_of_the_slope():
    rng = np.random.default_rng(5)
    t, Y = np.arange(200.0), rng.standard_normal((1, 200))
    found = lines(t, Y, 0.95)
    drawn = found.residuals @ _resampled(t, found.weights, 1, 4000, 0)
    plain = np.sqrt((found.residuals**2).sum() / 198 * (found.weights**2).sum())
    assert drawn.std() == pytest.approx(plain, rel=0.05)
    blocks = found.residuals @ _resampled(t, found.weights, 5, 4000, 0)
    assert blocks.std() == pytest.approx(plain, rel=0.3)


def test_noise_lowers_confidence_and_draws_are_the_same_every_time():
    rng = np.random.default_rng(6)
    frame = made(purchased=1, own_account=-1, secondary=0, returned=0, similarity=0)
    noisy = frame.assign(value=frame["value"] * (1 + 0.06 * rng.standard_normal(len(frame))))
    first, again = mode_of(noisy), mode_of(noisy)
    assert 0 < first["confidence"] < 1
    assert first.equals(again)
    assert mode_of(noisy, seed=1)["confidence"] != first["confidence"]


def test_material_slopes_only():
    frame = made(purchased=-1)
    assert mode_of(frame, material=0.01)["mode"] == "receding"
    assert mode_of(frame, material=0.05)["mode"] == "coexisting"


def test_gaps_keep_their_years_and_short_series_are_undefined():
    frame = made(purchased=-1)
    gaps = frame[~frame["year"].isin([2003, 2004, 2009])]
    found = explain.modes(explain.as_results(gaps)).evidence.iloc[0]
    assert found["slope"] == pytest.approx(0.2 * PATHS[-1])
    assert found["n"] == 9
    short = explain.modes(explain.as_results(frame), years=(2000, 2003))
    assert short.table.empty
    assert short.undefined["reason"].tolist() == ["fewer than 5 years"]


def test_the_map_follows_a_change_of_mode():
    values = 0.3 * np.concatenate([np.ones(7), 1 - 0.03 * np.arange(1, 8)])
    years = range(2000, 2014)
    frame = pd.DataFrame(rows("service_input_share", SHARE, values, years))
    found = explain.mode_map(explain.as_results(frame))
    assert found["window_first"].tolist() == list(range(2000, 2008))
    assert found["mode"].iloc[0] == "coexisting" and found["mode"].iloc[-1] == "receding"
    counts = explain.transitions(found, counts=True)
    assert counts.loc["coexisting", "receding"] == counts.to_numpy().sum() == 1
    shares = explain.transitions(found)
    assert shares.loc["coexisting"].sum() == 1.0
    assert shares.loc["merging"].isna().all()
    with pytest.raises(InputError, match="common year"):
        explain.transitions(found[found["window_first"] < 2003])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"level": 1.0}, "level"),
        ({"material": -0.1}, "material"),
        ({"block": 0}, "block"),
        ({"draws": 1.5}, "draws"),
        ({"grouping": "kibs"}, "service_input_share of kibs"),
        ({"industries": ["C99"]}, "C99"),
    ],
)
def test_bad_options_in_one_line(options, match):
    with pytest.raises(InputError, match=match):
        mode_of(made(purchased=1), **options)


def test_bad_results_in_one_line():
    frame = made(purchased=1, secondary=0)
    with pytest.raises(InputError, match="two values of made KOR C26 it in 2000"):
        mode_of(pd.concat([frame, frame]))
    lacking = frame[frame["definition"] != "by=industry of=output"]
    with pytest.raises(InputError, match="output"):
        mode_of(lacking)
    with pytest.raises(InputError, match="shorter window"):
        explain.mode_map(explain.as_results(frame), window=30)
    with pytest.raises(UsageError, match="window"):
        explain.mode_map(explain.as_results(frame), window=3)
    with pytest.raises(UsageError, match="no_measure"):
        explain.as_results(frame)("no_measure")
    with pytest.raises(UsageError, match="colour"):
        explain.as_results(frame)("account", colour="red")


# -- planted modes ---------------------------------------------------------------------------------


def in_world(noise: float, *, accounts: bool = True) -> pd.DataFrame:
    world = model_world(seed=2, countries=6, noise=noise)
    frames = []
    for year in range(2000, 2016):
        table = world.table(year)
        names = [n for n in table.satellites if n.partition(":")[0] in ("own_account", "secondary")]
        found = [
            measure.service_input_share(table, grouping="kiet"),
            measure.convergence_rate(table, grouping="kiet", mutual="mean"),
            measure.structural_similarity(table, grouping="kiet"),
            *(measure.account(table, of=name) for name in (*names, "output") if accounts),
        ]
        frames += [one.to_frame() for one in found]
    truth = world.truth.to_frame("mode").rename(columns={"service_group": "group"})
    codes = sorted(truth["industry"].unique())
    found = explain.modes(explain.as_results(pd.concat(frames)), industries=codes)
    both = found.table.merge(truth[[*UNIT, "mode"]], on=UNIT, suffixes=("", "_planted"))
    assert len(both) == len(truth)
    return both.assign(right=both["mode"] == both["mode_planted"])


def test_planted_modes_without_noise_are_found_exactly():
    found = in_world(0.0)
    assert found["right"].all()
    assert (found["confidence"] == 1.0).mean() > 0.9


def test_planted_modes_with_noise_are_found_and_confidence_says_how_often():
    found = in_world(1.0)
    assert found["right"].mean() > 0.93
    merging = found["mode_planted"] == "merging"
    assert found["right"][merging].mean() > 0.97
    sure = found["confidence"] > 0.95
    assert found["right"][sure].mean() > 0.98 > found["right"][~sure].mean()


def test_tables_alone_find_fewer_and_say_so():
    found = in_world(1.0, accounts=False)
    assert set(found["missing"]) == {"own_account,secondary"}
    rising = found["mode_planted"].isin(["alternative", "merging"])
    assert found["confidence"][rising].mean() < 0.75 < found["confidence"][~rising].mean()
    assert found["right"].mean() > 0.88


STUDY = """
[study]
title = "Modes"
[[tables]]
path = "model:countries=2,industries=12,years=6"
[[measures]]
name = "service_input_share"
grouping = "kiet"
by = "industry"
only = "manufacturing"
[[measures]]
name = "convergence_rate"
mutual = "mean"
grouping = "kiet"
by = "industry"
only = "manufacturing"
"""


def test_a_finished_study_is_evidence(tmp_path: Path):
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    store = study.run(study.load(tmp_path / "study.toml"), tmp_path / "out", workers=1)
    found = explain.modes(store.results)
    assert set(found.table["mode"]) <= set(explain.mode_detection.MODES)
    assert set(found.table["missing"]) == {"own_account,secondary,similarity"}
    assert found.counts().to_numpy().sum() == len(found.table)
    assert list(found.counts(["country", "group"]).index.names) == ["country", "group"]
