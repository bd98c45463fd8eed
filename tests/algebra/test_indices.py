from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from servio.algebra import (
    coupling_degree,
    entropy_weights,
    grey_relation_grades,
    range_normalised,
)
from servio.errors import InputError, UsageError, ValueFault

levels = arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(2, 5)),
                elements=st.floats(0.01, 1))  # fmt: skip


def check(shared: Path, name: str) -> dict:  # type: ignore[type-arg]
    return json.loads((shared / "checks" / f"{name}.json").read_text())  # type: ignore[no-any-return]


@pytest.mark.parametrize("variant", ["standard", "wang", "fan"])
def test_published_coupling(shared: Path, variant: str) -> None:
    given = check(shared, "17_ccd_coupling")
    found = coupling_degree(given["inputs"]["U"], variant=variant)
    expected = given["expected"][variant]
    np.testing.assert_allclose(found.coupling, expected["C"], atol=given["tolerance"])
    np.testing.assert_allclose(found.coordination, expected["D"], atol=given["tolerance"])


def test_published_entropy_weights(shared: Path) -> None:
    given = check(shared, "20_entropy_weight")
    inputs, expected = given["inputs"], given["expected"]
    x = np.column_stack([inputs["x1"], inputs["x2"]])
    z = range_normalised(x, inputs["direction"], epsilon=inputs["epsilon"])
    w = entropy_weights(z).weights
    np.testing.assert_allclose(w, list(expected["w"].values()), atol=given["tolerance"])
    np.testing.assert_allclose(100 * z @ w, expected["s"], rtol=given["tolerance"])


def test_published_grey_relation(shared: Path) -> None:
    given = check(shared, "19_grey_relational")
    inputs = given["inputs"]
    found = grey_relation_grades(inputs["ref"], list(inputs["cmp"].values()), inputs["rho"])
    np.testing.assert_allclose(found.grades, list(given["expected"]["grade"].values()),
                               atol=given["tolerance"])  # fmt: skip


# -- coupling --------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["standard", "wang", "fan"])
@given(U=levels)
def test_coupling_lies_within_its_bounds(variant: str, U: np.ndarray) -> None:
    found = coupling_degree(U, variant=variant)
    assert ((found.coupling >= -1e-12) & (found.coupling <= 1 + 1e-12)).all()
    equal = coupling_degree(np.repeat(U[:, :1], 3, axis=1), variant=variant)
    np.testing.assert_allclose(equal.coupling, 1, atol=1e-12)
    np.testing.assert_allclose(equal.coordination, np.sqrt(U[:, 0]), rtol=1e-10)
    turned = coupling_degree(U[:, ::-1], variant=variant)
    np.testing.assert_allclose(turned.coupling, found.coupling, atol=1e-12)


def test_two_systems_by_their_closed_forms() -> None:
    a, b = 0.8, 0.2
    found = {
        v: coupling_degree([[a, b]], variant=v).coupling[0] for v in ("standard", "wang", "fan")
    }
    assert found["standard"] == pytest.approx(2 * np.sqrt(a * b) / (a + b), rel=1e-12)
    assert found["wang"] == pytest.approx(np.sqrt((1 - (a - b)) * b / a), rel=1e-12)
    assert found["fan"] == pytest.approx(1 - (a - b), rel=1e-12)


def test_weights_move_the_level_only() -> None:
    found = coupling_degree([[0.9, 0.1]], [0.75, 0.25])
    assert found.level[0] == pytest.approx(0.7)
    assert found.coupling[0] == coupling_degree([[0.9, 0.1]]).coupling[0]
    with pytest.raises(ValueFault, match="add up to 1"):
        coupling_degree([[0.9, 0.1]], [0.75, 0.5])


def test_a_sum_of_zero_is_undefined_not_zero() -> None:
    for variant in ("standard", "wang"):
        found = coupling_degree([[0.0, 0.0], [0.0, 0.5]], variant=variant)
        assert np.isnan(found.coupling[0])
        assert np.isnan(found.coordination[0])
        assert found.coordination[1] == 0.0


def test_misuses_are_refused_by_name_and_by_form() -> None:
    U = [[0.4, 0.6]]
    with pytest.raises(UsageError, match="lacks the root"):
        coupling_degree(U, variant="missing_exponent")
    with pytest.raises(UsageError, match=r"ends at 0\.5"):
        coupling_degree(U, variant="half_span")
    with pytest.raises(UsageError, match="lacks the root"):
        coupling_degree(U, variant=lambda u: 4 * u.prod(axis=1) / u.sum(axis=1) ** 2)
    with pytest.raises(UsageError, match="does not span"):
        coupling_degree(U, variant=lambda u: np.sqrt(u.prod(axis=1) / u.sum(axis=1) ** 2))
    with pytest.raises(UsageError, match="does not span"):
        coupling_degree(U, variant=lambda u: 1 + 0 * u[:, 0])
    with pytest.raises(UsageError, match="standard, wang, fan"):
        coupling_degree(U, variant="other")
    own = coupling_degree(U, variant=lambda u: u.min(axis=1) / u.max(axis=1))
    assert own.coupling[0] == pytest.approx(2 / 3)


def test_levels_outside_zero_to_one_are_refused() -> None:
    with pytest.raises(ValueFault, match=r"level of 1\.2"):
        coupling_degree([[0.5, 1.2]])
    with pytest.raises(ValueFault, match=r"level of -0\.1"):
        coupling_degree([[0.5, -0.1]])
    with pytest.raises(ValueFault, match="1 systems"):
        coupling_degree([[0.5]])
    with pytest.raises(InputError):
        coupling_degree([[0.5, np.nan]])


# -- normalisation and weights ---------------------------------------------------------------------


def test_directions_mirror_and_constants_are_undefined() -> None:
    x = np.array([[1.0, 5.0], [4.0, 5.0], [2.0, 5.0]])
    up, down = range_normalised(x, [1, 1]), range_normalised(-x, [-1, -1])
    np.testing.assert_allclose(up, down, atol=1e-15, equal_nan=True)
    assert np.isnan(up[:, 1]).all()
    w = entropy_weights(up).weights
    assert w[0] == 1.0
    assert np.isnan(w[1])
    with pytest.raises(UsageError, match="directions"):
        range_normalised(x, [1, 0])
    signs = range_normalised(x, ["+", "-"])
    np.testing.assert_array_equal(signs, range_normalised(x, [1, -1]))
    np.testing.assert_array_equal(signs, range_normalised(x, np.array([1.0, -1.0])))
    np.testing.assert_array_equal(signs, range_normalised(x, np.array(["+", "-"])))
    np.testing.assert_array_equal(signs, range_normalised(x, ["+", -1]))
    for wrong in (["more", "less"], ["+", None], [1, np.nan]):
        with pytest.raises(UsageError, match=r'directions.*"\+"'):
            range_normalised(x, wrong)
    with pytest.raises(InputError, match="direction"):
        range_normalised(x, "+-")
    with pytest.raises(UsageError, match=r"epsilon 0\.5"):
        range_normalised(x, [1, 1], epsilon=0.5)
    with pytest.raises(ValueFault):
        entropy_weights([[-1.0], [1.0]])


def test_entropy_is_one_where_all_are_alike_and_zero_where_one_has_all() -> None:
    found = entropy_weights([[1.0, 0.0], [1.0, 0.0], [1.0, 3.0]])
    np.testing.assert_allclose(found.entropy, [1, 0], atol=1e-15)
    np.testing.assert_allclose(found.weights, [0, 1], atol=1e-15)


# -- grey relation ---------------------------------------------------------------------------------


def test_the_nearest_everywhere_has_grade_one() -> None:
    found = grey_relation_grades([1.0, 2.0, 3.0], [[1.1, 2.1, 3.1], [2.0, 2.5, 1.0]])
    assert found.grades[0] == pytest.approx(1.0, abs=1e-12)
    assert found.grades[1] < 1
    small = grey_relation_grades([1.0, 2.0, 3.0], [[1.1, 2.1, 3.1], [2.0, 2.5, 1.0]], rho=0.1)
    assert small.grades[1] < found.grades[1]


def test_the_reference_itself_has_grade_one() -> None:
    assert grey_relation_grades([1, 1, 1], [[1, 1, 1]]).grades.tolist() == [1.0]
    both = grey_relation_grades([1, 1, 1], [[1, 1, 1], [1, 1, 1]])
    assert both.grades.tolist() == [1.0, 1.0]
    assert both.coefficients.tolist() == [[1.0] * 3] * 2
    near = grey_relation_grades([0.3, 0.6], [[0.1 + 0.2, 0.6], [0.3, 0.2 * 3]])
    assert near.grades.tolist() == [1.0, 1.0]  # rounding is no difference
    assert grey_relation_grades([0.0, 0.0], [[0.0, 0.0]]).grades.tolist() == [1.0]
    apart = grey_relation_grades([1.0, 2.0], [[1.0, 2.0], [1.0, 2.0 + 1e-6]]).grades
    assert apart[0] == 1.0 > apart[1]
    with pytest.raises(UsageError, match="rho"):
        grey_relation_grades([1.0, 2.0], [[1.0, 2.5]], rho=0.0)
