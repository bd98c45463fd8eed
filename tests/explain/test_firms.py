"""Revenue by segment: shares, thresholds, inequality, and the faults of such files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servio.errors import FormatError, LabelError, UnitError, UsageError, ValueFault
from servio.explain import firm_inequality, service_firms, service_revenue, slopes

GOOD = """firm,year,segment,kind,revenue
Acme,2019,engines,product,70
Acme,2019,care,service,30
Acme,2020,engines,product,40
Acme,2020,care,service,60
Bolt,2020,bolts,product,100
Crane,2020,rent,service,10
Crane,2020,cranes,product,0
"""


def segments(**changes: Any) -> pd.DataFrame:
    rows = {
        "firm": ["A", "A", "B"],
        "year": [2020, 2020, 2020],
        "segment": ["x", "y", "x"],
        "kind": ["product", "service", "service"],
        "revenue": [3.0, 1.0, 5.0],
    }
    return pd.DataFrame(rows | changes)


def services(*amounts: float, year: int = 2020) -> pd.DataFrame:
    n = len(amounts)
    return service_revenue(pd.DataFrame({
        "firm": [f"F{i}" for i in range(n)], "year": year, "segment": "all", "kind": "service",
        "revenue": amounts,
    }))  # fmt: skip


def test_shares_from_a_file(tmp_path: Path):
    path = tmp_path / "segments.csv"
    path.write_text(GOOD)
    found = service_revenue(path).set_index(["firm", "year"])["share"]
    assert found.to_dict() == {
        ("Acme", 2019): 0.3, ("Acme", 2020): 0.6, ("Bolt", 2020): 0.0, ("Crane", 2020): 1.0,
    }  # fmt: skip


def test_firms_above_a_threshold(tmp_path: Path):
    path = tmp_path / "segments.csv"
    path.write_text(GOOD)
    shares = service_revenue(path)
    found = service_firms(shares).set_index("year").loc[2020]
    assert (found["firms"], found["above"], found["undefined"]) == (3, 2, 0)
    assert found["fraction"] == pytest.approx(2 / 3)
    assert found["mean"] == pytest.approx(1.6 / 3) and found["median"] == 0.6
    assert found["pooled"] == pytest.approx(70 / 210)
    assert service_firms(shares, above=0.6).iloc[-1]["above"] == 1  # above, not at


def test_interval_is_wilsons():
    # 10 of 20 at 95 %: 0.2993 to 0.7007, the textbook figure
    shares = service_revenue(pd.DataFrame({
        "firm": [f"F{i}" for i in range(20)], "year": 2020, "segment": "all",
        "kind": ["service"] * 10 + ["product"] * 10, "revenue": 1.0,
    }))  # fmt: skip
    found = service_firms(shares).iloc[0]
    assert found["lower"] == pytest.approx(0.2993, abs=5e-5)
    assert found["upper"] == pytest.approx(0.7007, abs=5e-5)


def test_trend_of_each_firm():
    rows = [
        {"firm": f, "year": y, "segment": k, "kind": k, "revenue": r}
        for f, slope in (("A", 0.02), ("B", -0.01))
        for y in range(2015, 2021)
        for k, r in (("service", 0.3 + slope * (y - 2015)), ("product", 0.7 - slope * (y - 2015)))
    ]
    found = slopes(service_revenue(pd.DataFrame(rows)), "share", by="firm").set_index("firm")
    assert found["slope"].to_dict() == pytest.approx({"A": 0.02, "B": -0.01})


def test_a_firm_without_revenue_is_undefined_and_counted():
    shares = service_revenue(segments(revenue=[0, 0, 5]))
    row = shares.set_index("firm").loc["A"]
    assert np.isnan(row["share"]) and row["undefined"] == "zero revenue"
    found = service_firms(shares).iloc[0]
    assert (found["firms"], found["undefined"], found["fraction"]) == (1, 1, 1.0)


@pytest.mark.parametrize("n", [2, 5, 40])
def test_inequality_where_one_has_all_or_all_alike(n: int):
    one = firm_inequality(services(*[0.0] * (n - 1), 7.0)).iloc[0]
    assert one["gini"] == pytest.approx(1 - 1 / n)
    assert one["theil_t"] == pytest.approx(math.log(n))
    assert np.isnan(one["theil_l"]) and one["zeros"] == n - 1
    alike = firm_inequality(services(*[3.0] * n)).iloc[0]
    assert alike[["gini", "theil_t", "theil_l"]].to_list() == pytest.approx([0, 0, 0], abs=1e-15)


def test_inequality_by_its_definitions():
    y = np.random.default_rng(1).lognormal(size=30)
    found = firm_inequality(services(*y)).iloc[0]
    pairs = np.abs(y[:, None] - y[None, :]).mean() / (2 * y.mean())
    assert found["gini"] == pytest.approx(pairs)
    s = y / y.sum()
    assert found["theil_t"] == pytest.approx(math.log(30) + (s * np.log(s)).sum())
    assert found["theil_l"] == pytest.approx(-math.log(30) - np.log(s).mean())
    scaled = firm_inequality(services(*(1000 * y))).iloc[0]
    assert scaled["theil_t"] == pytest.approx(found["theil_t"])


def test_lognormal_firms_have_the_known_indices():
    # sigma = 0.8: T = L = sigma^2 / 2, G = 2 Phi(sigma / sqrt 2) - 1, at its quantiles
    from scipy import stats

    y = stats.lognorm.ppf((np.arange(20000) + 0.5) / 20000, 0.8)
    found = firm_inequality(services(*y)).iloc[0]
    assert found["theil_l"] == pytest.approx(0.32, abs=1e-3)
    assert found["theil_t"] == pytest.approx(0.32, abs=3e-3)
    assert found["gini"] == pytest.approx(2 * stats.norm.cdf(0.8 / 2**0.5) - 1, abs=1e-3)


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"segment": ["x", "x", "x"]}, LabelError, "row 3, segment"),
        ({"kind": ["product", "both", "service"]}, LabelError, "row 3, kind: found 'both'"),
        ({"revenue": [3.0, -1.0, 5.0]}, ValueFault, "row 3, revenue: found '-1.0'"),
        ({"revenue": [3.0, None, 5.0]}, ValueFault, "row 3, revenue: found a blank"),
        ({"revenue": ["3", "1,000", "5"]}, ValueFault, "row 3, revenue: found '1,000'"),
        ({"revenue": ["3", "True", "5"]}, ValueFault, "row 3, revenue: found 'True'"),
        ({"revenue": ["3", "1_0", "5"]}, ValueFault, "row 3, revenue: found '1_0'"),
        ({"revenue": ["3", "inf", "5"]}, ValueFault, "row 3, revenue: found 'inf'"),
        ({"year": [2020, 2020, "soon"]}, ValueFault, "row 4, year: found 'soon'"),
        ({"firm": ["A", " ", "B"]}, LabelError, "row 3, firm: found a blank"),
        ({"currency": ["EUR", "USD", "EUR"]}, UnitError, "row 3, currency: found 'USD'"),
        ({"currency": ["EUR", "", "EUR"]}, LabelError, "row 3, currency: found a blank"),
    ],
)
def test_faults_are_named_by_row(changes, kind, said):
    with pytest.raises(kind, match=said):
        service_revenue(segments(**changes))


def test_faults_of_files(tmp_path: Path):
    with pytest.raises(FormatError, match="No such file"):
        service_revenue(tmp_path / "none.csv")
    for text, said in (
        (GOOD.replace("product,70", "product,1,070"), "row 2: found 6 cells"),
        (GOOD.replace("kind", "firm"), "a column twice"),
        (GOOD.replace(",", ";"), "no column firm"),
        ("", r"bad\.csv: found no column firm"),
    ):
        (tmp_path / "bad.csv").write_text(text)
        with pytest.raises(FormatError, match=said):
            service_revenue(tmp_path / "bad.csv")
    with pytest.raises(FormatError, match="no column kind"):
        service_revenue(segments().drop(columns="kind"))
    with pytest.raises(FormatError, match="no rows"):
        service_revenue(segments().iloc[:0])


def test_currencies_of_several_firms_are_never_added():
    shares = service_revenue(segments(currency=["EUR", "EUR", "USD"]))
    assert np.isnan(service_firms(shares).iloc[0]["pooled"])
    with pytest.raises(UnitError, match="EUR, USD"):
        firm_inequality(shares)
    assert firm_inequality(shares, of="share").iloc[0]["firms"] == 2


def test_usage_faults():
    shares = service_revenue(segments())
    with pytest.raises(UsageError, match="not percent"):
        service_firms(shares, above=50)
    with pytest.raises(UsageError, match="service, revenue or share"):
        firm_inequality(shares, of="profit")  # type: ignore[arg-type]
    with pytest.raises(FormatError, match="service_revenue"):
        firm_inequality(segments())
