"""Make or buy: regimes, break-even, derivatives, calibration, faults."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import servio
from servio import study
from servio.classify import Grouping
from servio.errors import LabelError, UnitError, UsageError, ValueFault
from servio.simulate import (
    MakeOrBuy,
    Parameter,
    calibrated_make_or_buy,
    make_or_buy_from_totals,
)
from servio.table import IOTable, Satellite, TableInfo

FIRM = MakeOrBuy.assumed()
SETTINGS = (
    {},
    {"own_cost": 1.5, "fixed_cost": 1.0, "contract_cost": 30.0},
    {"specificity": 0.9, "uncertainty": 0.8, "information": 0.1, "quality_risk": 0.4},
)


def cost_of(firm: MakeOrBuy) -> tuple[float, float]:
    """Cost of buying and of making, written out once more."""
    v = {name: p.value for name, p in firm.parameters().items()}
    t = v["friction"] + v["hold_up"] * v["specificity"] * v["uncertainty"]
    t += v["quality_loss"] * v["quality_risk"] - v["information_gain"] * v["information"]
    t -= v["enforcement_gain"] * v["enforcement"]
    buy = v["contract_cost"] + (v["price"] + t) * v["scale"]
    return buy, v["fixed_cost"] + v["own_cost"] * v["scale"]


def test_rule_of_the_source_by_hand():
    # t = .2 + .4 .5 .5 - .1 .5 - .1 .5 + .5 .1 = .25, d = 1 + .25 - .9 = .35, F - G = 18
    assert FIRM.transaction_cost == pytest.approx(0.25)
    assert FIRM.threshold == pytest.approx(18 / 0.35)
    plain = FIRM.with_values(contract_cost=0.0, quality_risk=0.0)
    assert plain.threshold == pytest.approx(20 / (1 + 0.2 - 0.9))  # F / (p + t - c)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("scale", [0.0, 1.0, 40.0, 60.0, 1e4])
def test_a_firm_buys_where_buying_is_cheaper(setting, scale):
    firm = FIRM.with_values(**setting, scale=scale)
    buy, make = cost_of(firm)
    assert firm.saving == pytest.approx(make - buy, abs=1e-9)
    assert firm.buys == (buy < make)


@pytest.mark.parametrize("setting", SETTINGS)
def test_at_the_threshold_both_cost_the_same(setting):
    firm = FIRM.with_values(**setting)
    buy, make = cost_of(firm.with_values(scale=firm.threshold))
    assert buy == pytest.approx(make, rel=1e-12)


@pytest.mark.parametrize(
    ("own_cost", "fixed", "contract", "regime", "bought"),
    [
        (0.9, 20.0, 2.0, "below", (True, False)),
        (0.9, 2.0, 20.0, "never", (False, False)),
        (0.9, 2.0, 2.0, "never", (False, False)),
        (1.6, 20.0, 2.0, "always", (True, True)),
        (1.6, 2.0, 20.0, "above", (False, True)),
        (1.25, 20.0, 2.0, "always", (True, True)),
        (1.25, 2.0, 2.0, "never", (False, False)),
    ],
)
def test_four_regimes(own_cost, fixed, contract, regime, bought):
    firm = FIRM.with_values(own_cost=own_cost, fixed_cost=fixed, contract_cost=contract)
    assert firm.regime == regime
    assert tuple(firm.with_values(scale=q).buys for q in (1.0, 1e4)) == bought
    assert np.isnan(firm.threshold) == (regime in ("always", "never"))


@pytest.mark.parametrize("setting", SETTINGS)
def test_derivatives_match_finite_differences(setting):
    firm = FIRM.with_values(**setting)
    effects = {e.parameter: e for e in firm.effects()}
    assert set(effects) == set(firm.parameters())
    for name, parameter in firm.parameters().items():
        h = 1e-6 * max(1.0, parameter.value)
        up, down = (firm.with_values(**{name: parameter.value + s}) for s in (h, -h))
        saving = (up.saving - down.saving) / (2 * h)
        threshold = (up.threshold - down.threshold) / (2 * h)
        assert effects[name].on_saving == pytest.approx(saving, rel=1e-6, abs=1e-6), name
        assert effects[name].on_threshold == pytest.approx(threshold, rel=1e-5, abs=1e-5), name
        assert effects[name].unit == parameter.unit


def test_signs_are_those_of_the_argument():
    effects = {e.parameter: e.on_threshold for e in FIRM.effects()}
    for name in ("information", "enforcement", "fixed_cost", "own_cost"):
        assert effects[name] > 0, name
    for name in ("specificity", "uncertainty", "quality_risk", "price", "contract_cost"):
        assert effects[name] < 0, name


def test_no_threshold_has_no_derivative():
    always = FIRM.with_values(own_cost=1.6)
    assert all(np.isnan(e.on_threshold) for e in always.effects())
    assert not any(np.isnan(e.on_saving) for e in always.effects())


def test_surface_agrees_with_the_firm_and_breaks_even_on_its_border():
    found = FIRM.surface([10, 50, 200], [0.0, 0.25, 1.0])
    assert found.saving.shape == (3, 3)
    for i, k in enumerate(found.specificities):
        for j, q in enumerate(found.scales):
            assert found.saving[i, j] == pytest.approx(
                FIRM.with_values(scale=q, specificity=k).saving
            )
    wide = FIRM.surface()
    inside = ~np.isnan(wide.border)
    assert inside.any() and not inside.all()
    for q, k in zip(wide.scales[inside], wide.border[inside], strict=True):
        assert FIRM.with_values(scale=q, specificity=k).saving == pytest.approx(0, abs=1e-8 * q)
    assert np.isnan(FIRM.with_values(uncertainty=0.0).surface().border).all()


def test_the_chart_is_valid_and_draws():
    altair = pytest.importorskip("altair")
    surface = FIRM.surface()
    chart = surface.plot()
    altair.Chart.from_dict(chart)
    rect = chart["layer"][0]["data"]["values"]
    assert len(rect) == surface.saving.size == len(surface.to_frame())
    assert all(cell["q0"] < cell["q1"] and cell["k0"] < cell["k1"] for cell in rect)
    converter = pytest.importorskip("vl_convert")
    assert "<path" in converter.vegalite_to_svg(chart)


def test_faults_are_named():
    with pytest.raises(ValueFault, match=r"specificity: found 1\.5; expected a number from 0 to 1"):
        FIRM.with_values(specificity=1.5)
    with pytest.raises(ValueFault, match="scale: found nan"):
        FIRM.with_values(scale=float("nan"))
    with pytest.raises(UsageError, match="'trust'"):
        FIRM.with_values(trust=0.5)
    with pytest.raises(ValueFault, match=r"transaction cost: found t = -0\.1"):
        FIRM.with_values(friction=0.0, hold_up=0.0, quality_risk=0.0)
    with pytest.raises(ValueFault, match="transaction cost"):
        FIRM.with_values(friction=0.0, specificity=1.0).surface()
    with pytest.raises(UnitError, match=r"won/unit.*expected money/unit"):
        replace(FIRM, own_cost=Parameter(0.9, "won/unit", 0, 10, "assumed"))
    with pytest.raises(UnitError, match="fixed_cost"):
        replace(FIRM, fixed_cost=Parameter(20.0, "money/unit", 0, 100, "assumed"))
    with pytest.raises(UsageError, match="rising"):
        FIRM.surface([3, 2, 1])
    with pytest.raises(UsageError, match="specificities"):
        FIRM.surface([1, 2], [0, 2])
    with pytest.raises(UsageError, match="scale 0"):
        FIRM.with_values(scale=0.0).surface()


def accounts(**changes: object) -> IOTable:
    """Mills of 500 earning 250 with 10 workers; shops of 400 earning 100 with 5."""
    groups = {
        "services": Grouping.custom("services", {"services": ("G",)}),
        "manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("C",)}),
        "both": Grouping.custom("both", {"services": ("G",), "goods": ("C",)}),
    }
    rows = {
        "LAB": Satellite(np.array([250.0, 100.0]), "million USD"),
        "EMP": Satellite(np.array([10.0, 5.0]), "thousand persons"),
    }
    return IOTable.from_flows(
        [[50, 20], [80, 30]], x=[500, 400], codes=("C", "G"), groups=groups,
        satellites=rows | changes, info=TableInfo("own", currency="USD", unit="million"),
    )  # fmt: skip


def test_calibration_by_hand():
    found = calibrated_make_or_buy(accounts(), firms=4)
    assert found.scale.value == 80 / 4
    assert found.own_cost.value == pytest.approx(1 + 100 / 400 * (25 / 20 - 1))
    assert found.price.value == 1.0 and found.price.unit == "million USD/unit"
    assert "pay of manufacturing over that of services 1.250 (LAB/EMP)" in found.own_cost.source
    rest = {n: p.source for n, p in found.parameters().items() if n not in
            ("price", "own_cost", "scale")}  # fmt: skip
    assert set(rest.values()) == {"assumed"}
    assert "all buyers as one firm" in calibrated_make_or_buy(accounts()).scale.source


def test_calibration_with_accounts_in_another_currency():
    won = {"LAB": Satellite(np.array([2500.0, 1000.0]), "won"),
           "GO": Satellite(np.array([5000.0, 4000.0]), "won")}  # fmt: skip
    same = calibrated_make_or_buy(accounts(**won))
    assert same.own_cost.value == calibrated_make_or_buy(accounts()).own_cost.value
    with pytest.raises(UnitError, match="expected won"):
        calibrated_make_or_buy(accounts(**won | {"GO": Satellite(np.ones(2), "yen")}))


def test_calibration_of_a_world_table_takes_the_country():
    table = servio.model_world(seed=0, countries=2, years=1).table(2000)
    pay = "compensation of employees"
    found = [calibrated_make_or_buy(table, country=c, labour=pay) for c in ("M01", "M02")]
    assert found[0].scale.value != found[1].scale.value
    for firm, country in zip(found, ("M01", "M02"), strict=True):
        own = np.array(table.axis.countries) == country
        M, S = (table.weights(g)[1][0] for g in ("manufacturing", "services"))
        assert firm.scale.value == pytest.approx(S @ table.Z @ (M * own))
    with pytest.raises(UsageError, match="country"):
        calibrated_make_or_buy(table, labour=pay)


def test_calibration_faults():
    with pytest.raises(LabelError, match="wages"):
        calibrated_make_or_buy(accounts(), labour="wages")
    with pytest.raises(LabelError, match="services, goods"):
        calibrated_make_or_buy(accounts(), services="both")
    with pytest.raises(ValueFault, match="firms"):
        calibrated_make_or_buy(accounts(), firms=0)
    with pytest.raises(ValueFault, match="EMP of services: found 0"):
        calibrated_make_or_buy(accounts(EMP=Satellite(np.array([10.0, 0.0]), "thousand")))


def test_korea_2014_from_published_accounts(shared: Path):
    wiod = shared / "data" / "wiod2016_niot"
    books = sorted((shared / "data" / "wiod2016_sea").glob("*"))
    files = [f for f in books if f.suffix in (".xlsx", ".parquet")]
    if not files or not (wiod / "KOR_NIOT_nov16.xlsx").exists():
        pytest.skip("needs the WIOD 2016 table of Korea and the accounts")
    table = servio.read(wiod / "KOR_NIOT_nov16.xlsx", year=2014)
    accounts = servio.sources.read_sea(files[0])
    table = servio.sources.with_satellites(table, accounts, ("LAB", "EMP", "GO"))
    found = calibrated_make_or_buy(table)
    assert "labour share 0.387" in found.own_cost.source
    assert found.own_cost.value == pytest.approx(1.285, abs=5e-4)


DOCS = Path(__file__).resolve().parents[2] / "docs" / "make-or-buy.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.S)


def test_the_page_runs_on_generated_tables(tmp_path, monkeypatch):
    model, _, calibration, stored = blocks("python")
    names: dict = {}
    exec(model, names)
    assert names["firm"].regime == "below" and names["firm"].threshold == pytest.approx(51.4, 1e-3)
    exec(calibration, names)
    assert names["firm"].own_cost.source.startswith("model")
    (text,) = blocks("toml")
    study.run(study.parse(text, "own.toml", tmp_path), tmp_path / "out" / "own", workers=1)
    monkeypatch.chdir(tmp_path)
    exec(stored, names)
    kept = names["store"].make_or_buy().set_index("name")
    assert kept.loc["specificity", "origin"] == "given"
    assert kept.loc["own_cost", "origin"] == kept.loc["scale", "origin"] == "calibrated"


def test_the_page_runs_on_wiod(shared, monkeypatch):
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    names: dict = {}
    exec(blocks("python")[1], names)
    korea = names["korea"]
    assert korea.regime == "always" and korea.own_cost.value == pytest.approx(1.285, abs=5e-4)
    assert "pay of manufacturing over that of services 1.736" in korea.own_cost.source


def test_totals_alone_and_bad_ones_are_named():
    assert make_or_buy_from_totals("own", money="EUR").threshold == FIRM.threshold
    with pytest.raises(ValueFault, match=r"own make or buy, purchases: found 0; expected more"):
        make_or_buy_from_totals("own", money="EUR", purchases=0.0)
    with pytest.raises(ValueFault, match="LAB of services: found nan"):
        make_or_buy_from_totals("own", money="EUR", output=1.0, pay=(1.0, float("nan")),
                                work=(1.0, 1.0))  # fmt: skip
    with pytest.raises(UnitError, match="friction"):
        given = {"friction": Parameter(0.2, "won/unit", 0, 1, "own")}
        make_or_buy_from_totals("own", money="EUR", given=given)
