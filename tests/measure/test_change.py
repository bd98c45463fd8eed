"""Changes between years: parts by brute force, exact sums, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from servio.classify import Grouping
from servio.errors import LabelError, UnitError, UsageError
from servio.measure import (
    output_change,
    service_input_change,
    service_input_coefficient,
    service_input_share,
)
from servio.table import IOTable
from tables import random_national, random_world, two_by_two


def parts(result, **labels) -> dict[str, float]:
    return {p: result.value(part=p, **labels) for p in result.columns["part"].names}


def later() -> IOTable:
    base = two_by_two()
    return IOTable.from_flows([[165, 500], [300, 100]], x=[1100, 2000], codes=("C", "G"),
                              groups=base.groups)  # fmt: skip


def test_shift_share_by_hand():
    # Service coefficients .2 and .05, weights 1/3 and 2/3; later 3/11 and .05, 11/31 and 20/31.
    found = parts(service_input_change(later(), base=two_by_two(), by="economy"))
    within = (3 / 11 - 0.2) * (1 / 3 + 11 / 31) / 2
    between = (3 / 11 + 0.2) / 2 * (11 / 31 - 1 / 3) + 0.05 * (20 / 31 - 2 / 3)
    assert found["within"] == pytest.approx(within)
    assert found["between"] == pytest.approx(between)
    assert found["change"] == pytest.approx(400 / 3100 - 300 / 3000)


@pytest.mark.parametrize(
    ("of", "level"),
    [("coefficient", service_input_coefficient), ("share", service_input_share)],
)
@pytest.mark.parametrize("by", ["industry", "economy", "manufacturing", "technology"])
@pytest.mark.parametrize("origin", ["total", "imported"])
def test_change_is_that_of_the_levels_and_the_sum_of_its_parts(of, level, by, origin):
    table, base = random_national(1), random_national(2)
    options = {"grouping": "kiet", "origin": origin, "by": by}
    found = service_input_change(table, base=base, of=of, **options)
    values = found.values.reshape(-1, 3)
    expected = level(table, **options).values - level(base, **options).values
    np.testing.assert_allclose(values[:, 0], expected, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(values[:, 1] + values[:, 2], values[:, 0], rtol=1e-9, atol=1e-14)
    assert found.residual < 1e-12
    assert np.any(values[:, 2] != 0) == (by != "industry")


def test_changes_turn_round_with_time():
    table, base = random_national(3), random_national(4)
    for measure in (service_input_change, output_change):
        onward = measure(table, base=base, by="sectors").values
        back = measure(base, base=table, by="sectors").values
        np.testing.assert_allclose(onward, -back, rtol=1e-8, atol=1e-9)


def test_an_industry_that_appears_counts_as_mix():
    table, base = random_national(5), random_national(5, dead=12)
    found = service_input_change(table, base=base, by="economy")
    S = table.weights("services")[1][0]
    c1 = S @ (table.flows("total") / table.x)
    c0 = S @ (base.flows("total") / np.where(base.live, base.x, 1.0))
    c0[12] = c1[12]
    w0, w1 = base.x / base.x.sum(), table.x / table.x.sum()
    expected = ((c1 - c0) * (w0 + w1) / 2).sum()
    assert parts(found)["within"] == pytest.approx(expected, rel=1e-10)
    alone = service_input_change(table, base=base)
    assert [gap.label for gap in alone.undefined] == [table.axis.labels[12]]


def brute_force(Z0, x0, Z1, x1, groups):
    """Both polar forms written out with inverses, and their mean."""
    unit = np.eye(len(x0))
    A0, A1 = Z0 / x0, Z1 / x1
    L0, L1 = np.linalg.inv(unit - A0), np.linalg.inv(unit - A1)
    y0, y1 = (unit - A0) @ x0, (unit - A1) @ x1
    causes = []
    for weights in groups:
        dA = weights[:, None] * (A1 - A0)
        one, two = L1 @ dA @ L0, L0 @ dA @ L1
        causes.append((one @ y0 + one @ y1 + two @ y0 + two @ y1) / 4)
    causes.append((L1 @ (y1 - y0) + L0 @ (y1 - y0)) / 2)
    return np.array(causes)


def test_output_change_by_brute_force():
    table, base = random_national(6), random_national(7)
    S = table.weights("services")[1][0]
    expected = brute_force(base.Z, base.x, table.Z, table.x, [S, 1 - S])
    found = output_change(table, base=base)
    values = found.values.reshape(len(table), -1)
    assert found.columns["part"].names == (
        "change", "services coefficients", "other coefficients", "final demand", "discrepancy"
    )  # fmt: skip
    np.testing.assert_allclose(values[:, 0], table.x - base.x)
    np.testing.assert_allclose(values[:, 1:4], expected.T, rtol=1e-8, atol=1e-6)
    np.testing.assert_allclose(values[:, 4], 0.0, atol=1e-6)
    np.testing.assert_allclose(values[:, 1:].sum(axis=1), values[:, 0], rtol=1e-9, atol=1e-7)
    assert found.residual < 1e-12 and found.unit == "million USD"


def test_output_change_of_groups_is_the_sum_of_their_industries():
    table, base = random_national(6), random_national(7)
    single = output_change(table, base=base).values.reshape(len(table), -1)
    M = table.weights("manufacturing")[1][0]
    found = output_change(table, base=base, by="manufacturing").values
    np.testing.assert_allclose(found, M @ single, rtol=1e-10)


def test_the_published_discrepancy_is_shown_apart():
    base = two_by_two()
    off = replace(later(), Y=later().Y - np.array([[0.0], [50.0]]))
    clean, found = (parts(output_change(t, base=base, by="economy")) for t in (later(), off))
    A0, A1 = base.Z / base.x, off.Z / off.x
    gap = [0.0, 50.0]
    unit = np.eye(2)
    own = np.linalg.solve(unit - A0, gap).sum() + np.linalg.solve(unit - A1, gap).sum()
    assert found["discrepancy"] == pytest.approx(own / 2)
    assert found["final demand"] == pytest.approx(clean["final demand"] - own / 2)
    assert found["change"] == pytest.approx(100.0)


def test_a_discrepancy_of_the_base_year_counts_too():
    base = two_by_two()
    off = replace(base, Y=base.Y + np.array([[30.0], [0.0]]))
    found = output_change(later(), base=off, by="economy")
    assert sum(found.values[1:]) == pytest.approx(100.0)
    assert found.residual < 1e-12
    fallen = parts(found)["discrepancy"]
    assert fallen == pytest.approx(-parts(output_change(off, base=later(), by="economy"))[
        "discrepancy"])  # fmt: skip
    assert fallen > 0


def test_an_industry_that_appears_adds_its_output():
    table, base = random_national(5), random_national(5, dead=12)
    found = output_change(table, base=base)
    assert found.undefined == ()
    assert found.values.reshape(len(table), -1)[12, 0] == pytest.approx(table.x[12])
    assert found.residual < 1e-12


@pytest.mark.parametrize("origin", ["balance", "total", "domestic"])
@pytest.mark.parametrize("make", [random_national, random_world])
def test_output_change_adds_up_for_every_origin(make, origin):
    table, base = make(8, dead=4), make(9, dead=4)
    found = output_change(table, base=base, origin=origin, grouping="services")
    values = found.values.reshape(len(table), -1)
    alive = np.arange(len(table)) != 4
    np.testing.assert_allclose(
        values[alive, 1:].sum(axis=1), (table.x - base.x)[alive], rtol=1e-9, atol=1e-6
    )
    assert np.isnan(values[4]).all() and len(found.undefined) == 1


def test_imported_inputs_are_taken_off_final_demand():
    table, base = random_national(10), random_national(11)
    found = output_change(table, base=base, origin="total").values.reshape(len(table), -1)
    S = table.weights("services")[1][0]
    expected = brute_force(base.Z + base.Zm, base.x, table.Z + table.Zm, table.x, [S, 1 - S])
    np.testing.assert_allclose(found[:, 1:4], expected.T, rtol=1e-7, atol=1e-5)


def test_overlapping_groups_of_inputs_are_refused():
    twice = Grouping.custom("twice", {"one": ("C", "G"), "two": ("G",)})
    with pytest.raises(UsageError, match="several groups"):
        output_change(later(), base=two_by_two(), grouping=twice)


@pytest.mark.parametrize("measure", [output_change, service_input_change])
@pytest.mark.parametrize(
    ("field", "value"),
    [("currency", "EUR"), ("unit", "billion"), ("prices", "previous year"), ("flows", "total"),
     ("valuation", "purchasers"), ("kind", "product-by-product"),
     ("classification", "isic4_sections")],
)  # fmt: skip
def test_tables_that_differ_are_not_compared(measure, field, value):
    table, base = random_national(1), random_national(2)
    other = replace(base, info=replace(base.info, **{field: value}))
    with pytest.raises(UnitError, match=field):
        measure(table, base=other)


@pytest.mark.parametrize("measure", [output_change, service_input_change])
def test_labels_align_exactly_or_raise(measure):
    table, base = random_national(1), random_national(2)
    order = np.random.default_rng(0).permutation(len(base))
    np.testing.assert_allclose(
        measure(table, base=base.permuted(order)).values,
        measure(table, base=base).values,
        rtol=1e-8, atol=1e-9,
    )  # fmt: skip
    codes = ("X", *base.axis.codes[1:])
    other = replace(base, axis=type(base.axis).national("AAA", codes))
    with pytest.raises(LabelError, match="X"):
        measure(table, base=other)


@pytest.mark.parametrize("measure", [output_change, service_input_change])
def test_current_prices_are_pointed_out(measure):
    def notes(prices: str) -> set[str]:
        pair = [replace(t, info=replace(t.info, prices=prices)) for t in (later(), two_by_two())]
        return {note.code for note in measure(pair[0], base=pair[1]).notes}

    assert "prices" in notes("current") and "prices" in notes("")
    assert "prices" not in notes("constant")
