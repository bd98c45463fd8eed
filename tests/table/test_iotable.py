from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from servio import measure
from servio.algebra import Leontief
from servio.classify import Grouping
from servio.errors import InputError, LabelError, NumericalError, ServioError, ValueFault
from servio.table import (
    Axis,
    Bundle,
    IOTable,
    TableInfo,
    aggregate,
    audit,
    identities,
    national,
)
from tables import random_national, random_world, two_by_two


def test_published_inverse_of_miller_and_blair_table_2_4() -> None:
    table = two_by_two()
    np.testing.assert_allclose(table.coefficients("total"), [[0.15, 0.25], [0.2, 0.05]])
    np.testing.assert_allclose(
        table.leontief("total").inverse, [[1.2541, 0.3300], [0.2640, 1.1221]], atol=5e-5
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("make", [random_national, random_world])
def test_identities_hold(make, seed: int) -> None:
    table = make(seed)
    for identity in identities(table):
        assert identity.residual <= 1e-10, identity
    dead = make(seed, dead=4)
    for identity in identities(dead):
        assert identity.residual <= 1e-10, identity


def test_data_gap_is_reported_and_does_not_touch_the_arithmetic() -> None:
    table = random_national(1)
    wrong = IOTable.from_flows(
        table.Z, Y=table.Y, V=table.V * 0.9, x=table.x * 1.01, codes=table.axis.codes, Zm=table.Zm
    )
    found = {i.name: i for i in identities(wrong)}
    assert found["x = Z1 + Y1"].residual == pytest.approx(0.01 / 1.01)
    assert all(i.residual <= 1e-10 for i in found.values() if i.kind == "numeric")


def test_origins_add_up_and_missing_split_is_said() -> None:
    for table in (random_national(2), random_world(2)):
        np.testing.assert_allclose(
            table.flows("domestic") + table.flows("imported"), table.flows("total")
        )
    with pytest.raises(InputError, match="does not split"):
        two_by_two().flows("imported")


def test_factorised_once_a_table_and_origin() -> None:
    table = random_national(3)
    before = Leontief.factorised
    for _ in range(3):
        table.leontief("domestic").inverse.sum()
        table.leontief("total").solve(table.Y.sum(axis=1))
    assert Leontief.factorised == before + 2
    plain = two_by_two()
    assert plain.leontief("domestic") is plain.leontief("total")


def test_arrays_and_table_are_immutable() -> None:
    given = np.array([[150.0, 500.0], [200.0, 100.0]])
    table = IOTable.from_flows(given, x=[1000, 2000], codes=("C", "G"))
    given[0, 0] = 0.0
    assert table.Z[0, 0] == 150.0
    for array in (table.Z, table.coefficients("total"), table.leontief("total").inverse):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1.0
    with pytest.raises(AttributeError):
        table.x = np.ones(2)  # type: ignore[misc]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_cell_that_is_no_number_is_named(bad: float) -> None:
    with pytest.raises(ValueFault, match=r"C, G.*finite") as caught:
        IOTable.from_flows([[150, bad], [200, 100]], x=[1000, 2000], Y=[1, 1], codes=("C", "G"))
    assert caught.value.exit_code == 2


def test_shapes_labels_and_roles_are_checked() -> None:
    with pytest.raises(ServioError, match="shape"):
        IOTable.from_flows(np.ones((2, 3)), x=[9, 9], Y=[1, 1], codes=("C", "G"))
    with pytest.raises(LabelError, match=r"twice, at positions 1 and 2"):
        IOTable.from_flows(np.ones((2, 2)), x=[9, 9], codes=("C", "C"))
    with pytest.raises(InputError, match="roles"):
        IOTable.from_flows(np.ones((1, 1)), x=[9], codes=("C",), demand_roles=("nobody",))
    with pytest.raises(InputError, match="Z alone"):
        IOTable.from_flows(np.ones((1, 1)), codes=("C",))


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"x": [1.0, 2.0, 3.0]}, "x: found shape"),
        ({"x": ["a", "b"]}, "no array of numbers"),
        ({"Y": [[1.0], [2.0], [3.0]]}, "Y: found shape"),
        ({"x": [9.0, 9.0], "V": [[1.0, 2.0, 3.0]]}, "V: found shape"),
        ({"x": [0.0, 9.0], "Y": [0.0, 9.0]}, "columns C: found flows"),
    ],
)
def test_arrays_given_in_python_are_checked(parts: dict[str, object], what: str) -> None:
    with pytest.raises(InputError, match=what):
        IOTable.from_flows(np.ones((2, 2)), codes=("C", "G"), **parts).coefficients("total")


def test_grouping_that_is_not_there_is_named_in_the_remedy() -> None:
    with pytest.raises(LabelError, match=r'groups=\{"energy": Grouping.custom\("energy", '):
        two_by_two().weights("energy")
    described = replace(two_by_two(), info=TableInfo("generic"), trusted=False)
    with pytest.raises(LabelError, match=r'\[groups\] energy = \["C"\]'):
        described.weights("energy")
    with pytest.raises(LabelError, match="Did you mean services"):
        two_by_two().weights("servces")


def test_everybody_is_a_grouping_of_every_table() -> None:
    for table in (two_by_two(), random_national(1), random_world(1)):
        names, weights = table.weights("economy")
        assert names == ("economy",) and (weights == 1.0).all()
        names, weights = table.weights("industry")
        assert names == table.axis.code_names
        each = np.array([[code == name for code in table.axis.codes] for name in names])
        np.testing.assert_array_equal(weights, each)


def test_a_group_of_one_s_own_may_have_that_name() -> None:
    own = {"industry": Grouping.custom("industry", {"industry": ("C",)})}
    table = replace(two_by_two(), groups=own, trusted=False)
    assert table.weights("industry")[1].tolist() == [[1.0, 0.0]]


def test_labels_align_exactly_or_raise() -> None:
    axis = Axis.national("AAA", ("a", "b"))
    assert axis.order_of(["AAA_b", "AAA_a"], "test").tolist() == [1, 0]
    with pytest.raises(LabelError, match="AAA_c"):
        axis.order_of(["AAA_b", "AAA_c"], "test")


def test_unproductive_economy_has_no_answer() -> None:
    table = IOTable.from_flows([[8, 9], [9, 8]], x=[10, 10], codes=("C", "G"))
    with pytest.raises(NumericalError, match="spectral radius") as caught:
        table.leontief("total")
    assert caught.value.exit_code == 3
    assert not audit(table).passed


def test_aggregation_commutes_with_sums_and_needs_a_partition() -> None:
    table = random_national(4)
    small = aggregate(table, "sectors")
    for name in ("Z", "Y", "V", "x", "Zm", "Ym"):
        assert getattr(small, name).sum() == pytest.approx(getattr(table, name).sum(), rel=1e-12)
    assert max(i.residual for i in identities(small)) <= 1e-10
    with pytest.raises(LabelError, match="exactly once"):
        aggregate(table, "services")


def test_aggregated_table_keeps_the_groupings_it_can_tell_apart() -> None:
    table = random_national(4)
    small = aggregate(table, "sectors")
    assert {"sectors", "services", "manufacturing"} <= set(small.groups)
    assert "kibs" not in small.groups
    for name in ("services", "manufacturing"):
        _, before = table.weights(name)
        _, after = small.weights(name)
        assert (before @ table.x).tolist() == pytest.approx((after @ small.x).tolist())
    whole = measure.service_input_share(table, by="manufacturing").values
    assert measure.service_input_share(small, by="manufacturing").values == pytest.approx(whole)


def test_balance_that_gave_the_numbers_is_not_called_checked() -> None:
    derived = two_by_two()
    assert [i.name for i in identities(derived) if i.kind == "data"] == []
    assert np.isnan(audit(derived).data_residual)
    assert {"rows-not-checked", "columns-not-checked"} <= {f.check for f in audit(derived).findings}
    assert audit(random_national(3)).data_residual <= 1e-12


def test_aggregation_that_mixes_goods_and_services_says_so() -> None:
    table = random_national(5)
    half = len(table) // 2
    codes = table.axis.codes
    mixed = Grouping.custom("mixed", {"one": codes[:half], "two": codes[half:]})
    assert "mixed-groups" in {note.code for note in aggregate(table, mixed).info.notes}


def test_country_of_a_world_table_balances() -> None:
    world = random_world(6)
    one = national(world, "C01")
    assert max(i.residual for i in identities(one)) <= 1e-10
    here = world.axis.positions("C01")
    np.testing.assert_allclose(one.flows("total").sum(axis=0), world.Z[:, here].sum(axis=0))
    with pytest.raises(LabelError, match="C01"):
        national(world, "XXX")


def test_fingerprint_sees_numbers_and_labels_only() -> None:
    table = random_national(7)
    assert table.fingerprint == random_national(7).fingerprint
    assert table.fingerprint != table.scaled(1000.0, "KRW").fingerprint
    assert table.fingerprint != table.permuted(range(len(table))[::-1]).fingerprint


@pytest.mark.parametrize("make", [random_national, random_world, lambda seed: two_by_two()])
def test_bundle_round_trip(make) -> None:
    table = make(8)
    header, flat = Bundle.of(table).pack()
    back = Bundle.unpack(header, flat).table(0)
    assert back.fingerprint == table.fingerprint
    assert back.info == table.info
    assert sorted(back.groups) == sorted(table.groups)


def test_truncated_bundle_is_refused() -> None:
    header, flat = Bundle.of(two_by_two()).pack()
    with pytest.raises(InputError, match="numbers"):
        Bundle.unpack(header, flat[:-1])


def test_one_industry_and_none() -> None:
    one = IOTable.from_flows([[1.0]], x=[2.0], codes=("C",))
    assert one.leontief("total").inverse.tolist() == [[2.0]]
    none = IOTable.from_flows(np.zeros((0, 0)), x=[], codes=())
    assert len(none) == 0
    assert not audit(none).passed


def test_empty_economy_fails_its_audit() -> None:
    table = IOTable.from_flows(np.zeros((2, 2)), x=[0, 0], codes=("C", "G"))
    assert [f.check for f in audit(table).findings if f.level == "fail"] == ["all-zero"]


def test_audit_finds_the_column_that_does_not_add_up() -> None:
    table = random_national(9)
    V = np.array(table.V)
    V[0, 7] *= 0.5
    wrong = table._replaced(V=V)
    fails = [f for f in audit(wrong).findings if f.level == "fail"]
    assert [(f.check, f.place) for f in fails] == [("column-balance", table.axis.labels[7])]
    assert audit(table).passed


def test_audit_lists_dead_industries_and_negative_flows() -> None:
    table = random_national(10, dead=3)
    assert "zero-output" in {f.check for f in audit(table).findings}
    Z = np.array(table.Z)
    Z[1, 2] = -5.0
    assert "negative-flows" in {f.check for f in audit(table._replaced(Z=Z)).findings}


@pytest.mark.parametrize("make", [random_national, random_world])
@pytest.mark.parametrize("dead", [None, 4])
def test_large_tables_are_checked_in_combinations(monkeypatch, make, dead: int | None) -> None:
    table = make(4, dead=dead)
    full = {i.name: i for i in identities(table)}
    assert "checked-in-combinations" not in {f.check for f in audit(table).findings}
    monkeypatch.setattr("servio.table.identity.IN_FULL", 5)
    monkeypatch.setattr("servio.table.auditing.IN_FULL", 5)
    found = {i.name: i for i in identities(table)}
    assert [name.replace("W = W", "= I").replace("  ", " ") for name in found] == [*full]
    assert all(i.residual <= 1e-12 for i in found.values() if i.kind == "numeric")
    assert [i for i in found.values() if i.kind == "data"] == [
        i for i in full.values() if i.kind == "data"
    ]
    assert "checked-in-combinations" in {f.check for f in audit(table).findings}


def test_combinations_see_one_wrong_coefficient(monkeypatch) -> None:
    monkeypatch.setattr("servio.table.identity.IN_FULL", 5)
    table = random_world(4)
    A = table.coefficients("total").copy()
    A[3, 7] += 1e-6
    table._cache["leontief", "total"] = Leontief(A)
    wrong = {i.name: i.residual for i in identities(table) if i.kind == "numeric"}
    assert min(wrong.values()) > 1e-10
    assert not audit(table).passed
