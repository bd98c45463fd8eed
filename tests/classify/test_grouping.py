from __future__ import annotations

import pickle
import re
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from servio.classify import (
    Grouping,
    classification,
    classifications,
    grouping,
    groupings,
    producer_service_definitions,
)
from servio.errors import FormatError, LabelError, UsageError, ValueFault

DATA = resources.files("servio.classify") / "data"
CLAIMED = [(name, known) for name in groupings() for known in grouping(name).classifications]
EMPTY = {
    ("kiet", "isic3_wiod35"): {"it", "rd"},
    ("kiet", "isic4_oecd45"): {"rd"},
    ("kiet", "isic4_oecd50"): {"rd"},
}
AUTHORS = {
    "ps_browning_singelmann1975",
    "ps_coffey2000",
    "ps_daniels1985",
    "ps_greenfield1966",
    "ps_grubel_walker1989",
    "ps_hansen",
    "ps_hktdc",
    "ps_howells_green1986",
    "ps_hubbard_nutter1982",
    "ps_us_commerce",
    "ps_zhong_yan2005",
}


def weights(name: str, known: str, *, allow_empty: bool = False) -> np.ndarray:
    group, codes = grouping(name), classification(known).codes
    use = np.full(len(codes), 0.75) if group.kind == "function" else None
    return group.weights(known, codes, use_share=use, allow_empty=allow_empty)


def members(name: str, known: str) -> list[str]:
    (row,) = weights(name, known)
    return [
        code for code, weight in zip(classification(known).codes, row, strict=True) if weight == 1
    ]


@pytest.mark.parametrize(("name", "known"), CLAIMED)
def test_every_grouping_resolves_on_what_it_claims(name: str, known: str) -> None:
    group = grouping(name)
    matrix = weights(name, known, allow_empty=True)
    assert matrix.shape == (len(group.groups), len(classification(known)))
    assert matrix.dtype == np.float64
    assert ((matrix >= 0) & (matrix <= 1)).all()
    empty = {g for g, row in zip(group.groups, matrix, strict=True) if not row.any()}
    assert empty == EMPTY.get((name, known), set())


@pytest.mark.parametrize(("name", "known"), [(n, k) for n, k in CLAIMED if grouping(n).partition])
def test_a_partition_sums_to_one_over_its_domain(name: str, known: str) -> None:
    base = classification(known)
    data = tomllib.loads((DATA / "groupings" / f"{name}.toml").read_text(encoding="utf-8"))
    inside = Grouping.custom("domain", {"x": list(base.codes)})
    assert inside.partition
    domain = set(re.findall(r"\d+", _expanded(" ".join(g[base.base] for g in data["group"]))))
    sums = dict(zip(base.codes, weights(name, known, allow_empty=True).sum(axis=0), strict=True))
    for code, atoms in zip(base.codes, base.covers, strict=True):
        held = [any(a.startswith(d) or d.startswith(a) for d in domain) for a in atoms]
        if all(held):
            assert sums[code] == pytest.approx(1, abs=1e-12), code
        elif not any(held):
            assert sums[code] == 0, code
        else:
            assert sums[code] <= 1 + 1e-12, code


def _expanded(text: str) -> str:
    def fill(match: re.Match[str]) -> str:
        return " ".join(f"{k:02d}" for k in range(int(match[1]), int(match[2]) + 1))

    return re.sub(r"(\d\d)-(\d\d)", fill, text)


@pytest.mark.parametrize("known", classifications())
def test_six_sectors_add_up_to_the_whole_economy(known: str) -> None:
    assert weights("sectors", known).sum(axis=0) == pytest.approx(1)
    assert weights("communities", known).sum(axis=0) == pytest.approx(1)
    assert weights("broad", known).sum(axis=0) == pytest.approx(1)


def test_broad_refines_communities() -> None:
    for known in classifications():
        three, five = weights("communities", known), weights("broad", known)
        assert five[0] == pytest.approx(three[0])
        assert five[1] + five[2] == pytest.approx(three[1])
        assert five[3] + five[4] == pytest.approx(three[2])


def test_kiet_refines_services() -> None:
    for known in grouping("kiet").classifications:
        kiet = weights("kiet", known, allow_empty=True)
        assert kiet.sum(axis=0) == pytest.approx(weights("services", known)[0])


@pytest.mark.parametrize("name", ["technology", "technology_2011"])
def test_technology_classes_make_up_manufacturing(name: str) -> None:
    for known in grouping(name).classifications:
        assert weights(name, known).sum(axis=0) == pytest.approx(weights("manufacturing", known)[0])


def test_services_and_manufacturing_of_wiod() -> None:
    services = members("services", "isic4_wiod56")
    assert services[0] == "G45" and services[-1] == "U" and len(services) == 29
    manufacturing = members("manufacturing", "isic4_wiod56")
    assert manufacturing[0] == "C10-C12" and manufacturing[-1] == "C33"
    assert len(manufacturing) == 19
    assert members("services", "isic3_wiod35") == [f"c{k}" for k in range(19, 36)]
    assert members("manufacturing", "isic3_wiod35") == [f"c{k}" for k in range(3, 17)]


def test_technology_classes_as_published() -> None:
    codes = classification("isic4_divisions").codes
    matrix = weights("technology", "isic4_divisions")
    of = {
        g: [c for c, w in zip(codes, row, strict=True) if w]
        for g, row in zip(grouping("technology").groups, matrix, strict=True)
    }
    assert of["high"] == ["21", "26"]
    assert of["medium_high"] == ["20", "27", "28", "29", "30"]
    assert of["medium"] == ["22", "23", "24", "32", "33"]
    fine = grouping("technology").weights("isic4_oecd50", ["C301", "C302T309"], allow_empty=True)
    assert fine.tolist() == [[0, 0], [0, 1], [1, 0], [0, 0]]


def test_weights_follow_the_order_of_the_table_and_repeat_with_it() -> None:
    codes = list(classification("isic4_wiod56").codes)
    straight = grouping("kiet").weights("isic4_wiod56", codes)
    turned = grouping("kiet").weights("isic4_wiod56", codes[::-1] + codes)
    assert (turned == np.hstack([straight[:, ::-1], straight])).all()


def test_weights_take_the_other_labels_of_a_code() -> None:
    nace = list(classification("isic3_wiod35").styles["nace"])
    assert (
        grouping("sectors").weights("isic3_wiod35", nace) == weights("sectors", "isic3_wiod35")
    ).all()


def test_model_world_needs_no_shares_for_the_main_groupings() -> None:
    codes = classification("model30").codes
    for name in ("sectors", "broad", "communities", "kiet", "technology", "technology_2011"):
        assert set(np.unique(weights(name, "model30"))) <= {0.0, 1.0}
        assert not grouping(name).partial("model30", codes) or name not in (
            "sectors",
            "communities",
        )


@pytest.mark.parametrize(("name", "known"), CLAIMED)
def test_a_share_that_is_not_all_or_nothing_is_listed_with_a_reason(name: str, known: str) -> None:
    group, codes = grouping(name), classification(known).codes
    listed = {partial.code: partial for partial in group.partial(known, codes)}
    assert all(partial.reason for partial in listed.values())
    if group.kind == "activity":
        matrix = weights(name, known, allow_empty=True)
        split = {
            c
            for c, column in zip(codes, matrix.T, strict=True)
            if ((column > 0) & (column < 1)).any()
        }
        assert split <= set(listed)


def test_a_code_forced_to_one_side_is_listed() -> None:
    (partial,) = grouping("technology").partial("isic4_wiod56", ["C31_C32", "C21"])
    assert partial.code == "C31_C32"
    assert partial.parts == {"medium_low": "31", "medium": "32", "medium_high": "325"}
    assert partial.shares == {"medium": 1.0}


def test_data_files_have_source_and_basis() -> None:
    for name in groupings():
        group = grouping(name)
        assert group.name == name
        assert group.title and group.definition and group.source and group.basis
        assert len(group.groups) == len(set(group.groups)) == len(group.group_titles)


@pytest.mark.parametrize("name", groupings())
def test_overrides_name_codes_and_groups_that_exist(name: str) -> None:
    data = tomllib.loads((DATA / "groupings" / f"{name}.toml").read_text(encoding="utf-8"))
    groups = {group["name"] for group in data["group"]}
    for scope, codes in data.get("override", {}).items():
        for code, shares in codes.items():
            assert shares["reason"], (scope, code)
            given = {g: s for g, s in shares.items() if g != "reason"}
            assert set(given) <= groups, (scope, code)
            assert sum(given.values()) <= 1 + 1e-12, (scope, code)
            if scope in classifications():
                assert code in classification(scope).codes, (scope, code)
            else:
                base = "isic4_divisions" if scope == "isic4" else "isic3_wiod35"
                assert any(code in atoms for atoms in classification(base).covers), (scope, code)


def test_producer_service_definitions_are_those_of_the_source() -> None:
    assert set(producer_service_definitions()) == AUTHORS
    for name in AUTHORS:
        group = grouping(name)
        assert group.groups == ("producer_services",)
        assert "[from the seed document 001" in group.basis or "document 001" in group.basis
        assert (group.rule is not None) == (group.kind == "function")


@pytest.mark.parametrize("name", sorted(AUTHORS))
def test_producer_services_are_services(name: str) -> None:
    for known in grouping(name).classifications:
        assert (weights(name, known)[0] <= weights("services", known)[0] + 1e-12).all()


def test_shares_an_author_states_are_recorded() -> None:
    assert grouping("ps_us_commerce").parts == {"allied": 0.1, "independent": 0.9}


def test_functional_definitions_weigh_by_use() -> None:
    codes = ["C26", "G46", "G47", "J61"]
    use = [0.9, 0.8, 0.2, 0.5]
    threshold = grouping("ps_threshold50").weights("isic4_wiod56", codes, use_share=use)
    assert threshold.tolist() == [[0, 1, 0, 0]]
    fractional = grouping("ps_fractional").weights("isic4_wiod56", codes, use_share=use)
    assert fractional.tolist() == [[0, 0.8, 0.2, 0.5]]
    rule = grouping("ps_zhong_yan2005").rule
    assert rule is not None and rule.users == ("intermediate", "government")


def test_use_share_is_wanted_by_function_and_only_there() -> None:
    with pytest.raises(UsageError, match="use_share"):
        grouping("ps_threshold50").weights("isic4_wiod56", ["G46"])
    with pytest.raises(UsageError, match="use_share"):
        grouping("kibs").weights("isic4_wiod56", ["M72"], use_share=[0.5])


@pytest.mark.parametrize("use", [[0.5], [0.5, float("nan")], [0.5, 1.2], [-0.1, 0.5]])
def test_use_share_is_checked(use: list[float]) -> None:
    with pytest.raises(ValueFault, match="use_share"):
        grouping("ps_fractional").weights("isic4_wiod56", ["G46", "U"], use_share=use)


def test_l06_unknown_code() -> None:
    with pytest.raises(LabelError, match="J62_J63"):
        grouping("kibs").weights("isic4_wiod56", ["M72", "J62_63"])


def test_l14_an_empty_group_is_an_error_unless_allowed() -> None:
    with pytest.raises(LabelError, match="'rd'"):
        weights("kiet", "isic4_oecd45")
    assert not weights("kiet", "isic4_oecd45", allow_empty=True)[2].any()


def test_a_table_too_coarse_for_the_groups_is_refused() -> None:
    codes = classification("isic4_sections").codes
    with pytest.raises(LabelError, match="section C"):
        grouping("technology").weights("isic4_sections", codes)


def test_a_published_grouping_needs_a_classification() -> None:
    with pytest.raises(UsageError, match="without classification"):
        grouping("kibs").weights(None, ["Steel"])


def test_unknown_grouping() -> None:
    with pytest.raises(UsageError, match="manufacturing"):
        grouping("manufactoring")


def test_custom_groups_by_label() -> None:
    own = Grouping.custom("own", {"a": ["Steel", "Cars"], "b": ["Cars"]})
    assert own.weights(None, ["Cars", "Banks", "Steel"]).tolist() == [[1, 0, 1], [1, 0, 0]]
    assert not own.partition and own.partial(None, ["Cars"]) == () and own.classifications == ()
    with pytest.raises(LabelError, match="Steel"):
        own.weights(None, ["Cars", "Steels"])


@pytest.mark.parametrize("members", [{}, {"a": []}, {"a": ["x", "x"]}])
def test_custom_groups_are_checked(members: dict[str, list[str]]) -> None:
    with pytest.raises(LabelError):
        Grouping.custom("own", members)


def test_groupings_travel_between_processes() -> None:
    for name in groupings():
        copy = pickle.loads(pickle.dumps(grouping(name)))
        assert copy == grouping(name)
        assert copy.rule == grouping(name).rule
    kept = pickle.loads(pickle.dumps(grouping("kibs")))
    assert kept.weights("isic4_wiod56", ["M72"]).tolist() == [[1.0]]


def test_documentation_names_every_file() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "classifications.md"
    text = page.read_text(encoding="utf-8")
    missing = [n for n in (*classifications(), *groupings()) if f"`{n}`" not in text]
    assert missing == []


def published(*, partition: bool, **members: str) -> Grouping:
    return Grouping(
        name="made",
        title="made",
        groups=tuple(members),
        group_titles=tuple(members),
        kind="activity",
        partition=partition,
        definition="made",
        source="made",
        basis="made",
        _members={"isic4": {group: tuple(text.split()) for group, text in members.items()}},
    )


@pytest.mark.parametrize("partition", [False, True])
@pytest.mark.parametrize(("divisions", "share"), [("69 70 71", 0.0), ("69 70 71 72", 1.0)])
def test_a_code_on_both_sides_goes_where_most_of_its_divisions_are(
    partition: bool, divisions: str, share: float
) -> None:
    group = published(partition=partition, a=divisions)
    assert group.weights("isic4_oecd45", ["M"], allow_empty=True).tolist() == [[share]]
    (partial,) = group.partial("isic4_oecd45", ["M"])
    assert partial.shares == ({"a": 1.0} if share else {})
    assert "most of its divisions" in partial.reason


def test_in_a_partition_the_largest_part_takes_the_code() -> None:
    group = published(partition=True, a="69 70 71", b="72 73", c="74")
    assert group.weights("isic4_oecd45", ["M"], allow_empty=True).tolist() == [[1], [0], [0]]


@pytest.mark.parametrize("partition", [False, True])
def test_a_tie_or_a_part_of_a_division_needs_a_share_in_the_file(partition: bool) -> None:
    for divisions in ("74", "741 75"):
        group = published(partition=partition, a=divisions)
        with pytest.raises(FormatError, match="override"):
            group.weights("isic4_wiod56", ["M74_M75"])
