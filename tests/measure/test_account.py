"""Levels as given: money of the table, satellites in their units, sums only of amounts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from servio.errors import LabelError, UnitError
from servio.measure import account
from servio.table import IOTable, Satellite
from tables import random_national, random_world, two_by_two

UNITS = {"jobs": "thousand persons", "price": "2010 = 100", "skilled": "share", "R&D": "kg per USD"}


def _with_rows(table: IOTable) -> IOTable:
    values = np.arange(1.0, len(table) + 1)
    rows = {name: Satellite(values, unit) for name, unit in UNITS.items()}
    return replace(table, satellites=rows, trusted=False)


def test_levels_are_those_of_the_table():
    table = _with_rows(two_by_two())
    assert account(table).values.tolist() == [650.0, 1400.0]
    assert account(table, of="output").values.tolist() == [1000.0, 2000.0]
    jobs = account(table, of="jobs")
    assert (jobs.values.tolist(), jobs.unit) == ([1.0, 2.0], "thousand persons")


def test_a_primary_input_by_name():
    table = random_national(3)
    for row, name in enumerate(table.primary):
        np.testing.assert_array_equal(account(table, of=name).values[table.live],
                                      table.V[row][table.live])  # fmt: skip


@pytest.mark.parametrize("of", ["value_added", "output", "jobs"])
def test_groups_are_sums_within_each_country(of):
    table = _with_rows(random_world(2))
    rows, groups = account(table, of=of), account(table, of=of, by="economy")
    countries = np.array(rows.columns["country"].decode())
    for country, value in zip(groups.columns["country"].decode(), groups.values, strict=True):
        assert value == pytest.approx(np.nansum(rows.values[countries == country]), rel=1e-12)
    parts = account(table, of=of, by="manufacturing")
    assert (parts.values <= groups.values).all()


@pytest.mark.parametrize("of", ["price", "skilled", "R&D"])
def test_what_has_no_sum_is_given_by_industry_only(of):
    table = _with_rows(random_national(3))
    assert np.isfinite(account(table, of=of).values[table.live]).all()
    with pytest.raises(UnitError, match="no sum"):
        account(table, of=of, by="manufacturing")


@pytest.mark.parametrize("unit", ["million hours", "thousand persons", "tonnes per year"])
def test_amounts_are_summed(unit):
    table = replace(two_by_two(), satellites={"a": Satellite(np.array([1.0, 2.0]), unit)},
                    trusted=False)  # fmt: skip
    assert account(table, of="a", by="economy").values.tolist() == [3.0]


def test_an_unknown_row_is_refused_with_those_there_are():
    with pytest.raises(LabelError, match="value_added"):
        account(_with_rows(two_by_two()), of="EMP")


@pytest.mark.parametrize("name", ["value_added", "output"])
def test_a_satellite_named_output_or_value_added_is_never_mistaken(name):
    table = replace(two_by_two(), satellites={name: Satellite(np.ones(2), "USD")}, trusted=False)
    with pytest.raises(LabelError, match=r"row of this name|a primary input and a satellite"):
        account(table, of=name)
