"""Simulate: models with stated parameters, from symbiosis of sectors to games of firms."""

from servio.simulate._types import Parameter, Trajectory
from servio.simulate.fitting import (
    EquilibriumEstimate,
    GrowthRegression,
    Projection,
    Symbiosis,
    SymbiosisFit,
    SymbiosisFits,
    fit_symbioses,
    fit_symbiosis,
    growth_regression,
)
from servio.simulate.games import Game, RestPoint, game, replicator
from servio.simulate.make_or_buy import (
    BreakEven,
    Effect,
    MakeOrBuy,
    calibrated_make_or_buy,
    make_or_buy_from_totals,
)
from servio.simulate.symbiosis import (
    Equilibrium,
    LotkaVolterra,
    PhasePortrait,
    lotka_volterra,
    phase_portrait,
    symbiosis_kind,
)

__all__ = [
    "BreakEven",
    "Effect",
    "Equilibrium",
    "EquilibriumEstimate",
    "Game",
    "GrowthRegression",
    "LotkaVolterra",
    "MakeOrBuy",
    "Parameter",
    "PhasePortrait",
    "Projection",
    "RestPoint",
    "Symbiosis",
    "SymbiosisFit",
    "SymbiosisFits",
    "Trajectory",
    "calibrated_make_or_buy",
    "fit_symbioses",
    "fit_symbiosis",
    "game",
    "growth_regression",
    "lotka_volterra",
    "make_or_buy_from_totals",
    "phase_portrait",
    "replicator",
    "symbiosis_kind",
]
