"""Shape of world tables: order, blocs, folding of split countries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from servio.errors import InputError, LabelError, UsageError
from servio.table import Axis, IOTable, TableInfo
from servio.table.world import absent_members, fold_countries, parse_blocs, world_shape
from tables import random_world, two_by_two


def split_world() -> IOTable:
    """Four countries; W is empty, its production stands in P1 and P2, its demand in W."""
    table = random_world(0, countries=4)
    n = len(table.axis.code_names)
    names = ("AAA", "W", "P1", "P2")
    Z, Y, x = table.Z.copy(), table.Y.copy(), table.x.copy()
    empty = slice(n, 2 * n)
    Z[empty], Z[:, empty], Y[empty], x[empty] = 0.0, 0.0, 0.0, 0.0
    Y[:, 2:4] += Y[:, 4:6] + Y[:, 6:8]
    return IOTable.from_flows(
        Z, Y=Y[:, :4], codes=(), axis=Axis.world(names, table.axis.code_names),
        demand=Axis.world(names[:2], ("HH", "INV")), demand_roles=("household", "investment") * 2,
        info=table.info,
    )  # fmt: skip


def test_a_table_in_order_keeps_it():
    shape = world_shape(random_world(0))
    assert shape.in_order and shape.countries == ("C00", "C01", "C02")
    assert shape.starts.tolist() == [0, 21, 42, 63]
    assert shape.demand.tolist() == [0, 0, 1, 1, 2, 2]


def test_any_order_of_rows_is_put_in_order():
    table = random_world(0)
    order = np.random.default_rng(0).permutation(len(table))
    mixed = table.permuted(order)
    shape = world_shape(mixed)
    sorted_axis = mixed.axis.permuted(shape.order)
    assert [sorted_axis.country_names.index(c) for c in sorted_axis.countries] == sorted(
        shape.country.tolist()
    )
    first = [sorted_axis.codes[i] for i in range(21)]
    assert first == list(shape.industries)
    summed = shape.by_country(mixed.Y)
    np.testing.assert_allclose(summed.sum(axis=0).sum(), table.Y.sum())


def test_blocs_stand_where_their_first_member_does():
    shape = world_shape(random_world(0), "OUTER=C02+C00")
    assert shape.countries == ("OUTER", "C01")
    assert shape.members == (("C00", "C02"), ("C01",))
    assert shape.starts.tolist() == [0, 42, 63]
    assert shape.demand.tolist() == [0, 0, 1, 1, 0, 0]


def test_a_bloc_with_the_name_of_a_country_contains_it():
    assert world_shape(split_world(), "W=P1+P2").members == (("AAA",), ("W", "P1", "P2"))


@pytest.mark.parametrize("text", ["XYZ", "NAFTA", "=A+B", "A=", "A=B+", "A=B;A=C"])
def test_blocs_that_can_not_be_read(text):
    with pytest.raises(UsageError):
        parse_blocs(text, ("A", "B", "C"))


def test_known_blocs_take_their_members_from_the_table():
    countries = ("AUT", "ROM", "US", "MX1", "MX2", "JPN")
    found = parse_blocs("EU27;NAFTA;REST=JPN", countries)
    assert found == {"EU27": ("AUT", "ROM"), "NAFTA": ("MX1", "MX2", "US"), "REST": ("JPN",)}
    absent = absent_members("EU27;NAFTA;REST=JPN", countries)
    assert "DEU" in absent and "CAN" in absent and not {"ROU", "AUT", "USA", "MEX"} & set(absent)


def test_known_blocs_have_the_members_they_say():
    for name, size in (("EU27", 27), ("EU28", 28), ("EA20", 20), ("ASEAN", 10), ("RCEP", 15)):
        assert len(absent_members(name, ())) == size


def test_blocs_of_unknown_or_doubled_countries():
    with pytest.raises(LabelError, match="XXX"):
        world_shape(random_world(0), "A=C00+XXX")
    with pytest.raises(UsageError, match="C00"):
        world_shape(random_world(0), "A=C00+C01;B=C00")


def test_tables_without_a_world_are_refused():
    with pytest.raises(InputError, match="national"):
        world_shape(two_by_two())
    table = random_world(0)
    with pytest.raises(LabelError, match="industries"):
        world_shape(_ragged(table))
    nowhere = replace(table, demand=Axis.world(("C00", "C01", "ROW"), ("HH", "INV")))
    with pytest.raises(InputError, match="ROW"):
        world_shape(nowhere)


def _ragged(table: IOTable) -> IOTable:
    keep = np.arange(len(table) - 1)
    return IOTable(
        table.Z[:-1, :-1], table.Y[:-1], table.V[:, :-1], table.x[:-1], table.axis.permuted(keep),
        table.demand, table.demand_roles, table.primary, table.primary_roles, table.info,
    )  # fmt: skip


def test_folding_keeps_every_sum_and_the_balance():
    table = split_world()
    folded = fold_countries(table, {"W": ("P1", "P2")})
    assert folded.axis.country_names == ("AAA", "W")
    for name in ("Z", "Y", "V", "x"):
        assert getattr(folded, name).sum() == pytest.approx(getattr(table, name).sum())
    np.testing.assert_allclose(folded.x, folded.Z.sum(axis=1) + folded.Y.sum(axis=1))
    parts = [table.x[table.axis.positions(p)] for p in ("P1", "P2")]
    np.testing.assert_allclose(folded.x[folded.axis.positions("W")], sum(parts))


def test_parts_and_the_whole_are_not_counted_twice():
    with pytest.raises(LabelError, match="besides its parts"):
        fold_countries(random_world(0), {"C00": ("C01", "C02")})


def test_arrays_by_countries() -> None:
    """the same table as with its axes spelled out"""
    rng = np.random.default_rng(3)
    names, industries = ("AAA", "BBB", "CCC"), ("C", "G")
    Z, Y = rng.uniform(0, 5, (6, 6)), rng.uniform(9, 20, (6, 6))
    table = IOTable.from_flows(
        Z, Y=Y, countries=names, codes=industries, demand=("HH", "INV"),
        demand_roles=("household", "inventory"), info=TableInfo("own", 2014),
    )  # fmt: skip
    assert (table.info.flows, table.info.country, table.info.year) == ("world", "WORLD", 2014)
    assert table.axis == Axis.world(names, industries)
    assert table.demand == Axis.world(names, ("HH", "INV"))
    assert table.demand_roles == ("household", "inventory") * 3
    np.testing.assert_array_equal(world_shape(table).demand, [0, 0, 1, 1, 2, 2])
    plain = IOTable.from_flows(Z, Y=Y[:, :3], countries=names, codes=industries)
    assert plain.demand.countries == names


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "countries="),
        ({"countries": ("A", "B")}, "countries="),
        ({"countries": ("A", "B"), "codes": ("C", "G", "S")}, r"expected shape \(6, 6\)"),
        ({"countries": ("A", "B"), "codes": ("C", "G"), "demand": ("HH", "INV")}, "country by"),
    ],
)
def test_arrays_that_do_not_fit_their_countries(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        IOTable.from_flows(np.eye(4), Y=np.ones((4, 2)), **parts)


def test_final_demand_derived_from_output_has_no_country() -> None:
    table = IOTable.from_flows(np.eye(4), x=[9, 9, 9, 9], countries=("A", "B"), codes=("C", "G"))
    assert [note.code for note in table.info.notes] == ["demand-country"]
    with pytest.raises(InputError, match="no country"):
        world_shape(table)
