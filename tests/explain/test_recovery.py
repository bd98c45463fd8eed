"""What is planted in model worlds is found at the level intervals claim, and nothing else is.

Twenty small worlds; benchmarks/recovery.py does the same with 200 of full size.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from planted_panels import (
    EFFECTIVE,
    Rate,
    against,
    coverage,
    findings,
    formula,
    panel_of,
    planted_effects,
    shuffled,
    trends,
)
from servio.explain import Panel, estimate
from servio.sources.model import ModelWorld, model_world

pytest.importorskip("pyfixest", reason="needs the extra econ")

SEEDS = range(20)
NO_EFFECT = 10_000
SIZE = {"countries": 6, "years": 9}

Worlds = list[tuple[ModelWorld, Panel]]


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    made = [model_world(seed=seed, **SIZE) for seed in SEEDS]
    return [(world, panel_of(world)) for world in made]


def found(worlds: Worlds, text: str, change: Callable[[Panel], Panel] | None = None
          ) -> pd.DataFrame:  # fmt: skip
    """All coefficients of all worlds."""
    return pd.concat([
        against(planted_effects(world), estimate(text, change(panel) if change else panel))
        for world, panel in worlds
    ])  # fmt: skip


def empty_of_effect(rows: pd.DataFrame) -> Rate:
    groups = ~rows["group"].isin(("", *EFFECTIVE))
    return findings(rows[groups]["p"])


def test_planted_effects_are_held_and_no_others_are_found(worlds: Worlds) -> None:
    rows = found(worlds, formula())
    rate = coverage(rows["held"])
    assert rate.trials == 34 * len(SEEDS) and rate.nominal, str(rate)
    assert empty_of_effect(rows).nominal, str(empty_of_effect(rows))
    # Every coefficient alone, and its mean over worlds.
    for term, alone in rows.groupby("term"):
        assert coverage(alone["held"]).nominal, f"{term}: {coverage(alone['held'])}"
        spread = alone["error"].std() / len(alone) ** 0.5
        assert abs(alone["error"].mean()) < 4 * spread, term
    # Strong ones are told from zero.
    strong = rows[rows["planted"] >= 3]
    assert (strong["p"] < 0.05).mean() > 0.7


def test_without_effects_nothing_is_found() -> None:
    made = [model_world(seed=NO_EFFECT + seed, effect=0.0, **SIZE) for seed in SEEDS]
    rows = found([(world, panel_of(world)) for world in made], formula())
    rate = findings(rows[rows["group"] != ""]["p"])
    assert rate.trials == 32 * len(SEEDS) and rate.nominal, str(rate)


@pytest.mark.parametrize("way", ["same year", "another industry"])
def test_broken_models_are_seen(worlds: Worlds, way: str) -> None:
    if way == "same year":
        rows = found(worlds[:8], formula(lagged=False))
    else:
        rows = found(worlds[:8], formula(), shuffled)
    assert not coverage(rows["held"]).nominal


def test_slopes_of_service_shares_are_held(worlds: Worlds) -> None:
    rows = pd.concat([trends(world, panel) for world, panel in worlds[:4]])
    services = coverage(rows[rows["group"] == "services"]["held"])
    groups = coverage(rows[rows["group"] != "services"]["held"])
    flat = rows[rows["planted"] == 0]
    # With independent errors the interval of slopes is wider than it need be: 96 in 100.
    assert services.share > 0.93 and 0.94 < groups.share < 0.98
    assert coverage(flat["held"]).share > 0.94 and len(flat) > 500


def test_classes_by_the_share_of_manufacturing_are_those_planted(worlds: Worlds) -> None:
    for _, panel in worlds:
        assert panel.frame["by_share"].equals(panel.frame["economy"])
