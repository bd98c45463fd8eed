from __future__ import annotations

import numpy as np
import pytest

from servio.errors import LabelError, UnitError, ValueFault
from servio.simulate import Parameter, Trajectory


def test_a_parameter_outside_its_range_is_refused_with_the_range() -> None:
    with pytest.raises(ValueFault, match=r"1\.5 1; expected a number from 0 to 1"):
        Parameter(1.5, "1", 0.0, 1.0, "assumed")
    with pytest.raises(ValueFault):
        Parameter(float("nan"), "1", 0.0, 1.0, "assumed")


def test_a_parameter_in_another_unit_is_refused() -> None:
    rate = Parameter(0.3, "1/month", 0.0, 5.0, "assumed")
    with pytest.raises(UnitError, match="found 1/month; expected 1/year"):
        rate.expect("rate", "1/year")


def test_a_trajectory_by_name_and_as_a_frame() -> None:
    path = Trajectory(np.array([0.0, 1.0]), np.array([[1.0, 2.0], [3.0, 4.0]]), ("a", "b"),
                      ("kg", "m"))  # fmt: skip
    assert path.of("b").tolist() == [2.0, 4.0]
    frame = path.to_frame()
    assert frame["value"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert frame["unit"].tolist() == ["kg", "m", "kg", "m"]
    with pytest.raises(LabelError, match="a, b"):
        path.of("c")
