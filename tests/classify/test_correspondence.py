from __future__ import annotations

import numpy as np
import pytest

from servio.classify import (
    Correspondence,
    classification,
    classifications,
    correspondence,
)
from servio.classify._data import names
from servio.errors import LabelError, UsageError

ISIC4 = [n for n in classifications() if classification(n).base == "isic4"]
PAIRS = [
    *[("isic4_divisions", name) for name in ISIC4],
    *[("isic4_oecd50", name) for name in ("isic4_oecd45", "isic4_sections")],
    *[("nace2_64", name) for name in ("isic4_wiod56", "isic4_sections", "model30")],
    *[("isic4_wiod56", name) for name in ("isic4_oecd45", "isic4_sections", "model30")],
    ("isic3_wiod35", "isic4_sections"),
]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_shares_sum_to_one_and_use_every_target(source: str, target: str) -> None:
    bridge = correspondence(source, target)
    assert bridge.check() is bridge
    assert bridge.source_codes == classification(source).codes
    assert bridge.target_codes == classification(target).codes
    assert bridge.shares.sum(axis=1) == pytest.approx(1, abs=1e-12)
    unused = {
        c for c, s in zip(bridge.target_codes, bridge.shares.sum(axis=0), strict=True) if not s
    }
    assert unused <= ({"U"} if source in ("isic4_oecd50", "isic3_wiod35") else set())


def test_every_file_is_a_pair_tested_and_marked_approximate() -> None:
    pairs = [tuple(name.split("__")) for name in names("correspondences")]
    assert set(pairs) <= set(PAIRS)
    assert all(correspondence(*pair).approximate for pair in pairs)


def test_nested_codes_go_whole() -> None:
    bridge = correspondence("isic4_oecd50", "isic4_oecd45")
    assert set(np.unique(bridge.shares)) == {0.0, 1.0}
    row = bridge.shares[bridge.source_codes.index("C24A")]
    assert bridge.target_codes[int(row.argmax())] == "C24"
    assert not bridge.approximate


def test_a_classification_corresponds_to_itself() -> None:
    for name in classifications():
        assert (correspondence(name, name).shares == np.eye(len(classification(name)))).all()


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("isic4_oecd45", "isic4_wiod56", "A01_02"),
        ("isic4_sections", "isic4_divisions", "A"),
        ("isic4_wiod56", "isic4_oecd50", "B"),
        ("isic3_wiod35", "isic4_wiod56", "c1"),
    ],
)
def test_l08_many_to_many_without_shares_is_refused(source: str, target: str, code: str) -> None:
    with pytest.raises(LabelError, match=f"'{code}'.*shares"):
        correspondence(source, target)


def test_unknown_classification() -> None:
    with pytest.raises(UsageError):
        correspondence("isic4_wiod56", "nowhere")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("x", "a", 1.0)], "'y'.*no share"),
        ([("x", "a", 1.0), ("y", "a", 0.4), ("y", "b", 0.5)], "'y'.*sum to 0.9"),
        ([("x", "a", 1.0), ("y", "a", 0.5), ("y", "a", 0.5)], "twice"),
        ([("x", "a", 1.0), ("y", "a", 1.5), ("y", "b", -0.5)], "'y'"),
        ([("x", "a", 1.0), ("y", "a", float("nan"))], "'y'"),
        ([("x", "a", 1.0), ("y", "c", 1.0)], "'c'"),
    ],
)
def test_l07_incomplete_doubled_or_wrong_shares(
    rows: list[tuple[str, str, float]], message: str
) -> None:
    with pytest.raises(LabelError, match=message):
        Correspondence.from_rows("own", "xy", "coarse", "ab", rows)


def test_l07_a_doubled_code() -> None:
    with pytest.raises(LabelError, match=r"'x'.*twice"):
        Correspondence.from_rows("own", "xx", "coarse", "a", [("x", "a", 1.0)])


def test_shares_can_not_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        correspondence("isic4_oecd50", "isic4_oecd45").shares[0, 0] = 2
