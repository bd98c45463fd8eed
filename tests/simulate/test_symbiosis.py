from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servio.errors import InputError, NumericalError, UsageError, ValueFault
from servio.simulate import LotkaVolterra, lotka_volterra, phase_portrait, symbiosis_kind

interactions = st.floats(-0.95, 0.95)


def two(d12: float, d21: float, **options: object) -> LotkaVolterra:
    return lotka_volterra([0.3, 0.45], [120.0, 80.0], [[0, d12], [d21, 0]], **options)  # type: ignore[arg-type]


# -- equilibria ------------------------------------------------------------------------------------


@given(interactions, interactions)
def test_coexistence_is_the_closed_form(d12: float, d21: float) -> None:
    point = two(d12, d21).equilibrium()
    expected = np.array([120 * (1 + d12), 80 * (1 + d21)]) / (1 - d12 * d21)
    np.testing.assert_allclose(point.states, expected, rtol=1e-10)
    np.testing.assert_allclose(two(d12, d21).rates + two(d12, d21).effects @ point.states, 0,
                               atol=1e-10)  # fmt: skip


@given(st.floats(-2.5, 2.5), st.floats(-2.5, 2.5))
def test_stable_exactly_where_the_product_is_below_one(d12: float, d21: float) -> None:
    if abs(d12 * d21 - 1) < 1e-3 or min(abs(1 + d12), abs(1 + d21)) < 1e-3:
        return
    point = two(d12, d21).equilibrium()
    if point.feasible:
        assert point.stable == (d12 * d21 < 1)


def test_eigenvalues_are_those_of_the_closed_form() -> None:
    point = two(0.2, -0.3).equilibrium()
    u = point.states / [120.0, 80.0]
    a, b, c, d = -0.3 * u[0], 0.3 * u[0] * 0.2, 0.45 * u[1] * -0.3, -0.45 * u[1]
    half, root = (a + d) / 2, np.sqrt(complex((a - d) ** 2 / 4 + b * c))
    np.testing.assert_allclose(point.eigenvalues, [half + root, half - root], rtol=1e-10)


def test_the_jacobian_is_the_derivative() -> None:
    model, x, h = two(0.4, -0.2), np.array([50.0, 70.0]), 1e-4
    numeric = np.empty((2, 2))
    for j in range(2):
        up, down = x + h * np.eye(2)[j], x - h * np.eye(2)[j]
        change = [v * (model.rates + model.effects @ v) for v in (up, down)]
        numeric[:, j] = (change[0] - change[1]) / (2 * h)
    np.testing.assert_allclose(model.jacobian(x), numeric, rtol=1e-7)


def test_competitors_that_exclude_each_other_have_a_saddle_between_them() -> None:
    kinds = {tuple(p.present): p.kind for p in two(-1.5, -1.5).equilibria()}
    assert kinds[True, True] == "saddle"
    assert kinds[True, False] == kinds[False, True] == "stable node"
    assert kinds[False, False] == "unstable node"


def test_mutualists_at_the_limit_have_no_isolated_equilibrium() -> None:
    with pytest.raises(NumericalError, match="manufacturing, services: found singular"):
        two(1.0, 1.0).equilibrium()
    beyond = two(1.2, 1.2).equilibrium()
    assert not beyond.feasible


def test_three_species_satisfy_the_equations_and_pairs_have_their_kinds() -> None:
    d = np.array([[0, 0.2, -0.1], [0.3, 0, 0.0], [-0.2, 0.1, 0]])
    model = lotka_volterra([0.2, 0.3, 0.4], [10, 20, 30], d, names=("a", "b", "c"))
    point = model.equilibrium()
    np.testing.assert_allclose(point.states / [10, 20, 30],
                               np.linalg.solve(np.eye(3) - d, np.ones(3)), rtol=1e-10)  # fmt: skip
    assert model.kinds() == {("a", "b"): "mutualism", ("a", "c"): "competition",
                             ("b", "c"): "commensalism (c gains)"}  # fmt: skip
    np.testing.assert_allclose(model.interaction, d, atol=1e-15)
    np.testing.assert_allclose(model.capacities, [10, 20, 30], rtol=1e-14)
    assert len(model.equilibria()) == 8


def test_names_of_all_kinds() -> None:
    found = {(a, b): symbiosis_kind(a, b).split(" ")[0] for a in (1, 0, -1) for b in (1, 0, -1)}
    assert found == {
        (1, 1): "mutualism", (1, 0): "commensalism", (0, 1): "commensalism",
        (1, -1): "parasitism", (-1, 1): "parasitism", (-1, -1): "competition",
        (0, -1): "amensalism", (-1, 0): "amensalism", (0, 0): "neutralism",
    }  # fmt: skip
    assert symbiosis_kind(0, -1) == "amensalism (services lose)"
    with pytest.raises(UsageError):
        symbiosis_kind(2, 0)
    assert two(0.01, 0.3).kinds(negligible=0.05) == {
        ("manufacturing", "services"): "commensalism (services gain)"
    }


def test_parameters_have_units_and_source() -> None:
    found = two(0.2, 0.1, unit="USD", source="Smith (2001)").parameters()
    assert (found["r[services]"].unit, found["K[services]"].unit) == ("1/year", "USD")
    assert found["d[services from manufacturing]"].value == pytest.approx(0.1, rel=1e-14)
    assert {one.source for one in found.values()} == {"Smith (2001)"}


# -- trajectories ----------------------------------------------------------------------------------


def test_without_interaction_each_follows_the_logistic_curve() -> None:
    t = np.linspace(0, 40, 81)
    path = two(0.0, 0.0).trajectory([10.0, 200.0], t)
    for k, (r, K, x0) in enumerate(((0.3, 120.0, 10.0), (0.45, 80.0, 200.0))):
        exact = K / (1 + (K / x0 - 1) * np.exp(-r * t))
        np.testing.assert_allclose(path.states[:, k], exact, rtol=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.9, 0.9), st.floats(-0.9, 0.9))
def test_paths_end_in_the_stable_equilibrium(d12: float, d21: float) -> None:
    point = two(d12, d21).equilibrium()
    end = two(d12, d21).trajectory([20.0, 30.0], [0.0, 3000.0]).states[-1]
    np.testing.assert_allclose(end, point.states, rtol=1e-8)


def test_predator_and_prey_as_published_and_conserved() -> None:
    # mathmodels documentation: x = 39.18969, y = 12.152152 at t = 1 (tolerance 1e-6)
    model = LotkaVolterra(("prey", "predator"), np.array([0.4, -0.5]),
                          np.array([[0, -0.04], [0.02, 0]]))  # fmt: skip
    path = model.trajectory([40.0, 9.0], np.linspace(0, 100, 101))
    np.testing.assert_allclose(path.states[1], [39.18969, 12.152152], rtol=2e-6)
    assert path.conserved["predator-prey integral"] < 1e-10
    assert model.equilibrium().kind == "centre"
    assert np.isnan(model.capacities).all()


def test_a_species_at_zero_stays_there() -> None:
    path = two(0.5, 0.5).trajectory([0.0, 10.0], [0.0, 5.0, 400.0])
    assert path.of("manufacturing").tolist() == [0.0, 0.0, 0.0]
    assert path.of("services")[-1] == pytest.approx(80.0, rel=1e-10)


def test_blow_up_is_named_with_time_and_variable() -> None:
    with pytest.raises(NumericalError) as caught:
        two(1.6, 1.6).trajectory([100.0, 100.0], [0, 50])
    assert "growth without bound" in caught.value.message
    assert "services at t = " in caught.value.message or "manufacturing at t =" in str(caught.value)


def test_too_long_for_the_pace_of_the_system_is_an_error_with_the_time() -> None:
    model = LotkaVolterra(("a", "b"), np.array([400.0, -500.0]),
                          np.array([[0, -4.0], [2.0, 0]]))  # fmt: skip
    with pytest.raises(NumericalError, match=r"trajectory at t = .*evaluations"):
        model.trajectory([40.0, 9.0], [0, 1e5])


def test_bad_states_times_and_parameters_are_refused() -> None:
    model = two(0.1, 0.1)
    with pytest.raises(ValueFault, match="start of services: found -1; expected a population"):
        model.trajectory([1.0, -1.0], [0, 1])
    with pytest.raises(ValueFault, match="missing or infinite"):
        model.trajectory([1.0, np.nan], [0, 1])
    with pytest.raises(InputError, match="times"):
        model.trajectory([1.0, 1.0], [1, 0])
    with pytest.raises(ValueFault, match="capacity of manufacturing: found -5"):
        lotka_volterra([0.1, 0.1], [-5, 1], [[0, 0], [0, 0]])
    with pytest.raises(ValueFault, match="diagonal"):
        lotka_volterra([0.1, 0.1], [5, 1], [[1, 0], [0, 0]])
    with pytest.raises(InputError, match="shape"):
        lotka_volterra([0.1], [5, 1], [[0, 0], [0, 0]])
    with pytest.raises(InputError, match="names"):
        two(0.1, 0.1, names=("a", "a"))


# -- phase portrait --------------------------------------------------------------------------------


def test_nullclines_cross_at_the_equilibrium_and_arrows_vanish_there() -> None:
    model = two(0.3, -0.4)
    point = model.equilibrium()
    portrait = phase_portrait(model, paths=[model.trajectory([10, 10], np.arange(30.0))])
    for i, line in enumerate(portrait.nullclines):
        np.testing.assert_allclose(model.rates[i] + line @ model.effects[i], 0, atol=1e-12)
    (p, q), (s, t) = portrait.nullclines
    a, _ = np.linalg.solve(np.column_stack([q - p, s - t]), s - p)
    np.testing.assert_allclose(p + a * (q - p), point.states, rtol=1e-10)
    for row in portrait.field[::17]:
        change = row[:2] * (model.rates + model.effects @ row[:2])
        np.testing.assert_allclose(row[2:], change, atol=1e-12)


def test_the_chart_is_plain_data() -> None:
    portrait = phase_portrait(two(-1.5, -1.5))
    text = json.dumps(portrait.to_vega(), allow_nan=False)
    layers = json.loads(text)["layer"]
    assert len(layers) == 5
    states = layers[-1]["data"]["values"]
    assert sorted(s["stability"] for s in states).count("stable") == 2


def test_a_portrait_needs_two_species_and_sound_limits() -> None:
    three = lotka_volterra([1, 1, 1], [1, 1, 1], np.zeros((3, 3)), names="abc")
    with pytest.raises(UsageError, match="3 species"):
        phase_portrait(three)
    with pytest.raises(UsageError, match="limits"):
        phase_portrait(two(0, 0), limits=[[5, 1], [0, 1]])


def test_rates_that_are_text_are_named() -> None:
    with pytest.raises(ValueFault, match=r"lotka_volterra.*'x'"):
        lotka_volterra(["x", 1], [1, 1], [[0, 0.1], [0.1, 0]])  # type: ignore[list-item]
