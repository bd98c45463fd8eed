"""Services of manufacturers and goods of services: by hand, planted, published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from servio.classify import Grouping, classification
from servio.errors import LabelError, UsageError
from servio.measure import secondary_output, secondary_service_share
from servio.sources import read_bea_make
from servio.sources.model import model_world
from servio.table import Axis, SupplyTable, TableInfo

GROUPS = {
    "services": Grouping.custom("services", {"services": ("S1", "S2")}),
    "manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("M1", "M2")}),
    "kinds": Grouping.custom("kinds", {"one": ("S1",), "two": ("S2",)}),
}
BEA = "IOMake_Before_Redefinitions_PRO_1997-2020_Summary.xlsx"


def made(V=((0, 0, 0, 9), (2, 80, 0, 1), (0, 0, 0, 0), (0, 12, 0, 40), (0, 8, 0, 50))):
    """Products F, M1, M2, S1, S2 by industries F, M1, M2 (dead), S."""
    industries = {
        "services": Grouping.custom("services", {"services": ("S",)}),
        "manufacturing": Grouping.custom("manufacturing", {"manufacturing": ("M1", "M2")}),
    }
    return SupplyTable(
        np.array(V, dtype=float), Axis.national("AAA", ("F", "M1", "M2", "S1", "S2")),
        Axis.national("AAA", ("F", "M1", "M2", "S")), TableInfo("made", 2000, "AAA"), None,
        GROUPS, industries,
    )  # fmt: skip


def test_by_hand_and_its_mirror():
    found = secondary_output(made())
    assert found.columns["industry"].names == ("M1", "M2")
    assert found.value(industry="M1") == pytest.approx(0.2)
    assert np.isnan(found.value(industry="M2"))
    assert [(gap.label, gap.reason) for gap in found.undefined] == [("M2", "zero output")]
    assert secondary_output(made(), by="makers").values.tolist() == [0.2]
    mirror = secondary_output(made(), grouping="manufacturing", makers="services")
    assert mirror.values.tolist() == [0.01]


def test_kinds_add_up_and_every_product_can_be_asked_for():
    kinds = secondary_output(made(), grouping="kinds", by="makers")
    assert kinds.values.tolist() == [0.12, 0.08]
    every = secondary_output(made(), grouping="product", makers="industry")
    whole = every.values.reshape(4, 5).sum(axis=1)
    np.testing.assert_allclose(whole[[0, 1, 3]], 1.0)
    assert every.residual < 1e-15


def test_a_classification_serves_both_sides():
    codes = classification("isic4_sections").codes
    axis = Axis.national("AAA", codes)
    table = SupplyTable(np.eye(len(codes)) + 0.01, axis, axis,
                        TableInfo("own", classification="isic4_sections"))  # fmt: skip
    share = secondary_output(table).value(industry="C")
    services = table.weights("products", "services")[1].sum()
    assert share == pytest.approx(0.01 * services / (1 + 0.01 * len(codes)))


def test_negative_cells_are_counted():
    V = np.array(made().V)
    V[3, 1] = -5.0
    found = secondary_output(made(V))
    assert [n.text for n in found.notes if n.code == "negative"] == [
        "1 negative cells of the supply table, as published"
    ]
    assert not secondary_output(made(V), makers="services").notes


def test_refusals():
    with pytest.raises(LabelError, match="kites"):
        secondary_output(made(), grouping="kites")
    with pytest.raises(UsageError, match="makers"):
        secondary_output(made(), by="country")  # type: ignore[arg-type]


def test_planted_secondary_services_of_the_model_world():
    world = model_world(seed=3, countries=3, years=3, noise=0.0)
    found = secondary_service_share(world.table(2002), grouping="kiet")
    checked = 0
    for row in world.truth.to_frame("mode").to_dict("records"):
        label = {"country": row["country"], "industry": row["industry"]}
        value = found.value(**label, group=row["service_group"])
        if not np.isnan(value):
            assert value == pytest.approx(row["secondary"] + 2 * row["secondary_slope"], abs=1e-12)
            checked += 1
    assert checked > 100
    whole = secondary_service_share(world.table(2002)).values
    np.testing.assert_allclose(whole, found.values.reshape(-1, 8).sum(axis=1), rtol=1e-12)


def test_united_states_1997_to_2020(shared: Path):
    """Computed here once more, from cells alone: no figure is published for these shares."""
    tables = read_bea_make(shared / "data" / "bea_us" / BEA, years=(1997, 2020))
    shares = [secondary_output(t, by="makers").values[0] for t in tables]
    mirror = [
        secondary_output(t, grouping="manufacturing", makers="services", by="makers").values[0]
        for t in tables
    ]
    assert shares == pytest.approx([0.0403, 0.0503], abs=5e-5)
    assert mirror == pytest.approx([0.00223, 0.00126], abs=5e-6)
    kinds = secondary_output(tables[1], grouping="service_kinds", by="makers")
    assert kinds.values.sum() == pytest.approx(shares[1])
    assert kinds.value(group="research and professional") == pytest.approx(0.0373, abs=5e-5)
    assert kinds.data_residual < 1e-5
    assert secondary_output(tables[1]).value(industry="334") == pytest.approx(0.167, abs=5e-4)
