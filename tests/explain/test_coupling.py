from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servio.algebra import coupling_degree, entropy_weights, range_normalised
from servio.errors import InputError, UsageError, ValueFault
from servio.explain import (
    compare_coordination,
    coordination_class,
    coupling_coordination,
    grey_relation,
)

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "coupling.md").read_text(encoding="utf-8")
SYSTEMS = {"manufacturing": ["ma", "mb"], "services": ["sa", "sb"]}


def panel(seed: int = 0, n: int = 4, years: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    keys = [(f"C{c}", 2000 + t) for c in range(n) for t in range(years)]
    values = rng.uniform(1, 9, (len(keys), 4))
    frame = pd.DataFrame(values, columns=["ma", "mb", "sa", "sb"])
    return frame.assign(country=[k[0] for k in keys], year=[k[1] for k in keys])


def test_the_page_runs_and_has_the_published_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((file, content),) = re.findall(r"`(\w+\.csv)`\n\n```\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / file).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict = {}  # type: ignore[type-arg]
    for block in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL):
        exec(block, names)

    def said(text: str) -> list[float]:
        return [float(one) for one in re.findall(r"\d\.\d{7}|\d\d\.\d{5}", text)]

    lines = PAGE.splitlines()
    for start, found in (
        ("standard.coupling ", names["standard"].coupling),
        ("standard.coordination ", names["standard"].coordination),
        ("w.weights ", names["w"].weights),
        ("scores = ", names["scores"]),
        ("grades.grades ", names["grades"].grades),
    ):
        (line,) = (line for line in lines if line.startswith(start))
        assert len(said(line)) == len(found) > 1
        np.testing.assert_allclose(found, said(line), rtol=3e-7)
    np.testing.assert_allclose(names["wang"].coupling, [0.4722274, 0.6211236], atol=1e-6)
    np.testing.assert_allclose(names["fan"].coupling, [0.4593785, 0.7164548], atol=1e-6)
    np.testing.assert_allclose(names["weighted"].level, [0.48, 0.62], rtol=1e-12)
    C = 3 * 0.12 ** (1 / 3) / 1.5
    assert names["three"].coordination[0] == pytest.approx(np.sqrt(C * 0.51), rel=1e-12)
    kernel = coupling_degree([[0.6, 0.4], [0.5, 0.7], [0.9, 0.9]], [0.4, 0.6])
    np.testing.assert_allclose(names["found"].frame["coordination"], kernel.coordination)
    assert len(names["both"].frame) == 6
    assert names["both"].undefined.empty
    assert names["near"].frame["city"].tolist() == ["A"] * 3 + ["B"] * 3


def test_levels_are_taken_as_they_are() -> None:
    data = pd.DataFrame({"year": [1, 2, 3], "m": [0.5, 0.5, 0.5], "s": [0.2, 0.5, 0.0]})
    pair = {"m": "m", "s": "s"}
    found = coupling_coordination(data, pair, entity=None, normalised=True)
    expected = coupling_degree(data[["m", "s"]].to_numpy())
    np.testing.assert_allclose(found.frame["coordination"], expected.coordination, rtol=1e-12)
    assert list(found.frame) == ["year", "m", "s", "coupling", "level", "coordination", "class"]
    alone = coupling_coordination(data.iloc[:1], pair, entity=None, time=None, normalised=True)
    assert alone.frame["coordination"].iloc[0] == found.frame["coordination"].iloc[0]
    assert compare_coordination(found, found)["change"].tolist() == [0, 0, 0]
    with pytest.raises(ValueFault, match=r"2, column 's': found 1\.5; expected levels from 0"):
        coupling_coordination(data.assign(s=[0, 1.5, 1]), pair, entity=None, normalised=True)
    with pytest.raises(UsageError, match="used as they are"):
        coupling_coordination(data, pair, entity=None, normalised=True, less_is_better=["m"])
    with pytest.raises(UsageError, match=r"no column 'country'.*entity=None"):
        coupling_coordination(data, pair)


def test_several_levels_a_system_are_weighted() -> None:
    data = panel()
    names = ["ma", "mb", "sa", "sb"]
    data[names] /= 10
    found = coupling_coordination(data, SYSTEMS, normalised=True)
    x = data[names].to_numpy()
    U = np.stack([x[:, s] @ entropy_weights(x[:, s]).weights for s in (slice(2), slice(2, 4))], 1)
    np.testing.assert_allclose(found.frame["coordination"], coupling_degree(U).coordination)


@pytest.mark.parametrize("lens", ["coupling", "grey"])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_value_is_named_by_its_row(lens: str, value: float) -> None:
    data = panel()
    data.loc[7, "sa"] = value
    with pytest.raises(ValueFault, match=r"C1 2001, column 'sa': found -?inf; expected a finite"):
        if lens == "grey":
            grey_relation(data, "ma", ["sa"])
        else:
            coupling_coordination(data, SYSTEMS)


def test_no_rows_are_refused() -> None:
    with pytest.raises(InputError, match="no rows"):
        coupling_coordination(panel().iloc[:0], SYSTEMS)


def test_degrees_are_those_of_the_kernels_on_the_whole_sample() -> None:
    data = panel()
    found = coupling_coordination(data, SYSTEMS, less_is_better=["mb"], epsilon=0.01)
    x = data[["ma", "mb", "sa", "sb"]].to_numpy()
    z = range_normalised(x, [1, -1, 1, 1], epsilon=0.01)
    U = np.stack([z[:, s] @ entropy_weights(z[:, s]).weights for s in (slice(2), slice(2, 4))], 1)
    expected = coupling_degree(U)
    np.testing.assert_allclose(found.frame["coordination"], expected.coordination, rtol=1e-12)
    np.testing.assert_allclose(found.frame["services"], U[:, 1], rtol=1e-12)
    assert found.normalisation.sample == "24 rows, 4 of country, year 2000 to 2005"
    assert sum(found.normalisation.weights) == pytest.approx(2)
    assert found.variant == "standard"


def test_units_and_order_of_rows_change_nothing() -> None:
    data = panel()
    moved = data.assign(ma=3 * data["ma"] + 10, sb=data["sb"] / 7).sample(frac=1, random_state=0)
    one, other = (coupling_coordination(d, SYSTEMS).frame for d in (data, moved))
    np.testing.assert_allclose(one["coordination"], other["coordination"], rtol=1e-10)
    assert one[["country", "year"]].equals(other[["country", "year"]])


def test_samples_normalised_apart_cannot_be_compared_and_together_they_can() -> None:
    data = panel()
    whole = coupling_coordination(data, SYSTEMS)
    part = data[data["country"] != "C0"]
    apart = coupling_coordination(part, SYSTEMS)
    with pytest.raises(UsageError, match="normalised apart"):
        compare_coordination(whole, apart)
    together = coupling_coordination(part, SYSTEMS, normalisation=whole.normalisation)
    change = compare_coordination(whole, together)["change"]
    assert len(change) == 18
    np.testing.assert_allclose(change, 0, atol=1e-15)
    with pytest.raises(UsageError, match="variant"):
        compare_coordination(whole, coupling_coordination(data, SYSTEMS, variant="wang"))
    with pytest.raises(ValueFault, match="range of the normalisation"):
        coupling_coordination(data.assign(ma=data["ma"] * 2), SYSTEMS,
                              normalisation=whole.normalisation)  # fmt: skip


def test_undefined_rows_are_listed_with_the_reason() -> None:
    data = panel()
    data.loc[3, "sa"] = np.nan
    data.loc[5, ["ma", "mb", "sa", "sb"]] = 0.0
    found = coupling_coordination(data, SYSTEMS)
    assert len(found.frame) == 23
    assert found.undefined["reason"].tolist() == ["sa missing", "all systems are 0: C is 0/0"]
    row = found.frame[found.frame["year"].eq(2005) & found.frame["country"].eq("C0")].iloc[0]
    assert np.isnan(row["coordination"])
    assert row["class"] == ""


def test_constant_indicators_are_left_out_and_noted_systems_of_them_refused() -> None:
    data = panel().assign(mb=4.0)
    found = coupling_coordination(data, SYSTEMS)
    assert found.notes == ("mb is constant: left out",)
    alone = coupling_coordination(data, {"manufacturing": "ma", "services": ["sa", "sb"]})
    np.testing.assert_allclose(found.frame["coordination"], alone.frame["coordination"])
    with pytest.raises(ValueFault, match="system manufacturing: found indicators that are all con"):
        coupling_coordination(data.assign(ma=1.0), SYSTEMS)


def test_weights_equal_or_given() -> None:
    data = panel()
    equal = coupling_coordination(data, SYSTEMS, weights="equal")
    given = coupling_coordination(data, SYSTEMS, weights={"ma": 2, "mb": 2, "sa": 7, "sb": 7})
    assert equal.normalisation.weights == (0.5, 0.5, 0.5, 0.5)
    np.testing.assert_allclose(equal.frame["coordination"], given.frame["coordination"])
    shares = {"services": 0.8, "manufacturing": 0.2}
    tilted = coupling_coordination(data, SYSTEMS, system_weights=shares)
    T = 0.2 * tilted.frame["manufacturing"] + 0.8 * tilted.frame["services"]
    np.testing.assert_allclose(tilted.frame["level"], T, rtol=1e-12)


def test_requests_that_make_no_sense_are_refused() -> None:
    data = panel()
    with pytest.raises(UsageError, match="two systems"):
        coupling_coordination(data, {"m": "ma"})
    with pytest.raises(UsageError, match="two systems"):
        coupling_coordination(data, {"m": "ma", "s": "ma"})
    with pytest.raises(UsageError, match="no column 'x'"):
        coupling_coordination(data, {"m": "ma", "s": "x"})
    with pytest.raises(UsageError, match="entropy, equal"):
        coupling_coordination(data, SYSTEMS, weights="pca")
    with pytest.raises(UsageError, match="lacks the root"):
        coupling_coordination(data, SYSTEMS, variant="missing_exponent")
    with pytest.raises(UsageError, match="less_is_better"):
        coupling_coordination(data, SYSTEMS, less_is_better=["zz"])
    with pytest.raises(UsageError, match="weights"):
        coupling_coordination(data, SYSTEMS, weights={"ma": 1})
    with pytest.raises(InputError, match="two rows of C0 in 2000"):
        coupling_coordination(pd.concat([data, data]), SYSTEMS)


def test_classes_are_tenths() -> None:
    limits = [k / 10 for k in range(10)]
    assert len(set(coordination_class(limits))) == 10
    assert coordination_class([0.1, 0.0999, 0.7]) == [
        "severe disorder", "extreme disorder", "intermediate coordination"]  # fmt: skip
    with pytest.raises(ValueFault):
        coordination_class([1.2])


# -- grey relation ---------------------------------------------------------------------------------


def test_a_linear_copy_is_the_nearest_and_constants_are_listed() -> None:
    data = panel(years=8).assign(copy=lambda d: 2 * d["ma"] + 5, still=1.0)
    data.loc[0, "sb"] = np.nan
    found = grey_relation(data, "ma", ["mb", "copy", "sb", "still"])
    best = found.frame[found.frame["rank"] == 1]
    assert best["series"].tolist() == ["copy"] * 4
    np.testing.assert_allclose(best["grade"], 1, atol=1e-9)
    reasons = found.undefined.groupby("series")["reason"].unique()
    assert reasons["still"].tolist() == ["constant"]
    assert reasons["sb"].tolist() == ["missing values"]
    assert len(found.undefined) == 5


def test_without_a_reference_an_entity_has_no_grades() -> None:
    data = panel(n=2).assign(ref=lambda d: np.where(d["country"] == "C0", 3.0, d["ma"]))
    found = grey_relation(data, "ref", ["mb", "sa"])
    assert found.undefined["reason"].tolist() == ["ref: constant"] * 2
    assert found.frame["grade"].notna().sum() == 2


@pytest.mark.parametrize("scale", ["mean", "initial"])
def test_scales_divide(scale: str) -> None:
    data = panel(n=1)
    base = grey_relation(data, "ma", ["mb", "sa"], scale=scale).frame["grade"]
    moved = grey_relation(data.assign(mb=9 * data["mb"]), "ma", ["mb", "sa"], scale=scale)
    np.testing.assert_allclose(moved.frame["grade"], base, rtol=1e-12)


def test_points_that_are_no_times() -> None:
    data = pd.DataFrame({"ref": [0.9, 0.8, 0.7], "a": [0.9, 0.7, 0.8], "b": [0.7, 0.8, 0.9]})
    found = grey_relation(data, "ref", ["a", "b"], entity=None, time=None, scale="none")
    np.testing.assert_allclose(found.frame["grade"], [2 / 3, 5 / 9], rtol=1e-12)
    assert list(found.frame) == ["series", "grade", "rank", "n"]


def test_a_multiple_of_the_reference_alone_has_grade_one() -> None:
    data = panel().assign(double=lambda d: 3 * d["ma"])
    found = grey_relation(data, "ma", ["double"], scale="mean")
    assert set(found.frame["grade"]) == {1.0}
    assert found.undefined.empty


def test_options_of_grey_relation_are_checked() -> None:
    with pytest.raises(UsageError, match="scale 'log'"):
        grey_relation(panel(), "ma", ["mb"], scale="log")


@pytest.mark.parametrize("lens", ["coupling", "grey"])
def test_a_column_of_text_is_named(lens: str) -> None:
    data = pd.DataFrame({"country": ["A", "A"], "year": [1, 2], "u": ["a", "b"], "v": [1.0, 2.0]})
    with pytest.raises(ValueFault, match=r"column 'u'.*'a'"):
        if lens == "grey":
            grey_relation(data, "v", ["u"])
        else:
            coupling_coordination(data, {"x": "u", "y": "v"})
