"""Explain: estimators on tidy panels, tests, and the book of claims. Knows no tables."""

from servio.explain import business as business
from servio.explain._estimate import Estimate, Joint
from servio.explain._panel import Column, Panel
from servio.explain._recipe import PanelRecipe
from servio.explain.book import Claim, ClaimRecord, Evidence, Finding, claims, evaluate
from servio.explain.bootstrap import WildBootstrap, wild_bootstrap
from servio.explain.building import build_panel
from servio.explain.causality import Granger, PanelVar, granger, panel_var
from servio.explain.coupling import (
    CoordinationPanel,
    GreyPanel,
    Normalisation,
    compare_coordination,
    coordination_class,
    coupling_coordination,
    grey_relation,
)
from servio.explain.curves import SpecificationCurve, specification_curve
from servio.explain.dynamic import dynamic_panel
from servio.explain.effects import marginal_effects, same_effect
from servio.explain.events import event_study
from servio.explain.firms import firm_inequality, service_firms, service_revenue
from servio.explain.mode_detection import Modes, as_results, mode_map, modes, transitions
from servio.explain.multiple import adjust
from servio.explain.regression import estimate
from servio.explain.tables import RegressionTable, regression_table
from servio.explain.trends import breaks, rank_changes, slopes
from servio.explain.unit_roots import PanelTest, cointegration, unit_root
from servio.explain.variance_components import hausman, mundlak, random_effects

__all__ = [
    "Claim",
    "ClaimRecord",
    "Column",
    "CoordinationPanel",
    "Estimate",
    "Evidence",
    "Finding",
    "Granger",
    "GreyPanel",
    "Joint",
    "Modes",
    "Normalisation",
    "Panel",
    "PanelRecipe",
    "PanelTest",
    "PanelVar",
    "RegressionTable",
    "SpecificationCurve",
    "WildBootstrap",
    "adjust",
    "as_results",
    "breaks",
    "build_panel",
    "claims",
    "cointegration",
    "compare_coordination",
    "coordination_class",
    "coupling_coordination",
    "dynamic_panel",
    "estimate",
    "evaluate",
    "event_study",
    "firm_inequality",
    "granger",
    "grey_relation",
    "hausman",
    "marginal_effects",
    "mode_map",
    "modes",
    "mundlak",
    "panel_var",
    "random_effects",
    "rank_changes",
    "regression_table",
    "same_effect",
    "service_firms",
    "service_revenue",
    "slopes",
    "specification_curve",
    "transitions",
    "unit_root",
    "wild_bootstrap",
]
