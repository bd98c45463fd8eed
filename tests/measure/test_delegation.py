"""Services bought and made: by hand, planted worlds, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from servio.classify import Grouping
from servio.errors import InputError, LabelError, UnitError, UsageError, ValueFault
from servio.measure import (
    externalisation,
    outsourcing,
    purchased_service_share,
    service_delegation,
    service_input_coefficient,
)
from servio.sources.model import model_world
from servio.table import IOTable, Satellite, TableInfo
from tables import random_national, random_world

GROUPS = {
    "services": Grouping.custom("services", {"services": ("G",)}),
    "manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("C",)}),
}


def small(bought: float = 200.0, **satellites: tuple[list[float], str]) -> IOTable:
    """Farms, mills and shops; value added 900, 650 and 1400 with 200 bought by mills."""
    rows = {k.replace("_in_", ": "): Satellite(np.array(v), u) for k, (v, u) in satellites.items()}
    return IOTable.from_flows(
        [[50, 0, 0], [20, 150, 500], [30, bought, 100]], x=[1000, 1000, 2000],
        codes=("A", "C", "G"), groups=GROUPS, satellites=rows,
        info=TableInfo("small", 2000, currency="USD", unit="million"),
    )  # fmt: skip


def with_own(bought: float, design: float) -> IOTable:
    return small(bought, own_in_services=([0.0, design, 0.0], "million USD"))


def test_delegation_by_hand():
    found = service_delegation(small())
    assert found.value(part="vertical") == pytest.approx(200 / 330)
    assert found.value(part="horizontal") == pytest.approx(100 / 330)
    assert found.value(part="other") == pytest.approx(30 / 330)


def test_delegation_at_home_and_abroad_adds_up_and_matches_purchases():
    for table, grouping in ((random_national(3), "kibs"), (random_world(3), "services")):
        onshore, offshore, total = (
            service_delegation(table, grouping=grouping, origin=o).values
            for o in ("domestic", "imported", "total")
        )
        np.testing.assert_allclose(onshore + offshore, total, atol=1e-14)
        S = table.weights(grouping)[1]
        M = table.weights("manufacturing")[1][0]
        bought = (S @ table.flows("total"))[0]
        for c, country in enumerate(table.axis.country_names):
            own = table.axis.country_index == c
            expected = (bought * M)[own].sum() / bought[own].sum()
            value = service_delegation(table, grouping=grouping).value(
                country=country, part="vertical"
            )
            assert value == pytest.approx(expected)


def test_purchased_share_of_functions_by_hand():
    table = small(functions_in_design=([0.1, 0.2, 0.3], "share"),
                  functions_in_sales=([0.1, 0.1, 0.3], "share"),
                  functions_in_fabrication=([0.8, 0.7, 0.4], "share"))  # fmt: skip
    found = purchased_service_share(table)
    assert found.value(industry="C") == pytest.approx(200 / (200 + 0.3 * 650))
    assert found.value(industry="A") == pytest.approx(30 / (30 + 0.2 * 900))
    assert any("design, sales" in note.text for note in found.notes)
    whole = purchased_service_share(table, by="economy").value(industry="economy")
    assert whole == pytest.approx(330 / (330 + 180 + 195 + 0.6 * 1400))


def test_onshore_offshore_and_in_house_add_up():
    table = random_national(1)
    phi = np.full(len(table), 0.25)
    rows = {"own: it": Satellite(phi, "share"), "own: kibs": Satellite(phi, "share")}
    table = replace(table, satellites=rows, trusted=False)
    parts = [
        purchased_service_share(table, grouping="kibs", in_house="own", origin=o).values
        for o in ("domestic", "imported")
    ]
    bought = service_input_coefficient(table, grouping="kibs").values * table.x
    expected = 1 - phi * table.value_added / (bought + phi * table.value_added)
    np.testing.assert_allclose(parts[0] + parts[1], expected, rtol=1e-12)


def test_externalisation_separates_what_moved_from_what_is_new():
    found = externalisation(with_own(260, 60), base=with_own(200, 100), in_house="own")
    values = {p: found.value(industry="C", part=p) for p in found.columns["part"].names}
    assert values == pytest.approx(
        {"change": 0.02, "purchased": 0.06, "in_house": -0.04, "reclassified": 0.04}
    )
    rate = externalisation(with_own(260, 60), base=with_own(200, 100), in_house="own", form="rate")
    assert rate.value(industry="C") == pytest.approx(2 / 3)
    assert {gap.label for gap in rate.undefined} == {"A services", "G services"}


@pytest.mark.parametrize(
    ("bought", "made", "moved", "change"),
    [
        (250, 50, 0.05, 0.0),  # pure reclassification
        (250, 100, 0.0, 0.05),  # pure deepening
        (250, 120, 0.0, 0.07),  # both rise: nothing moved
        (150, 130, -0.03, -0.02),  # taken back in
        (210, 20, 0.01, -0.07),  # more lost than bought
    ],
)
def test_kinds_of_change(bought, made, moved, change):
    found = externalisation(with_own(bought, made), base=with_own(200, 100), in_house="own")
    assert found.value(industry="C", part="reclassified") == pytest.approx(moved, abs=1e-15)
    assert found.value(industry="C", part="change") == pytest.approx(change, abs=1e-15)


def test_pure_reclassification_has_rate_one():
    rate = externalisation(with_own(250, 50), base=with_own(200, 100), in_house="own", form="rate")
    assert rate.value(industry="C") == pytest.approx(1.0)


def test_prices_are_told_from_volumes():
    # Services 20 % dearer, mills' products 5 % cheaper, volumes of services a tenth up.
    rise, fall = 1.2, 0.95
    base = replace(with_own(200, 100), satellites={
        "own: services": Satellite(np.array([0.0, 100.0, 0.0]), "million USD"),
        "P": Satellite(np.array([100.0, 100.0, 100.0]), "index"),
    }, trusted=False)  # fmt: skip
    table = IOTable.from_flows(
        [[50, 0, 0], [20, 150, 500], [30, 220 * rise, 100]],
        x=[1000, 1000 * fall, 2000], codes=("A", "C", "G"), groups=GROUPS, info=base.info,
        satellites=dict(base.satellites) | {"P": Satellite(np.array([100, 95.0, 120.0]), "index")},
    )  # fmt: skip
    found = externalisation(table, base=base, in_house="own", prices="P")
    bought = found.value(industry="C", part="purchased")
    assert bought == pytest.approx(220 * rise / (1000 * fall) - 0.2)
    # at prices of the base year 220 of services for 1000 of products
    assert bought - found.value(industry="C", part="price") == pytest.approx(0.02)
    still = externalisation(base, base=base, in_house="own", prices="P")
    assert still.value(industry="C", part="price") == 0.0


def test_faults_of_prices():
    table = with_own(200, 100)
    with pytest.raises(InputError, match="no satellite 'P'"):
        externalisation(table, base=table, in_house="own", prices="P")
    rows = dict(table.satellites) | {"P": Satellite(np.array([1.0, 0.0, 1.0]), "index")}
    table = replace(table, satellites=rows, trusted=False)
    with pytest.raises(ValueFault, match="P, C: found 0"):
        externalisation(table, base=table, in_house="own", prices="P")
    with pytest.raises(UsageError, match="form=rate"):
        externalisation(table, base=table, in_house="own", prices="P", form="rate")


def test_planted_own_account_of_the_model_world_is_found():
    world = model_world(seed=3, countries=3, years=5, noise=0.0)
    last, first = world.table(2004), world.table(2000)
    found = externalisation(last, base=first, grouping="kiet", in_house="own_account")
    checked = 0
    for row in world.truth.to_frame("mode").to_dict("records"):
        label = {"country": row["country"], "industry": row["industry"]}
        value = found.value(**label, group=row["service_group"], part="in_house")
        if not np.isnan(value):
            assert value == pytest.approx(4 * row["own_account_slope"], abs=1e-12)
            checked += bool(row["own_account_slope"])
    assert checked > 20


def test_outsourcing_is_a_bound_of_the_true_rate():
    table = model_world(seed=1, countries=2, years=2).table(2000)
    true = purchased_service_share(table, in_house="own_account", by="manufacturing").values
    assert (true > outsourcing(table, by="manufacturing").values).all()
    assert (true < 1).all()


def test_faults_are_named():
    with pytest.raises(InputError, match="found none among 0"):
        purchased_service_share(small())
    with pytest.raises(LabelError, match="fabrication"):
        purchased_service_share(small(functions_in_design=([0.1, 0.2, 0.3], "share")))
    with pytest.raises(UnitError, match="thousand KRW"):
        purchased_service_share(small(own_in_it=([1.0, 2.0, 3.0], "thousand KRW")), in_house="own")
    with pytest.raises(ValueFault, match=r"C: found -2"):
        purchased_service_share(small(own_in_it=([1.0, -2, 3.0], "million USD")), in_house="own")
    with pytest.raises(ValueFault, match=r"1\.5"):
        purchased_service_share(small(own_in_it=([1.5, 0.2, 0.3], "share")), in_house="own")
    table = small(own_in_it=([1.0, 2.0, 3.0], "million USD"))
    with pytest.raises(LabelError, match="no manufacturing"):
        purchased_service_share(table, grouping="manufacturing", in_house="own")
