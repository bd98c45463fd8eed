"""Checks of the claims LOG on made results whose answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from explain.claim_frames import Made, main, record, series
from servio import explain

OTHERS = tuple(f"X{place:02d}" for place in range(12))


def china(logistics: float, manufacturing: float, buyers: int) -> list[dict[str, Any]]:
    """Value added of China in percent, and four industries of which some buy logistics."""
    rows = []
    for by, label, value in (
        ("economy", "economy", 100.0),
        ("kiet", "logistics", logistics),
        ("manufacturing", "manufacturing", manufacturing),
    ):
        rows += series("account", lambda c, y, v=value: v + 0.1 * (y - 2004) * (v < 100),
                       countries=["CHN"], of="value_added", by=by, industry=label)  # fmt: skip
    for place in range(4):
        rows += series("service_input_share", lambda c, y, v=0.1 * (place < buyers): v,
                       countries=["CHN"], grouping="kiet", group="logistics", by="industry",
                       origin="total", total=False, industry=f"C{place}")  # fmt: skip
    return rows


@pytest.mark.parametrize(
    ("logistics", "manufacturing", "buyers", "verdict"),
    [(10.0, 15.0, 4, "supported"), (5.0, 30.0, 1, "contradicted"), (5.0, 30.0, 4, "mixed")],
)
def test_level_of_logistics(
    logistics: float, manufacturing: float, buyers: int, verdict: str
) -> None:
    found = record(Made(china(logistics, manufacturing, buyers)), "LOG-1")
    share, gap, users = main(found)
    assert share.estimate == pytest.approx(logistics / 100 + 0.005)
    assert share.verdict == ("supported" if logistics == 10 else "contradicted")
    assert gap.estimate == pytest.approx((manufacturing - logistics) / 100)
    assert users.estimate == buyers / 4
    assert found.verdict == verdict
    assert "Liaoning" in found.text


def bought(of_china: float, late: float | None = None) -> list[dict[str, Any]]:
    """Logistics in inputs: others from .10 to .21, China as told, from 2005 on `late`."""

    def value(country: str, year: int) -> float:
        if country == "CHN":
            return of_china if late is None or year < 2005 else late
        return 0.10 + 0.01 * OTHERS.index(country)

    return series("service_input_share", value, countries=[*OTHERS, "CHN"], grouping="kiet",
                  group="logistics", by="manufacturing", origin="total", total=False)  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "place", "verdict"),
    [
        (bought(0.05), 13, "supported"),
        (bought(0.30), 1, "contradicted"),
        (bought(0.05, 0.30), 1, "mixed"),
    ],
)
def test_place_of_china(rows: list[dict[str, Any]], place: int, verdict: str) -> None:
    found = record(Made(rows), "LOG-2")
    assert (found.verdict, main(found)[0].estimate) == (verdict, place)
    assert f"place {place}" in found.text


@pytest.mark.parametrize(("share", "verdict"), [(0.3, "supported"), (0.7, "mixed")])
def test_own_logistics_counts_where_it_is_known(share: float, verdict: str) -> None:
    own = series("purchased_service_share", lambda c, y: share + 0.01 * (y - 2004),
                 countries=["CHN"], grouping="kiet", group="logistics", by="manufacturing",
                 origin="total", in_house="own_account")  # fmt: skip
    found = record(Made(bought(0.05), own), "LOG-2")
    assert found.verdict == verdict
    assert main(found)[-1].estimate == pytest.approx(share + 0.05)
    assert f"{share + 0.05:.1%} in 2009" in found.text


def test_place_of_china_needs_china() -> None:
    found = record(Made([row for row in bought(0.05) if row["country"] != "CHN"]), "LOG-2")
    assert (found.verdict, "CHN" in found.missing) == ("not testable", True)


def model(term: str, value: float, error: float) -> explain.Estimate:
    return explain.Estimate(
        name="made", formula=f"ln_va ~ ln_k + {term}", method="", terms=("ln_k", term),
        coefficients=np.array([0.3, value]), covariance=np.diag([0.01, error**2]), vcov="iid",
        df=np.inf, n=100,
    )  # fmt: skip


def models(conv: float, mutual: float, coef: float) -> dict[str, explain.Estimate]:
    """The models that decide, and others of which one is about logistics by itself."""
    return {
        "main": model("conv_logistics_lag", conv, 0.1),
        "both ways": model("mutual_logistics_lag", mutual, 0.1),
        "per unit of output": model("coef_logistics_lag", coef, 0.1),
        "same year": model("conv_logistics", -1.0, 0.1),
        "by class": model("conv_logistics_lag:technology_high", -1.0, 0.1),
        "other": model("conv_it_lag", 1.0, 0.1),
    }


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((0.5, 0.6, 0.7), "supported"),
        ((-0.5, -0.6, -0.7), "contradicted"),
        ((0.5, 0.1, -0.7), "mixed"),
    ],
)
def test_logistics_and_value_added(values: tuple[float, float, float], verdict: str) -> None:
    found = record(Made(estimates=models(*values)), "LOG-7")
    assert found.verdict == verdict
    assert [f.estimate for f in main(found)] == pytest.approx(values)
    one = main(found)[0]
    assert (one.lower, one.upper) == pytest.approx((values[0] - 0.196, values[0] + 0.196), abs=1e-4)
    (other,) = (f for f in found.findings if not f.main)
    assert (round(other.estimate, 9), other.statistic) == (
        -1.0,
        "effect of logistics, conv_logistics",
    )


def test_logistics_and_value_added_need_the_models() -> None:
    found = record(Made(estimates={"other": model("conv_logistics_lag", 1.0, 0.1)}), "LOG-7")
    assert (found.verdict, "'main'" in found.missing) == ("not testable", True)
