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
from servio.simulate.symbiosis import (
    Equilibrium,
    LotkaVolterra,
    PhasePortrait,
    lotka_volterra,
    phase_portrait,
    symbiosis_kind,
)

__all__ = [
    "Equilibrium",
    "EquilibriumEstimate",
    "GrowthRegression",
    "LotkaVolterra",
    "Parameter",
    "PhasePortrait",
    "Projection",
    "Symbiosis",
    "SymbiosisFit",
    "SymbiosisFits",
    "Trajectory",
    "fit_symbioses",
    "fit_symbiosis",
    "growth_regression",
    "lotka_volterra",
    "phase_portrait",
    "symbiosis_kind",
]
