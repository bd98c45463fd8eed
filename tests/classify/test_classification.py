from __future__ import annotations

import csv
from pathlib import Path

import pytest

from servio.classify import (
    classification,
    classifications,
    identify,
    nearest,
    normalise,
)
from servio.errors import LabelError, UsageError

SIZES = {
    "isic3_wiod35": 35,
    "isic4_divisions": 88,
    "isic4_oecd45": 45,
    "isic4_oecd50": 50,
    "isic4_sections": 21,
    "isic4_wiod56": 56,
    "model30": 30,
    "nace2_64": 64,
}
WITHOUT_EXTRATERRITORIAL = {"isic4_oecd45", "isic4_oecd50"}


def test_all_classifications_are_there() -> None:
    assert {name: len(classification(name)) for name in classifications()} == SIZES


@pytest.mark.parametrize("name", SIZES)
def test_codes_titles_and_provenance_are_complete(name: str) -> None:
    known = classification(name)
    assert known.name == name
    assert len(set(known.codes)) == len(known.codes) == len(known.titles) == len(known.covers)
    assert all(normalise(code) == code for code in known.codes)
    assert all(known.titles) and all(known.covers)
    assert known.source and known.date and known.licence and known.basis


@pytest.mark.parametrize("name", [n for n in SIZES if classification(n).base == "isic4"])
def test_covers_is_a_partition_of_the_divisions(name: str) -> None:
    atoms = [atom for atoms in classification(name).covers for atom in atoms]
    wanted = set(classification("isic4_divisions").codes)
    if name in WITHOUT_EXTRATERRITORIAL:
        wanted -= {"99"}
    assert len(atoms) == len(set(atoms))
    assert {atom[:2] for atom in atoms} == wanted


@pytest.mark.parametrize("name", SIZES)
def test_a_classification_is_identified_from_its_codes_in_any_order(name: str) -> None:
    known = classification(name)
    assert identify(known.codes) == name
    assert identify(known.codes[::-1] * 2) == name
    for style in known.styles.values():
        assert identify(style) == name


@pytest.mark.parametrize(
    "codes",
    [
        ["A01", "A02"],
        ["A01", "A02", "A03"],
        ["A", "B", "C"],
        ["01", "02", "03"],
        ["c1", "c2", "c3"],
        ["A01", "C10-C12", "c5"],
        ["Steel", "Cars", "Banks"],
        [],
    ],
)
def test_few_ambiguous_mixed_and_own_labels_are_not_identified(codes: list[str]) -> None:
    assert identify(codes) is None


def test_labels_of_both_oecd_editions_lead_to_the_same_codes() -> None:
    oecd = classification("isic4_oecd45")
    edition_2021 = list(oecd.styles["edition_2021"])
    assert oecd.resolve(edition_2021) == oecd.codes
    assert oecd.resolve(["D" + label for label in edition_2021]) == oecd.codes
    assert oecd.resolve([f"{k:02d}" for k in range(1, 46)]) == oecd.codes


def test_a_label_with_two_meanings_is_refused_unless_the_others_decide() -> None:
    oecd = classification("isic4_oecd45")
    with pytest.raises(LabelError, match="edition_2021"):
        oecd.resolve(["03"])
    assert oecd.resolve(["01T02", "03"]) == ("A01_02", "A03")
    assert oecd.resolve(["02", "03"]) == ("A03", "B05_06")
    assert "03" not in oecd.aliases
    assert oecd.aliases["D62T63"] == "J62_63"


def test_styles_are_not_mixed() -> None:
    with pytest.raises(LabelError):
        classification("isic4_oecd45").resolve(["A01_02", "D62T63"])


def test_eurostat_labels_split_of_real_estate_lead_to_one_code() -> None:
    labels = ["CPA_L68A", "CPA_L68B", "CPA_M69_M70"]
    assert classification("nace2_64").resolve(labels) == ("L", "L", "M69_70")


def test_l06_an_unknown_code_gets_the_nearest() -> None:
    with pytest.raises(LabelError, match="C10-C12") as caught:
        classification("isic4_wiod56").resolve(["A01", "C10-12"])
    assert "'C10-12'" in str(caught.value)


def test_l13_a_code_of_another_standard_is_refused() -> None:
    codes = [*classification("isic4_wiod56").codes, "c5"]
    assert identify(codes) is None
    with pytest.raises(LabelError, match="'c5'"):
        classification("isic4_wiod56").resolve(codes)


def test_unknown_classification() -> None:
    with pytest.raises(UsageError, match="isic4_wiod56"):
        classification("isic4_wiod5")


def test_l04_spelling_variants_have_one_form() -> None:
    assert normalise("\u00a0 C31_C32 ") == "C31_C32"
    assert normalise("Cafe\u0301  bars") == "Café bars"
    assert identify([f" {code}\u00a0" for code in classification("isic4_wiod56").codes])


@pytest.mark.parametrize("label", ["\u041001", "\uff2110", "C\u200b16", "\u0410", "\ufeffA01"])
def test_l04_look_alikes_are_refused(label: str) -> None:
    with pytest.raises(LabelError, match=r"U\+"):
        normalise(label)
    with pytest.raises(LabelError):
        identify(["A01", "C16", label])


@pytest.mark.parametrize("label", ["제조업", "Сельское хозяйство", "電力（熱力）", "Σύνολο", "m²"])
def test_labels_in_other_scripts_pass(label: str) -> None:
    assert normalise(label) == label


def test_nearest_ignores_case_and_says_nothing_far_away() -> None:
    assert nearest("j62_j63", ["J62_J63", "A01"])[0] == "J62_J63"
    assert nearest("zzz", ["A01", "B"]) == ()


def test_wiod56_codes_and_titles_are_those_of_the_published_files(shared: Path) -> None:
    calamine = pytest.importorskip("python_calamine")
    path = shared / "data" / "wiod2016_niot" / "KOR_NIOT_nov16.xlsx"
    book = calamine.CalamineWorkbook.from_path(path)
    rows = book.get_sheet_by_name("National IO-tables").to_python(nrows=3)
    wiod = classification("isic4_wiod56")
    assert tuple(rows[0][4:60]) == wiod.codes


def test_oecd50_codes_are_those_of_the_published_files(shared: Path) -> None:
    path = shared / "data" / "oecd_iot_2025ed" / "KOR2022ttl.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    oecd = classification("isic4_oecd50")
    assert tuple(rows[0][1:51]) == oecd.codes
    assert tuple(row[0] for row in rows[1:51]) == tuple(f"TTL_{code}" for code in oecd.codes)


def test_wiod35_codes_are_those_of_the_published_tables(shared: Path) -> None:
    with (shared / "data" / "wiod2013_wiot" / "industries.csv").open(newline="") as file:
        codes = tuple(row["code"] for row in csv.DictReader(file))
    assert codes == classification("isic3_wiod35").codes


def test_nace64_codes_are_those_of_the_figaro_list(shared: Path) -> None:
    path = shared / "data" / "format_fixtures" / "figaro" / "figaro_metadata.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        products = [row["Code"] for row in csv.DictReader(file) if row["Level"] == "c"]
    nace = classification("nace2_64")
    assert tuple(products) == tuple(f"CPA_{code}" for code in nace.codes)
    assert nace.resolve(products) == nace.codes
