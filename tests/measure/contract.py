"""What every measure must hold, whatever it measures: tables, questions and checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from servio.algebra import Leontief
from servio.classify import Grouping
from servio.measure import MEASURES, Measure, MeasureSpec
from servio.measure._contract import MONEY
from servio.table import IOTable, Satellite, TableInfo
from tables import random_national, random_world

Array = NDArray[np.float64]
Rows = dict[tuple[tuple[str, str], ...], float]

RESIDUAL = 1e-10
SAME = 1e-12
SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "Examples")

# measure -> why it has no answer industry by industry
ONLY_GROUPS = {
    "ascendency": "its rows are parts of a whole network",
    "development_capacity": "its rows are parts of a whole network",
    "flow_information": "its rows are parts of a whole network",
    "bilateral_extraction_loss": "its rows are pairs of countries",
    "chain_margin": "its rows are kinds of chains of a country",
    "functional_specialisation": "its rows are the functions of a country",
    "service_delegation": "its rows are kinds of buyers",
    "flow_indicators": "its rows are parts of a whole network",
    "footprint": "a product that is not made at home can be bought from elsewhere",
    "inducement_pair": "its industries are the two groups of the pair",
    "modern_manufacturing": "its rows are manufacturing industries",
    "structural_paths": "its rows are paths",
    "succession": "its rows are parts of a whole network",
    "synergism": "its rows are parts of a whole network",
    "system_throughput": "its rows are parts of a whole network",
    "trophic_structure": "its rows are parts of a whole network",
    "producer_service_share": "it compares services with the economy, country by country",
}

# (measure, option=value) -> tables that must refuse it
REFUSED = {
    ("embodied_inputs", "origin=imported"): {"toy", "national"},
    ("extraction_loss", "scope=abroad"): {"toy", "national"},
    ("extraction_loss", "scope=world"): {"toy", "national"},
    ("factor_multiplier", "form=type2"): {"world"},
    ("export_decomposition", "method=kww"): {"world"},
    ("footprint", "form=imports"): {"toy", "national"},
    ("service_content", "origin=imported"): {"toy", "national"},
    ("service_content_of_exports", "origin=imported"): {"toy", "national"},
}


@dataclass(frozen=True)
class Case:
    """A table for the contract and an earlier one of the same labels; one industry is dead."""

    name: str
    table: IOTable
    base: IOTable
    dead: str


def toy(seed: int) -> IOTable:
    """Labels and groupings of its own, imports split, exports, negative inventories."""
    rng = np.random.default_rng(seed)
    codes = ("farm", "mill", "cars", "shop", "bank", "ghost")
    n = len(codes)
    Z, Zm = rng.uniform(1, 40, (n, n)), rng.uniform(0, 10, (n, n))
    Y = np.column_stack([rng.uniform(200, 400, (n, 2)), rng.uniform(-5, 5, n)])
    Z[-1], Z[:, -1], Zm[:, -1], Y[-1] = 0.0, 0.0, 0.0, 0.0
    groups = {
        "services": {"services": ("shop", "bank", "ghost")},
        "manufacturing": {"manufacturing": ("mill", "cars")},
        "sectors": {"goods": ("farm", "mill", "cars"), "services": ("shop", "bank", "ghost")},
        "technology": {"high": ("cars",), "low": ("mill",)},
        "ps_fractional": {"producer_services": ("bank",)},
        "energy": {"energy": ("farm",)},
        "amiti_wei": {"offshored_services": ("bank",)},
        "chain_level": {"high": ("bank",), "low": ("shop",)},
        "porter": {"other_beneficial": ("bank",), "distribution": ("shop",)},
        "chain_stage": {"fabrication": ("mill", "cars"), "after": ("shop",)},
    }
    return IOTable.from_flows(
        Z, Y=Y, Zm=Zm, codes=codes, country="AAA",
        demand_roles=("household", "exports", "inventory"),
        groups={name: Grouping.custom(name, members) for name, members in groups.items()},
        satellites=_rows_beside(n),
        info=TableInfo("toy", 2000 + seed, "AAA", currency="USD", unit="million"),
    )  # fmt: skip


def fresh(name: str) -> Case:
    """A case with nothing computed yet."""
    if name == "toy":
        return Case(name, toy(1), toy(0), "AAA_ghost")
    if name == "national":
        table, base = (_beside(random_national(seed, dead=55)) for seed in (1, 0))
    else:
        table, base = (_fine(random_world(seed, dead=22)) for seed in (1, 0))
    return Case(name, table, base, table.axis.labels[55 if name == "national" else 22])


def _fine(table: IOTable) -> IOTable:
    """The table with groupings that its sections are too coarse for, and shares of functions."""
    groups = {
        "chain_level": {"high": ("M",), "middle": ("K", "N"), "low": ("G", "H")},
        "porter": {"what_to_make": ("M",), "other_beneficial": ("K",), "distribution": ("G", "H")},
        "chain_stage": {"before": ("M",), "fabrication": ("C",), "after": ("G", "H")},
    }
    own = {name: Grouping.custom(name, members) for name, members in groups.items()}
    return _beside(replace(table, trusted=False, groups=own))


def _beside(table: IOTable) -> IOTable:
    """The table with shares of functions and of secondary services."""
    rows = {**table.satellites, **_rows_beside(len(table))}
    return replace(table, trusted=False, satellites=rows)


def _rows_beside(n: int) -> dict[str, Satellite]:
    research = np.linspace(0.1, 0.9, n)
    shares = {
        "functions: research": research,
        "functions: fabrication": 1 - research,
        "secondary: repair": research / 10,
    }
    return {name: Satellite(values, "share") for name, values in shares.items()}


CASES = ("toy", "national", "world")
case = cache(fresh)


def questions() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every measure with its defaults, and with each other choice of each closed option."""
    for name, spec in sorted(MEASURES.items()):
        yield name, {}
        for option in spec.options.values():
            choices = (False, True) if option.kind is bool else option.choices
            for choice in choices:
                if choice != option.default:
                    yield name, {option.name: choice}


def refused(name: str, options: Mapping[str, Any], case: str) -> bool:
    """Whether the contract says that this table can't answer the question."""
    if "world" in MEASURES[name].needs and case != "world":
        return True
    return any(case in REFUSED.get((name, f"{k}={v}"), ()) for k, v in options.items())


def ask(spec: MeasureSpec, on: Case, **options: Any) -> Measure:
    """The measure on a case, against its earlier table where it compares two."""
    more = {"base": on.base} if spec.compares else {}
    return spec.function(on.table, **options, **more)


def rows(result: Measure) -> Rows:
    """Values by their labels, whatever their order."""
    decoded = {name: column.decode() for name, column in result.columns.items()}
    keys = [
        tuple((name, labels[i]) for name, labels in sorted(decoded.items()))
        for i in range(len(result))
    ]
    assert len(set(keys)) == len(keys), "labels of two rows are the same"
    return dict(zip(keys, result.values.tolist(), strict=True))


def assert_same(left: Rows, right: Rows, *, factor: float = 1.0, tolerance: float = SAME) -> None:
    """The same labels with the same values; gaps where the other has gaps."""
    assert left.keys() == right.keys()
    one = np.array([left[key] for key in left]) * factor
    two = np.array([right[key] for key in left])
    scale = float(np.nanmax(np.abs(two), initial=1e-300))
    np.testing.assert_allclose(one, two, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def permuted(on: Case, seed: int = 5) -> Case:
    """The case with its industries in another order."""
    order = np.random.default_rng(seed).permutation(len(on.table))
    return Case(on.name, on.table.permuted(order), on.base.permuted(order), on.dead)


def scaled(on: Case, factor: float) -> Case:
    """The case in another currency."""
    table, base = (t.scaled(factor, "KRW") for t in (on.table, on.base))
    return Case(on.name, table, base, on.dead)


def arrays(table: IOTable) -> dict[str, Array]:
    """Copies of what a table was given."""
    parts = {name: getattr(table, name) for name in ("Z", "Y", "V", "x", "Zm", "Ym", "Vy")}
    return {name: part.copy() for name, part in parts.items() if part is not None}


def check_permutation(spec: MeasureSpec, on: Case, **options: Any) -> None:
    here, there = ask(spec, on, **options), ask(spec, permuted(on), **options)
    assert_same(rows(here), rows(there), tolerance=1e-9)


def check_scale(spec: MeasureSpec, on: Case, **options: Any) -> None:
    factor = 1000.0
    here, there = ask(spec, on, **options), ask(spec, scaled(on, factor), **options)
    money = spec.unit.split(" ")[0] == MONEY
    assert_same(rows(here), rows(there), factor=factor if money else 1.0)
    if spec.unit == MONEY:
        assert here.unit == "million USD" and there.unit == "million KRW"


def check_untouched(spec: MeasureSpec, on: Case, **options: Any) -> None:
    before = [arrays(on.table), arrays(on.base)]
    ask(spec, on, **options)
    for old, new in zip(before, [arrays(on.table), arrays(on.base)], strict=True):
        for name in old:
            assert np.array_equal(old[name], new[name]), name


def check_threads(spec: MeasureSpec, name: str, **options: Any) -> None:
    answers = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            answers.append(rows(ask(spec, fresh(name), **options)))
    assert_same(*answers)


def check_values(spec: MeasureSpec, on: Case, **options: Any) -> None:
    """Inside the declared range, gaps listed, identity held, provenance there."""
    result = ask(spec, on, **options)
    values = result.values
    assert values.dtype == np.float64 and values.ndim == 1 and len(values)
    assert not np.isinf(values).any()
    defined = values[~np.isnan(values)]
    assert defined.size
    low, high = result.range
    assert low is None or defined.min() >= low - SAME
    assert high is None or defined.max() <= high + SAME
    assert np.isnan(values).any() == bool(result.undefined)
    assert all(gap.label and gap.reason for gap in result.undefined)
    assert 0.0 <= result.residual <= RESIDUAL
    assert {"country", "industry"} <= set(result.columns)
    assert set(result.columns) <= {"country", "industry", "partner", "group", "part"}
    assert all(len(column) == len(values) for column in result.columns.values())
    assert set(result.definition) - {"base"} <= set(spec.options)
    assert ("base" in result.definition) is spec.compares
    assert result.unit and result.fingerprint == on.table.fingerprint


def check_dead(spec: MeasureSpec, on: Case, **options: Any) -> None:
    """An industry without output has no value, and is listed with the reason."""
    result = ask(spec, on, **options)
    country, industry = (result.columns[name].decode() for name in ("country", "industry"))
    labels = np.array([f"{c}_{i}" for c, i in zip(country, industry, strict=True)])
    assert set(labels) == set(on.table.axis.labels)
    gone = {gap.label.split(" ")[0] for gap in result.undefined}
    assert on.dead in gone
    assert np.isnan(result.values[labels == on.dead]).all()
    assert set(labels[np.isnan(result.values)]) == gone


def check_documented(spec: MeasureSpec) -> None:
    text = spec.function.__doc__ or ""
    for section in SECTIONS:
        assert re.search(rf"^ *{section}\n *-+$", text, re.MULTILINE), section
    parameters = text.split("Parameters")[1].split("Returns")[0]
    named = {
        name.strip()
        for line in re.findall(r"^ {4}(\w[\w, ]*) : ", parameters, re.MULTILINE)
        for name in line.split(",")
    }
    expected = {"table", *spec.options, *({"base"} if spec.compares else set())}
    assert named == expected
    assert ">>>" in text.split("Examples")[1]
    assert re.search(r"^ {4}(Source: |References$)", text, re.MULTILINE), "no source"
    for field in ("title", "question", "unit", "formula", "identity", "source"):
        assert getattr(spec, field), field


def factorisations(on: Case) -> int:
    """Matrices factorised while every question is put to one table."""
    before = Leontief.factorised
    for name, options in questions():
        if not MEASURES[name].compares and not refused(name, options, on.name):
            ask(MEASURES[name], on, **options)
    return Leontief.factorised - before
