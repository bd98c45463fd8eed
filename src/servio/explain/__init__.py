"""Explain: estimators on tidy panels, tests, and the book of claims. Knows no tables."""

from servio.explain._estimate import Estimate, Joint
from servio.explain._panel import Column, Panel
from servio.explain._recipe import PanelRecipe
from servio.explain.book import Claim, ClaimRecord, Evidence, Finding, claims, evaluate
from servio.explain.building import build_panel
from servio.explain.regression import estimate
from servio.explain.trends import breaks, rank_changes, slopes

__all__ = [
    "Claim",
    "ClaimRecord",
    "Column",
    "Estimate",
    "Evidence",
    "Finding",
    "Joint",
    "Panel",
    "PanelRecipe",
    "breaks",
    "build_panel",
    "claims",
    "estimate",
    "evaluate",
    "rank_changes",
    "slopes",
]
