"""Flow networks from files on disk to published figures on stdout, in both orientations."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commands import Run, refused

POND = {
    "nodes": ["plants", "grazers", "detritus"], "F": [[0, 30, 50], [0, 0, 10], [0, 10, 0]],
    "z": [100, 0, 0], "e": [0, 2, 5], "r": [20, 28, 45],
}  # fmt: skip
OYSTER = {
    "nodes": ["Filter Feeders", "Microbiota", "Meiofauna", "Deposit Feeders", "Predators",
              "Deposited Detritus"],
    "F": [[0, 0, 0, 0, 0.5135, 15.7910], [0, 0, 1.2060, 1.2060, 0, 0], [0, 0, 0, 0.6609, 0, 4.2403],
          [0, 0, 0, 0, 0.1721, 1.9076], [0, 0, 0, 0, 0, 0.3262], [0, 8.1721, 7.2745, 0.6431, 0, 0]],
    "z": [41.47, 0, 0, 0, 0, 0], "e": [0] * 6,
    "r": [25.1650, 5.76, 3.5794, 0.4303, 0.3594, 6.1759],
}  # fmt: skip
PUBLISHED = {
    "system_throughput": {"Boundary": "boundary", "TST": "throughflow", "TSTp": "throughput"},
    "flow_indicators": {
        "APL": "path_length", "FCI": "cycling", "BFI": "boundary_share", "DFI": "direct_share",
        "IFI": "indirect_share", "ID_F": "indirect_ratio",
    },
    "flow_information": {
        "H": "diversity", "AMI": "mutual_information", "Hr": "residual_diversity",
    },
    "development_capacity": {
        "CAP": "capacity", "ASC": "ascendency", "OH": "overhead", "A_input": "ascendency_input",
        "A_internal": "ascendency_internal", "A_export": "ascendency_export",
        "A_respiration": "ascendency_respiration",
    },
    "ascendency": {
        "ASC_CAP": "order", "robustness": "robustness", "ELD": "link_density",
        "TD": "trophic_depth",
    },
}  # fmt: skip
TOOL = {"lam1D": "radius", "synergism_F": "synergism", "mutualism_F": "mutualism"}
SIDES = ("input", "internal", "export", "respiration")
OUTPUTS = ("export", "respiration")


def written(
    folder: Path, net: dict[str, Any], *lines: str, turned: bool = False,
    outputs: Sequence[str] = OUTPUTS, inputs: str = "input",
) -> Path:  # fmt: skip
    """The network as the files that docs/ecology.md describes."""
    nodes, F = net["nodes"], np.array(net["F"])
    sides = {"export": net["e"], "respiration": net["r"]}
    Y = np.array([sides[name] for name in outputs]).T
    blocks = [("flows", nodes, nodes, F.T if turned else F), ("outputs", nodes, outputs, Y)]
    keys = ['title = "net"', 'unit = "kcal"', 'Z = "flows.csv"', 'Y = "outputs.csv"']
    if inputs:
        blocks.append(("inputs", [inputs], nodes, np.array([net["z"]])))
        keys.append('V = "inputs.csv"')
    for name, rows, columns, values in blocks:
        text = [",".join(["", *columns])]
        text += [",".join([row, *map(repr, line)]) for row, line in
                 zip(rows, values.tolist(), strict=True)]  # fmt: skip
        (folder / f"{name}.csv").write_text("\n".join(text), encoding="utf-8")
    (folder / "table.toml").write_text("\n".join(["[table]", *keys, *lines]), encoding="utf-8")
    return folder


def parts(run: Run, name: str, path: Path) -> tuple[dict[str, float], set[str], str]:
    outcome = run("measure", name, path)
    assert outcome.code == 0, outcome.err
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    values = {row["part"]: float(row["value"]) for row in rows}
    return values, {row["unit"] for row in rows}, outcome.err


@pytest.mark.parametrize("turned", [False, True])
def test_cone_spring_from_files(run: Run, shared: Path, tmp_path: Path, turned: bool) -> None:
    check = json.loads((shared / "checks" / "13_ena_cone_springs.json").read_text())
    expected, tool = check["expected"]["published"], check["expected"]["tool_run"]
    path = written(tmp_path, check["inputs"], *["transposed = true"] * turned, turned=turned)
    told: set[str] = set()
    for name, names in PUBLISHED.items():
        found, _, notes = parts(run, name, path)
        assert "reach output" not in notes and "value added" not in notes
        for label, part in names.items():
            assert found[part] == pytest.approx(expected[label], rel=check["tolerance"]), label
        told |= set(names)
    assert told == set(expected)
    found, _, notes = parts(run, "synergism", path)
    assert "diverges" in notes
    for label, part in TOOL.items():
        assert found[part] == pytest.approx(tool[label], rel=1e-9), label
    assert 100 * found["changed"] == pytest.approx(tool["relation_change_pct"], abs=5e-3)


def test_oyster_reef_from_files(run: Run, tmp_path: Path) -> None:
    """Dame & Patten (1981); figures of enaR, seelab.github.io/enaR/articles/flow_simple.html."""
    path = written(tmp_path, OYSTER)
    flows, sizes = (parts(run, n, path)[0] for n in ("flow_indicators", "system_throughput"))
    expected = {
        "path_length": 2.015512, "cycling": 0.1101686, "boundary_share": 0.4961517,
        "direct_share": 0.1950689, "indirect_share": 0.3087794, "indirect_ratio": 1.582925,
        "indirect_ratio_input": 1.716607, "indirect_ratio_output": 1.534181,
        "homogenisation_input": 2.051826, "homogenisation_output": 1.891638,
        "amplification_input": 3, "amplification_output": 1,
    }  # fmt: skip
    assert flows.keys() - {"cycling_throughput"} == expected.keys()
    for name, value in expected.items():
        assert flows[name] == pytest.approx(value, rel=5e-7), name
    assert sizes == pytest.approx(
        {"boundary": 41.47, "throughflow": 83.5833, "throughput": 125.0533,
         "first_passage": 32.90504, "cycled": 9.208256}, rel=2e-7)  # fmt: skip
    bits = parts(run, "flow_information", path)[0]
    assert list(bits.values()) == pytest.approx([3.018275, 1.330211, 1.688063], rel=5e-7)
    shares = parts(run, "ascendency", path)[0]
    assert shares["robustness"] == pytest.approx(0.3611021, rel=2e-7)
    whole = parts(run, "development_capacity", path)[0]
    assert [whole[k] for k in ("capacity", "ascendency", "overhead")] == pytest.approx(
        [377.4452, 166.3473, 211.0979], rel=3e-7)  # fmt: skip
    cells = [whole[f"ascendency_{side}"] for side in SIDES]
    assert cells == pytest.approx([66.03696, 72.62476, 0, 27.68558], rel=2e-7)


def test_the_audit_takes_a_network_for_one(run: Run, tmp_path: Path) -> None:
    outcome = run("audit", written(tmp_path, POND))
    assert outcome.code == 0
    assert "output" not in outcome.out


def test_each_measure_has_one_unit(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, POND)
    units = {name: parts(run, name, path)[1] for name in PUBLISHED}
    assert units == {
        "system_throughput": {"kcal"}, "flow_indicators": {"ratio"}, "flow_information": {"bits"},
        "development_capacity": {"kcal x bits"}, "ascendency": {"ratio"},
    }  # fmt: skip


def test_parts_add_up(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, POND)
    sizes, shares = (parts(run, n, path)[0] for n in ("development_capacity", "ascendency"))
    for name in ("capacity", "ascendency", "overhead"):
        cells = [sizes[f"{name}_{side}"] for side in SIDES]
        assert sum(cells) == pytest.approx(sizes[name], rel=1e-12)
    for end in ("", *(f"_{side}" for side in SIDES)):
        both = sizes[f"ascendency{end}"] + sizes[f"overhead{end}"]
        assert both == pytest.approx(sizes[f"capacity{end}"], rel=1e-12)
        over = sizes[f"overhead{end}"] / sizes["capacity"]
        assert shares[f"overhead{end}"] == pytest.approx(over, rel=1e-12)
    bits = parts(run, "flow_information", path)[0]
    assert sizes["ascendency"] == pytest.approx(300 * bits["mutual_information"], rel=1e-12)


def test_both_indices_of_cycling(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, POND)
    found, sizes = (parts(run, n, path)[0] for n in ("flow_indicators", "system_throughput"))
    assert found["cycling"] == pytest.approx(sizes["cycled"] / sizes["throughflow"], rel=1e-12)
    other = sizes["cycled"] / sizes["throughput"]
    assert found["cycling_throughput"] == pytest.approx(other, rel=1e-12)
    assert sizes["throughput"] == 300


@pytest.mark.parametrize(
    "outputs", [["e", "r"], ["export", "r"], ["E", "respirations"], ["Exports", "resp"],
                ["exports", "resp."], ["export", "total respiration"]],
)  # fmt: skip
def test_names_of_outputs(run: Run, tmp_path: Path, outputs: list[str]) -> None:
    (tmp_path / "known").mkdir()
    expected = parts(run, "development_capacity", written(tmp_path / "known", POND))[0]
    found, _, told = parts(run, "development_capacity", renamed(tmp_path, outputs))
    assert found == expected
    assert ("e is read as exports" in told) == bool({"e", "r", "E"} & set(outputs))


def test_an_output_of_no_known_role_is_no_export(run: Run, tmp_path: Path) -> None:
    refused(run("measure", "cycling", renamed(tmp_path, ["heat", "respiration"])),
            "'heat'", "no role known", "exports or respiration", "[demand_roles]")  # fmt: skip
    told = run("measure", "ascendency", renamed(tmp_path, ["e", "household"]))
    assert "no role known for e" in told.err and told.code == 0


def renamed(folder: Path, outputs: list[str]) -> Path:
    """The pond with other names of its outputs."""
    path = written(folder, POND)
    text = (path / "outputs.csv").read_text(encoding="utf-8").splitlines()
    (path / "outputs.csv").write_text("\n".join([",".join(["", *outputs]), *text[1:]]), "utf-8")
    return path


def test_the_way_flows_run_is_said_and_checked(run: Run, tmp_path: Path) -> None:
    upright = parts(run, "development_capacity", written(tmp_path, POND))
    path = written(tmp_path, POND, "transposed = true", turned=True)
    assert parts(run, "development_capacity", path) == upright
    refused(run("measure", "cycling", written(tmp_path, POND, turned=True)), "line 4, Z", "plants",
            "180 that enter and 20 that leave", "Set transposed = true")  # fmt: skip
    refused(run("measure", "cycling", written(tmp_path, POND, "transposed = true")),
            "Remove transposed = true")  # fmt: skip
    refused(run("measure", "cycling", written(tmp_path, POND, turned=True, inputs="")), "plants",
            "80 from other nodes, more than the 20 that leave", "set transposed")  # fmt: skip
    refused(run("measure", "cycling", written(tmp_path, POND, "transposed = 1")), "true or false")
    path = written(tmp_path, POND, "transposed = true", 'imports = "flows.csv"')
    refused(run("measure", "cycling", path), "beside imports")


def test_one_sheet_with_the_boundary_around(run: Run, tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "ecology.md").read_text("utf-8")
    description = page.split("needs no cutting:\n\n```toml\n")[1].split("```")[0]
    lines = ["node,plants,grazers,detritus,export,respiration", "plants,0,30,50,0,20",
             "grazers,0,0,10,2,28", "detritus,0,10,0,5,45", "input,100,0,0,,"]  # fmt: skip
    (tmp_path / "pond.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "table.toml").write_text(description, encoding="utf-8")
    values, units, _ = parts(run, "development_capacity", tmp_path)
    assert units == {"kcal/m2/year x bits"}
    other = tmp_path / "other"
    other.mkdir()
    assert values == parts(run, "development_capacity", written(other, POND))[0]


def test_inputs_follow_from_the_balance(run: Run, tmp_path: Path) -> None:
    given = parts(run, "flow_indicators", written(tmp_path, POND))[0]
    assert parts(run, "flow_indicators", written(tmp_path, POND, inputs=""))[0] == given


def test_outputs_without_respiration(run: Run, tmp_path: Path) -> None:
    """Balanced without it: all outputs are exports. Left out of a network: named and refused."""
    total = [a + b for a, b in zip(POND["e"], POND["r"], strict=True)]
    path = written(tmp_path, {**POND, "e": total}, outputs=["export"], inputs="import")
    found, _, notes = parts(run, "development_capacity", path)
    assert found["ascendency_respiration"] == 0
    assert "imported inputs" not in notes and "reach output" not in notes
    path = written(tmp_path, POND, outputs=["export"], inputs="import")
    refused(run("measure", "flow_indicators", path), "detritus", "60 that enter and 15 that leave",
            "at most 5%", "such as respiration")  # fmt: skip


def test_a_gap_is_kept_only_if_asked(run: Run, tmp_path: Path) -> None:
    near = {**POND, "z": [104, 0, 0]}
    assert "differs by up to 0.04" in parts(run, "flow_indicators", written(tmp_path, near))[2]
    far = {**POND, "z": [130, 0, 0]}
    refused(run("measure", "flow_indicators", written(tmp_path, far)), "130 that enter")
    path = written(tmp_path, far, "balance_limit = 0.4")
    found, _, notes = parts(run, "flow_indicators", path)
    assert found["path_length"] == pytest.approx(230 / 130)
    assert "differs by up to 0.2" in notes
    refused(run("measure", "flow_indicators", written(tmp_path, far, "balance_limit = 0.1")),
            "a gap of at most 0.1")  # fmt: skip
