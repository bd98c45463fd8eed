"""Modes: the rule on made series, planted modes found again, what is missing is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servio import explain, measure, study
from servio.classify import Grouping
from servio.errors import InputError, UsageError
from servio.explain._lines import lines
from servio.explain._mode_kernel import _resampled
from servio.sources.model import model_world
from servio.table import Axis, SupplyTable, TableInfo

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


# -- supply tables ---------------------------------------------------------------------------------


def supplied(sign: int, **labels: str) -> pd.DataFrame:
    """Rows of `secondary_output`, as a supply table of its own source gives them."""
    text = "by=industry grouping=kiet makers=manufacturing"
    return pd.DataFrame(rows("secondary_output", text, path(sign), **{"source": "sut"} | labels))


def test_supply_tables_are_evidence_of_outputs():
    frame = made(purchased=1, own_account=0, returned=0, similarity=1)
    assert mode_of(frame)["mode"] == "alternative"
    both = pd.concat([frame, supplied(1)])
    found = explain.modes(explain.as_results(both))
    assert found.table[["mode", "missing"]].iloc[0].tolist() == ["merging", ""]
    own = found.evidence[found.evidence["kind"] == "secondary"]
    assert own["definition"].tolist() == ["share of output, supply tables"]
    assert own["main"].all() and own["slope"].iloc[0] == pytest.approx(0.2 * PATHS[1])


def test_supply_tables_beside_satellites_are_a_definition():
    frame = made(purchased=1, own_account=0, secondary=0, returned=0, similarity=1)
    found = mode_of(pd.concat([frame, supplied(1)]))
    assert found[["mode", "n_definitions"]].tolist() == ["alternative", 2]
    assert found["confidence"] == 0.5


def test_rows_of_a_supply_table_are_found():
    """From V itself: the share of IT in C26 doubles."""
    frames = [made(purchased=1, returned=0, similarity=1)]
    members = {"kiet": {"it": ("J62",)}, "manufacturing": {"manufacturing": ("C26",)}}
    groups = {name: Grouping.custom(name, group) for name, group in members.items()}
    axis = Axis.national("KOR", ("C26", "J62"))
    for year, share in zip(YEARS, path(1), strict=True):
        V = np.array([[1 - share, 0.0], [share, 1.0]])
        table = SupplyTable(V, axis, axis, TableInfo("sut", year, "KOR"), product_groups=groups,
                            industry_groups=groups)  # fmt: skip
        frames.append(measure.secondary_output(table, grouping="kiet").to_frame())
    found = mode_of(pd.concat(frames))
    assert found[["mode", "missing"]].tolist() == ["merging", "own_account"]


def test_supply_tables_that_fit_nothing_are_refused():
    frame = made(purchased=1)
    for labels in ({"country": "JPN"}, {"industry": "26"}, {"group": "software"}):
        with pytest.raises(InputError, match="of no unit"):
            mode_of(pd.concat([frame, supplied(1, **labels)]))
    twice = pd.concat([frame, supplied(1), supplied(1, source="other")])
    with pytest.raises(InputError, match="two values of  KOR C26 it"):
        mode_of(twice)


def test_rows_of_a_study_and_of_tables_go_together():
    """Columns that a study made of the definition do not hide the options of other rows."""
    frame = made(purchased=1).assign(by="industry", grouping="kiet")
    both = explain.as_results(pd.concat([frame, supplied(1)]))
    assert len(both("secondary_output", by="industry", grouping="kiet")) == len(YEARS)


def test_the_make_and_use_tables_of_the_docs(shared: Path, monkeypatch: pytest.MonkeyPatch):
    """What docs/modes.md says of the United States, by its own lines."""
    page = Path(__file__).parents[2] / "docs" / "modes.md"
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    supply, size = (block for block in blocks if "as_results(" in block or "sizes =" in block)
    monkeypatch.chdir(shared.parent)
    names: dict[str, Any] = {}
    exec(supply.replace("../shared/", "shared/"), names)
    found = names["found"]
    assert found.counts().loc["USA"].tolist() == [31, 4, 155, 19, 0]
    assert set(found.table["missing"]) == {"own_account"}
    merging = found.table[found.table["mode"] == "merging"]
    assert sorted(merging["industry"]) == ["323", "326", "333", "334"]
    own = found.evidence[found.evidence["kind"] == "secondary"]
    assert own["direction"].value_counts().to_dict() == {"flat": 187, "rises": 18, "falls": 4}
    exec(size, names)
    assert set(names["large"].table["industry"]) == {"333", "334"}
    reasons = names["large"].undefined["reason"].value_counts().to_dict()
    assert reasons == {"no size of firms": 16 * 11, "firms smaller than 50": 11}


# -- size of firms ---------------------------------------------------------------------------------

CODES = ("C20", "C26", "C28", "C29")


def planted_sizes() -> pd.DataFrame:
    """Purchases rise in the two industries of large firms and are flat in the others."""
    parts = []
    for code in CODES:
        large = code in ("C26", "C29")
        parts += rows("service_input_share", SHARE, path(int(large)), industry=code)
        parts += rows("convergence_rate", MUTUAL, path(int(large)) / 2 + 0.1, industry=code)
        parts += rows("account", "by=industry of=persons_per_firm",
                      path(0, 300.0 if large else 20.0), industry=code, group="")  # fmt: skip
    return pd.DataFrame(parts)


def sizes(*numbers: Any, codes: tuple[str, ...] = CODES) -> pd.DataFrame:
    return pd.DataFrame({"country": "KOR", "industry": codes, "size": numbers})


@pytest.mark.parametrize("size", ["persons_per_firm", sizes(20, 300, 20, 300)])
def test_only_large_firms_count(size):
    results = explain.as_results(planted_sizes())
    every = explain.modes(results).table
    found = explain.modes(results, size=size, minimum=250)
    assert found.table["industry"].tolist() == ["C26", "C29"]
    assert found.table["mode"].tolist() == ["alternative"] * 2
    assert found.table["size"].tolist() == pytest.approx([300, 300])
    same = every[every["industry"].isin(["C26", "C29"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(found.table.drop(columns="size"), same)
    assert found.undefined["industry"].tolist() == ["C20", "C28"]
    assert set(found.undefined["reason"]) == {"firms smaller than 250"}
    assert every["mode"].value_counts().to_dict() == {"alternative": 2, "coexisting": 2}


def test_the_minimum_itself_is_large_enough_and_no_size_is_said():
    results = explain.as_results(planted_sizes())
    found = explain.modes(results, size=sizes(250, None, 249.9, codes=CODES[:3]), minimum=250)
    assert found.table["industry"].tolist() == ["C20"]
    reasons = dict(zip(found.undefined["industry"], found.undefined["reason"], strict=True))
    assert reasons == {"C26": "no size of firms", "C28": "firms smaller than 250",
                       "C29": "no size of firms"}  # fmt: skip


def test_sizes_are_those_of_the_years_of_a_window():
    grown = pd.DataFrame([
        {"country": "KOR", "industry": code, "year": year, "size": 100 + 50 * (year - 2000)}
        for code in CODES for year in YEARS
    ])  # fmt: skip
    results = explain.as_results(planted_sizes())
    found = explain.mode_map(results, window=5, step=7, size=grown, minimum=300)
    assert set(found["window_first"]) == {2007}
    assert found["size"].tolist() == pytest.approx([100 + 50 * 9] * 4)


@pytest.mark.parametrize(
    ("size", "minimum", "match"),
    [
        ("persons_per_firm", None, "size together with a minimum"),
        ("", 250, "size together with a minimum"),
        ("persons_per_firm", -1.0, "minimum"),
        ("employees", 250, "account of employees"),
        (sizes(1, 1, 1, 1).drop(columns="size"), 250, "no column size"),
        (sizes(1, 1, codes=("C26", "C26")), 250, "size of KOR C26"),
        (sizes(-1, codes=("C26",)), 250, "negative"),
        (sizes("many", codes=("C26",)), 250, "'many'"),
        (sizes(1, codes=("26",)), 250, "none of the industries"),
    ],
)
def test_bad_sizes_in_one_line(size, minimum, match):
    with pytest.raises(InputError, match=match):
        explain.modes(explain.as_results(planted_sizes()), size=size, minimum=minimum)


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


SIZED = (
    STUDY
    + """
[[measures]]
name = "account"
of = "EMP"
by = "industry"
[modes]
size = "EMP"
minimum = 4000
draws = 20
"""
)


def test_a_study_takes_the_size_of_firms_from_its_accounts(tmp_path: Path):
    """Persons of an industry stand for persons a firm, which the model world does not have."""
    store = study.run(study.parse(SIZED, "sized.toml", tmp_path), tmp_path / "out", workers=1)
    found = store.modes()
    assert found is not None
    whole = found[found["period"] == "whole"]
    size = store.results("account", of="EMP").groupby(["country", "industry"])["value"].mean()
    measured = (
        store.results("service_input_share").groupby(["country", "industry"])["value"].first()
    )
    large = set(size[size >= 4000].index) & set(measured.index)
    assert set(zip(whole["country"], whole["industry"], strict=True)) == large
    assert 0 < len(large) < len(measured)
    texts = store.problems().loc[lambda frame: frame["measure"] == "modes", "text"]
    assert texts.str.contains("firms smaller than 4000").any()


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [("minimum = 4000", "", "both or neither"), ('size = "EMP"', "", "both or neither"),
     ('size = "EMP"', 'size = "SALES"', "SALES"), ("minimum = 4000", "minimum = -1", "minimum")],
)  # fmt: skip
def test_a_size_that_a_study_can_not_have_is_refused_before_a_table_is_read(old, new, match):
    with pytest.raises(UsageError, match=match):
        study.parse(SIZED.replace(old, new), "sized.toml", Path())
