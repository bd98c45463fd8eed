"""Contributor by seller by destination: every cell against loops, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from servio.errors import LabelError, UsageError
from servio.measure import export_origin, gross_exports, select, value_added_routes
from servio.measure import routes as module
from tables import random_world


def cells(found):
    frame = found.to_frame()
    labels = [name for name in ("country", "industry", "partner", "part", "group") if name in frame]
    return frame.set_index(labels)["value"]


def loops(table, embodied_in):
    """Every cell, industry by industry, from the full inverse."""
    A = table.Z / np.where(table.x > 0, table.x, 1.0)
    v, B = 1 - A.sum(axis=0), np.linalg.inv(np.eye(len(table)) - A)
    names, axis = table.axis.country_names, table.axis
    known = {}
    for j, (s, i) in enumerate(zip(axis.countries, axis.codes, strict=True)):
        for u in names:
            flow = table.Y[j, [d == u for d in table.demand.countries]].sum()
            if embodied_in == "exports":
                flow += A[j, axis.positions(u)] @ table.x[axis.positions(u)]
                if u == s:
                    continue
            for k, (c, g) in enumerate(zip(axis.countries, axis.codes, strict=True)):
                known[s, i, u, c, g] = v[k] * B[k, j] * flow
    return known


@pytest.mark.parametrize("embodied_in", ["exports", "final_demand"])
@pytest.mark.parametrize("some", [{}, {"countries": "C02", "contributors": "C01+C00"},
                                  {"partners": "C01", "contributors": "C02"}])  # fmt: skip
def test_every_cell_equals_the_loops(embodied_in, some):
    table = random_world(4)
    asked = {"partners": "each", **some}
    found = cells(value_added_routes(table, embodied_in=embodied_in, grouping="industry", **asked))
    known = loops(table, embodied_in)
    kept = {"countries": 0, "partners": 2, "contributors": 3}
    expected = {
        cell: value for cell, value in known.items()
        if all(cell[kept[key]] in text.split("+") for key, text in some.items())
    }  # fmt: skip
    assert set(found.index) == set(expected)
    scale = max(expected.values())
    np.testing.assert_allclose(
        found.to_numpy(), [expected[cell] for cell in found.index], rtol=0, atol=1e-12 * scale
    )


def test_destinations_together_are_the_origin_of_exports():
    table = random_world(5, dead=7)
    found = value_added_routes(table, by="sectors")
    origin = export_origin(table, by="sectors")
    assert "partner" not in found.columns
    np.testing.assert_allclose(found.values, origin.values, rtol=1e-10)


def test_groups_of_sellers_and_blocs():
    table = random_world(6)
    options = {"by": "manufacturing", "blocs": "EAST=C01+C02", "partners": "each"}
    found = cells(value_added_routes(table, grouping="economy", countries="EAST", **options))
    sold = gross_exports(table, **options).value(country="EAST", partner="C00")
    assert found.sum() == pytest.approx(sold, rel=1e-12)
    assert {part for *_, part, _ in found.index} == {"EAST", "C00"}


def test_an_industry_without_output_is_undefined_in_every_cell():
    found = value_added_routes(random_world(1, dead=22), countries="C01", partners="C00")
    (gap,) = found.undefined
    values = found.values[[f"C01_{i}" == gap.label for i in found.columns["industry"].decode()]]
    assert gap.reason == "zero output" and len(values) and np.isnan(values).all()
    assert value_added_routes(random_world(1, dead=22), countries="C00").undefined == ()


@pytest.mark.parametrize("option", ["countries", "partners", "contributors"])
def test_a_country_the_table_lacks_is_named(option):
    with pytest.raises(LabelError, match=f"{option}=C01.KOR.*'KOR'"):
        value_added_routes(random_world(1), **{option: "C01+KOR"})


def test_exports_to_itself_are_no_question():
    with pytest.raises(UsageError, match="does not export to itself"):
        value_added_routes(random_world(1), countries="C01", partners="C01")
    at_home = value_added_routes(
        random_world(1), countries="C01", partners="C01", embodied_in="final_demand"
    )
    assert at_home.values.min() > 0


def test_more_values_than_anybody_reads_are_refused_before_any_work(monkeypatch):
    table = random_world(1)
    monkeypatch.setattr(module, "MOST_VALUES", 3 * 20)
    monkeypatch.setattr(module.trade, "contents", None)
    with pytest.raises(UsageError, match=r"at most 60.*countries=KOR\+JPN"):
        value_added_routes(table)


def test_rows_by_label_with_their_gaps():
    found = gross_exports(random_world(1, dead=22), partners="each")
    gap = found.undefined[0].label
    country, industry = gap.split("_")
    one = select(found, country=country, industry=[industry])
    assert [g.label for g in one.undefined] == [gap] and np.isnan(one.values).all()
    other = select(found, country=country, partner="C00", industry="C")
    assert other.undefined == () and len(other) == 1
    assert other.values[0] == found.value(country=country, partner="C00", industry="C")
    with pytest.raises(LabelError, match="'C09'"):
        select(found, partner=["C00", "C09"])
    with pytest.raises(LabelError, match="no such label column"):
        select(found, group="services")
