"""Event studies: heterogeneous effects found, those of two-way fixed effects not, and faults."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servio import explain
from servio.errors import LabelError, UsageError, ValueFault

pytest.importorskip("pyfixest", reason="the extra econ is not installed")

SLOPES = {2004: 1.0, 2006: 0.3, 2008: -0.5}


def world(
    noise: float = 0.0, events: tuple[int, ...] = (2004, 2006, 2008, 0), seed: int = 0
) -> pd.DataFrame:
    """Effects that grow by another slope in each cohort."""
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(12 * len(events)):
        g = events[unit % len(events)]
        for year in range(2000, 2012):
            effect = SLOPES.get(g, 0.0) * (year - g + 1) * (0 < g <= year)
            y = unit / 10 + np.sin(year) + effect + noise * rng.standard_normal()
            rows.append({"unit": unit, "year": year, "opened": g, "y": y})
    return pd.DataFrame(rows)


def truth(k: int) -> float:
    """Mean effect k years after, over the cohorts seen that long after."""
    return float(np.mean([s * (k + 1) for g, s in SLOPES.items() if g + k <= 2011]))


def by_term(found: explain.Estimate) -> dict[int, float]:
    return {
        int(term.split("::")[1]): float(b)
        for term, b in zip(found.terms, found.coefficients, strict=True)
    }


def test_effects_are_found_where_cohorts_differ_and_two_way_effects_are_not() -> None:
    frame = world(noise=1e-6)
    found = by_term(explain.event_study(frame, "y", "opened", panel="unit", time="year"))
    assert sorted(found) == [k for k in range(-8, 8) if k != -1]
    for k, b in found.items():
        assert b == pytest.approx(truth(k) if k >= 0 else 0.0, abs=1e-5)
    biased = by_term(
        explain.event_study(frame, "y", "opened", panel="unit", time="year", method="twfe")
    )
    assert abs(biased[-4]) > 0.5 and abs(biased[2] - truth(2)) > 0.3


def test_the_mean_effect_is_over_rows_from_the_event_on() -> None:
    frame = world(noise=1e-6)
    found = explain.event_study(frame, "y", "opened", panel="unit", time="year")
    planted = [s * (t - g + 1) for g, s in SLOPES.items() for t in range(g, 2012)]
    assert found.statistics["att"] == pytest.approx(np.mean(planted), abs=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_pyfixest_agrees() -> None:
    pf = pytest.importorskip("pyfixest", reason="the extra econ is not installed")
    frame = world(noise=0.3).query("not (unit in [0, 4, 8] and year > 2006)")
    found = explain.event_study(frame, "y", "opened", panel="unit", time="year")
    other = pf.event_study(
        frame, yname="y", idname="unit", tname="year", gname="opened", estimator="saturated"
    ).aggregate()
    rows = other.astype(float).loc[[float(k) for k in by_term(found)]]
    np.testing.assert_allclose(found.coefficients, rows["Estimate"], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found.std_errors, rows["Std. Error"], rtol=2e-6)


def test_trends_before_the_event_are_tested_together() -> None:
    none = explain.event_study(world(noise=0.3), "y", "opened", panel="unit", time="year")
    assert none.statistics["pretrend_p"] > 0.05
    leads = [term for term in none.terms if int(term.split("::")[1]) < -1]
    assert none.joint(leads).p_value == none.statistics["pretrend_p"]
    trend = world(noise=0.3).eval("y = y + 0.1 * (year - 2000) * (opened > 0)")
    found = explain.event_study(trend, "y", "opened", panel="unit", time="year")
    assert found.statistics["pretrend_p"] < 0.001


def test_without_a_control_the_last_cohort_is_it() -> None:
    frame = world(noise=1e-6, events=(2004, 2006, 2008))
    found = explain.event_study(frame, "y", "opened", panel="unit", time="year")
    after = {k: b for k, b in by_term(found).items() if k >= 0}
    assert after == pytest.approx({0: 0.65, 1: 1.3, 2: 3.0, 3: 4.0}, abs=1e-5)
    assert found.dropped == {"from 2008 on all units have met the event": 144}
    assert found.n + 144 == len(frame)
    assert any("2008, the last" in note for note in found.notes)


def test_rows_are_counted_by_reason() -> None:
    frame = world(noise=0.1, events=(1999, 2004, 2015, 0))
    frame["opened"] = frame["opened"].where(frame["unit"] != 3).astype(float)
    found = explain.event_study(frame, "y", "opened", panel="unit", time="year")
    assert found.dropped == {
        "opened is missing": 12,
        "event at the first year or before": 144,
    }
    assert found.n + 156 == len(frame)
    assert any("after 2011: controls" in note for note in found.notes)


def test_a_panel_knows_its_units_and_covariates_take_part() -> None:
    frame = world(noise=0.1).assign(country=lambda f: "C" + (f["unit"] % 9).astype(str))
    rng = np.random.default_rng(5)
    frame["x"] = rng.standard_normal(len(frame))
    frame["y"] += 5 * frame["x"]
    panel = explain.Panel(
        frame, ("country", "unit"), "year", {}, frame.iloc[:0].assign(reason=""), synthetic=True
    )
    found = explain.event_study(panel, "y", "opened", covariates="x", name="opening")
    assert found.synthetic and found.name == "opening" and "country:unit" in found.groups
    assert by_term(found)[1] == pytest.approx(truth(1), abs=0.2)
    assert found.plot()["data"]["values"][0]["term"] == "year::-8"


def test_infinite_is_never() -> None:
    frame = world(noise=0.1)
    never = frame.assign(opened=frame["opened"].replace(0, np.inf))
    a, b = (
        explain.event_study(each, "y", "opened", panel="unit", time="year")
        for each in (frame, never)
    )
    np.testing.assert_array_equal(a.coefficients, b.coefficients)
    shifted = frame.assign(year=frame["year"] - 2000)
    with pytest.raises(UsageError, match="infinite"):
        explain.event_study(shifted, "y", "opened", panel="unit", time="year")


def test_faults_are_named() -> None:
    frame = world(noise=0.1)

    def run(data: pd.DataFrame, **options: object) -> None:
        explain.event_study(data, "y", "opened", panel="unit", time="year", **options)  # type: ignore[arg-type]

    with pytest.raises(ValueFault, match="two values of opened for 0"):
        run(frame.assign(opened=frame["opened"] + (frame.index == 0)))
    with pytest.raises(ValueFault, match="no unit with opened"):
        run(frame.assign(opened=0))
    with pytest.raises(ValueFault, match="no row with a value of opened"):
        run(frame.assign(opened=np.nan))
    with pytest.raises(ValueFault, match="all units meet the event in 2004"):
        run(frame.assign(opened=2004))
    with pytest.raises(ValueFault, match="no row at 2003"):
        run(frame.query("not (opened == 2004 and year == 2003)"))
    with pytest.raises(ValueFault, match="no whole number"):
        run(frame.assign(opened=frame["opened"] + 0.5))
    with pytest.raises(UsageError, match="text"):
        run(frame.assign(opened="2004"))
    with pytest.raises(UsageError, match="saturated"):
        run(frame, method="did")
    with pytest.raises(UsageError, match="below 0"):
        run(frame, reference=0)
    with pytest.raises(LabelError, match="opened"):
        run(frame.drop(columns="opened"))
    with pytest.raises(UsageError, match="unit or time"):
        explain.event_study(frame, "y", "opened")


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from servio.explain import events

    monkeypatch.setattr(events, "MOST_TERMS", 3)
    with pytest.raises(UsageError, match="cohorts by times"):
        explain.event_study(world(noise=0.1), "y", "opened", panel="unit", time="year")
